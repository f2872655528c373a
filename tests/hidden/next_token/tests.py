"""Hidden tests of next_token.

Sizes differ from one another, biases and the initial state are not zero, and T is 3 or more wherever a special case is
not the point: a wrong answer hides in equal sizes and zeros. Weights are drawn with a deviation of 0.5, so that tanh
neither saturates nor is linear. Beside this small world there is a large one: sentences of 40 steps and more, where V
is orthogonal so that every step still counts at the end and rounding does not grow; large weights; tiny gradients.

What is decided by a tolerance is decided on frozen numbers, far from it. Fresh inputs come last in each exercise, once
all of that has held: the same code gets the same score whatever they are.

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
SEVERAL_STEPS = (EQUAL, DIFFERENT, WIDE, ALL_EQUAL)
# Sizes of one have tests of their own: what drops axes of length one fails there, and there only.
SINGLE_STEPS = (ONE_STEP, Sizes(T=1, H=2, K=5))
NARROW = (Sizes(T=3, H=1, K=4), Sizes(T=4, H=1, K=2))
LONG = Sizes(T=45, H=6, K=4)  # more than twice 21 steps: wherever a memory is cut, it is cut in the middle
FORTY = Sizes(T=40, H=5, K=3)


def shapes(sizes):
    """Return the shape of every parameter."""
    _, H, K = sizes
    return {"U": (H, K), "V": (H, H), "W": (K, H), "b_hidden": (H, 1), "b_out": (K, 1)}


def draw_params(rng, sizes, scale=0.5):
    """Draw every parameter, biases too, with the deviation `scale`, by name."""
    return {name: scale * rng.standard_normal(shape) for name, shape in shapes(sizes).items()}


def draw_lasting(rng, sizes, *, into=0.3, out=0.5):
    """Draw parameters of a memory that lasts: V keeps every length, and the biases are small."""
    V, _ = np.linalg.qr(rng.standard_normal((sizes.H, sizes.H)))
    scales = {"U": into, "W": out, "b_hidden": 0.1, "b_out": 0.1}
    drawn = {name: scales.get(name, 1.0) * rng.standard_normal(shape) for name, shape in shapes(sizes).items()}
    return {**drawn, "V": V}


def sizes_of(case):
    """Return the sizes of a case by name, as a learner reads them where it fails."""
    T, K = case["inputs"].shape[:2]
    return {"T": T, "H": len(case["state"]), "K": K}


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


SENTENCES = (  # with the size of the vocabulary; some sizes are larger than the dictionary
    (["green", "red", "red", "pink"], 5),
    (["pink", "blue", "red", "green", "blue", "red"], 9),
    (["blue", "green", "pink", "red", "pink"] * 8, 6),
)


def demand_encoded(student, expect, sequence, size):
    """Demand the columns of a sequence in a vocabulary of that size."""
    with expect.case(T=len(sequence), K=size):
        answer = student.one_hot_encode_sequence(sequence, KNOWN, size)
        expect.close(answer, encoded(sequence, KNOWN, size), name="one_hot_encode_sequence(...)")


@one_hot.test(kills=["one_hot_as_column", "one_hot_from_one", "one_hot_all_ones", "index_itself"])
def one_hot_word(student, reference, expect):
    """one_hot_encode(idx, vocab_size) is one at idx and zero elsewhere, for every index of several vocabularies."""
    del reference
    for size in (1, 2, 5, 40):
        with expect.case(K=size):
            for idx in range(size):
                answer = student.one_hot_encode(idx, size)
                expect.close(answer, np.eye(size)[idx], name="one_hot_encode(idx, vocab_size)")


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
    del reference
    for sequence, size in SENTENCES:
        demand_encoded(student, expect, sequence, size)


@one_hot.test(kills=["drops_single_axes"])
def one_hot_one_word(student, reference, expect):
    """A sequence of one word is encoded as well."""
    del reference
    for word in ("pink", "blue"):
        demand_encoded(student, expect, [word], 5)


@one_hot.test(weight=2, kills=["unknown_is_last", "unknown_is_zero", "unknown_is_skipped"])
def one_hot_unknown(student, reference, expect):
    """A word that is not in the dictionary is encoded as UNK, wherever UNK stands."""
    del reference
    for sequence in (["mauve", "red", "ochre", "blue", "mauve"], ["UNK", "taupe", "taupe", "UNK"]):
        demand_encoded(student, expect, sequence, 5)


@one_hot.test(weight=3, kills=["unknown_is_added"], requires=["one_hot_sequence", "one_hot_unknown"])
def one_hot_leaves_arguments(student, reference, expect):
    """one_hot_encode_sequence changes neither the sequence nor the dictionary."""
    del reference
    expect.unchanged(student.one_hot_encode_sequence, ["blue", "mauve", "red", "ochre"], KNOWN, 5)


@one_hot.test(requires=["one_hot_word", "one_hot_sequence", "one_hot_unknown"])
def one_hot_anew(student, reference, expect):
    """The same holds for words and sentences that are drawn by lot."""
    size = int(reference.rng.integers(6, 12))
    for idx in map(int, reference.rng.integers(size, size=3)):
        expect.close(student.one_hot_encode(idx, size), np.eye(size)[idx], name="one_hot_encode(idx, vocab_size)")
    demand_encoded(student, expect, draw_text(reference.rng, [*KNOWN, "mauve", "taupe"], 11), size)


# --- vocabulary ---------------------------------------------------------------------------------------------------

vocabulary = exercise("vocabulary")
PARTS = ("word_to_idx", "idx_to_word", "num_sequences", "vocab_size")
TEXTS = (
    [["b", "a", "b"], ["c", "b"], ["a", "d", "e"]],
    [["x"]],
    [["to", "be", "or", "not", "to", "be"], ["not", "to"], ["be", "quiet"], ["or", "else"]],
    [["plum"], ["fig", "kiwi", "fig", "lime"], ["kiwi", "pear", "kiwi", "fig"], ["pear", "date", "plum", "fig"]],
    # 60 words in a shuffled order, each up to seven times, in sentences of eight.
    [[f"w{(37 * i * i + 11 * i) % 60}" for i in range(start, start + 8)] for start in range(0, 240, 8)],
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
        "counts_over_calls",
    ],
)
def vocabulary_values(student, reference, expect):
    """sequences_to_dicts numbers the words by falling frequency, UNK last, and counts sequences and words."""
    del reference
    for sequences in TEXTS:
        with expect.case(sequences=len(sequences), words=len(numbered(sequences)) - 1):
            demand_dictionaries(student, expect, sequences)


def reader(student, sequences, part):
    """Return what applies a function, over there, to one part of what the learner built: each time to the same object.

    A dictionary that travels is a plain one, so it has to be read where it was made.
    """
    mapped = student.library("builtins", "map")
    chosen = student.library("operator", "itemgetter")(part)
    same = student.library("itertools", "cycle")(mapped(chosen, mapped(student.sequences_to_dicts, [sequences])))
    return lambda function: student.library("builtins", "next")(mapped(function, same))


def demand_reading(student, expect, sequences, *, reading=True, growth=False):
    """Demand of both dictionaries what is read where there is no such key, that nothing is stored then, or both."""
    words = numbered(sequences)
    size = len(words)
    looked_up = (
        ("word_to_idx", [words[0], "zebra", "yak", "zebra"], (0, size - 1, size - 1, size - 1)),
        ("idx_to_word", [0, size + 3, -1, size], (words[0], "UNK", "UNK", "UNK")),
    )
    for part, (name, keys, right) in enumerate(looked_up):
        apply = reader(student, sequences, part)
        found = apply(student.library("operator", "itemgetter")(*keys))
        if reading:
            expect.close(found, right, name=f"what is read in {name}: a key that is there, then three that are not")
        if growth:
            entries = apply(student.library("builtins", "len"))
            expect.close(entries, size, name=f"the number of entries of {name} after reading")


@vocabulary.test(
    weight=2,
    kills=["default_is_zero"],
    requires="vocabulary_values",
)
def vocabulary_unknown(student, reference, expect):
    """Reading an unknown word gives the index of UNK, and reading an unknown index gives UNK."""
    del reference
    for sequences in TEXTS:
        demand_reading(student, expect, sequences)


@vocabulary.test(weight=4, kills=["grows_when_read", "words_grow_when_read"], requires="vocabulary_unknown")
def vocabulary_does_not_grow(student, reference, expect):
    """Reading what is not there stores nothing: both dictionaries are as large afterwards as before."""
    del reference
    for sequences in TEXTS:
        demand_reading(student, expect, sequences, reading=False, growth=True)


# Heavy, since what is appended to the data ruins training.
@vocabulary.test(weight=4, kills=["appends_to_the_sequences"], requires="vocabulary_values")
def vocabulary_leaves_argument(student, reference, expect):
    """sequences_to_dicts does not change the sequences."""
    del reference
    expect.unchanged(student.sequences_to_dicts, TEXTS[2])


@vocabulary.test(requires="vocabulary_values")
def vocabulary_twice(student, reference, expect):
    """A second call knows nothing of the first one's words."""
    del reference
    for sequences in (TEXTS[2], TEXTS[0], TEXTS[2]):
        demand_dictionaries(student, expect, sequences)


