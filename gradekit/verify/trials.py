"""Answers that are tried on the hidden tests, many at once.

Known answers are graded in a worker as a learner's would be; what there are hundreds of, in a process of ours.
An answer is the text of one exercise's cell; the other cells are the solution's. All of it is our own, so that what
goes between our processes here may be plain objects.
"""

from __future__ import annotations

import ast
import functools
import os
import shutil
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gradekit.course import notebook
from gradekit.errors import GradekitError
from gradekit.grade.notebook import Upon, grade_cells
from gradekit.isolation.template import template
from gradekit.jobs import Broken, pool
from gradekit.judging.assignment import load_assignment
from gradekit.judging.catalogue import Alternative, Misconception, load_alternatives, load_misconceptions
from gradekit.judging.reference import run_file, solution_cells
from gradekit.model import ExerciseResult, Limits, Role
from gradekit.verify import here
from gradekit.verify.findings import NAMES, SECRETS, SOUGHT, SPOILT, WRONG_VALUES
from gradekit.worker import sandbox
from gradekit.worker.definitions import definitions

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from gradekit.course.course import Course
    from gradekit.diagnosis.case import Attempt
    from gradekit.isolation.template import Template
    from gradekit.jobs import Pool
    from gradekit.judging.assignment import Assignment
    from gradekit.model import Cell


T = TypeVar("T")
HASH_SEEDS = (1, 2)


@dataclass(frozen=True)
class Trial:
    """An answer to try.

    Attributes
    ----------
    section : str
        What it is to prove, as ``mutants``.
    exercise : str
        Whose cell holds `source`; empty for the solution as it stands.
    label : str
        Its name within the section.
    brief : bool
        Judge its own exercise alone, in a process of ours, up to the first test that rejects it.
    """

    section: str
    exercise: str = ""
    label: str = ""
    source: str = ""
    brief: bool = False


@dataclass(frozen=True)
class TrialResult:
    """What became of an answer: the results from its own exercise on; after a brief trial, of that one alone.

    Attributes
    ----------
    problem : pair of str or None
        Of a trial in a process of ours: what is wrong, and what to do about it.
    unnamed : str
        Why a known mistake is given no name; empty where it is given one.
    """

    trial: Trial
    results: tuple[ExerciseResult, ...]
    problem: tuple[str, str] | None = None
    unnamed: str = ""


