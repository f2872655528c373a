"""Item analysis against formulas that are written in another way."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from gradekit.report import items

POINTS = st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.5, 2.0])


@st.composite
def classes(draw: st.DrawFn, *, students: int = 30, width: int = 6) -> np.ndarray:
    """A class's scores, each exercise worth two points."""
    n, k = draw(st.integers(2, students)), draw(st.integers(2, width))
    return np.array(draw(st.lists(st.lists(POINTS, min_size=k, max_size=k), min_size=n, max_size=n)))


@given(classes())
def test_discrimination_is_numpys_correlation_with_the_rest(scores: np.ndarray) -> None:
    """r is numpy.corrcoef of an exercise and the sum of the others, wherever that is defined."""
    found = items.analyse([2.0] * scores.shape[1], scores)
    for at, item in enumerate(found.items):
        rest = np.delete(scores, at, axis=1).sum(axis=1)
        if np.ptp(scores[:, at]) and np.ptp(rest):
            assert item.discrimination.value is not None
            assert math.isclose(item.discrimination.value, np.corrcoef(scores[:, at], rest)[0, 1], abs_tol=1e-9)
        else:
            assert item.discrimination == items.Figure(None, items.EQUAL)


@given(st.lists(st.booleans(), min_size=3, max_size=40), st.data())
def test_of_an_exercise_that_is_all_or_nothing_it_is_the_point_biserial(right: list[bool], data: st.DataObject) -> None:
    """r of such an exercise is (M1 - M0) / s * sqrt(p q), the textbook's point-biserial formula."""
    rest = data.draw(st.lists(st.integers(0, 20), min_size=len(right), max_size=len(right)))
    assume(len(set(right)) == 2)
    assume(len(set(rest)) > 1)
    good, bad = ([value for value, yes in zip(rest, right, strict=True) if yes is side] for side in (True, False))
    share = len(good) / len(right)
    expected = (statistics.mean(good) - statistics.mean(bad)) / statistics.pstdev(rest) * math.sqrt(share * (1 - share))
    found = items.correlation(np.array(right, float), np.array(rest, float))
    assert found.value is not None
    assert math.isclose(found.value, expected, abs_tol=1e-9)


@given(classes())
def test_correlations_are_numpys(scores: np.ndarray) -> None:
    """The matrix of exercises is numpy.corrcoef's, symmetric, with ones where a correlation exists."""
    found = items.analyse([2.0] * scores.shape[1], scores)
    with np.errstate(all="ignore"):
        expected = np.corrcoef(scores, rowvar=False)
    for one, other in itertools.product(range(scores.shape[1]), repeat=2):
        value = found.together[one][other].value
        if value is None:
            assert not (np.ptp(scores[:, one]) and np.ptp(scores[:, other]))
        else:
            assert math.isclose(value, expected[one, other], abs_tol=1e-9)
            assert value == found.together[other][one].value


@given(classes())
def test_alpha_is_cronbachs_by_covariances(scores: np.ndarray) -> None:
    """Alpha is k c / (v + (k - 1) c), with the mean variance v and the mean covariance c of the exercises."""
    width = scores.shape[1]
    covariance = np.cov(scores, rowvar=False)
    variance = np.trace(covariance) / width
    between = (covariance.sum() - np.trace(covariance)) / (width * (width - 1))
    found = items.alpha(scores)
    if np.ptp(scores.sum(axis=1)):
        assert found.value is not None
        assert math.isclose(found.value, width * between / (variance + (width - 1) * between), abs_tol=1e-6)
    else:
        assert found == items.Figure(None, items.EQUAL)


@given(classes(students=6, width=3))
def test_upper_lower_is_the_mean_over_every_way_to_break_ties(scores: np.ndarray) -> None:
    """D is the mean over all orders of the class of what a plain reading of Kelley's groups gives."""
    totals, shares = scores.sum(axis=1), scores[:, 0] / 2
    found = items.upper_lower(shares, totals)
    if not np.ptp(totals):
        assert found == items.Figure(None, items.EQUAL)
        return
    size = items.GROUP * len(totals)

    def group(order: list[int]) -> float:
        weights = np.clip(size - np.arange(len(order)), 0, 1)
        return float(weights @ shares[order]) / size

    values = []
    for order in itertools.permutations(range(len(totals))):
        up = sorted(order, key=lambda at: -totals[at])
        values.append(group(up) - group(sorted(order, key=lambda at: totals[at])))
    assert found.value is not None
    assert math.isclose(found.value, statistics.mean(values), abs_tol=1e-9)


@given(classes(), st.randoms())
def test_no_order_of_the_class_changes_anything(scores: np.ndarray, random: object) -> None:
    """Every figure is the same, up to rounding, for the same class in another order."""
    order = list(range(len(scores)))
    random.shuffle(order)  # type: ignore[attr-defined]
    points = [2.0] * scores.shape[1]
    one, other = items.analyse(points, scores), items.analyse(points, scores[order])
    for left, right in zip(one.items, other.items, strict=True):
        for name in ("difficulty", "discrimination", "upper_lower"):
            first, second = getattr(left, name), getattr(right, name)
            assert first.why == second.why
            assert first.value == second.value or math.isclose(first.value, second.value, abs_tol=1e-9)


@given(st.lists(st.floats(0, 100), min_size=2))
def test_distribution_is_the_standard_librarys(scores: list[float]) -> None:
    """Mean, median and standard deviation are those of Python's own statistics module."""
    found = items.distribution(scores)
    pairs = ((found.mean, statistics.mean), (found.median, statistics.median), (found.sd, statistics.stdev))
    for figure, function in pairs:
        assert figure.value is not None
        assert math.isclose(figure.value, function(scores), rel_tol=1e-9, abs_tol=1e-7)


@given(classes(), st.data())
def test_what_is_undecided_is_left_out_and_nothing_is_nan(scores: np.ndarray, data: st.DataObject) -> None:
    """With holes, the figures are those of the complete rows, and difficulty that of all who have a score."""
    holes = data.draw(st.lists(st.booleans(), min_size=scores.size, max_size=scores.size))
    scores = np.where(np.array(holes).reshape(scores.shape), np.nan, scores)
    found = items.analyse([2.0] * scores.shape[1], scores)
    used = ~np.isnan(scores).all(axis=0)
    complete = scores[~np.isnan(scores[:, used]).any(axis=1)] if used.any() else scores[:0]
    assert found.complete == len(complete)
    again = items.analyse([2.0] * int(used.sum()), complete[:, used])
    for item, other in zip(
        [item for item, use in zip(found.items, used, strict=True) if use], again.items, strict=True
    ):
        assert item.discrimination == other.discrimination
        assert item.upper_lower == other.upper_lower
    for at, item in enumerate(found.items):
        known = scores[~np.isnan(scores[:, at]), at]
        assert item.judged == known.size
        assert (item.difficulty.value is None) == (known.size == 0)
        for figure in (item.difficulty, item.discrimination, item.upper_lower):
            assert (figure.value is None) == bool(figure.why)
            assert figure.value is None or math.isfinite(figure.value)
