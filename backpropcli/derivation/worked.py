"""The chain rule, worked out: for each gradient its terms, upstream gradient times local derivative, with numbers.

`Worked` turns a trace into small pieces of text and number, `Factor` and `Term`, of which `run --steps` and `explain`
make their lines. It computes nothing: every number comes from the trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from backpropcli.derivation.piecewise import Prime, cases, evaluate, outcome, reason, taken
from backpropcli.derivation.silent import unheard
from backpropcli.derivation.stages import Stage, paired, primitive_stages, stages
from backpropcli.derivation.terms import Factor, Term
from backpropcli.derivation.trial import comes_to
from backpropcli.derivation.vjps import gathered, product
from backpropcli.engine import Trace
from backpropcli.engine.backward import unbroadcast
from backpropcli.language.formula.tree import Binary, Expression, Name, postorder, same
from backpropcli.notation.formula import UNICODE, Style, factor, typeset
from backpropcli.notation.inline import full, inline, rounded
from backpropcli.notation.numbers import MOST_DIGITS, Precision, gradient_name, local_name
from backpropcli.ops.definition import show_shape
from backpropcli.ops.numbers import nothing
from backpropcli.ops.numbers.nothing import Unreached

MOST_INLINE = 6
"""An array of up to so many entries is written inside a line."""
CLOSE = 1e-3
"""A line whose numbers, as they are shown, miss its result by more than this part of it gets more digits."""
ROUNDING = 1e-12
"""Entries of an array that are smaller than this part of the largest are what rounding has left of 0."""


class Worked:
    """A trace read as a worked solution.

    `everything`: inputs and targets have gradients too; `expand`: every step inside a formula is worked out by itself.
    """

    tested = True
    """Whether lines get as many digits as it takes for them to be true."""
    inline = MOST_INLINE  # an exercise writes longer arrays out: nothing else tells what they are

    def __init__(
        self,
        trace: Trace,
        precision: Precision | None = None,
        style: Style = UNICODE,
        everything: bool = False,
        expand: bool = False,
    ) -> None:
        self.trace = trace
        self.graph = trace.graph
        self.precision = precision or Precision()
        self.style = style
        self.expand = expand
        names = self.graph.names("input", "target") if everything else []
        if not everything and not self.graph.names("parameter"):
            names = self.graph.names("input")
        if names and trace.of is not None:
            trace.gradient(names[0])  # asks the engine for the gradients of data too
        self.data = [*names, *self.graph.names("parameter")]

    @cached_property
    def stages(self) -> list[Stage]:
        """Everything that is worked out, in evaluation order."""
        return list((primitive_stages if self.expand else stages)(self.graph, self.labels))

    def unit(self, stage: Stage) -> str:
        """What a stage belongs to where formulas are told as wholes: its node; itself where every step is told."""
        return stage.name if self.expand else stage.node

    @cached_property
    def labels(self) -> dict[int, str]:
        """A name by slot: the network's names, and `J.1` for steps."""
        return self.graph.labels()

    @cached_property
    def slots(self) -> dict[str, int]:
        """A slot by name."""
        return {label: slot for slot, label in self.labels.items()}

    @cached_property
    def arrays(self) -> set[str]:
        """The names whose values are arrays."""
        shapes = self.graph.shapes
        return {label for slot, label in self.labels.items() if shapes[slot]}

    @cached_property
    def users(self) -> dict[str, list[Stage]]:
        """The stages that move with a value and lead to the loss, in evaluation order."""
        result: dict[str, list[Stage]] = {}
        for stage in self.stages:
            if self.trace.gradients[stage.slot] is not None:
                for name in self.movers(stage):
                    result.setdefault(name, []).append(stage)
        return result

    def movers(self, stage: Stage) -> list[str]:
        """Those of a stage's inputs that it moves with: not what stands only in what is stopped (`stop_gradient`), or
        gives only its size (`W.shape[0]`)."""
        graph = self.graph
        if graph.operations[stage.slot] is None:  # a constant
            return []
        used = {argument for slot in stage.steps or (stage.slot,) for argument in graph.arguments[slot]}
        slots = ((name, self.slots[name]) for name in stage.inputs)
        return [name for name, slot in slots if slot in used and graph.carries(slot, stage.steps)]

    def shape(self, label: str) -> tuple[int, ...]:
        """The shape of a value; () is a plain number."""
        return self.graph.shapes[self.slots[label]]

    def value(self, label: str) -> Any:
        """A value, of a name or of a step."""
        return full(self.trace.slots[self.slots[label]], self.shape(label))

    def gradient(self, label: str) -> Any:
        """A gradient, of a name or of a step; 0 where no path leads to the loss."""
        slot = self.slots[label]
        found = self.trace.gradients[slot]
        if type(found) is Unreached or getattr(found, "nothing", None) is not None:
            return found
        if label in self.graph.nodes:
            return self.trace.gradient(label)
        return full(0.0 if found is None else found, self.shape(label))

    def reaches(self, label: str) -> bool:
        """Whether a path leads from a value to the loss."""
        return self.trace.gradients[self.slots[label]] is not None

    def gradient_name(self, label: str) -> str:
        """`dJ/dw1`."""
        return gradient_name(str(self.trace.of), label)

    def order(self) -> Iterator[str]:
        """The values whose gradients are worked out, from the loss back, each when its last user is done."""
        assert self.trace.of is not None
        yield self.trace.of
        waiting = {name: len(users) for name, users in self.users.items()}
        wanted = {stage.name for stage in self.stages} | set(self.data)
        for stage in reversed(self.stages):
            if self.trace.gradients[stage.slot] is None:
                continue
            for name in self.movers(stage):
                waiting[name] -= 1
                if not waiting[name] and name in wanted and name != self.trace.of:
                    yield name

    def apart(self) -> list[str]:
        """The nodes and parameters from which no path leads to the loss."""
        return [name for name in [*self.data, *self.graph.names("node")] if not self.reaches(name)]

    def stopped(self, name: str) -> list[str]:
        """The nodes in which the way from a name to the loss is stopped; none where there is no way anyhow."""
        assert self.trace.of is not None
        return self.graph.stopped(self.graph.nodes[name].slot, self.slots[self.trace.of])

    # Text.

    def show(self, value: Any, precision: Precision | None = None) -> str | None:
        """A number, or a small array on one line, `[[1 2] [3 4]]`; None for a large one."""
        precision = precision or self.precision
        if not getattr(value, "shape", ()):
            return precision.show(float(value))
        return inline(value.tolist(), precision) if value.size <= self.inline else None

    def finer(self, least: Precision) -> Iterator[Precision]:
        """What is asked for, then more and more digits."""
        yield least
        if self.tested:
            yield from map(Precision, range(least.digits + 1, MOST_DIGITS + 1))

    def near(self, comes: Any, value: Any) -> bool:
        """Whether a line is true: what its numbers come to is its result, or both are shown as the same.

        Nothing can be said (so it is true) where one of them is not known or not finite.
        """
        if comes is None or value is None:
            return True
        if isinstance(comes, float) and isinstance(value, float):
            if value - value != 0 or abs(comes - value) <= CLOSE * abs(value):
                return True
            return self.precision.show(comes) == self.precision.show(value)
        import numpy as np

        value, comes = np.broadcast_arrays(value, comes)
        if not np.isfinite(value).all():
            return True
        off = ~(np.abs(comes - value) <= CLOSE * np.abs(value) + ROUNDING * np.abs(value).max(initial=0.0))
        pairs = zip(comes[off].tolist(), value[off].tolist(), strict=True)
        return all(self.precision.show(a) == self.precision.show(b) for a, b in pairs)

    def formula(self, stage: Stage) -> Factor:
        """A stage's formula, and the same with numbers (or, for large arrays of a structural one, shapes) put in."""
        text, value = typeset(stage.shown, self.style, arrays=self.arrays), self.value(stage.name)
        numbers, _ = self._telling(stage, stage.formula, stage.inputs, {}, value, self.precision)
        if numbers is None and isinstance(stage.shown, Binary) and stage.operation is not None:  # a matrix product
            numbers = {name: show_shape(self.shape(name)) for name in stage.inputs}
        put_in = None if numbers is None else typeset(stage.shown, self.style, arrays=self.arrays, numbers=numbers)
        return Factor(text, put_in, value)

    def _telling(
        self,
        stage: Stage,
        formula: Expression,
        names: tuple[str, ...],
        primes: dict[str, Any],
        value: Any,
        precision: Precision,
    ) -> tuple[dict[str, str] | None, Any]:
        """The numbers to put into a formula, with so many digits that it comes to `value`: 1 - 0.999999987 needs them.

        And what it comes to, None where nobody knows. No numbers if no number of digits is enough (sigmoid at 40 is 1
        to all of them), or an array is too large.
        """
        given = {**{name: self.value(name) for name in names}, **primes}
        for finer in self.finer(precision):
            shown = {}
            for name, x in given.items():
                text = self.show(x, finer)
                if text is None:
                    return None, None
                shown[name] = text
            comes = self._comes(stage, formula, given, finer) if self.tested else None
            if self.near(comes, value):
                return shown, comes
        return None, None

    def _comes(self, stage: Stage, formula: Expression, given: dict[str, Any], precision: Precision) -> Any:
        """What a formula comes to with its numbers as they are shown; None where that is not known."""
        shown = {name: rounded(x, precision) for name, x in given.items()}
        if all(isinstance(x, float) for x in shown.values()):
            found = evaluate(formula, shown, stage.find)
            if found is not None or stage.operation is None:
                return found
        return comes_to(formula, shown)

    def upstream(self, stage: Stage, precision: Precision | None = None) -> Factor:
        """The gradient that arrives at a stage."""
        value, precision = self.gradient(stage.name), precision or self.precision
        comes = rounded(value, precision) if self.tested else None
        return Factor(self.gradient_name(stage.name), self.show(value, precision), value, comes=comes)

    def products(self, terms: list[Term], total: Any) -> tuple[str, ...]:
        """Each term's number, with so many digits that they add up to the total; empty where they are not numbers."""
        values = [term.value for term in terms]
        return self.adding(values, total) if all(isinstance(value, float) for value in values) else ()

    def adding(self, values: Sequence[float], total: float) -> tuple[str, ...]:
        """Numbers with so many digits that, as they are shown, they add up to the total; empty for a single one."""
        shown: tuple[str, ...] = ()
        if len(values) < 2:
            return shown
        for precision in self.finer(self.precision):
            shown = tuple(precision.show(value) for value in values)
            if self.near(float(sum(map(float, shown))), total):
                break
        return shown

    # The chain rule.

    def terms(self, label: str) -> list[Term]:
        """The terms whose sum is the gradient of `label`: one for each stage that uses it and leads to the loss."""
        users = self.users.get(label, ())
        terms: list[Term] = []
        for precision in self.finer(self.precision):
            terms = [self.term(stage, label, precision) for stage in users]
            if not self.tested or not terms or any(term.comes is None for term in terms):
                return terms
            if self.near(sum((term.comes for term in terms), 0.0), self.gradient(label)):
                return terms
        return [term._replace(numbers=None) for term in terms]

    def term(self, stage: Stage, label: str, precision: Precision | None = None) -> Term:
        """What reaches `label` through one stage that uses it."""
        precision = precision or self.precision
        if stage.operation is not None:
            return self._structural(stage, label, precision)
        upstream, local = self.upstream(stage, precision), self.local(stage, label, precision)
        spread = bool(self.shape(stage.name))
        comes = None
        if upstream.comes is not None and local.comes is not None:
            comes = upstream.comes * local.comes
            if spread:
                comes = unbroadcast(comes, self.shape(label), 0)
        times = f" {'*' if local.spread else self.style.times} "
        text, numbers = upstream.text, upstream.numbers
        if not spread or local.text != "1":
            text += times + local.text
            numbers = None if numbers is None or local.numbers is None else numbers + times + local.numbers
        remark = local.remark
        if why := unheard(str(self.trace.of), stage.name, label, upstream.value, local.value):
            numbers, comes = (None, None) if spread else ("0", 0.0)
            remark = "; ".join(filter(None, [remark, why]))
        if spread and self.shape(label) != self.shape(stage.name):
            whole = self.shape(stage.name)
            call, words = gathered(whole, self.shape(label), self.batched(whole))
            text, numbers = call.format(text), numbers and call.format(numbers)
            remark = "; ".join(filter(None, [words, remark]))
        value = None
        if stage.whole and not self.shape(label) and len(self.users[label]) > 1:
            if self.tested and not spread and local.value is not None:  # without another pass
                value = nothing.product((upstream.value, local.value))
            else:
                value = self.trace.contribution(stage.name, label)
        return Term(stage, upstream, local, text, numbers, value, remark, comes)

    def local(self, stage: Stage, label: str, precision: Precision | None = None) -> Factor:
        """The local derivative ∂(stage)/∂(label) of an elementwise stage: textbook formula, numbers, value, remark.

        `relu'(z)` keeps its name in the formula and is a number among the numbers; the remark says which side it is on.
        """
        precision = precision or self.precision
        found = stage.local(label)
        if found is None:  # a function of several arguments with a gradient of its own: the number alone
            value = self.slope(stage, label)
            spread = bool(getattr(value, "shape", ()))
            comes = rounded(value, precision) if self.tested and value is not None else None
            name = typeset(Name(local_name(stage.name, label)), self.style)
            return Factor(name, self.show(value, precision), value, spread=spread, comes=comes)
        formula, primes = found
        value = self.slope(stage, label)
        remarks = []
        known: dict[str, Any] | None = {}
        for prime in primes:
            slot = self.slot_of(stage, prime)
            number = value if prime.alone else self.trace.partial(slot, prime.position) if slot is not None else None
            shown = None if number is None else self.show(number)
            if shown is None:
                known = None
            elif known is not None:
                known[prime.name] = number
            remarks.append(self._remark(stage, prime, slot, number))
        remarks += self._chosen(stage, formula)
        used = {part.name for part in postorder(formula) if isinstance(part, Name)}
        names = tuple(name for name in (*stage.inputs, stage.name) if name in used)
        numbers = comes = None
        if known is not None:
            numbers, comes = self._telling(stage, formula, names, known, value, precision)
        wide = {prime.name for prime in primes} if self.shape(stage.name) else set()
        arrays = self.arrays | wide if wide else self.arrays
        spread = not used.isdisjoint(arrays)
        text = factor(formula, self.style, arrays=arrays, starred=spread)
        put_in = None
        if numbers is not None:
            put_in = factor(formula, self.style, arrays=arrays, numbers=numbers, starred=spread)
        elif isinstance(value, float):
            put_in = factor(Name("value"), self.style, numbers={"value": precision.show(value)})
            comes = rounded(value, precision) if self.tested else None
        return Factor(text, put_in, value, "; ".join(dict.fromkeys(filter(None, remarks))), spread, comes)

    def slope(self, stage: Stage, label: str) -> Any:
        """The local derivative of a stage as a number or an array; None for a sub-step of several operations."""
        steps = self.graph.steps(stage.name) if stage.whole else stage.steps
        found = self.trace.along(steps, self.slots[label], stage.slot, marked=True)
        if type(found) is Unreached:
            return found
        if isinstance(found, (int, float)) or getattr(found, "ndim", None) == 0:
            return float(found)  # type: ignore[arg-type]  # no None, which is neither
        return found

    def slot_of(self, stage: Stage, prime: Prime) -> int | None:
        """The step whose derivative a prime is: relu's own step, for `relu'(w*x + b)`."""
        if same(prime.call, stage.formula):
            return stage.slot
        places = stage.places
        if places is None:
            places = paired(self.graph, self.graph.nodes[stage.node], stage.formula) or {}
        for part in postorder(stage.formula):
            if id(part) in places and same(part, prime.call):
                return places[id(part)]
        return None

    def _remark(self, stage: Stage, prime: Prime, slot: int | None, slope: Any) -> str:
        """`relu'(7) = 1, as 7 > 0`; for arrays `relu'(z1) = 1 where z1 > 0, else 0`."""
        if slot is None or self.shape(stage.name):
            return cases(prime, self.style)
        values = [float(self.trace.slots[a]) for a in self.graph.arguments[slot]]
        words = [self.precision.show(x) for x in values]
        head = prime.head.format(", ".join(words[: len(prime.call.arguments)]))
        argument = typeset(prime.call.arguments[prime.position], self.style)
        because = reason(prime, values, words, self.style) + outcome(prime, slope, argument)
        return f"{typeset(Name(head), self.style)} = {self.precision.show(slope)}{because}"

    def _chosen(self, stage: Stage, formula: Expression) -> Iterator[str]:
        """`3 > 2, so y is taken`, for each choice in a local derivative of plain numbers."""
        labels = [*stage.inputs, stage.name]
        if any(self.shape(label) for label in labels):
            return
        known = {label: self.value(label) for label in labels}
        numbers = {label: self.precision.show(x) for label, x in known.items()}
        for choice in taken(formula, known, stage.find):
            yield choice.told(choice.chosen, self.style, numbers)

    def batched(self, shape: tuple[int, ...]) -> bool:
        """Whether the first axis of a value counts examples: that of an input or target with examples in rows."""
        data = [self.shape(name) for name in self.graph.names("input", "target")]
        rank = 2 if any(self.shape(name) for name in self.graph.names("parameter")) else 1
        return any(len(own) >= rank and own[0] == shape[0] for own in data)

    def _structural(self, stage: Stage, label: str, precision: Precision) -> Term:
        """The vector-Jacobian product of an array operation, in its textbook form with the names of this network."""
        upstream = self.upstream(stage, precision)
        known = {upstream.text: upstream.numbers}
        known.update({name: self.show(self.value(name), precision) for name in (*stage.inputs, stage.name)})
        arrays = {name for name in known if self._shape(name)}
        shapes = [self.graph.shapes[a] for a in self.graph.arguments[stage.slot]]
        options = self.graph.options.get(stage.slot)
        positions = [k for k, name in enumerate(stage.arguments) if name == label]
        parts = [product(stage, k, upstream.text, shapes, options) for k in positions]
        texts, numbers, comes = [], [], []
        for part in parts:
            if isinstance(part, str):
                texts.append(part)
                continue
            texts.append(typeset(part, self.style, arrays=arrays))
            used = {p.name for p in postorder(part) if isinstance(p, Name)} & set(known)
            put_in = {name: known[name] or "" for name in used}
            if not all(put_in.values()):
                if not (isinstance(part, Binary) and part.sign == "@"):
                    continue
                put_in = {name: show_shape(self._shape(name)) for name in used}
            elif self.tested:
                comes.append(comes_to(part, {name: rounded(self._number_of(name), precision) for name in used}))
            numbers.append(typeset(part, self.style, arrays=arrays, numbers=put_in))
        together = " + ".join(numbers) if len(numbers) == len(parts) else None
        whole = None if len(comes) < len(parts) or any(x is None for x in comes) else sum(comes)
        return Term(stage, upstream, None, " + ".join(texts), together, comes=whole)

    def _number_of(self, name: str) -> Any:
        """A value or its gradient."""
        label = name.partition("/d")[2]
        return self.gradient(label) if label else self.value(name)

    def _shape(self, name: str) -> tuple[int, ...]:
        """The shape of a value or of its gradient."""
        return self.shape(name.partition("/d")[2] or name)
