"""An assignment of other making → what would be written; then written, all of it or nothing, the old kept aside."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradekit.adopt import exercise as exercises
from gradekit.adopt import move
from gradekit.adopt.cells import adopt_notebook
from gradekit.adopt.changes import Adoption, Change, ToType
from gradekit.adopt.prove import EMPTY, refused_lines
from gradekit.adopt.upgrade import delimiters
from gradekit.course import notebook
from gradekit.errors import CourseError, SourceError
from gradekit.files import clear_stages, open_stage, own, write_whole
from gradekit.model import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gradekit.adopt.changes import AdoptedNotebook
    from gradekit.adopt.move import Moved
    from gradekit.course.course import Course

ASIDE = "adopted"  # in .gradekit/: what stood there before


@dataclass
class _Work:
    """What is known while an adoption is put together."""

    course: Course
    assignment: str
    notebooks: dict[Path, AdoptedNotebook]
    changes: list[Change] = field(default_factory=list)
    stays: list[Change] = field(default_factory=list)
    to_type: list[ToType] = field(default_factory=list)


def plan(course: Course, assignment: str, *, exercise: str = "") -> Adoption:
    """Find out what adopting an assignment would write. Nothing is written.

    Parameters
    ----------
    exercise : str
        The grade_id of a graded cell whose asserts become a hidden test; empty for none.

    Raises
    ------
    SourceError
        With the notebook, the cell, the line, and what to do.
    """
    course.check_assignment(assignment)
    marks = delimiters(course)
    work = _Work(course, assignment, {path: adopt_notebook(path, marks) for path in course.notebooks(assignment)})
    files: dict[Path, bytes] = {}
    work.changes += [change for found in work.notebooks.values() for change in found.changes]
    nodes = {path: found.node for path, found in work.notebooks.items()}
    if exercise:
        files |= _with_exercise(work, nodes, exercise)
    for path, node in nodes.items():
        if node != notebook.read(path):
            files[path] = _bytes(node)
    work.stays += [stay for path, node in nodes.items() for stay in _stays(path, node)]
    files = {path: data for path, data in files.items() if not path.exists() or path.read_bytes() != data}
    return Adoption(assignment, files, tuple(work.changes), tuple(work.stays), tuple(work.to_type))


def _bytes(node: Mapping[str, Any]) -> bytes:
    return (json.dumps(node, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _with_exercise(work: _Work, nodes: dict[Path, dict[str, Any]], wanted: str) -> dict[Path, bytes]:
    """Move one graded cell's asserts in these notebooks; return the files of the hidden tests."""
    path = work.course.source(work.assignment)
    if path not in nodes:
        names = ", ".join(item.name for item in nodes)
        raise SourceError(
            f"Hidden tests concern the notebook {path.name}, and '{work.assignment}' has {names}.",
            help=f"Rename the one that is to have hidden tests to {path.name}, before anything is handed in; "
            "or keep the asserts: they are graded inline.",
        )
    known = {item.graded: item for item in notebook.exercises(notebook.cells(nodes[path]))}
    if wanted in known:
        work.stays.append(Change(path.name, wanted, "has hidden tests already: nothing to move"))
        return {}
    found = exercises.find(path, nodes[path], wanted)
    tests = work.course.hidden(work.assignment) / "tests.py"
    text = tests.read_text(encoding="utf-8") if tests.exists() else ""
    marks = delimiters(work.course)

    def moved(refused: Mapping[int, tuple[str, str]]) -> Moved:
        """Move it with these lines left."""
        cells = list(nodes[path]["cells"])
        return move.move(found, marks, cells, assignment=work.assignment, refused=refused, taken=text)

    def whole(made: Moved) -> tuple[dict[str, Any], str]:
        """Return the notebook and the hidden tests with it."""
        return {**nodes[path], "cells": made.cells}, move.with_test(text, made, assignment=work.assignment)

    if f'exercise("{found.name}")' in text:  # its author's own, or a run that was ended halfway
        made = moved({})
        nodes[path] = whole(made)[0]
        work.changes.append(Change(path.name, wanted, "calls the hidden tests that tests.py has of it already"))
        return {}
    made = moved(refused_lines(work.course, work.assignment, found, moved, whole))
    nodes[path], written = whole(made)
    _tell(work, path, wanted, made)
    files = {tests: written.encode()}
    reference = tests.with_name("reference.npz")
    return files if reference.exists() else files | {reference: EMPTY}


