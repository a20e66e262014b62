"""Which name in a file of gradients means which of ours: W1, dW1, grad_W1, dJ/dW1, W1.grad, or what --as says."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import SpecError, UsageError
from backpropcli.language.data.renaming import Rename, dotless, read_renames, unwrapped
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.language.data.gradients import Given
    from backpropcli.ops.definition import Value

LOSSES = ("loss", "cost", "J", "L", "E", "C")
"""What people call the loss in `dL/dW1`, whatever the network calls it."""
_FRACTION = re.compile(r"[d∂]_?(?P<of>[^\W_]\w*?)\s*(?:/|_)\s*[d∂]_?(?P<by>\w+)\Z")
_BEFORE = re.compile(r"(?:[d∂]_?|grad[_.]?|gradient[_.]?|g_)(?P<by>\w+)\Z")
_AFTER = re.compile(r"(?P<by>\w+?)[._](?:grad|gradient)\Z")
LISTED = 8
"""So many names are listed in a message."""

Right = Callable[[str], Any]
"""The gradient of a name of ours, as backprop has it."""


class Match(NamedTuple):
    """One array of the file: `key` as it is called there, our `name`, and the numbers in our shape."""

    key: str
    name: str
    value: Value


class Matched(NamedTuple):
    """What the file gives, in our names; `loss` is its value of the loss, where it has one.

    `misshapen` are those whose shape is not the gradient's: they are wrong, whatever their numbers are.
    """

    matches: tuple[Match, ...]
    missing: tuple[str, ...]
    loss: float | None
    misshapen: tuple[Match, ...] = ()

    @property
    def everything(self) -> tuple[Match, ...]:
        """All that was matched, whatever its shape."""
        return (*self.matches, *self.misshapen)

    def only(self, names: Sequence[str]) -> Matched:
        """What is given of these names; those that are not given are missing."""
        matches, misshapen = (tuple(m for m in some if m.name in names) for some in (self.matches, self.misshapen))
        given = {m.name for m in (*matches, *misshapen)}
        return Matched(matches, tuple(name for name in names if name not in given), self.loss, misshapen)


def match(
    given: Given,
    graph: Graph,
    of: str,
    right: Right,
    renames: Sequence[str] = (),
    allow_missing: bool = False,
    source: str = "this network",
    loaded: Collection[str] = (),
) -> Matched:
    """Every array of the file under our name and in our shape.

    Raises SpecError for a name that is not in the network, for a shape that does not fit, and for a parameter that the
    file does not have (unless `allow_missing`); UsageError for a rename that cannot be read.
    """
    wanted = _renames(renames, given, graph, source, loaded)
    matching = _Matching(given, graph, right)
    for key, value in given.arrays.items():
        rename = wanted.get(key)
        if rename is None and _is_loss(key, graph, of) and not _shape(value):
            matching.loss = float(value)
        elif name := plain_name(key, graph, of) if rename is None else rename.ours:
            matching.add(key, name, value, rename is not None and rename.turned)
        elif rename is None:
            matching.unknown.append(key)
    matched = matching.everything
    if matching.unknown:
        raise _unknown(given, graph, matching.unknown, matched, right, source)
    missing = tuple(name for name in graph.names("parameter") if name not in matched)
    if missing and not (allow_missing and matched):
        raise missing_error(given, missing, bool(matched))
    return Matched(matching.ordered(matching.found), missing, matching.loss, matching.ordered(matching.misshapen))


class _Matching:
    """What was found of a file so far, by our names: what fits, and what has another shape."""

    def __init__(self, given: Given, graph: Graph, right: Right) -> None:
        self.given = given
        self.graph = graph
        self.right = right
        self.found: dict[str, Match] = {}
        self.misshapen: dict[str, Match] = {}
        self.unknown: list[str] = []
        self.loss: float | None = None

    @property
    def everything(self) -> dict[str, Match]:
        """All of it, whatever its shape."""
        return {**self.found, **self.misshapen}

    def add(self, key: str, name: str, value: Value, turned: bool) -> None:
        """One array under our name; `turned`: it was told to be stored the other way round."""
        if other := self.everything.get(name):
            raise SpecError(f"{self.given.source}: {other.key} and {key} both mean {name}", self.given.place(key))
        theirs = Match(key, name, value.T if turned and _shape(value) else value)
        fitted = _fitted(self.given, theirs, self.graph.shape(name), turned, self.right)
        if fitted is None:
            self.misshapen[name] = theirs
        else:
            self.found[name] = fitted

    def ordered(self, matches: Mapping[str, Match]) -> tuple[Match, ...]:
        """Matches in the network's order."""
        return tuple(matches[name] for name in self.graph.nodes if name in matches)


