"""Wrong answers to layered_language_model, as students type them; free names are those of the notebook."""
# ruff: noqa: F841, RUF059, FBT002 - names that lead nowhere and the like: mistakes, or the notebook itself

from __future__ import annotations

from gradekit.hidden import misconception

# --- corpus -----------------------------------------------------------------------------------------------------------


@misconception(
    "corpus",
    title="Each word once only",
    message="Your corpus has each word once. Could the text be written again from it, word by word?",
    justification="the corpus is 0, 1, 2, ...: the different words, not the text",
)
def only_the_different_words(text):
    words = text.split()
    word_to_id = {word: number for number, word in enumerate(dict.fromkeys(words))}
    id_to_word = dict(enumerate(word_to_id))
    corpus = np.array([word_to_id[word] for word in word_to_id])
    return corpus, word_to_id, id_to_word


@misconception(
    "corpus",
    title="Capitals made small",
    message="A word with a capital letter has no number of its own with you. Is `She` the same word as `she`?",
    justification="text.lower() before splitting",
)
def all_small_letters(text):
    words = text.lower().split()
    word_to_id = {word: number for number, word in enumerate(dict.fromkeys(words))}
    id_to_word = dict(enumerate(word_to_id))
    corpus = np.array([word_to_id[word] for word in words])
    return corpus, word_to_id, id_to_word


@misconception(
    "corpus",
    title="Order of a set",
    message="Your numbers are right in count, not in order. Does a set keep the order in which words come?",
    justification="enumerate(set(words)): another order at every start of Python",
)
def numbers_of_a_set(text):
    words = text.split()
    word_to_id = {word: number for number, word in enumerate(set(words))}
    id_to_word = dict(enumerate(word_to_id))
    corpus = np.array([word_to_id[word] for word in words])
    return corpus, word_to_id, id_to_word


@misconception(
    "corpus",
    title="Order of the alphabet",
    message="Your numbers follow the alphabet. Which word of the text should be number 0?",
    justification="sorted(set(words))",
)
def numbers_of_the_alphabet(text):
    words = text.split()
    word_to_id = {word: number for number, word in enumerate(sorted(set(words)))}
    id_to_word = dict(enumerate(word_to_id))
    corpus = np.array([word_to_id[word] for word in words])
    return corpus, word_to_id, id_to_word


@misconception(
    "corpus",
    title="Numbers from 1",
    message="Every number of yours is one too large. Which row of an array is the first?",
    justification="enumerate(..., 1)",
)
def numbers_from_one_on(text):
    words = text.split()
    word_to_id = {word: number for number, word in enumerate(dict.fromkeys(words), 1)}
    id_to_word = dict(enumerate(word_to_id, 1))
    corpus = np.array([word_to_id[word] for word in words])
    return corpus, word_to_id, id_to_word


@misconception(
    "corpus",
    title="Most frequent words first",
    message="Your numbers go by how often a word comes. What does the text ask for?",
    justification="sorted by count",
)
def numbers_by_frequency(text):
    words = text.split()
    ordered = sorted(dict.fromkeys(words), key=words.count, reverse=True)
    word_to_id = {word: number for number, word in enumerate(ordered)}
    id_to_word = dict(enumerate(word_to_id))
    corpus = np.array([word_to_id[word] for word in words])
    return corpus, word_to_id, id_to_word


@misconception(
    "corpus",
    title="The same dictionary twice",
    message=(
        "Your second dictionary leads from words to numbers, as the first one does. How would you turn a number "
        "back into its word?"
    ),
    justification="id_to_word is word_to_id",
)
def one_dictionary_twice(text):
    words = text.split()
    word_to_id = {word: number for number, word in enumerate(dict.fromkeys(words))}
    id_to_word = word_to_id
    corpus = np.array([word_to_id[word] for word in words])
    return corpus, word_to_id, id_to_word


@misconception(
    "corpus",
    title="Cut at single blanks",
    message="Some of your words are empty, or hold a line end. What stands between two blanks in a row?",
    justification="text.split(' '): line ends stay within words, and two blanks make an empty one",
)
def cuts_at_blanks_only(text):
    words = text.split(" ")
    word_to_id = {word: number for number, word in enumerate(dict.fromkeys(words))}
    id_to_word = dict(enumerate(word_to_id))
    corpus = np.array([word_to_id[word] for word in words])
    return corpus, word_to_id, id_to_word


@misconception(
    "corpus",
    title="Letters for words",
    message="Your vocabulary is made of single letters. What is a word of the text?",
    justification="iterates over the text, not over its words",
)
def letters_for_words(text):
    words = list(text)
    word_to_id = {word: number for number, word in enumerate(dict.fromkeys(words))}
    id_to_word = dict(enumerate(word_to_id))
    corpus = np.array([word_to_id[word] for word in words])
    return corpus, word_to_id, id_to_word


@misconception(
    "corpus",
    title="Order of last appearance",
    message="A word that comes again has moved to a later number with you. When does a word get its number?",
    justification="the dictionary is filled from behind, so that the last place decides",
)
def last_appearance_counts(text):
    words = text.split()
    seen = list(dict.fromkeys(words[::-1]))[::-1]
    word_to_id = {word: number for number, word in enumerate(seen)}
    id_to_word = dict(enumerate(word_to_id))
    corpus = np.array([word_to_id[word] for word in words])
    return corpus, word_to_id, id_to_word


@misconception(
    "corpus",
    title="Full stops left out",
    message="The full stops have no number with you. Are they words of the text?",
    justification="punctuation is filtered away",
)
def full_stops_left_out(text):
    words = [word for word in text.split() if word.isalpha()]
    word_to_id = {word: number for number, word in enumerate(dict.fromkeys(words))}
    id_to_word = dict(enumerate(word_to_id))
    corpus = np.array([word_to_id[word] for word in words])
    return corpus, word_to_id, id_to_word


@misconception(
    "corpus",
    title="Words of an earlier text kept",
    message="A first text is right; a second one has words of the first in its vocabulary. Where do you begin?",
    justification="the dictionary is made once, as a default argument or in the notebook",
)
def words_of_an_earlier_text(text, word_to_id={}):
    words = text.split()
    for word in words:
        word_to_id.setdefault(word, len(word_to_id))
    id_to_word = dict(enumerate(word_to_id))
    corpus = np.array([word_to_id[word] for word in words])
    return corpus, word_to_id, id_to_word


@misconception(
    "corpus",
    title="Numbers too large for their type",
    message=(
        "Small vocabularies are right, large ones are not: numbers begin again after some hundreds. How large a "
        "number can your type hold?"
    ),
    justification="dtype=np.uint8: 256 becomes 0",
)
def numbers_in_a_byte(text):
    words = text.split()
    word_to_id = {word: number for number, word in enumerate(dict.fromkeys(words))}
    id_to_word = dict(enumerate(word_to_id))
    corpus = np.array([word_to_id[word] for word in words]).astype(np.uint8)
    return corpus, word_to_id, id_to_word


# --- batches ----------------------------------------------------------------------------------------------------------


