"""Adopting a notebook of other making: what is turned, what is left, what is refused, what is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gradekit.adopt import make
from gradekit.adopt.asserts import turn
from gradekit.adopt.names import Names, ends_in_a_value, needed_imports
from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.errors import CourseError, SourceError
from gradekit.gradebook.settings import course_at
from gradekit.judging.assignment import load_tests

NAMES = Names(
    calls=frozenset({"f", "g", "sort", "Stack"}),
    values=frozenset({"answer"}),
    given=frozenset({"data", "near"}),
    imports={"np": "import numpy as np", "tools": "import tools", "random": "import random"},
    absent=frozenset({"tools"}),
)
TURNED = {
    "assert f(3) == [1, 4, 9]": "expect.equal(student.f(3), [1, 4, 9], name='f(…)')",
    "assert 5 == f(2)": "expect.equal(student.f(2), 5, name='f(…)')",
    "assert answer == 42": "expect.equal(student['answer'], 42, name='answer')",
    "assert f(data) == data[0]": "expect.equal(student.f(reference.data), reference.data[0], name='f(…)')",
    "assert np.allclose(f(2), 4)": "expect.close(student.f(2), 4, name='f(…)', rtol=1e-05, atol=1e-08, broadcast=True)",
    "assert np.allclose(f(2), 4, 0, atol=1)": (
        "expect.close(student.f(2), 4, name='f(…)', rtol=0, atol=1, broadcast=True)"
    ),
    "assert np.allclose(4, f(2))": "expect.true(np.allclose(4, student.f(2)), 'f(…) is not as it should be.')",
    "np.testing.assert_array_equal(f(2), [4])": (
        "expect.close(student.f(2), [4], name='f(…)', rtol=0, atol=0, broadcast=True)"
    ),
    "assert f(2) > 3, 'too small'": "expect.true(student.f(2) > 3, 'too small')",
    "assert f(2) in (1, 2), g(3)": "expect.true(student.f(2) in (1, 2), 'f(…) is not as it should be.')",
    "assert near(f(2), 4)": "expect.true(reference.near(student.f(2), 4), 'f(…) is not as it should be.')",
    "a, b = f(2)": "a, b = expect.parts(student.f(2), 2, name='f(…)')",
    "assert [f(i) for i in range(3)] == [0, 1, 4]": (
        "expect.equal([student.f(i) for i in range(3)], [0, 1, 4], name='f(…)')"
    ),
    "pd.testing.assert_frame_equal(f(1), 2)": "expect.close(student.f(1), 2, name='f(…)')",
    "np.random.seed(3)": "student.seed(3)",
    "try:\n    f(0)\nexcept TypeError:\n    pass\nelse:\n    raise AssertionError('no')": (
        "expect.raises('TypeError', student.f, 0)"
    ),
    "try:\n    f(0)\n    assert False\nexcept LookupError:\n    print('fine')": (
        "expect.raises('LookupError', student.f, 0, or_=('IndexError', 'KeyError'))"
    ),
    "with pytest.raises(TypeError):\n    f(data)": "expect.raises('TypeError', student.f, reference.data)",
    "assert_raises(TypeError, f, 0)": "expect.raises('TypeError', student.f, 0)",
    "for n in range(2):\n    assert f(n) == n": "for n in range(2):\n    expect.equal(student.f(n), n, name='f(…)')",
    "print('all is well')": "",
    "'a text'": "",
    "print(f(1))": "student.f(1)",
}
LEFT = {
    "assert check(f) == 3": "nobody knows here what 'check' is",
    "assert callable(f)": "'f' is handed on",
    "assert f.__doc__": "private",
    "try:\n    f(-1)\nexcept ValueError:\n    pass": "a 'try' statement",
    "try:\n    f(-1)\nexcept Exception:\n    pass\nelse:\n    raise AssertionError": "a 'try' statement",
    "f = max": "it replaces the learner's 'f'",
    "del f\nassert g(2) == 4": "behind a line that replaces the learner's 'f'",
    "with open('a') as file:\n    f(file)": "a 'with' statement",
    "assert 'f' in globals()": "globals means something else",
    "assert tools.near(f(1), 2)": "the module 'tools'",
    "import tools": "the module tools lies beside the notebook",
    "random.seed(1)": "Python's own generator",
    "assert_something(f(1))": "is no demand that is known",
    "np.testing.assert_allclose(f(1), 2, equal_nan=False)": "has options",
    "answer += 1": "writes into what is the learner's",
    "x = [3, 1]\nsort(x)\nassert x == [1, 3]": "an argument was changed",
    "y = check(f)\nassert y == 3": "'y' comes from a line that is left",
}


@pytest.mark.parametrize(("source", "wanted"), TURNED.items())
def test_what_is_turned(source: str, wanted: str) -> None:
    """Each form of assert becomes the demand that accepts and rejects what it did."""
    (found,) = turn(source, NAMES)
    assert found.left is None
    assert "\n".join(found.lines) == wanted


@pytest.mark.parametrize(("source", "why"), LEFT.items())
def test_what_is_left(source: str, why: str) -> None:
    """What would mean something else on the trusted side is left, with the reason and what to do."""
    found = [item.left for item in turn(source, NAMES) if item.left is not None]
    assert why in found[-1].why
    assert found[-1].advice
    assert found[-1].text in source


def test_a_name_bound_again_is_the_cells_own() -> None:
    """A learner's variable that the cell itself assigns is local from there on, and an object's methods are asked."""
    source = "answer = 3\ns = Stack()\ns.push(answer)\nassert s.pop() == answer"
    lines = [line for item in turn(source, NAMES) for line in item.lines]
    assert lines == [
        "answer = 3",
        "s = student.Stack()",
        "s.push(answer)",
        "expect.equal(s.pop(), answer, name='s')",
    ]


def test_asserts_of_nose_are_asserts() -> None:
    """Functions of nose and unittest are what they stand for, and nose itself is not needed; numpy's is another."""
    source = "from nose.tools import assert_equal, assert_true\nassert_equal(f(1), 1)\nassert_true(f(2) > 1, 'small')"
    lines = [line for item in turn(source, NAMES) for line in item.lines]
    assert lines == ["expect.equal(student.f(1), 1, name='f(…)')", "expect.true(student.f(2) > 1, 'small')"]
    (_, other) = turn("from numpy.testing import assert_equal\nassert_equal(f(1), 1)", NAMES)
    assert other.left is not None


