"""Rights that a worker has not: each attempt is answered in one plain sentence, and noted for whoever judges the cell.

The filter of system calls and Landlock refuse all the same; here it is only said why, before they are asked. What is
noted is the learner's process's own word, as all that comes from there.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import Any

PROGRAMS, NETWORK, FILES, STARTED = "programs", "network", "files", "started"
SENTENCES = {
    PROGRAMS: "no program or other process can be started while this is graded",
    NETWORK: "there is no network while this is graded",
}
# Python's own names for what is about to happen; see the audit events of its library.
EVENTS = {
    **dict.fromkeys(
        ("subprocess.Popen", "os.system", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "pty.spawn"), PROGRAMS
    ),
    **dict.fromkeys(
        ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"), NETWORK
    ),
}
CLOSED = (errno.EPERM, errno.EACCES)
CHAIN = 20  # exceptions of one chain that are looked at


class Refusals:
    """What was refused since a cell began.

    Attributes
    ----------
    tried : list of str
        Kinds of rights, each once, that the cell's code asked for.
    felt : list of str
        Those of them that it had no other way for: it ended for it, or a command was answered with a line.
    """

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.felt: list[str] = []
        self.closed: frozenset[str] = frozenset()

    @property
    def commands(self) -> bool:
        """Whether commands are refused."""
        return PROGRAMS in self.closed

    def watch(self, allowed: frozenset[str] = frozenset()) -> None:
        """Answer every attempt from now on, but at a right that is allowed; there is no way back."""
        self.closed = frozenset(SENTENCES) - allowed
        sys.addaudithook(self._audit)
        if self.commands:
            os.system = self.command  # type: ignore[assignment]  # it takes any command
        else:
            self._watch_ends()

    def _watch_ends(self) -> None:
        """Note how programs end, whichever way they were started."""
        system, noted = os.system, self.ended

        class Popen(subprocess.Popen):  # type: ignore[type-arg]
            """A process whose end is noted."""

            def poll(self) -> int | None:
                """Return its status, None while it runs."""
                status = super().poll()
                noted(status)
                return status

            def wait(self, timeout: float | None = None) -> int:
                """Wait for its status."""
                status = super().wait(timeout)
                noted(status)
                return status

        def run(command: Any) -> int:
            """Run a shell's command and return its status."""
            status = system(command)
            noted(status)
            return status

        subprocess.Popen, os.system = Popen, run  # type: ignore[misc]

    def begin(self) -> None:
        """Forget what was refused before."""
        self.tried.clear()
        self.felt.clear()

    def command(self, _command: object = "") -> int:
        """Answer a command with a printed line; return the status of one that was not found, as a shell does."""
        self._note(PROGRAMS, felt=True)
        sys.stdout.write(f"{SENTENCES[PROGRAMS][0].upper()}{SENTENCES[PROGRAMS][1:]}.\n")
        return 127 << 8

    def ended(self, status: int | None) -> None:
        """Note that a program failed which was allowed: what it was refused is not seen from here."""
        if status:
            self._note(STARTED, felt=True)

    def look_at(self, error: BaseException | None) -> None:
        """Note what a cell's exception, or one before it, was raised for."""
        at = error
        for _ in range(CHAIN):
            if at is None:
                return
            if isinstance(at, OSError) and at.errno in CLOSED:
                said = [kind for kind, text in SENTENCES.items() if at.strerror == text]
                self._note(said[0] if said else FILES, felt=True)
            if self.closed and not self.commands and isinstance(at, BlockingIOError | subprocess.CalledProcessError):
                self._note(STARTED, felt=True)  # no more processes, which others may have taken; or one that failed
            at = at.__cause__ or at.__context__

    def _audit(self, event: str, _: tuple[Any, ...]) -> None:
        kind = EVENTS.get(event)
        if kind is not None and kind in self.closed:
            self._note(kind)
            raise PermissionError(errno.EPERM, SENTENCES[kind])

    def _note(self, kind: str, *, felt: bool = False) -> None:
        for noted in (self.tried, self.felt) if felt else (self.tried,):
            if kind not in noted:
                noted.append(kind)
