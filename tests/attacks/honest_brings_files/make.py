"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """A data file and a module of the learner's own are handed in and used."""
    (folder / "data").mkdir()
    (folder / "data" / "factor.csv").write_text("factor\n2\n", encoding="utf-8")
    (folder / "my_helpers.py").write_text("def twice(x):\n    return x + x\n", encoding="utf-8")


def check(course: Path, submission: Path, outside: dict) -> None:
    """What was handed in lies beside the graded notebook."""
    graded = course / "autograded" / "honest_brings_files" / "small"
    assert (graded / "data" / "factor.csv").read_text(encoding="utf-8") == "factor\n2\n"
