"""Tests of gradekit.handin.repair: whatever was done to a notebook, the source's structure comes back."""

from __future__ import annotations

import copy
import json
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbgrader.nbgraderformat import MetadataValidator

from gradekit.handin.find import MAX_NOTES
from gradekit.handin.repair import repair


def cell(kind: str, name: str, source: str, **flags: Any) -> dict[str, Any]:
    """Return a cell of a released notebook; with flags, nbgrader's."""
    made: dict[str, Any] = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    if flags:
        meta = {"schema_version": 3, "grade_id": name, "grade": False, "solution": False, "locked": True, "task": False}
        made["metadata"]["nbgrader"] = meta | flags
    return made


TEST = "check(f)\n### BEGIN HIDDEN TESTS\nassert f(2) == 4\n### END HIDDEN TESTS"
SOURCE = [
    cell("markdown", "title", "# Title", locked=True),
    cell("code", "imports", "import numpy as np", locked=True),
    cell("code", "f", "def f(x):\n    raise NotImplementedError", solution=True, locked=False),
    cell("code", "f-test", TEST, grade=True, points=2),
    cell("markdown", "essay", "YOUR ANSWER HERE", solution=True, grade=True, locked=False, points=3),
    cell("markdown", "task", "Do something.", task=True, points=1),
    cell("code", "g", "def g(x):\n    raise NotImplementedError", solution=True, locked=False),
    cell("code", "g-test", "assert g(1) == 1", grade=True, points=1),
]
NAMES = [item["id"] for item in SOURCE]
ANSWER = "def f(x):\n    return 2 * x"


def handed_in(**sources: str) -> dict[str, Any]:
    """Return an honest submission; some cells with another text."""
    cells = copy.deepcopy(SOURCE)
    for item in cells:
        item["source"] = sources.get(item["id"], item["source"])
        if item["id"] == "f-test":
            item["source"] = "check(f)"
    cells.insert(3, cell("code", "try", "f(3)"))
    cells.append(cell("markdown", "thanks", "Thanks."))
    kernel = {"name": "python3", "display_name": "Python 3"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}


