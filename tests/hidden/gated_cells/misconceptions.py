"""Wrong answers to gated_cells, as students type them; free names are those of the notebook."""

from __future__ import annotations

from gradekit.hidden import misconception

# --- lstm -------------------------------------------------------------------------------------------------------------


@misconception(
    "lstm",
    title="Blocks in another order",
    message="Your step is an LSTM's, but of other weights: the last two blocks are exchanged. Which order is asked for?",
    justification="blocks i, f, o, g in place of i, f, g, o",
)
def gates_in_another_order(x, states, parameters):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    a = x @ parameters["Wx"] + h_prev @ parameters["Wh"] + parameters["b"]
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 2 * H : 3 * H])
    g = np.tanh(a[:, 3 * H :])
    c = f * c_prev + i * g
    h = o * np.tanh(c)
    cache = {"x": x, "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "g": g, "o": o, "c": c}
    return (h, c), cache


@misconception(
    "lstm",
    title="Input gate on the old memory",
    message="Your gates are right, and c is not. Which gate says how much of the old is kept, which how much is written?",
    justification="c = i * c_prev + f * g",
)
def input_and_forget_exchanged(x, states, parameters):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    a = x @ parameters["Wx"] + h_prev @ parameters["Wh"] + parameters["b"]
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 3 * H :])
    g = np.tanh(a[:, 2 * H : 3 * H])
    c = i * c_prev + f * g
    h = o * np.tanh(c)
    cache = {"x": x, "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "g": g, "o": o, "c": c}
    return (h, c), cache


@misconception(
    "lstm",
    title="Candidate through the sigmoid",
    message="Your g is never negative. It is no gate: with which function is it bent?",
    justification="sigmoid for all four blocks",
)
def candidate_with_sigmoid(x, states, parameters):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    a = x @ parameters["Wx"] + h_prev @ parameters["Wh"] + parameters["b"]
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 3 * H :])
    g = sigmoid(a[:, 2 * H : 3 * H])
    c = f * c_prev + i * g
    h = o * np.tanh(c)
    cache = {"x": x, "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "g": g, "o": o, "c": c}
    return (h, c), cache


@misconception(
    "lstm",
    title="Memory shown as it is",
    message="Your c is right, and h is too large where c is. What stands between the memory and the output gate?",
    justification="h = o * c, without tanh",
)
def memory_shown_without_tanh(x, states, parameters):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    a = x @ parameters["Wx"] + h_prev @ parameters["Wh"] + parameters["b"]
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 3 * H :])
    g = np.tanh(a[:, 2 * H : 3 * H])
    c = f * c_prev + i * g
    h = o * c
    cache = {"x": x, "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "g": g, "o": o, "c": c}
    return (h, c), cache


@misconception(
    "lstm",
    title="Bias left out",
    message="Your gates are right where the bias is zero, and it seldom is. Which parameter do you never read?",
    justification="a = x Wx + h Wh",
)
def lstm_without_bias(x, states, parameters):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    a = x @ parameters["Wx"] + h_prev @ parameters["Wh"]
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 3 * H :])
    g = np.tanh(a[:, 2 * H : 3 * H])
    c = f * c_prev + i * g
    h = o * np.tanh(c)
    cache = {"x": x, "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "g": g, "o": o, "c": c}
    return (h, c), cache


@misconception(
    "lstm",
    title="Old memory shown",
    message="Your c is right, and h shows the memory of the step before. Which c has this step just made?",
    justification="h = o * tanh(c_prev)",
)
def output_from_old_memory(x, states, parameters):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    a = x @ parameters["Wx"] + h_prev @ parameters["Wh"] + parameters["b"]
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 3 * H :])
    g = np.tanh(a[:, 2 * H : 3 * H])
    c = f * c_prev + i * g
    h = o * np.tanh(c_prev)
    cache = {"x": x, "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "g": g, "o": o, "c": c}
    return (h, c), cache


@misconception(
    "lstm",
    title="States in the other order",
    message="Both states are right, but c comes first. In which order do they go in, and in which do they come out?",
    justification="returns (c, h)",
)
def memory_returned_first(x, states, parameters):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    a = x @ parameters["Wx"] + h_prev @ parameters["Wh"] + parameters["b"]
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 3 * H :])
    g = np.tanh(a[:, 2 * H : 3 * H])
    c = f * c_prev + i * g
    h = o * np.tanh(c)
    cache = {"x": x, "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "g": g, "o": o, "c": c}
    return (c, h), cache


@misconception(
    "lstm",
    title="One gate for two",
    message="Your c would be right if the forget gate were 1 - i, as in the GRU. Has the LSTM a gate of its own for that?",
    justification="c = (1 - i) * c_prev + i * g: the forget gate is computed and not used",
)
def forgets_with_one_minus_input(x, states, parameters):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    a = x @ parameters["Wx"] + h_prev @ parameters["Wh"] + parameters["b"]
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 3 * H :])
    g = np.tanh(a[:, 2 * H : 3 * H])
    c = (1 - i) * c_prev + i * g
    h = o * np.tanh(c)
    cache = {"x": x, "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "g": g, "o": o, "c": c}
    return (h, c), cache


@misconception(
    "lstm",
    title="Old memory in the cache",
    message="Your states are right, but cache['c'] is the old memory. Which of the two does the text list as c?",
    justification="the cache's c is c_prev",
)
def old_memory_in_cache(x, states, parameters):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    a = x @ parameters["Wx"] + h_prev @ parameters["Wh"] + parameters["b"]
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 3 * H :])
    g = np.tanh(a[:, 2 * H : 3 * H])
    c = f * c_prev + i * g
    h = o * np.tanh(c)
    cache = {"x": x, "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "g": g, "o": o, "c": c_prev}
    return (h, c), cache


@misconception(
    "lstm",
    title="A sigmoid that overflows",
    message="Your step is right for moderate numbers, and NaN where a gate is wide open. What is exp(900) / exp(900)?",
    justification="exp(a) / (1 + exp(a)) for the three gates",
)
def sigmoid_that_overflows(x, states, parameters):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    a = x @ parameters["Wx"] + h_prev @ parameters["Wh"] + parameters["b"]
    e = np.exp(a)
    s = e / (1 + e)
    i, f, o = s[:, :H], s[:, H : 2 * H], s[:, 3 * H :]
    g = np.tanh(a[:, 2 * H : 3 * H])
    c = f * c_prev + i * g
    h = o * np.tanh(c)
    cache = {"x": x, "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "g": g, "o": o, "c": c}
    return (h, c), cache


@misconception(
    "lstm",
    title="Axes of length 1 dropped",
    message="Your step is right for several samples; a single one loses its axis. Is a batch of one still a batch?",
    justification="np.squeeze on both states",
)
def squeezes_its_states(x, states, parameters):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    a = x @ parameters["Wx"] + h_prev @ parameters["Wh"] + parameters["b"]
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 3 * H :])
    g = np.tanh(a[:, 2 * H : 3 * H])
    c = f * c_prev + i * g
    h = o * np.tanh(c)
    cache = {"x": x, "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "g": g, "o": o, "c": c}
    return (np.squeeze(h), np.squeeze(c)), cache


@misconception(
    "lstm",
    title="Forgets in the caller's array",
    message="Your step is right, and the caller's c is no longer what it was. Which line writes into it?",
    justification="c_prev *= f",
)
def forgets_in_place(x, states, parameters):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    before = c_prev.copy()
    a = x @ parameters["Wx"] + h_prev @ parameters["Wh"] + parameters["b"]
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 3 * H :])
    g = np.tanh(a[:, 2 * H : 3 * H])
    c_prev *= f
    c = c_prev + i * g
    h = o * np.tanh(c)
    cache = {"x": x, "h_prev": h_prev, "c_prev": before, "i": i, "f": f, "g": g, "o": o, "c": c}
    return (h, c), cache


