"""Independent truths for gated_cells' solution: steps, layers with a mask, both directions, the decoder.

mpmath at 50 digits works from the text's formulas, one sequence and one number at a time, and takes gradients as
differences of a cost: no backpropagation. PyTorch in float64 runs ``nn.RNN``, ``nn.LSTM`` and ``nn.GRU``, packed where
sequences have lengths, and takes gradients by autograd. They share no code with the solution, nor with each other.
Central differences hold what is given for training: both directions taken back, and encoder with decoder.
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

BLOCKS = {"plain": 1, "GRU": 3, "LSTM": 4}
STATES = {"plain": 1, "GRU": 1, "LSTM": 2}

Answers = dict[str, Any]
Solution = dict[str, Any]


class Sizes(NamedTuple):
    """The sizes of a case: sequences, steps, inputs, units."""

    N: int
    T: int
    D: int
    H: int


class Case(NamedTuple):
    """Sequences with their lengths, initial states, parameters, and gradients by all that comes out."""

    kind: str
    xs: np.ndarray
    lengths: np.ndarray
    states: tuple[np.ndarray, ...]
    parameters: dict[str, np.ndarray]
    dhs: np.ndarray
    dlast: tuple[np.ndarray, ...]

    @property
    def mask(self) -> np.ndarray:
        """1 at the real steps."""
        return (np.arange(self.xs.shape[1]) < self.lengths[:, None]).astype(float)


SMALL = [Sizes(2, 3, 1, 2), Sizes(1, 1, 3, 2), Sizes(3, 2, 1, 2)]
LARGER = [Sizes(3, 7, 4, 5), Sizes(5, 4, 3, 3), Sizes(2, 40, 3, 4), Sizes(4, 6, 100, 100)]


def draw_case(kind: str, sizes: Sizes, scale: float = 0.7) -> Case:
    """Draw a case, the same for the same sizes: no bias and no state is zero, lengths in no order."""
    rng = np.random.default_rng(sizes)
    count, steps, inputs, units = sizes
    shapes = {"Wx": (inputs, BLOCKS[kind] * units), "Wh": (units, BLOCKS[kind] * units), "b": (BLOCKS[kind] * units,)}
    parameters = {name: scale * rng.standard_normal(shape) / np.sqrt(shape[0]) for name, shape in shapes.items()}
    lengths = rng.integers(1, steps + 1, size=count)
    lengths[-1] = steps
    states = (np.tanh(rng.standard_normal((count, units))), 2.0 * rng.standard_normal((count, units)))[: STATES[kind]]
    dlast = tuple(rng.standard_normal((count, units)) for _ in states)
    return Case(
        kind,
        rng.standard_normal((count, steps, inputs)),
        lengths,
        states,
        parameters,
        rng.standard_normal((count, steps, units)),
        dlast,
    )


def functions(solution: Solution, kind: str) -> tuple[Any, Any]:
    """Return a cell's two functions."""
    prefix = {"plain": "rnn", "GRU": "gru", "LSTM": "lstm"}[kind]
    return solution[f"{prefix}_step"], solution[f"{prefix}_step_backward"]


def solve(solution: Solution, case: Case) -> Answers:
    """Return what the solution says: states, last states, and all gradients of a masked layer."""
    step, backward = functions(solution, case.kind)
    hs, last, caches = solution["run_layer"](step, case.xs, case.states, case.parameters, case.mask)
    dxs, first, grads = solution["run_layer_backward"](
        backward, case.dhs, case.dlast, caches, case.parameters, case.mask
    )
    named = {f"last{k}": state for k, state in enumerate(last)} | {f"dstate{k}": d for k, d in enumerate(first)}
    return {"hs": hs, "dxs": dxs, **named, **grads}


def disagreements(answers: Answers, truth: Answers, rtol: float) -> set[str]:
    """Return which answers are off by more than `rtol` of the truth's largest element, or are of another shape."""
    return {name for name in truth if not _near(np.asarray(answers[name]), np.asarray(truth[name]), rtol)}


