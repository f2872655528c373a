"""Hidden tests of next_token.

Sizes differ from one another, biases and the initial state are not zero, and T is 3 or more wherever a special case is
not the point: a wrong answer hides in equal sizes and zeros. Weights are drawn with a deviation of 0.5, so that tanh
neither saturates nor is linear.

Two exercises draw at random and may do so in any way, so they are judged by the law of what they draw. Every bound
there is Hoeffding's for independent draws. All of them together, in both judgings, reject an honest answer with a
probability below 6e-10.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradekit.hidden import exercise

NAMES = ("U", "V", "W", "b_hidden", "b_out")
GRADIENTS = tuple(f"d{name}" for name in NAMES)


class Sizes(NamedTuple):
    T: int
    H: int
    K: int


DIFFERENT = Sizes(T=4, H=5, K=3)
WIDE = Sizes(T=3, H=2, K=6)
ONE_STEP = Sizes(T=1, H=4, K=3)
EQUAL = Sizes(T=5, H=4, K=4)
ALL_EQUAL = Sizes(T=3, H=3, K=3)
# Where all sizes are equal first: a mistake that shows as an error elsewhere shows as wrong values there.
EVERY_KIND = (EQUAL, DIFFERENT, WIDE, ONE_STEP, ALL_EQUAL)


def shapes(sizes):
    """Return the shape of every parameter."""
    _, H, K = sizes
    return {"U": (H, K), "V": (H, H), "W": (K, H), "b_hidden": (H, 1), "b_out": (K, 1)}


def draw_params(rng, sizes, scale=0.5):
    """Draw every parameter, biases too, with the deviation `scale`, by name."""
    return {name: scale * rng.standard_normal(shape) for name, shape in shapes(sizes).items()}


def draw_one_hot(rng, sizes):
    """Draw one-hot columns (T, K, 1), no two neighbours alike where that can be."""
    first, moves = rng.integers(sizes.K), rng.integers(1, sizes.K, size=sizes.T)
    return np.eye(sizes.K)[(first + np.cumsum(moves)) % sizes.K][:, :, np.newaxis]


def draw_state(rng, sizes):
    """Draw a hidden state (H, 1) within (-1, 1) that is not zero."""
    return np.tanh(rng.standard_normal((sizes.H, 1)))


def as_tuple(params):
    """Return parameters by name as the tuple that the functions take."""
    return tuple(params[name] for name in NAMES)


def demand_parts(expect, answer, names, *, name):
    """Demand a tuple of as many parts as there are names, and return it."""
    ok = isinstance(answer, tuple | list) and len(answer) == len(names)
    expect.true(ok, f"{name} must return {len(names)} things: {', '.join(names)}.")
    return answer


def demand_list(expect, answer, right, *, name):
    """Demand a list over time of columns; a single array of all of them would do."""
    expect.close(answer, list(right), name=name)


# --- one_hot ------------------------------------------------------------------------------------------------------

one_hot = exercise("one_hot")


def draw_text(rng, words, length):
    """Draw a sequence of words."""
    return [words[i] for i in rng.integers(len(words), size=length)]


def encoded(sequence, word_to_idx, vocab_size):
    """Return the one-hot columns of a sequence, from an identity matrix."""
    unknown = word_to_idx["UNK"]
    indices = [word_to_idx[word] if word in word_to_idx else unknown for word in sequence]
    return np.eye(vocab_size)[indices][:, :, np.newaxis]


KNOWN = {"red": 3, "UNK": 1, "blue": 0, "green": 4, "pink": 2}


@one_hot.test(kills=["one_hot_as_column", "one_hot_from_one", "one_hot_all_ones", "index_itself"])
def one_hot_word(student, reference, expect):
    """one_hot_encode(idx, vocab_size) is one at idx and zero elsewhere, for every index of several vocabularies."""
    for size in (1, 2, 5):
        for idx in range(size):
            expect.close(student.one_hot_encode(idx, size), np.eye(size)[idx], name="one_hot_encode(idx, vocab_size)")
    idx = int(reference.rng.integers(7))
    expect.close(student.one_hot_encode(idx, 7), np.eye(7)[idx], name="one_hot_encode(idx, vocab_size)")


@one_hot.test(
    weight=2,
    kills=[
        "rows_for_columns",
        "time_axis_last",
        "sequence_without_last_axis",
        "size_from_the_dictionary",
        "first_word_only",
    ],
)
def one_hot_sequence(student, reference, expect):
    """one_hot_encode_sequence gives one column for each word, for several lengths and a vocabulary of any size."""
    for length, size in ((4, 5), (1, 5), (6, 9)):
        sequence = draw_text(reference.rng, ["red", "blue", "green", "pink"], length)
        answer = student.one_hot_encode_sequence(sequence, KNOWN, size)
        expect.close(answer, encoded(sequence, KNOWN, size), name="one_hot_encode_sequence(...)")


@one_hot.test(weight=2, kills=["unknown_is_last", "unknown_is_zero", "unknown_is_skipped"])
def one_hot_unknown(student, reference, expect):
    """A word that is not in the dictionary is encoded as UNK, wherever UNK stands."""
    for words in (["red", "mauve", "ochre", "blue"], ["UNK", "taupe"]):
        sequence = draw_text(reference.rng, words, 7) + words
        answer = student.one_hot_encode_sequence(sequence, KNOWN, 5)
        expect.close(answer, encoded(sequence, KNOWN, 5), name="one_hot_encode_sequence(...)")


@one_hot.test(kills=["unknown_is_added"], requires=["one_hot_sequence", "one_hot_unknown"])
def one_hot_leaves_arguments(student, reference, expect):
    """one_hot_encode_sequence changes neither the sequence nor the dictionary."""
    del reference
    expect.unchanged(student.one_hot_encode_sequence, ["blue", "mauve", "red", "ochre"], KNOWN, 5)


# --- vocabulary ---------------------------------------------------------------------------------------------------

vocabulary = exercise("vocabulary")
PARTS = ("word_to_idx", "idx_to_word", "num_sequences", "vocab_size")
ENTRIES = ("entries of word_to_idx", "entries of idx_to_word")
TEXTS = (
    [["b", "a", "b"], ["c", "b"], ["a", "d", "e"]],
    [["x"]],
    [["to", "be", "or", "not", "to", "be"], ["not", "to"], ["be", "quiet"], ["or", "else"]],
)


def draw_texts(rng):
    """Draw sequences of words whose frequencies partly agree, the first word not being the most frequent."""
    words = ["kiwi", "fig", "lime", "plum", "pear", "date"]
    order = list(rng.permutation(words))
    times = (2, 5, 1, 5, 2, 1)
    text = [order[0]] + [order[i] for i in rng.permutation(np.repeat(range(6), times))]
    return [[str(word) for word in part] for part in (text[:5], text[5:6], text[6:])]


def numbered(sequences):
    """Return the words in the order of their indices, UNK last."""
    words = [word for sequence in sequences for word in sequence]
    first = {word: -place for place, word in reversed(list(enumerate(words)))}
    return [*sorted(first, key=lambda word: (words.count(word), first[word]), reverse=True), "UNK"]


def demand_dictionaries(student, expect, sequences):
    """Demand the four parts, and return them."""
    made = demand_parts(expect, student.sequences_to_dicts(sequences), PARTS, name="sequences_to_dicts")
    words = numbered(sequences)
    rights = {word: idx for idx, word in enumerate(words)}, dict(enumerate(words)), len(sequences), len(words)
    for which, part, right in zip(PARTS, made, rights, strict=True):
        expect.close(part, right, name=which)
        if isinstance(right, dict):
            expect.true(len(part) == len(right), f"{which} has more entries than there are words, UNK included.")
    return made


@vocabulary.test(
    weight=3,
    kills=[
        "alphabetical_order",
        "order_of_appearance",
        "rarest_first",
        "ties_by_alphabet",
        "UNK_first",
        "without_UNK",
        "words_of_the_first_sequence",
        "counts_as_indices",
        "one_short_vocabulary",
        "counts_words_for_sequences",
        "indices_from_one",
        "swapped_dictionaries",
    ],
)
def vocabulary_values(student, reference, expect):
    """sequences_to_dicts numbers the words by falling frequency, UNK last, and counts sequences and words."""
    for sequences in (*TEXTS, draw_texts(reference.rng)):
        demand_dictionaries(student, expect, sequences)


def read(student, expect, sequences):
    """Return what was read of the learner's dictionaries, and how large they should still be afterwards."""
    size = len(numbered(sequences))
    words = [sequences[0][0], "zebra", "yak", "zebra"]
    found = student.read_dictionaries(student.sequences_to_dicts, sequences, words, [0, size + 3, -1, size])
    expect.keys(found, ("indices", "words", *ENTRIES), name="what read_dictionaries returns")
    return found, size