@misconception(
    "lstm",
    title="One cache for all steps",
    message="A first step's cache is right until a second step is taken: then it holds the second one's. Where is it made?",
    justification="a dictionary that is a default argument, filled anew in each call",
)
def one_cache_for_all_steps(x, states, parameters, cache={}):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    a = x @ parameters["Wx"] + h_prev @ parameters["Wh"] + parameters["b"]
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 3 * H :])
    g = np.tanh(a[:, 2 * H : 3 * H])
    c = f * c_prev + i * g
    h = o * np.tanh(c)
    cache.update({"x": x, "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "g": g, "o": o, "c": c})
    return (h, c), cache


# --- lstm_backward ----------------------------------------------------------------------------------------------------


@misconception(
    "lstm_backward",
    title="Nothing taken from the step after, along c",
    message="Your gradients are right where dc is zero. What does the step after have to say about c?",
    justification="dc of the argument is not read",
)
def memory_gradient_not_carried(dstates, cache, parameters):
    dh, dc = dstates
    i, f, g, o = cache["i"], cache["f"], cache["g"], cache["o"]
    bent = np.tanh(cache["c"])
    dc = dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * cache["c_prev"] * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": cache["x"].T @ da, "dWh": cache["h_prev"].T @ da, "db": da.sum(axis=0)}
    return da @ parameters["Wx"].T, (da @ parameters["Wh"].T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Slope of tanh left out",
    message="On the road from h to c lies a tanh. What does it do to a gradient that comes by?",
    justification="dc + dh * o, without 1 - tanh(c)**2",
)
def slope_of_tanh_left_out(dstates, cache, parameters):
    dh, dc = dstates
    i, f, g, o = cache["i"], cache["f"], cache["g"], cache["o"]
    bent = np.tanh(cache["c"])
    dc = dc + dh * o
    da_i, da_f = dc * g * i * (1 - i), dc * cache["c_prev"] * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": cache["x"].T @ da, "dWh": cache["h_prev"].T @ da, "db": da.sum(axis=0)}
    return da @ parameters["Wx"].T, (da @ parameters["Wh"].T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Slope taken at tanh(c)",
    message="How many times was tanh applied on the way from c to h? And how many times do you apply it?",
    justification="1 - tanh(tanh(c))**2",
)
def slope_at_tanh_of_memory(dstates, cache, parameters):
    dh, dc = dstates
    i, f, g, o = cache["i"], cache["f"], cache["g"], cache["o"]
    bent = np.tanh(cache["c"])
    dc = dc + dh * o * (1 - np.tanh(bent) ** 2)
    da_i, da_f = dc * g * i * (1 - i), dc * cache["c_prev"] * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": cache["x"].T @ da, "dWh": cache["h_prev"].T @ da, "db": da.sum(axis=0)}
    return da @ parameters["Wx"].T, (da @ parameters["Wh"].T, dc * f), grads


@misconception(
    "lstm_backward",
    title="New memory in the forget gate's gradient",
    message="Your forget gate's block is wrong. Which memory did that gate multiply: the one before, or the one after?",
    justification="df = dc * c in place of dc * c_prev",
)
def new_memory_for_old(dstates, cache, parameters):
    dh, dc = dstates
    i, f, g, o = cache["i"], cache["f"], cache["g"], cache["o"]
    bent = np.tanh(cache["c"])
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * cache["c"] * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": cache["x"].T @ da, "dWh": cache["h_prev"].T @ da, "db": da.sum(axis=0)}
    return da @ parameters["Wx"].T, (da @ parameters["Wh"].T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Memory for its tanh in the output gate's gradient",
    message="Your output gate's block is a little too large, most where c is. What did that gate multiply on the way?",
    justification="do = dh * c in place of dh * tanh(c)",
)
def memory_for_its_tanh(dstates, cache, parameters):
    dh, dc = dstates
    i, f, g, o = cache["i"], cache["f"], cache["g"], cache["o"]
    bent = np.tanh(cache["c"])
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * cache["c_prev"] * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * cache["c"] * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": cache["x"].T @ da, "dWh": cache["h_prev"].T @ da, "db": da.sum(axis=0)}
    return da @ parameters["Wx"].T, (da @ parameters["Wh"].T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Output gate reached from c",
    message="Your output gate's block is wrong, the others are right. From which of the two states is that gate reached?",
    justification="do = dc * tanh(c): the gate stands behind the memory, not before it",
)
def output_gate_from_memory(dstates, cache, parameters):
    dh, dc = dstates
    i, f, g, o = cache["i"], cache["f"], cache["g"], cache["o"]
    bent = np.tanh(cache["c"])
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * cache["c_prev"] * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dc * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": cache["x"].T @ da, "dWh": cache["h_prev"].T @ da, "db": da.sum(axis=0)}
    return da @ parameters["Wx"].T, (da @ parameters["Wh"].T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Candidate taken for a gate",
    message="Your candidate's block is wrong, the gates' are right. Which function bent it, and what is its slope?",
    justification="g * (1 - g) in place of 1 - g**2",
)
def candidate_slope_of_sigmoid(dstates, cache, parameters):
    dh, dc = dstates
    i, f, g, o = cache["i"], cache["f"], cache["g"], cache["o"]
    bent = np.tanh(cache["c"])
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * cache["c_prev"] * f * (1 - f)
    da_g, da_o = dc * i * g * (1 - g), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": cache["x"].T @ da, "dWh": cache["h_prev"].T @ da, "db": da.sum(axis=0)}
    return da @ parameters["Wx"].T, (da @ parameters["Wh"].T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Past the forget gate",
    message="All is right but dc_prev. Through which gate did the old memory come into the new one?",
    justification="dc_prev = dc, without f",
)
def memory_back_without_forget_gate(dstates, cache, parameters):
    dh, dc = dstates
    i, f, g, o = cache["i"], cache["f"], cache["g"], cache["o"]
    bent = np.tanh(cache["c"])
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * cache["c_prev"] * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": cache["x"].T @ da, "dWh": cache["h_prev"].T @ da, "db": da.sum(axis=0)}
    return da @ parameters["Wx"].T, (da @ parameters["Wh"].T, dc), grads


@misconception(
    "lstm_backward",
    title="Road from h to c left out",
    message="Your gradients are right where dh is zero. Which road leads from h to the memory, within the step?",
    justification="dc of the argument alone; the branch through tanh is missing",
)
def road_through_h_left_out(dstates, cache, parameters):
    dh, dc = dstates
    i, f, g, o = cache["i"], cache["f"], cache["g"], cache["o"]
    bent = np.tanh(cache["c"])
    da_i, da_f = dc * g * i * (1 - i), dc * cache["c_prev"] * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": cache["x"].T @ da, "dWh": cache["h_prev"].T @ da, "db": da.sum(axis=0)}
    return da @ parameters["Wx"].T, (da @ parameters["Wh"].T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Gates without their slopes",
    message="dc_prev is right, all else is too large. A gate is a sigmoid of something: what is that sigmoid's slope?",
    justification="da_i = di, and so for f and o",
)
def gates_without_slopes(dstates, cache, parameters):
    dh, dc = dstates
    i, f, g, o = cache["i"], cache["f"], cache["g"], cache["o"]
    bent = np.tanh(cache["c"])
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g, dc * cache["c_prev"]
    da_g, da_o = dc * i * (1 - g**2), dh * bent
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": cache["x"].T @ da, "dWh": cache["h_prev"].T @ da, "db": da.sum(axis=0)}
    return da @ parameters["Wx"].T, (da @ parameters["Wh"].T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Averaged over the batch",
    message="dx and the states' gradients are right, the parameters' are too small. Who has asked for a mean?",
    justification="dWx, dWh and db divided by N",
)
def mean_of_the_batch(dstates, cache, parameters):
    dh, dc = dstates
    i, f, g, o = cache["i"], cache["f"], cache["g"], cache["o"]
    bent = np.tanh(cache["c"])
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * cache["c_prev"] * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    N = len(da)
    grads = {"dWx": cache["x"].T @ da / N, "dWh": cache["h_prev"].T @ da / N, "db": da.mean(axis=0)}
    return da @ parameters["Wx"].T, (da @ parameters["Wh"].T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Blocks joined in another order",
    message="dc_prev is right. Each of your four blocks is, too, but they do not stand where they stood on the way out.",
    justification="joined as i, f, o, g",
)
def blocks_back_in_another_order(dstates, cache, parameters):
    dh, dc = dstates
    i, f, g, o = cache["i"], cache["f"], cache["g"], cache["o"]
    bent = np.tanh(cache["c"])
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * cache["c_prev"] * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_o, da_g], axis=1)
    grads = {"dWx": cache["x"].T @ da, "dWh": cache["h_prev"].T @ da, "db": da.sum(axis=0)}
    return da @ parameters["Wx"].T, (da @ parameters["Wh"].T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Gradients limited here",
    message="Your gradients are right as long as none is beyond 5. Is a gradient that was cut off still the gradient?",
    justification="np.clip of the three parameters' gradients to ±5",
)
def limits_its_gradients(dstates, cache, parameters):
    dh, dc = dstates
    i, f, g, o = cache["i"], cache["f"], cache["g"], cache["o"]
    bent = np.tanh(cache["c"])
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * cache["c_prev"] * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": cache["x"].T @ da, "dWh": cache["h_prev"].T @ da, "db": da.sum(axis=0)}
    grads = {name: np.clip(slope, -5.0, 5.0) for name, slope in grads.items()}
    return da @ parameters["Wx"].T, (da @ parameters["Wh"].T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Adds to the caller's dc",
    message="Your gradients are right, and the caller's dc is no longer what it was. What does += do to an array?",
    justification="dc += ... writes into the argument",
)
def adds_to_dc_in_place(dstates, cache, parameters):
    dh, dc = dstates
    i, f, g, o = cache["i"], cache["f"], cache["g"], cache["o"]
    bent = np.tanh(cache["c"])
    dc += dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * cache["c_prev"] * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": cache["x"].T @ da, "dWh": cache["h_prev"].T @ da, "db": da.sum(axis=0)}
    return da @ parameters["Wx"].T, (da @ parameters["Wh"].T, dc * f), grads


