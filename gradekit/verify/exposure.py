"""Where students could read what they must not: their version, their feedback, what they are told, the stubs they call.

A learner's own text may hold a line of the solution: it is what they typed. Then it is no leak.
"""

from __future__ import annotations

import ast
import html
import re
from typing import TYPE_CHECKING

from gradekit.course import notebook
from gradekit.release.inspection import Leak, find_leaks, published_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from gradekit.course.course import Course
    from gradekit.model import Cell, Exercise
    from gradekit.release.inspection import Secret


TRUSTED_FILES = ("tests.py", "misconceptions.py", "alternatives.py", "equivalents.toml", "reference.npz")
# What opens files, starts programs or runs text. A stub's arguments come from a learner's process.
DANGEROUS_CALLS = frozenset({"open", "exec", "eval", "compile", "__import__", "input", "breakpoint", "globals", "vars"})
DANGEROUS_MODULES = frozenset({"os", "sys", "subprocess", "shutil", "pathlib", "io", "socket", "pickle", "importlib"})
READS = ("load", "loads", "loadtxt", "genfromtxt", "fromfile", "fromregex", "memmap", "DataSource", "imread")
WRITES = ("save", "savez", "savez_compressed", "savetxt", "savefig", "imsave", "dump", "dumps", "tofile")
OF_PATHS = ("open", "read_text", "write_text", "read_bytes", "write_bytes", "unlink", "system", "popen", "ctypeslib")
DANGEROUS_ATTRIBUTES = frozenset({*READS, *WRITES, *OF_PATHS})


def release_leaks(course: Course, assignment: str, *, secrets: Iterable[Secret]) -> list[Leak]:
    """Return what students' files give away: those that were released, and those that lie beside the source."""
    folders = [course.folder("release", assignment), course.source_folder(assignment)]
    texts = {
        _shown(course, path): published_text(path)
        for folder in folders
        for path in _files(folder)
        if path != course.source(assignment)
    }
    trusted = [leak for folder in folders for leak in _trusted_files(course, assignment, folder)]
    return [*find_leaks(texts, secrets=secrets), *trusted]


def feedback_leaks(course: Course, assignment: str, *, secrets: Iterable[Secret]) -> list[Leak]:
    """Return what the feedback pages give away beyond what each learner typed."""
    # nbgrader's own pages show the graded cell, whose call of the hidden tests tells nothing.
    telling = [item for item in secrets if not item.cell.endswith(notebook.GRADE_SUFFIX)]
    leaks: list[Leak] = []
    for student in course.students("feedback", assignment):
        folder = course.folder("feedback", assignment, student)
        own = "\n".join(published_text(path) for path in _files(course.folder("submitted", assignment, student)))
        for path in _files(folder):
            name = f"feedback/{student}/{path.name}"
            leaks += message_leaks({name: _visible(published_text(path))}, secrets=telling, own=own)
        leaks += _trusted_files(course, assignment, folder)
    return leaks


def message_leaks(texts: Mapping[str, str], *, secrets: Iterable[Secret], own: str) -> list[Leak]:
    """Return what texts for learners give away beyond the learner's own text."""
    typed = {(leak.origin, leak.line) for leak in find_leaks({"": own}, secrets=secrets)}
    return [leak for leak in find_leaks(texts, secrets=secrets) if (leak.origin, leak.line) not in typed]


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()] if folder.is_dir() else []


def _shown(course: Course, path: Path) -> str:
    return str(path.relative_to(course.root) if path.is_relative_to(course.root) else path)


def _visible(page: str) -> str:
    return page + "\n" + html.unescape(re.sub(r"<[^>]*>", "", page))


def _trusted_files(course: Course, assignment: str, folder: Path) -> list[Leak]:
    """Return the files of the trusted side that lie in a folder, under their own or another name."""
    hidden = course.hidden(assignment)
    ours = {
        data: name for name in TRUSTED_FILES if (hidden / name).is_file() and (data := (hidden / name).read_bytes())
    }
    return [
        Leak(_shown(course, path), ours.get(path.read_bytes(), path.name))
        for path in _files(folder)
        if path.name in TRUSTED_FILES or path.read_bytes() in ours
    ]


# --- stubs -----------------------------------------------------------------------------------------------------------


def stub_dangers(cells: Iterable[Cell], exercises: Iterable[Exercise]) -> list[str]:
    """Return what the reference's functions could do that no learner may ask for: files, programs, text as code.

    In follow-through a learner's code calls them on the trusted side, with arguments of its own. Looked at are the
    functions and classes of the exercises and what they call of the notebook, however far down.
    """
    defined = {
        statement.name: (cell, statement)
        for cell in cells
        for statement in ast.parse(cell.source).body
        if isinstance(statement, ast.FunctionDef | ast.ClassDef)
    }
    waiting = [name for exercise in exercises for name in exercise.defines if name in defined]
    seen: set[str] = set()
    found = []
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        cell, node = defined[name]
        found += [f"cell '{cell.id}': {name} uses `{danger}`" for danger in dict.fromkeys(_dangers(node))]
        waiting += [used for used in _names(node) if used in defined]
    return found


def _names(node: ast.AST) -> Iterator[str]:
    return (inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name))


def _dangers(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner.id in DANGEROUS_MODULES:
            yield inner.id
        elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id in DANGEROUS_CALLS:
            yield inner.func.id
        elif isinstance(inner, ast.Import | ast.ImportFrom) or _attribute(inner) in DANGEROUS_ATTRIBUTES:
            yield ast.unparse(inner)


def _attribute(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else ""
