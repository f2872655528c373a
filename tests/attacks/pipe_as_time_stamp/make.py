"""Changes what is handed in."""

import os
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The time stamp is a pipe that nobody writes to."""
    (folder / "timestamp.txt").unlink()
    os.mkfifo(folder / "timestamp.txt")
