"""The one parser of cells, roles and regions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.errors import SourceError
from gradekit.model import Role


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{not json", r"is not JSON \(line 1\)"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "notebook format unknown"),
        (b'{"nbformat": 3, "worksheets": []}', "notebook format 3"),
        (b'{"nbformat": 4}', "notebook format 4"),
        (b'{"nbformat": 4, "cells": [1]}', "notebook format 4"),
    ],
)
def test_damaged_file_is_one_clear_error(tmp_path: Path, content: bytes, said: str) -> None:
    """A file that is no notebook of format 4 is refused with the file and the reason."""
    path = tmp_path / "a.ipynb"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=said) as caught:
        notebook.read(path)
    assert str(path) in str(caught.value)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    """A missing file and a folder in its place are refused."""
    with pytest.raises(SourceError, match="There is no notebook"):
        notebook.read(tmp_path / "no.ipynb")
    with pytest.raises(SourceError, match="cannot be read"):
        notebook.read(tmp_path)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("a\n### BEGIN SOLUTION\nb", "begun at line 2 has no END"),
        ("### END SOLUTION", "line 1 ends"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "line 2 begins"),
        ("### BEGIN SOLUTION\n### END SOLUTION", ""),
    ],
)
def test_region_problem_names_the_line(source: str, said: str) -> None:
    """A region without its end, without its begin, or inside another is named with its line."""
    found = notebook.region_problem(source, notebook.SOLUTION)
    assert said in found
    assert bool(said) == bool(found)


def test_region_lines_leave_the_rest_out() -> None:
    """Only what stands between the markers is the region, in every region of the cell."""
    source = "a\n### BEGIN SOLUTION\nb\n### END SOLUTION\nc\n  ### BEGIN SOLUTION\n  d\n  ### END SOLUTION"
    assert notebook.region_lines(source, notebook.SOLUTION) == ("b", "  d")


STUBBED = "class A:\n    def f(self):\n        {0}\n\n    def g(self):\n        {0}\n    # the end"
SOLVED = STUBBED.format("### BEGIN SOLUTION\n        return 1\n        ### END SOLUTION")
RELEASED = STUBBED.format("# YOUR CODE HERE\n        raise NotImplementedError()")


@pytest.mark.parametrize(
    ("handed_in", "as_given_out"),
    [
        (RELEASED, True),
        (RELEASED.replace("()", "( )").replace("    # the end", "\n\n  # What is wanted here?\n"), True),
        (RELEASED.replace("raise NotImplementedError()", "return 2", 1), False),
        (RELEASED + "\nx = 1", False),
        (RELEASED.replace("# YOUR CODE HERE", "print(self)"), False),
        (RELEASED.replace("raise NotImplementedError()", "pass"), False),
        (SOLVED, False),
        ("", False),
    ],
)
def test_what_is_as_it_was_given_out(handed_in: str, *, as_given_out: bool) -> None:
    """Every region's stub in its place and nothing else but comments: one line more, and the cell was begun."""
    assert notebook.is_as_given_out(handed_in, SOLVED) == as_given_out


def test_a_solution_without_a_region_is_given_out_as_a_stub_alone() -> None:
    """nbgrader puts the stub in the place of a whole solution cell that has no region."""
    assert notebook.is_as_given_out("# YOUR CODE HERE\nraise NotImplementedError()", "def f(): return 1")
    assert not notebook.is_as_given_out("def f(): return 1", "def f(): return 1")


def test_roles_and_exercises(small: Course) -> None:
    """Cells get nbgrader's roles, and exercises their points and definitions."""
    cells = notebook.cells(notebook.read(small.source("small")))
    roles = {cell.id: cell.role for cell in cells}
    assert roles["imports"] is Role.LOCKED
    assert roles["double"] is Role.SOLUTION
    assert roles["double-try"] is Role.FREE
    assert roles["double-grade"] is Role.TEST
    assert [(e.name, e.points, e.defines) for e in notebook.exercises(cells)] == [
        ("double", 0.5, ("double",)),
        ("quadruple", 2.0, ("quadruple",)),
    ]


def test_graded_cell_without_stub(small: Course) -> None:
    """A graded cell whose solution cell is missing is an error that names both."""
    node = json.loads(small.source("small").read_text())
    node["cells"] = [cell for cell in node["cells"] if cell["id"] != "double"]
    with pytest.raises(SourceError, match="'double-grade' grades exercise 'double'"):
        notebook.exercises(notebook.cells(node))


def test_manual_and_task_cells() -> None:
    """Manually graded cells and tasks have roles of their own, and sources may be lists of lines."""
    raw = {"cell_type": "markdown", "id": "q", "source": ["a\n", "b"], "metadata": {}}
    manual = {**raw, "metadata": {"nbgrader": {"grade": True, "solution": True, "grade_id": "q", "points": 1}}}
    task = {**raw, "metadata": {"nbgrader": {"task": True, "locked": True, "grade_id": "t"}}}
    cells = notebook.cells({"cells": [raw, manual, task]})
    assert [cell.role for cell in cells] == [Role.FREE, Role.MANUAL, Role.TASK]
    assert cells[0].source == "a\nb"


def test_damaged_cells_are_read_as_free() -> None:
    """Metadata, points and sources of the wrong kind are read without a crash and trusted in nothing."""
    damaged = [
        {"cell_type": "code", "id": 7, "metadata": [], "source": None},
        {"metadata": {"nbgrader": "x"}, "source": ["a", 1]},
        {"metadata": {"nbgrader": {"grade": True, "grade_id": None, "points": "many"}}},
        {"metadata": {"nbgrader": {"grade": True, "points": float("nan")}}},
    ]
    found = notebook.cells({"cells": damaged})
    assert [cell.role for cell in found] == [Role.FREE, Role.FREE, Role.TEST, Role.TEST]
    assert [cell.points for cell in found] == [0.0] * 4
    assert found[1].source == "a1"


def test_definitions_of_broken_code() -> None:
    """A cell that is no Python defines nothing; nested definitions do not count."""
    assert notebook.definitions("def f(:") == ()
    assert notebook.definitions("def f():\n    def g(): ...\nclass C: ...") == ("f", "C")


@pytest.mark.parametrize(
    ("text", "points"), [("## 2 Softmax (0.5 points)", 0.5), ("# Graded: 1 point.", 1.0), ("no figure", None)]
)
def test_stated_points(text: str, points: float | None) -> None:
    """Points are read from a heading and from the graded cell's comment."""
    assert notebook.stated_points(text) == points


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import pandas as pd, numpy\nfrom scipy.stats import norm", ("pandas", "numpy", "scipy.stats")),
        ("%matplotlib inline\nimport os.path", ("os.path",)),
        ("def f():\n    import inner", ()),
        ("from . import near", ()),
        ("import (", ()),
    ],
)
def test_what_a_cell_imports(source: str, names: tuple[str, ...]) -> None:
    """Modules by their full names, at the top level alone; nothing where it is no Python."""
    assert notebook.imported(source) == names
