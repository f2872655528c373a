"""Notebooks that travelled, releases that were followed by others: graded, with stock nbgrader beside where it can."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbgrader.converters import Autograde, GenerateAssignment

from gradekit.course import releases, reports
from gradekit.course.course import Course
from gradekit.demo import Submission, hand_in
from gradekit.grade.classroom import changed_in_source, due, grade_class
from gradekit.grade.judge import Grading
from gradekit.gradebook import convert
from gradekit.gradebook.settings import course_at, read_settings
from gradekit.model import GradeReport
from gradekit.release.make import release
from gradekit.report.write import make_report

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

Node = dict[str, Any]
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
SOLVED = "def {0}(x):\n    ### BEGIN SOLUTION\n    return {1}\n    ### END SOLUTION"
ANSWERS = {
    "f": "def f(x):\n    return 2 * x",
    "g": "def g(x):\n    return x",
    "essay": "Because.",
    "remark": "It was fun.",
}


def cell(kind: str, name: str, source: str, **flags: Any) -> Node:
    """Return a cell of a source notebook; with flags, nbgrader's."""
    made: Node = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    if flags:
        meta = {"schema_version": 3, "grade_id": name, "grade": False, "solution": False, "locked": True, "task": False}
        made["metadata"]["nbgrader"] = meta | flags
    return made


def source() -> list[Node]:
    """Return the source: two functions, an essay, a remark without points, a task with a mark scheme."""
    manual = {"grade": True, "solution": True, "locked": False}
    scheme = "Draw.\n### BEGIN MARK SCHEME\nTwo lines.\n### END MARK SCHEME"
    hidden = "assert f(2) == 4\n### BEGIN HIDDEN TESTS\nassert f(3) == 6\n### END HIDDEN TESTS"
    return [
        cell("code", "imports", "import math", locked=True),
        cell("code", "f", SOLVED.format("f", "2 * x"), solution=True, locked=False),
        cell("code", "try", "f(3)"),
        cell("code", "f-test", hidden, grade=True, points=2),
        cell("markdown", "essay-text", "Why?", locked=True),
        cell("markdown", "essay", "YOUR ANSWER HERE", points=3, **manual),
        cell("markdown", "remark", "YOUR ANSWER HERE", points=0, **manual),
        cell("markdown", "task", scheme, task=True, points=1),
        cell("code", "g", SOLVED.format("g", "x"), solution=True, locked=False),
        cell("code", "g-test", "assert g(1) == 1", grade=True, points=3),
    ]


def write(path: Path, cells: list[Node], metadata: Node = KERNEL) -> None:
    """Write a notebook."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}))


def give_out(course: Course, cells: list[Node]) -> None:
    """Change the source and release it, as nbgrader does."""
    write(course.root / "source" / "ps1" / "p.ipynb", cells)
    convert.run(GenerateAssignment, read_settings(course), "ps1")


def answered(course: Course) -> list[Node]:
    """Return what was released, answered in full."""
    cells = json.loads((course.root / "release" / "ps1" / "p.ipynb").read_text())["cells"]
    return [{**item, "source": ANSWERS.get(item["id"], item["source"])} for item in cells]


def submit(course: Course, student: str, cells: list[Node], metadata: Node = KERNEL) -> None:
    """Hand in."""
    write(course.root / "submitted" / student / "ps1" / "p.ipynb", cells, metadata)


def graded(course: Course, assignment: str = "ps1") -> dict[str, GradeReport]:
    """Grade whoever is due."""
    grading = Grading(course, assignment)
    found = {item.student: item for item in grade_class(grading, due(grading)[0])}
    assert not [item.failure for item in found.values() if item.report is None]
    return {name: item.report for name, item in found.items() if item.report is not None}


def rows(course: Course, assignment: str = "ps1") -> dict[str, dict[str, tuple[float | None, bool]]]:
    """Return each student's graded cells: the automatic score, and whether a person is asked."""
    with convert.gradebook(read_settings(course)) as gradebook:
        return {
            submission.student_id: {
                grade.name: (grade.auto_score, grade.needs_manual_grade)
                for book in submission.notebooks
                for grade in book.grades
            }
            for submission in gradebook.assignment_submissions(assignment)
        }


