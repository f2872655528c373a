"""Name the mistake: which known wrong answer gives the learner's answers, or what else they are.

The learner's code is not run for it. While the hidden tests ran, every answer was kept; here the same tests, on the
same inputs, ask each known wrong answer of the catalogue, on the trusted side, until it answers otherwise. Nothing of
the learner's reaches it. One exception: whether an answer is the gradient of a cost of the learner's own is asked in
their worker, as the hidden tests ask.

A wrong name is worse than none, so one is given only where the answers agree in every test, or in most of what was
lost, and nothing else in the catalogue explains as much.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit.bounds import bounded_memory, bounded_time, can_bound_time
from gradekit.judging.declare import HiddenTest
from gradekit.judging.inprocess import InProcess
from gradekit.judging.judge import try_test
from gradekit.judging.likeness import RTOL, TELLING, ratio, same, wrong_numbers
from gradekit.judging.line import LearnerError
from gradekit.judging.transcript import RecordingLine, Transcript
from gradekit.model import PROPERTY, Diagnosis, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gradekit.judging.assignment import Assignment
    from gradekit.judging.catalogue import Misconception
    from gradekit.judging.declare import Expect, GradientTest
    from gradekit.judging.line import Line, Student
    from gradekit.judging.reference import Reference
    from gradekit.judging.transcript import Event
    from gradekit.model import ExerciseResult, TestResult


CALL_S = 1.0  # of a known wrong answer, in one call; an honest one takes milliseconds
EXERCISE_S = 10.0  # for the whole catalogue of an exercise; then nothing is named, since not all was compared
CALL_BYTES = 2**30
DIRECTIONS = 2  # for each parameter; one that agrees by chance is as good as impossible
STEP = 1e-5  # near the cube root of the machine precision, where rounding and truncation balance
FLAT = 1e-4  # slopes below it are a cost that does not move


@dataclass(frozen=True)
class Attempt:
    """One judging of a learner's exercise, with what the learner's code answered."""

    result: ExerciseResult
    transcript: Transcript


class Differs(LearnerError):
    """The known wrong answer is not the learner's: ends the test."""

    KIND = "Differs"

    def __init__(self) -> None:
        super().__init__(self.KIND, "")


class TooLong(Exception):
    """The time for an exercise's diagnosis is used up."""


# --- the catalogue ---------------------------------------------------------------------------------------------------


def diagnose(
    assignment: Assignment, catalogue: Sequence[Misconception], attempts: Sequence[Attempt], *, seed: bytes
) -> Diagnosis | None:
    """Name the mistake in an exercise that lost points; None where it is not known.

    Parameters
    ----------
    attempts : sequence of Attempt
        Those that tell of this exercise alone: the earlier functions were right, the learner's own or the reference's.
    seed : bytes
        The one that the exercise was judged with.
    """
    if not can_bound_time():
        return None  # a wrong answer that never ends would hold this thread for ever
    before = np.random.get_state()  # noqa: NPY002  (the exercises draw from the global generator)
    try:
        known = [_Known(assignment, attempt, seed) for attempt in attempts if _says_something(assignment, attempt)]
        found = (look(case, catalogue) for look in (_whole, _mostly, _factor) for case in known)
        return next((item for item in found if item is not None), None)
    except TooLong:
        return None
    finally:
        np.random.set_state(before)  # noqa: NPY002


def _says_something(assignment: Assignment, attempt: Attempt) -> bool:
    """Tell whether an exercise's own code answered at all; that of a stub raises."""
    own = assignment.exercise(attempt.result.exercise).defines
    events = (event for events in attempt.transcript.events.values() for event in events)
    answers = (event for event in events if event.target[0] in own and not isinstance(event.answer, LearnerError))
    return attempt.transcript.whole and any(answers)


class _Known:
    """An attempt beside the right answers to the same questions."""

    def __init__(self, assignment: Assignment, attempt: Attempt, seed: bytes) -> None:
        self.assignment, self.seed = assignment, seed
        self.name = attempt.result.exercise
        self.given = attempt.transcript.events
        self.results = {result.test: result for result in attempt.result.tests if result.test in self.given}
        self.own = set(assignment.exercise(self.name).defines)
        self.deadline = time.monotonic() + EXERCISE_S
        right = Transcript()
        for test in self.tests():
            self.ask(test, dict(assignment.solution), right.of(test.name))
        self.right = right.events

    def tests(self) -> list[HiddenTest]:
        """Return the tests that the learner's code was asked in."""
        return [test for test in self.assignment.tested[self.name].tests if test.name in self.given]

    def ask(self, test: HiddenTest, names: dict[str, Any], note: Callable[[Event], None]) -> TestResult:
        """Run a test upon a namespace of ours."""
        line = RecordingLine(_Bounded(names, self.deadline), note)
        return try_test(self.assignment, self.name, test, line, seed=self.seed)

    def concerns(self, event: Event) -> bool:
        """Tell whether an answer is the exercise's own: of its functions and of the objects that they made."""
        return not isinstance(event.target[0], str) or event.target[0] in self.own

    def steps(self, test: str) -> Iterator[tuple[Event, Event]]:
        """Yield the learner's answers of its own in a test, each with the right one."""
        for given, right in zip(self.given[test], self.right[test], strict=False):
            if self.concerns(given):
                yield given, right


