"""What a student handed in → bounded regular files, and a notebook whose structure is the source's.

Everything read here is hostile: nothing in it is run, no link is followed, every number has a bound, and nothing that
a student did raises. Covered: links at any level, FIFOs, sockets, devices, hard links, deep and crowded folders, odd
names; notebooks that are no JSON, too large, too deep, of another format; cells deleted, copied, moved, retagged,
re-typed, re-pointed. *Not* covered: what the cells do when they run (the sandbox), and what they print (the pages).
"""

from __future__ import annotations

import json
import os
import re
import stat
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice, product
from typing import TYPE_CHECKING, Any, TypeAlias

import nbformat

from gradekit import notebook
from gradekit.sandbox import HOME

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

IGNORED = frozenset({".ipynb_checkpoints", "__pycache__"})
# Written by a learner's code it would be a notebook to make feedback for, a time of handing in, or a cache of ours.
NBGRADERS = re.compile(rf".*\.ipynb|timestamp\.txt|submission_secret\.txt|{re.escape(HOME)}", re.IGNORECASE | re.DOTALL)
MAX_DEPTH = 10  # folders within folders: a path stays below Linux's 4,096 bytes
MAX_NAME_BYTES = 255  # what ext4 and xfs can hold
MAX_ENTRIES = 20_000  # names looked at in one submission, refused ones included
MAX_NOTES = 20
MAX_NOTEBOOK_BYTES = 32 * 2**20
MAX_PARTS = 2_000_000  # commas and opening brackets: as objects they take some 250 MB at worst
MAX_CELLS = 10_000
FORMAT = 4
LATEST_MINOR = 5
TYPES = ("code", "markdown", "raw")
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})  # Unicode categories that a terminal obeys or cannot show
UNNAMEABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})  # those that no file name needs
STEERING_TAGS = frozenset({"skip-execution", "raises-exception"})  # nbclient obeys them
OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: a FIFO put in a file's place must not stop us.
OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
CREATE_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


RawCell: TypeAlias = "Mapping[str, Any]"  # a cell as JSON has it


@dataclass(frozen=True)
class Unreadable:
    """A notebook that cannot be read, and why, in one sentence."""

    reason: str


@dataclass(frozen=True)
class Found:
    """Which file is the notebook.

    Attributes
    ----------
    path : Path or None
    undecided : str
        Where there is no telling which file is meant: why a person must look.
    """

    path: Path | None
    notes: tuple[str, ...] = ()
    undecided: str = ""


@dataclass(frozen=True)
class Repaired:
    """A notebook of format 4.5 with every cell of the source exactly once, and what had to be mended."""

    node: dict[str, Any]
    notes: tuple[str, ...] = ()


