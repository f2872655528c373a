"""The texts that a new course, assignment or exercise begins with: files in ``templates/``, with names to fill in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from gradekit.course import notebook

if TYPE_CHECKING:
    from gradekit.course.course import Course

ASKS = "*Write here "  # what the templates say where a text of one's own belongs
FOLDER = Path(__file__).parent / "templates"


def template(file: str, **words: str) -> str:
    """Return a template's text with these words filled in: ``exercise="mean"`` for ``the_exercise``, and so on.

    A longer name that begins so, as ``the_exercise_values``, begins with the word then.
    """
    text = (FOLDER / file).read_text(encoding="utf-8")
    for name, word in words.items():
        text = re.sub(rf"\bthe_{name}(?![a-z])", word, text)  # names of letters, digits, _ and -
    return text


def unwritten(course: Course, assignment: str) -> tuple[str, ...]:
    """Return the text cells of an assignment that still say what to write there, by their ids."""
    cells = (cell for path in course.notebooks(assignment) for cell in notebook.cells(notebook.read(path)))
    return tuple(cell.id for cell in cells if cell.kind == "markdown" and ASKS in cell.source)
