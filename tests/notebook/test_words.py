"""What a learner reads of mistakes that no catalogue holds: sizes, pictures, what is charged, and no word of ours.

Each is a right answer with something put behind it, judged in this process in a notebook that is right otherwise.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from gradekit.checks import CheckFailed
from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.feedback import pictures
from gradekit.judging.assignment import load_assignment
from gradekit.judging.inprocess import InProcess, judge_in_process
from gradekit.judging.judge import judge
from gradekit.judging.reference import _checks_importable, solution_cells
from gradekit.model import Verdict
from gradekit.verify.empties import functions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradekit.model import ExerciseResult, TestResult

COURSE = Course(Path(__file__).parents[2])
OURS = re.compile(r"Opaque|Handle|Stub|Ref\b|gradekit|NoneType|object at 0x|\b1 things|\b1 of 1 ")


class Slip(NamedTuple):
    """A mistake: the assignment, the exercise, and what is put behind the solution's cell."""

    assignment: str
    exercise: str
    code: str


def returning(function: str, expression: str) -> str:
    """Return what makes a function return something made of its right `answer` and its `args`."""
    return f"""
right_{function} = {function}

def {function}(*args, **kwargs):
    answer = right_{function}(*args, **kwargs)
    return {expression}
"""


@functools.cache
def cells(assignment: str) -> dict[str, str]:
    """Return the texts of a source notebook's cells."""
    return {cell.id: cell.source for cell in notebook.cells(notebook.read(COURSE.source(assignment)))}


@functools.cache
def loaded(assignment: str) -> Any:
    """Load an assignment once."""
    return load_assignment(COURSE, assignment)


def learner(slip: Slip) -> dict[str, Any]:
    """Return the namespace of a notebook that is right but for the slip."""
    namespace: dict[str, Any] = {"__name__": "__main__", "In": [""]}
    source = notebook.cells(notebook.read(COURSE.source(slip.assignment)))
    with _checks_importable(), contextlib.chdir(COURSE.source_folder(slip.assignment)):
        for cell in solution_cells(source):
            more = textwrap.dedent(slip.code) if cell.id == slip.exercise else ""
            namespace["In"].append(f"{cell.source}\n\n{more}")
            exec(compile(namespace["In"][-1], f"<cell {cell.id}>", "exec"), namespace)
    return namespace


@functools.cache
def judged(slip: Slip) -> ExerciseResult:
    """Judge the exercise with the slip in it, as plain nbgrader does."""
    with np.errstate(all="ignore"):
        return judge_in_process(loaded(slip.assignment), slip.exercise, learner(slip))


def failed(slip: Slip) -> dict[str, TestResult]:
    """Return by name the tests that were not accepted."""
    return {test.test: test for test in judged(slip).tests if test.verdict is not Verdict.AC}


@pytest.fixture(autouse=True)
def _global_generator() -> Iterator[None]:
    """Leave numpy's global generator as it was: tests and checks seed it."""
    before = np.random.get_state()
    yield
    np.random.set_state(before)


# --- sizes of one ----------------------------------------------------------------------------------------------------

OF_ONE: dict[str, tuple[Slip, dict[str, str]]] = {
    "a chunk of one character, squeezed": (
        Slip(
            "char_rnn",
            "forward_pass",
            returning("forward_pass", "{name: np.squeeze(array) for name, array in answer.items()}"),
        ),
        {"forward_pass_one_character": "T = 1, n_h = 4", "forward_pass_one_unit": "T = 5, n_h = 1"},
    ),
    "one sequence, squeezed": (
        Slip("gated_cells", "bidirectional", returning("reverse_sequences", "np.squeeze(answer)")),
        {"reverse_of_one": "N = 1, T = 5, D = 3", "both_of_one": "N = 1, T = 1, H = 1"},
    ),
    "one row of a batch, squeezed": (
        Slip(
            "layered_language_model",
            "model",
            """
            right_predict = SimpleRnnlm.predict
            SimpleRnnlm.predict = lambda self, xs: np.squeeze(right_predict(self, xs))
            """,
        ),
        {"model_sizes_of_one": "N = 1, T = 4"},
    ),
    "one name, averaged over its steps": (
        Slip(
            "dinosaur_names",
            "loss",
            returning("names_loss", "answer if len(args[1]) > 1 else answer / args[1].shape[1]"),
        ),
        {"loss_one_name_or_step": "m = 1, T_x = 5"},
    ),
}


