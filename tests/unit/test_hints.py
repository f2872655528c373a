"""Advice: one for what went wrong first, none where nothing did."""

from __future__ import annotations

import pytest

from gradekit.feedback import advice
from gradekit.model import TestResult, Verdict


def result(verdict: Verdict, message: str = "") -> TestResult:
    """One test's result."""
    return TestResult("a_test", "It holds.", 1, verdict, message)


@pytest.mark.parametrize("verdict", [v for v in Verdict if v not in (Verdict.AC, Verdict.IE)])
def test_every_way_to_fail_has_advice(verdict: Verdict) -> None:
    """There is advice for each verdict that costs points."""
    assert advice.hint([result(verdict, "No.")])


def test_nothing_to_mend_is_no_advice() -> None:
    """What is right, and what we could not judge, gives the learner nothing to do."""
    assert advice.hint([result(Verdict.AC), result(Verdict.IE, "This could not be judged.")]) == ""


@pytest.mark.parametrize("words", list(advice.BY_WORDS))
def test_advice_follows_what_the_comparison_says(words: str) -> None:
    """A wrong answer's own words choose the advice."""
    assert advice.hint([result(Verdict.WA, f"Something {words} something.")]) == advice.BY_WORDS[words]


def test_a_cell_as_it_was_given_out_is_not_begun() -> None:
    """Where every test that was run met NotImplementedError, the advice is how to begin."""
    blank = [
        result(Verdict.RTE, "NotImplementedError, at your line `raise NotImplementedError()`."),
        result(Verdict.WA, f"{advice.WAITS} the following holds: It holds."),
    ]
    assert not advice.begun(blank)
    assert advice.hint(blank) == advice.BLANK
    assert advice.begun([*blank, result(Verdict.AC)])


def test_a_test_that_waits_gives_no_advice() -> None:
    """The advice is that of the first test that was run."""
    waiting = result(Verdict.WA, f"{advice.WAITS} the following holds: It holds.")
    assert advice.hint([waiting, result(Verdict.TLE)]) == advice.BY_VERDICT[Verdict.TLE]