def _tell(work: _Work, path: Path, wanted: str, made: Moved) -> None:
    turned = sum(bool(item.lines) for item in made.turned)
    left = [item.left for item in made.turned if item.left is not None]
    place = f"tests/hidden/{work.assignment}/tests.py"
    work.changes.append(
        Change(
            path.name,
            wanted,
            f"{turned} statements moved to {place}; exercise '{made.name}', solution cell '{made.stub}'",
        )
    )
    if made.visible:
        what = "its visible asserts stay in it, for students to run; the points come from the hidden tests alone"
        work.stays.append(Change(path.name, wanted, what))
    work.to_type += [
        ToType(f"{place}, left_of_…", f"line {item.line}: {item.text.splitlines()[0]} ({item.why})") for item in left
    ]
    work.to_type.append(ToType(f"{place}, the docstring", "a sentence for learners on what is tested", needed=False))


def _stays(path: Path, node: dict[str, Any]) -> Iterator[Change]:
    """Yield where asserts that carry points stand, if students see them."""
    cells = notebook.cells(node)
    graded = {item.graded for item in notebook.exercises(cells)}
    for cell in cells:
        if cell.role is Role.TEST and cell.points and cell.grade_id not in graded:
            hidden = notebook.region_lines(cell.source, notebook.HIDDEN_TESTS)
            seen = "asserts that students see stay in it" if _shows(cell.source) else "all hidden"
            more = ", hidden ones too" if hidden and _shows(cell.source) else ""
            yield Change(
                path.name, cell.grade_id, f"{cell.points:g} points; {seen}{more}; graded inline, in the sandbox"
            )


def _shows(source: str) -> bool:
    inside = False
    for line in source.splitlines():
        if f"BEGIN {notebook.HIDDEN_TESTS}" in line or f"END {notebook.HIDDEN_TESTS}" in line:
            inside = "BEGIN" in line
        elif not inside and line.strip() and not line.lstrip().startswith("#"):
            return True
    return False


# --- showing and writing ---------------------------------------------------------------------------------------------


def diff(found: Adoption, root: Path) -> str:
    """Return what would change, as a unified diff; of what is no text only its name."""
    parts = []
    for path, data in found.files.items():
        name = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
        old = path.read_bytes() if path.exists() else b""
        try:
            before, after = (_readable(path, text.decode()).splitlines(keepends=True) for text in (old, data))
        except UnicodeDecodeError:
            parts.append(f"+++ {name} ({len(data)} bytes)\n")
            continue
        parts += unified_diff(before, after, name if old else "/dev/null", name)
    return "".join(parts)


def _readable(path: Path, text: str) -> str:
    """Return a notebook's text with a line for each thing in it, however it was saved."""
    return _bytes(json.loads(text)).decode() if path.suffix == ".ipynb" and text else text


def write(course: Course, found: Adoption) -> tuple[Path, ...]:
    """Write what an adoption changes: all of it, or, where anything fails, nothing. The old files are kept aside.

    Returns
    -------
    tuple of Path
        The files written, then the folder of the old ones, if there were any.
    """
    if not found.files:
        return ()
    clear_stages(course.root / ".gradekit")
    old = {path: path.read_bytes() for path in found.files if path.exists()}
    kept = _keep(course, found.assignment, old) if old else None
    written: list[Path] = []
    with open_stage(course.root):
        try:
            for path, data in found.files.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
                write_whole(path, data)
                written.append(path)
                path.chmod(mode)
        except OSError as error:
            for path in written:
                with suppress(OSError):
                    write_whole(path, old[path]) if path in old else path.unlink()
            raise CourseError(
                f"{error.filename or path} cannot be written: {error.strerror}.", help="Nothing was changed."
            ) from None
    return (*written, *([kept] if kept else []))


def _keep(course: Course, assignment: str, old: Mapping[Path, bytes]) -> Path:
    """Keep the files as they were in a new folder of ours."""
    above = own(course.root, ASIDE) / assignment
    above.mkdir(parents=True, exist_ok=True)
    number = 1 + sum(1 for _ in above.iterdir())
    folder = above / str(number)
    made = Path(tempfile.mkdtemp(dir=above, prefix=".part-"))
    try:
        for path, data in old.items():
            (made / path.name).write_bytes(data)
        made.rename(folder)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return folder
