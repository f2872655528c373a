"""gradekit verify on the small course, with real workers: every fault that it exists for ends in exit code 1."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from gradekit import cli
from gradekit.course.course import Course
from gradekit.isolation.template import Template
from gradekit.judging.freeze import freeze
from gradekit.model import Limits
from gradekit.verify import here, trials
from gradekit.verify import plan as verify_plan
from gradekit.verify import prove as verify_prove
from gradekit.verify.findings import Proof
from gradekit.verify.trials import Trial

MISCONCEPTIONS = """

@misconception("quadruple", title="Only doubled", message="How often is it doubled?", justification="double(x)")
def doubles_once(x):
    return double(x)
"""
ALTERNATIVES = """
from gradekit.hidden import alternative


@alternative("double", why="a product")
def as_product(x):
    return 2 * x


@alternative("quadruple", why="a product")
def four_as_product(x):
    return 4 * x
"""

LARGER = """    for shape in ((4, 1), (1, 3)):
        x = reference.draw(shape, scale=9.0)
        expect.close(student.quadruple(x), reference.quadruple(x), name="quadruple(x)")
"""

Edit = Callable[[Callable[[dict[str, Any]], Any]], None]


def change(path: Path, old: str, new: str) -> None:
    """Replace a text that stands in a file."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def proven(small: Course) -> Course:
    """The small course with a whole catalogue."""
    hidden = small.hidden("small")
    with (hidden / "misconceptions.py").open("a", encoding="utf-8") as file:
        file.write(MISCONCEPTIONS)
    (hidden / "alternatives.py").write_text(ALTERNATIVES, encoding="utf-8")
    tests = hidden / "tests.py"
    change(tests, "@quadruple.test()", '@quadruple.test(kills=["doubles_once"])')
    change(tests, "reference.draw((3, 2))", "reference.draw((3, 2), scale=9.0)")  # a world in which clipping is seen
    tests.write_text(tests.read_text(encoding="utf-8") + LARGER, encoding="utf-8")
    return small


@pytest.fixture
def prove(proven: Course, template: Template, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Proof]:
    """Verify the small course in this process, with the module's template.

    Determinism, and what is sought that nobody has written down, have tests of their own.
    """
    monkeypatch.setattr(trials, "template", lambda **_: nullcontext(template))
    monkeypatch.setattr(verify_plan, "_sought", lambda *_, **__: ())
    monkeypatch.setattr(verify_prove, "grade_under_two_hash_seeds", lambda *_: [])
    return lambda: verify_prove.verify(proven, "small")


def command(monkeypatch: pytest.MonkeyPatch, course: Course, *words: str) -> int:
    """Run ``gradekit verify`` in this process."""
    monkeypatch.setattr(sys, "argv", ["gradekit", "verify", *words, "--course-dir", str(course.root)])
    return cli.main()


