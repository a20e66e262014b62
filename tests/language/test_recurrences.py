"""Recurrences in the textbook's subscripts: two ways to the same numbers, and what is said where they do not fit."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpropcli.engine import Plan, run
from backpropcli.errors import BackpropError
from backpropcli.language import loads

RNN = """
inputs: {x: {normal: [3, 2], seed: 1}, y: [0.5, -0.5, 0.2]}
parameters: {Wx: {normal: [2, 2], seed: 2}, Wh: {normal: [2, 2], seed: 3}, b: [0.1, 0], Wo: [0.5, -0.4], h0: [0, 0.1]}
nodes:
  h[0]: h0
  h[t]: tanh(x[t] @ Wx + h[t-1] @ Wh + b)
  J: mean((h[1:] @ Wo - y)**2)
"""
LSTM = """
inputs: {x: {normal: [4, 2, 3], seed: 1}}
parameters:
  Wx: {normal: [3, 8], seed: 2}
  Wh: {normal: [2, 8], seed: 3}
  b: {normal: [8], seed: 4}
  h0: {normal: [2, 2], seed: 5}
nodes:
  h[t]: o[t] * tanh(c[t])
  c[t]: f[t] * c[t-1] + i[t] * g[t]
  z[t]: x[t] @ Wx + h[t-1] @ Wh + b
  i[t]: sigmoid(z[t, :, 0:2])
  f[t]: sigmoid(z[t, :, 2:4])
  g[t]: tanh(z[t, :, 4:6])
  o[t]: sigmoid(z[t, :, 6:8])
  h[0]: h0
  c[0]: 0
  J: sum(h[1:]**2)
"""
CASES = {
    "an RNN": RNN,
    "an LSTM, in any order": LSTM,
    "both ways in time, counted from 0, with the time itself": """
inputs: {x: [0.5, -1, 0.2, 0.3]}
parameters: {a: 0.7, w: 1.2, h0: 0.1, r0: 0.3}
nodes:
  h[-1]: h0
  h[n]: tanh(w * x[n] + a * h[n-1]) + n/10
  r[N]: r0
  r[n]: tanh(w * x[n] - a * r[n+1])
  y[n]: h[n] * r[n]
  d[k]: y[k] * y[k-1]
  J: sum(y) + h[3] + sum(d)
""",
    "backward, counted from 1": """
inputs: {x: [0.5, -1, 0.2, 0.3]}
parameters: {a: 0.7}
nodes: {"r[T+1]": a, "r[t]": "sin(x[t] + a * r[t+1]) * t", J: "r[0] + sum(r**2)"}
""",
    "two rows back, as long as is said": """
parameters: {p: 1, q: 1.5}
nodes: {"F[0]": p, "F[1]": q, "F[t <= 8]": "F[t-1] + p * F[t-2]", J: "F[8]"}
""",
    "labels, columns, a loss for each time": """
inputs: {ids: [2, 0, 1, 2]}
targets: {next: [0, 1, 2, 2]}
parameters: {E: {normal: [3, 2], seed: 1}, W: {normal: [2, 2], seed: 3}, V: {normal: [2, 3], seed: 5}}
nodes:
  h[0]: zeros(2)
  h[t]: tanh(E[ids[t]] + W @ h[t-1])
  p[t]: softmax(h[t] @ V)
  L[t]: -log(p[t, next[t]])
  J: mean(L)
""",
    "examples in front, weights of each time, corners": """
inputs: {x: {normal: [2, 5, 3], seed: 9}}
parameters: {W: {normal: [3, 4], seed: 1}, U: {normal: [4, 4], seed: 2}, s: {normal: [5], seed: 3}}
nodes:
  h[0]: zeros((2, 4))
  h[t]: relu(x[:, t] @ W + h[t-1] @ U) * s[t] + x[:, t, 0:1]
  J: mean(h[5]**2) + sum(h)
""",
    "what no time reaches, and what all share": """
