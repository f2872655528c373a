"""What char_rnn tells its reader is so: the song and its dice, where training ends, how sharp the sampler's judge is.

Training is chaotic: the last bit of a weight decides about the path, and another processor takes another one. What is
held here is the end, with a margin that four seeds and eight perturbations of the last bits have kept.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import re
import runpy
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.judging.catalogue import load_misconceptions
from gradekit.judging.reference import Reference, _checks_importable, load_solution, read_cases

COURSE = Course(Path(__file__).parents[2])
FOLDER = COURSE.source_folder("char_rnn")
CELLS = {cell.id: cell for cell in notebook.cells(notebook.read(COURSE.source("char_rnn")))}
EXERCISES = notebook.exercises(tuple(CELLS.values()))
PROSE = " ".join(" ".join(cell.source.split()) for cell in CELLS.values() if cell.kind == "markdown")

Solution = dict[str, Any]

# What the course's origin gets wrong, and where our tests meet it: as an answer of the catalogue, or below.
DEFECTS = {
    "unstable softmax: a logit of 800": ["unstable_softmax", "loss_overflows", "logarithm_of_underflow"],
    "sampling fails for a large logit": ["unstable_at_low_temperature"],
    "the vocabulary's order depends on the hash seed": ["order_of_a_set"],
    "nothing is seeded: the global generator": ["global_generator", "generator_of_its_own"],
    "51 characters: 25 of 50 targets used": ["off_by_one_reset"],
    "short texts crash": ["fails_on_short_texts"],
    "clipped before the check": ["clips_its_gradients"],
    "argmax works too": ["takes_the_most_probable"],
    "probabilities fed back": ["reads_the_probabilities"],
    "dy without a copy": ["subtracts_in_the_cache"],
    "dy[targets] -= 1": ["whole_list_of_targets_subtracted"],
    "bias in sampling but not in training": ["output_bias_in_sampling_only", "without_output_bias_here"],
    "loop from T-2, or range(T, 0, -1)": ["begins_one_step_early", "stops_before_the_first_step"],
    "Adagrad without memory, root, sign": ["without_memory", "without_root", "wrong_sign"],
    "the chunk's first state not used in dWhh": ["initial_state_taken_as_zero", "last_state_before_first"],
    "loss of shape (1,)": ["loss_as_array"],
}


@pytest.fixture(scope="module")
def solution() -> Solution:
    """Load what the source notebook's solution defines."""
    return load_solution(COURSE, "char_rnn")


@pytest.fixture(scope="module")
def song(solution: Solution) -> Any:
    """Load the song as the notebook does, from the notebook's folder."""
    with contextlib.chdir(FOLDER):
        return solution["load_song"]()


# --- the song ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """Run the script that writes the song, as a module."""
    return runpy.run_path(str(FOLDER / "make_song.py"))


def test_song_is_what_the_script_writes(script: dict[str, Any]) -> None:
    """song.txt equals, to the byte, what make_song.py writes today; it is large enough to learn from."""
    written = (FOLDER / "song.txt").read_bytes()
    assert written == script["song"]().text.encode("ascii")
    assert len(written) >= 60_000


def test_dice_cost_what_the_text_says(script: dict[str, Any]) -> None:
    """The dice cost 0.3493 nats a character: as the script adds up, and as the song's own grammar says, read again."""
    made = script["song"]()
    cost = sum(stanza_cost(stanza) for stanza in made.text.split("\n\n") if stanza)
    assert math.isclose(cost, made.nats, rel_tol=1e-12)
    assert f"{made.nats / len(made.text):.4f}" == "0.3493"
    assert "0.3493" in CELLS["second-training"].source
    assert PROSE.count("0.3493") == 3


