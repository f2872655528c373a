"""Wrong answers to next_token, as students type them; free names are those of the notebook."""
# ruff: noqa: F841, FBT002, PLW2901, RUF059 - names that are bound and never read are among the mistakes

from __future__ import annotations

from gradekit.hidden import misconception

# --- one_hot ------------------------------------------------------------------------------------------------------


@misconception(
    "one_hot",
    title="A column where a flat array is wanted",
    message="Your one word is a column already. Which of the two functions is it that makes columns?",
    justification="one_hot_encode returns (K, 1)",
)
def one_hot_as_column(idx, vocab_size):
    one_hot = np.zeros((vocab_size, 1))
    one_hot[idx] = 1.0
    return one_hot


@misconception(
    "one_hot",
    title="Indices counted from one",
    message=(
        "The one stands one place too early. From which number does Python count, and which index has the first word?"
    ),
    justification="writes at idx - 1; index 0 ends up last",
)
def one_hot_from_one(idx, vocab_size):
    one_hot = np.zeros(vocab_size)
    one_hot[idx - 1] = 1.0
    return one_hot


@misconception(
    "one_hot",
    title="Ones up to the index",
    message="Several of your entries are one. How many ones does a one-hot array have?",
    justification="one_hot[: idx + 1] = 1",
)
def one_hot_all_ones(idx, vocab_size):
    one_hot = np.zeros(vocab_size)
    one_hot[: idx + 1] = 1.0
    return one_hot


@misconception(
    "one_hot",
    title="The index in place of a one",
    message="Look at the entry that is not zero: it holds the index itself. What would a network make of 'word 3'?",
    justification="one_hot[idx] = idx",
)
def index_itself(idx, vocab_size):
    one_hot = np.zeros(vocab_size)
    one_hot[idx] = idx
    return one_hot


@misconception(
    "one_hot",
    title="Rows in place of columns",
    message="Each word became a row (1, K). Which of the last two axes counts the words of the vocabulary?",
    justification="(T, 1, K) in place of (T, K, 1)",
    function="one_hot_encode_sequence",
)
def rows_for_columns(sequence, word_to_idx, vocab_size):
    encoded = [one_hot_encode(word_to_idx.get(word, word_to_idx["UNK"]), vocab_size) for word in sequence]
    return np.array(encoded).reshape(len(sequence), 1, vocab_size)


@misconception(
    "one_hot",
    title="Time on the last axis",
    message="Your words stand side by side along the last axis. Which axis should count the steps?",
    justification="hstack of columns: (K, T) made (K, T, 1) by reshaping, or (1, K, T)",
    function="one_hot_encode_sequence",
)
def time_axis_last(sequence, word_to_idx, vocab_size):
    encoded = [one_hot_encode(word_to_idx.get(word, word_to_idx["UNK"]), vocab_size) for word in sequence]
    return np.stack(encoded, axis=1)[:, :, np.newaxis]


@misconception(
    "one_hot",
    title="The last axis is missing",
    message="Your array has two axes, (T, K). What makes a single word of it a column that a matrix can multiply?",
    justification="no reshape to (T, K, 1)",
    function="one_hot_encode_sequence",
)
def sequence_without_last_axis(sequence, word_to_idx, vocab_size):
    return np.array([one_hot_encode(word_to_idx.get(word, word_to_idx["UNK"]), vocab_size) for word in sequence])


@misconception(
    "one_hot",
    title="Size taken from the dictionary",
    message="Your columns have as many entries as the dictionary has. Which argument do you never read?",
    justification="len(word_to_idx) in place of vocab_size",
    function="one_hot_encode_sequence",
)
def size_from_the_dictionary(sequence, word_to_idx, vocab_size):
    size = len(word_to_idx)
    encoded = [one_hot_encode(word_to_idx.get(word, word_to_idx["UNK"]), size) for word in sequence]
    return np.array(encoded).reshape(len(sequence), size, 1)


@misconception(
    "one_hot",
    title="Return inside the loop",
    message="Only the first word is encoded. When does your function return?",
    justification="the return is indented into the loop",
    function="one_hot_encode_sequence",
)
def first_word_only(sequence, word_to_idx, vocab_size):
    encoded = []
    for word in sequence:
        encoded.append(one_hot_encode(word_to_idx.get(word, word_to_idx["UNK"]), vocab_size))
        return np.array(encoded)[:, :, np.newaxis]


@misconception(
    "one_hot",
    title="UNK taken for the last index",
    message="A strange word gets the last index. Must UNK stand there? Who knows where it stands?",
    justification="vocab_size - 1 in place of word_to_idx['UNK']",
    function="one_hot_encode_sequence",
)
def unknown_is_last(sequence, word_to_idx, vocab_size):
    encoded = [one_hot_encode(word_to_idx.get(word, vocab_size - 1), vocab_size) for word in sequence]
    return np.array(encoded)[:, :, np.newaxis]


@misconception(
    "one_hot",
    title="UNK taken for index 0",
    message="A strange word is encoded as if it were the first word of the vocabulary. Which word should it be?",
    justification="get(word, 0)",
    function="one_hot_encode_sequence",
)
def unknown_is_zero(sequence, word_to_idx, vocab_size):
    encoded = [one_hot_encode(word_to_idx.get(word, 0), vocab_size) for word in sequence]
    return np.array(encoded)[:, :, np.newaxis]


@misconception(
    "one_hot",
    title="Strange words are left out",
    message="Your result is shorter than the sentence. What happens to a word that is not in the dictionary?",
    justification="filters unknown words",
    function="one_hot_encode_sequence",
)
def unknown_is_skipped(sequence, word_to_idx, vocab_size):
    encoded = [one_hot_encode(word_to_idx[word], vocab_size) for word in sequence if word in word_to_idx]
    return np.array(encoded)[:, :, np.newaxis]


@misconception(
    "one_hot",
    title="The dictionary grows",
    message="After the call the caller's dictionary has entries that it did not have before. Which line puts them in?",
    justification="setdefault writes the unknown word into the caller's dictionary",
    function="one_hot_encode_sequence",
)
def unknown_is_added(sequence, word_to_idx, vocab_size):
    unknown = word_to_idx["UNK"]
    encoded = [one_hot_encode(word_to_idx.setdefault(word, unknown), vocab_size) for word in sequence]
    return np.array(encoded)[:, :, np.newaxis]


@misconception(
    "one_hot",
    title="Axes of length one disappear",
    message=(
        "Sequences of several words are right, a sequence of one word has lost an axis. Which function "
        "drops axes, and does it ask which?"
    ),
    justification="np.squeeze on the way",
    function="one_hot_encode_sequence",
)
def drops_single_axes(sequence, word_to_idx, vocab_size):
    unknown = word_to_idx["UNK"]
    rows = [one_hot_encode(word_to_idx.get(word, unknown), vocab_size).reshape(1, -1) for word in sequence]
    return np.array(rows).squeeze()[..., np.newaxis]


# --- vocabulary ---------------------------------------------------------------------------------------------------


@misconception(
    "vocabulary",
    title="Words in alphabetical order",
    message="Your words are numbered by the alphabet. By what should they be?",
    justification="sorted(counts) without a key",
    function="sequences_to_dicts",
)
def alphabetical_order(sequences):
    counts = Counter(word for sequence in sequences for word in sequence)
    words = [*sorted(counts), "UNK"]
    return (
        Lookup({w: i for i, w in enumerate(words)}, len(words) - 1),
        Lookup(dict(enumerate(words)), "UNK"),
        len(sequences),
        len(words),
    )


@misconception(
    "vocabulary",
    title="Words in the order of their appearance",
    message="Your words are numbered as they come. Did you count them, and what for?",
    justification="no sorting by frequency",
    function="sequences_to_dicts",
)
def order_of_appearance(sequences):
    words = [*dict.fromkeys(word for sequence in sequences for word in sequence), "UNK"]
    return (
        Lookup({w: i for i, w in enumerate(words)}, len(words) - 1),
        Lookup(dict(enumerate(words)), "UNK"),
        len(sequences),
        len(words),
    )


@misconception(
    "vocabulary",
    title="The rarest word first",
    message="Your rarest word has index 0. In which direction does sorted go?",
    justification="sorted by rising frequency",
    function="sequences_to_dicts",
)
def rarest_first(sequences):
    counts = Counter(word for sequence in sequences for word in sequence)
    words = [*sorted(counts, key=lambda word: counts[word]), "UNK"]
    return (
        Lookup({w: i for i, w in enumerate(words)}, len(words) - 1),
        Lookup(dict(enumerate(words)), "UNK"),
        len(sequences),
        len(words),
    )


@misconception(
    "vocabulary",
    title="Equally frequent words by the alphabet",
    message="Your order is right but for words that are equally frequent. Which of them comes first?",
    justification="sorts (-count, word): ties are broken by the alphabet",
    function="sequences_to_dicts",
)
def ties_by_alphabet(sequences):
    counts = Counter(word for sequence in sequences for word in sequence)
    words = [word for _, word in sorted((-count, word) for word, count in counts.items())] + ["UNK"]
    return (
        Lookup({w: i for i, w in enumerate(words)}, len(words) - 1),
        Lookup(dict(enumerate(words)), "UNK"),
        len(sequences),
        len(words),
    )


@misconception(
    "vocabulary",
    title="UNK first",
    message="UNK has index 0 in your dictionary, and every word is one too late. Where should it stand?",
    justification="UNK at the beginning",
    function="sequences_to_dicts",
)
def UNK_first(sequences):
    counts = Counter(word for sequence in sequences for word in sequence)
    words = ["UNK"] + [word for word, _ in counts.most_common()]
    return (
        Lookup({w: i for i, w in enumerate(words)}, 0),
        Lookup(dict(enumerate(words)), "UNK"),
        len(sequences),
        len(words),
    )


