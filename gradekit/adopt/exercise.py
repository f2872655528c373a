"""A graded cell whose asserts are to be moved: its Python, its solution cell, and whose each name in it is."""

from __future__ import annotations

import ast
import importlib.util
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradekit.adopt.names import Names, ends_in_a_value, used
from gradekit.course import notebook
from gradekit.errors import SourceError
from gradekit.judging.reference import solution_cells
from gradekit.model import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gradekit.model import Cell


@dataclass(frozen=True)
class Found:
    """A graded cell whose asserts can be moved.

    Attributes
    ----------
    code : str
        All of the cell's Python, the markers' lines left blank, so that lines keep their numbers.
    """

    path: Path
    cells: tuple[Cell, ...]
    graded: Cell
    code: str
    names: Names
    stub: Cell

    @property
    def name(self) -> str:
        """What the exercise is called."""
        return notebook.exercise_of(self.graded.grade_id)


def find(path: Path, node: Mapping[str, Any], wanted: str) -> Found:
    """Find a graded cell, and say why its asserts cannot be moved where that is so.

    Raises
    ------
    SourceError
        With the cell, the line, and what to do.
    """
    cells = notebook.cells(dict(node))
    graded = _graded(path, cells, wanted)
    if "AUTOTEST" in graded.source:
        raise _refused(path, graded, "nbgrader writes its tests at release (AUTOTEST)", "Write hidden tests by hand.")
    code = _without_markers(graded.source)
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", 0) or 0
        raise _refused(path, graded, f"line {line} is no Python ({error})", "Take magics out of the cell.") from None
    if ends_in_a_value(code):
        raise _refused(
            path,
            graded,
            f"line {body[-1].lineno} ends the cell in a value, which is a score in parts",
            "Write a hidden test with weight= for each part by hand; see docs/howto/adopt.md.",
        )
    names = names_of(path, cells, graded)
    return Found(path, cells, graded, code, names, _stub(path, cells, graded, used(code, names)))


def _refused(path: Path, cell: Cell, why: str, advice: str) -> SourceError:
    return SourceError(f"{path.name}, cell '{cell.grade_id}': {why}. Its asserts stay where they are.", help=advice)


def _graded(path: Path, cells: Sequence[Cell], wanted: str) -> Cell:
    graded = [cell for cell in cells if cell.role is Role.TEST]
    found = [cell for cell in graded if cell.grade_id == wanted]
    if not found:
        names = ", ".join(cell.grade_id for cell in graded if cell.points) or "none"
        raise SourceError(f"{path.name} has no graded cell '{wanted}'.", help=f"Its graded cells with points: {names}.")
    cell = found[0]
    if not cell.points:
        raise _refused(path, cell, "it carries no points", "Name the graded cell that carries the exercise's points.")
    twin = [item.grade_id for item in graded if item is not cell and _names_collide(item.grade_id, wanted)]
    if twin:
        raise _refused(path, cell, f"'{twin[0]}' would be the same exercise", "Rename neither: move the other one.")
    return cell


def _names_collide(one: str, other: str) -> bool:
    return notebook.exercise_of(one) == notebook.exercise_of(other)


def _without_markers(source: str) -> str:
    lines = source.split("\n")
    marks = [f"{edge} {notebook.HIDDEN_TESTS}" for edge in ("BEGIN", "END")]
    return "\n".join("" if any(mark in line for mark in marks) else line for line in lines)


def names_of(path: Path, cells: Sequence[Cell], graded: Cell) -> Names:
    """Read off the cells before a graded one whose each name is."""
    calls: set[str] = set()
    values: set[str] = set()
    given: set[str] = set()
    imports: dict[str, str] = {}
    known = {cell.index for cell in solution_cells(cells)}
    for cell in cells[: graded.index]:
        if cell.kind != "code":
            continue
        try:
            tree = ast.parse(notebook.without_magics(cell.source))
        except (SyntaxError, ValueError):
            continue
        defined, assigned = _made_by(tree, imports)
        if cell.role in (Role.SOLUTION, Role.MANUAL):
            calls |= defined
            values |= assigned
        elif cell.index in known:
            given |= defined | assigned
    absent = {name for name, line in imports.items() if not _importable(path.parent, line)}
    return Names(
        frozenset(calls), frozenset(values - calls), frozenset(given - calls - values), imports, frozenset(absent)
    )


def _made_by(tree: ast.Module, imports: dict[str, str]) -> tuple[set[str], set[str]]:
    """Return the functions and classes, and the variables, that a cell makes; note what it imports."""
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                one = (
                    ast.Import([alias])
                    if isinstance(node, ast.Import)
                    else ast.ImportFrom(node.module, [alias], node.level)
                )
                imports[alias.asname or alias.name.split(".")[0]] = ast.unparse(one)
    stored = {
        inner.id
        for node in tree.body
        for inner in _outside_functions(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    }
    return defined, stored - defined


def _outside_functions(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return []
    return [node, *(found for child in ast.iter_child_nodes(node) for found in _outside_functions(child))]


def _importable(folder: Path, line: str) -> bool:
    """Tell whether hidden tests, which run elsewhere than the notebook, can have a module."""
    match = re.match(r"(?:import|from) (\w+)", line)
    root = match.group(1) if match else ""
    if not root or (folder / f"{root}.py").exists() or (folder / root).is_dir():
        return False
    return importlib.util.find_spec(root) is not None


def _stub(path: Path, cells: Sequence[Cell], graded: Cell, mentioned: frozenset[str]) -> Cell:
    """Return the solution cell that an exercise is about: the last one before it that defines what its asserts call."""
    before = [cell for cell in cells[: graded.index] if cell.role is Role.SOLUTION and cell.kind == "code"]
    own = [cell for cell in before if mentioned & set(notebook.definitions(cell.source))]
    if own:
        return own[-1]
    what = "its asserts call no function of a solution cell's"
    raise _refused(
        path, graded, what, "Hidden tests call functions: let the exercise ask for one, or keep the asserts."
    )
