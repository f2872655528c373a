"""`gradekit export feedback`: the learners' pages as one zip, named so that Moodle gives each to its student."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradekit.errors import CourseError, UsageError
from gradekit.files import write_whole
from gradekit.semester.gradefile import MOODLE, layout_of, match_rows
from gradekit.semester.standing import standings
from gradekit.semester.table import read_table

if TYPE_CHECKING:
    from pathlib import Path

    from gradekit.course.course import Course

PARTICIPANT = re.compile(r"\D*(\d+)")  # Moodle's first column: its word for a participant, and the number
NOT_IN_NAMES = re.compile(r'[\x00-\x1f<>:"/\\|?*_]+')  # an underscore parts the name's pieces


@dataclass(frozen=True)
class FeedbackZip:
    """The zip, who is in it, of whom there is no page, who is in one list alone, and rows that are not one's alone."""

    path: Path
    students: tuple[str, ...]
    without: tuple[str, ...]
    only_file: tuple[str, ...]
    only_course: tuple[str, ...]
    unclear: tuple[str, ...]


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
    people = standings(course, assignment)
    rows = match_rows(table, layout, people)
    target = to or worksheet.with_name(f"{assignment}-feedback.zip")
    if target.resolve() == worksheet.resolve():
        raise UsageError(f"{worksheet} would be written over.", help="Name another file with --to.")
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
    write_whole(target, _zipped(files))
    only_course = tuple(sorted({item.student for item in people} - rows.named))
    return FeedbackZip(target, tuple(given), tuple(without), rows.only_file, only_course, rows.unclear)


def _zipped(files: dict[str, Path]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as file:
        for name, page in files.items():
            try:
                file.write(page, name)
            except OSError as error:
                raise CourseError(f"{page} cannot be read: {error.strerror}.") from None
    return made.getvalue()
