"""`gradekit export total`: several assignments, their weights and what they come to, in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradekit.errors import CourseError, UsageError
from gradekit.files import write_whole
from gradekit.gradebook.assignment import open_gradebook
from gradekit.gradebook.settings import read_settings
from gradekit.report.tables import sheet
from gradekit.semester.gradefile import OWNER
from gradekit.semester.standing import standings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gradekit.course.course import Course
    from gradekit.semester.standing import Standing

PERSON = ("student", "name", "email", "lms_user_id")
MISSING = "missing"  # the state of who has handed in nothing: it counts 0


def read_weights(words: Sequence[str]) -> dict[str, float]:
    """Read ``name=number`` as often as it was given.

    Raises
    ------
    UsageError
    """
    found: dict[str, float] = {}
    for word in words:
        name, _, number = word.partition("=")
        try:
            weight = float(number)
        except ValueError:
            weight = 0.0
        if not name or not 0 < weight < float("inf"):
            raise UsageError(f"--weight {word}: a name and a number above 0 are needed.", help="As: --weight hw1=40")
        if name in found:
            raise UsageError(f"--weight names '{name}' twice.")
        found[name] = weight
    return found


def write_total(course: Course, target: Path, *, weights: Mapping[str, float]) -> tuple[str, ...]:
    """Write a table with a row for each student; return the assignments in it.

    Parameters
    ----------
    weights : mapping of str to float
        Assignment → how much of the total it is, relative to the others. Empty: all that were released, each as much as
        its points.

    Raises
    ------
    CourseError
        If there is no such assignment, or it was never released.
    """
    names = tuple(weights) or _released(course)
    found = {name: {item.student: item for item in standings(course, name)} for name in names}
    points = {name: next((item.points for item in people.values()), 0.0) for name, people in found.items()}
    if not weights and not any(points.values()):
        raise CourseError("Nothing has been handed in yet.")
    chosen = dict(weights) or points
    everybody = sorted({student for people in found.values() for student in people})
    header = [*PERSON, *(f"{name}: {what}" for name in names for what in ("score", "points", "state"))]
    rows = [_row(student, [found[name].get(student) for name in names], names, chosen) for student in everybody]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, sheet([[*header, "total_percent", "open"], *rows]))
        target.chmod(OWNER)
    except OSError as error:
        raise CourseError(f"{target} cannot be written: {error.strerror}.") from None
    return names


def _released(course: Course) -> tuple[str, ...]:
    with open_gradebook(read_settings(course)) as gradebook:
        return tuple(sorted(str(found.name) for found in gradebook.assignments if found.notebooks))


def _row(
    student: str, items: Sequence[Standing | None], names: Sequence[str], weights: Mapping[str, float]
) -> list[object]:
    person = next(item for item in items if item is not None)
    cells: list[object] = [student, person.name, person.email, person.lms_id]
    earned, open_ = 0.0, []
    for name, item in zip(names, items, strict=True):
        if item is None or item.state == MISSING:
            cells += [0.0, item.points if item else None, MISSING]
            continue
        cells += [item.score, item.points, item.state]
        if item.score is None or not item.decided:
            open_.append(name)
        elif item.points:
            earned += weights[name] * item.score / item.points
    whole = sum(weights[name] for name in names)
    percent = None if open_ or not whole else round(100 * earned / whole, 2)
    return [*cells, percent, "; ".join(open_)]
