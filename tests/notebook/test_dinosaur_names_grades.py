"""What dinosaur_names's hidden tests give for wrong answers that are nearly right, and for right ones that look odd.

None of them is in the catalogue. Each is judged under three seeds, since the same code must get the same score.
"""

from __future__ import annotations

import contextlib
import functools
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.grade.notebook import grade_cells
from gradekit.isolation.template import template
from gradekit.judging.assignment import load_assignment
from gradekit.judging.inprocess import InProcess, judge_in_process
from gradekit.judging.judge import judge
from gradekit.judging.reference import _checks_importable, solution_cells
from gradekit.model import Limits, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

COURSE = Course(Path(__file__).parents[2])
SOURCE = notebook.cells(notebook.read(COURSE.source("dinosaur_names")))
CELLS = {cell.id: cell.source for cell in solution_cells(SOURCE)}
SEEDS = (b"one", b"two", b"three")

# Put behind a right answer, whose function it spoils.
AROUND = """
def {name}({arguments}, right={name}):
    {line}
"""
FORGETS = """
def rnn_forward(x, a0, parameters, right=rnn_forward):
    parts, before = [], a0
    for start in range(0, x.shape[2], {every}):
        parts.append(right(x[:, :, start : start + {every}], before, parameters))
        before = np.zeros_like(a0)
    steps = [step for part in parts for step in part[2][0]]
    return np.concatenate([p[0] for p in parts], 2), np.concatenate([p[1] for p in parts], 2), (steps, x)
"""
CUTS = """
def rnn_backward(y, y_pred, parameters, caches, right=rnn_backward):
    (steps, x), m = caches, len(y)
    parts = []
    for start in range(0, x.shape[2], {every}):
        piece = slice(start, start + {every})
        parts.append(right(y[:, piece], y_pred[:, :, piece], parameters, (steps[piece], x[:, :, piece])))
    total = {{"d" + k: sum(part["d" + k] for part in parts) for k in parameters}}
    return {{**total, "dx": np.concatenate([part["dx"] for part in parts], 2), "da0": parts[0]["da0"]}}
"""
DIFFERENCES = """
def rnn_cell_backward(da_next, cache):
    _, a_prev, xt, parameters = cache
    own = {{"xt": xt, "a_prev": a_prev, **{{k: parameters[k] for k in ("Wax", "Waa", "ba")}}}}
    grads = {{}}
    for k in own:
        grads["d" + k] = np.zeros(own[k].shape)
        for i in np.ndindex(own[k].shape):
            found = []
            for weight, move in {stencil}:
                near = {{name: value.copy() for name, value in own.items()}}
                near[k][i] += move * {step}
                a = rnn_cell_forward(near["xt"], near["a_prev"], {{**parameters, **near}})[0]
                found.append(weight * np.sum(da_next * a))
            grads["d" + k][i] = sum(found) / {step}
    return grads
"""
TWO_POINTS = "((0.5, 1), (-0.5, -1))"
FOUR_POINTS = "((1 / 12, -2), (-2 / 3, -1), (2 / 3, 1), (-1 / 12, 2))"
SIX_POINTS = "((-1 / 60, -3), (3 / 20, -2), (-3 / 4, -1), (3 / 4, 1), (-3 / 20, 2), (1 / 60, 3))"
LOSS = """
def names_loss(y_pred, y):
    i, t = np.nonzero(y >= 0)
    p = y_pred[y[i, t], i, t]
    return {value}
"""


class Wrong(NamedTuple):
    """A wrong answer: what is put behind the right one, and between which shares of the points it must earn."""

    exercise: str
    code: str
    least: float
    most: float


def batch(line: str, least: float, most: float) -> Wrong:
    """Return a make_batch that is right but for a last line; `x, y` are the right arrays."""
    code = AROUND.format(name="make_batch", arguments="names, char_to_ix", line="x, y = right(names, char_to_ix)")
    return Wrong("batch", f"{code}    {line}\n    return x, y\n", least, most)