def by_id(node: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the one cell of that id."""
    (found,) = [item for item in node["cells"] if item["id"] == name]
    return found


def ids(node: dict[str, Any]) -> list[str]:
    """Return the ids of the cells, in order."""
    return [item["id"] for item in node["cells"]]


def sound(node: dict[str, Any]) -> None:
    """Hold a repaired notebook to its promise: valid, writable, every source cell once, in order, with its text."""
    nbformat.validate(nbformat.from_dict(node))
    json.dumps(node, ensure_ascii=False).encode()
    MetadataValidator().validate_nb(nbformat.from_dict(node))
    named = {item["metadata"]["nbgrader"]["grade_id"]: item for item in node["cells"] if item["metadata"]}
    assert list(named) == NAMES
    assert len(set(ids(node))) == len(node["cells"])
    for source in SOURCE:
        found = named[source["id"]]
        assert found["cell_type"] == source["cell_type"]
        assert found["metadata"] == source["metadata"]
        if not source["metadata"]["nbgrader"]["solution"]:
            assert found["source"] == source["source"]
    assert all(not item.get("outputs") for item in node["cells"])


class TestRepair:
    """The structure is the source's, the answers are the learner's."""

    def test_honest_submission(self) -> None:
        """Nothing is said of an honest submission, and its cells stay where they are."""
        node = handed_in(f=ANSWER, essay="Because.")
        mended = repair(node, SOURCE)
        sound(mended.node)
        assert mended.notes == ()
        assert ids(mended.node) == ids(node)
        assert by_id(mended.node, "f")["source"] == ANSWER
        assert by_id(mended.node, "essay")["source"] == "Because."
        assert by_id(mended.node, "try")["source"] == "f(3)"
        assert mended.node["metadata"] == node["metadata"]

    def test_colab(self) -> None:
        """A round trip through Colab, which drops ids and splits texts, changes nothing that counts."""
        node = handed_in(f=ANSWER)
        node["nbformat_minor"] = 0
        for item in node["cells"]:
            del item["id"]
            item["source"] = item["source"].splitlines(keepends=True)
        mended = repair(node, SOURCE)
        sound(mended.node)
        assert mended.notes == ()
        assert by_id(mended.node, "f")["source"] == ANSWER
        assert ids(mended.node)[3] == "free-3"

    def test_locked_cells_are_the_sources(self) -> None:
        """Locked cells and tests that were edited or emptied have their text again."""
        mended = repair(handed_in(**{"imports": "", "g-test": "pass", "task": "Do nothing."}), SOURCE)
        sound(mended.node)
        again = "was changed, though it is locked: it has its released text again"
        assert mended.notes == tuple(f"cell {name} {again}" for name in ("imports", "task", "g-test"))

    @pytest.mark.parametrize("name", NAMES)
    def test_a_deleted_cell_comes_back(self, name: str) -> None:
        """Each cell that was deleted is back in its place, as it was released."""
        node = handed_in(f=ANSWER)
        node["cells"].remove(by_id(node, name))
        mended = repair(node, SOURCE)
        sound(mended.node)
        assert mended.notes == (f"cell {name} was missing: it is put back as it was released",)
        (source,) = [item["source"] for item in SOURCE if item["id"] == name]
        assert by_id(mended.node, name)["source"] == source

    def test_a_stub_comes_before_and_a_test_after_what_the_learner_added(self) -> None:
        """A cell of the learner's own outlives what came back, and a test that came back sees it."""
        node = handed_in()
        node["cells"] = [item for item in node["cells"] if item["id"] not in ("f", "f-test")]
        by_id(node, "try")["source"] = "two = 2"
        mended = repair(node, SOURCE)
        sound(mended.node)
        assert ids(mended.node)[2:5] == ["f", "try", "f-test"]
        by_id(node, "try")["source"] = "f = lambda x: 2 * x"
        mended = repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == "f = lambda x: 2 * x"

    def test_nothing_left(self) -> None:
        """An empty notebook becomes the released one."""
        mended = repair({"cells": []}, SOURCE)
        sound(mended.node)
        assert ids(mended.node) == NAMES

    def test_the_last_copy_counts(self) -> None:
        """Of a copied solution cell the last one counts, as with nbgrader; the other is a free cell that still runs."""
        node = handed_in(f="first")
        second = copy.deepcopy(by_id(node, "f")) | {"id": "copied", "source": "second"}
        node["cells"].insert(4, second)
        mended = repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == "second"
        assert [item["source"] for item in mended.node["cells"] if item["cell_type"] == "code"][1:4] == [
            "first",
            "f(3)",
            "second",
        ]
        assert mended.notes == ("cell f is there 2 times: the last one counts",)

    def test_a_copy_turned_into_text_does_not_count(self) -> None:
        """The last copy that runs counts."""
        node = handed_in(f=ANSWER)
        node["cells"].insert(
            4, copy.deepcopy(by_id(node, "f")) | {"id": "c", "cell_type": "markdown", "source": "was: ..."}
        )
        mended = repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == ANSWER

    def test_a_test_copied_or_moved_changes_nothing(self) -> None:
        """A test cell is run once with the source's text, in the source's place."""
        node = handed_in(f=ANSWER)
        node["cells"].insert(0, copy.deepcopy(by_id(node, "f-test")))
        node["cells"].append(node["cells"].pop(ids(node).index("g-test")))
        mended = repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == ANSWER

    def test_a_moved_solution(self) -> None:
        """A solution moved behind its test is run before it; free cells stay with their neighbours."""
        node = handed_in(f=ANSWER)
        node["cells"].append(node["cells"].pop(ids(node).index("f")))
        mended = repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == ANSWER
        order = ids(mended.node)
        assert order.index("imports") < order.index("try") < order.index("f-test")

    def test_lost_metadata(self) -> None:
        """A cell that lost its nbgrader metadata is known by its id."""
        node = handed_in(f=ANSWER)
        by_id(node, "f")["metadata"] = {}
        del by_id(node, "g-test")["metadata"]
        mended = repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == ANSWER
        assert ids(mended.node) == ids(node)
        assert mended.notes == (
            "cell f had lost or changed its nbgrader metadata",
            "cell g-test had lost or changed its nbgrader metadata",
        )

    def test_lost_metadata_and_id(self) -> None:
        """A solution pasted into a new cell is known by what it defines."""
        node = handed_in()
        found = by_id(node, "f")
        found |= {"id": "new", "metadata": {}, "source": ANSWER}
        mended = repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == ANSWER
        assert mended.notes == ("cell f was missing: the cell that defines f stands for it",)

    def test_repointed(self) -> None:
        """A cell whose metadata name another cell is known by its id; the other cell keeps its own."""
        node = handed_in(f=ANSWER, g="def g(x):\n    return x")
        by_id(node, "f")["metadata"]["nbgrader"]["grade_id"] = "g"
        mended = repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == ANSWER
        assert by_id(mended.node, "g")["source"].endswith("return x")

    def test_retagged_and_retyped(self) -> None:
        """Tags that steer execution are dropped, and a code cell that was made text is code again."""
        node = handed_in(f=ANSWER)
        by_id(node, "f-test")["metadata"]["tags"] = ["skip-execution"]
        by_id(node, "try")["metadata"]["tags"] = ["raises-exception", 1]
        by_id(node, "f")["cell_type"] = "markdown"
        mended = repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "try")["metadata"] == {}
        assert mended.notes == (
            "cell f had become another type of cell: it is code again",
            "tags that steer execution are ignored (cells: 2)",
        )

    def test_unknown_grade_ids_are_free(self) -> None:
        """A cell with nbgrader metadata of its own invention is a free cell."""
        node = handed_in()
        extra = cell("code", "mine", "1", grade=True, points=100)
        node["cells"].append(extra)
        mended = repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "mine")["metadata"] == {}

    def test_pictures_stay(self) -> None:
        """A picture pasted into an answer stays; what is no picture does not."""
        node = handed_in()
        by_id(node, "essay")["attachments"] = {"a.png": {"image/png": "aGk="}, "b": 3, "c": {"x": []}}
        by_id(node, "thanks")["attachments"] = []
        mended = repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "essay")["attachments"] == {"a.png": {"image/png": "aGk="}}

    def test_half_a_character(self) -> None:
        """Half a surrogate pair, which JSON can spell, becomes something that can be written."""
        mended = repair(json.loads(json.dumps(handed_in(f="x = '\ud83d'"))), SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == "x = '\N{REPLACEMENT CHARACTER}'"

    def test_outputs_are_kept_where_asked(self) -> None:
        """With `outputs`, valid outputs stay and invalid ones go."""
        node = handed_in()
        good = {"output_type": "stream", "name": "stdout", "text": "hi \ud83d"}
        by_id(node, "try")["outputs"] = [good, {"output_type": "stream"}, 3, None, {"output_type": "evil", "data": {}}]
        by_id(node, "f-test")["outputs"] = "none"
        mended = repair(node, SOURCE, outputs=True)
        nbformat.validate(nbformat.from_dict(mended.node))
        assert by_id(mended.node, "try")["outputs"] == [good | {"text": "hi \N{REPLACEMENT CHARACTER}"}]

    def test_notes_are_bounded(self) -> None:
        """A thousand things mended are a few lines."""
        source = [cell("code", f"c{number}", "x", locked=True) for number in range(1000)]
        notes = repair({"cells": []}, source).notes
        assert len(notes) == MAX_NOTES + 1
        assert notes[-1] == "and 980 more cells mended"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*NAMES, "code", "markdown"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
KEYS = st.sampled_from(["cell_type", "id", "metadata", "source", "outputs", "attachments", "execution_count", "x"])


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a released notebook to which anything may have been done that leaves a list of objects."""
    node = handed_in(f=ANSWER)
    cells = node["cells"]
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, max(len(cells) - 1, 0)))
        to = draw(st.integers(0, len(cells)))
        what = draw(st.sampled_from(["delete", "copy", "move", "set", "nbgrader", "grade_id", "metadata", "clear"]))
        if what == "clear":
            cells.clear()
        elif not cells:
            cells.append({})
        elif what == "delete":
            cells.pop(at)
        elif what == "copy":
            cells.insert(to, copy.deepcopy(cells[at]))
        elif what == "move":
            cells.insert(to, cells.pop(at))
        elif what == "set":
            cells[at][draw(KEYS)] = draw(JSON)
        elif what == "nbgrader":
            cells[at]["metadata"] = {"nbgrader": draw(JSON)}
        elif what == "grade_id":
            cells[at]["metadata"] = {"nbgrader": {"grade_id": draw(st.sampled_from(NAMES))}, "tags": draw(JSON)}
        else:
            node["metadata"] = draw(JSON)
    return node


class TestAnyDamage:
    """Whatever was done to the notebook, the result keeps its promise."""

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(damaged())
    def test_repair_keeps_its_promise(self, node: dict[str, Any]) -> None:
        """Valid, writable, every source cell once, in order, with its text and metadata; and repaired once for all."""
        mended = repair(node, SOURCE)
        sound(mended.node)
        again = repair(mended.node, SOURCE)
        assert again.node == mended.node

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(damaged())
    def test_no_cell_is_lost(self, node: dict[str, Any]) -> None:
        """Every cell handed in is there again, and with outputs kept the notebook is valid too."""
        mended = repair(node, SOURCE, outputs=True)
        nbformat.validate(nbformat.from_dict(mended.node))
        assert len(mended.node["cells"]) >= max(len(NAMES), len(node["cells"]))

    @settings(max_examples=100, deadline=None)
    @given(st.permutations(NAMES))
    def test_any_order_is_mended(self, order: list[str]) -> None:
        """Cells in any order come out in the source's, each with the text that the learner gave it."""
        node = handed_in(f=ANSWER, essay="Because.")
        named = {item["id"]: item for item in node["cells"]}
        node["cells"] = [named[name] for name in order]
        mended = repair(node, SOURCE)
        sound(mended.node)
        assert ids(mended.node) == NAMES
        assert by_id(mended.node, "f")["source"] == ANSWER
        assert by_id(mended.node, "essay")["source"] == "Because."