def test_imports_that_a_test_needs() -> None:
    """The notebook's own imports come along where the test names them, and none twice."""
    assert needed_imports(["x = np.ones(3)", "y = np.zeros(3)"], NAMES) == ["import numpy as np"]
    assert needed_imports(["import numpy as np", "x = np.ones(3)"], NAMES) == []


@pytest.mark.parametrize(
    ("source", "value"), [("f(1)", True), ("3", True), ("print(1)", False), ("assert f(1)", False)]
)
def test_a_cell_that_ends_in_a_value(source: str, *, value: bool) -> None:
    """A value at the end is a score in parts; a print or an assert is none."""
    assert ends_in_a_value(source) is value


# --- whole notebooks -------------------------------------------------------------------------------------------------


def raw(kind: str, source: str, name: str = "", schema: int = 1, **roles: Any) -> dict[str, Any]:
    """Return a cell as an old notebook has it."""
    made: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source}
    if kind == "code":
        made |= {"outputs": [{"output_type": "stream", "name": "stdout", "text": "x"}], "execution_count": 1}
    if name:
        flags = {"schema_version": schema, "grade_id": name, "grade": False, "solution": False, "locked": False}
        made["metadata"]["nbgrader"] = flags | roles
    return made


def course_of(root: Path, *cells: dict[str, Any], name: str = "old", minor: int = 0, **metadata: Any) -> Course:
    """Write a course with one old notebook."""
    folder = root / "source" / "old"
    folder.mkdir(parents=True, exist_ok=True)
    node = {"nbformat": 4, "nbformat_minor": minor, "metadata": metadata, "cells": list(cells)}
    (folder / f"{name}.ipynb").write_text(json.dumps(node))
    (root / "nbgrader_config.py").write_text("c = get_config()\n")
    return course_at(root)


SOLUTION = "def f(x):\n    ### BEGIN SOLUTION\n    return x * x\n    ### END SOLUTION"
STUB = raw("code", SOLUTION, "f", solution=True)


def graded(source: str, name: str = "f_test", **more: Any) -> dict[str, Any]:
    """Return a graded cell of 2 points."""
    return raw("code", source, name, **{"grade": True, "points": 2} | more)


def adopted(course: Course, exercise: str = "") -> list[notebook.Cell]:
    """Adopt the assignment and return the cells as they are then."""
    make.write(course, make.plan(course, "old", exercise=exercise))
    return list(notebook.cells(notebook.read(course.source("old"))))


