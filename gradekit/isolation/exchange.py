"""Questions over the line to a worker, one answer each, with a deadline; a worker that cheats is ended.

What comes back is hostile: every answer is bounded, has a deadline and a number, and is a plain value. A worker that
sends anything else is ended, and what it was asked for is lost to the learner, never judged in their favour.
"""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from gradekit.errors import NoMemoryLeft
from gradekit.isolation.processes import ended_for_memory, group_use
from gradekit.isolation.template import GRACE_S, scratch_use
from gradekit.judging.line import TEXT_LIMIT, LearnerError
from gradekit.model import Verdict
from gradekit.worker.wire import Closed, TimedOut, WireError, pack

if TYPE_CHECKING:
    from gradekit.isolation.template import Worker
    from gradekit.model import Limits


USED_UP = "the time for this is used up"
NO_MEMORY = "The system ended learners' code for want of memory"
MORE_MEMORY = "Each submission at once needs as much as one may take, and the same again for what judges."
LOOK_S = 0.25  # how often the scratch folder is measured while the learner's code runs
TOGETHER = 2  # times the memory of one process and a submission's time: what all that a worker started may take


class Lost(LearnerError):
    """The worker is gone, and with it the learner's notebook; it can be built again in a fresh one."""


class Late(LearnerError):
    """The time for an answer was up, and the learner's code stopped when it was asked to.

    Attributes
    ----------
    value : object
        What it answered then; hostile as every answer.
    """

    def __init__(self, text: str, value: Any = None) -> None:
        super().__init__("TimeLimit", text, verdict=Verdict.TLE)
        self.value = value


class Serve(Protocol):
    """Answers what the worker asks while it is being asked: the call of a stub."""

    def __call__(self, frame: dict[str, Any], deadline: float) -> dict[str, Any]:
        """Return ``{"value": …}`` or ``{"error": text}``; the frame is hostile."""


