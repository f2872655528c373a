"""What a score depends on beside what was handed in: a worker that differs in it is not used."""

from __future__ import annotations

import importlib.metadata
from contextlib import suppress
from typing import TYPE_CHECKING

from gradekit.course import notebook
from gradekit.errors import SourceError
from gradekit.grade.judge import own_code, versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gradekit.course.course import Course


def facts(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of this Python's packages, these among them, and the hash of gradekit's own code."""
    found = {}
    for name in packages:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return {**found, **versions(), "code of gradekit": own_code()}


def packages_of(course: Course, assignment: str) -> list[str]:
    """Return the installed packages that an assignment's notebooks, its modules and its hidden tests import."""
    modules = {name.partition(".")[0] for source in _sources(course, assignment) for name in notebook.imported(source)}
    known = importlib.metadata.packages_distributions() if modules else {}
    return sorted({package for name in modules for package in known.get(name, ())})


def differences(wanted: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Say in what a worker differs; empty where a score would be the same."""
    names = [name for name in wanted if found.get(name) != wanted[name]]
    missing = ", ".join(name for name in names if name not in found)
    said = [
        name if len(wanted[name]) > 40 else f"{name} {found[name]}, here {wanted[name]}"
        for name in names
        if name in found
    ]
    has = f"it has another {'; '.join(said)}" if said else ""
    return " and ".join(filter(None, (f"it has no {missing}" if missing else "", has)))


def _sources(course: Course, assignment: str) -> Iterator[str]:
    for path in course.notebooks(assignment):
        with suppress(SourceError):
            yield from (cell.source for cell in notebook.cells(notebook.read(path)))
    for folder in (course.source_folder(assignment), course.hidden(assignment)):
        for path in sorted(folder.glob("*.py")):
            with suppress(OSError, UnicodeError):
                yield path.read_text(encoding="utf-8")