@misconception(
    "vocabulary",
    title="UNK is not in the dictionary",
    message="There is no UNK among your words. What will a strange word be replaced by?",
    justification="UNK never appended",
    function="sequences_to_dicts",
)
def without_UNK(sequences):
    counts = Counter(word for sequence in sequences for word in sequence)
    words = [word for word, _ in counts.most_common()]
    return (
        Lookup({w: i for i, w in enumerate(words)}, len(words)),
        Lookup(dict(enumerate(words)), "UNK"),
        len(sequences),
        len(words),
    )


@misconception(
    "vocabulary",
    title="Only the first sequence is counted",
    message="Words that occur in later sequences only are missing. How many loops lead from sequences to words?",
    justification="Counter(sequences[0])",
    function="sequences_to_dicts",
)
def words_of_the_first_sequence(sequences):
    words = [word for word, _ in Counter(sequences[0]).most_common()] + ["UNK"]
    return (
        Lookup({w: i for i, w in enumerate(words)}, len(words) - 1),
        Lookup(dict(enumerate(words)), "UNK"),
        len(sequences),
        len(words),
    )


@misconception(
    "vocabulary",
    title="Counts in place of indices",
    message="Your dictionary says how often a word occurs. What number does the network need?",
    justification="the counter itself is returned as word_to_idx",
    function="sequences_to_dicts",
)
def counts_as_indices(sequences):
    counts = Counter(word for sequence in sequences for word in sequence)
    words = [word for word, _ in counts.most_common()] + ["UNK"]
    return (
        Lookup({**counts, "UNK": 0}, 0),
        Lookup(dict(enumerate(words)), "UNK"),
        len(sequences),
        len(words),
    )


@misconception(
    "vocabulary",
    title="Vocabulary counted without UNK",
    message="Your vocab_size is one short: the dictionaries have more entries. Which word did you not count?",
    justification="vocab_size taken before UNK is appended",
    function="sequences_to_dicts",
)
def one_short_vocabulary(sequences):
    counts = Counter(word for sequence in sequences for word in sequence)
    words = [word for word, _ in counts.most_common()] + ["UNK"]
    return (
        Lookup({w: i for i, w in enumerate(words)}, len(words) - 1),
        Lookup(dict(enumerate(words)), "UNK"),
        len(sequences),
        len(counts),
    )


@misconception(
    "vocabulary",
    title="Words counted in place of sequences",
    message="Your num_sequences is far too large. What did you count?",
    justification="the number of all tokens",
    function="sequences_to_dicts",
)
def counts_words_for_sequences(sequences):
    counts = Counter(word for sequence in sequences for word in sequence)
    words = [word for word, _ in counts.most_common()] + ["UNK"]
    return (
        Lookup({w: i for i, w in enumerate(words)}, len(words) - 1),
        Lookup(dict(enumerate(words)), "UNK"),
        sum(counts.values()),
        len(words),
    )


@misconception(
    "vocabulary",
    title="Indices begin with one",
    message=(
        "Your smallest index is 1, so the largest does not fit into vocab_size places. From where does Python count?"
    ),
    justification="enumerate(words, start=1)",
    function="sequences_to_dicts",
)
def indices_from_one(sequences):
    counts = Counter(word for sequence in sequences for word in sequence)
    words = [word for word, _ in counts.most_common()] + ["UNK"]
    return (
        Lookup({w: i for i, w in enumerate(words, start=1)}, len(words)),
        Lookup(dict(enumerate(words, start=1)), "UNK"),
        len(sequences),
        len(words),
    )


@misconception(
    "vocabulary",
    title="The dictionaries change places",
    message="Your first dictionary leads from numbers to words. Which of the two is to come first?",
    justification="returns idx_to_word first",
    function="sequences_to_dicts",
)
def swapped_dictionaries(sequences):
    counts = Counter(word for sequence in sequences for word in sequence)
    words = [word for word, _ in counts.most_common()] + ["UNK"]
    word_to_idx = Lookup({w: i for i, w in enumerate(words)}, len(words) - 1)
    return Lookup(dict(enumerate(words)), "UNK"), word_to_idx, len(sequences), len(words)


@misconception(
    "vocabulary",
    title="Unknown words read as index 0",
    message="An unknown word reads as the most frequent one. What should your dictionary answer in its place?",
    justification="default 0, as in the text's other example",
    function="sequences_to_dicts",
)
def default_is_zero(sequences):
    counts = Counter(word for sequence in sequences for word in sequence)
    words = [word for word, _ in counts.most_common()] + ["UNK"]
    word_to_idx = Lookup({w: i for i, w in enumerate(words)}, 0)
    return word_to_idx, Lookup(dict(enumerate(words)), "UNK"), len(sequences), len(words)


@misconception(
    "vocabulary",
    title="The dictionary grows when it is read",
    message=(
        "After an unknown word was read, your dictionary has one entry more. What does a defaultdict do with a key?"
    ),
    justification="defaultdict stores each missing key that is read",
    function="sequences_to_dicts",
)
def grows_when_read(sequences):
    from collections import defaultdict

    counts = Counter(word for sequence in sequences for word in sequence)
    words = [word for word, _ in counts.most_common()] + ["UNK"]
    word_to_idx = defaultdict(lambda: len(words) - 1, {w: i for i, w in enumerate(words)})
    idx_to_word = defaultdict(lambda: "UNK", enumerate(words))
    return word_to_idx, idx_to_word, len(sequences), len(words)


@misconception(
    "vocabulary",
    title="The missing key is stored",
    message=(
        "Your class answers well, but reading an unknown word adds it to the dictionary. Which line stores something?"
    ),
    justification="__missing__ writes self[key]",
    like="grows_when_read",
    function="Lookup",
)
class words_grow_when_read(dict):
    def __init__(self, entries, default):
        super().__init__(entries)
        self.default = default

    def __missing__(self, key):
        self[key] = self.default
        return self[key]


@misconception(
    "vocabulary",
    title="The caller's data changed",
    message="After the call, the caller's sequences hold more than before. Which line appends to them?",
    justification="words = sequences[0]; words += ... extends the caller's first list",
    function="sequences_to_dicts",
)
def appends_to_the_sequences(sequences):
    words = sequences[0]
    for sequence in sequences[1:]:
        words += sequence
    words = [word for word, _ in Counter(words).most_common()] + ["UNK"]
    return (
        Lookup({w: i for i, w in enumerate(words)}, len(words) - 1),
        Lookup(dict(enumerate(words)), "UNK"),
        len(sequences),
        len(words),
    )


@misconception(
    "vocabulary",
    title="Counts survive the call",
    message="The first call is right, the second still knows the first one's words. When is your counter made?",
    justification="a Counter as default argument is made once",
    function="sequences_to_dicts",
)
def counts_over_calls(sequences, counts=Counter()):
    for sequence in sequences:
        counts.update(sequence)
    words = [word for word, _ in counts.most_common()] + ["UNK"]
    return (
        Lookup({w: i for i, w in enumerate(words)}, len(words) - 1),
        Lookup(dict(enumerate(words)), "UNK"),
        len(sequences),
        len(words),
    )


# --- orthogonal ---------------------------------------------------------------------------------------------------


@misconception(
    "orthogonal",
    title="Wide matrices are not transposed",
    message="Tall shapes are right; for wide ones your result has another shape. Which of QR's shapes did you expect?",
    justification="qr of a (m, n) wide matrix gives Q of (m, m)",
)
def wide_not_transposed(param):
    q, r = np.linalg.qr(np.random.randn(*param.shape))
    return q * np.sign(np.diag(r))


@misconception(
    "orthogonal",
    title="Gaussian numbers, scaled",
    message="Your columns have length one on average only, and no right angles between them. What does QᵀQ give?",
    justification="randn / sqrt(rows)",
)
def gaussian_of_the_right_size(param):
    return np.random.randn(*param.shape) / np.sqrt(max(param.shape))


@misconception(
    "orthogonal",
    title="Columns of length one, but not at right angles",
    message="Your columns have length one. Look beside the diagonal of QᵀQ: what should stand there?",
    justification="each column divided by its norm",
)
def columns_of_length_one(param):
    rows, columns = param.shape
    drawn = np.random.randn(max(rows, columns), min(rows, columns))
    drawn /= np.linalg.norm(drawn, axis=0)
    return drawn if rows >= columns else drawn.T


@misconception(
    "orthogonal",
    title="R in place of Q",
    message="Below its diagonal your matrix is zero. Which of the two factors has orthonormal columns?",
    justification="takes the second factor of qr",
)
def upper_triangle_for_q(param):
    rows, columns = param.shape
    _, r = np.linalg.qr(np.random.randn(max(rows, columns), max(rows, columns)))
    return r[:rows, :columns]


@misconception(
    "orthogonal",
    title="Always square",
    message="Your matrix has as many columns as rows, whatever was asked for. Where do the two sizes of param go?",
    justification="randn(rows, rows)",
)
def always_square(param):
    q, r = np.linalg.qr(np.random.randn(param.shape[0], param.shape[0]))
    return q * np.sign(np.diag(r))


@misconception(
    "orthogonal",
    title="Scaled once more",
    message="Your columns stand at right angles, but their length is not one. Does an orthogonal matrix need a scale?",
    justification="q divided by sqrt(rows) as one would a Gaussian matrix",
)
def scaled_by_size(param):
    rows, columns = param.shape
    q, r = np.linalg.qr(np.random.randn(max(rows, columns), min(rows, columns)))
    q = q * np.sign(np.diag(r)) / np.sqrt(max(rows, columns))
    return q if rows >= columns else q.T


