"""Right answers to rnn_from_scratch that look different from the solution; free names are those of the notebook."""

from __future__ import annotations

from gradekit.hidden import alternative

# --- tanh ---------------------------------------------------------------------------------------------------------


@alternative("tanh", why="derivative through the class's own forward, product instead of power")
class TanhThroughForward:
    def forward(self, x):
        return np.tanh(x)

    def derivative(self, x):
        h = self.forward(x)
        return 1 - h * h

    __call__ = forward


@alternative("tanh", why="exponentials of negative numbers only, so that nothing overflows")
class TanhFromSmallExponentials:
    def forward(self, x):
        e = np.exp(-2 * np.abs(x))
        return np.sign(x) * (1 - e) / (1 + e)

    def derivative(self, x):
        e = np.exp(-2 * np.abs(x))
        return 4 * e / (1 + e) ** 2

    def __call__(self, x):
        return self.forward(x)


@alternative("tanh", why="static methods, (1 - h)(1 + h)")
class TanhWithoutState:
    @staticmethod
    def forward(x):
        return np.tanh(x)

    @staticmethod
    def derivative(x):
        h = np.tanh(x)
        return (1 - h) * (1 + h)

    def __call__(self, x):
        return Tanh.forward(x)


@alternative("tanh", why="the logistic function, scaled, from logaddexp")
class TanhFromLogistic:
    def forward(self, x):
        return 2 * np.exp(-np.logaddexp(0, -2 * x)) - 1

    def derivative(self, x):
        return 4 * np.exp(-np.logaddexp(0, -2 * x) - np.logaddexp(0, 2 * x))

    def __call__(self, x):
        return self.forward(x)


@alternative("tanh", why="element by element with the math module, stores its last result")
class TanhByElement:
    def __init__(self):
        self.last = None

    def forward(self, x):
        import math

        self.last = np.vectorize(math.tanh, otypes=[float])(x)
        return self.last

    def derivative(self, x):
        return 1.0 - np.power(self.forward(x), 2)

    def __call__(self, x):
        return self.forward(x)


@alternative(
    "tanh", why="expm1 of negative numbers; the slope from the same exponential, never as a difference from one"
)
class TanhFromExpm1:
    def forward(self, x):
        e = np.expm1(-2 * np.abs(x))
        return np.copysign(e / (e + 2), x)

    def derivative(self, x):
        e = np.exp(-np.abs(x))
        return (2 * e / (1 + e * e)) ** 2

    def __call__(self, *args):
        return self.forward(*args)


# --- softmax ------------------------------------------------------------------------------------------------------


@alternative("softmax", why="log-sum-exp form, other rounding")
def softmax_through_logs(x):
    shifted = x - np.max(x, axis=1, keepdims=True)
    return np.exp(shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True)))


@alternative("softmax", why="row by row, collected in a list")
def softmax_row_by_row(x):
    rows = []
    for row in x:
        e = np.exp(row - row.max())
        rows.append(e / e.sum())
    return np.array(rows)


@alternative("softmax", why="columns first, through transposes")
def softmax_of_transpose(x):
    e = np.exp(x.T - x.max(axis=1))
    return (e / e.sum(axis=0)).T


@alternative("softmax", why="np.logaddexp.reduce finds the normaliser, no maximum is taken")
def softmax_with_logaddexp(x):
    return np.exp(x - np.logaddexp.reduce(x, axis=-1)[:, np.newaxis])


@alternative("softmax", why="every quotient is one over a sum of exponentials of differences")
def softmax_of_differences(x):
    with np.errstate(over="ignore"):
        return 1 / np.sum(np.exp(x[:, None, :] - x[:, :, None]), axis=2)


@alternative("softmax", why="scipy.special where there is one")
def softmax_by_scipy(x):
    try:
        from scipy.special import softmax as ready
    except ImportError:
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        return e / np.sum(e, axis=1, keepdims=True)
    return ready(x, axis=1)


@alternative("softmax", why="a buffer of its own, worked on in place")
def softmax_in_a_buffer(x):
    buffer = x.astype(float)
    np.subtract(buffer, buffer.max(axis=1, keepdims=True), out=buffer)
    np.exp(buffer, out=buffer)
    buffer /= buffer.sum(axis=1, keepdims=True)
    return buffer


# --- initialize ---------------------------------------------------------------------------------------------------