def stanza_cost(stanza: str) -> float:
    """Return minus the logarithm of a stanza's probability; it is read, not written: no code of the script's."""
    found = re.fullmatch(r"the (\w+) has a box, ([\w, ]+),\nand in it (\S.*)\.\n([\w, ]+)\.", stanza)
    assert found
    owner, first, contents, second = found.groups()
    refrains = {"baker": "rise, bread, rise", "miller": "turn, mill, turn", "sailor": "blow, wind, blow"}
    assert first == second == (refrains | {"weaver": "click, loom, click"})[owner]
    cost, depth = math.log(4), -1
    more, holds = (0.7, 0.6, 0.5), (0.5, 0.4, 0.0)
    for token in re.findall(r"\w+|[^\w]", contents):
        if token in "([{":
            assert token == "([{"[depth + 1]
            cost -= math.log(holds[depth]) - math.log(1 - holds[depth]) if depth >= 0 else 0.0
            depth += 1
        elif token in ")]}":
            assert token == ")]}"[depth]
            cost -= math.log(1 - more[depth])
            depth -= 1
        elif token == " ":
            cost -= math.log(more[depth])
        else:
            cost += math.log(15) - math.log(1 - holds[depth])
    assert depth == -1
    return cost


def test_entropies_are_those_in_the_text(solution: Solution, song: Any) -> None:
    """The entropies that the text quotes are those that its own function counts, and that counting by hand gives."""
    entropies = [solution["ngram_entropy"](song.text, order) for order in range(8)]
    counts = {character: song.text.count(character) / len(song.text) for character in set(song.text)}
    assert math.isclose(entropies[0], -sum(p * math.log(p) for p in counts.values()))
    assert f"{entropies[7]:.4f}" in PROSE
    assert f"{math.log(len(song.char_to_ix)):.4f}" in PROSE
    assert entropies[7] < 0.3493 < entropies[6] < 0.44 < entropies[4]
    assert all(one > two for one, two in itertools.pairwise(entropies))


def test_song_is_cut_between_stanzas(solution: Solution, song: Any) -> None:
    """What is learnt and what is held out make up the song, and the held-out part begins with a stanza."""
    both = np.concatenate([song.learnt, song.held])
    assert solution["decode"](both, song.ix_to_char) == song.text
    assert solution["decode"](song.held[:4], song.ix_to_char) == "the "
    assert len(song.held) >= 9_000


# --- training ---------------------------------------------------------------------------------------------------------


class Trained(NamedTuple):
    """The notebook's training: its last parameters, those on the way, and all losses."""

    parameters: dict[str, np.ndarray]
    kept: dict[int, dict[str, np.ndarray]]
    losses: list[float]


@pytest.fixture(scope="module")
def trained(solution: Solution, song: Any) -> Trained:
    """Train as the notebook does, with its numbers."""
    start = solution["initialize_parameters"](100, len(song.char_to_ix), np.random.default_rng(1))
    empty = {name: np.zeros_like(array) for name, array in start.items()}
    kept_at = (0, 100, 500, 2000, 8000)
    parameters, _, losses, kept = solution["train"](start, empty, song.learnt, range(16000), keep=kept_at)
    return Trained(parameters, kept, losses)


def test_training_reaches_what_the_text_states(solution: Solution, song: Any, trained: Trained) -> None:
    """On the held-out part the loss ends below 0.40 nats per character, after falling all the way."""
    losses = [solution["loss_per_character"](parameters, song.held) for parameters in trained.kept.values()]
    losses.append(solution["loss_per_character"](trained.parameters, song.held))
    assert abs(losses[0] - math.log(len(song.char_to_ix))) < 0.01
    assert all(one > two for one, two in itertools.pairwise(losses))
    assert 0.3493 < losses[-1] < 0.40
    smooth = solution["smooth"](trained.losses, start=losses[0])
    assert smooth[-1] < solution["ngram_entropy"](song.text, 4)
    assert "below 0.40" in PROSE


