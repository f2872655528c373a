"""Item analysis: what the scores of a class say about each exercise. Numbers in, numbers out.

A row is a submission, a column an exercise, an entry points; NaN where the exercise is undecided. What cannot be
computed says why and is never NaN.

References
----------
.. [1] R. L. Ebel and D. A. Frisbie, Essentials of Educational Measurement, 5th edition, Prentice Hall, 1991.
.. [2] T. L. Kelley, The selection of upper and lower groups for the validation of test items, Journal of Educational
   Psychology 30 (1939), 17-24.
.. [3] S. Henrysson, Correction of item-total correlations in item analysis, Psychometrika 28 (1963), 211-218.
.. [4] L. J. Cronbach, Coefficient alpha and the internal structure of tests, Psychometrika 16 (1951), 297-334.
.. [5] F. M. Lord and M. R. Novick, Statistical Theories of Mental Test Scores, Addison-Wesley, 1968.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]


GROUP = 0.27  # Kelley's share of the class in the upper group, and in the lower: the best balance for normal scores
SAME = 1e-9  # points: sums of the same scores in another order differ by rounding

NOBODY = "nobody has a score"
ONE = "it takes two submissions"
EQUAL = "every score is equal"
ALONE = "it takes two exercises"


@dataclass(frozen=True)
class Figure:
    """A number, or why there is none."""

    value: float | None
    why: str = ""


@dataclass(frozen=True)
class Distribution:
    """How scores are spread: `sd` is the sample's, with n - 1; the rest are points."""

    count: int
    mean: Figure
    median: Figure
    sd: Figure
    lowest: Figure
    highest: Figure


@dataclass(frozen=True)
class Item:
    """One exercise in numbers.

    Attributes
    ----------
    judged : int
        How many submissions have a score for it.
    full, none : int
        How many earned all of its points, and nothing.
    """

    judged: int
    full: int
    none: int
    difficulty: Figure
    discrimination: Figure
    upper_lower: Figure


@dataclass(frozen=True)
class Analysis:
    """All exercises of an assignment in numbers.

    Attributes
    ----------
    complete : int
        The submissions that have a score for every exercise: all figures but difficulty rest on these.
    together : tuple of tuple of Figure
        The correlation of each exercise with each.
    """

    complete: int
    items: tuple[Item, ...]
    alpha: Figure
    together: tuple[tuple[Figure, ...], ...]


def distribution(scores: Sequence[float]) -> Distribution:
    """Describe a class's scores; with nobody, or one, what cannot be said is left open."""
    found = np.asarray(scores, dtype=float)

    def figure(of: Callable[[Array], float]) -> Figure:
        """Apply a function to the scores, where there are any."""
        return Figure(float(of(found))) if found.size else Figure(None, NOBODY)

    spread = Figure(float(found.std(ddof=1))) if found.size > 1 else Figure(None, ONE)
    return Distribution(found.size, figure(np.mean), figure(np.median), spread, figure(np.min), figure(np.max))


def analyse(points: Sequence[float], scores: Array) -> Analysis:
    """Analyse the exercises of an assignment.

    Parameters
    ----------
    points : sequence of float
        Each exercise's maximum, above 0.
    scores : (n, k) ndarray of float64
        Without extra credit and penalties; NaN where undecided. An exercise that nobody has a score for is left out
        of the others' figures.
    """
    scores = np.asarray(scores, dtype=float).reshape(len(scores), len(points))
    judged = ~np.isnan(scores)
    used: NDArray[np.bool_] = np.any(judged, axis=0)
    whole = scores[judged[:, used].all(axis=1) & used.any()]
    known = whole[:, used]
    items = tuple(
        _item(points[at], scores[:, at], known, whole[:, at], used=bool(used[at])) for at in range(len(points))
    )
    columns = [column if used[at] else column[:0] for at, column in enumerate(whole.T)]
    pairs = tuple(tuple(_pair(one, other) for other in columns) for one in columns)
    return Analysis(len(whole), items, alpha(known), pairs)


