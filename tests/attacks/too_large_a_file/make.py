"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """A file of 1 TB is handed in, most of it a hole."""
    with (folder / "data.bin").open("wb") as file:
        file.truncate(2**40)
