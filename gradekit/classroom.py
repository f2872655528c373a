"""Many submissions: who is to be graded, by how many processes at once, with what was done before kept.

Each process of ours holds one template, one open gradebook and the hidden tests, and grades one submission at a time;
learner code runs in the template's forks alone. A submission is done when its report is written, which happens last: a
run that was killed goes on where it stopped.
"""

from __future__ import annotations

import importlib.metadata
import multiprocessing
import platform
import time
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradekit import __version__, converters, notebook, sandbox, store
from gradekit.book import open_assignment, open_gradebook, students
from gradekit.catalogue import load_misconceptions
from gradekit.errors import CourseError, GradekitError, HostError
from gradekit.forkserver import template
from gradekit.grade import grade_cells
from gradekit.gradebook import record
from gradekit.hidden import load_assignment
from gradekit.model import ExerciseResult, GradeReport, TestResult, Verdict
from gradekit.notebook import GRADE_SUFFIX
from gradekit.scoring import Executed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from nbformat import NotebookNode
    from traitlets.config import Config

    from gradekit.book import Book
    from gradekit.catalogue import Misconception
    from gradekit.course import Course
    from gradekit.forkserver import Template
    from gradekit.grade import Judged
    from gradekit.gradebook import Recorded
    from gradekit.hidden import Assignment
    from gradekit.model import Limits

LANDLOCK, NONE = "landlock+seccomp", "none"


@dataclass(frozen=True)
class Order:
    """What to grade, and how.

    Attributes
    ----------
    isolation : str
        ``landlock+seccomp``, or ``none``, which runs learners' code with the user's own rights.
    all_cells : bool
        Run the cells after the last graded one too; they cannot change a score.
    db : str
        The gradebook's address; empty for nbgrader's own setting.
    max_abi : int
        The highest Landlock ABI to use; lower ones are for tests.
    """

    course: Course
    assignment: str
    isolation: str = LANDLOCK
    all_cells: bool = False
    db: str = ""
    max_abi: int = 99


@dataclass(frozen=True)
class Graded:
    """What became of one submission.

    Attributes
    ----------
    report : GradeReport or None
        None where gradekit itself failed; `failure` says how, and nothing was recorded.
    before : GradeReport or None
        The report of the grading before this one.
    """

    student: str
    report: GradeReport | None
    before: GradeReport | None = None
    failure: str = ""

    @property
    def changed(self) -> bool:
        """Whether this grading gave another score than the one before."""
        return None not in (self.before, self.report) and total(self.before) != total(self.report)


def total(report: GradeReport | None) -> float | None:
    """Return the sum of a report's scores; None where something is undecided."""
    if report is None or report.undecided:
        return None
    exercises = sum(result.score or 0.0 for result in report.exercises)
    return exercises + sum(result.score or 0.0 for result in report.inline)


# --- one process -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """What one of our processes needs to grade submissions of one assignment."""

    order: Order
    template: Template
    book: Book
    loaded: Assignment | None
    catalogue: Sequence[Misconception]
    limits: Limits
    hashes: Mapping[str, str]

    def grade(self, student: str, *, notebooks: str = "*") -> tuple[GradeReport, Recorded]:
        """Grade a submission: run it, record it, and write its report last."""
        begin = time.perf_counter()
        judged: dict[str, Judged] = {}
        order = self.order
        seed = store.seed(order.course.root, order.assignment, student)
        before = submission_hash(self.book, student)

        def execute(nb: NotebookNode, name: str, folder: Path) -> Executed:
            cells = notebook.cells(nb)
            tested = self.loaded if name == order.assignment and notebook.calls_hidden_tests(cells) else None
            judged[name] = grade_cells(
                cells,
                tested,
                template=self.template,
                limits=self.limits,
                files=folder,
                seed=seed,
                catalogue=self.catalogue,
                all_cells=order.all_cells,
            )
            return fill(nb, judged[name])

        recorded = record(self.book, student, execute=execute, notebooks=notebooks)
        times: dict[str, float] = {"wall": time.perf_counter() - begin}
        for run in judged.values():
            for name, seconds in run.times.items():
                times[name] = times.get(name, 0.0) + seconds
        exercises = tuple(result for run in judged.values() for result in run.exercises)
        if self.loaded is not None and fnmatch(order.assignment, notebooks) and order.assignment not in judged:
            exercises = unrun(self.loaded, recorded)
        report = GradeReport(
            assignment=order.assignment,
            student=student,
            isolation=order.isolation,
            exercises=exercises,
            inline=tuple(result for run in judged.values() for result in run.inline),
            notes=(*(note for run in judged.values() for note in run.notes), *recorded.notes),
            alarms=recorded.alarms,
            times={name: round(seconds, 4) for name, seconds in times.items()},
            versions=versions(),
            hashes={**self.hashes, "submission": before},
        )
        store.save(order.course.root, report)
        return report, recorded


