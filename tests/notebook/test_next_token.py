"""What the text of next_token states, and what its origin got wrong: the first holds here, the second is caught."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.judging.assignment import load_assignment
from gradekit.judging.catalogue import load_misconceptions
from gradekit.judging.inprocess import InProcess
from gradekit.judging.judge import judge
from gradekit.judging.reference import load_solution
from gradekit.model import Verdict

ROOT = Path(__file__).parents[2]
COURSE = Course(ROOT)
NAME = "next_token"
SETTINGS = {"epochs": 100, "lr": 0.03, "max_norm": 5.0, "decay": 0.97}

# What the text says beside a figure, and the cell that printed it.
STATED = {
    "flow-remark": ("flow-figure", ["0.43", "3.5", "0.11", "0.3", "0.0063", "0.38"]),
    "clip-remark": ("clip-try", ["0.9155"]),
    "loss-remark": ("main-training", ["2.1689"]),
    "price-remark": ("price-figure", ["0.0042"]),
}

# Each defect of the origin, and what it is in the catalogue.
DEFECTS = {
    "slope taken at the state": "slope_at_state",
    "state before the first is the last": "last_state_before_first",
    "loss is a mean over the vocabulary": "loss_averaged_over_vocabulary",
    "gradient is clipped inside, in place": "clips_its_gradient",
    "clipping changes its caller's arrays": "clips_in_place",
    "parameters change in place": "updates_in_place",
    "reading a missing key grows the dictionary": "grows_when_read",
    "softmax overflows": "softmax_without_shift",
    "adding 1e-12 changes nothing": "softmax_with_epsilon_only",
    "softmax sums over everything": "softmax_over_everything",
    "softmax has no derivative": "softmax_slope_forgotten",
    "tanh is a quotient that overflows": "tanh_from_exponentials",
    "state is kept across sentences": "state_survives_the_call",
    "argmax for the target": "largest_target_only",
    "hidden size written into the code": "fixed_hidden_size",
}


# Mistakes that show as nothing but an error, which says more than a diagnosis could: exercise, what stands there, and
# what is typed in its place.
ENDS_IN_AN_ERROR = {
    "default that does not exist": ("vocabulary", "return self.default", "return num_words"),
    "no default": ("vocabulary", "return self.default", "raise KeyError(key)"),
    "one default": ("vocabulary", 'Lookup(dict(enumerate(words)), "UNK")', "dict(enumerate(words))"),
    "unknown word": ("one_hot", "word_to_idx.get(word, unknown)", "word_to_idx[word]"),
    "signs on the rows": ("orthogonal", "q * np.sign(np.diag(r))", "np.diag(np.sign(np.diag(r))) @ q"),
    "fixed state": ("forward_pass", "    for x_t in", "    hidden_state = np.zeros((50, 1))\n    for x_t in"),
    "fixed size": ("backward_pass", "dz_next = np.zeros_like(b_hidden)", "dz_next = np.zeros((50, 1))"),
}


class Trained(NamedTuple):
    """The network of the text, before and after training."""

    before: Any
    after: Any
    losses: list[float]
    clipped: float


@pytest.fixture(scope="module")
def solution() -> dict[str, Any]:
    """Load what the source notebook's solution defines."""
    return load_solution(COURSE, NAME)


@pytest.fixture(scope="module")
def data(solution: dict[str, Any]) -> tuple[list[list[str]], Any]:
    """Return the sentences and the dictionary from word to index."""
    sequences = solution["generate_dataset"]()
    return sequences, solution["sequences_to_dicts"](sequences)[0]


def start(solution: dict[str, Any], hidden_size: int, seed: int = 1) -> Any:
    """Draw a network."""
    before = np.random.get_state()
    np.random.seed(seed)
    made = solution["init_rnn"](hidden_size, 4)
    np.random.set_state(before)
    return made


@pytest.fixture(scope="module")
def trained(solution: dict[str, Any], data: Any) -> Trained:
    """Train as the text does."""
    drawn = start(solution, 20)
    return Trained(drawn, *solution["train"](drawn, *data, **SETTINGS))


