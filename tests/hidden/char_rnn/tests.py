"""Hidden tests of char_rnn.

Sizes differ from one another, biases and h_prev are not zero, chunks have three characters or more, one of them twice,
wherever a special case is not the point: a wrong answer hides in equal sizes and zeros. Weights are drawn with a
deviation of 0.5, so that tanh neither saturates nor is linear.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradekit.hidden import Handle, exercise

PARAMETERS = ("Wxh", "Whh", "Why", "bh", "by")
GRADIENTS = tuple(f"d{name}" for name in PARAMETERS)
CACHE = ("hs", "logits", "probabilities")


class Sizes(NamedTuple):
    T: int
    n_h: int
    V: int


DIFFERENT = Sizes(T=7, n_h=5, V=4)
WIDE = Sizes(T=4, n_h=3, V=6)
ONE_STEP = Sizes(T=1, n_h=4, V=5)
ALL_EQUAL = Sizes(T=4, n_h=4, V=4)
EVERY_KIND = (DIFFERENT, WIDE, ONE_STEP, ALL_EQUAL)


def shapes(sizes):
    """Return the shape of every parameter."""
    _, n_h, V = sizes
    return {"Wxh": (n_h, V), "Whh": (n_h, n_h), "Why": (V, n_h), "bh": (n_h,), "by": (V,)}


def draw_parameters(rng, sizes, scale=0.5):
    """Draw every parameter, biases too, with the deviation `scale`."""
    return {name: scale * rng.standard_normal(shape) for name, shape in shapes(sizes).items()}


def draw_chunk(rng, sizes):
    """Draw what a chunk needs; h_prev is not zero, and in three steps or more the first character comes again."""
    inputs = rng.integers(sizes.V, size=sizes.T)
    if sizes.T > 2:
        inputs[-1] = inputs[0]
    targets = rng.integers(sizes.V, size=sizes.T)
    targets[0] = (inputs[0] + 1) % sizes.V  # a chunk of one step, too, tells the character read from the right one
    return {
        "inputs": inputs,
        "targets": targets,
        "h_prev": np.tanh(rng.standard_normal(sizes.n_h)),
        "parameters": draw_parameters(rng, sizes),
    }


def read(reference, case):
    """Return the reference's cache of a chunk."""
    return reference.forward_pass(case["inputs"], case["h_prev"], case["parameters"])


def own_cache(student, expect, case):
    """Return the learner's own cache of a chunk, which may hold more than was asked for.

    Where the learner's forward_pass is wrong, follow-through puts the reference's in its place.
    """
    cache = student.forward_pass(case["inputs"], case["h_prev"], case["parameters"])
    expect.true(
        isinstance(cache, dict), "forward_pass does not return a dictionary, so there is no cache to go on with."
    )
    return cache


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
)


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
    ],
)
def vocabulary_is_sorted(student, reference, expect):
    """The different characters of a text are numbered from 0 in sorted order, and both dictionaries say so."""
    for text in TEXTS:
        demand_vocabulary(student, reference, expect, text)


@vocabulary.test(kills=["fixed_alphabet", "order_of_a_set", "letters_only"])
def vocabulary_of_any_text(student, reference, expect):
    """The vocabulary is that of the text given, whatever its characters are."""
    letters = reference.rng.permutation(list("bdfhjlnprtvxzBDFHJ0248 \n.;éßλ"))
    demand_vocabulary(student, reference, expect, "".join(letters[:23]) * 2)
    demand_vocabulary(student, reference, expect, "aaaa")


@vocabulary.test(kills=["remembers_earlier_texts"])
def vocabulary_starts_anew(student, reference, expect):
    """A second text has a vocabulary of its own."""
    demand_vocabulary(student, reference, expect, "kjihgfedcba")
    demand_vocabulary(student, reference, expect, "zyxwvutsrqpaaa")


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
    answer = chunks_of(student, expect, indices, seq_length)
    right = reference.iterate_chunks(indices, seq_length)
    told = f"{len(indices)} characters in chunks of {seq_length}"
    expect.true(len(answer) == len(right), f"Of {told}, {len(answer)} pairs are made; that is not the right number.")
    for number, (pair, wanted) in enumerate(zip(answer, right, strict=True)):
        for part, values, name in zip(pair, wanted, ("inputs", "targets"), strict=True):
            expect.close(part, values.tolist(), name=f"{name} of chunk {number} ({told})")


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
    for n, seq_length in ((53, 10), (41, 10), (40, 10), (42, 10), (23, 4)):
        demand_chunks(student, reference, expect, reference.rng.permutation(n) + 100, seq_length)


