"""The parser against Python's own: what both read, both must read alike."""

import ast
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpropcli.errors import FormulaError
from backpropcli.language.formula.reading import read_formula as parse
from backpropcli.language.formula.show import show
from backpropcli.language.formula.tree import (
    DEEPEST,
    Binary,
    Call,
    Expression,
    Index,
    Name,
    Number,
    Sequence,
    Slice,
    Text,
    Unary,
    postorder,
    same,
)

NAMES = st.sampled_from(["a", "b", "x1", "W", "α", "e", "T"])
NUMBERS = st.sampled_from(["0", "1", "2", "1.", ".5", "1e-3", "1_000", "2.5E+3", "1e5"]).map(
    lambda text: Number(float(text), text)
)
LEAVES = st.one_of(NAMES.map(Name), NUMBERS)
SIGNS = ["+", "-", "*", "/", "**", "@", "&", "|", "<", "<=", ">", ">=", "==", "!="]


def _calls(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    tuples = st.lists(inner, min_size=1, max_size=3).map(tuple)
    limit = st.none() | inner
    slices = st.builds(Slice, limit, limit, limit)
    items = st.lists(inner | slices | st.sampled_from([Name("None"), Name("...")]), min_size=1, max_size=3).map(tuple)
    keywords = st.sampled_from(
        [(), (("axis", Number(0.0, "0")),), (("axis", Name("None")), ("keepdims", Name("True")))]
    )
    return st.one_of(
        st.builds(Binary, st.sampled_from(SIGNS), inner, inner),
        st.builds(Binary, st.sampled_from(["+", "-", "*", "/", "**"]), inner, inner),
        st.builds(Unary, st.sampled_from(["-", "+", "~"]), inner),
        st.builds(lambda a, k: Call("f", a, k), tuples, keywords),
        st.builds(lambda a, k: Call("sum", a, k, written="method"), tuples, keywords),
        st.builds(lambda a: Call("transpose", (a,), written="attribute"), inner),
        st.builds(lambda a: Call("einsum", (Text("ij->ji"), a)), inner),
        st.builds(Index, inner, items),
        st.builds(lambda a: Sequence(a, "list"), tuples),
        st.builds(lambda a: Sequence(a, "tuple"), tuples),
    )


TREES = st.recursive(LEAVES, _calls, max_leaves=25)


def read(text: str) -> Expression | FormulaError:
    try:
        return parse(text)
    except FormulaError as error:
        return error


def outline(node: ast.AST) -> object:
    """Python's tree in the words of ours."""
    signs = {
        ast.Add: "+",
        ast.Sub: "-",
        ast.Mult: "*",
        ast.Div: "/",
        ast.Pow: "**",
        ast.MatMult: "@",
        ast.BitAnd: "&",
        ast.BitOr: "|",
        ast.Lt: "<",
        ast.LtE: "<=",
        ast.Gt: ">",
        ast.GtE: ">=",
        ast.Eq: "==",
        ast.NotEq: "!=",
        ast.FloorDiv: "//",
        ast.USub: "-",
        ast.UAdd: "+",
        ast.Invert: "~",
    }
    match node:
        case ast.Expression(body):
            return outline(body)
        case ast.BinOp(left, op, right):
            return (signs[type(op)], outline(left), outline(right))
        case ast.Compare(left, [op], [right]):
            return (signs[type(op)], outline(left), outline(right))
        case ast.UnaryOp(op, operand):
            return (signs[type(op)], outline(operand))
        case ast.Name(name):
            return name
        case ast.Constant(value):
            return "..." if value is ... else str(value) if value is None or value is True else value
        case ast.Call(ast.Attribute(value, name), arguments, keywords):
            return (
                "." + name,
                outline(value),
                *map(outline, arguments),
                *((k.arg, outline(k.value)) for k in keywords),
            )
        case ast.Call(ast.Constant(value), arguments, keywords):
            return (outline(ast.Constant(value)), *map(outline, arguments))
        case ast.Call(ast.Name(name), arguments, keywords):
            return (name, *map(outline, arguments), *((k.arg, outline(k.value)) for k in keywords))
        case ast.Attribute(value, name):
            return ("." + name, outline(value))
        case ast.Subscript(value, ast.Tuple(items)):
            return ("[]", outline(value), *map(outline, items))
        case ast.Subscript(value, item):
            return ("[]", outline(value), outline(item))
        case ast.Slice(lower, upper, step):
            return ("::", *(None if part is None else outline(part) for part in (lower, upper, step)))
        case ast.List(items):
            return ("list", *map(outline, items))
        case ast.Tuple(items):
            return ("tuple", *map(outline, items))
    raise AssertionError(ast.dump(node))


def ours(e: Expression) -> object:
    match e:
        case Number():
            return e.value
        case Name():
            return e.name
        case Text():
            return e.value
        case Unary():
            return (e.sign, ours(e.operand))
        case Binary():
            return (e.sign, ours(e.left), ours(e.right))
        case Call():
            name = "T" if e.written == "attribute" and e.name == "transpose" else e.name
            name = name if e.written == "function" else "." + name
            return (name, *map(ours, e.arguments), *((k, ours(v)) for k, v in e.keywords))
        case Index():
            items = e.items
            if len(items) == 1 and isinstance(items[0], Sequence) and items[0].kind == "tuple":
                items = items[0].items  # To Python x[(a, b)] is x[a, b].
            return ("[]", ours(e.value), *map(ours, items))
        case Slice():
            return ("::", *(None if part is None else ours(part) for part in (e.lower, e.upper, e.step)))
        case Sequence():
            return (e.kind, *map(ours, e.items))
    raise AssertionError(e)


@pytest.mark.slow
@given(TREES)
@settings(max_examples=400, deadline=None)
def test_what_is_shown_is_read_as_the_same_tree_by_us_and_by_python(tree: Expression) -> None:
    text = show(tree)
    assert same(parse(text), tree), text
    assert ours(tree) == outline(ast.parse(text, mode="eval")), text


FRAGMENTS = st.lists(
    st.sampled_from(
        [
            "a",
            "b",
            "2",
            "(",
            ")",
            "-",
            "+",
            "~",
            "**",
            "*",
            "/",
            "@",
            "<",
            "&",
            "|",
            "[",
            "]",
            ",",
            ":",
            ".T",
            ".",
            "1.5",
            " ",
            "f(",
            "x[",
            "=",
            "None",
            "...",
            "(a, b)",
            "==",
        ]
    ),
    max_size=14,
).map("".join)


@given(FRAGMENTS)
@settings(max_examples=600, deadline=None)
def test_what_we_accept_python_reads_alike(text: str) -> None:
    tree = read(text)
    if isinstance(tree, FormulaError):
        assert tree.span is not None
        assert 0 <= tree.span[0] <= len(text)
        assert tree.span[1] >= 1
    elif ".None" not in text.replace(" ", ""):  # an unknown attribute, which the lowering refuses
        assert ours(tree) == outline(ast.parse(text.strip(), mode="eval")), text


@given(FRAGMENTS)
@settings(max_examples=300, deadline=None)
def test_what_python_accepts_of_our_kinds_we_accept(text: str) -> None:
    try:
        found = outline(ast.parse(text.strip(), mode="eval"))
    except (SyntaxError, AssertionError, KeyError):
        return
    if isinstance(found, tuple) and found[0] == "tuple" and not text.strip().startswith("("):
        return  # A comma outside brackets is a slip here.
    tree = read(text)
    if isinstance(tree, FormulaError):
        # (a, b), c is a tuple without its own parentheses; 2(a), ...(a) and (a)(b) call what we never call.
        called = any(f"{c}(" in text.replace(" ", "") for c in "25.)]")
        assert tree.message == ", has no place here" or called or "//" in text, text
    else:
        assert ours(tree) == found


@pytest.mark.slow
@given(
    st.text(max_size=60)
    | st.text(alphabet="ab12()[]{}+-*/^=<>!&|.,:;'\"`$#@~%?\\ \t\n×÷−²√₁α\u200b\x00“½∂", max_size=40)
)
@settings(max_examples=1500, deadline=1000)
def test_any_text_is_a_tree_or_an_error_with_a_place(text: str) -> None:
    found = read(text)
    if isinstance(found, FormulaError):
        assert found.span is not None
        assert found.message
        assert str(found)


@given(TREES)
@settings(max_examples=200, deadline=None)
def test_spans_are_what_was_written(tree: Expression) -> None:
    text = "  " + show(tree)
    for part in postorder(parse(text)):
        piece = text[part.start : part.end]
        if isinstance(part, Name | Number | Text):
            assert piece == show(part)
        elif not isinstance(part, Slice):
            again = parse(f"({piece})")
            assert same(again, part) or isinstance(part, Sequence), (text, piece)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-x**2", "-x**2"),
        ("(-x)**2", "(-x)**2"),
        ("2**-1", "2**-1"),
        ("a**b**c", "a**b**c"),
        ("(a**b)**c", "(a**b)**c"),
        ("a-(b-c)", "a - (b - c)"),
        ("a*-b", "a * (-b)"),
        ("np.exp(-z)", "exp(-z)"),
        ("np.linalg.norm(x)", "norm(x)"),
        ("torch.nn.functional.relu(x)", "relu(x)"),
        ("F.relu(z)", "relu(z)"),
        ("x[np.newaxis, :]", "x[None, :]"),
        ("scipy.special.expit(z)", "expit(z)"),
        ("x.sum(axis=0).T", "x.sum(axis=0).T"),
        ("((a))", "a"),
        ("x[::2, 1:, ..., -1]", "x[::2, 1:, ..., -1]"),
        ("f(a,)", "f(a)"),
        ("(a,)", "(a,)"),
        ("()", "()"),
        ("math.sqrt(2)", "sqrt(2)"),
        ("np.pi * r", "np.pi * r"),
        ("a <b", "a < b"),
        ("(a<b) & (b<c)", "(a < b) & (b < c)"),
    ],
)
def test_forms(text: str, shown: str) -> None:
    assert show(parse(text)) == shown


