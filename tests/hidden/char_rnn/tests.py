"""Hidden tests of char_rnn.

Sizes differ from one another, biases and h_prev are not zero, chunks have three characters or more, one of them twice,
wherever a special case is not the point: a wrong answer hides in equal sizes and zeros. Weights are drawn with a
deviation of 0.5, so that tanh neither saturates nor is linear.

What decides stands in frozen cases, far from any tolerance, so that the same code gets the same score whatever the
fresh draws are. Those are gentler than the frozen ones, so that no bound is met in them alone, and are compared
loosely: they tell code that computes from code that has learnt answers by heart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradekit.hidden import Handle, exercise

PARAMETERS = ("Wxh", "Whh", "Why", "bh", "by")
GRADIENTS = tuple(f"d{name}" for name in PARAMETERS)
CACHE = ("hs", "logits", "probabilities")

# Of float64 in another order of summation 1e-12 is left after 120 steps; float32 and differences are off by 1e-8.
EXACT = 1e-9
FRESH = 1e-2
SMALL = 1e-3  # beside the largest value of an array, what is small is compared that much more closely
GENTLE = 0.2  # deviation of the weights of fresh chunks


class Sizes(NamedTuple):
    T: int
    n_h: int
    V: int


DIFFERENT = Sizes(T=7, n_h=5, V=4)
WIDE = Sizes(T=4, n_h=3, V=6)
ALL_EQUAL = Sizes(T=4, n_h=4, V=4)
SEVERAL = (WIDE, ALL_EQUAL, DIFFERENT)
OTHER = Sizes(T=6, n_h=5, V=4)  # of fresh chunks: another length, so that a message can tell them from DIFFERENT
UNMOVED = (Sizes(T=5, n_h=3, V=6), Sizes(T=1, n_h=3, V=4), Sizes(T=30, n_h=6, V=5))
ONE_STEP = (Sizes(T=1, n_h=4, V=5), Sizes(T=1, n_h=2, V=3))
ONE_UNIT = (Sizes(T=5, n_h=1, V=3),)
LONG = (Sizes(T=40, n_h=6, V=5), Sizes(T=120, n_h=5, V=4))


def shapes(sizes):
    """Return the shape of every parameter."""
    _, n_h, V = sizes
    return {"Wxh": (n_h, V), "Whh": (n_h, n_h), "Why": (V, n_h), "bh": (n_h,), "by": (V,)}


def sizes_of(case):
    """Return the sizes of a chunk, by the text's names for them."""
    V, n_h = case["parameters"]["Why"].shape
    return {"T": len(case["inputs"]), "n_h": n_h, "V": V}


def draw_parameters(rng, sizes, scale=0.5):
    """Draw every parameter, biases too, with the deviation `scale`."""
    return {name: scale * rng.standard_normal(shape) for name, shape in shapes(sizes).items()}


def draw_chunk(rng, sizes, scale=0.5):
    """Draw what a chunk needs; h_prev is not zero, and in three steps or more the first character comes again."""
    inputs = rng.integers(sizes.V, size=sizes.T)
    if sizes.T > 2:
        inputs[-1] = inputs[0]
    targets = rng.integers(sizes.V, size=sizes.T)
    targets[0] = (inputs[0] + 1) % sizes.V  # a chunk of one step, too, tells the character read from the right one
    return {
        "inputs": inputs,
        "targets": targets,
        "h_prev": np.tanh(min(1.0, 2 * scale) * rng.standard_normal(sizes.n_h)),
        "parameters": draw_parameters(rng, sizes, scale),
    }


def draw_long_chunk(rng, sizes):
    """Draw a chunk whose first character is felt at its end: Whh keeps lengths, and tanh stays steep."""
    case = draw_chunk(rng, sizes)
    whole, _ = np.linalg.qr(rng.standard_normal((sizes.n_h, sizes.n_h)))
    case["parameters"] |= {"Whh": whole, "Wxh": 0.1 * case["parameters"]["Wxh"], "bh": 0.05 * case["parameters"]["bh"]}
    case["h_prev"] *= 0.2
    return case


def read(reference, case):
    """Return the reference's cache of a chunk."""
    return reference.forward_pass(case["inputs"], case["h_prev"], case["parameters"])


def with_cache(reference, case):
    """Return a chunk with what the cache holds."""
    return {**case, "cache": {key: read(reference, case)[key] for key in CACHE}}


def near(rtol, *arrays):
    """Return tolerances for arrays, each of which has its own scale; of fresh ones, small entries do not count."""
    scale = min(float(np.abs(array).max()) for array in arrays)
    return {"rtol": rtol, "atol": rtol * scale * (1 if rtol == FRESH else SMALL)}


def demand(expect, answer, right, *, name, rtol, **more):
    """Demand one array or number, up to rounding."""
    expect.close(answer, right, name=name, **near(rtol, right), **more)


def own_cache(student, expect, case):
    """Return the learner's own cache of a chunk, which may hold more than was asked for.

    Where the learner's forward_pass is wrong, follow-through puts the reference's in its place.
    """
    cache = student.forward_pass(case["inputs"], case["h_prev"], case["parameters"])
    expect.true(
        isinstance(cache, dict), "forward_pass does not return a dictionary, so there is no cache to go on with."
    )
    return cache


def both_answers(student, expect, function, cases, names):
    """Return what a function of the learner's gives for two cases, both read after the second call."""
    arguments = ([case[name] for case in cases] for name in names)
    both = student.library("builtins", "list")(student.library("builtins", "map")(function, *arguments))
    expect.true(isinstance(both, list) and len(both) == 2, "Two calls do not give two answers.")
    return both


def demand_pair(expect, answer, names, *, name):
    """Demand a tuple of as many parts as there are names, and return it."""
    ok = isinstance(answer, tuple | list) and len(answer) == len(names)
    expect.true(ok, f"{name} must return {len(names)} things: {', '.join(names)}.")
    return answer


# --- vocabulary ---------------------------------------------------------------------------------------------------

vocabulary = exercise("vocabulary")
# Letters in no order, blanks and line ends, digits, capitals, letters beyond ASCII; in a set their order is not sorted.
TEXTS = (
    "zebra, quick! jumps over 9 lazy Dogs?\n",
    "ba",
    "  two  blanks\tand a tab\n\n",
    "größer als Ωmega, 12 © 34",
    "xyz wvu tsr qpo nml kji hgf edc ba ZYX WVU TSR QPO",
    "🎵 zZ aA €",
)
# Four hundred different characters, the highest first, each twice: more than a byte can count.
MANY = "".join(chr(number) for number in range(0x2FF, 0x16F, -1)) * 2


