"""One submission, one page a notebook: what was asked, what came of it, and what to try next.

A page lies where nbgrader puts its own, ``feedback/<student>/<assignment>/<notebook>.html``, so that
``nbgrader release_feedback`` gives it to the learner. Beside it lie the time of handing in and the submission's secret,
which nbgrader asks for, and nothing else: whatever stands there would be published or pass for ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gradekit.course import reports
from gradekit.errors import CourseError
from gradekit.feedback.folder import companions, fill
from gradekit.feedback.handed_in import NotebookAnswers, read
from gradekit.feedback.parts import make_parts, unread_parts
from gradekit.gradebook import scores
from gradekit.gradebook.assignment import open_released
from gradekit.gradebook.settings import read_settings, step_folders
from gradekit.gradebook.state import HANDED_IN_AGAIN
from gradekit.handin.again import handed_in_again
from gradekit.handin.stamp import TIMESTAMP
from gradekit.handin.submission import SEAL
from gradekit.pages import page
from gradekit.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from gradekit.course.course import Course
    from gradekit.feedback.parts import Part
    from gradekit.gradebook.scores import NotebookMarks, SubmissionScores
    from gradekit.model import GradeReport


STEPS = 3  # of what to try next; more at once is no advice
UNREAD = "What you handed in could not be read, so nothing in it was graded."
UNJUDGED = "Our tests could not judge this notebook. A person will look at it; nothing is lost until then."
HAND_IN_AGAIN = "Open the notebook in Jupyter, see that it is whole, save it, and hand it in again."
NEWER = "You handed in again after this was graded. This page is about what you had handed in before."
READABLE, SHARED = 0o644, 0o664  # nbgrader's own modes of a feedback page


@dataclass(frozen=True)
class Page:
    """What stands on a page.

    Attributes
    ----------
    score : float
        The final one, late penalty taken off.
    waits : bool
        Whether it may still change, since a person has something to look at.
    remarks : tuple of str
        What to know of the score, a sentence each.
    problem : str
        Why the notebook's cells are not shown; empty where they are.
    steps : tuple of Part
        Where to go on, in this order.
    """

    assignment: str
    notebook: str
    title: str
    name: str
    score: float
    points: float
    waits: bool
    remarks: tuple[str, ...]
    problem: str
    advice: str
    steps: tuple[Part, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Delivered:
    """One submission's pages.

    Attributes
    ----------
    notes : tuple of str
        What the instructor should know, one line each.
    """

    student: str
    pages: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def students(course: Course, assignment: str, *, only: Sequence[str] = ()) -> tuple[str, ...]:
    """Return whose feedback is to be written: those that the gradebook has a submission of.

    Parameters
    ----------
    only : sequence of str
        Students to look for; all where it is empty.

    Raises
    ------
    CourseError
        If the assignment or one of `only` is unknown to it, or nobody's submission has been graded.
    """
    with open_released(course, read_settings(course), assignment) as gradebook:
        known = scores.submitters(gradebook, assignment)
    unknown = [name for name in only if name not in known]
    if unknown or not known:
        who = ", ".join(shown(name) for name in unknown) or "anybody"
        where = f"Names are those of the folders in {course.folders.submitted}/"
        raise CourseError(
            f"The gradebook has no submission of '{assignment}' by {who}.",
            help=f"{where}; grade first: gradekit grade {assignment}",
        )
    return tuple(dict.fromkeys(only)) or known


def write_feedback(course: Course, assignment: str, names: Sequence[str]) -> Iterator[Delivered]:
    """Write the pages of submissions, over those that are there, and yield each submission when its pages are written.

    Raises
    ------
    CourseError
        If a page cannot be written.
    """
    config = read_settings(course)
    mode = SHARED if step_folders(config).groupshared else READABLE
    with open_released(course, config, assignment) as gradebook:
        released = scores.given_out(gradebook, assignment)
        for name in names:
            sheet = scores.read_scores(gradebook, assignment, name)
            gradebook.db.expunge_all()  # of a class of hundreds, one submission at a time
            yield _deliver(course, sheet, released, mode)


def _deliver(
    course: Course, sheet: SubmissionScores, released: Mapping[str, Mapping[str, Any]], mode: int
) -> Delivered:
    graded, handed_in, target = (
        course.folder(step, sheet.assignment, sheet.student) for step in ("autograded", "submitted", "feedback")
    )
    report = reports.load(course.root, sheet.assignment, sheet.student)
    notes = [] if report else ["no report of gradekit: the pages show scores, cells and comments alone"]
    newer = handed_in_again(course, sheet.assignment, sheet.student, report)
    if newer:
        notes.append(f"{HANDED_IN_AGAIN}: the page is about what was graded; gradekit grade {sheet.assignment}")
    there = [marks for marks in sheet.notebooks if (graded / f"{marks.name}.ipynb").exists()]
    files = {}
    for marks in there or sheet.notebooks:
        written = read(graded / f"{marks.name}.ipynb")
        unchanged = scores.untouched(released[marks.name], written.cells)
        known = replace(marks, unchanged=unchanged)
        files[f"{marks.name}.html"] = _page(sheet, known, _own(written, known, report), report, newer=newer)
    stamp, secret, more = companions(graded, handed_in, target)
    try:
        fill(target, {TIMESTAMP: stamp, SEAL: secret, **files}, mode)
    except OSError as error:
        raise CourseError(
            f"{target} cannot be written: {error.strerror}.", help="Give yourself the right to write in it."
        ) from None
    return Delivered(sheet.student, tuple(target / name for name in files), (*notes, *more))


def _own(written: NotebookAnswers, marks: NotebookMarks, report: GradeReport | None) -> NotebookAnswers:
    """Return a notebook without what stands in for work of the learner's, and say once what is so of all of it."""
    if report is None or any(mark.auto is not None for mark in marks.marks):  # something else has graded it since
        return written
    if marks.name in report.unread:
        return NotebookAnswers(written.title, problem=f"{UNREAD} {report.unread[marks.name]}", unread=True)
    whole = any(note.undecided == marks.name for note in report.notes)
    return replace(written, problem=UNJUDGED) if whole else written