@chunks.test(weight=2, kills=["off_by_one_reset", "last_full_chunk_lost"])
def chunks_lose_no_target(student, reference, expect):
    """Of 51 characters in chunks of 25, all 50 targets are used, not half of them."""
    indices = reference.rng.permutation(51)
    answer = chunks_of(student, expect, indices, 25)
    used = [number for _, targets in answer for number in np.ravel(np.asarray(targets)).tolist()]
    expect.true(len(used) == 50, f"Of 50 targets, {len(used)} are used.")
    demand_chunks(student, reference, expect, indices, 25)


@chunks.test(kills=["fails_on_short_texts", "without_the_rest", "off_by_one_reset"])
def chunks_of_short_texts(student, reference, expect):
    """A text shorter than a chunk makes one short chunk; one of a single character, or of none, makes no chunk."""
    for n, seq_length in ((7, 25), (2, 3), (3, 2)):
        demand_chunks(student, reference, expect, reference.rng.permutation(n), seq_length)
    for n in (1, 0):
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
    """Return chunks of every kind of size with what the cache holds."""
    cases = [draw_chunk(rng, sizes) for sizes in EVERY_KIND]
    return [{**case, "cache": {key: read(reference, case)[key] for key in CACHE}} for case in cases]


def chunk_cases(reference):
    """Return the frozen chunks and a fresh one, each with its cache."""
    fresh = draw_chunk(reference.rng, DIFFERENT)
    return [*reference.cases("forward_pass_cases"), {**fresh, "cache": read(reference, fresh)}]


def forward_answer(student, expect, case, *names):
    """Return the learner's cache with at least these arrays."""
    answer = student.forward_pass(case["inputs"], case["h_prev"], case["parameters"])
    expect.keys(answer, names, name="cache")
    return answer


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
    """The cache holds h_prev and the right state after every character, for several sizes."""
    for case in chunk_cases(reference):
        answer = forward_answer(student, expect, case, "hs")
        expect.close(answer["hs"], case["cache"]["hs"], name="cache['hs']")


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
    """The cache holds the right logits of every step, for several sizes."""
    for case in chunk_cases(reference):
        answer = forward_answer(student, expect, case, "logits")
        expect.close(answer["logits"], case["cache"]["logits"], name="cache['logits']")


@forward_pass.test(weight=2, kills=["softmax_over_the_chunk", "softmax_over_steps"])
def forward_pass_probabilities(student, reference, expect):
    """The cache holds the right probabilities of every step, for several sizes."""
    for case in chunk_cases(reference):
        answer = forward_answer(student, expect, case, "probabilities")
        expect.close(answer["probabilities"], case["cache"]["probabilities"], name="cache['probabilities']")


@forward_pass.test(
    weight=2, kills=["unstable_softmax", "one_shift_for_all_steps"], requires="forward_pass_probabilities"
)
def forward_pass_large_logits(student, reference, expect):
    """The probabilities stay finite and right for logits of 800 and more, also where one step's alone are large."""
    case = draw_chunk(reference.rng, WIDE)
    case["parameters"]["by"][:2] = [800.0, 1000.0]
    answer = forward_answer(student, expect, case, "probabilities")
    expect.close(answer["probabilities"], read(reference, case)["probabilities"], name="cache['probabilities']")
    case = draw_chunk(reference.rng, DIFFERENT)
    # Saturated states of either sign, so that the first and the last step's logits lie 4000 apart as a whole.
    case["parameters"] |= {"Why": np.full((DIFFERENT.V, DIFFERENT.n_h), 400.0), "bh": np.zeros(DIFFERENT.n_h)}
    case["parameters"]["Wxh"] = np.outer(np.ones(DIFFERENT.n_h), [30.0, -30.0, 30.0, -30.0])
    case["inputs"] = np.array([0, 1, 2, 3, 0, 1, 0])
    answer = forward_answer(student, expect, case, "probabilities")
    # Rounding of logits in the thousands reaches the probabilities: 2000 * 2e-16 * a few terms.
    right = read(reference, case)["probabilities"]
    expect.close(answer["probabilities"], right, name="cache['probabilities']", rtol=1e-5)