def demand_vocabulary(student, reference, expect, text):
    """Demand both dictionaries of a text."""
    answer = student.build_vocabulary(text)
    parts = demand_pair(expect, answer, ("char_to_ix", "ix_to_char"), name="build_vocabulary")
    for part, right, name in zip(parts, reference.build_vocabulary(text), ("char_to_ix", "ix_to_char"), strict=True):
        expect.keys(part, (), name=name)
        expect.true(len(part) == len(right), f"{name} has {len(part)} entries for a text of {len(right)} characters.")
        same = set(map(str, part)) == set(map(str, right))
        expect.true(same, f"The keys of {name} are not the right ones.")
        expect.close(part, right, name=name)


@vocabulary.test(
    weight=3,
    kills=[
        "order_of_a_set",
        "order_of_appearance",
        "order_of_frequency",
        "numbers_from_one",
        "codes_of_characters",
        "dictionaries_swapped",
        "only_one_dictionary",
        "letters_only",
        "lower_case",
        "order_of_the_alphabet",
        "remembers_earlier_texts",
    ],
)
def vocabulary_is_sorted(student, reference, expect):
    """The different characters of a text are numbered from 0 in sorted order, and both dictionaries say so."""
    for text in TEXTS:
        demand_vocabulary(student, reference, expect, text)


@vocabulary.test(kills=["fixed_alphabet", "order_of_a_set", "letters_only"])
def vocabulary_of_any_text(student, reference, expect):
    """The vocabulary is that of the text given, whatever its characters are, and however many."""
    letters = reference.rng.permutation(list("bdfhjlnprtvxzBDFHJ0248 \n.;éßλ"))
    demand_vocabulary(student, reference, expect, "".join(letters) * 2)
    demand_vocabulary(student, reference, expect, MANY)
    demand_vocabulary(student, reference, expect, "????")


@vocabulary.test(requires="vocabulary_is_sorted")
def vocabulary_starts_anew(student, reference, expect):
    """A second text has a vocabulary of its own."""
    demand_vocabulary(student, reference, expect, "Kj ih,g\nfEdcba")
    demand_vocabulary(student, reference, expect, "zy.x wv\nUtsrqPaaa")


# --- chunks -------------------------------------------------------------------------------------------------------

chunks = exercise("chunks")
MOST = 1000  # chunks that are read of an answer that may have no end


def chunks_of(student, expect, indices, seq_length):
    """Return the learner's pairs, returned in a list or yielded one by one."""
    answer = student.iterate_chunks(indices, seq_length)
    if isinstance(answer, Handle):
        first = student.library("itertools", "islice")(answer, MOST)
        answer = student.library("builtins", "list")(first)
    if isinstance(answer, np.ndarray):
        answer = list(answer)
    expect.true(isinstance(answer, list | tuple), "iterate_chunks neither returns a list of pairs nor yields pairs.")
    for pair in answer:
        ok = isinstance(pair, list | tuple | np.ndarray) and len(pair) == 2
        expect.true(ok, "iterate_chunks gives something that is no pair of inputs and targets.")
        ok = all(isinstance(part, list | tuple | np.ndarray) for part in pair)
        expect.true(ok, "Inputs or targets are no list and no array of numbers.")
    return answer


def demand_chunks(student, reference, expect, indices, seq_length):
    """Demand all pairs of a text."""
    with expect.case(n=len(indices), seq_length=seq_length):
        answer = chunks_of(student, expect, indices, seq_length)
        right = reference.iterate_chunks(indices, seq_length)
        ok = len(answer) == len(right)
        expect.true(ok, f"The number of pairs that are made, {len(answer)}, is not the right one.")
        for number, (pair, wanted) in enumerate(zip(answer, right, strict=True), start=1):
            for part, values, name in zip(pair, wanted, ("inputs", "targets"), strict=True):
                expect.close(part, values.tolist(), name=f"{name} of chunk {number}")


@chunks.test(
    weight=3,
    kills=[
        "without_the_rest",
        "last_full_chunk_lost",
        "targets_are_inputs",
        "targets_shifted_twice",
        "targets_shifted_back",
        "inputs_and_targets_swapped",
        "windows_that_overlap",
        "gap_between_chunks",
        "always_25",
        "inputs_longer_than_targets",
        "wraps_around",
        "pads_with_zeros",
        "only_first_chunk",
        "one_target_each",
    ],
)
def chunks_cover_the_text(student, reference, expect):
    """Every target stands in one chunk, behind its input, for texts that leave a rest and texts that leave none."""
    for n, seq_length in ((53, 10), (41, 10), (40, 10), (42, 10), (23, 4), (1501, 25), (1990, 100)):
        demand_chunks(student, reference, expect, reference.rng.permutation(n) + 100, seq_length)


@chunks.test(weight=2, kills=["off_by_one_reset", "last_full_chunk_lost", "rest_of_one_target_lost"])
def chunks_lose_no_target(student, reference, expect):
    """Of 51 characters in chunks of 25, all 50 targets are used, not half of them; nor is one lost of 50, 52 or 26."""
    indices = reference.rng.permutation(51)
    answer = chunks_of(student, expect, indices, 25)
    used = [number for _, targets in answer for number in np.ravel(np.asarray(targets)).tolist()]
    expect.true(len(used) == 50, f"Of 50 targets, {len(used)} are used.")
    for n in (51, 50, 52, 26, 25, 27):
        demand_chunks(student, reference, expect, reference.rng.permutation(n), 25)


@chunks.test(kills=["fails_on_short_texts", "without_the_rest", "off_by_one_reset"])
def chunks_of_short_texts(student, reference, expect):
    """A text shorter than a chunk makes one short chunk."""
    for n, seq_length in ((7, 25), (2, 3), (3, 2), (2, 1), (25, 1000)):
        demand_chunks(student, reference, expect, reference.rng.permutation(n), seq_length)


@chunks.test(kills=["empty_chunk_made"], requires="chunks_cover_the_text")
def chunks_of_no_target(student, reference, expect):
    """A text of a single character, or of none, has no target and makes no chunk."""
    for n in (1, 0):
        with expect.case(n=n, seq_length=5):
            answer = chunks_of(student, expect, np.arange(n), 5)
            expect.true(len(answer) == 0, f"A text of length {n} has no target, but chunks are made of it.")


@chunks.test(kills=["overlaps_by_one"])
def chunks_of_one_character(student, reference, expect):
    """With seq_length=1 every target has a chunk of its own."""
    demand_chunks(student, reference, expect, reference.rng.permutation(9), 1)


@chunks.test(kills=["shifts_in_place"], requires="chunks_cover_the_text")
def chunks_leave_argument(student, reference, expect):
    """iterate_chunks does not change the text's numbers."""
    expect.unchanged(student.iterate_chunks, reference.rng.permutation(17), 4)


# --- forward_pass -------------------------------------------------------------------------------------------------

forward_pass = exercise("forward_pass")


@forward_pass.frozen
def forward_pass_cases(rng, reference):
    """Return chunks of several characters, of every kind of size, with what the cache holds."""
    return [with_cache(reference, draw_chunk(rng, sizes)) for sizes in SEVERAL]


