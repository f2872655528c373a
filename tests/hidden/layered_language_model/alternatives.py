"""Right answers to layered_language_model that look different from the solution; free names are the notebook's."""
# ruff: noqa: F841, FBT002, FBT003, PLW2901, RUF059 - the notebook's own signatures, and what learners unpack

from __future__ import annotations

from gradekit.hidden import alternative

# --- corpus -------------------------------------------------------------------------------------------------------


@alternative("corpus", why="word by word, with membership tests and append")
def preprocess_by_hand(text):
    word_to_id, id_to_word, numbers = {}, {}, []
    for word in text.split():
        if word not in word_to_id:
            new = len(word_to_id)
            word_to_id[word] = new
            id_to_word[new] = word
        numbers.append(word_to_id[word])
    return np.array(numbers, dtype=np.int32), word_to_id, id_to_word


@alternative("corpus", why="setdefault while the corpus is made, keys that are numpy integers")
def preprocess_by_setdefault(text):
    ids = {}
    corpus = np.fromiter((ids.setdefault(word, len(ids)) for word in text.split()), dtype=np.int64)
    return corpus, ids, {np.int64(number): word for word, number in ids.items()}


@alternative("corpus", why="from numpy's unique, put into order of first appearance, unsigned numbers")
def preprocess_by_unique(text):
    words, first, inverse = np.unique(text.split(), return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    ids = {str(word): int(number) for word, number in zip(words, rank, strict=True)}
    return rank[inverse.ravel()].astype(np.uint32), ids, {number: word for word, number in ids.items()}


# --- batches ------------------------------------------------------------------------------------------------------


@alternative("batches", why="place by place, with a question for each whether a pair is left")
def batches_place_by_place(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = (pairs + batch_size - 1) // batch_size
    windows = []
    for begin in range(0, length, time_size):
        width = min(time_size, length - begin)
        xs = np.zeros((batch_size, width), dtype=int)
        ts = -np.ones((batch_size, width), dtype=int)
        for i in range(batch_size):
            for j in range(width):
                p = i * length + begin + j
                if p < pairs:
                    xs[i, j], ts[i, j] = corpus[p], corpus[p + 1]
        windows.append((xs, ts))
    return windows


@alternative("batches", why="padded by np.pad and split by np.array_split's cousin, tuples in a tuple, copies")
def batches_by_padding(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = int(np.ceil(pairs / batch_size))
    more = (0, length * batch_size - pairs)
    xs = np.pad(corpus[:-1], more).reshape(batch_size, length)
    ts = np.pad(corpus[1:], more, constant_values=-1).reshape(batch_size, length)
    cuts = range(time_size, length, time_size)
    return tuple(zip(np.split(xs, cuts, axis=1), np.split(ts, cuts, axis=1), strict=True))


@alternative("batches", why="an index for each place, clipped, and np.where; pairs as lists")
def batches_by_index(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    place = np.arange(batch_size)[:, None] * length + np.arange(length)
    left = place < pairs
    place = np.minimum(place, pairs - 1)
    xs, ts = np.where(left, corpus[place], 0), np.where(left, corpus[place + 1], -1)
    found = []
    while xs.shape[1]:
        found.append([xs[:, :time_size], ts[:, :time_size]])
        xs, ts = xs[:, time_size:], ts[:, time_size:]
    return found


# --- rnn ----------------------------------------------------------------------------------------------------------


@alternative("rnn", why="gradients are filled into the arrays that are there")
class StepThatFills:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.cache = None

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h_next = np.tanh(np.dot(h_prev, Wh) + np.dot(x, Wx) + b)
        self.cache = (x, h_prev, h_next)
        return h_next

    def backward(self, dh_next):
        Wx, Wh, b = self.params
        x, h_prev, h_next = self.cache
        dz = dh_next * (1 - h_next**2)
        self.grads[0][...] = np.dot(x.T, dz)
        self.grads[1][...] = np.dot(h_prev.T, dz)
        self.grads[2][...] = np.sum(dz, axis=0)
        return np.dot(dz, Wx.T), np.dot(dz, Wh.T)


@alternative("rnn", why="one joined product, and its parts cut apart again")
class StepOfOneProduct:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        self.joined = np.hstack([h_prev, x])
        self.h = np.tanh(self.joined @ np.vstack([Wh, Wx]) + b)
        return self.h.copy()

    def backward(self, dh_next):
        Wx, Wh, b = self.params
        dz = dh_next * (1 - self.h) * (1 + self.h)
        dW, djoined, H = self.joined.T @ dz, dz @ np.vstack([Wh, Wx]).T, len(Wh)
        self.grads = [dW[H:], dW[:H], np.ones(len(dz)) @ dz]
        return [djoined[:, H:], djoined[:, :H]]


@alternative("rnn", why="einsum, attributes by name, nothing kept but what z was made of")
class StepByEinsum:
    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b
        self.params = [self.Wx, self.Wh, self.b]
        self.grads = [0 * Wx, 0 * Wh, 0 * b]

    def inside(self):
        return np.einsum("nd,dh->nh", self.x, self.Wx) + np.einsum("ng,gh->nh", self.before, self.Wh) + self.b

    def forward(self, x, h_prev):
        self.x, self.before = x.copy(), h_prev.copy()
        return np.tanh(self.inside())

    def backward(self, dh_next):
        dz = dh_next / np.cosh(np.minimum(np.abs(self.inside()), 300)) ** 2
        self.grads[0] = np.einsum("nd,nh->dh", self.x, dz)
        self.grads[1] = np.einsum("ng,nh->gh", self.before, dz)
        self.grads[2] = np.einsum("nh->h", dz)
        return np.einsum("nh,dh->nd", dz, self.Wx), np.einsum("nh,gh->ng", dz, self.Wh)


# --- time_rnn -----------------------------------------------------------------------------------------------------


@alternative("time_rnn", why="gradients are filled in, the state is made before each window, zeros at a reset")
class WindowThatFills:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.layers = None
        self.h, self.dh = None, None
        self.stateful = stateful

    def forward(self, xs):
        Wx, Wh, b = self.params
        N, T, D = xs.shape
        D, H = Wx.shape
        self.layers = []
        hs = np.empty((N, T, H))
        if not self.stateful or self.h is None:
            self.h = np.zeros((N, H))
        for t in range(T):
            layer = RNN(*self.params)
            self.h = layer.forward(xs[:, t, :], self.h)
            hs[:, t, :] = self.h
            self.layers.append(layer)
        return hs

    def backward(self, dhs):
        dxs = np.empty((*dhs.shape[:2], self.params[0].shape[0]))
        dh = 0
        for gradient in self.grads:
            gradient[...] = 0
        for t in reversed(range(dhs.shape[1])):
            dxs[:, t, :], dh = self.layers[t].backward(dhs[:, t, :] + dh)
            for gradient, one in zip(self.grads, self.layers[t].grads, strict=True):
                gradient += one
        self.dh = dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@alternative("time_rnn", why="lists and np.stack, steps zipped with gradients, a copy of the state")
class WindowOfLists:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.stateful = stateful
        self.h = self.dh = None

    def forward(self, xs):
        h = self.h if self.stateful else None
        if h is None:
            h = np.zeros((len(xs), len(self.params[2])))
        self.steps, states = [], []
        for x in np.moveaxis(xs, 1, 0):
            self.steps.append(RNN(*self.params))
            h = self.steps[-1].forward(x, h)
            states.append(h)
        self.h = h.copy()
        return np.stack(states, axis=1)

    def backward(self, dhs):
        dxs, carried = [], np.zeros_like(dhs[:, 0])
        for step, dh in zip(self.steps[::-1], np.moveaxis(dhs, 1, 0)[::-1], strict=True):
            dx, carried = step.backward(dh + carried)
            dxs.insert(0, dx)
        self.dh = carried
        self.grads = [sum(step.grads[k] for step in self.steps) for k in range(3)]
        return np.stack(dxs, axis=1)

    def set_state(self, h):
        self.h = np.array(h)

    def reset_state(self):
        self.h = None


@alternative("time_rnn", why="no RNN objects: formulas of its own, all weights' gradients in one product at the end")
class WindowByFormulas:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], [np.zeros_like(p) for p in (Wx, Wh, b)]
        self.stateful, self.h, self.dh, self.begin = stateful, None, None, None

    def forward(self, xs):
        Wx, Wh, b = self.params
        if self.h is None or not self.stateful:
            self.h = np.zeros((xs.shape[0], len(b)))
        self.xs, self.hs = xs, np.zeros((xs.shape[0], xs.shape[1] + 1, len(b)))
        self.hs[:, 0] = self.h
        inputs = xs @ Wx + b
        for t in range(xs.shape[1]):
            self.hs[:, t + 1] = np.tanh(inputs[:, t] + self.hs[:, t] @ Wh)
        self.h = self.hs[:, -1].copy()
        return self.hs[:, 1:].copy()

    def backward(self, dhs):
        Wx, Wh, b = self.params
        dzs = np.zeros_like(dhs)
        dh = np.zeros_like(dhs[:, 0])
        for t in range(dhs.shape[1] - 1, -1, -1):
            dzs[:, t] = (dhs[:, t] + dh) * (1 - self.hs[:, t + 1] ** 2)
            dh = dzs[:, t] @ Wh.T
        self.dh = dh
        self.grads[:] = [
            np.tensordot(self.xs, dzs, axes=([0, 1], [0, 1])),
            np.tensordot(self.hs[:, :-1], dzs, axes=([0, 1], [0, 1])),
            dzs.sum(axis=(0, 1)),
        ]
        return dzs @ Wx.T

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


# --- embedding ----------------------------------------------------------------------------------------------------


@alternative("embedding", why="word by word, gradients filled in")
class RowsWordByWord:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]

    def forward(self, idx):
        (W,) = self.params
        self.idx = np.array(idx)
        out = np.empty((len(idx), W.shape[1]))
        for place, word in enumerate(idx):
            out[place] = W[word]
        return out

    def backward(self, dout):
        (dW,) = self.grads
        dW[...] = 0
        for place, word in enumerate(self.idx):
            dW[word] += dout[place]


@alternative("embedding", why="one-hot products both ways")
class RowsByProducts:
    def __init__(self, W):
        self.params, self.grads = [W], [np.zeros(W.shape)]

    def forward(self, idx):
        self.one_hot = np.eye(len(self.params[0]))[idx]
        return self.one_hot @ self.params[0]

    def backward(self, dout):
        self.grads[0] = self.one_hot.T @ dout


@alternative("embedding", function="TimeEmbedding", why="one Embedding for each step, their gradients summed")
class WindowsStepByStep:
    def __init__(self, W):
        self.params, self.grads, self.W, self.layers = [W], [np.zeros_like(W)], W, None

    def forward(self, xs):
        N, T = xs.shape
        out, self.layers = np.empty((N, T, self.W.shape[1])), []
        for t in range(T):
            layer = Embedding(self.W)
            out[:, t, :] = layer.forward(xs[:, t])
            self.layers.append(layer)
        return out

    def backward(self, dout):
        total = 0
        for t, layer in enumerate(self.layers):
            layer.backward(dout[:, t])
            total = total + layer.grads[0]
        self.grads[0][...] = total


@alternative("embedding", function="TimeEmbedding", why="no Embedding within: indices of any shape, sorted and reduced")
class WindowsAtOnce:
    def __init__(self, W):
        self.params, self.grads = [W], [np.zeros_like(W)]

    def forward(self, xs):
        self.words = xs
        return np.take(self.params[0], xs, axis=0)

    def backward(self, dout):
        order = np.argsort(self.words, axis=None, kind="stable")
        words, first = np.unique(self.words.ravel()[order], return_index=True)
        dW = np.zeros_like(self.params[0])
        dW[words] = np.add.reduceat(dout.reshape(-1, dout.shape[2])[order], first, axis=0)
        self.grads = (dW,)


# --- time_affine --------------------------------------------------------------------------------------------------


@alternative("time_affine", why="flattened both ways, gradients filled in")
class AffineFlattened:
    def __init__(self, W, b):
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]
        self.x = None

    def forward(self, x):
        N, T, _ = x.shape
        W, b = self.params
        self.x = x
        return (np.dot(x.reshape(N * T, -1), W) + b).reshape(N, T, -1)

    def backward(self, dout):
        x, (W, b) = self.x, self.params
        N, T, H = x.shape
        flat = dout.reshape(N * T, -1)
        self.grads[0][...] = np.dot(x.reshape(N * T, -1).T, flat)
        self.grads[1][...] = np.sum(flat, axis=0)
        return np.dot(flat, W.T).reshape(N, T, H)


@alternative("time_affine", why="step by step, sums that grow")
class AffineStepByStep:
    def __init__(self, W, b):
        self.params, self.grads = [W, b], [0.0, 0.0]

    def forward(self, xs):
        W, b = self.params
        self.steps = [xs[:, t] for t in range(xs.shape[1])]
        return np.stack([x @ W + b for x in self.steps], axis=1)

    def backward(self, dout):
        W, b = self.params
        dW, db, back = np.zeros_like(W), np.zeros_like(b), []
        for t, x in enumerate(self.steps):
            dW += x.T @ dout[:, t]
            db += dout[:, t].sum(axis=0)
            back.append(dout[:, t] @ W.T)
        self.grads = [dW, db]
        return np.stack(back, axis=1)


@alternative("time_affine", why="einsum and tensordot")
class AffineByEinsum:
    def __init__(self, W, b):
        self.W, self.b = self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]

    def forward(self, xs):
        self.xs = np.array(xs)
        return np.einsum("nth,hv->ntv", xs, self.W) + self.b[None, None, :]

    def backward(self, dout):
        self.grads = [np.einsum("nth,ntv->hv", self.xs, dout)]
        self.grads.append(np.einsum("ntv->v", dout))
        return np.einsum("ntv,hv->nth", dout, self.W)


