"""An export tried before anybody gets it: the source's own solution is graded with it, in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradekit.course import notebook
from gradekit.errors import CourseError
from gradekit.gradebook.settings import read_limits, read_settings
from gradekit.isolation.doctor import examine
from gradekit.text import number, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradekit.course.course import Course

START_S = 120.0  # for the grader to start, beside what a submission may take
TOLERANCE = 1e-9  # of points
MOST = 400  # characters of a reason: the last ones, since a traceback ends in what went wrong
# Otter's own grading of one notebook, as its container does it; its scores as JSON in a file.
OTTER = """
import json, sys
from otter.api import grade_submission

found = grade_submission(sys.argv[2], sys.argv[1], quiet=True)
scores = {name: result.score for name, result in found.results.items()}
json.dump(scores, open(sys.argv[3], "w"))
"""


def can_isolate() -> bool:
    """Tell whether this host can run learners' code apart, as the exported grader will."""
    return all(item.ok or not item.needed for item in examine())


def try_gradescope(released: Course, assignment: str, *, place: str) -> None:
    """Grade the solution as Gradescope's container would.

    Parameters
    ----------
    place : str
        What the course is called in the zip.

    Raises
    ------
    CourseError
        If it does not earn everything: then nobody would.
    """
    with tempfile.TemporaryDirectory(prefix="gradekit-trial-") as name:
        root = Path(name)
        shutil.copytree(released.root, root / "source" / place)
        (root / "submission").mkdir()
        _solution(released, assignment, root / "submission")
        said = _run(["-m", "gradekit.export.gradescope_run", str(root), assignment], root, released)
        try:
            found = json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise _failed("Gradescope", said) from None
    tests = found.get("tests", ())
    lost = [test for test in tests if test.get("score", 0.0) < test.get("max_score", 0.0) - TOLERANCE]
    if lost or not any("max_score" in test for test in tests):
        raise _failed("Gradescope", _reason(lost or tests))


def try_otter(released: Course, assignment: str, made: Path, *, points: Mapping[str, float]) -> None:
    """Grade the solution with otter-grader, by the zip that was made.

    Parameters
    ----------
    points : mapping of str to float
        What each exercise carries.

    Raises
    ------
    CourseError
        If it does not earn everything.
    """
    with tempfile.TemporaryDirectory(prefix="gradekit-trial-") as name:
        root = Path(name)
        _solution(released, assignment, root)
        words = ["-c", OTTER, str(made), str(root / f"{assignment}.ipynb"), str(root / "scores.json")]
        said = _run(["-W", "ignore", *words], root, released)
        try:
            found = json.loads((root / "scores.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise _failed("otter-grader", said) from None
    for exercise, most in points.items():
        score = found.get(exercise, 0.0)
        if score < most - TOLERANCE:
            raise _failed("otter-grader", f"{exercise}: {number(score)} of {number(most)} points")


def _solution(released: Course, assignment: str, folder: Path) -> None:
    """Write what a student hands in who has the source's own answers, with the data that were given out."""
    given = released.folder("release", assignment)
    shutil.copytree(given, folder, dirs_exist_ok=True)
    answers = {cell.id: cell.source for cell in notebook.cells(notebook.read(released.source(assignment)))}
    node = notebook.read(given / f"{assignment}.ipynb")
    for cell, raw in zip(notebook.cells(node), node["cells"], strict=True):
        if cell.role == "solution":
            raw["source"] = answers[cell.id]
    (folder / f"{assignment}.ipynb").write_text(json.dumps(node), encoding="utf-8")


def _run(words: Sequence[str], folder: Path, released: Course) -> str:
    """Run Python with nothing of ours around it; return the end of what it said."""
    hidden = ("GRADEKIT_COURSE", "PYTHONPATH")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    seconds = START_S + 2 * read_limits(read_settings(released)).submission_s
    try:
        done = subprocess.run(  # noqa: S603  (our own words)
            [sys.executable, *words], cwd=folder, env=environment, check=False, capture_output=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return f"it was not done after {seconds:.0f} s"
    return done.stderr.decode("utf-8", "replace").strip()


def _reason(tests: Sequence[Mapping[str, Any]]) -> str:
    """Return what a results.json says of the first thing that went wrong."""
    first = tests[0] if tests else {}
    name, said = str(first.get("name", "")), str(first.get("output", "")).replace("\\", "").replace("\n", " ")
    return f"{name}: {said}" if name else "it lists nothing"


def _failed(grader: str, why: str) -> CourseError:
    return CourseError(
        f"The export was tried on the source's own solution, which does not earn everything with {grader}: "
        f"{shown(why[-MOST:], MOST)}",
        help="Nothing was written. Mend what it says; in this course it can be looked for with gradekit verify.",
    )
