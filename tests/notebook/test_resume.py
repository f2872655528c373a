"""A run that is killed and started again ends as one that never was: gradebook, folders and reports are equal."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gradekit.course.course import Course
from gradekit.demo import Submission, hand_in

ANSWERS = {
    "right": {},
    "wrong": {"double": "def double(x): return x * x"},
    "in_place": {"double": "def double(x):\n    x *= 2\n    return x"},
    "broken": {"quadruple": "def quadruple(x:"},
    "loud": {"double-try": "print('x' * 1000)"},
}
# Of each table what does not hold a number given by the database or a time of grading.
ROWS = {
    "student": "SELECT id FROM student",
    "submitted_assignment": """
        SELECT student_id, timestamp FROM submitted_assignment""",
    "submitted_notebook": """
        SELECT a.student_id, b.name, s.late_submission_penalty FROM submitted_notebook s
        JOIN submitted_assignment a ON s.assignment_id = a.id JOIN notebook b ON s.notebook_id = b.id""",
    "grade": """
        SELECT a.student_id, c.name, g.auto_score, g.manual_score, g.needs_manual_grade FROM grade g
        JOIN submitted_notebook s ON g.notebook_id = s.id JOIN submitted_assignment a ON s.assignment_id = a.id
        JOIN base_cell c ON g.cell_id = c.id""",
    "comment": """
        SELECT a.student_id, c.name, m.auto_comment FROM comment m
        JOIN submitted_notebook s ON m.notebook_id = s.id JOIN submitted_assignment a ON s.assignment_id = a.id
        JOIN base_cell c ON m.cell_id = c.id""",
}


def state(course: Course) -> dict[str, Any]:
    """Return all that grading leaves: rows, files with their modes, reports without times; and what lies about."""
    with contextlib.closing(sqlite3.connect(course.root / "gradebook.db")) as database:
        rows = {name: sorted(map(repr, database.execute(query))) for name, query in ROWS.items()}
    autograded = course.root / "autograded"
    files = {
        str(path.relative_to(autograded)): (path.stat().st_mode, path.read_bytes())
        for path in sorted(autograded.rglob("*"))
        if path.is_file()
    }
    reports = {}
    for path in sorted((course.root / ".gradekit" / "small").glob("*.json")):
        reports[path.name] = json.loads(path.read_text())
        del reports[path.name]["times"]
    lying_about = sorted(path.name for path in (course.root / ".gradekit").iterdir())
    return {"rows": rows, "files": files, "reports": reports, "lying about": lying_about}


def start(course: Course) -> subprocess.Popen[bytes]:
    """Start `gradekit grade` in a process group of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "gradekit.cli", "grade", "small", "--jobs", "2"]
    return subprocess.Popen(
        command, cwd=course.root, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@pytest.fixture
def handed_in(released: Course) -> Course:
    """The small course with a class of ten."""
    kinds = [Submission(f"{kind}_{number}", cells) for number in range(2) for kind, cells in ANSWERS.items()]
    hand_in(released, "small", kinds)
    (released.root / ".gradekit" / "+secret").write_bytes(b"the same for both runs")
    return released


# Twenty moments are five times the four of the quick run.
@pytest.mark.parametrize("wanted", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_random_moments(handed_in: Course, tmp_path: Path, wanted: int) -> None:
    """Killed at moments drawn from a fixed seed and started again each time, the end is the same."""
    whole = Course(tmp_path / "whole")
    shutil.copytree(handed_in.root, whole.root, symlinks=True)
    assert start(whole).wait(timeout=300) == 0
    expected = state(whole)
    moments, kills, broken = random.Random(20), 0, tmp_path / "broken"
    while kills < wanted:
        shutil.rmtree(broken, ignore_errors=True)
        shutil.copytree(handed_in.root, broken, symlinks=True)
        finished = False
        while not finished and kills < wanted:
            running = start(Course(broken))
            try:
                finished = running.wait(timeout=moments.uniform(0.5, 4.0)) == 0
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()
                kills += 1
        assert start(Course(broken)).wait(timeout=300) == 0
        assert state(Course(broken)) == expected
