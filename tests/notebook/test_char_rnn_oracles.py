"""Two independent truths for states, loss and all five gradients of char_rnn's solution.

mpmath at 50 digits works from the text's formulas, one character at a time, and takes gradients as differences of the
loss: no backpropagation. PyTorch in float64 reads one-hot vectors with ``nn.RNN`` and takes them by autograd. They
share no code with the solution, nor with each other.
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

HIDDEN = {"dWxh", "dWhh", "dbh"}  # the gradients that pass through dz
GRADIENTS = HIDDEN | {"dWhy", "dby"}

Answers = dict[str, Any]
Solution = dict[str, Any]


class Sizes(NamedTuple):
    """The sizes of a case: steps, hidden units, characters."""

    T: int
    n_h: int
    V: int


class Case(NamedTuple):
    """A chunk: what is read, what is right, the state before, the parameters."""

    inputs: np.ndarray
    targets: np.ndarray
    h_prev: np.ndarray
    parameters: dict[str, np.ndarray]


class Oracle(NamedTuple):
    """A truth, and how near to it the solution must come."""

    truth: Callable[[Case], Answers]
    rtol: float


SMALL = [Sizes(5, 3, 4), Sizes(1, 2, 3), Sizes(4, 4, 2), Sizes(3, 2, 6)]
LARGER = [*SMALL, Sizes(12, 5, 7), Sizes(3, 3, 3), Sizes(25, 100, 34)]


def draw_case(sizes: Sizes, scale: float = 0.7) -> Case:
    """Draw a case, the same for the same sizes: no bias and no state is zero, and the first character comes twice."""
    rng = np.random.default_rng(sizes)
    steps, n_h, size = sizes
    shapes = {"Wxh": (n_h, size), "Whh": (n_h, n_h), "Why": (size, n_h), "bh": (n_h,), "by": (size,)}
    parameters = {name: scale * rng.standard_normal(shape) / np.sqrt(shape[-1]) for name, shape in shapes.items()}
    inputs = rng.integers(size, size=steps)
    inputs[-1] = inputs[0]
    return Case(inputs, rng.integers(size, size=steps), np.tanh(rng.standard_normal(n_h)), parameters)


def solve(solution: Solution, case: Case) -> Answers:
    """Return what the solution says: states, probabilities, loss, gradients."""
    cache = solution["forward_pass"](case.inputs, case.h_prev, case.parameters)
    loss = solution["sequence_loss"](cache, case.targets)
    grads = solution["backward_pass"](case.inputs, case.targets, cache, case.parameters)
    return {**cache, "loss": loss, **grads}


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
        states, logits = exact_steps(exact, case)
        loss = float(exact_loss(exact, case))
        probabilities = [u.apply(mpmath.exp) / mpmath.fsum(u.apply(mpmath.exp)) for u in logits]
        columns = {"hs": states, "logits": logits, "probabilities": probabilities}
        made = {name: np.array([[float(x) for x in column] for column in value]) for name, value in columns.items()}
        return {**made, "loss": loss, **{f"d{name}": _slopes(exact, case, name) for name in exact}}


def exact_steps(exact: dict[str, Any], case: Case) -> tuple[list[Any], list[Any]]:
    """Return the states, with the one before the first step, and the logits, as columns."""
    states, logits = [mpmath.matrix(case.h_prev.tolist())], []
    for number in case.inputs:
        one_hot = mpmath.zeros(exact["Wxh"].cols, 1)
        one_hot[int(number)] = 1
        inside = exact["Wxh"] * one_hot + exact["Whh"] * states[-1] + exact["bh"]
        states.append(inside.apply(mpmath.tanh))
        logits.append(exact["Why"] * states[-1] + exact["by"])
    return states, logits


def exact_loss(exact: dict[str, Any], case: Case) -> Any:
    """Return the summed surprise of the right characters."""
    _, logits = exact_steps(exact, case)
    shares = (
        mpmath.exp(u[int(right)]) / mpmath.fsum(u.apply(mpmath.exp))
        for u, right in zip(logits, case.targets, strict=True)
    )
    return -mpmath.fsum(mpmath.log(share) for share in shares)


def _slopes(exact: dict[str, Any], case: Case, name: str) -> np.ndarray:
    # The central difference of step 1e-20 errs by 1e-40 for the step and by 1e-50 / 1e-20 for the rounding.
    step, found = mpmath.mpf(10) ** -20, np.empty(case.parameters[name].shape)
    for place in np.ndindex(found.shape):
        losses = []
        for shift in (step, -step):
            moved = exact[name].copy()
            moved[place if len(place) > 1 else place[0]] += shift
            losses.append(exact_loss({**exact, name: moved}, case))
        found[place] = float((losses[0] - losses[1]) / (2 * step))
    return found


# --- PyTorch


def torch_truth(case: Case) -> Answers:
    """Return the answers of PyTorch's own recurrent layer, loss and autograd in float64."""
    try:
        torch = importlib.import_module("torch")
    except ImportError as error:
        if os.environ.get("GRADEKIT_REQUIRE_ORACLE"):
            pytest.fail(f"GRADEKIT_REQUIRE_ORACLE is set, and PyTorch cannot be imported: {error}.")
        pytest.skip(f"the second oracle needs PyTorch ({error}): pip install '.[oracle]'")
    n_h, size = case.parameters["Wxh"].shape
    rnn = torch.nn.RNN(size, n_h, nonlinearity="tanh", dtype=torch.float64)
    linear = torch.nn.Linear(n_h, size, dtype=torch.float64)
    own = {"Wxh": rnn.weight_ih_l0, "Whh": rnn.weight_hh_l0, "bh": rnn.bias_ih_l0}
    own |= {"Why": linear.weight, "by": linear.bias}
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(torch.tensor(case.parameters[name]))
        rnn.bias_hh_l0.zero_()
    one_hot = torch.nn.functional.one_hot(torch.tensor(case.inputs), size).double()
    hs, _ = rnn(one_hot, torch.tensor(case.h_prev)[None])
    logits = linear(hs)
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(case.targets), reduction="sum")
    loss.backward()
    values = {"hs": torch.cat([torch.tensor(case.h_prev)[None], hs]), "logits": logits, "loss": loss}
    values["probabilities"] = logits.softmax(dim=1)
    found = {name: value.detach().numpy() for name, value in values.items()}
    return found | {f"d{name}": tensor.grad.numpy() for name, tensor in own.items()}


