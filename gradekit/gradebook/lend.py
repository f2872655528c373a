"""The open gradebook, lent to nbgrader's classes, and one transaction for a submission.

nbgrader's preprocessors open a gradebook each and commit for each cell; here they share the one that is open, and what
they commit waits. What is the same for a class is known and not asked for again, so that recording a submission takes
one question and, for a new one, one row after the other in one go. Not for threads: while it is lent, the name
`Gradebook` in nbgrader's modules is ours.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

from nbgrader import utils
from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from gradekit.gradebook.assignment import due_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradekit.gradebook.assignment import NotebookRows, ReleasedAssignment


LENDERS = (  # nbgrader's modules that open a gradebook by the name `Gradebook`
    "nbgrader.converters.autograde",
    "nbgrader.preprocessors.overwritekernelspec",
    "nbgrader.preprocessors.overwritecells",
    "nbgrader.preprocessors.saveautogrades",
    "nbgrader.preprocessors.latesubmissions",
)

OF_STUDENT = (  # the assignment, the student, what that one has handed in: the last two as far as there are rows
    select(Assignment, Student, SubmittedAssignment)
    .select_from(Assignment)
    .outerjoin(Student, Student.id == bindparam("student"))
    .outerjoin(
        SubmittedAssignment,
        and_(SubmittedAssignment.assignment_id == Assignment.id, SubmittedAssignment.student_id == Student.id),
    )
    .where(Assignment.name == bindparam("assignment"))
)


class _Known:
    """A row of which something is known; what else is asked for is looked up."""

    def __init__(self, look_up: Callable[[], Any], **known: Any) -> None:
        self._look_up = look_up
        self.__dict__.update(known)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._look_up(), name)


class _Borrowed:
    """The open gradebook, for code that would open and close one of its own, and commit for each cell."""

    def __init__(self, book: ReleasedAssignment) -> None:
        self.book, self.gradebook = book, book.gradebook
        self.db: Any = SimpleNamespace(commit=lambda: None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.gradebook, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stay open."""

    def find_notebook(self, name: str, assignment: str) -> Any:
        """Return a notebook with what is known of it.

        Raises
        ------
        MissingEntry
        """
        if name not in self.book.rows:
            raise MissingEntry(name)
        kernel = self.book.rows[name].kernel
        return _Known(lambda: self.gradebook.find_notebook(name, assignment), name=name, kernelspec=kernel)


class Reading(_Borrowed):
    """Answers from what was read once for the class; every write of nbgrader's `init_assignment` is left for later."""

    def find_assignment(self, _: str) -> SimpleNamespace:
        """Return which notebooks the assignment has."""
        return SimpleNamespace(notebooks=[SimpleNamespace(name=name) for name in self.book.sources])

    def update_or_create_student(self, student_id: str, **kwargs: Any) -> None:
        """Leave it for later."""

    def update_or_create_submission(self, *_: str, **__: Any) -> SimpleNamespace:
        """Leave it for later."""
        return SimpleNamespace(total_seconds_late=0)

    def find_submission_notebook(self, *_: str) -> SimpleNamespace:
        """Return nothing to set to 0."""
        return SimpleNamespace(grades=())

    def find_source_cell(self, name: str, notebook: str, _: str) -> SimpleNamespace:
        """Return a source cell as the gradebook has it.

        Raises
        ------
        MissingEntry
        """
        for cell in self.book.sources[notebook]:
            meta = cell["metadata"]["nbgrader"]
            if meta["grade_id"] == name:
                kept = {"cell_type": cell["cell_type"], "locked": meta["locked"], "checksum": meta.get("checksum")}
                return SimpleNamespace(name=name, source=cell["source"], max_score=meta.get("points"), **kept)
        raise MissingEntry(name)

    find_graded_cell = find_source_cell


