"""Einsum: a subscript is read once, when the step is planned, into a plain form that takes stacked axes in front."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from string import ascii_letters, ascii_lowercase
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED, XP, Options, Structural, Value
from backpropcli.ops.planning import bounded, sample, shown
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import reshape

WORTH_A_PATH = 100_000
"""Above this many products NumPy looks for the best order (and for a matrix product) before it starts."""
AT_ONCE = 12
"""So many operands are multiplied at once (NumPy takes 63); of more the first two, and the result with the rest."""
MOST_LETTERS = 40
"""So many different letters, those of `...` included: NumPy has 52, and gradients need some of them."""
ELLIPSIS = [chr(0x100 + k) for k in range(64)]
"""Letters of our own for the axes of `...`, counted from the right; no subscript has them."""
SPARE = [chr(0x200 + k) for k in range(64)]
"""Second names for a letter that stands several times in one operand."""


def plan_einsum(shapes: list[Shape], subscripts: Any) -> tuple[Shape, Options]:
    """Explicit (`ij,jk->ik`) or implicit (`ij,jk`: the letters that stand once, sorted), with `...` as in NumPy.

    `o.inputs` and `o.output` name every axis by one letter. An axis of size 1 that meets a longer one stretches: it is
    left out of the operand, `o.thin` instead of `o.before`.
    """
    if not isinstance(subscripts, str):
        raise OperationError(f"subscripts are a text such as 'ij,jk->ik', not {shown(subscripts)}")
    left, arrow, output = "".join(subscripts.split()).partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise OperationError(
            f"the subscripts {shown(subscripts)} are for {_arrays(len(terms))}; here {_are(len(shapes))}"
        )
    inputs, ellipsis = [], ""
    for k, (term, shape) in enumerate(zip(terms, shapes, strict=True), 1):
        letters, dots = _axes(term, len(shape), subscripts)
        if len(letters) != len(shape):
            raise OperationError(
                f"the subscripts {term!r} name {_count(len(term))}; array {k} has the shape {show_shape(shape)}"
            )
        inputs.append(letters)
        ellipsis = max(ellipsis, dots, key=len)
    if arrow:
        target = _output(output, ellipsis, subscripts)
    else:
        target = ellipsis + "".join(sorted(c for c in set(left) - set(",.") if left.count(c) == 1))
    size = _sizes(inputs, shapes)
    if len(size) > MOST_LETTERS:
        raise OperationError(f"{len(size)} different letters; {MOST_LETTERS} is the most")
    for letter in target:
        if letter not in size:
            raise OperationError(f"the output has the letter {letter}, which no input has")
        if target.count(letter) > 1:
            raise OperationError(f"the letter {letter} stands twice in the output")
    kept = [
        [c for c, n in zip(letters, shape, strict=True) if n == size[c]]
        for letters, shape in zip(inputs, shapes, strict=True)
    ]
    return bounded(tuple(size[c] for c in target)), Options(
        inputs=tuple("".join(letters) for letters in kept),
        output=target,
        size=size,
        before=tuple(shapes),
        thin=tuple(tuple(size[c] for c in letters) for letters in kept),
        subscripts=subscripts,
    )


def _axes(term: str, rank: int, subscripts: str) -> tuple[str, str]:
    """The letters of an operand's axes, and those among them that `...` stands for."""
    before, dots, after = term.partition("...")
    for letter in before + after:
        if letter == ".":
            raise OperationError(f"{shown(subscripts)} has a point that is not part of '...'")
        if letter not in ascii_letters:
            raise OperationError(f"{letter!r} in the subscripts {shown(subscripts)} is not a letter")
    count = max(rank - len(before + after), 0) if dots else 0
    inner = "".join(reversed(ELLIPSIS[:count]))
    return before + inner + after, inner


def _output(term: str, ellipsis: str, subscripts: str) -> str:
    """The letters of the result's axes."""
    letters, _ = _axes(term, 0, subscripts)
    if "..." not in term and ellipsis:
        raise OperationError(
            "the output has no '...', and '...' stands for axes of the inputs", hint=f"Such as '->...{letters}'"
        )
    before, _, after = term.partition("...")
    return before + ellipsis + after if "..." in term else letters


def _arrays(count: int) -> str:
    return "1 array" if count == 1 else f"{count} arrays"


def _count(count: int) -> str:
    return "1 axis" if count == 1 else f"{count} axes"


def _are(count: int) -> str:
    return "is 1" if count == 1 else f"are {count}"


def _sizes(inputs: Sequence[str], shapes: list[Shape]) -> dict[str, int]:
    """Every letter's size; 1 stretches to what another operand has, but not along a diagonal."""
    size: dict[str, int] = {}
    for letters, shape in zip(inputs, shapes, strict=True):
        own: dict[str, int] = {}
        for letter, n in zip(letters, shape, strict=True):
            known = own.setdefault(letter, n), size.get(letter, 1)
            wrong = known[0] if known[0] != n else known[1] if 1 not in (known[1], n) and known[1] != n else n
            if wrong != n:
                said = f"the letter {letter} stands" if letter not in ELLIPSIS else "'...' stands"
                raise OperationError(f"{said} for the sizes {wrong} and {n}")
            size[letter] = n if known[1] == 1 else known[1]
    return size


