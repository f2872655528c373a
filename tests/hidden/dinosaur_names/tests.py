"""Hidden tests of dinosaur_names.

Sizes differ from one another, n_x and n_y too; biases and the memory before the first step are not zero; names are of
unequal length, one of them of one step, wherever a special case is not the point. What is read is drawn as real
numbers, not one-hot. Beside this small world stand sequences of forty steps and more, gradients far beyond 10 and near
1e-4.

What decides is the same under every seed: frozen cases, or draws from a generator that is seeded here. Fresh draws come
last, behind ``requires=``, and reject what was made for the frozen cases alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradekit.hidden import Handle, exercise

PARAMETERS = ("Wax", "Waa", "Wya", "ba", "by")
GRADIENTS = tuple(f"d{name}" for name in PARAMETERS)
INPUTS = ("dx", "da0")

# Of float64 in another order of summation 1e-12 is left after 70 steps; float32 and differences are off by 1e-8.
EXACT = 1e-9
SMALL = 1e-3  # beside the largest value of an array, what is small is compared that much more closely


class Sizes(NamedTuple):
    m: int
    T_x: int
    n_x: int
    n_a: int
    n_y: int


DIFFERENT = Sizes(m=3, T_x=6, n_x=4, n_a=5, n_y=7)
WIDE = Sizes(m=6, T_x=3, n_x=2, n_a=4, n_y=5)
ALL_EQUAL = Sizes(m=4, T_x=4, n_x=4, n_a=4, n_y=4)
SEVERAL = (WIDE, ALL_EQUAL, DIFFERENT)
ONE_NAME = Sizes(m=1, T_x=5, n_x=3, n_a=2, n_y=4)
ONE_STEP = Sizes(m=3, T_x=1, n_x=2, n_a=5, n_y=4)
ONE_UNIT = Sizes(m=2, T_x=4, n_x=1, n_a=1, n_y=3)
ONE_OF_EACH = Sizes(m=1, T_x=1, n_x=2, n_a=4, n_y=3)
SINGLE = (ONE_NAME, ONE_STEP, ONE_UNIT, ONE_OF_EACH)
LONG = Sizes(m=2, T_x=40, n_x=3, n_a=5, n_y=4)
LONGER = Sizes(m=3, T_x=70, n_x=2, n_a=4, n_y=5)
FRESH = Sizes(m=4, T_x=7, n_x=3, n_a=2, n_y=5)


def shapes(sizes):
    """Return the shape of every parameter."""
    _, _, n_x, n_a, n_y = sizes
    return {"Wax": (n_a, n_x), "Waa": (n_a, n_a), "Wya": (n_y, n_a), "ba": (n_a, 1), "by": (n_y, 1)}


def still(number):
    """Return a generator whose draws are the same for everybody and for ever."""
    return np.random.default_rng(number)


def draw_parameters(rng, sizes, scale=0.5):
    """Draw every parameter, biases too, with the deviation `scale`."""
    return {name: scale * rng.standard_normal(shape) for name, shape in shapes(sizes).items()}


def draw_targets(rng, sizes, *, padded=True):
    """Draw numbers of characters (m, T_x); with padding, the first name is as long as all, the second has one step.

    The last number of all never stands before padding: it is the one that -1 means as an index.
    """
    y = rng.integers(sizes.n_y, size=(sizes.m, sizes.T_x))
    if padded and sizes.m > 1 and sizes.T_x > 1:
        lengths = rng.integers(1, sizes.T_x, size=sizes.m)
        lengths[:2] = sizes.T_x, 1
        for row, length in zip(y, lengths, strict=True):
            row[length - 1] = rng.integers(sizes.n_y - 1)
            row[length:] = -1
    return y


def draw_case(rng, sizes, scale=0.5, *, padded=True):
    """Draw what a batch needs; a0 is not zero."""
    return {
        "x": rng.standard_normal((sizes.n_x, sizes.m, sizes.T_x)),
        "y": draw_targets(rng, sizes, padded=padded),
        "a0": np.tanh(rng.standard_normal((sizes.n_a, sizes.m))),
        "parameters": draw_parameters(rng, sizes, scale),
    }


def draw_long_case(rng, sizes):
    """Draw a batch whose first step is felt at its end: Waa keeps lengths, and tanh stays steep."""
    case = draw_case(rng, sizes)
    whole, _ = np.linalg.qr(rng.standard_normal((sizes.n_a, sizes.n_a)))
    case["parameters"] |= {"Waa": whole, "Wax": 0.1 * case["parameters"]["Wax"], "ba": 0.05 * case["parameters"]["ba"]}
    case["a0"] *= 0.2
    return case


def draw_large_case(rng, sizes):
    """Draw a long batch whose gradients all have entries far beyond 10: sure of itself, and mostly wrong."""
    case = draw_long_case(rng, sizes)
    case["parameters"]["Wya"] *= 40.0
    case["parameters"]["by"][0] = -60.0
    case["y"] = np.where(case["y"] < 0, -1, 0)
    return case


def draw_tiny_case(rng, sizes):
    """Draw a batch whose gradients lie near 1e-4: the right character is nearly certain at every step."""
    case = draw_case(rng, sizes)
    case["y"] = np.where(case["y"] < 0, -1, 1)
    case["parameters"]["by"][1] = 9.0
    return case


def draw_far_case(rng, sizes):
    """Draw a batch in which a wrong character is certain: the loss stands still at its bound, and no nudge moves it."""
    case = draw_case(rng, sizes)
    case["parameters"]["by"][-1] = 5000.0
    case["y"] = np.where(case["y"] == sizes.n_y - 1, 0, case["y"])
    return case


def sizes_of(case):
    """Return the sizes of a batch, by the text's names for them."""
    n_x, m, T_x = case["x"].shape
    n_y, n_a = case["parameters"]["Wya"].shape
    return {"m": m, "T_x": T_x, "n_x": n_x, "n_a": n_a, "n_y": n_y}


def near(rtol, *arrays, small=SMALL):
    """Return tolerances for arrays, each of which has its own scale."""
    scale = min(float(np.abs(array).max()) for array in arrays)
    return {"rtol": rtol, "atol": rtol * scale * small}


def demand(expect, answer, right, *, name, rtol=EXACT, small=SMALL, **more):
    """Demand one array or number, up to rounding."""
    expect.close(answer, right, name=name, **near(rtol, right, small=small), **more)


def demand_parts(expect, answer, names, *, name):
    """Demand a tuple of as many parts as there are names, and return it."""
    ok = isinstance(answer, tuple | list) and len(answer) == len(names)
    expect.true(ok, f"{name} must return {len(names)} things: {', '.join(names)}.")
    return answer


def both_answers(student, expect, function, cases):
    """Return what a function of the learner's gives for two lists of arguments, both read after the second call."""
    arguments = zip(*cases, strict=True)
    both = student.library("builtins", "list")(student.library("builtins", "map")(function, *map(list, arguments)))
    expect.true(isinstance(both, list) and len(both) == 2, "Two calls do not give two answers.")
    return both


# --- batch --------------------------------------------------------------------------------------------------------

batch = exercise("batch")
# The line end first, in the middle, last, among letters in no order; letters that no name has.
FIRST = {"\n": 0, "a": 1, "b": 2, "c": 3, "d": 4}
MIDDLE = {"c": 0, "a": 1, "d": 2, "\n": 3, "b": 4, "x": 5, "y": 6, "z": 7}
LAST = {"d": 0, "b": 1, "a": 2, "c": 3, "e": 4, "\n": 5}
SEVERAL_BATCHES = (
    (["abcd", "b", "dad"], MIDDLE),
    (["c", "caddac", "ab", "bbb", "dd"], LAST),
    (["bad", "abba"], MIDDLE),
    (["da", "c", "bcada"], FIRST),
)
FULL_BATCHES = ((["abc", "dcb", "bba", "cad"], LAST), (["cabd", "adda"], FIRST), (["dab", "bad"], MIDDLE))
LONG_BATCHES = ((["abcd" * 10, "b", "dcab" * 5 + "d"], MIDDLE), (["c" * 43, "ad" * 19], LAST))
SINGLE_BATCHES = ((["cad"], MIDDLE), (["b"], LAST), (["d", "a", "d"], MIDDLE), (["a"], FIRST))


def batch_of(student, expect, names, char_to_ix):
    """Return the learner's x and y."""
    return demand_parts(expect, student.make_batch(names, char_to_ix), ("x", "y"), name="make_batch")


def demand_batch(student, reference, expect, batches, *parts):
    """Demand x, or y, or both, of several lists of names."""
    for names, char_to_ix in batches:
        with expect.case(m=len(names), T_x=max(map(len, names)) + 1):
            answer = batch_of(student, expect, names, char_to_ix)
            right = reference.make_batch(names, char_to_ix)
            for name, got, wanted in zip(("x", "y"), answer, right, strict=True):
                if name in parts:
                    expect.close(got, wanted, name=f"{name} of {len(names)} names")