def shown(text: str, limit: int = 80) -> str:
    """Make a student's text fit for one line of a terminal: nothing unseen, nothing endless."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(
        char.encode("unicode_escape").decode() if unicodedata.category(char) in UNSEEN else char for char in cut
    )


# --- files -----------------------------------------------------------------------------------------------------------


def collect(
    folder: Path, target: Path, *, max_files: int = 2000, max_bytes: int = 200 * 2**20, merge: bool = False
) -> tuple[str, ...]:
    """Copy a submission's regular files, notebooks first, and refuse the rest.

    Parameters
    ----------
    merge : bool
        Add to what `target` holds what code has written since: what is there already stays as it is, and without a
        word; what nbgrader would take for its own is left out.

    Returns
    -------
    tuple of str
        One line for each thing refused or renamed; at most `MAX_NOTES` and a count.

    Raises
    ------
    OSError
        If `target` cannot be written: never for what the student did.
    """
    target.mkdir(parents=True, exist_ok=True)
    copying = _Copying(max_files, max_bytes, merge=merge)
    try:
        source = os.open(folder, OPEN_FOLDER)
    except OSError as error:
        return (f"the folder {shown(folder.name)} cannot be opened: {error.strerror}",)
    destination = os.open(target, OPEN_FOLDER)
    try:
        copying.folder(source, destination, "", 0)
    finally:
        os.close(source)
        os.close(destination)
    return copying.report()


@dataclass
class _Copying:
    """One submission being copied: what may still come, and what was refused."""

    files: int
    size: int
    entries: int = MAX_ENTRIES
    merge: bool = False
    notes: list[str] = field(default_factory=list)
    unsaid: int = 0

    def report(self) -> tuple[str, ...]:
        """Return the lines, and how many more there would be."""
        return (*self.notes, f"and {self.unsaid:,} more refused") if self.unsaid else tuple(self.notes)

    def note(self, line: str) -> None:
        if line in self.notes:
            return
        if len(self.notes) < MAX_NOTES:
            self.notes.append(line)
        else:
            self.unsaid += 1

    def folder(self, source: int, target: int, path: str, depth: int) -> None:
        """Copy a folder: its files first, so that deep data cannot crowd out the notebook."""
        folders = []
        for name in self.names(source, path):
            try:
                mode = os.stat(name, dir_fd=source, follow_symlinks=False).st_mode
            except OSError as error:
                self.note(f"{shown(path + name)} cannot be read: {error.strerror}")
                continue
            if len(os.fsencode(name)) > MAX_NAME_BYTES:
                self.note(f"{shown(path + name)} is refused: its name is too long")
            elif stat.S_ISDIR(mode):
                folders.append(name)
            elif stat.S_ISREG(mode):
                self.file(source, target, name, path)
            else:
                self.note(f"{shown(path + name)} is refused: it is {_kind(mode)}")
        for name in folders:
            self.subfolder(source, target, name, path, depth)

    def names(self, source: int, path: str) -> list[str]:
        """Return a folder's names, notebooks first, as many as may still be looked at."""
        try:
            with os.scandir(source) as entries:
                found = [entry.name for entry in islice(entries, self.entries + 1)]
        except OSError as error:
            self.note(f"{shown(path) or 'the folder'} cannot be read: {error.strerror}")
            return []
        if len(found) > self.entries:
            self.note(f"there are more than {MAX_ENTRIES:,} files and folders: the others are left out")
        wanted = {name for name in found[: self.entries] if not (self.merge and NBGRADERS.fullmatch(name))} - IGNORED
        found = sorted(wanted, key=lambda name: (not name.endswith(".ipynb"), name))
        self.entries -= len(found)
        return found

    def subfolder(self, source: int, target: int, name: str, path: str, depth: int) -> None:
        """Copy a folder within a folder; an empty one leaves nothing."""
        if depth >= MAX_DEPTH:
            self.note(f"{shown(path + name)} is refused: it lies more than {MAX_DEPTH} folders deep")
            return
        try:
            inner = os.open(name, OPEN_FOLDER, dir_fd=source)
        except OSError as error:
            self.note(f"{shown(path + name)} cannot be opened: {error.strerror}")
            return
        kept = _nameable(name)
        try:
            if not (self.merge and _is_there(kept, target)):
                os.mkdir(kept, dir_fd=target)
            outer = os.open(kept, OPEN_FOLDER, dir_fd=target)
        except (FileExistsError, NotADirectoryError):
            self.note(f"{shown(path + name)} is refused: its name is taken")
        else:
            self.folder(inner, outer, f"{path}{name}/", depth + 1)
            os.close(outer)
            with suppress(OSError):  # it holds something
                os.rmdir(kept, dir_fd=target)
        finally:
            os.close(inner)

    def file(self, source: int, target: int, name: str, path: str) -> None:
        """Copy one file, having looked again at what was opened."""
        if self.merge and _is_there(_nameable(name), target):
            return
        if not self.files:
            self.note("there are too many files: the others are left out")
            return
        try:
            handle = os.open(name, OPEN_FILE, dir_fd=source)
        except OSError as error:
            self.note(f"{shown(path + name)} cannot be opened: {error.strerror}")
            return
        try:
            info = os.fstat(handle)
            if not stat.S_ISREG(info.st_mode) or info.st_nlink != 1:
                kind = "a hard link" if stat.S_ISREG(info.st_mode) else _kind(info.st_mode)
                self.note(f"{shown(path + name)} is refused: it is {kind}")
            elif info.st_size > self.size:
                self.note(f"{shown(path + name)} is refused: it is too large ({info.st_size:,} bytes)")
            else:
                self.copy(handle, target, name, path, info.st_size)
        finally:
            os.close(handle)

    def copy(self, handle: int, target: int, name: str, path: str, size: int) -> None:
        kept = _nameable(name)
        try:
            out = os.open(kept, CREATE_FILE, 0o644, dir_fd=target)
        except FileExistsError:
            self.note(f"{shown(path + name)} is refused: its name is taken")
            return
        if kept != name:
            self.note(f"{shown(path + name)} is kept as {shown(kept)}")
        self.files -= 1
        self.size -= size
        with os.fdopen(out, "wb") as stream:
            while size > 0 and (data := self.part(handle, min(size, 2**20), path + name)):
                size -= len(data)
                stream.write(data)

    def part(self, handle: int, size: int, name: str) -> bytes:
        """Read the next bytes of a file; nothing more where the disk fails."""
        try:
            return os.read(handle, size)
        except OSError as error:
            self.note(f"{shown(name)} cannot be read to its end: {error.strerror}")
            return b""