def _near(answer: np.ndarray, truth: np.ndarray, rtol: float) -> bool:
    return answer.shape == truth.shape and bool(np.abs(answer - truth).max() <= rtol * np.abs(truth).max())


# --- mpmath


def exact_step(kind: str, x: Any, states: list[Any], exact: dict[str, Any]) -> list[Any]:
    """Return a cell's new states as rows of 50 digits, from the text's formulas."""
    inside = x * exact["Wx"] + exact["b"].T
    product = states[0] * exact["Wh"]
    units = states[0].cols

    def block(row: Any, k: int) -> list[Any]:
        return [row[k * units + j] for j in range(units)]

    def sigmoid(numbers: list[Any]) -> list[Any]:
        return [1 / (1 + mpmath.exp(-a)) for a in numbers]

    def both(k: int) -> list[Any]:
        return [a + b for a, b in zip(block(inside, k), block(product, k), strict=True)]

    if kind == "plain":
        return [mpmath.matrix([[mpmath.tanh(a) for a in both(0)]])]
    if kind == "LSTM":
        i, f, o = sigmoid(both(0)), sigmoid(both(1)), sigmoid(both(3))
        g = [mpmath.tanh(a) for a in both(2)]
        c = [f[j] * states[1][j] + i[j] * g[j] for j in range(units)]
        return [mpmath.matrix([[o[j] * mpmath.tanh(c[j]) for j in range(units)]]), mpmath.matrix([c])]
    r, z = sigmoid(both(0)), sigmoid(both(1))
    n = [mpmath.tanh(a + r[j] * u) for j, (a, u) in enumerate(zip(block(inside, 2), block(product, 2), strict=True))]
    return [mpmath.matrix([[(1 - z[j]) * n[j] + z[j] * states[0][j] for j in range(units)]])]


def exact_run(case: Case, exact: dict[str, Any]) -> tuple[Any, Any]:
    """Return all h (N, T, H) and the last states, one sequence after the other."""
    hs, last = [], []
    for n, length in enumerate(case.lengths):
        states = [exact[f"s{k}"][n, :] for k in range(len(case.states))]
        row = []
        for t in range(case.xs.shape[1]):
            if t < length:
                states = exact_step(case.kind, exact["xs"][n * case.xs.shape[1] + t, :], states, exact)
            row.append(states[0])
        hs.append(row)
        last.append(states)
    return hs, last


def exact_cost(case: Case, exact: dict[str, Any]) -> Any:
    """Return the sum of all that comes out, each number times its gradient."""
    hs, last = exact_run(case, exact)
    parts = [
        mpmath.mpf(float(case.dhs[n, t, j])) * hs[n][t][j]
        for n, t, j in np.ndindex(case.dhs.shape)
        if case.dhs[n, t, j]
    ]
    for k, d in enumerate(case.dlast):
        parts += [mpmath.mpf(float(d[n, j])) * last[n][k][j] for n, j in np.ndindex(d.shape)]
    return mpmath.fsum(parts)


def mpmath_truth(case: Case) -> Answers:
    """Return the answers of 50-digit arithmetic, rounded to float64 at the end."""
    with mpmath.workdps(50):
        flat = {"xs": case.xs.reshape(-1, case.xs.shape[2]), **case.parameters}
        flat |= {f"s{k}": state for k, state in enumerate(case.states)}
        exact = {name: mpmath.matrix(value.tolist()) for name, value in flat.items()}
        hs, last = exact_run(case, exact)
        found = {"hs": np.array([[[float(x) for x in h] for h in row] for row in hs])}
        for k in range(len(case.states)):
            found[f"last{k}"] = np.array([[float(x) for x in states[k]] for states in last])
        names = {"Wx": "dWx", "Wh": "dWh", "b": "db", "xs": "dxs"} | {f"s{k}": f"dstate{k}" for k in (0, 1)}
        slopes = {names[name]: _slopes(case, exact, name, flat[name].shape) for name in flat}
        slopes["dxs"] = slopes["dxs"].reshape(case.xs.shape)
        return found | slopes