@vocabulary.test(
    weight=2,
    kills=["default_is_zero"],
    requires="vocabulary_values",
)
def vocabulary_unknown(student, reference, expect):
    """Reading an unknown word gives the index of UNK, and reading an unknown index gives UNK."""
    for sequences in (*TEXTS, draw_texts(reference.rng)):
        found, size = read(student, expect, sequences)
        words = numbered(sequences)
        index = words.index(sequences[0][0])
        expect.close(found["indices"], [index, size - 1, size - 1, size - 1], name="the indices that are read")
        expect.close(found["words"], [words[0], "UNK", "UNK", "UNK"], name="the words that are read")


@vocabulary.test(weight=2, kills=["grows_when_read", "words_grow_when_read"], requires="vocabulary_unknown")
def vocabulary_does_not_grow(student, reference, expect):
    """Reading what is not there stores nothing: both dictionaries are as large afterwards as before."""
    for sequences in (*TEXTS, draw_texts(reference.rng)):
        found, size = read(student, expect, sequences)
        for which in ENTRIES:
            expect.close(found[which], size, name=f"the number of {which} after reading")


@vocabulary.test(kills=["appends_to_the_sequences"], requires="vocabulary_values")
def vocabulary_leaves_argument(student, reference, expect):
    """sequences_to_dicts does not change the sequences."""
    expect.unchanged(student.sequences_to_dicts, draw_texts(reference.rng))


@vocabulary.test(kills=["counts_over_calls"])
def vocabulary_twice(student, reference, expect):
    """A second call knows nothing of the first one's words."""
    for sequences in (draw_texts(reference.rng), TEXTS[0]):
        demand_dictionaries(student, expect, sequences)


# --- orthogonal ---------------------------------------------------------------------------------------------------

orthogonal = exercise("orthogonal")
DRAWS = 400
# |mean of DRAWS numbers in [-1, 1] that average 0| > 0.36 has a probability below 1.2e-11 (Hoeffding); of DRAWS numbers
# in [0, 1], |mean - what it should be| > 0.2 has one below 3e-14; of FEW numbers in [-1, 1], |mean| > 0.51 has one
# below 1.1e-11. At most 13, 12 and 12 of them are looked at, and once more with right earlier functions.
MEAN_BOUND, SQUARE_BOUND = 0.36, 0.2
FEW, FEW_BOUND = 200, 0.51
SMALL_SHAPES = ((2, 2), (2, 4))


