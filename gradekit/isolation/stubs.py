"""Stubs: trusted functions and objects that a learner's code calls over the line, in place of its own earlier ones.

A stub's call travels back. Its arguments are hostile; its number, depth, sizes, memory and time are bounded, and it is
dead once the exercise ends for which it was given. Functions of earlier exercises answer few calls in each test, so
that nobody differentiates them.
"""

from __future__ import annotations

import types
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gradekit.bounds import bounded_memory, bounded_time
from gradekit.isolation.exchange import Lost
from gradekit.judging.line import TEXT_LIMIT
from gradekit.worker.wire import Ref

if TYPE_CHECKING:
    from collections.abc import Iterator


STUB_CALLS = 20_000  # in one exercise; an honest one makes hundreds
CALLS_AT_LEAST = 50  # of earlier functions, in any test; differences of a cost by its parameters take hundreds
STUB_DEPTH = 16
STUB_SIZE = 4096  # the largest whole number that a stub takes: sizes of arrays to make
# In all arrays of a call; an honest one has thousands. No product of two of such takes long, and only between two
# steps of numpy's does a bound on the time end anything.
STUB_ELEMENTS = 2**16
STUB_BYTES = 2**29  # address space that a stub's call may add
TOO_MANY = "too many calls of a given function"
# From these a name without underscore leads to a module's globals (`gi_frame.f_globals`): never behind a stub.
NO_STUB = (
    types.ModuleType,
    types.GeneratorType,
    types.CoroutineType,
    types.AsyncGeneratorType,
    types.FrameType,
    types.CodeType,
    types.TracebackType,
)


class Converter(Protocol):
    """Turns values into what travels, and back."""

    def inward(self, value: Any) -> Any:
        """Return what goes to the learner's side."""

    def outward(self, value: Any) -> Any:
        """Return what came from there, as the trusted side sees it."""


class Stubs:
    """What was given to one worker, by number."""

    def __init__(self) -> None:
        self._given: list[Any] = []
        self._earlier: set[int] = set()  # of `_given`: functions of earlier exercises, and what these have given
        self.calls = self.depth = self._spent = 0
        self._allowed = CALLS_AT_LEAST

    def allow(self, calls: int) -> None:
        """Begin a test, in which functions of earlier exercises answer that many calls."""
        self._spent, self._allowed = 0, calls

    def add(self, value: Any, name: str, *, earlier: bool = False) -> Ref:
        """Give a function or an object; return what travels in its place.

        Parameters
        ----------
        earlier : bool
            Whether it is of an earlier exercise, so that its calls are few.

        Raises
        ------
        TypeError
            If it leads to a module's globals.
        """
        if isinstance(value, NO_STUB):
            raise TypeError(f"a {type(value).__name__} does not travel")
        if earlier:
            self._earlier.add(len(self._given))
        self._given.append(value)
        return Ref("stub", len(self._given) - 1, name)

    def find(self, ref: Ref) -> Any:
        """Return what a reference stands for; None where nothing of that number lives."""
        known = ref.kind == "stub" and 0 <= ref.number < len(self._given)
        return self._given[ref.number] if known else None

    @contextmanager
    def exercise(self) -> Iterator[None]:
        """Let die at the end what is given meanwhile, and count calls anew."""
        kept = len(self._given)
        self.calls = 0
        self.allow(CALLS_AT_LEAST)
        try:
            yield
        finally:
            self._given[kept:] = [None] * (len(self._given) - kept)

    def answer(self, frame: dict[str, Any], deadline: float, *, values: Converter) -> dict[str, Any]:
        """Answer a call from the learner's side: ``{"value": …}`` or ``{"error": text}``."""
        self.calls += 1
        if self.calls > STUB_CALLS or self.depth >= STUB_DEPTH:
            return {"error": TOO_MANY}
        call = _read(frame)
        if call is None:
            return {"error": "a call that cannot be"}
        ref, name, args, kwargs = call
        thing = None if name.startswith("_") else self.find(ref)
        if thing is None:
            return {"error": "a given function that is no longer there"}
        earlier, kept = ref.number in self._earlier, len(self._given)
        self._spent += earlier
        if earlier and self._spent > self._allowed:
            return {"error": TOO_MANY}
        self.depth += 1
        try:
            with bounded_memory(STUB_BYTES), bounded_time(deadline):
                return {"value": values.inward(_called(thing, name, args, kwargs, values=values))}
        except Lost:
            raise
        except Exception as error:  # noqa: BLE001  (the edge of the learner's arguments)
            return {"error": f"{type(error).__name__}: {error}"[:TEXT_LIMIT]}
        finally:
            self.depth -= 1
            if earlier:
                self._earlier.update(range(kept, len(self._given)))


def _read(frame: dict[str, Any]) -> tuple[Ref, str, Any, dict[str, Any]] | None:
    """Return whom a hostile frame calls, by which name and with what; None where that cannot be."""
    ref, name, args, kwargs = (frame.get(key) for key in ("stub", "name", "args", "kwargs"))
    if type(ref) is not Ref or type(name) is not str or type(kwargs) is not dict or _too_large([args, kwargs]):
        return None
    if _elements([args, kwargs]) > STUB_ELEMENTS:
        return None
    return ref, name, args, kwargs


def _elements(value: Any) -> int:
    """Return how many numbers there are in hostile arguments."""
    if type(value) is np.ndarray:
        return value.size
    if type(value) is dict:
        return sum(map(_elements, value.values()))
    return sum(map(_elements, value)) if type(value) in (list, tuple) else 1


def _called(thing: Any, name: str, args: Any, kwargs: dict[str, Any], *, values: Converter) -> Any:
    if name:
        thing = getattr(thing, name)
    if args is None:
        return thing
    given = [values.outward(arg) for arg in args]
    named = {str(key): values.outward(value) for key, value in kwargs.items()}
    return thing(*given, **named)


def _too_large(value: Any) -> bool:
    """Tell whether a whole number in hostile arguments could be the size of an enormous array."""
    if type(value) is int:
        return abs(value) > STUB_SIZE
    if type(value) is dict:
        return any(map(_too_large, value.values()))
    return type(value) in (list, tuple) and any(map(_too_large, value))
