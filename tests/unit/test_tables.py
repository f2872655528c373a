"""What hidden tests compare beside real arrays: tables, plots, complex numbers, texts, several parts, variables."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

from gradekit import checks
from gradekit.judging.assignment import Assignment
from gradekit.judging.declare import Expect, Rejected, exercise
from gradekit.judging.inprocess import InProcess
from gradekit.judging.judge import judge
from gradekit.judging.line import Student
from gradekit.model import Cell, Exercise, Role, Verdict

pd = pytest.importorskip("pandas")


def said(answer: Any, reference: Any, **options: Any) -> str:
    """Return what a learner whose function answers that is told; '' where it is accepted."""
    student, expect = Student(InProcess({"f": lambda: answer})), Expect()
    try:
        expect.close(student.f(), reference, name="f()", **options)
    except Rejected as rejected:
        return str(rejected)
    assert expect.judged == 1
    return ""


def frame(**changed: Any) -> Any:
    """Return a table with numbers, texts, dates and a value that is missing."""
    columns = {
        "a": [1.5, np.nan, 4.0],
        "b": ["x", None, "z"],
        "d": pd.date_range("2026-01-01", periods=3),
        "n": [1, 2, 3],
    }
    return pd.DataFrame({**columns, **changed}, index=["p", "q", "r"])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (frame(), ""),
        (frame(n=[1.0, 2.0, 3.0]), ""),  # whole numbers, kept as others
        (frame(a=[1.5, np.nan, 8.0]), r"f\(\)\['a'\]"),
        (frame(a=[1.5, 2.0, 4.0]), r"f\(\)\['a'\] are missing \(NaN\) at other places"),
        (frame(a=["1.5", "2", "4"]), r"f\(\)\['a'\] does not hold numbers"),
        (frame(b=["x", None, "y"]), r"f\(\)\['b'\]\[2\] is not the right text"),
        (frame(b=[1.0, 2.0, 3.0]), r"f\(\)\['b'\] holds numbers; texts are wanted"),
        (frame(d=pd.date_range("2026-01-02", periods=3)), r"f\(\)\['d'\]\[0\] is not the right text"),
        (frame()[["b", "a", "d", "n"]], "stand in another order"),
        (frame().drop(columns="n"), "has no column n"),
        (frame(more=1), "columns that are not wanted: more"),
        (frame().iloc[:1], r"has 1 row; 3 are wanted"),
        (frame().reset_index(drop=True), "the index of"),
        (frame()["a"], "is a Series; a DataFrame is wanted"),
        (None, "is None"),
        ({"a": 1}, "of type dict; a DataFrame is wanted"),
    ],
)
def test_tables(answer: Any, words: str) -> None:
    """A DataFrame is compared by columns, index and values; what differs is named, no value is told."""
    found = said(answer, frame())
    assert bool(found) == bool(words)
    assert not words or re.search(words, found), found
    here = checks.compare(answer, frame(), name="f()")  # as a visible check does, in the learner's own process
    assert (here.message if here else "") == found


def test_series() -> None:
    """A Series is compared by index and values; its name is nobody's business."""
    assert said(frame()["a"].rename("other"), frame()["a"]) == ""
    assert "f()" in said(frame()["n"] + 1, frame()["n"])


def test_a_class_that_only_has_the_name() -> None:
    """What calls itself a DataFrame and is none is said to be so, and read no further."""
    kind = type("DataFrame", (), {"items": lambda _: [(1, 2)], "index": 3})
    assert said(kind(), frame()) == "f() is only called a DataFrame: it cannot be read as one."


def plot(label: str = "loss", title: str = "Learning", y: float = 2.0) -> Any:
    """Return axes with a line, bars and points."""
    _, axes = plt.subplots()
    axes.plot([0, 1, 2], [1, y, 4], label=label)
    axes.bar([0, 1], [3, 5])
    axes.scatter([1, 2], [3, 4])
    axes.set(title=title, xlabel="step", ylabel="loss")
    plt.close()
    return axes


@pytest.mark.parametrize(
    ("answer", "reference", "words"),
    [
        (plot(), plot(), ""),
        (plot().figure, plot().figure, ""),
        (plot(), {"title": "Learning", "xlabel": "step"}, ""),
        (plot(), {"lines": [{"x": [0, 1, 2], "y": [1, 2, 4], "label": "loss"}]}, ""),
        (plot(), {"bars": [3, 5]}, ""),
        (plot().lines[0], {"y": np.array([1.0, 2.0, 4.0])}, ""),
        (list(plot().lines), [{"label": "loss"}], ""),
        (plot(title="learning"), plot(), "f()['title'] is not the right text"),
        (plot(y=3.0), plot(), "f()['lines'][0]['y']"),
        (plot(label="other"), plot(), "f()['lines'][0]['label']"),
        (3, plot(), "of type int; a dictionary is wanted"),
    ],
)
def test_plots(answer: Any, reference: Any, words: str) -> None:
    """A figure, axes or a line is compared by its data: with another, or with what the test names of it."""
    found = said(answer, reference)
    assert words in found
    assert bool(found) == bool(words)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (np.array([1 + 2j, 3]), ""),
        ([1 + 2j, 3], ""),
        (np.array([1 - 2j, 3]), "conjugated"),
        (np.array([1.0, 3.0]), "the imaginary part is missing"),
        (np.array([2 + 2j, 3]), "1 of 2 values of f() is wrong; the first at index (0,)."),
        (np.array([np.nan * 1j, 3]), "NaN"),
        (np.array([[1 + 2j, 3]]), "shape"),
    ],
)
def test_complex_numbers(answer: Any, words: str) -> None:
    """Complex numbers are compared, and their usual mistakes named."""
    found = said(answer, [1 + 2j, 3 + 0j])
    assert words in found
    assert bool(found) == bool(words)


