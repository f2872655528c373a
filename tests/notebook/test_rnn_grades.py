"""What answers to rnn_from_scratch earn that no catalogue holds: wrong ones of many kinds, right ones of rare forms.

Each is judged in this process, in a notebook of its own for every seed: the same code earns the same score.
"""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.judging.assignment import load_assignment
from gradekit.judging.inprocess import InProcess
from gradekit.judging.judge import judge
from gradekit.judging.reference import _checks_importable, solution_cells
from gradekit.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradekit.model import ExerciseResult

COURSE = Course(Path(__file__).parents[2])
LOADED = load_assignment(COURSE, "rnn_from_scratch")
CELLS = {
    cell.id: cell.source for cell in solution_cells(notebook.cells(notebook.read(COURSE.source("rnn_from_scratch"))))
}
POINTS = {exercise.name: exercise.points for exercise in LOADED.exercises}
SEEDS = (b"one", b"another", b"a third")


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: the solution's cell of an exercise with something after it, and what it earns.

    Attributes
    ----------
    after : str
        What a learner would have typed below the solution, for example to limit what it returns.
    most : float
        The share of the exercise's points that it may earn.
    least : float
        The share that it must be left: what is right in it counts.
    """

    exercise: str
    after: str
    most: float
    least: float = 0.0


def limited(function: str, expression: str) -> str:
    """Return what makes another dictionary of a function's gradients."""
    return f"""
true_{function} = {function}

def {function}(*args, **kwargs):
    grads = true_{function}(*args, **kwargs)
    return {expression}
"""


def truncated(every: int) -> str:
    """Return a backward that drops its carry every so many steps."""
    dropped = f"dz_next = dz_t if t % {every} else np.zeros_like(dz_t)"
    return CELLS["backward"].replace("dz_next = dz_t", dropped)


def forgetful(every: int) -> str:
    """Return a forward that begins from nothing every so many steps."""
    first = f"        h_prev = h_prev if t % {every} else 0 * h_prev\n        yhats[:, t], hs"
    return CELLS["forward"].replace("        yhats[:, t], hs", first)


def guarded(guard: str) -> str:
    """Return a compute_cost with another guard of the logarithm."""
    return CELLS["compute_cost"].replace("np.maximum(yhats, 1e-12)", guard)


def net(old: str, new: str) -> str:
    """Return the network with one thing changed."""
    assert old in CELLS["network"]
    return CELLS["network"].replace(old, new)


DIFFERENCES = """
def backward(y, parameters, cache, act_derivative=Tanh().derivative):
    act = Tanh()
    def cost(values):
        return compute_cost(y, forward(cache["inputs"], values, act)[0])
    grads = {}
    for name, array in parameters.items():
        grads["d" + name] = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            costs = []
            for k in (2, 1, -1, -2):
                moved = {key: value.copy() for key, value in parameters.items()}
                moved[name][place] += k * STEP
                costs.append(cost(moved))
            two, one, minus, minus_two = costs
            grads["d" + name][place] = (minus_two - 8 * minus + 8 * one - two) / (12 * STEP)
    return grads
"""

TINY = """
class RecurrentNeuralNetwork:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.sizes = input_size, hidden_size, output_size
        self.initialize_parameters()

    def initialize_parameters(self):
        drawn = initialize_rnn_parameters(*self.sizes)
        self.parameters = {key: 1e-13 * np.random.randn(*value.shape) for key, value in drawn.items()}

    def forward(self, inputs):
        N, T, _ = inputs.shape
        self.yhats = np.full((N, T, self.sizes[2]), 1 / self.sizes[2])
        zeros = np.zeros((N, T, self.sizes[1]))
        self.caches = {"hs": zeros, "zs": zeros, "yhats": self.yhats, "inputs": inputs}
        return self.yhats

    def backward(self, y):
        self.grads = {"d" + key: np.zeros_like(value) for key, value in self.parameters.items()}
        self.grads["dby"] = (self.yhats - y).mean(axis=(0, 1))[:, None]

    def __call__(self, inputs):
        return self.forward(inputs)
"""