def test_ids_are_grade_ids_and_never_two_alike(tmp_path: Path) -> None:
    """A valid grade_id is the id; a long one, a free cell's and one that is taken get their own, always the same."""
    long = "x" * 70
    cells = [raw("markdown", "a"), STUB, raw("markdown", "b", long, locked=True), raw("code", "1") | {"id": "f"}]
    course = course_of(tmp_path, *cells, minor=5)
    found = [cell.id for cell in adopted(course)]
    assert found == ["markdown-1", "f", "x" * 56, "code-4"]
    assert [cell.id for cell in adopted(course)] == found


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    """What was adopted is left alone, to the byte, and the first run kept what stood there."""
    course = course_of(tmp_path, STUB, graded("assert f(3) == 9"))
    before = course.source("old").read_bytes()
    written = make.write(course, make.plan(course, "old", exercise="f_test"))
    assert (written[-1] / "old.ipynb").read_bytes() == before
    for exercise in ("", "f_test"):
        assert make.write(course, make.plan(course, "old", exercise=exercise)) == ()


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([STUB, STUB], "the grade_id 'f' stands 2 times"),
        ([raw("code", "1", "a", schema=9, locked=True)], "schema 9, and 3 is known"),
        ([raw("code", "1", "a", schema=3, grade=True)], "points"),
        ([raw("code", "1", "a b", schema=3, locked=True)], "'a b'"),
        ([raw("code", "x\n### BEGIN SOLUTION\n", "a", solution=True)], "begun at line 2 has no END"),
        ([raw("code", "### BEGIN SOLUTION\n### END SOLUTION")], "it holds a solution and is no solution cell"),
        ([raw("code", "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS")], "it holds hidden tests and is no test cell"),
    ],
)
def test_bad_notebooks(tmp_path: Path, cells: list[dict[str, Any]], said: str) -> None:
    """Each fault is said with notebook and cell, and nothing is written."""
    course = course_of(tmp_path, *cells)
    with pytest.raises(SourceError, match=r"old\.ipynb cannot be adopted") as error:
        make.plan(course, "old")
    assert said in str(error.value)


def test_another_language(tmp_path: Path) -> None:
    """A notebook for another kernel is refused by its name."""
    course = course_of(tmp_path, STUB, kernelspec={"name": "ir", "display_name": "R", "language": "R"})
    with pytest.raises(SourceError, match=r"kernel 'ir' \(R\)"):
        make.plan(course, "old")


@pytest.mark.parametrize(
    ("source", "exercise", "said"),
    [
        ("assert f(3) == 9", "g", "no graded cell 'g'.*f_test"),
        ("assert f(3) ==", "f_test", "line 1 is no Python"),
        ("x = 1\nf(3) / 9", "f_test", "line 2 ends the cell in a value"),
        ("assert 1 == 1", "f_test", "call no function of a solution cell"),
        ("### AUTOTEST f(3)", "f_test", "nbgrader writes its tests at release"),
    ],
)
def test_exercises_that_cannot_be_moved(tmp_path: Path, source: str, exercise: str, said: str) -> None:
    """The cell, the line and what to do are said, and the asserts stay."""
    course = course_of(tmp_path, STUB, graded(source))
    with pytest.raises(SourceError, match=f"(?s){said}"):
        make.plan(course, "old", exercise=exercise)


def test_a_graded_cell_without_points(tmp_path: Path) -> None:
    """Points make an exercise: a cell without any stays a check."""
    course = course_of(tmp_path, STUB, graded("assert f(3) == 9", points=0))
    with pytest.raises(SourceError, match="it carries no points"):
        make.plan(course, "old", exercise="f_test")


def test_hidden_tests_of_another_notebook(tmp_path: Path) -> None:
    """Only the notebook that is named for the assignment can have hidden tests, and that is said."""
    course = course_of(tmp_path, STUB, graded("assert f(3) == 9"), name="part1")
    with pytest.raises(SourceError, match=r"concern the notebook old\.ipynb, and 'old' has part1\.ipynb"):
        make.plan(course, "old", exercise="f_test")


def test_a_solution_that_does_not_run_by_itself(tmp_path: Path) -> None:
    """What the solution needs and a free cell makes is asked for by name."""
    cells = [
        raw("code", "factor = float('2')"),
        raw("code", "half = 1 / factor\ndef f(x): return x", "f", solution=True),
    ]
    course = course_of(tmp_path, *cells, graded("assert f(3) == 3"))
    with pytest.raises(SourceError, match=r"'factor'.*lock the cell"):
        make.plan(course, "old", exercise="f_test")


