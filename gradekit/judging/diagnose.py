"""Name the mistake: which known wrong answer gives the learner's answers, or what else they are.

While the hidden tests ran, every answer was kept; here the same tests, on the same inputs, ask each known wrong answer
of the catalogue, on the trusted side, until it answers otherwise. A test ends at the first wrong answer: so that enough
is compared, the learner's code is asked what the test would have asked further, once every verdict is fixed.

A wrong name is worse than none, so one is given only where every answer agrees, two of them at least say something,
and nothing else in the catalogue explains as much. Where no known mistake does, two of them at once may.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit.bounds import bounded_memory, bounded_time, can_bound_time
from gradekit.judging.catalogue import pairs
from gradekit.judging.declare import Expect, HiddenTest, Rejected
from gradekit.judging.inprocess import InProcess, quiet
from gradekit.judging.judge import try_test
from gradekit.judging.likeness import (
    RTOL,
    How,
    is_numeric,
    ratio,
    same,
    says_something,
    shape_alone,
    tells,
)
from gradekit.judging.line import LearnerError
from gradekit.judging.transcript import RecordingLine, Transcript
from gradekit.model import PROPERTY, Diagnosis, TestResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import CodeType

    from gradekit.judging.assignment import Assignment
    from gradekit.judging.catalogue import Misconception
    from gradekit.judging.declare import GradientTest
    from gradekit.judging.line import Handle, Line, Student
    from gradekit.judging.reference import Reference
    from gradekit.judging.transcript import Event
    from gradekit.model import ExerciseResult


CALL_S = 1.0  # of a known wrong answer, in one call; an honest one takes milliseconds
EXERCISE_S = 10.0  # for the whole catalogue of an exercise; then nothing is named, since not all was compared
PAIRS_S = 2.0  # of it for pairs; there are hundreds, most of them ended by their first answer
FURTHER_S = 2.0  # for what an exercise's tests would have asked further
TEST_BYTES = 2**30  # of memory, for a test that asks known wrong answers
ENOUGH = 2  # answers that say something
WITHOUT_CATALOGUE = frozenset({"sign", "constant_factor", "other_logarithm", "shape_alone"})  # labels
LOGARITHMS = (1 / np.log(2), 1 / np.log(10), np.log(2), np.log(10))
DIRECTIONS = 2  # for each parameter; one that agrees by chance is as good as impossible
STEP = 1e-5  # near the cube root of the machine precision, where rounding and truncation balance
FLAT = 1e-4  # slopes below it are a cost that does not move


@dataclass(frozen=True)
class Attempt:
    """One judging of a learner's exercise, with what the learner's code answered.

    Attributes
    ----------
    further : mapping of str to list of Event
        Of tests that were lost: all that :func:`ask_further` was answered.
    """

    result: ExerciseResult
    transcript: Transcript
    further: Mapping[str, Sequence[Event]] = field(default_factory=dict)


class Differs(LearnerError):
    """The known wrong answer is not the learner's: ends the test."""

    KIND = "Differs"

    def __init__(self) -> None:
        super().__init__(self.KIND, "")


class TooLong(Exception):
    """The time for an exercise's diagnosis is used up."""


# --- what a test would have asked further -----------------------------------------------------------------------------


