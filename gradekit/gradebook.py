"""nbgrader's database and autograded notebooks, written by nbgrader's own classes.

A submission is staged in ``.gradekit/``, sanitised and run there without a single write to the database, and then
entered in one transaction: nbgrader's preprocessors open a gradebook each and commit for each cell; here they share the
one that is open, and what they commit waits until the folder is ready. Killed at any moment, a submission is recorded
whole, or is graded again by the next run because ``autograded/`` lacks it.

Not for threads: while a submission is recorded, the working directory and the name `Gradebook` in nbgrader's modules
are lent.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shutil
import socket
import sys
import tempfile
import traceback
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol, Self

import nbformat
from nbconvert.writers import FilesWriter
from nbgrader import utils
from nbgrader.api import BaseCell, Comment, Grade, Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata, Execute, SaveAutoGrades
from sqlalchemy.exc import OperationalError, SAWarning
from traitlets import Unicode
from traitlets.utils.importstring import import_item

from gradekit import converters, intake
from gradekit.errors import CourseError, GradekitError, SourceError
from gradekit.intake import shown
from gradekit.notebook import GRADE_SUFFIX
from gradekit.notebook import read as read_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from nbformat import NotebookNode
    from traitlets.config import Config

LOG = logging.getLogger(__name__)
LOG.addHandler(logging.NullHandler())
STAGE = "grade-"
LENDERS = (  # nbgrader's modules that open a gradebook by the name `Gradebook`
    "nbgrader.converters.autograde",
    "nbgrader.preprocessors.overwritekernelspec",
    "nbgrader.preprocessors.overwritecells",
    "nbgrader.preprocessors.saveautogrades",
    "nbgrader.preprocessors.latesubmissions",
)
TIMESTAMP, SECRET = "timestamp.txt", "submission_secret.txt"  # files that nbgrader itself puts beside a submission
MAX_TIMESTAMP = 100  # characters; nbgrader writes 30
# A zone may be a file's name for dateutil, so nothing that looks like a path.
TIMESTAMP_LETTERS = re.compile(r"[A-Za-z0-9_+:., -]+(?:/[A-Za-z0-9_+-]+){0,2}")
# What nbgrader would publish, or what would pass for a report of ours.
UNPUBLISHED = re.compile(r"(.*\.x?html?|report\.json)", re.IGNORECASE)


@dataclass(frozen=True)
class Executed:
    """What running a notebook has brought, beside the outputs in its cells.

    Attributes
    ----------
    scores : mapping of str to float
        By grade_id; cut to [0, points].
    undecided : mapping of str to str
        By grade_id: why a person must look. Goes before a score.
    by_outputs : bool
        Whether nbgrader scores all other test cells from their outputs, where no output is full marks. Otherwise a test
        cell with points that is in neither mapping is undecided.
    """

    scores: Mapping[str, float] = field(default_factory=dict)
    undecided: Mapping[str, str] = field(default_factory=dict)
    by_outputs: bool = False


class Executor(Protocol):
    """Runs a sanitised notebook: puts outputs into its cells."""

    def __call__(self, nb: NotebookNode, name: str, folder: Path) -> Executed:
        """Run notebook `name`; `folder` holds the submission's files and the source's, and becomes ``autograded/``."""


@dataclass(frozen=True)
class Row:
    """One graded cell as the gradebook has it; `score` is the autograder's, None where a person must give one.

    Attributes
    ----------
    undecided : str
        Why the autograder could not tell; empty where it could, or never should (a manually graded cell).
    """

    notebook: str
    grade_id: str
    points: float
    score: float | None
    undecided: str = ""


@dataclass(frozen=True)
class Recorded:
    """One submission in the gradebook.

    Attributes
    ----------
    notes : tuple of str
        What the instructor should know, one line each.
    alarms : tuple of str
        Those that need a person: what is undecided, a time of handing in that cannot be read.
    """

    student: str
    rows: tuple[Row, ...]
    late_s: float
    notes: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Book:
    """One released assignment in an open gradebook.

    Attributes
    ----------
    sources : mapping of str to tuple
        Notebook → its cells with nbgrader metadata, as released, hidden tests included; as `intake.repair` takes them.
    cells : mapping of str to mapping
        Notebook → the gradebook's id of each graded, solution and task cell → its name.
    traits : mapping of str to Any
        Traits to set on nbgrader's converter, beside the settings.
    """

    gradebook: Gradebook
    directory: CourseDirectory
    config: Config
    assignment: str
    sources: Mapping[str, tuple[dict[str, Any], ...]]
    cells: Mapping[str, Mapping[str, str]]
    traits: Mapping[str, Any] = field(default_factory=dict)

    def folder(self, step: str, student: str) -> Path:
        """Return a student's folder of one of nbgrader's steps."""
        return Path(self.directory.format_path(step, student, self.assignment))


# --- opening ---------------------------------------------------------------------------------------------------------


@contextmanager
def open_gradebook(config: Config) -> Iterator[Gradebook]:
    """Open the course's gradebook, once for a whole class."""
    with quiet(), converters.gradebook(config) as gradebook:
        yield gradebook


