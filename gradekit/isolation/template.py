"""The trusted side's hold on the template process and its forks: start, fork, interrupt, kill, deadlines."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgpack

from gradekit.errors import HostError
from gradekit.files import clear_stages, make_stage, remove_tree
from gradekit.isolation.readable import readable
from gradekit.model import PROCESSES
from gradekit.worker import sandbox
from gradekit.worker.wire import Channel, WireError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from gradekit.model import Limits


PLACE = "gradekit"  # the beginning of a name in the system's folder for temporary files
WARM_UP_S = 120.0  # a cold disk and a first font cache; the template is not the learner's
PATH = "/usr/bin:/bin"
GRACE_S = 2.0  # from SIGINT to SIGKILL
FORK_S = 20.0
# Packages that take long to import, start no thread then, and keep nothing that two forks may not both have.
WARM = frozenset({"pandas", "scipy", "sklearn", "seaborn", "statsmodels", "sympy", "networkx", "PIL"})
MOST_WARM = 50  # modules
MOST_BROUGHT = 100_000  # files of ours and of a submission: both were bounded before


class Worker:
    """One forked worker: the line to it, its scratch folder, and the power to end it.

    Attributes
    ----------
    folder : Path
        All that it may write to.
    scratch : Path
        Of that the notebook's folder.
    """

    def __init__(self, template: Template, pid: int, channel: Channel, folder: Path) -> None:
        self._template = template
        self.pid = pid
        self.channel = channel
        self.folder, self.scratch = folder, folder / sandbox.WORK
        self.brought = (0, 0)  # bytes and number of the files that were there before its code wrote any
        self.alive = True

    @property
    def starts_processes(self) -> bool:
        """Whether it may start processes."""
        return self._template.processes > 0

    def interrupt(self) -> None:
        """Ask the learner's code to stop, as the stop button does, and what it has started."""
        if self.starts_processes:
            os.killpg(self.pid, signal.SIGINT)
        else:
            os.kill(self.pid, signal.SIGINT)

    def put(self, files: Path, beside: Mapping[str, bytes]) -> None:
        """Copy a submission's files into the notebook's folder, where the learner's code may change them.

        Parameters
        ----------
        beside : mapping of str to bytes
            More files, by their paths: the notebook, compiled modules. They are none of those that come back.
        """
        shutil.copytree(files, self.scratch, dirs_exist_ok=True, copy_function=shutil.copyfile)
        for name, content in beside.items():
            with suppress(FileExistsError, IsADirectoryError):  # something of the submission's is called so
                (self.scratch / name).parent.mkdir(exist_ok=True)
                (self.scratch / name).write_bytes(content)
        if self._template.user is not None:
            user = sandbox.user_of(self._template.user, self.pid)
            for folder, folders, names in os.walk(self.scratch):
                for name in (*folders, *names):
                    os.chown(Path(folder) / name, user, user, follow_symlinks=False)
        self.brought = scratch_use(self.folder, most=MOST_BROUGHT)

    def kill(self) -> int | None:
        """End the process and remove its files; return the wait status, None where it was ended before."""
        status = self.stop()
        remove_tree(self.folder)
        return status

    def stop(self) -> int | None:
        """End the process, and what it has started, and close the line; its files stay as they are."""
        if not self.alive:
            return None
        self.alive = False
        self.channel.close()
        os.kill(self.pid, signal.SIGKILL)  # a zombie at worst: the number is its own until the template has waited
        self.kill_group()
        return self._template.wait(self)

    def kill_group(self) -> None:
        """Kill what the process has started: its group, whose number is its own while anybody is in it."""
        with suppress(ProcessLookupError):  # nobody is
            os.killpg(self.pid, signal.SIGKILL)


class Started:
    """A template process that warms up before it is known what for."""

    def __init__(self) -> None:
        clear_stages(Path(tempfile.gettempdir()), PLACE)
        self.folder = make_stage(Path(tempfile.gettempdir()), PLACE)
        self.folder.chmod(0o711)
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = _start(theirs, self.folder)
        self.control.settimeout(WARM_UP_S)

    def close(self) -> None:
        """End the process, and with it every worker; remove what they left. A second time nothing is left to do."""
        if self.control.fileno() < 0:
            return
        self.control.close()
        self.process.kill()
        with self.process:  # waits, and closes its stderr
            pass
        remove_tree(self.folder)


