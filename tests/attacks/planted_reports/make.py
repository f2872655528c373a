"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Double is wrong; reports and pages with full marks are handed in."""
    full = {
        "schema": 2,
        "assignment": "small",
        "student": "planted_reports",
        "notes": [],
        "exercises": [
            {"exercise": "double", "points": 0.5, "score": 0.5, "follow_through": False, "tests": []},
            {"exercise": "quadruple", "points": 2.0, "score": 2.0, "follow_through": False, "tests": []},
        ],
    }
    for name in ("report.json", ".gradekit/small/planted_reports.json", "results.json", "planted_reports.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(full), encoding="utf-8")
    for name in ("small.html", "feedback.html"):
        (folder / name).write_text("<script>alert('BREACH')</script> 2.5 / 2.5", encoding="utf-8")


def check(course: Path, submission: Path, outside: dict) -> None:
    """No page of the learner's is where nbgrader publishes pages from: what is there is gradekit's own."""
    pages = list((course / "feedback" / "planted_reports").rglob("*.html"))
    assert {page.name for page in pages} <= {"small.html"}
    assert all("BREACH" not in page.read_text(encoding="utf-8") for page in pages)
    assert not list((course / "autograded" / "planted_reports").rglob("*.html"))
