"""Grading the small course in a real worker: verdicts, follow-through, replay, time, inline scores, outputs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.grade import notebook as graded_notebook
from gradekit.grade.inline import inline_score
from gradekit.grade.judge import Setup
from gradekit.grade.judge import judge as judge_hand_in
from gradekit.grade.notebook import grade_cells
from gradekit.isolation import exchange
from gradekit.isolation.session import Session
from gradekit.isolation.template import Template
from gradekit.judging import judge
from gradekit.judging.assignment import Assignment, load_assignment
from gradekit.judging.catalogue import load_misconceptions
from gradekit.judging.inprocess import judge_in_process
from gradekit.model import (
    Cell,
    CellRun,
    ExerciseResult,
    HandedNotebook,
    HandIn,
    JudgedNotebook,
    Limits,
    Note,
    Role,
    Verdict,
)

from .conftest import QUICK, text_of

TIGHT = replace(QUICK, call_s=0.3, exercise_s=2, cell_s=0.3)
Learner = Callable[..., dict[str, Any]]


@pytest.fixture
def assignment(small: Course) -> Assignment:
    """The small course's assignment, loaded."""
    return load_assignment(small, "small")


@pytest.fixture
def grade(small: Course, assignment: Assignment, template: Template, tmp_path: Path) -> Callable[..., JudgedNotebook]:
    """Grade the source notebook with some cells replaced: ``grade(double="...", then=[cell, ...])``."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "checks.py").write_bytes(small.source("small").with_name("checks.py").read_bytes())

    known = load_misconceptions(small, "small", assignment.exercises, assignment.solution)

    def graded(*, limits: Limits = QUICK, after: str = "", all_cells: bool = False, **sources: str) -> JudgedNotebook:
        cells = list(notebook.cells(notebook.read(small.source("small"))))
        cells = [replace(cell, source=sources.get(cell.id.replace("-", "_"), cell.source)) for cell in cells]
        if after:
            cells.append(Cell(len(cells), "after", "code", after, Role.FREE))
        return grade_cells(
            cells,
            assignment,
            template=template,
            limits=limits,
            files=files,
            seed=b"secret",
            catalogue=known,
            all_cells=all_cells,
        )

    return graded


@pytest.fixture
def place(small: Course) -> Callable[[str], int]:
    """Return a cell's position by its id."""
    found = {cell.id: cell.index for cell in notebook.cells(notebook.read(small.source("small")))}
    return found.__getitem__


def scores(judged: JudgedNotebook) -> dict[str, float | None]:
    """Return the scores by exercise."""
    return {result.exercise: result.score for result in judged.exercises}


def verdicts(result: ExerciseResult) -> list[Verdict]:
    """Return the tests' verdicts in order."""
    return [test.verdict for test in result.tests]


FULL = {"double": 0.5, "quadruple": 2.0}
LOSS = "import os\nos._exit(0)"


# --- verdicts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("raise ValueError('no')", Verdict.RTE),
        ("raise SystemExit(0)", Verdict.RTE),
        ("return double(x)", Verdict.RTE),
        ("return None", Verdict.WA),
        ("return x", Verdict.WA),
        ("return x * float('nan')", Verdict.WA),
        ("return np.array([object()])", Verdict.WA),
        ("return [0] * 10**6", Verdict.WA),
        ("return np.broadcast_to(0.0, (10**5, 10**5))", Verdict.WA),
        ("return np.ones(10**10)", Verdict.MLE),
        ("import time; time.sleep(100)", Verdict.TLE),
        ("while True: pass", Verdict.TLE),
        ("import os; os._exit(0)", Verdict.RTE),
        ("return (np.asarray(x) * 2).tolist()", Verdict.AC),
    ],
)
def test_verdict(grade: Callable[..., JudgedNotebook], body: str, verdict: Verdict) -> None:
    """Each kind of answer gets its verdict, and none is our own error; the next exercise is judged all the same."""
    quiet = dict.fromkeys(("double_try", "double_tests", "quadruple_try", "quadruple_tests"), "1")
    judged = grade(limits=TIGHT, double=f"def double(x):\n    {body}", **quiet)
    first, second = judged.exercises
    assert verdicts(first)[0] is verdict
    assert (first.score == 0.5) == (verdict is Verdict.AC)
    assert second.score == 2.0, "right upon the reference's double"


