"""Right answers to gated_cells that look different from the solution; free names are those of the notebook."""

from __future__ import annotations

from gradekit.hidden import alternative

# --- lstm -------------------------------------------------------------------------------------------------------------


@alternative("lstm", why="each block from its own columns, one product after the other")
def lstm_block_by_block(x, states, parameters):
    h_prev, c_prev = states
    H = h_prev.shape[1]

    def block(k):
        columns = slice(k * H, (k + 1) * H)
        inside = np.dot(x, parameters["Wx"][:, columns]) + np.dot(h_prev, parameters["Wh"][:, columns])
        return inside + parameters["b"][columns]

    i, f, g, o = sigmoid(block(0)), sigmoid(block(1)), np.tanh(block(2)), sigmoid(block(3))
    c = f * c_prev
    c = c + i * g
    h = np.tanh(c) * o
    return (h, c), {"c": c, "o": o, "g": g, "f": f, "i": i, "c_prev": c_prev, "h_prev": h_prev, "x": x}


@alternative(
    "lstm", why="x and h joined to one array, weights stacked, np.split; a sigmoid of its own; more keys; lists"
)
def lstm_of_joined_weights(x, states, parameters):
    h_prev, c_prev = states
    joined = np.concatenate([x, h_prev], axis=1)
    a = joined @ np.concatenate([parameters["Wx"], parameters["Wh"]]) + parameters["b"]
    i, f, g, o = np.split(a, 4, axis=1)
    i, f, o = (np.exp(-np.logaddexp(0.0, -gate)) for gate in (i, f, o))
    g = np.tanh(g)
    c = np.add(np.multiply(f, c_prev), np.multiply(i, g))
    bent = np.tanh(c)
    names = ("x", "h_prev", "c_prev", "i", "f", "g", "o", "c", "bent")
    return [o * bent, c], dict(zip(names, (x, h_prev, c_prev, i, f, g, o, c, bent)))


