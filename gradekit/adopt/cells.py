"""One notebook of other making → format 4.5, schema 3, ids, no outputs, a solution region in every solution cell."""

from __future__ import annotations

import copy
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from gradekit.adopt.changes import AdoptedNotebook, Change
from gradekit.adopt.upgrade import upgrade_cell
from gradekit.course import notebook
from gradekit.errors import SourceError
from gradekit.model import Role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gradekit.adopt.upgrade import Delimiters

CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")  # what format 4.5 allows
LONGEST = 56  # characters of an id that a number may come behind
OURS = {"solution": ("BEGIN SOLUTION", "END SOLUTION"), "tests": ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS")}


def adopt_notebook(path: Path, delimiters: Delimiters) -> AdoptedNotebook:
    """Bring a notebook to the form that release takes; its texts stay, but for the markers of regions.

    Raises
    ------
    SourceError
        Naming every fault that is found: the cell, the line, what to do.
    """
    node = copy.deepcopy(notebook.read(path))
    _refuse_other_languages(path, node)
    changes = [Change(path.name, "", f"format 4.{_minor(node)} → 4.5")] if _minor(node) < 5 else []
    node["nbformat_minor"] = max(_minor(node), 5)
    node["cells"], faults = _upgraded(node["cells"], path.name, changes)
    faults += list(_name_faults(node))
    if not faults:
        _give_ids(node, path.name, changes)
        _strip(node, path.name, changes)
        faults = [fault for raw in node["cells"] for fault in _mark(raw, path.name, delimiters, changes)]
    if faults:
        raise SourceError(f"{path} cannot be adopted:\n" + "\n".join(f"  - {fault}" for fault in faults))
    return AdoptedNotebook(node, tuple(changes))


def _minor(node: dict[str, Any]) -> int:
    found = node.get("nbformat_minor", 0)
    return found if isinstance(found, int) else 0


def _refuse_other_languages(path: Path, node: dict[str, Any]) -> None:
    kernel = node.get("metadata", {}).get("kernelspec", {})
    language = str(kernel.get("language", "") or "python") if isinstance(kernel, dict) else "python"
    if language.lower() != "python":
        raise SourceError(
            f"{path} is for the kernel '{kernel.get('name')}' ({language}).",
            help="gradekit runs Python alone: leave this assignment to nbgrader.",
        )


def text_of(raw: dict[str, Any]) -> str:
    """Return a cell's text, whichever of the format's two ways it is kept in."""
    source = raw.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _upgraded(cells: list[dict[str, Any]], name: str, changes: list[Change]) -> tuple[list[dict[str, Any]], list[str]]:
    """Bring the metadata of all cells to schema 3; return the cells, and what nbgrader cannot make of some."""
    made, faults = [], []
    schemas: Counter[str] = Counter()
    for number, raw in enumerate(cells, start=1):
        if not isinstance(raw.get("metadata"), dict):
            raw["metadata"] = {}
        had = copy.deepcopy(raw["metadata"].get("nbgrader"))
        cell, fault = upgrade_cell(raw)
        named = str(had.get("grade_id", "")) if isinstance(had, dict) else ""
        if fault:
            faults.append(f"cell {number} ({named or 'no grade_id'}): {fault}; set its type again in Create Assignment")
        if isinstance(had, dict) and cell["metadata"].get("nbgrader") != had:
            schemas[str(had.get("schema_version", 0))] += 1
        made.append(cell)
    for before, count in schemas.items():
        what = f"schema {before} → 3" if before != "3" else "keys that schema 3 does not know taken out"
        changes.append(Change(name, "", f"nbgrader's metadata of {count} cells: {what}"))
    return made, faults


def _name_faults(node: dict[str, Any]) -> Iterator[str]:
    """Yield what two cells of one name, or a name that nbgrader refuses, would do to rows of the gradebook."""
    cells = [cell for cell in notebook.cells(node) if cell.role is not Role.FREE]
    times = Counter(cell.grade_id for cell in cells)
    for cell in cells:
        if times[cell.grade_id] > 1:
            yield (
                f"cell {cell.index + 1}: the grade_id '{cell.grade_id}' stands {times[cell.grade_id]} times; "
                "give one of them another in Create Assignment (rows of the gradebook go by it)"
            )


def _give_ids(node: dict[str, Any], name: str, changes: list[Change]) -> None:
    """Make each id the grade_id where that is a valid one; else keep a valid id, else make one of kind and position."""
    cells = notebook.cells(node)
    used = {cell.grade_id for cell in cells if cell.role is not Role.FREE and CELL_ID.match(cell.grade_id)}
    given = 0
    for cell, raw in zip(cells, node["cells"], strict=True):
        if cell.role is not Role.FREE and CELL_ID.match(cell.grade_id):
            wanted = cell.grade_id
        else:
            kept = cell.id if CELL_ID.match(cell.id) and cell.id not in used else ""
            wanted = kept or _fresh(cell.grade_id[:LONGEST] or f"{cell.kind}-{cell.index + 1}", used)
            used.add(wanted)
        given += raw.get("id") != wanted
        raw["id"] = wanted
    if given:
        changes.append(Change(name, "", f"{given} of {len(cells)} cells get an id (the grade_id, where there is one)"))


def _fresh(base: str, used: set[str]) -> str:
    base = re.sub(r"[^A-Za-z0-9_-]", "-", base) or "cell"
    found, number = base, 1
    while found in used:
        number += 1
        found = f"{base}-{number}"
    return found


def _strip(node: dict[str, Any], name: str, changes: list[Change]) -> None:
    """Take outputs and execution counts away, and what only fits other kinds of cells."""
    stripped = 0
    for raw in node["cells"]:
        if raw.get("cell_type") == "code":
            stripped += bool(raw.get("outputs") or raw.get("execution_count"))
            raw |= {"outputs": [], "execution_count": None}
        else:
            raw.pop("outputs", None)
            raw.pop("execution_count", None)
    if stripped:
        changes.append(Change(name, "", f"outputs or execution counts of {stripped} cells stripped"))


# --- the markers of regions ------------------------------------------------------------------------------------------


def _mark(raw: dict[str, Any], name: str, delimiters: Delimiters, changes: list[Change]) -> Iterator[str]:
    """Mark a cell's regions as gradekit reads them, beside the course's own markers; yield what is wrong with them."""
    before = text = text_of(raw)
    for kind, own in (("solution", delimiters.solution), ("tests", delimiters.tests)):
        text = "\n".join(_marked_line(line, own, OURS[kind]) for line in text.split("\n"))
    (cell,) = notebook.cells({"cells": [raw | {"source": text}]})
    faults = [problem for region in (notebook.SOLUTION, notebook.HIDDEN_TESTS) if (problem := _problem(text, region))]
    bare = cell.role is Role.SOLUTION and cell.kind == "code" and "BEGIN SOLUTION" not in text
    if bare and not faults:
        text = "\n".join(
            [marker(delimiters.solution[0], "solution", 0), text, marker(delimiters.solution[1], "solution", 1)]
        )
    if text != before:
        what = "all of it marked as the solution, as nbgrader clears it" if bare else "its markers are gradekit's too"
        changes.append(Change(name, raw["id"], what))
        raw["source"] = text.splitlines(keepends=True)
    yield from (f"cell '{raw['id']}': {fault}; nbgrader stops at it too" for fault in faults)
    yield from (f"cell '{raw['id']}': {fault}" for fault in _misplaced(cell, text))


def _problem(text: str, region: str) -> str:
    return notebook.region_problem(text, region)


def _misplaced(cell: Any, text: str) -> Iterator[str]:
    """Yield what nbgrader refuses: a region in a cell of another kind, which it would leave for students to read."""
    if "BEGIN SOLUTION" in text and cell.role not in (Role.SOLUTION, Role.MANUAL, Role.TASK):
        yield "it holds a solution and is no solution cell: make it one in Create Assignment, or take the markers out"
    if "BEGIN HIDDEN TESTS" in text and cell.role not in (Role.TEST, Role.MANUAL):
        yield "it holds hidden tests and is no test cell: make it one in Create Assignment, or take the markers out"


def _marked_line(line: str, own: tuple[str, str], ours: tuple[str, str]) -> str:
    for mine, theirs in zip(own, ours, strict=True):
        if mine in line and theirs not in line:
            return f"{line.rstrip()} ### {theirs}"
    return line


def marker(own: str, kind: str, end: int) -> str:
    """Return the line that begins or ends a region for nbgrader, under the course's settings, and for gradekit."""
    ours = OURS[kind][end]
    return f"### {ours}" if own in f"### {ours}" else f"{own if own.startswith('#') else f'# {own}'} ### {ours}"
