"""Every figure that the course's origin prints, from our solution and the origin's own deviations.

The kit follows its text; the document that it comes from deviates from that text in three ways, named here once:
``Wy`` is drawn at the reciprocal scale, the training loop hands `compute_cost` its arguments swapped, and one array
was printed out of order. Added to our solution, these reproduce all 501 printed numbers, kept in
``seed_figures.json``; left out, they give what the text promises.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from gradekit.course.course import Course
from gradekit.judging.reference import load_solution

FIGURES = json.loads((Path(__file__).parent / "seed_figures.json").read_text(encoding="utf-8"))
CHECKPOINTS = tuple(range(0, 1000, 100))
N_X, N_H, N_Y = 3, 9, 5  # of the unit examples; n_h is 100 in training

Solution = dict[str, Any]


class Batch(NamedTuple):
    """The origin's example of a batch: 7 sequences of 2 steps, forward and cost."""

    targets: np.ndarray
    parameters: dict[str, np.ndarray]
    outputs: np.ndarray
    cache: dict[str, np.ndarray]
    cost: float


class Training(NamedTuple):
    """The origin's training: 10 random sequences of 50 steps, 1000 steps of gradient descent.

    Attributes
    ----------
    first, last : (N, T, n_y) ndarray
        What is predicted at the first and at the last of the 1000 steps, each before its update.
    true, swapped : list of float
        The loss at step 0, 100, … 900: of the definition, and as the origin calls it.
    """

    network: Any
    targets: np.ndarray
    first: np.ndarray
    last: np.ndarray
    true: list[float]
    swapped: list[float]


@pytest.fixture(scope="module")
def solution() -> Solution:
    """Load what the source notebook's solution defines."""
    return load_solution(Course(Path(__file__).parents[2]), "rnn_from_scratch")


@pytest.fixture(scope="module")
def batch(solution: Solution) -> Batch:
    """Compute the batch as the origin does."""
    return _batch(solution, reciprocal=True)


@pytest.fixture(scope="module")
def printed_training(solution: Solution) -> Training:
    """Train as the origin does."""
    return _train(solution, reciprocal=True)


@pytest.fixture(scope="module")
def text_training(solution: Solution) -> Training:
    """Train with the scale that the text asks for."""
    return _train(solution, reciprocal=False)


def _rescale(parameters: dict[str, np.ndarray]) -> None:
    """Turn the scale of Wy, sqrt(2 / (n_h + n_y)), into its reciprocal, in place."""
    parameters["Wy"] *= sum(parameters["Wy"].shape) / 2


def _parameters(solution: Solution, *, reciprocal: bool) -> dict[str, np.ndarray]:
    parameters = solution["initialize_rnn_parameters"](N_X, N_H, N_Y)
    if reciprocal:
        _rescale(parameters)
    return parameters


def _network(solution: Solution, n_h: int, *, reciprocal: bool) -> Any:
    network = solution["RecurrentNeuralNetwork"](N_X, N_Y, n_h)
    if reciprocal:
        _rescale(network.parameters)
    return network


def _batch(solution: Solution, *, reciprocal: bool) -> Batch:
    np.random.seed(1)
    x = np.random.randn(7, 2, N_X)
    parameters = _parameters(solution, reciprocal=reciprocal)
    outputs, cache = solution["forward"](x, parameters)
    np.random.seed(123)
    targets = solution["generate_one_hot_targets"](7, 2, N_Y)
    return Batch(targets, parameters, outputs, cache, solution["compute_cost"](targets, outputs))


def _stepped_network(solution: Solution) -> tuple[Any, np.ndarray]:
    """Return the origin's network with its gradients, and dWx; 4 sequences of 2 steps."""
    np.random.seed(1)
    x = np.random.randn(4, 2, N_X)
    y = solution["generate_one_hot_targets"](4, 2, N_Y)
    network = _network(solution, N_H, reciprocal=True)
    assert network(x).shape == (4, 2, N_Y)
    network.backward(y)
    return network, network.grads["dWx"]


