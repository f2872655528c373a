"""nbgrader's converters, run in a course; what stops them becomes one sentence."""

from __future__ import annotations

import io
import logging
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, PyFileConfigLoader

from gradekit.course import CONFIG
from gradekit.errors import CourseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbgrader.converters.base import BaseConverter

    from gradekit.course import Course


def settings(course: Course, **folders: str) -> Config:
    """Read the course's ``nbgrader_config.py``; `folders` are traits of CourseDirectory to set on top.

    Raises
    ------
    CourseError
        If the file cannot be run.
    """
    try:
        config: Config = PyFileConfigLoader(CONFIG, path=str(course.root)).load_config()
    except Exception as error:
        raise CourseError(f"{course.root / CONFIG} cannot be run: {error!r}.") from error
    config.CourseDirectory.root = str(course.root)
    for name, value in folders.items():
        setattr(config.CourseDirectory, name, value)
    return config


def run(kind: type[BaseConverter], config: Config, assignment: str, *, student: str = "*") -> str:
    """Run one of nbgrader's converters, over what is there already, and return its log.

    Raises
    ------
    CourseError
        If nbgrader fails, with the errors that it logged.
    """
    directory = CourseDirectory(config=config, assignment_id=assignment, student_id=student)
    converter = kind(coursedir=directory, config=config)
    converter.force = True
    with tools_on_path(), _log_of(converter) as log:
        try:
            converter.start()
        except Exception as error:
            said = [line.removeprefix("ERROR ") for line in log.getvalue().splitlines() if line.startswith("ERROR ")]
            reason = said[-1] if said else f"{error!r}"
            raise CourseError(f"nbgrader's {kind.__name__} of '{assignment}' failed: {reason}") from error
    return log.getvalue()


def gradebook(config: Config) -> Gradebook:
    """Open the course's gradebook; made where there is none."""
    directory = CourseDirectory(config=config)
    with tools_on_path():
        return Gradebook(directory.db_url, directory.course_id)


@contextmanager
def _log_of(converter: BaseConverter) -> Iterator[io.StringIO]:
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    log: Any = converter.log
    propagate, log.propagate = log.propagate, False
    log.addHandler(handler)
    before = [(other, other.level) for other in log.handlers if other is not handler]
    for other, _ in before:
        other.setLevel(logging.CRITICAL + 1)
    try:
        yield text
    finally:
        log.removeHandler(handler)
        log.propagate = propagate
        for other, level in before:
            other.setLevel(level)


@contextmanager
def tools_on_path() -> Iterator[None]:
    """Put this interpreter's scripts on PATH: a new gradebook calls `alembic` by name."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before
