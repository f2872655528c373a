"""Hidden tests: judging, points, requires, follow-through, grading in the learner's process."""

from __future__ import annotations

import linecache
import math
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradekit.course.course import Course
from gradekit.errors import HiddenTestError, Undecided
from gradekit.judging import inprocess
from gradekit.judging.assignment import Assignment, load_assignment, load_tests
from gradekit.judging.declare import Expect, Rejected, exercise
from gradekit.judging.inprocess import InProcess, Travelling, grade, judge_in_process
from gradekit.judging.judge import MESSAGE_LIMIT, explain, judge, try_test
from gradekit.judging.line import LearnerError, Student
from gradekit.model import IN_PLACE, PROPERTY, TestResult, Verdict
from gradekit.score import earned
from gradekit.worker import wire

Learner = Callable[..., dict[str, Any]]


@pytest.fixture
def assignment(small: Course) -> Assignment:
    """The small course's assignment, loaded."""
    return load_assignment(small, "small")


def verdicts(assignment: Assignment, name: str, namespace: dict[str, Any]) -> dict[str, Verdict]:
    """Judge once, without follow-through."""
    result = judge(assignment, name, InProcess(namespace), seed=b"unit")
    return {test.test: test.verdict for test in result.tests}


def _result(verdict: Verdict, weight: int = 1) -> TestResult:
    return TestResult("t", "A sentence.", weight, verdict)


def test_undecided_is_no_score() -> None:
    """One test that could not be judged, or no test at all, leaves the exercise undecided."""
    assert earned(1.0, []) is None
    assert earned(1.0, [_result(Verdict.AC), _result(Verdict.IE)]) is None
    assert earned(1.0, [TestResult("t", "A sentence.", 1)]) is None


@pytest.mark.parametrize("points", [0.1, 0.5, 0.7, 1.0, 2.0, 3.0, 1 / 3])
def test_full_marks_are_the_points_to_the_last_bit(points: float) -> None:
    """All tests accepted give exactly the points, whatever the weights; nbgrader refuses a bit more."""
    for weights in ([1], [1, 2], [3, 3, 1], [7] * 9):
        assert earned(points, [_result(Verdict.AC, weight) for weight in weights]) == points


def test_partial_credit_follows_the_weights() -> None:
    """The share of the points is the share of the weights, as a plain float."""
    found = earned(0.5, [_result(Verdict.AC, 2), _result(Verdict.WA, 1)])
    assert type(found) is float
    assert found == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ("def double(x): raise ValueError('no')", Verdict.RTE),
        ("def double(x): raise SystemExit(0)", Verdict.RTE),
        ("def double(x): return double(x)", Verdict.RTE),
        ("def double(x): return None", Verdict.WA),
        ("def double(x): return x", Verdict.WA),
        ("def double(x): return x * float('nan')", Verdict.WA),
        ("double = 3", Verdict.RTE),
        ("dubble = 3", Verdict.RTE),
        ("def double(x): return [[v + v for v in row] for row in x.tolist()]", Verdict.AC),
    ],
)
def test_verdict(assignment: Assignment, learner: Learner, source: str, verdict: Verdict) -> None:
    """Each kind of answer gets its verdict, and none is our own error."""
    assert verdicts(assignment, "double", learner(double=source))["values"] is verdict


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def double(x): return None", "none"),
        ("def double(x): return 'two'", "type"),
        ("class Two: pass\ndef double(x): return Two()", "type"),
        ("def double(x): return (x + x)[:, :1]", "shape"),
        ("def double(x): return x * float('nan')", "not_finite"),
        ("def double(x): return -2 * x", "sign"),
        ("def double(x): return 6 * x", "factor"),
        ("def double(x): return x + x", ""),
    ],
)
def test_a_wrong_answer_has_a_kind(assignment: Assignment, learner: Learner, source: str, kind: str) -> None:
    """What the comparison found is a field of the result, beside its words."""
    result = judge(assignment, "double", InProcess(learner(double=source)), seed=b"").tests[0]
    assert (result.kind, result.error, result.line) == (kind, "", "")