def _page(
    sheet: SubmissionScores,
    marks: NotebookMarks,
    written: NotebookAnswers,
    report: GradeReport | None,
    *,
    newer: bool = False,
) -> str:
    other = len(sheet.notebooks) > 1 and marks.name != sheet.assignment
    if report and (other or written.problem):
        report = replace(report, exercises=())  # they are another notebook's, or say one thing over and over
    made = make_page(sheet, marks, written, report, newer=newer)
    return page.render("feedback.html", styles=["feedback.css"], page=made)


def make_page(
    sheet: SubmissionScores,
    marks: NotebookMarks,
    written: NotebookAnswers,
    report: GradeReport | None,
    *,
    newer: bool = False,
) -> Page:
    """Put one notebook's page together.

    Parameters
    ----------
    newer : bool
        Whether something was handed in that has not been graded.
    """
    parts = unread_parts(marks) if written.unread else make_parts(marks, written, report)
    lost = [part for part in parts if part.state == "lost"]
    return Page(
        assignment=sheet.assignment,
        notebook=marks.name,
        title=written.title or marks.name,
        name=sheet.name or sheet.student,
        score=marks.score,
        points=marks.points,
        waits=marks.waits,
        remarks=((NEWER,) if newer else ()) + _remarks(sheet, marks),
        problem=written.problem,
        advice=HAND_IN_AGAIN if written.unread else _advice(parts),
        steps=tuple(lost[:STEPS]),
        parts=parts,
    )


def _remarks(sheet: SubmissionScores, marks: NotebookMarks) -> tuple[str, ...]:
    said = [*_late(sheet, marks)]
    extra = sum(mark.extra for mark in marks.marks)
    if extra:
        said.append(f"{page.number(extra)} of it is extra credit.")
    if marks.waits:
        said.append("A person has still to look at a part of this, so the score may change.")
    if len(sheet.notebooks) > 1:
        total = f"{page.number(sheet.score)} of {page.number(sheet.points)} points"
        said.append(f"All {len(sheet.notebooks)} notebooks of this assignment together: {total}.")
    return tuple(said)


def _late(sheet: SubmissionScores, marks: NotebookMarks) -> Iterator[str]:
    late = f"{_duration(sheet.late_s)} late" if sheet.late_s > 0 else "late"
    if marks.penalty:
        yield f"You earned {page.number(marks.earned)}; {page.number(marks.penalty)} came off for handing in {late}."
    elif sheet.late_s > 0:
        yield f"Handed in {late}; that cost nothing."


def _duration(seconds: float) -> str:
    """Return a time in the unit that a person would choose."""
    for length, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= length:
            count = round(seconds / length)
            return f"{count} {unit}{'s' * (count != 1)}"
    return "less than a minute"


def _advice(parts: Sequence[Part]) -> str:
    lost = [part for part in parts if part.state == "lost"]
    if not lost and any(part.state == "wait" for part in parts):
        return "Nothing to mend: what is still open waits for a person, not for you."
    if not lost:
        return "Nothing to mend. Change something that nobody asked you to change, guess what happens, and run it."
    if len(lost) == 1:
        return "One thing is left. Mend it, and run the notebook from top to bottom:"
    return "Begin with the first, since what comes later builds on it, and run the notebook again before the next:"
