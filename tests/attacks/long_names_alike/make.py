"""Changes nothing; looks at what was kept."""

from pathlib import Path


def check(course: Path, submission: Path, outside: dict) -> None:
    """Each is kept under a name of its own."""
    aside = course / ".gradekit" / "+aside" / "small" / submission.parent.name
    assert len(list(aside.iterdir())) == 1800
