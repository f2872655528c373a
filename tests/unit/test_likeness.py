"""Likeness of two wrong answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradekit.diagnosis.likeness import How, ratio, same
from gradekit.judging.inprocess import InProcess
from gradekit.judging.line import LearnerError, Opaque, Student
from gradekit.model import Verdict

A = np.array([1.0, -2.0, 3.5])
NAN = np.array([1.0, np.nan, np.inf])
LATE = LearnerError("TimeLimit", "longer than 10 s", verdict=Verdict.TLE)


def obj() -> Any:
    """Return a handle to some object."""
    return Student(InProcess({"thing": object}))._line.get(("thing",))


@pytest.mark.parametrize(
    ("mine", "known"),
    [
        (A, A * (1 + 1e-7)),
        (NAN, NAN.copy()),
        (2.0, 2),
        (np.array(2.0), 2.0),
        ([A, None], (A, None)),
        ({"a": A, "b": 1.0}, {"b": 1.0, "a": A}),
        ("text", "text"),
        (None, None),
        (Opaque("an array of objects"), Opaque("an array of objects")),
        (obj(), obj()),
        (LearnerError("KeyError", "'a'", "x['a']"), LearnerError("KeyError", "'a'", "y['a']")),
        (LATE, LearnerError("TimeoutError", "the time for this is used up")),
        (np.array([1e8, 1.0]), np.array([1e8, 1.5])),
    ],
)
def test_same(mine: Any, known: Any) -> None:
    """What agrees up to rounding, whatever holds it, is the same."""
    assert same(mine, known, None)


@pytest.mark.parametrize(
    ("mine", "known"),
    [
        (A, A + 1e-3),
        (A, A[:2]),
        (A, A[None]),
        (A, -A),
        (NAN, np.array([1.0, np.inf, np.nan])),
        (NAN, np.array([1.0, np.nan, -np.inf])),
        (A, list(A)),
        (A, None),
        (None, A),
        (A, LearnerError("ValueError", "")),
        (LearnerError("ValueError", ""), None),
        (LearnerError("KeyError", "'a'"), LearnerError("KeyError", "'b'")),
        (LearnerError("KeyError", "'a'"), LearnerError("ValueError", "'a'")),
        (LATE, LearnerError("TimeLimit", "longer than 10 s")),
        (LearnerError("TimeoutError", ""), LearnerError("TimeoutError", "")),
        ((A, A), (A,)),
        ({"a": A}, {"b": A}),
        ({"a": A}, {"a": A, "b": A}),
        (True, 1.0),
        (np.array([True]), np.array([1])),
        (np.array([True]), np.array([False])),
        ("1", 1),
        (obj(), None),
        (Opaque("one"), Opaque("another")),
    ],
)
def test_not_the_same(mine: Any, known: Any) -> None:
    """What differs in value, shape, kind, error or keys is not the same."""
    assert not same(mine, known, None)


def test_only_the_right_answers_keys_count() -> None:
    """A cache may hold more than was asked for; where an asked key is missing, all keys count."""
    right = {"a": A}
    assert same({"a": A, "mine": 1}, {"a": A, "known": 2}, right)
    assert not same({"mine": A}, {"known": A}, right)
    assert not same({"a": A, "mine": 1}, {"mine": 1}, right)
    assert same([{"a": A, "mine": 1}], [{"a": A}], [right])


def test_loosely() -> None:
    """Draws that no seed reaches are compared by shape and by what is finite."""
    assert same(A, 7 * A, None, how=How.LOOSELY)
    assert not same(A, A[:2], None, how=How.LOOSELY)
    assert not same(A, NAN, None, how=How.LOOSELY)


@pytest.mark.parametrize(
    ("mine", "right", "wanted"),
    [
        (3 * A, A, 3.0),
        (A, A, 1.0),
        ({"a": -A, "more": 1}, {"a": A}, -1.0),
        ((3 * A, 3 * A), (A, A), 3.0),
        ((3 * A, 2 * A), (A, A), None),
        (3 * A, A[None], None),
        (0 * A, A, None),
        (3.0, 1.0, None),  # any two numbers have a ratio
        (3 * np.ones(9), np.ones(9), None),
        (NAN, A, None),
        ({"b": A}, {"a": A}, None),
        (None, A, None),
        (3 * A, None, None),
        ([3 * A], [A, A], None),
        (3j * A, A, None),
    ],
)
def test_ratio(mine: Any, right: Any, wanted: float | None) -> None:
    """One factor between all numbers of an answer, where there are enough of them."""
    assert ratio(mine, right) == (None if wanted is None else pytest.approx(wanted))