@forward_pass.test(kills=["remembers_the_last_chunk", "one_array_for_all_calls"], requires="forward_pass_states")
def forward_pass_starts_from_h_prev(student, reference, expect):
    """Every call starts from the state that it is given, and no later call touches an earlier cache."""
    case = draw_chunk(reference.rng, DIFFERENT)
    right = read(reference, case)["hs"]
    for _ in range(2):
        answer = forward_answer(student, expect, case, "hs")
        expect.close(answer["hs"], right, name="cache['hs'], called again")
    text = draw_chunk(reference.rng, DIFFERENT)
    both = student.library("builtins", "list")(
        student.library("builtins", "map")(
            student.forward_pass,
            [case["inputs"], text["inputs"]],
            [case["h_prev"], text["h_prev"]],
            [case["parameters"], text["parameters"]],
        )
    )
    ok = isinstance(both, list) and len(both) == 2 and isinstance(both[0], dict) and "hs" in both[0]
    expect.true(ok, "forward_pass does not return a dictionary with 'hs'.")
    expect.close(both[0]["hs"], right, name="cache['hs'] of a first chunk, after a second one was read")


@forward_pass.test(kills=["writes_into_h_prev"], requires="forward_pass_states")
def forward_pass_leaves_arguments(student, reference, expect):
    """forward_pass changes neither inputs nor h_prev nor parameters."""
    case = draw_chunk(reference.rng, DIFFERENT)
    expect.unchanged(student.forward_pass, case["inputs"], case["h_prev"], case["parameters"])


# --- sequence_loss ------------------------------------------------------------------------------------------------

sequence_loss = exercise("sequence_loss")


def demand_loss(student, expect, case, right, *, rtol=1e-6):
    """Demand the loss of a chunk as one number."""
    answer = student.sequence_loss(own_cache(student, expect, case), case["targets"])
    sizes = {"the number of steps": len(case["inputs"]), "V": len(case["parameters"]["by"])}
    expect.close(answer, right, name="sequence_loss(cache, targets)", sizes=sizes, rtol=rtol)


@sequence_loss.frozen
def sequence_loss_cases(rng, reference):
    """Return chunks of every kind of size with their loss."""
    cases = [draw_chunk(rng, sizes) for sizes in EVERY_KIND]
    return [{**case, "loss": reference.sequence_loss(read(reference, case), case["targets"])} for case in cases]