def orthogonality_fault(matrix):
    """Say what keeps a matrix from having orthonormal columns (tall) or rows (wide); None where nothing does."""
    rows, columns = matrix.shape
    tall = matrix if rows >= columns else matrix.T
    gap = np.abs(tall.T @ tall - np.eye(tall.shape[1]))
    if gap.max() < 1e-8:
        return None
    which = "columns" if rows >= columns else "rows"
    if np.diag(gap).max() < 1e-8:
        return f"have length one, but do not stand at right angles ({which})"
    return f"do not have length one ({which})"


def demand_orthogonal(expect, matrix, shape, *, name):
    """Demand a matrix of that shape whose columns (tall) or rows (wide) are orthonormal."""
    real = isinstance(matrix, np.ndarray) and matrix.dtype.kind in "fiu"
    expect.true(real, f"{name} is no array of real numbers.")
    expect.true(matrix.shape == shape, f"{name} has shape {matrix.shape}, but {shape} is wanted.", kind="shape")
    expect.true(np.isfinite(matrix).all(), f"{name} holds something that is not finite.")
    fault = orthogonality_fault(matrix)
    expect.true(fault is None, f"{name}: its columns or rows {fault}.")
    return matrix


@orthogonal.test(
    weight=3,
    kills=[
        "wide_not_transposed",
        "gaussian_of_the_right_size",
        "columns_of_length_one",
        "upper_triangle_for_q",
        "always_square",
        "scaled_by_size",
    ],
)
def orthogonal_structure(student, reference, expect):
    """init_orthogonal gives orthonormal columns for tall shapes and orthonormal rows for wide ones."""
    student.seed(51)
    for shape in ((5, 3), (3, 5), (4, 4), (1, 6), (6, 1), (1, 1), (20, 7), (7, 20)):
        answer = student.init_orthogonal(reference.draw(shape))
        demand_orthogonal(expect, answer, shape, name="init_orthogonal(param)")


@orthogonal.test(
    weight=3,
    kills=[
        "without_signs",
        "signs_of_the_wrong_diagonal",
        "from_uniform_numbers",
        "identity",
        "seeds_inside",
        "rotations_only",
        "shuffled_identity",
        "from_the_argument",
    ],
    requires="orthogonal_structure",
)
def orthogonal_uniform(student, reference, expect):
    """Every orthogonal matrix is as likely as any other: no entry prefers a sign, turns are as frequent as mirrors."""
    student.seed(52)
    for shape in SMALL_SHAPES:
        param = np.zeros(shape)
        drawn = [student.init_orthogonal(param) for _ in range(DRAWS)]
        for answer in drawn[:2]:
            demand_orthogonal(expect, answer, shape, name="init_orthogonal(param)")
        same = all(isinstance(answer, np.ndarray) and answer.shape == shape for answer in drawn)
        said = "init_orthogonal does not always return an array of the wanted shape."
        expect.true(same, said, kind="shape")
        matrices = np.array(drawn)
        expect.true(np.ptp(matrices, axis=0).min() > 0, "Every call gives the same matrix, or some entry never varies.")
        lopsided = np.abs(matrices.mean(axis=0)).max() > MEAN_BOUND
        expect.true(not lopsided, f"Over {DRAWS} draws, some entry is far more often of one sign than of the other.")
        uneven = np.abs((matrices**2).mean(axis=0) - 1 / max(shape)).max() > SQUARE_BOUND
        expect.true(not uneven, f"Over {DRAWS} draws, some entries are far larger than others.")
        expect.true(np.count_nonzero(matrices) == matrices.size, "Some entries are exactly zero.")
        if shape == (2, 2):
            mirrors = abs(np.linalg.det(matrices).mean()) > MEAN_BOUND
            expect.true(not mirrors, "Turns and mirrors are not equally frequent: look at the determinant.")


@orthogonal.test(kills=["draws_from_own_generator"], requires="orthogonal_structure")
def orthogonal_follows_the_seed(student, reference, expect):
    """The same seed of numpy's global generator gives the same matrix, and the next call gives a new one."""
    seed = int(reference.rng.integers(2**31))
    for shape in ((4, 3), (2, 5)):
        student.seed(seed)
        first, second = (student.init_orthogonal(np.zeros(shape)) for _ in range(2))
        student.seed(seed)
        again = student.init_orthogonal(np.zeros(shape))
        for answer in (first, second, again):
            demand_orthogonal(expect, answer, shape, name="init_orthogonal(param)")
        expect.true(np.allclose(first, again), "The same seed of np.random gives another matrix.", kind="seed")
        expect.true(not np.allclose(first, second), "Two calls in a row give the same matrix.")


@orthogonal.test(kills=["overwrites_its_argument"], requires="orthogonal_structure")
def orthogonal_leaves_argument(student, reference, expect):
    """init_orthogonal does not change its argument."""
    student.seed(53)
    for shape in ((4, 3), (2, 5)):
        expect.unchanged(student.init_orthogonal, reference.draw(shape))


# --- parameters ---------------------------------------------------------------------------------------------------

parameters = exercise("parameters")


def made_params(student, expect, sizes):
    """Return the learner's parameters by name, of the right shapes."""
    made = demand_parts(expect, student.init_rnn(sizes.H, sizes.K), NAMES, name="init_rnn")
    for array, (name, shape) in zip(made, shapes(sizes).items(), strict=True):
        real = isinstance(array, np.ndarray) and array.dtype.kind in "fiu"
        expect.true(real, f"{name} is no array of real numbers.")
        expect.true(array.shape == shape, f"{name} has shape {array.shape}, but {shape} is wanted.", kind="shape")
    return dict(zip(NAMES, made, strict=True))


