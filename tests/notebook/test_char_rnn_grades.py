"""What char_rnn's hidden tests give for wrong answers that are nearly right, and for right ones that look odd.

None of them is in the catalogue. Each is judged under three seeds, since the same code must get the same score.
"""

from __future__ import annotations

import contextlib
import functools
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.judging.assignment import load_assignment
from gradekit.judging.inprocess import InProcess, judge_in_process
from gradekit.judging.judge import judge
from gradekit.judging.reference import _checks_importable, solution_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

COURSE = Course(Path(__file__).parents[2])
CELLS = {cell.id: cell.source for cell in solution_cells(notebook.cells(notebook.read(COURSE.source("char_rnn"))))}
SEEDS = (b"one", b"two", b"three")

# Put behind a right answer, whose functions it spoils: what the way back or the way forward forgets, and when.
FORGETS = """
def forward_pass(inputs, h_prev, parameters, right=forward_pass):
    parts, h = [], np.array(h_prev)
    for start in range(0, len(inputs), {every}):
        parts.append(right(inputs[start : start + {every}], h, parameters))
        h = np.zeros_like(h)
    joined = {{key: np.concatenate([part[key] for part in parts]) for key in ("logits", "probabilities")}}
    states = [np.array(h_prev)[None]] + [part["hs"][1:] for part in parts]
    return {{**joined, "hs": np.concatenate(states)}}
"""
CUTS = """
def backward_pass(inputs, targets, cache, parameters, right=backward_pass):
    total = {{}}
    for start in range(0, len(inputs), {every}):
        piece = slice(start, start + {every})
        part = {{key: cache[key][piece] for key in ("logits", "probabilities")}}
        part["hs"] = cache["hs"][start : start + {every} + 1]
        for key, value in right(inputs[piece], targets[piece], part, parameters).items():
            total[key] = total.get(key, 0) + value
    return total
"""
LOOKS_BACK = """
def backward_pass(inputs, targets, cache, parameters):
    hs, Whh, Why, T = cache["hs"], parameters["Whh"], parameters["Why"], len(inputs)
    du = cache["probabilities"].copy()
    du[np.arange(T), targets] -= 1
    dz = np.zeros((T, len(Whh)))
    for t in range(T):
        carry = du[t] @ Why
        for s in range(t, max(-1, t - {steps}), -1):
            slope = carry * (1 - hs[s + 1] ** 2)
            dz[s] += slope
            carry = slope @ Whh
    dWxh = np.zeros_like(parameters["Wxh"])
    np.add.at(dWxh.T, inputs, dz)
    outer = {{"dWhy": du.T @ hs[1:], "dby": du.sum(0)}}
    return {{"dWxh": dWxh, "dWhh": dz.T @ hs[:-1], "dbh": dz.sum(0), **outer}}
"""
CHANGES = """
def backward_pass(inputs, targets, cache, parameters, right=backward_pass):
    grads = right(inputs, targets, cache, parameters)
    {line}
"""
DIFFERENCES = """
def backward_pass(inputs, targets, cache, parameters):
    def loss():
        return sequence_loss(forward_pass(inputs, cache["hs"][0], own), targets)

    own, grads = {{k: v.copy() for k, v in parameters.items()}}, {{}}
    for k, v in own.items():
        grads["d" + k] = np.zeros_like(v)
        for i in np.ndindex(v.shape):
            old, found = v[i], []
            for weight, move in {stencil}:
                v[i] = old + move * {step}
                found.append(weight * loss())
            v[i] = old
            grads["d" + k][i] = sum(found) / {step}
    return grads
"""
TWO_POINTS = "((0.5, 1), (-0.5, -1))"
FOUR_POINTS = "((1 / 12, -2), (-2 / 3, -1), (2 / 3, 1), (-1 / 12, 2))"
SIX_POINTS = "((-1 / 60, -3), (3 / 20, -2), (-3 / 4, -1), (3 / 4, 1), (-3 / 20, 2), (1 / 60, 3))"
ADAGRAD = """
def adagrad_update(parameters, grads, memory, learning_rate=0.1):
    memory = {{k: memory[k] + grads["d" + k] ** 2 for k in parameters}}
    return {{k: p - learning_rate * grads["d" + k] / {root} for k, p in parameters.items()}}, memory
"""
LOSS = """
def sequence_loss(cache, targets):
    u = cache["logits"] - cache["logits"].max(axis=1, keepdims=True)
    log_p = u - np.log(np.exp(u).sum(axis=1, keepdims=True))
    wanted = log_p[np.arange(len(targets)), targets]
    return {value}
"""
WRITES = """
def sample(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for step in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h, u = cache["hs"][-1], cache["logits"][0]
        {line}
        p = np.exp((u - u.max()) / temperature)
        i = int(rng.choice(len(p), p=p / p.sum()))
        drawn.append(i)
    return drawn
"""


