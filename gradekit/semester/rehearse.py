"""`gradekit grade --dry-run`: a class graded in a copy of the course, so that nothing of the course is written."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gradekit.database import SQLITE, named, parse
from gradekit.errors import CourseError
from gradekit.files import STAGE
from gradekit.gradebook.assignment import open_gradebook, students
from gradekit.gradebook.convert import copy_gradebook
from gradekit.gradebook.settings import copy_settings, read_settings, step_folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradekit.course.course import Course, Step

HANDED_IN: tuple[Step, ...] = ("submitted", "autograded")


@contextmanager
def rehearsal(course: Course, assignment: str, *, only: Sequence[str] | None = None) -> Iterator[Course]:
    """Copy what grading an assignment reads of a course, and lend the copy; it is gone afterwards.

    Raises
    ------
    CourseError
        If there is no gradebook.
    """
    course.check_assignment(assignment)
    with tempfile.TemporaryDirectory(prefix="gradekit-dry-run-") as name:
        folder = Path(name).resolve()
        new = replace(copy_settings(course, folder), beside=course.beside)
        _copy_database(course, assignment, folder / "gradebook.db")
        for old_folder, new_folder in zip(_read(course, assignment), _read(new, assignment), strict=True):
            if old_folder.is_dir():
                shutil.copytree(old_folder, new_folder)
        ours = course.root / ".gradekit"
        if ours.is_dir():
            shutil.copytree(ours, folder / ".gradekit", ignore=shutil.ignore_patterns(f"{STAGE}*", "+aside"))
        _lend_submissions(course, new, assignment, only)
        yield new


def _read(course: Course, assignment: str) -> tuple[Path, ...]:
    """Return the folders of an assignment that grading reads."""
    return course.source_folder(assignment), course.hidden(assignment), course.folder("release", assignment)


def _copy_database(course: Course, assignment: str, target: Path) -> None:
    """Copy a gradebook through its database, so that what another process is writing is whole or not there."""
    config = read_settings(course)
    address = step_folders(config).db_url
    if parse(address).get_backend_name() != SQLITE:
        with open_gradebook(config) as gradebook:
            copy_gradebook(gradebook, target)
        return
    path = Path(named(address))
    if not path.is_file():
        raise CourseError(f"There is no gradebook {path} yet.", help=f"Release it first: gradekit release {assignment}")
    with (
        closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(target)) as copy,
    ):
        old.backup(copy)


def _lend_submissions(course: Course, new: Course, assignment: str, only: Sequence[str] | None) -> None:
    """Copy what was handed in, and what was autograded of it: pipes, devices and links stay behind."""
    for student in students(read_settings(course), assignment) if only is None else only:
        for step in HANDED_IN:
            old = course.folder(step, assignment, student)
            if old.is_dir():
                _copy_files(old, new.folder(step, assignment, student))


def _copy_files(old: Path, new: Path) -> None:
    def odd(folder: str, names: list[str]) -> list[str]:
        """Name what is neither a regular file nor a folder."""
        paths = {name: Path(folder, name) for name in names}
        return [name for name, path in paths.items() if path.is_symlink() or not (path.is_file() or path.is_dir())]

    new.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(old, new, ignore=odd)