class Template:
    """The template process; it warms up while our side goes on.

    Parameters
    ----------
    started : Started, optional
        One that was started before; this closes it.
    isolate : bool
        False runs learners' code with the user's own rights: for `--isolation none` alone.
    landlock : bool
        False leaves it to another user's rights: for a container without Landlock that holds one submission.
    modules : tuple of str
        Modules of the assignment's own, beside the notebook: they come before a package of that name. What a learner
        brought comes last, and shadows nothing.
    allow : tuple of str
        Rights that learners' code has beside the usual ones; see :class:`gradekit.model.Limits`.
    imports : iterable of str
        What the source's cells import; what of it is heavy and may be forked (`WARM`) is imported once for all workers.

    Raises
    ------
    HostError
        If nobody could read this Python as the user whom a worker becomes, or what is allowed cannot be kept in here.
    """

    def __init__(  # noqa: PLR0913  (each a thing of its own, with a default)
        self,
        *,
        isolate: bool = True,
        landlock: bool = True,
        modules: tuple[str, ...] = (),
        allow: tuple[str, ...] = (),
        imports: Iterable[str] = (),
        started: Started | None = None,
    ) -> None:
        self._isolate, self._landlock, self._modules = isolate, landlock, modules
        self.user, self._read_all = _user_to_become() if isolate else (None, False)
        if not landlock:
            _check_user(self.user, read_all=self._read_all)
        self.processes = sandbox.PROCESSES if isolate and PROCESSES in allow else 0
        if self.processes:
            check_signals(self.user, sandbox.landlock_abi() if landlock else 0)
        self._readable = readable(programs=bool(self.processes))
        self._workers: set[Worker] = set()
        self._started = started or Started()
        words = {"environment": _environment(allow), "modules": _warm(imports, modules)}
        with suppress(OSError):  # it has ended: the first question says so
            self._started.control.sendall(msgpack.packb({"processes": PROCESSES in allow, **words}))
        self._warm = False

    def fork(self, limits: Limits) -> Worker:
        """Fork a worker that has dropped every right.

        Raises
        ------
        HostError
            If the template has not started, or a right could not be dropped; nothing of the learner's has run.
        """
        self.wait_until_warm()
        folder = Path(tempfile.mkdtemp(dir=self._started.folder))
        for name in (sandbox.HOME, sandbox.WORK):  # the worker, still root, gives all to the user it becomes
            (folder / name).mkdir(mode=0o700)
        policy = sandbox.Policy(
            scratch=str(folder),
            readable=self._readable,
            abi=sandbox.landlock_abi(),
            memory_bytes=limits.memory_bytes,
            file_bytes=limits.scratch_bytes,
            cpu_s=int(2 * limits.submission_s) + 1,
            landlock=self._landlock,
            user=self.user,
            read_all=self._read_all,
            processes=self.processes,
        )
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            request = {"do": "fork", "policy": asdict(policy), "isolate": self._isolate, "modules": self._modules}
            answer = self._ask(request, theirs.fileno())
        worker = Worker(self, answer["pid"], Channel(ours.detach()), folder)
        self._workers.add(worker)
        try:
            first = worker.channel.receive(time.monotonic() + FORK_S)
        except WireError as error:
            first = {"error": str(error)}
        if first.get("value") != "ready":
            worker.kill()
            raise HostError(f"A worker could not be isolated: {first.get('error')}.", help="Run: gradekit doctor")
        return worker

    def wait_until_warm(self) -> None:
        """Wait for the template's word; our side has gone on with its own start meanwhile.

        Raises
        ------
        HostError
            If the template did not start.
        """
        if not self._warm:
            try:
                self._ask(None)
            except HostError:
                self.close()
                raise
            self._warm = True

    @property
    def ended(self) -> bool:
        """Whether its process is gone, so that no worker can be had of it any more."""
        return self._started.process.poll() is not None

    def wait(self, worker: Worker) -> int:
        """Let the template wait for a dead worker, and for what that had started; return its status."""
        self._workers.discard(worker)
        return int(self._ask({"do": "wait", "pid": worker.pid})["status"])

    def close(self) -> None:
        """End the template, and with it every worker; remove what they left."""
        for worker in self._workers if self.processes else ():
            worker.kill_group()
        self._started.close()

    def _ask(self, request: dict[str, Any] | None, descriptor: int | None = None) -> dict[str, Any]:
        try:
            if request is not None:
                descriptors = [] if descriptor is None else [descriptor]
                socket.send_fds(self._started.control, [msgpack.packb(request)], descriptors)
            data = self._started.control.recv(2**16)
        except ConnectionError:
            data = b""
        except OSError as error:
            raise HostError(f"The template process does not answer: {error}.") from None
        if not data:
            said = self._started.process.communicate()[1].decode("utf-8", "replace").strip().splitlines()
            raise HostError(
                f"The template process ended: {said[-1] if said else 'it said nothing'}.", help="Run: gradekit doctor"
            )
        answer: dict[str, Any] = msgpack.unpackb(data)
        return answer


