"""Hidden tests: what a test is, how it is judged, how a mistake costs once, and grading in the learner's own process.

A hidden test is a plain function ``(student, reference, expect)`` in ``tests/hidden/<assignment>/tests.py``; its
docstring's sentence is what the learner reads. :func:`grade` is the call that a graded cell makes under plain
``nbgrader autograde`` and ``otter run``. There the tests and the reference share the learner's process: convenient,
**not secure**. For follow-through the reference's earlier functions are put into a copy of the learner's namespace, so
that learner code called during a test can read those functions' code.
"""

from __future__ import annotations

import linecache
import runpy
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit import checks, notebook
from gradekit.course import find_course
from gradekit.errors import BadReference, GradekitError, HiddenTestError, Undecided
from gradekit.evidence import KINDS, draw
from gradekit.model import ExerciseResult, TestResult, Verdict
from gradekit.reference import Reference, load_solution, read_cases
from gradekit.student import Handle, InProcess, LearnerError, Line, Student, changed_by, describe, quiet
from gradekit.transcript import Recorder

PAGE = 96  # characters; nbgrader's feedback page cuts a longer line of output off

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gradekit.course import Course
    from gradekit.model import Exercise, Picture
    from gradekit.reference import Case
    from gradekit.transcript import Transcript


class Rejected(Exception):
    """An expectation of a hidden test was not met; the text and the picture are for the learner."""

    def __init__(self, message: str, picture: Picture | None = None) -> None:
        super().__init__(message)
        self.picture = picture


class Expect:
    """What a hidden test may demand. The first demand that is not met ends the test as a wrong answer."""

    def __init__(self) -> None:
        self.judged = 0  # demands that were met; a test that demanded nothing proves nothing

    def close(  # noqa: PLR0913  (the words of gradekit.checks.compare)
        self,
        answer: object,
        reference: object,
        *,
        name: str,
        rtol: float = 1e-6,
        atol: float = 1e-9,
        sizes: Mapping[str, int] | None = None,
        picture: str = "error",
    ) -> None:
        """Demand that an answer equals the reference up to rounding; see :func:`gradekit.checks.compare`.

        A wrong array is drawn: as a heat map of its ``error``, or as a ``scatter`` of wrong against right.
        """
        if picture not in KINDS:
            raise HiddenTestError(f"{name}: there is no picture '{picture}', only {' and '.join(KINDS)}.")
        kind = describe(answer)
        if kind is not None:
            raise Rejected(f"{name} is {kind}, not numbers.")
        try:
            finding = checks.compare(answer, reference, name=name, rtol=rtol, atol=atol, sizes=sizes)
        except ValueError as error:
            raise BadReference(f"The reference of {name} cannot be compared with: {error}") from error
        if finding is not None:
            drawn = draw(answer, reference, name=name, kind=picture, rtol=rtol, atol=atol)
            raise Rejected(finding.message, drawn)
        self.judged += 1

    def true(self, condition: object, message: str) -> None:
        """Demand a property; `message` tells the learner what does not hold, without a value."""
        if not condition:
            raise Rejected(message)
        self.judged += 1

    def keys(self, answer: object, names: Iterable[str], *, name: str) -> None:
        """Demand a dictionary with at least these keys."""
        if not isinstance(answer, dict):
            kind = describe(answer) or f"a {type(answer).__name__}"
            raise Rejected(f"{name} is {kind}, not a dictionary.")
        missing = [key for key in names if key not in answer]
        if missing:
            raise Rejected(f"{name} has no key {', '.join(map(repr, missing))}.")
        self.judged += 1

    def unchanged(self, function: Handle, *args: object) -> None:
        """Demand that a call leaves its arguments alone."""
        changed = changed_by(function, args)
        if changed:
            raise Rejected(f"{function!r} changed {changed} in place. The caller still needs it.")
        self.judged += 1


@dataclass(frozen=True)
class HiddenTest:
    """One hidden test, as ``tests.py`` declares it."""

    name: str
    sentence: str
    function: Callable[[Student, Reference, Expect], None]
    weight: int = 1
    kills: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()


