"""Wrong answers to char_rnn, as students type them; free names are those of the notebook."""

from __future__ import annotations

from gradekit.hidden import misconception

# --- vocabulary ---------------------------------------------------------------------------------------------------


@misconception(
    "vocabulary",
    title="Order of first appearance",
    message="Your numbers follow the text: its first character is 0. Which order does the exercise ask for?",
    justification="dict.fromkeys(text) keeps the order of appearance",
)
def order_of_appearance(text):
    characters = list(dict.fromkeys(text))
    return {ch: i for i, ch in enumerate(characters)}, dict(enumerate(characters))


@misconception(
    "vocabulary",
    title="Order of a set",
    message=(
        "Your numbers are right in count, not in order. Start Python again: does a set keep the order of yesterday?"
    ),
    justification="list(set(text)): the order depends on the hash seed, so saved weights meet another alphabet",
)
def order_of_a_set(text):
    characters = list(set(text))
    char_to_ix = {ch: i for i, ch in enumerate(characters)}
    ix_to_char = dict(enumerate(characters))
    return char_to_ix, ix_to_char


@misconception(
    "vocabulary",
    title="Most frequent characters first",
    message="Your numbers go by how often a character comes. Which order does the exercise ask for?",
    justification="sorted by count; ties in the order of appearance",
)
def order_of_frequency(text):
    characters = sorted(dict.fromkeys(text), key=lambda ch: -text.count(ch))
    return {ch: i for i, ch in enumerate(characters)}, dict(enumerate(characters))


@misconception(
    "vocabulary",
    title="Numbers from 1",
    message="Every number of yours is one too large. Which row of an array is the first?",
    justification="enumerate(..., 1): the last number points beyond the arrays",
)
def numbers_from_one(text):
    characters = sorted(set(text))
    return {ch: i for i, ch in enumerate(characters, 1)}, dict(enumerate(characters, 1))


@misconception(
    "vocabulary",
    title="Code points for numbers",
    message="Your numbers have gaps: they are the computer's codes of the characters. How many rows would Wxh need?",
    justification="ord(ch) in place of the place among the characters used",
)
def codes_of_characters(text):
    return {ch: ord(ch) for ch in sorted(set(text))}, {ord(ch): ch for ch in sorted(set(text))}


@misconception(
    "vocabulary",
    title="Dictionaries in the other order",
    message="Your two dictionaries are right, but the second comes first. Which one is to be looked up by a character?",
    justification="returns ix_to_char, char_to_ix",
)
def dictionaries_swapped(text):
    characters = sorted(set(text))
    return dict(enumerate(characters)), {ch: i for i, ch in enumerate(characters)}


@misconception(
    "vocabulary",
    title="One dictionary only",
    message="You return one dictionary. How would you turn the numbers that the network writes back into text?",
    justification="returns char_to_ix alone",
)
def only_one_dictionary(text):
    return {ch: i for i, ch in enumerate(sorted(set(text)))}


@misconception(
    "vocabulary",
    title="Blanks, line ends or marks left out",
    message="Some characters of the text have no number in your dictionaries. Is a blank a character? A line end?",
    justification="only letters are kept",
)
def letters_only(text):
    characters = sorted(ch for ch in set(text) if ch.isalpha())
    return {ch: i for i, ch in enumerate(characters)}, dict(enumerate(characters))


@misconception(
    "vocabulary",
    title="Capitals made small",
    message="Capital letters are missing from your dictionaries. Could the text be written again from your numbers?",
    justification="text.lower(): looking up a capital fails afterwards",
)
def lower_case(text):
    characters = sorted(set(text.lower()))
    return {ch: i for i, ch in enumerate(characters)}, dict(enumerate(characters))


@misconception(
    "vocabulary",
    title="Capitals beside their small letters",
    message="Your numbers follow the order of a telephone book: A and a side by side. Does Python's sorted do that?",
    justification="sorted(..., key=str.lower), which leaves the order of A and a to the set besides",
)
def order_of_the_alphabet(text):
    characters = sorted(sorted(set(text)), key=str.lower)
    return {ch: i for i, ch in enumerate(characters)}, dict(enumerate(characters))


@misconception(
    "vocabulary",
    title="An alphabet of its own",
    message=(
        "Your dictionaries hold characters that are not in the text, or lack some that are. What are they made from?"
    ),
    justification="string.printable in place of the text's own characters",
)
def fixed_alphabet(text):
    import string

    characters = sorted(string.printable)
    return {ch: i for i, ch in enumerate(characters)}, dict(enumerate(characters))


@misconception(
    "vocabulary",
    title="Characters of an earlier text kept",
    message="A first text is right; a second one has characters of the first in its vocabulary. Where do you begin?",
    justification="a default argument collects the characters of all calls",
)
def remembers_earlier_texts(text, seen=set()):
    seen |= set(text)
    characters = sorted(seen)
    return {ch: i for i, ch in enumerate(characters)}, dict(enumerate(characters))


# --- chunks -------------------------------------------------------------------------------------------------------