CLIP = "{key: np.clip(value, -1, 1) for key, value in grads.items()}"
BY_NORM = "{key: value * min(1, %s / (1e-300 + np.linalg.norm(value))) for key, value in grads.items()}"
WHOLE = "np.sqrt(sum(np.sum(value**2) for value in grads.values()))"

REPLACED = {
    "carry dropped every 2 steps": Wrong("backward", truncated(2), 0.5),
    "carry dropped every 13 steps": Wrong("backward", truncated(13), 0.7, 0.4),
    "carry dropped every 21 steps": Wrong("backward", truncated(21), 0.7, 0.4),
    "carry dropped after 30 steps": Wrong("backward", truncated(30), 0.75, 0.4),
    "state forgotten every 3 steps": Wrong("forward", forgetful(3), 0.25),
    "state forgotten every 21 steps": Wrong("forward", forgetful(21), 0.6, 0.3),
    "guard of 1e-6 added": Wrong("compute_cost", guarded("yhats + 1e-6"), 0.6, 0.4),
    "guard of 1e-7 added": Wrong("compute_cost", guarded("yhats + 1e-7"), 0.6, 0.4),
    "floor of 1e-7": Wrong("compute_cost", guarded("np.maximum(yhats, 1e-7)"), 0.6, 0.4),
    "floor of 1e-4": Wrong("compute_cost", guarded("np.clip(yhats, 1e-4, 1)"), 0.6, 0.4),
    "differences of four points, step 1e-3": Wrong("backward", "STEP = 1e-3\n" + DIFFERENCES, 0.65),
    "differences of four points, step 0.1": Wrong("backward", "STEP = 0.1\n" + DIFFERENCES, 0.5),
    "parameters of 1e-13 that need no forward": Wrong("network", TINY, 0.0),
    "network that never uses act": Wrong(
        "network",
        net("self.parameters, self.act)", "self.parameters)").replace(
            "self.caches, self.act.derivative", "self.caches"
        ),
        0.75,
        0.5,
    ),
    "network that begins its sums at the last call's": Wrong(
        "network",
        net(
            "        self.grads = backward(y, self.parameters, self.caches, self.act.derivative)",
            "        now = backward(y, self.parameters, self.caches, self.act.derivative)\n"
            "        self.grads = {key: value + self.grads.get(key, 0) for key, value in now.items()}",
        ),
        0.75,
        0.5,
    ),
    "network that keeps its first cache": Wrong(
        "network",
        net("        outputs, self.caches =", "        outputs, cache =").replace(
            "        ### END SOLUTION\n        return outputs",
            "        self.caches = self.caches or cache\n        ### END SOLUTION\n        return outputs",
        ),
        0.75,
        0.5,
    ),
}
ADDED = {
    "gradients clipped at 1": Wrong("backward", limited("backward", CLIP), 0.9, 0.5),
    "gradients clipped at 100": Wrong("backward", limited("backward", CLIP.replace("-1, 1", "-100, 100")), 0.9, 0.5),
    "each gradient's norm at most 1": Wrong("backward", limited("backward", BY_NORM % 1), 0.9, 0.4),
    "the whole norm at most 5": Wrong(
        "backward",
        limited("backward", f"{{key: value * min(1, 5 / {WHOLE}) for key, value in grads.items()}}"),
        0.9,
        0.5,
    ),
    "small gradients set to zero": Wrong(
        "backward",
        limited("backward", "{key: (abs(value) > 1e-6) * value for key, value in grads.items()}"),
        0.9,
    ),
    "rounded to 8 digits": Wrong(
        "backward", limited("backward", "{key: np.round(value, 8) for key, value in grads.items()}"), 0.9
    ),
    "gradients squeezed": Wrong(
        "backward",
        limited(
            "backward", "{key: value if args[0].shape[0] > 1 else np.squeeze(value) for key, value in grads.items()}"
        ),
        0.97,
        0.85,
    ),
    "cost off by the distance": Wrong(
        "compute_cost", "\ndef compute_cost(y, yhats):\n    return 1e3 * abs(y - yhats).sum()\n", 0.0
    ),
    "tanh of constants": Wrong(
        "tanh",
        "\nTanh.forward = lambda self, x: np.ones_like(x)\nTanh.derivative = lambda self, x: np.zeros_like(x)\n"
        "Tanh.__call__ = Tanh.forward\n",
        0.0,
    ),
    "seed set inside": Wrong(
        "initialize",
        "\ntrue_initialize = initialize_rnn_parameters\n\ndef initialize_rnn_parameters(n_x, n_h, n_y):\n"
        "    np.random.seed(1)\n    return true_initialize(n_x, n_h, n_y)\n",
        0.6,
        0.2,
    ),
    "pre-activations limited": Wrong(
        "rnn_layer",
        "\ntrue_layer = rnn_layer\n\ndef rnn_layer(x_t, h_prev, parameters, act=Tanh()):\n"
        "    _, h_t, z_t = true_layer(x_t, h_prev, parameters, act)\n    z_t = np.clip(z_t, -10, 10)\n"
        "    h_t = act(z_t)\n    return softmax(h_t @ parameters['Wy'].T + parameters['by'].T), h_t, z_t\n",
        0.6,
    ),
    "one shift for the batch in the layer": Wrong(
        "rnn_layer",
        "\ntrue_layer = rnn_layer\n\ndef rnn_layer(x_t, h_prev, parameters, act=Tanh()):\n"
        "    _, h_t, z_t = true_layer(x_t, h_prev, parameters, act)\n"
        "    u_t = h_t @ parameters['Wy'].T + parameters['by'].T\n    e = np.exp(u_t - u_t.max())\n"
        "    return e / e.sum(axis=1, keepdims=True), h_t, z_t\n",
        0.95,
        0.8,
    ),
    "single rows squeezed in softmax": Wrong(
        "softmax",
        "\ntrue_softmax = softmax\n\ndef softmax(x):\n"
        "    return np.squeeze(true_softmax(x)) if len(x) == 1 else true_softmax(x)\n",
        0.9,
        0.5,
    ),
    "scores limited to 700 in softmax": Wrong(
        "softmax", "\ntrue_softmax = softmax\n\ndef softmax(x):\n    return true_softmax(np.clip(x, -700, 700))\n", 0.8
    ),
}
WRONG = REPLACED | {name: Wrong(w.exercise, CELLS[w.exercise] + w.after, w.most, w.least) for name, w in ADDED.items()}