def open_assignment(
    config: Config,
    gradebook: Gradebook,
    assignment: str,
    *,
    directory: CourseDirectory | None = None,
    traits: Mapping[str, Any] | None = None,
) -> Book:
    """Open an assignment of the gradebook; removes what killed runs left in ``.gradekit/``.

    Raises
    ------
    CourseError
        If it has not been released.
    """
    directory = directory or CourseDirectory(config=config)
    try:
        names = [found.name for found in gradebook.find_assignment(assignment).notebooks]
    except MissingEntry:
        names = []
    if not names:
        raise CourseError(
            f"The gradebook does not know the assignment '{assignment}'.",
            help=f"Release it first: gradekit release {assignment}",
        )
    _clear_stages(Path(directory.root) / ".gradekit")
    sources, cells = {}, {}
    for name in sorted(names):
        sources[name] = _source_cells(gradebook, directory, assignment, name)
        found = gradebook.find_notebook(name, assignment)
        query = gradebook.db.query(BaseCell.id, BaseCell.name).filter(BaseCell.notebook_id == found.id)
        cells[name] = {number: cell for number, cell in query}  # noqa: C416  (rows of two are no pairs to a type checker)
    return Book(gradebook, directory, config, assignment, sources, cells, traits or {})


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
    cells = []
    for grade_id, drawn in (
        _drawn_cells(directory, assignment, name, set(saved)).items() or dict.fromkeys(saved).items()
    ):
        cell, raw = saved[grade_id], drawn or {}
        flags = {"grade": grade_id in grade, "solution": grade_id in solution, "task": grade_id in task}
        meta = {"schema_version": 3, "grade_id": grade_id, **flags, "locked": bool(cell.locked)}
        meta |= {"cell_type": cell.cell_type} | ({"points": points[grade_id]} if grade_id in points else {})
        meta |= {"checksum": cell.checksum} if cell.checksum else {}
        metadata = {**raw.get("metadata", {}), "nbgrader": meta}
        kept = {"id": raw.get("id", grade_id), "attachments": raw.get("attachments", {})}
        cells.append({"cell_type": cell.cell_type, "metadata": metadata, "source": cell.source, **kept})
    return tuple(cells)


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
    directory = CourseDirectory(config=config)
    mark = "\N{WHITE SQUARE}"  # no one's name
    before, _, after = directory.format_path(directory.submitted_directory, mark, assignment).partition(mark)
    parent, begin = os.path.split(before)
    end, slash, rest = after.partition(os.sep)
    excluded = set(directory.student_id_exclude.split(","))
    found = []
    for entry in os.scandir(parent) if Path(parent).is_dir() else ():
        name = entry.name
        folder = Path(f"{parent}{os.sep}{name}{slash}{rest}")
        if name.startswith(begin) and name.endswith(end) and folder.is_dir() and not folder.is_symlink():
            found.append(name[len(begin) : len(name) - len(end)])
    return tuple(sorted(set(found) - excluded))


# --- one submission --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Taken:
    """A submission in its stage: the notebooks to convert, each with why it is undecided already, if it is."""

    notebooks: Mapping[str, str]
    notes: tuple[str, ...]
    alarms: tuple[str, ...] = ()


