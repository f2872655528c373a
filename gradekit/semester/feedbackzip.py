"""`gradekit export feedback`: the learners' pages as one zip, named so that Moodle gives each to its student."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradekit.errors import CourseError
from gradekit.semester.gradefile import MOODLE, OWNER, layout_of, match_rows
from gradekit.semester.standing import standings
from gradekit.semester.table import read_table

if TYPE_CHECKING:
    from pathlib import Path

    from gradekit.course.course import Course

PARTICIPANT = re.compile(r"\D*(\d+)")  # Moodle's first column: its word for a participant, and the number
NOT_IN_NAMES = re.compile(r'[\x00-\x1f<>:"/\\|?*_]+')  # an underscore parts the name's pieces


@dataclass(frozen=True)
class FeedbackZip:
    """The zip, who is in it, and of whom there is no page."""

    path: Path
    students: tuple[str, ...]
    without: tuple[str, ...]
    only_file: tuple[str, ...]


def zip_feedback(course: Course, assignment: str, worksheet: Path, *, to: Path | None = None) -> FeedbackZip:
    """Write the feedback pages of an assignment as Moodle's *Upload multiple feedback files in a zip* takes them.

    Parameters
    ----------
    worksheet : Path
        Moodle's grading worksheet: it holds the number by which Moodle knows each submission.

    Raises
    ------
    CourseError, UsageError
        If the worksheet is none of Moodle's, or there is no page to give out.
    """
    table = read_table(worksheet)
    layout = layout_of(table, assignment, "", worksheet)
    if layout.kind != MOODLE or not PARTICIPANT.fullmatch(table.value(min(1, len(table.rows) - 1), 0)):
        raise CourseError(
            f"{worksheet} is no grading worksheet of Moodle's: its first column holds no participant's number.",
            help="In Moodle: the assignment, View all submissions, Download grading worksheet.",
        )
    rows = match_rows(table, layout, standings(course, assignment))
    target = to or worksheet.with_name(f"{assignment}-feedback.zip")
    given: list[str] = []
    without: list[str] = []
    files: dict[str, Path] = {}
    for row, student in rows.mine.items():
        pages = sorted(course.folder("feedback", assignment, student).glob("*.html"))
        (given if pages else without).append(student)
        number = PARTICIPANT.fullmatch(table.value(row, 0))
        name = NOT_IN_NAMES.sub(" ", table.value(row, layout.label)).strip()
        for page in pages:
            files[f"{name}_{number[1] if number else ''}_assignsubmission_file_{page.name}"] = page
    if not files:
        raise CourseError(f"No page of '{assignment}' belongs to a row.", help=f"Run: gradekit feedback {assignment}")
    _write(target, files)
    return FeedbackZip(target, tuple(given), tuple(without), rows.only_file)


def _write(target: Path, files: dict[str, Path]) -> None:
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
            for name, page in files.items():
                file.write(page, name)
        target.chmod(OWNER)
    except OSError as error:
        raise CourseError(f"{target} cannot be written: {error.strerror}.") from None
