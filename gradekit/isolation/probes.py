"""The refusals, tried on this very host: what learners' code must not do, done from inside real workers.

Each probe runs in a worker of its own. Everything that it reaches for is open to every user by its modes, made for the
purpose and harmless, so that the sandbox alone refuses; what goes through is said, and nothing is hurt.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradekit.errors import GradekitError
from gradekit.files import remove_tree
from gradekit.isolation.exchange import Lost
from gradekit.isolation.session import Session
from gradekit.isolation.template import Template
from gradekit.judging.line import LearnerError
from gradekit.model import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "GRADEKIT_DOCTOR"  # a name in our environment
LIMITS = Limits(call_s=5, exercise_s=5, cell_s=1, submission_s=20, memory_bytes=2**27, scratch_bytes=2**20)
PRELUDE = """
import ctypes, errno, fcntl, json, os, resource, signal, socket, subprocess, sys
from gradekit.worker import refusals
refusals.EVENTS.clear()  # the walls themselves are asked, not what explains them
globals().update(json.loads({names!r}))
libc = ctypes.CDLL(None, use_errno=True)


def system(name, *args):
    done = getattr(libc, name)(*args)
    if done == -1:
        raise OSError(ctypes.get_errno(), name)


def own_fork():
    if os.fork() == 0:
        os._exit(0)


def send(kind, family, address):
    with socket.socket(family, kind) as it:
        it.settimeout(2)
        it.connect(address.replace("@", chr(0)) if isinstance(address, str) else tuple(address))
        it.send(b"x")


