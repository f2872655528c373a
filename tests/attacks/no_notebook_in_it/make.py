"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The notebook is JSON, but a list."""
    (folder / "small.ipynb").write_bytes(b"[1, 2, 3]")