def stock(course: Course, folder: Path) -> Course:
    """Copy a course and autograde it with nbgrader alone."""
    shutil.copytree(course.root, folder, symlinks=True)
    convert.run(Autograde, read_settings(Course(folder)), "ps1")
    return Course(folder)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course of other making, released by nbgrader."""
    root = tmp_path / "course"
    root.mkdir()
    (root / "nbgrader_config.py").write_text("c = get_config()\n")
    found = course_at(root)
    give_out(found, source())
    return found


@pytest.mark.slow
def test_beside_stock_nbgrader(course: Course, tmp_path: Path) -> None:
    """As handed in, with two answers in one cell, and without any names: where nbgrader scores, the same; else no less.

    An answered cell worth nothing asks for a person too.
    """
    whole = answered(course)
    named = {item["id"]: item for item in whole}
    submit(course, "honest", whole)
    together = {**named["f"], "source": ANSWERS["f"] + "\n\n" + ANSWERS["g"]}
    submit(course, "together", [together if item["id"] == "f" else item for item in whole if item["id"] != "g"])
    submit(course, "nameless", [{**item, "id": f"n{at}", "metadata": {}} for at, item in enumerate(whole)])
    expected = rows(stock(course, tmp_path / "stock"))
    found = graded(course)
    assert rows(course)["honest"] == expected["honest"] == rows(course)["together"] == expected["together"]
    assert rows(course)["nameless"] == expected["honest"]
    assert all(asked for _, asked in expected["nameless"].values())
    assert expected["honest"]["remark"] == (None, True)
    assert not found["honest"].notes
    assert "cell g was missing: its answer stands in the cell f" in [note.text for note in found["together"].notes]
    page = json.loads((course.root / "autograded" / "nameless" / "ps1" / "p.ipynb").read_text())
    texts = {
        item["metadata"]["nbgrader"]["grade_id"]: "".join(item["source"]) for item in page["cells"] if item["metadata"]
    }
    assert {name: texts[name] for name in ANSWERS} == ANSWERS


def test_what_is_nowhere_asks_for_a_person(course: Course) -> None:
    """A manual cell that was put back, a stub with an answer beside it, an answer torn in two: somebody looks."""
    whole = answered(course)
    submit(course, "deleted", [item for item in whole if item["id"] != "essay"])
    blank = [{**item, "source": "YOUR ANSWER HERE"} if item["id"] == "essay" else item for item in whole]
    blank.insert(5, cell("markdown", "beside", "Because."))
    submit(course, "beside", blank)
    at = [item["id"] for item in whole].index("f")
    head, tail = ({**whole[at], "source": half} for half in ANSWERS["f"].split("\n"))
    submit(course, "torn", [*whole[:at], head, {**tail, "id": "tail", "metadata": {}}, *whole[at + 1 :]])
    empty = [{**item, "source": "YOUR ANSWER HERE"} if item["id"] == "essay" else item for item in whole]
    submit(course, "empty", empty)
    found, kept = graded(course), rows(course)
    assert kept["deleted"]["essay"] == kept["beside"]["essay"] == (None, True)
    assert kept["empty"]["essay"] == (0.0, False)
    assert kept["torn"]["f-test"] == (None, True)
    assert found["torn"].undecided == ("f-test",)
    assert not found["deleted"].alarms


def test_what_a_notebook_says_of_its_language_stays(course: Course) -> None:
    """The language, with the editor's mode, and the entry of a cell that was nbgrader's and is free again."""
    language = {"name": "python", "version": "3.9.1", "codemirror_mode": {"name": "ipython", "version": 3}}
    nothing = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
    cells = answered(course)
    cells[2]["metadata"] = {"nbgrader": nothing}
    submit(course, "ann", cells, {**KERNEL, "language_info": language})
    graded(course)
    node = json.loads((course.root / "autograded" / "ann" / "ps1" / "p.ipynb").read_text())
    assert node["metadata"]["language_info"] == language
    assert node["cells"][2]["metadata"] == {"nbgrader": nothing}


def mended(cells: list[Node]) -> list[Node]:
    """Return the source with another visible test."""
    cells = copy.deepcopy(cells)
    cells[3]["source"] = cells[3]["source"].replace("f(2) == 4", "f(2) == 4.0")
    return cells


OWN = ("c.ClearHiddenTests.begin_test_delimeter = '#HIDE'\nc.ClearHiddenTests.end_test_delimeter = '#SHOW'\n", "#HIDE")


@pytest.mark.parametrize("words", ["", OWN[0]], ids=["", "own marks"])
def test_an_earlier_release_is_no_change(course: Course, words: str) -> None:
    """A cell as any release had it was not changed, whatever marks its hidden lines; one of no release was."""
    cells = source()
    if words:
        with (course.root / "nbgrader_config.py").open("a") as file:
            file.write(words)
        text = cells[3]["source"]
        cells[3]["source"] = text.replace("### BEGIN HIDDEN TESTS", "#HIDE").replace("### END HIDDEN TESTS", "#SHOW")
        give_out(course, cells)
    submit(course, "early", answered(course))
    assert not graded(course)["early"].notes
    give_out(course, mended(cells))
    submit(course, "late", answered(course))
    tampered = answered(course)
    tampered[3]["source"] = "pass"
    submit(course, "tampered", tampered)
    found = graded(course)
    assert {name: len(report.notes) for name, report in found.items()} == {"early": 0, "late": 0, "tampered": 1}
    assert len(releases.given(course.root, "ps1")["p"].cells["f-test"]) == 2


def test_what_was_not_released_counts_nothing(course: Course) -> None:
    """Points, and tests in graded cells, are the release's; that the source differs is said, and where."""
    submit(course, "ann", answered(course))
    assert changed_in_source(Grading(course, "ps1")) == ""
    cells = source()
    cells[3]["metadata"]["nbgrader"]["points"] = 4
    cells[9]["source"] = "assert g(1) == 2"
    write(course.root / "source" / "ps1" / "p.ipynb", cells)
    (report,) = graded(course).values()
    assert [(item.grade_id, item.points, item.score) for item in report.inline] == [("f-test", 2, 2), ("g-test", 3, 3)]
    assert rows(course)["ann"]["f-test"] == (2.0, False)
    said = changed_in_source(Grading(course, "ps1"))
    assert said.startswith("the source differs from what was released (f-test, g-test): ")
    (group,) = [item for item in make_report(course, "ps1").overview.groups if item.key == "source"]
    assert group.lines[0].says == ("f-test", "g-test")


