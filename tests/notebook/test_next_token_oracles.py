"""Two independent truths for forward pass, loss and all five gradients of next_token's solution.

mpmath at 50 digits takes gradients as differences of the loss: no backpropagation. PyTorch in float64 runs ``nn.RNN``
on rows and takes them by autograd. They share no code with the solution, nor with each other.
"""
# ruff: noqa: N806 - the text's own names

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

NAMES = ("U", "V", "W", "b_hidden", "b_out")
GRADIENTS = {f"d{name}" for name in NAMES}
THROUGH_HIDDEN = {"dU", "dV", "db_hidden"}

Answers = dict[str, Any]
Solution = dict[str, Any]


class Sizes(NamedTuple):
    """Steps, hidden units, words."""

    T: int
    H: int
    K: int


class Case(NamedTuple):
    """Parameters, inputs and targets (T, K, 1), initial state (H, 1)."""

    params: tuple[np.ndarray, ...]
    inputs: np.ndarray
    targets: np.ndarray
    start: np.ndarray


DIFFERENT = Sizes(T=3, H=4, K=2)
SMALL = [DIFFERENT, Sizes(1, 2, 3), Sizes(4, 2, 5), Sizes(3, 3, 3)]
LARGER = [*SMALL, Sizes(18, 20, 4), Sizes(28, 50, 4)]


def draw_case(sizes: Sizes, targets: str = "soft") -> Case:
    """Draw a case, the same for the same sizes: neither the initial state nor a bias is zero."""
    rng = np.random.default_rng(sizes)
    T, H, K = sizes
    shapes = ((H, K), (H, H), (K, H), (H, 1), (K, 1))
    params = tuple(rng.standard_normal(shape) * np.sqrt(2 / sum(shape)) for shape in shapes)
    soft = rng.dirichlet(np.ones(K), size=T)[:, :, None]
    inputs = np.eye(K)[rng.integers(K, size=T)][:, :, None]
    y = soft if targets == "soft" else np.eye(K)[soft[:, :, 0].argmax(axis=1)][:, :, None]
    return Case(params, inputs, y, np.tanh(rng.standard_normal((H, 1))))


def solve(solution: Solution, case: Case) -> Answers:
    """Return what the solution says."""
    outputs, states = solution["forward_pass"](case.inputs, case.start, case.params)
    loss, grads = solution["backward_pass"](case.inputs, outputs, states, case.targets, case.params, case.start)
    found = {f"d{name}": grad for name, grad in zip(NAMES, grads, strict=True)}
    return {"outputs": np.array(outputs), "states": np.array(states), "loss": loss, **found}


def disagreements(answers: Answers, truth: Answers, rtol: float) -> set[str]:
    """Return which answers are off by more than `rtol` of the truth's largest element, or are of another shape."""

    def near(answer: np.ndarray, right: np.ndarray) -> bool:
        return answer.shape == right.shape and bool(np.abs(answer - right).max() <= rtol * np.abs(right).max())

    return {name for name in truth if not near(np.asarray(answers[name]), np.asarray(truth[name]))}


def mpmath_truth(case: Case) -> Answers:
    """Return the answers of 50-digit arithmetic, rounded to float64 at the end."""
    with mpmath.workdps(50):
        params = [mpmath.matrix(array.tolist()) for array in case.params]
        outputs, states, loss = exact_run(params, case)
        columns = {"outputs": outputs, "states": states}
        found = {name: np.array([[[float(v)] for v in column] for column in run]) for name, run in columns.items()}
        slopes = {}
        for k, (name, array) in enumerate(zip(NAMES, case.params, strict=True)):
            slopes[f"d{name}"] = np.empty(array.shape)
            for place in np.ndindex(array.shape):
                slopes[f"d{name}"][place] = float(exact_slope(params, case, k, place))
        return {**found, "loss": float(loss), **slopes}


