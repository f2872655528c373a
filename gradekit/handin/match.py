"""Which of the cells handed in stands for which of the source's: by its names, its text, what it defines, its place.

Covered: cells copied, moved, merged, retyped, without their names. What was guessed is a doubt: where such an answer
does not earn everything, a person is asked.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

from gradekit.course.rawcell import grade_id_of, id_of, is_locked, text
from gradekit.course.releases import Given, checksum
from gradekit.handin.texts import bound_names, defined_names, shown, without

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gradekit.course.rawcell import RawCell


GUESSED = "the cell was found by what it holds, and may be another one"
COPIED = "the cell is there more than once, with different answers"


@dataclass
class Match:
    """Which cell stands for which source cell.

    Attributes
    ----------
    found : dict of str to int
        By grade_id: the cell handed in that is this one.
    texts : dict of str to tuple of int and str
        By grade_id: an answer without a cell of its own, which stood in a locked cell, and in which.
    elsewhere : dict of str to str
        By grade_id: the cell in which a missing one's answer stands and stays, so that no stub may come after it.
    kept : set of str
        Locked cells whose text as handed in is kept beside the released one, since an answer may stand in it.
    idle : set of int
        Copies of a released stub, which must not run after the answer.
    doubts : dict of str to str
        By grade_id of a solution cell: why a person is asked where it does not earn everything.
    """

    found: dict[str, int] = field(default_factory=dict)
    texts: dict[str, tuple[int, str]] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    idle: set[int] = field(default_factory=set)
    doubts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def lacks(self, grade_id: str) -> bool:
        """Tell whether no answer was found for a source cell."""
        return grade_id not in self.found and grade_id not in self.texts


@dataclass(frozen=True)
class Hand:
    """What was handed in beside what was given out."""

    cells: Sequence[RawCell]
    sources: Mapping[str, RawCell]
    given: Given

    @functools.cached_property
    def texts(self) -> list[str]:
        """The cells' texts."""
        return [text(cell) for cell in self.cells]

    @functools.cached_property
    def sums(self) -> list[str]:
        """The texts' checksums."""
        return [checksum(found) for found in self.texts]

    @functools.cached_property
    def released(self) -> dict[str, frozenset[str]]:
        """The checksums that a source cell had in any release."""
        return {
            name: self.given.cells.get(name, frozenset()) | {checksum(shown(cell)), checksum(text(cell))}
            for name, cell in self.sources.items()
        }

    @functools.cached_property
    def names(self) -> dict[str, frozenset[str]]:
        """What each solution cell of the source defines: functions and classes, else variables."""
        solutions = {name: text(cell) for name, cell in self.sources.items() if not is_locked(cell)}
        return {name: bound_names(found) for name, found in solutions.items()}

    @functools.cached_property
    def known(self) -> frozenset[str]:
        """The checksums of everything that was given out."""
        return frozenset().union(*self.released.values(), self.given.free or ())

    @functools.cached_property
    def told(self) -> list[frozenset[str]]:
        """What each cell seems to define, whether or not it runs."""
        return list(map(defined_names, self.texts))

    @functools.cached_property
    def defined(self) -> list[frozenset[str]]:
        """What each cell seems to define, if it runs."""
        return [names if self.is_kind(index, "code") else frozenset() for index, names in enumerate(self.told)]

    def is_kind(self, index: int, kind: object) -> bool:
        """Tell whether a cell is code, or Markdown."""
        return self.cells[index].get("cell_type") == kind

    def is_like(self, index: int, grade_id: str) -> bool:
        """Tell whether a cell is of the source cell's type."""
        return self.is_kind(index, self.sources[grade_id]["cell_type"])

    def is_written(self, index: int) -> bool:
        """Tell whether a cell holds something that was not given out."""
        return bool(self.texts[index].strip()) and self.sums[index] not in self.known

    def is_answer(self, index: int, grade_id: str) -> bool:
        """Tell whether a cell holds another text than that source cell's."""
        return bool(self.texts[index].strip()) and self.sums[index] not in self.released[grade_id]

    def is_good(self, index: int, grade_id: str) -> bool:
        """Tell whether a cell holds an answer that defines what the source cell does."""
        return self.is_answer(index, grade_id) and self.names[grade_id] <= self.told[index]

    def has_answer(self, grade_id: str, match: Match) -> bool:
        """Tell whether a source cell was found with another text than the released one."""
        if grade_id not in match.texts:
            return self.is_answer(match.found[grade_id], grade_id)
        return checksum(match.texts[grade_id][1]) not in self.released[grade_id]

    def is_changed(self, grade_id: str, match: Match) -> bool:
        """Tell whether a locked cell was handed in with another text."""
        index = match.found.get(grade_id)
        return is_locked(self.sources[grade_id]) and index is not None and self.is_answer(index, grade_id)

    def addition(self, grade_id: str, match: Match) -> str:
        """Return what a locked cell holds beside its released text; all of it where that is not in it."""
        written = self.texts[match.found[grade_id]]
        return without(written, shown(self.sources[grade_id])) or written

    def free(self, match: Match) -> Iterator[int]:
        """Yield the cells that stand for none of the source's and hold something that the learner wrote."""
        taken = {*match.found.values(), *match.idle}
        return (index for index in range(len(self.cells)) if index not in taken and self.is_written(index))