@pytest.mark.parametrize(
    ("source", "error", "line"),
    [
        ("def double(x):\n    raise NotImplementedError()", "NotImplementedError", "raise NotImplementedError()"),
        ("def double(x):\n    raise KeyError('at your line `b`')", "KeyError", "raise KeyError('at your line `b`')"),
        ("def double(x): return [0] * 10**18", "MemoryError", "def double(x): return [0] * 10**18"),
        ("dubble = 3", "NameError", ""),
    ],
)
def test_an_exception_has_a_name_and_a_line(
    assignment: Assignment, learner: Learner, source: str, error: str, line: str
) -> None:
    """The exception's type and the learner's own line are fields of the result, whatever its text says."""
    namespace = learner()
    file = "<cell>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    del namespace["double"]
    exec(compile(source, file, "exec"), namespace)
    result = judge(assignment, "double", InProcess(namespace), seed=b"").tests[0]
    assert (result.error, result.line, result.kind, result.waits_for) == (error, line, "", "")


def test_a_demand_may_name_its_kind() -> None:
    """A property is a property, unless its test says what kind; keys that lack are missing ones."""

    def kind_of(demand: Callable[[Expect], None]) -> str:
        with pytest.raises(Rejected) as rejected:
            demand(Expect())
        return rejected.value.kind

    assert kind_of(lambda expect: expect.true(0, "No.")) == PROPERTY
    assert kind_of(lambda expect: expect.true(0, "No.", kind="seed")) == "seed"
    assert kind_of(lambda expect: expect.keys([], ["a"], name="grads")) == "type"
    assert kind_of(lambda expect: expect.keys({}, ["a"], name="grads")) == "missing"


def test_dependent_test_counts_only_after_the_one_it_requires(assignment: Assignment, learner: Learner) -> None:
    """`return None` changes no argument, and earns nothing for that."""
    result = judge(assignment, "double", InProcess(learner(double="def double(x): pass")), seed=b"")
    assert result.score == 0.0
    assert "double(x) has the right values" in result.tests[1].message
    assert [test.waits_for for test in result.tests] == ["", "values"]


def test_in_place_change_is_seen(assignment: Assignment, learner: Learner) -> None:
    """An argument changed in place costs its test and only that."""
    result = judge(
        assignment, "double", InProcess(learner(double="def double(x):\n    x *= 2\n    return x")), seed=b""
    )
    assert [test.verdict for test in result.tests] == [Verdict.AC, Verdict.WA]
    assert "argument 1" in result.tests[1].message
    assert result.tests[1].kind == IN_PLACE
    assert result.score == pytest.approx(0.5 * 2 / 3)


def test_a_mistake_costs_once(assignment: Assignment, learner: Learner) -> None:
    """A right quadruple upon a wrong double earns its points, and the result says how."""
    namespace = learner(double="def double(x): return x * x")
    assert judge_in_process(assignment, "double", namespace).score == 0.0
    result = judge_in_process(assignment, "quadruple", namespace)
    assert (result.score, result.follow_through) == (2.0, True)
    assert namespace["double"](3) == 9, "the learner's own namespace is left alone"


def test_follow_through_binds_defaults_to_right_functions(assignment: Assignment, learner: Learner) -> None:
    """Default arguments of the learner's cell are bound to the right earlier functions."""
    later = "def quadruple(x, act=double): return act(act(x))"
    assert (
        judge_in_process(assignment, "quadruple", learner(double="def double(x): return x", quadruple=later)).score
        == 2.0
    )


