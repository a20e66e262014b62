"""The names that a formula needs of its network; what to say of a name or a call that nobody knows."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection

from backpropcli.errors import FormulaError
from backpropcli.language.formula.grammar import CONSTANTS
from backpropcli.language.formula.hints import suggested
from backpropcli.language.formula.names import names, split
from backpropcli.language.formula.show import show
from backpropcli.language.formula.tree import Call, Expression, Name, postorder
from backpropcli.ops.refused import Refused
from backpropcli.ops.table import lookup
from backpropcli.ops.table import names as operation_names
from backpropcli.suggest import nearest

# Names.


def dependencies(expression: Expression, known: Collection[str]) -> tuple[str, ...]:
    """Those of `known` that a formula uses, in order of appearance; FormulaError with its span for an unknown name."""
    used = names(expression)
    strangers = [name for name in used if name not in known]
    if not strangers:
        return used
    for name in strangers:
        if name not in CONSTANTS:
            raise next(
                unknown_name(part, known)
                for part in postorder(expression)
                if type(part) is Name and part.name == name and not part.prefix
            )
    return tuple(name for name in used if name in known)


def unknown_name(name: Name, known: Collection[str]) -> FormulaError:
    """The error for a name that is neither the network's nor a constant."""
    word = name.name
    if word == "...":
        error = FormulaError("... has no value", hint="It stands in brackets: x[..., 0].")
    elif word == "None":
        error = FormulaError("None has no value", hint="It is a value of options, as in sum(x, axis=None).")
    elif isinstance(refused := lookup(word), Refused):
        error = FormulaError(refused.reason, hint=refused.hint)
    elif refused is not None:
        example = f"{word}({', '.join(refused.arguments)})"
        error = FormulaError(f"{word} is an operation: it needs its arguments", hint=f"Such as {example}")
    else:
        hint = next(hint for meant in MEANT if (hint := meant(word, known)))
        error = FormulaError(f"unknown name: {word}", hint=hint)
    return error.spanning(name.start, name.end)


def _product(word: str, known: Collection[str]) -> str:
    product = split(word, known)
    return f"Did you mean {' * '.join(product)}?" if product else ""


def _pi(word: str, known: Collection[str]) -> str:
    return "Did you mean pi?" if word in ("π", "Pi", "PI") and "pi" not in known else ""


MARKS = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde", "\u0307": "dot", "\u0305": "bar"}
"""Accents that mathematics puts over a letter, and how they are spelled."""


def _spelled_out(word: str, known: Collection[str]) -> str:
    """`y_hat` for `ŷ`, where the network has it."""
    letters = unicodedata.normalize("NFD", word)
    plain = "".join(c for c in letters if c not in MARKS)
    forms = [f"{plain}{between}{MARKS[c]}" for c in letters if c in MARKS for between in ("_", "")]
    return next((f"Did you mean {form}?" for form in forms if form in known), "")


def _transposed_name(word: str, known: Collection[str]) -> str:
    if "ᵀ" in word and all(part in known for part in word.split("ᵀ") if part):
        return f"Did you mean {word.replace('ᵀ', '.T @ ').removesuffix(' @ ')}?"
    return ""


def _subscript(word: str, known: Collection[str]) -> str:
    if word[-2:] in ("_i", "_j", "_k") and word[:-2] in known:
        return f"Operations work on whole arrays: write {word[:-2]}, one entry is {word[:-2]}[0]."
    return ""


def _gradient(word: str, known: Collection[str]) -> str:
    gradient = (word[:1] == "d" and (word[1:] in known or word in ("dJ", "dL", "dE"))) or word.startswith("grad_")
    if not gradient and (near := nearest(word, known)):
        return f"Did you mean {near}?"
    if gradient or word.startswith(("d_", "∂")):
        return "Gradients are worked out for you: a formula says only the value."
    return ""


def _listed(word: str, known: Collection[str]) -> str:
    if 0 < len(known) <= 12:
        return f"The names here: {', '.join(known)}"
    return "Write it under inputs, targets, parameters or nodes first."


MEANT: tuple[Callable[[str, Collection[str]], str], ...] = (
    _product,
    _pi,
    _spelled_out,
    _transposed_name,
    _subscript,
    _gradient,
    _listed,
)
"""What an unknown name may be: the hint, or nothing where it is something else; the first that says anything."""


# Calls.


def unknown_operation(call: Call, known: Collection[str] = ()) -> FormulaError | None:
    """The error for the name of a call; None where the operation table has it. `known` are the spec's own functions."""
    found = lookup(call.name)
    if isinstance(found, Refused):
        error = FormulaError(found.reason, hint=found.hint)
    elif found is not None:
        return None
    elif call.written == "attribute":
        error = FormulaError(
            f"unknown attribute: .{call.name}", hint="Transposed is .T; methods are called, as in x.sum()."
        )
    elif call.written == "method" and call.name in ("t", "T", "mT"):
        error = FormulaError("a transposed array is .T", hint=suggested(f"{show(call.arguments[0])}.T"))
    else:
        error = FormulaError(f"unknown operation: {call.name}", hint=_operation_meant(call, known))
    return error.spanning(call.at, call.at + len(call.name))


def _operation_meant(call: Call, known: Collection[str]) -> str:
    name = call.name
    if not _derived(name) and (near := nearest_operation(name) or nearest(name, known)):
        return f"Did you mean {near}?"
    if len(call.arguments) == 1 and not call.keywords and len(name) <= 2:
        shown = show(call.arguments[0])
        argument = shown if len(shown) <= 40 else "z"
        return (
            f"Write the activation, relu({argument}), or say once what {name} is:\n"
            f"  functions:\n    {name}(z): maximum(0, z)"
        )
    arguments = ", ".join("xyzabcdefgh"[: len(call.arguments)])
    return f"Say once what it is:\n  functions:\n    {name}({arguments}): ..."


def nearest_operation(word: str) -> str:
    """The operation whose name is nearest; empty if none is."""
    return nearest(word, operation_names()) if len(word) > 2 else ""


def _derived(name: str) -> bool:
    """Whether a name means an operation's derivative, as `dsigmoid` does: no slip of the operation itself."""
    ends = name.endswith(("_prime", "_derivative"))
    return ends or (name[:1] == "d" and lookup(name[1:].lstrip("_")) is not None)
