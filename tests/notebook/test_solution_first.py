"""The source's own solution goes through the sandbox first: what it loses is said before a class loses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gradekit.course.course import Course

from .test_foreign import CELLS, NAME, hand_in, odd_course
from .test_hub import run

NEVER = """
@double.test()
def never(student, reference, expect):
    '''Is never right.'''
    expect.true(False, "It is not.")
"""
WARNING = "warning: the source's own solution"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def test_a_hidden_test_that_rejects_the_solution_is_said_at_release(
    small: Course, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release whose tests are wrong is written, said to be wrong, and ends with 1; a mended one says nothing more."""
    tests = small.hidden("small") / "tests.py"
    right = tests.read_text(encoding="utf-8")
    tests.write_text(right + NEVER, encoding="utf-8")
    words = ("release", "small", "--course-dir", str(small.root))
    assert run(monkeypatch, *words) == 1, capsys.readouterr().err
    assert f"{WARNING} earns" in (said := capsys.readouterr().err)
    assert "It is not." in said
    assert small.folder("release", "small").is_dir()
    tests.write_text(right, encoding="utf-8")
    assert run(monkeypatch, *words) == 0
    assert WARNING not in capsys.readouterr().err


@pytest.mark.slow
def test_what_the_solution_needs_and_has_not_is_said_before_the_class(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graded cell of another course that starts a program: said once, whoever is graded is graded, and it is 1."""
    monkeypatch.setitem(
        CELLS, "command", ("import subprocess\nv = subprocess.run(['true']).returncode", "assert v == 0")
    )
    course = odd_course(tmp_path / "course")
    hand_in(course, "ann", {})
    words = ("grade", NAME, "--course-dir", str(course.root), "--jobs", "1")
    assert run(monkeypatch, *words) == 1
    first = capsys.readouterr()
    assert first.err.count(WARNING) == 1
    assert "is undecided in command-test: it may lack a right" in first.err
    assert run(monkeypatch, *words, "--force", "--json") == 1
    again = capsys.readouterr()
    assert json.loads(again.out)["solution"] == [again.err.splitlines()[0].removeprefix("warning: ")]
