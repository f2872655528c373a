"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The time stamp is a folder."""
    (folder / "timestamp.txt").unlink()
    (folder / "timestamp.txt").mkdir()
