"""Hidden tests of rnn_from_scratch.

Sizes differ from one another, biases and h_prev are not zero, T is 3 or more and N is 2 or more wherever a special
case is not the point: a wrong answer hides in equal sizes and zeros. Weights are drawn with a deviation of 0.5, so that
tanh neither saturates nor is linear.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradekit.hidden import Handle, exercise

PARAMETERS = ("Wx", "Wh", "Wy", "bh", "by")
GRADIENTS = tuple(f"d{name}" for name in PARAMETERS)
CACHE = ("hs", "zs", "yhats", "inputs")


class Sizes(NamedTuple):
    N: int
    T: int
    n_x: int
    n_h: int
    n_y: int


DIFFERENT = Sizes(N=3, T=4, n_x=2, n_h=5, n_y=6)
ONE_SAMPLE = Sizes(N=1, T=3, n_x=4, n_h=2, n_y=5)
ONE_STEP = Sizes(N=3, T=1, n_x=4, n_h=5, n_y=2)
EQUAL_LAYERS = Sizes(N=2, T=5, n_x=3, n_h=3, n_y=3)
ALL_EQUAL = Sizes(N=3, T=3, n_x=3, n_h=3, n_y=3)
EVERY_KIND = (DIFFERENT, ONE_SAMPLE, ONE_STEP, EQUAL_LAYERS, ALL_EQUAL)


class Softsign:
    """The activation z / (1 + |z|), to be passed in place of tanh."""

    def forward(self, x):
        return x / (1 + np.abs(x))

    def derivative(self, x):
        return 1 / (1 + np.abs(x)) ** 2

    def __call__(self, x):
        return self.forward(x)


def shapes(sizes):
    """Return the shape of every parameter."""
    _, _, n_x, n_h, n_y = sizes
    return {"Wx": (n_h, n_x), "Wh": (n_h, n_h), "Wy": (n_y, n_h), "bh": (n_h, 1), "by": (n_y, 1)}


def draw_parameters(rng, sizes, scale=0.5):
    """Draw every parameter, biases too, with the deviation `scale`."""
    return {name: scale * rng.standard_normal(shape) for name, shape in shapes(sizes).items()}


def draw_inputs(rng, sizes):
    """Draw inputs (N, T, n_x)."""
    return rng.standard_normal((sizes.N, sizes.T, sizes.n_x))


def draw_soft_targets(rng, sizes):
    """Draw targets (N, T, n_y) of which every class has a part."""
    return rng.dirichlet(np.ones(sizes.n_y), size=(sizes.N, sizes.T))


def draw_targets(rng, sizes):
    """Draw one-hot targets (N, T, n_y)."""
    return np.eye(sizes.n_y)[rng.integers(sizes.n_y, size=(sizes.N, sizes.T))]


def factors(y):
    """Return the sizes that a wrong constant factor may be made of."""
    return dict(zip(("N", "T", "n_y"), y.shape, strict=True))


def demand_parts(expect, answer, names, *, name):
    """Demand a tuple of as many parts as there are names, and return it."""
    ok = isinstance(answer, tuple | list) and len(answer) == len(names)
    expect.true(ok, f"{name} must return {len(names)} things: {', '.join(names)}.")
    return answer


def demand_object(expect, answer, methods, *, name):
    """Demand an object with those methods, and return it."""
    ok = isinstance(answer, Handle) and all(isinstance(getattr(answer, method), Handle) for method in methods)
    expect.true(ok, f"{name} makes no object with the methods {', '.join(methods)}.")
    return answer


# --- tanh ---------------------------------------------------------------------------------------------------------

tanh = exercise("tanh")


def make_tanh(student, expect):
    """Return an object of the learner's class Tanh."""
    return demand_object(expect, student.Tanh(), ("forward", "derivative"), name="Tanh()")


@tanh.frozen
def tanh_cases(rng, reference):
    """Return inputs of several shapes, moderate ones that tell tanh(z) from z, with values and slopes."""
    act = reference.Tanh()
    draws = [3 * rng.standard_normal(shape) for shape in ((1, 1), (3, 4), (2, 3, 5))] + [np.linspace(-2, 2, 9)]
    step = 1e-5
    return [
        {"x": x, "value": act.forward(x), "slope": (act.forward(x + step) - act.forward(x - step)) / (2 * step)}
        for x in draws
    ]


@tanh.test(weight=2)
def tanh_values(student, reference, expect):
    """Tanh().forward(x) has the right values, for arrays of several shapes."""
    act = make_tanh(student, expect)
    for case in reference.cases("tanh_cases"):
        expect.close(act.forward(case["x"]), case["value"], name="forward(x)")
    x = reference.draw((4, 3))
    expect.close(act.forward(x), reference.Tanh().forward(x), name="forward(x)")


@tanh.test(weight=2, kills=["TanhDerivativeOfOutput", "TanhAppliedTwice", "TanhDerivativeWithoutSquare"])
def tanh_slopes(student, reference, expect):
    """Tanh().derivative(x) is the slope of tanh at x, the value before the activation."""
    act = make_tanh(student, expect)
    for case in reference.cases("tanh_cases"):
        expect.close(act.derivative(case["x"]), case["slope"], name="derivative(x)", atol=1e-8)
    x = reference.draw((4, 3))
    expect.close(act.derivative(x), reference.Tanh().derivative(x), name="derivative(x)")


