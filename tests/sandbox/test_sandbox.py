"""Each property of the sandbox, attacked from inside a real worker; with newer Landlock ABIs masked where it matters.

``EPERM`` is the filter's answer, ``EACCES`` Landlock's. Files outside are open to every user by their modes, and the
filter's tests give arguments with which the call would succeed, or fail in another way, if it reached the kernel.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyseccomp
import pytest

from gradekit.errors import HostError
from gradekit.files import remove_tree
from gradekit.isolation import readable
from gradekit.isolation import template as isolation_template
from gradekit.isolation.exchange import Lost
from gradekit.isolation.session import Session
from gradekit.isolation.template import Template
from gradekit.model import Limits, Verdict
from gradekit.worker import sandbox

from .conftest import QUICK, SECRET, Fork, text_of

ABIS = (2, 3, 4, 99)
DENIED = {"EACCES", "EPERM"}
ROOT = Path(__file__).parents[2]

PRELUDE = """
import ctypes, errno, fcntl, json, os, signal, socket, sys, threading
from gradekit.worker import refusals
refusals.EVENTS.clear()  # what explains refusals is easily switched off: here the walls themselves are tried
_libc = ctypes.CDLL(None, use_errno=True)


def call(number, *args):
    ctypes.set_errno(0)
    given = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    done = _libc.syscall(ctypes.c_long(number), *given)
    return errno.errorcode[ctypes.get_errno()] if done == -1 else f"done {done}"


def attempt(function, *args, **kwargs):
    try:
        return f"done {function(*args, **kwargs)!r}"
    except OSError as error:
        return errno.errorcode.get(error.errno, repr(error))
"""


def probe(session: Session, source: str, **names: Any) -> Any:
    """Run a probe with these names set to plain values; return what it leaves in `found`."""
    given = f"import json\nglobals().update(json.loads({json.dumps(names)!r}))\n"
    done = session.run_cell(PRELUDE + given + source)
    assert done.ok, text_of(done.outputs)
    return session.get(("found",))


def status(session: Session) -> dict[str, str]:
    """Return what the kernel says of a worker."""
    lines = Path(f"/proc/{session.line.worker.pid}/status").read_text(encoding="utf-8").splitlines()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("abi", ABIS)
def test_nothing_outside_is_read(fork: Fork, outside: Path, abi: int) -> None:
    """Files and folders outside cannot be opened or listed: ours, the system's, other processes'."""
    paths = [
        str(outside / "file"),
        str(ROOT / "pyproject.toml"),
        str(ROOT / "gradekit" / "worker" / "wire.py"),
        *(
            "/etc/passwd",
            "/etc/shadow",
            "/etc/hostname",
            "/etc/ssl/openssl.cnf",
            "/proc/self/environ",
            "/proc/self/mountinfo",
        ),
        *(
            "/proc/self/mem",
            "/proc/stat",
            "/proc/1/maps",
            f"/proc/{os.getpid()}/maps",
            "/proc/1/environ",
            "/proc/1/cmdline",
            f"/proc/{os.getpid()}/environ",
        ),
        *("/proc/loadavg", "/proc/version", "/sys/kernel/mm", "/dev/tty", "/dev/ptmx", "/dev/mem", "/dev/kmsg"),
        f"/proc/self/root{outside}/file",
    ]
    folders = ["/", "/tmp", "/proc", "/proc/self/fd", "/proc/self/task", "/sys", "/dev", "/dev/shm", "/etc", "/home"]
    folders += [str(outside), str(outside / "folder"), str(ROOT), str(ROOT / "source"), str(Path.home())]
    paths = [path for path in paths if os.path.lexists(path)]
    source = """
up = "/.." * 20
found = {path: attempt(os.open, path, os.O_RDONLY) for path in paths}
found |= {path: attempt(os.listdir, path) for path in folders if os.path.lexists(path)}
found["around"] = attempt(open, f"{os.getcwd()}{up}{outside}/file")
here = os.open(".", os.O_PATH)
found["from a folder's descriptor"] = attempt(os.open, f".{up}{outside}/file", os.O_RDONLY, dir_fd=here)
os.chdir(outside)
found["from there"] = attempt(open, "file")
found["by its path's descriptor"] = attempt(os.open, f"/proc/self/fd/{os.open('file', os.O_PATH)}", os.O_RDONLY)
"""
    found = probe(fork(abi=abi), source, paths=paths, folders=folders, outside=str(outside))
    assert {path: answer for path, answer in found.items() if answer not in DENIED} == {}


@pytest.mark.parametrize("abi", ABIS)
def test_of_a_prefix_libraries_alone_are_read(fork: Fork, abi: int) -> None:
    """Of Python's folders, the environment's and the system's only libraries can be read: no settings, no exchange."""
    prefixes = {sys.prefix, sys.base_prefix, "/usr", "/usr/local"}
    inner = (
        "",
        "etc",
        "share",
        "src",
        "bin",
        "include",
        "games",
        "share/doc",
        "share/nbgrader",
        "share/jupyter",
        "lib/jvm",
    )
    files = (
        "pyvenv.cfg",
        "pip.conf",
        "bin/activate",
        "bin/env",
        "bin/python3",
        "share/bash-completion/bash_completion",
    )
    names = {
        kind: [f"{prefix}/{name}".rstrip("/") for prefix in prefixes for name in tried]
        for kind, tried in (("folders", inner), ("files", files))
    }
    source = """
found = {path: attempt(os.listdir, path) for path in folders if os.path.isdir(path)}
found |= {path: attempt(open, path) for path in files if os.path.isfile(path)}
"""
    found = probe(fork(abi=abi), source, **names)
    assert len(found) > len(prefixes)
    assert {path: answer for path, answer in found.items() if answer not in DENIED} == {}


