"""`run --steps`: both passes worked out as on paper, formula = numbers = result, forward and back."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING

from backpropcli.derivation.worked import Worked
from backpropcli.explanation.hidden import Hidden, short
from backpropcli.explanation.named import definitions
from backpropcli.explanation.rows import MOST_ENTRIES, block, gradient_row
from backpropcli.notation.formula import ASCII, UNICODE
from backpropcli.notation.middle import said
from backpropcli.render.document import Section, Verbatim, Walk
from backpropcli.render.rows import WIDTH, Row
from backpropcli.safe import printable

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.engine import Trace
    from backpropcli.notation.numbers import Precision


def steps(
    trace: Trace,
    source: str = "",
    precision: Precision | None = None,
    *,
    ascii: bool = False,
    everything: bool = False,
    expand: bool = False,
    title: str = "",
    full: bool = False,
) -> Iterator[Section]:
    """Both passes: forward from left to right, then backward from right to left.

    `source` is the file's name and `title` the network's, for the heading. With `everything`, inputs and targets get
    their gradients too; with `expand` every step inside a formula is worked out by itself. After a forward pass alone
    there is no backward section. Of very many times the first and the last are told, but where it is `full`.
    """
    worked = Worked(trace, precision, ASCII if ascii else UNICODE, everything or trace.everything, expand)
    worked.full = full
    hidden = Hidden(worked)
    if source:
        yield Verbatim([*([printable(title)] if title else []), heading(worked, source)])
    if lines := list(_named(worked)):
        yield Verbatim(lines)
    forward = hidden.told(((stage.name, stage) for stage in worked.stages), lambda stage: _forward(worked, stage))
    yield Walk(list(forward), title="Forward, left to right", folded=False)
    closing = []
    if trace.of is not None:
        yield _backward_section(worked, "<" if ascii else "◀", hidden)
        closing.append(how_many(sum(1 for _ in worked.order())))
    inner = next((stage.name for stage in worked.stages if "." in stage.name), "")
    if inner:
        more = "" if expand else ": backprop run --expand lists them all"
        closing.append(f"Names with a point, such as {inner}, are steps inside a formula{more}.")
    if any(prod(worked.shape(label)) > MOST_ENTRIES for label in worked.slots):
        closing.append(f"Arrays of more than {MOST_ENTRIES} entries are shown as their shapes.")
    if hidden.times:
        closing.append(f"{said(hidden.times)} are left out: --full shows every time.")
    if closing:
        yield Verbatim(closing)


def _named(worked: Worked) -> Iterator[str]:
    """What named formulas stand for: `layer_norm(x) = (x - m) / sqrt(v + 1e-5)`, and a line for each of its helpers."""
    for call, formula, helpers in definitions(worked, worked.graph.nodes):
        yield f"{call} = {formula}"
        for k, helper in enumerate(helpers):
            yield f"{'  with ' if not k else '       '}{helper}"


def heading(worked: Worked, source: str) -> str:
    """`net.yaml   J = 2`."""
    of = worked.trace.of
    return source if of is None or worked.shape(of) else f"{source}   {of} = {worked.show(worked.value(of))}"


def how_many(count: int) -> str:
    """How many gradients there were, and what to do next."""
    if count == 1:
        return "1 gradient. Is it right? backprop check"
    return f"{count} gradients, each worked out once. Are they right? backprop check"


def _forward(worked: Worked, stage: Stage) -> Row:
    formula = worked.formula(stage)
    result = block(worked, formula.value)
    if brief := short(worked, stage, formula.text):
        return Row(stage.name, (brief,), (), result)
    numbers = formula.numbers or ""
    if numbers in (result, formula.text):
        numbers = ""
    if formula.text == result:
        return Row(stage.name, result=result)
    return Row(stage.name, (formula.text,), (numbers,) if numbers else (), result)


def _backward_section(worked: Worked, sign: str, hidden: Hidden) -> Walk:
    """The lines of the way back, and the same with marks that are short."""
    heading = f"Backward, right to left: upstream gradient {worked.style.times} local derivative"
    rows = _padded(worked, list(_backward(worked, sign, hidden)))
    walk = Walk(rows, title=heading, folded=False)
    if any(row.mark not in ("", f"{sign} parameter") for row in rows):
        return walk
    short = [row._replace(mark=row.mark and sign) for row in rows]
    return walk._replace(shorter=Walk(short, title=f"{heading} ({sign} parameter)", folded=False))


def _backward(worked: Worked, mark: str, hidden: Hidden) -> Iterator[Row]:
    kinds = {name: node.kind for name, node in worked.graph.nodes.items()}

    def row(label: str) -> Row:
        kind = kinds.get(label, "node")
        return gradient_row(worked, label, "" if kind == "node" else f"{mark} {kind}")

    yield from hidden.told(((label, label) for label in worked.order()), row)
    for label in worked.apart():
        stopped = worked.stopped(label)
        why = f"nothing flows back through the stop_gradient in {stopped[0]}" if stopped else ""
        yield Row(worked.gradient_name(label), (f"0   {why or f'not on a path to {worked.trace.of}'}",))


def _padded(worked: Worked, rows: list[Row]) -> list[Row]:
    """The rows with upstream gradients padded, so that the local derivatives stand under each other."""
    sign = f" {worked.style.times} "
    prefix = f"d{worked.trace.of}/d"

    def upstream(text: str) -> str:
        head = text.partition(sign)[0]
        return head if sign in text and head.startswith(prefix) else ""

    widest = max((len(upstream(text)) for row in rows for text in row.formula), default=0)
    if widest > WIDTH // 4:
        return rows
    result = []
    for row in rows:
        heads = [(upstream(text), text) for text in row.formula]
        result.append(row._replace(formula=tuple(h.ljust(widest) + t[len(h) :] if h else t for h, t in heads)))
    return result