@parameters.test(
    weight=2,
    kills=[
        "zero_weights",
        "gaussian_weights",
        "input_weights_transposed",
        "output_weights_transposed",
        "recurrent_weights_of_the_input",
        "flat_biases",
        "biases_swapped",
        "fixed_hidden_size",
        "returns_in_another_order",
    ],
)
def parameters_weights(student, reference, expect):
    """U, V and W have their shapes and are orthogonal, for hidden sizes above, below and equal to the vocabulary's."""
    del reference
    student.seed(61)
    for sizes in (DIFFERENT, WIDE, EQUAL, Sizes(1, 50, 4)):
        made = made_params(student, expect, sizes)
        for name in ("U", "V", "W"):
            demand_orthogonal(expect, made[name], shapes(sizes)[name], name=name)


@parameters.test(kills=["random_biases", "biases_of_one"], requires="parameters_weights")
def parameters_biases(student, reference, expect):
    """Both biases are columns of zeros."""
    del reference
    student.seed(62)
    for sizes in (DIFFERENT, WIDE):
        made = made_params(student, expect, sizes)
        for name in ("b_hidden", "b_out"):
            expect.close(made[name], np.zeros(shapes(sizes)[name]), name=name)


@parameters.test(kills=["same_at_every_call"], requires="parameters_weights")
def parameters_leave_the_seed_alone(student, reference, expect):
    """init_rnn sets no seed: what is drawn after it depends on the seed that was set before."""
    del reference
    # Drawn on the learner's side, by the notebook's own numpy: where a right init_orthogonal stands in for the
    # learner's, it draws on this side, and a seed that is set over there would not show in the matrices.
    after = []
    for seed in (63, 64):
        student.seed(seed)
        student.init_rnn(3, 2)
        after.append(student.np.random.random_sample())
    expect.true(isinstance(after[0], float) and after[0] != after[1], "init_rnn sets a seed of its own.")


@parameters.test(
    kills=["output_is_input_transposed", "one_matrix_for_all"],
    requires=["parameters_weights", "parameters_leave_the_seed_alone"],
)
def parameters_drawn_separately(student, reference, expect):
    """U, V and W are drawn each for itself, and anew with every call."""
    del reference
    student.seed(63)
    for sizes in (DIFFERENT, ALL_EQUAL):
        one, two = made_params(student, expect, sizes), made_params(student, expect, sizes)
        for name in ("U", "V", "W"):
            expect.true(not np.allclose(one[name], two[name]), f"Two calls in a row give the same {name}.")
        pairs = [("U", one["U"], "W, transposed,", one["W"].T)]
        if sizes.H == sizes.K:
            pairs += [("U", one["U"], "V", one["V"]), ("V", one["V"], "W", one["W"]), ("U", one["U"], "W", one["W"])]
        for left, a, right, b in pairs:
            expect.true(not np.allclose(a, b), f"{left} and {right} are one and the same matrix.")


@parameters.test(kills=["weights_with_forgotten_signs"], requires="parameters_weights")
def parameters_uniform(student, reference, expect):
    """The weights are drawn uniformly among the orthogonal matrices, as init_orthogonal draws them."""
    del reference
    student.seed(64)
    drawn = [made_params(student, expect, Sizes(1, 2, 2)) for _ in range(FEW)]
    for name in ("U", "V", "W"):
        mean = np.mean([made[name] for made in drawn], axis=0)
        lopsided = np.abs(mean).max() > FEW_BOUND
        expect.true(not lopsided, f"Over {FEW} draws, an entry of {name} is far more often of one sign.")


# --- activations --------------------------------------------------------------------------------------------------

activations = exercise("activations")
LARGE = np.array([[-1000.0, 1000.0, 0.5], [700.0, -400.0, -0.5]])


def numeric_slope(function, x, step=1e-5):
    """Return the central difference of a function that works entry by entry."""
    return (function(x + step) - function(x - step)) / (2 * step)


@activations.frozen
def activations_cases(rng, reference):
    """Return arrays of several shapes with values and numeric slopes of sigmoid and tanh."""
    draws = [2 * rng.standard_normal(shape) for shape in ((1, 1), (3, 4), (2, 3, 5))] + [np.linspace(-2, 2, 9)]
    kinds = {"sigmoid": reference.sigmoid, "tanh": reference.tanh}
    return [
        {
            "x": x,
            **{name: f(x) for name, f in kinds.items()},
            **{f"{n}_slope": numeric_slope(f, x) for n, f in kinds.items()},
        }
        for x in draws
    ]


def demand_activation(student, reference, expect, name):
    """Demand the values and the slopes of sigmoid or tanh."""
    ours, theirs = getattr(reference, name), getattr(student, name)
    for case in reference.cases("activations_cases"):
        expect.close(theirs(case["x"]), case[name], name=f"{name}(x)")
        # The differences are good to about 1e-10: step² and rounding / step.
        slope = f"{name}(x, derivative=True)"
        expect.close(theirs(case["x"], derivative=True), case[f"{name}_slope"], name=slope, atol=1e-8)
    x = reference.draw((4, 3), scale=2.0)
    for derivative in (False, True):
        label = f"{name}(x, derivative={derivative})"
        expect.close(theirs(x, derivative=derivative), ours(x, derivative=derivative), name=label)


@activations.test(
    weight=2,
    kills=["sigmoid_slope_of_output", "sigmoid_without_minus", "sigmoid_slope_without_minus", "tanh_for_sigmoid"],
)
def activations_sigmoid(student, reference, expect):
    """sigmoid(x) has the right values and slopes, for arrays of several shapes."""
    demand_activation(student, reference, expect, "sigmoid")


