"""What is to be proved of an assignment, and which answers are tried for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gradekit.errors import HiddenTestError, UsageError
from gradekit.grade.judge import Grading, refuse_readable
from gradekit.gradebook.settings import read_limits, read_settings
from gradekit.judging import catalogue
from gradekit.judging.assignment import load_assignment
from gradekit.judging.declare import TestedExercise
from gradekit.release.inspection import find_secrets
from gradekit.verify import here
from gradekit.verify.empties import EMPTY, emptied
from gradekit.verify.findings import LOOKED_AT, NAMES, SECRETS, SPOILT, TRAINING, WRONG_VALUES
from gradekit.verify.mutants import load_equivalents, mutants
from gradekit.verify.spoilt import WORTHLESS
from gradekit.verify.trials import Trial, load_training

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradekit.course.course import Course
    from gradekit.judging.assignment import Assignment
    from gradekit.judging.catalogue import Alternative, Misconception
    from gradekit.model import Limits
    from gradekit.release.inspection import Secret
    from gradekit.verify.mutants import Equivalent, Mutant


@dataclass(frozen=True)
class Plan:
    """What is to be proved of an assignment."""

    course: Course
    assignment: Assignment
    limits: Limits
    misconceptions: tuple[Misconception, ...]
    alternatives: tuple[Alternative, ...]
    mutants: tuple[Mutant, ...]
    equivalents: tuple[Equivalent, ...]
    secrets: tuple[Secret, ...]
    sought: tuple[Trial, ...]
    only: tuple[str, ...] = ()  # exercises; empty for all

    def tries(self, exercise: str) -> bool:
        """Tell whether answers to an exercise are tried."""
        return not self.only or exercise in self.only

    @property
    def size(self) -> int:
        """How many findings there will be, where nothing is wrong early."""
        forced = sum(map(self.tries, (exercise.name for exercise in self.assignment.exercises)))
        tried = len(self.assignment.exercises) + forced * len(EMPTY)
        return (
            tried
            + len(self.misconceptions)
            + len(self.alternatives)
            + len(self.mutants)
            + len(self.sought)
            + len(LOOKED_AT)
        )

    @property
    def lacks(self) -> tuple[str, ...]:
        """What the assignment's catalogue lacks, one line each; the rest is proved all the same."""
        hidden = self.course.hidden(self.assignment.name)
        known = {"misconception": self.misconceptions, "alternative": self.alternatives}
        return tuple(
            f"Exercise '{exercise.name}' has no {kind}: write one in {hidden / f'{kind}s.py'}."
            for kind, found in known.items()
            for exercise in self.assignment.exercises
            if self.tries(exercise.name) and all(item.exercise != exercise.name for item in found)
        )


def plan(course: Course, assignment: str) -> Plan:
    """Load what an assignment's proof needs.

    Raises
    ------
    CourseError, SourceError, HiddenTestError, HostError
        If there is nothing that could be proved.
    """
    course.check_assignment(assignment)
    refuse_readable(Grading(course, assignment))
    loaded = load_assignment(course, assignment)
    none = TestedExercise("")
    untested = [item.name for item in loaded.exercises if not loaded.tested.get(item.name, none).tests]
    if untested or not loaded.exercises:
        what = f"exercise {', '.join(untested)} of '{assignment}'" if untested else f"'{assignment}', for it has none"
        raise HiddenTestError(
            f"There is no hidden test for {what}.", help=f"Write one in {course.hidden(assignment) / 'tests.py'}."
        )
    wrong = catalogue.load_misconceptions(course, assignment, loaded.exercises, loaded.solution)
    right = catalogue.load_alternatives(course, assignment, loaded.exercises, loaded.solution)
    return Plan(
        course=course,
        assignment=loaded,
        limits=read_limits(read_settings(course)),
        misconceptions=wrong,
        alternatives=right,
        sought=tuple(_sought(loaded, wrong, right, trains=load_training(course, assignment) is not None)),
        mutants=tuple(mutant for exercise in loaded.exercises for mutant in mutants(exercise)),
        equivalents=load_equivalents(course.hidden(assignment) / "equivalents.toml"),
        secrets=tuple(find_secrets(course, assignment)),
    )


def narrowed(found: Plan, only: Sequence[str]) -> Plan:
    """Return what is to be proved of some exercises; of all where none is named.

    Raises
    ------
    UsageError
        If one of them is no exercise of the assignment.
    """
    known = [exercise.name for exercise in found.assignment.exercises]
    for name in only:
        if name not in known:
            raise UsageError(
                f"'{found.assignment.name}' has no exercise '{name}'.", help=f"It has: {', '.join(known)}."
            )
    if not only:
        return found
    return replace(
        found,
        only=tuple(only),
        misconceptions=tuple(item for item in found.misconceptions if item.exercise in only),
        alternatives=tuple(item for item in found.alternatives if item.exercise in only),
        mutants=tuple(item for item in found.mutants if item.exercise in only),
        equivalents=tuple(item for item in found.equivalents if item.exercise in only),
        sought=tuple(item for item in found.sought if item.exercise in only),
    )


def forced(found: Plan) -> list[Trial]:
    """Return the answers that say nothing: emptied in every way."""
    return [
        Trial("forced failure", exercise.name, kind, emptied(exercise, kind))
        for exercise in found.assignment.exercises
        if found.tries(exercise.name)
        for kind in EMPTY
    ]


def trials(found: Plan) -> list[Trial]:
    """Return what is tried once the tests can be believed; the long ones first, so that no core waits at the end."""
    known = {"misconceptions": found.misconceptions, "alternatives": found.alternatives}
    whole = [
        Trial(section, item.exercise, item.label, item.source) for section, items in known.items() for item in items
    ]
    brief = [
        Trial("mutants", item.exercise, f"{item.was} → {item.now or '(taken out)'}", item.source, brief=True)
        for item in found.mutants
    ]
    return whole + brief


def _sought(
    assignment: Assignment, wrong: Sequence[Misconception], right: Sequence[Alternative], *, trains: bool
) -> Iterator[Trial]:
    """Yield what is tried to find what nobody has written down."""
    for exercise in assignment.exercises:
        for kind, source in here.kinds(assignment, exercise):
            yield Trial(WRONG_VALUES if kind in WORTHLESS else SPOILT, exercise.name, kind, source)
        if here.draws_inputs(assignment, exercise.name):
            mine = (item for item in (*wrong, *right) if item.exercise == exercise.name)
            yield from (Trial(SECRETS, item.exercise, item.label) for item in mine)
    for section in (NAMES, *([TRAINING] if trains else [])):
        yield from (Trial(section, item.exercise, item.label) for item in wrong)
