"""A synthetic class that hands in, in a course of its own, so that anyone can see the whole trip."""

from __future__ import annotations

import ast
import datetime as dt
import json
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradekit.course import notebook
from gradekit.errors import CourseError
from gradekit.feedback.write import write_feedback
from gradekit.grade import classroom
from gradekit.grade.classroom import due
from gradekit.grade.judge import Grading
from gradekit.gradebook.assignment import open_gradebook
from gradekit.gradebook.scores import read_scores
from gradekit.gradebook.settings import copy_settings, own_gradebook, read_settings
from gradekit.judging.assignment import load_assignment
from gradekit.judging.catalogue import load_misconceptions
from gradekit.judging.freeze import freeze
from gradekit.new.course import init
from gradekit.release.make import release
from gradekit.report.write import make_report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from gradekit.course.course import Course
    from gradekit.grade.classroom import Graded
    from gradekit.model import Exercise


DUE = dt.datetime(2025, 1, 31, 12, 0, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Submission:
    """What one synthetic student hands in: the cells that differ from the worked solution, and when.

    Attributes
    ----------
    cells : mapping of str to str
        Cell id → its text.
    handed_in : datetime
    """

    student: str
    cells: Mapping[str, str]
    handed_in: dt.datetime = DUE - dt.timedelta(hours=3)


@dataclass(frozen=True)
class Outcome:
    """One student's line of the demo's table: scores by exercise, their sum, seconds late."""

    student: str
    scores: Mapping[str, float]
    total: float
    late_s: float


@dataclass(frozen=True)
class Demo:
    """Where the demo's results are, and its table."""

    course: Course
    gradebook: Path
    feedback: Path
    report: Path
    points: Mapping[str, float]
    rows: tuple[Outcome, ...]


def make_course(course: Course, assignment: str, folder: Path) -> Course:
    """Copy an assignment's source and hidden tests into a new course, and release it there.

    Raises
    ------
    CourseError
        If the folder holds something already.
    """
    course.check_assignment(assignment)
    if folder.exists() and any(folder.iterdir()):
        raise CourseError(f"{folder} is not empty.", help="Name a folder that does not exist yet with --to.")
    folder.mkdir(parents=True, exist_ok=True)
    new = copy_settings(course, folder.resolve())
    shutil.copytree(course.source_folder(assignment), new.source_folder(assignment))
    shutil.copytree(course.hidden(assignment), new.hidden(assignment), ignore=shutil.ignore_patterns("__pycache__"))
    freeze(new, assignment)
    release(new, assignment, solutions=False)
    return new


def own_course(assignment: str, folder: Path) -> Course:
    """Begin a course with an assignment that travels with gradekit, and release it: where no course is at hand."""
    made = init(folder, assignments=assignment).course
    new = own_gradebook(made.root)
    release(new, assignment, solutions=False)
    return new


def synthetic_class(course: Course, assignment: str) -> tuple[Submission, ...]:
    """Return a class of submissions: perfect, blank, late, broken ones, and one typical mistake for each exercise."""
    loaded = load_assignment(course, assignment)
    if not loaded.exercises:
        raise CourseError(
            f"'{assignment}' has no exercise with hidden tests, so nobody can hand one in.",
            help=f"Add one: gradekit new exercise {assignment} EXERCISE --points 1",
        )
    solved = {cell.id: cell.source for cell in notebook.cells(notebook.read(course.source(assignment)))}
    released = course.folder("release", assignment) / f"{assignment}.ipynb"
    blank = {cell.id: cell.source for cell in notebook.cells(notebook.read(released))}
    stubs = {exercise.name: exercise for exercise in loaded.exercises}
    first, last = loaded.exercises[0], loaded.exercises[-1]
    middle = loaded.exercises[len(loaded.exercises) // 2]
    functions = [item for item in loaded.exercises if _takes_arguments(solved[item.name])]
    found = [
        Submission("perfect", {}),
        Submission("blank", {exercise.name: blank[exercise.name] for exercise in loaded.exercises}),
        Submission("late", {}, handed_in=DUE + dt.timedelta(hours=5)),
        Submission("half_done", {name: blank[name] for name in list(stubs)[len(stubs) // 2 :]}),
        Submission("syntax_error", {middle.name: solved[middle.name] + "\nreturn ("}),
        Submission("exception", {first.name: _raising(first)}),
        *(
            Submission("renamed_variable", {item.name: _with_renamed_argument(solved[item.name])})
            for item in functions[-1:]
        ),
        Submission("renamed_function", {last.name: solved[last.name].replace(last.defines[0], "My" + last.defines[0])}),
    ]
    typical: dict[str, Submission] = {}
    for item in load_misconceptions(course, assignment, loaded.exercises, loaded.solution):
        typical.setdefault(item.exercise, Submission(f"{item.exercise}_{item.label}", {item.exercise: item.source}))
    return (*found, *typical.values())


def _takes_arguments(source: str) -> bool:
    """Tell whether a cell begins with a function that has an argument to rename."""
    first = next(iter(ast.parse(source).body), None) if source.startswith("def ") else None
    return isinstance(first, ast.FunctionDef) and bool(first.args.args)


def _with_renamed_argument(source: str) -> str:
    """Rename a function's first argument where it is declared, and forget it where it is used."""
    function = next(node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    return re.sub(rf"\b{function.args.args[0].arg}\b", "given", source, count=1)


def _raising(exercise: Exercise) -> str:
    return f'def {exercise.defines[0]}(*args, **kwargs):\n    raise ValueError("I do not know how to go on")\n'


def hand_in(course: Course, assignment: str, submissions: Iterable[Submission]) -> None:
    """Write the submissions where nbgrader collects them, with their time stamps."""
    released = notebook.read(course.folder("release", assignment) / f"{assignment}.ipynb")
    solved = {cell.id: cell for cell in notebook.cells(notebook.read(course.source(assignment)))}
    graded = {exercise.name for exercise in notebook.exercises(tuple(solved.values()))}
    for submission in submissions:
        node = json.loads(json.dumps(released))
        for raw in node["cells"]:
            if raw["id"] in graded:
                raw["source"] = submission.cells.get(raw["id"], solved[raw["id"]].source)
        folder = course.folder("submitted", assignment, submission.student)
        folder.mkdir(parents=True)
        (folder / f"{assignment}.ipynb").write_text(json.dumps(node, indent=1), encoding="utf-8")
        (folder / "timestamp.txt").write_text(submission.handed_in.strftime("%Y-%m-%d %H:%M:%S %Z"), encoding="utf-8")


def grade_class(course: Course, assignment: str, *, jobs: int = 1) -> Iterator[Graded]:
    """Grade everything in the sandbox; yield each submission when it is done. Then write feedback and class report."""
    with open_gradebook(read_settings(course)) as gradebook:
        gradebook.update_or_create_assignment(assignment, duedate=DUE.replace(tzinfo=None))
    grading = Grading(course, assignment)
    names, _ = due(grading)
    yield from classroom.grade_class(grading, names, jobs=jobs)
    list(write_feedback(course, assignment, names))
    make_report(course, assignment)


def results(course: Course, assignment: str, submissions: Iterable[Submission]) -> Demo:
    """Read the class's scores from the gradebook."""
    cells = notebook.cells(notebook.read(course.source(assignment)))
    points = {exercise.name: exercise.points for exercise in notebook.exercises(cells)}
    rows = []
    with open_gradebook(read_settings(course)) as gradebook:
        for submission in submissions:
            sheet = read_scores(gradebook, assignment, submission.student)
            marks = {mark.grade_id: mark for book in sheet.notebooks for mark in book.marks}
            scores = {name: marks[name + notebook.GRADE_SUFFIX].score or 0.0 for name in points}
            rows.append(Outcome(submission.student, scores, sheet.earned, sheet.late_s))
    root = course.root
    places = (root / "gradebook.db", root / course.folders.feedback, root / "reports" / assignment / "report.html")
    return Demo(course, *places, points, tuple(rows))
