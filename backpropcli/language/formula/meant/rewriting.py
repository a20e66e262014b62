"""What people write that our parser does not read, and the formula that they mean: a table of rewritings, in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container

from backpropcli.language.formula import tokens
from backpropcli.language.formula.meant import signs
from backpropcli.language.formula.names import split
from backpropcli.ops.definition import Operation
from backpropcli.ops.table import lookup

LAYERS = {"linear": "{0} @ W.T + b", "flatten": "{0}.ravel()", "dropout": "{0}", "identity": "{0}"}
"""What a module of PyTorch does to its argument, where it is no operation of the same name."""
SIGNS = {
    **signs.OPERATORS,
    "⋅": "*",
    "=<": "<=",
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
_NAME = r"[^\W\d]\w*(?:\.\w+)*"
ATOM = rf"(?:{_NAME}|\d+\.?\d*|\.\d+)"
"""A name or a number."""
_MODULE = r"(?:(?:np|numpy|math|torch|F|jnp|tf)\.)?"
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)"

Rule = Callable[[str, Container[str]], tuple[str, int]]
"""From a formula, the formula with one habit mended, and in how many places; `known` are the network's names."""
Rewriting = tuple[str, str, int]
"""A pattern, what is written instead, and how much each place counts: 2 where the hint for one place would mislead."""


def meant(word: str, aliases: bool = True) -> str:
    """The operation that a word means, by its usual name here; empty where it means none."""
    name = NAMED.get(word, word) if aliases else word
    return name if isinstance(lookup(name), Operation) else ""


def rewriting(*rows: Rewriting, where: Callable[[str, Container[str]], bool] = lambda text, known: True) -> Rule:
    """The rule that replaces patterns one after the other, in formulas `where` that makes sense."""

    def rule(text: str, known: Container[str]) -> tuple[str, int]:
        count = 0
        for pattern, made, weight in rows if where(text, known) else ():
            text, found = re.subn(pattern, made, text)
            count += weight * found
        return text, count

    return rule


def _signs(text: str, known: Container[str]) -> tuple[str, int]:
    count = 0
    for sign, made in SIGNS.items():
        count += text.count(sign)
        text = text.replace(sign, made)
    plain = text.translate(signs.SUBSCRIPTS)
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


def _divided(text: str, known: Container[str]) -> tuple[str, int]:
    """`x mod 2` and `x div 2`."""
    count = 0
    for word, sign in (("mod", "%"), ("div", "//")):
        if word not in known:
            text, found = re.subn(rf"(?<=[\w)\]])\s+{word}\s+(?=[\w(])", f" {sign} ", text, flags=re.IGNORECASE)
            count += 2 * found
    return text, count


_CHOICES = (
    (r"if\s+(.+?)\s+then\s+(.+?)\s+else\s+(.+)", r"where(\1, \2, \3)", 2),
    (r"(.+?)\s+if\s+(.+?)\s+else\s+(.+)", r"where(\2, \1, \3)", 1),
    (r"(.+?)\s*\?\s*(.+?)\s*:\s*(.+)", r"where(\1, \2, \3)", 1),
)


def _choice(text: str, known: Container[str]) -> tuple[str, int]:
    """`a if c else b` and `c ? a : b`."""
    for pattern, made, weight in _CHOICES:
        if found := re.fullmatch(pattern, text):
            return found.expand(made), weight
    return text, 0


def _modules(text: str, known: Container[str]) -> tuple[str, int]:
    """`nn.ReLU()(x)` and `nn.Linear(2, 2)(x)`."""
    count = 0
    while found := re.search(r"(?:torch\.)?\bnn\.([A-Z]\w*)\(([^()]*)\)\(", text):
        end = _closing(text, found.end() - 1)
        name, inner = found[1].lower(), text[found.end() : end - 1]
        operation, options = _module(found[1]), f", {found[2]}" if found[2].strip() else ""
        form = LAYERS.get(name) or (f"{operation.name}({{0}}{options})" if isinstance(operation, Operation) else "")
        if not form or end < 0:
            return text, 0
        alone = found.start() == 0 and end == len(text)
        made = form.format(inner if re.fullmatch(ATOM, inner) or "(" in form else f"({inner})")
        text = text[: found.start()] + (made if alone or "(" in form else f"({made})") + text[end:]
        count += 1
    return text, count


LOSSES = {"BCELoss": "binary_cross_entropy_loss", "BCEWithLogitsLoss": "binary_cross_entropy_with_logits"}
"""Modules whose function has a longer name."""


