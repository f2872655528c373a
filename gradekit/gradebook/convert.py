"""nbgrader's converters, run in a course; what stops them becomes one sentence."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import traceback
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from nbgrader import utils
from nbgrader.api import Base, Gradebook, InvalidEntry
from nbgrader.api import Course as CourseRow
from nbgrader.converters import GenerateAssignment, GenerateSolution
from nbgrader.converters.base import BaseConverter
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    Execute,
    IncludeHeaderFooter,
    LockCells,
    NbGraderPreprocessor,
)
from sqlalchemy import create_engine, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError, SAWarning
from traitlets import List

from gradekit import database
from gradekit.course.points import with_points
from gradekit.errors import CourseError, SourceError
from gradekit.gradebook.settings import read_settings, step_folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from nbformat import NotebookNode
    from traitlets.config import Config

    from gradekit.course.course import Course


class _WithPoints(NbGraderPreprocessor):  # type: ignore[misc]
    """The first step of a release: headings and graded cells that state no points get them."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Put the points in."""
        return with_points(nb), resources


class _StudentVersion(GenerateAssignment):  # type: ignore[misc]
    """nbgrader's student version, with the points in their places."""

    def start(self) -> None:
        """Put the points in before all else."""
        steps: list[type] = self.preprocessors  # type: ignore[has-type]
        self.preprocessors = [_WithPoints, *steps]
        super().start()


class _WorkedSolution(GenerateSolution):  # type: ignore[misc]  # nbgrader is untyped
    """nbgrader's solution version without its gradebook, and without the calls of the hidden tests."""

    preprocessors = List(
        [
            _WithPoints,
            IncludeHeaderFooter,
            LockCells,
            ClearHiddenTests,
            ClearOutput,
            Execute,
            CoalesceStreamsPreprocessor,
        ]
    )

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Copy the data files; the gradebook is not asked."""
        BaseConverter.init_assignment(self, assignment_id, student_id)


def student_version(course: Course, assignment: str, folder: Path) -> Path:
    """Make the student version below a folder, without a gradebook; return where it lies."""
    config = read_settings(course, release_directory=str(folder))
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False  # what nbgrader's own option --no-db sets beside it
    run(_StudentVersion, config, assignment)
    return Path(step_folders(config).format_path(str(folder), ".", assignment))


def worked_solutions(course: Course, assignment: str, folder: Path) -> Path:
    """Make the executed solutions below a folder; return where they lie."""
    config = read_settings(course, solution_directory=str(folder))
    config.Execute.record_timing = False  # times of day would differ in every release,
    config.CoalesceStreamsPreprocessor.enabled = True  # and so would the places where printed text is cut in pieces
    run(_WorkedSolution, config, assignment)
    return Path(step_folders(config).format_path(str(folder), ".", assignment))


def check_gradebook(course: Course) -> None:
    """Refuse a course whose gradebook cannot be asked before anything is done; there need be none yet.

    Raises
    ------
    CourseError
    """
    database.has_gradebook(step_folders(read_settings(course)).db_url)


def enter(course: Course, assignment: str, folder: Path) -> None:
    """Enter a released assignment in the gradebook; `folder` takes nbgrader's copy of it.

    Raises
    ------
    CourseError
        If nbgrader fails, or the gradebook refuses itself.
    """
    gradebook(read_settings(course)).close()
    run(_StudentVersion, read_settings(course, release_directory=str(folder)), assignment)


def as_it_would_be_released(config: Config, path: Path) -> dict[str, NotebookNode]:
    """Return the cells that a release would enter in the gradebook today, by grade_id; none where it would fail."""
    try:
        node = with_points(nbformat.read(path, as_version=4))
        for step in (LockCells(config=config), ClearSolutions(config=config)):
            node, _ = step.preprocess(node, {})
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError, SourceError, nbformat.ValidationError):
        return {}
    roles = (utils.is_grade, utils.is_solution, utils.is_locked, utils.is_task)
    found = [cell for cell in node.cells if any(role(cell) for role in roles)]
    return {cell.metadata.nbgrader.get("grade_id", ""): cell for cell in found}


def with_shown(config: Config, cells: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return source cells, each with what students see of it as ``shown``, by nbgrader's own steps."""
    steps = [ClearHiddenTests(config=config), ClearMarkScheme(config=config)]
    return tuple({**cell, "shown": _cleared(cell, steps)} for cell in cells)