@misconception(
    "batches",
    title="Rows dealt out like cards",
    message="Your row 0 reads every N-th word only. Read along one row: is it a piece of the text?",
    justification="reshape in column order: row i takes pairs i, i + N, ...",
)
def rows_interleaved(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.full(batch_size * length, -1)
    xs[:pairs] = corpus[:-1]
    ts[:pairs] = corpus[1:]
    xs, ts = xs.reshape(length, batch_size).T, ts.reshape(length, batch_size).T
    return [(xs[:, k : k + time_size], ts[:, k : k + time_size]) for k in range(0, length, time_size)]


@misconception(
    "batches",
    title="Every row begins at the start",
    message="All your rows read the same. Where does row 1 begin?",
    justification="row i holds the pairs 0 ... J - 1",
)
def every_row_from_the_start(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.full(batch_size * length, -1)
    xs[:pairs] = corpus[:-1]
    ts[:pairs] = corpus[1:]
    xs, ts = np.tile(xs[:length], (batch_size, 1)), np.tile(ts[:length], (batch_size, 1))
    return [(xs[:, k : k + time_size], ts[:, k : k + time_size]) for k in range(0, length, time_size)]


@misconception(
    "batches",
    title="The rest of the pairs dropped",
    message="Some pairs of the text stand in no window of yours. What becomes of those that do not fill a column?",
    justification="floor division: (n - 1) % N pairs are lost",
)
def rest_of_the_pairs_dropped(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = pairs // batch_size
    pairs = length * batch_size
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.full(batch_size * length, -1)
    xs[:pairs] = corpus[:pairs]
    ts[:pairs] = corpus[1 : pairs + 1]
    xs, ts = xs.reshape(batch_size, length), ts.reshape(batch_size, length)
    return [(xs[:, k : k + time_size], ts[:, k : k + time_size]) for k in range(0, length, time_size)]


@misconception(
    "batches",
    title="Rows one column too long",
    message="Your rows have room for more pairs than they should. How long is a row where the pairs come out even?",
    justification="pairs // N + 1 in place of rounding up",
)
def rows_rounded_down(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = pairs // batch_size + 1
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.full(batch_size * length, -1)
    xs[:pairs] = corpus[:-1]
    ts[:pairs] = corpus[1:]
    xs, ts = xs.reshape(batch_size, length), ts.reshape(batch_size, length)
    return [(xs[:, k : k + time_size], ts[:, k : k + time_size]) for k in range(0, length, time_size)]


@misconception(
    "batches",
    title="Wrapped around to the start",
    message="Where no pair is left you go on with the beginning of the text. What does the exercise put there?",
    justification="indices modulo n - 1",
)
def wraps_to_the_start(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.full(batch_size * length, -1)
    xs = np.resize(corpus[:-1], batch_size * length)
    ts = np.resize(corpus[1:], batch_size * length)
    xs, ts = xs.reshape(batch_size, length), ts.reshape(batch_size, length)
    return [(xs[:, k : k + time_size], ts[:, k : k + time_size]) for k in range(0, length, time_size)]


@misconception(
    "batches",
    title="Answers padded with 0",
    message=(
        "Where no pair is left, your answer is the word 0. How should the loss know that this place does not count?"
    ),
    justification="ts begins as zeros",
)
def answers_padded_with_zero(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.zeros(batch_size * length, dtype=int)
    xs[:pairs] = corpus[:-1]
    ts[:pairs] = corpus[1:]
    xs, ts = xs.reshape(batch_size, length), ts.reshape(batch_size, length)
    return [(xs[:, k : k + time_size], ts[:, k : k + time_size]) for k in range(0, length, time_size)]


@misconception(
    "batches",
    title="Words padded with -1",
    message="Where no pair is left, the word that you read is -1. Which row of a table would that be?",
    justification="xs is padded like ts",
)
def words_padded_with_minus_one(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    xs = np.full(batch_size * length, -1)
    ts = np.full(batch_size * length, -1)
    xs[:pairs] = corpus[:-1]
    ts[:pairs] = corpus[1:]
    xs, ts = xs.reshape(batch_size, length), ts.reshape(batch_size, length)
    return [(xs[:, k : k + time_size], ts[:, k : k + time_size]) for k in range(0, length, time_size)]


@misconception(
    "batches",
    title="Answers made inside the window",
    message="The answers are right but for the last of each window. Which word follows the last one of a window?",
    justification="each window's answers are its words, rolled by one",
)
def last_answers_of_a_window_shifted(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.full(batch_size * length, -1)
    xs[:pairs] = corpus[:-1]
    ts[:pairs] = corpus[1:]
    xs, ts = xs.reshape(batch_size, length), ts.reshape(batch_size, length)
    windows = []
    for k in range(0, length, time_size):
        window = ts[:, k : k + time_size].copy()
        window[:, -1] = xs[:, k]
        windows.append((xs[:, k : k + time_size], window))
    return windows


@misconception(
    "batches",
    title="Answers not shifted",
    message="Your answers are the very words that are read. What is to be guessed?",
    justification="ts equals xs",
)
def answers_are_the_words(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.full(batch_size * length, -1)
    xs[:pairs] = corpus[:-1]
    ts[:pairs] = corpus[:-1]
    xs, ts = xs.reshape(batch_size, length), ts.reshape(batch_size, length)
    return [(xs[:, k : k + time_size], ts[:, k : k + time_size]) for k in range(0, length, time_size)]


@misconception(
    "batches",
    title="Answers two words on",
    message="Your answers come one word too late. Which word follows word p?",
    justification="shifted twice",
)
def answers_two_words_on(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.full(batch_size * length, -1)
    xs[:pairs] = corpus[:-1]
    ts[: pairs - 1] = corpus[2:]
    xs, ts = xs.reshape(batch_size, length), ts.reshape(batch_size, length)
    return [(xs[:, k : k + time_size], ts[:, k : k + time_size]) for k in range(0, length, time_size)]


@misconception(
    "batches",
    title="Columns for rows",
    message="Your windows have T rows and N columns. Which axis is the batch?",
    justification="each window is transposed",
)
def columns_first(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.full(batch_size * length, -1)
    xs[:pairs] = corpus[:-1]
    ts[:pairs] = corpus[1:]
    xs, ts = xs.reshape(batch_size, length), ts.reshape(batch_size, length)
    return [(xs[:, k : k + time_size].T, ts[:, k : k + time_size].T) for k in range(0, length, time_size)]


@misconception(
    "batches",
    title="Last window dropped",
    message="What is left at the end of the rows is missing. May a window be narrower?",
    justification="range ends before a window that is not full",
)
def narrow_window_dropped(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.full(batch_size * length, -1)
    xs[:pairs] = corpus[:-1]
    ts[:pairs] = corpus[1:]
    xs, ts = xs.reshape(batch_size, length), ts.reshape(batch_size, length)
    return [(xs[:, k : k + time_size], ts[:, k : k + time_size]) for k in range(0, length - time_size + 1, time_size)]


@misconception(
    "batches",
    title="Windows laid out one after the other",
    message="Follow row 0 from one window to the next: does it go on where it stopped?",
    justification="each window takes the next N * T pairs of the text, so that a row's state is another row's",
)
def windows_one_after_the_other(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.full(batch_size * length, -1)
    xs[:pairs] = corpus[:-1]
    ts[:pairs] = corpus[1:]
    size = batch_size * time_size
    return [
        (xs[k : k + size].reshape(batch_size, -1), ts[k : k + size].reshape(batch_size, -1))
        for k in range(0, len(xs), size)
    ]


@misconception(
    "batches",
    title="Windows that overlap",
    message="A word stands in several of your windows. By how many columns does the window move?",
    justification="the window moves by one column",
)
def windows_overlap(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.full(batch_size * length, -1)
    xs[:pairs] = corpus[:-1]
    ts[:pairs] = corpus[1:]
    xs, ts = xs.reshape(batch_size, length), ts.reshape(batch_size, length)
    return [(xs[:, k : k + time_size], ts[:, k : k + time_size]) for k in range(length)]


@misconception(
    "batches",
    title="Answers before words",
    message="Your windows hold the answers first. Which of the two is read?",
    justification="returns (ts, xs)",
)
def answers_and_words_swapped(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.full(batch_size * length, -1)
    xs[:pairs] = corpus[:-1]
    ts[:pairs] = corpus[1:]
    xs, ts = xs.reshape(batch_size, length), ts.reshape(batch_size, length)
    return [(ts[:, k : k + time_size], xs[:, k : k + time_size]) for k in range(0, length, time_size)]


@misconception(
    "batches",
    title="Rows without a pair left out",
    message="Where there are fewer pairs than rows, yours are fewer rows. How many rows must a window have?",
    justification="rows that no pair is left for are cut off",
)
def rows_without_a_pair_left_out(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.full(batch_size * length, -1)
    xs[:pairs] = corpus[:-1]
    ts[:pairs] = corpus[1:]
    xs, ts = xs.reshape(batch_size, length), ts.reshape(batch_size, length)
    kept = np.any(ts >= 0, axis=1)
    xs, ts = xs[kept], ts[kept]
    return [(xs[:, k : k + time_size], ts[:, k : k + time_size]) for k in range(0, length, time_size)]


@misconception(
    "batches",
    title="Never wider than 10",
    message="Narrow windows are right, wide ones are not. Which of your arguments decides how wide a window is?",
    justification="a number of columns stands in the code",
)
def always_ten_columns(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    time_size = min(time_size, 12)
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.full(batch_size * length, -1)
    xs[:pairs] = corpus[:-1]
    ts[:pairs] = corpus[1:]
    xs, ts = xs.reshape(batch_size, length), ts.reshape(batch_size, length)
    return [(xs[:, k : k + time_size], ts[:, k : k + time_size]) for k in range(0, length, time_size)]


@misconception(
    "batches",
    title="The corpus is changed",
    message="The corpus that you were given is another one afterwards. Who else may want to read it?",
    justification="the answers are written into the corpus",
)
def rolls_the_corpus_in_place(corpus, batch_size, time_size):
    pairs = len(corpus) - 1
    length = -(-pairs // batch_size)
    xs = np.zeros(batch_size * length, dtype=int)
    ts = np.full(batch_size * length, -1)
    xs[:pairs] = corpus[:-1]
    ts[:pairs] = corpus[1:]
    corpus[:-1] = corpus[1:]
    xs, ts = xs.reshape(batch_size, length), ts.reshape(batch_size, length)
    return [(xs[:, k : k + time_size], ts[:, k : k + time_size]) for k in range(0, length, time_size)]


# --- rnn --------------------------------------------------------------------------------------------------------------


@misconception(
    "rnn",
    title="The state before is not read",
    message="Your state does not depend on the one before. Which argument do you never use?",
    justification="h_prev @ Wh is missing",
)
class StateLeftOut:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - h**2)
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="Wh transposed on the way forward",
    message="Only the part with Wh is wrong. On which side do the states stand here, and is anything transposed?",
    justification="h_prev @ Wh.T: unseen by the shapes, since Wh is square",
)
class RecurrentWeightsTransposed:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh.T + x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - h**2)
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="The bias is not added",
    message="Your states are right only where the bias is zero. Which parameter do you never use?",
    justification="b is missing",
)
class BiasLeftOut:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - h**2)
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="tanh left out",
    message="Your states are the values before tanh. What bends them into the range from -1 to 1?",
    justification="h = z",
)
class NoTanh:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = h_prev @ Wh + x @ Wx + b
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - h**2)
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="The logistic function for tanh",
    message="Your states are all positive. Which range has tanh?",
    justification="1 / (1 + exp(-z))",
)
class LogisticForTanh:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = 1 / (1 + np.exp(-(h_prev @ Wh + x @ Wx + b)))
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - h**2)
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="The slope of tanh is missing",
    message="All gradients are too large, the more so the larger the state. What does tanh do to a nudge?",
    justification="dz = dh",
)
class SlopeLeftOut:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="tanh taken twice for the slope",
    message="The slope is 1 minus the square of tanh z. What is h already?",
    justification="1 - tanh(h)**2",
)
class SlopeOfTheWrongValue:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - np.tanh(h) ** 2)
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="Wh not transposed on the way back",
    message=(
        "Only the gradient by the state before is wrong. The shapes cannot tell, since Wh is square: what do the "
        "two patterns say?"
    ),
    justification="dz @ Wh",
)
class RecurrentWeightsNotTransposedBack:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - h**2)
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh


@misconception(
    "rnn",
    title="Returned in the other order",
    message="Your two gradients are right, but the second comes first. What does the text list?",
    justification="returns dh_prev, dx",
)
class GradientsInTheOtherOrder:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - h**2)
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wh.T, dz @ Wx.T


@misconception(
    "rnn",
    title="db is a mean",
    message="Only db is wrong, by the number of rows. How often is the bias added?",
    justification="mean over the batch",
)
class BiasGradientIsAMean:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - h**2)
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.mean(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="db with one axis too many",
    message="db has another shape than the bias. What does keepdims do?",
    justification="sum with keepdims=True: (1, H)",
)
class BiasGradientWithAnAxis:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - h**2)
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0, keepdims=True)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="The state after in place of the one before",
    message="Only dWh is wrong. Which state was multiplied by Wh?",
    justification="h.T @ dz",
)
class StateAfterForStateBefore:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - h**2)
        self.grads = [x.T @ dz, h.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="Divided by the number of rows",
    message=(
        "What grads hold is too small by the number of rows, while what you return is right. Does the text "
        "divide by anything?"
    ),
    justification="gradients are averaged over the batch, which the loss does already",
)
class GradientsDividedByTheBatch:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - h**2)
        N = len(x)
        self.grads = [x.T @ dz / N, h_prev.T @ dz / N, dz.sum(axis=0) / N]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="grads stay what they were",
    message="After backward, grads are still zero. Where do the gradients that you compute go?",
    justification="a local variable named grads",
)
class GradsNeverKept:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(param) for param in self.params]

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - h**2)
        grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="Clipped in backward",
    message="Small gradients are right, large ones are cut off. Does the text ask for a limit?",
    justification="np.clip(dz, -5, 5)",
)
class GradientsClippedInBackward:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - h**2)
        dz = np.clip(dz, -5, 5)
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="Added to the gradients of the call before",
    message=(
        "The first call of backward is right, a second one gives grads that are larger. What should grads hold "
        "after each call?"
    ),
    justification="grads are summed over calls",
)
class GradsAddedUp:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(param) for param in self.params]

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - h**2)
        found = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        self.grads = [held + new for held, new in zip(self.grads, found, strict=True)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="What the first forward left",
    message="Right after a first forward, wrong after a second. Which call does backward belong to?",
    justification="the cache is made once",
)
class FirstCacheKept:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []
        self.cache = None

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        if self.cache is None:
            self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - h**2)
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="What was kept is changed by backward",
    message="Called a second time, backward gives something else. Which line writes into what you have kept?",
    justification="the cached h becomes the slope, in place",
)
class SlopeIntoTheStateKept:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        h *= -h
        h += 1
        dz = dh_next * h
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="One memory for all steps",
    message=(
        "One step alone is right; where there are two, the first one remembers what the second has read. To whom "
        "does your cache belong?"
    ),
    justification="the cache is kept in the class",
)
class OneCacheForAllSteps:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        OneCacheForAllSteps.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = OneCacheForAllSteps.cache
        dz = dh_next * (1 - h**2)
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="Copies of the arrays given",
    message="Where an array that you were given is changed in place, your layer does not know. What do params hold?",
    justification="params are copies, so that layers share nothing",
)
class CopiesItsParameters:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx.copy(), Wh.copy(), b.copy()], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = dh_next * (1 - h**2)
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="The gradient given is changed",
    message="The gradient that backward was given is another one afterwards. Which line writes into it?",
    justification="dz is made in place of dh_next",
)
class ChangesTheGradientGiven:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dh_next *= 1 - h**2
        dz = dh_next
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


