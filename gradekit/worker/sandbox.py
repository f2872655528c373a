"""Dropping every right in one process, for good: Landlock, seccomp, limits, no new privileges, another user.

What is covered: files outside the readable list and the scratch folder cannot be opened, listed, created, renamed or
removed; no socket but an unnamed pair, no process, no program, no signal to anybody, no look at other processes; calls
that take a process id, only for oneself; memory, CPU time, file size and open files are bounded.

Where a course allows processes, a worker may start programs that it may read, and fork: each child inherits Landlock,
the filter and the limits, stays in the worker's process group, and ends with it; their number is bounded, and signals
reach no other process.

What is **not**: existence, size and times of any file can be asked for (``stat``), where the file's folder is open to
the user; the processor's load and the machine's clock can be seen; CPU caches are shared.

The floor is Linux 5.19 (Landlock ABI 2). What higher ABIs scope (TCP, signals, abstract sockets) the filter forbids by
itself; they are used where the kernel has them, as a second wall.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import resource
import signal
import stat
import struct
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOBODY = 65534  # Debian's nobody:nogroup; owns no file
OWN_USERS = 0x7000_0000  # and the process's number: above all that containers are given, below 2**31
PIDS = 2**22  # no process has a higher number
THREADS = 4096  # of all that its user runs: a thread bomb ends well below a machine's usual 32768
PROCESSES = 128  # processes and threads of one worker, where it may start some
MIN_ABI = 2
SIGNALS_ABI = 6  # from here on Landlock keeps signals within a worker

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_KEEPCAPS, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 8, 22, 38
_PR_SET_CHILD_SUBREAPER, _PR_CAP_AMBIENT, _AMBIENT_RAISE = 36, 47, 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CAP_DAC_READ_SEARCH = 2
_CAPS_OF_ROOT = (0, 1, 5, 6, 7)  # chown, dac_override, kill, setgid, setuid: to run, end and clear up another user's
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _REFER, _TRUNCATE = (
    1 << bit for bit in (0, 1, 2, 3, 4, 5, 7, 8, 13, 14)
)
_READ = _READ_FILE | _READ_DIR
_SCRATCH = _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _REFER | _TRUNCATE
_TCP = 0b11  # bind, connect: ABI 4
_SCOPES = 0b11  # abstract Unix sockets, signals: ABI 6

# One's own memory map and numbers, which scikit-learn's thread control and psutil ask: where libraries lie in its
# memory a process can find out anyway.
OWN_PROC = ("maps", "stat", "statm", "status")
# In the scratch folder: caches and temporary files, which nobody wants back; and the notebook's folder, with its files.
HOME, WORK = ".home", "work"


class SandboxError(OSError):
    """A right could not be dropped; nothing of the learner's may run in this process."""


@dataclass(frozen=True)
class Policy:
    """What one worker may still do.

    Attributes
    ----------
    scratch : str
        The only folder it may write to.
    memory_bytes : int
        Address space beyond what it has at its start.
    file_bytes, cpu_s : int
        Size of a file, CPU time.
    readable : tuple of str
        Folders and files that it may read, beside `OWN_PROC`; see ``gradekit.isolation.readable``.
    abi : int
        The Landlock ABI to use: the kernel's; see :func:`landlock_abi`.
    landlock : bool
        False where the host has none: another user's rights are all that keeps files closed, and the filter of system
        calls is put on only where the host lets. For a container that holds one submission, never for a class.
    user : int or None
        The user to become, where it starts as root; from `OWN_USERS` on, its process's number is added.
    read_all : bool
        Keep the capability to read files of the readable list that are closed to that user.
    processes : int
        How many processes and threads it may run; 0: it may start no process.
    """

    scratch: str
    readable: tuple[str, ...]
    abi: int
    memory_bytes: int = 2**30
    file_bytes: int = 200 * 2**20
    cpu_s: int = 600
    landlock: bool = True
    user: int | None = None
    read_all: bool = False
    processes: int = 0


# --- what this host offers -----------------------------------------------------------------------------------------


