"""Right answers to next_token that look different from the solution; free names are those of the notebook."""
# ruff: noqa: FBT002, PLW2901, RUF005, RUF059 - as students write

from __future__ import annotations

from gradekit.hidden import alternative

# --- one_hot ------------------------------------------------------------------------------------------------------


@alternative("one_hot", why="a row of the identity matrix")
def row_of_the_identity(idx, vocab_size):
    return np.eye(vocab_size)[idx]


@alternative("one_hot", why="a comparison with every index, as whole numbers")
def by_comparison(idx, vocab_size):
    return (np.arange(vocab_size) == idx).astype(int)


@alternative("one_hot", why="writes into one large array, in a loop", function="one_hot_encode_sequence")
def fills_one_array(sequence, word_to_idx, vocab_size):
    encoded = np.zeros((len(sequence), vocab_size, 1))
    for t, word in enumerate(sequence):
        idx = word_to_idx[word] if word in word_to_idx else word_to_idx["UNK"]
        encoded[t, idx, 0] = 1
    return encoded


@alternative("one_hot", why="catches the KeyError, stacks columns", function="one_hot_encode_sequence")
def catches_the_error(sequence, word_to_idx, vocab_size):
    encoded = []
    for word in sequence:
        try:
            idx = word_to_idx[word]
        except KeyError:
            idx = word_to_idx["UNK"]
        encoded.append(one_hot_encode(idx, vocab_size).reshape(-1, 1))
    return np.stack(encoded)


@alternative("one_hot", why="a copy of the dictionary that may grow", function="one_hot_encode_sequence")
def with_a_defaultdict_of_its_own(sequence, word_to_idx, vocab_size):
    from collections import defaultdict

    own = defaultdict(lambda: word_to_idx["UNK"], word_to_idx)
    return np.expand_dims(np.eye(vocab_size)[[own[word] for word in sequence]], axis=2)


@alternative("one_hot", why="rows taken out of an identity, axes swapped", function="one_hot_encode_sequence")
def taken_from_an_identity(sequence, word_to_idx, vocab_size):
    places = [word_to_idx["UNK" if word not in word_to_idx else word] for word in sequence]
    return np.identity(vocab_size).take(places, axis=0).reshape(len(places), vocab_size, 1)


# --- vocabulary ---------------------------------------------------------------------------------------------------


@alternative(
    "vocabulary", why="Counter.most_common, which keeps the order of equal counts", function="sequences_to_dicts"
)
def through_most_common(sequences):
    counts = Counter()
    for sequence in sequences:
        counts.update(sequence)
    words = [word for word, _ in counts.most_common()] + ["UNK"]
    word_to_idx = Lookup(zip(words, range(len(words))), len(words) - 1)
    idx_to_word = Lookup(enumerate(words), "UNK")
    return [word_to_idx, idx_to_word, len(sequences), len(word_to_idx)]


@alternative(
    "vocabulary", why="counts by hand, sorts by -count, a class of its own inside", function="sequences_to_dicts"
)
def counts_by_hand(sequences):
    class Vocabulary(dict):
        answer = None

        def __missing__(self, key):
            return self.answer

    counts = {}
    for sequence in sequences:
        for word in sequence:
            counts[word] = counts.get(word, 0) + 1
    order = sorted(counts.items(), key=lambda item: -item[1])
    word_to_idx, idx_to_word = Vocabulary(), Vocabulary()
    for idx, (word, _) in enumerate([*order, ("UNK", 0)]):
        word_to_idx[word] = idx
        idx_to_word[idx] = word
    word_to_idx.answer, idx_to_word.answer = word_to_idx["UNK"], "UNK"
    return word_to_idx, idx_to_word, len(sequences), len(word_to_idx)


@alternative("vocabulary", why="a class that overrides __getitem__", function="Lookup")
class ReadsThroughGet(dict):
    def __init__(self, entries, default):
        super().__init__(entries)
        self.default = default

    def __getitem__(self, key):
        return self.get(key, self.default)


