"""`gradekit handed-in`: when work was handed in, from a table of the school's, into nbgrader's ``timestamp.txt``.

The files of Moodle's and Canvas's zips say nothing of it: their dates are those of the packing. Moodle's grading
worksheet does, and so does any table with a column for it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradekit.errors import CourseError, UsageError
from gradekit.files import write_whole
from gradekit.gradebook.assignment import students
from gradekit.gradebook.settings import read_settings
from gradekit.semester.due import zone
from gradekit.semester.gradefile import IDS, OTHER, Layout, match_rows
from gradekit.semester.roster import CANVAS_IDS
from gradekit.semester.standing import standings
from gradekit.semester.table import column_of, read_table

if TYPE_CHECKING:
    from pathlib import Path

    from gradekit.course.course import Course
    from gradekit.semester.table import Table

TIMESTAMP = "timestamp.txt"  # where nbgrader reads it
COLUMNS = (
    "Last modified (submission)",
    "submitted_at",
    "timestamp",
)  # Moodle's, that of Canvas's interface, nbgrader's
NEVER = frozenset({"", "-", "null", "none"})
# Moodle's dates in English, as its language packs write them; strptime knows no other language's months.
MOODLE_DATES = (
    *("%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%A, %B %d, %Y, %I:%M %p", "%A, %B %d, %Y, %H:%M"),
    *("%d %B %Y, %I:%M %p", "%d %B %Y, %H:%M"),
)


@dataclass(frozen=True)
class HandedIn:
    """What became of a table of times.

    Attributes
    ----------
    wrote, same : tuple of str
        For whom a time was written, and for whom it stood there already.
    kept : tuple of str
        Who has handed in, has no time in the table, and a file with one from before, which goes on to count.
    without : tuple of str
        Who has handed in, and has no time at all.
    unclear : tuple of str
        Rows whose time cannot be read, or that could be several students'.
    only_file : tuple of str
        Rows of people whom the gradebook does not know, by no id and no e-mail address.
    """

    column: str
    wrote: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    only_file: tuple[str, ...] = ()


def enter_times(course: Course, assignment: str, file: Path, *, column: str = "", timezone: str = "") -> HandedIn:
    """Write down when each submission was handed in, beside it.

    Parameters
    ----------
    column : str
        The header of the column with the times; empty for one that is known.
    timezone : str
        Where the clock hangs by which they were written, as ``Europe/Berlin``; empty for this machine's. An offset in a
        time counts more.

    Raises
    ------
    CourseError, UsageError
    """
    there = zone(timezone)
    people = standings(course, assignment)
    table = read_table(file)
    at = _column(table, column, file)
    rows = match_rows(table, _layout(table, at), people)
    stamps = {
        student: course.folder("submitted", assignment, student) / TIMESTAMP
        for student in students(read_settings(course), assignment)
    }
    wrote: list[str] = []
    same: list[str] = []
    unclear = list(rows.unclear)
    for row, student in rows.mine.items():
        written = table.value(row, at)
        if student not in stamps or written.lower() in NEVER:
            continue
        moment = read_time(written, there)
        if moment is None:
            unclear.append(f"{student}: '{written}' is no date that is known")
        else:
            (wrote if _put(stamps[student], moment) else same).append(student)
    rest = sorted(stamps.keys() - {*wrote, *same})
    kept = tuple(student for student in rest if _holds_something(stamps[student]))
    without = tuple(student for student in rest if student not in kept)
    return HandedIn(table.header[at], tuple(wrote), tuple(same), kept, without, tuple(unclear), rows.only_file)


def _column(table: Table, column: str, file: Path) -> int:
    at = column_of(table.header, [column] if column else COLUMNS)
    if at is None:
        missing = f"no column '{column}'" if column else "no column that is known for times"
        names = ", ".join(map(repr, table.header))
        raise UsageError(f"{file} has {missing}.", help=f"Name one with --column: {names}.")
    return at


def _layout(table: Table, times: int) -> Layout:
    """Say where a row says whose it is: in columns for ids, and by an e-mail address anywhere.

    A row is called by its second cell, where Moodle has the name, or by its first one where the time stands there.
    """
    known = IDS | {name.casefold() for name in CANVAS_IDS}
    ids = tuple(at for at, name in enumerate(table.header) if name.casefold() in known)
    return Layout(OTHER, len(table.header), ids, int(times != 1 and len(table.header) > 1), None)


def read_time(written: str, there: dt.tzinfo | None) -> dt.datetime | None:
    """Read a time, in ISO's form or as Moodle writes it in English, as UTC; None where it is neither."""
    words = " ".join(written.split())  # newer Moodles put a narrow blank before AM and PM
    found = _iso(words) or next(filter(None, (_as(words, form) for form in MOODLE_DATES)), None)
    if found is None:
        return None
    try:
        local = found if found.tzinfo else found.replace(tzinfo=there) if there else found.astimezone()
        return local.astimezone(dt.UTC)
    except (OverflowError, OSError, ValueError):  # of the year 1, or 9999
        return None


def _iso(words: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(words) if ":" in words else None  # a day alone is no time
    except ValueError:
        return None


def _as(words: str, form: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(words, form)  # noqa: DTZ007  (the zone is the caller's)
    except ValueError:
        return None


def _holds_something(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_size > 0


def _put(path: Path, moment: dt.datetime) -> bool:
    """Write a time; return whether it is another one than stood there."""
    text = f"{moment:%Y-%m-%d %H:%M:%S} UTC\n"
    try:
        if path.is_file() and not path.is_symlink() and path.stat().st_size == len(text) and path.read_text() == text:
            return False
        write_whole(path, text.encode())
    except (OSError, ValueError) as error:
        raise CourseError(f"{path} cannot be written: {error}.") from None
    return True
