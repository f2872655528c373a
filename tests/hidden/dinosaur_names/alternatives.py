"""Right answers to dinosaur_names that look different from the solution; free names are those of the notebook."""

from __future__ import annotations

from gradekit.hidden import alternative

# --- batch --------------------------------------------------------------------------------------------------------


@alternative("batch", why="fills both arrays letter by letter; y in int32")
def batch_letter_by_letter(names, char_to_ix):
    longest = 0
    for name in names:
        longest = max(longest, len(name))
    x = np.zeros((len(char_to_ix), len(names), longest + 1))
    y = -np.ones((len(names), longest + 1), dtype=np.int32)
    for i in range(len(names)):
        for t in range(len(names[i])):
            y[i, t] = char_to_ix[names[i][t]]
            x[y[i, t], i, t + 1] = 1
        y[i, len(names[i])] = char_to_ix["\n"]
    return x, y


@alternative("batch", why="y first; x from the rows of a unit matrix with a row of zeros for -1; a list of two")
def batch_from_a_unit_matrix(names, char_to_ix):
    T = max(len(name) for name in names) + 1
    rows = [[char_to_ix[c] for c in name + "\n"] + [-1] * (T - len(name) - 1) for name in names]
    y = np.array(rows)
    read = np.hstack([np.full((len(names), 1), -1), np.where(y[:, 1:] >= 0, y[:, :-1], -1)])
    table = np.vstack([np.eye(len(char_to_ix)), np.zeros(len(char_to_ix))])
    return [table[read].transpose(2, 0, 1), y]


@alternative("batch", why="places of all ones gathered first, then set at once")
def batch_by_places(names, char_to_ix):
    places = [(char_to_ix[c], i, t + 1) for i, name in enumerate(names) for t, c in enumerate(name)]
    x = np.zeros((len(char_to_ix), len(names), 1 + max(map(len, names))))
    x[tuple(np.array(places).T)] = 1.0
    y = np.where(x.any(axis=0), x.argmax(axis=0), -1)
    y = np.roll(y, -1, axis=1)
    y[np.arange(len(names)), [len(name) for name in names]] = char_to_ix["\n"]
    return x, y


# --- cell_forward -------------------------------------------------------------------------------------------------


@alternative("cell_forward", why="np.dot throughout, sums in another order")
def cell_by_dot(xt, a_prev, parameters):
    z = parameters["ba"] + np.dot(parameters["Waa"], a_prev) + np.dot(parameters["Wax"], xt)
    a_next = np.tanh(z)
    yt_pred = softmax(np.add(parameters["by"], np.dot(parameters["Wya"], a_next)))
    return a_next, yt_pred, (a_next, a_prev, xt, parameters)


@alternative(
    "cell_forward", why="one product with the weights beside each other, a softmax of its own through logarithms"
)
def cell_with_one_product(xt, a_prev, parameters):
    weights = np.concatenate([parameters["Wax"], parameters["Waa"], parameters["ba"]], axis=1)
    a_next = np.tanh(weights @ np.vstack([xt, a_prev, np.ones((1, xt.shape[1]))]))
    u = parameters["Wya"] @ a_next + parameters["by"]
    yt_pred = np.exp(u - np.logaddexp.reduce(u, axis=0, keepdims=True))
    return a_next, yt_pred, (a_next, a_prev, xt, parameters)


@alternative("cell_forward", why="name by name, put side by side; the cache is a list")
def cell_name_by_name(xt, a_prev, parameters):
    columns = []
    for i in range(xt.shape[1]):
        z = parameters["Wax"] @ xt[:, i] + parameters["Waa"] @ a_prev[:, i] + parameters["ba"][:, 0]
        columns.append(np.tanh(z))
    a_next = np.column_stack(columns)
    yt_pred = softmax(parameters["Wya"] @ a_next + parameters["by"])
    return a_next, yt_pred, [a_next, a_prev, xt, parameters]


