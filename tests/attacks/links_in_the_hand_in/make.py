"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Links to the gradebook, the hidden tests, a folder, themselves and nowhere are handed in."""
    (folder / "x.html").symlink_to(course / "gradebook.db")
    (folder / "data.txt").symlink_to("../../../tests/hidden/small/tests.py")
    (folder / "course").symlink_to(course)
    (folder / "loop").symlink_to("loop")
    (folder / "nowhere").symlink_to("/nonexistent")
    (folder / "deep").mkdir()
    (folder / "deep" / "up").symlink_to("..")