def test_what_is_readable_holds_no_folder_of_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A prefix of any kind, one with hundreds of libraries too, is never readable itself, nor are a user's packages."""
    for number in range(readable.MOST_LIBRARIES + 1):
        (tmp_path / "many" / "lib").mkdir(parents=True, exist_ok=True)
        (tmp_path / "many" / "lib" / f"lib{number}.so.1").touch()
    own = tmp_path / "home" / "lib" / "python3.99" / "site-packages"
    for folder in (own, tmp_path / "base" / "lib", tmp_path / "base" / "share" / "fonts"):
        folder.mkdir(parents=True)
    (tmp_path / "base" / "lib" / "libpython3.so").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "many"))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path / "base"))
    monkeypatch.setattr(sys, "path", [*sys.path, str(own), str(tmp_path)])
    monkeypatch.setattr("site.getuserbase", lambda: str(tmp_path / "home"))
    found = set(readable.readable())
    assert {path for path in found if path.startswith(str(tmp_path))} == {
        str(tmp_path / "many" / "lib"),
        str(tmp_path / "base" / "lib" / "libpython3.so"),
    }
    closed = ["/", "/etc", "/usr", "/usr/share", "/usr/lib", "/usr/local", "/usr/local/share", "/proc", "/proc/self"]
    assert not found & {os.path.realpath(path) for path in closed}


def test_what_libraries_ask_of_the_system_is_there(fork: Fork) -> None:
    """One's own memory map and numbers, the processor's kind and memory's size, as scikit-learn and psutil ask them."""
    source = """
import getpass
found = [open(path).read(10) != "" for path in (
    "/proc/self/maps", "/proc/self/status", "/proc/self/stat", "/proc/self/statm", "/proc/meminfo", "/proc/cpuinfo",
    f"/proc/{os.getpid()}/maps")]
found.append(os.sched_getaffinity(os.getpid()) == os.sched_getaffinity(0))
found.append(getpass.getuser())
"""
    assert probe(fork(), source) == [*[True] * 8, "learner"]


def test_a_lock_tells_nobody(fork: Fork) -> None:
    """A lock is granted to everybody and seen by nobody: on a library's file, and in one's own folder for sqlite."""
    source = """
import sqlite3
file, own = open(path), open("own", "w")
lock = fcntl.LOCK_EX | fcntl.LOCK_NB
other = struct.pack("hhqqi", fcntl.F_RDLCK, 0, 0, 0, 0)
found = [attempt(fcntl.flock, file, lock), attempt(fcntl.flock, open(path), lock), attempt(fcntl.lockf, own, lock)]
found += [attempt(fcntl.fcntl, file, command, other)[:6] for command in (fcntl.F_SETLK, fcntl.F_GETLK, 37, 36)]
with sqlite3.connect("book.db") as book:
    book.execute("create table t (a)").connection.execute("insert into t values (1)")
found.append(sqlite3.connect("book.db").execute("select a from t").fetchall() == [(1,)])
"""
    one, two = fork(), fork()
    for session in (one, two):
        found = probe(session, "import struct\n" + source, path=os.__file__)
        assert found == [*["done None"] * 3, *["done b"] * 4, True]


@pytest.mark.parametrize("abi", ABIS)
def test_nothing_outside_is_written(fork: Fork, outside: Path, abi: int) -> None:
    """Outside, nothing is opened for writing, made, emptied, renamed, linked or removed, though every user could."""
    source = """
os.chdir(os.environ["HOME"])
open("mine", "w").close()
os.mkdir("folder")
file, inner = f"{outside}/file", f"{outside}/folder"
found = {
    "write": attempt(os.open, file, os.O_WRONLY),
    "append": attempt(os.open, file, os.O_WRONLY | os.O_APPEND),
    "read and write": attempt(os.open, file, os.O_RDWR),
    "neither": attempt(os.open, file, 3),
    "empty by opening": attempt(os.open, file, os.O_RDONLY | os.O_TRUNC),
    "empty by a fourth mode": attempt(os.open, file, 3 | os.O_TRUNC),
    "empty": attempt(os.truncate, file, 0),
    "make": attempt(os.open, f"{outside}/new", os.O_WRONLY | os.O_CREAT),
    "make for reading": attempt(os.open, f"{outside}/new", os.O_RDONLY | os.O_CREAT),
    "make without a name": attempt(os.open, outside, os.O_RDWR | os.O_TMPFILE, 0o600),
    "make a folder": attempt(os.mkdir, f"{outside}/new"),
    "make a FIFO": attempt(os.mkfifo, f"{outside}/new"),
    "remove": attempt(os.remove, file),
    "remove a folder": attempt(os.rmdir, inner),
    "rename": attempt(os.rename, file, f"{outside}/new"),
    "rename in": attempt(os.rename, file, "theirs"),
    "rename out": attempt(os.rename, "mine", f"{outside}/new"),
    "rename over": attempt(os.rename, "mine", file),
    "rename a folder out": attempt(os.rename, "folder", f"{outside}/new"),
    "rename a folder in": attempt(os.rename, inner, "theirs"),
    "link in": attempt(os.link, file, "theirs"),
    "link out": attempt(os.link, "mine", f"{outside}/new"),
    "symlink in": attempt(os.symlink, file, "theirs"),
    "symlink out": attempt(os.symlink, "mine", f"{outside}/new"),
    "shared memory": attempt(os.open, "/dev/shm/gradekit", os.O_RDWR | os.O_CREAT),
    "temporary folder": attempt(os.open, "/tmp/gradekit", os.O_RDWR | os.O_CREAT),
    "our memory": attempt(os.open, "/proc/self/mem", os.O_RDWR),
    "out-of-memory score": attempt(os.open, "/proc/self/oom_score_adj", os.O_WRONLY),
}
"""
    found = probe(fork(abi=abi), source, outside=str(outside))
    assert {what: answer for what, answer in found.items() if answer not in DENIED | {"EXDEV"}} == {}
    assert (outside / "file").read_text(encoding="utf-8") == "kept"
    assert sorted(path.name for path in outside.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("abi", ABIS)
def test_what_may_be_read_cannot_be_changed(fork: Fork, outside: Path, abi: int) -> None:
    """A readable file that its modes let anybody write, as one's own Python is, stays as it is: ABI 2 too."""
    source = """
found = {
    "read": attempt(lambda: open(file).read()),
    "write": attempt(os.open, file, os.O_RDWR),
    "empty": attempt(os.truncate, file, 0),
    "empty by opening": attempt(os.open, file, os.O_RDONLY | os.O_TRUNC),
    "empty by the old call": call(old, file.encode(), os.O_RDONLY | os.O_TRUNC) if old >= 0 else "EPERM",
    "empty by a fourth mode": attempt(os.open, file, 3 | os.O_TRUNC),
    "remove": attempt(os.remove, file),
}
"""
    old = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, "open")
    found = probe(fork(abi=abi, readable=(str(outside),)), source, file=str(outside / "file"), old=old)
    assert found.pop("read") == "done 'kept'"
    assert set(found.values()) <= DENIED
    assert (outside / "file").read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize("abi", ABIS)
