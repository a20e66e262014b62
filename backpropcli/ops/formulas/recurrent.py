"""Recurrent layers as PyTorch has them: a whole sequence in, and the hidden state at every time out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.errors import OperationError
from backpropcli.ops.formula import Case, Formula, Written
from backpropcli.ops.planning import flag
from backpropcli.ops.shape import Shape, show_shape

if TYPE_CHECKING:
    from collections.abc import Mapping

ELMAN = "Elman 1990, Cognitive Science 14; torch.nn.RNN"
HOCHREITER = "Hochreiter and Schmidhuber 1997, Neural Computation 9; torch.nn.LSTM"
CHO = "Cho et al. 2014, arXiv:1406.1078; torch.nn.GRU, whose reset gate is put behind the product"
WEIGHTS = "x weight_ih weight_hh bias_ih bias_hh"
OPTIONS = {"batch_first": False, "reverse": False}


class Sequence:
    """One call of a recurrent layer: where its times are, and the shape of one state."""

    def __init__(self, case: Case, gates: int, states: tuple[str, ...]) -> None:
        self.case = case
        x, ih, hh = (case.shapes[name] for name in ("x", "weight_ih", "weight_hh"))
        self.hidden = self._size(ih, hh, gates)
        if len(x) not in (2, 3):
            raise OperationError(
                f"x has the shape {show_shape(x)}: it needs a row for each time",
                hint="(T, features), or (T, N, features) for a batch; (N, T, features) with batch_first=True",
            )
        if x[-1] != ih[1]:
            raise OperationError(
                f"x has {x[-1]} features, and weight_ih {show_shape(ih)} takes {ih[1]}",
                hint=f"weight_ih has {gates * self.hidden} rows, and a column for each feature.",
            )
        second = flag(case.options.batch_first, "batch_first") and len(x) == 3
        self.row = "x[:, t]" if second else "x[t]"
        self.axis = 1 if second else 0
        self.shape: Shape = (*((x[0 if second else 1],) if len(x) == 3 else ()), self.hidden)
        self.back = flag(case.options.reverse, "reverse")
        self.before = "t+1" if self.back else "t-1"
        self._check(gates, states)

    def _size(self, ih: Shape, hh: Shape, gates: int) -> int:
        """How many units there are."""
        each = "its units" if gates == 1 else f"{gates} times its units"
        if len(hh) != 2 or hh[0] != gates * hh[1] or len(ih) != 2 or ih[0] != hh[0]:
            raise OperationError(
                f"weight_ih {show_shape(ih)} and weight_hh {show_shape(hh)} do not fit",
                hint=f"Each has {each} as rows; weight_ih a column for each feature, weight_hh one for each unit.",
            )
        return hh[1]

    def _check(self, gates: int, states: tuple[str, ...]) -> None:
        for name in ("bias_ih", "bias_hh"):
            if self.case.given(name) and self.case.shapes[name] != (gates * self.hidden,):
                raise OperationError(
                    f"{name} has the shape {show_shape(self.case.shapes[name])}, and {gates * self.hidden} are needed"
                )
        for name in states:
            if self.case.given(name) and self.case.shapes[name] != self.shape:
                raise OperationError(
                    f"{name} has the shape {show_shape(self.case.shapes[name])}, and one state {show_shape(self.shape)}"
                )

    def start(self, name: str) -> str:
        """The state before the first time."""
        return name if self.case.given(name) else f"zeros({self.shape})"

    def inputs(self) -> str:
        """What comes from the input at one time."""
        return f"{self.row} @ weight_ih.T" + (" + bias_ih" if self.case.given("bias_ih") else "")

    def states(self) -> str:
        """What comes from the state before."""
        return f"h[{self.before}] @ weight_hh.T" + (" + bias_hh" if self.case.given("bias_hh") else "")

    def part(self, name: str, gate: int) -> str:
        """The numbers of one gate at one time."""
        colons = ":, " * (len(self.shape) - 1)
        return f"{name}[t, {colons}{gate * self.hidden}:{(gate + 1) * self.hidden}]"

    def key(self, name: str) -> str:
        """The left side of what a state starts from."""
        return f"{name}[T]" if self.back else f"{name}[0]"

    def written(self, rules: Mapping[str, str]) -> Written:
        """The hidden state at every time, in the order of the input."""
        value = "h[:-1]" if self.back else "h[1:]"
        return Written(f"swapaxes({value}, 0, 1)" if self.axis else value, rules=rules)


def _rnn(case: Case) -> Written:
    nonlinearity = case.options.nonlinearity
    if nonlinearity not in ("tanh", "relu"):
        raise OperationError(f"nonlinearity is 'tanh' or 'relu', not {nonlinearity!r}")
    at = Sequence(case, 1, ("h0",))
    return at.written({at.key("h"): at.start("h0"), "h[t]": f"{nonlinearity}({at.inputs()} + {at.states()})"})


def _lstm(case: Case) -> Written:
    at = Sequence(case, 4, ("h0", "c0"))
    return at.written(
        {
            at.key("h"): at.start("h0"),
            at.key("c"): at.start("c0"),
            "z[t]": f"{at.inputs()} + {at.states()}",
            "i[t]": f"sigmoid({at.part('z', 0)})",
            "f[t]": f"sigmoid({at.part('z', 1)})",
            "g[t]": f"tanh({at.part('z', 2)})",
            "o[t]": f"sigmoid({at.part('z', 3)})",
            "c[t]": f"f[t] * c[{at.before}] + i[t] * g[t]",
            "h[t]": "o[t] * tanh(c[t])",
        }
    )


def _gru(case: Case) -> Written:
    at = Sequence(case, 3, ("h0",))
    return at.written(
        {
            at.key("h"): at.start("h0"),
            "u[t]": at.inputs(),
            "v[t]": at.states(),
            "r[t]": f"sigmoid({at.part('u', 0)} + {at.part('v', 0)})",
            "z[t]": f"sigmoid({at.part('u', 1)} + {at.part('v', 1)})",
            "n[t]": f"tanh({at.part('u', 2)} + r[t] * {at.part('v', 2)})",
            "h[t]": f"(1 - z[t]) * n[t] + z[t] * h[{at.before}]",
        }
    )


def _shapes(gates: int) -> Mapping[str, Shape]:
    return {
        "x": (3, 2, 4),
        "w": (2 * gates, 4),
        "u": (2 * gates, 2),
        "b": (2 * gates,),
        "c": (2 * gates,),
        "h": (2, 2),
        "k": (2, 2),
    }


OPERATIONS = (
    Formula(
        "rnn",
        f"{WEIGHTS} h0",
        "a recurrent layer: at every time a state of the input and of the state before",
        group="layers",
        optional="bias_ih bias_hh h0",
        options={"nonlinearity": "tanh", **OPTIONS},
        formula="h[1:]",
        rules={"h[0]": "h0", "h[t]": "tanh(x[t] @ weight_ih.T + bias_ih + h[t-1] @ weight_hh.T + bias_hh)"},
        build=_rnn,
        source=ELMAN,
        samples=(
            ("rnn(x, w, u, b, c, h)", _shapes(1)),
            ("rnn(x, w, u, nonlinearity='relu')", {**_shapes(1), "x": (3, 4)}),
            ("rnn(x, w, u, b, batch_first=True, reverse=True)", _shapes(1)),
        ),
    ),
    Formula(
        "lstm",
        f"{WEIGHTS} h0 c0",
        "a long short-term memory: gates decide what its cell forgets, takes in and shows",
        group="layers",
        optional="bias_ih bias_hh h0 c0",
        options=OPTIONS,
        formula="h[1:]",
        where={"H": "weight_hh.shape[1]"},
        rules={
            "h[0]": "h0",
            "c[0]": "c0",
            "z[t]": "x[t] @ weight_ih.T + bias_ih + h[t-1] @ weight_hh.T + bias_hh",
            "i[t]": "sigmoid(z[t, :H])",
            "f[t]": "sigmoid(z[t, H:2*H])",
            "g[t]": "tanh(z[t, 2*H:3*H])",
            "o[t]": "sigmoid(z[t, 3*H:])",
            "c[t]": "f[t] * c[t-1] + i[t] * g[t]",
            "h[t]": "o[t] * tanh(c[t])",
        },
        build=_lstm,
        source=HOCHREITER,
        samples=(
            ("lstm(x, w, u, b, c, h, k)", _shapes(4)),
            ("lstm(x, w, u)", {**_shapes(4), "x": (3, 4)}),
            ("lstm(x, w, u, b, batch_first=True, reverse=True)", _shapes(4)),
        ),
    ),
    Formula(
        "gru",
        f"{WEIGHTS} h0",
        "a gated recurrent unit: one gate resets what it remembers, another mixes it with what is new",
        group="layers",
        optional="bias_ih bias_hh h0",
        options=OPTIONS,
        formula="h[1:]",
        where={"H": "weight_hh.shape[1]"},
        rules={
            "h[0]": "h0",
            "u[t]": "x[t] @ weight_ih.T + bias_ih",
            "v[t]": "h[t-1] @ weight_hh.T + bias_hh",
            "r[t]": "sigmoid(u[t, :H] + v[t, :H])",
            "z[t]": "sigmoid(u[t, H:2*H] + v[t, H:2*H])",
            "n[t]": "tanh(u[t, 2*H:] + r[t] * v[t, 2*H:])",
            "h[t]": "(1 - z[t]) * n[t] + z[t] * h[t-1]",
        },
        build=_gru,
        source=CHO,
        samples=(
            ("gru(x, w, u, b, c, h)", _shapes(3)),
            ("gru(x, w, u, reverse=True)", {**_shapes(3), "x": (3, 4)}),
            ("gru(x, w, u, b, batch_first=True)", _shapes(3)),
        ),
    ),
)