# --- forward ------------------------------------------------------------------------------------------------------


@alternative("forward", why="lists that are stacked at the end")
def forward_stacked(x, a0, parameters):
    found, a_next = [], a0
    for xt in np.moveaxis(x, 2, 0):
        found.append(rnn_cell_forward(xt, a_next, parameters))
        a_next = found[-1][0]
    a, y_pred, steps = zip(*found)
    return np.stack(a, axis=-1), np.stack(y_pred, axis=-1), (list(steps), x)


@alternative("forward", why="reads the memory before from a itself; caches in a list of two")
def forward_from_its_own_array(x, a0, parameters):
    T = x.shape[-1]
    a = np.empty((*a0.shape, T))
    y_pred = np.empty((len(parameters["by"]), x.shape[1], T))
    steps = []
    for t in range(T):
        before = a0 if t == 0 else a[..., t - 1]
        a[..., t], y_pred[..., t], cache = rnn_cell_forward(x[..., t], before, parameters)
        steps += [cache]
    return a, y_pred, [steps, x]


@alternative("forward", why="without rnn_cell_forward, all guesses at once at the end")
def forward_without_cells(x, a0, parameters):
    n_a, m = a0.shape
    states = [a0]
    for t in range(x.shape[2]):
        z = parameters["Wax"] @ x[:, :, t] + parameters["Waa"] @ states[-1] + parameters["ba"]
        states.append(np.tanh(z))
    a = np.dstack(states[1:]).reshape(n_a, m, x.shape[2])
    u = np.einsum("ya,amt->ymt", parameters["Wya"], a) + parameters["by"][:, :, None]
    powers = np.exp(u - u.max(axis=0))
    steps = [(states[t + 1], states[t], x[:, :, t], parameters) for t in range(x.shape[2])]
    return a, powers / powers.sum(axis=0), (steps, x)


# --- loss ---------------------------------------------------------------------------------------------------------


@alternative("loss", why="plain loops, step by step")
def loss_by_loops(y_pred, y):
    total = 0.0
    for i in range(y.shape[0]):
        for t in range(y.shape[1]):
            if y[i, t] != -1:
                total -= np.log(max(y_pred[y[i, t], i, t], 1e-300))
    return total / y.shape[0]


@alternative("loss", why="one-hot targets and a mask; a numpy float")
def loss_by_masks(y_pred, y):
    right = np.arange(len(y_pred))[:, None, None] == y[None]
    return -np.sum(np.log(np.maximum(y_pred, 1e-300)), where=right) / len(y)


@alternative("loss", why="take_along_axis, padding read at 0 and left out; sums of names, then their mean")
def loss_name_by_name(y_pred, y):
    picked = np.take_along_axis(y_pred, np.where(y < 0, 0, y)[np.newaxis], axis=0)[0]
    costs = np.where(y < 0, 0.0, -np.log(np.clip(picked, 1e-300, None)))
    return costs.sum(axis=1).mean()


# --- cell_backward ------------------------------------------------------------------------------------------------


