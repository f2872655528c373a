"""What gated_cells tells its reader is so: the data and where they come from, counts, powers, figures and their words.

Training is chaotic: the last bit of a weight decides about the path, and another processor takes another one. The
figures in the text are those of the committed solutions; what is held anew, over three starts, is the end, with a
margin.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.judging.catalogue import load_misconceptions
from gradekit.judging.reference import _checks_importable, load_solution

NAME = "gated_cells"
COURSE = Course(Path(__file__).parents[2])
FOLDER = COURSE.source_folder(NAME)
CELLS = {cell.id: cell for cell in notebook.cells(notebook.read(COURSE.source(NAME)))}
EXERCISES = notebook.exercises(tuple(CELLS.values()))
SOLVED = json.loads((COURSE.root / "solutions" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8"))
SEEDS = (0, 1, 2)

Solution = dict[str, Any]

# What the course's origins, and learners, get wrong, and where our tests meet it.
DEFECTS = {
    "gate order mixed": ["gates_in_another_order", "update_gate_first", "blocks_back_in_another_order"],
    "input gate on the old cell": ["input_and_forget_exchanged"],
    "tanh(c) left out of h, or of its derivative": ["memory_shown_without_tanh", "slope_of_tanh_left_out"],
    "tanh' taken at tanh(c)": ["slope_at_tanh_of_memory"],
    "cell gradient not carried": ["memory_gradient_not_carried"],
    "c for c_prev, c for tanh(c)": ["new_memory_for_old", "memory_for_its_tanh"],
    "o's gradient from dc": ["output_gate_from_memory"],
    "dc_prev without f": ["memory_back_without_forget_gate"],
    "road from h to c left out": ["road_through_h_left_out"],
    "g treated as a sigmoid": ["candidate_with_sigmoid", "candidate_slope_of_sigmoid"],
    "bias left out": ["lstm_without_bias", "candidate_without_bias"],
    "GRU's z and 1 - z exchanged": ["update_gate_exchanged", "update_gate_exchanged_on_the_way_back"],
    "reset gate before the product, over the input, nowhere": [
        "reset_before_the_product",
        "reset_over_the_input_too",
        "without_reset_gate",
    ],
    "straight road forgotten, dr from n": ["straight_road_left_out", "reset_gradient_from_candidate"],
    "mask on h but not on c, zeros for keeping": ["mask_on_the_first_state_only", "zero_where_masked"],
    "back through masked steps, dstates dropped": ["backward_as_if_run", "end_gradient_dropped"],
    "backward direction not turned back, whole array reversed": ["second_half_not_turned_back", "whole_array_reversed"],
    "last step taken of the padding": ["last_column_for_last_states"],
    "dc of the first step, of the last, the mean": [
        "context_gradient_of_first_step",
        "context_gradient_of_last_step",
        "context_gradient_averaged",
    ],
    "decoder fed its own output while training, ys not shifted": ["reads_its_own_output", "answers_not_late"],
    "end not fed back, all rows stopped at the first end": ["choice_not_fed_back", "stops_all_rows_at_the_first_end"],
}


def words(*cells: str) -> str:
    """Return the text of some cells on one line."""
    return " ".join(" ".join(CELLS[cell].source.split()) for cell in cells)


def printed(*cells: str) -> str:
    """Return what cells of the committed solutions have printed."""
    outputs = [out for cell in SOLVED["cells"] if cell["id"] in cells for out in cell.get("outputs", ())]
    return "".join("".join(out.get("text", ())) for out in outputs)


@pytest.fixture(scope="module")
def solution() -> Solution:
    """Load what the source notebook's solution defines."""
    return load_solution(COURSE, NAME)


@pytest.fixture
def in_folder() -> Any:
    """Stand in the notebook's folder, where it reads its data."""
    with contextlib.chdir(FOLDER):
        yield


# --- the data ---------------------------------------------------------------------------------------------------------