@forward_pass.frozen
def forward_pass_smallest(rng, reference):
    """Return chunks of one character, then chunks read by one unit."""
    return [with_cache(reference, draw_chunk(rng, sizes)) for sizes in (*ONE_STEP, *ONE_UNIT)]


@forward_pass.frozen
def forward_pass_long(rng, reference):
    """Return chunks that are long, with a memory that lasts; and one read with tiny weights, one with large ones."""
    cases = [draw_long_chunk(rng, sizes) for sizes in LONG]
    return [with_cache(reference, case) for case in (*cases, draw_chunk(rng, WIDE, 1e-4), draw_chunk(rng, WIDE, 4.0))]


@forward_pass.frozen
def forward_pass_extreme(rng, reference):
    """Return chunks with logits around 700, 800, 1000 and 1e10, and one whose steps lie 4000 apart as a whole."""
    cases = []
    for large in ([700.0, 690.0], [800.0, 1000.0], [-800.0, -1000.0], [1e10, 0.0]):
        cases.append(draw_chunk(rng, WIDE))
        cases[-1]["parameters"]["by"][:2] = large
    cases.append(draw_chunk(rng, DIFFERENT))
    # Saturated states of either sign, so that the first and the last step's logits lie 4000 apart as a whole.
    cases[-1]["parameters"] |= {"Why": np.full((DIFFERENT.V, DIFFERENT.n_h), 400.0), "bh": np.zeros(DIFFERENT.n_h)}
    cases[-1]["parameters"]["Wxh"] = np.outer(np.ones(DIFFERENT.n_h), [30.0, -30.0, 30.0, -30.0])
    cases[-1]["inputs"] = np.array([0, 1, 2, 3, 0, 1, 0])
    return [with_cache(reference, case) for case in cases]


def forward_answer(student, expect, case, *names):
    """Return the learner's cache with at least these arrays."""
    answer = student.forward_pass(case["inputs"], case["h_prev"], case["parameters"])
    expect.keys(answer, names, name="cache")
    return answer


def demand_cache(student, expect, cases, *names):
    """Demand some arrays of the cache of every chunk."""
    for case in cases:
        with expect.case(**sizes_of(case)):
            answer = forward_answer(student, expect, case, *names)
            for name in names:
                demand(expect, answer[name], case["cache"][name], name=f"cache[{name!r}]", rtol=case.get("rtol", EXACT))


def several_chunks(reference):
    """Return the frozen chunks of several characters and a fresh one."""
    fresh = with_cache(reference, draw_chunk(reference.rng, OTHER, GENTLE))
    return [*reference.cases("forward_pass_cases"), {**fresh, "rtol": FRESH}]


@forward_pass.test(
    weight=3,
    kills=[
        "starts_from_zero",
        "previous_state_never_updated",
        "rows_of_wxh",
        "hidden_weights_transposed",
        "without_hidden_bias",
        "without_tanh",
        "sigmoid_for_tanh",
        "initial_state_left_out",
        "initial_state_last",
        "states_as_columns",
        "reads_the_chunk_backwards",
        "one_state_many_times",
        "reads_one_character_late",
    ],
)
def forward_pass_states(student, reference, expect):
    """The cache holds h_prev and the right state after every character, for chunks of several characters."""
    demand_cache(student, expect, several_chunks(reference), "hs")


@forward_pass.test(
    weight=2,
    kills=[
        "without_output_bias",
        "logits_of_previous_states",
        "probabilities_as_logits",
        "output_bias_in_sampling_only",
    ],
)
def forward_pass_logits(student, reference, expect):
    """The cache holds the right logits of every step, for chunks of several characters."""
    demand_cache(student, expect, several_chunks(reference), "logits")


@forward_pass.test(weight=2, kills=["softmax_over_the_chunk", "softmax_over_steps", "probabilities_rounded"])
def forward_pass_probabilities(student, reference, expect):
    """The cache holds the right probabilities of every step, for chunks of several characters."""
    demand_cache(student, expect, several_chunks(reference), "probabilities")


@forward_pass.test(weight=6, kills=["forgets_after_ten_steps"])
def forward_pass_long_chunk(student, reference, expect):
    """All three arrays are right for chunks of 40 and of 120 characters, for tiny weights and for large ones."""
    demand_cache(student, expect, reference.cases("forward_pass_long"), *CACHE)


@forward_pass.test(kills=["squeezes_its_arrays"], requires="forward_pass_states")
def forward_pass_one_character(student, reference, expect):
    """All three arrays have the right shape and values for a chunk of one character."""
    demand_cache(student, expect, reference.cases("forward_pass_smallest")[: len(ONE_STEP)], *CACHE)


@forward_pass.test(kills=["squeezes_its_arrays"], requires="forward_pass_states")
def forward_pass_one_unit(student, reference, expect):
    """All three arrays have the right shape and values where the state is a single number."""
    demand_cache(student, expect, reference.cases("forward_pass_smallest")[len(ONE_STEP) :], *CACHE)


@forward_pass.test(
    weight=2, kills=["unstable_softmax", "one_shift_for_all_steps"], requires="forward_pass_probabilities"
)
def forward_pass_large_logits(student, reference, expect):
    """The probabilities stay finite and right for logits of 800 and more, also where one step's alone are large."""
    demand_cache(student, expect, reference.cases("forward_pass_extreme"), "probabilities")


@forward_pass.test(
    weight=2, kills=["remembers_the_last_chunk", "one_array_for_all_calls"], requires="forward_pass_states"
)
def forward_pass_starts_from_h_prev(student, reference, expect):
    """Every call starts from the state that it is given, and no later call touches an earlier cache."""
    case = with_cache(reference, draw_chunk(reference.rng, DIFFERENT, GENTLE))
    for _ in range(2):
        answer = forward_answer(student, expect, case, "hs")
        demand(expect, answer["hs"], case["cache"]["hs"], name="cache['hs'], called again", rtol=FRESH)
    text = draw_chunk(reference.rng, DIFFERENT)
    both = both_answers(student, expect, student.forward_pass, (case, text), ("inputs", "h_prev", "parameters"))
    ok = isinstance(both[0], dict) and "hs" in both[0]
    expect.true(ok, "forward_pass does not return a dictionary with 'hs'.")
    name = "cache['hs'] of a first chunk, after a second one was read"
    demand(expect, both[0]["hs"], case["cache"]["hs"], name=name, rtol=FRESH)


@forward_pass.test(kills=["writes_into_h_prev"], requires="forward_pass_states")
def forward_pass_leaves_arguments(student, reference, expect):
    """forward_pass changes neither inputs nor h_prev nor parameters."""
    case = draw_chunk(reference.rng, DIFFERENT)
    expect.unchanged(student.forward_pass, case["inputs"], case["h_prev"], case["parameters"])


# --- sequence_loss ------------------------------------------------------------------------------------------------

sequence_loss = exercise("sequence_loss")


