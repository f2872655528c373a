"""The one reader of final scores: what counts, for one submission and for a class, and what nobody has begun."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.errors import CourseError
from gradekit.gradebook.assignment import open_gradebook
from gradekit.gradebook.scores import Mark, given_out, names_of, read_class, read_scores, submitters, untouched
from gradekit.gradebook.settings import read_settings

Enrol = Callable[..., None]


@pytest.mark.parametrize(
    ("mark", "given", "score"),
    [
        (Mark("a", 2), None, None),
        (Mark("a", 2, extra=1.0), None, None),
        (Mark("a", 2, auto=0.0), 0.0, 0.0),
        (Mark("a", 2, auto=2.0, manual=0.5, extra=1.0), 0.5, 1.5),
    ],
)
def test_what_a_cell_counts(mark: Mark, given: float | None, score: float | None) -> None:
    """A person's score goes before the autograder's; extra credit comes on top of a score alone."""
    assert (mark.given, mark.score) == (given, score)


def test_a_class_is_read_as_each_of_its_submissions(released: Course, enrol: Enrol) -> None:
    """One reader: a class and one submission say the same, and what nbgrader says."""
    enrol(released, "small", "ann", {"double": 0.25}, person={"first_name": " Ann ", "last_name": "Lee"}, penalty=0.5)
    enrol(
        released, "small", "bob", {"double": None, "quadruple": 0.0}, manual={"quadruple": 1.5}, extra={"quadruple": 1}
    )
    enrol(released, "small", "cai", {"quadruple": 0.0, "double": 0.0}, penalty=9.0)
    with open_gradebook(read_settings(released)) as gradebook:
        whole = {sheet.student: sheet for sheet in read_class(gradebook, "small")}
        assert tuple(sorted(whole)) == submitters(gradebook, "small") == ("ann", "bob", "cai")
        for student, sheet in whole.items():
            assert read_scores(gradebook, "small", student) == sheet
            theirs: Any = gradebook.find_submission("small", student)
            assert (sheet.earned, sheet.penalty) == (theirs.score, theirs.late_submission_penalty)
            assert sheet.score == max(0.0, theirs.score - theirs.late_submission_penalty)
        assert [whole[student].score for student in ("ann", "bob", "cai")] == [1.75, 2.5, 0.0]
        assert whole["ann"].name == names_of(gradebook)["ann"] == "Ann Lee"
        assert whole["bob"].name == ""
        assert [mark.given for mark in whole["bob"].notebooks[0].marks if mark.grade_id == "double-grade"] == [None]


def test_points_for_a_cell_without_points_count(released: Course, enrol: Enrol) -> None:
    """A person may give points where none are to be had: nbgrader counts them, and so do we."""
    enrol(released, "small", "ann", {}, extra={"double-tests": 1.0})
    with open_gradebook(read_settings(released)) as gradebook:
        sheet = read_scores(gradebook, "small", "ann")
        assert (sheet.earned, sheet.points) == (3.5, 2.5)
        assert [mark.grade_id for mark in sheet.notebooks[0].marks if not mark.points] == ["double-tests"]


def test_nobody_of_that_name(released: Course) -> None:
    """A submission that the gradebook does not have is one sentence."""
    with (
        open_gradebook(read_settings(released)) as gradebook,
        pytest.raises(CourseError, match="no submission of 'small' by 'ann'"),
    ):
        read_scores(gradebook, "small", "ann")


def test_what_nobody_has_begun(released: Course) -> None:
    """nbgrader's checksum decides: the text as given out; another text or kind, or half a character."""
    path = released.folder("release", "small") / "small.ipynb"
    cells = {cell.grade_id: cell for cell in notebook.cells(notebook.read(path)) if cell.grade_id}
    with open_gradebook(read_settings(released)) as gradebook:
        known = given_out(gradebook, "small")["small"]
    released_meta = {
        raw["metadata"]["nbgrader"]["grade_id"]: raw["metadata"]["nbgrader"]["checksum"]
        for raw in json.loads(path.read_text())["cells"]
        if raw["metadata"].get("nbgrader", {}).get("solution")
    }
    assert {name: meta["checksum"] for name, meta in known.items()} == released_meta
    assert untouched(known, cells) == {"double", "quadruple"}
    for other in ({"source": "pass"}, {"kind": "markdown"}, {"source": "\ud800"}):
        assert untouched(known, {**cells, "double": replace(cells["double"], **other)}) == {"quadruple"}
    assert untouched(known, {}) == frozenset()