# (student, reference, expect) -> a cost of parameters, the parameters, and the learner's gradient of each
GradientTest = Callable[
    [Student, Reference, Expect], tuple[Callable[[dict[str, Any]], Any], dict[str, Any], Mapping[str, Any]]
]


@dataclass(frozen=True)
class TestedExercise:
    """The hidden tests and the frozen cases of one exercise, in the order of their declaration.

    Attributes
    ----------
    gradients : list of callable
        How to find out whether the learner's answer is the gradient of a cost of the learner's own.
    """

    name: str
    tests: list[HiddenTest] = field(default_factory=list)
    frozen_cases: dict[str, Callable[[np.random.Generator, Reference], list[Case]]] = field(default_factory=dict)
    gradients: list[GradientTest] = field(default_factory=list)

    def test(
        self, *, weight: int = 1, kills: Sequence[str] = (), requires: str | Sequence[str] = ()
    ) -> Callable[[Callable[[Student, Reference, Expect], None]], HiddenTest]:
        """Declare a hidden test.

        Parameters
        ----------
        weight : int
            Its share of the exercise's points, relative to the other tests.
        kills : sequence of str
            Labels of the misconceptions that it must reject.
        requires : str or sequence of str
            Tests before it that must have been accepted for it to count: a property alone proves little.
        """

        def declare(function: Callable[[Student, Reference, Expect], None]) -> HiddenTest:
            needed = (requires,) if isinstance(requires, str) else tuple(requires)
            sentence = " ".join((function.__doc__ or "").split())
            made = HiddenTest(function.__name__, sentence, function, weight, tuple(kills), needed)
            known = {test.name for test in self.tests}
            if not sentence or weight < 1 or made.name in known or not set(needed) <= known:
                raise HiddenTestError(
                    f"Hidden test {self.name}.{made.name} needs a docstring, a weight of at least 1, a name of its own "
                    "and, in requires=, tests that stand before it."
                )
            self.tests.append(made)
            return made

        return declare

    def frozen(
        self, function: Callable[[np.random.Generator, Reference], list[Case]]
    ) -> Callable[[np.random.Generator, Reference], list[Case]]:
        """Declare cases ``(rng, reference) -> list of dict`` that `gradekit freeze` writes into reference.npz."""
        self.frozen_cases[function.__name__] = function
        return function

    def gradient(self, function: GradientTest) -> GradientTest:
        """Declare ``(student, reference, expect) -> cost, parameters, gradients``; it costs no points.

        `cost` takes parameters and calls the learner's own functions; `gradients` are what the learner gives for them,
        by the parameters' names. Where an exercise loses points, both are compared.
        """
        self.gradients.append(function)
        return function


def exercise(name: str) -> TestedExercise:
    """Begin the hidden tests of the exercise with that name."""
    return TestedExercise(name)


@dataclass(frozen=True)
class Assignment:
    """What the trusted side knows of one assignment: exercises, hidden tests, solution, frozen cases."""

    name: str
    exercises: tuple[Exercise, ...]
    tested: Mapping[str, TestedExercise]
    solution: Mapping[str, Any]
    cases: Mapping[str, Sequence[Case]]

    def exercise(self, name: str) -> Exercise:
        """Return the notebook's exercise of that name."""
        for candidate in self.exercises:
            if candidate.name == name:
                return candidate
        raise HiddenTestError(f"The source notebook of '{self.name}' has no exercise '{name}'.")

    def earlier(self, name: str) -> dict[str, Any]:
        """Return the reference's own definitions of all exercises before that one, for follow-through."""
        names = [candidate.name for candidate in self.exercises]
        before = self.exercises[: names.index(name)]
        return {defined: self.solution[defined] for candidate in before for defined in candidate.defines}


