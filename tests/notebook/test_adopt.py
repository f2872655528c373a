"""A course of other making, adopted by the command alone: released, graded, and scored as stock nbgrader scores it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.nbgraderformat import MetadataValidator

from gradekit import cli
from gradekit.course.course import Course
from gradekit.grade.classroom import due, grade_class
from gradekit.grade.judge import Grading
from gradekit.gradebook import convert
from gradekit.gradebook.settings import course_at, read_settings
from gradekit.release.make import release

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "adopt.md"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


SETTINGS = """
c = get_config()
c.CourseDirectory.course_id = "other"
c.ClearSolutions.begin_solution_delimeter = "# ANSWER BEGINS"
c.ClearSolutions.end_solution_delimeter = "# ANSWER ENDS"
c.ClearHiddenTests.begin_test_delimeter = "# SECRET"
c.ClearHiddenTests.end_test_delimeter = "# OPEN"
"""
OUTPUT = {"output_type": "stream", "name": "stdout", "text": "an old output\n"}


def cell(kind: str, source: str, name: str = "", *, schema: int = 1, **roles: Any) -> dict[str, Any]:
    """Return a cell as an old notebook has it: no id, outputs left in."""
    made: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source.strip("\n").splitlines(keepends=True)}
    if kind == "code":
        made |= {"outputs": [OUTPUT], "execution_count": 7}
    if name:
        flags = {"grade": False, "solution": False, "locked": False}
        more = {"task": False} if schema == 3 else {}
        made["metadata"]["nbgrader"] = {"schema_version": schema, "grade_id": name} | flags | more | roles
    return made


def solution(name: str, source: str, schema: int = 1) -> dict[str, Any]:
    """Return a solution cell."""
    return cell("code", source, name, schema=schema, solution=True)


def graded(name: str, points: float, source: str, schema: int = 1) -> dict[str, Any]:
    """Return a graded cell with asserts in it."""
    return cell("code", source, name, schema=schema, grade=True, locked=True, points=points)


LOOPS = [
    cell("markdown", "# Loops (5 points)"),
    cell("code", "%matplotlib inline\nimport numpy as np"),
    solution(
        "squares",
        """
def squares(n):
    # ANSWER BEGINS
    return [i ** 2 for i in range(1, n + 1)]
    # ANSWER ENDS
""",
    ),
    graded(
        "correct_squares",
        2,
        """
# look whether it is right
assert squares(1) == [1]
assert squares(2) == [1, 4]
# SECRET
for n in range(3, 6):
    assert squares(n) == [i * i for i in range(1, n + 1)], "the last square counts too"
assert isinstance(squares(2), list)
# OPEN
""",
    ),
    solution("spread", "def spread(values):\n    return np.min(values), np.max(values)"),
    graded(
        "correct_spread",
        2,
        """
values = np.array([2.5, -1.0, 4.0])
low, high = spread(values)
assert abs(low + 1) < 1e-9
assert np.isclose(high, 4)
np.testing.assert_allclose(spread(values * 2), [-2, 8])
""",
    ),
    cell("markdown", "Because.", "why", grade=True, solution=True, points=1),
]
HELPER = "def close_enough(a, b):\n    return abs(a - b) < 1e-6\n"
PART1 = [
    cell("code", "import csv\nfrom tools import close_enough", "setup", schema=2, locked=True),
    solution(
        "load",
        """
def load(path):
    # ANSWER BEGINS
    with open(path) as file:
        return [float(row[0]) for row in csv.reader(file)]
    # ANSWER ENDS
""",
        schema=2,
    ),
    graded("test1", 3, 'assert close_enough(sum(load("data.csv")), 6.5)', schema=2),
]
PART2 = [
    solution("middle", "def middle(x):\n    return sorted(x)[len(x) // 2]", schema=2),
    graded(
        "test1",
        4,
        """
# SECRET
points = 0
points += 3 * (middle([3, 1, 2]) == 2)
points += 1 * (middle([5]) == 5)
points
# OPEN
""",
        schema=2,
    ),
]
TABLES = [
    cell("code", "import pandas as pd", "imports", schema=3, locked=True),
    solution(
        "totals",
        """
def totals(sales):
    # ANSWER BEGINS
    return sales.groupby("shop")["sold"].sum().reset_index()
    # ANSWER ENDS
""",
        schema=3,
    ),
    graded(
        "totals_test",
        3,
        """
sales = {"shop": ["b", "a", "b"], "sold": [1, 2, 3]}
# SECRET
want = pd.DataFrame({"shop": ["a", "b"], "sold": [2, 4]})
pd.testing.assert_frame_equal(totals_of(sales), want)
# OPEN
""",
        schema=3,
    ),
    solution(
        "roots",
        """
def roots(p, q):
    # ANSWER BEGINS
    half = (p ** 2 / 4 - q + 0j) ** 0.5
    return -p / 2 + half, -p / 2 - half
    # ANSWER ENDS