class Wrong(NamedTuple):
    """A wrong answer: what is put behind the right one, and between which shares of the points it must earn."""

    exercise: str
    code: str
    least: float
    most: float


def changed(line: str, most: float, least: float = 0.0) -> Wrong:
    """Return a backward pass that is right but for a last line."""
    return Wrong("backward_pass", CHANGES.format(line=line), least, most)


WRONG = {
    **{f"forgets every {k}": Wrong("forward_pass", FORGETS.format(every=k), 0, 0.75) for k in (6, 11, 29, 64)},
    "states rounded": Wrong(
        "forward_pass",
        """
def forward_pass(inputs, h_prev, parameters, right=forward_pass):
    return {key: np.round(value, 7) for key, value in right(inputs, h_prev, parameters).items()}
""",
        0,
        0.0,
    ),
    **{f"carry cut every {k}": Wrong("backward_pass", CUTS.format(every=k), 0.1, 0.75) for k in (2, 3, 5, 8, 13, 21)},
    **{f"looks {k} steps back": Wrong("backward_pass", LOOKS_BACK.format(steps=k), 0.1, 0.75) for k in (7, 12, 30)},
    "clipped at 1": changed("return {k: np.clip(g, -1, 1) for k, g in grads.items()}", 0.3),
    "clipped at 5": changed("return {k: np.clip(g, -5, 5) for k, g in grads.items()}", 0.75, 0.4),
    "clipped at 10": changed("return {k: np.clip(g, -10, 10) for k, g in grads.items()}", 0.75, 0.4),
    "norm of each at most 5": changed("return {k: g / max(1, np.linalg.norm(g) / 5) for k, g in grads.items()}", 0.75),
    "clips dbh only": changed('return {**grads, "dbh": np.clip(grads["dbh"], -5, 5)}', 0.75, 0.4),
    "nothing below 0.0001": changed("return {k: g * (abs(g) > 1e-4) for k, g in grads.items()}", 0.75),
    "squeezed": changed("return {k: np.squeeze(g) for k, g in grads.items()}", 0.97, 0.9),
    "single precision": changed("return {k: g.astype(np.float32) for k, g in grads.items()}", 0.0),
    "two-point differences": Wrong("backward_pass", DIFFERENCES.format(stencil=TWO_POINTS, step=1e-5), 0, 0.0),
    "four-point differences": Wrong("backward_pass", DIFFERENCES.format(stencil=FOUR_POINTS, step=1e-3), 0, 0.0),
    "six-point differences": Wrong("backward_pass", DIFFERENCES.format(stencil=SIX_POINTS, step=1e-2), 0, 0.0),
    "nearest: epsilon outside": Wrong("adagrad", ADAGRAD.format(root="(np.sqrt(memory[k]) + 1e-8)"), 0.5, 0.85),
    "epsilon 1e-7": Wrong("adagrad", ADAGRAD.format(root="np.sqrt(memory[k] + 1e-7)"), 0.5, 0.85),
    "epsilon 1.1e-8": Wrong("adagrad", ADAGRAD.format(root="np.sqrt(memory[k] + 1.1e-8)"), 0.5, 0.85),
    "root at least 1e-4": Wrong("adagrad", ADAGRAD.format(root="np.maximum(np.sqrt(memory[k]), 1e-4)"), 0.5, 0.85),
    "loss to base 10, later": Wrong("sequence_loss", LOSS.format(value="-np.sum(wanted) / np.log(10)"), 0, 0.0),
    "loss in a list": Wrong("sequence_loss", LOSS.format(value="[-np.sum(wanted)]"), 0, 0.0),
    "loss kept below 700": Wrong("sequence_loss", LOSS.format(value="np.minimum(-wanted, 700).sum()"), 0.5, 0.75),
    "loss of p + 1e-9": Wrong("sequence_loss", LOSS.format(value="-np.log(np.exp(wanted) + 1e-9).sum()"), 0, 0.0),
    "clipped at 4.99995": Wrong(
        "clip",
        "\ndef clip_gradients(grads, limit=4.99995):\n"
        "    return {k: g.clip(-limit, limit) for k, g in grads.items()}\n",
        0,
        0.5,
    ),
    "limit made whole": Wrong(
        "clip",
        "\ndef clip_gradients(grads, limit=5.0, right=clip_gradients):\n    return right(grads, max(int(limit), 1))\n",
        0.5,
        0.75,
    ),
    "state dropped every 50": Wrong("sample", WRITES.format(line="h = h * ((step + 1) % 50 > 0)"), 0.1, 0.75),
    "temperature at least 0.1": Wrong("sample", WRITES.format(line="temperature = max(temperature, 0.1)"), 0.5, 0.95),
    "a little of everything": Wrong(
        "sample", WRITES.format(line="u = np.log(np.exp(u - u.max()) + 1e-6 * temperature)"), 0, 0.95
    ),
    "last chunk of one target lost": Wrong(
        "chunks",
        "\ndef iterate_chunks(indices, seq_length, right=iterate_chunks):\n"
        "    return [pair for pair in right(indices, seq_length) if len(pair[0]) > 1 or seq_length == 1]\n",
        0,
        0.5,
    ),
    "bytes for numbers": Wrong(
        "vocabulary",
        "\ndef build_vocabulary(text, right=build_vocabulary):\n"
        "    there, _ = right(text)\n"
        "    there = {c: i % 256 for c, i in there.items()}\n"
        "    return there, {i: c for c, i in there.items()}\n",
        0.5,
        0.85,
    ),
}

