"""A learner's exercise beside the right answers and beside known wrong ones: who answers every question alike.

The hidden tests ask each known wrong answer on the trusted side, on the inputs that they asked the learner on, until it
answers otherwise.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit.bounds import bounded_memory, bounded_time
from gradekit.diagnosis.further import TEST_BYTES, try_onward
from gradekit.diagnosis.likeness import How, is_numeric, same, says_something, tells
from gradekit.judging.inprocess import InProcess, quiet
from gradekit.judging.judge import try_test
from gradekit.judging.line import LearnerError
from gradekit.judging.transcript import RecordingLine, Transcript
from gradekit.model import PROPERTY, TestResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import CodeType

    from gradekit.judging.assignment import Assignment
    from gradekit.judging.declare import HiddenTest
    from gradekit.judging.transcript import Event
    from gradekit.model import ExerciseResult


CALL_S = 1.0  # of a known wrong answer, in one call; an honest one takes milliseconds
EXERCISE_S = 10.0  # for the whole catalogue of an exercise; then nothing is named, since not all was compared
ENOUGH = 2  # answers that say something


class TooLong(Exception):
    """The time for an exercise's diagnosis is used up."""


class Differs(LearnerError):
    """The known wrong answer is not the learner's: ends the test."""

    KIND = "Differs"

    def __init__(self) -> None:
        super().__init__(self.KIND, "")


@dataclass(frozen=True)
class Attempt:
    """One judging of a learner's exercise, with what the learner's code answered.

    Attributes
    ----------
    further : mapping of str to list of Event
        Of tests that were lost: all that :func:`gradekit.diagnosis.further.ask_further` was answered.
    """

    result: ExerciseResult
    transcript: Transcript
    further: Mapping[str, Sequence[Event]] = field(default_factory=dict)


def answers_at_all(assignment: Assignment, attempt: Attempt) -> bool:
    """Tell whether an exercise's own code answered at all; that of a stub raises."""
    own = assignment.exercise(attempt.result.exercise).defines
    events = (event for events in attempt.transcript.events.values() for event in events)
    answers = (event for event in events if event.target[0] in own and not isinstance(event.answer, LearnerError))
    return attempt.transcript.whole and any(answers)


class Case:
    """An attempt beside the right answers to the same questions."""

    def __init__(self, assignment: Assignment, attempt: Attempt, seed: bytes, deadline: float) -> None:
        self.assignment, self.attempt, self.seed = assignment, attempt, seed
        self.name = attempt.result.exercise
        self.further = attempt.further
        self.given = attempt.transcript.events
        self.results = {result.test: result for result in attempt.result.tests if result.test in self.given}
        self.own = set(assignment.exercise(self.name).defines)
        self.deadline = min(time.monotonic() + EXERCISE_S, deadline)
        self.right: dict[str, Sequence[Event]] = {}
        for test in self.tests(attempt.further):
            self.right[test.name] = self._right(test)

    def _right(self, test: HiddenTest) -> Sequence[Event]:
        """Return what the solution answers in a test, found out once for a class."""
        memory, key = self.assignment.memory, (self.name, test.name, self.seed)
        if key in memory.events:
            return memory.events[key]
        right = Transcript()
        result = self.ask(test, dict(self.assignment.solution), right.of(test.name))
        if result.verdict is Verdict.AC:  # else it was stopped on its way, and may be asked again
            memory.keep(key, right.events[test.name])
        return right.events[test.name]

    @property
    def goes_on(self) -> bool:
        """Whether what was answered further begins with what was answered while it was judged."""
        begun = ((self.given.get(test, []), events) for test, events in self.further.items())
        return all(
            len(events) >= len(begin)
            and all(
                _path(one) == _path(other) and one.changed == other.changed and same(one.answer, other.answer, None)
                for one, other in zip(begin, events, strict=False)
            )
            for begin, events in begun
        )

    def tests(self, further: Iterable[str] = ()) -> list[HiddenTest]:
        """Return the tests that the learner's code was asked in, in their order: what it remembers, it heard so."""
        asked = {*self.given, *further}
        return [test for test in self.assignment.tested[self.name].tests if test.name in asked]

    def ask(
        self, test: HiddenTest, names: dict[str, Any], note: Callable[[Event], None], *, onward: bool = False
    ) -> TestResult:
        """Run a test upon a namespace of ours."""
        line = RecordingLine(_Bounded(names, self.deadline), note)
        if onward:
            return try_onward(self.assignment, self.name, test, line, seed=self.seed, until=self.deadline)
        with bounded_memory(TEST_BYTES), quiet():
            return try_test(self.assignment, self.name, test, line, seed=self.seed)

    def concerns(self, event: Event) -> bool:
        """Tell whether an answer is the exercise's own: of its functions and of the objects that they made."""
        return not isinstance(event.target[0], str) or event.target[0] in self.own

    def steps(self) -> Iterator[tuple[Event, Event]]:
        """Yield all the learner's answers of its own, each with the right one."""
        for test in self.tests(self.further):
            given = self.further.get(test.name, self.given.get(test.name, []))
            for mine, right in zip(given, self.right[test.name], strict=False):
                if self.concerns(mine):
                    yield mine, right

    @cached_property
    def evidence(self) -> bool:
        """Whether the answers are enough to know a mistake by: at least two that say something, and one that is wrong.

        Two wrong ones of which each tells something are. One is, or an error, or a NaN, beside right answers.
        Where zeros are all that is wrong, every test must have been asked up to its end.
        """
        steps = list(self.steps())
        wrong = [(given, right) for given, right in steps if not is_right(given, right)]
        telling = sum(tells(given.answer, right.answer) for given, right in wrong)
        says = sum(says_something(given.answer) for given, _ in steps)
        if telling >= ENOUGH or not wrong:
            return telling >= ENOUGH
        ended = {test for test, result in self.results.items() if result.verdict is not Verdict.AC}
        nothing = not telling and all(
            is_numeric(given.answer) and np.isfinite(given.answer).all() and not given.changed for given, _ in wrong
        )
        return says >= ENOUGH and not (nothing and ended - self.further.keys())


