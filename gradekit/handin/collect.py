"""A folder that a student, or a student's code, has filled → bounded regular files in a folder of ours.

Everything read here is hostile: no link is followed, every number has a bound, and nothing that a student did raises.
Covered: links at any level, FIFOs, sockets, devices, hard links, deep and crowded folders, odd names. *Not* covered:
what stands in the files.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from gradekit.model import MAX_NOTES
from gradekit.text import shown
from gradekit.worker.sandbox import HOME

if TYPE_CHECKING:
    from pathlib import Path


IGNORED = frozenset({".ipynb_checkpoints", "__pycache__"})
# Written by a learner's code it would be a notebook to make feedback for, a time of handing in, or a cache of ours.
NBGRADERS = re.compile(rf".*\.ipynb|timestamp\.txt|submission_secret\.txt|{re.escape(HOME)}", re.IGNORECASE | re.DOTALL)
MAX_DEPTH = 10  # folders within folders: a path stays below Linux's 4,096 bytes
MAX_NAME_BYTES = 255  # what ext4 and xfs can hold
MAX_ENTRIES = 20_000  # names looked at in one submission, refused ones included
UNNAMEABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})  # those that no file name needs
OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: a FIFO put in a file's place must not stop us.
OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
CREATE_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def collect(
    folder: Path, target: Path, *, max_files: int = 2000, max_bytes: int = 200 * 2**20, merge: bool = False
) -> tuple[str, ...]:
    """Copy a submission's regular files, notebooks first, and refuse the rest.

    Parameters
    ----------
    merge : bool
        Add to what `target` holds what code has written since: what is there already stays as it is, and without a
        word; what nbgrader would take for its own is left out.

    Returns
    -------
    tuple of str
        One line for each thing refused or renamed; at most `MAX_NOTES` and a count.

    Raises
    ------
    OSError
        If `target` cannot be written: never for what the student did.
    """
    target.mkdir(parents=True, exist_ok=True)
    copying = _Copying(max_files, max_bytes, merge=merge)
    try:
        source = os.open(folder, OPEN_FOLDER)
    except OSError as error:
        return (f"the folder {shown(folder.name)} cannot be opened: {error.strerror}",)
    destination = os.open(target, OPEN_FOLDER)
    try:
        copying.folder(source, destination, "", 0)
    finally:
        os.close(source)
        os.close(destination)
    return copying.notes.report()


@dataclass
class _Notes:
    """What was refused, a line each, and not without end."""

    lines: list[str] = field(default_factory=list)
    unsaid: int = 0

    def report(self) -> tuple[str, ...]:
        """Return the lines, and how many more there would be."""
        return (*self.lines, f"and {self.unsaid:,} more refused") if self.unsaid else tuple(self.lines)

    def add(self, line: str) -> None:
        if line in self.lines:
            return
        if len(self.lines) < MAX_NOTES:
            self.lines.append(line)
        else:
            self.unsaid += 1


@dataclass
class _Copying:
    """One submission being copied: what may still come, and what was refused."""

    files: int
    size: int
    entries: int = MAX_ENTRIES
    merge: bool = False
    notes: _Notes = field(default_factory=_Notes)

    def folder(self, source: int, target: int, path: str, depth: int) -> None:
        """Copy a folder: its files first, so that deep data cannot crowd out the notebook."""
        folders = []
        for name in self.names(source, path):
            try:
                mode = os.stat(name, dir_fd=source, follow_symlinks=False).st_mode
            except OSError as error:
                self.notes.add(f"{shown(path + name)} cannot be read: {error.strerror}")
                continue
            if len(os.fsencode(name)) > MAX_NAME_BYTES:
                self.notes.add(f"{shown(path + name)} is refused: its name is too long")
            elif stat.S_ISDIR(mode):
                folders.append(name)
            elif stat.S_ISREG(mode):
                self.file(source, target, name, path)
            else:
                self.notes.add(f"{shown(path + name)} is refused: it is {_kind(mode)}")
        for name in folders:
            self.subfolder(source, target, name, path, depth)

    def names(self, source: int, path: str) -> list[str]:
        """Return a folder's names, notebooks first, as many as may still be looked at."""
        try:
            with os.scandir(source) as entries:
                found = [entry.name for entry in islice(entries, self.entries + 1)]
        except OSError as error:
            self.notes.add(f"{shown(path) or 'the folder'} cannot be read: {error.strerror}")
            return []
        if len(found) > self.entries:
            self.notes.add(f"there are more than {MAX_ENTRIES:,} files and folders: the others are left out")
        wanted = {name for name in found[: self.entries] if not (self.merge and NBGRADERS.fullmatch(name))} - IGNORED
        found = sorted(wanted, key=lambda name: (not name.endswith(".ipynb"), name))
        self.entries -= len(found)
        return found

    def subfolder(self, source: int, target: int, name: str, path: str, depth: int) -> None:
        """Copy a folder within a folder; an empty one leaves nothing."""
        if depth >= MAX_DEPTH:
            self.notes.add(f"{shown(path + name)} is refused: it lies more than {MAX_DEPTH} folders deep")
            return
        try:
            inner = os.open(name, OPEN_FOLDER, dir_fd=source)
        except OSError as error:
            self.notes.add(f"{shown(path + name)} cannot be opened: {error.strerror}")
            return
        kept = _nameable(name)
        try:
            if not (self.merge and _is_there(kept, target)):
                os.mkdir(kept, dir_fd=target)
            outer = os.open(kept, OPEN_FOLDER, dir_fd=target)
        except (FileExistsError, NotADirectoryError):
            self.notes.add(f"{shown(path + name)} is refused: its name is taken")
        else:
            self.folder(inner, outer, f"{path}{name}/", depth + 1)
            os.close(outer)
            with suppress(OSError):  # it holds something
                os.rmdir(kept, dir_fd=target)
        finally:
            os.close(inner)

    def file(self, source: int, target: int, name: str, path: str) -> None:
        """Copy one file, having looked again at what was opened."""
        if self.merge and _is_there(_nameable(name), target):
            return
        if not self.files:
            self.notes.add("there are too many files: the others are left out")
            return
        try:
            handle = os.open(name, OPEN_FILE, dir_fd=source)
        except OSError as error:
            self.notes.add(f"{shown(path + name)} cannot be opened: {error.strerror}")
            return
        try:
            info = os.fstat(handle)
            if not stat.S_ISREG(info.st_mode) or info.st_nlink != 1:
                kind = "a hard link" if stat.S_ISREG(info.st_mode) else _kind(info.st_mode)
                self.notes.add(f"{shown(path + name)} is refused: it is {kind}")
            elif info.st_size > self.size:
                self.notes.add(f"{shown(path + name)} is refused: it is too large ({info.st_size:,} bytes)")
            else:
                self.copy(handle, target, name, path, info.st_size)
        finally:
            os.close(handle)

    def copy(self, handle: int, target: int, name: str, path: str, size: int) -> None:
        kept = _nameable(name)
        try:
            out = os.open(kept, CREATE_FILE, 0o644, dir_fd=target)
        except FileExistsError:
            self.notes.add(f"{shown(path + name)} is refused: its name is taken")
            return
        if kept != name:
            self.notes.add(f"{shown(path + name)} is kept as {shown(kept)}")
        self.files -= 1
        self.size -= size
        with os.fdopen(out, "wb") as stream:
            while size > 0 and (data := self.part(handle, min(size, 2**20), path + name)):
                size -= len(data)
                stream.write(data)

    def part(self, handle: int, size: int, name: str) -> bytes:
        """Read the next bytes of a file; nothing more where the disk fails."""
        try:
            return os.read(handle, size)
        except OSError as error:
            self.notes.add(f"{shown(name)} cannot be read to its end: {error.strerror}")
            return b""


def _kind(mode: int) -> str:
    kinds = {stat.S_IFLNK: "a link", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket", stat.S_IFDIR: "a folder"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _is_there(name: str, folder: int) -> bool:
    with suppress(FileNotFoundError):
        os.stat(name, dir_fd=folder, follow_symlinks=False)
        return True
    return False


def _nameable(name: str) -> str:
    """Return a name without control characters and bytes that are no text."""
    return "".join("_" if unicodedata.category(char) in UNNAMEABLE else char for char in name)
