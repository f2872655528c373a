"""Hidden tests of rnn_from_scratch.

Sizes differ from one another, biases and h_prev are not zero, T is 3 or more and N is 2 or more wherever a special
case is not the point: a wrong answer hides in equal sizes and zeros. Weights are drawn with a deviation of 0.5, so that
tanh neither saturates nor is linear; beside this small world stand long sequences, large gradients and tiny ones.

What decides is the same under every seed: frozen cases, or draws from a generator that is seeded here. Fresh draws come
last, behind ``requires=``, and reject what was made for the frozen cases alone.
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
ONE_OF_EACH = Sizes(N=1, T=1, n_x=2, n_h=4, n_y=3)
LONG = Sizes(N=2, T=40, n_x=3, n_h=5, n_y=4)
LONGER = Sizes(N=3, T=47, n_x=2, n_h=4, n_y=5)
SEVERAL = (DIFFERENT, EQUAL_LAYERS, ALL_EQUAL)
SINGLE = (ONE_SAMPLE, ONE_OF_EACH)


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


def long_parameters(rng, sizes):
    """Draw parameters of the small world whose states keep what they heard over tens of steps."""
    return draw_parameters(rng, sizes) | {"Wh": 1.1 * rotation(rng, sizes)}


def large_parameters(rng, sizes):
    """Draw parameters that answer surely and often wrongly; gradients reach the hundreds over forty steps."""
    drawn = draw_parameters(rng, sizes)
    small = {name: 0.02 * drawn[name] for name in ("Wx", "bh")}
    return drawn | small | {"Wh": 1.3 * rotation(rng, sizes), "Wy": 40 * drawn["Wy"]}


def rotation(rng, sizes):
    """Draw an orthogonal matrix (n_h, n_h)."""
    return np.linalg.qr(rng.standard_normal((sizes.n_h, sizes.n_h)))[0]


def still(number):
    """Return a generator whose draws are the same for everybody and for ever."""
    return np.random.default_rng(number)


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
    shapes = ((1, 1), (3, 4), (2, 3, 5), (2, 1, 3, 2))
    draws = [3 * rng.standard_normal(shape) for shape in shapes] + [np.linspace(-2, 2, 9), np.array([1e-4, -1e-5])]
    step = 1e-5
    return [
        {"x": x, "value": act.forward(x), "slope": (act.forward(x + step) - act.forward(x - step)) / (2 * step)}
        for x in draws
    ]


@tanh.test()
def tanh_values(student, reference, expect):
    """Tanh().forward(x) has the right values, for arrays of several shapes."""
    act = make_tanh(student, expect)
    for case in reference.cases("tanh_cases"):
        expect.close(act.forward(case["x"]), case["value"], name="forward(x)")
    x = reference.draw((4, 3))
    expect.close(act.forward(x), reference.Tanh().forward(x), name="forward(x)")


@tanh.test(kills=["TanhDerivativeOfOutput", "TanhAppliedTwice", "TanhDerivativeWithoutSquare"])
def tanh_slopes(student, reference, expect):
    """Tanh().derivative(x) is the slope of tanh at x, the value before the activation."""
    act = make_tanh(student, expect)
    for case in reference.cases("tanh_cases"):
        expect.close(act.derivative(case["x"]), case["slope"], name="derivative(x)", atol=1e-8)
    x = reference.draw((4, 3))
    expect.close(act.derivative(x), reference.Tanh().derivative(x), name="derivative(x)")


@tanh.test(weight=4, kills=["TanhRemembersForward"], requires="tanh_slopes")
def tanh_slope_stands_alone(student, reference, expect):
    """Tanh().derivative(x) depends on its own argument, whatever forward was called with before."""
    act = make_tanh(student, expect)
    x = reference.draw((2, 3))
    act.forward(reference.draw((2, 3)))
    expect.close(act.derivative(x), reference.Tanh().derivative(x), name="derivative(x)")


@tanh.test(weight=4, kills=["TanhCallForgetsReturn", "TanhCallIsDerivative"], requires="tanh_values")
def tanh_is_callable(student, reference, expect):
    """An object of the class can be called like a function."""
    act = make_tanh(student, expect)
    x = reference.draw((3, 2))
    expect.close(act(x), reference.Tanh().forward(x), name="Tanh()(x)")


FAR = np.array([[-1000.0, 1000.0, 0.5, 1e5], [700.0, -400.0, -0.5, 20.0]])


@tanh.test(kills=["TanhFromExponentials"], requires="tanh_values")
def tanh_large_inputs(student, reference, expect):
    """Tanh().forward(x) stays finite and right for very large positive and negative inputs."""
    expect.close(make_tanh(student, expect).forward(FAR), reference.Tanh().forward(FAR), name="forward(x)")


@tanh.test(kills=["TanhFromExponentials"], requires="tanh_slopes")
def tanh_large_slopes(student, reference, expect):
    """Tanh().derivative(x) stays finite and right for very large positive and negative inputs."""
    expect.close(make_tanh(student, expect).derivative(FAR), reference.Tanh().derivative(FAR), name="derivative(x)")


@tanh.test(weight=4, kills=["TanhInPlace"], requires=["tanh_values", "tanh_slopes"])
def tanh_leaves_argument(student, reference, expect):
    """Neither forward nor derivative changes its argument."""
    act = make_tanh(student, expect)
    for method in (act.forward, act.derivative):
        expect.unchanged(method, reference.draw((3, 4)))


# --- softmax ------------------------------------------------------------------------------------------------------

softmax = exercise("softmax")


@softmax.frozen
def softmax_cases(rng, reference):
    """Return logits, square, wide and tall, with their softmax."""
    draws = [2 * rng.standard_normal(shape) for shape in ((4, 4), (3, 6), (6, 2), (40, 3))]
    return [{"x": x, "probabilities": reference.softmax(x)} for x in draws]


def demand_softmax(student, expect, x, right):
    """Demand the probabilities of a batch (N, n)."""
    with expect.case(N=len(x), n=x.shape[1]):
        expect.close(student.softmax(x), right, name="softmax(x)")


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
    square, *others = reference.cases("softmax_cases")
    for case in (*others, square):
        demand_softmax(student, expect, case["x"], case["probabilities"])
    x = reference.draw((4, 5), scale=2.0)
    demand_softmax(student, expect, x, reference.softmax(x))


@softmax.test(kills=["without_keepdims"])
def softmax_square_batch(student, reference, expect):
    """softmax(x) is right where there are as many samples as classes."""
    x = 2 * still(21).standard_normal((4, 4))
    demand_softmax(student, expect, x, reference.softmax(x))


@softmax.test(kills=["squeezes_a_single_row"], requires="softmax_values")
def softmax_single(student, reference, expect):
    """softmax(x) is right for one sample alone, and where there is one class only."""
    for shape in ((1, 4), (5, 1), (1, 1)):
        x = 2 * still(22).standard_normal(shape)
        demand_softmax(student, expect, x, reference.softmax(x))


@softmax.test(weight=2, kills=["without_shift", "one_shift_for_all_rows", "clips_large_scores"])
def softmax_large_entries(student, reference, expect):
    """softmax(x) stays finite and right where entries are very large or very small, also in one row only."""
    x = still(23).standard_normal((6, 3))
    x[1] -= 1000
    x[2] += 1000
    x[3] = [1000, 0, -1000]
    x[4] = [-1000, -1001, -1002]
    x[5] = [1e5, 1e5 - 1, -1e5]
    for rows in (x[:5], x[[1, 1]], x[[2, 2]], x):
        demand_softmax(student, expect, rows, reference.softmax(rows))


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
WIDTH_ONE = Sizes(N=1, T=1, n_x=1, n_h=1, n_y=1)
NARROW = Sizes(N=1, T=1, n_x=1, n_h=4, n_y=1)
FAR_FROM_ZERO = 30.0  # no wrong deviation that a learner thinks of leads there


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


def demand_draws(student, expect, sizes, seed, right):
    """Demand the weights that numpy's global generator gives after a seed."""
    with expect.case(n_x=sizes.n_x, n_h=sizes.n_h, n_y=sizes.n_y):
        answer = initialized(student, sizes, seed)
        expect.keys(answer, PARAMETERS, name="parameters")
        for key in ("Wx", "Wh", "Wy"):
            expect.close(answer[key], right[key], name=f"parameters[{key!r}]")