@dataclass(frozen=True)
class Grader:
    """What one process needs to try answers."""

    assignment: Assignment
    cells: tuple[Cell, ...]
    template: Template
    files: Path
    limits: Limits
    misconceptions: tuple[Misconception, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    training: Callable[[dict[str, Any]], float] | None = None
    followed: dict[Hashable, Attempt | None] = field(default_factory=dict)  # what was judged again, by upon what

    @functools.cached_property
    def rightly(self) -> tuple[float, float]:
        """The loss that the solution's training ends with, and how many seconds any other training may take."""
        assert self.training is not None
        begin = time.monotonic()
        loss = here.trained(self.training, self.cells)
        return loss, max(here.LEAST_S, here.SLOWER * (time.monotonic() - begin))

    def try_answer(self, trial: Trial) -> TrialResult:
        """Grade the notebook with this answer in it."""
        if trial.section in SOUGHT:
            return self._here(trial)
        if trial.brief:
            exercise = self.assignment.exercise(trial.exercise)
            return TrialResult(trial, (here.briefly(self.assignment, exercise, trial.source),))
        return TrialResult(trial, self.grade({trial.exercise: trial.source}, begin=trial.exercise, again=self._once))

    def grade(self, replaced: Mapping[str, str], *, begin: str = "", **more: Any) -> tuple[ExerciseResult, ...]:
        """Grade a notebook in which some exercises' cells hold another text, from one exercise on.

        The exercises before it are judged before its cell has run, so that they cannot differ. `more` goes to
        :func:`gradekit.grade.notebook.grade_cells`.
        """
        chosen: list[Cell] = []
        names = [exercise.name for exercise in self.assignment.exercises]
        skipped = names[: names.index(begin)] if begin else []
        stubs = {exercise.stub.grade_id: replaced.get(exercise.name) for exercise in self.assignment.exercises}
        for cell in self.cells:
            if cell.role is Role.TEST and notebook.exercise_of(cell.grade_id) in skipped:
                continue
            chosen.append(replace(cell, index=len(chosen), source=stubs.get(cell.grade_id) or cell.source))
        judged = grade_cells(
            chosen,
            self.assignment,
            template=self.template,
            limits=self.limits,
            files=self.files,
            seed=self.assignment.name.encode(),
            **more,
            undrawn=range(len(chosen)),
        )
        return judged.exercises

    def _once(self, upon: Upon, judge_again: Callable[[Upon], Attempt | None]) -> Attempt | None:
        """Judge an exercise again once for all answers that leave the same behind for it; the code is our own."""
        left = (ast.dump(node) for cell in upon.before for node in definitions(cell, without=frozenset(upon.without)))
        key = (upon.exercise, upon.source, *left)
        if self.followed.get(key) is None:  # one that was not judged, as its time was up, says nothing of others
            self.followed[key] = judge_again(upon)
        return self.followed[key]

    def _here(self, trial: Trial) -> TrialResult:
        """Try an answer in this process; see :mod:`gradekit.verify.here`."""
        exercise = self.assignment.exercise(trial.exercise)
        if trial.section in (WRONG_VALUES, SPOILT):
            problem = here.spoilt_problem(self.assignment, exercise, trial.label, trial.source)
            return TrialResult(trial, (), problem)
        items = (*self.misconceptions, *self.alternatives)
        (item,) = [item for item in items if (item.exercise, item.label) == (trial.exercise, trial.label)]
        if trial.section == SECRETS:
            return TrialResult(trial, (), here.secret_problem(self.assignment, item))
        assert isinstance(item, Misconception)
        if trial.section == NAMES:
            return TrialResult(trial, (), *here.name_problem(self.assignment, self.misconceptions, item))
        assert self.training is not None
        right, most_s = self.rightly
        loss = here.trained(self.training, self.cells, item, most_s=most_s)
        return TrialResult(trial, (), here.training_problem(self.assignment, item, right=right, loss=loss))


@contextmanager
def open_grader(course: Course, assignment: str, limits: Limits) -> Iterator[Grader]:
    """Load the hidden tests and start a template process, which ends with the block."""
    with template(allow=limits.allow) as running, tempfile.TemporaryDirectory(prefix="gradekit-trials-") as folder:
        files = Path(folder) / "files"
        source = course.source(assignment)
        shutil.copytree(source.parent, files, ignore=shutil.ignore_patterns("*.ipynb", ".*", "__pycache__"))
        loaded = load_assignment(course, assignment)
        cells = notebook.cells(notebook.read(source))
        graded = {exercise.graded for exercise in loaded.exercises if exercise.name in loaded.tested}
        needed = {cell.index for cell in solution_cells(cells)}
        kept = tuple(cell for cell in cells if cell.index in needed or cell.grade_id in graded)
        wrong = load_misconceptions(course, assignment, loaded.exercises, loaded.solution)
        right = load_alternatives(course, assignment, loaded.exercises, loaded.solution)
        yield Grader(loaded, kept, running, files, limits, wrong, right, load_training(course, assignment))


def load_training(course: Course, assignment: str) -> Callable[[dict[str, Any]], float] | None:
    """Return what ``tests.py`` calls ``training``: a notebook's names → the loss that its training ends with."""
    found = run_file(course.hidden(assignment) / "tests.py", {}).get("training")
    return found if callable(found) else None


# --- several processes -----------------------------------------------------------------------------------------------


@contextmanager
def try_answers(
    course: Course, assignment: str, limits: Limits, *, jobs: int
) -> Iterator[Callable[[Sequence[Trial]], Iterator[TrialResult]]]:
    """Give a function that tries answers and yields each when it is done; one job works in this process."""
    with _pool(course, assignment, limits, jobs=0 if jobs == 1 else jobs) as trying:
        yield lambda trials: (_whole(tried) for _, tried in trying.run(Grader.try_answer, trials))


def grade_under_two_hash_seeds(
    course: Course, assignment: str, limits: Limits, answers: Sequence[Mapping[str, str]]
) -> list[list[tuple[ExerciseResult, ...]]]:
    """Grade each notebook twice in each of two processes of ours; return the gradings of each notebook.

    The two sort their sets in different orders. So do their template processes, whose hash seeds are drawn anew.
    """
    found: list[list[tuple[ExerciseResult, ...]]] = [[] for _ in answers]
    twice = [*range(len(answers))] * 2
    with ExitStack() as stack:
        runs = []
        for seed in HASH_SEEDS:
            with _hash_seed(seed):  # the process starts with the pool
                grading = stack.enter_context(_pool(course, assignment, limits, jobs=1))
            runs.append(grading.run(Grader.grade, [answers[index] for index in twice]))
        for index, *gradings in zip(twice, *runs, strict=True):  # one job each: in the order that was given
            found[index] += [_whole(results) for _, results in gradings]
    return found


def _pool(course: Course, assignment: str, limits: Limits, *, jobs: int) -> AbstractContextManager[Pool[Grader]]:
    return pool(open_grader, (course, assignment, limits), jobs=jobs, begin=sandbox.die_with_parent)


@contextmanager
def _hash_seed(seed: int) -> Iterator[None]:
    before = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = str(seed)
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONHASHSEED"]
        else:
            os.environ["PYTHONHASHSEED"] = before


def _whole(result: T | Broken) -> T:
    if isinstance(result, Broken):
        raise GradekitError("One of gradekit's own processes ended.", help="Try again with --jobs 1.")
    return result


def lost(results: Iterable[ExerciseResult]) -> list[ExerciseResult]:
    """Return the exercises that did not earn all their points."""
    return [result for result in results if result.score is None or result.score < result.points]
