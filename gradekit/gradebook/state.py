"""What state a graded submission is in: derived here, and here alone, for every page, every table and the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from gradekit.course.notebook import GRADE_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from gradekit.gradebook.scores import Mark
    from gradekit.model import GradeReport, Note

GRADED, UNDECIDED, PERSON, NEWER = "graded", "undecided", "a person must look", "handed in again"
HANDED_IN_AGAIN = "handed in again after this was graded"


class Open(StrEnum):
    """What a person must look at in a cell."""

    UNJUDGED = "our tests could not judge it"
    BY_HAND = "nobody has graded it yet"
    CHANGED = "it was answered anew after a person gave it a score"


@dataclass(frozen=True)
class SubmissionState:
    """What is still open of a submission.

    Attributes
    ----------
    cells : tuple of Open
        One for each cell that a person must look at.
    alarms : tuple of Note
        The notes that ask for a person, and that no score has answered since.
    newer : bool
        Whether something was handed in that has not been graded.
    """

    cells: tuple[Open, ...] = ()
    alarms: tuple[Note, ...] = ()
    newer: bool = False

    @property
    def word(self) -> str:
        """The state in the words of every table; the first that holds, in the order in which a person acts."""
        if self.newer:
            return NEWER
        if Open.UNJUDGED in self.cells:
            return UNDECIDED
        return PERSON if self.cells or self.alarms else GRADED


def state_of(marks: Iterable[Mark], report: GradeReport | None, *, newer: bool = False) -> SubmissionState:
    """Derive a submission's state from the gradebook's marks and the report of its grading."""
    ours, every = unjudged(report), list(marks)
    open_ = {mark.grade_id: kind for mark in every if (kind := kind_of(mark, ours))}
    known = {mark.grade_id for mark in every}
    return SubmissionState(tuple(open_.values()), tuple(_asking(report, open_, known)), newer)


def kind_of(mark: Mark, ours: Collection[str]) -> Open | None:
    """Return what a person must look at in a cell; None where nobody need.

    Parameters
    ----------
    ours : collection of str
        The cells that our tests should have judged and could not, of `unjudged`.
    """
    if mark.given is None:
        return Open.UNJUDGED if mark.grade_id in ours else Open.BY_HAND
    return Open.CHANGED if mark.waits else None


def unjudged(report: GradeReport | None) -> frozenset[str]:
    """Return the cells that our tests should have judged and could not, by the report."""
    if report is None:
        return frozenset()
    return frozenset((*report.unjudged, *report.undecided, *(name + GRADE_SUFFIX for name in report.undecided)))


def _asking(report: GradeReport | None, open_: Collection[str], known: Collection[str]) -> Iterable[Note]:
    """Yield the alarms that are still to be answered: of a cell while it is open, of a notebook while any cell is."""
    for note in report.alarms if report else ():
        cell = note.undecided or note.changed
        if not cell or cell in open_ or (open_ and cell not in known):
            yield note