inputs: {x: [1, 2, 3]}
parameters: {a: 0.3, W: {normal: [2, 2], seed: 1}}
nodes:
  h[0]: "[0, a]"
  h[t]: h[t-1] @ exp(W) / 3 + x[t] * sum(W) + W[0]
  q[t]: a * x[t] + W[0, 1]
  J: sum(h) + sum(q)
""",
    "what is made of the inputs before the state is": """
inputs: {x: {normal: [3, 2], seed: 1}}
parameters: {A: {normal: [2, 2], seed: 2}, B: {normal: [2, 2], seed: 3}}
nodes:
  u[t]: x[t] @ A
  h[0]: zeros(2)
  h[t]: tanh(u[t] + h[t-1] @ B) * t
  r[T+1]: zeros(2)
  r[t]: tanh(u[t] - r[t+1] @ B)
  J: sum(h[1:] * r[:-1]) + sum(u[0])
""",
    "nothing but numbers and the time": """
parameters: {w: 2}
nodes:
  h[0]: 0
  h[t <= 3]: 1 + h[t-1] / 2
  q[t <= 3]: t * 2
  r[T+1]: zeros(2)
  r[t <= 2]: tanh(r[t+1] / 2 + t)
  J: w * h[3] * q[2] + sum(r)
""",
    "dropout, the same in every turn": """
inputs: {x: {normal: [4, 3], seed: 1}}
parameters: {W: {normal: [3, 3], seed: 2}, h0: [1, 2, 3]}
nodes:
  h[0]: dropout(h0, 0.4)
  h[t]: dropout(tanh(x[t] @ W + h[t-1]), 0.4, seed=2) + dropout(x[t], 0.5)
  J: sum(h**2)
""",
    "one number that starts an array": """
parameters: {a: 0.3, s: [1, 2]}
nodes: {"h[0]": 2 * a, "h[t <= 3]": "tanh(h[t-1] * s + t)", "k[0]": a, "k[t <= 3]": "k[t-1] * h[t]", J: sum(h * k)}
""",
    "one recurrence behind another": """
inputs: {x: {normal: [3, 2], seed: 1}}
parameters: {A: {normal: [2, 2], seed: 2}, B: {normal: [2, 2], seed: 3}}
nodes:
  h[0]: zeros(2)
  h[t]: tanh(x[t] @ A + h[t-1])
  k[0]: h[3]
  k[t]: tanh(h[t] @ B + 0.5 * k[t-1])
  J: sum(k[3])
