"""One cell as JSON has it, in a notebook that may hold anything: its text, its id, what nbgrader says of it.

Nothing here raises for what a student wrote; what is of the wrong type counts as absent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping


RawCell: TypeAlias = "Mapping[str, Any]"  # a cell as JSON has it


def text(cell: RawCell) -> str:
    """Return a cell's source as one text that can be written as UTF-8."""
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return clean(source) if isinstance(source, str) else ""


def clean(value: str) -> str:
    """Replace halves of surrogate pairs, which JSON can spell and UTF-8 cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def nbgrader_of(cell: RawCell) -> Mapping[str, Any]:
    """Return what nbgrader says of a cell; empty where it says nothing."""
    metadata = cell.get("metadata")
    found = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def grade_id_of(cell: RawCell) -> str:
    """Return nbgrader's name of a cell; empty where it has none."""
    name = nbgrader_of(cell).get("grade_id")
    return name if isinstance(name, str) else ""


def is_locked(cell: RawCell) -> bool:
    """Tell whether a cell's text is the source's: it is no solution."""
    return not nbgrader_of(cell).get("solution")


def is_test(cell: RawCell) -> bool:
    """Tell whether a cell grades automatically."""
    return bool(nbgrader_of(cell).get("grade")) and is_locked(cell)


def is_manual(cell: RawCell) -> bool:
    """Tell whether a cell holds an answer that a person grades."""
    return bool(nbgrader_of(cell).get("grade")) and not is_locked(cell)


def tags_of(cell: RawCell) -> set[str]:
    """Return a cell's tags, those that are texts."""
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return {tag for tag in tags if isinstance(tag, str)} if isinstance(tags, list) else set()


def id_of(cell: RawCell) -> str:
    """Return a cell's id where it is a valid one."""
    name = cell.get("id")
    return name if isinstance(name, str) and re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) else ""


def attachments_of(cell: RawCell) -> dict[str, dict[str, str]]:
    """Return the pictures pasted into a text cell."""
    found = cell.get("attachments")
    if not isinstance(found, dict):
        return {}
    kept = {}
    for name, bundle in found.items():
        files = bundle.items() if isinstance(bundle, dict) else ()
        kept[clean(name)] = {clean(kind): clean(data) for kind, data in files if isinstance(data, str)}
    return {name: bundle for name, bundle in kept.items() if bundle}
