"""Advice: one for what went wrong first, none where nothing did."""

from __future__ import annotations

import pytest

from gradekit import hints
from gradekit.model import TestResult, Verdict


def result(verdict: Verdict, message: str = "") -> TestResult:
    """One test's result."""
    return TestResult("a_test", "It holds.", 1, verdict, message)


@pytest.mark.parametrize("verdict", [v for v in Verdict if v not in (Verdict.AC, Verdict.IE)])
def test_every_way_to_fail_has_advice(verdict: Verdict) -> None:
    """There is advice for each verdict that costs points."""
    assert hints.hint([result(verdict, "No.")])


def test_nothing_to_mend_is_no_advice() -> None:
    """What is right, and what we could not judge, gives the learner nothing to do."""
    assert hints.hint([result(Verdict.AC), result(Verdict.IE, "This could not be judged.")]) == ""


@pytest.mark.parametrize("words", list(hints.BY_WORDS))
def test_advice_follows_what_the_comparison_says(words: str) -> None:
    """A wrong answer's own words choose the advice."""
    assert hints.hint([result(Verdict.WA, f"Something {words} something.")]) == hints.BY_WORDS[words]


def test_a_cell_as_it_was_given_out_is_not_begun() -> None:
    """Where every test that was run met NotImplementedError, the advice is how to begin."""
    blank = [
        result(Verdict.RTE, "NotImplementedError, at your line `raise NotImplementedError()`."),
        result(Verdict.WA, f"{hints.WAITS} the following holds: It holds."),
    ]
    assert not hints.begun(blank)
    assert hints.hint(blank) == hints.BLANK
    assert hints.begun([*blank, result(Verdict.AC)])


def test_a_test_that_waits_gives_no_advice() -> None:
    """The advice is that of the first test that was run."""
    waiting = result(Verdict.WA, f"{hints.WAITS} the following holds: It holds.")
    assert hints.hint([waiting, result(Verdict.TLE)]) == hints.BY_VERDICT[Verdict.TLE]