# --- softmax_loss -------------------------------------------------------------------------------------------------


@alternative("softmax_loss", why="flattened, and only the places that count are looked at")
class LossOfChosenPlaces:
    def __init__(self, ignore_label=-1):
        self.params, self.grads = [], []
        self.ignored = ignore_label

    def forward(self, xs, ts):
        self.shape, flat, labels = xs.shape, xs.reshape(-1, xs.shape[2]), ts.reshape(-1)
        self.kept = np.flatnonzero(labels != self.ignored)
        self.labels = labels[self.kept]
        if not len(self.kept):
            return 0.0
        chosen = flat[self.kept]
        chosen = chosen - chosen.max(axis=1, keepdims=True)
        sums = np.exp(chosen).sum(axis=1)
        self.p = np.exp(chosen) / sums[:, None]
        return (np.log(sums) - chosen[np.arange(len(chosen)), self.labels]).mean()

    def backward(self, dout=1.0):
        dxs = np.zeros((self.shape[0] * self.shape[1], self.shape[2]))
        if len(self.kept):
            slope = self.p.copy()
            slope[np.arange(len(slope)), self.labels] -= 1
            dxs[self.kept] = dout * slope / len(slope)
        return dxs.reshape(self.shape)


@alternative("softmax_loss", why="place by place, with logaddexp")
class LossPlaceByPlace:
    def __init__(self, ignore_label=-1):
        self.params = self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        losses, self.slope = [], np.zeros(xs.shape)
        for n in range(xs.shape[0]):
            for t in range(xs.shape[1]):
                if ts[n, t] == self.ignore_label:
                    continue
                log_p = xs[n, t] - np.logaddexp.reduce(xs[n, t])
                losses.append(-log_p[ts[n, t]])
                self.slope[n, t] = np.exp(log_p)
                self.slope[n, t, ts[n, t]] -= 1
        self.count = len(losses)
        return sum(losses) / self.count if losses else 0

    def backward(self, dout=1.0):
        return self.slope * (dout / self.count if self.count else 0.0)


