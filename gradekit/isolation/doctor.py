"""What this host gives for isolating learners' code, what is missing and how to get it, and what that code may read."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass

from gradekit.errors import GradekitError
from gradekit.isolation.readable import readable, secrets
from gradekit.isolation.template import template
from gradekit.model import PROCESSES, Limits
from gradekit.worker import sandbox


@dataclass(frozen=True)
class Layer:
    """One layer of isolation on this host.

    Attributes
    ----------
    needed : bool
        Whether `gradekit grade` refuses without it.
    """

    layer: str
    ok: bool
    says: str
    help: str = ""
    needed: bool = True


def examine() -> tuple[Layer, ...]:
    """Look at each layer, and at last try: start a template process and isolate a worker."""
    return (_system(), _landlock(), _filter(), _user(), _secrets(), _trial(), _processes())


def _system() -> Layer:
    linux = sys.platform == "linux"
    says = f"{platform.system()} {platform.release()}, {platform.machine()}, Python {platform.python_version()}"
    return Layer("system", linux, says, "" if linux else "Run gradekit in a Linux container.")


def _landlock() -> Layer:
    abi = sandbox.landlock_abi() if sys.platform == "linux" else 0
    says = f"ABI {abi}" if abi else "not there"
    if abi >= sandbox.MIN_ABI:
        missing = [what for what, since in (("TCP", 4), ("signals and abstract sockets", 6)) if abi < since]
        also = f"; {', '.join(missing)}: by seccomp alone" if missing else ""
        return Layer("files (Landlock)", ok=True, says=says + also)
    help_ = f"Linux 5.19 or newer (ABI {sandbox.MIN_ABI}), with 'landlock' among the kernel's security modules (lsm=)."
    return Layer("files (Landlock)", ok=False, says=says, help=help_)


def _filter() -> Layer:
    try:
        size = len(sandbox.compile_filter()) // 8
    except sandbox.SandboxError as error:
        return Layer(
            "system calls (seccomp)", ok=False, says=str(error.strerror), help="Debian: apt install libseccomp2"
        )
    return Layer("system calls (seccomp)", ok=True, says=f"a filter of {size} instructions")


def _user() -> Layer:
    if os.geteuid() != 0:
        return Layer("user", ok=True, says=f"user {os.geteuid()}, not root", needed=False)
    if sandbox.others_can_read(sys.executable) and sandbox.others_can_read(os.__file__):
        return Layer("user", ok=True, says=f"root; workers become {_users()}")
    if sandbox.may_read_all():
        says = f"root; workers become {_users()}, with the right to read this Python, closed to others"
        return Layer("user", ok=True, says=says)
    help_ = "Use a Python outside of root's home, such as Debian's /usr/bin/python3, or run as an ordinary user."
    return Layer("user", ok=False, says=f"root; other users cannot read {sys.executable}", help=help_)


def _secrets() -> Layer:
    """Look for what should not lie where every submission may read."""
    roots = readable()
    found = secrets(roots)
    if not found:
        return Layer("readable", ok=True, says=f"{len(roots)} folders and files, and no secret seen in them")
    help_ = "Move it away: whatever lies there is read by whoever hands in."
    return Layer("readable", ok=False, says=f"learners' code can read {', '.join(found)}", help=help_, needed=False)


def _processes() -> Layer:
    """Say whether a course may allow processes here."""
    setting = "c.Gradekit.allow = ['processes']"
    try:
        with template(allow=(PROCESSES,)) as running:
            running.fork(Limits()).kill()
    except GradekitError as error:
        says = f"{setting} cannot be had: {error.message}"
        return Layer("processes", ok=False, says=says, help=error.help or "Mend what is said above.", needed=False)
    return Layer("processes", ok=True, says=f"refused; {setting} can be had", needed=False)


def _users() -> str:
    own = sandbox.first_user() == sandbox.OWN_USERS
    return "users of their own" if own else f"user {sandbox.NOBODY}, all of them"


def _trial() -> Layer:
    try:
        with template() as running:
            running.fork(Limits()).kill()
    except GradekitError as error:
        return Layer("trial", ok=False, says=error.message, help="Mend what is said above.")
    return Layer("trial", ok=True, says="a worker was isolated and ended")
