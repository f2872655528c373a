"""What gradekit keeps of a course in ``.gradekit/``: a report for each submission, and the course's secret.

Assignments and students are called what their course likes, but no assignment has a plus in its name, which nbgrader
refuses: whatever is ours begins with one.

A report is ``.gradekit/<assignment>/<student>.json``. Schema 2: the fields of :class:`gradekit.model.GradeReport`, with
``schema`` beside them; a verdict is its letters (``AC``, ``WA``, …), a score that a person must give is null.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import secrets
from typing import TYPE_CHECKING, Any

from gradekit.errors import CourseError
from gradekit.files import own, write_whole
from gradekit.model import Diagnosis, ExerciseResult, GradeReport, InlineResult, Note, Picture, TestResult, Verdict

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = 2
SECRET_BYTES = 32


def folder(root: Path, assignment: str) -> Path:
    """Return where an assignment's reports lie."""
    return root / ".gradekit" / assignment


def aside(root: Path, assignment: str, student: str) -> Path:
    """Return where the files of a submission lie that are not published."""
    return own(root, "aside") / assignment / student


def save(root: Path, report: GradeReport) -> Path:
    """Write a report; a half-written one is never left behind."""
    target = folder(root, report.assignment) / f"{report.student}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"schema": SCHEMA, **plain(report)}, indent=1, ensure_ascii=False)
    write_whole(target, (text + "\n").encode("utf-8", "backslashreplace"))
    return target


def plain(report: GradeReport | ExerciseResult | InlineResult) -> dict[str, Any]:
    """Return a report, or a part of one, as JSON has it: a verdict by its letters."""

    def letters(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Make a dictionary as `dict` does, with letters for verdicts."""
        return {name: value.name if isinstance(value, Verdict) else value for name, value in pairs}

    return dataclasses.asdict(report, dict_factory=letters)


def load(root: Path, assignment: str, student: str) -> GradeReport | None:
    """Read a report; None where there is none, or one that this version cannot read, which is then made anew."""
    path = folder(root, assignment) / f"{student}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return _report(json.loads(path.read_text(encoding="utf-8")))
    return None


def _report(data: dict[str, Any]) -> GradeReport:
    if data.pop("schema") != SCHEMA:
        raise ValueError("another schema")
    return GradeReport(
        **{
            **data,
            "exercises": tuple(exercise(item) for item in data["exercises"]),
            "inline": tuple(inline(item) for item in data["inline"]),
            "missing": tuple(data["missing"]),
            "notes": tuple(Note(**item) for item in data["notes"]),
            "unjudged": tuple(data.get("unjudged", ())),
            "by_person": tuple(data.get("by_person", ())),
            "allowed": tuple(data.get("allowed", ())),
        }
    )


def inline(data: dict[str, Any]) -> InlineResult:
    """Return the result of a graded cell of other making from its plain form."""
    return InlineResult(**data)


def exercise(data: dict[str, Any]) -> ExerciseResult:
    """Return an exercise's result from its plain form."""
    tests = tuple(_test(item) for item in data.pop("tests"))
    found = data.pop("diagnosis")
    return ExerciseResult(**data, tests=tests, diagnosis=Diagnosis(**found) if found else None)


def _test(data: dict[str, Any]) -> TestResult:
    found = data.pop("picture")
    picture = _picture(**found) if found else None
    return TestResult(**{**data, "verdict": Verdict[data["verdict"]]}, picture=picture)


def _picture(kind: str, name: str, shape: list[int], values: list[list[float]]) -> Picture:
    return Picture(kind, name, tuple(shape), tuple(map(tuple, values)))


def secret(root: Path) -> bytes:
    """Return what fresh inputs follow from: nobody's guess, the same for ever.

    Raises
    ------
    CourseError
        If the course's secret cannot be made or read.
    """
    path, before = own(root, "secret"), root / ".gradekit" / "secret"
    try:
        path.parent.mkdir(exist_ok=True)
        if before.is_file() and not path.exists():  # where it lay while an assignment of that name could not be
            before.rename(path)
        if not path.exists():
            write_whole(path, secrets.token_bytes(SECRET_BYTES))
        return path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path} cannot be used: {error.strerror}.") from None
