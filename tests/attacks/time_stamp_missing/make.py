"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """There is no time stamp."""
    (folder / "timestamp.txt").unlink()
