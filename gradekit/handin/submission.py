"""A submission → a HandIn: its files collected, its notebooks found, repaired and sanitised; no row is written."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradekit import files
from gradekit.course.rawcell import nbgrader_of
from gradekit.course.releases import Given, in_notebook
from gradekit.gradebook.convert import quiet
from gradekit.gradebook.staged import staged
from gradekit.handin.collect import collect
from gradekit.handin.figures import as_given_out, undrawn
from gradekit.handin.find import Found, Unreadable, find_notebook, read
from gradekit.handin.repair import Repaired, repair
from gradekit.handin.stamp import TIMESTAMP, examine_timestamp
from gradekit.model import Figures, HandedNotebook, HandIn, Note
from gradekit.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gradekit.course.rawcell import RawCell
    from gradekit.gradebook.assignment import ReleasedAssignment
from gradekit.gradebook.settings import is_enabled

SEAL = "submission_secret.txt"  # nbgrader puts it beside a submission


def take_in(
    book: ReleasedAssignment, student: str, stage: Path, *, notebooks: str = "*", figures: Figures = Figures.CHANGED
) -> HandIn:
    """Collect a submission's files into a stage, and make sound notebooks of what was handed in.

    Parameters
    ----------
    stage : Path
        An empty folder of ours, on the course's disk.
    notebooks : str
        Which of the assignment's notebooks, as a file glob; what else lies in ``autograded/`` stays.
    figures : Figures
        Of which cells the figures are drawn.

    Raises
    ------
    OSError, NbGraderException
        If we cannot write, or the settings refuse the student: never for what the student did.
    """
    folder = book.folder(book.directory.submitted_directory, student)
    digest = files.digest([folder])
    with quiet(), contextlib.chdir(book.directory.root):
        converter = staged(book, student, stage)
        converter.notebooks = [str(folder / f"{name}.ipynb") for name in book.sources]
        converter.run_pre_convert_hook()
        converter.outbox.mkdir(parents=True)
        notes = [*collect(folder, converter.inbox), *_make_room(converter.inbox, book)]
        stamp = examine_timestamp(converter.inbox / TIMESTAMP)
        taken = _take_notebooks(book, converter.inbox, folder, notebooks)
        _carry_over(book.folder(book.directory.autograded_directory, student), converter.outbox, notebooks)
        sane = converter.sanitise(taken.problems)
    runs = is_enabled(book.config, "Execute")
    found = tuple(
        HandedNotebook(
            *(name, sane[name], problem, runs, bool(problem), taken.doubts.get(name, {})),
            undrawn=undrawn(sane[name], _as_given_out(book, name, sane[name]), figures),
        )
        for name, problem in taken.problems.items()
    )
    said = (*map(Note, notes), *stamp, *map(Note, taken.notes))
    points = released_points(book.sources.get(book.assignment, ()))
    return HandIn(book.assignment, student, found, taken.missing, converter.outbox, digest, said, points)


def _as_given_out(book: ReleasedAssignment, name: str, node: Mapping[str, Any]) -> frozenset[int]:
    """Return which cells are as they were released; where no release lies about, as they are in the source."""
    given = book.given.get(name, Given())
    if given.free is None:
        given = in_notebook(book.folder(book.directory.source_directory, ".") / f"{name}.ipynb")
    return as_given_out(node, given, book.sources[name])


def released_points(cells: Iterable[RawCell]) -> dict[str, float]:
    """Return what each graded cell of a released notebook is worth, by its grade_id."""
    metas = map(nbgrader_of, cells)
    return {str(meta["grade_id"]): float(meta["points"]) for meta in metas if "points" in meta}


@dataclass(frozen=True)
class _TakenNotebooks:
    """The notebooks that are to be graded, each with why it is undecided already, if it is; and those that lack."""

    problems: Mapping[str, str]
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    doubts: Mapping[str, Mapping[str, str]]


def _take_notebooks(book: ReleasedAssignment, inbox: Path, folder: Path, pattern: str) -> _TakenNotebooks:
    """Put repaired notebooks in the places where nbgrader looks for them."""
    notes: list[str] = []
    problems, missing, places, doubts = {}, [], set(), {}
    for name, cells in book.sources.items():
        found = _find(book, name, inbox, folder)
        notes += () if found.undecided else found.notes
        places.add(found.path)
        path = inbox / f"{name}.ipynb"
        if not (found.path or found.undecided):
            missing += [name] if fnmatch(name, pattern) else []  # nbgrader scores it 0
        elif fnmatch(name, pattern):
            keep, given = not is_enabled(book.config, "ClearOutput"), book.given.get(name, Given())
            problems[name], mended = _restore(path, found, cells, given=given, keep=keep)
            notes += mended.notes
            doubts[name] = mended.doubts
        else:
            path.touch()
    for path in sorted(inbox.glob("*.ipynb")):
        if path.stem not in book.sources and path not in places:
            notes.append(f"the notebook {shown(path.name)} is not of this assignment: it is left out")
    return _TakenNotebooks(problems, tuple(missing), tuple(notes), doubts)


def _find(book: ReleasedAssignment, name: str, inbox: Path, folder: Path) -> Found:
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


def _restore(
    path: Path, found: Found, cells: Sequence[dict[str, Any]], *, given: Given, keep: bool
) -> tuple[str, Repaired]:
    """Write the repaired notebook; where there is none to repair, the source's cells and why."""
    node = read(found.path) if found.path else Unreadable(found.undecided)
    if isinstance(node, Unreadable):
        mended = repair({"cells": []}, cells)
        said = f"**This notebook could not be graded:** {shown(node.reason, 500)}"
        mended.node["cells"].insert(0, {"cell_type": "markdown", "id": "undecided", "metadata": {}, "source": said})
        path.write_text(json.dumps(mended.node), encoding="utf-8")
        return node.reason, Repaired(mended.node)
    mended = repair(node, cells, given=given, outputs=keep)
    path.write_text(json.dumps(mended.node), encoding="utf-8")
    return "", mended


def _make_room(inbox: Path, book: ReleasedAssignment) -> list[str]:
    """Remove what a student put where a file of nbgrader's or of the source's must lie."""
    notes = []
    for name in [*book.source_files, TIMESTAMP, SEAL, *(f"{name}.ipynb" for name in book.sources)]:
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