def test_follow_through_gives_nothing_away(assignment: Assignment, learner: Learner) -> None:
    """A wrong exercise stays wrong upon right earlier functions, and so does a missing one."""
    for later in ("def quadruple(x): return double(x)", "raise RuntimeError", "pass", "def quadruple(x): pass"):
        result = judge_in_process(assignment, "quadruple", learner(double="def double(x): return x", quadruple=later))
        assert result.score == 0.0


GIVEN_OUT = "def quadruple(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
OF_OWN_KIND = """
class Mine(np.ndarray): pass
def double(x): return np.asarray(x + x).view(Mine)
"""
UNLIKE = "def quadruple(x):\n    y = double(x)\n    return x if isinstance(y, Mine) else double(y)"


def test_follow_through_is_for_an_earlier_mistake(assignment: Assignment, learner: Learner) -> None:
    """What fails upon right functions of the learner's own fails for a mistake of its own, and is judged once."""
    result = judge_in_process(assignment, "quadruple", learner(double=OF_OWN_KIND, quadruple=UNLIKE))
    assert (result.score, result.follow_through) == (0.0, False)
    wrong = OF_OWN_KIND.replace("x + x", "x * x")
    assert judge_in_process(assignment, "quadruple", learner(double=wrong, quadruple=UNLIKE)).follow_through


def test_a_cell_that_was_not_begun_is_judged_once(assignment: Assignment, learner: Learner) -> None:
    """A cell as it was given out has nothing that right earlier functions could show."""
    result = judge_in_process(assignment, "quadruple", learner(double="def double(x): return x", quadruple=GIVEN_OUT))
    assert (result.score, result.follow_through) == (0.0, False)
    assert result.tests[0].error == "NotImplementedError"


def test_reasons_are_those_of_the_second_judging(assignment: Assignment, learner: Learner) -> None:
    """Where both judgings give the same score, what is said is of the exercise itself, not of an earlier one."""
    later = "def quadruple(x): return double(double(double(x)))"
    result = judge_in_process(
        assignment, "quadruple", learner(double=GIVEN_OUT.replace("quadruple", "double"), quadruple=later)
    )
    assert (result.score, result.follow_through) == (0.0, True)
    assert "2 times too large" in result.tests[0].message
    assert "NotImplementedError" not in explain(result)