def _slopes(case: Case, exact: dict[str, Any], name: str, shape: tuple[int, ...]) -> np.ndarray:
    # The central difference of step 1e-20 errs by 1e-40 for the step and by 1e-50 / 1e-20 for the rounding.
    step, found = mpmath.mpf(10) ** -20, np.empty(shape)
    for place in np.ndindex(shape):
        costs = []
        for shift in (step, -step):
            moved = exact[name].copy()
            moved[place if len(place) > 1 else place[0]] += shift
            costs.append(exact_cost(case, {**exact, name: moved}))
        found[place] = float((costs[0] - costs[1]) / (2 * step))
    return found


# --- PyTorch


def import_torch() -> Any:
    """Import PyTorch, or skip; where the second oracle is required, fail."""
    try:
        return importlib.import_module("torch")
    except ImportError as error:
        if os.environ.get("GRADEKIT_REQUIRE_ORACLE"):
            pytest.fail(f"GRADEKIT_REQUIRE_ORACLE is set, and PyTorch cannot be imported: {error}.")
        pytest.skip(f"the second oracle needs PyTorch ({error}): pip install '.[oracle]'")


def torch_layer(kind: str, inputs: int, units: int, *ways: dict[str, np.ndarray]) -> Any:
    """Return PyTorch's layer with our parameters, in one direction or in both; no block changes its place."""
    torch = import_torch()
    made = {"plain": torch.nn.RNN, "GRU": torch.nn.GRU, "LSTM": torch.nn.LSTM}[kind]
    layer = made(inputs, units, batch_first=True, bidirectional=len(ways) == 2, dtype=torch.float64)
    with torch.no_grad():
        for suffix, parameters in zip(("", "_reverse"), ways, strict=False):
            getattr(layer, f"weight_ih_l0{suffix}").copy_(torch.tensor(parameters["Wx"].T))
            getattr(layer, f"weight_hh_l0{suffix}").copy_(torch.tensor(parameters["Wh"].T))
            getattr(layer, f"bias_ih_l0{suffix}").copy_(torch.tensor(parameters["b"]))
            getattr(layer, f"bias_hh_l0{suffix}").zero_()
    return layer


def torch_slopes(layer: Any, suffix: str = "") -> Answers:
    """Return the gradients that autograd left, with the axes of ours."""
    names = {"dWx": "weight_ih_l0", "dWh": "weight_hh_l0", "db": "bias_ih_l0"}
    return {name: getattr(layer, own + suffix).grad.numpy().T for name, own in names.items()}


def torch_truth(case: Case) -> Answers:
    """Return the answers of PyTorch's own layer on packed sequences in float64, gradients by autograd."""
    torch = import_torch()
    _, steps, inputs = case.xs.shape
    layer = torch_layer(case.kind, inputs, case.dhs.shape[2], case.parameters)
    xs = torch.tensor(case.xs, requires_grad=True)
    first = [torch.tensor(state[None], requires_grad=True) for state in case.states]
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        xs, torch.tensor(case.lengths), batch_first=True, enforce_sorted=False
    )
    out, last = layer(packed, tuple(first) if case.kind == "LSTM" else first[0])
    last = last if case.kind == "LSTM" else (last,)
    hs, _ = torch.nn.utils.rnn.pad_packed_sequence(out, batch_first=True, total_length=steps)
    real = torch.tensor(case.mask)[:, :, None]
    hs = hs * real + last[0][0][:, None] * (1 - real)  # behind the end the last state comes again
    cost = (hs * torch.tensor(case.dhs)).sum()
    cost = cost + sum((state[0] * torch.tensor(d)).sum() for state, d in zip(last, case.dlast, strict=True))
    cost.backward()
    found = {"hs": hs.detach().numpy(), "dxs": xs.grad.numpy(), **torch_slopes(layer)}
    found |= {f"last{k}": state.detach().numpy()[0] for k, state in enumerate(last)}
    return found | {f"dstate{k}": state.grad.numpy()[0] for k, state in enumerate(first)}