def rescaled(weights):
    """Return the weights in units of the deviation that the text asks for."""
    return weights / np.sqrt(2 / sum(weights.shape))


def demand_spread(expect, weights, key):
    """Demand the mean and the variance of the text, up to five standard errors."""
    unit = rescaled(weights)
    error = 5 / np.sqrt(unit.size)
    expect.true(abs(unit.mean()) < error, f"The mean of parameters[{key!r}] is far from zero.")
    spread = abs((unit**2).mean() - 1) < error * np.sqrt(2)
    expect.true(spread, f"The variance of parameters[{key!r}] is not the one in the text.")


@initialize.frozen
def initialize_cases(rng, reference):
    """Return seeds and sizes with the parameters that numpy's global generator then gives."""
    del rng  # this exercise draws from the global generator
    cases = []
    for seed, sizes in enumerate((DIFFERENT, ONE_SAMPLE, EQUAL_LAYERS, DIFFERENT, WIDTH_ONE, NARROW), start=71):
        reference.seed(seed)
        made = reference.initialize_rnn_parameters(sizes.n_x, sizes.n_h, sizes.n_y)
        cases.append({"seed": seed, "n_x": sizes.n_x, "n_h": sizes.n_h, "n_y": sizes.n_y, "parameters": made})
    return cases


@initialize.test(kills=["transposed_weights", "flat_biases", "zero_weights", "constant_weights"])
def initialize_makes_every_parameter(student, reference, expect):
    """Every parameter has its shape, and the weights of a matrix are not all equal, and none is huge."""
    del reference
    for sizes in (DIFFERENT, ONE_SAMPLE, ONE_STEP):
        with expect.case(n_x=sizes.n_x, n_h=sizes.n_h, n_y=sizes.n_y):
            parameters = initialized(student, sizes, 17)
            demand_shapes(expect, parameters, sizes)
            for key in ("Wx", "Wh", "Wy"):
                expect.true(np.ptp(parameters[key]) > 0, f"All entries of parameters[{key!r}] are equal.")
                far = np.abs(parameters[key]).max()
                said = f"parameters[{key!r}] holds an entry of size {far:.4g}, far more than the text's spread gives."
                expect.true(far < FAR_FROM_ZERO, said)


@initialize.test(weight=2, kills=["seeds_inside"], requires="initialize_makes_every_parameter")
def initialize_twice(student, reference, expect):
    """Two calls in a row give different weights: the function sets no seed of its own."""
    del reference
    first = initialized(student, DIFFERENT, 17)
    second = student.initialize_rnn_parameters(DIFFERENT.n_x, DIFFERENT.n_h, DIFFERENT.n_y)
    for parameters in (first, second):
        demand_shapes(expect, parameters, DIFFERENT)
    for key in ("Wx", "Wh", "Wy"):
        fresh = not np.array_equal(first[key], second[key])
        expect.true(fresh, f"Two calls in a row give the same parameters[{key!r}].")


@initialize.test(weight=2, kills=["random_biases"], requires="initialize_makes_every_parameter")
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
        "uniform_of_the_right_variance",
        "one_scale_for_all",
        "small_weights",
        "scale_by_inputs",
    ],
    requires="initialize_makes_every_parameter",
)
def initialize_spread(student, reference, expect):
    """In large matrices the weights scatter around zero with the variance that the text asks for."""
    del reference
    sizes = Sizes(N=1, T=1, n_x=10, n_h=120, n_y=25)
    parameters = initialized(student, sizes, 19)
    demand_shapes(expect, parameters, sizes)
    for key in ("Wx", "Wh", "Wy"):
        demand_spread(expect, parameters[key], key)
    # Eight standard errors, since a fourth power scatters widely; a uniform law is off by 1.2.
    fourth = (rescaled(parameters["Wh"]) ** 4).mean()
    normal = abs(fourth - 3) < 8 * np.sqrt(96 / parameters["Wh"].size)
    expect.true(normal, "The weights are not spread like the bell curve: too few are far from zero, or too many.")


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
    for case in reference.cases("initialize_cases")[:4]:
        sizes = Sizes(1, 1, case["n_x"], case["n_h"], case["n_y"])
        demand_draws(student, expect, sizes, case["seed"], case["parameters"])
    seed = int(reference.rng.integers(2**31))
    reference.seed(seed)
    right = reference.initialize_rnn_parameters(DIFFERENT.n_x, DIFFERENT.n_h, DIFFERENT.n_y)
    demand_draws(student, expect, DIFFERENT, seed, right)