""",
        schema=3,
    ),
    graded(
        "roots_test",
        2,
        """
x1, x2 = roots(0, 1)
# SECRET
assert abs(x1 - 1j) < 1e-9 and abs(x2 + 1j) < 1e-9
x1, x2 = roots(-3, 2)
assert abs(x1 - 2) < 1e-9
# OPEN
""",
        schema=3,
    ),
    cell("markdown", "Draw a plot.", "draw", schema=3, task=True, locked=True, points=2),
]
# totals_of hides the frame's making, so that a test can hand plain data over
TABLES[1]["source"] += ["\n\n", "def totals_of(sales):\n", "    return totals(pd.DataFrame(sales))"]

COURSE: dict[str, dict[str, tuple[int, list[dict[str, Any]]]]] = {
    "loops": {"loops": (0, LOOPS)},
    "stats": {"part1": (2, PART1), "part2": (2, PART2)},
    "tables": {"tables": (4, TABLES)},
}
MOVED = {"loops": ("correct_squares", "correct_spread"), "tables": ("totals_test", "roots_test")}
WRONG = {
    "squares": "def squares(n):\n    return [i ** 2 for i in range(n)]",
    "spread": "def spread(values):\n    low, high = min(values), max(values)",
    "load": "def load(path):\n    return [1.5]",
    "middle": "def middle(x):\n    return 5",
    "totals": "def totals(sales):\n    return sales\n\ndef totals_of(sales):\n    return totals(pd.DataFrame(sales))",
    "roots": "def roots(p, q):\n    print(p)",
}
RIGHT = {
    "squares": "def squares(n):\n    found = []\n    for i in range(n):\n"
    "        found.append((i + 1) ** 2)\n    return found",
    "spread": "def spread(values):\n    return [min(values), max(values)]",
    "load": "def load(path):\n    return [float(line) for line in open(path)]",
    "middle": "def middle(x):\n    x = sorted(x)\n    return x[len(x) // 2]",
    "totals": "def totals(sales):\n    return sales.groupby('shop', as_index=False).sum()\n\n"
    "def totals_of(sales):\n    return totals(pd.DataFrame(sales))",
    "roots": "import cmath\ndef roots(p, q):\n    d = cmath.sqrt(p * p - 4 * q)\n"
    "    return [(-p + d) / 2, (-p - d) / 2]",
}
STUDENTS = {"right": RIGHT, "wrong": WRONG}


# (student, notebook, cell) → score, as nbgrader alone gives it; None where a person grades.
STOCK: dict[str, dict[tuple[str, str, str], float | None]] = {
    "loops": {
        ("right", "loops", "correct_squares"): 2.0,
        ("right", "loops", "correct_spread"): 2.0,
        ("right", "loops", "why"): 0.0,  # as it was released
        ("wrong", "loops", "correct_squares"): 0.0,
        ("wrong", "loops", "correct_spread"): 0.0,
        ("wrong", "loops", "why"): 0.0,
    },
    "stats": {
        ("right", "part1", "test1"): 3.0,
        ("right", "part2", "test1"): 4.0,
        ("wrong", "part1", "test1"): 0.0,
        ("wrong", "part2", "test1"): 1.0,
    },
    "tables": {
        ("right", "tables", "totals_test"): 3.0,
        ("right", "tables", "roots_test"): 2.0,
        ("right", "tables", "draw"): None,
        ("wrong", "tables", "totals_test"): 0.0,
        ("wrong", "tables", "roots_test"): 0.0,
        ("wrong", "tables", "draw"): None,
    },
}


def make_course(root: Path) -> Path:
    """Write the course as its authors left it."""
    root.mkdir()
    (root / "nbgrader_config.py").write_text(SETTINGS)
    for assignment, notebooks in COURSE.items():
        folder = root / "source" / assignment
        folder.mkdir(parents=True)
        for name, (minor, cells) in notebooks.items():
            kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
            node = {"nbformat": 4, "nbformat_minor": minor, "metadata": kernel, "cells": cells}
            (folder / f"{name}.ipynb").write_text(json.dumps(node))
    (root / "source" / "stats" / "data.csv").write_text("1.5\n2\n3\n")
    (root / "source" / "stats" / "tools.py").write_text(HELPER)
    return root


def hand_in(root: Path) -> None:
    """Let both students hand in all three assignments, upon what was released."""
    for assignment, notebooks in COURSE.items():
        for student, answers in STUDENTS.items():
            folder = root / "submitted" / student / assignment
            folder.mkdir(parents=True)
            for name in notebooks:
                node = json.loads((root / "release" / assignment / f"{name}.ipynb").read_text())
                for raw in node["cells"]:
                    grade_id = raw["metadata"].get("nbgrader", {}).get("grade_id")
                    if grade_id in answers:
                        raw["source"] = answers[grade_id]
                (folder / f"{name}.ipynb").write_text(json.dumps(node))


def scores(course: Course, assignment: str) -> dict[tuple[str, str, str], float | None]:
    """Return every graded cell's automatic score, by student, notebook and cell; cells for 0 points are left out."""
    with convert.gradebook(read_settings(course)) as gradebook:
        return {
            (submission.student_id, book.name, grade.name): grade.auto_score
            for submission in gradebook.assignment_submissions(assignment)
            for book in submission.notebooks
            for grade in book.grades
            if grade.max_score
        }


