"""Source → release and solutions, through nbgrader's own converters. Refuses a leak; writes all or nothing."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import nbformat

from gradekit.course import notebook
from gradekit.course.releases import remember
from gradekit.errors import CourseError, HiddenTestError, SourceError
from gradekit.files import clear_stages, open_stage
from gradekit.gradebook import convert
from gradekit.judging.assignment import load_tests
from gradekit.judging.reference import read_cases
from gradekit.release import beside, door
from gradekit.release.inspection import check_release, check_solutions, check_source, find_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from gradekit.course.course import Course, Step
    from gradekit.model import Cell, Exercise

CHECKS = re.compile(r"^[ \t]*(?:import|from)[ \t]+checks\b", re.MULTILINE)
STEPS: tuple[Step, ...] = ("release", "solution")  # what is written


def _unheard(_: str) -> None:
    """Take the words for a step that nobody waits for."""


def release(
    course: Course, assignment: str, *, solutions: bool = True, say: Callable[[str], None] = _unheard
) -> tuple[Path, ...]:
    """Make the student version, enter it in the gradebook, and make the executed solutions.

    Parameters
    ----------
    solutions : bool
        Whether to run the source and write ``solutions/<assignment>`` too.
    say : callable
        Is told what is being done, in a few words.

    Returns
    -------
    tuple of Path
        The folders written. Where anything is refused, none is, and what stood there stands.

    Raises
    ------
    SourceError, LeakError, HiddenTestError, BadReference, CourseError
    """
    course.check_assignment(assignment)
    convert.check_gradebook(course)
    for source in course.notebooks(assignment):
        node = notebook.read(source)
        check_source(source, node)
        try:
            nbformat.validate(nbformat.from_dict(node))
        except nbformat.ValidationError as error:
            raise SourceError(f"{source} is not valid in its own format: {error.message[:300]}.") from None
    _check_tests(course, assignment)
    if any(CHECKS.search(cell.source) for path in course.notebooks(assignment) for cell in _code(path)):
        beside.put_checks(course.source_folder(assignment))
    with _stage(course, assignment) as stage:
        made: dict[Step, Path] = {"release": _student_version(course, assignment, stage)}
        if solutions:
            say("running the source notebook")
            made["solution"] = _worked_solutions(course, assignment, stage)
        say("entering it in the gradebook")
        convert.enter(course, assignment, stage / "entered")
        folders = tuple(
            _put(folder, course.folder(step, assignment), stage / f"old-{step}") for step, folder in made.items()
        )
    remember(course.root, assignment, course.folder("release", assignment))
    return folders


def _code(path: Path) -> list[Cell]:
    return [cell for cell in notebook.cells(notebook.read(path)) if cell.kind == "code"]


def _check_tests(course: Course, assignment: str) -> None:
    graded = [exercise.name for exercise in _exercises(course, assignment)]
    if not graded and not (course.hidden(assignment) / "tests.py").exists():  # every graded cell has asserts of its own
        return
    tested = load_tests(course, assignment)
    untested = [name for name in graded if not (name in tested and tested[name].tests)]
    if untested:
        raise HiddenTestError(f"'{assignment}' has no hidden test for {', '.join(untested)}.")
    unknown = [name for name in tested if name not in graded]
    if unknown:
        raise HiddenTestError(f"The hidden tests of '{assignment}' name no graded exercise: {', '.join(unknown)}.")
    cases = read_cases(course.hidden(assignment) / "reference.npz")
    stale = [name for item in tested.values() for name in item.frozen_cases if name not in cases]
    if stale:
        raise HiddenTestError(
            f"reference.npz of '{assignment}' lacks the cases {', '.join(stale)}.",
            help=f"Run: gradekit freeze {assignment}",
        )


def _exercises(course: Course, assignment: str) -> tuple[Exercise, ...]:
    """Return the exercises with hidden tests: those of the notebook that is named for the assignment.

    Raises
    ------
    SourceError
        If another notebook has some: they would not be judged.
    """
    found = {path: notebook.exercises(notebook.cells(notebook.read(path))) for path in course.notebooks(assignment)}
    own = found.pop(course.source(assignment), ())
    for path, others in found.items():
        if others:
            raise SourceError(
                f"{path}: cell '{others[0].graded}' has hidden tests, and only {assignment}.ipynb may.",
                help="Move the exercise there, or make its notebook an assignment of its own.",
            )
    return own


def _student_version(course: Course, assignment: str, stage: Path) -> Path:
    folder = convert.student_version(course, assignment, stage / "release")
    exercises = _exercises(course, assignment)
    if exercises:
        _mark_for_otter(folder / f"{assignment}.ipynb", exercises)
    door.furnish(folder, name=assignment, kept={path.name for path in folder.iterdir()})  # nbgrader copied the source's
    check_release(folder, secrets=find_secrets(course, assignment))
    return folder


def _mark_for_otter(path: Path, exercises: Iterable[Exercise]) -> None:
    """Say in a student's notebook which cell is followed by which test of otter-grader's, and which it leaves out."""
    node = notebook.read(path)
    cells = notebook.cells(node)
    graded = {exercise.graded: exercise.name for exercise in exercises}
    for before, cell in pairwise(cells):
        if cell.grade_id in graded:
            node["cells"][before.index]["metadata"]["otter"] = {"tests": [graded[cell.grade_id]]}
            node["cells"][cell.index]["metadata"]["tags"] = [notebook.OTTER_IGNORE]
    _write(path, node)


def _write(path: Path, node: dict[str, object]) -> None:
    path.write_text(json.dumps(node, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def _worked_solutions(course: Course, assignment: str, stage: Path) -> Path:
    folder = convert.worked_solutions(course, assignment, stage / "solutions")
    for source in course.notebooks(assignment):
        check_solutions(folder / source.name)
        _settle(folder / source.name, notebook.read(source)["metadata"])
    return folder


def _settle(path: Path, metadata: object) -> None:
    """Give an executed notebook its source's metadata back: the kernel adds the version of this very Python."""
    node = notebook.read(path)
    node["metadata"] = metadata
    _write(path, node)


@contextmanager
def _stage(course: Course, assignment: str) -> Iterator[Path]:
    """Make a folder on the course's own disk, so that the last step is a rename; gone afterwards."""
    try:
        for step in STEPS:
            course.folder(step, assignment).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CourseError(
            f"{error.filename} cannot be written: {error.strerror}.",
            help="Give yourself the right to write in the course's folder.",
        ) from None
    clear_stages(course.root / ".gradekit")
    with open_stage(course.root) as stage:
        yield stage


def _put(made: Path, target: Path, old: Path) -> Path:
    """Rename a finished folder into its place; put the old one back where that fails."""
    try:
        if target.exists():
            target.rename(old)
        made.rename(target)
    except OSError as error:
        if old.exists() and not target.exists():
            old.rename(target)
        raise CourseError(f"{target} cannot be written: {error.strerror}.") from None
    return target
