"""What gated_cells' hidden tests give for wrong answers that are nearly right, and for right ones that look odd.

None of them is in the catalogue. Each is judged under three seeds, since the same code must get the same score. Below
stands what a mistake costs in later exercises: nothing.
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
from gradekit.isolation.template import template as run_template
from gradekit.judging.assignment import load_assignment
from gradekit.judging.catalogue import load_misconceptions
from gradekit.judging.inprocess import InProcess, judge_in_process
from gradekit.judging.judge import judge
from gradekit.judging.reference import _checks_importable, solution_cells
from gradekit.model import Limits, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradekit.isolation.template import Template
    from gradekit.model import ExerciseResult

NAME = "gated_cells"
COURSE = Course(Path(__file__).parents[2])
SOURCE = notebook.cells(notebook.read(COURSE.source(NAME)))
CELLS = {cell.id: cell.source for cell in solution_cells(SOURCE)}
RELEASED = notebook.cells(notebook.read(COURSE.folder("release", NAME) / f"{NAME}.ipynb"))
BLANK = {cell.grade_id: cell.source for cell in RELEASED if cell.role is Role.SOLUTION}
SEEDS = (b"one", b"two", b"three")

# Put behind a right answer, whose functions it spoils.
STEP = """
def {step}_step(x, states, parameters, right={step}_step):
    states, cache = right(x, states, parameters)
    {line}
    return states, cache
"""
BACK = """
def {step}_step_backward(dstates, cache, parameters, right={step}_step_backward):
    dx, before, grads = right(dstates, cache, parameters)
    {line}
    return dx, before, grads
"""
LAYER = """
def run_layer(step, xs, states, parameters, mask=None, right=run_layer):
    {line}
    return right(step, xs, states, parameters, mask)
"""
LAYER_BACK = """
def run_layer_backward(step_backward, dhs, dstates, caches, parameters, mask=None, right=run_layer_backward):
    dxs, dstates, grads = right(step_backward, dhs, dstates, caches, parameters, mask)
    {line}
    return dxs, dstates, grads
"""
FORGETS = """
def run_layer(step, xs, states, parameters, mask=None, right=run_layer):
    parts = []
    for t in range(0, xs.shape[1], {every}):
        piece = None if mask is None else mask[:, t : t + {every}]
        parts.append(right(step, xs[:, t : t + {every}], states, parameters, piece))
        states = tuple(0 * state for state in parts[-1][1])
    return np.concatenate([p[0] for p in parts], 1), parts[-1][1], [cache for p in parts for cache in p[2]]
"""
DIFFERENCES = """
def {step}_step_backward(dstates, cache, parameters):
    import itertools

    names = {states}
    own = {{"x": cache["x"].copy(), **{{n: cache[n].copy() for n in names}}}}
    own |= {{k: parameters[k].copy() for k in ("Wx", "Wh", "b")}}
    found = {{}}
    for name, array in own.items():
        found[name] = np.zeros_like(array)
        for at in np.ndindex(array.shape):
            old, costs = array[at], []
            for weight, move in {stencil}:
                array[at] = old + move * {h}
                states, _ = {step}_step(own["x"], tuple(own[n] for n in names), own)
                costs.append(weight * sum(np.sum(d * s) for d, s in zip(dstates, states)))
            array[at] = old
            found[name][at] = sum(costs) / {h}
    return found["x"], tuple(found[n] for n in names), {{"d" + k: found[k] for k in ("Wx", "Wh", "b")}}
"""
TWO_POINTS = "((0.5, 1), (-0.5, -1))"
FOUR_POINTS = "((1 / 12, -2), (-2 / 3, -1), (2 / 3, 1), (-1 / 12, 2))"
DECODER_DIFFERENCES = """
def decode_backward(dlogits, cache, parameters):
    own, found = {k: v.copy() for k, v in {**parameters, "c": cache["c"]}.items()}, {}
    for name, array in own.items():
        found[name] = np.zeros_like(array)
        for at in np.ndindex(array.shape):
            old, costs = array[at], []
            for move in (1e-5, -1e-5):
                array[at] = old + move
                costs.append(np.sum(dlogits * decode_forward(own["c"], cache["ys"], own)[0]))
            array[at] = old
            found[name][at] = (costs[0] - costs[1]) / 2e-5
    return found.pop("c"), {"d" + k: v for k, v in found.items()}