def load_tests(course: Course, assignment: str) -> dict[str, TestedExercise]:
    """Run ``tests.py`` and return its exercises by name.

    Raises
    ------
    HiddenTestError
        If it is missing, fails, or declares an exercise or a set of cases twice.
    """
    path = course.hidden(assignment) / "tests.py"
    if not path.is_file():
        raise HiddenTestError(
            f"'{assignment}' has no hidden tests: {path} is missing.",
            help="Write them there, one exercise(...) for each graded cell.",
        )
    try:
        module = runpy.run_path(str(path))
    except GradekitError:
        raise
    except Exception as error:
        raise HiddenTestError(f"{path} cannot be run: {error!r}.") from error
    tested = [value for value in module.values() if isinstance(value, TestedExercise)]
    names = [item.name for item in tested] + [name for item in tested for name in item.frozen_cases]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise HiddenTestError(f"{path} declares {', '.join(twice)} twice.")
    return {item.name: item for item in tested}


def load_assignment(course: Course, assignment: str) -> Assignment:
    """Load everything that judging an assignment needs. Trusted code only."""
    tested = load_tests(course, assignment)
    return Assignment(
        name=assignment,
        exercises=notebook.exercises(notebook.cells(notebook.read(course.source(assignment)))),
        tested=tested,
        solution=load_solution(course, assignment),
        cases=read_cases(course.hidden(assignment) / "reference.npz"),
    )


def judge(
    assignment: Assignment, name: str, line: Line, *, seed: bytes, transcript: Transcript | None = None
) -> ExerciseResult:
    """Run the hidden tests of one exercise over a line to a learner's code; keep what it answered in `transcript`."""
    results = tuple(each_test(assignment, name, line, seed=seed, transcript=transcript))
    points = assignment.exercise(name).points
    return ExerciseResult(name, points, score(points, results), results)


def each_test(
    assignment: Assignment, name: str, line: Line, *, seed: bytes, transcript: Transcript | None = None
) -> Iterator[TestResult]:
    """Run the hidden tests of one exercise one by one; who has seen enough may stop."""
    results: list[TestResult] = []
    accepted: set[str] = set()
    for test in assignment.tested[name].tests:
        lacking = [
            result.sentence for result in results if result.test in test.requires and result.test not in accepted
        ]
        if lacking:
            said = f"This counts once the following holds: {lacking[0]}"
            results.append(TestResult(test.name, test.sentence, test.weight, Verdict.WA, said))
            yield results[-1]
            continue
        heard = line if transcript is None else Recorder(line, transcript.of(test.name))
        results.append(try_test(assignment, name, test, heard, seed=seed))
        if results[-1].verdict is Verdict.AC:
            accepted.add(test.name)
        yield results[-1]


def try_test(assignment: Assignment, name: str, test: HiddenTest, line: Line, *, seed: bytes) -> TestResult:
    """Run one hidden test of an exercise, whatever the tests before it said."""
    reference = Reference(assignment.solution, assignment.cases, seed + f"/{name}/{test.name}".encode())
    verdict, message, picture = Verdict.IE, "This could not be judged.", None
    expect = Expect()
    try:
        test.function(Student(line), reference, expect)
    except Rejected as rejected:
        verdict, message, picture = Verdict.WA, str(rejected), rejected.picture
    except LearnerError as error:
        verdict, message = error.verdict, f"{error}."
    except Exception as error:  # noqa: BLE001  (a fault in the hidden test is ours: undecided, and the others go on)
        message = f"This could not be judged: {type(error).__name__} in our own test. A person will look."
    else:
        if expect.judged:
            verdict, message = Verdict.AC, ""
    return TestResult(test.name, test.sentence, test.weight, verdict, message, picture)


def score(points: float, results: Sequence[TestResult]) -> float | None:
    """Return the share of the points that the accepted tests weigh, or None where one could not be judged.

    Exact in rational numbers before the one rounding to float, so that full marks are `points` to the last bit.
    """
    if not results or any(result.verdict is Verdict.IE for result in results):
        return None
    total = sum(result.weight for result in results)
    earned = sum(result.weight for result in results if result.verdict is Verdict.AC)
    return float(Fraction(points) * earned / total)