def stock(root: Path) -> dict[str, dict[tuple[str, str, str], float | None]]:
    """Release and grade the course as it was, with nbgrader alone."""
    course = course_at(root)
    for path in root.glob("source/*/*.ipynb"):  # what `nbgrader update` does
        node = nbformat.read(path, as_version=4)
        nbformat.write(MetadataValidator().upgrade_notebook_metadata(node), path)
    for assignment in COURSE:
        convert.run(GenerateAssignment, read_settings(course), assignment)
    hand_in(root)
    for assignment in COURSE:
        convert.run(Autograde, read_settings(course), assignment)
    return {assignment: scores(course, assignment) for assignment in COURSE}


def contents(root: Path) -> dict[str, str]:
    """Return a hash of each file in the course that a person may have written."""
    files = [path for name in ("source", "tests") for path in (root / name).rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def adopt(course: Course, monkeypatch: pytest.MonkeyPatch) -> int:
    """Adopt all three assignments by the command line; return how many commands that takes."""
    typed = [("stats",), *((name, "--exercise", cell) for name, cells in MOVED.items() for cell in cells)]
    for words in typed:
        monkeypatch.setattr("sys.argv", ["gradekit", "adopt", *words, "--course-dir", str(course.root)])
        assert cli.main() == 0
    return len(typed)


def grade(course: Course, assignment: str) -> dict[tuple[str, str, str], float | None]:
    """Grade an assignment with our engine and return the scores."""
    grading = Grading(course, assignment)
    names, _ = due(grading)
    for item in grade_class(grading, names, jobs=1):
        assert item.report is not None, item.failure
        assert not item.report.undecided
    return scores(course, assignment)


# The eight kernels that nbgrader starts take longest: what it says is kept above, and asked again in the long run.
@pytest.mark.slow
def test_a_course_that_was_graded_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nbgrader alone gives the scores kept above; adopted afterwards and graded again, every row has its score."""
    course = course_at(make_course(tmp_path / "course"))
    assert stock(course.root) == STOCK
    adopt(course, monkeypatch)
    for assignment in COURSE:
        release(course, assignment, solutions=False)
        assert grade(course, assignment) == STOCK[assignment]
        convert.run(Autograde, read_settings(course), assignment)  # and back to plain nbgrader, on any day
        assert scores(course, assignment) == STOCK[assignment]


@pytest.mark.slow
def test_a_course_is_adopted_by_the_command_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three assignments, five commands, nothing else typed; a second run changes nothing; scores are nbgrader's."""
    course = course_at(make_course(tmp_path / "course"))
    assert adopt(course, monkeypatch) == 5
    assert capsys.readouterr().out.count("to be typed by a person: nothing\n") == 5
    before = contents(course.root)
    adopt(course, monkeypatch)
    assert capsys.readouterr().out.count("nothing to change\n") == 5
    for assignment in COURSE:
        release(course, assignment, solutions=False)
    assert contents(course.root) == before
    hand_in(course.root)
    for assignment in COURSE:
        assert grade(course, assignment) == STOCK[assignment]


def test_rows_of_an_old_gradebook_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where something was handed in before, nbgrader lets no row come or go: none does."""
    course = course_at(make_course(tmp_path / "course"))
    convert.run(GenerateAssignment, read_settings(course), "tables")
    with convert.quiet(), convert.gradebook(read_settings(course)) as gradebook:
        gradebook.add_student("right")
        gradebook.add_submission("tables", "right")
        before = {cell.name for cell in gradebook.find_notebook("tables", "tables").source_cells}
    adopt(course, monkeypatch)
    release(course, "tables", solutions=False)
    with convert.gradebook(read_settings(course)) as gradebook:
        assert {cell.name for cell in gradebook.find_notebook("tables", "tables").source_cells} == before


def test_the_page_shows_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """docs/howto/adopt.md quotes the command's output, the hidden test and what is left, line by line."""
    course = course_at(make_course(tmp_path / "course"))
    page = PAGE.read_text(encoding="utf-8")
    for words in (("loops",), ("loops", "--exercise", "correct_squares"), ("stats", "--exercise", "test1")):
        monkeypatch.setattr("sys.argv", ["gradekit", "adopt", *words, "--course-dir", str(course.root)])
        cli.main()
        said = "".join(capsys.readouterr()).replace(f"{course.root}/", "")
        shown = "\n".join(line.rstrip() for line in said.splitlines())
        assert f"$ gradekit adopt {' '.join(words)}\n{shown}\n" in page
    assert (course.hidden("loops") / "tests.py").read_text(encoding="utf-8") in page
