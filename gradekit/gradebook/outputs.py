"""What a cell has shown, as nbgrader's pages can show it: outputs of known kinds and shapes, each made anew.

nbconvert's templates trust an output: a widget that is a text stops the page, a diagram is put into it as HTML. So the
list says what may stand in a graded notebook; of anything else a line says what it was.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any

import nbformat

from gradekit.course.growth import draws_little, is_small, kind_of
from gradekit.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbformat import NotebookNode

TEXTS = frozenset({"text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml"})  # an SVG stands in <img>
ON_PAGES = TEXTS | {"image/png", "image/jpeg"}  # what nbconvert's templates have a place for; JupyterLab shows the rest
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
KIND_CHARACTERS = 60  # of the name of a kind that is not shown


def showable(output: Mapping[str, Any]) -> NotebookNode:
    """Return one output in the notebook's form, made of known fields alone: it came from a learner.

    It is held to the format with the whole notebook, when that is written.
    """
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return _output("stream", name=name, text=str(_joined(output.get("text", ""))))
    if kind == "error":
        trace = output.get("traceback")
        lines = [str(line) for line in trace] if isinstance(trace, list) else []
        ename, evalue = str(output.get("ename", ""))[:300], str(output.get("evalue", ""))[:10_000]
        return _output("error", ename=ename, evalue=evalue, traceback=lines)
    data = _data(output.get("data"))
    if kind == "execute_result":
        count = output.get("execution_count")
        number = count if type(count) is int else None
        return _output("execute_result", metadata={}, data=data, execution_count=number)
    return _output("display_data", metadata={}, data=data)


def _output(kind: str, **words: Any) -> NotebookNode:
    return nbformat.from_dict({"output_type": kind, **words})


def _data(given: object) -> dict[str, str]:
    """Return what of displayed data can be shown; where nothing can, a text that says what it was."""
    found: dict[object, Any] = (
        {kind: _joined(value) for kind, value in given.items()} if isinstance(given, dict) else {}
    )
    data = {str(kind): value for kind, value in found.items() if _is_showable(kind, value)}
    if data.keys() & ON_PAGES:
        return data
    kinds = ", ".join(shown(str(kind), KIND_CHARACTERS) for kind in list(found)[:3]) or "of an object"
    return {**data, "text/plain": f"(an output of the kind {kinds}, which is not shown)"}


def _joined(value: object) -> object:
    """Return a text that a notebook's file holds in lines as one text."""
    if not isinstance(value, list):
        return value
    whole = all(isinstance(line, str) for line in value)
    return "".join(value) if whole else value


def _is_showable(kind: object, value: object) -> bool:
    if not isinstance(value, str):
        return False
    if kind in TEXTS:
        return kind != "image/svg+xml" or draws_little(value)
    return kind in PICTURES and _is_picture(value, str(kind))


def _is_picture(text: str, kind: str) -> bool:
    """Tell whether a text is base64, all of it, of a file that begins as that kind does and is no larger than fits."""
    try:
        raw = binascii.a2b_base64("".join(text.split()), strict_mode=True)
    except ValueError:
        return False
    return kind_of(raw) == kind and is_small(kind, raw)