""",
}


def both(text: str) -> None:
    """One step for all times and a node for each come to the same values and gradients."""
    spec = loads(text + ("" if "loss:" in text else "loss: J\n"))
    one, other = (run(Plan(s.graph), s.values, "J", everything=True) for s in (spec, spec.unrolled()))
    assert one.value("J") == pytest.approx(other.value("J"), rel=1e-12)
    for name in spec.graph.nodes:
        for ask in ("value", "gradient"):
            found = np.asarray(getattr(one, ask)(name))
            assert found == pytest.approx(_rows(getattr(other, ask), other.graph, name), rel=1e-9, abs=1e-13), name


def _rows(ask: Any, graph: Any, name: str) -> Any:
    """A value or gradient of the unrolled network, the rows of what runs through time as one array."""
    rows = [row for row in graph.nodes if row.startswith(f"{name}[")]
    rows.sort(key=lambda row: int(row[len(name) + 1 : -1]))
    return np.stack([ask(row) for row in rows]) if rows else np.asarray(ask(name))


@pytest.mark.parametrize("case", CASES)
def test_a_recurrence_and_its_copies_agree(case: str) -> None:
    both(CASES[case])


def test_the_gradient_of_a_row_is_all_that_comes_through_later_ones() -> None:
    spec = loads("parameters: {a: 2, w: 3}\nnodes: {'h[0]': a, 'h[t <= 3]': 'w * h[t-1]', J: 'h[3]'}")
    trace = run(Plan(spec.graph), spec.values, "J", everything=True)
    assert trace.value("h").tolist() == [2, 6, 18, 54]
    assert trace.gradient("h").tolist() == [27, 9, 3, 1]
    assert (trace.gradient("w"), trace.gradient("a")) == (3 * 9 * 2, 27)


def test_the_gradient_of_a_row_of_data_is_all_that_comes_through_later_ones() -> None:
    """Also where no parameter is in the rule, and inputs are asked for no gradient of their own."""
    text = "inputs: {x: [1, 2, 3]}\nparameters: {w: 2}\nnodes: {'h[0]': 0, 'h[t]': 'x[t] + h[t-1]/2', J: 'w * h[3]'}"
    spec = loads(text)
    trace = run(Plan(spec.graph), spec.values, "J")
    assert trace.gradient("h").tolist() == [0.25, 0.5, 1, 2]


@pytest.mark.parametrize(
    "rule",
    [
        "'h[-1]': 5, 'h[t]': 'x[t-1] + h[t-1]', J: 'h[1]'",
        "'h[-1]': 5, 'h[t]': 'x[t] + h[t-1]', 'z[-1]': 7, 'z[t]': 'z[t-1] + h[t-1]', J: 'z[1]'",
    ],
)
def test_a_state_that_counts_from_0_has_no_row_before_what_it_reads(rule: str) -> None:
    """It has started late, with the row of before in the place of one that nobody knows."""
    with pytest.raises(BackpropError, match=r"at t = 0 there is no such row: \w begins at t = 0"):
        loads("inputs: {x: [1, 2, 3]}\nparameters: {a: 1}\nnodes: {" + rule + "}")


def test_python_nudges_what_every_turn_reads() -> None:
    from backpropcli import api

    net = api.loads(
        "inputs: {x: [1, 2]}\nparameters: {a: 2}\nnodes: {'h[0]': 0, 'h[t]': 'exp(a) * h[t-1] + x[t]', J: 'h[2]'}"
    )
    assert net.nudge("a", 1e-6).moved[-1].after == pytest.approx(np.exp(2 + 1e-6) + 2, rel=1e-12)


def test_a_key_of_blanks_is_read_in_no_time() -> None:
    from backpropcli.language.recurrence.keys import subscript

    assert subscript("h[" + " " * 100_000 + "t") is None
    assert subscript("h[ " + " " * 100_000 + "t ]") == subscript("h[t]")


def test_a_state_that_is_differentiated_keeps_its_upstream_gradient() -> None:
    from backpropcli import api

    net = api.loads("parameters: {a: 2, w: 3}\nnodes: {'h[0]': a, 'h[t <= 3]': 'w * h[t-1]', J: 'h[3]'}")
    trace = net.run("h", upstream=np.array([0.0, 0.0, 1.0, 1.0]))
    assert trace.gradient("h").tolist() == [27 + 9, 9 + 3, 3 + 1, 1]  # what a row does to later ones counts
    assert next(iter(trace.seeds().values())).tolist() == [0, 0, 1, 1]
    assert trace.gradient("a") == 27 + 9
    assert trace.gradient("w") == 3 * 9 * 2 + 2 * 3 * 2


def test_a_recurrence_is_one_node_however_long() -> None:
    short, long = (loads(RNN.replace("[3, 2]", f"[{n}, 2]").replace("- y", "")) for n in (3, 3000))
    assert len(short.graph) == len(long.graph)
    assert len(long.unrolled().graph.nodes) > 3000


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_an_lstm_is_pytorchs(dtype: str) -> None:
    torch = pytest.importorskip("torch")
    spec = loads(LSTM)
    v = {k: torch.tensor(np.asarray(x), dtype=torch.float64, requires_grad=True) for k, x in spec.values.items()}
    cell = torch.nn.LSTMCell(3, 2).double()
    for name, own in {"weight_ih": v["Wx"].T, "weight_hh": v["Wh"].T, "bias_ih": v["b"]}.items():
        getattr(cell, name).data = own.detach().clone()
    cell.bias_hh.data.zero_()
    h, c, total = v["h0"], torch.zeros(2, 2, dtype=torch.float64), torch.zeros(())
    for t in range(4):
        h, c = cell(v["x"][t], (h, c))
        total = total + (h**2).sum()
    total.backward()
    trace = run(Plan(spec.graph, dtype), spec.values, "J", everything=True)
    close = {"rel": 1e-10, "abs": 1e-12} if dtype == "float64" else {"rel": 1e-4, "abs": 1e-5}
    assert trace.value("J") == pytest.approx(total.item(), rel=close["rel"])
    assert trace.gradient("Wx") == pytest.approx(cell.weight_ih.grad.numpy().T, **close)
    assert trace.gradient("Wh") == pytest.approx(cell.weight_hh.grad.numpy().T, **close)
    assert trace.gradient("b") == pytest.approx(cell.bias_ih.grad.numpy(), **close)
    assert trace.gradient("h0") == pytest.approx(v["h0"].grad.numpy(), **close)
    assert trace.gradient("x") == pytest.approx(v["x"].grad.numpy(), **close)


@pytest.mark.parametrize("case", ["an LSTM, in any order", "backward, counted from 1", "one recurrence behind another"])
def test_training_runs_it_again_and_again(case: str) -> None:
    """In kept places, as training does, with other parameters in between."""
    from backpropcli.engine.repeated import Repeated

    spec = loads(CASES[case])
    names = spec.graph.names("parameter")
    repeated = Repeated(Plan(spec.graph), "J", names, spec.values)
    for scale in (1.0, 0.5, 1.0):
        start = np.concatenate([np.ravel(spec.values[name]) for name in names])
        repeated.flat[:] = scale * start
        values = {**spec.values, **{name: scale * spec.values[name] for name in names}}
        trace = run(Plan(spec.graph), values, "J")
        assert repeated.run() == pytest.approx(trace.value("J"), rel=1e-14)
        gradient = np.concatenate([np.ravel(trace.gradient(name)) for name in names])
        assert repeated.gradient == pytest.approx(gradient, rel=1e-13, abs=1e-15)


def test_no_number_that_is_none_spoils_others() -> None:
    """A state that overflows after the loss has looked away: 0 times infinity is nothing there."""
    text = "parameters: {w: 1e200}\nnodes: {'h[0]': 1, 'h[t <= 4]': 'w * h[t-1] ** 2', J: 'h[1] * 2'}\n"
    both(text)


def test_flags_write_recurrences_too() -> None:
    from backpropcli.language import Flags, load

    nodes = ("h[0] = 0", "h[t <= 3] = w * h[t-1] + 1", "J = h[3]")
    spec = load(None, Flags(parameters=("w=2",), nodes=nodes))
    assert run(Plan(spec.graph), spec.values, "J").value("h").tolist() == [0, 1, 3, 7]


def test_expected_rows_are_those_of_the_unrolled_network_too() -> None:
    from backpropcli import api

    text = "parameters: {w: 2}\nnodes: {'h[0]': w, 'h[t <= 2]': 'w * h[t-1]', J: 'h[2]'}\nexpect:\n"
    right = "  h: [2, 4, 8]\n  h[1]: 4\n  dJ/dh: [4, 2, 1]\n  dJ/dh[-2]: 2\n  dJ/dw: 12\n"
    for line, good in ((right, True), ("  dJ/dh[1]: 3\n", False), ("  h: [2, 4, 9]\n", False)):
        net = api.loads(text + line)
        assert (net.unrolled().check().status == 0) is good


def test_other_class_numbers_are_judged_too() -> None:
    from backpropcli import api

    net = api.loads(CASES["labels, columns, a loss for each time"])
    assert net.run("J", values={"ids": np.array([0.0, 1, 2, 2])}).value("J") > 0
    for wrong in ([9, 0, 1, 2], [0.5, 0, 1, 2]):
        with pytest.raises(BackpropError, match="ids"):
            net.run("J", values={"ids": np.array(wrong, float)})


def test_rows_are_derived_by_name() -> None:
    from backpropcli import api

    net = api.loads("parameters: {w: 2}\nnodes: {'h[0]': w, 'h[t <= 2]': 'w * h[t-1]', J: 'h[2] ** 2'}").unrolled()
    told = str(net.derive("w"))
    assert "fully written out        = 6 · w⁵" in told
    assert "numbers put in           = 2 · 8 · (2 · 2 + 4 + 2²) = 192" in told


TERMS = ("x[t] @ A", "h[t-1] @ B", "k[t-1] * b", "h[t-1]", "x[t]", "b", "h[t-1] * k[t-1]", "exp(b)", "x[t, ::-1]")
FUNCTIONS = ("tanh({})", "sigmoid({})", "relu({})", "({}) / 2", "sin({})")


@given(st.data())
def test_random_recurrences_and_their_copies_agree(data: st.DataObject) -> None:
    def formula(more: tuple[str, ...] = ()) -> str:
        terms = data.draw(st.lists(st.sampled_from((*TERMS, *more)), min_size=1, max_size=4))
        return data.draw(st.sampled_from(FUNCTIONS)).format(" + ".join(terms))

    rows = data.draw(st.integers(1, 4))
    loss = data.draw(st.sampled_from(("sum(h) + sum(k**2)", "sum(k[-1]) + sum(h[0])", "sum(h[1:] * k[:-1])")))
    both(f"""
