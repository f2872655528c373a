"""Words and numbers for people: what a terminal and a page say of scores, counts and times."""

from __future__ import annotations

import pytest

from gradekit import text


@pytest.mark.parametrize(
    ("seconds", "short", "words"),
    [
        (0.0123, "0.0123 s", "less than a minute"),
        (59.9, "59.9 s", "less than a minute"),
        (60, "1 min", "1 minute"),
        (90, "1.5 min", "2 minutes"),
        (3_599, "60 min", "60 minutes"),
        (3_600, "1 h", "1 hour"),
        (20 * 3_600, "20 h", "20 hours"),
        (86_400, "1 d", "1 day"),
        (36 * 3_600, "1.5 d", "2 days"),
    ],
)
def test_a_duration_has_the_unit_that_a_person_would_choose(seconds: float, short: str, words: str) -> None:
    """Short it has one decimal below ten, in words none."""
    assert text.duration(seconds) == short
    assert text.duration(seconds, in_words=True) == words


def test_only_one_is_singular() -> None:
    """None and two are many."""
    assert [text.plural(count, "test") for count in (0, 1, 2)] == ["0 tests", "1 test", "2 tests"]


@pytest.mark.parametrize(("value", "said"), [(1.0, "1"), (0.125, "0.12"), (-0.5, "\N{MINUS SIGN}0.5"), (11.0, "11")])
def test_a_score_has_two_decimals_at_most(value: float, said: str) -> None:
    """A loss has a minus, not a hyphen."""
    assert text.number(value) == said


def test_what_a_terminal_would_obey_is_spelt_out() -> None:
    """Controls, reversed writing and what has no form are seen; a long text is cut."""
    assert text.shown("a\x1b[2Jb\N{RIGHT-TO-LEFT OVERRIDE}") == "a\\x1b[2Jb\\u202e"
    assert text.shown("a" * 100, 10) == "a" * 9 + "…"
