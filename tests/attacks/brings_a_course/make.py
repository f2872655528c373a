"""Changes what is handed in."""

import shutil
from pathlib import Path

import pytest

from gradekit.course.course import find_course
from gradekit.errors import CourseError
from gradekit.gradebook.settings import course_at, open_course

TESTS = """
from gradekit.hidden import exercise


@exercise("double").test()
def anything(student, reference, expect):
    '''Anything goes.'''


@exercise("quadruple").test()
def anything_else(student, reference, expect):
    '''Anything goes.'''
"""


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """A course that looks like the instructor's lies in the submission."""
    for name in ("source/small/small.ipynb", "tests/hidden/small/tests.py", "nbgrader_config.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / "small.ipynb", folder / "source" / "small" / "small.ipynb")
    (folder / "tests" / "hidden" / "small" / "tests.py").write_text(TESTS, encoding="utf-8")
    (folder / "nbgrader_config.py").write_text("raise SystemExit('BREACH')", encoding="utf-8")
    (folder / "gradebook.db").write_bytes(b"")


def check(course: Path, submission: Path, outside: dict) -> None:
    """No command takes it for a course, and in the learner's process the instructor's is found."""
    for opened in (course_at, open_course):
        with pytest.raises(CourseError, match="students' files are brought"):
            opened(submission)
    assert find_course(submission).root == course.resolve()
    assert find_course(course / "autograded" / "brings_a_course" / "small").root == course.resolve()