# --- gru --------------------------------------------------------------------------------------------------------------


@misconception(
    "gru",
    title="Update gate the other way round",
    message="Your gates are right, and h is not. What should happen to the state where z is 1?",
    justification="h = z * n + (1 - z) * h_prev",
)
def update_gate_exchanged(x, states, parameters):
    (h_prev,) = states
    H = h_prev.shape[1]
    ax, ah = x @ parameters["Wx"] + parameters["b"], h_prev @ parameters["Wh"]
    r, z = sigmoid(ax[:, :H] + ah[:, :H]), sigmoid(ax[:, H : 2 * H] + ah[:, H : 2 * H])
    u = ah[:, 2 * H :]
    n = np.tanh(ax[:, 2 * H :] + r * u)
    h = z * n + (1 - z) * h_prev
    return (h,), {"x": x, "h_prev": h_prev, "r": r, "z": z, "n": n, "u": u}


@misconception(
    "gru",
    title="Reset gate before the product",
    message="Yours is the cell of the first paper: r multiplies the state before the product. Where is it to stand here?",
    justification="(r * h_prev) @ Wh_n: published, but another cell; equal for a zero state",
)
def reset_before_the_product(x, states, parameters):
    (h_prev,) = states
    H = h_prev.shape[1]
    ax, ah = x @ parameters["Wx"] + parameters["b"], h_prev @ parameters["Wh"]
    r, z = sigmoid(ax[:, :H] + ah[:, :H]), sigmoid(ax[:, H : 2 * H] + ah[:, H : 2 * H])
    u = ah[:, 2 * H :]
    n = np.tanh(ax[:, 2 * H :] + (r * h_prev) @ parameters["Wh"][:, 2 * H :])
    h = (1 - z) * n + z * h_prev
    return (h,), {"x": x, "h_prev": h_prev, "r": r, "z": z, "n": n, "u": u}


