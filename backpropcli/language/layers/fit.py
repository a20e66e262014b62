"""Whether weights and biases fit a layer's input and units, and what to write where they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.layers.kind import Sizes
    from backpropcli.language.layers.layer import Layer, Said
    from backpropcli.ops.definition import Value

_COUNTS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def units(layer: Layer, otherwise: int | None = None) -> int:
    """How many units a layer has."""
    if layer.written.get("units", otherwise) is None:
        raise layer.error(f"layer {layer.index} has no units", hint="Write units: and how many there are.")
    return int(layer.setting("units", otherwise))


def check_number(layer: Layer, said: Said, wanted: Sizes) -> None:
    """`w`: one number, one unit, one feature."""
    words, w, found = layer.words, said.word, said.shape
    if found:
        column = f":  W: {[[v] for v in _plain(said.value)]}" if len(found) == 1 and found[0] <= 4 else "."
        message = f"{w} is one number, but here it has shape {show_shape(found)}"
        raise words.error(message, said.path, f"A matrix is written W (rows: inputs, columns: units){column}")
    if (count := units(layer, 1)) != 1:
        message = f"{w} is one number, but this layer has {count} units"
        raise words.error(message, said.path, "Write W: one row an input, one column a unit.")
    features = layer.shape[-1] if layer.shape else 1
    if features == 1:
        return
    message = f"layer {layer.index} gets {features} features, but {w} is one number"
    if len(layer.shape) != 1 or layer.source not in layer.stack.data:
        raise words.error(message, said.path, f"Write W with {features} rows (inputs) and 1 column (unit).")
    value = layer.stack.data[layer.source]
    column = f"{[[v] for v in _plain(value)]}" if features <= 4 else "[[..], [..]]"
    raise words.error(
        message,
        ("inputs", layer.source),
        f"{_spelled(features).capitalize()} examples of one feature:  {layer.source}: {column}\n"
        f"One example of {_spelled(features)} features:  W: [[..], [..]] ({features} inputs, 1 unit)",
    )


def check_matrix(layer: Layer, said: Said, wanted: Sizes) -> None:
    """`W`: two axes, as many rows as there are features, as many columns as units."""
    _check_axes(layer, said)
    words, W, path = layer.words, said.word, said.path
    turned = "If your rows are units, write W.T:" if path[0] == "layers" else f"Transposed, {W} fits."
    rows, columns = said.shape
    features, count = layer.shape[-1], units(layer, columns)
    if W != "W.T" and rows != features and (columns, rows) == (features, count):
        raise words.error(
            f"{W} has {rows} rows and {columns} columns, but this layer has {features} inputs and {count} units",
            path,
            turned,
        )
    row, column = ("column", "row") if W == "W.T" else ("row", "column")
    if rows != features:
        message = f"layer {layer.index} gets {counted(features, 'feature')}, but {W} has {counted(rows, row)}"
        if W != "W.T" and columns == features and layer.written.get("units", rows) == rows:
            raise words.error(message, path, turned)
        one = len(layer.shape) == 1 and rows == 1
        each = f"\nOne feature in each example:  {layer.source}: [[..], [..]]" if one else ""
        raise words.error(message, path, f"{W} has one {row} an input.{each}")
    if columns != count:
        message = f"{W} has {counted(columns, column)}, but this layer has {counted(count, 'unit')}"
        raise words.error(message, path, f"{W} has one {column} a unit.")


def _check_axes(layer: Layer, said: Said) -> None:
    """`W` has two axes, and the layer's input one at least."""
    words, W, path = layer.words, said.word, said.path
    own = path[0] == "layers"
    if not said.shape:
        hint = "One number is written w: 2" if own else "It has one row an input, one column a unit."
        raise words.error(f"{W} is a matrix, but here it is one number", path, hint)
    if len(said.shape) != 2:
        message = f"{W} is a matrix, but here it has shape {show_shape(said.shape)}"
        raise words.error(message, path, f"{W}: [[..], [..]] has one row an input and one column a unit.")
    if not layer.shape:
        where: Key = ("inputs", layer.source) if layer.source in layer.stack.data else path
        hint = f"Write {layer.source}: [..] for a list of features, or w: for one weight."
        raise words.error(f"{layer.source} is one number, but {W} is a matrix", where, hint)


def check_bias(layer: Layer, said: Said, wanted: Sizes) -> None:
    """`b`: a number for each of the units, or one that is shared."""
    words, b, found = layer.words, said.word, said.shape
    count = wanted[0] if wanted and wanted[0] else 1
    if said.shared:
        if found:
            raise words.error("a shared bias is one number", said.path)
    elif not found:
        if count > 1:
            raise words.error(
                f"{b} is one number, but this layer has {count} units", said.path, _biases(layer, said, count)
            )
    elif not layer.shape:
        hint = f"Write {b}{':' if b == 'b' else '='} and one number."
        raise words.error(f"{b} is a list, but this layer computes one number", said.path, hint)
    elif found != (count,):
        message = f"{b} has shape {show_shape(found)}, but this layer has {counted(count, 'unit')}"
        raise words.error(message, said.path, f"{b} is a list of one number a unit.")


def _biases(layer: Layer, said: Said, count: int) -> str:
    """What to write for one bias where there are several units."""
    value, own = said.value, said.word == "b"
    whole = int(value) if value % 1 == 0 and abs(value) < 1e15 else value
    several = f"[{', '.join([f'{whole}'] * count)}]" if count <= 4 else f"{{full: [{count}], value: {value:g}}}"
    hint = f"{_spelled(count).capitalize() + ' biases that start equal:':<31}{said.word}{': ' if own else '='}{several}"
    if own:
        hint += f"\nOne bias shared by all units:  b: {{shared: {value:g}}}   (dJ/db{layer.index} is then the sum)"
    return hint


def _plain(value: Value) -> list[Any]:
    """A vector's numbers as people write them: 1, not 1.0."""
    return [int(v) if v == v // 1 and abs(v) < 1e15 else v for v in value.tolist()]


def counted(number: int, noun: str) -> str:
    """`2 units`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _spelled(number: int) -> str:
    return _COUNTS[number] if number <= 10 else str(number)
