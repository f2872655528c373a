"""Is what was turned sound? The source's own solution is asked: a line that it does not get past is left."""

from __future__ import annotations

import io
import json
import traceback
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit.course.course import Course
from gradekit.errors import GradekitError, SourceError
from gradekit.judging.assignment import load_assignment
from gradekit.judging.declare import Expect
from gradekit.judging.inprocess import Travelling, quiet
from gradekit.judging.line import Student
from gradekit.judging.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gradekit.adopt.exercise import Found
    from gradekit.adopt.move import Moved
    from gradekit.judging.assignment import Assignment


def _empty() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer)
    return buffer.getvalue()


EMPTY = _empty()  # reference.npz of tests that have no frozen cases
WHY = "the solution itself does not get past it when it answers from another process"
ADVICE = "look what the assert takes for granted: an object that does not travel, an argument changed in place"


def refused_lines(
    course: Course,
    assignment: str,
    found: Found,
    moved: Callable[[Mapping[int, tuple[str, str]]], Moved],
    whole: Callable[[Moved], tuple[dict[str, Any], str]],
) -> dict[int, tuple[str, str]]:
    """Return the lines of a graded cell that have to be left, though their syntax can be turned.

    Parameters
    ----------
    moved : callable
        Lines to leave → the exercise, moved.
    whole : callable
        An exercise → the notebook and the text of ``tests.py`` with it.

    Raises
    ------
    SourceError
        If the solution cannot be loaded, so that nothing can be proved.
    """
    refused: dict[int, tuple[str, str]] = {}
    for _ in range(1 + found.code.count("\n") + 1):
        made = moved(refused)
        node, tests = whole(made)
        loaded = _loaded(course, assignment, node, tests)
        line = _failing(loaded, made, tests)
        if line is None:
            break
        refused[line] = (WHY, ADVICE)
    return refused


def _failing(loaded: Assignment, made: Moved, tests: str) -> int | None:
    """Return the line of the statement at which the solution fails its own test; None where it fails nowhere."""
    test = next((item for item in loaded.tested[made.name].tests if not item.name.startswith("left_of_")), None)
    if test is None:
        return None
    reference = Reference(loaded.solution, loaded.cases, b"adopt")
    try:
        with quiet(), redirect_stdout(io.StringIO()):
            test.function(Student(Travelling(dict(loaded.solution))), reference, Expect())
    except Exception as error:  # noqa: BLE001  (the edge of what was turned: whatever it raises is a reason to leave it)
        numbers = [
            number for frame, number in traceback.walk_tb(error.__traceback__) if frame.f_code is test.function.__code__
        ]
        return _statement(tests, test.function.__code__.co_firstlineno, numbers[0], made)
    return None


def _loaded(course: Course, assignment: str, node: Mapping[str, Any], tests: str) -> Assignment:
    """Load the assignment as it would be, from a copy beside which the course's data lie.

    Raises
    ------
    SourceError
        If the solution does not run by itself.
    """
    with TemporaryDirectory(prefix="gradekit-adopt-") as name:
        copy = _copied(course, assignment, Path(name), node, tests)
        try:
            with quiet():
                return load_assignment(copy, assignment)
        except GradekitError as error:
            raise SourceError(
                f"The exercise cannot be moved: {error.message}",
                help="Hidden tests need the solution's locked and solution cells to run from top to bottom by "
                f"themselves: lock the cell that makes what they use. {error.help}".strip(),
            ) from None


def _copied(course: Course, assignment: str, folder: Path, node: Mapping[str, Any], tests: str) -> Course:
    copy = Course(folder)
    hidden = copy.hidden(assignment)
    hidden.mkdir(parents=True)
    (hidden / "tests.py").write_text(tests, encoding="utf-8")
    kept = course.hidden(assignment) / "reference.npz"
    (hidden / "reference.npz").write_bytes(kept.read_bytes() if kept.exists() else EMPTY)
    copy.source_folder(assignment).parent.mkdir(parents=True)
    here = copy.source_folder(assignment)
    here.mkdir()
    for path in course.source_folder(assignment).iterdir():
        if path.suffix != ".ipynb":
            (here / path.name).symlink_to(path.resolve())
    copy.source(assignment).write_text(json.dumps(node), encoding="utf-8")
    return copy


def _statement(tests: str, first: int, number: int, made: Moved) -> int:
    """Return the line in the graded cell of the statement that stands at a line of the test."""
    lines = tests.splitlines()
    turned = [(item.line, line) for item in made.turned for line in item.lines]
    at = number - 1
    texts = [f"    {line}" for _, line in turned]
    begin = next(index for index in range(first, len(lines)) if lines[index : index + len(texts)] == texts)
    return turned[max(at - begin, 0)][0]