@sequence_loss.test(
    weight=3,
    kills=[
        "mean_over_steps",
        "mean_over_vocabulary",
        "loss_in_bits",
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
    """sequence_loss gives the summed cross-entropy of a chunk, one number, for several sizes."""
    for case in reference.cases("sequence_loss_cases"):
        demand_loss(student, expect, case, case["loss"])
    case = draw_chunk(reference.rng, DIFFERENT)
    demand_loss(student, expect, case, reference.sequence_loss(read(reference, case), case["targets"]))


@sequence_loss.test(
    weight=2,
    kills=["logarithm_of_underflow", "clipped_probability", "loss_overflows", "one_maximum_for_the_chunk"],
    requires="sequence_loss_values",
)
def sequence_loss_large_logits(student, reference, expect):
    """The loss stays finite and right where a wrong character has a logit of 1000."""
    case = draw_chunk(reference.rng, WIDE)
    case["parameters"]["by"][2] = 1000.0
    case["targets"] = np.array([2, 0, 5, 2])
    demand_loss(student, expect, case, reference.sequence_loss(read(reference, case), case["targets"]))
    # One step's logits lie thousands below another's as a whole; each step needs its own maximum.
    case["parameters"] |= {"Why": np.full((WIDE.V, WIDE.n_h), 900.0), "by": np.linspace(-1, 1, WIDE.V)}
    case["parameters"] |= {"Wxh": np.outer(np.ones(WIDE.n_h), [30.0, -30.0] * 3), "bh": np.zeros(WIDE.n_h)}
    case["inputs"] = np.array([0, 1, 3, 0])
    right = reference.sequence_loss(read(reference, case), case["targets"])
    demand_loss(student, expect, case, right, rtol=1e-5)


@sequence_loss.test(requires="sequence_loss_values")
def sequence_loss_of_equal_logits(student, reference, expect):
    """A network that knows nothing pays log V for each character."""
    case = draw_chunk(reference.rng, DIFFERENT)
    case["parameters"] |= {"Why": np.zeros((DIFFERENT.V, DIFFERENT.n_h)), "by": np.full(DIFFERENT.V, 3.0)}
    demand_loss(student, expect, case, DIFFERENT.T * np.log(DIFFERENT.V))


@sequence_loss.test(kills=["shifts_the_cache_in_place"], requires="sequence_loss_values")
def sequence_loss_leaves_arguments(student, reference, expect):
    """sequence_loss changes neither the cache nor the targets."""
    case = draw_chunk(reference.rng, DIFFERENT)
    expect.unchanged(student.sequence_loss, own_cache(student, expect, case), case["targets"])


# --- backward_pass ------------------------------------------------------------------------------------------------

backward_pass = exercise("backward_pass")


def right_gradients(reference, case):
    """Return the reference's gradients of a chunk."""
    return reference.backward_pass(case["inputs"], case["targets"], read(reference, case), case["parameters"])


def gradients(student, expect, case):
    """Return the learner's gradients of a chunk."""
    cache = own_cache(student, expect, case)
    return student.backward_pass(case["inputs"], case["targets"], cache, case["parameters"])


def demand_gradients(expect, answer, right, *, names=GRADIENTS, rtol=1e-6, atol=1e-9):
    """Demand some of the five gradients."""
    expect.keys(answer, names, name="grads")
    expect.close(answer, {name: right[name] for name in names}, name="grads", rtol=rtol, atol=atol)


def numeric_gradients(reference, case, step=1e-5):
    """Return the central differences of the reference's loss for every entry of every parameter."""
    own = {name: value.copy() for name, value in case["parameters"].items()}

    def moved(name, index, to):
        own[name][index] = to
        return reference.sequence_loss(read(reference, {**case, "parameters": own}), case["targets"])

    found = {f"d{name}": np.zeros_like(value) for name, value in own.items()}
    for name, value in case["parameters"].items():
        for index in np.ndindex(value.shape):
            above, below = moved(name, index, value[index] + step), moved(name, index, value[index] - step)
            own[name][index] = value[index]
            found[f"d{name}"][index] = (above - below) / (2 * step)
    return found


@backward_pass.frozen
def backward_pass_cases(rng, reference):
    """Return chunks of every kind of size with their gradients and numeric gradients."""
    cases = [draw_chunk(rng, sizes) for sizes in EVERY_KIND]
    return [
        {**case, "grads": right_gradients(reference, case), "numeric": numeric_gradients(reference, case)}
        for case in cases
    ]


@backward_pass.test(
    weight=2,
    kills=[
        "whole_list_of_targets_subtracted",
        "targets_minus_probabilities",
        "averaged_over_steps",
        "output_paired_with_previous_state",
        "nothing_subtracted",
        "output_gradients_of_last_step",
    ],
)
def backward_pass_output_layer(student, reference, expect):
    """The gradients dWhy and dby of the output layer are right, for several sizes."""
    fresh = draw_chunk(reference.rng, DIFFERENT)
    for case in (*reference.cases("backward_pass_cases"), {**fresh, "grads": right_gradients(reference, fresh)}):
        demand_gradients(expect, gradients(student, expect, case), case["grads"], names=("dWhy", "dby"))


@backward_pass.test(
    weight=2, kills=["slope_left_out", "slope_at_the_wrong_state", "rows_of_wxh_gradient", "targets_column_for_inputs"]
)
def backward_pass_one_step(student, reference, expect):
    """All five gradients are right for a chunk of one character that starts from a state that is not zero."""
    for sizes in (ONE_STEP, Sizes(T=1, n_h=2, V=3)):
        case = draw_chunk(reference.rng, sizes)
        demand_gradients(expect, gradients(student, expect, case), right_gradients(reference, case))


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
    ],
)
def backward_pass_through_time(student, reference, expect):
    """All five gradients are right for chunks of several characters, some of them read twice, for several sizes."""
    fresh = draw_chunk(reference.rng, DIFFERENT)
    for case in (*reference.cases("backward_pass_cases"), {**fresh, "grads": right_gradients(reference, fresh)}):
        demand_gradients(expect, gradients(student, expect, case), case["grads"])


