"""Bounds on what our own process spends on one call: memory and time."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


AGAIN_S = 1.0  # to the next error, where a call catches the first
SOON_S = 0.001  # to the first, where it would strike in a destructor or a weak reference's callback: Python drops it


@contextmanager
def bounded_memory(size: int) -> Iterator[None]:
    """Let a call that takes more than so many bytes of new address space fail with MemoryError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _address_space() + size
    resource.setrlimit(resource.RLIMIT_AS, (limit if soft == resource.RLIM_INFINITY else min(soft, limit), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int:
    """Return how many bytes of it this process has; asked for at every call of a learner's."""
    descriptor = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return int(os.read(descriptor, 100).split()[0]) * resource.getpagesize()
    finally:
        os.close(descriptor)


@contextmanager
def bounded_time(deadline: float) -> Iterator[None]:
    """Let a call fail with TimeoutError at the deadline, and again where it goes on.

    In a thread no signal comes: it ends late, but ends.
    """
    if not can_bound_time():
        yield
        return
    over = False

    def late(_: int, frame: FrameType | None) -> None:
        """End the call."""
        if over:
            return
        if frame is not None and (frame.f_code.co_name == "__del__" or frame.f_code.co_filename == weakref.__file__):
            signal.setitimer(signal.ITIMER_REAL, SOON_S, AGAIN_S)
            return
        raise TimeoutError("the time for this is used up")

    before = signal.signal(signal.SIGALRM, late)
    begin = time.monotonic()
    left, _ = signal.setitimer(signal.ITIMER_REAL, max(deadline - begin, 0.001), AGAIN_S)
    try:
        yield
    finally:
        over = True
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
        if left:  # an outer bound goes on, less what was spent
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - begin), 0.001), AGAIN_S)


def can_bound_time() -> bool:
    """Say whether a signal can end a call here: only in a process's main thread."""
    return threading.current_thread() is threading.main_thread()
