"""The learner's side as a hidden test sees it, over the in-process line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gradekit.judging.inprocess import InProcess
from gradekit.judging.line import Handle, LearnerError, Opaque, Student, changed_by, describe

if TYPE_CHECKING:
    from collections.abc import Callable


class Hostile(np.ndarray):
    """An array that claims to equal everything."""

    def __eq__(self, other: object) -> Any:
        """Lie."""
        return np.ones(self.shape, bool)

    __hash__ = None  # type: ignore[assignment]


class Net:
    """An object that stays on the learner's side."""

    def __init__(self, size: int) -> None:
        self.parameters = {"W": np.ones((size, size))}
        self._secret = 1

    def apply(self, x: Any) -> Any:
        """Multiply."""
        return x @ self.parameters["W"]

    def itself(self, other: Any) -> bool:
        """Tell whether the same object came back."""
        return other is self


def student(**names: Any) -> Student:
    """Return a student whose notebook defines these names."""
    return Student(InProcess({**names}))


def test_missing_name_is_the_learners_error() -> None:
    """A function that the notebook does not define is a NameError of the learner's, not ours."""
    with pytest.raises(LearnerError, match="softmax is not defined"):
        student().softmax(1)


def test_missing_attribute_and_exit_are_the_learners_errors() -> None:
    """An attribute that is missing, and sys.exit, end a call and nothing else."""
    net = student(Net=Net).Net(2)
    with pytest.raises(LearnerError, match="AttributeError"):
        _ = net.caches

    def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(LearnerError, match="SystemExit"):
        student(leave=leave).leave()


def test_interrupt_is_not_swallowed() -> None:
    """KeyboardInterrupt is how a grader stops a cell, so it passes."""

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        student(stop=stop).stop()


def test_arguments_are_copies() -> None:
    """What the learner does to its arguments does not reach the test's own."""
    x = np.ones(3)

    def spoil(a: Any, b: Any) -> None:
        a *= 0
        b["k"] *= 0

    inner = {"k": np.ones(2)}
    student(spoil=spoil).spoil(x, inner)
    assert x.all()
    assert inner["k"].all()


def test_changed_argument_is_named() -> None:
    """The first argument changed in place is named; none is where none was."""

    def spoil(_: Any, b: Any) -> None:
        b["k"][0] = 9

    assert "argument 2" in str(changed_by(student(spoil=spoil).spoil, (np.ones(2), {"k": np.ones(2)})))
    assert changed_by(student(sum=lambda x: x + x).sum, (np.ones(2),)) is None


@pytest.mark.parametrize(
    ("answer", "plain"),
    [
        (np.float64(1.5), 1.5),
        (np.bool_(1), True),
        (np.str_("a"), "a"),
        ((1, [2.0, "a"], {"k": None}), (1, [2.0, "a"], {"k": None})),
    ],
)
def test_plain_answers(answer: Any, plain: Any) -> None:
    """Numbers, strings and containers come out as plain Python values."""
    found = student(f=lambda: answer).f()
    assert found == plain
    assert type(found) is type(plain)


def test_arrays_come_out_as_base_arrays() -> None:
    """An array subclass loses its tricks on the way out, and what comes out is a copy."""
    hostile = np.zeros(3).view(Hostile)
    found = student(f=lambda: hostile).f()
    assert type(found) is np.ndarray
    assert not (found == 1).any()
    assert not np.shares_memory(found, hostile)


def test_what_is_not_plain_is_named() -> None:
    """Arrays of objects and containers without end come out as a description."""
    endless: list[Any] = []
    endless.append(endless)
    found = student(f=lambda: np.array([object()])).f()
    assert isinstance(found, Opaque)
    assert describe(found) == "an array of objects"
    deepest = student(f=lambda: endless).f()
    while isinstance(deepest, list):
        deepest = deepest[0]
    assert isinstance(deepest, Opaque)


def test_objects_stay_and_are_talked_to() -> None:
    """An object is a handle: its attributes are read, its methods called, and it can be passed back."""
    net = student(Net=Net).Net(2)
    assert isinstance(net, Handle)
    assert describe(net) == "a Net"
    assert net.parameters["W"].shape == (2, 2)
    assert net.apply(np.ones((1, 2))).tolist() == [[2.0, 2.0]]
    assert net.itself(net) is True
    with pytest.raises(AttributeError):
        _ = net._secret


