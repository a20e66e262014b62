"""What an operation is: one definition, which the language, the engine, the check and every view read.

A body is a plain function of `(xp, ...)`, where `xp` is one of our namespaces (`ops.numbers`): scalars, arrays,
complex steps, 40 digits, SymPy expressions or a recorder. A body never branches with Python's `if` on a value, never
reads a value's type, and uses `xp.where`, `xp.divide` and `xp.power` (see `ops.numbers`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from backpropcli.ops.broadcasting import broadcast

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape

XP = Any
"""A namespace of numbers: see `ops.numbers`."""
Value = Any
"""What a namespace computes with: a float, an array, an mpf, an expression."""
Options = SimpleNamespace
"""An operation's options after planning: normalised once, read many times (`o.axis`)."""
Body = Callable[..., Value]
Group = Literal[
    "arithmetic",
    "powers",
    "exponentials",
    "trigonometry",
    "activations",
    "comparisons",
    "rounding",
    "reductions",
    "linear algebra",
    "windows",
    "shapes",
    "layers",
    "normalization",
    "losses",
    "constants",
]

UNIT_SLOPE: Body = lambda xp, y, *arguments: 1.0  # noqa: E731  # a line of the table, like the others
"""The local derivative of a sum: 1 everywhere. The engine knows it, and hands the upstream gradient on as it is."""

REQUIRED: Any = ...
"""The default of an option that must be given."""


class Part(NamedTuple):
    """A gradient that touches only `where` of an argument: the engine adds `value` into its buffer there.

    `where` is complete (one entry an axis of the argument, counted from the right; `...` stands in front of it), so
    that T uses of x[t] cost no more than one of x.
    """

    where: tuple[Any, ...]
    value: Value
    unique: bool = True
    """False if an integer array in it may name a place twice: added with `xp.add_at`."""


class Labels(NamedTuple):
    """That argument number `argument` holds class numbers, or places: whole, from 0 to `size` less one.

    `wraps`: negative ones count from the end, as in an index. `axis` is the axis of the first argument whose entries
    they name, from the left; None where they name classes.
    """

    argument: int
    size: int
    wraps: bool = False
    axis: int | None = None


class Operation:
    """What every operation states, whatever its kind.

    `arguments` are differentiable, in order; the last `len(defaults)` of them may be left out. `options` are constants
    (`axis`, `keepdims`), in NumPy's order, with their defaults. `infix` is the operator's sign (`+`), `aliases` are
    other names for the same operation, `keywords` other names for its arguments and options. `stops`: the value is
    taken as a constant of the point; nothing flows back through it, and nothing that moves an argument moves it.
    `written`: how the language says it (`a[index]`), where it is not called by its name. `order`: arguments and options
    as NumPy takes them without names, where that is not arguments first. `fixed` arguments are constant whole numbers.
    `abroad`: what to write for NumPy's function of this name (`np.identity`), where that is another one.
    `commutative`: its two arguments may change places. `prefix`: the sign that is written before its one argument.
    `variants`: by keyword, the operations that its constant values mean (`approximate="tanh"`). `latex`: how LaTeX
    writes its name (`\\sin`), where that is not the name itself. `activation`: people put it behind a layer's sum.
    `fuller`: the named formula that is meant where it is called as PyTorch's (`F.`), or with more than it takes.
    `probability`: whether its values lie between 0 and 1, so that a loss may take them for probabilities; None where
    that depends. `applies`: of a loss that takes logits, the activations that it applies itself.
    """

    kind: ClassVar[str] = "operation"

    def __init__(
        self,
        name: str,
        arguments: str,
        words: str,
        *,
        group: Group,
        options: Mapping[str, Any] | None = None,
        defaults: Sequence[float] = (),
        aliases: Sequence[str] = (),
        keywords: Mapping[str, str] | None = None,
        infix: str = "",
        source: str = "",
        stops: bool = False,
        written: str = "",
        order: Sequence[str] = (),
        fixed: Sequence[str] = (),
        abroad: str = "",
        commutative: bool = False,
        prefix: str = "",
        variants: Mapping[str, Mapping[str, str]] | None = None,
        latex: str = "",
        activation: bool = False,
        probability: bool | None = None,
        applies: Sequence[str] = (),
        fuller: str = "",
    ) -> None:
        self.name = name
        self.arguments = tuple(arguments.replace("*", "").split())
        self.variadic = arguments.startswith("*")
        self.words = words
        self.group = group
        self.options = dict(options or {})
        self.defaults = tuple(defaults)
        self.aliases = tuple(aliases)
        self.keywords = dict(keywords or {})
        self.infix = infix
        self.source = source
        self.stops = stops
        self.written = written
        self.order = tuple(order)
        self.fixed = tuple(fixed)
        self.abroad = abroad
        self.commutative = commutative
        self.prefix = prefix
        self.variants = dict(variants or {})
        self.latex = latex
        self.activation = activation
        self.probability = probability
        self.applies = tuple(applies)
        self.exact = False
        """Whether its value is never rounded."""
        self.fuller = fuller

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def plan(self, shapes: Sequence[Shape], options: Mapping[str, Any]) -> tuple[Shape, Options | None]:
        """The shape of the result and the normalised options, from the arguments' shapes and the options as written.

        Raises OperationError (without a place: the caller knows it) where they do not fit.
        """
        raise NotImplementedError  # each kind says how