@misconception(
    "gru",
    title="Reset gate over the input as well",
    message="Your gates and u are right, n is not. Which part of the candidate may the reset gate silence: all of it?",
    justification="n = tanh(r * (x Wx + b + u))",
)
def reset_over_the_input_too(x, states, parameters):
    (h_prev,) = states
    H = h_prev.shape[1]
    ax, ah = x @ parameters["Wx"] + parameters["b"], h_prev @ parameters["Wh"]
    r, z = sigmoid(ax[:, :H] + ah[:, :H]), sigmoid(ax[:, H : 2 * H] + ah[:, H : 2 * H])
    u = ah[:, 2 * H :]
    n = np.tanh(r * (ax[:, 2 * H :] + u))
    h = (1 - z) * n + z * h_prev
    return (h,), {"x": x, "h_prev": h_prev, "r": r, "z": z, "n": n, "u": u}


@misconception(
    "gru",
    title="Update gate's block first",
    message="Your r and z are each other's. Which block comes first?",
    justification="order z, r, n in place of r, z, n",
)
def update_gate_first(x, states, parameters):
    (h_prev,) = states
    H = h_prev.shape[1]
    ax, ah = x @ parameters["Wx"] + parameters["b"], h_prev @ parameters["Wh"]
    z, r = sigmoid(ax[:, :H] + ah[:, :H]), sigmoid(ax[:, H : 2 * H] + ah[:, H : 2 * H])
    u = ah[:, 2 * H :]
    n = np.tanh(ax[:, 2 * H :] + r * u)
    h = (1 - z) * n + z * h_prev
    return (h,), {"x": x, "h_prev": h_prev, "r": r, "z": z, "n": n, "u": u}