@tanh.test(kills=["TanhRemembersForward"], requires="tanh_slopes")
def tanh_slope_stands_alone(student, reference, expect):
    """Tanh().derivative(x) depends on its own argument, whatever forward was called with before."""
    act = make_tanh(student, expect)
    x = reference.draw((2, 3))
    act.forward(reference.draw((2, 3)))
    expect.close(act.derivative(x), reference.Tanh().derivative(x), name="derivative(x)")


@tanh.test(kills=["TanhCallForgetsReturn", "TanhCallIsDerivative"])
def tanh_is_callable(student, reference, expect):
    """An object of the class can be called like a function."""
    act = make_tanh(student, expect)
    x = reference.draw((3, 2))
    expect.close(act(x), reference.Tanh().forward(x), name="Tanh()(x)")


@tanh.test(kills=["TanhFromExponentials"])
def tanh_large_inputs(student, reference, expect):
    """Tanh stays finite and right for very large positive and negative inputs."""
    act = make_tanh(student, expect)
    x = np.array([[-1000.0, 1000.0, 0.5], [700.0, -400.0, -0.5]])
    expect.close(act.forward(x), reference.Tanh().forward(x), name="forward(x)")
    expect.close(act.derivative(x), reference.Tanh().derivative(x), name="derivative(x)")


@tanh.test(kills=["TanhInPlace"], requires=["tanh_values", "tanh_slopes"])
def tanh_leaves_argument(student, reference, expect):
    """Neither forward nor derivative changes its argument."""
    act = make_tanh(student, expect)
    for method in (act.forward, act.derivative):
        expect.unchanged(method, reference.draw((3, 4)))


# --- softmax ------------------------------------------------------------------------------------------------------

softmax = exercise("softmax")


@softmax.frozen
def softmax_cases(rng, reference):
    """Return logits: one row, one column, square, wide and tall, with their softmax."""
    draws = [2 * rng.standard_normal(shape) for shape in ((1, 4), (5, 1), (4, 4), (3, 6), (6, 2))]
    return [{"x": x, "probabilities": reference.softmax(x)} for x in draws]


@softmax.test(
    weight=2,
    kills=[
        "over_columns",
        "over_everything",
        "without_keepdims",
        "ratios_without_exponential",
        "sigmoid_of_each",
        "shift_by_column",
    ],
)
def softmax_values(student, reference, expect):
    """Each row of softmax(x) has the right values, for batches of several sizes."""
    for case in reference.cases("softmax_cases"):
        expect.close(student.softmax(case["x"]), case["probabilities"], name="softmax(x)")
    x = reference.draw((4, 5), scale=2.0)
    expect.close(student.softmax(x), reference.softmax(x), name="softmax(x)")


@softmax.test(kills=["without_keepdims"])
def softmax_square_batch(student, reference, expect):
    """softmax(x) is right where there are as many samples as classes."""
    x = reference.draw((4, 4), scale=2.0)
    expect.close(student.softmax(x), reference.softmax(x), name="softmax(x)")


@softmax.test(weight=2, kills=["without_shift", "one_shift_for_all_rows"])
def softmax_large_entries(student, reference, expect):
    """softmax(x) stays finite and right where entries are very large or very small, also in one row only."""
    x = reference.draw((4, 3))
    x[1] -= 1000
    x[2] += 1000
    x[3] = [1000, 0, -1000]
    for rows in (x, x[1:2], x[2:3]):
        expect.close(student.softmax(rows), reference.softmax(rows), name="softmax(x)")


@softmax.test(kills=["without_shift", "one_shift_for_all_rows"], requires="softmax_values")
def softmax_shifted_rows(student, reference, expect):
    """Adding one number to a whole row leaves its softmax as it was."""
    x = reference.draw((3, 4))
    shift = np.array([[800.0], [0.0], [-800.0]])
    expect.close(student.softmax(x + shift), reference.softmax(x), name="softmax of a shifted row")


@softmax.test(requires="softmax_values")
def softmax_rows_sum_to_one(student, reference, expect):
    """Every row of softmax(x) sums to one."""
    x = reference.draw((5, 3), scale=4.0)
    answer = student.softmax(x)
    expect.close(answer, reference.softmax(x), name="softmax(x)")
    expect.close(np.sum(answer, axis=1), np.ones(5), name="the sum of each row")


@softmax.test(kills=["shifts_in_place"], requires="softmax_values")
def softmax_leaves_argument(student, reference, expect):
    """softmax(x) does not change x."""
    expect.unchanged(student.softmax, reference.draw((3, 4)))


# --- initialize ---------------------------------------------------------------------------------------------------

initialize = exercise("initialize")


def initialized(student, sizes, seed):
    """Return what the learner's function makes from that seed."""
    student.seed(seed)
    return student.initialize_rnn_parameters(sizes.n_x, sizes.n_h, sizes.n_y)


def demand_shapes(expect, parameters, sizes, *, name="parameters"):
    """Demand finite numbers of every parameter's shape."""
    expect.keys(parameters, PARAMETERS, name=name)
    for key, shape in shapes(sizes).items():
        array = parameters[key]
        real = isinstance(array, np.ndarray) and array.dtype.kind in "fiu"
        expect.true(real, f"{name}[{key!r}] is no array of real numbers.")
        said = f"{name}[{key!r}] has shape {array.shape}, but {shape} is wanted."
        expect.true(array.shape == shape, said, kind="shape")
        expect.true(np.isfinite(array).all(), f"{name}[{key!r}] holds something that is not finite.")


def rescaled(weights):
    """Return the weights in units of the deviation that the text asks for."""
    return weights / np.sqrt(2 / sum(weights.shape))


