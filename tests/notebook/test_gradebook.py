"""Tests of gradekit.gradebook: row for row and cell for cell what stock nbgrader writes; and what it should not write."""

from __future__ import annotations

import copy
import json
import os
import shutil
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.preprocessors import Execute
from traitlets.config import Config

from gradekit import converters, gradebook
from gradekit.course import Course
from gradekit.demo import DUE, Submission, hand_in
from gradekit.errors import CourseError
from gradekit.gradebook import Executed, Executor, record
from gradekit.release import release

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

IN_TIME, LATE = "2030-01-31 09:00:00 UTC", "2030-01-31 17:00:00 UTC"
RIGHT = {"double": "def double(x):\n    return x + x", "quadruple": "def quadruple(x):\n    return 4 * x"}


def kernel_executor(config: Config) -> Executor:
    """Run notebooks as stock nbgrader does: in a kernel, with nothing between it and the machine."""

    def execute(nb: Any, name: str, folder: Path) -> Executed:
        Execute(config=config).preprocess(nb, {"metadata": {"name": name, "path": str(folder)}})
        return Executed()

    return execute


def nothing_run(nb: Any, name: str, folder: Path) -> Executed:
    """Run nothing, and give every graded cell of hidden tests half of a point."""
    return Executed(scores={"double-grade": 0.25, "quadruple-grade": 0.25})


def never(nb: Any, name: str, folder: Path) -> Executed:
    """Be an executor that must not be called."""
    raise AssertionError(name)


# --- two courses -----------------------------------------------------------------------------------------------------


def cell(kind: str, name: str, source: str, **flags: Any) -> dict[str, Any]:
    """Return a cell of a source notebook; with flags, nbgrader's."""
    made: dict[str, Any] = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    if flags:
        meta = {"schema_version": 3, "grade_id": name, "grade": False, "solution": False, "locked": True, "task": False}
        made["metadata"]["nbgrader"] = meta | flags
    return made


def inline_notebook() -> dict[str, Any]:
    """Return a notebook of another course: asserts in its cells, partial credit, an essay, a task."""
    hidden = "\n### BEGIN HIDDEN TESTS\nassert area(3) == 9\n### END HIDDEN TESTS"
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            cell("markdown", "intro", "# Squares", locked=True),
            cell("code", "given", "import sys\nside = 2", locked=True),
            cell("code", "area", "### BEGIN SOLUTION\ndef area(x):\n    return x * x\n### END SOLUTION", solution=True, locked=False),
            cell("code", "play", "area(side)"),
            cell("code", "area-test", "assert area(2) == 4" + hidden, grade=True, points=2),
            cell("code", "partial", "1.5 if area(4) == 16 else 0.5", grade=True, points=2),
            cell("code", "warns", 'print("careful", file=sys.stderr)', grade=True, points=1),
            cell("code", "program", "### BEGIN SOLUTION\n1\n### END SOLUTION", grade=True, solution=True, locked=False, points=3),
            cell("markdown", "essay", "YOUR ANSWER HERE", grade=True, solution=True, locked=False, points=4),
            cell("markdown", "task", "Draw a square.", task=True, points=5),
            cell("markdown", "drawing", "(here)"),
        ],
    }  # fmt: skip


def inline_course(root: Path, *names: str) -> Course:
    """Make and release the other course, with a data file; no hidden tests of gradekit's anywhere."""
    course = Course(root)
    folder = course.source_folder("squares")
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "sides.csv").write_text("1,2\n")
    for name in names:
        (folder / f"{name}.ipynb").write_text(json.dumps(inline_notebook()))
    words = "c = get_config()\nc.Execute.extra_arguments = ['--IPKernelApp.log_level=ERROR']\n"
    (root / "nbgrader_config.py").write_text(words)
    config = converters.settings(course)
    with converters.gradebook(config) as book:
        book.update_or_create_assignment("squares", duedate=DUE.replace(tzinfo=None))
    converters.run(GenerateAssignment, config, "squares")
    return course


