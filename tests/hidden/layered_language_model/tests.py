"""Hidden tests of layered_language_model.

Sizes differ from one another, biases and first states are not zero, T is 3 or more and N is 2 or more wherever a
special case is not the point: a wrong answer hides in equal sizes and zeros. Weights are drawn with a deviation of 0.5,
so that tanh neither saturates nor is linear; beside this small world stand windows of 40 steps, large gradients and
tiny ones.

What decides is the same under every seed: frozen cases, or draws from a generator that is seeded here. Fresh draws come
last, behind ``requires=``, and reject what was made for the frozen cases alone.

Arrays cross the line by value. So a layer's gradients are read from the layer when they are needed, a model's from
``model.layers[i].grads``; and whether a layer holds the very arrays that it was given is asked of arrays that never
leave the learner's side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradekit.hidden import Handle, exercise

# Of float64 in another order of summation 1e-12 is left after 47 steps; float32 and differences are off by 1e-8.
EXACT = 1e-9
FRESH = 1e-2
SMALL = 1e-3  # beside the largest value of an array, what is small is compared that much more closely


class Sizes(NamedTuple):
    N: int
    T: int
    D: int
    H: int


DIFFERENT = Sizes(N=3, T=4, D=2, H=5)
WIDE = Sizes(N=2, T=5, D=6, H=3)
ALL_EQUAL = Sizes(N=4, T=4, D=4, H=4)
STATES_SQUARE = Sizes(N=3, T=3, D=5, H=5)
OTHER = Sizes(N=4, T=6, D=3, H=2)  # of fresh draws
LONG = Sizes(N=2, T=40, D=3, H=5)
LONGER = Sizes(N=3, T=47, D=2, H=4)
SEVERAL = (DIFFERENT, WIDE, STATES_SQUARE, ALL_EQUAL)
SINGLE = (
    Sizes(N=1, T=3, D=4, H=2),
    Sizes(N=3, T=1, D=4, H=5),
    Sizes(N=2, T=3, D=1, H=4),
    Sizes(N=3, T=4, D=2, H=1),
    Sizes(N=1, T=1, D=1, H=1),
)


class Kind(NamedTuple):
    """A kind of layer: its class, its parameters, what goes in, and of what it returns the gradient."""

    name: str
    params: tuple[str, ...]
    inputs: tuple[str, ...]
    back: tuple[str, ...]
    out: str


RNN = Kind("RNN", ("Wx", "Wh", "b"), ("x", "h_prev"), ("dx", "dh_prev"), "h")
TIME_RNN = Kind("TimeRNN", ("Wx", "Wh", "b"), ("xs",), ("dxs",), "hs")
EMBEDDING = Kind("Embedding", ("W",), ("idx",), (), "the rows")
TIME_EMBEDDING = Kind("TimeEmbedding", ("W",), ("xs",), (), "the rows")
TIME_AFFINE = Kind("TimeAffine", ("W", "b"), ("xs",), ("dxs",), "the logits")
METHODS = ("forward", "backward")


def still(number):
    """Return a generator whose draws are the same for everybody and for ever."""
    return np.random.default_rng(number)


def near(rtol, right):
    """Return tolerances for an array; of fresh ones, small entries do not count."""
    scale = float(np.abs(right).max(initial=0.0))
    return {"rtol": rtol, "atol": rtol * scale * (1 if rtol == FRESH else SMALL)}


def demand(expect, answer, right, *, name, rtol=EXACT, **more):
    """Demand one array or number, up to rounding."""
    expect.close(answer, right, name=name, **near(rtol, right), **more)


def demand_parts(expect, answer, names, *, name):
    """Demand a tuple or list of as many parts as there are names, and return it."""
    ok = isinstance(answer, tuple | list) and len(answer) == len(names)
    things = "1 thing" if len(names) == 1 else f"{len(names)} things"
    expect.true(ok, f"{name} must hold {things}: {', '.join(names)}.", kind="type")
    return answer


def demand_object(expect, answer, methods, *, name):
    """Demand an object with those methods, and return it."""
    ok = isinstance(answer, Handle) and all(isinstance(getattr(answer, method), Handle) for method in methods)
    expect.true(ok, f"{name} makes no object with the methods {', '.join(methods)}.")
    return answer


# --- layers in general --------------------------------------------------------------------------------------------
# A case is a dictionary: `params` and `inputs` by name, `dout`, and of a TimeRNN the state `h0` that it begins with.


def made(student, expect, kind, params, **options):
    """Make a learner's layer."""
    answer = getattr(student, kind.name)(*(params[name] for name in kind.params), **options)
    return demand_object(expect, answer, METHODS, name=kind.name)


def solved(reference, kind, case):
    """Return a case with what the reference makes of it."""
    layer = getattr(reference, kind.name)(*(case["params"][name].copy() for name in kind.params))
    if "h0" in case:
        layer.stateful = True
        layer.set_state(case["h0"].copy())
    right = {"out": layer.forward(*(case["inputs"][name] for name in kind.inputs))}
    back = layer.backward(case["dout"])
    back = back if len(kind.back) > 1 else (back,)
    right |= dict(zip(kind.back, back, strict=False))
    right |= {f"d{name}": values for name, values in zip(kind.params, layer.grads, strict=True)}
    if kind is TIME_RNN:
        right |= {"h": layer.h, "dh": layer.dh}
    return {**case, "right": right}


def go_forward(kind, layer, case):
    """Call a learner's forward, from the case's state where it has one."""
    if "h0" in case:
        layer.set_state(case["h0"])
    return layer.forward(*(case["inputs"][name] for name in kind.inputs))


def demand_forward(expect, kind, layer, case, *, said=""):
    """Demand what a learner's layer returns on the way forward."""
    answer = go_forward(kind, layer, case)
    name = f"{kind.name}.forward: {kind.out}{said}"
    demand(expect, answer, case["right"]["out"], name=name, rtol=case.get("rtol", EXACT))


def demand_back(expect, kind, answer, case, *, said=""):
    """Demand the gradients that a learner's backward returns."""
    if len(kind.back) > 1:
        answer = demand_parts(expect, answer, kind.back, name=f"What {kind.name}.backward returns")
    parts = answer if len(kind.back) > 1 else (answer,)
    for name, part in zip(kind.back, parts, strict=False):
        called = f"{kind.name}.backward: {name}{said}"
        demand(expect, part, case["right"][name], name=called, rtol=case.get("rtol", EXACT), sizes=sizes_of(case))


def demand_grads(expect, kind, layer, case, *, said=""):
    """Demand the gradients that a learner's layer holds."""
    answer = demand_parts(expect, layer.grads, [f"d{name}" for name in kind.params], name=f"{kind.name}: grads")
    for name, part in zip(kind.params, answer, strict=True):
        demand(
            expect,
            part,
            case["right"][f"d{name}"],
            name=f"{kind.name}: d{name} in grads{said}",
            rtol=case.get("rtol", EXACT),
            sizes=sizes_of(case),
            picture="scatter",
        )


def sizes_of(case):
    """Return the sizes that a wrong constant factor may be made of."""
    return dict(zip(("N", "T"), case["dout"].shape[:-1], strict=False))


def demand_all(expect, kind, layer, case, *, said=""):
    """Demand what a layer returns both ways, and the gradients that it holds."""
    demand_forward(expect, kind, layer, case, said=said)
    demand_back(expect, kind, layer.backward(case["dout"]), case, said=said)
    demand_grads(expect, kind, layer, case, said=said)
    if kind is TIME_RNN:
        demand(expect, layer.dh, case["right"]["dh"], name=f"TimeRNN: dh{said}", rtol=case.get("rtol", EXACT))


def layer_for(student, expect, kind, case):
    """Make a learner's layer for a case: stateful where it begins with a state."""
    options = {"stateful": True} if "h0" in case else {}
    return made(student, expect, kind, case["params"], **options)


def each(student, expect, kind, cases, check):
    """Check each case with a new layer of the learner's, naming its sizes where something is wrong."""
    for case in cases:
        with expect.case(**named_sizes(kind, case)):
            check(expect, kind, layer_for(student, expect, kind, case), case)


def demand_returned(expect, kind, layer, case):
    """Demand what backward returns, after forward."""
    go_forward(kind, layer, case)
    demand_back(expect, kind, layer.backward(case["dout"]), case)


def demand_held(expect, kind, layer, case):
    """Demand the gradients that a layer holds after forward and backward."""
    go_forward(kind, layer, case)
    layer.backward(case["dout"])
    demand_grads(expect, kind, layer, case)


def named_sizes(kind, case):
    """Return the sizes of a case by the text's names."""
    first = case["params"][kind.params[0]].shape
    names = {"W": ("V", "D") if "Embedding" in kind.name else ("H", "V")}.get(kind.params[0], ("D", "H"))
    return {**sizes_of(case), **dict(zip(names, first, strict=True))}


def demand_latest(student, expect, kind, first, second):
    """Demand that backward belongs to the layer's latest forward, however often it is called, and grads to that call.

    A layer of the same class reads something else in between.
    """
    layer, other = (layer_for(student, expect, kind, case) for case in (first, second))
    demand_all(expect, kind, layer, first)
    go_forward(kind, other, second)
    demand_back(expect, kind, layer.backward(first["dout"]), first, said=", called again")
    demand_grads(expect, kind, layer, first, said=", called again")
    go_forward(kind, layer, first)
    demand_all(expect, kind, layer, second, said=", after another call")
    demand_all(expect, kind, layer, first, said=", after two other calls")
    demand_grads(expect, kind, layer, first, said=", after two other calls")


def demand_twice(student, expect, kind, case):
    """Demand that backward gives the same answer when it is called again."""
    layer = layer_for(student, expect, kind, case)
    go_forward(kind, layer, case)
    for said in ("", ", called again", ", called a third time"):
        demand_back(expect, kind, layer.backward(case["dout"]), case, said=said)
        demand_grads(expect, kind, layer, case, said=said)


def demand_own(student, expect, kind, first, second):
    """Demand that two layers of one class keep what they remember, and their gradients, to themselves."""
    layers = [layer_for(student, expect, kind, case) for case in (first, second)]
    for layer, case in zip(layers, (first, second), strict=True):
        demand_forward(expect, kind, layer, case)
    for layer, case in zip(layers, (first, second), strict=True):
        demand_back(expect, kind, layer.backward(case["dout"]), case, said=" of one of two layers")
    for layer, case in zip(layers, (first, second), strict=True):
        demand_grads(expect, kind, layer, case, said=" of one of two layers")


def demand_unchanged(student, expect, kind, case):
    """Demand that neither inputs nor gradients nor parameters are changed."""
    layer = layer_for(student, expect, kind, case)
    expect.unchanged(layer.forward, *(case["inputs"][name] for name in kind.inputs))
    expect.unchanged(layer.backward, case["dout"])
    answer = demand_parts(expect, layer.params, kind.params, name=f"{kind.name}: params")
    for name, array in zip(kind.params, answer, strict=True):
        demand(expect, array, case["params"][name], name=f"{kind.name}: {name} in params")