@initialize.frozen
def initialize_cases(rng, reference):
    """Return seeds and sizes with the parameters that numpy's global generator then gives."""
    del rng  # this exercise draws from the global generator
    cases = []
    for seed, sizes in enumerate((DIFFERENT, ONE_SAMPLE, EQUAL_LAYERS, DIFFERENT), start=71):
        reference.seed(seed)
        made = reference.initialize_rnn_parameters(sizes.n_x, sizes.n_h, sizes.n_y)
        cases.append({"seed": seed, "n_x": sizes.n_x, "n_h": sizes.n_h, "n_y": sizes.n_y, "parameters": made})
    return cases


@initialize.test(kills=["transposed_weights", "flat_biases", "zero_weights", "constant_weights", "seeds_inside"])
def initialize_makes_every_parameter(student, reference, expect):
    """Every parameter has its shape, and the weights are random: neither all equal nor the same at each call."""
    del reference
    for sizes in (DIFFERENT, ONE_SAMPLE, ONE_STEP):
        first = initialized(student, sizes, 17)
        second = student.initialize_rnn_parameters(sizes.n_x, sizes.n_h, sizes.n_y)
        for parameters in (first, second):
            demand_shapes(expect, parameters, sizes)
        for key in ("Wx", "Wh", "Wy"):
            expect.true(np.ptp(first[key]) > 0, f"All entries of parameters[{key!r}] are equal.")
            fresh = not np.array_equal(first[key], second[key])
            expect.true(fresh, f"Two calls in a row give the same parameters[{key!r}].")


@initialize.test(kills=["random_biases"], requires="initialize_makes_every_parameter")
def initialize_zero_biases(student, reference, expect):
    """Both biases start at zero."""
    del reference
    for sizes in (DIFFERENT, EQUAL_LAYERS):
        parameters = initialized(student, sizes, 18)
        demand_shapes(expect, parameters, sizes)
        for key in ("bh", "by"):
            expect.close(parameters[key], np.zeros(shapes(sizes)[key]), name=f"parameters[{key!r}]")


@initialize.test(
    weight=2,
    kills=[
        "without_root",
        "root_of_reciprocal",
        "uniform_weights",
        "one_scale_for_all",
        "small_weights",
        "scale_by_inputs",
    ],
    requires="initialize_makes_every_parameter",
)
def initialize_spread(student, reference, expect):
    """In large matrices the weights scatter around zero with the variance that the text asks for."""
    del reference
    sizes = Sizes(N=1, T=1, n_x=10, n_h=60, n_y=25)
    parameters = initialized(student, sizes, 19)
    demand_shapes(expect, parameters, sizes)
    for key in ("Wx", "Wh", "Wy"):
        unit = rescaled(parameters[key])
        error = 5 / np.sqrt(unit.size)  # five standard errors of a mean
        expect.true(abs(unit.mean()) < error, f"The mean of parameters[{key!r}] is far from zero.")
        spread = abs((unit**2).mean() - 1) < error * np.sqrt(2)
        expect.true(spread, f"The variance of parameters[{key!r}] is not the one in the text.")


@initialize.test(
    weight=3,
    kills=[
        "without_root",
        "root_of_reciprocal",
        "uniform_weights",
        "another_drawing_order",
        "transposed_weights",
        "seeds_inside",
        "one_scale_for_all",
        "scale_by_inputs",
        "draws_from_own_generator",
    ],
)
def initialize_draws_in_order(student, reference, expect):
    """With numpy's global generator seeded, Wx, Wh and Wy are the expected draws, in that order, for several sizes."""
    first, again = (initialized(student, DIFFERENT, 20) for _ in range(2))
    for answer in (first, again):
        expect.keys(answer, PARAMETERS, name="parameters")
    same = np.array_equal(first["Wx"], again["Wx"])
    expect.true(same, "Seeding numpy's global generator does not repeat your weights.", kind="seed")
    for case in reference.cases("initialize_cases"):
        sizes = Sizes(1, 1, case["n_x"], case["n_h"], case["n_y"])
        answer = initialized(student, sizes, case["seed"])
        expect.keys(answer, PARAMETERS, name="parameters")
        for key in ("Wx", "Wh", "Wy"):
            expect.close(answer[key], case["parameters"][key], name=f"parameters[{key!r}]")
    seed = int(reference.rng.integers(2**31))
    answer = initialized(student, DIFFERENT, seed)
    reference.seed(seed)
    right = reference.initialize_rnn_parameters(DIFFERENT.n_x, DIFFERENT.n_h, DIFFERENT.n_y)
    for key in ("Wx", "Wh", "Wy"):
        expect.close(answer[key], right[key], name=f"parameters[{key!r}]")


# --- rnn_layer ----------------------------------------------------------------------------------------------------

rnn_layer = exercise("rnn_layer")
LAYER_PARTS = ("yhat_t", "h_t", "z_t")


def draw_step(rng, sizes):
    """Draw the arguments of one time step; h_prev lies within (-1, 1) and is not zero."""
    return {
        "x_t": rng.standard_normal((sizes.N, sizes.n_x)),
        "h_prev": np.tanh(rng.standard_normal((sizes.N, sizes.n_h))),
        "parameters": draw_parameters(rng, sizes),
    }


def steps(reference):
    """Return the frozen time steps and a fresh one."""
    fresh = draw_step(reference.rng, DIFFERENT)
    answer = dict(zip(LAYER_PARTS, reference.rnn_layer(**fresh), strict=True))
    return [*reference.cases("rnn_layer_cases"), {**fresh, **answer}]