def test_digits_are_the_committed_ones() -> None:
    """The file's digest is the one that stands beside it; it holds what digits.txt says, and is small."""
    data, said = (FOLDER / "digits.npz").read_bytes(), (FOLDER / "digits.txt").read_text(encoding="ascii")
    assert hashlib.sha256(data).hexdigest() in said
    assert len(data) < 120_000
    with np.load(FOLDER / "digits.npz") as file:
        images, labels = file["images"], file["labels"]
    assert images.shape == (1797, 8, 8)
    assert images.dtype == labels.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 16)
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    for named in ("Alpaydin", "Kaynak", "UCI", "NIST", "CC BY 4.0", "BSD 3-Clause", "load_digits", "make_digits.py"):
        assert named in said
    assert "digits.txt" in words("digits-text")


def test_digits_are_what_the_script_writes() -> None:
    """With scikit-learn at hand, make_digits.py writes the committed file to the byte."""
    pytest.importorskip("sklearn", reason="the origin of the digits is scikit-learn's copy of them")
    script = runpy.run_path(str(FOLDER / "make_digits.py"))
    assert script["digits"]() == (FOLDER / "digits.npz").read_bytes()


def test_digits_are_packed_alike_everywhere() -> None:
    """The script's packing gives the committed bytes from the committed arrays, and its order is one of all images."""
    script = runpy.run_path(str(FOLDER / "make_digits.py"))
    with np.load(FOLDER / "digits.npz") as file:
        arrays = {name: file[name] for name in file.files}
    assert script["packed"](arrays) == (FOLDER / "digits.npz").read_bytes()
    order = script["shuffled"](1797)
    assert sorted(order) == list(range(1797))
    assert order[:3] != [0, 1, 2]
    assert script["LEARNT"] == 1400


def test_reviews_are_what_the_script_writes() -> None:
    """reviews.txt equals, to the byte, what make_reviews.py writes today."""
    script = runpy.run_path(str(FOLDER / "make_reviews.py"))
    assert script["reviews"]().encode("ascii") == (FOLDER / "reviews.txt").read_bytes()


def test_labels_are_what_the_reviews_say(solution: Solution, in_folder: None) -> None:
    """Read again by a grammar of the test's own, each review has one clause on food, and the label is its opinion."""
    del in_folder
    reviews, labels, vocabulary, learnt = solution["load_reviews"]()
    assert (len(reviews), learnt, len(vocabulary)) == (2500, 2000, 29)
    assert (min(map(len, reviews)), max(map(len, reviews))) == (4, 27)
    assert "4 to 27 words" in words("reviews-text")
    good = {"good", "fresh", "lovely", "great", "tasty", "fine"}
    for review, label in zip(reviews, labels, strict=True):
        clauses = re.split(r" (?:and|but) ", " ".join(vocabulary[word] for word in review))
        about = [re.fullmatch(r"the (\w+) was( not)?( very)? (\w+)", clause) for clause in clauses]
        food = [found for found in about if found and found[1] in {"soup", "bread", "fish", "cake", "rice"}]
        assert all(about)
        assert len(food) == 1
        assert ((food[0][4] in good) != bool(food[0][2])) == bool(label)


def fitted(columns: np.ndarray, answers: np.ndarray, *, steps: int) -> np.ndarray:
    """Return the weights of a softmax regression after some steps of plain descent."""
    weights, wanted = np.zeros((columns.shape[1], answers.max() + 1)), np.eye(answers.max() + 1)[answers]
    for _ in range(steps):
        scores = columns @ weights
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights -= columns.T @ (powers / powers.sum(axis=1, keepdims=True) - wanted) / len(columns)
    return weights


def test_counting_words_does_not_help(solution: Solution, in_folder: None) -> None:
    """A regression on counted words is right on about half of the reviews held out."""
    del in_folder
    reviews, labels, vocabulary, learnt = solution["load_reviews"]()
    counts = np.array([np.bincount(review, minlength=len(vocabulary)) for review in reviews])
    columns = np.column_stack([counts / 5.0, np.ones(len(counts))])
    guesses = (columns @ fitted(columns[:learnt], labels[:learnt], steps=500)).argmax(axis=1)
    assert 0.44 < np.mean(guesses[learnt:] == labels[learnt:]) < 0.58


