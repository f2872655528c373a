"""One submission in, its verdicts out: runs a learner's cells in a worker and judges each exercise where it stands.

The worker holds the learner's notebook and nothing else; the hidden tests run here and call over the line. Where a
worker is lost, a fresh one replays the cells without the culprit. Follow-through runs in workers of its own, after
every first verdict is fixed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gradekit.bounds import bounded_time
from gradekit.course.notebook import exercise_of, is_as_given_out
from gradekit.diagnosis.case import Attempt
from gradekit.diagnosis.diagnose import diagnose
from gradekit.diagnosis.further import ask_further
from gradekit.diagnosis.own_cost import is_own_gradient, of_own_cost
from gradekit.grade.allowance import allowances
from gradekit.grade.budget import Budget
from gradekit.grade.doubt import doubted, doubted_inline
from gradekit.grade.inline import Refused, inline_score
from gradekit.isolation.session import Session
from gradekit.isolation.template import GRACE_S, Template
from gradekit.judging.judge import explain, judge
from gradekit.judging.line import LearnerError
from gradekit.judging.transcript import Transcript
from gradekit.model import MAX_NOTES, CellRun, ExerciseResult, InlineResult, JudgedNotebook, Note, Role, TestResult
from gradekit.score import lost, second_counts
from gradekit.text import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from gradekit.judging.assignment import Assignment
    from gradekit.judging.catalogue import Misconception
    from gradekit.judging.transcript import Event
    from gradekit.model import Cell, Diagnosis, Limits
from gradekit.grade.live import REPLAYS, Exhausted, LiveNotebook, error_run

UNDRAWN = "(not drawn when this was graded; to have it drawn: gradekit grade --figures all)"
LATEST_S = 3 * GRACE_S  # behind an exercise's deadline: by then every question over the line has ended


@dataclass(frozen=True)
class Upon:
    """What an exercise is judged again upon: the same of these is judged the same, in a worker of its own.

    Attributes
    ----------
    before : tuple of str
        The code cells before its own; their definitions are run, but for `without`.
    without : tuple of str
        The names that the reference's functions stand for.
    source : str
        The learner's cell.
    """

    exercise: str
    before: tuple[str, ...]
    without: tuple[str, ...]
    source: str


def _anew(upon: Upon, judge_again: Callable[[Upon], Attempt | None]) -> Attempt | None:
    """Judge an exercise again, whatever was judged before: a learner's code may answer otherwise each time."""
    return judge_again(upon)


def grade_cells(  # noqa: PLR0913  (each a thing of its own, none with a natural default)
    cells: Sequence[Cell],
    assignment: Assignment | None,
    *,
    template: Template,
    limits: Limits,
    files: Path,
    seed: bytes,
    catalogue: Sequence[Misconception] = (),
    all_cells: bool = False,
    budget: Budget | None = None,
    beside: Mapping[str, bytes] = MappingProxyType({}),
    doubts: Mapping[str, str] | None = None,
    again: Callable[[Upon, Callable[[Upon], Attempt | None]], Attempt | None] = _anew,
    undrawn: Collection[int] = (),
) -> JudgedNotebook:
    """Run a notebook's cells and judge its exercises; whoever asks knows its name.

    Parameters
    ----------
    cells : sequence of Cell
        Repaired: the source's locked and test cells in their places.
    assignment : Assignment or None
        The hidden tests; None where the notebook has none.
    files : Path
        The submission's files, copied into the worker's scratch folder; what the cells write there is added to them.
    seed : bytes
        What fresh inputs follow from: secret, the same for the whole class and when graded again, so that the same code
        gets the same score.
    catalogue : sequence of Misconception
        The wrong answers that an exercise which lost points is compared with.
    all_cells : bool
        Go on after the last graded cell.
    budget : Budget, optional
        The submission's; where there is none, the notebook has one to itself.
    beside : mapping of str to bytes
        More that lies in the worker's folder: the notebook's own file.
    doubts : mapping of str to str, optional
        By grade_id of a solution cell: why it may not be the whole answer.
    again : callable
        Gets what an exercise is to be judged again upon, and what judges it: for who remembers it of code of our own.
    undrawn : collection of int
        The positions of the cells whose figures are not drawn.
    """
    live = LiveNotebook(template, limits, files=files, beside=beside, budget=budget or Budget(limits))
    run = _Run(cells, assignment, live, seed, catalogue, undrawn)
    try:
        for cell in cells if all_cells else cells[: _last_graded(cells) + 1]:
            if cell.kind == "code":
                run.take(cell)
        exercises = doubted(_decided(run, limits, again), assignment, doubts or {})
        brought = run.live.bring_back()
    finally:
        run.live.end()
    run.show(exercises)
    notes = (*_notes(run, exercises), *map(Note, brought))
    inline = tuple(doubted_inline(run.inline, cells, doubts or {}))
    return JudgedNotebook("", run.outputs, exercises, inline, notes, run.times)


