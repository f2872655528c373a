"""Diagnosis: which known mistake a wrong answer is, and when nothing is named."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradekit.course.course import Course
from gradekit.diagnosis import case, further, pattern
from gradekit.diagnosis import diagnose as module
from gradekit.diagnosis.case import Attempt, Case
from gradekit.diagnosis.diagnose import diagnose
from gradekit.diagnosis.further import ask_further
from gradekit.diagnosis.own_cost import is_own_gradient, of_own_cost
from gradekit.judging.assignment import Assignment, load_assignment
from gradekit.judging.catalogue import Misconception
from gradekit.judging.inprocess import InProcess
from gradekit.judging.judge import explain, judge
from gradekit.judging.line import LearnerError
from gradekit.judging.memory import Memory
from gradekit.judging.transcript import Event, Transcript
from gradekit.model import Diagnosis, Verdict

SQUARES = Misconception(
    "squares", "double", "def double(x): return x * x", title="Squared", message="What is 3 doubled?"
)
CHANGES = Misconception("changes_x", "double", "def double(x):\n    x *= 2\n    return x", title="In place")
Find = Callable[..., Diagnosis | None]

GRADIENT = """

import numpy as np


@quadruple.gradient
def gradient_of_own_double(student, reference, expect):
    x = reference.draw((2, 3))

    def cost(parameters):
        return float(np.sum(student.double(parameters["x"])))

    return cost, {"x": x}, {"x": student.quadruple(x)}
"""


@pytest.fixture
def assignment(small: Course) -> Assignment:
    """The small course's assignment, loaded."""
    return load_assignment(small, "small")


def attempt(assignment: Assignment, source: str, name: str = "double") -> Attempt:
    """Judge the solution with another text for one exercise."""
    names = dict(assignment.solution)
    exec(source, names)
    transcript, line = Transcript(), InProcess(names)
    result = judge(assignment, name, line, seed=b"unit", transcript=transcript)
    return Attempt(result, transcript, ask_further(assignment, result, line, seed=b"unit"))


@pytest.fixture
def find(assignment: Assignment) -> Find:
    """Diagnose an answer to `double`: ``find(source, *catalogue)``."""

    def found(source: str, *catalogue: Misconception, name: str = "double") -> Diagnosis | None:
        return diagnose(assignment, catalogue, [attempt(assignment, source, name)], seed=b"unit")

    return found


def like(label: str, source: str, **words: Any) -> Misconception:
    """Return a misconception of `double`."""
    return Misconception(label, "double", source, title=label, **words)


@pytest.mark.parametrize("item", [SQUARES, CHANGES])
def test_known_mistake_is_named(find: Find, item: Misconception) -> None:
    """The learner's answer is that of one misconception: its title and message are the learner's to read."""
    found = find(item.source, SQUARES, CHANGES)
    assert found == Diagnosis(item.label, item.title, item.message, item.justification)


def test_another_way_to_write_it_is_named(find: Find) -> None:
    """What counts is what is answered, up to rounding, not how it is written."""
    found = find("def double(x): return np.exp(2 * np.log(np.abs(x)))", SQUARES, CHANGES)
    assert found is not None
    assert found.label == "squares"


@pytest.mark.parametrize(
    "source",
    [
        "def double(x): return x ** 3",
        "def double(x): return None",
        "def double(x): return x * x + 1e-3",
        "def double(x): return (x * x).tolist()",
        "def double(x): return (x * x).T",
        "def double(x): raise ValueError('no')",
        "def double(x): return double",
        "def double(x): return x * np.nan",
    ],
)
def test_unknown_mistake_is_not_named(find: Find, source: str) -> None:
    """An answer that no misconception gives is given no name."""
    assert find(source, SQUARES, CHANGES) is None


def test_nothing_is_named_without_a_catalogue(find: Find) -> None:
    """An assignment without a catalogue has no known mistakes."""
    assert find(SQUARES.source) is None


def test_misconception_of_another_exercise_is_not_tried(find: Find) -> None:
    """Only the exercise's own misconceptions count."""
    other = Misconception("squares", "quadruple", SQUARES.source)
    assert find(SQUARES.source, other) is None


def test_two_that_answer_the_same_are_not_named(find: Find) -> None:
    """Where two misconceptions give the learner's answers, neither is named, unless one is declared like the other."""
    twin = "def double(x): return x ** 2"
    assert find(SQUARES.source, SQUARES, like("twin", twin)) is None
    found = find(SQUARES.source, like("twin", twin, like="squares"), SQUARES)
    assert found is not None
    assert found.label == "squares"