class _Bounded(InProcess):
    """A namespace of ours whose calls are bounded in time and memory."""

    def __init__(self, namespace: dict[str, Any], deadline: float) -> None:
        super().__init__(namespace)
        self._deadline = deadline

    @contextmanager
    def _learner(self) -> Iterator[None]:
        until = min(time.monotonic() + CALL_S, self._deadline)
        with super()._learner(), bounded_memory(CALL_BYTES), bounded_time(until):
            yield


def _whole(case: _Known, catalogue: Sequence[Misconception]) -> Diagnosis | None:
    """Name the one misconception whose answers agree with the learner's in every test."""
    mine = [item for item in catalogue if item.exercise == case.name and _answered(case)]
    for random in (False, True):  # numbers that agree say more than a pattern of right and wrong
        found = [item for item in mine if item.random is random and _explains(case, item)]
        if found:
            return _only(found, mine)
    return None


def _only(found: Sequence[Misconception], catalogue: Sequence[Misconception]) -> Diagnosis | None:
    """Name what was found where it is one thing: those that are declared to be like another count as that one."""
    labels = {item.like or item.label for item in found}
    if len(labels) > 1:
        return None
    (item,) = [item for item in catalogue if item.label in labels]
    return Diagnosis(item.label, item.title, item.message, item.justification)


def _explains(case: _Known, item: Misconception) -> bool:
    names = _namespace(case, item)
    return all(_agrees(case, test, names, loosely=item.random) for test in case.tests())


def _answered(case: _Known) -> bool:
    """Tell whether there is a wrong answer at all: errors alone, of shapes that do not fit, come from many mistakes."""
    steps = (step for test in case.tests() for step in case.steps(test.name))
    return any(
        not isinstance(given.answer, LearnerError)
        and not (given.changed == right.changed and same(given.answer, right.answer, right.answer))
        for given, right in steps
    )


def _mostly(case: _Known, catalogue: Sequence[Misconception]) -> Diagnosis | None:
    """Name the one misconception that explains most of what was lost, beside another mistake.

    It must be right wherever the learner is, and what it explains must be told by numbers, not by an error or a NaN.
    """
    mine = [item for item in catalogue if item.exercise == case.name and not item.random]
    weights = {item.label: _explained(case, item) for item in mine}
    lost = sum(result.weight for result in case.results.values() if result.verdict is not Verdict.AC)
    most = max(weights.values(), default=0)
    return _only([item for item in mine if weights[item.label] == most], mine) if 2 * most > lost else None


def _explained(case: _Known, item: Misconception) -> int:
    """Return the weight of the lost tests that a misconception explains."""
    names, weight = _namespace(case, item), 0
    for test in case.tests():
        accepted = case.results[test.name].verdict is Verdict.AC
        if accepted and case.ask(test, names, lambda _: None).verdict is not Verdict.AC:
            return 0
        if not accepted and _agrees(case, test, names) and _telling(case, test.name):
            weight += test.weight
    return weight


def _telling(case: _Known, test: str) -> bool:
    return any(wrong_numbers(given.answer, right.answer).size >= TELLING for given, right in case.steps(test))


def _namespace(case: _Known, item: Misconception) -> dict[str, Any]:
    """Return the solution with a misconception in it, freshly run: what it remembers, it has not begun to."""
    if time.monotonic() >= case.deadline:
        raise TooLong
    names = dict(case.assignment.solution)
    exec(compile(item.source, f"<misconception {item.label}>", "exec"), names)  # noqa: S102  (our own catalogue)
    return names


def _agrees(case: _Known, test: HiddenTest, names: dict[str, Any], *, loosely: bool = False) -> bool:
    """Tell whether a namespace answers a test as the learner did, and is accepted or rejected as they were."""
    given = iter(case.given[test.name])
    result = case.ask(test, names, _same_answers(case, given, iter(case.right[test.name]), loosely=loosely))
    if result.verdict is Verdict.IE or result.error == Differs.KIND or next(given, None) is not None:
        return False
    theirs = case.results[test.name]
    accepted = result.verdict is Verdict.AC
    return accepted == (theirs.verdict is Verdict.AC) and (not loosely or _alike(result, theirs))


