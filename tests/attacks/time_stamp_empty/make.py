"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The time stamp is empty."""
    (folder / "timestamp.txt").write_text("", encoding="utf-8")
