"""The one parser of cells, roles and regions. It reads JSON; it changes nothing and runs nothing."""

from __future__ import annotations

import ast
import json
import math
import re
from typing import TYPE_CHECKING, Any

from gradekit.errors import SourceError
from gradekit.model import Cell, Exercise, Role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


SOLUTION, HIDDEN_TESTS = "SOLUTION", "HIDDEN TESTS"
STUB = "raise NotImplementedError"  # nbgrader's ClearSolutions puts it where a solution was, below a comment
GRADE_SUFFIX = "-grade"
STUB_NAMED = re.compile(r"""^\s*grade\(.*\bstub="([^"]+)"\)\s*$""", re.MULTILINE)  # as `gradekit adopt` writes it
OTTER_IGNORE = "otter_ignore"  # otter-grader leaves a cell with this tag out when it grades


def read(path: Path) -> dict[str, Any]:
    """Read a notebook of format 4.

    Raises
    ------
    SourceError
        If the file is missing, unreadable, no UTF-8, no JSON, or of another format.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = json.loads(text)
    except FileNotFoundError:
        raise SourceError(f"There is no notebook {path}.") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 (byte {error.start}).", help="Save it again from Jupyter.") from None
    except (json.JSONDecodeError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise SourceError(
            f"{path} is not JSON{where}, so it is no notebook.",
            help="Open it in Jupyter and save it again, or take it from the last commit.",
        ) from None
    if not isinstance(node, dict) or node.get("nbformat") != 4 or not _all_objects(node.get("cells")):
        found = node.get("nbformat", "unknown") if isinstance(node, dict) else "unknown"
        raise SourceError(
            f"{path} is in notebook format {found}; gradekit reads format 4.",
            help="Convert it: jupyter nbconvert --to notebook --nbformat 4 --inplace NOTEBOOK",
        )
    return node


def _all_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def cells(node: dict[str, Any]) -> tuple[Cell, ...]:
    """Return the notebook's cells, each with its role."""
    return tuple(_cell(index, raw) for index, raw in enumerate(node["cells"]))


def _cell(index: int, raw: dict[str, Any]) -> Cell:
    source = raw.get("source", "")
    meta = _object(_object(raw.get("metadata")).get("nbgrader"))
    points = meta.get("points")
    return Cell(
        index=index,
        id=str(raw.get("id", "")),
        kind=str(raw.get("cell_type", "")),
        source="".join(map(str, source)) if isinstance(source, list) else str(source),
        role=_role(meta),
        grade_id=str(meta.get("grade_id", "")),
        points=float(points) if isinstance(points, int | float) and math.isfinite(points) else 0.0,
    )


def _object(value: object) -> dict[str, Any]:
    """Return a JSON object as it is, and anything else as an empty one: a damaged notebook is read, not trusted."""
    return value if isinstance(value, dict) else {}


def _role(meta: dict[str, Any]) -> Role:
    if not meta:
        return Role.FREE
    if meta.get("task"):
        return Role.TASK
    if meta.get("grade"):
        return Role.MANUAL if meta.get("solution") else Role.TEST
    if meta.get("solution"):
        return Role.SOLUTION
    return Role.LOCKED if meta.get("locked") else Role.FREE


def region_problem(source: str, region: str) -> str:
    """Say what is wrong with the region's markers in a cell; an empty string where nothing is."""
    inside = 0
    for number, line in enumerate(source.splitlines(), start=1):
        if f"BEGIN {region}" in line:
            if inside:
                return f"line {number} begins a {region.lower()} region inside the one begun at line {inside}"
            inside = number
        elif f"END {region}" in line:
            if not inside:
                return f"line {number} ends a {region.lower()} region that never began"
            inside = 0
    return f"the {region.lower()} region begun at line {inside} has no END {region}" if inside else ""


def region_lines(source: str, region: str) -> tuple[str, ...]:
    """Return the lines inside the cell's regions, markers left out."""
    lines, inside = [], False
    for line in source.splitlines():
        if f"BEGIN {region}" in line:
            inside = True
        elif f"END {region}" in line:
            inside = False
        elif inside:
            lines.append(line)
    return tuple(lines)


def is_as_given_out(handed_in: str, source: str) -> bool:
    """Tell whether a solution cell is still what students get of the source's cell; comments and blanks do not count.

    A course whose settings put another stub in a solution's place has none that is: then every cell was begun.
    """
    released, inside = [], False
    for line in source.splitlines():
        if f"BEGIN {SOLUTION}" in line:
            released.append(STUB)
        inside = (inside or f"BEGIN {SOLUTION}" in line) and f"END {SOLUTION}" not in line
        if not inside:
            released.append(line)
    return _statements(handed_in.splitlines()) == _statements(released if STUB in released else [STUB])


