"""Several processes of ours for one piece of work: each opens what it needs once, keeps it, and closes it at its end.

What goes between them is ours: names, numbers, text, frozen dataclasses. Nothing that a learner's process made is
unpickled; learners' code runs in the forks of a template that such a job process may have opened.
"""

from __future__ import annotations

import math
import multiprocessing
import signal
import sys
import time
import traceback
from collections import deque
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from gradekit.errors import GradekitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from multiprocessing.context import SpawnProcess


Opened = TypeVar("Opened")
Opened_co = TypeVar("Opened_co", covariant=True)
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Broken:
    """What stands for a result where the process ended instead; `exit_code` is negative where a signal ended it."""

    exit_code: int | None


class Pool(Protocol[Opened_co]):
    """What :func:`pool` gives."""

    def run(
        self, function: Callable[[Opened_co, Item], Result], items: Iterable[Item], *, seconds: float = math.inf
    ) -> Iterator[tuple[Item, Result | Broken]]:
        """Begin to call ``function(opened, item)`` for every item; yield each item and its result when it is done.

        Items are asked for when a process is free, and one more ahead, so that what they hold need not be kept at once.

        One run after the other: a run may be left half-way, but not gone on with once the next has begun.

        Parameters
        ----------
        function : callable
            Found by its name in the other process, so no closure.
        seconds : float
            A process that is longer at an item, its own start included, is ended: `Broken`. Not in this process.

        Raises
        ------
        GradekitError
            What a call raised, or what opening raised; another exception comes as text.
        """


@contextmanager
def pool(
    open_: Callable[..., AbstractContextManager[Opened]],
    args: tuple[Any, ...] = (),
    *,
    jobs: int,
    begin: Callable[[], object] | None = None,
    first: Job | None = None,
) -> Iterator[Pool[Opened]]:
    """Run job processes for the length of a with block.

    Parameters
    ----------
    open_, args : callable, tuple
        ``open_(*args)`` is the context manager of what a process needs; it is open as long as the process lives.
    jobs : int
        How many processes; 0 works in this one.
    begin : callable
        Called first in each job process, never in this one.
    first : Job, optional
        A process that :func:`start` started before: it gets what was made ready as one more argument of `open_`.
    """
    if jobs == 0:
        with open_(*args) as opened:
            yield _Here(opened)
        return

    def opened_process() -> Job:
        """Start a process and let it open."""
        return start(begin).open(open_, args)

    early = [first.open(open_, args)] if first is not None else []
    there: _There[Opened] = _There(opened_process, early, jobs)
    try:
        yield there
    finally:
        there.close()


@dataclass(frozen=True)
class _Here(Generic[Opened]):
    """The pool without a process of its own."""

    opened: Opened

    def run(
        self, function: Callable[[Opened, Item], Result], items: Iterable[Item], *, seconds: float = math.inf
    ) -> Iterator[tuple[Item, Result | Broken]]:
        """See :class:`Pool`."""
        del seconds
        return ((item, function(self.opened, item)) for item in items)


class _Ahead(Generic[Item]):
    """What is still to be done: asked for one ahead, while the processes work."""

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._next: list[Item] = []

    def fill(self) -> bool:
        """Ask for the next item where none is at hand; tell whether there is one."""
        if not self._next:
            self._next = list(islice(self._items, 1))
        return bool(self._next)

    def pop(self) -> Item:
        """Return the next item."""
        return self._next.pop()


@dataclass(frozen=True)
class Job:
    """A process of ours that waits for what to open, and then for tasks."""

    process: SpawnProcess
    connection: Any

    def open(self, open_: Callable[..., Any], args: tuple[Any, ...]) -> Job:
        """Let it open what its tasks need."""
        with suppress(ConnectionError):  # it has ended: its first task says so
            self.connection.send((open_, args))
        return self

    def end(self) -> int | None:
        """Close the line, at which the process leaves its loop; return its exit code."""
        self.connection.close()
        self.process.join()
        return self.process.exitcode


