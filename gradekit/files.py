"""Files written whole or not at all: single files, folders renamed into place, stages also of killed runs, hashes."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import stat
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gradekit.errors import CourseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


STAGE = "+stage"  # in .gradekit/
BESIDE = ".gradekit-stage"  # beside a target that lies elsewhere
READ_BYTES = 2**29  # of files that are hashed together: more than a hand-in may hold, and a second's work


def write_whole(target: Path, data: bytes) -> None:
    """Write a file whole or not at all, even where the machine stops in between."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def digest(paths: Iterable[Path]) -> str:
    """Return a hash of files and of whole folders: names and contents. Links and devices count by their name alone.

    Of files that come after `READ_BYTES` of others, size and time count instead: a hole of a terabyte costs a learner
    nothing to hand in, and would cost us an hour to read.
    """
    found, left = hashlib.sha256(), READ_BYTES
    for start in paths:
        for path in _files(start):
            name = path.relative_to(start.parent) if path == start else path.relative_to(start)
            content, size = _content(path, most=left)
            found.update(os.fsencode(name) + b"\0" + content)
            left -= size
    return found.hexdigest()


def _files(start: Path) -> list[Path]:
    if not start.is_dir():
        return [start]
    found, folders = [], [start]
    while folders:  # os.walk of Python 3.11 goes down by calling, and a hand-in may be deeper than that
        for entry in _entries(folders.pop()):
            if entry.is_dir(follow_symlinks=False):
                folders += [Path(entry.path)] if entry.name != "__pycache__" else []
            else:
                found.append(Path(entry.path))
    return sorted(found)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in a folder; nothing where it cannot be looked into, as below a path that is too long."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _content(path: Path, *, most: int) -> tuple[bytes, int]:
    """Return what stands for a file's content, and how many bytes of it were read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b"-", 0
    with os.fdopen(descriptor, "rb") as file:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            return b"-", 0
        if info.st_size > most:
            return f"{info.st_size} {info.st_mtime_ns}".encode(), 0
        return hashlib.file_digest(file, "sha256").digest(), info.st_size


def own(root: Path, name: str) -> Path:
    """Return a place of our own in ``.gradekit/``; its name can be no assignment's, since nbgrader refuses a plus."""
    return root / ".gradekit" / f"+{name}"


def _prefix(kind: str, pid: str) -> str:
    return f"{kind}-{socket.gethostname()}-{pid}-"


def make_stage(folder: Path, kind: str) -> Path:
    """Make a folder named for this process, so that the next one knows it for a killed one's."""
    return Path(tempfile.mkdtemp(prefix=_prefix(kind, str(os.getpid())), dir=folder))


def make_stage_beside(target: Path) -> Path:
    """Make a folder beside a target, on the same disk, and the folders above it; those of killed runs go.

    Raises
    ------
    CourseError
        If nothing can be written there.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        clear_stages(target.parent, BESIDE)
        return make_stage(target.parent, BESIDE)
    except OSError as error:
        raise CourseError(f"{target} cannot be written: {error.strerror}.") from None


@contextmanager
def open_stage(root: Path) -> Iterator[Path]:
    """Make a folder on the course's disk, for what is renamed into its place at last; gone afterwards."""
    ours = root / ".gradekit"
    try:
        ours.mkdir(exist_ok=True)
        stage = make_stage(ours, STAGE)
    except OSError as error:
        raise _cannot_write(ours, error) from None
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def clear_stages(folder: Path, kind: str = STAGE) -> None:
    """Remove our own stages of processes of this machine that are no more."""
    for stage in folder.glob(f"{_prefix(kind, '*')}*"):
        pid = stage.name.split("-")[-2]
        with suppress(OSError):
            info = stage.lstat()
            ours = stat.S_ISDIR(info.st_mode) and info.st_uid == os.geteuid()
            if ours and pid.isdecimal() and not Path("/proc", pid).exists():
                remove_tree(stage)


def remove_tree(folder: Path) -> None:
    """Remove a folder that a learner has written to; links are not followed."""
    with suppress(RecursionError):  # Python 3.11 and 3.12 go down by calling
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():  # deeper than that, or closed to us by its modes
        for command in (["/bin/chmod", "-R", "u+rwx"], ["/bin/rm", "-rf"]):
            subprocess.run([*command, "--", str(folder)], check=False, stderr=subprocess.DEVNULL)  # noqa: S603


def put(made: Path, target: Path, stage: Path, commit: Callable[[], None]) -> None:
    """Commit, and rename a finished folder into its place.

    The old folder goes first: where we are killed in between, the folder is missing, and so the submission is graded
    again. Where anything fails, the old folder comes back.
    """
    old = stage / "old"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.parent.stat().st_dev != stage.stat().st_dev:  # autograded/ is a link to another disk
            clear_stages(target.parent, BESIDE)
            beside = make_stage(target.parent, BESIDE)
            made, old = shutil.copytree(made, beside / "new"), beside / "old"
        if os.path.lexists(target):
            target.rename(old)
        commit()
        made.rename(target)
    except OSError as error:
        raise _cannot_write(target, error) from None
    finally:
        if os.path.lexists(old) and not os.path.lexists(target):
            old.rename(target)
        if old.parent != stage:
            shutil.rmtree(old.parent)


def _cannot_write(path: Path, error: OSError) -> CourseError:
    return CourseError(
        f"{path} cannot be written: {error.strerror}.", help="Give yourself the right to write in the course's folder."
    )