def test_numpy_does_not_take_a_handle_for_an_array() -> None:
    """Probing a handle for array protocols finds nothing."""
    net = student(Net=Net).Net(2)
    assert np.asarray(net, dtype=object).shape == ()


def test_own_line_is_the_learners(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an exception inside a library, the learner's own line is shown."""
    import linecache

    source = "def f(x):\n    return x @ x.T.T\n"
    monkeypatch.setitem(linecache.cache, "<cell>", (len(source), None, source.splitlines(keepends=True), "<cell>"))
    namespace: dict[str, Any] = {}
    exec(compile(source, "<cell>", "exec"), namespace)
    with pytest.raises(LearnerError) as caught:
        Student(InProcess(namespace)).f(np.ones((2, 3)))
    assert caught.value.kind == "ValueError"
    assert str(caught.value).endswith("at your line `return x @ x.T.T`")


def test_seed_reaches_the_learners_generator() -> None:
    """Seeding makes the learner's draws repeat."""
    mine = student(f=lambda: np.random.rand(3))
    mine.seed(4)
    first = mine.f()
    mine.seed(4)
    assert (mine.f() == first).all()


def test_library_makes_what_does_not_travel() -> None:
    """A generator is made over there, stays there, and is passed as an argument by its handle."""
    mine = student(f=lambda rng: rng.random(3))
    generator = mine.library("numpy.random", "default_rng")(7)
    assert describe(generator) == "a Generator"
    right = np.random.default_rng(7)
    assert (mine.f(generator) == right.random(3)).all()
    assert generator.random() == right.random(), "it is one generator, and its state goes on"


def test_library_reads_what_does_not_travel() -> None:
    """What a generator function yields can be read as a list, and no further than is asked for."""

    def numbers() -> Any:
        number = 0
        while True:
            yield number
            number += 1

    mine = student(numbers=numbers)
    first = mine.library("itertools", "islice")(mine.numbers(), 4)
    assert mine.library("builtins", "list")(first) == [0, 1, 2, 3]


def test_library_that_is_missing_is_the_learners_error() -> None:
    """Neither a module nor a function that is not there is our fault."""
    with pytest.raises(LearnerError, match="ModuleNotFoundError"):
        student().library("no_such_module", "f")
    with pytest.raises(LearnerError, match="AttributeError"):
        student().library("math", "no_such_function")(1)


def test_what_is_no_module_is_the_learners_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that gives a plain value for a module is refused."""
    monkeypatch.setattr(InProcess, "library", lambda *_: 3.0)
    with pytest.raises(LearnerError, match="no module"):
        student().library("math", "sqrt")


def test_object_passed_back_is_no_changed_argument() -> None:
    """Of the arguments that are watched, objects of the learner's are left out: they are not ours to compare."""
    mine = student(f=lambda rng, x: x * rng.random())
    generator = mine.library("numpy.random", "default_rng")(7)
    assert changed_by(mine.f, (generator, np.ones(2))) is None


class Memory:
    """A learner's own class, to keep arrays in."""

    def __init__(self, kept: Any) -> None:
        self.kept = kept


@pytest.mark.parametrize("inside", [Memory, lambda kept: np.array([kept, None], dtype=object), lambda _: 2**70])
def test_what_stays_can_be_handed_back_inside_a_container(inside: Callable[[Any], Any]) -> None:
    """A cache that holds an object of the learner's, or an array of them, comes back as it was, and unchanged."""
    held = inside(np.ones(2))
    asked = student(forward=lambda: {"all": [held, np.ones(2)]}, backward=lambda cache: cache["all"][0] is held)
    cache = asked.forward()
    assert asked.backward(cache)
    assert changed_by(asked.backward, (cache,)) is None
    spoilt = student(forward=lambda: {"all": [held, np.ones(2)]}, backward=lambda cache: cache["all"][1].fill(0.0))
    assert changed_by(spoilt.backward, (spoilt.forward(),)) == "argument 1['all'][1]"


@pytest.mark.parametrize(
    ("value", "words"), [(Memory, "a class"), (Memory(1), "a Memory"), (..., "an ellipsis"), ({1}, "a set")]
)
def test_objects_are_named_in_words(value: Any, words: str) -> None:
    """What is no number is called by its type, with the right article."""
    assert describe(student(f=lambda: value).f()) == words
