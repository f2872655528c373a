"""The learner's side as a hidden test sees it: names, objects and calls that give plain values or raise LearnerError.

A test talks to a :class:`Student`; the student talks over a :class:`Line`. :class:`InProcess` is the line of plain
``nbgrader autograde`` and ``otter run``: the learner's objects live in the same process as the test. It is convenient,
and it is **not secure**: code that looks for the reference can find it.
"""

from __future__ import annotations

import importlib
import linecache
import os
import warnings
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gradekit import checks
from gradekit.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TEXT_LIMIT = 300  # characters of an exception's text that a learner gets to read
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
    """

    def __init__(self, kind: str, text: str, line: str = "", *, verdict: Verdict = Verdict.RTE) -> None:
        super().__init__(kind, text, line)
        self.kind, self.text, self.line = kind, text, line
        self.verdict = Verdict.MLE if kind == "MemoryError" else verdict

    def __str__(self) -> str:
        said = f"{self.kind}: {self.text}" if self.text else self.kind
        return f"{said}, at your line `{self.line}`" if self.line else said


@dataclass(frozen=True)
class Opaque:
    """An answer that is no plain value and no object to talk to: an array of objects, a container without end."""

    description: str


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


def over(line: Line, handle: Handle) -> Handle:
    """Return a handle to the same object over another line."""
    return Handle(line, handle._target, handle._description)  # noqa: SLF001  (same module)


def describe(answer: object) -> str | None:
    """Name an answer that is no plain value, as ``a RecurrentNeuralNetwork``; None where it is plain."""
    if isinstance(answer, Handle):
        return answer._description  # noqa: SLF001  (same module)
    return answer.description if isinstance(answer, Opaque) else None


class InProcess:
    """The line inside one process: the notebook's own globals. Convenient, not secure.

    Parameters
    ----------
    namespace : dict
        The notebook's ``globals()``.
    """

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._objects: list[Any] = []

    def call(
        self, target: Target, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, watch: bool = False
    ) -> tuple[Any, str | None]:
        """Call on copies of the arguments, quietly; see :class:`Line`."""
        own_args = tuple(self._inward(arg) for arg in args)
        own_kwargs = {key: self._inward(arg) for key, arg in kwargs.items()}
        with self._learner():
            answer = self._resolve(target)(*own_args, **own_kwargs)
        pairs = enumerate(zip(args, own_args, strict=True), start=1) if watch else ()
        plain = ((number, given, now) for number, (given, now) in pairs if not isinstance(given, Handle))
        changed = (checks.changed(given, now, path=f"argument {number}") for number, given, now in plain)
        return self._outward(answer), next((path for path in changed if path), None)

    def get(self, target: Target) -> Any:
        """Read an attribute; see :class:`Line`."""
        with self._learner():
            value = self._resolve(target)
        return self._outward(value)

    def seed(self, seed: int) -> None:
        """Seed the process's global generator; see :class:`Line`."""
        np.random.seed(seed)  # noqa: NPY002  (the exercises draw from the global generator)

    def library(self, module: str) -> Any:
        """Import a module; see :class:`Line`."""
        with self._learner():
            found = importlib.import_module(module)
        return self._outward(found)

    def _resolve(self, target: Target) -> Any:
        root, *path = target
        if isinstance(root, int):
            value = self._objects[root]
        elif root in self._namespace:
            value = self._namespace[root]
        else:
            raise LearnerError("NameError", f"{root} is not defined in your notebook")
        for name in path:
            value = getattr(value, str(name))
        return value

    def _inward(self, value: Any) -> Any:
        if isinstance(value, Handle):
            return self._resolve(value._target)  # noqa: SLF001  (same module)
        return checks.snapshot(value)

    def _outward(self, value: Any, depth: int = 0) -> Any:
        """Return a plain copy of a value; what is not plain stays here and a handle goes out."""
        if value is None or type(value) in (bool, int, float, complex, str):
            return value
        if isinstance(value, np.generic) and value.dtype.kind in "biufcU":
            return value.item()
        if isinstance(value, np.ndarray):
            if value.dtype.kind in "biufc":
                return np.array(value, subok=False)
            return Opaque(f"an array of {value.dtype.name} values")
        if isinstance(value, dict | list | tuple):
            return self._outward_container(value, depth)
        self._objects.append(value)
        kind = type(value).__name__
        return Handle(self, (len(self._objects) - 1,), f"a {kind}")

    def _outward_container(self, value: Any, depth: int) -> Any:
        if depth >= DEPTH_LIMIT:
            return Opaque("a container nested without end")
        if isinstance(value, dict):
            pairs = ((key if type(key) in (str, int) else str(key), inner) for key, inner in value.items())
            return {key: self._outward(inner, depth + 1) for key, inner in pairs}
        kind = list if isinstance(value, list) else tuple
        return kind(self._outward(inner, depth + 1) for inner in value)

    @contextmanager
    def _learner(self) -> Iterator[None]:
        """Run the learner's code quietly; whatever it raises, SystemExit too, becomes a LearnerError."""
        with quiet():
            try:
                yield
            except (LearnerError, KeyboardInterrupt):  # an interrupt is the grader's own time-out
                raise
            except BaseException as error:  # noqa: BLE001  (the edge of the learner's code)
                raise LearnerError(type(error).__name__, str(error)[:TEXT_LIMIT], self._own_line(error)) from None

    def _own_line(self, error: BaseException) -> str:
        line, trace = "", error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_globals is self._namespace:
                line = linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno).strip()
            trace = trace.tb_next
        return line[:TEXT_LIMIT]


@contextmanager
def quiet() -> Iterator[None]:
    """Drop what is printed and warned meanwhile: nbgrader gives 0 points for any text on stderr."""
    with ExitStack() as stack:
        nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123  (no path of ours)
        stack.enter_context(redirect_stdout(nowhere))
        stack.enter_context(redirect_stderr(nowhere))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        yield
