"""What hidden tests asked a learner's code and what it answered: kept while they run, for the diagnosis afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit import checks
from gradekit.judging.line import Handle, LearnerError, over

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gradekit.judging.line import Line, Target


ROOM_BYTES = 16 * 2**20  # of answers kept for one exercise; honest ones make some kilobytes


@dataclass(frozen=True)
class Event:
    """One thing that was asked, and what came of it.

    Attributes
    ----------
    target : tuple
        Whom it was asked of: a global's name or an object's number, then attribute names.
    answer : object
        Plain data, a handle, or the LearnerError that was raised.
    changed : str or None
        The path of the first argument that was changed in place, where the test looked.
    """

    target: Target
    answer: Any
    changed: str | None = None


@dataclass
class Transcript:
    """The events of one exercise's tests, in order; without any where a learner's answers took too much room.

    Attributes
    ----------
    events : dict of str to list of Event
        By test; a test that was not run is not in it.
    """

    events: dict[str, list[Event]] = field(default_factory=dict)
    room: int = ROOM_BYTES

    def of(self, test: str) -> Callable[[Event], None]:
        """Begin a test; return what notes its events."""
        self.events[test] = []

        def note(event: Event) -> None:
            """Keep an event, while there is room."""
            self.room -= size_of(event.answer)
            if self.room >= 0:
                self.events[test].append(event)
            else:
                self.events.clear()
                self.events[test] = []

        return note

    @property
    def whole(self) -> bool:
        """Whether every event is in it."""
        return self.room >= 0


def size_of(value: Any) -> int:
    """Return about how many bytes a plain value takes."""
    if isinstance(value, np.ndarray):
        return 128 + value.nbytes
    if isinstance(value, dict):
        return 128 + sum(map(size_of, value)) + sum(map(size_of, value.values()))
    if isinstance(value, list | tuple):
        return 64 + sum(map(size_of, value))
    return 64 + (len(value) if isinstance(value, str) else 0)


class RecordingLine:
    """A line that passes everything on to another and notes what came of it.

    Parameters
    ----------
    note : callable
        Gets every event before the test does; what it raises ends the test.
    """

    def __init__(self, line: Line, note: Callable[[Event], None]) -> None:
        self._line, self._note = line, note

    def call(
        self, target: Target, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, watch: bool = False
    ) -> tuple[Any, str | None]:
        """Call; see :class:`gradekit.judging.line.Line`."""
        return self._noted(target, lambda: self._line.call(target, args, kwargs, watch=watch))

    def get(self, target: Target) -> Any:
        """Read an attribute; see :class:`gradekit.judging.line.Line`."""
        return self._noted(target, lambda: (self._line.get(target), None))[0]

    def seed(self, seed: int) -> None:
        """Seed the process's global generator; see :class:`gradekit.judging.line.Line`."""
        self._line.seed(seed)

    def library(self, module: str) -> Any:
        """Import a module; see :class:`gradekit.judging.line.Line`."""
        return self._noted((module,), lambda: (self._line.library(module), None))[0]

    def _noted(self, target: Target, ask: Callable[[], tuple[Any, str | None]]) -> tuple[Any, str | None]:
        try:
            answer, changed = ask()
        except LearnerError as error:
            self._note(Event(target, error))
            raise
        self._note(Event(target, checks.snapshot(answer), changed))  # a test may write into what it was given
        return self._own(answer), changed

    def _own(self, value: Any) -> Any:
        """Let handles in an answer talk over this line, not past it."""
        if isinstance(value, Handle):
            return over(self, value)
        if isinstance(value, dict):
            return {key: self._own(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._own(inner) for inner in value)
        return value