@initialize.test(requires="initialize_draws_in_order")
def initialize_sizes_of_one(student, reference, expect):
    """The draws are right where sizes are 1, and every parameter still has two axes."""
    for case in reference.cases("initialize_cases")[4:]:
        sizes = Sizes(1, 1, case["n_x"], case["n_h"], case["n_y"])
        demand_draws(student, expect, sizes, case["seed"], case["parameters"])
        expect.close(student.initialize_rnn_parameters(*sizes[2:])["by"], np.zeros((sizes.n_y, 1)), name="by")


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


def draw_saturated_step(rng, sizes):
    """Draw a step whose pre-activations go into the tens, so that nearly every tanh is saturated."""
    case = draw_step(rng, sizes)
    return case | {"parameters": draw_parameters(rng, sizes, scale=8.0)}


def draw_far_apart(rng, sizes):
    """Draw a step whose scores of one sample lie thousands above those of another; each row's differ by little."""
    case = draw_step(rng, sizes)
    case["x_t"] = np.where(np.arange(sizes.N)[:, None] % 2, -1.0, 1.0) * np.ones((sizes.N, sizes.n_x))
    parameters = case["parameters"]
    parameters["Wx"] = 2 + 0.1 * parameters["Wx"]
    parameters["Wh"], parameters["bh"] = 0.1 * parameters["Wh"], 0.1 * parameters["bh"]
    parameters["Wy"] = parameters["Wy"] + 2000 / sizes.n_h
    return case


def answered(reference, case):
    """Return a time step with what it gives."""
    return {**case, **dict(zip(LAYER_PARTS, reference.rnn_layer(**case), strict=True))}


def layer_answer(student, expect, case, *act):
    """Return the learner's yhat_t, h_t and z_t."""
    answer = student.rnn_layer(case["x_t"], case["h_prev"], case["parameters"], *act)
    return demand_parts(expect, answer, LAYER_PARTS, name="rnn_layer")


def sized(case):
    """Return the sizes by which a learner is told of a time step."""
    n_h, n_x = case["parameters"]["Wx"].shape
    return {"N": len(case["x_t"]), "n_x": n_x, "n_h": n_h, "n_y": len(case["parameters"]["Wy"])}


def demand_state(student, expect, case):
    """Demand z_t and h_t of a time step."""
    with expect.case(**sized(case)):
        _, h_t, z_t = layer_answer(student, expect, case)
        expect.close(z_t, case["z_t"], name="z_t")
        expect.close(h_t, case["h_t"], name="h_t")


def demand_output(student, expect, case):
    """Demand yhat_t of a time step."""
    with expect.case(**sized(case)):
        yhat_t, _, _ = layer_answer(student, expect, case)
        # Scores in the thousands are rounded to 1e-12, and so are the probabilities.
        expect.close(yhat_t, case["yhat_t"], name="yhat_t")


BATCH_IS_HIDDEN = Sizes(N=4, T=1, n_x=3, n_h=4, n_y=5)


@rnn_layer.frozen
def rnn_layer_cases(rng, reference):
    """Return time steps of several sizes, one with N = n_h, with what they give; the last is saturated."""
    cases = [draw_step(rng, sizes) for sizes in (*SEVERAL, BATCH_IS_HIDDEN)]
    return [answered(reference, case) for case in (*cases, draw_saturated_step(rng, DIFFERENT))]


@rnn_layer.frozen
def rnn_layer_single(rng, reference):
    """Return time steps of a single sample, one with every size 1."""
    sizes = (ONE_SAMPLE, ONE_OF_EACH, Sizes(N=1, T=1, n_x=1, n_h=1, n_y=1))
    return [answered(reference, draw_step(rng, each)) for each in sizes]


@rnn_layer.frozen
def rnn_layer_far_apart(rng, reference):
    """Return time steps with very large scores: of one sign in a row, of both signs in the batch."""
    cases = [draw_far_apart(rng, sizes) for sizes in (DIFFERENT, BATCH_IS_HIDDEN)]
    return [answered(reference, case) for case in cases]


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
    for case in reference.cases("rnn_layer_cases"):
        demand_state(student, expect, case)


@rnn_layer.test(
    weight=2,
    kills=["without_output_bias", "returns_logits", "output_from_pre_activation", "output_from_previous_state"],
)
def rnn_layer_output(student, reference, expect):
    """rnn_layer gives the right yhat_t, for batches and layers of several sizes."""
    *others, all_equal, batch_is_hidden, saturated = reference.cases("rnn_layer_cases")
    # What fits equal sizes alone gives an answer there, and an answer tells more than an error.
    for case in (all_equal, batch_is_hidden, *others, saturated):
        demand_output(student, expect, case)


@rnn_layer.test(requires=["rnn_layer_state", "rnn_layer_output"], kills=["squeezes_a_single_sample"])
def rnn_layer_one_sample(student, reference, expect):
    """rnn_layer is right for a batch of one sample, also where a layer has one unit."""
    for case in reference.cases("rnn_layer_single"):
        demand_state(student, expect, case)
        demand_output(student, expect, case)


@rnn_layer.test(requires="rnn_layer_output", kills=["own_softmax_without_shift", "own_softmax_with_one_shift"])
def rnn_layer_large_logits(student, reference, expect):
    """yhat_t stays finite and right where the output weights are very large."""
    for case in reference.cases("rnn_layer_far_apart"):
        demand_output(student, expect, case)


@rnn_layer.test(weight=2, requires="rnn_layer_state", kills=["always_tanh"])
def rnn_layer_uses_act(student, reference, expect):
    """rnn_layer uses the activation that it is given as act."""
    case = draw_step(still(41), DIFFERENT)
    answer = layer_answer(student, expect, case, Softsign())
    for part, got, right in zip(LAYER_PARTS, answer, reference.rnn_layer(**case, act=Softsign()), strict=True):
        if part != "yhat_t":  # the output has tests of its own
            expect.close(got, right, name=part)