def test_the_solution_earns_all(grade: Callable[..., JudgedNotebook]) -> None:
    """The source's own solution is accepted, and the run says how long what took."""
    judged = grade()
    assert scores(judged) == FULL
    assert {test.verdict for result in judged.exercises for test in result.tests} == {Verdict.AC}
    assert not any(result.follow_through for result in judged.exercises)
    assert judged.notes == ()
    assert judged.inline == ()
    assert {"cells", "tests", "follow_through"} <= set(judged.times)


def test_nothing_handed_in_is_zero(grade: Callable[..., JudgedNotebook]) -> None:
    """Empty cells are lost points, not undecided ones."""
    judged = grade(double="", quadruple="raise NotImplementedError", imports="")
    assert scores(judged) == {"double": 0.0, "quadruple": 0.0}


@pytest.mark.parametrize(
    ("double", "quadruple"),
    [
        ("def double(x): return x + x", "def quadruple(x): return 4 * x"),
        ("def double(x): return x * x", "def quadruple(x): return double(double(x))"),
        ("def double(x): return x", "def quadruple(x, act=double): return act(act(x))"),
        ("def double(x): return x", "def quadruple(x): return double(x)"),
        ("def double(x):\n    x *= 2\n    return x", "def quadruple(x): return double(double(x))"),
        ("def double(x): raise ValueError('no')", "def quadruple(x):\n    y = double(x)\n    return y + double(x)"),
        (
            "def double(x): return x",
            "class Box:\n    f = staticmethod(double)\ndef quadruple(x): return Box.f(Box.f(x))",
        ),
        ("def double(x): return x", "def quadruple(x): return double(double(x, 1))"),
        ("def double(x): return x", "def quadruple(x): return double(double(np.ones(3)))"),
        ("def double(x): return None", "def helper(x): return double(x)\ndef quadruple(x): return helper(helper(x))"),
        ("double = lambda x: x + x", "quadruple = lambda x: double(double(x))"),
        ("def double(x: return", "def quadruple(x): return double(double(x))"),
        ("def double(x): return x", "def quadruple(x): return double(double(x.tolist()))"),
    ],
)
def test_the_same_as_in_the_learners_process(
    grade: Callable[..., JudgedNotebook], assignment: Assignment, learner: Learner, double: str, quadruple: str
) -> None:
    """Scores, follow-through and verdicts are those that the in-process line gives, with no stub given to it."""
    sources = {"double": double, "quadruple": quadruple}
    found = {result.exercise: result for result in grade(**sources).exercises}
    try:
        namespace = learner(**sources)
    except SyntaxError:
        namespace = learner(double="", quadruple=quadruple)
    for name in FULL:
        expected = judge_in_process(assignment, name, namespace)
        assert found[name].score == expected.score
        assert found[name].follow_through == expected.follow_through
        assert verdicts(found[name]) == verdicts(expected)


def test_a_mistake_costs_once(grade: Callable[..., JudgedNotebook]) -> None:
    """A right quadruple upon a wrong double earns its points, and what it shows says how."""
    judged = grade(double="def double(x): return x * x")
    assert scores(judged) == {"double": 0.0, "quadruple": 2.0}
    assert [result.follow_through for result in judged.exercises] == [False, True]


@pytest.mark.parametrize(
    "source",
    [
        "def quadruple(x): return 4 * x if x.flat[0] > 0 else x",
        "def quadruple(x): return 4 * x if abs(x).max() > 1.9 else x",
        "def quadruple(x): return 4 * x + 1e-6 * abs(x.sum()) * x",
        "def quadruple(x): return 4 * np.round(x, 6)",
    ],
)
def test_the_same_code_has_the_same_score(
    small: Course, assignment: Assignment, template: Template, tmp_path: Path, source: str
) -> None:
    """Whoever hands it in: what is right for some draws only is judged on the same ones, with the same words."""
    node = json.loads(small.source("small").read_text(encoding="utf-8"))
    for cell in node["cells"]:
        cell["source"] = source if cell["id"] == "quadruple" else cell["source"]
    setup = Setup("small", template, QUICK, assignment, (), b"of the course")
    notebooks = (HandedNotebook("small", node),)
    found = [
        judge_hand_in(setup, HandIn("small", student, notebooks, (), tmp_path, "")) for student in ("ada", "bo", "cy")
    ]
    exercises = [judged.notebooks[0].exercises for judged in found]
    assert exercises[0] == exercises[1] == exercises[2]