@alternative("softmax_loss", why="a mask that multiplies, labels made harmless, one-hot vectors")
class LossByMask:
    def __init__(self, ignore_label=-1):
        self.params, self.grads = [], []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        V = xs.shape[2]
        mask = (ts != self.ignore_label).astype(float)
        one_hot = np.eye(V)[np.where(mask > 0, ts, 0)]
        top = np.max(xs, axis=-1, keepdims=True)
        log_p = xs - top - np.log(np.sum(np.exp(xs - top), axis=-1, keepdims=True))
        self.cache = np.exp(log_p), one_hot, mask
        picked = np.where((one_hot > 0) & (mask > 0)[..., None], log_p, 0.0)
        return float(-picked.sum() / max(mask.sum(), 1.0))

    def backward(self, dout=1.0):
        p, one_hot, mask = self.cache
        return (p - one_hot) * mask[..., None] * dout / max(mask.sum(), 1.0)


# --- model --------------------------------------------------------------------------------------------------------


@alternative("model", why="layers by name as well, weights drawn as they are needed")
class ModelByName:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        rn = np.random.randn
        self.embedding = TimeEmbedding(rn(V, D) / 100)
        self.rnn = TimeRNN(rn(D, H) / np.sqrt(D), rn(H, H) / np.sqrt(H), np.zeros(H), True)
        self.affine = TimeAffine(rn(H, V) / np.sqrt(H), np.zeros(V))
        self.loss_layer = TimeSoftmaxWithLoss()
        self.layers = [self.embedding, self.rnn, self.affine]

    def predict(self, xs):
        return self.affine.forward(self.rnn.forward(self.embedding.forward(xs)))

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        self.embedding.backward(self.rnn.backward(self.affine.backward(self.loss_layer.backward(dout))))

    def reset_state(self):
        self.rnn.reset_state()


