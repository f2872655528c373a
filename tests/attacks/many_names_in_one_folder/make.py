"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Each costs a look."""
    for number in range(30_000):
        (folder / f"a{number}.csv").touch()