def test_a_regression_on_pixels_is_as_good(solution: Solution, in_folder: None) -> None:
    """On the 64 pixels a softmax regression is right on 0.945 of the digits held out; the commonest one is 0.144."""
    del in_folder
    images, labels, learnt = solution["load_digits"]()
    columns = np.column_stack([images.reshape(len(images), -1), np.ones(len(images))])
    guesses = (columns @ fitted(columns[:learnt], labels[:learnt], steps=3000)).argmax(axis=1)
    assert f"{np.mean(guesses[learnt:] == labels[learnt:]):.3f}" == "0.945"
    assert f"{np.bincount(labels[learnt:]).max() / (len(labels) - learnt):.3f}" == "0.144"
    assert {"0.945", "0.144"} <= set(re.findall(r"0\.\d+", words("digits-remark")))


def test_roman_numerals_are_roman(solution: Solution) -> None:
    """All 3,999 numerals read back are their numbers; they have 1 to 15 letters, and an end behind these."""
    value = dict(zip("IVXLCDM", (1, 5, 10, 50, 100, 500, 1000), strict=True))
    longest = 0
    for number in range(1, 4000):
        text = solution["roman"](number)
        numbers = [value[letter] for letter in text]
        pairs = zip(numbers, [*numbers[1:], 0], strict=True)
        assert sum(-one if one < two else one for one, two in pairs) == number
        assert not re.search(r"I{4}|X{4}|C{4}|M{4}|VV|LL|DD", text)
        longest = max(longest, len(text) + 1)
    assert longest == 16
    assert "two to sixteen out, the end included" in words("roman-text")


# --- facts ------------------------------------------------------------------------------------------------------------


COUNTS = {  # inputs, units, scores: with one bias, with PyTorch's two
    (100, 100, 0): ({"plain": 20100, "GRU": 60300, "LSTM": 80400}, {"plain": 20200, "GRU": 60600, "LSTM": 80800}),
    (28, 128, 10): ({"plain": 21386, "GRU": 61578, "LSTM": 81674}, {"plain": 21514, "GRU": 61962, "LSTM": 82186}),
}


@pytest.mark.parametrize("sizes", COUNTS, ids=str)
def test_counts_of_parameters(solution: Solution, sizes: tuple[int, int, int]) -> None:
    """Both conventions of counting are those in print: of our arrays, of PyTorch's, and in the notebook's table."""
    (inputs, units, scores), (one_bias, two_biases) = sizes, COUNTS[sizes]
    told = printed("counts-table")
    for name, count in one_bias.items():
        cell = solution["cell_named"](name)
        own = solution["initialise"](cell, inputs, units, np.random.default_rng(0))
        top = solution["draw_scores"](units, scores, np.random.default_rng(0)) if scores else {}
        assert sum(array.size for array in (*own.values(), *top.values())) == count
        assert re.search(rf"{name} +{count} with one bias, +{two_biases[name]} with two", told)
    torch = pytest.importorskip("torch")
    for name, made in {"plain": torch.nn.RNN, "GRU": torch.nn.GRU, "LSTM": torch.nn.LSTM}.items():
        layers = [made(inputs, units), *([torch.nn.Linear(units, scores)] if scores else [])]
        assert sum(p.numel() for layer in layers for p in layer.parameters()) == two_biases[name]


def test_shapes_beside_pytorch() -> None:
    """The shapes that the text gives are PyTorch's: bidirectional with two layers, and a plain layer of wide inputs."""
    torch = pytest.importorskip("torch")
    xs = torch.zeros(5, 4, 7)
    out, (state, memory) = torch.nn.LSTM(7, 10, num_layers=2, bidirectional=True, batch_first=True)(xs)
    assert tuple(out.shape) == (5, 4, 20)
    assert tuple(state.shape) == tuple(memory.shape) == (4, 5, 10)
    assert "`(5, 4, 20)`" in words("torch-text")
    assert "`(4, 5, 10)`" in words("torch-text")
    out, state = torch.nn.RNN(10000, 10, batch_first=True)(torch.zeros(5, 4, 10000))
    assert (tuple(out.shape), tuple(state.shape)) == ((5, 4, 10), (1, 5, 10))


def test_lines_for_pytorch_do_what_they_say(solution: Solution) -> None:
    """The text's own lines carry our weights into nn.LSTM, whose outputs are then ours."""
    torch = pytest.importorskip("torch")
    code = re.search(r"```python\n(.*?)```", CELLS["torch-text"].source, re.DOTALL)
    assert code
    rng = np.random.default_rng(1)
    weights = solution["initialise"](solution["cell_named"]("LSTM"), 3, 5, rng, 1.0)
    names = {"torch": torch, "D": 3, "H": 5, "weights": weights}
    exec(code[1], names)
    xs = rng.standard_normal((2, 6, 3))
    hs, _, _ = solution["run_layer"](solution["lstm_step"], xs, solution["zero_states"](weights, 2), weights)
    assert np.abs(names["lstm"](torch.tensor(xs))[0].detach().numpy() - hs).max() < 1e-14


