"""nbgrader's Autograde with this engine inside: `nbgrader autograde`, and formgrader's Autograde button.

The same words, folders, rows and exit codes; learners' code runs in the sandbox, and is judged in a process apart.
Before the first submission is touched our own side is looked at: a fault there is one sentence and nbgrader's exit
code 1, and nobody's zero.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import nbgrader.apps.api
import nbgrader.apps.autogradeapp
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from sqlalchemy.exc import OperationalError

from gradekit.grade.apart import Order, grade_each, open_judges
from gradekit.grade.classroom import Graded, source_differs
from gradekit.grade.inline import said_of_class
from gradekit.grade.judge import Grading, refuse_readable, refuse_too_large
from gradekit.grade.solution import lost_by_solution
from gradekit.grade.unchanged import hashes
from gradekit.gradebook import convert
from gradekit.gradebook.assignment import check_released, open_assignment
from gradekit.gradebook.settings import course_of, read_figures, read_limits, read_settings
from gradekit.plugin.matching import is_due, matched, refused
from gradekit.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from traitlets.config import Config

    from gradekit.gradebook.assignment import ReleasedAssignment
    from gradekit.model import GradeReport

    Outcomes = Iterator[tuple[str, GradeReport | str]]
    GradeSome = Callable[[ReleasedAssignment, Sequence[str]], Outcomes]

DATABASE = "There was an error accessing the nbgrader database; after an upgrade of nbgrader: nbgrader db upgrade"


class EngineAutograde(Autograde):  # type: ignore[misc]
    """nbgrader's Autograde, with each submission graded by this engine: the same words, folders and exit codes."""

    asks_by_failing = True  # whether a submission that needs a person ends the command with an error

    def start(self) -> None:
        """Look at our side, and grade every submission that matches and is due.

        Raises
        ------
        NbGraderException
            If a submission could not be graded, or needs a person where that is an error; the others have been.
        """
        grading = Grading(course_of(self.coursedir), self.coursedir.assignment_id)
        with refused(self):
            config = read_settings(grading.course)
            config.merge(self.config)  # with the words of the command line
            self._check(grading, config)
        limits = read_limits(config)
        order = Order(hashes(grading, limits.allow), self.coursedir.notebook_id, read_figures(config))

        def judged(book: ReleasedAssignment, names: Sequence[str]) -> Outcomes:
            """Judge in one process apart; say first what would cost a whole class, which is no fault of the command."""
            if stale := source_differs(book):
                self.log.warning("%s", stale)
            with open_judges(grading, limits, jobs=1) as judges:
                for line in lost_by_solution(grading, judges, limits):
                    self.log.warning("%s", line)
                yield from grade_each(book, judges, names, order)

        self.grade_all(judged)

    def grade_all(self, grade_some: GradeSome) -> None:
        """Grade every submission that matches and is due.

        Raises
        ------
        NbGraderException
            If a submission could not be graded, or needs a person where that is an error; the others have been.
        """
        names = self._due()
        with (
            convert.tools_on_path(),
            convert.quiet(),
            Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook,
            refused(self),
        ):
            found = [self._said(item) for item in self._graded(gradebook, names, grade_some)] if names else []
        self._finish(found)

    def _due(self) -> list[str]:
        due = []
        for folder, student in matched(self):
            one = self.coursedir.notebook_id != "*"
            if is_due(self, student, [Path(name).name for name in self.assignments[folder]] if one else ["."]):
                due.append(student)
            else:
                target = self._format_dest(self.coursedir.assignment_id, student)
                self.log.info("Skipping existing assignment: %s", target)
        return due

    def _graded(self, gradebook: Gradebook, names: Sequence[str], grade_some: GradeSome) -> Iterable[Graded]:
        traits = {name: getattr(self, name) for name in self.trait_names(config=True)}
        traits = {name: value for name, value in traits.items() if value is not None}  # nbgrader cannot set None
        name = self.coursedir.assignment_id
        try:
            book = open_assignment(self.config, gradebook, name, directory=self.coursedir, traits=traits)
        except OperationalError:
            self.log.exception(DATABASE)
            raise NbGraderException(DATABASE) from None
        for student, outcome in grade_some(book, names):
            if isinstance(outcome, str):
                yield Graded(student, None, failure=outcome)
            else:
                yield Graded(student, outcome)

    def _said(self, item: Graded) -> Graded:
        """Say of a submission what a person must know."""
        name = shown(item.student)
        if item.report is None:
            self.log.error("%s could not be graded, and nothing was recorded:\n%s", name, shown(item.failure, 2000))
            return item
        for note in item.report.notes:
            self.log.warning("%s: %s", name, shown(note.text, 300))
        if not item.settled:
            what = ", ".join(shown(one, 300) for one in item.asks)
            self.log.warning("%s was graded and recorded. A person must look at %s. %s", name, what, WHAT_TO_DO)
        return item

    def _finish(self, found: Sequence[Graded]) -> None:
        for line in said_of_class([item.report for item in found if item.report]):
            self.log.info("%s", line)
        lost = [item.student for item in found if item.report is None]
        open_ = [item.student for item in found if item.report is not None and not item.settled]
        for student in (*lost, *(open_ if self.asks_by_failing else ())):
            self.log.error(
                "Please look at assignment '%s' for student '%s'", self.coursedir.assignment_id, shown(student)
            )
        if lost or (open_ and self.asks_by_failing):
            said = [f"{len(lost)} submissions could not be graded"] if lost else []
            said += [f"{len(open_)} submissions need a person"] if open_ else []
            raise NbGraderException(", ".join(said))

    def _check(self, grading: Grading, config: Config) -> None:
        if not grading.course.source_folder(grading.assignment).is_dir():
            grading.course.check_assignment(grading.assignment)
        check_released(grading.course, config, grading.assignment)
        refuse_readable(grading)
        refuse_too_large(grading, read_limits(config))
        read_figures(config)


WHAT_TO_DO = "Give a score under Manual Grading in formgrader, or mend the cause and grade again."


class ButtonAutograde(EngineAutograde):
    """The same for formgrader's button, which shows an exception as a fault: that a person must look is none."""

    asks_by_failing = False


def install() -> None:
    """Put this in the place of nbgrader's Autograde: command line and formgrader's button."""
    nbgrader.apps.autogradeapp.Autograde = EngineAutograde
    nbgrader.apps.api.Autograde = ButtonAutograde
