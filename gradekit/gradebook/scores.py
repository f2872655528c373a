"""What nbgrader's gradebook says of one submission in the end: the score that counts, cell by cell, and the comments.

Manual score before automatic one, extra credit on top, the penalty for being late off the sum: as nbgrader's own export
has it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbgrader.api import BaseCell, Grade, Gradebook, MissingEntry, SubmittedNotebook

from gradekit.errors import CourseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gradekit.gradebook.assignment import Book


@dataclass(frozen=True)
class Mark:
    """One graded cell.

    Attributes
    ----------
    grade_id : str
    points : float
        Its maximum.
    auto, manual : float or None
        What the grader of each kind gave.
    extra : float
        Extra credit.
    waits : bool
        Whether a person has still to look at it: nobody has yet, or it was graded again since.
    """

    grade_id: str
    points: float
    auto: float | None = None
    manual: float | None = None
    extra: float = 0.0
    waits: bool = False

    @property
    def score(self) -> float | None:
        """What it counts; None where nobody has given anything yet, and then extra credit counts nothing either."""
        given = self.auto if self.manual is None else self.manual
        return None if given is None else given + self.extra


@dataclass(frozen=True)
class NotebookMarks:
    """One notebook of a submission.

    Attributes
    ----------
    marks : tuple of Mark
    comments : mapping of str to str
        Solution or task cell → what a person wrote about it.
    unchanged : frozenset of str
        Solution cells that were handed in as they were given out.
    penalty : float
        Points off for being late.
    """

    name: str
    marks: tuple[Mark, ...]
    comments: Mapping[str, str]
    unchanged: frozenset[str] = frozenset()
    penalty: float = 0.0

    @property
    def earned(self) -> float:
        """The sum of all marks, before the penalty."""
        return sum(mark.score or 0.0 for mark in self.marks)

    @property
    def score(self) -> float:
        """What the notebook counts in the end; never below 0."""
        return max(0.0, self.earned - self.penalty)

    @property
    def points(self) -> float:
        """What can be earned without extra credit."""
        return sum(mark.points for mark in self.marks)

    @property
    def waits(self) -> bool:
        """Whether the score may still change, since a person has something to look at."""
        return any(mark.waits for mark in self.marks)


@dataclass(frozen=True)
class Sheet:
    """One submission as the gradebook has it.

    Attributes
    ----------
    name : str
        The learner's, where the gradebook knows it; else their id.
    late_s : float
        Seconds past the due date; 0 where in time.
    """

    assignment: str
    student: str
    name: str
    late_s: float
    notebooks: tuple[NotebookMarks, ...]


def submitters(gradebook: Gradebook, assignment: str) -> tuple[str, ...]:
    """Return whose submissions of an assignment the gradebook knows, sorted.

    Raises
    ------
    CourseError
        If it does not know the assignment.
    """
    try:
        return tuple(sorted(found.student.id for found in gradebook.find_assignment(assignment).submissions))
    except MissingEntry:
        raise CourseError(
            f"The gradebook does not know the assignment '{assignment}'.",
            help=f"Release and grade it first: gradekit release {assignment}, gradekit grade {assignment}",
        ) from None


def read_sheet(gradebook: Gradebook, assignment: str, student: str) -> Sheet:
    """Read one submission.

    Raises
    ------
    CourseError
        If the gradebook has none.
    """
    try:
        found = gradebook.find_submission(assignment, student)
    except MissingEntry:
        raise CourseError(
            f"The gradebook has no submission of '{assignment}' by '{student}'.",
            help=f"Grade it first: gradekit grade {assignment} --student {student}",
        ) from None
    person = found.student
    name = " ".join(part.strip() for part in (person.first_name, person.last_name) if part and part.strip())
    notebooks = tuple(_notebook(item) for item in sorted(found.notebooks, key=lambda item: str(item.name)))
    return Sheet(assignment, student, name or student, float(found.total_seconds_late or 0.0), notebooks)


def _notebook(found: Any) -> NotebookMarks:
    comments = list(found.comments)
    return NotebookMarks(
        name=str(found.name),
        marks=tuple(_mark(grade) for grade in found.grades if grade.max_score),
        comments={item.name: item.manual_comment for item in comments if (item.manual_comment or "").strip()},
        unchanged=frozenset(item.name for item in comments if item.auto_comment == "No response."),
        penalty=float(found.late_submission_penalty or 0.0),
    )


def _mark(grade: Any) -> Mark:
    return Mark(
        grade_id=str(grade.name),
        points=float(grade.max_score),
        auto=None if grade.auto_score is None else float(grade.auto_score),
        manual=None if grade.manual_score is None else float(grade.manual_score),
        extra=float(grade.extra_credit or 0.0),
        waits=bool(grade.needs_manual_grade),
    )


# --- a class ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClassRow:
    """One submission of a class.

    Attributes
    ----------
    earned : float
        The sum of all scores with extra credit, as nbgrader computes it.
    marks : mapping of (str, str) to Mark
        By notebook and grade_id.
    """

    student: str
    earned: float
    penalty: float
    late_s: float
    marks: Mapping[tuple[str, str], Mark]


def class_rows(book: Book) -> Iterator[ClassRow]:
    """Read all submissions in three queries: the time for one does not grow with the class."""
    gradebook = book.gradebook
    earned: dict[str, float] = defaultdict(float)
    penalties: dict[str, float] = defaultdict(float)
    marks: dict[str, dict[tuple[str, str], Mark]] = defaultdict(dict)
    places = {}
    for notebook in gradebook.find_assignment(book.assignment).notebooks:
        rows = gradebook.db.query(
            SubmittedNotebook.id, SubmittedNotebook.assignment_id, SubmittedNotebook.late_submission_penalty
        )
        for number, submission, penalty in rows.filter(SubmittedNotebook.notebook_id == notebook.id):
            places[number] = (notebook.name, submission)
            penalties[submission] += penalty or 0.0
    for number, score, mark in _class_marks(book):
        if number in places:
            name, submission = places[number]
            earned[submission] += score
            marks[submission][name, mark.grade_id] = mark
    for row in gradebook.find_assignment(book.assignment).submissions:
        yield ClassRow(row.student_id, earned[row.id], penalties[row.id], float(row.total_seconds_late), marks[row.id])


def _class_marks(book: Book) -> Iterator[tuple[str, float, Mark]]:
    """Yield the number of the notebook, the score as nbgrader computes it with extra credit, and the mark."""
    cells = [number for known in book.cells.values() for number in known]
    points = {
        meta["grade_id"]: float(meta.get("points") or 0.0)
        for cells_ in book.sources.values()
        for meta in (cell["metadata"]["nbgrader"] for cell in cells_)
    }
    columns = (Grade.auto_score, Grade.manual_score, Grade.extra_credit, Grade.needs_manual_grade)
    query = book.gradebook.db.query(Grade.notebook_id, BaseCell.name, Grade.score, *columns)
    query = query.join(BaseCell, BaseCell.id == Grade.cell_id).filter(Grade.cell_id.in_(cells))
    for number, cell, score, auto, manual, extra, again in query:
        yield number, score, Mark(cell, points.get(cell, 0.0), auto, manual, extra or 0.0, bool(again))
