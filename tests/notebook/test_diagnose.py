"""The diagnosis, tried on every mistake that the catalogues know, through the sandbox; a right answer gets none."""

from __future__ import annotations

import functools
import random
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.diagnosis import case, further, pattern
from gradekit.diagnosis import diagnose as diagnosis
from gradekit.diagnosis.case import Attempt
from gradekit.diagnosis.diagnose import diagnose
from gradekit.diagnosis.further import ask_further
from gradekit.grade.notebook import grade_cells
from gradekit.isolation.template import template as run_template
from gradekit.judging.assignment import load_assignment
from gradekit.judging.catalogue import load_alternatives, load_misconceptions, pairs
from gradekit.judging.inprocess import InProcess
from gradekit.judging.judge import explain, judge
from gradekit.judging.transcript import Transcript
from gradekit.model import Limits, Role
from gradekit.score import lost

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradekit.isolation.template import Template
    from gradekit.judging.catalogue import Misconception, Variant
    from gradekit.model import Cell, ExerciseResult

COURSE = Course(Path(__file__).parents[2])
LOADED = {name: load_assignment(COURSE, name) for name in COURSE.assignments()}
KNOWN = {name: load_misconceptions(COURSE, name, loaded.exercises, loaded.solution) for name, loaded in LOADED.items()}
WRONG = {f"{name}-{item.label}": (name, item) for name, items in KNOWN.items() for item in items}
RIGHT = {
    f"{name}-{item.label}": (name, item)
    for name, loaded in LOADED.items()
    for item in load_alternatives(COURSE, name, loaded.exercises, loaded.solution)
}
UNNAMED = {  # what they answer proves too little: errors alone, nothing at all, draws or orders that nobody can repeat
    "char_rnn-fails_on_short_texts",
    "char_rnn-generator_of_its_own",
    "char_rnn-global_generator",
    "char_rnn-last_full_chunk_lost",
    "char_rnn-order_of_a_set",
    "char_rnn-rows_of_wxh",
    "char_rnn-rows_of_wxh_gradient",
    "layered_language_model-WeightsTransposedForward",
    "layered_language_model-numbers_of_a_set",
    "next_token-returns_nothing",
    "rnn_from_scratch-ForgetsToInitialize",
    "rnn_from_scratch-without_transposes",
}
PAIRS = 60  # of an assignment's hundreds
SEED = b"a submission's"


def some(known: dict[str, tuple[str, Variant]], *, of_each: int) -> list[object]:
    """Try the last few answers to every exercise of every assignment; the long run tries all, each in the same way.

    The first ones are in the notebooks with a mistake in every exercise.
    """
    by_exercise: dict[tuple[str, str], list[str]] = {}
    for name, (assignment, item) in known.items():
        by_exercise.setdefault((assignment, item.exercise), []).append(name)
    soon = {name for names in by_exercise.values() for name in names[-of_each:]}
    return [name if name in soon else pytest.param(name, marks=pytest.mark.slow) for name in known]


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    """A warm template process."""
    with run_template() as running:
        yield running


@functools.cache
def cells(assignment: str) -> tuple[Cell, ...]:
    """Return the source's cells."""
    return notebook.cells(notebook.read(COURSE.source(assignment)))


def graded(
    template: Template, files: Path, assignment: str, *answers: Variant, catalogue: tuple[Misconception, ...] = ()
) -> dict[str, ExerciseResult]:
    """Grade a notebook with those answers in it: the whole of it where there are several, else the one exercise."""
    mine = {item.exercise: item.source for item in answers}
    found = [replace(cell, source=mine.get(cell.grade_id, cell.source)) for cell in cells(assignment)]
    if len(answers) == 1:
        names = {f"{name}-grade" for name in mine}
        end = next(cell.index for cell in found if cell.grade_id in names)
        roles = (Role.SOLUTION, Role.LOCKED)
        found = [cell for cell in found[: end + 1] if cell.role in roles or cell.grade_id in names]
        found = [replace(cell, index=index) for index, cell in enumerate(found)]
    (files / "checks.py").write_bytes((COURSE.source_folder(assignment) / "checks.py").read_bytes())
    judged = grade_cells(
        found,
        LOADED[assignment],
        template=template,
        limits=Limits(),
        files=files,
        seed=SEED,
        catalogue=catalogue or KNOWN[assignment],
    )
    return {result.exercise: result for result in judged.exercises}


