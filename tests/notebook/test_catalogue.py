"""The hidden tests of rnn_from_scratch, tried on every wrong and every right answer that we know."""

from __future__ import annotations

import ast
import contextlib
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gradekit import notebook
from gradekit.catalogue import load_alternatives, load_misconceptions
from gradekit.course import Course
from gradekit.hidden import judge, judge_in_process, load_assignment
from gradekit.model import Verdict
from gradekit.reference import _checks_importable, solution_cells
from gradekit.student import InProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradekit.model import ExerciseResult

ASSIGNMENT = "rnn_from_scratch"
COURSE = Course(Path(__file__).parents[2])
LOADED = load_assignment(COURSE, ASSIGNMENT)
CELLS = {cell.id: cell.source for cell in solution_cells(notebook.cells(notebook.read(COURSE.source(ASSIGNMENT))))}
POINTS = {exercise.name: exercise.points for exercise in LOADED.exercises}
WRONG = {item.label: item for item in load_misconceptions(COURSE, ASSIGNMENT, LOADED.exercises, LOADED.solution)}
RIGHT = {item.label: item for item in load_alternatives(COURSE, ASSIGNMENT, LOADED.exercises, LOADED.solution)}
KILLS = {
    label: [test.name for test in LOADED.tested[item.exercise].tests if label in test.kills]
    for label, item in WRONG.items()
}

# What each function of the solution becomes when it returns zeros of the right shape.
ZEROS = {
    "derivative": "return np.zeros_like(x)",
    "softmax": "return np.zeros_like(x)",
    "initialize_rnn_parameters": (
        "shapes = dict(Wx=(n_h, n_x), Wh=(n_h, n_h), Wy=(n_y, n_h), bh=(n_h, 1), by=(n_y, 1))\n"
        "return {name: np.zeros(shape) for name, shape in shapes.items()}"
    ),
    "rnn_layer": "h = np.zeros_like(h_prev)\nreturn np.zeros((len(x_t), len(parameters['Wy']))), h, h",
    "compute_cost": "return 0.0",
    "Tanh.forward": "return np.zeros_like(x)",
    "forward": (
        "(N, T, _), (n_y, n_h) = inputs.shape, parameters['Wy'].shape\n"
        "y, h = np.zeros((N, T, n_y)), np.zeros((N, T, n_h))\n"
        "return y, {'hs': h, 'zs': h, 'yhats': y, 'inputs': inputs}"
    ),
    "backward": "return {'d' + name: np.zeros_like(value) for name, value in parameters.items()}",
    "RecurrentNeuralNetwork.initialize_parameters": (
        "made = initialize_rnn_parameters(self.input_size, self.hidden_size, self.output_size)\n"
        "self.parameters = {name: np.zeros_like(value) for name, value in made.items()}"
    ),
    "RecurrentNeuralNetwork.forward": "return np.zeros((*inputs.shape[:2], self.output_size))",
    "RecurrentNeuralNetwork.backward": (
        "self.grads = {'d' + name: np.zeros_like(value) for name, value in self.parameters.items()}"
    ),
}


@pytest.fixture(autouse=True)
def _global_generator() -> Iterator[None]:
    """Leave numpy's global generator as it was: the hidden tests seed it."""
    before = np.random.get_state()
    yield
    np.random.set_state(before)


def learner(**replaced: str) -> dict[str, Any]:
    """Return the namespace of a notebook in which some exercises' cells hold another text, as IPython leaves it."""
    namespace: dict[str, Any] = {"__name__": "__main__", "In": [""]}
    with _checks_importable():
        for name, solution in CELLS.items():
            source = replaced.get(name, solution)
            namespace["In"].append(source)
            with contextlib.suppress(Exception):  # a cell that fails leaves the notebook going, as in Jupyter
                exec(compile(source, f"<cell {name}>", "exec"), namespace)
    return namespace


