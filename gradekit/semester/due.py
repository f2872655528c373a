"""`gradekit due`: until when work may be handed in, by everybody and by one student, in nbgrader's own fields."""

from __future__ import annotations

import datetime as dt
import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gradekit.errors import CourseError, UsageError
from gradekit.gradebook.assignment import open_released, students
from gradekit.gradebook.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from gradekit.course.course import Course

NO_DATE = "none"
EXAMPLE = 'As "2026-12-01 23:59", or with an offset as "2026-12-01 23:59+01:00".'


@dataclass(frozen=True)
class Deadline:
    """Until when an assignment may be handed in.

    Attributes
    ----------
    due : datetime or None
        In UTC; None where it may be handed in at any time.
    extended : mapping of str to datetime
        Student → until when that student may, where more time was given.
    """

    due: dt.datetime | None
    extended: Mapping[str, dt.datetime] = field(default_factory=dict)


def moment(words: str, timezone: str = "") -> dt.datetime | None:
    """Read a time as a person types it; None where the word is ``none``.

    Parameters
    ----------
    timezone : str
        Where the clock hangs, as ``Europe/Berlin``; empty for this machine's. An offset in the words counts more.

    Raises
    ------
    UsageError
    """
    if words.strip().lower() == NO_DATE:
        return None
    try:
        found = dt.datetime.fromisoformat(words.strip())
    except ValueError:
        raise UsageError(f"'{words}' is no date and time.", help=EXAMPLE) from None
    if ":" not in words:  # midnight is at which end of a day?
        raise UsageError(f"'{words}' names a day and no time.", help=EXAMPLE)
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone(timezone)) if timezone else found.astimezone()
    return found.astimezone(dt.UTC)


def zone(name: str) -> dt.tzinfo | None:
    """Return a time zone by its name; None, the machine's own, where it is empty.

    Raises
    ------
    UsageError
    """
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"There is no time zone '{name}'.", help="As Europe/Berlin, America/New_York or UTC."
        ) from None


def read_due(course: Course, assignment: str) -> Deadline:
    """Read until when an assignment may be handed in.

    Raises
    ------
    CourseError
        If there is no such assignment, or it has not been released.
    """
    with open_released(course, read_settings(course), assignment) as gradebook:
        return _deadline(gradebook.find_assignment(assignment))


def set_due(course: Course, assignment: str, when: dt.datetime | None, *, only: Sequence[str] = ()) -> Deadline:
    """Set until when an assignment may be handed in: by everybody, or by some students.

    Parameters
    ----------
    when : datetime or None
        None takes the date away; from a student the time that was given on top.
    only : sequence of str
        Students who get more time; everybody's date stays.

    Raises
    ------
    CourseError, UsageError
        Nothing has been changed then.
    """
    config = read_settings(course)
    with open_released(course, config, assignment) as gradebook:
        row = gradebook.find_assignment(assignment)
        if only:
            more = _more_time(row, assignment, when)
            known = {*(person.id for person in gradebook.students), *students(config, assignment)}
            _refuse_strangers(only, known)
            for name in only:
                gradebook.update_or_create_student(name)
                gradebook.update_or_create_submission(assignment, name).extension = more
        else:
            row.duedate = when.replace(tzinfo=None) if when else None
        gradebook.db.commit()
        return _deadline(gradebook.find_assignment(assignment))


def _more_time(row: Any, assignment: str, when: dt.datetime | None) -> dt.timedelta | None:
    if when is None:
        return None
    if row.duedate is None:
        raise CourseError(
            f"'{assignment}' has no due date, so nobody can be given more time.",
            help=f'Set one first: gradekit due {assignment} "2026-12-01 23:59"',
        )
    more: dt.timedelta = when - row.duedate.replace(tzinfo=dt.UTC)
    if more < dt.timedelta(0):
        raise UsageError(f"That is before everybody's date, {row.duedate:%Y-%m-%d %H:%M} UTC.")
    return more


def _refuse_strangers(names: Sequence[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            help_ = f"Did you mean '{near[0]}'?" if near else "Enter students with: gradekit roster FILE"
            raise CourseError(f"Nobody is called '{name}' in the gradebook, or has handed in as that.", help=help_)


def _deadline(row: Any) -> Deadline:
    if row.duedate is None:
        return Deadline(None)
    due = row.duedate.replace(tzinfo=dt.UTC)
    return Deadline(due, dict(sorted(_extended(row, due))))


def _extended(row: Any, due: dt.datetime) -> Iterator[tuple[str, dt.datetime]]:
    for submission in row.submissions:
        if submission.extension:
            yield submission.student_id, due + submission.extension
