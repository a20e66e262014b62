"""scikit-learn's digits (1797 images of 8 x 8) as files: `python tests/train/digits_files.py FOLDER`."""

from __future__ import annotations

import gzip
import struct
import sys
from pathlib import Path

import numpy as np


def write(folder: Path) -> None:
    """digits.csv (columns p0 to p63 and digit), digits-images.gz and digits-labels (IDX)."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    header = ",".join([*(f"p{k}" for k in range(64)), "digit"])
    pairs = zip(digits.data, digits.target, strict=True)
    rows = [",".join(f"{value:g}" for value in (*row, label)) for row, label in pairs]
    (folder / "digits.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    images = bytes([0, 0, 8, 3]) + struct.pack(">3I", *digits.images.shape) + digits.images.astype(np.uint8).tobytes()
    (folder / "digits-images.gz").write_bytes(gzip.compress(images))
    labels = bytes([0, 0, 8, 1]) + struct.pack(">I", len(digits.target)) + digits.target.astype(np.uint8).tobytes()
    (folder / "digits-labels").write_bytes(labels)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
