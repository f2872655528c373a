"""Which answers are what they were when the submission was graded before: a person's score for such a one stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gradekit.course import notebook
from gradekit.course.notebook import GRADE_SUFFIX
from gradekit.errors import SourceError
from gradekit.model import Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gradekit.model import Cell

WRITTEN = (Role.SOLUTION, Role.MANUAL)


def unchanged(before: Path, node: Mapping[str, Any]) -> frozenset[str]:
    """Return the graded cells and tasks of a notebook whose answers are those of the notebook before.

    Parameters
    ----------
    before : Path
        The autograded notebook of the last grading; where there is none, nothing is known to be unchanged.
    """
    try:
        old = _answers(notebook.read(before))
    except SourceError:
        return frozenset()
    return frozenset(name for name, answer in _answers(dict(node)).items() if old.get(name) == answer)


def graded(node: Mapping[str, Any]) -> frozenset[str]:
    """Return all graded cells and tasks of a notebook."""
    return frozenset(_answers(dict(node)))


def _answers(node: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return what a person looks at, for each graded cell and task: the learner's cells that it is about.

    Of a graded cell the solution cells since the last graded one before them, and the one of its own name; of a task
    all that is not locked, since its answer may stand anywhere.
    """
    cells = notebook.cells(node)
    texts = {cell.index: _text(cell, node["cells"][cell.index]) for cell in cells}
    named = {cell.grade_id: texts[cell.index] for cell in cells if cell.role in WRITTEN}
    free = tuple(texts[cell.index] for cell in cells if cell.role not in (Role.LOCKED, Role.TEST))
    found: dict[str, tuple[str, ...]] = {}
    since: list[str] = []
    looked_at = False
    for cell in cells:
        if cell.role in WRITTEN:
            since = [*([] if looked_at else since), texts[cell.index]]
            looked_at = False
        if cell.role in (Role.TEST, Role.MANUAL):
            found[cell.grade_id] = (*since, named.get(cell.grade_id.removesuffix(GRADE_SUFFIX), ""))
            looked_at = looked_at or bool(cell.points)
        elif cell.role is Role.TASK:
            found[cell.grade_id] = free
    return found


def _text(cell: Cell, raw: Mapping[str, Any]) -> str:
    """Return what a cell holds; of a text cell with its pictures."""
    return cell.source + (json.dumps(raw["attachments"], sort_keys=True) if raw.get("attachments") else "")
