"""Two independent truths for forward, cost and all five gradients of the source's solution.

mpmath at 50 digits works from the text's column vectors, one sequence at a time, and takes gradients as differences of
the cost: no backpropagation. PyTorch in float64 works on batches with ``nn.RNN`` and takes them by autograd. They
share no code with the solution, nor with each other.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest

from gradekit.course.course import Course
from gradekit.judging.reference import load_solution

GRADIENTS = {"dWx", "dWh", "dWy", "dbh", "dby"}
THROUGH_HIDDEN = {"dWx", "dWh", "dbh"}  # the gradients that pass through dz

Answers = dict[str, Any]
Solution = dict[str, Any]


class Sizes(NamedTuple):
    """The sizes of a case: samples, steps, inputs, hidden units, outputs."""

    N: int
    T: int
    n_x: int
    n_h: int
    n_y: int


class Case(NamedTuple):
    """Parameters, inputs (N, T, n_x) and targets (N, T, n_y)."""

    parameters: dict[str, np.ndarray]
    x: np.ndarray
    y: np.ndarray


class Oracle(NamedTuple):
    """A truth, and how near to it the solution must come."""

    truth: Callable[[Case], Answers]
    rtol: float


class Judged(NamedTuple):
    """A case with the answers of one oracle."""

    case: Case
    truth: Answers
    rtol: float


DIFFERENT = Sizes(N=2, T=3, n_x=2, n_h=3, n_y=4)
SMALL = [DIFFERENT, Sizes(2, 1, 2, 3, 4), Sizes(1, 3, 4, 3, 2), Sizes(1, 1, 3, 2, 4)]
LARGER = [*SMALL, Sizes(3, 4, 5, 2, 6), Sizes(3, 3, 3, 3, 3), Sizes(4, 2, 1, 1, 2), Sizes(10, 50, 3, 100, 5)]


def draw_case(sizes: Sizes, targets: str) -> Case:
    """Draw a case, the same for the same sizes: no bias is zero, weights have the deviation of the text."""
    rng = np.random.default_rng(sizes)
    n, t, n_x, n_h, n_y = sizes
    shapes = {"Wx": (n_h, n_x), "Wh": (n_h, n_h), "Wy": (n_y, n_h), "bh": (n_h, 1), "by": (n_y, 1)}
    parameters = {name: rng.standard_normal(shape) * np.sqrt(2 / sum(shape)) for name, shape in shapes.items()}
    x, y = rng.standard_normal((n, t, n_x)), rng.dirichlet(np.ones(n_y), size=(n, t))
    return Case(parameters, x, y if targets == "soft" else np.eye(n_y)[y.argmax(axis=2)])


def solve(solution: Solution, case: Case) -> Answers:
    """Return what the solution says: predictions, states, cost, gradients."""
    yhats, cache = solution["forward"](case.x, case.parameters)
    cost = solution["compute_cost"](case.y, yhats)
    grads = solution["backward"](case.y, case.parameters, cache)
    return {"yhats": yhats, "hs": cache["hs"], "zs": cache["zs"], "cost": cost, **grads}


def disagreements(answers: Answers, truth: Answers, rtol: float) -> set[str]:
    """Return which answers are off by more than `rtol` of the truth's largest element, or are of another shape."""
    return {name for name in truth if not _near(np.asarray(answers[name]), np.asarray(truth[name]), rtol)}


def _near(answer: np.ndarray, truth: np.ndarray, rtol: float) -> bool:
    return answer.shape == truth.shape and bool(np.abs(answer - truth).max() <= rtol * np.abs(truth).max())


# --- mpmath


def mpmath_truth(case: Case) -> Answers:
    """Return the answers of 50-digit arithmetic, rounded to float64 at the end."""
    with mpmath.workdps(50):
        weights = {name: mpmath.matrix(value.tolist()) for name, value in case.parameters.items()}
        runs = [list(exact_steps(weights, sequence)) for sequence in case.x]
        states = {name: _floats(runs, which) for which, name in enumerate(("zs", "hs", "yhats"))}
        cost = float(exact_cost(weights, case.x, case.y))
        return {**states, "cost": cost, **exact_gradients(weights, case)}


def exact_steps(weights: dict[str, Any], sequence: np.ndarray) -> Iterator[tuple[Any, Any, Any]]:
    """Yield z, h and yhat of every step of one sequence (T, n_x), as columns."""
    h = mpmath.zeros(weights["Wh"].rows, 1)
    for x in sequence:
        z = weights["Wh"] * h + weights["Wx"] * mpmath.matrix(x.tolist()) + weights["bh"]
        h = z.apply(mpmath.tanh)
        exponentials = (weights["Wy"] * h + weights["by"]).apply(mpmath.exp)
        yield z, h, exponentials / mpmath.fsum(exponentials)


