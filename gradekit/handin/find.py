"""Which of the files handed in is the notebook, and whether it can be read.

Covered: notebooks that are no JSON, too large, too deep, of another format; one that was renamed; two of them.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from gradekit.course.rawcell import attachments_of, grade_id_of, text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from gradekit.course.rawcell import RawCell
from gradekit.model import MAX_NOTES
from gradekit.text import shown

MAX_NOTEBOOK_BYTES = 32 * 2**20
MAX_PARTS = 2_000_000  # commas and opening brackets: as objects they take some 250 MB at worst
TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)  # one of JSON's; one without an end goes to the end
MAX_CELLS = 10_000
ATTACHMENT_BYTES = 2_000  # that one takes as an object, however small
MAX_TEXT_BYTES = 32 * 2**20  # in memory, of what is kept of all cells: one letter in a text can widen all to four bytes
FORMAT = 4


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


def read(path: Path) -> dict[str, Any] | Unreadable:
    """Read a notebook of format 4, of any minor version, within bounds."""
    try:
        size = path.stat().st_size
        if size > MAX_NOTEBOOK_BYTES:
            return Unreadable(f"The notebook is too large: {size:,} bytes, where {MAX_NOTEBOOK_BYTES:,} are allowed.")
        written = _decoded(path.read_bytes())
    except OSError as error:
        return Unreadable(f"The notebook cannot be read: {error.strerror}.")
    node = _parsed(written) if isinstance(written, str) else written
    if isinstance(node, dict) and _takes_more_than(MAX_TEXT_BYTES, node["cells"]):
        return Unreadable(f"The texts and pictures of the notebook take more than {MAX_TEXT_BYTES:,} bytes in memory.")
    return node


def _decoded(raw: bytes) -> str | Unreadable:
    """Return a notebook's text; its bytes need not be kept beside it."""
    if _has_more_parts_than(MAX_PARTS, raw):
        return Unreadable("The notebook has millions of parts, which no notebook needs.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Unreadable(f"The notebook is not UTF-8 (byte {error.start:,}).")


def _takes_more_than(most: int, cells: Iterable[RawCell]) -> bool:
    """Tell whether texts and attachments of cells, each as one text, take more than so many bytes."""
    left = most
    for cell in cells:
        left -= sys.getsizeof(text(cell))
        bundles = attachments_of(cell).values()
        left -= sum(ATTACHMENT_BYTES + sys.getsizeof(data) for bundle in bundles for data in bundle.values())
        if left < 0:
            return True
    return False


def _has_more_parts_than(most: int, raw: bytes) -> bool:
    """Tell whether JSON has more parts than that; commas and brackets in its texts are none."""

    def parts(text: bytes) -> int:
        """Return how many commas and opening brackets there are."""
        return sum(map(text.count, (b",", b"[", b"{")))

    return parts(raw) > most and parts(TEXT.sub(b"", raw)) > most


def _parsed(written: str) -> dict[str, Any] | Unreadable:
    try:
        node = json.loads(written)
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
    shared = {grade_id_of(cell) for cell in node["cells"]} & set(grade_ids)
    return bool(shared) and 2 * len(shared) >= len(set(grade_ids))
