"""The contract between hidden tests and a learner's code: names, objects and calls that give plain values.

A test talks to a :class:`Student`; the student talks over a :class:`Line`, which a session in a sandbox gives, or the
learner's own process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from gradekit import checks
from gradekit.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


TEXT_LIMIT = 300  # characters of an exception's text that a learner gets to read
NAME_LIMIT = 80  # characters of a name of the learner's in a message
DEPTH_LIMIT = 20  # of containers in containers; an answer is at most a dict of lists of arrays

Target = tuple[str | int, ...]  # a global's name or an object's number, then attribute names


class LearnerError(Exception):
    """The learner's code raised; a value for the report, never our fault.

    Parameters
    ----------
    kind : str
        The exception's type name.
    text : str
        Its text, cut to 300 characters.
    line : str
        The learner's own line where it happened, stripped; empty where it is not known.
    verdict : Verdict
        RTE, or the limit that was exceeded.

    Attributes
    ----------
    where : str
        For which sizes it happened, and for which it did not; empty where the hidden test names none.
    """

    def __init__(self, kind: str, text: str, line: str = "", *, verdict: Verdict = Verdict.RTE) -> None:
        super().__init__(kind, text, line)
        self.kind, self.text, self.line = kind, text, line
        self.verdict = Verdict.MLE if kind == "MemoryError" else verdict
        self.where = ""

    def __str__(self) -> str:
        said = f"{self.kind}: {self.text}" if self.text else self.kind
        said = f"{said}, at your line `{self.line}`" if self.line else said
        return f"{said} ({self.where})" if self.where else said


@dataclass(frozen=True)
class Opaque:
    """An answer that is no plain value and no object to talk to: an array of objects, a container without end.

    Attributes
    ----------
    number : int
        By which the learner's side knows it, so that it can be handed back; 0 where it was not kept.
    """

    description: str
    number: int = field(default=0, compare=False)


class Line(Protocol):
    """How calls reach the learner's code and plain values come back."""

    def call(
        self, target: Target, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, watch: bool = False
    ) -> tuple[Any, str | None]:
        """Call the target; return its answer and, with `watch`, the path of the first argument changed in place."""

    def get(self, target: Target) -> Any:
        """Return the target's value, plain or as a handle."""

    def seed(self, seed: int) -> None:
        """Seed numpy's global generator on the learner's side."""

    def library(self, module: str) -> Any:
        """Return a library's module on the learner's side, as a handle."""


class Handle:
    """An object that stays on the learner's side; its attributes are read and its methods called over the line."""

    def __init__(self, line: Line, target: Target, description: str) -> None:
        self._line = line
        self._target = target
        self._description = description

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # numpy and copy probe for such names; the learner's private ones are no answer
            raise AttributeError(name)
        return self._line.get((*self._target, name))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the object over there."""
        return self._line.call(self._target, args, kwargs)[0]

    def __repr__(self) -> str:
        return f"<{self._description}>"


class Student:
    """The learner's notebook: ``student.softmax(x)`` calls the learner's softmax."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def __getattr__(self, name: str) -> Handle:
        if name.startswith("_"):
            raise AttributeError(name)
        return Handle(self._line, (name,), name)

    def seed(self, seed: int) -> None:
        """Seed numpy's global generator over there."""
        self._line.seed(seed)

    def library(self, module: str, name: str) -> Handle:
        """Return a library's function over there, to make and to read what does not travel.

        ``library("numpy.random", "default_rng")(1)`` makes a generator to pass as an argument;
        ``library("builtins", "list")(answer)`` reads what an iterator gives.
        """
        found = self._line.library(module)
        if not isinstance(found, Handle):  # the learner's process may say anything
            raise LearnerError("ImportError", f"{module} is no module in your notebook")
        return Handle(self._line, (*found._target, name), f"{module}.{name}")  # noqa: SLF001  (same module)


def changed_by(function: Handle, args: tuple[Any, ...]) -> str | None:
    """Call a learner's function and return the path of the first argument that it changed in place, or None."""
    return function._line.call(function._target, args, {}, watch=True)[1]  # noqa: SLF001  (same module)


def first_changed(given: Sequence[Any], after: Sequence[Any]) -> str | None:
    """Return the path of the first argument that is not what it was before a call; objects are left alone."""
    for number, (before, now) in enumerate(zip(given, after, strict=True), start=1):
        same = isinstance(before, Handle)
        path = None if same else checks.changed(_named(before), _named(now), path=f"argument {number}")
        if path:
            return path
    return None


def _named(value: Any) -> Any:
    """Return a value with what stayed on the learner's side by its name: it has another number each time it comes."""
    if isinstance(value, dict):
        return {key: _named(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_named(inner) for inner in value]
    return value if describe(value) is None else describe(value)


def over(line: Line, handle: Handle) -> Handle:
    """Return a handle to the same object over another line."""
    return Handle(line, handle._target, handle._description)  # noqa: SLF001  (same module)


def describe(answer: object) -> str | None:
    """Name an answer that is no plain value, as ``a RecurrentNeuralNetwork``; None where it is plain."""
    if isinstance(answer, Handle):
        return answer._description  # noqa: SLF001  (same module)
    return answer.description if isinstance(answer, Opaque) else None


def seen(answer: Any) -> Any:
    """Return an answer in which what stayed on the learner's side is of a type with a name for people.

    What compares answers names the type of what it did not expect, and the types here are our own.
    """
    if isinstance(answer, dict):
        return {key: seen(inner) for key, inner in answer.items()}
    if isinstance(answer, list | tuple):
        return type(answer)(seen(inner) for inner in answer)
    described = describe(answer)
    if described is None:
        return answer
    return type(described.encode("utf-8", "replace").decode().replace("\0", ""), (), {})()  # what a type may be called
