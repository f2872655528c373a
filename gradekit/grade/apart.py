"""Taken in and recorded here, judged in processes apart: what a submission does to its judge is its own affair.

This process takes in and records; it alone writes to the gradebook. The others each hold one template and the hidden
tests; their memory is bounded, and one that is at a submission for too long is ended.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gradekit.files import open_stage
from gradekit.grade.judge import give_up, judge_there, open_setup, ready, tried
from gradekit.grade.travel import pack_hand_in, unpack_judged
from gradekit.gradebook.record import record
from gradekit.gradebook.settings import read_limits
from gradekit.handin.submission import take_in
from gradekit.jobs import Broken, pool
from gradekit.model import Figures
from gradekit.worker.sandbox import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gradekit.grade.judge import Grading, Setup
    from gradekit.gradebook.assignment import ReleasedAssignment
    from gradekit.jobs import Job, Pool
    from gradekit.model import GradeReport, HandIn, Limits

START_S = 300.0  # for a job process to start, with its template


@dataclass(frozen=True)
class Order:
    """What is asked for each submission of a run.

    Attributes
    ----------
    hashes : mapping of str to str
        Of our side: what the scores depend on beside what was handed in.
    notebooks : str
        Which of the assignment's notebooks, as a file glob.
    figures : Figures
        Of which cells the figures are drawn.
    """

    hashes: Mapping[str, str]
    notebooks: str = "*"
    figures: Figures = Figures.CHANGED


@contextmanager
def open_judges(grading: Grading, limits: Limits, *, jobs: int, first: Job | None = None) -> Iterator[Pool[Setup]]:
    """Start processes that judge; they end with the block.

    Parameters
    ----------
    first : Job, optional
        One of them, where it was started before.

    Raises
    ------
    HostError, CourseError, HiddenTestError, BadReference
        What is wrong on our side, before the first submission is touched.
    """
    with pool(open_setup, (grading, limits), jobs=jobs, begin=die_with_parent, first=first) as judges:
        for _ in judges.run(ready, (None,), seconds=START_S):
            pass
        yield judges


@dataclass(frozen=True)
class _UnderWay:
    """A submission that is taken in and not recorded yet; its stage goes when it is closed."""

    hand_in: HandIn
    packed: bytes
    stage: Path
    closing: ExitStack


def grade_each(
    book: ReleasedAssignment, judges: Pool[Setup], names: Sequence[str], order: Order
) -> Iterator[tuple[str, GradeReport | str]]:
    """Take in, have judged, record: several submissions at once, each in a stage of its own.

    Whose job process ended is tried once more, alone and after all others; ends that one too, it is given up.
    """
    ended: list[str] = []
    for name, outcome in _had_judged(book, judges, names, order):
        if isinstance(outcome, Broken):
            ended.append(name)
        else:
            yield name, outcome
    for name in ended:
        for given_up in (False, True):
            ((_, outcome),) = _had_judged(book, judges, [name], order, given_up=given_up)
            if not isinstance(outcome, Broken):
                break
        yield name, "one of gradekit's own processes ended" if isinstance(outcome, Broken) else outcome


def _had_judged(
    book: ReleasedAssignment,
    judges: Pool[Setup],
    names: Sequence[str],
    order: Order,
    *,
    given_up: bool = False,
) -> Iterator[tuple[str, GradeReport | str | Broken]]:
    # Every step of the judging has a bound of its own: this is for what none of them ends.
    seconds = 2 * read_limits(book.config).submission_s + START_S
    under_way: dict[str, _UnderWay] = {}
    failed: list[tuple[str, str]] = []

    def taken_in() -> Iterator[tuple[str, bytes]]:
        for name in names:
            found = tried(_take_in, book, name, order, given_up=given_up)
            if isinstance(found, str):
                failed.append((name, found))
            else:
                under_way[name] = found
                yield name, found.packed

    try:
        for (name, _), answer in judges.run(judge_there, taken_in(), seconds=seconds):
            found = under_way.pop(name)
            with found.closing:
                yield name, tried(_recorded, book, found, answer, order)
            while failed:
                yield failed.pop()
        yield from failed
    finally:
        for found in under_way.values():
            found.closing.close()


def _take_in(book: ReleasedAssignment, name: str, order: Order, *, given_up: bool) -> _UnderWay:
    with ExitStack() as closing:
        stage = closing.enter_context(open_stage(Path(book.directory.root)))
        hand_in = take_in(book, name, stage, notebooks=order.notebooks, figures=order.figures)
        hand_in = give_up(hand_in) if given_up else hand_in
        return _UnderWay(hand_in, pack_hand_in(hand_in), stage, closing.pop_all())


def _recorded(
    book: ReleasedAssignment, found: _UnderWay, answer: bytes | str | Broken, order: Order
) -> GradeReport | str | Broken:
    if isinstance(answer, str | Broken):
        return answer
    known = {**order.hashes, "figures": str(order.figures)}
    return record(book, found.hand_in, unpack_judged(answer), stage=found.stage, hashes=known)