@misconception(
    "rnn",
    title="Gradients by differences",
    message=(
        "Nearly right, and useless where one unit's gradient is huge: a difference of two sums loses its digits. "
        "What does the chain rule give?"
    ),
    justification="central differences of the weighted sum of the states",
)
class GradientsByDifferences:
    def __init__(self, Wx, Wh, b):
        self.params, self.grads = [Wx, Wh, b], []

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(h_prev @ Wh + x @ Wx + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh = self.params[:2]
        x, h_prev, h = self.cache
        dz = np.zeros_like(h)
        inside = h_prev @ Wh + x @ Wx + self.params[2]
        for place in np.ndindex(h.shape):
            sums = []
            for shift in (1e-5, -1e-5):
                moved = inside.copy()
                moved[place] += shift
                sums.append(np.sum(dh_next * np.tanh(moved)))
            dz[place] = (sums[0] - sums[1]) / 2e-5
        self.grads = [x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)]
        return dz @ Wx.T, dz @ Wh.T


# --- time_rnn ---------------------------------------------------------------------------------------------------------


@misconception(
    "time_rnn",
    title="One state at every step",
    message="All your steps hold the same state, the last one. When is it written into its place?",
    justification="hs[:, :] = h",
)
class LastStateForAll:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, :] = h[:, None]
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="Every step begins with zeros",
    message="Your first state is right, the others know nothing of it. What does step 2 read besides its input?",
    justification="each step is given the zeros of the beginning",
)
class BeginsEachStepWithZeros:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], np.zeros((N, H)))
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="Rows taken for steps",
    message="Your states go on from row to row in place of from step to step. Which axis of xs is time?",
    justification="the layout is (T, N, D): it loops over the batch",
)
class ReadsBatchForTime:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        T, N = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((T, N, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[t], h)
            hs[t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="States one step late",
    message=(
        "Your states stand one place too late. Is it the state before or after the step that belongs into hs[:, t]?"
    ),
    justification="hs[:, t] is written before the step",
)
class StateBeforeForStateAfter:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            hs[:, t] = h
            h = layer.forward(xs[:, t], h)
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="set_state does nothing",
    message="The state that was set is not the one that the next window begins with. Where does set_state put it?",
    justification="a local variable in set_state",
)
class SetStateForgotten:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        state = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="No gradient through time",
    message="Only the last step is right. On how many roads does a state reach the loss?",
    justification="backward gets dhs[:, t] alone",
)
class NoGradientFromTheNextStep:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t])
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="One RNN for all steps",
    message=(
        "The way forward is right, the way back is not: all steps go back with what the last one has read. How "
        "many RNNs do you make?"
    ),
    justification="one object is made before the loop",
)
class OneStepObjectForAll:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        layer = RNN(*self.params)
        for t in range(T):
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="The way back walked forward",
    message=(
        "The gradient that a step hands on should reach the step before it. With which step does the way back begin?"
    ),
    justification="range(T) in place of reversed(range(T))",
)
class WalksForwardInBackward:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in range(T):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="Gradients of one step alone",
    message=(
        "What you return is right, what grads hold is too little: it is that of a single step. How many steps "
        "use the same weights?"
    ),
    justification="the first step's gradients, visited last, replace all others",
)
class GradsOfOneStepAlone:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            total = layer.grads
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="A mean over the steps",
    message="What grads hold is too small by the number of steps. Sum or mean?",
    justification="divided by T",
)
class GradsAveragedOverTheSteps:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient / T
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="grads stay what they were",
    message="After backward, grads are still zero. Where does your sum go?",
    justification="the sum is never put into grads",
)
class GradsOfTheWindowNeverKept:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(param) for param in self.params]
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.dh = dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="dh is never set",
    message="All is right but dh. What does the first step of the window return, and where does it go?",
    justification="dh stays None",
)
class GradientBeforeTheWindowNotKept:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h, self.dh = stateful, None, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads = total
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="Every window begins with zeros",
    message=(
        "The first window is right; the second one knows nothing of it, though the layer is stateful. Where does "
        "h begin?"
    ),
    justification="stateful is not looked at",
)
class StatefulNever:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is None:
            h = np.zeros((N, H))
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="The state goes on where it should not",
    message=(
        "A layer that is not stateful must begin each window with zeros. What do you ask before you take the old state?"
    ),
    justification="stateful is not looked at",
)
class StatefulAlways:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="The state is reset in backward",
    message=(
        "The second window begins with zeros where backward was called in between. May the way back change the state?"
    ),
    justification="backward sets h to None",
)
class StateForgottenByBackward:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        self.h = None
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="A gradient from the window before",
    message=(
        "The first window is right. In the second one, the last step gets a gradient that it should not. What "
        "does dh begin with?"
    ),
    justification="dh goes on from the last call of backward",
)
class GradientCrossesTheWindow:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h, self.dh = stateful, None, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H)) if self.dh is None else np.resize(self.dh, (N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="Added to the window before",
    message="The first window is right, in the second one grads hold both. What must they begin with?",
    justification="the sum goes on from grads",
)
class GradsOfAllWindowsAdded:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(param) for param in self.params]
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = self.grads
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="The wrong state is handed on",
    message="The second window does not go on where the first one stopped. Which state should h be?",
    justification="h is the state after the first step of the window",
)
class StateOfTheFirstStepHandedOn:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = hs[:, 0]
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="reset_state does nothing",
    message="After reset_state the old state is still there. What does it change?",
    justification="a local variable in reset_state",
)
class ResetDoesNothing:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        h = None