def layer_answer(student, expect, case, *act):
    """Return the learner's yhat_t, h_t and z_t."""
    answer = student.rnn_layer(case["x_t"], case["h_prev"], case["parameters"], *act)
    return demand_parts(expect, answer, LAYER_PARTS, name="rnn_layer")


@rnn_layer.frozen
def rnn_layer_cases(rng, reference):
    """Return time steps of several sizes, one with N = n_h, with what they give."""
    batch_is_hidden = Sizes(N=4, T=1, n_x=3, n_h=4, n_y=5)
    cases = [draw_step(rng, sizes) for sizes in (DIFFERENT, ONE_SAMPLE, EQUAL_LAYERS, ALL_EQUAL, batch_is_hidden)]
    return [{**case, **dict(zip(LAYER_PARTS, reference.rnn_layer(**case), strict=True))} for case in cases]


@rnn_layer.test(
    weight=3,
    kills=[
        "bias_as_column",
        "without_transposes",
        "hidden_weights_untransposed",
        "without_biases",
        "without_hidden_bias",
        "returns_in_another_order",
        "state_before_activation",
        "ignores_previous_state",
    ],
)
def rnn_layer_state(student, reference, expect):
    """rnn_layer gives the right z_t and h_t, for batches and layers of several sizes."""
    for case in steps(reference):
        _, h_t, z_t = layer_answer(student, expect, case)
        expect.close(z_t, case["z_t"], name="z_t")
        expect.close(h_t, case["h_t"], name="h_t")


@rnn_layer.test(
    weight=2,
    kills=["without_output_bias", "returns_logits", "output_from_pre_activation", "output_from_previous_state"],
)
def rnn_layer_output(student, reference, expect):
    """rnn_layer gives the right yhat_t, for batches and layers of several sizes."""
    *others, all_equal, batch_is_hidden, fresh = steps(reference)
    # What fits equal sizes alone gives an answer there, and an answer tells more than an error.
    for case in (all_equal, batch_is_hidden, fresh, *others):
        yhat_t, _, _ = layer_answer(student, expect, case)
        expect.close(yhat_t, case["yhat_t"], name="yhat_t")


@rnn_layer.test(requires="rnn_layer_output", kills=["own_softmax_without_shift"])
def rnn_layer_large_logits(student, reference, expect):
    """yhat_t stays finite and right where the output weights are very large."""
    case = draw_step(reference.rng, DIFFERENT)
    case["parameters"]["Wy"] *= 4000
    yhat_t, _, _ = layer_answer(student, expect, case)
    # Rounding of logits in the thousands reaches the probabilities: 4000 * 2e-16 * a few terms.
    expect.close(yhat_t, reference.rnn_layer(**case)[0], name="yhat_t", rtol=1e-5)


@rnn_layer.test(requires="rnn_layer_state", kills=["always_tanh"])
def rnn_layer_uses_act(student, reference, expect):
    """rnn_layer uses the activation that it is given as act."""
    case = draw_step(reference.rng, DIFFERENT)
    answer = layer_answer(student, expect, case, Softsign())
    for part, got, right in zip(LAYER_PARTS, answer, reference.rnn_layer(**case, act=Softsign()), strict=True):
        expect.close(got, right, name=part)


@rnn_layer.test(requires="rnn_layer_state", kills=["overwrites_previous_state"])
def rnn_layer_leaves_arguments(student, reference, expect):
    """rnn_layer changes neither x_t nor h_prev nor the parameters."""
    case = draw_step(reference.rng, DIFFERENT)
    expect.unchanged(student.rnn_layer, case["x_t"], case["h_prev"], case["parameters"])


# --- forward ------------------------------------------------------------------------------------------------------

forward = exercise("forward")
FORWARD_PARTS = ("yhats", "cache")


def sequences(reference):
    """Return the frozen batches of sequences and a fresh one, with outputs and cache."""
    inputs, parameters = draw_inputs(reference.rng, DIFFERENT), draw_parameters(reference.rng, DIFFERENT)
    yhats, cache = reference.forward(inputs, parameters)
    fresh = {"inputs": inputs, "parameters": parameters, "yhats": yhats, "cache": cache}
    return [*reference.cases("forward_cases"), fresh]


def forward_answer(student, expect, *args):
    """Return the learner's yhats and cache."""
    return demand_parts(expect, student.forward(*args), FORWARD_PARTS, name="forward")


def demand_cache(expect, cache, right, *, name):
    """Demand the four entries of a cache; more are allowed."""
    expect.keys(cache, CACHE, name=name)
    for key in CACHE:
        expect.close(cache[key], right[key], name=f"{name}[{key!r}]")


@forward.frozen
def forward_cases(rng, reference):
    """Return sequences of every kind of size, with outputs and the cache's four entries."""
    cases = []
    for sizes in EVERY_KIND:
        inputs, parameters = draw_inputs(rng, sizes), draw_parameters(rng, sizes)
        yhats, cache = reference.forward(inputs, parameters)
        kept = {key: cache[key] for key in CACHE}
        cases.append({"inputs": inputs, "parameters": parameters, "yhats": yhats, "cache": kept})
    return cases


