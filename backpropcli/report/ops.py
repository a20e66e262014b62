"""What `backprop ops` prints: the operations by group, or one of them like an entry in a table of derivatives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backpropcli.notation.numbers import local_name
from backpropcli.ops.definition import REQUIRED, Elementwise, Operation, Structural
from backpropcli.ops.formula import Formula
from backpropcli.ops.makers import Maker
from backpropcli.ops.shape import show_shape
from backpropcli.render.json import anything, listed
from backpropcli.render.table import Column, Table


def ops_table(operations: Iterable[Operation]) -> Table:
    """A row for each operation, a section for each group."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for operation in operations:
        groups.setdefault(operation.group, []).append((call(operation), _words(operation)))
    columns = [Column("operation", style="bold"), Column("what it is", elastic=True, wrap=True)]
    sections = [[(group.upper(), ""), *rows] for group, rows in groups.items()]
    return Table(columns, sections, footers=["More about one of them:  backprop ops sigmoid"])


def ops_page(operation: Operation) -> Iterator[str]:
    """All about one operation: how it is written, its formula, its derivatives, its other names, an example."""
    yield f"{call(operation)}   {operation.words}"
    yield ""
    rows: list[tuple[str, str]] = []
    formula = getattr(operation, "formula", "")
    if formula:
        rows.append((f"y = {call(operation) if _optional(operation) else _plainly(operation)}", formula))
        inner = {**getattr(operation, "where", {}), **getattr(operation, "rules", {})}
        rows += [(f"  {name}", text) for name, text in inner.items()]
    if isinstance(operation, Elementwise):
        rows += [(local_name("y", a), text) for a, text in zip(operation.arguments, operation.textbook, strict=True)]
    elif isinstance(operation, Structural):
        rows += [
            (f"gradient of {a}", f"{text}   (g: the upstream gradient)")
            for a, text in zip(operation.arguments, operation.textbook, strict=True)
        ]
        rows += _with_options(operation)
    elif isinstance(operation, Maker):
        rows.append(("gradient", "none: it is a constant"))
    if operation.infix:
        rows.append(("written", _infix(operation)))
    if operation.defaults:
        pairs = zip(operation.arguments[-len(operation.defaults) :], operation.defaults, strict=True)
        rows.append(("left out", ", ".join(f"{name} is {default:g}" for name, default in pairs)))
    if isinstance(operation, Formula):
        rows.append(("in full", signature(operation)))
    elif operation.options:
        rows.append(("options", ", ".join(_option(k, v) for k, v in operation.options.items())))
    if operation.aliases:
        rows.append(("also", ", ".join(operation.aliases)))
    if operation.source:
        rows.append(("source", operation.source))
    if isinstance(operation, Elementwise):
        rows.append(("try it", example(operation)))
    size = max(len(left) for left, _ in rows) if rows else 0
    for left, right in rows:
        yield f"  {left.ljust(size)}   {right}"


def _with_options(operation: Structural) -> Iterator[tuple[str, str]]:
    """The formulas that one of its samples has: what its options mean."""
    if operation.forms is None:
        return
    shapes, options = next((sample for sample in operation.samples if sample[1]), operation.samples[0])
    forms = operation.spelled(operation.plan(list(shapes), options)[1])
    given = {name: shape for name, shape in zip(operation.arguments, shapes, strict=True) if shape}
    words = ", ".join([*given, *(f"{key}={value!r}" for key, value in options.items())])
    where = ", ".join(f"{name} of {show_shape(shape)}" for name, shape in given.items())
    yield (
        "for example",
        f"{operation.name}({words})   ({where})",
    )
    for name, text in forms.items():
        if name == "y" or name in given:
            yield ("  y" if name == "y" else f"  gradient of {name}"), text


def call(operation: Operation) -> str:
    """How an operation is called, with what must be given: `where(condition, a, b)`, `reshape(a, shape)`."""
    if operation.written:
        return operation.written
    words = [a for a in operation.arguments if a not in _optional(operation)]
    if operation.variadic:
        words = ["[a, b, ...]"] if getattr(operation, "listed", False) else ["a, b, ..."]
    given = len(words) - len(operation.defaults)
    required = [key for key, default in operation.options.items() if default is REQUIRED]
    return f"{operation.name}({', '.join([*words[:given], *required])})"


def signature(operation: Operation) -> str:
    """The same with all that may be left out of a named formula: `layer_norm(x, ..., bias=None, eps=1e-05)`."""
    if not isinstance(operation, Formula):
        return call(operation)
    defaults = {**dict.fromkeys(operation.optional, None), **operation.options}
    words = [_option(name, defaults.get(name, REQUIRED)) for name in operation.order]
    return f"{operation.name}({', '.join(words)})"


def _optional(operation: Operation) -> tuple[str, ...]:
    """The arguments that may be left out of a named formula."""
    return operation.optional if isinstance(operation, Formula) else ()


def _plainly(operation: Operation) -> str:
    return f"{operation.name}({', '.join(operation.arguments)})"


def example(operation: Elementwise) -> str:
    """A command line that shows the operation at work."""
    names = operation.arguments
    gentle = [s for s in operation.samples if all(abs(x) <= 10 for x in s)] or list(operation.samples)
    values = gentle[0] if gentle else (0.5,) * len(names)
    given = " ".join(f"-p {n}={x:g}" for n, x in zip(names, values, strict=False))
    return f'backprop run {given} -n "J = {operation.name}({", ".join(names)})"'


def ops_json(operations: Iterable[Operation]) -> Iterator[str]:
    """`backprop.ops/1`: {"format", "operations": [{"name", "group", "words", "arguments", ...}]}."""
    yield '{"format": "backprop.ops/1", "operations": ['
    yield from listed(
        anything(
            {
                "name": operation.name,
                "group": operation.group,
                "words": operation.words,
                "arguments": list(operation.arguments),
                "options": list(operation.options),
                "aliases": list(operation.aliases),
                "infix": operation.infix,
                "formula": getattr(operation, "formula", ""),
                "derivatives": list(getattr(operation, "textbook", ())),
                "source": operation.source,
            }
        )
        for operation in operations
    )
    yield "]}\n"


def _words(operation: Operation) -> str:
    """What it is, and its sign where it has one: `the sum: a + b`."""
    return f"{operation.words}: {_infix(operation)}" if operation.infix else operation.words


def _infix(operation: Operation) -> str:
    if len(operation.arguments) == 1:
        return f"{operation.infix}{operation.arguments[0]}"
    return f" {operation.infix} ".join(operation.arguments)


def _option(key: str, default: object) -> str:
    return key if default is REQUIRED else f"{key}={default}"
