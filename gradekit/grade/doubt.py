"""Results of answers that may not be the learner's whole ones: full marks stand, anything less asks a person."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gradekit.model import Role
from gradekit.score import lost

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradekit.judging.assignment import Assignment
    from gradekit.model import Cell, ExerciseResult, InlineResult


def doubted(
    results: Sequence[ExerciseResult], assignment: Assignment | None, doubts: Mapping[str, str]
) -> tuple[ExerciseResult, ...]:
    """Return exercises; one that lost points by an answer in doubt is undecided. Earlier ones cost it nothing."""
    if assignment is None or not doubts:
        return tuple(results)
    stubs = {exercise.name: exercise.stub.grade_id for exercise in assignment.exercises}
    return tuple(
        replace(result, score=None) if lost(result) and stubs[result.exercise] in doubts else result
        for result in results
    )


def doubted_inline(
    results: Sequence[InlineResult], cells: Sequence[Cell], doubts: Mapping[str, str]
) -> list[InlineResult]:
    """Return graded cells with tests of their own; one that lost points after an answer in doubt is undecided."""
    found, said = [], ""
    by_name = {result.grade_id: result for result in results}
    for cell in cells:
        if cell.role in (Role.SOLUTION, Role.MANUAL) and cell.grade_id in doubts:
            said = f"{cell.grade_id}: {doubts[cell.grade_id]}"
        result = by_name.get(cell.grade_id) if cell.grade_id else None
        if result is not None:
            less = said and result.score is not None and result.score < result.points
            found.append(replace(result, score=None, message=said) if less else result)
    return found
