"""`gradekit new exercise`: five cells, hidden tests, a wrong answer and a right one, which can be released as they are.

They are an exercise on nothing in particular: what is to be written stands in each place, in words.
"""

from __future__ import annotations

import ast
import json
import keyword
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradekit.course import notebook
from gradekit.course.points import with_points
from gradekit.errors import CourseError, HiddenTestError, UsageError
from gradekit.judging.freeze import freeze
from gradekit.new.assignment import KINDS
from gradekit.new.template import template
from gradekit.new.write import writing
from gradekit.release.inspection import SUFFIXES, check_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gradekit.course.course import Course

NEEDED = {"tests": "exercise", "misconceptions": "misconception", "alternatives": "alternative"}  # of gradekit.hidden
RESERVED = frozenset({*NEEDED.values(), "np", "plt", "checks", "grade", "student", "reference", "expect"})


@dataclass(frozen=True)
class NewExercise:
    """Where a new exercise's parts were written."""

    notebook: Path
    cells: tuple[str, ...]
    hidden: tuple[Path, ...]


def new_exercise(course: Course, assignment: str, exercise: str, *, points: float) -> NewExercise:
    """Add an exercise behind the last one of an assignment's notebook, and to its hidden tests and catalogue.

    Raises
    ------
    UsageError, CourseError, SourceError, HiddenTestError
        Nothing has been written then.
    """
    course.check_assignment(assignment)
    if not exercise.isidentifier() or keyword.iskeyword(exercise) or not exercise.isascii() or exercise[0] == "_":
        raise UsageError(
            f"'{exercise}' cannot be an exercise's name: it becomes that of a function.",
            help="Letters, digits and _, and no digit or _ at the beginning.",
        )
    if exercise in RESERVED:
        raise UsageError(f"'{exercise}' stands for something else in a notebook or in its hidden tests.")
    if not (points > 0 and math.isfinite(points)):
        raise UsageError(f"--points {points:g}: an exercise is worth more than nothing.")
    source = course.source(assignment)
    node = notebook.read(source)
    made = _with_exercise(source, node, assignment, exercise, points)
    texts = {source: _written(made)}
    for kind in KINDS:
        path = course.hidden(assignment) / f"{kind}.py"
        texts[path] = _head(path, assignment, kind) + template(f"{kind}_exercise.txt", exercise=exercise)
    with writing(texts):
        freeze(course, assignment)
    hidden = tuple(path for path in texts if path != source)
    return NewExercise(source, tuple(exercise + suffix for suffix in SUFFIXES), hidden)


def _with_exercise(path: Path, node: dict[str, Any], assignment: str, exercise: str, points: float) -> dict[str, Any]:
    """Return the notebook with the exercise's cells behind the last graded one, or at its end."""
    cells = notebook.cells(node)
    taken = {name for cell in cells for name in (cell.id, cell.grade_id, *notebook.definitions(cell.source))}
    twice = [name for name in (exercise + suffix for suffix in SUFFIXES) if name in taken]
    if twice:
        raise CourseError(f"{path} has '{twice[0]}' already.", help="Choose another name for the new exercise.")
    text = template("exercise.ipynb", assignment=assignment, exercise=exercise)
    new = json.loads(text)["cells"]
    new[-1]["metadata"]["nbgrader"]["points"] = int(points) if points == int(points) else points
    at = max((cell.index + 1 for cell in cells if cell.points), default=len(cells))
    made = {**node, "cells": [*node["cells"][:at], *new, *node["cells"][at:]]}
    check_source(path, with_points(made))
    return made


def _written(node: dict[str, Any]) -> str:
    """Return a notebook's text as Jupyter writes it."""
    return json.dumps(node, indent=1, ensure_ascii=False) + "\n"


def _head(path: Path, assignment: str, kind: str) -> str:
    """Return what stands in a file of the hidden tests, or how one begins; the new part goes below.

    Raises
    ------
    HiddenTestError
        If it does not import what the new part is declared with, or is no Python.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        return template(f"{kind}_head.txt", assignment=assignment)
    text = path.read_text(encoding="utf-8")
    try:
        known = set(_imported(ast.parse(text)))
    except SyntaxError as error:
        raise HiddenTestError(f"{path} is no Python (line {error.lineno}).") from None
    if NEEDED[kind] not in known:
        raise HiddenTestError(
            f"{path} does not know the name '{NEEDED[kind]}'.",
            help=f"Write near its beginning: from gradekit.hidden import {NEEDED[kind]}",
        )
    return text.rstrip("\n") + "\n"


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "gradekit.hidden":
            yield from (item.asname or item.name for item in node.names)