@batch.test(
    weight=3,
    kills=[
        "padding_is_zero",
        "padding_is_the_line_end",
        "end_left_out",
        "last_letter_for_the_end",
        "targets_are_what_is_read",
        "first_letter_not_guessed",
        "end_at_the_end_of_the_row",
        "one_end_too_many",
        "targets_as_columns",
        "numbers_of_its_own",
    ],
)
def batch_targets(student, reference, expect):
    """y holds each name's letters, then one line end, then -1, for names of unequal length."""
    demand_batch(student, reference, expect, SEVERAL_BATCHES, "y")


@batch.test(
    weight=3,
    kills=[
        "first_letter_read_at_once",
        "padding_reads_line_ends",
        "ones_never_reset",
        "end_is_read_too",
        "batch_axis_first",
        "numbers_for_columns",
        "last_letter_not_read",
    ],
)
def batch_inputs(student, reference, expect):
    """x holds zeros at step 0, then a one-hot column for each letter, then zeros, for names of unequal length."""
    demand_batch(student, reference, expect, SEVERAL_BATCHES, "x")


@batch.test(weight=2, kills=["targets_as_columns", "end_left_out", "last_letter_for_the_end"])
def batch_without_padding(student, reference, expect):
    """x and y are right for names that all have the same length, so that nothing is padded."""
    demand_batch(student, reference, expect, FULL_BATCHES, "x", "y")


@batch.test(weight=2, kills=["always_fifty_steps", "at_most_twenty_letters"])
def batch_long_names(student, reference, expect):
    """x and y are right for names of forty letters beside short ones."""
    demand_batch(student, reference, expect, LONG_BATCHES, "x", "y")


@batch.test(weight=2, kills=["squeezes_its_arrays"], requires=["batch_targets", "batch_inputs"])
def batch_single(student, reference, expect):
    """x and y are right, and have three axes and two, for one name alone and for names of one letter."""
    demand_batch(student, reference, expect, SINGLE_BATCHES, "x", "y")


@batch.test(weight=2, kills=["always_27_characters"], requires="batch_targets")
def batch_any_numbers(student, reference, expect):
    """The numbers are those of char_to_ix, whatever their order, also where no name has some of its letters."""
    char_to_ix = {letter: int(number) for letter, number in zip("q\nwertyuio", still(11).permutation(10), strict=True)}
    batches = ((["wet", "q", "tower"], char_to_ix), (["o", "you"], char_to_ix))
    demand_batch(student, reference, expect, batches, "x", "y")


@batch.test(requires="batch_targets")
def batch_of_integers(student, reference, expect):
    """y holds whole numbers, since they will be used as indices."""
    del reference
    _, y = batch_of(student, expect, ["abcd", "b"], LAST)
    whole = y.dtype.kind in "iu" if isinstance(y, np.ndarray) else all(type(i) is int for row in y for i in row)
    expect.true(whole, "y holds numbers with a decimal point, which cannot be used as indices.")


@batch.test(kills=["one_array_for_all_calls"], requires=["batch_targets", "batch_inputs"])
def batch_starts_anew(student, reference, expect):
    """A second call gives arrays of its own: what a first one returned stays as it was."""
    one, other = ["abd", "c"], ["dab", "b"]
    first, _ = both_answers(student, expect, student.make_batch, ((one, MIDDLE), (other, MIDDLE)))
    first = demand_parts(expect, first, ("x", "y"), name="make_batch")
    for name, got, wanted in zip(("x", "y"), first, reference.make_batch(one, MIDDLE), strict=True):
        expect.close(got, wanted, name=f"{name} of a first call, after a second one,")


@batch.test(weight=6, kills=["appends_to_the_names"], requires="batch_targets")
def batch_leaves_arguments(student, reference, expect):
    """make_batch changes neither the list of names nor the dictionary."""
    del reference
    expect.unchanged(student.make_batch, ["abcd", "b", "dad"], dict(MIDDLE))


@batch.test(requires=["batch_targets", "batch_inputs", "batch_any_numbers"])
def batch_fresh(student, reference, expect):
    """x and y are right for names that are drawn anew."""
    letters = reference.rng.permutation([*"kmnprstvz"])
    char_to_ix = {str(letter): number for number, letter in enumerate([*letters[:4], "\n", *letters[4:]])}
    names = ["".join(reference.rng.choice(letters, size=size)) for size in reference.rng.permutation([1, 3, 5, 8])]
    demand_batch(student, reference, expect, ((names, char_to_ix),), "x", "y")


# --- cell_forward -------------------------------------------------------------------------------------------------

cell_forward = exercise("cell_forward")
CELL = ("a_next", "yt_pred", "cache")
CACHE = ("a_next", "a_prev", "xt", "parameters")


def draw_step(rng, sizes, scale=0.5):
    """Draw one step of a batch; some of what is read is far beyond 5."""
    case = draw_case(rng, sizes, scale)
    xt = case["x"][:, :, 0]
    xt[0, 0] = -7.5
    return {"xt": xt, "a_prev": case["a0"], "parameters": case["parameters"]}


def draw_far_apart(rng, sizes):
    """Draw a step whose scores of one name lie thousands above those of another; each column's differ by little."""
    case = draw_step(rng, sizes)
    case["xt"] = np.where(np.arange(sizes.m) % 2, -1.0, 1.0) * np.ones((sizes.n_x, sizes.m))
    parameters = case["parameters"]
    parameters["Wax"] = 2 + 0.1 * parameters["Wax"]
    parameters["Waa"], parameters["ba"] = 0.1 * parameters["Waa"], 0.1 * parameters["ba"]
    parameters["Wya"] = parameters["Wya"] + 2000 / sizes.n_a
    return case


def stepped(reference, case):
    """Return a step with what it gives."""
    a_next, yt_pred, _ = reference.rnn_cell_forward(case["xt"], case["a_prev"], case["parameters"])
    return {**case, "a_next": a_next, "yt_pred": yt_pred}


def sizes_of_step(case):
    """Return the sizes by which a learner is told of a step."""
    n_y, n_a = case["parameters"]["Wya"].shape
    return {"m": case["xt"].shape[1], "n_x": len(case["xt"]), "n_a": n_a, "n_y": n_y}


def cell_answer(student, expect, case):
    """Return the learner's a_next, yt_pred and cache."""
    answer = student.rnn_cell_forward(case["xt"], case["a_prev"], case["parameters"])
    return demand_parts(expect, answer, CELL, name="rnn_cell_forward")


def demand_cell(student, expect, cases, *names, rtol=EXACT):
    """Demand a_next, or yt_pred, or both, of every step."""
    for case in cases:
        with expect.case(**sizes_of_step(case)):
            for name, got in zip(CELL, cell_answer(student, expect, case), strict=True):
                if name in names:
                    demand(expect, got, case[name], name=name, rtol=rtol)


def demand_cell_cache(expect, cache, right, *, name):
    """Demand the four entries of a step's cache, in their order."""
    cache = demand_parts(expect, cache, CACHE, name=name)
    for number, key in enumerate(CACHE[:3]):
        demand(expect, cache[number], right[key], name=f"{name}[{number}], {key},")
    expect.keys(cache[3], PARAMETERS, name=f"{name}[3], parameters,")
    expect.close(cache[3], right["parameters"], name=f"{name}[3], parameters,")


@cell_forward.frozen
def cell_forward_cases(rng, reference):
    """Return steps of several sizes with what they give; then one with large weights, and one with tiny ones."""
    cases = [draw_step(rng, sizes) for sizes in SEVERAL]
    cases += [draw_step(rng, DIFFERENT, 4.0), draw_step(rng, DIFFERENT, 1e-4)]
    return [stepped(reference, case) for case in cases]


@cell_forward.frozen
def cell_forward_single(rng, reference):
    """Return steps of one name, and steps where the memory, or what is read, is a single number."""
    return [stepped(reference, draw_step(rng, sizes)) for sizes in (ONE_NAME, ONE_UNIT, ONE_OF_EACH)]


@cell_forward.frozen
def cell_forward_extreme(rng, reference):
    """Return steps with huge scores: of some characters, and of one name against another."""
    cases = [draw_step(rng, WIDE), draw_step(rng, DIFFERENT)]
    cases[0]["parameters"]["by"][:2, 0] = 900.0, -900.0
    cases[1]["parameters"]["by"][:2, 0] = 900.0, 899.0
    return [stepped(reference, case) for case in (*cases, draw_far_apart(rng, DIFFERENT), draw_far_apart(rng, WIDE))]


@cell_forward.test(
    weight=3,
    kills=[
        "memory_weights_transposed",
        "without_memory_bias",
        "without_memory",
        "sigmoid_for_tanh",
        "without_tanh",
        "tanh_of_each_part",
    ],
)
def cell_forward_memory(student, reference, expect):
    """a_next has the right values, for batches and layers of several sizes, for large weights and for tiny ones."""
    demand_cell(student, expect, reference.cases("cell_forward_cases"), "a_next")


@cell_forward.test(
    weight=2,
    kills=["guess_from_previous_memory", "without_output_bias", "scores_for_probabilities", "softmax_over_names"],
)
def cell_forward_guess(student, reference, expect):
    """yt_pred has the right values, for batches and layers of several sizes."""
    demand_cell(student, expect, reference.cases("cell_forward_cases"), "yt_pred")


