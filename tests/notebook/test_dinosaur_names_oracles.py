"""Two independent truths for memories, probabilities, loss and all seven gradients of dinosaur_names's solution.

mpmath at 50 digits works from the text's formulas, one name and one step at a time, and takes gradients as differences
of the loss: no backpropagation. PyTorch in float64 takes the steps with ``nn.RNN``, the loss with ``cross_entropy`` and
``ignore_index=-1``, and the gradients by autograd. They share no code with the solution, nor with each other.
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

from gradekit import checks
from gradekit.course.course import Course
from gradekit.judging.reference import load_solution

PARAMETERS = ("Wax", "Waa", "Wya", "ba", "by")
HIDDEN = {"dWax", "dWaa", "dba", "dx", "da0"}  # the gradients that pass through a memory
GRADIENTS = HIDDEN | {"dWya", "dby"}

Answers = dict[str, Any]
Solution = dict[str, Any]


class Sizes(NamedTuple):
    """The sizes of a case: names, steps, inputs, memory, characters."""

    m: int
    T_x: int
    n_x: int
    n_a: int
    n_y: int


class Case(NamedTuple):
    """A batch: what is read, what is right, the memory before, the parameters."""

    x: np.ndarray
    y: np.ndarray
    a0: np.ndarray
    parameters: dict[str, np.ndarray]


class Oracle(NamedTuple):
    """A truth, and how near to it the solution must come."""

    truth: Callable[[Case], Answers]
    rtol: float


SMALL = [Sizes(3, 5, 2, 3, 4), Sizes(1, 3, 3, 2, 2), Sizes(2, 1, 2, 3, 3), Sizes(2, 4, 1, 1, 3)]
LARGER = [*SMALL, Sizes(4, 12, 6, 5, 7), Sizes(3, 3, 3, 3, 3), Sizes(16, 20, 27, 50, 27)]


def draw_case(sizes: Sizes, scale: float = 0.7) -> Case:
    """Draw a case, the same for the same sizes: names of unequal length, no bias and no memory zero."""
    rng = np.random.default_rng(sizes)
    m, steps, n_x, n_a, n_y = sizes
    shapes = {"Wax": (n_a, n_x), "Waa": (n_a, n_a), "Wya": (n_y, n_a), "ba": (n_a, 1), "by": (n_y, 1)}
    parameters = {name: scale * rng.standard_normal(shape) / np.sqrt(shape[-1]) for name, shape in shapes.items()}
    y = rng.integers(n_y, size=(m, steps))
    lengths = np.maximum(1, steps - 2 * np.arange(m))
    y[np.arange(steps) >= lengths[:, None]] = -1
    return Case(rng.standard_normal((n_x, m, steps)), y, np.tanh(rng.standard_normal((n_a, m))), parameters)


def solve(solution: Solution, case: Case) -> Answers:
    """Return what the solution says: memories, probabilities, loss, gradients."""
    a, y_pred, caches = solution["rnn_forward"](case.x, case.a0, case.parameters)
    loss = solution["names_loss"](y_pred, case.y)
    return {"a": a, "y_pred": y_pred, "loss": loss, **solution["rnn_backward"](case.y, y_pred, case.parameters, caches)}


def disagreements(answers: Answers, truth: Answers, rtol: float) -> set[str]:
    """Return which answers are off by more than `rtol` of the truth's largest element, or are of another shape."""
    return {name for name in truth if not _near(np.asarray(answers[name]), np.asarray(truth[name]), rtol)}


def _near(answer: np.ndarray, truth: np.ndarray, rtol: float) -> bool:
    return answer.shape == truth.shape and bool(np.abs(answer - truth).max() <= rtol * np.abs(truth).max())


# --- mpmath


def mpmath_truth(case: Case) -> Answers:
    """Return the answers of 50-digit arithmetic, rounded to float64 at the end."""
    with mpmath.workdps(50):
        exact = {**case.parameters, "x": case.x, "a0": case.a0}
        exact = {name: np.vectorize(mpmath.mpf, otypes=[object])(value) for name, value in exact.items()}
        memories, probabilities = exact_steps(exact, case)
        made = {"a": memories, "y_pred": probabilities, "loss": exact_loss(exact, case)}
        found = {name: np.array(value, dtype=object).astype(float) for name, value in made.items()}
        return {**found, **{f"d{name}": _slopes(exact, case, name) for name in exact}}