GIVEN_OUT = "def {}(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
OF_OWN_KIND = "class Mine(np.ndarray): pass\ndef double(x): return np.asarray(x + x).view(Mine)"
UNLIKE = "def quadruple(x):\n    y = double(x)\n    return x if isinstance(y, Mine) else double(y)"


def test_follow_through_is_for_an_earlier_mistake(grade: Callable[..., JudgedNotebook]) -> None:
    """Where all earlier exercises earned their points the first verdict stands, whatever stubs would give."""
    judged = grade(double=OF_OWN_KIND, quadruple=UNLIKE)
    assert scores(judged) == {"double": 0.5, "quadruple": 0.0}
    assert not judged.exercises[1].follow_through
    assert grade(double=OF_OWN_KIND.replace("x + x", "x * x"), quadruple=UNLIKE).exercises[1].follow_through


def test_a_cell_that_was_not_begun_is_judged_once(
    grade: Callable[..., JudgedNotebook], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No worker is asked again for a cell as it was given out."""
    monkeypatch.setattr(Session, "bind", lambda *_: pytest.fail("judged again"))
    judged = grade(double=GIVEN_OUT.format("double"), quadruple=GIVEN_OUT.format("quadruple"))
    assert scores(judged) == {"double": 0.0, "quadruple": 0.0}


@pytest.mark.parametrize("wrong", ["double(double(double(x)))", "2 * double(double(x))", "-2 * double(2 * double(x))"])
def test_reasons_are_those_of_the_second_judging(grade: Callable[..., JudgedNotebook], wrong: str) -> None:
    """Where both give the same score, what is said is of this exercise: nothing of the earlier one, which is blank."""
    judged = grade(double=GIVEN_OUT.format("double"), quadruple=f"def quadruple(x): return {wrong}")
    _, quadruple = judged.exercises
    assert (quadruple.score, quadruple.follow_through) == (0.0, True)
    assert "times too large" in quadruple.tests[0].message
    assert quadruple.tests[0].error == ""
    assert quadruple.diagnosis is not None


def test_cells_with_hidden_tests_are_not_run_again(
    grade: Callable[..., JudgedNotebook], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Follow-through runs what the learner wrote and was given; the cell that hidden tests stand for is neither."""
    define, ran = Session.define, list[str]()

    def noted(session: Session, sources: list[str], *, without: tuple[str, ...]) -> None:
        """Note what is run."""
        ran.extend(sources)
        define(session, sources, without=without)

    monkeypatch.setattr(Session, "define", noted)
    assert grade(double="def double(x): return x", quadruple="def quadruple(x): return x").exercises[1].follow_through
    assert ran
    assert not any("gradekit" in source for source in ran)


def test_follow_through_leaves_nothing_behind(
    grade: Callable[..., JudgedNotebook], place: Callable[[str], int]
) -> None:
    """What is printed or changed in the second judgement is shown nowhere and changes no verdict of another."""
    later = "print('again')\ndef quadruple(x):\n    print('called')\n    return double(double(x))"
    judged = grade(double="def double(x): return x", quadruple=later, after="print(double(1))", all_cells=True)
    assert scores(judged)["quadruple"] == 2.0
    assert text_of(judged.outputs[place("quadruple")].outputs) == "again\n"
    assert text_of(judged.outputs[place("quadruple-grade") + 1].outputs) == "1\n", "still the learner's own double"


def test_an_exercise_that_calls_itself_gets_no_stub_of_itself(grade: Callable[..., JudgedNotebook]) -> None:
    """The reference of the exercise being judged is never at hand, however the learner looks for it."""
    double = "import gc\ndef double(x):\n    return [f for f in gc.get_objects() if type(f).__name__ == 'Stub'][0](x)"
    quadruple = double.replace("double", "quadruple")
    judged = grade(double=double, quadruple=quadruple)
    assert scores(judged) == {"double": 0.0, "quadruple": 0.0}


# --- losses ----------------------------------------------------------------------------------------------------------


def test_a_free_cell_that_ends_the_process(grade: Callable[..., JudgedNotebook], place: Callable[[str], int]) -> None:
    """A cell that ends the process shows an error; the others are run again without it, and the points are earned."""
    judged = grade(double_try=LOSS)
    assert scores(judged) == FULL
    assert "your code ended the process" in text_of(judged.outputs[place("double-try")].outputs)
    assert judged.outputs[place("double")].ok


def test_a_hidden_call_that_ends_the_process(grade: Callable[..., JudgedNotebook]) -> None:
    """A function that ends the process loses its exercise; the next is judged in a fresh one, where the cells ran."""
    quiet = dict.fromkeys(("double_try", "double_tests", "quadruple_tests"), "1")
    judged = grade(double="import os\ndef double(x):\n    os._exit(0)", quadruple_try="print(np.ones(1))", **quiet)
    first, second = judged.exercises
    assert (first.score, verdicts(first)[0]) == (0.0, Verdict.RTE)
    assert "ended the process" in first.tests[0].message
    assert (second.score, second.follow_through) == (2.0, True)


def test_a_notebook_that_ends_its_process_again_and_again_is_no_escape(grade: Callable[..., JudgedNotebook]) -> None:
    """After the second replay nothing more is run: what is wrong upon right functions too is 0, and it is said why."""
    lost = dict.fromkeys(("imports", "double_try", "double_tests"), LOSS)
    judged = grade(double="def double(x):\n    import os\n    os._exit(0)", quadruple="1 / 0", **lost)
    assert scores(judged) == {"double": 0.0, "quadruple": 0.0}
    assert Verdict.IE not in {test.verdict for result in judged.exercises for test in result.tests}
    assert all("your" in result.tests[0].message for result in judged.exercises)
    first, second, *_ = (note.text for note in judged.notes)
    assert first.startswith("not judged as part of it: double, quadruple: the notebook ended its process")
    assert second.startswith("not run to the end: imports, double-try, double-tests: ")


def test_a_mistake_that_ends_the_process_again_and_again_costs_once(grade: Callable[..., JudgedNotebook]) -> None:
    """What could not be judged in the notebook is judged by itself: what is right in it earns its points."""
    judged = grade(imports=LOSS, double_try=LOSS, double_tests=LOSS)
    assert scores(judged) == FULL
    assert all(result.follow_through for result in judged.exercises)
    assert {note.text.split(":")[0] for note in judged.notes} == {"not run to the end"}


def test_a_cell_that_ends_the_process_the_second_time_only(grade: Callable[..., JudgedNotebook]) -> None:
    """A cell that went through at first and ends the replay is the culprit of the replay, and left out."""
    tricky = "import os, sys\nif not sys.stdout._outputs.open: os._exit(0)"  # nothing that a replay shows is kept
    judged = grade(double_try=tricky, double_tests=LOSS)
    assert scores(judged) == FULL


def test_an_interrupted_cell_is_no_loss(grade: Callable[..., JudgedNotebook], place: Callable[[str], int]) -> None:
    """A cell that takes too long is stopped with an error that says so; what stands before it is still there."""
    judged = grade(limits=TIGHT, double_try="found = 1\nwhile True: pass", quadruple_try="print(found)")
    assert scores(judged) == FULL
    assert "TimeLimit" in text_of(judged.outputs[place("double-try")].outputs)
    assert text_of(judged.outputs[place("quadruple-try")].outputs) == "1\n"


def test_a_submissions_time_is_bounded(grade: Callable[..., JudgedNotebook]) -> None:
    """When the submission's time is used up the rest is over its limit: zero and said, not undecided."""
    judged = grade(limits=replace(QUICK, submission_s=0.5, cell_s=5), double_try="while True: pass")
    assert scores(judged)["double"] == 0.0
    assert {test.verdict for test in judged.exercises[0].tests} == {Verdict.TLE, Verdict.WA}


def test_the_time_of_a_submission_is_one_clock(grade: Callable[..., JudgedNotebook]) -> None:
    """Once it is used up nothing is judged again and no mistake is looked for; the instructor reads why."""
    wrong = {"double": "def double(x): return x ** 2", "quadruple": "def quadruple(x): return double(double(x))"}
    assert grade(**wrong).exercises[1].follow_through
    judged = grade(limits=replace(QUICK, submission_s=1, cell_s=5), quadruple_tests="while True: pass", **wrong)
    assert scores(judged) == {"double": 0.0, "quadruple": 0.0}
    assert [result.follow_through for result in judged.exercises] == [False, False]
    assert [result.diagnosis for result in judged.exercises] == [None, None]
    assert "not judged again upon right earlier functions: quadruple: the submission's time was used up" in [
        note.text for note in judged.notes
    ]


RAISES = """

@quadruple.test()
def computes(student, reference, expect):
    \"\"\"quadruple(x) is something that more can be computed of.\"\"\"
    answer = student.quadruple(1.0)
    {}
    expect.true(True, "")
"""


@pytest.mark.parametrize(
    "fault",
    [
        ("__import__('math').exp(answer)", "1e308"),
        ("expect.close(answer, np.float64(answer) * 10 / 10, name='it')", "1e308"),
        ("answer.is_integer()", "[1.0]"),
        ("sum(1 for _ in range(int(answer)))", "1e12"),
        ("student.quadruple([answer] * int(answer))", "3e6"),
        ("student.quadruple(int(answer) ** 2 * 2)", "10**10"),
        ("if answer == 4.0: expect.true(True, '')\n    if answer != 4.0: return", "5.0"),
    ],
)
def test_what_the_answer_makes_impossible_is_no_fault_of_ours(
    small: Course, template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: tuple[str, str]
) -> None:
    """A hidden test that cannot be computed on an answer, but can on the solution's, is lost, with a reason."""
    line, quadruple = fault
    monkeypatch.setattr(graded_notebook, "LATEST_S", 0.0)
    path = small.hidden("small") / "tests.py"
    path.write_text(path.read_text(encoding="utf-8") + "import numpy as np\n" + RAISES.format(line), encoding="utf-8")
    cells = list(notebook.cells(notebook.read(small.source("small"))))
    wrong = f"def quadruple(x):\n    return {quadruple} if np.ndim(x) == 0 else 4 * x"
    cells = [replace(cell, source=wrong) if cell.id == "quadruple" else cell for cell in cells]
    limits = replace(QUICK, exercise_s=1, memory_bytes=2**30)
    judged = grade_cells(
        cells, load_assignment(small, "small"), template=template, limits=limits, files=tmp_path / "course", seed=b""
    )
    assert verdicts(judged.exercises[1]) == [Verdict.AC, Verdict.WA]
    assert judged.exercises[1].score == 1.0
    assert judged.exercises[1].tests[1].broke
    assert judged.exercises[1].tests[1].message


def test_a_cell_that_is_too_long_is_the_learners(grade: Callable[..., JudgedNotebook]) -> None:
    """A cell beyond what a frame holds is not run, and says so; it is no fault of ours."""
    judged = grade(quadruple="def quadruple(x): return x\n#" + "[" * 17_000_000)
    assert scores(judged) == {"double": 0.5, "quadruple": 0.0}
    assert "too long to be run" in judged.notes[0].text


def test_our_own_fault_is_undecided(grade: Callable[..., JudgedNotebook], monkeypatch: pytest.MonkeyPatch) -> None:
    """A hidden test that fails by itself leaves its exercise undecided; the other one is judged."""
    run = judge.try_test

    def broken(assignment: Any, name: str, test: Any, line: Any, *, seed: bytes) -> Any:
        test = replace(test, function=lambda *_: 1 / 0) if test.name == "values" else test
        return run(assignment, name, test, line, seed=seed)

    monkeypatch.setattr(judge, "try_test", broken)
    assert scores(grade()) == {"double": None, "quadruple": 2.0}


def test_forged_frames_make_no_score(grade: Callable[..., JudgedNotebook], monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that answers everything with what it likes earns nothing by it."""
    monkeypatch.setattr(exchange, "GRACE_S", 0.3)
    source = """
from gradekit.worker.serve import Server
for value in ({"answer": 2.0, "args": None, "score": 0.5}, 0.5, "accepted", {"verdict": "accepted"}):
    Server._call = lambda self, frame, value=value: value
import gc
for worker in [thing for thing in gc.get_objects() if isinstance(thing, Server)]:
    worker.actions["call"] = worker._call
def double(x): return x
"""
    judged = grade(double=source)
    assert scores(judged)["double"] == 0.0
    (double,) = (result for result in judged.exercises if result.exercise == "double")
    assert "it sent a malformed answer" in double.tests[0].message


# --- the diagnosis ---------------------------------------------------------------------------------------------------


def labels(judged: JudgedNotebook) -> dict[str, str | None]:
    """Return what was found, by exercise."""
    return {result.exercise: result.diagnosis.label if result.diagnosis else None for result in judged.exercises}


def test_known_mistake_is_named_and_shown(grade: Callable[..., JudgedNotebook], place: Callable[[str], int]) -> None:
    """A known wrong answer is named in the report and in the graded cell's output; a right one is not."""
    judged = grade(double="def double(x): return x ** 2")
    assert labels(judged) == {"double": "squares", "quadruple": None}
    assert "Squared. What is 3 doubled?" in text_of(judged.outputs[place("double-grade")].outputs)
    assert judged.times["diagnosis"] > 0
    assert labels(grade()) == {"double": None, "quadruple": None}


def test_no_diagnosis_of_what_an_earlier_mistake_did(grade: Callable[..., JudgedNotebook]) -> None:
    """What an exercise gives upon a wrong earlier one is no mistake of its own; its own is told all the same."""
    judged = grade(double="def double(x): return 3 * x")
    assert labels(judged) == {"double": "constant_factor", "quadruple": None}
    judged = grade(double="def double(x): return 3 * x", quadruple="def quadruple(x): return -double(double(x))")
    assert labels(judged) == {"double": "constant_factor", "quadruple": "sign"}


@pytest.mark.parametrize("double", [LOSS, "def double(x):\n    while True: pass", "def double(x: ", "raise SystemExit"])
def test_no_diagnosis_of_what_gave_no_answer(grade: Callable[..., JudgedNotebook], double: str) -> None:
    """A process that ended, a loop without end or a cell that fails is no known mistake."""
    assert labels(grade(limits=TIGHT, double=double))["double"] is None


def test_hostile_answers_are_compared_with_care(grade: Callable[..., JudgedNotebook]) -> None:
    """Answers of odd kinds are compared with known ones without harm, and are none."""
    for value in (
        "[[x] * 3] * 3",
        "{1: x, 'a': {2: [None]}}",
        "10**400",
        "np.array(['a'])",
        "x.astype('M8[s]')",
        "(x, x)",
    ):
        assert labels(grade(double=f"def double(x): return {value}"))["double"] is None


# --- which cells run -------------------------------------------------------------------------------------------------


def test_nothing_runs_after_the_last_graded_cell(
    grade: Callable[..., JudgedNotebook], place: Callable[[str], int]
) -> None:
    """Cells that can change no score stay as they are, unless all are asked for."""
    last = place("quadruple-grade") + 1
    assert last not in grade(after="print('late')").outputs
    assert text_of(grade(after="print('late')", all_cells=True).outputs[last].outputs) == "late\n"


def test_the_graded_cells_own_text_is_never_run(
    grade: Callable[..., JudgedNotebook], place: Callable[[str], int]
) -> None:
    """A graded cell with hidden tests shows the result of the trusted side, whatever is written in it."""
    judged = grade(double_grade="print('mine')\n0.5", double="def double(x): return x")
    shown = judged.outputs[place("double-grade")].outputs
    assert "mine" not in text_of(shown)
    assert shown[1]["data"] == {"text/plain": "0.0"}


def test_graded_cells_leave_the_global_generator_alone(
    grade: Callable[..., JudgedNotebook], place: Callable[[str], int]
) -> None:
    """Numbers drawn after an exercise are those that follow upon the last ones drawn before."""
    judged = grade(
        double="np.random.seed(1)\ndef double(x):\n    np.random.rand(5)\n    return x + x",
        double_try="1",
        double_tests="1",
        quadruple_try="print(np.random.rand())",
    )
    assert scores(judged)["double"] == 0.5
    expected = np.random.RandomState(1).rand()
    assert float(text_of(judged.outputs[place("quadruple-try")].outputs)) == expected


def test_files_are_there_and_shadow_nothing(
    grade: Callable[..., JudgedNotebook], tmp_path: Path, place: Callable[[str], int]
) -> None:
    """A submission's files are in the working folder, may be changed there, and take no library's place."""
    (tmp_path / "files" / "numpy.py").write_text("raise SystemExit", encoding="utf-8")
    (tmp_path / "files" / "data").mkdir()
    (tmp_path / "files" / "data" / "text.txt").write_text("abc", encoding="utf-8")
    source = "open('data/text.txt', 'a').write('d'); print(open('data/text.txt').read())"
    judged = grade(double_try=source)
    assert scores(judged) == FULL
    assert text_of(judged.outputs[place("double-try")].outputs) == "abcd\n"
    assert (tmp_path / "files" / "data" / "text.txt").read_text(encoding="utf-8") == "abc"


def test_files_that_were_written_come_back(grade: Callable[..., JudgedNotebook], tmp_path: Path) -> None:
    """New regular files are added, in folders too; what was there stays; caches and temporary files are not wanted."""
    files = tmp_path / "files"
    (files / "data").mkdir()
    (files / "data" / "text.txt").write_text("abc", encoding="utf-8")
    (files / ".home").write_text("a file of that name is like any other", encoding="utf-8")
    source = (
        "import os, pathlib, tempfile\nos.makedirs('made/deep'); os.makedirs('empty')\n"
        "for name in ('new.txt', 'data/text.txt', 'data/new.txt', 'made/deep/new.txt', 'checks.py',\n"
        "             'other.ipynb', 'timestamp.txt', '../.home/cache'):\n"
        "    open(name, 'w').write('written')\n"
        "tempfile.mkstemp(); pathlib.Path.home().joinpath('of-mine').write_text('x')"
    )
    judged = grade(double_try=source, quadruple="def quadruple(x):\n    return open('new.txt').read() and 0 * x")
    found = {path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file()}
    new = {"new.txt", "data/new.txt", "made/deep/new.txt"}
    assert found == new | {"checks.py", "data/text.txt", ".home"}
    assert all((files / name).read_text(encoding="utf-8") == "written" for name in new)
    assert (files / "data" / "text.txt").read_text(encoding="utf-8") == "abc"
    assert not (files / "empty").exists()
    assert judged.notes == ()


def test_what_comes_back_is_bounded_by_what_is_there(grade: Callable[..., JudgedNotebook], tmp_path: Path) -> None:
    """Files handed in and written share one bound, and a file without blocks counts with its full size."""
    (tmp_path / "files" / "own").write_bytes(b"x" * 600_000)
    source = "open('hollow', 'w').truncate(500_000); open('small', 'w').write('x')"
    judged = grade(limits=replace(QUICK, scratch_bytes=10**6), double_try=source)
    assert {path.name for path in (tmp_path / "files").iterdir()} == {"checks.py", "own", "small"}
    assert judged.notes == (Note("hollow is refused: it is too large (500,000 bytes)"),)


def test_files_of_a_lost_worker_are_lost(grade: Callable[..., JudgedNotebook], tmp_path: Path) -> None:
    """Where the process ended at the last exercise nothing comes back, and nothing fails."""
    end = "import os\nopen('new.txt', 'w').close()\ndef quadruple(x):\n    os._exit(1)"
    judged = grade(quadruple=end)
    assert scores(judged)["double"] == 0.5
    assert not (tmp_path / "files" / "new.txt").exists()


def test_notebooks_are_told_that_they_are_graded(
    grade: Callable[..., JudgedNotebook], place: Callable[[str], int]
) -> None:
    """The variable that nbgrader promises to notebooks is set while they are graded."""
    judged = grade(double_try="import os; print(os.environ['NBGRADER_EXECUTION'])")
    assert text_of(judged.outputs[place("double-try")].outputs) == "autograde\n"


def test_every_output_is_in_the_notebooks_form(grade: Callable[..., JudgedNotebook], small: Course) -> None:
    """A notebook with all outputs put in is valid, and its graded cells end in their scores."""
    source = (
        "import matplotlib.pyplot as plt, sys\nplt.plot([1]); plt.show()\nprint(1, file=sys.stderr)\n"
        "display({'text/html': '<b>a</b>'}, raw=True)\nprint('\\ud800\\x00\\x1b[31m')\nnp.ones(2)"
    )
    judged = grade(
        double_try=source, quadruple_try="raise ValueError('\\ud800')", quadruple="def quadruple(x): return x"
    )
    node = json.loads(small.source("small").read_text(encoding="utf-8"))
    for index, run in judged.outputs.items():
        node["cells"][index] |= {"outputs": run.outputs, "execution_count": run.count}
    nbformat.validate(nbformat.from_dict(node))
    json.dumps(node, allow_nan=False).encode("ascii")
    by_id = {cell["id"]: cell for cell in node["cells"]}
    assert by_id["double-grade"]["outputs"][-1]["data"]["text/plain"] == "0.5"
    assert "wrong answer" in by_id["quadruple-grade"]["outputs"][0]["text"]


# --- graded cells of another making ----------------------------------------------------------------------------------

NOISY = "import warnings\nwarnings.warn('careful')\nimport sys\nprint('careful', file=sys.stderr)"


@pytest.mark.parametrize(
    ("source", "score"),
    [
        ("assert True", 2.0),
        ("pass", 2.0),
        ("1.5", 1.5),
        ("1", 1.0),
        ("0.0", 0.0),
        ("-0.5", 0.0),
        ("1e-3", 0.001),
        ("7.0", 2.0),
        ("import numpy as np\nnp.float64(1.5)", 1.5),
        ("import numpy as np\nnp.float32(1.5)", 1.5),
        ("True", None),
        ("None", 2.0),
        ("float('nan')", None),
        ("float('inf')", None),
        ("'1.5'", None),
        ("'full marks'", None),
        ("[1.5]", None),
        ("1.5 + 0j", None),
        ("object()", None),
        ("assert False", 0.0),
        ("1/0", 0.0),
        ("1.5\n(", 0.0),
        ("import os; os._exit(0)", 0.0),
        ("while True: pass", 0.0),
        (NOISY, 2.0),
        (NOISY + "\n1.0", 1.0),
        ("print('0.5')", 2.0),
        ("display(0.5)", 2.0),
    ],
)
def test_inline_score(template: Template, tmp_path: Path, source: str, score: float | None) -> None:
    """A graded cell with tests of its own: a plain number is the score, no result all of it, the rest undecided."""
    cells = [Cell(0, "q1", "code", source, Role.TEST, "q1", 2.0)]
    judged = grade_cells(cells, None, template=template, limits=TIGHT, files=tmp_path, seed=b"")
    (found,) = judged.inline
    assert (found.grade_id, found.points, found.score) == ("q1", 2.0, score)
    assert judged.exercises == ()
    assert bool(found.message) == (score is None)


@pytest.mark.parametrize("text", ["", "1.5.5", "0x10", "1_0", "1,5", "½", "np.int64(1)", "np.float64(nan)", "1.5 "])
def test_what_is_no_plain_number_is_no_score(text: str) -> None:
    """Of a text that came out of a worker only a plain decimal number is a score."""
    shown = {"output_type": "execute_result", "data": {"text/plain": text}}
    cell = Cell(0, "q1", "code", "", Role.TEST, "q1", 2.0)
    found = inline_score(cell, CellRun(ok=True, outputs=[shown], count=1)).score
    assert found == (1.5 if text == "1.5 " else None)


@pytest.mark.parametrize("data", [None, [], "1.0", {}, {"text/plain": ["1.0"]}, {"text/plain": None}])
def test_a_forged_result_is_no_score(data: Any) -> None:
    """Data of another shape than the notebook's are undecided, not a fault of ours."""
    shown = {"output_type": "execute_result", "data": data}
    cell = Cell(0, "q1", "code", "", Role.TEST, "q1", 2.0)
    assert inline_score(cell, CellRun(ok=True, outputs=[shown], count=1)).score is None


def test_reasons_end_in_number(grade: Callable[..., JudgedNotebook], monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that gives another reason for each cell fills no report."""
    monkeypatch.setattr(graded_notebook, "MAX_NOTES", 2)
    source = """
import gc, itertools
from gradekit.worker.serve import Server
count = itertools.count()
def fail(frame): raise ValueError(f'reason {next(count)}')
for worker in [thing for thing in gc.get_objects() if isinstance(thing, Server)]:
    worker.actions["cell"] = fail
"""
    judged = grade(imports=source)
    assert len(judged.notes) == 3
    assert judged.notes[2].text.endswith(" more reasons")