def ends(solution: dict[str, Any], params: Any, n: int, word_to_idx: Any) -> list[int]:
    """Return the steps from the n-th on at which the network says EOS."""
    said = solution["predict"](params, solution["make_sequence"](n), word_to_idx)[0].argmax(axis=1)
    return [step + 1 for step in range(n, 2 * n) if said[step] == word_to_idx["EOS"]]


class TestStated:
    """Figures of the text."""

    def test_data(self, data: Any) -> None:
        """The first sentence is a⁷b⁷EOS, every n from 1 to 9 occurs, and there are four words."""
        sequences, word_to_idx = data
        assert sequences[0] == ["a"] * 7 + ["b"] * 7 + ["EOS"]
        assert {sequence.count("a") for sequence in sequences} == set(range(1, 10))
        assert word_to_idx == {"a": 0, "b": 1, "EOS": 2, "UNK": 3}

    def test_floor(self, solution: dict[str, Any], data: Any) -> None:
        """The entropy of n is 2.1689 nats, of the origin's eighty training sentences 2.164, and 2.1972 if uniform."""
        sequences, _ = data
        assert solution["entropy_of_lengths"](sequences) == pytest.approx(2.1689, abs=5e-5)
        assert solution["entropy_of_lengths"](sequences[:80]) == pytest.approx(2.164, abs=5e-4)
        assert math.log(9) == pytest.approx(2.1972, abs=5e-5)

    def test_loss_falls_to_its_floor(self, solution: dict[str, Any], data: Any, trained: Trained) -> None:
        """The loss begins at 6.10, ends at 2.24, and stays above the floor; most steps are not clipped."""
        floor = solution["entropy_of_lengths"](data[0])
        assert trained.losses[0] == pytest.approx(6.10, abs=0.01)
        assert trained.losses[-1] == pytest.approx(2.24, abs=0.01)
        assert min(trained.losses) > floor
        assert trained.clipped < 0.5

    def test_end_is_right_for_every_trained_n(self, solution: dict[str, Any], data: Any, trained: Trained) -> None:
        """After training EOS is said after just as many b as a, for n from 1 to 9, and before for none."""
        for n in range(1, 10):
            assert ends(solution, trained.after, n, data[1]) == [2 * n]
            assert solution["counts_right"](trained.after, n, data[1])
            assert not solution["counts_right"](trained.before, n, data[1])

    def test_where_counting_breaks_down(self, solution: dict[str, Any], data: Any, trained: Trained) -> None:
        """At n = 10 the count is right, from 11 on EOS comes too early: at step 20 for 22, at 23 for 28."""
        assert ends(solution, trained.after, 10, data[1]) == [20]
        assert ends(solution, trained.after, 11, data[1])[0] == 20
        assert ends(solution, trained.after, 14, data[1])[0] == 23
        for n in range(11, 15):
            assert not solution["counts_right"](trained.after, n, data[1])

    @pytest.mark.slow
    def test_other_seeds_learn_too(self, solution: dict[str, Any], data: Any) -> None:
        """The settings are no lucky draw: another seed counts right for every trained n and is near the floor."""
        params, losses, _ = solution["train"](start(solution, 20, seed=2), *data, **SETTINGS)
        assert losses[-1] < 2.3
        assert all(solution["counts_right"](params, n, data[1]) for n in range(1, 10))

    @pytest.mark.parametrize("remark", STATED)
    def test_stated_is_what_was_printed(self, remark: str) -> None:
        """Every figure that the text quotes stands in its cell and in the output of the cell that computed it."""
        origin, figures = STATED[remark]
        node = json.loads((ROOT / "solutions" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8"))
        (cell,) = [cell for cell in node["cells"] if cell["id"] == origin]
        printed = "".join("".join(output.get("text", "")) for output in cell["outputs"])
        (text,) = [cell.source for cell in notebook.cells(node) if cell.id == remark]
        for figure in figures:
            whole = rf"(?<![\d.]){re.escape(figure)}(?!\d)"
            assert re.search(whole, printed), (figure, printed)
            assert re.search(whole, text), figure

    @pytest.mark.slow
    def test_thresholds(self, solution: dict[str, Any], data: Any) -> None:
        """With max_norm 1 and 0.25 every step is clipped; after 30 epochs the losses are 2.84, 4.70 and 6.25."""
        found = [
            solution["train"](start(solution, 20), *data, epochs=30, lr=0.003, max_norm=max_norm)[1:]
            for max_norm in (5.0, 1.0, 0.25)
        ]
        assert [losses[-1] for losses, _ in found] == pytest.approx([2.84, 4.70, 6.25], abs=0.006)
        assert [share for _, share in found][1:] == [1.0, 1.0]
        assert found[0][1] < 0.9

    def test_small_figures(self, solution: dict[str, Any]) -> None:
        """The examples in the text: softmax of (1, 2, 3), the price of 0.6, and 1.1 and 0.9 to the fiftieth."""
        probabilities = solution["softmax"](np.array([[1.0], [2.0], [3.0]]))[:, 0]
        assert probabilities == pytest.approx([0.0900, 0.2447, 0.6652], abs=5e-5)
        assert -math.log(0.6) == pytest.approx(0.5108, abs=5e-5)
        assert round(1.1**50) == 117
        assert round(0.9**50, 3) == 0.005
        assert math.log(2) == pytest.approx(0.6931, abs=5e-5)

    def test_model_answer(self, solution: dict[str, Any]) -> None:
        """With n = 1 and n = 3 equally probable, the floor is log 2."""
        sequences = [solution["make_sequence"](n) for n in (1, 3)]
        assert solution["entropy_of_lengths"](sequences) == pytest.approx(math.log(2))


class TestDefectsOfTheOrigin:
    """What the document that the notebook comes from gets wrong."""

    @pytest.mark.parametrize("defect", DEFECTS)
    def test_in_the_catalogue(self, defect: str) -> None:
        """Each defect of a function is a misconception, which the hidden tests reject."""
        loaded = load_assignment(COURSE, NAME)
        labels = {item.label for item in load_misconceptions(COURSE, NAME, loaded.exercises, loaded.solution)}
        assert DEFECTS[defect] in labels

    @pytest.mark.parametrize("mistake", ENDS_IN_AN_ERROR)
    def test_error_costs_points(self, mistake: str) -> None:
        """A mistake that ends in an error loses points for it, where the error is met."""
        exercise, right, wrong = ENDS_IN_AN_ERROR[mistake]
        loaded = load_assignment(COURSE, NAME)
        stub = loaded.exercise(exercise).stub.source
        assert right in stub
        namespace = dict(loaded.solution)
        exec(stub.replace(right, wrong), namespace)
        result = judge(loaded, exercise, InProcess(namespace), seed=b"")
        assert result.score is not None
        assert result.score < result.points
        assert Verdict.RTE in {test.verdict for test in result.tests}

    def test_gradients(self, solution: dict[str, Any]) -> None:
        """Slope at the state and last state before the first are off by more than a per cent, ours by nothing."""
        rng = np.random.default_rng(1)
        params = tuple(0.5 * rng.standard_normal(shape) for shape in ((5, 4), (5, 5), (4, 5), (5, 1), (4, 1)))
        inputs, targets = (solution["columns"](indices, 4) for indices in ([0, 0, 1, 1], [0, 1, 1, 2]))
        state = np.zeros((5, 1))
        outputs, states = solution["forward_pass"](inputs, state, params)
        backward = solution["backward_pass"]
        _, right = backward(inputs, outputs, states, targets, params, state)
        _, bent = backward(inputs, outputs, [np.tanh(h) for h in states], targets, params, state)
        _, wrapped = backward(inputs, outputs, states, targets, params, states[-1])

        def rel(a: np.ndarray, b: np.ndarray) -> float:
            return float(np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b)))

        assert min(rel(bent[0], right[0]), rel(bent[3], right[3]), rel(wrapped[1], right[1])) > 0.01
        for k, array in enumerate(params):
            numeric = np.empty(array.shape)
            for place in np.ndindex(array.shape):
                losses = []
                for nudge in (1e-5, -1e-5):
                    moved = [a.copy() for a in params]
                    moved[k][place] += nudge
                    said, kept = solution["forward_pass"](inputs, state, tuple(moved))
                    losses.append(backward(inputs, said, kept, targets, tuple(moved), state)[0])
                numeric[place] = (losses[0] - losses[1]) / 2e-5
            assert rel(right[k], numeric) < 1e-9

    def test_threshold_and_rate_that_never_learn(self, solution: dict[str, Any], data: Any) -> None:
        """With rate 3e-4 and max_norm 0.25 all steps are clipped, and hardly an EOS is right."""
        params, losses, clipped = solution["train"](start(solution, 50), *data, epochs=20, lr=3e-4, max_norm=0.25)
        assert clipped == 1.0
        assert losses[-1] > 3 * solution["entropy_of_lengths"](data[0])
        assert sum(solution["counts_right"](params, n, data[1]) for n in range(1, 10)) <= 2  # by chance

    def test_test_sentences_are_new(self, solution: dict[str, Any], data: Any) -> None:
        """A random part kept apart would hold training sentences only; the lengths that we ask for are new."""
        known = {" ".join(sequence) for sequence in data[0]}
        assert {" ".join(sequence) for sequence in data[0][-10:]} <= {" ".join(sequence) for sequence in data[0][:80]}
        assert not known & {" ".join(solution["make_sequence"](n)) for n in range(10, 15)}

    def test_targets_are_moved_by_one_place(self, solution: dict[str, Any]) -> None:
        """Every target is the next input, and nothing is lost at either end."""
        heard, answers = solution["inputs_and_targets"](solution["make_sequence"](3))
        assert heard[1:] == answers[:-1]
        assert (heard[0], answers[-1], len(heard)) == ("a", "EOS", 6)

    def test_copying_would_sink_through_the_floor(self, data: Any) -> None:
        """With targets that are not moved, the loss falls below the entropy: there is nothing to predict."""
        own = load_solution(COURSE, NAME)
        own["inputs_and_targets"] = lambda sequence: (sequence, sequence)
        _, losses, _ = own["train"](start(own, 20), *data, epochs=5, lr=0.03, max_norm=5.0)
        assert losses[-1] < own["entropy_of_lengths"](data[0]) / 10

    def test_what_is_not_finite_is_not_called_vanished(self, solution: dict[str, Any], data: Any) -> None:
        """Training with a NaN stops with a sentence that says what happened."""
        drawn = start(solution, 5)
        drawn[1][0, 0] = np.nan
        with pytest.raises(FloatingPointError, match="not finite") as caught:
            solution["train"](drawn, *data, epochs=1, lr=0.1, max_norm=1.0)
        assert "vanish" not in str(caught.value)

    def test_dictionaries_do_not_grow(self, data: Any) -> None:
        """Encoding unknown words leaves the vocabulary as it was."""
        _, word_to_idx = data
        own = load_solution(COURSE, NAME)
        encoded = own["one_hot_encode_sequence"](["a", "zebra"], word_to_idx, 4)
        assert encoded[1, 3, 0] == 1
        assert word_to_idx["yak"] == 3
        assert len(word_to_idx) == 4