def lock_twice():
    one, two = open(library), open(library)
    fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        fcntl.flock(two, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
    raise OSError(errno.EPERM, "no lock is real")


def sees(found):
    if not found:
        raise OSError(errno.ENOENT, "not there")


try:
    {probe}
    found = ""
except (OSError, MemoryError, OverflowError) as error:
    found = errno.errorcode.get(getattr(error, "errno", None), type(error).__name__)
"""
PROBES = {  # what is tried, in words → one statement, which raises where it is refused
    "read a file outside": "open(file).read()",
    "list a folder outside": "os.listdir(outside)",
    "list the folder that this command runs in": "os.listdir(here)",
    "list the folder of this Python's settings": "os.listdir(prefix)",
    "list the whole machine": "os.listdir('/')",
    "read the list of users": "open('/etc/passwd').read()",
    "read the grader's environment": "open(f'/proc/{grader}/environ', 'rb').read()",
    "read the grader's memory": "open(f'/proc/{grader}/mem', 'rb').read(1)",
    "find the grader's environment in its own": f"sees(os.environ.get({CANARY!r}))",
    "write to a file outside": "os.close(os.open(file, os.O_WRONLY))",
    "make a file outside": "open(outside + '/new', 'w').close()",
    "make a file in /tmp": "open(f'/tmp/{os.getpid()}-doctor', 'w').close(); os.remove(f'/tmp/{os.getpid()}-doctor')",
    "rename a file outside": "os.rename(file, file + '2'); os.rename(file + '2', file)",
    "link to a file outside": "os.symlink(file, 'link')",
    "change a library": "os.close(os.open(library, os.O_RDWR))",
    "tell another worker by a lock": "lock_twice()",
    "connect by TCP": "send(socket.SOCK_STREAM, socket.AF_INET, tcp)",
    "send by UDP": "send(socket.SOCK_DGRAM, socket.AF_INET, udp)",
    "connect by a socket file": "send(socket.SOCK_STREAM, socket.AF_UNIX, unix)",
    "connect by an abstract socket": "send(socket.SOCK_STREAM, socket.AF_UNIX, abstract)",
    "fork": "own_fork()",
    "start a program": "subprocess.run(['/bin/true'])",
    "signal the grader": "os.kill(grader, 0)",
    "signal its own template": "os.kill(os.getppid(), 0)",
    # PTRACE_SEIZE, which unlike PTRACE_ATTACH does not stop the grader where it goes through.
    "trace the grader": "system('ptrace', 0x4206, grader, 0, 0)",
    "change the grader's limits": "resource.prlimit(grader, resource.RLIMIT_CORE)",
    "make namespaces of its own": "system('unshare', 0x10000000)",
    "become root": "os.setuid(0); sees(False) if os.getuid() else None",
    "take more memory than its limit": f"bytearray({2 * LIMITS.memory_bytes})",
    "write a larger file than its limit": f"open('large', 'wb').write(bytes({2 * LIMITS.scratch_bytes}))",
}


@dataclass(frozen=True)
class Tried:
    """One probe, and whether it was refused, and how."""

    what: str
    refused: bool
    how: str


def attack(*, isolate: bool = True) -> Iterator[Tried]:
    """Try everything, one worker each; the last probe never ends by itself.

    Parameters
    ----------
    isolate : bool
        False tries what happens without the sandbox: for the test of the probes themselves.
    """
    with _targets() as names:
        running = Template(isolate=isolate)
        try:
            for what, statement in PROBES.items():
                yield _try(running, what, PRELUDE.format(names=json.dumps(names), probe=statement))
            yield _stop(running)
        finally:
            running.close()


def _try(running: Template, what: str, source: str) -> Tried:
    try:
        session = _session(running)
    except GradekitError as error:
        return Tried(what, refused=False, how=error.message)
    try:
        session.run_cell(source)
        how = str(session.get(("found",)))
    except (Lost, LearnerError) as error:
        return Tried(what, refused=isinstance(error, Lost), how=f"its process was ended: {error}")
    finally:
        session.end()
    return Tried(what, refused=bool(how), how=how)


def _stop(running: Template) -> Tried:
    """Let a worker run for ever; its limit of time ends it."""
    session = _session(running)
    try:
        session.run_cell("while True:\n    try:\n        while True: pass\n    except BaseException: pass")
    except LearnerError as error:
        how = str(error)
    else:
        how = ""
    finally:
        session.end()
    return Tried("go on for ever", refused=bool(how), how=how)


def _session(running: Template) -> Session:
    return Session(running.fork(LIMITS), LIMITS, time.monotonic() + LIMITS.submission_s)


@contextmanager
def _targets() -> Iterator[dict[str, object]]:
    """Make what the probes reach for: a folder open to all, four sockets, a word in our environment."""
    outside = Path(tempfile.mkdtemp(prefix="gradekit-doctor-"))
    before = os.environ.get(CANARY)
    os.environ[CANARY] = "1"
    sockets = [socket.socket(), socket.socket(type=socket.SOCK_DGRAM)]
    sockets += [socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
    try:
        outside.chmod(0o777)
        (outside / "file").write_text("open to all", encoding="utf-8")
        (outside / "file").chmod(0o666)
        abstract = f"@{outside.name}"
        places: tuple[Any, ...] = (
            ("127.0.0.1", 0),
            ("127.0.0.1", 0),
            str(outside / "socket"),
            abstract.replace("@", "\0"),
        )
        for item, place in zip(sockets, places, strict=True):
            item.bind(place)
            if item.type == socket.SOCK_STREAM:
                item.listen()
        (outside / "socket").chmod(0o666)
        tcp, udp = (item.getsockname() for item in sockets[:2])
        yield {
            "outside": str(outside),
            "file": str(outside / "file"),
            "here": str(Path.cwd()),
            "prefix": sys.prefix,
            "library": os.__file__,
            "grader": os.getpid(),
            "tcp": tcp,
            "udp": udp,
            "unix": str(outside / "socket"),
            "abstract": abstract,
        }
    finally:
        for item in sockets:
            item.close()
        if before is None:
            del os.environ[CANARY]
        else:
            os.environ[CANARY] = before
        remove_tree(outside)