def test_the_scratch_folder_is_ones_own(fork: Fork, abi: int) -> None:
    """In its scratch folder a worker reads, writes, empties, renames and removes, in folders too; tempfile works."""
    source = """
import tempfile, shutil
os.makedirs("a/b")
open("a/b/file", "w").write("one")
open("a/b/file", "w").write("two")
with open("a/b/file", "r+") as file:
    file.truncate(1)
os.rename("a/b/file", "a/file")
os.rename("a", "c")
shutil.copyfile("c/file", "copy")
with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile("w") as named:
    named.write("x")
    inside = all(name.startswith(os.path.dirname(os.getcwd())) for name in (folder, named.name))
found_here = os.listdir(".")
found = [open("copy").read(), os.path.exists("a"), inside, sorted(found_here)]
shutil.rmtree("c")
open(os.devnull, "w").write("nothing")
found.append(len(open("/dev/urandom", "rb").read(4)))
"""
    assert probe(fork(abi=abi), source) == ["t", False, True, ["c", "copy"], 4]


def test_no_sibling_is_seen(fork: Fork) -> None:
    """A worker cannot look into the scratch folder of another, nor into the folder of them all."""
    one, two = fork(), fork()
    probe(two, "open('answer', 'w').write('42'); found = 0")
    source = "found = [attempt(os.listdir, f) for f in (path, path + '/..')] + [attempt(open, path + '/answer')]"
    assert set(probe(one, source, path=str(two.line.worker.scratch))) <= DENIED


def test_modes_owners_and_times_stay_silently(fork: Fork, outside: Path) -> None:
    """Changing a mode, an owner or a time is not refused, and nothing changes: outside, in the scratch folder."""
    session = fork()
    probe(session, "open('mine', 'w').close(); found = 0")
    files = [outside / "file", session.line.worker.scratch / "mine"]
    before = [path.stat() for path in files]
    source = """
found = []
for path in files:
    found += [attempt(os.chmod, path, 0), attempt(os.chown, path, 1, 1), attempt(os.utime, path, (1, 1))]
own = os.open(files[1], os.O_RDONLY)
found += [attempt(os.fchmod, own, 0o7777), attempt(os.fchown, own, 1, 1)]
"""
    assert set(probe(session, source, files=list(map(str, files)))) == {"done None"}
    for was, path in zip(before, files, strict=True):
        now = path.stat()
        assert (now.st_mode, now.st_uid, now.st_gid, now.st_mtime) == (
            was.st_mode,
            was.st_uid,
            was.st_gid,
            was.st_mtime,
        )


def test_no_extended_attribute_no_special_file(fork: Fork) -> None:
    """Even in the scratch folder there are no links, FIFOs, sockets, devices and extended attributes."""
    source = """
import stat
open("mine", "w").close()
found = [
    attempt(os.mkfifo, "fifo"),
    attempt(os.mknod, "device", 0o600 | stat.S_IFCHR, os.makedev(1, 3)),
    attempt(os.mknod, "socket", 0o600 | stat.S_IFSOCK),
    attempt(os.link, "mine", "link"),
    attempt(os.symlink, "mine", "link"),
    attempt(os.setxattr, "mine", "user.a", b"a"),
]
"""
    assert set(probe(fork(), source)) == {"EPERM"}


# --- sockets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("abi", ABIS)
def test_no_socket_of_any_family(fork: Fork, abi: int) -> None:
    """No socket can be made, of any family and type; a pair only unnamed and local."""
    source = """
found = {f"{family} {kind}": attempt(socket.socket, family, kind) for family in range(46) for kind in (1, 2, 3, 5)}
found |= {f"pair {family}": attempt(socket.socketpair, family) for family in range(46) if family != socket.AF_UNIX}
found["high bits"] = call(number, 1 | 1 << 32, 1, 0, 0)
"""
    number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, "socketpair")
    found = probe(fork(abi=abi), source, number=number)
    assert set(found.values()) == {"EPERM"}


@pytest.mark.parametrize("abi", ABIS)
def test_a_pair_leads_nowhere(fork: Fork, abi: int) -> None:
    """Of a socket pair's ends none can be given an address, send to one, or pass a descriptor on."""
    source = """
found = {}
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    one, two = socket.socketpair(socket.AF_UNIX, kind)
    found |= {
        f"{kind} bind": attempt(one.bind, "name"),
        f"{kind} bind in the abstract": attempt(one.bind, chr(0) + "name"),
        f"{kind} connect": attempt(one.connect, chr(0) + "name"),
        f"{kind} listen": attempt(one.listen),
        f"{kind} accept": attempt(one.accept),
        f"{kind} send to": attempt(one.sendto, b"a", chr(0) + "name"),
        f"{kind} pass on": attempt(socket.send_fds, one, [b"a"], [0]),
        f"{kind} take": attempt(socket.recv_fds, two, 1, 1),
        f"{kind} option": attempt(one.setsockopt, socket.SOL_SOCKET, socket.SO_SNDBUF, 2**20),
        f"{kind} message": attempt(one.sendmsg, [b"a"]),
    }
"""
    found = probe(fork(abi=abi), source)
    assert set(found.values()) == {"EPERM"}


def test_an_event_loop_runs(fork: Fork) -> None:
    """What asyncio needs of sockets, an unnamed pair, is there."""
    source = """
import asyncio
async def later():
    return await asyncio.get_running_loop().run_in_executor(None, lambda: 42)
found = await later()
"""
    assert probe(fork(), source) == 42