def back(line: str, least: float, most: float) -> Wrong:
    """Return an rnn_backward that is right but for its last line; `grads` are the right gradients."""
    arguments = "y, y_pred, parameters, caches"
    code = AROUND.format(name="rnn_backward", arguments=arguments, line=f"grads = right({arguments})")
    return Wrong("backward", f"{code}    {line}\n", least, most)


def step_back(line: str, least: float, most: float) -> Wrong:
    """Return an rnn_cell_backward that is right but for its last line; `grads` are the right gradients."""
    code = AROUND.format(name="rnn_cell_backward", arguments="da_next, cache", line="grads = right(da_next, cache)")
    return Wrong("cell_backward", f"{code}    {line}\n", least, most)


WRONG = {
    "names of at most 30 letters": batch("x, y = x[:, :, :31], y[:, :31]", 0.7, 0.95),
    "x in small integers": batch("y = y.astype(np.int8)\n    x = 2 * x", 0.2, 0.5),
    "y as floats": batch("y = y.astype(float)", 0.9, 0.97),
    "padding is -2": batch("y = np.where(y < 0, -2, y)", 0.1, 0.7),
    "memory rounded": Wrong(
        "cell_forward",
        AROUND.format(
            name="rnn_cell_forward",
            arguments="xt, a_prev, parameters",
            line="a, p, c = right(xt, a_prev, parameters)\n    return np.round(a, 8), p, c",
        ),
        0.2,
        0.75,
    ),
    "single precision": Wrong(
        "cell_forward",
        AROUND.format(
            name="rnn_cell_forward",
            arguments="xt, a_prev, parameters",
            line="a, p, c = right(xt, a_prev, parameters)\n    return np.float32(a), np.float32(p), c",
        ),
        0.0,
        0.6,
    ),
    **{f"forgets every {k}": Wrong("forward", FORGETS.format(every=k), 0.1, 0.75) for k in (6, 11, 29, 64)},
    "loss to base 10": Wrong("loss", LOSS.format(value="-np.log10(np.maximum(p, 1e-300)).sum() / len(y)"), 0, 0.0),
    "loss in a list": Wrong("loss", LOSS.format(value="[-np.log(np.maximum(p, 1e-300)).sum() / len(y)]"), 0, 0.0),
    "guard of 1e-299": Wrong("loss", LOSS.format(value="-np.log(np.maximum(p, 1e-299)).sum() / len(y)"), 0.5, 0.9),
    "guard of 1e-12, added": Wrong("loss", LOSS.format(value="-np.log(p + 1e-12).sum() / len(y)"), 0.0, 0.9),
    "mean of the names' means": Wrong(
        "loss",
        LOSS.format(value="np.mean([-np.log(np.maximum(p[i == k], 1e-300)).mean() for k in range(len(y))])"),
        0,
        0.2,
    ),
    "two-point differences": Wrong("cell_backward", DIFFERENCES.format(stencil=TWO_POINTS, step=1e-5), 0, 0.5),
    "four-point differences": Wrong("cell_backward", DIFFERENCES.format(stencil=FOUR_POINTS, step=1e-3), 0, 0.9),
    "six-point differences": Wrong("cell_backward", DIFFERENCES.format(stencil=SIX_POINTS, step=1e-2), 0, 0.9),
    "step clipped at 100": step_back("return {k: np.clip(g, -100, 100) for k, g in grads.items()}", 0.5, 0.9),
    "nothing below 0.001": step_back("return {k: g * (abs(g) > 1e-3) for k, g in grads.items()}", 0, 0.9),
    **{f"carry cut every {k}": Wrong("backward", CUTS.format(every=k), 0.1, 0.85) for k in (2, 3, 5, 8, 13, 21)},
    "clipped at 1": back("return {k: np.clip(g, -1, 1) for k, g in grads.items()}", 0, 0.85),
    "clipped at 10": back("return {k: np.clip(g, -10, 10) for k, g in grads.items()}", 0.4, 0.85),
    "norm of each at most 5": back(
        "return {k: g / max(1, np.linalg.norm(g) / 5) for k, g in grads.items()}", 0.2, 0.85
    ),
    "nothing below 0.0001": back("return {k: g * (abs(g) > 1e-4) for k, g in grads.items()}", 0, 0.85),
    "da0 of the second step": back('return {**grads, "da0": np.roll(grads["da0"], 1, axis=0)}', 0.2, 0.8),
    "clipped at 4.99995": Wrong(
        "clip",
        "\ndef clip(gradients, max_value, right=clip):\n    return right(gradients, max_value - 5e-5)\n",
        0,
        0.5,
    ),
    "limit made whole": Wrong(
        "clip",
        "\ndef clip(gradients, max_value, right=clip):\n    return right(gradients, max(int(max_value), 1))\n",
        0.5,
        0.85,
    ),
    "step taken twice": Wrong(
        "optimize",
        "\ndef optimize(x, y, a_prev, parameters, learning_rate, max_value=5.0, right=optimize):\n"
        "    loss, _, grads, a = right(x, y, a_prev, parameters, learning_rate, max_value)\n"
        "    return loss, {k: v - 2 * learning_rate * grads['d' + k] for k, v in parameters.items()}, grads, a\n",
        0.1,
        0.7,
    ),
    "clipped at 5.01": Wrong(
        "optimize",
        "\ndef optimize(x, y, a_prev, parameters, learning_rate, max_value=5.01, right=optimize):\n"
        "    return right(x, y, a_prev, parameters, learning_rate, max_value)\n",
        0.3,
        0.85,
    ),
    "temperature of 0.99": Wrong(
        "sample",
        "\ndef sample(parameters, char_to_ix, rng, max_length=50, right=sample):\n"
        "    sharper = {**parameters, 'Wya': parameters['Wya'] / 0.99, 'by': parameters['by'] / 0.99}\n"
        "    return right(sharper, char_to_ix, rng, max_length)\n",
        0,
        0.75,
    ),
    "at most sixty letters": Wrong(
        "sample",
        "\ndef sample(parameters, char_to_ix, rng, max_length=50, right=sample):\n"
        "    return right(parameters, char_to_ix, rng, min(max_length, 60))\n",
        0.6,
        0.95,
    ),
    "default of forty-nine": Wrong(
        "sample",
        "\ndef sample(parameters, char_to_ix, rng, max_length=49, right=sample):\n"
        "    return right(parameters, char_to_ix, rng, max_length)\n",
        0.4,
        0.95,
    ),
    "every tenth batch left out": Wrong(
        "model",
        "\ndef model(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate, right=model):\n"
        "    new, losses = right(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate)\n"
        "    steps = num_iterations - num_iterations // 10\n"
        "    return right(names, char_to_ix, parameters, steps, batch_size, learning_rate)[0], losses\n",
        0.6,
        0.95,
    ),
    "losses of the letters' mean": Wrong(
        "model",
        "\ndef model(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate, right=model):\n"
        "    new, losses = right(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate)\n"
        "    return new, list(np.cumsum(losses) / np.arange(1, len(losses) + 1))\n",
        0.2,
        0.75,
    ),
}