def _training_data(solution: Solution, sequences: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.randn(sequences, 50, N_X)
    return x, solution["generate_one_hot_targets"](sequences, 50, N_Y)


def _train(solution: Solution, *, reciprocal: bool) -> Training:
    np.random.seed(1)
    x, y = _training_data(solution, 10)
    network = _network(solution, 100, reciprocal=reciprocal)
    kept = {}
    for step in range(1000):
        outputs = network(x)
        if step in {*CHECKPOINTS, 999}:
            kept[step] = outputs
        network.backward(y)
        solution["gradient_descent_step"](network.parameters, network.grads, 0.01)
    true = [_true_loss(y, kept[step]) for step in CHECKPOINTS]
    swapped = [_swapped_loss(solution, y, kept[step]) for step in CHECKPOINTS]
    return Training(network, y, kept[0], kept[999], true, swapped)


def _true_loss(targets: np.ndarray, outputs: np.ndarray) -> float:
    """Return the cross-entropy of one-hot targets with nothing in the logarithm but the prediction."""
    return float(-np.log(np.sum(targets * outputs, axis=2)).mean())


def _swapped_loss(solution: Solution, targets: np.ndarray, outputs: np.ndarray) -> float:
    """Return what the origin's training loop prints: predictions and clipped targets in each other's place."""
    return float(solution["compute_cost"](outputs, np.clip(targets, 1e-10, 1 - 1e-10)))


def _accuracy(targets: np.ndarray, outputs: np.ndarray) -> float:
    return float(np.mean(targets.argmax(axis=2) == outputs.argmax(axis=2)))


def assert_prints(answer: np.ndarray, figure: str) -> None:
    """Assert that `answer` rounds to the printed figure, all of it."""
    ((notation, values),) = FIGURES[figure].items()
    printed = np.array(values)
    # numpy prints eight decimals: of the number, or of its mantissa.
    unit = 1e-8 * (10.0 ** np.floor(np.log10(np.abs(printed))) if notation == "scientific" else np.ones(printed.shape))
    assert answer.shape == printed.shape
    # Half a unit, and room for a tie that another processor's last bit would round the other way.
    excess = np.abs(answer - printed) / unit - 0.501
    assert np.all(excess <= 0), f"{figure}: off by {excess.max() + 0.501:.3g} units of the last printed digit"


def test_comparison_can_fail() -> None:
    """An array with one last digit off by one, with a NaN, or with rows missing does not pass for the printed one."""
    for figure, notation in (("backward_dWx", "fixed"), ("rnn_layer_y_t", "scientific")):
        printed = np.array(FIGURES[figure][notation])
        assert_prints(printed, figure)
        nudged, unknown = printed.copy(), printed.copy()
        nudged[1, 0] += 1e-8 * (1 if notation == "fixed" else 1e-5)
        unknown[0, 1] = np.nan
        for wrong in (nudged, unknown, printed[:1]):
            with pytest.raises(AssertionError):
                assert_prints(wrong, figure)


def test_tanh(solution: Solution) -> None:
    """Tanh and its derivative give the printed arrays with nothing changed."""
    np.random.seed(1)
    x = np.random.randn(2, 3)
    act = solution["Tanh"]()
    assert_prints(act(x), "tanh")
    assert_prints(act.forward(x), "tanh")
    assert_prints(act.derivative(x), "tanh_derivative")


def test_softmax_drawn_out_of_order(solution: Solution) -> None:
    """Softmax gives the printed array if its input is drawn out of order, after the last cell's data and weights."""
    np.random.seed(1)
    _training_data(solution, 10)
    _network(solution, 100, reciprocal=False)
    y = solution["softmax"](np.random.randn(4, 5))
    assert_prints(y, "softmax")
    assert_prints(y.sum(axis=1, keepdims=True), "softmax_row_sums")


def test_softmax_after_restart(solution: Solution) -> None:
    """Softmax gives another array, not the printed one, if the origin is restarted and run from top to bottom."""
    np.random.seed(1)
    np.random.randn(2, 3)  # the input of Tanh
    y = solution["softmax"](np.random.randn(4, 5))
    assert_prints(y[0, :3], "softmax_after_restart")


@pytest.mark.parametrize("weight", ["Wx", "Wh"])
def test_initialization(solution: Solution, weight: str) -> None:
    """Wx and Wh of the initialisation are the printed arrays with nothing changed."""
    np.random.seed(1)
    assert_prints(_parameters(solution, reciprocal=False)[weight], f"initialize_{weight}")


def test_initialization_of_wy(solution: Solution) -> None:
    """Wy of the initialisation is the printed array if its scale is the reciprocal of the text's."""
    np.random.seed(1)
    assert_prints(_parameters(solution, reciprocal=True)["Wy"], "initialize_Wy")


def test_rnn_layer(solution: Solution) -> None:
    """One step gives the printed prediction if Wy's scale is the reciprocal of the text's."""
    np.random.seed(1)
    parameters = _parameters(solution, reciprocal=True)
    np.random.seed(1)
    x, h_prev = np.random.randn(2, N_X), np.random.randn(2, N_H)
    y_t, _, _ = solution["rnn_layer"](x, h_prev, parameters)
    assert_prints(y_t, "rnn_layer_y_t")


def test_forward(batch: Batch) -> None:
    """The batch's predictions are the printed ones if Wy's scale is the reciprocal of the text's."""
    assert_prints(batch.outputs, "forward_y_pred")


def test_cost(batch: Batch) -> None:
    """The batch's cost is the printed one to 14 digits if Wy's scale is the reciprocal of the text's."""
    # Sixteen digits are printed; the last two depend on the processor's tanh and on the order of sums.
    assert batch.cost == pytest.approx(FIGURES["cost"], rel=1e-14, abs=0)


def test_cost_with_the_scale_of_the_text(solution: Solution) -> None:
    """The batch's cost is 1.868, not 5.676, with Wy's scale as the text has it."""
    assert _batch(solution, reciprocal=False).cost == pytest.approx(1.868, abs=0.0005)


def test_backward(solution: Solution, batch: Batch) -> None:
    """The batch's dWx is the printed array if Wy's scale is the reciprocal of the text's."""
    grads = solution["backward"](batch.targets, batch.parameters, batch.cache)
    assert_prints(grads["dWx"], "backward_dWx")


def test_network(solution: Solution) -> None:
    """The network's dWx is the printed array if Wy's scale is the reciprocal of the text's."""
    assert_prints(_stepped_network(solution)[1], "network_dWx")


def test_gradient_descent_step(solution: Solution) -> None:
    """All 167 parameters after one step are the printed ones if Wy's scale is the reciprocal of the text's."""
    network, _ = _stepped_network(solution)
    solution["gradient_descent_step"](network.parameters, network.grads, learning_rate=0.01)
    assert sum(parameter.size for parameter in network.parameters.values()) == 167
    for name, parameter in network.parameters.items():
        assert_prints(parameter, f"after_one_step_{name}")


def test_printed_training_losses(printed_training: Training) -> None:
    """The ten losses are the printed ones if Wy has the reciprocal scale and compute_cost its arguments swapped."""
    printed = np.array([FIGURES["training_losses"][str(step)] for step in CHECKPOINTS])
    assert printed_training.swapped[0] == pytest.approx(printed[0], rel=1e-14, abs=0)
    # Large Wy makes the first steps chaotic: one last bit in the weights moves iteration 100 by 5e-6 and the later ones
    # by 1e-6 (the largest of 40 tries), though the run is otherwise the same.
    assert printed_training.swapped[1] == pytest.approx(printed[1], rel=5e-5)
    np.testing.assert_allclose(printed_training.swapped[2:], printed[2:], rtol=1e-5)


def test_true_training_losses(solution: Solution, printed_training: Training) -> None:
    """Behind the printed losses stand true ones of 33.098 (15.755 if clipped at 1e-10), then 0.0557 down to 0.0146."""
    known = [0.0557, 0.0333, 0.0270, 0.0233, 0.0207, 0.0187, 0.0171, 0.0158, 0.0146]
    assert printed_training.true[0] == pytest.approx(33.098, abs=0.0005)
    np.testing.assert_allclose(printed_training.true[1:], known, rtol=0, atol=0.00005)
    clipped = np.clip(printed_training.first, 1e-10, 1 - 1e-10)
    assert solution["compute_cost"](printed_training.targets, clipped) == pytest.approx(15.755, abs=0.0005)


def test_end_of_the_printed_training(printed_training: Training) -> None:
    """After 1000 steps with Wy's reciprocal scale the true loss is 0.0136 and the accuracy 0.994."""
    targets, outputs = printed_training.targets, printed_training.last
    assert _true_loss(targets, outputs) == pytest.approx(0.0136, abs=0.00005)
    assert _accuracy(targets, outputs) == pytest.approx(0.994, abs=0.0005)


def test_end_of_training_with_the_scale_of_the_text(text_training: Training) -> None:
    """After 1000 steps with Wy's scale as the text has it the true loss is 1.026 and the accuracy 0.626."""
    targets, outputs = text_training.targets, text_training.last
    assert _true_loss(targets, outputs) == pytest.approx(1.026, abs=0.0005)
    assert _accuracy(targets, outputs) == pytest.approx(0.626, abs=0.0005)


def test_nothing_recurrent_is_learnt(solution: Solution, text_training: Training) -> None:
    """The trained network hits 0.252 of 500 fresh labels (seed 7) and 0.200 of 50,000, which of 5 classes is chance."""
    np.random.seed(7)
    x, y = _training_data(solution, 10)
    assert _accuracy(y, text_training.network(x)) == pytest.approx(0.252, abs=0.0005)
    x, y = _training_data(solution, 1000)
    # Five deviations of a mean of 50,000 draws with chance 0.2 are 0.009.
    assert _accuracy(y, text_training.network(x)) == pytest.approx(0.200, abs=0.009)