def judged(**replaced: str) -> dict[str, ExerciseResult]:
    """Judge every exercise of such a notebook."""
    namespace = learner(**replaced)
    return {name: judge_in_process(LOADED, name, namespace) for name in POINTS}


@functools.cache
def judged_wrong(label: str) -> dict[str, ExerciseResult]:
    """Judge a notebook with one misconception in it."""
    return judged(**{WRONG[label].exercise: WRONG[label].source})


def scores(results: dict[str, ExerciseResult]) -> dict[str, float | None]:
    """Return the score of every exercise."""
    return {name: result.score for name, result in results.items()}


def emptied(name: str, kind: str) -> str:
    """Return the solution cell of an exercise with nothing, or one given statement, in its functions."""
    tree = ast.parse(CELLS[name])
    for owner in tree.body:
        methods = [node for node in getattr(owner, "body", ()) if isinstance(node, ast.FunctionDef)]
        for function in methods if isinstance(owner, ast.ClassDef) else [owner]:
            if not isinstance(function, ast.FunctionDef) or function.name == "__init__":
                continue
            arguments = [argument.arg for argument in function.args.args if argument.arg != "self"]
            zeros = ZEROS.get(f"{owner.name}.{function.name}", ZEROS.get(function.name, "return self.forward(*args)"))
            statement = {
                "raises": "raise NotImplementedError",
                "returns_none": "return None",
                "returns_zeros": zeros.replace("*args", ", ".join(arguments)),
                "returns_argument": f"return {arguments[0] if arguments else None}",
            }.get(kind, kind)
            function.body = ast.parse(f"def f():\n    {statement.replace(chr(10), chr(10) + '    ')}").body[0].body
    return ast.unparse(tree)


def test_solution_earns_everything() -> None:
    """The untouched solution earns all 11 points, in every exercise at the first judging."""
    results = judged()
    assert scores(results) == POINTS
    assert sum(POINTS.values()) == 11
    assert not any(result.follow_through for result in results.values())


def test_catalogue_is_large_enough() -> None:
    """There are at least 45 misconceptions and three alternatives for each exercise."""
    assert len(WRONG) >= 45
    for name in POINTS:
        assert sum(item.exercise == name for item in RIGHT.values()) >= 3, name


@pytest.mark.parametrize("label", WRONG)
def test_misconception_loses_only_in_its_own_exercise(label: str) -> None:
    """A misconception loses points in its own exercise and in no other."""
    results = scores(judged_wrong(label))
    own = WRONG[label].exercise
    assert results[own] is not None
    assert results[own] < POINTS[own]
    assert {name for name in POINTS if results[name] != POINTS[name]} == {own}


@pytest.mark.parametrize("label", WRONG)
def test_kills_are_true(label: str) -> None:
    """Each test that claims to reject a misconception does so itself, and one at least claims it."""
    assert KILLS[label]
    found = {test.test: test for test in judged_wrong(label)[WRONG[label].exercise].tests}
    for test in KILLS[label]:
        assert found[test].verdict in (Verdict.WA, Verdict.RTE), test
        assert not found[test].message.startswith("This counts once"), f"{test} was never run"


def test_kills_name_known_misconceptions() -> None:
    """No test claims to reject what the catalogue does not hold for its exercise."""
    for name in POINTS:
        for test in LOADED.tested[name].tests:
            unknown = [label for label in test.kills if label not in WRONG or WRONG[label].exercise != name]
            assert unknown == [], test.name


@pytest.mark.parametrize("label", RIGHT)
def test_alternative_earns_everything(label: str) -> None:
    """A right answer that looks different earns all points, in its own exercise and in every other."""
    results = judged(**{RIGHT[label].exercise: RIGHT[label].source})
    lost = [test for test in results[RIGHT[label].exercise].tests if test.verdict is not Verdict.AC]
    assert lost == []
    assert scores(results) == POINTS