@alternative("vocabulary", why="numpy integers as counts and as the default", function="sequences_to_dicts")
def through_numpy(sequences):
    words = [word for sequence in sequences for word in sequence]
    kinds, first, counts = np.unique(words, return_index=True, return_counts=True)
    order = np.lexsort((first, -counts))
    named = [str(kinds[i]) for i in order] + ["UNK"]
    word_to_idx = Lookup({word: np.int64(idx) for idx, word in enumerate(named)}, np.int64(len(named) - 1))
    return word_to_idx, Lookup(dict(enumerate(named)), "UNK"), len(sequences), len(named)


@alternative("vocabulary", why="sorts by pairs of count and first place", function="sequences_to_dicts")
def sorted_by_pairs(sequences):
    words = [word for sequence in sequences for word in sequence]
    pairs = sorted((-words.count(word), words.index(word), word) for word in set(words))
    found = (*(word for _, _, word in pairs), "UNK")
    forth = Lookup({}, len(pairs))
    forth.update((word, place) for place, word in enumerate(found))
    return forth, Lookup({place: word for word, place in forth.items()}, "UNK"), len(sequences), len(forth)


# --- orthogonal ---------------------------------------------------------------------------------------------------


@alternative("orthogonal", why="the polar factor, by a singular value decomposition")
def polar_factor(param):
    left, _, right = np.linalg.svd(np.random.randn(*param.shape), full_matrices=False)
    return left @ right


@alternative("orthogonal", why="Gram and Schmidt by hand, twice for the rounding")
def gram_schmidt(param):
    rows, columns = param.shape
    found = []
    for _ in range(min(rows, columns)):
        column = np.random.normal(size=max(rows, columns))
        for _ in range(2):
            for other in found:
                column = column - other * (other @ column)
            column = column / np.linalg.norm(column)
        found.append(column)
    tall = np.array(found).T
    return tall if rows >= columns else tall.T


@alternative("orthogonal", why="random signs for the columns, square and cut to size")
def random_signs(param):
    rows, columns = param.shape
    size = max(rows, columns)
    q, r = np.linalg.qr(np.random.standard_normal((size, size)))
    q = q @ np.diag(np.diag(r) / np.abs(np.diag(r)))
    return q[:rows, :columns]


@alternative("orthogonal", why="transposes first, multiplies in place, copies at the end")
def transposes_first(param):
    if len(np.shape(param)) < 2:
        raise ValueError
    drawn = np.random.randn(*param.shape)
    wide = drawn.shape[0] < drawn.shape[1]
    if wide:
        drawn = drawn.T
    q, r = np.linalg.qr(drawn)
    q *= np.sign(np.diag(r, 0))
    return (q.T if wide else q).copy()


@alternative("orthogonal", why="a product of reflections and of signs, no decomposition")
def product_of_reflections(param):
    rows, columns = param.shape
    size = max(rows, columns)
    q = np.diag(np.sign(np.random.randn(size)))
    for length in range(2, size + 1):
        v = np.zeros(size)
        v[-length:] = np.random.randn(length)
        w = v / np.linalg.norm(v)
        w[-length] += 1.0 if w[-length] >= 0 else -1.0
        w /= np.linalg.norm(w)
        q = q - 2 * np.outer(w, w @ q)
    return q[:rows, :columns]


# --- parameters ---------------------------------------------------------------------------------------------------


@alternative("parameters", why="a list, in a loop over shapes")
def in_a_loop(hidden_size, vocab_size):
    shapes = [(hidden_size, vocab_size), (hidden_size, hidden_size), (vocab_size, hidden_size)]
    weights = [init_orthogonal(np.empty(shape)) for shape in shapes]
    return [*weights, np.zeros((hidden_size, 1)), np.zeros((vocab_size, 1))]