@alternative("model", why="powers for roots, the ignored label said, layers in a tuple, functools")
class ModelByReduce:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        shapes = [
            (vocab_size, wordvec_size),
            (wordvec_size, hidden_size),
            (hidden_size,) * 2,
            (hidden_size, vocab_size),
        ]
        scales = [0.01, wordvec_size**-0.5, hidden_size**-0.5, hidden_size**-0.5]
        E, Wx, Wh, W = (scale * np.random.randn(*shape) for scale, shape in zip(scales, shapes, strict=True))
        recurrent = TimeRNN(Wx, Wh, np.zeros(hidden_size), stateful=True)
        self.layers = (TimeEmbedding(E), recurrent, TimeAffine(W, np.zeros(vocab_size)))
        self.loss_layer = TimeSoftmaxWithLoss(ignore_label=-1)

    def predict(self, xs):
        import functools

        return functools.reduce(lambda values, layer: layer.forward(values), self.layers, xs)

    def forward(self, xs, ts):
        loss = self.loss_layer.forward(self.predict(xs), ts)
        return float(loss)

    def backward(self, dout=1.0):
        slope = self.loss_layer.backward(dout)
        for number in (2, 1, 0):
            slope = self.layers[number].backward(slope)

    def reset_state(self):
        self.layers[1].reset_state()