def test_honest_draws_stay_far_from_the_bounds(solution: dict[str, Any]) -> None:
    """The means that the hidden tests bound by 0.36 and 0.51 reach at most half of that in ten honest samples."""
    generator = np.random.get_state()
    worst = {400: 0.0, 200: 0.0}
    for seed in range(10):
        np.random.seed(seed)
        for shape in ((2, 2), (2, 4)):
            drawn = np.array([solution["init_orthogonal"](np.zeros(shape)) for _ in range(400)])
            worst[400] = max(worst[400], np.abs(drawn.mean(axis=0)).max())
            worst[200] = max(worst[200], np.abs(drawn[:200].mean(axis=0)).max())
    np.random.set_state(generator)
    assert worst[400] < 0.18
    assert worst[200] < 0.25


def test_every_sentence_of_the_data_has_its_share(solution: dict[str, Any], data: Any) -> None:
    """The floor is reached by betting the shares of n, and by no other bet."""
    counts = Counter(sequence.count("a") for sequence in data[0])
    shares = np.array([counts[n] for n in range(1, 10)]) / 100
    floor = solution["entropy_of_lengths"](data[0])
    assert -np.sum(shares * np.log(shares)) == pytest.approx(floor)
    for other in (np.full(9, 1 / 9), np.roll(shares, 1)):
        assert -np.sum(shares * np.log(other)) > floor