def _decided(
    run: _Run, limits: Limits, again: Callable[[Upon, Callable[[Upon], Attempt | None]], Attempt | None]
) -> tuple[ExerciseResult, ...]:
    """Judge again what lost points, each exercise upon right earlier functions, and name the mistakes."""

    def judge_again(upon: Upon) -> Attempt | None:
        """Judge in a fresh worker."""
        return _judged_again(run, upon, limits)

    with run.clock("follow_through"):
        due = [_due(run, result) for result in run.exercises]
        followed = [
            (result, again(upon, judge_again) if upon is not None else None)
            for result, upon in zip(run.exercises, due, strict=True)
        ]
    with run.clock("diagnosis"):
        return tuple(_diagnosed(run, first, second) for first, second in followed)


def _notes(run: _Run, exercises: Sequence[ExerciseResult]) -> tuple[Note, ...]:
    """Say which exercises could not be judged in the notebook, or not again, and which cells were stopped."""
    unbuilt = [result.exercise for result in exercises if lost(result) and result.exercise in run.unbuilt]
    ended = f"the notebook ended its process more than {REPLAYS} times"
    said = [Note(f"not judged as part of it: {listed(unbuilt)}: {ended}")] if unbuilt else []
    if run.late:
        why = "the submission's time was used up"
        said.append(Note(f"not judged again upon right earlier functions: {listed(run.late)}: {why}"))
    for why, names in run.stopped.items():
        said.append(Note(f"not run to the end: {listed(names)}: {why}"))
    more = (Note(f"and {len(said) - MAX_NOTES:,} more reasons"),) if len(said) > MAX_NOTES else ()
    return (*said[:MAX_NOTES], *more)


def _last_graded(cells: Sequence[Cell]) -> int:
    return max(
        (cell.index for cell in cells if cell.role in (Role.TEST, Role.MANUAL, Role.TASK)), default=len(cells) - 1
    )


