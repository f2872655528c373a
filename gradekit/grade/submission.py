"""One submission, straight through: taken in, judged, recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gradekit.files import open_stage
from gradekit.grade.judge import give_up, judge
from gradekit.gradebook.record import record
from gradekit.handin.submission import take_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradekit.grade.judge import Setup
    from gradekit.gradebook.assignment import ReleasedAssignment
    from gradekit.model import GradeReport


def grade(
    book: ReleasedAssignment, setup: Setup, student: str, *, hashes: Mapping[str, str], notebooks: str = "*"
) -> GradeReport:
    """Grade one submission, and write its report last."""
    with open_stage(Path(book.directory.root)) as stage:
        hand_in = take_in(book, student, stage, notebooks=notebooks)
        try:
            judged = judge(setup, hand_in)
        except MemoryError:
            hand_in = give_up(hand_in)
            judged = judge(setup, hand_in)
        return record(book, hand_in, judged, stage=stage, hashes=hashes)