@cell_forward.test(weight=5, kills=["cache_in_another_order", "cache_without_parameters", "cache_before_tanh"])
def cell_forward_cache(student, reference, expect):
    """The cache is (a_next, a_prev, xt, parameters), in this order."""
    for case in reference.cases("cell_forward_cases"):
        with expect.case(**sizes_of_step(case)):
            _, _, cache = cell_answer(student, expect, case)
            demand_cell_cache(expect, cache, case, name="cache")


@cell_forward.test(kills=["squeezes_one_name"], requires=["cell_forward_memory", "cell_forward_guess"])
def cell_forward_one_name(student, reference, expect):
    """a_next and yt_pred are right, and have two axes, for one name alone and where a size is 1."""
    demand_cell(student, expect, reference.cases("cell_forward_single"), "a_next", "yt_pred")


@cell_forward.test(kills=["own_softmax_without_shift", "own_softmax_with_one_shift"], requires="cell_forward_guess")
def cell_forward_huge_scores(student, reference, expect):
    """yt_pred stays finite and right where scores are 900, and where one name's lie far above another's."""
    # Scores in the thousands are rounded to 1e-12, and so are the probabilities.
    demand_cell(student, expect, reference.cases("cell_forward_extreme"), "yt_pred", rtol=1e-7)


@cell_forward.test(weight=5, kills=["writes_into_the_memory"], requires="cell_forward_memory")
def cell_forward_leaves_arguments(student, reference, expect):
    """rnn_cell_forward changes neither xt nor a_prev nor the parameters."""
    del reference
    case = draw_step(still(21), DIFFERENT)
    expect.unchanged(student.rnn_cell_forward, case["xt"], case["a_prev"], case["parameters"])


@cell_forward.test(requires=["cell_forward_memory", "cell_forward_guess"])
def cell_forward_fresh(student, reference, expect):
    """rnn_cell_forward is right for numbers that are drawn anew."""
    demand_cell(student, expect, [stepped(reference, draw_step(reference.rng, FRESH))], "a_next", "yt_pred")


# --- forward ------------------------------------------------------------------------------------------------------

forward = exercise("forward")
FORWARD = ("a", "y_pred", "caches")


def walked(reference, case):
    """Return a batch with its memories and guesses."""
    a, y_pred, _ = reference.rnn_forward(case["x"], case["a0"], case["parameters"])
    return {**case, "a": a, "y_pred": y_pred}


def forward_answer(student, expect, case, **changed):
    """Return the learner's a, y_pred and caches."""
    given = {**case, **changed}
    answer = student.rnn_forward(given["x"], given["a0"], given["parameters"])
    return demand_parts(expect, answer, FORWARD, name="rnn_forward")


def demand_walk(student, expect, cases, *names):
    """Demand a, or y_pred, or both, of every batch."""
    for case in cases:
        with expect.case(**sizes_of(case)):
            for name, got in zip(FORWARD, forward_answer(student, expect, case), strict=True):
                if name in names:
                    demand(expect, got, case[name], name=name)


def demand_caches(student, expect, case):
    """Demand the list of the steps' caches, and x."""
    with expect.case(**sizes_of(case)):
        _, _, caches = forward_answer(student, expect, case)
        steps, x = demand_parts(expect, caches, ("the list of the steps' caches", "x"), name="caches")
        expect.close(x, case["x"], name="caches[1], which is x,")
        ok = isinstance(steps, list | tuple) and len(steps) == case["x"].shape[2]
        expect.true(ok, "caches[0] is no list with one cache for each step.")
        before = case["a0"]
        for t, cache in enumerate(steps):
            a_next, xt = case["a"][:, :, t], case["x"][:, :, t]
            right = {"a_next": a_next, "a_prev": before, "xt": xt, "parameters": case["parameters"]}
            demand_cell_cache(expect, cache, right, name=f"caches[0][{t}]")
            before = a_next


@forward.frozen
def forward_cases(rng, reference):
    """Return batches of several sizes with their memories and guesses; some of what is read is far beyond 5."""
    cases = [draw_case(rng, sizes) for sizes in SEVERAL]
    cases[0]["x"][0, 0] = 7.5
    return [walked(reference, case) for case in cases]


@forward.frozen
def forward_single(rng, reference):
    """Return batches of one name, of one step, and where the memory is a single number."""
    return [walked(reference, draw_case(rng, sizes)) for sizes in SINGLE]


@forward.frozen
def forward_long(rng, reference):
    """Return batches of forty steps and more whose memory lasts; then one with large numbers, one with tiny ones."""
    cases = [*(draw_long_case(rng, sizes) for sizes in (LONG, LONGER)), draw_case(rng, LONG, 4.0)]
    return [walked(reference, case) for case in (*cases, draw_case(rng, LONG, 1e-3))]


@forward.test(
    weight=3,
    kills=[
        "starts_from_zero",
        "memory_never_updated",
        "returns_the_last_memory",
        "first_memory_in_a",
        "reads_backwards",
        "time_axis_first",
        "stops_one_step_early",
    ],
)
def forward_memories(student, reference, expect):
    """a holds the right memory after every step, from an a0 that is not zero, for several sizes."""
    demand_walk(student, expect, reference.cases("forward_cases"), "a")


@forward.test(weight=2, kills=["guesses_one_step_late", "memory_never_updated", "starts_from_zero"])
def forward_guesses(student, reference, expect):
    """y_pred holds the right probabilities at every step, for several sizes."""
    demand_walk(student, expect, reference.cases("forward_cases"), "y_pred")


@forward.test(
    weight=6, kills=["caches_are_a_list", "caches_turned_round", "one_cache_for_all_steps", "last_cache_only"]
)
def forward_caches(student, reference, expect):
    """caches is the list of the caches of all steps, in their order, and x."""
    for case in (*reference.cases("forward_cases"), *reference.cases("forward_single")):
        demand_caches(student, expect, case)


@forward.test(weight=5, kills=["forgets_every_ten_steps", "memory_never_updated", "starts_from_zero"])
def forward_long_sequences(student, reference, expect):
    """a and y_pred are right at every one of 40 and of 70 steps, for large numbers and for tiny ones."""
    demand_walk(student, expect, reference.cases("forward_long"), "a", "y_pred")


@forward.test(kills=["squeezes_its_answers"], requires=["forward_memories", "forward_guesses"])
def forward_one_name_or_step(student, reference, expect):
    """a and y_pred are right, and have three axes, for one name alone, for one step, and where a size is 1."""
    demand_walk(student, expect, reference.cases("forward_single"), "a", "y_pred")


@forward.test(weight=2, kills=["remembers_the_last_batch"], requires="forward_memories")
def forward_starts_from_a0(student, reference, expect):
    """Every call starts from the a0 that it is given, whatever was called before, and makes arrays of its own."""
    one, other = (walked(reference, draw_case(still(number), DIFFERENT)) for number in (31, 32))
    given = [(case["x"], case["a0"], case["parameters"]) for case in (one, other)]
    for case, answer in zip((one, other), both_answers(student, expect, student.rnn_forward, given), strict=True):
        a, *_ = demand_parts(expect, answer, FORWARD, name="rnn_forward")
        demand(expect, a, case["a"], name="a of one of two calls in a row")


@forward.test(kills=["writes_into_a0"], requires="forward_memories")
def forward_leaves_arguments(student, reference, expect):
    """rnn_forward changes neither x nor a0 nor the parameters."""
    del reference
    case = draw_case(still(33), DIFFERENT)
    expect.unchanged(student.rnn_forward, case["x"], case["a0"], case["parameters"])


@forward.test(requires=["forward_memories", "forward_guesses", "forward_long_sequences"])
def forward_fresh(student, reference, expect):
    """rnn_forward is right for numbers that are drawn anew."""
    demand_walk(student, expect, [walked(reference, draw_case(reference.rng, FRESH))], "a", "y_pred")


# --- loss ---------------------------------------------------------------------------------------------------------

loss = exercise("loss")


def draw_guesses(rng, sizes, *, padded=True):
    """Draw probabilities (n_y, m, T_x), none very small, and what was right."""
    drawn = rng.dirichlet(np.ones(sizes.n_y), size=(sizes.m, sizes.T_x))
    y_pred = 0.02 + (1 - 0.02 * sizes.n_y) * np.moveaxis(drawn, 2, 0)
    return {"y_pred": y_pred, "y": draw_targets(rng, sizes, padded=padded)}


def with_loss(reference, case):
    """Return guesses with their loss."""
    return {**case, "loss": reference.names_loss(case["y_pred"], case["y"])}


def demand_loss(student, expect, cases, **tolerance):
    """Demand the loss of every batch, as one number."""
    for case in cases:
        n_y, m, T_x = case["y_pred"].shape
        with expect.case(m=m, T_x=T_x, n_y=n_y):
            answer = student.names_loss(case["y_pred"], case["y"])
            sizes = {"m": m, "T_x": T_x, "n_y": n_y}
            demand(expect, answer, case["loss"], name="names_loss(y_pred, y)", sizes=sizes, **tolerance)