def test_an_earlier_exercise_without_end_is_an_earlier_mistake(
    assignment: Assignment, learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether an earlier exercise is right is asked for a bounded time."""
    monkeypatch.setattr(inprocess, "EARLIER_S", 0.1)
    endless = "def double(x):\n    while x.shape == (2, 3): pass\n    return x"
    assert judge_in_process(assignment, "quadruple", learner(double=endless)).score == 2.0


def test_fault_in_our_own_test_is_undecided(small: Course, learner: Learner) -> None:
    """A hidden test that breaks, or demands nothing, is no verdict on the learner."""
    path = small.hidden("small") / "tests.py"
    broken = '\n\n@quadruple.test()\ndef broken(s, r, e):\n    """Broken."""\n    {}[1]\n'
    empty = '\n\n@quadruple.test()\ndef empty(s, r, e):\n    """Demands nothing."""\n'
    for addition in (broken, empty):
        path.write_text(path.read_text() + addition)
        result = judge_in_process(load_assignment(small, "small"), "quadruple", learner())
        assert result.score is None
        assert result.tests[-1].verdict is Verdict.IE
        assert "undecided" in explain(result)


def test_reference_that_is_not_finite_is_our_fault(small: Course, learner: Learner) -> None:
    """A reference that is not finite makes the exercise undecided, not lost."""
    path = small.hidden("small") / "tests.py"
    path.write_text(path.read_text().replace("reference.quadruple(x)", "reference.quadruple(x) * float('inf')"))
    assert judge_in_process(load_assignment(small, "small"), "quadruple", learner()).score is None


@pytest.mark.parametrize(
    ("declaration", "said"),
    [
        ("@q.test()\ndef a(s, r, e): pass", "needs a docstring"),
        ('@q.test(weight=0)\ndef a(s, r, e):\n    """A."""', "needs a docstring, a weight"),
        ('@q.test(requires="b")\ndef a(s, r, e):\n    """A."""', "requires="),
        ("q2 = exercise('q')", "declares q twice"),
        ("1 / 0", "cannot be run"),
    ],
)
def test_faulty_declaration(small: Course, declaration: str, said: str) -> None:
    """What is wrong in tests.py is said when it is loaded."""
    path = small.hidden("small") / "tests.py"
    path.write_text(f"from gradekit.hidden import exercise\nq = exercise('q')\n{declaration}\n")
    with pytest.raises(HiddenTestError, match=said):
        load_tests(small, "small")


def test_missing_tests(small: Course) -> None:
    """A missing tests.py is an error that names the file."""
    (small.hidden("small") / "tests.py").unlink()
    with pytest.raises(HiddenTestError, match=r"tests\.py is missing"):
        load_tests(small, "small")


class TestGrade:
    """The call in a graded cell."""

    @pytest.fixture(autouse=True)
    def _in_the_course(self, small: Course, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GRADEKIT_COURSE", str(small.root))

    def test_score_is_a_plain_float(self, learner: Learner, capsys: pytest.CaptureFixture[str]) -> None:
        """The cell's last expression is a Python float, which nbgrader reads; the reasons are printed."""
        found = grade("small", "double", learner())
        assert (type(found), found) == (float, 0.5)
        assert "accepted: double(x) has the right values." in capsys.readouterr().out

    def test_warnings_and_output_cost_nothing(self, learner: Learner, capsys: pytest.CaptureFixture[str]) -> None:
        """A function that warns and writes to stderr is graded for its answer; nothing reaches the cell's stderr."""
        noisy = (
            "import sys, warnings\ndef double(x):\n    warnings.warn('loud')\n    print('no', file=sys.stderr)\n"
            "    return x + x"
        )
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert grade("small", "double", learner(double=noisy)) == 0.5
        assert capsys.readouterr().err == ""

    def test_global_generator_is_left_as_it_was(self, learner: Learner) -> None:
        """A graded cell does not disturb what the learner draws next."""
        np.random.seed(5)
        expected = np.random.rand()
        np.random.seed(5)
        grade("small", "double", learner(double="def double(x):\n    np.random.seed(1)\n    return x + x"))
        assert np.random.rand() == expected

    def test_same_score_every_time(self, learner: Learner) -> None:
        """Fresh inputs follow from assignment and exercise: grading again gives the same."""
        source = "def double(x): return np.where(x > 1.9, 0, x + x)"
        assert len({grade("small", "double", learner(double=source)) for _ in range(3)}) == 1

    def test_our_own_fault_is_undecided(self, small: Course, learner: Learner) -> None:
        """A damaged reference and an unknown exercise raise Undecided; no score is made up."""
        with pytest.raises(Undecided, match="no hidden tests for exercise 'treble'"):
            grade("small", "treble", learner())
        (small.hidden("small") / "reference.npz").write_bytes(b"PK damaged")
        with pytest.raises(Undecided, match="damaged") as caught:
            grade("small", "double", learner())
        assert caught.value.__cause__ is None

    def test_learners_checks_module_is_left_in_place(self, learner: Learner) -> None:
        """Loading the solution does not exchange the module that the notebook imported as checks."""
        mine = object()
        sys.modules["checks"] = mine  # type: ignore[assignment]
        try:
            grade("small", "double", learner())
            assert sys.modules["checks"] is mine
        finally:
            del sys.modules["checks"]

    def test_reason_names_the_learners_line(self, learner: Learner, capsys: pytest.CaptureFixture[str]) -> None:
        """Of an exception the learner gets type and text, cut to 300 characters."""
        grade("small", "double", learner(double="def double(x): raise ValueError('y' * 1000)"))
        out = capsys.readouterr().out
        assert "ValueError:" in out
        assert "y" * 300 + "." in out
        assert "y" * 301 not in out


def test_weights_are_declared_for_every_test() -> None:
    """A declared exercise keeps its tests in order with weight 1 by default."""
    made = exercise("e")

    @made.test()
    def first(student: Any, reference: Any, expect: Any) -> None:
        """First."""

    assert (made.tests[0].name, made.tests[0].weight, made.tests[0].sentence) == ("first", 1, "First.")
    assert math.isfinite(made.tests[0].weight)


def test_sizes_of_the_failing_case_are_named() -> None:
    """Where a case fails, its sizes are said, and those of the last case that was right; no other words change."""
    expect = Expect()
    with pytest.raises(Rejected, match=r"^y is wrong\. \(for N = 2, T = 1\)$"), expect.case(N=2, T=1):
        expect.true(False, "y is wrong.")  # noqa: FBT003
    with expect.case(N=3, T=4):
        expect.true(True, "")  # noqa: FBT003
    with pytest.raises(Rejected, match=r"\(for N = 1, T = 4; right for N = 3, T = 4\)$"), expect.case(N=1, T=4):
        expect.true(False, "y is wrong.")  # noqa: FBT003
    with pytest.raises(LearnerError) as raised, expect.case(N=1, T=4):
        raise LearnerError("IndexError", "tuple index out of range", "x[0]")
    said = "IndexError: tuple index out of range, at your line `x[0]` (for N = 1, T = 4; right for N = 3, T = 4)"
    assert str(raised.value) == said


class RecurrentNetwork:
    """Of a learner's own making."""


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"dU": np.array([object()])}, r"grads\['dU'\] is an array of objects; an array of numbers is wanted\."),
        ({"dU": np.array(["a"])}, r"grads\['dU'\] is an array of texts; an array of numbers is wanted\."),
        ({"dU": RecurrentNetwork()}, r"grads\['dU'\] is a RecurrentNetwork; an array of numbers is wanted\."),
        ({"dU": [RecurrentNetwork()] * 2}, r"The items of grads\['dU'\] are not numbers"),
        ({"dU": type("x" * 4_000_000, (), {})()}, r"grads\['dU'\] is a x{50,150}…?; an array"),
        (RecurrentNetwork(), r"grads is a RecurrentNetwork, not numbers\."),
        (RecurrentNetwork, r"grads is a class, not numbers\."),
        ((np.ones(2), np.array([object()])), "grads is of type tuple; a dictionary is wanted"),
    ],
)
def test_no_internal_word_is_said(value: Any, said: str) -> None:
    """What stayed on the learner's side is named for people, however deep it lies, and never by a type of ours."""
    answer = Student(InProcess({"grads": lambda: value})).grads()
    with pytest.raises(Rejected, match=said) as caught:
        Expect().close(answer, {"dU": np.ones(2)}, name="grads")
    assert not any(word in str(caught.value) for word in ("Opaque", "Handle", "stub", "Stub"))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("key", [("x", 4_000_000), ("名", 50_000), ("\n", 9_000), (10, 5000)])