@activations.test(weight=2, kills=["tanh_slope_of_output", "tanh_applied_twice", "tanh_slope_without_square"])
def activations_tanh(student, reference, expect):
    """tanh(x) has the right values and slopes, for arrays of several shapes."""
    demand_activation(student, reference, expect, "tanh")


@activations.test(kills=["tanh_from_exponentials"])
def activations_tanh_large(student, reference, expect):
    """tanh stays finite and right, and so do its slopes, for very large positive and negative entries."""
    for derivative in (False, True):
        right = reference.tanh(LARGE, derivative=derivative)
        expect.close(student.tanh(LARGE, derivative=derivative), right, name=f"tanh(x, derivative={derivative})")


@activations.test(kills=["sigmoid_of_positive_exponentials"])
def activations_sigmoid_large(student, reference, expect):
    """sigmoid stays finite and right, and so do its slopes, for very large positive and negative entries."""
    for derivative in (False, True):
        right = reference.sigmoid(LARGE, derivative=derivative)
        expect.close(student.sigmoid(LARGE, derivative=derivative), right, name=f"sigmoid(x, derivative={derivative})")


@activations.test(
    weight=2, kills=["softmax_over_rows", "softmax_ratios", "softmax_sigmoids", "softmax_flat", "softmax_shift_left_in"]
)
def activations_softmax(student, reference, expect):
    """softmax(x) of a single column has the right values."""
    for length in (1, 3, 6):
        x = reference.draw((length, 1), scale=2.0)
        expect.close(student.softmax(x), reference.softmax(x), name="softmax(x)")


@activations.test(kills=["softmax_over_everything", "softmax_over_rows"])
def activations_softmax_columns(student, reference, expect):
    """Where columns stand side by side, softmax turns each of them into probabilities for itself."""
    for shape in ((3, 4), (4, 4), (5, 2)):
        x = reference.draw(shape, scale=2.0)
        expect.close(student.softmax(x), reference.softmax(x), name="softmax(x)")


@activations.test(weight=2, kills=["softmax_without_shift", "softmax_with_epsilon_only", "softmax_one_shift_for_all"])
def activations_softmax_large(student, reference, expect):
    """softmax(x) stays finite and right where entries are very large or very small, also in one column only."""
    x = reference.draw((3, 4))
    x[:, 1] -= 1000
    x[:, 2] += 1000
    x[:, 3] = [1000, 0, -1000]
    for part in (x[:, 1:2], x[:, 2:3], x[:, 3:], x):
        expect.close(student.softmax(part), reference.softmax(part), name="softmax(x)")


@activations.test(
    weight=2,
    kills=["softmax_slope_of_diagonal", "softmax_slope_sign", "softmax_slope_forgotten", "softmax_slope_inner_product"],
    requires="activations_softmax",
)
def activations_softmax_slope(student, reference, expect):
    """softmax(x, derivative=True) is the matrix that says how each probability moves with each score."""
    for length in (2, 3, 5):
        x = reference.draw((length, 1))
        right = reference.softmax(x, derivative=True)
        nudges = 1e-5 * np.eye(length)
        numeric = (reference.softmax(x + nudges) - reference.softmax(x - nudges)) / 2e-5
        answer = student.softmax(x, derivative=True)
        expect.close(answer, right, name="softmax(x, derivative=True)")
        expect.close(answer, numeric, name="softmax(x, derivative=True)", rtol=1e-5, atol=1e-8)


@activations.test(
    kills=["softmax_shifts_in_place", "tanh_in_place"],
    requires=["activations_sigmoid", "activations_tanh", "activations_softmax"],
)
def activations_leave_argument(student, reference, expect):
    """None of the three changes its argument, with or without derivative."""
    for name in ("sigmoid", "tanh", "softmax"):
        for derivative in (False, True):
            expect.unchanged(getattr(student, name), reference.draw((4, 1)), derivative)


# --- forward_pass -------------------------------------------------------------------------------------------------

forward_pass = exercise("forward_pass")
FORWARD_PARTS = ("outputs", "hidden_states")


def draw_sentence(rng, sizes):
    """Draw the arguments of a forward pass."""
    return {"inputs": draw_one_hot(rng, sizes), "state": draw_state(rng, sizes), "params": draw_params(rng, sizes)}


def run(reference, case):
    """Return the reference's outputs and hidden states, stacked, by name."""
    answer = reference.forward_pass(case["inputs"], case["state"], as_tuple(case["params"]))
    return dict(zip(FORWARD_PARTS, map(np.array, answer), strict=True))


def sentences(reference):
    """Return the frozen sentences and a fresh one, with what they give."""
    fresh = draw_sentence(reference.rng, DIFFERENT)
    return [*reference.cases("forward_cases"), {**fresh, **run(reference, fresh)}]


def forward_answer(student, expect, case):
    """Return the learner's outputs and hidden states."""
    answer = student.forward_pass(case["inputs"], case["state"], as_tuple(case["params"]))
    return demand_parts(expect, answer, FORWARD_PARTS, name="forward_pass")


@forward_pass.frozen
def forward_cases(rng, reference):
    """Return sentences of every kind of size with outputs and hidden states."""
    cases = [draw_sentence(rng, sizes) for sizes in EVERY_KIND]
    return [{**case, **run(reference, case)} for case in cases]


@forward_pass.test(
    weight=3,
    kills=[
        "state_never_updated",
        "ignores_initial_state",
        "sigmoid_for_tanh",
        "without_hidden_bias",
        "weights_swapped",
        "recurrent_weights_transposed",
        "caches_initial_state_too",
        "one_state_many_times",
        "runs_backwards",
        "returns_swapped",
        "state_before_tanh",
    ],
)
def forward_states(student, reference, expect):
    """forward_pass gives the right hidden state after every step, from any initial state, for several sizes."""
    for case in sentences(reference):
        _, states = forward_answer(student, expect, case)
        demand_list(expect, states, case["hidden_states"], name="hidden_states")


