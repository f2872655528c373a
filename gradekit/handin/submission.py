"""One submission in its stage: collected, its notebooks repaired, what must not be published swept out."""

from __future__ import annotations

import json
import os
import re
import shutil
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradekit.handin.collect import collect
from gradekit.handin.find import MAX_NOTES, Found, Unreadable, find_notebook, read
from gradekit.handin.repair import repair
from gradekit.handin.stamp import TIMESTAMP, examine_timestamp
from gradekit.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradekit.gradebook.assignment import Book
from gradekit.gradebook.settings import is_enabled
from gradekit.gradebook.staged import Taken

SEAL = "submission_secret.txt"  # nbgrader puts it beside a submission
# What nbgrader would publish, or what would pass for a report of ours.
UNPUBLISHED = re.compile(r"(.*\.x?html?|report\.json)", re.IGNORECASE)


def take_in(book: Book, student: str, stage: Path, pattern: str) -> Taken:
    """Collect a submission's files into the stage and repair its notebooks."""
    folder = book.folder(book.directory.submitted_directory, student)
    inbox, outbox = (stage / step / student / book.assignment for step in ("in", "out"))
    outbox.mkdir(parents=True)
    notes = [*collect(folder, inbox), *_make_room(inbox, book)]
    alarm, note = examine_timestamp(inbox / TIMESTAMP)
    notes += note
    taken, places = {}, {}
    for name, cells in book.sources.items():
        found = _find(book, name, inbox, folder)
        notes += () if found.undecided else found.notes
        places[found.path] = name
        path = inbox / f"{name}.ipynb"
        if not (found.path or found.undecided):
            continue  # missing: nbgrader scores it 0
        if fnmatch(name, pattern):
            taken[name], more = _restore(path, found, cells, keep=not is_enabled(book.config, "ClearOutput"))
            notes += more
        else:
            path.touch()
    _carry_over(book.folder(book.directory.autograded_directory, student), outbox, pattern)
    for path in sorted(inbox.glob("*.ipynb")):
        if path.stem not in book.sources and path not in places:
            notes.append(f"the notebook {shown(path.name)} is not of this assignment: it is left out")
    return Taken(taken, tuple(notes), alarm)


def _find(book: Book, name: str, inbox: Path, folder: Path) -> Found:
    """Find a notebook; one that is there in some form, but cannot be taken, is undecided and not missing."""
    ids = [cell["metadata"]["nbgrader"]["grade_id"] for cell in book.sources[name]]
    found = find_notebook(inbox, name, ids, others=book.sources.keys() - {name})
    if found.path or found.undecided:
        return found
    if os.path.lexists(folder / f"{name}.ipynb"):
        return Found(None, undecided=f"{name}.ipynb was refused")
    if len(book.sources) == 1 and any(inbox.rglob("*.ipynb")):
        return Found(None, undecided=f"no notebook that was handed in holds the cells of {name}.ipynb")
    return found


def _restore(path: Path, found: Found, cells: Sequence[dict[str, Any]], *, keep: bool) -> tuple[str, tuple[str, ...]]:
    """Write the repaired notebook; where there is none to repair, the source's cells and why."""
    node = read(found.path) if found.path else Unreadable(found.undecided)
    if isinstance(node, Unreadable):
        mended = repair({"cells": []}, cells)
        said = f"**This notebook could not be graded:** {shown(node.reason, 500)}"
        mended.node["cells"].insert(0, {"cell_type": "markdown", "id": "undecided", "metadata": {}, "source": said})
        path.write_text(json.dumps(mended.node), encoding="utf-8")
        return node.reason, ()
    mended = repair(node, cells, outputs=keep)
    path.write_text(json.dumps(mended.node), encoding="utf-8")
    return "", mended.notes


def _make_room(inbox: Path, book: Book) -> list[str]:
    """Remove what a student put where a file of nbgrader's or of the source's must lie."""
    notes = []
    for name in [*book.source_files(), TIMESTAMP, SEAL, *(f"{name}.ipynb" for name in book.sources)]:
        for path in [inbox / parent for parent in Path(name).parents][-2::-1]:
            if path.is_file():
                path.unlink()
                notes.append(f"the file {shown(path.name)} is refused: the assignment has a folder of that name")
        if (inbox / name).is_dir():
            shutil.rmtree(inbox / name)
            notes.append(f"the folder {shown(name)} is refused: it stands where a file belongs")
    return notes


def _carry_over(old: Path, outbox: Path, pattern: str) -> None:
    """Keep what lies in ``autograded/`` where only some notebooks are graded again."""
    if pattern != "*" and old.is_dir():
        shutil.copytree(
            old, outbox, symlinks=True, dirs_exist_ok=True, ignore=lambda _, names: _graded_again(names, pattern)
        )


def _graded_again(names: Sequence[str], pattern: str) -> list[str]:
    return [name for name in names if fnmatch(name, f"{pattern}.ipynb")]


def sweep(outbox: Path, source_files: Sequence[str], notebooks: Mapping[str, str]) -> list[str]:
    """Remove what must not be published, and whatever stands where a notebook will be written."""
    kept = {outbox / name for name in source_files}
    notes = []
    for path in sorted(outbox.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            path.unlink()
            notes.append(f"{shown(path.name)} is left out: it is no regular file")
        elif path.is_file() and path not in kept and UNPUBLISHED.fullmatch(path.name):
            path.unlink()
            notes.append(f"{shown(path.name)} is left out: no page of a student's own is published")
    for name in notebooks:
        (outbox / f"{name}.ipynb").unlink(missing_ok=True)
    return notes[:MAX_NOTES]
