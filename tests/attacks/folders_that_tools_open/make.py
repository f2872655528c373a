"""Changes nothing; looks at what was brought back."""

from pathlib import Path


def check(course: Path, submission: Path, outside: dict) -> None:
    """No hidden folder and no cache is published."""
    published = course / "autograded" / submission.parent.name / "small"
    found = {path.relative_to(published).as_posix() for path in published.rglob("*") if path.is_file()}
    assert found == {"small.ipynb", "checks.py", "timestamp.txt", "numpy/x.csv"}