def _cleared(cell: dict[str, Any], steps: Iterable[NbGraderPreprocessor]) -> str:
    node = nbformat.from_dict(cell)
    for step in steps:
        with contextlib.suppress(RuntimeError):  # a region in a wrong cell: nbgrader would not have released it
            step.preprocess_cell(node, {}, 0)
    return str(node.source)


def parse_time(written: str) -> datetime:
    """Read a time as nbgrader does.

    Raises
    ------
    ValueError
    """
    try:
        found: datetime = utils.parse_utc(written)
    except (TypeError, AttributeError, LookupError, ArithmeticError) as error:  # dateutil raises all of them
        raise ValueError(written) from error
    return found


def run(kind: type[BaseConverter], config: Config, assignment: str, *, student: str = "*") -> None:
    """Run one of nbgrader's converters, over what is there already.

    Raises
    ------
    CourseError
        If nbgrader fails, with the reason that it logged.
    """
    directory = CourseDirectory(config=config, assignment_id=assignment, student_id=student)
    converter = kind(coursedir=directory, config=config)
    converter.force = True
    with tools_on_path(), _errors_of(converter.log) as errors, quiet():
        try:
            converter.start()
        except Exception as error:
            reason = errors.reason or repr(error)
            raise CourseError(f"nbgrader's {kind.__mro__[1].__name__} of '{assignment}' failed: {reason}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out the warnings of nbgrader 0.9.6, which builds rows outside a session; may go with nbgrader 0.10."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=SAWarning)
        yield


def gradebook(config: Config) -> Gradebook:
    """Open the course's gradebook; made where there is none."""
    directory = step_folders(config)
    with tools_on_path(), database.opening(directory.db_url):
        found = Gradebook(directory.db_url, directory.course_id)
        enter_course(found, directory.course_id)
    return found


@contextmanager
def using(address: str) -> Iterator[None]:
    """Say in one sentence what the open gradebook refuses, to us or to nbgrader.

    Raises
    ------
    CourseError
    """
    try:
        with database.using(address):
            yield
    except InvalidEntry as error:
        if isinstance(error.__context__, DBAPIError):
            raise database.refused(address, error.__context__) from None
        raise


def enter_course(gradebook: Gradebook, course_id: str) -> None:
    """Give a course without a name its row, where assignments without one are refused.

    nbgrader 0.9.6 enters every course but that one, and lets assignments refer to it: SQLite does not look.
    """
    if course_id or gradebook.engine.dialect.name == database.SQLITE:
        return
    if gradebook.db.get(CourseRow, course_id) is None:
        gradebook.db.add(CourseRow(id=course_id))
    try:
        gradebook.db.commit()
    except IntegrityError:  # another process was first
        gradebook.db.rollback()


def copy_gradebook(gradebook: Gradebook, target: Path) -> None:
    """Copy every row of a server's gradebook into a new file of SQLite's, as they are at one moment."""
    engine = create_engine(f"sqlite:///{target}")
    Base.metadata.create_all(engine)
    moment = gradebook.engine.execution_options(isolation_level="REPEATABLE READ")
    with moment.connect() as old, engine.begin() as new:
        for table in Base.metadata.sorted_tables:
            rows = [dict(row) for row in old.execute(select(table)).mappings()]
            if rows:
                new.execute(insert(table), rows)
    engine.dispose()


class _Errors(logging.Handler):
    """Keeps the last message of an error, and the last exception that was being handled while one was logged."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.message = ""
        self.exception: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message, with the exception that it is about."""
        self.message = record.getMessage()
        self.exception = sys.exc_info()[1] or self.exception

    @property
    def reason(self) -> str:
        """The last line of what went wrong: of the exception, else of the message; empty where nothing was logged."""
        said = traceback.format_exception_only(self.exception) if self.exception else [self.message]
        return ("".join(said).strip().splitlines() or [""])[-1]


@contextmanager
def _errors_of(log: Any) -> Iterator[_Errors]:
    """Collect a log's errors instead of printing them."""
    handler = _Errors()
    before, log.handlers = log.handlers, [handler]
    propagate, log.propagate = log.propagate, False
    try:
        yield handler
    finally:
        log.handlers, log.propagate = before, propagate


@contextmanager
def tools_on_path() -> Iterator[None]:
    """Put this interpreter's scripts on PATH: a new gradebook calls `alembic` by name."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before