@misconception(
    "time_rnn",
    title="Steps used up by backward",
    message="Called a second time, backward fails. What is left of your list of steps?",
    justification="layers.pop()",
)
class StepsUsedUpByBackward:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers.pop()
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="Steps of the first window kept",
    message=(
        "After a second forward, backward goes back through the steps of the first. When is your list of steps made?"
    ),
    justification="the list is made in __init__ and only grows",
)
class StepsNeverForgotten:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h, self.layers = stateful, None, []

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        hs = np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="Copies of the arrays given",
    message="Where an array that you were given is changed in place, your layer does not know. What do params hold?",
    justification="params are copies",
)
class TimeRnnCopiesItsArrays:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx.copy(), Wh.copy(), b.copy()], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


@misconception(
    "time_rnn",
    title="The gradient given is changed",
    message="The gradient that backward was given is another one afterwards. Which line adds to it?",
    justification="dhs[:, t] += dh",
)
class AddsToTheGradientGiven:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.grads = [Wx, Wh, b], []
        self.stateful, self.h = stateful, None

    def forward(self, xs):
        N, T = xs.shape[:2]
        H = len(self.params[2])
        h = np.zeros((N, H))
        if self.stateful and self.h is not None:
            h = self.h
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            h = layer.forward(xs[:, t], h)
            hs[:, t] = h
            self.layers.append(layer)
        self.h = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, len(self.params[0])))
        total = [np.zeros_like(param) for param in self.params]
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            layer = self.layers[t]
            dhs[:, t] += dh
            dxs[:, t], dh = layer.backward(dhs[:, t])
            for k, gradient in enumerate(layer.grads):
                total[k] += gradient
        self.grads, self.dh = total, dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


# --- embedding --------------------------------------------------------------------------------------------------------


@misconception(
    "embedding",
    title="Columns for rows",
    message="You take columns of the table. Which axis counts the words?",
    justification="W[:, idx]",
)
class ColumnsForRows:
    def __init__(self, W):
        self.params, self.grads = [W], []

    def forward(self, idx):
        (W,) = self.params
        self.idx = idx
        return W[:, idx].T

    def backward(self, dout):
        (W,) = self.params
        dW = np.zeros_like(W)
        np.add.at(dW, self.idx, dout)
        self.grads = [dW]


@misconception(
    "embedding",
    title="A word read twice counts once",
    message=(
        "A word that is read at several places has the gradient of one of them only. What does numpy do with "
        "a[[2, 2]] += 1?"
    ),
    justification="dW[idx] += dout",
)
class RepeatedWordsCountedOnce:
    def __init__(self, W):
        self.params, self.grads = [W], []

    def forward(self, idx):
        (W,) = self.params
        self.idx = idx
        return W[idx]

    def backward(self, dout):
        (W,) = self.params
        dW = np.zeros_like(W)
        dW[self.idx] += dout
        self.grads = [dW]


@misconception(
    "embedding",
    title="A mean over the places",
    message="A word that is read at several places has the mean of their gradients. Sum or mean?",
    justification="divided by how often the word was read",
)
class GradientRowsAveraged:
    def __init__(self, W):
        self.params, self.grads = [W], []

    def forward(self, idx):
        (W,) = self.params
        self.idx = idx
        return W[idx]

    def backward(self, dout):
        (W,) = self.params
        dW = np.zeros_like(W)
        np.add.at(dW, self.idx, dout)
        dW /= np.maximum(np.bincount(self.idx, minlength=len(dW)), 1)[:, None]
        self.grads = [dW]


@misconception(
    "embedding",
    title="The gradient has the shape of what was read",
    message="Your gradient has a row for each place, not for each word. Which shape has the table?",
    justification="grads hold dout itself",
)
class GradientOfTheRowsAlone:
    def __init__(self, W):
        self.params, self.grads = [W], []

    def forward(self, idx):
        (W,) = self.params
        self.idx = idx
        return W[idx]

    def backward(self, dout):
        (W,) = self.params
        dW = np.zeros_like(W)
        np.add.at(dW, self.idx, dout)
        self.grads = [dout.copy()]


@misconception(
    "embedding",
    title="Added to the gradients of the call before",
    message=(
        "The first call of backward is right, after a second one the gradient is larger. What should it begin with?"
    ),
    justification="the array of gradients is never set to zero",
)
class GradientsOfAllCalls:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]

    def forward(self, idx):
        (W,) = self.params
        self.idx = idx
        return W[idx]

    def backward(self, dout):
        (dW,) = self.grads
        np.add.at(dW, self.idx, dout)
        self.grads = [dW]


@misconception(
    "embedding",
    title="The words of the first forward",
    message="Right after a first forward, wrong after a second. Which words does backward belong to?",
    justification="idx is kept once",
)
class FirstWordsKept:
    def __init__(self, W):
        self.params, self.grads = [W], []
        self.idx = None

    def forward(self, idx):
        (W,) = self.params
        if self.idx is None:
            self.idx = idx
        return W[idx]

    def backward(self, dout):
        (W,) = self.params
        dW = np.zeros_like(W)
        np.add.at(dW, self.idx, dout)
        self.grads = [dW]


@misconception(
    "embedding",
    title="One memory for all layers",
    message=(
        "One layer alone is right; where there are two, the first remembers what the second has read. To whom do "
        "the words belong?"
    ),
    justification="idx is kept in the class",
)
class WordsKeptInTheClass:
    def __init__(self, W):
        self.params, self.grads = [W], []

    def forward(self, idx):
        (W,) = self.params
        WordsKeptInTheClass.idx = idx
        return W[idx]

    def backward(self, dout):
        (W,) = self.params
        dW = np.zeros_like(W)
        np.add.at(dW, WordsKeptInTheClass.idx, dout)
        self.grads = [dW]


@misconception(
    "embedding",
    function="TimeEmbedding",
    title="Rows and steps mixed",
    message="The rows that you return belong to other places. In which order does reshape lay out what it is given?",
    justification="reshaped to (T, N, D) and transposed",
)
class EmbedsTheBatchAsTime:
    def __init__(self, W):
        self.params, self.grads = [W], []

    def forward(self, xs):
        N, T = xs.shape
        self.flat = Embedding(*self.params)
        rows = self.flat.forward(xs.reshape(N * T))
        return rows.reshape(T, N, rows.shape[1]).transpose(1, 0, 2)

    def backward(self, dout):
        N, T, D = dout.shape
        self.flat.backward(dout.reshape(N * T, D))
        self.grads = self.flat.grads


@misconception(
    "embedding",
    function="TimeEmbedding",
    title="backward returns something",
    message="backward returns a gradient. Of what would it be: of a word's number?",
    justification="returns dW",
)
class ReturnsTheGradient:
    def __init__(self, W):
        self.params, self.grads = [W], []

    def forward(self, xs):
        N, T = xs.shape
        self.flat = Embedding(*self.params)
        rows = self.flat.forward(xs.reshape(N * T))
        return rows.reshape(N, T, rows.shape[1])

    def backward(self, dout):
        N, T, D = dout.shape
        self.flat.backward(dout.reshape(N * T, D))
        self.grads = self.flat.grads
        return self.grads[0]


@misconception(
    "embedding",
    function="TimeEmbedding",
    title="Windows added up",
    message="The first window is right, after a second one grads hold both. What must they begin with?",
    justification="grads are summed over calls",
)
class AddsUpWindows:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]

    def forward(self, xs):
        N, T = xs.shape
        self.flat = Embedding(*self.params)
        rows = self.flat.forward(xs.reshape(N * T))
        return rows.reshape(N, T, rows.shape[1])

    def backward(self, dout):
        N, T, D = dout.shape
        self.flat.backward(dout.reshape(N * T, D))
        self.grads = [self.grads[0] + self.flat.grads[0]]


@misconception(
    "embedding",
    function="TimeEmbedding",
    title="A copy of the table",
    message="Where the table that you were given is changed in place, your layer does not know. What does params hold?",
    justification="params holds a copy",
)
class TableCopied:
    def __init__(self, W):
        self.params, self.grads = [W.copy()], []

    def forward(self, xs):
        N, T = xs.shape
        self.flat = Embedding(*self.params)
        rows = self.flat.forward(xs.reshape(N * T))
        return rows.reshape(N, T, rows.shape[1])

    def backward(self, dout):
        N, T, D = dout.shape
        self.flat.backward(dout.reshape(N * T, D))
        self.grads = self.flat.grads


# --- time_affine ------------------------------------------------------------------------------------------------------


@misconception(
    "time_affine",
    title="The bias is not added",
    message="Your logits are right only where the bias is zero. Which parameter do you never use?",
    justification="b is missing",
)
class BiasForgotten:
    def __init__(self, W, b):
        self.params, self.grads = [W, b], []

    def forward(self, xs):
        W, b = self.params
        self.xs = xs
        return xs @ W

    def backward(self, dout):
        W, _ = self.params
        N, T, V = dout.shape
        flat = dout.reshape(N * T, V)
        self.grads = [self.xs.reshape(N * T, len(W)).T @ flat, flat.sum(axis=0)]
        return dout @ W.T