# --- processes and signals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("abi", ABIS)
def test_no_process_is_started(fork: Fork, abi: int) -> None:
    """Fork, spawn, subprocess, system, popen, a shell's escape and multiprocessing start nothing."""
    source = """
import multiprocessing, subprocess
found = [
    attempt(os.fork),
    attempt(os.posix_spawn, "/bin/true", ["true"], {}),
    attempt(subprocess.run, ["/bin/true"]),
    attempt(subprocess.run, "true", shell=True),
    attempt(os.popen, "true"),
    attempt(os.execv, "/bin/true", ["true"]),
    attempt(os.execv, sys.executable, ["python"]),
    attempt(os.forkpty),
    attempt(multiprocessing.Process(target=print).start),
]
status = os.system("true")
escape = attempt(type(get_ipython()).__mro__[1].system, get_ipython(), "true")
"""
    session = fork(abi=abi)
    found = probe(session, source)
    assert set(found) <= DENIED, found
    assert session.get(("status",)) != 0
    assert "out of pty devices" in session.get(("escape",))
    task = Path(f"/proc/{session.line.worker.pid}/task/{session.line.worker.pid}/children")
    assert not task.exists() or task.read_text(encoding="ascii") == ""


CLONE_VM, CLONE_VFORK, CLONE_PARENT, CLONE_THREAD, CLONE_SIGHAND = 0x100, 0x4000, 0x8000, 0x10000, 0x800
CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID = 0x10000000, 0x20000, 0x20000000
PARENT, SELF, NEIGHBOUR = "parent", "self", "neighbour"
TEXT, BUFFER = "/bin/true", b"\0"

# Calls by name and arguments. Numbers of processes are put in by name; texts become pointers.
FORBIDDEN: list[tuple[Any, ...]] = [
    ("fork",),
    ("vfork",),
    *[
        ("clone", flags | signal.SIGCHLD, 0, 0, 0, 0)
        for flags in (0, CLONE_VM, CLONE_VM | CLONE_VFORK, CLONE_PARENT, CLONE_NEWUSER, CLONE_NEWPID, CLONE_THREAD)
    ],
    ("execve", TEXT, 0, 0),
    ("execveat", -100, TEXT, 0, 0, 0),
    *[("kill", who, number) for who in (PARENT, SELF, NEIGHBOUR, 0, -1, 1) for number in (0, signal.SIGCONT)],
    *[("tkill", who, 0) for who in (PARENT, SELF, NEIGHBOUR)],
    *[("tgkill", who, who, 0) for who in (PARENT, SELF, NEIGHBOUR)],
    *[("rt_sigqueueinfo", who, signal.SIGCONT, 0) for who in (PARENT, SELF)],
    ("rt_tgsigqueueinfo", SELF, SELF, signal.SIGCONT, 0),
    ("pidfd_send_signal", 0, signal.SIGCONT, 0, 0),
    ("ptrace", 0, 0, 0, 0),  # PTRACE_TRACEME
    ("ptrace", 0x4206, PARENT, 0, 0),  # PTRACE_SEIZE
    ("ptrace", 0x4206, NEIGHBOUR, 0, 0),
    *[("process_vm_readv", who, 0, 0, 0, 0, 0) for who in (PARENT, SELF, NEIGHBOUR)],
    *[("process_vm_writev", who, 0, 0, 0, 0, 0) for who in (PARENT, SELF, NEIGHBOUR)],
    *[("pidfd_open", who, 0) for who in (PARENT, SELF, NEIGHBOUR)],
    ("pidfd_getfd", 0, 0, 0),
    ("process_madvise", 0, 0, 0, 0, 0),
    ("process_mrelease", 0, 0),
    ("kcmp", SELF, SELF, 0, 0, 0),
    *[("prlimit64", who, 7, 0, 0) for who in (PARENT, NEIGHBOUR, 1, 1 << 32)],
    *[("sched_setaffinity", who, 8, b"\xff" * 8) for who in (PARENT, NEIGHBOUR, 1)],
    *[("sched_getaffinity", who, 8, BUFFER * 8) for who in (PARENT, NEIGHBOUR)],
    *[("sched_setscheduler", who, 3, BUFFER * 8) for who in (PARENT, SELF, 0)],
    *[("sched_setparam", who, BUFFER * 8) for who in (PARENT, SELF, 0)],
    *[("sched_setattr", who, BUFFER * 56, 0) for who in (PARENT, SELF, 0)],
    *[("setpriority", 0, who, 19) for who in (PARENT, SELF, 0)],
    *[("getpriority", 0, who) for who in (PARENT, 0)],
    *[("ioprio_set", 1, who, 0) for who in (PARENT, SELF, 0)],
    *[("ioprio_get", 1, who) for who in (PARENT, 0)],
    *[("migrate_pages", who, 0, 0, 0) for who in (PARENT, SELF)],
    *[("move_pages", who, 0, 0, 0, 0, 0) for who in (PARENT, SELF)],
    ("get_robust_list_of", PARENT),
    *[("setpgid", who, 0) for who in (SELF, PARENT)],
    *[("getpgid", PARENT), ("getsid", PARENT), ("setsid",), ("wait4", -1, 0, 0, 0), ("waitid", 0, 0, 0, 4, 0)],
    *[("setuid", 0), ("setgid", 0), ("setresuid", 0, 0, 0), ("setgroups", 0, 0), ("setfsuid", 0), ("capset", 0, 0)],
    # Memory and messages between processes
    *[("shmget", 0, 4096, 0o1600), ("shmat", 0, 0, 0), ("msgget", 0, 0o1600), ("semget", 0, 1, 0o1600)],
    *[("mq_open", "name", 0o102, 0o600, 0), ("memfd_create", "name", 0), ("memfd_secret", 0)],
    *[("keyctl", 0, -3, 1), ("add_key", "user", "name", BUFFER, 1, -3), ("request_key", "user", "name", 0, -3)],
    *[("splice", 0, 0, 1, 0, 1, 0), ("tee", 0, 1, 1, 0), ("vmsplice", 0, 0, 0, 0)],
    # The kernel's wide surface
    *[("io_uring_setup", 1, BUFFER * 120), ("io_uring_enter", 0, 0, 0, 0, 0), ("io_uring_register", 0, 0, 0, 0)],
    *[("userfaultfd", 1), ("bpf", 0, 0, 0), ("perf_event_open", BUFFER * 120, 0, -1, -1, 0)],
    *[("unshare", flag) for flag in (CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, 0x400)],
    *[
        ("setns", 0, 0),
        ("mount", "a", "b", "tmpfs", 0, 0),
        ("umount2", "/", 0),
        ("pivot_root", "/", "/"),
        ("chroot", "/"),
    ],
    *[
        ("open_tree", -100, "/", 1),
        ("move_mount", -1, "", -1, "", 0),
        ("fsopen", "tmpfs", 0),
        ("mount_setattr", 0, 0, 0),
    ],
    *[
        ("open_by_handle_at", -100, 0, 0),
        ("name_to_handle_at", -100, "/", 0, 0, 0),
        ("openat2", -100, ".", BUFFER * 24, 24),
    ],
    *[("truncate", TEXT, 0), ("creat", "new", 0o600), ("mknod", "new", 0o600, 0), ("mknodat", -100, "new", 0o600, 0)],
    *[("link", "a", "b"), ("linkat", -100, "a", -100, "b", 0), ("symlink", "a", "b"), ("symlinkat", "a", -100, "b")],
    *[
        ("setxattr", ".", "user.a", "a", 1, 0),
        ("fanotify_init", 0, 0),
        ("inotify_init1", 0),
        ("fanotify_mark", 0, 0, 0, 0, 0),
    ],
    *[
        ("seccomp", 1, 0, 0),
        ("landlock_create_ruleset", 0, 0, 1),
        ("landlock_restrict_self", 0, 0),
        ("personality", 0x40000),
    ],
    *[
        ("modify_ldt", 0, 0, 0),
        ("iopl", 3),
        ("ioperm", 0, 1, 1),
        ("vhangup",),
        ("acct", 0),
        ("swapon", "a", 0),
        ("syslog", 3),
    ],
    *[("reboot", 0, 0, 0), ("sethostname", "a", 1), ("settimeofday", 0, 0), ("clock_settime", 0, 0), ("adjtimex", 0)],
    *[("init_module", 0, 0, 0), ("finit_module", 0, 0, 0), ("kexec_load", 0, 0, 0, 0), ("quotactl", 0, 0, 0, 0)],
    *[("prctl", option, 0, 0, 0, 0) for option in (1, 3, 4, 7, 8, 22, 23, 24, 36, 47, 52, 53, 59, 0x59616D61)],
    *[
        ("signalfd4", -1, BUFFER * 8, 8, 0),
        ("timerfd_create", 1, 0),
        ("mlock", 0, 0),
        ("mlockall", 1),
        ("mbind", 0, 0, 0, 0, 0, 0),
    ],
    ("an unknown call", 9999),
]


