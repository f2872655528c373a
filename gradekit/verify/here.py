"""Answers tried in a process of ours: all of it is our own code, so that no worker is needed; each takes milliseconds.

Nothing is proved of the isolation here; that a worker gives the same verdicts is another proof's.
"""

from __future__ import annotations

import math
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gradekit.bounds import bounded_memory, bounded_time
from gradekit.diagnosis import pattern
from gradekit.diagnosis.case import Attempt
from gradekit.diagnosis.diagnose import diagnose
from gradekit.diagnosis.further import ask_further
from gradekit.diagnosis.likeness import same
from gradekit.judging.declare import Expect
from gradekit.judging.inprocess import InProcess, quiet
from gradekit.judging.judge import each_test, judge
from gradekit.judging.line import Student
from gradekit.judging.reference import Reference, _checks_importable, solution_cells
from gradekit.judging.transcript import Transcript
from gradekit.model import ExerciseResult, Verdict
from gradekit.score import lost
from gradekit.verify.forgetful import carries, forgetful, watched
from gradekit.verify.spoilt import OTHER_FORM, SEED, SPOILT, STEPS, WORTHLESS, draws, felt, spoil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from gradekit.judging.assignment import Assignment
    from gradekit.judging.catalogue import Misconception, Variant
    from gradekit.model import Cell, Exercise, TestResult


ONE_S = 20.0  # for an answer's tests; a spoilt one may loop without end
BRIEF_S, BRIEF_BYTES = 4.0, 2**31  # for each test of a mutant; an honest one takes milliseconds
SECRETS = 8  # of classes, for each answer of the catalogue; the long tests try fifty
QUARTER = 0.25  # of an exercise's points, at least, for what ruins the training
MOVED = 1e-6  # a loss that differs by more, in parts of itself, is another training
SLOWER, LEAST_S = 100, 2.0  # than the solution's training; what takes longer, and longer than this, does not end

Problem = tuple[str, str] | None


def namespace(assignment: Assignment, source: str) -> dict[str, Any]:
    """Return the solution's names after another cell has run among them; what raises leaves the rest undefined."""
    names = dict(assignment.solution)
    with quiet():
        exec(compile(source, "<tried>", "exec"), names)  # noqa: S102  (our own catalogue and solution)
    return names


def judged(
    assignment: Assignment, name: str, names: dict[str, Any], *, seed: bytes, heard: Transcript | None = None
) -> ExerciseResult:
    """Judge an exercise in a namespace of ours, within bounds of time."""
    with bounded_time(time.monotonic() + ONE_S), quiet():
        return judge(assignment, name, InProcess(names), seed=seed, transcript=heard)


def briefly(assignment: Assignment, exercise: Exercise, source: str) -> ExerciseResult:
    """Judge an exercise's cell up to the first test that rejects it; its score is then 0, else full.

    Nothing of the solution's stands for what the cell does not come to define.
    """
    names = {name: value for name, value in assignment.solution.items() if name not in exercise.defines}
    seen: list[TestResult] = []
    with bounded_memory(BRIEF_BYTES), quiet():
        with suppress(Exception, SystemExit), _briefly():  # the tests will say that there is nothing to judge
            exec(compile(source, "<mutant>", "exec"), names)  # noqa: S102  (the solution's text, spoilt)
        for result in each_test(assignment, exercise.name, InProcess(names), seed=_seed(assignment), bound=_briefly):
            seen.append(result)
            if result.verdict is not Verdict.AC:
                break
    score = None if seen[-1].broke else exercise.points if seen[-1].verdict is Verdict.AC else 0.0
    return ExerciseResult(exercise.name, exercise.points, score, tuple(seen), graded=exercise.graded)


def _briefly() -> AbstractContextManager[None]:
    return bounded_time(time.monotonic() + BRIEF_S)


def _seed(assignment: Assignment) -> bytes:
    return assignment.name.encode()


# --- answers spoilt without a look at how they are made --------------------------------------------------------------


def kinds(assignment: Assignment, exercise: Exercise) -> Iterator[tuple[str, str]]:
    """Yield the kinds in which an exercise's answers can be spoilt, each with the text of the cell it is done to."""
    source, heard = exercise.stub.source, Transcript()
    names = namespace(assignment, watched(source))
    told = draws(exercise, names)
    judged(assignment, exercise.name, names, seed=_seed(assignment), heard=heard)
    possible = [*felt(exercise, heard), *([SEED] if told() else [])]
    yield from ((kind, source) for kind in possible)
    if carries(names):  # else all would survive, since nothing is forgotten in them
        yield from forgetful(source, STEPS)


def spoilt_problem(assignment: Assignment, exercise: Exercise, kind: str, source: str) -> Problem:
    """Say what is wrong with how a spoilt answer was judged."""
    names = namespace(assignment, source)
    if kind in (*WORTHLESS, *SPOILT, *OTHER_FORM):
        spoil(exercise, names, kind)
    result = judged(assignment, exercise.name, names, seed=_seed(assignment))
    broken = next((test for test in result.tests if test.broke), None)
    if broken is not None:
        advice = "Let that hidden test demand the answer's form before it uses it."
        return f"{broken.test} fails on such answers: {broken.message}", advice
    if kind in WORTHLESS and result.score:
        passed = ", ".join(test.test for test in result.tests if test.verdict is Verdict.AC)
        advice = "Such a test proves nothing alone: give it requires= with the test of the values."
        return f"answers that are all wrong earn {result.score:g} of {result.points:g} points ({passed})", advice
    if kind in WORTHLESS or kind in OTHER_FORM or lost(result):
        return None
    advice = (
        "Test in a larger world: more steps, larger numbers, a size of 1. Where none can tell, list it in "
        "equivalents.toml, beside tests.py: [[equivalent]], with exercise, "
        f'was = "the results", now = "{kind}" and a reason.'
    )
    return "an answer that is spoilt so keeps all its points", advice


