"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The time stamp is no time."""
    (folder / "timestamp.txt").write_text("yesterday [/] <script>\x1b[2J", encoding="utf-8")