@misconception(
    "orthogonal",
    title="The signs are forgotten",
    message=(
        "Your matrices are orthogonal, but their first entry is never positive. What does the text say about signs?"
    ),
    justification="Q as np.linalg.qr returns it: some orthogonal matrices never come out",
)
def without_signs(param):
    rows, columns = param.shape
    q, _ = np.linalg.qr(np.random.randn(max(rows, columns), min(rows, columns)))
    return q if rows >= columns else q.T


@misconception(
    "orthogonal",
    title="Signs of Q's own diagonal",
    message="Now the diagonal of your matrix is never negative. Of which factor's diagonal are the signs?",
    justification="q * sign(diag(q)): makes the diagonal positive",
)
def signs_of_the_wrong_diagonal(param):
    rows, columns = param.shape
    q, _ = np.linalg.qr(np.random.randn(max(rows, columns), min(rows, columns)))
    q = q * np.sign(np.diag(q))
    return q if rows >= columns else q.T


@misconception(
    "orthogonal",
    title="Uniform numbers to begin with",
    message=(
        "The entries of your first column are always of one sign. Of which sign are the numbers that you start from?"
    ),
    justification="np.random.rand: only positive numbers, so the first column points into one corner",
)
def from_uniform_numbers(param):
    rows, columns = param.shape
    q, r = np.linalg.qr(np.random.rand(max(rows, columns), min(rows, columns)))
    q = q * np.sign(np.diag(r))
    return q if rows >= columns else q.T


@misconception(
    "orthogonal",
    title="The identity",
    message="Your matrix is orthogonal, and always the same. What is drawn?",
    justification="np.eye",
)
def identity(param):
    return np.eye(*param.shape)


@misconception(
    "orthogonal",
    title="The seed is set inside",
    message="Every call gives the same matrix. Who decides where the random numbers begin?",
    justification="np.random.seed in the function",
)
def seeds_inside(param):
    np.random.seed(42)
    rows, columns = param.shape
    q, r = np.linalg.qr(np.random.randn(max(rows, columns), min(rows, columns)))
    q = q * np.sign(np.diag(r))
    return q if rows >= columns else q.T


@misconception(
    "orthogonal",
    title="Turns only, no mirrors",
    message="All your square matrices have the determinant one. Is a mirror not orthogonal?",
    justification="a column is flipped where the determinant is negative",
)
def rotations_only(param):
    rows, columns = param.shape
    q, r = np.linalg.qr(np.random.randn(max(rows, columns), min(rows, columns)))
    q = q * np.sign(np.diag(r))
    if rows == columns and np.linalg.det(q) < 0:
        q[:, 0] *= -1
    return q if rows >= columns else q.T


@misconception(
    "orthogonal",
    title="A shuffled identity",
    message="Your matrices are orthogonal, but each entry is 0, 1 or -1. Are there no angles between the axes?",
    justification="random signs and a permutation of the identity's rows",
)
def shuffled_identity(param):
    rows, columns = param.shape
    tall = np.eye(max(rows, columns))[np.random.permutation(max(rows, columns))][:, : min(rows, columns)]
    tall = tall * np.random.choice([-1.0, 1.0], size=min(rows, columns))
    return tall if rows >= columns else tall.T


@misconception(
    "orthogonal",
    title="The argument's numbers are decomposed",
    message="Your result depends on the numbers in param. Which of its properties are you asked to use?",
    justification="qr(param): for a param of zeros the identity comes out",
)
def from_the_argument(param):
    rows, columns = param.shape
    q, r = np.linalg.qr(param if rows >= columns else param.T)
    signs = np.where(np.diag(r) < 0, -1.0, 1.0)
    return q * signs if rows >= columns else (q * signs).T


