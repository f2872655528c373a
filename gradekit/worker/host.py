"""What Python's library asks of the host and finds closed, in a process that is alone: given by the process itself.

Semaphores and shared memory are for processes, of which there is one: threads' own, and files of the scratch folder, do
what libraries want of them; where a worker may fork, its processes share counters of the kernel's. The list of users is
closed: a process's own number gets a name.
"""

from __future__ import annotations

import _multiprocessing  # type: ignore[import-not-found]
import _posixshmem  # type: ignore[import-not-found]
import grp
import mmap
import multiprocessing.heap
import os
import pwd
import select
import struct
import sys
import threading
import time
from contextlib import suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec

NAME = "learner"
NOWHERE = "<gradekit>"
RECURSIVE_MUTEX = 0  # of the two kinds that Python's library knows; the other is a semaphore


class ThreadLock:
    """The lock and semaphore of ``multiprocessing``, among threads; its names and errors are the original's."""

    SEM_VALUE_MAX = 2**31 - 1

    def __init__(self, kind: int, value: int, maxvalue: int, name: str = "", unlink: bool = True) -> None:  # noqa: ARG002, FBT001, FBT002  (the original's signature)
        self.kind, self.maxvalue, self.name, self.handle = kind, maxvalue, name, 0
        self._value = value
        self._held = 0
        self._owner: int | None = None
        self._changed = threading.Condition()

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:  # noqa: FBT001, FBT002  (the same)
        """Take it; wait for it where `block`."""
        if self.kind == RECURSIVE_MUTEX and self._is_mine():
            self._held += 1
            return True
        with self._changed:
            wait = None if timeout is None else max(0.0, timeout)
            if not self._changed.wait_for(lambda: self._value > 0, wait if block else 0.0):
                return False
            self._value -= 1
            self._held += 1
            self._owner = threading.get_ident()
        return True

    def release(self) -> None:
        """Give it back."""
        if self.kind == RECURSIVE_MUTEX:
            if not self._is_mine():
                raise AssertionError("attempt to release recursive lock not owned by thread")
            if self._held > 1:
                self._held -= 1
                return
        with self._changed:
            if self._value >= self.maxvalue:
                raise ValueError("semaphore or lock released too many times")
            self._value += 1
            self._held -= 1
            self._changed.notify()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _count(self) -> int:
        return self._held

    def _is_mine(self) -> bool:
        return self._held > 0 and self._owner == threading.get_ident()

    def _get_value(self) -> int:
        return self._value

    def _is_zero(self) -> bool:
        return self._value == 0

    def _after_fork(self) -> None:
        self._held = 0


class SharedLock:
    """The same among processes that are forked from one another: they inherit a counter, and see one value of it."""

    SEM_VALUE_MAX = 2**31 - 1

    def __init__(self, kind: int, value: int, maxvalue: int, name: str = "", unlink: bool = True) -> None:  # noqa: ARG002, FBT001, FBT002  (the original's signature)
        self.kind, self.maxvalue, self.name, self.handle = kind, maxvalue, name, 0
        flags = os.EFD_SEMAPHORE | os.EFD_CLOEXEC
        self._free = os.eventfd(value, flags | os.EFD_NONBLOCK)
        self._guard = os.eventfd(1, flags)
        self._value = mmap.mmap(-1, struct.calcsize("q"))
        self._change(value)
        self._held = 0
        self._owner: tuple[int, int] | None = None

    def __del__(self) -> None:
        for name in ("_free", "_guard"):
            with suppress(OSError, AttributeError):
                os.close(getattr(self, name))

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:  # noqa: FBT001, FBT002  (the same)
        """Take it; wait for it where `block`."""
        if self.kind == RECURSIVE_MUTEX and self._is_mine():
            self._held += 1
            return True
        wait = timeout if block else 0.0
        end = None if wait is None else time.monotonic() + max(0.0, wait)
        while not self._took():
            left = None if end is None else end - time.monotonic()
            if (left is not None and left <= 0) or not select.select([self._free], [], [], left)[0]:
                return False
        self._change(-1)
        self._held += 1
        self._owner = (os.getpid(), threading.get_ident())
        return True

    def release(self) -> None:
        """Give it back."""
        if self.kind == RECURSIVE_MUTEX:
            if not self._is_mine():
                raise AssertionError("attempt to release recursive lock not owned by thread")
            if self._held > 1:
                self._held -= 1
                return
        self._change(1)
        self._held -= 1
        os.eventfd_write(self._free, 1)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _took(self) -> bool:
        try:
            os.eventfd_read(self._free)
        except BlockingIOError:
            return False
        return True

    def _change(self, by: int) -> None:
        os.eventfd_read(self._guard)
        try:
            value = self._get_value() + by
            if value > self.maxvalue:
                raise ValueError("semaphore or lock released too many times")
            struct.pack_into("q", self._value, 0, value)
        finally:
            os.eventfd_write(self._guard, 1)

    def _count(self) -> int:
        return self._held

    def _is_mine(self) -> bool:
        return self._held > 0 and self._owner == (os.getpid(), threading.get_ident())

    def _get_value(self) -> int:
        return int(struct.unpack_from("q", self._value)[0])

    def _is_zero(self) -> bool:
        return self._get_value() == 0

    def _after_fork(self) -> None:
        self._held = 0