@forward.test(
    weight=3,
    kills=[
        "previous_state_never_updated",
        "starts_from_ones",
        "time_axis_first",
        "stops_one_step_early",
        "runs_backwards",
        "returns_last_step_only",
        "returns_no_cache",
    ],
)
def forward_outputs(student, reference, expect):
    """forward gives the right yhats at every time step, for batches and sequences of several sizes."""
    for case in sequences(reference):
        yhats, _ = forward_answer(student, expect, case["inputs"], case["parameters"])
        expect.close(yhats, case["yhats"], name="yhats")


@forward.test(
    weight=2,
    kills=[
        "one_state_cached_many_times",
        "caches_initial_state_too",
        "swaps_states_in_cache",
        "previous_state_never_updated",
    ],
)
def forward_cache(student, reference, expect):
    """The cache holds the right hs, zs, yhats and inputs of every time step."""
    first, *others = sequences(reference)
    for case in (*others, first):  # N is not T - 1 there: range(N) and range(T - 1) are told apart
        _, cache = forward_answer(student, expect, case["inputs"], case["parameters"])
        demand_cache(expect, cache, case["cache"], name="cache")


@forward.test(requires="forward_outputs")
def forward_one_by_one(student, reference, expect):
    """A batch gives for each of its samples what the sample gives alone."""
    inputs, parameters = draw_inputs(reference.rng, DIFFERENT), draw_parameters(reference.rng, DIFFERENT)
    right, _ = reference.forward(inputs, parameters)
    for sample in range(DIFFERENT.N):
        yhats, _ = forward_answer(student, expect, inputs[sample : sample + 1], parameters)
        expect.close(yhats, right[sample : sample + 1], name="yhats of one sample")


@forward.test(kills=["state_survives_the_call"])
def forward_starts_anew(student, reference, expect):
    """Every call of forward starts from a zero state, whatever was called before."""
    inputs, parameters = draw_inputs(reference.rng, DIFFERENT), draw_parameters(reference.rng, DIFFERENT)
    right, _ = reference.forward(inputs, parameters)
    for _ in range(2):
        yhats, _ = forward_answer(student, expect, inputs, parameters)
        expect.close(yhats, right, name="yhats")


@forward.test(kills=["act_not_passed_on"], requires="forward_outputs")
def forward_uses_act(student, reference, expect):
    """forward uses the activation that it is given as act."""
    inputs, parameters = draw_inputs(reference.rng, DIFFERENT), draw_parameters(reference.rng, DIFFERENT)
    right, right_cache = reference.forward(inputs, parameters, Softsign())
    yhats, cache = forward_answer(student, expect, inputs, parameters, Softsign())
    expect.close(yhats, right, name="yhats")
    expect.keys(cache, ("hs",), name="cache")
    expect.close(cache["hs"], right_cache["hs"], name="cache['hs']")


@forward.test(kills=["keeps_state_in_parameters"], requires="forward_outputs")
def forward_leaves_arguments(student, reference, expect):
    """forward changes neither the inputs nor the parameters."""
    expect.unchanged(student.forward, draw_inputs(reference.rng, DIFFERENT), draw_parameters(reference.rng, DIFFERENT))


# --- compute_cost -------------------------------------------------------------------------------------------------

compute_cost = exercise("compute_cost")
# An epsilon of up to 1e-8 beside a probability of 0.001 or more moves a step's cost by 1e-5 at most, of about 1.5.
COST = {"rtol": 1e-5, "atol": 1e-6}


def draw_outputs(rng, sizes):
    """Draw probabilities (N, T, n_y), none below 0.001."""
    return 0.001 + (1 - 0.001 * sizes.n_y) * draw_soft_targets(rng, sizes)


def demand_cost(student, expect, targets, outputs, cost):
    """Demand the cost of a batch."""
    answer = student.compute_cost(targets, outputs)
    expect.close(answer, cost, name="compute_cost(targets, outputs)", sizes=factors(targets), **COST)


@compute_cost.frozen
def compute_cost_cases(rng, reference):
    """Return one-hot targets and outputs of every kind of size, with their cost."""
    pairs = [(draw_targets(rng, sizes), draw_outputs(rng, sizes)) for sizes in EVERY_KIND]
    return [{"targets": y, "outputs": p, "cost": reference.compute_cost(y, p)} for y, p in pairs]


@compute_cost.test(
    weight=3,
    kills=[
        "mean_over_all_entries",
        "divided_by_batch_only",
        "divided_by_time_only",
        "not_divided",
        "arguments_swapped",
        "wrong_sign",
        "squared_error",
        "binary_cross_entropy",
        "last_step_only",
        "in_bits",
        "large_epsilon",
    ],
)
def compute_cost_values(student, reference, expect):
    """compute_cost gives the mean cross-entropy of a time step, for batches and sequences of several sizes."""
    for case in reference.cases("compute_cost_cases"):
        demand_cost(student, expect, case["targets"], case["outputs"], case["cost"])
    targets, outputs = draw_targets(reference.rng, DIFFERENT), draw_outputs(reference.rng, DIFFERENT)
    demand_cost(student, expect, targets, outputs, reference.compute_cost(targets, outputs))


@compute_cost.test(kills=["cost_of_argmax"], requires="compute_cost_values")
def compute_cost_soft_targets(student, reference, expect):
    """compute_cost is right where a target gives a part to every class."""
    targets, outputs = draw_soft_targets(reference.rng, DIFFERENT), draw_outputs(reference.rng, DIFFERENT)
    demand_cost(student, expect, targets, outputs, reference.compute_cost(targets, outputs))


