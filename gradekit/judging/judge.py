"""Run the hidden tests of an exercise over a line to a learner's code, and say in words what came of it."""

from __future__ import annotations

import textwrap
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from gradekit.errors import HostError
from gradekit.judging.line import Heard, LearnerError, Line, Student
from gradekit.judging.reference import Reference
from gradekit.judging.transcript import RecordingLine
from gradekit.model import UNCOMPARABLE, ExerciseResult, TestResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from gradekit.judging.assignment import Assignment
    from gradekit.judging.transcript import Transcript
from gradekit.judging.declare import Expect, HiddenTest, Rejected
from gradekit.score import earned

UNJUDGED = "This could not be judged."
NOT_COMPUTED = "What your code gives is of a form or a size with which the rest of this cannot be computed"
MESSAGE_LIMIT = 2_000  # characters; those of gradekit's own demands stay below it
PAGE = 96  # characters; nbgrader's feedback page cuts a longer line of output off


def judge(  # noqa: PLR0913  (what is judged, and who wants to know of it meanwhile)
    assignment: Assignment,
    name: str,
    line: Line,
    *,
    seed: bytes,
    transcript: Transcript | None = None,
    begin: Callable[[str], None] | None = None,
    bound: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> ExerciseResult:
    """Run the hidden tests of one exercise over a line to a learner's code.

    Parameters
    ----------
    transcript : Transcript, optional
        Keeps what the learner's code answers.
    begin : callable, optional
        Gets the name of each test before it runs.
    bound : callable
        Makes what each test runs within, such as a bound on its time.
    """
    results = tuple(each_test(assignment, name, line, seed=seed, transcript=transcript, begin=begin, bound=bound))
    found = assignment.exercise(name)
    return ExerciseResult(name, found.points, earned(found.points, results), results, graded=found.graded)


def each_test(  # noqa: PLR0913  (as above)
    assignment: Assignment,
    name: str,
    line: Line,
    *,
    seed: bytes,
    transcript: Transcript | None = None,
    begin: Callable[[str], None] | None = None,
    bound: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Iterator[TestResult]:
    """Run the hidden tests of one exercise one by one; who has seen enough may stop."""
    results: list[TestResult] = []
    accepted: set[str] = set()
    for test in assignment.tested[name].tests:
        lacking = [result for result in results if result.test in test.requires and result.test not in accepted]
        if lacking:
            said = f"This counts once the following holds: {lacking[0].sentence}"
            waits_for = lacking[0].test
            results.append(TestResult(test.name, test.sentence, test.weight, Verdict.WA, said, waits_for=waits_for))
            yield results[-1]
            continue
        if begin is not None:
            begin(test.name)
        heard = Heard(line if transcript is None else RecordingLine(line, transcript.of(test.name)))
        try:
            with bound():
                result = try_test(assignment, name, test, heard, seed=seed)
        except TimeoutError:  # it came between two lines
            result = TestResult(test.name, test.sentence, test.weight, Verdict.IE, UNJUDGED, error="TimeoutError")
        results.append(_settled(assignment, name, test, result, seed=seed, none=heard.none))
        if results[-1].verdict is Verdict.AC:
            accepted.add(test.name)
        yield results[-1]


def _settled(  # noqa: PLR0913  (what was judged, and by what)
    assignment: Assignment, name: str, test: HiddenTest, result: TestResult, *, seed: bytes, none: str
) -> TestResult:
    """Return what counts where a test could not be judged: lost where it accepts the solution, and so is sound.

    Its fault was then what the learner's code answered: None, where the test took two values. What cannot be judged for
    a reason of ours stays undecided.
    """
    if result.verdict is not Verdict.IE:
        return result
    from gradekit.judging.inprocess import Travelling  # noqa: PLC0415  (which is made of this module)

    line = Heard(Travelling(dict(assignment.solution)))
    if try_test(assignment, name, test, line, seed=seed).verdict is not Verdict.AC:
        return result
    if none and none not in line.nones and result.error in ("TypeError", "AttributeError"):
        said = f"{none} gives None, and more is wanted: does the function end in a return?"
        return replace(result, verdict=Verdict.WA, message=said, kind="none")
    said = f"{NOT_COMPUTED} ({result.error})" if result.error else NOT_COMPUTED
    return replace(result, verdict=Verdict.WA, message=f"{said}.", kind=UNCOMPARABLE)


def try_test(assignment: Assignment, name: str, test: HiddenTest, line: Line, *, seed: bytes) -> TestResult:
    """Run one hidden test of an exercise, whatever the tests before it said."""
    reference = Reference(assignment.solution, assignment.cases, seed + f"/{name}/{test.name}".encode())
    undecided = TestResult(test.name, test.sentence, test.weight, Verdict.IE, UNJUDGED)
    expect = Expect()
    try:
        test.function(Student(line), reference, expect)
    except Rejected as rejected:
        wrong = replace(undecided, verdict=Verdict.WA, message=_cut(str(rejected)))
        return replace(wrong, kind=rejected.kind, picture=rejected.picture)
    except HostError:
        raise
    except LearnerError as error:
        return replace(undecided, verdict=error.verdict, message=_cut(f"{error}."), error=error.kind, line=error.line)
    except Exception as error:  # noqa: BLE001  (a fault in the hidden test: undecided, and the others go on)
        said = f"This could not be judged: {type(error).__name__} in our own test. A person will look."
        return replace(undecided, message=said, error=type(error).__name__)
    return replace(undecided, verdict=Verdict.AC, message="") if expect.judged else undecided


def _cut(message: str) -> str:
    """Return a message of a length that people read: a hidden test may put a learner's values into it."""
    return message if len(message) <= MESSAGE_LIMIT else f"{message[: MESSAGE_LIMIT - 1]}…"


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
