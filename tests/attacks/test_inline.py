"""A course of other making, with asserts in its graded cells, whose learners attack the grader: one class, one run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from nbgrader.converters import GenerateAssignment

from gradekit.course.course import Course
from gradekit.gradebook import convert
from gradekit.gradebook.settings import read_settings

from .conftest import SMALL

if TYPE_CHECKING:
    from pathlib import Path

LONG = "get_ipython().display_formatter.formatters['text/plain'].for_type(int, lambda o, p, c: p.text('1' * 900_000 + 'x'))"
ANSWERS = {
    "alice": "def f(x):\n    return x + x",
    "long": f"{LONG}\ndef f(x):\n    return x + x",
    "loud": "def f(x):\n    print('y' * 990_000)\n    return x + x\nfor _ in range(10):\n    f(1)",
    "m_alice": "def f(x):\n    return x + x",
    "torn": "",
    "wrong": "def f(x):\n    return x",
    "zoe_alice": "def f(x):\n    return x + x",
}
GRADED_S = 200.0  # for the class; it takes a tenth of that


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The course, and what grading it printed."""
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
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=GRADED_S, check=False)
    return course.root, done


def report(root: Path, student: str) -> dict[str, Any]:
    """Return a student's report."""
    return json.loads((root / ".gradekit" / "plain" / f"{student}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("student", "score"),
    [("alice", 3.0), ("long", None), ("loud", 3.0), ("m_alice", 3.0), ("wrong", 0.0), ("zoe_alice", 3.0)],
)
def test_each_gets_their_own(
    terminal: tuple[Path, subprocess.CompletedProcess[str]], student: str, score: float | None
) -> None:
    """Who attacks gains nothing and stops nobody: those before and behind have their scores."""
    (found,) = report(terminal[0], student)["inline"]
    assert found["score"] == score


def test_one_story_is_told(terminal: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Lines, summary and exit code agree on who is undecided: a result that is none, and a notebook that cannot be read."""
    root, done = terminal
    assert done.returncode == 1
    assert "7 graded, 0 unchanged, 2 undecided" in done.stdout
    assert "  long: a person must look at f-test\n" in done.stdout
    assert "  torn: a person must look at plain\n" in done.stdout
    assert [note["undecided"] for note in report(root, "torn")["notes"]] == ["plain"]
    assert max(map(len, done.stdout.splitlines())) < 400


def test_again_nothing_has_changed(terminal: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """What is undecided is so the second time too, and no score is said to have changed."""
    command = [*terminal[1].args, "--force", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=GRADED_S, check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)["undecided"] == {"long": ["f-test"], "torn": ["plain"]}


@pytest.mark.slow
def test_nbgrader_autograde_gives_the_same(
    terminal: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """With gradekit installed `nbgrader autograde` judges the same class alike, and stops at nobody."""
    root = shutil.copytree(terminal[0], tmp_path / "course")
    (root / "nbgrader_config.py").write_text("import gradekit\nc = get_config()\ngradekit.install(c)\n")
    shutil.rmtree(root / ".gradekit")
    shutil.rmtree(root / "autograded")
    command = [sys.executable, "-W", "ignore", "-m", "nbgrader", "autograde", "plain"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=GRADED_S, check=False)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    for student in ANSWERS:
        ours, theirs = (report(place, student) for place in (terminal[0], root))
        assert [found["score"] for found in theirs["inline"]] == [found["score"] for found in ours["inline"]], student
        assert theirs["notes"] == ours["notes"], student
