"""Gradescope's dates and the course's rule for late work: what is read of them, and what is said where they are odd."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradekit.course.course import Course
from gradekit.export.gradescope_late import METADATA, Dates, counted, enter, read_dates
from gradekit.gradebook.assignment import open_gradebook
from gradekit.gradebook.settings import copy_settings, course_at, late_rule, read_settings

RULE = 'c.AssignLatePenalties.plugin_class = "gradekit.plugin.late.LatePolicy"\nc.LatePolicy.per_day = "20%"\n'
DUE = "2025-12-01T23:59:00.000000-08:00"
LATER = "2025-12-03T23:59:00.000000-08:00"
HANDED_IN = "2025-12-02T08:00:00.123456-08:00"


def said(**more: Any) -> dict[str, Any]:
    """Return what Gradescope says of a submission, with some of it replaced."""
    return {"created_at": HANDED_IN, "assignment": {"due_date": DUE}, "users": [{"id": 1}], **more}


@pytest.fixture
def strict(small: Course) -> Course:
    """Return a course with a rule for late work."""
    with (small.root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write(RULE)
    return course_at(small.root)


def dates_of(course: Course, folder: Path, found: object) -> Dates:
    """Write Gradescope's file and read its dates."""
    (folder / METADATA).write_text(found if isinstance(found, str) else json.dumps(found), encoding="utf-8")
    return read_dates(course, folder / METADATA)


@pytest.mark.parametrize(
    ("found", "due"),
    [
        (said(), DUE),
        (said(users=[{"id": 1, "assignment": {"due_date": LATER}}]), LATER),
        (said(users=[{"assignment": {"due_date": LATER}}, {"assignment": {"due_date": DUE}}]), LATER),
        (said(users=[{"assignment": {"due_date": "2025-11-30T00:00:00-08:00"}}, {"id": 2}]), DUE),
        (said(users=[]), DUE),
        (said(users=[{"assignment": {}}]), DUE),
    ],
)
def test_until_when(strict: Course, tmp_path: Path, found: dict[str, Any], due: str) -> None:
    """A student's own date counts more than everybody's; of a group's dates the last."""
    dates = dates_of(strict, tmp_path, found)
    assert (dates.problem, dates.due and dates.due.isoformat()) == ("", _utc(due))
    assert dates.handed_in is not None
    assert dates.handed_in.isoformat() == "2025-12-02T16:00:00.123456+00:00"


def _utc(written: str) -> str:
    return dt.datetime.fromisoformat(written).astimezone(dt.UTC).isoformat()


@pytest.mark.parametrize(
    "found",
    [
        "",
        "{",
        "[]",
        "null",
        {},
        said(created_at=None),
        said(created_at=12),
        said(created_at="yesterday"),
        said(created_at="2025-12-02T08:00:00"),
        said(created_at="0001-01-01T00:00:00+23:59"),
        said(assignment=None),
        said(assignment={}),
        said(assignment={"due_date": None}),
        said(assignment={"due_date": ["2025"]}),
        said(users=None),
        said(users=[None]),
        said(users=[{"assignment": {"due_date": None}}]),
        said(users=[{"assignment": "x"}]),
        "[" * 100_000,
    ],
)
def test_odd_dates_cost_nothing_and_are_said_to_staff(strict: Course, tmp_path: Path, found: object) -> None:
    """Missing, malformed, without an offset, or no due date at all: one line for staff, none for the student."""
    dates = dates_of(strict, tmp_path, found)
    assert (dates.handed_in, dates.due) == (None, None)
    assert METADATA in dates.problem
    before = {"score": 1.0, "output": "", "tests": [{"name": "double"}, {"name": "For staff", "output": "- so"}]}
    after = counted(before, dates, strict, "small", "ann")
    assert (after["score"], after["output"], after["tests"][0]) == (1.0, "", {"name": "double"})
    assert "no penalty for lateness" in after["tests"][1]["output"]


