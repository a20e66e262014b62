"""Small random networks for the tellings: scalars with several paths, and matrices of two or three rows and columns."""

from __future__ import annotations

import random
from itertools import pairwise

FUNCTIONS = ("tanh({})", "sigmoid({})", "relu({})", "exp(0.3*{})", "{}**2", "softplus({})", "1/(2 + {}**2)", "3 - {}/4")


def scalars(seed: int) -> str:
    """A network of plain numbers, in which values are used several times."""
    rng = random.Random(seed)
    names = [f"w{k}" for k in range(rng.randint(1, 3))]
    lines = ["parameters: {" + ", ".join(f"{n}: {rng.uniform(-2, 2):.3f}" for n in names) + "}", "nodes:"]
    for k in range(rng.randint(2, 6)):
        a, b = rng.choice(names), rng.choice(names[-3:])
        form = rng.choice(["{f} * {b}", "{f} + {b}", "{f} - 2*{b}", "{f}", "{f} / (1.5 + {b}**2)", "maximum({f}, {b})"])
        lines.append(f"  n{k}: {form.format(f=rng.choice(FUNCTIONS).format(a), b=b)}")
        names.append(f"n{k}")
    loose = " + ".join(names[-3:])
    return "\n".join([*lines, f"  J: ({loose})**2 / 2", "loss: J", ""])


def matrices(seed: int) -> str:
    """A network of layers on vectors or small batches, with one of several losses."""
    rng = random.Random(seed)

    def array(*shape: int) -> object:
        if not shape:
            return round(rng.uniform(-1.5, 1.5), 3)
        return [array(*shape[1:]) for _ in range(shape[0])]

    examples, sizes = rng.choice([0, 0, 2, 3]), [rng.randint(2, 3) for _ in range(rng.randint(2, 3))]
    lead = (examples,) if examples else ()
    data = {"x": array(*lead, sizes[0])}
    lines, parameters, last = [], {}, "x"
    for k, (rows, columns) in enumerate(pairwise(sizes), 1):
        parameters[f"W{k}"], parameters[f"b{k}"] = array(rows, columns), array(*rng.choice([(columns,), ()]))
        lines.append(f"  z{k}: {last} @ W{k} + b{k}")
        lines.append(f"  a{k}: {rng.choice(FUNCTIONS[:4]).format(f'z{k}')}")
        last = f"a{k}"
    data["y"] = array(*lead, sizes[-1])
    axis = ", axis=-1" if examples else ""
    loss = rng.choice(
        [
            f"sum(({last} - y)**2)/2",
            f"mean(({last} - y)**2)",
            f"-mean(log(softmax({last}{axis})) * y)",
            f"sum({last} * y)",
            f"mean(sum(({last} - y)**2, axis=-1))",
        ]
    )
    return "\n".join(
        [
            f"inputs: {{x: {data['x']}}}",
            f"targets: {{y: {data['y']}}}",
            f"parameters: {parameters!r}".replace("'", ""),
            "nodes:",
            *lines,
            f"  J: {loss}",
            "loss: J",
            "",
        ]
    )
