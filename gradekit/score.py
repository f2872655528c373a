"""Every sum and every choice of points: shares of an exercise, which judging counts, bounds, penalties, totals."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from gradekit.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gradekit.model import ExerciseResult, GradeReport, TestResult


def shares(points: float, weights: Sequence[int]) -> list[float]:
    """Return each test's part of an exercise's points."""
    whole = sum(weights)
    return [float(Fraction(points) * weight / whole) for weight in weights]


def earned(points: float, results: Sequence[TestResult]) -> float | None:
    """Return the share of the points that the accepted tests weigh, or None where one could not be judged.

    Exact in rational numbers before the one rounding to float, so that full marks are `points` to the last bit.
    """
    if not results or any(result.verdict is Verdict.IE for result in results):
        return None
    whole = sum(result.weight for result in results)
    accepted = sum(result.weight for result in results if result.verdict is Verdict.AC)
    return float(Fraction(points) * accepted / whole)


def lost(result: ExerciseResult) -> bool:
    """Tell whether an exercise lost points; one that is undecided has not."""
    return result.score is not None and result.score < result.points


def second_counts(first: ExerciseResult, second: ExerciseResult) -> bool:
    """Tell whether the judging with right earlier functions counts, and not the first one: where it gives no less.

    Of two that give the same, its reasons are the exercise's own.
    """
    return None not in (first.score, second.score) and (second.score or 0.0) >= (first.score or 0.0)


def within(score: float, points: float) -> float:
    """Return a score cut to [0, points]."""
    return min(max(score, 0.0), points)


def given(auto: float | None, manual: float | None) -> float | None:
    """Return the score that counts of two graders': a person's before the automatic one."""
    return auto if manual is None else manual


def final(scores: Iterable[float | None], penalty: float = 0.0) -> float:
    """Return what scores come to, less a penalty for being late; never below 0, and what is open counts nothing."""
    return max(0.0, sum(score or 0.0 for score in scores) - penalty)


def total(report: GradeReport) -> float | None:
    """Return the sum of a report's scores; None where something is undecided."""
    scores = [*(result.score for result in report.exercises), *(result.score for result in report.inline)]
    if None in scores or any(note.undecided for note in report.notes):
        return None
    exercises = sum(result.score or 0.0 for result in report.exercises)
    return exercises + sum(result.score or 0.0 for result in report.inline)
