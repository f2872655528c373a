"""Which submissions one of nbgrader's converters is asked for, and which of these are due; as nbgrader decides it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nbgrader.converters.base import NbGraderException

from gradekit.errors import GradekitError
from gradekit.handin.stamp import TIMESTAMP, time_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbgrader.converters.base import BaseConverter


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


def matched(converter: BaseConverter) -> Iterator[tuple[str, str, str]]:
    """Yield the folder, the assignment and the student of everything that nbgrader's words match.

    Raises
    ------
    NbGraderException
        If nothing does.
    """
    converter.init_notebooks()
    pattern = converter._format_source("(?P<assignment_id>.*)", "(?P<student_id>.*)", escape=True)  # noqa: SLF001
    for folder in sorted(converter.assignments):
        match = re.match(pattern, folder)
        if match is None:
            raise NbGraderException(f"Could not match '{folder}' with regexp '{pattern}'")
        yield folder, match["assignment_id"], match["student_id"]


def is_due(converter: BaseConverter, folder: str, assignment: str, student: str, *, made: str = ".ipynb") -> bool:
    """Say whether one is to be made, as nbgrader's `init_destination` does, and remove nothing.

    Parameters
    ----------
    made : str
        How the names of the files end that are made of notebooks.
    """
    directory = converter.coursedir
    if student in directory.student_id_exclude.split(","):
        return False
    target = Path(converter._format_dest(assignment, student))  # noqa: SLF001
    notebooks = [Path(name).stem + made for name in converter.assignments[folder]]
    wanted = ["."] if directory.notebook_id == "*" else notebooks
    if converter.force or any(not (target / name).exists() for name in wanted):
        return True
    new, old = (time_of(path / TIMESTAMP) for path in (Path(folder), target))
    return new is not None and old is not None and new > old
