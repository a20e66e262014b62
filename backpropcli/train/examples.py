"""Which inputs and targets have an example in each row, found by their lengths and tried with fewer rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.errors import SpecError
from backpropcli.language.data.kept import fewer
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.language.network import Spec
    from backpropcli.language.training.split import Rows
    from backpropcli.language.training.training import Training
    from backpropcli.ops.definition import Value

SAID = ("train", "examples")
"""Where an author says it."""


class Examples(NamedTuple):
    """The inputs and targets whose first axis counts examples, in the network's order, and how many there are."""

    names: tuple[str, ...]
    total: int

    def __str__(self) -> str:
        return f"{self.total} examples: the rows of {', '.join(self.names)}"

    def take(self, values: Mapping[str, Value], rows: Rows) -> dict[str, Value]:
        """The values of these examples alone, of those names that have any; what is kept in a file stays there."""
        return {name: fewer(values[name], rows) for name in self.names}

    def cut(self, spec: Spec, count: int, more: Mapping[str, str] | None = None) -> Spec:
        """The network for so many examples, with further nodes (metrics) where there are `more`.

        Its values are the first ones, over again where there are not enough. Raises SpecError where a formula does not
        work for so many.
        """
        import numpy as np

        rows = np.arange(count) % self.total
        try:
            return spec.again(self.take(spec.values, rows), more or {})
        except SpecError as error:
            if more:
                self.cut(spec, count)  # is it the network, or one of those?
                raise
            raise _uncut(spec, self, count, error) from None


def found_examples(spec: Spec, training: Training) -> Examples:
    """Which inputs and targets have examples: those that the author says have (`examples:`).

    Otherwise those whose first axis is as long as that of all targets; without targets, all inputs that are arrays.
    They are tried: the network has to work for another number of examples. Raises SpecError, with its place, where the
    network cannot be cut, where what has examples cannot be told, and where nothing is an array.
    """
    if training.examples is not None:
        return _tried(spec, _said(spec, training.examples))
    graph = spec.graph
    arrays = {name: graph.shape(name)[0] for name in graph.names("input", "target") if graph.shape(name)}
    targets = graph.names("target")
    if not arrays or (targets and not any(name in arrays for name in targets)):
        raise _error(
            spec,
            "this network has one example: no input or target has a row for each of several",
            f"Such as  {(*graph.names('input'), 'x')[0]}: [[..], [..]]  with one example a row.",
        )
    lengths = {arrays.get(name) for name in targets} or set(arrays.values())
    if targets and len(lengths) > 1:
        raise _ambiguous(spec, targets, "the targets have not one length", arrays)
    found = [_candidates(spec, arrays, n) for n in sorted(filter(None, lengths), reverse=True)]
    if len(found) == 1:
        return _narrowed(spec, found[0])
    works = [one for one in found if _reason(spec, one) is None]
    if len(works) == 1:
        return works[0]
    raise _ambiguous(spec, list(arrays), "no target decides which", arrays)


def _candidates(spec: Spec, arrays: Mapping[str, int], count: int) -> Examples:
    return Examples(tuple(name for name, length in arrays.items() if length == count), count)


def _said(spec: Spec, said: Sequence[str]) -> Examples:
    """What the author says, as far as it can be."""
    graph = spec.graph
    known = graph.names("input", "target")
    for name in said:
        if name not in known:
            from backpropcli.suggest import did_you_mean

            message = f"no input or target is called {name}{did_you_mean(name, known)}"
            raise _error(spec, message, f"There is: {', '.join(known[:20])}")
        if not graph.shape(name):
            raise _error(spec, f"{name} is one number: it has no examples")
    lengths = {name: graph.shape(name)[0] for name in known if name in said}
    if len(set(lengths.values())) != 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise _error(spec, f"examples are not equally many: {shown}" if lengths else "examples: names nothing")
    return Examples(tuple(lengths), next(iter(lengths.values())))


def _narrowed(spec: Spec, all_of_them: Examples) -> Examples:
    """The candidates, or those of them without the one input that only happens to be as long."""
    if (reason := _reason(spec, all_of_them)) is None:
        return all_of_them
    inputs = [name for name in all_of_them.names if spec.graph.nodes[name].kind == "input"]
    fewer = [all_of_them._replace(names=tuple(n for n in all_of_them.names if n != left)) for left in inputs]
    works = [one for one in fewer if one.names and _reason(spec, one) is None]
    if len(works) == 1:
        return works[0]
    if works:
        arrays = dict.fromkeys(all_of_them.names, all_of_them.total)
        raise _ambiguous(spec, list(arrays), "not all of them, but which", arrays)
    raise reason


def _tried(spec: Spec, examples: Examples) -> Examples:
    if (reason := _reason(spec, examples)) is not None:
        raise reason
    return examples


def _reason(spec: Spec, examples: Examples) -> SpecError | None:
    """Why the network does not work for another number of examples; None where it does.

    Fewer than there are, but never one: what is one long fits everything, and a parameter with a number for each
    example would pass.
    """
    count = examples.total // 2 if examples.total >= 4 else examples.total + 1
    try:
        examples.cut(spec, count)
    except SpecError as error:
        return error
    return None


def _uncut(spec: Spec, examples: Examples, count: int, error: SpecError) -> SpecError:
    """The error for a network that works for all its examples together alone."""
    names = ", ".join(examples.names)
    hint = (
        f"Batches and what is held out take some of its {examples.total} examples, the rows of {names}; here {count}."
    )
    graph = spec.graph
    same = [n for n in graph.names("input", "target") if graph.shape(n)[:1] == (examples.total,)]
    listed = ", ".join(same) if tuple(same) != examples.names else ".."
    others = f"If others have the examples:  train: {{examples: [{listed}]}}"
    told = SpecError(
        f"this network cannot be cut into batches: {error.message}",
        error.place,
        "\n".join(filter(None, [error.hint, hint, others])),
    )
    told.span = error.span
    return told


def _ambiguous(spec: Spec, names: Sequence[str], why: str, arrays: Mapping[str, int]) -> SpecError:
    """The error where several inputs or targets may have the examples, or several lengths their number."""
    shown = ", ".join(f"{name} {show_shape(spec.graph.shape(name)) or 'one number'}" for name in names[:8])
    first = next((name for name in names if name in arrays), "")
    same = [name for name, length in arrays.items() if length == arrays.get(first)]
    message = f"which inputs and targets have an example in each row? {why[0].upper()}{why[1:]}: {shown}"
    return _error(spec, message, f"Say it:  train: {{examples: [{', '.join(same)}]}}")


def _error(spec: Spec, message: str, hint: str = "") -> SpecError:
    place = spec.place(SAID)
    said = place is not None and "examples" in place.text
    return SpecError(message, place if said else None, hint)