@forward_pass.test(
    weight=3,
    kills=[
        "returns_scores",
        "without_output_bias",
        "output_from_previous_state",
        "last_output_only",
        "sigmoid_outputs",
    ],
)
def forward_outputs(student, reference, expect):
    """forward_pass gives the right probabilities at every step, for several sizes."""
    for case in sentences(reference):
        outputs, _ = forward_answer(student, expect, case)
        demand_list(expect, outputs, case["outputs"], name="outputs")


@forward_pass.test(kills=["own_softmax_overflows"], requires="forward_outputs")
def forward_large_scores(student, reference, expect):
    """The probabilities stay finite and right where the output weights are very large."""
    case = draw_sentence(reference.rng, DIFFERENT)
    case["params"]["W"] = 4000 * case["params"]["W"]
    outputs, _ = forward_answer(student, expect, case)
    # Rounding of scores in the thousands reaches the probabilities: 4000 * 2e-16 * a few terms.
    expect.close(outputs, list(run(reference, case)["outputs"]), name="outputs", rtol=1e-5)


@forward_pass.test(kills=["state_survives_the_call"])
def forward_starts_anew(student, reference, expect):
    """Every call starts from the state that it is given, whatever was called before."""
    for _ in range(3):
        case = draw_sentence(reference.rng, DIFFERENT)
        _, states = forward_answer(student, expect, case)
        demand_list(expect, states, run(reference, case)["hidden_states"], name="hidden_states")


@forward_pass.test(kills=["writes_into_the_state"], requires="forward_states")
def forward_leaves_arguments(student, reference, expect):
    """forward_pass changes neither the inputs nor the initial state nor the parameters."""
    case = draw_sentence(reference.rng, DIFFERENT)
    expect.unchanged(student.forward_pass, case["inputs"], case["state"], as_tuple(case["params"]))


# --- clip ---------------------------------------------------------------------------------------------------------

clip = exercise("clip")
# A tiny number added to the norm, up to 1e-6 beside a norm of 0.1 or more, moves the result by 1e-5 of itself.
NEAR = {"rtol": 2e-5, "atol": 1e-9}
GRAD_SHAPES = ((3, 2), (4, 4), (2, 5), (3, 1), (6, 1))


def draw_grads(rng, norm, shapes=GRAD_SHAPES):
    """Draw arrays, some much longer than others, that together have that norm."""
    grads = [10.0 ** rng.uniform(-1, 1) * rng.standard_normal(shape) for shape in shapes]
    return tuple(norm / norm_of(grads) * grad for grad in grads)


def norm_of(grads):
    """Return the norm of all entries together."""
    return np.sqrt(sum(np.sum(grad**2) for grad in grads))


def demand_clipped(student, expect, grads, max_norm, *, name):
    """Demand a gradient of the same direction, no longer than max_norm and no longer than it was."""
    factor = min(1.0, max_norm / norm_of(grads))
    answer = student.clip_gradient_norm(grads, max_norm)
    expect.close(answer, tuple(factor * grad for grad in grads), name=name, **NEAR)


@clip.test(
    weight=3,
    kills=[
        "by_value",
        "each_array_for_itself",
        "norm_without_root",
        "sum_of_norms",
        "rebinds_in_the_loop",
        "largest_entry_for_norm",
        "fixed_threshold",
        "returns_norm_too",
        "sets_to_zero",
        "loses_arrays",
        "absolute_values",
        "norm_of_first",
        "mean_square_for_sum",
    ],
)
def clip_long(student, reference, expect):
    """A gradient longer than max_norm gets this length and keeps its direction, for several thresholds and shapes."""
    for norm, max_norm in ((400.0, 5.0), (7.3, 2.0), (0.8, 0.3), (3.0, 2.9)):
        grads = draw_grads(reference.rng, norm)
        demand_clipped(student, expect, grads, max_norm, name="the clipped gradient")
    single = draw_grads(reference.rng, 30.0, ((4, 3),))
    demand_clipped(student, expect, single, 1.5, name="the clipped gradient")


@clip.test(weight=2, kills=["scales_up_short_ones", "squared_norm_against_threshold"], requires="clip_long")
def clip_short(student, reference, expect):
    """A gradient that is not longer than max_norm stays as it is."""
    for norm, max_norm in ((0.13, 1.0), (1.9, 2.0), (30.0, 31.0), (0.4, 0.41)):
        demand_clipped(student, expect, draw_grads(reference.rng, norm), max_norm, name="the short gradient")


@clip.test(kills=["another_default"], requires="clip_long")
def clip_default(student, reference, expect):
    """max_norm is 0.25 where it is left out."""
    grads = draw_grads(reference.rng, 4.0)
    right = tuple(0.25 / norm_of(grads) * grad for grad in grads)
    expect.close(student.clip_gradient_norm(grads), right, name="the clipped gradient", **NEAR)


@clip.test(kills=["divides_by_zero"], requires="clip_long")
def clip_zero(student, reference, expect):
    """A gradient that is zero everywhere stays zero."""
    del reference
    zeros = tuple(np.zeros(shape) for shape in GRAD_SHAPES)
    expect.close(student.clip_gradient_norm(zeros, 2.0), zeros, name="the gradient of zeros")


@clip.test(weight=2, kills=["clips_in_place"], requires="clip_long")
def clip_leaves_arguments(student, reference, expect):
    """clip_gradient_norm leaves the caller's arrays as they were, whether they are long or short."""
    for norm in (9.0, 0.5):
        expect.unchanged(student.clip_gradient_norm, draw_grads(reference.rng, norm), 2.0)


