"""Independent truths for what layered_language_model's layers compute, forward and back.

mpmath at 50 digits works from the text's formulas, one word of one row at a time, and takes gradients as differences of
the loss: no backpropagation. PyTorch in float64 reads the same window with ``nn.Embedding``, ``nn.RNN`` and
``nn.Linear``, and takes them by autograd, with the state detached where a window begins. Central differences of the
solution's own loss tell where a truncated gradient is right, and where it must not be. The first two share no code with
the solution, nor with each other.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest

from gradekit.course.course import Course
from gradekit.judging.reference import load_solution

PARAMETERS = ("embedding", "Wx", "Wh", "b", "affine", "bias")
RECURRENT = {"dWx", "dWh", "db"}
GRADIENTS = {f"d{name}" for name in PARAMETERS} | {"dh"}

Answers = dict[str, Any]
Solution = dict[str, Any]


class Sizes(NamedTuple):
    """The sizes of a case: rows, steps, words, numbers for a word, numbers in the state."""

    N: int
    T: int
    V: int
    D: int
    H: int


class Case(NamedTuple):
    """A window: words, the words after them, the state before, the parameters."""

    xs: np.ndarray
    ts: np.ndarray
    h: np.ndarray
    parameters: dict[str, np.ndarray]


class Oracle(NamedTuple):
    """A truth, and how near to it the solution must come."""

    truth: Callable[[Case], Answers]
    rtol: float


SMALL = [Sizes(2, 3, 4, 2, 3), Sizes(1, 1, 3, 2, 2), Sizes(3, 2, 2, 3, 1), Sizes(2, 2, 3, 3, 3)]
LARGER = [*SMALL, Sizes(3, 7, 6, 4, 5), Sizes(20, 20, 37, 20, 64), Sizes(2, 40, 5, 3, 4)]


def draw_case(sizes: Sizes, scale: float = 0.7) -> Case:
    """Draw a case, the same for the same sizes: no bias and no state is zero, and some places do not count."""
    rng = np.random.default_rng(sizes)
    rows, steps, words, size, units = sizes
    shapes = {"embedding": (words, size), "Wx": (size, units), "Wh": (units, units), "b": (units,)}
    shapes |= {"affine": (units, words), "bias": (words,)}
    parameters = {name: scale * rng.standard_normal(shape) / np.sqrt(shape[0]) for name, shape in shapes.items()}
    xs, ts = rng.integers(words, size=(rows, steps)), rng.integers(words, size=(rows, steps))
    xs.flat[-1] = xs.flat[0]
    if ts.size > 1:
        ts.flat[:: max(2, ts.size // 5)] = -1
    return Case(xs, ts, np.tanh(rng.standard_normal((rows, units))), parameters)


def build(solution: Solution, parameters: dict[str, np.ndarray]) -> Any:
    """Return the solution's model with these parameters in it."""
    words, size = parameters["embedding"].shape
    model = solution["SimpleRnnlm"](words, size, len(parameters["b"]))
    for own, value in zip(solution["parameters_of"](model.layers), parameters.values(), strict=True):
        own[...] = value
    return model


def solve(solution: Solution, case: Case) -> Answers:
    """Return what the solution says: logits, states, loss, gradients."""
    model = build(solution, case.parameters)
    model.layers[1].set_state(case.h.copy())
    loss = model.forward(case.xs, case.ts)
    model.backward()
    grads = zip(PARAMETERS, solution["gradients_of"](model.layers), strict=True)
    found = {f"d{name}": gradient.copy() for name, gradient in grads} | {"dh": model.layers[1].dh}
    found |= {"loss": loss, "last": model.layers[1].h, "dlogits": model.loss_layer.backward()}
    model.layers[1].set_state(case.h.copy())
    return found | {"logits": model.predict(case.xs)}


