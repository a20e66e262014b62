"""What moves the parameters: clipped gradients, the schedule's learning rate, and the optimiser's rules."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from backpropcli.language.training.rules import program, schedule_graph
from backpropcli.train.plainly import Plainly, constants_of, made, steps_of

if TYPE_CHECKING:
    from backpropcli.language.training.training import Clip, Training
    from backpropcli.train.vectors import Vectors

TINY = 1e-6
"""What PyTorch's clip_grad_norm_ adds to a norm before it divides by it."""


class Rate:
    """The learning rate of every update."""

    def __init__(self, training: Training, total: int) -> None:
        graph, self.result = schedule_graph(training.schedule, training.schedule_settings)
        self.values = constants_of(graph)
        self.steps = steps_of(graph, False)
        self.lr, self.total = training.lr, total
        self.asked: tuple[int, int] | None = None
        """The update and the epoch whose learning rate the values are: it is asked for more than once."""

    def at(self, t: int, epoch: int) -> float:
        """That of update `t` (from 1) in this epoch (from 0)."""
        if type(self.result) is not int:
            return float(self.result)
        if not self.steps:
            return self.lr
        v = self.values
        if self.asked != (t, epoch):
            v[:4] = self.lr, float(t), float(self.total), float(epoch)
            made(self.steps, v)
            self.asked = t, epoch
        return float(v[self.result])


class Stepper:
    """Moves `numbers` parameters, `total` times: a list of floats, or one flat array of this dtype.

    `state` has the optimiser's numbers by name, in the order of the parameters (one number where it is the same for
    all): lists or arrays as the parameters are. It may be written to before the first update, to go on with a training.
    The same numbers give the same bits.
    """

    def __init__(self, training: Training, numbers: int, dtype: str, total: int) -> None:
        self.training, self.numbers, self.dtype = training, numbers, dtype
        self.program = program(training.optimizer, training.settings)
        self.rate = Rate(training, total)
        counts = {name: numbers if name in self.program.entrywise else 1 for name in self.program.starts}
        self.state: dict[str, Any] = {name: [start] * counts[name] for name, start in self.program.starts.items()}
        self._plainly: Plainly | None = None
        self._vectors: Vectors | None = None
        self._clipped: Any = None

    def learning_rate(self, t: int, epoch: int) -> float:
        """The schedule's learning rate for update `t` (from 1) in this epoch (from 0)."""
        return self.rate.at(t, epoch)

    def update(self, p: Any, g: Any, t: int, lr: float) -> None:
        """Move `p` along its gradient `g`, which stays as it is, and the state with it; `lr` is this update's."""
        if isinstance(p, list):
            if self._plainly is None:
                self._plainly = self._plain()
            self._plainly.update(p, clipped(g, self.training.clip), self.state, lr, t)
            return
        if self._vectors is None:
            self._vectors = self._many()
        if self.training.clip != (None, None):
            g = self._clip(g)
        self._vectors.update(p, g, self.state, lr, t)

    def _plain(self) -> Plainly:
        for name, values in self.state.items():
            self.state[name] = [float(value) for value in values]
        return Plainly(self.program)

    def _many(self) -> Vectors:
        import numpy as np

        from backpropcli.train.vectors import Vectors

        for name, values in self.state.items():
            self.state[name] = np.array(values, dtype=self.dtype if name in self.program.entrywise else "float64")
        return Vectors(self.program, self.numbers, self.dtype)

    def _clip(self, g: Any) -> Any:
        import numpy as np

        from backpropcli.train.vectors import norm

        if self._clipped is None:
            self._clipped = np.empty_like(g)
        value, most = self.training.clip
        if value is not None:
            g = np.clip(g, -value, value, out=self._clipped)
        if most is not None:
            g = np.multiply(g, shrunk(norm(g), most), out=self._clipped)
        return g


def shrunk(norm: float, most: float) -> float:
    """What gradients of this norm are multiplied by: torch.nn.utils.clip_grad_norm_."""
    factor = most / (norm + TINY)
    return 1.0 if factor > 1.0 else factor  # a norm that is no number stays one


def clipped(g: list[float], clip: Clip) -> list[float]:
    """Gradients between -value and value, then no longer than `norm`."""
    value, most = clip
    if value is not None:
        g = [-value if x < -value else value if x > value else x for x in g]
    if most is not None:
        factor = shrunk(math.hypot(*g), most)
        g = [x * factor for x in g]
    return g
