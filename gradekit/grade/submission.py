"""One submission of an assignment: what one process needs to grade it, and how it is graded."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from gradekit.course import notebook, reports
from gradekit.course.notebook import GRADE_SUFFIX
from gradekit.errors import HostError
from gradekit.grade.notebook import grade_cells
from gradekit.grade.record import record
from gradekit.gradebook.assignment import open_assignment, open_gradebook
from gradekit.gradebook.rows import Executed
from gradekit.gradebook.settings import read_limits, read_settings
from gradekit.isolation.template import template
from gradekit.judging.assignment import load_assignment
from gradekit.judging.catalogue import load_misconceptions
from gradekit.model import ExerciseResult, GradeReport, TestResult, Verdict
from gradekit.worker import sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from nbformat import NotebookNode
    from traitlets.config import Config

    from gradekit.course.course import Course
    from gradekit.grade.notebook import Judged
    from gradekit.grade.record import Recorded
    from gradekit.gradebook.assignment import Book
    from gradekit.isolation.template import Template
    from gradekit.judging.assignment import Assignment
    from gradekit.judging.catalogue import Misconception
    from gradekit.model import Limits
from gradekit.grade.unchanged import hashes, submission_hash, versions

NOTHING = "No notebook was handed in."
LANDLOCK, USER, NONE = "landlock+seccomp", "another user", "none"


@dataclass(frozen=True)
class Order:
    """What to grade, and how.

    Attributes
    ----------
    isolation : str
        ``landlock+seccomp``; ``another user``, for a container without Landlock that holds one submission; or ``none``,
        which runs learners' code with the user's own rights.
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
        seed = reports.seed(order.course.root, order.assignment, student)
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
        reports.save(order.course.root, report)
        return report, recorded


def unrun(loaded: Assignment, recorded: Recorded) -> tuple[ExerciseResult, ...]:
    """Return the exercises of a notebook that could not be run: undecided, or lost where none was handed in."""
    ours = [note for note in recorded.alarms if note.startswith(f"{loaded.name} is undecided")]
    verdict, score = (Verdict.IE, None) if ours else (Verdict.WA, 0.0)
    said = ours[0] if ours else NOTHING
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


def settings_of(order: Order) -> Config:
    """Return the course's settings, with the order's own gradebook where it names one."""
    return read_settings(order.course, **({"db_url": order.db} if order.db else {}))


@contextmanager
def open_desk(order: Order) -> Iterator[Desk]:
    """Open all that one process needs; ends its template process at the end.

    Raises
    ------
    HostError
        If learners' code cannot be isolated here, or the course lies where it may read.
    """
    refuse_readable(order)
    config = settings_of(order)
    with ExitStack() as stack:
        gradebook = stack.enter_context(open_gradebook(config))
        book = open_assignment(config, gradebook, order.assignment)
        yield begin_desk(order, stack, config)(book)


def begin_desk(order: Order, stack: ExitStack, config: Config) -> Callable[[Book], Desk]:
    """Load the hidden tests and start a template process, ended with `stack`; return how to sit down to a book."""
    limits = read_limits(config)
    running = stack.enter_context(template(**_walls(order)))
    loaded = _tests(order)  # while the template warms up
    running.wait_until_warm()
    ours = hashes(order)
    known = _catalogue(order, loaded)
    return lambda book: Desk(order, running, book, loaded, known, limits, ours)


def _walls(order: Order) -> dict[str, Any]:
    return {"isolate": order.isolation != NONE, "landlock": order.isolation != USER}


def refuse_readable(order: Order) -> None:
    """Refuse a course that lies in a folder which every worker may read."""
    if order.isolation == NONE:
        return
    if order.isolation == USER and sandbox.others_can_read(str(order.course.root)):
        raise HostError(f"The course {order.course.root} is open to other users.", help="Close it: chmod 700")
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
