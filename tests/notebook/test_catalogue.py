"""The hidden tests of every assignment, tried on every wrong and every right answer that we know."""

from __future__ import annotations

import ast
import contextlib
import functools
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.judging.assignment import Assignment, load_assignment
from gradekit.judging.catalogue import Alternative, Misconception, load_alternatives, load_misconceptions
from gradekit.judging.inprocess import InProcess, judge_in_process
from gradekit.judging.judge import judge
from gradekit.judging.reference import _checks_importable, solution_cells
from gradekit.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradekit.model import ExerciseResult

COURSE = Course(Path(__file__).parents[2])

# Appended to a solution cell: whatever its functions and methods return or keep becomes zeros of the same shape.
ZEROS = """

def _zeros(value):
    if isinstance(value, dict):
        return {key: _zeros(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_zeros, value))
    if isinstance(value, (float, int, np.ndarray)):
        return type(value)(0) if np.ndim(value) == 0 else np.zeros_like(value)
    return value


def _emptied(function):
    def inner(*args, **kwargs):
        answer = _zeros(function(*args, **kwargs))
        for thing in args[:1]:
            for name, value in getattr(thing, "__dict__", {}).items():
                if isinstance(value, (dict, np.ndarray)):
                    setattr(thing, name, _zeros(value))
        return answer
    return inner

"""


@dataclass(frozen=True)
class Book:
    """One assignment: its hidden tests, its cells and its catalogue."""

    loaded: Assignment
    cells: dict[str, str]
    wrong: dict[str, Misconception]
    right: dict[str, Alternative]

    @property
    def points(self) -> dict[str, float]:
        """Return the points of every exercise."""
        return {exercise.name: exercise.points for exercise in self.loaded.exercises}

    def kills(self, label: str) -> list[str]:
        """Return the tests that claim to reject a misconception."""
        return [test.name for test in self.loaded.tested[self.wrong[label].exercise].tests if label in test.kills]


def read(name: str) -> Book:
    """Read an assignment."""
    loaded = load_assignment(COURSE, name)
    cells = solution_cells(notebook.cells(notebook.read(COURSE.source(name))))
    wrong = load_misconceptions(COURSE, name, loaded.exercises, loaded.solution)
    right = load_alternatives(COURSE, name, loaded.exercises, loaded.solution)
    by_label = ({item.label: item for item in items} for items in (wrong, right))
    return Book(loaded, {cell.id: cell.source for cell in cells}, *by_label)


BOOKS = {name: read(name) for name in COURSE.assignments()}


def each(names: Callable[[Book], Iterable[str]]) -> list[Any]:
    """Return every assignment with every name that it has, as parameters of a test."""
    return [pytest.param(a, name, id=f"{a}-{name}") for a, book in BOOKS.items() for name in names(book)]


def pairs() -> list[Any]:
    """Return every assignment with two misconceptions of neighbouring exercises, the first and the last of each."""
    found = []
    for a, book in BOOKS.items():
        own = [[label for label, item in book.wrong.items() if item.exercise == name] for name in book.points]
        found += [
            pytest.param(a, one[0], two[-1], id=f"{a}-{one[0]}-{two[-1]}") for one, two in itertools.pairwise(own)
        ]
    return found


@pytest.fixture(autouse=True)
def _global_generator() -> Iterator[None]:
    """Leave numpy's global generator as it was: the hidden tests seed it."""
    before = np.random.get_state()
    yield
    np.random.set_state(before)


def learner(assignment: str, **replaced: str) -> dict[str, Any]:
    """Return the namespace of a notebook in which some exercises' cells hold another text, as IPython leaves it."""
    return run(assignment, replaced)[0]


def run(assignment: str, replaced: dict[str, str]) -> tuple[dict[str, Any], bool]:
    """Return such a namespace, and whether what stood before the first other text stands there still, untouched."""
    namespace: dict[str, Any] = {"__name__": "__main__", "In": [""]}
    before: dict[str, Any] | None = None
    with _checks_importable():
        for name, solution in BOOKS[assignment].cells.items():
            source = replaced.get(name, solution)
            if source != solution and before is None:
                before = things(namespace)
            namespace["In"].append(source)
            with contextlib.suppress(Exception):  # a cell that fails leaves the notebook going, as in Jupyter
                exec(compile(source, f"<cell {name}>", "exec"), namespace)
    now = things(namespace)
    return namespace, before is not None and all(name in now and now[name] is before[name] for name in before)


def things(namespace: dict[str, Any]) -> dict[str, Any]:
    """Return what every name stands for, and every name of a class."""
    classes = [(name, value) for name, value in namespace.items() if isinstance(value, type)]
    return namespace | {f"{name}.{inner}": part for name, value in classes for inner, part in vars(value).items()}


@functools.cache
def solved(assignment: str) -> dict[str, ExerciseResult]:
    """Judge every exercise of the solution."""
    namespace, book = learner(assignment), BOOKS[assignment]
    return {name: judge_in_process(book.loaded, name, namespace) for name in book.points}


