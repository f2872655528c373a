"""What the learners of a class wrote into the cells of the assignment, and what everybody had or might write."""

from __future__ import annotations

import ast
import contextlib
from typing import TYPE_CHECKING, NamedTuple

from gradekit.course import notebook
from gradekit.course.rawcell import grade_id_of, nbgrader_of, text
from gradekit.errors import SourceError
from gradekit.handin import find
from gradekit.model import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from gradekit.course.course import Course

CATALOGUE = ("misconceptions.py", "alternatives.py")
MAX_TEXT = 10_000  # characters of an answer that are looked at: some 200 lines, five times the longest solution


class Place(NamedTuple):
    """One solution cell of an assignment: its notebook and its grade_id."""

    notebook: str
    grade_id: str


def answers(course: Course, assignment: str, students: Iterable[str]) -> dict[Place, dict[str, str]]:
    """Return the code that learners wrote into solution cells, cut; by cell and student, in the notebook's order."""
    places = _places(course, assignment)
    found: dict[Place, dict[str, str]] = {place: {} for place in places}
    for student in students:
        folder = course.folder("autograded", assignment, student)
        for name in {place.notebook for place in places}:
            for grade_id, written in _written(folder / f"{name}.ipynb"):
                if Place(name, grade_id) in found:
                    found[Place(name, grade_id)][student] = written
    return found


def _places(course: Course, assignment: str) -> tuple[Place, ...]:
    """Return the assignment's solution cells that hold code; none where the source cannot be read."""
    found = []
    for path in course.notebooks(assignment):
        with contextlib.suppress(SourceError):
            cells = notebook.cells(notebook.read(path))
            found += [
                Place(path.stem, cell.grade_id)
                for cell in cells
                if cell.kind == "code" and cell.role in (Role.SOLUTION, Role.MANUAL)
            ]
    return tuple(dict.fromkeys(found))


def _written(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the grade_id and the text of each solution cell of a notebook of ``autograded/``, within bounds."""
    node = None if path.is_symlink() or not path.is_file() else find.read(path)
    for cell in node["cells"] if isinstance(node, dict) else ():
        if nbgrader_of(cell).get("solution") and cell.get("cell_type") == "code":
            yield grade_id_of(cell), text(cell)[:MAX_TEXT]


def known(course: Course, assignment: str) -> dict[Place, tuple[str, ...]]:
    """Return for each solution cell what its answers may have in common without having been copied.

    That is what was given out, the source's solution, and the right and wrong answers of the catalogue.
    """
    released = sorted(course.folder("release", assignment).glob("*.ipynb"))
    common = [written for path in (*course.notebooks(assignment), *released) for written in _code(path)]
    listed = [entry for name in CATALOGUE for entry in entries(course.hidden(assignment) / name)]
    places = _places(course, assignment)
    others = {place.grade_id for place in places}
    return {
        place: (*common, *(entry for exercise, entry in listed if exercise not in others - {place.grade_id}))
        for place in places
    }


def _code(path: Path) -> list[str]:
    with contextlib.suppress(SourceError):
        return [cell.source for cell in notebook.cells(notebook.read(path)) if cell.kind == "code"]
    return []


def entries(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the exercise and the text of each answer in a file of the catalogue: read, not run."""
    try:
        written = path.read_text(encoding="utf-8")
        body = ast.parse(written).body
    except (OSError, ValueError, SyntaxError):  # none there; one that cannot be read is `gradekit verify`'s to say
        return
    lines = written.splitlines()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield _exercise(node), "\n".join(lines[node.lineno - 1 : node.end_lineno])


def _exercise(node: ast.FunctionDef | ast.ClassDef) -> str:
    """Return the exercise that a decorator names; empty where none does, as over a helper of several answers."""
    for made in node.decorator_list:
        if isinstance(made, ast.Call) and made.args and isinstance(made.args[0], ast.Constant):
            return str(made.args[0].value)
    return ""