@vocabulary.test(requires=["vocabulary_values", "vocabulary_unknown"])
def vocabulary_anew(student, reference, expect):
    """The same holds for sequences that are drawn by lot."""
    sequences = draw_texts(reference.rng)
    demand_dictionaries(student, expect, sequences)
    demand_reading(student, expect, sequences)


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
    for shape in ((5, 3), (3, 5), (4, 4), (1, 6), (6, 1), (1, 1), (20, 7), (7, 20), (50, 50), (60, 4)):
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


@orthogonal.test(weight=3, kills=["draws_from_own_generator"], requires="orthogonal_structure")
def orthogonal_follows_the_seed(student, reference, expect):
    """The same seed of numpy's global generator gives the same matrix, and the next call gives a new one."""
    del reference
    seed = 1_414_213_562
    for shape in ((4, 3), (2, 5)):
        student.seed(seed)
        first, second = (student.init_orthogonal(np.zeros(shape)) for _ in range(2))
        student.seed(seed)
        again = student.init_orthogonal(np.zeros(shape))
        for answer in (first, second, again):
            demand_orthogonal(expect, answer, shape, name="init_orthogonal(param)")
        expect.true(np.allclose(first, again), "The same seed of np.random gives another matrix.", kind="seed")
        expect.true(not np.allclose(first, second), "Two calls in a row give the same matrix.")


@orthogonal.test(kills=["single_axis_taken_for_a_row"], requires="orthogonal_structure")
def orthogonal_needs_two_axes(student, reference, expect):
    """init_orthogonal ends in a ValueError for an array with one axis, or with none, and for no array with two."""
    del reference
    student.seed(54)
    for shape in ((3,), (1,), ()):
        expect.raises("ValueError", student.init_orthogonal, np.zeros(shape), or_=["LinAlgError"])
    demand_orthogonal(expect, student.init_orthogonal(np.zeros((1, 3))), (1, 3), name="init_orthogonal(param)")


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
        with expect.case(H=sizes.H, K=sizes.K):
            made = made_params(student, expect, sizes)
            for name in ("U", "V", "W"):
                demand_orthogonal(expect, made[name], shapes(sizes)[name], name=name)


@parameters.test(weight=4, kills=["random_biases", "biases_of_one"], requires="parameters_weights")
def parameters_biases(student, reference, expect):
    """Both biases are columns of zeros."""
    del reference
    student.seed(62)
    for sizes in (DIFFERENT, WIDE):
        with expect.case(H=sizes.H, K=sizes.K):
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
    weight=4,
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


@parameters.test(weight=4, kills=["weights_with_forgotten_signs"], requires="parameters_weights")
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
LARGE = np.array([[-1000.0, 1000.0, 0.5, 40.0, -40.0], [700.0, -400.0, -0.5, 720.0, -750.0]])
# Columns of which the largest entry stands in every place, and others near it; ±1000 is what the text promises.
STEEP = np.array(
    [
        [1000, 0, -1000],
        [1000, -1000, 0],
        [0, 1000, -1000],
        [-1000, 1000, 0],
        [0, -1000, 1000],
        [-1000, 0, 1000],
        [1000, 999, 998],
        [-1000, -999, -998.5],
        [1000, 1000, 1000],
        [0.5, -1, 0],
    ]
).T