@rnn_layer.test(requires=["rnn_layer_state", "rnn_layer_output"])
def rnn_layer_fresh(student, reference, expect):
    """rnn_layer is right for numbers that are drawn anew."""
    case = answered(reference, draw_step(reference.rng, DIFFERENT))
    demand_state(student, expect, case)
    demand_output(student, expect, case)


@rnn_layer.test(weight=4, requires="rnn_layer_state", kills=["overwrites_previous_state"])
def rnn_layer_leaves_arguments(student, reference, expect):
    """rnn_layer changes neither x_t nor h_prev nor the parameters."""
    del reference
    case = draw_step(still(42), DIFFERENT)
    expect.unchanged(student.rnn_layer, case["x_t"], case["h_prev"], case["parameters"])


# --- forward ------------------------------------------------------------------------------------------------------

forward = exercise("forward")
FORWARD_PARTS = ("yhats", "cache")


def forward_answer(student, expect, *args):
    """Return the learner's yhats and cache."""
    return demand_parts(expect, student.forward(*args), FORWARD_PARTS, name="forward")


def demand_cache(expect, cache, right, *, name):
    """Demand the four entries of a cache; more are allowed."""
    expect.keys(cache, CACHE, name=name)
    for key in CACHE:
        expect.close(cache[key], right[key], name=f"{name}[{key!r}]")


def walked(reference, inputs, parameters):
    """Return sequences with their outputs and the cache's four entries."""
    yhats, cache = reference.forward(inputs, parameters)
    kept = {key: cache[key] for key in CACHE}
    return {"inputs": inputs, "parameters": parameters, "yhats": yhats, "cache": kept}


def steps_of(array):
    """Return the sizes by which a learner is told of a batch of sequences."""
    return {"N": array.shape[0], "T": array.shape[1]}


def demand_outputs_of(student, expect, case):
    """Demand yhats at every step."""
    with expect.case(**steps_of(case["inputs"])):
        yhats, _ = forward_answer(student, expect, case["inputs"], case["parameters"])
        expect.close(yhats, case["yhats"], name="yhats")


def demand_cache_of(student, expect, case):
    """Demand the whole cache."""
    with expect.case(**steps_of(case["inputs"])):
        _, cache = forward_answer(student, expect, case["inputs"], case["parameters"])
        demand_cache(expect, cache, case["cache"], name="cache")


@forward.frozen
def forward_cases(rng, reference):
    """Return short sequences of several sizes."""
    return [walked(reference, draw_inputs(rng, sizes), draw_parameters(rng, sizes)) for sizes in SEVERAL]


@forward.frozen
def forward_single(rng, reference):
    """Return batches of one sequence, one of them of one step."""
    return [walked(reference, draw_inputs(rng, sizes), draw_parameters(rng, sizes)) for sizes in SINGLE]


@forward.frozen
def forward_long(rng, reference):
    """Return sequences of forty steps and more: of the small world, of large numbers, of tiny ones."""
    return [
        walked(reference, draw_inputs(rng, LONG), long_parameters(rng, LONG)),
        walked(reference, 10 * draw_inputs(rng, LONGER), large_parameters(rng, LONGER)),
        walked(reference, draw_inputs(rng, LONG), draw_parameters(rng, LONG, scale=0.01)),
    ]


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
    for case in reference.cases("forward_cases"):
        demand_outputs_of(student, expect, case)


@forward.test(weight=4, kills=["forgets_now_and_then", "previous_state_never_updated"])
def forward_long_sequences(student, reference, expect):
    """forward is right at every step of sequences of forty steps and more, with large and with tiny numbers."""
    for case in reference.cases("forward_long"):
        demand_outputs_of(student, expect, case)


@forward.test(
    weight=3,
    kills=[
        "one_state_cached_many_times",
        "caches_initial_state_too",
        "swaps_states_in_cache",
        "previous_state_never_updated",
        "forgets_now_and_then",
    ],
)
def forward_cache(student, reference, expect):
    """The cache holds the right hs, zs, yhats and inputs of every time step, for short and for long sequences."""
    first, *others = reference.cases("forward_cases")
    # N is not T - 1 in the others: range(N) and range(T - 1) are told apart.
    for case in (*others, first, *reference.cases("forward_long")):
        demand_cache_of(student, expect, case)


@forward.test(requires=["forward_outputs", "forward_cache"], kills=["squeezes_the_batch"])
def forward_one_sequence(student, reference, expect):
    """forward is right for a batch of one sequence."""
    for case in reference.cases("forward_single"):
        demand_outputs_of(student, expect, case)
        demand_cache_of(student, expect, case)


@forward.test(requires=["forward_outputs", "forward_cache"], kills=["squeezes_a_single_step"])
def forward_one_step(student, reference, expect):
    """forward is right for sequences of one step."""
    for sizes in (ONE_STEP, ONE_OF_EACH):
        rng = still(51)
        case = walked(reference, draw_inputs(rng, sizes), draw_parameters(rng, sizes))
        demand_outputs_of(student, expect, case)
        demand_cache_of(student, expect, case)


@forward.test(requires="forward_outputs")
def forward_one_by_one(student, reference, expect):
    """A batch gives for each of its samples what the sample gives alone."""
    rng = still(52)
    inputs, parameters = draw_inputs(rng, DIFFERENT), draw_parameters(rng, DIFFERENT)
    right, _ = reference.forward(inputs, parameters)
    for sample in range(DIFFERENT.N):
        yhats, _ = forward_answer(student, expect, inputs[sample : sample + 1], parameters)
        expect.close(yhats, right[sample : sample + 1], name="yhats of one sample")


@forward.test(weight=2, kills=["state_survives_the_call"], requires="forward_outputs")
def forward_starts_anew(student, reference, expect):
    """Every call of forward starts from a zero state, whatever was called before."""
    rng = still(53)
    inputs, parameters = draw_inputs(rng, DIFFERENT), draw_parameters(rng, DIFFERENT)
    right, _ = reference.forward(inputs, parameters)
    for _ in range(2):
        yhats, _ = forward_answer(student, expect, inputs, parameters)
        expect.close(yhats, right, name="yhats")


