"""Answers that verify spoils by itself: results made wrong, a state forgotten, and what is said of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from gradekit.course.course import Course
from gradekit.judging.assignment import Assignment, load_assignment
from gradekit.judging.catalogue import Variant
from gradekit.model import Cell, Exercise, Role
from gradekit.verify import here
from gradekit.verify.forgetful import carries, forgetful, watched
from gradekit.verify.spoilt import KINDS, SEED, draws, spoil, spoilt

LOOPS = {
    "a variable": "h = np.ones(2)\nhs = []\nfor x in xs:\n    h = h + x\n    hs.append(h)\nreturn hs",
    "a row": "hs = np.ones((len(xs) + 1, 2))\nfor t, x in enumerate(xs):\n    hs[t + 1] = hs[t] + x\nreturn hs[1:]",
    "the end of a list": "hs = [np.ones(2)]\nfor x in xs:\n    hs.append(hs[-1] + x)\nreturn hs[1:]",
    "two at once": "h = np.ones(2)\nhs = []\nfor x in xs:\n    y, h = x, h + x\n    hs.append(h)\nreturn hs",
}


def cell(body: str, head: str = "def f(xs):") -> str:
    """Return the text of a function."""
    return "\n".join([head, *(f"    {line}" for line in body.splitlines()), ""])


def exercise(source: str, *defines: str) -> Exercise:
    """Return an exercise with that solution."""
    return Exercise("f", 1.0, Cell(0, "f", "code", source, Role.SOLUTION, "f"), defines or ("f",))


def run(source: str) -> dict[str, Any]:
    """Return what a cell defines."""
    names: dict[str, Any] = {"np": np}
    exec(source, names)
    return names


@pytest.mark.parametrize("body", LOOPS.values(), ids=LOOPS)
def test_a_state_is_forgotten(body: str) -> None:
    """Whatever a loop carries its state in, the state is zero where it is to be forgotten, and right before."""
    made = dict(forgetful(cell(body), (3,)))
    assert list(made) == ["state forgotten every 3 steps", "state forgotten from step 3 on"]
    firsts = [[float(row[0]) for row in run(text)["f"](np.ones((7, 2)))] for text in made.values()]
    assert firsts == [[2, 3, 4, 1, 2, 3, 1], [2, 3, 4, 1, 1, 1, 1]]


@pytest.mark.parametrize(
    "body",
    [
        "return xs + 1",
        "total = np.zeros(2)\nfor x in xs:\n    total += x\nreturn total",
        "ys = np.zeros(xs.shape)\nfor t, x in enumerate(xs):\n    ys[t] = 2 * x\nreturn ys",
        "for x in xs:\n    y = x\n    z = y\nreturn z",
    ],
)
def test_nothing_is_carried(body: str) -> None:
    """A loop whose passes stand alone, or add up a sum, has nothing to forget."""
    assert not list(forgetful(cell(body), (3,)))


@pytest.mark.parametrize(("start", "felt"), [("np.ones(2)", True), ("1.0", False), ("np.ones(2, int)", False)])
def test_whether_a_state_is_carried_is_seen(start: str, felt: bool) -> None:  # noqa: FBT001  (a case of a table)
    """Only arrays of floats can be forgotten: a number that a loop counts up, such as a balance, is no state."""
    body = f"h = {start}\nfor x in xs:\n    h = h + x\nreturn h"
    names = run(watched(cell(body)))
    assert not carries(names)
    assert np.all(names["f"]([1, 2]) == run(cell(body))["f"]([1, 2]))
    assert carries(names) is felt
    assert watched(cell("return xs")) == cell("return xs")


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("results times 1000 plus 1", [[-6999.0, 501.0]]),
        ("one number in every place", [[0.0625, 0.0625]]),
        ("clipped at 1", [[-1.0, 0.5]]),
        ("clipped at 5", [[-5.0, 0.5]]),
        ("axes of length 1 squeezed", [-7.0, 0.5]),
        ("lists for arrays", [[-7.0, 0.5]]),
    ],
)
def test_results_are_spoilt(kind: str, seen: list[Any]) -> None:
    """Every number that a function returns is changed, however deep it lies; texts stay."""
    names = run(
        "def f(x): return {'a': (x, 'text')}\nclass G:\n    def g(self, x):\n        self.kept = x\n        return x"
    )
    both = exercise("def f(x): pass\nclass G:\n    def g(self, x): pass", "f", "G")
    spoil(both, names, kind)
    x = np.array([[-7.0, 0.5]])
    array, text = names["f"](x)["a"]
    thing = names["G"]()
    assert text == "text"
    for value in (array, thing.g(x), thing.kept):
        assert np.asarray(value).tolist() == seen
    assert x.tolist() == [[-7.0, 0.5]]


def test_a_norm_is_bounded() -> None:
    """An array that is too long is shortened, another is left alone, and a number too."""
    change = KINDS["cut to a norm of 5"]
    assert np.linalg.norm(change(np.array([30.0, 40.0]))) == pytest.approx(5)
    assert change(np.array([3.0, 1.0])).tolist() == [3, 1]
    assert spoilt([7, 8.0], change) == [7, 8.0]


def test_who_draws_is_seen() -> None:
    """A function that draws from the global generator is told from one that does not."""
    for body, drawn in (("return np.random.rand()", True), ("return 1.0", False)):
        names = run(cell(body))
        told = draws(exercise(cell(body)), names)
        names["f"](0)
        assert told() is drawn
        spoil(exercise(cell(body)), names, SEED)
        assert names["f"](0) == names["f"](0)


@pytest.fixture
def assignment(small: Course) -> Assignment:
    """The small course's assignment."""
    return load_assignment(small, "small")