def plain_name(key: str, graph: Graph, of: str) -> str:
    """The name of ours that a key means without being told; empty where none does."""
    if key in graph.nodes:
        return key
    if "." not in key:
        return _understood(key, graph, of)
    bare = unwrapped(key)
    return _understood(bare, graph, of) or _understood(dotless(bare), graph, of)


def _understood(key: str, graph: Graph, of: str) -> str:
    nodes = graph.nodes
    if key in nodes:
        return key
    fraction = _FRACTION.match(key)
    if fraction and fraction["by"] in nodes and (fraction["of"] == of or fraction["of"] in set(LOSSES) - set(nodes)):
        return fraction["by"]
    for form in (_BEFORE, _AFTER):
        matched = form.match(key)
        if matched and matched["by"] in nodes:
            return matched["by"]
    return ""


def _is_loss(key: str, graph: Graph, of: str) -> bool:
    return key == of or (key.lower() in ("loss", "cost") and key not in graph.nodes)


def _renames(
    texts: Sequence[str], given: Given, graph: Graph, source: str, loaded: Collection[str]
) -> dict[str, Rename]:
    """What `--as` says of names in this file; `loaded` are names that it has renamed in files of parameters."""
    result = {}
    for theirs, rename in read_renames(texts).items():
        ours, text = rename.ours, rename.text
        if theirs not in given.arrays:
            if theirs in loaded:
                continue
            near = did_you_mean(theirs, given.arrays)
            hint = "" if near else f"It has: {listed(given.arrays)}"
            raise UsageError(f"--as {text}: {given.source} has no {theirs}{near}", hint=hint)
        if ours and ours not in graph.nodes:
            near = did_you_mean(ours, graph.nodes)
            hint = "" if near else f"In the network:  {listed(graph.names('parameter'))}"
            if theirs in graph.nodes:
                hint = f"Their name stands first:  --as {ours}={theirs}" if ours in given.arrays else hint
            raise UsageError(f"--as {text}: {source} has no {ours}{near}", hint=hint)
        result[theirs] = rename
    return result


def _shape(value: Value) -> Shape:
    return tuple(getattr(value, "shape", ()))


def _fitted(given: Given, theirs: Match, shape: Shape, turned: bool, right: Right) -> Match | None:
    """Their numbers (already `turned`, where they are told to be stored so) in our shape; None where no layout has it.

    Axes of length 1 may be more or fewer: a bias as one row is a bias. Raises SpecError where the transpose would fit,
    which is a matter of layout and not of numbers.
    """
    value, have = theirs.value, _shape(theirs.value)
    if have == shape:
        return theirs
    if len(have) != len(shape) and [n for n in have if n != 1] == [n for n in shape if n != 1]:
        return theirs._replace(value=_laid_out(value, shape))
    one_row = 1 in have  # a transpose by chance, unless the numbers agree
    if have[::-1] == shape and len(have) > 1 and (not one_row or _alike(value.T, right(theirs.name))):
        raise _transposed(given, theirs, shape, turned)
    return None


def _laid_out(value: Value, shape: Shape) -> Value:
    """As many numbers in another shape, which differs in axes of length 1."""
    if not shape:
        return float(value.reshape(()))
    import numpy as np  # a bare number may become an array of one entry

    return np.reshape(value, shape)


