"""Hidden tests of gated_cells.

Sizes differ from one another, biases and states are not zero, a memory has entries beyond 1.5, and T is 3 or more
wherever a special case is not the point. Beside this small world stand forty steps, weights three times as large,
gradients in the hundreds and near 1e-5, pre-activations of 900, and a memory of 1e8 beside which no difference tells.

A layer is tried with cells of ours as well, which are neither of the learner's and no LSTM in disguise: so a wrong
LSTM costs the layer nothing. What decides stands in frozen cases; fresh draws come beside them and are compared
loosely: they tell code that computes from code that has learnt answers by heart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradekit.hidden import exercise

# Of float64 in another order of summation 1e-13 is left after 40 steps; float32 and differences are off by 1e-8.
EXACT = 1e-9
FRESH = 1e-2
SMALL = 1e-3  # beside the largest value of an array, what is small is compared that much more closely
FULL = 1e8  # an entry of the memory; a cost in which it stands does not tell parameters apart that differ by 1e-5

LSTM_CACHE = ("x", "h_prev", "c_prev", "i", "f", "g", "o", "c")
GRU_CACHE = ("x", "h_prev", "r", "z", "n", "u")
GRADIENTS = ("dWx", "dWh", "db")


class Sizes(NamedTuple):
    N: int
    D: int
    H: int


DIFFERENT = Sizes(N=3, D=4, H=5)
NARROW = Sizes(N=4, D=2, H=3)
EQUAL = Sizes(N=2, D=4, H=4)
SEVERAL = (DIFFERENT, NARROW, EQUAL)
OTHER = Sizes(N=2, D=5, H=3)  # of fresh cases: another size, so that a message can tell them from the frozen ones
ONES = (Sizes(N=1, D=3, H=2), Sizes(N=1, D=1, H=1), Sizes(N=2, D=1, H=1))


def near(rtol, *arrays):
    """Return tolerances for arrays, each of which has its own scale; of fresh ones, small entries do not count."""
    scale = min(float(np.abs(array).max(initial=0.0)) for array in arrays)
    return {"rtol": rtol, "atol": rtol * scale * (1 if rtol == FRESH else SMALL)}


def demand(expect, answer, right, *, name, rtol=EXACT, **more):
    """Demand one array, up to rounding."""
    expect.close(answer, right, name=name, **near(rtol, right), **more)


def demand_parts(expect, answer, names, *, name):
    """Demand a tuple of as many parts as there are names, and return it."""
    ok = isinstance(answer, tuple | list) and len(answer) == len(names)
    things = "1 thing" if len(names) == 1 else f"{len(names)} things"
    expect.true(ok, f"{name} must return {things}: {', '.join(names)}.")
    return answer


def demand_tuple(expect, answer, size, *, name):
    """Demand as many states as there are, in a tuple or list, and return them."""
    many = "one array in a tuple" if size == 1 else f"a tuple of {size} arrays"
    ok = isinstance(answer, tuple | list) and len(answer) == size
    expect.true(ok, f"{name} must be {many}.")
    return answer


def draw_cell(rng, sizes, blocks, scale=0.5):
    """Draw the parameters of a cell, the bias too, with the deviation `scale`."""
    _, D, H = sizes
    shapes = {"Wx": (D, blocks * H), "Wh": (H, blocks * H), "b": (blocks * H,)}
    return {name: scale * rng.standard_normal(shape) for name, shape in shapes.items()}


def draw_states(rng, sizes, count):
    """Draw states by number; the first lies within (-1, 1), a second has entries beyond 1.5."""
    shape = (sizes.N, sizes.H)
    first, second = np.tanh(rng.standard_normal(shape)), 1.5 * rng.standard_normal(shape)
    second.flat[0] = 2.0 + abs(second.flat[0])
    return {f"s{k}": state for k, state in enumerate((first, second)[:count])}


def states_of(case, name="states"):
    """Return states that a case holds by number as the tuple that goes to a function."""
    return tuple(case[name].values())


def numbered(states):
    """Return states by number, as a case can hold them."""
    return {f"s{k}": state for k, state in enumerate(states)}


def said(case):
    """Return the sizes by which a learner is told of a case."""
    return {"N": case["N"], "D": case["D"], "H": case["H"]}


def both_answers(student, expect, function, cases):
    """Return what a function of the learner's gives for two tuples of arguments, both read after the second call."""
    arguments = zip(*cases, strict=True)
    both = student.library("builtins", "list")(student.library("builtins", "map")(function, *map(list, arguments)))
    expect.true(isinstance(both, list) and len(both) == 2, "Two calls do not give two answers.")
    return both


# --- steps: the LSTM's and the GRU's ----------------------------------------------------------------------------------


class Kind(NamedTuple):
    """What a cell's two exercises have in common: its names, its blocks, its states, and its public keys."""

    step: str
    backward: str
    blocks: int
    states: int
    keys: tuple[str, ...]
    names: tuple[str, ...]


LSTM = Kind("lstm_step", "lstm_step_backward", 4, 2, LSTM_CACHE, ("h", "c"))
GRU = Kind("gru_step", "gru_step_backward", 3, 1, GRU_CACHE, ("h",))


def draw_step(rng, kind, sizes, scale=0.5):
    """Draw what a step needs."""
    return {
        **sizes._asdict(),
        "x": rng.standard_normal((sizes.N, sizes.D)),
        "states": draw_states(rng, sizes, kind.states),
        "parameters": draw_cell(rng, sizes, kind.blocks, scale),
    }


def draw_saturated(rng, kind, sizes):
    """Draw a step in which pre-activations of some units are 900, of others -900, and the memory is far from 0."""
    case = draw_step(rng, kind, sizes)
    case["parameters"]["b"] = case["parameters"]["b"] + 900.0 * rng.choice([-1, 0, 1], kind.blocks * sizes.H)
    case["states"] = {name: 8.0 * state for name, state in case["states"].items()}
    case["x"] *= 4.0
    return case


def with_step(reference, kind, case):
    """Return a case with what the step gives."""
    states, cache = getattr(reference, kind.step)(case["x"], states_of(case), case["parameters"])
    return {**case, "after": numbered(states), "cache": {key: cache[key] for key in kind.keys}}


def step_arguments(case):
    """Return what a step is called with."""
    return case["x"], states_of(case), case["parameters"]


def step_answer(student, expect, kind, case):
    """Return the learner's new states and cache."""
    answer = getattr(student, kind.step)(*step_arguments(case))
    states, cache = demand_parts(expect, answer, ("the new states", "cache"), name=kind.step)
    return demand_tuple(expect, states, kind.states, name="the new states"), cache


def demand_states(student, expect, kind, cases):
    """Demand the new states of every case."""
    for case in cases:
        with expect.case(**said(case)):
            states, _ = step_answer(student, expect, kind, case)
            for name, state, right in zip(kind.names, states, states_of(case, "after"), strict=True):
                demand(expect, state, right, name=f"the new {name}", rtol=case.get("rtol", EXACT))


def demand_caches(student, expect, kind, cases):
    """Demand the cache of every case; more keys are allowed."""
    for case in cases:
        with expect.case(**said(case)):
            _, cache = step_answer(student, expect, kind, case)
            expect.keys(cache, kind.keys, name="cache")
            for key in kind.keys:
                demand(expect, cache[key], case["cache"][key], name=f"cache[{key!r}]")


def small_and_large(rng, reference, kind):
    """Return a step with tiny weights, one with large weights, inputs and states, and two that are saturated."""
    tiny, large = draw_step(rng, kind, NARROW, 1e-4), draw_step(rng, kind, DIFFERENT, 1.5)
    large["x"] *= 6.0
    large["states"] = {name: 20.0 * state for name, state in large["states"].items()}
    cases = [tiny, large, *(draw_saturated(rng, kind, sizes) for sizes in (DIFFERENT, NARROW))]
    return [with_step(reference, kind, case) for case in cases]


def several_steps(reference, kind, cases):
    """Return the frozen steps and a fresh one."""
    fresh = with_step(reference, kind, draw_step(reference.rng, kind, OTHER, 0.3))
    return [*reference.cases(cases), {**fresh, "rtol": FRESH}]