@pytest.mark.parametrize(("start", "forgets"), [("0.0", False), ("np.zeros(x.shape)", True)])
def test_what_forgets_nothing_is_not_tried(assignment: Assignment, start: str, forgets: bool) -> None:  # noqa: FBT001
    """Where no loop carries an array of floats there is nothing to forget, and so nothing that could survive."""
    body = f"y = {start}\nfor _ in range(2):\n    y = y + x\nreturn y"
    stub = dataclasses.replace(assignment.exercises[0].stub, source=cell(body, "def double(x):"))
    double = dataclasses.replace(assignment.exercises[0], stub=stub)
    # The sum of a number and an array is an array from the second step on, so the number's loop sums numbers.
    if not forgets:
        text = stub.source.replace("y + x", "y + 1.0").replace("return y", "return y * x")
        double = dataclasses.replace(double, stub=dataclasses.replace(stub, source=text))
    assert any("forgotten" in kind for kind, _ in here.kinds(assignment, double)) is forgets


def test_a_spoilt_answer_that_nobody_sees(assignment: Assignment) -> None:
    """Where it keeps its points the author reads what to test, and what to list where no test can tell."""
    double = assignment.exercises[0]
    said, advice = here.spoilt_problem(assignment, double, "state forgotten every 2 steps", double.stub.source) or (
        "",
        "",
    )
    assert said == "an answer that is spoilt so keeps all its points"
    assert 'was = "the results", now = "state forgotten every 2 steps"' in advice


def test_why_a_hidden_test_fails_on_the_solution(small: Course) -> None:
    """Who writes the test reads the error's own words and its line; a sound test has no such words."""
    tests = small.hidden("small") / "tests.py"
    text = tests.read_text()
    wrong = text.replace("reference.quadruple(x)", "reference.quadruple(x) / 0.0")
    tests.write_text(wrong)
    broken = load_assignment(small, "small")
    line = next(number for number, said in enumerate(wrong.splitlines(), 1) if "/ 0.0" in said)
    with np.errstate(all="ignore"):
        said = here.cause(broken, "quadruple", "four_times")
    assert said.startswith("BadReference: The reference of quadruple(x) cannot be compared with: ")
    assert said.endswith(f"is not made of finite numbers (tests.py, line {line})")
    assert not here.cause(broken, "double", "values")


def test_a_verdict_that_hangs_on_the_secret(assignment: Assignment) -> None:
    """An answer that is rejected under some secrets only is told with the tests that differ."""
    edge = Variant("edge", "quadruple", "def quadruple(x): return 4 * x + 1e-9 * (x[0, 0] > 0) * 1e3")
    problem, advice = here.secret_problem(assignment, edge, 20) or ("", "")
    assert problem.startswith("four_times judges it otherwise under another secret")
    assert "frozen" in advice
    assert here.secret_problem(assignment, Variant("wrong", "quadruple", "def quadruple(x): return x"), 20) is None
    assert here.draws_inputs(assignment, "quadruple")


def test_a_training_that_is_ruined(assignment: Assignment) -> None:
    """A mistake after which the training ends elsewhere must cost a quarter; one that is not felt may cost less."""
    from gradekit.judging.catalogue import Misconception

    cells = [exercise.stub for exercise in assignment.exercises]
    harmless = Misconception("harmless", "double", "def double(x): return x + x")
    wrong = Misconception("wrong", "double", "def double(x): return x + x + 1e-12 * (x > 7)")

    def training(names: dict[str, Any]) -> float:
        return float(names["quadruple"](np.array([9.0]))[0]) ** 8

    right = here.trained(training, cells, None)

    def problem(item: Misconception, loss: float | None = None) -> tuple[str, str] | None:
        ends = here.trained(training, cells, item) if loss is None else loss
        return here.training_problem(assignment, item, right=right, loss=ends)

    assert problem(harmless) is None
    said, advice = problem(wrong, np.nan) or ("", "")
    assert "costs 0% only" in said
    assert "weight" in advice
    raises = Misconception("raises", "double", "def double(x): raise ValueError")
    assert problem(raises) is None
    assert here.training_problem(assignment, harmless, right=np.nan, loss=np.nan) is not None
    assert np.isnan(here.trained(training, cells, raises))