def test_a_name_of_the_network_is_no_module() -> None:
    assert ours(parse("F.T", {"F"})) == (".T", "F")
    assert ours(parse("F.sum(axis=0)", {"F"})) == (".sum", "F", ("axis", 0))
    assert ours(parse("F.sum(axis=0)")) == ("sum", ("axis", 0))


@pytest.mark.slow
def test_nesting_is_bounded_and_chains_are_not() -> None:
    for opener, closer in [("(", ")"), ("[", "]"), ("f(", ")"), ("-", ""), ("x[", "]"), ("x.f(", ")"), ("1+(", ")")]:
        parse(opener * (DEEPEST // 2) + "x" + closer * (DEEPEST // 2))
        with pytest.raises(FormulaError, match=r"^nested more than 200 deep\n"):
            parse(opener * (DEEPEST + 1) + "x" + closer * (DEEPEST + 1))
    parse("(" * DEEPEST + "x" + ")" * DEEPEST)
    parse("f(" * DEEPEST + "x" + ")" * DEEPEST)
    for deep in ["(" * 900_000, "f(" * 400_000, "-" * 900_000, "x**" * 300_000, "[" * 900_000]:
        with pytest.raises(FormulaError, match=r"^nested more than 200 deep\n"):
            parse(deep)
    for chain in ["+".join(["x"] * 10_000), "x" + ".T" * 10_000, "x" + "[0]" * 10_000, "*".join(["f(x)"] * 10_000)]:
        assert show(parse(chain)).replace(" ", "") == chain


def test_length_is_bounded() -> None:
    with pytest.raises(FormulaError, match=r"^this formula has 1,000,001 characters; 1,000,000 is the most$"):
        parse("x" * 1_000_001)


def test_time_grows_linearly_with_a_chain() -> None:
    def spent(n: int) -> float:
        text = "+".join(["w1*x"] * n)
        best = 9.0
        for _ in range(3):
            start = time.perf_counter()
            parse(text)
            best = min(best, time.perf_counter() - start)
        return best

    assert spent(16_000) < 8 * max(spent(4_000), 1e-3)