def grade(assignment: str, exercise: str, namespace: dict[str, Any]) -> float:
    """Grade one exercise in the learner's own process and return the score. Convenient, **not secure**.

    Prints, for the learner, what was asked and what went wrong. Numpy's global generator is left as it was.

    Parameters
    ----------
    namespace : dict
        The notebook's ``globals()``.

    Raises
    ------
    Undecided
        If our own side failed. nbgrader writes 0 points for a cell that raises, so look at the cell.
    """
    result = judge_here(assignment, exercise, namespace)
    print(explain(result))
    if result.score is None:
        raise Undecided(f"{exercise} could not be judged.", help="Our hidden test failed; a person must grade this.")
    return result.score


def judge_here(assignment: str, exercise: str, namespace: dict[str, Any]) -> ExerciseResult:
    """Judge one exercise in the learner's own process, **not secure**; numpy's global generator is left as it was.

    Raises
    ------
    Undecided
        If the course around the notebook cannot be found or loaded.
    """
    before = np.random.get_state()  # noqa: NPY002  (the exercises draw from the global generator)
    try:
        loaded = load_assignment(find_course(Path.cwd()), assignment)
        if exercise not in loaded.tested:
            raise HiddenTestError(f"'{assignment}' has no hidden tests for exercise '{exercise}'.")
        return judge_in_process(loaded, exercise, namespace)
    except GradekitError as error:
        raise Undecided(f"{exercise} could not be judged. {error}") from None
    finally:
        np.random.set_state(before)  # noqa: NPY002


def judge_in_process(assignment: Assignment, name: str, namespace: dict[str, Any]) -> ExerciseResult:
    """Judge with the learner's own earlier functions and, where that loses points, with right ones in their place."""
    seed = f"{assignment.name}/{name}".encode()
    first = judge(assignment, name, InProcess(namespace), seed=seed)
    if first.score is None or first.score >= first.points:
        return first
    stubbed = _with_stubs(assignment, name, namespace)
    if stubbed is None:
        return first
    second = judge(assignment, name, InProcess(stubbed), seed=seed)
    if second.score is None or second.score <= first.score:
        return first
    return ExerciseResult(name, second.points, second.score, second.tests, follow_through=True)


def _with_stubs(assignment: Assignment, name: str, namespace: dict[str, Any]) -> dict[str, Any] | None:
    """Return a copy of the namespace in which the learner's cell of this exercise ran upon right earlier functions."""
    wanted = set(assignment.exercise(name).defines)
    own = [cell for cell in namespace.get("In", ()) if wanted & set(notebook.definitions(cell))]
    if not own:
        return None
    stubbed = {**namespace, **assignment.earlier(name)}
    file = f"<your cell of {name}>"
    linecache.cache[file] = (len(own[-1]), None, own[-1].splitlines(keepends=True), file)
    with quiet():
        try:
            exec(compile(own[-1], file, "exec"), stubbed)  # noqa: S102  (the learner's cell, in the learner's process)
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001  (the edge of the learner's code)
            return None
    return stubbed


def explain(result: ExerciseResult) -> str:
    """Return the result in plain text: score, then each test's sentence with its verdict and what went wrong."""
    said = "undecided" if result.score is None else f"{result.score:.6g} of {result.points:.6g} points"
    lines = [f"{result.exercise}: {said}"]
    if result.follow_through:
        lines.append("Judged with right earlier functions in place of yours: an earlier mistake costs once.")
    if result.diagnosis is not None:
        lines += _wrapped(f"{result.diagnosis.title}. {result.diagnosis.message}", indent=2)
    for test in result.tests:
        lines += _wrapped(f"{test.verdict.value}: {test.sentence}", indent=2)
        lines += _wrapped(test.message, indent=6)
    return "\n".join(lines)


def _wrapped(text: str, *, indent: int) -> list[str]:
    blanks = " " * indent
    return textwrap.wrap(text, PAGE, initial_indent=blanks, subsequent_indent=blanks, break_long_words=False)