RIGHT = {
    "arrays only": (
        "forward_pass",
        """
        def forward_pass(inputs, h_prev, parameters):
            T, (n_h, V) = inputs.shape[0], parameters["Wxh"].shape
            hs = np.empty((T + 1, h_prev.size))
            hs[0] = h_prev
            for t in range(T):
                z = parameters["Wxh"].take(inputs[t], axis=1) + parameters["Whh"].dot(hs[t]) + parameters["bh"]
                hs[t + 1] = np.tanh(z)
            u = np.vstack([parameters["Why"] @ h + parameters["by"] for h in hs[1:]])
            p = np.exp(u - u.max(axis=1).reshape(T, 1))
            return dict(hs=hs, logits=u, probabilities=p / p.sum(axis=1).reshape(T, 1))
        """,
    ),
    "one-hot matrix": (
        "forward_pass",
        """
        def forward_pass(inputs, h_prev, parameters):
            one_hot = np.eye(parameters["Wxh"].shape[1])[inputs.astype(int)]
            drive, states = one_hot @ parameters["Wxh"].T, [h_prev.copy()]
            for row in drive:
                states += [np.tanh(np.add(row, parameters["bh"]) + states[-1] @ parameters["Whh"].T)]
            logits = np.array(states[1:]) @ parameters["Why"].T + parameters["by"][None, :]
            shifted = np.exp(logits - np.amax(logits, axis=-1, keepdims=True))
            weights = np.divide(shifted, np.einsum("tv->t", shifted)[:, None])
            return {"probabilities": weights, "logits": logits, "hs": np.stack(states), "inputs": one_hot}
        """,
    ),
    "loss with plain Python": (
        "sequence_loss",
        """
        def sequence_loss(cache, targets):
            import math

            loss = 0.0
            for t in range(targets.shape[0]):
                row = cache["logits"][t].tolist()
                top = max(row)
                loss += top - row[targets[t]] + math.log(math.fsum(math.exp(u - top) for u in row))
            return loss
        """,
    ),
    "loss by take_along_axis": (
        "sequence_loss",
        """
        def sequence_loss(cache, targets):
            u = cache["logits"]
            right = np.take_along_axis(u, targets[:, None], axis=1)[:, 0]
            top = u.max(axis=1)
            return ((top - right) + np.log(np.exp(u - top[:, None]) @ np.ones(u.shape[1]))).sum()
        """,
    ),
    "gradients as one big product": (
        "backward_pass",
        """
        def backward_pass(inputs, targets, cache, parameters):
            T, hs = targets.size, cache["hs"]
            dU = cache["probabilities"] - (targets[:, None] == np.arange(cache["probabilities"].shape[1]))
            dZ, back = [], np.zeros(hs.shape[1])
            for t in range(T, 0, -1):
                dZ.append((parameters["Why"].T @ dU[t - 1] + back) * (1.0 - np.square(hs[t])))
                back = np.dot(parameters["Whh"].T, dZ[-1])
            dZ = np.flipud(np.array(dZ))
            reads = (inputs[:, None] == np.arange(parameters["Wxh"].shape[1])).astype(float)
            left = np.concatenate([hs[:-1], reads, np.ones((T, 1))], axis=1)
            hidden, output = dZ.T @ left, dU.T @ np.hstack([hs[1:], np.ones((T, 1))])
            n = hs.shape[1]
            names = ("dWhh", "dWxh", "dbh", "dWhy", "dby")
            return dict(zip(names, (hidden[:, :n], hidden[:, n:-1], hidden[:, -1], output[:, :-1], output[:, -1])))
        """,
    ),
    "a linear system for the carry": (
        "backward_pass",
        """
        def backward_pass(inputs, targets, cache, parameters):
            hs, Whh, T, n = cache["hs"], parameters["Whh"], len(targets), cache["hs"].shape[1]
            du = np.array(cache["probabilities"])
            for t in range(T):
                du[t, targets[t]] = du[t, targets[t]] - 1.0
            slope = 1 - hs[1:] ** 2
            system = np.eye(T * n)
            for t in range(T - 1):
                system[t * n : (t + 1) * n, (t + 1) * n : (t + 2) * n] = -slope[t][:, None] * Whh.T
            dz = np.linalg.solve(system, (slope * (du @ parameters["Why"])).ravel()).reshape(T, n)
            dWxh = np.stack([dz[inputs == v].sum(axis=0) for v in range(parameters["Wxh"].shape[1])], axis=1)
            grads = {"dWxh": dWxh, "dWhh": np.einsum("ti,tj->ij", dz, hs[:-1]), "dbh": np.add.reduce(dz)}
            return {**grads, "dWhy": sum(map(np.outer, du, hs[1:])), "dby": du.sum(axis=0), "du": du}
        """,
    ),
    "clip by median": (
        "clip",
        """
        def clip_gradients(grads, limit=5.0):
            ends = np.full(2, limit) * (1, -1)
            return {k: np.median([np.broadcast_to(e, g.shape) for e in ends] + [g], axis=0) for k, g in grads.items()}
        """,
    ),
    "clip entry by entry": (
        "clip",
        """
        def clip_gradients(grads, limit=5.0):
            one = np.vectorize(lambda x: limit if x > limit else -limit if x < -limit else x, otypes=[float])
            return {key: one(value) for key, value in grads.items()}
        """,
    ),
    "adagrad by hypot": (
        "adagrad",
        """
        def adagrad_update(parameters, grads, memory, learning_rate=0.1):
            grown = {k: np.add(m, np.multiply(grads["d" + k], grads["d" + k])) for k, m in memory.items()}
            roots = {k: np.hypot(np.sqrt(m), 1e-4) for k, m in grown.items()}
            return {k: np.subtract(p, grads["d" + k] / roots[k] * learning_rate) for k, p in parameters.items()}, grown
        """,
    ),
    "chunks by index": (
        "chunks",
        """
        def iterate_chunks(indices, seq_length):
            where = np.arange(max(indices.shape[0] - 1, 0))
            for number in np.unique(where // seq_length):
                mine = where[where // seq_length == number]
                yield indices.take(mine), indices.take(mine + 1)
        """,
    ),
    "vocabulary by insertion": (
        "vocabulary",
        """
        def build_vocabulary(text):
            import bisect

            letters = []
            for ch in text:
                at = bisect.bisect_left(letters, ch)
                if at == len(letters) or letters[at] != ch:
                    letters.insert(at, ch)
            return {ch: letters.index(ch) for ch in letters}, {n: ch for n, ch in enumerate(letters)}
        """,
    ),
    "sample from a chunk that grows": (
        "sample",
        """
        def sample(h, seed_ix, n, parameters, rng, temperature=1.0):
            read = np.array([seed_ix])
            while read.shape[0] <= n:
                cache = forward_pass(read, h, parameters)
                u = cache["logits"][-1] / temperature
                log_p = u - np.logaddexp.reduce(u)
                p = np.exp(log_p)
                read = np.append(read, rng.choice(p.size, p=p / p.sum()))
            return read[1:].tolist()
        """,
    ),
    "sample step by step": (
        "sample",
        """
        def sample(h, seed_ix, n, parameters, rng, temperature=1.0):
            def letters(h, i):
                for _ in range(n):
                    h = np.tanh(parameters["Wxh"][:, i] + parameters["Whh"] @ h + parameters["bh"])
                    u = (parameters["Why"] @ h + parameters["by"]) / temperature
                    p = np.exp(u - np.max(u))
                    i = rng.choice(np.arange(len(p)), p=p / np.sum(p))
                    yield int(i)

            return [*letters(h, seed_ix)]
        """,
    ),
}


