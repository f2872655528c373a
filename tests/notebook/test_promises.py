"""Every promise of an exercise's text has a hidden test that holds the learner to it, or a reason why it needs none.

A promise is a bound ("at most", "any size", "however long"), a number as small or as large as a power of ten, or a
bold word, in an exercise's text or in the docstring of its cell. ``tests/hidden/<assignment>/promises.toml`` names the
hidden tests of each.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.judging.assignment import load_assignment

COURSE = Course(Path(__file__).parents[2])
PROMISE = re.compile(
    r"\*\*[^*\n]+\*\*"
    r"|\b(?:at most|at least|up to(?= [$\d±])|no more than|more than|less than|fewer than|within|however|whatever|any"
    r"|under the root)\b(?:[^.;:|\n]{0,40})"
    r"|\d[\d.]*e[-+]?\d+|10\^\{?-?\d+\}?",
    re.IGNORECASE,
)
BEYOND = re.compile(r"\d")


class Promise(NamedTuple):
    """A promise where it stands: its cell, its place in the cell's text, its words."""

    cell: str
    begin: int
    end: int
    words: str


def told(assignment: str) -> dict[str, str]:
    """Return what a learner is told about the exercises: each text, and the docstrings of each cell, by cell."""
    found = {cell.grade_id: cell for cell in notebook.cells(notebook.read(COURSE.source(assignment)))}
    texts = {}
    for exercise in load_assignment(COURSE, assignment).exercises:
        nodes = [node for node in ast.walk(ast.parse(exercise.stub.source)) if isinstance(node, DOCUMENTED)]
        texts[f"{exercise.name}-text"] = found[f"{exercise.name}-text"].source
        texts[exercise.name] = "\n".join(ast.get_docstring(node) or "" for node in nodes)
    return texts


DOCUMENTED = (ast.FunctionDef, ast.ClassDef)


def promises(texts: dict[str, str]) -> list[Promise]:
    """Return every promise of the texts."""
    return [
        Promise(cell, found.start(), found.end(), found[0])
        for cell, text in texts.items()
        for found in PROMISE.finditer(text)
    ]


def held(assignment: str) -> list[dict[str, Any]]:
    """Return what is written down of an assignment's promises."""
    path = COURSE.hidden(assignment) / "promises.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))["promise"]


def covers(entry: dict[str, Any], text: str, promise: Promise) -> bool:
    """Tell whether an entry is about a promise: its words overlap with the promise's where they stand in the text."""
    words = re.compile(r"\s+".join(map(re.escape, entry["text"].split())))
    return any(found.start() < promise.end and promise.begin < found.end() for found in words.finditer(text))


@pytest.mark.parametrize("assignment", COURSE.assignments())
def test_every_promise_is_held(assignment: str) -> None:
    """Each promise is written down, with the hidden tests that hold it or with the reason why none is needed."""
    texts, entries = told(assignment), held(assignment)
    missing = [
        f"{promise.cell}: {promise.words}"
        for promise in promises(texts)
        if not any(entry["cell"] == promise.cell and covers(entry, texts[promise.cell], promise) for entry in entries)
    ]
    assert missing == [], "write them down in promises.toml"


@pytest.mark.parametrize("assignment", COURSE.assignments())
def test_nothing_else_is_written_down(assignment: str) -> None:
    """What is written down is about a promise that stands in the text, and names hidden tests of its exercise."""
    loaded, texts = load_assignment(COURSE, assignment), told(assignment)
    found = promises(texts)
    tests = {exercise.name: {test.name for test in loaded.tested[exercise.name].tests} for exercise in loaded.exercises}
    for entry in held(assignment):
        cell, said = entry["cell"], (entry["cell"], entry["text"])
        own = [promise for promise in found if promise.cell == cell]
        assert any(covers(entry, texts[cell], promise) for promise in own), said
        assert set(entry.get("tests", ())) <= tests[cell.removesuffix("-text")], said
        assert bool(entry.get("tests")) != bool(entry.get("reason")), said


@pytest.mark.parametrize("assignment", COURSE.assignments())
def test_a_number_is_held_by_a_test(assignment: str) -> None:
    """A promise with a number in it has a test, and no excuse, unless it says what numbers *are*."""
    for entry in held(assignment):
        if BEYOND.search(entry["text"]) and not entry["text"].startswith("**"):
            assert entry.get("tests") or entry["reason"].startswith("It says"), (entry["cell"], entry["text"])
