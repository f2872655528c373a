"""What runs within Dask's processes: a plugin that opens judging processes on each worker, and one that ends them.

Dask pickles the *call* of `judge_here`, which is ours; its argument and its result are `bytes`, our own frames: nothing
of a learner's is ever pickled. Learners' code runs neither in Dask's processes nor in those that judge, but where it
always does: in workers of `gradekit/worker/`, that have dropped every right.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import Reschedule, SchedulerPlugin, WorkerPlugin, get_worker

from gradekit.cluster.address import INSECURE, line_of
from gradekit.cluster.facts import differences
from gradekit.cluster.parcel import Answer, pack_answer, unpack_answer, unpack_course
from gradekit.errors import GradekitError
from gradekit.files import clear_stages, make_stage, remove_tree
from gradekit.grade.travel import FRAME_BYTES, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection

    from distributed import Scheduler, Worker

PLACE = "gradekit_cluster"  # the beginning of a private folder's name, in the system's folder for temporary files
START_S = 300.0  # for a process that judges to start, with its template
END_S = 30.0  # for it to clean up
LATE_S = 10.0  # after which no word that began a run is still on its way
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


# --- one process that judges, seen from the worker -------------------------------------------------------------------


@dataclass(frozen=True)
class Slot:
    """A process that judges; `about` is what it says of itself."""

    process: subprocess.Popen[bytes]
    line: Connection
    about: Mapping[str, Any]

    def ask(self, data: bytes, seconds: float) -> Answer:
        """Have a submission judged; a process that takes longer is ended."""
        with suppress(EOFError, OSError):
            self.line.send_bytes(data)
            if self.line.poll(seconds):
                return unpack_answer(self.line.recv_bytes(FRAME_BYTES))
        self.process.kill()  # it takes too long, or does not read or answer as it should; else it has ended
        return Answer(ended=True, exit_code=self.process.wait())

    def let_go(self) -> None:
        """Tell the process that nobody needs it any more."""
        self.line.close()
        with suppress(OSError, ValueError):  # it has ended, or knows it already
            os.write(self.process.stdin.fileno(), b".")  # type: ignore[union-attr]
        self.process.stdin.close()  # type: ignore[union-attr]

    def end(self) -> None:
        """Wait until it has ended."""
        self.let_go()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def open_slot(order: bytes) -> Slot:
    """Start a process that judges.

    Raises
    ------
    GradekitError
        If it cannot be used, in its own words.
    """
    ours, theirs = multiprocessing.Pipe()
    with theirs:
        process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            [sys.executable, "-P", "-m", "gradekit.cluster.slot", str(theirs.fileno())],
            env={**ONE_THREAD, **os.environ},
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
    about: dict[str, Any] = {"unfit": "a process that judges did not start"}
    with suppress(EOFError, OSError, ValueError):
        ours.send_bytes(order)
        if ours.poll(START_S):
            about = unpack(ours.recv_bytes(FRAME_BYTES))
    slot = Slot(process, ours, about)
    if "unfit" in about:
        slot.end()
        raise GradekitError(str(about["unfit"]))
    return slot


# --- on every worker -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """What a run asks of a worker.

    Attributes
    ----------
    run : str
        The run's name: of the plugins, and of the events by which workers tell of themselves.
    order : mapping
        The fields of :class:`gradekit.cluster.slot.Order` that all workers have in common.
    course : bytes
        The packed assignment.
    facts : mapping of str to str
        What a score depends on, as it is where the gradebook is.
    insecure : bool
        Whether a line that others can read will do.
    """

    run: str
    order: Mapping[str, Any]
    course: bytes
    facts: Mapping[str, str]
    insecure: bool = False


class Judges(WorkerPlugin):  # type: ignore[misc]
    """Processes that judge, one for each thread of a Dask worker, for the length of a run."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms

    def setup(self, worker: Worker) -> None:
        """Begin to open the processes; the worker tells under the run's name what has become of that."""
        self._worker = worker
        self._closing = threading.Event()
        self._free: queue.SimpleQueue[Slot | None] = queue.SimpleQueue()  # None: one that is still to be opened
        self._slots: list[Slot] = []
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._order = b""
        self._opening = threading.Thread(target=self._open, args=(worker,), daemon=True)
        self._opening.start()

    async def teardown(self, worker: Worker) -> None:
        """End all processes, and remove the private folder."""
        del worker
        with self._lock:
            self._closing.set()
            for slot in self._slots:
                slot.let_go()
        await asyncio.to_thread(self._clean_up)

    def judge(self, data: bytes, seconds: float) -> Answer:
        """Have one submission judged by a process that is free."""
        slot = self._free.get()
        try:
            slot = self._new_slot() if slot is None else slot
            answer = slot.ask(data, seconds)
        except (GradekitError, OSError) as error:  # the host's: no process can be started, or none that fits
            answer = Answer(unfit=str(error))
        if self._closing.is_set():  # what was being judged has not ended by itself
            raise Reschedule
        if answer.unfit:
            self._worker.log_event(self.terms.run, {**_told(self._worker), "problem": answer.unfit})
        if answer.ended and slot is not None:
            self._drop(slot)
        self._free.put(None if answer.ended else slot)
        return answer

    def _open(self, worker: Worker) -> None:
        """Open one process a thread, and tell what came of it."""
        told = _told(worker)
        try:
            self._prepare(worker, told)
            opened: list[Any] = [None] * worker.state.nthreads
            threads = [
                threading.Thread(target=self._open_one, args=(opened, place), daemon=True)
                for place in range(len(opened))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for one in opened:
                if not isinstance(one, Slot):
                    raise GradekitError(str(one))  # noqa: TRY301
            for one in opened:
                self._free.put(one)
            told |= {"slots": len(opened), "isolation": str(opened[0].about["isolation"])}
        except Exception as error:  # noqa: BLE001  (the edge of a thread: nobody else would hear of it)
            told["problem"] = str(error) or repr(error)
            self._discard()  # nothing of the course stays where nobody is judged
        if not self._closing.is_set():
            worker.log_event(self.terms.run, told)

    def _prepare(self, worker: Worker, told: Mapping[str, Any]) -> None:
        """Put the assignment into a private folder, and write the order for the processes."""
        kept = line_of(worker.address, worker.scheduler.address)
        if kept == INSECURE and not self.terms.insecure:
            raise GradekitError("its address is neither TLS nor on this machine")
        parent = Path(tempfile.gettempdir())
        clear_stages(parent, PLACE)
        self._folder = make_stage(parent, PLACE)  # 0700
        unpack_course(self.terms.course, self._folder / "course")
        place = {"folder": str(self._folder), "judged_by": f"{told['name']} on {told['host']}", "line": kept}
        self._order = pack({**self.terms.order, **place})

    def _open_one(self, opened: list[Any], place: int) -> None:
        try:
            opened[place] = self._new_slot()
        except Exception as error:  # noqa: BLE001  (the edge of a thread)
            opened[place] = str(error) or repr(error)

    def _new_slot(self) -> Slot:
        """Open a process, and hold it to what the scores depend on."""
        slot = open_slot(self._order)
        with self._lock:
            self._slots.append(slot)
            if self._closing.is_set():
                slot.let_go()
        if differing := differences(self.terms.facts, slot.about["facts"]):
            raise GradekitError(differing)
        return slot

    def _drop(self, slot: Slot) -> None:
        """Forget a process that has ended."""
        with self._lock:
            self._slots.remove(slot)
        slot.let_go()

    def _clean_up(self) -> None:
        self._opening.join()
        self._discard()

    def _discard(self) -> None:
        """End all processes, and remove the private folder."""
        for slot in self._slots:
            slot.end()
        self._slots.clear()
        if self._folder is not None:
            remove_tree(self._folder)


def _told(worker: Worker) -> dict[str, Any]:
    """Return what every word of a worker's begins with."""
    return {"worker": worker.address, "name": str(worker.name), "host": socket.gethostname()}


def judge_here(data: bytes) -> bytes:
    """Judge one submission on the worker that this runs on: bytes in, bytes out."""
    if type(data) is not bytes:
        raise TypeError(f"a {type(data).__name__}, where only bytes travel")
    run, seconds, submission = unpack(data)
    plugin = get_worker().plugins.get(run)
    if not isinstance(plugin, Judges):
        return pack_answer(Answer(unfit="it knows nothing of this run"))
    return pack_answer(plugin.judge(submission, seconds))


# --- on the scheduler ------------------------------------------------------------------------------------------------


class Watch(SchedulerPlugin):  # type: ignore[misc]
    """Tells a run of workers that leave; ends the run's processes on all workers when its client is gone."""

    def __init__(self, run: str, client: str) -> None:
        self.run, self.client = run, client

    def remove_worker(self, scheduler: Scheduler, worker: str, **_: Any) -> None:
        """Tell the run, and in how many deaths its calls were: of any whole number that Dask's settings allow."""
        client = scheduler.clients.get(self.client)
        deaths = {task.key: task.suspicious for task in client.wants_what if task.suspicious} if client else {}
        scheduler.log_event(self.run, {"worker": worker, "left": True, "deaths": deaths})

    def remove_client(self, scheduler: Scheduler, client: str) -> None:
        """End the run everywhere, also where the client was killed."""
        if client == self.client:
            scheduler.loop.add_callback(self._end, scheduler)
            scheduler.loop.call_later(LATE_S, self._end_late, scheduler)

    async def _end(self, scheduler: Scheduler) -> None:
        with suppress(ValueError, OSError):  # it ended by itself, or a worker that was asked to is just leaving
            await scheduler.unregister_worker_plugin(None, self.run)
        with suppress(ValueError):
            scheduler.remove_plugin(self.run)

    async def _end_late(self, scheduler: Scheduler) -> None:
        """End it once more: a client that was killed as it began may have reached a worker after the end has."""
        await scheduler.broadcast(msg={"op": "plugin-remove", "name": self.run}, on_error="ignore")