class Elementwise(Operation):
    """An operation on numbers, one at a time; on arrays it broadcasts as NumPy does.

    `formula` is its textbook form in the tool's own language, over `arguments`; `partials` maps each argument to the
    textbook form of the local derivative (which may say `y` for the value) and its accurate body `(xp, y, *arguments)`.
    `value` is the body `(xp, *arguments)`. `branch(xp, *arguments)` is the discrete choice that it makes, None where it
    makes none: a corner (or a jump) is where the branch changes. `chosen` has words for an argument that gets all of
    the gradient where others get none (`the larger`). `selects`: the arguments behind the first are what it chooses
    from, so that its derivative is the same choice among theirs. `cases`: a formula without cases as the choice that
    it is (`where(z > 0, 1, where(z < 0, -1, 0))` for sign). `samples` are points, one tuple an argument list (or a
    number where there is one argument), saturated ones included, from which tests are made.

    `staircase`: constant between its jumps. `nonlinearity`: a function of one number that is taken for another such,
    and its derivative for theirs. `primed`: its derivative is called by its name, `sigmoid'(z)`, until it is spelled
    out. `elementary`: a pocket calculator has it. `work`: about how many additions its value costs. `underflows`: a
    result of 0 may be one too small for float64, not so where it comes from 0 alone (sin).
    """

    kind = "elementwise"

    def __init__(
        self,
        name: str,
        arguments: str,
        words: str,
        *,
        formula: str,
        value: Body,
        partials: Mapping[str, tuple[str, Body]],
        samples: Sequence[float | tuple[float, ...]],
        group: Group,
        branch: Body | None = None,
        chosen: Mapping[str, str] | None = None,
        selects: bool = False,
        cases: str = "",
        staircase: bool = False,
        nonlinearity: bool = False,
        primed: bool = False,
        elementary: bool = False,
        work: float = 1.0,
        underflows: bool = True,
        **rest: Any,
    ) -> None:
        super().__init__(name, arguments, words, group=group, **rest)
        self.formula = formula
        self.value = value
        self.branch = branch
        self.chosen = dict(chosen or {})
        self.selects = selects
        self.textbook = tuple(partials[a][0] for a in self.arguments)
        self.partials = tuple(partials[a][1] for a in self.arguments)
        self.samples = tuple(s if isinstance(s, tuple) else (s,) for s in samples)
        self.cases = cases
        self.staircase = self.exact = staircase
        self.nonlinearity = nonlinearity
        self.primed = primed
        self.elementary = elementary
        self.work = work
        self.underflows = underflows and branch is None and self.partials[0] is not UNIT_SLOPE

    @property
    def picks(self) -> bool:
        """Whether its value is one of its arguments: what the others do does not reach it."""
        return self.selects or bool(self.chosen)

    @property
    def signs(self) -> tuple[float, ...] | None:
        """The signs of a sum of its arguments, 1 and -1 for a difference; None where it is something else."""
        known = all(text in ("1", "-1") for text in self.textbook)
        return tuple(map(float, self.textbook)) if known else None

    def plan(self, shapes: Sequence[Shape], options: Mapping[str, Any]) -> tuple[Shape, Options | None]:
        """The broadcast shape of the arguments; an elementwise operation has no options."""
        return broadcast(shapes), None


