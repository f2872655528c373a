"""What a score depends on: whose change means that a submission is graded again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradekit import files
from gradekit.grade.judge import own_code
from gradekit.gradebook.assignment import due_date
from gradekit.gradebook.settings import code_files, read_limits, read_settings, settings_files
from gradekit.handin.figures import covers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradekit.grade.judge import Grading
    from gradekit.gradebook.assignment import ReleasedAssignment
    from gradekit.model import Figures


def hashes_of(book: ReleasedAssignment, student: str) -> dict[str, str]:
    """Return what a score depends on that is the student's own: what was handed in, and until when it might be."""
    handed_in = files.digest([book.folder(book.directory.submitted_directory, student)])
    return {"submission": handed_in, "due": due_date(book, student)}


def hashes(grading: Grading, allow: tuple[str, ...] | None = None) -> dict[str, str]:
    """Return the hashes of our side: whose change means that a submission is graded again.

    Parameters
    ----------
    allow : tuple of str, optional
        The rights that learners' code has beside the usual ones; those of the course's settings where none are named.
    """
    hidden = grading.course.hidden(grading.assignment)
    # Of what students got the notebooks alone: requirements.txt and its like decide no score.
    released = sorted(grading.course.folder("release", grading.assignment).glob("*.ipynb"))
    settings = read_settings(grading.course)
    config = [*settings_files(grading.course), *code_files(settings), *released]
    allowed = read_limits(settings).allow if allow is None else allow
    how = [grading.isolation, *(["all cells"] if grading.all_cells else []), *(f"{name} allowed" for name in allowed)]
    return {
        "source": files.digest([grading.course.source_folder(grading.assignment), *config]),
        "tests": files.digest([hidden / "tests.py", hidden / "misconceptions.py"]),
        "reference": files.digest([hidden / "reference.npz"]),
        "gradekit": own_code(),
        "isolation": ", ".join(how),
    }


def is_same(before: Mapping[str, str], now: Mapping[str, str], figures: Figures) -> bool:
    """Tell whether a grading before would bring the same again, and has drawn the figures that are asked for now.

    What it drew beyond that stays: nobody is graded again to lose a picture.
    """
    known = dict(before)
    return covers(known.pop("figures", ""), figures) and known == dict(now)
