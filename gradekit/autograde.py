"""nbgrader's own Autograde, with gradekit's checks before the first submission is touched.

Plain ``nbgrader autograde`` runs the hidden tests in the learner's process: convenient, **not secure**. Whatever is
wrong on our side would there be a cell that fails, which nbgrader scores 0; so it is found beforehand.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import nbgrader.apps.api
import nbgrader.apps.autogradeapp
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde

from gradekit import notebook
from gradekit.course import Course
from gradekit.errors import CourseError, GradekitError
from gradekit.hidden import load_assignment

if TYPE_CHECKING:
    from nbgrader.coursedir import CourseDirectory

SQLITE = "sqlite:///"


class CheckedAutograde(Autograde):  # type: ignore[misc]  # nbgrader is untyped
    """nbgrader's Autograde; refuses with one sentence and exit code 2 what would lose a whole class its points."""

    def start(self) -> None:
        """Check our side, then grade."""
        course = Course(Path(self.coursedir.root).resolve())
        assignment = self.coursedir.assignment_id
        try:
            if not course.source_folder(assignment).is_dir():
                course.check_assignment(assignment)
            check_released(self.coursedir, assignment)
            source = course.source(assignment)  # a course of other making may have notebooks of other names
            if source.exists() and notebook.calls_hidden_tests(notebook.cells(notebook.read(source))):
                load_assignment(course, assignment)
        except GradekitError as error:
            self.log.error("%s", error)  # noqa: TRY400  (one sentence, no traceback)
            raise SystemExit(error.exit_code) from None
        super().start()


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
    """Put CheckedAutograde in the place of nbgrader's Autograde: command line and formgrader's button."""
    nbgrader.apps.autogradeapp.Autograde = CheckedAutograde
    nbgrader.apps.api.Autograde = CheckedAutograde