@forward.test(weight=2, kills=["act_not_passed_on"], requires=["forward_outputs", "forward_cache"])
def forward_uses_act(student, reference, expect):
    """forward uses the activation that it is given as act."""
    rng = still(54)
    inputs, parameters = draw_inputs(rng, DIFFERENT), draw_parameters(rng, DIFFERENT)
    right, right_cache = reference.forward(inputs, parameters, Softsign())
    yhats, cache = forward_answer(student, expect, inputs, parameters, Softsign())
    expect.close(yhats, right, name="yhats")
    expect.keys(cache, ("hs",), name="cache")
    expect.close(cache["hs"], right_cache["hs"], name="cache['hs']")


@forward.test(weight=6, kills=["keeps_state_in_parameters"], requires="forward_outputs")
def forward_leaves_arguments(student, reference, expect):
    """forward changes neither the inputs nor the parameters."""
    del reference
    expect.unchanged(student.forward, draw_inputs(still(55), DIFFERENT), draw_parameters(still(56), DIFFERENT))


@forward.test(requires=["forward_outputs", "forward_long_sequences", "forward_cache"])
def forward_fresh(student, reference, expect):
    """forward is right for numbers that are drawn anew."""
    sizes = Sizes(N=4, T=9, n_x=3, n_h=2, n_y=5)
    case = walked(reference, draw_inputs(reference.rng, sizes), draw_parameters(reference.rng, sizes))
    demand_outputs_of(student, expect, case)
    demand_cache_of(student, expect, case)


# --- compute_cost -------------------------------------------------------------------------------------------------

compute_cost = exercise("compute_cost")
# Beside probabilities of 0.05 or more, a guard of 1e-8 moves a step's cost by 2e-7 at most, of about 1.5.
COST = {"rtol": 1e-5, "atol": 1e-6}


def draw_outputs(rng, sizes):
    """Draw probabilities (N, T, n_y), none below 0.05."""
    return 0.05 + (1 - 0.05 * sizes.n_y) * draw_soft_targets(rng, sizes)


def demand_cost(student, expect, y, yhats, cost):
    """Demand the cost of a batch."""
    with expect.case(N=y.shape[0], T=y.shape[1], n_y=y.shape[2]):
        answer = student.compute_cost(y, yhats)
        expect.close(answer, cost, name="compute_cost(y, yhats)", sizes=factors(y), **COST)


@compute_cost.frozen
def compute_cost_cases(rng, reference):
    """Return one-hot targets and outputs of several sizes, short and long, with their cost."""
    pairs = [(draw_targets(rng, sizes), draw_outputs(rng, sizes)) for sizes in (*SEVERAL, LONG)]
    return [{"y": y, "yhats": p, "cost": reference.compute_cost(y, p)} for y, p in pairs]


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
        "in_decimal_digits",
        "as_an_array_of_one",
        "large_epsilon",
    ],
)
def compute_cost_values(student, reference, expect):
    """compute_cost gives the mean cross-entropy of a time step, for batches and sequences of several sizes."""
    for case in reference.cases("compute_cost_cases"):
        demand_cost(student, expect, case["y"], case["yhats"], case["cost"])


@compute_cost.test(kills=["cost_of_argmax"], requires="compute_cost_values")
def compute_cost_soft_targets(student, reference, expect):
    """compute_cost is right where a target gives a part to every class."""
    y, yhats = draw_soft_targets(still(61), DIFFERENT), draw_outputs(still(62), DIFFERENT)
    demand_cost(student, expect, y, yhats, reference.compute_cost(y, yhats))


@compute_cost.test(kills=["squeezes_a_single_sequence"], requires="compute_cost_values")
def compute_cost_single(student, reference, expect):
    """compute_cost is right for one sequence alone, and for sequences of one step."""
    for sizes in (ONE_SAMPLE, ONE_STEP, ONE_OF_EACH):
        y, yhats = draw_targets(still(63), sizes), draw_outputs(still(64), sizes)
        demand_cost(student, expect, y, yhats, reference.compute_cost(y, yhats))


@compute_cost.test(weight=2, kills=["logarithm_of_zero", "guard_above_the_bound"], requires="compute_cost_values")
def compute_cost_zero_probability(student, reference, expect):
    """compute_cost stays finite where an output is exactly zero, and is large where that was the right class."""
    del reference
    y = draw_targets(still(65), DIFFERENT)
    worst = student.compute_cost(y, np.roll(y, 1, axis=2))
    number = isinstance(worst, float | np.ndarray) and np.shape(worst) == () and np.isrealobj(worst)
    expect.true(number and np.isfinite(worst), "The cost is no finite number where an output is exactly zero.")
    # A guard of 1e-8 gives 18.42, one of 1e-7 gives 16.12.
    expect.true(worst > 18, "The cost is too small where every right class was given no probability at all.")
    best = student.compute_cost(y, y)
    expect.close(best, 0.0, name="the cost of a perfect prediction", atol=5e-8)


@compute_cost.test(weight=2, kills=["guard_above_the_bound"], requires="compute_cost_values")
def compute_cost_small_probability(student, reference, expect):
    """compute_cost is right where the right class got a very small probability: the guard is at most 1e-8."""
    # Added to 1e-5, 1e-8 moves the logarithm by 0.001 and 1e-7 by 0.01; in place of 3e-8, 1e-7 moves it by 1.2, while
    # 1e-8 that is added moves it by 0.29.
    for probability, allowed in ((1e-5, 3e-3), (3e-8, 0.6)):
        y = draw_targets(still(66), LONG)
        yhats = np.where(y > 0, probability, (1 - probability) / (LONG.n_y - 1))
        cost = reference.compute_cost(y, yhats)
        answer = student.compute_cost(y, yhats)
        expect.close(answer, cost, name="the cost of small probabilities", atol=allowed, rtol=0.0)


@compute_cost.test(kills=["clips_in_place"], requires="compute_cost_values")
def compute_cost_leaves_arguments(student, reference, expect):
    """compute_cost changes neither the targets nor the outputs."""
    del reference
    y, yhats = draw_targets(still(67), DIFFERENT), draw_outputs(still(68), DIFFERENT)
    yhats[0, 0] = np.eye(DIFFERENT.n_y)[0]
    expect.unchanged(student.compute_cost, y, yhats)