def test_memory_is_what_the_text_states(solution: Solution, song: Any, trained: Trained) -> None:
    """Brackets and the first refrain need tens of characters and get them; the second refrain is a guess."""
    places = solution["places_of_interest"](song)
    found = {}
    for name, where in places.items():
        answers = [song.char_to_ix[b] for b in (")]}" if "bracket" in name else "rtbc")]
        for k in (4, 8, 32, 128):
            p = solution["guesses"](trained.parameters, song.held, where, k)
            found[name, k] = np.mean(p[np.arange(len(where)), song.held[where]] / p[:, answers].sum(axis=1))
    assert found["the right bracket", 4] < 0.75
    assert found["the right bracket", 32] > 0.85
    assert found["the first refrain", 8] < 0.45
    assert found["the first refrain", 32] > 0.85
    assert 0.15 < found["the second refrain", 128] < 0.4


def test_depth_can_be_read_from_the_state(solution: Solution, song: Any, trained: Trained) -> None:
    """A weighted sum of the units, fitted on one half, gives the depth on the other; single units do so less well."""
    hs = solution["forward_pass"](song.held, np.zeros(100), trained.parameters)["hs"][1:]
    depth = solution["depths"](solution["decode"](song.held, song.ix_to_char))
    assert depth.min() == 0
    assert depth.max() == 3
    assert depth[-1] == 0
    half = len(depth) // 2
    together = np.corrcoef(solution["read_out"](hs, depth)[half:], depth[half:])[0, 1]
    alone = max(abs(np.corrcoef(unit, depth)[0, 1]) for unit in hs.T)
    assert together > 0.8
    assert 0.15 < alone < together


def test_truncated_gradient_is_nearly_the_full_one(solution: Solution, song: Any, trained: Trained) -> None:
    """Cut into chunks of 25 the gradient has a cosine above 0.9 with the full one, later less; the loss is the same."""
    piece = song.held[:601]
    for parameters, enough in ((trained.kept[500], 0.9), (trained.kept[2000], 0.9), (trained.parameters, 0.7)):
        full, loss = solution["gradient_in_chunks"](parameters, piece, 600)
        for length, least, most in ((1, 0.1, 0.8), (25, enough, 1.0)):
            near, same = solution["gradient_in_chunks"](parameters, piece, length)
            assert math.isclose(same, loss, rel_tol=1e-12)
            assert least < solution["cosine"](near, full) < most, length


def test_who_takes_no_chance_goes_in_circles(solution: Solution, song: Any, trained: Trained) -> None:
    """The most probable character each time soon repeats itself; drawn by lot, the text goes on being new."""

    def share_of_new(temperature: float) -> float:
        text = solution["write"](song, trained.parameters, 2000, temperature=temperature)[1000:]
        return len({text[i : i + 12] for i in range(len(text) - 12)}) / (len(text) - 12)

    assert share_of_new(1e-6) < 0.5 * share_of_new(1.0)


def test_loss_is_a_sum(solution: Solution, song: Any) -> None:
    """Twice as many characters have about twice the loss and the gradient: why the rate depends on the chunk."""
    start = solution["initialize_parameters"](20, len(song.char_to_ix), np.random.default_rng(1))
    runs = [
        solution["loss_and_gradients"](song.held[:n], song.held[1 : n + 1], np.zeros(20), start) for n in (800, 1600)
    ]
    assert 1.9 < runs[1][0] / runs[0][0] < 2.1
    norms = [np.linalg.norm(grads["dby"]) for _, grads, _ in runs]
    assert 1.8 < norms[1] / norms[0] < 2.2


# --- wrong answers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("defect", DEFECTS)
def test_every_defect_of_the_origin_is_in_the_catalogue(defect: str, solution: Solution) -> None:
    """Each defect of the document that this assignment comes from is a misconception that a test must reject."""
    known = {item.label for item in load_misconceptions(COURSE, "char_rnn", EXERCISES, solution)}
    assert set(DEFECTS[defect]) <= known


