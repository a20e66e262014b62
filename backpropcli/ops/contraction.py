"""Einsum: a subscript is read once, when the step is planned, into a plain form that takes stacked axes in front."""

from __future__ import annotations

from math import prod
from string import ascii_letters
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import XP, Options, Shape, Value, show_shape
from backpropcli.ops.planning import bounded, shown

WORTH_A_PATH = 100_000
"""Above this many products NumPy looks for the best order (and for a matrix product) before it starts."""


def plan_einsum(shapes: list[Shape], subscripts: Any) -> tuple[Shape, Options]:
    """Explicit (`ij,jk->ik`) or implicit (`ij,jk`: the letters that stand once, sorted)."""
    if not isinstance(subscripts, str):
        raise OperationError(f"subscripts are a text such as 'ij,jk->ik', not {shown(subscripts)}")
    text = subscripts.replace(" ", "")
    if "." in text:
        raise OperationError("'...' in subscripts is not available", hint="Give every axis a letter.")
    left, arrow, output = text.partition("->")
    inputs = tuple(left.split(","))
    for letter in left.replace(",", "") + output:
        if letter not in ascii_letters:
            raise OperationError(f"{letter!r} in the subscripts {shown(subscripts)} is not a letter")
    if not arrow:
        output = "".join(sorted(c for c in set(left) - {","} if left.count(c) == 1))
    if len(inputs) != len(shapes):
        raise OperationError(
            f"the subscripts {shown(subscripts)} are for {_arrays(len(inputs))}; here {_are(len(shapes))}"
        )
    size = _sizes(inputs, shapes)
    for letter in output:
        if letter not in size:
            raise OperationError(f"the output has the letter {letter}, which no input has")
        if output.count(letter) > 1:
            raise OperationError(f"the letter {letter} stands twice in the output")
    return bounded(tuple(size[c] for c in output)), Options(inputs=inputs, output=output, size=size)


def _arrays(count: int) -> str:
    return "1 array" if count == 1 else f"{count} arrays"


def _axes(count: int) -> str:
    return "1 axis" if count == 1 else f"{count} axes"


def _are(count: int) -> str:
    return "is 1" if count == 1 else f"are {count}"


def _sizes(inputs: tuple[str, ...], shapes: list[Shape]) -> dict[str, int]:
    """Every letter's size; an axis of size 1 does not stretch."""
    size: dict[str, int] = {}
    for k, (letters, shape) in enumerate(zip(inputs, shapes, strict=True), 1):
        if len(letters) != len(shape):
            raise OperationError(
                f"the subscripts {letters!r} name {_axes(len(letters))}; array {k} has the shape {show_shape(shape)}"
            )
        for letter, n in zip(letters, shape, strict=True):
            if size.setdefault(letter, n) != n:
                raise OperationError(f"the letter {letter} stands for the sizes {size[letter]} and {n}")
    return size


def contract(xp: XP, o: Options, *operands: Value) -> Value:
    """The value of a planned einsum."""
    return _einsum(xp, o.inputs, o.output, o.size, operands)


def contract_vjp(xp: XP, o: Options, g: Value, y: Value, k: int, *operands: Value) -> Value:
    """The gradient of operand `k`: an einsum of the upstream gradient with all other operands.

    A letter that stands twice in the operand gets a second name, tied to the first by an identity matrix; one that
    stands nowhere else was summed alone, and is spread by ones.
    """
    subscripts = [o.output] + [s for j, s in enumerate(o.inputs) if j != k]
    arrays = [g] + [a for j, a in enumerate(operands) if j != k]
    plain: list[str] = []
    size, target, spare = dict(o.size), "", iter(c for c in ascii_letters if c not in o.size)
    for letter in o.inputs[k]:
        name = letter
        if letter in target:
            name = next(spare)
            size[name] = size[letter]
            plain.append(letter + name)
        elif not any(letter in s for s in subscripts):
            plain.append(letter)
        target += name
    made = [xp.ones((size[s],)) if len(s) == 1 else xp.eye(size[s[0]]) for s in plain]
    return _einsum(xp, subscripts, target, size, arrays, plain, made)


def _einsum(
    xp: XP, inputs: Any, output: str, size: dict[str, int], arrays: Any, plain: Any = (), made: Any = ()
) -> Value:
    """`arrays` may have leading axes (`...`), those `made` here have none."""
    text = ",".join([*(f"...{s}" for s in inputs), *plain]) + f"->...{output}"
    everything = [*arrays, *made]
    if len(everything) > 1 and prod(size.values()) > WORTH_A_PATH:
        return xp.einsum(text, *everything, optimize=True)
    return xp.einsum(text, *everything)