@pytest.mark.parametrize("abi", [2, 99])
def test_the_filter_refuses(fork: Fork, template: Template, abi: int) -> None:
    """Calls on other processes, new processes, shared memory and the kernel's wide surface end in EPERM."""
    session = fork(abi=abi)
    persons = {PARENT: template._started.process.pid, SELF: session.line.worker.pid, NEIGHBOUR: os.getpid()}
    calls = []
    for name, *args in FORBIDDEN:
        number = args.pop() if name == "an unknown call" else _number(name)
        if number is not None:
            given = [persons.get(arg, arg) if isinstance(arg, str) else arg for arg in args]
            calls.append([name, number, [arg.decode("latin-1") if isinstance(arg, bytes) else arg for arg in given]])
    source = """
found = []
for name, number, args in calls:
    args = [arg.encode("latin-1") + bytes(1) if isinstance(arg, str) else arg for arg in args]
    answer = call(number, *args)
    if answer != "EPERM":
        found.append([name, args, answer])
"""
    assert len(calls) > 150
    assert probe(session, source, calls=calls) == []


def _number(name: str) -> int | None:
    try:
        number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
    except (ValueError, OSError):
        return None
    return number if number is not None and number >= 0 else None


def test_the_newest_clone_is_not_there(fork: Fork) -> None:
    """clone3, whose flags a filter cannot see, is not there at all, so that glibc takes the old one for threads."""
    assert probe(fork(), "found = call(435, bytes(88), 88)") == "ENOSYS"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="these are x86-64's other tables of calls")
@pytest.mark.parametrize(
    "code",
    [
        "b83900004 00f05c3",
        "b8140000 00cd80c3",
    ],  # mov eax, x32's fork; syscall; ret · mov eax, i386's getpid; int 0x80; ret
    ids=["x32", "i386"],
)
def test_no_way_round_by_another_architecture(fork: Fork, code: str) -> None:
    """The calls of x32 and of i386, which have other numbers, end the process or are refused."""
    source = """
import mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex(code))
found = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
"""
    session = fork()
    try:
        found = probe(session, source, code=code.replace(" ", ""))
    except Lost:
        return
    assert found < 0


@pytest.mark.parametrize("abi", [2, 99])
def test_no_signal_by_a_files_owner(fork: Fork, abi: int) -> None:
    """A descriptor's owner cannot be set: the kernel would send them any signal, SIGKILL too, when data arrive."""
    session, victim = fork(abi=abi), fork(abi=abi)
    source = """
one, two = socket.socketpair()
set_owner, set_signal, owner = 8, 10, fcntl.fcntl
number = {"set": set_owner}
found = [
    attempt(fcntl.fcntl, one, 10, signal.SIGKILL),
    attempt(fcntl.fcntl, one, 8, victim),
    attempt(fcntl.fcntl, one, 15, bytes(4) + victim.to_bytes(4, "little")),
    attempt(fcntl.fcntl, one, 1024, fcntl.F_WRLCK),
    attempt(fcntl.fcntl, one, 1026, 2),
    attempt(fcntl.ioctl, one, 0x8901, victim.to_bytes(4, "little")),
    attempt(fcntl.ioctl, one, 0x8902, victim.to_bytes(4, "little")),
    attempt(fcntl.ioctl, one, 0x5452, (1).to_bytes(4, "little")),
    call(fcntl_number, one.fileno(), 1 << 32 | 8, victim),
]
attempt(fcntl.fcntl, one, fcntl.F_SETFL, fcntl.fcntl(one, fcntl.F_GETFL) | os.O_ASYNC)
two.send(b"a")
"""
    fcntl_number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, "fcntl")
    found = probe(session, source, victim=victim.line.worker.pid, fcntl_number=fcntl_number)
    assert set(found) == {"EPERM"}
    assert probe(victim, "found = 'alive'") == "alive"