def named(results: dict[str, ExerciseResult]) -> dict[str, str]:
    """Return what was found, by exercise."""
    return {name: result.diagnosis.label for name, result in results.items() if result.diagnosis is not None}


def expected(*answers: Misconception) -> dict[str, str]:
    """Return what should be found."""
    return {item.exercise: item.like or item.label for item in answers}


def found_in(assignment: str, exercise: str, source: str, known: Sequence[Misconception]) -> str | None:
    """Return the label that an answer is given, judged in this process; empty where it loses nothing."""
    loaded, transcript = LOADED[assignment], Transcript()
    names = dict(loaded.solution)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(source, names)
        line = InProcess(names)
        result = judge(loaded, exercise, line, seed=SEED, transcript=transcript)
        if not lost(result):
            return ""
        asked = ask_further(loaded, result, line, seed=SEED)
        found = diagnose(loaded, known, [Attempt(result, transcript, asked)], seed=SEED)
    return found.label if found else None


def give_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bounds on time be so long that a busy machine decides about no name."""
    bounds = {case: ("CALL_S", "EXERCISE_S"), diagnosis: ("PAIRS_S",), further: ("FURTHER_S",)}
    for module, names in bounds.items():
        for name in names:
            monkeypatch.setattr(module, name, 30 * getattr(module, name))


@pytest.mark.slow
@pytest.mark.parametrize("assignment", LOADED)
def test_nearly_all_are_named(assignment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an assignment's misconceptions at least 95 % are named when they are handed in, and none by a wrong name."""
    give_time(monkeypatch)
    known = KNOWN[assignment]
    found = {item.label: found_in(assignment, item.exercise, item.source, known) for item in known}
    right = {item.label: item.like or item.label for item in known}
    wrong = {label: name for label, name in found.items() if name not in (None, "", right[label], *pattern.LABELS)}
    assert wrong == {}
    named = [label for label, name in found.items() if name == right[label]]
    assert len(named) >= 0.95 * len(known), sorted(found.keys() - named)


@pytest.mark.slow
@pytest.mark.parametrize("assignment", LOADED)
def test_most_pairs_are_named(assignment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of pairs of misconceptions in one cell at least 60 % are named, by one right name or both, and none wrongly."""
    give_time(monkeypatch)
    made = [pair for exercise in LOADED[assignment].exercises for pair in pairs(KNOWN[assignment], exercise)]
    random.Random(5).shuffle(made)
    named, wrong = 0, {}
    for pair in made[:PAIRS]:
        both = {pair.one.label, pair.other.label}
        found = found_in(assignment, pair.one.exercise, pair.source, KNOWN[assignment])
        named += bool(found) and set(found.split("+")) <= both
        if found and not set(found.split("+")) <= both | pattern.LABELS:
            wrong[pair.one.label, pair.other.label] = found
    assert wrong == {}
    assert named >= 0.6 * min(PAIRS, len(made))


@pytest.mark.parametrize("name", sorted(UNNAMED))
def test_what_proves_too_little_is_not_named_wrongly(name: str, template: Template, tmp_path: Path) -> None:
    """A mistake that shows as an error alone, or in draws alone, loses points and is given no other one's name."""
    assignment, item = WRONG[name]
    result = graded(template, tmp_path, assignment, item)[item.exercise]
    assert result.score is not None
    assert result.score < result.points
    assert result.diagnosis is None or result.diagnosis.label == item.label


@pytest.mark.parametrize("name", some({name: WRONG[name] for name in WRONG if name not in UNNAMED}, of_each=2))
def test_known_mistake_is_named(name: str, template: Template, tmp_path: Path) -> None:
    """A misconception that is handed in loses points and is named, with its title and message, as itself."""
    assignment, item = WRONG[name]
    result = graded(template, tmp_path, assignment, item)[item.exercise]
    assert result.diagnosis is not None
    assert result.diagnosis.label == (item.like or item.label)
    assert result.diagnosis.title in explain(result)


@pytest.mark.parametrize("name", some(RIGHT, of_each=1))
def test_right_answer_gets_no_diagnosis(name: str, template: Template, tmp_path: Path) -> None:
    """A right answer that looks different loses nothing and is given no diagnosis."""
    assignment, item = RIGHT[name]
    result = graded(template, tmp_path, assignment, item)[item.exercise]
    assert (result.score, result.diagnosis) == (result.points, None)


@pytest.mark.parametrize("position", [0, 3, 7])
@pytest.mark.parametrize("assignment", LOADED)
def test_a_mistake_in_every_exercise(assignment: str, position: int, template: Template, tmp_path: Path) -> None:
    """In a notebook with a misconception in every exercise, each is named."""
    by_exercise: dict[str, list[Misconception]] = {}
    for item in KNOWN[assignment]:
        by_exercise.setdefault(item.exercise, []).append(item)
    answers = [items[position % len(items)] for items in by_exercise.values()]
    found, wanted = named(graded(template, tmp_path, assignment, *answers)), expected(*answers)
    assert {**wanted, **found} == wanted
    assert wanted.keys() - found.keys() <= DRAWN_FOR_THEM


# Upon a right `orthogonal` of ours the numbers are drawn on our side, so that the learner's own generator stands
# elsewhere than in the catalogue's answers: with the exercise before it wrong, a mistake here has no name. Nor has one
# in `model`, whose layers are then objects of ours.
DRAWN_FOR_THEM = {"parameters", "model"}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("over_columns", "without_biases"),
        ("TanhDerivativeOfOutput", "no_carry_through_time"),
        ("state_survives_the_call", "adds_to_the_last_call"),
        ("draws_from_own_generator", "InitializesInForward"),
        ("not_divided", "not_averaged"),
    ],
)
def test_two_mistakes_at_once(one: str, two: str, template: Template, tmp_path: Path) -> None:
    """Two misconceptions in two exercises of a whole notebook are both named, and nothing else is."""
    answers = [item for item in KNOWN["rnn_from_scratch"] if item.label in (one, two)]
    assert named(graded(template, tmp_path, "rnn_from_scratch", *answers)) == expected(*answers)


