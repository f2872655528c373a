"""No regular expression of the package takes long on hostile text of the longest length that reaches it.

Each is found in the code, tried in a process that can be killed, and bounded there: what backtracks over a learner's
text would stop a whole class.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
import string
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from gradekit.bounds import bounded_time

PACKAGE = Path(__file__).parents[2] / "gradekit"
CALLS = {"compile", "sub", "match", "search", "findall", "fullmatch", "split", "finditer"}
FILE_NAME, PATH_NAME = 255, 4096
MESSAGE, WRITTEN = 20_000, 20_000  # of a page's prose, of a learner's cell on a page
CELL = 1_000_000
# The longest text that reaches each, by its module and the words that begin it; 0 for text of the course's own.
REACHES = {
    ("adopt/cells.py", r"[A-Za-z0-9_-]"): 0,
    ("adopt/cells.py", r"[^A-Za-z0-9_-]"): 0,
    ("adopt/exercise.py", r"(?:import|from)"): 0,
    ("adopt/move.py", r"\W"): 0,
    ("course/course.py", r"\b(source|subm"): 0,
    ("course/growth.py", r"#([\w"): CELL,
    ("course/growth.py", r"[\w"): CELL,
    ("course/growth.py", r"data:"): CELL,
    ("course/notebook.py", r"(\d+(?:\.\d+)"): 0,
    ("course/notebook.py", r"^\s*grade\(.*"): 0,
    ("course/rawcell.py", r"[a-zA-Z0-9_-]"): CELL,
    ("demo.py", r"\b"): 0,
    ("export/bundle.py", r"[A-Za-z0-9][A"): FILE_NAME,
    ("export/gradescope.py", r"([!-/:-@\[-`"): MESSAGE,
    ("feedback/handed_in.py", r"\s*\(\s*\d+(?"): 400,
    ("feedback/folder.py", r"[A-Za-z0-9_+:"): PATH_NAME,
    ("feedback/folder.py", r"[A-Za-z0-9_+-"): PATH_NAME,
    ("grade/inline.py", r"(?:np\.float\d"): 60,
    ("handin/collect.py", r".*\.ipynb|time"): FILE_NAME,
    ("handin/find.py", '"[^"'): 4 * CELL,  # of 32 MiB that a notebook may have
    ("handin/doubts.py", r"\w+"): CELL,
    ("handin/stamp.py", r"[A-Za-z0-9_+:."): 100,
    ("handin/texts.py", r"^(?:async +)?("): CELL,
    ("handin/texts.py", r"^(?:from +[.\w]"): CELL,
    ("handin/texts.py", r"^(\w++(?:, *+"): CELL,
    ("handin/texts.py", r"^.*BEGIN "): 0,
    ("judging/catalogue.py", r"\b"): 0,
    ("new/assignment.py", r"[A-Za-z0-9][A"): 0,
    ("new/course.py", r"[^A-Za-z0-9_-]"): 0,
    ("new/template.py", r"\bthe_"): 0,
    ("pages/learner.py", r":(\d+);"): CELL,
    ("pages/mathml.py", r"&(?!(?:lt|gt|"): 4 * WRITTEN,
    ("pages/mathml.py", r"accent|accent"): WRITTEN,
    ("pages/mathml.py", r"math|menclose"): WRITTEN,
    ("pages/mathml.py", r"text-align:\s*"): WRITTEN,
    ("pages/page.py", r"`(?P<code>[^`\n]+)"[:13]): MESSAGE,
    ("pages/svg.py", r"^#"): MESSAGE,
    ("release/make.py", r"^[ \t]*(?:imp"): 0,
    ("release/door.py", r"^[ \t]*(?:imp"): 0,
    ("release/inspection.py", r"[A-Za-z0-9_-]"): 0,
    ("release/inspection.py", r"[A-Za-z_]\w*"): 0,
    ("release/inspection.py", r"[ \t]+"): 0,
    ("release/inspection.py", r"\b(student|re"): 0,
    ("report/copies.py", r"(?P<skip>[ \t"): 10_000,
    ("semester/feedbackzip.py", r"\D*(\d+)"): FILE_NAME,
    ("semester/feedbackzip.py", r'[\x00-\x1f<>:"/\\|?*_]'): FILE_NAME,
    ("semester/gradefile.py", r"(.+) \("): PATH_NAME,  # a column's name
    ("semester/roster.py", r"[^/\\+\x00-\x1f"): FILE_NAME,
    ("semester/gradefile.py", r"\d{1,3}(?:,"): FILE_NAME,  # a cell
    ("semester/table.py", r"-?\d+,\d{1,2}"): FILE_NAME,  # a cell
    ("semester/table.py", r"-?\d+\.\d+"): FILE_NAME,
    ("semester/table.py", '"((?:[^"'): CELL,  # a class's table, with names of students' choice
    ("semester/table.py", r"[^\r\n]*"): CELL,
    ("verify/exposure.py", r"<[^>]*>"): 0,
}
BEGUN = ("", "# a", "def ", "$a", "1")  # what an expression of ours takes for its beginning
SECONDS = 5.0  # of quiet work for a linear one: hundredths


class Found(NamedTuple):
    """A regular expression in the package: its module, the text of it that is constant, its flags."""

    module: str
    pattern: str
    flags: int


@functools.cache
def expressions() -> list[Found]:
    """Return every call of the module re with a pattern that stands in the code."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS):
                continue
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.args):
                continue
            flags = 0
            for part in ast.walk(node):
                if isinstance(part, ast.Attribute) and part.attr in ("MULTILINE", "DOTALL", "IGNORECASE"):
                    flags |= getattr(re, part.attr)
            found.append(Found(path.relative_to(PACKAGE).as_posix(), _constant(node.args[0]), flags))
    return found