@pytest.mark.parametrize("name", OF_ONE)
def test_an_error_for_sizes_of_one_costs_those_alone(name: str) -> None:
    """Who is right but where a size is one loses that part, at most a sixth, and reads for which sizes."""
    slip, sizes = OF_ONE[name]
    assert failed(slip).keys() == sizes.keys()
    assert all(sizes[test] in result.message for test, result in failed(slip).items())
    assert 5 / 6 * judged(slip).points <= (judged(slip).score or 0.0) < judged(slip).points


# --- checks that find what they should -------------------------------------------------------------------------------

UNSEEN: dict[str, tuple[Slip, str]] = {
    "a constant in the logarithm": (
        Slip(
            "char_rnn",
            "sequence_loss",
            """
            def sequence_loss(cache, targets):
                right = cache["probabilities"][np.arange(len(targets)), targets]
                return float(-np.log(right + 1e-6).sum())
            """,
        ),
        "does a small constant enter",
    ),
    "a constant in the logarithm of a mean": (
        Slip(
            "layered_language_model",
            "softmax_loss",
            """
            right_forward = TimeSoftmaxWithLoss.forward

            def forward(self, xs, ts):
                return float(-np.log(np.exp(-right_forward(self, xs, ts)) + 1e-12))

            TimeSoftmaxWithLoss.forward = forward
            """,
        ),
        "logits of 1000",
    ),
    "a generator of its own, seeded": (
        Slip(
            "char_rnn",
            "sample",
            """
            right_sample = sample

            def sample(h, seed_ix, n, parameters, rng, temperature=1.0):
                return right_sample(h, seed_ix, n, parameters, np.random.default_rng(1), temperature)
            """,
        ),
        "after the 12 draws",
    ),
    "a seed set inside": (
        Slip(
            "layered_language_model",
            "model",
            """
            right_init = SimpleRnnlm.__init__

            def seeded(self, *sizes):
                np.random.seed(3)
                right_init(self, *sizes)

            SimpleRnnlm.__init__ = seeded
            """,
        ),
        "SimpleRnnlm",
    ),
}


@pytest.mark.parametrize("name", UNSEEN)
def test_the_exercises_own_check_finds_it(name: str) -> None:
    """What costs points is found by the checks below the very cell, before a later exercise's blame another cell."""
    slip, words = UNSEEN[name]
    assert (judged(slip).score or 0.0) < judged(slip).points
    namespace = learner(slip)
    with (
        _checks_importable(),
        contextlib.chdir(COURSE.source_folder(slip.assignment)),
        np.errstate(all="ignore"),
        pytest.raises(CheckFailed) as caught,
    ):
        exec(cells(slip.assignment)[f"{slip.exercise}-tests"], namespace)
    assert words in str(caught.value)


# --- pictures --------------------------------------------------------------------------------------------------------

