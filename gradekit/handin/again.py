"""Whether something was handed in after a submission was graded: what lies in ``autograded/`` is then the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradekit import files
from gradekit.handin.stamp import TIMESTAMP, time_of

if TYPE_CHECKING:
    from gradekit.course.course import Course
    from gradekit.model import GradeReport


def handed_in_again(course: Course, assignment: str, student: str, report: GradeReport | None) -> bool:
    """Tell whether what lies in ``submitted/`` is not what was graded: by its hash, without a report by its time."""
    submitted, graded = (course.folder(step, assignment, student) for step in ("submitted", "autograded"))
    if not (submitted.is_dir() and graded.is_dir()):
        return False
    known = report.hashes.get("submission") if report else None
    if known:
        return files.digest([submitted]) != known
    new, old = (time_of(folder / TIMESTAMP) for folder in (submitted, graded))
    return new is not None and old is not None and new > old