RIGHT = {
    "tanh: through the hyperbolic cosine": (
        "tanh",
        """
class Tanh:
    def forward(self, x):
        return np.tanh(x)

    def derivative(self, x):
        return 1 / np.cosh(np.clip(x, -300, 300)) ** 2

    __call__ = forward
""",
    ),
    "tanh: the imaginary part of a tangent": (
        "tanh",
        """
class Tanh:
    def forward(self, x):
        return np.tan(1j * x).imag

    def derivative(self, x):
        return 1 - self.forward(x) ** 2

    def __call__(self, x):
        return self.forward(x)
""",
    ),
    "softmax: in a buffer of its own, in place": (
        "softmax",
        """
def softmax(x):
    buffer = np.array(x, dtype=float)
    buffer -= buffer.max(axis=1)[:, None]
    np.exp(buffer, out=buffer)
    buffer /= buffer.sum(axis=1)[:, None]
    return buffer
""",
    ),
    "softmax: shifted beyond the maximum": (
        "softmax",
        """
def softmax(x):
    shifted = np.exp(x - x.max(axis=1, keepdims=True) - 3.0)
    return shifted / (shifted @ np.ones((x.shape[1], 1)))
""",
    ),
    "initialize: by a helper and a comprehension": (
        "initialize",
        """
def initialize_rnn_parameters(n_x, n_h, n_y):
    shapes = [("Wx", n_h, n_x), ("Wh", n_h, n_h), ("Wy", n_y, n_h)]
    drawn = {name: np.random.normal(size=rows * columns).reshape(rows, columns) / np.sqrt((rows + columns) / 2)
             for name, rows, columns in shapes}
    return {**drawn, "bh": np.zeros((n_h, 1)), "by": np.zeros((n_y, 1))}
""",
    ),
    "rnn_layer: tensordot and broadcast biases": (
        "rnn_layer",
        """
def rnn_layer(x_t, h_prev, parameters, act=Tanh()):
    def affine(rows, W):
        return np.tensordot(rows, W, axes=([1], [1]))
    z_t = affine(x_t, parameters["Wx"])
    z_t += affine(h_prev, parameters["Wh"])
    z_t += np.broadcast_to(parameters["bh"].T, z_t.shape)
    h_t = act(z_t)
    return softmax(affine(h_t, parameters["Wy"]) + parameters["by"][:, 0]), h_t, z_t
""",
    ),
    "forward: by recursion": (
        "forward",
        """
def forward(inputs, parameters, act=Tanh()):
    T = inputs.shape[1]

    def scan(t, h):
        if t == T:
            return []
        step = rnn_layer(inputs[:, t], h, parameters, act)
        return [step, *scan(t + 1, step[1])]

    steps = scan(0, np.zeros((len(inputs), len(parameters["Wh"]))))
    yhats, hs, zs = (np.stack([step[k] for step in steps], axis=1) for k in range(3))
    return yhats, {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}
""",
    ),
    "forward: time in front, by accumulate": (
        "forward",
        """
from itertools import accumulate

def forward(inputs, parameters, act=Tanh()):
    nothing = np.zeros((inputs.shape[0], parameters["Wh"].shape[0]))
    first = (None, nothing, None)
    layer = lambda last, x: rnn_layer(x, last[1], parameters, act)
    steps = list(accumulate(inputs.swapaxes(0, 1), layer, initial=first))
    yhats, hs, zs = (np.array(part).swapaxes(0, 1) for part in zip(*steps[1:]))
    return yhats, {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}
""",
    ),
    "compute_cost: a guard of 1e-15 added": ("compute_cost", guarded("yhats + 1e-15")),
    "compute_cost: clipped at 1e-8 on both sides": ("compute_cost", guarded("np.clip(yhats, 1e-8, 1 - 1e-8)")),
    "compute_cost: a guard of 1e-8 added, mean of step by step": (
        "compute_cost",
        """
def compute_cost(y, yhats):
    steps = [-np.dot(target, np.log(answer + 1e-8)) for target, answer in
             zip(y.reshape(-1, y.shape[2]), yhats.reshape(-1, y.shape[2]))]
    return sum(steps) / len(steps)
""",
    ),
    "compute_cost: logarithms base 2, turned into nats": (
        "compute_cost",
        guarded("1.0").replace("np.log(1.0)", "np.log2(np.maximum(yhats, 1e-300)) * np.log(2)"),
    ),
    "backward: all steps at once after the carry, with einsum": (
        "backward",
        """
def backward(y, parameters, cache, act_derivative=Tanh().derivative):
    N, T, _ = y.shape
    du = (cache["yhats"] - y) / N / T
    slopes = [act_derivative(z) for z in cache["zs"].swapaxes(0, 1)]
    dz = [None] * T
    after = np.zeros(slopes[0].shape)
    for t in range(T)[::-1]:
        dz[t] = after = slopes[t] * (np.einsum("ny,yh->nh", du[:, t], parameters["Wy"]) + np.einsum(
            "nk,kh->nh", after, parameters["Wh"]))
    dz = np.stack(dz, axis=1)
    before = np.zeros_like(cache["hs"])
    before[:, 1:] = cache["hs"][:, :-1]

    def pair(one, other):
        return np.tensordot(one, other, axes=([0, 1], [0, 1]))

    ones = np.ones((N, T, 1))
    return {"dWx": pair(dz, cache["inputs"]), "dWh": pair(dz, before), "dWy": pair(du, cache["hs"]),
            "dbh": pair(dz, ones), "dby": pair(du, ones)}
""",
    ),
    "backward: by recursion, from the first step on": (
        "backward",
        """
def backward(y, parameters, cache, act_derivative=Tanh().derivative):
    N, T, _ = y.shape
    grads = {"d" + key: np.zeros(value.shape) for key, value in parameters.items()}

    def back(t):
        if t == T:
            return 0.0
        du = (cache["yhats"][:, t] - y[:, t]) / (N * T)
        dz = act_derivative(cache["zs"][:, t]) * (du @ parameters["Wy"] + back(t + 1))
        grads["dWy"] += du.T @ cache["hs"][:, t]
        grads["dby"] += du.T @ np.ones((N, 1))
        grads["dWx"] += dz.T @ cache["inputs"][:, t]
        grads["dWh"] += dz.T @ cache["hs"][:, t - 1] if t else 0.0
        grads["dbh"] += dz.T @ np.ones((N, 1))
        return dz @ parameters["Wh"]

    back(0)
    return grads
""",
    ),
    "network: parameters as attributes, in a dictionary that is made when asked for": (
        "network",
        """
class RecurrentNeuralNetwork:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.layout, self.act = (input_size, hidden_size, output_size), act
        self.initialize_parameters()

    def initialize_parameters(self):
        for name, value in initialize_rnn_parameters(*self.layout).items():
            setattr(self, name, value)

    @property
    def parameters(self):
        return {name: getattr(self, name) for name in ("Wx", "Wh", "Wy", "bh", "by")}

    def forward(self, inputs):
        outputs, self.caches = forward(inputs, self.parameters, act=self.act)
        return outputs

    def backward(self, y):
        self.grads = backward(y, self.parameters, self.caches, self.act.derivative)

    def __call__(self, inputs):
        return self.forward(inputs)
""",
    ),
}


