"""Entries put where numbers say: PyTorch's scatter and index families, as sums over one-hot rows.

`hot` says which entry of the source goes to which place of the result, along the last axis but one and the last; every
other axis stands for itself. What is put, added or compared there is a reduction over the last axis but one.
"""

from __future__ import annotations

from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED
from backpropcli.ops.formula import Case, Formula, Sample, Written
from backpropcli.ops.planning import axis_of, flag, number, shown
from backpropcli.ops.shape import Shape, show_shape

PLACED = {
    "sum": "sum(where(hot, e, 0), axis=-2)",
    "mean": "sum(where(hot, e, 0), axis=-2)",
    "prod": "prod(where(hot, e, 1), axis=-2)",
    "amax": "max(where(hot, e, -inf), axis=-2)",
    "amin": "min(where(hot, e, inf), axis=-2)",
}
"""What the entries that go to one place come to."""
TOGETHER = {
    "sum": "x + placed",
    "mean": "(x + placed) / (1 + hits)",
    "prod": "x * placed",
    "amax": "max(concatenate([x[..., None, :], where(hot, e, -inf)], axis=-2), axis=-2)",
    "amin": "min(concatenate([x[..., None, :], where(hot, e, inf)], axis=-2), axis=-2)",
}
"""The same together with what was there."""
COPY, SUM = "copy", "sum"


class Places:
    """Where a call puts what: the result's axis, and the formulas of `hot`, the entries `e` and the array `x`."""

    def __init__(self, case: Case, aligned: bool) -> None:
        shape, index = case.shapes["input"], case.shapes["index"]
        self.number = not shape
        self.shape: Shape = shape or (1,)
        self.index: Shape = index or (1,)
        self.axis = axis_of(case.options.axis, self.shape)
        self.source = case.shapes.get("src", ())
        self.aligned = aligned
        self.size = self.shape[self.axis]

    def moved(self, text: str, own: Shape) -> str:
        """An array with its axis last."""
        text = text if own else f"reshape({text}, (1,))"
        return text if self.axis == -1 else f"moveaxis({text}, {self.axis}, -1)"

    def helpers(self) -> dict[str, str]:
        """The helpers of every formula of the family."""
        index = self.moved("index", self.index) if self.aligned else "index"
        entries = self.entries()
        hot = f"one_hot({index}, {self.size})"
        if widths := self.widths():
            hot, entries = f"pad({hot}, {widths})", f"pad({entries}, {widths})"
        own = () if self.number else self.shape
        return {"x": self.moved("input", own), "hot": hot, "e": entries, "hits": "sum(hot, axis=-2)"}

    def entries(self) -> str:
        """What is put, beside `hot`: an entry of the source for each number, or one for all."""
        if not self.source and not (self.number and self.aligned):
            return "src" if not self.widths() else f"(src + 0 * {self.moved('index', self.index)})[..., None]"
        text = "src"
        if self.aligned and self.source != self.index:
            text = f"src[{', '.join(f':{n}' for n in self.index)}]"
        return f"{self.moved(text, self.source)}[..., None]"

    def widths(self) -> tuple[tuple[int, int], ...]:
        """How far the other axes of the numbers end before those of the result; nothing where they all end together."""
        if not self.aligned:
            return ()
        place = self.axis % len(self.shape)
        rest = [(0, a - b) for k, (a, b) in enumerate(zip(self.shape, self.index, strict=True)) if k != place]
        return (*rest, (0, 0), (0, 0)) if any(b for _, b in rest) else ()

    def back(self, text: str) -> str:
        """The result with its axis where it was."""
        if self.number:
            return f"reshape({text}, ())"
        return text if self.axis == -1 else f"moveaxis({text}, -1, {self.axis})"


def _checked(case: Case, aligned: bool) -> Places:
    """The places of a call, whose shapes fit."""
    shape, index = case.shapes["input"], case.shapes["index"]
    source = case.shapes.get("src", ())
    places = Places(case, aligned)
    if aligned and len(index) != len(shape):
        raise OperationError(
            f"index has the shape {show_shape(index)} and input {show_shape(shape)}: it needs as many axes"
        )
    if aligned and source and (len(source) != len(index) or any(a < b for a, b in zip(source, index, strict=True))):
        raise OperationError(
            f"src has the shape {show_shape(source)}: it needs an entry for each of index, {show_shape(index)}"
        )
    if not aligned:
        if len(index) > 1:
            raise OperationError(f"index has the shape {show_shape(index)}: it needs one number for each slice")
        wanted = list(shape)
        if shape:
            wanted[places.axis] = index[0] if index else 1
        if "src" in case.shapes and source != tuple(wanted) and source:
            raise OperationError(
                f"source has the shape {show_shape(source)}: it needs {show_shape(tuple(wanted))}",
                hint="It has a slice for each number of index.",
            )
    return places


def _written(case: Case, how: str, self_too: bool, aligned: bool) -> Written:
    places = _checked(case, aligned)
    where = places.helpers()
    if how == COPY:
        return Written(places.back("where(hits > 0, placed, x)"), {**where, "placed": PLACED[SUM]})
    where["placed"] = PLACED[how]
    if self_too:
        return Written(places.back(TOGETHER[how]), where)
    mean = "placed / where(hits > 0, hits, 1)" if how == "mean" else "placed"
    return Written(places.back(f"where(hits > 0, {mean}, x)"), where)