def test_joined_weights_give_the_same() -> None:
    """One product of [x, h] with stacked weights equals two products, up to rounding."""
    rng = np.random.default_rng(2)
    x, h, wx, wh = (rng.standard_normal(shape) for shape in ((3, 4), (3, 5), (4, 20), (5, 20)))
    joined = np.hstack([x, h]) @ np.vstack([wx, wh])
    assert np.abs(joined - (x @ wx + h @ wh)).max() < 1e-14


def test_place_of_the_reset_gate(solution: Solution) -> None:
    """Before or after the product is the same from the zero state, and several per cent apart afterwards."""

    def before(x: np.ndarray, h: np.ndarray, p: dict[str, np.ndarray]) -> np.ndarray:
        r, z = (1 / (1 + np.exp(-a)) for a in np.split(x @ p["Wx"] + p["b"] + h @ p["Wh"], 3, axis=1)[:2])
        size = h.shape[1]
        n = np.tanh((x @ p["Wx"] + p["b"])[:, 2 * size :] + (r * h) @ p["Wh"][:, 2 * size :])
        return (1 - z) * n + z * h

    rng, weights = np.random.default_rng(3), solution["example_cell"](4, 6, 3)
    one = other = np.zeros((3, 6))
    apart = []
    for _ in range(5):
        x = rng.standard_normal((3, 4))
        ((one,), _), other = solution["gru_step"](x, (one,), weights), before(x, other, weights)
        apart.append(np.linalg.norm(one - other) / (np.linalg.norm(one) + np.linalg.norm(other)))
    assert apart[0] < 1e-15
    assert 0.02 < np.mean(apart[1:]) < 0.2
    assert "several per cent" in words("gru-remark")


def test_powers_are_those_in_the_text() -> None:
    """The powers of numbers that the text quotes are right, and those of matrices do what it says."""
    assert f"{0.9**80:.6f}" == "0.000218"
    assert f"{1.1**80:.0f}" == "2048"
    assert "0.9^{80} = 0.000218" in words("powers-text")
    assert "1.1^{80} = 2048" in words("powers-text")
    assert f"{0.5**80:.0e}" == "8e-25"
    assert f"{0.95**80:.4f}" == "0.0165"
    assert "8 \\cdot 10^{-25}" in words("lstm_backward-derive")
    assert "0.0165" in words("lstm_backward-derive")
    assert f"{1 / (1 + math.exp(-3)):.2f}" == "0.95"
    assert 1 / (1 + math.exp(-4.4)) == pytest.approx(1 - 1 / 80, abs=1e-3)
    rows = re.findall(r"radius ([\d.]+): .* steps (.*)", printed("powers-table"))
    last = {radius: float(values.split(", ")[-1]) for radius, values in rows}
    assert last["0.9"] < 1e-3
    assert 0.05 < last["1.0"] < 2
    assert last["1.1"] > 100


def test_pros_and_cons_are_told() -> None:
    """The plain cell's advantages and its price are named where the plain cell is shown, before any gate."""
    assert list(CELLS).index("powers-remark") < list(CELLS).index("lstm-text")
    for point in ("**For the plain cell**", "small", "fast", "any length", "**Against it**", "explodes or vanishes"):
        assert point in words("powers-remark")


# --- the words below the figures --------------------------------------------------------------------------------------

QUOTED = {  # below a figure: what of it the text quotes, and where that is printed
    "carousel-remark": ("carousel-figure", ("3.0e-16", "2.5e-08", "3.6e-01", "8.1e-01")),
    "digits-remark": ("digits-rows-training", ("0.922", "0.945", "0.937")),
    "padding-remark": ("padding-gru-training", ("0.518", "0.482")),
    "spelling-remark": ("spelling-training", ("0.917", "0.945")),
    "roman-remark": ("roman-training", ("0.990",)),
}


