"""The source's own solution, once through the sandbox: what it loses there, every right answer would lose.

A limit that is too tight, a right that learners' code has not, a hidden test that is wrong: said before a class pays.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from gradekit.course import notebook
from gradekit.files import own, write_whole
from gradekit.grade.apart import START_S, open_judges
from gradekit.grade.judge import judge_there
from gradekit.grade.travel import pack_hand_in, unpack_judged
from gradekit.grade.unchanged import hashes
from gradekit.gradebook.settings import read_limits, read_settings
from gradekit.handin.figures import undrawn
from gradekit.model import Figures, HandedNotebook, HandIn, Verdict
from gradekit.score import lost
from gradekit.text import number, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gradekit.grade.judge import Grading, Setup
    from gradekit.jobs import Pool
    from gradekit.model import Cell, CellRun, ExerciseResult, InlineResult, JudgedNotebook, Limits

SCHEMA = 1
TOLERANCE = 1e-9  # of points


def lost_by_solution(grading: Grading, judges: Pool[Setup], limits: Limits) -> tuple[str, ...]:
    """Return what the source's solution loses, a line each; it is judged once, until something changes on our side."""
    key, path = hashes(grading, limits.allow), own(grading.course.root, "solution") / f"{grading.assignment}.json"
    known = _known(path, key)
    if known is not None:
        return known
    with tempfile.TemporaryDirectory(prefix="gradekit-solution-") as folder:
        hand_in = _hand_in(grading, Path(folder) / "files")
        seconds = 2 * limits.submission_s + START_S
        ((_, answer),) = judges.run(judge_there, (("", pack_hand_in(hand_in)),), seconds=seconds)
    if not isinstance(answer, bytes):
        why = answer if isinstance(answer, str) else "one of gradekit's own processes ended"
        return (f"the source's own solution could not be judged: {shown(why, 300)}",)
    cells = {item.name: notebook.cells(dict(item.node)) for item in hand_in.notebooks}
    found = tuple(line for run in unpack_judged(answer).notebooks for line in _lines(run, cells[run.name]))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({"schema": SCHEMA, "hashes": key, "lost": found}).encode())
    return found


def lost_alone(grading: Grading) -> tuple[str, ...]:
    """Return what the source's solution loses, where no class is being graded.

    Raises
    ------
    HostError
        If nothing can be isolated here.
    """
    limits = read_limits(read_settings(grading.course))
    with open_judges(grading, limits, jobs=1) as judges:
        return lost_by_solution(grading, judges, limits)


def _known(path: Path, key: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return what was found before, where nothing has changed on our side."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(found, dict) and found.get("schema") == SCHEMA and found.get("hashes") == key
    return tuple(found["lost"]) if whole else None


def _hand_in(grading: Grading, files: Path) -> HandIn:
    """Return the source as a submission, with its data in a folder of ours."""
    course, assignment = grading.course, grading.assignment
    shutil.copytree(course.source_folder(assignment), files, ignore=shutil.ignore_patterns("*.ipynb", ".*"))
    nodes = {path.stem: notebook.read(path) for path in course.notebooks(assignment)}
    found = tuple(HandedNotebook(name, node, undrawn=undrawn(node, (), Figures.NONE)) for name, node in nodes.items())
    return HandIn(assignment, "", found, (), files, "")


def _lines(run: JudgedNotebook, cells: Sequence[Cell]) -> Iterator[str]:
    """Yield what one notebook loses."""
    for result in run.exercises:
        if result.score is None or lost(result):
            yield _line(result.exercise, result, _reason(result))
    places = {cell.grade_id: cell.index for cell in cells}
    for found in run.inline:
        if found.score is None or found.score < found.points - TOLERANCE:
            yield _line(found.grade_id, found, found.message or _error(run.outputs[places[found.grade_id]]))


def _line(name: str, result: ExerciseResult | InlineResult, why: str) -> str:
    kept = "is undecided" if result.score is None else f"earns {number(result.score)} of {number(result.points)} points"
    return f"the source's own solution {kept} in {shown(name)}: {shown(why, 300)}"


def _reason(result: ExerciseResult) -> str:
    return next((test.message for test in result.tests if test.verdict is not Verdict.AC), "follow-through")


def _error(done: CellRun) -> str:
    """Return the error that a graded cell ended in."""
    ends = (output for output in done.outputs if output.get("output_type") == "error")
    return next((f"{end.get('ename')}: {end.get('evalue')}" for end in ends), "its result is less than its points")
