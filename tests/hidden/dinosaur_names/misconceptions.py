"""Wrong answers to dinosaur_names, as students type them; free names are those of the notebook."""

from __future__ import annotations

from gradekit.hidden import misconception

# --- batch -----------------------------------------------------------------------------------------------------------


@misconception(
    "batch",
    title="Padding is 0",
    message=(
        "After the end of a name your y has the number of a character, 0. How would the loss know that nothing is"
        " to be guessed there?"
    ),
    justification=(
        "np.zeros for y: where the line end is 0 the network learns to print line ends, elsewhere to print a letter"
    ),
)
def padding_is_zero(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.zeros((len(names), T_x), dtype=int)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, : len(name) + 1] = [*numbers, char_to_ix["\n"]]
    return x, y


@misconception(
    "batch",
    title="Padding is the line end",
    message="Your y has line ends all the way to the end of the row. How often does a name end?",
    justification="filled up with the number of the line end, which is praised again and again",
)
def padding_is_the_line_end(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), char_to_ix["\n"])
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, : len(name) + 1] = [*numbers, char_to_ix["\n"]]
    return x, y


@misconception(
    "batch",
    title="The end is never to be guessed",
    message=(
        "In your y the line end is missing: after the last letter there is padding at once. At which step would "
        "the network say that a name is over?"
    ),
    justification="letters only: sampled names never end",
)
def end_left_out(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, : len(name)] = numbers
    return x, y


@misconception(
    "batch",
    title="The last letter twice",
    message=(
        "Where your y should have the line end, it has the last letter a second time. What is to be guessed once "
        "the last letter has been read?"
    ),
    justification="the last target repeated in place of the end",
)
def last_letter_for_the_end(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, : len(name) + 1] = [*numbers, numbers[-1]]
    return x, y


@misconception(
    "batch",
    title="y is what was just read",
    message=(
        "Your y at a step is the letter that is read there, not the one to come. Which column of your y has a "
        "name's first letter?"
    ),
    justification="no shift between x and y: copying, which needs no guess",
)
def targets_are_what_is_read(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, 1 : len(name) + 1] = numbers
    return x, y


@misconception(
    "batch",
    title="No step for the first letter",
    message=(
        "Your arrays have a step less than there are letters and ends: a name begins by reading its first letter."
        " Who guesses that one?"
    ),
    justification="x begins with the first letter, y with the second; T_x is the longest name's length",
)
def first_letter_not_guessed(names, char_to_ix):
    T_x = max(len(name) for name in names)
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t] = 1.0
        y[i, : len(name)] = [*numbers[1:], char_to_ix["\n"]]
    return x, y


@misconception(
    "batch",
    title="The line end at the end of the row",
    message=(
        "The line end of a short name stands in your last column, with padding before it. After which step is the"
        " name over?"
    ),
    justification="y[:, -1] = end, whatever the name's length",
)
def end_at_the_end_of_the_row(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, : len(name)] = numbers
        y[i, -1] = char_to_ix["\n"]
    return x, y


@misconception(
    "batch",
    title="A line end too many",
    message="A short name has two line ends in your y. How often is the end to be guessed?",
    justification="the slice for the end reaches one step too far",
)
def one_end_too_many(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, : len(name)] = numbers
        y[i, len(name) : len(name) + 2] = char_to_ix["\n"]
    return x, y


@misconception(
    "batch",
    title="y with the steps first",
    message=("Your y has a row for each step; the exercise wants a row for each name. What is the shape of y?"),
    justification="y of shape (T_x, m)",
)
def targets_as_columns(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, : len(name) + 1] = [*numbers, char_to_ix["\n"]]
    return x, y.T


@misconception(
    "batch",
    title="Reads the letter that it is to guess",
    message=(
        "At each step your x holds the letter that y asks for at the same step. What has been read before the "
        "first letter is guessed?"
    ),
    justification="no column of zeros in front: x[:, :, t] is letter t",
)
def first_letter_read_at_once(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t] = 1.0
        y[i, : len(name) + 1] = [*numbers, char_to_ix["\n"]]
    return x, y


@misconception(
    "batch",
    title="Padding reads line ends",
    message="After the end of a name your x has ones where zeros are wanted. Is anything read at padding?",
    justification="x at padding is one-hot for the line end",
)
def padding_reads_line_ends(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, : len(name) + 1] = [*numbers, char_to_ix["\n"]]
        x[char_to_ix["\n"], i, len(name) + 1 :] = 1.0
    return x, y


@misconception(
    "batch",
    title="Ones that are never taken back",
    message="Your columns of x hold one, then two, then three ones. How many letters are read in a step?",
    justification="each column keeps the ones of the columns before",
)
def ones_never_reset(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1 : len(name) + 1] = 1.0
        y[i, : len(name) + 1] = [*numbers, char_to_ix["\n"]]
    return x, y


@misconception(
    "batch",
    title="The line end is read",
    message=(
        "In a short name your x has a one for the line end, after its last letter. Is there a step at which it is read?"
    ),
    justification="the end is treated as a letter that is read; in the longest name it does not fit",
)
def end_is_read_too(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, : len(name) + 1] = [*numbers, char_to_ix["\n"]]
        if len(name) + 1 < T_x:
            x[char_to_ix["\n"], i, len(name) + 1] = 1.0
    return x, y


@misconception(
    "batch",
    title="x with the name first",
    message=(
        "The values of your x are right, but its axes stand in another order: names first. What is the shape of x?"
    ),
    justification="x of shape (m, n_x, T_x)",
)
def batch_axis_first(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, : len(name) + 1] = [*numbers, char_to_ix["\n"]]
    return x.transpose(1, 0, 2), y


@misconception(
    "batch",
    title="Numbers where columns are wanted",
    message=(
        "Your x holds the numbers of the letters. What is read is a column with a one in it: how many axes has x?"
    ),
    justification="x of shape (m, T_x), not one-hot",
)
def numbers_for_columns(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[i, t + 1] = number
        y[i, : len(name) + 1] = [*numbers, char_to_ix["\n"]]
    return x, y


@misconception(
    "batch",
    title="The last letter is never read",
    message=("Your x lacks the last letter of each name. What has been read when the line end is to be guessed?"),
    justification="the loop over the letters stops one early",
)
def last_letter_not_read(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers[:-1]):
            x[number, i, t + 1] = 1.0
        y[i, : len(name) + 1] = [*numbers, char_to_ix["\n"]]
    return x, y


@misconception(
    "batch",
    title="Fifty steps, whatever the names",
    message="Your arrays have 50 steps for every batch. How long is the longest name?",
    justification="T_x = 50 written into the function",
)
def always_fifty_steps(names, char_to_ix):
    T_x = 50
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, : len(name) + 1] = [*numbers, char_to_ix["\n"]]
    return x, y


@misconception(
    "batch",
    title="Names cut off at twenty letters",
    message=(
        "Short names are right; of a long one you use the first twenty letters only. Does the exercise bound "
        "their length?"
    ),
    justification="name[:20]",
)
def at_most_twenty_letters(names, char_to_ix):
    T_x = max(len(name[:20]) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate([name[:20] for name in names]):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, : len(name) + 1] = [*numbers, char_to_ix["\n"]]
    return x, y


@misconception(
    "batch",
    title="Axes of length 1 lost",
    message="For one name alone your arrays have lost an axis. Which shapes do x and y have where m is 1?",
    justification="np.squeeze on both arrays",
)
def squeezes_its_arrays(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, : len(name) + 1] = [*numbers, char_to_ix["\n"]]
    return x.squeeze(), y.squeeze()


@misconception(
    "batch",
    title="Numbers of its own",
    message=(
        "Your numbers are those of the sorted characters, not those of char_to_ix. Whose numbers does the network use?"
    ),
    justification="the alphabet is sorted and numbered anew",
)
def numbers_of_its_own(names, char_to_ix):
    char_to_ix = {character: number for number, character in enumerate(sorted(char_to_ix))}
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, : len(name) + 1] = [*numbers, char_to_ix["\n"]]
    return x, y


@misconception(
    "batch",
    title="Always 27 characters",
    message="Your x has 27 rows whatever char_to_ix holds. How many characters does it number?",
    justification="27 written into the function",
)
def always_27_characters(names, char_to_ix):
    T_x = max(len(name) for name in names) + 1
    x = np.zeros((27, len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, : len(name) + 1] = [*numbers, char_to_ix["\n"]]
    return x, y


@misconception(
    "batch",
    title="One array for all calls",
    message=(
        "A first batch is right until a second one of the same shape is made: then it has changed, too. Where are"
        " your arrays made?"
    ),
    justification="arrays kept in a default argument by their shape",
)
def one_array_for_all_calls(names, char_to_ix, kept={}):
    T_x = max(len(name) for name in names) + 1
    x = kept.setdefault((len(char_to_ix), len(names), T_x), np.zeros((len(char_to_ix), len(names), T_x)))
    y = kept.setdefault((len(names), T_x), np.full((len(names), T_x), -1))
    x[:] = 0.0
    y[:] = -1
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers):
            x[number, i, t + 1] = 1.0
        y[i, : len(name) + 1] = [*numbers, char_to_ix["\n"]]
    return x, y


@misconception(
    "batch",
    title="Changes the list of names",
    message=("After your function has run, the names in the caller's list end with a line end. Whose list is it?"),
    justification='names[i] += "\\n" in the caller\'s list',
)
def appends_to_the_names(names, char_to_ix):
    for i in range(len(names)):
        names[i] = names[i] + "\n"
    T_x = max(len(name) for name in names)
    x = np.zeros((len(char_to_ix), len(names), T_x))
    y = np.full((len(names), T_x), -1)
    for i, name in enumerate(names):
        numbers = [char_to_ix[letter] for letter in name]
        for t, number in enumerate(numbers[:-1]):
            x[number, i, t + 1] = 1.0
        y[i, : len(name)] = numbers
    return x, y


# --- cell_forward ----------------------------------------------------------------------------------------------------