# --- backward_pass ------------------------------------------------------------------------------------------------

backward_pass = exercise("backward_pass")


def draw_problem(rng, sizes, *, soft=False):
    """Draw a sentence with targets."""
    targets = rng.dirichlet(np.ones(sizes.K), size=sizes.T)[:, :, np.newaxis] if soft else draw_one_hot(rng, sizes)
    return {**draw_sentence(rng, sizes), "targets": targets}


def arguments(reference, case):
    """Return the arguments of backward_pass, with the reference's outputs and hidden states."""
    params = as_tuple(case["params"])
    outputs, states = reference.forward_pass(case["inputs"], case["state"], params)
    return case["inputs"], outputs, states, case["targets"], params, case["state"]


def solved(reference, case):
    """Return the loss and the gradients by name."""
    loss, grads = reference.backward_pass(*arguments(reference, case))
    return {"loss": loss, "grads": dict(zip(GRADIENTS, grads, strict=True))}


def numeric_gradients(reference, case, step=1e-5):
    """Return the central differences of the reference's loss for every entry of every parameter."""
    own = {name: value.copy() for name, value in case["params"].items()}

    def moved(name, index, to):
        own[name][index] = to
        return reference.backward_pass(*arguments(reference, {**case, "params": own}))[0]

    found = {f"d{name}": np.zeros_like(value) for name, value in own.items()}
    for name, value in case["params"].items():
        for index in np.ndindex(value.shape):
            above, below = moved(name, index, value[index] + step), moved(name, index, value[index] - step)
            own[name][index] = value[index]
            found[f"d{name}"][index] = (above - below) / (2 * step)
    return found


@backward_pass.frozen
def backward_cases(rng, reference):
    """Return problems of every kind of size with loss, gradients and numeric gradients."""
    cases = [draw_problem(rng, sizes) for sizes in EVERY_KIND]
    return [{**case, **solved(reference, case), "numeric": numeric_gradients(reference, case)} for case in cases]


def problems(reference):
    """Return the frozen problems and a fresh one, with loss and gradients."""
    fresh = draw_problem(reference.rng, DIFFERENT)
    return [*reference.cases("backward_cases"), {**fresh, **solved(reference, fresh)}]


def backward_answer(student, reference, expect, case):
    """Return the learner's loss, and their gradients by name."""
    answer = student.backward_pass(*arguments(reference, case))
    loss, grads = demand_parts(expect, answer, ("loss", "grads"), name="backward_pass")
    grads = demand_parts(expect, grads, GRADIENTS, name="backward_pass: grads")
    return loss, dict(zip(GRADIENTS, grads, strict=True))


def factors(case):
    """Return the sizes that a wrong constant factor may be made of."""
    return {"sequence_length": len(case["inputs"]), "vocab_size": case["inputs"].shape[1]}


def demand_gradients(expect, answer, right, case, *, names=GRADIENTS, rtol=1e-6, atol=1e-9):
    """Demand some of the five gradients."""
    wanted = {name: right[name] for name in names}
    expect.close(answer, wanted, name="grads", sizes=factors(case), rtol=rtol, atol=atol)


@backward_pass.test(
    weight=2,
    kills=[
        "loss_averaged_over_vocabulary",
        "loss_averaged_over_time",
        "loss_sign",
        "loss_of_last_step",
        "loss_as_array",
        "loss_in_bits",
    ],
)
def backward_loss(student, reference, expect):
    """The loss is the cross-entropy summed over the steps, for several sizes."""
    for case in problems(reference):
        loss, _ = backward_answer(student, reference, expect, case)
        # An epsilon of up to 1e-10 beside probabilities above 1e-4.
        expect.close(loss, case["loss"], name="loss", rtol=1e-5, sizes=factors(case))


@backward_pass.test(kills=["logarithm_of_zero"], requires="backward_loss")
def backward_loss_finite(student, reference, expect):
    """The loss stays finite where a probability is exactly zero, and is large where that was the right word."""
    case = draw_problem(reference.rng, DIFFERENT)
    inputs, _, states, targets, params, start = arguments(reference, case)
    for outputs, low, high in ((np.roll(targets, 1, axis=1), 20, np.inf), (targets, -1e-6, 1e-6)):
        answer = student.backward_pass(inputs, list(outputs), states, targets, params, start)
        loss = demand_parts(expect, answer, ("loss", "grads"), name="backward_pass")[0]
        number = isinstance(loss, float | np.ndarray) and np.shape(loss) == () and np.isfinite(loss)
        expect.true(number, "The loss is no finite number where a probability is exactly zero.")
        expect.true(low <= loss <= high, "The loss is wrong where all probabilities are 0 or 1.")


@backward_pass.test(
    weight=3,
    kills=[
        "targets_minus_outputs",
        "output_gradient_averaged",
        "overwrites_instead_of_adding",
        "clips_its_gradient",
        "bias_gradient_in_total",
    ],
)
def backward_output_layer(student, reference, expect):
    """The gradients dW and db_out of the output layer are right, for several sizes."""
    for case in problems(reference):
        _, grads = backward_answer(student, reference, expect, case)
        demand_gradients(expect, grads, case["grads"], case, names=("dW", "db_out"))


@backward_pass.test(
    weight=2,
    kills=[
        "slope_at_state",
        "without_slope",
        "last_state_before_first",
        "zero_state_before_first",
        "state_for_previous_state",
    ],
)
def backward_one_step(student, reference, expect):
    """All five gradients are right for a sentence of one step, from an initial state that is not zero."""
    for sizes in (ONE_STEP, Sizes(T=1, H=2, K=5)):
        case = draw_problem(reference.rng, sizes)
        _, grads = backward_answer(student, reference, expect, case)
        demand_gradients(expect, grads, solved(reference, case)["grads"], case)