def exact_cost(weights: dict[str, Any], x: np.ndarray, y: np.ndarray) -> Any:
    """Return the cross-entropy per sample and step."""
    terms = [
        mpmath.mpf(float(target)) * mpmath.log(predicted)
        for sequence, targets in zip(x, y, strict=True)
        for (_, _, yhat), row in zip(exact_steps(weights, sequence), targets, strict=True)
        for predicted, target in zip(yhat, row, strict=True)
    ]
    return -mpmath.fsum(terms) / (y.shape[0] * y.shape[1])


def exact_gradients(weights: dict[str, Any], case: Case) -> Answers:
    """Return the derivative of the cost by every single parameter."""
    grads = {f"d{name}": np.empty(value.shape) for name, value in case.parameters.items()}
    for name, parameter in case.parameters.items():
        for place in np.ndindex(parameter.shape):
            grads[f"d{name}"][place] = float(_slope(weights, case, name, place))
    return grads


def _slope(weights: dict[str, Any], case: Case, name: str, place: tuple[int, ...]) -> Any:
    # The central difference of step 1e-20 errs by 1e-40 for the step and by 1e-50 / 1e-20 for the rounding.
    step = mpmath.mpf(10) ** -20
    costs = []
    for shift in (step, -step):
        moved = weights[name].copy()
        moved[place] += shift
        costs.append(exact_cost({**weights, name: moved}, case.x, case.y))
    return (costs[0] - costs[1]) / (2 * step)


def _floats(runs: list[list[tuple[Any, Any, Any]]], which: int) -> np.ndarray:
    """Return one of the three columns of every run's steps as (N, T, n)."""
    return np.array([[[float(value) for value in step[which]] for step in run] for run in runs])


# --- PyTorch


def import_torch() -> Any:
    """Import PyTorch; without it skip, or fail where the environment promised it."""
    try:
        return importlib.import_module("torch")
    except ImportError as error:
        if os.environ.get("GRADEKIT_REQUIRE_ORACLE"):
            pytest.fail(f"GRADEKIT_REQUIRE_ORACLE is set, and PyTorch cannot be imported: {error}.")
        pytest.skip(f"the second oracle needs PyTorch ({error}): pip install '.[oracle]'")


def torch_truth(case: Case) -> Answers:
    """Return the answers of PyTorch's own recurrent layer, loss and autograd in float64; it tells no z."""
    torch = import_torch()
    rnn, linear = _torch_layers(torch, case.parameters)
    hs, _ = rnn(torch.tensor(case.x))
    logits = linear(hs)
    n_y = logits.shape[2]
    cost = torch.nn.functional.cross_entropy(logits.reshape(-1, n_y), torch.tensor(case.y).reshape(-1, n_y))
    cost.backward()
    values = {"yhats": logits.softmax(dim=2), "hs": hs, "cost": cost}
    return {name: value.detach().numpy() for name, value in values.items()} | _torch_gradients(rnn, linear)


def _torch_layers(torch: Any, parameters: dict[str, np.ndarray]) -> tuple[Any, Any]:
    """Return nn.RNN and nn.Linear that hold the case's parameters; nn.RNN's second bias stays zero."""
    n_h, n_x = parameters["Wx"].shape
    rnn = torch.nn.RNN(n_x, n_h, nonlinearity="tanh", batch_first=True, dtype=torch.float64)
    linear = torch.nn.Linear(n_h, len(parameters["Wy"]), dtype=torch.float64)
    with torch.no_grad():
        rnn.weight_ih_l0.copy_(torch.tensor(parameters["Wx"]))
        rnn.weight_hh_l0.copy_(torch.tensor(parameters["Wh"]))
        rnn.bias_ih_l0.copy_(torch.tensor(parameters["bh"][:, 0]))
        rnn.bias_hh_l0.zero_()
        linear.weight.copy_(torch.tensor(parameters["Wy"]))
        linear.bias.copy_(torch.tensor(parameters["by"][:, 0]))
    return rnn, linear


def _torch_gradients(rnn: Any, linear: Any) -> Answers:
    return {
        "dWx": rnn.weight_ih_l0.grad.numpy(),
        "dWh": rnn.weight_hh_l0.grad.numpy(),
        "dWy": linear.weight.grad.numpy(),
        "dbh": rnn.bias_ih_l0.grad.numpy()[:, None],
        "dby": linear.bias.grad.numpy()[:, None],
    }


# --- Wrong answers, made from the right ones


def derivative_at_h(solution: Solution, case: Case) -> Answers:
    """Take tanh' at h in place of z."""
    _, cache = solution["forward"](case.x, case.parameters)
    return solution["backward"](case.y, case.parameters, {**cache, "zs": cache["hs"]})