@misconception(
    "cell_forward",
    title="Memory weights transposed",
    message=("a_next is wrong although every shape fits. Is Waa used as it stands? It is square, so no shape tells."),
    justification="Waa.T",
)
def memory_weights_transposed(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    a_next = np.tanh(Wax @ xt + Waa.T @ a_prev + ba)
    yt_pred = softmax(Wya @ a_next + by)
    cache = (a_next, a_prev, xt, parameters)
    return a_next, yt_pred, cache


@misconception(
    "cell_forward",
    title="Bias of the memory left out",
    message="a_next is right only where ba is zero. Which parameter do you never read?",
    justification="ba not added",
)
def without_memory_bias(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    by = parameters["by"]
    a_next = np.tanh(Wax @ xt + Waa @ a_prev)
    yt_pred = softmax(Wya @ a_next + by)
    cache = (a_next, a_prev, xt, parameters)
    return a_next, yt_pred, cache


@misconception(
    "cell_forward",
    title="The memory before is not read",
    message="Your a_next does not depend on a_prev. What would the network know of the letters before?",
    justification="Waa a_prev left out",
)
def without_memory(xt, a_prev, parameters):
    Wax, Wya = parameters["Wax"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    a_next = np.tanh(Wax @ xt + ba)
    yt_pred = softmax(Wya @ a_next + by)
    cache = (a_next, a_prev, xt, parameters)
    return a_next, yt_pred, cache


@misconception(
    "cell_forward",
    title="Sigmoid for tanh",
    message="All entries of your a_next are positive. Between which numbers does tanh lie?",
    justification="1 / (1 + exp(-z))",
)
def sigmoid_for_tanh(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    a_next = 1.0 / (1.0 + np.exp(-(Wax @ xt + Waa @ a_prev + ba)))
    yt_pred = softmax(Wya @ a_next + by)
    cache = (a_next, a_prev, xt, parameters)
    return a_next, yt_pred, cache


@misconception(
    "cell_forward",
    title="No tanh",
    message="Some entries of your a_next lie far beyond 1. What bends them?",
    justification="the activation left out",
)
def without_tanh(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    a_next = Wax @ xt + Waa @ a_prev + ba
    yt_pred = softmax(Wya @ a_next + by)
    cache = (a_next, a_prev, xt, parameters)
    return a_next, yt_pred, cache


@misconception(
    "cell_forward",
    title="Tanh of each part",
    message="Your a_next can exceed 1: three bent parts are added. What stands inside the tanh?",
    justification="tanh(Wax xt) + tanh(Waa a_prev + ba)",
)
def tanh_of_each_part(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    a_next = np.tanh(Wax @ xt) + np.tanh(Waa @ a_prev + ba)
    yt_pred = softmax(Wya @ a_next + by)
    cache = (a_next, a_prev, xt, parameters)
    return a_next, yt_pred, cache


@misconception(
    "cell_forward",
    title="Guesses from the memory before",
    message=("a_next is right, and yt_pred does not follow from it. Which memory has read this step's letter?"),
    justification="softmax(Wya a_prev + by)",
)
def guess_from_previous_memory(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    a_next = np.tanh(Wax @ xt + Waa @ a_prev + ba)
    yt_pred = softmax(Wya @ a_prev + by)
    cache = (a_next, a_prev, xt, parameters)
    return a_next, yt_pred, cache


@misconception(
    "cell_forward",
    title="Bias of the output left out",
    message="yt_pred is right only where by is zero. Which parameter do you never read?",
    justification="by not added",
)
def without_output_bias(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba = parameters["ba"]
    a_next = np.tanh(Wax @ xt + Waa @ a_prev + ba)
    yt_pred = softmax(Wya @ a_next)
    cache = (a_next, a_prev, xt, parameters)
    return a_next, yt_pred, cache


@misconception(
    "cell_forward",
    title="Scores in place of probabilities",
    message="Your yt_pred has entries that are no probabilities. What becomes of the scores in the end?",
    justification="softmax left out",
)
def scores_for_probabilities(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    a_next = np.tanh(Wax @ xt + Waa @ a_prev + ba)
    yt_pred = Wya @ a_next + by
    cache = (a_next, a_prev, xt, parameters)
    return a_next, yt_pred, cache


@misconception(
    "cell_forward",
    title="Softmax over the names",
    message=("In your yt_pred the rows sum to one, not the columns. Over what is a name's probability spread?"),
    justification="softmax along axis 1",
)
def softmax_over_names(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    a_next = np.tanh(Wax @ xt + Waa @ a_prev + ba)
    yt_pred = softmax((Wya @ a_next + by).T).T
    cache = (a_next, a_prev, xt, parameters)
    return a_next, yt_pred, cache


@misconception(
    "cell_forward",
    title="The cache in another order",
    message=("Your cache holds the right things in another order. In which order will exercise 5 take it apart?"),
    justification="(a_prev, a_next, xt, parameters)",
)
def cache_in_another_order(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    a_next = np.tanh(Wax @ xt + Waa @ a_prev + ba)
    yt_pred = softmax(Wya @ a_next + by)
    cache = (a_prev, a_next, xt, parameters)
    return a_next, yt_pred, cache


@misconception(
    "cell_forward",
    title="No parameters in the cache",
    message="Your cache holds three things. Which fourth one does the way back need?",
    justification="(a_next, a_prev, xt)",
)
def cache_without_parameters(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    a_next = np.tanh(Wax @ xt + Waa @ a_prev + ba)
    yt_pred = softmax(Wya @ a_next + by)
    cache = (a_next, a_prev, xt)
    return a_next, yt_pred, cache


@misconception(
    "cell_forward",
    title="The cache holds what was before tanh",
    message=("The first thing in your cache is not a_next. Which of the two does the slope of tanh need here?"),
    justification="z in place of a_next",
)
def cache_before_tanh(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    a_next = np.tanh(Wax @ xt + Waa @ a_prev + ba)
    yt_pred = softmax(Wya @ a_next + by)
    cache = (Wax @ xt + Waa @ a_prev + ba, a_prev, xt, parameters)
    return a_next, yt_pred, cache


@misconception(
    "cell_forward",
    title="Axes of length 1 lost",
    message="For one name alone your arrays have lost an axis. What shape has a_next where m is 1?",
    justification="np.squeeze on the answers",
)
def squeezes_one_name(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    a_next = np.tanh(Wax @ xt + Waa @ a_prev + ba)
    yt_pred = softmax(Wya @ a_next + by)
    cache = (a_next, a_prev, xt, parameters)
    return a_next.squeeze(), yt_pred.squeeze(), cache


@misconception(
    "cell_forward",
    title="Softmax of its own, without a shift",
    message=(
        "With a score of 900 your probabilities are NaN. Which exponential is too large, and which softmax is given?"
    ),
    justification="np.exp of the scores as they are",
)
def own_softmax_without_shift(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    a_next = np.tanh(Wax @ xt + Waa @ a_prev + ba)
    powers = np.exp(Wya @ a_next + by)
    yt_pred = powers / powers.sum(axis=0)
    cache = (a_next, a_prev, xt, parameters)
    return a_next, yt_pred, cache


@misconception(
    "cell_forward",
    title="One shift for all names",
    message=(
        "Where one name's scores lie far above another's, the other's probabilities are lost. Whose maximum do "
        "you subtract?"
    ),
    justification="the maximum of the whole array subtracted",
)
def own_softmax_with_one_shift(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    a_next = np.tanh(Wax @ xt + Waa @ a_prev + ba)
    u = Wya @ a_next + by
    powers = np.exp(u - np.max(u))
    yt_pred = powers / powers.sum(axis=0)
    cache = (a_next, a_prev, xt, parameters)
    return a_next, yt_pred, cache


@misconception(
    "cell_forward",
    title="Writes into a_prev",
    message="Your function leaves the new memory in the array a_prev that it was given. Whose array is it?",
    justification="a_prev[:] = ...",
)
def writes_into_the_memory(xt, a_prev, parameters):
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    a_next = np.tanh(Wax @ xt + Waa @ a_prev + ba)
    yt_pred = softmax(Wya @ a_next + by)
    cache = (a_next, a_prev.copy(), xt, parameters)
    a_prev[:] = a_next
    return a_next, yt_pred, cache


# --- forward ---------------------------------------------------------------------------------------------------------


@misconception(
    "forward",
    title="Starts from zero",
    message="Your first memory does not depend on a0. From which memory does the first step start?",
    justification="a0 ignored",
)
def starts_from_zero(x, a0, parameters):
    _, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x))
    y_pred = np.zeros((n_y, m, T_x))
    steps = []
    a_next = np.zeros_like(a0)
    for t in range(T_x):
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t] = yt_pred
        steps.append(cache)
    caches = (steps, x)
    return a, y_pred, caches


@misconception(
    "forward",
    title="The memory never goes on",
    message="Step 0 is right, all later ones start from a0 again. What does step 1 know of step 0?",
    justification="a0 in every call",
)
def memory_never_updated(x, a0, parameters):
    _, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x))
    y_pred = np.zeros((n_y, m, T_x))
    steps = []
    a_next = a0
    for t in range(T_x):
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a0, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t] = yt_pred
        steps.append(cache)
    caches = (steps, x)
    return a, y_pred, caches


@misconception(
    "forward",
    title="Only the last memory",
    message="Your a is a single memory. What shape has a, with all steps?",
    justification="a_next in place of a",
)
def returns_the_last_memory(x, a0, parameters):
    _, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x))
    y_pred = np.zeros((n_y, m, T_x))
    steps = []
    a_next = a0
    for t in range(T_x):
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t] = yt_pred
        steps.append(cache)
    caches = (steps, x)
    return a_next, y_pred, caches


@misconception(
    "forward",
    title="a0 put in front",
    message="Your a has a step too many: a0 is not in it.",
    justification="a0 as the first slice of a",
)
def first_memory_in_a(x, a0, parameters):
    _, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x))
    y_pred = np.zeros((n_y, m, T_x))
    steps = []
    a_next = a0
    for t in range(T_x):
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t] = yt_pred
        steps.append(cache)
    caches = (steps, x)
    return np.concatenate([a0[:, :, np.newaxis], a], axis=2), y_pred, caches


@misconception(
    "forward",
    title="Reads from the last step to the first",
    message="Your network reads the names from their ends. Which step comes first?",
    justification="reversed(range(T_x))",
)
def reads_backwards(x, a0, parameters):
    _, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x))
    y_pred = np.zeros((n_y, m, T_x))
    steps = []
    a_next = a0
    for t in reversed(range(T_x)):
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t] = yt_pred
        steps.append(cache)
    caches = (steps, x)
    return a, y_pred, caches


@misconception(
    "forward",
    title="Steps on the first axis",
    message=(
        "The values of your a and y_pred are right, but their steps stand on the first axis. What is their shape?"
    ),
    justification="a of shape (T_x, n_a, m)",
)
def time_axis_first(x, a0, parameters):
    _, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x))
    y_pred = np.zeros((n_y, m, T_x))
    steps = []
    a_next = a0
    for t in range(T_x):
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t] = yt_pred
        steps.append(cache)
    caches = (steps, x)
    return a.transpose(2, 0, 1), y_pred.transpose(2, 0, 1), caches