class _Onward(Expect):
    """Demands that note what is not met and go on."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong = 0

    def close(self, answer: object, reference: object, **words: Any) -> None:
        """Note a wrong value; see :meth:`gradekit.judging.declare.Expect.close`."""
        with self._noted():
            super().close(answer, reference, **words)

    def true(self, condition: object, message: str, **words: Any) -> None:
        """Note a property that does not hold; see :meth:`gradekit.judging.declare.Expect.true`."""
        with self._noted():
            super().true(condition, message, **words)

    def keys(self, answer: object, names: Iterable[str], *, name: str) -> None:
        """Note missing keys; see :meth:`gradekit.judging.declare.Expect.keys`."""
        with self._noted():
            super().keys(answer, names, name=name)

    def unchanged(self, function: Handle, *args: object) -> None:
        """Note a changed argument; see :meth:`gradekit.judging.declare.Expect.unchanged`."""
        with self._noted():
            super().unchanged(function, *args)

    def raises(self, error: str, function: Handle, *args: object, **words: Any) -> None:
        """Note a call without its error; see :meth:`gradekit.judging.declare.Expect.raises`."""
        with self._noted():
            super().raises(error, function, *args, **words)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except Rejected:
            self.wrong += 1


def ask_further(assignment: Assignment, result: ExerciseResult, line: Line, *, seed: bytes) -> dict[str, list[Event]]:
    """Return what a learner's code answers in the tests that it failed, asked once more up to their end.

    So are those that waited for them. For the diagnosis: nothing of it is judged. A learner's code that was over a
    limit is not asked again.
    """
    over = {Verdict.TLE, Verdict.MLE, Verdict.OLE, Verdict.IE}
    if not can_bound_time() or any(test.verdict in over for test in result.tests):
        return {}
    lost = {test.test for test in result.tests if test.verdict is not Verdict.AC}
    transcript, until = Transcript(), time.monotonic() + FURTHER_S
    for test in assignment.tested[result.exercise].tests:
        if test.name in lost and time.monotonic() < until:
            heard = RecordingLine(line, transcript.of(test.name))
            _try_onward(assignment, result.exercise, test, heard, seed=seed, until=until)
    return transcript.events if transcript.whole and time.monotonic() < until else {}


def _try_onward(  # noqa: PLR0913  (the words of try_test)
    assignment: Assignment, name: str, test: HiddenTest, line: Line, *, seed: bytes, until: float
) -> TestResult:
    """Run a test up to its end; it is accepted where every demand was met.

    What follows a wrong answer may count on its form, so that memory and time are bounded here too.
    """
    onward = _Onward()

    def run(student: Student, reference: Reference, expect: Expect) -> None:
        """Put the demands that go on in the place of those that do not."""
        test.function(student, reference, onward)
        expect.true(not onward.wrong, "")

    try:
        with bounded_memory(TEST_BYTES), bounded_time(until), quiet():
            return try_test(assignment, name, replace(test, function=run), line, seed=seed)
    except TimeoutError:  # it came between two lines
        return TestResult(test.name, test.sentence, test.weight, Verdict.IE, error="TimeoutError")


# --- the catalogue ---------------------------------------------------------------------------------------------------


def diagnose(
    assignment: Assignment,
    catalogue: Sequence[Misconception],
    attempts: Sequence[Attempt],
    *,
    seed: bytes,
    deadline: float = float("inf"),
) -> Diagnosis | None:
    """Name the mistake in an exercise that lost points; None where it is not known.

    Parameters
    ----------
    attempts : sequence of Attempt
        Those that tell of this exercise alone: the earlier functions were right, the learner's own or the reference's.
    seed : bytes
        The one that the exercise was judged with.
    deadline : float
        When the submission's time is up, in seconds of ``time.monotonic()``; then nothing is named.
    """
    if not can_bound_time():
        return None  # a wrong answer that never ends would hold this thread for ever
    before = np.random.get_state()  # noqa: NPY002  (the exercises draw from the global generator)
    try:
        said = [attempt for attempt in attempts if _says_something(assignment, attempt)]
        known = [_Known(assignment, attempt, seed, deadline) for attempt in said]
        # A name may stand for something else in the end of a notebook: then what was judged is all there is.
        short = [replace(case.attempt, further={}) for case in known if not case.goes_on]
        known += [_Known(assignment, attempt, seed, deadline) for attempt in short]
        found = (look(case, catalogue) for look in (_whole, _shape, _factor, _two) for case in known)
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

    def __init__(self, assignment: Assignment, attempt: Attempt, seed: bytes, deadline: float) -> None:
        self.assignment, self.attempt, self.seed = assignment, attempt, seed
        self.name = attempt.result.exercise
        self.further = attempt.further
        self.given = attempt.transcript.events
        self.results = {result.test: result for result in attempt.result.tests if result.test in self.given}
        self.own = set(assignment.exercise(self.name).defines)
        self.deadline = min(time.monotonic() + EXERCISE_S, deadline)
        right = Transcript()
        for test in self.tests(attempt.further):
            self.ask(test, dict(assignment.solution), right.of(test.name))
        self.right = right.events

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
            return _try_onward(self.assignment, self.name, test, line, seed=self.seed, until=self.deadline)
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
        wrong = [(given, right) for given, right in steps if not _is_right(given, right)]
        telling = sum(tells(given.answer, right.answer) for given, right in wrong)
        says = sum(says_something(given.answer) for given, _ in steps)
        if telling >= ENOUGH or not wrong:
            return telling >= ENOUGH
        ended = {test for test, result in self.results.items() if result.verdict is not Verdict.AC}
        nothing = not telling and all(
            is_numeric(given.answer) and np.isfinite(given.answer).all() and not given.changed for given, _ in wrong
        )
        return says >= ENOUGH and not (nothing and ended - self.further.keys())


def _is_right(given: Event, right: Event) -> bool:
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


def _whole(case: _Known, catalogue: Sequence[Misconception]) -> Diagnosis | None:
    """Name the one misconception whose answers agree with the learner's in every test."""
    mine = [item for item in catalogue if item.exercise == case.name]
    drawn = [item for item in mine if item.random]
    fixed = [item for item in mine if not item.random] if case.evidence else []
    # Numbers that agree say more than a pattern of right and wrong.
    for items, how in ((fixed, How.EXACTLY), (fixed, How.ROUGHLY), (drawn, How.LOOSELY)):
        found = [item for item in items if _explains(case, item.label, item.source, how)]
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