@misconception(
    "chunks",
    title="The rest at the end thrown away",
    message="Your chunks are right, but the last characters of the text are in none of them. What becomes of the rest?",
    justification="only full chunks are made",
)
def without_the_rest(indices, seq_length):
    pairs = []
    for i in range((len(indices) - 1) // seq_length):
        start = i * seq_length
        pairs.append((indices[start : start + seq_length], indices[start + 1 : start + seq_length + 1]))
    return pairs


@misconception(
    "chunks",
    title="Full last chunk lost",
    message=(
        "Where the text ends just with a chunk, your last chunk is missing. Look at the condition that ends your loop."
    ),
    justification="stops at start + seq_length < len - 1, one too early",
)
def last_full_chunk_lost(indices, seq_length):
    start = 0
    while start + seq_length < len(indices) - 1:
        yield indices[start : start + seq_length], indices[start + 1 : start + seq_length + 1]
        start += seq_length


@misconception(
    "chunks",
    title="Reset one character too early",
    message="Of 51 characters in chunks of 25 only half the targets are used. Does the last chunk still fit?",
    justification="the sweep ends where start + seq_length + 1 >= len: a chunk that just fits is lost",
)
def off_by_one_reset(indices, seq_length):
    start, pairs = 0, []
    while not start + seq_length + 1 >= len(indices):
        pairs.append((indices[start : start + seq_length], indices[start + 1 : start + seq_length + 1]))
        start += seq_length
    return pairs


@misconception(
    "chunks",
    title="Targets are the inputs",
    message="Your targets equal your inputs: to repeat what was just read needs no guess. What is the right answer?",
    justification="no shift",
)
def targets_are_inputs(indices, seq_length):
    return [(indices[i : i + seq_length], indices[i : i + seq_length]) for i in range(0, len(indices) - 1, seq_length)]


@misconception(
    "chunks",
    title="Targets shifted by two",
    message="Your targets are two characters ahead. Which one follows the character that was read?",
    justification="start + 2: the next character but one",
)
def targets_shifted_twice(indices, seq_length):
    pairs = []
    for start in range(0, len(indices) - 2, seq_length):
        targets = indices[start + 2 : start + 2 + seq_length]
        pairs.append((indices[start : start + len(targets)], targets))
    return pairs


@misconception(
    "chunks",
    title="Targets shifted the other way",
    message=(
        "Your targets lie behind, not ahead: the network would be asked what it has read before. Which way is next?"
    ),
    justification="targets are the characters before the inputs",
    like="inputs_and_targets_swapped",
)
def targets_shifted_back(indices, seq_length):
    pairs = []
    for start in range(1, len(indices), seq_length):
        inputs = indices[start : start + seq_length]
        pairs.append((inputs, indices[start - 1 : start - 1 + len(inputs)]))
    return pairs


@misconception(
    "chunks",
    title="Inputs and targets exchanged",
    message=(
        "Your targets lie behind your inputs, not ahead: the network would be asked what it has read before. "
        "What is read, and what is to be guessed?"
    ),
    justification="returns (targets, inputs)",
)
def inputs_and_targets_swapped(indices, seq_length):
    pairs = []
    for start in range(0, len(indices) - 1, seq_length):
        targets = indices[start + 1 : start + 1 + seq_length]
        pairs.append((targets, indices[start : start + len(targets)]))
    return pairs


@misconception(
    "chunks",
    title="A window at every character",
    message="You make far too many chunks: each begins one character after the last. How far is it to the next chunk?",
    justification="step 1: every target is used seq_length times",
)
def windows_that_overlap(indices, seq_length):
    pairs = []
    for start in range(len(indices) - seq_length):
        pairs.append((indices[start : start + seq_length], indices[start + 1 : start + 1 + seq_length]))
    return pairs


@misconception(
    "chunks",
    title="A target lost between two chunks",
    message="Between two of your chunks a target is missing. With which character does the second chunk begin?",
    justification="cuts pieces of seq_length + 1 and steps by seq_length + 1",
)
def gap_between_chunks(indices, seq_length):
    pairs = []
    for start in range(0, len(indices) - 1, seq_length + 1):
        piece = indices[start : start + seq_length + 1]
        if len(piece) > 1:
            pairs.append((piece[:-1], piece[1:]))
    return pairs


@misconception(
    "chunks",
    title="Chunks that share a character",
    message="A chunk of yours has too few targets, and for chunks of one character nothing is left. Where do you cut?",
    justification="cuts pieces of seq_length and shifts within the piece",
)
def overlaps_by_one(indices, seq_length):
    pairs = []
    for start in range(0, len(indices) - 1, max(seq_length - 1, 1)):
        piece = indices[start : start + seq_length]
        if len(piece) > 1:
            pairs.append((piece[:-1], piece[1:]))
    return pairs


@misconception(
    "chunks",
    title="Fixed chunk length",
    message="Your chunks are as long whatever length is asked for. Which argument do you never read?",
    justification="25 written into the function",
)
def always_25(indices, seq_length):
    pairs = []
    for start in range(0, len(indices) - 1, 25):
        targets = indices[start + 1 : start + 26]
        pairs.append((indices[start : start + len(targets)], targets))
    return pairs


@misconception(
    "chunks",
    title="Last inputs longer than their targets",
    message="In your last pair there is an input without a target. What follows the last character of the text?",
    justification="inputs are not cut at the end",
)
def inputs_longer_than_targets(indices, seq_length):
    return [
        (indices[i : i + seq_length], indices[i + 1 : i + 1 + seq_length])
        for i in range(0, len(indices) - 1, seq_length)
    ]


@misconception(
    "chunks",
    title="First character taken for the one after the last",
    message="Your last target is the first character of the text. Does it follow the last one?",
    justification="np.roll makes the text a ring",
)
def wraps_around(indices, seq_length):
    following = np.roll(indices, -1)
    return [(indices[i : i + seq_length], following[i : i + seq_length]) for i in range(0, len(indices), seq_length)]


@misconception(
    "chunks",
    title="Rest filled up with zeros",
    message=(
        "Your last chunk is as long as the others; what fills it up is not in the text. Does the exercise want that?"
    ),
    justification="the last chunk is padded with character 0, which is then learnt",
)
def pads_with_zeros(indices, seq_length):
    pairs = []
    for start in range(0, len(indices) - 1, seq_length):
        targets = np.zeros(seq_length, dtype=int)
        inputs = np.zeros(seq_length, dtype=int)
        got = indices[start + 1 : start + 1 + seq_length]
        targets[: len(got)] = got
        inputs[: len(got)] = indices[start : start + len(got)]
        pairs.append((inputs, targets))
    return pairs


@misconception(
    "chunks",
    title="Returns in the loop",
    message="You return the first chunk and no other. Where does your return stand?",
    justification="return inside the for loop",
)
def only_first_chunk(indices, seq_length):
    pairs = []
    for start in range(0, len(indices) - 1, seq_length):
        targets = indices[start + 1 : start + 1 + seq_length]
        pairs.append((indices[start : start + len(targets)], targets))
        return pairs
    return pairs


@misconception(
    "chunks",
    title="One target for a chunk",
    message="Each of your chunks has one target, the character after its end. How many guesses does the network make?",
    justification="many-to-one targets",
)
def one_target_each(indices, seq_length):
    return [
        (indices[i : i + seq_length], indices[i + seq_length : i + seq_length + 1])
        for i in range(0, len(indices) - seq_length, seq_length)
    ]


@misconception(
    "chunks",
    title="Fails where the text is short",
    message="A text shorter than a chunk ends in an error. It has targets, too; or none, if it is a single character.",
    justification="reads indices[start + seq_length] without asking whether it is there",
)
def fails_on_short_texts(indices, seq_length):
    assert indices[seq_length] >= 0
    pairs = []
    for start in range(0, len(indices) - 1, seq_length):
        targets = indices[start + 1 : start + 1 + seq_length]
        pairs.append((indices[start : start + len(targets)], targets))
    return pairs


@misconception(
    "chunks",
    title="A last chunk of one target lost",
    message="Where a single target is left at the end, it is in none of your chunks. How short may the last one be?",
    justification="a rest of one target is taken for no rest",
)
def rest_of_one_target_lost(indices, seq_length):
    pairs = []
    for start in range(0, len(indices) - 1, seq_length):
        targets = indices[start + 1 : start + 1 + seq_length]
        if len(targets) > 1 or seq_length == 1:
            pairs.append((indices[start : start + len(targets)], targets))
    return pairs


@misconception(
    "chunks",
    title="An empty chunk where there is no target",
    message="Of a text with fewer than two characters you make a chunk with nothing in it. When is there a first one?",
    justification="the loop asks at its end whether anything is left, so that it always runs once",
)
def empty_chunk_made(indices, seq_length):
    pairs, start = [], 0
    while True:
        targets = indices[start + 1 : start + 1 + seq_length]
        pairs.append((indices[start : start + len(targets)], targets))
        start += seq_length
        if start >= len(indices) - 1:
            return pairs


@misconception(
    "chunks",
    title="Text shifted in place",
    message="Your chunks are right, but afterwards the caller's text is shifted by one. Into whose array do you write?",
    justification="indices[:-1] = indices[1:] writes into the argument",
)
def shifts_in_place(indices, seq_length):
    before = indices.copy()
    indices[:-1] = before[1:]
    n = len(before) - 1
    return [(before[i : min(i + seq_length, n)], indices[i : min(i + seq_length, n)]) for i in range(0, n, seq_length)]


# --- forward_pass -------------------------------------------------------------------------------------------------


@misconception(
    "forward_pass",
    title="Starts from zero",
    message="Your first state ignores the state that was handed over. What has the chunk before left you?",
    justification="h_prev is replaced by zeros, so nothing is remembered beyond a chunk",
)
def starts_from_zero(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[t] + bh)
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="Previous state never updated",
    message="Your first state is right, every later one is not. Does step 2 know step 1?",
    justification="uses h_prev at every step",
)
def previous_state_never_updated(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t]] + Whh @ h_prev + bh)
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="Row of Wxh in place of a column",
    message=(
        "Your first state is wrong, or a shape does not fit. Write x as a one-hot vector: what of Wxh does it pick?"
    ),
    justification="Wxh[i] in place of Wxh[:, i]; an error, or silent where n_h equals V",
)
def rows_of_wxh(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[inputs[t]] + Whh @ hs[t] + bh)
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="Hidden weights transposed",
    message=(
        "Your states are wrong from the first step on, without any error: Whh is square. On which side does it stand?"
    ),
    justification="h @ Whh, that is Whh.T @ h",
)
def hidden_weights_transposed(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t]] + hs[t] @ Whh + bh)
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="Hidden bias left out",
    message="Your states would be right if bh were zero. Which parameter do you never read?",
    justification="no bh: invisible as long as biases start at zero",
)
def without_hidden_bias(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    hs = np.zeros((len(inputs) + 1, len(h_prev)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[t])
    logits = hs[1:] @ Why.T + parameters["by"]
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="tanh left out",
    message="Some of your states lie beyond 1. What bends them into the range of a memory?",
    justification="the pre-activation is kept as the state",
)
def without_tanh(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = Wxh[:, inputs[t]] + Whh @ hs[t] + bh
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="Sigmoid in place of tanh",
    message="None of your states is negative. Which function does the text name?",
    justification="1 / (1 + exp(-z))",
)
def sigmoid_for_tanh(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = 1 / (1 + np.exp(-(Wxh[:, inputs[t]] + Whh @ hs[t] + bh)))
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="Initial state left out of the cache",
    message=(
        "Your hs has one row too few. The way back needs the state before the first step: in which row does it stand?"
    ),
    justification="hs of shape (T, n_h)",
)
def initial_state_left_out(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs, h = np.zeros((len(inputs), len(bh))), h_prev
    for t in range(len(inputs)):
        h = np.tanh(Wxh[:, inputs[t]] + Whh @ h + bh)
        hs[t] = h
    logits = hs @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="Initial state in the last row",
    message="Your states are right but shifted by one row. Which row is the state before the first step?",
    justification="hs[-1] holds h_prev, as a dictionary with the key -1 would",
)
def initial_state_last(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[-1] = h_prev
    for t in range(len(inputs)):
        hs[t] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[t - 1] + bh)
    logits = hs[:-1] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="States as columns",
    message="Your hs is transposed: a state is a column of it. Which axis counts the steps?",
    justification="hs of shape (n_h, T + 1)",
)
def states_as_columns(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(bh), len(inputs) + 1))
    hs[:, 0] = h_prev
    for t in range(len(inputs)):
        hs[:, t + 1] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[:, t] + bh)
    logits = (Why @ hs[:, 1:]).T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="Chunk read from its end",
    message="Your states belong to the chunk read backwards. In which direction does the text go?",
    justification="inputs[::-1]",
)
def reads_the_chunk_backwards(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t, i in enumerate(inputs[::-1]):
        hs[t + 1] = np.tanh(Wxh[:, i] + Whh @ hs[t] + bh)
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="One state cached many times",
    message="All your cached states are the same one. Are they different arrays, or one array with several names?",
    justification="h is changed in place and the same object is appended T times",
)
def one_state_many_times(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    h = np.array(h_prev)
    states, scores = [h], []
    for i in inputs:
        h[:] = np.tanh(Wxh[:, i] + Whh @ h + bh)
        states.append(h)
        scores.append(Why @ h + by)
    logits = np.array(scores)
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": np.array(states), "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="Character read one step late",
    message="Your states look as if each character were read one step late. Which input belongs to which row of hs?",
    justification="hs[t + 1] uses inputs[t - 1]",
)
def reads_one_character_late(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t - 1]] + Whh @ hs[t] + bh)
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="Output bias left out",
    message="Your states are right, your logits would be if by were zero. Which parameter is not always added?",
    justification="no by: invisible as long as biases start at zero",
)
def without_output_bias(inputs, h_prev, parameters):
    Wxh, Whh, Why, bh = parameters["Wxh"], parameters["Whh"], parameters["Why"], parameters["bh"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[t] + bh)
    logits = hs[1:] @ Why.T
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="Output bias for a single character only",
    message=(
        "For a chunk of one character you are right, for longer ones the output bias is missing. What is different?"
    ),
    justification=(
        "adds by only when it is called by the sampler, one character at a time; training never learns with it"
    ),
    like="without_output_bias",
)
def output_bias_in_sampling_only(inputs, h_prev, parameters):
    Wxh, Whh, Why, bh = parameters["Wxh"], parameters["Whh"], parameters["Why"], parameters["bh"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[t] + bh)
    logits = hs[1:] @ Why.T
    if len(inputs) == 1:
        logits = logits + parameters["by"]
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="Logits from the states before",
    message=(
        "Your logits are one step late: the guess after a character does not know that character. Which rows of hs?"
    ),
    justification="hs[:-1] in place of hs[1:]",
)
def logits_of_previous_states(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[t] + bh)
    logits = hs[:-1] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="Probabilities kept as logits",
    message="Your logits are all between 0 and 1. Are those the scores, or what softmax made of them?",
    justification="both entries hold the probabilities",
)
def probabilities_as_logits(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[t] + bh)
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    logits = e / e.sum(axis=1, keepdims=True)
    return {"hs": hs, "logits": logits, "probabilities": logits}


