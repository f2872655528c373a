"""What a cell's text says of itself, by its lines: a learner's is neither parsed nor run.

Parsing it could exhaust the parser's stack; the source's own is parsed.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from gradekit.course.notebook import HIDDEN_TESTS
from gradekit.course.rawcell import text
from gradekit.course.remembered import remembered

if TYPE_CHECKING:
    from gradekit.course.rawcell import RawCell

DEFINED = re.compile(r"^(?:async +)?(?:def|class) +(\w+)", re.MULTILINE)
ASSIGNED = re.compile(r"^(\w++(?:, *+\w++)*+) *+=(?!=)", re.MULTILINE)
IMPORTED = re.compile(r"^(?:from +[.\w]++ +)?import +(\w[^#;\n(]*+)", re.MULTILINE)


def shown(source: RawCell) -> str:
    """Return what students see of a source cell: without its hidden lines."""
    found = source.get("shown")
    if isinstance(found, str):
        return found
    return re.sub(rf"^.*BEGIN {HIDDEN_TESTS}(?s:.*?)END {HIDDEN_TESTS}.*$", "", text(source), flags=re.MULTILINE)


@remembered
def defined_names(written: str) -> frozenset[str]:
    """Return what a learner's text seems to define; parsing it could exhaust the parser's stack."""
    assigned = {name for names in ASSIGNED.findall(written) for name in names.replace(" ", "").split(",")}
    return frozenset(DEFINED.findall(written)) | assigned


@remembered
def brought_names(written: str) -> frozenset[str]:
    """Return what a text seems to bring into a notebook for other cells: functions, classes and imports."""
    parts = (part.split() for names in IMPORTED.findall(written) for part in names.split(","))
    return frozenset(DEFINED.findall(written)) | {words[-1].split(".")[0] for words in parts if words}


@remembered
def bound_names(written: str) -> frozenset[str]:
    """Return what a source cell defines: functions and classes, else variables."""
    try:
        body = ast.parse(written).body
    except (SyntaxError, ValueError):
        return frozenset()
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = {node.name for node in body if isinstance(node, definitions)}
    assigned = (node for node in body if isinstance(node, ast.Assign))
    targets = (target for node in assigned for target in node.targets)
    return frozenset(names or {target.id for target in targets if isinstance(target, ast.Name)})


def without(written: str, block: str) -> str | None:
    """Return a text without whole lines that stand in it; None where they do not, or say nothing."""
    block = block.strip("\n")
    padded, wanted = f"\n{written}\n", f"\n{block}\n"
    at = padded.find(wanted) if block.strip() else -1
    if at < 0:
        return None
    return (padded[:at].rstrip("\n") + "\n\n" + padded[at + len(wanted) :].lstrip("\n")).strip("\n")


def is_inner(written: str) -> bool:
    """Tell whether a text begins where a cell does not: indented, or with a bracket that closes."""
    first = next((line for line in written.splitlines() if line.strip()), "")
    return first[:1].isspace() or first[:1] in {")", "]", "}"}


def is_headless(written: str) -> bool:
    """Tell whether a text begins or ends within something: indented, a bracket too many, a string left open."""
    closed = min(written.count(opening) - written.count(closing) for opening, closing in ("()", "[]", "{}"))
    odd = any(written.count(quotes) % 2 for quotes in ('"""', "'''"))
    return is_inner(written) or closed < 0 or odd