# --- Wrong answers, made from the right ones


def without_mask(solution: Solution, case: Case) -> Answers:
    """Run over the padding, forwards and backwards."""
    return solve(solution, case._replace(lengths=np.full(len(case.lengths), case.xs.shape[1])))


def end_forgotten(solution: Solution, case: Case) -> Answers:
    """Let nothing come from behind the end."""
    silent = tuple(np.zeros_like(d) for d in case.dlast)
    return solve(solution, case._replace(dlast=silent))


def averaged(solution: Solution, case: Case) -> Answers:
    """Divide the parameters' gradients by the number of sequences."""
    return {name: solve(solution, case)[name] / len(case.xs) for name in ("dWx", "dWh", "db")}


def spoiled_by(wrong: Callable[..., Answers], kind: str) -> set[str]:
    """Return which answers of a kind of cell a wrong answer spoils."""
    slopes = {"dWx", "dWh", "db", "dxs", *(f"dstate{k}" for k in range(STATES[kind]))}
    values = {"hs", *(f"last{k}" for k in range(STATES[kind]))}
    return {without_mask: slopes | values, end_forgotten: slopes, averaged: {"dWx", "dWh", "db"}}[wrong]


ORACLES = {"mpmath": (mpmath_truth, 1e-13), "torch": (torch_truth, 1e-12)}


@pytest.fixture(scope="module")
def solution() -> Solution:
    """Load what the source notebook's solution defines."""
    return load_solution(Course(Path(__file__).parents[2]), "gated_cells")


@pytest.mark.parametrize("oracle", sorted(ORACLES))
@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize("wrong", [without_mask, end_forgotten, averaged], ids=lambda wrong: wrong.__name__)
def test_wrong_answer_is_rejected(
    solution: Solution, oracle: str, kind: str, wrong: Callable[[Solution, Case], Answers]
) -> None:
    """Each oracle rejects a typical wrong answer in all that it spoils, and in nothing else."""
    truth, rtol = ORACLES[oracle]
    case = draw_case(kind, SMALL[0])._replace(lengths=np.array([2, 3]))
    answers = {**solve(solution, case), **wrong(solution, case)}
    assert disagreements(answers, truth(case), rtol) == spoiled_by(wrong, kind)


@pytest.mark.parametrize("oracle", sorted(ORACLES))
@pytest.mark.parametrize("kind", BLOCKS)
def test_smallest_fault_is_rejected(solution: Solution, oracle: str, kind: str) -> None:
    """Each oracle rejects any one answer that is off by 1e-11 of itself, has an axis too many, or is NaN."""
    truth, rtol = ORACLES[oracle]
    case = draw_case(kind, SMALL[2])
    right, found = solve(solution, case), truth(case)
    for name in found:
        for fault in (right[name] * (1 + 1e-11), right[name][None], right[name] * np.nan):
            assert disagreements({**right, name: fault}, found, rtol) == {name}


@pytest.mark.parametrize("scale", [0.7, 1.4])
@pytest.mark.parametrize("sizes", SMALL, ids=str)
@pytest.mark.parametrize("kind", BLOCKS)
def test_mpmath(solution: Solution, kind: str, sizes: Sizes, scale: float) -> None:
    """States, last states and all gradients of a masked layer agree with 50-digit arithmetic to 1e-13."""
    case = draw_case(kind, sizes, scale)
    assert disagreements(solve(solution, case), mpmath_truth(case), 1e-13) == set()


@pytest.mark.parametrize("sizes", [*SMALL, *LARGER], ids=str)
@pytest.mark.parametrize("kind", BLOCKS)
def test_torch(solution: Solution, kind: str, sizes: Sizes) -> None:
    """States, last states and all gradients agree with PyTorch's own layers on packed sequences to 1e-12."""
    case = draw_case(kind, sizes)
    assert disagreements(solve(solution, case), torch_truth(case), 1e-12) == set()


