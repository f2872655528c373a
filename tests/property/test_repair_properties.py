"""Property tests of gradekit.handin.repair: a perfect hand-in, travelled, earns everything, or a person is asked."""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradekit.course import notebook
from gradekit.course.rawcell import grade_id_of, is_locked, is_manual, nbgrader_of, text
from gradekit.course.releases import Given, checksum
from gradekit.grade.doubt import doubted_inline
from gradekit.handin.repair import Repaired, repair
from gradekit.model import InlineResult, Role

Node = dict[str, Any]
STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
PROSE = "YOUR ANSWER HERE"


def cell(kind: str, name: str, source: str, **flags: Any) -> Node:
    """Return a cell of a released notebook; with flags, nbgrader's."""
    made: Node = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    if flags:
        meta = {"schema_version": 3, "grade_id": name, "grade": False, "solution": False, "locked": True, "task": False}
        made["metadata"]["nbgrader"] = meta | flags
    return made


def answer(kind: str, name: str, source: str, points: int = 0) -> Node:
    """Return a solution cell; with points, one that a person grades."""
    return cell(
        kind, name, source, solution=True, locked=False, **({"grade": True, "points": points} if points else {})
    )


def graded(name: str, source: str) -> Node:
    """Return a test cell worth a point."""
    return cell("code", name, source, grade=True, points=1)


RELEASED = [
    cell("markdown", "title", "# Figures", locked=True),
    cell("code", "imports", "import math\nsides = [3, 4]", locked=True),
    answer("code", "area", f"def area(a, b):\n    {STUB.replace(chr(10), chr(10) + '    ')}"),
    cell("code", "try", "area(2, 3)"),
    graded("area-test", "assert area(2, 3) == 6"),
    cell("markdown", "longest-text", "The longest side:", locked=True),
    answer("code", "longest", STUB),
    graded(
        "longest-test", "assert abs(longest - 5) < 1e-9\n### BEGIN HIDDEN TESTS\nassert longest\n### END HIDDEN TESTS"
    ),
    cell("markdown", "why-text", "Why is that so?", locked=True),
    answer("markdown", "why", PROSE, points=2),
    answer("code", "figure", f"class Figure:\n    {STUB.replace(chr(10), chr(10) + '    ')}"),
    graded("figure-test", "assert Figure(2).scaled(3).size == 6"),
    answer("code", "sketch", STUB, points=1),
    cell("markdown", "else-text", "Anything else?", locked=True),
    answer("markdown", "else", PROSE, points=1),
]
SOURCES = [item for item in RELEASED if item["metadata"]]
ANSWERS = {
    "area": "def area(a, b):\n    sides = a, b\n\n    return product(sides)",
    "longest": "squares = [\n    side**2\n    for side in sides\n]\n\nlongest = math.sqrt(sum(squares))",
    "why": "By Pythagoras.\n\nThe angle is right.",
    "figure": (
        'class Figure:\n    """A figure.\n\n    With a size.\n    """\n\n    def __init__(self, size):\n'
        "        self.size = size\n\n    def scaled(self, by):\n        return Figure(by * self.size)"
    ),
    "sketch": "drawing = [0, 1, 0]",
    "else": "No, thanks.",
}
HELPER = "def product(numbers):\n    found = 1\n    for number in numbers:\n        found *= number\n    return found"
GIVEN = Given(
    {item["id"]: frozenset([checksum(item["source"])]) for item in SOURCES},
    frozenset([checksum("area(2, 3)")]),
)


def perfect() -> Node:
    """Return a hand-in that earns everything: with a helper in a cell of the learner's own, and a changed try."""
    cells = copy.deepcopy(RELEASED)
    for item in cells:
        item["source"] = ANSWERS.get(item["id"], item["source"])
        if item["id"] == "longest-test":
            item["source"] = "assert abs(longest - 5) < 1e-9"
    cells.insert(2, cell("code", "helper", HELPER))
    cells.append(cell("markdown", "thanks", "Thank you."))
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


# --- what may happen to a notebook on its way ------------------------------------------------------------------------

