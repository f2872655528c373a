"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The time stamp is 10 MB of bytes that are no text."""
    (folder / "timestamp.txt").write_bytes(bytes(range(256)) * 40_000)