def sum_for_mean(solution: Solution, case: Case) -> Answers:
    """Leave out the division by N T."""
    grads = {name: value for name, value in solve(solution, case).items() if name in GRADIENTS}
    return {name: case.y.shape[0] * case.y.shape[1] * value for name, value in grads.items()}


def no_way_back(solution: Solution, case: Case) -> Answers:
    """Let nothing flow from dz of one step to dh of the step before."""
    _, cache = solution["forward"](case.x, case.parameters)
    return solution["backward"](case.y, {**case.parameters, "Wh": np.zeros_like(case.parameters["Wh"])}, cache)


def no_memory(solution: Solution, case: Case) -> Answers:
    """Start every step from a hidden state of zero."""
    steps = [solution["forward"](case.x[:, t : t + 1], case.parameters) for t in range(case.x.shape[1])]
    states = {name: np.concatenate([cache[name] for _, cache in steps], axis=1) for name in ("hs", "zs")}
    yhats = np.concatenate([predicted for predicted, _ in steps], axis=1)
    return {**states, "yhats": yhats, "cost": solution["compute_cost"](case.y, yhats)}


def mean_over_entries(solution: Solution, case: Case) -> Answers:
    """Divide the cost by n_y, too."""
    return {"cost": solve(solution, case)["cost"] / case.y.shape[2]}


# Each with the answers that it spoils, and no other.
WRONG = [
    (derivative_at_h, THROUGH_HIDDEN),
    (sum_for_mean, GRADIENTS),
    (no_way_back, THROUGH_HIDDEN),
    (no_memory, {"yhats", "hs", "zs", "cost"}),
    (mean_over_entries, {"cost"}),
]

ORACLES = {"mpmath": Oracle(mpmath_truth, 1e-13), "torch": Oracle(torch_truth, 1e-12)}


@pytest.fixture(scope="module")
def solution() -> Solution:
    """Load what the source notebook's solution defines."""
    return load_solution(Course(Path(__file__).parents[2]), "rnn_from_scratch")


@pytest.fixture(scope="module", params=sorted(ORACLES))
def judged(request: pytest.FixtureRequest) -> Judged:
    """Ask one oracle about one case, of which all sizes differ."""
    oracle = ORACLES[request.param]
    case = draw_case(DIFFERENT, "soft")
    return Judged(case, oracle.truth(case), oracle.rtol)


def test_absent_torch_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyTorch its tests are skipped with the reason, and fail where GRADEKIT_REQUIRE_ORACLE is set."""
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delenv("GRADEKIT_REQUIRE_ORACLE", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"\.\[oracle\]"):
        import_torch()
    monkeypatch.setenv("GRADEKIT_REQUIRE_ORACLE", "1")
    with pytest.raises(pytest.fail.Exception, match="GRADEKIT_REQUIRE_ORACLE is set"):
        import_torch()


@pytest.mark.parametrize(("wrong", "spoiled"), WRONG, ids=[wrong.__name__ for wrong, _ in WRONG])
def test_wrong_answer_is_rejected(
    solution: Solution, judged: Judged, wrong: Callable[[Solution, Case], Answers], spoiled: set[str]
) -> None:
    """Each oracle rejects a typical wrong answer in all that it spoils, and in nothing else."""
    answers = {**solve(solution, judged.case), **wrong(solution, judged.case)}
    assert disagreements(answers, judged.truth, judged.rtol) == spoiled & set(judged.truth)


def test_smallest_fault_is_rejected(solution: Solution, judged: Judged) -> None:
    """Each oracle rejects any one answer that is off by 1e-11 of itself, has an axis too many, or is NaN."""
    right = solve(solution, judged.case)
    for name in judged.truth:
        for fault in (right[name] * (1 + 1e-11), np.asarray(right[name])[None], right[name] * np.nan):
            assert disagreements({**right, name: fault}, judged.truth, judged.rtol) == {name}


@pytest.mark.parametrize("targets", ["one-hot", "soft"])
@pytest.mark.parametrize("sizes", SMALL, ids=str)
def test_mpmath(solution: Solution, sizes: Sizes, targets: str) -> None:
    """Forward, cost and all five gradients agree with 50-digit arithmetic to 1e-13."""
    case = draw_case(sizes, targets)
    assert disagreements(solve(solution, case), mpmath_truth(case), ORACLES["mpmath"].rtol) == set()


@pytest.mark.parametrize("targets", ["one-hot", "soft"])
@pytest.mark.parametrize("sizes", LARGER, ids=str)
def test_torch(solution: Solution, sizes: Sizes, targets: str) -> None:
    """Forward, cost and all five gradients agree with PyTorch's float64 to 1e-12."""
    case = draw_case(sizes, targets)
    assert disagreements(solve(solution, case), torch_truth(case), ORACLES["torch"].rtol) == set()