@pytest.mark.slow
def test_a_due_date_an_extension_and_the_rule_for_lateness_grade_again(course: Course) -> None:
    """Each changes what lateness costs, so a submission is graded again, once."""
    submit(course, "ann", answered(course))
    (course.root / "submitted" / "ann" / "ps1" / "timestamp.txt").write_text("2030-01-02 00:00:00 UTC")

    def again() -> int:
        found = len(graded(course))
        assert not graded(course)
        return found

    assert again() == 1
    with convert.gradebook(read_settings(course)) as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate="2030-01-01 00:00:00 UTC")
    assert again() == 1
    with convert.gradebook(read_settings(course)) as gradebook:
        gradebook.grant_extension("ps1", "ann", days=3)
    assert again() == 1
    rule = course.root / "late_rule.py"
    rule.write_text(
        "from nbgrader.plugins import BasePlugin\n\n\nclass Rule(BasePlugin):\n    late_submission_penalty = None\n"
    )
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(f"import sys\nsys.path.insert(0, {str(course.root)!r})\nimport late_rule\n")
        file.write("c.AssignLatePenalties.plugin_class = late_rule.Rule\n")
    assert again() == 1
    rule.write_text(rule.read_text() + "# another rule\n")
    assert again() == 1


# --- exercises with hidden tests -------------------------------------------------------------------------------------