def test_no_key_is_typed_into_a_terminal(fork: Fork) -> None:
    """TIOCSTI and all but four harmless ioctls are refused, high bits in the number or not."""
    source = "found = [attempt(fcntl.ioctl, 0, n, bytes(1)) for n in range(0x5400, 0x5480) if n not in harmless]\n"
    source += "found += [call(ioctl, 0, 1 << 32 | 0x5412, bytes(8))]"
    number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, "ioctl")
    found = probe(fork(), source, ioctl=number, harmless=[0x5401, 0x5451, 0x5421, 0x541B])
    assert set(found) == {"EPERM"}


# --- limits ----------------------------------------------------------------------------------------------------------


def test_memory_ends_in_a_memory_error(fork: Fork) -> None:
    """More memory than allowed is a MemoryError, by numpy and by Python, and the worker goes on."""
    session = fork()
    source = """
import numpy as np
found = []
for take in (lambda: np.ones(10**9), lambda: bytearray(2**31), lambda: "a" * 2**31, lambda: [0] * 2**29):
    try:
        take()
        found.append("had")
    except MemoryError:
        found.append("MemoryError")
"""
    assert set(probe(session, source)) == {"MemoryError"}
    assert probe(session, "found = 1 + 1") == 2


def test_threads_run_but_not_without_end(fork: Fork) -> None:
    """Threads can be started; a thread bomb with memory to spare ends at the user's limit, and a next worker starts."""
    session = fork(Limits(memory_bytes=2**35))
    source = """
import _thread
seen = []
thread = threading.Thread(target=lambda: seen.append(42)); thread.start(); thread.join()
threading.stack_size(32768)
lock = _thread.allocate_lock()
lock.acquire()
found = [seen[0], 0]
def wait():
    with lock:
        pass
try:
    while found[1] < 100_000:
        _thread.start_new_thread(wait, ())
        found[1] += 1
except (RuntimeError, MemoryError):
    pass
lock.release()
"""
    seen, number = probe(session, source)
    assert seen == 42
    assert 10 < number < sandbox.THREADS
    assert probe(fork(), "found = 3") == 3


def test_limits_are_the_kernels(fork: Fork) -> None:
    """Limits are set hard, so that they can only be lowered, and a core is never dumped."""
    session = fork(Limits(memory_bytes=2**29, scratch_bytes=10**6))
    source = """
import resource
names = ("CORE", "FSIZE", "NOFILE", "NPROC", "MEMLOCK", "MSGQUEUE", "CPU", "AS")
found = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in names}
refused = []
for name in names:
    try:
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (-1, -1))
        refused.append(name)
    except (ValueError, OSError):
        pass
"""
    found = probe(session, source)
    assert session.get(("refused",)) == []
    assert found["CORE"] == found["MEMLOCK"] == found["MSGQUEUE"] == (0, 0)
    assert found["FSIZE"] == (10**6, 10**6)
    assert found["NOFILE"] == (256, 256)
    assert found["NPROC"][1] <= sandbox.THREADS
    assert found["CPU"] == (600, 601)
    assert 2**29 < found["AS"][0] == found["AS"][1] < 2**29 + 2**31


def test_a_file_is_bounded(fork: Fork) -> None:
    """Writing beyond a file's size is an error, not the end."""
    source = """
with open("big", "w+b", buffering=0) as file:
    found = [attempt(os.ftruncate, file.fileno(), 2 * 10**6), attempt(file.write, bytes(2 * 10**6))]
    found += [attempt(file.write, b"more"), attempt(os.posix_fallocate, file.fileno(), 0, 2 * 10**6)]
os.remove("big")
"""
    assert probe(fork(Limits(scratch_bytes=10**6)), source) == ["EFBIG", "done 1000000", "EFBIG", "EFBIG"]


def test_descriptors_are_bounded(fork: Fork) -> None:
    """A worker opens no more than 256 files."""
    source = """
held = []
try:
    while len(held) < 1000:
        held.append(os.dup(0))
except OSError as error:
    found = [errno.errorcode[error.errno], len(held) < 256]
for descriptor in held:
    os.close(descriptor)
"""
    assert probe(fork(), source) == ["EMFILE", True]


def test_processor_time_is_bounded(template: Template) -> None:
    """Code that uses up its processor time ends by the kernel's signal, and the verdict says so."""
    worker = template.fork(Limits(submission_s=0.9))  # of which follow two seconds of processor time
    session = Session(worker, QUICK, time.monotonic() + 60)
    with pytest.raises(Lost) as lost:
        session.run_cell("while True: pass")
    assert lost.value.verdict is Verdict.TLE
    assert "processor time" in lost.value.text


# --- what is left of rights ------------------------------------------------------------------------------------------


def test_the_kernel_says_that_rights_are_gone(fork: Fork, template: Template) -> None:
    """No new privileges, a filter, no capability but, where asked for, that of reading, no group, another user."""
    session = fork()
    found = status(session)
    assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")
    kept = 1 << 2 if template._read_all else 0  # CAP_DAC_READ_SEARCH
    assert (int(found["CapEff"], 16), int(found["CapPrm"], 16)) == (kept, kept)
    assert (int(found["CapInh"], 16), int(found["CapAmb"], 16)) == (0, 0)
    user = sandbox.user_of(sandbox.first_user(), session.line.worker.pid) if os.geteuid() == 0 else os.getuid()
    assert found["Uid"].split() == [str(user)] * 4
    if os.geteuid() == 0:
        assert found["Gid"].split() == [str(user)] * 4
        assert found["Groups"] == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user has no other to become")
