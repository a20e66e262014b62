"""What strangers may type: formulas, specs, files and command lines, sensible ones and every kind of nonsense."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import typer
from hypothesis import strategies as st

from backpropcli.app import COMMANDS, _full_app
from backpropcli.ops.definition import Elementwise, Operation
from backpropcli.ops.table import TABLE

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
DATA: dict[str, Any] = {
    "x": 2,
    "y": -1.5,
    "w": 3,
    "b": 0.25,
    "v": [1, -2, 3],
    "u": [0.5, 0, 0.5],
    "W": [[1, 2, 3], [4, 5, 6]],
    "V": [[0.1, -0.2], [0.3, 0.4], [0, 1]],
    "S": [[2, 1], [1, 3]],
    "k": [0, 2, 1],
    "T": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]],
}
ODD_NUMBERS = (
    "0",
    "-0.0",
    "1e308",
    "-1e308",
    "9e307",
    "5e-324",
    "1e-310",
    "1e999",
    ".inf",
    "-.inf",
    ".nan",
    "inf",
    "nan",
    "1_000",
    "0x1F",
    "0o17",
    "1,5",
    "1e",
    "--1",
    "+-2",
    "1/0",
    "0/0",
    "2**0.5",
    "10**400",
    "-8**(1/3)",
    "2**-1074",
    "1e-400",
    "9007199254740993",
    "123456789012345678901234567890",
    "1" * 400,
    "true",
    "null",
    "~",
    "yes",
    "2026-11-30",
    "1:30",
    "",
    " ",
    "'",
    '"',
    "٣",
    "½",
    "∞",
    "π",
    "1e5",
    "[]",
    "[[]]",
    "[[1],[2,3]]",
    "[1, [2]]",
    "{}",
    "{ones: [2]}",
    "{ones: [50000000]}",
    "{ones: [0]}",
    "{ones: [-1]}",
    "{ones: 3}",
    "{he: [2, 3], seed: 1}",
    "{normal: [], std: -1}",
    "{full: [2], value: .nan}",
    "{csv: d.csv}",
    "{csv: d.csv, columns: a}",
    "{csv: d.csv, skip: 1}",
    "{npz: d.npz}",
    "{npz: d.npz, array: W}",
    "{npy: d.npy}",
    "{csv: ../x}",
    "{csv: /etc/passwd}",
    "{csv: .}",
    "{eye: 3}",
)
OPTION_WORDS = (
    "axis",
    "keepdims",
    "index",
    "shape",
    "dtype",
    "out",
    "where",
    "initial",
    "ddof",
    "n",
    "k",
    "indices",
    "a",
)
OPTIONS = (
    "0",
    "1",
    "-1",
    "2",
    "-3",
    "None",
    "True",
    "False",
    "(0, 1)",
    "(0, 0)",
    "(2, 3)",
    "[0]",
    "()",
    "'ij,jk->ik'",
    "3.5",
    "x",
    "99",
    "-99",
    "'mean'",
    "'...i,...i'",
    "(1,)",
    "10**9",
    "(100000, 100000)",
)
PIECES = (
    "x[...]",
    "v[None]",
    "v[::-1]",
    "W[0]",
    "W[:, 1]",
    "W[..., 0]",
    "v[k]",
    "W[k]",
    "v[[0, 1]]",
    "v[v > 0]",
    "x[0]",
    "v[5]",
    "v[-1]",
    "W.T",
    "W.shape[0]",
    "len(v)",
    "W.sum(axis=0)",
    "v.mean()",
    "np.exp(x)",
    "jnp.tanh(v)",
    "torch.relu(v)",
    "F.softmax(v)",
    "-[2]",
    "[x, y]",
    "[[x], [y]]",
    "[1, -[2]]",
    "(x, y)",
    "()",
    "[]",
    "lambda z: z",
    "x if y else w",
    "x = 3",
    "x == 3",
    "x ≤ 3",
    "x²",
    "√x",
    "2x",
    "x^2",
    "|x|",
    "x'",
    "f(x)",
    "x.5",
    "x..y",
    "x y",
    "x; y",
    "#",
    "\\x",
    "`x`",
    "x!",
    "∂x",
    "σ(x)",
    "\u202ex",
    "x\x00",
    "\ud800",
    "ⅷ",
    "e",
    "pi",
    "inf",
    "nan",
    "True",
    "None",
    "import os",
    "__import__('os')",
    "x.__class__",
    "getattr(x, 'y')",
    "array([1, 2])",
    "zeros(3)",
    "zeros((2, 3))",
    "ones(10**9)",
    "linspace(0, 1, 5)",
    "arange(3)",
    "eye(2)",
    "pick(x, index=-1)",
    "identity(x)",
    "getitem(v, index=0)",
    "stack([u, v])",
    "concatenate([u, v])",
    "einsum('i,i->', u, v)",
    "einsum('ij,j', W, v)",
    "u @ v",
    "W @ V",
    "V @ W @ v",
    "S @ S",
)
SIGNS = ("+", "-", "*", "/", "+", "-", "*", "/", "**", "@")
ODD_SIGNS = (*SIGNS, "//", "%", "<", ">", "<=", "==", "!=", "&", "|", " and ", " or ", ",", "×", "·", "−", "^")
NAMES = st.sampled_from([*DATA, "J", "a", "z1", "g"])
NUMBERS = st.one_of(
    st.integers(-10, 10).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(ODD_NUMBERS),
)
TEXT = st.text(max_size=12)
CALLED = sorted({name for name, op in TABLE.items() if isinstance(op, Operation)})


class Case(NamedTuple):
    """One call: the files in its folder, the words of its command line, and what is typed."""

    files: dict[str, bytes]
    words: list[str]
    typed: str = ""


def _call(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    options = st.dictionaries(st.sampled_from(OPTION_WORDS), st.sampled_from(OPTIONS), max_size=2)
    arguments = st.lists(st.one_of(inner, inner, inner, st.sampled_from(OPTIONS)), min_size=1, max_size=3)

    def written(parts: tuple[str, list[str], dict[str, str]]) -> str:
        name, positional, named = parts
        return f"{name}({', '.join([*positional, *(f'{k}={v}' for k, v in named.items())])})"

    return st.tuples(st.sampled_from(CALLED), arguments, st.one_of(st.just({}), options)).map(written)


def _deeper(inner: st.SearchStrategy[str], signs: tuple[str, ...] = SIGNS) -> st.SearchStrategy[str]:
    binary = st.tuples(inner, st.sampled_from(signs), inner).map(lambda p: f"{p[0]} {p[1]} {p[2]}")
    return st.one_of(
        binary,
        binary,
        _call(inner),
        _call(inner),
        inner.map(lambda f: f"({f})"),
        inner.map(lambda f: f"-{f}"),
        st.tuples(
            inner, st.sampled_from(("[0]", "[:, 0]", "[None]", ".T", ".sum()", "[...]", "[0:][0:]", "[1:]", "**2"))
        ).map(lambda p: f"{p[0]}{p[1]}"),
    )


SENSIBLE = st.recursive(
    st.one_of(
        st.sampled_from([*DATA]), st.sampled_from("xwbvuWVS"), st.sampled_from(("2", "-1", "0.5", "0", "1e-3", "pi"))
    ),
    _deeper,
    max_leaves=6,
)
WILD = st.recursive(st.one_of(NAMES, NUMBERS, st.sampled_from(PIECES)), lambda s: _deeper(s, ODD_SIGNS), max_leaves=6)


@st.composite
def mutated(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """A text with a few characters taken out, doubled, or put in."""
    text = draw(texts)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        end = draw(st.integers(at, min(len(text), at + 12)))
        new = draw(
            st.one_of(
                st.just(""), st.sampled_from(PIECES), st.sampled_from(ODD_NUMBERS), TEXT, st.just(text[at:end] * 2)
            )
        )
        text = text[:at] + new + text[end:]
    return text


LEAVES: dict[tuple[int, ...], tuple[str, ...]] = {
    (): ("x", "y", "w", "b", "v[1]", "W[0, 2]", "2", "0.5", "-1", "0", "1e3"),
    (3,): ("v", "u", "W[1]", "V[:, 0]"),
    (2, 3): ("W", "V.T"),
    (3, 2): ("V", "W.T"),
    (2, 2): ("S", "T[0]", "S.T"),
}
"""What has these shapes in every spec."""
MADE: dict[tuple[int, ...], tuple[tuple[str, tuple[tuple[int, ...], ...]], ...]] = {
    (): (
        ("sum({})", ((3,),)),
        ("mean({})", ((2, 3),)),
        ("max({})", ((3,),)),
        ("{} @ {}", ((3,), (3,))),
        ("min({})", ((2, 2),)),
        ("logsumexp({})", ((3,),)),
        ("prod({})", ((3,),)),
        ("({})[2]", ((3,),)),
        ("sum(({})**2)", ((2, 3),)),
        ("einsum('i,i->', {}, {})", ((3,), (3,))),
        ("std({})", ((3,),)),
        ("norm({})", ((3,),)),
        ("trace({})", ((2, 2),)),
        ("-mean(log(softmax({})[arange(3), k]))", ((3, 3),)),
    ),
    (3,): (
        ("({}).sum(axis=0)", ((2, 3),)),
        ("max({}, axis=1)", ((3, 2),)),
        ("softmax({})", ((3,),)),
        ("cumsum({})", ((3,),)),
        ("({})[::-1]", ((3,),)),
        ("[{}, {}, {}]", ((), (), ())),
        ("({})[k]", ((3,),)),
        ("concatenate([({})[:1], ({})[1:]])", ((3,), (3,))),
        ("sort({})", ((3,),)),
        ("{} @ {}", ((3, 2), (2,))),
        ("log_softmax({})", ((3,),)),
        ("({})[0]", ((2, 3),)),
    ),
    (2,): (
        ("({})[:2]", ((3,),)),
        ("{} @ {}", ((2, 3), (3,))),
        ("({}).mean(axis=1)", ((2, 3),)),
        ("diag({})", ((2, 2),)),
    ),
    (2, 3): (
        ("({}).T", ((3, 2),)),
        ("{} @ {}", ((2, 2), (2, 3))),
        ("stack([{}, {}])", ((3,), (3,))),
        ("softmax({}, axis=1)", ((2, 3),)),
        ("{} * {}", ((2, 3), (3,))),
        ("reshape({}, (2, 3))", ((3, 2),)),
        ("outer({}, {})", ((2,), (3,))),
    ),
    (3, 2): (("({}).T", ((2, 3),)), ("{} @ {}", ((3, 2), (2, 2))), ("({})[:, None] * {}", ((3,), (2,)))),
    (2, 2): (("{} @ {}", ((2, 3), (3, 2))), ("({}).T", ((2, 2),)), ("where({} > 0, {}, {})", ((2, 2), (2, 2), (2, 2)))),
    (3, 3): (("outer({}, {})", ((3,), (3,))), ("{} @ {}", ((3, 2), (2, 3)))),
}
"""What makes these shapes from others."""
MAPS = sorted(
    n for n, op in TABLE.items() if isinstance(op, Elementwise) and len(op.arguments) == 1 and n.isidentifier()
)
PAIRS = (
    "{} + {}",
    "{} * {}",
    "{} - {}",
    "{} / {}",
    "maximum({}, {})",
    "minimum({}, {})",
    "where({} > {}, 1, 0)",
    "{} ** {}",
    "hypot({}, {})",
    "arctan2({}, {})",
    "clip({}, -1, {})",
    "logaddexp({}, {})",
)


@st.composite
def shaped(draw: st.DrawFn, shape: tuple[int, ...], depth: int = 3) -> str:
    """A formula of this shape that means something, corners and overflows included."""
    kind = draw(st.sampled_from(("leaf", "map", "pair", "pair", "made", "made"))) if depth else "leaf"
    if kind == "leaf" and shape in LEAVES:
        return draw(st.sampled_from(LEAVES[shape]))
    if kind == "map":
        return f"{draw(st.sampled_from(MAPS))}({draw(shaped(shape, depth - 1))})"
    if kind == "pair":
        other = draw(st.sampled_from((shape, ())))
        return f"({draw(st.sampled_from(PAIRS))})".format(
            draw(shaped(shape, depth - 1)), draw(shaped(other, depth - 1))
        )
    form, inner = draw(st.sampled_from(MADE[shape]))
    return f"({form})".format(*(draw(shaped(s, max(depth - 1, 0))) for s in inner))


MEANT = st.sampled_from([(), (), (3,), (2, 3), (2, 2)]).flatmap(shaped)
FORMULAS = st.one_of(*[SENSIBLE] * 8, st.sampled_from(PIECES), WILD, mutated(SENSIBLE), TEXT)


def one_in(draw: st.DrawFn, many: int) -> bool:
    """True once in so many draws (a plain integer would often be the smallest)."""
    return draw(st.sampled_from(range(many))) == many // 2


def varied(draw: st.DrawFn, value: Any) -> Any:
    """The same shape with other numbers: corners, ties, tiny and huge ones."""
    if isinstance(value, list):
        return [varied(draw, entry) for entry in value]
    return draw(
        st.sampled_from((0, 1, -1, 2, 0.5, 3, -2, 0, 1, 1e-3, 30, -1e3, 1e9, 1e-9, 1e154, 9e307, 1e308, 5e-324, 1e-310))
    )


EXTRAS = (
    "loss: J",
    "loss: squared_error",
    "loss: {cross_entropy: {}}",
    "title: '::error::x \\e[2J'",
    'title: "\\e[2J##[x]"',
    "functions: {g(z): z**2}",
    "functions: {g(z): g(z)}",
    "functions: {m(z): {value: z*p, gradient: {z: p}, where: {p: z}}}",
    "layers: [{dense: {units: 2, activation: tanh}}]",
    "layers:\n  - dense: {units: 1, w: 2, b: 0}",
    "expect: {J: 1}",
    "expect: {dJ/dw: 2, J: .nan}",
    "train: {lr: 1}",
    "data: {}",
    "unknown: 1",
    "nodes: {}",
    "inputs:",
    "a: &b 1",
    "? [x]",
)
SUMS = (
    "sum({})",
    "sum({})",
    "mean(({})**2)",
    "sum({}) / 2",
    "max({})",
    "log(sum(exp({})))",
    "({})",
    "sum(a) + sum({})",
)


@st.composite
def specs(draw: st.DrawFn, formulas: st.SearchStrategy[str] | None = None) -> str:
    """A spec as YAML: data of several shapes, one to three formulas, rarely something odd."""
    kinds = ("inputs", "parameters", "parameters", "targets")
    sections: dict[str, dict[str, str]] = {"inputs": {}, "parameters": {}, "targets": {}}
    for name, value in DATA.items():
        section = "inputs" if name == "k" else draw(st.sampled_from(kinds))
        odd = json.dumps(varied(draw, value)) if one_in(draw, 5) and name != "k" else json.dumps(value)
        sections[section][name] = draw(NUMBERS) if one_in(draw, 100) else odd
    text = "".join(f"{s}:\n" + "".join(f"  {n}: {v}\n" for n, v in of.items()) for s, of in sections.items() if of)
    nodes = [draw(FORMULAS if formulas is None else formulas) for _ in range(draw(st.integers(1, 3)))]
    nodes[-1] = draw(st.sampled_from(SUMS)).format(nodes[-1]) if formulas is None else draw(shaped(()))
    names = ["z1", "a", "J"][-len(nodes) :]
    if formulas is not None:
        nodes = [
            f"{formula} + sum({used})" if used else formula for formula, used in zip(nodes, ["", *names], strict=False)
        ]
    text += "nodes:\n" + "".join(f"  {n}: {json.dumps(f)}\n" for n, f in zip(names, nodes, strict=True))
    if not one_in(draw, 6):
        return text + "loss: J\n"
    return text + "".join(f"{line}\n" for line in draw(st.lists(st.sampled_from(EXTRAS), max_size=2)))


EXAMPLE_TEXTS = st.sampled_from([p.read_text(encoding="utf-8") for p in sorted(EXAMPLES.glob("*.yaml"))])
TEXTS = st.one_of(
    specs(), specs(), specs(), specs(), EXAMPLE_TEXTS, mutated(EXAMPLE_TEXTS), mutated(EXAMPLE_TEXTS), mutated(specs())
)
FILES = st.one_of(
    TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
    TEXTS.map(lambda text: text.encode("utf-8", "replace")),
    st.binary(max_size=40),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.integers(90, 3000).map(lambda deep: b"nodes: {J: '" + b"(" * deep + b"x'}"),
    st.integers(90, 3000).map(lambda deep: b"[" * deep),
    st.integers(90, 3000).map(lambda deep: b'{"a":' * deep),
    st.integers(50, 3000).map(lambda many: b"parameters: {w: 2}\nnodes: {J: '" + b"w + " * many + b"w'}"),
)
TABLES = st.one_of(
    st.lists(
        st.lists(
            st.one_of(NUMBERS, st.sampled_from(("a", "1", "2.5", "", "1,000", '"1,000"', "x y"))),
            min_size=1,
            max_size=3,
        ).map(",".join),
        max_size=4,
    ).map(lambda rows: "\n".join(rows).encode("utf-8", "replace")),
    st.just(b"a,b\n1,2\n3,4\n"),
    st.binary(max_size=30),
)
QUANTITIES = st.one_of(
    st.sampled_from(
        (
            "J",
            "w",
            "dJ/dw",
            "dJ/dx",
            "da/dw",
            "W[0,1]",
            "dJ/dW[0, 1]",
            "dJ/dW[:, 0]",
            "v[0]",
            "z1",
            "dJ/d",
            "/",
            "dw",
            "J[0]",
            "dJ[0]/dw",
            "nothing",
            "x,w",
            "x[...]",
            "∂J/∂w",
        )
    ),
    FORMULAS,
    TEXT,
)
PARAMETERS = {
    command.name: [p for p in command.params if p.param_type_name == "option"]
    for command in typer.main.get_command(_full_app()).commands.values()  # type: ignore[attr-defined]
}
BY_NAME: dict[str, st.SearchStrategy[str]] = {
    "--node": st.tuples(st.sampled_from(("J", "a", "f", "w")), FORMULAS).map(lambda p: f"{p[0]} = {p[1]}"),
    "--layer": st.sampled_from(
        ("dense(2, tanh)", "dense(1, relu, w=2, b=0)", "dense()", "conv(1)", "dense(1e9)", "dense(2,", "")
    ),
    "--loss": st.sampled_from(("J", "squared_error", "cross_entropy", "nothing", "w", "::x")),
    "--load": st.sampled_from(("p.json", "d.npz", "d.csv", "net.yaml", "nothing.json")),
    "--gradients": st.sampled_from(("p.json", "d.npz", "d.csv", "net.yaml", "nothing.json")),
    "--example": st.sampled_from(("lecture", "mazur", "batch", "lab-square", "lab-neuron", "nothing")),
    "--format": st.sampled_from(
        ("table", "json", "csv", "markdown", "latex", "svg", "dot", "mermaid", "junit", "github", "x")
    ),
    "--output": st.sampled_from(
        (
            "o.json",
            "o.csv",
            "o.md",
            "o.svg",
            "o.html",
            "o.tex",
            "o.txt",
            "net.yaml",
            "p.json",
            "no/o.json",
            "o.xml",
            ".",
            "o",
        )
    ),
    "--result": st.sampled_from(("r.json", "net.yaml", "no/r.json")),
    "--worksheet": st.sampled_from(("w.md", "w.tex", "w.html", "w.pdf", "net.yaml")),
    "--students": st.sampled_from(("3", "a,b", "../x", "0", "a,a", "::x")),
    "--color": st.sampled_from(("always", "never", "auto", "x")),
    "--timeout": st.sampled_from(("1", "0", "-1", "nan", "x")),
    "--against": st.sampled_from(("all", "complex", "symbolic", "digits", "differences", "x")),
    "--fault": st.sampled_from(("J:sign", "a:factor", "z1:x", "J", ":")),
    "--difference": st.sampled_from(("central", "forward", "backward", "x")),
    "--dtype": st.sampled_from(("float32", "float64", "x")),
    "--level": st.sampled_from(("nodes", "layers", "x")),
    "--only": st.one_of(QUANTITIES, st.sampled_from(("values", "gradients"))),
    "--as": st.sampled_from(("w=w", "a=W.T", "x", "w=w,w=w")),
    "--expect": st.tuples(QUANTITIES, NUMBERS).map("=".join),
    "--eps": NUMBERS,
    "--upstream": NUMBERS,
    "--digits": NUMBERS,
    "--decimals": NUMBERS,
    "--width": st.integers(-1, 200).map(str),
}
NEVER = {"--program", "--allow-files", "--memory", "--install-completion", "--show-completion", "--help"}
"""Options with which fuzzing would run something, or leave its folder."""


PATHS = (["net.yaml"], ["net.yaml"], ["net.yaml"], [], ["net.yaml", "net.yaml"], ["nothing.yaml"], ["-"])
PARAMETER_FILES = (
    b'{"w": 2}',
    b'{"dJ/dw": 2, "x": [1, 2]}',
    b"{",
    b'{"w": "x"}',
    b'{"w": 1, "w": 2}',
    b"[1]",
    b'{"a\\n::x": NaN}',
)
ELSEWHERE = {"--example", "--timeout", "--students", "--load", "--force", "--input", "--target", "--layer", "--as"}
"""Options that mostly make a call mean nothing."""
NETWORKS = [e.name for e in COMMANDS if e.name not in ("new", "schema", "ops")]
ASKING = ("explain", "derive", "nudge")
OURS = st.sampled_from(("J", "w", "x", "v", "W[0,1]", "v[0]", "dJ/dw", "dJ/dW[0, 1]", "dJ/dv", "da/dw", "a", "dJ/da"))


def _option(draw: st.DrawFn, option: typer.core.TyperOption) -> list[str]:
    name = option.opts[0]
    if option.is_flag:
        return [name]
    known = BY_NAME.get(name)
    if known is None and option.metavar == "NAME=VALUE":
        known = st.tuples(NAMES, NUMBERS).map("=".join)
    if known is None and option.metavar == "N":
        known = st.integers(-1, 50).map(str)
    return [name, draw(known if known is not None else QUANTITIES)]


@st.composite
def calm(draw: st.DrawFn) -> Case:
    """A call that means something, with a formula that may be anything."""
    command = draw(st.sampled_from([*NETWORKS, "run", "check", "check", "explain", "derive", "draw"]))
    words = [command, "net.yaml"]
    if command in ASKING:
        words.append(draw(OURS if command != "nudge" else st.sampled_from(("w", "x", "v[0]", "W[0,1]", "b"))))
    options = [p for p in PARAMETERS[command] if p.opts[0] not in NEVER and p.opts[0] not in ELSEWHERE]
    for option in draw(st.lists(st.sampled_from(options), max_size=1, unique_by=lambda p: p.opts[0])):
        words += _option(draw, option)
    spec = draw(st.one_of(specs(MEANT), specs(MEANT), specs(MEANT), specs()))
    files = {"net.yaml": spec.encode("utf-8", "replace"), "p.json": b'{"w": 2}', "d.csv": b"a,b\n1,2\n3,4\n"}
    return Case(
        files, [word.replace("\0", "") for word in words], draw(st.sampled_from(("", "6\nh\nh\nh\n1/3\ns\nq\n")))
    )


@st.composite
def wild(draw: st.DrawFn) -> Case:
    """A call of which anything may be wrong."""
    command = draw(st.sampled_from([*(e.name for e in COMMANDS), "run", "check", "explain"]))
    files = {"net.yaml": draw(FILES), "d.csv": draw(TABLES), "p.json": draw(st.sampled_from(PARAMETER_FILES))}
    words = [command]
    if command in NETWORKS:
        words += draw(st.sampled_from(PATHS))
    if command in ASKING:
        words += draw(st.lists(QUANTITIES, min_size=1, max_size=2))
    for option in draw(st.lists(st.sampled_from(PARAMETERS[command]), max_size=3)):
        if option.opts[0] not in NEVER:
            words += _option(draw, option)
    if one_in(draw, 20):
        words.insert(draw(st.integers(1, len(words))), draw(TEXT))
    lines = draw(st.lists(st.one_of(NUMBERS, st.sampled_from(("h", "s", "q", "6")), TEXT), max_size=5))
    return Case(files, [word.replace("\0", "") for word in words], "".join(f"{line}\n" for line in lines))


def cases() -> st.SearchStrategy[Case]:
    """A whole call."""
    return st.one_of(calm(), calm(), calm(), wild())
