"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Five thousand files are handed in."""
    (folder / "many").mkdir()
    for number in range(5000):
        (folder / "many" / f"{number}.txt").touch()