def write_into(student, path, thing, values):
    """Write values into the arrays that an object over there holds under that name, in place."""
    arrays = student.library("operator", "attrgetter")(f"{path}.__iter__")(thing)()
    copied = student.library("builtins", "map")(student.library("numpy", "copyto"), arrays, values)
    student.library("builtins", "list")(copied)


def demand_shared(student, reference, expect, kind, case, nudges):
    """Demand that a layer holds the very arrays that it was given, whoever changes them.

    The arrays stay over there, held by a partial call: a new layer is made of them, they are changed in place, and the
    layer must know; then the layer's own are changed, and they must be those.
    """
    params = [case["params"][name] for name in kind.params]
    maker = student.library("functools", "partial")(getattr(student, kind.name), *params)
    expect.true(isinstance(maker, Handle), f"{kind.name} cannot be called.")
    layer = demand_object(expect, maker(), METHODS, name=kind.name)
    changed = [param + nudge for param, nudge in zip(params, nudges, strict=True)]
    write_into(student, "args", maker, changed)
    now = {name: values for name, values in case.items() if name not in ("right", "h0")}
    now = solved(reference, kind, {**now, "params": dict(zip(kind.params, changed, strict=True))})
    demand_all(expect, kind, layer, now, said=", after the arrays given were changed in place")
    write_into(student, "params", layer, params)
    held = demand_parts(expect, maker.args, kind.params, name="What the layer was made of")
    for name, array, wanted in zip(kind.params, held, params, strict=True):
        demand(expect, array, wanted, name=f"the array {name} that was given, after the one in params was changed,")


def nudged(rng, case):
    """Draw a change of each parameter of a case."""
    return [0.3 * rng.standard_normal(array.shape) for array in case["params"].values()]


def recurrent_params(rng, sizes, scale=0.5):
    """Draw the parameters of a recurrent step, the bias too."""
    shapes = {"Wx": (sizes.D, sizes.H), "Wh": (sizes.H, sizes.H), "b": (sizes.H,)}
    return {name: scale * rng.standard_normal(shape) for name, shape in shapes.items()}


def rotation(rng, size):
    """Draw an orthogonal matrix."""
    return np.linalg.qr(rng.standard_normal((size, size)))[0]


# --- corpus -------------------------------------------------------------------------------------------------------

corpus = exercise("corpus")
TEXTS = (
    "the cat saw the dog and the dog saw a cat .",
    "b a c a b d a",
    "zebra  yak\tzebra\n\nyak xylophone\n zebra Yak",
    "She said she would , and She did .",
    "one two three four five six seven eight nine ten eleven twelve one three five seven nine eleven one twelve",
)
PARTS = ("corpus", "word_to_id", "id_to_word")


def demand_corpus(student, reference, expect, text):
    """Demand the numbers and both dictionaries of a text."""
    answer = demand_parts(expect, student.preprocess(text), PARTS, name="What preprocess returns")
    numbers, *dictionaries = answer
    right, *others = reference.preprocess(text)
    whole = not (isinstance(numbers, np.ndarray) and numbers.dtype.kind not in "iu")
    expect.true(whole, "corpus is an array, but not of integers: numbers of another kind are no index.", kind="type")
    expect.close(numbers, right.tolist(), name="corpus")
    for part, wanted, name in zip(dictionaries, others, PARTS[1:], strict=True):
        expect.keys(part, (), name=name)
        expect.true(len(part) == len(wanted), f"{name} has {len(part)} entries, which is not the number of words.")
        expect.true(set(map(str, part)) == set(map(str, wanted)), f"The keys of {name} are not the right ones.")
        expect.close(part, wanted, name=name)


@corpus.test(
    weight=4,
    kills=[
        "only_the_different_words",
        "all_small_letters",
        "numbers_of_a_set",
        "numbers_of_the_alphabet",
        "numbers_from_one_on",
        "numbers_by_frequency",
        "one_dictionary_twice",
        "cuts_at_blanks_only",
        "letters_for_words",
        "last_appearance_counts",
        "full_stops_left_out",
        "words_of_an_earlier_text",
    ],
)
def corpus_of_texts(student, reference, expect):
    """A text becomes the numbers of all its words, in order of first appearance, and both dictionaries say so."""
    for text in TEXTS:
        demand_corpus(student, reference, expect, text)


@corpus.test(requires="corpus_of_texts")
def corpus_of_a_second_text(student, reference, expect):
    """A second text has numbers of its own, from 0."""
    for text in ("we sing and we read", "you read what we sing", "x y x"):
        demand_corpus(student, reference, expect, text)


@corpus.test(weight=2, kills=["numbers_in_a_byte"], requires="corpus_of_texts")
def corpus_of_many_words(student, reference, expect):
    """A text of several hundred different words, each of them twice, is numbered right."""
    words = [f"w{number * 7919 % 1000}" for number in range(400)]
    demand_corpus(student, reference, expect, " ".join([*words, *reversed(words)]))


@corpus.test(requires="corpus_of_texts")
def corpus_of_one_word(student, reference, expect):
    """A text of a single word, or of the same word again and again, has a vocabulary of one."""
    for text in ("word", "again again again\n"):
        demand_corpus(student, reference, expect, text)


@corpus.test(requires="corpus_of_texts")
def corpus_fresh(student, reference, expect):
    """A text that is drawn anew is numbered right."""
    words = [f"word{number}" for number in reference.rng.integers(30, size=60)]
    demand_corpus(student, reference, expect, " ".join(words))


# --- batches ------------------------------------------------------------------------------------------------------

batches = exercise("batches")


def demand_batches(student, reference, expect, n, rows, columns, *, words=None):
    """Demand all windows of a corpus of n words, that of 100, 101, ... where no words are given."""
    numbers = 100 + np.arange(n) if words is None else words
    with expect.case(n=n, batch_size=rows, time_size=columns):
        answer = student.time_batches(numbers, rows, columns)
        right = reference.time_batches(numbers, rows, columns)
        expect.true(isinstance(answer, list | tuple), "time_batches returns no list.", kind="type")
        expect.true(len(answer) == len(right), f"The number of windows, {len(answer)}, is not right.", kind="length")
        for number, (pair, wanted) in enumerate(zip(answer, right, strict=True), start=1):
            parts = demand_parts(expect, pair, ("xs", "ts"), name=f"Window {number}")
            for part, values, name in zip(parts, wanted, ("xs", "ts"), strict=True):
                whole = not (isinstance(part, np.ndarray) and part.dtype.kind not in "iu")
                expect.true(whole, f"{name} is an array, but not of integers: other numbers are no index.", kind="type")
                expect.close(part, values.tolist(), name=f"{name} of window {number}")


@batches.test(
    weight=4,
    kills=[
        "rows_interleaved",
        "every_row_from_the_start",
        "rest_of_the_pairs_dropped",
        "wraps_to_the_start",
        "answers_padded_with_zero",
        "words_padded_with_minus_one",
        "last_answers_of_a_window_shifted",
        "answers_are_the_words",
        "answers_two_words_on",
        "columns_first",
        "narrow_window_dropped",
        "windows_one_after_the_other",
        "windows_overlap",
        "answers_and_words_swapped",
        "rows_rounded_down",
    ],
)
def batches_of_several_rows(student, reference, expect):
    """Every pair stands once, in its row and window, where the rows do not fill up and the last window is narrow."""
    for n, rows, columns in ((24, 4, 4), (53, 3, 7), (34, 7, 3), (41, 4, 4), (120, 5, 10)):
        demand_batches(student, reference, expect, n, rows, columns)


@batches.test(weight=3, kills=["rows_interleaved", "windows_one_after_the_other", "every_row_from_the_start"])
def batches_that_fit(student, reference, expect):
    """Where rows and windows come out even, every pair stands once, and there is no padding."""
    for n, rows, columns in ((25, 4, 3), (61, 5, 4), (37, 3, 12), (101, 10, 5)):
        demand_batches(student, reference, expect, n, rows, columns)


@batches.test(requires="batches_of_several_rows")
def batches_of_one_column(student, reference, expect):
    """A window of a single column is a column: the last one where no more is left, or each where no more is wanted."""
    for n, rows, columns in ((33, 7, 2), (41, 4, 3), (2011, 50, 1)):
        demand_batches(student, reference, expect, n, rows, columns)


@batches.test(requires="batches_of_several_rows")
def batches_of_one_row(student, reference, expect):
    """A single row is the text itself, cut into windows."""
    for n, columns in ((12, 4), (13, 4), (9, 20), (2, 1), (7, 1)):
        demand_batches(student, reference, expect, n, 1, columns)


@batches.test(weight=2, kills=["rows_without_a_pair_left_out"], requires="batches_of_several_rows")
def batches_of_few_words(student, reference, expect):
    """With fewer pairs than rows, and with rows that no pair is left for, the rows are there all the same."""
    for n, rows, columns in ((2, 3, 2), (4, 6, 5), (10, 4, 2), (2, 1, 9), (17, 6, 2), (12, 8, 1)):
        demand_batches(student, reference, expect, n, rows, columns)


@batches.test(weight=2, kills=["always_ten_columns"], requires="batches_of_several_rows")
def batches_of_a_long_text(student, reference, expect):
    """Windows of 40 and of 1000 columns of a long text are right."""
    for rows, columns in ((20, 40), (6, 1000)):
        demand_batches(student, reference, expect, 2011, rows, columns)


@batches.test(requires="batches_of_several_rows")
def batches_of_repeated_words(student, reference, expect):
    """Words that come again and again, the word 0 among them, are laid out like any others."""
    words = np.array([0, 3, 0, 0, 5, 3, 3, 0, 1, 0, 0])
    for rows, columns in ((3, 2), (2, 3), (1, 4)):
        demand_batches(student, reference, expect, len(words), rows, columns, words=words)


@batches.test(kills=["rolls_the_corpus_in_place"], requires="batches_of_several_rows")
def batches_leave_the_corpus(student, reference, expect):
    """time_batches does not change the corpus."""
    expect.unchanged(student.time_batches, reference.rng.permutation(23), 4, 3)


# --- rnn ----------------------------------------------------------------------------------------------------------

rnn = exercise("rnn")


def draw_step(rng, sizes, scale=0.5):
    """Draw a step: parameters, inputs, a state before that is not zero, a gradient."""
    inputs = {"x": rng.standard_normal((sizes.N, sizes.D)), "h_prev": np.tanh(rng.standard_normal((sizes.N, sizes.H)))}
    dout = rng.standard_normal((sizes.N, sizes.H))
    return {"params": recurrent_params(rng, sizes, scale), "inputs": inputs, "dout": dout}


def draw_sure_step(rng, sizes):
    """Draw a step in which one unit is so sure that its gradient of 1e10 has no effect but on differences."""
    case = draw_step(rng, sizes)
    case["params"]["b"][0] = 60.0
    case["dout"][:, 0] = 1e10
    return case


@rnn.frozen
def rnn_cases(rng, reference):
    """Return steps of several sizes, solved."""
    return [solved(reference, RNN, draw_step(rng, sizes)) for sizes in SEVERAL]