@misconception(
    "forward",
    title="Stops one step early",
    message="Your last step holds zeros. Over which numbers does your loop run?",
    justification="range(T_x - 1)",
)
def stops_one_step_early(x, a0, parameters):
    _, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x))
    y_pred = np.zeros((n_y, m, T_x))
    steps = []
    a_next = a0
    for t in range(T_x - 1):
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t] = yt_pred
        steps.append(cache)
    caches = (steps, x)
    return a, y_pred, caches


@misconception(
    "forward",
    title="Guesses in the wrong slice",
    message=(
        "Your y_pred holds the right probabilities, each one step away from where it belongs. At which step is a "
        "guess made?"
    ),
    justification="y_pred[:, :, t - 1]",
)
def guesses_one_step_late(x, a0, parameters):
    _, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x))
    y_pred = np.zeros((n_y, m, T_x))
    steps = []
    a_next = a0
    for t in range(T_x):
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t - 1] = yt_pred
        steps.append(cache)
    caches = (steps, x)
    return a, y_pred, caches


@misconception(
    "forward",
    title="Caches without x",
    message="Your caches hold the steps' caches and no x. Of which two things does the tuple consist?",
    justification="the list alone",
)
def caches_are_a_list(x, a0, parameters):
    _, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x))
    y_pred = np.zeros((n_y, m, T_x))
    steps = []
    a_next = a0
    for t in range(T_x):
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t] = yt_pred
        steps.append(cache)
    caches = steps
    return a, y_pred, caches


@misconception(
    "forward",
    title="x before the list",
    message="Your caches hold x first. In which order does the exercise want the two?",
    justification="(x, list)",
)
def caches_turned_round(x, a0, parameters):
    _, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x))
    y_pred = np.zeros((n_y, m, T_x))
    steps = []
    a_next = a0
    for t in range(T_x):
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t] = yt_pred
        steps.append(cache)
    caches = (x, steps)
    return a, y_pred, caches


@misconception(
    "forward",
    title="The same cache for every step",
    message=("All steps' caches in your list are those of the last step. When does a cache get into the list?"),
    justification="[cache] * T_x",
)
def one_cache_for_all_steps(x, a0, parameters):
    _, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x))
    y_pred = np.zeros((n_y, m, T_x))
    steps = []
    a_next = a0
    for t in range(T_x):
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t] = yt_pred
        steps.append(cache)
    caches = ([cache] * T_x, x)
    return a, y_pred, caches


@misconception(
    "forward",
    title="Only the last step's cache",
    message="Your caches hold one step's cache. How many steps will the way back take?",
    justification="(cache, x)",
)
def last_cache_only(x, a0, parameters):
    _, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x))
    y_pred = np.zeros((n_y, m, T_x))
    steps = []
    a_next = a0
    for t in range(T_x):
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t] = yt_pred
        steps.append(cache)
    caches = (cache, x)
    return a, y_pred, caches


@misconception(
    "forward",
    title="Forgets every ten steps",
    message=(
        "Short sequences are right; in a long one your memory begins anew every ten steps. Does the exercise "
        "bound the length?"
    ),
    justification="a0 every tenth step",
)
def forgets_every_ten_steps(x, a0, parameters):
    _, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x))
    y_pred = np.zeros((n_y, m, T_x))
    steps = []
    a_next = a0
    for t in range(T_x):
        if t % 10 == 0 and t > 0:
            a_next = np.zeros_like(a0)
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t] = yt_pred
        steps.append(cache)
    caches = (steps, x)
    return a, y_pred, caches


@misconception(
    "forward",
    title="Axes of length 1 lost",
    message="For one name, or one step, your arrays have lost an axis. What shapes are asked for there?",
    justification="np.squeeze on the answers",
)
def squeezes_its_answers(x, a0, parameters):
    _, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x))
    y_pred = np.zeros((n_y, m, T_x))
    steps = []
    a_next = a0
    for t in range(T_x):
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t] = yt_pred
        steps.append(cache)
    caches = (steps, x)
    return a.squeeze(), y_pred.squeeze(), caches


@misconception(
    "forward",
    title="Goes on from the last call",
    message=(
        "A first call is right; a second one starts from the memory that the first has left. Which argument says "
        "where to start?"
    ),
    justification="the last memory kept in a default argument",
)
def remembers_the_last_batch(x, a0, parameters, kept={}):
    _, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x))
    y_pred = np.zeros((n_y, m, T_x))
    steps = []
    a_next = kept.get(a0.shape, a0)
    for t in range(T_x):
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t] = yt_pred
        steps.append(cache)
    caches = (steps, x)
    kept[a0.shape] = a_next
    return a, y_pred, caches


@misconception(
    "forward",
    title="Writes into a0",
    message="Your function leaves the last memory in the array a0 that it was given. Whose array is it?",
    justification="a0[:] = a_next",
)
def writes_into_a0(x, a0, parameters):
    _, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x))
    y_pred = np.zeros((n_y, m, T_x))
    steps = []
    a_next = a0.copy()
    for t in range(T_x):
        a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t] = yt_pred
        steps.append(cache)
    caches = (steps, x)
    a0[:] = a_next
    return a, y_pred, caches


# --- loss ------------------------------------------------------------------------------------------------------------


@misconception(
    "loss",
    title="Mean over the letters",
    message=(
        "Your loss is a mean over the letters. A sum over the letters of a name, a mean over the names: by what "
        "do you divide?"
    ),
    justification="divided by the number of real steps",
)
def mean_over_letters(y_pred, y):
    i, t = np.nonzero(y >= 0)
    right = y_pred[y[i, t], i, t]
    return float(-np.log(np.maximum(right, 1e-300)).mean())


@misconception(
    "loss",
    title="Divided by the steps as well",
    message=("Your loss is too small by the number of steps. By what does the exercise divide, and by what not?"),
    justification="/ (m T_x)",
)
def divided_by_steps_too(y_pred, y):
    i, t = np.nonzero(y >= 0)
    right = y_pred[y[i, t], i, t]
    return float(-np.log(np.maximum(right, 1e-300)).sum() / y.size)


@misconception(
    "loss",
    title="Not divided at all",
    message="Your loss is that of all names together. What is it a mean over?",
    justification="no division by m",
)
def not_divided(y_pred, y):
    i, t = np.nonzero(y >= 0)
    right = y_pred[y[i, t], i, t]
    return float(-np.log(np.maximum(right, 1e-300)).sum())


@misconception(
    "loss",
    title="Divided by the steps, not by the names",
    message=(
        "Your loss is divided by the number of steps where it should be divided by the number of names. Which "
        "axis of y counts the names?"
    ),
    justification="len(y[0]) in place of len(y)",
)
def divided_by_steps_for_names(y_pred, y):
    i, t = np.nonzero(y >= 0)
    right = y_pred[y[i, t], i, t]
    return float(-np.log(np.maximum(right, 1e-300)).sum() / y.shape[1])


@misconception(
    "loss",
    title="Logarithm to base 2",
    message="Your loss is 1.4427 times the right one. Which logarithm has the nat as its unit?",
    justification="np.log2",
)
def loss_in_bits(y_pred, y):
    i, t = np.nonzero(y >= 0)
    right = y_pred[y[i, t], i, t]
    return float(-np.log2(np.maximum(right, 1e-300)).sum() / len(y))


@misconception(
    "loss",
    title="The sign forgotten",
    message="Your loss is negative. Can a surprise be negative?",
    justification="no minus",
)
def loss_without_minus(y_pred, y):
    i, t = np.nonzero(y >= 0)
    right = y_pred[y[i, t], i, t]
    return float(np.log(np.maximum(right, 1e-300)).sum() / len(y))


@misconception(
    "loss",
    title="Only the last step counts",
    message="Your loss is that of the last step alone. Over which steps is summed?",
    justification="y[:, -1] only",
)
def last_step_only(y_pred, y):
    i, t = np.nonzero((y >= 0) & (np.arange(y.shape[1]) == y.shape[1] - 1))
    right = y_pred[y[i, t], i, t]
    return float(-np.log(np.maximum(right, 1e-300)).sum() / len(y))


@misconception(
    "loss",
    title="All characters count",
    message="Your loss holds the logarithms of all characters. Whose probability counts at a step?",
    justification="the right character is not picked",
)
def sum_of_all_logarithms(y_pred, y):
    i, t = np.nonzero(y >= 0)
    right = y_pred[:, i, t]
    return float(-np.log(np.maximum(right, 1e-300)).sum() / len(y))


@misconception(
    "loss",
    title="One minus the probability",
    message="Your loss of a step is never more than 1. What is the surprise at a probability near 0?",
    justification="1 - p in place of -log p",
)
def one_minus_probability(y_pred, y):
    i, t = np.nonzero(y >= 0)
    right = y_pred[y[i, t], i, t]
    return float((1.0 - right).sum() / len(y))


@misconception(
    "loss",
    title="A number for each name",
    message="You return an array. How many numbers are asked for?",
    justification="the mean over the names left out, one entry for each name",
)
def loss_as_array(y_pred, y):
    losses = np.zeros(len(y))
    for i, t in np.argwhere(y >= 0):
        losses[i] -= np.log(np.maximum(y_pred[y[i, t], i, t], 1e-300))
    return losses


@misconception(
    "loss",
    title="Divided by the number of characters",
    message="Your loss is too small by the size of the alphabet. Over what is the mean taken?",
    justification="/ (m n_y)",
)
def divided_by_characters(y_pred, y):
    i, t = np.nonzero(y >= 0)
    right = y_pred[y[i, t], i, t]
    return float(-np.log(np.maximum(right, 1e-300)).sum() / len(y) / len(y_pred))