def test_gradient_of_ones_own_cost(template: Template, tmp_path: Path) -> None:
    """A gradient that is right for a cost of another scale is said to be, whether the scale is a known one or not."""
    known = {item.label: item for item in KNOWN["rnn_from_scratch"]}
    cost, gradient = known["not_divided"], known["not_averaged"]
    found = graded(template, tmp_path, "rnn_from_scratch", cost, gradient)["backward"].diagnosis
    assert found is not None
    assert found.label == "not_averaged"
    assert "those of the cost that your own earlier functions compute" in found.message
    unknown = replace(
        gradient, source=gradient.source.replace("yhats[:, t] - y[:, t]", "3.5 * (yhats[:, t] - y[:, t])")
    )
    cost = replace(cost, source=cost.source.replace("-np", "-3.5 * np"))
    found = graded(template, tmp_path, "rnn_from_scratch", cost, unknown)["backward"].diagnosis
    assert found is not None
    assert found.label == "constant_factor"
    assert "those of the cost that your own earlier functions compute" in found.message


def test_gradient_of_another_ones_cost(template: Template, tmp_path: Path) -> None:
    """A gradient that is not that of the learner's own wrong cost is not said to be."""
    known = {item.label: item for item in KNOWN["rnn_from_scratch"]}
    results = graded(template, tmp_path, "rnn_from_scratch", known["divided_by_batch_only"], known["not_averaged"])
    assert results["backward"].diagnosis is not None
    assert "your own earlier functions" not in results["backward"].diagnosis.message


@pytest.mark.parametrize("assignment", LOADED)
def test_solution_gets_no_diagnosis(assignment: str, template: Template, tmp_path: Path) -> None:
    """The solution loses nothing and is given no diagnosis."""
    results = graded(template, tmp_path, assignment)
    assert results
    assert all((result.score, result.diagnosis) == (result.points, None) for result in results.values())


@pytest.mark.parametrize("name", some(WRONG, of_each=3))
def test_unknown_mistake_is_not_taken_for_a_known_one(name: str) -> None:
    """A mistake that is struck from the catalogue is not named as another of it."""
    assignment, item = WRONG[name]
    label = item.like or item.label
    others = [other for other in KNOWN[assignment] if label not in (other.label, other.like)]
    pair = label.replace("_and_", "+")  # an entry that is two others in one cell is rightly named as these
    assert found_in(assignment, item.exercise, item.source, others) in {None, pair, *pattern.LABELS}