def landlock_abi() -> int:
    """Return the kernel's Landlock ABI; 0 where it has none."""
    return max(0, int(_libc().syscall(_CREATE_RULESET, None, 0, 1)))


def others_can_read(path: str) -> bool:
    """Tell whether every user can reach a file, by the mode bits of the folders above it."""
    place = Path(os.path.realpath(path))
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in place.parents) and bool(
        place.stat().st_mode & 0o004
    )


def first_user() -> int:
    """Return whom root's workers become: users of their own where this user namespace has so many, else nobody.

    With users of their own, workers of several graders cannot signal, trace or starve one another, whatever else fails.
    """
    for kind in ("uid", "gid"):
        lines = Path(f"/proc/self/{kind}_map").read_text(encoding="ascii").splitlines()
        ranges = [(int(first), int(first) + int(count)) for first, _, count in map(str.split, lines)]
        if not any(first <= OWN_USERS and end >= OWN_USERS + PIDS for first, end in ranges):
            return NOBODY
    return OWN_USERS


def user_of(first: int, pid: int) -> int:
    """Return the user that a worker becomes, given what :func:`first_user` returned."""
    return first + pid if first >= OWN_USERS else first


def keeps_signals(user: int | None, abi: int) -> bool:
    """Tell whether signals of a worker's processes reach its own alone: by Landlock, or as a user of its own.

    Parameters
    ----------
    user : int or None
        Whom it becomes; see :func:`first_user`.
    abi : int
        The Landlock ABI that is used; 0 where none is.
    """
    return abi >= SIGNALS_ABI or (user is not None and user >= OWN_USERS)


def may_read_all() -> bool:
    """Tell whether this process has the capability to read what is closed to others."""
    return _capable(_CAP_DAC_READ_SEARCH)


def may_become_another() -> bool:
    """Tell whether this process has the capabilities to run another user's process, end it and clear up after it."""
    return _capable(*_CAPS_OF_ROOT)


def _capable(*capabilities: int) -> bool:
    status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
    effective = next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:")), 0)
    return all(effective >> number & 1 for number in capabilities)


# --- dropping rights -----------------------------------------------------------------------------------------------


def confine(policy: Policy, program: bytes, *, keep: tuple[int, ...]) -> None:
    """Drop every right of this process. There is no way back.

    Parameters
    ----------
    program : bytes
        What :func:`compile_filter` made; empty where it could not.
    keep : tuple of int
        File descriptors that stay open, beside library files; the standard ones become /dev/null.

    Raises
    ------
    SandboxError
        If a layer could not be put on. The caller must end the process.
    """
    _check(policy, program)
    parent = os.getppid()
    os.setsid()
    _close_others(keep, policy.readable)
    _become(policy)
    die_with_parent()  # not before: who becomes another user loses it
    if os.getppid() != parent:
        raise SandboxError(errno.ESRCH, "the template process is gone")
    _prctl(_PR_SET_DUMPABLE, 0)
    _set_limits(policy)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if policy.landlock:
        _landlock(policy)
    if policy.landlock or policy.processes:
        _load_filter(program)
    elif program:
        with suppress(SandboxError):
            _load_filter(program)


def _check(policy: Policy, program: bytes) -> None:
    """Refuse what would leave a process with more rights than its policy says."""
    if not policy.landlock and policy.user is None:
        raise SandboxError(errno.EPERM, "without Landlock another user is needed")
    if policy.landlock and policy.abi < MIN_ABI:
        raise SandboxError(errno.ENOSYS, f"Landlock ABI {MIN_ABI} is needed, this kernel has {policy.abi}")
    if (policy.landlock or policy.processes) and not program:  # it keeps processes in their group
        raise SandboxError(errno.ENOSYS, "libseccomp is missing")
    if policy.processes and not keeps_signals(policy.user, policy.abi if policy.landlock else 0):
        raise SandboxError(errno.EPERM, "the signals of its processes would reach others")