@alternative("parameters", why="drawn in another order, biases as whole numbers")
def drawn_backwards(hidden_size, vocab_size):
    W = init_orthogonal(np.ones((vocab_size, hidden_size)))
    V = init_orthogonal(np.ones((hidden_size, hidden_size)))
    U = init_orthogonal(np.ones((hidden_size, vocab_size)))
    return U, V, W, np.zeros((hidden_size, 1), dtype=int), np.zeros((vocab_size, 1), dtype=int)


@alternative("parameters", why="W drawn with U's shape and transposed")
def output_weights_by_transposing(hidden_size, vocab_size):
    U, W = (init_orthogonal(np.zeros((hidden_size, vocab_size))) for _ in range(2))
    V = init_orthogonal(np.eye(hidden_size))
    return U, V, W.T, 0 * U[:, :1], 0 * W.T[:, :1]


# --- activations --------------------------------------------------------------------------------------------------


@alternative("activations", why="the plain formula: e^1000 is inf, and one over it is 0", function="sigmoid")
def plain_sigmoid(x, derivative=False):
    f = 1 / (1 + np.exp(-x))
    return f * (1 - f) if derivative else f


@alternative("activations", why="through logaddexp", function="sigmoid")
def sigmoid_through_logs(x, derivative=False):
    if derivative:
        return np.exp(-np.logaddexp(0, x) - np.logaddexp(0, -x))
    return np.exp(-np.logaddexp(0, -x))


@alternative("activations", why="exponentials of negative numbers only", function="tanh")
def tanh_of_small_exponentials(x, derivative=False):
    e = np.exp(-2 * np.abs(x))
    return 4 * e / (1 + e) ** 2 if derivative else np.sign(x) * (1 - e) / (1 + e)


@alternative("activations", why="a number of 1e-12 added to x, which changes nothing", function="tanh")
def tanh_with_a_tiny_number(x, derivative=False):
    f = np.tanh(x + 1e-12)
    return (1 - f) * (1 + f) if derivative else f


@alternative("activations", why="log-sum-exp form, the derivative by broadcasting", function="softmax")
def softmax_through_logs(x, derivative=False):
    shifted = x - x.max(axis=0)
    p = np.exp(shifted - np.log(np.exp(shifted).sum(axis=0)))
    return p * (np.eye(len(x)) - p.T) if derivative else p


@alternative("activations", why="column by column; the derivative entry by entry", function="softmax")
def softmax_by_column(x, derivative=False):
    p = np.zeros(x.shape)
    for k in range(x.shape[1]):
        e = np.exp(x[:, k] - max(x[:, k]))
        p[:, k] = e / e.sum()
    if not derivative:
        return p
    K = len(x)
    jacobian = np.zeros((K, K))
    for i in range(K):
        for j in range(K):
            jacobian[i, j] = p[i, 0] * ((i == j) - p[j, 0])
    return jacobian


@alternative("activations", why="through logaddexp, which shifts by itself", function="softmax")
def softmax_through_logaddexp(x, derivative=False):
    p = np.exp(x - np.logaddexp.reduce(x, axis=0))
    return np.diagflat(p) - np.outer(p, p) if derivative else p


@alternative("activations", why="twice a sigmoid of twice the argument, less one", function="tanh")
def tanh_through_the_sigmoid(x, derivative=False):
    return 4 * sigmoid(2 * x, derivative=True) if derivative else 2 * sigmoid(2 * x) - 1


# --- forward_pass -------------------------------------------------------------------------------------------------


