"""The catalogue of an assignment: wrong answers that learners give, and right answers that look different.

``misconceptions.py`` and ``alternatives.py`` hold one decorated function or class for each answer. Its name is the
label; its text, in place of the definition that it answers, is what a learner would have typed; its free names are the
notebook's. Where an exercise asks for several functions, the others are the solution's.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gradekit.errors import HiddenTestError
from gradekit.judging.reference import run_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gradekit.course.course import Course
    from gradekit.model import Exercise


@dataclass(frozen=True)
class Variant:
    """An answer other than the source's solution.

    Attributes
    ----------
    label : str
        Stable name.
    exercise : str
    source : str
        The text of a cell that gives this answer, under the names that the exercise defines.
    function : str
        Which of the exercise's definitions it takes the place of; empty for the first.
    """

    label: str
    exercise: str
    source: str = ""
    function: str = ""


@dataclass(frozen=True)
class Misconception(Variant):
    """A wrong answer that learners give, and what to tell them.

    Attributes
    ----------
    title : str
        What it is, in a few words.
    message : str
        For the learner: what is seen, what to look at; never the line that mends it.
    justification : str
        For the instructor: what the answer does wrong.
    random : bool
        Whether it draws numbers that no seed reaches, so that it never gives the same twice.
    like : str
        The label of another that gives the same answers, by which a learner's answer is named.
    """

    title: str = ""
    message: str = ""
    justification: str = ""
    random: bool = False
    like: str = ""


@dataclass(frozen=True)
class Alternative(Variant):
    """A right answer that looks different.

    Attributes
    ----------
    why : str
        What is different.
    """

    why: str = ""


def misconception(  # noqa: PLR0913  (the words of a Misconception)
    exercise: str,
    *,
    title: str,
    message: str,
    justification: str,
    function: str = "",
    random: bool = False,
    like: str = "",
) -> Callable[[Any], Misconception]:
    """Declare the decorated function or class as a wrong answer to the exercise, or to one function of it."""
    return lambda thing: Misconception(
        label=thing.__name__,
        exercise=exercise,
        function=function,
        title=title,
        message=message,
        justification=justification,
        random=random,
        like=like,
    )


def alternative(exercise: str, *, why: str, function: str = "") -> Callable[[Any], Alternative]:
    """Declare the decorated thing as a right answer that looks different, to the exercise or to one function of it."""
    return lambda thing: Alternative(label=thing.__name__, exercise=exercise, function=function, why=why)


def load_misconceptions(
    course: Course, assignment: str, exercises: tuple[Exercise, ...], names: Mapping[str, Any]
) -> tuple[Misconception, ...]:
    """Read ``misconceptions.py``; `names` is the solution's namespace. An assignment without the file has none."""
    found = _load(course.hidden(assignment) / "misconceptions.py", exercises, names)
    known = {item.label: item for item in found if isinstance(item, Misconception)}
    for item in known.values():
        if item.like and (
            item.like not in known or known[item.like].like or known[item.like].exercise != item.exercise
        ):
            raise HiddenTestError(
                f"Misconception '{item.label}' is like '{item.like}', which is no other of its exercise."
            )
    return tuple(known.values())


def load_alternatives(
    course: Course, assignment: str, exercises: tuple[Exercise, ...], names: Mapping[str, Any]
) -> tuple[Alternative, ...]:
    """Read ``alternatives.py``; `names` is the solution's namespace. An assignment without the file has none."""
    found = _load(course.hidden(assignment) / "alternatives.py", exercises, names)
    return tuple(item for item in found if isinstance(item, Alternative))


def _load(path: Path, exercises: tuple[Exercise, ...], names: Mapping[str, Any]) -> list[Variant]:
    if not path.is_file():
        return []
    module = run_file(path, names)
    sources = _sources(path.read_text(encoding="utf-8"))
    answered = {exercise.name: exercise for exercise in exercises if exercise.defines}
    found = []
    for name, item in module.items():
        if not isinstance(item, Variant):
            continue
        if item.exercise not in answered or name != item.label or item.label not in sources:
            raise HiddenTestError(f"{path}: '{item.label}' names no exercise with a solution cell: '{item.exercise}'.")
        whole = _with_source(path, item, sources[name], answered[item.exercise])
        try:
            exec(compile(whole.source, f"{path.name}:{name}", "exec"), dict(names))  # noqa: S102  (our own catalogue)
        except Exception as error:
            raise HiddenTestError(f"{path}: '{name}' cannot be run in the notebook: {error!r}.") from error
        found.append(whole)
    return found


def _with_source(path: Path, item: Variant, typed: str, exercise: Exercise) -> Variant:
    """Return an answer with the text of the cell that gives it, and the function whose place it takes."""
    function = item.function or exercise.defines[0]
    if function not in exercise.defines:
        raise HiddenTestError(f"{path}: '{item.label}' names no function of '{item.exercise}': '{function}'.")
    source = _put(_renamed(typed, item.label, function), function, exercise.stub.source)
    return replace(item, function=function, source=source)


def _sources(text: str) -> dict[str, str]:
    """Return the text of each top-level function and class without its decorators."""
    lines = text.splitlines()
    return {node.name: "\n".join(lines[node.lineno - 1 : node.end_lineno]) + "\n" for node in _definitions(text)}


def _definitions(text: str) -> list[ast.FunctionDef | ast.ClassDef]:
    return [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def _renamed(source: str, label: str, name: str) -> str:
    return re.sub(rf"\b{re.escape(label)}\b", name, source)


def _put(typed: str, function: str, cell: str) -> str:
    """Return the solution's cell with one definition replaced, and without the marks of its regions."""
    (node,) = [node for node in _definitions(cell) if node.name == function]
    lines = cell.splitlines()
    lines[node.lineno - 1 : node.end_lineno] = typed.splitlines()
    kept = (line for line in lines if not line.strip().startswith(("### BEGIN", "### END")))
    return "\n".join(kept) + "\n"