def unrun(loaded: Assignment, recorded: Recorded) -> tuple[ExerciseResult, ...]:
    """Return the exercises of a notebook that could not be run: undecided, or lost where none was handed in."""
    ours = [note for note in recorded.alarms if note.startswith(f"{loaded.name} is undecided")]
    verdict, score = (Verdict.IE, None) if ours else (Verdict.WA, 0.0)
    said = ours[0] if ours else "No notebook was handed in."
    return tuple(
        ExerciseResult(
            exercise.name,
            exercise.points,
            score,
            tuple(
                TestResult(test.name, test.sentence, test.weight, verdict, said)
                for test in loaded.tested[exercise.name].tests
            ),
        )
        for exercise in loaded.exercises
        if exercise.name in loaded.tested
    )


def fill(nb: NotebookNode, judged: Judged) -> Executed:
    """Put a run's outputs into the notebook's cells, and say which scores are known and which are not."""
    for index, run in judged.outputs.items():
        nb.cells[index].outputs = [_node(output) for output in run.outputs]
        nb.cells[index].execution_count = run.count
    scores = {result.exercise + GRADE_SUFFIX: result.score for result in judged.exercises}
    scores |= {result.grade_id: result.score for result in judged.inline}
    why = {result.grade_id: result.message for result in judged.inline}
    undecided = {
        name: why.get(name) or "our tests could not judge this" for name, score in scores.items() if score is None
    }
    return Executed({name: score for name, score in scores.items() if score is not None}, undecided)


def _node(output: Mapping[str, Any]) -> NotebookNode:
    """Return one output in the notebook's form, made of known fields alone: it came out of a worker."""
    from nbformat import v4  # noqa: PLC0415  (with nbformat, half of the start-up time)

    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return v4.new_output("stream", name=name, text=str(output.get("text", "")))
    if kind == "error":
        trace = output.get("traceback")
        lines = [str(line) for line in trace] if isinstance(trace, list) else []
        ename, evalue = str(output.get("ename", ""))[:300], str(output.get("evalue", ""))[:10_000]
        return v4.new_output("error", ename=ename, evalue=evalue, traceback=lines)
    given = output.get("data")
    data = {str(key): str(value) for key, value in given.items()} if isinstance(given, dict) else {}
    if kind == "execute_result":
        count = output.get("execution_count")
        return v4.new_output("execute_result", data=data, execution_count=count if type(count) is int else None)
    return v4.new_output("display_data", data=data)


def versions() -> dict[str, str]:
    """Return the versions that a score may depend on."""
    found = {name: importlib.metadata.version(name) for name in ("numpy", "IPython", "nbgrader")}
    return {"gradekit": __version__, "python": platform.python_version(), **found}


def submission_hash(book: Book, student: str) -> str:
    """Return the hash of what a student handed in."""
    return store.digest([book.folder(book.directory.submitted_directory, student)])


def settings(order: Order) -> Config:
    """Return the course's settings, with the order's own gradebook where it names one."""
    return converters.settings(order.course, **({"db_url": order.db} if order.db else {}))


@contextmanager
def open_desk(order: Order) -> Iterator[Desk]:
    """Open all that one process needs; ends its template process at the end.

    Raises
    ------
    HostError
        If learners' code cannot be isolated here, or the course lies where it may read.
    """
    refuse_readable(order)
    config = settings(order)
    with ExitStack() as stack:
        gradebook = stack.enter_context(open_gradebook(config))
        book = open_assignment(config, gradebook, order.assignment)
        yield begin_desk(order, stack, config)(book)


def begin_desk(order: Order, stack: ExitStack, config: Config) -> Callable[[Book], Desk]:
    """Load the hidden tests and start a template process, ended with `stack`; return how to sit down to a book."""
    limits = converters.limits(config)
    running = stack.enter_context(template(isolate=order.isolation != NONE, max_abi=order.max_abi))
    loaded = _tests(order)  # while the template warms up
    running.wait_until_warm()
    ours = hashes(order)
    known = _catalogue(order, loaded)
    return lambda book: Desk(order, running, book, loaded, known, limits, ours)


def refuse_readable(order: Order) -> None:
    """Refuse a course that lies in a folder which every worker may read."""
    if order.isolation == NONE:
        return
    for path in sandbox.readable():
        if order.course.root.is_relative_to(path):
            raise HostError(
                f"The course {order.course.root} lies in {path}, which learners' code must be able to read.",
                help="Move the course elsewhere.",
            )


