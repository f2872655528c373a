"""Changes what is handed in."""

import os
import stat
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """A device that never ends is handed in."""
    os.mknod(folder / "zero.csv", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    os.mknod(folder / "disk", 0o666 | stat.S_IFBLK, os.makedev(254, 0))