def adopt_orphans() -> None:
    """Become the parent of every process below this one whose own parent ends."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Let this process be killed when the one that made it ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _close_others(keep: tuple[int, ...], readable: tuple[str, ...]) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    for entry in list(Path("/proc/self/fd").iterdir()):
        descriptor = int(entry.name)
        if descriptor <= 2 or descriptor in keep:
            continue
        if _is_library_file(descriptor, readable):
            _open_again(descriptor)
        else:
            with suppress(OSError):  # the folder that is being listed
                os.close(descriptor)


def _open_again(descriptor: int) -> None:
    """Give a library file a place of its own: an inherited one is shared with every other worker, who could move it."""
    own = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)
    os.lseek(own, os.lseek(descriptor, 0, os.SEEK_CUR), os.SEEK_SET)
    os.dup2(own, descriptor)
    os.close(own)


def _is_library_file(descriptor: int, readable: tuple[str, ...]) -> bool:
    """Tell whether a file is one that the worker may read anyway: matplotlib holds its fonts open."""
    try:
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        read_only = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    except OSError:
        return False
    return regular and read_only and any(path.startswith(f"{folder}/") for folder in readable)


def _become(policy: Policy) -> None:
    if policy.user is not None:
        if policy.read_all:
            _prctl(_PR_SET_KEEPCAPS, 1)
        user = user_of(policy.user, os.getpid())
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    kept = 1 << _CAP_DAC_READ_SEARCH if policy.user is not None and policy.read_all else 0
    passed_on = kept if policy.processes else 0  # to programs, which have to read the same Python
    header = struct.pack("=Ii", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this thread
    sets = struct.pack("=6I", kept, kept, passed_on, 0, 0, 0)  # effective, permitted, inheritable; low half, then high
    if _libc().capset(header, sets) != 0:
        raise SandboxError(ctypes.get_errno(), "the capabilities could not be dropped")
    if passed_on:
        _prctl(_PR_CAP_AMBIENT, _AMBIENT_RAISE, _CAP_DAC_READ_SEARCH)


def _set_limits(policy: Policy) -> None:
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    limits = {
        resource.RLIMIT_AS: used + policy.memory_bytes,
        resource.RLIMIT_FSIZE: policy.file_bytes,
        resource.RLIMIT_CPU: policy.cpu_s,
        resource.RLIMIT_NPROC: _tasks_of(os.getuid()) + policy.processes if policy.processes else THREADS,
        resource.RLIMIT_NOFILE: 1024 if policy.processes else 256,  # a lock between processes takes two
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for name, limit in limits.items():
        hard = resource.getrlimit(name)[1]
        value = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        # A second lies between SIGXCPU, which says what the end was, and SIGKILL.
        resource.setrlimit(name, (value - 1 if name == resource.RLIMIT_CPU else value, value))


def _tasks_of(user: int) -> int:
    """Return how many processes and threads a user has: all of them count against each one's limit."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):  # it has ended
            fields = dict(line.partition(":")[::2] for line in path.read_text(errors="replace").splitlines())
            found += int(fields["Threads"]) if int(fields["Uid"].split()[0]) == user else 0
    return found


def _handled_files(abi: int) -> int:
    first = (1 << 13) - 1  # ABI 1: thirteen rights
    return first | (1 << 13 if abi >= 2 else 0) | (1 << 14 if abi >= 3 else 0) | (1 << 15 if abi >= 5 else 0)


