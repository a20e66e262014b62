"""What is said where backprop itself is at fault: what happened, where, and how to see more."""

from __future__ import annotations

import os

from backpropcli.version import __version__


def bug(error: BaseException) -> str:
    """The message for a fault of our own, which says where it is; the traceback only for those who ask."""
    import traceback

    if os.environ.get("BACKPROP_DEBUG"):
        traceback.print_exception(error)
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "backpropcli" in frame.filename] or list(frames)
    name = os.path.join("backpropcli", ours[-1].filename.rpartition("backpropcli" + os.sep)[2])
    where = f"{name}:{ours[-1].lineno}, in {ours[-1].name}"
    kind = type(error).__name__
    return (
        f"a bug in backprop: {kind}{f': {error}' if str(error) else ''}\n  {where}\n"
        f"  This is not your fault. Reported with the network and the command, it can be mended;\n"
        f"  BACKPROP_DEBUG=1 backprop ... shows the whole traceback. (backprop {__version__})"
    )
