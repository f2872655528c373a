"""nbgrader's Autograde with this engine inside: `nbgrader autograde`, and formgrader's Autograde button.

The same words, folders, rows and exit codes; learners' code runs in the sandbox. Before the first submission is
touched our own side is looked at: a fault there is one sentence and nbgrader's exit code 1, and nobody's zero.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import nbgrader.apps.api
import nbgrader.apps.autogradeapp
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters.base import NbGraderException
from traitlets import Any as AnyTrait

from gradekit import converters
from gradekit.classroom import Desk, Order, begin_desk, refuse_readable
from gradekit.course import Course
from gradekit.errors import CourseError, GradekitError
from gradekit.gradebook import Recorded, StagedAutograde

if TYPE_CHECKING:
    from nbgrader.coursedir import CourseDirectory

    from gradekit.gradebook import Book

SQLITE = "sqlite:///"


class EngineAutograde(StagedAutograde):
    """nbgrader's Autograde; each submission is graded at a desk of ours."""

    _open_things = AnyTrait(None)

    def start(self) -> None:
        """Look at our side, start the template process, grade, end it."""
        order = Order(Course(Path(self.coursedir.root).resolve()), self.coursedir.assignment_id)
        with ExitStack() as stack:
            try:
                self._check(order)
                settings = converters.settings(order.course)
                settings.merge(self.config)  # with the words of the command line
                self._open_things = begin_desk(order, stack, settings)
            except GradekitError as error:
                self.log.error("%s", error)  # noqa: TRY400  (one sentence, no traceback)
                raise NbGraderException(str(error)) from None
            super().start()

    def _check(self, order: Order) -> None:
        if not order.course.source_folder(order.assignment).is_dir():
            order.course.check_assignment(order.assignment)
        check_released(self.coursedir, order.assignment)
        refuse_readable(order)

    def record(self, book: Book, student: str) -> Recorded:
        """Grade one submission in the sandbox, and write its report."""
        desk: Desk = self._open_things(book)
        return desk.grade(student, notebooks=self.coursedir.notebook_id)[1]


def check_released(coursedir: CourseDirectory, assignment: str) -> None:
    """Refuse an assignment that the gradebook does not know, and create no gradebook while asking.

    Raises
    ------
    CourseError
    """
    advice = f"Release it first: gradekit release {assignment}"
    url = coursedir.db_url
    if url.startswith(SQLITE) and not Path(url.removeprefix(SQLITE)).exists():
        raise CourseError(f"There is no gradebook {url.removeprefix(SQLITE)} yet.", help=advice)
    with Gradebook(url, coursedir.course_id) as gradebook:
        try:
            gradebook.find_assignment(assignment)
        except MissingEntry:
            raise CourseError(f"The gradebook does not know the assignment '{assignment}'.", help=advice) from None


def install() -> None:
    """Put EngineAutograde in the place of nbgrader's Autograde: command line and formgrader's button."""
    nbgrader.apps.autogradeapp.Autograde = EngineAutograde
    nbgrader.apps.api.Autograde = EngineAutograde