@alternative("initialize", why="np.random.normal with the standard deviation")
def initialize_with_normal(n_x, n_h, n_y):
    return {
        "Wx": np.random.normal(0.0, np.sqrt(2.0 / (n_h + n_x)), (n_h, n_x)),
        "Wh": np.random.normal(0.0, np.sqrt(2.0 / (n_h + n_h)), (n_h, n_h)),
        "Wy": np.random.normal(0.0, np.sqrt(2.0 / (n_y + n_h)), (n_y, n_h)),
        "bh": np.zeros((n_h, 1)),
        "by": np.zeros((n_y, 1)),
    }


@alternative("initialize", why="np.random.standard_normal in a loop over names, shapes and roots taken apart")
def initialize_in_a_loop(n_x, n_h, n_y):
    shapes = {"Wx": (n_h, n_x), "Wh": (n_h, n_h), "Wy": (n_y, n_h)}
    parameters = {}
    for name, (rows, columns) in shapes.items():
        parameters[name] = np.random.standard_normal((rows, columns)) * (rows + columns) ** -0.5 * 2**0.5
    parameters["bh"], parameters["by"] = np.zeros([n_h, 1]), np.zeros([n_y, 1])
    return parameters


@alternative("initialize", why="number by number, biases first")
def initialize_number_by_number(n_x, n_h, n_y):
    def draw(rows, columns):
        spread = 1 / np.sqrt((rows + columns) / 2)
        return np.array([[np.random.randn() * spread for _ in range(columns)] for _ in range(rows)])

    parameters = {"bh": np.array([[0.0]] * n_h), "by": np.array([[0.0]] * n_y)}
    parameters["Wx"] = draw(n_h, n_x)
    parameters["Wh"] = draw(n_h, n_h)
    parameters["Wy"] = draw(n_y, n_h)
    return parameters


@alternative("initialize", why="one long draw that is cut into the three matrices; integer zeros made float")
def initialize_from_one_draw(n_x, n_h, n_y):
    Wx, Wh, Wy = np.split(np.random.randn(n_h * (n_x + n_h + n_y)), [n_h * n_x, n_h * (n_x + n_h)])
    return {
        "Wx": Wx.reshape(n_h, n_x) * np.sqrt(2 / (n_h + n_x)),
        "Wh": Wh.reshape(n_h, n_h) * np.sqrt(2 / (n_h + n_h)),
        "Wy": Wy.reshape(n_y, n_h) * np.sqrt(2 / (n_y + n_h)),
        "bh": 0.0 * np.ones((n_h, 1)),
        "by": 0.0 * np.ones((n_y, 1)),
    }


# --- rnn_layer ----------------------------------------------------------------------------------------------------


@alternative("rnn_layer", why="einsum, biases as flat rows")
def layer_with_einsum(x_t, h_prev, parameters, act=Tanh()):
    z_t = np.einsum("nx,hx->nh", x_t, parameters["Wx"]) + np.einsum("nk,hk->nh", h_prev, parameters["Wh"])
    z_t = z_t + parameters["bh"].ravel()
    h_t = act.forward(z_t)
    return softmax(np.einsum("nh,yh->ny", h_t, parameters["Wy"]) + parameters["by"].ravel()), h_t, z_t


@alternative("rnn_layer", why="columns as in the textbook, transposed at the end")
def layer_in_columns(x_t, h_prev, parameters, act=Tanh()):
    Wx, Wh, Wy, bh, by = (parameters[name] for name in ("Wx", "Wh", "Wy", "bh", "by"))
    z = np.dot(Wx, x_t.T) + np.dot(Wh, h_prev.T) + bh
    h = act(z)
    return softmax((np.dot(Wy, h) + by).T), h.T, z.T


@alternative("rnn_layer", why="one product of the joined inputs and states with the joined weights")
def layer_with_joined_weights(x_t, h_prev, parameters, act=Tanh()):
    joined = np.concatenate([x_t, h_prev, np.ones((len(x_t), 1))], axis=1)
    z_t = joined @ np.concatenate([parameters["Wx"], parameters["Wh"], parameters["bh"]], axis=1).T
    h_t = act(z_t)
    return [softmax(h_t @ parameters["Wy"].T + parameters["by"].T), h_t, z_t]


