"""The schedules: the learning rate of an update as a formula; every one may begin with a linear warm-up."""

from __future__ import annotations

from collections.abc import Mapping

from backpropcli.language.training.settings import ABOVE_ZERO, COUNT, FROM_ZERO, WHOLE, Setting
from backpropcli.language.training.training import Schedule

WARMUP = Setting("warmup", WHOLE, "Updates over which the learning rate first grows from 0.", 0)
SCHEDULES = (
    Schedule(
        "constant",
        "the same all the time",
        (WARMUP,),
        "lr",
        torch="ConstantLR(factor=1); warmup: LinearLR before it",
    ),
    Schedule(
        "step",
        "times gamma after every so many updates",
        (
            Setting("every", COUNT, "After how many updates the learning rate falls."),
            Setting("gamma", ABOVE_ZERO, "What it is multiplied by.", 0.1),
            WARMUP,
        ),
        "lr * gamma**floor((t - 1 - warmup) / every)",
        torch="StepLR(step_size=every), stepped after every update",
    ),
    Schedule(
        "exponential",
        "times gamma after every update",
        (Setting("gamma", ABOVE_ZERO, "What it is multiplied by."), WARMUP),
        "lr * gamma**(t - 1 - warmup)",
        torch="ExponentialLR, stepped after every update",
    ),
    Schedule(
        "cosine",
        "half a wave of the cosine, from lr to end at the last update",
        (Setting("end", FROM_ZERO, "What it comes to at last.", 0.0), WARMUP),
        "end + (lr - end) * (1 + cos(pi * (t - 1 - warmup) / (T - warmup))) / 2",
        torch="CosineAnnealingLR(T_max=T - warmup, eta_min=end), stepped after every update",
    ),
    Schedule(
        "linear",
        "a straight line from lr·start to lr·end",
        (
            Setting("start", FROM_ZERO, "The factor of the first update.", 1.0),
            Setting("end", FROM_ZERO, "The factor of the last update.", 0.0),
            WARMUP,
        ),
        "lr * (start + (end - start) * (t - 1 - warmup) / maximum(T - 1 - warmup, 1))",
        torch="LinearLR(start, end, T - 1 - warmup), stepped after every update",
    ),
)

NAMED = {name: schedule for schedule in SCHEDULES for name in (schedule.name, *schedule.aliases)}
CONSTANT = NAMED["constant"]


def formula(schedule: Schedule, settings: Mapping[str, float]) -> str:
    """The formula of a schedule with these settings: where there is a warm-up, that goes before it."""
    rest = schedule.formula
    return f"where(t <= warmup, lr * t / warmup, {rest})" if settings.get("warmup") else rest
