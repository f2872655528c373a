"""One process that judges on a Dask worker's machine: ``python -P -m gradekit.cluster.slot DESCRIPTOR``.

Dask runs calls in threads, and judging bounds memory and time of a whole process: so each thread has one of these
beside it. It holds a template and the hidden tests, judges one submission after the other, and ends with the worker,
also where that is killed: its standard input is a line that closes then. Where it closed without a word, nobody is left
to remove the worker's private folder, and this process does.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import gradekit.alone  # noqa: F401  (this process is ours alone)
from gradekit.cluster.facts import facts
from gradekit.cluster.parcel import Answer, names_in, new_files, pack_answer, unpack_submission
from gradekit.course.course import Course
from gradekit.errors import GradekitError
from gradekit.files import remove_tree
from gradekit.grade.judge import LANDLOCK, Grading, judge_there, open_setup
from gradekit.grade.travel import FRAME_BYTES, pack, unpack
from gradekit.model import Limits
from gradekit.worker import sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradekit.grade.judge import Setup

CLEAN_UP_S = 20.0  # for the template to end and its folder to go, once the worker is gone


@dataclass(frozen=True)
class Order:
    """What a process is to judge.

    Attributes
    ----------
    folder : str
        The worker's private one: the assignment lies in it, and all of it goes when the worker has ended.
    packages : sequence of str
        Those whose versions a score may depend on, beside those that it always does.
    judged_by, line : str
        What every report says of this place.
    """

    folder: str
    assignment: str
    isolation: str
    all_cells: bool
    limits: Limits
    packages: Sequence[str]
    judged_by: str
    line: str

    @property
    def course(self) -> Course:
        """The assignment, as a course."""
        return Course(Path(self.folder) / "course")


def main(descriptor: int) -> None:
    """Open what judging needs, say so, and answer until the line is closed."""
    line, orphaned = Connection(descriptor), threading.Event()
    threading.Thread(target=_end_with_worker, args=(orphaned,), daemon=True).start()
    folder = ""
    try:
        found = unpack(line.recv_bytes(FRAME_BYTES))
        limits = Limits(**{**found["limits"], "allow": tuple(found["limits"]["allow"])})
        order = Order(**{**found, "limits": limits})
        folder = order.folder
        _serve(line, order)
    except (EOFError, ConnectionError, KeyboardInterrupt):  # the worker has ended, or is done with us
        pass
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if folder and orphaned.is_set():
            remove_tree(Path(folder))


def _serve(line: Connection, order: Order) -> None:
    """Judge whatever is sent; the first word is what this place is, or why it cannot be used."""
    grading = Grading(order.course, order.assignment, order.isolation, order.all_cells)
    try:
        with open_setup(grading, order.limits) as setup:
            setup.template.fork(order.limits).kill()  # by effect: a worker of learners' code was isolated, and ended
            landlock = f", Landlock ABI {sandbox.landlock_abi()}" if order.isolation == LANDLOCK else ""
            line.send_bytes(pack({"facts": facts(order.packages), "isolation": f"{order.isolation}{landlock}"}))
            placed = replace(setup, judged_by=order.judged_by, line=order.line)
            with suppress(EOFError, OSError):
                while True:
                    data = line.recv_bytes(FRAME_BYTES)
                    line.send_bytes(pack_answer(_judged(placed, order, data)))
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # what follows is the clean-up
    except (GradekitError, OSError) as error:
        line.send_bytes(pack({"unfit": str(error)}))


def _judged(setup: Setup, order: Order, data: bytes) -> Answer:
    """Judge one submission in a folder of its own; what its code has written comes back with it."""
    try:
        files = Path(tempfile.mkdtemp(dir=order.folder, prefix="files-"))
    except OSError as error:
        return Answer(unfit=str(error))
    try:
        packed = unpack_submission(data, files, order.course.source_folder(order.assignment))
        before = names_in(files)
        found = judge_there(setup, ("", packed))
        if isinstance(found, str):
            return Answer(said=found)
        return Answer(judged=found, files=new_files(files, before))
    except (GradekitError, OSError) as error:  # the host's, as a disk that is full: nobody can be judged here
        return Answer(unfit=str(error))
    finally:
        shutil.rmtree(files, ignore_errors=True)


def _end_with_worker(orphaned: threading.Event) -> None:
    """Wait for the worker's word, or its end; then interrupt whatever is being judged, and end in any case."""
    if not os.read(0, 1):
        orphaned.set()
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(CLEAN_UP_S)
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
