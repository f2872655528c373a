"""The side of the gradebook: submissions go to the workers of a Dask cluster, and what was judged comes back.

In the place of the processes of `gradekit.jobs`, with the same face: what takes in and records does not know which.
"""

from __future__ import annotations

import math
import queue
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from gradekit.cluster.parcel import Answer, pack_submission, put_files, unpack_answer
from gradekit.cluster.roll import SHOWN
from gradekit.errors import ClusterError, GradekitError
from gradekit.grade.judge import judge_there
from gradekit.grade.travel import files_of, pack
from gradekit.jobs import Broken
from gradekit.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from distributed import Client, Future

    from gradekit.cluster.roll import Roll
    from gradekit.grade.judge import Setup

Item = TypeVar("Item")
Result = TypeVar("Result")
WORKERS_S = 300.0  # for a first worker to come, and for another one when all have left
TICK_S = 1.0  # how often the line to the scheduler is looked at while nothing comes
AHEAD = 2  # submissions in flight for each process that judges: one that is judged, one that waits for it there
IN_FLIGHT_BYTES = 2**30  # of submissions; a single one is at most some 400 MB, which all may be
MOST_AGAIN = 3  # times that a submission is sent anew since its worker can judge nobody
MOST_DEATHS = 3  # of workers that had a submission: then it is tried alone, and whatever Dask's own settings are
GONE = "What is recorded stays; the same command goes on with the rest."


@dataclass
class _Sent:
    """A submission in flight: what was asked, the call's argument, how long that may take, and where it was sent.

    Attributes
    ----------
    worker : str
        By address. It is one, so that Dask sends nothing on by itself that has just ended a worker.
    until : float
        Who has not answered then has hung, by the monotonic clock.
    again : int
        How often it was sent anew since its worker could judge nobody.
    """

    item: tuple[str, bytes]
    frame: bytes
    seconds: float
    worker: str = ""
    until: float = math.inf
    again: int = 0


