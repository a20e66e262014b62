"""A network, with all that can be asked of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from backpropcli.api.arrays import as_array
from backpropcli.api.exercises import Exercises
from backpropcli.api.plots import Plots
from backpropcli.api.training import Trainable
from backpropcli.engine import NotScalarError, Plan
from backpropcli.errors import SpecError
from backpropcli.ops.numbers.quiet import quietly

if TYPE_CHECKING:
    from backpropcli.api.computation import Dtype
    from backpropcli.engine.cost import Cost
    from backpropcli.engine.nudge import Nudge
    from backpropcli.explanation.derive import Derivation
    from backpropcli.explanation.explain import Explanation
    from backpropcli.gradcheck import Culprit, Report
    from backpropcli.gradcheck.network.sweep import Sweep
    from backpropcli.notation.numbers import Precision
    from backpropcli.ops.definition import Value
    from backpropcli.page.page import Page

Difference = Literal["central", "forward", "backward"]


@quietly
class Network(Exercises, Plots, Trainable):
    """A network: its graph, the values of its data, and the node to differentiate.

    >>> network = loads("parameters: {w: 3}\\nnodes: {J: (2 + 3*w)**2}")
    >>> network.run().gradient("w")
    66.0
    """

    def check(
        self,
        of: str | None = None,
        *,
        eps: float | None = None,
        difference: Difference = "central",
        everything: bool = False,
        names: Sequence[str] | None = None,
        upstream: Value | None = None,
        dtype: Dtype = "float64",
        against: str | Sequence[str] = (),
        fault: str = "",
        sample: int | None = None,
        seed: int = 0,
        every: bool = False,
        partial: bool = False,
        progress: Callable[[int, int], None] | None = None,
        points: int = 0,
    ) -> Report:
        """Compare every gradient with finite differences, and what the spec expects with what there is.

        Checked are the parameters, `everything` (inputs and targets too) or just `names` (of what runs through time
        every row, or those that are named: "h[3]"). `eps` shows the plain difference at that step as well. `against`
        asks other oracles too: "all", or some of "differences", "complex", "symbolic" and "digits". `fault` breaks one
        operation first, as "a1:sign", to see it caught.

        Of a large network a `sample` is checked, of that many components, which `seed` chooses, and random directions
        over all of them; unless `every` one is wanted. `progress` is told how many of how many are done; with `partial`
        Ctrl-C gives a report of those. At so many further `points`, drawn by `seed`, parameters have other values, and
        rules are judged too. Raises NothingToCheck where there are no parameters.
        """
        from backpropcli.gradcheck import Scope, check
        from backpropcli.gradcheck.network.oracles import oracles

        net = self.unrolled()
        target = net.target(of)
        words = against if isinstance(against, str) else ",".join(against)
        try:
            report = check(
                net.graph,
                net.values,
                target,
                eps=eps,
                difference=difference,
                everything=everything,
                names=net.each_row(names),
                upstream=as_array(upstream),
                dtype=dtype,
                against=oracles(words) if words else (),
                fault=fault,
                expect=net.spec.expect,
                source=net.source,
                folded=net.spec.folded,
                scope=Scope(seed, sample, every, partial, progress),
                points=points,
            )
        except SpecError as error:
            raise error.at(net.place(target) if isinstance(error, NotScalarError) else None) from None
        for found in (report, *(at.report for at in (report.points.found if report.points else ()))):
            if found.culprit is not None:
                found.culprit = found.culprit._replace(place=net.rule_place(found.culprit))
        report.shapes = net.notes
        return report

    def check_gradients(
        self,
        gradients: Mapping[str, Any] | str | Path,
        of: str | None = None,
        *,
        renames: Sequence[str] = (),
        allow_missing: bool = False,
        names: Sequence[str] | None = None,
        upstream: Value | None = None,
        **options: Any,
    ) -> Report:
        """Compare external gradients, a JSON, NPZ or CSV file or numbers by name, with what is right.

        W1, dW1, grad_W1, dJ/dW1 and W1.grad all mean W1; `renames` says of others what they mean: "fc1.weight=W1.T".
        A parameter without a gradient is an error unless `allow_missing`. The report's `external` has what was found;
        its rows are the check of backprop's own gradients of the same names. Other options as `check`.
        """
        from backpropcli.gradcheck.external.check import check_gradients
        from backpropcli.gradcheck.external.given import given_gradients

        net = self.unrolled()
        target = net.target(of)

        def own(found: Sequence[str]) -> Report:
            return net.check(of, names=found, upstream=upstream, **options)

        report = check_gradients(
            net.graph,
            net.values,
            target,
            given_gradients(gradients),
            own,
            renames=renames,
            allow_missing=allow_missing,
            names=net.each_row(names),
            upstream=as_array(upstream),
            source=net.source,
            loaded=net.spec.renamed,
        )
        report.shapes = net.notes
        return report

    def sweep(
        self,
        name: str = "",
        of: str | None = None,
        *,
        difference: Difference = "central",
        upstream: Value | None = None,
    ) -> Sweep:
        """How far off plain differences are at every step size, for one gradient: "w1", "W1[0, 2]", "dJ/dw1".

        Without a name the first parameter's whose gradient is not 0. Raises UsageError where it has no one slope.
        """
        from backpropcli.gradcheck.network.sweep import sweep_of

        target = self.target(of)
        return sweep_of(self.graph, self.values, target, name, difference, as_array(upstream))

    def rule_place(self, culprit: Culprit) -> Any:
        """Where the rule of a faulty operation is written: a gradient derived by hand, else the node that uses it."""
        function = self.spec.functions.get(culprit.operation)
        if function is None or function.gradient is None:
            return self.place(culprit.node)
        return self.spec.place((*function.path, "gradient", culprit.argument))

    def each_row(self, names: Sequence[str] | None) -> list[str] | None:
        """The names, in the place of what runs through time each of its rows. Raises SpecError for an unknown name."""
        if names is None:
            return None
        from backpropcli.gradcheck.point.owner import rows

        return [name for given in names for name in rows(self.graph, given) or [self.node(given)]]

    def page(
        self,
        of: str | None = None,
        *,
        exercise: bool = False,
        seed: int | None = None,
        everything: bool = False,
        expand: bool = False,
        upstream: Value | None = None,
        title: str | None = None,
        precision: Precision | None = None,
    ) -> Page:
        """One self-contained HTML page: `Path("net.html").write_text(network.page().html)`.

        Both passes step by step, with fields that change the numbers; as an `exercise` with blanks to fill in, whose
        numbers `seed` chooses (without it they are the network's own). `expand`: every step inside a formula is walked
        by itself. Options else as `run`.
        """
        from backpropcli.page.page import page
        from backpropcli.page.size import readable_part

        part = readable_part(self.graph, self.node(of), expand) if of is not None else self.graph
        plan = self.plan() if part is self.graph else Plan(part)
        target = of if of is not None else self.loss
        numbers = self.fresh(seed, of, expand) if exercise and seed is not None else None
        return page(
            self._run(plan, target, {}, upstream, everything),
            title or self.spec.title,
            precision=precision,
            everything=everything,
            expand=expand,
            exercise=exercise,
            seed=seed,
            started=self._run(plan, target, numbers, upstream, everything) if numbers is not None else None,
        )

    def explain(
        self,
        name: str,
        index: Sequence[int] = (),
        *,
        of: str | None = None,
        precision: Precision | None = None,
        ascii: bool = False,
        known: Collection[str] = (),
        full: bool = False,
        expand: bool = False,
    ) -> Explanation:
        """How the chain rule gets to the gradient of `name` (or of one entry of it), told in sections.

        Of what runs through time every row is a name: `h[3]`.
        `known`: names whose gradients have been told, so that what they share with this one is not told again.
        `full`: every step of a long walk; `expand`: every step inside a formula by itself.
        """
        from backpropcli.api.explanation import explanation

        net = self.unrolled()
        trace = net.run(of, everything=net._is_data(name))
        return explanation(trace, name, tuple(index), precision, ascii, known, full, expand)

    def derive(
        self,
        name: str,
        index: Sequence[int] = (),
        *,
        of: str | None = None,
        seconds: float = 10.0,
        precision: Precision | None = None,
        ascii: bool = False,
        full: bool = False,
        expand: bool = False,
    ) -> Derivation:
        """The gradient of `name` (or of one entry of it) as a formula by SymPy, compared with backpropagation.

        `network.derive("w1").found[0].formula` is `w2*x*(a2 - y)`. What takes longer than `seconds`, or is too large,
        is said in its `problem`; `full`: nothing that SymPy can make is too large to be read; `expand`: the
        local derivatives of every step inside a formula.
        """
        from backpropcli.api.explanation import derivation

        net = self.unrolled()
        trace = net.run(of, everything=net._is_data(name))
        return derivation(trace, self.values, name, tuple(index), seconds, precision, ascii, full, expand)

    def _is_data(self, name: str) -> bool:
        """Whether a name is an input's or a target's, whose gradient is not computed unless it is asked for."""
        return self.graph.nodes[self.node(name)].kind in ("input", "target")

    def nudge(self, name: str, eps: float = 1e-3, index: Sequence[int] = (), *, of: str | None = None) -> Nudge:
        """Move one number by `eps` and compare every node downstream, before and after, with its derivative."""
        from backpropcli.engine.nudge import nudge

        return nudge(self.run(of, forward=of is None and self.spec.loss is None), name, eps, index)

    def count(self, of: str | None = None) -> Cost:
        """What gradients cost here: nudging each parameter against one backward pass, counted and timed.

        With `of`, of just the nodes and parameters that it depends on.
        """
        from backpropcli.engine import Plan
        from backpropcli.engine.cost import cost
        from backpropcli.engine.subgraph import part

        if of is None:
            return cost(self.plan(), self.values, self.loss)
        return cost(Plan(part(self.graph, self.node(of))), self.values, of)