def _landlock(policy: Policy) -> None:
    abi = policy.abi
    handled = _handled_files(abi)
    tcp, scopes = (_TCP if abi >= 4 else 0), (_SCOPES if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    attributes = struct.pack("=QQQ", handled, tcp, scopes)[:size]
    rules = _libc().syscall(_CREATE_RULESET, attributes, size, 0)
    if rules < 0:
        raise SandboxError(ctypes.get_errno(), "Landlock's ruleset could not be made")
    run = _EXECUTE if policy.processes else 0
    for path in (*policy.readable, *(f"/proc/self/{name}" for name in OWN_PROC)):
        access = _READ if Path(path).is_dir() else _READ_FILE | (_WRITE_FILE if path.startswith("/dev/") else 0)
        _allow(rules, path, access | run)
    _allow(rules, policy.scratch, (_SCRATCH & handled) | run)
    if _libc().syscall(_RESTRICT_SELF, rules, 0) != 0:
        raise SandboxError(ctypes.get_errno(), "Landlock could not be put on")
    os.close(rules)


def _allow(rules: int, path: str, access: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    rule = struct.pack("=Qi", access, descriptor)  # struct landlock_path_beneath_attr, packed
    if _libc().syscall(_ADD_RULE, rules, 1, rule, 0) != 0:
        raise SandboxError(ctypes.get_errno(), f"Landlock's rule for {path} was refused")
    os.close(descriptor)


# --- the filter of system calls ------------------------------------------------------------------------------------

# What Python, numpy, matplotlib and threads need, and nothing else. Everything not named ends in EPERM.
_ALLOWED = """
read write readv writev pread64 pwrite64 lseek close dup dup2 dup3 poll ppoll select pselect6 pipe pipe2
stat lstat fstat newfstatat statx access faccessat faccessat2 readlink readlinkat getcwd chdir fchdir
getdents64 mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 ftruncate fallocate fsync fdatasync
umask statfs fstatfs fadvise64 copy_file_range sendfile eventfd2
mmap munmap mprotect mremap madvise brk futex set_robust_list get_robust_list rseq membarrier sched_yield getcpu
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait rt_sigpending rt_sigsuspend sigaltstack restart_syscall pause
epoll_create1 epoll_ctl epoll_wait epoll_pwait exit exit_group set_tid_address arch_prctl
clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times getrusage getrandom uname sysinfo
timer_create timer_settime timer_gettime timer_delete setitimer getitimer alarm
getpid gettid getppid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp
"""
# Mode, owner and times of a file are not Landlock's business, so nothing changes; the caller is not told. A lock on a
# library's file would be seen by every other worker; in its own folder a worker is alone, and finds every lock free.
_IGNORED = """
chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes utimensat futimesat flock
"""
# Where processes are allowed. A process group of its own would outlive the worker's: the call does nothing.
_OF_PROCESSES = "fork vfork execve wait4 waitid kill tgkill close_range getpgid getsid"
_IGNORED_OF_PROCESSES = "setsid setpgid"
_UNKNOWN_OF_PROCESSES = "getxattr lgetxattr fgetxattr listxattr llistxattr"  # ls asks, and goes on without
_THREAD, _VM = 0x10000, 0x100  # CLONE_THREAD, CLONE_VM
# CLONE_NEWNS, _NEWCGROUP, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET; _PTRACE, _PARENT, _UNTRACED: a worker's child
# is in no namespace of its own, and nobody else's child.
_NOT_CLONED = 0x20000 | 0x0200_0000 | 0x0400_0000 | 0x0800_0000 | 0x1000_0000 | 0x2000_0000 | 0x4000_0000
_NOT_CLONED |= 0x2000 | 0x8000 | 0x80_0000
_TCGETS, _FIOCLEX, _FIONBIO, _FIONREAD = 0x5401, 0x5451, 0x5421, 0x541B
_PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA = 15, 16, 0x53564D41
_O_ACCMODE, _O_TRUNC = 0o3, 0o1000
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC. Not F_SETOWN and F_SETSIG: they signal anybody.
_FCNTL = (0, 1, 2, 3, 4, 1030)
_OWN = 0x7FFF_FF5A  # stands in the program for a worker's own number, which is known last
_LOCKS = (5, 6, 7, 36, 37, 38)  # F_GETLK, F_SETLK, F_SETLKW, and those of an open file: ignored as flock is


def compile_filter(*, processes: bool = False) -> bytes:
    """Compile the allow-list to the kernel's own form, once for all workers.

    Parameters
    ----------
    processes : bool
        Whether workers may start some.

    Raises
    ------
    SandboxError
        If libseccomp is missing.
    """
    try:
        import pyseccomp as sc  # noqa: PLC0415  (looks for the library when it is imported)
    except (ImportError, RuntimeError) as error:
        raise SandboxError(errno.ENOSYS, f"libseccomp is missing: {error}") from None
    rules = sc.SyscallFilter(sc.ERRNO(errno.EPERM))
    for name in _ALLOWED.split():
        _add(rules, sc.ALLOW, name)
    for name in _IGNORED.split():
        _add(rules, sc.ERRNO(0), name)
    _add(rules, sc.ERRNO(errno.ENOSYS), "clone3")  # glibc then falls back to clone
    _add(rules, sc.ALLOW, "clone", sc.Arg(0, sc.MASKED_EQ, _THREAD | _VM, _THREAD | _VM))
    _add_by_argument(rules, sc)
    if processes:
        _add_processes(rules, sc)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _add_by_argument(rules: Any, sc: Any) -> None:
    """Allow what depends on an argument of the call."""
    for request in (_TCGETS, _FIOCLEX, _FIONBIO, _FIONREAD):
        _add(rules, sc.ALLOW, "ioctl", sc.Arg(1, sc.MASKED_EQ, 0xFFFFFFFF, request))
    for action, commands in ((sc.ALLOW, _FCNTL), (sc.ERRNO(0), _LOCKS)):
        for command in commands:
            _add(rules, action, "fcntl", sc.Arg(1, sc.MASKED_EQ, 0xFFFFFFFF, command))
    # Below ABI 3 Landlock knows no truncation: a file opened for reading alone, or for nothing (3), could be emptied.
    for name, flags in (("open", 1), ("openat", 2)):
        _add(rules, sc.ALLOW, name, sc.Arg(flags, sc.MASKED_EQ, _O_ACCMODE | _O_TRUNC, os.O_RDONLY))
        for mode in (os.O_WRONLY, os.O_RDWR):
            _add(rules, sc.ALLOW, name, sc.Arg(flags, sc.MASKED_EQ, _O_ACCMODE, mode))
    for option in (_PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA):
        _add(rules, sc.ALLOW, "prctl", sc.Arg(0, sc.EQ, option))
    for name in ("prlimit64", "sched_getaffinity", "sched_setaffinity"):
        for own in (0, _OWN):
            _add(rules, sc.ALLOW, name, sc.Arg(0, sc.EQ, own))
    # asyncio wakes itself over an unnamed pair; no address can be given, no descriptor passed.
    _add(rules, sc.ALLOW, "socketpair", sc.Arg(0, sc.EQ, 1))
    _add(rules, sc.ALLOW, "sendto", sc.Arg(4, sc.EQ, 0))
    _add(rules, sc.ALLOW, "recvfrom", sc.Arg(4, sc.EQ, 0))


def _add_processes(rules: Any, sc: Any) -> None:
    """Allow forks and programs, in no new namespace; their signals are kept in by others: see `keeps_signals`."""
    for name in _OF_PROCESSES.split():
        _add(rules, sc.ALLOW, name)
    for name in _IGNORED_OF_PROCESSES.split():
        _add(rules, sc.ERRNO(0), name)
    for name in _UNKNOWN_OF_PROCESSES.split():
        _add(rules, sc.ERRNO(errno.ENOTSUP), name)
    _add(rules, sc.ALLOW, "clone", sc.Arg(0, sc.MASKED_EQ, _NOT_CLONED, 0))


def _add(rules: Any, action: int, name: str, *arguments: Any) -> None:
    # A call that this architecture never had, or that the library is too old to know, stays forbidden.
    with suppress(OSError, ValueError):
        rules.add_rule(action, name, *arguments)


def _load_filter(program: bytes) -> None:
    # Each instruction has eight bytes, of which the last four are its constant.
    for place in range(4, len(program), 8):
        if program[place : place + 4] == struct.pack("=I", _OWN):
            program = program[:place] + struct.pack("=I", os.getpid()) + program[place + 4 :]
    buffer = ctypes.create_string_buffer(program, len(program))
    length = len(program) // 8  # struct sock_filter has eight bytes
    head = struct.pack("=HxxxxxxQ", length, ctypes.addressof(buffer))
    if _libc().prctl(_PR_SET_SECCOMP, 2, head, 0, 0) != 0:
        raise SandboxError(ctypes.get_errno(), "the filter of system calls was refused")


def _prctl(option: int, value: int, more: int = 0) -> None:
    if _libc().prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(more), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        raise SandboxError(ctypes.get_errno(), f"prctl({option}) failed")


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)