def test_siblings_of_root_are_different_users(fork: Fork) -> None:
    """Two workers have users of their own, whom files in the scratch folder belong to; few numbers mean nobody."""
    if sandbox.first_user() == sandbox.NOBODY:
        pytest.skip("this user namespace has too few numbers")
    one, other = fork(), fork()
    assert len({status(one)["Uid"], status(other)["Uid"]}) == 2
    assert one.line.worker.scratch.stat().st_uid == int(status(one)["Uid"].split()[0])


def test_few_numbers_mean_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a user namespace has the usual 65,536 users, or not all of ours, workers become nobody."""
    for line, user in (
        ("0 100000 65536", sandbox.NOBODY),
        ("0 0 4294967295", sandbox.OWN_USERS),
        (f"0 0 {sandbox.OWN_USERS + 1}", sandbox.NOBODY),
    ):
        monkeypatch.setattr(Path, "read_text", lambda *_, line=line, **__: line)
        assert sandbox.first_user() == user
    assert sandbox.user_of(sandbox.NOBODY, 7) == sandbox.NOBODY
    assert sandbox.user_of(sandbox.OWN_USERS, 7) == sandbox.OWN_USERS + 7


def test_nobody_looks_into_a_worker(fork: Fork) -> None:
    """A worker is not dumpable: its files under /proc are root's, so that siblings of the same user see nothing."""
    session = fork()
    assert Path(f"/proc/{session.line.worker.pid}/environ").stat().st_uid == 0
    assert status(session)["Uid"].split()[0] != "0"


def test_the_environment_holds_no_secret(fork: Fork) -> None:
    """Of our environment nothing is there; of the template's only what Python needs."""
    found = probe(fork(), "found = dict(os.environ)")
    assert SECRET not in found.values()
    known = {
        "PATH",
        "LANG",
        "HOME",
        "TMPDIR",
        "MPLCONFIGDIR",
        "IPYTHONDIR",
        "USER",
        "LOGNAME",
        "MPLBACKEND",
        "LC_CTYPE",
        "COLUMNS",
        "LINES",
        "NBGRADER_EXECUTION",
        "JOBLIB_MULTIPROCESSING",
    }
    known |= {"PYTHONIOENCODING", "KMP_INIT_AT_FORK", "KMP_DUPLICATE_LIB_OK"}
    assert {name for name in found if not name.endswith("_NUM_THREADS")} <= known
    assert os.environ["GRADEKIT_TEST_SECRET"] == SECRET


def test_only_the_line_is_open(fork: Fork, template: Template) -> None:
    """Of descriptors there are three to /dev/null, the line, and library files; no control socket, no pipe of ours."""
    source = """
import stat
found = {}
for number in range(5000):
    try:
        mode = os.fstat(number)
    except OSError:
        continue
    reads = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    null = mode.st_rdev == os.makedev(1, 3)
    kind = "null" if null else "socket" if stat.S_ISSOCK(mode.st_mode) else "file" if reads else oct(mode.st_mode)
    found[str(number)] = [kind, os.readlink(f"/proc/self/fd/{number}")]
"""
    found = probe(fork(), source)
    assert [found.pop(str(number))[0] for number in (0, 1, 2)] == ["null"] * 3
    assert [kind for kind, _ in found.values() if kind != "file"] == ["socket"]
    files = [path for kind, path in found.values() if kind == "file"]
    assert all(path.startswith(tuple(f"{folder}/" for folder in template._readable)) for path in files)


def test_no_place_in_a_file_is_shared(fork: Fork) -> None:
    """A worker that moves in the library files that it found open moves nobody else's place in them."""
    one, two = fork(), fork()
    places = """
import stat
found = {}
for number in range(3, 256):
    try:
        if stat.S_ISREG(os.fstat(number).st_mode):
            found[str(number)] = os.lseek(number, 0, os.SEEK_CUR)
    except OSError:
        continue
"""
    before = probe(two, places)
    probe(one, places + "for number in found:\n    os.lseek(int(number), 12345, os.SEEK_SET)")
    assert probe(two, places) == before
    assert 12345 not in probe(fork(), places).values()


def test_a_worker_has_a_session_of_its_own(fork: Fork, template: Template) -> None:
    """A worker leads its own session: no terminal, no group of ours to signal."""
    session = fork()
    assert os.getsid(session.line.worker.pid) == session.line.worker.pid != os.getsid(template._started.process.pid)
    assert os.getpgid(session.line.worker.pid) == session.line.worker.pid


def test_python_itself_is_whole(fork: Fork) -> None:
    """What an honest notebook imports and reads is there: the library, numpy, fonts, time zones, sqlite in memory."""
    source = """
import csv, ctypes, datetime, decimal, fractions, logging, random, sqlite3, statistics, unittest, zoneinfo
import numpy.linalg, numpy.fft, numpy.polynomial
import matplotlib.pyplot as plt
from matplotlib import font_manager
datetime.datetime.now().astimezone()
sqlite3.connect(":memory:").execute("select 1")
plt.figure().text(0, 0, "$x_t$"); plt.savefig("figure.png"); plt.close("all")
found = open(font_manager.findfont("DejaVu Sans"), "rb").read(4) != b""
"""
    assert probe(fork(), source) is True


# --- where it cannot be put on ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("abi", [0, 1])
def test_an_older_kernel_is_refused(fork: Fork, abi: int) -> None:
    """Below Landlock's ABI 2 no worker runs, and it is said what is missing."""
    with pytest.raises(HostError, match="Landlock ABI 2 is needed, this kernel has"):
        fork(abi=abi)


def test_the_next_fork_is_not_harmed_by_a_refusal(fork: Fork) -> None:
    """A refusal leaves the template as it was."""
    with pytest.raises(HostError):
        fork(abi=1)
    assert probe(fork(), "found = 1") == 1


def _orphan(script: str) -> Iterator[tuple[int, int]]:
    """Start a script that forks a confined process and ends; yield the orphan's number and a pipe that it holds."""
    reader, writer = os.pipe()
    subprocess.run([sys.executable, "-c", script, str(writer)], pass_fds=(writer,), check=True, timeout=30)
    os.close(writer)
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        pid = int(pipe.read(100).split()[0])
        yield pid, reader