@misconception(
    "forward_pass",
    title="Softmax over the whole chunk",
    message=(
        "All your probabilities together sum to one; with one character that looks right. Whose probabilities are they?"
    ),
    justification="sum without an axis",
)
def softmax_over_the_chunk(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[t] + bh)
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / np.sum(e)}


@misconception(
    "forward_pass",
    title="Softmax along the steps",
    message="The columns of your probabilities sum to one, not the rows. Which index counts the characters?",
    justification="axis 0 in place of axis 1",
)
def softmax_over_steps(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[t] + bh)
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=0, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=0, keepdims=True)}


@misconception(
    "forward_pass",
    title="Probabilities rounded",
    message="Your probabilities have two decimals. Who reads them after you, and how small may they be?",
    justification="np.round(p, 2): zeros, and rows that do not sum to one",
)
def probabilities_rounded(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[t] + bh)
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": np.round(e / e.sum(axis=1, keepdims=True), 2)}


@misconception(
    "forward_pass",
    title="Forgets every ten characters",
    message=(
        "Your short chunks are right; in long ones the state begins anew every ten characters. "
        "Where does the text say that a state is given up?"
    ),
    justification="the state is set to zero every ten steps, as if chunks were cut inside",
)
def forgets_after_ten_steps(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs, h = np.zeros((len(inputs) + 1, len(bh))), np.array(h_prev)
    hs[0] = h
    for t in range(len(inputs)):
        if t > 0 and t % 10 == 0:
            h = np.zeros(len(bh))
        h = np.tanh(Wxh[:, inputs[t]] + Whh @ h + bh)
        hs[t + 1] = h
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="Axes of length 1 dropped",
    message=(
        "Your values are right, but a chunk of one character, or a state of one number, loses an axis. "
        "Which shape does the table promise for T = 1?"
    ),
    justification="np.squeeze on everything that is returned",
)
def squeezes_its_arrays(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[t] + bh)
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return {"hs": np.squeeze(hs), "logits": np.squeeze(logits), "probabilities": np.squeeze(p)}


@misconception(
    "forward_pass",
    title="Exponential of large logits overflows",
    message="With a logit of 800 you get NaN. If one number is added to all logits of a step, what should change?",
    justification="exp(y) / sum(exp(y)) without a shift",
)
def unstable_softmax(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[t] + bh)
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits)
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="One shift for all steps",
    message="A step whose logits all lie far below another's gets NaN. Whose maximum does it need?",
    justification="shifted by the maximum of the chunk: a step 1000 lower underflows to 0 / 0",
)
def one_shift_for_all_steps(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[t] + bh)
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - np.max(logits))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="State kept from the last call",
    message="A second call with the same arguments gives other states. Which state is a chunk to begin with?",
    justification="a state of its own survives in a default argument and replaces h_prev from the second call on",
)
def remembers_the_last_chunk(inputs, h_prev, parameters, kept={}):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = np.zeros((len(inputs) + 1, len(bh)))
    last = kept.get("h")
    hs[0] = last if last is not None and np.array_equal(kept["from"], h_prev) else h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[t] + bh)
    kept.update({"h": hs[-1].copy(), "from": np.array(h_prev)})
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="One array for all calls",
    message="A first chunk's states change when a second chunk is read. When is your array made?",
    justification="the array of states is kept between calls and written over",
)
def one_array_for_all_calls(inputs, h_prev, parameters, store={}):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs = store.setdefault((len(inputs), len(bh)), np.zeros((len(inputs) + 1, len(bh))))
    hs[0] = h_prev
    for t in range(len(inputs)):
        hs[t + 1] = np.tanh(Wxh[:, inputs[t]] + Whh @ hs[t] + bh)
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


@misconception(
    "forward_pass",
    title="Caller's state written over",
    message=(
        "Your cache is right, but afterwards the caller's h_prev holds another state. Into whose array do you write?"
    ),
    justification="h = h_prev; h[:] = ... changes the argument",
)
def writes_into_h_prev(inputs, h_prev, parameters):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    bh, by = parameters["bh"], parameters["by"]
    hs, h = np.zeros((len(inputs) + 1, len(bh))), h_prev
    hs[0] = h
    for t in range(len(inputs)):
        h[:] = np.tanh(Wxh[:, inputs[t]] + Whh @ h + bh)
        hs[t + 1] = h
    logits = hs[1:] @ Why.T + by
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return {"hs": hs, "logits": logits, "probabilities": e / e.sum(axis=1, keepdims=True)}


# --- sequence_loss ------------------------------------------------------------------------------------------------


@misconception(
    "sequence_loss",
    title="Mean in place of the sum",
    message="Your loss is too small, by the number of steps. Does the exercise ask for a sum or for a mean?",
    justification="np.mean over the steps",
)
def mean_over_steps(cache, targets):
    z = cache["logits"] - cache["logits"].max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(targets)), targets])


@misconception(
    "sequence_loss",
    title="Divided by the size of the alphabet",
    message="Your loss is too small, by the size of the alphabet. Which of the V terms of a step are not zero?",
    justification="mean over the V entries of a one-hot product, as a mean squared error would have it",
)
def mean_over_vocabulary(cache, targets):
    z = cache["logits"] - cache["logits"].max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    one_hot = np.eye(z.shape[1])[targets]
    return -np.sum(np.mean(one_hot * log_p, axis=1))


@misconception(
    "sequence_loss",
    title="Bits in place of nats",
    message="Your loss is too large by a factor of 1.44. To which base is your logarithm?",
    justification="np.log2",
)
def loss_in_bits(cache, targets):
    z = cache["logits"] - cache["logits"].max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -np.sum(log_p[np.arange(len(targets)), targets]) / np.log(2)


@misconception(
    "sequence_loss",
    title="Logarithm to base ten",
    message="Your loss is too small by a factor of 2.3. To which base is your logarithm, and which one are nats?",
    justification="np.log10",
)
def loss_to_base_ten(cache, targets):
    z = cache["logits"] - cache["logits"].max(axis=1, keepdims=True)
    right = z[np.arange(len(targets)), targets]
    return np.sum(np.log10(np.exp(z).sum(axis=1)) - right * np.log10(np.e))


@misconception(
    "sequence_loss",
    title="Minus sign left out",
    message="Your loss is negative. Can a network be surprised less than not at all?",
    justification="sum of log p without the minus",
)
def loss_without_minus(cache, targets):
    z = cache["logits"] - cache["logits"].max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return np.sum(log_p[np.arange(len(targets)), targets])


@misconception(
    "sequence_loss",
    title="Last step only",
    message="For one character you are right, for several your loss is too small. How many guesses were made?",
    justification="only the last step's loss",
)
def loss_of_last_step(cache, targets):
    z = cache["logits"][-1] - cache["logits"][-1].max()
    return float(np.log(np.exp(z).sum()) - z[targets[-1]])


@misconception(
    "sequence_loss",
    title="All targets looked up at every step",
    message=(
        "Your loss is far too large: each step pays for the targets of all steps. Which target belongs to which row?"
    ),
    justification="log_p[:, targets] is a T by T array",
)
def whole_list_of_targets(cache, targets):
    z = cache["logits"] - cache["logits"].max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -np.sum(log_p[:, targets])


