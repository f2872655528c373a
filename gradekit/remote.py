"""The line to a worker: a learner's notebook in another process, as hidden tests and the cell runner see it.

What comes over it is hostile: every answer is bounded, has a deadline and a number, and is a plain value. A worker that
sends anything else is ended, and what it was asked for is lost to the learner, never judged in their favour.
"""

from __future__ import annotations

import signal
import time
import types
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from gradekit import checks
from gradekit.bounds import bounded_memory, bounded_time
from gradekit.forkserver import GRACE_S, scratch_use
from gradekit.model import Verdict
from gradekit.student import DEPTH_LIMIT, TEXT_LIMIT, Handle, LearnerError, Opaque
from gradekit.wire import Closed, Ref, TimedOut, WireError, pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gradekit.forkserver import Worker
    from gradekit.model import Limits
    from gradekit.student import Target

LOOK_S = 0.25  # how often the scratch folder is measured while the learner's code runs
STUB_CALLS = 20_000  # in one exercise; an honest one makes hundreds
STUB_DEPTH = 16
STUB_SIZE = 4096  # the largest whole number that a stub takes: sizes of arrays to make
STUB_BYTES = 2**30  # address space that a stub's call may add
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


class Lost(LearnerError):
    """The worker is gone, and with it the learner's notebook; it can be built again in a fresh one."""


@dataclass(frozen=True)
class CellRun:
    """What became of a cell: its outputs in the notebook's form, whether it went through, its number."""

    ok: bool
    outputs: list[dict[str, Any]]
    count: int | None