def numeric_slope(function, x, step=1e-5):
    """Return the central difference of a function that works entry by entry."""
    return (function(x + step) - function(x - step)) / (2 * step)


@activations.frozen
def activations_cases(rng, reference):
    """Return arrays of several shapes with values and numeric slopes of sigmoid and tanh."""
    draws = [2 * rng.standard_normal(shape) for shape in ((1, 1), (3, 4), (2, 3, 5), (40, 1))]
    draws += [np.linspace(-2, 2, 9), 1e-4 * rng.standard_normal((2, 3))]
    kinds = {"sigmoid": reference.sigmoid, "tanh": reference.tanh}
    return [
        {
            "x": x,
            **{name: f(x) for name, f in kinds.items()},
            **{f"{n}_slope": numeric_slope(f, x) for n, f in kinds.items()},
        }
        for x in draws
    ]


@activations.frozen
def softmax_cases(rng, reference):
    """Return single columns with their probabilities and slopes, and the numeric slopes."""
    cases = []
    for length in (2, 3, 6, 40):
        x, nudges = 2 * rng.standard_normal((length, 1)), 1e-5 * np.eye(length)
        numeric = (reference.softmax(x + nudges) - reference.softmax(x - nudges)) / 2e-5
        right = reference.softmax(x), reference.softmax(x, derivative=True)
        cases.append({"x": x, "softmax": right[0], "slope": right[1], "numeric": numeric})
    return cases


@activations.frozen
def softmax_columns_cases(rng, reference):
    """Return columns side by side with their probabilities."""
    draws = [2 * rng.standard_normal(shape) for shape in ((3, 4), (4, 4), (5, 2), (2, 40), (1, 3))]
    return [{"x": x, "softmax": reference.softmax(x)} for x in draws]


def demand_activation(student, reference, expect, name):
    """Demand the values and the slopes of sigmoid or tanh."""
    ours, theirs = getattr(reference, name), getattr(student, name)
    for case in reference.cases("activations_cases"):
        x, label = case["x"], f"{name}(x, derivative=True)"
        # Of numbers near 1e-4 as many figures count as of others.
        expect.close(theirs(x), case[name], name=f"{name}(x)", atol=1e-11)
        slope = theirs(x, derivative=True)
        # The differences are good to about 1e-10: step² and rounding / step.
        expect.close(slope, case[f"{name}_slope"], name=label, atol=1e-8)
        expect.close(slope, ours(x, derivative=True), name=label)


def demand_large(student, reference, expect, name):
    """Demand the values and the slopes of sigmoid or tanh at very large entries."""
    ours, theirs = getattr(reference, name), getattr(student, name)
    for derivative in (False, True):
        label = f"{name}(x, derivative={derivative})"
        expect.close(theirs(LARGE, derivative=derivative), ours(LARGE, derivative=derivative), name=label)


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


@activations.test(kills=["tanh_from_exponentials"], requires="activations_tanh")
def activations_tanh_large(student, reference, expect):
    """tanh stays finite and right, and so do its slopes, for very large positive and negative entries."""
    demand_large(student, reference, expect, "tanh")


@activations.test(kills=["sigmoid_of_positive_exponentials"], requires="activations_sigmoid")
def activations_sigmoid_large(student, reference, expect):
    """sigmoid stays finite and right, and so do its slopes, for very large positive and negative entries."""
    demand_large(student, reference, expect, "sigmoid")


@activations.test(
    weight=3, kills=["softmax_over_rows", "softmax_ratios", "softmax_sigmoids", "softmax_flat", "softmax_shift_left_in"]
)
def activations_softmax(student, reference, expect):
    """softmax(x) of a single column has the right values."""
    for case in reference.cases("softmax_cases"):
        with expect.case(K=len(case["x"]), N=1):
            expect.close(student.softmax(case["x"]), case["softmax"], name="softmax(x)", atol=1e-11)


@activations.test(weight=2, kills=["softmax_over_everything"], requires="activations_softmax")
def activations_softmax_columns(student, reference, expect):
    """Where columns stand side by side, softmax turns each of them into probabilities for itself."""
    for case in reference.cases("softmax_columns_cases"):
        K, N = case["x"].shape
        with expect.case(K=K, N=N):
            expect.close(student.softmax(case["x"]), case["softmax"], name="softmax(x)", atol=1e-11)


@activations.test(
    weight=3,
    kills=[
        "softmax_without_shift",
        "softmax_with_epsilon_only",
        "softmax_one_shift_for_all",
        "softmax_shifts_by_the_first",
    ],
    requires="activations_softmax",
)
def activations_softmax_large(student, reference, expect):
    """softmax(x) stays finite and right where entries are very large or very small, also in one column only."""
    for part in (*(STEEP[:, [k]] for k in range(STEEP.shape[1])), STEEP):
        expect.close(student.softmax(part), reference.softmax(part), name="softmax(x)")


@activations.test(
    weight=2,
    kills=["softmax_slope_of_diagonal", "softmax_slope_sign", "softmax_slope_forgotten", "softmax_slope_inner_product"],
    requires="activations_softmax",
)
def activations_softmax_slope(student, reference, expect):
    """softmax(x, derivative=True) is the matrix that says how each probability moves with each score."""
    for case in reference.cases("softmax_cases"):
        with expect.case(K=len(case["x"])):
            answer = student.softmax(case["x"], derivative=True)
            expect.close(answer, case["slope"], name="softmax(x, derivative=True)")
            expect.close(answer, case["numeric"], name="softmax(x, derivative=True)", rtol=1e-5, atol=1e-8)


@activations.test(requires=["activations_softmax_large", "activations_softmax_slope"])
def activations_softmax_slope_large(student, reference, expect):
    """The slopes of softmax stay finite and right where entries are very large or very small."""
    for x in (STEEP[:, [k]] for k in range(STEEP.shape[1])):
        right = reference.softmax(x, derivative=True)
        expect.close(student.softmax(x, derivative=True), right, name="softmax(x, derivative=True)")


