"""One released assignment in the course's open gradebook: its notebooks, their cells, who handed something in."""

from __future__ import annotations

import contextlib
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbgrader import utils
from nbgrader.api import Gradebook, GradeCell, MissingEntry, SolutionCell, TaskCell

from gradekit import database
from gradekit.course import releases
from gradekit.course.course import MARK, folders_at
from gradekit.course.notebook import read as read_source
from gradekit.errors import CourseError, SourceError
from gradekit.files import clear_stages
from gradekit.gradebook import convert
from gradekit.gradebook.convert import quiet
from gradekit.gradebook.settings import step_folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime, timedelta

    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    from gradekit.course.course import Course


@dataclass(frozen=True)
class NotebookRows:
    """What the gradebook holds of a notebook, and what is the same for a whole class.

    Attributes
    ----------
    number : str
        Its row's id.
    kernel : str or None
        The source's kernel.
    cells : mapping of str to str
        The id of each graded, solution and task cell → its name.
    graded, commented : tuple of str
        The ids of those of which a submission has a grade, and of those of which it has a comment.
    """

    number: str
    kernel: str | None
    cells: Mapping[str, str]
    graded: tuple[str, ...]
    commented: tuple[str, ...]


@dataclass(frozen=True)
class ReleasedAssignment:
    """One released assignment in an open gradebook.

    Attributes
    ----------
    sources : mapping of str to tuple
        Notebook → its cells with nbgrader metadata, as released, hidden tests included; as `intake.repair` takes them.
    rows : mapping of str to NotebookRows
        Notebook → what the gradebook holds of it.
    traits : mapping of str to Any
        Traits to set on nbgrader's converter, beside the settings.
    given : mapping of str to Given
        Notebook → what students were given of it, in all releases that are known.
    made : dict
        What is made once for a class, by whoever needs it first.
    """

    gradebook: Gradebook
    directory: CourseDirectory
    config: Config
    assignment: str
    sources: Mapping[str, tuple[dict[str, Any], ...]]
    rows: Mapping[str, NotebookRows]
    traits: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, releases.Given] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def folder(self, step: str, student: str) -> Path:
        """Return a student's folder of one of nbgrader's steps."""
        return Path(self.directory.format_path(step, student, self.assignment))

    @cached_property
    def source_files(self) -> tuple[str, ...]:
        """The source's data files, relative to its folder, as nbgrader's Autograde finds them."""
        folder = self.directory.format_path(self.directory.source_directory, ".", self.assignment)
        found = utils.find_all_files(folder, [*self.directory.ignore, "*.ipynb"])
        return tuple(os.path.relpath(path, folder) for path in found)


def due_date(book: ReleasedAssignment, student: str) -> str:
    """Return until when a student may hand in, with the time given on top: what lateness is reckoned by."""
    due = book.gradebook.find_assignment(book.assignment).duedate
    try:
        extension = book.gradebook.find_submission(book.assignment, student).extension
    except MissingEntry:
        extension = None
    return due_words(due, extension)


def due_words(due: datetime | None, extension: timedelta | None) -> str:
    """Return until when a student may hand in, in words that differ where it does."""
    return f"{due or 'any time'}, extended by {extension or 'nothing'}"


def changed_in_source(book: ReleasedAssignment) -> tuple[str, ...]:
    """Return the cells whose text, type or points in the source are not what was released, by grade_id.

    Empty where they are, or where there is no source to compare with.
    """
    folder = Path(book.directory.format_path(book.directory.source_directory, ".", book.assignment))
    changed = []
    for name, cells in book.sources.items():
        before = {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in cells}
        today = convert.as_it_would_be_released(book.config, folder / f"{name}.ipynb")
        names = [*before, *(name for name in today if name not in before)] if today else []
        changed += [name for name in names if _what_counts(before.get(name)) != _what_counts(today.get(name))]
    return tuple(changed)


