"""Write digits.npz, the handwritten digits that the networks read; digits.txt beside it says where they come from.

``python make_digits.py`` writes it again, beside this file. It needs scikit-learn, which ships the images; the
notebook does not.
"""

from __future__ import annotations

import io
import random
import sys
import zipfile
from pathlib import Path

import numpy as np

SEED = 8
LEARNT = 1400  # of the images, in the order of the file; the rest is held out


def shuffled(n: int) -> list[int]:
    """Return the numbers below n in an order that is the same on every machine.

    Of Python's generator only ``random()`` is promised to give the same numbers in every version.
    """
    draw = random.Random(SEED).random  # noqa: S311  (an order is no secret)
    keys = [draw() for _ in range(n)]
    return sorted(range(n), key=keys.__getitem__)


def packed(arrays: dict[str, np.ndarray]) -> bytes:
    """Return an .npz file of these arrays, the same to the byte on every machine.

    Nothing is compressed, since other versions of zlib make other bytes, and no date and no system stands in it.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            inside = io.BytesIO()
            np.lib.format.write_array(inside, array, version=(1, 0), allow_pickle=False)
            archive.writestr(entry, inside.getvalue())
    return file.getvalue()


def digits() -> bytes:
    """Return the file: `images` (1797, 8, 8) from 0 to 16 and `labels` (1797,), shuffled, both of uint8."""
    from sklearn.datasets import load_digits  # noqa: PLC0415  (only to make the file anew)

    found = load_digits()
    order = shuffled(len(found.target))
    return packed({"images": found.images[order].astype(np.uint8), "labels": found.target[order].astype(np.uint8)})


if __name__ == "__main__":
    path = Path(__file__).with_name("digits.npz")
    size = path.write_bytes(digits())
    sys.stdout.write(f"{size} bytes in {path}\n")