def disagreements(answers: Answers, truth: Answers, rtol: float) -> set[str]:
    """Return which answers are off by more than `rtol` of the truth's largest element, or are of another shape."""
    return {name for name in truth if not _near(np.asarray(answers[name]), np.asarray(truth[name]), rtol)}


def _near(answer: np.ndarray, truth: np.ndarray, rtol: float) -> bool:
    return answer.shape == truth.shape and bool(np.abs(answer - truth).max() <= rtol * np.abs(truth).max())


# --- mpmath


def mpmath_truth(case: Case) -> Answers:
    """Return the answers of 50-digit arithmetic, rounded to float64 at the end."""
    with mpmath.workdps(50):
        exact = {name: mpmath.matrix(value.tolist()) for name, value in case.parameters.items()}
        exact["h"] = mpmath.matrix(case.h.tolist())
        logits, last = exact_logits(exact, case)
        found: Answers = {"loss": float(exact_loss(exact, case)), "logits": _floats(logits), "last": _floats(last)}
        shapes = {name: value.shape for name, value in case.parameters.items()} | {"h": case.h.shape}
        return found | {f"d{name}": _slopes(exact, case, name, shape) for name, shape in shapes.items()}


def _floats(numbers: Any) -> Any:
    if isinstance(numbers, list):
        return np.array([_floats(inner) for inner in numbers])
    return float(numbers)


def exact_logits(exact: dict[str, Any], case: Case) -> tuple[list[Any], list[Any]]:
    """Return the logits of every place and the last states, number by number from the formulas."""
    units, size, words = exact["Wh"].rows, exact["Wx"].rows, exact["affine"].cols
    logits, last = [], []
    for row, read in enumerate(case.xs.tolist()):
        h, places = [exact["h"][row, k] for k in range(units)], []
        for word in read:
            x = [exact["embedding"][word, d] for d in range(size)]
            h = [
                mpmath.tanh(
                    mpmath.fsum(h[j] * exact["Wh"][j, k] for j in range(units))
                    + mpmath.fsum(x[d] * exact["Wx"][d, k] for d in range(size))
                    + exact["b"][k]
                )
                for k in range(units)
            ]
            u = [mpmath.fsum(h[k] * exact["affine"][k, v] for k in range(units)) for v in range(words)]
            places.append([u[v] + exact["bias"][v] for v in range(words)])
        logits.append(places)
        last.append(h)
    return logits, last


def exact_loss(exact: dict[str, Any], case: Case) -> Any:
    """Return the mean surprise of the places that count."""
    logits, _ = exact_logits(exact, case)
    losses = []
    for places, labels in zip(logits, case.ts.tolist(), strict=True):
        for u, label in zip(places, labels, strict=True):
            if label >= 0:
                losses.append(-mpmath.log(mpmath.exp(u[label]) / mpmath.fsum(map(mpmath.exp, u))))
    return mpmath.fsum(losses) / len(losses)


def _slopes(exact: dict[str, Any], case: Case, name: str, shape: tuple[int, ...]) -> np.ndarray:
    # The central difference of step 1e-20 errs by 1e-40 for the step and by 1e-50 / 1e-20 for the rounding.
    step, found = mpmath.mpf(10) ** -20, np.empty(shape)
    for place in np.ndindex(shape):
        losses = []
        for shift in (step, -step):
            moved = exact[name].copy()
            moved[place if len(place) > 1 else place[0]] += shift
            losses.append(exact_loss({**exact, name: moved}, case))
        found[place] = float((losses[0] - losses[1]) / (2 * step))
    return found


# --- PyTorch


def import_torch() -> Any:
    """Return PyTorch, which is asked for in some runs only."""
    try:
        return importlib.import_module("torch")
    except ImportError as error:
        if os.environ.get("GRADEKIT_REQUIRE_ORACLE"):
            pytest.fail(f"GRADEKIT_REQUIRE_ORACLE is set, and PyTorch cannot be imported: {error}.")
        pytest.skip(f"the second oracle needs PyTorch ({error}): pip install '.[oracle]'")


