"""What the class report says: the results of a class as rows and words, ready for a page and for a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradekit.course.notebook import GRADE_SUFFIX
from gradekit.gradebook.state import Open
from gradekit.report import charts, items
from gradekit.report.tally import count
from gradekit.text import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gradekit.report.items import Analysis, Distribution, Figure, Item
    from gradekit.report.results import Entry, GradedCell, Results
    from gradekit.report.tally import Tally, TestCount

    Rule = Callable[[Entry], tuple[str, ...] | None]  # what to say of a submission; None: it is not one of these


EASY, HARD = 0.9, 0.3  # above, most earn everything and nothing can separate them; below, most fail
SEPARATES = 0.2  # Ebel and Frisbie call an exercise below it poor
TOGETHER = 0.5  # a quarter of the variance in common


SAYS = {  # title and advice of each group
    "undecided": (
        "Undecided",
        "Our tests could not judge these. Give a score in formgrader, or mend the cause and grade again.",
    ),
    "alarm": ("Alarms", "Each asks for a decision of yours."),
    "by-hand": (
        "Waiting to be graded by hand",
        "The gradebook counts what is open as 0; the distribution leaves these out.",
    ),
    "again": (
        "To be looked at again",
        "A person gave a score, and the answer has changed since: does the score still hold?",
    ),
    "newer": ("Handed in again", "Something was handed in after this was graded. Run gradekit grade."),
    "differs": ("Report and gradebook differ", "Something else has graded these since. Run gradekit grade --force."),
    "unsafe": ("Graded without isolation", "Their code ran with your rights (--isolation none)."),
    "allowed": (
        "Graded with a right allowed",
        "By c.Gradekit.allow their code could do this, in the same sandbox: no network, no file outside.",
    ),
    "open-line": (
        "Judged over an open line",
        "They and the hidden tests travelled where others could read them (--insecure-cluster).",
    ),
    "not-graded": ("Handed in, not graded", "Run gradekit grade."),
    "late": ("Late", "Penalties are those of the gradebook."),
    "missing": ("Nothing handed in", "In none of the figures."),
    "inline": ("Inline: not secure", "The scores of these cells were said by the learner's own process."),
    "no-report": ("No report", "Graded by plain nbgrader: their tests and misconceptions are not counted."),
    "note": ("Notes", "What was odd, and was dealt with."),
    "source": (
        "The source differs from what was released",
        "Graded as released. To use these cells of the source, release again: gradekit release.",
    ),
    "versions": ("Graded with different versions", "Run gradekit grade, which grades again whatever has changed."),
}
URGENT = frozenset(("undecided", "alarm", "by-hand", "again", "differs", "unsafe", "not-graded", "newer"))


@dataclass(frozen=True)
class GroupLine:
    """A student and what is to be said of the submission."""

    student: str
    says: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Submissions that have something in common.

    Attributes
    ----------
    key : str
        Its name in the page's filter.
    urgent : bool
        Whether a person must act before scores are published.
    """

    key: str
    title: str
    advice: str
    lines: tuple[GroupLine, ...]
    urgent: bool = False


@dataclass(frozen=True)
class ExerciseRow:
    """One exercise in the report: `unnamed` counts lost points that no misconception explains."""

    part: GradedCell
    item: Item
    followed: int
    unnamed: int | None
    reading: str