@activations.test(
    kills=["softmax_shifts_in_place", "tanh_in_place"],
    requires=["activations_sigmoid", "activations_tanh", "activations_softmax"],
)
def activations_leave_argument(student, reference, expect):
    """None of the three changes its argument, with or without derivative."""
    (x,) = (case["x"] for case in reference.cases("softmax_cases") if len(case["x"]) == 6)
    for name in ("sigmoid", "tanh", "softmax"):
        for derivative in (False, True):
            expect.unchanged(getattr(student, name), x, derivative)


@activations.test(
    requires=[
        "activations_sigmoid",
        "activations_tanh",
        "activations_tanh_large",
        "activations_sigmoid_large",
        "activations_softmax_columns",
        "activations_softmax_large",
        "activations_softmax_slope",
    ]
)
def activations_anew(student, reference, expect):
    """The same holds for numbers that are drawn by lot."""
    x, column = reference.draw((4, 3), scale=2.0), reference.draw((5, 1))
    for name in ("sigmoid", "tanh"):
        for derivative in (False, True):
            right = getattr(reference, name)(x, derivative=derivative)
            label = f"{name}(x, derivative={derivative})"
            expect.close(getattr(student, name)(x, derivative=derivative), right, name=label)
    expect.close(student.softmax(x), reference.softmax(x), name="softmax(x)")
    slope = student.softmax(column, derivative=True)
    expect.close(slope, reference.softmax(column, derivative=True), name="softmax(x, derivative=True)")


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


def forward_answer(student, expect, case):
    """Return the learner's outputs and hidden states."""
    answer = student.forward_pass(case["inputs"], case["state"], as_tuple(case["params"]))
    return demand_parts(expect, answer, FORWARD_PARTS, name="forward_pass")


def demand_forward(student, expect, cases, *, parts=FORWARD_PARTS, **tolerance):
    """Demand outputs, hidden states or both."""
    for case in cases:
        with expect.case(**sizes_of(case)):
            answer = dict(zip(FORWARD_PARTS, forward_answer(student, expect, case), strict=True))
            for part in parts:
                expect.close(answer[part], list(case[part]), name=part, **tolerance)


@forward_pass.frozen
def forward_cases(rng, reference):
    """Return sentences of several steps and of every kind of size with outputs and hidden states."""
    cases = [draw_sentence(rng, sizes) for sizes in SEVERAL_STEPS]
    return [{**case, **run(reference, case)} for case in cases]


@forward_pass.frozen
def forward_single_cases(rng, reference):
    """Return sentences of one step."""
    cases = [draw_sentence(rng, sizes) for sizes in SINGLE_STEPS]
    return [{**case, **run(reference, case)} for case in cases]


@forward_pass.frozen
def forward_narrow_cases(rng, reference):
    """Return sentences whose memory is a single number."""
    cases = [draw_sentence(rng, sizes) for sizes in NARROW]
    return [{**case, **run(reference, case)} for case in cases]


@forward_pass.frozen
def forward_long_cases(rng, reference):
    """Return long sentences through memories that last."""
    cases = [{**draw_sentence(rng, sizes), "params": draw_lasting(rng, sizes)} for sizes in (LONG, FORTY)]
    return [{**case, **run(reference, case)} for case in cases]


@forward_pass.frozen
def forward_scale_cases(rng, reference):
    """Return long sentences with large weights, and with tiny ones."""
    large = {**draw_sentence(rng, FORTY), "params": draw_lasting(rng, FORTY, into=3.0, out=6.0)}
    tiny = {**draw_sentence(rng, FORTY), "params": draw_params(rng, FORTY, scale=1e-4)}
    return [{**case, **run(reference, case)} for case in (large, tiny)]


@forward_pass.frozen
def forward_steep_cases(rng, reference):
    """Return sentences with output weights so large that the largest scores are in the thousands, of either sign."""
    cases = []
    for sizes in (DIFFERENT, WIDE):
        case = draw_sentence(rng, sizes)
        case["params"]["W"] = 4000 * case["params"]["W"]
        cases.append({**case, **run(reference, case)})
    return cases


