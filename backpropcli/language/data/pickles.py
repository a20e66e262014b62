"""Pickles are never read: one can run anything. What PyTorch saves is one, and a line of Python makes arrays of it."""

from __future__ import annotations

import json
import os
import shlex

from backpropcli.errors import FileError

ENDINGS = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle")


def refuse_pickle(data: bytes, path: str) -> None:
    """FileError, with the line that converts it, for a pickle: Python's own, or in a zip file as PyTorch saves it."""
    zipped = data[:4] == b"PK\x03\x04" and (b"/data.pkl" in data[:200] or b"/data.pkl" in data[-65536:])
    plain = data[:1] == b"\x80" and data[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
    if not zipped and not (plain and not data[2:9].startswith(b"\0\0\0\0\0\0")):
        return
    if not zipped and not path.lower().endswith((".pt", ".pth", ".ckpt", ".bin")):
        raise FileError(
            f"{path} is a pickle",
            hint="A pickle can run anything, so none is read. numpy.savez(...) or json.dump(...) writes what is.",
        )
    stem = os.path.splitext(path)[0] if path.lower().endswith(ENDINGS) else path
    saved, read = json.dumps(f"{stem}.npz"), json.dumps(path)
    arrays = f"{{k: v.detach().cpu().numpy() for k, v in torch.load({read}).items()}}"
    code = f"import numpy, torch; numpy.savez({saved}, **{arrays})"
    raise FileError(
        f"{path} is a pickle, as torch.save writes them: it can run anything, so none is read",
        hint=f"This makes arrays of it:\n  python -c {shlex.quote(code)}\n"
        'safetensors.torch.save_file(..., "net.safetensors") writes what is read in the first place.',
    )