def test_visible_checks_find_every_misconception(solution: Solution) -> None:
    """No wrong answer that we know passes the visible checks of its own exercise."""
    passed = []
    for item in load_misconceptions(COURSE, "char_rnn", EXERCISES, solution):
        namespace = dict(solution)
        with _checks_importable(), np.errstate(all="ignore"):
            exec(item.source, namespace)
            state = np.random.get_state()
            try:
                exec(CELLS[f"{item.exercise}-tests"].source, namespace)
            except Exception:  # noqa: BLE001  (a check's message, or what the wrong answer itself raises)
                continue
            finally:
                np.random.set_state(state)
        passed.append(item.label)
    assert passed == []


# --- the sampler's judgement ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tests() -> dict[str, Any]:
    """Run the hidden tests' file, for its bound and its distance."""
    return runpy.run_path(str(COURSE.hidden("char_rnn") / "tests.py"))


@pytest.fixture(scope="module")
def writers() -> list[dict[str, Any]]:
    """Return the frozen networks on which samplers are judged."""
    return read_cases(COURSE.hidden("char_rnn") / "reference.npz")["sample_writers"]


def test_false_alarm_is_as_stated(tests: dict[str, Any]) -> None:
    """Three judgements, and three with follow-through, reject a right sampler with a chance below 1e-9."""
    source = (COURSE.hidden("char_rnn") / "tests.py").read_text(encoding="utf-8")
    judgements = 1 + 2  # sample_law makes one, sample_temperature two
    assert source.count("demand_law(student") == 1 + 2  # its definition, and a call in either test
    assert 2 * judgements * tests["FALSE_ALARM"] < 1e-9


def test_bound_holds_for_fair_dice(tests: dict[str, Any]) -> None:
    """Of many right samples, no more exceed the bound of a milder chance than that chance allows."""
    rng, n = np.random.default_rng(3), 400
    p = np.array([0.5, 0.2, 0.2, 0.1])
    far = [np.abs(np.bincount(rng.choice(4, size=n, p=p), minlength=4) - n * p).max() for _ in range(2000)]
    for chance in (0.5, 0.1, 0.01):
        assert np.mean(np.array(far) > tests["bound"](n, 4, chance)) <= chance


@pytest.mark.parametrize(
    ("label", "temperature"),
    [
        *((label, 1.0) for label in ("takes_the_most_probable", "never_reads_what_it_drew", "all_from_the_first")),
        *((label, 1.0) for label in ("without_output_bias_here", "uniform_draws")),
        *((label, 2.5) for label in ("ignores_the_temperature", "multiplies_by_the_temperature")),
        *((label, 2.5) for label in ("temperature_on_probabilities", "temperature_on_the_state")),
        *((label, 0.4) for label in ("ignores_the_temperature", "multiplies_by_the_temperature")),
        *((label, 0.4) for label in ("temperature_on_probabilities", "temperature_on_the_state")),
    ],
)
def test_wrong_samplers_stand_out(
    label: str, temperature: float, solution: Solution, tests: dict[str, Any], writers: list[dict[str, Any]]
) -> None:
    """A wrong sampler lies beyond the bound, for every seed tried, and the right one far within."""
    (item,) = (item for item in load_misconceptions(COURSE, "char_rnn", EXERCISES, solution) if item.label == label)
    namespace = dict(solution)
    exec(item.source, namespace)
    case, reference = writers[temperature == 0.4], Reference(solution, {}, b"")
    allowed = tests["bound"](tests["DRAWS"], len(case["parameters"]["by"]))

    def far(sample: Any, seed: int) -> float:
        given = (case["h"].copy(), case["seed_ix"], tests["DRAWS"], case["parameters"])
        drawn = sample(*given, np.random.default_rng(seed), temperature)
        return float(tests["distance"](reference, case, [int(i) for i in drawn], temperature))

    assert min(far(namespace["sample"], seed) for seed in range(3)) > allowed
    assert max(far(solution["sample"], seed) for seed in range(3)) < 0.6 * allowed
