"""The contract between hidden tests and a learner's code: names, objects and calls that give plain values.

A test talks to a :class:`Student`; the student talks over a :class:`Line`, which a session in a sandbox gives, or the
learner's own process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

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
    """An object that stays on the learner's side; its attributes are read and its methods called over the line.

    Parameters
    ----------
    description : str
        What it is called in words.
    kind : str
        Its type's name, where it came as an answer.
    """

    def __init__(self, line: Line, target: Target, description: str, kind: str = "") -> None:
        self._line = line
        self._target = target
        self._description = description
        self._kind = kind

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

    def __getitem__(self, name: str) -> Any:
        """Read a variable: ``student["answer"]`` is its value, where it is plain."""
        return self._line.get((name,))

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


class Heard:
    """A line that passes everything on to another, and remembers which functions have answered None.

    Attributes
    ----------
    none : str
        The function that has answered None last of all that were called; empty where the last answer was another.
    nones : set of str
        All that have answered None.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self.none = ""
        self.nones: set[str] = set()

    def call(
        self, target: Target, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, watch: bool = False
    ) -> tuple[Any, str | None]:
        """Call; see :class:`Line`."""
        answer, changed = self._line.call(target, args, kwargs, watch=watch)
        self.none = str(target[-1]) if answer is None and isinstance(target[-1], str) else ""
        self.nones |= {self.none} - {""}
        return answer, changed

    def get(self, target: Target) -> Any:
        """Return the target's value; see :class:`Line`."""
        return self._line.get(target)

    def seed(self, seed: int) -> None:
        """Seed numpy's global generator; see :class:`Line`."""
        self._line.seed(seed)

    def library(self, module: str) -> Any:
        """Return a library's module; see :class:`Line`."""
        return self._line.library(module)


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
    return Handle(line, handle._target, handle._description, handle._kind)  # noqa: SLF001  (same module)


def handle_of(line: Line, number: int, kind: str) -> Handle:
    """Return a handle to an object of that number over there, by its type's name."""
    kind = kind[:NAME_LIMIT]
    return Handle(line, (number,), f"{'an' if kind[:1] in 'AEIOUaeiou' else 'a'} {kind}", kind)


def describe(answer: object) -> str | None:
    """Name an answer that is no plain value, as ``a RecurrentNeuralNetwork``; None where it is plain."""
    if isinstance(answer, Handle):
        return answer._description  # noqa: SLF001  (same module)
    return answer.description if isinstance(answer, Opaque) else None


def received(answer: Any, depth: int = 0) -> Any:
    """Return an answer with tables and plots in it as plain data, and a name of the learner's with its value.

    What is read of a table comes over the line as any answer does: bounded, plain, and not believed.
    """
    if isinstance(answer, Handle):
        named = len(answer._target) == 1 and isinstance(answer._target[0], str)  # noqa: SLF001  (same module)
        return received(answer._line.get(answer._target), depth + 1) if named and not depth else _data(answer)  # noqa: SLF001
    if isinstance(answer, dict) and depth < DEPTH_LIMIT:
        return {key: received(inner, depth + 1) for key, inner in answer.items()}
    if isinstance(answer, list | tuple) and depth < DEPTH_LIMIT:
        return type(answer)(received(inner, depth + 1) for inner in answer)
    return answer


def listed(answer: Any) -> list[Any] | None:
    """Return the parts of an answer that can be taken apart, and None of any other; an iterator is read over there."""
    if isinstance(answer, list | tuple | dict | str):
        return list(answer)
    if isinstance(answer, np.ndarray):
        return list(answer) if answer.ndim else None
    if not isinstance(answer, Handle):
        return None
    try:
        found = Student(answer._line).library("builtins", "list")(answer)  # noqa: SLF001  (same module)
    except LearnerError as error:
        if error.verdict is not Verdict.RTE:
            raise
        return None
    return found if isinstance(found, list) else None


def _data(handle: Handle) -> Any:
    """Return what a table or a plot holds, and any other object as it is."""
    kind = handle._kind  # noqa: SLF001  (same module)
    if kind not in checks.TABLES + checks.PLOTS:
        return handle
    read = checks.table_data if kind in checks.TABLES else checks.plot_data
    try:
        listed = Student(handle._line).library("builtins", "list")  # noqa: SLF001  (same module)
        return read(handle, kind, listed)
    except (TypeError, ValueError, AttributeError):  # a class of the learner's own that only has the name
        return handle
    except LearnerError as error:
        if error.verdict is not Verdict.RTE:
            raise
        return handle


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