@pytest.fixture(autouse=True)
def _global_generator() -> Iterator[None]:
    """Leave numpy's global generator as it was: the hidden tests seed it."""
    before = np.random.get_state()
    yield
    np.random.set_state(before)


@functools.cache
def loaded() -> Any:
    """Load the assignment once."""
    return load_assignment(COURSE, "char_rnn")


def learner(exercise: str, source: str) -> dict[str, Any]:
    """Return the namespace of a notebook in which one exercise's cell holds another text."""
    namespace: dict[str, Any] = {"__name__": "__main__", "In": [""]}
    with _checks_importable():
        for name, solution in CELLS.items():
            namespace["In"].append(source if name == exercise else solution)
            with contextlib.suppress(Exception):  # a cell that fails leaves the notebook going, as in Jupyter
                exec(compile(namespace["In"][-1], f"<cell {name}>", "exec"), namespace)
    return namespace


def shares(exercise: str, source: str) -> set[float]:
    """Return which shares of the points an answer earns, in plain nbgrader and under every seed."""
    results = [judge_in_process(loaded(), exercise, learner(exercise, source))]
    results += [judge(loaded(), exercise, InProcess(learner(exercise, source)), seed=seed) for seed in SEEDS]
    assert all(result.score is not None for result in results)
    return {round((result.score or 0.0) / result.points, 9) for result in results}


@pytest.mark.parametrize("name", WRONG)
def test_nearly_right_answer_loses(name: str) -> None:
    """An answer that is wrong in one thing loses that thing's share, no more, and the same under every seed."""
    wrong = WRONG[name]
    found = shares(wrong.exercise, CELLS[wrong.exercise] + wrong.code)
    assert len(found) == 1
    assert wrong.least <= min(found) <= wrong.most


@pytest.mark.parametrize("name", RIGHT)
def test_unusual_right_answer_earns_everything(name: str) -> None:
    """A right answer that looks odd, and takes nothing but what the docstring promises, earns all points."""
    exercise, source = RIGHT[name]
    assert shares(exercise, textwrap.dedent(source)) == {1.0}
