"""What the reports of a class have in common: misconceptions, tests, follow-through, time. Counts, without numpy."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradekit.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gradekit.model import Diagnosis, ExerciseResult, GradeReport


@dataclass(frozen=True)
class MisconceptionCount:
    """One misconception and who has it, in the order of the class."""

    exercise: str
    diagnosis: Diagnosis
    students: tuple[str, ...]


@dataclass(frozen=True)
class TestCount:
    """One hidden test over the class.

    Attributes
    ----------
    verdicts : mapping of Verdict to int
        How often each; IE is what we could not judge.
    """

    __test__ = False  # pytest: not a test class, in spite of its name

    exercise: str
    test: str
    sentence: str
    verdicts: Mapping[Verdict, int]

    @property
    def judged(self) -> int:
        """How many submissions it has judged."""
        return sum(self.verdicts.values()) - self.verdicts.get(Verdict.IE, 0)

    @property
    def failed(self) -> int:
        """How many of these it has rejected."""
        return self.judged - self.verdicts.get(Verdict.AC, 0)


@dataclass(frozen=True)
class Tally:
    """The reports of a class, counted.

    Attributes
    ----------
    misconceptions : tuple of MisconceptionCount
        The most frequent first.
    unnamed : mapping of str to int
        By exercise: lost points that no misconception explains.
    followed : mapping of str to int
        By exercise: judged with right earlier functions in place of the learner's own.
    wall_s : tuple of (float, str)
        What each submission took, the slowest first, and whose it is.
    parts_s : mapping of str to float
        Seconds of the whole class, by part of the work.
    versions : mapping of tuple to int
        How many reports were made with each set of hidden tests, reference values and versions.
    """

    reports: int = 0
    misconceptions: tuple[MisconceptionCount, ...] = ()
    unnamed: Mapping[str, int] = field(default_factory=dict)
    followed: Mapping[str, int] = field(default_factory=dict)
    tests: tuple[TestCount, ...] = ()
    wall_s: tuple[tuple[float, str], ...] = ()
    parts_s: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[tuple[tuple[str, str], ...], int] = field(default_factory=dict)

    @property
    def median_s(self) -> float:
        """What half of the submissions took less than."""
        return statistics.median(seconds for seconds, _ in self.wall_s)


def count(reports: Iterable[GradeReport]) -> Tally:
    """Count what a class's reports hold."""
    known = tuple(reports)
    results = [(report.student, result) for report in known for result in report.exercises]
    parts: Counter[str] = Counter()
    for report in known:
        parts.update(report.times)
    return Tally(
        reports=len(known),
        misconceptions=_misconceptions(results),
        unnamed=Counter(result.exercise for _, result in results if lost(result) and not result.diagnosis),
        followed=Counter(result.exercise for _, result in results if result.follow_through),
        tests=_tests(results),
        wall_s=tuple(sorted(((report.times.get("wall", 0.0), report.student) for report in known), reverse=True)),
        parts_s=dict(parts),
        versions=Counter(_made_with(report) for report in known),
    )


def lost(result: ExerciseResult) -> bool:
    """Say whether an exercise has a score below its points."""
    return result.score is not None and result.score < result.points


def _misconceptions(results: list[tuple[str, ExerciseResult]]) -> tuple[MisconceptionCount, ...]:
    who: dict[tuple[str, str], list[str]] = {}
    first: dict[tuple[str, str], Diagnosis] = {}
    for student, result in results:
        if result.diagnosis:
            key = (result.exercise, result.diagnosis.label)
            first.setdefault(key, result.diagnosis)
            who.setdefault(key, []).append(student)
    order = sorted(who, key=lambda key: (-len(who[key]), key))
    return tuple(MisconceptionCount(key[0], first[key], tuple(who[key])) for key in order)


def _tests(results: list[tuple[str, ExerciseResult]]) -> tuple[TestCount, ...]:
    """Count by exercise and test, in the order in which the reports name them."""
    verdicts: dict[tuple[str, str], Counter[Verdict]] = {}
    sentences: dict[tuple[str, str], str] = {}
    for _, result in results:
        for test in result.tests:
            key = (result.exercise, test.test)
            sentences[key] = test.sentence
            verdicts.setdefault(key, Counter())[test.verdict] += 1
    return tuple(TestCount(*key, sentences[key], dict(found)) for key, found in verdicts.items())


def _made_with(report: GradeReport) -> tuple[tuple[str, str], ...]:
    hashes = {name: report.hashes.get(name, "")[:8] for name in ("tests", "reference")}
    return tuple({**report.versions, **hashes}.items())