@alternative("rnn_layer", why="explicit loops over samples and units")
def layer_in_loops(x_t, h_prev, parameters, act=Tanh()):
    Wx, Wh, Wy = parameters["Wx"], parameters["Wh"], parameters["Wy"]
    z_t = np.zeros_like(h_prev)
    logits = np.zeros((len(x_t), len(Wy)))
    for n in range(len(x_t)):
        for i in range(len(Wh)):
            z_t[n, i] = parameters["bh"][i, 0]
            for k in range(x_t.shape[1]):
                z_t[n, i] += Wx[i, k] * x_t[n, k]
            for k in range(len(Wh)):
                z_t[n, i] += Wh[i, k] * h_prev[n, k]
    h_t = act(z_t)
    for n in range(len(x_t)):
        for i in range(len(Wy)):
            logits[n, i] = parameters["by"][i, 0] + sum(Wy[i, k] * h_t[n, k] for k in range(len(Wh)))
    return softmax(logits), h_t, z_t


@alternative("rnn_layer", why="products written into buffers, biases added in place")
def layer_in_buffers(x_t, h_prev, parameters, act=Tanh()):
    z_t = np.empty((len(x_t), len(parameters["bh"])))
    np.matmul(x_t, parameters["Wx"].T, out=z_t)
    z_t += np.matmul(h_prev, parameters["Wh"].T)
    z_t += parameters["bh"].reshape(1, -1)
    h_t = act(z_t)
    u_t = np.matmul(h_t, parameters["Wy"].T)
    u_t += parameters["by"].reshape(1, -1)
    return softmax(u_t), h_t, z_t


# --- forward ------------------------------------------------------------------------------------------------------


@alternative("forward", why="lists that are stacked at the end, an extra key in the cache")
def forward_with_lists(inputs, parameters, act=Tanh()):
    h = np.zeros((inputs.shape[0], parameters["Wh"].shape[1]))
    initial, steps = h, []
    for x_t in np.moveaxis(inputs, 1, 0):
        yhat, h, z = rnn_layer(x_t, h, parameters, act=act)
        steps.append((yhat, h, z))
    yhats, hs, zs = (np.stack(part, axis=1) for part in zip(*steps))
    return yhats, {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs, "h0": initial}


@alternative("forward", why="the input's part of every step is computed before the loop; rnn_layer is not used")
def forward_vectorised_over_time(inputs, parameters, act=Tanh()):
    from_inputs = inputs @ parameters["Wx"].T + parameters["bh"][:, 0]
    zs, hs = np.empty_like(from_inputs), np.empty_like(from_inputs)
    h = 0.0 * from_inputs[:, 0]
    for t in range(inputs.shape[1]):
        zs[:, t] = from_inputs[:, t] + h @ parameters["Wh"].T
        hs[:, t] = h = act.forward(zs[:, t])
    logits = hs @ parameters["Wy"].T + parameters["by"].T
    yhats = softmax(logits.reshape(-1, logits.shape[2])).reshape(logits.shape)
    return yhats, {"yhats": yhats, "inputs": inputs, "zs": zs, "hs": hs, "logits": logits}


@alternative("forward", why="states with the zero state in front, cut off for the cache; copies of the inputs")
def forward_with_padded_states(inputs, parameters, act=Tanh()):
    N, T, _ = inputs.shape
    n_y, n_h = parameters["Wy"].shape
    padded = np.zeros((N, T + 1, n_h))
    zs, yhats = np.zeros((N, T, n_h)), np.zeros((N, T, n_y))
    for t in range(T):
        yhats[:, t, :], padded[:, t + 1, :], zs[:, t, :] = rnn_layer(inputs[:, t, :], padded[:, t, :], parameters, act)
    cache = {"hs": padded[:, 1:], "zs": zs, "yhats": yhats.copy(), "inputs": inputs.copy(), "padded": padded}
    return yhats, cache


@alternative("forward", why="sample by sample")
def forward_sample_by_sample(inputs, parameters, act=Tanh()):
    cache = {"hs": [], "zs": [], "yhats": [], "inputs": inputs}
    for sample in inputs:
        h = np.zeros((1, len(parameters["bh"])))
        rows = {"hs": [], "zs": [], "yhats": []}
        for x_t in sample:
            yhat, h, z = rnn_layer(x_t[None], h, parameters, act)
            for key, value in (("hs", h), ("zs", z), ("yhats", yhat)):
                rows[key].append(value[0])
        for key, value in rows.items():
            cache[key].append(value)
    for key in ("hs", "zs", "yhats"):
        cache[key] = np.array(cache[key])
    return cache["yhats"], cache