def record(book: Book, student: str, *, execute: Executor, notebooks: str = "*") -> Recorded:
    """Take in a submission, run it, and put scores, comments, penalties and the autograded notebooks in their places.

    Parameters
    ----------
    execute : Executor
        Called without any lock on the database held.
    notebooks : str
        Which of the assignment's notebooks, as a file glob; what else lies in ``autograded/`` stays.

    Returns
    -------
    Recorded
        Where anything raises instead, nothing has changed.

    Raises
    ------
    CourseError
        If ``.gradekit/`` or ``autograded/`` cannot be written.
    """
    submitted = book.folder(book.directory.submitted_directory, student)
    with quiet(), _stage(book) as stage, contextlib.chdir(book.directory.root):
        converter = _Recorder(book, student, stage)
        converter.notebooks = [str(submitted / f"{name}.ipynb") for name in book.sources]
        converter.run_pre_convert_hook()
        taken = _take_in(book, student, stage, notebooks)
        runs = converter.run(taken, execute)
        notes = _sweep(converter.outbox, _source_files(book), taken.notebooks)
        with _transaction(book.gradebook) as commit:
            reasons = converter.enter(runs)
            notes += _sweep(converter.outbox, _source_files(book), {})
            rows, late_s = _rows(book, student, reasons)
            _put(converter.outbox, book.folder(book.directory.autograded_directory, student), stage, commit)
        converter.share()
        converter.notebooks = [str(submitted / f"{name}.ipynb") for name in taken.notebooks]
        converter.run_post_convert_hook()
    lost = [f"{name} is undecided: {reason}" for name, reason in taken.notebooks.items() if reason]
    asked = [f"{cell} is undecided: {why}" for (name, cell), why in reasons.items() if not taken.notebooks[name]]
    alarms = (*taken.alarms, *lost, *asked)
    return Recorded(student, rows, late_s, tuple(dict.fromkeys([*taken.notes, *notes, *alarms])), alarms)


def _take_in(book: Book, student: str, stage: Path, pattern: str) -> _Taken:
    """Collect a submission's files into the stage and repair its notebooks."""
    folder = book.folder(book.directory.submitted_directory, student)
    inbox, outbox = (stage / step / student / book.assignment for step in ("in", "out"))
    outbox.mkdir(parents=True)
    notes = [*intake.collect(folder, inbox), *_make_room(inbox, book)]
    alarm, note = _timestamp(inbox / TIMESTAMP)
    notes += note
    taken, places = {}, {}
    for name, cells in book.sources.items():
        found = _find(book, name, inbox, folder)
        notes += () if found.undecided else found.notes
        places[found.path] = name
        path = inbox / f"{name}.ipynb"
        if not (found.path or found.undecided):
            continue  # missing: nbgrader scores it 0
        if fnmatch(name, pattern):
            taken[name], more = _restore(path, found, cells, keep=not _enabled(book.config, "ClearOutput"))
            notes += more
        else:
            path.touch()
    _carry_over(book.folder(book.directory.autograded_directory, student), outbox, pattern)
    for path in sorted(inbox.glob("*.ipynb")):
        if path.stem not in book.sources and path not in places:
            notes.append(f"the notebook {shown(path.name)} is not of this assignment: it is left out")
    return _Taken(taken, tuple(notes), alarm)


def _find(book: Book, name: str, inbox: Path, folder: Path) -> intake.Found:
    """Find a notebook; one that is there in some form, but cannot be taken, is undecided and not missing."""
    ids = [cell["metadata"]["nbgrader"]["grade_id"] for cell in book.sources[name]]
    found = intake.find_notebook(inbox, name, ids, others=book.sources.keys() - {name})
    if found.path or found.undecided:
        return found
    if os.path.lexists(folder / f"{name}.ipynb"):
        return intake.Found(None, undecided=f"{name}.ipynb was refused")
    if len(book.sources) == 1 and any(inbox.rglob("*.ipynb")):
        return intake.Found(None, undecided=f"no notebook that was handed in holds the cells of {name}.ipynb")
    return found


def _restore(
    path: Path, found: intake.Found, cells: Sequence[dict[str, Any]], *, keep: bool
) -> tuple[str, tuple[str, ...]]:
    """Write the repaired notebook; where there is none to repair, the source's cells and why."""
    node = intake.read(found.path) if found.path else intake.Unreadable(found.undecided)
    if isinstance(node, intake.Unreadable):
        mended = intake.repair({"cells": []}, cells)
        said = f"**This notebook could not be graded:** {shown(node.reason, 500)}"
        mended.node["cells"].insert(0, {"cell_type": "markdown", "id": "undecided", "metadata": {}, "source": said})
        path.write_text(json.dumps(mended.node), encoding="utf-8")
        return node.reason, ()
    mended = intake.repair(node, cells, outputs=keep)
    path.write_text(json.dumps(mended.node), encoding="utf-8")
    return "", mended.notes


