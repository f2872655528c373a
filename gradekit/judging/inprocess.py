"""Grading in the learner's own process, as plain ``nbgrader autograde`` does it: convenient, **not secure**.

The hidden tests and the reference share the learner's process: code that looks for the reference can find it. For
follow-through the reference's earlier functions are put into a copy of the learner's namespace, so that learner code
called during a test can read those functions' code.
"""

from __future__ import annotations

import importlib
import linecache
import os
import time
import traceback
import warnings
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit import checks
from gradekit.course import notebook
from gradekit.course.course import find_course
from gradekit.errors import GradekitError, HiddenTestError, Undecided
from gradekit.judging.assignment import Assignment, load_assignment
from gradekit.judging.judge import each_test, explain, judge
from gradekit.judging.line import (
    DEPTH_LIMIT,
    NAME_LIMIT,
    TEXT_LIMIT,
    Handle,
    LearnerError,
    Opaque,
    Target,
    first_changed,
    handle_of,
)
from gradekit.model import Verdict
from gradekit.score import lost, second_counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gradekit.model import ExerciseResult

CONTENTS = {
    "O": "objects",
    "U": "texts",
    "S": "bytes",
    "M": "dates",
    "m": "lengths of time",
}  # of arrays, by numpy's kind
FRAME_BYTES = 16 * 2**20  # what goes to a worker at once
EARLIER_S = 5.0  # for one earlier exercise, once it has been graded in a cell of its own; honest ones take milliseconds


def grade(assignment: str, exercise: str, namespace: dict[str, Any], *, stub: str = "") -> float:  # noqa: ARG001
    """Grade one exercise in the learner's own process and return the score. Convenient, **not secure**.

    Prints, for the learner, what was asked and what went wrong. Numpy's global generator is left as it was.

    Parameters
    ----------
    namespace : dict
        The notebook's ``globals()``.
    stub : str
        The grade_id of the exercise's solution cell where it is not the exercise's name; read off the cell's text.

    Raises
    ------
    Undecided
        If our own side failed. nbgrader writes 0 points for a cell that raises, so look at the cell.
    """
    result = judge_here(assignment, exercise, namespace)
    print(explain(result))
    if result.score is None:
        raise Undecided(f"{exercise} could not be judged.", help="Our hidden test failed; a person must grade this.")
    return result.score


def judge_here(assignment: str, exercise: str, namespace: dict[str, Any]) -> ExerciseResult:
    """Judge one exercise in the learner's own process, **not secure**; numpy's global generator is left as it was.

    Raises
    ------
    Undecided
        If the course around the notebook cannot be found or loaded.
    """
    before = np.random.get_state()  # noqa: NPY002  (the exercises draw from the global generator)
    try:
        loaded = load_assignment(find_course(Path.cwd()), assignment)
        if exercise not in loaded.tested:
            raise HiddenTestError(f"'{assignment}' has no hidden tests for exercise '{exercise}'.")
        return judge_in_process(loaded, exercise, namespace)
    except GradekitError as error:
        raise Undecided(f"{exercise} could not be judged. {error}") from None
    finally:
        np.random.set_state(before)  # noqa: NPY002


def judge_in_process(assignment: Assignment, name: str, namespace: dict[str, Any]) -> ExerciseResult:
    """Judge with the learner's own earlier functions; where a mistake in these may have cost points, with right ones.

    Earlier exercises are judged once more to know: nothing that the learner's process keeps could be believed.
    """
    first = _judged(assignment, name, namespace)
    if not lost(first) or _earlier_are_right(assignment, name, namespace):
        return first
    stubbed = _with_stubs(assignment, name, namespace)
    if stubbed is None:
        return first
    second = _judged(assignment, name, stubbed)
    return replace(second, follow_through=True) if second_counts(first, second) else first


def _judged(assignment: Assignment, name: str, namespace: dict[str, Any]) -> ExerciseResult:
    return judge(assignment, name, InProcess(namespace), seed=_seed(assignment, name))


def _seed(assignment: Assignment, name: str) -> bytes:
    return f"{assignment.name}/{name}".encode()