@dataclass
class _Run:
    """One notebook on its way through the worker.

    Attributes
    ----------
    unbuilt : list of str
        The exercises that had to wait for follow-through, since the notebook could not be built again.
    late : list of str
        The exercises that were not judged again upon right earlier functions, since the submission's time was up.
    stopped : dict of str to list of str
        Why cells did not come to their end, and their names.
    refused : Refused
        The rights that cells were refused.
    """

    cells: Sequence[Cell]
    assignment: Assignment | None
    live: LiveNotebook
    seed: bytes
    catalogue: Sequence[Misconception]
    undrawn: Collection[int]
    outputs: dict[int, CellRun] = field(default_factory=dict)
    exercises: list[ExerciseResult] = field(default_factory=list)
    inline: list[InlineResult] = field(default_factory=list)
    unbuilt: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    stopped: dict[str, list[str]] = field(default_factory=dict)
    refused: Refused = field(default_factory=Refused)
    times: dict[str, float] = field(default_factory=dict)
    transcripts: dict[str, Transcript] = field(default_factory=dict)  # of exercises that lost points

    def clock(self, name: str) -> _Clock:
        """Add the time of a with block to that name."""
        return _Clock(self.times, name)

    def take(self, cell: Cell) -> None:
        """Run a cell, or judge the exercise that it grades."""
        if self.has_hidden_tests(cell):
            with self.clock("tests"):
                self.exercises.append(self._judge(exercise_of(cell.grade_id)))
            return
        with self.clock("cells"):
            done = self._run(cell)
        self.outputs[cell.index] = self.live.budget.kept(done)
        if cell.role is Role.TEST and cell.points > 0:
            found = inline_score(cell, done)  # of all that it showed: no result would be full marks
            self.inline.append(self.refused.judged(found, done))
        self.refused.note(done)

    def _run(self, cell: Cell) -> CellRun:
        try:
            return self.live.run(cell.source, undrawn=UNDRAWN if cell.index in self.undrawn else "")
        except LearnerError as error:
            self.stopped.setdefault(error.text, []).append(cell.grade_id or cell.id or f"number {cell.index + 1}")
            return error_run(error)

    def has_hidden_tests(self, cell: Cell) -> bool:
        """Tell whether a cell is one that hidden tests stand for: it is not run."""
        if cell.role is not Role.TEST or self.assignment is None:
            return False
        graded = {exercise.graded for exercise in self.assignment.exercises if exercise.name in self.assignment.tested}
        return cell.grade_id in graded

    def _judge(self, name: str) -> ExerciseResult:
        assert self.assignment is not None
        try:
            session = self.live.session()
        except Exhausted as error:
            self.unbuilt.append(name)
            tests = [
                TestResult(test.name, test.sentence, test.weight, error.verdict, f"{error}.", error=error.kind)
                for test in self.assignment.tested[name].tests
            ]
            found = self.assignment.exercise(name)
            return ExerciseResult(name, found.points, 0.0, tuple(tests), graded=found.graded)
        transcript = Transcript()
        with session.exercise():
            bound = _bound(session)
            result = judge(self.assignment, name, session, seed=self.seed, transcript=transcript, bound=bound)
        if lost(result):
            self.transcripts[name] = transcript
        return result

    def show(self, results: Sequence[ExerciseResult]) -> None:
        """Put exercises' results where nbgrader looks for them: as the outputs of their graded cells."""
        for result in results:
            self._show(result)

    def _show(self, result: ExerciseResult) -> None:
        (cell,) = [cell for cell in self.cells if cell.grade_id == result.graded]
        shown: list[dict[str, Any]] = [{"output_type": "stream", "name": "stdout", "text": explain(result) + "\n"}]
        if result.score is not None:
            data = {"text/plain": repr(result.score)}
            shown.append({"output_type": "execute_result", "execution_count": None, "data": data, "metadata": {}})
        self.outputs[cell.index] = CellRun(ok=True, outputs=shown, count=None)


def _bound(session: Session) -> Callable[[], AbstractContextManager[None]]:
    """Return what bounds the time of each hidden test itself: on an answer's values it may have much to compute."""
    return lambda: bounded_time(session.line.deadline + LATEST_S)


class _Clock:
    def __init__(self, times: dict[str, float], name: str) -> None:
        self._times, self._name = times, name

    def __enter__(self) -> None:
        self._begin = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._times[self._name] = self._times.get(self._name, 0.0) + time.perf_counter() - self._begin


def _due(run: _Run, first: ExerciseResult) -> Upon | None:
    """Return what an exercise is to be judged again upon; None where that is not due.

    It is due where points were lost that an earlier mistake may have cost, or where the exercise could not be judged
    because the notebook had ended its process too often; and only where its cell was begun at all.
    """
    assert run.assignment is not None
    earlier = run.assignment.earlier(first.exercise)
    named = run.assignment.exercise(first.exercise).stub.grade_id
    stub = next(cell for cell in run.cells if cell.grade_id == named)
    if not (earlier or first.exercise in run.unbuilt) or not _follow_through_is_due(run, first, stub):
        return None
    before = tuple(
        cell.source for cell in run.cells[: stub.index] if cell.kind == "code" and not run.has_hidden_tests(cell)
    )
    return Upon(first.exercise, before, tuple(earlier), stub.source)


