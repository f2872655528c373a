"""The class report as tables for a spreadsheet: CSV, UTF-8 with a byte order mark, so that every name is read right.

A cell that a spreadsheet would take for a formula begins with an apostrophe: names and notes are a student's. The first
columns are always the same; those of the exercises follow in the notebook's order.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gradekit.report.copies import Copies
    from gradekit.report.items import Figure
    from gradekit.report.overview import Overview
    from gradekit.report.results import Entry, GradedCell


FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001  (spreadsheets read the wide ones too)  # fmt: skip
STUDENT = (
    *("student", "name", "status", "final_score", "max_score", "raw_score", "extra_credit", "late_penalty", "late_s"),
    *("open", "alarms", "inline_not_secure", "follow_through", "wall_s"),
)
EXERCISE = (
    *("exercise", "points", "judged", "full_marks", "no_points", "difficulty_p", "discrimination_r", "upper_lower_d"),
    *("follow_through", "points_lost_without_a_name", "cannot_be_computed"),
)
ALIKE = ("notebook", "cell", "student", "other_student", "alike", "pieces_shared")


def safe(value: object) -> str:
    """Return a cell's text; one that would be a formula stays text."""
    text = "" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)
    return f"'{text}" if isinstance(value, str) and text.lstrip(" ").startswith(FORMULA) else text


def sheet(rows: Iterable[Sequence[object]]) -> bytes:
    """Return rows as a file: comma, CRLF, quotes where needed (RFC 4180)."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([safe(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig", "backslashreplace")


def students(overview: Overview) -> bytes:
    """Return one row for each student, with a score and a misconception's label for each exercise."""
    parts = overview.results.parts
    columns = [name for part in parts for name in (part.name, f"{part.name}: misconception")]
    rows = [[*_student(entry, overview.results.points), *_scores(entry, parts)] for entry in overview.results.entries]
    return sheet([(*STUDENT, *columns), *rows])


def _student(entry: Entry, points: float) -> tuple[object, ...]:
    graded, report = entry.status == "graded", entry.report
    extra = sum(mark.extra for mark in entry.marks.values())
    sums = (entry.final, points, entry.raw, extra, entry.penalty, entry.late_s) if graded else (None,) * 6
    lists = (entry.open, [note.text for note in entry.state.alarms], _inline(entry), entry.followed)
    wall = report.times.get("wall") if report else None
    return (entry.student, entry.name, entry.word, *sums, *("; ".join(words) for words in lists), wall)


def _inline(entry: Entry) -> list[str]:
    return [result.grade_id for result in entry.report.inline] if entry.report else []


def _scores(entry: Entry, parts: tuple[GradedCell, ...]) -> list[object]:
    named = {grade_id: found.label for grade_id, found in entry.diagnoses.items()}
    scores = {part: mark.score for part, mark in entry.marks.items()}
    return [value for part in parts for value in (scores.get(part), named.get(part.grade_id, ""))]


def exercises(overview: Overview) -> bytes:
    """Return one row for each exercise: the item analysis."""
    rows = []
    for row in overview.rows:
        figures = (row.item.difficulty, row.item.discrimination, row.item.upper_lower)
        numbers = (row.part.name, row.part.points, row.item.judged, row.item.full, row.item.none)
        why = "; ".join(sorted({figure.why for figure in figures if figure.why}))
        rows.append((*numbers, *map(_number, figures), row.followed, row.unnamed, why))
    return sheet([EXERCISE, *rows])


def _number(figure: Figure) -> float | None:
    return figure.value


def alike(copies: Copies) -> bytes:
    """Return one row for each pair of answers that are improbably alike; without their texts."""
    rows = [(lead.notebook, lead.cell, *lead.students, lead.alike, lead.pieces) for lead in copies.leads]
    return sheet([ALIKE, *rows])
