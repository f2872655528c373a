"""Seeded inputs and the solution's outputs → ``reference.npz``, made anew from the source."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit.errors import BadReference, CourseError, HiddenTestError
from gradekit.judging.assignment import load_tests
from gradekit.judging.reference import STORED, Reference, flatten, generator, is_storable, load_solution

if TYPE_CHECKING:
    from gradekit.course.course import Course
    from gradekit.judging.reference import Case


def frozen_cases(course: Course, assignment: str) -> dict[str, list[Case]]:
    """Compute the frozen cases of an assignment from its source's solution.

    Raises
    ------
    HiddenTestError
        If a function that makes cases fails.
    """
    solution = load_solution(course, assignment)
    cases = {}
    for tested in load_tests(course, assignment).values():
        for name, make in tested.frozen_cases.items():
            seed = f"{assignment}/{name}".encode()
            try:
                cases[name] = make(generator(seed), Reference(solution, {}, seed))
            except Exception as error:
                raise HiddenTestError(f"The cases '{name}' of '{assignment}' cannot be made: {error!r}.") from error
    return cases


def _not_storable(case: str, array: np.ndarray[Any, Any]) -> BadReference:
    """Say what a case holds that no reference can, and what to do instead."""
    if array.dtype.kind == "f":
        return BadReference(
            f"{case} holds a number that is infinite or NaN.",
            help="No answer is compared with such a number: let the exercise give another one for it, such as -1. "
            "An argument that is infinite is made in the hidden test itself.",
        )
    return BadReference(
        f"{case} holds something else than {STORED}.",
        help="Make anything else in the hidden test itself, and compare with reference.<function>(...).",
    )


def freeze(course: Course, assignment: str) -> Path:
    """Write ``tests/hidden/<assignment>/reference.npz`` and return its path.

    The old file stays until the new one is whole.
    """
    course.check_assignment(assignment)
    flat = flatten(frozen_cases(course, assignment))
    for key, array in flat.items():
        if not is_storable(array):
            raise _not_storable(f"The case {key} of '{assignment}'", array)
    target = course.hidden(assignment) / "reference.npz"
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, suffix=".npz")
        with os.fdopen(descriptor, "wb") as file:
            np.savez_compressed(file, **flat)  # type: ignore[arg-type]  # numpy's stub takes the names for options
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except OSError as error:
        raise CourseError(f"{target} cannot be written: {error.strerror}.") from None
    return target
