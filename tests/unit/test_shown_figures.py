"""Which cells' figures are drawn: those that somebody will look at, by the setting and by what was given out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gradekit.course.releases import checksum, in_notebook
from gradekit.grade.unchanged import is_same
from gradekit.handin.figures import as_given_out, undrawn
from gradekit.model import Figures

SOLUTION = {"grade": False, "solution": True, "locked": False, "task": False}
ROLES = {
    "free": None,
    "solution": SOLUTION,
    "locked": {**SOLUTION, "solution": False, "locked": True},
    "test": {**SOLUTION, "grade": True, "solution": False, "locked": True, "points": 1},
    "check": {**SOLUTION, "grade": True, "solution": False, "locked": True, "points": 0},
    "manual": {**SOLUTION, "grade": True, "points": 1},
    "task": {**SOLUTION, "solution": False, "task": True, "points": 1},
}


def cell(role: str, source: str = "", *, kind: str = "code", name: str = "") -> dict[str, Any]:
    """Return a cell as JSON has it."""
    words = ROLES[role]
    metadata = {"nbgrader": {"schema_version": 3, "grade_id": name or role, **words}} if words else {}
    return {"cell_type": kind, "id": name or role, "metadata": metadata, "source": source}


def node(*cells: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook."""
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}


RELEASED = (
    cell("locked", "import this"),
    cell("free", "plt.show()"),
    cell("solution", "raise NotImplementedError"),
    cell("free", "plt.plot(f(1))"),
    cell("manual", "write here", kind="markdown"),
    cell("test", "assert f(1)"),
)


def drawn(cells: tuple[dict[str, Any], ...], as_given: set[int], figures: Figures) -> set[int]:
    """Return the cells of code whose figures are drawn."""
    code = {index for index, found in enumerate(cells) if found["cell_type"] == "code"}
    return code - undrawn(node(*cells), as_given, figures)


@pytest.mark.parametrize(
    ("figures", "expected"),
    [(Figures.ALL, {0, 1, 2, 3, 5}), (Figures.CHANGED, {2, 3, 5}), (Figures.NONE, {5})],
)
def test_each_setting(figures: Figures, expected: set[int]) -> None:
    """All; what the learner changed and a person looks at; none but a graded cell's, whose errors are its score."""
    assert drawn(RELEASED, {0, 1, 3, 4, 5}, figures) == expected


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (("free", "manual"), {0, 1}),
        (("free", "free", "manual", "manual"), {1, 2, 3}),
        (("free", "check", "manual"), {0, 2}),
        (("free", "solution", "task"), {1, 2}),
        (("manual", "free"), {0}),
    ],
)
def test_what_a_person_grades_and_what_stands_before_it(roles: tuple[str, ...], expected: set[int]) -> None:
    """The last code cell before a question is the one it is about; tests and other questions are passed over."""
    cells = tuple(cell(role, name=f"c{index}") for index, role in enumerate(roles))
    assert drawn(cells, set(range(len(cells))), Figures.CHANGED) == expected


def test_a_question_in_words() -> None:
    """A cell of text has no figure: the code before it has."""
    cells = (cell("free"), cell("free", kind="markdown"), cell("manual", kind="markdown"))
    assert undrawn(node(*cells), {0, 1, 2}, Figures.CHANGED) == frozenset()


# --- as given out ----------------------------------------------------------------------------------------------------


def sources() -> list[dict[str, Any]]:
    """Return the source's cells with metadata, as `repair` takes them."""
    return [found for found in RELEASED if found["metadata"]]


def given(tmp_path: Path) -> Any:
    """Return what is known of the release."""
    import json

    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(node(*RELEASED)))
    return in_notebook(path)


def test_as_it_was_released(tmp_path: Path) -> None:
    """Nothing changed, however it is broken into lines."""
    handed = node(*({**found, "source": found["source"].replace(" ", "  ")} for found in RELEASED))
    assert as_given_out(handed, given(tmp_path), sources()) == set(range(6))


def test_what_the_learner_wrote(tmp_path: Path) -> None:
    """An answer, a changed free cell and a new one are the learner's; a locked cell never is."""
    handed = node(
        cell("locked", "import that"),
        cell("free", "plt.plot(x); plt.show()"),
        cell("free", "a new one"),
        cell("solution", "def f(x): return x"),
        RELEASED[3],
        cell("test", "pass"),
    )
    assert as_given_out(handed, given(tmp_path), sources()) == {0, 4, 5}


def test_of_an_earlier_release(tmp_path: Path) -> None:
    """A stub of an earlier release is no answer."""
    known = given(tmp_path)
    known = type(known)({**known.cells, "solution": frozenset({checksum("pass")})}, known.free)
    handed = node(cell("solution", "pass"), cell("solution", "raise NotImplementedError"))
    assert as_given_out(handed, known, sources()) == {0, 1}


def test_without_a_release(tmp_path: Path) -> None:
    """Where nothing is known, free cells are the learner's, and cells with a name are compared with the gradebook's."""
    nothing = in_notebook(tmp_path / "none.ipynb")
    assert as_given_out(node(*RELEASED), nothing, sources()) == {0, 2, 4, 5}


# --- graded again ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        ("changed", Figures.CHANGED, True),
        ("changed", Figures.ALL, False),
        ("all", Figures.CHANGED, True),
        ("none", Figures.CHANGED, False),
        ("changed", Figures.NONE, True),
        ("", Figures.NONE, False),
        ("odd", Figures.NONE, False),
    ],
)
def test_graded_again_for_its_figures(before: str, now: Figures, *, same: bool) -> None:
    """Where figures are missing that are asked for now; nobody is graded again to lose some."""
    assert is_same({"source": "a", "figures": before}, {"source": "a"}, now) is same
    assert not is_same({"source": "b", "figures": before}, {"source": "a"}, now)