def _module(name: str) -> object:
    """What a module of PyTorch is called as a function: relu for ReLU, mse_loss for MSELoss."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    found = (lookup(called) for called in (name.lower(), words.lower(), LOSSES.get(name, "")))
    return next((one for one in found if isinstance(one, Operation)), None)


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
        if end > 0 and found[1] not in known and meant(found[1], aliases=False):
            text = f"{text[: found.start()]}{found[1]}{text[found.end() - 1 : end]}**{found[2]}{text[end:]}"
            count += 2
    return text, count


def _apart(text: str, known: Container[str]) -> tuple[str, int]:
    """`w1x1`, two names of the network side by side."""
    if not isinstance(known, Collection) or not known:
        return text, 0
    count = 0

    def parts(found: re.Match[str]) -> str:
        nonlocal count
        pieces = [] if found[0] in known or lookup(found[0]) else split(found[0], known)
        count += len(pieces) > 1
        return "*".join(pieces) if len(pieces) > 1 else found[0]

    return re.sub(r"(?<![\w.])[^\W\d]\w*(?![\w(])", parts, text), count


def _raised(text: str, known: Container[str]) -> tuple[str, int]:
    """`x²y`: read as it is, but not beside something else."""
    return re.sub(rf"[{tokens.RAISED}]+", lambda m: f"**{m[0].translate(tokens.PLAIN)}", text), 0


def _called(text: str, known: Container[str]) -> tuple[str, int]:
    """`tanh x`, `log (x)`, `ln x`."""
    count = 0

    def call(found: re.Match[str]) -> str:
        nonlocal count
        name = "" if found[1] in known else meant(found[1])
        count += bool(name)
        return f"{name}({found[2]})" if name else found[0]

    text = re.sub(rf"(?<![\w.]){_MODULE}([^\W\d]\w*)\s+(-?{ATOM}(?:\([^()]*\))?)", call, text)

    def rename(found: re.Match[str]) -> str:
        nonlocal count
        if found[1] in known or found[1] not in NAMED:
            return found[0]
        count += 1
        return f"{NAMED[found[1]]}("

    return re.sub(r"(?<![\w.])([^\W\d]\w*)\s*\(", rename, text), count


def _products(text: str, known: Container[str]) -> tuple[str, int]:
    """`2x`, `2(a + b)`, `(a + b)(c - d)`, `x y`."""
    hexadecimal = re.search(r"\b0[xXbBoO]\w|\d[eE][-+]?\d", text)
    patterns = [] if hexadecimal else [r"(?<![\w.])(\d+\.?\d*)\s*([^\W\d]\w*|\()"]
    side_by_side = r"(?<![\w.])([^\W\d]\w*(?:\.T)?|\d+\.?\d*)\s+([^\W\d]\w*)(?!\s*\()"
    patterns += [r"(\))\s*(\w|\()", side_by_side, side_by_side]  # they may overlap: x y z
    return rewriting(*[(pattern, r"\1*\2", 1) for pattern in patterns])(text, known)


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

    def listed(found: re.Match[str]) -> str:
        return f"[{', '.join(found[1].split())}]"

    def rows(found: re.Match[str]) -> str:
        return "[" + ", ".join(f"[{', '.join(row.replace(',', ' ').split())}]" for row in found[1].split(";")) + "]"

    row = rf"{_NUMBER}(?:[\s,]+{_NUMBER})*"
    text, matrices = re.subn(rf"(?<![\w)\]])\[\s*({row}(?:\s*;\s*{row})+)\s*\]", rows, text)
    text, vectors = re.subn(rf"\[\s*({_NUMBER}(?:\s+{_NUMBER})+)\s*\]", listed, text)
    return text, matrices + vectors


RULES: tuple[Rule, ...] = (
    # ||v|| and ‖v‖, of two as of no subscript, and ||v||_1
    rewriting(
        (r"(?:\|\||‖)([^|‖]+)(?:\|\||‖)_\{?1\}?", r"norm(\1, ord=1)", 2),
        (r"(?:\|\||‖)([^|‖]+)(?:\|\||‖)(?:_\{?2\}?)?", r"norm(\1)", 1),
    ),
    _divided,
    _lists,
    rewriting((r"\s*;\s*$", "", 2)),  # w*x; as a line of a program ends
    rewriting((rf"^\s*{_NAME}\s*:?=(?!=)\s*", "", 1)),  # J = (a - y)**2: what stands behind it
    _latex,
    _signs,
    rewriting((r"(?<![\w.])(\d+),(\d+)(?![\d.])", r"\1.\2", 1), where=lambda text, known: not set("([") & set(text)),
    _choice,
    _modules,
    _sums,
    rewriting(
        (r"√\s*\(", "sqrt(", 1),
        (rf"√\s*({ATOM})", r"sqrt(\1)", 1),
        (r"∛\s*\(", "cbrt(", 1),
        (rf"∛\s*({ATOM})", r"cbrt(\1)", 1),
    ),
    _transposed,
    rewriting((r"\^\{([^{}]*)\}", r"**(\1)", 2), (r"\^", "**", 1)),
    _raised,
    _powers_of_calls,
    rewriting(("π", " pi ", 1), where=lambda text, known: "π" not in known),
    _called,
    rewriting((r"\|([^|]+)\|", r"abs(\1)", 1), where=lambda text, known: text.count("|") == 2),
    _products,
    _apart,
)