@misconception(
    "loss",
    title="-1 used as an index",
    message=("Without padding your loss is right; with padding it is too large. What does a[-1] mean in Python?"),
    justification="y = -1 picks the last character's probability",
)
def padding_as_an_index(y_pred, y):
    i, t = np.nonzero(y >= -1)
    right = y_pred[y[i, t], i, t]
    return float(-np.log(np.maximum(right, 1e-300)).sum() / len(y))


@misconception(
    "loss",
    title="Padding counted as character 0",
    message=("Without padding your loss is right; with padding it is too large. What is to be guessed where y is -1?"),
    justification="np.maximum(y, 0)",
)
def padding_costs_the_first(y_pred, y):
    y = np.maximum(y, 0)
    i, t = np.nonzero(y >= 0)
    right = y_pred[y[i, t], i, t]
    return float(-np.log(np.maximum(right, 1e-300)).sum() / len(y))


@misconception(
    "loss",
    title="Stops at the first padding",
    message="Your loss leaves out what comes after a -1 in a row. Is that what the formula says?",
    justification="the sum over a row breaks off at its first -1",
)
def up_to_first_padding(y_pred, y):
    i, t = np.nonzero(np.cumprod(y >= 0, axis=1))
    right = y_pred[y[i, t], i, t]
    return float(-np.log(np.maximum(right, 1e-300)).sum() / len(y))


@misconception(
    "loss",
    title="The logarithm of 0",
    message=(
        "Where a right character has the probability 0, your loss is infinite. As what is such a probability read?"
    ),
    justification="no guard",
)
def logarithm_of_zero(y_pred, y):
    i, t = np.nonzero(y >= 0)
    right = y_pred[y[i, t], i, t]
    return float(-np.log(right).sum() / len(y))


@misconception(
    "loss",
    title="Guard too large",
    message=("A probability of 1e-200 counts too little in your loss. Below which number is it to be read as another?"),
    justification="np.maximum(p, 1e-12)",
)
def large_guard(y_pred, y):
    i, t = np.nonzero(y >= 0)
    right = y_pred[y[i, t], i, t]
    return float(-np.log(np.maximum(right, 1e-12)).sum() / len(y))


@misconception(
    "loss",
    title="Guard added",
    message=(
        "Where a probability is about 1e-300, your loss is not the one of the exercise. Is something added to it?"
    ),
    justification="log(p + 1e-300)",
)
def guard_added(y_pred, y):
    i, t = np.nonzero(y >= 0)
    right = y_pred[y[i, t], i, t]
    return float(-np.log(right + 1e-300).sum() / len(y))


@misconception(
    "loss",
    title="Only 0 is guarded",
    message="A probability of 1e-305 counts as it is in your loss. Which ones are read as 1e-300?",
    justification="np.where(p == 0, 1e-300, p)",
)
def zero_alone_guarded(y_pred, y):
    i, t = np.nonzero(y >= 0)
    right = y_pred[y[i, t], i, t]
    return float(-np.log(np.where(right == 0, 1e-300, right)).sum() / len(y))


@misconception(
    "loss",
    title="Changes y",
    message="After your function has run, the caller's y has no -1 any more. Whose array is it?",
    justification="y[y < 0] = 0 in the caller's array",
)
def marks_padding_in_place(y_pred, y):
    i, t = np.nonzero(y >= 0)
    right = y_pred[y[i, t], i, t]
    y[y < 0] = 0
    return float(-np.log(np.maximum(right, 1e-300)).sum() / len(y))


@misconception(
    "loss",
    title="Fails for one name",
    message=(
        "For one name alone, or one step, your function ends in an error, or gives another number. Which axes are"
        " left after squeeze?"
    ),
    justification="y_pred.squeeze() drops the batch axis",
)
def squeezes_one_name_away(y_pred, y):
    y_pred = y_pred.squeeze()
    i, t = np.nonzero(y >= 0)
    right = y_pred[y[i, t], i, t]
    return float(-np.log(np.maximum(right, 1e-300)).sum() / len(y))


# --- cell_backward ---------------------------------------------------------------------------------------------------


@misconception(
    "cell_backward",
    title="Slope of tanh left out",
    message="What arrives at a_next goes on as if there were no tanh. What lies between a_next and z?",
    justification="dz = da_next",
)
def slope_left_out(da_next, cache):
    _, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = da_next
    return {
        "dxt": Wax.T @ dz,
        "da_prev": Waa.T @ dz,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": dz.sum(axis=1, keepdims=True),
    }


@misconception(
    "cell_backward",
    title="Tanh applied twice",
    message=("Your slope is nearly right for small memories. How many times was tanh applied to what is in the cache?"),
    justification="1 - tanh(a_next)**2",
)
def slope_of_tanh_of_tanh(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - np.tanh(a_next) ** 2) * da_next
    return {
        "dxt": Wax.T @ dz,
        "da_prev": Waa.T @ dz,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": dz.sum(axis=1, keepdims=True),
    }


@misconception(
    "cell_backward",
    title="Slope at the memory before",
    message=("Your slope is taken at another step's memory. Which of the two in the cache came out of this tanh?"),
    justification="1 - a_prev**2",
)
def slope_of_the_memory_before(da_next, cache):
    _, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_prev**2) * da_next
    return {
        "dxt": Wax.T @ dz,
        "da_prev": Waa.T @ dz,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": dz.sum(axis=1, keepdims=True),
    }


@misconception(
    "cell_backward",
    title="The square forgotten",
    message="Your slope is 1 - a. What is the derivative of tanh, written by its value?",
    justification="1 - a_next",
)
def slope_without_square(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_next) * da_next
    return {
        "dxt": Wax.T @ dz,
        "da_prev": Waa.T @ dz,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": dz.sum(axis=1, keepdims=True),
    }


@misconception(
    "cell_backward",
    title="Memory weights not transposed",
    message=(
        "Only da_prev is wrong. Which way round does a matrix stand on the way back? Waa is square, so no shape tells."
    ),
    justification="Waa @ dz",
)
def memory_weights_untransposed(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_next**2) * da_next
    return {
        "dxt": Wax.T @ dz,
        "da_prev": Waa @ dz,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": dz.sum(axis=1, keepdims=True),
    }


@misconception(
    "cell_backward",
    title="Carries what arrived, not dz",
    message=("Only da_prev is wrong. Does what goes back through Waa come from outside of the tanh, or from inside?"),
    justification="Waa.T @ da_next",
)
def carries_what_arrived(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_next**2) * da_next
    return {
        "dxt": Wax.T @ dz,
        "da_prev": Waa.T @ da_next,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": dz.sum(axis=1, keepdims=True),
    }


@misconception(
    "cell_backward",
    title="dxt from what arrived, not from dz",
    message=("Only dxt is wrong. Does what goes back through Wax come from outside of the tanh, or from inside?"),
    justification="Wax.T @ da_next",
)
def reads_what_arrived(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_next**2) * da_next
    return {
        "dxt": Wax.T @ da_next,
        "da_prev": Waa.T @ dz,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": dz.sum(axis=1, keepdims=True),
    }


@misconception(
    "cell_backward",
    title="dx for dxt",
    message="Your dictionary has no key dxt. How is the gradient of one step's input called here?",
    justification="key dx in place of dxt",
)
def key_of_all_steps(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_next**2) * da_next
    return {
        "dx": Wax.T @ dz,
        "da_prev": Waa.T @ dz,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": dz.sum(axis=1, keepdims=True),
    }


@misconception(
    "cell_backward",
    title="Memory after in place of before",
    message="Only dWaa is wrong. With which memory was Waa multiplied on the way forward?",
    justification="dz @ a_next.T",
)
def memory_after_for_before(da_next, cache):
    a_next, _, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_next**2) * da_next
    return {
        "dxt": Wax.T @ dz,
        "da_prev": Waa.T @ dz,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_next.T,
        "dba": dz.sum(axis=1, keepdims=True),
    }


@misconception(
    "cell_backward",
    title="Bias gradient for each name",
    message="Your dba has a column for each name. What is the shape of ba?",
    justification="dba = dz",
)
def bias_not_summed(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_next**2) * da_next
    return {
        "dxt": Wax.T @ dz,
        "da_prev": Waa.T @ dz,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": dz,
    }


@misconception(
    "cell_backward",
    title="Bias gradient averaged",
    message="Only dba is wrong, and too small by m. Do the names' gradients add, or are they averaged?",
    justification="mean in place of sum",
)
def bias_averaged(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_next**2) * da_next
    return {
        "dxt": Wax.T @ dz,
        "da_prev": Waa.T @ dz,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": dz.mean(axis=1, keepdims=True),
    }


@misconception(
    "cell_backward",
    title="Bias gradient in one number",
    message="Your dba is the same number in every place, or a single one. Over which axis does the sum run?",
    justification="dz.sum()",
)
def bias_in_one_number(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_next**2) * da_next
    return {
        "dxt": Wax.T @ dz,
        "da_prev": Waa.T @ dz,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": np.full((len(dz), 1), dz.sum()),
    }


@misconception(
    "cell_backward",
    title="Bias gradient without its second axis",
    message="Your dba has the right values in a row. What is the shape of ba?",
    justification="dz.sum(axis=1)",
)
def bias_as_a_row(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_next**2) * da_next
    return {
        "dxt": Wax.T @ dz,
        "da_prev": Waa.T @ dz,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": dz.sum(axis=1),
    }


@misconception(
    "cell_backward",
    title="Averaged over the names",
    message=(
        "dWax, dWaa and dba are all too small by m. Who has already divided by m: this function, or the loss that"
        " arrives?"
    ),
    justification="the three divided by m",
)
def averaged_over_names(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_next**2) * da_next
    return {
        "dxt": Wax.T @ dz,
        "da_prev": Waa.T @ dz,
        "dWax": dz @ xt.T / xt.shape[1],
        "dWaa": dz @ a_prev.T / xt.shape[1],
        "dba": dz.mean(axis=1, keepdims=True),
    }


@misconception(
    "cell_backward",
    title="Weight gradients transposed",
    message=(
        "Your dWax and dWaa stand on their sides. A gradient has the shape of its parameter; dWaa's shape does "
        "not tell."
    ),
    justification="xt @ dz.T",
)
def weight_gradients_transposed(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_next**2) * da_next
    return {
        "dxt": Wax.T @ dz,
        "da_prev": Waa.T @ dz,
        "dWax": xt @ dz.T,
        "dWaa": a_prev @ dz.T,
        "dba": dz.sum(axis=1, keepdims=True),
    }