def demand_alive(student, reference, expect, kind):
    """Demand that a second call touches nothing of what a first one has returned."""
    cases = [with_step(reference, kind, draw_step(np.random.default_rng(number), kind, DIFFERENT)) for number in (5, 6)]
    both = both_answers(student, expect, getattr(student, kind.step), [step_arguments(case) for case in cases])
    for case, answer, which in zip(cases, both, ("first", "second"), strict=True):
        states, cache = demand_parts(expect, answer, ("the new states", "cache"), name=kind.step)
        demand_tuple(expect, states, kind.states, name="the new states")
        expect.keys(cache, kind.keys, name="cache")
        said_of = f"of a {which} call, after both,"
        for name, state, right in zip(kind.names, states, states_of(case, "after"), strict=True):
            demand(expect, state, right, name=f"the new {name} {said_of}")
        for key in kind.keys:
            demand(expect, cache[key], case["cache"][key], name=f"cache[{key!r}] {said_of}")


# --- lstm -------------------------------------------------------------------------------------------------------------

lstm = exercise("lstm")


@lstm.frozen
def lstm_cases(rng, reference):
    """Return steps of several sizes with what they give."""
    return [with_step(reference, LSTM, draw_step(rng, LSTM, sizes)) for sizes in SEVERAL]


@lstm.frozen
def lstm_ones(rng, reference):
    """Return steps of one sample or of one unit."""
    return [with_step(reference, LSTM, draw_step(rng, LSTM, sizes)) for sizes in ONES]


@lstm.frozen
def lstm_scales(rng, reference):
    """Return steps with tiny and large numbers."""
    return small_and_large(rng, reference, LSTM)


@lstm.test(
    weight=4,
    kills=[
        "gates_in_another_order",
        "input_and_forget_exchanged",
        "candidate_with_sigmoid",
        "memory_shown_without_tanh",
        "lstm_without_bias",
        "output_from_old_memory",
        "memory_returned_first",
        "forgets_with_one_minus_input",
    ],
)
def lstm_states(student, reference, expect):
    """The new h and c of an LSTM's step are right, for batches and layers of several sizes."""
    demand_states(student, expect, LSTM, several_steps(reference, LSTM, "lstm_cases"))


@lstm.test(weight=2, kills=["old_memory_in_cache"])
def lstm_cache(student, reference, expect):
    """The cache holds the eight arrays that the way back needs."""
    demand_caches(student, expect, LSTM, reference.cases("lstm_cases"))


@lstm.test(weight=2, kills=["sigmoid_that_overflows"], requires="lstm_states")
def lstm_large_and_tiny(student, reference, expect):
    """The step is right for pre-activations of 900, a memory far beyond 1, and for tiny weights."""
    demand_states(student, expect, LSTM, reference.cases("lstm_scales"))
    demand_caches(student, expect, LSTM, reference.cases("lstm_scales"))


@lstm.test(kills=["squeezes_its_states"], requires="lstm_states")
def lstm_one_sample_or_unit(student, reference, expect):
    """The step is right for a single sample, and where the state is a single number."""
    demand_states(student, expect, LSTM, reference.cases("lstm_ones"))
    demand_caches(student, expect, LSTM, reference.cases("lstm_ones"))


@lstm.test(weight=3, kills=["forgets_in_place"], requires="lstm_states")
def lstm_leaves_arguments(student, reference, expect):
    """lstm_step changes neither x nor the states nor the parameters."""
    expect.unchanged(student.lstm_step, *step_arguments(draw_step(np.random.default_rng(7), LSTM, DIFFERENT)))


# Heavy, since the layer keeps the caches of all steps.
@lstm.test(weight=5, requires=["lstm_states", "lstm_cache"], kills=["one_cache_for_all_steps"])
def lstm_twice(student, reference, expect):
    """A second call touches nothing of what a first one has returned."""
    demand_alive(student, reference, expect, LSTM)


# --- going a step back ------------------------------------------------------------------------------------------------


def with_slopes(reference, kind, case):
    """Return a step with all that follows from the gradients by its new states."""
    _, cache = getattr(reference, kind.step)(*step_arguments(case))
    dx, before, grads = getattr(reference, kind.backward)(states_of(case, "above"), cache, case["parameters"])
    return {**case, "dx": dx, "before": numbered(before), "grads": grads}


def draw_back(rng, kind, sizes, scale=0.5, *, above=1.0):
    """Draw a step and gradients by its new states."""
    case = draw_step(rng, kind, sizes, scale)
    shape = (sizes.N, sizes.H)
    return {**case, "above": numbered(above * rng.standard_normal(shape) for _ in range(kind.states))}


def draw_full(rng, kind, sizes):
    """Draw a step back where an entry of the last state is so large that no difference of a cost tells anything."""
    case = draw_back(rng, kind, sizes)
    last = f"s{kind.states - 1}"
    case["states"][last][0, 0] = FULL
    if kind is GRU:  # its old state goes through a product as well
        case["parameters"]["Wh"] = np.zeros_like(case["parameters"]["Wh"])
    return case


def own_cache(student, expect, kind, case):
    """Return the learner's own cache of a step, which may hold more than was asked for.

    Where the learner's step is wrong, follow-through puts the reference's in its place.
    """
    answer = getattr(student, kind.step)(*step_arguments(case))
    ok = isinstance(answer, tuple | list) and len(answer) == 2 and isinstance(answer[1], dict)
    expect.true(ok, f"{kind.step} does not return states and a dictionary, so there is no cache to go on with.")
    return answer[1]


def back_arguments(student, expect, kind, case):
    """Return what going back is called with."""
    return states_of(case, "above"), own_cache(student, expect, kind, case), case["parameters"]


def back_answer(expect, answer, kind):
    """Take the learner's gradients apart."""
    names = ("dx", "the gradients by the old states", "grads")
    dx, before, grads = demand_parts(expect, answer, names, name=kind.backward)
    demand_tuple(expect, before, kind.states, name="the gradients by the old states")
    expect.keys(grads, GRADIENTS, name="grads")
    return dx, before, grads


def demand_slopes(expect, answer, kind, case, *, also=""):
    """Demand all gradients of a step."""
    dx, before, grads = back_answer(expect, answer, kind)
    rtol = case.get("rtol", EXACT)
    right = {name: case["grads"][name] for name in GRADIENTS}
    expect.close(grads, right, name=f"grads{also}", **near(rtol, *right.values()), sizes={"N": case["N"]})
    for name, got, wanted in zip(kind.names, before, states_of(case, "before"), strict=True):
        demand(expect, got, wanted, name=f"d{name}_prev{also}", rtol=rtol, picture="scatter")
    demand(expect, dx, case["dx"], name=f"dx{also}", rtol=rtol, picture="scatter")


def demand_back(student, expect, kind, cases):
    """Demand all gradients of every case."""
    backward = getattr(student, kind.backward)
    for case in cases:
        with expect.case(**said(case)):
            demand_slopes(expect, backward(*back_arguments(student, expect, kind, case)), kind, case)


def several_back(reference, kind, cases):
    """Return the frozen steps back and a fresh one."""
    fresh = with_slopes(reference, kind, draw_back(reference.rng, kind, OTHER, 0.3))
    return [*reference.cases(cases), {**fresh, "rtol": FRESH}]


def slopes_of_several(rng, reference, kind):
    """Return steps back of several sizes, the first of them with a full memory."""
    cases = [draw_full(rng, kind, DIFFERENT), *(draw_back(rng, kind, sizes) for sizes in SEVERAL)]
    return [with_slopes(reference, kind, case) for case in cases]


def slopes_of_scales(rng, reference, kind):
    """Return steps back with gradients in the hundreds and near 1e-5, saturated gates, a full memory."""
    cases = [draw_back(rng, kind, DIFFERENT, 1.5, above=100.0), draw_back(rng, kind, NARROW, above=1e-5)]
    shut = draw_back(rng, kind, DIFFERENT)
    shut["parameters"]["b"] = shut["parameters"]["b"] + 900.0 * rng.choice([-1, 0, 0, 1], kind.blocks * DIFFERENT.H)
    return [with_slopes(reference, kind, case) for case in (*cases, shut, draw_full(rng, kind, NARROW))]


