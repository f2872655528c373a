"""What layered_language_model's hidden tests give for wrong answers that are nearly right, and for odd right ones.

None of them is in the catalogue. Each is judged under three seeds, since the same code must get the same score. And a
mistake costs once, also where the later exercise is a class that is made of objects of the earlier ones.
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

NAME = "layered_language_model"
COURSE = Course(Path(__file__).parents[2])
ALL = notebook.cells(notebook.read(COURSE.source(NAME)))
CELLS = {cell.id: cell.source for cell in solution_cells(ALL)}
SEEDS = (b"one", b"two", b"three")


class Wrong(NamedTuple):
    """A wrong answer: what is put behind the right one, and between which shares of the points it must earn."""

    exercise: str
    code: str
    least: float
    most: float


def method(exercise: str, owner: str, lines: str, most: float, least: float = 0.0) -> Wrong:
    """Return an answer that is right but for a method put in the place of one of its class's."""
    code = textwrap.dedent(lines)
    name = code.strip().split("(")[0].removeprefix("def ")
    return Wrong(exercise, f"\nright = {owner}.{name}\n{code}\n{owner}.{name} = {name}\n", least, most)


# Every so many steps the way forward or the way back forgets what it carries.
FORGETS = """
def forward(self, xs):
    parts, whole, kept = [], [], self.stateful
    for start in range(0, xs.shape[1], {every}):
        parts.append(right(self, xs[:, start : start + {every}]))
        whole += self.layers
        self.h = np.zeros_like(self.h) if start + {every} < xs.shape[1] else self.h
    self.layers = whole
    return np.concatenate(parts, axis=1)
"""
CUTS = """
def backward(self, dhs):
    whole, total, parts = self.layers, 0, []
    for start in reversed(range(0, dhs.shape[1], {every})):
        self.layers = whole[start : start + {every}]
        parts.insert(0, right(self, dhs[:, start : start + {every}]))
        total = [one + total[k] if total else one for k, one in enumerate(self.grads)]
    self.layers, self.grads = whole, total
    return np.concatenate(parts, axis=1)
"""
CLIPS = """
def backward(self, {dout}):
    back = right(self, {dout})
    self.grads = [np.clip(gradient, -{limit}, {limit}) for gradient in self.grads]
    return back
"""
SINGLE = """
def forward(self, {inputs}):
    return right(self, {inputs}).astype(np.float32)
"""
FLOOR = """
def forward(self, xs, ts):
    return min(right(self, xs, ts), {bound})
"""