def _tests(order: Order) -> Assignment | None:
    source = order.course.source(order.assignment)  # a course of other making may have notebooks of other names
    if source.exists() and notebook.calls_hidden_tests(notebook.cells(notebook.read(source))):
        return load_assignment(order.course, order.assignment)
    return None


def _catalogue(order: Order, loaded: Assignment | None) -> Sequence[Misconception]:
    if loaded is None:
        return ()
    return load_misconceptions(order.course, order.assignment, loaded.exercises, loaded.solution)


def hashes(order: Order) -> dict[str, str]:
    """Return the hashes of our side: whose change means that a submission is graded again."""
    hidden = order.course.hidden(order.assignment)
    config = [order.course.root / "nbgrader_config.py", order.course.root / "release" / order.assignment]
    return {
        "source": store.digest([order.course.source_folder(order.assignment), *config]),
        "tests": store.digest([hidden / "tests.py", hidden / "misconceptions.py"]),
        "reference": store.digest([hidden / "reference.npz"]),
        "gradekit": store.digest([Path(__file__).parent]),
        "isolation": order.isolation + (", all cells" if order.all_cells else ""),
    }


# --- a class ---------------------------------------------------------------------------------------------------------


def due(order: Order, *, only: Sequence[str] = (), force: bool = False) -> tuple[list[str], list[str]]:
    """Return who is to be graded, and whose submission has not changed since it was.

    Parameters
    ----------
    only : sequence of str
        Students to look at; all where it is empty.

    Raises
    ------
    CourseError
        If one of them handed nothing in, or nobody did.
    """
    config = settings(order)
    asked = _asked(order, config, only)
    ours = hashes(order)
    again: list[str] = []
    kept: list[str] = []
    with open_gradebook(config) as gradebook:
        book = open_assignment(config, gradebook, order.assignment)
        for name in asked:
            report = None if force else store.load(order.course.root, order.assignment, name)
            same = report is not None and report.hashes == {**ours, "submission": submission_hash(book, name)}
            there = book.folder(book.directory.autograded_directory, name).is_dir()
            (kept if same and there else again).append(name)
    return again, kept


def _asked(order: Order, config: Config, only: Sequence[str]) -> Sequence[str]:
    everybody = students(config, order.assignment)
    missing = [name for name in only if name not in everybody]
    where = f"looked in {order.course.root / 'submitted'}"
    if missing:
        raise CourseError(f"{', '.join(map(repr, missing))} handed in nothing for '{order.assignment}': {where}.")
    if not everybody:
        raise CourseError(f"Nobody handed in anything: {where}.")
    return only or everybody


def grade_class(order: Order, names: Sequence[str], *, jobs: int = 1) -> Iterator[Graded]:
    """Grade submissions and yield each when it is done.

    Parameters
    ----------
    jobs : int
        How many processes grade at once; one grades in this process.
    """
    before = {name: store.load(order.course.root, order.assignment, name) for name in names}
    if jobs == 1 or len(names) < 2:
        with open_desk(order) as desk:
            for name in names:
                yield _graded(order, name, _try(desk, name), before[name])
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(names)), context, _begin_job, (order,)) as pool:
        tasks = {pool.submit(_job, name): name for name in names}
        for task in as_completed(tasks):
            name = tasks[task]
            try:
                failure = task.result()
            except BrokenProcessPool:
                failure = "one of gradekit's own processes ended"
            yield _graded(order, name, failure, before[name])


def _graded(order: Order, name: str, failure: str, before: GradeReport | None) -> Graded:
    report = None if failure else store.load(order.course.root, order.assignment, name)
    return Graded(name, report, before, failure)


def _try(desk: Desk, name: str) -> str:
    """Grade one submission; return what went wrong on our side. The others go on."""
    try:
        desk.grade(name)
    except HostError:
        raise
    except GradekitError as error:
        return str(error)
    except Exception:  # noqa: BLE001  (one submission that we fail on must not stop the class)
        return traceback.format_exc(limit=-3).strip()
    return ""


_DESK: list[
    Desk
] = []  # of this job process: it is given by name alone, since nothing of ours is sent between processes


def _begin_job(order: Order) -> None:
    sandbox.die_with_parent()
    stack = ExitStack()
    _DESK.append(stack.enter_context(open_desk(order)))
    Finalize(None, stack.close, exitpriority=10)


def _job(name: str) -> str:
    return _try(_DESK[0], name)
