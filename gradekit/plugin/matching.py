"""What one of nbgrader's converters is asked for: whose work it is, which submissions match, and which are due."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nbgrader.converters.base import NbGraderException

from gradekit.course import notebook
from gradekit.errors import GradekitError, SourceError
from gradekit.handin.stamp import TIMESTAMP, time_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nbgrader.converters.base import BaseConverter

    from gradekit.course.course import Course


def is_ours(course: Course, assignment: str) -> bool:
    """Tell whether an assignment has hidden tests, or asks for some: all others are nbgrader's own work."""
    if course.hidden(assignment).is_dir():
        return True
    try:
        return notebook.calls_hidden_tests(notebook.cells(notebook.read(course.source(assignment))))
    except SourceError:
        return False


@contextmanager
def refused(converter: BaseConverter) -> Iterator[None]:
    """Let what is wrong on our side end a converter with one sentence, for which nbgrader's commands exit with 1.

    Raises
    ------
    NbGraderException
    """
    try:
        yield
    except GradekitError as error:
        converter.log.error("%s", error)  # noqa: TRY400  (one sentence, no traceback)
        raise NbGraderException(str(error)) from None


def matched(converter: BaseConverter) -> Iterator[tuple[str, str]]:
    """Yield folder and student of everything that nbgrader's words match.

    Raises
    ------
    NbGraderException
        If nothing does.
    """
    converter.init_notebooks()
    pattern = converter._format_source("(?P<assignment_id>.*)", "(?P<student_id>.*)", escape=True)  # noqa: SLF001
    for folder in sorted(converter.assignments):
        match = re.match(pattern, folder, re.DOTALL)  # one student's odd name is no reason to stop the class
        if match is None:
            raise NbGraderException(f"Could not match '{folder}' with regexp '{pattern}'")
        yield folder, match["student_id"]


def is_due(converter: BaseConverter, student: str, wanted: Iterable[str]) -> bool:
    """Say whether a submission's files are to be made, as nbgrader's `init_destination` does, and remove nothing.

    Parameters
    ----------
    wanted : iterable of str
        The names of the files; "." for the folder.
    """
    directory = converter.coursedir
    if student in directory.student_id_exclude.split(","):
        return False
    folder, target = (
        Path(place(directory.assignment_id, student))
        for place in (converter._format_source, converter._format_dest)  # noqa: SLF001
    )
    if converter.force or any(not (target / name).exists() for name in wanted):
        return True
    new, old = (time_of(path / TIMESTAMP) for path in (folder, target))
    return new is not None and old is not None and new > old
