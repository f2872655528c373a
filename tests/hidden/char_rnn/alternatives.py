"""Right answers to char_rnn that look different from the solution; free names are those of the notebook."""

from __future__ import annotations

from gradekit.hidden import alternative

# --- vocabulary ---------------------------------------------------------------------------------------------------


@alternative("vocabulary", why="loops over the sorted characters, numbers by the length so far")
def vocabulary_by_loop(text):
    char_to_ix, ix_to_char = {}, {}
    for ch in sorted(text):
        if ch not in char_to_ix:
            ix_to_char[len(char_to_ix)] = ch
            char_to_ix[ch] = len(char_to_ix)
    return char_to_ix, ix_to_char


@alternative("vocabulary", why="numpy's unique characters: keys and values are numpy's own texts")
def vocabulary_by_unique(text):
    letters = np.unique(list(text))
    return {ch: i for i, ch in enumerate(letters)}, dict(enumerate(letters))


@alternative("vocabulary", why="one dictionary is the other turned round; numbers are numpy integers; a list of two")
def vocabulary_turned_round(text):
    chars = sorted(dict.fromkeys(text))
    ix_to_char = dict(zip(np.arange(len(chars)), chars))
    return [{ch: i for i, ch in ix_to_char.items()}, ix_to_char]


# --- chunks -------------------------------------------------------------------------------------------------------


@alternative("chunks", why="yields its pairs, with a while loop")
def chunks_yielded(indices, seq_length):
    start = 0
    while start + 1 < len(indices):
        stop = min(start + seq_length, len(indices) - 1)
        yield indices[start:stop], indices[start + 1 : stop + 1]
        start = stop


@alternative("chunks", why="inputs and targets cut separately, paired by zip")
def chunks_zipped(indices, seq_length):
    inputs, targets = indices[:-1], indices[1:]
    starts = range(0, len(inputs), seq_length)
    return zip((inputs[i : i + seq_length] for i in starts), (targets[i : i + seq_length] for i in starts))


@alternative("chunks", why="lists of Python integers, pairs in a tuple")
def chunks_as_lists(indices, seq_length):
    text = [int(i) for i in indices]
    pairs = []
    for start in range(0, max(len(text) - 1, 0), seq_length):
        piece = text[start : start + seq_length + 1]
        pairs.append([piece[:-1], piece[1:]])
    return tuple(pairs)


@alternative("chunks", why="numpy's array_split at the multiples of seq_length")
def chunks_by_split(indices, seq_length):
    if len(indices) < 2:
        return []
    cuts = np.arange(seq_length, len(indices) - 1, seq_length)
    return list(zip(np.split(np.asarray(indices)[:-1], cuts), np.split(np.asarray(indices)[1:], cuts)))


@alternative("chunks", why="asks the array for its shape and takes rows of a table of places")
def chunks_by_places(indices, seq_length):
    last = indices.shape[0] - 1
    table = [np.arange(start, min(start + seq_length, last)) for start in range(0, max(last, 0), seq_length)]
    return [(indices[places], indices[places + 1]) for places in table]


# --- forward_pass -------------------------------------------------------------------------------------------------