def match(cells: Sequence[RawCell], sources: Mapping[str, RawCell], given: Given) -> tuple[Hand, Match]:
    """Say which cell stands for which source cell: by its names, by its text, by what it defines, by its place."""
    hand, found = Hand(cells, sources, given), Match()
    _by_name(hand, found)
    _by_text(hand, found)
    _without_given_text(hand, found)
    _by_definition(hand, found)
    _by_merging(hand, found)
    _by_place(hand, found)
    _without_given_text(hand, found)
    _idle(hand, found)
    return hand, found


def _places(names: Iterable[str]) -> defaultdict[str, list[int]]:
    places = defaultdict(list)
    for index, name in enumerate(names):
        places[name].append(index)
    return places


# --- one step after the other ----------------------------------------------------------------------------------------


def _by_name(hand: Hand, match: Match) -> None:
    """Find cells by their grade_id, else by their id."""
    by_id = {id_of(cell): grade_id for grade_id, cell in hand.sources.items()} | {"": ""}
    meant = [by_id.get(id_of(cell), "") for cell in hand.cells]
    claims, pointed = _places(map(grade_id_of, hand.cells)), _places(meant)
    for grade_id in hand.sources:
        own = [index for index in claims[grade_id] if meant[index] in ("", grade_id)]
        if own and not is_locked(hand.sources[grade_id]) and not any(hand.is_good(index, grade_id) for index in own):
            spare = [index for index in pointed[grade_id] if not grade_id_of(hand.cells[index])]
            own = sorted({*own, *spare})
        if own:
            _choose(hand, match, grade_id, own)
        if len(own) > 1:
            match.notes.append(f"cell {grade_id} is there {len(own)} times: the last one counts")
    for rest, grade_id in product((pointed, claims), hand.sources):
        spare = sorted(set(rest[grade_id]).difference(match.found.values()))
        if spare and grade_id not in match.found:
            _choose(hand, match, grade_id, spare)
            match.notes.append(f"cell {grade_id} had lost or changed its nbgrader metadata")


def _choose(hand: Hand, match: Match, grade_id: str, candidates: Sequence[int]) -> None:
    """Pick the last one that runs, and of a solution's the last that is an answer; its other stubs do not run."""
    same = [index for index in candidates if hand.is_like(index, grade_id)] or candidates
    if is_locked(hand.sources[grade_id]):
        match.found[grade_id] = same[-1]
        return
    answers = [index for index in same if hand.is_good(index, grade_id)]
    answers = answers or [index for index in same if hand.is_answer(index, grade_id)]
    chosen = match.found[grade_id] = (answers or same)[-1]
    if hand.is_answer(chosen, grade_id):
        match.idle |= {index for index in candidates if hand.sums[index] in hand.released[grade_id]}
    written = {hand.sums[index] for index in candidates if hand.is_answer(index, grade_id)}
    if written - {hand.sums[chosen]}:
        match.doubts[grade_id] = COPIED


def _by_text(hand: Hand, match: Match) -> None:
    """Find cells that have lost their names by the text that was given out: a stub only where there is but one."""
    taken = set(match.found.values())
    spare = _places("" if index in taken else found for index, found in enumerate(hand.sums))
    lost = [name for name in hand.sources if name not in match.found]
    stubs = Counter(found for name in lost for found in hand.released[name])
    for name in lost:
        source = hand.sources[name]
        for found in hand.released[name] - {checksum("")}:
            like = [index for index in spare[found] if hand.is_like(index, name)]
            if like and (is_locked(source) or len(like) == stubs[found] == 1):
                match.found[name] = like[0]
                spare[found].remove(like[0])
                match.notes.append(f"cell {name} had lost its names: it is known by its text")
                break