def _constant(node: ast.expr) -> str:
    """Return a pattern's text; what is put into it at run time is left out."""
    if isinstance(node, ast.Constant):
        return node.value.decode("latin-1") if isinstance(node.value, bytes) else str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
    return ""


def longest(found: Found) -> int | None:
    """Return the longest text that reaches an expression; None where nobody has said."""
    lengths = [
        length
        for (module, begin), length in REACHES.items()
        if module == found.module and found.pattern.startswith(begin) and (begin or not found.pattern)
    ]
    return max(lengths, default=None)


def hostile(pattern: str, length: int) -> list[str]:
    """Return texts of that length that begin well, repeat one letter or two, and end in what fits nothing."""
    own = {letter for letter in pattern if letter in string.punctuation}
    letters = sorted(own | set("a1 #"))
    texts = [head + letter * length for head in BEGUN for letter in letters]
    texts += [
        unit * length for unit in (*map("".join, itertools.permutations(letters[:6], 2)), "1.", "a\n", "$a ", "`a")
    ]
    return [text[: length - 1] + "\0" for text in texts]


@pytest.mark.parametrize("found", expressions(), ids=lambda found: f"{found.module}:{found.pattern[:20]!r}")
def test_it_is_known_how_much_reaches_an_expression(found: Found) -> None:
    """Each expression has a bound on the text that reaches it, or meets text of the course's own alone."""
    assert longest(found) is not None or found.module.startswith(("worker/", "plugin/")), "say it in REACHES"


@pytest.mark.parametrize(
    "found",
    [found for found in expressions() if longest(found) and found.pattern],
    ids=lambda found: f"{found.module}:{found.pattern[:20]!r}",
)
def test_hostile_text_takes_no_time(found: Found) -> None:
    """The longest hostile texts are done with at once, whichever way an expression is used."""
    expression, length = re.compile(found.pattern, found.flags), longest(found)
    assert length
    texts = hostile(found.pattern, length)
    with bounded_time(time.monotonic() + SECONDS * len(texts)):
        for text in texts:
            expression.fullmatch(text)
            expression.sub("", text)  # searches, again and again


def test_one_that_backtracks_is_caught() -> None:
    """An expression whose time grows with the square of the text, or faster, does not go through."""
    heading = re.compile(r"^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$")
    with pytest.raises(TimeoutError), bounded_time(time.monotonic() + 1.0):
        any(map(heading.search, hostile(heading.pattern, CELL)))