class Session:
    """One worker's line, with its deadlines. Implements :class:`gradekit.student.Line`.

    Parameters
    ----------
    deadline : float
        When the submission's time is up, in seconds of ``time.monotonic()``.
    """

    def __init__(self, worker: Worker, limits: Limits, deadline: float) -> None:
        self.worker, self.limits, self.deadline = worker, limits, deadline
        self._number = 0
        self._lost: Lost | None = None
        self._stubs: list[Any] = []
        self._stub_calls = self._stub_depth = 0

    @property
    def alive(self) -> bool:
        """Whether the worker can still be asked."""
        return self._lost is None

    # --- what a line does --------------------------------------------------------------------------------------------

    def call(
        self, target: Target, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, watch: bool = False
    ) -> tuple[Any, str | None]:
        """Call over there; the arguments that come back are compared here."""
        own = [self._inward(arg) for arg in args]
        named = {key: self._inward(value) for key, value in kwargs.items()}
        frame = {"do": "call", "target": list(target), "args": own, "kwargs": named, "watch": watch}
        answer = self._ask(frame, self.limits.call_s)
        if type(answer) is not dict or "answer" not in answer:
            self._violated("a malformed answer")
        value = self._outward(answer["answer"])
        if not watch:
            return value, None
        after = answer.get("args")
        if type(after) is not list or len(after) != len(args):
            self._violated("a malformed answer")
        pairs = enumerate(zip(args, map(self._outward, after), strict=True), start=1)
        plain = ((number, given, now) for number, (given, now) in pairs if not isinstance(given, Handle))
        paths = (checks.changed(given, now, path=f"argument {number}") for number, given, now in plain)
        return value, next((path for path in paths if path), None)

    def get(self, target: Target) -> Any:
        """Read an attribute over there."""
        return self._outward(self._ask({"do": "get", "target": list(target)}, self.limits.call_s))

    def seed(self, seed: int) -> None:
        """Seed numpy's global generator over there, and here for the stubs that draw from it."""
        np.random.seed(seed)  # noqa: NPY002  (the exercises draw from the global generator)
        self._ask({"do": "seed", "seed": seed}, self.limits.call_s)

    # --- what a notebook does ----------------------------------------------------------------------------------------

    def run_cell(self, source: str, *, keep: bool = True) -> CellRun:
        """Run a cell; an interrupted one ends in an error output, as the stop button's does."""
        found = self._ask({"do": "cell", "source": source, "keep": keep}, self.limits.cell_s)
        self._look_at_scratch()
        if type(found) is not dict or not _are_outputs(found.get("outputs")):
            self._violated("a malformed answer")
        count = found.get("count")
        return CellRun(found.get("ok") is True, found["outputs"], count if type(count) is int else None)

    def define(self, sources: list[str], *, without: tuple[str, ...]) -> None:
        """Run imports and definitions of cells, but for some names."""
        self._ask({"do": "define", "sources": sources, "without": list(without)}, self.limits.cell_s)

    def bind(self, names: Mapping[str, Any]) -> None:
        """Put stubs of trusted functions and objects into the notebook."""
        refs = {name: self._stub(value, name) for name, value in names.items()}
        self._ask({"do": "bind", "names": refs}, self.limits.call_s)

    @contextmanager
    def exercise(self) -> Iterator[None]:
        """Bound the time of an exercise's tests, put the global generator back, and let its stubs die."""
        outer = self.deadline
        self.deadline = min(outer, time.monotonic() + self.limits.exercise_s)
        kept = len(self._stubs)
        self._stub_calls = 0
        try:
            if self.alive:
                self._generator(keep=True)
            yield
            self.deadline = outer
            if self.alive:
                self._generator(keep=False)
        finally:
            self.deadline = outer
            self._stubs[kept:] = [None] * (len(self._stubs) - kept)

    def _generator(self, *, keep: bool) -> None:
        try:
            self._ask({"do": "seed", "keep": keep}, self.limits.call_s)
        except LearnerError:
            return  # the learner's own doing; what is judged next says so

    def end(self) -> None:
        """End the worker."""
        self.worker.kill()
        if self._lost is None:
            self._lost = Lost("Ended", "the process was ended")

    # --- asking ------------------------------------------------------------------------------------------------------

    def _ask(self, frame: dict[str, Any], seconds: float) -> Any:
        if self._lost is not None:
            raise self._lost
        if time.monotonic() >= self.deadline:  # an answer that is quick enough to come all the same is still too late
            raise LearnerError("TimeLimit", "the time for this is used up", verdict=Verdict.TLE)
        self._number += 1
        number = self._number
        packed = pack({"n": number, **frame})  # a value of a hidden test's that does not travel is our fault
        deadline = min(time.monotonic() + seconds, self.deadline)
        try:
            if self._stub_depth == 0 and self.worker.channel.waiting():
                self._violated("an answer that nobody asked for")
            self.worker.channel.send_packed(packed, max(deadline, time.monotonic() + GRACE_S))
            answer = self._await(number, deadline)
        except TimedOut:
            self._out_of_time(number, seconds)
        except Closed:
            self._ended()
        except WireError as error:
            self._violated(str(error))
        if "error" in answer:
            raise self._learners(answer["error"])
        return answer.get("value")

    def _await(self, number: int, deadline: float) -> dict[str, Any]:
        """Return the answer with that number, serving stub calls meanwhile and looking at the scratch folder."""
        while True:
            if not self.worker.channel.ready(min(deadline, time.monotonic() + LOOK_S)):
                self._look_at_scratch()
                if time.monotonic() >= deadline:
                    raise TimedOut("the deadline passed")
                continue
            frame = self.worker.channel.receive(deadline)
            if type(frame) is not dict or type(frame.get("n")) is not int:
                raise WireError("a malformed frame")
            if "stub" in frame:
                answer = self._serve_stub(frame, deadline)
                self.worker.channel.send_packed(answer, max(deadline, time.monotonic() + GRACE_S))
                if time.monotonic() >= deadline:
                    raise TimedOut("the deadline passed")
            elif frame["n"] == number:
                return frame
            else:
                raise WireError("an answer with a wrong number")

    def _out_of_time(self, number: int, seconds: float) -> NoReturn:
        late = LearnerError("TimeLimit", f"this took longer than {seconds:g} s", verdict=Verdict.TLE)
        if time.monotonic() >= self.deadline:
            late = LearnerError("TimeLimit", "the time for this is used up", verdict=Verdict.TLE)
        try:
            self.worker.interrupt()
            self._await(number, time.monotonic() + GRACE_S)
        except WireError:
            self._give_up(Lost(late.kind, f"{late.text} and would not stop", verdict=Verdict.TLE))
        raise late

    def _ended(self) -> NoReturn:
        status = self.worker.kill()
        if status is not None and status & 0x7F == signal.SIGXCPU:
            self._give_up(Lost("TimeLimit", "the processor time is used up", verdict=Verdict.TLE))
        self._give_up(Lost("Ended", "your code ended the process"))

    def _violated(self, what: str) -> NoReturn:
        self._give_up(Lost("Ended", f"the process was ended: it sent {what[:80]}"))

    def _give_up(self, lost: Lost) -> NoReturn:
        self.worker.kill()
        self._lost = lost
        raise lost

    def _look_at_scratch(self) -> None:
        size, files = scratch_use(self.worker.scratch, most=self.limits.scratch_files)
        if size > self.limits.scratch_bytes or files > self.limits.scratch_files:
            self._give_up(Lost("OutputLimit", "too much was written to files", verdict=Verdict.OLE))

    def _learners(self, error: Any) -> LearnerError:
        parts = [error.get(key) if type(error) is dict else None for key in ("kind", "text", "line")]
        if not all(type(part) is str for part in parts):
            self._violated("a malformed error")
        kind, text, line = (str(part)[:TEXT_LIMIT] for part in parts)
        return LearnerError(kind, text, line)

    # --- values ------------------------------------------------------------------------------------------------------

    def _inward(self, value: Any) -> Any:  # noqa: PLR0911  (one return a kind of value)
        if isinstance(value, Handle):
            target = value._target  # noqa: SLF001  (a handle is the line's own)
            if len(target) > 1 or type(target[0]) is str:
                value = self.get(target)
                return self._inward(value)
            return Ref("handle", int(target[0]))
        if isinstance(value, dict):
            return {key: self._inward(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return (list if isinstance(value, list) else tuple)(self._inward(inner) for inner in value)
        if isinstance(value, np.generic):
            return value.item()
        if value is None or isinstance(value, bool | int | float | complex | str | np.ndarray):
            return value
        return self._stub(value, type(value).__name__)

    def _outward(self, value: Any, depth: int = 0) -> Any:  # noqa: PLR0911  (one return a kind of value)
        if depth > DEPTH_LIMIT:
            return Opaque("a container nested without end")
        if type(value) is Ref:
            if value.kind == "handle":
                return Handle(self, (value.number,), value.text)
            if value.kind == "opaque":
                return Opaque(value.text)
            return self._stub_object(value)
        if type(value) is dict:
            return {key: self._outward(inner, depth + 1) for key, inner in value.items()}
        if type(value) in (list, tuple):
            return type(value)(self._outward(inner, depth + 1) for inner in value)
        return value

    # --- stubs: calls that travel back -------------------------------------------------------------------------------

    def _stub(self, value: Any, name: str) -> Ref:
        if isinstance(value, NO_STUB):
            raise TypeError(f"a {type(value).__name__} does not travel")
        self._stubs.append(value)
        return Ref("stub", len(self._stubs) - 1, name)

    def _stub_object(self, ref: Ref) -> Any:
        known = 0 <= ref.number < len(self._stubs) and self._stubs[ref.number] is not None
        if not known:
            self._violated("a stub that does not exist")
        return self._stubs[ref.number]

    def _serve_stub(self, frame: dict[str, Any], deadline: float) -> bytes:
        """Return the packed answer to a stub's call."""
        number = frame["n"]
        try:
            return pack({"n": number, **self._answer_stub(frame, deadline)})
        except WireError:
            return pack({"n": number, "error": "an answer that is too large"})

    def _answer_stub(self, frame: dict[str, Any], deadline: float) -> dict[str, Any]:
        """Answer a stub's call; its arguments are hostile, its number, depth, sizes, memory and time bounded."""
        self._stub_calls += 1
        if self._stub_calls > STUB_CALLS or self._stub_depth >= STUB_DEPTH:
            return {"error": "too many calls of a given function"}
        ref, name, args, kwargs = (frame.get(key) for key in ("stub", "name", "args", "kwargs"))
        if type(ref) is not Ref or type(name) is not str or type(kwargs) is not dict or _too_large([args, kwargs]):
            return {"error": "a call that cannot be"}
        known = 0 <= ref.number < len(self._stubs) and self._stubs[ref.number] is not None
        if ref.kind != "stub" or not known or name.startswith("_"):
            return {"error": "a given function that is no longer there"}
        self._stub_depth += 1
        try:
            with bounded_memory(STUB_BYTES), bounded_time(deadline):
                return {"value": self._inward(self._do(self._stubs[ref.number], name, args, kwargs))}
        except Lost:
            raise
        except Exception as error:  # noqa: BLE001  (the edge of the learner's arguments)
            return {"error": f"{type(error).__name__}: {error}"[:TEXT_LIMIT]}
        finally:
            self._stub_depth -= 1

    def _do(self, thing: Any, name: str, args: Any, kwargs: dict[str, Any]) -> Any:
        if name:
            thing = getattr(thing, name)
        if args is None:
            return thing
        given = [self._outward(arg) for arg in args]
        named = {str(key): self._outward(value) for key, value in kwargs.items()}
        return thing(*given, **named)


def _are_outputs(value: Any) -> bool:
    return type(value) is list and all(type(output) is dict and _is_json(output) for output in value)


def _is_json(value: Any, depth: int = 0) -> bool:
    if type(value) is dict:
        return depth < DEPTH_LIMIT and all(
            type(key) is str and _is_json(inner, depth + 1) for key, inner in value.items()
        )
    if type(value) is list:
        return depth < DEPTH_LIMIT and all(_is_json(inner, depth + 1) for inner in value)
    return value is None or type(value) in (bool, int, float, str)


def _too_large(value: Any) -> bool:
    """Tell whether a whole number in hostile arguments could be the size of an enormous array."""
    if type(value) is int:
        return abs(value) > STUB_SIZE
    if type(value) is dict:
        return any(map(_too_large, value.values()))
    return type(value) in (list, tuple) and any(map(_too_large, value))
