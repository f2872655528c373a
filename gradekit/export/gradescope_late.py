"""Late work on Gradescope: its dates go to nbgrader's own step for lateness, by the rule that the course has.

Gradescope says in ``submission_metadata.json`` when something was handed in (``created_at``), until when it was due
(``assignment.due_date``), and for somebody with more time until when that one may (``users[].assignment.due_date``).
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gradekit.export.gradescope import plain
from gradekit.gradebook.assignment import open_gradebook
from gradekit.gradebook.scores import read_scores
from gradekit.gradebook.settings import late_rule, read_settings
from gradekit.handin.stamp import TIMESTAMP
from gradekit.text import duration, number, plural

if TYPE_CHECKING:
    from pathlib import Path

    from gradekit.course.course import Course

METADATA = "submission_metadata.json"
NO_PENALTY = f"no penalty for lateness: {METADATA}"


@dataclass(frozen=True)
class Dates:
    """When a submission was handed in and until when it might be, in UTC; else why that is not known.

    Attributes
    ----------
    rule : str
        The course's rule for late work; empty where none is switched on, and then nothing else is read.
    problem : str
        For staff, in one line.
    """

    rule: str = ""
    handed_in: datetime | None = None
    due: datetime | None = None
    problem: str = ""


def read_dates(course: Course, metadata: Path) -> Dates:
    """Read Gradescope's dates where the course has a rule for late work."""
    rule = late_rule(read_settings(course))
    if not rule:
        return Dates()
    try:
        found = json.loads(metadata.read_text(encoding="utf-8"))
        handed_in, due = _moment(found["created_at"]), found["assignment"]["due_date"]
        own = [user["assignment"]["due_date"] for user in found["users"] if user.get("assignment")]
        # Whoever of a group has most time lends it to all; null is for ever.
        dates = own if own and len(own) == len(found["users"]) else [*own, due]
        if None in dates:
            return Dates(rule, problem=f"{NO_PENALTY} names no due date")
        return Dates(rule, handed_in, max(map(_moment, dates)))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        return Dates(rule, problem=f"{NO_PENALTY} is missing or not as Gradescope documents it ({error!r})")


def _moment(written: object) -> datetime:
    """Read a date as Gradescope writes it; one without an offset could be any time of a day."""
    found = datetime.fromisoformat(str(written))
    if found.tzinfo is None:
        raise ValueError(f"no offset in {str(written)[:40]}")
    return found.astimezone(UTC)


def enter(dates: Dates, course: Course, assignment: str, student: str) -> None:
    """Put the dates where nbgrader looks for them. A time stamp that was handed in is a student's word, and goes."""
    stamp = course.folder("submitted", assignment, student) / TIMESTAMP
    if stamp.is_dir():
        shutil.rmtree(stamp)
    stamp.unlink(missing_ok=True)
    if dates.handed_in is None or dates.due is None:
        return
    stamp.write_text(f"{dates.handed_in:%Y-%m-%d %H:%M:%S.%f} UTC\n", encoding="utf-8")
    with open_gradebook(read_settings(course)) as gradebook:
        gradebook.update_or_create_assignment(assignment, duedate=dates.due.replace(tzinfo=None))


def counted(found: dict[str, Any], dates: Dates, course: Course, assignment: str, student: str) -> dict[str, Any]:
    """Return results with the penalty taken off, and said: to the student in words, to staff with its dates."""
    if dates.problem:
        return _told(found, dates.problem)
    if not dates.rule:
        return found
    with open_gradebook(read_settings(course)) as gradebook:
        scores = read_scores(gradebook, assignment, student)
    if not scores.late_s:
        return found
    score = max(0.0, found["score"] - scores.penalty)
    taken = f"{_points(scores.penalty)} taken off" if scores.penalty else "nothing is taken off"
    said = f"Handed in {duration(scores.late_s, in_words=True)} after the due date: {taken}; {number(score)} counts."
    output = "\n\n".join(filter(None, (found["output"], plain(said))))
    staff = f"late: handed in {dates.handed_in:%Y-%m-%d %H:%M} UTC, due {dates.due:%Y-%m-%d %H:%M} UTC; {dates.rule}"
    return _told({**found, "score": score, "output": output}, f"{staff} takes {scores.penalty:.10g} off")


def _points(value: float) -> str:
    return f"{plural(1, 'point')} is" if value == 1 else f"{number(value)} points are"


def _told(found: dict[str, Any], line: str) -> dict[str, Any]:
    *tests, staff = found["tests"]  # the last entry is for staff
    return {**found, "tests": [*tests, {**staff, "output": f"{staff['output']}\n- {plain(line)}"}]}