@misconception(
    "time_affine",
    title="W transposed on the way forward",
    message="The product does not fit, or fits by chance where H = V. Which shape has W?",
    justification="xs @ W.T",
)
class WeightsTransposedForward:
    def __init__(self, W, b):
        self.params, self.grads = [W, b], []

    def forward(self, xs):
        W, b = self.params
        self.xs = xs
        return xs @ W.T + b

    def backward(self, dout):
        W, _ = self.params
        N, T, V = dout.shape
        flat = dout.reshape(N * T, V)
        self.grads = [self.xs.reshape(N * T, len(W)).T @ flat, flat.sum(axis=0)]
        return dout @ W.T


@misconception(
    "time_affine",
    title="tanh of the logits",
    message="Your logits are all between -1 and 1. Does the text bend them?",
    justification="np.tanh(xs @ W + b)",
)
class TanhOfTheLogits:
    def __init__(self, W, b):
        self.params, self.grads = [W, b], []

    def forward(self, xs):
        W, b = self.params
        self.xs = xs
        return np.tanh(xs @ W + b)

    def backward(self, dout):
        W, _ = self.params
        N, T, V = dout.shape
        flat = dout.reshape(N * T, V)
        self.grads = [self.xs.reshape(N * T, len(W)).T @ flat, flat.sum(axis=0)]
        return dout @ W.T


@misconception(
    "time_affine",
    title="W not transposed on the way back",
    message="The product on the way back does not fit, or fits by chance where H = V. What do the two patterns say?",
    justification="dout @ W",
)
class WeightsNotTransposedBack:
    def __init__(self, W, b):
        self.params, self.grads = [W, b], []

    def forward(self, xs):
        W, b = self.params
        self.xs = xs
        return xs @ W + b

    def backward(self, dout):
        W, _ = self.params
        N, T, V = dout.shape
        flat = dout.reshape(N * T, V)
        self.grads = [self.xs.reshape(N * T, len(W)).T @ flat, flat.sum(axis=0)]
        return dout @ W


@misconception(
    "time_affine",
    title="Nothing is returned",
    message="backward returns None. What does the layer below this one need?",
    justification="no return",
)
class NothingReturnedBack:
    def __init__(self, W, b):
        self.params, self.grads = [W, b], []

    def forward(self, xs):
        W, b = self.params
        self.xs = xs
        return xs @ W + b

    def backward(self, dout):
        W, _ = self.params
        N, T, V = dout.shape
        flat = dout.reshape(N * T, V)
        self.grads = [self.xs.reshape(N * T, len(W)).T @ flat, flat.sum(axis=0)]


@misconception(
    "time_affine",
    title="A mean over the places",
    message="What grads hold is too small by the number of places. Sum or mean?",
    justification="divided by N * T",
)
class GradientsAveragedOverThePlaces:
    def __init__(self, W, b):
        self.params, self.grads = [W, b], []

    def forward(self, xs):
        W, b = self.params
        self.xs = xs
        return xs @ W + b

    def backward(self, dout):
        W, _ = self.params
        N, T, V = dout.shape
        flat = dout.reshape(N * T, V)
        self.grads = [self.xs.reshape(N * T, len(W)).T @ flat / len(flat), flat.mean(axis=0)]
        return dout @ W.T


@misconception(
    "time_affine",
    title="Divided by the number of rows",
    message="What grads hold is too small by the number of rows. Does the text divide by anything?",
    justification="divided by N",
)
class GradientsDividedByRows:
    def __init__(self, W, b):
        self.params, self.grads = [W, b], []

    def forward(self, xs):
        W, b = self.params
        self.xs = xs
        return xs @ W + b

    def backward(self, dout):
        W, _ = self.params
        N, T, V = dout.shape
        flat = dout.reshape(N * T, V)
        self.grads = [self.xs.reshape(N * T, len(W)).T @ flat / N, flat.sum(axis=0) / N]
        return dout @ W.T


@misconception(
    "time_affine",
    title="Only the last step counts",
    message="What grads hold is that of the last step. Over what is to be summed?",
    justification="dout[:, -1] and xs[:, -1]",
)
class GradientOfTheLastStepAlone:
    def __init__(self, W, b):
        self.params, self.grads = [W, b], []

    def forward(self, xs):
        W, b = self.params
        self.xs = xs
        return xs @ W + b

    def backward(self, dout):
        W, _ = self.params
        N, T, V = dout.shape
        flat = dout.reshape(N * T, V)
        self.grads = [self.xs[:, -1].T @ dout[:, -1], dout[:, -1].sum(axis=0)]
        return dout @ W.T


@misconception(
    "time_affine",
    title="db with the axis of time",
    message="db has one axis too many. At how many places is the bias added?",
    justification="sum over the batch alone: (T, V)",
)
class BiasGradientOverRowsAlone:
    def __init__(self, W, b):
        self.params, self.grads = [W, b], []

    def forward(self, xs):
        W, b = self.params
        self.xs = xs
        return xs @ W + b

    def backward(self, dout):
        W, _ = self.params
        N, T, V = dout.shape
        flat = dout.reshape(N * T, V)
        self.grads = [self.xs.reshape(N * T, len(W)).T @ flat, dout.sum(axis=0)]
        return dout @ W.T


@misconception(
    "time_affine",
    title="dW transposed",
    message="dW is right, but on its side. Which shape has W?",
    justification="flat.T @ xs",
)
class WeightsGradientTransposed:
    def __init__(self, W, b):
        self.params, self.grads = [W, b], []

    def forward(self, xs):
        W, b = self.params
        self.xs = xs
        return xs @ W + b

    def backward(self, dout):
        W, _ = self.params
        N, T, V = dout.shape
        flat = dout.reshape(N * T, V)
        self.grads = [flat.T @ self.xs.reshape(N * T, len(W)), flat.sum(axis=0)]
        return dout @ W.T


@misconception(
    "time_affine",
    title="grads stay what they were",
    message="After backward, grads are still zero. Where do the gradients that you compute go?",
    justification="a local variable named grads",
)
class AffineGradsNeverKept:
    def __init__(self, W, b):
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]

    def forward(self, xs):
        W, b = self.params
        self.xs = xs
        return xs @ W + b

    def backward(self, dout):
        W, _ = self.params
        N, T, V = dout.shape
        flat = dout.reshape(N * T, V)
        grads = [self.xs.reshape(N * T, len(W)).T @ flat, flat.sum(axis=0)]
        return dout @ W.T


@misconception(
    "time_affine",
    title="Clipped in backward",
    message="Small gradients are right, large ones are cut off. Does the text ask for a limit?",
    justification="np.clip(flat, -5, 5)",
)
class AffineGradientsClipped:
    def __init__(self, W, b):
        self.params, self.grads = [W, b], []

    def forward(self, xs):
        W, b = self.params
        self.xs = xs
        return xs @ W + b

    def backward(self, dout):
        W, _ = self.params
        N, T, V = dout.shape
        flat = np.clip(dout.reshape(N * T, V), -5, 5)
        self.grads = [self.xs.reshape(N * T, len(W)).T @ flat, flat.sum(axis=0)]
        return dout @ W.T


@misconception(
    "time_affine",
    title="Added to the gradients of the call before",
    message=(
        "The first call of backward is right, after a second one grads are larger. What should they hold after "
        "each call?"
    ),
    justification="grads are summed over calls",
)
class AffineGradsAddedUp:
    def __init__(self, W, b):
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]

    def forward(self, xs):
        W, b = self.params
        self.xs = xs
        return xs @ W + b

    def backward(self, dout):
        W, _ = self.params
        N, T, V = dout.shape
        flat = dout.reshape(N * T, V)
        found = [self.xs.reshape(N * T, len(W)).T @ flat, flat.sum(axis=0)]
        self.grads = [held + new for held, new in zip(self.grads, found, strict=True)]
        return dout @ W.T


@misconception(
    "time_affine",
    title="Copies of the arrays given",
    message="Where an array that you were given is changed in place, your layer does not know. What do params hold?",
    justification="params are copies",
)
class AffineArraysCopied:
    def __init__(self, W, b):
        self.params, self.grads = [W.copy(), b.copy()], []

    def forward(self, xs):
        W, b = self.params
        self.xs = xs
        return xs @ W + b

    def backward(self, dout):
        W, _ = self.params
        N, T, V = dout.shape
        flat = dout.reshape(N * T, V)
        self.grads = [self.xs.reshape(N * T, len(W)).T @ flat, flat.sum(axis=0)]
        return dout @ W.T


@misconception(
    "time_affine",
    title="Axes of length 1 lost",
    message="All is right but where a size is 1: there an axis is missing. What does np.squeeze do?",
    justification="np.squeeze of the logits",
)
class AffineSqueezes:
    def __init__(self, W, b):
        self.params, self.grads = [W, b], []

    def forward(self, xs):
        W, b = self.params
        self.xs = xs
        return np.squeeze(xs @ W + b)

    def backward(self, dout):
        W, _ = self.params
        N, T, V = dout.shape
        flat = dout.reshape(N * T, V)
        self.grads = [self.xs.reshape(N * T, len(W)).T @ flat, flat.sum(axis=0)]
        return dout @ W.T


# --- softmax_loss -----------------------------------------------------------------------------------------------------