def torch_layers(torch: Any, case: Case) -> tuple[Any, Any, Any, dict[str, tuple[Any, bool]]]:
    """Return PyTorch's three layers with the case's parameters, and each tensor by name, with whether it is turned."""
    words, size = case.parameters["embedding"].shape
    units = len(case.parameters["b"])
    embedding = torch.nn.Embedding(words, size, dtype=torch.float64)
    rnn = torch.nn.RNN(size, units, batch_first=True, dtype=torch.float64)
    linear = torch.nn.Linear(units, words, dtype=torch.float64)
    own = {"embedding": (embedding.weight, False), "Wx": (rnn.weight_ih_l0, True), "Wh": (rnn.weight_hh_l0, True)}
    own |= {"b": (rnn.bias_ih_l0, False), "affine": (linear.weight, True), "bias": (linear.bias, False)}
    with torch.no_grad():
        for name, (tensor, transposed) in own.items():
            value = case.parameters[name]
            tensor.copy_(torch.tensor(value.T if transposed else value))
        rnn.bias_hh_l0.zero_()
    return embedding, rnn, linear, own


def torch_truth(case: Case) -> Answers:
    """Return the answers of PyTorch's own layers, loss and autograd in float64."""
    torch = import_torch()
    embedding, rnn, linear, own = torch_layers(torch, case)
    h = torch.tensor(case.h[None], requires_grad=True)
    hs, last = rnn(embedding(torch.tensor(case.xs)), h)
    logits = linear(hs)
    logits.retain_grad()
    labels = torch.tensor(case.ts)
    loss = torch.nn.functional.cross_entropy(logits.transpose(1, 2), labels, ignore_index=-1)
    loss.backward()
    values = {"logits": logits, "last": last[0], "loss": loss}
    found = {name: value.detach().numpy() for name, value in values.items()}
    found |= {"dlogits": logits.grad.numpy(), "dh": h.grad[0].numpy()}
    turned = {name: tensor.grad.numpy().T if flip else tensor.grad.numpy() for name, (tensor, flip) in own.items()}
    return found | {f"d{name}": gradient for name, gradient in turned.items()}


# --- Wrong answers, made from the right ones


def steps_cut(solution: Solution, case: Case) -> Answers:
    """Cut the way back in the middle, and hand the state on: the gradient of two windows, weighted as the loss is."""
    half, model = case.xs.shape[1] // 2, build(solution, case.parameters)
    model.layers[1].set_state(case.h.copy())
    total, counted = {}, np.sum(case.ts >= 0)
    for cut in (slice(None, half), slice(half, None)):
        share = np.sum(case.ts[:, cut] >= 0) / counted
        model.forward(case.xs[:, cut], case.ts[:, cut])
        model.backward(float(share))
        for name, gradient in zip(PARAMETERS, solution["gradients_of"](model.layers), strict=True):
            total[f"d{name}"] = total.get(f"d{name}", 0.0) + gradient
    return total


def from_zeros(solution: Solution, case: Case) -> Answers:
    """Begin with a state of zeros."""
    return solve(solution, case._replace(h=0 * case.h))


def ignored_as_last_word(solution: Solution, case: Case) -> Answers:
    """Let places that do not count ask for the last word, as the index -1 does."""
    return solve(solution, case._replace(ts=case.ts % len(case.parameters["bias"])))


def divided_by_all_places(solution: Solution, case: Case) -> Answers:
    """Divide loss and gradients by all places, counted or not."""
    share = np.mean(case.ts >= 0)
    return {name: value * share for name, value in solve(solution, case).items() if name in GRADIENTS | {"loss"}}


# Each with the answers that it spoils, and no other.
WRONG = [
    (steps_cut, {"dembedding"} | RECURRENT),
    (from_zeros, GRADIENTS | {"loss", "logits", "last"}),
    (ignored_as_last_word, GRADIENTS | {"loss"}),
    (divided_by_all_places, GRADIENTS | {"loss"}),
]
ORACLES = {"mpmath": Oracle(mpmath_truth, 1e-13), "torch": Oracle(torch_truth, 1e-12)}


