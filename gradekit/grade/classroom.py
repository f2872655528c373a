"""Many submissions: who is to be graded, by how many processes at once, with what was done before kept.

This process takes in and records; it alone writes to the gradebook. Others judge: each holds one template and the
hidden tests, and learners' code runs in the template's forks alone. A submission is done when its report is written,
which happens last: a run that was killed goes on where it stopped.
"""

from __future__ import annotations

import sys
import traceback
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gradekit.course import reports
from gradekit.course.notebook import GRADE_SUFFIX
from gradekit.errors import CourseError, GradekitError, HostError
from gradekit.files import open_stage
from gradekit.grade.judge import give_up, judge, open_setup, refuse_too_large
from gradekit.grade.submission import grade
from gradekit.grade.travel import pack_hand_in, pack_judged, unpack_hand_in, unpack_judged
from gradekit.grade.unchanged import hashes, hashes_of
from gradekit.gradebook import assignment as books
from gradekit.gradebook.assignment import check_released, open_assignment, open_gradebook, students
from gradekit.gradebook.record import record
from gradekit.gradebook.settings import read_limits, read_settings
from gradekit.handin.submission import take_in
from gradekit.jobs import Broken, pool
from gradekit.score import total
from gradekit.worker.sandbox import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from traitlets.config import Config

    from gradekit.grade.judge import Grading, Setup
    from gradekit.gradebook.assignment import ReleasedAssignment
    from gradekit.jobs import Pool
    from gradekit.model import GradeReport, HandIn

T = TypeVar("T")
SHOWN_CELLS = 5  # by name in one line
START_S = 300.0  # for a job process to start, with its template
AGAIN = 3  # the exit code of a job process that gives its place to a new one


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
            if not note.undecided:
                names.setdefault(note.text)
            elif not (note.undecided == self.report.assignment and self.report.exercises):  # these are named already
                names.setdefault(note.undecided.removesuffix(GRADE_SUFFIX))
        return tuple(names)

    @property
    def changed(self) -> bool:
        """Whether this grading gave another score than the one before."""
        return None not in (self.before, self.report) and self.score_before != self.score

    @property
    def score(self) -> float | None:
        """The sum of its scores; None where something is undecided."""
        return total(self.report) if self.report else None

    @property
    def score_before(self) -> float | None:
        """That of the grading before."""
        return total(self.before) if self.before else None


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
    ours = hashes(grading)
    again: list[str] = []
    kept: list[str] = []
    with open_released(grading) as book:
        for name in asked:
            report = None if force else reports.load(grading.course.root, grading.assignment, name)
            same = report is not None and report.hashes == {**ours, **hashes_of(book, name)}
            there = book.folder(book.directory.autograded_directory, name).is_dir()
            (kept if same and there else again).append(name)
    return again, kept


def changed_in_source(grading: Grading) -> str:
    """Say which cells of the source are not what was released, and graded by; empty where all are."""
    with open_released(grading) as book:
        changed = books.changed_in_source(book)
    listed = ", ".join(changed[:SHOWN_CELLS]) + (", …" if len(changed) > SHOWN_CELLS else "")
    graded = f"graded as released; to use it: gradekit release {grading.assignment}"
    return f"the source differs from what was released ({listed}): {graded}" if changed else ""


def _asked(grading: Grading, config: Config, only: Sequence[str]) -> Sequence[str]:
    everybody = students(config, grading.assignment)
    missing = [name for name in only if name not in everybody]
    where = f"looked in {grading.course.root / grading.course.folders.submitted}"
    if missing:
        raise CourseError(f"{', '.join(map(repr, missing))} handed in nothing for '{grading.assignment}': {where}.")
    if not everybody:
        raise CourseError(f"Nobody handed in anything: {where}.")
    return only or everybody


def grade_class(grading: Grading, names: Sequence[str], *, jobs: int = 1) -> Iterator[Graded]:
    """Grade submissions and yield each when it is done.

    Parameters
    ----------
    jobs : int
        How many processes judge at once. One submission is judged in this process, since nobody waits behind it.
    """
    before = {name: reports.load(grading.course.root, grading.assignment, name) for name in names}
    limits, ours = read_limits(read_settings(grading.course)), hashes(grading)
    with open_released(grading) as book, ExitStack() as stack:
        if len(names) < 2:
            setup = stack.enter_context(open_setup(grading, limits))
            outcomes: Iterator[tuple[str, GradeReport | str]] = (
                (name, _tried(grade, book, setup, name, hashes=ours)) for name in names
            )
        else:
            processes = pool(open_setup, (grading, limits), jobs=min(jobs, len(names)), begin=die_with_parent)
            outcomes = _side_by_side(book, stack.enter_context(processes), names, hashes=ours)
        for name, outcome in outcomes:
            if isinstance(outcome, str):
                yield Graded(name, None, before[name], failure=outcome)
            else:
                yield Graded(name, outcome, before[name])


