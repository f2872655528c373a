"""What answers to next_token earn that stand in no catalogue: wrong ones lose, right ones do not, whatever is drawn."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from gradekit.course.course import Course
from gradekit.judging.assignment import load_assignment
from gradekit.judging.catalogue import load_misconceptions
from gradekit.judging.inprocess import InProcess, quiet
from gradekit.judging.judge import judge
from gradekit.judging.reference import load_solution

COURSE = Course(Path(__file__).parents[2])
NAME = "next_token"
LOADED = load_assignment(COURSE, NAME)
SEEDS = (b"", b"another class", b"a third one")


class Wrong(NamedTuple):
    """A wrong answer: what stands where in the cell of the solution, or after it, and what it may earn at most."""

    exercise: str
    was: str
    now: str
    most: float


def cut(every: int, most: float) -> Wrong:
    """Return a backward pass that drops what it carries every few steps."""
    now = f"dz_next = dz * (t % {every} > 0)"
    return Wrong("backward_pass", "dz_next = dz\n", now + "\n", most)


def forgetting(every: int, to: str, most: float) -> Wrong:
    """Return a forward pass that begins anew every few steps."""
    now = f"""first = hidden_state
    for t, x_t in enumerate(inputs):
        hidden_state = {to} if t and t % {every} == 0 else hidden_state
"""
    return Wrong("forward_pass", "for x_t in inputs:\n", now, most)


def limited(by: str, most: float) -> Wrong:
    """Return a backward pass that does something to its gradients in the end."""
    return Wrong(
        "backward_pass",
        "    return loss, (dU, dV, dW, db_hidden, db_out)",
        f"    grads = (dU, dV, dW, db_hidden, db_out)\n    return loss, {by}",
        most,
    )


def guarded(logarithm: str) -> Wrong:
    """Return a backward pass whose logarithm is kept away from zero in another way."""
    return Wrong("backward_pass", "np.log(np.maximum(outputs[t], 1e-12))", logarithm, 0.95)


RERUN = """    said, _ = forward_pass(inputs, initial_state, params)
    for t in reversed(range(len(inputs))):
        outputs = said
"""
FOUR_POINTS = """

_computed = backward_pass


def backward_pass(inputs, outputs, hidden_states, targets, params, initial_state):
    def loss_of(moved):
        said, states = forward_pass(inputs, initial_state, moved)
        return _computed(inputs, said, states, targets, moved, initial_state)[0]

    own, grads = [array.copy() for array in params], [np.zeros(array.shape) for array in params]
    for array, grad in zip(own, grads):
        for place in np.ndindex(array.shape):
            kept, found = array[place], []
            for nudge in (2e-3, 1e-3, -1e-3, -2e-3):
                array[place] = kept + nudge
                found.append(loss_of(own))
            array[place] = kept
            grad[place] = (8 * (found[1] - found[2]) - (found[0] - found[3])) / 12e-3
    return _computed(inputs, outputs, hidden_states, targets, params, initial_state)[0], tuple(grads)
"""

WRONG = {
    "carry cut every 2 steps": cut(2, 0.5),
    "carry cut every 3 steps": cut(3, 0.6),
    "carry cut every 8 steps": cut(8, 0.7),
    "carry cut every 13 steps": cut(13, 0.7),
    "carry cut every 21 steps": cut(21, 0.7),
    "entries cut at 5": limited("tuple(np.clip(grad, -5, 5) for grad in grads)", 0.7),
    "entries cut at 10": limited("tuple(np.clip(grad, -10, 10) for grad in grads)", 0.75),
    "length cut at 1": limited("clip_gradient_norm(grads, 1.0)", 0.4),
    "small entries dropped": limited("tuple(grad * (np.abs(grad) > 1e-3) for grad in grads)", 0.97),
    "a floor of 1e-9": guarded("np.log(np.maximum(outputs[t], 1e-9))"),
    "1e-9 added": guarded("np.log(outputs[t] + 1e-9)"),
    "a floor of 1e-6": guarded("np.log(np.maximum(outputs[t], 1e-6))"),
    "network run again": Wrong("backward_pass", "    for t in reversed(range(len(inputs))):\n", RERUN, 0.3),
    "differences of four points": Wrong("backward_pass", "", FOUR_POINTS, 0.25),
    "back to the first state every 3 steps": forgetting(3, "first", 0.3),
    "forgets every 13 steps": forgetting(13, "np.zeros_like(hidden_state)", 0.75),
    "forgets every 21 steps": forgetting(21, "np.zeros_like(hidden_state)", 0.75),
    "1e-5 added to the norm": Wrong("clip", "max_norm / total_norm", "max_norm / (total_norm + 1e-5)", 0.95),
    "5 % above the threshold let pass": Wrong("clip", "total_norm > max_norm", "total_norm > 1.05 * max_norm", 0.9),
    "shifted by the last score": Wrong("activations", "np.max(x, axis=0, keepdims=True)", "x[-1:]", 0.75),
    "scores cut at 500": Wrong("activations", "np.exp(x - ", "np.exp((x := np.clip(x, -500, 500)) - ", 0.75),
    "long sentences cut": Wrong("one_hot", "for word in sequence]", "for word in sequence[:20]]", 0.5),
    "ties backwards by alphabet": Wrong(
        "vocabulary", "sorted(counts, key=counts.get", "sorted(sorted(counts), key=counts.get", 0.0
    ),
    "small steps left out": Wrong("update", "- lr * grad", "- lr * grad * (np.abs(grad) > 1e-3)", 0.8),
    "one sign for all columns": Wrong("orthogonal", "np.sign(np.diag(r))", "np.random.choice([-1.0, 1.0])", 0.75),
}

# What is drawn at the start is another network, whose loss differs for no fault of its own.
DRAWING = ("orthogonal", "parameters")
SLOW = ("by_differences", "differences of four points")  # they train rightly, at a thousandth of the pace

RIGHT = {
    "forward_pass by recursion": (
        "forward_pass",
        """
