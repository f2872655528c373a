"""Honest submissions score the same in `gradekit grade` and in plain `nbgrader autograde`, cell by cell."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from nbgrader.converters import Autograde, GenerateAssignment

from gradekit.course import notebook, reports
from gradekit.course.course import Course
from gradekit.demo import Submission, hand_in, synthetic_class
from gradekit.grade.classroom import due, grade_class
from gradekit.grade.judge import Grading
from gradekit.gradebook import convert
from gradekit.gradebook.settings import read_settings

ROOT = Path(__file__).parents[2]
COURSE = Course(ROOT)
KEPT = Path(__file__).parent / "verdicts"  # of the demo classes, by assignment
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

INLINE = {
    "imports": ("", "import numpy as np"),
    "mean": ("solution", "def mean(x):\n    ### BEGIN SOLUTION\n    return sum(x) / len(x)\n    ### END SOLUTION"),
    "mean-all-or-nothing": (2, "### BEGIN HIDDEN TESTS\nassert mean([1, 2]) == 1.5\n### END HIDDEN TESTS"),
    "mean-partial": (3, "### BEGIN HIDDEN TESTS\n1.5 if mean([2, 2]) == 2 else 0.0\n### END HIDDEN TESTS"),
    "mean-silent": (1, "### BEGIN HIDDEN TESTS\nchecked = mean([4])\n### END HIDDEN TESTS"),
}
ANSWERS = {
    "right": "def mean(x):\n    return np.mean(x)",
    "wrong": "def mean(x):\n    return max(x)",
    "raises": "def mean(x):\n    raise ValueError('no')",
    "syntax": "def mean(x:",
    "missing": "average = 3",
}


def stock(course: Course, folder: Path, assignment: str) -> Course:
    """Copy a course and autograde it with nbgrader alone."""
    shutil.copytree(course.root, folder, symlinks=True)
    config = folder / "nbgrader_config.py"
    config.write_text(config.read_text().replace("gradekit.install(c)", ""))
    convert.run(Autograde, read_settings(Course(folder)), assignment)
    return Course(folder)


def ours(course: Course, assignment: str) -> Course:
    """Grade a course with our engine."""
    grading = Grading(course, assignment)
    names, kept = due(grading)
    assert not kept
    for item in grade_class(grading, names):
        assert item.report is not None, item.failure
        assert not item.report.undecided
    return course


def verdicts(course: Course, assignment: str) -> dict[str, dict[str, list[Any]]]:
    """Return what the reports say, by student and exercise: score, follow-through, mistake's name, each verdict."""
    found = {}
    for path in sorted(reports.folder(course.root, assignment).glob("*.json")):
        report = reports.load(course.root, assignment, path.stem)
        assert report is not None
        found[path.stem] = {
            result.exercise: [
                result.score,
                result.follow_through,
                result.diagnosis.label if result.diagnosis else "",
                " ".join(test.verdict.name for test in result.tests),
            ]
            for result in report.exercises
        }
    return found


def scores(course: Course, assignment: str) -> dict[tuple[str, str], float | None]:
    """Return every graded cell's score in the gradebook, by student and cell."""
    with convert.gradebook(read_settings(course)) as gradebook:
        return {
            (submission.student_id, grade.name): grade.auto_score
            for submission in gradebook.assignment_submissions(assignment)
            for book in submission.notebooks
            for grade in book.grades
        }


def class_of(course: Course, name: str) -> list[Submission]:
    """Return two who tell much: a first function that raises in a notebook half done, a mistake in every exercise."""
    found = {submission.student: submission for submission in synthetic_class(course, name)}
    exercises = notebook.exercises(notebook.cells(notebook.read(course.source(name))))
    typical = [found[student].cells for student in found if student.startswith(tuple(f"{e.name}_" for e in exercises))]
    mistakes = {cell: source for cells in typical for cell, source in cells.items()}
    assert len(mistakes) == len(exercises)
    half = {**found["half_done"].cells, **found["exception"].cells}
    return [Submission("half", half), Submission("mistakes", mistakes)]


# The whole class of each takes minutes: it repeats, one mistake at a time, what these two hold in every exercise.
@pytest.mark.parametrize("members", [class_of, pytest.param(synthetic_class, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", COURSE.assignments())
def test_demo_class(
    name: str,
    members: Callable[[Course, str], Sequence[Submission]],
    course_of: Callable[[str, Path], Course],
    tmp_path: Path,
) -> None:
    """A class of every kind: every graded cell has the same score, to the last bit."""
    course = course_of(name, tmp_path / "ours")
    hand_in(course, name, members(course, name))
    for path in (course.root / "submitted").glob(f"*/{name}/{name}.ipynb"):
        node = json.loads(path.read_text())
        for cell in node["cells"]:
            if cell["id"].endswith("-training"):  # free, after the last graded cell, and most of the time
                cell["source"] = "pass"
        path.write_text(json.dumps(node))
    expected = scores(stock(course, tmp_path / "stock", name), name)
    assert scores(ours(course, name), name) == expected
    assert len(set(expected.values())) > 3
    found, kept = verdicts(course, name), json.loads((KEPT / f"{name}.json").read_text(encoding="utf-8"))
    assert found == {student: kept[student] for student in found}


# Three of each class are held to the same file above, in every run.
@pytest.mark.slow
@pytest.mark.parametrize("name", COURSE.assignments())
def test_verdicts_are_those_that_were_kept(name: str, course_of: Callable[[str, Path], Course], tmp_path: Path) -> None:
    """No change of the package changes a verdict; GRADEKIT_KEEP_VERDICTS=1 keeps those of changed hidden tests."""
    course = course_of(name, tmp_path / "ours")
    everybody = {item.student: item for item in (*synthetic_class(course, name), *class_of(course, name))}
    hand_in(course, name, everybody.values())
    found = verdicts(ours(course, name), name)
    path = KEPT / f"{name}.json"
    if os.environ.get("GRADEKIT_KEEP_VERDICTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    assert found == json.loads(path.read_text(encoding="utf-8"))


def test_another_courses_notebook_with_asserts_in_its_cells(tmp_path: Path) -> None:
    """A graded cell with tests of its own: all or nothing, a part, nothing at the end; as nbgrader scores them."""
    course = Course(tmp_path / "ours")
    cells = [_cell(name, *entry) for name, entry in INLINE.items()]
    _write(course.root / "source" / "ps1" / "problem.ipynb", cells)
    shutil.copy(ROOT / "nbgrader_config.py", course.root)
    convert.run(GenerateAssignment, read_settings(course), "ps1")
    released = json.loads((course.root / "release" / "ps1" / "problem.ipynb").read_text())["cells"]
    for student, answer in ANSWERS.items():
        submitted = [{**cell, "source": answer} if cell["id"] == "mean" else cell for cell in released]
        _write(course.root / "submitted" / student / "ps1" / "problem.ipynb", submitted)
    expected = scores(stock(course, tmp_path / "stock", "ps1"), "ps1")
    assert scores(ours(course, "ps1"), "ps1") == expected
    assert expected["right", "mean-partial"] == 1.5


def _cell(name: str, role: str | int, source: str) -> dict[str, Any]:
    flags = {"schema_version": 3, "grade_id": name, "grade": False, "solution": False, "locked": True, "task": False}
    if role == "solution":
        flags |= {"solution": True, "locked": False}
    elif role:
        flags |= {"grade": True, "points": role}
    cell = {"cell_type": "code", "id": name, "metadata": {"nbgrader": flags}, "source": source}
    return {**cell, "outputs": [], "execution_count": None}


def _write(path: Path, cells: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}))
