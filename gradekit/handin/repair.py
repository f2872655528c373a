"""A notebook that a student handed in → the same notebook with the source's structure.

Covered: cells deleted, copied, moved, retagged, re-typed, re-pointed. *Not* covered: what the cells do when they run
(the sandbox), and what they print (the pages).
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import nbformat

from gradekit.course import notebook
from gradekit.course.rawcell import attachments_of, clean, grade_id_of, id_of, is_locked, is_test, tags_of, text
from gradekit.handin.find import FORMAT
from gradekit.model import MAX_NOTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gradekit.course.rawcell import RawCell


LATEST_MINOR = 5
TYPES = ("code", "markdown", "raw")
STEERING_TAGS = frozenset({"skip-execution", "raises-exception"})  # nbclient obeys them
MAX_WORD = 255  # characters of a kernel's name and the like


@dataclass(frozen=True)
class Repaired:
    """A notebook of format 4.5 with every cell of the source exactly once, and what had to be mended."""

    node: dict[str, Any]
    notes: tuple[str, ...] = ()


def repair(node: Mapping[str, Any], source_cells: Sequence[RawCell], *, outputs: bool = False) -> Repaired:
    """Give a notebook the source's structure, and keep of the learner's what is the learner's.

    Parameters
    ----------
    node : mapping
        The notebook, as `read` returns it.
    source_cells : sequence of mapping
        The source's cells with nbgrader metadata, in order, as JSON: text as released (with hidden tests), metadata
        as nbgrader saved them.
    outputs : bool
        Whether to keep the outputs handed in: nbgrader's ``--no-execute``.

    Returns
    -------
    Repaired
        Every source cell once and in the source's order; locked cells and tests with the source's text, solution
        cells with the learner's, or with the released stub where there is none. All other cells are free, and stay
        where they stand among their neighbours.
    """
    cells: list[RawCell] = node["cells"]
    sources = {grade_id_of(cell): cell for cell in source_cells}
    notes: list[str] = []
    found = _matched(cells, sources, notes)
    used: set[str] = set()
    names = {grade_id: _fresh(id_of(cell), grade_id, used) for grade_id, cell in sources.items()}
    made = []
    for item in _arranged(len(cells), found, sources):
        if isinstance(item, int):
            own: RawCell | None = cells[item]
            cell = _free(cells[item], _fresh(id_of(cells[item]), f"free-{item}", used))
        else:
            own = cells[found[item]] if item in found else None
            cell = _restored(sources[item], own, names[item], notes)
        made.append(_with_outputs(cell, own) if outputs else cell)
    return Repaired(_notebook(node, made), _reported(cells, notes))


def _notebook(node: Mapping[str, Any], cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {"nbformat": FORMAT, "nbformat_minor": LATEST_MINOR, "metadata": _metadata(node), "cells": cells}


def _reported(cells: Sequence[RawCell], notes: Sequence[str]) -> tuple[str, ...]:
    """Add what the tags asked for, and cut what is too long to be read."""
    steered = sum(bool(tags_of(cell) & STEERING_TAGS) for cell in cells)
    tags = (f"tags that steer execution are ignored (cells: {steered})",) if steered else ()
    more = (f"and {len(notes) - MAX_NOTES:,} more cells mended",) if len(notes) > MAX_NOTES else ()
    return (*notes[:MAX_NOTES], *more, *tags)


def _matched(cells: Sequence[RawCell], sources: Mapping[str, RawCell], notes: list[str]) -> dict[str, int]:
    """Say which cell stands for which source cell: by its grade_id, else by its id, else by what it defines."""
    by_id = {id_of(cell): grade_id for grade_id, cell in sources.items()} | {"": ""}
    meant = [by_id.get(id_of(cell), "") for cell in cells]
    claims, pointed = _places(map(grade_id_of, cells)), _places(meant)
    found: dict[str, int] = {}
    for grade_id, source in sources.items():
        own = [index for index in claims[grade_id] if meant[index] in ("", grade_id)]
        if own:
            found[grade_id] = _last(own, cells, source)
        if len(own) > 1:
            notes.append(f"cell {grade_id} is there {len(own)} times: the last one counts")
    for rest, grade_id in product((pointed, claims), sources):
        spare = sorted(set(rest[grade_id]).difference(found.values()))
        if spare and grade_id not in found:
            found[grade_id] = _last(spare, cells, sources[grade_id])
            notes.append(f"cell {grade_id} had lost or changed its nbgrader metadata")
    _match_definitions(cells, sources, found, notes)
    return found


def _places(names: Iterable[str]) -> defaultdict[str, list[int]]:
    places = defaultdict(list)
    for index, name in enumerate(names):
        places[name].append(index)
    return places


def _last(candidates: Sequence[int], cells: Sequence[RawCell], source: RawCell) -> int:
    """Pick the last one that runs: a copy turned into text does not count where another is still code."""
    same = [index for index in candidates if cells[index].get("cell_type") == source["cell_type"]]
    return (same or candidates)[-1]


def _match_definitions(
    cells: Sequence[RawCell], sources: Mapping[str, RawCell], found: dict[str, int], notes: list[str]
) -> None:
    """Find a solution that was pasted into a cell of its own: the last cell that defines what the stub defines."""
    lost = [name for name, cell in sources.items() if name not in found and not is_locked(cell)]
    taken = set(found.values())
    defined = [() if index in taken or not lost else _defined(cell) for index, cell in enumerate(cells)]
    for grade_id in lost:
        names = notebook.definitions(text(sources[grade_id]))
        spare = [index for index, found_names in enumerate(defined) if names and set(names) <= set(found_names)]
        if spare:
            found[grade_id] = spare[-1]
            defined[spare[-1]] = ()
            notes.append(f"cell {grade_id} was missing: the cell that defines {', '.join(names)} stands for it")


def _defined(cell: RawCell) -> Sequence[str]:
    """Return what a cell seems to define; parsing a learner's text could exhaust the parser's stack."""
    if cell.get("cell_type") != "code":
        return ()
    return re.findall(r"^(?:async +)?(?:def|class) +(\w+)", text(cell), re.MULTILINE)


def _arranged(count: int, found: Mapping[str, int], sources: Mapping[str, RawCell]) -> list[int | str]:
    """Order the cells: the source's by their grade_id, free ones by their index.

    The longest run of source cells that are in order stays; free cells follow the one they followed. What is missing
    or was moved comes in between: a test as late as it can, so that it sees what the learner added; anything else as
    early as it can, so that a learner's own definition outlives a stub that was put back.
    """
    anchors = _in_order([grade_id for grade_id in sources if grade_id in found], found)
    behind = _free_cells(count, set(found.values()), [-1, *(found[grade_id] for grade_id in anchors)])
    kept = set(anchors)
    order: list[int | str] = []
    free, early = behind[-1], True
    for grade_id, source in sources.items():
        early = early and grade_id not in kept and not _waits(source, moved=grade_id in found)
        if not early:
            order += free
            free = []
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


def _restored(source: RawCell, own: RawCell | None, name: str, notes: list[str]) -> dict[str, Any]:
    """Return a source cell, with the learner's text where the cell is the learner's to write."""
    kind = str(source["cell_type"])
    notes.extend(f"cell {grade_id_of(source)} {change}" for change in _changes(source, own))
    writer = source if own is None or is_locked(source) else own
    cell = _blank(kind, name, text(writer))
    cell["metadata"] = json.loads(json.dumps(source.get("metadata", {})))
    if kind != "code" and (files := attachments_of(writer)):
        cell["attachments"] = files
    return cell


def _changes(source: RawCell, own: RawCell | None) -> Iterator[str]:
    """Say what was done to a source cell, and what is done about it."""
    if own is None:
        yield "was missing: it is put back as it was released"
        return
    if own.get("cell_type") != source["cell_type"]:
        yield f"had become another type of cell: it is {source['cell_type']} again"
    written = text(source)
    if is_locked(source) and text(own).split() not in (written.split(), _visible(written).split()):
        yield "was changed, though it is locked: it has its released text again"


def _free(own: RawCell, name: str) -> dict[str, Any]:
    """Return a cell of the learner's own, without metadata."""
    kind = own.get("cell_type")
    cell = _blank(kind if isinstance(kind, str) and kind in TYPES else "raw", name, text(own))
    if cell["cell_type"] != "code" and (files := attachments_of(own)):
        cell["attachments"] = files
    return cell


def _blank(kind: str, name: str, source: str) -> dict[str, Any]:
    cell = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    return cell | {"outputs": [], "execution_count": None} if kind == "code" else cell


def _visible(source: str) -> str:
    """Return a released test without its hidden lines."""
    region = notebook.HIDDEN_TESTS
    return re.sub(rf"^.*BEGIN {region}(?s:.*?)END {region}.*$", "", source, flags=re.MULTILINE)


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
    """Return the kernel and the language that a notebook names; nothing else of its metadata."""
    found = node.get("metadata")
    kept = {}
    for key, needed in (("kernelspec", {"name", "display_name"}), ("language_info", {"name"})):
        entry = found.get(key) if isinstance(found, dict) else None
        words = entry.items() if isinstance(entry, dict) else ()
        strings = {name: value for name, value in words if isinstance(value, str) and len(value) <= MAX_WORD}
        if needed <= strings.keys():
            kept[key] = {clean(name): clean(value) for name, value in strings.items()}
    return kept