# --- Wrong answers, made from the right ones


def with_clipping(solution: Solution, case: Case) -> Answers:
    """Clip the gradients where they are made, as the course's origin does."""
    grads = {name: value for name, value in solve(solution, case).items() if name in GRADIENTS}
    return solution["clip_gradients"](grads, limit=0.1)


def from_an_empty_memory(solution: Solution, case: Case) -> Answers:
    """Let dWhh believe that the state before the chunk was zero."""
    cache = solution["forward_pass"](case.inputs, case.h_prev, case.parameters)
    cache["hs"][0] = 0.0
    return solution["backward_pass"](case.inputs, case.targets, cache, case.parameters)


def in_two_chunks(solution: Solution, case: Case) -> Answers:
    """Cut the way back in the middle: truncated backpropagation."""
    half, h, total = len(case.inputs) // 2, case.h_prev, {}
    for part in (slice(None, half), slice(half, None)):
        joined = solution["loss_and_gradients"](case.inputs[part], case.targets[part], h, case.parameters)
        _, grads, h = joined
        total = {name: total.get(name, 0.0) + gradient for name, gradient in grads.items()}
    return total


def mean_for_sum(solution: Solution, case: Case) -> Answers:
    """Divide the loss by the number of steps, and its gradients too."""
    answers = solve(solution, case)
    return {name: answers[name] / len(case.inputs) for name in GRADIENTS | {"loss"}}


# Each with the answers that it spoils, and no other.
WRONG = [
    (with_clipping, GRADIENTS),
    (from_an_empty_memory, {"dWhh"}),
    (in_two_chunks, HIDDEN),
    (mean_for_sum, GRADIENTS | {"loss"}),
]
ORACLES = {"mpmath": Oracle(mpmath_truth, 1e-13), "torch": Oracle(torch_truth, 1e-12)}


@pytest.fixture(scope="module")
def solution() -> Solution:
    """Load what the source notebook's solution defines."""
    return load_solution(Course(Path(__file__).parents[2]), "char_rnn")


@pytest.mark.parametrize("oracle", sorted(ORACLES))
@pytest.mark.parametrize(("wrong", "spoiled"), WRONG, ids=[wrong.__name__ for wrong, _ in WRONG])
def test_wrong_answer_is_rejected(
    solution: Solution, oracle: str, wrong: Callable[[Solution, Case], Answers], spoiled: set[str]
) -> None:
    """Each oracle rejects a typical wrong answer in all that it spoils, and in nothing else."""
    case = draw_case(SMALL[0], scale=3.0)
    truth = ORACLES[oracle].truth(case)
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


@pytest.mark.parametrize("scale", [0.7, 3.0])
@pytest.mark.parametrize("sizes", SMALL, ids=str)
def test_mpmath(solution: Solution, sizes: Sizes, scale: float) -> None:
    """States, logits, probabilities, loss and all five gradients agree with 50-digit arithmetic to 1e-13."""
    case = draw_case(sizes, scale)
    assert disagreements(solve(solution, case), mpmath_truth(case), ORACLES["mpmath"].rtol) == set()


@pytest.mark.parametrize("sizes", LARGER, ids=str)
def test_torch(solution: Solution, sizes: Sizes) -> None:
    """States, logits, probabilities, loss and all five gradients agree with PyTorch's float64 to 1e-12."""
    case = draw_case(sizes)
    assert disagreements(solve(solution, case), torch_truth(case), ORACLES["torch"].rtol) == set()
