"""What the trusted side knows of one assignment: exercises, hidden tests, solution, frozen cases."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gradekit.course import notebook
from gradekit.course.notebook import GRADE_SUFFIX
from gradekit.errors import HiddenTestError
from gradekit.judging.memory import Memory
from gradekit.judging.reference import load_solution, read_cases, run_file, solution_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradekit.course.course import Course
    from gradekit.judging.reference import Case
    from gradekit.model import Cell, Exercise
from gradekit.judging.declare import TestedExercise


@dataclass(frozen=True)
class Assignment:
    """What the trusted side knows of one assignment: exercises, hidden tests, solution, frozen cases.

    Attributes
    ----------
    solution_cells : tuple of Cell
        Whose text defines `solution`, in the notebook's order.
    allowances : dict
        How often an exercise may call what was given to it, by its name and the seed; found out once for a class.
    memory : Memory
        What the solution and known wrong answers have given.
    """

    name: str
    exercises: tuple[Exercise, ...]
    tested: Mapping[str, TestedExercise]
    solution: Mapping[str, Any]
    cases: Mapping[str, Sequence[Case]]
    solution_cells: tuple[Cell, ...] = ()
    allowances: dict[tuple[str, bytes], Mapping[str, int]] = field(default_factory=dict, repr=False, compare=False)
    memory: Memory = field(default_factory=Memory, repr=False, compare=False)

    def exercise(self, name: str) -> Exercise:
        """Return the notebook's exercise of that name."""
        for candidate in self.exercises:
            if candidate.name == name:
                return candidate
        raise HiddenTestError(f"The source notebook of '{self.name}' has no exercise '{name}'.")

    def worth(self, points: Mapping[str, float]) -> Assignment:
        """Return it with the points of the release, by grade_id of the graded cell: today's source may differ."""
        exercises = (replace(item, points=points.get(item.name + GRADE_SUFFIX, item.points)) for item in self.exercises)
        return replace(self, exercises=tuple(exercises))

    def earlier(self, name: str) -> dict[str, Any]:
        """Return the reference's own definitions of all exercises before that one, for follow-through."""
        names = [candidate.name for candidate in self.exercises]
        before = self.exercises[: names.index(name)]
        return {defined: self.solution[defined] for candidate in before for defined in candidate.defines}


def load_tests(course: Course, assignment: str) -> dict[str, TestedExercise]:
    """Run ``tests.py`` and return its exercises by name.

    Raises
    ------
    HiddenTestError
        If it is missing, fails, or declares an exercise or a set of cases twice.
    """
    path = course.hidden(assignment) / "tests.py"
    if not path.is_file():
        raise HiddenTestError(
            f"'{assignment}' has no hidden tests: {path} is missing.",
            help="Write them there, one exercise(...) for each graded cell.",
        )
    tested = [value for value in run_file(path, {}).values() if isinstance(value, TestedExercise)]
    names = [item.name for item in tested] + [name for item in tested for name in item.frozen_cases]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise HiddenTestError(f"{path} declares {', '.join(twice)} twice.")
    return {item.name: item for item in tested}


def load_assignment(course: Course, assignment: str) -> Assignment:
    """Load everything that judging an assignment needs. Trusted code only."""
    tested = load_tests(course, assignment)
    cells = notebook.cells(notebook.read(course.source(assignment)))
    return Assignment(
        name=assignment,
        exercises=notebook.exercises(cells),
        tested=tested,
        solution=load_solution(course, assignment),
        cases=read_cases(course.hidden(assignment) / "reference.npz"),
        solution_cells=solution_cells(cells),
    )