@misconception(
    "cell_backward",
    title="Clips what comes out",
    message="Your gradients never exceed 5. Which exercise limits them?",
    justification="np.clip on all five",
)
def clips_what_comes_out(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_next**2) * da_next
    gradients = {
        "dxt": Wax.T @ dz,
        "da_prev": Waa.T @ dz,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": dz.sum(axis=1, keepdims=True),
    }
    return {name: np.clip(gradient, -5.0, 5.0) for name, gradient in gradients.items()}


@misconception(
    "cell_backward",
    title="Clips what arrives",
    message="A gradient that arrives and is larger than 5 goes on as 5. Which exercise limits gradients?",
    justification="np.clip(da_next, -5, 5)",
)
def clips_what_arrives(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_next**2) * np.clip(da_next, -5.0, 5.0)
    return {
        "dxt": Wax.T @ dz,
        "da_prev": Waa.T @ dz,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": dz.sum(axis=1, keepdims=True),
    }


@misconception(
    "cell_backward",
    title="By differences",
    message=(
        "Your gradients are nearly right, and their last digits are not. A difference of two calls is near to the"
        " slope; the formula gives it exactly."
    ),
    justification="central differences of rnn_cell_forward",
)
def differences_of_the_step(da_next, cache):
    _, a_prev, xt, parameters = cache
    own = {"xt": xt, "a_prev": a_prev, "Wax": parameters["Wax"], "Waa": parameters["Waa"], "ba": parameters["ba"]}
    gradients = {}
    for name, value in own.items():
        gradient = np.zeros(value.shape)
        for place in np.ndindex(gradient.shape):
            found = []
            for nudge in (1e-5, -1e-5):
                moved = {key: array.copy() for key, array in own.items()}
                moved[name][place] += nudge
                z = moved["Wax"] @ moved["xt"] + moved["Waa"] @ moved["a_prev"] + moved["ba"]
                found.append(np.sum(da_next * np.tanh(z)))
            gradient[place] = (found[0] - found[1]) / 2e-5
        gradients["d" + name] = gradient
    return gradients


@misconception(
    "cell_backward",
    title="Axes of length 1 lost",
    message="For one name alone your gradients have lost an axis. What shape has dxt where m is 1?",
    justification="np.squeeze on all five",
)
def squeezes_its_gradients(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_next**2) * da_next
    return {
        "dxt": (Wax.T @ dz).squeeze(),
        "da_prev": (Waa.T @ dz).squeeze(),
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": dz.sum(axis=1, keepdims=True),
    }


@misconception(
    "cell_backward",
    title="Changes the cache",
    message="Your function leaves squares in the cache. Whose array is a_next?",
    justification="a_next **= 2 in place",
)
def writes_into_the_cache(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = 1.0 - np.square(a_next, out=a_next)
    dz *= da_next
    return {
        "dxt": Wax.T @ dz,
        "da_prev": Waa.T @ dz,
        "dWax": dz @ xt.T,
        "dWaa": dz @ a_prev.T,
        "dba": dz.sum(axis=1, keepdims=True),
    }


@misconception(
    "cell_backward",
    title="Adds to the last call",
    message=(
        "A first call is right; a second one holds the first one's gradients as well. Whose task is it to add up "
        "the steps?"
    ),
    justification="a default dictionary that collects",
)
def adds_up_over_calls(da_next, cache, total={}):
    a_next, a_prev, xt, parameters = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dz = (1.0 - a_next**2) * da_next
    key = Wax.shape
    one, two, three = total.get(key, (0.0, 0.0, 0.0))
    total[key] = (one + dz @ xt.T, two + dz @ a_prev.T, three + dz.sum(axis=1, keepdims=True))
    return {
        "dxt": Wax.T @ dz,
        "da_prev": Waa.T @ dz,
        "dWax": total[key][0],
        "dWaa": total[key][1],
        "dba": total[key][2],
    }


# --- backward --------------------------------------------------------------------------------------------------------


@misconception(
    "backward",
    title="Divided by the steps as well",
    message="Every gradient is too small by the number of steps. By what is the loss divided?",
    justification="/ (m T_x)",
)
def divided_by_names_and_steps(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m * T_x
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="Mean over the letters",
    message=(
        "Every gradient is too small by the same factor, the letters of a name. Of which loss is this the gradient?"
    ),
    justification="/ number of real steps",
)
def mean_over_real_steps(y, y_pred, parameters, caches):
    steps, x = caches
    T_x = y_pred.shape[2]
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= len(i)
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="Not divided by the names",
    message="Every gradient is m times too large. The loss is a mean over what?",
    justification="no 1/m",
)
def not_divided_by_names(y, y_pred, parameters, caches):
    steps, x = caches
    T_x = y_pred.shape[2]
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="The difference turned round",
    message=("Every gradient has the opposite sign. What the network said, minus what was right: which is yours?"),
    justification="du negated",
)
def targets_minus_guesses(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= -m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="The 1 is never subtracted",
    message="Your du is what the network said. Where does what was right come in?",
    justification="no -1 at the right character",
)
def nothing_subtracted(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="Output weights paired with the memory before",
    message="Only dWya is wrong. From which memory were this step's scores made?",
    justification="steps[t][1] for steps[t][0]",
)
def paired_with_previous_memory(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][1].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="Output bias without its second axis",
    message="Your dby is no column any more. What is the shape of by?",
    justification="sum over the last two axes, without a new one",
)
def output_bias_as_a_row(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] = du.sum(axis=(1, 2))
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="Output gradients of one step",
    message=("dWya is that of step 0 alone. The weights are shared by all steps: what happens to their gradients?"),
    justification="= for += in dWya",
)
def output_gradients_of_last_step(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] = du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="By differences",
    message=(
        "Your gradients are nearly right, and where the loss cannot be moved they are zero. The formula gives "
        "them exactly."
    ),
    justification="central differences of the loss",
)
def differences_of_the_loss(y, y_pred, parameters, caches):
    steps, x = caches
    gradients = {"dx": np.zeros_like(x), "da0": np.zeros_like(steps[0][1])}
    for name, value in parameters.items():
        gradients["d" + name] = np.zeros(value.shape)
        for place in np.ndindex(value.shape):
            found = []
            for nudge in (1e-5, -1e-5):
                moved = {key: np.array(array) for key, array in parameters.items()}
                moved[name][place] += nudge
                found.append(names_loss(rnn_forward(x, steps[0][1], moved)[1], y))
            gradients["d" + name][place] = (found[0] - found[1]) / 2e-5
    return gradients