def slopes_of_ones(rng, reference, kind):
    """Return steps back of one sample or of one unit."""
    return [with_slopes(reference, kind, draw_back(rng, kind, sizes)) for sizes in ONES]


def demand_back_twice(student, reference, expect, kind):
    """Demand that a call can be repeated, and that a second one touches nothing of what a first one has returned."""
    cases = [with_slopes(reference, kind, draw_back(np.random.default_rng(number), kind, NARROW)) for number in (8, 9)]
    arguments = [back_arguments(student, expect, kind, case) for case in cases]
    both = both_answers(student, expect, getattr(student, kind.backward), arguments)
    for case, answer, which in zip(cases, both, ("first", "second"), strict=True):
        demand_slopes(expect, answer, kind, case, also=f" of a {which} call, after both,")


# --- lstm_backward ----------------------------------------------------------------------------------------------------

lstm_backward = exercise("lstm_backward")


@lstm_backward.frozen
def lstm_backward_cases(rng, reference):
    """Return steps back of several sizes."""
    return slopes_of_several(rng, reference, LSTM)


@lstm_backward.frozen
def lstm_backward_roads(rng, reference):
    """Return steps back with a gradient by h alone, and by c alone."""
    cases = [draw_back(rng, LSTM, sizes) for sizes in (DIFFERENT, NARROW) for _ in range(2)]
    for case, silent in zip(cases, ("s1", "s0") * 2, strict=True):
        case["above"][silent] = np.zeros_like(case["above"][silent])
    return [with_slopes(reference, LSTM, case) for case in cases]


@lstm_backward.frozen
def lstm_backward_scales(rng, reference):
    """Return steps back with large and with tiny gradients."""
    return slopes_of_scales(rng, reference, LSTM)


@lstm_backward.frozen
def lstm_backward_ones(rng, reference):
    """Return steps back of one sample or of one unit."""
    return slopes_of_ones(rng, reference, LSTM)


@lstm_backward.test(
    weight=4,
    kills=[
        "memory_gradient_not_carried",
        "slope_of_tanh_left_out",
        "slope_at_tanh_of_memory",
        "new_memory_for_old",
        "memory_for_its_tanh",
        "output_gate_from_memory",
        "candidate_slope_of_sigmoid",
        "memory_back_without_forget_gate",
        "road_through_h_left_out",
        "gates_without_slopes",
        "mean_of_the_batch",
        "blocks_back_in_another_order",
    ],
)
def lstm_backward_values(student, reference, expect):
    """All gradients of an LSTM's step are right, exactly, for batches and layers of several sizes."""
    demand_back(student, expect, LSTM, several_back(reference, LSTM, "lstm_backward_cases"))


@lstm_backward.test(weight=2, kills=["slope_of_tanh_left_out", "memory_gradient_not_carried", "memory_for_its_tanh"])
def lstm_backward_each_road(student, reference, expect):
    """All gradients are right where only h has something to say, and where only c has."""
    demand_back(student, expect, LSTM, reference.cases("lstm_backward_roads"))


@lstm_backward.test(weight=3, kills=["limits_its_gradients"])
def lstm_backward_large_and_tiny(student, reference, expect):
    """Gradients in the hundreds, and gradients near 0.00001, come out as they are, also beside saturated gates."""
    demand_back(student, expect, LSTM, reference.cases("lstm_backward_scales"))


@lstm_backward.test(requires="lstm_backward_values")
def lstm_backward_one_sample_or_unit(student, reference, expect):
    """All gradients have the right shape and values for a single sample, and where the state is a single number."""
    demand_back(student, expect, LSTM, reference.cases("lstm_backward_ones"))


@lstm_backward.test(weight=3, kills=["adds_to_dc_in_place"], requires="lstm_backward_values")
def lstm_backward_leaves_arguments(student, reference, expect):
    """lstm_step_backward changes neither dstates nor the cache nor the parameters."""
    case = draw_back(np.random.default_rng(10), LSTM, DIFFERENT)
    expect.unchanged(student.lstm_step_backward, *back_arguments(student, expect, LSTM, case))


@lstm_backward.test(requires="lstm_backward_values")
def lstm_backward_twice(student, reference, expect):
    """A second call touches nothing of what a first one has returned."""
    demand_back_twice(student, reference, expect, LSTM)


# --- gru --------------------------------------------------------------------------------------------------------------

gru = exercise("gru")


@gru.frozen
def gru_cases(rng, reference):
    """Return steps of several sizes with what they give."""
    return [with_step(reference, GRU, draw_step(rng, GRU, sizes)) for sizes in SEVERAL]


@gru.frozen
def gru_ones(rng, reference):
    """Return steps of one sample or of one unit."""
    return [with_step(reference, GRU, draw_step(rng, GRU, sizes)) for sizes in ONES]


@gru.frozen
def gru_scales(rng, reference):
    """Return steps with tiny and large numbers."""
    return small_and_large(rng, reference, GRU)


@gru.test(
    weight=4,
    kills=[
        "update_gate_exchanged",
        "reset_before_the_product",
        "reset_over_the_input_too",
        "update_gate_first",
        "without_reset_gate",
        "state_not_in_a_tuple",
        "candidate_without_bias",
    ],
)
def gru_states(student, reference, expect):
    """The new h of a GRU's step is right, for batches and layers of several sizes."""
    demand_states(student, expect, GRU, several_steps(reference, GRU, "gru_cases"))


@gru.test(weight=2, kills=["reset_product_in_cache"])
def gru_cache(student, reference, expect):
    """The cache holds the six arrays that the way back needs."""
    demand_caches(student, expect, GRU, reference.cases("gru_cases"))


@gru.test(weight=2, requires="gru_states")
def gru_large_and_tiny(student, reference, expect):
    """The step is right for pre-activations of 900, states far beyond 1, and for tiny weights."""
    demand_states(student, expect, GRU, reference.cases("gru_scales"))
    demand_caches(student, expect, GRU, reference.cases("gru_scales"))


@gru.test(requires="gru_states")
def gru_one_sample_or_unit(student, reference, expect):
    """The step is right for a single sample, and where the state is a single number."""
    demand_states(student, expect, GRU, reference.cases("gru_ones"))
    demand_caches(student, expect, GRU, reference.cases("gru_ones"))


@gru.test(weight=4, kills=["writes_into_old_state"], requires="gru_states")
def gru_leaves_arguments(student, reference, expect):
    """gru_step changes neither x nor the state nor the parameters."""
    expect.unchanged(student.gru_step, *step_arguments(draw_step(np.random.default_rng(11), GRU, DIFFERENT)))


@gru.test(requires=["gru_states", "gru_cache"])
def gru_twice(student, reference, expect):
    """A second call touches nothing of what a first one has returned."""
    demand_alive(student, reference, expect, GRU)


# --- gru_backward -----------------------------------------------------------------------------------------------------

gru_backward = exercise("gru_backward")


@gru_backward.frozen
def gru_backward_cases(rng, reference):
    """Return steps back of several sizes."""
    return slopes_of_several(rng, reference, GRU)


@gru_backward.frozen
def gru_backward_scales(rng, reference):
    """Return steps back with large and with tiny gradients."""
    return slopes_of_scales(rng, reference, GRU)


@gru_backward.frozen
def gru_backward_ones(rng, reference):
    """Return steps back of one sample or of one unit."""
    return slopes_of_ones(rng, reference, GRU)


@gru_backward.test(
    weight=5,
    kills=[
        "straight_road_left_out",
        "reset_gradient_from_candidate",
        "update_gradient_of_wrong_sign",
        "candidate_back_without_reset",
        "reset_in_the_bias_too",
        "candidate_without_slope",
        "gru_gates_without_slopes",
        "update_gate_exchanged_on_the_way_back",
    ],
)
def gru_backward_values(student, reference, expect):
    """All gradients of a GRU's step are right, exactly, for batches and layers of several sizes."""
    demand_back(student, expect, GRU, several_back(reference, GRU, "gru_backward_cases"))


