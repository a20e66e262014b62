"""Values: a number, a constant expression, a list, an initialiser or a file become a float or a float64 array."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from backpropcli.errors import BackpropError, LargeFileError, SpecError
from backpropcli.language.data import prepared
from backpropcli.language.data.deferred import ready, too_large, transposed, waiting
from backpropcli.language.data.kept import kept
from backpropcli.language.data.printed import made, rowed, spaced
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words
    from backpropcli.ops.definition import Value

MOST_AXES = 32
TRANSPOSE = "transpose"
"""The option of whatever is made or read: its axes in reverse order, as of weights that PyTorch has saved."""
_COMMA = re.compile(r"\s*([-+]?\d+,\d+(?:[eE][-+]?\d+)?)\s*\Z")
_DATE = re.compile(r"\s*\d{4}-\d\d-\d\d\s*\Z")
_SPELLED = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
FILES = {
    "csv": ("columns", "skip", *prepared.OPTIONS),
    "npz": ("array", *prepared.OPTIONS),
    "npy": prepared.OPTIONS,
    "idx": prepared.OPTIONS,
}
"""The files that numbers are read from, with their options."""


def read_value(words: Words, raw: Any, name: str, path: Key) -> Value:
    """What `raw`, written at `path`, is worth: a float, or a float64 array.

    Not-a-number and infinity may be written (`.nan`, `.inf`); true, false and words are refused.
    """
    return ready(plan_value(words, raw, name, path))


def plan_value(words: Words, raw: Any, name: str, path: Key) -> Value:
    """What `raw` is worth; a large array that is made or read waits, with its shape, until `ready` is asked for it."""
    kind = type(raw)
    if kind is float:
        return raw
    if kind is int or kind is str:
        return _number(words, raw, name, path)
    if kind is list:
        return _array(words, unpacked(raw), name, path)
    if kind is dict:
        return _made(words, raw, name, path)
    if raw is None:
        raise words.error(f"{name} has no value", path)
    raise words.error(f"{name} is {str(raw).lower()}, not a number", path, f"A number is {int(raw)}.")


def _number(words: Words, raw: Any, name: str, path: Key) -> Value:
    """A number or the text of a constant expression; `name` is what the value is called."""
    if type(raw) is int:
        return float(raw)  # a larger one than fits stays text: see yaml12.number
    if type(raw) is float:
        return raw
    if type(raw) is not str:
        raise words.error(
            "a number is expected here, not "
            + ("nothing" if raw is None else "a mapping" if isinstance(raw, dict) else str(raw).lower()),
            path,
        )
    if raw in _SPELLED:
        return _SPELLED[raw]
    if comma := _COMMA.match(raw):
        from backpropcli.language.file.yaml_errors import comma_error

        raise comma_error(comma[1], words.place(path))
    if _DATE.match(raw):
        difference = " - ".join(str(int(part)) for part in raw.split("-"))
        raise words.error(f"{raw.strip()} is a date, not a number", path, f"A difference has spaces: {difference}")
    return constant(words, f"array({inner})" if (inner := made(raw)) else raw, name, path)


def constant(words: Words, text: str, name: str, path: Key) -> Value:
    """The value of a constant expression, such as `1/3`, `pi/4` or `sqrt(2)`."""
    from backpropcli.language.formula import evaluate
    from backpropcli.language.formula.reading import read_formula

    try:
        found = evaluate.constant(read_formula(text))
    except BackpropError as error:
        if re.fullmatch(r"\s*[^\W\d]\w*\s*", text):
            hint = "A value is a number, 1/3, a list, {he: [2, 3]} or {csv: data.csv}."
            raise words.error(f"{name} is {text.strip()}, not a number", path, hint) from None
        raise words.placed(error, path) from None
    if found is None:
        raise words.error(f"{name} is not a constant", path)
    return found


def unpacked(raw: list[Any]) -> list[Any]:
    """A list with numbers for a text that is all there is in brackets, as in `[1 2 3]` or `[1 2; 3 4]`."""
    if len(raw) == 1 and type(raw[0]) is str and (numbers := spaced(raw[0])):
        return numbers
    if raw and type(raw[-1]) is not list and (rows := rowed(raw)):
        return rows
    return [unpacked(item) if type(item) is list else item for item in raw] if raw and type(raw[0]) is list else raw


def _array(words: Words, raw: list[Any], name: str, path: Key) -> Value:
    """A nested list as an array: all lists of one level are equally long, and all numbers stand at one level."""
    import numpy as np

    shape: list[int] = []
    level: list[Any] = [raw]
    while level and type(level[0]) is list:
        size = len(level[0])
        for position, item in enumerate(level):
            if type(item) is not list or len(item) != size:
                raise _ragged(words, name, path, shape, position, item, size)
        if len(shape) == MOST_AXES:
            raise words.error(f"{name} has more than {MOST_AXES} axes", path)
        shape.append(size)
        level = [entry for item in level for entry in item]
    if set(map(type, level)) <= {float, int}:
        return np.array(level, dtype=np.float64).reshape(shape)
    numbers = []
    for position, item in enumerate(level):
        if type(item) is float or type(item) is int:
            numbers.append(float(item))
            continue
        where = (*path, *_unravel(position, shape))
        if type(item) is list:
            raise words.error(f"{_entry(name, shape, position)} is a list, where other entries are numbers", where)
        value = _number(words, item, _entry(name, shape, position), where)
        if not isinstance(value, float):
            raise words.error(f"{_entry(name, shape, position)} is not one number", where)
        numbers.append(value)
    return np.array(numbers, dtype=np.float64).reshape(shape)


def _ragged(words: Words, name: str, path: Key, shape: list[int], position: int, item: Any, size: int) -> SpecError:
    index = _unravel(position, shape)
    what = _entry(name, shape, position)
    if type(item) is not list:
        return words.error(f"{what} is not a list, but the entries before it are", (*path, *index))
    entries = f"{len(item)} {'entry' if len(item) == 1 else 'entries'}"
    return words.error(
        f"{what} has {entries}, but the lists before it have {size}",
        (*path, *index),
        "All rows of an array are equally long.",
    )


def _unravel(position: int, shape: list[int]) -> tuple[int, ...]:
    index: list[int] = []
    for size in reversed(shape):
        position, rest = divmod(position, size)
        index.append(rest)
    return tuple(reversed(index))


def _entry(name: str, shape: list[int], position: int) -> str:
    index = _unravel(position, shape)
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def _made(words: Words, raw: dict[str, Any], name: str, path: Key) -> Value:
    """A value that is made (an initialiser) or read (a file)."""
    from backpropcli.language.data.initialisers import NAMED, OPTIONS

    kinds = [key for key in raw if key in OPTIONS or key in FILES]
    if len(kinds) > 1:
        raise words.error(
            f"{name} is given twice: by {kinds[0]} and by {kinds[1]}",
            (*path, kinds[1]),
            f"Leave one out: {{{kinds[0]}: ...}}",
            key=True,
        )
    if not kinds:
        first = next(iter(raw), "")
        raise words.error(
            f"{name} is not a value{did_you_mean(first, [*OPTIONS, *FILES])}",
            path,
            "A value is a number, 1/3, a list, {he: [2, 3], seed: 0}, {csv: data.csv, columns: [a]} "
            "or {npz: file.npz, array: W1}.",
        )
    kind = kinds[0]
    known = FILES[kind] if kind in FILES else tuple(OPTIONS[kind])
    allowed = (*known, *((NAMED,) if "seed" in known else ()), TRANSPOSE)
    for option in raw:
        if option != kind and option not in allowed:
            message = f"{kind} has no option {option}{_meant(option, allowed)}"
            raise words.error(message, (*path, option), f"It has: {', '.join(allowed)}.", key=True)
    value = (_read if kind in FILES else _initialised)(words, raw, kind, name, path)
    return _transposed(words, raw[TRANSPOSE], value, (*path, TRANSPOSE)) if TRANSPOSE in raw else value


def _transposed(words: Words, switch: Any, value: Value, path: Key) -> Value:
    """The value with its axes in reverse order, where the `switch` says so."""
    if type(switch) is not bool:
        raise words.error(f"{TRANSPOSE} is true or false", path)
    if not switch or isinstance(value, float):
        return value
    if kept(value):
        raise words.error("what stays in its file, batch by batch, is not transposed", path, key=True)
    return transposed(value)


def _meant(option: str, allowed: tuple[str, ...]) -> str:
    """The option that another name means, or the nearest one."""
    other = prepared.SPELLED.get(option)
    return f". Did you mean {other}?" if other in allowed else did_you_mean(option, allowed)


def _column(raw: Any) -> bool:
    """Whether this says which column, or which columns."""
    listed = raw if isinstance(raw, list) else [raw]
    return bool(listed) and all(type(column) in (str, int) for column in listed)


_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "array": (lambda raw: raw is None or isinstance(raw, str), "array: wants a name"),
    "columns": (lambda raw: raw is None or _column(raw), "columns: wants a name, a number from 0, or a list of them"),
    "skip": (lambda raw: type(raw) is int and raw >= 0, "skip: wants a number of lines"),
}
"""What the options of a file may be, and what is said of one that is something else."""


def _read(words: Words, raw: dict[str, Any], kind: str, name: str, path: Key) -> Value:
    file = raw[kind]
    if not isinstance(file, str) or not file:
        raise words.error(f"{kind} wants the name of a file", (*path, kind))
    for option, (fits, message) in _CHECKS.items():
        if option in raw and not fits(raw[option]):
            raise words.error(message, (*path, option))
    scale = read_option(words, raw.get("scale", 1.0), "scale", (*path, "scale"))
    try:
        value = _file(words, kind, file, path, raw)
        if kind == "idx" and not isinstance(value, float) and not kept(value):
            words.read += math.prod(value.shape)  # it may be packed: the network is judged by what it holds
        return prepared.prepared(words, value, raw, scale, name, path)
    except BackpropError as error:
        if error.place is not None:  # inside the file: say who wanted it
            asked = words.place((*path, kind))
            reader = f"It is read for {name}" + (f", {asked}" if asked else "")
            error.hint = "\n".join(filter(None, [error.hint, reader]))
        if isinstance(error, LargeFileError):
            error.hint = "\n".join(filter(None, [error.hint, words.instead]))
        raise words.placed(error, (*path, kind)) from None


def _file(words: Words, kind: str, file: str, path: Key, raw: dict[str, Any]) -> Value:
    """The numbers of a file.

    Where batches are taken, those of a large one stay there and count for nothing, and of others their numbers count
    alone: what is measured at once is to be small as well.
    """
    before = words.read
    where = words.file(file, path)
    if not words.batches or path[0] not in ("inputs", "targets"):
        return _from_file(kind, where, raw)
    from backpropcli.language.data.large import large

    value = large(kind, where, raw)
    value = _from_file(kind, where, raw) if value is None else value
    held = 0 if isinstance(value, float) or kept(value) else math.prod(value.shape)
    words.read = min(words.read, before + held)
    return value


def _from_file(kind: str, where: str, raw: dict[str, Any]) -> Value:
    """The numbers of a file, as they stand there."""
    if kind == "csv":
        from backpropcli.language.data.columns import read_csv

        return read_csv(where, raw.get("columns"), raw.get("skip", 0))
    if kind == "idx":
        from backpropcli.language.data.idx import read_idx

        return read_idx(where)
    from backpropcli.language.data import numpy_files as tables

    return tables.read_npz(where, raw.get("array")) if kind == "npz" else tables.read_npy(where)


def _initialised(words: Words, raw: dict[str, Any], kind: str, name: str, path: Key) -> Value:
    from backpropcli.language.data.initialisers import NAMED, OPTIONS, SHAPED, initialise

    shape = read_shape(words, raw[kind], kind, (*path, kind))
    if message := too_large(shape):
        raise words.error(f"{kind} with shape {message}", (*path, kind))
    if 0 in shape:
        raise words.error(f"{kind} with shape {show_shape(shape)} holds no numbers", (*path, kind))
    options: dict[str, float] = {}
    for option in OPTIONS[kind]:
        if option in raw:
            options[option] = read_option(words, raw[option], option, (*path, option))
    if kind == "full" and "value" not in options:
        raise words.error("full wants a value: {full: [2, 3], value: 0.5}", path)
    if options.get("std", 0.0) < 0:
        raise words.error("std cannot be negative", (*path, "std"))
    settings = {**OPTIONS[kind], **options}
    if kind == "uniform" and settings["low"] > settings["high"]:
        raise words.error(
            f"low is {settings['low']:g}, above high, which is {settings['high']:g}",
            (*path, "low" if "low" in raw else "high"),
        )
    if kind in SHAPED and not shape:
        raise words.error(
            f"{kind} goes by the shape, and [] is one number",
            (*path, kind),
            f"A matrix is {{{kind}: [2, 3]}}, one number {{normal: []}}.",
        )
    seeds = raw.get(NAMED, name)
    if not isinstance(seeds, str) or not seeds:
        raise words.error(f"{NAMED} wants the name that seeds it", (*path, NAMED))
    return waiting(shape, lambda: initialise(kind, shape, seeds, options))


def read_shape(words: Words, raw: Any, kind: str, path: Key) -> Shape:
    """A shape as written: [2, 3], 3 for (3,), [] for one number."""
    sizes = raw if isinstance(raw, list) else [raw]
    if len(sizes) > MOST_AXES or not all(type(size) is int and size >= 0 for size in sizes):
        raise words.error(f"{kind} wants a shape", path, f"{{{kind}: [2, 3]}} has 2 rows and 3 columns.")
    return tuple(sizes)


def read_option(words: Words, raw: Any, option: str, path: Key) -> float:
    """An initialiser's option: a number, a seed a whole one from 0."""
    if option == "seed":
        if type(raw) is not int or not 0 <= raw < 2**63:
            raise words.error("seed wants a whole number from 0", path)
        return raw
    value = read_value(words, raw, option, path)
    if not isinstance(value, float) or not math.isfinite(value):
        raise words.error(f"{option} wants one number", path)
    return value
