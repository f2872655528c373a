"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The notebook is a link to another student's."""
    (folder / "small.ipynb").unlink()
    (folder / "small.ipynb").symlink_to(course / "submitted" / "alice" / "small" / "small.ipynb")