def _enabled(config: Config, preprocessor: str) -> bool:
    return bool(config[preprocessor].get("enabled", True))


def _make_room(inbox: Path, book: Book) -> list[str]:
    """Remove what a student put where a file of nbgrader's or of the source's must lie."""
    notes = []
    for name in [*_source_files(book), TIMESTAMP, SECRET, *(f"{name}.ipynb" for name in book.sources)]:
        for path in [inbox / parent for parent in Path(name).parents][-2::-1]:
            if path.is_file():
                path.unlink()
                notes.append(f"the file {shown(path.name)} is refused: the assignment has a folder of that name")
        if (inbox / name).is_dir():
            shutil.rmtree(inbox / name)
            notes.append(f"the folder {shown(name)} is refused: it stands where a file belongs")
    return notes


def _source_files(book: Book) -> list[str]:
    """Return the source's data files, relative to its folder, as nbgrader's Autograde finds them."""
    folder = book.directory.format_path(book.directory.source_directory, ".", book.assignment)
    found = utils.find_all_files(folder, [*book.directory.ignore, "*.ipynb"])
    return [os.path.relpath(path, folder) for path in found]


def _timestamp(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Look at the time of handing in; return alarm and note. One that cannot be read is removed, as if there were none.

    nbgrader's own reading of a bad time ends in an AttributeError.
    """
    try:
        written = _written(path)
        if not written:
            return (), (f"{TIMESTAMP} is empty: the submission counts as in time",)
        late = _time(written) > datetime.now(UTC).replace(tzinfo=None)
    except FileNotFoundError:
        return (), ()
    except ValueError:
        path.unlink()
        return (f"{TIMESTAMP} holds no time: whether the submission is late is undecided",), ()
    return (), (f"{TIMESTAMP} lies in the future: {written}",) if late else ()


def _written(path: Path) -> str:
    """Read a timestamp file, in a submission that nothing has looked at yet."""
    handle = os.open(path, intake.OPEN_FILE)
    try:
        return os.read(handle, MAX_TIMESTAMP + 1).decode().strip()
    finally:
        os.close(handle)


def _time(written: str) -> datetime:
    """Read a time as nbgrader does.

    Raises
    ------
    ValueError
    """
    if len(written) > MAX_TIMESTAMP or not TIMESTAMP_LETTERS.fullmatch(written):
        raise ValueError(written)
    try:
        found: datetime = utils.parse_utc(written)
    except (TypeError, AttributeError, LookupError, ArithmeticError) as error:  # dateutil raises all of them
        raise ValueError(written) from error
    return found


def _carry_over(old: Path, outbox: Path, pattern: str) -> None:
    """Keep what lies in ``autograded/`` where only some notebooks are graded again."""
    if pattern != "*" and old.is_dir():
        shutil.copytree(
            old, outbox, symlinks=True, dirs_exist_ok=True, ignore=lambda _, names: _graded_again(names, pattern)
        )


def _graded_again(names: Sequence[str], pattern: str) -> list[str]:
    return [name for name in names if fnmatch(name, f"{pattern}.ipynb")]


def _sweep(outbox: Path, source_files: Sequence[str], notebooks: Mapping[str, str]) -> list[str]:
    """Remove what must not be published, and whatever stands where a notebook will be written."""
    kept = {outbox / name for name in source_files}
    notes = []
    for path in sorted(outbox.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            path.unlink()
            notes.append(f"{shown(path.name)} is left out: it is no regular file")
        elif path.is_file() and path not in kept and UNPUBLISHED.fullmatch(path.name):
            path.unlink()
            notes.append(f"{shown(path.name)} is left out: no page of a student's own is published")
    for name in notebooks:
        (outbox / f"{name}.ipynb").unlink(missing_ok=True)
    return notes[: intake.MAX_NOTES]


# --- nbgrader's converter, in a stage --------------------------------------------------------------------------------


class _Staged(CourseDirectory):  # type: ignore[misc]  # nbgrader is untyped
    """The course's folders, but for one submission and its autograded copy: these lie in a stage."""

    stage = Unicode()

    def format_path(self, nbgrader_step: str, student_id: str, assignment_id: str, escape: bool = False) -> str:  # noqa: FBT001, FBT002  (nbgrader's signature)
        """Return the folder of a step; a pattern with `escape`."""
        inner = {self.submitted_directory: "in", self.autograded_directory: "out"}.get(nbgrader_step)
        if inner is None:
            return str(super().format_path(nbgrader_step, student_id, assignment_id, escape=escape))
        return str(Path(re.escape(self.stage) if escape else self.stage, inner, student_id, assignment_id))


class _SaveScores(SaveAutoGrades):  # type: ignore[misc]
    """nbgrader's SaveAutoGrades, told what is known beside the cells' outputs."""

    def __init__(self, executed: Executed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.executed = executed
        self.reasons = dict(executed.undecided)
        self._said: dict[str, str] = {}

    def preprocess(self, nb: NotebookNode, resources: Any) -> Any:
        """Save scores, then say what is undecided in the comment of the solution cell that it belongs to."""
        nb, resources = super().preprocess(nb, resources)
        solution, solutions = "", set()
        for cell in nb.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if utils.is_solution(cell) or utils.is_task(cell):
                solution = name
                solutions.add(name)
            if name in self.reasons:
                own = name.removesuffix(GRADE_SUFFIX)
                self._say(own if own in solutions else solution, self.reasons[name])
        self.gradebook.gradebook.db.flush()
        self.gradebook.gradebook.db.expire_all()  # as a commit does: the database computes the sums that come next
        return nb, resources

    def _say(self, cell: str, reason: str) -> None:
        if cell:
            comment = self.gradebook.find_comment(cell, self.notebook_id, self.assignment_id, self.student_id)
            comment.auto_comment = f"Not graded automatically, a person will look at it: {shown(reason, 500)}"

    def _add_score(self, cell: NotebookNode, resources: Any) -> None:
        """Save one score; what nobody judged, or is no score to nbgrader, is undecided and not the full points."""
        name = cell.metadata.nbgrader["grade_id"]
        points = float(cell.metadata.nbgrader["points"])
        scores = self.executed.scores if points else {name: 0.0}
        if name in self.reasons or name in scores:
            self._set(name, None if name in self.reasons else min(max(float(scores[name]), 0.0), points))
        elif not (utils.is_solution(cell) or self.executed.by_outputs):
            self.reasons[name] = "it was not judged"
            self._set(name, None)
        else:
            self._add_score_by_outputs(cell, resources)

    def _add_score_by_outputs(self, cell: NotebookNode, resources: Any) -> None:
        """Let nbgrader score; where it would give up the submission, one exercise is undecided."""
        name = cell.metadata.nbgrader["grade_id"]
        try:
            super()._add_score(cell, resources)
        except (ValueError, KeyError, TypeError) as error:
            self.reasons[name] = f"the graded cell's result is no score: {error}"
            self._set(name, None)

    def _set(self, name: str, score: float | None) -> None:
        grade = self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)
        grade.auto_score = score
        grade.needs_manual_grade = score is None or grade.manual_score is not None
        self.gradebook.db.commit()

    def _add_comment(self, cell: NotebookNode, resources: Any) -> None:
        super()._add_comment(cell, resources)
        if utils.is_task(cell):
            self._open_task(cell.metadata.nbgrader["grade_id"])

    def _open_task(self, name: str) -> None:
        """Let a task be graded: nbgrader leaves the 0 of an earlier submission that lacked this notebook."""
        grade = self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)
        if grade.auto_score is not None or name in self.reasons:
            self._set(name, None)