WRONG = {
    **{f"forgets every {k}": method("time_rnn", "TimeRNN", FORGETS.format(every=k), 0.75) for k in (8, 11, 29)},
    **{f"carry cut every {k}": method("time_rnn", "TimeRNN", CUTS.format(every=k), 0.75) for k in (3, 6, 13, 21, 39)},
    "step clipped at 5": method("rnn", "RNN", CLIPS.format(dout="dh_next", limit=5), 0.92, 0.6),
    "step clipped at 50": method("rnn", "RNN", CLIPS.format(dout="dh_next", limit=50), 0.92, 0.6),
    "window clipped at 10": method("time_rnn", "TimeRNN", CLIPS.format(dout="dhs", limit=10), 0.92, 0.5),
    "affine clipped at 100": method("time_affine", "TimeAffine", CLIPS.format(dout="dout", limit=100), 0.92, 0.5),
    "step in single precision": method("rnn", "RNN", SINGLE.format(inputs="x, h_prev"), 0.3),
    "affine in single precision": method("time_affine", "TimeAffine", SINGLE.format(inputs="xs"), 0.0),
    "loss at most 1000": method("softmax_loss", "TimeSoftmaxWithLoss", FLOOR.format(bound=1000.0), 0.92, 0.6),
    "loss as an array": method(
        "softmax_loss",
        "TimeSoftmaxWithLoss",
        """
        def forward(self, xs, ts):
            return np.array([right(self, xs, ts)])
        """,
        0.0,
    ),
    "gradient kept small": method(
        "softmax_loss",
        "TimeSoftmaxWithLoss",
        """
        def backward(self, dout=1.0):
            return np.clip(right(self, dout), -1, 1)
        """,
        0.96,
        0.9,
    ),
    "negative labels all ignored": method(
        "softmax_loss",
        "TimeSoftmaxWithLoss",
        """
        def forward(self, xs, ts):
            return right(self, xs, np.where(ts < 0, self.ignore_label, ts))
        """,
        1.0,
    ),
    "state of the last batch kept by a plain layer": method(
        "time_rnn",
        "TimeRNN",
        """
        def forward(self, xs):
            self.stateful = True
            return right(self, xs)
        """,
        0.92,
    ),
    "dh at the end of the window": method(
        "time_rnn",
        "TimeRNN",
        """
        def backward(self, dhs):
            back = right(self, dhs)
            self.dh = dhs[:, -1]
            return back
        """,
        0.9,
        0.25,
    ),
    "padding of words forgotten": Wrong(
        "batches",
        """
def time_batches(corpus, batch_size, time_size, right=time_batches):
    return [(np.where(ts < 0, corpus[-1], xs), ts) for xs, ts in right(corpus, batch_size, time_size)]
""",
        0.2,
        0.7,
    ),
    "last window never of one column": Wrong(
        "batches",
        """
def time_batches(corpus, batch_size, time_size, right=time_batches):
    windows = right(corpus, batch_size, time_size)
    return windows[:-1] if len(windows) > 1 and windows[-1][0].shape[1] == 1 < time_size else windows
""",
        0.0,
        0.9,
    ),
    "word 0 not embedded": method(
        "embedding",
        "Embedding",
        """
        def backward(self, dout):
            right(self, dout * (self.idx > 0)[:, None])
        """,
        0.5,
    ),
    "rate rounded": method(
        "sgd",
        "SGD",
        """
        def __init__(self, lr=0.01):
            self.lr = round(lr, 3)
        """,
        0.0,
    ),
    "perplexity rounded": Wrong(
        "perplexity",
        "\ndef perplexity(losses, counts, right=perplexity):\n    return round(right(losses, counts), 6)\n",
        0.0,
        0.0,
    ),
    "weights drawn by a generator of its own": method(
        "model",
        "SimpleRnnlm",
        """
        def __init__(self, *sizes):
            np.random.seed(0)
            right(self, *sizes)
        """,
        0.0,
    ),
    "labels shifted once more": method(
        "model",
        "SimpleRnnlm",
        """
        def forward(self, xs, ts):
            return right(self, xs, np.roll(ts, -1, axis=1))
        """,
        0.45,
    ),
}
# This one does what the text asks for wherever it can be told from it: there is no other negative label.
UNTOLD = {"negative labels all ignored"}

