"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The notebook has the name that a browser gave it."""
    (folder / "small.ipynb").rename(folder / "small (1).ipynb")