# --- one score, whatever the secret ----------------------------------------------------------------------------------


def cause(assignment: Assignment, name: str, test: str) -> str:
    """Say what ends a hidden test where it is tried on the solution: the error's own words, for who writes the test.

    Empty where none does. Learners never read these words: they may tell what stands in the test.
    """
    asked = next(item for item in assignment.tested[name].tests if item.name == test)
    reference = Reference(assignment.solution, assignment.cases, _seed(assignment))
    try:
        with bounded_time(time.monotonic() + ONE_S), quiet():
            asked.function(Student(InProcess(dict(assignment.solution))), reference, Expect())
    except Exception as error:  # noqa: BLE001  (whatever it is, its words are what is asked for)
        own = asked.function.__code__.co_filename
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == own]
        where = f" (tests.py, line {lines[-1]})" if lines else ""
        return f"{type(error).__name__}: {error}{where}"
    return ""


def draws_inputs(assignment: Assignment, name: str) -> bool:
    """Tell whether an exercise's tests draw inputs anew: the solution then answers otherwise under another secret."""
    said = []
    for secret in (b"one", b"another"):
        heard = Transcript()
        judged(assignment, name, dict(assignment.solution), seed=secret, heard=heard)
        said.append([event.answer for events in heard.events.values() for event in events])
    one, other = said
    return len(one) != len(other) or not all(same(*answers, None) for answers in zip(one, other, strict=True))


def secret_problem(assignment: Assignment, item: Variant, secrets: int = SECRETS) -> Problem:
    """Say where an answer's verdicts depend on the secret that the inputs are drawn by."""
    seen: dict[tuple[tuple[str, Verdict], ...], int] = {}
    for number in range(secrets):
        names = namespace(assignment, item.source)
        result = judged(assignment, item.exercise, names, seed=f"secret {number}".encode())
        seen.setdefault(tuple((test.test, test.verdict) for test in result.tests), number)
    if len(seen) == 1:
        return None
    first, second, *_ = seen
    tests = [name for (name, one), (_, other) in zip(first, second, strict=True) if one is not other]
    advice = "Decide it by frozen cases at the edge, or draw inputs that all decide alike."
    return f"{', '.join(tests)} judges it otherwise under another secret ({seen[first]} and {seen[second]})", advice


# --- every known mistake by its name ---------------------------------------------------------------------------------


def name_problem(
    assignment: Assignment, catalogue: Sequence[Misconception], item: Misconception
) -> tuple[Problem, str]:
    """Say which wrong name a known mistake is given; where it is given none, say that beside it."""
    names, heard, seed = namespace(assignment, item.source), Transcript(), _seed(assignment)
    result = judged(assignment, item.exercise, names, seed=seed, heard=heard)
    if not lost(result):
        return None, ""  # that is another step's to say
    with quiet():
        further = ask_further(assignment, result, InProcess(names), seed=seed)
        found = diagnose(assignment, catalogue, [Attempt(result, heard, further)], seed=seed)
    if found is None or found.label in pattern.LABELS:
        return None, "it is not known again: too little is asked that tells it from other mistakes"
    if found.label == (item.like or item.label):
        return None, ""
    advice = f"Write a test that tells the two apart, or declare one like= the other: {found.label}."
    return (f"it is named '{found.label}'", advice), ""


# --- what ruins the training -----------------------------------------------------------------------------------------


def trained(
    training: Callable[[dict[str, Any]], float],
    cells: Sequence[Cell],
    item: Variant | None = None,
    *,
    most_s: float = ONE_S,
) -> float:
    """Return the loss that a notebook's own training ends with, with an answer in it; NaN where it does not end."""
    names: dict[str, Any] = {}
    with _checks_importable(), quiet(), bounded_time(time.monotonic() + most_s):
        try:
            for cell in solution_cells(cells):
                own = item is not None and cell.grade_id == item.exercise
                exec(compile(item.source if own and item else cell.source, "<tried>", "exec"), names)  # noqa: S102
            return float(training(names))
        except Exception:  # noqa: BLE001  (a wrong answer may raise anything: then nothing is trained)
            return math.nan


def training_problem(assignment: Assignment, item: Misconception, *, right: float, loss: float) -> Problem:
    """Say where a mistake that ruins the training costs less than a quarter of its exercise.

    Parameters
    ----------
    right, loss : float
        What the training ends with: that of the solution, and that with the mistake in it.
    """
    if math.isnan(right):
        return "training(names) does not end with a number for the solution itself", "Run it in the solved notebook."
    if abs(loss - right) <= MOVED * abs(right):
        return None
    result = judged(assignment, item.exercise, namespace(assignment, item.source), seed=_seed(assignment))
    kept = (result.score or 0.0) / result.points if result.points else 0.0
    if kept <= 1 - QUARTER:
        return None
    advice = "Give the test that rejects it more weight."
    ends = "does not end in its time" if math.isnan(loss) else f"ends with a loss of {loss:.4g} for {right:.4g}"
    return f"the training {ends}, and it costs {1 - kept:.0%} only", advice
