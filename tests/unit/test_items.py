"""Item analysis: worked examples, and classes too small or too equal to say anything."""

from __future__ import annotations

import numpy as np
import pytest

from gradekit.report import items
from gradekit.report.items import ALONE, EQUAL, NOBODY, ONE, Figure

NAN = float("nan")


def test_worked_example() -> None:
    """Four students, two exercises of 1 and 3 points, computed by hand."""
    found = items.analyse([1, 3], np.array([[1, 3], [1, 2], [0, 1], [0, 0]]))
    first, second = found.items
    assert (first.difficulty.value, second.difficulty.value) == (0.5, 0.5)
    assert first.discrimination.value == pytest.approx(4 / np.sqrt(1 * 5) / 2)  # 1/n sums: 0.5 * 1.0 each
    assert (first.full, first.none, second.full, second.none) == (2, 2, 1, 1)
    assert first.upper_lower.value == pytest.approx(1.0)
    assert second.upper_lower.value == pytest.approx((1 + 0.08 * 2 / 3) / 1.08 - (0 + 0.08 / 3) / 1.08)
    assert found.alpha.value == pytest.approx(2 * (1 - (1 / 3 + 5 / 3) / (10 / 3)))


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        (np.empty((0, 2)), NOBODY),
        (np.array([[1.0, 0.0]]), ONE),
        (np.ones((5, 2)), EQUAL),
        (np.full((3, 2), NAN), NOBODY),
    ],
    ids=["nobody", "one student", "every score equal", "everything undecided"],
)
def test_what_cannot_be_computed_says_why(scores: np.ndarray, why: str) -> None:
    """An empty class, a class of one, equal scores and no scores give a reason and no number."""
    found = items.analyse([1, 1], scores)
    assert found.alpha == Figure(None, why)
    for item in found.items:
        assert item.discrimination == item.upper_lower == Figure(None, why)
    assert all(figure == Figure(None, why) for row in found.together for figure in row)


def test_one_exercise_alone_has_no_rest() -> None:
    """An assignment of one exercise has a difficulty, and nothing to compare with."""
    found = items.analyse([2], np.array([[2.0], [1.0], [0.0]]))
    assert found.items[0].difficulty.value == pytest.approx(0.5)
    assert found.items[0].discrimination == found.items[0].upper_lower == found.alpha == Figure(None, ALONE)


def test_an_exercise_without_scores_spoils_nothing() -> None:
    """A manually graded exercise that nobody has graded yet is left out of the others' figures."""
    scores = np.array([[1.0, 0.5, NAN], [0.0, 0.0, NAN], [1.0, 1.0, NAN]])
    found = items.analyse([1, 1, 4], scores)
    assert found.complete == 3
    assert found.items[2].difficulty == Figure(None, NOBODY)
    assert found.items[0] == items.analyse([1, 1], scores[:, :2]).items[0]


def test_an_assignment_without_points_has_no_items() -> None:
    """No exercise, no figures, no error."""
    found = items.analyse([], np.empty((3, 0)))
    assert (found.items, found.together, found.alpha.value) == ((), (), None)


def test_equal_but_for_rounding_is_equal() -> None:
    """Totals that differ by the order of a sum are one level, not two."""
    totals = np.array([0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1])
    assert totals[0] != totals[1]
    assert items.upper_lower(np.array([1.0, 0.0]), totals) == Figure(None, EQUAL)


def test_distribution_of_nobody_and_of_one() -> None:
    """A class of one has a mean and no standard deviation; an empty one has neither."""
    one = items.distribution([7.5])
    assert (one.mean.value, one.sd) == (7.5, Figure(None, ONE))
    assert items.distribution([]).mean == Figure(None, NOBODY)