def _same_answers(
    case: _Known, given: Iterator[Event], right: Iterator[Event], *, loosely: bool
) -> Callable[[Event], None]:
    """Return what ends a test at the first answer that is not the learner's."""

    def compare(known: Event) -> None:
        mine, wanted = next(given, None), next(right, None)
        if mine is None or _path(mine) != _path(known):
            raise Differs
        answer = wanted.answer if wanted is not None else None
        alike = mine.changed == known.changed and same(mine.answer, known.answer, answer, loosely=loosely)
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


# --- without the catalogue -------------------------------------------------------------------------------------------


def _factor(case: _Known, _catalogue: Sequence[Misconception]) -> Diagnosis | None:
    """Recognise answers that are right but for a factor, one in each answer."""
    found = _factors(case)
    if not found or any(abs(k - 1) <= RTOL for k in found):
        return None  # nothing to tell by, or an answer that is simply right: then no factor is the whole of it
    if np.allclose(found, -1):
        asked = "Your values are right, but every sign is the other one. Where does a minus come in, or get lost?"
        return Diagnosis("sign", "Right but for the sign", asked, "the right values times -1")
    return Diagnosis(
        "constant_factor",
        "Right but for a constant factor",
        f"Your values are all {_off(found)} by one and the same factor. Which step multiplies or divides everything?",
        f"right times {found[0]:.6g} in the first wrong answer",
    )


def _off(found: Sequence[float]) -> str:
    """Say in which direction values are off by these factors."""
    if all(abs(k) > 1 for k in found):
        return "too large"
    return "too small" if all(abs(k) < 1 for k in found) else "off"


def _factors(case: _Known) -> list[float]:
    """Return the factor of each answer that has one; nothing where an answer is wrong in another way."""
    found: list[float] = []
    for given, right in (step for test in case.tests() for step in case.steps(test.name)):
        k = ratio(given.answer, right.answer)
        if given.changed != right.changed or (k is None and not same(given.answer, right.answer, right.answer)):
            return []
        found += [] if k is None else [k]
    return found


# --- the learner's own cost -------------------------------------------------------------------------------------------


def is_own_gradient(assignment: Assignment, name: str, line: Line, *, seed: bytes) -> bool:
    """Tell whether an exercise's answers are the gradients of a cost that the learner's own functions compute.

    As ``tests.py`` declares by :meth:`gradekit.hidden.TestedExercise.gradient`. Asked over the learner's line.
    """
    return any(
        try_test(assignment, name, _slopes(declared), line, seed=seed).verdict is Verdict.AC
        for declared in assignment.tested[name].gradients
    )


def of_own_cost(found: Diagnosis | None) -> Diagnosis:
    """Say that the gradients are right for the learner's own cost, beside what was found, if anything."""
    said = (
        "Your gradients are exactly those of the cost that your own earlier functions compute. "
        "Mend those first; what has changed in the cost changes here too."
    )
    if found is not None:
        return replace(found, message=f"{found.message} {said}")
    return Diagnosis(
        "gradient_of_own_cost", "The right gradient of another cost", said, "exact for the learner's own cost"
    )


def _slopes(declared: GradientTest) -> HiddenTest:
    """Return a test that compares gradients with differences of the learner's own cost, in random directions."""

    def test(student: Student, reference: Reference, expect: Expect) -> None:
        cost, parameters, gradients = declared(student, reference, expect)
        steepest = 0.0
        for name, value in parameters.items():
            gradient = np.asarray(gradients.get(name))
            expect.true(gradient.dtype.kind in "iuf" and gradient.shape == value.shape, "")
            for direction in (reference.draw(value.shape) for _ in range(DIRECTIONS)):
                above, below = (cost({**parameters, name: value + step * direction}) for step in (STEP, -STEP))
                expect.true(isinstance(above, float) and isinstance(below, float), "")
                slope = (above - below) / (2 * STEP)
                scale = float(np.linalg.norm(gradient) * np.linalg.norm(direction))
                # Rounding comes to 2e-16 * cost / STEP, for costs up to about 20.
                expect.true(abs(np.sum(gradient * direction) - slope) <= 1e-6 * scale + 1e-8, "")
                steepest = max(steepest, abs(slope))
        expect.true(steepest > FLAT, "")

    return HiddenTest("own_gradient", "The gradients are those of the learner's own cost.", test)