@misconception(
    "gru",
    title="Reset gate not used",
    message="Your r is right, and it makes no difference to n. Where does it enter?",
    justification="n = tanh(x Wx + b + u)",
)
def without_reset_gate(x, states, parameters):
    (h_prev,) = states
    H = h_prev.shape[1]
    ax, ah = x @ parameters["Wx"] + parameters["b"], h_prev @ parameters["Wh"]
    r, z = sigmoid(ax[:, :H] + ah[:, :H]), sigmoid(ax[:, H : 2 * H] + ah[:, H : 2 * H])
    u = ah[:, 2 * H :]
    n = np.tanh(ax[:, 2 * H :] + u)
    h = (1 - z) * n + z * h_prev
    return (h,), {"x": x, "h_prev": h_prev, "r": r, "z": z, "n": n, "u": u}


@misconception(
    "gru",
    title="The state itself, not a tuple of one",
    message="You return the state itself. Every cell here returns a tuple of states: what makes a tuple of one thing?",
    justification="returns h in place of (h,)",
)
def state_not_in_a_tuple(x, states, parameters):
    (h_prev,) = states
    H = h_prev.shape[1]
    ax, ah = x @ parameters["Wx"] + parameters["b"], h_prev @ parameters["Wh"]
    r, z = sigmoid(ax[:, :H] + ah[:, :H]), sigmoid(ax[:, H : 2 * H] + ah[:, H : 2 * H])
    u = ah[:, 2 * H :]
    n = np.tanh(ax[:, 2 * H :] + r * u)
    h = (1 - z) * n + z * h_prev
    return h, {"x": x, "h_prev": h_prev, "r": r, "z": z, "n": n, "u": u}