@loss.frozen
def loss_cases(rng, reference):
    """Return guesses without padding, of several sizes and one long, with their loss."""
    cases = [draw_guesses(rng, sizes, padded=False) for sizes in (*SEVERAL, LONG)]
    return [with_loss(reference, case) for case in cases]


@loss.frozen
def loss_padded(rng, reference):
    """Return guesses with padding, short and long; in the last one -1 stands in the middle of a row, too."""
    cases = [draw_guesses(rng, sizes) for sizes in (DIFFERENT, WIDE, ALL_EQUAL, LONG, LONGER)]
    cases.append(draw_guesses(rng, DIFFERENT))
    cases[-1]["y"][0, [1, 4]] = -1
    return [with_loss(reference, case) for case in cases]


@loss.frozen
def loss_single(rng, reference):
    """Return guesses for one name, and for one step."""
    return [with_loss(reference, draw_guesses(rng, sizes)) for sizes in SINGLE]


@loss.test(
    weight=3,
    kills=[
        "mean_over_letters",
        "divided_by_steps_too",
        "divided_by_steps_for_names",
        "not_divided",
        "loss_in_bits",
        "loss_without_minus",
        "last_step_only",
        "sum_of_all_logarithms",
        "one_minus_probability",
        "loss_as_array",
        "divided_by_characters",
    ],
)
def loss_without_padding(student, reference, expect):
    """names_loss sums over the steps and averages over the names, one number, where nothing is padded."""
    demand_loss(student, expect, reference.cases("loss_cases"))


@loss.test(
    weight=5, kills=["padding_as_an_index", "mean_over_letters", "padding_costs_the_first", "up_to_first_padding"]
)
def loss_with_padding(student, reference, expect):
    """names_loss counts nothing where y is -1, for names of unequal length, short and long."""
    demand_loss(student, expect, reference.cases("loss_padded"))


@loss.test(requires="loss_without_padding", kills=["squeezes_one_name_away"])
def loss_one_name_or_step(student, reference, expect):
    """names_loss is right for one name alone, and for one step."""
    demand_loss(student, expect, reference.cases("loss_single"))


@loss.test(weight=2, kills=["logarithm_of_zero", "large_guard", "guard_added", "zero_alone_guarded"])
def loss_of_tiny_probabilities(student, reference, expect):
    """names_loss is finite and right where a right character has the probability 0, or one as small as 1e-300."""
    for p in (1e-12, 1e-200, 3e-300, 1e-300, 3e-301, 1e-305, 0.0):
        case = draw_guesses(still(41), DIFFERENT)
        case["y_pred"][case["y"][0, 2], 0, 2] = p
        demand_loss(student, expect, [with_loss(reference, case)], rtol=1e-7)
    never = {"y_pred": np.zeros((3, 2, 2)), "y": np.array([[0, 1], [2, -1]])}
    demand_loss(student, expect, [with_loss(reference, never)], rtol=1e-7)


@loss.test(requires="loss_without_padding")
def loss_of_certain_guesses(student, reference, expect):
    """names_loss is 0 where every right character has the probability 1, and log n_y a letter where all are equal."""
    del reference
    y = draw_targets(still(42), DIFFERENT, padded=False)
    sure = np.moveaxis(np.eye(DIFFERENT.n_y)[y], 2, 0)
    expect.close(student.names_loss(sure, y), 0.0, name="names_loss of certain guesses", atol=1e-12)
    equal = np.full(sure.shape, 1 / DIFFERENT.n_y)
    wanted = DIFFERENT.T_x * np.log(DIFFERENT.n_y)
    expect.close(student.names_loss(equal, y), wanted, name="names_loss of equal guesses", rtol=EXACT)


@loss.test(weight=5, kills=["marks_padding_in_place"], requires="loss_with_padding")
def loss_leaves_arguments(student, reference, expect):
    """names_loss changes neither the probabilities nor the right characters."""
    del reference
    case = draw_guesses(still(43), DIFFERENT)
    case["y_pred"][:, 0, 0] = 0.0
    expect.unchanged(student.names_loss, case["y_pred"], case["y"])


@loss.test(requires=["loss_without_padding", "loss_with_padding"])
def loss_fresh(student, reference, expect):
    """names_loss is right for numbers that are drawn anew."""
    demand_loss(student, expect, [with_loss(reference, draw_guesses(reference.rng, FRESH))])


# --- cell_backward ------------------------------------------------------------------------------------------------

cell_backward = exercise("cell_backward")
BACK = ("dxt", "da_prev", "dWax", "dWaa", "dba")


def draw_arriving(rng, sizes, scale=0.5, factor=1.0):
    """Draw a step and the gradient that arrives at its end."""
    return {**draw_step(rng, sizes, scale), "da_next": factor * rng.standard_normal((sizes.n_a, sizes.m))}


def draw_flat(rng, sizes):
    """Draw a step all of whose tanh are nearly flat: the slopes are near 1e-6, and rounding spoils any difference."""
    case = draw_arriving(rng, sizes)
    case["xt"] = rng.standard_normal(case["xt"].shape)
    case["parameters"] |= {name: 0.05 * case["parameters"][name] for name in ("Wax", "Waa")}
    case["parameters"]["ba"] = np.where(case["parameters"]["ba"] > 0, 7.5, -7.5)
    return case


def backed(reference, case):
    """Return a step with the gradients that come out of it."""
    *_, cache = reference.rnn_cell_forward(case["xt"], case["a_prev"], case["parameters"])
    return {**case, "back": reference.rnn_cell_backward(case["da_next"], cache)}


def own_cell_cache(student, expect, case):
    """Return the learner's own cache of a step, which may hold more than was asked for.

    Where the learner's rnn_cell_forward is wrong, follow-through puts the reference's in its place.
    """
    return cell_answer(student, expect, case)[2]


def demand_back(student, expect, cases, *, names=BACK, **tolerance):
    """Demand some of the five gradients of every step."""
    for case in cases:
        with expect.case(**sizes_of_step(case)):
            answer = student.rnn_cell_backward(case["da_next"], own_cell_cache(student, expect, case))
            expect.keys(answer, names, name="gradients")
            for name in names:
                right = case["back"][name]
                demand(expect, answer[name], right, name=f"gradients[{name!r}]", picture="scatter", **tolerance)


@cell_backward.frozen
def cell_backward_cases(rng, reference):
    """Return steps of several sizes with the gradients that arrive and those that come out."""
    return [backed(reference, draw_arriving(rng, sizes)) for sizes in SEVERAL]


@cell_backward.frozen
def cell_backward_single(rng, reference):
    """Return steps of one name, and where a size is 1."""
    return [backed(reference, draw_arriving(rng, sizes)) for sizes in (ONE_NAME, ONE_UNIT, ONE_OF_EACH)]


@cell_backward.frozen
def cell_backward_scales(rng, reference):
    """Return steps with gradients beyond 100, near 1e-4, and of large weights; then two that are nearly flat."""
    cases = [draw_arriving(rng, DIFFERENT, factor=300.0), draw_arriving(rng, WIDE, factor=1e-4)]
    cases += [draw_arriving(rng, DIFFERENT, 2.0), draw_flat(rng, DIFFERENT), draw_flat(rng, WIDE)]
    return [backed(reference, case) for case in cases]


@cell_backward.test(
    weight=3,
    kills=[
        "slope_left_out",
        "slope_of_tanh_of_tanh",
        "slope_of_the_memory_before",
        "memory_weights_untransposed",
        "carries_what_arrived",
        "key_of_all_steps",
        "reads_what_arrived",
    ],
)
def cell_backward_carry(student, reference, expect):
    """dxt and da_prev are right, for batches and layers of several sizes."""
    demand_back(student, expect, reference.cases("cell_backward_cases"), names=("dxt", "da_prev"))


@cell_backward.test(
    weight=3,
    kills=[
        "slope_left_out",
        "slope_of_tanh_of_tanh",
        "memory_after_for_before",
        "bias_not_summed",
        "bias_averaged",
        "bias_in_one_number",
        "bias_as_a_row",
        "averaged_over_names",
        "slope_without_square",
        "weight_gradients_transposed",
        "adds_up_over_calls",
    ],
)
def cell_backward_weights(student, reference, expect):
    """dWax, dWaa and dba are right, for batches and layers of several sizes."""
    demand_back(student, expect, reference.cases("cell_backward_cases"), names=("dWax", "dWaa", "dba"))


@cell_backward.test(weight=3, kills=["clips_what_comes_out", "clips_what_arrives", "slope_left_out"])
def cell_backward_large_and_tiny(student, reference, expect):
    """All five gradients are right where what arrives is beyond 100, and where it is near 0.0001."""
    demand_back(student, expect, reference.cases("cell_backward_scales")[:3])


