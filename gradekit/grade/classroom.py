"""Many submissions: who is to be graded, by how many processes at once, with what was done before kept.

Each process of ours holds one template, one open gradebook and the hidden tests, and grades one submission at a time;
learner code runs in the template's forks alone. A submission is done when its report is written, which happens last: a
run that was killed goes on where it stopped.
"""

from __future__ import annotations

import multiprocessing
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING

from gradekit.course import reports
from gradekit.errors import CourseError, GradekitError, HostError
from gradekit.gradebook.assignment import check_released, open_assignment, open_gradebook, students
from gradekit.worker import sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from traitlets.config import Config

    from gradekit.model import GradeReport
from gradekit.grade.submission import Desk, Order, open_desk, settings_of
from gradekit.grade.unchanged import hashes, submission_hash


@dataclass(frozen=True)
class Graded:
    """What became of one submission.

    Attributes
    ----------
    report : GradeReport or None
        None where gradekit itself failed; `failure` says how, and nothing was recorded.
    before : GradeReport or None
        The report of the grading before this one.
    """

    student: str
    report: GradeReport | None
    before: GradeReport | None = None
    failure: str = ""

    @property
    def changed(self) -> bool:
        """Whether this grading gave another score than the one before."""
        return None not in (self.before, self.report) and total(self.before) != total(self.report)


def total(report: GradeReport | None) -> float | None:
    """Return the sum of a report's scores; None where something is undecided."""
    if report is None or report.undecided:
        return None
    exercises = sum(result.score or 0.0 for result in report.exercises)
    return exercises + sum(result.score or 0.0 for result in report.inline)


# --- a class ---------------------------------------------------------------------------------------------------------


def due(order: Order, *, only: Sequence[str] = (), force: bool = False) -> tuple[list[str], list[str]]:
    """Return who is to be graded, and whose submission has not changed since it was.

    Parameters
    ----------
    only : sequence of str
        Students to look at; all where it is empty.

    Raises
    ------
    CourseError
        If one of them handed nothing in, or nobody did.
    """
    config = settings_of(order)
    check_released(order.course, config, order.assignment)
    asked = _asked(order, config, only)
    ours = hashes(order)
    again: list[str] = []
    kept: list[str] = []
    with open_gradebook(config) as gradebook:
        book = open_assignment(config, gradebook, order.assignment)
        for name in asked:
            report = None if force else reports.load(order.course.root, order.assignment, name)
            same = report is not None and report.hashes == {**ours, "submission": submission_hash(book, name)}
            there = book.folder(book.directory.autograded_directory, name).is_dir()
            (kept if same and there else again).append(name)
    return again, kept


def _asked(order: Order, config: Config, only: Sequence[str]) -> Sequence[str]:
    everybody = students(config, order.assignment)
    missing = [name for name in only if name not in everybody]
    where = f"looked in {order.course.root / order.course.folders.submitted}"
    if missing:
        raise CourseError(f"{', '.join(map(repr, missing))} handed in nothing for '{order.assignment}': {where}.")
    if not everybody:
        raise CourseError(f"Nobody handed in anything: {where}.")
    return only or everybody


def grade_class(order: Order, names: Sequence[str], *, jobs: int = 1) -> Iterator[Graded]:
    """Grade submissions and yield each when it is done.

    Parameters
    ----------
    jobs : int
        How many processes grade at once; one grades in this process.
    """
    before = {name: reports.load(order.course.root, order.assignment, name) for name in names}
    if jobs == 1 or len(names) < 2:
        with open_desk(order) as desk:
            for name in names:
                yield _graded(order, name, _try(desk, name), before[name])
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(names)), context, _begin_job, (order,)) as pool:
        tasks = {pool.submit(_job, name): name for name in names}
        for task in as_completed(tasks):
            name = tasks[task]
            try:
                failure = task.result()
            except BrokenProcessPool:
                failure = "one of gradekit's own processes ended"
            yield _graded(order, name, failure, before[name])


def _graded(order: Order, name: str, failure: str, before: GradeReport | None) -> Graded:
    report = None if failure else reports.load(order.course.root, order.assignment, name)
    return Graded(name, report, before, failure)


def _try(desk: Desk, name: str) -> str:
    """Grade one submission; return what went wrong on our side. The others go on."""
    try:
        desk.grade(name)
    except HostError:
        raise
    except GradekitError as error:
        return str(error)
    except Exception:  # noqa: BLE001  (one submission that we fail on must not stop the class)
        return traceback.format_exc(limit=-3).strip()
    return ""


_DESK: list[
    Desk
] = []  # of this job process: it is given by name alone, since nothing of ours is sent between processes


def _begin_job(order: Order) -> None:
    sandbox.die_with_parent()
    stack = ExitStack()
    _DESK.append(stack.enter_context(open_desk(order)))
    Finalize(None, stack.close, exitpriority=10)


def _job(name: str) -> str:
    return _try(_DESK[0], name)
