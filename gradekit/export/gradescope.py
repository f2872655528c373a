"""The same source for Gradescope, graded by this engine: a zip that builds the grader's image, and its results.json.

Made for Gradescope's Ubuntu base images, 22.04 or newer, with Python 3.11 or newer in an environment of its own.
"""

from __future__ import annotations

import re
import secrets
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

from gradekit.export import bundle
from gradekit.export.trial import try_gradescope
from gradekit.files import own
from gradekit.grade.judge import NOTHING
from gradekit.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from gradekit.course.course import Course
    from gradekit.model import Exercise, ExerciseResult, GradeReport, TestResult


COURSE = "course"  # the folder in the zip
STAFF_ONLY = {"visibility": "hidden"}
SECRET_BYTES = 32
MARKS = {Verdict.AC: "✓"}
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def export(course: Course, assignment: str, target: Path, *, tried: bool = True) -> Path:
    """Write ``autograder.zip`` into a new folder; return its path.

    Parameters
    ----------
    tried : bool
        Whether the source's own solution is graded as in Gradescope's container first.

    Raises
    ------
    CourseError, BadReference, HiddenTestError, HostError
        Nothing is left behind.
    """
    bundle.load(course, assignment)
    pinned = bundle.pins("gradekit[grader]")
    with bundle.new_folder(target) as stage:
        parts = stage / ".parts"
        released = bundle.released_course(course, assignment, parts / COURSE)
        # Fresh inputs follow from it: the same whenever a submission is graded again, and nobody's guess.
        (released.root / ".gradekit").mkdir()
        own(released.root, "secret").write_bytes(secrets.token_bytes(SECRET_BYTES))
        if tried:
            try_gradescope(released, assignment, place=COURSE)
        wheel = bundle.make_wheel(parts)
        texts = bundle.scripts(pinned, command=f'-m gradekit.export.gradescope_run "$root" "{assignment}"')
        with zipfile.ZipFile(stage / "autograder.zip", "w", zipfile.ZIP_DEFLATED) as file:
            for path in sorted(released.root.rglob("*")):
                if path.is_file():
                    file.write(path, path.relative_to(parts))
            for name, text in texts.items():
                file.writestr(bundle.entry(name, mode=0o755), text)
            file.write(wheel, wheel.name)
        shutil.rmtree(parts)
    return target / "autograder.zip"


# --- results.json ----------------------------------------------------------------------------------------------------


def undecided(reason: str, *, staff: str) -> dict[str, Any]:
    """Return the results of a submission that could not be graded.

    Parameters
    ----------
    reason : str
        For the student.
    staff : str
        What went wrong; staff alone see it.
    """
    return {
        "score": 0.0,
        "output": plain(f"{reason} The 0 that stands here is no grade: a person will look at it."),
        "output_format": "md",
        "stdout_visibility": "hidden",
        "tests": [_for_staff([staff])],
    }


def results(report: GradeReport, exercises: Sequence[Exercise]) -> dict[str, Any]:
    """Return Gradescope's results of a graded submission.

    Parameters
    ----------
    exercises : sequence of Exercise
        All of the assignment, so that one that was not handed in is listed too.
    """
    judged = {result.exercise: result for result in report.exercises}
    tests = [_listed(number, item, judged.get(item.name)) for number, item in enumerate(exercises, start=1)]
    allowed = [f"allowed: {', '.join(report.allowed)}"] if report.allowed else []
    staff = [f"isolation: {report.isolation}", *allowed, *(note.text for note in (*report.alarms, *report.notes))]
    return {
        "score": sum(test["score"] for test in tests),
        "output": plain(_overall(report)),
        "output_format": "md",
        "stdout_visibility": "hidden",
        "tests": [*tests, _for_staff(dict.fromkeys(staff))],
        "extra_data": {
            "gradekit": dict(report.versions),
            "isolation": report.isolation,
            "allowed": list(report.allowed),
        },
    }


def _overall(report: GradeReport) -> str:
    """Say what concerns the whole submission: that something is undecided, or that nothing was there to grade."""
    if report.alarms or report.undecided:
        return "Not everything could be graded. A person will look at it; a 0 for it is no grade."
    return NOTHING if report.assignment in report.missing else ""


def _for_staff(lines: Iterable[str]) -> dict[str, Any]:
    output = "\n".join(f"- {plain(line)}" for line in lines)
    return {"name": "For staff", "output": output, "output_format": "md", **STAFF_ONLY}


def _listed(number: int, exercise: Exercise, result: ExerciseResult | None) -> dict[str, Any]:
    shown = {"name": exercise.name, "name_format": "text", "number": str(number), "max_score": exercise.points}
    shown |= {"output_format": "md", "visibility": "visible"}
    if result is None:
        return {**shown, "score": 0.0, "status": "failed", "output": "Not judged."}
    full = result.score is not None and result.score >= result.points
    return {
        **shown,
        "score": result.score or 0.0,
        "status": "passed" if full else "failed",
        "output": "\n".join(_lines(result)),
    }


def _lines(result: ExerciseResult) -> list[str]:
    lines = []
    if result.score is None:
        lines += ["**Undecided.** Our own test failed; a person will look at it. The 0 is no grade.", ""]
    if result.diagnosis is not None:
        lines += [f"**{plain(result.diagnosis.title)}.** {plain(result.diagnosis.message)}", ""]
    if result.follow_through:
        lines += ["*Judged with right earlier functions in place of yours: an earlier mistake costs once.*", ""]
    return [*lines, *map(_line, result.tests)]


def _line(test: TestResult) -> str:
    said = f"- {MARKS.get(test.verdict, '✗')} {plain(test.sentence)}"
    return said if test.verdict is Verdict.AC else f"{said} — *{test.verdict.value}*. {plain(test.message)}"


def plain(text: str) -> str:
    """Return a text so that Markdown shows it letter by letter: a learner's line is in it."""
    return PUNCTUATION.sub(r"\\\1", " ".join(text.split()))
