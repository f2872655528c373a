"""One class → one page for the instructor, which needs no network and nothing beside it, and three tables.

``reports/<assignment>/`` holds ``report.html``, ``students.csv``, ``exercises.csv`` and ``alike.csv``. nbgrader knows
no such folder, so nothing in it is ever released, collected or published. Only its owner may read the files, or the
course's group where nbgrader's settings say so.
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup

from gradekit import __version__
from gradekit.course.notebook import exercise_of
from gradekit.errors import CourseError
from gradekit.files import write_whole
from gradekit.gradebook.settings import read_copies, read_settings
from gradekit.pages.page import render
from gradekit.report import tables
from gradekit.report.copies import Copies, find_copies
from gradekit.report.items import GROUP
from gradekit.report.overview import describe, said
from gradekit.report.results import gather
from gradekit.text import duration, number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gradekit.course.course import Course
    from gradekit.gradebook.scores import Mark
    from gradekit.report.overview import Overview
    from gradekit.report.results import Entry, GradedCell


FOLDER = "reports"
TABLES = ("students.csv", "exercises.csv", "alike.csv")
OWNER, GROUP_TOO = 0o600, 0o660  # who may read and write: scores are nobody else's business


@dataclass(frozen=True)
class Report:
    """Where a class's report is, and what it describes."""

    page: Path
    students: Path
    exercises: Path
    alike: Path
    overview: Overview
    copies: Copies = field(default_factory=Copies)

    @property
    def files(self) -> tuple[Path, ...]:
        """All of its files."""
        return (self.page, self.students, self.exercises, self.alike)


def make_report(course: Course, assignment: str, *, copies: float | None = None) -> Report:
    """Write the report of a class.

    Parameters
    ----------
    copies : float or None
        From which share on two answers are listed as alike, and 0 for never; None for the course's setting.

    Raises
    ------
    CourseError
        If there is no such assignment, it has not been released, or ``reports/`` cannot be written.
    """
    folder = course.root / FOLDER / assignment
    least = read_copies(read_settings(course)) if copies is None else copies
    found = describe(gather(course, assignment, folder=folder))
    graded = [entry.student for entry in found.results.entries if entry.status == "graded"]
    alike = find_copies(course, assignment, graded, least=least)
    students, exercises, pairs = (folder / name for name in TABLES)
    made = Report(folder / "report.html", students, exercises, pairs, found, alike)
    files = {
        made.page: page(found, alike).encode("utf-8", "backslashreplace"),
        made.students: tables.students(found),
        made.exercises: tables.exercises(found),
        made.alike: tables.alike(alike),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, data in files.items():
            write_whole(path, data)
            path.chmod(GROUP_TOO if found.results.shared else OWNER)
    except OSError as error:
        raise CourseError(
            f"{folder} cannot be written: {error.strerror}.",
            help="Give yourself the right to write in the course's folder.",
        ) from None
    return made


def summary(made: Report) -> dict[str, Any]:
    """Return the report for programs: where it is, the figures, and how many submissions are in each group."""
    found = made.overview
    return {
        "files": [str(path) for path in made.files],
        "distribution": dataclasses.asdict(found.distribution),
        "exercises": {row.part.name: dataclasses.asdict(row.item) for row in found.rows},
        "alpha": dataclasses.asdict(found.analysis.alpha),
        "misconceptions": {
            f"{item.exercise}: {item.diagnosis.label}": len(item.students) for item in found.tally.misconceptions
        },
        "alike": [
            {
                "notebook": lead.notebook,
                "cell": lead.cell,
                "students": lead.students,
                "alike": lead.alike,
                "pieces": lead.pieces,
            }
            for lead in made.copies.leads
        ],
        "groups": {group.key: [line.student for line in group.lines] for group in found.groups},
    }


def page(found: Overview, copies: Copies | None = None, *, now: datetime | None = None) -> str:
    """Return the page; `now` is when it was made."""
    filter_words = FilterWords(found)
    return render(
        "report.html",
        styles=["report.css"],
        scripts=["report.js"],
        found=found,
        copies=copies or Copies(),
        made=(now or datetime.now(UTC)).astimezone(),
        version=__version__,
        histogram=Markup(found.histogram),  # noqa: S704  (drawn by us)
        chart=Markup(found.chart),  # noqa: S704  (drawn by us)
        said=said,
        duration=duration,
        cell=cell,
        filter_words=filter_words,
        address=address,
        tables=TABLES,
        percent=round(100 * GROUP),
        several=len({part.notebook for part in found.results.parts}) > 1,
    )


class FilterWords:
    """The words by which the page's filter finds a student: the keys of groups, and one for each misconception."""

    def __init__(self, found: Overview) -> None:
        self.misconceptions = {
            (item.exercise, item.diagnosis.label): f"m{at}" for at, item in enumerate(found.tally.misconceptions)
        }
        self._words: dict[str, list[str]] = {}
        for group in found.groups:
            for line in group.lines:
                self._words.setdefault(line.student, []).append(group.key)
        for item in found.tally.misconceptions:
            for student in item.students:
                self._words.setdefault(student, []).append(self.misconceptions[item.exercise, item.diagnosis.label])

    def of(self, student: str) -> str:
        """Return a student's words."""
        return " ".join(self._words.get(student, ()))


def cell(entry: Entry, part: GradedCell) -> Mapping[str, Any]:
    """Return how one exercise of one student is shown: a class, the score, and marks for what is special."""
    mark = entry.marks.get(part)
    if mark is None:
        return {"kind": "absent", "text": "", "marks": ""}
    if mark.given is None:
        return {"kind": "open", "text": "?", "marks": ""}
    kind = "full" if mark.given >= part.points - 1e-9 else "part" if mark.given > 1e-9 else "none"
    return {"kind": kind, "text": number(mark.given), "marks": _marks(entry, part, mark)}


def _marks(entry: Entry, part: GradedCell, mark: Mark) -> str:
    followed = exercise_of(part.grade_id) in entry.followed
    words = ["f"] if followed else []
    words += ["h"] if mark.given != mark.auto else []
    words += [f"+{mark.extra:g}"] if mark.extra else []
    return " ".join(words)


def address(path: str) -> str:
    """Return a relative path as an address: a student's folder may have any name."""
    return quote(os.fsencode(path))