@compute_cost.test(weight=2, kills=["logarithm_of_zero"])
def compute_cost_zero_probability(student, reference, expect):
    """compute_cost stays finite where an output is exactly zero, and is large where that was the right class."""
    targets = draw_targets(reference.rng, DIFFERENT)
    wrong = np.roll(targets, 1, axis=2)
    worst = student.compute_cost(targets, wrong)
    number = isinstance(worst, float | np.ndarray) and np.shape(worst) == () and np.isrealobj(worst)
    expect.true(number and np.isfinite(worst), "The cost is no finite number where an output is exactly zero.")
    expect.true(worst > 10, "The cost is small although every right class was given no probability at all.")
    best = student.compute_cost(targets, targets)
    expect.close(best, 0.0, name="the cost of a perfect prediction", atol=1e-6)


@compute_cost.test(kills=["clips_in_place"], requires="compute_cost_values")
def compute_cost_leaves_arguments(student, reference, expect):
    """compute_cost changes neither the targets nor the outputs."""
    targets, outputs = draw_targets(reference.rng, DIFFERENT), draw_outputs(reference.rng, DIFFERENT)
    outputs[0, 0] = np.eye(DIFFERENT.n_y)[0]
    expect.unchanged(student.compute_cost, targets, outputs)


# --- backward -----------------------------------------------------------------------------------------------------

backward = exercise("backward")


def draw_problem(rng, sizes, draw=draw_targets):
    """Draw targets, inputs and parameters; the forward pass is the reference's."""
    return {"y": draw(rng, sizes), "inputs": draw_inputs(rng, sizes), "parameters": draw_parameters(rng, sizes)}


def caches_of(reference, case, *act):
    """Return the reference's cache of a problem."""
    return reference.forward(case["inputs"], case["parameters"], *act)[1]


def own_caches(student, expect, case, *act):
    """Return the learner's own cache of a problem, which may hold more than was asked for.

    Where the learner's forward is wrong, follow-through puts the reference's in its place.
    """
    answer = student.forward(case["inputs"], case["parameters"], *act)
    paired = isinstance(answer, tuple | list) and len(answer) == 2
    expect.true(paired, "forward does not return the outputs and the cache, so there is nothing to go back through.")
    return answer[1]


def right_gradients(reference, case, caches):
    """Return the reference's gradients of a problem."""
    return reference.backward(case["y"], case["parameters"], caches)


def demand_gradients(expect, answer, right, y, *, names=GRADIENTS, rtol=1e-6, atol=1e-9):
    """Demand some of the five gradients."""
    expect.keys(answer, names, name="grads")
    wanted = {name: right[name] for name in names}
    expect.close(answer, wanted, name="grads", sizes=factors(y), rtol=rtol, atol=atol, picture="scatter")


def numeric_gradients(reference, case, step=1e-5):
    """Return the central differences of the reference's cost∘forward for every entry of every parameter."""
    own = {name: value.copy() for name, value in case["parameters"].items()}

    def moved(name, index, to):
        own[name][index] = to
        return reference.compute_cost(case["y"], reference.forward(case["inputs"], own)[0])

    found = {f"d{name}": np.zeros_like(value) for name, value in own.items()}
    for name, value in case["parameters"].items():
        for index in np.ndindex(value.shape):
            above, below = moved(name, index, value[index] + step), moved(name, index, value[index] - step)
            own[name][index] = value[index]
            found[f"d{name}"][index] = (above - below) / (2 * step)
    return found


@backward.frozen
def backward_cases(rng, reference):
    """Return problems of every kind of size with their gradients and numeric gradients."""
    cases = [draw_problem(rng, sizes) for sizes in EVERY_KIND]
    return [
        {
            **case,
            "grads": right_gradients(reference, case, caches_of(reference, case)),
            "numeric": numeric_gradients(reference, case),
        }
        for case in cases
    ]


def problems(reference):
    """Return the frozen problems and a fresh one, with their gradients."""
    fresh = draw_problem(reference.rng, DIFFERENT)
    grads = right_gradients(reference, fresh, caches_of(reference, fresh))
    return [*reference.cases("backward_cases"), {**fresh, "grads": grads}]


@backward.test(
    weight=2,
    kills=[
        "not_averaged",
        "averaged_over_batch_only",
        "bias_gradient_averaged",
        "bias_gradient_in_total",
        "bias_gradient_as_row",
        "targets_minus_outputs",
        "output_gradient_from_pre_activation",
    ],
)
def backward_output_layer(student, reference, expect):
    """The gradients dWy and dby of the output layer are right, for several sizes."""
    for case in problems(reference):
        answer = student.backward(case["y"], case["parameters"], own_caches(student, expect, case))
        demand_gradients(expect, answer, case["grads"], case["y"], names=("dWy", "dby"))


@backward.test(
    weight=2,
    kills=[
        "not_averaged",
        "derivative_at_state",
        "without_activation_derivative",
        "state_instead_of_previous",
        "last_state_before_first",
        "gradients_transposed",
    ],
)
def backward_one_step(student, reference, expect):
    """All five gradients are right for a sequence of one time step."""
    for sizes in (ONE_STEP, Sizes(N=1, T=1, n_x=2, n_h=4, n_y=3)):
        case = draw_problem(reference.rng, sizes)
        caches = caches_of(reference, case)
        answer = student.backward(case["y"], case["parameters"], own_caches(student, expect, case))
        demand_gradients(expect, answer, right_gradients(reference, case, caches), case["y"])