@pytest.fixture(scope="module")
def solution() -> Solution:
    """Load what the source notebook's solution defines."""
    return load_solution(Course(Path(__file__).parents[2]), "layered_language_model")


@pytest.mark.parametrize("oracle", sorted(ORACLES))
@pytest.mark.parametrize(("wrong", "spoiled"), WRONG, ids=[wrong.__name__ for wrong, _ in WRONG])
def test_wrong_answer_is_rejected(
    solution: Solution, oracle: str, wrong: Callable[[Solution, Case], Answers], spoiled: set[str]
) -> None:
    """Each oracle rejects a typical wrong answer in all that it spoils, and in nothing else."""
    case = draw_case(SMALL[0], scale=2.0)
    truth = {name: value for name, value in ORACLES[oracle].truth(case).items() if name != "dlogits"}
    answers = {**solve(solution, case), **wrong(solution, case)}
    assert disagreements(answers, truth, ORACLES[oracle].rtol) == spoiled


@pytest.mark.parametrize("oracle", sorted(ORACLES))
def test_smallest_fault_is_rejected(solution: Solution, oracle: str) -> None:
    """Each oracle rejects any one answer that is off by 1e-11 of itself, has an axis too many, or is NaN."""
    case = draw_case(SMALL[0])
    truth, right = ORACLES[oracle].truth(case), solve(solution, case)
    for name in truth:
        for fault in (right[name] * (1 + 1e-11), np.asarray(right[name])[None], right[name] * np.nan):
            assert disagreements({**right, name: fault}, truth, ORACLES[oracle].rtol) == {name}


@pytest.mark.parametrize("scale", [0.7, 2.0])
@pytest.mark.parametrize("sizes", SMALL, ids=str)
def test_mpmath(solution: Solution, sizes: Sizes, scale: float) -> None:
    """Logits, states, loss and all gradients, that by the first state too, agree with 50-digit arithmetic to 1e-13."""
    case = draw_case(sizes, scale)
    assert disagreements(solve(solution, case), mpmath_truth(case), ORACLES["mpmath"].rtol) == set()


@pytest.mark.parametrize("sizes", LARGER, ids=str)
def test_torch(solution: Solution, sizes: Sizes) -> None:
    """Logits, states, loss and all gradients agree with PyTorch's layers in float64 to 1e-12."""
    case = draw_case(sizes)
    assert disagreements(solve(solution, case), torch_truth(case), ORACLES["torch"].rtol) == set()