@compute_cost.test(requires=["compute_cost_values", "compute_cost_small_probability"])
def compute_cost_fresh(student, reference, expect):
    """compute_cost is right for numbers that are drawn anew."""
    y, yhats = draw_targets(reference.rng, DIFFERENT), draw_outputs(reference.rng, DIFFERENT)
    demand_cost(student, expect, y, yhats, reference.compute_cost(y, yhats))


# --- backward -----------------------------------------------------------------------------------------------------

backward = exercise("backward")
TINY = 1e-17  # for gradients of 1e-11, where a cost of 1 is rounded to 1e-16: no difference of costs comes near it


def draw_problem(rng, sizes, draw=draw_targets):
    """Draw targets, inputs and parameters; the forward pass is the reference's."""
    return {"y": draw(rng, sizes), "inputs": draw_inputs(rng, sizes), "parameters": draw_parameters(rng, sizes)}


def caches_of(reference, case, *act):
    """Return the reference's cache of a problem."""
    return reference.forward(case["inputs"], case["parameters"], *act)[1]


def own_cache(student, expect, case, *act):
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


def solved(reference, case):
    """Return a problem with its gradients."""
    return {**case, "grads": right_gradients(reference, case, caches_of(reference, case))}


def demand_gradients(expect, answer, right, y, *, names=GRADIENTS, atol=1e-9):
    """Demand some of the five gradients."""
    expect.keys(answer, names, name="grads")
    wanted = {name: right[name] for name in names}
    expect.close(answer, wanted, name="grads", sizes=factors(y), atol=atol, picture="scatter")


def demand_gradients_of(student, expect, case, *, names=GRADIENTS, atol=1e-9):
    """Demand the gradients of a problem, from the learner's own cache."""
    with expect.case(**steps_of(case["y"])):
        answer = student.backward(case["y"], case["parameters"], own_cache(student, expect, case))
        demand_gradients(expect, answer, case["grads"], case["y"], names=names, atol=atol)


@backward.frozen
def backward_cases(rng, reference):
    """Return short problems of several sizes with their gradients."""
    return [solved(reference, draw_problem(rng, sizes)) for sizes in SEVERAL]


@backward.frozen
def backward_single(rng, reference):
    """Return problems of one sequence: of several steps, and of one."""
    return [solved(reference, draw_problem(rng, sizes)) for sizes in SINGLE]


@backward.frozen
def backward_long(rng, reference):
    """Return problems of forty steps and more."""
    return [
        solved(reference, draw_problem(rng, sizes) | {"parameters": long_parameters(rng, sizes)})
        for sizes in (LONG, LONGER)
    ]


@backward.frozen
def backward_large(rng, reference):
    """Return problems whose gradients go into the hundreds, where the network is sure and often wrong."""
    cases = [draw_problem(rng, sizes) | {"parameters": large_parameters(rng, sizes)} for sizes in (LONG, LONGER)]
    return [solved(reference, case | {"inputs": 10 * case["inputs"]}) for case in cases]


@backward.frozen
def backward_small(rng, reference):
    """Return problems with gradients near 1e-4, and with some below 1e-10 that no difference of costs can find."""
    near = draw_problem(rng, LONG) | {"parameters": draw_parameters(rng, LONG, scale=1e-3)}
    long, short = draw_problem(rng, LONGER), draw_problem(rng, DIFFERENT)
    for far in (long, short):
        far["parameters"]["Wy"] *= 1e-10
    return [solved(reference, case) for case in (near, long, short)]


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
    for case in reference.cases("backward_cases"):
        demand_gradients_of(student, expect, case, names=("dWy", "dby"))


@backward.test(
    weight=2,
    kills=[
        "not_averaged",
        "derivative_at_state",
        "without_activation_derivative",
        "state_instead_of_previous",
        "last_state_before_first",
        "gradients_transposed",
        "hidden_bias_gradient_as_row",
    ],
)
def backward_one_step(student, reference, expect):
    """All five gradients are right for sequences of one time step."""
    for case in (draw_problem(still(71), ONE_STEP), draw_problem(still(72), ONE_STEP._replace(N=2, n_x=3))):
        demand_gradients_of(student, expect, solved(reference, case))


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
        "hidden_bias_gradient_as_row",
        "differences_of_the_cost",
    ],
)
def backward_through_time(student, reference, expect):
    """All five gradients are right for sequences of several steps, for several sizes, however small they are."""
    for case in reference.cases("backward_cases"):
        demand_gradients_of(student, expect, case)
    demand_gradients_of(student, expect, reference.cases("backward_small")[2], atol=TINY)


@backward.test(weight=6, kills=["no_carry_through_time", "carry_dropped_now_and_then"])
def backward_long_sequences(student, reference, expect):
    """All five gradients are right for sequences of forty steps and more: nothing is cut off on the way back."""
    for case in reference.cases("backward_long"):
        demand_gradients_of(student, expect, case)


@backward.test(
    weight=4,
    kills=["clips_each_gradient", "clips_the_length", "carry_dropped_now_and_then", "differences_of_the_cost"],
    requires="backward_output_layer",
)
def backward_large_gradients(student, reference, expect):
    """Large gradients are right: they are neither limited nor cut."""
    for case in reference.cases("backward_large"):
        demand_gradients_of(student, expect, case)


@backward.test(weight=4, kills=["differences_of_the_cost"], requires="backward_output_layer")
def backward_small_gradients(student, reference, expect):
    """The gradients are exact where they are very small, which differences of the cost are not."""
    near, far, _ = reference.cases("backward_small")
    demand_gradients_of(student, expect, near, atol=1e-14)
    demand_gradients_of(student, expect, far, atol=TINY)


@backward.test(
    weight=2,
    kills=["squeezes_a_single_sample_away"],
    requires=["backward_output_layer", "backward_one_step", "backward_through_time"],
)
def backward_one_sequence(student, reference, expect):
    """All five gradients are right for a batch of one sequence."""
    for case in reference.cases("backward_single"):
        demand_gradients_of(student, expect, case)