@alternative("forward", why="a recursion over the steps, from the last one down to the zero state")
def forward_by_recursion(inputs, parameters, act=Tanh()):
    def walk(t):
        if t == 0:
            return [], np.zeros((inputs.shape[0], parameters["Wh"].shape[0]))
        steps, h = walk(t - 1)
        step = rnn_layer(inputs[:, t - 1], h, parameters, act)
        return [*steps, step], step[1]

    steps, _ = walk(inputs.shape[1])
    yhats, hs, zs = (np.stack([step[k] for step in steps], axis=1) for k in range(3))
    return yhats, {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}


# --- compute_cost -------------------------------------------------------------------------------------------------


@alternative("compute_cost", why="clipping at 1e-10 from both sides, mean over steps")
def cost_with_clipping(y, yhats):
    safe = np.clip(yhats, 1e-10, 1 - 1e-10)
    return np.mean(-np.sum(y * np.log(safe), axis=2))


@alternative("compute_cost", why="adds 1e-8, the largest epsilon that is allowed")
def cost_with_large_epsilon(y, yhats):
    N, T = y.shape[:2]
    return -np.sum(y * np.log(yhats + 1e-8)) / N / T


@alternative("compute_cost", why="clipping at 1e-8 from below, einsum, a Python float")
def cost_with_einsum(y, yhats):
    N, T, _ = y.shape
    return float(-np.einsum("nty,nty->", y, np.log(np.maximum(yhats, 1e-8))) / (N * T))


@alternative("compute_cost", why="explicit loops, the smallest positive double as epsilon, terms of zero left out")
def cost_in_loops(y, yhats):
    N, T, n_y = y.shape
    cost = 0.0
    for n in range(N):
        for t in range(T):
            for k in range(n_y):
                if y[n, t, k] > 0:
                    cost -= y[n, t, k] * np.log(max(yhats[n, t, k], np.finfo(float).tiny))
    return cost / (N * T)


@alternative("compute_cost", why="logarithm only where the output is positive, a constant elsewhere; 0-d array")
def cost_with_where(y, yhats):
    logs = np.full(yhats.shape, np.log(1e-12))
    np.log(yhats, out=logs, where=yhats > 0)
    return np.asarray(np.average((y * -logs).sum(axis=-1)))


@alternative("compute_cost", why="log1p of what is missing to one, a floor of 1e-15, inner products step by step")
def cost_with_log1p(y, yhats):
    logs = np.log1p(np.maximum(yhats, 1e-15) - 1)
    steps = [-np.vdot(y[n, t], logs[n, t]) for n in range(y.shape[0]) for t in range(y.shape[1])]
    return float(np.mean(steps))


# --- backward -----------------------------------------------------------------------------------------------------


