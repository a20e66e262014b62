"""A training at one moment as arrays by name: a file of them goes on bit for bit as if it had never stopped.

Parameters have their own names, so that `run --load` reads them; all else stands behind `backprop.`, which it passes
over: the optimiser's state, entry by entry of the parameters in order, and a JSON text with the rest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from math import nan
from typing import TYPE_CHECKING, Any

from backpropcli.errors import FileError
from backpropcli.language.data.kept import Kept
from backpropcli.language.data.numpy_files import OURS

if TYPE_CHECKING:
    from backpropcli.language.training.training import Training
    from backpropcli.train.descent import Descent

FORMAT = "backprop.checkpoint/1"
MOST = 2**53
"""Updates and examples of a file are no more: what says so is no checkpoint of ours."""


def arrays(descent: Descent) -> dict[str, Any]:
    """All that the future of a training depends on, as NumPy arrays by name."""
    import numpy as np

    flat = np.asarray(descent.flat, dtype=descent.dtype)
    found: dict[str, Any] = {}
    for name, part in descent.feed.parts.items():
        found[name] = flat[part.slice].reshape(part.shape)
    for name, values in descent.stepper.state.items():
        found[f"{OURS}state.{name}"] = np.asarray(values)  # what all entries share is float64 in float32 too
    text = json.dumps(_rest(descent), sort_keys=True)
    found[f"{OURS}training"] = np.frombuffer(text.encode(), dtype=np.uint8)
    return found


def _rest(descent: Descent) -> dict[str, Any]:
    stopping, epoch = descent.stopping, descent.epoch
    return {
        "format": FORMAT,
        "update": descent.number,
        "best": repr(stopping.best),
        "since": stopping.since,
        "epoch": [repr(epoch.total), epoch.count],
        "mean": repr(epoch.mean),
        "of": descent.of,
        "dtype": descent.dtype,
        "fingerprint": dict(fingerprint(descent)),
    }


def fingerprint(descent: Descent) -> Mapping[str, str]:
    """What must be the same to go on: the network, its data, and how it is trained; each a short hash.

    It is made once: data in a file may be large, or not be there any more when the last state is saved.
    """
    descent.fingerprint = descent.fingerprint or _fingerprint(descent)
    return descent.fingerprint


def _fingerprint(descent: Descent) -> Mapping[str, str]:
    graph = descent.spec.graph
    formulas = [(node.name, node.kind, node.formula, graph.shape(node.name)) for node in graph.nodes.values()]
    data = hashlib.sha256()
    for name in graph.names("input", "target"):
        value = descent.spec.values[name]
        if isinstance(value, Kept):
            data.update(value.stamp())
        else:
            data.update(repr(value).encode() if isinstance(value, float) else value.tobytes())
    return {
        "network": _hash(repr(formulas)),
        "data": data.hexdigest()[:16],
        "settings": _hash(repr(_settings(descent.training))),
    }


def _settings(training: Training) -> tuple[Any, ...]:
    """What the next update depends on; how long it goes on may be another."""
    optimizer, schedule = training.optimizer, training.schedule
    return (
        (optimizer.name, optimizer.state, optimizer.update, sorted(training.settings.items()), training.lr),
        (schedule.formula, sorted(training.schedule_settings.items())),
        (training.batch, training.shuffle, training.seed, training.holdout, tuple(training.clip)),
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def restore(descent: Descent, found: Mapping[str, Any], path: str) -> None:
    """Go on from what a checkpoint holds; FileError where it is none, or another training's."""
    import numpy as np

    found = {name: np.asarray(value) for name, value in found.items()}
    rest = _read_rest(found, path)
    _fits(descent, rest, path)
    if descent.search is not None:
        descent.search.again(int(rest["update"]))
    for name, part in descent.feed.parts.items():
        if name not in found or found[name].shape != part.shape:
            raise FileError(f"{path}: the parameter {name} is missing, or has another shape")
        there = _plain(descent, found[name].ravel())
        if descent.search is not None and list(descent.flat[part.slice]) != list(there):
            raise FileError(
                f"{path} is a training's with another start: its first updates, made again, lead elsewhere",
                hint="L-BFGS goes on from the start that it had: give the same -p and --load.",
            )
        descent.flat[part.slice] = there
    for name, values in descent.stepper.state.items():
        key = f"{OURS}state.{name}"
        if key not in found or found[key].shape != (len(values),):
            raise FileError(f"{path}: the optimiser's {name} is missing, or has another shape")
        values[:] = _plain(descent, found[key])
    descent.number = int(rest["update"])
    descent.stopping.best, descent.stopping.since = float(rest["best"]), int(rest["since"])
    epoch = descent.epoch
    epoch.total, epoch.count, epoch.mean = float(rest["epoch"][0]), int(rest["epoch"][1]), float(rest["mean"])
    descent.reason = descent.stopping.over(epoch.mean if descent.feed.batch is not None and not epoch.count else nan)


def _plain(descent: Descent, array: Any) -> Any:
    """As the descent keeps its numbers: a list of floats, or an array."""
    return array.tolist() if isinstance(descent.flat, list) else array


def _read_rest(found: Mapping[str, Any], path: str) -> dict[str, Any]:
    try:
        rest = json.loads(bytes(found[f"{OURS}training"].astype("uint8")))
        if rest["format"] != FORMAT:
            raise FileError(f"{path} is a checkpoint of another version: {str(rest['format'])[:40]}")
        total, count = rest["epoch"]
        counts = (rest["update"], rest["since"], count)
        if not all(type(n) is int and 0 <= n <= MOST for n in counts):
            raise ValueError(f"counts {counts}")
        float(rest["best"]), float(total), float(rest["mean"])
        return {**rest, "fingerprint": dict(rest["fingerprint"])}
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        raise FileError(
            f"{path} is no checkpoint of a training", hint="backprop train --checkpoint FILE.npz writes one."
        ) from None


def _fits(descent: Descent, rest: Mapping[str, Any], path: str) -> None:
    """Refuse what would not go on as if never stopped."""
    now = {**fingerprint(descent), "dtype": descent.dtype, "of": descent.of}
    before = {**rest["fingerprint"], "dtype": rest["dtype"], "of": rest["of"]}
    words = {
        "network": "another network's: its nodes, parameters or shapes differ",
        "data": "a network's with other data",
        "settings": "a training's with other settings",
        "dtype": f"a training's in {before['dtype']}",
        "of": f"a training's whose loss is {before['of']}",
    }
    for key, said in words.items():
        if now[key] != before.get(key):
            raise FileError(
                f"{path} is {said}",
                hint="Start it anew without --resume; or load the parameters alone:  --load " + path,
            )