def decode_forward(c, ys, parameters, right=decode_forward):
    logits, cache = right(c, ys, parameters)
    return logits, {**cache, "c": c, "ys": ys}
"""


class Wrong(NamedTuple):
    """A wrong answer: what is put behind the right one, and between which shares of the points it must earn."""

    exercise: str
    code: str
    least: float
    most: float


def step(name: str, line: str, most: float, least: float = 0.0) -> Wrong:
    """Return a step that is right but for a last line."""
    return Wrong(name, STEP.format(step=name, line=line), least, most)


def back(name: str, line: str, most: float, least: float = 0.0) -> Wrong:
    """Return a step back that is right but for a last line."""
    return Wrong(f"{name}_backward", BACK.format(step=name, line=line), least, most)


WRONG = {
    "lstm: memory kept within 2": step("lstm", "states = (states[0], np.clip(states[1], -2, 2))", 0.75),
    "lstm: memory kept within 40": step("lstm", "states = (states[0], np.clip(states[1], -40, 40))", 0.9, 0.5),
    "lstm: single precision": step("lstm", "states = tuple(np.float32(s) for s in states)", 0.5),
    "lstm: rounded": step("lstm", "states = tuple(np.round(s, 7) for s in states)", 0.5),
    "lstm: h not bent far out": step(
        "lstm", "states = (np.where(abs(states[1]) > 3, cache['o'], states[0]), states[1])", 0.9
    ),
    "lstm: cache without x": step("lstm", "cache = {k: v for k, v in cache.items() if k != 'x'}", 0.9, 0.2),
    "gru: tanh of the state": step("gru", "states = (np.tanh(states[0]),)", 0.5),
    "gru: state kept within 1": step("gru", "states = (np.clip(states[0], -1, 1),)", 0.9, 0.3),
    "lstm back: forget gate's block halved": back(
        "lstm",
        "half = np.repeat([1, 0.5, 1, 1], len(parameters['Wh'])); grads = {k: v * half for k, v in grads.items()}",
        0.5,
    ),
    "lstm back: dx clipped at 10": back("lstm", "dx = np.clip(dx, -10, 10)", 0.85),
    "lstm back: norm at most 100": back(
        "lstm", "grads = {k: v * min(1, 100 / np.linalg.norm(v)) for k, v in grads.items()}", 0.85
    ),
    "lstm back: nothing below 0.0001": back("lstm", "dx = dx * (abs(dx) > 1e-4)", 0.85),
    "lstm back: biases of N columns": back("lstm", "grads = {**grads, 'db': grads['db'][None]}", 0.4),
    "gru back: straight road squared": back(
        "gru", "before = (before[0] - dstates[0] * cache['z'] * (1 - cache['z']),)", 0.5
    ),
    "gru back: single precision": back("gru", "grads = {k: np.float32(v) for k, v in grads.items()}", 0.5),
    **{
        f"{kind} by {count}-point differences": Wrong(
            f"{kind}_backward", DIFFERENCES.format(step=kind, states=states, stencil=stencil, h=h), 0, most
        )
        for kind, states, most in (("lstm", "('h_prev', 'c_prev')", 0.6), ("gru", "('h_prev',)", 0.4))
        for count, stencil, h in (("two", TWO_POINTS, 1e-5), ("four", FOUR_POINTS, 1e-3))
    },
    **{f"layer forgets every {k}": Wrong("layer", FORGETS.format(every=k), 0, 0.9) for k in (2, 6, 11, 29)},
    "layer: mask from its row sums": Wrong(
        "layer",
        LAYER.format(line="mask = mask if mask is None else make_mask(mask.sum(axis=1), xs.shape[1])"),
        0.3,
        0.9,
    ),
    "layer: inputs clipped": Wrong("layer", LAYER.format(line="xs = np.clip(xs, -2, 2)"), 0, 0.75),
    "layer back: dxs averaged": Wrong("layer", LAYER_BACK.format(line="dxs = dxs / len(caches)"), 0.2, 0.75),
    "layer back: initial states left out": Wrong(
        "layer", LAYER_BACK.format(line="dstates = tuple(0 * d for d in dstates)"), 0.2, 0.75
    ),
    "layer back: clipped at 50": Wrong(
        "layer", LAYER_BACK.format(line="grads = {k: np.clip(v, -50, 50) for k, v in grads.items()}"), 0.5, 0.9
    ),
    "both: hs of the first sequence twice": Wrong(
        "bidirectional",
        "\n_right = run_both\ndef run_both(*given):\n"
        "    hs, last = _right(*given)\n    hs[-1] = hs[0]\n    return hs, last\n",
        0,
        0.75,
    ),
    "both: forgets a length of 1": Wrong(
        "bidirectional",
        "\n_right = run_both\ndef run_both(step, xs, lengths, *ways):\n"
        "    return _right(step, xs, np.maximum(lengths, 2), *ways)\n",
        0,
        0.75,
    ),
    "decoder: context halved": Wrong(
        "decoder",
        "\n_right = decode_forward\ndef decode_forward(c, ys, p):\n    return _right(c / 2, ys, p)\n",
        0,
        0.5,
    ),
    "decoder by differences": Wrong("decoder", DECODER_DIFFERENCES, 0.1, 0.5),
    "decoder: dc clipped at 20": Wrong(
        "decoder",
        "\n_right = decode_backward\ndef decode_backward(*given):\n"
        "    dc, grads = _right(*given)\n    return np.clip(dc, -20, 20), grads\n",
        0.5,
        0.85,
    ),
    "greedy: cut after 12": Wrong(
        "greedy",
        "\n_right = decode_greedily\ndef decode_greedily(c, parameters, end, most):\n"
        "    return _right(c, parameters, end, min(most, 12))\n",
        0.5,
        0.95,
    ),
    "greedy: rows sorted": Wrong(
        "greedy",
        "\n_right = decode_greedily\ndef decode_greedily(*given):\n    return sorted(_right(*given))\n",
        0,
        0.5,
    ),
}

RIGHT = {
    "lstm with a sigmoid of its own": (
        "lstm",
        """
        def lstm_step(x, states, parameters):
            def stable(a):
                e = np.exp(-np.abs(a))
                return np.where(a >= 0, 1.0, e) / (1.0 + e)

            h, c = states
            rows = np.vstack([parameters["Wx"], parameters["Wh"], parameters["b"][None]])
            a = np.hstack([x, h, np.ones((len(x), 1))]) @ rows
            i, f, g, o = (a[:, k :: 1][:, : h.shape[1]] for k in np.arange(4) * h.shape[1])
            i, f, g, o = stable(i), stable(f), np.tanh(g), stable(o)
            new = i * g + f * c
            return (o * np.tanh(new), new), dict(x=x, h_prev=h, c_prev=c, i=i, f=f, g=g, o=o, c=new, a=a)
        """,
    ),
    "lstm unit by unit": (
        "lstm",
        """
        def lstm_step(x, states, parameters):
            h_prev, c_prev = states
            N, H = h_prev.shape
            kept = {name: np.zeros((N, H)) for name in "ifgoch"}
            for j in range(H):
                a = [x @ parameters["Wx"][:, k] + h_prev @ parameters["Wh"][:, k] + parameters["b"][k]
                     for k in range(j, 4 * H, H)]
                kept["i"][:, j], kept["f"][:, j], kept["o"][:, j] = sigmoid(a[0]), sigmoid(a[1]), sigmoid(a[3])
                kept["g"][:, j] = np.tanh(a[2])
            kept["c"] = kept["f"] * c_prev + kept["i"] * kept["g"]
            h = kept.pop("h") + kept["o"] * np.tanh(kept["c"])
            return (h, kept["c"]), {"x": x, "h_prev": h_prev, "c_prev": c_prev, **kept}
        """,
    ),
    "lstm back through the four gates' names": (
        "lstm_backward",
        """
        def lstm_step_backward(dstates, cache, parameters):
            dh, dc, H = *dstates, dstates[0].shape[1]
            show = np.tanh(cache["c"])
            dc = dc + (1 - show**2) * cache["o"] * dh
            by = dict(i=dc * cache["g"], f=dc * cache["c_prev"], g=dc * cache["i"], o=dh * show)
            slope = {k: 1 - cache[k] ** 2 if k == "g" else cache[k] * (1 - cache[k]) for k in by}
            da = np.stack([by[k] * slope[k] for k in "ifgo"], axis=1).reshape(len(dh), 4 * H)
            seen = np.concatenate([cache["x"], cache["h_prev"], np.ones((len(dh), 1))], axis=1)
            whole, D = seen.T @ da, cache["x"].shape[1]
            return (
                (parameters["Wx"] @ da.T).T,
                ((parameters["Wh"] @ da.T).T, cache["f"] * dc),
                {"dWx": whole[:D], "dWh": whole[D:-1], "db": whole[-1]},
            )
        """,
    ),
    "gru by linear interpolation": (
        "gru",
        """
        def gru_step(x, states, parameters):
            (h,) = states
            H = len(parameters["Wh"])
            a, p = np.einsum("nd,dk->nk", x, parameters["Wx"]) + parameters["b"], np.dot(h, parameters["Wh"])
            gates = sigmoid(a[:, : 2 * H] + p[:, : 2 * H])
            r, z, u = gates[:, :H], gates[:, H:], p[:, 2 * H :]
            n = np.tanh(a[:, 2 * H :] + u * r)
            return (n + z * (h - n),), {"x": x, "h_prev": h, "r": r, "z": z, "n": n, "u": u}
        """,
    ),
    "gru back with the blocks as a list": (
        "gru_backward",
        """
        def gru_step_backward(dstates, cache, parameters):
            k, H = cache, dstates[0].shape[1]
            n = dstates[0] * (1 - k["z"]) * (1 - k["n"]) * (1 + k["n"])
            z = dstates[0] * (k["h_prev"] - k["n"]) * k["z"] * (1 - k["z"])
            blocks = [n * k["u"] * k["r"] * (1 - k["r"]), z, n]
            grads, back, dx = {"db": np.concatenate([b.sum(0) for b in blocks])}, k["z"] * dstates[0], 0
            wx, wh = [], []
            for j, block in enumerate(blocks):
                Wx, Wh = (parameters[name][:, j * H : j * H + H] for name in ("Wx", "Wh"))
                through = block * k["r"] if j == 2 else block
                dx, back = dx + block @ Wx.T, back + through @ Wh.T
                wx.append(k["x"].T @ block)
                wh.append(k["h_prev"].T @ through)
            return dx, (back,), {**grads, "dWx": np.hstack(wx), "dWh": np.hstack(wh)}
        """,
    ),
    "layer with the steps first inside": (
        "layer",
        """
        def run_layer(step, xs, states, parameters, mask=None):
            if mask is None:
                mask = np.ones(xs.shape[:2])
            out, caches = [states], []
            for x, real in zip(xs.transpose(1, 0, 2), mask.T):
                after, cache = step(x, out[-1], parameters)
                caches += [cache]
                out += [tuple(np.where(real[:, None] == 0, old, new) for old, new in zip(out[-1], after))]
            return np.array([each[0] for each in out[1:]]).swapaxes(0, 1), out[-1], caches

        def run_layer_backward(step_backward, dhs, dstates, caches, parameters, mask=None):
            if mask is None:
                mask = np.ones(dhs.shape[:2])
            dstates, dxs, sums = list(dstates), np.empty((dhs.shape[1], len(dhs), parameters["Wx"].shape[0])), {}
            for t in np.arange(dhs.shape[1])[::-1]:
                dstates[0] = dstates[0] + dhs[:, t]
                real = mask[:, t][:, None]
                dxs[t], back, grads = step_backward(tuple(d * real for d in dstates), caches[t], parameters)
                dstates = [new + (old - old * real) for new, old in zip(back, dstates)]
                for key in grads:
                    sums.setdefault(key, []).append(grads[key])
            return dxs.transpose(1, 0, 2), tuple(dstates), {key: sum(all_of) for key, all_of in sums.items()}
        """,
    ),
    "layer that keeps more in its caches": (
        "layer",
        """
        def run_layer(step, xs, states, parameters, mask=None):
            hs, kept = np.zeros((*xs.shape[:2], len(parameters["Wh"]))), []
            for t in range(xs.shape[1]):
                after, cache = step(np.array(xs[:, t]), tuple(states), parameters)
                real = np.ones((len(xs), 1)) if mask is None else mask[:, t].reshape(-1, 1)
                states = tuple(a * real + b * (1 - real) for a, b in zip(after, states))
                hs[:, t, :] = states[0]
                kept.append({"cache": cache, "real": real})
            return hs, states, kept

        def run_layer_backward(step_backward, dhs, dstates, caches, parameters, mask=None):
            dxs, total = [], {"dWx": 0, "dWh": 0, "db": 0}
            for t, each in zip(range(len(caches) - 1, -1, -1), caches[::-1]):
                first, *others = dstates
                dstates = (first + dhs[:, t], *others)
                inner = tuple(each["real"] * d for d in dstates)
                dx, back, grads = step_backward(inner, each["cache"], parameters)
                dstates = tuple(b + d - i for b, d, i in zip(back, dstates, inner))
                dxs = [dx] + dxs
                total = {k: total[k] + grads[k] for k in total}
            return np.stack(dxs, 1), dstates, total
        """,
    ),
    "reversed by sorting": (
        "bidirectional",
        """
        def reverse_sequences(xs, lengths):
            T, turned = xs.shape[1], np.empty_like(xs)
            for n in range(xs.shape[0]):
                order = sorted(range(T), key=lambda t: -t if t < lengths[n] else t)
                turned[n] = xs[n][order]
            return turned

        def run_both(step, xs, lengths, forwards, backwards):
            mask, ways = make_mask(lengths, xs.shape[1]), []
            for seen, weights in ((xs, forwards), (reverse_sequences(xs, lengths), backwards)):
                ways.append(run_layer(step, seen, zero_states(weights, len(xs)), weights, mask)[:2])
            (hs, last), (turned, first) = ways
            return np.concatenate((hs, reverse_sequences(turned, lengths)), axis=-1), [last, first]
        """,
    ),
    "zeros behind the ends": (
        "bidirectional",
        """
        def reverse_sequences(xs, lengths):
            return np.array([np.r_[row[:n][::-1], row[n:]] for row, n in zip(xs, lengths)])

        def run_both(step, xs, lengths, forwards, backwards):
            mask = make_mask(lengths, xs.shape[1])
            clean = xs * mask[:, :, None]
            a = run_layer(step, clean, zero_states(forwards, len(xs)), forwards, mask)
            b = run_layer(step, reverse_sequences(clean, lengths), zero_states(backwards, len(xs)), backwards, mask)
            return np.dstack([a[0], reverse_sequences(b[0], lengths)]) * mask[:, :, None], (a[1], b[1])
        """,
    ),
    "decoder written with its own loops": (
        "decoder",
        """
        def decode_forward(c, ys, parameters):
            h, kept, logits = np.zeros((len(c), len(parameters["Wh"]))), [], np.zeros(ys.shape)
            for t in range(ys.shape[1]):
                (h,), cache = gru_step(np.concatenate([ys[:, t], c], axis=1), (h,), parameters)
                kept.append((cache, h))
                logits[:, t] = h @ parameters["Wy"] + parameters["by"]
            return logits, {"kept": kept}

        def decode_backward(dlogits, cache, parameters):
            grads, dc, dh = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}, 0.0, 0.0
            for t in reversed(range(dlogits.shape[1])):
                step, h = cache["kept"][t]
                grads["dWy"] += h.T @ dlogits[:, t]
                grads["dby"] += dlogits[:, t].sum(axis=0)
                dx, (dh,), slopes = gru_step_backward((dh + dlogits[:, t] @ parameters["Wy"].T,), step, parameters)
                dc = dc + dx[:, dlogits.shape[2] :]
                for name, slope in slopes.items():
                    grads[name] += slope
            return dc, grads
        """,
    ),
    "decoder with the context's product made once": (
        "decoder",
        """
        def decode_forward(c, ys, parameters):
            N, T, M = ys.shape
            split = {**parameters, "Wx": parameters["Wx"][:M]}
            hs, states, caches = [], zero_states(parameters, N), []
            for t in range(T):
                rows = []
                for n in range(N):
                    own = {**split, "b": parameters["b"] + c[n] @ parameters["Wx"][M:]}
                    rows.append(gru_step(ys[n : n + 1, t], (states[0][n : n + 1],), own)[0][0])
                caches.append(states[0])
                states = (np.concatenate(rows),)
                hs.append(states[0])
            hs = np.stack(hs, axis=1)
            return hs @ parameters["Wy"] + parameters["by"], {"hs": hs, "before": caches, "c": c, "ys": ys}

        def decode_backward(dlogits, cache, parameters):
            N, T, M = dlogits.shape
            steps = []
            for t in range(T):
                seen = np.concatenate([cache["ys"][:, t], cache["c"]], axis=1)
                steps.append(gru_step(seen, (cache["before"][t],), parameters)[1])
            end = (np.zeros((N, len(parameters["Wh"]))),)
            dxs, _, grads = run_layer_backward(gru_step_backward, dlogits @ parameters["Wy"].T, end, steps, parameters)
            grads["dWy"] = sum(cache["hs"][:, t].T @ dlogits[:, t] for t in range(T))
            grads["dby"] = dlogits.reshape(-1, M).sum(axis=0)
            return sum(dxs[:, t, M:] for t in range(T)), grads
        """,
    ),
    "greedy with a generator": (
        "greedy",
        """
        def decode_greedily(c, parameters, end, most):
            def says(context):
                y, states = np.zeros(len(parameters["by"])), zero_states(parameters, 1)
                while True:
                    states, _ = gru_step(np.concatenate([y, context])[None], states, parameters)
                    k = int(np.argsort(states[0][0] @ parameters["Wy"] + parameters["by"])[-1])
                    if k == end:
                        return
                    yield k
                    y = (np.arange(len(y)) == k).astype(float)

            import itertools

            return [list(itertools.islice(says(row), most)) for row in c]
        """,
    ),
    "greedy that drops finished rows": (
        "greedy",
        """
        def decode_greedily(c, parameters, end, most):
            rows, alive = {n: [] for n in range(len(c))}, np.arange(len(c))
            h, y = np.zeros((len(c), len(parameters["Wh"]))), np.zeros((len(c), len(parameters["by"])))
            for _ in range(most):
                if alive.size == 0:
                    break
                (h,), _ = gru_step(np.hstack((y, c[alive])), (h,), parameters)
                best = np.argmax(h @ parameters["Wy"] + parameters["by"], axis=-1)
                stay = best != end
                alive, h, best = alive[stay], h[stay], best[stay]
                for n, k in zip(alive, best):
                    rows[int(n)] += [int(k)]
                y = np.eye(len(parameters["by"]))[best]
            return [rows[n] for n in sorted(rows)]
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
    return load_assignment(COURSE, NAME)


