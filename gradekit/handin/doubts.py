"""Which answers may not be whole, or stand where no test finds them: why a person must look, unless all is earned.

Covered: answers that are missing, torn in two, merged into one, or that use what does not run before their test.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from gradekit.course.rawcell import is_locked, is_manual, is_test, text
from gradekit.handin.match import GUESSED
from gradekit.handin.texts import bound_names, brought_names, defined_names, is_headless, is_inner, shown, without

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradekit.course.rawcell import RawCell
    from gradekit.handin.match import Hand, Match

MISSING = "the cell holds no answer, which may stand elsewhere in the notebook"
ELSEWHERE = "the cell holds no answer, which stands in another one"
ELSEWHERE_TOO = "the cell does not define what it should, and another one does"
TORN = "the cell beside it begins in the middle of something: the answer may be torn in two"
BESIDE = "the cell beside it is missing: the two may have become one"
UNREACHED = "it uses {}, which stands only where it does not run before the test"


def doubt(hand: Hand, match: Match) -> None:
    """Add what is in doubt, and where the answers stand that have no cell of their own."""
    _keep(hand, match)
    _lost(hand, match)
    _unanswered(hand, match)
    _torn(hand, match)


def _keep(hand: Hand, match: Match) -> None:
    """Keep what was written into locked cells, beside their released text: all of it where an answer is missing."""
    placed = {index for index, _ in match.texts.values()}
    lacks = any(match.lacks(name) and not is_locked(cell) for name, cell in hand.sources.items())
    for name, source in hand.sources.items():
        if hand.is_changed(name, match) and match.found[name] not in placed:
            written, given = hand.texts[match.found[name]], shown(source)
            added = defined_names(written) | brought_names(written)
            if lacks or without(written, given) or added - defined_names(given) - brought_names(given):
                match.kept.add(name)


def _lost(hand: Hand, match: Match) -> None:
    """Say of each answer that is nowhere whether it may stand elsewhere, and keep any stub from coming after it."""
    lost = [name for name, cell in hand.sources.items() if match.lacks(name) and not is_locked(cell)]
    if not lost:
        return
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
        if near and not is_locked(hand.sources[near]) and hand.has_answer(near, match):
            found.append(near)
    return found


def _unanswered(hand: Hand, match: Match) -> None:
    """Doubt that there is no answer where something was written beside a cell that tells of no name to look for."""
    free = set(hand.free(match)) | {match.found[name] for name in match.kept}
    free |= {index for name, index in match.found.items() if match.doubts.get(name) == GUESSED}
    places = sorted(match.found.values())
    for name, index in match.found.items():
        if is_locked(hand.sources[name]):
            continue
        told = [place for place in free if hand.names[name] <= hand.told[place]]
        if hand.has_answer(name, match):
            _unsure(hand, match, name, free=bool(free), told=bool(told))
            continue
        at = bisect_left(places, index)
        begin, end = places[at - 1] if at else 0, places[at + 1] if at + 1 < len(places) else len(hand.cells)
        beside = [place for place in range(begin, end + 1) if place in free]
        if is_manual(hand.sources[name]) or _is_moved(hand, match, name):  # no test, or no place, to know it by
            beside += [place for place in free if hand.is_like(place, name)]
        if place := _defined_at(hand, match, name):
            match.elsewhere[name] = place
            match.doubts.setdefault(name, ELSEWHERE)
            match.notes.append(f"cell {name} was left as it was released: its answer stands in the cell {place}")
        elif told if hand.names[name] else beside:
            match.doubts.setdefault(name, MISSING)


def _unsure(hand: Hand, match: Match, name: str, *, free: bool, told: bool) -> None:
    """Doubt an answer that was given out in part, or that lacks what it should define, where another may be it."""
    index = match.found[name]
    given = not hand.is_written(index)  # for another cell
    stub = without(hand.texts[index], shown(hand.sources[name])) is not None
    if (free and given) or (told and stub) or _holds_another(hand, match, name):
        match.doubts.setdefault(name, MISSING)
    elif not hand.is_good(index, name) and _defined_at(hand, match, name):
        match.doubts.setdefault(name, ELSEWHERE_TOO)


def _holds_another(hand: Hand, match: Match, name: str) -> bool:
    """Tell whether a cell defines what another answer should, and that answer's own cell does not."""
    told = hand.told[match.found[name]]
    others = ((other, names) for other, names in hand.names.items() if names and other != name)
    return any(
        names <= told and other in match.found and not hand.is_good(match.found[other], other)
        for other, names in others
    )


def _is_moved(hand: Hand, match: Match, name: str) -> bool:
    """Tell whether a cell stands behind one that follows it in the source, or before one that it follows."""
    order = list(hand.sources)
    at, own = order.index(name), match.found[name]
    before = (match.found[other] for other in order[:at] if other in match.found)
    after = (match.found[other] for other in order[at + 1 :] if other in match.found)
    return any(place > own for place in before) or any(place < own for place in after)


def _torn(hand: Hand, match: Match) -> None:
    """Doubt an answer beside which a cell begins in the middle, or which does so itself; all where one is elsewhere."""
    free = set(hand.free(match))
    code = [hand.texts[index] for index in free if hand.is_kind(index, "code")]
    answers = [index for name, index in match.found.items() if not is_locked(hand.sources[name])]
    own = [hand.texts[index] for index in answers if hand.is_kind(index, "code")]
    torn = any(map(is_inner, code)) or (bool(code) and any(map(is_inner, own)))  # else it is a slip in that one cell
    beside = free | {match.found[name] for name in hand.sources if hand.is_changed(name, match)}
    for name, index in match.found.items():
        if is_locked(hand.sources[name]) or hand.sources[name]["cell_type"] != "code":
            continue
        kind = hand.cells[index].get("cell_type")
        near = {place for place in beside & {index - 1, index + 1} if hand.is_kind(place, kind)}
        headless = code and is_headless(hand.texts[index])  # wherever its head has gone
        if torn or headless or (near and any(is_headless(hand.texts[place]) for place in near)):
            match.doubts.setdefault(name, TORN)


def unreached(
    order: Sequence[int | str], made: Sequence[Mapping[str, Any]], sources: Mapping[str, RawCell]
) -> dict[str, str]:
    """Doubt solutions that use what the learner has written where it does not run before their test."""
    first: dict[str, int] = {}
    loose: set[str] = set()
    for place, item in enumerate(order):
        names = brought_names(made[place]["source"])
        if isinstance(item, int) or not is_locked(sources[item]):
            loose |= names - (frozenset() if isinstance(item, int) else bound_names(text(sources[item])))
        for name in names if made[place]["cell_type"] == "code" else ():
            first.setdefault(name, place)
    graded = [place for place, item in enumerate(order) if isinstance(item, str) and is_test(sources[item])]
    doubts = {}
    for place, item in enumerate(order):
        if isinstance(item, int) or is_locked(sources[item]) or made[place]["cell_type"] != "code":
            continue
        test = next((after for after in graded if after > place), len(order))
        used = loose.intersection(re.findall(r"\w+", made[place]["source"]))
        late = [name for name in used if first.get(name, len(order)) >= test]
        if late:
            doubts[item] = UNREACHED.format(min(late))
    return doubts
