"""Every sum of points."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from gradekit.model import TestResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence


def score(points: float, results: Sequence[TestResult]) -> float | None:
    """Return the share of the points that the accepted tests weigh, or None where one could not be judged.

    Exact in rational numbers before the one rounding to float, so that full marks are `points` to the last bit.
    """
    if not results or any(result.verdict is Verdict.IE for result in results):
        return None
    total = sum(result.weight for result in results)
    earned = sum(result.weight for result in results if result.verdict is Verdict.AC)
    return float(Fraction(points) * earned / total)
