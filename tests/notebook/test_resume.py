"""A run that is killed, whole or in part, ends as one that never was: gradebook, folders and reports are equal."""

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
import time
from pathlib import Path
from typing import Any

import psutil
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
VICTIMS = ("ours", "a job", "a template", "all")  # in turn
STARTING = 2  # the exit code where the sandbox cannot be had
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


def state(course: Course, assignment: str = "small") -> dict[str, Any]:
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
    for path in sorted((course.root / ".gradekit" / assignment).glob("*.json")):
        reports[path.name] = json.loads(path.read_text())
        del reports[path.name]["times"]
    lying_about = sorted(path.name for folder in (".", ".gradekit") for path in (course.root / folder).iterdir())
    return {"rows": rows, "files": files, "reports": reports, "lying about": lying_about}


def start(course: Course, jobs: int) -> subprocess.Popen[bytes]:
    """Start `gradekit grade` in a process group of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "gradekit.cli", "grade", "small", "--jobs", str(jobs)]
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


def children(pid: int, word: str) -> list[psutil.Process]:
    """Return the processes that a process has started, those with that word in their command."""
    found = []
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(pid).children():
            with contextlib.suppress(psutil.Error):
                found += [child] if word in " ".join(child.cmdline()) else []
    return found


def kill(running: subprocess.Popen[bytes], whom: str, moments: random.Random) -> bool:
    """Kill part of a run, or all of it; tell whether there was such a process."""
    if whom == "all":
        os.killpg(running.pid, signal.SIGKILL)
        return True
    jobs = children(running.pid, "spawn_main")
    if whom == "a template":
        jobs = [template for job in jobs for template in children(job.pid, "gradekit.worker")]
    targets = [running.pid] if whom == "ours" else [job.pid for job in jobs]
    if targets:
        os.kill(moments.choice(targets), signal.SIGKILL)
    return bool(targets)


# Twenty moments are seven times the three of the quick run, where one process judges: a second one would be started in
# each of half a dozen runs. Alone: our process; the processes that judge end with it.
@pytest.mark.parametrize(("wanted", "jobs"), [(3, 1), pytest.param(20, 2, marks=pytest.mark.slow)])
def test_killed_at_random_moments(handed_in: Course, tmp_path: Path, wanted: int, jobs: int) -> None:
    """Killed at random moments, all of it or one process alone, and started again, the end is the same.

    Where a process that judges was killed, or its template, the run itself goes on to the same end, unless that was
    still starting; it is killed once, since a submission in which two processes ended would be left to a person.
    """
    whole = Course(tmp_path / "whole")
    shutil.copytree(handed_in.root, whole.root, symlinks=True)
    begin = time.monotonic()
    assert start(whole, jobs).wait(timeout=300) == 0
    length = time.monotonic() - begin
    expected = state(whole)
    moments, kills, broken = random.Random(20), 0, tmp_path / "broken"
    while kills < wanted:
        shutil.rmtree(broken, ignore_errors=True)
        shutil.copytree(handed_in.root, broken, symlinks=True)
        finished = False
        while not finished and kills < wanted:
            whom = VICTIMS[kills % len(VICTIMS)]
            running = start(Course(broken), jobs)
            try:
                finished = running.wait(timeout=moments.uniform(0.1, 1.0) * length) == 0
            except subprocess.TimeoutExpired:
                kills += kill(running, whom, moments)
                code = running.wait(timeout=300)
                finished = code == 0
                assert finished or whom in ("all", "ours") or (whom, code) == ("a template", STARTING), (whom, code)
        assert start(Course(broken), jobs).wait(timeout=300) == 0
        assert state(Course(broken)) == expected
