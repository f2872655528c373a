"""How hidden tests are declared: exercises, tests, what they may demand.

A hidden test is a plain function ``(student, reference, expect)`` in ``tests/hidden/<assignment>/tests.py``; its
docstring's sentence is what the learner reads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit import checks
from gradekit.errors import BadReference, HiddenTestError
from gradekit.judging.line import Handle, LearnerError, Student, changed_by, describe, listed, received, seen
from gradekit.judging.picture import KINDS, draw
from gradekit.judging.reference import Reference
from gradekit.model import IN_PLACE, PROPERTY, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gradekit.judging.reference import Case
    from gradekit.model import Picture


class Rejected(Exception):
    """An expectation of a hidden test was not met; the text and the picture are for the learner.

    Parameters
    ----------
    kind : str
        What kind of fault it is, as :class:`gradekit.model.TestResult` keeps it.
    """

    def __init__(self, message: str, *, kind: str, picture: Picture | None = None) -> None:
        super().__init__(message)
        self.kind, self.picture = kind, picture


class Expect:
    """What a hidden test may demand. The first demand that is not met ends the test as a wrong answer."""

    def __init__(self) -> None:
        self.judged = 0  # demands that were met; a test that demanded nothing proves nothing
        self._right: list[str] = []  # the sizes of the cases that went through

    @contextmanager
    def case(self, **sizes: int) -> Iterator[None]:
        """Name the sizes of the case that a with block tests: where it fails, the learner reads them.

        So are those of the last case before it that was right: ``with expect.case(N=1, T=4): …``
        """
        named = ", ".join(f"{name} = {size}" for name, size in sizes.items())
        where = f"for {named}" + (f"; right for {self._right[-1]}" if self._right else "")
        try:
            yield
        except Rejected as rejected:
            raise Rejected(f"{rejected} ({where})", kind=rejected.kind, picture=rejected.picture) from None
        except LearnerError as error:
            error.where = where
            raise
        self._right.append(named)

    def close(  # noqa: PLR0913  (the words of gradekit.checks.compare)
        self,
        answer: Any,
        reference: Any,
        *,
        name: str,
        rtol: float = 1e-6,
        atol: float = 1e-9,
        sizes: Mapping[str, int] | None = None,
        picture: str = "error",
        broadcast: bool = False,
    ) -> None:
        """Demand that an answer equals the reference up to rounding; see :func:`gradekit.checks.compare`.

        A wrong array is drawn: as a heat map of its ``error``, or as a ``scatter`` of wrong against right. A DataFrame
        or Series is compared by columns, index and values; a figure or axes by lines, labels, bars and points.

        Parameters
        ----------
        broadcast : bool
            Accept what ``numpy.allclose`` accepts: a list for an array, shapes that broadcast. As an old assert did.
        """
        if picture not in KINDS:
            raise HiddenTestError(f"{name}: there is no picture '{picture}', only {' and '.join(KINDS)}.")
        answer = received(answer)
        if broadcast and _allclose(answer, reference, rtol=rtol, atol=atol):
            self.judged += 1
            return
        described = describe(answer)
        if described is not None:
            raise Rejected(_another(name, described, reference), kind="type")
        try:
            finding = checks.compare(seen(answer), reference, name=name, rtol=rtol, atol=atol, sizes=sizes)
        except ValueError as error:
            raise BadReference(f"The reference of {name} cannot be compared with: {error}") from error
        if finding is not None:
            drawn = draw(answer, reference, name=name, kind=picture, rtol=rtol, atol=atol)
            raise Rejected(finding.message, kind=finding.label, picture=drawn)
        self.judged += 1

    def equal(self, answer: Any, wanted: Any, *, name: str) -> None:
        """Demand that an answer is equal to a value, as Python's ``==`` says it: no rounding, a list is no tuple."""
        answer = received(answer)
        if not _equal(answer, wanted):
            described = describe(answer)
            if described is not None:
                raise Rejected(_another(name, described, wanted), kind="type")
            try:
                finding = checks.compare(seen(answer), wanted, name=name, rtol=1e-12, atol=0.0)
            except ValueError:  # a reference with a NaN or an object in it
                finding = None
            said = finding.message if finding else f"{name} {_unequal(answer, wanted)}."
            raise Rejected(said, kind=finding.label if finding else "values")
        self.judged += 1

    def parts(self, answer: Any, count: int, *, name: str) -> tuple[Any, ...]:
        """Demand so many parts and return them: ``low, high = expect.parts(student.spread(x), 2, name="spread(x)")``.

        What gives None, one number or too many is rejected with a sentence; alone it proves nothing.
        """
        found = listed(received(answer))
        if found is None:
            if answer is None:
                raise Rejected(f"{name} is None: does the function end in a return?", kind="none")
            what = describe(answer) or f"of type {type(answer).__name__}"
            raise Rejected(f"{name} is {what}, and {count} values are wanted.", kind="type")
        if len(found) != count:
            raise Rejected(f"{name} gives {len(found)} values, and {count} are wanted.", kind="length")
        return tuple(found)

    def object(self, answer: Any, methods: Iterable[str], *, name: str) -> Any:
        """Demand an object of the learner's with these methods, and return it; alone it proves nothing.

        ``net = expect.object(student.Network(3), ["forward"], name="Network(3)")``, then ``net.forward(x)``.
        """
        if not isinstance(answer, Handle):
            what = "None" if answer is None else describe(answer) or f"of type {type(answer).__name__}"
            raise Rejected(f"{name} is {what}, and an object with methods is wanted.", kind="type")
        missing = [method for method in methods if not _has_method(answer, method)]
        if missing:
            raise Rejected(f"{name} has no method {', '.join(missing)}.", kind="missing")
        return answer

    def true(self, condition: Any, message: str, *, kind: str = PROPERTY) -> None:
        """Demand a property; `message` tells the learner what does not hold, without a value.

        Parameters
        ----------
        kind : str
            What kind of fault it is where it does not hold. The advice on a page follows it, as that of ``shape``; so
            does the name of a mistake whose numbers no seed repeats.
        """
        if not condition:
            raise Rejected(message, kind=kind)
        self.judged += 1

    def keys(self, answer: Any, names: Iterable[str], *, name: str) -> None:
        """Demand a dictionary with at least these keys."""
        if not isinstance(answer, dict):
            described = describe(answer) or f"a {type(answer).__name__}"
            raise Rejected(f"{name} is {described}, not a dictionary.", kind="type")
        missing = [key for key in names if key not in answer]
        if missing:
            raise Rejected(f"{name} has no key {', '.join(map(repr, missing))}.", kind="missing")
        self.judged += 1

    def unchanged(self, function: Handle, *args: Any) -> None:
        """Demand that a call leaves its arguments alone."""
        changed = changed_by(function, args)
        if changed:
            said = f"{describe(function)} changed {changed} in place. The caller still needs it."
            raise Rejected(said, kind=IN_PLACE)
        self.judged += 1

    def raises(self, error: str, function: Handle, *args: Any, or_: Iterable[str] = ()) -> None:
        """Demand that a call ends in an error of that name, raised by the learner's code.

        Parameters
        ----------
        error : str
            Such as ``"ValueError"``.
        or_ : iterable of str
            Names that are as good: those of its subclasses, since only a name comes over the line.
        """
        try:
            function(*args)
        except LearnerError as found:
            if found.verdict is not Verdict.RTE:  # a limit that was exceeded says nothing of the arguments
                raise
            if found.kind not in (error, *or_):
                said = f"{describe(function)} ends in {found.kind}, but {error} is wanted for such arguments."
                raise Rejected(said, kind="error") from None
            self.judged += 1
            return
        raise Rejected(f"{describe(function)} returns, but {error} is wanted for such arguments.", kind="error")


