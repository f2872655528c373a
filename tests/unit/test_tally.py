"""Counting what a class's reports have in common."""

from __future__ import annotations

from gradekit.model import Diagnosis, ExerciseResult, GradeReport, TestResult, Verdict
from gradekit.report.tally import count

SQUARED = Diagnosis("squares", "Squared", "What is 3 doubled?", "x * x for x + x")
OTHER = Diagnosis("changes_x", "In place", "Whose array is x?", "x *= 2")


def result(
    score: float | None, *verdicts: Verdict, diagnosis: Diagnosis | None = None, follow_through: bool = False
) -> ExerciseResult:
    """One exercise of one point with a test for each verdict."""
    tests = tuple(TestResult(f"t{at}", f"Sentence {at}.", 1, verdict) for at, verdict in enumerate(verdicts))
    return ExerciseResult("double", 1.0, score, tests, follow_through, diagnosis)


def report(student: str, *results: ExerciseResult, **more: object) -> GradeReport:
    """One report."""
    return GradeReport("small", student, "landlock+seccomp", results, **more)  # type: ignore[arg-type]


def test_nobody() -> None:
    """No report, nothing to count."""
    found = count([])
    assert (found.reports, found.misconceptions, found.tests, found.wall_s) == (0, (), (), ())


def test_misconceptions_come_by_how_many_have_them() -> None:
    """The most frequent first, with the names; a loss without a diagnosis is counted apart."""
    found = count(
        [
            report("ann", result(0.0, Verdict.WA, diagnosis=OTHER)),
            report("bob", result(0.0, Verdict.WA, diagnosis=SQUARED)),
            report("eve", result(0.5, Verdict.WA, diagnosis=SQUARED)),
            report("kim", result(0.0, Verdict.WA)),
            report("lee", result(1.0, Verdict.AC)),
            report("max", result(None, Verdict.IE)),
        ]
    )
    assert [(item.diagnosis.label, item.students) for item in found.misconceptions] == [
        ("squares", ("bob", "eve")),
        ("changes_x", ("ann",)),
    ]
    assert found.unnamed == {"double": 1}


def test_a_test_that_could_not_judge_has_not_rejected() -> None:
    """Internal errors are counted as neither accepted nor rejected."""
    first, second = count(
        [
            report("ann", result(None, Verdict.AC, Verdict.IE)),
            report("bob", result(0.0, Verdict.AC, Verdict.TLE)),
        ]
    ).tests
    assert (first.judged, first.failed) == (2, 0)
    assert (second.judged, second.failed) == (1, 1)
    assert second.verdicts == {Verdict.IE: 1, Verdict.TLE: 1}


def test_times_and_versions() -> None:
    """Times add up over the class, the slowest is first, and reports of different tests are told apart."""
    found = count(
        [
            report("ann", times={"wall": 1.0, "cells": 0.5}, hashes={"tests": "a" * 64}),
            report("bob", times={"wall": 3.0, "cells": 1.0}, hashes={"tests": "b" * 64}),
            report("eve", times={"wall": 2.0}, hashes={"tests": "a" * 64}),
        ]
    )
    assert found.parts_s == {"wall": 6.0, "cells": 1.5}
    assert (found.wall_s[0], found.median_s) == ((3.0, "bob"), 2.0)
    assert sorted(found.versions.values()) == [1, 2]


def test_follow_through_is_counted() -> None:
    """How often an exercise was earned with right earlier functions."""
    assert count([report("ann", result(1.0, Verdict.AC, follow_through=True))]).followed == {"double": 1}