def _kind(mode: int) -> str:
    kinds = {stat.S_IFLNK: "a link", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket", stat.S_IFDIR: "a folder"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _is_there(name: str, folder: int) -> bool:
    with suppress(FileNotFoundError):
        os.stat(name, dir_fd=folder, follow_symlinks=False)
        return True
    return False


def _nameable(name: str) -> str:
    """Return a name without control characters and bytes that are no text."""
    return "".join("_" if unicodedata.category(char) in UNNAMEABLE else char for char in name)


# --- the notebook ----------------------------------------------------------------------------------------------------


def read(path: Path) -> dict[str, Any] | Unreadable:
    """Read a notebook of format 4, of any minor version, within bounds."""
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= MAX_NOTEBOOK_BYTES else b""
    except OSError as error:
        return Unreadable(f"The notebook cannot be read: {error.strerror}.")
    if size > MAX_NOTEBOOK_BYTES:
        return Unreadable(f"The notebook is too large: {size:,} bytes, where {MAX_NOTEBOOK_BYTES:,} are allowed.")
    if sum(map(raw.count, (b",", b"[", b"{"))) > MAX_PARTS:
        return Unreadable("The notebook has millions of parts, which no notebook needs.")
    return _parsed(raw)


def _parsed(raw: bytes) -> dict[str, Any] | Unreadable:
    try:
        node = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Unreadable(f"The notebook is not UTF-8 (byte {error.start:,}).")
    except json.JSONDecodeError as error:
        return Unreadable(f"The notebook is not JSON (line {error.lineno:,}).")
    except RecursionError:
        return Unreadable("The notebook is nested too deeply.")
    except ValueError:  # a number of more digits than Python reads
        return Unreadable("The notebook holds a number that is too long.")
    return _checked(node)


def _checked(node: object) -> dict[str, Any] | Unreadable:
    if not isinstance(node, dict):
        return Unreadable("The file is JSON, but no notebook.")
    if type(node.get("nbformat")) is not int or node["nbformat"] != FORMAT:
        found = node.get("nbformat")
        said = str(found) if type(found) is int and abs(found) < 1000 else "unknown"
        return Unreadable(f"The notebook is in format {said}, and only format {FORMAT} is read.")
    cells = node.get("cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        return Unreadable("The notebook has no list of cells.")
    if len(cells) > MAX_CELLS:
        return Unreadable(f"The notebook has {len(cells):,} cells, where {MAX_CELLS:,} are allowed.")
    return node


def find_notebook(folder: Path, wanted: str, grade_ids: Collection[str], *, others: Collection[str] = ()) -> Found:
    """Find a notebook among collected files: by its name, else the one file that holds the source's cells.

    Parameters
    ----------
    wanted : str
        The notebook's name without ``.ipynb``.
    grade_ids : collection of str
        nbgrader's names of the source's cells; a renamed notebook has at least half of them.
    others : collection of str
        Names of the assignment's other notebooks: never taken for this one.
    """
    path = folder / f"{wanted}.ipynb"
    if path.is_file():
        return Found(path)
    names = {f"{other}.ipynb" for other in others}
    alike = [
        other
        for other in islice(sorted(folder.rglob("*.ipynb")), MAX_NOTES)
        if other.is_file() and other.relative_to(folder).as_posix() not in names and _holds(other, grade_ids)
    ]
    listed = ", ".join(shown(other.relative_to(folder).as_posix()) for other in alike)
    if len(alike) == 1:
        return Found(alike[0], (f"the notebook {wanted}.ipynb was handed in as {listed}",))
    if alike:
        why = f"{wanted}.ipynb is missing, and it is not clear which of these is meant: {listed}"
        return Found(None, (why,), undecided=why)
    return Found(None, (f"no notebook {wanted}.ipynb was handed in",))


def _holds(path: Path, grade_ids: Collection[str]) -> bool:
    node = read(path)
    if isinstance(node, Unreadable):
        return False
    shared = {_grade_id(cell) for cell in node["cells"]} & set(grade_ids)
    return bool(shared) and 2 * len(shared) >= len(set(grade_ids))


# --- its structure ---------------------------------------------------------------------------------------------------


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
    sources = {_grade_id(cell): cell for cell in source_cells}
    notes: list[str] = []
    found = _matched(cells, sources, notes)
    used: set[str] = set()
    names = {grade_id: _fresh(_id(cell), grade_id, used) for grade_id, cell in sources.items()}
    made = []
    for item in _arranged(len(cells), found, sources):
        if isinstance(item, int):
            own: RawCell | None = cells[item]
            cell = _free(cells[item], _fresh(_id(cells[item]), f"free-{item}", used))
        else:
            own = cells[found[item]] if item in found else None
            cell = _restored(sources[item], own, names[item], notes)
        made.append(_with_outputs(cell, own) if outputs else cell)
    return Repaired(_notebook(node, made), _reported(cells, notes))


def _notebook(node: Mapping[str, Any], cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {"nbformat": FORMAT, "nbformat_minor": LATEST_MINOR, "metadata": _metadata(node), "cells": cells}


def _reported(cells: Sequence[RawCell], notes: Sequence[str]) -> tuple[str, ...]:
    """Add what the tags asked for, and cut what is too long to be read."""
    steered = sum(bool(_tags(cell) & STEERING_TAGS) for cell in cells)
    tags = (f"tags that steer execution are ignored (cells: {steered})",) if steered else ()
    more = (f"and {len(notes) - MAX_NOTES:,} more cells mended",) if len(notes) > MAX_NOTES else ()
    return (*notes[:MAX_NOTES], *more, *tags)


def _matched(cells: Sequence[RawCell], sources: Mapping[str, RawCell], notes: list[str]) -> dict[str, int]:
    """Say which cell stands for which source cell: by its grade_id, else by its id, else by what it defines."""
    by_id = {_id(cell): grade_id for grade_id, cell in sources.items()} | {"": ""}
    meant = [by_id.get(_id(cell), "") for cell in cells]
    claims, pointed = _places(map(_grade_id, cells)), _places(meant)
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
    lost = [name for name, cell in sources.items() if name not in found and not _locked(cell)]
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
    return _is_test(source) or (moved and not _locked(source))


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
    notes.extend(f"cell {_grade_id(source)} {change}" for change in _changes(source, own))
    writer = source if own is None or _locked(source) else own
    cell = _blank(kind, name, text(writer))
    cell["metadata"] = json.loads(json.dumps(source.get("metadata", {})))
    if kind != "code" and (files := _attachments(writer)):
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
    if _locked(source) and text(own).split() not in (written.split(), _visible(written).split()):
        yield "was changed, though it is locked: it has its released text again"


def _free(own: RawCell, name: str) -> dict[str, Any]:
    """Return a cell of the learner's own, without metadata."""
    kind = own.get("cell_type")
    cell = _blank(kind if isinstance(kind, str) and kind in TYPES else "raw", name, text(own))
    if cell["cell_type"] != "code" and (files := _attachments(own)):
        cell["attachments"] = files
    return cell


def _blank(kind: str, name: str, source: str) -> dict[str, Any]:
    cell = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    return cell | {"outputs": [], "execution_count": None} if kind == "code" else cell


def text(cell: RawCell) -> str:
    """Return a cell's source as one text that can be written as UTF-8."""
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return _clean(source) if isinstance(source, str) else ""


def _clean(value: str) -> str:
    """Replace halves of surrogate pairs, which JSON can spell and UTF-8 cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def _visible(source: str) -> str:
    """Return a released test without its hidden lines."""
    region = notebook.HIDDEN_TESTS
    return re.sub(rf"^.*BEGIN {region}(?s:.*?)END {region}.*$", "", source, flags=re.MULTILINE)


def _nbgrader(cell: RawCell) -> Mapping[str, Any]:
    metadata = cell.get("metadata")
    found = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def _grade_id(cell: RawCell) -> str:
    name = _nbgrader(cell).get("grade_id")
    return name if isinstance(name, str) else ""


def _locked(cell: RawCell) -> bool:
    return not _nbgrader(cell).get("solution")


def _is_test(cell: RawCell) -> bool:
    return bool(_nbgrader(cell).get("grade")) and _locked(cell)


def _tags(cell: RawCell) -> set[str]:
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return {tag for tag in tags if isinstance(tag, str)} if isinstance(tags, list) else set()


def _id(cell: RawCell) -> str:
    """Return a cell's id where it is a valid one."""
    name = cell.get("id")
    return name if isinstance(name, str) and re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) else ""


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


def _attachments(cell: RawCell) -> dict[str, dict[str, str]]:
    """Return the pictures pasted into a text cell."""
    found = cell.get("attachments")
    if not isinstance(found, dict):
        return {}
    kept = {}
    for name, bundle in found.items():
        files = bundle.items() if isinstance(bundle, dict) else ()
        kept[_clean(name)] = {_clean(kind): _clean(data) for kind, data in files if isinstance(data, str)}
    return {name: bundle for name, bundle in kept.items() if bundle}


def _with_outputs(cell: dict[str, Any], own: RawCell | None) -> dict[str, Any]:
    """Return a code cell with those outputs handed in that are valid in format 4.5."""
    found = own.get("outputs") if own is not None and cell["cell_type"] == "code" else None
    kept = []
    for output in filter(_is_object, found if isinstance(found, list) else ()):
        try:
            nbformat.validate(output, ref="output", version=FORMAT, version_minor=LATEST_MINOR)
        except (nbformat.ValidationError, RecursionError):
            continue
        kept.append(json.loads(_clean(json.dumps(output, ensure_ascii=False))))
    return cell | {"outputs": kept} if kept else cell


def _metadata(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return the kernel and the language that a notebook names; nothing else of its metadata."""
    found = node.get("metadata")
    kept = {}
    for key, needed in (("kernelspec", {"name", "display_name"}), ("language_info", {"name"})):
        entry = found.get(key) if isinstance(found, dict) else None
        words = entry.items() if isinstance(entry, dict) else ()
        strings = {name: value for name, value in words if isinstance(value, str) and len(value) <= MAX_NAME_BYTES}
        if needed <= strings.keys():
            kept[key] = {_clean(name): _clean(value) for name, value in strings.items()}
    return kept