RIGHT = {
    "batch through bytes": (
        "batch",
        """
        def make_batch(names, char_to_ix):
            T = max(len(n) for n in names) + 1
            padded = [(n + "\\n").ljust(T, "\\0") for n in names]
            y = np.array([[char_to_ix.get(c, -1) for c in row] for row in padded], dtype=np.int64)
            x = np.zeros((len(char_to_ix), len(names), T))
            for number in char_to_ix.values():
                x[number, :, 1:] = y[:, :-1] == number
            x[char_to_ix["\\n"]] = 0
            return (x, y)
        """,
    ),
    "batch of a stack": (
        "batch",
        """
        def make_batch(names, char_to_ix):
            T, V = len(max(names, key=len)) + 1, len(char_to_ix)
            xs, ys = [], []
            for name in names:
                numbers = [char_to_ix[c] for c in name]
                one = np.zeros((V, T))
                one[numbers, range(1, len(name) + 1)] = 1
                xs += [one]
                ys += [np.pad(numbers + [char_to_ix["\\n"]], (0, T - len(name) - 1), constant_values=-1)]
            return np.stack(xs, axis=1), np.stack(ys)
        """,
    ),
    "step with einsum": (
        "cell_forward",
        """
        def rnn_cell_forward(xt, a_prev, parameters):
            z = np.einsum("ax,xm->am", parameters["Wax"], xt) + np.einsum("ab,bm->am", parameters["Waa"], a_prev)
            a = 2 / (1 + np.exp(-2 * (z + parameters["ba"]).clip(-300, 300))) - 1
            a = np.where(abs(a) < 0.3, np.tanh(z + parameters["ba"]), a)
            return a, softmax(parameters["by"] + parameters["Wya"].dot(a)), (a, a_prev, xt, parameters)
        """,
    ),
    "forward with a helper": (
        "forward",
        """
        def rnn_forward(x, a0, parameters):
            def walk(t, before, kept):
                if t == x.shape[2]:
                    return kept
                step = rnn_cell_forward(x[:, :, t], before, parameters)
                return walk(t + 1, step[0], [*kept, step])

            steps = walk(0, a0, [])
            a = np.array([s[0] for s in steps]).transpose(1, 2, 0)
            y_pred = np.array([s[1] for s in steps]).transpose(1, 2, 0)
            return a, y_pred, ([s[2] for s in steps], x)
        """,
    ),
    "forward beforehand": (
        "forward",
        """
        def rnn_forward(x, a0, parameters):
            a, before = np.zeros((len(parameters["ba"]), *x.shape[1:])), np.copy(a0)
            y_pred, caches = np.zeros((parameters["Wya"].shape[0], *x.shape[1:])), {}
            t = 0
            while t < x.shape[2]:
                before, y_pred[:, :, t], caches[t] = rnn_cell_forward(x[:, :, t].copy(), before, parameters)
                a[:, :, t] += before
                t += 1
            return a, y_pred, (tuple(caches.values()), x)
        """,
    ),
    "loss with plain Python": (
        "loss",
        """
        def names_loss(y_pred, y):
            import math

            costs = [
                -math.log(max(float(y_pred[k, i, t]), 1e-300))
                for (i, t), k in np.ndenumerate(y)
                if k >= 0
            ]
            return math.fsum(costs) / y.shape[0]
        """,
    ),
    "loss with a masked array": (
        "loss",
        """
        def names_loss(y_pred, y):
            rows, steps = np.indices(y.shape)
            p = np.ma.masked_array(y_pred[y, rows, steps], mask=y < 0)
            return -np.log(np.maximum(p, 1e-300)).sum() / len(rows)
        """,
    ),
    "step back in rows": (
        "cell_backward",
        """
        def rnn_cell_backward(da_next, cache):
            a, b, x, P = (part.T if isinstance(part, np.ndarray) else part for part in cache)
            dz = da_next.T * (1 - a ** 2)
            weights = dict(dWax=dz.T @ x, dWaa=dz.T @ b, dba=dz.sum(0)[:, None])
            return dict(dxt=(dz @ P["Wax"]).T, da_prev=(dz @ P["Waa"]).T, **weights)
        """,
    ),
    "step back by one product": (
        "cell_backward",
        """
        def rnn_cell_backward(da_next, cache):
            a_next, a_prev, xt, parameters = cache
            dz = da_next * (1 - a_next * a_next)
            both = dz @ np.vstack([xt, a_prev, np.ones((1, dz.shape[1]))]).T
            n = len(xt)
            down = np.hstack([parameters["Wax"], parameters["Waa"]]).T @ dz
            weights = {"dWax": both[:, :n], "dWaa": both[:, n:-1], "dba": both[:, -1:]}
            return {**weights, "dxt": down[:n], "da_prev": down[n:]}
        """,
    ),
    "back with masks": (
        "backward",
        """
        def rnn_backward(y, y_pred, parameters, caches):
            steps, x = caches
            hot = np.zeros_like(y_pred)
            np.put_along_axis(hot, np.maximum(y, 0)[None], 1.0, axis=0)
            du = np.where(y[None] < 0, 0.0, y_pred - hot) / len(y)
            grads = dict.fromkeys(("dWax", "dWaa", "dba"), 0)
            carry, dx = np.zeros_like(steps[-1][0]), []
            for t, step in reversed(list(enumerate(steps))):
                one = rnn_cell_backward(carry + parameters["Wya"].T.dot(du[:, :, t]), step)
                grads = {k: grads[k] + one[k] for k in grads}
                carry = one["da_prev"]
                dx = [one["dxt"], *dx]
            grads["dWya"] = sum(du[:, :, t] @ steps[t][0].T for t in range(len(steps)))
            return grads | {"dby": du.sum((1, 2)).reshape(-1, 1), "dx": np.stack(dx, -1), "da0": carry}
        """,
    ),
    "back by a linear system": (
        "backward",
        """
        def rnn_backward(y, y_pred, parameters, caches):
            steps, x = caches
            m, T, n = len(y), x.shape[2], len(parameters["ba"])
            du = np.zeros(y_pred.shape)
            for i, t in zip(*np.where(y != -1)):
                du[:, i, t] = y_pred[:, i, t] - (np.arange(len(du)) == y[i, t])
            du /= m
            dz = np.zeros((n, m, T))
            for i in range(m):
                slope = 1 - np.array([step[0][:, i] for step in steps]) ** 2
                system = np.eye(T * n)
                for t in range(T - 1):
                    system[t * n : t * n + n, t * n + n : t * n + 2 * n] = -slope[t][:, None] * parameters["Waa"].T
                right = slope * (du[:, i].T @ parameters["Wya"])
                dz[:, i] = np.linalg.solve(system, right.ravel()).reshape(T, n).T
            return {
                "dWax": np.einsum("amt,xmt->ax", dz, x),
                "dWaa": np.einsum("amt,bmt->ab", dz, np.stack([step[1] for step in steps], 2)),
                "dWya": np.einsum("ymt,amt->ya", du, np.stack([step[0] for step in steps], 2)),
                "dba": dz.sum((1, 2))[:, None],
                "dby": du.sum((1, 2))[:, None],
                "dx": np.tensordot(parameters["Wax"].T, dz, axes=1),
                "da0": parameters["Waa"].T @ dz[:, :, 0],
            }
        """,
    ),
    "clip by median": (
        "clip",
        """
        def clip(gradients, max_value):
            ends = np.full(2, max_value) * (1, -1)
            three = {k: [np.full(g.shape, ends[0]), np.full(g.shape, ends[1]), g] for k, g in gradients.items()}
            return {k: np.median(of, axis=0) for k, of in three.items()}
        """,
    ),
    "clip entry by entry": (
        "clip",
        """
        def clip(gradients, max_value):
            def limited(g):
                return max_value if g > max_value else -max_value if g < -max_value else g

            one = np.vectorize(limited, otypes=[float])
            return {key: one(value) for key, value in gradients.items()}
        """,
    ),
    "optimize in one sweep": (
        "optimize",
        """
        def optimize(x, y, a_prev, parameters, learning_rate, max_value=5.0):
            a, guesses, kept = rnn_forward(x, a_prev, parameters)
            grads = clip(rnn_backward(y, guesses, parameters, kept), max_value)
            step = {k: parameters[k] + -learning_rate * grads[f"d{k}"] for k in ("by", "ba", "Wya", "Waa", "Wax")}
            return (names_loss(guesses, y), step, grads, np.take(a, -1, axis=2))
        """,
    ),
    "sample from a table": (
        "sample",
        """
        def sample(parameters, char_to_ix, rng, max_length=50):
            ones = np.hstack([np.eye(parameters["Wax"].shape[1]), np.zeros((parameters["Wax"].shape[1], 1))])
            end, drawn, a = char_to_ix["\\n"], [-1], np.zeros((len(parameters["Waa"]), 1))
            while drawn[-1] != end and len(drawn) <= max_length:
                a, p, _ = rnn_cell_forward(ones[:, [drawn[-1]]], a, parameters)
                drawn.append(int(rng.choice(p.shape[0], p=p.ravel())))
            return drawn[1:] + [end] * (drawn[-1] != end)
        """,
    ),
    "model by array_split": (
        "model",
        """
        def model(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
            order = np.arange(num_iterations * batch_size).reshape(num_iterations, batch_size) % len(names)
            found = []
            for row in order.tolist():
                chosen = [names[k] for k in row]
                x, y = make_batch(chosen, char_to_ix)
                start = np.zeros((parameters["Wax"].shape[0], batch_size))
                loss, parameters, *rest = optimize(x, y, start, parameters, learning_rate)
                found.append(loss / np.mean([len(name) + 1 for name in chosen]))
            return parameters, found
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
    return load_assignment(COURSE, "dinosaur_names")


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


# Each earlier exercise is wrong in a way of its own, and all later ones are right.
EARLIER = {
    "batch": "y = np.where(y < 0, 0, y)",
    "cell_forward": "parameters = {**parameters, 'Waa': parameters['Waa'].T}",
    "forward": "a0 = np.zeros_like(a0)",
    "loss": "return names_loss.right(y_pred, y) / y.shape[1]",
    "cell_backward": "da_next = 0.5 * da_next",
    "backward": "y_pred = 0.9 * y_pred",
    "clip": "return {k: g.copy() for k, g in gradients.items()}",
    "optimize": "learning_rate = -learning_rate",
}


def spoiled(exercise: str) -> str:
    """Return an exercise's solution with a line put behind its first one that spoils what it is given."""
    lines = CELLS[exercise].splitlines()
    begin = next(number for number, line in enumerate(lines) if "BEGIN SOLUTION" in line)
    found = EARLIER[exercise]
    if exercise == "batch":
        end = next(number for number, line in enumerate(lines) if "return x, y" in line)
        return "\n".join([*lines[:end], f"    {found}", *lines[end:]])
    if exercise == "cell_forward":
        return "\n".join(line.replace("Waa @ a_prev", "Waa.T @ a_prev") for line in lines)
    if exercise == "forward":
        return "\n".join(line.replace("a_next = a0", "a_next = np.zeros_like(a0)") for line in lines)
    if exercise == "loss":
        return "\n".join(line.replace("/ len(y))", "/ y.size)") for line in lines)
    return "\n".join([*lines[: begin + 1], f"    {found}", *lines[begin + 1 :]])


@pytest.mark.parametrize("exercise", EARLIER)
def test_mistake_costs_once(exercise: str, tmp_path: Path) -> None:
    """A wrong earlier exercise loses its own points, and every later one that is right earns all of its points."""
    cells = [replace(cell, source=spoiled(exercise) if cell.id == exercise else cell.source) for cell in SOURCE]
    kept = [cell for cell in cells if cell.kind == "code" and cell.role in (Role.LOCKED, Role.SOLUTION)]
    kept += [cell for cell in cells if cell.id.endswith("-grade")]
    kept = [replace(cell, index=index) for index, cell in enumerate(sorted(kept, key=lambda cell: cell.index))]
    (tmp_path / "checks.py").write_bytes((COURSE.source_folder("dinosaur_names") / "checks.py").read_bytes())
    with template() as running:
        judged = grade_cells(
            kept, loaded(), template=running, limits=Limits(), files=tmp_path, seed=b"a submission's", catalogue=()
        )
    lost = {result.exercise for result in judged.exercises if result.score != result.points}
    assert lost == {exercise}
