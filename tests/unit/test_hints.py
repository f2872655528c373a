"""Advice: one for what went wrong first, none where nothing did."""

from __future__ import annotations

import pytest

from gradekit.feedback import advice
from gradekit.model import TestResult, Verdict


def result(verdict: Verdict, message: str = "", **fields: str) -> TestResult:
    """One test's result."""
    return TestResult("a_test", "It holds.", 1, verdict, message, **fields)


WAITING = result(Verdict.WA, waits_for="values")
GIVEN_OUT = "def double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
STUB = result(Verdict.RTE, error="NotImplementedError", line="raise NotImplementedError()")


@pytest.mark.parametrize("verdict", [v for v in Verdict if v not in (Verdict.AC, Verdict.IE)])
def test_every_way_to_fail_has_advice(verdict: Verdict) -> None:
    """There is advice for each verdict that costs points."""
    assert advice.hint([result(verdict, "No.")])


def test_nothing_to_mend_is_no_advice() -> None:
    """What is right, and what we could not judge, gives the learner nothing to do."""
    assert advice.hint([result(Verdict.AC), result(Verdict.IE, "This could not be judged.")]) == ""


@pytest.mark.parametrize("kind", list(advice.BY_KIND))
def test_advice_follows_what_the_comparison_found(kind: str) -> None:
    """The kind of a wrong answer chooses the advice; a kind that has none has that of wrong answers."""
    assert advice.hint([result(Verdict.WA, kind=kind)]) == advice.BY_KIND[kind]
    assert advice.hint([result(Verdict.WA, kind="of its own")]) == advice.BY_VERDICT[Verdict.WA]


WORDS = "NotImplementedError. This counts once the shape is NaN times too large in place, at your line `x`."


def test_the_words_of_a_message_choose_nothing() -> None:
    """A message that sounds like everything at once is a wrong answer like any other, and the cell was begun."""
    assert advice.hint([result(Verdict.WA, WORDS)]) == advice.BY_VERDICT[Verdict.WA]
    assert advice.begun([result(Verdict.WA, WORDS)], GIVEN_OUT)


def test_a_cell_as_it_was_given_out_is_not_begun() -> None:
    """Where every test that was run met NotImplementedError, nothing was begun; where one met more, something was."""
    assert not advice.begun([STUB, WAITING], GIVEN_OUT)
    assert advice.begun([STUB, WAITING, result(Verdict.AC)], GIVEN_OUT)
    assert advice.begun([STUB, result(Verdict.RTE, error="ValueError")], GIVEN_OUT)
    assert advice.begun([WAITING], GIVEN_OUT)


@pytest.mark.parametrize("source", ["def later(x):\n    return earlier(x)", "", "# raise NotImplementedError()"])
def test_a_cell_that_calls_one_that_was_not_begun_is_begun(source: str) -> None:
    """The line that an earlier cell was given out with says nothing of this cell."""
    assert advice.begun([STUB, WAITING], source)


def test_a_test_that_waits_gives_no_advice() -> None:
    """The advice is that of the first test that was run."""
    assert advice.hint([WAITING, result(Verdict.TLE)]) == advice.BY_VERDICT[Verdict.TLE]
