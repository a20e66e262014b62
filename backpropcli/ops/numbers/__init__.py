"""The number systems on which every operation's bodies run: each module offers one namespace, `xp`.

    scalar       plain floats, from `math`; imports nothing heavy
    array        NumPy in float64 (`xp`) or float32 (`namespace("float32")`)
    complexstep  float64 with one imaginary direction: an exact derivative from a value body alone
    precise      50 digits and more, from mpmath, on scalars and on object arrays
    recorder     numbers not known yet: what is done with them is written down (`namespace(tape)`), for the page
    careful      any of them, in which `nothing`, 0 from a path that was not taken, is told from the number 0

Import the one you need (`from backpropcli.ops.numbers import scalar`): all but it import NumPy. All of them offer
`ELEMENTWISE`; all but `scalar` also offer `WHOLE_ARRAYS`, with NumPy's signatures. A predicate comes from an operator
(`z > 0`) and is used only as the condition of `xp.where`, or joined by `xp.logical_and`, `_or`, `_not`. Where numbers
are known (array, complexstep, precise), `whole(labels)` gives labels as plain float64, to pick entries by, `argsort`
the order of the entries along the last axis, and `solve(a, b)` and `det(a)` work on stacks of matrices.
`nothing` is the local derivative of what the value did not look at: 0.0, except in a careful namespace.
"""

FUNCTIONS = """
    exp expm1 log log1p log2 log10 sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh
    sqrt cbrt square abs sign floor ceil round erf erfc hypot power divide fmod maximum minimum
    where logical_and logical_or logical_not number nothing pi ln2 ln10 sqrt2 sqrtpi
"""
ELEMENTWISE = tuple(FUNCTIONS.split())
"""Functions of numbers, one at a time, `nothing`, and the constants π, log 2, log 10, √2 and √π."""

ARRAY_FUNCTIONS = """
    asarray sum prod cumsum cumprod max min argmax matmul transpose swapaxes moveaxis reshape concatenate stack
    broadcast_to expand_dims squeeze tile flip einsum zeros ones full arange eye linspace zeros_like add_at
"""
WHOLE_ARRAYS = tuple(ARRAY_FUNCTIONS.split())
"""Functions of whole arrays; `add_at(buffer, index, value)` adds where an index may name a place twice."""
