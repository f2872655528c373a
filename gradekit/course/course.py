"""Where things lie in a course: folders, settings, and how a course is found."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

from gradekit.errors import CourseError

CONFIG = "nbgrader_config.py"
BUNDLE = ".gradekit-course"  # where an otter zip puts its copy of the course: in the folder of the submission


@dataclass(frozen=True)
class Course:
    """A course is a folder; every path in it follows from its root and an assignment's name."""

    root: Path

    def assignments(self) -> tuple[str, ...]:
        """Return the names of the assignments under ``source/``, sorted."""
        folder = self.root / "source"
        if not folder.is_dir():
            return ()
        return tuple(sorted(path.name for path in folder.iterdir() if (path / f"{path.name}.ipynb").is_file()))

    def check_assignment(self, assignment: str) -> None:
        """Refuse a name that is no assignment of this course.

        Raises
        ------
        CourseError
            With the nearest name, or all names.
        """
        known = self.assignments()
        if assignment in known:
            return
        near = difflib.get_close_matches(assignment, known, n=1)
        if near:
            advice = f"Did you mean '{near[0]}'?"
        elif known:
            advice = f"This course has: {', '.join(known)}."
        else:
            advice = "Its folder source/ has no assignment yet: put one at source/<name>/<name>.ipynb."
        raise CourseError(f"There is no assignment '{assignment}' in {self.root}.", help=advice)

    def source_folder(self, assignment: str) -> Path:
        """Return the folder of the instructor's notebook and its data."""
        return self.root / "source" / assignment

    def source(self, assignment: str) -> Path:
        """Return the instructor's notebook."""
        return self.source_folder(assignment) / f"{assignment}.ipynb"

    def hidden(self, assignment: str) -> Path:
        """Return the folder of the hidden tests."""
        return self.root / "tests" / "hidden" / assignment


def open_course(folder: Path) -> Course:
    """Open the course that an instructor names on the command line.

    Raises
    ------
    CourseError
        If the folder is missing or is no course.
    """
    root = folder.resolve()
    if not root.is_dir():
        raise CourseError(f"There is no folder {root}.", help="Name the course's folder with --course-dir.")
    if not (root / CONFIG).is_file():
        raise CourseError(
            f"{root} is no course: it has no {CONFIG}.",
            help="Run this in the course's folder, or name it with --course-dir.",
        )
    return Course(root)


def find_course(start: Path) -> Course:
    """Find the course around a notebook that is being graded in its own process.

    ``GRADEKIT_COURSE`` where it is set, else the nearest parent folder with ``tests/hidden``, else the copy in an otter
    zip.

    Raises
    ------
    CourseError
        If there is neither.
    """
    named = os.environ.get("GRADEKIT_COURSE")
    candidates = [Path(named)] if named else [start, *start.parents, start / BUNDLE]
    for folder in candidates:
        if (folder / "tests" / "hidden").is_dir():
            return Course(folder.resolve())
    raise CourseError(
        f"No course around {start}: no folder above it holds tests/hidden.",
        help="Run the grader inside the course, or set GRADEKIT_COURSE to the course's folder.",
    )