Draw = Callable[[st.SearchStrategy[Any]], Any]
Change = Callable[[list[Node], Draw], None]
MUTATIONS: list[Change] = []


def mutation(change: Change) -> Change:
    """Add a change to those that are tried."""
    MUTATIONS.append(change)
    return change


def one(cells: list[Node], draw: Draw, *, last: int = 0) -> int:
    """Draw a cell's place."""
    return int(draw(st.integers(0, len(cells) - 1 - last)))


def nameless(item: Node) -> Node:
    """Return a cell without metadata and id."""
    return {key: value for key, value in item.items() if key != "id"} | {"metadata": {}}


@mutation
def all_nbgrader_metadata_lost(cells: list[Node], _: Draw) -> None:
    """An editor that keeps no metadata of others."""
    for item in cells:
        item["metadata"] = {}


@mutation
def all_ids_lost(cells: list[Node], _: Draw) -> None:
    """An older notebook format."""
    for item in cells:
        item.pop("id", None)


@mutation
def all_names_lost(cells: list[Node], _: Draw) -> None:
    """An export that keeps texts alone."""
    cells[:] = [nameless(item) for item in cells]


@mutation
def all_ids_new(cells: list[Node], _: Draw) -> None:
    """An editor that gives ids of its own."""
    for number, item in enumerate(cells):
        item["id"] = f"new-{number}"


@mutation
def outputs_lost(cells: list[Node], _: Draw) -> None:
    """A clean-up before handing in."""
    for item in cells:
        item.pop("outputs", None)
        item.pop("execution_count", None)


@mutation
def one_name_lost(cells: list[Node], draw: Draw) -> None:
    """A cell cut and pasted as text."""
    at = one(cells, draw)
    cells[at] = nameless(cells[at])


@mutation
def one_metadata_lost(cells: list[Node], draw: Draw) -> None:
    """A cell whose metadata were emptied by hand."""
    cells[one(cells, draw)]["metadata"] = {}


@mutation
def names_exchanged(cells: list[Node], draw: Draw) -> None:
    """Two cells of a type that have each other's metadata."""
    first, second = one(cells, draw), one(cells, draw)
    if cells[first]["cell_type"] == cells[second]["cell_type"]:
        cells[first]["metadata"], cells[second]["metadata"] = cells[second]["metadata"], cells[first]["metadata"]


@mutation
def merged_under_the_first(cells: list[Node], draw: Draw) -> None:
    """Two neighbours made one, which keeps the first's names."""
    at = one(cells, draw, last=1)
    if cells[at]["cell_type"] == cells[at + 1]["cell_type"]:
        cells[at]["source"] = text(cells[at]) + "\n\n" + text(cells.pop(at + 1))


@mutation
def merged_under_the_second(cells: list[Node], draw: Draw) -> None:
    """Two neighbours made one, which keeps the second's names."""
    at = one(cells, draw, last=1)
    if cells[at]["cell_type"] == cells[at + 1]["cell_type"]:
        cells[at + 1]["source"] = text(cells[at]) + "\n\n" + text(cells[at + 1])
        cells.pop(at)


@mutation
def all_code_merged_to_the_next_text(cells: list[Node], draw: Draw) -> None:
    """A run of code cells made one."""
    at = one(cells, draw)
    while at + 1 < len(cells) and cells[at]["cell_type"] == cells[at + 1]["cell_type"] == "code":
        cells[at]["source"] = text(cells[at]) + "\n\n" + text(cells.pop(at + 1))


def split(cells: list[Node], draw: Draw) -> tuple[int, Node, Node] | None:
    """Draw a cell and a line at which it is cut in two."""
    at = one(cells, draw)
    lines = text(cells[at]).split("\n")
    if len(lines) < 2:
        return None
    cut = draw(st.integers(1, len(lines) - 1))
    halves = [copy.deepcopy(cells[at]) | {"source": "\n".join(half)} for half in (lines[:cut], lines[cut:])]
    return at, *halves  # type: ignore[return-value]


@mutation
def split_under_one_name(cells: list[Node], draw: Draw) -> None:
    """A cell cut in two, as an editor does that copies the metadata."""
    if found := split(cells, draw):
        at, first, second = found
        cells[at : at + 1] = [first, second | {"id": f"half-{at}"}]