def test_a_worker_dies_with_its_template() -> None:
    """A worker that loops is killed when the template ends, though it became another user."""
    script = """
import os, sys
from gradekit.worker import sandbox
from gradekit.isolation.template import _user_to_become
line = int(sys.argv[1])
program = sandbox.compile_filter()
user, read_all = _user_to_become()
reader, writer = os.pipe()
pid = os.fork()
if pid == 0:
    own = {"scratch": "/usr/lib", "readable": ("/usr/lib",), "abi": sandbox.landlock_abi()}
    policy = sandbox.Policy(**own, user=user, read_all=read_all, cpu_s=30)
    sandbox.confine(policy, program, keep=(line, writer))
    os.write(line, b"%d " % os.getpid())
    os.write(writer, b"ready")
    while True:
        pass
os.read(reader, 5)
"""
    for pid, pipe in _orphan(script):
        ended, _, _ = select.select([pipe], [], [], 10)
        if not ended:
            os.kill(pid, signal.SIGKILL)
        assert ended
        assert os.read(pipe, 10) == b""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root, who can give rights up")
def test_root_without_its_rights_is_refused() -> None:
    """Root that may not become another user is told so, and what to do."""
    script = "from gradekit.isolation.template import Template\ntry:\n    Template()\nexcept Exception as error:\n"
    script += "    print(type(error).__name__, error)"
    command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-c", script]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60).stdout
    assert said.startswith(
        "HostError As root, learners' code runs as another user, but this root may not become another"
    )
    assert "CAP_SETUID" in said


def test_root_whose_python_nobody_reads_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the other user cannot read this Python, and root may not lend the right, it is said how to mend it."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sandbox, "may_become_another", lambda: True)
    monkeypatch.setattr(sandbox, "others_can_read", lambda _: False)
    monkeypatch.setattr(sandbox, "may_read_all", lambda: False)
    with pytest.raises(HostError, match="who cannot read this Python") as refused:
        isolation_template._user_to_become()
    assert "/usr/bin/python3" in str(refused.value)
    monkeypatch.setattr(sandbox, "may_read_all", lambda: True)
    assert isolation_template._user_to_become() == (sandbox.first_user(), True)


def test_a_template_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python without gradekit in it is reported with its last words."""
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(HostError, match="The template process ended: it said nothing"):
        Template(isolate=False).wait_until_warm()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="this is an ordinary user already")
def test_all_of_this_as_an_ordinary_user() -> None:
    """The same tests pass as a user without any right, with a Python that this user can read."""
    python = _python_for_all()
    user = sandbox.user_of(sandbox.first_user(), os.getpid())  # whose threads nobody else's bomb is counted with
    command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--inh-caps=-all"]
    command += [
        "--bounding-set=-all",
        str(python),
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(ROOT),
        str(Path(__file__)),
    ]
    home = python.parents[2]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
    environment["PYTEST_DEBUG_TEMPROOT"] = str(home)  # the system's has a folder of somebody else who has no name
    try:
        done = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=900
        )
    finally:
        remove_tree(home)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_where_landlock_is_missing_another_user_keeps_files_closed() -> None:
    """Without Landlock a worker of its own user reads nothing that is closed to others, writes its scratch, calls."""
    python = _python_for_all()
    home = python.parents[2]
    secret = home / "course"
    secret.mkdir(mode=0o700)
    (secret / "tests.py").write_text("answer", encoding="utf-8")
    script = f"PATHS = {[str(secret / 'tests.py'), str(secret), '/root', '/etc/shadow']}\n{WITHOUT_LANDLOCK}"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
    environment["PYTHONPATH"] = str(ROOT)
    command = [str(python), "-c", script]
    try:
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    finally:
        remove_tree(home)
    assert "FOUND [True, True]" in done.stdout, done.stdout + done.stderr[-2000:]


WITHOUT_LANDLOCK = """
import time
from gradekit.isolation.template import template
from gradekit.model import Limits
from gradekit.isolation.session import Session

source = '''
import os
open("mine", "w").write("x")
def opened(paths):
    found = [os.getuid() > 0, os.path.exists("mine")]
    for path in paths:
        try:
            os.listdir(path) if os.path.isdir(path) else open(path).read()
            found.append(path)
        except OSError:
            pass
    return found
'''
with template(landlock=False) as running:
    session = Session(running.fork(Limits()), Limits(), time.monotonic() + 60)
    session.run_cell(source)
    print("FOUND", session.call(("opened",), (PATHS,), {})[0])
    session.end()
"""


def test_without_landlock_and_without_another_user_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing would keep files closed, no template is started, and it is said what is needed."""
    for user in ((None, False), (1234, True)):
        monkeypatch.setattr(isolation_template, "_user_to_become", lambda user=user: user)
        with pytest.raises(HostError, match="must run as another user") as refused:
            Template(landlock=False)
        assert "Run as root" in str(refused.value)


def _python_for_all() -> Path:
    """Make an environment of the system's Python with links to this one's packages; skip where that cannot be."""
    system = Path("/usr/bin") / f"python{sys.version_info.major}.{sys.version_info.minor}"
    if not (
        system.exists()
        and shutil.which("setpriv")
        and sandbox.others_can_read(str(ROOT / "gradekit" / "worker" / "wire.py"))
    ):
        pytest.skip("no system Python of this version, no setpriv, or a repository that is closed to others")
    import tempfile

    home = Path(tempfile.mkdtemp(prefix="gradekit-user-"))
    home.chmod(0o777)
    subprocess.run([system, "-m", "venv", "--without-pip", home / "venv"], check=True)
    ours = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    theirs = home / "venv" / ours.relative_to(sys.prefix)
    heavy = {"torch", "playwright", "scipy", "sympy", "triton"}  # not needed here, thousands of files
    for entry in ours.iterdir():
        if entry.name not in heavy and not entry.name.startswith("nvidia"):
            subprocess.run(["cp", "-al", entry, theirs / entry.name], check=True)
    return home / "venv" / "bin" / "python"