@backward.test(
    weight=4,
    kills=[
        "overwrites_instead_of_adding",
        "no_carry_through_time",
        "carries_state_gradient",
        "carries_through_transposed_weights",
        "state_instead_of_previous",
        "last_state_before_first",
        "derivative_at_state",
        "without_activation_derivative",
        "inner_for_outer_product",
        "runs_forwards_in_time",
        "averaged_over_batch_only",
        "bias_gradient_in_total",
    ],
)
def backward_through_time(student, reference, expect):
    """All five gradients are right for sequences of several steps, for several sizes."""
    for case in problems(reference):
        answer = student.backward(case["y"], case["parameters"], own_caches(student, expect, case))
        demand_gradients(expect, answer, case["grads"], case["y"])


@backward.test(weight=2, kills=["no_carry_through_time", "carries_state_gradient", "derivative_at_state"])
def backward_numeric(student, reference, expect):
    """Each gradient says how the cost moves when an entry of its parameter moves a little."""
    for case in reference.cases("backward_cases"):
        answer = student.backward(case["y"], case["parameters"], own_caches(student, expect, case))
        # The differences are good to about 1e-10: step² and rounding / step.
        demand_gradients(expect, answer, case["numeric"], case["y"], rtol=1e-5, atol=1e-8)


@backward.test(requires="backward_through_time")
def backward_zero_at_targets(student, reference, expect):
    """Every gradient is zero where each prediction equals its target."""
    case = draw_problem(reference.rng, DIFFERENT)
    predicted = caches_of(reference, case)["yhats"]
    answer = student.backward(predicted, case["parameters"], own_caches(student, expect, case))
    zeros = {f"d{name}": np.zeros(shape) for name, shape in shapes(DIFFERENT).items()}
    demand_gradients(expect, answer, zeros, case["y"])


@backward.test(kills=["largest_target_only"], requires="backward_output_layer")
def backward_soft_targets(student, reference, expect):
    """The gradients are right where a target gives a part to every class."""
    case = draw_problem(reference.rng, DIFFERENT, draw_soft_targets)
    caches = caches_of(reference, case)
    answer = student.backward(case["y"], case["parameters"], own_caches(student, expect, case))
    demand_gradients(expect, answer, right_gradients(reference, case, caches), case["y"])


@backward.test(kills=["always_tanh_derivative"], requires="backward_one_step")
def backward_uses_act_derivative(student, reference, expect):
    """backward uses the derivative that it is given as act_derivative."""
    act = Softsign()
    case = draw_problem(reference.rng, DIFFERENT)
    caches = caches_of(reference, case, act)
    own = own_caches(student, expect, case, act)
    answer = student.backward(case["y"], case["parameters"], own, act.derivative)
    right = reference.backward(case["y"], case["parameters"], caches, act.derivative)
    demand_gradients(expect, answer, right, case["y"])


@backward.test(kills=["subtracts_in_the_cache"], requires="backward_output_layer")
def backward_leaves_arguments(student, reference, expect):
    """backward changes neither the targets nor the parameters nor the cache, so that it can be called again."""
    case = draw_problem(reference.rng, DIFFERENT)
    expect.unchanged(student.backward, case["y"], case["parameters"], own_caches(student, expect, case))


@backward.test(kills=["adds_to_the_last_call"], requires="backward_output_layer")
def backward_twice(student, reference, expect):
    """A second call of backward gives the same gradients as the first."""
    case = draw_problem(reference.rng, DIFFERENT)
    right = right_gradients(reference, case, caches_of(reference, case))
    own = own_caches(student, expect, case)
    for _ in range(2):
        answer = student.backward(case["y"], case["parameters"], own)
        demand_gradients(expect, answer, right, case["y"], names=("dWy", "dby"))


@backward.gradient
def gradient_of_own_cost(student, reference, expect):
    """Return the learner's cost as it follows from the parameters, and what the learner's backward makes of it."""
    case = draw_problem(reference.rng, DIFFERENT)

    def cost(parameters):
        yhats, _ = forward_answer(student, expect, case["inputs"], parameters)
        return student.compute_cost(case["y"], yhats)

    answer = student.backward(case["y"], case["parameters"], own_caches(student, expect, case))
    expect.keys(answer, GRADIENTS, name="grads")
    return cost, case["parameters"], {name: answer[f"d{name}"] for name in PARAMETERS}


# --- network ------------------------------------------------------------------------------------------------------

network = exercise("network")


class Net(NamedTuple):
    """A learner's network, its parameters as they were read, and what it is tried on."""

    handle: Handle
    parameters: dict
    inputs: np.ndarray
    y: np.ndarray


def make_net(student, reference, expect, sizes=DIFFERENT, *act):
    """Make a learner's network with inputs and targets; its parameters are read and need only their shapes."""
    made = student.RecurrentNeuralNetwork(sizes.n_x, sizes.n_y, sizes.n_h, *act)
    methods = ("initialize_parameters", "forward", "backward")
    handle = demand_object(expect, made, methods, name="RecurrentNeuralNetwork(...)")
    parameters = handle.parameters
    demand_shapes(expect, parameters, sizes, name="network.parameters")
    return Net(handle, parameters, draw_inputs(reference.rng, sizes), draw_targets(reference.rng, sizes))


def demand_outputs(reference, expect, net, answer, *act):
    """Demand the outputs that the network's own parameters give."""
    right, _ = reference.forward(net.inputs, net.parameters, *act)
    expect.close(answer, right, name="the network's output")


