"""What is kept of a learner's answers while hidden tests run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradekit.judging import transcript as module
from gradekit.judging.inprocess import InProcess
from gradekit.judging.line import LearnerError, Student
from gradekit.judging.transcript import RecordingLine, Transcript

SOURCE = """
class Net:
    def __init__(self): self.weights = {"W": np.ones(2)}
    def double(self, x): return 2 * x
def nets(): return [Net(), Net()]
def fails(x): raise KeyError("W")
def writes(x):
    x[:] = 0
    return x
"""


@pytest.fixture
def kept() -> Transcript:
    """A transcript in which a test has begun."""
    return Transcript()


@pytest.fixture
def student(kept: Transcript) -> Student:
    """A learner whose answers are kept under the test 'one'."""
    names: dict[str, Any] = {"np": np}
    exec(SOURCE, names)
    return Student(RecordingLine(InProcess(names), kept.of("one")))


def test_calls_attributes_and_errors_are_kept(student: Student, kept: Transcript) -> None:
    """Every answer is kept in order: of functions, of objects' methods and attributes, and what was raised."""
    net = student.Net()
    np.testing.assert_array_equal(net.double(np.ones(2)), [2, 2])
    np.testing.assert_array_equal(net.weights["W"], [1, 1])
    with pytest.raises(LearnerError, match="KeyError"):
        student.fails(1)
    events = kept.events["one"]
    assert [event.target for event in events] == [("Net",), (0, "double"), (1,), (0, "weights"), ("fails",)]
    assert isinstance(events[-1].answer, LearnerError)


def test_objects_in_containers_are_heard_too(student: Student, kept: Transcript) -> None:
    """A handle that came in a list talks over the recorder as well."""
    first, _ = student.nets()
    before = len(kept.events["one"])
    first.double(3)
    assert len(kept.events["one"]) > before


def test_what_a_test_does_to_an_answer_is_not_kept(student: Student, kept: Transcript) -> None:
    """The answer is kept as it came."""
    answer = student.Net().double(np.ones(2))
    answer[:] = 7
    assert kept.events["one"][-1].answer.tolist() == [2, 2]


def test_changed_arguments_are_kept(student: Student, kept: Transcript) -> None:
    """Where a test looks whether an argument was changed, what it saw is kept."""
    from gradekit.judging.line import changed_by

    assert changed_by(student.writes, (np.ones(2),)) == "argument 1"
    assert kept.events["one"][-1].changed == "argument 1"


@pytest.mark.parametrize("answer", [np.ones(99), "x" * 999, [1.0] * 99, {"a": {"b": np.ones(99)}}, {"k" * 999: 1}])
def test_answers_are_kept_within_bounds(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    """A learner who answers gigabytes fills nothing of ours: the transcript is given up."""
    monkeypatch.setattr(module, "ROOM_BYTES", 3 * 99 * 8)
    kept = Transcript(room=module.ROOM_BYTES)
    student = Student(RecordingLine(InProcess({"f": lambda: answer}), kept.of("one")))
    for _ in range(9):
        student.f()
    assert not kept.whole
    assert not kept.events["one"]


def test_a_library_is_heard_too(student: Student, kept: Transcript) -> None:
    """What a test makes over there, and what comes of it, is kept as well."""
    generator = student.library("numpy.random", "default_rng")(7)
    drawn = generator.random()
    assert [event.target for event in kept.events["one"]] == [
        ("numpy.random",),
        (0, "default_rng"),
        (1, "random"),
        (2,),
    ]
    assert kept.events["one"][-1].answer == drawn == np.random.default_rng(7).random()