def _transposed(given: Given, theirs: Match, shape: Shape, turned: bool) -> SpecError:
    """The error for a matrix that fits the other way round."""
    key, name = theirs.key, theirs.name
    what, meaning = key, "" if key == name else f", which is {name},"
    hint = f"The transpose fits:  --as {key}={name}.T"
    if turned:
        what, meaning = f"{key}.T", "" if key == name else f" (--as {key}={name}.T)"
        hint = f"As it stands it fits, without .T:  --as {key}={name}"
    have = show_shape(_shape(theirs.value))
    words = f"{what}{meaning} has shape {have}, but {name} in the network has shape {show_shape(shape)}"
    return SpecError(f"{given.source}: {words}", given.place(key), hint)


def listed(names: Iterable[str]) -> str:
    """Names in a row, those after the first few left out."""
    names = list(names)
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "") or "none"


def _with_shapes(shapes: Mapping[str, Shape]) -> str:
    return listed(f"{name} {show_shape(shape)}" if shape else name for name, shape in shapes.items())


def _unknown(
    given: Given, graph: Graph, unknown: Sequence[str], found: Mapping[str, Match], right: Right, source: str
) -> SpecError:
    """The error for names that are not in the network, with the --as line that would do."""
    parameters = graph.names("parameter")
    free = [name for name in parameters if name not in found]
    theirs = {key: _shape(value) for key, value in given.arrays.items()}
    ours = {name: graph.shape(name) for name in parameters}
    lines = [f"In the file:     {_with_shapes(theirs)}", f"In the network:  {_with_shapes(ours)}"]
    pairs = _paired(given, graph, unknown, free, right)
    if pairs:
        lines.append(f"Say which is which:  {' '.join(f'--as {text}' for text in pairs[:LISTED])}")
        if any(".T" in text for text in pairs):
            lines[-1] += "   (.T where rows are units)"
    if len(unknown) > len(pairs):
        left = next(key for key in unknown if not any(text.startswith(f"{key}=") for text in pairs))
        lines.append(f"To leave one out, give it no name:  --as {left}=")
    near = did_you_mean(unknown[0], parameters) if not pairs else ""
    return SpecError(
        f"{given.source}: no parameter of {source} is called {unknown[0]}{near}",
        given.place(unknown[0]),
        "\n".join(lines),
    )


def _paired(given: Given, graph: Graph, unknown: Sequence[str], free: Sequence[str], right: Right) -> list[str]:
    """The renames that would do: by the numbers where they agree, else by shape and order."""
    import numpy as np

    pairs: dict[str, str] = {}
    left = list(free)
    for by_numbers in (True, False):
        for key in unknown:
            if key in pairs:
                continue
            value = np.asarray(given.arrays[key])
            for name in left:
                wanted = np.asarray(right(name))
                ways = [
                    way
                    for way, turned in (("", value), (".T", value.T))
                    if turned.shape == wanted.shape
                    and (not way or value.ndim == 2)
                    and (not by_numbers or _alike(turned, wanted))
                ]
                if ways:
                    # PyTorch's weights have a row a unit: what x @ W has as a column.
                    stored = key.endswith("weight") and ".T" in ways and not by_numbers
                    pairs[key] = f"{key}={name}{'.T' if stored else ways[0]}"
                    left.remove(name)
                    break
    return [pairs[key] for key in unknown if key in pairs]


def _alike(a: Any, b: Any) -> bool:
    """Whether two arrays are plainly the same numbers, not all of them 0."""
    import numpy as np

    size = float(np.abs(b).max(initial=0.0))
    return size > 0.0 and bool(np.all(np.abs(a - b) <= 1e-3 * size))


def missing_error(given: Given, missing: Sequence[str], others: bool) -> SpecError:
    """The error for parameters that a file does not have; `others`: it has some."""
    which = f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    if not others:
        return SpecError(f"{given.source} has no gradient of any parameter", hint=f"{which[0].upper()}{which[1:]}.")
    return SpecError(
        f"{given.source}: {which}", hint="With --allow-missing, what is there is checked, and the rest is not."
    )
