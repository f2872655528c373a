"""Ask a learner's code what a test would have asked further: it ends at the first wrong answer, which is too little.

Nothing of it is judged: every verdict is fixed before.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gradekit.bounds import bounded_memory, bounded_time, can_bound_time
from gradekit.judging.declare import Expect, HiddenTest, Rejected
from gradekit.judging.inprocess import quiet
from gradekit.judging.judge import try_test
from gradekit.judging.transcript import RecordingLine, Transcript
from gradekit.model import TestResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradekit.judging.assignment import Assignment
    from gradekit.judging.line import Handle, Line, Student
    from gradekit.judging.reference import Reference
    from gradekit.judging.transcript import Event
    from gradekit.model import ExerciseResult


FURTHER_S = 2.0  # for what an exercise's tests would have asked further
TEST_BYTES = 2**30  # of memory, for a test that asks known wrong answers, or asks on after a wrong one


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
            try_onward(assignment, result.exercise, test, heard, seed=seed, until=until)
    return transcript.events if transcript.whole and time.monotonic() < until else {}


def try_onward(  # noqa: PLR0913  (the words of try_test)
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