class _Recorder(Autograde):  # type: ignore[misc]
    """nbgrader's Autograde for one submission in a stage, in two halves: before the database is written, and after."""

    def __init__(self, book: Book, student: str, stage: Path) -> None:
        folders = {name: getattr(book.directory, name) for name in book.directory.trait_names(config=True)}
        staged = _Staged(**{**folders, "student_id": student, "assignment_id": book.assignment}, stage=str(stage))
        super().__init__(coursedir=staged, config=book.config, log=LOG)
        for name, value in book.traits.items():
            setattr(self, name, value)
        self.book, self.student = book, student
        self.inbox, self.outbox = (stage / step / student / book.assignment for step in ("in", "out"))
        self.writer = FilesWriter(parent=self, config=self.config)
        self.exporter = self.exporter_class(parent=self, config=self.config)
        self.exporter.optimistic_validation = True  # once after all preprocessors, not after each

    def run(self, taken: _Taken, execute: Executor) -> dict[str, tuple[NotebookNode, Executed]]:
        """Sanitise and run the notebooks; the database is only read."""
        self.notebooks = [str(self.inbox / f"{name}.ipynb") for name in self.book.sources]
        before, _ = self._steps()
        with _lent(_Reading(self.book)):
            self.init_assignment(self.book.assignment, self.student)
            sane = {name: self._convert(name, [*self.sanitize_preprocessors, *before]) for name in taken.notebooks}
        self.book.gradebook.db.rollback()  # nothing was written; this ends the reading
        runs = {}
        for name, reason in taken.notebooks.items():
            done = _undecided(sane[name], reason) if reason else Executed(by_outputs=True)
            if not reason and _enabled(self.config, "Execute"):
                with _environment(NBGRADER_EXECUTION="autograde"):
                    done = execute(sane[name], name, self.outbox)
            runs[name] = (sane[name], done)
        return runs

    def enter(self, runs: Mapping[str, tuple[NotebookNode, Executed]]) -> dict[tuple[str, str], str]:
        """Write rows and notebooks; return why cells are undecided, by notebook and grade_id."""
        self.notebooks = [str(self.inbox / f"{name}.ipynb") for name in self.book.sources]
        self.coursedir.ignore = ["*"]  # the files are there already, and nothing is copied a second time
        _, after = self._steps()
        reasons: dict[tuple[str, str], str] = {}
        with _lent(_Writing(self.book)):
            self.init_assignment(self.book.assignment, self.student)
            for name, (nb, executed) in runs.items():
                saving = _SaveScores(executed, parent=self.exporter)
                resources = self._resources(name)
                self._register(name, [saving if step is SaveAutoGrades else step for step in after])
                output, resources = self.exporter.from_notebook_node(nb, resources=resources)
                self.write_single_notebook(output, resources)
                reasons |= {(name, grade_id): reason for grade_id, reason in saving.reasons.items()}
        self.set_permissions(self.book.assignment, self.student)
        return reasons

    def share(self) -> None:
        """Give the folder of all autograded submissions the group's rights, where the settings say so."""
        directory = self.book.directory
        folder = Path(directory.format_path(directory.autograded_directory, ".", "."))
        with contextlib.suppress(PermissionError):
            if directory.groupshared:
                folder.chmod((folder.stat().st_mode | 0o2770) & 0o2777)

    def _steps(self) -> tuple[list[type], list[type]]:
        """Return nbgrader's steps before and after the running of the notebook."""
        kinds = [import_item(kind) if isinstance(kind, str) else kind for kind in self.autograde_preprocessors]
        at = next((index for index, kind in enumerate(kinds) if issubclass(kind, Execute)), len(kinds))
        return kinds[:at], kinds[at + 1 :]

    def _convert(self, name: str, steps: Sequence[Any]) -> NotebookNode:
        """Take a repaired notebook through nbgrader's steps; it is ours and valid, so nothing is checked or copied."""
        nb = nbformat.from_dict(json.loads((self.inbox / f"{name}.ipynb").read_text(encoding="utf-8")))
        resources = self._resources(name)
        self._register(name, steps)
        for step in self.exporter._preprocessors:  # noqa: SLF001  (as nbgrader itself does)
            nb, resources = step(nb, resources)
        return nb

    def _register(self, name: str, steps: Sequence[Any]) -> None:
        self.exporter._preprocessors = []  # noqa: SLF001  (as nbgrader itself does)
        check = _CheckOnce(self.book.sources[name], parent=self.exporter)
        for step in steps:
            self.exporter.register_preprocessor(check if step is CheckCellMetadata else step)

    def _resources(self, name: str) -> dict[str, Any]:
        resources: dict[str, Any] = self.init_single_notebook_resources(str(self.inbox / f"{name}.ipynb"))
        return resources | {"metadata": {"name": name, "path": str(self.outbox)}}