@alternative("forward_pass", why="one-hot vectors and columns, step by step, stacked at the end")
def forward_with_one_hot_columns(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"].reshape(-1, 1), parameters["by"].reshape(-1, 1)
    xs, hs, ys, ps = {}, {-1: np.array(h_prev).reshape(-1, 1)}, {}, {}
    for t in range(len(inputs)):
        xs[t] = np.zeros((Wxh.shape[1], 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        ys[t] = np.dot(Why, hs[t]) + by
        e = np.exp(ys[t] - np.max(ys[t]))
        ps[t] = e / np.sum(e)
    T = len(inputs)
    return {
        "hs": np.array([hs[t].ravel() for t in range(-1, T)]),
        "logits": np.array([ys[t].ravel() for t in range(T)]),
        "probabilities": np.array([ps[t].ravel() for t in range(T)]),
    }


@alternative(
    "forward_pass", why="inputs' columns gathered before the loop; probabilities through logarithms; more keys"
)
def forward_gathered(inputs, h_prev, parameters):
    drive = parameters["Wxh"].T[np.asarray(inputs)] + parameters["bh"]
    states = [np.asarray(h_prev, dtype=float)]
    for row in drive:
        states.append(np.tanh(row + parameters["Whh"].dot(states[-1])))
    hs = np.stack(states)
    logits = np.einsum("vh,th->tv", parameters["Why"], hs[1:]) + parameters["by"]
    log_sum = np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return {"hs": hs, "logits": logits, "probabilities": np.exp(logits - log_sum), "drive": drive, 7: log_sum}


@alternative("forward_pass", why="loops over single characters with a helper, writes row by row")
def forward_by_rows(inputs, h_prev, parameters):
    def softmax(u):
        e = np.exp(u - np.amax(u))
        return e / e.sum()

    T, n_h, V = len(inputs), len(parameters["bh"]), len(parameters["by"])
    hs, us, ps = np.empty((T + 1, n_h)), np.empty((T, V)), np.empty((T, V))
    hs[0, :] = h_prev
    for t in range(1, T + 1):
        z = parameters["Whh"] @ hs[t - 1] + parameters["bh"] + parameters["Wxh"][:, inputs[t - 1]]
        hs[t] = 2 / (1 + np.exp(-2 * z)) - 1
        us[t - 1] = parameters["by"] + parameters["Why"] @ hs[t]
        ps[t - 1] = softmax(us[t - 1])
    return {"hs": hs, "logits": us, "probabilities": ps}


@alternative(
    "forward_pass", why="asks arrays for their shapes, as the docstring allows; tanh through exponentials of -2|z|"
)
def forward_of_arrays(inputs, h_prev, parameters):
    T, n_h, V = inputs.shape[0], h_prev.shape[0], parameters["by"].shape[0]
    hs, us = np.zeros((T + 1, n_h)), np.zeros((T, V))
    hs[0] = h_prev.copy()
    for t in range(T):
        z = parameters["Wxh"][:, inputs[t]] + np.dot(parameters["Whh"], hs[t]) + parameters["bh"]
        small = np.expm1(-2 * np.abs(z))
        hs[t + 1] = np.sign(z) * -small / (2 + small)
        us[t] = np.dot(parameters["Why"], hs[t + 1]) + parameters["by"]
    e = np.exp(us.T - us.max(axis=1))
    return {"hs": hs, "logits": us, "probabilities": (e / e.sum(axis=0)).T}


# --- sequence_loss ------------------------------------------------------------------------------------------------


@alternative("sequence_loss", why="logaddexp, one step at a time")
def loss_by_logaddexp(cache, targets):
    loss = 0.0
    for u, j in zip(cache["logits"], targets):
        loss += np.logaddexp.reduce(u) - u[j]
    return loss


@alternative("sequence_loss", why="one-hot targets times log-softmax")
def loss_with_one_hot(cache, targets):
    u = cache["logits"]
    m = u.max(axis=1)[:, None]
    log_p = u - m - np.log(np.sum(np.exp(u - m), axis=1, keepdims=True))
    return -np.einsum("tv,tv->", np.eye(u.shape[1])[np.asarray(targets)], log_p)


@alternative("sequence_loss", why="sum of log(1 + sum of exp differences), a numpy number of no axes")
def loss_from_differences(cache, targets):
    T = len(targets)
    u = cache["logits"]
    gaps = u - u[np.arange(T), targets][:, np.newaxis]
    top = gaps.max(axis=1)
    return np.asarray((top + np.log(np.exp(gaps - top[:, np.newaxis]).sum(axis=1))).sum())


@alternative("sequence_loss", why="sorted logits, log1p of what stands beside the largest")
def loss_by_log1p(cache, targets):
    u = np.sort(cache["logits"], axis=1)
    rest = np.exp(u[:, :-1] - u[:, -1:]).sum(axis=1)
    return float(np.sum(u[:, -1] - cache["logits"][range(targets.size), targets] + np.log1p(rest)))


# --- backward_pass ------------------------------------------------------------------------------------------------


@alternative("backward_pass", why="outer products added step by step, one-hot inputs")
def backward_step_by_step(inputs, targets, cache, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    hs, ps = cache["hs"], cache["probabilities"]
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(parameters["bh"]), np.zeros_like(parameters["by"])
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += np.outer(dy, hs[t + 1])
        dby += dy
        dh = np.dot(Why.T, dy) + dhnext
        dhraw = (1 - hs[t + 1] * hs[t + 1]) * dh
        dbh += dhraw
        x = np.zeros(Wxh.shape[1])
        x[inputs[t]] = 1
        dWxh += np.outer(dhraw, x)
        dWhh += np.outer(dhraw, hs[t])
        dhnext = np.dot(Whh.T, dhraw)
    return {"dWxh": dWxh, "dWhh": dWhh, "dWhy": dWhy, "dbh": dbh, "dby": dby}


@alternative("backward_pass", why="probabilities from the logits again; np.add.at for repeated characters")
def backward_with_add_at(inputs, targets, cache, parameters):
    u, hs, T = cache["logits"], cache["hs"], len(inputs)
    dus = np.exp(u - np.logaddexp.reduce(u, axis=1, keepdims=True)) - np.eye(u.shape[1])[targets]
    dzs, carry = [], 0.0
    for t in range(T - 1, -1, -1):
        dz = (dus[t] @ parameters["Why"] + carry) * (1 - hs[t + 1]) * (1 + hs[t + 1])
        carry = dz @ parameters["Whh"]
        dzs.insert(0, dz)
    dzs = np.array(dzs)
    dWxh = np.zeros_like(parameters["Wxh"])
    np.add.at(dWxh.T, np.asarray(inputs), dzs)
    return {
        "dWhy": np.einsum("tv,th->vh", dus, hs[1:]),
        "dby": dus.sum(0),
        "dWhh": np.tensordot(dzs, hs[:-1], axes=(0, 0)),
        "dWxh": dWxh,
        "dbh": dzs.sum(0),
    }


@alternative("backward_pass", why="columns inside, recursion in place of the loop, shapes put back at the end")
def backward_by_recursion(inputs, targets, cache, parameters):
    grads = {f"d{k}": np.zeros_like(v) for k, v in parameters.items()}
    hs = cache["hs"][..., None]

    def back(t, carry):
        if t == 0:
            return
        du = cache["probabilities"][t - 1][:, None].copy()
        du[targets[t - 1]] -= 1
        dz = (1 - hs[t] ** 2) * (parameters["Why"].T @ du + carry)
        grads["dWhy"] += du @ hs[t].T
        grads["dby"] += du[:, 0]
        grads["dWhh"] += dz @ hs[t - 1].T
        grads["dWxh"][:, inputs[t - 1]] += dz[:, 0]
        grads["dbh"] += dz[:, 0]
        back(t - 1, parameters["Whh"].T @ dz)

    back(len(inputs), np.zeros_like(hs[0]))
    return grads


@alternative("backward_pass", why="the chunk split in two, the carry handed over between the halves")
def backward_in_halves(inputs, targets, cache, parameters):
    def part(begin, end, carry):
        total = {"d" + k: np.zeros(v.shape) for k, v in parameters.items()}
        for t in range(end - 1, begin - 1, -1):
            du = cache["probabilities"][t] - (np.arange(parameters["by"].size) == targets[t])
            dz = (1 - cache["hs"][t + 1] ** 2) * (du @ parameters["Why"] + carry)
            carry = dz @ parameters["Whh"]
            total["dWhy"] += du[:, None] * cache["hs"][t + 1]
            total["dWhh"] += dz[:, None] * cache["hs"][t]
            total["dWxh"].T[inputs[t]] += dz
            total["dbh"] += dz
            total["dby"] += du
        return total, carry

    middle = inputs.shape[0] // 2
    late, carry = part(middle, inputs.shape[0], np.zeros(parameters["bh"].size))
    early, _ = part(0, middle, carry)
    return {k: early[k] + late[k] for k in late}


# --- clip ---------------------------------------------------------------------------------------------------------


@alternative("clip", why="minimum of maximum")
def clip_by_minimum(grads, limit=5.0):
    clipped = {}
    for key in grads:
        clipped[key] = np.minimum(np.maximum(grads[key], -limit), limit)
    return clipped


@alternative("clip", why="copies, then writes into the copies through masks")
def clip_by_masks(grads, limit=5.0):
    clipped = {key: np.array(g, dtype=float) for key, g in grads.items()}
    for g in clipped.values():
        g[g > limit] = limit
        g[g < -limit] = -limit
    return clipped


@alternative("clip", why="np.clip into a new array with out=")
def clip_into_new(grads, limit=5.0):
    result = {key: np.empty_like(g) for key, g in grads.items()}
    for key, g in grads.items():
        np.clip(g, -limit, limit, out=result[key])
    return result


@alternative("clip", why="sign times the smaller size")
def clip_by_sign(grads, limit=5.0):
    return {key: np.sign(g) * np.minimum(np.abs(g), limit) for key, g in grads.items()}


@alternative("clip", why="minus the excess on either side")
def clip_by_excess(grads, limit=5.0):
    excess = {k: np.where(np.abs(g) > limit, g - np.copysign(limit, g), 0.0) for k, g in grads.items()}
    return {k: np.where(excess[k] != 0, np.copysign(limit, g), g) for k, g in grads.items()}


# --- adagrad ------------------------------------------------------------------------------------------------------


@alternative("adagrad", why="copies first, then works in place on the copies")
def adagrad_on_copies(parameters, grads, memory, learning_rate=0.1):
    parameters = {k: np.copy(p) for k, p in parameters.items()}
    memory = {k: np.copy(m) for k, m in memory.items()}
    for k in parameters:
        g = grads["d" + k]
        memory[k] += g * g
        parameters[k] += -learning_rate * g / np.sqrt(memory[k] + 1e-8)
    return parameters, memory


@alternative("adagrad", why="array by array in a loop, the square root by a power, tuples of items made dictionaries")
def adagrad_in_a_loop(parameters, grads, memory, learning_rate=0.1):
    new, grown = [], []
    for name, theta in parameters.items():
        g = grads[f"d{name}"]
        m = np.square(g) + memory[name]
        grown.append((name, m))
        new.append((name, theta - (learning_rate / np.power(m + 1e-8, 0.5)) * g))
    return dict(new), dict(grown)


@alternative("adagrad", why="power of -1/2, zip over the values, a list of two")
def adagrad_by_power(parameters, grads, memory, learning_rate=0.1):
    names = list(parameters)
    squares = [memory[k] + grads["d" + k] ** 2 for k in names]
    steps = [learning_rate * grads["d" + k] * (m + 1e-8) ** -0.5 for k, m in zip(names, squares)]
    return [dict(zip(names, (parameters[k] - s for k, s in zip(names, steps)))), dict(zip(names, squares))]


# --- sample -------------------------------------------------------------------------------------------------------


@alternative("sample", why="one-hot vector and the equations written out, a numpy array of integers")
def sample_with_one_hot(h, seed_ix, n, parameters, rng, temperature=1.0):
    V = len(parameters["by"])
    x = np.zeros(V)
    x[seed_ix] = 1
    drawn = np.zeros(n, dtype=int)
    for t in range(n):
        h = np.tanh(parameters["Wxh"] @ x + parameters["Whh"] @ h + parameters["bh"])
        u = (parameters["Why"] @ h + parameters["by"]) / temperature
        p = np.exp(u - u.max())
        ix = rng.choice(range(V), p=p / p.sum())
        x = np.zeros(V)
        x[ix] = 1
        drawn[t] = ix
    return drawn


@alternative("sample", why="the inverse of the distribution function, from the same uniform numbers that choice draws")
def sample_by_search(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for uniform in rng.random(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][1]
        u = cache["logits"][0] / temperature
        heights = np.cumsum(np.exp(u - u.max()))
        i = np.searchsorted(heights / heights[-1], uniform, side="right")
        drawn.append(i)
    return drawn


@alternative("sample", why="the probabilities raised to 1 / temperature through their logarithms; a tuple")
def sample_by_logarithms(h, seed_ix, n, parameters, rng, temperature=1.0):
    def step(i, h):
        h = np.tanh(parameters["Wxh"][:, i] + parameters["Whh"] @ h + parameters["bh"])
        return parameters["Why"] @ h + parameters["by"], h

    text = []
    for _ in range(n):
        u, h = step(text[-1] if text else seed_ix, h)
        log_p = (u - np.logaddexp.reduce(u)) / temperature
        p = np.exp(log_p - np.logaddexp.reduce(log_p))
        text.append(rng.choice(np.arange(len(p)), p=p / p.sum()))
    return tuple(text)


@alternative("sample", why="probabilities as one over sums of exponentials, a while loop, state kept in a list")
def sample_by_ratios(h, seed_ix, n, parameters, rng, temperature=1.0):
    states, text = [h.copy()], [seed_ix]
    while len(text) <= n:
        cache = forward_pass(np.array(text[-1:]), states[-1], parameters)
        states.append(cache["hs"][1].copy())
        u = cache["logits"].ravel() / temperature
        with np.errstate(over="ignore"):
            p = np.array([1 / np.sum(np.exp(u - own)) for own in u])
        text.append(int(rng.choice(u.size, p=p / p.sum())))
    return text[1:]