@pytest.mark.parametrize("ignored", [-1, -100])
def test_torch_ignores_the_same_places(solution: Solution, ignored: int) -> None:
    """Another ignore_label leaves out the places that PyTorch leaves out, and the gradient is the same."""
    torch = import_torch()
    rng = np.random.default_rng(5)
    logits, labels = 3 * rng.standard_normal((3, 4, 6)), rng.integers(6, size=(3, 4))
    labels[1, 1:] = ignored
    layer = solution["TimeSoftmaxWithLoss"](ignore_label=ignored)
    theirs = torch.tensor(logits, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(theirs.transpose(1, 2), torch.tensor(labels), ignore_index=ignored)
    loss.backward()
    assert abs(layer.forward(logits, labels) - loss.item()) < 1e-14
    assert np.abs(layer.backward() - theirs.grad.numpy()).max() < 1e-15


# --- differences: where a window is cut


def differences(loss: Callable[[], float], array: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Return central differences of a loss by the entries of an array."""
    found = np.empty_like(array)
    for place in np.ndindex(array.shape):
        old, values = array[place], []
        for shift in (step, -step):
            array[place] = old + shift
            values.append(loss())
        array[place] = old
        found[place] = (values[0] - values[1]) / (2 * step)
    return found


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return how far two gradients are apart, in parts of their norms."""
    return float(np.linalg.norm(one - other) / (np.linalg.norm(one) + np.linalg.norm(other)))


def test_truncated_gradient_is_that_of_a_frozen_state(solution: Solution) -> None:
    """In the second window the gradient is that of a state frozen at the cut, not the one through both windows."""
    case = draw_case(Sizes(3, 7, 6, 4, 5), scale=1.0)
    model, cut = build(solution, case.parameters), 3

    def through() -> float:
        model.reset_state()
        model.forward(case.xs[:, :cut], np.abs(case.ts[:, :cut]))
        return float(model.forward(case.xs[:, cut:], case.ts[:, cut:]))

    through()
    model.backward()
    grads = [gradient.copy() for gradient in solution["gradients_of"](model.layers)]
    model.reset_state()
    model.predict(case.xs[:, :cut])
    state = model.layers[1].h.copy()

    def frozen() -> float:
        model.layers[1].set_state(state.copy())
        return float(model.forward(case.xs[:, cut:], case.ts[:, cut:]))

    own = solution["parameters_of"](model.layers)
    near = [distance(differences(frozen, array), slope) for array, slope in zip(own, grads, strict=True)]
    far = [distance(differences(through, array), slope) for array, slope in zip(own, grads, strict=True)]
    assert max(near) < 1e-8
    assert min(far[:4]) > 0.02  # the embedding and the recurrent layer reach back beyond the cut
    assert max(far[4:]) < 1e-8  # the affine layer does not


def test_second_backward_is_equal_to_the_last_bit(solution: Solution) -> None:
    """Called twice, backward gives the very same gradients."""
    case = draw_case(Sizes(3, 7, 6, 4, 5))
    model = build(solution, case.parameters)
    model.forward(case.xs, case.ts)
    model.backward()
    once = [gradient.copy() for gradient in solution["gradients_of"](model.layers)]
    model.backward()
    assert all(np.array_equal(*pair) for pair in zip(once, solution["gradients_of"](model.layers), strict=True))


@pytest.mark.parametrize("large", [1000.0, -1000.0, 1e10])
def test_loss_of_huge_logits_agrees_with_exact_arithmetic(solution: Solution, large: float) -> None:
    """For logits of 1000 and beyond, loss and gradient agree with 50-digit arithmetic, as float64 cannot compute p."""
    logits = np.array([[[large, 1.0, -2.0], [0.5, large, 1.0], [large, large, large]]])
    labels = np.array([[1, 1, -1]])
    layer = solution["TimeSoftmaxWithLoss"]()
    loss, slope = layer.forward(logits, labels), layer.backward()
    with mpmath.workdps(50):
        for place in range(2):
            u = [mpmath.mpf(value) for value in logits[0, place]]
            log_sum = max(u) + mpmath.log(mpmath.fsum(mpmath.exp(one - max(u)) for one in u))
            loss -= float((log_sum - u[labels[0, place]]) / 2)
            p = [float(mpmath.exp(one - log_sum)) for one in u]
            assert np.allclose(slope[0, place], (np.array(p) - np.eye(3)[labels[0, place]]) / 2, rtol=1e-12, atol=0)
    assert abs(loss) <= 1e-12 * max(1.0, abs(large))
    assert not slope[0, 2].any()


def test_perplexity_agrees_with_exact_arithmetic(solution: Solution) -> None:
    """Perplexity of hundreds of unequal windows agrees with 50-digit arithmetic to 1e-13."""
    rng = np.random.default_rng(9)
    losses, counts = 4 * rng.random(300), rng.integers(1, 60, size=300)
    with mpmath.workdps(50):
        total = mpmath.fsum(mpmath.mpf(one) * int(many) for one, many in zip(losses, counts, strict=True))
        exact = float(mpmath.exp(total / int(counts.sum())))
    assert abs(solution["perplexity"](losses, counts) / exact - 1) < 1e-13
