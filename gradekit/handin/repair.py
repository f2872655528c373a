"""A notebook that a student handed in → the same notebook with the source's structure.

Covered: cells deleted, copied, moved, merged, split, retagged, re-typed, re-pointed. *Not* covered: what the cells do
when they run (the sandbox), and what they print (the pages).
"""

from __future__ import annotations

import json
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import nbformat

from gradekit.course.rawcell import (
    attachments_of,
    clean,
    grade_id_of,
    id_of,
    is_locked,
    is_test,
    nbgrader_of,
    tags_of,
    text,
)
from gradekit.course.releases import Given, checksum
from gradekit.handin.doubts import doubt, unreached
from gradekit.handin.find import FORMAT
from gradekit.handin.match import match
from gradekit.handin.texts import shown
from gradekit.model import MAX_NOTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gradekit.course.rawcell import RawCell
    from gradekit.handin.match import Match


LATEST_MINOR = 5
TYPES = ("code", "markdown", "raw")
STEERING_TAGS = frozenset({"skip-execution", "raises-exception"})  # nbclient obeys them
MAX_WORD = 255  # characters of a kernel's name and the like
FLAGS = ("grade", "solution", "locked", "task")
SCHEMA = 3  # of nbgrader's metadata


@dataclass(frozen=True)
class Repaired:
    """A notebook of format 4.5 with every cell of the source exactly once, and what had to be mended.

    Attributes
    ----------
    doubts : mapping of str to str
        By grade_id of a solution cell: why a person must look, unless the answer earns everything all the same.
    """

    node: dict[str, Any]
    notes: tuple[str, ...] = ()
    doubts: Mapping[str, str] = field(default_factory=dict)


def repair(
    node: Mapping[str, Any], source_cells: Sequence[RawCell], *, given: Given | None = None, outputs: bool = False
) -> Repaired:
    """Give a notebook the source's structure, and keep of the learner's what is the learner's.

    Parameters
    ----------
    node : mapping
        The notebook, as `read` returns it.
    source_cells : sequence of mapping
        The source's cells with nbgrader metadata, in order, as JSON: text as released (with hidden tests), metadata
        as nbgrader saved them; as ``shown`` what students see of a cell.
    given : Given, optional
        What students were given in any release.
    outputs : bool
        Whether to keep the outputs handed in: nbgrader's ``--no-execute``.

    Returns
    -------
    Repaired
        Every source cell once and in the source's order; locked cells and tests with the source's text, solution
        cells with the learner's, or with the released stub where there is none. All other cells are free, and stay
        where they stand among their neighbours. Nothing that the learner wrote is left out, or comes before a stub
        that undoes it.
    """
    cells: list[RawCell] = node["cells"]
    sources = {grade_id_of(cell): cell for cell in source_cells}
    given = given or Given()
    hand, matched = match(cells, sources, given)
    doubt(hand, matched)
    used: set[str] = set()
    names = {grade_id: _fresh(id_of(cell), grade_id, used) for grade_id, cell in sources.items()}
    order = _arranged(len(cells), matched, sources)
    made = []
    for item in order:
        if isinstance(item, int):
            own: RawCell | None = cells[item]
            cell = _free(cells[item], _fresh(id_of(cells[item]), f"free-{item}", used), runs=item not in matched.idle)
        else:
            own = cells[matched.found[item]] if item in matched.found else None
            cell = _restored(sources[item], own, names[item])
            if item in matched.texts or item in matched.elsewhere:
                _rewrite(cell, item, matched, cells)
            matched.notes.extend(f"cell {item} {said}" for said in _changes(sources[item], own, matched, given))
        made.append(_with_outputs(cell, own) if outputs else cell)
    doubts = {**unreached(order, made, sources), **matched.doubts}
    return Repaired(_notebook(node, made), _reported(cells, matched.notes), doubts)