def test_a_learners_key_is_cut_where_it_is_told(key: Any) -> None:
    """An argument that was changed below a key of any length is told in a line, and so is a dictionary of such keys."""
    one, times = key
    key = one**times if isinstance(one, int) else one * times

    def changes(x: Any) -> None:
        x[key]["W"] += 1

    student = Student(InProcess({"changes": changes, "keys": lambda: {key: 1.0}}))
    with pytest.raises(Rejected) as caught:
        Expect().unchanged(student.changes, {key: {"W": np.ones(2)}})
    assert "'W'" in str(caught.value)
    assert len(str(caught.value)) < 400
    with pytest.raises(Rejected) as caught:
        Expect().close(student.keys(), {"dU": 1.0}, name="grads")
    assert len(str(caught.value)) < 400


def test_an_exception_is_cut_where_it_is_told() -> None:
    """Type, text and line of an exception are bounded in the learner's own process too; a text may itself fail."""

    class Wordless(Exception):
        def __str__(self) -> str:
            raise ValueError

    for error in (type("E" * 10**6, (Exception,), {})("x" * 10**6), Wordless()):

        def fails(raised: Exception = error) -> None:
            raise raised

        with pytest.raises(LearnerError) as caught:
            Student(InProcess({"fails": fails})).fails()
        assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("raised", "verdict", "said"),
    [
        ("raise ValueError", Verdict.AC, ""),
        ("raise UnicodeError", Verdict.AC, ""),
        ("raise KeyError(x)", Verdict.WA, "ends in KeyError, but ValueError is wanted"),
        ("return x", Verdict.WA, "returns, but ValueError is wanted"),
        ("raise MemoryError", Verdict.MLE, "MemoryError"),
    ],
)
def test_an_error_that_is_demanded(assignment: Assignment, raised: str, verdict: Verdict, said: str) -> None:
    """A call must end in the error that the text names, or in one that is as good; a limit says nothing of it."""
    asked = exercise("double")

    @asked.test()
    def refuses(student, _reference, expect):  # type: ignore[no-untyped-def]
        """A wrong argument ends in a ValueError."""
        expect.raises("ValueError", student.double, 3, or_=["UnicodeError"])

    namespace: dict[str, Any] = {}
    exec(f"def double(x):\n    {raised}", namespace)
    result = try_test(assignment, "double", asked.tests[0], InProcess(namespace), seed=b"unit")
    assert result.verdict is verdict
    assert said in result.message


