"""A question for a human grader beside exercises with hidden tests: the whole trip, to feedback with both scores."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbgrader.converters import GenerateFeedback

from gradekit.course.course import Course
from gradekit.demo import Submission, hand_in
from gradekit.grade.classroom import due, grade_class
from gradekit.grade.judge import Grading
from gradekit.gradebook import convert
from gradekit.gradebook.settings import read_settings

NAME, QUESTION = "next_token", "floor-question"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def course(course_of: Callable[[str, Path], Course], tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course in which one student solved all and answered, one handed in the released notebook, both graded."""
    made = course_of(NAME, tmp_path_factory.mktemp("course") / "c")
    released = made.root / "release" / NAME / f"{NAME}.ipynb"
    blank = {cell["id"]: "".join(cell["source"]) for cell in json.loads(released.read_text())["cells"]}
    hand_in(made, NAME, [Submission("solved", {}), Submission("blank", blank)])
    path = made.root / "submitted" / "solved" / NAME / f"{NAME}.ipynb"
    node = json.loads(path.read_text())
    (cell,) = [cell for cell in node["cells"] if cell["id"] == QUESTION]
    assert "".join(cell["source"]) == "YOUR ANSWER HERE"
    cell["source"] = "Because n is drawn by lot."
    path.write_text(json.dumps(node))
    grading = Grading(made, NAME)
    for graded in grade_class(grading, due(grading)[0]):
        assert not graded.failure
    return made


def grades(course: Course, student: str) -> tuple[Any, dict[str, Any]]:
    """Return a submission's sums and its grades by cell."""
    with convert.gradebook(read_settings(course)) as gradebook:
        found = gradebook.find_submission(NAME, student)
        cells = {grade.name: (grade.auto_score, grade.needs_manual_grade) for grade in found.notebooks[0].grades}
        return (found.score, found.max_score, found.needs_manual_grade), cells


def test_blank(course: Course) -> None:
    """As released, the notebook earns 0; an unanswered question is decided by nbgrader, and nobody need look."""
    sums, cells = grades(course, "blank")
    assert sums == (0, 11, False)
    assert {score for score, _ in cells.values()} == {0}


def test_solved_and_answered(course: Course) -> None:
    """The exercises earn 10 of 11 points; the question waits for a person, whose words reach the feedback."""
    sums, cells = grades(course, "solved")
    assert sums == (10, 11, True)
    assert cells[QUESTION] == (None, True)
    with convert.gradebook(read_settings(course)) as gradebook:
        notebook = gradebook.find_submission(NAME, "solved").notebooks[0]
        (grade,) = [grade for grade in notebook.grades if grade.name == QUESTION]
        (comment,) = [comment for comment in notebook.comments if comment.name == QUESTION]
        grade.manual_score, grade.needs_manual_grade = 0.75, False
        comment.manual_comment = "Well seen; say also where it is paid."
        gradebook.db.commit()
    assert grades(course, "solved")[0] == (10.75, 11, False)
    config = read_settings(course)
    config.GenerateFeedback.force = True
    convert.run(GenerateFeedback, config, NAME)
    page = (course.root / "feedback" / "solved" / NAME / f"{NAME}.html").read_text(encoding="utf-8")
    assert "Well seen; say also where it is paid." in page
    assert "10.75 / 11.0" in page
    assert "one_hot: 0.5 of 0.5 points" in page