MORE = """

@double.test()
def large(student, reference, expect):
    \"\"\"double(x) is right for large x.\"\"\"
    x = 1000 + reference.draw((2, 2))
    expect.close(student.double(x), reference.double(x), name="double(x)")


@double.test()
def small(student, reference, expect):
    \"\"\"double(x) is right for small x.\"\"\"
    x = 0.001 * reference.draw((2, 2))
    expect.close(student.double(x), reference.double(x), name="double(x)")
"""


@pytest.fixture
def larger(small: Course) -> Assignment:
    """The small course's assignment with more tests of `double`."""
    tests = small.hidden("small") / "tests.py"
    tests.write_text(tests.read_text() + MORE)
    return load_assignment(small, "small")


@pytest.mark.parametrize(
    ("body", "label"),
    [
        ("x * x", "squares"),
        ("np.minimum(x * x, 100)", None),  # two tests of three that were lost
        ("x * x if np.abs(x).max() < 0.1 else x ** 3", None),  # one of three
        ("x * x if np.abs(x).max() > 0.1 else 2 * x", None),  # right where the misconception is wrong
        ("x * x if np.abs(x).max() < 100 else x * np.nan", None),
        ("x * np.nan if np.abs(x).max() < 100 else x * x", None),
        ("np.full(x.shape, 7.0) if x.max() < 100 else x", None),  # one number everywhere is no evidence
    ],
)
def test_every_answer_must_agree(larger: Assignment, body: str, label: str | None) -> None:
    """A known mistake beside an unknown one is not named: what explains most may be another mistake altogether."""
    seven = like("seven", "def double(x): return np.full(x.shape, 7.0)")
    given = attempt(larger, f"def double(x): return {body}")
    found = diagnose(larger, [SQUARES, CHANGES, seven], [given], seed=b"unit")
    assert (found.label if found else None) == label


@pytest.mark.parametrize(
    ("body", "label"),
    [
        ("np.ones((1, 3)) + x", "shapes"),
        ("x + np.ones(3)", None),  # another text of the same error
        ("np.ones((1, 3)) + x if x.max() < 100 else {}[0]", None),  # an error of another type
        ("x + np.ones((7, 7))", None),  # an error is all there is
    ],
)
def test_errors_are_compared_by_type_and_text(larger: Assignment, body: str, label: str | None) -> None:
    """What a misconception raises counts beside what it answers; errors alone tell nothing."""
    known = [like("shapes", "def double(x): return np.ones((1, 3)) + x")]
    known.append(like("no_answer", "def double(x): return x + np.ones((7, 7))"))
    found = diagnose(larger, known, [attempt(larger, f"def double(x): return {body}")], seed=b"unit")
    assert (found.label if found else None) == label


@pytest.mark.parametrize(("factor", "label"), [("3.5", "constant_factor"), ("0.2", "constant_factor"), ("-2", "sign")])
def test_constant_factor(find: Find, factor: str, label: str) -> None:
    """A right answer times a constant is recognised without a catalogue, and the constant is not told."""
    found = find(f"def double(x): return {factor} * x", SQUARES)
    assert found is not None
    assert found.label == label
    assert not any(character.isdigit() for character in found.message)


@pytest.mark.parametrize(
    "source",
    [
        "def double(x): return 0 * x",
        "def double(x): return 3 * x + 1e-3",
        "def double(x): return (3 if x.shape == (3, 2) else 2) * x",
        "def double(x): return 3 * x[:1]",
    ],
)
def test_no_constant_factor(find: Find, source: str) -> None:
    """Zeros, another shape, or answers that are right elsewhere are no constant factor."""
    assert find(source) is None