@rnn.frozen
def rnn_large_cases(rng, reference):
    """Return steps with large weights, with large gradients, with tiny ones, and with a large batch."""
    cases = [
        draw_step(rng, DIFFERENT, 3.0),
        draw_step(rng, WIDE),
        draw_step(rng, DIFFERENT),
        draw_step(rng, WIDE, 1e-3),
    ]
    cases[1]["dout"] *= 200.0
    cases[2]["dout"] *= 1e-4
    cases.append(draw_step(rng, Sizes(N=40, T=1, D=3, H=2)))
    return [solved(reference, RNN, case) for case in cases]


RNN_FORWARD = [
    "StateLeftOut",
    "RecurrentWeightsTransposed",
    "BiasLeftOut",
    "NoTanh",
    "LogisticForTanh",
]


@rnn.test(weight=3, kills=RNN_FORWARD)
def rnn_states(student, reference, expect):
    """RNN.forward gives the right next states, for steps of several sizes."""
    each(student, expect, RNN, reference.cases("rnn_cases"), demand_forward)


RNN_BACK = ["SlopeLeftOut", "SlopeOfTheWrongValue", "RecurrentWeightsNotTransposedBack"]


@rnn.test(weight=3, kills=[*RNN_BACK, "GradientsInTheOtherOrder"], requires="rnn_states")
def rnn_returned_gradients(student, reference, expect):
    """RNN.backward returns the right gradients by x and by the state before, for steps of several sizes."""
    each(student, expect, RNN, reference.cases("rnn_cases"), demand_returned)


@rnn.test(
    weight=3,
    kills=[
        "BiasGradientIsAMean",
        "BiasGradientWithAnAxis",
        "StateAfterForStateBefore",
        "GradientsDividedByTheBatch",
        "GradsNeverKept",
        "SlopeLeftOut",
        "SlopeOfTheWrongValue",
    ],
    requires="rnn_states",
)
def rnn_held_gradients(student, reference, expect):
    """After RNN.backward, grads hold the right gradients of the three parameters, for steps of several sizes."""
    each(student, expect, RNN, reference.cases("rnn_cases"), demand_held)


@rnn.test(weight=4, kills=["GradientsClippedInBackward"], requires=["rnn_states", "rnn_held_gradients"])
def rnn_large_and_tiny(student, reference, expect):
    """A step is right with large weights and with tiny ones, and with gradients in the hundreds and near 0.0001."""
    each(student, expect, RNN, reference.cases("rnn_large_cases"), demand_all)


@rnn.test(weight=2, requires=["rnn_states", "rnn_held_gradients"])
def rnn_sizes_of_one(student, reference, expect):
    """A step is right for a single row, a single input, and a single unit."""
    cases = [solved(reference, RNN, draw_step(still(20), sizes)) for sizes in SINGLE]
    each(student, expect, RNN, cases, demand_all)


@rnn.test(
    weight=11,
    kills=["GradsAddedUp", "FirstCacheKept", "SlopeIntoTheStateKept", "OneCacheForAllSteps"],
    requires=["rnn_returned_gradients", "rnn_held_gradients"],
)
def rnn_latest_call(student, reference, expect):
    """RNN.backward belongs to this layer's latest forward, however often it is called, and grads to that call."""
    first, second = (solved(reference, RNN, draw_step(still(number), DIFFERENT)) for number in (21, 22))
    second = solved(reference, RNN, {**second, "params": first["params"]})
    demand_latest(student, expect, RNN, first, second)


@rnn.test(weight=2, kills=["SlopeIntoTheStateKept"], requires=["rnn_returned_gradients", "rnn_held_gradients"])
def rnn_backward_twice(student, reference, expect):
    """RNN.backward gives the same gradients when it is called again."""
    demand_twice(student, expect, RNN, solved(reference, RNN, draw_step(still(23), WIDE)))


@rnn.test(weight=3, kills=["OneCacheForAllSteps"], requires=["rnn_returned_gradients", "rnn_held_gradients"])
def rnn_two_steps(student, reference, expect):
    """Two steps made one after the other keep what each of them remembers."""
    demand_own(student, expect, RNN, *(solved(reference, RNN, draw_step(still(n), DIFFERENT)) for n in (24, 25)))


@rnn.test(
    weight=3, kills=["CopiesItsParameters"], requires=["rnn_states", "rnn_returned_gradients", "rnn_held_gradients"]
)
def rnn_shares_its_arrays(student, reference, expect):
    """RNN's params are the very arrays that it was given: changed in place, they are changed for both."""
    case = draw_step(still(26), DIFFERENT)
    demand_shared(student, reference, expect, RNN, case, nudged(still(27), case))


@rnn.test(weight=3, kills=["GradientsByDifferences"], requires=["rnn_states"])
def rnn_exact(student, reference, expect):
    """RNN's gradients are right where no difference of outputs can tell them."""
    cases = [solved(reference, RNN, draw_sure_step(still(28), sizes)) for sizes in (DIFFERENT, WIDE)]
    each(student, expect, RNN, cases, demand_returned)
    each(student, expect, RNN, cases, demand_held)


@rnn.test(kills=["ChangesTheGradientGiven"], requires=["rnn_returned_gradients", "rnn_held_gradients"])
def rnn_leaves_arguments(student, reference, expect):
    """Neither inputs nor states nor gradients nor parameters are changed."""
    demand_unchanged(student, expect, RNN, solved(reference, RNN, draw_step(still(29), DIFFERENT)))


@rnn.test(requires=["rnn_states", "rnn_returned_gradients", "rnn_held_gradients", "rnn_large_and_tiny", "rnn_exact"])
def rnn_fresh(student, reference, expect):
    """A step is right for numbers that are drawn anew."""
    case = {**solved(reference, RNN, draw_step(reference.rng, OTHER)), "rtol": FRESH}
    demand_all(expect, RNN, made(student, expect, RNN, case["params"]), case)


# --- time_rnn -----------------------------------------------------------------------------------------------------

time_rnn = exercise("time_rnn")


def draw_window(rng, sizes, *, state=True, scale=0.5):
    """Draw a window: parameters, inputs, gradients, and a state to begin with."""
    case = {
        "params": recurrent_params(rng, sizes, scale),
        "inputs": {"xs": rng.standard_normal((sizes.N, sizes.T, sizes.D))},
        "dout": rng.standard_normal((sizes.N, sizes.T, sizes.H)),
    }
    return case | ({"h0": np.tanh(rng.standard_normal((sizes.N, sizes.H)))} if state else {})


def draw_long_window(rng, sizes):
    """Draw a window whose first state is felt at its end: Wh keeps lengths, and tanh stays steep."""
    case = draw_window(rng, sizes)
    case["params"] |= {"Wh": rotation(rng, sizes.H), "b": 0.05 * case["params"]["b"]}
    case["inputs"]["xs"] *= 0.1
    case["h0"] *= 0.2
    return case


def draw_large_window(rng, sizes):
    """Draw a window whose gradients grow on their way and reach the hundreds."""
    case = draw_long_window(rng, sizes)
    case["params"]["Wh"] *= 1.15
    case["dout"] *= 20.0
    return case


def draw_sure_window(rng, sizes):
    """Draw a window in which one unit is so sure that its gradient of 1e10 has no effect but on differences."""
    case = draw_window(rng, sizes)
    case["params"]["b"][0] = 60.0
    case["dout"][:, :, 0] = 1e10
    return case


@time_rnn.frozen
def time_rnn_cases(rng, reference):
    """Return windows of several sizes from a state, solved."""
    return [solved(reference, TIME_RNN, draw_window(rng, sizes)) for sizes in SEVERAL]


@time_rnn.frozen
def time_rnn_plain_cases(rng, reference):
    """Return windows of several sizes from zeros, solved."""
    return [solved(reference, TIME_RNN, draw_window(rng, sizes, state=False)) for sizes in SEVERAL]


@time_rnn.frozen
def time_rnn_long_cases(rng, reference):
    """Return windows of 40 steps and more: through which much is felt, with large gradients and with tiny ones."""
    cases = [draw_long_window(rng, LONG), draw_large_window(rng, LONGER), draw_window(rng, LONG)]
    cases[2]["dout"] *= 1e-4
    return [solved(reference, TIME_RNN, case) for case in cases]


@time_rnn.test(
    weight=3,
    kills=[
        "LastStateForAll",
        "BeginsEachStepWithZeros",
        "ReadsBatchForTime",
        "StateBeforeForStateAfter",
    ],
)
def time_rnn_states(student, reference, expect):
    """TimeRNN.forward gives the right state after every step, beginning with zeros."""
    cases = reference.cases("time_rnn_plain_cases")
    for case in cases:  # all of them are asked before any is judged: one answer alone tells too little of a mistake
        with expect.case(**named_sizes(TIME_RNN, case)):
            go_forward(TIME_RNN, layer_for(student, expect, TIME_RNN, case), case)
    each(student, expect, TIME_RNN, cases, demand_forward)


@time_rnn.test(weight=2, kills=["SetStateForgotten"], requires="time_rnn_states")
def time_rnn_from_a_state(student, reference, expect):
    """A stateful TimeRNN begins with the state that was set, and its h is the state after the last step."""
    each(student, expect, TIME_RNN, reference.cases("time_rnn_cases"), demand_last_state)


def demand_last_state(expect, kind, layer, case):
    """Demand that h is the state that was set, then all states, and that h is the last one."""
    layer.set_state(case["h0"])
    demand(expect, layer.h, case["h0"], name="TimeRNN: h, after set_state")
    demand_forward(expect, kind, layer, case)
    demand(expect, layer.h, case["right"]["h"], name="TimeRNN: h, after forward")


@time_rnn.test(
    weight=4,
    kills=["NoGradientFromTheNextStep", "OneStepObjectForAll", "WalksForwardInBackward"],
    requires="time_rnn_states",
)
def time_rnn_returned_gradients(student, reference, expect):
    """TimeRNN.backward returns the right gradient by the inputs of every step."""
    each(student, expect, TIME_RNN, reference.cases("time_rnn_plain_cases"), demand_returned)


@time_rnn.test(
    weight=6,
    kills=[
        "GradsOfOneStepAlone",
        "GradsAveragedOverTheSteps",
        "GradsOfTheWindowNeverKept",
        "NoGradientFromTheNextStep",
        "OneStepObjectForAll",
    ],
    requires="time_rnn_states",
)
def time_rnn_held_gradients(student, reference, expect):
    """After TimeRNN.backward, grads hold the sums over the steps of all three gradients."""
    each(student, expect, TIME_RNN, reference.cases("time_rnn_plain_cases"), demand_held)


@time_rnn.test(weight=2, kills=["GradientBeforeTheWindowNotKept"], requires="time_rnn_returned_gradients")
def time_rnn_gradient_before(student, reference, expect):
    """After TimeRNN.backward, dh is the gradient by the state before the first step."""
    cases = [*reference.cases("time_rnn_cases"), *reference.cases("time_rnn_plain_cases")]
    each(student, expect, TIME_RNN, cases, demand_gradient_before)


def demand_gradient_before(expect, kind, layer, case):
    """Demand that dh is the gradient by the state before the window."""
    go_forward(kind, layer, case)
    layer.backward(case["dout"])
    demand(expect, layer.dh, case["right"]["dh"], name="TimeRNN: dh, after backward")


