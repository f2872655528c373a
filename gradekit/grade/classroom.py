"""Many submissions: who is to be graded, by how many processes at once, with what was done before kept.

A submission is done when its report is written, which happens last: a run that was killed goes on where it stopped.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from gradekit.course import reports
from gradekit.course.notebook import GRADE_SUFFIX
from gradekit.errors import CourseError
from gradekit.grade.apart import Order, grade_each, open_judges
from gradekit.grade.judge import refuse_too_large
from gradekit.grade.solution import lost_by_solution
from gradekit.grade.unchanged import hashes, hashes_of, is_same
from gradekit.gradebook import assignment as books
from gradekit.gradebook.assignment import check_released, open_assignment, open_gradebook, students
from gradekit.gradebook.settings import read_figures, read_limits, read_settings
from gradekit.score import total
from gradekit.text import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from traitlets.config import Config

    from gradekit.grade.judge import Grading, Setup
    from gradekit.gradebook.assignment import ReleasedAssignment
    from gradekit.jobs import Pool
    from gradekit.model import GradeReport, Limits


@dataclass(frozen=True)
class Graded:
    """What became of one submission.

    Attributes
    ----------
    report : GradeReport or None
        None where gradekit itself failed; `failure` says how, and nothing was recorded.
    first : bool
        Whether there was no grading before this one.
    score_before : float or None
        The sum of its scores; None where something was undecided.
    """

    student: str
    report: GradeReport | None
    first: bool = True
    score_before: float | None = None
    failure: str = ""

    @property
    def settled(self) -> bool:
        """Whether nobody need look at it."""
        return self.report is not None and not (self.report.undecided or self.report.alarms)

    @property
    def asks(self) -> tuple[str, ...]:
        """What a person must look at: exercises, cells and notebooks by their names, else in a sentence."""
        if self.report is None:
            return ("everything",)
        names = dict.fromkeys(self.report.undecided)
        for note in self.report.alarms:
            if not (note.undecided or note.changed):
                names.setdefault(note.text)
            elif note.changed:
                names.setdefault(note.changed.removesuffix(GRADE_SUFFIX))
            elif not (note.undecided == self.report.assignment and self.report.exercises):  # these are named already
                names.setdefault(note.undecided.removesuffix(GRADE_SUFFIX))
        return tuple(names)

    @property
    def changed(self) -> bool:
        """Whether this grading gave another score than the one before."""
        return not self.first and self.report is not None and self.score_before != self.score

    @property
    def score(self) -> float | None:
        """The sum of its scores; None where something is undecided."""
        return total(self.report) if self.report else None

    def shortened(self) -> Graded:
        """Return it without what each test said, and by what was judged: a class of thousands is held until its end."""
        if self.report is None:
            return self
        exercises = tuple(replace(result, tests=(), diagnosis=None) for result in self.report.exercises)
        return replace(self, report=replace(self.report, exercises=exercises, times={}, versions={}, hashes={}))


@contextmanager
def open_released(grading: Grading) -> Iterator[ReleasedAssignment]:
    """Open the assignment in the gradebook."""
    config = read_settings(grading.course)
    with open_gradebook(config) as gradebook:
        yield open_assignment(config, gradebook, grading.assignment)


def due(grading: Grading, *, only: Sequence[str] = (), force: bool = False) -> tuple[list[str], list[str]]:
    """Return who is to be graded, and whose submission has not changed since it was.

    Parameters
    ----------
    only : sequence of str
        Students to look at; all where it is empty.

    Raises
    ------
    CourseError
        If one of them handed nothing in, or nobody did; or if the assignment's data are too much for any worker.
    """
    config = read_settings(grading.course)
    check_released(grading.course, config, grading.assignment)
    refuse_too_large(grading, read_limits(config))
    asked = _asked(grading, config, only)
    ours, figures = hashes(grading), grading.figures or read_figures(config)
    again: list[str] = []
    kept: list[str] = []
    with open_released(grading) as book:
        for name in asked:
            report = None if force else reports.load(grading.course.root, grading.assignment, name)
            same = report is not None and is_same(report.hashes, {**ours, **hashes_of(book, name)}, figures)
            there = book.folder(book.directory.autograded_directory, name).is_dir()
            (kept if same and there else again).append(name)
    return again, kept


def changed_in_source(grading: Grading) -> str:
    """Say which cells of the source are not what was released, and graded by; empty where all are."""
    with open_released(grading) as book:
        return source_differs(book)


def source_differs(book: ReleasedAssignment) -> str:
    """Say the same of an assignment in a gradebook that is open."""
    changed = books.changed_in_source(book)
    graded = f"graded as released; to use it: gradekit release {book.assignment}"
    return f"the source differs from what was released ({listed(changed)}): {graded}" if changed else ""


def _asked(grading: Grading, config: Config, only: Sequence[str]) -> Sequence[str]:
    everybody = students(config, grading.assignment)
    missing = [name for name in only if name not in everybody]
    where = f"looked in {grading.course.root / grading.course.folders.submitted}"
    if missing:
        raise CourseError(f"{', '.join(map(repr, missing))} handed in nothing for '{grading.assignment}': {where}.")
    if not everybody:
        raise CourseError(f"Nobody handed in anything: {where}.")
    return only or everybody


def grade_class(
    grading: Grading,
    names: Sequence[str],
    *,
    jobs: int = 1,
    warn: Callable[[str], object] | None = None,
    judges_of: Callable[[Grading, Limits], AbstractContextManager[Pool[Setup]]] | None = None,
) -> Iterator[Graded]:
    """Grade submissions and yield each when it is done.

    Parameters
    ----------
    jobs : int
        How many processes judge at once. A class of one has one too: what a submission does to it is not ours to bear.
    warn : callable, optional
        Is told what the source's own solution loses, a line each, before anybody is graded; without it that is not
        tried.
    judges_of : callable, optional
        Opens who judges, in the place of processes of this machine: the workers of a cluster.
    """
    if not names:
        return
    before = {name: _score_of(reports.load(grading.course.root, grading.assignment, name)) for name in names}
    config = read_settings(grading.course)
    limits, order = read_limits(config), Order(hashes(grading), figures=grading.figures or read_figures(config))
    apart = judges_of or partial(open_judges, jobs=max(1, min(jobs, len(names))))
    with open_released(grading) as book, apart(grading, limits) as judges:
        if warn is not None:
            for line in lost_by_solution(grading, judges, limits):
                warn(line)
        for name, outcome in grade_each(book, judges, names, order):
            if isinstance(outcome, str):
                yield Graded(name, None, *before[name], failure=outcome)
            else:
                yield Graded(name, outcome, *before[name])


def _score_of(report: GradeReport | None) -> tuple[bool, float | None]:
    """Return of an earlier grading whether there was none, and its score."""
    return (True, None) if report is None else (False, total(report))