def _judged_again(run: _Run, upon: Upon, limits: Limits) -> Attempt | None:
    """Judge an exercise again, in a fresh worker with the reference's earlier functions as stubs."""
    assert run.assignment is not None
    if run.live.budget.is_over:
        run.late.append(upon.exercise)
        return None
    allowed = allowances(run.assignment, upon.exercise, seed=run.seed)
    transcript = Transcript()
    own = time.monotonic() + limits.exercise_s + limits.cell_s
    session = Session(run.live.fork(), limits, min(own, run.live.budget.deadline))
    try:
        session.bind(run.assignment.earlier(upon.exercise))
        session.define(list(upon.before), without=upon.without)
        session.run_cell(upon.source, keep=False)
        with session.exercise():
            second = judge(
                run.assignment,
                upon.exercise,
                session,
                seed=run.seed,
                transcript=transcript,
                begin=lambda test: session.stubs.allow(allowed[test]),
                bound=_bound(session),
            )
            session.stubs.allow(sum(allowed.values()))
            further = ask_further(run.assignment, second, session, seed=run.seed) if lost(second) else {}
    except LearnerError:
        return None
    finally:
        session.end()
    return Attempt(second, transcript, further) if second.score is not None else None


def _follow_through_is_due(run: _Run, first: ExerciseResult, stub: Cell) -> bool:
    assert run.assignment is not None
    if is_as_given_out(stub.source, run.assignment.exercise(first.exercise).stub.source):
        return False
    return first.exercise in run.unbuilt or (lost(first) and not _earlier_are_right(run, first.exercise))


def _earlier_are_right(run: _Run, name: str) -> bool:
    """Tell whether every exercise before that one earned its points by the learner's own functions."""
    assert run.assignment is not None
    names = [exercise.name for exercise in run.assignment.exercises]
    before = names[: names.index(name)]
    return all(result.score == result.points for result in run.exercises if result.exercise in before)


def _diagnosed(run: _Run, first: ExerciseResult, second: Attempt | None) -> ExerciseResult:
    """Return the judging that counts of two, with a diagnosis where points were lost all the same."""
    result = first
    if second is not None and second_counts(first, second.result):
        result = replace(second.result, follow_through=True)
    if not lost(result) or run.live.budget.is_over:
        return result
    return replace(result, diagnosis=_diagnosis(run, first, second))


def _diagnosis(run: _Run, first: ExerciseResult, second: Attempt | None) -> Diagnosis | None:
    """Diagnose what an exercise answered upon right earlier functions: the learner's own, or the reference's."""
    assert run.assignment is not None
    own_are_right = _earlier_are_right(run, first.exercise)
    session = run.live.current
    attempts = [second] if second is not None else []
    if own_are_right and first.exercise in run.transcripts:
        attempts.insert(0, Attempt(first, run.transcripts[first.exercise], _further(run, first)))
    found = diagnose(run.assignment, run.catalogue, attempts, seed=run.seed, deadline=run.live.budget.deadline)
    if own_are_right or session is None:
        return found
    with session.exercise():
        own = is_own_gradient(run.assignment, first.exercise, session, seed=run.seed)
    return of_own_cost(found) if own else found


def _further(run: _Run, first: ExerciseResult) -> Mapping[str, Sequence[Event]]:
    """Ask a learner's notebook, as it is in the end, what the tests of an exercise would have asked further."""
    session = run.live.current
    if session is None or run.assignment is None:
        return {}
    with session.exercise():
        return ask_further(run.assignment, first, session, seed=run.seed)