@cell_backward.test(weight=3, kills=["differences_of_the_step"])
def cell_backward_exact(student, reference, expect):
    """All five gradients are exact where tanh is nearly flat, so that differences are not."""
    # 1 - a * a is rounded to 1e-10 of itself there; the best of differences are off by 1e-8.
    demand_back(student, expect, reference.cases("cell_backward_scales")[3:], rtol=3e-9, small=1.0)


@cell_backward.test(kills=["squeezes_its_gradients"], requires=["cell_backward_carry", "cell_backward_weights"])
def cell_backward_one_name(student, reference, expect):
    """All five gradients have the right shape and values for one name alone, and where a size is 1."""
    demand_back(student, expect, reference.cases("cell_backward_single"))


@cell_backward.test(weight=6, kills=["writes_into_the_cache"], requires="cell_backward_carry")
def cell_backward_leaves_arguments(student, reference, expect):
    """rnn_cell_backward changes neither what arrives nor the cache."""
    del reference
    case = draw_arriving(still(51), DIFFERENT)
    expect.unchanged(student.rnn_cell_backward, case["da_next"], own_cell_cache(student, expect, case))


@cell_backward.test(weight=2, requires="cell_backward_weights")
def cell_backward_twice(student, reference, expect):
    """A second call gives this step's gradients alone, and leaves what the first one returned as it was."""
    cases = [backed(reference, draw_arriving(still(number), DIFFERENT)) for number in (52, 53)]
    given = [(case["da_next"], own_cell_cache(student, expect, case)) for case in cases]
    for case, answer in zip(cases, both_answers(student, expect, student.rnn_cell_backward, given), strict=True):
        expect.keys(answer, ("dWax", "dba"), name="gradients")
        for name in ("dWax", "dba"):
            demand(expect, answer[name], case["back"][name], name=f"gradients[{name!r}] of one of two calls in a row")


@cell_backward.test(requires=["cell_backward_carry", "cell_backward_weights", "cell_backward_exact"])
def cell_backward_fresh(student, reference, expect):
    """All five gradients are right for numbers that are drawn anew."""
    demand_back(student, expect, [backed(reference, draw_arriving(reference.rng, FRESH, factor=1000.0))])


@cell_backward.gradient
def gradient_of_own_step(student, reference, expect):
    """Return what arrives, times the learner's a_next, and what the learner's rnn_cell_backward makes of it."""
    case = draw_arriving(reference.rng, DIFFERENT)
    around = {name: case["parameters"][name] for name in ("Wax", "Waa", "ba")}

    def cost(parameters):
        moved = {**case, "parameters": {**case["parameters"], **parameters}}
        return float(np.sum(case["da_next"] * cell_answer(student, expect, moved)[0]))

    answer = student.rnn_cell_backward(case["da_next"], own_cell_cache(student, expect, case))
    expect.keys(answer, [f"d{name}" for name in around], name="gradients")
    return cost, around, {name: answer[f"d{name}"] for name in around}


# --- backward -----------------------------------------------------------------------------------------------------

backward = exercise("backward")


def with_gradients(reference, case):
    """Return a batch with its gradients."""
    _, y_pred, caches = reference.rnn_forward(case["x"], case["a0"], case["parameters"])
    return {**case, "grads": reference.rnn_backward(case["y"], y_pred, case["parameters"], caches)}


def own_forward(student, expect, case):
    """Return the learner's own guesses and caches of a batch; the caches may hold more than was asked for.

    Where the learner's rnn_forward is wrong, follow-through puts the reference's in its place.
    """
    return forward_answer(student, expect, case)[1:]


def backward_answer(student, expect, case):
    """Return the learner's gradients of a batch."""
    y_pred, caches = own_forward(student, expect, case)
    return student.rnn_backward(case["y"], y_pred, case["parameters"], caches)


def demand_gradients(student, expect, cases, *, names=GRADIENTS, rtol=EXACT):
    """Demand some of the gradients of every batch."""
    for case in cases:
        with expect.case(**sizes_of(case)):
            answer = backward_answer(student, expect, case)
            expect.keys(answer, names, name="gradients")
            sizes = {name: size for name, size in sizes_of(case).items() if name in ("m", "T_x")}
            right = {name: case["grads"][name] for name in names}
            expect.close(answer, right, name="gradients", sizes=sizes, picture="scatter", **near(rtol, *right.values()))


@backward.frozen
def backward_cases(rng, reference):
    """Return a batch at which nudges tell nothing, then batches without padding, of several sizes."""
    cases = [draw_case(rng, sizes, padded=False) for sizes in SEVERAL]
    return [with_gradients(reference, case) for case in (draw_far_case(rng, DIFFERENT), *cases)]


@backward.frozen
def backward_padded(rng, reference):
    """Return batches with padding, short and long; in the last one -1 stands in the middle of a row, too."""
    cases = [draw_case(rng, sizes) for sizes in (DIFFERENT, WIDE, ALL_EQUAL)]
    cases += [draw_long_case(rng, LONG), draw_case(rng, DIFFERENT)]
    cases[-1]["y"][0, [1, 4]] = -1
    return [with_gradients(reference, case) for case in cases]


@backward.frozen
def backward_single(rng, reference):
    """Return batches of one step, then of one name and of one unit."""
    sizes = (ONE_STEP, ONE_STEP._replace(m=2, n_x=3), ONE_NAME, ONE_UNIT, ONE_OF_EACH)
    return [with_gradients(reference, draw_case(rng, size)) for size in sizes]


@backward.frozen
def backward_long(rng, reference):
    """Return batches of forty steps and more whose memory lasts; the first has no padding."""
    first = draw_long_case(rng, LONG)
    first["y"] = draw_targets(rng, LONG, padded=False)
    return [with_gradients(reference, case) for case in (first, draw_long_case(rng, LONGER))]


@backward.frozen
def backward_scales(rng, reference):
    """Return batches with gradients far beyond 10, near 1e-4, and one at which nudges tell nothing."""
    cases = [draw_large_case(rng, Sizes(m=3, T_x=40, n_x=2, n_a=5, n_y=4)), draw_tiny_case(rng, DIFFERENT)]
    return [with_gradients(reference, case) for case in (*cases, draw_far_case(rng, DIFFERENT))]


@backward.test(
    weight=2,
    kills=[
        "divided_by_names_and_steps",
        "mean_over_real_steps",
        "not_divided_by_names",
        "targets_minus_guesses",
        "nothing_subtracted",
        "paired_with_previous_memory",
        "output_bias_as_a_row",
        "output_gradients_of_last_step",
        "differences_of_the_loss",
        "keeps_adding_to_the_last_call",
    ],
)
def backward_output_layer(student, reference, expect):
    """dWya and dby are right, exactly, where nothing is padded, for several sizes."""
    demand_gradients(student, expect, reference.cases("backward_cases"), names=("dWya", "dby"))


@backward.test(
    weight=4,
    kills=[
        "arriving_gradient_forgotten",
        "no_carry_through_time",
        "overwrites_instead_of_adding",
        "runs_forwards_in_time",
        "begins_one_step_early",
        "stops_before_the_first_step",
        "differences_of_the_loss",
        "squeezes_all_gradients",
    ],
)
def backward_through_time(student, reference, expect):
    """All five gradients of the parameters are right, exactly, where nothing is padded, for several sizes."""
    demand_gradients(student, expect, reference.cases("backward_cases"))


@backward.test(weight=7, kills=["padding_indexes_the_last", "padding_keeps_probabilities", "mean_over_real_steps"])
def backward_padding(student, reference, expect):
    """All gradients are right for names of unequal length: nothing comes from where y is -1."""
    demand_gradients(student, expect, reference.cases("backward_padded"), names=(*GRADIENTS, *INPUTS))


@backward.test(weight=2, kills=["input_gradients_turned_round", "first_memory_gets_nothing", "input_gradients_summed"])
def backward_inputs(student, reference, expect):
    """dx has the right slice for every step, and da0 is what comes back from step 0."""
    demand_gradients(student, expect, reference.cases("backward_cases")[1:], names=INPUTS)


@backward.test(weight=5, kills=["carry_cut_every_ten_steps", "no_carry_through_time"])
def backward_long_sequences(student, reference, expect):
    """All gradients are right for 40 and for 70 steps: nothing is cut off on the way back."""
    demand_gradients(student, expect, reference.cases("backward_long"), names=(*GRADIENTS, *INPUTS))


@backward.test(weight=6, kills=["clips_its_gradients", "clips_the_carry", "differences_of_the_loss"])
def backward_large_and_tiny(student, reference, expect):
    """Gradients far beyond 10, and gradients near 0.0001, come out as they are."""
    large, tiny, far = reference.cases("backward_scales")
    demand_gradients(student, expect, (far, large))
    # Taken from 1, a probability near it has lost its last digits; 1e-6 of such a gradient is left to be judged.
    demand_gradients(student, expect, (tiny,), rtol=1e-6)


@backward.test(
    weight=2,
    kills=[
        "paired_with_previous_memory",
    ],
)
def backward_one_step(student, reference, expect):
    """All gradients are right for sequences of one step that start from a memory that is not zero."""
    names = (*GRADIENTS, *INPUTS)
    demand_gradients(student, expect, reference.cases("backward_single")[:2], names=names)


