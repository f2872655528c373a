"""The open gradebook, lent to nbgrader's classes, and one transaction for a submission.

nbgrader's preprocessors open a gradebook each and commit for each cell; here they share the one that is open, and what
they commit waits. Not for threads: while it is lent, the name `Gradebook` in nbgrader's modules is ours.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

from nbgrader.api import Comment, Grade, Gradebook, MissingEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradekit.gradebook.assignment import ReleasedAssignment


LENDERS = (  # nbgrader's modules that open a gradebook by the name `Gradebook`
    "nbgrader.converters.autograde",
    "nbgrader.preprocessors.overwritekernelspec",
    "nbgrader.preprocessors.overwritecells",
    "nbgrader.preprocessors.saveautogrades",
    "nbgrader.preprocessors.latesubmissions",
)


class _Borrowed:
    """The open gradebook, for code that would open and close one of its own, and commit for each cell."""

    def __init__(self, book: ReleasedAssignment) -> None:
        self.book, self.gradebook = book, book.gradebook
        self.db = SimpleNamespace(commit=lambda: None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.gradebook, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stay open."""


class _Notebook:
    """A notebook of the gradebook's of which the kernel is known."""

    def __init__(self, kernelspec: str | None, look_up: Callable[[], Any]) -> None:
        self.kernelspec = kernelspec
        self._look_up = look_up

    def __getattr__(self, name: str) -> Any:
        return getattr(self._look_up(), name)


class Reading(_Borrowed):
    """Answers from what was read once for the class; every write of nbgrader's `init_assignment` is left for later."""

    def find_assignment(self, _: str) -> SimpleNamespace:
        """Return which notebooks the assignment has."""
        return SimpleNamespace(notebooks=[SimpleNamespace(name=name) for name in self.book.sources])

    def find_notebook(self, name: str, assignment: str) -> Any:
        """Return a notebook with what is known of it; what else is asked for is looked up.

        Raises
        ------
        MissingEntry
        """
        if name not in self.book.kernels:
            raise MissingEntry(name)
        return _Notebook(self.book.kernels[name], lambda: self.gradebook.find_notebook(name, assignment))

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
    """Finds a submission's rows in one go, not one by one."""

    def __init__(self, book: ReleasedAssignment) -> None:
        super().__init__(book)
        self._rows: dict[tuple[type, str], dict[str, Any]] = {}
        self._found: dict[tuple[str, ...], Any] = {}

    def find_assignment(self, name: str) -> Any:
        """Return the assignment; what is asked for again is not looked up again.

        Raises
        ------
        MissingEntry
        """
        return self._once(self.gradebook.find_assignment, name)

    def find_notebook(self, name: str, assignment: str) -> Any:
        """Return a notebook.

        Raises
        ------
        MissingEntry
        """
        return self._once(self.gradebook.find_notebook, name, assignment)

    def find_submission(self, assignment: str, student: str) -> Any:
        """Return a submission.

        Raises
        ------
        MissingEntry
        """
        return self._once(self.gradebook.find_submission, assignment, student)

    def find_submission_notebook(self, name: str, assignment: str, student: str) -> Any:
        """Return a notebook of a submission.

        Raises
        ------
        MissingEntry
        """
        return self._once(self.gradebook.find_submission_notebook, name, assignment, student)

    def _once(self, find: Callable[..., Any], *names: str) -> Any:
        key = (find.__name__, *names)
        if key not in self._found:
            self._found[key] = find(*names)
        return self._found[key]

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

    def _find(self, kind: Any, notebook: str, student: str) -> dict[str, Any]:
        if (kind, notebook) not in self._rows:
            found = self.find_submission_notebook(notebook, self.book.assignment, student)
            cells = self.book.cells[notebook]
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