@forward_pass.test(
    weight=2,
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
    demand_forward(student, expect, reference.cases("forward_cases"), parts=["hidden_states"])


@forward_pass.test(
    weight=2,
    kills=[
        "returns_scores",
        "without_output_bias",
        "output_from_previous_state",
        "last_output_only",
        "sigmoid_outputs",
        "state_survives_the_call",
    ],
)
def forward_outputs(student, reference, expect):
    """forward_pass gives the right probabilities at every step, for several sizes."""
    demand_forward(student, expect, reference.cases("forward_cases"), parts=["outputs"])


@forward_pass.test(kills=["drops_the_axis_of_time"])
def forward_one_step(student, reference, expect):
    """forward_pass is right for a sentence of one step."""
    demand_forward(student, expect, reference.cases("forward_single_cases"))


@forward_pass.test()
def forward_narrow(student, reference, expect):
    """forward_pass is right where the memory is a single number."""
    demand_forward(student, expect, reference.cases("forward_narrow_cases"))


@forward_pass.test(weight=4, kills=["forgets_every_6", "forgets_every_10", "forgets_every_20"])
def forward_long(student, reference, expect):
    """forward_pass is right at every step of a long sentence."""
    demand_forward(student, expect, reference.cases("forward_long_cases"))


@forward_pass.test(weight=2, kills=["forgets_every_6", "forgets_every_10", "forgets_every_20"])
def forward_scales(student, reference, expect):
    """forward_pass is right in long sentences where the weights are large, and where they are tiny."""
    demand_forward(student, expect, reference.cases("forward_scale_cases"), atol=1e-11)


@forward_pass.test(kills=["own_softmax_overflows"], requires="forward_outputs")
def forward_large_scores(student, reference, expect):
    """The probabilities stay finite and right where the output weights are very large."""
    # Rounding of scores in the thousands reaches the probabilities: 4000 * 2e-16 * a few terms.
    demand_forward(student, expect, reference.cases("forward_steep_cases"), parts=["outputs"], rtol=1e-5)


@forward_pass.test(requires=["forward_states", "forward_outputs"])
def forward_starts_anew(student, reference, expect):
    """Every call starts from the state that it is given, whatever was called before."""
    case = reference.cases("forward_cases")[1]
    demand_forward(student, expect, [case, case, *reference.cases("forward_cases")])


# Heavy, since training begins each sentence with the same array.
@forward_pass.test(weight=5, kills=["writes_into_the_state"], requires="forward_states")
def forward_leaves_arguments(student, reference, expect):
    """forward_pass changes neither the inputs nor the initial state nor the parameters."""
    for case in reference.cases("forward_cases"):
        expect.unchanged(student.forward_pass, case["inputs"], case["state"], as_tuple(case["params"]))


@forward_pass.test(
    requires=["forward_states", "forward_outputs", "forward_long", "forward_scales", "forward_large_scores"]
)
def forward_anew(student, reference, expect):
    """The same holds for sentences and weights that are drawn by lot."""
    case = draw_sentence(reference.rng, DIFFERENT)
    demand_forward(student, expect, [{**case, **run(reference, case)}])


# --- clip ---------------------------------------------------------------------------------------------------------

clip = exercise("clip")
# A tiny number added to the norm, up to the 1e-6 that the text allows beside a norm of 0.1, moves the result by 1e-5 of
# itself; ten times as much moves it by 1e-4.
NEAR = {"rtol": 3e-5, "atol": 1e-9}
# Elsewhere more of it is let pass, so that it costs one test and not all.
ABOUT = {"rtol": 1e-3, "atol": 1e-9}
GRAD_SHAPES = ((3, 2), (4, 4), (2, 5), (3, 1), (6, 1))
OTHER_SHAPES = ((5,), (2, 3, 4), (), (1, 7))
# norm, max_norm; what is nearer to the threshold has a test of its own
LONGER = ((400.0, 5.0), (7.3, 2.0), (0.8, 0.3), (2e4, 1.0))
SHORTER = ((0.13, 1.0), (1.9, 2.0), (30.0, 31.0), (0.4, 0.41), (2e-4, 0.25))


def draw_grads(rng, norm, shapes=GRAD_SHAPES):
    """Draw arrays, some much longer than others, that together have that norm."""
    grads = [10.0 ** rng.uniform(-1, 1) * rng.standard_normal(shape) for shape in shapes]
    return tuple(norm / norm_of(grads) * grad for grad in grads)


def norm_of(grads):
    """Return the norm of all entries together."""
    return np.sqrt(sum(np.sum(grad**2) for grad in grads))


def rightly_clipped(grads, max_norm):
    """Return a gradient of the same direction, no longer than max_norm and no longer than it was."""
    factor = min(1.0, max_norm / norm_of(grads)) if norm_of(grads) else 1.0
    return tuple(factor * grad for grad in grads)


def demand_clipped(student, expect, grads, max_norm, tolerance=ABOUT):
    """Demand the right gradient of that length at most."""
    answer = student.clip_gradient_norm(grads, max_norm)
    expect.close(answer, rightly_clipped(grads, max_norm), name="what clip_gradient_norm returns", **tolerance)


def frozen_gradients(rng, pairs, shapes=GRAD_SHAPES):
    """Return gradients of given norms, the arrays by their places, each with a threshold."""
    drawn = [(draw_grads(rng, norm, shapes), max_norm) for norm, max_norm in pairs]
    return [{"grads": dict(zip(map(str, range(9)), grads, strict=False)), "max_norm": c} for grads, c in drawn]


def demand_all_clipped(student, reference, expect, name, **more):
    """Demand the right gradient in every one of the frozen cases."""
    for case in reference.cases(name):
        grads = tuple(np.asarray(grad) for _, grad in sorted(case["grads"].items()))
        demand_clipped(student, expect, grads, case["max_norm"], **more)


@clip.frozen
def clip_long_cases(rng, reference):
    """Return gradients that are longer than the threshold, one of them in a single array."""
    del reference
    return frozen_gradients(rng, LONGER) + frozen_gradients(rng, [(30.0, 1.5)], ((4, 3),))


@clip.frozen
def clip_shape_cases(rng, reference):
    """Return gradients of arrays with no axis, one, or three."""
    del reference
    return frozen_gradients(rng, [(400.0, 5.0), (1.9, 2.0)], OTHER_SHAPES)


@clip.frozen
def clip_short_cases(rng, reference):
    """Return gradients that are shorter than the threshold."""
    del reference
    return frozen_gradients(rng, SHORTER)


@clip.frozen
def clip_edge_cases(rng, reference):
    """Return gradients just above and just below the threshold, and one whose length is exactly the threshold.

    Each differs from it by 1 %, ten times what is tolerated.
    """
    del reference
    near = frozen_gradients(rng, [(c * k, c) for c in (0.25, 5.0) for k in (1.01, 0.99)])
    exact = {"0": np.array([[3.0]]), "1": np.array([4.0, 0.0])}
    return [*near, {"grads": exact, "max_norm": 5.0}]


@clip.frozen
def clip_tiny_number_cases(rng, reference):
    """Return a gradient of norm 0.1: 1e-6 added to it is within the tolerance three times, 1e-5 beyond it as often."""
    del reference
    return frozen_gradients(rng, [(0.1, 0.05)])


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
    """A gradient longer than max_norm gets this length and keeps its direction, for several thresholds."""
    demand_all_clipped(student, reference, expect, "clip_long_cases")


@clip.test(weight=3, kills=["scales_up_short_ones", "squared_norm_against_threshold"], requires="clip_long")
def clip_short(student, reference, expect):
    """A gradient that is not longer than max_norm stays as it is."""
    demand_all_clipped(student, reference, expect, "clip_short_cases")


@clip.test(kills=["scales_up_short_ones"], requires="clip_long")
def clip_edge(student, reference, expect):
    """Just above max_norm a gradient is shortened; just below it, and exactly at it, it stays as it is."""
    demand_all_clipped(student, reference, expect, "clip_edge_cases")


@clip.test(kills=["large_number_beside_the_norm"], requires="clip_long")
def clip_tiny_number(student, reference, expect):
    """A number added to the norm is at most 1e-6."""
    demand_all_clipped(student, reference, expect, "clip_tiny_number_cases", tolerance=NEAR)


@clip.test(requires="clip_long")
def clip_shapes(student, reference, expect):
    """Arrays may have any shape."""
    demand_all_clipped(student, reference, expect, "clip_shape_cases")


@clip.test(kills=["another_default"], requires="clip_long")
def clip_default(student, reference, expect):
    """max_norm is 0.25 where it is left out."""
    grads = tuple(np.asarray(grad) for _, grad in sorted(reference.cases("clip_long_cases")[1]["grads"].items()))
    for length in (0.26, 4.0, 0.24):
        given = tuple(length / norm_of(grads) * grad for grad in grads)
        right = rightly_clipped(given, 0.25)
        expect.close(student.clip_gradient_norm(given), right, name="what clip_gradient_norm returns", **ABOUT)


@clip.test(kills=["divides_by_zero"], requires="clip_long")
def clip_zero(student, reference, expect):
    """A gradient that is zero everywhere stays zero."""
    del reference
    zeros = tuple(np.zeros(shape) for shape in GRAD_SHAPES)
    expect.close(student.clip_gradient_norm(zeros, 2.0), zeros, name="what clip_gradient_norm returns for zeros")


@clip.test(weight=2, kills=["clips_in_place"], requires="clip_long")
def clip_leaves_arguments(student, reference, expect):
    """clip_gradient_norm leaves the caller's arrays as they were, whether they are long or short."""
    for norm in (9.0, 0.5):
        expect.unchanged(student.clip_gradient_norm, draw_grads(reference.rng, norm), 2.0)


@clip.test(requires=["clip_long", "clip_short", "clip_edge", "clip_tiny_number"])
def clip_anew(student, reference, expect):
    """The same holds for gradients that are drawn by lot."""
    for norm, max_norm in ((7.3, 2.0), (1.9, 2.0)):
        demand_clipped(student, expect, draw_grads(reference.rng, norm), max_norm)


# --- backward_pass ------------------------------------------------------------------------------------------------

backward_pass = exercise("backward_pass")


def draw_targets(rng, sizes, *, soft=False):
    """Draw what should have been said, one-hot or with a part for every word."""
    return rng.dirichlet(np.ones(sizes.K), size=sizes.T)[:, :, np.newaxis] if soft else draw_one_hot(rng, sizes)


def draw_problem(rng, reference, sizes, *, params=None, soft=False, handed=False):
    """Draw a sentence with targets, and with the outputs and states of its forward pass.

    The outputs that are `handed` over are others than the forward pass gives: whoever does not use them, but runs the
    network again, or nudges its parameters, finds another gradient than theirs.
    """
    case = {**draw_sentence(rng, sizes), "targets": draw_targets(rng, sizes, soft=soft)}
    case["params"] = case["params"] if params is None else params
    case |= run(reference, case)
    return {**case, "outputs": draw_targets(rng, sizes, soft=True)} if handed else case


def arguments(case):
    """Return the arguments of backward_pass."""
    lists = (list(case[part]) for part in FORWARD_PARTS)
    return case["inputs"], *lists, case["targets"], as_tuple(case["params"]), case["state"]


def solved(reference, case):
    """Return a problem with its loss and the gradients by name."""
    loss, grads = reference.backward_pass(*arguments(case))
    return {**case, "loss": loss, "grads": dict(zip(GRADIENTS, grads, strict=True))}


def numeric_gradients(reference, case, step=1e-5):
    """Return the central differences of the reference's loss for every entry of every parameter."""
    own = {name: value.copy() for name, value in case["params"].items()}

    def moved(name, index, to):
        own[name][index] = to
        nudged = {**case, "params": own}
        return reference.backward_pass(*arguments({**nudged, **run(reference, nudged)}))[0]

    found = {f"d{name}": np.zeros_like(value) for name, value in own.items()}
    for name, value in case["params"].items():
        for index in np.ndindex(value.shape):
            above, below = moved(name, index, value[index] + step), moved(name, index, value[index] - step)
            own[name][index] = value[index]
            found[f"d{name}"][index] = (above - below) / (2 * step)
    return found


@backward_pass.frozen
def backward_cases(rng, reference):
    """Return problems of several steps and of every kind of size with loss, gradients and numeric gradients."""
    cases = [draw_problem(rng, reference, sizes) for sizes in SEVERAL_STEPS]
    return [{**solved(reference, case), "numeric": numeric_gradients(reference, case)} for case in cases]


@backward_pass.frozen
def backward_handed_cases(rng, reference):
    """Return problems with other outputs than those of the forward pass."""
    return [solved(reference, draw_problem(rng, reference, sizes, handed=True)) for sizes in SEVERAL_STEPS[1:3]]


@backward_pass.frozen
def backward_single_cases(rng, reference):
    """Return problems of one step, each with the outputs of the forward pass and then with others."""
    cases = [draw_problem(rng, reference, sizes, handed=handed) for sizes in SINGLE_STEPS for handed in (False, True)]
    return [solved(reference, case) for case in cases]


@backward_pass.frozen
def backward_narrow_cases(rng, reference):
    """Return problems whose memory is a single number."""
    return [solved(reference, draw_problem(rng, reference, sizes, handed=True)) for sizes in NARROW]


@backward_pass.frozen
def backward_long_cases(rng, reference):
    """Return long problems through memories that last, the first with the outputs of its forward pass."""
    sizes = {LONG: False, FORTY: True}
    cases = [draw_problem(rng, reference, s, params=draw_lasting(rng, s), handed=h) for s, h in sizes.items()]
    return [solved(reference, case) for case in cases]


@backward_pass.frozen
def backward_steep_cases(rng, reference):
    """Return long problems in which the same word is due at every step, so that the effects add up to large numbers."""
    cases = []
    for word, handed in ((0, False), (1, True)):
        params = draw_lasting(rng, FORTY, into=0.1, out=6.0)
        case = draw_problem(rng, reference, FORTY, params=params, handed=handed)
        case["targets"][:] = np.eye(FORTY.K)[:, [word]]
        cases.append(solved(reference, case))
    return cases


@backward_pass.frozen
def backward_tiny_cases(rng, reference):
    """Return a long problem whose outputs are within 1e-4 of the targets, so that every gradient is tiny."""
    case = draw_problem(rng, reference, FORTY, params=draw_lasting(rng, FORTY), handed=True)
    case["outputs"] = (1 - 1e-4) * case["targets"] + 1e-4 * case["outputs"]
    return [solved(reference, case)]


@backward_pass.frozen
def backward_soft_cases(rng, reference):
    """Return problems whose targets give a part to every word."""
    return [solved(reference, draw_problem(rng, reference, sizes, soft=True)) for sizes in SEVERAL_STEPS[1:3]]


FAINT = 3e-10  # three times what may be added to a probability before its logarithm is taken


@backward_pass.frozen
def backward_faint_cases(rng, reference):
    """Return a problem in which every right word has a probability of 3e-10."""
    case = draw_problem(rng, reference, DIFFERENT)
    others = (1 - case["targets"]) / (DIFFERENT.K - 1)
    case["outputs"] = FAINT * case["targets"] + (1 - FAINT) * others
    return [solved(reference, case)]


def backward_answer(student, expect, case):
    """Return the learner's loss, and their gradients by name."""
    answer = student.backward_pass(*arguments(case))
    loss, grads = demand_parts(expect, answer, ("loss", "grads"), name="backward_pass")
    grads = demand_parts(expect, grads, GRADIENTS, name="backward_pass: grads")
    return loss, dict(zip(GRADIENTS, grads, strict=True))


def factors(case):
    """Return the sizes that a wrong constant factor may be made of."""
    return {"sequence_length": len(case["inputs"]), "vocab_size": case["inputs"].shape[1]}


def demand_loss(student, expect, cases):
    """Demand the loss of every case."""
    for case in cases:
        with expect.case(**sizes_of(case)):
            loss, _ = backward_answer(student, expect, case)
            # An epsilon of up to 1e-10 beside probabilities above 1e-4.
            expect.close(loss, case["loss"], name="loss", rtol=1e-5, sizes=factors(case))


def demand_gradients(student, expect, cases, *, names=GRADIENTS, right="grads", **tolerance):
    """Demand some of the five gradients of every case."""
    for case in cases:
        with expect.case(**sizes_of(case)):
            _, answer = backward_answer(student, expect, case)
            wanted = {name: case[right][name] for name in names}
            expect.close(answer, wanted, name="grads", sizes=factors(case), **tolerance)


@backward_pass.test(
    weight=4,
    kills=[
        "loss_averaged_over_vocabulary",
        "loss_averaged_over_time",
        "loss_sign",
        "loss_of_last_step",
        "loss_as_array",
        "loss_in_bits",
        "loss_in_log10",
    ],
)
def backward_loss(student, reference, expect):
    """The loss is the cross-entropy summed over the steps, for short and for long sentences."""
    others = [case for kind in ("single", "long") for case in reference.cases(f"backward_{kind}_cases")[::2]]
    demand_loss(student, expect, [*reference.cases("backward_cases"), *others])


@backward_pass.test(kills=["logarithm_of_zero", "guard_too_large"], requires="backward_loss")
def backward_loss_guard(student, reference, expect):
    """The logarithm's argument is kept away from 0, and by at most 1e-10."""
    (case,) = reference.cases("backward_faint_cases")
    steps = len(case["inputs"])
    loss, _ = backward_answer(student, expect, case)
    # Of each step, 1e-10 added moves the loss by log(4/3) = 0.29; a floor of 1e-9 by log(10/3) = 1.2.
    said = "loss where right words have a probability of 3e-10"
    expect.close(loss, case["loss"], name=said, rtol=0.0, atol=0.6 * steps)
    wrong = np.roll(case["targets"], 1, axis=1)
    # Where the argument is at most 1e-10, a step costs 23 or more; with 1e-9 it would be 20.7.
    for outputs, low, high in ((wrong, 22 * steps, 1000 * steps), (case["targets"], -1e-6, 1e-6)):
        loss, _ = backward_answer(student, expect, {**case, "outputs": outputs})
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
        "clips_every_entry",
        "bias_gradient_in_total",
        "adds_to_the_last_call",
        "by_differences",
    ],
)
def backward_output_layer(student, reference, expect):
    """The gradients dW and db_out of the output layer are right, for short and for long sentences."""
    parts = [reference.cases(f"backward_{kind}") for kind in ("cases", "handed_cases", "steep_cases")]
    demand_gradients(student, expect, [case for part in parts for case in part], names=("dW", "db_out"))


