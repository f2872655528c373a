"""The rule for late work in a whole grading: what the settings switch on is taken off by nbgrader's own step."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from gradekit.demo import DUE, Submission, hand_in
from gradekit.grade.classroom import due, grade_class
from gradekit.grade.judge import Grading
from gradekit.gradebook.settings import course_at
from gradekit.semester.due import set_due
from gradekit.semester.standing import standings

if TYPE_CHECKING:
    from gradekit.course.course import Course

RULE = """
c.AssignLatePenalties.plugin_class = "gradekit.plugin.late.LatePolicy"
c.LatePolicy.per_day = "20%"
c.LatePolicy.most = "50%"
c.LatePolicy.grace_minutes = 10
"""


def grade(course: Course) -> tuple[list[str], dict[str, tuple[float | None, float]]]:
    """Grade whoever is due; return who was, and everybody's score and penalty."""
    grading = Grading(course, "small")
    names, _ = due(grading)
    list(grade_class(grading, names))
    return names, {item.student: (item.score, item.penalty) for item in standings(course, "small")}


def test_late_work_costs_what_the_settings_say(released: Course) -> None:
    """Nothing while the rule is off; then a share a day; more time for one student takes it away again."""
    late = {"in_time": -1, "grace": 0.1, "a_day": 5, "a_week": 7 * 24}
    hand_in(
        released,
        "small",
        [Submission(name, {}, handed_in=DUE + dt.timedelta(hours=hours)) for name, hours in late.items()],
    )
    set_due(released, "small", DUE)
    names, found = grade(released)
    assert found == dict.fromkeys(names, (2.5, 0.0))
    config = released.root / "nbgrader_config.py"
    config.write_text(config.read_text() + RULE)
    course = course_at(released.root)
    again, found = grade(course)
    assert sorted(again) == sorted(late), "a changed rule grades everybody again"
    assert found == {"in_time": (2.5, 0.0), "grace": (2.5, 0.0), "a_day": (2.0, 0.5), "a_week": (1.25, 1.25)}
    set_due(course, "small", DUE + dt.timedelta(days=8), only=["a_week"])
    again, found = grade(course)
    assert (again, found["a_week"]) == (["a_week"], (2.5, 0.0))