def demand_grads(reference, expect, net, act):
    """Demand, in network.grads, the gradients of the network's own parameters at net.inputs and net.y."""
    _, caches = reference.forward(net.inputs, net.parameters, act)
    right = reference.backward(net.y, net.parameters, caches, act.derivative)
    answer = net.handle.grads
    expect.keys(answer, GRADIENTS, name="network.grads")
    wanted = {name: right[name] for name in GRADIENTS}
    expect.close(answer, wanted, name="network.grads", sizes=factors(net.y), picture="scatter")


@network.test(
    weight=2,
    kills=[
        "SwapsOutputAndHidden",
        "ForgetsToInitialize",
        "CallForgetsReturn",
        "ReturnsCacheToo",
        "InitializesInForward",
    ],
)
def network_outputs(student, reference, expect):
    """Called or through forward, the network gives the outputs that its parameters give, for several sizes."""
    student.seed(31)
    for sizes in EVERY_KIND:
        net = make_net(student, reference, expect, sizes)
        demand_outputs(reference, expect, net, net.handle(net.inputs))
        demand_outputs(reference, expect, net, net.handle.forward(net.inputs))


@network.test(weight=2, kills=["ForgetsGradients"])
def network_gradients(student, reference, expect):
    """After forward and backward, network.grads holds the gradients of the network's parameters."""
    student.seed(32)
    for sizes in (DIFFERENT, ONE_SAMPLE):
        net = make_net(student, reference, expect, sizes)
        net.handle.forward(net.inputs)
        net.handle.backward(net.y)
        demand_grads(reference, expect, net, reference.Tanh())


@network.test(kills=["KeepsNoCaches"])
def network_caches(student, reference, expect):
    """After forward, network.caches holds the states, outputs and inputs of that call."""
    student.seed(33)
    net = make_net(student, reference, expect)
    net.handle.forward(net.inputs)
    _, right = reference.forward(net.inputs, net.parameters)
    demand_cache(expect, net.handle.caches, right, name="network.caches")


@network.test(kills=["ForwardForgetsActivation"], requires="network_outputs")
def network_forward_uses_act(student, reference, expect):
    """The network's forward uses the activation that it was made with."""
    student.seed(34)
    net = make_net(student, reference, expect, DIFFERENT, Softsign())
    demand_outputs(reference, expect, net, net.handle.forward(net.inputs), Softsign())


@network.test(kills=["BackwardForgetsActivation", "ForwardForgetsActivation"], requires="network_gradients")
def network_backward_uses_act(student, reference, expect):
    """The network's backward uses the derivative of the activation that it was made with."""
    student.seed(35)
    net = make_net(student, reference, expect, DIFFERENT, Softsign())
    net.handle.forward(net.inputs)
    net.handle.backward(net.y)
    demand_grads(reference, expect, net, Softsign())


@network.test(kills=["InitializesInForward"])
def network_second_call(student, reference, expect):
    """A second call with the same input gives the same output, and calls leave the parameters alone."""
    student.seed(36)
    net = make_net(student, reference, expect)
    for _ in range(2):
        demand_outputs(reference, expect, net, net.handle(net.inputs))
    expect.close(net.handle.parameters, net.parameters, name="network.parameters")


@network.test(kills=["StaleCaches", "AccumulatesGradients"], requires="network_gradients")
def network_backward_after_another_forward(student, reference, expect):
    """backward belongs to the latest forward, and holds nothing of an earlier one."""
    student.seed(37)
    net = make_net(student, reference, expect)
    net.handle.forward(draw_inputs(reference.rng, DIFFERENT))
    net.handle.backward(draw_targets(reference.rng, DIFFERENT))
    net.handle.forward(net.inputs)
    net.handle.backward(net.y)
    demand_grads(reference, expect, net, reference.Tanh())


@network.test(weight=2, kills=["SharesClassParameters", "SharesDefaultDictionary"], requires="network_outputs")
def network_instances_share_nothing(student, reference, expect):
    """Two networks have parameters, caches and gradients of their own."""
    student.seed(38)
    one, two = make_net(student, reference, expect), make_net(student, reference, expect)
    differ = not np.array_equal(one.parameters["Wx"], two.parameters["Wx"])
    expect.true(differ, "Two networks, made one after the other, have the same weights.")
    expect.close(one.handle.parameters, one.parameters, name="the first network's parameters")
    for net in (one, two):
        demand_outputs(reference, expect, net, net.handle(net.inputs))
    for net in (one, two):
        net.handle.backward(net.y)
    for net in (one, two):
        demand_grads(reference, expect, net, reference.Tanh())


@network.test(kills=["NeverInitializesAgain"], requires="network_outputs")
def network_initializes_again(student, reference, expect):
    """initialize_parameters() gives new parameters of the same shapes, and the network uses them."""
    student.seed(39)
    net = make_net(student, reference, expect)
    net.handle.initialize_parameters()
    again = net.handle.parameters
    demand_shapes(expect, again, DIFFERENT, name="network.parameters")
    expect.true(not np.array_equal(again["Wx"], net.parameters["Wx"]), "The weights are still the old ones.")
    demand_outputs(reference, expect, net._replace(parameters=again), net.handle(net.inputs))


@network.test(requires=["network_outputs", "network_gradients"])
def network_leaves_arguments(student, reference, expect):
    """Neither forward nor backward changes what it is given."""
    student.seed(40)
    net = make_net(student, reference, expect)
    expect.unchanged(net.handle.forward, net.inputs)
    expect.unchanged(net.handle.backward, net.y)
