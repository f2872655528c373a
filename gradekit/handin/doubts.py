"""Which answers may not be whole, or stand where no test finds them: why a person must look, unless all is earned.

Covered: answers that are missing, torn in two, merged into one, or that use what does not run before their test.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gradekit.course.rawcell import is_locked, is_manual, is_test
from gradekit.handin.texts import brought_names, is_headless

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradekit.course.rawcell import RawCell
    from gradekit.handin.match import Hand, Match

MISSING = "the cell was missing, and its answer may stand elsewhere in the notebook"
ELSEWHERE = "the cell was missing, and its answer stands in another one"
TORN = "the cell beside it begins in the middle of something: the answer may be torn in two"
BESIDE = "the cell beside it is missing: the two may have become one"
UNREACHED = "it uses {}, which stands only where it does not run before the test"


def doubt(hand: Hand, match: Match) -> None:
    """Add what is in doubt, and where the answers stand that have no cell of their own."""
    _lost(hand, match)
    _torn(hand, match)


def _lost(hand: Hand, match: Match) -> None:
    """Say of each answer that is nowhere whether it may stand elsewhere, and keep any stub from coming after it."""
    lost = [name for name, cell in hand.sources.items() if match.lacks(name) and not is_locked(cell)]
    if not lost:
        return
    changed = {name for name in hand.sources if hand.is_changed(name, match)}
    match.kept |= changed - {_holder(match, index) for index, _ in match.texts.values()}
    written = bool(match.kept) or any(True for _ in hand.free(match))
    order = list(hand.sources)
    for name in lost:
        place = _defined_at(hand, match, name)
        near = [] if is_manual(hand.sources[name]) else _beside(hand, match, order, order.index(name))
        if place:
            match.elsewhere[name] = place
        if place or written or near or is_manual(hand.sources[name]):
            match.doubts[name] = ELSEWHERE if place else MISSING
        for other in _beside(hand, match, order, order.index(name)):
            match.doubts.setdefault(other, BESIDE)


def _holder(match: Match, index: int) -> str:
    return next((name for name, place in match.found.items() if place == index), "")


def _defined_at(hand: Hand, match: Match, name: str) -> str:
    """Return which cell that stays in the notebook defines something of a missing solution's; empty where none does."""
    owners = {index: owner for owner, index in match.found.items()}
    for index in range(len(hand.cells)):
        owner = owners.get(index, "")
        own = hand.names.get(owner, frozenset())
        stays = owner in match.kept or owner in hand.names if owner else hand.is_written(index)
        if stays and (hand.names[name] & hand.defined[index]) - own:
            return owner or "beside it"
    return ""


def _beside(hand: Hand, match: Match, order: Sequence[str], at: int) -> list[str]:
    """Return the answers next to a missing cell, on both sides, if these are there and the learner's."""
    found = []
    for names in (order[at + 1 :], order[:at][::-1]):
        near = next((name for name in names if not match.lacks(name)), "")
        if near and not is_locked(hand.sources[near]) and hand.is_answer(match.found.get(near, 0), near):
            found.append(near)
    return found


def _torn(hand: Hand, match: Match) -> None:
    """Doubt an answer beside which a cell begins in the middle, or which does so itself."""
    free = set(hand.free(match))
    for name, index in match.found.items():
        if is_locked(hand.sources[name]) or not hand.is_like(index, name):
            continue
        near = [place for place in (index - 1, index + 1) if place in free and hand.is_kind(place, "code")]
        if near and any(is_headless(hand.texts[place]) for place in (index, *near)):
            match.doubts.setdefault(name, TORN)


def unreached(
    order: Sequence[int | str], made: Sequence[Mapping[str, Any]], sources: Mapping[str, RawCell]
) -> dict[str, str]:
    """Doubt solutions that use what stands in a free cell which does not run before their test, and nowhere else."""
    brought = [brought_names(cell["source"]) for cell in made]
    runs = [cell["cell_type"] == "code" for cell in made]
    free = [place for place, item in enumerate(order) if isinstance(item, int)]
    graded = [place for place, item in enumerate(order) if isinstance(item, str) and is_test(sources[item])]
    doubts = {}
    for place, item in enumerate(order):
        if isinstance(item, int) or is_locked(sources[item]) or not runs[place]:
            continue
        test = next((after for after in graded if after > place), len(order))
        late = {name for other in free if not (runs[other] and other < test) for name in brought[other]}
        there = {name for other in range(test) if runs[other] for name in brought[other]}
        lacks = (late - there).intersection(re.findall(r"\w+", made[place]["source"]) if late - there else ())
        if lacks:
            doubts[item] = UNREACHED.format(min(lacks))
    return doubts
