"""How everybody stands in one assignment, as plain data: for programs, and for the tables of other systems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradekit.gradebook.assignment import open_gradebook
from gradekit.gradebook.settings import read_settings
from gradekit.report.results import gather

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gradekit.course.course import Course
    from gradekit.report.results import Entry


@dataclass(frozen=True)
class Standing:
    """One student and one assignment.

    Attributes
    ----------
    score : float or None
        The score that counts; None where nothing was graded.
    points : float
        What can be earned without extra credit.
    decided : bool
        Whether no person has to look at it any more.
    state : str
        In the words of the class report: ``graded``, ``undecided``, ``missing`` and so on.
    exercises : mapping of str to float or None
        The score of each graded part; None where nobody has given one.
    """

    student: str
    name: str
    email: str
    lms_id: str
    score: float | None
    points: float
    penalty: float
    late_s: float
    decided: bool
    state: str
    exercises: Mapping[str, float | None]

    def plain(self) -> dict[str, Any]:
        """Return it for programs."""
        facts = {"score": self.score, "points": self.points, "penalty": self.penalty, "late_s": self.late_s}
        return {**facts, "decided": self.decided, "state": self.state, "exercises": dict(self.exercises)}


def standings(course: Course, assignment: str) -> tuple[Standing, ...]:
    """Return everybody's, sorted by student: all who are in the gradebook, or have handed something in.

    Raises
    ------
    CourseError
        If there is no such assignment, or it has not been released.
    """
    found = gather(course, assignment, folder=course.root)
    with open_gradebook(read_settings(course)) as gradebook:
        people = {person.id: (person.email or "", person.lms_user_id or "") for person in gradebook.students}
    return tuple(_standing(entry, found.points, *people.get(entry.student, ("", ""))) for entry in found.entries)


def plain(found: Iterable[Standing]) -> dict[str, dict[str, Any]]:
    """Return standings for programs, by student."""
    return {item.student: item.plain() for item in found}


def _standing(entry: Entry, points: float, email: str, lms_id: str) -> Standing:
    graded = entry.status == "graded"
    return Standing(
        student=entry.student,
        name=entry.name,
        email=email,
        lms_id=lms_id,
        score=entry.final if graded else None,
        points=points,
        penalty=entry.penalty,
        late_s=entry.late_s,
        decided=entry.decided and not entry.newer,
        state=entry.word,
        exercises={part.name: mark.score for part, mark in entry.marks.items()},
    )