@pytest.fixture(scope="module")
def squares_template(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The other course, released; to be copied."""
    return inline_course(tmp_path_factory.mktemp("squares") / "course", "one", "two")


@pytest.fixture
def squares(squares_template: Course, tmp_path: Path) -> Course:
    """A copy of the other course, with two notebooks."""
    shutil.copytree(squares_template.root, tmp_path / "squares")
    return Course(tmp_path / "squares")


@pytest.fixture
def course(small: Course) -> Course:
    """The small course, released, with a due date."""
    release(small, "small", solutions=False)
    with converters.gradebook(converters.settings(small)) as book:
        book.update_or_create_assignment("small", duedate=DUE.replace(tzinfo=None))
    return small


def released(course: Course, assignment: str, name: str) -> dict[str, Any]:
    """Return a released notebook."""
    path = course.root / "release" / assignment / f"{name}.ipynb"
    node: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return node


def submit(course: Course, assignment: str, student: str, name: str, node: Any = None, **answers: str) -> Path:
    """Hand in a released notebook with these answers; returns its folder."""
    node = copy.deepcopy(node or released(course, assignment, name))
    for item in node["cells"]:
        item["source"] = answers.get(item["id"], item["source"])
    folder = course.root / "submitted" / student / assignment
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.ipynb").write_text(json.dumps(node), encoding="utf-8")
    return folder


def graded(
    course: Course, assignment: str, student: str, execute: Executor, notebooks: str = "*"
) -> gradebook.Recorded:
    """Record one submission, opening all that is needed."""
    config = converters.settings(course)
    with gradebook.open_gradebook(config) as opened:
        book = gradebook.open_assignment(config, opened, assignment)
        return record(book, student, execute=execute, notebooks=notebooks)


def tables(course: Course) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of the gradebook that autograding writes, without the random ids."""
    of = """join submitted_notebook sn on sn.id = x.notebook_id join notebook n on n.id = sn.notebook_id
            join submitted_assignment sa on sa.id = sn.assignment_id join base_cell b on b.id = x.cell_id"""
    asked = {
        "grade": f"select sa.student_id, n.name, b.name, auto_score, manual_score, extra_credit, needs_manual_grade"
        f" from grade x {of}",
        "comment": f"select sa.student_id, n.name, b.name, auto_comment, manual_comment from comment x {of}",
        "submitted_assignment": "select student_id, a.name, timestamp, extension from submitted_assignment"
        " join assignment a on a.id = assignment_id",
        "submitted_notebook": "select sa.student_id, n.name, late_submission_penalty, flagged from submitted_notebook"
        " join submitted_assignment sa on sa.id = submitted_notebook.assignment_id"
        " join notebook n on n.id = notebook_id",
        "student": "select id from student",
    }
    db = sqlite3.connect(course.root / "gradebook.db")
    try:
        return {name: sorted(db.execute(words).fetchall(), key=repr) for name, words in asked.items()}
    finally:
        db.close()


def folder_of(course: Course, student: str, assignment: str) -> dict[str, tuple[str, Any]]:
    """Return an autograded folder: each file's permissions and content, a notebook's without times and ids."""
    root = course.root / "autograded" / student / assignment
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_file():
            content: Any = path.read_bytes()
            if path.suffix == ".ipynb":
                node = nbformat.reads(content.decode(), as_version=4)
                for item in node.cells:
                    item.metadata.pop("execution", None)
                    for output in item.get("outputs", []):
                        output.pop("traceback", None)
                content = node
            found[path.relative_to(root).as_posix()] = (oct(stat.S_IMODE(path.stat().st_mode)), content)
    return found


# --- the same as nbgrader --------------------------------------------------------------------------------------------


def both(course: Course, tmp_path: Path, assignment: str, students: list[str]) -> tuple[Course, Course]:
    """Grade these submissions with stock nbgrader in one copy of the course, and with ours in another."""
    stock, ours = Course(tmp_path / "stock"), Course(tmp_path / "ours")
    for copied in (stock, ours):
        if copied.root.exists():
            shutil.copytree(course.root / "submitted", copied.root / "submitted", dirs_exist_ok=True)
        else:
            shutil.copytree(course.root, copied.root, symlinks=True)
    for student in students:
        converters.run(Autograde, converters.settings(stock), assignment, student=student)
        found = graded(ours, assignment, student, kernel_executor(converters.settings(ours)))
        assert found.student == student
    return stock, ours


def same(stock: Course, ours: Course, assignment: str, students: list[str]) -> None:
    """Hold every row and every file of ours to those of stock nbgrader."""
    assert tables(ours) == tables(stock)
    for student in students:
        assert folder_of(ours, student, assignment) == folder_of(stock, student, assignment)


@pytest.mark.slow
class TestParity:
    """With nbgrader's own Execute as executor, nothing differs from what stock nbgrader writes."""

    def test_small_course(self, course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Right, blank, half done and late submissions of the small course; then a resubmission."""
        monkeypatch.setenv("GRADEKIT_COURSE", str(course.root))
        blank = {item["id"]: item["source"] for item in released(course, "small", "small")["cells"]}
        untouched = {name: blank[name] for name in RIGHT}
        late = Submission("late", {}, handed_in=DUE.replace(hour=18))
        half = Submission("half", {"quadruple": untouched["quadruple"]})
        hand_in(course, "small", [Submission("right", {}), Submission("blank", untouched), half, late])
        students = ["right", "blank", "half", "late"]
        same(*both(course, tmp_path, "small", students), "small", students)
        shutil.rmtree(course.root / "submitted" / "blank")
        hand_in(course, "small", [Submission("blank", {})])
        stock, ours = both(course, tmp_path, "small", ["blank"])
        same(stock, ours, "small", students)
        assert tables(ours)["grade"] != []

    def test_other_course(self, squares: Course, tmp_path: Path) -> None:
        """Inline asserts, partial credit, a warning, an essay, a task, data files, a missing notebook, being late."""
        answers = {"area": "def area(x):\n    return x * x", "essay": "Because.", "program": "2"}
        for name in ("one", "two"):
            folder = submit(squares, "squares", "good", name, **answers)
        (folder / "data").mkdir()
        (folder / "data" / "sides.csv").write_text("changed")
        (folder / "own.txt").write_text("own")
        (folder / "timestamp.txt").write_text(IN_TIME)
        submit(squares, "squares", "blank", "one")
        submit(squares, "squares", "blank", "two")
        folder = submit(squares, "squares", "missing", "two", area="def area(x):\n    return 4 if x == 2 else 0")
        (folder / "timestamp.txt").write_text(LATE)
        students = ["good", "blank", "missing"]
        stock, ours = both(squares, tmp_path, "squares", students)
        same(stock, ours, "squares", students)
        rows = {row[2]: row[3] for row in tables(ours)["grade"] if row[:2] == ("good", "one")}
        assert rows == {"area-test": 2, "partial": 1.5, "warns": 0, "program": None, "essay": None, "task": None}
        assert ("missing", "one", "essay", 0.0, None, None, 0) in tables(ours)["grade"]

    def test_penalties_settings_and_hooks(self, squares: Course, tmp_path: Path) -> None:
        """A late penalty, shared groups, kept files, cut output and hooks: as the settings say."""
        words = """
c.LateSubmissionPlugin.penalty_method = "zero"
c.CourseDirectory.groupshared = True
c.Autograde.exclude_overwriting = {"squares": ["data/sides.csv"]}
c.LimitOutput.max_lines = 3
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = "careful"
c.ClearMetadataPreprocessor.enabled = True
def note(assignment, student, notebooks):
    with open("hooked.txt", "a") as file:
        file.write(f"{assignment} {len(notebooks)}\\n")
c.Autograde.pre_convert_hook = note
c.Autograde.post_convert_hook = note
"""
        with (squares.root / "nbgrader_config.py").open("a") as file:
            file.write(words)
        for name in ("one", "two"):
            folder = submit(
                squares, "squares", "ann", name, play="for i in range(10):\n    print(i)", area="area = abs"
            )
        (folder / "data").mkdir()
        (folder / "data" / "sides.csv").write_text("mine")
        (folder / "timestamp.txt").write_text(LATE)
        stock, ours = both(squares, tmp_path, "squares", ["ann"])
        same(stock, ours, "squares", ["ann"])
        assert (ours.root / "hooked.txt").read_text() == (stock.root / "hooked.txt").read_text() == "squares 2\n" * 2
        assert (ours.root / "autograded" / "ann" / "squares" / "data" / "sides.csv").read_text() == "mine"
        modes = [
            oct((kept.root / "autograded" / inner).stat().st_mode)
            for inner in (".", "ann/squares", "ann/squares/data")
            for kept in (stock, ours)
        ]
        assert modes[::2] == modes[1::2]