def contract(xp: XP, o: Options, *operands: Value) -> Value:
    """The value of a planned einsum."""
    return _einsum(xp, o.inputs, o.output, o.size, _thinned(xp, o, operands))


def contract_vjp(xp: XP, o: Options, g: Value, y: Value, k: int, *operands: Value) -> Value:
    """The gradient of operand `k`: an einsum of the upstream gradient with all other operands.

    A letter that stands twice in the operand gets a second name, tied to the first by an identity matrix; one that
    stands nowhere else was summed alone, and is spread by ones.
    """
    others = [j for j in range(len(operands)) if j != k]
    subscripts = [o.output, *(o.inputs[j] for j in others)]
    thin = _thinned(xp, o, operands)
    arrays = [g, *(thin[j] for j in others)]
    plain: list[str] = []
    size, target, spare = dict(o.size), "", iter(SPARE)
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
    found = _einsum(xp, subscripts, target, size, arrays, plain, made)
    return reshape(xp, found, o.thin[k], o.before[k])


def _thinned(xp: XP, o: Options, operands: Sequence[Value]) -> list[Value]:
    """The operands without the axes of size 1 that stretch."""
    return [reshape(xp, a, before, thin) for a, before, thin in zip(operands, o.before, o.thin, strict=True)]


def _einsum(
    xp: XP,
    inputs: Sequence[str],
    output: str,
    size: dict[str, int],
    arrays: Sequence[Value],
    plain: Sequence[str] = (),
    made: Sequence[Value] = (),
) -> Value:
    """`arrays` may have leading axes (`...`), those `made` here have none."""
    terms = [*((True, s) for s in inputs), *((False, s) for s in plain)]
    values = [*arrays, *made]
    while len(values) > AT_ONCE:
        (one, a), (two, b), *rest = terms
        kept = "".join(dict.fromkeys(c for c in a + b if c in output or any(c in s for _, s in rest)))
        first = _product(xp, [(one, a), (two, b)], kept, size, values[:2], one or two)
        terms, values = [(one or two, kept), *rest], [first, *values[2:]]
    return _product(xp, terms, output, size, values, True)


def _product(
    xp: XP, terms: Sequence[tuple[bool, str]], output: str, size: dict[str, int], values: Sequence[Value], lead: bool
) -> Value:
    """One call of NumPy's; its letters are given out anew, as it knows no others than A to z."""
    fresh: Iterator[str] = iter(ascii_letters)
    known: dict[str, str] = {}
    for c in "".join(s for _, s in terms):
        if c not in known:
            known[c] = next(fresh)

    def said(stacked: bool, letters: str) -> str:
        return ("..." if stacked else "") + "".join(known[c] for c in letters)

    text = ",".join(said(*term) for term in terms) + "->" + said(lead, output)
    if len(values) > 1 and prod(size[c] for c in known) > WORTH_A_PATH:
        return xp.einsum(text, *values, optimize=True)
    return xp.einsum(text, *values)


OPERATIONS = (
    Structural(
        "einsum",
        "*operands",
        "sums of products, named by letters: 'ij,jk->ik' is the matrix product",
        group="linear algebra",
        options={"subscripts": REQUIRED},
        planner=plan_einsum,
        samples=(
            sample((2, 3), (3, 4), subscripts="ij,jk->ik"),
            sample((2, 3), (3, 4), subscripts="ij,jk"),
            sample((3, 3), subscripts="ii"),
            sample((3, 3), subscripts="ii->i"),
            sample((2, 3), subscripts="ij->j"),
            sample((2, 3), subscripts="ij->ji"),
            sample((2,), (3,), subscripts="i,j->ji"),
            sample((2, 3), (2, 3), subscripts="ij,ij->"),
            sample((2, 3), (2,), (3, 2), subscripts="ij,i,jk->k"),
            sample((2, 2, 3), (2, 3, 2), subscripts="bij,bjk->bik"),
            sample((2, 2, 2), (2,), subscripts="iij,k->j"),
            sample((2, 2, 2), subscripts="iii->i"),
            sample((), (2,), subscripts=",i->i"),
            sample((3, 1), (2, 4), subscripts="ab,bc->ac"),
            sample((1, 3), (2, 1), subscripts="ij,ij->"),
            sample((4, 2, 3), (1, 3, 2), subscripts="...ij,...jk"),
            sample((2, 4, 2), subscripts="i...i->..."),
            sample((2, 3), (3,), subscripts="...,...->..."),
            sample((2, 3), subscripts="i...->..."),
            sample(
                *[(2 - (k % 7 > 0), 2 - (k % 7 < 6)) for k in range(14)],
                subscripts=",".join(ascii_lowercase[k : k + 2] for k in range(14)),
            ),
        ),
        value=contract,
        vjps={"operands": ("g times the other operands, summed over their letters", contract_vjp)},
    ),
)