@contextmanager
def template(**words: Any) -> Iterator[Template]:
    """Run a template process for the length of a with block; the words are those of :class:`Template`."""
    running = Template(**words)
    try:
        yield running
    finally:
        running.close()


def _warm(imports: Iterable[str], own: Collection[str]) -> list[str]:
    """Return of what is imported what the template imports: never a module of the assignment's own."""
    roots = {name: name.split(".")[0] for name in imports}
    return [name for name, root in roots.items() if root in WARM and root not in own][:MOST_WARM]


def _environment(allow: tuple[str, ...]) -> dict[str, str]:
    """Return what workers find in their environment where a course allows them more."""
    if PROCESSES not in allow:
        return {}
    path = f"{sys.prefix}/bin:{PATH}"
    return {"PATH": path, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}  # pip says what it cannot do


def _start(theirs: socket.socket, folder: Path) -> subprocess.Popen[bytes]:
    one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")
    environment = {**one, "PATH": PATH, "LANG": "C.UTF-8", "HOME": str(folder), "MPLCONFIGDIR": str(folder)}
    environment |= dict.fromkeys(("USER", "LOGNAME"), "learner")  # for getpass: the list of users is closed
    environment["IPYTHONDIR"] = str(folder / "ipython")
    command = [sys.executable, "-I", "-m", "gradekit.worker", str(theirs.fileno())]
    return subprocess.Popen(  # noqa: S603  (our own interpreter and module)
        command,
        env=environment,
        cwd="/",
        pass_fds=(theirs.fileno(),),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _user_to_become() -> tuple[int | None, bool]:
    """Return whom a worker becomes, and whether it must keep the right to read what is closed to that user.

    Raises
    ------
    HostError
        If we are root and nobody can read this Python, or we may not become nobody.
    """
    if os.geteuid() != 0:
        return None, False
    if not sandbox.may_become_another():
        raise HostError(
            "As root, learners' code runs as another user, but this root may not become another user.",
            help="Run as an ordinary user, or with CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_KILL, CAP_SETGID and CAP_SETUID.",
        )
    open_to_all = sandbox.others_can_read(sys.executable) and sandbox.others_can_read(os.__file__)
    if not open_to_all and not sandbox.may_read_all():
        raise HostError(
            f"As root, learners' code runs as another user, who cannot read this Python: {sys.executable}.",
            help="Use a Python outside of root's home, such as Debian's /usr/bin/python3, or run as an ordinary user.",
        )
    return sandbox.first_user(), not open_to_all


def check_signals(user: int | None, abi: int) -> None:
    """Refuse to allow processes where their signals could reach others.

    Raises
    ------
    HostError
    """
    if not sandbox.keeps_signals(user, abi):
        raise HostError(
            f"c.Gradekit.allow = [{PROCESSES!r}] cannot be had here: the signals of processes would reach others.",
            help="Use Linux 6.12 or newer (Landlock ABI 6), or run as root, in a container with users of its own.",
        )


def _check_user(user: int | None, *, read_all: bool) -> None:
    """Refuse to do without Landlock where another user's rights would keep nothing closed.

    Raises
    ------
    HostError
    """
    if user is None or read_all:
        raise HostError(
            "Without Landlock learners' code must run as another user, who reads what is open to all and no more.",
            help="Run as root, with a Python that every user can read.",
        )


def scratch_use(folder: Path, *, most: int) -> tuple[int, int]:
    """Return bytes and number of files below a folder; stops counting beyond `most` files.

    What a learner's code removes meanwhile does not count; a folder that cannot be looked into counts as too many.
    """
    size = number = 0
    stack = [folder]
    while stack and number <= most:
        try:
            with os.scandir(stack.pop()) as entries:
                for entry in itertools.islice(entries, most + 1 - number):
                    number += 1
                    if entry.is_dir(follow_symlinks=False):
                        stack.append(Path(entry.path))
                    else:
                        size += _blocks(entry)
        except FileNotFoundError:
            continue
        except OSError:
            return size, most + 1
    return size, number


def _blocks(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_blocks * 512
    except FileNotFoundError:
        return 0
