"""The solution's text, spoilt on purpose: which mutants are made, which entries are refused, what is empty."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradekit.errors import HiddenTestError, HostError
from gradekit.model import Cell, Exercise, Role
from gradekit.verify.empties import EMPTY, emptied
from gradekit.verify.mutants import load_equivalents, mutants


def exercise(body: str, *, head: str = "def f(x, y):") -> Exercise:
    """Return an exercise whose solution region holds those lines."""
    lines = ["    ### BEGIN SOLUTION", *(f"    {line}" for line in body.splitlines()), "    ### END SOLUTION"]
    source = "\n".join([head, '    """Do it."""', "    given = 1", *lines])
    return Exercise("f", 1.0, Cell(0, "f", "code", source, Role.SOLUTION, "f"), ("f",))


def changed(body: str) -> set[str]:
    """Return the changed lines of all mutants of a body."""
    return {mutant.now for mutant in mutants(exercise(body))}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("return x @ y.T", {"return x @ y", "return x * y.T", "return y.T @ x", "return x", "return y.T", ""}),
        ("return x - y", {"return x + y", "return y - x", "return x", "return y"}),
        ("return np.sum(x, axis=0)", {"return np.mean(x, axis=0)", "return np.sum(x, axis=1)", "return np.sum(x, )"}),
        ("return x[:, 1]", {"return x[1, :]", "return x[:, 2]", "return x[:, 0]"}),
        ("return np.maximum(x, 0.5)", {"return np.minimum(x, 0.5)", "return np.maximum(x, 0.505)"}),
        ("return np.log(x + 1e-8)", {"return np.log(x + 1e-07)"}),
        ("return g(x, y)", {"return g(y, x)", "return g(x, )", "return g(None, y)", "return g(y)"}),
        ("for t in reversed(range(3)): x = t", {"for t in list(range(3)): x = t"}),
        ("x += y", {"x -= y", "x = y", ""}),
        ("return x.mean(keepdims=True)", {"return x.sum(keepdims=True)", "return x.mean(keepdims=False)"}),
        ("return x[-1]", {"return x[+1]", "return x[-2]", "return x[-0]"}),
    ],
)
def test_operators(line: str, expected: set[str]) -> None:
    """The mistakes that numpy code invites are among the mutants."""
    assert expected <= changed(line)


def test_only_the_solution_is_changed() -> None:
    """What is given to learners stands in every mutant as it was, and each differs from the others."""
    made = mutants(exercise("given = x * 2\nreturn given"))
    assert len({mutant.source for mutant in made}) == len(made) > 5
    for mutant in made:
        assert '"""Do it."""\n    given = 1\n' in mutant.source
        assert mutant.was in mutant.source.replace(mutant.now, mutant.was) or not mutant.now
        compile(mutant.source, "mutant", "exec")


def test_mutant_that_is_the_solution_is_left_out() -> None:
    """A change of the text that leaves the program as it was is no mutant."""
    assert "return x.T" not in changed("return x.T")
    assert all(mutant.now != mutant.was for mutant in mutants(exercise("return (x, x)")))


def test_without_mutmut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library is missing, one sentence says what to install."""
    monkeypatch.setitem(sys.modules, "mutmut.mutation.mutators", None)
    with pytest.raises(HostError, match=r"not installed.*libcst.*mutmut=="):
        mutants(exercise("return x"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[equivalent]", "cannot be used"),
        ('[[equivalent]]\nexercise = "f"\nwas = "x"\nnow = "y"', "cannot be used"),
        ('[[equivalent]]\nexercise = "f"\nwas = "x"\nnow = "y"\nreason = " "', "has no reason"),
        ('equivalent = "all of them"', "cannot be used"),
    ],
)
def test_faulty_list_of_equivalents(tmp_path: Path, text: str, said: str) -> None:
    """No TOML, an entry that lacks something and an empty reason are errors that name the file."""
    path = tmp_path / "equivalents.toml"
    path.write_text(text)
    with pytest.raises(HiddenTestError, match=said) as caught:
        load_equivalents(path)
    assert str(path) in str(caught.value)


def test_no_list_of_equivalents(tmp_path: Path) -> None:
    """Without the file no mutant is equivalent."""
    assert load_equivalents(tmp_path / "equivalents.toml") == ()


def run(source: str) -> dict[str, Any]:
    """Run a cell's text."""
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    return namespace


FUNCTION = exercise("x += 1\nreturn {'sum': x + y, 'parts': [x, (y, 'text')]}")


def test_empty_functions() -> None:
    """The four empties raise, return None, the first argument, and zeros of the answer's shape."""
    x, y = np.ones((2, 3)), np.ones(3)
    raises, none, zeros, argument = (run(emptied(FUNCTION, kind))["f"] for kind in EMPTY)
    with pytest.raises(NotImplementedError):
        raises(x, y)
    assert none(x, y) is None
    assert argument(x, y) is x
    answer = zeros(x, y)
    np.testing.assert_array_equal(answer["sum"], np.zeros((2, 3)))
    np.testing.assert_array_equal(answer["parts"][0], np.zeros((2, 3)))
    np.testing.assert_array_equal(answer["parts"][1][0], np.zeros(3))
    assert answer["parts"][1][1] == ""
    np.testing.assert_array_equal(x, np.ones((2, 3)))


def test_empty_methods() -> None:
    """Methods are emptied and constructors are not; what a method keeps in its object is zeros too."""
    source = (
        "class Net:\n    def __init__(self, size):\n        self.size = size\n"
        "    def draw(self, seed):\n        self.weights = [seed] * self.size\n        yield seed\n"
    )
    net = Exercise("Net", 1.0, Cell(0, "Net", "code", source, Role.SOLUTION, "Net"), ("Net",))
    raises, none, zeros, argument = (run(emptied(net, kind))["Net"](2) for kind in EMPTY)
    with pytest.raises(NotImplementedError):
        raises.draw(7)
    assert none.draw(7) is None
    assert argument.draw(7) == 7
    assert list(zeros.draw(7)) == [0]
    assert zeros.weights == [0, 0]
    assert zeros.size == 2
