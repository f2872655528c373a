"""What a learner handed in, read from the autograded notebook: titles, answers and what their cells showed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradekit.course import notebook
from gradekit.handin import find
from gradekit.model import Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gradekit.model import Cell


POINTS = re.compile(r"\s*\(\s*\d+(?:\.\d+)?\s+points?\s*\)\s*$")
TEXT_SUFFIX = "-text"
MAX_TITLE = 120  # characters
MAX_HEADING = 400  # characters of the line that it stands in
MAX_SHOWN = 4_000  # characters of a manually graded cell's printed output
MAX_FIGURES = 3  # of a manually graded cell


@dataclass(frozen=True)
class Shown:
    """What a cell has shown: text, figures as base64, and the exception that ended it (kind and text)."""

    text: str = ""
    figures: tuple[str, ...] = ()
    error: tuple[str, str] | None = None


@dataclass(frozen=True)
class NotebookAnswers:
    """One notebook as it was handed in.

    Attributes
    ----------
    title : str
        Its first heading; empty where it has none.
    cells : mapping of str to Cell
        By grade_id, in the notebook's order.
    headings : mapping of str to str
        grade_id → the heading above that cell.
    problem : str
        Why there is nothing to read; empty otherwise.
    unread : bool
        Whether something was handed in that could not be read.
    """

    title: str = ""
    cells: Mapping[str, Cell] = field(default_factory=dict)
    headings: Mapping[str, str] = field(default_factory=dict)
    raw: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    problem: str = ""
    unread: bool = False

    def answer_of(self, graded: str) -> Cell | None:
        """Return the learner's cell that a graded cell is about: that of its name, else the last one before it."""
        own = self.cells.get(graded.removesuffix(notebook.GRADE_SUFFIX))
        if own is not None and own.role in (Role.SOLUTION, Role.MANUAL, Role.TASK):
            return own
        found = None
        for name, cell in self.cells.items():
            if name == graded:
                return found
            if cell.role is Role.SOLUTION:
                found = cell
        return None

    def attachments(self, grade_id: str) -> dict[str, dict[str, str]]:
        """Return the files that a Markdown cell carries, by name and kind."""
        found = self.raw.get(grade_id, {}).get("attachments")
        files = found.items() if isinstance(found, dict) else ()
        return {
            str(name): {str(kind): _text(data) for kind, data in kinds.items()}
            for name, kinds in files
            if isinstance(kinds, dict)
        }

    def shown(self, grade_id: str) -> Shown:
        """Return what a cell has shown, bounded."""
        outputs = self.raw.get(grade_id, {}).get("outputs")
        text, figures, error = "", [], None
        for output in outputs if isinstance(outputs, list) else ():
            if not isinstance(output, dict):
                continue
            if output.get("output_type") == "error":
                error = (_text(output.get("ename"))[:80], _text(output.get("evalue"))[:300])
                continue
            data = output.get("data")
            data = data if isinstance(data, dict) else {}
            if "image/png" in data:
                figures.append(_text(data["image/png"]))
            elif len(text) <= MAX_SHOWN:
                text += _text(output.get("text", data.get("text/plain", "")))
        return Shown(text, tuple(figures[:MAX_FIGURES]), error)


def read(path: Path) -> NotebookAnswers:
    """Read a notebook of ``autograded/``; one that cannot be read says why."""
    if path.is_symlink() or not path.is_file():
        return NotebookAnswers(problem="This notebook was not handed in.")
    node = find.read(path)
    if isinstance(node, find.Unreadable):
        return NotebookAnswers(problem=node.reason)
    cells = notebook.cells(node)
    texts = [cell.source for cell in cells if cell.kind == "markdown"]
    title = heading(texts[0]) if texts else ""
    named = {cell.grade_id: cell for cell in cells if cell.grade_id}
    raw = {cell.grade_id: node["cells"][cell.index] for cell in named.values()}
    return NotebookAnswers(title, named, _headings(cells, title), raw)


def _headings(cells: tuple[Cell, ...], title: str) -> dict[str, str]:
    """Find for each cell the heading that it stands under; the learner's own headings are not the notebook's."""
    own = {cell.grade_id: heading(cell.source) for cell in cells if cell.role is Role.LOCKED}
    found, last = {}, ""
    for cell in cells:
        if cell.kind == "markdown" and cell.role in (Role.LOCKED, Role.TASK):
            last = heading(cell.source) or last
        if cell.grade_id:
            name = cell.grade_id.removesuffix(notebook.GRADE_SUFFIX)
            found[cell.grade_id] = own.get(name + TEXT_SUFFIX, "") or ("" if last == title else last)
    return found


def heading(text: str) -> str:
    """Return a Markdown text's first heading, without its points; empty where it has none."""
    for line in text.splitlines():
        begun = line.lstrip(" ")
        words = begun.lstrip("#")
        marks = len(begun) - len(words)
        if len(line) - len(begun) <= 3 and 1 <= marks <= 6 and words[:1].isspace():
            return POINTS.sub("", words[:MAX_HEADING].strip().rstrip("#").rstrip())[:MAX_TITLE]
    return ""


def _text(value: object) -> str:
    """Return a text of a notebook, which may be in lines."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""