@pytest.mark.parametrize("value", [2**70, np.array([object()]), {"a": [np.ones(3 * 10**6)]}, "x" * 2**25])
def test_what_does_not_travel_is_no_learners_fault(value: object) -> None:
    """The solution is asked with what could go to a worker alone, as the learner is: else a test would look sound."""
    line = Travelling({"f": lambda x: x})
    with pytest.raises(HiddenTestError):
        line.call(("f",), (value,), {})
    assert line.call(("f",), (1,), {})[0] == 1
    assert inprocess.FRAME_BYTES == wire.FRAME_BYTES


LONG_KEY = "{'w ' * 4_000_000: np.ones(2)}"


@pytest.mark.parametrize(
    "demand",
    [
        lambda student, expect: expect.keys(student.double(1), ["W"], name="parameters"),
        lambda student, expect: expect.close(student.double(1), {"W": np.ones(2)}, name="parameters"),
        lambda student, expect: expect.unchanged(student.double, {"W": np.ones(2)}),
        lambda student, expect: expect.true("", f"your keys are {list(student.double(1))}"),
        lambda student, expect: expect.raises("ValueError", student.error),
        lambda student, _: student.text(),
    ],
    ids=["keys", "close", "unchanged", "true", "raises", "error"],
)
def test_no_message_is_endless(assignment: Assignment, demand: Callable[..., None]) -> None:
    """Whatever a learner's keys, texts and names are, what a report says of them is a few lines."""
    asked = exercise("double")

    @asked.test()
    def demands(student, _reference, expect):  # type: ignore[no-untyped-def]
        """Something is demanded."""
        demand(student, expect)

    namespace: dict[str, Any] = {"np": np}
    source = f"def double(x):\n    if isinstance(x, dict):\n        x.update({LONG_KEY})\n    return {LONG_KEY}"
    exec(f"{source}\ndef error():\n    raise type('E' * 10**6, (Exception,), {{}})\n", namespace)
    exec("def text():\n    raise ValueError('\\u4e00' * 10**7)", namespace)
    result = try_test(assignment, "double", asked.tests[0], InProcess(namespace), seed=b"unit")
    assert result.verdict in (Verdict.WA, Verdict.RTE)
    assert 0 < len(result.message) <= MESSAGE_LIMIT