@pytest.mark.parametrize("kind", BLOCKS)
def test_torch_in_both_directions(solution: Solution, kind: str) -> None:
    """Outputs inside the lengths, last states, and gradients of both directions agree with PyTorch's to 1e-12."""
    torch = import_torch()
    one, two = (draw_case(kind, Sizes(4, 6, 3, 5), scale) for scale in (0.7, 0.9))
    lengths, step = np.array([6, 2, 4, 1]), functions(solution, kind)[0]
    hs, last = solution["run_both"](step, one.xs, lengths, one.parameters, two.parameters)
    layer = torch_layer(kind, 3, 5, one.parameters, two.parameters)
    xs = torch.tensor(one.xs, requires_grad=True)
    packed = torch.nn.utils.rnn.pack_padded_sequence(xs, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    out, ends = layer(packed)
    out, _ = torch.nn.utils.rnn.pad_packed_sequence(out, batch_first=True)
    ends = ends if kind == "LSTM" else (ends,)
    inside = solution["make_mask"](lengths, 6)[:, :, None]
    truth = {"hs": out.detach().numpy() * inside}
    answers = {"hs": hs * inside}
    for way in range(2):
        truth |= {f"{way}{k}": end[way].detach().numpy() for k, end in enumerate(ends)}
        answers |= {f"{way}{k}": state for k, state in enumerate(last[way])}
    dlast = (one.dlast, two.dlast)
    cost = sum((end[way] * torch.tensor(dlast[way][k])).sum() for way in range(2) for k, end in enumerate(ends))
    cost.backward()
    cell = solution["cell_named"](kind)
    _, caches = solution["both_ends"](cell, one.xs, lengths, one.parameters, two.parameters)
    dxs, ahead, behind = solution["run_both_backward"](cell, dlast, caches, lengths, one.parameters, two.parameters)
    answers |= (
        {"dxs": dxs} | {f"ahead {k}": v for k, v in ahead.items()} | {f"behind {k}": v for k, v in behind.items()}
    )
    truth |= {"dxs": xs.grad.numpy()} | {f"ahead {k}": v for k, v in torch_slopes(layer).items()}
    truth |= {f"behind {k}": v for k, v in torch_slopes(layer, "_reverse").items()}
    assert disagreements(answers, truth, 1e-12) == set()


# --- The decoder, the loss, the whole of encoder and decoder


def draw_decoder(rng: np.random.Generator, symbols: int, context: int, units: int) -> dict[str, np.ndarray]:
    """Draw the parameters of a decoder."""
    shapes = {
        "Wx": (symbols + context, 3 * units),
        "Wh": (units, 3 * units),
        "b": (3 * units,),
        "Wy": (units, symbols),
        "by": (symbols,),
    }
    return {name: 0.6 * rng.standard_normal(shape) for name, shape in shapes.items()}


def test_decoder_with_torch(solution: Solution) -> None:
    """Logits, the context's gradient and the five parameters' agree with PyTorch's GRU and Linear, and its loss."""
    torch = import_torch()
    rng = np.random.default_rng(3)
    weights, c = draw_decoder(rng, 4, 3, 5), rng.standard_normal((3, 3))
    targets = np.array([[0, 2, 3, 1, 3], [1, 3, -1, -1, -1], [2, 2, 0, 3, -1]])
    ys = np.zeros((3, 5, 4))
    ys[:, 1:] = np.eye(4)[targets[:, :-1]] * (targets[:, :-1, None] >= 0)
    logits, cache = solution["decode_forward"](c, ys, weights)
    loss, slope = solution["softmax_loss"](logits, targets)
    dc, grads = solution["decode_backward"](slope, cache, weights)
    layer = torch_layer("GRU", 7, 5, weights)
    linear = torch.nn.Linear(5, 4, dtype=torch.float64)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor(weights["Wy"].T))
        linear.bias.copy_(torch.tensor(weights["by"]))
    context = torch.tensor(c, requires_grad=True)
    out = linear(layer(torch.cat([torch.tensor(ys), context[:, None].expand(3, 5, 3)], dim=2))[0])
    their = torch.nn.functional.cross_entropy(out.reshape(-1, 4), torch.tensor(targets).reshape(-1), ignore_index=-1)
    their.backward()
    truth = {"logits": out.detach().numpy(), "loss": their.detach().numpy(), "dc": context.grad.numpy()}
    truth |= torch_slopes(layer) | {"dWy": linear.weight.grad.numpy().T, "dby": linear.bias.grad.numpy()}
    assert disagreements({"logits": logits, "loss": loss, "dc": dc, **grads}, truth, 1e-12) == set()


