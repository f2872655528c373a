"""What a source notebook is refused for, and what may not reach students."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.errors import LeakError, SourceError
from gradekit.release.inspection import Secret, check_release, check_solutions, check_source

Edit = Callable[[Callable[[dict[str, Any]], Any]], None]


def _meta(cell: dict[str, Any], **changes: Any) -> None:
    cell["metadata"]["nbgrader"].update(changes)


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "old format": (lambda c: c[""].update(nbformat_minor=4), "format 4.4"),
    "output": (
        lambda c: c["double-try"].update(outputs=[{"output_type": "stream"}]),
        "'double-try': it holds an output",
    ),
    "count": (lambda c: c["double"].update(execution_count=3), "'double': it holds an output"),
    "no end": (
        lambda c: c["double"].update(source="def double(x):\n    ### BEGIN SOLUTION\n    pass"),
        "no END SOLUTION",
    ),
    "hidden without end": (lambda c: c["double-grade"].update(source="### BEGIN HIDDEN TESTS"), "no END HIDDEN TESTS"),
    "duplicate": (lambda c: _meta(c["quadruple"], grade_id="double"), "'double' stands twice"),
    "other id": (lambda c: _meta(c["quadruple"], grade_id="four"), "its grade_id is 'four'"),
    "bad id": (lambda c: _meta(c["quadruple"], grade_id="a b"), "the grade_id 'a b' must be"),
    "no id": (lambda c: c["double-try"].pop("id"), "cell 5: it has no id"),
    "misplaced solution": (
        lambda c: c["double-try"].update(source="### BEGIN SOLUTION\nx = 1\n### END SOLUTION"),
        "it holds a solution but is no solution cell",
    ),
    "no region": (lambda c: c["double"].update(source="def double(x): ..."), "without a solution region"),
    "no definition": (
        lambda c: c["double"].update(source="### BEGIN SOLUTION\nx = 1\n### END SOLUTION"),
        "defines no function",
    ),
    "no text": (lambda c: c[""]["cells"].remove(c["double-text"]), "it has no cell 'double-text'"),
    "order": (lambda c: c[""]["cells"].insert(3, c[""]["cells"].pop(5)), "must stand in the order"),
    "heading": (lambda c: c["double-text"].update(source="## Double (1 point)"), "states 1 points, but 'double-grade'"),
    "comment": (lambda c: c["double-grade"].update(source="# Graded: 2 points."), "states 2 points"),
    "total": (lambda c: c["title"].update(source="# Small\n\n11 points"), "add up to 2.5"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_refused_by_name(small: Course, edit: Edit, name: str) -> None:
    """Each fault of a source notebook is refused with the cell's id and what is wrong."""
    change, said = FAULTS[name]
    edit(change)
    path = small.source("small")
    with pytest.raises(SourceError) as caught:
        check_source(path, notebook.read(path))
    assert said in str(caught.value)


def test_all_faults_are_said_at_once(small: Course, edit: Edit) -> None:
    """An author who has two faults reads two lines."""
    edit(lambda c: (c["double"].update(execution_count=3), _meta(c["quadruple"], grade_id="four")))
    with pytest.raises(SourceError) as caught:
        check_source(small.source("small"), notebook.read(small.source("small")))
    assert str(caught.value).count("\n  - ") == 2


def test_good_source_is_let_through(small: Course) -> None:
    """The small course is as it should be."""
    check_source(small.source("small"), notebook.read(small.source("small")))


SECRET = [Secret("    doubled_value = x + x  # twice\n    return doubled_value\n    x = 1", cell="double")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "if True:\n\tdoubled_value=x+x"),
        ("a.txt", "the answer is doubled_value = x + x, of course"),
        ("deep/er/data.csv", "doubled_value = x + x"),
        (
            "a.ipynb",
            json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": ["doubled_value = x + x\n"]}]}),
        ),
        (
            "b.ipynb",
            json.dumps(
                {
                    "nbformat": 4,
                    "cells": [{"cell_type": "raw", "source": "", "metadata": {"k": "doubled_value = x + x"}}],
                }
            ),
        ),
    ],
)
def test_leak_is_found_in_every_file(tmp_path: Path, name: str, text: str) -> None:
    """A telling line is found in any file, any cell and its metadata, whatever its blanks."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    with pytest.raises(LeakError, match="doubled_value = x \\+ x"):
        check_release(tmp_path, secrets=SECRET)


def test_what_tells_nothing_is_no_leak(tmp_path: Path) -> None:
    """Short lines that everybody writes are no leak."""
    (tmp_path / "a.py").write_text("x = 1\nvalue = x + x\nreturn doubled_value")
    check_release(tmp_path, secrets=SECRET)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ({"output_type": "error", "ename": "NameError", "evalue": "x", "traceback": []}, "fails: NameError"),
        ({"output_type": "stream", "name": "stderr", "text": ["careful"]}, "writes to stderr: careful"),
        ({"output_type": "execute_result", "data": {}}, "ends in a value"),
    ],
)
def test_solution_that_does_not_run_clean(small: Course, edit: Edit, output: dict[str, Any], said: str) -> None:
    """An executed solution with an error, a warning, or a result in a test cell is refused."""
    edit(lambda c: c["double-tests"].update(outputs=[output]))
    with pytest.raises(SourceError, match=said):
        check_solutions(small.source("small"))
