"""Pictures of wrong arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradekit.course.course import Course
from gradekit.judging.assignment import load_assignment
from gradekit.judging.inprocess import InProcess
from gradekit.judging.judge import judge
from gradekit.judging.picture import FAINT, POINTS, SIDE, draw
from gradekit.model import Verdict

RIGHT = np.array([[1.0, 2.0], [3.0, 4.0]])


def test_error_map() -> None:
    """Each error has its sign and, by its logarithm, its size; what is right is 0."""
    found = draw(RIGHT + np.array([[0, -4], [0.04, 0]]), RIGHT, name="y", kind="error")
    assert found is not None
    assert (found.kind, found.name, found.shape) == ("error", "y", (2, 2))
    assert found.values == ((0.0, -1.0), (FAINT, 0.0))


@pytest.mark.parametrize("huge", [1e2, 1e9, -1e30, 1e300, -1.7e308])
def test_one_huge_error_hides_no_other(huge: float) -> None:
    """Every entry beyond tolerance is seen beside one that is enormous, and only these are."""
    right = np.linspace(-1, 1, 12).reshape(3, 4)
    wrong = right.copy()
    wrong[0, 0] += huge
    wrong[1] += [1e-3, -1e-5, 1e-12, 0.5]
    found = draw(wrong, right, name="y", kind="error")
    assert found is not None
    seen = np.array(found.values)
    assert (np.sign(seen) == [[np.sign(huge), 0, 0, 0], [1, -1, 0, 1], [0, 0, 0, 0]]).all()
    assert np.abs(seen[seen != 0]).min() >= FAINT


def test_two_huge_numbers_hide_no_other() -> None:
    """Where even the difference is too large for a float, the entry is the most wrong one, and others are seen."""
    found = draw(np.array([1.7e308, 1.5, 2.0]), np.array([-1.7e308, 1.0, 2.0]), name="y", kind="error")
    assert found is not None
    assert found.values == ((1.0, FAINT, 0.0),)


def test_scatter() -> None:
    """Right against wrong, each over the largest magnitude of its side: a constant factor is not seen."""
    found = draw(-5 * RIGHT, RIGHT, name="dW", kind="scatter")
    assert found is not None
    assert found.values == ((0.25, -0.25), (0.5, -0.5), (0.75, -0.75), (1.0, -1.0))
    zeros = draw(0 * RIGHT, RIGHT, name="dW", kind="scatter")
    assert zeros is not None
    assert {y for _, y in zeros.values} == {0.0}


def test_first_wrong_array_of_a_dictionary_is_drawn() -> None:
    """Of several arrays the first wrong one is drawn, under its own name."""
    found = draw({"a": RIGHT, "b": RIGHT + 1}, {"a": RIGHT, "b": RIGHT}, name="grads", kind="error")
    assert found is not None
    assert found.name == "b"
    found = draw((RIGHT, RIGHT + 1), [RIGHT, RIGHT], name="parts", kind="error")
    assert found is not None
    assert found.name == "parts[1]"


@pytest.mark.parametrize("shape", [(1000,), (7, 300), (300, 7), (50, 20, 30), (2, 3, 4, 5), (65, 65)])
@pytest.mark.parametrize("kind", ["error", "scatter"])
def test_pictures_are_small(shape: tuple[int, ...], kind: str) -> None:
    """A large array becomes a small picture in which the largest error is still seen."""
    rng = np.random.default_rng(1)
    right = rng.normal(size=shape)
    wrong = right.copy()
    wrong.flat[wrong.size // 2] += 5
    found = draw(wrong, right, name="y", kind=kind)
    assert found is not None
    assert found.shape == shape
    if kind == "scatter":
        assert len(found.values) <= POINTS
    else:
        assert len(found.values) <= SIDE
        assert len(found.values[0]) <= SIDE
        assert np.max(found.values) == 1.0
        assert np.count_nonzero(found.values) == 1


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        (RIGHT.T[:1], RIGHT),
        (np.full((2, 2), np.nan), RIGHT),
        (np.array([[1, 2], [3, np.inf]]), RIGHT),
        (3.0, 4.0),
        ([1.0, 2.0], np.array([2.0, 2.0])),
        (None, RIGHT),
        ("text", RIGHT),
        ({"a": RIGHT}, RIGHT),
        ({"b": RIGHT}, {"a": RIGHT}),
        (RIGHT * 1j, RIGHT),
        (RIGHT > 2, RIGHT),
        (RIGHT, RIGHT),
        (np.zeros((0, 3)), np.zeros((0, 3))),
    ],
)
@pytest.mark.parametrize("kind", ["error", "scatter"])
def test_no_picture(answer: Any, reference: Any, kind: str) -> None:
    """Another shape, something not finite, a single number or nothing wrong is not drawn."""
    found = draw(answer, reference, name="y", kind=kind)
    assert found is None or kind == "scatter"
    if found is not None:
        assert np.isfinite(found.values).all()


def test_hidden_tests_draw_what_they_reject(small: Course) -> None:
    """A rejected array brings its picture into the test's result; an accepted one brings none."""
    loaded = load_assignment(small, "small")
    names = {"double": lambda x: x * x, "quadruple": lambda x: 4 * x}
    wrong = judge(loaded, "double", InProcess(names), seed=b"")
    assert wrong.tests[0].picture is not None
    assert wrong.tests[0].picture.kind == "error"
    assert judge(loaded, "quadruple", InProcess(names), seed=b"").tests[0].picture is None


def test_unknown_kind_is_our_fault(small: Course) -> None:
    """A hidden test that asks for a picture that there is not leaves the exercise undecided, whatever is handed in."""
    path = small.hidden("small") / "tests.py"
    path.write_text(path.read_text().replace('name="quadruple(x)"', 'name="quadruple(x)", picture="oil"'))
    names = {"quadruple": lambda x: 4 * x}
    found = judge(load_assignment(small, "small"), "quadruple", InProcess(names), seed=b"")
    assert found.tests[0].verdict is Verdict.IE


def test_a_scatter_that_would_hide_all_but_one_is_a_heat_map() -> None:
    """Beside one enormous entry all others would lie in one point: every wrong entry is marked in a heat map."""
    right = np.linspace(-1, 1, 12).reshape(3, 4)
    wrong = right.copy()
    wrong[0, 0] = 1e300
    wrong[2, 1] += 1e-3
    found = draw(wrong, right, name="dW", kind="scatter")
    assert found is not None
    assert found.kind == "error"
    assert np.flatnonzero(found.values).tolist() == [0, 9]


def test_a_scatter_keeps_every_sign() -> None:
    """A number that is small beside the largest is drawn with its sign, not as zero."""
    found = draw(np.array([1.0, -1e-7, 0.5, 0.25]), np.array([1.0, 1e-7, -0.5, 0.0]), name="dW", kind="scatter")
    assert found is not None
    assert found.values == ((1.0, 1.0), (1e-4, -1e-4), (-0.5, 0.5), (0.0, 0.25))
