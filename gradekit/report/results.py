"""Everything that is known about one assignment of a class: the gradebook's rows, the reports, the feedback pages."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradekit.course import reports
from gradekit.course.notebook import GRADE_SUFFIX
from gradekit.gradebook.assignment import open_assignment, open_gradebook, step_folders, students
from gradekit.gradebook.scores import class_rows
from gradekit.gradebook.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradekit.course.course import Course
    from gradekit.gradebook.assignment import Book
    from gradekit.model import Diagnosis, ExerciseResult, GradeReport


@dataclass(frozen=True)
class Part:
    """One cell with points: an exercise, or a manually graded cell or task.

    Attributes
    ----------
    name : str
        The exercise's name; with its notebook's where the assignment has several.
    """

    notebook: str
    grade_id: str
    name: str
    points: float


@dataclass(frozen=True)
class Mark:
    """What the gradebook holds for one part of one submission.

    Attributes
    ----------
    score : float or None
        A person's score before the autograder's, without extra credit; None where there is neither.
    auto : float or None
        The autograder's.
    look_again : bool
        Whether nbgrader asks a person to look.
    """

    score: float | None
    auto: float | None
    extra: float
    look_again: bool


@dataclass(frozen=True)
class Entry:
    """One student and this assignment.

    Attributes
    ----------
    name : str
        First and last name, where the gradebook has them.
    status : str
        ``graded``; ``not graded`` where something was handed in only; ``missing``.
    raw, penalty : float
        The sum of scores with extra credit, and what lateness takes off.
    marks : mapping of Part to Mark
    report : GradeReport or None
        None where plain nbgrader has graded; without its pictures.
    pages : tuple of str
        Addresses of the feedback pages, relative to the report's folder.
    """

    student: str
    name: str = ""
    status: str = "missing"
    raw: float = 0.0
    penalty: float = 0.0
    late_s: float = 0.0
    marks: Mapping[Part, Mark] = field(default_factory=dict)
    report: GradeReport | None = None
    pages: tuple[str, ...] = ()

    @property
    def final(self) -> float:
        """The score that counts: nbgrader's export computes it so."""
        return max(0.0, self.raw - self.penalty)

    @property
    def open(self) -> tuple[str, ...]:
        """The parts that nobody has given a score: the gradebook counts them as 0."""
        return tuple(part.name for part, mark in self.marks.items() if mark.score is None)

    @property
    def diagnoses(self) -> dict[str, Diagnosis]:
        """The misconceptions that were recognised, by grade_id."""
        found = self.report.exercises if self.report else ()
        return {result.exercise + GRADE_SUFFIX: result.diagnosis for result in found if result.diagnosis}

    @property
    def followed(self) -> tuple[str, ...]:
        """The exercises whose score was earned with right earlier functions."""
        return tuple(
            result.exercise for result in (self.report.exercises if self.report else ()) if result.follow_through
        )

    @property
    def decided(self) -> bool:
        """Whether the final score is final."""
        return self.status == "graded" and not self.open


@dataclass(frozen=True)
class Results:
    """One assignment of a class; `shared` says that the course's folders belong to a group."""

    assignment: str
    parts: tuple[Part, ...]
    entries: tuple[Entry, ...]
    shared: bool = False

    @property
    def points(self) -> float:
        """What can be earned without extra credit."""
        return sum(part.points for part in self.parts)


def gather(course: Course, assignment: str, *, folder: Path, db: str = "") -> Results:
    """Read what is known about an assignment.

    Parameters
    ----------
    folder : Path
        Where the report will lie: addresses of feedback pages are relative to it.
    db : str
        The gradebook's address; empty for nbgrader's own setting.

    Raises
    ------
    CourseError
        If the assignment has not been released.
    """
    config = read_settings(course, **({"db_url": db} if db else {}))
    directory = step_folders(config)
    with open_gradebook(config) as gradebook:
        book = open_assignment(config, gradebook, assignment)
        parts = _parts(book)
        names = {student.id: _name(student) for student in gradebook.students}
        graded = _graded(book, parts)
        handed_in = set(students(config, assignment))
        everybody = sorted({*names, *graded, *handed_in} - set(directory.student_id_exclude.split(",")))
        rows = (graded.get(student, Entry(student)) for student in everybody)
        rows = (replace(row, name=names.get(row.student, "")) for row in rows)
        found = tuple(_complete(row, book, handed_in=row.student in handed_in, folder=folder) for row in rows)
    return Results(assignment, parts, found, shared=bool(directory.groupshared))


def _complete(row: Entry, book: Book, *, handed_in: bool, folder: Path) -> Entry:
    """Add what lies on disk; nbgrader makes rows also for whoever has been given more time and no more."""
    scored = any(mark.score is not None for mark in row.marks.values())
    if not scored and not _autograded(book, row.student):
        return Entry(row.student, row.name, status="not graded" if handed_in else "missing")
    report = reports.load(Path(book.directory.root), book.assignment, row.student)
    pages = _pages(book, row.student, folder)
    return replace(row, report=report and _without_pictures(report), pages=pages)


def _parts(book: Book) -> tuple[Part, ...]:
    """Return the cells with points, in the notebook's order."""
    several = len(book.sources) > 1
    found = []
    for notebook, cells in book.sources.items():
        for cell in cells:
            meta = cell["metadata"]["nbgrader"]
            if meta.get("points"):
                name = meta["grade_id"].removesuffix(GRADE_SUFFIX)
                label = f"{notebook}: {name}" if several else name
                found.append(Part(notebook, meta["grade_id"], label, float(meta["points"])))
    return tuple(found)


def _graded(book: Book, parts: tuple[Part, ...]) -> dict[str, Entry]:
    found = {}
    for row in class_rows(book):
        marks = {part: row.marks[key] for part in parts if (key := (part.notebook, part.grade_id)) in row.marks}
        known = {
            part: Mark(mark.auto if mark.manual is None else mark.manual, mark.auto, mark.extra, mark.waits)
            for part, mark in marks.items()
        }
        found[row.student] = Entry(row.student, "", "graded", row.earned, row.penalty, row.late_s, known)
    return found


def _autograded(book: Book, student: str) -> bool:
    return book.folder(book.directory.autograded_directory, student).is_dir()


def _name(student: Any) -> str:
    return " ".join(part for part in (student.first_name, student.last_name) if part)


def _pages(book: Book, student: str, folder: Path) -> tuple[str, ...]:
    where = book.folder(book.directory.feedback_directory, student)
    pages = [where / f"{notebook}.html" for notebook in book.sources]
    return tuple(os.path.relpath(page, folder) for page in pages if page.is_file())


def _without_pictures(report: GradeReport) -> GradeReport:
    """Forget what is large: a class has thousands of reports."""
    return replace(report, exercises=tuple(_bare(result) for result in report.exercises))


def _bare(result: ExerciseResult) -> ExerciseResult:
    return replace(result, tests=tuple(replace(test, message="", line="", picture=None) for test in result.tests))
