"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The notebook is an empty file."""
    (folder / "small.ipynb").write_bytes(b"")