def distance(cost: Callable[[], float], array: np.ndarray, slope: np.ndarray) -> float:
    """Return the relative distance of a gradient from central differences; `cost` reads the array."""
    found = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        old, costs = array[place], []
        for shift in (1e-5, -1e-5):
            array[place] = old + shift
            costs.append(cost())
        array[place] = old
        found[place] = (costs[0] - costs[1]) / 2e-5
    return float(np.linalg.norm(found - slope) / (np.linalg.norm(found) + np.linalg.norm(slope)))


@pytest.mark.parametrize("kind", BLOCKS)
def test_layer_by_differences(solution: Solution, kind: str) -> None:
    """Every gradient of a layer whose mask has a hole agrees with differences; at a 0 of the mask dxs is exactly 0."""
    case, (step, backward) = draw_case(kind, LARGER[0]), functions(solution, kind)
    mask = case.mask
    mask[-1, 3] = 0.0
    given = {**case.parameters, "xs": case.xs.copy()} | {f"s{k}": s.copy() for k, s in enumerate(case.states)}

    def cost() -> float:
        states = tuple(given[f"s{k}"] for k in range(STATES[kind]))
        hs, last, _ = solution["run_layer"](step, given["xs"], states, given, mask)
        return float(np.sum(hs * case.dhs) + sum(np.sum(s * d) for s, d in zip(last, case.dlast, strict=True)))

    _, _, caches = solution["run_layer"](step, case.xs, case.states, case.parameters, mask)
    dxs, first, grads = solution["run_layer_backward"](backward, case.dhs, case.dlast, caches, case.parameters, mask)
    slopes = {"xs": dxs, **{f"s{k}": d for k, d in enumerate(first)}, **{k[1:]: v for k, v in grads.items()}}
    assert max(distance(cost, given[name], slope) for name, slope in slopes.items()) < 1e-8
    assert not dxs[mask == 0].any()


def test_encoder_and_decoder_by_differences(solution: Solution) -> None:
    """The gradient by the reader's weights, through the context, agrees with differences of the whole loss."""
    rng, cell = np.random.default_rng(4), solution["cell_named"]("GRU")
    reader = {name: 0.6 * rng.standard_normal(a.shape) for name, a in solution["initialise"](cell, 10, 5, rng).items()}
    writer, numbers = draw_decoder(rng, 8, 5, 4), [7, 1984, 30]
    targets, late = solution["spelled"]([solution["roman"](number) for number in numbers], solution["ROMAN"])

    def cost() -> float:
        context, _ = solution["read_number"](reader, numbers)
        return float(solution["softmax_loss"](solution["decode_forward"](context, late, writer)[0], targets)[0])

    context, (caches, mask) = solution["read_number"](reader, numbers)
    logits, cache = solution["decode_forward"](context, late, writer)
    dc, grads = solution["decode_backward"](solution["softmax_loss"](logits, targets)[1], cache, writer)
    nothing = np.zeros((3, mask.shape[1], 5))
    back = solution["run_layer_backward"](solution["gru_step_backward"], nothing, (dc,), caches, reader, mask)
    assert max(distance(cost, reader[name], back[2][f"d{name}"]) for name in reader) < 1e-7
    assert max(distance(cost, writer[name], grads[f"d{name}"]) for name in writer) < 1e-7