@misconception(
    "sequence_loss",
    title="All logarithms added up",
    message="Your loss does not depend on the targets. Which of the probabilities of a step counts?",
    justification="sum over the whole array",
)
def sum_of_all_logarithms(cache, targets):
    z = cache["logits"] - cache["logits"].max(axis=1, keepdims=True)
    return -np.sum(z - np.log(np.exp(z).sum(axis=1, keepdims=True)))


@misconception(
    "sequence_loss",
    title="1 - p in place of -log p",
    message="However wrong a guess is, you charge at most 1 for it. Where is the logarithm?",
    justification="sum of 1 - p",
)
def one_minus_probability(cache, targets):
    return np.sum(1 - cache["probabilities"][np.arange(len(targets)), targets])


@misconception(
    "sequence_loss",
    title="Squared distance to the target",
    message="Your loss compares probabilities with ones and zeros by squares. Which loss does the text define?",
    justification="sum of (p - one_hot)²",
)
def squared_distance(cache, targets):
    one_hot = np.eye(cache["probabilities"].shape[1])[targets]
    return np.sum((cache["probabilities"] - one_hot) ** 2)


@misconception(
    "sequence_loss",
    title="Array of shape (1,) in place of a number",
    message="Your value is right, but it is an array of shape (1,). Which step keeps an axis too many?",
    justification="loss += -log(p[t][target]) with p[t] a column, or keepdims in the last sum",
)
def loss_as_array(cache, targets):
    z = cache["logits"] - cache["logits"].max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    loss = np.zeros(1)
    for t in range(len(targets)):
        loss += -log_p[t, targets[t]]
    return loss


@misconception(
    "sequence_loss",
    title="Sum begun anew at every step",
    message="For one character you are right; for several only one step is left of your sum. Where is it set to zero?",
    justification="loss = ... in place of loss += ...",
    like="loss_of_last_step",
)
def loss_starts_anew_each_step(cache, targets):
    loss = 0.0
    for t in range(len(targets)):
        z = cache["logits"][t] - cache["logits"][t].max()
        loss = np.log(np.exp(z).sum()) - z[targets[t]]
    return float(loss)


@misconception(
    "sequence_loss",
    title="One normalisation for the whole chunk",
    message="For one character you are right, for several your loss is too large. Over what does the inner sum run?",
    justification="the sum of exponentials runs over all steps",
)
def log_of_sum_of_everything(cache, targets):
    z = cache["logits"] - cache["logits"].max()
    return np.sum(np.log(np.exp(z).sum()) - z[np.arange(len(targets)), targets])


@misconception(
    "sequence_loss",
    title="Logarithm of a probability that underflowed",
    message="With a logit of 1000 your loss is infinite. The probability is stored as 0: what else is in the cache?",
    justification="-log of cache['probabilities']",
    like="loss_overflows",
)
def logarithm_of_underflow(cache, targets):
    return -np.sum(np.log(cache["probabilities"][np.arange(len(targets)), targets]))


@misconception(
    "sequence_loss",
    title="Probability kept away from zero",
    message="With a logit of 1000 your loss is finite, but far too small. What is lost before you take the logarithm?",
    justification="log(max(p, 1e-12)) is never above 27.6",
)
def clipped_probability(cache, targets):
    p = cache["probabilities"][np.arange(len(targets)), targets]
    return -np.sum(np.log(np.maximum(p, 1e-12)))


@misconception(
    "sequence_loss",
    title="Not finite for large logits",
    message=(
        "With a logit of 1000 your loss is infinite: an exponential overflows, or a probability is stored as 0 before "
        "its logarithm is taken. What else is in the cache, and which m in the formula keeps exponentials below 1?"
    ),
    justification="log(sum(exp(u))) without a shift",
)
def loss_overflows(cache, targets):
    u = cache["logits"]
    return np.sum(np.log(np.exp(u).sum(axis=1)) - u[np.arange(len(targets)), targets])


@misconception(
    "sequence_loss",
    title="One maximum for the whole chunk",
    message=(
        "Where one step's logits lie far below another's, your loss is infinite. Whose maximum does each step need?"
    ),
    justification="m is the maximum of the chunk: log(0) at a step 1000 lower",
)
def one_maximum_for_the_chunk(cache, targets):
    u = cache["logits"] - np.max(cache["logits"])
    return np.sum(np.log(np.exp(u).sum(axis=1)) - u[np.arange(len(targets)), targets])


@misconception(
    "sequence_loss",
    title="Cache shifted in place",
    message=(
        "Your loss is right, but the cached logits are not what they were. Which operator writes into its left side?"
    ),
    justification="u -= max changes the cache that the way back still needs",
)
def shifts_the_cache_in_place(cache, targets):
    u = cache["logits"]
    u -= u.max(axis=1, keepdims=True)
    return float(np.sum(np.log(np.exp(u).sum(axis=1)) - u[np.arange(len(targets)), targets]))


# --- backward_pass ------------------------------------------------------------------------------------------------


