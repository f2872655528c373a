"""Follow-through in a notebook of the course: for an earlier mistake, in the exercise's own words, and no oracle."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.grade.notebook import grade_cells
from gradekit.isolation.template import template as run_template
from gradekit.judging.assignment import load_assignment
from gradekit.judging.catalogue import load_misconceptions
from gradekit.judging.judge import explain
from gradekit.model import Limits, Role, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradekit.isolation.template import Template
    from gradekit.model import ExerciseResult

NAME = "rnn_from_scratch"
COURSE = Course(Path(__file__).parents[2])
LOADED = load_assignment(COURSE, NAME)
KNOWN = {item.label: item for item in load_misconceptions(COURSE, NAME, LOADED.exercises, LOADED.solution)}
CELLS = notebook.cells(notebook.read(COURSE.source(NAME)))
SOLVED = {cell.grade_id: cell.source for cell in CELLS if cell.role is Role.SOLUTION}
RELEASED = notebook.cells(notebook.read(COURSE.folder("release", NAME) / f"{NAME}.ipynb"))
BLANK = {cell.grade_id: cell.source for cell in RELEASED if cell.role is Role.SOLUTION}


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    """A warm template process."""
    with run_template() as running:
        yield running


def graded(template: Template, files: Path, answers: dict[str, str]) -> dict[str, ExerciseResult]:
    """Grade what defines a notebook, with those answers in it."""
    kept = [cell for cell in CELLS if cell.role in (Role.LOCKED, Role.SOLUTION) or cell.grade_id.endswith("-grade")]
    cells = [replace(cell, index=n, source=answers.get(cell.grade_id, cell.source)) for n, cell in enumerate(kept)]
    (files / "checks.py").write_bytes((COURSE.source_folder(NAME) / "checks.py").read_bytes())
    known = tuple(KNOWN.values())
    run = grade_cells(
        cells, LOADED, template=template, limits=Limits(), files=files, seed=b"the class's", catalogue=known
    )
    return {result.exercise: result for result in run.exercises}


# --- no oracle -------------------------------------------------------------------------------------------------------

DIFFERENCES = """
def backward(y, parameters, caches, act_derivative=None):
    grads = {}
    for name, value in parameters.items():
        grads["d" + name] = grad = np.zeros_like(value)
        for at in np.ndindex(value.shape):
            kept = value[at]
            costs = []
            for step in STEPS:
                value[at] = kept + step
                costs.append(compute_cost(y, forward(caches["inputs"], parameters)[0]))
            value[at] = kept
            grad[at] = np.dot(WEIGHTS, costs)
    return grads
"""
FOUR = "h = 1e-3\nSTEPS = (2 * h, h, -h, -2 * h)\nWEIGHTS = np.array([-1, 8, -8, 1]) / (12 * h)\n"
TWO = "STEPS = (1e-5, -1e-5)\nWEIGHTS = np.array([0.5, -0.5]) / 1e-5\n"
# Asks again after every refusal, and keeps what was answered before for the same question.
STUBBORN = DIFFERENCES.replace(
    'compute_cost(y, forward(caches["inputs"], parameters)[0])', 'ask(y, caches["inputs"], parameters)'
)
ASK = """
answers = {}
def ask(y, inputs, parameters):
    key = y.tobytes() + inputs.tobytes() + b"".join(value.tobytes() for value in parameters.values())
    for _ in range(3):
        try:
            answers[key] = answers.get(key) or compute_cost(y, forward(inputs, parameters)[0])
        except RuntimeError:
            continue
    return answers.get(key, 0.0)
"""


@pytest.mark.parametrize("source", [FOUR + DIFFERENCES, TWO + DIFFERENCES, FOUR + ASK + STUBBORN, TWO + ASK + STUBBORN])
def test_stubs_are_no_oracle(template: Template, tmp_path: Path, source: str) -> None:
    """A gradient by differences of what was never written earns nothing, however it asks."""
    found = graded(template, tmp_path, {**BLANK, "backward": source})
    assert sum(result.score or 0.0 for result in found.values()) == 0.0
    assert all(result.score is not None for result in found.values())


@pytest.mark.parametrize("name", ["forward", "backward", "network"])
def test_a_right_answer_is_allowed_its_calls(template: Template, tmp_path: Path, name: str) -> None:
    """The solution of one exercise earns its points in a notebook that is blank but for it."""
    found = graded(template, tmp_path, {**BLANK, name: SOLVED[name]})
    assert found[name].score == found[name].points
    assert found[name].follow_through


def test_one_sample_after_the_other_is_allowed_its_calls(template: Template, tmp_path: Path) -> None:
    """A right answer that asks for one sample at a time calls more than the solution does, and is answered."""
    loop = """
        for n in range(N):
            yhats[n : n + 1, t], hs[n : n + 1, t], zs[n : n + 1, t] = rnn_layer(
                inputs[n : n + 1, t], h_prev[n : n + 1], parameters, act)
        h_prev = hs[:, t]
"""
    source = re.sub(r"(?s)### BEGIN SOLUTION.*?### END SOLUTION", loop.strip(), SOLVED["forward"], count=1)
    found = graded(template, tmp_path, {**BLANK, "forward": source})
    assert found["forward"].score == found["forward"].points


# --- for an earlier mistake ------------------------------------------------------------------------------------------

KEEPS_A_LIST = """
_forward = forward
def forward(inputs, parameters, act=Tanh()):
    yhats, caches = _forward(inputs, parameters, act)
    caches["steps"] = [1]
    return yhats, caches
"""
POPS = """
_backward = backward
def backward(y, parameters, caches, act_derivative=Tanh().derivative):
    {}
    return _backward(y, parameters, caches, act_derivative)
"""


@pytest.mark.parametrize("line", ["caches.get('steps', [1]).pop()", "if 'steps' in caches: caches.pop('steps').pop()"])
def test_a_mistake_between_two_right_exercises_is_its_own(template: Template, tmp_path: Path, line: str) -> None:
    """What backward does to the list that a right forward keeps is a mistake of backward's."""
    answers = {"forward": SOLVED["forward"] + KEEPS_A_LIST, "backward": SOLVED["backward"] + POPS.format(line)}
    found = graded(template, tmp_path, answers)
    assert found["forward"].score == found["forward"].points
    assert found["backward"].score is not None
    assert found["backward"].score < found["backward"].points
    assert not found["backward"].follow_through


# --- in the exercise's own words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("blank", "label"),
    [
        ("rnn_layer", "returns_last_step_only"),
        ("rnn_layer", "state_survives_the_call"),
        ("forward", "carries_state_gradient"),
        ("softmax", "returns_last_step_only"),
    ],
)
def test_reasons_are_the_exercises_own(template: Template, tmp_path: Path, blank: str, label: str) -> None:
    """Upon a blank earlier cell a known mistake is told and named, and nothing is said of what was not begun."""
    item = KNOWN[label]
    found = graded(template, tmp_path, {blank: BLANK[blank], item.exercise: item.source})[item.exercise]
    assert found.follow_through
    assert found.diagnosis is not None
    assert found.diagnosis.label == label
    assert "NotImplementedError" not in explain(found)
    assert not any(test.error for test in found.tests)


def test_what_was_not_begun_is_not_judged_again(template: Template, tmp_path: Path) -> None:
    """A blank notebook is judged once, and every test says where it stops."""
    found = graded(template, tmp_path, BLANK)
    assert not any(result.follow_through for result in found.values())
    run = [test for result in found.values() for test in result.tests if not test.waits_for]
    assert {test.verdict for test in run} == {Verdict.RTE}
