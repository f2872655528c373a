"""What the hidden tests cost in the learner's own process, beside what the learner's own code costs in them.

Run with ``make bench``. Nothing is asserted about time: these are figures to read, of one run on one machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gradekit.course.course import Course
from gradekit.judging.assignment import load_assignment
from gradekit.judging.inprocess import InProcess, judge_in_process

COURSE = Course(Path(__file__).parents[2])
ROUNDS = 20


def cpu_ms(work: Callable[[], object]) -> float:
    """Return the CPU time of one round in milliseconds, the mean of several."""
    begin = time.process_time()
    for _ in range(ROUNDS):
        work()
    return 1000 * (time.process_time() - begin) / ROUNDS


@pytest.mark.parametrize("name", COURSE.assignments())
def test_cost_of_hidden_tests(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Print, for each exercise, CPU time in all, in the learner's code, and the ratio."""
    loaded = load_assignment(COURSE, name)
    print(f"\n{name}: loading {cpu_ms(lambda: load_assignment(COURSE, name)):.1f} ms CPU")
    spent = [0.0]
    resolve = InProcess._resolve

    def timed(line: InProcess, target: object) -> object:
        found = resolve(line, target)  # type: ignore[arg-type]
        if not callable(found):
            return found

        def call(*args: object, **kwargs: object) -> object:
            begin = time.process_time()
            try:
                return found(*args, **kwargs)
            finally:
                spent[0] += time.process_time() - begin

        return call

    for exercise in loaded.exercises:
        namespace = dict(loaded.solution)
        whole = cpu_ms(lambda: judge_in_process(loaded, exercise.name, namespace))  # noqa: B023  (called at once)
        with monkeypatch.context() as patched:
            patched.setattr(InProcess, "_resolve", timed)
            spent[0] = 0.0
            result = judge_in_process(loaded, exercise.name, namespace)
        own = 1000 * spent[0]
        print(f"{exercise.name:14} {whole:6.2f} ms CPU, {own:6.2f} of it the learner's, {len(result.tests):2} tests")
        assert result.score == exercise.points
