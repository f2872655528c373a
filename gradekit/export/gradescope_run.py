"""One submission in Gradescope's container: ``python -m gradekit.export.gradescope_run /autograder ASSIGNMENT``.

There is always a results.json: it is written before anything else, as undecided, and replaced at the end.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradekit.alone  # noqa: F401  (the container's process is ours alone)
from gradekit import files
from gradekit.errors import GradekitError
from gradekit.export.gradescope import COURSE, results, undecided
from gradekit.export.gradescope_late import METADATA, counted, enter, read_dates
from gradekit.grade.classroom import grade_class
from gradekit.grade.judge import LANDLOCK, USER, Grading
from gradekit.gradebook.settings import own_gradebook
from gradekit.handin.collect import collect
from gradekit.judging.assignment import load_assignment
from gradekit.model import Figures, Note
from gradekit.worker import sandbox

if TYPE_CHECKING:
    from gradekit.model import GradeReport


OPEN = {"venv", "run_autograder", "setup.sh"}  # of Gradescope's folder: what everybody may read
ENDED = "The grader was ended before it was done."
FAILED = "The grader failed; this is not your fault."


def main(root: Path, assignment: str) -> None:
    """Grade what lies in ``submission/`` and write ``results/results.json``."""
    target = root / "results" / "results.json"
    target.parent.mkdir(exist_ok=True)
    for part in root.iterdir():
        if part.name not in OPEN:
            part.chmod(0o700)  # where Landlock is missing this is what keeps them closed
    _write(target, undecided(ENDED, staff="Ended from outside, by a limit of time or memory."))
    try:
        found = graded(root, assignment)
    except GradekitError as error:
        found = undecided(FAILED, staff=str(error))
    except Exception:  # noqa: BLE001  (a result in any case; what went wrong is for staff)
        found = undecided(FAILED, staff=traceback.format_exc(limit=-5))
    _write(target, found)


def graded(root: Path, assignment: str) -> dict[str, Any]:
    """Grade a submission in a copy of the course that nobody else sees; return the results."""
    with tempfile.TemporaryDirectory(prefix="gradekit-course-") as folder:
        course = own_gradebook(Path(shutil.copytree(root / "source" / COURSE, Path(folder) / COURSE)))
        student = _student(root)
        notes = collect(root / "submission", course.folder("submitted", assignment, student))
        dates = read_dates(course, root / METADATA)
        enter(dates, course, assignment, student)
        grading = Grading(course, assignment, isolation(), figures=Figures.NONE)  # no notebook leaves the container
        (outcome,) = grade_class(grading, [student])
        if outcome.report is None:
            return undecided(FAILED, staff=outcome.failure)
        exercises = load_assignment(course, assignment).exercises
        found = results(_with_notes(outcome.report, notes), exercises)
        return counted(found, dates, course, assignment, student)


def isolation() -> str:
    """Return how a submission is kept apart here: where the container forbids Landlock, as another user alone."""
    return LANDLOCK if sandbox.landlock_abi() >= sandbox.MIN_ABI else USER


def _with_notes(report: GradeReport, refused: tuple[str, ...]) -> GradeReport:
    """Add what was refused on the way in; where no notebook was left, a person must look at it."""
    notes = tuple(Note(text, urgent=report.assignment in report.missing) for text in refused)
    return replace(report, notes=(*notes, *report.notes))


def _student(root: Path) -> str:
    """Return a name for who hands in, the same for the same people."""
    try:
        users = json.loads((root / METADATA).read_text(encoding="utf-8"))["users"]
        people = sorted(str(user["id"]) for user in users)
    except (OSError, ValueError, KeyError, TypeError):
        people = []
    return "submission-" + hashlib.sha256("/".join(people).encode()).hexdigest()[:16]


def _write(target: Path, found: dict[str, Any]) -> None:
    files.write_whole(
        target, (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
    )


if __name__ == "__main__":
    os.umask(0o077)
    main(Path(sys.argv[1]), sys.argv[2])
