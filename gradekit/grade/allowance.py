"""How often a learner's code may call what was given to it: a small multiple of what the solution itself calls.

Whoever may ask a right function as often as they like needs no derivative: differences of its answers give one.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit.course import notebook
from gradekit.errors import SourceError
from gradekit.isolation.stubs import CALLS_AT_LEAST
from gradekit.isolation.values import PLAIN
from gradekit.judging.inprocess import InProcess
from gradekit.judging.judge import each_test
from gradekit.judging.reference import defining

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradekit.judging.assignment import Assignment


TIMES = 4  # a right answer may ask for one sample after the other, or once more where the solution keeps what it got


def allowances(assignment: Assignment, name: str, *, seed: bytes) -> Mapping[str, int]:
    """Return by test how many calls of the functions of earlier exercises are answered; it is found out once.

    Parameters
    ----------
    seed : bytes
        The one that the exercise is judged with: what the tests draw decides what they call.
    """
    key = (name, seed)
    if key not in assignment.allowances:
        calls = _count(assignment, name, seed)
        tests = assignment.tested[name].tests
        assignment.allowances[key] = {test.name: max(CALLS_AT_LEAST, TIMES * calls.get(test.name, 0)) for test in tests}
    return assignment.allowances[key]


def _count(assignment: Assignment, name: str, seed: bytes) -> dict[str, int]:
    """Return how many calls of earlier functions the solution makes, by test."""
    meter, calls, before = _Meter(), {}, 0
    line = InProcess(_upon_meters(assignment, name, meter))
    for result in each_test(assignment, name, line, seed=seed):
        calls[result.test] = meter.calls - before
        before = meter.calls
    return calls


def _upon_meters(assignment: Assignment, name: str, meter: _Meter) -> dict[str, Any]:
    """Return what the solution's cells define up to an exercise, upon earlier functions whose calls are counted."""
    earlier, stub = assignment.earlier(name), assignment.exercise(name).stub
    cells = [cell for cell in assignment.solution_cells if cell.index <= stub.index]
    namespace: dict[str, Any] = {}
    # What cannot stand upon them, such as a class derived from an earlier one, cannot upon stubs either.
    with suppress(SourceError):
        for cell in defining(assignment.name, cells, namespace):
            defined = [word for word in notebook.definitions(cell.source) if word in earlier]
            namespace.update({word: _Metered(earlier[word], meter) for word in defined})
    return namespace


class _Meter:
    """Counts calls, and reads of attributes as a stub's are counted."""

    def __init__(self) -> None:
        self.calls = 0


class _Metered:
    """A function or an object as a learner's code has it in follow-through; each use of it is counted."""

    def __init__(self, thing: Any, meter: _Meter) -> None:
        self._gradekit = (thing, meter)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Count, and call."""
        thing, meter = self._gradekit
        meter.calls += 1
        named = {key: _raw(value) for key, value in kwargs.items()}
        return _metered(thing(*map(_raw, args), **named), meter)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        thing, meter = self._gradekit
        meter.calls += 1
        return _metered(getattr(thing, name), meter)


def _raw(value: Any) -> Any:
    return value._gradekit[0] if isinstance(value, _Metered) else value  # noqa: SLF001  (the class is above)


def _metered(value: Any, meter: _Meter) -> Any:
    """Return a plain value as it is, and anything else so that its uses are counted."""
    if isinstance(value, dict):
        return {key: _metered(inner, meter) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_metered(inner, meter) for inner in value)
    return value if isinstance(value, (*PLAIN, np.generic)) else _Metered(value, meter)