def learner(**replaced: str) -> dict[str, Any]:
    """Return the namespace of a notebook in which some exercises' cells hold another text."""
    namespace: dict[str, Any] = {"__name__": "__main__", "In": [""]}
    with _checks_importable():
        for name, solution in CELLS.items():
            namespace["In"].append(replaced.get(name, solution))
            with contextlib.suppress(Exception):  # a cell that fails leaves the notebook going, as in Jupyter
                exec(compile(namespace["In"][-1], f"<cell {name}>", "exec"), namespace)
    return namespace


def shares(exercise: str, source: str) -> set[float]:
    """Return which shares of the points an answer earns, in plain nbgrader and under every seed."""
    results = [judge_in_process(loaded(), exercise, learner(**{exercise: source}))]
    results += [judge(loaded(), exercise, InProcess(learner(**{exercise: source})), seed=seed) for seed in SEEDS]
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


# --- a mistake costs once ---------------------------------------------------------------------------------------------


@functools.cache
def known() -> dict[str, Any]:
    """Return the catalogue's wrong answers by label."""
    return {item.label: item for item in load_misconceptions(COURSE, NAME, loaded().exercises, loaded().solution)}


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    """A warm template process."""
    with run_template() as running:
        yield running


def graded(template: Template, files: Path, answers: dict[str, str]) -> dict[str, ExerciseResult]:
    """Grade in the sandbox what defines a notebook, with those answers in it."""
    kept = [cell for cell in SOURCE if cell.role in (Role.LOCKED, Role.SOLUTION) or cell.grade_id.endswith("-grade")]
    cells = [replace(cell, index=n, source=answers.get(cell.grade_id, cell.source)) for n, cell in enumerate(kept)]
    (files / "checks.py").write_bytes((COURSE.source_folder(NAME) / "checks.py").read_bytes())
    run = grade_cells(cells, loaded(), template=template, limits=Limits(), files=files, seed=b"the class's")
    return {result.exercise: result for result in run.exercises}


