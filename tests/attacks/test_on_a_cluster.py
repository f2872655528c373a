"""The attacks that harm others, judged by Dask's workers: same scores, same states, same peace as on one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .conftest import BYSTANDERS, CASES, POINTS
from .test_attacks import agrees
from .test_plugin import judged

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.slow
def test_as_on_one_machine(graded: Callable[[str], Any]) -> None:
    """Each case has what it says and what one machine gives; nobody pays, nothing arrives, nothing is left behind."""
    run, beside = graded("cluster"), graded("beside")
    judges = run.terminal.partition("judged by ")[2].partition("\n")[0]  # whoever judged most comes first
    assert "0 on " in judges
    assert "1 on " in judges
    assert "Traceback" not in run.terminal
    for case in run.cases:
        student = CASES[case].student
        report = run.report(student)
        agrees(CASES[case], report)
        assert run.rows(student) == beside.rows(student), case
        assert judged(report) == judged(beside.report(student)), case
        assert report["line"] == "loopback"
    for name in BYSTANDERS:
        assert run.rows(name) == {exercise: (points, False) for exercise, points in POINTS.items()}
    assert run.arrived == []
    assert run.after == run.before
    assert run.code == 1
