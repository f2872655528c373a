"""nbgrader's converters, run in a course; what stops them becomes one sentence."""

from __future__ import annotations

import dataclasses
import logging
import os
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute
from sqlalchemy.exc import SAWarning
from traitlets import Float, TraitError
from traitlets.config import Config, PyFileConfigLoader
from traitlets.config.loader import DeferredConfigString

from gradekit.course import CONFIG
from gradekit.errors import CourseError
from gradekit.model import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nbgrader.converters.base import BaseConverter

    from gradekit.course import Course


def settings(course: Course, **folders: str) -> Config:
    """Read the course's ``nbgrader_config.py``; `folders` are traits of CourseDirectory to set on top.

    Raises
    ------
    CourseError
        If the file cannot be run.
    """
    config = Config()
    try:
        if (course.root / CONFIG).exists():  # nbgrader itself does without
            config = PyFileConfigLoader(CONFIG, path=str(course.root)).load_config()
    except Exception as error:
        raise CourseError(f"{course.root / CONFIG} cannot be run: {error!r}.") from error
    config.CourseDirectory.root = str(course.root)
    for name, value in folders.items():
        setattr(config.CourseDirectory, name, value)
    return config


def limits(config: Config) -> Limits:
    """Read the limits of a submission from the settings ``c.Gradekit.<name>``; what is not set has its default.

    nbgrader's own ``c.Execute.timeout`` is the limit of a cell too: where both are set the smaller one counts; None or
    a number below 0 leaves a cell all the time that the submission has.

    Raises
    ------
    CourseError
        If a name is unknown or a value is no positive number.
    """
    known = [item.name for item in dataclasses.fields(Limits)]
    chosen: dict[str, Any] = {}
    for name, given in config.Gradekit.items():
        value = given.get_value(Float()) if isinstance(given, DeferredConfigString) else given  # a command line's
        if name not in known:
            raise CourseError(
                f"{CONFIG} sets c.Gradekit.{name}, which does not exist.", help=f"There are: {', '.join(known)}."
            )
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise CourseError(f"{CONFIG} sets c.Gradekit.{name} to {value!r}; a positive number is needed.")
        chosen[name] = float(value) if name.endswith("_s") else int(value)
    return _with_timeout(config, Limits(**chosen), chosen)


def _with_timeout(config: Config, found: Limits, chosen: Mapping[str, Any]) -> Limits:
    if not any("timeout" in config[section] for section in Execute.section_names()):
        return found
    try:
        timeout = Execute(config=config).timeout
    except TraitError as error:
        raise CourseError(f"{CONFIG} sets c.Execute.timeout to what is no time: {error}") from None
    if timeout == 0:
        raise CourseError(f"{CONFIG} sets c.Execute.timeout to 0; a positive number of seconds is needed.")
    most = found.submission_s if timeout is None or timeout < 0 else float(timeout)
    return dataclasses.replace(found, cell_s=min(found.cell_s, most) if "cell_s" in chosen else most)


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
            reason = _reason(errors) or repr(error)
            raise CourseError(f"nbgrader's {kind.__name__} of '{assignment}' failed: {reason}") from error


def _reason(errors: Sequence[str]) -> str:
    """Pick what went wrong out of nbgrader's log: the last line of a traceback, else the last message."""
    traces = [message for message in errors if message.startswith("Traceback")]
    return (traces or errors or [""])[-1].strip().splitlines()[-1]


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out the warnings of nbgrader 0.9.6, which builds rows outside a session; may go with nbgrader 0.10."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=SAWarning)
        yield


def gradebook(config: Config) -> Gradebook:
    """Open the course's gradebook; made where there is none."""
    directory = CourseDirectory(config=config)
    with tools_on_path():
        return Gradebook(directory.db_url, directory.course_id)


class _Errors(logging.Handler):
    """Keeps the messages of errors."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self.messages.append(record.getMessage())


@contextmanager
def _errors_of(log: Any) -> Iterator[list[str]]:
    """Collect a log's errors instead of printing them."""
    handler = _Errors()
    before, log.handlers = log.handlers, [handler]
    propagate, log.propagate = log.propagate, False
    try:
        yield handler.messages
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