@gru_backward.test(weight=3, kills=["cuts_gru_gradients_to_norm"])
def gru_backward_large_and_tiny(student, reference, expect):
    """Gradients in the hundreds, and gradients near 0.00001, come out as they are, also beside saturated gates."""
    demand_back(student, expect, GRU, reference.cases("gru_backward_scales"))


@gru_backward.test(requires="gru_backward_values")
def gru_backward_one_sample_or_unit(student, reference, expect):
    """All gradients have the right shape and values for a single sample, and where the state is a single number."""
    demand_back(student, expect, GRU, reference.cases("gru_backward_ones"))


@gru_backward.test(weight=3, kills=["scales_dh_in_place"], requires="gru_backward_values")
def gru_backward_leaves_arguments(student, reference, expect):
    """gru_step_backward changes neither dstates nor the cache nor the parameters."""
    case = draw_back(np.random.default_rng(12), GRU, DIFFERENT)
    expect.unchanged(student.gru_step_backward, *back_arguments(student, expect, GRU, case))


@gru_backward.test(requires="gru_backward_values")
def gru_backward_twice(student, reference, expect):
    """A second call touches nothing of what a first one has returned."""
    demand_back_twice(student, reference, expect, GRU)


# --- cells of ours, for the layer -------------------------------------------------------------------------------------


def one_step(x, states, parameters):
    """Take one step of a cell of ours with one state and one block: h = a / (1 + |a|).

    The cache has the keys of the notebook's plain cell, so that whoever runs that one instead gets numbers: an error in
    a function of ours has another name on the learner's side, and would leave the mistake without one.
    """
    (before,) = states
    a = x @ parameters["Wx"] + before @ parameters["Wh"] + parameters["b"]
    after = a / (1 + np.abs(a))
    return (after,), {"x": x, "before": before, "after": after}


def one_step_backward(dstates, cache, parameters):
    """Go one step of that cell back."""
    da = dstates[0] * (1 - np.abs(cache["after"])) ** 2
    slopes = {"dWx": cache["x"].T @ da, "dWh": cache["before"].T @ da, "db": da.sum(axis=0)}
    return da @ parameters["Wx"].T, (da @ parameters["Wh"].T,), slopes


def two_step(x, states, parameters):
    """Take one step of a cell of ours with two states and four blocks; no gate is a sigmoid."""
    h, c = states
    a = np.split(x @ parameters["Wx"] + h @ parameters["Wh"] + parameters["b"], 4, axis=1)
    after = 0.9 * c + np.sin(a[0]) + 0.2 * a[1]
    return (np.cos(a[2]) * np.sin(after) + 0.1 * a[3], after), {"x": x, "h": h, "a2": a[2], "a0": a[0], "c": after}


def two_step_backward(dstates, cache, parameters):
    """Go one step of that cell back."""
    dh, dc = dstates
    dc = dc + dh * np.cos(cache["a2"]) * np.cos(cache["c"])
    blocks = [dc * np.cos(cache["a0"]), 0.2 * dc, -dh * np.sin(cache["a2"]) * np.sin(cache["c"]), 0.1 * dh]
    da = np.concatenate(blocks, axis=1)
    slopes = {"dWx": cache["x"].T @ da, "dWh": cache["h"].T @ da, "db": da.sum(axis=0)}
    return da @ parameters["Wx"].T, (da @ parameters["Wh"].T, 0.9 * dc), slopes


class Ours(NamedTuple):
    """A cell that a layer is tried with."""

    step: object
    backward: object
    blocks: int
    states: int


ONE, TWO = Ours(one_step, one_step_backward, 1, 1), Ours(two_step, two_step_backward, 4, 2)

# --- layer ------------------------------------------------------------------------------------------------------------

layer = exercise("layer")
SHORT = ((DIFFERENT, 3), (NARROW, 7), (EQUAL, 4))
LAYER_PARTS = ("hs", "the last states", "caches")
BACK_PARTS = ("dxs", "the gradients by the initial states", "grads")