@backward.test(requires="backward_through_time")
def backward_zero_at_targets(student, reference, expect):
    """Every gradient is zero where each prediction equals its target."""
    case = draw_problem(still(73), DIFFERENT)
    predicted = caches_of(reference, case)["yhats"]
    answer = student.backward(predicted, case["parameters"], own_cache(student, expect, case))
    zeros = {f"d{name}": np.zeros(shape) for name, shape in shapes(DIFFERENT).items()}
    demand_gradients(expect, answer, zeros, case["y"])


@backward.test(kills=["largest_target_only"], requires="backward_output_layer")
def backward_soft_targets(student, reference, expect):
    """The gradients of the output layer are right where a target gives a part to every class."""
    case = solved(reference, draw_problem(still(74), DIFFERENT, draw_soft_targets))
    demand_gradients_of(student, expect, case, names=("dWy", "dby"))


@backward.test(weight=3, kills=["always_tanh_derivative"], requires="backward_one_step")
def backward_uses_act_derivative(student, reference, expect):
    """backward uses the derivative that it is given as act_derivative."""
    act = Softsign()
    case = draw_problem(still(75), ONE_STEP._replace(N=4))
    own = own_cache(student, expect, case, act)
    answer = student.backward(case["y"], case["parameters"], own, act.derivative)
    right = reference.backward(case["y"], case["parameters"], caches_of(reference, case, act), act.derivative)
    demand_gradients(expect, answer, right, case["y"])


@backward.test(kills=["subtracts_in_the_cache"], requires="backward_output_layer")
def backward_leaves_arguments(student, reference, expect):
    """backward changes neither the targets nor the parameters nor the cache, so that it can be called again."""
    del reference
    case = draw_problem(still(76), DIFFERENT)
    expect.unchanged(student.backward, case["y"], case["parameters"], own_cache(student, expect, case))


@backward.test(weight=3, kills=["adds_to_the_last_call"], requires="backward_output_layer")
def backward_twice(student, reference, expect):
    """A second call of backward gives the same gradients as the first."""
    case = draw_problem(still(77), DIFFERENT)
    right = right_gradients(reference, case, caches_of(reference, case))
    own = own_cache(student, expect, case)
    for _ in range(2):
        answer = student.backward(case["y"], case["parameters"], own)
        demand_gradients(expect, answer, right, case["y"], names=("dWy", "dby"))


@backward.test(
    requires=[
        "backward_through_time",
        "backward_long_sequences",
        "backward_large_gradients",
        "backward_small_gradients",
    ]
)
def backward_fresh(student, reference, expect):
    """All five gradients are right for numbers that are drawn anew."""
    case = draw_problem(reference.rng, Sizes(N=4, T=6, n_x=3, n_h=2, n_y=5))
    demand_gradients_of(student, expect, solved(reference, case))


@backward.gradient
def gradient_of_own_cost(student, reference, expect):
    """Return the learner's cost as it follows from the parameters, and what the learner's backward makes of it."""
    case = draw_problem(reference.rng, DIFFERENT)

    def cost(parameters):
        yhats, _ = forward_answer(student, expect, case["inputs"], parameters)
        return student.compute_cost(case["y"], yhats)

    answer = student.backward(case["y"], case["parameters"], own_cache(student, expect, case))
    expect.keys(answer, GRADIENTS, name="grads")
    return cost, case["parameters"], {name: answer[f"d{name}"] for name in PARAMETERS}


# --- network ------------------------------------------------------------------------------------------------------

network = exercise("network")


class Net(NamedTuple):
    """A learner's network with parameters of ours in it, and what it is tried on."""

    handle: Handle
    parameters: dict
    inputs: np.ndarray
    y: np.ndarray


def made_net(student, expect, sizes, *act):
    """Make a learner's network; of the parameters that it draws, only the shapes are demanded."""
    made = student.RecurrentNeuralNetwork(sizes.n_x, sizes.n_y, sizes.n_h, *act)
    methods = ("initialize_parameters", "forward", "backward")
    handle = demand_object(expect, made, methods, name="RecurrentNeuralNetwork(...)")
    demand_shapes(expect, handle.parameters, sizes, name="network.parameters")
    return handle


def make_net(student, expect, rng, sizes=DIFFERENT, *act, draw=draw_parameters):
    """Make a learner's network and write parameters of ours into its arrays, as training does."""
    handle = made_net(student, expect, sizes, *act)
    parameters = draw(rng, sizes)
    write(student, handle, parameters)
    return Net(handle, parameters, draw_inputs(rng, sizes), draw_targets(rng, sizes))


def write(student, handle, parameters):
    """Write values into the arrays of a learner's network, in place."""
    mine = handle.parameters
    arrays = student.library("operator", "attrgetter")("parameters.values")(handle)()
    values = [parameters.get(name, value) for name, value in mine.items()]
    copied = student.library("builtins", "map")(student.library("numpy", "copyto"), arrays, values)
    student.library("builtins", "list")(copied)


def demand_outputs(reference, expect, net, answer, *act):
    """Demand the outputs that the network's parameters give."""
    right, _ = reference.forward(net.inputs, net.parameters, *act)
    expect.close(answer, right, name="the network's output")


def demand_grads(reference, expect, net, act):
    """Demand, in network.grads, the gradients of the network's parameters at net.inputs and net.y."""
    _, caches = reference.forward(net.inputs, net.parameters, act)
    right = reference.backward(net.y, net.parameters, caches, act.derivative)
    answer = net.handle.grads
    expect.keys(answer, GRADIENTS, name="network.grads")
    wanted = {name: right[name] for name in GRADIENTS}
    expect.close(answer, wanted, name="network.grads", sizes=factors(net.y), picture="scatter")


def demand_both_ways(reference, expect, net, act):
    """Demand the outputs of a forward pass and the gradients of the backward pass after it."""
    demand_outputs(reference, expect, net, net.handle.forward(net.inputs), act)
    net.handle.backward(net.y)
    demand_grads(reference, expect, net, act)