@dataclass(frozen=True)
class Overview:
    """A class's results, described.

    Attributes
    ----------
    never, always : tuple of TestCount
        The hidden tests that reject nobody, and everybody.
    together : tuple of (str, str, float)
        Pairs of exercises that hang together, the closest first.
    histogram, chart : str
        SVG; empty where there is nothing to draw.
    """

    results: Results
    tally: Tally
    analysis: Analysis
    distribution: Distribution
    rows: tuple[ExerciseRow, ...]
    groups: tuple[Group, ...]
    never: tuple[TestCount, ...]
    always: tuple[TestCount, ...]
    together: tuple[tuple[str, str, float], ...]
    histogram: str = ""
    chart: str = ""

    @property
    def full_marks(self) -> int:
        """Count the final scores that are the points of the assignment, or more."""
        entries = self.results.entries
        return sum(entry.decided and entry.final >= self.results.points - items.SAME for entry in entries)

    @property
    def gaps(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Why figures of exercises cannot be computed, and of which exercises."""
        found: dict[str, list[str]] = {}
        for row in self.rows:
            for why in {figure.why for figure in (row.item.difficulty, row.item.discrimination) if figure.why}:
                found.setdefault(why, []).append(row.part.name)
        return tuple((why, tuple(names)) for why, names in found.items())

    def status(self, status: str) -> int:
        """Count the students of a status."""
        return sum(entry.status == status for entry in self.results.entries)


def describe(results: Results) -> Overview:
    """Describe a class's results."""
    graded = [entry for entry in results.entries if entry.status == "graded"]
    counted = count(entry.report for entry in graded if entry.report)
    analysis = items.analyse([part.points for part in results.parts], _matrix(results, graded))
    finals = [entry.final for entry in graded if entry.decided]
    rows = tuple(_row(part, item, counted) for part, item in zip(results.parts, analysis.items, strict=True))
    never, always = _one_sided(counted)
    return Overview(
        results=results,
        tally=counted,
        analysis=analysis,
        distribution=items.distribution(finals),
        rows=rows,
        groups=tuple(group for group in _groups(results, graded, counted) if group.lines),
        never=never,
        always=always,
        together=_together(results, analysis),
        histogram=charts.histogram(finals, results.points) if finals else "",
        chart=_chart(rows),
    )


def _one_sided(counted: Tally) -> tuple[tuple[TestCount, ...], tuple[TestCount, ...]]:
    """Return the tests that have rejected nobody, and those that have rejected everybody."""
    judged = [test for test in counted.tests if test.judged]
    never = tuple(test for test in judged if not test.failed)
    return never, tuple(test for test in judged if test.failed == test.judged)


def _chart(rows: tuple[ExerciseRow, ...]) -> str:
    if not any(row.item.judged for row in rows):
        return ""
    names = [row.part.name for row in rows]
    shares = [row.item.difficulty.value for row in rows]
    return charts.exercises(names, shares, [row.item.discrimination.value for row in rows])


def _matrix(results: Results, graded: list[Entry]) -> items.Array:
    """Return who earned what, without extra credit: (submissions, parts), NaN where it is open."""
    found = np.full((len(graded), len(results.parts)), np.nan)
    for at, entry in enumerate(graded):
        for column, part in enumerate(results.parts):
            mark = entry.marks.get(part)
            if mark and mark.given is not None:
                found[at, column] = mark.given
    return found


def _row(part: GradedCell, item: Item, counted: Tally) -> ExerciseRow:
    name = part.grade_id.removesuffix(GRADE_SUFFIX)
    judged = any(test.exercise == name for test in counted.tests)
    unnamed = counted.unnamed.get(name, 0) if judged else None
    return ExerciseRow(part, item, counted.followed.get(name, 0), unnamed, reading(item))


def reading(item: Item) -> str:
    """Say in a few words what an exercise's figures mean; empty where they are as one would wish."""
    share, separates = item.difficulty.value, item.discrimination.value
    if share is None:
        return "no score yet"
    if separates is not None and separates < 0:
        return "the weaker do better: look at its tests"
    if share >= EASY:
        return "easy"
    words = ["hard"] if share <= HARD else []
    if separates is not None and separates < SEPARATES:
        words.append("says little about the rest")
    return ", ".join(words)


def _together(results: Results, analysis: Analysis) -> tuple[tuple[str, str, float], ...]:
    found = []
    for one, figures in enumerate(analysis.together):
        for other, figure in enumerate(figures[:one]):
            if figure.value is not None and figure.value >= TOGETHER:
                found.append((results.parts[other].name, results.parts[one].name, figure.value))
    return tuple(sorted(found, key=lambda pair: -pair[2]))


def said(figure: Figure, digits: int = 2) -> str:
    """Return a number for a reader, or a dash."""
    return "\N{EN DASH}" if figure.value is None else f"{figure.value:.{digits}f}"


# --- who needs a person, and what is good to know --------------------------------------------------------------------


def _groups(results: Results, graded: list[Entry], counted: Tally) -> Iterable[Group]:
    """Yield every group, also the empty ones; what needs a person comes first."""
    everybody = results.entries
    rules: tuple[tuple[str, Iterable[Entry], Rule], ...] = (
        ("undecided", graded, lambda entry: entry.open_for(Open.UNJUDGED) or None),
        ("alarm", graded, _alarms),
        ("by-hand", graded, lambda entry: entry.open_for(Open.BY_HAND) or None),
        ("again", graded, lambda entry: entry.open_for(Open.CHANGED) or None),
        ("newer", graded, lambda entry: _if(entry.newer)),
        ("differs", graded, _differs),
        ("unsafe", graded, lambda entry: _if(bool(entry.report and entry.report.isolation == "none"))),
        ("open-line", graded, lambda entry: _if(bool(entry.report and entry.report.line == "insecure"))),
        ("not-graded", everybody, lambda entry: _if(entry.status == "not graded")),
        ("late", graded, _late),
        ("allowed", graded, lambda entry: (entry.report.allowed or None) if entry.report else None),
        ("missing", everybody, lambda entry: _if(entry.status == "missing")),
        ("inline", graded, _inline),
        ("no-report", graded, lambda entry: _if(entry.report is None)),
        ("note", graded, _notes),
    )
    for key, entries, rule in rules:
        found = ((entry.student, rule(entry)) for entry in entries)
        title, advice = SAYS[key]
        lines = tuple(GroupLine(student, words) for student, words in found if words is not None)
        yield Group(key, title, advice, lines, urgent=key in URGENT)
    if results.stale:
        yield Group("source", *SAYS["source"], (GroupLine(results.assignment, results.stale),), urgent=False)
    if len(counted.versions) > 1:
        made = (
            GroupLine(f"{number} of {counted.reports}", tuple(map(" ".join, key))) for key, number in _versions(counted)
        )
        yield Group("versions", *SAYS["versions"], tuple(made), urgent=True)


def _if(holds: bool) -> tuple[str, ...] | None:  # noqa: FBT001  (the one thing that it is about)
    return () if holds else None


def _alarms(entry: Entry) -> tuple[str, ...] | None:
    """Return what is more than a cell that is open: these have groups of their own."""
    known = {mark.grade_id for mark in entry.marks.values()}
    return tuple(note.text for note in entry.state.alarms if (note.undecided or note.changed) not in known) or None


def _differs(entry: Entry) -> tuple[str, ...] | None:
    """Return the exercises whose automatic score in the gradebook is not the report's."""
    if entry.report is None:
        return None
    scores = {result.graded or result.exercise + GRADE_SUFFIX: result.score for result in entry.report.exercises}
    scores |= {result.grade_id: result.score for result in entry.report.inline}
    return (
        tuple(
            part.name
            for part, mark in entry.marks.items()
            if part.grade_id in scores and not _close(scores[part.grade_id], mark.auto)
        )
        or None
    )


def _close(one: float | None, other: float | None) -> bool:
    return one == other if None in (one, other) else math.isclose(one or 0, other or 0, abs_tol=1e-9)


def _inline(entry: Entry) -> tuple[str, ...] | None:
    return tuple(result.grade_id for result in entry.report.inline) or None if entry.report else None


def _late(entry: Entry) -> tuple[str, ...] | None:
    if not entry.late_s:
        return None
    return (f"{duration(entry.late_s)} late", *((f"{entry.penalty:g} points off",) if entry.penalty else ()))


def _notes(entry: Entry) -> tuple[str, ...] | None:
    if entry.report is None:
        return None
    return tuple(note.text for note in entry.report.notes if not note.urgent) or None


def _versions(counted: Tally) -> list[tuple[tuple[tuple[str, str], ...], int]]:
    """Return what reports were made with, the most frequent first; only where it is not the same for all."""
    common = set.intersection(*(set(key) for key in counted.versions))
    order = sorted(counted.versions.items(), key=lambda item: -item[1])
    return [(tuple(pair for pair in key if pair not in common), number) for key, number in order]