def draw_mask(rng, N, T):
    """Draw a mask of lengths in no order, one of them T and one 1, with a hole in the middle of the longest."""
    lengths = rng.integers(1, T + 1, size=N)
    lengths[0], lengths[-1] = max(T - 1, 1), 1
    if N > 1:
        lengths[1] = T
    mask = (np.arange(T) < lengths[:, None]).astype(float)
    if T > 2 and N > 1:
        mask[1, T // 2] = 0.0
    return mask


def draw_layer(rng, cell, sizes, T, *, masked, scale=0.5, above=1.0):
    """Draw what a layer needs on its way forward and on its way back; at padding stands rubbish."""
    N, D, H = sizes
    mask = draw_mask(rng, N, T) if masked else np.ones((N, T))
    xs = rng.standard_normal((N, T, D))
    return {
        **sizes._asdict(),
        "T": T,
        "xs": np.where(mask[:, :, None] > 0, xs, 1e6),
        "mask": mask,
        "masked": int(masked),
        "states": draw_states(rng, sizes, cell.states),
        "parameters": draw_cell(rng, sizes, cell.blocks, scale),
        "dhs": above * rng.standard_normal((N, T, H)),
        "above": numbered(above * rng.standard_normal((N, H)) for _ in range(cell.states)),
    }


def mask_of(case):
    """Return a case's mask as the arguments that end a call: none where it is not masked."""
    return (case["mask"],) if case["masked"] else ()


def with_layer(reference, cell, case):
    """Return a case with all that a layer gives, forwards and backwards."""
    mask, parameters = mask_of(case), case["parameters"]
    hs, last, caches = reference.run_layer(cell.step, case["xs"], states_of(case), parameters, *mask)
    above = states_of(case, "above")
    dxs, first, grads = reference.run_layer_backward(cell.backward, case["dhs"], above, caches, parameters, *mask)
    return {**case, "hs": hs, "last": numbered(last), "dxs": dxs, "first": numbered(first), "grads": grads}


def layer_sizes(case):
    """Return the sizes by which a learner is told of a layer's case."""
    return {"N": case["N"], "T": case["T"], "H": case["H"], "number of states": len(case["states"])}


def forward_answer(student, expect, step, case):
    """Return what the learner's layer gives, taken apart."""
    answer = student.run_layer(step, case["xs"], states_of(case), case["parameters"], *mask_of(case))
    hs, last, caches = demand_parts(expect, answer, LAYER_PARTS, name="run_layer")
    demand_tuple(expect, last, len(case["states"]), name="the last states")
    ok = isinstance(caches, list | tuple) and len(caches) == case["T"]
    expect.true(ok, "caches is no list with a cache for each step.")
    return hs, last, caches


def demand_forward(student, expect, step, case):
    """Demand hs and the last states; return the caches."""
    hs, last, caches = forward_answer(student, expect, step, case)
    rtol = case.get("rtol", EXACT)
    demand(expect, hs, case["hs"], name="hs", rtol=rtol)
    for number, (state, right) in enumerate(zip(last, states_of(case, "last"), strict=True)):
        demand(expect, state, right, name=f"number {number} of the last states", rtol=rtol)
    return caches


def back_call(case, backward, caches):
    """Return what a layer's way back is called with."""
    return backward, case["dhs"], states_of(case, "above"), caches, case["parameters"], *mask_of(case)


def demand_layer_slopes(expect, answer, case):
    """Demand all that comes back from a layer."""
    dxs, first, grads = demand_parts(expect, answer, BACK_PARTS, name="run_layer_backward")
    demand_tuple(expect, first, len(case["states"]), name="the gradients by the initial states")
    expect.keys(grads, GRADIENTS, name="grads")
    rtol, right = case.get("rtol", EXACT), {name: case["grads"][name] for name in GRADIENTS}
    sizes = {"N": case["N"], "T": case["T"]}
    expect.close(grads, right, name="grads", **near(rtol, *right.values()), sizes=sizes)
    for number, (got, wanted) in enumerate(zip(first, states_of(case, "first"), strict=True)):
        demand(expect, got, wanted, name=f"number {number} of the initial states' gradients", rtol=rtol)
    demand(expect, dxs, case["dxs"], name="dxs", rtol=rtol)
    if case["masked"]:
        demand(
            expect,
            np.asarray(dxs)[case["mask"] == 0],
            np.zeros((int(np.sum(case["mask"] == 0)), case["D"])),
            name="dxs where the mask is 0",
        )


def demand_backward(student, expect, step, backward, case):
    """Demand all that comes back, upon the learner's own way forward."""
    _, _, caches = forward_answer(student, expect, step, case)
    demand_layer_slopes(expect, student.run_layer_backward(*back_call(case, backward, caches)), case)


@layer.frozen
def layer_plain(rng, reference):
    """Return sequences of several lengths without a mask: read by the cell of one state, and of two."""
    cases = []
    for (sizes, T), cell in zip((*SHORT, DIFFERENT_SHORT), (ONE, TWO, ONE, TWO), strict=True):
        cases.append(with_layer(reference, cell, draw_layer(rng, cell, sizes, T, masked=False)))
    return cases


DIFFERENT_SHORT = (Sizes(N=2, D=3, H=4), 5)


@layer.frozen
def layer_masked(rng, reference):
    """Return sequences with a mask: read by the cell of one state, and of two."""
    cases = []
    for (sizes, T), cell in zip((*SHORT, DIFFERENT_SHORT), (TWO, ONE, TWO, ONE), strict=True):
        cases.append(with_layer(reference, cell, draw_layer(rng, cell, sizes, T, masked=True)))
    return cases


@layer.frozen
def layer_long(rng, reference):
    """Return sequences of forty steps, one with gradients in the hundreds, one with a mask and tiny gradients."""
    cases = []
    for cell, masked, above in ((ONE, False, 100.0), (TWO, True, 1e-5)):
        case = draw_layer(rng, cell, NARROW, 40, masked=masked, scale=0.2, above=above)
        whole, _ = np.linalg.qr(rng.standard_normal((NARROW.H, NARROW.H)))
        if cell is ONE:  # so that the beginning is felt at the end
            case["parameters"] |= {"Wh": 1.3 * whole, "Wx": 0.1 * case["parameters"]["Wx"]}
        case["states"] = {name: 8.0 * state for name, state in case["states"].items()}
        cases.append(with_layer(reference, cell, case))
    return cases


@layer.frozen
def layer_ones(rng, reference):
    """Return a single step, a single sequence, a single unit."""
    sizes = ((Sizes(N=3, D=2, H=4), 1), (Sizes(N=1, D=2, H=3), 5), (Sizes(N=1, D=1, H=1), 3), (Sizes(N=1, D=1, H=1), 1))
    return [with_layer(reference, ONE, draw_layer(rng, ONE, each, T, masked=T == 5)) for each, T in sizes]


def cells_for(cases):
    """Pair cases with the cell of ours that has as many states."""
    return [(ONE if len(case["states"]) == 1 else TWO, case) for case in cases]


def fresh_layer(reference, cell, *, masked):
    """Return a case of fresh numbers."""
    case = draw_layer(reference.rng, cell, OTHER, 5, masked=masked, scale=0.3)
    return {**with_layer(reference, cell, case), "rtol": FRESH}


@layer.test(
    weight=3,
    kills=["state_never_handed_on", "states_of_one_step_only", "steps_first", "always_the_plain_cell"],
)
def layer_forward(student, reference, expect):
    """run_layer gives the right states at every step and at the end, for cells of ours with one state and with two."""
    for cell, case in cells_for([*reference.cases("layer_plain"), fresh_layer(reference, TWO, masked=False)]):
        with expect.case(**layer_sizes(case)):
            demand_forward(student, expect, cell.step, case)


@layer.test(
    weight=4,
    kills=[
        "mask_on_the_first_state_only",
        "zero_where_masked",
        "mask_forgotten",
        "rows_of_hs_zeroed",
        "one_minus_mask",
    ],
)
def layer_forward_masked(student, reference, expect):
    """Where the mask is 0 all states are kept, in the middle and at the end, whatever stands at padding."""
    for cell, case in cells_for([*reference.cases("layer_masked"), fresh_layer(reference, ONE, masked=True)]):
        with expect.case(**layer_sizes(case)):
            demand_forward(student, expect, cell.step, case)


@layer.test(
    weight=4,
    kills=[
        "end_gradient_dropped",
        "gradients_of_one_step",
        "no_carry_between_steps",
        "only_the_last_step_speaks",
        "averaged_over_the_steps",
        "gradients_of_all_calls",
    ],
)
def layer_backward(student, reference, expect):
    """run_layer_backward gives the right gradients by inputs, initial states and parameters, without a mask."""
    for cell, case in cells_for([*reference.cases("layer_plain"), fresh_layer(reference, TWO, masked=False)]):
        with expect.case(**layer_sizes(case)):
            demand_backward(student, expect, cell.step, cell.backward, case)


@layer.test(weight=4, kills=["backward_as_if_run", "gradient_lost_at_masked_steps", "mask_on_inputs_only"])
def layer_backward_masked(student, reference, expect):
    """Where the mask is 0 the gradient by the states goes past the step, and dxs is 0."""
    for cell, case in cells_for([*reference.cases("layer_masked"), fresh_layer(reference, ONE, masked=True)]):
        with expect.case(**layer_sizes(case)):
            demand_backward(student, expect, cell.step, cell.backward, case)


@layer.test(weight=4, kills=["limits_what_it_carries"], requires=["layer_forward", "layer_backward"])
def layer_long_sequences(student, reference, expect):
    """Forty steps are right, forwards and backwards, with gradients in the hundreds and with tiny ones."""
    for cell, case in cells_for(reference.cases("layer_long")):
        with expect.case(**layer_sizes(case)):
            demand_layer_slopes(
                expect,
                student.run_layer_backward(
                    *back_call(case, cell.backward, demand_forward(student, expect, cell.step, case))
                ),
                case,
            )


@layer.test(requires=["layer_forward", "layer_backward"])
def layer_of_one(student, reference, expect):
    """A single step, a single sequence and a single unit are right, forwards and backwards."""
    for cell, case in cells_for(reference.cases("layer_ones")):
        with expect.case(**layer_sizes(case)):
            demand_forward(student, expect, cell.step, case)
            demand_backward(student, expect, cell.step, cell.backward, case)


@layer.test(weight=2, requires=["layer_forward_masked", "layer_backward_masked"])
def layer_of_your_cells(student, reference, expect):
    """The layer runs your LSTM and your GRU, forwards and backwards, with a mask."""
    for kind in (LSTM, GRU):
        step, backward = getattr(reference, kind.step), getattr(reference, kind.backward)
        cell = Ours(step, backward, kind.blocks, kind.states)
        case = with_layer(reference, cell, draw_layer(np.random.default_rng(13), cell, NARROW, 4, masked=True))
        with expect.case(**layer_sizes(case)):
            own = getattr(student, kind.step), getattr(student, kind.backward)
            demand_forward(student, expect, own[0], case)
            demand_backward(student, expect, *own, case)


@layer.test(weight=2, kills=["writes_into_dhs"], requires=["layer_forward_masked", "layer_backward_masked"])
def layer_leaves_arguments(student, reference, expect):
    """Neither way changes what it is given."""
    case = draw_layer(np.random.default_rng(14), TWO, DIFFERENT, 4, masked=True)
    expect.unchanged(student.run_layer, TWO.step, case["xs"], states_of(case), case["parameters"], case["mask"])
    _, _, caches = forward_answer(student, expect, TWO.step, case)
    expect.unchanged(student.run_layer_backward, *back_call(case, TWO.backward, caches))


@layer.test(weight=2, requires=["layer_forward", "layer_backward"])
def layer_twice(student, reference, expect):
    """A second sequence begins anew, forwards and backwards, whatever a first one has left."""
    for cell, case in cells_for(reference.cases("layer_plain")[:2]):
        with expect.case(**layer_sizes(case)):
            for _ in range(2):
                caches = demand_forward(student, expect, cell.step, case)
            for _ in range(2):
                answer = student.run_layer_backward(*back_call(case, cell.backward, caches))
                demand_layer_slopes(expect, answer, case)


# --- bidirectional ----------------------------------------------------------------------------------------------------

bidirectional = exercise("bidirectional")
LENGTHS = ((4, (2, 4, 1)), (6, (6, 1, 3, 5)), (3, (3, 3)))


def draw_sequences(rng, T, lengths, D):
    """Draw sequences (N, T, D) with rubbish behind their ends."""
    xs = rng.standard_normal((len(lengths), T, D))
    return np.where((np.arange(T) < np.asarray(lengths)[:, None])[:, :, None], xs, 1e6 + np.arange(T)[:, None])


def draw_both(rng, cell, T, lengths, D, H, scale=0.5):
    """Draw what both directions need."""
    sizes = Sizes(len(lengths), D, H)
    return {
        **sizes._asdict(),
        "T": T,
        "xs": draw_sequences(rng, T, lengths, D),
        "lengths": np.array(lengths),
        "forwards": draw_cell(rng, sizes, cell.blocks, scale),
        "backwards": draw_cell(rng, sizes, cell.blocks, scale),
        "two": int(cell.states == 2),
    }


def with_both(reference, cell, case):
    """Return a case with what both directions give."""
    given = (case["xs"], case["lengths"], case["forwards"], case["backwards"])
    hs, (ahead, behind) = reference.run_both(cell.step, *given)
    return {**case, "hs": hs, "ahead": numbered(ahead), "behind": numbered(behind)}


def both_answer(student, expect, step, case):
    """Return what the learner's run_both gives, taken apart."""
    answer = student.run_both(step, case["xs"], case["lengths"], case["forwards"], case["backwards"])
    hs, last = demand_parts(expect, answer, ("hs", "the pair of last states"), name="run_both")
    ways = demand_parts(expect, last, ("the last states forwards", "backwards"), name="run_both's second part")
    for way in ways:
        demand_tuple(expect, way, len(case["ahead"]), name="the last states of a direction")
    return hs, ways


def inside(array, case):
    """Return an array (N, T, ...) with zeros behind the ends: what stands there is free."""
    real = np.arange(case["T"]) < case["lengths"][:, None]
    return np.where(real[:, :, None], array, 0.0)


def demand_hs(student, expect, step, case):
    """Demand both halves of hs inside the lengths."""
    hs, _ = both_answer(student, expect, step, case)
    shape = case["hs"].shape
    ok = isinstance(hs, np.ndarray) and hs.shape == shape and hs.dtype.kind in "fiu"
    expect.true(ok, "hs is no array of shape (N, T, 2H).", kind="shape")
    H, rtol = case["H"], case.get("rtol", EXACT)
    mine, right = inside(hs, case), inside(case["hs"], case)
    demand(expect, mine[:, :, :H], right[:, :, :H], name="the first half of hs, inside the lengths", rtol=rtol)
    demand(expect, mine[:, :, H:], right[:, :, H:], name="the second half of hs, inside the lengths", rtol=rtol)


def demand_last(student, expect, step, case):
    """Demand the last states of both directions."""
    _, ways = both_answer(student, expect, step, case)
    for way, states in zip(("ahead", "behind"), ways, strict=True):
        name = "a last state forwards" if way == "ahead" else "a last state backwards"
        for state, right in zip(states, states_of(case, way), strict=True):
            demand(expect, state, right, name=name, rtol=case.get("rtol", EXACT))


def both_sizes(case):
    """Return the sizes by which a learner is told of a case of both directions."""
    return {"N": case["N"], "T": case["T"], "H": case["H"]}


@bidirectional.frozen
def both_cases(rng, reference):
    """Return sequences of different lengths, and of equal ones, read by cells of ours in both directions."""
    cases = []
    for (T, lengths), cell, (D, H) in zip(LENGTHS, (ONE, TWO, ONE), ((2, 5), (3, 2), (4, 4)), strict=True):
        cases.append(with_both(reference, cell, draw_both(rng, cell, T, lengths, D, H)))
    return cases


@bidirectional.frozen
def both_long(rng, reference):
    """Return sequences of up to forty steps whose ends feel their beginnings; and one of a single step and unit."""
    case = draw_both(rng, ONE, 40, (40, 17, 33), 2, 3, 0.2)
    for way in ("forwards", "backwards"):
        case[way]["Wh"] = 1.3 * np.linalg.qr(rng.standard_normal((3, 3)))[0]
    loud = draw_both(rng, TWO, 5, (5, 2), 3, 2)
    for way in ("forwards", "backwards"):
        loud[way]["b"][2:4] += 30.0  # the second state grows beyond 5 in a few steps
    small = draw_both(rng, ONE, 1, (1,), 1, 1)
    return [with_both(reference, cell, each) for cell, each in ((ONE, case), (TWO, loud), (ONE, small))]


def ours_for(case):
    """Return the cell of ours that a case is read by."""
    return TWO if case["two"] else ONE


def demand_reversed(student, reference, expect, xs, several):
    """Demand sequences of several lengths, turned around."""
    lengths = np.array(several)
    with expect.case(**dict(zip(("N", "T", "D"), xs.shape, strict=True))):
        answer = student.reverse_sequences(xs, lengths)
        expect.close(answer, reference.reverse_sequences(xs, lengths), name="reverse_sequences(xs, lengths)")


@bidirectional.test(weight=2, kills=["whole_array_turned", "returns_what_it_was_given", "only_within_the_longest"])
def reverse_values(student, reference, expect):
    """reverse_sequences turns each sequence around within its length, and leaves what stands behind it."""
    rng = np.random.default_rng(15)
    for T, several in (*LENGTHS, (40, (40, 1, 13))):
        demand_reversed(student, reference, expect, draw_sequences(rng, T, several, 3), several)
    xs = draw_sequences(reference.rng, 5, (3, 5, 2), 2)
    demand_reversed(student, reference, expect, xs, (3, 5, 2))


@bidirectional.test(requires="reverse_values")
def reverse_of_one(student, reference, expect):
    """reverse_sequences is right, and keeps three axes, for one sequence, one step and one number a step."""
    rng = np.random.default_rng(19)
    for T, several, D in ((5, (4,), 3), (1, (1, 1), 3), (5, (4, 2), 1), (1, (1,), 1)):
        demand_reversed(student, reference, expect, draw_sequences(rng, T, several, D), several)


@bidirectional.test(
    weight=3,
    kills=[
        "second_half_not_turned_back",
        "whole_array_reversed",
        "one_set_of_weights",
        "halves_exchanged",
    ],
)
def both_states(student, reference, expect):
    """Both halves of hs are about the same step, inside each sequence's length."""
    fresh = draw_both(reference.rng, ONE, 5, (2, 5, 4), 3, 2, 0.3)
    for case in (*reference.cases("both_cases"), {**with_both(reference, ONE, fresh), "rtol": FRESH}):
        with expect.case(**both_sizes(case)):
            demand_hs(student, expect, ours_for(case).step, case)


@bidirectional.test(
    weight=3,
    kills=[
        "last_column_for_last_states",
        "second_half_of_last_column",
        "last_state_of_first_only",
        "backwards_reads_padding",
    ],
)
def both_last_states(student, reference, expect):
    """The last states are those of each sequence's own end, forwards, and of its beginning, backwards."""
    for case in reference.cases("both_cases"):
        with expect.case(**both_sizes(case)):
            demand_last(student, expect, ours_for(case).step, case)


def demand_both(student, expect, cases):
    """Demand all states and the last ones of both directions."""
    for case in cases:
        with expect.case(**both_sizes(case)):
            demand_hs(student, expect, ours_for(case).step, case)
            demand_last(student, expect, ours_for(case).step, case)


@bidirectional.test(weight=2, requires=["both_states", "both_last_states"])
def both_long_and_loud(student, reference, expect):
    """Forty steps are right in both directions, and a memory that grows."""
    demand_both(student, expect, reference.cases("both_long")[:2])


@bidirectional.test(requires=["both_states", "both_last_states"])
def both_of_one(student, reference, expect):
    """A single step of a single unit is right in both directions."""
    demand_both(student, expect, reference.cases("both_long")[2:])


@bidirectional.test(requires=["both_states", "both_last_states"])
def both_of_your_cells(student, reference, expect):
    """run_both runs your LSTM and your GRU."""
    for kind in (LSTM, GRU):
        cell = Ours(getattr(reference, kind.step), None, kind.blocks, kind.states)
        case = draw_both(np.random.default_rng(16), cell, 5, (4, 2, 5), 2, 3)
        case = with_both(reference, cell, case)
        with expect.case(**both_sizes(case)):
            demand_hs(student, expect, getattr(student, kind.step), case)
            demand_last(student, expect, getattr(student, kind.step), case)


@bidirectional.test(kills=["turns_around_in_place"], requires="reverse_values")
def reverse_leaves_arguments(student, reference, expect):
    """reverse_sequences changes neither the sequences nor their lengths."""
    expect.unchanged(student.reverse_sequences, np.random.default_rng(17).random((3, 4, 2)), np.array([3, 4, 2]))


@bidirectional.test(requires=["both_states", "both_last_states"])
def both_leave_arguments(student, reference, expect):
    """run_both changes nothing that it is given."""
    case = draw_both(np.random.default_rng(18), ONE, 4, (2, 4, 1), 3, 2)
    given = (case["xs"], case["lengths"], case["forwards"], case["backwards"])
    expect.unchanged(student.run_both, ONE.step, *given)


# --- decoder ----------------------------------------------------------------------------------------------------------

decoder = exercise("decoder")
DECODER_GRADIENTS = ("dWx", "dWh", "db", "dWy", "dby")


class Shape(NamedTuple):
    N: int
    T: int
    M: int
    H_c: int
    H: int


MIXED = Shape(N=3, T=4, M=6, H_c=2, H=5)
WIDE = Shape(N=2, T=7, M=3, H_c=6, H=4)
EVEN = Shape(N=4, T=3, M=4, H_c=4, H=4)
WRITERS = (MIXED, WIDE, EVEN)
FEW = (Shape(N=1, T=1, M=3, H_c=2, H=4), Shape(N=1, T=3, M=2, H_c=1, H=1), Shape(N=2, T=1, M=2, H_c=3, H=1))


def draw_writer(rng, shape, scale=0.5):
    """Draw the parameters of a decoder."""
    shapes = {"Wy": (shape.H, shape.M), "by": (shape.M,)}
    cell = draw_cell(rng, Sizes(shape.N, shape.M + shape.H_c, shape.H), 3, scale)
    return cell | {name: scale * rng.standard_normal(each) for name, each in shapes.items()}


def draw_decoding(rng, shape, scale=0.5, *, above=1.0):
    """Draw a context, the right answers a step late, parameters, and gradients by the logits."""
    ys = np.eye(shape.M)[rng.integers(shape.M, size=(shape.N, shape.T))]
    ys[:, 0] = 0.0
    return {
        **shape._asdict(),
        "c": rng.standard_normal((shape.N, shape.H_c)),
        "ys": ys,
        "parameters": draw_writer(rng, shape, scale),
        "dlogits": above * rng.standard_normal((shape.N, shape.T, shape.M)),
    }


def draw_loud(rng, shape):
    """Draw a decoding in which a logit is 1e10, so that no difference of a cost tells anything."""
    case = draw_decoding(rng, shape)
    case["parameters"]["by"][-1] = 1e10
    return case


def with_decoding(reference, case):
    """Return a case with its logits and all gradients."""
    logits, cache = reference.decode_forward(case["c"], case["ys"], case["parameters"])
    dc, grads = reference.decode_backward(case["dlogits"], cache, case["parameters"])
    return {**case, "logits": logits, "dc": dc, "grads": grads}


def shape_of(case):
    """Return the sizes by which a learner is told of a decoding."""
    return {name: case[name] for name in Shape._fields}


def decoding_answer(student, expect, case):
    """Return the learner's logits and cache."""
    answer = student.decode_forward(case["c"], case["ys"], case["parameters"])
    return demand_parts(expect, answer, ("logits", "cache"), name="decode_forward")


def demand_logits(student, expect, cases):
    """Demand the logits of every case."""
    for case in cases:
        with expect.case(**shape_of(case)):
            logits, _ = decoding_answer(student, expect, case)
            demand(expect, logits, case["logits"], name="logits", rtol=case.get("rtol", EXACT))


def demand_decoder_slopes(student, expect, cases):
    """Demand dc and all gradients of every case, upon the learner's own way forward."""
    for case in cases:
        with expect.case(**shape_of(case)):
            _, cache = decoding_answer(student, expect, case)
            answer = student.decode_backward(case["dlogits"], cache, case["parameters"])
            dc, grads = demand_parts(expect, answer, ("dc", "grads"), name="decode_backward")
            expect.keys(grads, DECODER_GRADIENTS, name="grads")
            rtol, sizes = case.get("rtol", EXACT), {"N": case["N"], "T": case["T"]}
            demand(expect, dc, case["dc"], name="dc", rtol=rtol, sizes=sizes, picture="scatter")
            right = {name: case["grads"][name] for name in DECODER_GRADIENTS}
            expect.close(grads, right, name="grads", **near(rtol, *right.values()), sizes=sizes)


@decoder.frozen
def decoder_cases(rng, reference):
    """Return decodings of several sizes, the first with a logit of 1e10."""
    cases = [draw_loud(rng, MIXED), *(draw_decoding(rng, shape) for shape in WRITERS)]
    return [with_decoding(reference, case) for case in cases]


@decoder.frozen
def decoder_scales(rng, reference):
    """Return forty steps, large weights with gradients in the hundreds, and tiny gradients."""
    long = draw_decoding(rng, Shape(N=2, T=40, M=3, H_c=2, H=4), above=10.0)
    long["parameters"]["b"][4:8] += 3.0  # a gate that keeps
    cases = [long, draw_decoding(rng, MIXED, 1.5, above=100.0), draw_decoding(rng, WIDE, above=1e-5)]
    cases[1]["c"] *= 6.0
    return [with_decoding(reference, case) for case in (*cases, draw_loud(rng, WIDE))]


@decoder.frozen
def decoder_few(rng, reference):
    """Return decodings of a single row, step or unit."""
    return [with_decoding(reference, draw_decoding(rng, shape)) for shape in FEW]


def several_decodings(reference):
    """Return the frozen decodings of several sizes and a fresh one."""
    fresh = with_decoding(reference, draw_decoding(reference.rng, Shape(N=2, T=5, M=4, H_c=3, H=2), 0.3))
    return [*reference.cases("decoder_cases"), {**fresh, "rtol": FRESH}]


@decoder.test(
    weight=4,
    kills=[
        "context_at_the_first_step_only",
        "context_before_the_symbols",
        "reads_its_own_output",
        "answers_not_late",
        "shifts_again",
        "logits_without_bias",
        "softmax_for_logits",
        "context_as_first_state",
    ],
)
def decoder_logits(student, reference, expect):
    """The logits are right at every step: the context is read at each, and the symbols as they come."""
    demand_logits(student, expect, several_decodings(reference))


@decoder.test(
    weight=5,
    kills=[
        "context_gradient_of_first_step",
        "context_gradient_of_last_step",
        "context_gradient_averaged",
        "output_gradient_of_last_step",
        "softmax_on_the_way_back",
    ],
)
def decoder_slopes(student, reference, expect):
    """dc and the five gradients of the parameters are right, exactly."""
    demand_decoder_slopes(student, expect, several_decodings(reference))


@decoder.test(weight=4, requires=["decoder_logits", "decoder_slopes"])
def decoder_long_large_and_tiny(student, reference, expect):
    """Forty steps are right, and gradients in the hundreds, and near 0.00001."""
    demand_logits(student, expect, reference.cases("decoder_scales"))
    demand_decoder_slopes(student, expect, reference.cases("decoder_scales"))


@decoder.test(requires=["decoder_logits", "decoder_slopes"])
def decoder_of_one(student, reference, expect):
    """A single row, a single step and a single unit are right."""
    demand_logits(student, expect, reference.cases("decoder_few"))
    demand_decoder_slopes(student, expect, reference.cases("decoder_few"))


@decoder.test(weight=2, kills=["adds_to_kept_gradients"], requires=["decoder_logits", "decoder_slopes"])
def decoder_leaves_arguments(student, reference, expect):
    """Neither way changes what it is given, so that going back twice gives the same."""
    case = with_decoding(reference, draw_decoding(np.random.default_rng(19), MIXED))
    expect.unchanged(student.decode_forward, case["c"], case["ys"], case["parameters"])
    _, cache = decoding_answer(student, expect, case)
    expect.unchanged(student.decode_backward, case["dlogits"], cache, case["parameters"])
    for _ in range(2):
        demand_decoder_slopes(student, expect, [case])


# --- greedy -----------------------------------------------------------------------------------------------------------

greedy = exercise("greedy")
MOST = 7


def draw_talker(rng, reference, shape, end):
    """Draw a decoder of which one row ends at once, one in between, one never; and whose choices are all clear."""
    for _ in range(10_000):
        case = {**shape._asdict(), "end": end, "c": 2.0 * rng.standard_normal((shape.N, shape.H_c))}
        case["parameters"] = draw_writer(rng, shape, 1.5)
        rows = reference.decode_greedily(case["c"], case["parameters"], end, MOST)
        lengths = {len(row) for row in rows}
        told = any(len(set(row)) > 2 for row in rows) and any(1 < n < MOST - 1 for n in lengths)
        if {0, MOST} <= lengths and told and clear(reference, case) > 1e-3:
            return case
    raise ValueError("no such decoder is found")


def clear(reference, case):
    """Return by how much the best logit leads, at worst."""
    N, M = case["N"], case["M"]
    states, y, least = reference.zero_states(case["parameters"], N), np.zeros((N, M)), np.inf
    for _ in range(MOST):
        states, _ = reference.gru_step(np.concatenate([y, case["c"]], axis=1), states, case["parameters"])
        logits = states[0] @ case["parameters"]["Wy"] + case["parameters"]["by"]
        ordered = np.sort(logits, axis=1)
        least = min(least, float((ordered[:, -1] - ordered[:, -2]).min()))
        y = np.eye(M)[logits.argmax(axis=1)]
    return least


TALKERS = ((Shape(N=5, T=1, M=4, H_c=2, H=3), 0), (Shape(N=4, T=1, M=5, H_c=3, H=4), 2), (Shape(6, 1, 4, 4, 4), 3))


@greedy.frozen
def greedy_cases(rng, reference):
    """Return decoders with an end that is the first symbol, one in between, the last."""
    return [draw_talker(rng, reference, shape, end) for shape, end in TALKERS]


def written(student, expect, case, most):
    """Return the learner's rows as lists of whole numbers."""
    answer = student.decode_greedily(case["c"], case["parameters"], case["end"], most)
    ok = isinstance(answer, list | tuple | np.ndarray) and len(np.shape(answer[:0])) > 0
    expect.true(ok and len(answer) == case["N"], "decode_greedily does not return a list with a list for each row.")
    rows = []
    for row in answer:
        is_row = isinstance(row, list | tuple) or (isinstance(row, np.ndarray) and row.ndim == 1)
        expect.true(is_row, "A row that decode_greedily returns is no list.")
        plain = row.tolist() if isinstance(row, np.ndarray) else list(row)
        whole = all(type(i) is int or (type(i) is float and i.is_integer()) for i in plain)
        expect.true(whole, "A row that decode_greedily returns holds something else than whole numbers.")
        rows.append([int(i) for i in plain])
    return rows


def demand_rows(student, reference, expect, case, most):
    """Demand every row."""
    with expect.case(N=case["N"], M=case["M"], end=case["end"], most=most):
        rows = written(student, expect, case, most)
        right = reference.decode_greedily(case["c"], case["parameters"], case["end"], most)
        for number, (row, wanted) in enumerate(zip(rows, right, strict=True)):
            expect.true(len(row) == len(wanted), f"Row {number} is {len(row)} long, which is not right.")
            if wanted:
                expect.close(row, wanted, name=f"row {number}")


@greedy.test(
    weight=4,
    kills=[
        "choice_not_fed_back",
        "stops_all_rows_at_the_first_end",
        "end_is_kept",
        "one_symbol_too_few",
        "feeds_the_probabilities",
        "begins_with_the_end",
        "goes_on_behind_the_end",
        "end_is_the_last_symbol",
        "takes_the_least",
    ],
)
def greedy_rows(student, reference, expect):
    """Every row is what the decoder writes before its own end, at most so many symbols, whichever symbol the end is."""
    for case in reference.cases("greedy_cases"):
        demand_rows(student, reference, expect, case, MOST)


@greedy.test(requires="greedy_rows", kills=["at_least_three"])
def greedy_most(student, reference, expect):
    """Rows are cut after `most` symbols, be it one, or exactly as many as a row has, or forty."""
    for case in reference.cases("greedy_cases"):
        between = [len(row) for row in reference.decode_greedily(case["c"], case["parameters"], case["end"], MOST)]
        exact = next(n for n in between if 0 < n < MOST)
        for most in (1, 2, exact, exact + 1):
            demand_rows(student, reference, expect, case, most)
    demand_rows(student, reference, expect, reference.cases("greedy_cases")[0], 40)


@greedy.test(requires="greedy_rows")
def greedy_row_alone(student, reference, expect):
    """A row alone writes what it writes among others."""
    for case in reference.cases("greedy_cases"):
        for n in range(2):
            demand_rows(student, reference, expect, {**case, "N": 1, "c": case["c"][n : n + 1]}, MOST)


@greedy.test(requires="greedy_rows")
def greedy_fresh(student, reference, expect):
    """Another decoder, drawn anew, writes what it should."""
    shape = Shape(N=3, T=1, M=3, H_c=2, H=4)
    for _ in range(100):
        case = {**shape._asdict(), "end": 1, "c": 2.0 * reference.draw((3, 2))}
        case["parameters"] = draw_writer(reference.rng, shape, 1.5)
        if clear(reference, case) > 1e-3:
            break
    demand_rows(student, reference, expect, case, MOST)


@greedy.test(requires="greedy_rows")
def greedy_leaves_arguments(student, reference, expect):
    """decode_greedily changes neither the context nor the parameters."""
    case = reference.cases("greedy_cases")[0]
    expect.unchanged(student.decode_greedily, case["c"], case["parameters"], case["end"], MOST)


# --- training ---------------------------------------------------------------------------------------------------------


def training(names):
    """Train a small encoder and decoder, and both cells on masked sequences, for a few steps; return the last loss."""
    rng = np.random.default_rng(20)
    total = 0.0
    for name in ("GRU", "LSTM"):
        cell, optimizer = names["cell_named"](name), names["Adam"](1e-2)
        model = {"cell": names["initialise"](cell, 4, 6, rng, 1.0), "out": names["draw_scores"](6, 3, rng)}
        xs, labels = rng.standard_normal((8, 6, 4)), rng.integers(3, size=8)
        mask = names["make_mask"](rng.integers(1, 7, size=8), 6)
        for _ in range(6):
            loss, grads, _ = names["score_gradients"](cell, model, xs, labels, mask)
            optimizer.move(model, grads)
        total += float(loss)
    writer = names["initialise"](names["cell_named"]("GRU"), 3 + 5, 4, rng) | names["draw_scores"](4, 3, rng)
    model, optimizer = {"writer": writer, "context": {"c": rng.standard_normal((6, 5))}}, names["Adam"](1e-2)
    targets, late = names["spelled"](["ab", "b", "aab", "ba", "a", "bb"], "ab")
    for _ in range(6):
        logits, cache = names["decode_forward"](model["context"]["c"], late, model["writer"])
        loss, slope = names["softmax_loss"](logits, targets)
        dc, grads = names["decode_backward"](slope, cache, model["writer"])
        optimizer.move(model, {"writer": grads, "context": {"dc": dc}})
    total += float(loss)
    return total + both_ways(names, rng)


def both_ways(names, rng):
    """Return what both directions say of a few sequences, as one number."""
    cell, lengths = names["cell_named"]("GRU"), np.array([4, 2, 5])
    ways = [names["initialise"](cell, 3, 4, rng, 1.0) for _ in range(2)]
    hs, (ahead, behind) = names["run_both"](cell.step, rng.standard_normal((3, 5, 3)), lengths, *ways)
    inside_alone = names["make_mask"](lengths, 5)[:, :, None] * hs
    return float(np.sum(inside_alone**2) + np.sum(ahead[0] * behind[0]))