def _statements(lines: Iterable[str]) -> list[str]:
    """Return the lines that are more than a comment, without their blanks; every stub reads the same."""
    words = (" ".join(line.split()) for line in lines)
    return [STUB if line.startswith(STUB) else line for line in words if line and not line.startswith("#")]


def only_defines(source: str) -> bool:
    """Tell whether a cell holds imports, functions and classes, and nothing that runs."""
    try:
        body = ast.parse(without_magics(source)).body
    except (SyntaxError, ValueError):
        return False
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Pass)
    return bool(body) and all(isinstance(node, kinds) for node in body)


def without_magics(source: str) -> str:
    """Return a cell's Python: where it is none, lines that IPython alone understands (``%…``, ``!…``) become `pass`."""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return "\n".join(map(_without_magic, source.split("\n")))
    return source


def _without_magic(line: str) -> str:
    begun = line.lstrip(" \t")
    return line[: len(line) - len(begun)] + "pass" if begun.startswith(("%", "!")) else line


def definitions(source: str) -> tuple[str, ...]:
    """Return the names of functions and classes that a cell defines at its top level; none where it is no Python."""
    try:
        tree = ast.parse(without_magics(source))
    except (SyntaxError, ValueError):
        return ()
    return tuple(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef))


def imported(source: str) -> tuple[str, ...]:
    """Return the modules that a cell imports at its top level, by their full names; none where it is no Python."""
    try:
        body = ast.parse(without_magics(source)).body
    except (SyntaxError, ValueError):
        return ()
    found: dict[str, None] = {}
    for node in body:
        if isinstance(node, ast.Import):
            found |= dict.fromkeys(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found[node.module] = None
    return tuple(found)


def calls_hidden_tests(nb_cells: Iterable[Cell]) -> bool:
    """Say whether a graded cell calls gradekit's hidden tests, rather than holding tests of its own."""
    return any("gradekit.hidden" in line for cell in nb_cells for line in region_lines(cell.source, HIDDEN_TESTS))


def exercise_of(graded: str) -> str:
    """Return the name of the exercise that a graded cell with that grade_id is about."""
    return graded.removesuffix(GRADE_SUFFIX)


def exercises(nb_cells: Iterable[Cell]) -> tuple[Exercise, ...]:
    """Return the exercises with hidden tests, in the notebook's order.

    An exercise is a test cell named ``<ex>-grade`` whose stub is the solution cell ``<ex>``; or a test cell of any name
    that calls the hidden tests and names its solution cell: ``grade("hw1", "mean_test", globals(), stub="mean")``.
    A cell named so with asserts of its own, and no such call, is an inline one.

    Raises
    ------
    SourceError
        If a graded cell has no stub.
    """
    nb_cells = tuple(nb_cells)
    stubs = {cell.grade_id: cell for cell in nb_cells if cell.role is Role.SOLUTION}
    found = []
    for cell in nb_cells:
        named = _named_stub(cell)
        if not (named or _is_graded(cell)):
            continue
        name = exercise_of(cell.grade_id)
        if (named or name) not in stubs:
            raise SourceError(
                f"Cell '{cell.grade_id}' grades exercise '{name}', but no solution cell has the grade_id "
                f"'{named or name}'.",
                help="Give the exercise's solution cell that grade_id and that cell id.",
            )
        stub = stubs[named or name]
        defines = definitions(stub.source)
        found.append(Exercise(name, cell.points, stub, defines, graded=cell.grade_id, adopted=bool(named)))
    return tuple(found)


def _named_stub(cell: Cell) -> str:
    """Return the grade_id of the solution cell that a graded cell names in its call of the hidden tests, or ''."""
    if cell.role is not Role.TEST:
        return ""
    region = "\n".join(region_lines(cell.source, HIDDEN_TESTS))
    found = STUB_NAMED.search(region) if "gradekit.hidden" in region else None
    return found.group(1) if found else ""


def _is_graded(cell: Cell) -> bool:
    """Tell whether a cell is named as a graded cell of ours, and is not one with tests of its own."""
    if cell.role is not Role.TEST or not cell.grade_id.endswith(GRADE_SUFFIX):
        return False
    return "gradekit.hidden" in cell.source or not _holds_code(cell.source)


def _holds_code(source: str) -> bool:
    try:
        return bool(ast.parse(source).body)
    except (SyntaxError, ValueError):
        return True


def stated_points(text: str) -> float | None:
    """Return the points that a heading or a comment states, as in ``(0.5 points)``; None where it states none."""
    match = re.search(r"(\d+(?:\.\d+)?)\s+points?\b", text)
    return float(match.group(1)) if match else None