RIGHT = {"double": "def double(x):\n    return x + x", "quadruple": "def quadruple(x):\n    return double(double(x))"}


def in_one(cells: list[Node]) -> list[Node]:
    """Put both answers into the first one's cell."""
    named = {item["id"]: item for item in cells}
    named["double"]["source"] += "\n\n" + named["quadruple"]["source"]
    return [item for item in cells if item["id"] != "quadruple"]


def merged_with_text(cells: list[Node]) -> list[Node]:
    """Put an answer into the locked cell of imports."""
    named = {item["id"]: item for item in cells}
    named["imports"]["source"] += "\n\n" + named["double"]["source"]
    return [item for item in cells if item["id"] != "double"]


def torn(cells: list[Node]) -> list[Node]:
    """Cut an answer in two, in the middle of the function."""
    at = [item["id"] for item in cells].index("double")
    head, tail = RIGHT["double"].split("\n")
    return [*cells[:at], {**cells[at], "source": head}, cell("code", "tail", tail), *cells[at + 1 :]]


def nameless(cells: list[Node]) -> list[Node]:
    """Lose every name."""
    return [{**item, "id": f"n{at}", "metadata": {}} for at, item in enumerate(cells)]


def stub_behind(cells: list[Node]) -> list[Node]:
    """Paste the released stub behind everything, with its names."""
    stub = next(item for item in cells if item["id"] == "double")
    source = "def double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    return [*cells, {**copy.deepcopy(stub), "id": "again", "source": source}]


TRAVELS: list[tuple[Callable[[list[Node]], list[Node]], list[float | None]]] = [
    (in_one, [0.5, 2]),
    (merged_with_text, [0.5, 2]),
    (torn, [None, 2]),
    (nameless, [0.5, 2]),
    (stub_behind, [0.5, 2]),
]


def test_exercises_with_hidden_tests(small: Course) -> None:
    """A right answer earns its points wherever it stands; one that is torn asks for a person, and costs no other."""
    release(small, "small", solutions=False)
    hand_in(small, "small", [Submission(change.__name__, RIGHT) for change, _ in TRAVELS])
    for change, _ in TRAVELS:
        path = small.root / "submitted" / change.__name__ / "small" / "small.ipynb"
        node = json.loads(path.read_text())
        path.write_text(json.dumps(node | {"cells": change(node["cells"])}))
    found = graded(small, "small")
    scores = {name: [result.score for result in report.exercises] for name, report in found.items()}
    assert scores == {change.__name__: expected for change, expected in TRAVELS}
    assert rows(small, "small")["torn"]["double-grade"] == (None, True)


def test_points_of_hidden_tests_are_the_releases(small: Course) -> None:
    """Where the source's points were changed and not released, terminal and gradebook say the same."""
    release(small, "small", solutions=False)
    hand_in(small, "small", [Submission("ann", RIGHT), Submission("bob", {})])
    shutil.rmtree(small.root / "submitted" / "bob" / "small")
    (small.root / "submitted" / "bob" / "small").mkdir()
    path = small.source("small")
    path.write_text(path.read_text().replace('"points": 2', '"points": 8').replace("(2 points)", "(8 points)"))
    found = graded(small, "small")
    assert [(result.points, result.score) for result in found["ann"].exercises] == [(0.5, 0.5), (2, 2)]
    assert [result.points for result in found["bob"].exercises] == [0.5, 2]
    assert rows(small, "small")["ann"]["quadruple-grade"] == (2.0, False)
    kept = reports.load(small.root, "small", "ann")
    assert kept is not None
    assert kept.exercises[1].points == 2
