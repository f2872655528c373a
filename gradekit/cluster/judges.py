"""The side of the gradebook: submissions go to the workers of a Dask cluster, and what was judged comes back.

In the place of the processes of `gradekit.jobs`, with the same face: what takes in and records does not know which.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import logging
import math
import queue
import secrets
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from gradekit.cluster.address import check_address, refuse_plain
from gradekit.cluster.parcel import known_files, pack, pack_course, pack_submission, put_files, unpack_answer
from gradekit.errors import ClusterError, GradekitError
from gradekit.grade.judge import judge_there, own_code, refuse_too_large, versions
from gradekit.grade.travel import files_of
from gradekit.jobs import Broken
from gradekit.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from distributed import Client, Future

    from gradekit.grade.judge import Grading, Setup
    from gradekit.model import Limits

Item = TypeVar("Item")
Result = TypeVar("Result")
CONNECT_S = 15.0
WORKERS_S = 300.0  # for a first worker to come, and for another one when all have left
TICK_S = 1.0  # how often the line to the scheduler is looked at while nothing comes
AHEAD = 2  # submissions in flight for each process that judges: one that is judged, one that waits for it there
SHOWN = 5  # workers that a line names
MOST_AGAIN = (
    3  # times that a submission is sent anew: its worker can judge nobody, or all that it was sent to have left
)
LARGE = 2**30  # bytes of one call, of which Dask would warn from 10 MB on; ours are bounded
INSTALL = "In gradekit's folder: pip install '.[cluster]'"
GONE = "What is recorded stays; the same command goes on with the rest."


@dataclass(frozen=True)
class Ready:
    """A worker that judges: how many submissions at once, and where."""

    name: str
    host: str
    slots: int
    isolation: str


@dataclass
class _Sent:
    """A submission in flight: what was asked, the call's argument, where it may run, how often it came back."""

    item: tuple[str, bytes]
    frame: bytes
    workers: frozenset[str]
    again: int = 0


