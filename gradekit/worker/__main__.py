"""The template process: warm, without secrets, forks a worker on request, and waits for its end.

Started by exec with an environment of its own: ``python -I -m gradekit.worker DESCRIPTOR``. The control socket carries
a msgpack frame and, with a request for a worker, the worker's end of the line. The first request, which may come when
the process has warmed up already, says what for: the rights that a course allows, and what the source's cells import,
once for all workers.
"""

from __future__ import annotations

import functools
import os
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgpack

from gradekit.worker import host, programs, refusals, sandbox, serve, shell
from gradekit.worker.wire import Channel, WireError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gradekit.worker.serve import Server


REQUEST_BYTES = 2**16


def main(descriptor: int) -> None:
    """Warm up, hear what for, say that it is done, and serve requests until the other side is gone."""
    control = socket.socket(fileno=descriptor)
    outputs = shell.Outputs()
    python = shell.make_shell(outputs)
    data = control.recv(REQUEST_BYTES)
    if not data:
        return  # nothing is to be judged after all
    opening = msgpack.unpackb(data)
    os.environ |= opening["environment"]
    program = _make_ready(python, opening)
    living: set[int] = set()
    if opening["processes"]:
        signal.signal(signal.SIGCHLD, lambda *_: _wait_for_orphans(living))
    control.sendall(msgpack.packb({"ready": True}))
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, REQUEST_BYTES, 1)
        if not data:
            _end_groups(living)
            return
        request = msgpack.unpackb(data)
        if request["do"] == "wait":  # until here a dead worker is a zombie, so that its number cannot be another's
            control.sendall(msgpack.packb({"status": _wait(request["pid"])}))
            living.discard(request["pid"])
            continue
        (line,) = descriptors
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # until it is known whose end must be waited for
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            control.close()
            _become_worker(
                request, Channel(line), program, functools.partial(serve.Server, shell=python, outputs=outputs), python
            )
        os.close(line)
        living.add(pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        control.sendall(msgpack.packb({"pid": pid}))


def _make_ready(python: shell.Shell, opening: Mapping[str, Any]) -> bytes:
    """Do for all workers what depends on what is allowed and imported; return the filter of their system calls."""
    program = b""  # without it nothing is run that must be isolated
    with suppress(sandbox.SandboxError):
        program = sandbox.compile_filter(processes=opening["processes"])
    host.prepare(processes=opening["processes"])
    shell.import_once(python, opening["modules"])
    if opening["processes"]:
        sandbox.adopt_orphans()
    return program


def _wait_for_orphans(living: set[int]) -> None:
    """Wait for what workers have started and left behind, once it has ended: until then it counts as a process."""
    with suppress(OSError):
        for word in Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split():
            if int(word) not in living:
                with suppress(ChildProcessError):
                    os.waitpid(int(word), os.WNOHANG)


def _wait(pid: int) -> int:
    """Wait for a dead worker, and for what it has started, which was killed with it; return its status."""
    status = os.waitpid(pid, 0)[1]
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-pid, 0)
    return status


def _end_groups(leaders: set[int]) -> None:
    """End workers and what they have started; none is waited for before, so that their numbers are still their own."""
    for pid in leaders:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _become_worker(
    request: dict[str, Any], channel: Channel, program: bytes, make: Callable[..., Server], python: shell.Shell
) -> NoReturn:
    """Drop every right, then serve; the process ends here whatever happens."""
    try:
        policy = sandbox.Policy(**{**request["policy"], "readable": tuple(request["policy"]["readable"])})
        home, work = f"{policy.scratch}/{sandbox.HOME}", f"{policy.scratch}/{sandbox.WORK}"
        os.environ |= dict.fromkeys(("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR"), home)
        os.set_inheritable(channel.descriptor, False)  # noqa: FBT003  (Python's own)  # no program holds the line
        os.environ["NBGRADER_EXECUTION"] = "autograde"  # nbgrader's promise to notebooks that ask
        tempfile.tempdir = home  # it remembers the template's
        with suppress(OSError):  # where the host's memory ends, a worker is ended and not what judges
            Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
        try:
            if request["isolate"]:
                if policy.user is not None:
                    own = sandbox.user_of(policy.user, os.getpid())
                    for folder in (policy.scratch, home, work):
                        os.chown(folder, own, own)
                sandbox.confine(policy, program, keep=(channel.descriptor,))
            os.chdir(work)
        except OSError as error:
            channel.send({"n": 0, "error": f"{error.strerror or error}"})
            os._exit(1)
        host.stand_in(home)
        if request["isolate"]:
            python.refusals.watch(frozenset({refusals.PROGRAMS} if policy.processes else ()))
        server = make(channel)
        if policy.processes:
            server.outputs.written = programs.Written(home)
            programs.in_forked(server.leave)
        python.begin(work)
        sys.path.append(work)  # last: a numpy.py in a submission shadows nothing
        sys.meta_path.insert(0, host.OwnModules(work, frozenset(request["modules"])))
        channel.send({"n": 0, "value": "ready"})
        server.serve()
    except WireError:
        pass
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