@backward_pass.test(
    weight=2,
    kills=[
        "slope_at_state",
        "without_slope",
        "last_state_before_first",
        "zero_state_before_first",
        "state_for_previous_state",
        "slope_at_state_and_last_state_before_first",
        "by_differences",
    ],
)
def backward_one_step(student, reference, expect):
    """All five gradients are right for a sentence of one step, from an initial state that is not zero."""
    demand_gradients(student, expect, reference.cases("backward_single_cases"))


@backward_pass.test(kills=["by_differences"])
def backward_narrow(student, reference, expect):
    """All five gradients are right where the memory is a single number."""
    demand_gradients(student, expect, reference.cases("backward_narrow_cases"))


@backward_pass.test(
    weight=3,
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
        "slope_at_state_and_last_state_before_first",
        "by_differences",
    ],
)
def backward_through_time(student, reference, expect):
    """All five gradients are right for sentences of several steps, for several sizes."""
    demand_gradients(student, expect, [*reference.cases("backward_cases"), *reference.cases("backward_handed_cases")])


@backward_pass.test(kills=["slope_at_state", "last_state_before_first", "output_gradient_averaged"])
def backward_numeric(student, reference, expect):
    """Each gradient says how the loss moves when an entry of its parameter moves a little."""
    # The differences are good to about 1e-10: step² and rounding / step.
    demand_gradients(student, expect, reference.cases("backward_cases"), right="numeric", rtol=1e-5, atol=1e-8)


