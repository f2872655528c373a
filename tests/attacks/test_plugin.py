"""The same attacks under `nbgrader autograde` and formgrader's Autograde button: same scores, same states, same peace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .conftest import BYSTANDERS, CLASSES, POINTS
from .test_attacks import agrees

if TYPE_CHECKING:
    from collections.abc import Callable

from .conftest import CASES


@pytest.fixture(
    params=["nbgrader_quick", *(pytest.param(name, marks=pytest.mark.slow) for name in ("nbgrader", "formgrader"))]
)
def plugin(request: pytest.FixtureRequest, graded: Callable[[str], Any]) -> tuple[str, Any]:
    """A class that nbgrader has graded, with gradekit installed; and its name."""
    return request.param, graded(request.param)


def test_each_is_judged_as_expected(plugin: tuple[str, Any]) -> None:
    """Every case has the scores, verdicts and reasons that it says."""
    _, run = plugin
    assert set(run.cases) == set(CLASSES[plugin[0]].sample)
    for name in run.cases:
        agrees(CASES[name], run.report(CASES[name].student))


def test_nobody_pays_for_somebody_else(plugin: tuple[str, Any]) -> None:
    """Bystanders have full marks, nothing arrived or was left behind, and the instructor's files are as they were."""
    _, run = plugin
    for name in BYSTANDERS:
        assert run.rows(name) == {exercise: (points, False) for exercise, points in POINTS.items()}
    assert run.arrived == []
    assert run.after == run.before


def test_what_is_said_is_plain(plugin: tuple[str, Any]) -> None:
    """The command's exit code says that a person must look, the button shows no error; nothing is a traceback."""
    name, run = plugin
    undecided = any(score is None for case in run.cases for score, _ in run.rows(CASES[case].student).values())
    assert undecided
    assert run.code == (0 if CLASSES[name].by == "formgrader" else 1), run.terminal[-3000:]
    assert "Traceback" not in run.terminal
    assert run.token not in run.terminal
    assert "broken_json was graded and recorded. A person must look at double, quadruple." in run.terminal


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nbgrader", "formgrader"])
def test_scores_and_states_are_those_of_our_command(name: str, graded: Callable[[str], Any]) -> None:
    """Report and gradebook hold what `gradekit grade` gives the same hand-ins, verdict by verdict."""
    run, beside = graded(name), graded("beside")
    for case in run.cases:
        student = CASES[case].student
        assert run.rows(student) == beside.rows(student), case
        assert judged(run.report(student)) == judged(beside.report(student)), case


def judged(report: dict[str, Any]) -> dict[str, Any]:
    """Return what a report says of its exercises, and what needs a person."""
    return {
        "exercises": [
            [found["score"], found["follow_through"], *(test["verdict"] for test in found["tests"])]
            for found in report["exercises"]
        ],
        "urgent": [note["text"] for note in report["notes"] if note["urgent"]],
    }
