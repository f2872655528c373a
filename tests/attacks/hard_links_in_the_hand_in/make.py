"""Changes what is handed in."""

import os
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Hard links to the gradebook and to a file of the instructor's are handed in."""
    os.link(course / "gradebook.db", folder / "x.html")
    os.link(course / "canary.txt", folder / "canary.txt")