def _scatter(case: Case) -> Written:
    reduce = case.options.reduce
    how = {None: COPY, "add": SUM, "multiply": "prod", "sum": SUM, "prod": "prod"}.get(reduce)
    if how is None:
        raise OperationError(f"reduce is 'add' or 'multiply', not {shown(reduce)}")
    return _written(case, how, True, True)


def _reduced(aligned: bool) -> Any:
    def build(case: Case) -> Written:
        if case.options.reduce not in PLACED:
            words = ", ".join(f"'{word}'" for word in PLACED)
            raise OperationError(f"reduce is one of {words}, not {shown(case.options.reduce)}")
        return _written(case, case.options.reduce, flag(case.options.include_self, "include_self"), aligned)

    return build


def _index_add(case: Case) -> Written:
    alpha = number(case.options.alpha, "alpha")
    found = _written(case, SUM, True, False)
    return found if alpha == 1 else Written(found.value, {**found.where, "placed": f"alpha * {PLACED[SUM]}"})


def _index_fill(case: Case) -> Written:
    places = _checked(case, False)
    where = places.helpers()
    return Written(
        places.back("where(hits > 0, src, x)"), {"x": where["x"], "hot": where["hot"], "hits": "sum(hot, axis=0)"}
    )


GENERAL = {"hot": "one_hot(index, 4)", "e": "src[..., None]", "hits": "sum(hot, axis=-2)", "placed": PLACED[SUM]}
ROWS: dict[str, Any] = {"x": (4, 3), "i": [2, 0, 2], "s": (3, 3), "j": [[0, 1, 2], [3, 1, 0]], "t": (2, 3)}


def _scattering(name: str, words: str, formula: str, build: Any, *samples: Sample, **rest: Any) -> Formula:
    options = {"axis": REQUIRED, **rest.pop("options", {})}
    source = rest.pop("source", "src")
    return Formula(
        name,
        "input index src",
        words,
        group="shapes",
        formula=formula,
        where={**GENERAL, "x": "input"} if "placed" in formula else {k: GENERAL[k] for k in ("hot", "hits")},
        build=build,
        samples=samples,
        options=options,
        keywords={"dim": "axis", source: "src", "value": "src"},
        order=("input", "axis", "index", "src", *(k for k in options if k != "axis")),
        source=f"torch.{name}",
        **rest,
    )


OPERATIONS = (
    _scattering(
        "scatter",
        "entries put into an array, each at its number along an axis",
        "where(hits > 0, placed, x)",
        _scatter,
        ("scatter(x, 0, j, t)", ROWS),
        ("scatter(x, 1, [[0, 2], [1, 0]], t)", ROWS),
        ("scatter(x, 0, j, 2.5)", ROWS),
        options={"reduce": None},
    ),
    _scattering(
        "scatter_add",
        "entries added to an array, each at its number along an axis",
        "x + placed",
        lambda case: _written(case, SUM, True, True),
        ("scatter_add(x, 0, j, t)", ROWS),
        ("scatter_add(x, 1, [[0, 0]], t)", ROWS),
    ),
    _scattering(
        "scatter_reduce",
        "entries joined by a sum, mean, product, or the largest or smallest, each at its number along an axis",
        "x + placed",
        _reduced(True),
        ("scatter_reduce(x, 0, j, t, 'mean')", ROWS),
        ("scatter_reduce(x, 0, j, t, 'prod', include_self=False)", ROWS),
        ("scatter_reduce(x, 0, j, t, 'amax')", ROWS),
        ("scatter_reduce(x, 1, j * 0, t, 'amin', include_self=False)", ROWS),
        options={"reduce": REQUIRED, "include_self": True},
    ),
    _scattering(
        "index_add",
        "slices added to those of an array, by number",
        "x + placed",
        _index_add,
        ("index_add(x, 0, i, s)", ROWS),
        ("index_add(x, 1, [1, 1], x[:, :2], alpha=-2)", ROWS),
        options={"alpha": 1},
        source="source",
    ),
    _scattering(
        "index_copy",
        "slices put in the place of those of an array, by number",
        "where(hits > 0, placed, x)",
        lambda case: _written(case, COPY, True, False),
        ("index_copy(x, 0, [3, 0, 2], s)", ROWS),
        source="source",
    ),
    _scattering(
        "index_fill",
        "one value in the place of some slices of an array, by number",
        "where(hits > 0, src, input)",
        _index_fill,
        ("index_fill(x, 0, i, 2.5)", ROWS),
        ("index_fill(x, 1, [1], w)", {**ROWS, "w": ()}),
    ),
    _scattering(
        "index_reduce",
        "slices joined with those of an array by a mean, product, or the largest or smallest, by number",
        "x + placed",
        _reduced(False),
        ("index_reduce(x, 0, i, s, 'mean')", ROWS),
        ("index_reduce(x, 0, i, s, 'amax', include_self=False)", ROWS),
        options={"reduce": REQUIRED, "include_self": True},
        source="source",
    ),
)