class Exchange:
    """One worker's line: a question, its one answer.

    Parameters
    ----------
    deadline : float
        When the submission's time is up, in seconds of ``time.monotonic()``.
    serve : Serve
        Called for each question of the worker's own.
    """

    def __init__(self, worker: Worker, limits: Limits, *, deadline: float, serve: Serve) -> None:
        self.worker, self.limits, self.deadline = worker, limits, deadline
        self._serve = serve
        self._number = self._nested = 0
        self._lost: Lost | None = None
        self._ended_before = ended_for_memory()

    @property
    def alive(self) -> bool:
        """Whether the worker can still be asked."""
        return self._lost is None

    def end(self) -> None:
        """End the worker."""
        self.worker.kill()
        if self._lost is None:
            self._lost = Lost("Ended", "the process was ended")

    def ask(self, frame: dict[str, Any], seconds: float) -> Any:
        """Ask, and return the answer's value.

        Raises
        ------
        LearnerError
            If the learner's code raised, or took longer than that many seconds.
        Lost
            If the worker is gone, or had to be ended.
        NoMemoryLeft
            If the system ended it for want of memory: ours, whatever the learner's code had taken by then.
        """
        if self._lost is not None:
            raise self._lost
        if time.monotonic() >= self.deadline:  # an answer that is quick enough to come all the same is still too late
            raise Late(USED_UP)
        self._number += 1
        number = self._number
        packed = pack({"n": number, **frame})  # a value of a hidden test's that does not travel is our fault
        deadline = min(time.monotonic() + seconds, self.deadline)
        try:
            if self._nested == 0 and self.worker.channel.waiting():
                self.violated("an answer that nobody asked for")
            self.worker.channel.send_packed(packed, max(deadline, time.monotonic() + GRACE_S))
            answer = self._await(number, deadline)
        except TimedOut:
            self._out_of_time(number, seconds)
        except Closed:
            self._ended()
        except WireError as error:
            self.violated(str(error))
        if "error" in answer:
            raise _learners_error(answer["error"]) or self.violated("a malformed error")
        return answer.get("value")

    def _await(self, number: int, deadline: float) -> dict[str, Any]:
        """Return the answer with that number; serve the worker's questions and look at its scratch folder meanwhile."""
        while True:
            if not self.worker.channel.ready(min(deadline, time.monotonic() + LOOK_S)):
                self.look_at_use()
                if time.monotonic() >= deadline:
                    raise TimedOut("the deadline passed")
                continue
            frame = self.worker.channel.receive(deadline)
            if type(frame) is not dict or type(frame.get("n")) is not int:
                raise WireError("a malformed frame")
            if "stub" in frame:
                answer = self._served(frame, deadline)
                self.worker.channel.send_packed(answer, max(deadline, time.monotonic() + GRACE_S))
                if time.monotonic() >= deadline:
                    raise TimedOut("the deadline passed")
            elif frame["n"] == number:
                return frame
            else:
                raise WireError("an answer with a wrong number")

    def _served(self, frame: dict[str, Any], deadline: float) -> bytes:
        number = frame["n"]
        self._nested += 1
        try:
            return pack({"n": number, **self._serve(frame, deadline)})
        except WireError:
            return pack({"n": number, "error": "an answer that is too large"})
        finally:
            self._nested -= 1

    def _out_of_time(self, number: int, seconds: float) -> NoReturn:
        text = USED_UP if time.monotonic() >= self.deadline else f"this took longer than {seconds:g} s"
        try:
            self.worker.interrupt()
            answer = self._await(number, time.monotonic() + GRACE_S)
        except WireError:
            self._give_up(Lost("TimeLimit", f"{text} and would not stop", verdict=Verdict.TLE))
        raise Late(text, answer.get("value"))

    def _ended(self) -> NoReturn:
        status = self.worker.kill()
        if status == signal.SIGKILL and ended_for_memory() != self._ended_before:
            self._lost = Lost("Ended", NO_MEMORY)
            raise NoMemoryLeft(f"{NO_MEMORY}.", help=MORE_MEMORY)
        if status is not None and status & 0x7F == signal.SIGXCPU:
            self._give_up(Lost("TimeLimit", "the processor time is used up", verdict=Verdict.TLE))
        self._give_up(Lost("Ended", "your code ended the process"))

    def violated(self, what: str) -> NoReturn:
        """End a worker that broke the rules of the line."""
        self._give_up(Lost("Ended", f"the process was ended: it sent {what[:80]}"))

    def _give_up(self, lost: Lost) -> NoReturn:
        self.worker.kill()
        self._lost = lost
        raise lost

    def look_at_use(self) -> None:
        """End a worker that has written more than it may, or whose processes take more together."""
        self._look_at_scratch()
        if not self.worker.starts_processes:
            return
        uses = group_use(self.worker.pid)
        if sum(use.memory for use in uses) > TOGETHER * self.limits.memory_bytes:
            said = "the processes that it started took more memory than all of them may have"
            self._give_up(Lost("MemoryLimit", said, verdict=Verdict.MLE))
        if sum(use.cpu_s for use in uses) > TOGETHER * self.limits.submission_s:
            said = "the processes that it started took more processor time than all of them may have"
            self._give_up(Lost("TimeLimit", said, verdict=Verdict.TLE))

    def _look_at_scratch(self) -> None:
        """End a worker that has written more than it may, beside the files that were handed to it."""
        size, files = self.worker.brought
        most_bytes, most_files = size + self.limits.scratch_bytes, files + self.limits.scratch_files
        size, files = scratch_use(self.worker.folder, most=most_files)
        if size > most_bytes or files > most_files:
            self._give_up(Lost("OutputLimit", "too much was written to files", verdict=Verdict.OLE))


def _learners_error(said: Any) -> LearnerError | None:
    """Return the error that a worker told of; None where it is malformed."""
    parts = [said.get(key) if type(said) is dict else None for key in ("kind", "text", "line")]
    if not all(type(part) is str for part in parts):
        return None
    kind, text, line = (str(part)[:TEXT_LIMIT] for part in parts)
    return LearnerError(kind, text, line)