def _has_method(answer: Handle, name: str) -> bool:
    try:
        return isinstance(getattr(answer, name), Handle)
    except LearnerError:
        return False


def _another(name: str, described: str, reference: object) -> str:
    """Say that an answer is an object, and what is wanted."""
    kind = type(reference).__name__
    if described == f"a {kind}":
        return f"{name} is only called a {kind}: it cannot be read as one."
    plain = "text" if isinstance(reference, str) else "numbers"
    return f"{name} is {described}, not {f'a {kind}' if kind in checks.TABLES + checks.PLOTS else plain}."


def _equal(answer: Any, wanted: Any) -> bool:
    """Tell whether ``==`` holds, and holds as one truth."""
    try:
        return bool(answer == wanted)
    except Exception:  # noqa: BLE001  (an array has no single truth; an assert would have failed)
        return False


def _unequal(answer: object, wanted: object) -> str:
    """Say what differs where the values do not."""
    mine, right = type(answer).__name__, type(wanted).__name__
    return f"is of type {mine}, and {right} is wanted" if mine != right else "holds more than is wanted, or differs"


def _allclose(answer: Any, reference: Any, *, rtol: float, atol: float) -> bool:
    """Tell whether numpy says that all is near enough; what would broadcast to more than there is does not count."""
    try:
        mine, right = np.asarray(answer), np.asarray(reference)
        size = math.prod(np.broadcast_shapes(mine.shape, right.shape))
        if size > max(mine.size, right.size):
            return False
        with np.errstate(all="ignore"):
            return bool(np.allclose(mine, right, rtol=rtol, atol=atol))
    except (TypeError, ValueError):  # not numbers, or uneven, or of shapes that do not go together
        return False