@backward.test(requires="backward_through_time")
def backward_one_name(student, reference, expect):
    """All gradients have the right shape and values for one name alone, and where a size is 1."""
    names = (*GRADIENTS, *INPUTS)
    demand_gradients(student, expect, reference.cases("backward_single")[2:], names=names)


@backward.test(weight=2, kills=["subtracts_in_the_guesses"], requires="backward_output_layer")
def backward_leaves_arguments(student, reference, expect):
    """rnn_backward changes neither y nor y_pred nor the parameters nor the caches, so that it can be called again."""
    del reference
    case = draw_case(still(61), DIFFERENT)
    y_pred, caches = own_forward(student, expect, case)
    expect.unchanged(student.rnn_backward, case["y"], y_pred, case["parameters"], caches)


@backward.test(weight=2, requires="backward_output_layer")
def backward_twice(student, reference, expect):
    """A second call gives its own gradients, and leaves what the first one returned as it was."""
    cases = [with_gradients(reference, draw_case(still(number), DIFFERENT, padded=False)) for number in (62, 63)]
    given = []
    for case in cases:
        y_pred, caches = own_forward(student, expect, case)
        given.append((case["y"], y_pred, case["parameters"], caches))
    for case, answer in zip(cases, both_answers(student, expect, student.rnn_backward, given), strict=True):
        expect.keys(answer, ("dWya", "dby"), name="gradients")
        for name in ("dWya", "dby"):
            demand(expect, answer[name], case["grads"][name], name=f"gradients[{name!r}] of one of two calls in a row")


@backward.test(
    requires=["backward_through_time", "backward_padding", "backward_long_sequences", "backward_large_and_tiny"]
)
def backward_fresh(student, reference, expect):
    """All gradients are right for numbers that are drawn anew."""
    case = with_gradients(reference, draw_case(reference.rng, FRESH))
    demand_gradients(student, expect, [case], names=(*GRADIENTS, *INPUTS))


@backward.gradient
def gradient_of_own_loss(student, reference, expect):
    """Return the learner's loss as it follows from the parameters, and what the learner's rnn_backward makes of it."""
    case = draw_case(reference.rng, DIFFERENT)

    def cost(parameters):
        _, y_pred, _ = forward_answer(student, expect, case, parameters=parameters)
        return student.names_loss(y_pred, case["y"])

    answer = backward_answer(student, expect, case)
    expect.keys(answer, GRADIENTS, name="gradients")
    return cost, case["parameters"], {name: answer[f"d{name}"] for name in PARAMETERS}


# --- clip ---------------------------------------------------------------------------------------------------------

clip = exercise("clip")
EDGES = np.array([100.0, 1.0, 4.9999, 5.0, 5.0001, -4.9999, -5.0, -5.0001, 0.0, 1e-4, -1e8])


def draw_gradients(rng, scale=6.0):
    """Draw gradients of several shapes; about four in ten entries lie beyond 5."""
    return {f"d{name}": scale * rng.standard_normal(shape) for name, shape in shapes(DIFFERENT).items()}


def clipped(gradients, limit):
    """Return what clipping by value gives."""
    return {name: np.minimum(np.maximum(gradient, -limit), limit) for name, gradient in gradients.items()}


def shared(student, gradients, limits):
    """Tell for each limit whether the `dba` that is returned shares memory with the one that was given."""
    every = student.library("builtins", "map")
    take = student.library("operator", "itemgetter")("dba")
    given = student.library("itertools", "repeat")(gradients)  # one and the same dictionary each time
    answers = every(student.library("numpy", "asarray"), every(take, every(student.clip, given, limits)))
    found = every(student.library("numpy", "shares_memory"), every(take, given), answers)
    return [bool(share) for share in student.library("builtins", "list")(found)]


@clip.frozen
def clip_cases(rng, reference):
    """Return gradients with what is left of them: small ones, large ones, and some just within and just beyond 5."""
    cases = [draw_gradients(rng, scale) for scale in (0.5, 6.0, 300.0)]
    cases.append({**draw_gradients(rng, 1e-4), "dba": EDGES})
    return [{"gradients": gradients, "clipped": reference.clip(gradients, 5.0)} for gradients in cases]


def demand_clipped(student, expect, gradients, right, limit):
    """Demand gradients limited, to the last digits."""
    answer = student.clip(gradients, limit)
    expect.keys(answer, gradients, name=f"clip(gradients, {limit:g})")
    expect.close(answer, right, name=f"clip(gradients, {limit:g})", rtol=1e-12, atol=1e-15)


@clip.test(
    weight=3,
    kills=[
        "clips_from_above_only",
        "clips_by_norm",
        "rescales_by_the_largest",
        "zeroes_what_is_large",
        "clips_nothing",
        "squashes_smoothly",
        "sign_of_what_is_large",
    ],
)
def clip_values(student, reference, expect):
    """Every entry is limited to the range from -5 to 5, and those within are as they were."""
    for case in reference.cases("clip_cases"):
        demand_clipped(student, expect, case["gradients"], case["clipped"], 5.0)


@clip.test(weight=2, kills=["always_five", "sign_of_what_is_large"])
def clip_limit(student, reference, expect):
    """Another limit is obeyed: the entries beyond it are changed, and no other."""
    del reference
    for number, limit in enumerate((0.25, 1.0, 4.99995, 5.00005, 40.0, 1e9)):
        gradients = {**draw_gradients(still(71 + number)), "dba": EDGES}
        demand_clipped(student, expect, gradients, clipped(gradients, limit), limit)


@clip.test(weight=2, kills=["clips_in_place"], requires="clip_values")
def clip_leaves_argument(student, reference, expect):
    """The caller's gradients are not changed, large ones neither."""
    del reference
    expect.unchanged(student.clip, draw_gradients(still(81)), 5.0)


@clip.test(weight=2, kills=["hands_small_ones_back"], requires="clip_values")
def clip_makes_new_arrays(student, reference, expect):
    """What comes back shares no memory with what was given, also where nothing had to be limited."""
    del reference
    both = shared(student, draw_gradients(still(82)), [0.5, 1e6])
    expect.true(both == [False, False], "An array that clip returns is the very array that it was given.")


@clip.test(kills=["knows_its_keys"], requires="clip_values")
def clip_any_keys(student, reference, expect):
    """Gradients of other names, of other shapes, and only one or none, are clipped as well."""
    del reference
    rng = still(83)
    gradients = {"dU": 9 * rng.standard_normal((2, 3, 4)), "dc": 9 * rng.standard_normal((1,))}
    for given in (gradients, {"dx": gradients["dU"]}, {}):
        demand_clipped(student, expect, given, clipped(given, 5.0), 5.0)


@clip.test(requires=["clip_values", "clip_limit"])
def clip_fresh(student, reference, expect):
    """Gradients that are drawn anew are clipped."""
    gradients = draw_gradients(reference.rng)
    demand_clipped(student, expect, gradients, clipped(gradients, 2.5), 2.5)


# --- optimize -----------------------------------------------------------------------------------------------------

optimize = exercise("optimize")
OPTIMIZE = ("loss", "parameters", "gradients", "a_last")


def draw_learning(rng, sizes, *, steep=30.0):
    """Draw a batch whose gradients lie on both sides of 5, and a rate."""
    case = draw_case(rng, sizes)
    case["parameters"]["Wya"] *= steep
    return {**case, "rate": 0.1}


def learnt(reference, case, *limit):
    """Return a batch with what one step of learning gives."""
    given = (case["x"], case["y"], case["a0"], case["parameters"], case["rate"], *limit)
    return {**case, "answer": dict(zip(OPTIMIZE, reference.optimize(*given), strict=True))}


def optimize_answer(student, expect, case, *limit):
    """Return the four parts of the learner's answer, by name."""
    answer = student.optimize(case["x"], case["y"], case["a0"], case["parameters"], case["rate"], *limit)
    return dict(zip(OPTIMIZE, demand_parts(expect, answer, OPTIMIZE, name="optimize"), strict=True))


def demand_learning(student, expect, cases, *names, limit=()):
    """Demand some of the four parts of what a step of learning gives."""
    for case in cases:
        with expect.case(**sizes_of(case)):
            answer = optimize_answer(student, expect, case, *limit)
            for name in names:
                right = case["answer"][name]
                if isinstance(right, dict):
                    expect.keys(answer[name], right, name=name)
                    expect.close(answer[name], right, name=name, **near(EXACT, *right.values()))
                else:
                    demand(expect, answer[name], right, name=name, sizes={"m": case["x"].shape[1]})


@optimize.frozen
def optimize_cases(rng, reference):
    """Return batches of several sizes, and a long one, with gradients within 5 and beyond, and what is learnt."""
    cases = [*(draw_learning(rng, sizes) for sizes in SEVERAL), {**draw_large_case(rng, LONG), "rate": 0.03}]
    return [learnt(reference, case) for case in cases]


