"""What a moved exercise is made of: its hidden test's text, and the graded cell's."""

from __future__ import annotations

import ast
import keyword
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradekit.adopt.asserts import Turned, turn
from gradekit.adopt.cells import marker
from gradekit.adopt.names import needed_imports, used
from gradekit.course import notebook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradekit.adopt.exercise import Found
    from gradekit.adopt.upgrade import Delimiters

HEAD = '''"""Hidden tests of {assignment}. The sentence below a test's name is what a learner reads."""

from gradekit.hidden import exercise
'''
TEST = '''

{variable} = exercise("{name}")


@{variable}.test()
def {function}(student, reference, expect):
    """What the asserts of {name} demanded of {called} holds."""
{body}
'''
LEFT = '''

@{variable}.test()
def left_of_{function}(student, reference, expect):
    """What else the asserts of {name} demanded holds."""
{places}
    raise NotImplementedError("write what stands above as demands, and take this line out")
'''
PLACE = """    # TO DO: line {line} of the cell '{cell}' could not be turned.
    #   Why: {why}.
    #   What to do: {advice}.
{text}"""


@dataclass(frozen=True)
class Moved:
    """An exercise with a hidden test of its own.

    Attributes
    ----------
    cells : list of dict
        The notebook's, with the graded cell's new text.
    turned : sequence of Turned
        Statement by statement.
    visible : bool
        Whether asserts that students see stay in the graded cell.
    """

    name: str
    stub: str
    test: str
    cells: list[dict[str, Any]]
    turned: Sequence[Turned]
    visible: bool = False


def move(  # noqa: PLR0913  (the cell, where it stands, what is known of it)
    found: Found,
    delimiters: Delimiters,
    cells: list[dict[str, Any]],
    *,
    assignment: str,
    refused: Mapping[int, tuple[str, str]],
    taken: str = "",
) -> Moved:
    """Turn a graded cell's asserts into a hidden test, and give the cell the call of it.

    What students have seen of the cell stays in it, above the hidden call: no row of the gradebook comes or goes, which
    nbgrader would refuse where anything has been handed in.

    Parameters
    ----------
    taken : str
        The text of ``tests.py``: none of its names is used twice.
    """
    turned = turn(found.code, found.names, refused=refused)
    shown = _visible(found)
    graded = cells[found.graded.index]
    new = graded | {"source": _graded_text(found, delimiters, assignment, shown).splitlines(keepends=True)}
    made = [*cells[: found.graded.index], new, *cells[found.graded.index + 1 :]]
    test = _test_text(found, turned, taken=taken)
    return Moved(found.name, found.stub.grade_id, test, made, turned, visible=bool(ast.parse(shown).body))


def _visible(found: Found) -> str:
    """Return what students have seen of a graded cell: all of it but the hidden regions."""
    inside, kept = False, []
    for line in found.graded.source.splitlines():
        if f"BEGIN {notebook.HIDDEN_TESTS}" in line:
            inside = True
        elif f"END {notebook.HIDDEN_TESTS}" in line:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept).strip("\n")


def _graded_text(found: Found, delimiters: Delimiters, assignment: str, shown: str) -> str:
    begin, end = (marker(own, "tests", place) for place, own in enumerate(delimiters.tests))
    lines = [
        f"# Graded with hidden tests: {found.graded.points!r} points.".replace(".0 points", " points"),
        *shown.splitlines(),
        begin,
        "from gradekit.hidden import grade",
        f'grade("{assignment}", "{found.name}", globals(), stub="{found.stub.grade_id}")',
        end,
    ]
    return "\n".join(lines)


def _test_text(found: Found, turned: Sequence[Turned], *, taken: str) -> str:
    variable = _identifier(found.name, taken)
    lines = [line for item in turned for line in item.lines]
    body = [*needed_imports(lines, found.names), *lines]
    words = {"variable": variable, "name": found.name, "function": _function(variable)}
    called = ", ".join(sorted(used(found.code, found.names) & set(notebook.definitions(found.stub.source))))
    text = TEST.format(**words, called=called, body=textwrap.indent("\n".join(body), "    ")) if _demands(lines) else ""
    left = [item.left for item in turned if item.left is not None]
    if left:
        places = "\n".join(
            PLACE.format(
                line=item.line,
                cell=found.graded.grade_id,
                why=item.why,
                advice=item.advice,
                text=textwrap.indent(item.text, "    #     ", lambda _: True),
            )
            for item in left
        )
        head = "" if text else f'\n\n{variable} = exercise("{found.name}")\n'
        text += head + LEFT.format(**words, places=places)
    return text


def _demands(lines: Sequence[str]) -> bool:
    return any("expect." in line.replace("expect.parts(", "") for line in lines)


def _function(variable: str) -> str:
    return f"asserts_of_{variable}"


def _identifier(name: str, taken: str) -> str:
    found = re.sub(r"\W", "_", name, flags=re.ASCII)
    found = f"ex_{found}" if not found or found[0].isdigit() or keyword.iskeyword(found) else found
    while found in ("exercise", "student", "reference", "expect") or f"\n{found} = " in taken:
        found += "_"
    return found


def with_test(text: str, made: Moved, *, assignment: str) -> str:
    """Return ``tests.py`` with one exercise more; what stands there stays as it is."""
    return (text.rstrip("\n") + "\n" if text.strip() else HEAD.format(assignment=assignment)) + made.test
