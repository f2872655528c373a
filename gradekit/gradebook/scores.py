"""What nbgrader's gradebook says of submissions in the end: the score that counts, cell by cell, and the comments.

Manual score before automatic one, extra credit on top, the penalty for being late off the sum: as nbgrader's own export
has it. Whoever needs a final score reads it here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nbformat import from_dict
from nbgrader import utils
from nbgrader.api import Grade, Gradebook, MissingEntry, SubmittedNotebook

from gradekit.errors import CourseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gradekit.model import Cell


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
    def given(self) -> float | None:
        """A person's score before the autograder's, without extra credit; None where there is neither."""
        return self.auto if self.manual is None else self.manual

    @property
    def score(self) -> float | None:
        """What it counts; None where nobody has given anything yet, and then extra credit counts nothing either."""
        return None if self.given is None else self.given + self.extra


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
    comments: Mapping[str, str] = field(default_factory=dict)
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
class SubmissionScores:
    """One submission as the gradebook has it.

    Attributes
    ----------
    name : str
        The learner's first and last name; empty where the gradebook has neither.
    late_s : float
        Seconds past the due date; 0 where in time.
    """

    assignment: str
    student: str
    name: str
    late_s: float
    notebooks: tuple[NotebookMarks, ...]

    @property
    def earned(self) -> float:
        """The sum of all marks, before the penalty."""
        return sum(item.earned for item in self.notebooks)

    @property
    def penalty(self) -> float:
        """Points off for being late."""
        return sum(item.penalty for item in self.notebooks)

    @property
    def score(self) -> float:
        """The score that counts; never below 0."""
        return max(0.0, self.earned - self.penalty)

    @property
    def points(self) -> float:
        """What can be earned without extra credit."""
        return sum(item.points for item in self.notebooks)


def submitters(gradebook: Gradebook, assignment: str) -> tuple[str, ...]:
    """Return whose submissions of an assignment the gradebook knows, sorted."""
    return tuple(sorted(found.student.id for found in gradebook.find_assignment(assignment).submissions))


def names_of(gradebook: Gradebook) -> dict[str, str]:
    """Return everybody in the gradebook: who, and the name; empty where it has none."""
    return {person.id: _name(person) for person in gradebook.students}


def _name(person: Any) -> str:
    return " ".join(part.strip() for part in (person.first_name, person.last_name) if part and part.strip())


def read_scores(gradebook: Gradebook, assignment: str, student: str) -> SubmissionScores:
    """Read one submission, with what people wrote about it.

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
    (sheet,) = _sheets(gradebook, assignment, [found], {student: _name(found.student)})
    comments = {item.name: _comments(item) for item in found.notebooks}
    return replace(sheet, notebooks=tuple(replace(item, comments=comments[item.name]) for item in sheet.notebooks))


def _comments(notebook: Any) -> dict[str, str]:
    return {item.name: item.manual_comment for item in notebook.comments if (item.manual_comment or "").strip()}


def read_class(gradebook: Gradebook, assignment: str) -> Iterator[SubmissionScores]:
    """Read all submissions, without comments, in so many queries that the time for one does not grow with the class."""
    return _sheets(gradebook, assignment, gradebook.find_assignment(assignment).submissions, names_of(gradebook))


def _sheets(
    gradebook: Gradebook, assignment: str, submissions: Sequence[Any], names: Mapping[str, str]
) -> Iterator[SubmissionScores]:
    notebooks = gradebook.find_assignment(assignment).notebooks
    called = {notebook.id: str(notebook.name) for notebook in notebooks}
    query = gradebook.db.query(
        SubmittedNotebook.id,
        SubmittedNotebook.assignment_id,
        SubmittedNotebook.notebook_id,
        SubmittedNotebook.late_submission_penalty,
    ).filter(SubmittedNotebook.notebook_id.in_(called))
    if len(submissions) == 1:
        query = query.filter(SubmittedNotebook.assignment_id == submissions[0].id)
    rows = list(query)
    marks = _marks(gradebook, notebooks, [row.id for row in rows] if len(submissions) == 1 else [])
    found: dict[str, list[NotebookMarks]] = defaultdict(list)
    for row in rows:
        penalty = float(row.late_submission_penalty or 0.0)
        found[row.assignment_id].append(
            NotebookMarks(called[row.notebook_id], tuple(marks.get(row.id, ())), penalty=penalty)
        )
    for submission in submissions:
        mine = tuple(sorted(found.get(submission.id, ()), key=lambda item: item.name))
        late_s = float(submission.total_seconds_late or 0.0)
        yield SubmissionScores(assignment, submission.student_id, names[submission.student_id], late_s, mine)


def _marks(gradebook: Gradebook, notebooks: Sequence[Any], only: Sequence[str]) -> dict[str, list[Mark]]:
    """Return the marks of each submitted notebook, or of those in `only`, by its number in the gradebook."""
    cells = {cell.id: cell for notebook in notebooks for cell in (*notebook.grade_cells, *notebook.task_cells)}
    columns = (Grade.auto_score, Grade.manual_score, Grade.extra_credit, Grade.needs_manual_grade)
    # By the ids of the cells, since the table has an index that begins with them.
    query = gradebook.db.query(Grade.notebook_id, Grade.cell_id, *columns).filter(Grade.cell_id.in_(cells))
    if only:
        query = query.filter(Grade.notebook_id.in_(only))
    found: dict[str, list[Mark]] = defaultdict(list)
    for number, cell, auto, manual, extra, waits in query:
        points = float(cells[cell].max_score)
        mark = Mark(str(cells[cell].name), points, auto, manual, float(extra or 0.0), bool(waits))
        if points or mark.score:  # a visible test cell says nothing, but a person may give points for one
            found[number].append(mark)
    return found


# --- cells that nobody has begun -------------------------------------------------------------------------------------


def given_out(gradebook: Gradebook, assignment: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Return each notebook's solution cells as released: grade_id → nbgrader's metadata, with its checksum."""
    found = {}
    for notebook in gradebook.find_assignment(assignment).notebooks:
        points = {cell.name: float(cell.max_score) for cell in notebook.grade_cells}
        solutions = {cell.name for cell in notebook.solution_cells}
        found[str(notebook.name)] = {
            cell.name: {
                "grade_id": cell.name,
                "solution": True,
                "locked": bool(cell.locked),
                "checksum": cell.checksum,
                **({"grade": True, "points": points[cell.name]} if cell.name in points else {"grade": False}),
            }
            for cell in notebook.source_cells
            if cell.name in solutions
        }
    return found


def untouched(released: Mapping[str, Mapping[str, Any]], cells: Mapping[str, Cell]) -> frozenset[str]:
    """Return the solution cells that were handed in as they were given out, by nbgrader's own checksum.

    Parameters
    ----------
    released : mapping of str to mapping
        One notebook's, of `given_out`.
    cells : mapping of str to Cell
        Those of the autograded notebook, by grade_id.
    """
    return frozenset(
        name
        for name, meta in released.items()
        if name in cells and meta["checksum"] and _checksum(cells[name], meta) == meta["checksum"]
    )


def _checksum(cell: Cell, meta: Mapping[str, Any]) -> str:
    node = from_dict({"cell_type": cell.kind, "source": cell.source, "metadata": {"nbgrader": dict(meta)}})
    try:
        return str(utils.compute_checksum(node))
    except UnicodeEncodeError:  # half a character, which no released cell holds
        return ""