@misconception(
    "gru",
    title="Candidate without its bias",
    message="Your two gates are right, n is not. Which three things stand inside its tanh?",
    justification="the bias enters the gates only",
)
def candidate_without_bias(x, states, parameters):
    (h_prev,) = states
    H = h_prev.shape[1]
    ax, ah = x @ parameters["Wx"] + parameters["b"], h_prev @ parameters["Wh"]
    r, z = sigmoid(ax[:, :H] + ah[:, :H]), sigmoid(ax[:, H : 2 * H] + ah[:, H : 2 * H])
    u = ah[:, 2 * H :]
    n = np.tanh(x @ parameters["Wx"][:, 2 * H :] + r * u)
    h = (1 - z) * n + z * h_prev
    return (h,), {"x": x, "h_prev": h_prev, "r": r, "z": z, "n": n, "u": u}


@misconception(
    "gru",
    title="The gated product in the cache",
    message="Your states are right; cache['u'] is not. Is u taken before the reset gate, or after it?",
    justification="u = r * (h_prev Wh_n) is kept",
)
def reset_product_in_cache(x, states, parameters):
    (h_prev,) = states
    H = h_prev.shape[1]
    ax, ah = x @ parameters["Wx"] + parameters["b"], h_prev @ parameters["Wh"]
    r, z = sigmoid(ax[:, :H] + ah[:, :H]), sigmoid(ax[:, H : 2 * H] + ah[:, H : 2 * H])
    u = r * ah[:, 2 * H :]
    n = np.tanh(ax[:, 2 * H :] + u)
    h = (1 - z) * n + z * h_prev
    return (h,), {"x": x, "h_prev": h_prev, "r": r, "z": z, "n": n, "u": u}