@alternative("lstm", why="one axis for the blocks, einsum, copies in the cache")
def lstm_with_a_block_axis(x, states, parameters):
    h_prev, c_prev = (state.copy() for state in states)
    N, H = h_prev.shape
    a = np.einsum("nd,dk->nk", x, parameters["Wx"]) + np.einsum("nh,hk->nk", h_prev, parameters["Wh"])
    a = (a + parameters["b"][None, :]).reshape(N, 4, H).transpose(1, 0, 2)
    gates = np.where([[[True]], [[True]], [[False]], [[True]]], 0.5 + 0.5 * np.tanh(a / 2), np.tanh(a))
    i, f, g, o = gates
    c = (gates[[1, 0]] * np.array([c_prev, g])).sum(axis=0)
    cache = {"x": x.copy(), "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "g": g, "o": o, "c": c.copy()}
    return (o * np.tanh(c), c), cache


# --- lstm_backward ----------------------------------------------------------------------------------------------------


@alternative("lstm_backward", why="block by block into zeros, sums of outer products")
def lstm_backward_into_zeros(dstates, cache, parameters):
    dh, dc = dstates
    N, H = dh.shape
    grads = {"d" + name: np.zeros(value.shape) for name, value in parameters.items() if name in ("Wx", "Wh", "b")}
    da = np.zeros((N, 4 * H))
    total = dc + dh * cache["o"] / np.cosh(np.clip(cache["c"], -300, 300)) ** 2
    da[:, :H] = total * cache["g"] * cache["i"] * (1 - cache["i"])
    da[:, H : 2 * H] = total * cache["c_prev"] * cache["f"] * (1 - cache["f"])
    da[:, 2 * H : 3 * H] = total * cache["i"] * (1 - cache["g"]) * (1 + cache["g"])
    da[:, 3 * H :] = dh * np.tanh(cache["c"]) * cache["o"] * (1 - cache["o"])
    for n in range(N):
        grads["dWx"] += np.outer(cache["x"][n], da[n])
        grads["dWh"] += np.outer(cache["h_prev"][n], da[n])
        grads["db"] += da[n]
    return np.dot(da, parameters["Wx"].T), (np.dot(da, parameters["Wh"].T), total * cache["f"]), grads


@alternative("lstm_backward", why="one product for both weights, einsum, lists for tuples")
def lstm_backward_of_joined_weights(dstates, cache, parameters):
    dh, dc = dstates
    D, slope = cache["x"].shape[1], lambda gate: gate - gate**2
    bent = np.tanh(cache["c"])
    down = dc + (dh * cache["o"]) * (1 - bent) * (1 + bent)
    pieces = {
        "i": down * cache["g"] * slope(cache["i"]),
        "f": down * cache["c_prev"] * slope(cache["f"]),
        "g": down * cache["i"] * (1 - np.square(cache["g"])),
        "o": dh * bent * slope(cache["o"]),
    }
    da = np.hstack([pieces[name] for name in "ifgo"])
    joined = np.einsum("nr,nk->rk", np.hstack([cache["x"], cache["h_prev"]]), da)
    back = da @ np.vstack([parameters["Wx"], parameters["Wh"]]).T
    grads = {"db": np.ones(len(da)) @ da, "dWx": joined[:D], "dWh": joined[D:], "da": da}
    return [back[:, :D], [back[:, D:], down * cache["f"]], grads]


@alternative(
    "lstm_backward", why="copies first, then in place on the copies; matrices block by block, joined at the end"
)
def lstm_backward_on_copies(dstates, cache, parameters):
    dh, dc = (np.array(d) for d in dstates)
    H = dh.shape[1]
    tc = np.tanh(cache["c"])
    dc += dh * cache["o"] * (1.0 - tc * tc)
    deltas = [dc * cache["g"], dc * cache["c_prev"], dc * cache["i"], dh * tc]
    for k, name in enumerate("ifgo"):
        gate = cache[name]
        deltas[k] *= (1 - gate * gate) if name == "g" else gate * (1 - gate)
    dx = sum(d @ parameters["Wx"][:, k * H : (k + 1) * H].T for k, d in enumerate(deltas))
    dh_prev = sum(d @ parameters["Wh"][:, k * H : (k + 1) * H].T for k, d in enumerate(deltas))
    dc *= cache["f"]
    grads = {
        "dWx": np.concatenate([cache["x"].T @ d for d in deltas], axis=1),
        "dWh": np.concatenate([cache["h_prev"].T @ d for d in deltas], axis=1),
        "db": np.concatenate([d.sum(0) for d in deltas]),
    }
    return dx, (dh_prev, dc), grads


# --- gru --------------------------------------------------------------------------------------------------------------


@alternative("gru", why="three products with three pairs of columns, the new state as n + z (h - n)")
def gru_block_by_block(x, states, parameters):
    h_prev = states[0]
    H = h_prev.shape[1]
    W = [(parameters["Wx"][:, k * H : k * H + H], parameters["Wh"][:, k * H : k * H + H]) for k in range(3)]
    b = parameters["b"].reshape(3, H)
    r = sigmoid(x @ W[0][0] + h_prev @ W[0][1] + b[0])
    z = sigmoid(x @ W[1][0] + h_prev @ W[1][1] + b[1])
    u = h_prev @ W[2][1]
    n = np.tanh(x @ W[2][0] + b[2] + r * u)
    keep = z * h_prev
    return (keep + n - z * n,), {"x": x, "h_prev": h_prev, "r": r, "z": z, "n": n, "u": u}


@alternative("gru", why="np.split, both gates at once, a list of one, more keys")
def gru_with_both_gates_at_once(x, states, parameters):
    (h,) = states
    xr, xz, xn = np.split(x.dot(parameters["Wx"]) + parameters["b"], 3, axis=-1)
    hr, hz, u = np.split(h.dot(parameters["Wh"]), 3, axis=-1)
    r, z = sigmoid(np.stack([xr + hr, xz + hz]))
    n = np.tanh(np.add(xn, np.multiply(r, u)))
    return [(1.0 - z) * n + z * h], {"n": n, "u": u, "z": z, "r": r, "h_prev": h, "x": x, "H": h.shape[1]}


@alternative("gru", why="sample by sample, stacked at the end")
def gru_row_by_row(x, states, parameters):
    H, found = states[0].shape[1], []
    for row, h in zip(x, states[0]):
        a, ah = row @ parameters["Wx"] + parameters["b"], h @ parameters["Wh"]
        r, z = sigmoid(a[:H] + ah[:H]), sigmoid(a[H:-H] + ah[H:-H])
        n = np.tanh(a[-H:] + r * ah[-H:])
        found.append((n * (1 - z) + h * z, r, z, n, ah[-H:]))
    h, r, z, n, u = (np.array(part) for part in zip(*found))
    return (h,), {"x": x, "h_prev": states[0], "r": r, "z": z, "n": n, "u": u}


# --- gru_backward -----------------------------------------------------------------------------------------------------


@alternative("gru_backward", why="four roads, each by itself, block by block")
def gru_backward_road_by_road(dstates, cache, parameters):
    dh, H = dstates[0], dstates[0].shape[1]
    x, h, r, z, n, u = (cache[name] for name in ("x", "h_prev", "r", "z", "n", "u"))
    Wr, Wz, Wn = (parameters["Wh"][:, k * H : (k + 1) * H] for k in range(3))
    candidate = (dh - dh * z) * (1 - n) * (1 + n)
    update, reset, product = dh * (h - n) * (z - z * z), candidate * u * (r - r * r), candidate * r
    dh_prev = z * dh
    for road, W in ((update, Wz), (reset, Wr), (product, Wn)):
        dh_prev = dh_prev + road @ W.T
    blocks = np.concatenate((reset, update, candidate), axis=1)
    dWh = np.concatenate([h.T @ reset, h.T @ update, h.T @ product], axis=1)
    return blocks @ parameters["Wx"].T, (dh_prev,), {"dWx": x.T @ blocks, "dWh": dWh, "db": blocks.sum(axis=0)}


@alternative("gru_backward", why="into zeros, sample by sample, lists")
def gru_backward_row_by_row(dstates, cache, parameters):
    (dh,) = dstates
    grads = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wx", "Wh", "b")}
    dx, dh_prev = np.zeros_like(cache["x"]), np.zeros_like(dh)
    for k in range(len(dh)):
        x, h, r, z, n, u = (cache[name][k] for name in ("x", "h_prev", "r", "z", "n", "u"))
        da_n = dh[k] * (1 - z) * (1 - n**2)
        da_r, da_z = da_n * u * r * (1 - r), dh[k] * (h - n) * z * (1 - z)
        ax, ah = np.r_[da_r, da_z, da_n], np.r_[da_r, da_z, da_n * r]
        grads["dWx"] += np.outer(x, ax)
        grads["dWh"] += np.outer(h, ah)
        grads["db"] += ax
        dx[k] = parameters["Wx"] @ ax
        dh_prev[k] = dh[k] * z + parameters["Wh"] @ ah
    return [dx, [dh_prev], grads]


@alternative("gru_backward", why="einsum over an axis of blocks; u computed again; more keys")
def gru_backward_with_a_block_axis(dstates, cache, parameters):
    dh = dstates[0]
    N, H = dh.shape
    Wx, Wh = (parameters[name].reshape(-1, 3, H) for name in ("Wx", "Wh"))
    u = np.einsum("ni,ij->nj", cache["h_prev"], Wh[:, 2])
    through = np.empty((3, N, H))
    through[2] = dh * (1 - cache["z"]) * (1 - cache["n"] ** 2)
    through[1] = dh * (cache["h_prev"] - cache["n"]) * cache["z"] * (1 - cache["z"])
    through[0] = through[2] * u * cache["r"] * (1 - cache["r"])
    recurrent = through * np.stack([np.ones((N, H)), np.ones((N, H)), cache["r"]])
    grads = {
        "dWx": np.einsum("nd,knh->dkh", cache["x"], through).reshape(-1, 3 * H),
        "dWh": np.einsum("nd,knh->dkh", cache["h_prev"], recurrent).reshape(-1, 3 * H),
        "db": through.sum(axis=1).ravel(),
        "through": through,
    }
    dx = np.einsum("knh,dkh->nd", through, Wx)
    return dx, (dh * cache["z"] + np.einsum("knh,dkh->nd", recurrent, Wh),), grads


# --- layer ------------------------------------------------------------------------------------------------------------


@alternative("layer", why="an array filled row by row, the mask by arithmetic, a while loop; states in a list")
def layer_into_an_array(step, xs, states, parameters, mask=None):
    N, T = xs.shape[0], xs.shape[1]
    hs = np.empty((N, T, states[0].shape[1]))
    states, caches, t = list(states), [None] * T, 0
    while t < T:
        after, caches[t] = step(xs[:, t, :], tuple(states), parameters)
        keep = np.zeros((N, 1)) if mask is None else 1.0 - mask[:, [t]]
        states = [new * (1 - keep) + old * keep for new, old in zip(after, states)]
        hs[:, t] = states[0]
        t += 1
    return hs, tuple(states), caches


@alternative(
    "layer", why="the batch is cut to the rows that are real at a step, whose caches are shorter", function="run_layer"
)
def layer_of_real_rows(step, xs, states, parameters, mask=None):
    mask = np.ones(xs.shape[:2]) if mask is None else mask
    states, hs, caches = [state.copy() for state in states], [], []
    for t in range(xs.shape[1]):
        real = np.flatnonzero(mask[:, t])
        after, _ = step(xs[real, t], tuple(state[real] for state in states), parameters)
        whole = tuple(state.copy() for state in states)
        caches.append(step(np.where(mask[:, t, None] > 0, xs[:, t], 0.0), whole, parameters)[1])
        for state, new in zip(states, after):
            state[real] = new
        hs.append(states[0].copy())
    return np.array(hs).transpose(1, 0, 2), tuple(states), caches


@alternative("layer", why="recursion from the first step on, tuples of caches")
def layer_by_recursion(step, xs, states, parameters, mask=None):
    if xs.shape[1] == 0:
        return np.zeros((len(xs), 0, states[0].shape[1])), tuple(states), ()
    after, cache = step(xs[:, 0], states, parameters)
    if mask is not None:
        stop = mask[:, :1] == 0
        after = tuple(np.where(np.repeat(stop, new.shape[1], axis=1), old, new) for old, new in zip(states, after))
    hs, last, caches = layer_by_recursion(step, xs[:, 1:], after, parameters, None if mask is None else mask[:, 1:])
    return np.concatenate([after[0][:, None], hs], axis=1), last, (cache, *caches)


@alternative("layer", why="np.where for the mask, zeros to add to, lists turned around", function="run_layer_backward")
def layer_back_with_where(step_backward, dhs, dstates, caches, parameters, mask=None):
    carried, dxs, total = [np.array(d) for d in dstates], [], None
    for t in range(len(caches) - 1, -1, -1):
        carried[0] = carried[0] + dhs[:, t]
        real = np.ones(len(dhs), dtype=bool) if mask is None else mask[:, t] == 1
        given = tuple(np.where(real[:, None], d, 0.0) for d in carried)
        dx, before, grads = step_backward(given, caches[t], parameters)
        carried = [np.where(real[:, None], new, old) for new, old in zip(before, carried)]
        dxs.append(np.where(real[:, None], dx, 0.0))
        total = dict(grads) if total is None else {key: total[key] + grads[key] for key in total}
    return np.swapaxes(np.array(dxs[::-1]), 0, 1), tuple(carried), total


@alternative("layer", why="all steps' gradients kept, summed at the end by numpy", function="run_layer_backward")
def layer_back_summed_at_the_end(step_backward, dhs, dstates, caches, parameters, mask=None):
    T = dhs.shape[1]
    found = []
    for t in reversed(range(T)):
        dstates = (dhs[:, t] + dstates[0], *dstates[1:])
        if mask is None:
            dx, dstates, grads = step_backward(dstates, caches[t], parameters)
        else:
            m = mask[:, t : t + 1]
            dx, through, grads = step_backward(tuple(d * m for d in dstates), caches[t], parameters)
            dstates = tuple(a + b - b * m for a, b in zip(through, dstates))
        found.insert(0, (dx, grads))
    grads = {key: np.sum([each[key] for _, each in found], axis=0) for key in found[0][1]}
    return np.stack([dx for dx, _ in found], axis=1), dstates, grads


# --- bidirectional ----------------------------------------------------------------------------------------------------


@alternative("bidirectional", why="a table of places, taken along the steps")
def reverse_by_places(xs, lengths):
    steps, ends = np.arange(xs.shape[1])[None, :], np.asarray(lengths)[:, None]
    places = np.where(steps < ends, ends - 1 - steps, steps)
    return xs[np.arange(len(xs))[:, None], places]


@alternative("bidirectional", why="row by row, joined again")
def reverse_row_by_row(xs, lengths):
    rows = [np.concatenate([np.flipud(row[: int(n)]), row[int(n) :]]) for row, n in zip(xs, lengths)]
    return np.stack(rows)


@alternative("bidirectional", why="the whole padded array turned around, and the mask with it", function="run_both")
def both_with_a_turned_mask(step, xs, lengths, forwards, backwards):
    mask = (np.arange(xs.shape[1])[None] < np.array(lengths)[:, None]) * 1.0
    N = xs.shape[0]
    one, last_one, _ = run_layer(step, xs, zero_states(forwards, N), forwards, mask)
    flipped = np.flip(xs, axis=1)
    two, last_two, _ = run_layer(step, flipped, zero_states(backwards, N), backwards, mask[:, ::-1])
    return np.dstack([one, two[:, ::-1]]), (last_one, last_two)


@alternative(
    "bidirectional", why="each sequence alone, without padding; zeros behind the ends; lists", function="run_both"
)
def both_one_at_a_time(step, xs, lengths, forwards, backwards):
    H, ends = len(forwards["Wh"]), [[], []]
    hs = np.zeros((*xs.shape[:2], 2 * H))
    for n, length in enumerate(np.asarray(lengths).tolist()):
        alone = xs[n : n + 1, :length]
        for way, (seen, weights) in enumerate(((alone, forwards), (alone[:, ::-1], backwards))):
            states, _, _ = zero_states(weights, 1), None, None
            out, states, _ = run_layer(step, seen, states, weights)
            hs[n, :length, way * H : (way + 1) * H] = out[0] if way == 0 else out[0][::-1]
            ends[way].append(states)
    return hs, [tuple(np.concatenate(parts) for parts in zip(*way)) for way in ends]


# --- decoder ----------------------------------------------------------------------------------------------------------


@alternative("decoder", why="step by step with gru_step, a list for a cache of tuples", function="decode_forward")
def decode_step_by_step(c, ys, parameters):
    states, hs, caches = zero_states(parameters, len(c)), [], []
    for t in range(ys.shape[1]):
        states, cache = gru_step(np.column_stack([ys[:, t], c]), states, parameters)
        hs.append(states[0])
        caches.append(cache)
    hs = np.array(hs).transpose(1, 0, 2)
    return np.einsum("nth,hm->ntm", hs, parameters["Wy"]) + parameters["by"], {"hs": hs, "caches": caches}


@alternative(
    "decoder", why="sum of outer products, the context's columns from the first on", function="decode_backward"
)
def decode_back_by_hand(dlogits, cache, parameters):
    hs, (N, T, M) = cache["hs"], dlogits.shape
    dh, dc, total = np.zeros((N, hs.shape[2])), 0.0, {}
    for t in range(T - 1, -1, -1):
        dh = dh + dlogits[:, t] @ parameters["Wy"].T
        dx, (dh,), grads = gru_step_backward((dh,), cache["caches"][t], parameters)
        dc = dc + dx[:, M:]
        grads["dWy"], grads["dby"] = hs[:, t].T @ dlogits[:, t], dlogits[:, t].sum(axis=0)
        total = {name: slope + total.get(name, 0.0) for name, slope in grads.items()}
    return dc, total


@alternative(
    "decoder", why="np.tile for the context, its part of the product by broadcasting", function="decode_forward"
)
def decode_with_tiles(c, ys, parameters):
    N, T, M = ys.shape
    inputs = np.zeros((N, T, M + c.shape[1]))
    inputs[:, :, :M] = ys
    inputs[:, :, M:] += c[:, None, :]
    hs, last, caches = run_layer(gru_step, inputs, (np.zeros((N, len(parameters["Wh"]))),), parameters)
    flat = hs.reshape(N * T, -1) @ parameters["Wy"] + parameters["by"][None]
    return flat.reshape(N, T, M), {"hs": hs, "caches": caches, "last": last, "M": M}


@alternative("decoder", why="einsum for the output layer, dot with ones for sums", function="decode_backward")
def decode_back_with_einsum(dlogits, cache, parameters):
    N, T, M = dlogits.shape
    dhs = np.einsum("ntm,hm->nth", dlogits, parameters["Wy"])
    end = (np.zeros_like(dhs[:, 0]),)
    dxs, _, grads = run_layer_backward(gru_step_backward, dhs, end, cache["caches"], parameters)
    grads = dict(grads, dWy=np.einsum("nth,ntm->hm", cache["hs"], dlogits), dby=np.ones(N * T) @ dlogits.reshape(-1, M))
    return np.einsum("ntc->nc", dxs[..., M:]), grads


# --- greedy -----------------------------------------------------------------------------------------------------------


@alternative("greedy", why="each row alone, a break at its end; numpy integers")
def greedy_row_by_row(c, parameters, end, most):
    rows = []
    for context in c:
        states, y, row = zero_states(parameters, 1), np.zeros((1, len(parameters["by"]))), []
        for _ in range(most):
            states, _ = gru_step(np.hstack([y, context[None]]), states, parameters)
            k = np.argmax(states[0] @ parameters["Wy"] + parameters["by"])
            if k == end:
                break
            row.append(k)
            y = np.eye(y.shape[1])[[k]]
        rows.append(row)
    return rows


@alternative("greedy", why="all symbols first, cut at the end of each row afterwards; arrays for rows")
def greedy_cut_afterwards(c, parameters, end, most):
    states, M = zero_states(parameters, len(c)), parameters["by"].size
    read, table = np.zeros((len(c), M)), np.full((len(c), most + 1), end)
    for t in range(most):
        states, _ = gru_step(np.concatenate((read, c), axis=1), states, parameters)
        scores = np.dot(states[0], parameters["Wy"]) + parameters["by"]
        table[:, t] = np.argmax(scores, axis=1)
        read = (table[:, t, None] == np.arange(M)).astype(float)
    return [row[: np.flatnonzero(row == end)[0]] for row in table]


@alternative("greedy", why="decode_forward asked for what it would say next, over and over; tuples")
def greedy_by_decode_forward(c, parameters, end, most):
    M, said = len(parameters["by"]), np.zeros((len(c), 0), dtype=int)
    for _ in range(most):
        ys = np.concatenate([np.zeros((len(c), 1, M)), np.eye(M)[said]], axis=1)
        logits, _ = decode_forward(c, ys, parameters)
        said = np.concatenate([said, logits[:, -1].argmax(axis=1)[:, None]], axis=1)
    return tuple(tuple(row[: row.index(end)] if end in row else row) for row in said.tolist())