@misconception(
    "softmax_loss",
    title="Divided by all places",
    message="Where some places do not count, your loss is too small. By what is it to be divided?",
    justification="N * T in place of the places that count, in the loss alone",
)
class MeanOverAllPlaces:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / ts.size)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="The sum of the losses",
    message="Your loss is too large by the number of places that count. Sum or mean?",
    justification="not divided",
)
class SumOfTheLosses:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum())

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="A mean of the rows' means",
    message=(
        "Right where all rows have equally many places that count, wrong elsewhere. Does every place count alike "
        "with you?"
    ),
    justification="each row is averaged by itself",
)
class MeanOfTheRowsMeans:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        losses = np.zeros(ts.shape)
        losses[places] = surprise
        rows = counts.sum(axis=1)
        return float(np.mean(losses.sum(axis=1)[rows > 0] / rows[rows > 0])) if len(surprise) else 0.0

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="The label -1 taken for the last word",
    message="Places that do not count cost something with you. Which entry is logits[-1]?",
    justification="nothing is ignored: -1 as an index is the last word",
)
class IgnoredLabelIsTheLastWord:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = np.ones(ts.shape, dtype=bool)
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="Divided by the vocabulary",
    message="Your loss is too small by the number of words in the vocabulary. Over what is the mean?",
    justification="divided by V as well",
)
class LossPerWordOfTheVocabulary:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total / xs.shape[2])

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="Normalised over the wrong axis",
    message="Your probabilities sum to one along the steps. Along which axis do the words lie?",
    justification="sum over axis 1",
)
class SoftmaxOverTheSteps:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="The sign is missing",
    message="Your loss is negative. Can a surprise be?",
    justification="the mean of log p",
)
class LossWithoutItsSign:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(-surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="Bits for nats",
    message="Your loss is 1.4427 times too large. Which logarithm is natural?",
    justification="divided by log 2",
)
class LossToBaseTwo:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total / np.log(2))

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="Something added to p",
    message=(
        "Your loss is a little too small, and much too small where the right word is improbable. What do you add "
        "before the logarithm?"
    ),
    justification="log(p + 1e-7)",
)
class LogarithmOfMoreThanP:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -np.log(np.exp(log_p[right]) + 1e-7)
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="p kept above a floor",
    message=(
        "Your loss never grows beyond some tens. The exponential and the logarithm cancel: how large can the loss be?"
    ),
    justification="log(max(p, 1e-12))",
)
class PKeptAboveAFloor:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -np.log(np.maximum(np.exp(log_p[right]), 1e-12))
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="1 - p for -log p",
    message="Your loss is never above 1. What does a surprise of 3 nats mean?",
    justification="1 - p",
)
class OneMinusP:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = 1 - np.exp(log_p[right])
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="The gradient is not divided",
    message=(
        "The loss is right, its gradient too large by the number of places that count. The loss is a mean: what "
        "of its gradient?"
    ),
    justification="no division in backward",
)
class GradientNotDivided:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout


@misconception(
    "softmax_loss",
    title="The gradient divided by all places",
    message="The loss is right, its gradient too small where some places do not count. By what was the loss divided?",
    justification="divided by N * T in backward",
)
class GradientOverAllPlaces:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / counts.size


@misconception(
    "softmax_loss",
    title="A gradient where nothing counts",
    message="At places that do not count your gradient is not zero. Does the loss depend on their logits?",
    justification="p is left at ignored places",
)
class GradientAtIgnoredPlaces:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="The opposite sign",
    message="Your gradient has the opposite sign. Is it what was right minus what was said, or the other way round?",
    justification="one-hot minus p",
)
class GradientOfTheOppositeSign:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return -dxs * dout / total


@misconception(
    "softmax_loss",
    title="One subtracted at a fixed word",
    message="The 1 is subtracted at the same word everywhere. At which word should it be?",
    justification="the last word in place of the label",
)
class OneSubtractedAtTheLastWord:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[:, :, -1] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="The one-hot part is missing",
    message="Your gradient is the probabilities alone: each row sums to more than zero. What is subtracted?",
    justification="p without the one-hot of the label",
)
class ProbabilitiesForTheGradient:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="dout is not used",
    message="Right for dout = 1 only. Which argument do you never use?",
    justification="not multiplied by dout",
)
class DoutLeftOut:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs / total


@misconception(
    "softmax_loss",
    title="Always -1",
    message="Right where -1 is ignored, wrong for another ignore_label. What do you keep in __init__?",
    justification="-1 stands in the code",
)
class MinusOneWhateverWasSaid:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != -1
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="0 divided by 0",
    message="Where no place counts, your loss is NaN. What does the text say that it is?",
    justification="the count is not kept above zero",
)
class DividesByNoPlaces:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = np.float64(len(places[0]))
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="A loss where nothing counts",
    message="Where no place counts, your loss is not 0. What does the text say that it is?",
    justification="log V in place of 0",
)
class NothingCountsCostsOne:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total) if len(surprise) else float(np.log(xs.shape[2]))

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="One maximum for all places",
    message="Right but where one place's logits all lie far below another's. Whose maximum do you subtract?",
    justification="xs.max() over everything",
)
class OneMaximumForAllPlaces:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max()
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="No maximum subtracted",
    message=(
        "Where a logit is 1000 your loss is not finite. What can be subtracted from all logits of a place "
        "without changing p?"
    ),
    justification="exp(1000) overflows",
)
class ExponentialsUnshifted:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="Infinity times zero",
    message="NaN where the logits of a place that does not count are large. What is -inf times 0?",
    justification="the logarithm is taken of p, at all places, then multiplied by the mask",
)
class MinusInfinityTimesZero:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        labels = np.where(counts, ts, 0)[:, :, None]
        chosen = np.take_along_axis(np.exp(log_p), labels, axis=2)[:, :, 0]
        exact = np.take_along_axis(log_p, labels, axis=2)[:, :, 0]
        surprise = -np.where(counts, exact, np.log(chosen) * counts)
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="What was kept is changed by backward",
    message="Called a second time, backward gives something else. Which line writes into what you have kept?",
    justification="the cached probabilities are edited in place",
)
class ProbabilitiesChangedInBackward:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = np.exp(log_p), counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        dxs, counts, right, total = self.cache
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="One memory for all layers",
    message=(
        "One layer alone is right; where there are two, the first remembers what the second has read. To whom "
        "does your cache belong?"
    ),
    justification="the cache is kept in the class",
)
class ScoresKeptInTheClass:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        ScoresKeptInTheClass.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = ScoresKeptInTheClass.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="What the first forward left",
    message="Right after a first forward, wrong after a second. Which call does backward belong to?",
    justification="the cache is made once",
)
class FirstLabelsKept:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label
        self.cache = None

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        shifted = xs - xs.max(axis=2, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        if self.cache is None:
            self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


@misconception(
    "softmax_loss",
    title="The logits given are changed",
    message="The logits that you were given are others afterwards. Which line writes into them?",
    justification="xs -= maximum",
)
class ShiftsTheLogitsGiven:
    def __init__(self, ignore_label=-1):
        self.params = []
        self.grads = []
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        counts = ts != self.ignore_label
        xs -= xs.max(axis=2, keepdims=True)
        shifted = xs
        log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        places = np.nonzero(counts)
        right = (*places, ts[places])
        total = len(places[0]) or 1
        self.cache = log_p, counts, right, total
        surprise = -log_p[right]
        return float(surprise.sum() / total)

    def backward(self, dout=1.0):
        log_p, counts, right, total = self.cache
        dxs = np.exp(log_p)
        dxs[right] -= 1
        dxs[~counts] = 0
        return dxs * dout / total


# --- model ------------------------------------------------------------------------------------------------------------


@misconception(
    "model",
    title="Drawn in another order",
    message="Your weights have the right sizes and other values. In which order are they drawn?",
    justification="Wh before Wx",
)
class DrawnInTheOtherOrder:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        W_embedding = np.random.randn(V, D) / 100
        Wh = np.random.randn(H, H) / np.sqrt(H)
        Wx = np.random.randn(D, H) / np.sqrt(D)
        W_affine = np.random.randn(H, V) / np.sqrt(H)
        self.layers = [
            TimeEmbedding(W_embedding),
            TimeRNN(Wx, Wh, np.zeros(H), stateful=True),
            TimeAffine(W_affine, np.zeros(V)),
        ]
        self.loss_layer = TimeSoftmaxWithLoss()

    def predict(self, xs):
        for layer in self.layers:
            xs = layer.forward(xs)
        return xs

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward(dout)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)

    def reset_state(self):
        self.layers[1].reset_state()


@misconception(
    "model",
    title="The embedding is not divided",
    message="Your embedding is a hundred times too large. What does the table say in its first row?",
    justification="no division by 100",
)
class EmbeddingNotScaledDown:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        W_embedding = np.random.randn(V, D)
        Wx = np.random.randn(D, H) / np.sqrt(D)
        Wh = np.random.randn(H, H) / np.sqrt(H)
        W_affine = np.random.randn(H, V) / np.sqrt(H)
        self.layers = [
            TimeEmbedding(W_embedding),
            TimeRNN(Wx, Wh, np.zeros(H), stateful=True),
            TimeAffine(W_affine, np.zeros(V)),
        ]
        self.loss_layer = TimeSoftmaxWithLoss()

    def predict(self, xs):
        for layer in self.layers:
            xs = layer.forward(xs)
        return xs

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward(dout)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)

    def reset_state(self):
        self.layers[1].reset_state()