@pytest.mark.parametrize(
    ("hours", "penalty", "expected"),
    [
        (-1, None, (1.25, "")),
        (1, None, (1.25, "Handed in 1 hour after the due date: nothing is taken off; 1.25 counts.")),
        (30, 0.5, (0.75, "Handed in 1 day after the due date: 0.5 points are taken off; 0.75 counts.")),
        (30, 1.0, (0.25, "Handed in 1 day after the due date: 1 point is taken off; 0.25 counts.")),
        (30, 2.0, (0.0, "Handed in 1 day after the due date: 2 points are taken off; 0 counts.")),
    ],
)
def test_what_the_student_reads(
    released: Course, enrol: Callable[..., None], hours: float, penalty: float | None, expected: tuple[float, str]
) -> None:
    """How late, what is taken off and what counts, never below 0; in time and in grace nothing is lost."""
    score, said = expected
    due = dt.datetime(2025, 12, 1, 12, tzinfo=dt.UTC)
    handed_in = due + dt.timedelta(hours=hours)
    enrol(released, "small", "ann", {}, timestamp=handed_in.replace(tzinfo=None), penalty=penalty)
    dates = Dates("late.Rule", handed_in, due)
    with open_gradebook(read_settings(released)) as gradebook:
        gradebook.update_or_create_assignment("small", duedate=due.replace(tzinfo=None))
    before = {"score": 1.25, "output": "Before\\.", "tests": [{"name": "For staff", "output": "- so"}]}
    after = counted(before, dates, released, "small", "ann")
    assert after["score"] == score
    assert after["output"].replace("\\", "") == ("Before.\n\n" + said if said else "Before.")
    assert ("late.Rule takes" in after["tests"][0]["output"].replace("\\", "")) == (hours > 0)


def test_without_a_rule_nothing_is_read(small: Course, tmp_path: Path) -> None:
    """Where the course has no rule a damaged file is nobody's concern."""
    assert dates_of(small, tmp_path, "{") == Dates()
    before = {"score": 1.0, "output": "", "tests": []}
    assert counted(before, Dates(), small, "small", "ann") is before


@pytest.mark.parametrize("what", ["a file", "a folder", "a link"])
def test_a_students_own_time_stamp_goes(small: Course, what: str) -> None:
    """When something was handed in says Gradescope: a file of the student's of that name would say what it likes."""
    stamp = small.folder("submitted", "small", "ann") / "timestamp.txt"
    stamp.parent.mkdir(parents=True)
    if what == "a file":
        stamp.write_text("1999-01-01 00:00:00 UTC")
    elif what == "a folder":
        (stamp / "inner").mkdir(parents=True)
    else:
        stamp.symlink_to(small.root / "nowhere")
    enter(Dates(), small, "small", "ann")
    assert not stamp.exists()
    assert not stamp.is_symlink()


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        ("", ""),
        (RULE, "gradekit.plugin.late.LatePolicy"),
        (RULE + "c.AssignLatePenalties.enabled = False\n", ""),
        ('c.LateSubmissionPlugin.penalty_method = "zero"\n', "LateSubmissionPlugin"),
        (
            "from gradekit.plugin.late import LatePolicy\nc.AssignLatePenalties.plugin_class = LatePolicy\n",
            "gradekit.plugin.late.LatePolicy",
        ),
    ],
)
def test_a_rule_travels_with_the_settings(small: Course, tmp_path: Path, lines: str, rule: str) -> None:
    """A copy of the course has the rule by its name, wherever it was set."""
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "nbgrader_config.py").write_text("c = get_config()\n" + lines, encoding="utf-8")
    course = Course(small.root, beside=tmp_path / "beside")
    (tmp_path / "copy").mkdir()
    assert late_rule(read_settings(course)) == rule
    assert late_rule(read_settings(copy_settings(course, tmp_path / "copy"))) == rule
