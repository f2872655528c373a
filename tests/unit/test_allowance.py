"""How often earlier functions answer: counted from the solution, once a class."""

from __future__ import annotations

import pytest

from gradekit.course.course import Course
from gradekit.grade.allowance import TIMES, allowances
from gradekit.isolation.stubs import CALLS_AT_LEAST
from gradekit.judging import inprocess
from gradekit.judging.assignment import Assignment, load_assignment

MANY = '''
@quadruple.test()
def many(student, reference, expect):
    """quadruple(x) is right for many x."""
    for x in reference.draw((30, 2)):
        expect.close(student.quadruple(x), reference.quadruple(x), name="quadruple(x)")


@quadruple.test()
def of_both(student, reference, expect):
    """quadruple(x) is right where double(x) is."""
    x = reference.draw((2,))
    for _ in range(40):
        expect.close(student.double(student.quadruple(x)), reference.quadruple(reference.double(x)), name="both")
'''


@pytest.fixture
def assignment(small: Course) -> Assignment:
    """The small course's assignment, with tests that call a lot."""
    path = small.hidden("small") / "tests.py"
    path.write_text(path.read_text(encoding="utf-8") + MANY, encoding="utf-8")
    return load_assignment(small, "small")


def test_a_multiple_of_what_the_solution_calls(assignment: Assignment) -> None:
    """Calls of the solution and of the test itself count, those of the reference do not; a few are always answered."""
    assert allowances(assignment, "quadruple", seed=b"x") == {
        "four_times": CALLS_AT_LEAST,
        "many": TIMES * 30 * 2,
        "of_both": TIMES * 40 * 3,
    }


def test_nothing_is_earlier_than_the_first(assignment: Assignment) -> None:
    """The first exercise has no earlier functions."""
    assert set(allowances(assignment, "double", seed=b"x").values()) == {CALLS_AT_LEAST}


def test_it_is_counted_once(assignment: Assignment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second learner of a class gets what was counted for the first."""
    first = allowances(assignment, "quadruple", seed=b"x")
    monkeypatch.setattr(inprocess.InProcess, "call", lambda *_args, **_named: pytest.fail("counted again"))
    assert allowances(assignment, "quadruple", seed=b"x") is first


def test_a_solution_that_cannot_stand_upon_stubs(small: Course) -> None:
    """A class derived from an earlier one has nothing to be counted, and that is no failure of ours."""
    loaded = load_assignment(small, "small")
    derived = "class quadruple(double):\n    pass"
    cells = tuple(
        type(cell)(**{**vars(cell), "source": derived}) if cell.grade_id == "quadruple" else cell
        for cell in loaded.solution_cells
    )
    found = type(loaded)(**{**vars(loaded), "solution_cells": cells, "allowances": {}})
    assert allowances(found, "quadruple", seed=b"x") == {"four_times": CALLS_AT_LEAST}
