"""nbgrader's Generate Feedback with `gradekit feedback` inside: `nbgrader generate_feedback`, and formgrader's button.

For an assignment with hidden tests: our page from both. Any other assignment is nbgrader's own work.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

import nbgrader.apps.api
import nbgrader.apps.generatefeedbackapp
from nbgrader.converters import GenerateFeedback

from gradekit.feedback.write import students, write_feedback
from gradekit.gradebook.settings import course_of
from gradekit.plugin.matching import is_due, is_ours, refused
from gradekit.text import shown


class EngineGenerateFeedback(GenerateFeedback):  # type: ignore[misc]
    """nbgrader's GenerateFeedback, with our pages for an assignment that has hidden tests."""

    def start(self) -> None:
        """Write the page of every submission that matches and is due.

        Raises
        ------
        NbGraderException
            If a page cannot be written, or the gradebook knows no such submission.
        """
        course, assignment = course_of(self.coursedir), self.coursedir.assignment_id
        if not is_ours(course, assignment):
            super().start()
            return
        asked = self.coursedir.student_id
        with refused(self):
            everybody = students(course, assignment, only=() if any(sign in asked for sign in "*?[") else [asked])
            names = [name for name in everybody if name == asked or fnmatchcase(name, asked)]
            due = [name for name in names if is_due(self, name, [f"{assignment}.html"])]
            for name in sorted(set(names) - set(due)):
                self.log.info("Skipping existing assignment: %s", self._format_dest(assignment, name))
            for item in write_feedback(course, assignment, due):
                for note in item.notes:
                    self.log.warning("%s: %s", shown(item.student), shown(note, 300))
                self.log.info("Wrote %s", ", ".join(map(str, item.pages)))


def install() -> None:
    """Put this in the place of nbgrader's GenerateFeedback: command line and formgrader's button."""
    nbgrader.apps.generatefeedbackapp.GenerateFeedback = EngineGenerateFeedback
    nbgrader.apps.api.GenerateFeedback = EngineGenerateFeedback
