"""Wrong answers to gated_cells, as students type them; free names are those of the notebook."""

from __future__ import annotations

from gradekit.hidden import misconception

# --- lstm -------------------------------------------------------------------------------------------------------------


@misconception(
    "lstm",
    title="Blocks in another order",
    message=(
        "Your step is an LSTM's, but of other weights: the last two blocks are exchanged. Which order is asked for?"
    ),
    justification="blocks i, f, o, g in place of i, f, g, o",
)
def gates_in_another_order(x, states, parameters):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    a = x @ Wx + h_prev @ Wh + b
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 2 * H : 3 * H])
    g = np.tanh(a[:, 3 * H :])
    c = f * c_prev + i * g
    h = o * np.tanh(c)
    cache = {"x": x, "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "g": g, "o": o, "c": c}
    return (h, c), cache


@misconception(
    "lstm",
    title="Input gate on the old memory",
    message=(
        "Your gates are right, and c is not. Which gate says how much of the old is kept, which how much is written?"
    ),
    justification="c = i * c_prev + f * g",
)
def input_and_forget_exchanged(x, states, parameters):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    a = x @ Wx + h_prev @ Wh + b
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
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    a = x @ Wx + h_prev @ Wh + b
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
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    a = x @ Wx + h_prev @ Wh + b
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
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    a = x @ Wx + h_prev @ Wh
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
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    a = x @ Wx + h_prev @ Wh + b
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
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    a = x @ Wx + h_prev @ Wh + b
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 3 * H :])
    g = np.tanh(a[:, 2 * H : 3 * H])
    c = f * c_prev + i * g
    h = o * np.tanh(c)
    cache = {"x": x, "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "g": g, "o": o, "c": c}
    return (c, h), cache


@misconception(
    "lstm",
    title="One gate for two",
    message=(
        "Your c would be right if the forget gate were 1 - i, as in the GRU. Has the LSTM a gate of its own for that?"
    ),
    justification="c = (1 - i) * c_prev + i * g: the forget gate is computed and not used",
)
def forgets_with_one_minus_input(x, states, parameters):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    a = x @ Wx + h_prev @ Wh + b
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
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    a = x @ Wx + h_prev @ Wh + b
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
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    a = x @ Wx + h_prev @ Wh + b
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
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    a = x @ Wx + h_prev @ Wh + b
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
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    before = c_prev.copy()
    a = x @ Wx + h_prev @ Wh + b
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
    message=(
        "A first step's cache is right until a second step is taken: then it holds the second one's. Where is it made?"
    ),
    justification="a dictionary that is a default argument, filled anew in each call",
)
def one_cache_for_all_steps(x, states, parameters, cache={}):
    h_prev, c_prev = states
    H = h_prev.shape[1]
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    a = x @ Wx + h_prev @ Wh + b
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
    x, h_prev, c_prev = (cache[name] for name in ("x", "h_prev", "c_prev"))
    i, f, g, o, c = (cache[name] for name in ("i", "f", "g", "o", "c"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    bent = np.tanh(c)
    dc = dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * c_prev * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": x.T @ da, "dWh": h_prev.T @ da, "db": da.sum(axis=0)}
    return da @ Wx.T, (da @ Wh.T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Slope of tanh left out",
    message="On the road from h to c lies a tanh. What does it do to a gradient that comes by?",
    justification="dc + dh * o, without 1 - tanh(c)**2",
)
def slope_of_tanh_left_out(dstates, cache, parameters):
    dh, dc = dstates
    x, h_prev, c_prev = (cache[name] for name in ("x", "h_prev", "c_prev"))
    i, f, g, o, c = (cache[name] for name in ("i", "f", "g", "o", "c"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    bent = np.tanh(c)
    dc = dc + dh * o
    da_i, da_f = dc * g * i * (1 - i), dc * c_prev * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": x.T @ da, "dWh": h_prev.T @ da, "db": da.sum(axis=0)}
    return da @ Wx.T, (da @ Wh.T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Slope taken at tanh(c)",
    message="How many times was tanh applied on the way from c to h? And how many times do you apply it?",
    justification="1 - tanh(tanh(c))**2",
)
def slope_at_tanh_of_memory(dstates, cache, parameters):
    dh, dc = dstates
    x, h_prev, c_prev = (cache[name] for name in ("x", "h_prev", "c_prev"))
    i, f, g, o, c = (cache[name] for name in ("i", "f", "g", "o", "c"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    bent = np.tanh(c)
    dc = dc + dh * o * (1 - np.tanh(bent) ** 2)
    da_i, da_f = dc * g * i * (1 - i), dc * c_prev * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": x.T @ da, "dWh": h_prev.T @ da, "db": da.sum(axis=0)}
    return da @ Wx.T, (da @ Wh.T, dc * f), grads


@misconception(
    "lstm_backward",
    title="New memory in the forget gate's gradient",
    message="Your forget gate's block is wrong. Which memory did that gate multiply: the one before, or the one after?",
    justification="df = dc * c in place of dc * c_prev",
)
def new_memory_for_old(dstates, cache, parameters):
    dh, dc = dstates
    x, h_prev = cache["x"], cache["h_prev"]
    i, f, g, o, c = (cache[name] for name in ("i", "f", "g", "o", "c"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    bent = np.tanh(c)
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * c * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": x.T @ da, "dWh": h_prev.T @ da, "db": da.sum(axis=0)}
    return da @ Wx.T, (da @ Wh.T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Memory for its tanh in the output gate's gradient",
    message="Your output gate's block is a little too large, most where c is. What did that gate multiply on the way?",
    justification="do = dh * c in place of dh * tanh(c)",
)
def memory_for_its_tanh(dstates, cache, parameters):
    dh, dc = dstates
    x, h_prev, c_prev = (cache[name] for name in ("x", "h_prev", "c_prev"))
    i, f, g, o, c = (cache[name] for name in ("i", "f", "g", "o", "c"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    bent = np.tanh(c)
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * c_prev * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * c * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": x.T @ da, "dWh": h_prev.T @ da, "db": da.sum(axis=0)}
    return da @ Wx.T, (da @ Wh.T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Output gate reached from c",
    message=(
        "Your output gate's block is wrong, the others are right. From which of the two states is that gate reached?"
    ),
    justification="do = dc * tanh(c): the gate stands behind the memory, not before it",
)
def output_gate_from_memory(dstates, cache, parameters):
    dh, dc = dstates
    x, h_prev, c_prev = (cache[name] for name in ("x", "h_prev", "c_prev"))
    i, f, g, o, c = (cache[name] for name in ("i", "f", "g", "o", "c"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    bent = np.tanh(c)
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * c_prev * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dc * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": x.T @ da, "dWh": h_prev.T @ da, "db": da.sum(axis=0)}
    return da @ Wx.T, (da @ Wh.T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Candidate taken for a gate",
    message="Your candidate's block is wrong, the gates' are right. Which function bent it, and what is its slope?",
    justification="g * (1 - g) in place of 1 - g**2",
)
def candidate_slope_of_sigmoid(dstates, cache, parameters):
    dh, dc = dstates
    x, h_prev, c_prev = (cache[name] for name in ("x", "h_prev", "c_prev"))
    i, f, g, o, c = (cache[name] for name in ("i", "f", "g", "o", "c"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    bent = np.tanh(c)
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * c_prev * f * (1 - f)
    da_g, da_o = dc * i * g * (1 - g), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": x.T @ da, "dWh": h_prev.T @ da, "db": da.sum(axis=0)}
    return da @ Wx.T, (da @ Wh.T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Past the forget gate",
    message="All is right but dc_prev. Through which gate did the old memory come into the new one?",
    justification="dc_prev = dc, without f",
)
def memory_back_without_forget_gate(dstates, cache, parameters):
    dh, dc = dstates
    x, h_prev, c_prev = (cache[name] for name in ("x", "h_prev", "c_prev"))
    i, f, g, o, c = (cache[name] for name in ("i", "f", "g", "o", "c"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    bent = np.tanh(c)
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * c_prev * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": x.T @ da, "dWh": h_prev.T @ da, "db": da.sum(axis=0)}
    return da @ Wx.T, (da @ Wh.T, dc), grads


@misconception(
    "lstm_backward",
    title="Road from h to c left out",
    message="Your gradients are right where dh is zero. Which road leads from h to the memory, within the step?",
    justification="dc of the argument alone; the branch through tanh is missing",
)
def road_through_h_left_out(dstates, cache, parameters):
    dh, dc = dstates
    x, h_prev, c_prev = (cache[name] for name in ("x", "h_prev", "c_prev"))
    i, f, g, o, c = (cache[name] for name in ("i", "f", "g", "o", "c"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    bent = np.tanh(c)
    da_i, da_f = dc * g * i * (1 - i), dc * c_prev * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": x.T @ da, "dWh": h_prev.T @ da, "db": da.sum(axis=0)}
    return da @ Wx.T, (da @ Wh.T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Gates without their slopes",
    message="dc_prev is right, all else is too large. A gate is a sigmoid of something: what is that sigmoid's slope?",
    justification="da_i = di, and so for f and o",
)
def gates_without_slopes(dstates, cache, parameters):
    dh, dc = dstates
    x, h_prev, c_prev = (cache[name] for name in ("x", "h_prev", "c_prev"))
    i, f, g, o, c = (cache[name] for name in ("i", "f", "g", "o", "c"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    bent = np.tanh(c)
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g, dc * c_prev
    da_g, da_o = dc * i * (1 - g**2), dh * bent
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": x.T @ da, "dWh": h_prev.T @ da, "db": da.sum(axis=0)}
    return da @ Wx.T, (da @ Wh.T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Averaged over the batch",
    message="dx and the states' gradients are right, the parameters' are too small. Who has asked for a mean?",
    justification="dWx, dWh and db divided by N",
)
def mean_of_the_batch(dstates, cache, parameters):
    dh, dc = dstates
    x, h_prev, c_prev = (cache[name] for name in ("x", "h_prev", "c_prev"))
    i, f, g, o, c = (cache[name] for name in ("i", "f", "g", "o", "c"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    bent = np.tanh(c)
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * c_prev * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    N = len(da)
    grads = {"dWx": x.T @ da / N, "dWh": h_prev.T @ da / N, "db": da.mean(axis=0)}
    return da @ Wx.T, (da @ Wh.T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Blocks joined in another order",
    message=(
        "dc_prev is right. Each of your four blocks is, too, but they do not stand where they stood on the way out."
    ),
    justification="joined as i, f, o, g",
)
def blocks_back_in_another_order(dstates, cache, parameters):
    dh, dc = dstates
    x, h_prev, c_prev = (cache[name] for name in ("x", "h_prev", "c_prev"))
    i, f, g, o, c = (cache[name] for name in ("i", "f", "g", "o", "c"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    bent = np.tanh(c)
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * c_prev * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_o, da_g], axis=1)
    grads = {"dWx": x.T @ da, "dWh": h_prev.T @ da, "db": da.sum(axis=0)}
    return da @ Wx.T, (da @ Wh.T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Gradients limited here",
    message="Your gradients are right as long as none is beyond 5. Is a gradient that was cut off still the gradient?",
    justification="np.clip of the three parameters' gradients to ±5",
)
def limits_its_gradients(dstates, cache, parameters):
    dh, dc = dstates
    x, h_prev, c_prev = (cache[name] for name in ("x", "h_prev", "c_prev"))
    i, f, g, o, c = (cache[name] for name in ("i", "f", "g", "o", "c"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    bent = np.tanh(c)
    dc = dc + dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * c_prev * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": x.T @ da, "dWh": h_prev.T @ da, "db": da.sum(axis=0)}
    grads = {name: np.clip(slope, -5.0, 5.0) for name, slope in grads.items()}
    return da @ Wx.T, (da @ Wh.T, dc * f), grads


@misconception(
    "lstm_backward",
    title="Adds to the caller's dc",
    message="Your gradients are right, and the caller's dc is no longer what it was. What does += do to an array?",
    justification="dc += ... writes into the argument",
)
def adds_to_dc_in_place(dstates, cache, parameters):
    dh, dc = dstates
    x, h_prev, c_prev = (cache[name] for name in ("x", "h_prev", "c_prev"))
    i, f, g, o, c = (cache[name] for name in ("i", "f", "g", "o", "c"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    bent = np.tanh(c)
    dc += dh * o * (1 - bent**2)
    da_i, da_f = dc * g * i * (1 - i), dc * c_prev * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * bent * o * (1 - o)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    grads = {"dWx": x.T @ da, "dWh": h_prev.T @ da, "db": da.sum(axis=0)}
    return da @ Wx.T, (da @ Wh.T, dc * f), grads


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
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    ax, ah = x @ Wx + b, h_prev @ Wh
    r, z = sigmoid(ax[:, :H] + ah[:, :H]), sigmoid(ax[:, H : 2 * H] + ah[:, H : 2 * H])
    u = ah[:, 2 * H :]
    n = np.tanh(ax[:, 2 * H :] + r * u)
    h = z * n + (1 - z) * h_prev
    return (h,), {"x": x, "h_prev": h_prev, "r": r, "z": z, "n": n, "u": u}


@misconception(
    "gru",
    title="Reset gate before the product",
    message=(
        "Yours is the cell of the first paper: r multiplies the state before the product. Where is it to stand here?"
    ),
    justification="(r * h_prev) @ Wh_n: published, but another cell; equal for a zero state",
)
def reset_before_the_product(x, states, parameters):
    (h_prev,) = states
    H = h_prev.shape[1]
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    ax, ah = x @ Wx + b, h_prev @ Wh
    r, z = sigmoid(ax[:, :H] + ah[:, :H]), sigmoid(ax[:, H : 2 * H] + ah[:, H : 2 * H])
    u = ah[:, 2 * H :]
    n = np.tanh(ax[:, 2 * H :] + (r * h_prev) @ Wh[:, 2 * H :])
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
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    ax, ah = x @ Wx + b, h_prev @ Wh
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
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    ax, ah = x @ Wx + b, h_prev @ Wh
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
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    ax, ah = x @ Wx + b, h_prev @ Wh
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
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    ax, ah = x @ Wx + b, h_prev @ Wh
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
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    ax, ah = x @ Wx + b, h_prev @ Wh
    r, z = sigmoid(ax[:, :H] + ah[:, :H]), sigmoid(ax[:, H : 2 * H] + ah[:, H : 2 * H])
    u = ah[:, 2 * H :]
    n = np.tanh(x @ Wx[:, 2 * H :] + r * u)
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
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    ax, ah = x @ Wx + b, h_prev @ Wh
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
    Wx, Wh, b = (parameters[name] for name in ("Wx", "Wh", "b"))
    before = h_prev.copy()
    ax, ah = x @ Wx + b, h_prev @ Wh
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
    x, h_prev, r, z, n, u = (cache[name] for name in ("x", "h_prev", "r", "z", "n", "u"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * u * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": x.T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    return dax @ Wx.T, (dah @ Wh.T,), grads


@misconception(
    "gru_backward",
    title="Reset gate's gradient from the candidate",
    message="Your reset gate's block is wrong. What did r multiply inside the candidate's tanh?",
    justification="dr = da_n * n in place of da_n * u",
)
def reset_gradient_from_candidate(dstates, cache, parameters):
    (dh,) = dstates
    x, h_prev, r, z, n = (cache[name] for name in ("x", "h_prev", "r", "z", "n"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * n * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": x.T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    return dax @ Wx.T, (dh * z + dah @ Wh.T,), grads


@misconception(
    "gru_backward",
    title="Update gate's gradient of the other sign",
    message="Your update gate's block has the wrong sign. If z grows a little, what does h move towards?",
    justification="dz = dh * (n - h_prev)",
)
def update_gradient_of_wrong_sign(dstates, cache, parameters):
    (dh,) = dstates
    x, h_prev, r, z, n, u = (cache[name] for name in ("x", "h_prev", "r", "z", "n", "u"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (n - h_prev) * z * (1 - z)
    da_r = da_n * u * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": x.T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    return dax @ Wx.T, (dh * z + dah @ Wh.T,), grads


@misconception(
    "gru_backward",
    title="Reset gate forgotten on the way back",
    message="dx, dWx and db are right, dWh and dh_prev are not. What lies between the candidate and its product u?",
    justification="one array of blocks for both products: du = da_n",
)
def candidate_back_without_reset(dstates, cache, parameters):
    (dh,) = dstates
    x, h_prev, r, z, n, u = (cache[name] for name in ("x", "h_prev", "r", "z", "n", "u"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * u * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n])
    grads = {"dWx": x.T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    return dax @ Wx.T, (dh * z + dah @ Wh.T,), grads


@misconception(
    "gru_backward",
    title="Bias behind the reset gate",
    message="All is right but the end of db. Does the candidate's bias pass the reset gate?",
    justification="db from the blocks of the recurrent product",
)
def reset_in_the_bias_too(dstates, cache, parameters):
    (dh,) = dstates
    x, h_prev, r, z, n, u = (cache[name] for name in ("x", "h_prev", "r", "z", "n", "u"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * u * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": x.T @ dax, "dWh": h_prev.T @ dah, "db": dah.sum(axis=0)}
    return dax @ Wx.T, (dh * z + dah @ Wh.T,), grads


@misconception(
    "gru_backward",
    title="Candidate without its slope",
    message=(
        "Your update gate's block is right, what comes through the candidate is too large. What bent the candidate?"
    ),
    justification="1 - n**2 is missing",
)
def candidate_without_slope(dstates, cache, parameters):
    (dh,) = dstates
    x, h_prev, r, z, n, u = (cache[name] for name in ("x", "h_prev", "r", "z", "n", "u"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    da_n = dh * (1 - z)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * u * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": x.T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    return dax @ Wx.T, (dh * z + dah @ Wh.T,), grads


@misconception(
    "gru_backward",
    title="Gates without their slopes",
    message="The candidate's block is right, those of the two gates are too large. What is the slope of a sigmoid?",
    justification="da_r = dr and da_z = dz",
)
def gru_gates_without_slopes(dstates, cache, parameters):
    (dh,) = dstates
    x, h_prev, r, z, n, u = (cache[name] for name in ("x", "h_prev", "r", "z", "n", "u"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (h_prev - n)
    da_r = da_n * u
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": x.T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    return dax @ Wx.T, (dh * z + dah @ Wh.T,), grads


@misconception(
    "gru_backward",
    title="Update gate the other way round on the way back",
    message="You let the candidate have the share of the old state, and the other way round. Which of the two had z?",
    justification="da_n with z, and the straight road with 1 - z",
)
def update_gate_exchanged_on_the_way_back(dstates, cache, parameters):
    (dh,) = dstates
    x, h_prev, r, z, n, u = (cache[name] for name in ("x", "h_prev", "r", "z", "n", "u"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    da_n = dh * z * (1 - n**2)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * u * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": x.T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    return dax @ Wx.T, (dh * (1 - z) + dah @ Wh.T,), grads


@misconception(
    "gru_backward",
    title="Gradients cut to a length",
    message="Your gradients are right as long as they are short. Is a gradient that was shortened still the gradient?",
    justification="all parameters' gradients together cut to a norm of 5",
)
def cuts_gru_gradients_to_norm(dstates, cache, parameters):
    (dh,) = dstates
    x, h_prev, r, z, n, u = (cache[name] for name in ("x", "h_prev", "r", "z", "n", "u"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * u * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": x.T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    norm = np.sqrt(sum(np.sum(slope**2) for slope in grads.values()))
    grads = {name: slope * min(1.0, 5.0 / norm) for name, slope in grads.items()}
    return dax @ Wx.T, (dh * z + dah @ Wh.T,), grads


@misconception(
    "gru_backward",
    title="Shrinks the caller's dh",
    message="Your gradients are right, and the caller's dh is no longer what it was. Which line writes into it?",
    justification="dh *= z at the end",
)
def scales_dh_in_place(dstates, cache, parameters):
    (dh,) = dstates
    x, h_prev, r, z, n, u = (cache[name] for name in ("x", "h_prev", "r", "z", "n", "u"))
    Wx, Wh = parameters["Wx"], parameters["Wh"]
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * u * r * (1 - r)
    dax, dah = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, da_n * r])
    grads = {"dWx": x.T @ dax, "dWh": h_prev.T @ dah, "db": dax.sum(axis=0)}
    dh *= z
    return dax @ Wx.T, (dh + dah @ Wh.T,), grads


# --- layer ------------------------------------------------------------------------------------------------------------


@misconception(
    "layer",
    title="Every step from the initial states",
    message=(
        "Your first step is right, every later one starts from the beginning again. What does step 2 get from step 1?"
    ),
    justification="states are never replaced inside the loop",
)
def state_never_handed_on(step, xs, states, parameters, mask=None):
    hs, caches = [], []
    for t in range(xs.shape[1]):
        after, cache = step(xs[:, t], states, parameters)
        if mask is not None:
            real = mask[:, t, np.newaxis] > 0
            after = tuple(np.where(real, new, old) for new, old in zip(after, states, strict=True))
        hs.append(after[0])
        caches.append(cache)
    return np.stack(hs, axis=1), after, caches


@misconception(
    "layer",
    title="Last states of the first step",
    message="hs is right, the last states are not: which step do they belong to?",
    justification="returns the states after the first step",
)
def states_of_one_step_only(step, xs, states, parameters, mask=None):
    hs, caches = [], []
    for t in range(xs.shape[1]):
        after, cache = step(xs[:, t], states, parameters)
        if mask is not None:
            real = mask[:, t, np.newaxis] > 0
            after = tuple(np.where(real, new, old) for new, old in zip(after, states, strict=True))
        states = after
        hs.append(states[0])
        caches.append(cache)
        if t == 0:
            last = states
    return np.stack(hs, axis=1), last, caches


@misconception(
    "layer",
    title="Steps on the first axis",
    message="Your states are right, but hs has the steps first. Which axis counts the sequences?",
    justification="np.stack without axis=1",
)
def steps_first(step, xs, states, parameters, mask=None):
    hs, caches = [], []
    for t in range(xs.shape[1]):
        after, cache = step(xs[:, t], states, parameters)
        if mask is not None:
            real = mask[:, t, np.newaxis] > 0
            after = tuple(np.where(real, new, old) for new, old in zip(after, states, strict=True))
        states = after
        hs.append(states[0])
        caches.append(cache)
    return np.stack(hs), states, caches


@misconception(
    "layer",
    title="One cell written into the layer",
    message="Your layer runs a cell of its own, whatever step it is given. What is the first argument for?",
    justification="calls rnn_step and not the step that it is given",
)
def always_the_plain_cell(step, xs, states, parameters, mask=None):
    hs, caches = [], []
    for t in range(xs.shape[1]):
        after, cache = rnn_step(xs[:, t], states[:1], parameters)
        if mask is not None:
            real = mask[:, t, np.newaxis] > 0
            after = tuple(np.where(real, new, old) for new, old in zip(after, states))
        states = (*after, *states[1:])
        hs.append(states[0])
        caches.append(cache)
    return np.stack(hs, axis=1), states, caches


@misconception(
    "layer",
    title="Second state goes on behind the end",
    message=(
        "With one state all is right; with two, the second one moves where the mask is 0. Which states are to be kept?"
    ),
    justification="the mask is applied to h and not to c",
)
def mask_on_the_first_state_only(step, xs, states, parameters, mask=None):
    hs, caches = [], []
    for t in range(xs.shape[1]):
        after, cache = step(xs[:, t], states, parameters)
        if mask is not None:
            real = mask[:, t, np.newaxis] > 0
            after = (np.where(real, after[0], states[0]), *after[1:])
        states = after
        hs.append(states[0])
        caches.append(cache)
    return np.stack(hs, axis=1), states, caches


@misconception(
    "layer",
    title="States set to zero behind the end",
    message=(
        "Where the mask is 0 your states are zero. Whoever asks for the last states gets nothing: what should they be?"
    ),
    justification="mask times the new state, without the old one",
)
def zero_where_masked(step, xs, states, parameters, mask=None):
    hs, caches = [], []
    for t in range(xs.shape[1]):
        after, cache = step(xs[:, t], states, parameters)
        if mask is not None:
            real = mask[:, t, np.newaxis] > 0
            after = tuple(np.where(real, new, 0.0) for new, _ in zip(after, states, strict=True))
        states = after
        hs.append(states[0])
        caches.append(cache)
    return np.stack(hs, axis=1), states, caches


@misconception(
    "layer",
    title="Mask not used",
    message=(
        "Without a mask all is right; with one, your states run on over the padding. Which argument do you never read?"
    ),
    justification="mask is ignored on the way forward",
)
def mask_forgotten(step, xs, states, parameters, mask=None):
    hs, caches = [], []
    for t in range(xs.shape[1]):
        after, cache = step(xs[:, t], states, parameters)
        states = after
        hs.append(states[0])
        caches.append(cache)
    return np.stack(hs, axis=1), states, caches


@misconception(
    "layer",
    title="hs set to zero behind the end",
    message="Your last states are right, but hs is zero where the mask is 0. What is to stand there?",
    justification="hs is multiplied by the mask",
)
def rows_of_hs_zeroed(step, xs, states, parameters, mask=None):
    hs, caches = [], []
    for t in range(xs.shape[1]):
        after, cache = step(xs[:, t], states, parameters)
        if mask is not None:
            real = mask[:, t, np.newaxis] > 0
            after = tuple(np.where(real, new, old) for new, old in zip(after, states, strict=True))
        states = after
        hs.append(states[0] if mask is None else states[0] * mask[:, t, np.newaxis])
        caches.append(cache)
    return np.stack(hs, axis=1), states, caches


@misconception(
    "layer",
    title="Mask the other way round",
    message="You keep the states where the mask is 1, and run where it is 0. Which is which?",
    justification="np.where with old and new exchanged",
)
def one_minus_mask(step, xs, states, parameters, mask=None):
    hs, caches = [], []
    for t in range(xs.shape[1]):
        after, cache = step(xs[:, t], states, parameters)
        if mask is not None:
            real = mask[:, t, np.newaxis] > 0
            after = tuple(np.where(real, old, new) for new, old in zip(after, states, strict=True))
        states = after
        hs.append(states[0])
        caches.append(cache)
    return np.stack(hs, axis=1), states, caches


@misconception(
    "layer",
    title="Nothing from behind the end",
    message="Your gradients are right where dstates is zero. What comes from behind the end: where do you begin?",
    justification="begins with zeros in place of dstates",
    function="run_layer_backward",
)
def end_gradient_dropped(step_backward, dhs, dstates, caches, parameters, mask=None):
    N, T, _ = dhs.shape
    if mask is None:
        mask = np.ones((N, T))
    dxs, grads = [None] * T, {}
    dstates = tuple(np.zeros_like(d) for d in dstates)
    for t in reversed(range(T)):
        real = mask[:, t, np.newaxis]
        dstates = (dstates[0] + dhs[:, t], *dstates[1:])
        dxs[t], earlier, slopes = step_backward(tuple(real * d for d in dstates), caches[t], parameters)
        dstates = tuple(d + (1 - real) * past for d, past in zip(earlier, dstates, strict=True))
        for name, slope in slopes.items():
            grads[name] = grads.get(name, 0.0) + slope
    return np.stack(dxs, axis=1), dstates, grads


@misconception(
    "layer",
    title="Parameters' gradients of one step",
    message=(
        "dxs is right, the parameters' gradients are those of a single step. The weights are shared: what "
        "happens to theirs?"
    ),
    justification="= in place of +=: the first step's remain",
    function="run_layer_backward",
)
def gradients_of_one_step(step_backward, dhs, dstates, caches, parameters, mask=None):
    N, T, _ = dhs.shape
    if mask is None:
        mask = np.ones((N, T))
    dxs, grads = [None] * T, {}
    for t in reversed(range(T)):
        real = mask[:, t, np.newaxis]
        dstates = (dstates[0] + dhs[:, t], *dstates[1:])
        dxs[t], earlier, slopes = step_backward(tuple(real * d for d in dstates), caches[t], parameters)
        dstates = tuple(d + (1 - real) * past for d, past in zip(earlier, dstates, strict=True))
        for name, slope in slopes.items():
            grads[name] = slope
    return np.stack(dxs, axis=1), dstates, grads


@misconception(
    "layer",
    title="Nothing carried between the steps",
    message="Your last step is right, the ones before are not. What does a step hand on to the one before it?",
    justification="dstates begin anew at each step",
    function="run_layer_backward",
)
def no_carry_between_steps(step_backward, dhs, dstates, caches, parameters, mask=None):
    N, T, _ = dhs.shape
    if mask is None:
        mask = np.ones((N, T))
    dxs, grads = [None] * T, {}
    for t in reversed(range(T)):
        real = mask[:, t, np.newaxis]
        dstates = (dstates[0] + dhs[:, t], *dstates[1:])
        dxs[t], earlier, slopes = step_backward(tuple(real * d for d in dstates), caches[t], parameters)
        first = tuple(d + (1 - real) * past for d, past in zip(earlier, dstates, strict=True))
        dstates = tuple(np.zeros_like(d) for d in dstates)
        for name, slope in slopes.items():
            grads[name] = grads.get(name, 0.0) + slope
    return np.stack(dxs, axis=1), first, grads


@misconception(
    "layer",
    title="Only the last dhs used",
    message="Your gradients are right where only the last step has something to say. Does every row of dhs come in?",
    justification="dhs[:, -1] is added once, before the loop",
    function="run_layer_backward",
)
def only_the_last_step_speaks(step_backward, dhs, dstates, caches, parameters, mask=None):
    N, T, _ = dhs.shape
    if mask is None:
        mask = np.ones((N, T))
    dxs, grads = [None] * T, {}
    dstates = (dstates[0] + dhs[:, -1], *dstates[1:])
    for t in reversed(range(T)):
        real = mask[:, t, np.newaxis]
        dxs[t], earlier, slopes = step_backward(tuple(real * d for d in dstates), caches[t], parameters)
        dstates = tuple(d + (1 - real) * past for d, past in zip(earlier, dstates, strict=True))
        for name, slope in slopes.items():
            grads[name] = grads.get(name, 0.0) + slope
    return np.stack(dxs, axis=1), dstates, grads


@misconception(
    "layer",
    title="Averaged over the steps",
    message="dxs is right, the parameters' gradients are too small by one factor. Who has asked for a mean?",
    justification="grads divided by T",
    function="run_layer_backward",
)
def averaged_over_the_steps(step_backward, dhs, dstates, caches, parameters, mask=None):
    N, T, _ = dhs.shape
    if mask is None:
        mask = np.ones((N, T))
    dxs, grads = [None] * T, {}
    for t in reversed(range(T)):
        real = mask[:, t, np.newaxis]
        dstates = (dstates[0] + dhs[:, t], *dstates[1:])
        dxs[t], earlier, slopes = step_backward(tuple(real * d for d in dstates), caches[t], parameters)
        dstates = tuple(d + (1 - real) * past for d, past in zip(earlier, dstates, strict=True))
        for name, slope in slopes.items():
            grads[name] = grads.get(name, 0.0) + slope / T
    return np.stack(dxs, axis=1), dstates, grads


@misconception(
    "layer",
    title="Back through steps that were not made",
    message="Without a mask all is right. Where it is 0, the step has changed nothing: what may come back from it?",
    justification="the mask is ignored on the way back",
    function="run_layer_backward",
)
def backward_as_if_run(step_backward, dhs, dstates, caches, parameters, mask=None):
    N, T, _ = dhs.shape
    if mask is None:
        mask = None
    mask = np.ones((N, T))
    dxs, grads = [None] * T, {}
    for t in reversed(range(T)):
        real = mask[:, t, np.newaxis]
        dstates = (dstates[0] + dhs[:, t], *dstates[1:])
        dxs[t], earlier, slopes = step_backward(tuple(real * d for d in dstates), caches[t], parameters)
        dstates = tuple(d + (1 - real) * past for d, past in zip(earlier, dstates, strict=True))
        for name, slope in slopes.items():
            grads[name] = grads.get(name, 0.0) + slope
    return np.stack(dxs, axis=1), dstates, grads


@misconception(
    "layer",
    title="Gradient lost behind the end",
    message=(
        "Without a mask all is right; with one, what comes from behind the end never reaches the real steps. "
        "How does it get past?"
    ),
    justification="(1 - mask) * dstates is missing",
    function="run_layer_backward",
)
def gradient_lost_at_masked_steps(step_backward, dhs, dstates, caches, parameters, mask=None):
    N, T, _ = dhs.shape
    if mask is None:
        mask = np.ones((N, T))
    dxs, grads = [None] * T, {}
    for t in reversed(range(T)):
        real = mask[:, t, np.newaxis]
        dstates = (dstates[0] + dhs[:, t], *dstates[1:])
        dxs[t], earlier, slopes = step_backward(tuple(real * d for d in dstates), caches[t], parameters)
        dstates = earlier
        for name, slope in slopes.items():
            grads[name] = grads.get(name, 0.0) + slope
    return np.stack(dxs, axis=1), dstates, grads


@misconception(
    "layer",
    title="Mask on dxs only",
    message=(
        "dxs is zero where it should be, but masked steps still speak to the parameters. What are they to be given?"
    ),
    justification="the mask is applied to dxs only",
    function="run_layer_backward",
)
def mask_on_inputs_only(step_backward, dhs, dstates, caches, parameters, mask=None):
    N, T, _ = dhs.shape
    if mask is None:
        mask = np.ones((N, T))
    dxs, grads = [None] * T, {}
    for t in reversed(range(T)):
        real = mask[:, t, np.newaxis]
        dstates = (dstates[0] + dhs[:, t], *dstates[1:])
        dxs[t], earlier, slopes = step_backward(dstates, caches[t], parameters)
        dxs[t] = dxs[t] * real
        dstates = tuple(np.where(real > 0, d, past) for d, past in zip(earlier, dstates, strict=True))
        for name, slope in slopes.items():
            grads[name] = grads.get(name, 0.0) + slope
    return np.stack(dxs, axis=1), dstates, grads


@misconception(
    "layer",
    title="Carry limited",
    message="Your gradients are right as long as they are small. What happens to a large one on its way?",
    justification="np.clip of what is carried to ±20",
    function="run_layer_backward",
)
def limits_what_it_carries(step_backward, dhs, dstates, caches, parameters, mask=None):
    N, T, _ = dhs.shape
    if mask is None:
        mask = np.ones((N, T))
    dxs, grads = [None] * T, {}
    for t in reversed(range(T)):
        real = mask[:, t, np.newaxis]
        dstates = (dstates[0] + dhs[:, t], *dstates[1:])
        dxs[t], earlier, slopes = step_backward(tuple(real * d for d in dstates), caches[t], parameters)
        dstates = tuple(np.clip(d, -20, 20) + (1 - real) * past for d, past in zip(earlier, dstates, strict=True))
        for name, slope in slopes.items():
            grads[name] = grads.get(name, 0.0) + slope
    return np.stack(dxs, axis=1), dstates, grads


@misconception(
    "layer",
    title="Adds into the caller's dhs",
    message="Your gradients are right, and the caller's dhs is no longer what it was. Is dhs[:, t] a copy?",
    justification="dh = dhs[:, t]; dh += ...",
    function="run_layer_backward",
)
def writes_into_dhs(step_backward, dhs, dstates, caches, parameters, mask=None):
    N, T, _ = dhs.shape
    if mask is None:
        mask = np.ones((N, T))
    dxs, grads = [None] * T, {}
    for t in reversed(range(T)):
        real = mask[:, t, np.newaxis]
        dh = dhs[:, t]
        dh += dstates[0]
        dstates = (dh, *dstates[1:])
        dxs[t], earlier, slopes = step_backward(tuple(real * d for d in dstates), caches[t], parameters)
        dstates = tuple(d + (1 - real) * past for d, past in zip(earlier, dstates, strict=True))
        for name, slope in slopes.items():
            grads[name] = grads.get(name, 0.0) + slope
    return np.stack(dxs, axis=1), dstates, grads


@misconception(
    "layer",
    title="Gradients of all calls added up",
    message="A first call is right, a second one gives twice as much. Where do your sums begin?",
    justification="a default argument collects the gradients",
    function="run_layer_backward",
)
def gradients_of_all_calls(step_backward, dhs, dstates, caches, parameters, mask=None, grads={}):
    N, T, _ = dhs.shape
    if mask is None:
        mask = np.ones((N, T))
    dxs = [None] * T
    for t in reversed(range(T)):
        real = mask[:, t, np.newaxis]
        dstates = (dstates[0] + dhs[:, t], *dstates[1:])
        dxs[t], earlier, slopes = step_backward(tuple(real * d for d in dstates), caches[t], parameters)
        dstates = tuple(d + (1 - real) * past for d, past in zip(earlier, dstates, strict=True))
        for name, slope in slopes.items():
            grads[name] = grads.get(name, 0.0) + slope
    return np.stack(dxs, axis=1), dstates, dict(grads)


# --- bidirectional ----------------------------------------------------------------------------------------------------


@misconception(
    "bidirectional",
    title="Padding turned around as well",
    message=(
        "Sequences of full length are right; of a shorter one the padding comes first. Within what is it to be turned?"
    ),
    justification="xs[:, ::-1], whatever the lengths are",
)
def whole_array_turned(xs, lengths):
    turned = xs.copy()
    for n, length in enumerate(lengths):
        turned[n] = xs[n][::-1]
    return turned


@misconception(
    "bidirectional",
    title="Nothing turned around",
    message="You return the sequences as they came. Which slice runs backwards?",
    justification="[::-1] is missing",
)
def returns_what_it_was_given(xs, lengths):
    turned = xs.copy()
    for n, length in enumerate(lengths):
        turned[n, :length] = xs[n, :length]
    return turned


@misconception(
    "bidirectional",
    title="One length for all",
    message="Your longest sequence is right, shorter ones take padding along. Whose length counts in which row?",
    justification="lengths.max() for every row",
)
def only_within_the_longest(xs, lengths):
    turned = xs.copy()
    for n, length in enumerate([max(lengths)] * len(xs)):
        turned[n, :length] = xs[n, :length][::-1]
    return turned


@misconception(
    "bidirectional",
    title="Turned around in the caller's array",
    message="Your result is right, and the caller's sequences are turned around, too. Which array do you write into?",
    justification="writes into xs",
)
def turns_around_in_place(xs, lengths):
    turned = xs
    for n, length in enumerate(lengths):
        turned[n, :length] = xs[n, :length][::-1].copy()
    return turned


@misconception(
    "bidirectional",
    title="Second half not turned back",
    message=(
        "Your first half is right. The second one is about another step: at step 1 it has read the last word "
        "only. Which step is each row about?"
    ),
    justification="the backward run's hs are joined as they come",
    function="run_both",
)
def second_half_not_turned_back(step, xs, lengths, forwards, backwards):
    N, T, _ = xs.shape
    mask = make_mask(lengths, T)
    ahead, last_ahead, _ = run_layer(step, xs, zero_states(forwards, N), forwards, mask)
    turned = reverse_sequences(xs, lengths)
    behind, last_behind, _ = run_layer(step, turned, zero_states(backwards, N), backwards, mask)
    hs = np.concatenate([ahead, behind], axis=2)
    return hs, (last_ahead, last_behind)


@misconception(
    "bidirectional",
    title="Whole array turned around",
    message=(
        "Your last states backwards are right only for sequences of full length. What does the second run "
        "read first where there is padding?"
    ),
    justification="xs[:, ::-1] with the unturned mask",
    function="run_both",
)
def whole_array_reversed(step, xs, lengths, forwards, backwards):
    N, T, _ = xs.shape
    mask = make_mask(lengths, T)
    ahead, last_ahead, _ = run_layer(step, xs, zero_states(forwards, N), forwards, mask)
    turned = xs[:, ::-1]
    behind, last_behind, _ = run_layer(step, turned, zero_states(backwards, N), backwards, mask)
    hs = np.concatenate([ahead, behind[:, ::-1]], axis=2)
    return hs, (last_ahead, last_behind)


@misconception(
    "bidirectional",
    title="One set of weights for both directions",
    message=(
        "Your first half is right, the second is made with the weights of the first. Which argument do you never read?"
    ),
    justification="forwards used twice",
    function="run_both",
)
def one_set_of_weights(step, xs, lengths, forwards, backwards):
    N, T, _ = xs.shape
    mask = make_mask(lengths, T)
    ahead, last_ahead, _ = run_layer(step, xs, zero_states(forwards, N), forwards, mask)
    turned = reverse_sequences(xs, lengths)
    behind, last_behind, _ = run_layer(step, turned, zero_states(forwards, N), forwards, mask)
    hs = np.concatenate([ahead, reverse_sequences(behind, lengths)], axis=2)
    return hs, (last_ahead, last_behind)


@misconception(
    "bidirectional",
    title="Halves exchanged",
    message="Both halves are right, but the backward one comes first. Which half is which?",
    justification="backwards first in hs",
    function="run_both",
)
def halves_exchanged(step, xs, lengths, forwards, backwards):
    N, T, _ = xs.shape
    mask = make_mask(lengths, T)
    ahead, last_ahead, _ = run_layer(step, xs, zero_states(forwards, N), forwards, mask)
    turned = reverse_sequences(xs, lengths)
    behind, last_behind, _ = run_layer(step, turned, zero_states(backwards, N), backwards, mask)
    hs = np.concatenate([reverse_sequences(behind, lengths), ahead], axis=2)
    return hs, (last_ahead, last_behind)


@misconception(
    "bidirectional",
    title="No mask",
    message=(
        "Inside the lengths hs is right, and the last states are not those of the sequences' ends. What says "
        "where a sequence ends?"
    ),
    justification="both runs without the mask",
    function="run_both",
)
def backwards_reads_padding(step, xs, lengths, forwards, backwards):
    N = len(xs)
    ahead, last_ahead, _ = run_layer(step, xs, zero_states(forwards, N), forwards)
    turned = reverse_sequences(xs, lengths)
    behind, last_behind, _ = run_layer(step, turned, zero_states(backwards, N), backwards)
    hs = np.concatenate([ahead, reverse_sequences(behind, lengths)], axis=2)
    return hs, (last_ahead, last_behind)


@misconception(
    "bidirectional",
    title="Last states of both from hs",
    message=(
        "hs is right. Your last states have one array each, taken from the last column of hs. What did "
        "run_layer return?"
    ),
    justification="hs[:, -1] cut in two, in place of the runs' last states",
    function="run_both",
)
def last_column_for_last_states(step, xs, lengths, forwards, backwards):
    N, T, _ = xs.shape
    mask = make_mask(lengths, T)
    ahead, last_ahead, _ = run_layer(step, xs, zero_states(forwards, N), forwards, mask)
    turned = reverse_sequences(xs, lengths)
    behind, last_behind, _ = run_layer(step, turned, zero_states(backwards, N), backwards, mask)
    hs = np.concatenate([ahead, reverse_sequences(behind, lengths)], axis=2)
    H = hs.shape[2] // 2
    return hs, ((hs[:, -1, :H], *last_ahead[1:]), (hs[:, -1, H:], *last_behind[1:]))


@misconception(
    "bidirectional",
    title="First states for last ones",
    message=(
        "Your last states forwards are right. Backwards you return the state that has read one step only. "
        "Which step is read last?"
    ),
    justification="the backward run's first state",
    function="run_both",
)
def second_half_of_last_column(step, xs, lengths, forwards, backwards):
    N, T, _ = xs.shape
    mask = make_mask(lengths, T)
    ahead, last_ahead, _ = run_layer(step, xs, zero_states(forwards, N), forwards, mask)
    turned = reverse_sequences(xs, lengths)
    behind, last_behind, _ = run_layer(step, turned, zero_states(backwards, N), backwards, mask)
    hs = np.concatenate([ahead, reverse_sequences(behind, lengths)], axis=2)
    return hs, (last_ahead, (behind[:, 0], *last_behind[1:]))


@misconception(
    "bidirectional",
    title="Forward states returned twice",
    message="Your hs is right; as last states backwards you return those forwards once more.",
    justification="last_ahead twice",
    function="run_both",
)
def last_state_of_first_only(step, xs, lengths, forwards, backwards):
    N, T, _ = xs.shape
    mask = make_mask(lengths, T)
    ahead, last_ahead, _ = run_layer(step, xs, zero_states(forwards, N), forwards, mask)
    turned = reverse_sequences(xs, lengths)
    behind, _, _ = run_layer(step, turned, zero_states(backwards, N), backwards, mask)
    hs = np.concatenate([ahead, reverse_sequences(behind, lengths)], axis=2)
    return hs, (last_ahead, last_ahead)


# --- decoder ----------------------------------------------------------------------------------------------------------


@misconception(
    "decoder",
    title="Context at the first step only",
    message="Your first logits are right, the later ones have forgotten the context. At which steps is it read?",
    justification="c is put beside y_1 only, zeros beside the others",
)
def context_at_the_first_step_only(c, ys, parameters):
    N, T, _ = ys.shape
    Wy, by = parameters["Wy"], parameters["by"]
    inputs = np.concatenate([ys, np.repeat(c[:, np.newaxis], T, axis=1) * (np.arange(T) == 0)[:, np.newaxis]], axis=2)
    hs, _, caches = run_layer(gru_step, inputs, zero_states(parameters, N), parameters)
    logits = hs @ Wy + by
    return logits, {"hs": hs, "caches": caches}


@misconception(
    "decoder",
    title="Context before the symbols",
    message="Your cell reads the context with the weights of the symbols. Which of the two comes first in the input?",
    justification="[c, y] in place of [y, c]",
)
def context_before_the_symbols(c, ys, parameters):
    N, T, _ = ys.shape
    Wy, by = parameters["Wy"], parameters["by"]
    inputs = np.concatenate([np.repeat(c[:, np.newaxis], T, axis=1), ys], axis=2)
    hs, _, caches = run_layer(gru_step, inputs, zero_states(parameters, N), parameters)
    logits = hs @ Wy + by
    return logits, {"hs": hs, "caches": caches}


@misconception(
    "decoder",
    title="Own output read in training",
    message=(
        "Your first logits are right. Then your decoder reads what it said itself, not what it was given. "
        "What is teacher forcing?"
    ),
    justification="argmax of the step before in place of ys",
)
def reads_its_own_output(c, ys, parameters):
    N, T, M = ys.shape
    Wy, by = parameters["Wy"], parameters["by"]
    states, y, hs, caches = zero_states(parameters, N), np.zeros((N, M)), [], []
    for t in range(T):
        states, cache = gru_step(np.concatenate([y, c], axis=1), states, parameters)
        hs.append(states[0])
        caches.append(cache)
        y = np.eye(M)[(states[0] @ Wy + by).argmax(axis=1)]
    hs = np.stack(hs, axis=1)
    logits = hs @ Wy + by
    return logits, {"hs": hs, "caches": caches}


@misconception(
    "decoder",
    title="Answers taken one step early",
    message="Your decoder reads at each step the symbol that it is to guess there. Who has already shifted ys?",
    justification="ys shifted back, so that step t reads the answer of step t",
)
def answers_not_late(c, ys, parameters):
    N, T, _ = ys.shape
    Wy, by = parameters["Wy"], parameters["by"]
    ys = np.concatenate([ys[:, 1:], np.zeros_like(ys[:, :1])], axis=1)
    inputs = np.concatenate([ys, np.repeat(c[:, np.newaxis], T, axis=1)], axis=2)
    hs, _, caches = run_layer(gru_step, inputs, zero_states(parameters, N), parameters)
    logits = hs @ Wy + by
    return logits, {"hs": hs, "caches": caches}


@misconception(
    "decoder",
    title="Answers shifted twice",
    message="Your decoder reads the symbols two steps late. Who has already shifted ys?",
    justification="one more zero row in front",
)
def shifts_again(c, ys, parameters):
    N, T, _ = ys.shape
    Wy, by = parameters["Wy"], parameters["by"]
    ys = np.concatenate([np.zeros_like(ys[:, :1]), ys[:, :-1]], axis=1)
    inputs = np.concatenate([ys, np.repeat(c[:, np.newaxis], T, axis=1)], axis=2)
    hs, _, caches = run_layer(gru_step, inputs, zero_states(parameters, N), parameters)
    logits = hs @ Wy + by
    return logits, {"hs": hs, "caches": caches}


@misconception(
    "decoder",
    title="Output bias left out",
    message="Your logits are off by the same amounts in every row. Which parameter do you never read?",
    justification="logits without by",
)
def logits_without_bias(c, ys, parameters):
    N, T, _ = ys.shape
    Wy = parameters["Wy"]
    inputs = np.concatenate([ys, np.repeat(c[:, np.newaxis], T, axis=1)], axis=2)
    hs, _, caches = run_layer(gru_step, inputs, zero_states(parameters, N), parameters)
    logits = hs @ Wy
    return logits, {"hs": hs, "caches": caches}


@misconception(
    "decoder",
    title="Probabilities for logits",
    message="Your rows sum to one. Logits are scores of any size: who makes probabilities of them, and when?",
    justification="softmax applied to the logits",
)
def softmax_for_logits(c, ys, parameters):
    N, T, _ = ys.shape
    Wy, by = parameters["Wy"], parameters["by"]
    inputs = np.concatenate([ys, np.repeat(c[:, np.newaxis], T, axis=1)], axis=2)
    hs, _, caches = run_layer(gru_step, inputs, zero_states(parameters, N), parameters)
    logits = hs @ Wy + by
    powers = np.exp(logits - logits.max(axis=2, keepdims=True))
    logits = powers / powers.sum(axis=2, keepdims=True)
    return logits, {"hs": hs, "caches": caches}


@misconception(
    "decoder",
    title="Decoder begins with the context",
    message="Your states begin with the context, as far as it fits. With which state does this decoder begin?",
    justification="h_0 = c, cut or filled up to H numbers",
)
def context_as_first_state(c, ys, parameters):
    N, T, _ = ys.shape
    Wy, by = parameters["Wy"], parameters["by"]
    inputs = np.concatenate([ys, np.repeat(c[:, np.newaxis], T, axis=1)], axis=2)
    H = len(parameters["Wh"])
    first = np.hstack([c, np.zeros((N, H))])[:, :H]
    hs, _, caches = run_layer(gru_step, inputs, (first,), parameters)
    logits = hs @ Wy + by
    return logits, {"hs": hs, "caches": caches}


@misconception(
    "decoder",
    title="dc of the first step",
    message="The parameters' gradients are right; dc is what the first step alone says. How often is the context read?",
    justification="dxs[:, 0]",
    function="decode_backward",
)
def context_gradient_of_first_step(dlogits, cache, parameters):
    N, _, M = dlogits.shape
    end = zero_states(parameters, N)
    dhs = dlogits @ parameters["Wy"].T
    dxs, _, grads = run_layer_backward(gru_step_backward, dhs, end, cache["caches"], parameters)
    output = {"dWy": np.tensordot(cache["hs"], dlogits, axes=((0, 1), (0, 1))), "dby": dlogits.sum(axis=(0, 1))}
    return dxs[:, 0, M:], {**grads, **output}


@misconception(
    "decoder",
    title="dc of the last step",
    message="The parameters' gradients are right; dc is what the last step alone says. How often is the context read?",
    justification="dxs[:, -1]",
    function="decode_backward",
)
def context_gradient_of_last_step(dlogits, cache, parameters):
    N, _, M = dlogits.shape
    end = zero_states(parameters, N)
    dhs = dlogits @ parameters["Wy"].T
    dxs, _, grads = run_layer_backward(gru_step_backward, dhs, end, cache["caches"], parameters)
    output = {"dWy": np.tensordot(cache["hs"], dlogits, axes=((0, 1), (0, 1))), "dby": dlogits.sum(axis=(0, 1))}
    return dxs[:, -1, M:], {**grads, **output}


@misconception(
    "decoder",
    title="dc averaged over the steps",
    message="The parameters' gradients are right; dc is too small by one factor. Do roads add, or is their mean taken?",
    justification="mean over the steps",
    function="decode_backward",
)
def context_gradient_averaged(dlogits, cache, parameters):
    N, _, M = dlogits.shape
    end = zero_states(parameters, N)
    dhs = dlogits @ parameters["Wy"].T
    dxs, _, grads = run_layer_backward(gru_step_backward, dhs, end, cache["caches"], parameters)
    output = {"dWy": np.tensordot(cache["hs"], dlogits, axes=((0, 1), (0, 1))), "dby": dlogits.sum(axis=(0, 1))}
    return dxs[:, :, M:].mean(axis=1), {**grads, **output}


@misconception(
    "decoder",
    title="Output layer's gradients of the last step",
    message="dWy and dby are those of the last step alone. At how many steps was the output layer used?",
    justification="only the last step in dWy and dby",
    function="decode_backward",
)
def output_gradient_of_last_step(dlogits, cache, parameters):
    N, _, M = dlogits.shape
    end = zero_states(parameters, N)
    dhs = dlogits @ parameters["Wy"].T
    dxs, _, grads = run_layer_backward(gru_step_backward, dhs, end, cache["caches"], parameters)
    output = {"dWy": cache["hs"][:, -1].T @ dlogits[:, -1], "dby": dlogits[:, -1].sum(axis=0)}
    return dxs[:, :, M:].sum(axis=1), {**grads, **output}


@misconception(
    "decoder",
    title="Gradient of a softmax that is not there",
    message=(
        "You send dlogits through a softmax first. Who has made logits of what, and is there a softmax in "
        "decode_forward?"
    ),
    justification="subtracts the rows' mean, as if by a softmax of equal logits",
    function="decode_backward",
)
def softmax_on_the_way_back(dlogits, cache, parameters):
    N, _, M = dlogits.shape
    end = zero_states(parameters, N)
    dlogits = dlogits - dlogits.mean(axis=2, keepdims=True)
    dhs = dlogits @ parameters["Wy"].T
    dxs, _, grads = run_layer_backward(gru_step_backward, dhs, end, cache["caches"], parameters)
    output = {"dWy": np.tensordot(cache["hs"], dlogits, axes=((0, 1), (0, 1))), "dby": dlogits.sum(axis=(0, 1))}
    return dxs[:, :, M:].sum(axis=1), {**grads, **output}


@misconception(
    "decoder",
    title="Gradients kept in the cache and added up",
    message="A first call is right; going back a second time gives twice as much. What do you keep in the cache?",
    justification="grads added to what the cache holds from the last call",
    function="decode_backward",
)
def adds_to_kept_gradients(dlogits, cache, parameters):
    N, _, M = dlogits.shape
    end = zero_states(parameters, N)
    dhs = dlogits @ parameters["Wy"].T
    dxs, _, grads = run_layer_backward(gru_step_backward, dhs, end, cache["caches"], parameters)
    output = {"dWy": np.tensordot(cache["hs"], dlogits, axes=((0, 1), (0, 1))), "dby": dlogits.sum(axis=(0, 1))}
    kept = cache.setdefault("grads", {})
    for name, slope in {**grads, **output}.items():
        kept[name] = kept.get(name, 0.0) + slope
    return dxs[:, :, M:].sum(axis=1), dict(kept)


# --- greedy -----------------------------------------------------------------------------------------------------------


@misconception(
    "greedy",
    title="Own choice not read",
    message="Your first symbols are right. What does the decoder read at its second step?",
    justification="y stays zero",
)
def choice_not_fed_back(c, parameters, end, most):
    N, M = len(c), len(parameters["by"])
    Wy, by = parameters["Wy"], parameters["by"]
    states, y = zero_states(parameters, N), np.zeros((N, M))
    rows, going = [[] for _ in range(N)], np.ones(N, dtype=bool)
    for _ in range(most):
        states, _ = gru_step(np.concatenate([y, c], axis=1), states, parameters)
        best = (states[0] @ Wy + by).argmax(axis=1)
        going &= best != end
        for n in np.flatnonzero(going):
            rows[n].append(int(best[n]))
    return rows


@misconception(
    "greedy",
    title="All rows end with the first",
    message="The row that ends first is right, the others are cut there. Whose end ends a row?",
    justification="break at the first end of any row",
)
def stops_all_rows_at_the_first_end(c, parameters, end, most):
    N, M = len(c), len(parameters["by"])
    Wy, by = parameters["Wy"], parameters["by"]
    states, y = zero_states(parameters, N), np.zeros((N, M))
    rows, going = [[] for _ in range(N)], np.ones(N, dtype=bool)
    for _ in range(most):
        states, _ = gru_step(np.concatenate([y, c], axis=1), states, parameters)
        best = (states[0] @ Wy + by).argmax(axis=1)
        going &= best != end
        if not going.all():
            break
        for n in np.flatnonzero(going):
            rows[n].append(int(best[n]))
        y = np.eye(M)[best]
    return rows


@misconception(
    "greedy",
    title="The end written as well",
    message=(
        "Your rows are one too long where they end: the end itself stands in them. Does it belong to what was written?"
    ),
    justification="the end symbol is appended before the row stops",
)
def end_is_kept(c, parameters, end, most):
    N, M = len(c), len(parameters["by"])
    Wy, by = parameters["Wy"], parameters["by"]
    states, y = zero_states(parameters, N), np.zeros((N, M))
    rows, going = [[] for _ in range(N)], np.ones(N, dtype=bool)
    for _ in range(most):
        states, _ = gru_step(np.concatenate([y, c], axis=1), states, parameters)
        best = (states[0] @ Wy + by).argmax(axis=1)
        for n in np.flatnonzero(going):
            rows[n].append(int(best[n]))
        going &= best != end
        y = np.eye(M)[best]
    return rows


@misconception(
    "greedy",
    title="One symbol too few",
    message="Rows that never end are one too short. How many symbols are allowed?",
    justification="range(most - 1)",
)
def one_symbol_too_few(c, parameters, end, most):
    N, M = len(c), len(parameters["by"])
    Wy, by = parameters["Wy"], parameters["by"]
    states, y = zero_states(parameters, N), np.zeros((N, M))
    rows, going = [[] for _ in range(N)], np.ones(N, dtype=bool)
    for _ in range(most - 1):
        states, _ = gru_step(np.concatenate([y, c], axis=1), states, parameters)
        best = (states[0] @ Wy + by).argmax(axis=1)
        going &= best != end
        for n in np.flatnonzero(going):
            rows[n].append(int(best[n]))
        y = np.eye(M)[best]
    return rows


@misconception(
    "greedy",
    title="Reads its probabilities",
    message="Your first symbols are right. Then your decoder reads a little of every symbol. What has it chosen?",
    justification="softmax of the logits in place of the one-hot row",
)
def feeds_the_probabilities(c, parameters, end, most):
    N, M = len(c), len(parameters["by"])
    Wy, by = parameters["Wy"], parameters["by"]
    states, y = zero_states(parameters, N), np.zeros((N, M))
    rows, going = [[] for _ in range(N)], np.ones(N, dtype=bool)
    for _ in range(most):
        states, _ = gru_step(np.concatenate([y, c], axis=1), states, parameters)
        logits = states[0] @ Wy + by
        best = logits.argmax(axis=1)
        going &= best != end
        for n in np.flatnonzero(going):
            rows[n].append(int(best[n]))
        y = np.exp(logits - logits.max(axis=1, keepdims=True))
        y = y / y.sum(axis=1, keepdims=True)
    return rows


@misconception(
    "greedy",
    title="Begins with the end's row",
    message="Your decoder reads the end symbol first. What is read where nothing was written yet?",
    justification="y starts as the one-hot row of end",
)
def begins_with_the_end(c, parameters, end, most):
    N, M = len(c), len(parameters["by"])
    Wy, by = parameters["Wy"], parameters["by"]
    states, y = zero_states(parameters, N), np.tile(np.eye(M)[end], (N, 1))
    rows, going = [[] for _ in range(N)], np.ones(N, dtype=bool)
    for _ in range(most):
        states, _ = gru_step(np.concatenate([y, c], axis=1), states, parameters)
        best = (states[0] @ Wy + by).argmax(axis=1)
        going &= best != end
        for n in np.flatnonzero(going):
            rows[n].append(int(best[n]))
        y = np.eye(M)[best]
    return rows


@misconception(
    "greedy",
    title="Only the end left out",
    message="Behind their end your rows go on. When is a row finished?",
    justification="skips the end symbol but does not stop",
)
def goes_on_behind_the_end(c, parameters, end, most):
    N, M = len(c), len(parameters["by"])
    Wy, by = parameters["Wy"], parameters["by"]
    states, y = zero_states(parameters, N), np.zeros((N, M))
    rows, going = [[] for _ in range(N)], np.ones(N, dtype=bool)
    for _ in range(most):
        states, _ = gru_step(np.concatenate([y, c], axis=1), states, parameters)
        best = (states[0] @ Wy + by).argmax(axis=1)
        going = best != end
        for n in np.flatnonzero(going):
            rows[n].append(int(best[n]))
        y = np.eye(M)[best]
    return rows


@misconception(
    "greedy",
    title="The end taken for the last symbol",
    message="You are right where the end is the last symbol of all. Which argument do you never read?",
    justification="end = M - 1, whatever is given",
)
def end_is_the_last_symbol(c, parameters, end, most):
    N, M = len(c), len(parameters["by"])
    Wy, by = parameters["Wy"], parameters["by"]
    states, y = zero_states(parameters, N), np.zeros((N, M))
    rows, going = [[] for _ in range(N)], np.ones(N, dtype=bool)
    for _ in range(most):
        states, _ = gru_step(np.concatenate([y, c], axis=1), states, parameters)
        best = (states[0] @ Wy + by).argmax(axis=1)
        going &= best != M - 1
        for n in np.flatnonzero(going):
            rows[n].append(int(best[n]))
        y = np.eye(M)[best]
    return rows


@misconception(
    "greedy",
    title="The least probable symbol",
    message="Your rows are made of the symbols with the smallest logits. Which one is the best?",
    justification="argmin",
)
def takes_the_least(c, parameters, end, most):
    N, M = len(c), len(parameters["by"])
    Wy, by = parameters["Wy"], parameters["by"]
    states, y = zero_states(parameters, N), np.zeros((N, M))
    rows, going = [[] for _ in range(N)], np.ones(N, dtype=bool)
    for _ in range(most):
        states, _ = gru_step(np.concatenate([y, c], axis=1), states, parameters)
        best = (states[0] @ Wy + by).argmin(axis=1)
        going &= best != end
        for n in np.flatnonzero(going):
            rows[n].append(int(best[n]))
        y = np.eye(M)[best]
    return rows


@misconception(
    "greedy",
    title="Always three symbols at least",
    message="For most = 1 you write more than one symbol. At what number do you stop?",
    justification="range(max(most, 3))",
)
def at_least_three(c, parameters, end, most):
    N, M = len(c), len(parameters["by"])
    Wy, by = parameters["Wy"], parameters["by"]
    states, y = zero_states(parameters, N), np.zeros((N, M))
    rows, going = [[] for _ in range(N)], np.ones(N, dtype=bool)
    for _ in range(max(most, 3)):
        states, _ = gru_step(np.concatenate([y, c], axis=1), states, parameters)
        best = (states[0] @ Wy + by).argmax(axis=1)
        going &= best != end
        for n in np.flatnonzero(going):
            rows[n].append(int(best[n]))
        y = np.eye(M)[best]
    return rows