@mutation
def split_with_the_name_on_the_first(cells: list[Node], draw: Draw) -> None:
    """A cell cut in two, the second without names."""
    if found := split(cells, draw):
        at, first, second = found
        cells[at : at + 1] = [first, nameless(second)]


@mutation
def split_with_the_name_on_the_second(cells: list[Node], draw: Draw) -> None:
    """A cell cut in two, the first without names."""
    if found := split(cells, draw):
        at, first, second = found
        cells[at : at + 1] = [nameless(first), second]


@mutation
def copied(cells: list[Node], draw: Draw) -> None:
    """A cell copied to another place, with its metadata."""
    item = copy.deepcopy(cells[one(cells, draw)])
    cells.insert(one(cells, draw), item | {"id": f"copy-{len(cells)}"})


@mutation
def copied_as_text(cells: list[Node], draw: Draw) -> None:
    """A cell's text pasted into another cell."""
    cells.insert(one(cells, draw), nameless(copy.deepcopy(cells[one(cells, draw)])))


@mutation
def released_cell_beside(cells: list[Node], draw: Draw) -> None:
    """The released stub pasted behind the answer, with its names: to look at it once more."""
    source = copy.deepcopy(draw(st.sampled_from([item for item in SOURCES if not is_locked(item)])))
    cells.append(source | {"id": f"again-{len(cells)}"})


@mutation
def answer_in_a_cell_of_its_own(cells: list[Node], draw: Draw) -> None:
    """The stub left as it was, the answer in a new cell before or behind it."""
    places = [index for index, item in enumerate(cells) if grade_id_of(item) in ANSWERS]
    if places:
        at = draw(st.sampled_from(places))
        stub = next(item["source"] for item in RELEASED if item["id"] == grade_id_of(cells[at]))
        own = nameless(copy.deepcopy(cells[at]))
        cells[at]["source"] = stub
        cells.insert(at + draw(st.integers(0, 1)), own)


@mutation
def moved(cells: list[Node], draw: Draw) -> None:
    """A cell moved to any place."""
    item = cells.pop(one(cells, draw))
    cells.insert(draw(st.integers(0, len(cells))), item)


@mutation
def moved_to_the_end(cells: list[Node], draw: Draw) -> None:
    """A cell moved behind all others."""
    cells.append(cells.pop(one(cells, draw)))


@mutation
def retyped(cells: list[Node], draw: Draw) -> None:
    """A cell made another type, by one key too many."""
    cells[one(cells, draw)]["cell_type"] = draw(st.sampled_from(["code", "markdown", "raw"]))


@mutation
def two_answers_in_one_cell(cells: list[Node], draw: Draw) -> None:
    """An answer pasted into another answer's cell, its own cell deleted."""
    places = [index for index, item in enumerate(cells) if not is_locked(item) and item["cell_type"] == "code"]
    if len(places) > 1:
        first, second = draw(st.lists(st.sampled_from(places), min_size=2, max_size=2, unique=True))
        cells[first]["source"] = text(cells[first]) + "\n\n" + text(cells[second])
        cells.pop(second)


@mutation
def given_cell_deleted(cells: list[Node], draw: Draw) -> None:
    """A locked cell or a test thrown away."""
    places = [index for index, item in enumerate(cells) if nbgrader_of(item) and is_locked(item)]
    if places:
        cells.pop(draw(st.sampled_from(places)))


@mutation
def lines_as_a_list(cells: list[Node], _: Draw) -> None:
    """Texts cut into lines, as files have them, with the ends of lines of another system."""
    for item in cells:
        item["source"] = [line.replace("\n", "\r\n") for line in text(item).splitlines(keepends=True)]


@st.composite
def travelled(draw: st.DrawFn) -> Node:
    """Draw a perfect hand-in to which three things have happened."""
    node = perfect()
    for change in draw(st.lists(st.sampled_from(MUTATIONS), min_size=1, max_size=3)):
        change(node["cells"], draw)
    return node


# --- what becomes of it ----------------------------------------------------------------------------------------------


