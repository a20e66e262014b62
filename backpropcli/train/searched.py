"""What moves the parameters of a descent by L-BFGS: an update is an iteration, whose line search picks the step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from backpropcli.errors import SpecError
from backpropcli.train.lbfgs import Iteration, Settings, iterations

if TYPE_CHECKING:
    from backpropcli.engine.repeated import Repeated
    from backpropcli.language.training.training import Training
    from backpropcli.train.lbfgs import Array

WHOLE = "L-BFGS looks at the whole loss, with a line search of its own"


class Searched:
    """As a Stepper, whose next step has to be found first: `find` does, and is False where nothing is gained any more.

    It keeps no `state` of its own that could be saved: to go on is to make the first updates again, which gives the
    same bits (`again`).
    """

    def __init__(self, training: Training, repeated: Repeated, batch: int | None) -> None:
        _refuse(training, batch)
        self.repeated = repeated
        self.state: dict[str, Any] = {}
        chosen = training.settings
        settings = Settings(int(chosen["memory"]), bool(chosen["scale"]), tries=int(chosen["tries"]))
        self._settings = settings
        self._iterations: Iterator[Iteration] | None = None
        self._next: Iteration | None = None

    def learning_rate(self, t: int, epoch: int) -> float:
        """1: the line search chooses the length of every step."""
        return 1.0

    def find(self) -> bool:
        """Search for the next step; the parameters stay where they are, and the plan's values are of elsewhere."""
        import numpy as np

        if self._next is not None:
            return True
        flat = self.repeated.flat
        here = flat[:] if isinstance(flat, list) else flat.copy()
        if self._iterations is None:
            self._iterations = iterations(self._loss, np.array(flat, dtype=np.float64), self._settings)
        self._next = next(self._iterations, None)
        flat[:] = here
        return self._next is not None

    def update(self, p: Any, g: Any, t: int, lr: float) -> None:
        """Move `p` by the step that was found."""
        assert self._next is not None
        to, self._next = self._next.parameters, None
        p[:] = to.tolist() if isinstance(p, list) else to

    def again(self, count: int) -> None:
        """Make the first `count` updates again."""
        for _ in range(count):
            if not self.find():
                return
            self.update(self.repeated.flat, None, 0, 1.0)

    def _loss(self, at: Array) -> tuple[float, Array]:
        import numpy as np

        flat = self.repeated.flat
        flat[:] = at.tolist() if isinstance(flat, list) else at
        loss = self.repeated.run()
        return loss, np.array(self.repeated.gradient, dtype=np.float64)


def _refuse(training: Training, batch: int | None) -> None:
    """What makes no sense with a line search."""
    if batch is not None:
        raise SpecError(f"{WHOLE}: batches have no part in it", hint="Leave batch out, or choose  optimizer: adam")
    if training.clip != (None, None):
        raise SpecError(f"{WHOLE}: clipped gradients would mislead it", hint="Leave clip out.")
    if training.schedule.name != "constant" or training.lr != training.optimizer.lr:
        raise SpecError(f"{WHOLE}: it has no learning rate", hint="Leave lr and schedule out.")