SPOILT = """
def spoilt(array, huge, small):
    wrong = array.copy()
    wrong.flat[0] = huge
    wrong.flat[-1] += small
    return wrong
"""
DRAWN: dict[str, tuple[Slip, str]] = {
    "a gradient, where a scatter would show one point": (
        Slip(
            "rnn_from_scratch",
            "backward",
            SPOILT + returning("backward", "answer | {'dWx': spoilt(answer['dWx'], 1e300, 1e-3)}"),
        ),
        "Too large: 2 of 20; too small: 0 of 20; right: 18 of 20. The largest error stands in row 0, column 0",
    ),
    "an error that is too large for a float": (
        Slip(
            "char_rnn",
            "forward_pass",
            SPOILT + returning("forward_pass", "answer | {'logits': spoilt(answer['logits'], -1.7e308, -1e-4)}"),
        ),
        "Too large: 0 of 24; too small: 2 of 24; right: 22 of 24. The largest error stands in row 0, column 0",
    ),
    "an array of three axes": (
        Slip(
            "dinosaur_names",
            "forward",
            SPOILT + returning("rnn_forward", "(spoilt(answer[0], -1e200, 1e-5), *answer[1:])"),
        ),
        "Too large: 1 of 72; too small: 1 of 72; right: 70 of 72. The largest error stands at index [0, 0, 0]",
    ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_one_huge_entry_hides_no_other(name: str) -> None:
    """Beside an enormous error the other wrong entry is marked, right ones are not, and the words say so."""
    slip, words = DRAWN[name]
    picture = next(test.picture for test in judged(slip).tests if test.picture)
    assert words in pictures.describe(picture)
    assert np.flatnonzero(picture.values).tolist() == [0, np.size(picture.values) - 1]
    assert pictures.draw(picture, name="p").count("<use") >= 2


# --- what is charged -------------------------------------------------------------------------------------------------

CHARGED: dict[str, tuple[Slip, set[str]]] = {
    "letters numbered from one": (
        Slip(
            "char_rnn",
            "vocabulary",
            returning(
                "build_vocabulary",
                "({key: n + 1 for key, n in answer[0].items()}, {n + 1: key for n, key in answer[1].items()})",
            ),
        ),
        {"vocabulary_starts_anew"},
    ),
    "a gate in the cache that is off": (
        Slip(
            "gated_cells",
            "lstm",
            returning("lstm_step", "(answer[0], answer[1] | {'f': answer[1]['f'] + 0.1})"),
        ),
        {"lstm_twice"},
    ),
    "no gradient by the state before": (
        Slip(
            "layered_language_model",
            "time_rnn",
            """
            right_backward = TimeRNN.backward

            def backward(self, dhs):
                dxs = right_backward(self, dhs)
                self.dh = np.zeros_like(self.dh)
                return dxs

            TimeRNN.backward = backward
            """,
        ),
        {
            "time_rnn_reset",
            "time_rnn_backward_twice",
            "time_rnn_latest_call",
            "time_rnn_two_layers",
            "time_rnn_shares_its_arrays",
        },
    ),
    "the loss of a step, doubled": (
        Slip("dinosaur_names", "optimize", returning("optimize", "(2 * answer[0], *answer[1:])")),
        {"optimize_starts_from_a_prev"},
    ),
}


@pytest.mark.parametrize("name", CHARGED)
def test_a_wrong_first_call_is_not_charged_as_a_property(name: str) -> None:
    """Where values are wrong from the first call, no line says that a second call, or another state, is the fault."""
    slip, properties = CHARGED[name]
    found = failed(slip)
    assert properties <= found.keys()
    for test in properties:
        assert found[test].waits_for
        assert found[test].message.startswith("This counts once the following holds: ")


PROPERTY = re.compile(r"_(twice|anew|latest_call|reset|shares_its_\w+|starts_from_\w+|leaves?_\w+)$")
KEPT_IN_OBJECTS = ("grads", "dh", "h", "caches")  # by layers and networks, as their texts name them
Change = Callable[[Any, tuple[Any, ...]], Any]


def parts_changed(value: Any, change: Change, path: tuple[Any, ...] = ()) -> Any:
    """Return a value with each part changed that is no container; `change` gets its path too."""
    if isinstance(value, dict):
        return {key: parts_changed(inner, change, (*path, key)) for key, inner in value.items()}
    if type(value) in (list, tuple):
        return type(value)(parts_changed(inner, change, (*path, at)) for at, inner in enumerate(value))
    return change(value, path)


def changing(function: Callable[..., Any], change: Change) -> Callable[..., Any]:
    """Return a function whose answer is changed in parts, and so is what a method keeps in its object."""

    def changed(*args: Any, **kwargs: Any) -> Any:
        """Call, then change."""
        kept = vars(args[0]) if args and hasattr(args[0], "__dict__") else {}
        before = dict(kept)
        answer = parts_changed(function(*args, **kwargs), change)
        for name in KEPT_IN_OBJECTS:
            if name in kept and before.get(name) is not kept[name]:
                kept[name] = parts_changed(kept[name], change, (name,))
        return answer

    return changed


def judged_changed(assignment: str, exercise: str, change: Change) -> ExerciseResult:
    """Judge a right answer whose functions' results are changed."""
    namespace = learner(Slip(assignment, exercise, ""))
    for owner, node in functions(ast.parse(loaded(assignment).exercise(exercise).stub.source)):
        place = namespace[owner] if owner else None
        if owner and node.name != "__init__":
            setattr(place, node.name, changing(getattr(place, node.name), change))
        elif not owner:
            namespace[node.name] = changing(namespace[node.name], change)
    with np.errstate(all="ignore"):
        return judge(loaded(assignment), exercise, InProcess(namespace), seed=b"the class's")


def off(value: Any) -> Any:
    """Return a number, or an array of numbers, that is off."""
    return value + 0.37 if isinstance(value, float) or getattr(value, "dtype", None) == np.float64 else value


@pytest.mark.slow
@pytest.mark.parametrize("assignment", COURSE.assignments())
def test_no_property_is_charged_for_a_part_that_was_never_right(assignment: str) -> None:
    """Whichever part of an answer is off in every call, no line blames a second call, another state or an argument."""
    charged = set()
    for exercise in loaded(assignment).tested:
        seen: dict[tuple[Any, ...], None] = {}
        judged_changed(assignment, exercise, lambda value, path, seen=seen: (seen.setdefault(path[:2]), value)[1])
        for part in [part for part in seen if len(seen) <= 40]:  # of a list of hundreds all parts are alike
            found = judged_changed(
                assignment, exercise, lambda value, path, part=part: off(value) if path[:2] == part else value
            )
            wrong = [test for test in found.tests if test.verdict is Verdict.WA and not test.waits_for]
            charged |= {(exercise, part, test.test) for test in wrong if PROPERTY.search(test.test)}
    assert charged == set()


# --- no word of ours -------------------------------------------------------------------------------------------------

OF_OTHER_KINDS: dict[str, tuple[Slip, str]] = {
    "gradients in arrays of objects": (
        Slip(
            "next_token",
            "backward_pass",
            returning("backward_pass", "(answer[0], tuple(grad.astype(object) for grad in answer[1]))"),
        ),
        "grads['dU'] is an array of objects; an array of numbers is wanted.",
    ),
    "gradients that nobody has counted out": (
        Slip(
            "dinosaur_names",
            "clip",
            returning("clip", "{name: map(float, gradient.ravel()) for name, gradient in answer.items()}"),
        ),
        "clip(gradients, 5)['dWax'] is a map; an array of numbers is wanted.",
    ),
    "gradients in an array of objects": (
        Slip(
            "layered_language_model",
            "embedding",
            """
            right_back = Embedding.backward

            def backward(self, dout):
                right_back(self, dout)
                self.grads = np.array([*self.grads, None], dtype=object)

            Embedding.backward = backward
            """,
        ),
        "grads must hold 1 thing: dW.",
    ),
    "an activation's class for its values": (
        Slip(
            "rnn_from_scratch",
            "rnn_layer",
            returning("rnn_layer", "(answer[0], Tanh, answer[2])"),
        ),
        "h_t is a class",
    ),
}


@pytest.mark.parametrize("name", OF_OTHER_KINDS)
def test_what_is_no_number_is_named_for_people(name: str) -> None:
    """What came is named as the exercise and Python name it; no name of a type or an object of ours is said."""
    slip, words = OF_OTHER_KINDS[name]
    said = [test.message for test in failed(slip).values()]
    assert any(words in message for message in said), said
    assert [message for message in said if OURS.search(message)] == []


KEPT = {
    "a class of its own": "class Kept:\n    def __init__(self, all_of_it):\n        self.all_of_it = all_of_it\n",
    "an array of objects": "def Kept(all_of_it):\n    return np.array([all_of_it, None], dtype=object)\n",
    "a function": "def Kept(all_of_it):\n    return lambda: all_of_it\n",
}
READ = {"a class of its own": "kept.all_of_it", "an array of objects": "kept[0]", "a function": "kept()"}


@pytest.mark.parametrize("name", KEPT)
def test_a_cache_may_hold_what_the_learner_likes(name: str) -> None:
    """Where the exercise leaves open what a cache holds, an object of the learner's comes back as itself."""
    code = f"""
{KEPT[name]}
right_forward, right_backward = decode_forward, decode_backward

def decode_forward(c, ys, parameters):
    logits, cache = right_forward(c, ys, parameters)
    return logits, {{"kept": [Kept(cache)]}}

def decode_backward(dlogits, cache, parameters):
    (kept,) = cache["kept"]
    return right_backward(dlogits, {READ[name]}, parameters)
"""
    slip = Slip("gated_cells", "decoder", code)
    assert failed(slip) == {}
    assert judged(slip).score == judged(slip).points
