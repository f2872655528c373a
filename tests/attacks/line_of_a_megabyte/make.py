"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The line is the one that fails."""
    text = json.dumps(node).replace("WIDE", "'" + "\\ud83d\\ude00" * 1_000_000 + "'")
    (folder / "small.ipynb").write_text(text, encoding="utf-8")


def check(course: Path, submission: Path, outside: dict) -> None:
    """The report stays small."""
    report = course / ".gradekit" / "small" / f"{submission.parent.name}.json"
    assert report.stat().st_size < 50_000