@optimize.frozen
def optimize_gentle(rng, reference):
    """Return batches with gradients within 5, and what is learnt at several rates."""
    cases = [{**draw_case(rng, sizes), "rate": rate} for sizes, rate in zip(SEVERAL, (1.0, 0.01, 0.3), strict=True)]
    return [learnt(reference, case) for case in cases]


@optimize.frozen
def optimize_single(rng, reference):
    """Return batches of one name, of one step, and where the memory is a single number."""
    return [learnt(reference, draw_learning(rng, sizes)) for sizes in SINGLE]


@optimize.test(
    weight=2,
    kills=[
        "loss_after_the_step",
        "loss_per_step_of_time",
        "starts_with_an_empty_memory",
    ],
)
def optimize_loss(student, reference, expect):
    """The loss returned is that of the batch before the step."""
    demand_learning(student, expect, reference.cases("optimize_cases"), "loss")


@optimize.test(
    weight=4,
    kills=[
        "climbs",
        "one_parameter_moved",
        "biases_not_moved",
        "returns_the_old_parameters",
        "rate_of_its_own",
        "parts_in_another_order",
        "divided_by_names_again",
    ],
)
def optimize_parameters(student, reference, expect):
    """The parameters returned are those after one step against the gradients, where no gradient is large."""
    demand_learning(student, expect, reference.cases("optimize_gentle"), "parameters")


@optimize.test(weight=3, kills=["never_clips", "moves_unclipped", "clips_at_one"])
def optimize_clips(student, reference, expect):
    """The step is made with gradients that are clipped at 5."""
    demand_learning(student, expect, reference.cases("optimize_cases"), "parameters")


@optimize.test(weight=2, kills=["returns_unclipped_gradients", "never_clips", "gradients_times_rate"])
def optimize_gradients(student, reference, expect):
    """The gradients returned are the clipped ones, of all five parameters."""
    demand_learning(student, expect, reference.cases("optimize_gentle"), "gradients")
    demand_learning(student, expect, reference.cases("optimize_cases"), "gradients")


@optimize.test(weight=2, kills=["returns_the_first_memory", "returns_the_given_memory", "returns_all_memories"])
def optimize_memory(student, reference, expect):
    """a_last is the memory after the last step, of the parameters before the step."""
    demand_learning(student, expect, reference.cases("optimize_cases"), "a_last")


@optimize.test(weight=2, requires="optimize_loss")
def optimize_starts_from_a_prev(student, reference, expect):
    """The forward pass starts from the memory that is given, so that the loss depends on it."""
    one = learnt(reference, draw_learning(still(91), DIFFERENT))
    other = learnt(reference, {**one, "a0": -one["a0"]})
    demand_learning(student, expect, (one, other), "loss")


@optimize.test(weight=2, kills=["always_clips_at_five"], requires=["optimize_parameters", "optimize_gradients"])
def optimize_limit(student, reference, expect):
    """Another max_value is obeyed, a small one and a huge one."""
    for number, limit in enumerate((0.02, 1.0, 7.5, 1e9)):
        case = draw_learning(still(92 + number), DIFFERENT)
        demand_learning(student, expect, (learnt(reference, case, limit),), "parameters", "gradients", limit=(limit,))


@optimize.test(requires=["optimize_loss", "optimize_parameters"])
def optimize_one_name_or_step(student, reference, expect):
    """All four parts are right, with their axes, for one name alone, for one step, and where a size is 1."""
    demand_learning(student, expect, reference.cases("optimize_single"), *OPTIMIZE)


@optimize.test(weight=2, kills=["moves_in_place"], requires="optimize_parameters")
def optimize_leaves_arguments(student, reference, expect):
    """optimize changes neither x nor y nor a_prev nor the parameters."""
    del reference
    case = draw_learning(still(97), DIFFERENT)
    given = (case["x"], case["y"], case["a0"], case["parameters"], case["rate"])
    expect.unchanged(student.optimize, *given)


@optimize.test(requires=["optimize_loss", "optimize_parameters", "optimize_clips"])
def optimize_fresh(student, reference, expect):
    """All four parts are right for numbers that are drawn anew."""
    demand_learning(student, expect, [learnt(reference, draw_learning(reference.rng, FRESH, steep=1.0))], *OPTIMIZE)


# --- sample -------------------------------------------------------------------------------------------------------

sample = exercise("sample")


def letters_of(n_y, end):
    """Return a dictionary of n_y characters in which the line end has the number `end`."""
    characters = [chr(ord("a") + number) for number in range(n_y - 1)]
    return {character: number for number, character in enumerate([*characters[:end], "\n", *characters[end:]])}


def draw_writer(rng, *, n_a=5, n_y=7, end=2, by=-1.0, scale=1.0):
    """Draw a network that invents names, and the seed of a generator; `by` is what the line end's score gets."""
    sizes = Sizes(1, 1, n_x=n_y, n_a=n_a, n_y=n_y)
    parameters = draw_parameters(rng, sizes, scale)
    parameters["by"][end] = by
    return {"parameters": parameters, "char_to_ix": letters_of(n_y, end), "seed": int(rng.integers(2**31))}


def make_generator(student, expect, seed):
    """Return a numpy generator on the learner's side."""
    made = student.library("numpy.random", "default_rng")(seed)
    expect.true(isinstance(made, Handle), "numpy.random.default_rng makes no generator in your notebook.")
    return made


def sampled(student, expect, case, generator, *max_length):
    """Return the learner's numbers as a list."""
    answer = student.sample(case["parameters"], case["char_to_ix"], generator, *max_length)
    if isinstance(answer, np.ndarray) and answer.ndim == 1:
        answer = answer.tolist()
    whole = isinstance(answer, list | tuple) and all(
        type(i) is int or (type(i) is float and i == int(i)) for i in answer
    )
    expect.true(whole, "sample does not return a list of whole numbers.")
    return [int(i) for i in answer]


def demand_name(student, reference, expect, case, *max_length):
    """Demand the very numbers that the generator gives, the end once, and that it was asked once for each draw."""
    theirs, ours = make_generator(student, expect, case["seed"]), np.random.default_rng(case["seed"])
    right = reference.sample(case["parameters"], case["char_to_ix"], ours, *max_length)
    with expect.case(n_y=len(case["char_to_ix"]), letters=len(right) - 1):
        student.seed(case["seed"] + 1)  # whoever draws from the global generator does so in the same way each time
        answer = sampled(student, expect, case, theirs, *max_length)
        told = f", max_length={max_length[0]}" if max_length else ""
        expect.close(answer, right, name=f"sample(...{told})")
        following = theirs.random
        spent = isinstance(following, Handle) and type(after := following()) is float and after == ours.random()
        expect.true(spent, "The generator was not asked once for each character that was drawn.", kind="draws")


def certain(case, *, end):
    """Return a network that ends at once, or never."""
    by = case["parameters"]["by"].copy()
    by[case["char_to_ix"]["\n"]] = 1000.0 if end else -1000.0
    return {**case, "parameters": {**case["parameters"], "by": by}}


@sample.frozen
def sample_writers(rng, reference):
    """Return networks of several sizes, one as large as the notebook's alphabet."""
    del reference
    cases = [draw_writer(rng), draw_writer(rng, n_a=3, n_y=5, end=4, by=-0.5), draw_writer(rng, n_a=4, n_y=4, end=0)]
    cases.append(draw_writer(rng, n_a=20, n_y=27, end=0, by=1.0))
    # Twenty units of this scale are chaotic: over fifty letters the rounding of another right step would tell.
    cases[-1]["parameters"]["Waa"] *= 0.3
    return [{"parameters": case["parameters"], "seed": case["seed"]} for case in cases]


def writers(reference):
    """Return the frozen networks, each with its letters; keys of texts cannot be frozen."""
    ends = (2, 4, 0, 0)
    found = zip(reference.cases("sample_writers"), ends, strict=True)
    return [{**case, "char_to_ix": letters_of(len(case["parameters"]["by"]), end)} for case, end in found]


@sample.test(
    weight=4,
    kills=[
        "takes_the_most_probable",
        "global_generator",
        "generator_of_its_own",
        "memory_never_goes_on",
        "begins_with_the_end",
        "begins_with_the_first_letter",
        "never_reads_what_it_drew",
        "reads_the_probabilities",
        "reads_all_it_drew",
        "uniform_draws",
    ],
)
def sample_names(student, reference, expect):
    """With a seeded generator the characters drawn are the expected ones, in names of several lengths."""
    for number, case in enumerate(writers(reference)):
        for seed in range(3):
            demand_name(student, reference, expect, {**case, "seed": 10 * number + seed})


@sample.test(weight=2, kills=["forgets_while_writing", "memory_never_goes_on"])
def sample_long_names(student, reference, expect):
    """Where no end comes, fifty characters are drawn if nothing else is asked for, or as many as are asked for."""
    for case in writers(reference)[1:3]:
        demand_name(student, reference, expect, certain(case, end=False))
        demand_name(student, reference, expect, certain(case, end=False), 90)