@misconception(
    "backward_pass",
    title="1 subtracted at every target of the chunk",
    message=(
        "Your dby is wrong unless the chunk has a single character. "
        "At how many places of a step is something subtracted?"
    ),
    justification="dy[targets] -= 1 with the whole list of targets",
)
def whole_list_of_targets_subtracted(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Sign turned round",
    message="Every gradient has the opposite sign. What the network said, minus what was right, or the other way?",
    justification="one_hot - p: gradient ascent",
)
def targets_minus_probabilities(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = -ps[t]
        dy[targets[t]] += 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Divided by the number of steps",
    message="All your gradients are too small by the same factor. Is the loss of exercise 4 a mean?",
    justification="dy / T, but the loss is a sum",
)
def averaged_over_steps(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dy /= T
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Nothing subtracted",
    message="Your dby sums to the number of steps, not to zero. Where does the right character enter?",
    justification="dy = p without the 1 of the target",
)
def nothing_subtracted(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Output weights paired with the state before",
    message="Only dWhy is wrong. Which state made the logits of this step?",
    justification="dy times h_{t-1}",
)
def output_paired_with_previous_state(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Output gradients replaced at every step",
    message=(
        "For one character you are right; for several, dWhy and dby are those of one step. "
        "Shared weights: what happens to their gradients?"
    ),
    justification="= in place of += for Why and by",
)
def output_gradients_of_last_step(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] = np.outer(dy, hs[t + 1])
        grads["dby"] = dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Hidden gradients replaced at every step",
    message=(
        "The output layer is right; the hidden gradients are those of one step. "
        "Shared weights: what happens to their gradients?"
    ),
    justification="= in place of += for Wxh, Whh and bh",
)
def overwrites_instead_of_adding(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] = dz
        grads["dWhh"] = np.outer(dz, hs[t])
        grads["dbh"] = dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Nothing carried back through time",
    message="Only the output layer's gradients are right. Which later guesses has a state a part in?",
    justification="dz_next is never set",
)
def no_carry_through_time(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
    return grads


@misconception(
    "backward_pass",
    title="State's gradient carried past the tanh",
    message=(
        "One character alone is right, several are not. "
        "On its way to the step before, where does the slope of tanh sit?"
    ),
    justification="carries dh in place of dz",
)
def carries_state_gradient(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dh
    return grads


@misconception(
    "backward_pass",
    title="Hidden weights the wrong way round on the way back",
    message="One character alone is right, several are not. Forward it is Whh h: which way does the gradient go?",
    justification="Whh @ dz; square, so no error tells",
)
def carries_through_transposed_weights(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Carry reaches one step back only",
    message=(
        "One and two characters are right, more are not. What do you hand on, and does it hold what you were handed?"
    ),
    justification="hands on the part of dz that comes from this step's own guess",
)
def carries_only_one_step(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = (1 - hs[t + 1] ** 2) * (Why.T @ dy)
    return grads


@misconception(
    "backward_pass",
    title="Own state in place of the previous one",
    message="Only dWhh is wrong. Which state was Whh multiplied with on the way forward?",
    justification="dz times h_t",
)
def own_state_for_previous(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t + 1])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="State before the chunk taken as zero",
    message="Only dWhh is wrong, and only where a chunk begins with a memory. Which state did the first step read?",
    justification="zeros for h_0 in dWhh: invisible as long as h_prev is zero",
)
def initial_state_taken_as_zero(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t] if t > 0 else np.zeros(len(Whh)))
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Last state taken for the one before the first",
    message=(
        "Only dWhh is wrong, and only by the first step. "
        "What is an index of -1, and in which row does the first state stand?"
    ),
    justification="hs[t - 1 + 1] computed on hs[1:]: index -1 at t = 0 is the last state",
)
def last_state_before_first(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[1:][t - 1])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="First step left out",
    message="Every gradient lacks the part of the first character. Where does range stop?",
    justification="range(T - 1, 0, -1) never comes to 0",
)
def stops_before_the_first_step(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in range(T - 1, 0, -1):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Last step left out",
    message="Every gradient lacks the part of the last character. Where does your loop begin?",
    justification="loop from T - 2",
)
def begins_one_step_early(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in range(T - 2, -1, -1):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Walks forwards through the steps",
    message="One character alone is right, several are not. Which step has to be finished before step t can begin?",
    justification="for t in range(T): the carry comes from the past",
)
def runs_forwards_in_time(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in range(T):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Slope of tanh left out",
    message="The output layer is right, the hidden gradients are too large. What lies between h and z?",
    justification="dz = dh",
)
def slope_left_out(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Slope taken at the state before",
    message="The hidden gradients are off, also for one character. At which state is the slope of this step's tanh?",
    justification="1 - h_{t-1}²",
)
def slope_at_the_wrong_state(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="tanh applied once more in the slope",
    message="The hidden gradients are off by some per cent. Is the state not tanh of something already?",
    justification="1 - tanh(h)²",
)
def slope_of_tanh_of_tanh(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - np.tanh(hs[t + 1]) ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Row of dWxh in place of a column",
    message="Only dWxh is wrong, or a shape does not fit. Which part of Wxh did this step use?",
    justification="dWxh[inputs[t]] += dz",
)
def rows_of_wxh_gradient(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Column of the target in place of the input's",
    message="Only dWxh is wrong. Which character was read at this step, and which was to be guessed?",
    justification="dWxh[:, targets[t]] += dz",
)
def targets_column_for_inputs(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, targets[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Clipped inside",
    message="Small gradients are right, large ones are cut off at 5. Is that still the slope of the loss?",
    justification="np.clip at the end: a gradient check fails by 0.3 where it is active",
)
def clips_its_gradients(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    for gradient in grads.values():
        np.clip(gradient, -5, 5, out=gradient)
    return grads


@misconception(
    "backward_pass",
    title="Scaled down inside",
    message=(
        "Small gradients are right; long ones point in the right direction but are too short. "
        "Is that still the slope of the loss?"
    ),
    justification="clipping by norm inside the backward pass",
)
def scales_down_long_gradients(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    norm = np.sqrt(sum(np.sum(gradient**2) for gradient in grads.values()))
    return {k: gradient * min(1, 25 / norm) for k, gradient in grads.items()}


@misconception(
    "backward_pass",
    title="Cut off at one inside",
    message="No entry of your gradients is beyond 1. Is that still the slope of the loss, and whose job is clipping?",
    justification="np.clip(g, -1, 1) at the end",
)
def clips_at_one_inside(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return {k: np.clip(gradient, -1, 1) for k, gradient in grads.items()}


@misconception(
    "backward_pass",
    title="What is carried back is clipped",
    message=(
        "The output layer is right, and so are gentle gradients; steep ones are too small in the hidden layer. "
        "What do you do to dz before the step before sees it?"
    ),
    justification="np.clip(dz, -1, 1) in the loop, against exploding gradients",
)
def clips_the_carry(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = np.clip(dz, -1, 1)
    return grads


@misconception(
    "backward_pass",
    title="Way back cut every ten steps",
    message=(
        "Short chunks are right; in long ones nothing crosses every tenth step on the way back. "
        "How far back does the text say that a guess reaches within a chunk?"
    ),
    justification="the carry is set to zero every ten steps: truncation inside of a chunk",
)
def carry_cut_every_ten_steps(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz if t % 10 else np.zeros(len(Whh))
    return grads


@misconception(
    "backward_pass",
    title="Each guess looks back eight steps",
    message=(
        "Chunks of up to eight characters are right; in longer ones each guess reaches only so far back. "
        "Which state of the chunk has no part in a guess after it?"
    ),
    justification="for each step, a loop over the last eight steps only, as truncated BPTT is sometimes written",
)
def looks_back_eight_steps(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dz = (1 - hs[t + 1] ** 2) * (Why.T @ dy)
        for s in range(t, max(-1, t - 8), -1):
            grads["dWxh"][:, inputs[s]] += dz
            grads["dWhh"] += np.outer(dz, hs[s])
            grads["dbh"] += dz
            dz = (1 - hs[s] ** 2) * (Whh.T @ dz)
    return grads


@misconception(
    "backward_pass",
    title="Axes of length 1 dropped",
    message=(
        "Your gradients are right, but where the state is a single number they lose an axis. "
        "Which shape has a gradient?"
    ),
    justification="np.squeeze on every gradient",
)
def squeezes_its_gradients(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return {k: np.squeeze(gradient) for k, gradient in grads.items()}


@misconception(
    "backward_pass",
    title="By differences",
    message=(
        "Your gradients are those of a nudge, near to the slope but not the slope: where the loss is huge, its digits "
        "do not tell one nudge from the other. Which formulas of the derivation need no nudge at all?"
    ),
    justification="central differences of one's own loss: slow, and lost in rounding",
)
def by_differences(inputs, targets, cache, parameters):
    own = {k: v.copy() for k, v in parameters.items()}
    grads = {}
    for k, v in own.items():
        grads["d" + k] = np.zeros_like(v)
        for place in np.ndindex(v.shape):
            old = v[place]
            v[place] = old + 1e-5
            above = sequence_loss(forward_pass(inputs, cache["hs"][0], own), targets)
            v[place] = old - 1e-5
            below = sequence_loss(forward_pass(inputs, cache["hs"][0], own), targets)
            v[place] = old
            grads["d" + k][place] = (above - below) / 2e-5
    return grads


@misconception(
    "backward_pass",
    title="One dictionary for all calls",
    message="What your first call returned changes when a second one is made. Where are your arrays made?",
    justification="the dictionary is a default argument, set to zero at each call and returned",
)
def one_dictionary_for_all_calls(inputs, targets, cache, parameters, grads={}):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    for k, v in parameters.items():
        if grads.get("d" + k, np.zeros(0)).shape != v.shape:
            grads["d" + k] = np.zeros_like(v)
        grads["d" + k][:] = 0
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Cache changed in place",
    message=(
        "Your gradients are right once; afterwards the cached probabilities are something else. "
        "Is an indexed row a copy?"
    ),
    justification="dy = ps[t] is the cached row itself, and -= writes into it",
)
def subtracts_in_the_cache(inputs, targets, cache, parameters):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    grads = {"d" + k: np.zeros_like(v) for k, v in parameters.items()}
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = ps[t]
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


@misconception(
    "backward_pass",
    title="Repeated characters counted once",
    message=(
        "Only dWxh is wrong, and only where a character is read twice in a chunk. "
        "What does numpy do with an index that comes twice?"
    ),
    justification="dWxh[:, inputs] += dzs.T adds only once for a repeated index",
)
def repeated_characters_counted_once(inputs, targets, cache, parameters):
    Whh, Why, hs, T = parameters["Whh"], parameters["Why"], cache["hs"], len(inputs)
    dus = cache["probabilities"].copy()
    dus[np.arange(T), targets] -= 1
    dzs, dz = np.zeros((T, len(Whh))), np.zeros(len(Whh))
    for t in reversed(range(T)):
        dz = (1 - hs[t + 1] ** 2) * (Why.T @ dus[t] + Whh.T @ dz)
        dzs[t] = dz
    dWxh = np.zeros_like(parameters["Wxh"])
    dWxh[:, inputs] += dzs.T
    return {
        "dWxh": dWxh,
        "dWhh": dzs.T @ hs[:-1],
        "dWhy": dus.T @ hs[1:],
        "dbh": dzs.sum(axis=0),
        "dby": dus.sum(axis=0),
    }


@misconception(
    "backward_pass",
    title="Gradients of earlier calls kept",
    message="A first call is right, a second one adds its gradients to those of the first. Where is the sum begun?",
    justification="the dictionary of gradients is a default argument",
)
def adds_to_the_last_call(inputs, targets, cache, parameters, grads={}):
    Whh, Why = parameters["Whh"], parameters["Why"]
    hs, ps, T = cache["hs"], cache["probabilities"], len(inputs)
    for k, v in parameters.items():
        if "d" + k not in grads or grads["d" + k].shape != v.shape:
            grads["d" + k] = np.zeros_like(v)
    dz_next = np.zeros(len(Whh))
    for t in reversed(range(T)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        grads["dWhy"] += np.outer(dy, hs[t + 1])
        grads["dby"] += dy
        dh = Why.T @ dy + Whh.T @ dz_next
        dz = (1 - hs[t + 1] ** 2) * dh
        grads["dWxh"][:, inputs[t]] += dz
        grads["dWhh"] += np.outer(dz, hs[t])
        grads["dbh"] += dz
        dz_next = dz
    return grads


# --- clip ---------------------------------------------------------------------------------------------------------


@misconception(
    "clip",
    title="Clipped from above only",
    message=(
        "Large positive entries are limited, large negative ones are not. How long is a step in the other direction?"
    ),
    justification="np.minimum(g, limit)",
)
def clips_from_above_only(grads, limit=5.0):
    return {k: np.minimum(g, limit) for k, g in grads.items()}


@misconception(
    "clip",
    title="Clipped by norm in place of by value",
    message="Your large gradients keep their direction. Is the limit one for the length, or one for each entry?",
    justification="g * limit / norm: another remedy than the one asked for",
)
def clips_by_norm(grads, limit=5.0):
    norm = np.sqrt(sum(np.sum(g**2) for g in grads.values()))
    return {k: g * min(1.0, limit / norm) for k, g in grads.items()}


@misconception(
    "clip",
    title="Divided by the largest entry",
    message="Small entries become smaller where a large one stands beside them. Should they?",
    justification="each array is rescaled so that its largest entry is the limit",
)
def rescales_by_the_largest(grads, limit=5.0):
    return {k: g * min(1.0, limit / np.abs(g).max()) for k, g in grads.items()}


@misconception(
    "clip",
    title="Large entries set to zero",
    message=(
        "Entries beyond the limit become 0: where the slope is steepest, nothing moves any more. What is asked for?"
    ),
    justification="np.where(|g| > limit, 0, g)",
)
def zeroes_what_is_large(grads, limit=5.0):
    return {k: np.where(np.abs(g) > limit, 0.0, g) for k, g in grads.items()}


@misconception(
    "clip",
    title="Sign lost",
    message="Large negative entries come out positive. In which direction do they go then?",
    justification="np.where(|g| > limit, limit, g)",
)
def wraps_what_is_large(grads, limit=5.0):
    return {k: np.where(np.abs(g) > limit, limit, g) for k, g in grads.items()}


@misconception(
    "clip",
    title="Nothing is clipped",
    message="Your gradients come out as they went in. Where does the result of your clipping go?",
    justification="np.clip(g, -limit, limit) without keeping its result, or without out=",
)
def clips_nothing(grads, limit=5.0):
    for g in grads.values():
        np.clip(g, -limit, limit)
    return {k: g.copy() for k, g in grads.items()}


@misconception(
    "clip",
    title="Every entry pushed to the limit",
    message="Each of your entries is plus or minus the limit, small ones too. Which ones should change?",
    justification="limit * sign(g)",
)
def always_to_the_limit(grads, limit=5.0):
    return {k: limit * np.sign(g) for k, g in grads.items()}


@misconception(
    "clip",
    title="Bent in place of cut off",
    message="Entries well within the limit become smaller too. Which entries does the formula leave as they are?",
    justification="limit * tanh(g / limit)",
)
def squashes_smoothly(grads, limit=5.0):
    return {k: limit * np.tanh(g / limit) for k, g in grads.items()}


@misconception(
    "clip",
    title="Limit ignored",
    message="With the usual limit you are right, with another one nothing changes. Which argument do you never read?",
    justification="5 written into the function",
)
def ignores_the_limit(grads, limit=5.0):
    return {k: np.clip(g, -5, 5) for k, g in grads.items()}


@misconception(
    "clip",
    title="Clipped at one",
    message="Entries beyond 1 are cut off. What is the limit if nothing else is said?",
    justification="np.clip(g, -1, 1)",
)
def clips_at_one(grads, limit=5.0):
    return {k: np.clip(g, -1, 1) for k, g in grads.items()}


@misconception(
    "clip",
    title="Caller's gradients clipped in place",
    message="Your result is right, but the caller's gradients are clipped as well. Who else still needs them?",
    justification="np.clip(g, -limit, limit, out=g)",
)
def clips_in_place(grads, limit=5.0):
    for g in grads.values():
        np.clip(g, -limit, limit, out=g)
    return dict(grads)


@misconception(
    "clip",
    title="Only five names known",
    message=(
        "Gradients under other names than the five of this network make you fail. Whose keys should the result have?"
    ),
    justification="the five keys written into the function",
)
def knows_its_keys(grads, limit=5.0):
    return {k: np.clip(grads[k], -limit, limit) for k in grads if k in ("dWxh", "dWhh", "dWhy", "dbh", "dby")}


# --- adagrad ------------------------------------------------------------------------------------------------------


@misconception(
    "adagrad",
    title="No memory in the step",
    message="Your step depends on this gradient alone: always the learning rate, up or down. What does the memory do?",
    justification="divides by sqrt(g² + eps); the memory that is returned is right",
)
def without_memory(parameters, grads, memory, learning_rate=0.1):
    new = {k: p - learning_rate * grads["d" + k] / np.sqrt(grads["d" + k] ** 2 + 1e-8) for k, p in parameters.items()}
    return new, {k: memory[k] + grads["d" + k] ** 2 for k in parameters}


@misconception(
    "adagrad",
    title="Root left out",
    message="Your steps are too small for large gradients and too large for small ones. What stands below the line?",
    justification="g / (m + eps)",
)
def without_root(parameters, grads, memory, learning_rate=0.1):
    memory = {k: memory[k] + grads["d" + k] ** 2 for k in parameters}
    return {k: p - learning_rate * grads["d" + k] / (memory[k] + 1e-8) for k, p in parameters.items()}, memory


@misconception(
    "adagrad",
    title="Uphill",
    message="Your parameters move the wrong way: the loss grows. Along the gradient, or against it?",
    justification="plus in place of minus",
)
def wrong_sign(parameters, grads, memory, learning_rate=0.1):
    memory = {k: memory[k] + grads["d" + k] ** 2 for k in parameters}
    return {k: p + learning_rate * grads["d" + k] / np.sqrt(memory[k] + 1e-8) for k, p in parameters.items()}, memory


@misconception(
    "adagrad",
    title="Gradients added up, not their squares",
    message="Your memory has negative entries, or none where gradients cancel. What is added up?",
    justification="m + g: the root of a negative number is NaN",
)
def memory_of_gradients(parameters, grads, memory, learning_rate=0.1):
    memory = {k: memory[k] + grads["d" + k] for k in parameters}
    return {
        k: p - learning_rate * grads["d" + k] / np.sqrt(np.abs(memory[k]) + 1e-8) for k, p in parameters.items()
    }, memory


@misconception(
    "adagrad",
    title="Memory of the step before",
    message=(
        "Your memory is right, your step is too large: huge at first. "
        "Does the memory in the formula know this gradient?"
    ),
    justification="divides by the root of the old memory",
)
def memory_before_this_step(parameters, grads, memory, learning_rate=0.1):
    new = {k: p - learning_rate * grads["d" + k] / np.sqrt(memory[k] + 1e-8) for k, p in parameters.items()}
    return new, {k: memory[k] + grads["d" + k] ** 2 for k in parameters}


@misconception(
    "adagrad",
    title="Plain gradient descent",
    message="Your memory is right, but the step never asks it. What is the gradient divided by?",
    justification="p - rate * g",
)
def plain_descent(parameters, grads, memory, learning_rate=0.1):
    memory = {k: memory[k] + grads["d" + k] ** 2 for k in parameters}
    return {k: p - learning_rate * grads["d" + k] for k, p in parameters.items()}, memory


@misconception(
    "adagrad",
    title="Memory fades",
    message="Your memory forgets: it is a running mean of the squares. Does Adagrad's memory ever shrink?",
    justification="0.9 m + 0.1 g², which is another method (RMSProp)",
)
def memory_averaged(parameters, grads, memory, learning_rate=0.1):
    memory = {k: 0.9 * memory[k] + 0.1 * grads["d" + k] ** 2 for k in parameters}
    return {k: p - learning_rate * grads["d" + k] / np.sqrt(memory[k] + 1e-8) for k, p in parameters.items()}, memory


@misconception(
    "adagrad",
    title="One memory for a whole array",
    message="All entries of an array share one step size. Whose memory is it, the array's or each entry's?",
    justification="sum of the squares of all entries",
)
def one_memory_for_an_array(parameters, grads, memory, learning_rate=0.1):
    memory = {k: memory[k] + np.sum(grads["d" + k] ** 2) for k in parameters}
    return {k: p - learning_rate * grads["d" + k] / np.sqrt(memory[k] + 1e-8) for k, p in parameters.items()}, memory


@misconception(
    "adagrad",
    title="Root kept as the memory",
    message=(
        "A first step is right, later ones are not: the memory that you return is a root. What is to be remembered?"
    ),
    justification="returns sqrt(m + g²) as the memory",
)
def root_of_memory_kept(parameters, grads, memory, learning_rate=0.1):
    memory = {k: np.sqrt(memory[k] + grads["d" + k] ** 2 + 1e-8) for k in parameters}
    return {k: p - learning_rate * grads["d" + k] / memory[k] for k, p in parameters.items()}, memory


@misconception(
    "adagrad",
    title="Only the parameters returned",
    message="You return the new parameters alone. How would the next step know of this one?",
    justification="one dictionary in place of two",
)
def returns_parameters_only(parameters, grads, memory, learning_rate=0.1):
    memory = {k: memory[k] + grads["d" + k] ** 2 for k in parameters}
    return {k: p - learning_rate * grads["d" + k] / np.sqrt(memory[k] + 1e-8) for k, p in parameters.items()}


@misconception(
    "adagrad",
    title="Memory returned first",
    message="Your two dictionaries are right, but the second comes first. In which order are they asked for?",
    justification="returns memory, parameters",
)
def returns_memory_first(parameters, grads, memory, learning_rate=0.1):
    memory = {k: memory[k] + grads["d" + k] ** 2 for k in parameters}
    return memory, {k: p - learning_rate * grads["d" + k] / np.sqrt(memory[k] + 1e-8) for k, p in parameters.items()}


@misconception(
    "adagrad",
    title="Multiplied by the root",
    message="The more a weight was moved, the larger your steps become. Above the line, or below?",
    justification="g * sqrt(m)",
)
def multiplies_by_the_root(parameters, grads, memory, learning_rate=0.1):
    memory = {k: memory[k] + grads["d" + k] ** 2 for k in parameters}
    return {k: p - learning_rate * grads["d" + k] * np.sqrt(memory[k] + 1e-8) for k, p in parameters.items()}, memory


@misconception(
    "adagrad",
    title="Only the sign of the gradient",
    message=(
        "Each of your steps is the learning rate divided by the same root, whatever the gradient. "
        "What is above the line?"
    ),
    justification="sign(g) / sqrt(m)",
)
def sign_only(parameters, grads, memory, learning_rate=0.1):
    memory = {k: memory[k] + grads["d" + k] ** 2 for k in parameters}
    return {
        k: p - learning_rate * np.sign(grads["d" + k]) / np.sqrt(memory[k] + 1e-8) for k, p in parameters.items()
    }, memory


@misconception(
    "adagrad",
    title="Constant under the root far too large",
    message=(
        "Your steps are nearly right, and too small where gradients are small. How large is the number under the root?"
    ),
    justification="1e-1 in place of 1e-8",
)
def large_epsilon(parameters, grads, memory, learning_rate=0.1):
    memory = {k: memory[k] + grads["d" + k] ** 2 for k in parameters}
    return {k: p - learning_rate * grads["d" + k] / np.sqrt(memory[k] + 1e-1) for k, p in parameters.items()}, memory


@misconception(
    "adagrad",
    title="Constant beside the root",
    message=(
        "Your steps are right for ordinary gradients, and too large where a gradient is near 0.0001. "
        "Is the root taken of the memory, or of something more?"
    ),
    justification="sqrt(m) + 1e-8 in place of sqrt(m + 1e-8)",
)
def epsilon_beside_the_root(parameters, grads, memory, learning_rate=0.1):
    memory = {k: memory[k] + grads["d" + k] ** 2 for k in parameters}
    return {k: p - learning_rate * grads["d" + k] / (np.sqrt(memory[k]) + 1e-8) for k, p in parameters.items()}, memory


@misconception(
    "adagrad",
    title="Another constant under the root",
    message=(
        "Your steps are right for ordinary gradients, and too small where a gradient is near 0.001. "
        "Count the zeros of the number under the root."
    ),
    justification="1e-6 in place of 1e-8",
)
def epsilon_too_large(parameters, grads, memory, learning_rate=0.1):
    memory = {k: memory[k] + grads["d" + k] ** 2 for k in parameters}
    return {k: p - learning_rate * grads["d" + k] / np.sqrt(memory[k] + 1e-6) for k, p in parameters.items()}, memory


@misconception(
    "adagrad",
    title="Constant kept in the memory",
    message="Your memory is a little more than the sum of the squares. What is added to it, and what to the root only?",
    justification="m + g² + 1e-8 is returned, so that the constant is added at every step",
)
def epsilon_in_the_memory(parameters, grads, memory, learning_rate=0.1):
    memory = {k: memory[k] + grads["d" + k] ** 2 + 1e-8 for k in parameters}
    return {k: p - learning_rate * grads["d" + k] / np.sqrt(memory[k]) for k, p in parameters.items()}, memory


@misconception(
    "adagrad",
    title="No constant under the root",
    message="An entry whose gradient was always 0 becomes NaN. What is 0 divided by 0?",
    justification="g / sqrt(m) without the 1e-8",
)
def without_epsilon(parameters, grads, memory, learning_rate=0.1):
    memory = {k: memory[k] + grads["d" + k] ** 2 for k in parameters}
    return {k: p - learning_rate * grads["d" + k] / np.sqrt(memory[k]) for k, p in parameters.items()}, memory


@misconception(
    "adagrad",
    title="Learning rate ignored",
    message="With the usual rate you are right, with another one nothing changes. Which argument do you never read?",
    justification="0.1 written into the function",
)
def ignores_the_rate(parameters, grads, memory, learning_rate=0.1):
    memory = {k: memory[k] + grads["d" + k] ** 2 for k in parameters}
    return {k: p - 0.1 * grads["d" + k] / np.sqrt(memory[k] + 1e-8) for k, p in parameters.items()}, memory


@misconception(
    "adagrad",
    title="Old memory returned",
    message="A first step is right, and the second begins from an empty memory again. Which memory do you return?",
    justification="the new memory is used but the old one is returned",
)
def memory_not_handed_on(parameters, grads, memory, learning_rate=0.1):
    new = {k: memory[k] + grads["d" + k] ** 2 for k in parameters}
    return {k: p - learning_rate * grads["d" + k] / np.sqrt(new[k] + 1e-8) for k, p in parameters.items()}, memory


@misconception(
    "adagrad",
    title="A memory of its own",
    message=(
        "You keep a memory of your own and ignore the one that you are given. What if two networks are trained in turn?"
    ),
    justification="the memory is a default argument shared by all calls",
)
def memory_of_its_own(parameters, grads, memory, learning_rate=0.1, own={}):
    for k in parameters:
        own[k] = own.get(k, 0) + grads["d" + k] ** 2
    return {k: p - learning_rate * grads["d" + k] / np.sqrt(own[k] + 1e-8) for k, p in parameters.items()}, dict(own)


@misconception(
    "adagrad",
    title="Parameters changed in place",
    message=(
        "Your values are right, but the caller's parameters have moved too. Which operator writes into its left side?"
    ),
    justification="p -= ... changes the caller's arrays",
)
def updates_in_place(parameters, grads, memory, learning_rate=0.1):
    memory = {k: memory[k] + grads["d" + k] ** 2 for k in parameters}
    for k in parameters:
        parameters[k] -= learning_rate * grads["d" + k] / np.sqrt(memory[k] + 1e-8)
    return parameters, memory


@misconception(
    "adagrad",
    title="Memory changed in place",
    message="Your values are right, but the caller's memory has grown too. Which operator writes into its left side?",
    justification="memory[k] += g² changes the caller's arrays",
)
def memory_in_place(parameters, grads, memory, learning_rate=0.1):
    for k in parameters:
        memory[k] += grads["d" + k] ** 2
    return {k: p - learning_rate * grads["d" + k] / np.sqrt(memory[k] + 1e-8) for k, p in parameters.items()}, memory


# --- sample -------------------------------------------------------------------------------------------------------


@misconception(
    "sample",
    title="Always the most probable character",
    message="Your characters do not depend on the generator: the same text every time. Where is the lot drawn?",
    justification="argmax: goes in circles after a few steps",
)
def takes_the_most_probable(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        i = int(np.argmax(cache["logits"][0] / temperature))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="numpy's global generator used",
    message="Your characters come as often as they should, but from another generator than the one given. Which one?",
    justification="np.random.choice",
)
def global_generator(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        e = np.exp((cache["logits"][0] - cache["logits"][0].max()) / temperature)
        i = int(np.random.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="A generator of its own",
    message=(
        "Your characters come as often as they should, but the generator given is not asked. Where do yours come from?"
    ),
    justification="np.random.default_rng() inside",
)
def generator_of_its_own(h, seed_ix, n, parameters, rng, temperature=1.0):
    rng = np.random.default_rng()
    i, drawn = seed_ix, []
    for _ in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        e = np.exp((cache["logits"][0] - cache["logits"][0].max()) / temperature)
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Seeded inside",
    message="Every call gives the same text, whatever generator it is given. Who should decide on the seed?",
    justification="a fresh generator with a fixed seed in each call",
)
def reseeds_at_each_call(h, seed_ix, n, parameters, rng, temperature=1.0):
    rng = np.random.default_rng(0)
    i, drawn = seed_ix, []
    for _ in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        e = np.exp((cache["logits"][0] - cache["logits"][0].max()) / temperature)
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Global generator seeded on the way",
    message="Your text is right, but numpy's global generator is not what it was. Who else may be drawing from it?",
    justification="np.random.seed inside: the next draws of everybody else repeat",
)
def seeds_the_global_generator(h, seed_ix, n, parameters, rng, temperature=1.0):
    np.random.seed(0)
    i, drawn = seed_ix, []
    for _ in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        e = np.exp((cache["logits"][0] - cache["logits"][0].max()) / temperature)
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="All characters from the first probabilities",
    message="Your characters do not depend on one another. Does the network read what it has written?",
    justification="rng.choice(V, size=n, p=p) with the probabilities after the seed",
)
def all_from_the_first(h, seed_ix, n, parameters, rng, temperature=1.0):
    u = forward_pass(np.array([seed_ix]), h, parameters)["logits"][0] / temperature
    e = np.exp(u - u.max())
    return rng.choice(len(e), size=n, p=e / e.sum())


@misconception(
    "sample",
    title="Seed character returned too",
    message="Your text begins with the character that was given, and lacks one at the end. Which numbers were drawn?",
    justification="the list begins with seed_ix and is cut to n",
)
def seed_returned_first(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, [seed_ix]
    for _ in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        e = np.exp((cache["logits"][0] - cache["logits"][0].max()) / temperature)
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn[:n]


@misconception(
    "sample",
    title="One character too few",
    message="Your text is one character short. How often does your loop draw?",
    justification="range(1, n)",
)
def one_too_few(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(1, n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        e = np.exp((cache["logits"][0] - cache["logits"][0].max()) / temperature)
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Starts from an empty memory",
    message="Your first character does not depend on the state that was handed over. Which argument do you never read?",
    justification="h is replaced by zeros",
)
def starts_from_zero_state(h, seed_ix, n, parameters, rng, temperature=1.0):
    h = np.zeros(len(parameters["bh"]))
    i, drawn = seed_ix, []
    for _ in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        e = np.exp((cache["logits"][0] - cache["logits"][0].max()) / temperature)
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="State never updated",
    message="Each of your characters depends on the one before it and on nothing else. What becomes of the state?",
    justification="h is the same at each step",
)
def state_never_updated(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(n):
        u = forward_pass(np.array([i]), h, parameters)["logits"][0]
        e = np.exp((u - u.max()) / temperature)
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Never reads what it drew",
    message="At every step your network reads the seed character again. What should it read after the first draw?",
    justification="x stays the seed character",
)
def never_reads_what_it_drew(h, seed_ix, n, parameters, rng, temperature=1.0):
    drawn = []
    for _ in range(n):
        cache = forward_pass(np.array([seed_ix]), h, parameters)
        h = cache["hs"][-1]
        e = np.exp((cache["logits"][0] - cache["logits"][0].max()) / temperature)
        drawn.append(int(rng.choice(len(e), p=e / e.sum())))
    return drawn


@misconception(
    "sample",
    title="Reads probabilities in place of a character",
    message=(
        "Your first character is right, later ones are not. In training the network reads one character: what here?"
    ),
    justification="feeds the softmax output back, a mixture of characters that training never showed",
)
def reads_the_probabilities(h, seed_ix, n, parameters, rng, temperature=1.0):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    x, drawn = np.eye(Wxh.shape[1])[seed_ix], []
    for _ in range(n):
        h = np.tanh(Wxh @ x + Whh @ h + parameters["bh"])
        u = (Why @ h + parameters["by"]) / temperature
        x = np.exp(u - u.max()) / np.exp(u - u.max()).sum()
        drawn.append(int(rng.choice(len(x), p=x)))
    return drawn


@misconception(
    "sample",
    title="One-hot vector never cleared",
    message=(
        "Your first character is right, later ones are not: the network reads all characters so far at once. "
        "Who clears x?"
    ),
    justification="x[i] = 1 without x = zeros",
)
def one_hot_never_reset(h, seed_ix, n, parameters, rng, temperature=1.0):
    Wxh, Whh, Why = parameters["Wxh"], parameters["Whh"], parameters["Why"]
    x, drawn = np.zeros(Wxh.shape[1]), []
    x[seed_ix] = 1
    for _ in range(n):
        h = np.tanh(Wxh @ x + Whh @ h + parameters["bh"])
        u = (Why @ h + parameters["by"]) / temperature
        e = np.exp(u - u.max())
        i = int(rng.choice(len(e), p=e / e.sum()))
        x[i] = 1
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Output bias left out",
    message="Your characters would be right if by were zero: the network writes with other parameters than it learnt.",
    justification="by is used in training but not in sampling",
)
def without_output_bias_here(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(n):
        h = np.tanh(parameters["Wxh"][:, i] + parameters["Whh"] @ h + parameters["bh"])
        u = parameters["Why"] @ h / temperature
        e = np.exp(u - u.max())
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Hidden bias left out",
    message="Your characters would be right if bh were zero: the network writes with other parameters than it learnt.",
    justification="bh is used in training but not in sampling",
)
def without_hidden_bias_here(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(n):
        h = np.tanh(parameters["Wxh"][:, i] + parameters["Whh"] @ h)
        u = (parameters["Why"] @ h + parameters["by"]) / temperature
        e = np.exp(u - u.max())
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Drawn in another way",
    message=(
        "Your characters come as often as they should, but are not the expected ones. "
        "By which call are they to be drawn?"
    ),
    justification="argmax of logits plus Gumbel noise: right in law, another use of the generator",
)
def gumbel_noise(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        i = int(np.argmax(cache["logits"][0] / temperature + rng.gumbel(size=len(parameters["by"]))))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Draws before it reads",
    message="Your first character does not depend on the seed character. What is read before the first draw?",
    justification="the first draw is made from the state given, without reading seed_ix",
)
def draws_before_reading(h, seed_ix, n, parameters, rng, temperature=1.0):
    drawn = []
    for _ in range(n):
        u = (parameters["Why"] @ h + parameters["by"]) / temperature
        e = np.exp(u - u.max())
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
        h = np.tanh(parameters["Wxh"][:, i] + parameters["Whh"] @ h + parameters["bh"])
    return drawn


@misconception(
    "sample",
    title="Every character equally likely",
    message="All characters come equally often in your texts. What does your draw know of the probabilities?",
    justification="rng.choice(V) without p",
)
def uniform_draws(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(n):
        h = forward_pass(np.array([i]), h, parameters)["hs"][-1]
        i = int(rng.choice(len(parameters["by"])))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Draws twice at each step",
    message="You return one character and read another. How often do you draw at a step?",
    justification="one draw is appended, a second one is read",
)
def draws_twice(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        e = np.exp((cache["logits"][0] - cache["logits"][0].max()) / temperature)
        drawn.append(int(rng.choice(len(e), p=e / e.sum())))
        i = int(rng.choice(len(e), p=e / e.sum()))
    return drawn


@misconception(
    "sample",
    title="Temperature ignored",
    message=(
        "At temperature 1 you are right, at others you write as if it were 1. Is the temperature used, and before the "
        "softmax or after it?"
    ),
    justification="temperature is never used",
)
def ignores_the_temperature(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        i = int(rng.choice(len(parameters["by"]), p=cache["probabilities"][0]))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Multiplied by the temperature",
    message=(
        "Your network is reckless when it should be careful, and the other way round. What does a small temperature do?"
    ),
    justification="u * temperature",
)
def multiplies_by_the_temperature(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        e = np.exp((cache["logits"][0] - cache["logits"][0].max()) * temperature)
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Probabilities divided by the temperature",
    message=(
        "Your temperature changes nothing: what is divided is made to sum to one again. Before the softmax, or after?"
    ),
    justification="p / temperature, renormalised",
    like="ignores_the_temperature",
)
def temperature_on_probabilities(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        p = cache["probabilities"][0] / temperature
        i = int(rng.choice(len(p), p=p / p.sum()))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Temperature applied to the state's part only",
    message="Your temperature acts on a part of the logits: the bias keeps its size. What exactly is divided?",
    justification="Why @ (h / temperature) + by",
)
def temperature_on_the_state(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(n):
        h = forward_pass(np.array([i]), h, parameters)["hs"][-1]
        u = parameters["Why"] @ (h / temperature) + parameters["by"]
        e = np.exp(u - u.max())
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Lowest temperatures not allowed",
    message="From some temperature on, a lower one changes nothing in your text. Which temperatures may be asked for?",
    justification="max(temperature, 0.5)",
)
def temperature_kept_above_a_half(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        e = np.exp((cache["logits"][0] - cache["logits"][0].max()) / max(temperature, 0.5))
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Improbable characters never drawn",
    message="Three characters at most can follow in your text at any place. Which may be drawn, and how often?",
    justification="all but the three most probable characters are struck out before the draw",
)
def only_the_likeliest_three(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        e = np.exp((cache["logits"][0] - cache["logits"][0].max()) / temperature)
        e[e < np.sort(e)[-3:][0]] = 0
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Forgets while it writes",
    message="Your texts are right for 25 characters; then the network forgets what it has written. What becomes of h?",
    justification="the state is set to zero every 25 characters, as if a chunk began",
)
def forgets_while_writing(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for step in range(n):
        if step > 0 and step % 25 == 0:
            h = np.zeros(len(h))
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        e = np.exp((cache["logits"][0] - cache["logits"][0].max()) / temperature)
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Overflows at low temperature",
    message="At a very low temperature your probabilities become NaN, and the draw fails. How large is u / 0.001?",
    justification="exp(u / temperature) without a shift",
)
def unstable_at_low_temperature(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h = cache["hs"][-1]
        e = np.exp(cache["logits"][0] / temperature)
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn


@misconception(
    "sample",
    title="Caller's state written over",
    message="Your text is right, but afterwards the caller's h is another state. Into whose array do you write?",
    justification="h[:] = ... changes the argument",
)
def writes_into_h(h, seed_ix, n, parameters, rng, temperature=1.0):
    i, drawn = seed_ix, []
    for _ in range(n):
        cache = forward_pass(np.array([i]), h, parameters)
        h[:] = cache["hs"][-1]
        e = np.exp((cache["logits"][0] - cache["logits"][0].max()) / temperature)
        i = int(rng.choice(len(e), p=e / e.sum()))
        drawn.append(i)
    return drawn
