"""Changes what is handed in."""

import os
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The notebook is a pipe that nobody writes to."""
    (folder / "small.ipynb").unlink()
    os.mkfifo(folder / "small.ipynb")
