"""Products with something added, as PyTorch names them: addmm, baddbmm, addcmul, lerp."""

from __future__ import annotations

from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.formula import Case, Formula, Sample
from backpropcli.ops.planning import number
from backpropcli.ops.shape import show_shape

FACTORS: dict[str, Any] = {"beta": 1, "alpha": 1}
MATRICES: dict[str, Any] = {"c": (2, 4), "a": (2, 3), "b": (3, 4)}
BATCHES: dict[str, Any] = {"a": (2, 2, 3), "b": (2, 3, 4)}
TRIPLE: dict[str, Any] = {"x": (2, 3), "a": (2, 3), "b": (3,)}


def times(case: Case, option: str, text: str) -> str:
    """A factor in front, which is left out where it is 1."""
    factor = number(getattr(case.options, option), option)
    return text if factor == 1 else f"{option} * {text}"


def ranks(case: Case, **wanted: int) -> None:
    """Raise OperationError where an argument has other axes than it should: nothing broadcasts by accident."""
    for name, rank in wanted.items():
        if len(case.shapes[name]) != rank:
            kind = {1: "a vector", 2: "a matrix", 3: "a batch of matrices"}[rank]
            raise OperationError(f"{name} has the shape {show_shape(case.shapes[name])}: it needs {kind}")


def _with_product(product: str, **wanted: int) -> Any:
    def build(case: Case) -> str:
        ranks(case, **wanted)
        return f"{times(case, 'beta', 'input')} + {times(case, 'alpha', product)}"

    return build


def _added(name: str, arguments: str, words: str, product: str, wanted: dict[str, int], *samples: Sample) -> Formula:
    return Formula(
        name,
        f"input {arguments}",
        words,
        group="linear algebra",
        formula=f"beta * input + alpha * {product}",
        build=_with_product(product, **wanted),
        options=FACTORS,
        samples=samples,
        source=f"torch.{name}",
    )


def _product(name: str, arguments: str, words: str, formula: str, wanted: dict[str, int], *samples: Sample) -> Formula:
    def build(case: Case) -> str:
        ranks(case, **wanted)
        return formula

    return Formula(
        name,
        arguments,
        words,
        group="linear algebra",
        formula=formula,
        build=build,
        samples=samples,
        source=f"torch.{name}",
    )


def _fraction(sign: str) -> Any:
    return lambda case: f"input + {times(case, 'value', f'tensor1 {sign} tensor2')}"


def _vecdot(case: Case) -> str:
    return f"sum(x * y, axis={case.options.axis!r})"


OPERATIONS = (
    _added(
        "addmm",
        "mat1 mat2",
        "a matrix and the product of two others, each with its factor",
        "(mat1 @ mat2)",
        {"mat1": 2, "mat2": 2},
        ("addmm(c, a, b, beta=0.5, alpha=2)", MATRICES),
        ("addmm(c, a, b)", {**MATRICES, "c": (4,)}),
    ),
    _added(
        "addmv",
        "mat vec",
        "a vector and a matrix times a vector, each with its factor",
        "(mat @ vec)",
        {"mat": 2, "vec": 1},
        ("addmv(c, a, b, alpha=2)", {"c": (2,), "a": (2, 3), "b": (3,)}),
    ),
    _added(
        "addr",
        "vec1 vec2",
        "a matrix and the outer product of two vectors, each with its factor",
        "outer(vec1, vec2)",
        {"vec1": 1, "vec2": 1},
        ("addr(c, a, b, beta=0.5)", {"c": (2, 3), "a": (2,), "b": (3,)}),
    ),
    _added(
        "baddbmm",
        "batch1 batch2",
        "a batch of matrices and the products of two others, each with its factor",
        "(batch1 @ batch2)",
        {"batch1": 3, "batch2": 3},
        ("baddbmm(c, a, b, beta=0.5, alpha=2)", {**BATCHES, "c": (2, 2, 4)}),
    ),
    _added(
        "addbmm",
        "batch1 batch2",
        "a matrix and the sum of the products of two batches of them, each with its factor",
        "sum(batch1 @ batch2, axis=0)",
        {"batch1": 3, "batch2": 3},
        ("addbmm(c, a, b, beta=0.5, alpha=2)", {**BATCHES, "c": (2, 4)}),
    ),
    _product(
        "bmm",
        "input mat2",
        "the matrix products of two batches, one by one",
        "input @ mat2",
        {"input": 3, "mat2": 3},
        ("bmm(a, b)", BATCHES),
    ),
    _product(
        "mv",
        "input vec",
        "a matrix times a vector",
        "input @ vec",
        {"input": 2, "vec": 1},
        ("mv(a, b)", {"a": (2, 3), "b": (3,)}),
    ),
    Formula(
        "vecdot",
        "x y",
        "the sums of products of entries along one axis",
        group="linear algebra",
        formula="sum(x * y, axis=-1)",
        build=_vecdot,
        options={"axis": -1},
        keywords={"dim": "axis", "x1": "x", "x2": "y"},
        samples=(
            ("vecdot(a, b)", {"a": (2, 3), "b": (3,)}),
            ("vecdot(a, b, axis=0)", {"a": (2, 3), "b": (2, 3)}),
        ),
        source="numpy.vecdot",
    ),
    Formula(
        "addcmul",
        "input tensor1 tensor2",
        "the product of two arrays, times a number, added to a third",
        group="arithmetic",
        formula="input + value * tensor1 * tensor2",
        build=_fraction("*"),
        options={"value": 1},
        samples=(("addcmul(x, a, b, value=0.5)", TRIPLE), ("addcmul(x, a, b)", TRIPLE)),
        source="torch.addcmul",
    ),
    Formula(
        "addcdiv",
        "input tensor1 tensor2",
        "the quotient of two arrays, times a number, added to a third",
        group="arithmetic",
        formula="input + value * tensor1 / tensor2",
        build=_fraction("/"),
        options={"value": 1},
        samples=(("addcdiv(x, a, b, value=0.5)", {**TRIPLE, "b": [2.0, -1.5, 0.5]}),),
        source="torch.addcdiv",
    ),
    Formula(
        "lerp",
        "input end weight",
        "between two values: at weight 0 the first, at 1 the second",
        group="arithmetic",
        formula="input + weight * (end - input)",
        samples=(("lerp(x, a, 0.25)", TRIPLE), ("lerp(x, a, b)", TRIPLE)),
        source="torch.lerp",
    ),
    Formula(
        "frac",
        "input",
        "what stands behind the decimal point, with the sign of the number",
        group="arithmetic",
        formula="input - trunc(input)",
        samples=(("frac(x)", {"x": (2, 3)}),),
        source="torch.frac",
    ),
)