@pytest.mark.parametrize("remark", QUOTED)
def test_figures_in_the_text_are_printed(remark: str) -> None:
    """The numbers that a text quotes were printed by the cells above it."""
    cell, numbers = QUOTED[remark]
    for number in numbers:
        assert number in printed(cell), number
        mantissa, _, power = number.partition("e")
        plain = f"{float(number):g}" if power in ("", "-01") else mantissa.removesuffix(".0")
        assert plain in words(remark) or number in words(remark), number


def test_recall_is_as_the_text_says() -> None:
    """In the committed run open gates recall everywhere, half-open ones guess at 40, the plain cell sometimes can."""
    rows = printed(*(cell for cell in CELLS if cell.startswith("recall-")))
    found: dict[tuple[str, str], dict[str, list[float]]] = {}
    for name, bias, rest in re.findall(r"(\w+), bias (\d), three starts each: (.*)", rows):
        columns = re.findall(r"T = (\d+): ([\d., ]+)", rest)
        found[name, bias] = {distance: [float(x) for x in values.split(", ")] for distance, values in columns}
    for name in ("GRU", "LSTM"):
        assert all(x == 1.0 for values in found[name, "3"].values() for x in values)
        assert max(found[name, "0"]["40"]) < 0.35
    assert max(found["LSTM", "0"]["20"]) < 0.35
    assert [round(x) for x in found["plain", "0"]["10"] + found["plain", "0"]["20"]] == [1] * 6
    assert sum(x == 1.0 for x in found["plain", "0"]["40"]) == 1
    assert np.mean(found["plain", "0"]["40"]) > np.mean(found["GRU", "0"]["40"])
    assert "both are worse than the plain network" in words("recall-remark")


def test_gates_do_what_the_text_says() -> None:
    """In the committed picture f rises at each *was* but that of the food, and *not* is written there most of all."""
    rows = dict(re.findall(r"gate (\w at '\w+'): (.*)", printed("gates-training")))
    inside = {name: float(value) for name, row in rows.items() for value in re.findall(r"([\d.]+) \(food\)", row)}
    outside = {name: [float(x) for x in re.findall(r"([\d.]+)(?:,|$)", row)] for name, row in rows.items()}
    assert all(len(values) >= 2 for values in outside.values())
    assert min(outside["f at 'was'"]) > inside["f at 'was'"] + 0.05
    assert max(outside["i at 'was'"]) < inside["i at 'was'"] - 0.05
    assert min(outside["f at 'not'"]) > inside["f at 'not'"]
    assert max(outside["i at 'not'"]) < inside["i at 'not'"]


def test_mistakes_of_the_roman_decoder_are_in_short_numbers() -> None:
    """In the committed run every wrong number is below 100."""
    wrong = [int(number) for number in re.findall(r"^ *(\d+) \w+ +wrong", printed("roman-training"), re.MULTILINE)]
    assert wrong
    assert max(wrong) < 100


def test_every_figure_is_narrow_and_told_in_words() -> None:
    """No figure is wider than 7 inches, and a text stands below each."""
    names = list(CELLS)
    for place, (name, cell) in enumerate(CELLS.items()):
        assert all(float(width) <= 7 for width in re.findall(r"figsize=\((\d+\.?\d*),", cell.source)), name
        if cell.kind == "code" and "plt.show()" in cell.source:
            assert CELLS[names[place + 1]].kind == "markdown", name


def test_question_stands_before_training() -> None:
    """The question that a person reads stands behind the last exercise and before the training."""
    names = list(CELLS)
    assert names.index("greedy-grade") < names.index("gates-question") < names.index("training-text")
    assert "Mark scheme" in CELLS["gates-question"].source


# --- wrong answers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("defect", DEFECTS)
def test_every_defect_is_in_the_catalogue(defect: str, solution: Solution) -> None:
    """Each mistake that we know of from elsewhere is a misconception that a test must reject."""
    known = {item.label for item in load_misconceptions(COURSE, NAME, EXERCISES, solution)}
    assert set(DEFECTS[defect]) <= known