@backward_pass.test(weight=2, kills=["no_carry_through_time", "repeated_characters_counted_once"])
def backward_pass_numeric(student, reference, expect):
    """Each gradient says how the loss moves when an entry of its parameter moves a little."""
    for case in reference.cases("backward_pass_cases"):
        # The differences are good to about 1e-9: step² and rounding / step, for a loss of about 10.
        demand_gradients(expect, gradients(student, expect, case), case["numeric"], rtol=1e-5, atol=1e-7)


@backward_pass.test(weight=2, kills=["clips_its_gradients", "scales_down_long_gradients"])
def backward_pass_is_not_clipped(student, reference, expect):
    """Gradients far beyond 5 come out as they are."""
    case = draw_chunk(reference.rng, Sizes(T=12, n_h=5, V=3))
    case["parameters"]["Why"] *= 40.0
    right = right_gradients(reference, case)
    expect.true(max(np.abs(gradient).max() for gradient in right.values()) > 20, "This chunk has no large gradient.")
    demand_gradients(expect, gradients(student, expect, case), right)


@backward_pass.test(kills=["subtracts_in_the_cache"], requires="backward_pass_output_layer")
def backward_pass_leaves_arguments(student, reference, expect):
    """backward_pass changes neither inputs nor targets nor parameters nor the cache, so that it can be called again."""
    case = draw_chunk(reference.rng, DIFFERENT)
    cache = own_cache(student, expect, case)
    expect.unchanged(student.backward_pass, case["inputs"], case["targets"], cache, case["parameters"])


@backward_pass.test(kills=["adds_to_the_last_call"])
def backward_pass_twice(student, reference, expect):
    """A second call with the same cache gives the same gradients as the first."""
    case = draw_chunk(reference.rng, DIFFERENT)
    right, cache = right_gradients(reference, case), own_cache(student, expect, case)
    for _ in range(2):
        answer = student.backward_pass(case["inputs"], case["targets"], cache, case["parameters"])
        demand_gradients(expect, answer, right, names=("dWhy", "dby"))


# --- clip ---------------------------------------------------------------------------------------------------------

clip = exercise("clip")


def draw_grads(rng, scale=6.0):
    """Draw gradients of several shapes; about four in ten entries lie beyond 5."""
    sizes = shapes(DIFFERENT)
    return {f"d{name}": scale * rng.standard_normal(shape) for name, shape in sizes.items()}


def clipped(grads, limit):
    """Return what clipping by value gives."""
    return {name: np.minimum(np.maximum(gradient, -limit), limit) for name, gradient in grads.items()}


@clip.frozen
def clip_cases(rng, reference):
    """Return gradients with what is left of them, small ones and large ones."""
    cases = []
    for scale in (0.5, 6.0, 300.0):
        grads = draw_grads(rng, scale)
        cases.append({"grads": grads, "clipped": reference.clip_gradients(grads)})
    return cases


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
    ],
)
def clip_values(student, reference, expect):
    """Every entry is limited to the range from -5 to 5, and those within are as they were."""
    for case in reference.cases("clip_cases"):
        answer = student.clip_gradients(case["grads"])
        expect.keys(answer, case["grads"], name="clip_gradients(grads)")
        expect.close(answer, case["clipped"], name="clip_gradients(grads)")


@clip.test(weight=2, kills=["ignores_the_limit", "clips_at_one"])
def clip_limit(student, reference, expect):
    """Another limit is obeyed."""
    grads = draw_grads(reference.rng)
    for limit in (0.25, 1.0, 40.0):
        answer = student.clip_gradients(grads, limit)
        expect.close(answer, clipped(grads, limit), name=f"clip_gradients(grads, {limit:g})")