def test_where_visible_asserts_stay(tmp_path: Path) -> None:
    """Students see them where they were; no cell comes or goes, and the graded one keeps name and points."""
    source = "# look\nassert f(2) == 4\n### BEGIN HIDDEN TESTS\nassert f(3) == 9\n### END HIDDEN TESTS"
    cells = {cell.id: cell for cell in adopted(course_of(tmp_path, STUB, graded(source)), "f_test")}
    assert list(cells) == ["f", "f_test"]
    assert cells["f_test"].source.splitlines() == [
        "# Graded with hidden tests: 2 points.",
        "# look",
        "assert f(2) == 4",
        "### BEGIN HIDDEN TESTS",
        "from gradekit.hidden import grade",
        'grade("old", "f_test", globals(), stub="f")',
        "### END HIDDEN TESTS",
    ]
    assert cells["f_test"].points == 2
    (exercise,) = notebook.exercises(tuple(cells.values()))
    assert (exercise.name, exercise.stub.id, exercise.graded, exercise.adopted) == ("f_test", "f", "f_test", True)


def test_what_the_solution_does_not_get_past_is_left(tmp_path: Path) -> None:
    """An object that does not travel shows when the solution is tried; its line is left for a person."""
    stub = raw("code", "def f(x):\n    return {i for i in range(x)}", "f", solution=True)
    course = course_of(tmp_path, stub, graded("assert len(f(2)) == 2\nassert f is not None"))
    found = make.plan(course, "old", exercise="f_test")
    needed = [item for item in found.to_type if item.needed]
    assert len(needed) == 2
    make.write(course, found)
    text = (course.hidden("old") / "tests.py").read_text()
    assert "the solution itself does not get past it" in text
    assert "    #     assert len(f(2)) == 2" in text
    assert "raise NotImplementedError" in text


def test_tests_that_are_there_already(tmp_path: Path) -> None:
    """Hidden tests that somebody has written are kept to the byte: of this exercise, and of another."""
    course = course_of(tmp_path, STUB, graded("assert f(3) == 9"), graded("assert f(4) == 16", name="again"))
    tests = course.hidden("old") / "tests.py"
    tests.parent.mkdir(parents=True)
    tests.write_text('from gradekit.hidden import exercise\n\none = exercise("f_test")\n')
    before = tests.read_text()
    adopted(course, "f_test")
    assert tests.read_text() == before
    adopted(course, "again")
    assert tests.read_text().startswith(before)
    assert 'again = exercise("again")' in tests.read_text()


def test_names_that_look_alike(tmp_path: Path) -> None:
    """Two grade_ids that make one Python name are two exercises all the same."""
    cells = [STUB, graded("assert f(3) == 9", "a-b"), graded("assert f(4) == 16", "a_b")]
    course = course_of(tmp_path, *cells)
    for name in ("a-b", "a_b"):
        adopted(course, name)
    assert set(load_tests(course, "old")) == {"a-b", "a_b"}


def test_all_is_written_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the second file cannot be written, the first is as it was."""
    course = course_of(tmp_path, STUB, graded("assert f(3) == 9"))
    found = make.plan(course, "old", exercise="f_test")
    before = course.source("old").read_bytes()
    write, count = make.write_whole, []

    def failing(path: Path, data: bytes) -> None:
        """Write once, and fail then."""
        count.append(path)
        if len(count) == 2:
            raise OSError(28, "No space left on device", str(path))
        write(path, data)

    monkeypatch.setattr(make, "write_whole", failing)
    with pytest.raises(CourseError, match="No space left"):
        make.write(course, found)
    assert course.source("old").read_bytes() == before
    assert not (course.hidden("old") / "tests.py").exists()


def test_the_diff_of_a_notebook_has_a_line_for_each_thing(tmp_path: Path) -> None:
    """A notebook saved in one line is compared line by line all the same."""
    course = course_of(tmp_path, STUB)
    shown = make.diff(make.plan(course, "old"), course.root)
    assert '+   "id": "f",\n' in shown
    assert '-     "schema_version": 1,\n' in shown


def test_own_markers_hold_for_both(tmp_path: Path) -> None:
    """A course's own markers stay, with gradekit's beside them, also around a solution that had none."""
    cells = [raw("code", "# A\nx = 1\n# Z", "a", solution=True), raw("code", "y = 1", "b", solution=True)]
    course = course_of(tmp_path, *cells)
    words = 'begin_solution_delimeter = "# A"\nc.ClearSolutions.end_solution_delimeter = "# Z"\n'
    (tmp_path / "nbgrader_config.py").write_text(f"c = get_config()\nc.ClearSolutions.{words}")
    texts = [cell.source for cell in adopted(course)]
    assert texts == [
        "# A ### BEGIN SOLUTION\nx = 1\n# Z ### END SOLUTION",
        "# A ### BEGIN SOLUTION\ny = 1\n# Z ### END SOLUTION",
    ]