def _undecided(nb: NotebookNode, reason: str) -> Executed:
    """Return that nothing could be told; a cell without points asks for nobody."""
    metas = [cell.metadata.nbgrader for cell in nb.cells if utils.is_grade(cell) or utils.is_task(cell)]
    return Executed(undecided={meta.grade_id: reason for meta in metas if meta.points})


# --- the database ----------------------------------------------------------------------------------------------------


class _Borrowed:
    """The open gradebook, for code that would open and close one of its own, and commit for each cell."""

    def __init__(self, book: Book) -> None:
        self.book, self.gradebook = book, book.gradebook
        self.db = SimpleNamespace(commit=lambda: None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.gradebook, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stay open."""


class _Reading(_Borrowed):
    """Answers from what was read once for the class; every write of nbgrader's `init_assignment` is left for later."""

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


class _Writing(_Borrowed):
    """Finds a submission's rows in one go, not one by one."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self._rows: dict[tuple[type, str], dict[str, Any]] = {}

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
            found = self.gradebook.find_submission_notebook(notebook, self.book.assignment, student)
            cells = self.book.cells[notebook]
            # The ids of the cells, since the tables have an index that begins with them: the time stays flat.
            rows = self.gradebook.db.query(kind).filter(kind.cell_id.in_(cells), kind.notebook_id == found.id)
            self._rows[kind, notebook] = {cells[row.cell_id]: row for row in rows}
        return self._rows[kind, notebook]


class _CheckOnce(CheckCellMetadata):  # type: ignore[misc]
    """nbgrader's check of cell metadata, left out where they are the source's own, which were checked on release."""

    def __init__(self, source_cells: Sequence[Mapping[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.known = [cell["metadata"]["nbgrader"] for cell in source_cells]

    def preprocess(self, nb: NotebookNode, resources: Any) -> Any:
        """Check what is not the source's."""
        found = [cell.metadata.nbgrader for cell in nb.cells if "nbgrader" in cell.metadata]
        return (nb, resources) if found == self.known else super().preprocess(nb, resources)


@contextmanager
def _lent(gradebook: _Borrowed) -> Iterator[None]:
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
def _transaction(gradebook: Gradebook) -> Iterator[Callable[[], None]]:
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


def _rows(book: Book, student: str, reasons: Mapping[tuple[str, str], str]) -> tuple[tuple[Row, ...], float]:
    submission = book.gradebook.find_submission(book.assignment, student)
    rows = []
    for name, cells in book.sources.items():
        found = book.gradebook.find_submission_notebook(name, book.assignment, student)
        known = book.cells[name]
        query = book.gradebook.db.query(Grade.cell_id, Grade.auto_score)
        query = query.filter(Grade.cell_id.in_(known), Grade.notebook_id == found.id)
        scores = {known[cell_id]: score for cell_id, score in query}
        metas = (cell["metadata"]["nbgrader"] for cell in cells)
        rows += [
            Row(name, cell, meta["points"], scores[cell], reasons.get((name, cell), ""))
            for meta in metas
            if (cell := meta["grade_id"]) in scores
        ]
    return tuple(rows), float(submission.total_seconds_late)


# --- folders ---------------------------------------------------------------------------------------------------------


@contextmanager
def _stage(book: Book) -> Iterator[Path]:
    """Make a folder for one submission, on the course's disk; gone afterwards."""
    ours = Path(book.directory.root) / ".gradekit"
    try:
        ours.mkdir(exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f"{STAGE}{socket.gethostname()}-{os.getpid()}-", dir=ours))
    except OSError as error:
        raise _cannot_write(ours, error) from None
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _clear_stages(folder: Path) -> None:
    """Remove the stages of processes of this machine that are no more."""
    for stage in folder.glob(f"{STAGE}{socket.gethostname()}-*-*"):
        pid = stage.name.split("-")[-2]
        if pid.isdecimal() and not Path("/proc", pid).exists():
            shutil.rmtree(stage, ignore_errors=True)


