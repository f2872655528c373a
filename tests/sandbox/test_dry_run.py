"""`gradekit grade --dry-run`: whose score would change, and not a byte of the course written; scores for programs."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from gradekit import cli
from gradekit.demo import Submission, hand_in
from gradekit.errors import CourseError
from gradekit.semester.rehearse import rehearsal

if TYPE_CHECKING:
    from pathlib import Path

    from gradekit.course.course import Course

CHANGES_X = "def double(x):\n    x *= 2\n    return x\n"


def run(monkeypatch: pytest.MonkeyPatch, course: Course, *words: str) -> int:
    """Run the command line in the course's folder."""
    monkeypatch.chdir(course.root)
    monkeypatch.setattr("sys.argv", ["gradekit", *words])
    return cli.main()


def state(folder: Path) -> dict[str, bytes]:
    """Return what every file below a folder holds."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def weigh_otherwise(course: Course) -> None:
    """Let the test of the values weigh more, so that who errs elsewhere would earn more."""
    path = course.hidden("small") / "tests.py"
    path.write_text(path.read_text().replace("weight=2", "weight=4"))


def test_a_dry_run_says_whose_score_would_change(
    released: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a change of the hidden tests it names who would earn more, and the gradebook is what it was."""
    hand_in(released, "small", [Submission("right", {}), Submission("wrong", {"double": CHANGES_X})])
    os.mkfifo(released.folder("submitted", "small", "right") / "pipe")  # which no copy may wait for
    assert run(monkeypatch, released, "grade", "small", "--jobs", "1") == 0
    weigh_otherwise(released)
    before = state(released.root)
    capsys.readouterr()
    assert run(monkeypatch, released, "grade", "small", "--jobs", "1", "--dry-run") == 0
    said = capsys.readouterr().out
    assert "wrong: score would change from 2.33333 to 2.4\n" in said
    assert "2 would be graded, the score of 1 would change; nothing was written" in said
    assert state(released.root) == before
    assert run(monkeypatch, released, "grade", "small", "--jobs", "1", "--dry-run", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["changed"] == {"wrong": [pytest.approx(7 / 3), pytest.approx(2.4)]}
    assert found["scores"]["right"]["score"] == 2.5
    assert run(monkeypatch, released, "grade", "small", "--student", "wrong", "--jobs", "1", "--dry-run", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["scores"]["right"]["score"], found["scores"]["right"]["state"]) == (2.5, "graded")
    assert found["scores"]["wrong"]["score"] == pytest.approx(2.4)
    assert state(released.root) == before


def test_whoever_was_never_graded_is_told_apart(
    released: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A first score is no changed one; `--json` holds everybody's, whoever was graded now."""
    hand_in(released, "small", [Submission("right", {})])
    assert run(monkeypatch, released, "grade", "small", "--dry-run") == 0
    assert "right: would be graded for the first time, 2.5" in capsys.readouterr().out
    assert run(monkeypatch, released, "grade", "small") == 0
    capsys.readouterr()
    assert run(monkeypatch, released, "grade", "small", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["unchanged"] == ["right"]
    assert found["scores"]["right"] == {
        "score": 2.5,
        "points": 2.5,
        "penalty": 0.0,
        "late_s": found["scores"]["right"]["late_s"],
        "decided": True,
        "state": "graded",
        "exercises": {"double": 0.5, "quadruple": 2.0},
    }


def test_a_gradebook_on_a_server_that_is_away(released: Course) -> None:
    """A dry run whose gradebook cannot be asked says so, before anything is copied."""
    (released.root / "nbgrader_config.py").write_text(
        'c = get_config()\nc.CourseDirectory.db_url = "postgresql://nobody@127.0.0.1:1/none"\n'
    )
    with pytest.raises(CourseError, match="cannot be used"), rehearsal(released, "small"):
        pass


def test_one_exercise_is_proved_alone(
    small: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`verify --exercise` tries answers to that exercise alone, and knows the others' names."""
    assert run(monkeypatch, small, "verify", "small", "--exercise", "quadrupel", "--jobs", "1") == 2
    assert "It has: double, quadruple." in capsys.readouterr().err
    run(monkeypatch, small, "verify", "small", "--exercise", "quadruple", "--jobs", "1", "--json")
    found = json.loads(capsys.readouterr().out)
    counts = found["sections"]
    assert counts["forced failure"]["double"]["tried"] == counts["mutants"]["double"]["tried"] == 0
    assert counts["forced failure"]["quadruple"]["tried"] == 4
    assert counts["mutants"]["quadruple"]["tried"] > 0