@backward_pass.test(
    weight=5,
    kills=[
        "slope_at_state",
        "last_state_before_first",
        "zero_state_before_first",
        "no_carry_through_time",
        "carries_state_gradient",
        "carries_through_untransposed",
        "carry_adds_up",
        "state_for_previous_state",
        "inner_for_outer_product",
        "runs_forwards_in_time",
        "next_input_for_this",
        "slope_on_scores_only",
    ],
)
def backward_through_time(student, reference, expect):
    """All five gradients are right for sentences of several steps, for several sizes."""
    for case in problems(reference):
        _, grads = backward_answer(student, reference, expect, case)
        demand_gradients(expect, grads, case["grads"], case)


@backward_pass.test(weight=2, kills=["slope_at_state", "last_state_before_first", "output_gradient_averaged"])
def backward_numeric(student, reference, expect):
    """Each gradient says how the loss moves when an entry of its parameter moves a little."""
    for case in reference.cases("backward_cases"):
        _, grads = backward_answer(student, reference, expect, case)
        # The differences are good to about 1e-10: step² and rounding / step.
        demand_gradients(expect, grads, case["numeric"], case, rtol=1e-5, atol=1e-8)


@backward_pass.test(kills=["clips_its_gradient"])
def backward_unclipped(student, reference, expect):
    """The gradient is not clipped, however long it is."""
    case = draw_problem(reference.rng, Sizes(T=40, H=5, K=3))
    case["targets"][:] = np.eye(3)[:, :1]  # the same word forty times, so that the effects add up
    _, grads = backward_answer(student, reference, expect, case)
    demand_gradients(expect, grads, solved(reference, case)["grads"], case, names=("dW", "db_out"))


@backward_pass.test(
    kills=["largest_target_only", "loss_of_largest_target"], requires=["backward_loss", "backward_output_layer"]
)
def backward_soft_targets(student, reference, expect):
    """Loss and gradients are right where a target gives a part to every word."""
    case = draw_problem(reference.rng, DIFFERENT, soft=True)
    right = solved(reference, case)
    loss, grads = backward_answer(student, reference, expect, case)
    expect.close(loss, right["loss"], name="loss", rtol=1e-5, sizes=factors(case))
    demand_gradients(expect, grads, right["grads"], case, names=("dW", "db_out"))


@backward_pass.test(requires="backward_through_time")
def backward_zero_at_targets(student, reference, expect):
    """Every gradient is zero where each prediction equals its target."""
    case = draw_problem(reference.rng, DIFFERENT)
    inputs, outputs, states, _, params, start = arguments(reference, case)
    answer = student.backward_pass(inputs, outputs, states, np.array(outputs), params, start)
    grads = demand_parts(expect, answer, ("loss", "grads"), name="backward_pass")[1]
    expect.close(grads, tuple(np.zeros_like(array) for array in params), name="grads")


@backward_pass.test(kills=["subtracts_in_the_outputs"], requires="backward_output_layer")
def backward_leaves_arguments(student, reference, expect):
    """backward_pass changes none of its arguments."""
    expect.unchanged(student.backward_pass, *arguments(reference, draw_problem(reference.rng, DIFFERENT)))


@backward_pass.test(kills=["adds_to_the_last_call"])
def backward_twice(student, reference, expect):
    """A second call gives the same loss and gradients as the first."""
    case = draw_problem(reference.rng, DIFFERENT)
    right = solved(reference, case)
    for _ in range(2):
        loss, grads = backward_answer(student, reference, expect, case)
        expect.close(loss, right["loss"], name="loss", rtol=1e-5)
        demand_gradients(expect, grads, right["grads"], case, names=("dW", "db_out"))


# --- update -------------------------------------------------------------------------------------------------------

update = exercise("update")


def draw_step(rng):
    """Draw parameters and gradients of different sizes."""
    shapes = ((3, 2), (4, 4), (2, 3), (3, 1), (2,))
    return tuple(tuple(scale * rng.standard_normal(shape) for shape in shapes) for scale in (1.0, 30.0))


def moved(params, grads, lr):
    """Return the parameters after one step."""
    return tuple(array - lr * grad for array, grad in zip(params, grads, strict=True))


@update.test(
    weight=3,
    kills=[
        "gradient_ascent",
        "without_learning_rate",
        "first_parameter_only",
        "rebinds_without_keeping",
        "returns_the_steps",
        "fixed_learning_rate",
        "shrinks_the_parameters",
        "sign_of_the_gradient_only",
        "returns_nothing",
    ],
)
def update_values(student, reference, expect):
    """Every parameter moves by lr times its gradient, against it, for several learning rates."""
    for lr in (0.1, 0.7, 0.003):
        params, grads = draw_step(reference.rng)
        answer = student.update_parameters(params, grads, lr)
        expect.close(answer, moved(params, grads, lr), name="update_parameters(params, grads, lr)")


@update.test(kills=["another_default_rate"], requires="update_values")
def update_default(student, reference, expect):
    """lr is 0.001 where it is left out."""
    params, grads = draw_step(reference.rng)
    expect.close(student.update_parameters(params, grads), moved(params, grads, 1e-3), name="update_parameters")


@update.test(weight=2, kills=["updates_in_place", "scales_gradients_in_place"], requires="update_values")
def update_leaves_arguments(student, reference, expect):
    """update_parameters changes neither the parameters nor the gradients that it is given."""
    expect.unchanged(student.update_parameters, *draw_step(reference.rng), 0.1)