@misconception(
    "model",
    title="Wx divided by the other size",
    message="Only Wx is wrong, and only where D and H differ. By the root of which size is it divided?",
    justification="sqrt(H) for sqrt(D)",
)
class ScaledByTheOtherSize:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        W_embedding = np.random.randn(V, D) / 100
        Wx = np.random.randn(D, H) / np.sqrt(H)
        Wh = np.random.randn(H, H) / np.sqrt(H)
        W_affine = np.random.randn(H, V) / np.sqrt(H)
        self.layers = [
            TimeEmbedding(W_embedding),
            TimeRNN(Wx, Wh, np.zeros(H), stateful=True),
            TimeAffine(W_affine, np.zeros(V)),
        ]
        self.loss_layer = TimeSoftmaxWithLoss()

    def predict(self, xs):
        for layer in self.layers:
            xs = layer.forward(xs)
        return xs

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward(dout)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)

    def reset_state(self):
        self.layers[1].reset_state()


@misconception(
    "model",
    title="Divided without the root",
    message="Your recurrent weights are too small. By the size, or by its root?",
    justification="randn / H",
)
class VarianceForDeviation:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        W_embedding = np.random.randn(V, D) / 100
        Wx = np.random.randn(D, H) / np.sqrt(D)
        Wh = np.random.randn(H, H) / H
        W_affine = np.random.randn(H, V) / np.sqrt(H)
        self.layers = [
            TimeEmbedding(W_embedding),
            TimeRNN(Wx, Wh, np.zeros(H), stateful=True),
            TimeAffine(W_affine, np.zeros(V)),
        ]
        self.loss_layer = TimeSoftmaxWithLoss()

    def predict(self, xs):
        for layer in self.layers:
            xs = layer.forward(xs)
        return xs

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward(dout)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)

    def reset_state(self):
        self.layers[1].reset_state()


@misconception(
    "model",
    title="Evenly drawn numbers",
    message="Your embedding has no negative numbers. Which function is asked for?",
    justification="np.random.rand",
)
class EvenlyDrawn:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        W_embedding = np.random.rand(V, D) / 100
        Wx = np.random.randn(D, H) / np.sqrt(D)
        Wh = np.random.randn(H, H) / np.sqrt(H)
        W_affine = np.random.randn(H, V) / np.sqrt(H)
        self.layers = [
            TimeEmbedding(W_embedding),
            TimeRNN(Wx, Wh, np.zeros(H), stateful=True),
            TimeAffine(W_affine, np.zeros(V)),
        ]
        self.loss_layer = TimeSoftmaxWithLoss()

    def predict(self, xs):
        for layer in self.layers:
            xs = layer.forward(xs)
        return xs

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward(dout)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)

    def reset_state(self):
        self.layers[1].reset_state()


@misconception(
    "model",
    title="The loss layer among the layers",
    message="Your list of layers has four. Can the loss be computed without labels?",
    justification="loss_layer is appended to layers",
)
class LossAmongTheLayers:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        W_embedding = np.random.randn(V, D) / 100
        Wx = np.random.randn(D, H) / np.sqrt(D)
        Wh = np.random.randn(H, H) / np.sqrt(H)
        W_affine = np.random.randn(H, V) / np.sqrt(H)
        self.layers = [
            TimeEmbedding(W_embedding),
            TimeRNN(Wx, Wh, np.zeros(H), stateful=True),
            TimeAffine(W_affine, np.zeros(V)),
        ]
        self.loss_layer = TimeSoftmaxWithLoss()
        self.layers.append(self.loss_layer)

    def predict(self, xs):
        for layer in self.layers[:3]:
            xs = layer.forward(xs)
        return xs

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward(dout)
        for layer in reversed(self.layers[:3]):
            dout = layer.backward(dout)

    def reset_state(self):
        self.layers[1].reset_state()


@misconception(
    "model",
    title="Sizes in another order",
    message="Your embedding has D and H exchanged. In which order do the three sizes come?",
    justification="V, H, D",
)
class SizesInTheOtherOrder:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, H, D = vocab_size, wordvec_size, hidden_size
        W_embedding = np.random.randn(V, D) / 100
        Wx = np.random.randn(D, H) / np.sqrt(D)
        Wh = np.random.randn(H, H) / np.sqrt(H)
        W_affine = np.random.randn(H, V) / np.sqrt(H)
        self.layers = [
            TimeEmbedding(W_embedding),
            TimeRNN(Wx, Wh, np.zeros(H), stateful=True),
            TimeAffine(W_affine, np.zeros(V)),
        ]
        self.loss_layer = TimeSoftmaxWithLoss()

    def predict(self, xs):
        for layer in self.layers:
            xs = layer.forward(xs)
        return xs

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward(dout)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)

    def reset_state(self):
        self.layers[1].reset_state()


@misconception(
    "model",
    title="Probabilities for logits",
    message="What predict returns sums to one. Which layer turns logits into probabilities?",
    justification="softmax in predict",
)
class PredictsProbabilities:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        W_embedding = np.random.randn(V, D) / 100
        Wx = np.random.randn(D, H) / np.sqrt(D)
        Wh = np.random.randn(H, H) / np.sqrt(H)
        W_affine = np.random.randn(H, V) / np.sqrt(H)
        self.layers = [
            TimeEmbedding(W_embedding),
            TimeRNN(Wx, Wh, np.zeros(H), stateful=True),
            TimeAffine(W_affine, np.zeros(V)),
        ]
        self.loss_layer = TimeSoftmaxWithLoss()

    def predict(self, xs):
        for layer in self.layers:
            xs = layer.forward(xs)
        powers = np.exp(xs - xs.max(axis=2, keepdims=True))
        return powers / powers.sum(axis=2, keepdims=True)

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward(dout)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)

    def reset_state(self):
        self.layers[1].reset_state()


@misconception(
    "model",
    title="The loss times the places",
    message="Your loss is too large by the number of places. What does the loss layer return already?",
    justification="multiplied by the number of labels",
)
class LossSummed:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        W_embedding = np.random.randn(V, D) / 100
        Wx = np.random.randn(D, H) / np.sqrt(D)
        Wh = np.random.randn(H, H) / np.sqrt(H)
        W_affine = np.random.randn(H, V) / np.sqrt(H)
        self.layers = [
            TimeEmbedding(W_embedding),
            TimeRNN(Wx, Wh, np.zeros(H), stateful=True),
            TimeAffine(W_affine, np.zeros(V)),
        ]
        self.loss_layer = TimeSoftmaxWithLoss()

    def predict(self, xs):
        for layer in self.layers:
            xs = layer.forward(xs)
        return xs

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts) * ts.size

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward(dout)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)

    def reset_state(self):
        self.layers[1].reset_state()


@misconception(
    "model",
    title="The embedding gets no gradient",
    message="All gradients are right but the embedding's, which stays zero. Which layers does your way back visit?",
    justification="the first layer is left out",
)
class BackwardForgetsALayer:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        W_embedding = np.random.randn(V, D) / 100
        Wx = np.random.randn(D, H) / np.sqrt(D)
        Wh = np.random.randn(H, H) / np.sqrt(H)
        W_affine = np.random.randn(H, V) / np.sqrt(H)
        self.layers = [
            TimeEmbedding(W_embedding),
            TimeRNN(Wx, Wh, np.zeros(H), stateful=True),
            TimeAffine(W_affine, np.zeros(V)),
        ]
        self.loss_layer = TimeSoftmaxWithLoss()

    def predict(self, xs):
        for layer in self.layers:
            xs = layer.forward(xs)
        return xs

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward(dout)
        for layer in reversed(self.layers[1:]):
            dout = layer.backward(dout)

    def reset_state(self):
        self.layers[1].reset_state()


@misconception(
    "model",
    title="backward returns something",
    message="backward of the model should return None. What would it be the gradient of?",
    justification="returns the gradient by the embedded words",
)
class ReturnsTheLastGradient:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        W_embedding = np.random.randn(V, D) / 100
        Wx = np.random.randn(D, H) / np.sqrt(D)
        Wh = np.random.randn(H, H) / np.sqrt(H)
        W_affine = np.random.randn(H, V) / np.sqrt(H)
        self.layers = [
            TimeEmbedding(W_embedding),
            TimeRNN(Wx, Wh, np.zeros(H), stateful=True),
            TimeAffine(W_affine, np.zeros(V)),
        ]
        self.loss_layer = TimeSoftmaxWithLoss()

    def predict(self, xs):
        for layer in self.layers:
            xs = layer.forward(xs)
        return xs

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward(dout)
        for layer in reversed(self.layers):
            below = dout
            dout = layer.backward(dout)
        return below

    def reset_state(self):
        self.layers[1].reset_state()


@misconception(
    "model",
    title="dout is not used",
    message="Right for dout = 1 only. Which argument do you never use?",
    justification="dout is not handed to the loss layer",
)
class DoutForgotten:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        W_embedding = np.random.randn(V, D) / 100
        Wx = np.random.randn(D, H) / np.sqrt(D)
        Wh = np.random.randn(H, H) / np.sqrt(H)
        W_affine = np.random.randn(H, V) / np.sqrt(H)
        self.layers = [
            TimeEmbedding(W_embedding),
            TimeRNN(Wx, Wh, np.zeros(H), stateful=True),
            TimeAffine(W_affine, np.zeros(V)),
        ]
        self.loss_layer = TimeSoftmaxWithLoss()

    def predict(self, xs):
        for layer in self.layers:
            xs = layer.forward(xs)
        return xs

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)

    def reset_state(self):
        self.layers[1].reset_state()