def forward_pass(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    if len(inputs) == 0:
        return [], []
    h = tanh(U @ inputs[0] + V @ hidden_state + b_hidden)
    outputs, states = forward_pass(inputs[1:], h, params)
    return [softmax(W @ h + b_out), *outputs], [h, *states]
""",
    ),
    "forward_pass with einsum and arrays": (
        "forward_pass",
        """
def forward_pass(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    states = np.concatenate([hidden_state[None], np.zeros((len(inputs), len(b_hidden), 1))])
    for t in range(1, len(states)):
        z = np.einsum("hk,ka->ha", U, inputs[t - 1]) + np.einsum("hg,ga->ha", V, states[t - 1])
        states[t] = np.tanh(z + b_hidden)
    return list(map(softmax, np.einsum("kh,tha->tka", W, states[1:]) + b_out)), list(states[1:])
""",
    ),
    "backward_pass with the smallest number for a floor": (
        "backward_pass",
        """
def backward_pass(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    o = np.maximum(np.array(outputs), np.finfo(float).tiny)
    ds, h = np.array(outputs) - targets, np.concatenate([initial_state[None], hidden_states])
    dz, later = [], np.zeros_like(b_hidden)
    for d, state in zip(ds[::-1], h[:0:-1]):
        later = (1 - state * state) * (W.T @ d + V.T @ later)
        dz.insert(0, later)
    dz = np.array(dz)
    products = (dz @ np.swapaxes(inputs, 1, 2), dz @ np.swapaxes(h[:-1], 1, 2), ds @ np.swapaxes(h[1:], 1, 2))
    return -(targets * np.log(o)).sum(), (*(p.sum(axis=0) for p in products), dz.sum(axis=0), ds.sum(axis=0))
""",
    ),
    "backward_pass with 1e-10 added": (
        "backward_pass",
        """
def backward_pass(inputs, outputs, hidden_states, targets, params, initial_state):
    grads = [np.zeros(array.shape) for array in params]
    states, loss, carried = [initial_state, *hidden_states], 0.0, 0.0
    for t in range(len(inputs), 0, -1):
        loss += float(-np.vdot(targets[t - 1], np.log(outputs[t - 1] + 1e-10)))
        ds = np.subtract(outputs[t - 1], targets[t - 1])
        dz = (params[2].T @ ds + carried) * (1 - np.square(states[t]))
        parts = (np.outer(dz, inputs[t - 1]), np.outer(dz, states[t - 1]), np.outer(ds, states[t]), dz, ds)
        grads = [total + part for total, part in zip(grads, parts)]
        carried = params[1].T @ dz
    return loss, tuple(grads)
""",
    ),
    "clip with 1e-6 and a minimum": (
        "clip",
        """
def clip_gradient_norm(grads, max_norm=0.25):
    norm = np.sqrt(sum(np.linalg.norm(grad) ** 2 for grad in grads))
    return [grad * np.minimum(1, max_norm / (norm + 1e-6)) for grad in grads]
""",
    ),
    "clip through math.hypot": (
        "clip",
        """
def clip_gradient_norm(grads, max_norm=0.25):
    import math

    norm = math.hypot(*(float(entry) for grad in grads for entry in np.ravel(grad)))
    return tuple(grad / norm * max_norm if norm > max_norm else +grad for grad in grads)
""",
    ),
    "sigmoid in two halves, tanh by the sigmoid, softmax one over a sum": (
        "activations",
        """
def sigmoid(x, derivative=False):
    e = np.exp(-np.abs(x))
    f = np.where(x >= 0, 1 / (1 + e), e / (1 + e))
    return e / (1 + e) ** 2 if derivative else f


def tanh(x, derivative=False):
    return 4 * sigmoid(2 * x, True) if derivative else 2 * sigmoid(2 * x) - 1


def softmax(x, derivative=False):
    p = 1 / np.exp(x[None] - x[:, None]).sum(axis=1)
    return p * np.eye(len(x)) - np.outer(p, p) if derivative else p
""",
    ),
    "vocabulary by two sorts": (
        "vocabulary",
        """
class Lookup(dict):
    def __init__(self, entries, default):
        super().__init__(entries)
        self.default = default

    def __missing__(self, key):
        return self.default


def sequences_to_dicts(sequences):
    flat = sum(sequences, [])
    words = sorted(set(flat), key=flat.index)
    words.sort(key=lambda word: -flat.count(word))
    words += ["UNK"]
    back = {place: word for place, word in enumerate(words)}
    forth = {word: place for place, word in back.items()}
    return Lookup(forth, forth["UNK"]), Lookup(back, "UNK"), len(sequences), len(back)
""",
    ),
    "one_hot through a dictionary of columns": (
        "one_hot",
        """
def one_hot_encode(idx, vocab_size):
    return np.array([float(place == idx) for place in range(vocab_size)])


def one_hot_encode_sequence(sequence, word_to_idx, vocab_size):
    columns = {word: one_hot_encode(idx, vocab_size)[:, None] for word, idx in word_to_idx.items()}
    return np.stack([columns.get(word, columns["UNK"]) for word in sequence])
""",
    ),
    "orthogonal by Cholesky, twice": (
        "orthogonal",
        """
def init_orthogonal(param):
    m, n = param.shape
    q = np.random.standard_normal((max(m, n), min(m, n)))
    for _ in range(3):
        q = np.linalg.solve(np.linalg.cholesky(q.T @ q), q.T).T
    return q if m >= n else q.T
""",
    ),
    "parameters by a dictionary": (
        "parameters",
        """
def init_rnn(hidden_size, vocab_size):
    sizes = {"h": hidden_size, "k": vocab_size}
    drawn = [init_orthogonal(np.ones((sizes[a], sizes[b]))) for a, b in ("hk", "hh", "kh")]
    return (*drawn, *(np.zeros(sizes[a])[:, None] for a in "hk"))
""",
    ),
    "update by map": (
        "update",
        """
def update_parameters(params, grads, lr=1e-3):
    return tuple(map(lambda array, grad: np.add(array, np.negative(lr) * grad), params, grads))
""",
    ),
}


def wrong_cell(item: Wrong) -> str:
    """Return the cell of a wrong answer."""
    cell = LOADED.exercise(item.exercise).stub.source
    assert not item.was or cell.count(item.was) == 1, item.was
    return cell.replace(item.was, item.now) if item.was else cell + item.now


def shares(exercise: str, cell: str) -> set[float]:
    """Return the shares of its points that a cell earns, one for each seed where they differ."""
    names = load_solution(COURSE, NAME)
    exec(compile(cell, "<cell>", "exec"), names)
    results = [judge(LOADED, exercise, InProcess(names), seed=seed) for seed in SEEDS]
    assert all(result.score is not None for result in results)
    return {(result.score or 0.0) / result.points for result in results}


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in WRONG])
def test_wrong_answer_loses_the_same_for_everybody(name: str) -> None:
    """A wrong answer loses what it should, and the same whatever the fresh inputs are."""
    item = WRONG[name]
    (share,) = shares(item.exercise, wrong_cell(item))
    assert share <= item.most
    assert share < 1


def trained_loss(source: str) -> list[float]:
    """Return the losses of a few sentences, in the notebook's own training, with a cell in place of the solution's."""
    names = load_solution(COURSE, NAME)
    start = np.random.get_state()
    np.random.seed(1)
    params = names["init_rnn"](20, 4)
    np.random.set_state(start)
    exec(compile(source, "<cell>", "exec"), names)
    sequences = names["generate_dataset"]()[:8]
    try:
        with quiet():
            vocabulary = names["sequences_to_dicts"](sequences)[0]
            losses = names["train"](params, sequences, vocabulary, epochs=2, lr=0.03, max_norm=5.0)[1]
    except Exception:  # noqa: BLE001  (such a notebook does not train at all)
        return [math.inf]
    return [float(np.sum(loss)) for loss in losses]


@pytest.mark.parametrize("exercise", [item.name for item in LOADED.exercises if item.name not in DRAWING])
def test_what_ruins_training_costs_a_quarter(exercise: str) -> None:
    """A known mistake that changes the loss in training costs at least a quarter of its exercise."""
    right = trained_loss("")
    for item in load_misconceptions(COURSE, NAME, LOADED.exercises, LOADED.solution):
        if (
            item.exercise == exercise
            and item.label not in SLOW
            and not np.allclose(trained_loss(item.source), right, rtol=1e-3)
        ):
            assert max(shares(exercise, item.source)) <= 0.75, item.label


@pytest.mark.parametrize("name", RIGHT)
def test_right_answer_earns_everything(name: str) -> None:
    """A right answer that looks unusual earns everything, whatever the fresh inputs are."""
    exercise, cell = RIGHT[name]
    assert shares(exercise, cell) == {1.0}