def _put(made: Path, target: Path, stage: Path, commit: Callable[[], None]) -> None:
    """Commit, and rename a finished folder into its place.

    The old folder goes first: where we are killed in between, the folder is missing, and so the submission is graded
    again. Where anything fails, the old folder comes back.
    """
    old = stage / "old"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.parent.stat().st_dev != stage.stat().st_dev:  # autograded/ is a link to another disk
            beside = Path(tempfile.mkdtemp(prefix=".gradekit-", dir=target.parent))
            made, old = shutil.copytree(made, beside / "new"), beside / "old"
        if os.path.lexists(target):
            target.rename(old)
        commit()
        made.rename(target)
    except OSError as error:
        raise _cannot_write(target, error) from None
    finally:
        if os.path.lexists(old) and not os.path.lexists(target):
            old.rename(target)
        if old.parent != stage:
            shutil.rmtree(old.parent)


def _cannot_write(path: Path, error: OSError) -> CourseError:
    return CourseError(
        f"{path} cannot be written: {error.strerror}.", help="Give yourself the right to write in the course's folder."
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out the warnings of nbgrader 0.9.6, which builds rows outside a session; may go with nbgrader 0.10."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=SAWarning)
        yield


@contextmanager
def _environment(**words: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in words}
    os.environ.update(words)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


# --- `nbgrader autograde` --------------------------------------------------------------------------------------------


class StagedAutograde(Autograde):  # type: ignore[misc]
    """nbgrader's Autograde with `record` inside: the same words, folders and exit codes."""

    def executor(self) -> Executor:
        """Return what runs the notebooks."""
        raise NotImplementedError

    def record(self, book: Book, student: str) -> Recorded:
        """Grade and record one submission."""
        return record(book, student, execute=self.executor(), notebooks=self.coursedir.notebook_id)

    def start(self) -> None:
        """Grade every submission that matches and is due.

        Raises
        ------
        NbGraderException
            If a submission could not be graded or needs a person; the others have been.
        """
        self.init_notebooks()
        with (
            converters.tools_on_path(),
            quiet(),
            Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook,
        ):
            books: dict[str, Book] = {}
            wrong = []
            for folder in sorted(self.assignments):
                assignment, student = self._names(folder)
                if not self._is_due(folder, assignment, student):
                    self.log.info("Skipping existing assignment: %s", self._format_dest(assignment, student))
                    continue
                if assignment not in books:
                    books[assignment] = self._open(gradebook, assignment)
                if not self._graded(books[assignment], student):
                    wrong.append(f"'{assignment}' for student '{shown(student)}'")
        if wrong:
            for one in wrong:
                self.log.error("Please look at assignment %s", one)
            raise NbGraderException(f"{len(wrong)} submissions need a person")

    def _names(self, folder: str) -> tuple[str, str]:
        pattern = self._format_source("(?P<assignment_id>.*)", "(?P<student_id>.*)", escape=True)
        match = re.match(pattern, folder)
        if match is None:
            raise NbGraderException(f"Could not match '{folder}' with regexp '{pattern}'")
        return match["assignment_id"], match["student_id"]

    def _is_due(self, folder: str, assignment: str, student: str) -> bool:
        """Say whether a submission is to be graded, as nbgrader's `init_destination` does, and remove nothing."""
        if student in self.coursedir.student_id_exclude.split(","):
            return False
        target = Path(self._format_dest(assignment, student))
        wanted = ["."] if self.coursedir.notebook_id == "*" else [Path(name).name for name in self.assignments[folder]]
        if self.force or any(not (target / name).exists() for name in wanted):
            return True
        new, old = (_time_of(path / TIMESTAMP) for path in (Path(folder), target))
        return new is not None and old is not None and new > old

    def _open(self, gradebook: Gradebook, assignment: str) -> Book:
        traits = {name: getattr(self, name) for name in self.trait_names(config=True)}
        traits = {name: value for name, value in traits.items() if value is not None}  # nbgrader cannot set None
        try:
            return open_assignment(self.config, gradebook, assignment, directory=self.coursedir, traits=traits)
        except GradekitError as error:
            raise NbGraderException(str(error)) from error

    def _graded(self, book: Book, student: str) -> bool:
        try:
            done = self.record(book, student)
        except OperationalError:
            self.log.exception("The database cannot be used; after an upgrade of nbgrader: nbgrader db upgrade")
            raise NbGraderException("There was an error accessing the nbgrader database.") from None
        except Exception:  # noqa: BLE001  (nbgrader's meaning: one failing submission does not stop the class)
            self.log.error("%s could not be graded:\n%s", shown(student), traceback.format_exc())  # noqa: TRY400
            return False
        for note in done.notes:
            self.log.warning("%s: %s", shown(student), note)
        return not done.alarms


def _time_of(path: Path) -> datetime | None:
    """Return the time in a timestamp file; None where there is none that can be read."""
    with contextlib.suppress(OSError, ValueError):
        return _time(_written(path))
    return None