@alternative("backward", why="einsum over all steps at once, after the loop has found dz")
def backward_with_einsum(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, yhats = cache["hs"], cache["yhats"]
    N, T, n_h = hs.shape
    dys = (yhats - y) / (N * T)
    slopes = act_derivative(cache["zs"])
    dzs = np.zeros_like(hs)
    carried = np.zeros((N, n_h))
    for t in range(T - 1, -1, -1):
        dzs[:, t] = (dys[:, t] @ parameters["Wy"] + carried) * slopes[:, t]
        carried = dzs[:, t] @ parameters["Wh"]
    before = np.concatenate([np.zeros((N, 1, n_h)), hs[:, :-1]], axis=1)
    return {
        "dWx": np.einsum("nth,ntx->hx", dzs, cache["inputs"]),
        "dWh": np.einsum("nth,ntk->hk", dzs, before),
        "dWy": np.einsum("nty,nth->yh", dys, hs),
        "dbh": dzs.sum(axis=(0, 1)).reshape(-1, 1),
        "dby": dys.sum(axis=(0, 1)).reshape(-1, 1),
    }


@alternative("backward", why="divides once at the end, dictionary of sums that begin as numbers")
def backward_averaged_last(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, _ = inputs.shape
    grads = dict.fromkeys(("dWx", "dWh", "dWy", "dbh", "dby"), 0.0)
    dh = 0.0
    for t in reversed(range(T)):
        dy = yhats[:, t] - y[:, t]
        dz = np.multiply(dh + np.dot(dy, parameters["Wy"]), act_derivative(zs[:, t]))
        h_prev = hs[:, t - 1] if t else np.zeros_like(dz)
        for name, step in (("Wx", dz.T.dot(inputs[:, t])), ("Wh", dz.T.dot(h_prev)), ("Wy", dy.T.dot(hs[:, t]))):
            grads["d" + name] = grads["d" + name] + step
        grads["dbh"] = grads["dbh"] + dz.T.sum(axis=1, keepdims=True)
        grads["dby"] = grads["dby"] + dy.T.sum(axis=1, keepdims=True)
        dh = np.dot(dz, parameters["Wh"])
    return {name: value / (N * T) for name, value in grads.items()}


@alternative("backward", why="sample by sample with outer products, in textbook columns")
def backward_sample_by_sample(y, parameters, cache, act_derivative=Tanh().derivative):
    N, T, n_h = cache["hs"].shape
    grads = {"d" + name: np.zeros(np.shape(value)) for name, value in parameters.items()}
    for n in range(N):
        dh_next = np.zeros(n_h)
        for t in range(T - 1, -1, -1):
            h, z = cache["hs"][n, t], cache["zs"][n, t]
            dy = (cache["yhats"][n, t] - y[n, t]) / (N * T)
            dz = (parameters["Wy"].T @ dy + dh_next) * act_derivative(z)
            grads["dWy"] += np.outer(dy, h)
            grads["dby"] += dy[:, None]
            grads["dWx"] += np.outer(dz, cache["inputs"][n, t])
            if t > 0:
                grads["dWh"] += np.outer(dz, cache["hs"][n, t - 1])
            grads["dbh"] += dz[:, None]
            dh_next = parameters["Wh"].T @ dz
    return grads


@alternative("backward", why="through softmax's Jacobian and the logarithm's derivative, extra keys in the result")
def backward_through_the_jacobian(y, parameters, cache, act_derivative=Tanh().derivative):
    hs, zs, yhats, inputs = cache["hs"], cache["zs"], cache["yhats"], cache["inputs"]
    N, T, n_h = hs.shape
    dyhats = -y / yhats / (N * T)
    jacobians = np.einsum("ntj,jk->ntjk", yhats, np.eye(yhats.shape[2])) - np.einsum("ntj,ntk->ntjk", yhats, yhats)
    dlogits = np.einsum("ntj,ntjk->ntk", dyhats, jacobians)
    grads = {"d" + name: np.zeros_like(value) for name, value in parameters.items()}
    dh_next = np.zeros((N, n_h))
    for t in reversed(range(T)):
        dz = (dlogits[:, t] @ parameters["Wy"] + dh_next) * act_derivative(zs[:, t])
        grads["dWy"] += dlogits[:, t].T @ hs[:, t]
        grads["dby"] += dlogits[:, t].sum(axis=0, keepdims=True).T
        grads["dWx"] += dz.T @ inputs[:, t]
        if t != 0:
            grads["dWh"] += dz.T @ hs[:, t - 1]
        grads["dbh"] += dz.sum(axis=0, keepdims=True).T
        dh_next = dz @ parameters["Wh"]
    grads["dh0"] = dh_next
    return grads


@alternative("backward", why="the gradients of every step collected in lists and summed at the end")
def backward_with_lists(y, parameters, cache, act_derivative=Tanh().derivative):
    N, T, _ = y.shape
    found = {"d" + name: [] for name in parameters}
    dz = np.zeros_like(cache["hs"][:, 0])
    states = [np.zeros_like(dz), *np.moveaxis(cache["hs"], 1, 0)]
    for t in range(T, 0, -1):
        du = (cache["yhats"][:, t - 1] - y[:, t - 1]) / (N * T)
        dz = act_derivative(cache["zs"][:, t - 1]) * (du @ parameters["Wy"] + dz @ parameters["Wh"])
        found["dWy"].append(np.einsum("ny,nh->yh", du, states[t]))
        found["dby"].append(du.T @ np.ones((N, 1)))
        found["dWx"].append(np.einsum("nh,nx->hx", dz, cache["inputs"][:, t - 1]))
        found["dWh"].append(np.einsum("nh,nk->hk", dz, states[t - 1]))
        found["dbh"].append(dz.T @ np.ones((N, 1)))
    return {name: np.sum(parts, axis=0) for name, parts in found.items()}


# --- network ------------------------------------------------------------------------------------------------------


@alternative("network", why="attributes of its own, backward returns the gradients too")
class NetworkWithOwnAttributes:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.n_x, self.n_y, self.n_h = input_size, output_size, hidden_size
        self.activation = act
        self.parameters, self.caches, self.grads = {}, {}, {}
        self.initialize_parameters()

    def initialize_parameters(self):
        self.parameters = initialize_rnn_parameters(n_x=self.n_x, n_h=self.n_h, n_y=self.n_y)
        return self.parameters

    def forward(self, inputs):
        self.outputs, self.caches = forward(inputs, self.parameters, act=self.activation)
        return self.outputs

    def backward(self, y):
        self.grads = backward(y, self.parameters, self.caches, act_derivative=self.activation.derivative)
        return self.grads

    __call__ = forward


@alternative("network", why="keeps its dictionaries and fills them anew")
class NetworkThatFillsDictionaries:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.sizes = {"n_x": input_size, "n_h": hidden_size, "n_y": output_size}
        self.act = act
        self.parameters = {}
        self.caches = {}
        self.grads = {}
        self.initialize_parameters()

    def initialize_parameters(self):
        self.parameters.clear()
        self.parameters.update(initialize_rnn_parameters(**self.sizes))

    def forward(self, inputs):
        outputs, found = forward(inputs, self.parameters, self.act)
        self.caches.clear()
        self.caches.update(found)
        return outputs

    def backward(self, y):
        self.grads.update(backward(y, self.parameters, self.caches, self.act.derivative))

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)


@alternative("network", why="layer by layer without the function forward, parameters drawn with np.random.normal")
class NetworkWithoutHelpers:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self.input_size = input_size
        self.output_size = output_size
        self.hidden_size = hidden_size
        self.act = act
        self.grads = None
        self.initialize_parameters()

    def initialize_parameters(self):
        n_x, n_h, n_y = self.input_size, self.hidden_size, self.output_size
        self.parameters = {"bh": np.zeros((n_h, 1)), "by": np.zeros((n_y, 1))}
        for name, shape in (("Wx", (n_h, n_x)), ("Wh", (n_h, n_h)), ("Wy", (n_y, n_h))):
            self.parameters[name] = np.random.normal(scale=np.sqrt(2 / sum(shape)), size=shape)

    def forward(self, inputs):
        h = np.zeros((len(inputs), self.hidden_size))
        steps = []
        for t in range(inputs.shape[1]):
            yhat, h, z = rnn_layer(inputs[:, t], h, self.parameters, self.act)
            steps.append((h, z, yhat))
        hs, zs, yhats = (np.stack(part, axis=1) for part in zip(*steps))
        self.caches = {"hs": hs, "zs": zs, "yhats": yhats, "inputs": inputs}
        return yhats

    def backward(self, y):
        self.grads = backward(y, self.parameters, self.caches, self.act.derivative)

    def __call__(self, inputs):
        return self.forward(inputs)


@alternative("network", why="an inner object does the work, the attributes are properties")
class NetworkWithProperties:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        class Record:
            parameters = None
            caches = None
            grads = None

        self._sizes, self._act, self._record = (input_size, hidden_size, output_size), act, Record()
        self.initialize_parameters()

    parameters = property(lambda self: self._record.parameters)
    caches = property(lambda self: self._record.caches)
    grads = property(lambda self: self._record.grads)

    def initialize_parameters(self):
        self._record.parameters = initialize_rnn_parameters(*self._sizes)

    def forward(self, inputs):
        yhats, self._record.caches = forward(inputs, self.parameters, self._act)
        return yhats

    def backward(self, y):
        self._record.grads = backward(y, self.parameters, self.caches, self._act.derivative)

    def __call__(self, inputs):
        return self.forward(inputs)


@alternative("network", why="arrays that are made once and written into when parameters are drawn anew")
class NetworkWithArraysThatStay:
    def __init__(self, input_size, output_size, hidden_size, act=Tanh()):
        self._sizes, self._act, self._slope = (input_size, hidden_size, output_size), act, act.derivative
        self.parameters = initialize_rnn_parameters(*self._sizes)

    def initialize_parameters(self):
        for name, value in initialize_rnn_parameters(*self._sizes).items():
            self.parameters[name][...] = value

    def forward(self, inputs):
        found = forward(inputs, self.parameters, self._act)
        self.caches = found[1]
        return found[0]

    def backward(self, y):
        self.grads = dict(backward(y, self.parameters, self.caches, self._slope))

    def __call__(self, inputs):
        return self.forward(inputs)