class _There(Generic[Opened]):
    """The pool of job processes; one that ended is replaced when there is something to do."""

    def __init__(self, start: Callable[[], Job], early: list[Job], jobs: int) -> None:
        self._start = start
        self._idle = deque([*early, *(start() for _ in range(jobs - len(early)))])
        self._busy: dict[Any, tuple[Job, object]] = {}  # by connection: whose task it is at, which run gave it
        self._until: dict[Any, float] = {}  # by connection: when it is ended

    def close(self) -> None:
        """End every process, each after the task that it is at."""
        jobs = [*self._idle, *(job for job, _ in self._busy.values())]
        for job in jobs:
            job.connection.close()
        for job in jobs:
            job.end()

    def run(
        self, function: Callable[[Opened, Item], Result], items: Iterable[Item], *, seconds: float = math.inf
    ) -> Iterator[tuple[Item, Result | Broken]]:
        """See :class:`Pool`."""
        waiting = _Ahead(iter(items))
        given: dict[Any, Item] = {}
        give = partial(self._give, function, waiting, given, seconds)
        give()  # before a result is asked for: two pools can work side by side
        return self._gather(give, given)

    def _give(
        self, function: Callable[..., Any], waiting: _Ahead[Item], given: dict[Any, Item], seconds: float
    ) -> None:
        while self._idle and waiting.fill():
            job = self._idle.popleft()
            if not job.process.is_alive():
                job.end()
                job = self._start()
            self._busy[job.connection] = job, given
            self._until[job.connection] = time.monotonic() + seconds
            given[job.connection] = waiting.pop()
            with suppress(ConnectionError):  # it has just ended: reading says so
                job.connection.send((function, given[job.connection]))
        waiting.fill()

    def _gather(self, give: Callable[[], None], given: dict[Any, Item]) -> Iterator[tuple[Item, Any]]:
        while given:
            for connection in self._answered():
                job, giver = self._busy.pop(connection)
                del self._until[connection]
                self._idle.append(job)
                failure, result = _answer(job)
                if giver is not given:  # of a run that was left half-way
                    give()
                    continue
                item = given.pop(connection)
                if failure is not None:
                    raise failure
                give()
                yield item, result

    def _answered(self) -> list[Any]:
        """Wait for processes that have answered or ended; end those that are overdue."""
        left = min(self._until.values()) - time.monotonic()
        found = wait(list(self._busy), None if left == math.inf else max(left, 0.0))
        for connection, until in self._until.items():
            if connection not in found and time.monotonic() >= until:
                self._busy[connection][0].process.kill()
                self._until[connection] = math.inf
        return found


def _answer(job: Job) -> tuple[GradekitError | None, Any]:
    try:
        failure, result = job.connection.recv()
    except (EOFError, ConnectionError):
        return None, Broken(job.end())
    return failure, result


# --- in a job process ------------------------------------------------------------------------------------------------


def start(
    begin: Callable[[], object] | None = None, prepare: Callable[[], AbstractContextManager[object]] | None = None
) -> Job:
    """Start a job process before it is known what it is to open; it ends when its line is closed.

    Parameters
    ----------
    prepare : callable
        Makes ready what can be already; it is found by its name, and its module imported first.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with theirs, _without_program(), _held_interrupt():
        process = context.Process(target=_work, args=(theirs, begin, prepare), daemon=True)
        process.start()
    return Job(process, ours)


@contextmanager
def _without_program() -> Iterator[None]:
    """Let a process begin that does not import the program which this one runs: nothing of it is needed there.

    nbgrader's and Jupyter's take seconds, and what somebody's own script does was not asked for a second time.
    """
    program = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = program


@contextmanager
def _held_interrupt() -> Iterator[None]:
    """Hold Ctrl-C back while a process begins; there it stays held until the process can end without a word."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # where it begins it lets Ctrl-C through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(
    connection: Any,
    begin: Callable[[], object] | None,
    prepare: Callable[[], AbstractContextManager[object]] | None,
) -> None:
    """Make ready, open, do one task after the other until the line is closed, and close."""
    if begin is not None:
        begin()
    with suppress(KeyboardInterrupt), ExitStack() as stack, suppress(EOFError, ConnectionError):
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        _, made = _tried(lambda: stack.enter_context(prepare())) if prepare is not None else (None, None)
        more = (made,) if made is not None else ()  # what could not be made ready says why when it is opened
        open_, args = connection.recv()
        failure, opened = _tried(lambda: stack.enter_context(open_(*args, *more)))
        while True:
            function, item = connection.recv()
            connection.send((failure, None) if failure is not None else _tried(function, opened, item))


def _tried(function: Callable[..., Any], *args: Any) -> tuple[GradekitError | None, Any]:
    """Return what a call raised, and what it returned."""
    try:
        return None, function(*args)
    except GradekitError as error:
        return error, None
    except Exception:  # noqa: BLE001  (the edge of a process: what no other could read goes as text)
        return GradekitError(traceback.format_exc().strip()), None
