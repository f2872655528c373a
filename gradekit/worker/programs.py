"""Programs and processes of a worker that may start some: commands run, and what is written past Python is shown."""

from __future__ import annotations

import codecs
import ctypes
import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STREAMS = ("stdout", "stderr")
CHUNK = 2**16
KEPT = 10**6  # bytes of one stream that are looked at in one go


class Written:
    """What programs and libraries write to the process's own first and second descriptor: files in its scratch folder.

    Parameters
    ----------
    folder : str
        The process's own for temporary files.
    """

    def __init__(self, folder: str) -> None:
        self._at = [0, 0]
        self._flush = ctypes.CDLL(None).fflush
        for number, name in enumerate(STREAMS, start=1):
            file = os.open(f"{folder}/.{name}", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(file, number)
            os.close(file)

    def take(self) -> Iterator[tuple[str, str]]:
        """Yield each stream's name and what has been written to it since the last time."""
        self._flush(None)  # what libraries of C hold back
        for place, name in enumerate(STREAMS):
            try:
                size = os.fstat(place + 1).st_size
                data = os.pread(place + 1, KEPT + 1, self._at[place]) if size > self._at[place] else b""
            except OSError:  # the learner's code has closed it
                continue
            self._at[place] = max(size, self._at[place])
            if data:
                yield name, data.decode("utf-8", "replace")


def run(command: str) -> int:
    """Run a shell's command; show what it prints while it does, and return its status as a shell would.

    Raises
    ------
    OSError
        If it asks for the background, as in a notebook of Jupyter's.
    """
    if command.rstrip().endswith("&"):
        raise OSError("Background processes not supported.")
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    with subprocess.Popen(  # noqa: S602  (the learner's own command, in the learner's own process)
        command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as child:
        assert child.stdout is not None
        while chunk := os.read(child.stdout.fileno(), CHUNK):
            sys.stdout.write(decode(chunk))
        sys.stdout.write(decode(b"", final=True))
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def in_forked(then: Callable[[], object]) -> None:
    """Let every process that is forked from this one print past Python, where this one reads it, and do that first."""

    def begin() -> None:
        """Give a new process streams of its own."""
        then()
        sys.stdout, sys.stderr = (
            io.TextIOWrapper(io.FileIO(number, "w", closefd=False), encoding="utf-8", line_buffering=True)
            for number in (1, 2)
        )

    os.register_at_fork(after_in_child=begin)
