"""What of a graded submission may be published: regular files, no page, nothing that passes for ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gradekit.model import MAX_NOTES
from gradekit.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

# What nbgrader would publish, or what would pass for a report of ours.
UNPUBLISHED = re.compile(r"(.*\.x?html?|report\.json)", re.IGNORECASE)


def sweep(outbox: Path, source_files: Sequence[str], notebooks: Iterable[str]) -> list[str]:
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