def _notebook(node: Mapping[str, Any], cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {"nbformat": FORMAT, "nbformat_minor": LATEST_MINOR, "metadata": _metadata(node), "cells": cells}


def _reported(cells: Sequence[RawCell], notes: Sequence[str]) -> tuple[str, ...]:
    """Add what the tags asked for, and cut what is too long to be read."""
    steered = sum(bool(tags_of(cell) & STEERING_TAGS) for cell in cells)
    tags = (f"tags that steer execution are ignored (cells: {steered})",) if steered else ()
    more = (f"and {len(notes) - MAX_NOTES:,} more cells mended",) if len(notes) > MAX_NOTES else ()
    return (*notes[:MAX_NOTES], *more, *tags)


def _rewrite(cell: dict[str, Any], grade_id: str, matched: Match, cells: Sequence[RawCell]) -> None:
    """Give a solution cell an answer that stood in another cell, or, where it stays there, no stub."""
    if grade_id in matched.texts:
        index, cell["source"] = matched.texts[grade_id]
        if cell["cell_type"] != "code" and (files := attachments_of(cells[index])):
            cell["attachments"] = files
    elif cell["cell_type"] == "code":
        cell["source"] = f"# This cell was missing; its answer stands in the cell {matched.elsewhere[grade_id]}."


def _arranged(count: int, matched: Match, sources: Mapping[str, RawCell]) -> list[int | str]:
    """Order the cells: the source's by their grade_id, free ones by their index.

    The longest run of source cells that are in order stays; free cells follow the one they followed. What is missing
    or was moved comes in between: a test as late as it can, so that it sees what the learner added; anything else as
    early as it can, so that a learner's own definition outlives a stub that was put back.
    """
    found = matched.found
    anchors = _in_order([grade_id for grade_id in sources if grade_id in found], found)
    behind = _free_cells(count, set(found.values()), [-1, *(found[grade_id] for grade_id in anchors)])
    kept = set(anchors)
    order: list[int | str] = []
    free, early = behind[-1], True
    for grade_id, source in sources.items():
        early = early and grade_id not in kept and not _waits(source, moved=not matched.lacks(grade_id))
        if not early:
            order += free
            free = []
        order += [found[grade_id]] if grade_id in matched.kept else []
        order.append(grade_id)
        if grade_id in kept:
            free, early = behind[found[grade_id]], True
    return order + free


def _waits(source: RawCell, *, moved: bool) -> bool:
    """Say whether a cell put back comes after the free cells: a test, and a solution that the learner moved."""
    return is_test(source) or (moved and not is_locked(source))


def _free_cells(count: int, taken: set[int], places: Sequence[int]) -> dict[int, list[int | str]]:
    """Return the free cells behind each place."""
    behind: dict[int, list[int | str]] = {place: [] for place in places}
    for index in range(count):
        if index not in taken:
            behind[places[bisect_left(places, index) - 1]].append(index)
    return behind


def _in_order(names: Sequence[str], place: Mapping[str, int]) -> list[str]:
    """Return a longest subsequence of `names` whose places rise (patience sorting)."""
    tops: list[int] = []
    piles: list[str] = []
    before: dict[str, str] = {}
    for name in names:
        pile = bisect_left(tops, place[name])
        if pile:
            before[name] = piles[pile - 1]
        tops[pile : pile + 1] = [place[name]]
        piles[pile : pile + 1] = [name]
    chain = piles[-1:]
    while chain and chain[-1] in before:
        chain.append(before[chain[-1]])
    return chain[::-1]


def _restored(source: RawCell, own: RawCell | None, name: str) -> dict[str, Any]:
    """Return a source cell, with the learner's text where the cell is the learner's to write."""
    kind = str(source["cell_type"])
    writer = source if own is None or is_locked(source) else own
    cell = _blank(kind, name, text(writer))
    cell["metadata"] = json.loads(json.dumps(source.get("metadata", {})))
    if kind != "code" and (files := attachments_of(writer)):
        cell["attachments"] = files
    return cell


def _changes(source: RawCell, own: RawCell | None, matched: Match, given: Given) -> Iterator[str]:
    """Say what was done to a source cell, and what is done about it."""
    name = grade_id_of(source)
    if own is None:
        if name in matched.elsewhere:
            yield f"was missing: its answer stands in the cell {matched.elsewhere[name]}"
        elif name not in matched.texts:
            yield "was missing: it is put back as it was released"
        return
    if own.get("cell_type") != source["cell_type"]:
        yield f"had become another type of cell: it is {source['cell_type']} again"
    released = given.cells.get(name, frozenset()) | {checksum(shown(source)), checksum(text(source))}
    if is_locked(source) and checksum(text(own)) not in released:
        yield "was changed, though it is locked: it has its released text again"


def _free(own: RawCell, name: str, *, runs: bool = True) -> dict[str, Any]:
    """Return a cell of the learner's own, without metadata; an entry of nbgrader's that says nothing stays."""
    kind = own.get("cell_type")
    cell = _blank(kind if runs and isinstance(kind, str) and kind in TYPES else "raw", name, text(own))
    found = nbgrader_of(own)
    if type(found.get("schema_version")) is int and all(found.get(key) is False for key in FLAGS):
        cell["metadata"] = {"nbgrader": {"schema_version": SCHEMA, **dict.fromkeys(FLAGS, False)}}
    if cell["cell_type"] != "code" and (files := attachments_of(own)):
        cell["attachments"] = files
    return cell


def _blank(kind: str, name: str, source: str) -> dict[str, Any]:
    cell = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    return cell | {"outputs": [], "execution_count": None} if kind == "code" else cell


def _fresh(name: str, otherwise: str, used: set[str]) -> str:
    """Return a cell id that is valid and not used yet: the cell's own where it can be."""
    base = name or otherwise[:64]
    fresh, number = base, 1
    while fresh in used:
        number += 1
        fresh = f"{base[:56]}-{number}"
    used.add(fresh)
    return fresh


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _with_outputs(cell: dict[str, Any], own: RawCell | None) -> dict[str, Any]:
    """Return a code cell with those outputs handed in that are valid in format 4.5."""
    found = own.get("outputs") if own is not None and cell["cell_type"] == "code" else None
    kept = []
    for output in filter(_is_object, found if isinstance(found, list) else ()):
        try:
            nbformat.validate(output, ref="output", version=FORMAT, version_minor=LATEST_MINOR)
        except (nbformat.ValidationError, RecursionError):
            continue
        kept.append(json.loads(clean(json.dumps(output, ensure_ascii=False))))
    return cell | {"outputs": kept} if kept else cell


def _metadata(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return the kernel and the language that a notebook names, bounded; nothing else of its metadata."""
    found = node.get("metadata")
    kept: dict[str, dict[str, Any]] = {}
    for key, needed in (("kernelspec", {"name", "display_name"}), ("language_info", {"name"})):
        entry = found.get(key) if isinstance(found, dict) else None
        words = entry.items() if isinstance(entry, dict) else ()
        strings = {name: value for name, value in words if isinstance(value, str) and len(value) <= MAX_WORD}
        if needed <= strings.keys():
            kept[key] = {clean(name): clean(value) for name, value in strings.items()}
    mode = (
        found["language_info"].get("codemirror_mode") if "language_info" in kept and isinstance(found, dict) else None
    )
    if isinstance(mode, dict):  # a word, or as the kernel writes it a name and a version
        kinds = {"name": str, "version": int}
        right = {key: mode[key] for key, kind in kinds.items() if type(mode.get(key)) is kind}
        kept["language_info"]["codemirror_mode"] = {key: _short(value) for key, value in right.items()}
    return kept


def _short(value: str | int) -> str | int:
    return clean(value[:MAX_WORD]) if isinstance(value, str) else min(max(value, 0), MAX_WORD)
