"""What is done with the numbers of a file before they are used: another shape, a factor, standardised, one-hot.

In this order: `shape`, `scale`, `standardise`, `one_hot`. Nothing is computed before the whole network has been judged,
where the array is large.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, prod
from typing import TYPE_CHECKING, Any

from backpropcli.errors import SpecError
from backpropcli.language.data.deferred import LARGEST_ARRAY, LARGEST_KEPT, ready, too_large, waiting
from backpropcli.language.data.kept import Kept, Spread, Stored, blocks, spread
from backpropcli.ops.shape import Shape, show_shape

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words
    from backpropcli.ops.definition import Value

OPTIONS = ("shape", "scale", "standardise", "one_hot")
SPELLED = {"standardize": "standardise", "normalize": "standardise", "onehot": "one_hot", "reshape": "shape"}
"""How others call them: used in did-you-mean only."""


def prepared(words: Words, value: Value, raw: Mapping[str, Any], scale: float, name: str, path: Key) -> Value:
    """The array of a file as its options say; `scale` is the factor, read. SpecError, with place, where it cannot."""
    if "one_hot" in raw and ("scale" in raw or raw.get("standardise")):
        other = "scale" if "scale" in raw else "standardise"
        raise words.error(
            f"{other} does not go with one_hot: classes have numbers, not sizes", (*path, other), key=True
        )
    for option, change in (("shape", _shaped), ("scale", _scaled), ("standardise", _standardised), ("one_hot", _rows)):
        if option in raw and raw[option] is not False:
            value = change(words, value, scale if option == "scale" else raw[option], name, (*path, option))
    return value


def _shape(value: Value) -> Shape:
    return () if isinstance(value, float) else tuple(value.shape)


def _shaped(words: Words, value: Value, wanted: Any, name: str, path: Key) -> Value:
    """In another shape of as many numbers; one size may be -1, for what is left."""
    before = _shape(value)
    sizes = wanted if isinstance(wanted, list) else [wanted]
    fits = all(type(size) is int and size >= -1 for size in sizes) and sizes.count(-1) <= 1 and len(sizes) <= 32
    if not fits:
        raise words.error("shape wants whole numbers, one of which may be -1 (what is left)", path, "shape: [-1, 784]")
    known = prod(size for size in sizes if size != -1)
    if -1 in sizes and known:
        sizes = [prod(before) // known if size == -1 else size for size in sizes]
    if prod(sizes) != prod(before) or -1 in sizes:
        message = f"{name} has {prod(before):,} numbers in the shape {show_shape(before)}"
        raise words.error(f"{message}, which do not fit {show_shape(tuple(wanted))}", path)
    shape = tuple(sizes)
    if isinstance(value, Stored):
        return value.reshaped(shape)
    return waiting(shape, lambda: ready(value).reshape(shape))


def _scaled(words: Words, value: Value, factor: float, name: str, path: Key) -> Value:
    if not isfinite(factor):
        raise words.error("scale wants one number, such as 1/255", path)
    if isinstance(value, Kept):
        return value.then(lambda rows: rows * factor, value.shape, ("scale", factor))
    return waiting(_shape(value), lambda: ready(value) * factor)


def _standardised(words: Words, value: Value, wanted: Any, name: str, path: Key) -> Value:
    """Each column with mean 0 and standard deviation 1, a constant one 0: by the examples that train."""
    if wanted is not True:
        raise words.error("standardise is true or false", path)
    shape = _shape(value)
    if not shape:
        raise words.error(f"{name} is one number: it has no deviation", path)

    words.standardised[name] = split_of(words)
    if isinstance(value, Kept):
        return standardised(value, _trains(words, shape[0], path))

    def make() -> Value:
        array = ready(value)
        return standardised(array, _trains(words, len(array), path))

    return waiting(shape, make)


def standardised(array: Value, rows: Any = None) -> Value:
    """Each column less its mean, by its standard deviation, of these rows; a column that is constant there is 0.

    What is standardised already comes to the same, but for rounding, whichever rows it was standardised by.
    """
    if isinstance(array, Kept):
        return _standardised_later(array, rows)
    some = array if rows is None else array[rows]
    # What is left of equal numbers by rounding is no deviation: such a column is constant.
    constant = (some == some[:1]).all(axis=0)
    return _centred(array, Spread(some.mean(axis=0), some.std(axis=0), constant))


def _centred(array: Any, found: Spread) -> Any:
    centred = array - found.mean
    centred /= found.deviation + found.constant
    if found.constant.any():
        centred[..., found.constant] = 0.0
    return centred


def _standardised_later(array: Kept, rows: Any) -> Kept:
    """One that is kept: these rows are looked at once, in a stream, when the first are wanted."""
    found: list[Spread] = []

    def change(block: Any) -> Any:
        if not found:
            found.append(spread(array, rows))
        return _centred(block, found[0])

    return array.then(change, array.shape, "standardise")


def split_of(words: Words) -> tuple[Any, Any]:
    """The holdout and the seed that `train:` says."""
    train = words.sections.get("train")
    said = train if isinstance(train, dict) else {}
    return said.get("holdout", 0), said.get("seed", 0)


def _trains(words: Words, examples: int, path: Key) -> Any:
    """The examples that train, by the holdout and the seed of `train:`; None where that is all of them."""
    held, seed = split_of(words)
    if not held or type(held) not in (int, float) or type(seed) is not int:
        return None  # what is wrong with it is said where `train:` is read
    from backpropcli.language.training.split import split

    try:
        return split(examples, held, seed)[0]
    except SpecError as error:
        raise words.placed(error, path) from None


def _rows(words: Words, value: Value, classes: Any, name: str, path: Key) -> Value:
    """A row of zeros with a single 1 for each class number."""
    if type(classes) is not int or classes < 1:
        raise words.error("one_hot wants how many classes there are", path, "one_hot: 10")
    shape = (*_shape(value), classes)
    if message := too_large(shape, LARGEST_KEPT if isinstance(value, Kept) else LARGEST_ARRAY):
        raise words.error(f"{name} with one_hot has the shape {message}", path)
    if isinstance(value, Kept):
        for rows, block in blocks(value):
            _check_classes(words, block, classes, name, path, int(rows[0]))
        return value.then(lambda block: _one_hot(block, classes), shape, ("one_hot", classes))
    import numpy as np

    numbers = np.asarray(ready(value))  # labels are few, and are judged at once
    _check_classes(words, numbers, classes, name, path)
    return waiting(shape, lambda: _one_hot(numbers, classes))


def _check_classes(words: Words, numbers: Any, classes: int, name: str, path: Key, first: int = 0) -> None:
    """Refuse what is no class number; these are those from row `first` on."""
    import numpy as np

    wrong = ~((numbers >= 0) & (numbers < classes) & (numbers % 1 == 0))
    if wrong.any():
        place = tuple(int(k) for k in np.argwhere(wrong)[0])
        found = float(numbers[place])
        shown = ", ".join(map(str, (place[0] + first, *place[1:]))) if place else ""
        entry = f"{name}[{shown}]" if place else name
        raise words.error(f"{entry} is {found:g}, not one of the {classes} classes, 0 to {classes - 1}", path)


def _one_hot(numbers: Any, classes: int) -> Any:
    import numpy as np

    result = np.zeros((numbers.size, classes))
    result[np.arange(numbers.size), numbers.ravel().astype(int)] = 1.0
    return result.reshape(*numbers.shape, classes)
