"""A course of other making, with asserts in its graded cells, whose learners attack the grader: one class, one run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from nbgrader.converters import GenerateAssignment

from gradekit.course.course import Course
from gradekit.gradebook import convert
from gradekit.gradebook.settings import read_settings

from .conftest import SMALL, watched

SHOWS = "get_ipython().display_formatter.formatters['text/plain'].for_type(int, lambda o, p, c: p.text({}))"
LONG = SHOWS.format("'1' * 900_000 + 'x'")
SPACES = SHOWS.format("' ' * 900_000 + '3'")
POWER = SHOWS.format("'1e' + '9' * 900_000")
ANSWERS = {
    "alice": "def f(x):\n    return x + x",
    "long": f"{LONG}\ndef f(x):\n    return x + x",
    "loud": "def f(x):\n    print('y' * 990_000)\n    return x + x\nfor _ in range(10):\n    f(1)",
    "power": f"{POWER}\ndef f(x):\n    return x + x",
    "spaces": f"{SPACES}\ndef f(x):\n    return x + x",
    "m_alice": "def f(x):\n    return x + x",
    "torn": "",
    "wrong": "def f(x):\n    return x",
    "zoe_alice": "def f(x):\n    return x + x",
}
GRADED_S = 200.0  # for the class; it takes a tenth of that


class Graded(NamedTuple):
    """A class that was graded: its course, what was printed, and the peak of the processes that all share."""

    root: Path
    done: subprocess.CompletedProcess[str]
    peak_bytes: int


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """The course, what grading it printed, and the memory that it took."""
    course = Course(tmp_path_factory.mktemp("inline") / "course")
    cells = [
        SMALL["_cell"](
            "code",
            "f",
            "def f(x):\n    ### BEGIN SOLUTION\n    return x + x\n    ### END SOLUTION",
            {"solution": True, "locked": False},
        ),
        SMALL["_cell"]("code", "f-test", "assert f(2) == 4\n3", {"grade": True, "points": 3}),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    node: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}
    course.source("plain").parent.mkdir(parents=True)
    course.source("plain").write_text(json.dumps(node), encoding="utf-8")
    (course.root / "nbgrader_config.py").write_text("c = get_config()\n", encoding="utf-8")
    convert.run(GenerateAssignment, read_settings(course), "plain")
    given = json.loads((course.root / "release" / "plain" / "plain.ipynb").read_text(encoding="utf-8"))
    for name, answer in ANSWERS.items():
        folder = course.root / "submitted" / name / "plain"
        folder.mkdir(parents=True)
        given["cells"][0]["source"] = answer
        text = json.dumps(given)
        (folder / "plain.ipynb").write_text(text if answer else text[:-50], encoding="utf-8")
    command = [sys.executable, "-m", "gradekit.cli", "grade", "plain", "--course-dir", str(course.root), "--jobs", "2"]
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "200"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    said, peak = watched(process)
    return Graded(course.root, subprocess.CompletedProcess(command, process.returncode, said.decode()), peak)


def report(root: Path, student: str) -> dict[str, Any]:
    """Return a student's report."""
    return json.loads((root / ".gradekit" / "plain" / f"{student}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("student", "score"),
    [
        ("alice", 3.0),
        ("long", None),
        ("loud", 3.0),
        ("m_alice", 3.0),
        ("power", None),
        ("spaces", 3.0),
        ("wrong", 0.0),
        ("zoe_alice", 3.0),
    ],
)
def test_each_gets_their_own(terminal: Graded, student: str, score: float | None) -> None:
    """Who attacks gains nothing and stops nobody: those before and behind have their scores."""
    (found,) = report(terminal.root, student)["inline"]
    assert found["score"] == score


def test_one_story_is_told(terminal: Graded) -> None:
    """Lines, summary and exit code agree on who is undecided: a result that is none, and a notebook that cannot be read."""
    root, done, _ = terminal
    assert done.returncode == 1
    assert "9 graded, 0 unchanged, 3 undecided" in done.stdout
    assert "  long: a person must look at f-test\n" in done.stdout
    assert "  torn: a person must look at plain\n" in done.stdout
    assert [note["undecided"] for note in report(root, "torn")["notes"]] == ["plain"]
    assert max(map(len, done.stdout.splitlines())) < 400


def test_again_nothing_has_changed(terminal: Graded) -> None:
    """What is undecided is so the second time too, and no score is said to have changed."""
    command = [*terminal.done.args, "--force", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=GRADED_S, check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)["undecided"] == {"long": ["f-test"], "power": ["f-test"], "torn": ["plain"]}


def test_nobodys_memory_is_taken(terminal: Graded) -> None:
    """The processes that all share stay small."""
    assert 0 < terminal.peak_bytes < 600 * 10**6


@pytest.mark.slow
def test_nbgrader_autograde_gives_the_same(terminal: Graded, tmp_path: Path) -> None:
    """With gradekit installed `nbgrader autograde` judges the same class alike, and stops at nobody."""
    root = shutil.copytree(terminal.root, tmp_path / "course")
    (root / "nbgrader_config.py").write_text("import gradekit\nc = get_config()\ngradekit.install(c)\n")
    shutil.rmtree(root / ".gradekit")
    shutil.rmtree(root / "autograded")
    command = [sys.executable, "-W", "ignore", "-m", "nbgrader", "autograde", "plain"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=GRADED_S, check=False)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    for student in ANSWERS:
        ours, theirs = (report(place, student) for place in (terminal.root, root))
        assert [found["score"] for found in theirs["inline"]] == [found["score"] for found in ours["inline"]], student
        assert theirs["notes"] == ours["notes"], student