@clip.test(weight=2, kills=["clips_in_place"], requires="clip_values")
def clip_leaves_argument(student, reference, expect):
    """The caller's gradients are not changed, large ones neither."""
    expect.unchanged(student.clip_gradients, draw_grads(reference.rng))


@clip.test(kills=["knows_its_keys"], requires="clip_values")
def clip_any_keys(student, reference, expect):
    """Gradients of other names, and of other shapes, are clipped as well."""
    grads = {"dU": reference.draw((2, 3, 4), scale=9.0), "dc": reference.draw((1,), scale=9.0)}
    answer = student.clip_gradients(grads)
    expect.keys(answer, grads, name="clip_gradients(grads)")
    expect.close(answer, clipped(grads, 5.0), name="clip_gradients(grads)")


# --- adagrad ------------------------------------------------------------------------------------------------------

adagrad = exercise("adagrad")
# An epsilon beside the root instead of under it moves a step by 1e-8 / |g|; no gradient drawn here is below 0.05.
STEP = {"rtol": 1e-5, "atol": 1e-6}


def draw_step(rng, *, fresh):
    """Draw parameters, gradients none of which is near 0, and a memory: zeros, or of earlier steps."""
    parameters = draw_parameters(rng, DIFFERENT)
    grads = {f"d{name}": 2 * rng.standard_normal(shape) for name, shape in shapes(DIFFERENT).items()}
    grads = {name: np.sign(value) * (0.05 + np.abs(value)) for name, value in grads.items()}
    memory = {name: np.zeros(s) if fresh else 3 * rng.random(s) for name, s in shapes(DIFFERENT).items()}
    return {"parameters": parameters, "grads": grads, "memory": memory}


def demand_step(student, reference, expect, case, *rate):
    """Demand new parameters and memory; return them."""
    answer = student.adagrad_update(case["parameters"], case["grads"], case["memory"], *rate)
    answer = demand_pair(expect, answer, ("parameters", "memory"), name="adagrad_update")
    right = reference.adagrad_update(case["parameters"], case["grads"], case["memory"], *rate)
    for part, wanted, name in zip(answer, right, ("parameters", "memory"), strict=True):
        expect.keys(part, wanted, name=name)
        expect.close(part, wanted, name=f"the new {name}", **STEP)
    return answer


@adagrad.frozen
def adagrad_cases(rng, reference):
    """Return first and later steps with new parameters and memory."""
    cases = [draw_step(rng, fresh=fresh) for fresh in (True, False, False)]
    made = [reference.adagrad_update(**case) for case in cases]
    return [{**case, "new": new[0], "grown": new[1]} for case, new in zip(cases, made, strict=True)]