def exact_run(params: list[Any], case: Case) -> tuple[list[Any], list[Any], Any]:
    """Return outputs, hidden states and loss."""
    U, V, W, b_hidden, b_out = params
    h, loss = mpmath.matrix(case.start.tolist()), mpmath.mpf(0)
    outputs, states = [], []
    for x, y in zip(case.inputs, case.targets, strict=True):
        h = (U * mpmath.matrix(x.tolist()) + V * h + b_hidden).apply(mpmath.tanh)
        scores = (W * h + b_out).apply(mpmath.exp)
        o = scores / mpmath.fsum(scores)
        loss -= mpmath.fsum(mpmath.mpf(float(target)) * mpmath.log(p) for target, p in zip(y[:, 0], o, strict=True))
        outputs.append(o)
        states.append(h)
    return outputs, states, loss


def exact_slope(params: list[Any], case: Case, which: int, place: tuple[int, ...]) -> Any:
    """Return the derivative of the loss by one number."""
    # The central difference of step 1e-20 errs by 1e-40 for the step and by 1e-50 / 1e-20 for the rounding.
    step, losses = mpmath.mpf(10) ** -20, []
    for shift in (step, -step):
        moved = params[which].copy()
        moved[place] += shift
        losses.append(exact_run([*params[:which], moved, *params[which + 1 :]], case)[2])
    return (losses[0] - losses[1]) / (2 * step)


def torch_truth(case: Case) -> Answers:
    """Return the answers of PyTorch's own recurrent layer, loss and autograd in float64."""
    try:
        torch: Any = importlib.import_module("torch")
    except ImportError as error:
        if os.environ.get("GRADEKIT_REQUIRE_ORACLE"):
            pytest.fail(f"GRADEKIT_REQUIRE_ORACLE is set, and PyTorch cannot be imported: {error}.")
        pytest.skip(f"the second oracle needs PyTorch ({error}): pip install '.[oracle]'")
    H, K = case.params[0].shape
    rnn = torch.nn.RNN(K, H, nonlinearity="tanh", dtype=torch.float64)
    linear = torch.nn.Linear(H, K, dtype=torch.float64)
    slots = (rnn.weight_ih_l0, rnn.weight_hh_l0, linear.weight, rnn.bias_ih_l0, linear.bias)
    with torch.no_grad():
        rnn.bias_hh_l0.zero_()  # nn.RNN has a second bias, which adds to the first
        for slot, array in zip(slots, case.params, strict=True):
            slot.copy_(torch.tensor(array).reshape(slot.shape))
    states, _ = rnn(torch.tensor(case.inputs[:, :, 0]), torch.tensor(case.start.T))
    scores = linear(states)
    loss = torch.nn.functional.cross_entropy(scores, torch.tensor(case.targets[:, :, 0]), reduction="sum")
    loss.backward()
    values = {"outputs": scores.softmax(dim=1).unsqueeze(2), "states": states.unsqueeze(2), "loss": loss}
    pairs = zip(NAMES, slots, case.params, strict=True)
    slopes = {f"d{name}": slot.grad.numpy().reshape(array.shape) for name, slot, array in pairs}
    return {name: value.detach().numpy() for name, value in values.items()} | slopes


def slope_at_tanh_of_h(solution: Solution, case: Case) -> Answers:
    """Take the slope of tanh at h in place of z, as the course's origin does."""
    outputs, states = solution["forward_pass"](case.inputs, case.start, case.params)
    bent = [np.tanh(state) for state in states]  # 1 - tanh(h)² is what 1 - h² becomes
    _, grads = solution["backward_pass"](case.inputs, outputs, bent, case.targets, case.params, case.start)
    return {name: grad for name, grad in zip(("dU", "dV", "dW", "db_hidden"), grads, strict=False) if name != "dW"}


def last_state_before_first(solution: Solution, case: Case) -> Answers:
    """Let the first step have read the last state."""
    outputs, states = solution["forward_pass"](case.inputs, case.start, case.params)
    _, grads = solution["backward_pass"](case.inputs, outputs, states, case.targets, case.params, states[-1])
    return {"dV": grads[1]}