def test_endless_misconception_ends(find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misconception that never ends, or takes all memory, holds nothing up and is not named."""
    monkeypatch.setattr(case, "CALL_S", 0.05)
    endless = like("endless", "def double(x):\n    while True: pass")
    greedy = like("greedy", "def double(x): return np.ones(2**40)")
    found = find(SQUARES.source, endless, greedy, SQUARES)
    assert found is not None
    assert found.label == "squares"


def test_endless_answer_is_an_endless_misconceptions(larger: Assignment, monkeypatch: pytest.MonkeyPatch) -> None:
    """A learner's call that was over its time is compared with a misconception's that is over ours."""
    monkeypatch.setattr(case, "CALL_S", 0.05)
    given = attempt(larger, "def double(x): return x * x if x.max() < 100 else {}[0]")
    late = Event(("double",), LearnerError("TimeLimit", "too long", verdict=Verdict.TLE))
    given.transcript.events["large"] = [late]
    endless = like("endless", "def double(x):\n    while x.max() > 100: pass\n    return x * x")
    found = diagnose(larger, [SQUARES, endless], [given], seed=b"unit")
    assert found is not None
    assert found.label == "endless"


def test_time_for_a_diagnosis_is_bounded(find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not all of the catalogue could be compared, nothing is named."""
    monkeypatch.setattr(case, "EXERCISE_S", 0.0)
    assert find(SQUARES.source, SQUARES) is None


def test_nothing_is_tried_where_no_time_can_be_bounded(find: Find) -> None:
    """In a thread, where a misconception that never ends could not be stopped, nothing is named."""
    found: list[Diagnosis | None] = []
    thread = threading.Thread(target=lambda: found.append(find(SQUARES.source, SQUARES)))
    thread.start()
    thread.join()
    assert found == [None]


def test_answers_that_were_too_large_are_not_compared(assignment: Assignment) -> None:
    """Of a transcript that is not whole nothing is said."""
    given = attempt(assignment, SQUARES.source)
    given.transcript.room = -1
    assert diagnose(assignment, [SQUARES], [given], seed=b"unit") is None


def test_draws_that_no_seed_reaches(find: Find) -> None:
    """A misconception that never answers the same twice is told by the pattern of right and wrong, and its messages."""
    known = like("noise", "def double(x): return 2 * x + np.random.default_rng().normal(size=x.shape)", random=True)
    found = find("def double(x): return 2 * x + np.random.default_rng().uniform(size=x.shape)", known)
    assert found is not None
    assert find("def double(x): return 2 * x[:1] + np.random.default_rng().normal(size=x[:1].shape)", known) is None
    found = find(SQUARES.source, known, SQUARES)
    assert found is not None
    assert found.label == "squares"


SEED = """

@double.test(kills=["noise"])
def follows_the_seed(student, reference, expect):
    \"\"\"The same seed gives the same.\"\"\"
    student.seed(1)
    one, two = student.double(1.0), student.double(1.0)
    student.seed(1)
    expect.true(one != two, "Twice the same."{new})
    expect.true(student.double(1.0) == one, "A seed does not fix it."{seed})
"""


@pytest.mark.parametrize(
    ("kinds", "drawn", "label"),
    [
        (("", ""), "default_rng().uniform", None),
        ((', kind="new"', ', kind="seed"'), "default_rng().uniform", "noise"),
        ((', kind="new"', ', kind="seed"'), "default_rng(1).normal", None),  # fails the other demand
    ],
)
def test_properties_without_a_kind_are_not_told_apart(
    small: Course, kinds: tuple[str, str], drawn: str, label: str | None
) -> None:
    """A mistake that no seed repeats is named by the kind of demand that it fails, not by what that demand says."""
    path = small.hidden("small") / "tests.py"
    path.write_text(path.read_text() + SEED.format(new=kinds[0], seed=kinds[1]))
    loaded = load_assignment(small, "small")
    noise = "def double(x): return 2 * x + np.random.default_rng().normal(size=np.shape(x))"
    known = like("noise", noise, random=True)
    learner = noise.replace("default_rng().normal", drawn)
    found = diagnose(loaded, [known], [attempt(loaded, learner)], seed=b"unit")
    assert (found.label if found else None) == label


def test_misconceptions_that_remember_begin_anew(find: Find) -> None:
    """Every comparison runs a misconception's cell afresh."""
    known = like("counts", "def double(x, seen=[]):\n    seen.append(1)\n    return 2 * x + (len(seen) - 1)")
    for _ in range(2):
        found = find(known.source, known)
        assert found is not None
        assert found.label == "counts"


def test_global_generator_is_left_alone(find: Find) -> None:
    """A diagnosis, in which misconceptions draw, leaves numpy's global generator as it was."""
    noise = like("noise", "def double(x): return np.random.normal(size=x.shape)")
    np.random.seed(4)
    find(SQUARES.source, noise, SQUARES)
    assert np.random.random() == np.random.RandomState(4).random_sample()


def test_diagnosis_is_shown(assignment: Assignment) -> None:
    """The plain report holds the title and the message, and not the justification."""
    result = attempt(assignment, SQUARES.source).result
    text = explain(replace(result, diagnosis=Diagnosis("squares", "Squared", "What is 3 doubled?", "x * x")))
    assert "  Squared. What is 3 doubled?\n" in text
    assert "x * x" not in text


@pytest.mark.parametrize(
    ("double", "quadruple", "own"),
    [
        ("return 3 * x", "return 3 * np.ones(x.shape)", True),
        ("return x ** 2", "return 2 * x", True),
        ("return 3 * x", "return 2 * np.ones(x.shape)", False),
        ("return 3 * x", "return 3 * np.ones((1, 1))", False),
        ("return 0 * x", "return 0 * x", False),
        ("return None", "return 3 * x", False),
        ("return 3 * x", "return None", False),
        ("return 3 * x", "return 'text'", False),
        ("return x * np.nan", "return 3 * x", False),
    ],
)
def test_gradient_of_ones_own_cost(small: Course, double: str, quadruple: str, *, own: bool) -> None:
    """A gradient is that of the learner's own cost where differences of that cost say so, and it moves at all."""
    tests = small.hidden("small") / "tests.py"
    tests.write_text(tests.read_text() + GRADIENT)
    names = {"np": np}
    exec(f"def double(x): {double}\ndef quadruple(x): {quadruple}", names)
    assert is_own_gradient(load_assignment(small, "small"), "quadruple", InProcess(names), seed=b"") is own


def test_gradient_of_ones_own_cost_beside_another_name() -> None:
    """What was found keeps its name; that the gradient suits one's own cost is said besides."""
    found = of_own_cost(Diagnosis("not_averaged", "Not averaged", "Every gradient is too large."))
    assert found.label == "not_averaged"
    assert found.message.startswith("Every gradient is too large. Your gradients are exactly those")
    assert of_own_cost(None).label == "gradient_of_own_cost"


def test_answers_that_say_nothing_are_not_enough(larger: Assignment) -> None:
    """Zeros that a known mistake gives in the first case alone get no name: every case is asked, up to the end."""
    first = "def double(x): return 0 * x if x.shape == (2, 3) else 3 * x"
    known = like("right_at_first", first)
    given = attempt(larger, "def double(x): return 0 * x")
    assert diagnose(larger, [known], [given], seed=b"unit") is None
    assert diagnose(larger, [known], [replace(given, further={})], seed=b"unit") is None
    found = diagnose(larger, [known], [attempt(larger, first)], seed=b"unit")
    assert found is not None
    assert found.label == "right_at_first"


def test_all_zeros_are_no_evidence(larger: Assignment) -> None:
    """An answer that is zeros everywhere is known from no mistake, not even from one that gives zeros."""
    zeros = like("zeros", "def double(x): return 0 * x")
    assert diagnose(larger, [zeros], [attempt(larger, zeros.source)], seed=b"unit") is None


def test_a_single_wrong_number_is_not_enough(find: Find) -> None:
    """Where one answer is all that was asked, no known mistake is named."""
    one = "def double(x): return 3 * x"
    found = find(one, like("triple", one), name="quadruple")
    assert found is None or found.label in pattern.LABELS


@pytest.mark.parametrize(
    ("known", "given", "label"),
    [
        ("np.inf", "np.nan", "overflows"),  # the one wherever the other
        ("np.nan", "-np.inf", "overflows"),
        ("np.nan", "7.0", None),
    ],
)
def test_what_is_not_finite_is_a_symptom(larger: Assignment, known: str, given: str, label: str | None) -> None:
    """An entry that is right but for infinities names an answer that is right but for NaN in the same places."""
    body = "def double(x): return np.where(x > 100, {0}, 2 * x)"
    item = like("overflows", body.format(known))
    found = diagnose(larger, [item], [attempt(larger, body.format(given))], seed=b"unit")
    assert (found.label if found else None) == label


def test_an_exception_is_a_symptom(larger: Assignment) -> None:
    """An entry that is right but for an error names an answer that is right but for one of that type."""
    body = "def double(x):\n    if x.max() > 100:\n        raise {0}\n    return 2 * x"
    item = like("fails", body.format("ValueError('seven')"))
    for error, label in (("ValueError('eight')", "fails"), ("KeyError('seven')", None)):
        found = diagnose(larger, [item], [attempt(larger, body.format(error))], seed=b"unit")
        assert (found.label if found else None) == label


THREE = "def double(x):\n    a = {0}\n    b = {1}\n    return {2}"
BY_LINE = {
    "shifts": ("x + 1", "x", "a + b"),
    "shifts_twice": ("x + 2", "x", "a + b"),
    "doubles": ("x", "2 * x", "a + b"),
    "triples": ("x", "3 * x", "a + b"),
    "halves": ("x", "x", "(a + b) / 2"),
    "hides": ("x", "x", "b * b + 5 * (np.abs(a - b) > 0)"),
}
LINES = [like(label, THREE.format(*lines), message=f"{label}?") for label, lines in BY_LINE.items()]


def test_two_known_mistakes_at_once(larger: Assignment) -> None:
    """Two mistakes in different lines of one cell are both named, with both messages."""
    found = diagnose(larger, LINES, [attempt(larger, THREE.format("x + 1", "x", "(a + b) / 2"))], seed=b"unit")
    assert found is not None
    assert found.label == "shifts+halves"
    assert "shifts? " in found.message
    assert "halves?" in found.message


def test_what_all_pairs_share_is_named_alone(larger: Assignment) -> None:
    """Where a mistake hides which other one is beside it, it is named, and that there is more."""
    found = diagnose(larger, LINES, [attempt(larger, THREE.format("x + 3", "x", BY_LINE["hides"][2]))], seed=b"unit")
    assert found is not None
    assert found.label == "hides"
    assert "one more mistake" in found.message


def test_a_pair_with_an_unknown_mistake_is_not_named(larger: Assignment) -> None:
    """A known mistake beside one that is in no catalogue gets no name."""
    learner = attempt(larger, THREE.format("x + 7", "x", "(a + b) / 2"))
    assert diagnose(larger, LINES, [learner], seed=b"unit") is None


def test_pairs_are_bounded_in_time(larger: Assignment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not all pairs could be compared, nothing is named."""
    monkeypatch.setattr(module, "PAIRS_S", 0.0)
    learner = attempt(larger, THREE.format("x + 1", "x", "(a + b) / 2"))
    assert diagnose(larger, LINES, [learner], seed=b"unit") is None


@pytest.mark.parametrize(
    ("body", "label"),
    [
        ("(2 * x)[None]", "shape_alone"),
        ("(2 * x).reshape(-1)", "shape_alone"),
        ("(3 * x)[None]", None),
        ("(2 * x).T if x.size > 1 else 2 * x", None),
    ],
)
def test_shape_alone(larger: Assignment, body: str, label: str | None) -> None:
    """Right values in another shape are said to be right but for the shape."""
    found = diagnose(larger, [], [attempt(larger, f"def double(x): return {body}")], seed=b"unit")
    assert (found.label if found else None) == label


COST = """

@quadruple.test()
def costs(student, reference, expect):
    \"\"\"quadruple(x) of numbers is right.\"\"\"
    for x in (0.7, 1.3, 2.9):
        expect.close(student.quadruple(x), reference.quadruple(x), name="quadruple(x)")
"""


@pytest.mark.parametrize(
    ("body", "label"),
    [
        ("4 * x / np.log(2)", "other_logarithm"),
        ("4 * x / np.log(10)", "other_logarithm"),
        ("5 * x", "constant_factor"),
        ("4 * x * (2 if x > 1 else 3)", None),
        ("4 * x if x > 1 else 5 * x", None),
        ("float(4 * x + 1)", None),
    ],
)
def test_factors_of_single_numbers(small: Course, body: str, label: str | None) -> None:
    """A number that is off by one factor in several cases is told, and one between two logarithms is asked for."""
    tests = small.hidden("small") / "tests.py"
    text = tests.read_text(encoding="utf-8")
    tests.write_text(text[: text.index("@quadruple.test()")] + COST, encoding="utf-8")
    loaded = load_assignment(small, "small")
    given = attempt(loaded, f"def quadruple(x): return {body}", "quadruple")
    found = diagnose(loaded, [], [given], seed=b"unit")
    assert (found.label if found else None) == label


def test_a_name_that_stands_for_something_else_in_the_end(larger: Assignment) -> None:
    """What is answered further counts only where it begins as what was judged did; else what was judged does."""
    learner, other = attempt(larger, SQUARES.source), attempt(larger, "def double(x): return x ** 3")
    found = diagnose(larger, [SQUARES], [replace(learner, further=other.further)], seed=b"unit")
    assert found is not None
    assert found.label == "squares"


def test_a_test_that_does_not_end_is_bounded(small: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a test counts on a demand that a wrong answer does not meet, asking further ends in time all the same."""
    monkeypatch.setattr(further, "FURTHER_S", 0.2)
    tests = small.hidden("small") / "tests.py"
    loop = "    while student.double(1.0) != 2.0:\n        pass\n"
    tests.write_text(tests.read_text(encoding="utf-8") + loop, encoding="utf-8")
    loaded = load_assignment(small, "small")
    transcript, line = Transcript(), InProcess({"np": np, "double": lambda x: 3 * x, "quadruple": lambda x: x})
    result = judge(loaded, "quadruple", line, seed=b"unit", transcript=transcript)
    assert ask_further(loaded, result, line, seed=b"unit") == {}


def test_time_that_ends_between_two_lines_ends_no_grading(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the bound strikes outside of the learner's code and of the test, nothing is named and nothing raised."""
    found = attempt(assignment, SQUARES.source)

    def late(deadline: float) -> Any:
        """Strike at once."""
        raise TimeoutError(deadline)

    for place in (further, case):
        monkeypatch.setattr(place, "bounded_time", late)
    asked = ask_further(assignment, found.result, InProcess(dict(assignment.solution)), seed=b"unit")
    assert not any(asked.values())
    assert diagnose(assignment, [SQUARES, CHANGES], [found], seed=b"unit") is None


def test_what_was_found_out_of_a_mistake_is_not_asked_again(find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the second learner of a class a mistake that is not theirs is known by its first answer, run or not."""
    other = "def double(x): return x ** 3"
    assert find(other, SQUARES) is None
    ran: list[str] = []
    monkeypatch.setattr(case, "_compiled", lambda source, label: ran.append(label) or compile(source, label, "exec"))
    assert find(other, SQUARES) is None
    assert ran == []
    assert find(SQUARES.source, SQUARES) is not None
    assert ran == ["squares"]


def test_another_seed_is_another_class(assignment: Assignment, find: Find) -> None:
    """What is remembered is of one seed's inputs: under another the same mistake is found anew."""
    assert find(SQUARES.source, SQUARES, CHANGES) is not None
    names = dict(assignment.solution)
    exec(SQUARES.source, names)
    transcript, line = Transcript(), InProcess(names)
    result = judge(assignment, "double", line, seed=b"other", transcript=transcript)
    again = Attempt(result, transcript, ask_further(assignment, result, line, seed=b"other"))
    found = diagnose(assignment, (SQUARES, CHANGES), [again], seed=b"other")
    assert found is not None
    assert found.label == "squares"


def test_memory_is_bounded() -> None:
    """Beyond its room nothing is kept, and all is passed on; an answer that is no plain data is not kept either."""
    memory, passed = Memory(room=1000), list[Event]()
    listen = memory.listening("mistake", passed.append)
    events = [Event(("f",), answer) for answer in (1.0, [np.zeros(3)], object(), 2.0)]
    for event in events:
        listen(event)
    assert passed == events
    assert memory.events["mistake"] == events[:2]
    memory.keep("solution", [Event(("f",), np.zeros(1000))])
    assert "solution" not in memory.events
    before = memory.room
    memory.keep("small", [Event(("f",), 1.0)])
    assert memory.events["small"]
    assert memory.room < before


def test_what_the_solution_answers_is_kept_where_it_came_to_its_end(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was stopped for one learner's lack of time is asked anew for the next; another seed has other answers."""
    transcript, line = Transcript(), InProcess(dict(assignment.solution))
    attempt = Attempt(judge(assignment, "double", line, seed=b"unit", transcript=transcript), transcript)
    ask = Case.ask
    with monkeypatch.context() as patch:
        patch.setattr(Case, "ask", lambda *args: replace(ask(*args), verdict=Verdict.TLE))
        Case(assignment, attempt, b"unit", math.inf)
    assert not assignment.memory.events
    first, again, other = (Case(assignment, attempt, seed, math.inf).right for seed in (b"unit", b"unit", b"other"))
    assert first
    assert all(first[test] is again[test] for test in first)
    assert repr(first) != repr(other)
