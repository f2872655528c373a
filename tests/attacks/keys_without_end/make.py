"""Changes nothing; looks at the report."""

from pathlib import Path


def check(course: Path, submission: Path, outside: dict) -> None:
    """The report stays small."""
    report = course / ".gradekit" / "small" / f"{submission.parent.name}.json"
    assert report.stat().st_size < 50_000
