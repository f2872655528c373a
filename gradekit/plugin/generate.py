"""nbgrader's Generate with `gradekit release` inside: `nbgrader generate_assignment`, and formgrader's button.

For an assignment with hidden tests: the same checks and the same files as from the command, so nobody is graded again
because another button was pressed. Any other assignment is nbgrader's own work.
"""

from __future__ import annotations

from pathlib import Path

import nbgrader.apps.api
import nbgrader.apps.generateassignmentapp
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException

from gradekit.gradebook.settings import course_of
from gradekit.plugin.matching import is_ours, refused
from gradekit.release.make import release

NO_DATABASE = "'%s' has hidden tests, and grading it needs the gradebook: leave --no-db out"


class EngineGenerateAssignment(GenerateAssignment):  # type: ignore[misc]
    """nbgrader's GenerateAssignment, with an assignment that has hidden tests released as `gradekit release` does."""

    def start(self) -> None:
        """Make the student version, and the worked solutions of an assignment of ours.

        Raises
        ------
        NbGraderException
            If anything is refused; nothing has been written then.
        """
        course, assignment = course_of(self.coursedir), self.coursedir.assignment_id
        if not is_ours(course, assignment):
            super().start()
            return
        if self.no_database:
            self.log.error(NO_DATABASE, assignment)
            raise NbGraderException(NO_DATABASE % assignment)
        target = Path(self._format_dest(assignment, "."))
        if target.exists() and not self.force:
            self.log.info("Skipping existing assignment: %s", target)
            return
        with refused(self):
            for folder in release(course, assignment):
                self.log.info("Wrote %s", folder)


def install() -> None:
    """Put this in the place of nbgrader's GenerateAssignment: command line and formgrader's button."""
    nbgrader.apps.generateassignmentapp.GenerateAssignment = EngineGenerateAssignment
    nbgrader.apps.api.GenerateAssignment = EngineGenerateAssignment