def test_visible_checks_find_every_misconception(solution: Solution) -> None:
    """No wrong answer that we know passes the visible checks of its own exercise."""
    passed = []
    for item in load_misconceptions(COURSE, NAME, EXERCISES, solution):
        namespace = dict(solution)
        with _checks_importable(), np.errstate(all="ignore"):
            for before in ("lstm-tests", "lstm_backward-tests"):  # define what later checks use
                exec(CELLS[before].source, namespace)
            exec(item.source, namespace)
            try:
                exec(CELLS[f"{item.exercise}-tests"].source, namespace)
            except Exception:  # noqa: BLE001  (a check's message, or what the wrong answer itself raises)
                continue
        passed.append(item.label)
    assert passed == []


# --- where training ends, over three starts ---------------------------------------------------------------------------


@pytest.mark.slow
def test_open_gates_recall(solution: Solution) -> None:
    """A GRU that begins open recalls over 20, 40 and 80 steps in every start; half-open gates fail at 40."""
    recall = solution["train_recall"]
    assert all(recall("GRU", T, 3.0, seed=seed) > 0.99 for T in (20, 40, 80) for seed in SEEDS)
    assert all(recall("LSTM", T, 3.0, seed=seed) > 0.99 for T in (20, 40) for seed in SEEDS)
    assert all(recall(name, 40, 0.0, seed=seed) < 0.4 for name in ("GRU", "LSTM") for seed in SEEDS)
    assert all(recall("plain", T, 0.0, seed=seed) > 0.99 for T in (10, 20) for seed in SEEDS)
    assert np.mean([recall("plain", 80, 0.0, seed=seed) for seed in SEEDS]) < 0.6
    assert max(recall("LSTM", 80, 4.4, seed=seed) for seed in SEEDS) > 0.99


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least", "most"), [("plain", 0.9, 0.965), ("GRU", 0.92, 0.975), ("LSTM", 0.9, 0.965)])
def test_digits_need_no_gates(solution: Solution, in_folder: None, name: str, least: float, most: float) -> None:
    """On digits all three cells end within a few per cent of one another, and of a regression."""
    del in_folder
    data = solution["load_digits"]()
    assert all(least < solution["train_digits"](name, *data, seed=seed) < most for seed in SEEDS)


@pytest.mark.slow
def test_reviews_need_the_mask(solution: Solution, in_folder: None) -> None:
    """With the mask the gated cells are right; without it the plain network guesses, and so may a GRU of 64 columns."""
    del in_folder
    train = solution["train_reviews"]
    assert all(train(name, seed)[0] > 0.98 for name in ("GRU", "LSTM") for seed in SEEDS)
    assert max(train("plain", seed)[0] for seed in SEEDS) > 0.95
    assert all(train("plain", seed, columns=32)[0] < 0.6 for seed in SEEDS)
    assert min(train("GRU", seed, columns=64)[0] for seed in SEEDS) < 0.95
    assert all(solution["train_both"]("GRU", seed) > 0.98 for seed in SEEDS)


@pytest.mark.slow
def test_spelling_is_the_easy_part(solution: Solution, in_folder: None) -> None:
    """Nine words in ten are right, and nearly all that is wrong is the name of another digit."""
    del in_folder
    images, labels, learnt = solution["load_digits"]()
    wanted = [solution["NAMES"][label] for label in labels[learnt:]]
    for name in ("plain", "GRU"):
        for seed in SEEDS:
            said = solution["train_spelling"](name, images, labels, learnt, seed=seed)
            assert np.mean([one == two for one, two in zip(said, wanted, strict=True)]) > 0.89
            assert np.mean([word in solution["NAMES"] for word in said]) > 0.98


@pytest.mark.slow
@pytest.mark.parametrize("plain", [False, True], ids=["GRU", "plain"])
def test_roman_numerals_are_learnt(plain: bool) -> None:  # noqa: FBT001  (with gates, or without)
    """Held-out numbers are right to the last letter in 97 of 100 cases and more, with gates and without any."""
    names = load_solution(COURSE, NAME)
    if plain:  # the cells' names are looked up when they are called
        names["gru_step"], names["gru_step_backward"] = names["rnn_step"], names["rnn_step_backward"]
        one = names["Cell"](names["rnn_step"], names["rnn_step_backward"], 1)
        names["cell_named"] = lambda _: one
    for seed in SEEDS:
        model, held = names["train_roman"](seed)
        written = names["write_roman"](model, held)
        assert np.mean([text == names["roman"](number) for text, number in zip(written, held, strict=True)]) > 0.97