def judged(assignment: str, **replaced: str) -> dict[str, ExerciseResult]:
    """Judge every exercise of such a notebook; what later cells left untouched is what was judged in the solution."""
    namespace, untouched = run(assignment, replaced)
    book, names = BOOKS[assignment], list(BOOKS[assignment].points)
    first = min(map(names.index, replaced), default=0) if untouched else 0
    fresh = {name: judge_in_process(book.loaded, name, namespace) for name in names[first:]}
    return {name: solved(assignment)[name] for name in names[:first]} | fresh


@functools.cache
def judged_wrong(assignment: str, label: str) -> dict[str, ExerciseResult]:
    """Judge a notebook with one misconception in it."""
    item = BOOKS[assignment].wrong[label]
    return judged(assignment, **{item.exercise: item.source})


def scores(results: dict[str, ExerciseResult]) -> dict[str, float | None]:
    """Return the score of every exercise."""
    return {name: result.score for name, result in results.items()}


def emptied(cell: str, kind: str) -> str:
    """Return a solution cell with nothing, or one given statement, in its functions."""
    tree = ast.parse(cell)
    functions = [(node.name, node) for node in tree.body if isinstance(node, ast.FunctionDef)]
    for owner in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        methods = (node for node in owner.body if isinstance(node, ast.FunctionDef) and node.name != "__init__")
        functions += [(f"{owner.name}.{node.name}", node) for node in methods]
    if kind == "returns_zeros":
        return cell + ZEROS + "".join(f"{path} = _emptied({path})\n" for path, _ in functions)
    for _, function in functions:
        arguments = [argument.arg for argument in function.args.args if argument.arg != "self"]
        statement = {
            "raises": "raise NotImplementedError",
            "returns_none": "return None",
            "returns_argument": f"return {arguments[0] if arguments else None}",
        }.get(kind, kind)
        function.body = ast.parse(f"def f():\n    {statement}").body[0].body
    return ast.unparse(tree)


@pytest.mark.parametrize("assignment", BOOKS)
def test_solution_earns_everything(assignment: str) -> None:
    """The untouched solution earns all points, in every exercise at the first judging."""
    results = judged(assignment)
    lost = [test for result in results.values() for test in result.tests if test.verdict is not Verdict.AC]
    assert lost == []
    assert scores(results) == BOOKS[assignment].points
    assert not any(result.follow_through for result in results.values())


@pytest.mark.parametrize("assignment", BOOKS)
def test_catalogue_is_large_enough(assignment: str) -> None:
    """There are at least 20 misconceptions, and three alternatives for each exercise."""
    book = BOOKS[assignment]
    assert len(book.wrong) >= 20
    for name in book.points:
        assert sum(item.exercise == name for item in book.right.values()) >= 3, name


@pytest.mark.parametrize(("assignment", "label"), each(lambda book: book.wrong))
def test_misconception_loses_only_in_its_own_exercise(assignment: str, label: str) -> None:
    """A misconception loses points in its own exercise and in no other."""
    book, results = BOOKS[assignment], scores(judged_wrong(assignment, label))
    own = book.wrong[label].exercise
    assert results[own] is not None
    assert results[own] < book.points[own]
    assert {name for name in book.points if results[name] != book.points[name]} == {own}


@pytest.mark.parametrize(("assignment", "label"), each(lambda book: book.wrong))
def test_kills_are_true(assignment: str, label: str) -> None:
    """Each test that claims to reject a misconception does so itself, and one at least claims it."""
    book = BOOKS[assignment]
    assert book.kills(label)
    found = {test.test: test for test in judged_wrong(assignment, label)[book.wrong[label].exercise].tests}
    for test in book.kills(label):
        assert found[test].verdict in (Verdict.WA, Verdict.RTE), test
        assert not found[test].message.startswith("This counts once"), f"{test} was never run"


@pytest.mark.parametrize("assignment", BOOKS)
def test_kills_name_known_misconceptions(assignment: str) -> None:
    """No test claims to reject what the catalogue does not hold for its exercise."""
    book = BOOKS[assignment]
    for name in book.points:
        known = {label for label, item in book.wrong.items() if item.exercise == name}
        for test in book.loaded.tested[name].tests:
            assert set(test.kills) <= known, test.name


@pytest.mark.parametrize(("assignment", "label"), each(lambda book: book.right))
def test_alternative_earns_everything(assignment: str, label: str) -> None:
    """A right answer that looks different earns all points, in its own exercise and in every other."""
    item = BOOKS[assignment].right[label]
    results = judged(assignment, **{item.exercise: item.source})
    lost = [test for test in results[item.exercise].tests if test.verdict is not Verdict.AC]
    assert lost == []
    assert scores(results) == BOOKS[assignment].points


