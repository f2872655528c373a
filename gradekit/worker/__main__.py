"""The template process: warm, without secrets, forks a worker on request, and waits for its end.

Started by exec with an environment of its own: ``python -I -m gradekit.worker DESCRIPTOR [MODULE …]``; the modules are
what the source's cells import, and are imported once for all workers. The control socket carries a msgpack frame and,
with a request for a worker, the worker's end of the line.
"""

from __future__ import annotations

import functools
import os
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgpack

from gradekit.worker import host, sandbox, serve, shell
from gradekit.worker.wire import Channel, WireError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradekit.worker.serve import Server


REQUEST_BYTES = 2**16


def main(descriptor: int, *modules: str) -> None:
    """Warm up, say so, and serve requests until the other side is gone."""
    control = socket.socket(fileno=descriptor)
    program = b""  # without it nothing is run that must be isolated
    with suppress(sandbox.SandboxError):
        program = sandbox.compile_filter()
    outputs = shell.Outputs()
    python = shell.make_shell(outputs)
    host.prepare()
    shell.import_once(python, modules)
    control.sendall(msgpack.packb({"ready": True}))
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, REQUEST_BYTES, 1)
        if not data:
            return
        request = msgpack.unpackb(data)
        if request["do"] == "wait":  # until here a dead worker is a zombie, so that its number cannot be another's
            control.sendall(msgpack.packb({"status": os.waitpid(request["pid"], 0)[1]}))
            continue
        (line,) = descriptors
        pid = os.fork()
        if pid == 0:
            control.close()
            _become_worker(
                request, Channel(line), program, functools.partial(serve.Server, shell=python, outputs=outputs), python
            )
        os.close(line)
        control.sendall(msgpack.packb({"pid": pid}))


def _become_worker(
    request: dict[str, Any], channel: Channel, program: bytes, make: Callable[..., Server], python: shell.Shell
) -> NoReturn:
    """Drop every right, then serve; the process ends here whatever happens."""
    try:
        policy = sandbox.Policy(**{**request["policy"], "readable": tuple(request["policy"]["readable"])})
        home = f"{policy.scratch}/{sandbox.HOME}"
        os.environ |= dict.fromkeys(("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR"), home)
        os.environ["NBGRADER_EXECUTION"] = "autograde"  # nbgrader's promise to notebooks that ask
        tempfile.tempdir = home  # it remembers the template's
        with suppress(OSError):  # where the host's memory ends, a worker is ended and not what judges
            Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
        try:
            if request["isolate"]:
                if policy.user is not None:
                    own = sandbox.user_of(policy.user, os.getpid())
                    for folder in (policy.scratch, home):
                        os.chown(folder, own, own)
                sandbox.confine(policy, program, keep=(channel.descriptor,))
            os.chdir(policy.scratch)
        except OSError as error:
            channel.send({"n": 0, "error": f"{error.strerror or error}"})
            os._exit(1)
        host.stand_in(home)
        if request["isolate"]:
            python.refusals.watch()
        python.begin(policy.scratch)
        sys.path.append(policy.scratch)  # last: a numpy.py in a submission shadows nothing
        sys.meta_path.insert(0, host.OwnModules(policy.scratch, frozenset(request["modules"])))
        channel.send({"n": 0, "value": "ready"})
        make(channel).serve()
    except WireError:
        pass
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