def with_loss(reference, case):
    """Return a chunk with its loss."""
    return {**case, "loss": reference.sequence_loss(read(reference, case), case["targets"])}


def demand_loss(student, expect, cases):
    """Demand the loss of every chunk as one number."""
    for case in cases:
        with expect.case(**sizes_of(case)):
            answer = student.sequence_loss(own_cache(student, expect, case), case["targets"])
            sizes = {"the number of steps": len(case["inputs"]), "V": len(case["parameters"]["by"])}
            rtol = case.get("rtol", EXACT)
            demand(expect, answer, case["loss"], name="sequence_loss(cache, targets)", rtol=rtol, sizes=sizes)


@sequence_loss.frozen
def sequence_loss_cases(rng, reference):
    """Return chunks of several characters, a long one among them, with their loss."""
    cases = [*(draw_chunk(rng, sizes) for sizes in SEVERAL), draw_long_chunk(rng, LONG[0])]
    return [with_loss(reference, case) for case in cases]


@sequence_loss.frozen
def sequence_loss_smallest(rng, reference):
    """Return chunks of one character with their loss."""
    return [with_loss(reference, draw_chunk(rng, sizes)) for sizes in ONE_STEP]


@sequence_loss.frozen
def sequence_loss_extreme(rng, reference):
    """Return chunks with logits from 40 to 1e300, and one of whose steps one lies thousands below another."""
    cases = []
    for large in (40.0, 700.0, 800.0, 1000.0, -1000.0, 1e10, 1e300):
        cases.append(draw_chunk(rng, WIDE))
        cases[-1]["parameters"]["by"][2] = large
        cases[-1]["targets"] = np.array([2, 0, 5, 2])
    # The text's own example: the right character has the logit 0, a wrong one 1000.
    cases.append(draw_chunk(rng, Sizes(T=1, n_h=4, V=2)))
    cases[-1]["parameters"] |= {"Why": np.zeros((2, 4)), "by": np.array([1000.0, 0.0])}
    cases[-1]["targets"] = np.array([1])
    cases.append(draw_chunk(rng, WIDE))
    cases[-1]["parameters"] |= {"Why": np.full((WIDE.V, WIDE.n_h), 900.0), "by": np.linspace(-1, 1, WIDE.V)}
    cases[-1]["parameters"] |= {"Wxh": np.outer(np.ones(WIDE.n_h), [30.0, -30.0] * 3), "bh": np.zeros(WIDE.n_h)}
    cases[-1]["inputs"] = np.array([0, 1, 3, 0])
    return [with_loss(reference, case) for case in cases]


@sequence_loss.test(
    weight=3,
    kills=[
        "mean_over_steps",
        "mean_over_vocabulary",
        "loss_in_bits",
        "loss_to_base_ten",
        "loss_without_minus",
        "loss_of_last_step",
        "whole_list_of_targets",
        "sum_of_all_logarithms",
        "one_minus_probability",
        "loss_as_array",
        "loss_starts_anew_each_step",
        "log_of_sum_of_everything",
        "squared_distance",
    ],
)
def sequence_loss_values(student, reference, expect):
    """sequence_loss gives the summed cross-entropy of a chunk, one number, for chunks of 4 to 40 characters."""
    fresh = with_loss(reference, draw_chunk(reference.rng, OTHER, GENTLE))
    demand_loss(student, expect, [*reference.cases("sequence_loss_cases"), {**fresh, "rtol": FRESH}])


@sequence_loss.test(requires="sequence_loss_values")
def sequence_loss_one_character(student, reference, expect):
    """The loss of a chunk of one character is right."""
    demand_loss(student, expect, reference.cases("sequence_loss_smallest"))


@sequence_loss.test(
    weight=2,
    kills=["logarithm_of_underflow", "clipped_probability", "loss_overflows", "one_maximum_for_the_chunk"],
    requires="sequence_loss_values",
)
def sequence_loss_large_logits(student, reference, expect):
    """The loss stays finite and right where a logit is 40, 1000, or as large as 1e300."""
    demand_loss(student, expect, reference.cases("sequence_loss_extreme"))


@sequence_loss.test(requires="sequence_loss_values")
def sequence_loss_of_equal_logits(student, reference, expect):
    """A network that knows nothing pays log V for each character."""
    case = draw_chunk(reference.rng, DIFFERENT)
    case["parameters"] |= {"Why": np.zeros((DIFFERENT.V, DIFFERENT.n_h)), "by": np.full(DIFFERENT.V, 3.0)}
    demand_loss(student, expect, [{**case, "loss": DIFFERENT.T * np.log(DIFFERENT.V), "rtol": FRESH}])


@sequence_loss.test(kills=["shifts_the_cache_in_place"], requires="sequence_loss_values")
def sequence_loss_leaves_arguments(student, reference, expect):
    """sequence_loss changes neither the cache nor the targets."""
    case = draw_chunk(reference.rng, DIFFERENT)
    expect.unchanged(student.sequence_loss, own_cache(student, expect, case), case["targets"])


# --- backward_pass ------------------------------------------------------------------------------------------------

backward_pass = exercise("backward_pass")


def with_gradients(reference, case):
    """Return a chunk with its gradients."""
    grads = reference.backward_pass(case["inputs"], case["targets"], read(reference, case), case["parameters"])
    return {**case, "grads": grads}


def demand_gradients(student, expect, cases, *, names=GRADIENTS):
    """Demand some of the five gradients of every chunk."""
    for case in cases:
        with expect.case(**sizes_of(case)):
            cache = own_cache(student, expect, case)
            answer = student.backward_pass(case["inputs"], case["targets"], cache, case["parameters"])
            right = {name: case["grads"][name] for name in names}
            expect.keys(answer, names, name="grads")
            expect.close(answer, right, name="grads", **near(case.get("rtol", EXACT), *right.values()))


def draw_unmoved_chunk(rng, sizes):
    """Draw a chunk whose loss is so large that it does not tell nearby parameters apart; its gradient is small.

    A wrong character has a logit of 1e10 at every step. Rounding moves such a loss by 1e-6, any difference with it.
    """
    case = draw_chunk(rng, sizes)
    case["parameters"]["by"][-1] = 1e10
    return case