def no_way_back(solution: Solution, case: Case) -> Answers:
    """Let nothing flow from one step to the step before."""
    outputs, states = solution["forward_pass"](case.inputs, case.start, case.params)
    cut = (case.params[0], np.zeros_like(case.params[1]), *case.params[2:])
    _, grads = solution["backward_pass"](case.inputs, outputs, states, case.targets, cut, case.start)
    return {f"d{name}": grad for name, grad in zip(NAMES, grads, strict=True)}


def mean_over_words(solution: Solution, case: Case) -> Answers:
    """Take the mean over the vocabulary for the sum, in the loss alone."""
    return {"loss": solve(solution, case)["loss"] / case.targets.shape[1]}


WRONG = [
    (slope_at_tanh_of_h, THROUGH_HIDDEN),
    (last_state_before_first, {"dV"}),
    (no_way_back, THROUGH_HIDDEN),
    (mean_over_words, {"loss"}),
]
ORACLES: dict[str, tuple[Callable[[Case], Answers], float]] = {
    "mpmath": (mpmath_truth, 1e-13),
    "torch": (torch_truth, 1e-12),
}


@pytest.fixture(scope="module")
def solution() -> Solution:
    """Load what the source notebook's solution defines."""
    return load_solution(Course(Path(__file__).parents[2]), "next_token")


@pytest.mark.parametrize("oracle", ORACLES)
@pytest.mark.parametrize(("wrong", "spoiled"), WRONG, ids=[wrong.__name__ for wrong, _ in WRONG])
def test_wrong_answer_is_rejected(
    solution: Solution, oracle: str, wrong: Callable[[Solution, Case], Answers], spoiled: set[str]
) -> None:
    """Each oracle rejects a typical wrong answer in all that it spoils, and in nothing else."""
    truth, rtol = ORACLES[oracle]
    case = draw_case(DIFFERENT)
    answers = {**solve(solution, case), **wrong(solution, case)}
    assert disagreements(answers, truth(case), rtol) == spoiled


@pytest.mark.parametrize("oracle", ORACLES)
def test_smallest_fault_is_rejected(solution: Solution, oracle: str) -> None:
    """Each oracle rejects any one answer that is off by 1e-11 of itself, has an axis too many, or is NaN."""
    truth, rtol = ORACLES[oracle]
    case = draw_case(DIFFERENT)
    right, wanted = solve(solution, case), truth(case)
    assert set(wanted) == {"outputs", "states", "loss"} | GRADIENTS
    for name in wanted:
        for fault in (right[name] * (1 + 1e-11), np.asarray(right[name])[None], right[name] * np.nan):
            assert disagreements({**right, name: fault}, wanted, rtol) == {name}


@pytest.mark.parametrize("targets", ["one-hot", "soft"])
@pytest.mark.parametrize(
    ("oracle", "sizes"), [*(("mpmath", sizes) for sizes in SMALL), *(("torch", sizes) for sizes in LARGER)], ids=str
)
def test_solution_agrees(solution: Solution, oracle: str, sizes: Sizes, targets: str) -> None:
    """Forward pass, loss and all five gradients agree with the oracle: mpmath to 1e-13, PyTorch to 1e-12."""
    truth, rtol = ORACLES[oracle]
    case = draw_case(sizes, targets)
    assert disagreements(solve(solution, case), truth(case), rtol) == set()


@pytest.mark.parametrize("sizes", SMALL, ids=str)
def test_softmax_matrix_of_derivatives(solution: Solution, sizes: Sizes) -> None:
    """Softmax's (K, K) matrix agrees with 50-digit differences, row i for p_i and column j for x_j."""
    x = draw_case(sizes).params[4]
    with mpmath.workdps(50):
        step = mpmath.mpf(10) ** -20

        def moved(j: int, shift: Any) -> list[Any]:
            terms = [mpmath.exp(mpmath.mpf(float(v)) + (shift if k == j else 0)) for k, v in enumerate(x[:, 0])]
            return [term / mpmath.fsum(terms) for term in terms]

        pairs = [zip(moved(j, step), moved(j, -step), strict=True) for j in range(len(x))]
        truth = np.array([[float((above - below) / (2 * step)) for above, below in pair] for pair in pairs]).T
    assert np.abs(solution["softmax"](x, derivative=True) - truth).max() <= 1e-15