def _what_counts(cell: Mapping[str, Any] | None) -> tuple[Any, ...] | None:
    if cell is None:
        return None
    meta = cell["metadata"]["nbgrader"]
    worth = float(meta.get("points") or 0.0) if meta.get("grade") or meta.get("task") else 0.0
    return cell["source"], cell["cell_type"], worth


@contextmanager
def open_gradebook(config: Config) -> Iterator[Gradebook]:
    """Open the course's gradebook, once for a whole class. A question makes none: release does.

    Raises
    ------
    CourseError
        If there is none, or it refuses itself then or later.
    """
    directory = step_folders(config)
    if not database.has_gradebook(directory.db_url):
        raise _no_gradebook(directory, "<assignment>")
    with quiet(), convert.gradebook(config) as gradebook, convert.using(directory.db_url):
        yield gradebook


@contextmanager
def open_released(course: Course, config: Config, assignment: str) -> Iterator[Gradebook]:
    """Open the gradebook in which an assignment has been released.

    Raises
    ------
    CourseError
        If there is no such assignment, or it was never released; no gradebook is made.
    """
    directory = step_folders(config)
    if not database.has_gradebook(directory.db_url):
        course.check_assignment(assignment)
        raise _no_gradebook(directory, assignment)
    with open_gradebook(config) as gradebook:
        if not _notebooks(gradebook, assignment):
            course.check_assignment(assignment)
            raise _unreleased(assignment)
        yield gradebook


def check_released(course: Course, config: Config, assignment: str) -> None:
    """Refuse an assignment that was never released, and make no gradebook while asking.

    Raises
    ------
    CourseError
    """
    with open_released(course, config, assignment):
        pass


def _notebooks(gradebook: Gradebook, assignment: str) -> list[str]:
    try:
        return [found.name for found in gradebook.find_assignment(assignment).notebooks]
    except MissingEntry:
        return []


def _no_gradebook(directory: CourseDirectory, assignment: str) -> CourseError:
    said = f"There is no gradebook {database.named(directory.db_url)} yet."
    return CourseError(said, help=f"Release it first: gradekit release {assignment}")


def _unreleased(assignment: str) -> CourseError:
    return CourseError(
        f"The gradebook does not know the assignment '{assignment}'.",
        help=f"Release it first: gradekit release {assignment}",
    )


def open_assignment(
    config: Config,
    gradebook: Gradebook,
    assignment: str,
    *,
    directory: CourseDirectory | None = None,
    traits: Mapping[str, Any] | None = None,
) -> ReleasedAssignment:
    """Open an assignment of the gradebook; removes what killed runs left in ``.gradekit/``.

    Its release is remembered there, whoever made it: a later one may differ, and students hand in either.

    Raises
    ------
    CourseError
        If it has not been released, or one of its notebooks is for a kernel of another language.
    """
    directory = directory or step_folders(config)
    names = _notebooks(gradebook, assignment)
    if not names:
        raise _unreleased(assignment)
    root = Path(directory.root)
    clear_stages(root / ".gradekit")
    with contextlib.suppress(OSError):  # a question may be asked where nothing can be written
        releases.remember(root, assignment, Path(directory.format_path(directory.release_directory, ".", assignment)))
    sources, rows = {}, {}
    for name in sorted(names):
        _refuse_other_languages(gradebook, assignment, name)
        sources[name] = convert.with_shown(config, _source_cells(gradebook, directory, assignment, name))
        rows[name] = _rows(gradebook, assignment, name)
    given = releases.given(root, assignment)
    return ReleasedAssignment(gradebook, directory, config, assignment, sources, rows, traits or {}, given)


