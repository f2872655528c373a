"""Which figures of cells are drawn: those that somebody will look at. Drawing is most of what a figure costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradekit.course import notebook
from gradekit.course.rawcell import grade_id_of, is_locked, text
from gradekit.course.releases import checksum
from gradekit.handin.texts import shown
from gradekit.model import Figures, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from gradekit.course.rawcell import RawCell
    from gradekit.course.releases import Given
    from gradekit.model import Cell

BY_PERSON = (Role.MANUAL, Role.TASK)


def undrawn(node: Mapping[str, Any], as_given: Collection[int], figures: Figures) -> frozenset[int]:
    """Return the positions of the cells whose figures are not drawn.

    Those of a graded cell with tests of its own are drawn in any case: where one cannot be drawn, the error is the
    cell's score.

    Parameters
    ----------
    node : mapping
        The notebook as it will run.
    as_given : collection of int
        Its cells that are as they were given out.
    """
    cells = notebook.cells(dict(node))
    everything = {cell.index for cell in cells if cell.kind == "code"}
    seen = {cell.index for cell in cells if cell.role is Role.TEST and cell.points > 0}
    if figures is Figures.ALL:
        seen = everything
    elif figures is Figures.CHANGED:
        seen |= everything - set(as_given) | _looked_at(cells)
    return frozenset(everything - seen)


def _looked_at(cells: Sequence[Cell]) -> set[int]:
    """Return the manually graded cells, and before each the last code cell that neither is one nor tests."""
    found: set[int] = set()
    before: tuple[int, ...] = ()
    for cell in cells:
        if cell.role in BY_PERSON:
            found |= {cell.index, *before}
        elif cell.kind == "code" and cell.role is not Role.TEST:
            before = (cell.index,)
    return found


def as_given_out(node: Mapping[str, Any], given: Given, sources: Sequence[RawCell]) -> frozenset[int]:
    """Return the positions of the cells that are as students got them, in any release.

    Parameters
    ----------
    given : Given
        What students were given of this notebook; a free cell is one of theirs where that is not known.
    sources : sequence of mapping
        The source's cells with nbgrader metadata, as `repair` takes them.
    """
    released = {grade_id_of(cell): {checksum(shown(cell)), checksum(text(cell))} for cell in sources}
    free = given.free or frozenset()
    found = set()
    for index, cell in enumerate(node["cells"]):
        name = grade_id_of(cell)
        if name not in released:
            same = checksum(text(cell)) in free
        else:
            same = is_locked(cell) or checksum(text(cell)) in released[name] | given.cells.get(name, frozenset())
        found |= {index} if same else set()
    return frozenset(found)


def covers(drawn: str, asked: Figures) -> bool:
    """Tell whether a grading that drew figures by the one setting has drawn all that the other asks for."""
    kinds = list(Figures)
    return drawn in kinds and kinds.index(Figures(drawn)) >= kinds.index(asked)