def _earlier_are_right(assignment: Assignment, name: str, namespace: dict[str, Any]) -> bool:
    """Tell whether every exercise before that one is right; one that takes too long for it is not."""
    if os.name != "posix":  # no bound on the time, so that an earlier mistake is taken for granted
        return False
    from gradekit.bounds import bounded_time  # noqa: PLC0415  (cannot be imported elsewhere)

    names = [exercise.name for exercise in assignment.exercises if exercise.name in assignment.tested]
    line = InProcess(namespace)
    for before in names[: names.index(name)]:
        with bounded_time(time.monotonic() + EARLIER_S):
            results = each_test(assignment, before, line, seed=_seed(assignment, before))
            if any(result.verdict is not Verdict.AC for result in results):
                return False
    return True


def _with_stubs(assignment: Assignment, name: str, namespace: dict[str, Any]) -> dict[str, Any] | None:
    """Return a copy of the namespace in which the learner's cell of this exercise ran upon right earlier functions."""
    wanted = set(assignment.exercise(name).defines)
    own = [cell for cell in namespace.get("In", ()) if wanted & set(notebook.definitions(cell))]
    if not own or notebook.is_as_given_out(own[-1], assignment.exercise(name).stub.source):
        return None
    stubbed = {**namespace, **assignment.earlier(name)}
    file = f"<your cell of {name}>"
    linecache.cache[file] = (len(own[-1]), None, own[-1].splitlines(keepends=True), file)
    with quiet():
        try:
            exec(compile(own[-1], file, "exec"), stubbed)  # noqa: S102  (the learner's cell, in the learner's process)
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001  (the edge of the learner's code)
            return None
    return stubbed


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
            before = [
                given if isinstance(given, Handle) else checks.snapshot(own)
                for given, own in zip(args, own_args, strict=True)
            ]
            answer = self._resolve(target)(*own_args, **own_kwargs)
        return self._outward(answer), first_changed(before, own_args) if watch else None

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
        """Return a copy in which what stayed on the learner's side is itself again, all the way down."""
        if isinstance(value, Handle):
            return self._resolve(value._target)  # noqa: SLF001  (same module)
        if isinstance(value, Opaque) and value.number:
            return self._objects[value.number - 1]
        if isinstance(value, dict):
            return {key: self._inward(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return (list if isinstance(value, list) else tuple)(self._inward(inner) for inner in value)
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
            self._objects.append(value)
            return Opaque(f"an array of {CONTENTS.get(value.dtype.kind, 'records')}", len(self._objects))
        if isinstance(value, dict | list | tuple):
            return self._outward_container(value, depth)
        self._objects.append(value)
        kind = "class" if isinstance(value, type) else type(value).__name__
        return handle_of(self, len(self._objects) - 1, kind)

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
        """Run the learner's code quietly; see :meth:`_caught`."""
        with quiet(), self._caught():
            yield

    @contextmanager
    def _caught(self) -> Iterator[None]:
        """Let whatever the learner's code raises, SystemExit too, become a LearnerError."""
        try:
            yield
        except (LearnerError, KeyboardInterrupt):  # an interrupt is the grader's own time-out
            raise
        except BaseException as error:  # noqa: BLE001  (the edge of the learner's code)
            line = _own_line(error, self._namespace)
            raise LearnerError(type(error).__name__[:NAME_LIMIT], _text(error)[:TEXT_LIMIT], line) from None


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  (the learner's own __str__)
        return ""


def _own_line(error: BaseException, namespace: dict[str, Any]) -> str:
    line = ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_globals is namespace:
            line = linecache.getline(frame.f_code.co_filename, number).strip()
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


class Travelling(InProcess):
    """The line to the solution, over which goes only what could go to a worker."""

    def call(
        self, target: Target, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, watch: bool = False
    ) -> tuple[Any, str | None]:
        """Call where the arguments would travel; see :class:`Line`."""
        if sum(map(_weight, (*args, *kwargs.values()))) > FRAME_BYTES:
            raise HiddenTestError("A hidden test asks with a value that does not travel.")
        return super().call(target, args, kwargs, watch=watch)


def _weight(value: Any) -> float:
    """Return about how many bytes a value takes on its way to a worker; no number of bytes where it cannot go."""
    if isinstance(value, np.ndarray):
        return value.nbytes if value.dtype.kind in "biufc" else float("inf")
    if isinstance(value, dict | list | tuple):
        return sum(map(_weight, value.values() if isinstance(value, dict) else value))
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace"))
    return float("inf") if type(value) is int and not -(2**63) <= value < 2**64 else 9
