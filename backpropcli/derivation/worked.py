"""The chain rule, worked out: for each gradient its terms, upstream gradient times local derivative, with numbers.

`Worked` turns a trace into small pieces of text and number, `Factor` and `Term`, of which `run --steps` and `explain`
make their lines. It computes nothing: every number comes from the trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from backpropcli.derivation.figures import Figures
from backpropcli.derivation.piecewise import Prime, primed, taken
from backpropcli.derivation.remarks import cases, outcome, reason
from backpropcli.derivation.silent import unheard
from backpropcli.derivation.terms import Factor, Term
from backpropcli.derivation.trial import comes_to
from backpropcli.derivation.vjps import gathered, product
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Binary, Expression, Name, postorder, substitute
from backpropcli.notation import maths
from backpropcli.notation.formula import typeset
from backpropcli.notation.inline import rounded
from backpropcli.notation.maths import Maths, Said
from backpropcli.ops.numbers import nothing
from backpropcli.ops.shape import show_shape
from backpropcli.passes.backward import unbroadcast

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.notation.numbers import Precision


class Worked(Figures):
    """A trace read as a worked solution."""

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
        return (self._elementwise if stage.operation is None else self._structural)(stage, label, precision)

    def _elementwise(self, stage: Stage, label: str, precision: Precision) -> Term:
        """The upstream gradient times the local derivative, summed where the value had been spread."""
        upstream, local = self.upstream(stage, precision), self.local(stage, label, precision)
        whole, own = self.shape(stage.name), self.shape(label)
        text, numbers = self._multiplied(upstream, local, bool(whole))
        comes, remarks = _product_comes(upstream, local), [local.remark]
        if comes is not None and whole:
            comes = unbroadcast(comes, own, 0)
        if why := unheard(str(self.trace.of), stage.name, label, upstream.value, local.value):
            numbers, comes = (None, None) if whole else (maths.number("0"), 0.0)
            remarks.append(why)
        if whole and own != whole:
            call, words = gathered(whole, own, self.batched(whole))
            round_it = parse(call.format("g"))
            text = maths.formula(round_it, self.style, numbers={"g": text})
            numbers = maths.formula(round_it, self.style, numbers={"g": numbers}) if numbers is not None else None
            remarks.insert(0, words)
        value = self._share(stage, label, upstream, local)
        return Term(stage, upstream, local, text, numbers, value, maths.together(remarks), comes)

    def _multiplied(self, upstream: Factor, local: Factor, spread: bool) -> tuple[Maths, Maths | None]:
        """`upstream · local` in letters and in numbers; of an array a local derivative of 1 is left out."""
        if spread and local.text == "1":
            return upstream.text, upstream.numbers
        text = maths.times(self.style, upstream.text, local.text, local.spread)
        if upstream.numbers is None or local.numbers is None:
            return text, None
        return text, maths.times(self.style, upstream.numbers, local.numbers, local.spread)

    def _share(self, stage: Stage, label: str, upstream: Factor, local: Factor) -> Any:
        """One of several terms of a number's gradient as a number; None where there is one term, or an array."""
        if not stage.whole or self.shape(label) or len(self.users[label]) < 2:
            return None
        if self.tested and not self.shape(stage.name) and local.value is not None:  # without another pass
            return nothing.product((upstream.value, local.value))
        return self.trace.contribution(stage.name, label)

    def local(self, stage: Stage, label: str, precision: Precision | None = None) -> Factor:
        """The local derivative ∂(stage)/∂(label) of an elementwise stage: textbook formula, numbers, value, remark.

        `relu'(z)` keeps its name in the formula and is a number among the numbers; the remark says which side it is on.
        """
        precision = precision or self.precision
        found, value = stage.local(label), self.slope(stage, label)
        if found is None:
            return self._number_alone(stage, label, value, precision)
        formula, primes = found
        known, remarks = self._primes(stage, primes, value)
        remarks += self._chosen(stage, formula)
        used = {part.name for part in postorder(formula) if isinstance(part, Name)}
        numbers = comes = None
        if known is not None:
            names = tuple(name for name in (*stage.inputs, stage.name) if name in used)
            numbers, comes = self.telling(stage, formula, names, known, value, precision)
        wide = {prime.name for prime in primes} if self.shape(stage.name) else set()
        arrays = self.arrays | wide
        spread = not used.isdisjoint(arrays)
        called = substitute(formula, {prime.name: primed(prime) for prime in primes})
        text = maths.factor_of(called, self.style, arrays, starred=spread)
        put_in = None
        if numbers is not None:
            put_in = maths.factor_of(formula, self.style, arrays, numbers, spread)
        elif isinstance(value, float):
            put_in = maths.factor_of(Name("value"), self.style, numbers={"value": precision.show(value)})
            comes = rounded(value, precision) if self.tested else None
        return Factor(text, put_in, value, maths.together(dict.fromkeys(remarks)), spread, comes)

    def _number_alone(self, stage: Stage, label: str, value: Any, precision: Precision) -> Factor:
        """The local derivative of a function of several arguments with a gradient of its own: a name and a number."""
        spread = bool(getattr(value, "shape", ()))
        comes = rounded(value, precision) if self.tested and value is not None else None
        name = maths.local(self.style, stage.name, label)
        return Factor(name, self.number(value, precision), value, spread=spread, comes=comes)

    def _primes(self, stage: Stage, primes: list[Prime], value: Any) -> tuple[dict[str, Any] | None, list[str]]:
        """The number that each prime is, by name (None where one is not known or too large), and the remarks on them.

        `value` is the whole local derivative.
        """
        known: dict[str, Any] = {}
        remarks = []
        for prime in primes:
            slot = self.slot_of(stage, prime)
            number = value if prime.alone else self.trace.partial(slot, prime.position) if slot is not None else None
            if number is not None and self.show(number) is not None:
                known[prime.name] = number
            remarks.append(self._remark(stage, prime, slot, number))
        return known if all(prime.name in known for prime in primes) else None, remarks

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

    def _structural(self, stage: Stage, label: str, precision: Precision) -> Term:
        """The vector-Jacobian product of an array operation, in its textbook form with the names of this network."""
        upstream = self.upstream(stage, precision)
        known: dict[str, str | None] = {upstream.text: upstream.numbers}
        known.update({name: self.show(self.value(name), precision) for name in (*stage.inputs, stage.name)})
        arrays = {name for name in known if self._shape(name)}
        shapes = [self.graph.shapes[a] for a in self.graph.arguments[stage.slot]]
        options = self.graph.options.get(stage.slot)
        positions = [k for k, name in enumerate(stage.arguments) if name == label]
        parts = [product(stage, k, upstream.text, shapes, options) for k in positions]
        texts, numbers, comes = list[Maths | Said](), list[Maths](), []
        for part in parts:
            if isinstance(part, Said):
                texts.append(part)
                continue
            texts.append(maths.formula(part, self.style, arrays))
            used = {p.name for p in postorder(part) if isinstance(p, Name)} & set(known)
            put_in = {name: known[name] or "" for name in used}
            if not all(put_in.values()):
                if not (isinstance(part, Binary) and part.sign == "@"):
                    continue
                put_in = {name: show_shape(self._shape(name)) for name in used}
            elif self.tested:
                comes.append(comes_to(part, {name: rounded(self._number_of(name), precision) for name in used}))
            numbers.append(maths.formula(part, self.style, arrays, put_in))
        together = maths.joined(" + ", numbers) if len(numbers) == len(parts) else None
        whole = None if len(comes) < len(parts) or any(x is None for x in comes) else sum(comes)
        return Term(stage, upstream, None, maths.joined(" + ", texts), together, comes=whole)

    def _number_of(self, name: str) -> Any:
        """A value or its gradient."""
        label = name.partition("/d")[2]
        return self.gradient(label) if label else self.value(name)

    def _shape(self, name: str) -> tuple[int, ...]:
        """The shape of a value or of its gradient."""
        return self.shape(name.partition("/d")[2] or name)


def _product_comes(upstream: Factor, local: Factor) -> Any:
    """What two factors come to as they are shown; None where that is not known."""
    return None if upstream.comes is None or local.comes is None else upstream.comes * local.comes