inputs: {{x: {{normal: [{rows}, 2], seed: {data.draw(st.integers(0, 9))}}}}}
parameters:
  A: {{normal: [2, 2], std: 0.5, seed: 1}}
  B: {{normal: [2, 2], std: 0.5, seed: 2}}
  b: [0.3, -0.2]
  h0: [0.1, 0.2]
nodes:
  k[t]: "{formula(("h[t]", "h[t] @ A"))} * x[t]"
  h[t]: "{formula()} + x[t]"
  h[0]: h0
  k[0]: "[0.5, 1] * b"
  J: {loss}
""")


WRONG = {
    "h[t]: h[t-1] * w": ("h has no first row", "h[0]: zeros(4)"),
    "h[0]: 1": ("h has no rule for every t", "h[t]: ..."),
    "h[0]: 1, h[t]: h[t] * w": ("h needs itself at the same t", "What was before is h[t-1]"),
    "h[0]: 1, h[t]: k[t] + x[t], k[t]: h[t]": ("needs itself at the same t: h → k → h", "h[t-1]"),
    "h[0]: 1, h[t]: h[t-1] * w": ("nothing says how far t goes", "h[t <= 8]"),
    "h[0]: 1, h[t]: h[t-1] + sum(h) + x[t]": ("h needs itself", "do not use it"),
    "h[0]: 1, h[t]: h[t-1] + J + x[t]": ("needs itself", "do not use it"),
    "h[0]: 1, h[t]: h[t-1] + x[t] + z[t]": ("z has rows for t up to 2, and x has 3", "a node of its own"),
    "h[0]: 1, h[t]: h[t-1] + x[2*t]": ("t stands alone in a subscript", "x[t-1]"),
    "h[0]: 1, h[t]: h[t-1] + x[:t]": ("t stands alone in a subscript", "x[t-1]"),
    "h[0]: 1, h[t]: h[t-1] + x[t-1]": (
        "at t = 1 there is no such row: x begins at t = 1",
        "is x[t], the first one at t = 1",
    ),
    "h[0]: 1, h[t]: h[t-1] + x[t+1] * h[t+1]": ("runs one way", "r[T+1]: 0"),
    "h[0]: 1, h[t]: h[t-1] + h[t-2] + x[t]": ("h reads 2 rows back, and 1 is given", "Give h[1] as well"),
    "h[0]: 1, h[t]: h[t+1] + x[t]": ("h has no first row", "h[T]"),
    "h[0]: 1, h[1]: 1, h[3]: 1, h[t]: h[t-1] + x[t]": ("h starts with row 0", "h[0]: ..."),
    "h[0]: 1, h[t]: h[t-1] + x[t], h[k]: 2*x[k]": ("h has two rules", ""),
    "h[0]: 1, h[w]: h[w-1] + x[w]": ("w is a name of the network", "another letter"),
    "h[0]: '[1, 2]', h[t]: sum(h[t-1]) + x[t]": ("h[0] has shape (2,), and h[t] makes () of it", "every row"),
    "h[0]: 1, h[t]: h[t-1] @ z + x[t]": ("@ needs arrays", "h[0] is one number"),
    "h[0]: 1, h[t]: h[t-1] + w[t]": ("w is a number: it has no axis for t", "is written w"),
    "h[0]: 1, h[t]: (x * w)[t] + h[t-1]": ("only names have a subscript t", "node of its own"),
    "h[0]: 1, h[N]: 2, h[t]: h[t-1] + x[t]": ("count with different letters", "h[T]"),
    "h[0]: 1, h[T]: 2, h[t]: h[t-1] + x[t]": ("h[T] is read by nobody", "h[t+1]"),
    "h[0]: 1, h[t]: h[t-1] + x[t], k[T]: 1, k[t]: k[t+1] + x[t]": ("t counts from 1 where h[0] is given", "k[T+1]"),
    "h[-1]: 1, h[t]: h[t-1] + x[t], k[0]: 1, k[s]: k[s-1] + h[s]": ("h counts from 0, and k[s] from 1", "same letter"),
    "h[0]: 1, h[t]: h[t-1] + q[t]": ("unknown name: q", ""),
    "h[0]: q, h[t]: h[t-1] + x[t]": ("unknown name: q", ""),
    "h[0]: 1, h[t]: h[t-1] + x[t], x[0]: 3": ("x is an input and a node", ""),
    "h[0]: 1, h[t]: h[t-1] + x[t]\n  h: 2": ("h is a node with rows of time, and a node without", "another name"),
}


@pytest.mark.parametrize("nodes", WRONG)
def test_what_is_no_recurrence_is_told(nodes: str) -> None:
    lines = re.sub(r", (?=[hkx]\[\w+\]:)", "\n  ", nodes)
    text = f"inputs: {{x: [1, 2, 3], z: [1, 2]}}\nparameters: {{w: 2}}\nnodes:\n  {lines}\n  J: sum(h)\nloss: J"
    with pytest.raises(BackpropError) as told:
        loads(text)
    message, hint = WRONG[nodes]
    assert message in told.value.message
    assert hint.lower() in told.value.hint.lower()
    assert told.value.place is not None
    assert told.value.place.line


@pytest.mark.parametrize(
    ("formula", "note"),
    [
        ("y[1]", "y[1] is the row of t = 2, since y has none of t = 0: that of t = 1 is y[0]"),
        ("sum(r[1:])", "r[1:] begins with the row of t = 2, since r has none of t = 0: that of t = 1 is r[0]"),
        ("y[0] + h[1] + r[-1] + sum(r[:-1]) + sum(x[1:])", ""),
    ],
)
def test_a_number_that_is_not_the_time_is_noted(formula: str, note: str) -> None:
    """On paper y[1] is the output at t = 1, but an array that starts with t = 1 has it in row 0."""
    nodes = "{'h[0]': 0, 'h[t]': 'x[t] + h[t-1]', 'y[t]': '2*h[t]', 'r[T+1]': 0, 'r[t]': 'x[t] + r[t+1]', J: 'FORMULA'}"
    spec = loads("inputs: {x: [1, 2, 3]}\nnodes: " + nodes.replace("FORMULA", formula))
    assert tuple(spec.graph.notes) == ((note,) if note else ())