def test_whole_command(proven: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A course whose tests are right is proved by two jobs with exit code 0; tables show what JSON says."""
    proofs: list[Proof] = []
    verify = verify_prove.verify
    monkeypatch.setattr(
        verify_prove, "verify", lambda *args, **options: proofs.append(verify(*args, **options)) or proofs[-1]
    )
    assert command(monkeypatch, proven, "small", "--jobs", "2", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["problems"] == said["lacks"] == said["equivalent"] == said["unnamed"] == []
    assert said["sections"]["forced failure"]["quadruple"] == {"tried": 4, "good": 4, "equivalent": 0}
    assert said["sections"]["misconceptions"]["double"]["good"] == 2
    assert said["sections"]["mutants"]["double"]["tried"] > 5
    assert said["sections"]["wrong values"]["double"] == {"tried": 2, "good": 2, "equivalent": 0}
    assert said["sections"]["spoilt results"]["quadruple"]["good"] == 7
    assert said["sections"]["secrets"]["double"]["good"] == said["sections"]["names"]["double"]["good"] + 1 == 3
    assert said["sections"]["determinism"]["good"] == 1

    monkeypatch.setattr(verify_prove, "verify", lambda *_, **__: proofs[0])
    assert command(monkeypatch, proven, "small", "--jobs", "1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["exercise", "double", "quadruple"]
    assert "2 of 2" in lines[1]
    assert lines[3].split() == ["exercise", "wrong", "values", "spoilt", "results", "secrets", "names"]
    assert "7 of 7" in lines[4]
    assert lines[6].startswith("training: not declared")
    assert lines[7] == "leaks: ok  stubs: ok  determinism: ok"


def problems(proof: Proof) -> list[tuple[str, str, str]]:
    """Return section, exercise and problem of what is wrong; each says what to do."""
    assert proof.exit_code == 1
    assert all(item.advice for item in proof.problems)
    return [(item.section, item.exercise, item.problem) for item in proof.problems]


def test_survivor(prove: Callable[[], Proof], proven: Course, edit: Edit) -> None:
    """A hidden test that is too loose lets a mutant live, and the mutant is named by its lines."""
    edit(lambda cells: cells["double"].update(source=cells["double"]["source"].replace("x + x", "2.0 * x")))
    change(proven.hidden("small") / "tests.py", 'name="double(x)")', 'name="double(x)", rtol=0.05)')
    freeze(proven, "small")
    (survivor,) = prove().problems
    assert survivor.label == "doubled_value = 2.0 * x → doubled_value = 2.02 * x"
    assert survivor.problem == "this mutant of the solution survives"
    assert "equivalents.toml" in survivor.advice


def entry(now: str) -> str:
    """Return an entry of equivalents.toml."""
    return f'[[equivalent]]\nexercise = "double"\nwas = "doubled_value = x + x"\nnow = "{now}"\nreason = "said so"\n'


def test_listed_mutants(prove: Callable[[], Proof], proven: Course, edit: Edit) -> None:
    """A survivor that is listed with a reason is well; one that is killed, and one that is not made, are not."""
    edit(lambda cells: cells["double"].update(source=cells["double"]["source"].replace("x + x", "x + x + 0.0")))
    path = proven.hidden("small") / "equivalents.toml"
    listed = entry("doubled_value = x + x").replace(
        'was = "doubled_value = x + x"', 'was = "doubled_value = x + x + 0.0"'
    )
    path.write_text(listed)
    (other,) = prove().problems  # x + x - 0.0
    assert "- 0.0" in other.label
    path.write_text(listed + listed.replace('= x + x"\nr', '= x + x - 0.0"\nr'))
    most = prove()
    assert [item.problem.split("; ")[-1] for item in most.problems] == ["1 may be"]
    assert most.count("mutants", "double")[2] == 2


def test_list_that_is_wrong(prove: Callable[[], Proof], proven: Course) -> None:
    """An entry whose mutant is killed, and one whose mutant does not exist, are told."""
    path = proven.hidden("small") / "equivalents.toml"
    path.write_text(entry("doubled_value = x - x"))
    assert problems(prove()) == [("mutants", "double", "equivalents.toml lists it, but a hidden test kills it")]
    path.write_text(entry("doubled_value = x + y"))
    assert problems(prove()) == [("mutants", "double", "equivalents.toml lists it, but there is no such mutant")]


def test_leak(prove: Callable[[], Proof], proven: Course) -> None:
    """A message for learners that holds the solution's line is a leak."""
    path = proven.hidden("small") / "misconceptions.py"
    change(path, "What is 3 doubled?", "Write doubled_value = x + x.")
    ((section, _, problem),) = problems(prove())
    assert section == "leaks"
    assert "the message of 'squares'" in problem


def test_leak_in_what_a_test_says(prove: Callable[[], Proof], proven: Course) -> None:
    """A hidden test that tells its learner the solution's line is a leak."""
    told = "    expect.true(student.double(3.0) == 6.0, 'doubled_value = x + x')\n"
    tests = proven.hidden("small") / "tests.py"
    change(tests, "    for case in reference.cases", told + "    for case in reference.cases")
    ((section, exercise, problem),) = problems(prove())
    assert (section, exercise) == ("misconceptions", "double")
    assert problem.startswith("a learner would be told a secret: what values says")


def test_broken_clean_run(
    prove: Callable[[], Proof], proven: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the solution loses points nothing else is tried, and the test and its message are named."""
    change(proven.hidden("small") / "tests.py", "reference.quadruple(x)", "1 + reference.quadruple(x)")
    found = prove()
    ((section, exercise, problem),) = problems(found)
    assert (section, exercise) == ("clean run", "quadruple")
    assert "four_times" in problem
    assert found.count("mutants", "double") == (0, 0, 0)
    assert command(monkeypatch, proven, "small", "--jobs", "1") == 1
    said = capsys.readouterr().out
    assert "Nothing else was tried" in said
    assert "determinism: not tried" in said


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('kills=["changes_x"]', 'kills=["changes_x", "squares"]', "names it, but the test never runs on it"),
        ('kills=["squares"]', 'kills=["squares", "changes_x"]', "names it, but the test accepts it"),
        ('kills=["changes_x"], ', "", "no test's kills= names it"),
        ('kills=["squares"]', 'kills=["squares", "cubes"]', "misconceptions.py has no such one"),
    ],
)
def test_kills_that_do_not_hold(prove: Callable[[], Proof], proven: Course, old: str, new: str, problem: str) -> None:
    """A test must reject what its kills= names, the name must be known, and each misconception needs a test."""
    change(proven.hidden("small") / "tests.py", old, new)
    ((section, exercise, said),) = problems(prove())
    assert (section, exercise) == ("misconceptions", "double")
    assert problem in said


def test_misconception_that_is_right(prove: Callable[[], Proof], proven: Course) -> None:
    """A misconception that earns all its points is a fault of the tests or of the catalogue."""
    change(proven.hidden("small") / "misconceptions.py", "return x * x", "return x + x")
    assert problems(prove()) == [("misconceptions", "double", "it keeps all its points")]


def test_answers_that_cost_elsewhere(prove: Callable[[], Proof], proven: Course, edit: Edit) -> None:
    """An answer that costs points in a later exercise too is told: a mistake must cost once."""
    edit(lambda cells: cells["double"].update(source=cells["double"]["source"] + "\n\n\nFACTOR = double(1)"))
    asks = "    expect.close(student.quadruple(student.FACTOR), 8, name='quadruple(FACTOR)')\n"
    change(
        proven.hidden("small") / "tests.py",
        "    x = reference.draw((4, 2))\n",
        asks + "    x = reference.draw((4, 2))\n",
    )
    found = problems(prove())
    assert {item[:2] for item in found} == {("forced failure", "double")}  # the first that it happens to
    assert {problem for _, _, problem in found} == {"it also loses points in quadruple"}


def test_alternative_that_is_rejected(prove: Callable[[], Proof], proven: Course) -> None:
    """A right answer that loses points is told with the test that rejects it and what it says."""
    change(proven.hidden("small") / "alternatives.py", "return 2 * x", "return np.round(2 * x, 3)")
    ((section, exercise, problem),) = problems(prove())
    assert (section, exercise) == ("alternatives", "double")
    assert "values says" in problem


def test_empty_answer_that_earns_points(prove: Callable[[], Proof], proven: Course) -> None:
    """A property that an empty answer has too earns points unless it requires the values; the rest is not believed."""
    change(proven.hidden("small") / "tests.py", ', requires="values")', ")")
    found = prove()
    assert {item.section for item in found.problems} == {"forced failure"}
    assert any("returns None earns 0.166667 of 0.5 points (argument_is_left_alone)" in p[2] for p in problems(found))
    assert found.count("mutants", "double") == (0, 0, 0)
    assert found.count("mutants", "quadruple")[1] > 0


def test_hidden_test_that_fails(prove: Callable[[], Proof], proven: Course) -> None:
    """A hidden test that raises on an answer of an odd kind is ours to mend."""
    draw = "    x = reference.draw((4, 2))\n"
    odd = '    {"ndarray": 0}[type(student.quadruple(x)).__name__]\n'
    change(proven.hidden("small") / "tests.py", draw, draw + odd)
    own = [item for item in prove().problems if item.exercise == "quadruple"]
    assert own
    assert all("four_times fails on" in item.problem for item in own)
    assert all("before it uses it" in item.advice for item in own)


@pytest.mark.parametrize("source", ["def double(x):\n    while True:\n        pass", "while True:\n    pass"])
def test_endless_answer(proven: Course, template: Template, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """A mutant that loops without end, when it is called or when its cell is run, is killed by a short limit."""
    monkeypatch.setattr(trials, "template", lambda **_: nullcontext(template))
    monkeypatch.setattr(here, "BRIEF_S", 0.2)
    with trials.open_grader(proven, "small", Limits()) as grader:
        (result,) = grader.try_answer(Trial("mutants", "double", "endless", source, brief=True)).results
    assert result.score == 0
    assert len(result.tests) == 1


def test_stub_that_opens_files(prove: Callable[[], Proof], edit: Edit) -> None:
    """A reference function that learners could make open a file is refused."""
    opens = "doubled_value = x + x\n    if isinstance(x, str):\n        open(x)"
    edit(lambda cells: cells["double"].update(source=cells["double"]["source"].replace("doubled_value = x + x", opens)))
    found = [item for item in prove().problems if item.section == "stubs"]
    assert "double uses `open`" in found[0].problem


def test_gradings_that_differ(proven: Course) -> None:
    """A hidden test whose words hang on the order of a set is found by grading under two hash seeds."""
    tests = proven.hidden("small") / "tests.py"
    told = "expect.true(np.allclose(student.quadruple(1.0), 4), ' '.join(set('abcdefgh')))"
    change(tests, "    x = reference.draw((4, 2))\n", f"    x = reference.draw((4, 2))\n    {told}\n")
    change(tests, "from gradekit.hidden import exercise", "import numpy as np\nfrom gradekit.hidden import exercise")
    problem, advice = verify_prove._determinism(verify_plan.plan(proven, "small")) or ("", "")
    assert problem == "graded twice, quadruple got different results"
    assert "sets" in advice


def test_no_catalogue(
    prove: Callable[[], Proof], proven: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without misconceptions and alternatives the rest is proved, and exit code 2 says what is lacking."""
    for name in ("misconceptions.py", "alternatives.py"):
        (proven.hidden("small") / name).unlink()
    found = prove()
    assert (found.exit_code, len(found.lacks)) == (2, 4)
    assert found.count("mutants", "double")[1] > 5
    assert command(monkeypatch, proven, "small", "--jobs", "1") == 2
    assert "Exercise 'double' has no alternative: write one in " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda course: shutil.rmtree(course.hidden("small")), "has no hidden tests"),
        (lambda course: change(course.hidden("small") / "tests.py", "@quadruple.test", "@double.test"), "quadruple"),
        (lambda course: (course.hidden("small") / "equivalents.toml").write_text("["), "cannot be used"),
        (lambda course: (course.hidden("small") / "reference.npz").unlink(), "There is no"),
        (lambda course: course.source("small").rename(course.source("small").with_name("x")), "no assignment 'small'"),
    ],
    ids=["no tests", "an exercise without tests", "broken TOML", "no reference", "no notebook"],
)
def test_bad_input(
    proven: Course,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Course], object],
    said: str,
) -> None:
    """What cannot be proved at all is one sentence and exit code 2."""
    spoil(proven)
    assert command(monkeypatch, proven, "small") == 2
    found = capsys.readouterr().err
    assert found.startswith("error: ")
    assert said in found


def test_process_that_ends(proven: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A process of ours that ends is our own fault: exit code 3."""
    with (proven.hidden("small") / "tests.py").open("a", encoding="utf-8") as file:
        file.write("\nimport multiprocessing, os\nif multiprocessing.parent_process():\n    os._exit(1)\n")
    assert command(monkeypatch, proven, "small", "--jobs", "2") == 3
    assert "One of gradekit's own processes ended" in capsys.readouterr().err