@pytest.mark.parametrize("kind", ["raises", "returns_none", "returns_zeros", "returns_argument"])
@pytest.mark.parametrize(("assignment", "name"), each(lambda book: book.points))
def test_empty_answer_earns_nothing(assignment: str, name: str, kind: str) -> None:
    """An answer with nothing in it earns exactly 0, decided, and every other exercise keeps its points."""
    book = BOOKS[assignment]
    results = judged(assignment, **{name: emptied(book.cells[name], kind)})
    assert [test.test for test in results[name].tests if test.verdict is Verdict.AC] == []
    assert scores(results) == book.points | {name: 0.0}


@pytest.mark.parametrize("assignment", BOOKS)
def test_notebook_of_empty_answers_earns_nothing(assignment: str) -> None:
    """The notebook as it is released earns 0 in every exercise, decided."""
    book = BOOKS[assignment]
    blank = {name: emptied(book.cells[name], "raises") for name in book.points}
    assert scores(judged(assignment, **blank)) == dict.fromkeys(book.points, 0.0)


def test_cache_with_keys_of_ones_own() -> None:
    """A backward that relies on what its own forward has kept besides earns its points."""
    book = BOOKS["rnn_from_scratch"]
    forward = book.cells["forward"].replace(
        '"inputs": inputs}', '"inputs": inputs, 0: hs, "before": {"states": earlier}}'
    )
    forward = forward.replace("    for t in range(T):", "    earlier = np.zeros((N, T, n_h))\n    for t in range(T):")
    forward = forward.replace("        h_prev = hs[:, t]", "        earlier[:, t] = h_prev\n        h_prev = hs[:, t]")
    backward = book.cells["backward"].replace('cache["hs"][:, t]', "cache[0][:, t]")
    backward = backward.replace("np.zeros_like(h_t)", 'cache["before"]["states"][:, 0]')
    assert "cache[0]" in backward
    assert 'cache["before"]' in backward
    assert scores(judged("rnn_from_scratch", forward=forward, backward=backward)) == book.points


@pytest.mark.parametrize("text", ["def broken(:", "raise RuntimeError('no')"])
@pytest.mark.parametrize(("assignment", "name"), each(lambda book: book.points))
def test_cell_that_fails_costs_its_own_exercise(assignment: str, name: str, text: str) -> None:
    """A cell that cannot be run costs its own exercise, not the later ones that need it."""
    assert scores(judged(assignment, **{name: text})) == BOOKS[assignment].points | {name: 0.0}


@pytest.mark.parametrize(("assignment", "label"), each(lambda book: book.right))
def test_fresh_inputs_change_no_honest_score(assignment: str, label: str) -> None:
    """A right answer earns all points whatever the fresh inputs are."""
    book = BOOKS[assignment]
    item = book.right[label]
    namespace = learner(assignment, **{item.exercise: item.source})
    for seed in range(5):
        result = judge(book.loaded, item.exercise, InProcess(namespace), seed=bytes([seed]))
        assert result.score == book.points[item.exercise], seed


@pytest.mark.parametrize(
    "answer", ["None", "'text'", "(1, 2)", "(1, 2, 3)", "{}", "np.array([object()])", "1j", "10**400"]
)
@pytest.mark.parametrize(("assignment", "name"), each(lambda book: book.points))
def test_odd_answer_is_decided(assignment: str, name: str, answer: str) -> None:
    """An answer of an odd kind earns 0 as a wrong answer; it is never undecided."""
    cell = emptied(BOOKS[assignment].cells[name], f"return {answer}")
    assert judge_in_process(BOOKS[assignment].loaded, name, learner(assignment, **{name: cell})).score == 0


@pytest.mark.parametrize(("assignment", "one", "two"), pairs())
def test_two_misconceptions_cost_once_each(assignment: str, one: str, two: str) -> None:
    """Two misconceptions in two exercises cost what each costs alone."""
    book = BOOKS[assignment]
    together = scores(
        judged(assignment, **{book.wrong[label].exercise: book.wrong[label].source for label in (one, two)})
    )
    own = {label: book.wrong[label].exercise for label in (one, two)}
    alone = {name: judged_wrong(assignment, label)[name].score for label, name in own.items()}
    assert together == book.points | alone


@pytest.mark.parametrize(("assignment", "one", "two"), pairs())
def test_grading_twice_gives_the_same(assignment: str, one: str, two: str) -> None:
    """Grading the same answer again gives the same verdicts and messages, whatever state the global generator is in."""
    del two
    np.random.seed(5)
    item = BOOKS[assignment].wrong[one]
    assert judged(assignment, **{item.exercise: item.source}) == judged_wrong(assignment, one)


def test_what_is_judged_again() -> None:
    """A cell that touches an earlier one's function or class has the earlier exercise judged again; no other has."""
    cells = BOOKS["rnn_from_scratch"].cells
    for more, untouched in (
        ("", True),
        ("\nsoftmax = None", False),
        ("\nTanh.__call__ = None", False),
        ("\nmore = 1", True),
    ):
        assert run("rnn_from_scratch", {"forward": cells["forward"] + "\n" + more})[1] is untouched, more