def _by_definition(hand: Hand, match: Match) -> None:
    """Find a solution that stands in a cell of its own: the last one that defines what the stub defines."""
    spare = set(hand.free(match))
    for grade_id, names in hand.names.items():
        stub = match.found.get(grade_id)
        if not names or (stub is not None and hand.has_answer(grade_id, match)):
            continue
        places = [index for index in spare if names <= hand.defined[index]]
        if stub is not None and any(index in _reach(hand, match, stub) for index in places):
            continue  # it runs between the stub and its test, as the learner wanted
        merged = _merged(hand, match, names)
        if places:
            match.found[grade_id] = max(places)
            match.texts.pop(grade_id, None)
            spare.remove(max(places))
            match.idle |= {stub} - {None}  # type: ignore[arg-type]
        elif merged:
            match.texts[grade_id] = match.found[merged], hand.addition(merged, match)
        if places or merged:
            match.doubts.setdefault(grade_id, GUESSED)
            said = "was missing" if stub is None else "was left as it was released"
            which = f"the cell that defines {', '.join(sorted(names))}"
            match.notes.append(f"cell {grade_id} {said}: {which} stands for it")


def _merged(hand: Hand, match: Match, names: frozenset[str]) -> str:
    """Return the locked cell that defines what its source does not; empty where none does."""
    for name, source in hand.sources.items():
        if hand.is_changed(name, match) and names <= hand.defined[match.found[name]] - defined_names(shown(source)):
            return name
    return ""


def _reach(hand: Hand, match: Match, stub: int) -> range:
    """Return the places from a stub to the next of the source's cells."""
    return range(stub + 1, min((index for index in match.found.values() if index > stub), default=len(hand.cells)))


def _by_merging(hand: Hand, match: Match) -> None:
    """Find answers that stand in a locked cell: merged with it, that keeps one name of the two."""
    order = list(hand.sources)
    for at, name in enumerate(order):
        if not hand.is_changed(name, match):
            continue
        index = match.found[name]
        extra = without(hand.texts[index], shown(hand.sources[name]))
        near = next((lost for lost in _neighbours(hand, match, order, at)), "")
        if near and extra and extra.strip():
            match.texts[near] = index, extra
            match.doubts[near] = GUESSED
            match.notes.append(f"cell {near} was missing: its answer stood in the locked cell {name}")


def _neighbours(hand: Hand, match: Match, order: Sequence[str], at: int) -> Iterator[str]:
    """Yield the answers that lack beside a source cell: those that follow it, then those before."""
    for names in (order[at + 1 :], order[:at][::-1]):
        for name in names:
            if not match.lacks(name):
                break
            if not is_locked(hand.sources[name]):
                yield name


def _by_place(hand: Hand, match: Match) -> None:
    """Find answers by their place: as many cells of the learner's as lack between two cells that are known."""
    if hand.given.free is None:  # which cells are the learner's own is not known
        return
    free = list(hand.free(match))
    begin, run = -1, []
    for name in (*hand.sources, None):
        if name is not None and match.lacks(name):
            run += [] if is_locked(hand.sources[name]) else [name]
            continue
        if name in match.texts:
            continue
        end = len(hand.cells) if name is None else match.found[name]
        _pair(hand, match, run, [index for index in free if begin < index < end])
        begin, run = end, []


def _pair(hand: Hand, match: Match, lost: Sequence[str], places: Sequence[int]) -> None:
    for kind in ("code", "markdown"):
        names = [name for name in lost if hand.sources[name]["cell_type"] == kind]
        like = [index for index in places if hand.is_kind(index, kind)]
        if len(names) != len(like):
            continue
        for name, index in zip(names, like, strict=True):
            match.found[name] = index
            match.doubts[name] = GUESSED
            match.notes.append(f"cell {name} had lost its names: it is known by its place")


def _idle(hand: Hand, match: Match) -> None:
    """Let no released stub run, of an answer that is there, wherever it has come to stand."""
    taken = set(match.found.values())
    for name, cell in hand.sources.items():
        if not is_locked(cell) and not match.lacks(name) and hand.has_answer(name, match):
            stubs = (index for index, found in enumerate(hand.sums) if found in hand.released[name])
            match.idle |= {index for index in stubs if index not in taken and hand.texts[index].strip()}


def _without_given_text(hand: Hand, match: Match) -> None:
    """Take released cells that are missing out of answers with which they were merged: they are put back."""
    missing = [shown(cell) for name, cell in hand.sources.items() if is_locked(cell) and match.lacks(name)]
    for name, cell in hand.sources.items():
        if is_locked(cell) or match.lacks(name):
            continue
        index, found = match.texts.get(name) or (match.found[name], hand.texts[match.found[name]])
        for block in missing:
            rest = without(found, block)
            if rest and rest.strip():
                found = rest
                match.texts[name] = index, rest