class Writing(_Borrowed):
    """Finds a submission's rows in one go, and makes them in one go; what becomes of them nbgrader's methods say."""

    def __init__(self, book: ReleasedAssignment, student: str) -> None:
        super().__init__(book)
        self.db.add = book.gradebook.db.add
        self._is_new = False
        self._unwritten: list[Any] = []  # in the order in which they refer to each other
        self._notebooks: dict[str, Any] = {}
        self._rows: dict[tuple[type, str], dict[str, Any]] = {}
        names = {"assignment": book.assignment, "student": student}
        found: Any = book.gradebook.db.execute(OF_STUDENT, names).one_or_none()
        self._assignment: Any
        self._student: Any
        self._submission: Any
        self._assignment, self._student, self._submission = found or (None, None, None)

    @property
    def due(self) -> str:
        """Until when the student may hand in, as :func:`gradekit.gradebook.assignment.due_date` says it."""
        return due_words(self._assignment.duedate, self._submission.extension)

    def find_assignment(self, name: str) -> Any:
        """Return the assignment with what is known of it.

        Raises
        ------
        MissingEntry
        """
        row = self._there(self._assignment, name)
        return _Known(lambda: row, notebooks=[SimpleNamespace(name=name) for name in self.book.rows])

    def find_student(self, student: str) -> Any:
        """Return the student.

        Raises
        ------
        MissingEntry
        """
        return self._there(self._student, student)

    def add_student(self, student: str, **words: Any) -> Any:
        """Make the student's row."""
        self._student = Gradebook.add_student(self, student, **words)
        return self._student

    def update_or_create_student(self, student: str, **words: Any) -> Any:
        """Change the student's row, or make it."""
        return Gradebook.update_or_create_student(self, student, **words)

    def find_submission(self, assignment: str, student: str) -> Any:
        """Return the submission.

        Raises
        ------
        MissingEntry
        """
        return self._there(self._submission, f"{assignment} of {student}")

    def update_or_create_submission(self, assignment: str, student: str, **words: Any) -> Any:
        """Change the submission's row, or make it and all below it."""
        return Gradebook.update_or_create_submission(self, assignment, student, **words)

    def add_submission(self, _: str, __: str, **words: Any) -> Any:
        """Make the rows of a submission, one for each of the cells that are known; `write` writes them.

        Rows name each other by their ids; what is asked for through them is told to SQLAlchemy here.
        """
        words = {"timestamp": None, "extension": None, **words}
        words["timestamp"] = utils.parse_utc(words["timestamp"])
        ids = {"id": new_uuid(), "assignment_id": self._assignment.id, "student_id": self._student.id}
        self._submission = SubmittedAssignment(**ids, **words)
        set_committed_value(self._submission, "assignment", self._assignment)
        set_committed_value(self._submission, "student", self._student)
        self._unwritten.append(self._submission)
        for name, known in self.book.rows.items():
            self._add_notebook(name, known)
        self._is_new = True
        return self._submission

    def _add_notebook(self, name: str, known: NotebookRows) -> None:
        ids = {"id": new_uuid(), "assignment_id": self._submission.id, "notebook_id": known.number}
        notebook = SubmittedNotebook(**ids, flagged=False, late_submission_penalty=None)
        no_score = {"auto_score": None, "manual_score": None, "extra_credit": None, "needs_manual_grade": True}
        no_text = {"auto_comment": None, "manual_comment": None}
        for kind, cells, empty in ((Grade, known.graded, no_score), (Comment, known.commented, no_text)):
            rows = [kind(id=new_uuid(), cell_id=cell, notebook_id=notebook.id, **empty) for cell in cells]
            self._rows[kind, name] = {known.cells[row.cell_id]: row for row in rows}
        set_committed_value(notebook, "assignment", self._submission)
        set_committed_value(notebook, "grades", list(self._rows[Grade, name].values()))
        self._notebooks[name] = notebook
        self._unwritten += [notebook, *(row for kind in (Grade, Comment) for row in self._rows[kind, name].values())]

    def find_submission_notebook(self, name: str, assignment: str, student: str) -> Any:
        """Return a notebook of the submission.

        Raises
        ------
        MissingEntry
        """
        if not self._notebooks and self._submission is not None:
            names = {known.number: name for name, known in self.book.rows.items()}
            rows = self.gradebook.db.query(SubmittedNotebook).filter_by(assignment_id=self._submission.id)
            self._notebooks = {names[row.notebook_id]: row for row in rows if row.notebook_id in names}
        return self._notebooks.get(name) or self.gradebook.find_submission_notebook(name, assignment, student)

    def find_grade(self, name: str, notebook: str, assignment: str, student: str) -> Any:
        """Return a grade.

        Raises
        ------
        MissingEntry
        """
        return self._find(Grade, notebook, student).get(name) or self.gradebook.find_grade(
            name, notebook, assignment, student
        )

    def find_comment(self, name: str, notebook: str, assignment: str, student: str) -> Any:
        """Return a comment.

        Raises
        ------
        MissingEntry
        """
        return self._find(Comment, notebook, student).get(name) or self.gradebook.find_comment(
            name, notebook, assignment, student
        )

    def write(self) -> None:
        """Write what has changed, so that the database can sum it up.

        New rows are written a table at a time: half of recording was SQLAlchemy's own order for them.
        """
        db = self.gradebook.db
        db.flush()
        for kind in (SubmittedAssignment, SubmittedNotebook, Grade, Comment):
            names = kind.__table__.columns.keys()
            if rows := [vars(row) for row in self._unwritten if type(row) is kind]:
                values = [{name: row[name] for name in names if name in row} for row in rows]
                db.connection().execute(kind.__table__.insert(), values)
        for row in self._unwritten:
            make_transient_to_detached(row)  # it is written, as it is here
        db.add_all(self._unwritten)
        self._unwritten = []
        if not self._is_new:
            db.expire_all()  # the sums that were read before

    def _there(self, row: Any, name: str) -> Any:
        if row is None:
            raise MissingEntry(name)
        return row

    def _find(self, kind: Any, notebook: str, student: str) -> dict[str, Any]:
        if (kind, notebook) not in self._rows:
            found = self.find_submission_notebook(notebook, self.book.assignment, student)
            cells = self.book.rows[notebook].cells
            # The ids of the cells, since the tables have an index that begins with them: the time stays flat.
            rows = self.gradebook.db.query(kind).filter(kind.cell_id.in_(cells), kind.notebook_id == found.id)
            self._rows[kind, notebook] = {cells[row.cell_id]: row for row in rows}
        return self._rows[kind, notebook]


@contextmanager
def lent(gradebook: _Borrowed) -> Iterator[None]:
    """Let nbgrader's modules have this gradebook wherever they open one."""
    modules = [sys.modules[name] for name in LENDERS]
    before = [module.Gradebook for module in modules]
    for module in modules:
        module.Gradebook = lambda *_, **__: gradebook  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for module, own in zip(modules, before, strict=True):
            module.Gradebook = own  # type: ignore[attr-defined]


@contextmanager
def transaction(gradebook: Gradebook) -> Iterator[Callable[[], None]]:
    """Hold back every commit; yield the one that counts. All is rolled back where anything fails before it."""
    db = gradebook.db
    commit = db.commit

    def hold() -> None:
        db.flush()
        db.expire_all()  # as a commit does

    db.commit = hold
    try:
        yield commit
    except BaseException:
        db.rollback()
        raise
    finally:
        del db.commit
