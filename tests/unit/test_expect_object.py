"""`expect.object`: an object of the learner's, with the methods that the test will call."""

from __future__ import annotations

import pytest

from gradekit.judging.declare import Expect, Rejected
from gradekit.judging.inprocess import InProcess
from gradekit.judging.line import Student


class Net:
    """What a learner has written."""

    size = 3

    def forward(self, x: float) -> float:
        """Return twice the argument."""
        return 2 * x


def made_by(answer: object) -> tuple[Student, Expect]:
    """Return a learner whose `make()` gives that answer, and what may be demanded."""
    return Student(InProcess({"make": lambda: answer})), Expect()


def test_an_object_comes_back_to_be_used() -> None:
    """The handle itself is returned; to have it proves nothing yet."""
    student, expect = made_by(Net())
    net = expect.object(student.make(), ["forward"], name="make()")
    assert net.forward(2.0) == 4.0
    assert expect.judged == 0


@pytest.mark.parametrize(
    ("answer", "said", "kind"),
    [
        (None, "make() is None", "type"),
        (3.0, "make() is of type float, and an object with methods is wanted", "type"),
        ({"forward": 1}, "make() is of type dict", "type"),
        (Net(), "make() has no method backward, size.", "missing"),
    ],
)
def test_what_is_no_such_object(answer: object, said: str, kind: str) -> None:
    """Another thing, a missing method and an attribute that is none are said in a sentence."""
    student, expect = made_by(answer)
    with pytest.raises(Rejected) as found:
        expect.object(student.make(), ["forward", "backward", "size"], name="make()")
    assert said in str(found.value)
    assert found.value.kind == kind