@dataclass
class Cluster:
    """The workers of a cluster, as a pool of judges; see :class:`gradekit.jobs.Pool`.

    Attributes
    ----------
    ready : dict of str to Ready
        By address: the workers that judge.
    unused : dict of str to str
        By address: the workers that do not, each with its name and why.
    """

    client: Client
    address: str
    run_name: str
    known: dict[str, bytes]
    say: Callable[[str], object]
    ready: dict[str, Ready] = field(default_factory=dict)
    unused: dict[str, str] = field(default_factory=dict)
    inbox: queue.SimpleQueue[Any] = field(default_factory=queue.SimpleQueue)
    flying: dict[Future[bytes], _Sent] = field(default_factory=dict)
    given_up: list[_Sent] = field(default_factory=list)

    @property
    def slots(self) -> int:
        """How many submissions can be judged at once."""
        return sum(worker.slots for worker in self.ready.values())

    def words(self) -> str:
        """Return how many workers there are, for the progress bar."""
        return f"{len(self.ready)} worker{'s' * (len(self.ready) != 1)}"

    def run(
        self, function: Callable[[Setup, Item], Result], items: Iterable[Item], *, seconds: float = math.inf
    ) -> Iterator[tuple[Item, Result | Broken]]:
        """Have submissions judged; see :meth:`gradekit.jobs.Pool.run`. It is always `judge_there` that is called."""
        if function is not judge_there:
            raise TypeError(f"a cluster judges, and does not call {function}")
        return self._run(items, seconds)  # type: ignore[arg-type, return-value]

    def _run(
        self, items: Iterable[tuple[str, bytes]], seconds: float
    ) -> Iterator[tuple[tuple[str, bytes], bytes | str | Broken]]:
        waiting = iter(items)
        more = True
        try:
            while more or self.flying or self.given_up:
                while more and len(self.flying) < AHEAD * self.slots:
                    item = next(waiting, None)
                    more = item is not None
                    if item is not None:
                        frame = pack([self.run_name, seconds, pack_submission(item[1], self.known)])
                        self._send(_Sent(item, frame, frozenset()))
                while self.given_up:
                    yield self.given_up.pop().item, Broken(None)
                if self.flying or (more and not self.slots):
                    yield from self._next()
        finally:
            left = list(self.flying)
            self.flying.clear()
            with suppress(Exception):  # nobody may be there any more to whom it matters
                self.client.cancel(left)

    def wait(self, expected: Iterable[str]) -> None:
        """Wait until one worker is ready.

        Parameters
        ----------
        expected : iterable of str
            The addresses of those that are there; where all of them refuse, nobody else is waited for.

        Raises
        ------
        ClusterError
            If none comes, or none of them can be used.
        """
        asked, until = set(expected), time.monotonic() + WORKERS_S
        while not self.ready:
            if asked and asked <= self.unused.keys():
                raise ClusterError(
                    f"No worker of {self.address} can be used: {'; '.join(list(self.unused.values())[:SHOWN])}.",
                    help="Give every worker what this machine has: the same Python, packages and gradekit.",
                )
            if time.monotonic() > until:
                raise ClusterError(f"{self.address} has no worker that can be used.", help=f"Start workers. {GONE}")
            self._hear()

    def _hear(self) -> Any:
        """Wait for an event or an answer, and for no more than a moment; learn of workers; return an answered call."""
        try:
            found = self.inbox.get(timeout=TICK_S)
        except queue.Empty:
            if self.client.status != "running":
                raise self._lost() from None
            return None
        if not isinstance(found, dict):
            return found
        self._learn(found)
        return None

    def _learn(self, told: Mapping[str, Any]) -> None:
        """Take note of what a worker tells of itself, or the scheduler of one that has left."""
        worker, who = told["worker"], f"{shown(told.get('name', ''))} on {shown(told.get('host', ''))}"
        before = self.ready.pop(worker, None)
        if "problem" in told and self.unused.get(worker) is None:
            why = shown(told["problem"], 300)
            self.unused[worker] = f"{who} ({why})"
            self.say(f"worker {who} is not used: {why}")
        elif "slots" in told:
            self.ready[worker] = Ready(told["name"], told["host"], told["slots"], told["isolation"])
            self.unused.pop(worker, None)
        elif before is not None:
            self.say(f"worker {before.name} on {before.host} has left: its submissions go elsewhere")
        else:
            self.unused.setdefault(worker, f"{worker} (it has left)")
        for future, sent in list(self.flying.items()):
            if self.ready and not sent.workers & self.ready.keys():  # nobody is left that it was sent to
                del self.flying[future]
                self.client.cancel([future])
                self._send_again(sent)

    def _send(self, sent: _Sent) -> None:
        """Send a submission to whoever can judge it."""
        from gradekit.cluster.worker import judge_here  # noqa: PLC0415

        sent.workers = frozenset(self.ready)
        try:
            future = self.client.submit(judge_here, sent.frame, pure=False, workers=sorted(sent.workers))
        except OSError:
            raise self._lost() from None
        self.flying[future] = sent
        future.add_done_callback(self._fetch)

    def _send_again(self, sent: _Sent) -> None:
        """Send a submission that was not judged to others; Dask counts its deaths anew, so that we bound them, too."""
        sent.again += 1
        if sent.again > MOST_AGAIN:
            self.given_up.append(sent)
        else:
            self._send(sent)

    def _fetch(self, future: Future[bytes]) -> None:
        """Fetch an answer, or what the call raised; in a thread of Dask's, while ours takes in and records."""
        try:
            found: Any = future.result()
        except BaseException as error:  # noqa: BLE001  (told to the thread that asked)
            found = error
        self.inbox.put((future, found))

    def _next(self) -> Iterator[tuple[Any, bytes | str | Broken]]:
        """Wait for one answer, and yield what it says."""
        if not self.ready:
            self.wait(())
        future, found = self._hear() or (None, None)
        sent = self.flying.pop(future, None)
        if sent is None:  # nothing yet, or an answer that is not needed any more
            return
        if isinstance(found, Exception):
            yield sent.item, self._failed(found)
            return
        answer = unpack_answer(found if type(found) is bytes else b"")
        if answer.unfit:  # the worker has told of itself before, so that another one is asked now
            self.wait(())
            self._send_again(sent)
            return
        yield sent.item, self._outcome(sent, answer)

    def _outcome(self, sent: _Sent, answer: Any) -> bytes | str | Broken:
        """Return an answer as a process of this machine would give it, with its files in their place."""
        if answer.ended:
            return Broken(answer.exit_code)
        if answer.judged is None:
            return str(answer.said)
        try:
            put_files(files_of(sent.item[1]), answer.files or {})
        except GradekitError as error:
            return str(error)
        return bytes(answer.judged)

    def _failed(self, error: Exception) -> str | Broken:
        """Return what stands for the result of a call that raised."""
        from distributed import CancelledError, KilledWorker  # noqa: PLC0415

        if isinstance(error, CancelledError | OSError):  # nobody has cancelled it
            raise self._lost()
        return Broken(None) if isinstance(error, KilledWorker) else f"a worker failed: {error!r}"

    def _lost(self) -> ClusterError:
        return ClusterError(f"The scheduler {self.address} is gone.", help=GONE)


