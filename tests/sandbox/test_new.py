"""A new exercise, before anything is written into it: proved and graded in the sandbox, as one that is finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradekit import demo
from gradekit.errors import CourseError
from gradekit.gradebook.settings import course_at
from gradekit.new.assignment import new_assignment
from gradekit.new.course import init
from gradekit.new.exercise import new_exercise
from gradekit.verify.prove import verify

if TYPE_CHECKING:
    from pathlib import Path

    from gradekit.course.course import Course


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course of one's own with a new assignment."""
    made = init(tmp_path / "course", assignments="none").course
    new_assignment(made, "linreg")
    return course_at(made.root)


def test_a_new_exercise_proves_itself(course: Course) -> None:
    """`gradekit verify` finds no problem and no lack in an exercise as `gradekit new exercise` writes it."""
    new_exercise(course, "linreg", "slope", points=2)
    proof = verify(course, "linreg", jobs=1)
    assert [finding.problem for finding in proof.problems] == []
    assert list(proof.lacks) == []
    assert proof.exit_code == 0
    assert len(proof.findings) > 30


def test_a_course_with_one_exercise_can_be_shown(course: Course, tmp_path: Path) -> None:
    """The synthetic class hands in where there is one exercise; where there is none, that is said."""
    with pytest.raises(CourseError, match="gradekit new exercise linreg"):
        demo.synthetic_class(course, "linreg")
    new_exercise(course, "linreg", "slope", points=2)
    shown = demo.make_course(course, "linreg", tmp_path / "demo")
    submissions = demo.synthetic_class(shown, "linreg")[:2]
    demo.hand_in(shown, "linreg", submissions)
    list(demo.grade_class(shown, "linreg"))
    totals = {row.student: row.total for row in demo.results(shown, "linreg", submissions).rows}
    assert totals == {"perfect": 2.0, "blank": 0.0}