@dataclass(frozen=True)
class HiddenTest:
    """One hidden test, as ``tests.py`` declares it."""

    name: str
    sentence: str
    function: Callable[[Student, Reference, Expect], None]
    weight: int = 1
    kills: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()


# (student, reference, expect) -> a cost of parameters, the parameters, and the learner's gradient of each
GradientTest = Callable[
    [Student, Reference, Expect], tuple[Callable[[dict[str, Any]], Any], dict[str, Any], Mapping[str, Any]]
]


@dataclass(frozen=True)
class TestedExercise:
    """The hidden tests and the frozen cases of one exercise, in the order of their declaration.

    Attributes
    ----------
    gradients : list of callable
        How to find out whether the learner's answer is the gradient of a cost of the learner's own.
    """

    name: str
    tests: list[HiddenTest] = field(default_factory=list)
    frozen_cases: dict[str, Callable[[np.random.Generator, Reference], list[Case]]] = field(default_factory=dict)
    gradients: list[GradientTest] = field(default_factory=list)

    def test(
        self, *, weight: int = 1, kills: Sequence[str] = (), requires: str | Sequence[str] = ()
    ) -> Callable[[Callable[[Student, Reference, Expect], None]], HiddenTest]:
        """Declare a hidden test.

        Parameters
        ----------
        weight : int
            Its share of the exercise's points, relative to the other tests.
        kills : sequence of str
            Labels of the misconceptions that it must reject.
        requires : str or sequence of str
            Tests before it that must have been accepted for it to count: a property alone proves little.
        """

        def declare(function: Callable[[Student, Reference, Expect], None]) -> HiddenTest:
            needed = (requires,) if isinstance(requires, str) else tuple(requires)
            sentence = " ".join((function.__doc__ or "").split())
            made = HiddenTest(function.__name__, sentence, function, weight, tuple(kills), needed)
            known = {test.name for test in self.tests}
            if not sentence or weight < 1 or made.name in known or not set(needed) <= known:
                raise HiddenTestError(
                    f"Hidden test {self.name}.{made.name} needs a docstring, a weight of at least 1, a name of its own "
                    "and, in requires=, tests that stand before it."
                )
            self.tests.append(made)
            return made

        return declare

    def frozen(
        self, function: Callable[[np.random.Generator, Reference], list[Case]]
    ) -> Callable[[np.random.Generator, Reference], list[Case]]:
        """Declare cases ``(rng, reference) -> list of dict`` that `gradekit freeze` writes into reference.npz."""
        self.frozen_cases[function.__name__] = function
        return function

    def gradient(self, function: GradientTest) -> GradientTest:
        """Declare ``(student, reference, expect) -> cost, parameters, gradients``; it costs no points.

        `cost` takes parameters and calls the learner's own functions; `gradients` are what the learner gives for them,
        by the parameters' names. Where an exercise loses points, both are compared.
        """
        self.gradients.append(function)
        return function


def exercise(name: str) -> TestedExercise:
    """Begin the hidden tests of the exercise with that name."""
    return TestedExercise(name)