@adagrad.test(
    weight=3,
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
        answer = student.adagrad_update(case["parameters"], case["grads"], case["memory"])
        new, grown = demand_pair(expect, answer, ("parameters", "memory"), name="adagrad_update")
        expect.keys(grown, PARAMETERS, name="memory")
        expect.close(grown, case["grown"], name="the new memory", **STEP)
        expect.close(new, case["new"], name="the new parameters", **STEP)
    demand_step(student, reference, expect, draw_step(reference.rng, fresh=False))


@adagrad.test(weight=2, kills=["memory_not_handed_on", "without_memory", "memory_of_its_own"])
def adagrad_two_steps(student, reference, expect):
    """A second step with the memory that the first returned goes on from there."""
    case = draw_step(reference.rng, fresh=True)
    own = dict(case)
    for _ in range(3):
        own["parameters"], own["memory"] = demand_step(student, reference, expect, own)


@adagrad.test(kills=["ignores_the_rate"], requires="adagrad_steps")
def adagrad_rate(student, reference, expect):
    """The learning rate given is used."""
    for rate in (0.01, 2.0):
        demand_step(student, reference, expect, draw_step(reference.rng, fresh=False), rate)


@adagrad.test(kills=["without_epsilon"], requires="adagrad_steps")
def adagrad_zero_gradient(student, reference, expect):
    """An entry whose gradient was always zero stays where it is."""
    case = draw_step(reference.rng, fresh=True)
    case["grads"]["dWhy"][1] = 0.0
    case["grads"]["dbh"][:] = 0.0
    demand_step(student, reference, expect, case)


@adagrad.test(weight=2, kills=["updates_in_place", "memory_in_place"], requires="adagrad_steps")
def adagrad_leaves_arguments(student, reference, expect):
    """Neither parameters nor gradients nor memory are changed."""
    case = draw_step(reference.rng, fresh=False)
    expect.unchanged(student.adagrad_update, case["parameters"], case["grads"], case["memory"])


# --- sample -------------------------------------------------------------------------------------------------------

sample = exercise("sample")
# Chance that one statistical judgement rejects a right sampler. Three are made, and with follow-through three again, so
# that an honest answer is rejected with a chance below 1e-9.
FALSE_ALARM = 1e-10
DRAWS = 1000


def draw_writer(rng, sizes=DIFFERENT, scale=1.0):
    """Draw what a sampler needs; with weights this large the next character depends on the state."""
    return {
        "h": np.tanh(rng.standard_normal(sizes.n_h)),
        "seed_ix": int(rng.integers(sizes.V)),
        "parameters": draw_parameters(rng, sizes, scale),
    }


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
    seed = int(reference.rng.integers(2**31))
    theirs, ours = make_generator(student, expect, seed), np.random.default_rng(seed)
    answer = sampled(student, expect, case, n, theirs, *temperature)
    right = reference.sample(case["h"], case["seed_ix"], n, case["parameters"], ours, *temperature)
    expect.close(answer, right, name=f"sample(..., n={n})")
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
    """Demand that characters come as often as their probabilities say."""
    seed = int(reference.rng.integers(2**31))
    answer = sampled(student, expect, case, DRAWS, make_generator(student, expect, seed), *temperature)
    far = distance(reference, case, answer, *temperature)
    allowed = bound(DRAWS, len(case["parameters"]["by"]))
    expect.true(far <= allowed, "Some character comes far more, or far less, often than its probability says.")


@sample.frozen
def sample_writers(rng, reference):
    """Return two networks, those of ten on which wrong samplers stand out most; how far, a test measures."""
    del reference  # it is asked when there is a text
    writers = [draw_writer(rng, Sizes(T=1, n_h=6, V=5)) for _ in range(10)]
    return [writers[1], writers[8]]


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
    ],
)
def sample_stream(student, reference, expect):
    """With a seeded generator, the characters drawn are the expected ones, for several networks and lengths."""
    for sizes, n in ((DIFFERENT, 40), (WIDE, 25), (ALL_EQUAL, 30)):
        demand_stream(student, reference, expect, draw_writer(reference.rng, sizes), n)


@sample.test(
    weight=2,
    kills=[
        "takes_the_most_probable",
        "never_reads_what_it_drew",
        "all_from_the_first",
        "without_output_bias_here",
        "uniform_draws",
    ],
)
def sample_law(student, reference, expect):
    """Each character comes as often as its probabilities say."""
    demand_law(student, reference, expect, reference.cases("sample_writers")[0])


@sample.test(
    weight=3,
    kills=[
        "ignores_the_temperature",
        "multiplies_by_the_temperature",
        "temperature_on_probabilities",
        "temperature_on_the_state",
    ],
)
def sample_temperature(student, reference, expect):
    """The logits are divided by the temperature: characters come as often as that says, from the generator given."""
    for case, temperature in zip(reference.cases("sample_writers"), (2.5, 0.4), strict=True):
        demand_law(student, reference, expect, case, temperature)
        demand_stream(student, reference, expect, draw_writer(reference.rng), 30, temperature)


@sample.test(
    kills=["unstable_at_low_temperature", "ignores_the_temperature", "temperature_on_probabilities"],
    requires="sample_stream",
)
def sample_cold(student, reference, expect):
    """At a temperature of 0.001 only the most probable characters are left, and nothing overflows."""
    for case in reference.cases("sample_writers"):
        demand_stream(student, reference, expect, case, 30, 0.001)
    case = draw_writer(reference.rng)
    case["parameters"]["by"][1] = 900.0
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


@sample.test(kills=["generator_of_its_own", "reseeds_at_each_call"], requires="sample_law")
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