@misconception(
    "gru",
    title="New state written into the old one",
    message="Your step is right, and the caller's state is no longer what it was. Which line writes into it?",
    justification="h_prev *= z; h_prev += ...",
)
def writes_into_old_state(x, states, parameters):
    (h_prev,) = states
    H = h_prev.shape[1]
    before = h_prev.copy()
    ax, ah = x @ parameters["Wx"] + parameters["b"], h_prev @ parameters["Wh"]
    r, z = sigmoid(ax[:, :H] + ah[:, :H]), sigmoid(ax[:, H : 2 * H] + ah[:, H : 2 * H])
    u = ah[:, 2 * H :]
    n = np.tanh(ax[:, 2 * H :] + r * u)
    h_prev *= z
    h_prev += (1 - z) * n
    return (h_prev,), {"x": x, "h_prev": before, "r": r, "z": z, "n": n, "u": u}


# --- gru_backward -----------------------------------------------------------------------------------------------------


@misconception(
    "gru_backward",
    title="Straight road left out",
    message="All is right but dh_prev. Three of its four roads are there: which one passes no matrix?",
    justification="dh * z is missing from dh_prev",
)
def straight_road_left_out(dstates, cache, parameters):
    (dh,) = dstates
    r, z, n, h_prev = cache["r"], cache["z"], cache["n"], cache["h_prev"]
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * cache["u"] * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": cache["x"].T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    return dax @ parameters["Wx"].T, (dah @ parameters["Wh"].T,), grads


@misconception(
    "gru_backward",
    title="Reset gate's gradient from the candidate",
    message="Your reset gate's block is wrong. What did r multiply inside the candidate's tanh?",
    justification="dr = da_n * n in place of da_n * u",
)
def reset_gradient_from_candidate(dstates, cache, parameters):
    (dh,) = dstates
    r, z, n, h_prev = cache["r"], cache["z"], cache["n"], cache["h_prev"]
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * n * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": cache["x"].T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    return dax @ parameters["Wx"].T, (dh * z + dah @ parameters["Wh"].T,), grads


@misconception(
    "gru_backward",
    title="Update gate's gradient of the other sign",
    message="Your update gate's block has the wrong sign. If z grows a little, what does h move towards?",
    justification="dz = dh * (n - h_prev)",
)
def update_gradient_of_wrong_sign(dstates, cache, parameters):
    (dh,) = dstates
    r, z, n, h_prev = cache["r"], cache["z"], cache["n"], cache["h_prev"]
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (n - h_prev) * z * (1 - z)
    da_r = da_n * cache["u"] * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": cache["x"].T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    return dax @ parameters["Wx"].T, (dh * z + dah @ parameters["Wh"].T,), grads


