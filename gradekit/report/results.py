"""Everything that is known about one assignment of a class: the gradebook's rows, the reports, the feedback pages."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gradekit.course import reports
from gradekit.course.notebook import GRADE_SUFFIX
from gradekit.gradebook.assignment import changed_in_source, open_assignment, open_released, students
from gradekit.gradebook.scores import names_of, read_class
from gradekit.gradebook.settings import read_settings, step_folders
from gradekit.gradebook.state import kind_of, state_of, unjudged
from gradekit.handin.again import handed_in_again

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradekit.course.course import Course
    from gradekit.gradebook.assignment import ReleasedAssignment
    from gradekit.gradebook.scores import Mark, SubmissionScores
    from gradekit.gradebook.state import Open, SubmissionState
    from gradekit.model import Diagnosis, ExerciseResult, GradeReport


@dataclass(frozen=True)
class GradedCell:
    """One cell with points: that of an exercise, or a manually graded cell or task.

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
    final : float
        The score that counts.
    marks : mapping of GradedCell to Mark
    report : GradeReport or None
        None where plain nbgrader has graded; without its pictures.
    pages : tuple of str
        Addresses of the feedback pages, relative to the report's folder.
    newer : bool
        Whether something was handed in after this was graded.
    """

    student: str
    name: str = ""
    status: str = "missing"
    raw: float = 0.0
    penalty: float = 0.0
    final: float = 0.0
    late_s: float = 0.0
    marks: Mapping[GradedCell, Mark] = field(default_factory=dict)
    report: GradeReport | None = None
    pages: tuple[str, ...] = ()
    newer: bool = False

    @property
    def state(self) -> SubmissionState:
        """What is still open of a graded submission."""
        return state_of(self.marks.values(), self.report, newer=self.newer)

    @property
    def word(self) -> str:
        """Its state in the words of every table."""
        return self.state.word if self.status == "graded" else self.status

    def open_for(self, kind: Open) -> tuple[str, ...]:
        """Return the parts in which a person must look at something of that kind."""
        ours = unjudged(self.report)
        return tuple(part.name for part, mark in self.marks.items() if kind_of(mark, ours) is kind)

    @property
    def open(self) -> tuple[str, ...]:
        """The parts that nobody has given a score: the gradebook counts them as 0."""
        return tuple(part.name for part, mark in self.marks.items() if mark.given is None)

    @property
    def diagnoses(self) -> dict[str, Diagnosis]:
        """The misconceptions that were recognised, by grade_id."""
        found = self.report.exercises if self.report else ()
        return {
            result.graded or result.exercise + GRADE_SUFFIX: result.diagnosis for result in found if result.diagnosis
        }

    @property
    def followed(self) -> tuple[str, ...]:
        """The exercises that were judged with right earlier functions."""
        return tuple(
            result.exercise for result in (self.report.exercises if self.report else ()) if result.follow_through
        )

    @property
    def decided(self) -> bool:
        """Whether the final score is final."""
        return self.status == "graded" and not self.state.cells


@dataclass(frozen=True)
class Results:
    """One assignment of a class; `shared` says that the course's folders belong to a group.

    Attributes
    ----------
    stale : tuple of str
        The cells that are not in the source as they were released.
    """

    assignment: str
    parts: tuple[GradedCell, ...]
    entries: tuple[Entry, ...]
    shared: bool = False
    stale: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        """What can be earned without extra credit."""
        return sum(part.points for part in self.parts)


def gather(course: Course, assignment: str, *, folder: Path) -> Results:
    """Read what is known about an assignment.

    Parameters
    ----------
    folder : Path
        Where the report will lie: addresses of feedback pages are relative to it.

    Raises
    ------
    CourseError
        If there is no such assignment, or it has not been released.
    """
    config = read_settings(course)
    directory = step_folders(config)
    with open_released(course, config, assignment) as gradebook:
        book = open_assignment(config, gradebook, assignment)
        parts = _parts(book)
        names = names_of(gradebook)
        graded = {sheet.student: _graded(sheet, parts) for sheet in read_class(gradebook, assignment)}
        handed_in = set(students(config, assignment))
        everybody = sorted({*names, *graded, *handed_in} - set(directory.student_id_exclude.split(",")))
        rows = [graded.get(student, Entry(student, names.get(student, ""))) for student in everybody]
        complete = (_complete(row, book, handed_in=row.student in handed_in, folder=folder) for row in rows)
        found = tuple(
            replace(row, newer=handed_in_again(course, assignment, row.student, row.report)) for row in complete
        )
        stale = changed_in_source(book)
    return Results(assignment, parts, found, shared=bool(directory.groupshared), stale=stale)


def _complete(row: Entry, book: ReleasedAssignment, *, handed_in: bool, folder: Path) -> Entry:
    """Add what lies on disk; nbgrader makes rows also for whoever has been given more time and no more."""
    scored = any(mark.given is not None for mark in row.marks.values())
    if not scored and not _autograded(book, row.student):
        return Entry(row.student, row.name, status="not graded" if handed_in else "missing")
    report = reports.load(Path(book.directory.root), book.assignment, row.student)
    pages = _pages(book, row.student, folder)
    return replace(row, report=report and _without_pictures(report), pages=pages)


def _parts(book: ReleasedAssignment) -> tuple[GradedCell, ...]:
    """Return the cells with points, in the notebook's order."""
    several = len(book.sources) > 1
    found = []
    for notebook, cells in book.sources.items():
        for cell in cells:
            meta = cell["metadata"]["nbgrader"]
            if meta.get("points"):
                name = meta["grade_id"].removesuffix(GRADE_SUFFIX)
                label = f"{notebook}: {name}" if several else name
                found.append(GradedCell(notebook, meta["grade_id"], label, float(meta["points"])))
    return tuple(found)


def _graded(sheet: SubmissionScores, parts: tuple[GradedCell, ...]) -> Entry:
    marks = {(item.name, mark.grade_id): mark for item in sheet.notebooks for mark in item.marks}
    return Entry(
        student=sheet.student,
        name=sheet.name,
        status="graded",
        raw=sheet.earned,
        penalty=sheet.penalty,
        final=sheet.score,
        late_s=sheet.late_s,
        marks={part: marks[key] for part in parts if (key := (part.notebook, part.grade_id)) in marks},
    )


def _autograded(book: ReleasedAssignment, student: str) -> bool:
    return book.folder(book.directory.autograded_directory, student).is_dir()


def _pages(book: ReleasedAssignment, student: str, folder: Path) -> tuple[str, ...]:
    where = book.folder(book.directory.feedback_directory, student)
    pages = [where / f"{notebook}.html" for notebook in book.sources]
    return tuple(os.path.relpath(page, folder) for page in pages if page.is_file())


def _without_pictures(report: GradeReport) -> GradeReport:
    """Forget what is large: a class has thousands of reports."""
    return replace(report, exercises=tuple(_bare(result) for result in report.exercises))


def _bare(result: ExerciseResult) -> ExerciseResult:
    return replace(result, tests=tuple(replace(test, message="", line="", picture=None) for test in result.tests))
