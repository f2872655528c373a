"""What travels to a worker and back, as bytes: an assignment, a submission with its files, an answer.

msgpack frames of plain values, never pickle. Of a submission's files those that the assignment itself brings are named
and not sent: a worker has them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from gradekit.course import reports
from gradekit.course.course import Course
from gradekit.errors import CourseError, GradekitError
from gradekit.files import own
from gradekit.grade.travel import FRAME_BYTES, files_of, pack, unpack, with_files
from gradekit.handin.collect import CREATE_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JUNK = frozenset({"__pycache__", ".ipynb_checkpoints"})
TOO_LARGE = "What would travel to a worker has {:,} bytes, where {:,} are allowed."


# --- an assignment ---------------------------------------------------------------------------------------------------


def pack_course(course: Course, assignment: str) -> bytes:
    """Return what judging an assignment needs of a course: its source, its hidden tests, the secret of fresh inputs.

    Raises
    ------
    CourseError
        If that is too large to travel.
    """
    there = Course(Path())
    folders = {
        there.source_folder(assignment): course.source_folder(assignment),
        there.hidden(assignment): course.hidden(assignment),
    }
    held = {
        (new / path.relative_to(old)).as_posix(): path.read_bytes()
        for new, old in folders.items()
        for path in _regular(old)
    }
    packed = pack([held, reports.secret(course.root)])
    if len(packed) > FRAME_BYTES:
        raise CourseError(TOO_LARGE.format(len(packed), FRAME_BYTES), help=f"Make {assignment}'s data smaller.")
    return packed


def unpack_course(data: bytes, folder: Path) -> Course:
    """Write an assignment into an empty folder; return it as a course, with nbgrader's own names of folders."""
    held, secret = unpack(data)
    for name, content in held.items():
        _write(folder, name, content)
    path = own(folder, "secret")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(secret)
    return Course(folder)


def known_files(course: Course, assignment: str) -> dict[str, bytes]:
    """Return the hashes of the files that the assignment itself brings, by their paths."""
    folder = course.source_folder(assignment)
    return {path.relative_to(folder).as_posix(): _hash(path.read_bytes()) for path in _regular(folder)}


# --- a submission ----------------------------------------------------------------------------------------------------


def pack_submission(packed: bytes, known: Mapping[str, bytes]) -> bytes:
    """Return a packed hand-in together with the files of its folder."""
    folder = files_of(packed)
    files: dict[str, bytes | None] = {}
    for path in _regular(folder):
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        files[name] = None if known.get(name) == _hash(content) else content
    return pack([packed, files])


def unpack_submission(data: bytes, folder: Path, given: Path) -> bytes:
    """Write a submission's files into an empty folder, with those of the assignment; return the hand-in that names it.

    Parameters
    ----------
    given : Path
        The folder with the assignment's own files.
    """
    packed, files = unpack(data)
    for name, content in files.items():
        if content is None:
            target = folder / _below(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(given / _below(name), target)
        else:
            _write(folder, name, content)
    return with_files(packed, folder)


def names_in(folder: Path) -> frozenset[str]:
    """Return the paths of the regular files in a folder."""
    return frozenset(path.relative_to(folder).as_posix() for path in _regular(folder))


# --- an answer -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What became of a submission on a worker.

    Attributes
    ----------
    judged : bytes or None
        The packed `Judged`; None where there is none.
    files : mapping of str to bytes
        What the learner's code has written, by path.
    said : str
        What went wrong on our side.
    ended : bool
        Whether the process ended that judged it.
    exit_code : int or None
        That process's.
    unfit : str
        Why the worker can judge nobody any more; the submission has to go elsewhere.
    """

    judged: bytes | None = None
    files: Mapping[str, bytes] | None = None
    said: str = ""
    ended: bool = False
    exit_code: int | None = None
    unfit: str = ""


def pack_answer(answer: Answer) -> bytes:
    """Return an answer as bytes."""
    return pack([answer.judged, answer.files, answer.said, answer.ended, answer.exit_code, answer.unfit])


def unpack_answer(data: bytes) -> Answer:
    """Return the answer that the bytes hold.

    Raises
    ------
    GradekitError
        If they are damaged.
    """
    try:
        judged, files, said, ended, exit_code, unfit = unpack(data)
        _hold({**(files or {}), "": judged or b""})
    except (AttributeError, TypeError, ValueError) as error:
        raise GradekitError(f"An answer of a worker was damaged: {error}.") from None
    return Answer(judged, files, str(said), ended is True, exit_code, str(unfit))


def _hold(files: Mapping[Any, Any]) -> None:
    """Hold what an answer brings to names and bytes."""
    for name, content in files.items():
        if type(name) is not str or type(content) is not bytes:
            raise TypeError(f"a {type(name).__name__} and a {type(content).__name__} for a name and bytes")


def new_files(folder: Path, before: frozenset[str]) -> dict[str, bytes]:
    """Return the files that have come into a folder since."""
    return {name: (folder / name).read_bytes() for name in sorted(names_in(folder) - before)}


def put_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Add what the learner's code has written to a submission's files; what is there stays.

    Raises
    ------
    GradekitError
        If one of them leads out of the folder, or cannot be written.
    """
    try:
        for name, content in files.items():
            _write(folder, name, content)
    except (OSError, ValueError) as error:
        raise GradekitError(f"A file that came back from a worker cannot be written: {error}.") from None


# --- files -----------------------------------------------------------------------------------------------------------


def _regular(folder: Path) -> Iterator[Path]:
    """Yield the regular files below a folder, sorted; a link to a file counts as that file."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - JUNK)
        yield from (path for name in sorted(names) if (path := Path(root, name)).is_file())


def _hash(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _below(name: str) -> PurePosixPath:
    """Return a path that leads into no other folder than the one it is put in."""
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or ".." in path.parts:
        raise ValueError(f"{name!r} leads elsewhere")
    return path


def _write(folder: Path, name: str, content: bytes) -> None:
    target = folder / _below(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(target, CREATE_FILE, 0o644), "wb") as file:
        file.write(content)