@pytest.mark.parametrize("kind", ["raises", "returns_none", "returns_zeros", "returns_argument"])
@pytest.mark.parametrize("name", POINTS)
def test_empty_answer_earns_nothing(name: str, kind: str) -> None:
    """An answer with nothing in it earns exactly 0, decided, and every other exercise keeps its points."""
    assert scores(judged(**{name: emptied(name, kind)})) == POINTS | {name: 0.0}


def test_notebook_of_empty_answers_earns_nothing() -> None:
    """The notebook as it is released earns 0 in every exercise, decided."""
    assert scores(judged(**{name: emptied(name, "raises") for name in POINTS})) == dict.fromkeys(POINTS, 0.0)


def test_cache_with_keys_of_ones_own() -> None:
    """A backward that relies on what its own forward has kept besides earns its points."""
    forward = CELLS["forward"].replace('"inputs": inputs}', '"inputs": inputs, 0: hs, "before": {"states": earlier}}')
    forward = forward.replace("    for t in range(T):", "    earlier = np.zeros((N, T, n_h))\n    for t in range(T):")
    forward = forward.replace("        h_prev = hs[:, t]", "        earlier[:, t] = h_prev\n        h_prev = hs[:, t]")
    backward = CELLS["backward"].replace('caches["hs"][:, t]', "caches[0][:, t]")
    backward = backward.replace("np.zeros_like(h_t)", 'caches["before"]["states"][:, 0]')
    assert "caches[0]" in backward
    assert 'caches["before"]' in backward
    assert scores(judged(forward=forward, backward=backward)) == POINTS


@pytest.mark.parametrize("text", ["def broken(:", "raise RuntimeError('no')"])
@pytest.mark.parametrize("name", POINTS)
def test_cell_that_fails_costs_its_own_exercise(name: str, text: str) -> None:
    """A cell that cannot be run costs its own exercise, not the later ones that need it."""
    assert scores(judged(**{name: text})) == POINTS | {name: 0.0}


@pytest.mark.parametrize("label", RIGHT)
def test_fresh_inputs_change_no_honest_score(label: str) -> None:
    """A right answer earns all points whatever the fresh inputs are."""
    name = RIGHT[label].exercise
    namespace = learner(**{name: RIGHT[label].source})
    for seed in range(5):
        assert judge(LOADED, name, InProcess(namespace), seed=bytes([seed])).score == POINTS[name], seed


@pytest.mark.parametrize(
    "answer", ["None", "'text'", "(1, 2)", "(1, 2, 3)", "{}", "np.array([object()])", "1j", "10**400"]
)
@pytest.mark.parametrize("name", POINTS)
def test_odd_answer_is_decided(name: str, answer: str) -> None:
    """An answer of an odd kind earns 0 as a wrong answer; it is never undecided."""
    assert scores(judged(**{name: emptied(name, f"return {answer}")}))[name] == 0


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("TanhDerivativeOfOutput", "no_carry_through_time"),
        ("over_columns", "without_biases"),
        ("root_of_reciprocal", "StaleCaches"),
        ("bias_as_column", "previous_state_never_updated"),
        ("one_state_cached_many_times", "SharesClassParameters"),
        ("not_divided", "not_averaged"),
    ],
)
def test_two_misconceptions_cost_once_each(one: str, two: str) -> None:
    """Two misconceptions in two exercises cost what each costs alone."""
    together = scores(judged(**{WRONG[label].exercise: WRONG[label].source for label in (one, two)}))
    alone = {WRONG[label].exercise: judged_wrong(label)[WRONG[label].exercise].score for label in (one, two)}
    assert together == POINTS | alone


@pytest.mark.parametrize("label", ["uniform_weights", "another_drawing_order", "InitializesInForward"])
def test_grading_twice_gives_the_same(label: str) -> None:
    """Grading the same answer again gives the same verdicts and messages, whatever state the global generator is in."""
    np.random.seed(5)
    assert judged(**{WRONG[label].exercise: WRONG[label].source}) == judged_wrong(label)
