"""What was handed out: the checksums of every release's cells, in ``.gradekit/+releases/<assignment>.json``.

nbgrader's gradebook holds the last release alone, with its hidden lines. A student may hand in an earlier one.

Schema 1: ``{"schema": 1, "notebooks": {name: {"cells": {grade_id: [checksum, …]}, "free": [checksum, …]}}}``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradekit.course.notebook import read
from gradekit.course.rawcell import grade_id_of, text
from gradekit.course.remembered import remembered
from gradekit.errors import SourceError
from gradekit.files import own, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA = 1


@dataclass(frozen=True)
class Given:
    """What students were given of one notebook, in all its releases.

    Attributes
    ----------
    cells : mapping of str to frozenset of str
        By grade_id: the checksums of its texts.
    free : frozenset of str or None
        The checksums of cells without a grade_id; None where no release is known.
    """

    cells: Mapping[str, frozenset[str]] = field(default_factory=dict)
    free: frozenset[str] | None = None


@remembered
def checksum(written: str) -> str:
    """Return the checksum of a cell's text; blanks and the ends of lines do not count."""
    return hashlib.sha256(" ".join(written.split()).encode("utf-8", "replace")).hexdigest()[:32]


def remember(root: Path, assignment: str, folder: Path) -> None:
    """Add the notebooks in a release's folder to what is known; nothing is written where all of it is."""
    known = _load(root, assignment)
    before = json.dumps(known, sort_keys=True)
    for path in sorted(folder.glob("*.ipynb")):
        with contextlib.suppress(SourceError):
            _add(known.setdefault(path.stem, {"cells": {}, "free": []}), read(path))
    if json.dumps(known, sort_keys=True) != before:
        target = _path(root, assignment)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, (json.dumps({"schema": SCHEMA, "notebooks": known}, indent=1) + "\n").encode())


def given(root: Path, assignment: str) -> dict[str, Given]:
    """Return what is known of each notebook's releases."""
    return {name: _given(found) for name, found in _load(root, assignment).items()}


def in_notebook(path: Path) -> Given:
    """Return what stands in one notebook; nothing is known where it cannot be read."""
    found: dict[str, Any] = {"cells": {}, "free": []}
    try:
        _add(found, read(path))
    except SourceError:
        return Given()
    return _given(found)


def _given(found: Mapping[str, Any]) -> Given:
    return Given({key: frozenset(sums) for key, sums in found["cells"].items()}, frozenset(found["free"]))


def _add(known: dict[str, Any], node: Mapping[str, Any]) -> None:
    for cell in node["cells"]:
        name, found = grade_id_of(cell), checksum(text(cell))
        sums = known["cells"].setdefault(name, []) if name else known["free"]
        if found not in sums:
            sums.append(found)


def _path(root: Path, assignment: str) -> Path:
    return own(root, "releases") / f"{assignment}.json"


def _load(root: Path, assignment: str) -> dict[str, Any]:
    """Return what is known; nothing where the file is damaged, which is then made anew."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        data = json.loads(_path(root, assignment).read_text(encoding="utf-8"))
        if data["schema"] == SCHEMA and all({"cells", "free"} <= found.keys() for found in data["notebooks"].values()):
            return dict(data["notebooks"])
    return {}