@alternative("model", why="sizes kept, a method that makes the layers, the model's own lists of arrays besides")
class ModelWithLists:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        self.sizes = vocab_size, wordvec_size, hidden_size
        self.loss_layer = TimeSoftmaxWithLoss()
        self.layers = list(self.make())
        self.params = [param for layer in self.layers for param in layer.params]

    def make(self):
        V, D, H = self.sizes
        yield TimeEmbedding(np.random.randn(V, D) / 100)
        Wx = np.random.randn(D, H) / D**0.5
        yield TimeRNN(Wx, np.random.randn(H, H) / H**0.5, np.zeros(H), stateful=True)
        yield TimeAffine(np.random.randn(H, V) / H**0.5, np.zeros(V))

    def predict(self, xs):
        first, second, third = self.layers
        return third.forward(second.forward(first.forward(xs)))

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward(dout)
        for layer in self.layers[::-1]:
            dout = layer.backward(dout)
        self.grads = [gradient for layer in self.layers for gradient in layer.grads]

    def reset_state(self):
        for layer in self.layers:
            if hasattr(layer, "reset_state"):
                layer.reset_state()


# --- perplexity ---------------------------------------------------------------------------------------------------


@alternative("perplexity", why="a loop")
def perplexity_by_loop(losses, counts):
    total = number = 0
    for loss, count in zip(losses, counts, strict=True):
        total += loss * count
        number += count
    return np.exp(total / number)


@alternative("perplexity", why="a scalar product, an array of no axes")
def perplexity_by_product(losses, counts):
    return np.array(np.exp(np.dot(losses, counts) / np.sum(counts)))


@alternative("perplexity", why="math, and the weighted product of powers by logarithms")
def perplexity_by_math(losses, counts):
    import math

    return math.exp(
        math.fsum(float(loss) * int(count) for loss, count in zip(losses, counts, strict=True)) / sum(counts)
    )


# --- sgd ----------------------------------------------------------------------------------------------------------


@alternative("sgd", why="zipped, the array itself subtracted from")
class DescentByZip:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for param, gradient in zip(params, grads, strict=True):
            param -= self.lr * gradient


@alternative("sgd", why="numpy's subtract with out=")
class DescentByOut:
    def __init__(self, lr=0.01):
        self.rate = float(lr)

    def update(self, params, grads):
        for param, gradient in zip(params, grads, strict=True):
            np.subtract(param, self.rate * gradient, out=param)


@alternative("sgd", why="in-place addition of a negative step, by index")
class DescentBySteps:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        steps = [-self.lr * np.asarray(gradient) for gradient in grads]
        for i, step in enumerate(steps):
            params[i] += step