class Structural(Operation):
    """An operation on whole arrays: it changes shape, or each result depends on many entries.

    `planner(shapes, **options)` gives `(shape, Options)`: axes counted from the right (negative, a tuple), indices
    complete, so that any number of leading axes (stacked copies) may stand in front of every argument. `value` is the
    body `(xp, o, *arguments)`. `vjps` maps each argument to the textbook form of its vector-Jacobian product (with `g`
    for the upstream gradient, `y` for the value) and its body `(xp, o, g, y, *arguments)`, which returns a new array
    of the argument's shape (leading axes kept), or a `Part`; a variadic operation has one entry, whose body takes the
    argument's number first: `(xp, o, g, y, k, *arguments)`. `branch(xp, o, *arguments)` as for Elementwise.
    `samples` are `(shapes, options)` pairs from which tests are made. `instead` names the elementwise operation that
    people mean when they give a reduction two arrays (`max` -> `maximum`). `listed`: the arguments come as one list
    (`concatenate([a, b])`). `formula`: the textbook form, where the language can say it (`exp(a) / sum(exp(a))`).
    `labels(o)` are the arguments that are class numbers, which have no gradient and can be wrong.
    `drops`: not all of the upstream gradient is handed on (the triangle that `tril` leaves out, a label's).
    `slopes`: where the entries along `axis` depend on one another, the textbook derivative of an entry y by its own
    argument's entry, and by that of another entry whose value is w.
    `each(xp, o, *arguments)`, of a mean over all examples, gives what one example contributes: what is added up, and
    divided by `o.count`; the first argument's last axis is its own.

    `copies`: every entry of the result is one of an argument's, or a constant, as of the groups shapes and constants.
    `contracts`: entries of the result are sums of products, as in linear algebra.
    `affine`: its slopes are the same everywhere, as those of a sum; what only copies entries is. `divisor(o)`, of a sum
    of entries along `o.axis`, is what it is divided by. `count_power`: it goes with n to the power of minus this, as a
    mean of n entries does (1), or a standard deviation (1/2). `by_axis`: along `o.axis` its entries depend on one
    another, and along the others every place stands for itself. `permutes`: the axes in another order, `o.axes`.
    `matrix_product`: vectors and matrices multiplied, `a @ b`. `reduces`: without options it gives one number.
    `forms(o)`: textbook forms for these options, of the value as `y` and of gradients by their arguments' names, over
    the arguments (and `g`); those that it leaves out are as they are in general.
    `entry(o, argument, index)`: one entry of the gradient by an argument, in such a form and in words, or None.
    `rule(xp, o, g, y)`: the textbook's vector-Jacobian product as it stands there, where the body is more careful.
    `unpacked`: as a method it takes its first option's entries one by one, `x.reshape(2, 3)`. `two_values`: what people
    mean who give it two values for an array.
    """

    kind = "structural"

    def __init__(
        self,
        name: str,
        arguments: str,
        words: str,
        *,
        planner: Callable[..., tuple[Shape, Options]],
        value: Body,
        vjps: Mapping[str, tuple[str, Body]],
        samples: Sequence[tuple[Sequence[Shape], Mapping[str, Any]]],
        group: Group,
        formula: str = "",
        branch: Body | None = None,
        each: Body | None = None,
        instead: str = "",
        listed: bool = False,
        labels: Callable[[Options], Sequence[Labels]] = lambda o: (),
        drops: bool = False,
        slopes: tuple[str, str] | None = None,
        affine: bool = False,
        copies: bool = False,
        contracts: bool = False,
        divisor: Callable[[Options], int] | None = None,
        count_power: float = 0.0,
        by_axis: bool = False,
        permutes: bool = False,
        matrix_product: bool = False,
        reduces: bool = False,
        rule: Body | None = None,
        forms: Callable[[Options], Mapping[str, str]] | None = None,
        entry: Callable[[Options, str, tuple[int, ...]], tuple[str, str] | None] | None = None,
        unpacked: bool = False,
        two_values: str = "",
        gathered: Callable[[Options], Sequence[Body]] = lambda o: (),
        pullback: Callable[..., tuple[list[Value], Value]] | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(name, arguments, words, group=group, **rest)
        self.planner = planner
        self.value = value
        self.formula = formula
        self.branch = branch
        self.textbook = tuple(vjps[a][0] for a in self.arguments)
        self.vjps = tuple(vjps[a][1] for a in self.arguments)
        self.samples = tuple(samples)
        self.each = each
        self.instead = instead
        self.listed = listed
        self.labels = labels
        self.drops = drops
        self.slopes = slopes
        self.copies = self.exact = copies or group in ("shapes", "constants")
        self.contracts = contracts or group == "linear algebra"
        self.affine = affine or (self.copies and branch is None)
        self.divisor = divisor
        self.count_power = count_power
        self.by_axis = by_axis
        self.permutes = permutes
        self.matrix_product = matrix_product
        self.reduces = reduces
        self.rule = rule
        self.forms = forms
        self.entry = entry
        self.unpacked = unpacked
        self.two_values = two_values
        self.gathered = gathered
        self.pullback = pullback

    def spelled(self, options: Options | None) -> Mapping[str, str]:
        """The textbook forms that these options have: see `forms`."""
        if self.forms is not None and options is not None:
            return self.forms(options)
        return getattr(options, "textbook", {})

    def plan(self, shapes: Sequence[Shape], options: Mapping[str, Any]) -> tuple[Shape, Options | None]:
        """The planner's word, with the defaults of the options that were left out."""
        return self.planner(shapes, **{**self.options, **options})