def _explains(case: _Known, label: str, source: str, how: How) -> bool:
    """Tell whether a known wrong answer gives all of the learner's: first as they were judged, then those beyond."""
    if time.monotonic() >= case.deadline:
        raise TooLong
    names = dict(case.assignment.solution)  # freshly run: what it remembers, it has not begun to
    try:
        exec(_compiled(source, label), names)  # noqa: S102  (our own catalogue)
    except Exception:  # noqa: BLE001  (two known mistakes in one class may be one too many)
        return False
    if not all(_agrees(case, test, names, how) for test in case.tests()):
        return False
    beyond = [test for test in case.tests(case.further) if test.name in case.further]
    return how is How.LOOSELY or all(_agrees(case, test, names, how, onward=True) for test in beyond)


@lru_cache(maxsize=4096)  # once for a class
def _compiled(source: str, label: str) -> CodeType:
    return compile(source, f"<misconception {label}>", "exec")


def _agrees(case: _Known, test: HiddenTest, names: dict[str, Any], how: How, *, onward: bool = False) -> bool:
    """Tell whether a namespace answers a test as the learner did, and is accepted or rejected as they were."""
    given = iter(case.further[test.name] if onward else case.given[test.name])
    compare = _same_answers(case, given, iter(case.right[test.name]), how)
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


def _same_answers(case: _Known, given: Iterator[Event], right: Iterator[Event], how: How) -> Callable[[Event], None]:
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


def _two(case: _Known, catalogue: Sequence[Misconception]) -> Diagnosis | None:
    """Name two misconceptions that give the learner's answers together; one, where it is in all the pairs that do."""
    if not case.evidence:
        return None
    case.deadline = min(case.deadline, time.monotonic() + PAIRS_S)
    exercise = case.assignment.exercise(case.name)
    found = [
        pair
        for pair in pairs(catalogue, exercise)
        if _explains(case, f"{pair.one.label}+{pair.other.label}", pair.source, How.EXACTLY)
    ]
    if not found:
        return None
    if len(found) == 1:
        return _beside(found[0].one, found[0].other)
    shared = set.intersection(*({pair.one.label, pair.other.label} for pair in found))
    items = {item.label: item for pair in found for item in (pair.one, pair.other)}
    return _with_more(items[shared.pop()]) if shared else None


def _beside(one: Misconception, other: Misconception) -> Diagnosis:
    return Diagnosis(
        f"{one.label}+{other.label}",
        f"Two things at once. First: {one.title}. Second: {other.title}",
        f"First: {one.message} Second: {other.message}",
        f"{one.justification}; {other.justification}",
    )


def _with_more(item: Misconception) -> Diagnosis:
    said = f"{item.message} There is one more mistake beside this one; mend this first."
    return Diagnosis(item.label, item.title, said, f"{item.justification}; beside another mistake")


# --- without the catalogue -------------------------------------------------------------------------------------------


def _shape(case: _Known, _catalogue: Sequence[Misconception]) -> Diagnosis | None:
    """Recognise answers whose values are right, in another shape."""
    wrong = [(given, right) for given, right in case.steps() if not _is_right(given, right)]
    if not wrong or not all(shape_alone(given.answer, right.answer) and not given.changed for given, right in wrong):
        return None
    if sum(says_something(given.answer) for given, _ in case.steps()) < ENOUGH:
        return None
    return Diagnosis(
        "shape_alone",
        "Right but for the shape",
        "Every value is right; only the shape is another than the text asks for. Print it beside the one wanted: which "
        "axis is too many, or missing?",
        "the right values in another shape",
    )


def _factor(case: _Known, _catalogue: Sequence[Misconception]) -> Diagnosis | None:
    """Recognise answers that are right but for a factor, one in each answer."""
    found = _factors(case)
    if not found or any(abs(k - 1) <= RTOL for k in found):
        return None  # nothing to tell by, or an answer that is simply right: then no factor is the whole of it
    if np.allclose(found, -1):
        asked = "Your values are right, but every sign is the other one. Where does a minus come in, or get lost?"
        return Diagnosis("sign", "Right but for the sign", asked, "the right values times -1")
    if any(np.allclose(np.abs(found), k, rtol=RTOL, atol=0) for k in LOGARITHMS):
        asked = "Your values are all off by the one factor that lies between two logarithms. Which one is asked for?"
        return Diagnosis("other_logarithm", "Another logarithm", asked, f"right times {found[0]:.6g} in every answer")
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
    """Return the factor of each answer that has one; nothing where an answer is wrong in another way.

    One or two numbers always have one, or may by chance: such factors count where they are the same in every answer.
    """
    found: list[float] = []
    single: list[float] = []
    for given, right in case.steps():
        k, one = ratio(given.answer, right.answer), ratio(given.answer, right.answer, of=1)
        if given.changed != right.changed or (one is None and not _is_right(given, right)):
            return []
        if one is not None:
            (single if k is None else found).append(one)
    if single and not np.allclose(single, single[0], rtol=RTOL, atol=0):
        return []
    return found + single if found or len(single) >= ENOUGH else []


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