@alternative("cell_backward", why="np.dot, the slope as (1 - a)(1 + a), products turned round")
def cell_back_by_dot(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    dz = np.multiply((1 - a_next) * (1 + a_next), da_next)
    gradients = {"dba": np.sum(dz, 1).reshape(-1, 1)}
    gradients["dWax"] = np.dot(xt, dz.T).T
    gradients["dWaa"] = np.dot(a_prev, dz.T).T
    gradients["dxt"] = np.dot(dz.T, parameters["Wax"]).T
    gradients["da_prev"] = np.dot(dz.T, parameters["Waa"]).T
    return gradients


@alternative("cell_backward", why="name by name, outer products added up")
def cell_back_name_by_name(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dxt, da_prev = np.zeros_like(xt), np.zeros_like(a_prev)
    dWax, dWaa, dba = np.zeros(Wax.shape), np.zeros(Waa.shape), np.zeros((len(Waa), 1))
    for i in range(xt.shape[1]):
        dz = da_next[:, i] * (1 - a_next[:, i] ** 2)
        dxt[:, i], da_prev[:, i] = dz @ Wax, dz @ Waa
        dWax += np.outer(dz, xt[:, i])
        dWaa += np.outer(dz, a_prev[:, i])
        dba[:, 0] += dz
    return {"dxt": dxt, "da_prev": da_prev, "dWax": dWax, "dWaa": dWaa, "dba": dba}


@alternative("cell_backward", why="einsum, and one more key")
def cell_back_by_einsum(da_next, cache):
    a, before, xt, weights = cache
    dz = da_next - a * a * da_next
    return {
        "dz": dz,
        "dxt": np.einsum("ax,am->xm", weights["Wax"], dz),
        "da_prev": np.einsum("ab,am->bm", weights["Waa"], dz),
        "dWax": np.einsum("am,xm->ax", dz, xt),
        "dWaa": np.einsum("am,bm->ab", dz, before),
        "dba": dz @ np.ones((dz.shape[1], 1)),
    }


# --- backward -----------------------------------------------------------------------------------------------------


@alternative("backward", why="one-hot targets; output layer by tensordot; dictionaries that are built anew")
def backward_with_one_hot(y, y_pred, parameters, caches):
    steps, x = caches
    wanted = (np.arange(len(y_pred))[:, None, None] == y).astype(float)
    du = (y_pred - wanted) * (y >= 0) / y.shape[0]
    a = np.stack([cache[0] for cache in steps], axis=2)
    total, carry, dx = {"dWax": 0.0, "dWaa": 0.0, "dba": 0.0}, 0.0, [None] * len(steps)
    for t in range(len(steps) - 1, -1, -1):
        part = rnn_cell_backward(np.dot(parameters["Wya"].T, du[:, :, t]) + carry, steps[t])
        total = {name: total[name] + part[name] for name in total}
        dx[t], carry = part["dxt"], part["da_prev"]
    outer = {"dWya": np.tensordot(du, a, axes=([1, 2], [1, 2])), "dby": du.sum(axis=2).sum(axis=1, keepdims=True)}
    return {**total, **outer, "dx": np.dstack(dx).reshape(x.shape), "da0": carry}


@alternative("backward", why="goes back without rnn_cell_backward, gradients as sums of products at the end")
def backward_without_cells(y, y_pred, parameters, caches):
    steps, _ = caches
    T, m = len(steps), len(y)
    dus, dzs, carry = [], [], np.zeros_like(steps[0][0])
    for t in reversed(range(T)):
        du = np.where(y[:, t] < 0, 0.0, y_pred[:, :, t])
        for i in range(m):
            if y[i, t] > -1:
                du[y[i, t], i] -= 1
        du = du / m
        da = parameters["Wya"].T @ du + carry
        dz = da * (1 - steps[t][0] ** 2)
        carry = parameters["Waa"].T @ dz
        dus.insert(0, du)
        dzs.insert(0, dz)
    return {
        "dWax": sum(dz @ step[2].T for dz, step in zip(dzs, steps)),
        "dWaa": sum(dz @ step[1].T for dz, step in zip(dzs, steps)),
        "dWya": sum(du @ step[0].T for du, step in zip(dus, steps)),
        "dba": sum(dzs).sum(axis=1, keepdims=True),
        "dby": sum(dus).sum(axis=1, keepdims=True),
        "dx": np.stack([parameters["Wax"].T @ dz for dz in dzs], axis=2),
        "da0": carry,
    }


@alternative("backward", why="a helper for the scores; arrays filled slice by slice; more keys")
def backward_with_a_helper(y, y_pred, parameters, caches):
    def of_scores(t):
        here = np.flatnonzero(y[:, t] >= 0)
        du = np.zeros(y_pred.shape[:2])
        du[:, here] = y_pred[:, here, t]
        du[y[here, t], here] = du[y[here, t], here] - 1.0
        return du / y.shape[0]

    (steps, x), carry = caches, None
    grads = {"dx": np.empty(x.shape)}
    for t in range(x.shape[2])[::-1]:
        du = of_scores(t)
        da = parameters["Wya"].T @ du
        part = rnn_cell_backward(da if carry is None else da + carry, steps[t])
        more = {"dWya": du @ steps[t][0].T, "dby": du.sum(axis=1)[:, None]}
        for name in ("dWax", "dWaa", "dba"):
            more[name] = part[name]
        for name, value in more.items():
            grads[name] = value if name not in grads else grads[name] + value
        grads["dx"][..., t] = part["dxt"]
        carry = part["da_prev"]
    return {**grads, "da0": carry, "dat": da}


# --- clip ---------------------------------------------------------------------------------------------------------


@alternative("clip", why="minimum and maximum")
def clip_by_minimum(gradients, max_value):
    clipped = {}
    for name in gradients:
        clipped[name] = np.minimum(np.maximum(gradients[name], -max_value), max_value)
    return clipped


@alternative("clip", why="copies first, then limits the copies in place")
def clip_copies(gradients, max_value):
    clipped = {name: np.array(array) for name, array in gradients.items()}
    for array in clipped.values():
        np.clip(array, -max_value, max_value, out=array)
    return clipped


@alternative("clip", why="by masks")
def clip_by_masks(gradients, max_value):
    def limited(array):
        new = array.copy()
        new[new > max_value] = max_value
        new[new < -max_value] = -max_value
        return new

    return dict(zip(gradients, map(limited, gradients.values())))


# --- optimize -----------------------------------------------------------------------------------------------------


@alternative("optimize", why="clips all seven gradients and returns them, keys turned into names by slicing")
def optimize_with_all_gradients(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    gradients = clip(rnn_backward(y, y_pred, parameters, caches), max_value)
    new = {}
    for key in ("dWax", "dWaa", "dWya", "dba", "dby"):
        new[key[1:]] = parameters[key[1:]] - learning_rate * gradients[key]
    return names_loss(y_pred, y), new, gradients, a[..., -1]


@alternative("optimize", why="copies the parameters and moves the copies; a list; the memory copied")
def optimize_copies(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    import copy

    moved = copy.deepcopy(parameters)
    a, y_pred, caches = rnn_forward(x, a_prev, moved)
    cost = names_loss(y_pred, y)
    gradients = rnn_backward(y, y_pred, moved, caches)
    gradients.pop("dx")
    gradients.pop("da0")
    gradients = clip(gradients, max_value)
    for name in moved:
        moved[name] -= learning_rate * gradients["d" + name]
    return [cost, moved, gradients, a[:, :, x.shape[2] - 1].copy()]


@alternative("optimize", why="the last memory from the last cache; a clip of its own")
def optimize_from_the_cache(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    _, y_pred, caches = rnn_forward(x, a_prev, parameters)
    grads = rnn_backward(y, y_pred, parameters, caches)
    grads = {name: np.clip(grads[name], -max_value, max_value) for name in grads if name not in ("dx", "da0")}
    new = {name: np.subtract(parameters[name], np.multiply(learning_rate, grads["d" + name])) for name in parameters}
    return names_loss(y_pred, y), new, grads, caches[0][-1][0]


# --- sample -------------------------------------------------------------------------------------------------------


@alternative("sample", why="a while loop with a counter, flags in place of returns")
def sample_with_a_counter(parameters, char_to_ix, rng, max_length=50):
    n_x = parameters["Wax"].shape[1]
    x, a = np.zeros((n_x, 1)), np.zeros((parameters["Waa"].shape[0], 1))
    indices, idx, counter = [], -1, 0
    newline = char_to_ix["\n"]
    while idx != newline and counter != max_length:
        a = np.tanh(np.dot(parameters["Wax"], x) + np.dot(parameters["Waa"], a) + parameters["ba"])
        y = softmax(np.dot(parameters["Wya"], a) + parameters["by"])
        idx = rng.choice(range(len(y)), p=y.ravel())
        indices.append(idx)
        x = np.zeros((n_x, 1))
        x[idx] = 1
        counter += 1
    if idx != newline:
        indices.append(newline)
    return indices


@alternative("sample", why="reads all that was drawn from the beginning, each time")
def sample_from_the_beginning(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    drawn = []
    while len(drawn) < max_length and (not drawn or drawn[-1] != char_to_ix["\n"]):
        x = np.zeros((n_x, 1, len(drawn) + 1))
        x[drawn, 0, np.arange(len(drawn)) + 1] = 1
        _, y_pred, _ = rnn_forward(x, np.zeros((n_a, 1)), parameters)
        drawn.append(int(rng.choice(n_x, p=y_pred[:, 0, -1])))
    return drawn if drawn[-1] == char_to_ix["\n"] else [*drawn, char_to_ix["\n"]]


@alternative("sample", why="plain vectors; a column of a unit matrix; for and else")
def sample_with_vectors(parameters, char_to_ix, rng, max_length=50):
    P, end = parameters, char_to_ix["\n"]
    ones = np.eye(P["Wax"].shape[1])
    x, a, numbers = np.zeros(len(ones)), np.zeros(len(P["ba"])), []
    for _ in range(max_length):
        a = np.tanh(P["Wax"] @ x + P["Waa"] @ a + P["ba"][:, 0])
        u = P["Wya"] @ a + P["by"][:, 0]
        p = np.exp(u - u.max())
        number = rng.choice(np.arange(len(u)), p=p / p.sum())
        numbers.append(int(number))
        if number == end:
            break
        x = ones[number]
    else:
        numbers.append(end)
    return numbers


# --- model --------------------------------------------------------------------------------------------------------


@alternative("model", why="the list repeated as often as needed, then slices")
def model_with_a_long_list(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    repeated = names * (num_iterations * batch_size // len(names) + 1)
    for start in range(0, num_iterations * batch_size, batch_size):
        batch = repeated[start : start + batch_size]
        x, y = make_batch(batch, char_to_ix)
        zero = np.zeros((parameters["Waa"].shape[0], x.shape[1]))
        loss, parameters, *_ = optimize(x, y, zero, parameters, learning_rate, 5.0)
        losses.append(loss * batch_size / np.sum(y >= 0))
    return parameters, losses


@alternative("model", why="itertools.cycle; the letters counted from x and y")
def model_with_a_cycle(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    from itertools import cycle, islice

    walk, losses = cycle(names), []
    while len(losses) < num_iterations:
        batch = list(islice(walk, batch_size))
        x, y = make_batch(batch, char_to_ix)
        found = optimize(x, y, np.zeros((len(parameters["Waa"]), len(batch))), parameters, learning_rate)
        parameters = found[1]
        letters = x.sum() + len(batch)
        losses += [float(found[0] * len(batch) / letters)]
    return parameters, losses


@alternative("model", why="an index that goes round by itself; losses in an array")
def model_with_an_index(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses, following = np.zeros(num_iterations), 0
    for j in range(num_iterations):
        batch = []
        for _ in range(batch_size):
            batch.append(names[following])
            following = following + 1 if following + 1 < len(names) else 0
        x, y = make_batch(batch, char_to_ix)
        a = np.zeros((len(parameters["ba"]), batch_size))
        losses[j], parameters, _, _ = optimize(x, y, a, parameters, learning_rate=learning_rate, max_value=5.0)
        losses[j] *= batch_size / len("\n".join([*batch, ""]))
    return dict(parameters), losses