@network.test(
    kills=[
        "SwapsOutputAndHidden",
        "ForgetsToInitialize",
        "CallForgetsReturn",
        "ReturnsCacheToo",
        "InitializesInForward",
        "ReadsACopyOfItsParameters",
    ],
)
def network_outputs(student, reference, expect):
    """Called or through forward, the network gives the outputs that its parameters give, as they are at that time."""
    student.seed(31)
    for sizes in (*SEVERAL, LONG):
        with expect.case(N=sizes.N, T=sizes.T):
            net = make_net(student, expect, still(81), sizes)
            demand_outputs(reference, expect, net, net.handle(net.inputs))
            demand_outputs(reference, expect, net, net.handle.forward(net.inputs))


@network.test(kills=["ForgetsGradients"], requires="network_outputs")
def network_gradients(student, reference, expect):
    """After forward and backward, network.grads holds the gradients of the network's parameters."""
    student.seed(32)
    for sizes in (DIFFERENT, LONG):
        with expect.case(N=sizes.N, T=sizes.T):
            net = make_net(student, expect, still(82), sizes)
            demand_both_ways(reference, expect, net, reference.Tanh())


@network.test(kills=["KeepsNoCaches"], requires="network_outputs")
def network_caches(student, reference, expect):
    """After forward, network.caches holds the states, outputs and inputs of that call."""
    student.seed(33)
    net = make_net(student, expect, still(83))
    net.handle.forward(net.inputs)
    _, right = reference.forward(net.inputs, net.parameters)
    demand_cache(expect, net.handle.caches, right, name="network.caches")


@network.test(weight=2, kills=["TinyParameters"], requires="network_outputs")
def network_draws_parameters(student, reference, expect):
    """A new network's weights scatter as those of exercise 3 do, and its biases are zero."""
    del reference
    student.seed(34)
    sizes = Sizes(N=1, T=1, n_x=10, n_h=60, n_y=25)
    parameters = made_net(student, expect, sizes).parameters
    for key in ("Wx", "Wh", "Wy"):
        demand_spread(expect, parameters[key], key)
    for key in ("bh", "by"):
        expect.close(parameters[key], np.zeros(shapes(sizes)[key]), name=f"parameters[{key!r}]")


@network.test(requires=["network_outputs", "network_gradients"])
def network_one_sequence(student, reference, expect):
    """The network is right for a batch of one sequence."""
    student.seed(35)
    for sizes in SINGLE:
        with expect.case(N=sizes.N, T=sizes.T):
            net = make_net(student, expect, still(84), sizes)
            demand_both_ways(reference, expect, net, reference.Tanh())


@network.test(kills=["ClipsInBackward"], requires=["network_outputs", "network_gradients"])
def network_large_gradients(student, reference, expect):
    """The network's gradients are right where they are large: backward does not limit them."""
    student.seed(36)
    net = make_net(student, expect, still(85), LONG, draw=large_parameters)
    net = net._replace(inputs=10 * net.inputs)
    demand_both_ways(reference, expect, net, reference.Tanh())


@network.test(
    weight=20,
    kills=["ForwardForgetsActivation", "BackwardForgetsActivation"],
    requires=["network_outputs", "network_gradients"],
)
def network_uses_act(student, reference, expect):
    """The network's forward and backward use the activation that it was made with, and its derivative."""
    student.seed(37)
    net = make_net(student, expect, still(86), DIFFERENT, Softsign())
    demand_both_ways(reference, expect, net, Softsign())


@network.test(
    weight=20, kills=["StaleCaches", "AccumulatesGradients"], requires=["network_outputs", "network_gradients"]
)
def network_backward_after_another_forward(student, reference, expect):
    """backward belongs to the latest forward, and holds nothing of an earlier one."""
    student.seed(38)
    net = make_net(student, expect, still(87))
    net.handle.forward(draw_inputs(still(88), DIFFERENT))
    net.handle.backward(draw_targets(still(89), DIFFERENT))
    net.handle.forward(net.inputs)
    net.handle.backward(net.y)
    demand_grads(reference, expect, net, reference.Tanh())


@network.test(
    weight=18,
    kills=["SharesClassParameters", "SharesDefaultDictionary"],
    requires=["network_outputs", "network_gradients", "network_draws_parameters"],
)
def network_instances_share_nothing(student, reference, expect):
    """Two networks have parameters, caches and gradients of their own."""
    student.seed(39)
    drawn, other = (made_net(student, expect, DIFFERENT).parameters for _ in range(2))
    differ = not np.array_equal(drawn["Wx"], other["Wx"])
    expect.true(differ, "Two networks, made one after the other, have the same weights.")
    one, two = make_net(student, expect, still(90)), make_net(student, expect, still(91))
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
    student.seed(40)
    net = make_net(student, expect, still(92))
    net.handle.initialize_parameters()
    again = net.handle.parameters
    demand_shapes(expect, again, DIFFERENT, name="network.parameters")
    expect.true(not np.array_equal(again["Wx"], net.parameters["Wx"]), "The weights are still the old ones.")
    demand_outputs(reference, expect, net._replace(parameters=again), net.handle(net.inputs))


@network.test(requires=["network_outputs", "network_gradients"])
def network_leaves_all_alone(student, reference, expect):
    """Neither forward nor backward changes the parameters, or what it is given; a second call gives the same."""
    student.seed(41)
    net = make_net(student, expect, still(93))
    expect.unchanged(net.handle.forward, net.inputs)
    expect.unchanged(net.handle.backward, net.y)
    demand_outputs(reference, expect, net, net.handle(net.inputs))
    expect.close(net.handle.parameters, net.parameters, name="network.parameters")


@network.test(requires=["network_outputs", "network_gradients", "network_large_gradients"])
def network_fresh(student, reference, expect):
    """The network is right for numbers that are drawn anew."""
    student.seed(42)
    net = make_net(student, expect, reference.rng)
    demand_both_ways(reference, expect, net, reference.Tanh())


# --- what a mistake does to the training --------------------------------------------------------------------------


def training(names):
    """Train on an echo of two steps as the notebook does, for fewer iterations; return the last cost."""
    np.random.seed(1)
    inputs, targets = names["make_echo_data"](batch_size=10, sequence_length=12, n_classes=4, delay=2)
    network = names["RecurrentNeuralNetwork"](input_size=4, output_size=4, hidden_size=40)
    return names["train"](network, inputs, targets, learning_rate=0.5, max_iter=60, print_every=0)[-1]