@dataclass
class Workers:
    """The workers of a cluster, where a class is to be judged by them; see :func:`open_cluster`.

    Attributes
    ----------
    cluster : Cluster or None
        While a run is open.
    """

    address: str
    insecure: bool
    say: Callable[[str], object]
    cluster: Cluster | None = None

    @contextmanager
    def open(self, grading: Grading, limits: Limits) -> Iterator[Cluster]:
        """Let them judge for the length of a with block."""
        with open_cluster(self.address, grading, limits, insecure=self.insecure, say=self.say) as self.cluster:
            yield self.cluster

    def words(self) -> str:
        """Return how many there are, for the progress bar."""
        return self.cluster.words() if self.cluster else ""


# --- a run -----------------------------------------------------------------------------------------------------------


@contextmanager
def open_cluster(
    address: str, grading: Grading, limits: Limits, *, insecure: bool = False, say: Callable[[str], object] = print
) -> Iterator[Cluster]:
    """Let the workers of a Dask cluster judge an assignment for the length of a with block.

    Parameters
    ----------
    address : str
        The scheduler's. Certificates are those of Dask's own configuration.
    insecure : bool
        Whether a line that others can read will do; every report says so.
    say : callable
        Is told in a line each which worker is not used, and which has left.

    Raises
    ------
    UsageError
        If the address is none.
    ClusterError
        If Dask is not installed here, nobody answers there, others could read the line, or no worker can be used.
    CourseError
        If the assignment is too large.
    """
    address = check_address(address)
    refuse_plain(address, insecure=insecure)
    refuse_too_large(grading, limits)
    run, facts = f"gradekit-{secrets.token_hex(8)}", {**versions(), "gradekit's code": own_code()}
    with _connected(address) as client:
        info = client.scheduler_info()
        kept = refuse_plain(address, str(info["address"]), *info["workers"], insecure=insecure)
        known = known_files(grading.course, grading.assignment)
        cluster = Cluster(client, address, run, known, say)
        client.subscribe_topic(run, lambda event: cluster.inbox.put(event[1]))
        with _registered(client, address, run, _terms(run, grading, limits, facts, insecure=insecure)):
            cluster.wait(info["workers"])
            dashboard = f"; dashboard: {client.dashboard_link}" if client.dashboard_link else ""
            say(f"{cluster.words()} of {address}, {cluster.slots} submissions at once, the line is {kept}{dashboard}")
            yield cluster


def _terms(run: str, grading: Grading, limits: Limits, facts: dict[str, str], *, insecure: bool) -> Any:
    from gradekit.cluster.worker import Terms  # noqa: PLC0415

    order = {
        "assignment": grading.assignment,
        "isolation": grading.isolation,
        "all_cells": grading.all_cells,
        "limits": dataclasses.asdict(limits),
    }
    return Terms(run, order, pack_course(grading.course, grading.assignment), facts, insecure)


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """Speak to a scheduler for the length of a with block."""
    try:
        import dask  # noqa: PLC0415
        from distributed import Client, Security  # noqa: PLC0415
    except ImportError:
        raise ClusterError("--scheduler needs Dask, which is not installed here.", help=INSTALL) from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what it would say of a lost line, we say in one
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": LARGE}):
        try:
            client = Client(address, security=Security(), timeout=CONNECT_S, set_as_default=False, name="gradekit")
        except (OSError, TypeError, ValueError) as error:
            raise ClusterError(
                f"No Dask scheduler answers at {address}: {shown(str(error), 200)}.",
                help="Is it running, is it that address, and does Dask's configuration name its certificates?",
            ) from None
        try:
            yield client
        finally:
            with suppress(Exception):  # it may have lost its scheduler
                client.close(timeout=TICK_S)


@contextmanager
def _registered(client: Client, address: str, run: str, terms: Any) -> Iterator[None]:
    """Open the processes that judge on all workers, also those that come later; end them afterwards."""
    from gradekit.cluster.worker import Judges, Watch  # noqa: PLC0415

    without = client.run(importlib.metadata.version, "gradekit", on_error="return")
    names = [worker for worker, found in without.items() if not isinstance(found, str)]
    if names:
        raise ClusterError(
            f"There is no gradekit on {', '.join(names[:SHOWN])}.", help="Install on every worker what is here."
        )
    try:
        client.register_plugin(Watch(run, client.id), name=run)
        client.register_plugin(Judges(terms), name=run)
    except Exception as error:  # noqa: BLE001  (what another process of ours raised, of whatever kind)
        raise ClusterError(
            f"The scheduler {address} cannot be used: {shown(repr(error), 200)}.",
            help="Install in its Python, and in its workers', the same gradekit as here.",
        ) from None
    try:
        yield
    finally:
        with suppress(Exception):  # the scheduler does it too, once it sees that we are gone
            client.unregister_worker_plugin(run)
            client.unregister_scheduler_plugin(run)
