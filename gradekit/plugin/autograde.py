"""nbgrader's Autograde with this engine inside: `nbgrader autograde`, and formgrader's Autograde button.

The same words, folders, rows and exit codes; learners' code runs in the sandbox. Before the first submission is
touched our own side is looked at: a fault there is one sentence and nbgrader's exit code 1, and nobody's zero.
"""

from __future__ import annotations

import re
import traceback
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import nbgrader.apps.api
import nbgrader.apps.autogradeapp
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from sqlalchemy.exc import OperationalError

from gradekit.errors import GradekitError
from gradekit.grade.judge import Grading, open_setup, refuse_readable, refuse_too_large
from gradekit.grade.submission import grade
from gradekit.grade.unchanged import hashes
from gradekit.gradebook import convert
from gradekit.gradebook.assignment import check_released, open_assignment
from gradekit.gradebook.settings import course_of, read_limits, read_settings
from gradekit.handin.stamp import TIMESTAMP, time_of
from gradekit.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from traitlets.config import Config

    from gradekit.gradebook.assignment import ReleasedAssignment
    from gradekit.model import GradeReport


class EngineAutograde(Autograde):  # type: ignore[misc]
    """nbgrader's Autograde, with each submission graded by this engine: the same words, folders and exit codes."""

    def start(self) -> None:
        """Look at our side, start the template process, and grade every submission that matches and is due.

        Raises
        ------
        NbGraderException
            If a submission could not be graded or needs a person; the others have been.
        """
        grading = Grading(course_of(self.coursedir), self.coursedir.assignment_id)
        with ExitStack() as stack:
            try:
                config = read_settings(grading.course)
                config.merge(self.config)  # with the words of the command line
                self._check(grading, config)
                setup = stack.enter_context(open_setup(grading, read_limits(config)))
            except GradekitError as error:
                self.log.error("%s", error)  # noqa: TRY400  (one sentence, no traceback)
                raise NbGraderException(str(error)) from None
            ours = hashes(grading)
            self.grade_all(
                lambda book, name: grade(book, setup, name, hashes=ours, notebooks=self.coursedir.notebook_id)
            )

    def grade_all(self, grade_one: Callable[[ReleasedAssignment, str], GradeReport]) -> None:
        """Grade every submission that matches and is due.

        Raises
        ------
        NbGraderException
            If a submission could not be graded or needs a person; the others have been.
        """
        self.init_notebooks()
        with (
            convert.tools_on_path(),
            convert.quiet(),
            Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook,
        ):
            books: dict[str, ReleasedAssignment] = {}
            wrong = []
            for folder in sorted(self.assignments):
                assignment, student = self._names(folder)
                if not self._is_due(folder, assignment, student):
                    self.log.info("Skipping existing assignment: %s", self._format_dest(assignment, student))
                    continue
                if assignment not in books:
                    books[assignment] = self._open(gradebook, assignment)
                if not self._graded(grade_one, books[assignment], student):
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
        new, old = (time_of(path / TIMESTAMP) for path in (Path(folder), target))
        return new is not None and old is not None and new > old

    def _open(self, gradebook: Gradebook, assignment: str) -> ReleasedAssignment:
        traits = {name: getattr(self, name) for name in self.trait_names(config=True)}
        traits = {name: value for name, value in traits.items() if value is not None}  # nbgrader cannot set None
        try:
            return open_assignment(self.config, gradebook, assignment, directory=self.coursedir, traits=traits)
        except GradekitError as error:
            self.log.error("%s", error)  # noqa: TRY400  (one sentence, no traceback)
            raise NbGraderException(str(error)) from error

    def _graded(
        self, grade_one: Callable[[ReleasedAssignment, str], GradeReport], book: ReleasedAssignment, student: str
    ) -> bool:
        try:
            done = grade_one(book, student)
        except OperationalError:
            self.log.exception("The database cannot be used; after an upgrade of nbgrader: nbgrader db upgrade")
            raise NbGraderException("There was an error accessing the nbgrader database.") from None
        except Exception:  # noqa: BLE001  (nbgrader's meaning: one failing submission does not stop the class)
            self.log.error("%s could not be graded:\n%s", shown(student), traceback.format_exc())  # noqa: TRY400
            return False
        for note in done.notes:
            self.log.warning("%s: %s", shown(student), note.text)
        return not done.alarms

    def _check(self, grading: Grading, config: Config) -> None:
        if not grading.course.source_folder(grading.assignment).is_dir():
            grading.course.check_assignment(grading.assignment)
        check_released(grading.course, config, grading.assignment)
        refuse_readable(grading)
        refuse_too_large(grading, read_limits(config))


def install() -> None:
    """Put EngineAutograde in the place of nbgrader's Autograde: command line and formgrader's button."""
    nbgrader.apps.autogradeapp.Autograde = EngineAutograde
    nbgrader.apps.api.Autograde = EngineAutograde
