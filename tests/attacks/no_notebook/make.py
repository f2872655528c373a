"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Nothing but a time stamp is handed in."""
    (folder / "small.ipynb").unlink()