class OwnModules(MetaPathFinder):
    """Finds the assignment's own helper modules in the notebook's folder, before packages of their names."""

    def __init__(self, folder: str, names: frozenset[str]) -> None:
        self._folder, self._names = folder, names

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Find a module at the top level, where it is one of them."""
        if path is not None or fullname not in self._names:
            return None
        return PathFinder.find_spec(fullname, [self._folder], target)


def prepare(*, processes: bool = False) -> None:
    """Put what is the same in every worker in its place, once, before they are forked.

    Parameters
    ----------
    processes : bool
        Whether workers may start some: then forks, not programs that find one another by names outside of their folder.
    """
    _multiprocessing.SemLock, _multiprocessing.sem_unlink = SharedLock if processes else ThreadLock, _nothing
    if processes:
        multiprocessing.set_start_method("fork")
    multiprocessing.heap.Arena._dir_candidates = []  # type: ignore[attr-defined]  # noqa: SLF001  (it has no other place for it)
    for name in ("ensure_running", "register", "unregister"):  # a process of its own, that would clear up after others
        setattr(resource_tracker, name, _nothing)
    own = str(Path(__file__).parents[1])
    for module in list(sys.modules.values()):
        if str(getattr(module, "__file__", None)).startswith(own):
            module.__file__ = NOWHERE  # closed to learners' code where it lies: %autoreload would look for its text
    os.environ["JOBLIB_MULTIPROCESSING"] = "0"  # joblib then works in one process, without a warning


def stand_in(home: str) -> None:
    """Put what is given here in the place of what is closed, for one worker.

    Parameters
    ----------
    home : str
        The process's own folder for temporary files.
    """

    def shm_path(name: str) -> str:
        """Return the file that stands for a piece of shared memory."""
        return f"{home}/shm{name.replace('/', '_')}"

    def shm_open(path: str, flags: int, mode: int = 0o777) -> int:
        """Open shared memory: a file."""
        return os.open(shm_path(path), flags | os.O_CLOEXEC, mode)

    def shm_unlink(path: str) -> None:
        """Remove shared memory."""
        Path(shm_path(path)).unlink()

    _posixshmem.shm_open, _posixshmem.shm_unlink = shm_open, shm_unlink
    user = pwd.struct_passwd((NAME, "x", os.getuid(), os.getgid(), "", home, "/bin/sh"))
    group = grp.struct_group((NAME, "x", os.getgid(), []))
    for names, name, entry in ((pwd, "getpwuid", user), (grp, "getgrgid", group)):
        setattr(names, name, _with_own(getattr(names, name), entry[2], entry))


def _nothing(*_: object) -> None:
    """Do nothing."""


def _with_own(look_up: Callable[[int], Any], number: int, own: Any) -> Callable[[int], Any]:
    def found(wanted: int) -> Any:
        """Return what the list of users says; of this process's own number what is known here."""
        return own if wanted == number else look_up(wanted)

    return found
