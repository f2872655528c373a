"""Points stand in one place, the graded cell's metadata; headings and comments without them get them at release."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, TypeVar

from gradekit.course import notebook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradekit.model import Exercise

Node = TypeVar("Node", bound=dict[str, Any])


def with_points(node: Node) -> Node:
    """Return a source notebook as it is released: with the points in headings and graded cells that state none.

    The very notebook that was given where there is nothing to put in, else a copy.
    """
    cells = notebook.cells(node)
    named = {cell.grade_id or cell.id: cell for cell in cells}
    texts = {name: cell.source for name, cell in named.items()}
    changed = {
        name: text for exercise in notebook.exercises(cells) for name, text in _stated(exercise, texts) if name in named
    }
    if not changed:
        return node
    made = copy.deepcopy(node)
    for name, text in changed.items():
        made["cells"][named[name].index]["source"] = text
    return made


def _stated(exercise: Exercise, texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the cells of an exercise that state no points, each with its text as it should be."""
    points = f"{exercise.points:g} point{'s' * (exercise.points != 1)}"
    found, graded = [], texts[exercise.graded]
    if notebook.stated_points(graded) is None:
        found.append((exercise.graded, f"# Graded with hidden tests: {points}.\n{graded}"))
    name = f"{exercise.name}-text"
    heading, line_end, rest = texts.get(name, "").partition("\n")
    if not exercise.adopted and heading.startswith("#") and notebook.stated_points(heading) is None:
        found.append((name, f"{heading.rstrip()} ({points}){line_end}{rest}"))
    return found