def rejected(demand: Callable[[Student, Expect], object], **names: Any) -> str:
    """Return why a demand rejects what a notebook defines."""
    with pytest.raises(Rejected) as error:
        demand(Student(InProcess(names)), Expect())
    return str(error.value)


@pytest.mark.parametrize(
    ("answer", "wanted", "words"),
    [
        ((1, 4), [1, 4], "f() is of type tuple, and list is wanted."),
        ([1, 5], [1, 4], "1 of 2 values of f() is wrong"),
        (np.array([1, 4]), [1, 4], "f() is of type ndarray, and list is wanted."),
        (np.zeros(2), [1, 4], "Every value of f() is 0."),
        ("abd", "abc", "they differ from character 2 on"),
        ({"a": 1, "b": 2}, {"a": 1}, "holds more than is wanted"),
        (0.1 + 0.2, 0.3, "f()"),
        (object(), [1, 4], "f() is an object, not numbers."),
    ],
)
def test_equal(answer: Any, wanted: Any, words: str) -> None:
    """Equality is Python's: no rounding, no tuple for a list; the difference is said all the same."""
    assert words in rejected(lambda student, expect: expect.equal(student.f(), wanted, name="f()"), f=lambda: answer)
    expect = Expect()
    expect.equal(wanted, wanted, name="f()")
    assert expect.judged == 1


def test_broadcast_accepts_what_allclose_does() -> None:
    """An old assert's leniency: a list for an array, shapes that broadcast to no more than there is."""
    assert said([1.0, 4.0], np.array([1.0, 4.0]), broadcast=True) == ""
    assert said(np.array([[1.0, 4.0]]), np.array([1.0, 4.0]), broadcast=True) == ""
    assert said(np.ones((3, 1)), np.ones((1, 3)), broadcast=True)
    assert said(None, np.ones(2), broadcast=True)


def test_parts() -> None:
    """An answer is taken apart, an iterator too; None, one number and a wrong count are rejected with a sentence."""
    names = {"none": lambda: None, "one": lambda: 3.0, "three": lambda: (1, 2, 3), "lazy": lambda: map(float, (1, 2))}
    student = Student(InProcess(names))
    assert Expect().parts(student.lazy(), 2, name="lazy()") == (1.0, 2.0)
    assert Expect().parts(np.eye(2), 2, name="x")[0].tolist() == [1.0, 0.0]
    for name, words in (
        ("none", "f() is None: does the function end in a return?"),
        ("one", "f() is of type float, and 2 values are wanted."),
        ("three", "f() gives 3 values, and 2 are wanted."),
    ):
        ask = getattr(student, name)
        assert rejected(lambda _, expect, ask=ask: expect.parts(ask(), 2, name="f()")) == words  # type: ignore[misc]


def test_variables() -> None:
    """A variable of the notebook's is read by its name, and compared as an answer is."""
    student = Student(InProcess({"answer": 42, "table": frame()}))
    assert student["answer"] == 42
    Expect().equal(student.answer, 42, name="answer")
    Expect().close(student.table, frame(), name="table")


def both(student: Student, _: object, expect: Expect) -> None:
    """Both roots are right."""
    x1, x2 = student.roots()
    expect.close(x1 + x2, 3.0, name="their sum")


@pytest.mark.parametrize(
    ("answer", "words"),
    [(None, "roots gives None, and more is wanted: does the function end in a return?"), (3.0, "TypeError")],
)
def test_unpacking_none_is_the_learners_mistake(answer: Any, words: str) -> None:
    """Where a test takes two values and gets None, the answer is wrong, with a sentence; nothing is undecided."""
    tested = exercise("roots")
    tested.test()(both)
    stub = Cell(0, "roots", "code", "", Role.SOLUTION, "roots")
    found = Exercise("roots", 2.0, stub, ("roots",), "roots-grade")
    assignment = Assignment("a", (found,), {"roots": tested}, {"roots": lambda: (1.0, 2.0)}, {})
    result = judge(assignment, "roots", InProcess({"roots": lambda: answer}), seed=b"")
    (test,) = result.tests
    assert (result.score, test.verdict) == (0.0, Verdict.WA)
    assert words in test.message