@sample.test(
    weight=3,
    kills=[
        "end_left_off",
        "end_twice",
        "end_appended_always",
        "end_of_number_zero",
        "goes_on_after_the_end",
        "one_letter_too_few",
        "one_more_draw_at_the_end",
        "no_end_appended",
        "always_fifty",
    ],
)
def sample_ends(student, reference, expect):
    """The list ends with the line end, once: where it is certain, where it never comes, and at the last draw."""
    for case in writers(reference)[:3]:
        for most in ((), (1,), (50,)):
            demand_name(student, reference, expect, certain(case, end=True), *most)
        for most in (1, 2, 7):
            demand_name(student, reference, expect, certain(case, end=False), most)
        drawn = reference.sample(case["parameters"], case["char_to_ix"], np.random.default_rng(case["seed"]), 60)
        for most in (len(drawn) - 1, len(drawn), len(drawn) + 1):
            demand_name(student, reference, expect, case, max(1, most))


@sample.test(requires="sample_names")
def sample_probabilities(student, reference, expect):
    """The probabilities are right to the eighth digit: it decides about a draw."""
    for seed in (2, 3, 4):
        for side in (-1, 1):
            edge = np.random.default_rng(seed).random() * (1 + side * 1e-8)
            by = np.array([[np.log(edge / (1 - edge))], [0.0]])
            zeros = {"Wax": np.ones((3, 2)), "Waa": np.eye(3), "Wya": np.zeros((2, 3)), "ba": np.ones((3, 1)), "by": by}
            demand_name(
                student, reference, expect, {"parameters": zeros, "char_to_ix": letters_of(2, 1), "seed": seed}, 1
            )


@sample.test(weight=2, kills=["seeds_the_global_generator"], requires="sample_ends")
def sample_leaves_global_generator(student, reference, expect):
    """numpy's global generator is neither used nor seeded."""
    case = writers(reference)[0]
    student.seed(4321)
    sampled(student, expect, case, make_generator(student, expect, 1))
    after = student.library("numpy.random", "random")()
    same = type(after) is float and after == np.random.RandomState(4321).random()
    expect.true(same, "numpy's global generator is not what it was.")


@sample.test(weight=2, requires="sample_ends")
def sample_goes_on(student, reference, expect):
    """A second name from the same generator is another one."""
    case = certain(writers(reference)[0], end=False)
    generator = make_generator(student, expect, 5)
    first, second = (sampled(student, expect, case, generator) for _ in range(2))
    expect.true(first != second, "Two names, one after the other from one generator, are the same.", kind="seed")


@sample.test(requires="sample_names")
def sample_leaves_arguments(student, reference, expect):
    """sample changes neither the parameters nor the dictionary."""
    case = writers(reference)[0]
    generator = make_generator(student, expect, 2)
    expect.unchanged(student.sample, case["parameters"], case["char_to_ix"], generator)


@sample.test(requires=["sample_names", "sample_ends"])
def sample_fresh(student, reference, expect):
    """A network that is drawn anew invents the expected name."""
    demand_name(student, reference, expect, draw_writer(reference.rng, n_y=6, end=3, scale=0.3))


# --- model --------------------------------------------------------------------------------------------------------

model = exercise("model")
MODEL = ("parameters", "losses")
LISTS = (
    (["abcd", "b", "dad", "ca", "bbbb"], MIDDLE, 4, 2),
    (["c", "caddac", "ab"], LAST, 4, 2),
    (["abcd", "b", "dad", "ca", "bbbb", "a", "dcba"], FIRST, 3, 3),
)


class Lesson(NamedTuple):
    """What a network is to learn: names, their numbers, parameters, steps, names in a batch, the rate."""

    names: list
    char_to_ix: dict
    parameters: dict
    steps: int
    size: int
    rate: float


def lesson(number, names, char_to_ix, steps, size, *, rate=0.1, steep=1.0):
    """Return a lesson whose parameters are drawn by a generator with that number."""
    n = len(char_to_ix)
    parameters = draw_parameters(still(number), Sizes(1, 1, n_x=n, n_a=5, n_y=n))
    parameters["Wya"] *= steep
    return Lesson(names, char_to_ix, parameters, steps, size, rate)


def demand_model(student, reference, expect, given, *names, rtol=EXACT):
    """Demand the parameters, or the losses, or both, that a lesson ends with."""
    with expect.case(names=len(given.names), num_iterations=given.steps, batch_size=given.size):
        answer = demand_parts(expect, student.model(*given), MODEL, name="model")
        right = reference.model(*given)
        for name, got, wanted in zip(MODEL, answer, right, strict=True):
            if name == "losses" in names:
                count = isinstance(got, list | tuple | np.ndarray) and len(got) == given.steps
                expect.true(count, f"losses is no list of {given.steps} numbers for num_iterations={given.steps}.")
                sizes = {"batch_size": given.size}
                expect.close(list(got), wanted, name="losses", rtol=rtol, atol=rtol, sizes=sizes)
            elif name == "parameters" in names:
                expect.keys(got, PARAMETERS, name="parameters")
                expect.close(got, wanted, name="parameters", **near(rtol, *wanted.values()))


@model.test(
    weight=3,
    kills=[
        "losses_per_name",
        "losses_of_the_batch",
        "losses_without_ends",
        "losses_per_step_of_time",
        "last_loss_only",
        "memory_carried_on",
    ],
)
def model_losses(student, reference, expect):
    """losses holds the loss of every step per letter, line ends counted, for batches of several names."""
    for number, given in enumerate(LISTS):
        demand_model(student, reference, expect, lesson(101 + number, *given), "losses")


@model.test(
    weight=3,
    kills=[
        "memory_carried_on",
        "short_batch_dropped",
        "short_batch_kept",
        "always_the_first_batch",
        "mixes_the_names",
        "one_name_further_each_step",
        "sorts_the_names",
        "ignores_the_rate",
        "parameters_not_handed_on",
    ],
)
def model_parameters(student, reference, expect):
    """The parameters are those after the last step: each name in its turn, round the end, each batch from zero."""
    for number, given in enumerate(LISTS):
        demand_model(student, reference, expect, lesson(101 + number, *given), "parameters")


@model.test(weight=2, kills=["clips_nowhere"], requires="model_parameters")
def model_clips_at_five(student, reference, expect):
    """Gradients are clipped at 5, which a network that is sure and wrong feels, and the rate given is used."""
    for number, rate in ((111, 0.01), (112, 0.003)):
        given = lesson(number, *LISTS[0], rate=rate, steep=60.0)
        demand_model(student, reference, expect, given, "parameters", "losses")


@model.test(weight=2, kills=["batch_no_larger_than_the_list"], requires="model_losses")
def model_round_the_end(student, reference, expect):
    """Where a batch is as large as the list, or larger, the names come again within it; a list may hold one name."""
    for number, (names, steps, size) in enumerate(((["cab", "d"], 3, 5), (["cab", "d"], 3, 2), (["dad"], 4, 1))):
        demand_model(student, reference, expect, lesson(121 + number, names, MIDDLE, steps, size), *MODEL)


@model.test(kills=["at_least_one_step"], requires="model_parameters")
def model_without_steps(student, reference, expect):
    """With num_iterations=0 the parameters are as they were, and there is no loss."""
    demand_model(student, reference, expect, lesson(131, ["cab", "d"], MIDDLE, 0, 2), *MODEL)


@model.test(requires="model_losses")
def model_long_names(student, reference, expect):
    """All is right for names of forty letters, and for forty steps."""
    given = lesson(141, ["abcd" * 10, "b", "dcab" * 5 + "d"], MIDDLE, 3, 2, rate=0.01)
    demand_model(student, reference, expect, given, *MODEL)
    given = lesson(142, ["ab", "cad", "d"], MIDDLE, 40, 2, rate=0.01)
    demand_model(student, reference, expect, given, *MODEL, rtol=1e-7)


@model.test(kills=["takes_names_off_the_list"], requires="model_losses")
def model_leaves_arguments(student, reference, expect):
    """model changes neither the names nor the dictionary nor the parameters."""
    del reference
    expect.unchanged(student.model, *lesson(151, *LISTS[0]))


@model.test(requires=["model_losses", "model_parameters"])
def model_fresh(student, reference, expect):
    """The losses and the parameters are right for a network that is drawn anew."""
    n = len(MIDDLE)
    parameters = draw_parameters(reference.rng, Sizes(1, 1, n_x=n, n_a=3, n_y=n))
    given = Lesson(["dcb", "a", "adda", "cc"], MIDDLE, parameters, 4, 3, 0.2)
    demand_model(student, reference, expect, given, *MODEL)


# --- training -----------------------------------------------------------------------------------------------------

GENERA = (
    "allosaurus anzu brachiosaurus ceratops diplodocus eoraptor gallimimus haya iguanodon kol mei minmi triceratops"
)


def training(names):
    """Train with the notebook's own functions, for a few rounds; return the loss per letter that it ends with."""
    genera = GENERA.split()
    char_to_ix, _ = names["build_vocabulary"]("\n".join(genera))
    start = names["initialize_parameters"](20, len(char_to_ix), still(1))
    _, losses = names["model"](genera, char_to_ix, start, 40, 4, 0.03)
    return losses[-1]