@dataclass
class Cluster:
    """The workers of a cluster, as a pool of judges; see :class:`gradekit.jobs.Pool`.

    Attributes
    ----------
    run_name : str
        Of this run's plugins.
    known : dict of str to bytes
        The hashes of the assignment's own files.
    inbox : SimpleQueue
        What Dask's threads tell this one: answers of calls, and words of workers.
    flying, answered, waiting, given_up : dict, deque, deque, list
        Calls that are not answered yet, answers that nobody has looked at, submissions that are to be sent anew, and
        those that were too often.
    deaths : Counter of str
        By student: of workers that had their submission.
    """

    client: Client
    address: str
    run_name: str
    known: dict[str, bytes]
    roll: Roll
    inbox: queue.SimpleQueue[Any] = field(default_factory=queue.SimpleQueue)
    flying: dict[Future[bytes], _Sent] = field(default_factory=dict)
    answered: deque[tuple[Future[bytes], Any]] = field(default_factory=deque)
    waiting: deque[_Sent] = field(default_factory=deque)
    given_up: list[_Sent] = field(default_factory=list)
    deaths: Counter[str] = field(default_factory=Counter)

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
            while more or self.flying or self.waiting or self.given_up:
                while self.waiting and self.roll.ready:
                    self._send(self.waiting.popleft())
                while more and self._has_room():
                    item = next(waiting, None)
                    more = item is not None
                    if item is not None:
                        frame = pack([self.run_name, seconds, pack_submission(item[1], self.known)])
                        self._send(_Sent(item, frame, seconds))
                if not more:
                    self._level()
                while self.given_up:
                    yield self.given_up.pop().item, Broken(None)
                if self.flying or ((more or self.waiting) and not self.roll.ready):
                    yield from self._next()
        finally:
            left = list(self.flying)
            self.flying.clear()
            self.waiting.clear()
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
        while not self.roll.ready:
            if asked and asked <= self.roll.unused.keys():
                raise ClusterError(
                    f"No worker of {self.address} can be used: {'; '.join(list(self.roll.unused.values())[:SHOWN])}.",
                    help="Give every worker what this machine has: the same Python, packages and gradekit.",
                )
            if time.monotonic() > until:
                raise ClusterError(f"{self.address} has no worker that can be used.", help=f"Start workers. {GONE}")
            self._hear()

    def _next(self) -> Iterator[tuple[Any, bytes | str | Broken]]:
        """Wait for one answer, and yield what it says."""
        if not self.answered:
            self.wait(())
        if not self.answered and self.flying:
            self._hear()
        future, found = self.answered.popleft() if self.answered else (None, None)
        sent = self.flying.pop(future, None)
        if sent is None:  # nothing yet, or an answer that is not needed any more
            return
        if isinstance(found, Exception):
            if _is_killed(found):
                self._send_again(sent, died=True)
            else:
                yield sent.item, self._failed(found)
            return
        try:
            answer = unpack_answer(found if type(found) is bytes else b"")
        except GradekitError as error:
            answer = Answer(said=str(error))
        if answer.unfit:  # the worker may have told of itself before; now another one is asked
            self.roll.drop(sent.worker, answer.unfit)
            sent.again += 1
            self._send_again(sent)
        else:
            yield sent.item, _outcome(sent, answer)

    def _hear(self) -> None:
        """Wait for a word, and for no more than a moment: an answer is kept, and of workers is learnt."""
        try:
            found = self.inbox.get(timeout=TICK_S)
        except queue.Empty:
            if self.client.status != "running":
                raise self._lost() from None
            for worker in {sent.worker for sent in self.flying.values() if time.monotonic() > sent.until}:
                self.roll.drop(worker, "it does not answer")
                self._forget(worker, dict.fromkeys(future.key for future in self.flying))
            return
        if not isinstance(found, dict):
            self.answered.append(found)
            return
        self.roll.learn(found)
        if "left" in found:
            self._forget(found["worker"], found["deaths"])

    def _has_room(self) -> bool:
        """Say whether another submission may be taken in: a process will soon be free, and there is memory for it."""
        held = sum(len(sent.frame) for sent in self.flying.values())
        return len(self.flying) < AHEAD * self.roll.slots and (held < IN_FLIGHT_BYTES or not self.flying)

    def _load(self) -> dict[str, float]:
        """Return how many submissions each worker has for each of its processes, by address."""
        held = Counter(sent.worker for sent in self.flying.values())
        return {address: held[address] / worker.slots for address, worker in self.roll.ready.items()}

    def _level(self) -> None:
        """Give what waits for a worker to one that has nothing to do, once nobody else comes."""
        if self.answered or not self.inbox.empty():  # who waits and who is judged is known when these are
            return
        load = self._load()
        if load and min(load.values()) < 1 < max(load.values()):
            busy = max(load, key=load.__getitem__)
            last = [future for future, sent in self.flying.items() if sent.worker == busy][-1]
            self._send(self._take_back(last))

    def _take_back(self, future: Future[bytes]) -> _Sent:
        """Return a submission whose call is not waited for any more; an answer that comes nevertheless is dropped."""
        sent = self.flying.pop(future)
        self.client.cancel([future])
        return sent

    def _forget(self, worker: str, died: Container[str]) -> None:
        """Send what a worker had to others; in its death were the calls with these keys."""
        answered = {future for future, _ in self.answered}
        for future in [one for one, sent in self.flying.items() if sent.worker == worker and one not in answered]:
            self._send_again(self._take_back(future), died=future.key in died)

    def _send(self, sent: _Sent) -> None:
        """Send a submission to the worker that has least to do."""
        from gradekit.cluster.worker import judge_here  # noqa: PLC0415

        if self.client.status != "running":  # Dask would keep the call, for a scheduler that knows nothing of this run
            raise self._lost()
        load = self._load()
        sent.worker = min(load, key=load.__getitem__)
        sent.until = time.monotonic() + (AHEAD + load[sent.worker]) * sent.seconds
        future = self.client.submit(judge_here, sent.frame, pure=False, workers=[sent.worker])
        self.flying[future] = sent
        future.add_done_callback(self._fetch)

    def _send_again(self, sent: _Sent, *, died: bool = False) -> None:
        """Have a submission that was not judged sent to others, or give it up."""
        self.deaths[sent.item[0]] += died
        too_often = sent.again > MOST_AGAIN or (died and self.deaths[sent.item[0]] >= MOST_DEATHS)
        (self.given_up if too_often else self.waiting).append(sent)

    def _fetch(self, future: Future[bytes]) -> None:
        """Fetch an answer, or what the call raised; in a thread of Dask's, while ours takes in and records."""
        try:
            found: Any = future.result()
        except BaseException as error:  # noqa: BLE001  (told to the thread that asked)
            found = error
        self.inbox.put((future, found))

    def _failed(self, error: Exception) -> str:
        """Return what stands for the result of a call that raised."""
        from distributed import CancelledError  # noqa: PLC0415

        if getattr(error, "reason", "") == "scheduler-restart":
            raise ClusterError(f"Somebody has restarted all workers of {self.address}.", help=GONE)
        if isinstance(error, CancelledError | OSError):  # nobody has cancelled it
            raise self._lost()
        return f"a worker failed: {shown(repr(error), 300)}"

    def _lost(self) -> ClusterError:
        return ClusterError(f"The scheduler {self.address} is gone.", help=GONE)


def _is_killed(error: Exception) -> bool:
    """Say whether Dask has given a call up for its worker's death, as its settings may have it."""
    from distributed import KilledWorker  # noqa: PLC0415

    return isinstance(error, KilledWorker)


def _outcome(sent: _Sent, answer: Answer) -> bytes | str | Broken:
    """Return an answer as a process of this machine would give it, with its files in their place."""
    if answer.ended:
        return Broken(answer.exit_code)
    if answer.judged is None:
        return answer.said
    try:
        put_files(files_of(sent.item[1]), answer.files or {})
    except GradekitError as error:
        return str(error)
    return answer.judged