@alternative("forward_pass", why="all inputs multiplied at once, outputs after the loop, a copy in the list")
def inputs_at_once(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    driven = U @ inputs + b_hidden
    hidden_states, h = [], hidden_state
    for t in range(len(inputs)):
        h = np.tanh(driven[t] + V @ h)
        hidden_states.append(h.copy())
    return [softmax(W @ h + b_out) for h in hidden_states], hidden_states


@alternative("forward_pass", why="np.dot, arrays in place of lists")
def arrays_for_lists(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs = np.zeros((len(inputs), len(b_out), 1))
    hidden_states = np.zeros((len(inputs), len(b_hidden), 1))
    for t in range(len(inputs)):
        hidden_state = tanh(np.dot(U, inputs[t]) + np.dot(V, hidden_state) + b_hidden)
        hidden_states[t] = hidden_state
        outputs[t] = softmax(np.dot(W, hidden_state) + b_out)
    return outputs, hidden_states


@alternative("forward_pass", why="one product of [U V] with [x; h]")
def one_product(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    joined, steps = np.hstack([U, V]), []
    for x in inputs:
        hidden_state = tanh(joined @ np.vstack([x, hidden_state]) + b_hidden)
        steps.append((softmax(W @ hidden_state + b_out), hidden_state))
    outputs, hidden_states = zip(*steps)
    return list(outputs), list(hidden_states)


@alternative("forward_pass", why="all states by itertools.accumulate")
def accumulated(inputs, hidden_state, params):
    from itertools import accumulate

    U, V, W, b_hidden, b_out = params
    steps = accumulate(inputs, lambda h, x: tanh(U @ x + V @ h + b_hidden), initial=hidden_state)
    states = list(steps)[1:]
    return [softmax(W @ h + b_out) for h in states], states


# --- clip ---------------------------------------------------------------------------------------------------------


@alternative("clip", why="a tiny number below the line, copies where nothing is to do")
def with_a_tiny_number(grads, max_norm=0.25):
    total = np.sqrt(sum((grad * grad).sum() for grad in grads))
    factor = max_norm / (total + 1e-6)
    if factor >= 1:
        return [grad.copy() for grad in grads]
    return [grad * factor for grad in grads]


@alternative("clip", why="one long column, by np.linalg.norm")
def one_long_column(grads, max_norm=0.25):
    norm = np.linalg.norm(np.concatenate([grad.ravel() for grad in grads]))
    return tuple(grad / max(1.0, norm / max_norm) for grad in grads)


@alternative("clip", why="norm of norms, min of two factors")
def norm_of_norms(grads, max_norm=0.25):
    norm = np.linalg.norm([np.linalg.norm(grad) for grad in grads])
    return tuple(np.multiply(grad, min(1.0, max_norm / max(norm, 1e-30))) for grad in grads)


@alternative("clip", why="copies changed in place")
def copies_in_place(grads, max_norm=0.25):
    own = [np.array(grad, dtype=float) for grad in grads]
    total = sum(float(np.vdot(grad, grad)) for grad in own) ** 0.5
    if total > max_norm:
        for grad in own:
            grad *= max_norm / total
    return tuple(own)


@alternative("clip", why="1e-6 beside the norm, the most that the text allows; zeros left out of the sum")
def with_all_that_may_be_added(grads, max_norm=0.25):
    flat = np.hstack([np.ravel(grad) for grad in grads])
    factor = np.clip(max_norm / (np.sqrt(flat @ flat) + 1e-6), None, 1.0)
    return tuple(np.asarray(grad) * factor for grad in grads)


# --- backward_pass ------------------------------------------------------------------------------------------------


@alternative("backward_pass", why="all steps' dz first, then every gradient as one sum over time")
def sums_at_the_end(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    o, h = np.array(outputs)[:, :, 0], np.array(hidden_states)[:, :, 0]
    x, y = inputs[:, :, 0], targets[:, :, 0]
    before = np.vstack([initial_state.T, h[:-1]])
    ds, dz = o - y, np.zeros_like(h)
    carried = np.zeros(len(b_hidden))
    for t in reversed(range(len(x))):
        dz[t] = (1 - h[t] ** 2) * (ds[t] @ W + carried)
        carried = dz[t] @ V
    loss = -np.sum(y * np.log(np.clip(o, 1e-12, None)))
    grads = dz.T @ x, dz.T @ before, ds.T @ h, dz.sum(axis=0)[:, None], ds.sum(axis=0)[:, None]
    return loss, list(grads)


@alternative("backward_pass", why="recursion by the state's gradient, a tiny number added in the logarithm, einsum")
def carries_the_state_gradient(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    grads = [np.zeros(array.shape) for array in params]
    states = [initial_state, *hidden_states]
    loss, dh_next = 0, np.zeros(b_hidden.shape)
    for t in range(len(inputs) - 1, -1, -1):
        loss = loss + float(-(targets[t] * np.log(outputs[t] + 1e-12)).sum())
        ds = outputs[t] - targets[t]
        dz = (W.T.dot(ds) + dh_next) * (1 - states[t + 1]) * (1 + states[t + 1])
        for k, (left, right) in enumerate(((dz, inputs[t]), (dz, states[t]), (ds, states[t + 1]))):
            grads[k] += np.einsum("ia,ja->ij", left, right)
        grads[3] += dz
        grads[4] += ds
        dh_next = V.T.dot(dz)
    return loss, tuple(grads)


@alternative("backward_pass", why="slopes at pre-activations that are computed again")
def slopes_at_pre_activations(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW, db_hidden, db_out = (0 * array for array in params)
    before = [initial_state] + list(hidden_states)[:-1]
    carried, losses = np.zeros_like(b_hidden), []
    for x, o, h, y, h_before in reversed(list(zip(inputs, outputs, hidden_states, targets, before))):
        losses.append(-np.sum(y * np.log(np.where(o > 0, o, 1e-12))))
        z = U @ x + V @ h_before + b_hidden
        dz = tanh(z, derivative=True) * (W.T @ (o - y) + V.T @ carried)
        dW, db_out = dW + (o - y) @ h.T, db_out + (o - y)
        dU, dV, db_hidden = dU + np.outer(dz, x), dV + np.outer(dz, h_before), db_hidden + dz
        carried = dz
    return np.sum(losses), (dU, dV, dW, db_hidden, db_out)


@alternative("backward_pass", why="the softmax's matrix of slopes, made of the outputs; 1e-10 added in the logarithm")
def through_the_slopes_of_softmax(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    loss, dz = 0.0, np.zeros_like(b_hidden)
    grads = [np.zeros_like(array) for array in params]
    for t in range(len(inputs))[::-1]:
        o, y, h = outputs[t], targets[t], hidden_states[t]
        loss += np.sum(-y * np.log(o + 1e-10))
        slopes = np.diagflat(o) - o @ o.T
        ds = slopes @ np.divide(-y, o, out=np.zeros_like(o), where=o > 0)
        dz = (1 - h) * (1 + h) * (W.T @ ds + V.T @ dz)
        before = initial_state if t == 0 else hidden_states[t - 1]
        for total, part in zip(grads, (dz @ inputs[t].T, dz @ before.T, ds @ h.T, dz, ds)):
            total += part
    return loss, tuple(grads)


# --- update -------------------------------------------------------------------------------------------------------


@alternative("update", why="copies changed in place, a list")
def copies_moved(params, grads, lr=1e-3):
    moved = [np.copy(array) for array in params]
    for array, grad in zip(moved, grads):
        array -= lr * grad
    return moved


@alternative("update", why="np.subtract over indices")
def by_index(params, grads, lr=1e-3):
    return tuple(np.subtract(params[i], np.multiply(grads[i], lr)) for i in range(len(params)))


@alternative("update", why="a generator unpacked, plus of a minus")
def plus_of_minus(params, grads, lr=1e-3):
    return (*(array + (-lr) * grad for array, grad in zip(params, grads, strict=True)),)


@alternative("update", why="one long column, moved at once and split again")
def moved_at_once(params, grads, lr=1e-3):
    params, grads = list(params), list(grads)
    long = [np.concatenate([np.ravel(array) for array in arrays]) for arrays in (params, grads)]
    pieces = np.split(long[0] - lr * long[1], np.cumsum([array.size for array in params])[:-1])
    return tuple(piece.reshape(array.shape) for piece, array in zip(pieces, params))