@pytest.fixture(autouse=True)
def _global_generator() -> Iterator[None]:
    """Leave numpy's global generator as it was: the hidden tests seed it."""
    before = np.random.get_state()
    yield
    np.random.set_state(before)


def judged(exercise: str, cell: str, seed: bytes) -> ExerciseResult:
    """Judge an exercise in the solution's notebook with another cell in it."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with _checks_importable():
        for name, solution in CELLS.items():
            source = cell if name == exercise else solution
            with contextlib.suppress(NotImplementedError):
                exec(compile(source, f"<cell {name}>", "exec"), namespace)
    return judge(LOADED, exercise, InProcess(namespace), seed=seed)


@functools.cache
def earned(exercise: str, cell: str) -> tuple[ExerciseResult, ...]:
    """Judge a cell under every seed."""
    return tuple(judged(exercise, cell, seed) for seed in SEEDS)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_answer_loses_what_is_wrong(name: str) -> None:
    """A wrong answer earns one score under every seed: what is right in it, and no more."""
    wrong = WRONG[name]
    assert wrong.after != CELLS[wrong.exercise]
    scores = {result.score for result in earned(wrong.exercise, wrong.after)}
    assert len(scores) == 1
    (score,) = scores
    assert score is not None
    assert wrong.least * POINTS[wrong.exercise] <= score <= wrong.most * POINTS[wrong.exercise]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answer_earns_everything(name: str) -> None:
    """A right answer of a rare form earns everything under every seed."""
    exercise, cell = RIGHT[name]
    assert cell != CELLS[exercise]
    for result in earned(exercise, cell):
        assert [(test.test, test.message) for test in result.tests if test.verdict is not Verdict.AC] == []
        assert result.score == POINTS[exercise]


def test_sizes_of_the_failing_case_are_named() -> None:
    """Who is right but for a single sequence loses that part only, and reads for which sizes."""
    wrong = WRONG["gradients squeezed"]
    (failed,) = (test for test in earned(wrong.exercise, wrong.after)[0].tests if test.verdict is not Verdict.AC)
    assert "N = 1, T = 3" in failed.message
