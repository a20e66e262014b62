"""A whole formula as it was probably meant: `2x^2 + 3x + 1` is `2*x**2 + 3*x + 1`.

Only for what to suggest: what comes out has been read by our own parser, or nothing is suggested.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container

from backpropcli.errors import FormulaError
from backpropcli.ops.definition import Operation
from backpropcli.ops.table import lookup

LONGEST = 100
"""A longer formula is not written out in a hint."""
LAYERS = {"linear": "{0} @ W.T + b", "flatten": "{0}.ravel()", "dropout": "{0}", "identity": "{0}"}
"""What a module of PyTorch does to its argument, where it is no operation of the same name."""
SIGNS = {
    "⋅": "*",
    "∙": "*",
    "•": "*",
    "∗": "*",
    "⁎": "*",
    "＊": "*",
    "⊙": "*",
    "∘": "*",
    "⨯": "*",
    "÷": "/",
    "∕": "/",
    "⁄": "/",
    "／": "/",
    "–": "-",
    "—": "-",
    "‐": "-",
    "‑": "-",
    "－": "-",
    "＋": "+",
    "⩽": "<=",
    "⩾": ">=",
    "∧": "&",
    "∨": "|",
    "&&": "&",
    "||": "|",
    "=<": "<=",
    "=>": ">=",
    "===": "==",
    "½": "1/2",
    "⅓": "1/3",
    "¼": "1/4",
    "¾": "3/4",
    "⅔": "2/3",
    "⊤": "T",
    "（": "(",
    "）": ")",
    "，": ",",
}
LATEX = {
    r"\cdot": "*",
    r"\times": "*",
    r"\left": "",
    r"\right": "",
    r"\sigma": "sigmoid",
    r"\max": "maximum",
    r"\min": "minimum",
    r"\ln": "log",
    r"\leq": "<=",
    r"\geq": ">=",
    r"\le": "<=",
    r"\ge": ">=",
    r"\pi": "pi",
    r"\odot": "*",
    r"\top": "T",
}
NAMED = {
    "ln": "log",
    "lg": "log10",
    "tg": "tan",
    "sqr": "square",
    "arctg": "arctan",
    "sh": "sinh",
    "ch": "cosh",
    "th": "tanh",
}
"""Other names for what we have."""
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_NAME = r"[^\W\d]\w*(?:\.\w+)*"
_ATOM = rf"(?:{_NAME}|\d+\.?\d*|\.\d+)"
_MODULE = r"(?:(?:np|numpy|math|torch|F|jnp|tf)\.)?"
INVERSE = re.compile(r"(?<!\w)[A-Z]\w*\s*\^\s*[{(]?-1\}?(?!\d)")
"""Of a number it is one over it, of a matrix its inverse: which of them is meant, a formula alone does not say."""
_trying: list[str] = []


def reads(text: str, known: Container[str] = ()) -> bool:
    """Whether our own parser reads a formula."""
    from backpropcli.language.formula.parser import parse

    if text in _trying or len(_trying) > 1:
        return False
    _trying.append(text)
    try:
        parse(text, known)
    except FormulaError:
        return False
    finally:
        _trying.pop()
    return True


def suggested(text: str, said: str = "Write {}", otherwise: str = "") -> str:
    """A hint with a formula in it. It has been read by our own parser, or the hint is `otherwise`."""
    return said.format(text) if len(text) <= LONGEST and reads(text) else otherwise


def whole(text: str, known: Container[str] = ()) -> tuple[str, int]:
    """The formula as it was probably meant, and in how many places that differs; empty where it cannot be told."""
    if len(text) > LONGEST or _trying or _ambiguous(text, known) or INVERSE.search(text):
        return "", 0
    now, count = text.strip(), 0
    for rule in RULES:
        now, changed = rule(now, known)
        count += changed
    now = now.strip()
    return (now, count) if count and sensible(now, known) else ("", 0)


def sensible(text: str, known: Container[str] = ()) -> bool:
    """Whether a formula is read, and no operation stands in it without its arguments."""
    from backpropcli.language.formula.parser import parse
    from backpropcli.language.formula.tree import Name, postorder

    if not reads(text, known):
        return False
    names = [part.name for part in postorder(parse(text, known)) if isinstance(part, Name)]
    return not any(name not in known and isinstance(lookup(name), Operation) for name in names)


MISSING = "an operator is missing between these"


def looked_over(error: FormulaError, text: str, known: Container[str] = ()) -> FormulaError:
    """The error of a formula, with a hint for the whole of it where more than one thing is wrong or the first token
    misleads: in `tanh x` no `*` is missing.
    """
    if _trying:
        return error
    if found := re.search(r"(\d+\.?\d*|[^\W\d]\w*)\s*[/÷]\s*(\d+\.?\d*)\s*([^\W\d]\w*)", text):
        a, n, x = found.groups()
        if error.message == MISSING and not lookup(x):
            error.hint = f"Write {a}/{n} * {x}, or {a}/({n} * {x}): which of them is meant?"
            return error
    if error.message == MISSING and (what := _ambiguous(text, known)):
        error.message = f"{what} is called with parentheses"
        error.hint = f"What belongs to it stands in them: {what}(x)"
        return error
    fixed, count = whole(text, known)
    local = error.hint.removeprefix("Write ").replace(" ", "")
    if fixed and error.message == MISSING and (not local or not _said(local, fixed)):
        error.message = _instead(text) or MISSING
        error.hint = f"Write {fixed}"
    elif fixed and count > 1:
        error.hint = f"Write {fixed}"
    return error


def _said(local: str, fixed: str) -> bool:
    """Whether the whole formula has a product in it: of `W**-1 v` not `1 * v`, whose first factor is a power."""
    return re.search(r"(?<!\*\*)(?<!\*\*-)" + re.escape(local), fixed.replace(" ", "")) is not None


def _ambiguous(text: str, known: Container[str]) -> str:
    """The operation in `sin x^2` or `tanh w*x`, of which nobody knows how far its argument goes; else empty."""
    for found in re.finditer(rf"(?<![\w.])([^\W\d]\w*)\s+-?{_ATOM}(?=\s*([^\W\d]\w*|\S))", text):
        name, behind = NAMED.get(found[1], found[1]), found[2]
        if found[1] in known or not isinstance(lookup(name), Operation) or behind in "+-−)],<>=&|@":
            continue
        if not isinstance(lookup(NAMED.get(behind, behind)), Operation) and behind != "(":
            return name
    return ""


def _instead(text: str) -> str:
    """What is wrong where two things stand side by side, and no operator is missing between them."""
    if module := re.search(r"\bnn\.[A-Z]\w*", text):
        return f"{module[0]} is a module of PyTorch: here an operation is called by its own name"
    if sign := re.search(r"[Σ∑]", text):
        return f"{sign[0]} is not an operator here"
    called = re.search(rf"([^\W\d]\w*)\s+-?{_ATOM}", text)
    known = called and lookup(NAMED.get(called[1], called[1]))
    return f"{called[1]} is called with parentheses" if called and isinstance(known, Operation) else ""


# The rules, in order: from a formula, the formula with one habit mended, and in how many places.

Rule = Callable[[str, Container[str]], tuple[str, int]]


def _signs(text: str, known: Container[str]) -> tuple[str, int]:
    count = 0
    for sign, made in SIGNS.items():
        count += text.count(sign)
        text = text.replace(sign, made)
    plain = text.translate(SUBSCRIPTS)
    return plain, count + sum(a != b for a, b in zip(text, plain, strict=True))


def _latex(text: str, known: Container[str]) -> tuple[str, int]:
    if "\\" not in text and "$" not in text:
        return text, 0
    text = text.replace("$", "").strip()
    fraction = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
    while fraction.search(text):
        text = fraction.sub(r"((\1) / (\2))", text)
    for sign, made in LATEX.items():
        text = re.sub(re.escape(sign) + r"(?![A-Za-z])", made, text)
    text = re.sub(r"\\([A-Za-z]+)\s*\{([^{}]*)\}", r"\1(\2)", text)  # \sqrt{x}, \exp{x}
    return re.sub(r"\\([A-Za-z]+)", r"\1", text), 2


def _ended(text: str, known: Container[str]) -> tuple[str, int]:
    """`w*x;`, as a line of a program ends."""
    return re.subn(r"\s*;\s*$", "", text)[0], 2 * (text.rstrip()[-1:] == ";")


def _defined(text: str, known: Container[str]) -> tuple[str, int]:
    """`J = (a - y)**2`: what stands behind it."""
    return re.subn(rf"^\s*{_NAME}\s*:?=(?!=)\s*", "", text)


def _norms(text: str, known: Container[str]) -> tuple[str, int]:
    """`||v||` and `‖v‖`, of two as of no subscript, and `||v||_1`."""
    text, ones = re.subn(r"(?:\|\||‖)([^|‖]+)(?:\|\||‖)_\{?1\}?", r"norm(\1, ord=1)", text)
    text, count = re.subn(r"(?:\|\||‖)([^|‖]+)(?:\|\||‖)(?:_\{?2\}?)?", r"norm(\1)", text)
    return text, 2 * ones + count


def _divided(text: str, known: Container[str]) -> tuple[str, int]:
    """`x mod 2` and `x div 2`."""
    count = 0
    for word, sign in (("mod", "%"), ("div", "//")):
        if word not in known:
            text, found = re.subn(rf"(?<=[\w)\]])\s+{word}\s+(?=[\w(])", f" {sign} ", text, flags=re.IGNORECASE)
            count += 2 * found
    return text, count


def _choice(text: str, known: Container[str]) -> tuple[str, int]:
    """`a if c else b` and `c ? a : b`."""
    if found := re.fullmatch(r"if\s+(.+?)\s+then\s+(.+?)\s+else\s+(.+)", text):
        return f"where({found[1]}, {found[2]}, {found[3]})", 2
    if found := re.fullmatch(r"(.+?)\s+if\s+(.+?)\s+else\s+(.+)", text):
        return f"where({found[2]}, {found[1]}, {found[3]})", 1
    if found := re.fullmatch(r"(.+?)\s*\?\s*(.+?)\s*:\s*(.+)", text):
        return f"where({found[1]}, {found[2]}, {found[3]})", 1
    return text, 0


def _modules(text: str, known: Container[str]) -> tuple[str, int]:
    """`nn.ReLU()(x)` and `nn.Linear(2, 2)(x)`."""
    count = 0
    while found := re.search(r"(?:torch\.)?\bnn\.([A-Z]\w*)\(([^()]*)\)\(", text):
        end = _closing(text, found.end() - 1)
        name, inner = found[1].lower(), text[found.end() : end - 1]
        operation, options = lookup(name), f", {found[2]}" if found[2].strip() else ""
        form = LAYERS.get(name) or (f"{operation.name}({{0}}{options})" if isinstance(operation, Operation) else "")
        if not form or end < 0:
            return text, 0
        alone = found.start() == 0 and end == len(text)
        made = form.format(inner if re.fullmatch(_ATOM, inner) or "(" in form else f"({inner})")
        text = text[: found.start()] + (made if alone or "(" in form else f"({made})") + text[end:]
        count += 1
    return text, count


def _sums(text: str, known: Container[str]) -> tuple[str, int]:
    """`Σ w_i x_i` and `Σᵢ wᵢxᵢ`."""
    if "sum_" in text and not any(f"sum_{i}" in known for i in "ijk"):
        text = re.sub(r"(?<![\w.])sum_\{?[ijk]\}?\s+", "Σ ", text)
    found = re.fullmatch(r"([^Σ∑]*?)[Σ∑](?:_?[{(]?\w*[})]?(?=\s))?\s*(.+?)(\s*[+-]\s*[^Σ∑]+)?", text)
    if found is None:
        return text, 0
    inner = re.sub(r"_\{?[ijk]\}?(?!\w)|[ᵢⱼ]|\[[ijk]\]", " ", found[2])
    product = "".join(inner.split()) if "*" in inner else " * ".join(inner.split())
    return f"{found[1]}sum({product}){found[3] or ''}", 1


def _roots(text: str, known: Container[str]) -> tuple[str, int]:
    count = 0
    for sign, name in (("√", "sqrt"), ("∛", "cbrt")):
        text, bracketed = re.subn(rf"{sign}\s*\(", f"{name}(", text)
        text, alone = re.subn(rf"{sign}\s*({_ATOM})", rf"{name}(\1)", text)
        count += bracketed + alone
    return text, count


def _bars(text: str, known: Container[str]) -> tuple[str, int]:
    return re.subn(r"\|([^|]+)\|", r"abs(\1)", text) if text.count("|") == 2 else (text, 0)


def _transposed(text: str, known: Container[str]) -> tuple[str, int]:
    """`Wᵀx`, `W^T x`, `W.t()`."""
    text, first = re.subn(rf"({_NAME}|\))(?:\^\{{?T\}}?|\.t\(\))", r"\1ᵀ", text)
    text, second = re.subn(r"([\w)\]])ᵀ\s*(?=[^\W_]|\()", r"\1.T @ ", text)
    text, third = re.subn(r"ᵀ", ".T", text)
    return text, first + second + (0 if first else third)


def _powers_of_calls(text: str, known: Container[str]) -> tuple[str, int]:
    """`sin^2(x)` and `cos²(x)`."""
    count, start = 0, 0
    while found := re.compile(r"([^\W\d]\w*?)(?:\^|\*\*)(\d+)\(").search(text, start):
        end, start = _closing(text, found.end() - 1), found.end()
        if end > 0 and found[1] not in known and isinstance(lookup(found[1]), Operation):
            text = f"{text[: found.start()]}{found[1]}{text[found.end() - 1 : end]}**{found[2]}{text[end:]}"
            count += 2
    return text, count


def _pi(text: str, known: Container[str]) -> tuple[str, int]:
    return (text, 0) if "π" in known else (text.replace("π", " pi "), text.count("π"))


def _apart(text: str, known: Container[str]) -> tuple[str, int]:
    """`w1x1`, two names of the network side by side."""
    from backpropcli.language.formula.names import split

    if not isinstance(known, Collection) or not known:
        return text, 0
    count = 0

    def parts(found: re.Match[str]) -> str:
        nonlocal count
        pieces = [] if found[0] in known or lookup(found[0]) else split(found[0], known)
        count += len(pieces) > 1
        return "*".join(pieces) if len(pieces) > 1 else found[0]

    return re.sub(r"(?<![\w.])[^\W\d]\w*(?![\w(])", parts, text), count


def _powers(text: str, known: Container[str]) -> tuple[str, int]:
    text, braces = re.subn(r"\^\{([^{}]*)\}", r"**(\1)", text)
    text, count = re.subn(r"\^", "**", text)
    return text, 2 * braces + count


def _raised(text: str, known: Container[str]) -> tuple[str, int]:
    """`x²y`: read as it is, but not beside something else."""
    from backpropcli.language.formula.tokens import RAISED

    plain = str.maketrans(RAISED, "0123456789-+")
    return re.subn(rf"[{RAISED}]+", lambda m: f"**{m[0].translate(plain)}", text)[0], 0


def _called(text: str, known: Container[str]) -> tuple[str, int]:
    """`tanh x`, `log (x)`, `ln x`."""
    count = 0

    def call(found: re.Match[str]) -> str:
        nonlocal count
        name = NAMED.get(found[1], found[1])
        operation = lookup(name)
        if found[1] in known or not isinstance(operation, Operation):
            return found[0]
        count += 1
        return f"{name}({found[2]})"

    text = re.sub(rf"(?<![\w.]){_MODULE}([^\W\d]\w*)\s+(-?{_ATOM}(?:\([^()]*\))?)", call, text)

    def rename(found: re.Match[str]) -> str:
        nonlocal count
        if found[1] in known or found[1] not in NAMED:
            return found[0]
        count += 1
        return f"{NAMED[found[1]]}("

    return re.sub(r"(?<![\w.])([^\W\d]\w*)\s*\(", rename, text), count


def _products(text: str, known: Container[str]) -> tuple[str, int]:
    """`2x`, `2(a + b)`, `(a + b)(c - d)`, `x y`."""
    count = 0

    def times(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return f"{found[1]}*{found[2]}"

    hexadecimal = re.search(r"\b0[xXbBoO]\w|\d[eE][-+]?\d", text)
    if not hexadecimal:
        text = re.sub(r"(?<![\w.])(\d+\.?\d*)\s*([^\W\d]\w*|\()", times, text)
    text = re.sub(r"(\))\s*(\w|\()", times, text)
    for _ in range(2):  # they may overlap: x y z
        text = re.sub(r"(?<![\w.])([^\W\d]\w*(?:\.T)?|\d+\.?\d*)\s+([^\W\d]\w*)(?!\s*\()", times, text)
    return text, count


def _decimals(text: str, known: Container[str]) -> tuple[str, int]:
    if "(" in text or "[" in text:
        return text, 0
    return re.subn(r"(?<![\w.])(\d+),(\d+)(?![\d.])", r"\1.\2", text)


def _closing(text: str, opener: int) -> int:
    """Where the bracket at `opener` is closed, and what follows begins; -1 where it is not."""
    depth = 0
    for k in range(opener, len(text)):
        depth += (text[k] in "([{") - (text[k] in ")]}")
        if not depth:
            return k + 1
    return -1


def _lists(text: str, known: Container[str]) -> tuple[str, int]:
    """`[1 2 3]` and `[1 2; 3 4]`: lists of numbers without commas."""
    number = r"[-+]?(?:\d+\.?\d*|\.\d+)"

    def listed(found: re.Match[str]) -> str:
        return f"[{', '.join(found[1].split())}]"

    def rows(found: re.Match[str]) -> str:
        return "[" + ", ".join(f"[{', '.join(row.replace(',', ' ').split())}]" for row in found[1].split(";")) + "]"

    matrix = rf"(?<![\w)\]])\[\s*({number}(?:[\s,]+{number})*(?:\s*;\s*{number}(?:[\s,]+{number})*)+)\s*\]"
    text, matrices = re.subn(matrix, rows, text)
    text, vectors = re.subn(rf"\[\s*({number}(?:\s+{number})+)\s*\]", listed, text)
    return text, matrices + vectors


RULES: tuple[Rule, ...] = (
    _norms,
    _divided,
    _lists,
    _ended,
    _defined,
    _latex,
    _signs,
    _decimals,
    _choice,
    _modules,
    _sums,
    _roots,
    _transposed,
    _powers,
    _raised,
    _powers_of_calls,
    _pi,
    _called,
    _bars,
    _products,
    _apart,
)