def draw_large_chunk(rng, sizes):
    """Draw a chunk whose five gradients all have entries far beyond 10: sure of itself, and mostly wrong."""
    case = draw_chunk(rng, sizes)
    case["parameters"]["Why"] *= 40.0
    case["parameters"]["by"][0] = -100.0
    case["targets"][: 3 * sizes.T // 4] = 0
    return case


def draw_tiny_chunk(rng, sizes, *, certainty=9.0):
    """Draw a chunk whose gradients lie near 1e-4: the right character is nearly certain at every step."""
    case = draw_chunk(rng, sizes)
    case["targets"][:] = 1
    case["parameters"]["by"][1] = certainty
    return case


@backward_pass.frozen
def backward_pass_cases(rng, reference):
    """Return chunks of several characters, of every kind of size, with their gradients."""
    cases = [draw_unmoved_chunk(rng, UNMOVED[0]), *(draw_chunk(rng, sizes) for sizes in SEVERAL)]
    return [with_gradients(reference, case) for case in cases]


@backward_pass.frozen
def backward_pass_smallest(rng, reference):
    """Return chunks of one character, then chunks read by one unit, with their gradients."""
    cases = [draw_chunk(rng, sizes) for sizes in (*ONE_STEP, *ONE_UNIT)]
    extreme = draw_unmoved_chunk(rng, UNMOVED[1])
    return [with_gradients(reference, case) for case in (extreme, *cases)]


@backward_pass.frozen
def backward_pass_long(rng, reference):
    """Return chunks that are long, with a memory that lasts, and one that no difference tells anything of."""
    cases = [*(draw_long_chunk(rng, sizes) for sizes in LONG), draw_unmoved_chunk(rng, UNMOVED[2])]
    return [with_gradients(reference, case) for case in cases]


@backward_pass.frozen
def backward_pass_scales(rng, reference):
    """Return chunks with gradients beyond 10, and with gradients near 1e-4."""
    # Taken from 1, a probability near it has lost its last digits; 1e-6 of such a gradient is left to be judged.
    tiny = {**draw_tiny_chunk(rng, DIFFERENT), "rtol": 1e-6}
    cases = [draw_large_chunk(rng, Sizes(T=40, n_h=5, V=3)), tiny, draw_unmoved_chunk(rng, UNMOVED[0])]
    return [with_gradients(reference, case) for case in cases]


def several_gradients(reference):
    """Return the frozen chunks of several characters and a fresh one, with their gradients."""
    fresh = with_gradients(reference, draw_tiny_chunk(reference.rng, OTHER, certainty=3.0))
    return [*reference.cases("backward_pass_cases"), {**fresh, "rtol": FRESH}]


@backward_pass.test(
    weight=2,
    kills=[
        "whole_list_of_targets_subtracted",
        "targets_minus_probabilities",
        "averaged_over_steps",
        "output_paired_with_previous_state",
        "nothing_subtracted",
        "output_gradients_of_last_step",
        "adds_to_the_last_call",
        "by_differences",
    ],
)
def backward_pass_output_layer(student, reference, expect):
    """The gradients dWhy and dby of the output layer are right, exactly, for chunks of several characters."""
    demand_gradients(student, expect, several_gradients(reference), names=("dWhy", "dby"))


@backward_pass.test(
    weight=2,
    kills=[
        "slope_left_out",
        "slope_at_the_wrong_state",
        "rows_of_wxh_gradient",
        "targets_column_for_inputs",
        "by_differences",
    ],
)
def backward_pass_one_character(student, reference, expect):
    """All five gradients are right for a chunk of one character that starts from a state that is not zero."""
    demand_gradients(student, expect, reference.cases("backward_pass_smallest")[: 1 + len(ONE_STEP)])


@backward_pass.test(
    weight=4,
    kills=[
        "overwrites_instead_of_adding",
        "no_carry_through_time",
        "carries_state_gradient",
        "carries_through_transposed_weights",
        "own_state_for_previous",
        "initial_state_taken_as_zero",
        "last_state_before_first",
        "stops_before_the_first_step",
        "begins_one_step_early",
        "slope_left_out",
        "slope_at_the_wrong_state",
        "repeated_characters_counted_once",
        "runs_forwards_in_time",
        "targets_column_for_inputs",
        "slope_of_tanh_of_tanh",
        "carries_only_one_step",
        "by_differences",
    ],
)
def backward_pass_through_time(student, reference, expect):
    """All five gradients are right, exactly, for chunks of several characters, some of them read twice."""
    demand_gradients(student, expect, several_gradients(reference))


@backward_pass.test(weight=7, kills=["carry_cut_every_ten_steps", "looks_back_eight_steps", "by_differences"])
def backward_pass_long_chunk(student, reference, expect):
    """All five gradients are right for chunks of 40 and of 120 characters: nothing is cut off on the way back."""
    demand_gradients(student, expect, reference.cases("backward_pass_long"))


@backward_pass.test(
    weight=7,
    kills=[
        "clips_its_gradients",
        "scales_down_long_gradients",
        "clips_the_carry",
        "clips_at_one_inside",
        "by_differences",
    ],
)
def backward_pass_large_and_tiny(student, reference, expect):
    """Gradients far beyond 10, and gradients near 0.0001, come out as they are."""
    demand_gradients(student, expect, reference.cases("backward_pass_scales"))


@backward_pass.test(kills=["squeezes_its_gradients"], requires="backward_pass_through_time")
def backward_pass_one_unit(student, reference, expect):
    """All five gradients have the right shape and values where the state is a single number."""
    demand_gradients(student, expect, reference.cases("backward_pass_smallest")[1 + len(ONE_STEP) :])


@backward_pass.test(weight=2, kills=["subtracts_in_the_cache"], requires="backward_pass_output_layer")
def backward_pass_leaves_arguments(student, reference, expect):
    """backward_pass changes neither inputs nor targets nor parameters nor the cache, so that it can be called again."""
    case = draw_chunk(reference.rng, DIFFERENT)
    cache = own_cache(student, expect, case)
    expect.unchanged(student.backward_pass, case["inputs"], case["targets"], cache, case["parameters"])


@backward_pass.test(kills=["one_dictionary_for_all_calls"], requires="backward_pass_output_layer")
def backward_pass_twice(student, reference, expect):
    """A second call gives the same gradients as the first, and no later call touches what an earlier one returned."""
    case = with_gradients(reference, draw_tiny_chunk(reference.rng, DIFFERENT, certainty=3.0))
    outer = {name: case["grads"][name] for name in ("dWhy", "dby")}
    case["cache"] = own_cache(student, expect, case)
    for _ in range(2):
        answer = student.backward_pass(case["inputs"], case["targets"], case["cache"], case["parameters"])
        expect.keys(answer, outer, name="grads")
        for name, right in outer.items():
            demand(expect, answer[name], right, name=f"{name}, called again,", rtol=FRESH)
    other = draw_tiny_chunk(reference.rng, DIFFERENT, certainty=3.0)
    other["cache"] = own_cache(student, expect, other)
    names = ("inputs", "targets", "cache", "parameters")
    both = both_answers(student, expect, student.backward_pass, (case, other), names)
    expect.keys(both[0], outer, name="grads")
    for name, right in outer.items():
        demand(expect, both[0][name], right, name=f"{name} of a first chunk, after a second one,", rtol=FRESH)


# --- clip ---------------------------------------------------------------------------------------------------------

clip = exercise("clip")
EDGES = np.array([100.0, 1.0, 4.9999, 5.0, 5.0001, -4.9999, -5.0, -5.0001, 0.0, 1e-4, -1e8])


def draw_grads(rng, scale=6.0):
    """Draw gradients of several shapes; about four in ten entries lie beyond 5."""
    sizes = shapes(DIFFERENT)
    return {f"d{name}": scale * rng.standard_normal(shape) for name, shape in sizes.items()}


def clipped(grads, limit):
    """Return what clipping by value gives."""
    return {name: np.minimum(np.maximum(gradient, -limit), limit) for name, gradient in grads.items()}


@clip.frozen
def clip_cases(rng, reference):
    """Return gradients with what is left of them: small ones, large ones, and some just within and just beyond 5."""
    cases = [draw_grads(rng, scale) for scale in (0.5, 6.0, 300.0)]
    cases.append({**draw_grads(rng, 1e-4), "dbh": EDGES})
    return [{"grads": grads, "clipped": reference.clip_gradients(grads)} for grads in cases]


def demand_clipped(student, expect, grads, right, *limit):
    """Demand gradients limited, to the last digits."""
    answer = student.clip_gradients(grads, *limit)
    name = f"clip_gradients(grads, {limit[0]:g})" if limit else "clip_gradients(grads)"
    expect.keys(answer, grads, name=name)
    expect.close(answer, right, name=name, rtol=1e-12, atol=1e-15)


@clip.test(
    weight=3,
    kills=[
        "clips_from_above_only",
        "clips_by_norm",
        "rescales_by_the_largest",
        "zeroes_what_is_large",
        "wraps_what_is_large",
        "clips_nothing",
        "always_to_the_limit",
        "clips_at_one",
        "squashes_smoothly",
    ],
)
def clip_values(student, reference, expect):
    """Every entry is limited to the range from -5 to 5, and those within are as they were."""
    for case in reference.cases("clip_cases"):
        demand_clipped(student, expect, case["grads"], case["clipped"])


@clip.test(weight=2, kills=["ignores_the_limit", "clips_at_one"])
def clip_limit(student, reference, expect):
    """Another limit is obeyed: the entries beyond it are changed, and no other."""
    for limit in (0.25, 1.0, 4.99995, 5.00005, 40.0):
        grads = {**draw_grads(reference.rng), "dbh": EDGES}
        demand_clipped(student, expect, grads, clipped(grads, limit), limit)


@clip.test(weight=2, kills=["clips_in_place"], requires="clip_values")
def clip_leaves_argument(student, reference, expect):
    """The caller's gradients are not changed, large ones neither."""
    expect.unchanged(student.clip_gradients, draw_grads(reference.rng))


@clip.test(kills=["knows_its_keys"], requires="clip_values")
def clip_any_keys(student, reference, expect):
    """Gradients of other names, and of other shapes, are clipped as well."""
    grads = {"dU": reference.draw((2, 3, 4), scale=9.0), "dc": reference.draw((1,), scale=9.0)}
    demand_clipped(student, expect, grads, clipped(grads, 5.0))


# --- adagrad ------------------------------------------------------------------------------------------------------

adagrad = exercise("adagrad")


# The constant, and where it stands, moves a step by less than 1e-6 where gradients are 0.05 and more: those decide
# about the method, small ones about the constant.
STEP = 1e-5


def draw_step(rng, *, fresh, scale=2.0, sizes=DIFFERENT):
    """Draw parameters, gradients of this scale, none much smaller, and a memory: zeros, or of gradients like these."""
    parameters = draw_parameters(rng, sizes)
    grads = {f"d{name}": rng.standard_normal(shape) for name, shape in shapes(sizes).items()}
    grads = {name: scale * np.sign(value) * (0.025 + np.abs(value)) for name, value in grads.items()}
    memory = {name: np.zeros(s) if fresh else scale**2 * rng.random(s) for name, s in shapes(sizes).items()}
    return {"parameters": parameters, "grads": grads, "memory": memory}


def demand_step(student, reference, expect, case, *rate, rtol):
    """Demand new parameters and memory; return the right ones."""
    given = (case["parameters"], case["grads"], case["memory"])
    answer = student.adagrad_update(*given, *rate)
    answer = demand_pair(expect, answer, ("parameters", "memory"), name="adagrad_update")
    right = reference.adagrad_update(*given, *rate)
    for name, part, wanted in zip(("memory", "parameters"), answer[::-1], right[::-1], strict=True):
        expect.keys(part, wanted, name=name)
        expect.close(part, wanted, name=f"the new {name}", **near(rtol, *wanted.values()))
    return right


@adagrad.frozen
def adagrad_cases(rng, reference):
    """Return first and later steps; what becomes of them is asked when they are tried."""
    del reference
    return [draw_step(rng, fresh=fresh) for fresh in (True, False, False)]


@adagrad.frozen
def adagrad_small(rng, reference):
    """Return steps with gradients of 0.0001 and thereabouts, where the constant and its place decide."""
    del reference
    cases = [draw_step(rng, fresh=fresh, scale=s) for fresh in (True, False) for s in (1e-3, 1e-4, 1e-5)]
    cases[0]["grads"]["dby"] = np.array([1e-4, -1e-4, 1e-3, 1e-8])
    return cases


@adagrad.test(
    weight=4,
    kills=[
        "without_memory",
        "without_root",
        "wrong_sign",
        "memory_of_gradients",
        "memory_before_this_step",
        "plain_descent",
        "memory_averaged",
        "one_memory_for_an_array",
        "root_of_memory_kept",
        "returns_parameters_only",
        "returns_memory_first",
        "multiplies_by_the_root",
        "sign_only",
        "large_epsilon",
    ],
)
def adagrad_steps(student, reference, expect):
    """A step gives the right new parameters and memory, from an empty memory and from a full one."""
    for case in reference.cases("adagrad_cases"):
        demand_step(student, reference, expect, case, rtol=STEP)
    demand_step(student, reference, expect, draw_step(reference.rng, fresh=False), rtol=FRESH)


@adagrad.test(
    weight=5,
    kills=["epsilon_beside_the_root", "epsilon_too_large", "epsilon_in_the_memory", "large_epsilon", "without_epsilon"],
)
def adagrad_small_gradients(student, reference, expect):
    """A step is right where gradients are near 0.0001, so that the constant under the root counts."""
    for case in reference.cases("adagrad_small"):
        demand_step(student, reference, expect, case, rtol=EXACT)


@adagrad.test(
    weight=3,
    kills=["memory_not_handed_on", "without_memory", "memory_of_its_own", "ignores_the_rate"],
)
def adagrad_many_steps(student, reference, expect):
    """Forty steps in a row are right, each with the memory that the one before returned, at a rate of 0.03."""
    rng = np.random.default_rng(40)
    case = draw_step(rng, fresh=True)
    rows = np.arange(DIFFERENT.V)[:, None] > 0  # the first row's gradient is always 0
    for _ in range(40):
        grads = draw_step(rng, fresh=True)["grads"]
        case["grads"] = {**grads, "dWhy": grads["dWhy"] * rows}
        case["parameters"], case["memory"] = demand_step(student, reference, expect, case, 0.03, rtol=STEP)


@adagrad.test(weight=3, kills=["ignores_the_rate"], requires="adagrad_steps")
def adagrad_rate(student, reference, expect):
    """The learning rate given is used."""
    for case, rate in zip(reference.cases("adagrad_cases"), (0.01, 2.0, 0.5), strict=True):
        demand_step(student, reference, expect, case, rate, rtol=STEP)


@adagrad.test(requires="adagrad_steps")
def adagrad_one_unit(student, reference, expect):
    """New parameters and memory keep their axes where the network has a single hidden unit."""
    case = draw_step(np.random.default_rng(41), fresh=False, sizes=ONE_UNIT[0])
    with expect.case(n_h=ONE_UNIT[0].n_h, V=ONE_UNIT[0].V):
        demand_step(student, reference, expect, case, rtol=STEP)


@adagrad.test(weight=2, kills=["without_epsilon"], requires="adagrad_steps")
def adagrad_zero_gradient(student, reference, expect):
    """An entry whose gradient was always zero stays where it is."""
    case = dict(reference.cases("adagrad_cases")[0])
    rows = np.arange(DIFFERENT.V)[:, None] != 1
    case["grads"] = {**case["grads"], "dWhy": case["grads"]["dWhy"] * rows, "dby": np.array([0.0, 1.0, 0.0, -1.0])}
    demand_step(student, reference, expect, case, rtol=STEP)


@adagrad.test(weight=2, kills=["updates_in_place", "memory_in_place"], requires="adagrad_steps")
def adagrad_leaves_arguments(student, reference, expect):
    """Neither parameters nor gradients nor memory are changed."""
    case = draw_step(reference.rng, fresh=False)
    expect.unchanged(student.adagrad_update, case["parameters"], case["grads"], case["memory"])


# --- sample -------------------------------------------------------------------------------------------------------

sample = exercise("sample")
# Chance that one statistical judgement rejects a right sampler, over the seeds that might have been frozen. Three are
# made, and with follow-through three again, so that an honest answer is rejected with a chance below 1e-9.
FALSE_ALARM = 1e-10
DRAWS = 1000


def draw_network(rng, sizes, scale=1.0):
    """Draw a network and where it begins; with weights this large the next character depends on the state."""
    return {
        "h": np.tanh(rng.standard_normal(sizes.n_h)),
        "seed_ix": int(rng.integers(sizes.V)),
        "parameters": draw_parameters(rng, sizes, scale),
    }


def draw_writer(rng, sizes=DIFFERENT, scale=1.0):
    """Draw what a sampler needs: a network, and the seed of a generator."""
    return {**draw_network(rng, sizes, scale), "seed": int(rng.integers(2**31))}


def make_generator(student, expect, seed):
    """Return a numpy generator on the learner's side."""
    made = student.library("numpy.random", "default_rng")(seed)
    expect.true(isinstance(made, Handle), "numpy.random.default_rng makes no generator in your notebook.")
    return made


def is_number(answer, number):
    """Tell whether an answer is exactly that number; it may be anything."""
    return type(answer) is float and answer == number


def sampled(student, expect, case, n, generator, *temperature):
    """Return the learner's n numbers as a list."""
    answer = student.sample(case["h"], case["seed_ix"], n, case["parameters"], generator, *temperature)
    if isinstance(answer, np.ndarray) and answer.ndim == 1:
        answer = answer.tolist()
    whole = isinstance(answer, list | tuple) and all(
        type(i) is int or (type(i) is float and i == int(i)) for i in answer
    )
    expect.true(whole, "sample does not return a list of whole numbers.")
    expect.true(len(answer) == n, f"sample returns {len(answer)} numbers for n={n}.")
    V = len(case["parameters"]["by"])
    expect.true(all(0 <= i < V for i in answer), f"sample returns numbers that are no character: there are {V}.")
    return [int(i) for i in answer]


def demand_stream(student, reference, expect, case, n, *temperature):
    """Demand the very numbers that the generator gives, and that it was asked n times."""
    theirs, ours = make_generator(student, expect, case["seed"]), np.random.default_rng(case["seed"])
    answer = sampled(student, expect, case, n, theirs, *temperature)
    right = reference.sample(case["h"], case["seed_ix"], n, case["parameters"], ours, *temperature)
    told = f", temperature={temperature[0]:g}" if temperature else ""
    expect.close(answer, right, name=f"sample(..., n={n}{told})")
    following = theirs.random
    spent = isinstance(following, Handle) and is_number(following(), ours.random())
    expect.true(spent, f"For n={n} the generator was not asked {n} times, once for each character.")


def distance(reference, case, answer, temperature=1.0):
    """Return how far the share of any character lies from what the probabilities along the text add up to.

    The text that was drawn is read again; at each step the probabilities of the next character are known. What a
    character's count exceeds their sum by is a martingale with differences within an interval of length 1, so by
    Azuma and Hoeffding P(|excess| >= a) <= 2 exp(-2 a² / n), whatever the network is.
    """
    inputs = np.array([case["seed_ix"], *answer[:-1]])
    scores = reference.forward_pass(inputs, case["h"], case["parameters"])["logits"] / temperature
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    expected = (powers / powers.sum(axis=1, keepdims=True)).sum(axis=0)
    counts = np.bincount(answer, minlength=len(expected))
    return np.abs(counts - expected).max()


def bound(n, V, false_alarm=FALSE_ALARM):
    """Return the excess that none of V counts of n draws reaches but with the chance `false_alarm`."""
    return np.sqrt(n / 2 * np.log(2 * V / false_alarm))


def demand_law(student, reference, expect, case, *temperature):
    """Demand that characters come as often as their probabilities say, and that chance has a part in it.

    The text is the learner's, and what is expected follows from it: without chance a text can be made to fit.
    """
    answer = sampled(student, expect, case, DRAWS, make_generator(student, expect, case["seed"]), *temperature)
    far = distance(reference, case, answer, *temperature)
    allowed = bound(DRAWS, len(case["parameters"]["by"]))
    expect.true(far <= allowed, "Some character comes far more, or far less, often than its probability says.")
    other = sampled(student, expect, case, 60, make_generator(student, expect, case["seed"] + 1), *temperature)
    expect.true(other != answer[:60], "Two generators of different seeds give the same text.")


def draw_edge(seed, temperature, side):
    """Return a writer of two characters whose first draw is decided by the ninth digit of a probability.

    The first number of the generator of that seed lies just below the probability of character 0, or just above.
    """
    edge = np.random.default_rng(seed).random() * (1 + side * 1e-8)
    by = np.array([temperature * np.log(edge / (1 - edge)), 0.0])
    parameters = {"Wxh": np.ones((3, 2)), "Whh": np.eye(3), "Why": np.zeros((2, 3)), "bh": np.ones(3), "by": by}
    return {"h": np.zeros(3), "seed_ix": 1, "parameters": parameters, "seed": seed}


@sample.frozen
def sample_writers(rng, reference):
    """Return two networks, those of ten on which wrong samplers stand out most; how far, a test measures."""
    del reference  # it is asked when there is a text
    writers = [draw_network(rng, Sizes(T=1, n_h=6, V=5)) for _ in range(10)]
    return [{**writers[1], "seed": 11}, {**writers[8], "seed": 12}]


@sample.frozen
def sample_streams(rng, reference):
    """Return networks with the seeds of generators: small ones, and one as large as the song's alphabet."""
    del reference
    writers = [draw_writer(rng, sizes) for sizes in (DIFFERENT, WIDE, ALL_EQUAL, Sizes(T=1, n_h=20, V=34))]
    # Twenty units of this scale are chaotic: over 200 characters the rounding of another right forward pass would tell.
    writers[-1]["parameters"]["Whh"] *= 0.3
    return writers


@sample.test(
    weight=4,
    kills=[
        "takes_the_most_probable",
        "global_generator",
        "generator_of_its_own",
        "all_from_the_first",
        "seed_returned_first",
        "starts_from_zero_state",
        "state_never_updated",
        "never_reads_what_it_drew",
        "reads_the_probabilities",
        "without_output_bias_here",
        "without_hidden_bias_here",
        "gumbel_noise",
        "one_too_few",
        "draws_before_reading",
        "uniform_draws",
        "one_hot_never_reset",
        "draws_twice",
        "forgets_while_writing",
        "only_the_likeliest_three",
    ],
)
def sample_stream(student, reference, expect):
    """With a seeded generator, the characters drawn are the expected ones, for texts of 25 to 200 characters."""
    for case, n in zip(reference.cases("sample_streams"), (40, 25, 30, 200), strict=True):
        demand_stream(student, reference, expect, case, n)
    demand_stream(student, reference, expect, draw_writer(reference.rng, scale=0.3), 30)


@sample.test(requires="sample_stream")
def sample_one_character(student, reference, expect):
    """A text of one character is a list with that character."""
    for case in reference.cases("sample_streams"):
        demand_stream(student, reference, expect, case, 1)


@sample.test(
    weight=2,
    kills=[
        "takes_the_most_probable",
        "never_reads_what_it_drew",
        "all_from_the_first",
        "without_output_bias_here",
        "uniform_draws",
        "reseeds_at_each_call",
    ],
)
def sample_law(student, reference, expect):
    """Each character comes as often as its probabilities say."""
    demand_law(student, reference, expect, reference.cases("sample_writers")[0])


@sample.test(
    weight=4,
    kills=[
        "ignores_the_temperature",
        "multiplies_by_the_temperature",
        "temperature_on_probabilities",
        "temperature_on_the_state",
        "temperature_kept_above_a_half",
    ],
)
def sample_temperature(student, reference, expect):
    """The logits are divided by the temperature: characters come as often as that says, from the generator given."""
    for case, temperature in zip(reference.cases("sample_writers"), (2.5, 0.4), strict=True):
        demand_law(student, reference, expect, case, temperature)
        demand_stream(student, reference, expect, reference.cases("sample_streams")[0], 100, temperature)
    demand_stream(student, reference, expect, reference.cases("sample_streams")[3], 100, 50.0)


@sample.test(weight=2, kills=["only_the_likeliest_three", "uniform_draws"])
def sample_probabilities(student, reference, expect):
    """The probabilities are right to the eighth digit, at several temperatures: it decides about a draw."""
    for seed, temperature in ((2, 1.0), (3, 1.0), (4, 0.2), (5, 3.0), (7, 0.05), (8, 20.0)):
        for side in (-1, 1):
            demand_stream(student, reference, expect, draw_edge(seed, temperature, side), 1, temperature)
    for case in reference.cases("sample_streams")[2:]:
        demand_stream(student, reference, expect, case, 50)


@sample.test(
    kills=[
        "unstable_at_low_temperature",
        "ignores_the_temperature",
        "temperature_on_probabilities",
        "temperature_kept_above_a_half",
    ],
    requires="sample_stream",
)
def sample_cold(student, reference, expect):
    """At temperatures of 0.001 and below only the most probable characters are left, and nothing overflows."""
    for temperature in (0.001, 1e-6):
        for case in reference.cases("sample_writers"):
            demand_stream(student, reference, expect, case, 30, temperature)
    case = dict(reference.cases("sample_streams")[0])
    case["parameters"] = {**case["parameters"], "by": np.array([0.0, 900.0, 1.0, 2.0])}
    demand_stream(student, reference, expect, case, 3)


@sample.test(weight=2, kills=["global_generator", "seeds_the_global_generator"], requires="sample_law")
def sample_leaves_global_generator(student, reference, expect):
    """numpy's global generator is neither used nor seeded."""
    case, seed = draw_writer(reference.rng), int(reference.rng.integers(2**31))
    student.seed(seed)
    sampled(student, expect, case, 20, make_generator(student, expect, 1))
    after = student.library("numpy.random", "random")()
    same = is_number(after, np.random.RandomState(seed).random())
    expect.true(same, "numpy's global generator is not what it was.")


@sample.test(kills=["generator_of_its_own"], requires="sample_law")
def sample_goes_on(student, reference, expect):
    """A second text from the same generator is another one, and the same seed gives the same text again."""
    case = draw_writer(reference.rng, scale=0.3)
    generator = make_generator(student, expect, 5)
    first, second = (sampled(student, expect, case, 40, generator) for _ in range(2))
    expect.true(first != second, "Two texts, one after the other from one generator, are the same.")
    again = sampled(student, expect, case, 40, make_generator(student, expect, 5))
    expect.true(first == again, "The same seed gives another text the second time.")


@sample.test(kills=["writes_into_h"], requires="sample_stream")
def sample_leaves_arguments(student, reference, expect):
    """sample changes neither the state given nor the parameters."""
    case, generator = draw_writer(reference.rng), make_generator(student, expect, 2)
    expect.unchanged(student.sample, case["h"], case["seed_ix"], 6, case["parameters"], generator)


# --- what a mistake does to the training --------------------------------------------------------------------------

VERSE = "the baker has a box, rise, bread, rise,\nand in it (a bell, a cup [a drum, {a fig}]).\nrise, bread, rise.\n\n"


def training(names):
    """Train as the notebook does, on a few lines, past their end; return the mean of the last losses."""
    text = VERSE * 8
    char_to_ix, _ = names["build_vocabulary"](text)
    indices = np.array([char_to_ix[character] for character in text])
    start = names["initialize_parameters"](50, len(char_to_ix), np.random.default_rng(1))
    empty = {name: np.zeros_like(array) for name, array in start.items()}
    _, _, losses, _ = names["train"](start, empty, indices, range(60))
    return float(np.mean(losses[-10:]))