@time_rnn.test(weight=6, requires=["time_rnn_states", "time_rnn_held_gradients"])
def time_rnn_long_windows(student, reference, expect):
    """States and gradients are right for windows of 40 and more steps, with gradients in the hundreds and tiny ones."""
    each(student, expect, TIME_RNN, reference.cases("time_rnn_long_cases"), demand_all)


def windows_of(rng, sizes, lengths, **more):
    """Draw windows of several lengths for one layer."""
    cases = [draw_window(rng, sizes._replace(T=length), **more) for length in lengths]
    return [{**case, "params": cases[0]["params"]} for case in cases]


def demand_windows(expect, reference, layer, cases, *, stateful, said="window"):
    """Demand several windows in a row of one layer of the learner's, both ways."""
    state = None
    for number, drawn in enumerate(cases, start=1):
        case = {name: value for name, value in drawn.items() if name != "h0"}
        case = solved(reference, TIME_RNN, case if state is None else {**case, "h0": state})
        if "h0" in case:
            del case["h0"]  # the learner's layer has to bring it along
        demand_all(expect, TIME_RNN, layer, case, said=f", {said} {number}")
        demand(expect, layer.h, case["right"]["h"], name=f"TimeRNN: h, after {said} {number}")
        state = case["right"]["h"] if stateful else None


@time_rnn.test(
    weight=10,
    kills=[
        "StatefulNever",
        "ResetDoesNothing",
        "StateForgottenByBackward",
        "GradientCrossesTheWindow",
        "GradsOfAllWindowsAdded",
        "StateOfTheFirstStepHandedOn",
    ],
    requires=["time_rnn_states", "time_rnn_held_gradients"],
)
def time_rnn_windows_in_a_row(student, reference, expect):
    """A stateful TimeRNN goes on where the window before stopped, until it is reset; no gradient crosses a window."""
    cases = windows_of(still(31), DIFFERENT, (4, 3, 40, 2))
    layer = made(student, expect, TIME_RNN, cases[0]["params"], stateful=True)
    demand_windows(expect, reference, layer, cases, stateful=True)
    layer.reset_state()
    demand_windows(expect, reference, layer, cases[::-1], stateful=True, said="window after reset_state")


@time_rnn.test(
    weight=6,
    kills=["StatefulAlways", "GradsOfAllWindowsAdded", "GradientCrossesTheWindow"],
    requires=["time_rnn_states", "time_rnn_held_gradients"],
)
def time_rnn_windows_apart(student, reference, expect):
    """A TimeRNN that is not stateful begins every window with zeros, also where a state was set."""
    cases = windows_of(still(32), WIDE, (3, 41, 2))
    layer = made(student, expect, TIME_RNN, cases[0]["params"])
    demand_windows(expect, reference, layer, cases, stateful=False)
    layer.set_state(cases[0]["h0"])
    demand_windows(expect, reference, layer, cases[:1], stateful=False, said="window after set_state")
    layer = made(student, expect, TIME_RNN, cases[0]["params"], stateful=False)
    demand_windows(expect, reference, layer, cases[1:], stateful=False)


@time_rnn.test(
    weight=4,
    kills=["ResetDoesNothing"],
    requires=["time_rnn_from_a_state", "time_rnn_held_gradients", "time_rnn_gradient_before"],
)
def time_rnn_reset(student, reference, expect):
    """After reset_state a stateful TimeRNN begins with zeros, and goes on from window to window again."""
    cases = windows_of(still(33), DIFFERENT, (3, 4, 2))
    layer = made(student, expect, TIME_RNN, cases[0]["params"], stateful=True)
    for said in ("window", "window after reset_state", "window after another reset_state"):
        demand_windows(expect, reference, layer, cases, stateful=True, said=said)
        layer.reset_state()


@time_rnn.test(weight=2, requires="time_rnn_reset")
def time_rnn_other_rows(student, reference, expect):
    """After reset_state the batch may have another number of rows."""
    layer = None
    for rows in (3, 5, 2):
        cases = windows_of(still(34), DIFFERENT._replace(N=rows), (4, 2))
        layer = layer or made(student, expect, TIME_RNN, cases[0]["params"], stateful=True)
        cases = [{**case, "params": windows_of(still(34), DIFFERENT, (4,))[0]["params"]} for case in cases]
        demand_windows(expect, reference, layer, cases, stateful=True, said=f"{rows} rows, window")
        layer.reset_state()


@time_rnn.test(weight=2, requires=["time_rnn_states", "time_rnn_held_gradients"])
def time_rnn_sizes_of_one(student, reference, expect):
    """States and gradients are right for one row, one step, one input, one unit."""
    cases = [solved(reference, TIME_RNN, draw_window(still(35), sizes)) for sizes in SINGLE]
    each(student, expect, TIME_RNN, cases, demand_all)


@time_rnn.test(
    weight=2,
    kills=["StepsUsedUpByBackward"],
    requires=["time_rnn_states", "time_rnn_held_gradients", "time_rnn_gradient_before"],
)
def time_rnn_backward_twice(student, reference, expect):
    """TimeRNN.backward gives the same gradients when it is called again."""
    demand_twice(student, expect, TIME_RNN, solved(reference, TIME_RNN, draw_window(still(36), WIDE)))


@time_rnn.test(
    weight=4,
    kills=["StepsNeverForgotten"],
    requires=["time_rnn_from_a_state", "time_rnn_held_gradients", "time_rnn_gradient_before"],
)
def time_rnn_latest_call(student, reference, expect):
    """TimeRNN.backward belongs to the latest forward, also after a longer or a shorter one."""
    first = solved(reference, TIME_RNN, draw_window(still(37), DIFFERENT))
    for length in (2, 7):
        second = draw_window(still(38), DIFFERENT._replace(T=length))
        demand_latest(
            student, expect, TIME_RNN, first, solved(reference, TIME_RNN, {**second, "params": first["params"]})
        )


@time_rnn.test(weight=2, requires=["time_rnn_from_a_state", "time_rnn_held_gradients", "time_rnn_gradient_before"])
def time_rnn_two_layers(student, reference, expect):
    """Two layers keep their states, steps and gradients to themselves."""
    demand_own(
        student, expect, TIME_RNN, *(solved(reference, TIME_RNN, draw_window(still(n), DIFFERENT)) for n in (39, 40))
    )


@time_rnn.test(
    weight=3,
    kills=["TimeRnnCopiesItsArrays"],
    requires=["time_rnn_states", "time_rnn_held_gradients", "time_rnn_gradient_before"],
)
def time_rnn_shares_its_arrays(student, reference, expect):
    """TimeRNN's params are the very arrays that it was given: changed in place, they are changed for both."""
    case = draw_window(still(41), DIFFERENT, state=False)
    demand_shared(student, reference, expect, TIME_RNN, case, nudged(still(42), case))


@time_rnn.test(weight=3, requires=["time_rnn_states", "time_rnn_returned_gradients"])
def time_rnn_exact(student, reference, expect):
    """TimeRNN's gradients are right where no difference of outputs can tell them."""
    cases = [solved(reference, TIME_RNN, draw_sure_window(still(43), sizes)) for sizes in (DIFFERENT, WIDE)]
    each(student, expect, TIME_RNN, cases, demand_all)


@time_rnn.test(kills=["AddsToTheGradientGiven"], requires=["time_rnn_states", "time_rnn_held_gradients"])
def time_rnn_leaves_arguments(student, reference, expect):
    """Neither inputs nor gradients nor parameters nor a state that was set are changed."""
    case = solved(reference, TIME_RNN, draw_window(still(44), DIFFERENT))
    demand_unchanged(student, expect, TIME_RNN, case)
    layer = layer_for(student, expect, TIME_RNN, case)
    holder = student.library("functools", "partial")(layer.set_state, case["h0"])
    holder()
    layer.forward(case["inputs"]["xs"])
    layer.backward(case["dout"])
    (kept,) = demand_parts(expect, holder.args, ("h",), name="set_state")
    demand(expect, kept, case["h0"], name="the state given to set_state, after forward and backward,")


@time_rnn.test(requires=["time_rnn_states", "time_rnn_held_gradients", "time_rnn_long_windows", "time_rnn_exact"])
def time_rnn_fresh(student, reference, expect):
    """States and gradients are right for numbers that are drawn anew."""
    case = {**solved(reference, TIME_RNN, draw_window(reference.rng, OTHER)), "rtol": FRESH}
    demand_all(expect, TIME_RNN, layer_for(student, expect, TIME_RNN, case), case)


@time_rnn.gradient
def gradient_of_own_states(student, reference, expect):
    """Return a weighted sum of the learner's states by the parameters, and what the learner's grads say of it."""
    case = draw_window(still(45), DIFFERENT, state=False)

    def cost(parameters):
        answer = made(student, expect, TIME_RNN, parameters).forward(case["inputs"]["xs"])
        same = isinstance(answer, np.ndarray) and answer.shape == case["dout"].shape
        expect.true(same, "TimeRNN.forward does not return an array of the right shape.")
        return float(np.sum(answer * case["dout"]))

    layer = made(student, expect, TIME_RNN, case["params"])
    layer.forward(case["inputs"]["xs"])
    layer.backward(case["dout"])
    grads = demand_parts(expect, layer.grads, ("dWx", "dWh", "db"), name="TimeRNN: grads")
    return cost, case["params"], dict(zip(TIME_RNN.params, grads, strict=True))


# --- embedding ----------------------------------------------------------------------------------------------------

embedding = exercise("embedding")
VOCABULARY = 9
BOTH = ((EMBEDDING, (7,)), (TIME_EMBEDDING, (3, 4)))