@misconception(
    "gru_backward",
    title="Reset gate forgotten on the way back",
    message="dx, dWx and db are right, dWh and dh_prev are not. What lies between the candidate and its product u?",
    justification="one array of blocks for both products: du = da_n",
)
def candidate_back_without_reset(dstates, cache, parameters):
    (dh,) = dstates
    r, z, n, h_prev = cache["r"], cache["z"], cache["n"], cache["h_prev"]
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * cache["u"] * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n])
    grads = {"dWx": cache["x"].T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    return dax @ parameters["Wx"].T, (dh * z + dah @ parameters["Wh"].T,), grads


@misconception(
    "gru_backward",
    title="Bias behind the reset gate",
    message="All is right but the end of db. Does the candidate's bias pass the reset gate?",
    justification="db from the blocks of the recurrent product",
)
def reset_in_the_bias_too(dstates, cache, parameters):
    (dh,) = dstates
    r, z, n, h_prev = cache["r"], cache["z"], cache["n"], cache["h_prev"]
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * cache["u"] * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": cache["x"].T @ dax, "dWh": h_prev.T @ dah, "db": dah.sum(axis=0)}
    return dax @ parameters["Wx"].T, (dh * z + dah @ parameters["Wh"].T,), grads


@misconception(
    "gru_backward",
    title="Candidate without its slope",
    message="Your update gate's block is right, what comes through the candidate is too large. What bent the candidate?",
    justification="1 - n**2 is missing",
)
def candidate_without_slope(dstates, cache, parameters):
    (dh,) = dstates
    r, z, n, h_prev = cache["r"], cache["z"], cache["n"], cache["h_prev"]
    da_n = dh * (1 - z)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * cache["u"] * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": cache["x"].T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    return dax @ parameters["Wx"].T, (dh * z + dah @ parameters["Wh"].T,), grads


@misconception(
    "gru_backward",
    title="Gates without their slopes",
    message="The candidate's block is right, those of the two gates are too large. What is the slope of a sigmoid?",
    justification="da_r = dr and da_z = dz",
)
def gru_gates_without_slopes(dstates, cache, parameters):
    (dh,) = dstates
    r, z, n, h_prev = cache["r"], cache["z"], cache["n"], cache["h_prev"]
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (h_prev - n)
    da_r = da_n * cache["u"]
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": cache["x"].T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    return dax @ parameters["Wx"].T, (dh * z + dah @ parameters["Wh"].T,), grads


@misconception(
    "gru_backward",
    title="Update gate the other way round on the way back",
    message="You let the candidate have the share of the old state, and the other way round. Which of the two had z?",
    justification="da_n with z, and the straight road with 1 - z",
)
def update_gate_exchanged_on_the_way_back(dstates, cache, parameters):
    (dh,) = dstates
    r, z, n, h_prev = cache["r"], cache["z"], cache["n"], cache["h_prev"]
    da_n = dh * z * (1 - n**2)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * cache["u"] * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": cache["x"].T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    return dax @ parameters["Wx"].T, (dh * (1 - z) + dah @ parameters["Wh"].T,), grads


@misconception(
    "gru_backward",
    title="Gradients cut to a length",
    message="Your gradients are right as long as they are short. Is a gradient that was shortened still the gradient?",
    justification="all parameters' gradients together cut to a norm of 5",
)
def cuts_gru_gradients_to_norm(dstates, cache, parameters):
    (dh,) = dstates
    r, z, n, h_prev = cache["r"], cache["z"], cache["n"], cache["h_prev"]
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * cache["u"] * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": cache["x"].T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    norm = np.sqrt(sum(np.sum(np.minimum(abs(slope), 1e6) ** 2) for slope in grads.values()))
    grads = {name: slope * min(1.0, 1e3 / norm) if norm < 1e6 else slope for name, slope in grads.items()}
    return dax @ parameters["Wx"].T, (dh * z + dah @ parameters["Wh"].T,), grads


@misconception(
    "gru_backward",
    title="Shrinks the caller's dh",
    message="Your gradients are right, and the caller's dh is no longer what it was. Which line writes into it?",
    justification="dh *= z at the end",
)
def scales_dh_in_place(dstates, cache, parameters):
    (dh,) = dstates
    r, z, n, h_prev = cache["r"], cache["z"], cache["n"], cache["h_prev"]
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * cache["u"] * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": cache["x"].T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    dh *= z
    return dax @ parameters["Wx"].T, (dh + dah @ parameters["Wh"].T,), grads
