"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """A folder has the notebook's name."""
    (folder / "small.ipynb").unlink()
    (folder / "small.ipynb").mkdir()