def draw_words(rng, kind, shape, *, V=VOCABULARY, D=4):
    """Draw a table and words: the first comes again at the end, the last word of the table once, some never."""
    words = rng.integers(V // 2, size=shape)
    words.flat[0] = V - 1
    words.flat[-1] = words.flat[words.size // 2]
    dout = rng.standard_normal((*shape, D))
    return {"params": {"W": rng.standard_normal((V, D))}, "inputs": {kind.inputs[0]: words}, "dout": dout}


def with_words(case, kind, words):
    """Return a case in which other words are read."""
    return {**case, "inputs": {kind.inputs[0]: np.asarray(words)}}


@embedding.frozen
def embedding_cases(rng, reference):
    """Return words in a row, read by a small table and by a wide one, solved."""
    cases = [draw_words(rng, EMBEDDING, (7,)), draw_words(rng, EMBEDDING, (5,), V=4, D=6)]
    return [solved(reference, EMBEDDING, case) for case in cases]


@embedding.frozen
def time_embedding_cases(rng, reference):
    """Return windows of words, of several sizes, solved; in the last one all sizes are equal."""
    cases = [draw_words(rng, TIME_EMBEDDING, (3, 4), D=2), draw_words(rng, TIME_EMBEDDING, (4, 2), V=5, D=6)]
    cases.append(draw_words(rng, TIME_EMBEDDING, (4, 4), V=4))
    return [solved(reference, TIME_EMBEDDING, case) for case in cases]


def both_kinds(reference):
    """Return both kinds of layer with their frozen cases."""
    return (EMBEDDING, reference.cases("embedding_cases")), (TIME_EMBEDDING, reference.cases("time_embedding_cases"))


@embedding.test(weight=3, kills=["ColumnsForRows", "EmbedsTheBatchAsTime"])
def embedding_rows(student, reference, expect):
    """Both classes give the rows of the words read, for words in a row and for windows of them."""
    for kind, cases in both_kinds(reference):
        each(student, expect, kind, cases, demand_forward)


def demand_repeats(expect, kind, layer, case):
    """Demand the gradient, and that nothing is returned."""
    go_forward(kind, layer, case)
    answer = layer.backward(case["dout"])
    expect.close(answer, None, name=f"{kind.name}.backward: what is returned")
    demand_grads(expect, kind, layer, case)


@embedding.test(
    weight=6,
    kills=[
        "RepeatedWordsCountedOnce",
        "GradientRowsAveraged",
        "GradientOfTheRowsAlone",
        "ReturnsTheGradient",
    ],
    requires="embedding_rows",
)
def embedding_gradients(student, reference, expect):
    """After backward, which returns None, each word's row of the gradient is the sum over the places it was read at."""
    for kind, cases in both_kinds(reference):
        each(student, expect, kind, cases, demand_repeats)


@embedding.test(weight=3, requires="embedding_gradients")
def embedding_repeats(student, reference, expect):
    """The gradient is right for a word read everywhere, for words that never repeat, within a row and a column."""
    for number, words in enumerate(
        ([[5, 5, 5], [5, 5, 5]], [[0, 1, 2], [3, 4, 8]], [[1, 1, 2], [3, 4, 8]], [[1, 2, 3], [1, 4, 3]])
    ):
        for kind, read in ((TIME_EMBEDDING, words), (EMBEDDING, np.ravel(words))):
            case = draw_words(still(50 + number), kind, np.shape(read))
            each(student, expect, kind, [solved(reference, kind, with_words(case, kind, read))], demand_repeats)


@embedding.test(weight=2, requires="embedding_gradients")
def embedding_large(student, reference, expect):
    """Rows and gradients are right for windows of 40 words, for gradients in the hundreds and near 0.0001."""
    for scale in (300.0, 1e-4):
        for kind, shape in ((TIME_EMBEDDING, (5, 40)), (EMBEDDING, (60,))):
            case = draw_words(still(55), kind, shape, V=30)
            case["params"]["W"] *= 20.0
            case["dout"] *= scale
            each(student, expect, kind, [solved(reference, kind, case)], demand_all)


@embedding.test(
    weight=9,
    kills=["GradientsOfAllCalls", "AddsUpWindows", "FirstWordsKept", "WordsKeptInTheClass"],
    requires="embedding_gradients",
)
def embedding_latest_call(student, reference, expect):
    """backward belongs to the latest forward, and grads hold its gradient alone."""
    for kind, shape in BOTH:
        first, second = (draw_words(still(n), kind, shape) for n in (56, 57))
        second = {**second, "params": first["params"]}
        demand_latest(student, expect, kind, solved(reference, kind, first), solved(reference, kind, second))


@embedding.test(requires="embedding_gradients")
def embedding_backward_twice(student, reference, expect):
    """backward gives the same gradient when it is called again."""
    for kind, shape in BOTH:
        demand_twice(student, expect, kind, solved(reference, kind, draw_words(still(58), kind, shape)))


@embedding.test(weight=2, kills=["WordsKeptInTheClass"], requires="embedding_gradients")
def embedding_two_layers(student, reference, expect):
    """Two layers of one class keep their words and gradients to themselves."""
    for kind, shape in BOTH:
        cases = (solved(reference, kind, draw_words(still(n), kind, shape)) for n in (59, 60))
        demand_own(student, expect, kind, *cases)


@embedding.test(weight=3, kills=["TableCopied"], requires="embedding_gradients")
def embedding_shares_its_table(student, reference, expect):
    """params holds the very table that was given: changed in place, it is changed for both."""
    for kind, shape in BOTH:
        case = draw_words(still(61), kind, shape)
        demand_shared(student, reference, expect, kind, case, nudged(still(62), case))


@embedding.test(requires="embedding_rows")
def embedding_rows_are_copies(student, reference, expect):
    """Changing what forward has returned does not change the table."""
    for kind, shape in ((EMBEDDING, (1,)), (EMBEDDING, (4,)), (TIME_EMBEDDING, (1, 1)), (TIME_EMBEDDING, (2, 3))):
        case = solved(reference, kind, with_words(draw_words(still(63), kind, shape), kind, np.full(shape, 2)))
        layer = made(student, expect, kind, case["params"])
        answers = student.library("builtins", "map")(layer.forward, [case["inputs"][kind.inputs[0]]])
        filled = student.library("builtins", "map")(student.library("numpy", "copyto"), answers, [0.0])
        student.library("builtins", "list")(filled)
        demand_forward(expect, kind, layer, case, said=", called again")


@embedding.test(requires="embedding_gradients")
def embedding_sizes_of_one(student, reference, expect):
    """Rows and gradients are right for one word, one row, one step, one number."""
    for kind, shape, D in (
        (EMBEDDING, (1,), 3),
        (EMBEDDING, (4,), 1),
        *((TIME_EMBEDDING, s, d) for s, d in (((1, 3), 2), ((3, 1), 2), ((1, 1), 1))),
    ):
        each(student, expect, kind, [solved(reference, kind, draw_words(still(64), kind, shape, D=D))], demand_repeats)


@embedding.test(requires="embedding_gradients")
def embedding_leaves_arguments(student, reference, expect):
    """Neither words nor gradients nor the table are changed."""
    for kind, shape in BOTH:
        demand_unchanged(student, expect, kind, solved(reference, kind, draw_words(still(65), kind, shape)))


@embedding.test(requires=["embedding_rows", "embedding_gradients"])
def embedding_fresh(student, reference, expect):
    """Rows and gradients are right for numbers that are drawn anew."""
    for kind, shape in BOTH:
        case = {**solved(reference, kind, draw_words(reference.rng, kind, shape)), "rtol": FRESH}
        each(student, expect, kind, [case], demand_all)


# --- time_affine --------------------------------------------------------------------------------------------------

time_affine = exercise("time_affine")
AFFINE_SIZES = ((3, 4, 2, 6), (2, 5, 6, 3), (3, 2, 4, 4), (4, 4, 4, 4))  # N, T, H, V


def draw_affine(rng, sizes, scale=1.0):
    """Draw weights, a bias, inputs and a gradient."""
    N, T, H, V = sizes
    params = {"W": scale * rng.standard_normal((H, V)), "b": scale * rng.standard_normal(V)}
    return {"params": params, "inputs": {"xs": rng.standard_normal((N, T, H))}, "dout": rng.standard_normal((N, T, V))}


@time_affine.frozen
def time_affine_cases(rng, reference):
    """Return windows of several sizes, solved."""
    return [solved(reference, TIME_AFFINE, draw_affine(rng, sizes)) for sizes in AFFINE_SIZES]


@time_affine.frozen
def time_affine_large_cases(rng, reference):
    """Return a window of 40 steps, one with large weights and gradients, one with tiny gradients."""
    cases = [draw_affine(rng, (3, 40, 2, 5)), draw_affine(rng, (3, 4, 2, 6), 30.0), draw_affine(rng, (2, 3, 5, 4))]
    cases[1]["dout"] *= 300.0
    cases[2]["dout"] *= 1e-4
    return [solved(reference, TIME_AFFINE, case) for case in cases]


@time_affine.test(weight=3, kills=["BiasForgotten", "WeightsTransposedForward", "TanhOfTheLogits"])
def time_affine_logits(student, reference, expect):
    """TimeAffine.forward gives the right logits at every place, for windows of several sizes."""
    each(student, expect, TIME_AFFINE, reference.cases("time_affine_cases"), demand_forward)


@time_affine.test(weight=3, kills=["WeightsNotTransposedBack", "NothingReturnedBack"], requires="time_affine_logits")
def time_affine_returned_gradients(student, reference, expect):
    """TimeAffine.backward returns the right gradient by the inputs, for windows of several sizes."""
    each(student, expect, TIME_AFFINE, reference.cases("time_affine_cases"), demand_returned)


@time_affine.test(
    weight=4,
    kills=[
        "GradientsAveragedOverThePlaces",
        "GradientsDividedByRows",
        "GradientOfTheLastStepAlone",
        "BiasGradientOverRowsAlone",
        "WeightsGradientTransposed",
        "AffineGradsNeverKept",
    ],
    requires="time_affine_logits",
)
def time_affine_held_gradients(student, reference, expect):
    """After TimeAffine.backward, grads hold the sums over all places of both gradients."""
    each(student, expect, TIME_AFFINE, reference.cases("time_affine_cases"), demand_held)


@time_affine.test(
    weight=3, kills=["AffineGradientsClipped"], requires=["time_affine_logits", "time_affine_held_gradients"]
)
def time_affine_large_and_tiny(student, reference, expect):
    """All is right for windows of 40 steps, large weights, gradients in the thousands and near 0.0001."""
    each(student, expect, TIME_AFFINE, reference.cases("time_affine_large_cases"), demand_all)


@time_affine.test(
    weight=9, kills=["AffineGradsAddedUp"], requires=["time_affine_returned_gradients", "time_affine_held_gradients"]
)
def time_affine_latest_call(student, reference, expect):
    """backward belongs to the latest forward, and grads hold its gradients alone."""
    first, second = (draw_affine(still(n), AFFINE_SIZES[0]) for n in (70, 71))
    second = {**second, "params": first["params"]}
    cases = (solved(reference, TIME_AFFINE, case) for case in (first, second))
    demand_latest(student, expect, TIME_AFFINE, *cases)


@time_affine.test(requires=["time_affine_returned_gradients", "time_affine_held_gradients"])
def time_affine_backward_twice(student, reference, expect):
    """backward gives the same gradients when it is called again."""
    demand_twice(student, expect, TIME_AFFINE, solved(reference, TIME_AFFINE, draw_affine(still(72), AFFINE_SIZES[0])))


@time_affine.test(weight=2, requires=["time_affine_returned_gradients", "time_affine_held_gradients"])
def time_affine_two_layers(student, reference, expect):
    """Two layers keep their inputs and gradients to themselves."""
    cases = (solved(reference, TIME_AFFINE, draw_affine(still(n), AFFINE_SIZES[1])) for n in (73, 74))
    demand_own(student, expect, TIME_AFFINE, *cases)


@time_affine.test(
    weight=3, kills=["AffineArraysCopied"], requires=["time_affine_returned_gradients", "time_affine_held_gradients"]
)
def time_affine_shares_its_arrays(student, reference, expect):
    """params are the very arrays that were given: changed in place, they are changed for both."""
    case = draw_affine(still(75), AFFINE_SIZES[0])
    demand_shared(student, reference, expect, TIME_AFFINE, case, nudged(still(76), case))


@time_affine.test(
    weight=2,
    kills=["AffineSqueezes"],
    requires=["time_affine_returned_gradients", "time_affine_held_gradients"],
)
def time_affine_sizes_of_one(student, reference, expect):
    """All is right for one row, one step, one unit, one word."""
    sizes = ((1, 3, 4, 2), (3, 1, 4, 2), (2, 3, 1, 4), (2, 3, 4, 1), (1, 1, 1, 1))
    cases = [solved(reference, TIME_AFFINE, draw_affine(still(77), size)) for size in sizes]
    each(student, expect, TIME_AFFINE, cases, demand_all)


@time_affine.test(weight=2, requires=["time_affine_logits"])
def time_affine_exact(student, reference, expect):
    """The gradients are right where no difference of outputs can tell them."""
    case = draw_affine(still(78), AFFINE_SIZES[0])
    case["params"]["W"][:, 0] = 0.0
    case["dout"][:, :, 0] = 1e10
    each(student, expect, TIME_AFFINE, [solved(reference, TIME_AFFINE, case)], demand_exactly)


def demand_exactly(expect, kind, layer, case):
    """Demand the gradients entry by entry: some are huge, and what is small beside them counts as well."""
    go_forward(kind, layer, case)
    back = layer.backward(case["dout"])
    expect.close(back, case["right"]["dxs"], name=f"{kind.name}.backward: dxs", rtol=EXACT, atol=EXACT)
    grads = demand_parts(expect, layer.grads, ("dW", "db"), name=f"{kind.name}: grads")
    for name, part in zip(kind.params, grads, strict=True):
        expect.close(part, case["right"][f"d{name}"], name=f"{kind.name}: d{name} in grads", rtol=EXACT, atol=EXACT)


@time_affine.test(requires=["time_affine_returned_gradients", "time_affine_held_gradients"])
def time_affine_leaves_arguments(student, reference, expect):
    """Neither inputs nor gradients nor parameters are changed."""
    demand_unchanged(
        student, expect, TIME_AFFINE, solved(reference, TIME_AFFINE, draw_affine(still(79), AFFINE_SIZES[0]))
    )


@time_affine.test(
    requires=["time_affine_returned_gradients", "time_affine_held_gradients", "time_affine_large_and_tiny"]
)
def time_affine_fresh(student, reference, expect):
    """All is right for numbers that are drawn anew."""
    case = {**solved(reference, TIME_AFFINE, draw_affine(reference.rng, (2, 3, 5, 4))), "rtol": FRESH}
    each(student, expect, TIME_AFFINE, [case], demand_all)


# --- softmax_loss -------------------------------------------------------------------------------------------------

softmax_loss = exercise("softmax_loss")
LOSS_SIZES = ((3, 4, 6), (2, 5, 3), (4, 3, 4), (3, 3, 3))  # N, T, V


def draw_scores(rng, sizes, *, ignored=-1, share=0.4, scale=1.5):
    """Draw logits and labels, of which some are ignored: unequally many in each row, in the first row none."""
    N, T, V = sizes
    words = [word for word in range(V) if word != ignored]
    labels = rng.choice(words, size=sizes[:2])
    labels[rng.random((N, T)) < share] = ignored
    labels[0] = rng.choice(words, size=T)
    labels[-1, 0], labels[-1, -1] = ignored, words[-1]  # next to a place that does not count, the last word
    return {"logits": scale * rng.standard_normal(sizes), "labels": labels, "ignored": ignored}


def scored(reference, case):
    """Return a case with its loss and gradient."""
    layer = reference.TimeSoftmaxWithLoss(ignore_label=case["ignored"])
    loss = layer.forward(case["logits"], case["labels"])
    return {**case, "loss": loss, "dxs": layer.backward()}


def loss_layer(student, expect, case=None):
    """Make a learner's loss layer; where -1 is ignored, without saying so."""
    said = {} if case is None or case["ignored"] == -1 else {"ignore_label": case["ignored"]}
    return demand_object(expect, student.TimeSoftmaxWithLoss(**said), METHODS, name="TimeSoftmaxWithLoss")


def loss_sizes(case):
    """Return the sizes that a wrong factor may be made of."""
    N, T, V = case["logits"].shape
    counted = int(np.sum(case["labels"] != case["ignored"]))
    return {"N": N, "T": T, "V": V, "places": N * T, "places that count": counted}


def demand_loss(expect, layer, case, *, said=""):
    """Demand the loss."""
    answer = layer.forward(case["logits"], case["labels"])
    name = f"TimeSoftmaxWithLoss.forward{said}"
    demand(expect, answer, case["loss"], name=name, rtol=case.get("rtol", EXACT), sizes=loss_sizes(case))


def demand_slope(expect, layer, case, *dout, said=""):
    """Demand the gradient by the logits."""
    answer = layer.backward(*dout)
    name = f"TimeSoftmaxWithLoss.backward: dxs{said}"
    right = case["dxs"] * (dout[0] if dout else 1.0)
    demand(expect, answer, right, name=name, rtol=case.get("rtol", EXACT), sizes=loss_sizes(case), picture="scatter")


def each_loss(student, expect, cases, *, slope=True):
    """Demand the loss of each case, and its gradient."""
    for case in cases:
        N, T, V = case["logits"].shape
        with expect.case(N=N, T=T, V=V, ignored=int(np.sum(case["labels"] == case["ignored"]))):
            layer = loss_layer(student, expect, case)
            if slope:
                layer.forward(case["logits"], case["labels"])
                demand_slope(expect, layer, case)
            else:
                demand_loss(expect, layer, case)


@softmax_loss.frozen
def softmax_loss_cases(rng, reference):
    """Return logits of several sizes, with labels of which some do not count, and one where all count."""
    cases = [draw_scores(rng, sizes) for sizes in LOSS_SIZES]
    cases.append(draw_scores(rng, (3, 4, 5), share=0.0))
    cases[-1]["labels"][-1, 0] = 2
    return [scored(reference, case) for case in cases]


@softmax_loss.frozen
def softmax_loss_wide_cases(rng, reference):
    """Return a window of 40 steps and many words; and one whose gradients lie near 1e-4."""
    cases = [draw_scores(rng, (3, 40, 5)), draw_scores(rng, (2, 6, 60)), draw_scores(rng, (3, 4, 6))]
    cases[2]["logits"] += 9.0 * np.eye(6)[np.maximum(cases[2]["labels"], 0)]
    return [scored(reference, case) for case in cases]


@softmax_loss.frozen
def softmax_loss_extreme_cases(rng, reference):
    """Return logits of 1000, 1e10 and 1e300, at places that count and that do not, and places far below another."""
    cases = []
    for large in (40.0, 1000.0, -1000.0, 1e10, 1e300):
        cases.append(draw_scores(rng, (3, 4, 5)))
        cases[-1]["logits"][:, :, 1] = large
    cases.append(draw_scores(rng, (3, 4, 5)))
    cases[-1]["logits"] += np.linspace(-4000, 4000, 12).reshape(3, 4, 1)
    return [scored(reference, case) for case in cases]


@softmax_loss.test(
    weight=3,
    kills=[
        "MeanOverAllPlaces",
        "SumOfTheLosses",
        "MeanOfTheRowsMeans",
        "IgnoredLabelIsTheLastWord",
        "LossPerWordOfTheVocabulary",
        "SoftmaxOverTheSteps",
        "LossWithoutItsSign",
        "LossToBaseTwo",
        "LogarithmOfMoreThanP",
        "OneMinusP",
    ],
)
def softmax_loss_values(student, reference, expect):
    """TimeSoftmaxWithLoss.forward gives the mean loss of the places that count, one number."""
    each_loss(student, expect, reference.cases("softmax_loss_cases"), slope=False)


@softmax_loss.test(
    weight=4,
    kills=[
        "GradientNotDivided",
        "GradientOverAllPlaces",
        "GradientAtIgnoredPlaces",
        "GradientOfTheOppositeSign",
        "OneSubtractedAtTheLastWord",
        "ProbabilitiesForTheGradient",
    ],
    requires="softmax_loss_values",
)
def softmax_loss_gradients(student, reference, expect):
    """TimeSoftmaxWithLoss.backward gives the gradient by the logits, zero where a place does not count."""
    each_loss(student, expect, reference.cases("softmax_loss_cases"))


@softmax_loss.test(weight=2, kills=["DoutLeftOut"], requires="softmax_loss_gradients")
def softmax_loss_dout(student, reference, expect):
    """The gradient is multiplied by dout, whatever it is."""
    for case in reference.cases("softmax_loss_cases"):
        layer = loss_layer(student, expect)
        layer.forward(case["logits"], case["labels"])
        for dout in (0.37, -2.0, 1e4, 1e-5, 0.0):
            demand_slope(expect, layer, case, dout, said=f", dout={dout:g}")


@softmax_loss.test(
    weight=3, kills=["MinusOneWhateverWasSaid"], requires=["softmax_loss_values", "softmax_loss_gradients"]
)
def softmax_loss_other_labels(student, reference, expect):
    """Places whose label is ignore_label do not count, be it -100, 0, another word's number, or larger than V."""
    for ignored in (-100, 0, 2, 99):
        for sizes in LOSS_SIZES[:2]:
            case = scored(reference, draw_scores(still(80), sizes, ignored=ignored))
            layer = loss_layer(student, expect, case)
            demand_loss(expect, layer, case, said=f", ignore_label={ignored}")
            demand_slope(expect, layer, case, said=f", ignore_label={ignored}")


@softmax_loss.test(weight=3, kills=["DividesByNoPlaces", "NothingCountsCostsOne"], requires="softmax_loss_values")
def softmax_loss_of_nothing(student, reference, expect):
    """Where no place counts, the loss is 0.0 and the gradient zero; and the layer goes on right afterwards."""
    case = scored(reference, draw_scores(still(81), (3, 4, 6)))
    for ignored in (-1, 1):
        nothing = {
            **case,
            "labels": np.full((3, 4), ignored),
            "ignored": ignored,
            "loss": 0.0,
            "dxs": 0.0 * case["dxs"],
        }
        layer = loss_layer(student, expect, nothing)
        expect.close(layer.forward(nothing["logits"], nothing["labels"]), 0.0, name="the loss where no place counts")
        expect.close(layer.backward(), nothing["dxs"], name="the gradient where no place counts")
    layer = loss_layer(student, expect)
    layer.forward(case["logits"], np.full((3, 4), -1))
    demand_loss(expect, layer, case)
    demand_slope(expect, layer, case)


@softmax_loss.test(weight=2, requires=["softmax_loss_values", "softmax_loss_gradients"])
def softmax_loss_wide(student, reference, expect):
    """Loss and gradient are right for windows of 40 steps, for many words, and where the right word is nearly sure."""
    each_loss(student, expect, reference.cases("softmax_loss_wide_cases"), slope=False)
    each_loss(student, expect, reference.cases("softmax_loss_wide_cases"))


@softmax_loss.test(
    weight=4,
    kills=["OneMaximumForAllPlaces", "ExponentialsUnshifted", "PKeptAboveAFloor"],
    requires="softmax_loss_values",
)
def softmax_loss_large_logits(student, reference, expect):
    """Loss and gradient are finite and right for logits of 1000 and far beyond, also where a place does not count."""
    each_loss(student, expect, reference.cases("softmax_loss_extreme_cases"), slope=False)
    each_loss(student, expect, reference.cases("softmax_loss_extreme_cases"))


@softmax_loss.test(weight=3, kills=["MinusInfinityTimesZero"], requires="softmax_loss_values")
def softmax_loss_ignored_logits(student, reference, expect):
    """At places that do not count the logits do not matter, however large they are."""
    for case in reference.cases("softmax_loss_cases")[:4]:
        out = case["labels"] == -1
        for large in (1000.0, -1000.0, 1e10):
            moved = {**case, "logits": case["logits"].copy()}
            moved["logits"][out] = large * np.linspace(-1, 1, moved["logits"].shape[2])
            layer = loss_layer(student, expect)
            demand_loss(expect, layer, moved)
            demand_slope(expect, layer, moved)


@softmax_loss.test(weight=4, kills=["ProbabilitiesChangedInBackward"], requires="softmax_loss_gradients")
def softmax_loss_backward_twice(student, reference, expect):
    """backward gives the same gradient when it is called again, also with another dout between."""
    case = scored(reference, draw_scores(still(82), (3, 4, 6)))
    layer = loss_layer(student, expect)
    layer.forward(case["logits"], case["labels"])
    for dout in ((), (), (3.0,), ()):
        demand_slope(expect, layer, case, *dout, said=", called again")


@softmax_loss.test(weight=8, kills=["ScoresKeptInTheClass", "FirstLabelsKept"], requires="softmax_loss_gradients")
def softmax_loss_latest_call(student, reference, expect):
    """backward belongs to the latest forward of this layer, whatever an earlier one or another layer has read."""
    one, two = (scored(reference, draw_scores(still(n), (3, 4, 6))) for n in (83, 84))
    layer, other = loss_layer(student, expect), loss_layer(student, expect)
    for case in (one, two):
        demand_loss(expect, layer, case, said=", after another call")
        demand_slope(expect, layer, case, said=", after another call")
    layer.forward(one["logits"], one["labels"])
    other.forward(two["logits"], two["labels"])
    demand_slope(expect, layer, one, said=" of one of two layers")
    demand_slope(expect, other, two, said=" of one of two layers")


@softmax_loss.test(requires="softmax_loss_values")
def softmax_loss_has_no_parameters(student, reference, expect):
    """params and grads are empty lists, before and after the way forward and back."""
    case = draw_scores(still(85), (3, 4, 6))
    layer = loss_layer(student, expect)
    for _ in range(2):
        for name in ("params", "grads"):
            answer = getattr(layer, name)
            expect.true(isinstance(answer, list | tuple) and not answer, f"{name} is no empty list.", kind="type")
        demand_loss(expect, layer, scored(reference, case))
        layer.backward()


@softmax_loss.test(requires="softmax_loss_gradients")
def softmax_loss_sizes_of_one(student, reference, expect):
    """Loss and gradient are right for one row, one step, two words, one word."""
    for sizes in ((1, 4, 5), (3, 1, 5), (2, 3, 2), (1, 1, 2), (2, 3, 1)):
        case = draw_scores(still(86), sizes, share=0.0)
        case["labels"][:] = still(87).integers(sizes[2], size=sizes[:2])
        each_loss(student, expect, [scored(reference, case)], slope=False)
        each_loss(student, expect, [scored(reference, case)])


@softmax_loss.test(requires="softmax_loss_gradients")
def softmax_loss_exact(student, reference, expect):
    """The gradient is right where the loss is so large that no difference of losses can tell it."""
    case = draw_scores(still(88), (3, 4, 6))
    case["logits"][0, 0, case["labels"][0, 0]] = -1e10
    each_loss(student, expect, [scored(reference, case)])


@softmax_loss.test(kills=["ShiftsTheLogitsGiven"], requires="softmax_loss_gradients")
def softmax_loss_leaves_arguments(student, reference, expect):
    """Neither logits nor labels are changed."""
    del reference
    case = draw_scores(still(89), (3, 4, 6))
    expect.unchanged(loss_layer(student, expect).forward, case["logits"], case["labels"])


@softmax_loss.test(requires=["softmax_loss_values", "softmax_loss_gradients", "softmax_loss_exact"])
def softmax_loss_fresh(student, reference, expect):
    """Loss and gradient are right for numbers that are drawn anew."""
    case = {**scored(reference, draw_scores(reference.rng, (3, 5, 4))), "rtol": FRESH}
    each_loss(student, expect, [case], slope=False)
    each_loss(student, expect, [case])


# --- model --------------------------------------------------------------------------------------------------------

model = exercise("model")
MODEL_SIZES = ((7, 3, 5), (5, 6, 2), (4, 4, 4))  # V, D, H
MODEL_METHODS = ("predict", "forward", "backward", "reset_state")
LAYERS = {"TimeEmbedding": ("W",), "TimeRNN": ("Wx", "Wh", "b"), "TimeAffine": ("W", "b")}


class Pair(NamedTuple):
    """A learner's model and the reference's, drawn from the same seed."""

    theirs: Handle
    ours: object
    V: int


def model_pair(student, reference, expect, sizes, seed):
    """Make both models from a seed."""
    student.seed(seed)
    theirs = demand_object(expect, student.SimpleRnnlm(*sizes), MODEL_METHODS, name="SimpleRnnlm")
    reference.seed(seed)
    return Pair(theirs, reference.SimpleRnnlm(*sizes), sizes[0])


def draw_reading(rng, V, N, T):
    """Draw words and the words after them; some places do not count."""
    ts = rng.integers(V, size=(N, T))
    ts[-1, -1] = -1
    return rng.integers(V, size=(N, T)), ts


def held_by_layers(student, expect, pair, what):
    """Return what the learner's three layers hold under a name; the layers themselves need not cross the line."""
    layers = student.library("operator", "attrgetter")("layers.__iter__")(pair.theirs)()
    each_one = student.library("builtins", "map")(student.library("operator", "attrgetter")(what), layers)
    found = student.library("builtins", "list")(each_one)
    return demand_parts(expect, found, list(LAYERS), name="layers")


def demand_logits(expect, pair, xs, *, said=""):
    """Demand the logits of a window."""
    demand(expect, pair.theirs.predict(xs), pair.ours.predict(xs), name=f"SimpleRnnlm.predict: the logits{said}")


def demand_model_loss(expect, pair, xs, ts, *, said=""):
    """Demand the loss of a window."""
    N, T = xs.shape
    counted = {"N": N, "T": T, "V": pair.V}
    right = pair.ours.forward(xs, ts)
    demand(expect, pair.theirs.forward(xs, ts), right, name=f"SimpleRnnlm.forward: the loss{said}", sizes=counted)


def demand_model_grads(student, expect, pair, *dout, said=""):
    """Demand the gradients that each layer holds after backward."""
    pair.ours.backward(*dout)
    expect.close(pair.theirs.backward(*dout), None, name="SimpleRnnlm.backward: what is returned")
    layers = zip(held_by_layers(student, expect, pair, "grads"), pair.ours.layers, LAYERS.items(), strict=True)
    for held, right, (kind, names) in layers:
        grads = demand_parts(expect, held, [f"d{name}" for name in names], name=f"grads of {kind}")
        for name, part, wanted in zip(names, grads, right.grads, strict=True):
            demand(expect, part, wanted, name=f"d{name} of {kind}{said}", picture="scatter")


@model.test(
    weight=3,
    kills=[
        "DrawnInTheOtherOrder",
        "EmbeddingNotScaledDown",
        "ScaledByTheOtherSize",
        "VarianceForDeviation",
        "EvenlyDrawn",
        "LossAmongTheLayers",
        "SizesInTheOtherOrder",
        "PredictsProbabilities",
    ],
)
def model_weights(student, reference, expect):
    """From a seed, all weights are the expected ones, in three layers that give the logits, and biases are zero."""
    for sizes in MODEL_SIZES:
        with expect.case(**dict(zip(("V", "D", "H"), sizes, strict=True))):
            pair = model_pair(student, reference, expect, sizes, 100)
            layers = zip(held_by_layers(student, expect, pair, "params"), pair.ours.layers, LAYERS.items(), strict=True)
            for held, right, (kind, names) in layers:
                params = demand_parts(expect, held, names, name=f"params of {kind}")
                for name, part, wanted in zip(names, params, right.params, strict=True):
                    demand(expect, part, wanted, name=f"{name} of {kind}")
            demand_logits(expect, pair, draw_reading(still(101), sizes[0], 2, 3)[0])


def demand_first_logits(student, reference, expect, sizes, shape, seed):
    """Demand the logits of a new model's first window."""
    with expect.case(**dict(zip(("V", "D", "H", "N", "T"), (*sizes, *shape), strict=True))):
        pair = model_pair(student, reference, expect, sizes, seed)
        demand_logits(expect, pair, draw_reading(still(111), sizes[0], *shape)[0])


@model.test(weight=3, requires="model_weights")
def model_logits(student, reference, expect):
    """SimpleRnnlm.predict gives the right logits of a first window, for several sizes."""
    for number, sizes in enumerate(MODEL_SIZES):
        for N, T in ((2, 3), (4, 6)):
            demand_first_logits(student, reference, expect, sizes, (N, T), 110 + number)


@model.test(requires="model_logits")
def model_sizes_of_one(student, reference, expect):
    """SimpleRnnlm.predict gives the right logits, with three axes, of one row and of windows of one step."""
    for number, shape in enumerate(((1, 4), (3, 1), (1, 1))):
        demand_first_logits(student, reference, expect, MODEL_SIZES[number % len(MODEL_SIZES)], shape, 115 + number)


@model.test(weight=3, kills=["LossSummed"], requires="model_logits")
def model_losses(student, reference, expect):
    """SimpleRnnlm.forward gives the loss of a first window, where some places do not count."""
    for number, sizes in enumerate(MODEL_SIZES):
        pair = model_pair(student, reference, expect, sizes, 120 + number)
        demand_model_loss(expect, pair, *draw_reading(still(121), sizes[0], 3, 4))


@model.test(
    weight=6,
    kills=["BackwardForgetsALayer", "ReturnsTheLastGradient"],
    requires="model_losses",
)
def model_gradients(student, reference, expect):
    """After SimpleRnnlm.backward, which returns None, every layer's grads are right."""
    for number, sizes in enumerate(MODEL_SIZES):
        pair = model_pair(student, reference, expect, sizes, 130 + number)
        demand_model_loss(expect, pair, *draw_reading(still(131), sizes[0], 3, 4))
        demand(expect, pair.theirs.loss_layer.backward(), pair.ours.loss_layer.backward(), name="loss_layer.backward()")
        demand_model_grads(student, expect, pair)


@model.test(weight=2, kills=["DoutForgotten"], requires="model_gradients")
def model_dout(student, reference, expect):
    """The gradients are those of dout times the loss, in the hundreds and near 0.0001 as well."""
    for dout in (0.37, 5000.0, 1e-3, -1.0):
        pair = model_pair(student, reference, expect, MODEL_SIZES[0], 140)
        demand_model_loss(expect, pair, *draw_reading(still(141), MODEL_SIZES[0][0], 3, 4))
        demand_model_grads(student, expect, pair, dout, said=f", dout={dout:g}")


@model.test(
    weight=8,
    kills=["NotStateful", "ResetsBeforeEachWindow", "ResetForgotten"],
    requires=["model_logits", "model_gradients"],
)
def model_windows_in_a_row(student, reference, expect):
    """The state goes on from window to window, through forward, backward and predict, until it is reset."""
    # From this seed the states grow from step to step, and the logits reach into the ones.
    pair = model_pair(student, reference, expect, MODEL_SIZES[0], 207)
    for number, T in enumerate((3, 5, 40, 2), start=1):
        said = f" of window {number}"
        xs, ts = draw_reading(still(150 + number), pair.V, 3, T)
        demand_model_loss(expect, pair, xs, ts, said=said)
        demand_model_grads(student, expect, pair, said=said)
        demand_logits(expect, pair, xs, said=f"{said}, read again")
    pair.theirs.reset_state()
    pair.ours.reset_state()
    demand_model_loss(expect, pair, xs, ts, said=" of a window after reset_state")


@model.test(weight=4, kills=["ResetForgotten"], requires=["model_logits", "model_losses"])
def model_reset(student, reference, expect):
    """After reset_state the model begins anew, for another number of rows as well."""
    pair = model_pair(student, reference, expect, MODEL_SIZES[1], 160)
    for rows in (3, 3, 5, 2):
        xs, ts = draw_reading(still(160 + rows), pair.V, rows, 4)
        demand_logits(expect, pair, xs, said=", after reset_state")
        demand_model_loss(expect, pair, xs, ts, said=", second window after reset_state")
        pair.theirs.reset_state()
        pair.ours.reset_state()


@model.test(weight=5, kills=["LayersOfTheClass"], requires=["model_logits", "model_gradients"])
def model_two_models(student, reference, expect):
    """Two models have weights, states and gradients of their own."""
    pairs = [model_pair(student, reference, expect, MODEL_SIZES[0], seed) for seed in (170, 171)]
    readings = [draw_reading(still(seed), MODEL_SIZES[0][0], 3, 4) for seed in (172, 173)]
    for _ in range(2):
        for pair, reading in zip(pairs, readings, strict=True):
            demand_model_loss(expect, pair, *reading, said=" of one of two models")
        for pair in pairs:
            demand_model_grads(student, expect, pair, said=" of one of two models")


@model.test(requires="model_losses")
def model_of_many_words(student, reference, expect):
    """Logits and loss are right for a vocabulary of 200 words."""
    pair = model_pair(student, reference, expect, (200, 3, 4), 190)
    xs, ts = draw_reading(still(191), pair.V, 3, 4)
    demand_model_loss(expect, pair, xs, ts)
    demand_logits(expect, pair, xs)


@model.test(requires=["model_logits", "model_gradients"])
def model_leaves_arguments(student, reference, expect):
    """Neither words nor labels are changed, nor are the weights by reading."""
    pair = model_pair(student, reference, expect, MODEL_SIZES[0], 180)
    xs, ts = draw_reading(still(181), pair.V, 3, 4)
    expect.unchanged(pair.theirs.predict, xs)
    expect.unchanged(pair.theirs.forward, xs, ts)
    pair.theirs.backward()
    layers = zip(held_by_layers(student, expect, pair, "params"), pair.ours.layers, LAYERS, strict=True)
    for held, right, kind in layers:
        for part, wanted in zip(demand_parts(expect, held, LAYERS[kind], name=kind), right.params, strict=True):
            demand(expect, part, wanted, name=f"the parameters of {kind}, after forward and backward,")


# --- perplexity ---------------------------------------------------------------------------------------------------

perplexity = exercise("perplexity")
LOSSES = (
    ([0.7, 2.9], [50, 3]),
    ([1.1, 0.2, 3.0], [3, 50, 8]),
    ([2.0, 0.0, 1.0, 0.5], [4, 0, 9, 1]),
    ([0.3, 0.0, 0.0], [2, 7, 1]),
)


@perplexity.test(
    weight=3,
    kills=[
        "unweighted_mean",
        "mean_of_the_perplexities",
        "two_to_the_loss",
        "loss_itself",
        "sum_for_mean",
        "one_number_of_windows",
    ],
)
def perplexity_values(student, reference, expect):
    """perplexity weights each window's loss by how many places counted."""
    for losses, counts in LOSSES:
        right = reference.perplexity(losses, counts)
        demand(expect, student.perplexity(losses, counts), right, name="perplexity(losses, counts)")


@perplexity.test(requires="perplexity_values")
def perplexity_of_equal_counts(student, reference, expect):
    """Where all windows count alike, or there is only one, perplexity is right as well."""
    for losses, counts in (([1.5], [7]), ([0.4, 1.2, 2.6], [20, 20, 20]), ([0.0], [1]), ([2.0, 2.0], [3, 5])):
        right = reference.perplexity(losses, counts)
        demand(expect, student.perplexity(losses, counts), right, name="perplexity(losses, counts)")


@perplexity.test(weight=2, kills=["perplexity_is_bounded"], requires="perplexity_values")
def perplexity_of_many_windows(student, reference, expect):
    """perplexity is right for arrays of hundreds of windows, and where losses are large, as 30 nats."""
    draw = still(90)
    losses, counts = 3 * draw.random(400), draw.integers(40, size=400)
    for array in (losses, losses + 27.0, 0.01 * losses):
        right = reference.perplexity(array, counts)
        demand(expect, student.perplexity(array, counts), right, name="perplexity(losses, counts)")


@perplexity.test(requires="perplexity_values")
def perplexity_leaves_arguments(student, reference, expect):
    """Neither losses nor counts are changed, and drawn anew they give the right perplexity."""
    losses, counts = reference.rng.random(6), 1 + reference.rng.integers(9, size=6)
    expect.unchanged(student.perplexity, losses, counts)
    right = reference.perplexity(losses, counts)
    demand(expect, student.perplexity(losses, counts), right, name="perplexity(losses, counts)", rtol=FRESH)


# --- sgd ----------------------------------------------------------------------------------------------------------

sgd = exercise("sgd")
SHAPES = ((3, 2), (4,), (2, 5), (1,))


def made_sgd(student, expect, *rate):
    """Make a learner's optimizer."""
    return demand_object(expect, student.SGD(*rate), ("update",), name="SGD")


def holder(student, arrays):
    """Return an object over there that holds these arrays; its `args` are read back when they have been changed."""
    return student.library("functools", "partial")(student.library("builtins", "len"), *arrays)


def listed(student, held):
    """Return an iterator over there of one fresh list, in which stand the very arrays that are held."""
    several, once = student.library("builtins", "map"), student.library("itertools", "repeat")(held, 1)
    return several(
        student.library("builtins", "list"), several(student.library("operator", "attrgetter")("args"), once)
    )


def demand_update(student, expect, optimizer, params, grads, rate, *, said=""):
    """Demand the arrays after a step, changed in place, and gradients that stayed as they were; return the arrays."""
    arrays, slopes = holder(student, params), holder(student, grads)
    steps = student.library("builtins", "map")(optimizer.update, listed(student, arrays), listed(student, slopes))
    expect.close(student.library("builtins", "list")(steps), [None], name="SGD.update: what is returned")
    right = [param - rate * gradient for param, gradient in zip(params, grads, strict=True)]
    for number, (array, wanted) in enumerate(zip(arrays.args, right, strict=True)):
        demand(expect, array, wanted, name=f"params[{number}] after SGD.update{said}")
    for number, (array, wanted) in enumerate(zip(slopes.args, grads, strict=True)):
        demand(expect, array, wanted, name=f"grads[{number}] after SGD.update{said}")
    return right


def draw_arrays(rng, shapes=SHAPES, scale=1.0):
    """Draw parameters and gradients."""
    return [rng.standard_normal(shape) for shape in shapes], [scale * rng.standard_normal(shape) for shape in shapes]


@sgd.test(
    weight=3,
    kills=[
        "RebindsTheName",
        "AscendsInstead",
        "CopiesTheList",
        "OnlyTheFirstArray",
        "SignOfTheGradient",
        "NoRate",
        "RateDividedByTheNumber",
    ],
)
def sgd_step(student, reference, expect):
    """A step changes every array in place, against its gradient, by the rate given."""
    for rate in (0.1, 2.5, 7.0, 1e-4):
        params, grads = draw_arrays(still(95))
        right = [param - rate * gradient for param, gradient in zip(params, grads, strict=True)]
        answer = student.updated(made_sgd(student, expect, rate), params, grads)
        answer = demand_parts(expect, answer, [f"params[{number}]" for number in range(len(params))], name="params")
        for number, (array, wanted) in enumerate(zip(answer, right, strict=True)):
            demand(expect, array, wanted, name=f"params[{number}] after SGD.update")
        demand_update(student, expect, made_sgd(student, expect, rate), params, grads, rate)
    del reference


@sgd.test(weight=4, kills=["RemembersTheGradients", "RateFalls"], requires="sgd_step")
def sgd_many_steps(student, reference, expect):
    """Step after step nothing but the gradients given counts, also for other arrays than before."""
    del reference
    optimizer, draw = made_sgd(student, expect, 0.2), still(96)
    params, _ = draw_arrays(draw)
    for _ in range(30):
        params = demand_update(student, expect, optimizer, params, draw_arrays(draw)[1], 0.2, said=", several times")
    other, grads = draw_arrays(draw, ((2, 2), (7,)))
    demand_update(student, expect, optimizer, other, grads, 0.2, said=", other arrays")


@sgd.test(kills=["OtherDefault"], requires="sgd_step")
def sgd_default(student, reference, expect):
    """Without a rate given, it is 0.01."""
    del reference
    params, grads = draw_arrays(still(97))
    demand_update(student, expect, made_sgd(student, expect), params, grads, 0.01)


@sgd.test(weight=2, kills=["ClipsTheGradients"], requires="sgd_step")
def sgd_large_and_tiny(student, reference, expect):
    """Gradients in the hundreds and near 0.0001 count as they are, and zeros change nothing."""
    del reference
    for scale in (300.0, 1e-4, 0.0):
        params, grads = draw_arrays(still(98), scale=scale)
        demand_update(student, expect, made_sgd(student, expect, 0.5), params, grads, 0.5)


@sgd.test(requires="sgd_step")
def sgd_any_number_of_arrays(student, reference, expect):
    """One array, none at all, and twenty of them are changed right, drawn anew as well."""
    for shapes in (((2, 3),), (), tuple((k,) for k in range(1, 21))):
        params, grads = draw_arrays(reference.rng, shapes)
        demand_update(student, expect, made_sgd(student, expect, 0.3), params, grads, 0.3)


# --- training -----------------------------------------------------------------------------------------------------


def training(names):
    """Train as the notebook does, on a small text, and return the loss that it ends with; `names` are a notebook's."""
    text = " ".join("the sun was up and the rain was up the road".split() * 6)
    numbers, words, _ = names["preprocess"](text)
    np.random.seed(7)
    made_model = names["SimpleRnnlm"](len(words), 4, 8)
    curve, _ = names["fit"](made_model, names["SGD"](0.5), numbers, 3, 5, 6)
    return float(np.log(curve[-1]))
