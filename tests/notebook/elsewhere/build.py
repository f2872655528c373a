"""How an assignment of other making is put together: cells as formgrader's toolbar makes them, and three hand-ins."""

from __future__ import annotations

import copy
import json
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
Cell = dict[str, Any]
Change = Callable[[dict[str, Any]], None]  # changes a notebook before it is handed in


@dataclass(frozen=True)
class Student:
    """What one of the class hands in.

    Attributes
    ----------
    answers : mapping of str to str
        By grade_id; a solution cell that is not named has the source's own answer, unless `blank`.
    blank : bool
        Everything that is not named is as it was released.
    files : mapping of str to str
        Files beside the notebooks, of the student's own making or changed.
    changes : mapping of str to callable
        By notebook: what else was done to it.
    without : tuple of str
        Notebooks that were not handed in.
    timestamp : str
        When it was handed in, as the file says it.
    """

    answers: Mapping[str, str] = field(default_factory=dict)
    blank: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, Change] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    timestamp: str = ""


@dataclass(frozen=True)
class Elsewhere:
    """One assignment of other making, and its class.

    Attributes
    ----------
    notebooks : mapping of str to sequence of cell
        In the form of the source.
    files : mapping of str to bytes
        Data and helper modules beside them.
    needs : tuple of str
        Modules that this Python must have.
    settings : str
        Lines of ``nbgrader_config.py``.
    minor : int
        The notebooks' format is 4 and this.
    """

    name: str
    notebooks: Mapping[str, Sequence[Cell]]
    students: Mapping[str, Student]
    files: Mapping[str, bytes] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    settings: str = ""
    minor: int = 5

    @property
    def old(self) -> bool:
        """Whether nbgrader wants it updated first."""
        marks = (cell["metadata"].get("nbgrader", {}) for cells in self.notebooks.values() for cell in cells)
        return any(mark.get("schema_version", 3) < 3 for mark in marks)


def text(source: str) -> Cell:
    """Return a free text cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": textwrap.dedent(source).strip()}


def code(source: str) -> Cell:
    """Return a free code cell."""
    source = textwrap.dedent(source).strip("\n")
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}


def _marked(cell: Cell, name: str, schema: int, **flags: Any) -> Cell:
    meta: dict[str, Any] = {"schema_version": schema, "grade_id": name, "grade": False, "solution": False}
    meta |= {"locked": False} | ({"task": False} if schema >= 3 else {}) | flags
    if schema == 0:  # of the first years
        del meta["schema_version"]
    cell["metadata"]["nbgrader"] = meta
    return cell


def locked(name: str, source: str, *, kind: str = "code", schema: int = 3) -> Cell:
    """Return a read-only cell."""
    return _marked(code(source) if kind == "code" else text(source), name, schema, locked=True)


def answer(name: str, solution: str, *, before: str = "", after: str = "", schema: int = 3) -> Cell:
    """Return a solution cell: what stands between `before` and `after` is the student's."""
    parts = (before, f"{BEGIN}\n{textwrap.dedent(solution).strip(chr(10))}\n{END}", after)
    if before.rstrip().endswith(":"):  # inside of a function
        parts = (before, textwrap.indent(parts[1], "    "), after)
    return _marked(code("\n".join(part for part in parts if part)), name, schema, solution=True)


def tests(name: str, points: float, source: str, *, hidden: str = "", schema: int = 3) -> Cell:
    """Return an autograded cell; what is hidden is not released."""
    source = textwrap.dedent(source).strip("\n")
    if hidden:
        source += f"\n### BEGIN HIDDEN TESTS\n{textwrap.dedent(hidden).strip(chr(10))}\n### END HIDDEN TESTS"
    return _marked(code(source), name, schema, grade=True, locked=True, points=points)


def manual(name: str, points: float, solution: str, *, kind: str = "markdown", schema: int = 3) -> Cell:
    """Return a manually graded answer."""
    cell = code(f"{BEGIN}\n{solution}\n{END}") if kind == "code" else text(solution)
    return _marked(cell, name, schema, grade=True, solution=True, points=points)


def task(name: str, points: float, source: str) -> Cell:
    """Return a task, of schema 3: a person grades what stands around it."""
    return _marked(text(source), name, 3, task=True, locked=True, points=points)


def write_source(item: Elsewhere, root: Path) -> None:
    """Write an assignment's source and its settings into a course's folder."""
    folder = root / "source" / item.name
    for name, content in item.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    folder.mkdir(parents=True, exist_ok=True)
    for name, cells in item.notebooks.items():
        made = [copy.deepcopy(dict(cell)) for cell in cells]
        for number, cell in enumerate(made):
            if item.minor >= 5:
                cell["id"] = cell["metadata"].get("nbgrader", {}).get("grade_id", f"free-{number}")
        kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
        meta = {"kernelspec": kernel, "language_info": {"name": "python", "version": "3.8.10"}}
        node = {"nbformat": 4, "nbformat_minor": item.minor, "metadata": meta, "cells": made}
        (folder / f"{name}.ipynb").write_text(json.dumps(node, indent=1), encoding="utf-8")
    words = "c = get_config()\nc.Execute.extra_arguments = ['--IPKernelApp.log_level=ERROR']\n" + item.settings
    (root / "nbgrader_config.py").write_text(words, encoding="utf-8")


def hand_in(item: Elsewhere, root: Path) -> None:
    """Hand in for everybody, in notebooks as they were released."""
    own = {
        cell["metadata"]["nbgrader"]["grade_id"]: _without_marks(cell["source"])
        for cells in item.notebooks.values()
        for cell in cells
        if cell["metadata"].get("nbgrader", {}).get("solution")
    }
    for name, student in item.students.items():
        folder = root / "submitted" / name / item.name
        folder.mkdir(parents=True)
        answers = {**({} if student.blank else own), **student.answers}
        for path in sorted((root / "release" / item.name).glob("*.ipynb")):
            if path.stem in student.without:
                continue
            node = json.loads(path.read_text(encoding="utf-8"))
            for cell in node["cells"]:
                grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
                cell["source"] = answers.get(grade_id, cell["source"])
            student.changes.get(path.stem, lambda _: None)(node)
            (folder / path.name).write_text(json.dumps(node), encoding="utf-8")
        for file, content in student.files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(content, encoding="utf-8")
        if student.timestamp:
            (folder / "timestamp.txt").write_text(student.timestamp, encoding="utf-8")


def _without_marks(source: str) -> str:
    return "\n".join(line for line in source.split("\n") if line.strip() not in (BEGIN, END))


def find(node: dict[str, Any], name: str) -> Cell:
    """Return the cell of that grade_id."""
    found: Cell = next(cell for cell in node["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == name)
    return found