def _pair(one: Array, other: Array) -> Figure:
    return correlation(one, other) if one.size == other.size else _open()


def _open() -> Figure:
    return Figure(None, NOBODY)


def _item(points: float, given: Array, known: Array, column: Array, *, used: bool) -> Item:
    if not used:
        return Item(0, 0, 0, _open(), _open(), _open())
    found = given[~np.isnan(given)]
    total = known.sum(axis=1)
    alone = Figure(None, ALONE) if known.shape[1] < 2 else None
    return Item(
        judged=found.size,
        full=int((found >= points - SAME).sum()),
        none=int((found <= SAME).sum()),
        difficulty=difficulty(found, points),
        discrimination=alone or correlation(column, total - column),
        upper_lower=alone or upper_lower(column / points, total),
    )


def difficulty(scores: Array, points: float) -> Figure:
    r"""Return how easy an exercise is: the mean share of its points, :math:`p = \bar x / x_{max}` [1]_.

    The word is the field's own; a high p is an easy exercise.
    """
    return Figure(float(np.mean(scores) / points)) if scores.size else _open()


def correlation(one: Array, other: Array) -> Figure:
    r"""Return Pearson's :math:`r`; of an exercise and the rest of the assignment, its discrimination.

    The exercise's own points are not in the rest, so that an exercise is not compared with itself (the *corrected*
    item-total correlation [3]_, [5]_). Where an exercise is all or nothing this is the point-biserial correlation, and
    between two such exercises it is phi.
    """
    if one.size < 2:
        return Figure(None, ONE if one.size else NOBODY)
    if _same(one) or _same(other):
        return Figure(None, EQUAL)
    first, second = one - one.mean(), other - other.mean()
    first, second = first / np.linalg.norm(first), second / np.linalg.norm(second)
    return Figure(float(np.clip(first @ second, -1.0, 1.0)))


def upper_lower(shares: Array, totals: Array) -> Figure:
    r"""Return :math:`D = p_{upper} - p_{lower}`, the shares of the best and the weakest 27 % compared [2]_, [1]_.

    Where several submissions stand at a group's edge with one total, each counts in part, so that D is the mean over
    every way of choosing among them and no order of the class changes it.
    """
    if totals.size < 2:
        return Figure(None, ONE if totals.size else NOBODY)
    if _same(totals):
        return Figure(None, EQUAL)
    size = GROUP * totals.size
    return Figure(float(_best(totals, size) @ shares - _best(-totals, size) @ shares) / size)


def _best(totals: Array, size: float) -> Array:
    """Return how much of each submission is among the `size` best: 1, 0, or a part for those at the edge."""
    order = np.argsort(totals)
    levels = np.cumsum(np.diff(totals[order], prepend=totals[order[0]]) > SAME)
    counts = np.bincount(levels)
    above = counts[::-1].cumsum()[::-1] - counts  # how many submissions are better than each level
    share = np.empty(totals.size)
    share[order] = np.clip((size - above) / counts, 0.0, 1.0)[levels]
    return share


def alpha(scores: Array) -> Figure:
    r"""Return Cronbach's :math:`\alpha = \frac{k}{k-1}\left(1 - \sum_i s_i^2 / s_{total}^2\right)` [4]_.

    How much the exercises measure one thing; it grows with their number, and can be negative.
    """
    count, width = scores.shape
    if not scores.size:
        return _open()
    if width < 2 or count < 2:
        return Figure(None, ALONE if width < 2 else ONE)
    total = scores.sum(axis=1)
    if _same(total):
        return Figure(None, EQUAL)
    shares = scores.var(axis=0, ddof=1).sum() / total.var(ddof=1)
    return Figure(float(width / (width - 1) * (1 - shares)))


def _same(values: Array) -> bool:
    return bool(np.ptp(values) <= SAME)