@backward_pass.test(weight=4, kills=["carry_cut_every_5", "carry_cut_every_10", "carry_cut_every_20", "by_differences"])
def backward_long(student, reference, expect):
    """All five gradients are right for long sentences: what happened at the end reaches the beginning."""
    demand_gradients(student, expect, reference.cases("backward_long_cases"))


@backward_pass.test(weight=4, kills=["clips_its_gradient", "clips_every_entry", "clips_to_length_5", "by_differences"])
def backward_unclipped(student, reference, expect):
    """All five gradients are right, and not clipped, however large they are."""
    demand_gradients(student, expect, reference.cases("backward_steep_cases"))


@backward_pass.test(kills=["by_differences"])
def backward_tiny(student, reference, expect):
    """All five gradients are right, however small they are."""
    demand_gradients(student, expect, reference.cases("backward_tiny_cases"), atol=1e-10)


@backward_pass.test(
    kills=["largest_target_only", "loss_of_largest_target"], requires=["backward_loss", "backward_output_layer"]
)
def backward_soft_targets(student, reference, expect):
    """Loss and gradients are right where a target gives a part to every word."""
    demand_loss(student, expect, reference.cases("backward_soft_cases"))
    demand_gradients(student, expect, reference.cases("backward_soft_cases"), names=("dW", "db_out"))