RIGHT = {
    "step through arctanh": (
        "rnn",
        """
        class RNN:
            def __init__(self, *params):
                self.params = list(params)

            def forward(self, x, h_prev):
                Wx, Wh, b = self.params
                self.seen = np.concatenate([x, h_prev, np.ones((len(x), 1))], axis=1)
                self.out = np.tanh(self.seen @ np.concatenate([Wx, Wh, b[None]]))
                return self.out

            def backward(self, dh_next):
                Wx, Wh, b = self.params
                slope = (1.0 - np.square(self.out)) * dh_next
                joined = self.seen.T @ slope
                self.grads = np.split(joined, [len(Wx), len(Wx) + len(Wh)])
                self.grads[2] = self.grads[2][0]
                return slope.dot(Wx.T), slope.dot(Wh.T)
        """,
    ),
    "step row by row": (
        "rnn",
        """
        class RNN:
            def __init__(self, Wx, Wh, b):
                self.Wx, self.Wh, self.b = Wx, Wh, b

            @property
            def params(self):
                return [self.Wx, self.Wh, self.b]

            def forward(self, x, h_prev):
                self.rows = list(zip(x, h_prev))
                self.h = np.array([np.tanh(r @ self.Wx + h @ self.Wh + self.b) for r, h in self.rows])
                return self.h

            def backward(self, dh_next):
                dWx, dWh, db = (np.zeros_like(p) for p in self.params)
                dx, dh = [], []
                for (r, h), new, d in zip(self.rows, self.h, dh_next):
                    dz = d - d * new * new
                    dWx += np.outer(r, dz)
                    dWh += np.outer(h, dz)
                    db += dz
                    dx.append(self.Wx @ dz)
                    dh.append(self.Wh @ dz)
                self.grads = dWx, dWh, db
                return np.array(dx), np.array(dh)
        """,
    ),
    "window by recursion": (
        "time_rnn",
        """
        class TimeRNN:
            h = dh = None

            def __init__(self, Wx, Wh, b, stateful=False):
                self.params, self.stateful = [Wx, Wh, b], stateful

            def forward(self, xs):
                begin = self.h if self.stateful else None
                self.h = np.zeros((len(xs), len(self.params[1]))) if begin is None else begin
                self.steps = [RNN(*self.params) for _ in range(xs.shape[1])]
                states = np.zeros(xs.shape[:2] + self.h.shape[1:])
                for t, step in enumerate(self.steps):
                    states[:, t] = self.h = step.forward(xs[:, t], self.h)
                return states

            def back(self, dhs, t):
                if t == dhs.shape[1]:
                    return np.zeros_like(dhs[:, 0])
                later = self.back(dhs, t + 1)
                self.dxs[:, t], before = self.steps[t].backward(later + dhs[:, t])
                return before

            def backward(self, dhs):
                self.dxs = np.zeros(dhs.shape[:2] + self.params[0].shape[:1])
                self.dh = self.back(dhs, 0)
                self.grads = [np.sum([step.grads[k] for step in self.steps], axis=0) for k in (0, 1, 2)]
                return self.dxs

            def set_state(self, h):
                self.h = np.copy(h)

            def reset_state(self):
                self.h = None
        """,
    ),
    "window with the state's sign for none": (
        "time_rnn",
        """
        class TimeRNN:
            def __init__(self, Wx, Wh, b, stateful=False):
                self.params = [Wx, Wh, b]
                self.grads = [p * 0 for p in self.params]
                self.begin, self.stateful, self.dh = [], stateful, None

            @property
            def h(self):
                return self.begin[0] if self.begin else None

            def forward(self, xs):
                N, T = xs.shape[:2]
                if not (self.stateful and self.begin):
                    self.begin = [np.zeros((N, self.params[1].shape[1]))]
                self.cells, out = [], []
                while len(out) < T:
                    self.cells.append(RNN(*self.params))
                    out.append(self.cells[-1].forward(xs[:, len(out)], out[-1] if out else self.begin[0]))
                self.begin = [out[-1]]
                return np.swapaxes(np.array(out), 0, 1)

            def backward(self, dhs):
                for g in self.grads:
                    g.fill(0.0)
                dxs, self.dh = [None] * len(self.cells), 0.0
                for t, cell in reversed(list(enumerate(self.cells))):
                    dxs[t], self.dh = cell.backward(dhs[:, t] + self.dh)
                    for g, one in zip(self.grads, cell.grads):
                        np.add(g, one, out=g)
                return np.stack(dxs, axis=1)

            def set_state(self, h):
                self.begin = [h]

            def reset_state(self):
                self.begin = []
        """,
    ),
    "one class for both embeddings": (
        "embedding",
        """
        class Embedding:
            def __init__(self, W):
                self.params, self.grads = [W], [np.zeros_like(W)]

            def forward(self, idx):
                self.read = np.array(idx, copy=True)
                return self.params[0][self.read]

            def backward(self, dout):
                dW = np.zeros_like(self.params[0])
                for word, row in zip(self.read.flat, dout.reshape(-1, dout.shape[-1])):
                    dW[word] += row
                self.grads[0][:] = dW


        class TimeEmbedding(Embedding):
            pass
        """,
    ),
    "embedding by bincount": (
        "embedding",
        """
        class Embedding:
            def __init__(self, W):
                self.params, self.grads = [W], [None]

            def forward(self, idx):
                self.idx = idx
                return self.params[0].take(idx, axis=0)

            def backward(self, dout):
                V, D = self.params[0].shape
                columns = [np.bincount(self.idx.ravel(), weights=dout[..., d].ravel(), minlength=V) for d in range(D)]
                self.grads = [np.stack(columns, axis=1)]


        TimeEmbedding = type("TimeEmbedding", (Embedding,), {})
        """,
    ),
    "affine with a column of ones": (
        "time_affine",
        """
        class TimeAffine:
            def __init__(self, W, b):
                self.params = [W, b]
                self.grads = [0 * W, 0 * b]

            def forward(self, xs):
                self.wide = np.concatenate([xs, np.ones((*xs.shape[:2], 1))], axis=2)
                return self.wide @ np.vstack(self.params)

            def backward(self, dout):
                joined = np.einsum("ntk,ntv->kv", self.wide, dout)
                self.grads = [joined[:-1], joined[-1]]
                return np.matmul(dout, self.params[0].T)
        """,
    ),
    "loss by scipy's formula": (
        "softmax_loss",
        """
        class TimeSoftmaxWithLoss:
            params, grads = [], []

            def __init__(self, ignore_label=-1):
                self.ignore_label = ignore_label

            def forward(self, xs, ts):
                self.on = ts != self.ignore_label
                self.xs, self.ts = xs[self.on], ts[self.on]
                top = self.xs.max(axis=-1, initial=-np.inf)
                self.log_sum = top + np.log(np.exp(self.xs - top[:, None]).sum(axis=-1))
                losses = self.log_sum - self.xs[np.arange(len(self.ts)), self.ts]
                return float(np.mean(losses)) if len(losses) else 0.0

            def backward(self, dout=1.0):
                whole = np.zeros(self.on.shape + self.xs.shape[1:])
                p = np.exp(self.xs - self.log_sum[:, None])
                p[np.arange(len(self.ts)), self.ts] -= 1.0
                whole[self.on] = p * dout / max(1, len(self.ts))
                return whole
        """,
    ),
    "loss of masked arrays": (
        "softmax_loss",
        """
        class TimeSoftmaxWithLoss:
            def __init__(self, ignore_label=-1):
                self.params, self.grads, self.skip = [], [], ignore_label

            def forward(self, xs, ts):
                self.labels = np.ma.masked_equal(ts, self.skip)
                shifted = xs - xs.max(axis=2)[..., None]
                self.log_p = shifted - np.logaddexp.reduce(shifted, axis=2)[..., None]
                words = self.labels.filled(0)
                losses = np.ma.array(-np.take_along_axis(self.log_p, words[..., None], 2)[..., 0], mask=ts == self.skip)
                return float(losses.sum()) / losses.count() if losses.count() else 0.0

            def backward(self, dout=1.0):
                hot = np.arange(self.log_p.shape[2]) == self.labels.filled(0)[..., None]
                weights = (~np.ma.getmaskarray(self.labels)).astype(float)
                return (np.exp(self.log_p) - hot) * (weights * dout / max(weights.sum(), 1))[..., None]
        """,
    ),
    "model by zip of shapes": (
        "model",
        """
        class SimpleRnnlm:
            def __init__(self, vocab_size, wordvec_size, hidden_size):
                V, D, H = vocab_size, wordvec_size, hidden_size
                plan = {"E": (V, D, 100), "Wx": (D, H, D**0.5), "Wh": (H, H, H**0.5), "W": (H, V, H**0.5)}
                drawn = {k: np.random.randn(rows, columns) / by for k, (rows, columns, by) in plan.items()}
                self.layers = [TimeEmbedding(drawn["E"])]
                self.layers += [TimeRNN(drawn["Wx"], drawn["Wh"], np.zeros(H), stateful=True)]
                self.layers += [TimeAffine(drawn["W"], np.zeros(V))]
                self.loss_layer = TimeSoftmaxWithLoss()
                self.logits = None

            def predict(self, xs):
                self.logits = xs
                for layer in self.layers:
                    self.logits = layer.forward(self.logits)
                return self.logits

            def forward(self, xs, ts):
                self.predict(xs)
                return self.loss_layer.forward(self.logits, ts)

            def backward(self, dout=1.0):
                carried = [self.loss_layer.backward(dout)]
                while len(carried) <= len(self.layers):
                    carried.append(self.layers[-len(carried)].backward(carried[-1]))

            def reset_state(self):
                next(layer for layer in self.layers if isinstance(layer, TimeRNN)).reset_state()
        """,
    ),
    "model that reads its state's shape": (
        "model",
        """
        class SimpleRnnlm(object):
            def __init__(self, vocab_size, wordvec_size, hidden_size):
                self._make(vocab_size, wordvec_size, hidden_size)
                self.loss_layer = TimeSoftmaxWithLoss(-1)

            def _make(self, V, D, H):
                table = 0.01 * np.random.randn(V, D)
                Wx, Wh = np.random.randn(D, H) / D ** 0.5, np.random.randn(H, H) / H ** 0.5
                top = np.random.randn(H, V) / H ** 0.5
                self.rnn_layer = TimeRNN(Wx, Wh, np.zeros((H,)), True)
                self.layers = [TimeEmbedding(table), self.rnn_layer, TimeAffine(top, np.zeros((V,)))]

            def predict(self, xs):
                embed, recurrent, affine = self.layers
                return affine.forward(recurrent.forward(embed.forward(xs)))

            def forward(self, xs, ts):
                return self.loss_layer.forward(self.predict(xs), ts)

            def backward(self, dout=1):
                dout = self.loss_layer.backward(dout)
                for i in (-1, -2, -3):
                    dout = self.layers[i].backward(dout)

            def reset_state(self):
                self.rnn_layer.reset_state()
        """,
    ),
    "corpus by a counting dictionary": (
        "corpus",
        """
        def preprocess(text):
            import collections
            import itertools

            counter = itertools.count()
            ids = collections.defaultdict(lambda: next(counter))
            corpus = np.asarray([ids[word] for word in text.strip().split()])
            return [corpus, dict(ids), dict(zip(ids.values(), ids.keys()))]
        """,
    ),
    "windows by strides": (
        "batches",
        """
        def time_batches(corpus, batch_size, time_size):
            J = (len(corpus) + batch_size - 2) // batch_size
            page = np.concatenate([corpus, np.full(J * batch_size, -1)])
            rows = [slice(i * J, (i + 1) * J) for i in range(batch_size)]
            xs = np.array([page[:-1][row] for row in rows])
            ts = np.array([page[1:][row] for row in rows])
            xs[ts == -1] = 0
            cut = lambda a: [np.ascontiguousarray(a[:, k : k + time_size]) for k in range(0, J, time_size)]
            return list(map(tuple, zip(cut(xs), cut(ts))))
        """,
    ),
    "perplexity as a product": (
        "perplexity",
        """
        def perplexity(losses, counts):
            shares = np.asarray(counts) / float(sum(counts))
            return np.prod(np.exp(np.asarray(losses) * shares))
        """,
    ),
    "descent by iadd": (
        "sgd",
        """
        class SGD:
            def __init__(self, lr=1e-2):
                self.lr = lr

            def update(self, params, grads):
                import operator

                list(map(operator.iadd, params, (-self.lr * g for g in grads)))


        def updated(optimizer, params, grads):
            optimizer.update(list(params), list(grads))
            return params
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
    """Return the namespace of a notebook in which some exercises' cells hold other texts."""
    namespace: dict[str, Any] = {"__name__": "__main__", "In": [""]}
    with _checks_importable():
        for name, solution in CELLS.items():
            namespace["In"].append(replaced.get(name, solution))
            with contextlib.suppress(Exception):  # a cell that fails leaves the notebook going, as in Jupyter
                exec(compile(namespace["In"][-1], f"<cell {name}>", "exec"), namespace)
    return namespace


def shares(exercise: str, source: str) -> set[float]:
    """Return which shares of the points an answer earns, in plain nbgrader and under every seed."""
    replaced = {exercise: source}
    results = [judge_in_process(loaded(), exercise, learner(**replaced))]
    results += [judge(loaded(), exercise, InProcess(learner(**replaced)), seed=seed) for seed in SEEDS]
    assert all(result.score is not None for result in results)
    return {round((result.score or 0.0) / result.points, 9) for result in results}


@pytest.mark.parametrize("name", WRONG)
def test_nearly_right_answer_loses(name: str) -> None:
    """An answer that is wrong in one thing loses that thing's share, no more, and the same under every seed."""
    wrong = WRONG[name]
    found = shares(wrong.exercise, CELLS[wrong.exercise] + wrong.code)
    assert len(found) == 1
    assert wrong.least <= min(found) <= wrong.most
    assert name in UNTOLD or min(found) < 1


@pytest.mark.parametrize("name", RIGHT)
def test_unusual_right_answer_earns_everything(name: str) -> None:
    """A right answer that looks odd, and takes nothing but what the docstring promises, earns all points."""
    exercise, source = RIGHT[name]
    assert shares(exercise, textwrap.dedent(source)) == {1.0}


# --- a mistake costs once, also with layers ---------------------------------------------------------------------------

KNOWN = {item.label: item for item in load_misconceptions(COURSE, NAME, loaded().exercises, loaded().solution)}
BLANK = "raise NotImplementedError"
# A wrong layer, and the right class that is made of its objects.
LAYERED = [
    ("WeightsNotTransposedBack", "model"),
    ("AffineGradsNeverKept", "model"),
    ("StatefulNever", "model"),
    ("BiasGradientIsAMean", "time_rnn"),
]
MORE = [
    ("BiasForgotten", "model"),
    ("AffineArraysCopied", "model"),
    ("GradsOfOneStepAlone", "model"),
    ("RepeatedWordsCountedOnce", "model"),
    ("MeanOverAllPlaces", "model"),
    ("ProbabilitiesChangedInBackward", "model"),
    ("StateLeftOut", "time_rnn"),
    ("GradsNeverKept", "time_rnn"),
    ("OneCacheForAllSteps", "time_rnn"),
    ("CopiesItsParameters", "time_rnn"),
]


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    """A warm template process."""
    with run_template() as running:
        yield running


def graded(template: Template, files: Path, answers: dict[str, str]) -> dict[str, ExerciseResult]:
    """Grade in a worker what defines a notebook, with those answers in it."""
    kept = [cell for cell in ALL if cell.role in (Role.LOCKED, Role.SOLUTION) or cell.grade_id.endswith("-grade")]
    cells = [replace(cell, index=n, source=answers.get(cell.grade_id, cell.source)) for n, cell in enumerate(kept)]
    (files / "checks.py").write_bytes((COURSE.source_folder(NAME) / "checks.py").read_bytes())
    run = grade_cells(cells, loaded(), template=template, limits=Limits(), files=files, seed=b"the class's")
    return {result.exercise: result for result in run.exercises}


@pytest.mark.parametrize(
    ("label", "later"), [*LAYERED, *(pytest.param(*pair, marks=pytest.mark.slow) for pair in MORE)]
)
def test_wrong_layer_costs_its_own_exercise_only(template: Template, tmp_path: Path, label: str, later: str) -> None:
    """A wrong layer with a right class made of such layers: the later one earns all its points, in a worker too."""
    item = KNOWN[label]
    results = graded(template, tmp_path, {item.exercise: item.source})
    for result in results.values():
        assert (result.score == result.points) is (result.exercise != item.exercise), result
    here = judge_in_process(loaded(), later, learner(**{item.exercise: item.source}))
    assert here.score == here.points
    assert here.follow_through == results[later].follow_through


@pytest.mark.parametrize("own", ["time_rnn", "model", "sgd"])
def test_class_upon_nothing_earns_its_points(template: Template, tmp_path: Path, own: str) -> None:
    """With every other exercise blank, a right class made of layers earns its points upon ours."""
    blank = {exercise.name: BLANK for exercise in loaded().exercises if exercise.name != own}
    results = graded(template, tmp_path, blank)
    assert {name: result.score for name, result in results.items() if result.score} == {
        own: loaded().exercise(own).points
    }


def test_two_wrong_layers_cost_what_each_costs_alone(template: Template, tmp_path: Path) -> None:
    """Wrong affine and wrong embedding together cost what they cost alone, and the model nothing."""
    chosen = [KNOWN[label] for label in ("WeightsNotTransposedBack", "RepeatedWordsCountedOnce")]
    together = graded(template, tmp_path, {item.exercise: item.source for item in chosen})
    for item in chosen:
        alone = judge_in_process(loaded(), item.exercise, learner(**{item.exercise: item.source}))
        assert together[item.exercise].score == alone.score
    lost = {name for name, result in together.items() if result.score != result.points}
    assert lost == {item.exercise for item in chosen}