@misconception(
    "model",
    title="Not stateful",
    message="The first window is right; the second one knows nothing of it. How is your TimeRNN made?",
    justification="stateful=True is missing",
)
class NotStateful:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        W_embedding = np.random.randn(V, D) / 100
        Wx = np.random.randn(D, H) / np.sqrt(D)
        Wh = np.random.randn(H, H) / np.sqrt(H)
        W_affine = np.random.randn(H, V) / np.sqrt(H)
        self.layers = [
            TimeEmbedding(W_embedding),
            TimeRNN(Wx, Wh, np.zeros(H)),
            TimeAffine(W_affine, np.zeros(V)),
        ]
        self.loss_layer = TimeSoftmaxWithLoss()

    def predict(self, xs):
        for layer in self.layers:
            xs = layer.forward(xs)
        return xs

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward(dout)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)

    def reset_state(self):
        self.layers[1].reset_state()


@misconception(
    "model",
    title="The state is reset before each window",
    message="The first window is right; the second one knows nothing of it. Who is to call reset_state?",
    justification="forward resets the state",
)
class ResetsBeforeEachWindow:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        W_embedding = np.random.randn(V, D) / 100
        Wx = np.random.randn(D, H) / np.sqrt(D)
        Wh = np.random.randn(H, H) / np.sqrt(H)
        W_affine = np.random.randn(H, V) / np.sqrt(H)
        self.layers = [
            TimeEmbedding(W_embedding),
            TimeRNN(Wx, Wh, np.zeros(H), stateful=True),
            TimeAffine(W_affine, np.zeros(V)),
        ]
        self.loss_layer = TimeSoftmaxWithLoss()

    def predict(self, xs):
        for layer in self.layers:
            xs = layer.forward(xs)
        return xs

    def forward(self, xs, ts):
        self.reset_state()
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward(dout)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)

    def reset_state(self):
        self.layers[1].reset_state()


@misconception(
    "model",
    title="reset_state does nothing",
    message="After reset_state the model goes on as if nothing had happened. Which layer has a state?",
    justification="the model's reset_state does not reach the recurrent layer",
)
class ResetForgotten:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        W_embedding = np.random.randn(V, D) / 100
        Wx = np.random.randn(D, H) / np.sqrt(D)
        Wh = np.random.randn(H, H) / np.sqrt(H)
        W_affine = np.random.randn(H, V) / np.sqrt(H)
        self.layers = [
            TimeEmbedding(W_embedding),
            TimeRNN(Wx, Wh, np.zeros(H), stateful=True),
            TimeAffine(W_affine, np.zeros(V)),
        ]
        self.loss_layer = TimeSoftmaxWithLoss()

    def predict(self, xs):
        for layer in self.layers:
            xs = layer.forward(xs)
        return xs

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward(dout)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)

    def reset_state(self):
        self.h = None


@misconception(
    "model",
    title="Layers shared by all models",
    message="One model alone is right; where there are two, both are the second one. To whom do your layers belong?",
    justification="layers are kept in the class",
)
class LayersOfTheClass:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        W_embedding = np.random.randn(V, D) / 100
        Wx = np.random.randn(D, H) / np.sqrt(D)
        Wh = np.random.randn(H, H) / np.sqrt(H)
        W_affine = np.random.randn(H, V) / np.sqrt(H)
        LayersOfTheClass.layers = [
            TimeEmbedding(W_embedding),
            TimeRNN(Wx, Wh, np.zeros(H), stateful=True),
            TimeAffine(W_affine, np.zeros(V)),
        ]
        self.loss_layer = TimeSoftmaxWithLoss()

    def predict(self, xs):
        for layer in self.layers:
            xs = layer.forward(xs)
        return xs

    def forward(self, xs, ts):
        return self.loss_layer.forward(self.predict(xs), ts)

    def backward(self, dout=1.0):
        dout = self.loss_layer.backward(dout)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)

    def reset_state(self):
        self.layers[1].reset_state()


# --- perplexity -------------------------------------------------------------------------------------------------------


@misconception(
    "perplexity",
    title="Every window counts alike",
    message=(
        "Right where all windows have equally many words, wrong elsewhere. How much should a window of three "
        "words count?"
    ),
    justification="np.mean(losses)",
)
def unweighted_mean(losses, counts):
    return float(np.exp(np.mean(losses)))


@misconception(
    "perplexity",
    title="A mean of perplexities",
    message="You take the exponential of each window first. Which comes first, the mean or the exponential?",
    justification="the weighted mean of exp(loss)",
)
def mean_of_the_perplexities(losses, counts):
    return float(np.average(np.exp(losses), weights=counts))


@misconception(
    "perplexity",
    title="A power of 2",
    message="Your perplexity is too small: the losses are in nats. Which base belongs to the natural logarithm?",
    justification="2 ** loss",
)
def two_to_the_loss(losses, counts):
    return float(2 ** np.average(losses, weights=counts))


@misconception(
    "perplexity",
    title="The loss for the perplexity",
    message="You return the mean loss. What is perplexity made of it?",
    justification="no exponential",
)
def loss_itself(losses, counts):
    return float(np.average(losses, weights=counts))


@misconception(
    "perplexity",
    title="The exponential of the sum",
    message="Your perplexity is huge, the more so the longer the text. By what is the sum of the losses divided?",
    justification="not divided by the counts",
)
def sum_for_mean(losses, counts):
    return float(np.exp(np.dot(losses, counts)))


@misconception(
    "perplexity",
    title="Divided by the number of windows",
    message="Your weighted sum is divided by the number of windows. What do the weights add up to?",
    justification="divided by len(counts)",
)
def one_number_of_windows(losses, counts):
    return float(np.exp(np.dot(losses, counts) / len(counts)))


@misconception(
    "perplexity",
    title="Perplexity kept below a bound",
    message="Small perplexities are right, huge ones are cut off. Does the text ask for a limit?",
    justification="min(loss, 20)",
)
def perplexity_is_bounded(losses, counts):
    return float(np.exp(min(np.average(losses, weights=counts), 20)))


# --- sgd --------------------------------------------------------------------------------------------------------------


@misconception(
    "sgd",
    title="A new array for the old one",
    message=(
        "The arrays that were given are unchanged. What does `param = ...` do, and what `param -= ...`? And "
        "`params[i] = ...`?"
    ),
    justification="param = param - lr * gradient",
)
class RebindsTheName:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for i, gradient in enumerate(grads):
            param = params[i]
            param = param - self.lr * gradient


@misconception(
    "sgd",
    like="RebindsTheName",
    title="New arrays in the list",
    message=(
        "The list holds new arrays; the old ones, which the layers hold, are unchanged. How do you write into an array?"
    ),
    justification="params[i] = params[i] - ...",
)
class CopiesTheList:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for i, gradient in enumerate(grads):
            params[i] = params[i] - self.lr * gradient


@misconception(
    "sgd",
    title="Uphill",
    message="Your step goes the wrong way. Does the loss fall along the gradient or against it?",
    justification="+=",
)
class AscendsInstead:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for i, gradient in enumerate(grads):
            params[i] += self.lr * gradient


@misconception(
    "sgd",
    title="Only the first array is changed",
    message="The first array is right, the others are unchanged. When does your method end?",
    justification="return inside the loop",
)
class OnlyTheFirstArray:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for i, gradient in enumerate(grads):
            params[i] -= self.lr * gradient
            return


@misconception(
    "sgd",
    title="The sign in place of the gradient",
    message="All steps of yours are equally long. What does a steep gradient change?",
    justification="np.sign(gradient)",
)
class SignOfTheGradient:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for i, gradient in enumerate(grads):
            params[i] -= self.lr * np.sign(gradient)


@misconception(
    "sgd",
    title="The rate is not used",
    message="Your steps are as long as the gradients. What is lr for?",
    justification="param -= gradient",
)
class NoRate:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for i, gradient in enumerate(grads):
            params[i] -= gradient


@misconception(
    "sgd",
    title="Divided by the number of arrays",
    message="Your steps are too short by the number of arrays. Does the text divide by anything?",
    justification="lr / len(params)",
)
class RateDividedByTheNumber:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for i, gradient in enumerate(grads):
            params[i] -= self.lr * gradient / len(params)


@misconception(
    "sgd",
    title="Momentum",
    message="The first step is right; later ones hold something of those before. What should a step depend on?",
    justification="a velocity is added up",
)
class RemembersTheGradients:
    def __init__(self, lr=0.01):
        self.lr = lr
        self.v = {}

    def update(self, params, grads):
        for i, gradient in enumerate(grads):
            old = self.v.get(i, 0.0)
            self.v[i] = gradient + (0.9 * old if np.shape(old) == gradient.shape else 0.0)
            params[i] -= self.lr * self.v[i]


@misconception(
    "sgd",
    title="A rate that falls",
    message="The first step is right, later ones are shorter and shorter. Does the text change the rate?",
    justification="lr *= 0.99 at each call",
)
class RateFalls:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for i, gradient in enumerate(grads):
            params[i] -= self.lr * gradient
        self.lr *= 0.99


@misconception(
    "sgd",
    title="Another default",
    message="Right where the rate is given, wrong where it is not. Which rate stands in the text?",
    justification="lr=0.1 by default",
)
class OtherDefault:
    def __init__(self, lr=0.1):
        self.lr = lr

    def update(self, params, grads):
        for i, gradient in enumerate(grads):
            params[i] -= self.lr * gradient


@misconception(
    "sgd",
    title="Clipped gradients",
    message="Small gradients are right, large ones are cut off. Does the text ask for a limit?",
    justification="np.clip(gradient, -5, 5)",
)
class ClipsTheGradients:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for i, gradient in enumerate(grads):
            params[i] -= self.lr * np.clip(gradient, -5, 5)