def _tried(work: Callable[..., T], *args: Any, **words: Any) -> T | str:
    """Return what was made, or what went wrong on our side: the other submissions go on."""
    try:
        return work(*args, **words)
    except HostError:
        raise
    except GradekitError as error:
        return str(error)
    except Exception:  # noqa: BLE001  (one submission that we fail on must not stop the class)
        return traceback.format_exc(limit=-3).strip()


# --- several processes -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _UnderWay:
    """A submission that is taken in and not recorded yet; its stage goes when it is closed."""

    hand_in: HandIn
    packed: bytes
    stage: Path
    closing: ExitStack


def _side_by_side(
    book: ReleasedAssignment, judges: Pool[Setup], names: Sequence[str], *, hashes: Mapping[str, str]
) -> Iterator[tuple[str, GradeReport | str]]:
    """Take in, have judged, record: several submissions at once, each in a stage of its own.

    Whose job process ended is tried once more, alone and after all others; ends that one too, it is given up.
    """
    ended: list[str] = []
    for name, outcome in _had_judged(book, judges, names, hashes=hashes):
        if isinstance(outcome, Broken):
            ended.append(name)
        else:
            yield name, outcome
    for name in ended:
        for given_up in (False, True):
            ((_, outcome),) = _had_judged(book, judges, [name], hashes=hashes, given_up=given_up)
            if not isinstance(outcome, Broken):
                break
        yield name, "one of gradekit's own processes ended" if isinstance(outcome, Broken) else outcome


def _had_judged(
    book: ReleasedAssignment,
    judges: Pool[Setup],
    names: Sequence[str],
    *,
    hashes: Mapping[str, str],
    given_up: bool = False,
) -> Iterator[tuple[str, GradeReport | str | Broken]]:
    # Every step of the judging has a bound of its own: this is for what none of them ends.
    seconds = 2 * read_limits(book.config).submission_s + START_S
    under_way: dict[str, _UnderWay] = {}
    failed: list[tuple[str, str]] = []

    def taken_in() -> Iterator[tuple[str, bytes]]:
        for name in names:
            found = _tried(_take_in, book, name, given_up=given_up)
            if isinstance(found, str):
                failed.append((name, found))
            else:
                under_way[name] = found
                yield name, found.packed

    try:
        for (name, _), answer in judges.run(_judge_there, taken_in(), seconds=seconds):
            found = under_way.pop(name)
            with found.closing:
                yield name, _tried(_recorded, book, found, answer, hashes=hashes)
            while failed:
                yield failed.pop()
        yield from failed
    finally:
        for found in under_way.values():
            found.closing.close()


def _take_in(book: ReleasedAssignment, name: str, *, given_up: bool) -> _UnderWay:
    with ExitStack() as closing:
        stage = closing.enter_context(open_stage(Path(book.directory.root)))
        hand_in = take_in(book, name, stage)
        hand_in = give_up(hand_in) if given_up else hand_in
        return _UnderWay(hand_in, pack_hand_in(hand_in), stage, closing.pop_all())


def _judge_there(setup: Setup, item: tuple[str, bytes]) -> bytes | str:
    """Judge in a job process; return what that has brought, or what went wrong on our side.

    A process without memory, or whose template is gone, ends: whoever comes next gets a new one.
    """

    def judged() -> bytes:
        """Judge, or end this process."""
        try:
            return pack_judged(judge(setup, unpack_hand_in(item[1])))
        except MemoryError:
            sys.exit(AGAIN)
        except HostError:
            if setup.template.ended:
                sys.exit(AGAIN)
            raise

    return _tried(judged)


def _recorded(
    book: ReleasedAssignment, found: _UnderWay, answer: bytes | str | Broken, *, hashes: Mapping[str, str]
) -> GradeReport | str | Broken:
    if isinstance(answer, str | Broken):
        return answer
    return record(book, found.hand_in, unpack_judged(answer), stage=found.stage, hashes=hashes)