def scores(mended: Repaired) -> dict[str, float | None]:
    """Run a repaired notebook here, and score its graded cells as a class's are; None where a person is asked."""
    names: dict[str, Any] = {}
    cells = notebook.cells(mended.node)
    results = []
    for item in cells:
        right = item.kind != "code" or _runs(item.source, names)
        if item.role is Role.TEST:
            results.append(InlineResult(item.grade_id, item.points, item.points if right else 0.0))
    return {result.grade_id: result.score for result in doubted_inline(results, cells, mended.doubts)}


def _runs(source: str, names: dict[str, Any]) -> bool:
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            exec(compile(source, "cell", "exec"), names)  # the answers are this file's own
        except Exception:  # noqa: BLE001  (a cell may end in any error)
            return False
    return True


def silently_lost(mended: Repaired) -> list[str]:
    """Return what earns less than all, and nobody is asked."""
    lost = [name for name, score in scores(mended).items() if score == 0.0]
    released = {item["id"]: item["source"] for item in RELEASED}
    for item in mended.node["cells"]:
        name = grade_id_of(item)
        if name and is_manual(item) and text(item) == released[name] and name not in mended.doubts:
            lost.append(name)
    return lost


def test_a_perfect_hand_in_earns_everything() -> None:
    """Unharmed, it earns every point, and nothing is in doubt."""
    mended = repair(perfect(), SOURCES, given=GIVEN)
    assert mended.doubts == {}
    assert set(scores(mended).values()) == {1}
    assert not silently_lost(mended)


@pytest.mark.parametrize("written", ["    By Pythagoras.", ") or so", "} as ever"])
def test_words_that_begin_as_no_code_does_are_in_no_doubt(written: str) -> None:
    """An indented answer in words tears no code cell in two."""
    node = perfect()
    next(item for item in node["cells"] if item["id"] == "why")["source"] = written
    assert repair(node, SOURCES, given=GIVEN).doubts == {}


@pytest.mark.parametrize("name", ["longest", "why"])
def test_a_stub_put_back_at_the_end_of_nameless_cells(name: str) -> None:
    """An answer without a name, and its stub again elsewhere: a person is asked, also for an answer in words."""
    node = perfect()
    node["cells"] = [nameless(item) for item in node["cells"]]
    node["cells"].append(next(item for item in RELEASED if item["id"] == name) | {"id": "again"})
    assert not silently_lost(repair(node, SOURCES, given=GIVEN))


def test_an_answer_that_changed_places_with_a_given_cell() -> None:
    """Where the names of a locked cell and of an answer are exchanged, and the ids lost, a person is asked."""
    node = perfect()
    one, other = (item for item in node["cells"] if item["id"] in ("imports", "longest"))
    one["metadata"], other["metadata"] = other["metadata"], one["metadata"]
    for item in node["cells"]:
        item.pop("id")
    assert not silently_lost(repair(node, SOURCES, given=GIVEN))


@pytest.mark.parametrize("release", [GIVEN, Given()], ids=["known", "unknown"])
@pytest.mark.parametrize("change", MUTATIONS, ids=lambda change: change.__name__)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_one_change(change: Change, release: Given, data: st.DataObject) -> None:
    """After each change alone it earns everything, or a person is asked; whether or not the release is known."""
    node = perfect()
    change(node["cells"], data.draw)
    assert not silently_lost(repair(node, SOURCES, given=release))


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(travelled())
def test_three_changes(node: Node) -> None:
    """After three it earns everything, or a person is asked; the same ones in every run."""
    assert not silently_lost(repair(node, SOURCES, given=GIVEN))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(travelled())
def test_nothing_written_is_left_out(node: Node) -> None:
    """Every line that the learner wrote stands in the repaired notebook."""
    mended = repair(node, SOURCES, given=GIVEN)
    there = "\n".join(text(item) for item in mended.node["cells"])
    lines = {line.strip() for written in (*ANSWERS.values(), HELPER) for line in written.splitlines()}
    before = {line.strip() for item in node["cells"] for line in text(item).splitlines()}
    assert all(line in there for line in lines & before)