def exact_steps(exact: dict[str, Any], case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return memories (n_a, m, T_x) and probabilities (n_y, m, T_x), name by name and step by step."""
    n_y, n_a = exact["Wya"].shape
    m, steps = case.y.shape
    memories, probabilities = np.empty((n_a, m, steps), object), np.empty((n_y, m, steps), object)
    for i in range(m):
        before = exact["a0"][:, i]
        for t in range(steps):
            for k in range(n_a):
                read = mpmath.fdot(exact["Wax"][k], exact["x"][:, i, t])
                memories[k, i, t] = mpmath.tanh(read + mpmath.fdot(exact["Waa"][k], before) + exact["ba"][k, 0])
            before = memories[:, i, t]
            powers = [mpmath.exp(mpmath.fdot(exact["Wya"][k], before) + exact["by"][k, 0]) for k in range(n_y)]
            probabilities[:, i, t] = [power / mpmath.fsum(powers) for power in powers]
    return memories, probabilities


def exact_loss(exact: dict[str, Any], case: Case) -> Any:
    """Return the surprise of the right characters, summed over steps, averaged over names."""
    _, probabilities = exact_steps(exact, case)
    right = [probabilities[case.y[i, t], i, t] for i, t in np.argwhere(case.y >= 0)]
    return -mpmath.fsum(mpmath.log(p) for p in right) / len(case.y)


def _slopes(exact: dict[str, Any], case: Case, name: str) -> np.ndarray:
    # The central difference of step 1e-20 errs by 1e-40 for the step and by 1e-50 / 1e-20 for the rounding.
    step, found = mpmath.mpf(10) ** -20, np.empty(exact[name].shape)
    for place in np.ndindex(found.shape):
        losses = []
        for shift in (step, -step):
            moved = exact[name].copy()
            moved[place] += shift
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
    n_a, n_x = case.parameters["Wax"].shape
    rnn = torch.nn.RNN(n_x, n_a, nonlinearity="tanh", dtype=torch.float64)
    linear = torch.nn.Linear(n_a, len(case.parameters["by"]), dtype=torch.float64)
    own = dict(
        zip(PARAMETERS, (rnn.weight_ih_l0, rnn.weight_hh_l0, linear.weight, rnn.bias_ih_l0, linear.bias), strict=True)
    )
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(torch.tensor(case.parameters[name]).reshape(tensor.shape))
        rnn.bias_hh_l0.zero_()
    x = torch.tensor(case.x.transpose(2, 1, 0)).requires_grad_()
    a0 = torch.tensor(case.a0.T[None]).requires_grad_()
    states, _ = rnn(x, a0)
    logits = linear(states)
    targets = torch.tensor(case.y.T)
    total = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction="sum")
    loss = total / len(case.y)
    loss.backward()
    found = {f"d{name}": tensor.grad.numpy().reshape(case.parameters[name].shape) for name, tensor in own.items()}
    found |= {"dx": x.grad.numpy().transpose(2, 1, 0), "da0": a0.grad.numpy()[0].T, "loss": loss.detach().numpy()}
    outer = {"a": states, "y_pred": logits.softmax(dim=2)}
    return found | {name: value.detach().numpy().transpose(2, 1, 0) for name, value in outer.items()}


# --- Wrong answers, made from the right ones


def with_clipping(solution: Solution, case: Case) -> Answers:
    """Clip the gradients where they are made."""
    grads = {name: value for name, value in solve(solution, case).items() if name in GRADIENTS}
    return solution["clip"](grads, 1e-3)


def padding_as_an_index(solution: Solution, case: Case) -> Answers:
    """Let -1 at padding mean the last character."""
    y = np.where(case.y < 0, case.parameters["by"].size - 1, case.y)
    wrong = solve(solution, case._replace(y=y))
    return {name: wrong[name] for name in GRADIENTS | {"loss"}}


def from_an_empty_memory(solution: Solution, case: Case) -> Answers:
    """Let dWaa believe that the memory before the first step was zero."""
    _, y_pred, (steps, x) = solution["rnn_forward"](case.x, case.a0, case.parameters)
    (a_next, a_prev, xt, parameters), *later = steps
    caches = ([(a_next, 0 * a_prev, xt, parameters), *later], x)
    return solution["rnn_backward"](case.y, y_pred, case.parameters, caches)


def mean_over_letters(solution: Solution, case: Case) -> Answers:
    """Average over the letters in place of the names."""
    answers, factor = solve(solution, case), len(case.y) / np.sum(case.y >= 0)
    return {name: answers[name] * factor for name in GRADIENTS | {"loss"}}


# Each with the answers that it spoils, and no other.
WRONG = [
    (with_clipping, GRADIENTS),
    (padding_as_an_index, GRADIENTS | {"loss"}),
    (from_an_empty_memory, {"dWaa"}),
    (mean_over_letters, GRADIENTS | {"loss"}),
]
ORACLES = {"mpmath": Oracle(mpmath_truth, 1e-13), "torch": Oracle(torch_truth, 1e-12)}


@pytest.fixture(scope="module")
def solution() -> Solution:
    """Load what the source notebook's solution defines."""
    return load_solution(Course(Path(__file__).parents[2]), "dinosaur_names")


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
    case = draw_case(SMALL[1])
    truth, right = ORACLES[oracle].truth(case), solve(solution, case)
    for name in truth:
        for fault in (right[name] * (1 + 1e-11), np.asarray(right[name])[None], right[name] * np.nan):
            assert disagreements({**right, name: fault}, truth, ORACLES[oracle].rtol) == {name}


@pytest.mark.parametrize("scale", [0.7, 3.0])
@pytest.mark.parametrize("sizes", SMALL, ids=str)
def test_mpmath(solution: Solution, sizes: Sizes, scale: float) -> None:
    """Memories, probabilities, loss and all seven gradients agree with 50-digit arithmetic to 1e-13."""
    case = draw_case(sizes, scale)
    assert disagreements(solve(solution, case), mpmath_truth(case), ORACLES["mpmath"].rtol) == set()


@pytest.mark.parametrize("sizes", LARGER, ids=str)
def test_torch(solution: Solution, sizes: Sizes) -> None:
    """Memories, probabilities, loss and all seven gradients agree with PyTorch's float64 to 1e-12."""
    case = draw_case(sizes)
    assert disagreements(solve(solution, case), torch_truth(case), ORACLES["torch"].rtol) == set()


def test_central_differences(solution: Solution) -> None:
    """All seven gradients agree with central differences, where names are padded and nothing is zero."""
    case = draw_case(Sizes(3, 6, 4, 5, 4))

    def loss(values: dict[str, np.ndarray]) -> float:
        _, y_pred, _ = solution["rnn_forward"](values["x"], values["a0"], values)
        return solution["names_loss"](y_pred, case.y)

    around = {**case.parameters, "x": case.x, "a0": case.a0}
    checks.gradients(loss, around, solve(solution, case), rtol=1e-8)


def test_one_step_back_is_one_step_of_all(solution: Solution) -> None:
    """What rnn_cell_backward gives agrees with central differences of what arrives, times the memory."""
    case = draw_case(Sizes(3, 1, 4, 5, 2))
    arriving = np.cos(np.arange(15.0)).reshape(5, 3)

    def pulled(values: dict[str, np.ndarray]) -> float:
        own = {**case.parameters, **values}
        return float(np.sum(arriving * solution["rnn_cell_forward"](values["xt"], values["a_prev"], own)[0]))

    around = {name: case.parameters[name] for name in ("Wax", "Waa", "ba")} | {"xt": case.x[:, :, 0], "a_prev": case.a0}
    *_, cache = solution["rnn_cell_forward"](around["xt"], around["a_prev"], case.parameters)
    checks.gradients(pulled, around, solution["rnn_cell_backward"](arriving, cache), rtol=1e-8)