def _rows(gradebook: Gradebook, assignment: str, name: str) -> NotebookRows:
    found = gradebook.find_notebook(name, assignment)
    kinds: dict[Any, list[str]] = {GradeCell: [], SolutionCell: [], TaskCell: []}
    cells = {}
    for kind, numbers in kinds.items():
        for number, cell in gradebook.db.query(kind.id, kind.name).filter(kind.notebook_id == found.id):
            numbers.append(number)
            cells[number] = cell
    graded, commented = (tuple(kinds[kind] + kinds[TaskCell]) for kind in (GradeCell, SolutionCell))
    return NotebookRows(found.id, found.kernelspec, cells, graded, commented)


def _refuse_other_languages(gradebook: Gradebook, assignment: str, name: str) -> None:
    """Refuse a source whose kernel is not Python's: run as Python, every submission would score 0."""
    kernel = json.loads(gradebook.find_notebook(name, assignment).kernelspec or "null") or {}
    language = str(kernel.get("language", "")) or "python"  # the format lets it be left out
    if language.lower() != "python":
        raise CourseError(
            f"The notebook {name}.ipynb of '{assignment}' is for the kernel '{kernel.get('name')}' ({language}).",
            help="gradekit runs Python alone: grade this assignment without gradekit.install(c).",
        )


def _source_cells(
    gradebook: Gradebook, directory: CourseDirectory, assignment: str, name: str
) -> tuple[dict[str, Any], ...]:
    """Return a notebook's cells with nbgrader metadata: text and roles from the gradebook, order and ids from a file.

    The gradebook has no order of its own. The released notebook does, and the source's does where nothing is added.
    """
    found = gradebook.find_notebook(name, assignment)
    points = {cell.name: float(cell.max_score) for cell in (*found.grade_cells, *found.task_cells)}
    grade, task = ({cell.name for cell in cells} for cells in (found.grade_cells, found.task_cells))
    solution = {cell.name for cell in found.solution_cells}
    saved = {cell.name: cell for cell in found.source_cells}
    drawn = _drawn_cells(directory, assignment, name, set(saved)) or {key: {} for key in saved}
    cells = []
    for grade_id, raw in drawn.items():
        flags = {"grade": grade_id in grade, "solution": grade_id in solution, "task": grade_id in task}
        worth = {"points": points[grade_id]} if grade_id in points else {}
        cells.append(_source_cell(saved[grade_id], raw, {**flags, **worth}))
    return tuple(cells)


def _source_cell(cell: Any, raw: Mapping[str, Any], roles: Mapping[str, Any]) -> dict[str, Any]:
    """Return one cell as the gradebook has it, with what a file says beside: its id, its attachments."""
    meta = {"schema_version": 3, "grade_id": cell.name, "locked": bool(cell.locked), "cell_type": cell.cell_type}
    meta |= {**roles, **({"checksum": cell.checksum} if cell.checksum else {})}
    metadata = {**raw.get("metadata", {}), "nbgrader": meta}
    kept = {"id": raw.get("id", cell.name), "attachments": raw.get("attachments", {})}
    return {"cell_type": cell.cell_type, "metadata": metadata, "source": cell.source, **kept}


def _drawn_cells(directory: CourseDirectory, assignment: str, name: str, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """Return the cells of the released notebook, else of the source, that has all of the wanted; else nothing."""
    for step in (directory.release_directory, directory.source_directory):
        path = Path(directory.format_path(step, ".", assignment)) / f"{name}.ipynb"
        with contextlib.suppress(SourceError):
            cells = read_source(path)["cells"]
            named = {cell.get("metadata", {}).get("nbgrader", {}).get("grade_id"): cell for cell in cells}
            if wanted <= named.keys():
                return {grade_id: cell for grade_id, cell in named.items() if grade_id in wanted}
    return {}


def students(config: Config, assignment: str) -> tuple[str, ...]:
    """Return who handed something in, sorted; without those that ``student_id_exclude`` names."""
    directory = step_folders(config)
    path = directory.format_path(directory.submitted_directory, MARK, assignment)
    excluded = set(directory.student_id_exclude.split(","))
    return tuple(name for name in folders_at(path) if name not in excluded)
