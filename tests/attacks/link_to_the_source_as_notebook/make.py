"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The notebook is a link to the instructor's."""
    (folder / "small.ipynb").unlink()
    (folder / "small.ipynb").symlink_to(course / "source" / "small" / "small.ipynb")