def is_right(given: Event, right: Event) -> bool:
    """Tell whether an answer is the right one, and whether what it did to its arguments is."""
    return given.changed == right.changed and same(given.answer, right.answer, right.answer)


class _Bounded(InProcess):
    """A namespace of ours whose calls are bounded in time; memory and what is printed are, for a whole test."""

    def __init__(self, namespace: dict[str, Any], deadline: float) -> None:
        super().__init__(namespace)
        self._deadline = deadline

    @contextmanager
    def _learner(self) -> Iterator[None]:
        until = min(time.monotonic() + CALL_S, self._deadline)
        with self._caught(), bounded_time(until):
            yield


def explains(case: Case, label: str, source: str, how: How) -> bool:
    """Tell whether a known wrong answer gives all of the learner's: first as they were judged, then those beyond."""
    if time.monotonic() >= case.deadline:
        raise TooLong
    tests = case.tests()
    known = source if how is not How.LOOSELY else ""  # what is drawn comes otherwise each time
    if tests and known and _differs_at_once(case, tests[0], known, how):
        return False
    names = dict(case.assignment.solution)  # freshly run: what it remembers, it has not begun to
    try:
        exec(_compiled(source, label), names)  # noqa: S102  (our own catalogue)
    except Exception:  # noqa: BLE001  (two known mistakes in one class may be one too many)
        return False
    if not all(_agrees(case, test, names, how, source=known if test is tests[0] else "") for test in tests):
        return False
    beyond = [test for test in case.tests(case.further) if test.name in case.further]
    return how is How.LOOSELY or all(_agrees(case, test, names, how, onward=True) for test in beyond)


@lru_cache(maxsize=4096)  # once for a class
def _compiled(source: str, label: str) -> CodeType:
    return compile(source, f"<misconception {label}>", "exec")


def _differs_at_once(case: Case, test: HiddenTest, source: str, how: How) -> bool:
    """Tell whether what a known wrong answer gave before, asked the same, is not the learner's."""
    compare = _same_answers(case, iter(case.given[test.name]), iter(case.right[test.name]), how)
    try:
        for event in case.assignment.memory.events.get((case.name, test.name, case.seed, source), ()):
            compare(event)
    except Differs:
        return True
    return False


def _agrees(  # noqa: PLR0913  (what is asked whom, and how)
    case: Case, test: HiddenTest, names: dict[str, Any], how: How, *, onward: bool = False, source: str = ""
) -> bool:
    """Tell whether a namespace answers a test as the learner did, and is accepted or rejected as they were.

    Parameters
    ----------
    source : str
        What the namespace was made of, where nothing was asked of it before.
    """
    given = iter(case.further[test.name] if onward else case.given[test.name])
    compare = _same_answers(case, given, iter(case.right[test.name]), how)
    if source:
        compare = case.assignment.memory.listening((case.name, test.name, case.seed, source), compare)
    result = case.ask(test, names, compare, onward=onward)
    if result.verdict is Verdict.IE and not onward:
        return False
    if result.error == Differs.KIND or next(given, None) is not None:
        return False
    theirs = case.results.get(test.name)
    if theirs is None:
        return True  # it was not judged
    accepted = result.verdict is Verdict.AC
    return accepted == (theirs.verdict is Verdict.AC) and (how is not How.LOOSELY or _alike(result, theirs))


def _same_answers(case: Case, given: Iterator[Event], right: Iterator[Event], how: How) -> Callable[[Event], None]:
    """Return what ends a test at the first answer that is not the learner's."""

    def compare(known: Event) -> None:
        mine, wanted = next(given, None), next(right, None)
        if mine is None or _path(mine) != _path(known):
            raise Differs
        answer = wanted.answer if wanted is not None else None
        alike = mine.changed == known.changed and same(mine.answer, known.answer, answer, how=how)
        if case.concerns(known) and not alike:
            raise Differs

    return compare


def _alike(one: TestResult, other: TestResult) -> bool:
    """Tell whether a test ended in the same way; one property that does not hold may be any other than another."""
    if one.kind == PROPERTY:
        return False
    return (one.verdict, one.kind, one.error) == (other.verdict, other.kind, other.error)


def _path(event: Event) -> tuple[str, ...]:
    """Return whom an event asks, without the numbers that each line gives its objects."""
    return tuple(part if isinstance(part, str) else "" for part in event.target)