@backward_pass.test(requires="backward_through_time")
def backward_zero_at_targets(student, reference, expect):
    """Every gradient is zero where each prediction equals its target."""
    case = reference.cases("backward_cases")[1]
    zeros = {f"d{name}": np.zeros_like(array) for name, array in case["params"].items()}
    demand_gradients(student, expect, [{**case, "outputs": case["targets"], "grads": zeros}])


@backward_pass.test(kills=["subtracts_in_the_outputs"], requires="backward_output_layer")
def backward_leaves_arguments(student, reference, expect):
    """backward_pass changes none of its arguments."""
    for case in reference.cases("backward_cases"):
        expect.unchanged(student.backward_pass, *arguments(case))


@backward_pass.test(requires=["backward_loss", "backward_output_layer"])
def backward_twice(student, reference, expect):
    """A second call gives the same loss and gradients as the first."""
    case = reference.cases("backward_cases")[1]
    for _ in range(2):
        demand_loss(student, expect, [case])
        demand_gradients(student, expect, [case], names=("dW", "db_out"))


@backward_pass.test(
    requires=[
        "backward_loss",
        "backward_loss_guard",
        "backward_output_layer",
        "backward_one_step",
        "backward_through_time",
        "backward_long",
        "backward_unclipped",
        "backward_tiny",
    ]
)
def backward_anew(student, reference, expect):
    """The same holds for sentences and weights that are drawn by lot."""
    case = solved(reference, draw_problem(reference.rng, reference, DIFFERENT, handed=True))
    demand_loss(student, expect, [case])
    demand_gradients(student, expect, [case])


# --- update -------------------------------------------------------------------------------------------------------

update = exercise("update")


STEP_SHAPES = ((3, 2), (4, 4), (2, 3), (3, 1), (2,))


def draw_step(rng, scales=(1.0, 30.0), shapes=STEP_SHAPES):
    """Draw parameters and gradients of different sizes."""
    return tuple(tuple(scale * rng.standard_normal(shape) for shape in shapes) for scale in scales)


def frozen_step(rng, lr, **drawn):
    """Draw a step as a case, the arrays by their places."""
    params, grads = ({str(k): array for k, array in enumerate(part)} for part in draw_step(rng, **drawn))
    return {"params": params, "grads": grads, "lr": lr}


def step_of(case):
    """Return the tuples of parameters and gradients of a case."""
    return tuple(tuple(array for _, array in sorted(case[part].items())) for part in ("params", "grads"))


@update.frozen
def update_cases(rng, reference):
    """Return parameters and gradients for several learning rates, and a single parameter."""
    del reference
    several = [frozen_step(rng, lr) for lr in (0.1, 0.7, 0.003, 2.0)]
    return [*several, frozen_step(rng, 0.05, shapes=((2, 5),))]


@update.frozen
def update_scale_cases(rng, reference):
    """Return parameters near zero, so that the smallest step shows: with tiny gradients, and with very long ones."""
    del reference
    return [frozen_step(rng, lr, scales=(1e-7, scale)) for lr, scale in ((1e-3, 1e-4), (0.1, 300.0))]


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
        "clips_before_the_step",
    ],
)
def update_values(student, reference, expect):
    """Every parameter moves by lr times its gradient, against it, for several learning rates."""
    for case in reference.cases("update_cases"):
        params, grads = step_of(case)
        answer = student.update_parameters(params, grads, case["lr"])
        expect.close(answer, moved(params, grads, case["lr"]), name="update_parameters(params, grads, lr)")


@update.test(requires="update_values")
def update_scales(student, reference, expect):
    """Tiny gradients count as they are, and so do very long ones."""
    for case in reference.cases("update_scale_cases"):
        params, grads = step_of(case)
        answer = student.update_parameters(params, grads, case["lr"])
        right = moved(params, grads, case["lr"])
        expect.close(answer, right, name="update_parameters(params, grads, lr)", atol=1e-15)


@update.test(kills=["another_default_rate"], requires="update_values")
def update_default(student, reference, expect):
    """lr is 0.001 where it is left out."""
    params, grads = step_of(reference.cases("update_cases")[0])
    expect.close(student.update_parameters(params, grads), moved(params, grads, 1e-3), name="update_parameters")


@update.test(weight=2, kills=["updates_in_place", "scales_gradients_in_place"], requires="update_values")
def update_leaves_arguments(student, reference, expect):
    """update_parameters changes neither the parameters nor the gradients that it is given."""
    expect.unchanged(student.update_parameters, *draw_step(reference.rng), 0.1)


@update.test(requires=["update_values", "update_scales"])
def update_anew(student, reference, expect):
    """The same holds for parameters and gradients that are drawn by lot."""
    params, grads = draw_step(reference.rng)
    answer = student.update_parameters(params, grads, 0.2)
    expect.close(answer, moved(params, grads, 0.2), name="update_parameters(params, grads, lr)")


# --- what a mistake does to the training --------------------------------------------------------------------------


def training(names):
    """Train as the notebook does, for two epochs of thirty sentences; return the last mean loss."""
    sequences = names["generate_dataset"](num_sequences=30)
    word_to_idx, _, _, vocab_size = names["sequences_to_dicts"](sequences)
    np.random.seed(1)
    start = names["init_rnn"](hidden_size=20, vocab_size=vocab_size)
    settings = {"epochs": 2, "lr": 0.03, "max_norm": 5.0, "decay": 0.97}
    return names["train"](start, sequences, word_to_idx, **settings)[1][-1]