@misconception(
    "orthogonal",
    title="A generator of its own",
    message="Your matrices are right, but a seed does not fix them. Which generator does the text name?",
    justification="np.random.default_rng() inside: not reproducible",
    random=True,
)
def draws_from_own_generator(param):
    rows, columns = param.shape
    q, r = np.linalg.qr(np.random.default_rng().standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return q if rows >= columns else q.T


@misconception(
    "orthogonal",
    title="Result written over the argument",
    message="The result is right, but the caller's array holds it, too. Which line writes into param?",
    justification="param[...] = q",
)
def overwrites_its_argument(param):
    rows, columns = param.shape
    q, r = np.linalg.qr(np.random.randn(max(rows, columns), min(rows, columns)))
    q = q * np.sign(np.diag(r))
    param[...] = q if rows >= columns else q.T
    return param.copy()


@misconception(
    "orthogonal",
    title="A single axis taken for a row",
    message="An array with one axis gets a matrix with one row. Which shapes have rows and columns?",
    justification="np.atleast_2d(param)",
)
def single_axis_taken_for_a_row(param):
    rows, columns = np.atleast_2d(param).shape
    q, r = np.linalg.qr(np.random.randn(max(rows, columns), min(rows, columns)))
    q = q * np.sign(np.diag(r))
    return q if rows >= columns else q.T


# --- parameters ---------------------------------------------------------------------------------------------------


@misconception(
    "parameters",
    title="Weights of zeros",
    message="All your weights are zero. Which function draws them, and what becomes of its result?",
    justification="init_orthogonal never called",
)
def zero_weights(hidden_size, vocab_size):
    U, V = np.zeros((hidden_size, vocab_size)), np.zeros((hidden_size, hidden_size))
    W = np.zeros((vocab_size, hidden_size))
    return U, V, W, np.zeros((hidden_size, 1)), np.zeros((vocab_size, 1))


@misconception(
    "parameters",
    title="Gaussian weights",
    message="The shapes are right, but your matrices are not orthogonal. What was exercise 3 for?",
    justification="randn",
)
def gaussian_weights(hidden_size, vocab_size):
    U, V = np.random.randn(hidden_size, vocab_size), np.random.randn(hidden_size, hidden_size)
    W = np.random.randn(vocab_size, hidden_size)
    return U, V, W, np.zeros((hidden_size, 1)), np.zeros((vocab_size, 1))


@misconception(
    "parameters",
    title="U transposed",
    message=(
        "U turns a word into a memory. How many numbers go in, how many come out, and which of them counts the rows?"
    ),
    justification="U of shape (K, H)",
)
def input_weights_transposed(hidden_size, vocab_size):
    U = init_orthogonal(np.zeros((vocab_size, hidden_size)))
    V = init_orthogonal(np.zeros((hidden_size, hidden_size)))
    W = init_orthogonal(np.zeros((vocab_size, hidden_size)))
    return U, V, W, np.zeros((hidden_size, 1)), np.zeros((vocab_size, 1))


@misconception(
    "parameters",
    title="W transposed",
    message="W turns a memory into scores, one for each word. How many rows does that ask for?",
    justification="W of shape (H, K)",
)
def output_weights_transposed(hidden_size, vocab_size):
    U = init_orthogonal(np.zeros((hidden_size, vocab_size)))
    V = init_orthogonal(np.zeros((hidden_size, hidden_size)))
    W = init_orthogonal(np.zeros((hidden_size, vocab_size)))
    return U, V, W, np.zeros((hidden_size, 1)), np.zeros((vocab_size, 1))


@misconception(
    "parameters",
    title="V of the vocabulary's size",
    message="V leads from memory to memory. Which size does it know nothing of?",
    justification="V of shape (K, K)",
)
def recurrent_weights_of_the_input(hidden_size, vocab_size):
    U = init_orthogonal(np.zeros((hidden_size, vocab_size)))
    V = init_orthogonal(np.zeros((vocab_size, vocab_size)))
    W = init_orthogonal(np.zeros((vocab_size, hidden_size)))
    return U, V, W, np.zeros((hidden_size, 1)), np.zeros((vocab_size, 1))


@misconception(
    "parameters",
    title="Flat biases",
    message="Your biases have one axis. Added to a column, what shape would the sum have?",
    justification="(H,) and (K,): (H, 1) + (H,) broadcasts to (H, H)",
)
def flat_biases(hidden_size, vocab_size):
    U = init_orthogonal(np.zeros((hidden_size, vocab_size)))
    V = init_orthogonal(np.zeros((hidden_size, hidden_size)))
    W = init_orthogonal(np.zeros((vocab_size, hidden_size)))
    return U, V, W, np.zeros(hidden_size), np.zeros(vocab_size)


@misconception(
    "parameters",
    title="Biases exchanged",
    message="b_hidden is added to the memory, b_out to the scores. Which size has which?",
    justification="b_hidden (K, 1), b_out (H, 1)",
)
def biases_swapped(hidden_size, vocab_size):
    U = init_orthogonal(np.zeros((hidden_size, vocab_size)))
    V = init_orthogonal(np.zeros((hidden_size, hidden_size)))
    W = init_orthogonal(np.zeros((vocab_size, hidden_size)))
    return U, V, W, np.zeros((vocab_size, 1)), np.zeros((hidden_size, 1))


@misconception(
    "parameters",
    title="A fixed hidden size",
    message="Your memory always has 50 numbers. Which argument do you never read?",
    justification="50 written into the function",
)
def fixed_hidden_size(hidden_size, vocab_size):
    U = init_orthogonal(np.zeros((50, vocab_size)))
    V = init_orthogonal(np.zeros((50, 50)))
    W = init_orthogonal(np.zeros((vocab_size, 50)))
    return U, V, W, np.zeros((50, 1)), np.zeros((vocab_size, 1))


@misconception(
    "parameters",
    title="Another order",
    message="Your five arrays are right, and not in the order that the text lists. Which one comes second?",
    justification="returns U, W, V",
)
def returns_in_another_order(hidden_size, vocab_size):
    U = init_orthogonal(np.zeros((hidden_size, vocab_size)))
    V = init_orthogonal(np.zeros((hidden_size, hidden_size)))
    W = init_orthogonal(np.zeros((vocab_size, hidden_size)))
    return U, W, V, np.zeros((hidden_size, 1)), np.zeros((vocab_size, 1))


@misconception(
    "parameters",
    title="Random biases",
    message="Your biases are not zero. With what does the text let them begin?",
    justification="randn biases",
)
def random_biases(hidden_size, vocab_size):
    U = init_orthogonal(np.zeros((hidden_size, vocab_size)))
    V = init_orthogonal(np.zeros((hidden_size, hidden_size)))
    W = init_orthogonal(np.zeros((vocab_size, hidden_size)))
    return U, V, W, np.random.randn(hidden_size, 1), np.random.randn(vocab_size, 1)


@misconception(
    "parameters",
    title="Orthogonal biases",
    message="Your biases went through init_orthogonal, too, and have length one. Which arrays are drawn?",
    justification="a column drawn by init_orthogonal is a random column of length one",
)
def biases_of_one(hidden_size, vocab_size):
    shapes = (
        (hidden_size, vocab_size),
        (hidden_size, hidden_size),
        (vocab_size, hidden_size),
        (hidden_size, 1),
        (vocab_size, 1),
    )
    return tuple(init_orthogonal(np.zeros(shape)) for shape in shapes)


@misconception(
    "parameters",
    title="W is U, transposed",
    message="W and U hold the same numbers. How many matrices are drawn?",
    justification="W = U.T",
)
def output_is_input_transposed(hidden_size, vocab_size):
    U = init_orthogonal(np.zeros((hidden_size, vocab_size)))
    V = init_orthogonal(np.zeros((hidden_size, hidden_size)))
    return U, V, U.T, np.zeros((hidden_size, 1)), np.zeros((vocab_size, 1))


@misconception(
    "parameters",
    title="One matrix for all three",
    message="U, V and W agree where their sizes do. How often do you draw?",
    justification="one large orthogonal matrix, cut to size where it fits",
)
def one_matrix_for_all(hidden_size, vocab_size):
    drawn = {}
    for shape in ((hidden_size, vocab_size), (hidden_size, hidden_size), (vocab_size, hidden_size)):
        if shape not in drawn:
            drawn[shape] = init_orthogonal(np.zeros(shape))
    U, V, W = (drawn[s] for s in ((hidden_size, vocab_size), (hidden_size, hidden_size), (vocab_size, hidden_size)))
    return U, V, W, np.zeros((hidden_size, 1)), np.zeros((vocab_size, 1))


@misconception(
    "parameters",
    title="The same weights at every call",
    message="Two networks in a row have the same weights. Who sets the seed?",
    justification="np.random.seed in the function",
)
def same_at_every_call(hidden_size, vocab_size):
    np.random.seed(42)
    U = init_orthogonal(np.zeros((hidden_size, vocab_size)))
    V = init_orthogonal(np.zeros((hidden_size, hidden_size)))
    W = init_orthogonal(np.zeros((vocab_size, hidden_size)))
    return U, V, W, np.zeros((hidden_size, 1)), np.zeros((vocab_size, 1))


@misconception(
    "parameters",
    title="Drawn here once more, without the signs",
    message="Your matrices are orthogonal, but some entries never change their sign. Why not use your exercise 3?",
    justification="np.linalg.qr written out again, without the signs",
)
def weights_with_forgotten_signs(hidden_size, vocab_size):
    def draw(rows, columns):
        q = np.linalg.qr(np.random.randn(max(rows, columns), min(rows, columns)))[0]
        return q if rows >= columns else q.T

    U, V, W = draw(hidden_size, vocab_size), draw(hidden_size, hidden_size), draw(vocab_size, hidden_size)
    return U, V, W, np.zeros((hidden_size, 1)), np.zeros((vocab_size, 1))


# --- activations --------------------------------------------------------------------------------------------------


@misconception(
    "activations",
    title="Sigmoid's slope for an input that is already a sigmoid",
    message="Your slope would be right if x were already the sigmoid's value. What is passed in here?",
    justification="x * (1 - x)",
    function="sigmoid",
)
def sigmoid_slope_of_output(x, derivative=False):
    return x * (1 - x) if derivative else 1 / (1 + np.exp(-x))


@misconception(
    "activations",
    title="Sign of the exponent",
    message="Your sigmoid falls where it should rise. Which sign has the exponent?",
    justification="1 / (1 + exp(x))",
    function="sigmoid",
)
def sigmoid_without_minus(x, derivative=False):
    f = 1 / (1 + np.exp(x))
    return f * (1 - f) if derivative else f


@misconception(
    "activations",
    title="Sigmoid's slope without the second factor",
    message="Far to the right your slope is one. Is the curve steep there?",
    justification="the derivative is the sigmoid itself",
    function="sigmoid",
)
def sigmoid_slope_without_minus(x, derivative=False):
    f = 1 / (1 + np.exp(-x))
    return f**2 if derivative else f


@misconception(
    "activations",
    title="tanh in place of the sigmoid",
    message="Some of your values are negative. Between which numbers does a sigmoid lie?",
    justification="np.tanh",
    function="sigmoid",
)
def tanh_for_sigmoid(x, derivative=False):
    f = np.tanh(x)
    return 1 - f**2 if derivative else f


@misconception(
    "activations",
    title="Exponential of a positive number",
    message="Your sigmoid is not a number for large x. Which of the two ways to write the fraction overflows there?",
    justification="exp(x) / (1 + exp(x)) is inf / inf",
    function="sigmoid",
)
def sigmoid_of_positive_exponentials(x, derivative=False):
    f = np.exp(x) / (1 + np.exp(x))
    return f * (1 - f) if derivative else f


@misconception(
    "activations",
    title="tanh's slope for an input that is already tanh",
    message="Your slope would be right if x were already tanh(z). What is passed in here?",
    justification="1 - x**2",
    function="tanh",
)
def tanh_slope_of_output(x, derivative=False):
    return 1 - x**2 if derivative else np.tanh(x)


@misconception(
    "activations",
    title="tanh applied twice in the slope",
    message="For small x your slope is nearly right, for larger ones it is not. How many times is tanh applied?",
    justification="1 - tanh(tanh(x))**2",
    function="tanh",
)
def tanh_applied_twice(x, derivative=False):
    f = np.tanh(x)
    return 1 - np.tanh(f) ** 2 if derivative else f


@misconception(
    "activations",
    title="Square missing in tanh's slope",
    message="Your slope at -1 is another than at 1. Can the slope of tanh differ between x and -x?",
    justification="1 - tanh(x)",
    function="tanh",
)
def tanh_slope_without_square(x, derivative=False):
    f = np.tanh(x)
    return 1 - f if derivative else f


@misconception(
    "activations",
    title="Quotient of exponentials that overflow",
    message="Your tanh is right for moderate x and not a number for large ones. Which exponential overflows first?",
    justification="(e^x - e^-x) / (e^x + e^-x) is inf / inf beyond about 710; adding 1e-12 to x changes nothing",
    function="tanh",
)
def tanh_from_exponentials(x, derivative=False):
    x_safe = x + 1e-12
    f = (np.exp(x_safe) - np.exp(-x_safe)) / (np.exp(x_safe) + np.exp(-x_safe))
    return 1 - f**2 if derivative else f


@misconception(
    "activations",
    title="tanh written over the argument",
    message="Your values are right, but after the call the caller's array holds them, too. Who else still needs it?",
    justification="np.tanh(x, out=x)",
    function="tanh",
)
def tanh_in_place(x, derivative=False):
    if derivative:
        return 1 - np.tanh(x) ** 2
    np.tanh(x, out=x)
    return x


@misconception(
    "activations",
    title="Normalised over the wrong axis",
    message="A single column becomes a column of ones. Over which index is the sum?",
    justification="max and sum over axis 1",
    function="softmax",
)
def softmax_over_rows(x, derivative=False):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    return np.diag(p[:, 0]) - p @ p.T if derivative else p


@misconception(
    "activations",
    title="Exponential left out",
    message="Your column sums to one, but some entries are negative. Which step makes every entry positive?",
    justification="x / sum(x)",
    function="softmax",
)
def softmax_ratios(x, derivative=False):
    p = x / np.sum(x, axis=0, keepdims=True)
    return np.diag(p[:, 0]) - p @ p.T if derivative else p


@misconception(
    "activations",
    title="Sigmoid in place of softmax",
    message="Each entry depends on itself alone, so a column need not sum to one. What connects the words?",
    justification="1 / (1 + exp(-x))",
    function="softmax",
)
def softmax_sigmoids(x, derivative=False):
    p = 1 / (1 + np.exp(-x))
    return np.diag(p[:, 0]) - p @ p.T if derivative else p


@misconception(
    "activations",
    title="A flat array is returned",
    message="The values are right, but an axis got lost: a column goes in, and what comes out?",
    justification="x is flattened",
    function="softmax",
)
def softmax_flat(x, derivative=False):
    e = np.exp(x[:, 0] - np.max(x))
    p = e / np.sum(e)
    return np.diag(p) - np.outer(p, p) if derivative else p


@misconception(
    "activations",
    title="Shifted above the line only",
    message="Your entries do not sum to one: above and below the line stand different exponentials. What must cancel?",
    justification="exp(x - max) / sum(exp(x))",
    function="softmax",
)
def softmax_shift_left_in(x, derivative=False):
    p = np.exp(x - np.max(x, axis=0, keepdims=True)) / np.sum(np.exp(x), axis=0, keepdims=True)
    return np.diag(p[:, 0]) - p @ p.T if derivative else p


@misconception(
    "activations",
    title="Normalised over all columns together",
    message="A single column is right; side by side, all your entries together sum to one. Try two columns.",
    justification="sum without an axis",
    function="softmax",
)
def softmax_over_everything(x, derivative=False):
    e = np.exp(x - np.max(x, axis=0, keepdims=True))
    p = e / np.sum(e)
    return np.diag(p[:, 0]) - p @ p.T if derivative else p


@misconception(
    "activations",
    title="Exponential of large scores overflows",
    message="With scores near 1000 you get NaN. If one number is added to a whole column, what should change?",
    justification="no shift by the maximum",
    function="softmax",
)
def softmax_without_shift(x, derivative=False):
    e = np.exp(x)
    p = e / np.sum(e, axis=0, keepdims=True)
    return np.diag(p[:, 0]) - p @ p.T if derivative else p


@misconception(
    "activations",
    title="A tiny number added for safety",
    message="You add a tiny number to the scores, and with scores near 1000 it is NaN all the same. What is too large?",
    justification="exp(x + 1e-12): adding a constant changes nothing, least of all the overflow",
    function="softmax",
    like="softmax_without_shift",
)
def softmax_with_epsilon_only(x, derivative=False):
    x_safe = x + 1e-12
    p = np.exp(x_safe) / np.sum(np.exp(x_safe), axis=0, keepdims=True)
    return np.diag(p[:, 0]) - p @ p.T if derivative else p


@misconception(
    "activations",
    title="One shift for all columns",
    message="A column whose scores all lie far below those of another one becomes NaN. Whose maximum does it need?",
    justification="shifted by the maximum of the whole array: a column 1000 lower underflows to 0 / 0",
    function="softmax",
)
def softmax_one_shift_for_all(x, derivative=False):
    e = np.exp(x - np.max(x))
    p = e / np.sum(e, axis=0, keepdims=True)
    return np.diag(p[:, 0]) - p @ p.T if derivative else p


@misconception(
    "activations",
    title="Only the diagonal of softmax's derivative",
    message="You return p(1 - p) as a column. Does a score move only its own probability?",
    justification="the sigmoid's formula",
    function="softmax",
)
def softmax_slope_of_diagonal(x, derivative=False):
    e = np.exp(x - np.max(x, axis=0, keepdims=True))
    p = e / np.sum(e, axis=0, keepdims=True)
    return p * (1 - p) if derivative else p


@misconception(
    "activations",
    title="Sign beside the diagonal",
    message="Your matrix is right on its diagonal. If one score rises, what do the probabilities of the others do?",
    justification="+p_i p_j beside the diagonal",
    function="softmax",
)
def softmax_slope_sign(x, derivative=False):
    e = np.exp(x - np.max(x, axis=0, keepdims=True))
    p = e / np.sum(e, axis=0, keepdims=True)
    return np.diag(p[:, 0] - 2 * p[:, 0] ** 2) + p @ p.T if derivative else p


@misconception(
    "activations",
    title="The derivative is not there yet",
    message="With derivative=True you return None. Which branch of your function has no return?",
    justification="if derivative: pass",
    function="softmax",
)
def softmax_slope_forgotten(x, derivative=False):
    e = np.exp(x - np.max(x, axis=0, keepdims=True))
    p = e / np.sum(e, axis=0, keepdims=True)
    if derivative:
        pass
    else:
        return p


@misconception(
    "activations",
    title="Inner product for the outer one",
    message="Beside the diagonal of your matrix all entries are equal. Which shape has the product that you subtract?",
    justification="p.T @ p is 1 by 1 and broadcasts",
    function="softmax",
)
def softmax_slope_inner_product(x, derivative=False):
    e = np.exp(x - np.max(x, axis=0, keepdims=True))
    p = e / np.sum(e, axis=0, keepdims=True)
    return np.diag(p[:, 0]) - p.T @ p if derivative else p


@misconception(
    "activations",
    title="Scores shifted in place",
    message=(
        "The result is right, but the caller's scores are not what they were. Which operator writes into its left side?"
    ),
    justification="x -= max",
    function="softmax",
)
def softmax_shifts_in_place(x, derivative=False):
    x -= np.max(x, axis=0, keepdims=True)
    e = np.exp(x)
    p = e / np.sum(e, axis=0, keepdims=True)
    return np.diag(p[:, 0]) - p @ p.T if derivative else p


@misconception(
    "activations",
    title="Shifted by the first score",
    message=(
        "Where the first score is the largest, or near it, all is well; elsewhere infinity appears. Which "
        "score makes the largest exponent exactly 0?"
    ),
    justification="x - x[:1] in place of the maximum",
    function="softmax",
)
def softmax_shifts_by_the_first(x, derivative=False):
    e = np.exp(x - x[:1])
    p = e / e.sum(axis=0, keepdims=True)
    return np.diag(p[:, 0]) - p @ p.T if derivative else p


# --- forward_pass -------------------------------------------------------------------------------------------------


@misconception(
    "forward_pass",
    title="The memory is never handed on",
    message="The first state is right, the later ones are not. What does step 2 know of step 1?",
    justification="the new state gets another name, and the next step reads the old one",
)
def state_never_updated(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for x in inputs:
        h = tanh(U @ x + V @ hidden_state + b_hidden)
        outputs.append(softmax(W @ h + b_out))
        hidden_states.append(h)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="Begins with zeros, whatever is given",
    message="Your states are right only where the first one is zero. Which argument do you never read?",
    justification="hidden_state is set to zeros inside",
)
def ignores_initial_state(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    h = np.zeros_like(hidden_state)
    for x in inputs:
        h = tanh(U @ x + V @ h + b_hidden)
        outputs.append(softmax(W @ h + b_out))
        hidden_states.append(h)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="Sigmoid in place of tanh",
    message="None of your states is negative. Which function makes the new memory?",
    justification="sigmoid(z)",
)
def sigmoid_for_tanh(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for x in inputs:
        hidden_state = sigmoid(U @ x + V @ hidden_state + b_hidden)
        outputs.append(softmax(W @ hidden_state + b_out))
        hidden_states.append(hidden_state)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="The hidden bias is left out",
    message="Your states are right only where b_hidden is zero. Which parameter do you never read?",
    justification="no b_hidden: invisible as long as it is zero",
)
def without_hidden_bias(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for x in inputs:
        hidden_state = tanh(U @ x + V @ hidden_state)
        outputs.append(softmax(W @ hidden_state + b_out))
        hidden_states.append(hidden_state)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="U and V exchanged",
    message="Numpy stops unless both sizes are equal, and then the values are wrong. Which matrix meets the token?",
    justification="V @ x + U @ h: silent where H equals K",
)
def weights_swapped(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for x in inputs:
        hidden_state = tanh(V @ x + U @ hidden_state + b_hidden)
        outputs.append(softmax(W @ hidden_state + b_out))
        hidden_states.append(hidden_state)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="V transposed on the way forward",
    message="V is square, so numpy does not complain. On which of the two ways does a transpose belong?",
    justification="V.T @ h",
)
def recurrent_weights_transposed(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for x in inputs:
        hidden_state = tanh(U @ x + V.T @ hidden_state + b_hidden)
        outputs.append(softmax(W @ hidden_state + b_out))
        hidden_states.append(hidden_state)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="The given state is in the list",
    message="Your list of states is one too long. Which of its entries was not made by a step?",
    justification="hidden_states begins with h0",
)
def caches_initial_state_too(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], [hidden_state]
    for x in inputs:
        hidden_states.append(tanh(U @ x + V @ hidden_states[-1] + b_hidden))
        outputs.append(softmax(W @ hidden_states[-1] + b_out))
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="One array, listed T times",
    message="All entries of your list hold the last state. How many arrays are there, and how many names for them?",
    justification="h[:] = ... writes into one array that is appended again and again",
)
def one_state_many_times(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    h = hidden_state.copy()
    for x in inputs:
        h[:] = tanh(U @ x + V @ h + b_hidden)
        outputs.append(softmax(W @ h + b_out))
        hidden_states.append(h)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="The caller's state is overwritten",
    message="Your lists are right, but the caller's hidden_state is another one afterwards. Which line writes into it?",
    justification="hidden_state[:] = ..., with copies in the list",
)
def writes_into_the_state(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for x in inputs:
        hidden_state[:] = tanh(U @ x + V @ hidden_state + b_hidden)
        outputs.append(softmax(W @ hidden_state + b_out))
        hidden_states.append(hidden_state.copy())
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="The sentence is read backwards",
    message="Your first state has read the last word. In which direction does the forward pass go?",
    justification="reversed(inputs)",
)
def runs_backwards(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for x in reversed(list(inputs)):
        hidden_state = tanh(U @ x + V @ hidden_state + b_hidden)
        outputs.append(softmax(W @ hidden_state + b_out))
        hidden_states.append(hidden_state)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="The lists change places",
    message="Your first list holds the states. Which of the two is asked for first?",
    justification="returns hidden_states, outputs",
)
def returns_swapped(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for x in inputs:
        hidden_state = tanh(U @ x + V @ hidden_state + b_hidden)
        outputs.append(softmax(W @ hidden_state + b_out))
        hidden_states.append(hidden_state)
    return hidden_states, outputs


@misconception(
    "forward_pass",
    title="States before tanh",
    message="Some of your states lie beyond 1. Which of z and h belongs into the list, and into the next step?",
    justification="z is kept and carried",
)
def state_before_tanh(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for x in inputs:
        hidden_state = U @ x + V @ hidden_state + b_hidden
        outputs.append(softmax(W @ tanh(hidden_state) + b_out))
        hidden_states.append(hidden_state)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="Scores in place of probabilities",
    message="Your outputs do not sum to one. What comes after the scores?",
    justification="softmax left out",
)
def returns_scores(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for x in inputs:
        hidden_state = tanh(U @ x + V @ hidden_state + b_hidden)
        outputs.append(W @ hidden_state + b_out)
        hidden_states.append(hidden_state)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="The output's bias is left out",
    message="Your states are right, your outputs only where b_out is zero. Which parameter do you never read?",
    justification="no b_out",
)
def without_output_bias(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for x in inputs:
        hidden_state = tanh(U @ x + V @ hidden_state + b_hidden)
        outputs.append(softmax(W @ hidden_state))
        hidden_states.append(hidden_state)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="Output made from the state before",
    message="Your outputs come one step too late. Has the memory read the token when the output is made?",
    justification="softmax(W @ h_before)",
)
def output_from_previous_state(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for x in inputs:
        outputs.append(softmax(W @ hidden_state + b_out))
        hidden_state = tanh(U @ x + V @ hidden_state + b_hidden)
        hidden_states.append(hidden_state)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="Only the last output",
    message="There is one output for the whole sentence. How many words have to be predicted?",
    justification="output computed after the loop",
)
def last_output_only(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    hidden_states = []
    for x in inputs:
        hidden_state = tanh(U @ x + V @ hidden_state + b_hidden)
        hidden_states.append(hidden_state)
    return [softmax(W @ hidden_state + b_out)], hidden_states


@misconception(
    "forward_pass",
    title="Sigmoid outputs",
    message=(
        "Each output is positive, but together they do not sum to one. Which function makes probabilities of scores?"
    ),
    justification="sigmoid(W @ h + b)",
)
def sigmoid_outputs(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for x in inputs:
        hidden_state = tanh(U @ x + V @ hidden_state + b_hidden)
        outputs.append(sigmoid(W @ hidden_state + b_out))
        hidden_states.append(hidden_state)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="A softmax of its own, which overflows",
    message="With large output weights you get NaN, though your exercise 5 does not. Which softmax is called here?",
    justification="exponentials written out again, without the shift",
)
def own_softmax_overflows(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for x in inputs:
        hidden_state = tanh(U @ x + V @ hidden_state + b_hidden)
        e = np.exp(W @ hidden_state + b_out)
        outputs.append(e / e.sum())
        hidden_states.append(hidden_state)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="The memory survives the call",
    message="Your first sentence is right, the next one is not: it remembers the one before. Where is the state kept?",
    justification="the last state of a call is the first of the next: hidden state kept across sentences",
)
def state_survives_the_call(inputs, hidden_state, params, kept={}):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    hidden_state = kept.get(hidden_state.shape, hidden_state)
    for x in inputs:
        hidden_state = tanh(U @ x + V @ hidden_state + b_hidden)
        outputs.append(softmax(W @ hidden_state + b_out))
        hidden_states.append(hidden_state)
    kept[hidden_state.shape] = hidden_state
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="The memory is cleared on the way",
    message=(
        "Short sentences are right; in a long one the states are right up to a certain step, and there it "
        "has forgotten what it read. What is given up, and when?"
    ),
    justification="the state is set to zero every 6 steps",
)
def forgets_every_6(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for t, x in enumerate(inputs):
        if t > 0 and t % 6 == 0:
            hidden_state = np.zeros_like(hidden_state)
        hidden_state = tanh(U @ x + V @ hidden_state + b_hidden)
        outputs.append(softmax(W @ hidden_state + b_out))
        hidden_states.append(hidden_state)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="The memory is cleared on the way",
    message=(
        "Short sentences are right; in a long one the states are right up to a certain step, and there it "
        "has forgotten what it read. What is given up, and when?"
    ),
    justification="the state is set to zero every 10 steps",
    like="forgets_every_6",
)
def forgets_every_10(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for t, x in enumerate(inputs):
        if t > 0 and t % 10 == 0:
            hidden_state = np.zeros_like(hidden_state)
        hidden_state = tanh(U @ x + V @ hidden_state + b_hidden)
        outputs.append(softmax(W @ hidden_state + b_out))
        hidden_states.append(hidden_state)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="The memory is cleared on the way",
    message=(
        "Short sentences are right; in a long one the states are right up to a certain step, and there it "
        "has forgotten what it read. What is given up, and when?"
    ),
    justification="the state is set to zero every 20 steps",
    like="forgets_every_6",
)
def forgets_every_20(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for t, x in enumerate(inputs):
        if t > 0 and t % 20 == 0:
            hidden_state = np.zeros_like(hidden_state)
        hidden_state = tanh(U @ x + V @ hidden_state + b_hidden)
        outputs.append(softmax(W @ hidden_state + b_out))
        hidden_states.append(hidden_state)
    return outputs, hidden_states


@misconception(
    "forward_pass",
    title="A sentence of one step loses its axis",
    message=(
        "Sentences of several steps are right, those of one step are not. Which axis has length one "
        "there, and what becomes of it?"
    ),
    justification="np.squeeze of all inputs: with T = 1 the loop runs over the words",
)
def drops_the_axis_of_time(inputs, hidden_state, params):
    U, V, W, b_hidden, b_out = params
    outputs, hidden_states = [], []
    for x in np.squeeze(inputs):
        hidden_state = tanh(U @ np.reshape(x, (-1, 1)) + V @ hidden_state + b_hidden)
        outputs.append(softmax(W @ hidden_state + b_out))
        hidden_states.append(hidden_state)
    return outputs, hidden_states


# --- clip ---------------------------------------------------------------------------------------------------------


@misconception(
    "clip",
    title="Clipped by value",
    message="Every entry is cut for itself, so the gradient points elsewhere. What should all entries have in common?",
    justification="np.clip to ±max_norm: norm 1.73 in place of 1, cosine 0.84",
)
def by_value(grads, max_norm=0.25):
    return tuple(np.clip(grad, -max_norm, max_norm) for grad in grads)


@misconception(
    "clip",
    title="Each array has a norm of its own",
    message="Each of your arrays is as long as the whole gradient may be. How many norms does the text speak of?",
    justification="clipped array by array: together up to sqrt(5) times too long, and turned",
)
def each_array_for_itself(grads, max_norm=0.25):
    clipped = []
    for grad in grads:
        norm = np.linalg.norm(grad)
        clipped.append(grad * max_norm / norm if norm > max_norm else grad.copy())
    return tuple(clipped)


@misconception(
    "clip",
    title="Root forgotten",
    message=(
        "Your gradient becomes too short, the more so the longer it was. What is a sum of squares, and what a length?"
    ),
    justification="sum of squares in place of its root",
)
def norm_without_root(grads, max_norm=0.25):
    norm = sum(np.sum(grad**2) for grad in grads)
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return tuple(factor * grad for grad in grads)


@misconception(
    "clip",
    title="Sum of the arrays' norms",
    message="Your gradient becomes a bit too short. Do lengths add up, or their squares?",
    justification="norms are added where squares should be",
)
def sum_of_norms(grads, max_norm=0.25):
    norm = sum(np.linalg.norm(grad) for grad in grads)
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return tuple(factor * grad for grad in grads)


@misconception(
    "clip",
    title="The loop's name is bound anew",
    message="Your gradients come back unchanged, though the factor is right. To what does the name in the loop refer?",
    justification="g = g * c binds a new array to g; the tuple never hears of it",
)
def rebinds_in_the_loop(grads, max_norm=0.25):
    norm = np.sqrt(sum(np.sum(grad**2) for grad in grads))
    if norm > max_norm:
        for grad in grads:
            grad = grad * max_norm / norm
    return tuple(grads)


@misconception(
    "clip",
    title="The largest entry taken for the length",
    message="Your gradient stays too long. Is the largest entry of a column its length?",
    justification="maximum norm",
)
def largest_entry_for_norm(grads, max_norm=0.25):
    norm = max(np.max(np.abs(grad)) for grad in grads)
    factor = max_norm / norm if norm > max_norm else 1.0
    return tuple(factor * grad for grad in grads)


@misconception(
    "clip",
    title="Sum of absolute values",
    message=(
        "Your gradient becomes too short. Which of two lengths do you use: along the streets, or as the crow flies?"
    ),
    justification="1-norm",
)
def absolute_values(grads, max_norm=0.25):
    norm = sum(np.sum(np.abs(grad)) for grad in grads)
    factor = max_norm / norm if norm > max_norm else 1.0
    return tuple(factor * grad for grad in grads)


@misconception(
    "clip",
    title="Mean in place of sum",
    message="Your gradient stays far too long. What does the text do with the squares before the root?",
    justification="root mean square",
)
def mean_square_for_sum(grads, max_norm=0.25):
    norm = np.sqrt(sum(np.mean(grad**2) for grad in grads))
    factor = max_norm / norm if norm > max_norm else 1.0
    return tuple(factor * grad for grad in grads)


@misconception(
    "clip",
    title="Norm of the first array only",
    message="Only the first array decides by how much all are shortened. What became of the others?",
    justification="norm of grads[0]",
)
def norm_of_first(grads, max_norm=0.25):
    norm = np.linalg.norm(grads[0])
    factor = max_norm / norm if norm > max_norm else 1.0
    return tuple(factor * grad for grad in grads)


@misconception(
    "clip",
    title="A fixed threshold",
    message="Your gradient always gets the same length, whatever max_norm is. Which argument do you never read?",
    justification="0.25 written into the function",
)
def fixed_threshold(grads, max_norm=0.25):
    norm = np.sqrt(sum(np.sum(grad**2) for grad in grads))
    factor = 0.25 / norm if norm > 0.25 else 1.0
    return tuple(factor * grad for grad in grads)


@misconception(
    "clip",
    title="The norm is returned as well",
    message="You return more than the gradients. What does the text list?",
    justification="returns (grads, norm)",
)
def returns_norm_too(grads, max_norm=0.25):
    norm = np.sqrt(sum(np.sum(grad**2) for grad in grads))
    factor = max_norm / norm if norm > max_norm else 1.0
    return tuple(factor * grad for grad in grads), norm


@misconception(
    "clip",
    title="Long gradients thrown away",
    message="Where the gradient is too long, you return zeros. Should it become shorter, or vanish?",
    justification="zeros above the threshold",
)
def sets_to_zero(grads, max_norm=0.25):
    norm = np.sqrt(sum(np.sum(grad**2) for grad in grads))
    return tuple(grad * (norm <= max_norm) for grad in grads)


@misconception(
    "clip",
    title="Return inside the loop",
    message="Only the first array comes back. When does your function return?",
    justification="return indented into the loop",
)
def loses_arrays(grads, max_norm=0.25):
    norm = np.sqrt(sum(np.sum(grad**2) for grad in grads))
    factor = max_norm / norm if norm > max_norm else 1.0
    for grad in grads:
        return (factor * grad,)


@misconception(
    "clip",
    title="Short gradients are made longer",
    message="A gradient that was short enough comes back longer. When is there nothing to do?",
    justification="always divided by the norm",
)
def scales_up_short_ones(grads, max_norm=0.25):
    norm = np.sqrt(sum(np.sum(grad**2) for grad in grads))
    factor = max_norm / norm if norm > 0 else 1.0
    return tuple(factor * grad for grad in grads)


@misconception(
    "clip",
    title="Squared norm against the threshold",
    message="Some gradients that are short enough change their length. What do you compare with max_norm?",
    justification="if norm_squared > max_norm, with the right factor: scales up where norm is between the two",
)
def squared_norm_against_threshold(grads, max_norm=0.25):
    squared = sum(np.sum(grad**2) for grad in grads)
    factor = max_norm / np.sqrt(squared) if squared > max_norm else 1.0
    return tuple(factor * grad for grad in grads)


@misconception(
    "clip",
    title="Another default",
    message="With max_norm left out, your gradient gets another length than the text asks for. Which is it?",
    justification="max_norm=1.0",
)
def another_default(grads, max_norm=1.0):
    norm = np.sqrt(sum(np.sum(grad**2) for grad in grads))
    factor = max_norm / norm if norm > max_norm else 1.0
    return tuple(factor * grad for grad in grads)


@misconception(
    "clip",
    title="Division by a norm of zero",
    message="A gradient that is zero everywhere becomes NaN. By what do you divide there?",
    justification="min(1, max_norm / norm) * grad with norm 0: inf is cut to 1 by min, NaN where written otherwise",
)
def divides_by_zero(grads, max_norm=0.25):
    norm = np.sqrt(sum(np.sum(grad**2) for grad in grads))
    return tuple(grad / norm * min(norm, max_norm) for grad in grads)


@misconception(
    "clip",
    title="The caller's arrays are changed",
    message=(
        "The result is right, but the caller's arrays became shorter, too. Which operator writes into its left side?"
    ),
    justification="grad *= factor",
)
def clips_in_place(grads, max_norm=0.25):
    norm = np.sqrt(sum(np.sum(grad**2) for grad in grads))
    factor = max_norm / (norm + 1e-6)
    if factor < 1:
        for grad in grads:
            grad *= factor
    return grads


@misconception(
    "clip",
    title="A large number beside the norm",
    message=(
        "Your gradient becomes a little too short, and the shorter it was before, the more so. What is "
        "added to the norm, and how large is it beside 0.1?"
    ),
    justification="norm + 1e-4: 1e-3 of a norm of 0.1",
)
def large_number_beside_the_norm(grads, max_norm=0.25):
    norm = np.sqrt(sum(np.sum(grad**2) for grad in grads))
    factor = min(1.0, max_norm / (norm + 1e-4))
    return tuple(factor * grad for grad in grads)


# --- backward_pass ------------------------------------------------------------------------------------------------


@misconception(
    "backward_pass",
    title="Loss averaged over the words",
    message=(
        "Your loss is too small by one constant factor, and your gradient "
        "belongs to another loss. Which sum became a mean?"
    ),
    justification="np.mean over the K entries in the loss, the gradient of the sum: exactly K times apart",
)
def loss_averaged_over_vocabulary(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.mean(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Loss averaged over the steps",
    message="A sentence twice as long costs you the same. Is the loss of a sentence a sum, or a mean?",
    justification="loss / T",
)
def loss_averaged_over_time(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss / len(inputs), (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Sign of the loss",
    message="Your loss is negative. Can minus the logarithm of a probability be negative?",
    justification="the minus is left out",
)
def loss_sign(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss += np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Loss of one step only",
    message="Your loss is that of a single step. What happens to it in the loop?",
    justification="loss = in place of loss +=",
)
def loss_of_last_step(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss = -np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="The loss is an array",
    message="Your loss has a shape, (1, 1). Which operation gives a single number?",
    justification="y.T @ log(o) is a 1 by 1 matrix",
)
def loss_as_array(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss = loss - targets[t].T @ np.log(outputs[t] + 1e-12)
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Logarithm to base two",
    message="Your loss is too large by one constant factor. Which logarithm is meant?",
    justification="np.log2",
)
def loss_in_bits(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log2(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Logarithm of zero",
    message=(
        "Where a probability is exactly 0, your loss is infinite or not a number. What may never reach the logarithm?"
    ),
    justification="no guard: -inf, or 0 * -inf",
)
def logarithm_of_zero(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t]))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Sign of the first difference",
    message="All your gradients point the wrong way. Who is subtracted from whom?",
    justification="y - o",
)
def targets_minus_outputs(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = targets[t] - outputs[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Gradient of a mean",
    message="All your gradients are too small by one constant factor. Is the loss a mean?",
    justification="divided by T in the gradient, not in the loss",
)
def output_gradient_averaged(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = (outputs[t] - targets[t]) / len(inputs)
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Replaced, not added",
    message=(
        "Only the first step of the sentence is left in your gradients. The "
        "weights are shared: what happens to the effects?"
    ),
    justification="= in place of +=",
)
def overwrites_instead_of_adding(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW = ds @ h.T
        db_out = ds
        dU = dz @ inputs[t].T
        dV = dz @ h_before.T
        db_hidden = dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="The gradient is clipped here",
    message="Long gradients come out shorter than they are. Whose decision is clipping?",
    justification="returns clip_gradient_norm(grads)",
)
def clips_its_gradient(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, clip_gradient_norm((dU, dV, dW, db_hidden, db_out))


@misconception(
    "backward_pass",
    title="The bias gradient is summed up",
    message=(
        "Every entry of your bias gradient is the same. Over what is it summed: over the steps, or over the entries?"
    ),
    justification="np.sum(ds), np.sum(dz) broadcast into the column",
)
def bias_gradient_in_total(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += np.sum(ds)
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += np.sum(dz)
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Slope at the wrong point",
    message=(
        "dW is right, and what passed through tanh is off by a few per cent. How many "
        "times was tanh applied to what you hand to the slope?"
    ),
    justification="tanh(h, derivative=True) is 1 - tanh(h)^2: the slope at h in place of z",
)
def slope_at_state(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = tanh(h, derivative=True) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="No slope",
    message="dW is right, and what passed through tanh is too large. What lies between h and z?",
    justification="tanh left out on the way back",
)
def without_slope(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="The state before the first is the last",
    message="Only dV is wrong. What does Python give you for hidden_states[t - 1] at t = 0?",
    justification="index -1 wraps to the last state",
)
def last_state_before_first(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1]
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="The given initial state is ignored",
    message="Only dV is wrong, and only where the initial state is not zero. Which argument do you never read?",
    justification="zeros in place of initial_state",
)
def zero_state_before_first(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else np.zeros_like(h)
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="The state that the step has made",
    message="Only dV is wrong. Which state did the step read, and which one did it make?",
    justification="h_t in place of h_(t-1)",
)
def state_for_previous_state(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Nothing is carried back",
    message=(
        "With one step all is right, with several only dW and db_out. What "
        "does a later step have to say about this state?"
    ),
    justification="V.T @ dz_next is missing",
)
def no_carry_through_time(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="The wrong gradient is carried",
    message=(
        "With one step all is right. You carry something back that has not passed through tanh. What does V multiply?"
    ),
    justification="dh carried in place of dz",
)
def carries_state_gradient(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dh
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="V on the way back",
    message=(
        "With one step all is right. V is square, so numpy does not complain. "
        "Which way round is a matrix used on the way back?"
    ),
    justification="V in place of its transpose",
)
def carries_through_untransposed(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="The carry is added up",
    message="With one or two steps all is right. Is what you carry back replaced at each step?",
    justification="dz_next += dz",
)
def carry_adds_up(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz_next + dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="The slope on one road only",
    message="With one step all is right. Two roads lead into dh: which of them passes through tanh?",
    justification="(1 - h^2) * (W.T @ ds) + V.T @ dz_next",
)
def slope_on_scores_only(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * (W.T @ ds) + V.T @ dz_next
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Inner for outer product",
    message="Your product is 1 by 1, and every entry of dV the same. A column times a row, or a row times a column?",
    justification="h.T @ dz broadcasts into the matrix",
)
def inner_for_outer_product(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += h_before.T @ dz
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Walks forwards",
    message="With one step all is right. From which end does the gradient come?",
    justification="for t in range(T)",
)
def runs_forwards_in_time(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in range(len(inputs)):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="The wrong input",
    message="Only dU is wrong. Which token did this step read?",
    justification="inputs[t - 1]",
)
def next_input_for_this(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t - 1].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Only the largest entry of a target",
    message="Your gradients are right for one-hot targets only. What do the target's other entries say?",
    justification="do[argmax(target)] -= 1",
)
def largest_target_only(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t].copy()
        ds[np.argmax(targets[t])] -= 1
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Loss of the largest entry of a target",
    message="Your loss is right for one-hot targets only. What do the target's other entries cost?",
    justification="-log o[argmax(target)]",
)
def loss_of_largest_target(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.log(outputs[t][np.argmax(targets[t]), 0] + 1e-12)
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="The outputs are changed",
    message="A second call with the same outputs gives something else. Whose array is it from which you subtract?",
    justification="ds is outputs[t] itself, and -= writes into it",
)
def subtracts_in_the_outputs(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t]
        ds -= targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Gradients of the last call are still there",
    message="The second call gives the sum of both. When are your zeros made?",
    justification="a default argument keeps the gradients",
)
def adds_to_the_last_call(inputs, outputs, hidden_states, targets, params, initial_state, kept={}):
    U, V, W, b_hidden, b_out = params
    zeros = [np.zeros_like(array) for array in params]
    dU, dV, dW, db_hidden, db_out = kept.setdefault(U.shape, zeros)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, tuple(array.copy() for array in (dU, dV, dW, db_hidden, db_out))