@misconception(
    "backward",
    title="Only what comes back counts",
    message=(
        "dWya and dby are right; the rest lacks what each step's own guess has to say. Two roads leave a memory: "
        "which is missing?"
    ),
    justification="Wya.T du left out but at the last step",
)
def arriving_gradient_forgotten(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] if t == T_x - 1 else da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="Nothing comes back from the next step",
    message=(
        "dWya and dby are right; the rest lacks what the next step has to say. Two roads leave a memory: which is"
        " missing?"
    ),
    justification="da_prev not added",
)
def no_carry_through_time(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t], steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="Only one step's gradients",
    message=(
        "dWax, dWaa and dba are those of step 0 alone. The weights are shared by all steps: what happens to their"
        " gradients?"
    ),
    justification="= for += in the three",
)
def overwrites_instead_of_adding(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] = back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="From the first step to the last",
    message="Your loop runs forwards. Which step knows all that the future has to say?",
    justification="range(T_x) not reversed",
)
def runs_forwards_in_time(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in range(T_x):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="The last step left out",
    message="Your gradients lack what the last step has to say. Where does the loop begin?",
    justification="range(T_x - 1)",
)
def begins_one_step_early(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x - 1)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="The first step left out",
    message="Your gradients lack what step 0 has to say. Where does the loop end?",
    justification="range(1, T_x)",
)
def stops_before_the_first_step(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(1, T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="-1 used as an index",
    message="Without padding all is right; with padding nothing is. What does a[-1] mean in Python?",
    justification="the last character is taken for the right one at padding",
)
def padding_indexes_the_last(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= -1)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="Probabilities left at padding",
    message=(
        "Without padding all is right; with padding nothing is. What should the entries of du sum to at a padded "
        "step, and which are they?"
    ),
    justification="only the 1 is left out at padding",
)
def padding_keeps_probabilities(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:] = y_pred
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="dx with its steps turned round",
    message=("Only dx is wrong: its steps stand in the order in which they were found. Where does step t belong?"),
    justification="dx[:, :, T_x - 1 - t]",
)
def input_gradients_turned_round(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, T_x - 1 - t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="da0 is zero",
    message="Only da0 is wrong: it is zero. Has the memory before the first step no part in the loss?",
    justification="zeros for da0",
)
def first_memory_gets_nothing(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = np.zeros_like(da_prev)
    return gradients


@misconception(
    "backward",
    title="dx summed over the steps",
    message="Your dx is the same at every step: a sum. Is x shared by the steps, as the weights are?",
    justification="dx += in every slice",
)
def input_gradients_summed(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"] += back["dxt"][:, :, np.newaxis]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="Cut off every ten steps",
    message=("Short sequences are right; in long ones the way back is cut off. Does the exercise bound the length?"),
    justification="truncated backpropagation inside of the sequence",
)
def carry_cut_every_ten_steps(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        if t % 10 == 9:
            da_prev = np.zeros_like(da_prev)
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="Clips its gradients",
    message="Your gradients never exceed 5. Which exercise limits them?",
    justification="np.clip on all",
)
def clips_its_gradients(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return {name: np.clip(gradient, -5.0, 5.0) for name, gradient in gradients.items()}


@misconception(
    "backward",
    title="Clips what goes back",
    message="What goes back from step to step never exceeds 1 in yours. Is it limited in the formulas?",
    justification="np.clip(da_prev, -1, 1)",
)
def clips_the_carry(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = np.clip(back["da_prev"], -1.0, 1.0)
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="Axes of length 1 lost",
    message="For one name alone your gradients have lost an axis. A gradient has the shape of its array.",
    justification="np.squeeze on all",
)
def squeezes_all_gradients(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return {name: np.squeeze(gradient) for name, gradient in gradients.items()}


@misconception(
    "backward",
    title="Changes y_pred",
    message=(
        "After your function has run, the caller's y_pred is another one, and a second call gives other "
        "gradients. Is a slice a copy?"
    ),
    justification="du is y_pred itself",
)
def subtracts_in_the_guesses(y, y_pred, parameters, caches):
    steps, x = caches
    _, m, T_x = y_pred.shape
    gradients = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = y_pred
    du *= y >= 0
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


@misconception(
    "backward",
    title="Adds to the last call",
    message=(
        "A first call is right; a second one holds the first one's gradients as well. Where are your arrays made?"
    ),
    justification="arrays kept in a default argument by their shapes",
)
def keeps_adding_to_the_last_call(y, y_pred, parameters, caches, kept={}):
    steps, x = caches
    _, m, T_x = y_pred.shape
    key = (x.shape, y_pred.shape)
    zeros = {f"d{name}": np.zeros_like(parameters[name]) for name in ("Wax", "Waa", "Wya", "ba", "by")}
    gradients = kept.setdefault(key, zeros)
    gradients["dx"] = np.zeros_like(x)
    i, t = np.nonzero(y >= 0)
    du = np.zeros_like(y_pred)
    du[:, i, t] = y_pred[:, i, t]
    du[y[i, t], i, t] -= 1.0
    du /= m
    da_prev = np.zeros_like(steps[0][0])
    for t in reversed(range(T_x)):
        back = rnn_cell_backward(parameters["Wya"].T @ du[:, :, t] + da_prev, steps[t])
        for name in ("dWax", "dWaa", "dba"):
            gradients[name] += back[name]
        gradients["dWya"] += du[:, :, t] @ steps[t][0].T
        gradients["dx"][:, :, t] = back["dxt"]
        da_prev = back["da_prev"]
    gradients["dby"] += du.sum(axis=(1, 2))[:, np.newaxis]
    gradients["da0"] = da_prev
    return gradients


# --- clip ------------------------------------------------------------------------------------------------------------


@misconception(
    "clip",
    title="Limited from above only",
    message="Entries below the range are left as they are. Which are the two ends of the range?",
    justification="np.minimum alone",
)
def clips_from_above_only(gradients, max_value):
    return {name: np.minimum(gradient, max_value) for name, gradient in gradients.items()}


@misconception(
    "clip",
    title="Scaled down as a whole",
    message=("Your gradients keep their direction: all entries are scaled down. Is each entry limited by itself?"),
    justification="clipping by the norm of each array",
)
def clips_by_norm(gradients, max_value):
    return {
        name: gradient * min(1.0, max_value / max(np.linalg.norm(gradient), 1e-12))
        for name, gradient in gradients.items()
    }


@misconception(
    "clip",
    title="Scaled by the largest entry",
    message="Entries within the range have changed in yours. Which ones stay as they are?",
    justification="divided so that the largest entry is max_value",
)
def rescales_by_the_largest(gradients, max_value):
    return {
        name: gradient * min(1.0, max_value / max(np.abs(gradient).max(), 1e-12))
        for name, gradient in gradients.items()
    }


@misconception(
    "clip",
    title="Large entries set to zero",
    message="An entry beyond the range becomes 0 in yours. Which number is to take its place?",
    justification="np.where(abs > max, 0, g)",
)
def zeroes_what_is_large(gradients, max_value):
    return {name: np.where(np.abs(gradient) > max_value, 0.0, gradient) for name, gradient in gradients.items()}


@misconception(
    "clip",
    title="Nothing happens",
    message="Large entries come out as they were. What becomes of the result of np.clip?",
    justification="np.clip without its result",
)
def clips_nothing(gradients, max_value):
    for gradient in gradients.values():
        np.clip(gradient, -max_value, max_value)
    return {name: gradient.copy() for name, gradient in gradients.items()}


@misconception(
    "clip",
    title="Bent smoothly",
    message="Entries within the range have changed a little in yours. Which ones stay as they are?",
    justification="max_value * tanh(g / max_value)",
)
def squashes_smoothly(gradients, max_value):
    return {name: max_value * np.tanh(gradient / max_value) for name, gradient in gradients.items()}


@misconception(
    "clip",
    title="Large entries set to one",
    message="An entry beyond the range becomes 1 or -1 in yours. Which number is to take its place?",
    justification="np.sign without the factor",
)
def sign_of_what_is_large(gradients, max_value):
    return {
        name: np.where(np.abs(gradient) > max_value, np.sign(gradient), gradient)
        for name, gradient in gradients.items()
    }


@misconception(
    "clip",
    title="Always 5",
    message="Your limit is 5, whatever max_value says. Which argument do you never read?",
    justification="5 written into the function",
)
def always_five(gradients, max_value):
    return {name: np.clip(gradient, -5.0, 5.0) for name, gradient in gradients.items()}


@misconception(
    "clip",
    title="Changes the caller's arrays",
    message="After your function has run, the caller's gradients are limited as well. What does out= do?",
    justification="np.clip(..., out=gradient)",
)
def clips_in_place(gradients, max_value):
    return {name: np.clip(gradient, -max_value, max_value, out=gradient) for name, gradient in gradients.items()}


@misconception(
    "clip",
    title="Hands the caller's array back",
    message=(
        "Where nothing has to be limited, you return the very array that you were given. New arrays are asked for."
    ),
    justification="the argument itself where all entries are small",
)
def hands_small_ones_back(gradients, max_value):
    return {
        name: np.clip(gradient, -max_value, max_value) if np.abs(gradient).max() > max_value else gradient
        for name, gradient in gradients.items()
    }


@misconception(
    "clip",
    title="Five fixed keys",
    message="Your function knows five keys. What if the dictionary has others?",
    justification="keys written into the function",
)
def knows_its_keys(gradients, max_value):
    return {
        name: np.clip(gradient, -max_value, max_value)
        for name, gradient in gradients.items()
        if name in ("dWax", "dWaa", "dWya", "dba", "dby")
    }


# --- optimize --------------------------------------------------------------------------------------------------------


@misconception(
    "optimize",
    title="The loss after the step",
    message="Your loss is that of the new parameters. Which one is asked for?",
    justification="a second forward pass after the step",
)
def loss_after_the_step(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {name: value - learning_rate * gradients[f"d{name}"] for name, value in parameters.items()}
    _, y_pred, _ = rnn_forward(x, a_prev, moved)
    loss = names_loss(y_pred, y)
    return loss, moved, gradients, a[:, :, -1]


@misconception(
    "optimize",
    title="The loss divided by the steps",
    message=("Your loss is too small by the number of steps. Is anything to be done to what names_loss gives?"),
    justification="loss / T_x",
)
def loss_per_step_of_time(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y) / x.shape[2]
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {name: value - learning_rate * gradients[f"d{name}"] for name, value in parameters.items()}
    return loss, moved, gradients, a[:, :, -1]


@misconception(
    "optimize",
    title="Climbs",
    message="Your step goes up: the loss grows. Which sign has the step against the gradient?",
    justification="+ for -",
)
def climbs(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {name: value + learning_rate * gradients[f"d{name}"] for name, value in parameters.items()}
    return loss, moved, gradients, a[:, :, -1]


@misconception(
    "optimize",
    title="Only one parameter is moved",
    message="Of your new parameters only Wax differs from the old ones. How many are there to be learnt?",
    justification="Wax alone",
)
def one_parameter_moved(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {
        name: value - learning_rate * gradients[f"d{name}"] * (name == "Wax") for name, value in parameters.items()
    }
    return loss, moved, gradients, a[:, :, -1]


@misconception(
    "optimize",
    title="Biases stay",
    message="Your weights are moved, your biases are not. Are they parameters?",
    justification="ba and by left as they are",
)
def biases_not_moved(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {
        name: value - learning_rate * gradients[f"d{name}"] * (name not in ("ba", "by"))
        for name, value in parameters.items()
    }
    return loss, moved, gradients, a[:, :, -1]


@misconception(
    "optimize",
    title="Returns the old parameters",
    message="The parameters that you return are those that you were given. Where are the new ones?",
    justification="parameters in place of the new dictionary",
)
def returns_the_old_parameters(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    return loss, parameters, gradients, a[:, :, -1]


@misconception(
    "optimize",
    title="A rate of its own",
    message=("Your step is 0.01 times the gradient, whatever the learning rate is. Which argument do you never read?"),
    justification="0.01 written into the function",
)
def rate_of_its_own(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {name: value - 0.01 * gradients[f"d{name}"] for name, value in parameters.items()}
    return loss, moved, gradients, a[:, :, -1]


@misconception(
    "optimize",
    title="Another order",
    message=(
        "Your parameters and your gradients stand in each other's place. In which order are the four things asked for?"
    ),
    justification="loss, gradients, parameters, a_last",
)
def parts_in_another_order(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {name: value - learning_rate * gradients[f"d{name}"] for name, value in parameters.items()}
    return loss, gradients, moved, a[:, :, -1]


@misconception(
    "optimize",
    title="Divided by the names once more",
    message="Your step is too small by m. Has the gradient not been divided by it already?",
    justification="learning_rate / m",
)
def divided_by_names_again(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {name: value - learning_rate / x.shape[1] * gradients[f"d{name}"] for name, value in parameters.items()}
    return loss, moved, gradients, a[:, :, -1]


@misconception(
    "optimize",
    title="Never clips",
    message="Your gradients exceed max_value. Which exercise do you leave out?",
    justification="clip not called",
)
def never_clips(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = {f"d{name}": slopes[f"d{name}"] for name in parameters}
    moved = {name: value - learning_rate * gradients[f"d{name}"] for name, value in parameters.items()}
    return loss, moved, gradients, a[:, :, -1]


@misconception(
    "optimize",
    title="The step is not clipped",
    message=("The gradients that you return are clipped, those that you step with are not. Which are to be used?"),
    justification="value - rate * slopes",
)
def moves_unclipped(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {name: value - learning_rate * slopes[f"d{name}"] for name, value in parameters.items()}
    return loss, moved, gradients, a[:, :, -1]


@misconception(
    "optimize",
    title="Returns the gradients as they were",
    message="Your step is made with clipped gradients, but those that you return are not clipped.",
    justification="slopes in place of gradients",
)
def returns_unclipped_gradients(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {name: value - learning_rate * gradients[f"d{name}"] for name, value in parameters.items()}
    return loss, moved, {f"d{name}": slopes[f"d{name}"] for name in parameters}, a[:, :, -1]


@misconception(
    "optimize",
    title="Clips at 1",
    message=("Without a max_value your gradients are limited to 1. What does the first line of the function say?"),
    justification="max_value=1.0 as the default",
)
def clips_at_one(x, y, a_prev, parameters, learning_rate, max_value=1.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {name: value - learning_rate * gradients[f"d{name}"] for name, value in parameters.items()}
    return loss, moved, gradients, a[:, :, -1]


@misconception(
    "optimize",
    title="Always clips at 5",
    message="Your gradients are limited to 5, whatever max_value says. Which argument do you never read?",
    justification="5.0 in place of max_value",
)
def always_clips_at_five(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, 5.0)
    moved = {name: value - learning_rate * gradients[f"d{name}"] for name, value in parameters.items()}
    return loss, moved, gradients, a[:, :, -1]


@misconception(
    "optimize",
    title="Returns the steps",
    message="Your gradients are multiplied by the learning rate. Gradients are asked for, not steps.",
    justification="the rate multiplied in",
)
def gradients_times_rate(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {name: value - learning_rate * gradients[f"d{name}"] for name, value in parameters.items()}
    return loss, moved, {name: learning_rate * gradient for name, gradient in gradients.items()}, a[:, :, -1]


@misconception(
    "optimize",
    title="The memory after the first step",
    message="Your last memory is that of step 0. Which slice of a is the last one?",
    justification="a[:, :, 0]",
)
def returns_the_first_memory(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {name: value - learning_rate * gradients[f"d{name}"] for name, value in parameters.items()}
    return loss, moved, gradients, a[:, :, 0]


@misconception(
    "optimize",
    title="The memory that was given",
    message="Your last memory is a_prev. Which one has read the names?",
    justification="a_prev returned",
)
def returns_the_given_memory(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    _, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {name: value - learning_rate * gradients[f"d{name}"] for name, value in parameters.items()}
    return loss, moved, gradients, a_prev


@misconception(
    "optimize",
    title="All memories",
    message="You return the memories of all steps. How many are asked for?",
    justification="a in place of its last slice",
)
def returns_all_memories(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {name: value - learning_rate * gradients[f"d{name}"] for name, value in parameters.items()}
    return loss, moved, gradients, a


@misconception(
    "optimize",
    title="Starts from zero",
    message="Your loss does not depend on a_prev. From which memory does the forward pass start?",
    justification="zeros in place of a_prev",
)
def starts_with_an_empty_memory(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, np.zeros_like(a_prev), parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {name: value - learning_rate * gradients[f"d{name}"] for name, value in parameters.items()}
    return loss, moved, gradients, a[:, :, -1]


@misconception(
    "optimize",
    title="Changes the caller's parameters",
    message=("After your function has run, the caller's parameters are the new ones. What does -= do to an array?"),
    justification="value -= ... in the caller's arrays",
)
def moves_in_place(x, y, a_prev, parameters, learning_rate, max_value=5.0):
    a, y_pred, caches = rnn_forward(x, a_prev, parameters)
    loss = names_loss(y_pred, y)
    slopes = rnn_backward(y, y_pred, parameters, caches)
    gradients = clip({f"d{name}": slopes[f"d{name}"] for name in parameters}, max_value)
    moved = {}
    for name in parameters:
        parameters[name] -= learning_rate * gradients[f"d{name}"]
        moved[name] = parameters[name]
    return loss, moved, gradients, a[:, :, -1]


# --- sample ----------------------------------------------------------------------------------------------------------


@misconception(
    "sample",
    title="Always the most probable",
    message="Your name is the same for every generator. How is a character chosen?",
    justification="argmax in place of a lot",
)
def takes_the_most_probable(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(np.argmax(p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return [*drawn, char_to_ix["\n"]]


@misconception(
    "sample",
    title="numpy's global generator",
    message="Your draws do not come from the generator that is given. Where does all chance come from?",
    justification="np.random.choice",
)
def global_generator(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(np.random.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return [*drawn, char_to_ix["\n"]]


@misconception(
    "sample",
    title="A generator of its own",
    message="Every call of yours gives the same name. What is the argument rng for?",
    justification="default_rng(0) made inside",
)
def generator_of_its_own(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    rng = np.random.default_rng(0)
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return [*drawn, char_to_ix["\n"]]


@misconception(
    "sample",
    title="Seeds the global generator",
    message=(
        "Your names are right, but numpy's global generator is another one afterwards. Is there anything to be seeded?"
    ),
    justification="np.random.seed(0) inside",
)
def seeds_the_global_generator(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    np.random.seed(0)
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return [*drawn, char_to_ix["\n"]]


@misconception(
    "sample",
    title="The memory never goes on",
    message=(
        "The first character is right; later ones depend on the letter before and on nothing else. What becomes of a?"
    ),
    justification="every step starts from zeros",
)
def memory_never_goes_on(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length):
        _, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return [*drawn, char_to_ix["\n"]]


@misconception(
    "sample",
    title="Begins by reading a line end",
    message=(
        "Your first character is drawn after a line end was read. What has been read before the first letter of a name?"
    ),
    justification="xt is one-hot for the line end at first",
)
def begins_with_the_end(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    xt[char_to_ix["\n"]] = 1.0
    for _ in range(max_length):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return [*drawn, char_to_ix["\n"]]


@misconception(
    "sample",
    title="Begins by reading character 0",
    message=(
        "Your first character is drawn after character 0 was read. What has been read before the first letter of "
        "a name?"
    ),
    justification="xt[0] = 1 at first",
)
def begins_with_the_first_letter(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    xt[0] = 1.0
    for _ in range(max_length):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return [*drawn, char_to_ix["\n"]]


@misconception(
    "sample",
    title="Never reads what it drew",
    message="Your network reads zeros at every step. What has been read after the first letter?",
    justification="xt stays zero",
)
def never_reads_what_it_drew(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn
        xt = np.zeros((n_x, 1))
    return [*drawn, char_to_ix["\n"]]


@misconception(
    "sample",
    title="Reads the probabilities",
    message="Your network reads its own probabilities. What did it read in training?",
    justification="xt = p",
)
def reads_the_probabilities(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn
        xt = p
    return [*drawn, char_to_ix["\n"]]


@misconception(
    "sample",
    title="Ones that are never taken back",
    message=("Your network reads one letter, then two, then three at once. How many ones stand in a one-hot column?"),
    justification="xt is not made anew",
)
def reads_all_it_drew(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn
        xt[drawn[-1]] = 1.0
    return [*drawn, char_to_ix["\n"]]


@misconception(
    "sample",
    title="All characters alike",
    message="Your draws do not depend on the network. Which probabilities go to choice?",
    justification="rng.choice without p",
)
def uniform_draws(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p))))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return [*drawn, char_to_ix["\n"]]


@misconception(
    "sample",
    title="Forgets every ten letters",
    message="Short names are right; in a long one the memory begins anew. Does it go on from step to step?",
    justification="a set to zero every ten draws",
)
def forgets_while_writing(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length):
        if len(drawn) % 10 == 0:
            a = np.zeros((n_a, 1))
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return [*drawn, char_to_ix["\n"]]


@misconception(
    "sample",
    title="No line end",
    message="Your list does not end with the line end. What is its last number to be?",
    justification="returns the letters without the end",
)
def end_left_off(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn[:-1]
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return drawn


@misconception(
    "sample",
    title="No end after max_length letters",
    message=("Where no end is drawn, your list does not end with the line end. What happens after max_length letters?"),
    justification="nothing appended",
)
def no_end_appended(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return drawn


@misconception(
    "sample",
    title="A second end at the last draw",
    message=("Where the last draw that is allowed gives the line end, your list has it twice. Who appends the second?"),
    justification="appends whenever max_length characters were drawn",
)
def end_twice(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            break
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    if len(drawn) == max_length:
        drawn.append(char_to_ix["\n"])
    return drawn


@misconception(
    "sample",
    title="An end appended always",
    message="Your list has the line end twice where it was drawn. How often does it stand in it?",
    justification="appends after every name",
)
def end_appended_always(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            break
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return [*drawn, char_to_ix["\n"]]


@misconception(
    "sample",
    title="The end is taken for 0",
    message="Your names end at character 0, whichever it is. Which number has the line end?",
    justification='0 in place of char_to_ix["\\n"]',
)
def end_of_number_zero(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == 0:
            return drawn
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return [*drawn, 0]


@misconception(
    "sample",
    title="Goes on after the end",
    message="Your list goes on after a line end was drawn. When is a name over?",
    justification="no stop",
)
def goes_on_after_the_end(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return [*drawn, char_to_ix["\n"]]


@misconception(
    "sample",
    title="One draw too few",
    message=("Where no end comes, you draw a character less than is allowed. Is the appended end one of max_length?"),
    justification="max_length counts the end",
)
def one_letter_too_few(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length - 1):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return [*drawn, char_to_ix["\n"]]


@misconception(
    "sample",
    title="One draw too many",
    message=(
        "Where no end comes, you draw a character more than is allowed. How many may there be before the end is "
        "appended?"
    ),
    justification="range(max_length + 1)",
)
def one_more_draw_at_the_end(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(max_length + 1):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return [*drawn, char_to_ix["\n"]]


@misconception(
    "sample",
    title="Always up to fifty",
    message=("Your names have up to fifty letters, whatever max_length says. Which argument do you never read?"),
    justification="50 written into the function",
)
def always_fifty(parameters, char_to_ix, rng, max_length=50):
    n_a, n_x = parameters["Wax"].shape
    a, xt, drawn = np.zeros((n_a, 1)), np.zeros((n_x, 1)), []
    for _ in range(50):
        a, p, _ = rnn_cell_forward(xt, a, parameters)
        drawn.append(int(rng.choice(len(p), p=p[:, 0])))
        if drawn[-1] == char_to_ix["\n"]:
            return drawn
        xt = np.zeros((n_x, 1))
        xt[drawn[-1]] = 1.0
    return [*drawn, char_to_ix["\n"]]


# --- model -----------------------------------------------------------------------------------------------------------


@misconception(
    "model",
    title="Losses per name",
    message="Your losses are those of optimize: per name. Per what are they asked for?",
    justification="loss as it is",
)
def losses_per_name(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    for j in range(num_iterations):
        batch = [names[k % len(names)] for k in range(j * batch_size, (j + 1) * batch_size)]
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), batch_size))
        loss, parameters, _, _ = optimize(x, y, a_prev, parameters, learning_rate)
        losses.append(loss)
    return parameters, losses


@misconception(
    "model",
    title="Line ends not counted",
    message="Your losses are a little too large. Does a name's line end count as a letter?",
    justification="divided by the letters alone",
)
def losses_without_ends(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    for j in range(num_iterations):
        batch = [names[k % len(names)] for k in range(j * batch_size, (j + 1) * batch_size)]
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), batch_size))
        loss, parameters, _, _ = optimize(x, y, a_prev, parameters, learning_rate)
        losses.append(loss * batch_size / sum(len(name) for name in batch))
    return parameters, losses


@misconception(
    "model",
    title="Divided by the steps",
    message="Your losses are divided by the steps of the batch. Are there as many letters in every name?",
    justification="loss / T_x",
)
def losses_per_step_of_time(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    for j in range(num_iterations):
        batch = [names[k % len(names)] for k in range(j * batch_size, (j + 1) * batch_size)]
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), batch_size))
        loss, parameters, _, _ = optimize(x, y, a_prev, parameters, learning_rate)
        losses.append(loss / x.shape[2])
    return parameters, losses


@misconception(
    "model",
    title="Not divided by the names' letters",
    message="Your losses grow with the batch: they are sums. By what is to be divided?",
    justification="loss * m",
)
def losses_of_the_batch(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    for j in range(num_iterations):
        batch = [names[k % len(names)] for k in range(j * batch_size, (j + 1) * batch_size)]
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), batch_size))
        loss, parameters, _, _ = optimize(x, y, a_prev, parameters, learning_rate)
        losses.append(loss * batch_size)
    return parameters, losses


@misconception(
    "model",
    title="One loss for all",
    message="You return one loss. One for each step is asked for.",
    justification="the last loss alone, in a list",
)
def last_loss_only(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    for j in range(num_iterations):
        batch = [names[k % len(names)] for k in range(j * batch_size, (j + 1) * batch_size)]
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), batch_size))
        loss, parameters, _, _ = optimize(x, y, a_prev, parameters, learning_rate)
        losses.append(loss * batch_size / sum(len(name) + 1 for name in batch))
    return parameters, losses[-1:]


@misconception(
    "model",
    title="The memory carried on",
    message=(
        "Your first step is right; later ones begin with the memory that the batch before has left. Are two names"
        " neighbours in a text?"
    ),
    justification="a_last given to the next batch",
)
def memory_carried_on(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    a_prev = np.zeros((len(parameters["ba"]), batch_size))
    for j in range(num_iterations):
        batch = [names[k % len(names)] for k in range(j * batch_size, (j + 1) * batch_size)]
        x, y = make_batch(batch, char_to_ix)
        loss, parameters, _, a_prev = optimize(x, y, a_prev, parameters, learning_rate)
        losses.append(loss * batch_size / sum(len(name) + 1 for name in batch))
    return parameters, losses


@misconception(
    "model",
    title="The last names dropped",
    message=(
        "Where the list does not divide into batches, your last names never come. What happens at the end of the list?"
    ),
    justification="the round starts anew before a short batch",
)
def short_batch_dropped(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    for j in range(num_iterations):
        start = j % max(1, len(names) // batch_size) * batch_size
        batch = [names[k % len(names)] for k in range(start, start + batch_size)]
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), batch_size))
        loss, parameters, _, _ = optimize(x, y, a_prev, parameters, learning_rate)
        losses.append(loss * batch_size / sum(len(name) + 1 for name in batch))
    return parameters, losses


@misconception(
    "model",
    title="A short batch at the end",
    message="At the end of the list your batch is smaller than the others. How many names has every batch?",
    justification="a slice that ends with the list",
)
def short_batch_kept(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    for j in range(num_iterations):
        start = j % -(-len(names) // batch_size) * batch_size
        batch = names[start : start + batch_size]
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), len(batch)))
        loss, parameters, _, _ = optimize(x, y, a_prev, parameters, learning_rate)
        losses.append(loss * len(batch) / sum(len(name) + 1 for name in batch))
    return parameters, losses


@misconception(
    "model",
    title="Always the first batch",
    message="All your steps read the same names. Which ones does step 1 read?",
    justification="names[:batch_size] in every step",
)
def always_the_first_batch(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    for j in range(num_iterations):
        batch = [names[k % len(names)] for k in range(batch_size)]
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), batch_size))
        loss, parameters, _, _ = optimize(x, y, a_prev, parameters, learning_rate)
        losses.append(loss * batch_size / sum(len(name) + 1 for name in batch))
    return parameters, losses


@misconception(
    "model",
    title="One name further in each step",
    message="Your second batch begins with the second name. How many names has the first one read?",
    justification="starts at j, not at j * batch_size",
)
def one_name_further_each_step(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    for j in range(num_iterations):
        batch = [names[k % len(names)] for k in range(j, j + batch_size)]
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), batch_size))
        loss, parameters, _, _ = optimize(x, y, a_prev, parameters, learning_rate)
        losses.append(loss * batch_size / sum(len(name) + 1 for name in batch))
    return parameters, losses


@misconception(
    "model",
    title="Mixes the names",
    message="Your batches hold other names than the first, the second, and so on. Is anything mixed here?",
    justification="a permutation drawn with a fixed seed",
)
def mixes_the_names(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    names = [names[k] for k in np.random.default_rng(0).permutation(len(names))]
    for j in range(num_iterations):
        batch = [names[k % len(names)] for k in range(j * batch_size, (j + 1) * batch_size)]
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), batch_size))
        loss, parameters, _, _ = optimize(x, y, a_prev, parameters, learning_rate)
        losses.append(loss * batch_size / sum(len(name) + 1 for name in batch))
    return parameters, losses


@misconception(
    "model",
    title="Sorts the names",
    message="Your batches hold the names in alphabetical order. In which order are they to come?",
    justification="sorted(names)",
)
def sorts_the_names(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    names = sorted(names)
    for j in range(num_iterations):
        batch = [names[k % len(names)] for k in range(j * batch_size, (j + 1) * batch_size)]
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), batch_size))
        loss, parameters, _, _ = optimize(x, y, a_prev, parameters, learning_rate)
        losses.append(loss * batch_size / sum(len(name) + 1 for name in batch))
    return parameters, losses


@misconception(
    "model",
    title="Every step from the start",
    message=(
        "Each of your steps begins with the parameters that were given: nothing is learnt for long. What becomes "
        "of a step's new parameters?"
    ),
    justification="the result of optimize is kept only at the end",
)
def parameters_not_handed_on(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    start = parameters
    for j in range(num_iterations):
        batch = [names[k % len(names)] for k in range(j * batch_size, (j + 1) * batch_size)]
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), batch_size))
        loss, parameters, _, _ = optimize(x, y, a_prev, start, learning_rate)
        losses.append(loss * batch_size / sum(len(name) + 1 for name in batch))
    return parameters, losses


@misconception(
    "model",
    title="Does not clip",
    message=("Where gradients are large, your steps are larger than clipped ones. At what are they clipped here?"),
    justification="max_value=np.inf",
)
def clips_nowhere(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    for j in range(num_iterations):
        batch = [names[k % len(names)] for k in range(j * batch_size, (j + 1) * batch_size)]
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), batch_size))
        loss, parameters, _, _ = optimize(x, y, a_prev, parameters, learning_rate, max_value=np.inf)
        losses.append(loss * batch_size / sum(len(name) + 1 for name in batch))
    return parameters, losses


@misconception(
    "model",
    title="A rate of its own",
    message=("Your steps are made at a rate of 0.03, whatever learning_rate says. Which argument do you never read?"),
    justification="0.03 written into the function",
)
def ignores_the_rate(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    for j in range(num_iterations):
        batch = [names[k % len(names)] for k in range(j * batch_size, (j + 1) * batch_size)]
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), batch_size))
        loss, parameters, _, _ = optimize(x, y, a_prev, parameters, 0.03)
        losses.append(loss * batch_size / sum(len(name) + 1 for name in batch))
    return parameters, losses


@misconception(
    "model",
    title="No batch larger than the list",
    message=(
        "Where batch_size exceeds the list, your batches are smaller than asked for. What comes after the last name?"
    ),
    justification="min(batch_size, len(names))",
)
def batch_no_larger_than_the_list(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    batch_size = min(batch_size, len(names))
    for j in range(num_iterations):
        batch = [names[k % len(names)] for k in range(j * batch_size, (j + 1) * batch_size)]
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), batch_size))
        loss, parameters, _, _ = optimize(x, y, a_prev, parameters, learning_rate)
        losses.append(loss * batch_size / sum(len(name) + 1 for name in batch))
    return parameters, losses


@misconception(
    "model",
    title="At least one step",
    message="With num_iterations=0 you make a step all the same. How often does the loop run?",
    justification="range(max(1, num_iterations))",
)
def at_least_one_step(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    for j in range(max(1, num_iterations)):
        batch = [names[k % len(names)] for k in range(j * batch_size, (j + 1) * batch_size)]
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), batch_size))
        loss, parameters, _, _ = optimize(x, y, a_prev, parameters, learning_rate)
        losses.append(loss * batch_size / sum(len(name) + 1 for name in batch))
    return parameters, losses


@misconception(
    "model",
    title="Turns the caller's list",
    message=("After your function has run, the caller's list of names begins with another one. Whose list is it?"),
    justification="names.append(names.pop(0)) for each name read",
)
def takes_names_off_the_list(names, char_to_ix, parameters, num_iterations, batch_size, learning_rate):
    losses = []
    for j in range(num_iterations):
        batch = []
        for _ in range(batch_size):
            batch.append(names[0])
            names.append(names.pop(0))
        x, y = make_batch(batch, char_to_ix)
        a_prev = np.zeros((len(parameters["ba"]), batch_size))
        loss, parameters, _, _ = optimize(x, y, a_prev, parameters, learning_rate)
        losses.append(loss * batch_size / sum(len(name) + 1 for name in batch))
    return parameters, losses