WRONG_STEPS = ("candidate_with_sigmoid", "memory_returned_first", "reset_before_the_product", "state_not_in_a_tuple")


@pytest.mark.parametrize("label", [*WRONG_STEPS, "mask_on_the_first_state_only", "blocks_back_in_another_order"])
def test_a_mistake_costs_once(template: Template, tmp_path: Path, label: str) -> None:
    """A wrong cell costs no layer, a wrong layer no decoder: later exercises earn their points, in the sandbox too."""
    item = known()[label]
    names = [exercise.name for exercise in loaded().exercises]
    later = names[names.index(item.exercise) + 1 :]
    found = graded(template, tmp_path, {item.exercise: item.source})
    assert found[item.exercise].score < found[item.exercise].points
    assert [name for name in later if found[name].score != found[name].points] == []
    here = {name: judge_in_process(loaded(), name, learner(**{item.exercise: item.source})) for name in later}
    assert {name: result.score for name, result in here.items()} == {name: found[name].score for name in later}


@pytest.mark.parametrize("name", ["lstm_backward", "layer", "bidirectional", "decoder", "greedy"])
def test_a_right_answer_in_a_blank_notebook_earns_its_points(template: Template, tmp_path: Path, name: str) -> None:
    """The solution of one exercise earns its points in a notebook that is blank but for it."""
    found = graded(template, tmp_path, {**BLANK, name: CELLS[name]})
    assert found[name].score == found[name].points
    assert sum(result.score or 0.0 for result in found.values()) == found[name].points


@pytest.mark.parametrize("label", ["lstm", "gru"])
def test_stubs_are_no_oracle(template: Template, tmp_path: Path, label: str) -> None:
    """A gradient by differences of a step that was never written earns nothing."""
    states = {"lstm": "('h_prev', 'c_prev')", "gru": "('h_prev',)"}[label]
    source = DIFFERENCES.format(step=label, states=states, stencil=FOUR_POINTS, h=1e-3)
    found = graded(template, tmp_path, {**BLANK, f"{label}_backward": source})
    assert sum(result.score or 0.0 for result in found.values()) == 0.0