@misconception(
    "backward_pass",
    title="Loss in other units",
    message=(
        "Your loss is too small by a constant factor that no size explains; the gradient is right. In "
        "which unit does the text measure, and which logarithm goes with it?"
    ),
    justification="log10 in place of log: 1 / ln 10 of the value",
)
def loss_in_log10(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log10(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Too far away from zero",
    message=(
        "Where the right word had a very small probability, your loss is too small. How far from zero do "
        "you keep the logarithm's argument, and how far does the text allow?"
    ),
    justification="log(p + 1e-8), where the text says at most 1e-10",
)
def guard_too_large(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-8))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Every entry is cut",
    message=(
        "Small gradients are right; large entries all have one and the same absolute value. Whose "
        "decision is clipping, and where does it happen?"
    ),
    justification="np.clip(grad, -1, 1) in backward_pass",
)
def clips_every_entry(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, tuple(np.clip(array, -1, 1) for array in (dU, dV, dW, db_hidden, db_out))


@misconception(
    "backward_pass",
    title="A long gradient is shortened",
    message=(
        "Short gradients are right; long ones point in the right direction and all have one length. Whose "
        "decision is clipping, and where does it happen?"
    ),
    justification="clip_gradient_norm(grads, 5.0) in backward_pass",
)
def clips_to_length_5(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, clip_gradient_norm((dU, dV, dW, db_hidden, db_out), 5.0)


@misconception(
    "backward_pass",
    title="The way back is cut",
    message=(
        "Short sentences are right. In a long one some gradients lack what came from far away, while dW "
        "and db_out are right. How many steps does what you carry live?"
    ),
    justification="what is carried is set to zero every 5 steps",
)
def carry_cut_every_5(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        if (len(inputs) - 1 - t) % 5 == 0:
            dz_next = np.zeros_like(b_hidden)
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="The way back is cut",
    message=(
        "Short sentences are right. In a long one some gradients lack what came from far away, while dW "
        "and db_out are right. How many steps does what you carry live?"
    ),
    justification="what is carried is set to zero every 10 steps",
    like="carry_cut_every_5",
)
def carry_cut_every_10(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        if (len(inputs) - 1 - t) % 10 == 0:
            dz_next = np.zeros_like(b_hidden)
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="The way back is cut",
    message=(
        "Short sentences are right. In a long one some gradients lack what came from far away, while dW "
        "and db_out are right. How many steps does what you carry live?"
    ),
    justification="what is carried is set to zero every 20 steps",
    like="carry_cut_every_5",
)
def carry_cut_every_20(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        if (len(inputs) - 1 - t) % 20 == 0:
            dz_next = np.zeros_like(b_hidden)
        h = hidden_states[t]
        h_before = hidden_states[t - 1] if t > 0 else initial_state
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = (1 - h**2) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Two mistakes: the slope, and the state before the first",
    message=(
        "dW and db_out are right. The rest is off by a few per cent, and dV by more. There are two "
        "reasons: at which number is the slope taken, and which state did the first step read?"
    ),
    justification="tanh(h, derivative=True), and hidden_states[-1] at t = 0: the commonest pair",
)
def slope_at_state_and_last_state_before_first(inputs, outputs, hidden_states, targets, params, initial_state):
    U, V, W, b_hidden, b_out = params
    dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
    db_hidden, db_out = np.zeros_like(b_hidden), np.zeros_like(b_out)
    dz_next = np.zeros_like(b_hidden)
    loss = 0.0
    for t in reversed(range(len(inputs))):
        h = hidden_states[t]
        h_before = hidden_states[t - 1]
        loss -= np.sum(targets[t] * np.log(outputs[t] + 1e-12))
        ds = outputs[t] - targets[t]
        dh = W.T @ ds + V.T @ dz_next
        dz = tanh(h, derivative=True) * dh
        dW += ds @ h.T
        db_out += ds
        dU += dz @ inputs[t].T
        dV += dz @ h_before.T
        db_hidden += dz
        dz_next = dz
    return loss, (dU, dV, dW, db_hidden, db_out)


@misconception(
    "backward_pass",
    title="Estimated, and for other outputs",
    message=(
        "Your gradient is not that of the outputs that you were handed. Is it computed from them, or does "
        "the network run again with each parameter nudged?"
    ),
    justification="central differences over forward_pass, in place of the derivation",
)
def by_differences(inputs, outputs, hidden_states, targets, params, initial_state):
    def loss_of(said):
        return -sum(np.sum(y * np.log(o + 1e-12)) for y, o in zip(targets, said))

    own = [array.copy() for array in params]
    grads = [np.zeros_like(array) for array in params]
    for array, grad in zip(own, grads):
        for index in np.ndindex(array.shape):
            kept = array[index]
            array[index] = kept + 1e-5
            above = loss_of(forward_pass(inputs, initial_state, own)[0])
            array[index] = kept - 1e-5
            below = loss_of(forward_pass(inputs, initial_state, own)[0])
            array[index] = kept
            grad[index] = (above - below) / 2e-5
    return loss_of(outputs), tuple(grads)


# --- update -------------------------------------------------------------------------------------------------------


@misconception(
    "update",
    title="Uphill",
    message="Your parameters move along the gradient, and the loss grows. Which way leads down?",
    justification="array + lr * grad",
)
def gradient_ascent(params, grads, lr=1e-3):
    return tuple(array + lr * grad for array, grad in zip(params, grads))


@misconception(
    "update",
    title="The learning rate is left out",
    message="Your steps are as long as the gradient itself. Which argument do you never read?",
    justification="array - grad",
)
def without_learning_rate(params, grads, lr=1e-3):
    return tuple(array - grad for array, grad in zip(params, grads))


@misconception(
    "update",
    title="Only the first parameter moves",
    message="The first array is right, the others stay where they are. When does your loop end?",
    justification="break, or return, after the first",
)
def first_parameter_only(params, grads, lr=1e-3):
    return (params[0] - lr * grads[0], *params[1:])


@misconception(
    "update",
    title="The loop's name is bound anew",
    message="Your parameters come back as they were. To what does the name in the loop refer after the assignment?",
    justification="array = array - lr * grad binds a new array, which is dropped",
)
def rebinds_without_keeping(params, grads, lr=1e-3):
    for array, grad in zip(params, grads):
        array = array - lr * grad
    return params


@misconception(
    "update",
    title="The steps are returned",
    message="You return by how much the parameters should move. From where do they start?",
    justification="-lr * grad",
)
def returns_the_steps(params, grads, lr=1e-3):
    return tuple(-lr * grad for grad in grads)


@misconception(
    "update",
    title="A fixed learning rate",
    message="Your steps do not depend on lr. Which argument do you never read?",
    justification="0.001 written into the function",
)
def fixed_learning_rate(params, grads, lr=1e-3):
    return tuple(array - 1e-3 * grad for array, grad in zip(params, grads))


@misconception(
    "update",
    title="The rate is taken of the parameter, too",
    message="Your parameters shrink towards zero. What exactly is multiplied by the learning rate?",
    justification="lr * (array - grad)",
)
def shrinks_the_parameters(params, grads, lr=1e-3):
    return tuple(lr * (array - grad) for array, grad in zip(params, grads))


@misconception(
    "update",
    title="Only the sign of the gradient",
    message="All your steps have the same length, whatever the gradient is. What says how far an entry moves?",
    justification="np.sign(grad)",
)
def sign_of_the_gradient_only(params, grads, lr=1e-3):
    return tuple(array - lr * np.sign(grad) for array, grad in zip(params, grads))


@misconception(
    "update",
    title="Nothing is returned",
    message="You compute the new arrays, and the caller gets None. Where do they go?",
    justification="no return",
)
def returns_nothing(params, grads, lr=1e-3):
    moved = [array - lr * grad for array, grad in zip(params, grads)]


@misconception(
    "update",
    title="Another default",
    message="With lr left out, your steps are longer than the text asks for. Which is the default?",
    justification="lr=1e-2",
)
def another_default_rate(params, grads, lr=1e-2):
    return tuple(array - lr * grad for array, grad in zip(params, grads))


@misconception(
    "update",
    title="The caller's parameters are changed",
    message="The result is right, but the caller's arrays moved as well. Which operator writes into its left side?",
    justification="array -= lr * grad",
)
def updates_in_place(params, grads, lr=1e-3):
    for array, grad in zip(params, grads):
        array -= lr * grad
    return params


@misconception(
    "update",
    title="The caller's gradients are changed",
    message="The parameters are right, but the caller's gradients became smaller. Which line writes into them?",
    justification="grad *= lr",
)
def scales_gradients_in_place(params, grads, lr=1e-3):
    moved = []
    for array, grad in zip(params, grads):
        grad *= lr
        moved.append(array - grad)
    return tuple(moved)


@misconception(
    "update",
    title="Long steps are cut",
    message=(
        "Small gradients are right, large ones make too short a step. Which exercise limits gradients, "
        "and does this one?"
    ),
    justification="np.clip(grad, -1, 1) before the step",
)
def clips_before_the_step(params, grads, lr=1e-3):
    return tuple(array - lr * np.clip(grad, -1, 1) for array, grad in zip(params, grads))
