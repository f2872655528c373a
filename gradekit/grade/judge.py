"""HandIn → Judged: what a process needs to judge submissions of one assignment, and the judging of one.

No database, no other submission, no folder of the course but the assignment's own: it can run in another process.
"""

from __future__ import annotations

import hmac
import importlib.metadata
import importlib.util
import json
import platform
import py_compile
import sys
import tempfile
import time
import traceback
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, TypeVar

import gradekit
from gradekit import __version__, files
from gradekit.bounds import bounded_memory
from gradekit.course import notebook, reports
from gradekit.errors import CourseError, GradekitError, HostError, NoMemoryLeft, SourceError
from gradekit.grade.budget import Budget
from gradekit.grade.notebook import grade_cells
from gradekit.grade.travel import pack_judged, unpack_hand_in
from gradekit.isolation.readable import readable
from gradekit.isolation.template import Started, template
from gradekit.jobs import start
from gradekit.judging.assignment import load_assignment
from gradekit.judging.catalogue import load_misconceptions
from gradekit.model import ExerciseResult, Judged, JudgedNotebook, Role, TestResult, Verdict
from gradekit.worker import sandbox
from gradekit.worker.sandbox import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gradekit.course.course import Course
    from gradekit.isolation.template import Template
    from gradekit.jobs import Job
    from gradekit.judging.assignment import Assignment
    from gradekit.judging.catalogue import Misconception
    from gradekit.model import Figures, HandedNotebook, HandIn, Limits

T = TypeVar("T")
PACKAGE = Path(gradekit.__file__).parent
# Our own code that a score depends on: rooms and top files; no page, no report, no template.
ROOMS = ("worker", "course", "judging", "diagnosis", "isolation", "gradebook", "handin", "grade")
JUDGES = (*ROOMS, *(f"{name}.py" for name in ("errors", "model", "score", "text", "files", "bounds", "checks")))
MODULE_BYTES = 2**20  # of a text; a larger one is compiled where it is imported
HASH = slice(8, 16)  # of the text, in a compiled module that is held to it
AGAIN = 3  # the exit code of a job process that gives its place to a new one
JUDGING_BYTES = 2**31  # of address space, beside what the process has; what a worker sends is some 100 MB at the most
ROOM = 0.9  # of what a worker's folder may hold: the most that the source's files take of it
ENDED_US = "it ended the grader, or found no memory left"
NOTHING = "No notebook was handed in."
LANDLOCK, USER, NONE = "landlock+seccomp", "another user", "none"


@dataclass(frozen=True)
class Grading:
    """What to grade, and how.

    Attributes
    ----------
    isolation : str
        ``landlock+seccomp``; ``another user``, for a container without Landlock that holds one submission; or ``none``,
        which runs learners' code with the user's own rights.
    all_cells : bool
        Run the cells after the last graded one too; they cannot change a score.
    figures : Figures or None
        Of which cells the figures are drawn; None where the settings say it.
    """

    course: Course
    assignment: str
    isolation: str = LANDLOCK
    all_cells: bool = False
    figures: Figures | None = None


@dataclass(frozen=True)
class Setup:
    """What a process needs to judge submissions of one assignment: no gradebook, no submission, no other folder.

    Attributes
    ----------
    tests : Assignment or None
        The hidden tests; None where the assignment has none.
    catalogue : sequence of Misconception
        The wrong answers that an exercise which lost points is compared with.
    secret : bytes
        The course's; fresh inputs follow from it, the same for the whole class.
    compiled : mapping of str to bytes
        The modules beside the notebooks, compiled, by the places where Python looks for that.
    judged_by, line : str
        What :class:`gradekit.model.Judged` says of the place; empty on the gradebook's machine.
    """

    assignment: str
    template: Template
    limits: Limits
    tests: Assignment | None
    catalogue: Sequence[Misconception]
    secret: bytes
    isolation: str = LANDLOCK
    all_cells: bool = False
    compiled: Mapping[str, bytes] = field(default_factory=dict)
    judged_by: str = ""
    line: str = ""


@contextmanager
def started_early() -> Iterator[Job]:
    """Start a process that will judge, and its template, while ours still reads what there is to do."""
    job = start(die_with_parent, start_template)
    try:
        yield job
    finally:
        job.end()


@contextmanager
def start_template() -> Iterator[Started]:
    """Start a template process, which ends with the block, before it is known what for."""
    started = Started()
    try:
        yield started
    finally:
        started.close()


@contextmanager
def open_setup(grading: Grading, limits: Limits, started: Started | None = None) -> Iterator[Setup]:
    """Load the hidden tests and start a template process, which ends with the block.

    Parameters
    ----------
    started : Started, optional
        The template process, where it was started before.

    Raises
    ------
    HostError
        If learners' code cannot be isolated here, or the course lies where it may read.
    CourseError
        If the assignment's data are more than learners' code may have in its folder.
    """
    refuse_readable(grading)
    refuse_too_large(grading, limits)
    course, name = grading.course, grading.assignment
    own = _modules(course.source_folder(name))
    walls = {"isolate": grading.isolation != NONE, "landlock": grading.isolation != USER}
    more = {"modules": own, "allow": limits.allow, "imports": _imports(course, name)}
    with template(**walls, **more, started=started) as running:
        tests = _tests(course, name)  # while the template warms up
        known = load_misconceptions(course, name, tests.exercises, tests.solution) if tests else ()
        compiled = compiled_modules(course.source_folder(name))
        running.wait_until_warm()
        secret = reports.secret(course.root)
        yield Setup(name, running, limits, tests, known, secret, grading.isolation, grading.all_cells, compiled)


def _modules(folder: Path) -> tuple[str, ...]:
    """Return the names of the Python modules and packages that the instructor has put beside the notebooks."""
    files = {path.stem for path in folder.glob("*.py")}
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    return tuple(sorted(name for name in files | packages if name.isidentifier()))


def _imports(course: Course, assignment: str) -> tuple[str, ...]:
    """Return the modules that the source's notebooks import; of one that cannot be read, none."""
    names: dict[str, None] = {}
    for path in course.notebooks(assignment):
        with suppress(SourceError):
            cells = notebook.cells(notebook.read(path))
            names |= dict.fromkeys(name for cell in cells for name in notebook.imported(cell.source))
    return tuple(names)


def compiled_modules(folder: Path) -> dict[str, bytes]:
    """Compile the modules that the instructor has put beside the notebooks, by the places where Python looks for that.

    Otherwise every worker would. Python holds the text to the hash of what was compiled; a changed one counts as it is.
    """
    found = {}
    with tempfile.TemporaryDirectory(prefix="gradekit-compiled-") as made:
        for path in folder.glob("*.py"):
            target = Path(made) / f"{path.stem}.{sys.implementation.cache_tag}.pyc"
            with suppress(OSError, ValueError, py_compile.PyCompileError):
                mode = py_compile.PycInvalidationMode.CHECKED_HASH
                py_compile.compile(str(path), str(target), doraise=True, invalidation_mode=mode)
                found[f"__pycache__/{target.name}"] = target.read_bytes()
    return found


def refuse_readable(grading: Grading) -> None:
    """Refuse a course that lies in a folder which every worker may read."""
    root = grading.course.root
    if grading.isolation == NONE:
        return
    if grading.isolation == USER and sandbox.others_can_read(str(root)):
        raise HostError(f"The course {root} is open to other users.", help="Close it: chmod 700")
    for path in readable():
        if root.is_relative_to(path):
            raise HostError(
                f"The course {root} lies in {path}, which learners' code must be able to read.",
                help="Move the course elsewhere.",
            )


def refuse_too_large(grading: Grading, limits: Limits) -> None:
    """Refuse data of an assignment that would leave learners' code no room in its folder: our limit, our files.

    Raises
    ------
    CourseError
    """
    folder = grading.course.source_folder(grading.assignment)
    data = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".ipynb"]
    size = sum(path.stat().st_size for path in data)
    help_ = "Make them smaller, or raise c.Gradekit.{} in nbgrader_config.py."
    if size > ROOM * limits.scratch_bytes:
        largest = max(data, key=lambda path: path.stat().st_size)
        raise CourseError(
            f"The data in {folder} have {size / 1e6:.0f} MB, the largest is {largest.name}: too much for a folder "
            f"in which learners' code runs, which holds {limits.scratch_bytes / 1e6:.0f} MB.",
            help=help_.format("scratch_bytes"),
        )
    if len(data) > ROOM * limits.scratch_files:
        raise CourseError(
            f"{folder} holds {len(data):,} files: too many for a folder in which learners' code runs, which holds "
            f"{limits.scratch_files:,}.",
            help=help_.format("scratch_files"),
        )


def _tests(course: Course, assignment: str) -> Assignment | None:
    source = course.source(assignment)  # a course of other making may have notebooks of other names
    if source.exists() and notebook.calls_hidden_tests(notebook.cells(notebook.read(source))):
        return load_assignment(course, assignment)
    return None


def judge(setup: Setup, hand_in: HandIn) -> Judged:
    """Run a submission's notebooks in workers and judge their exercises.

    It sees no database and no other submission. What the learner's code writes is added to the submission's files.

    Raises
    ------
    MemoryError
        If it takes more memory than any submission needs.
    """
    begin = time.perf_counter()
    budget = Budget(setup.limits)
    if setup.tests is not None:
        setup = replace(setup, tests=setup.tests.worth(hand_in.points))
    with bounded_memory(JUDGING_BYTES), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is computed of a learner's values: nobody could say whose they are
        beside = {**_compiled_of(setup, hand_in), **_notebooks(hand_in)}
        found = [item for item in hand_in.notebooks if item.runs or item.problem]
        runs = [_judged(setup, hand_in, item, budget, beside) for item in found]
    if setup.tests is not None and setup.assignment in hand_in.missing:
        runs.append(JudgedNotebook(setup.assignment, exercises=_unrun(setup.tests, Verdict.WA, NOTHING)))
    wall_s, where = time.perf_counter() - begin, (setup.judged_by, setup.line)
    return Judged(tuple(runs), setup.isolation, versions(), wall_s, setup.limits.allow, *where)


def give_up(hand_in: HandIn) -> HandIn:
    """Return a submission of which nothing is run any more: judged, it is undecided as a whole, and says why."""
    left = tuple(replace(found, problem=found.problem or ENDED_US) for found in hand_in.notebooks)
    return replace(hand_in, notebooks=left)


def _compiled_of(setup: Setup, hand_in: HandIn) -> dict[str, bytes]:
    """Return the compiled modules of which the submission has the text itself: a course may keep one back."""
    found = {}
    for name, data in setup.compiled.items():
        text = hand_in.files / f"{PurePath(name).name.split('.')[0]}.py"
        with suppress(OSError):
            known = not text.is_symlink() and text.stat().st_size <= MODULE_BYTES
            if known and importlib.util.source_hash(text.read_bytes()) == data[HASH]:
                found[name] = data
    return found


def _judged(
    setup: Setup, hand_in: HandIn, found: HandedNotebook, budget: Budget, beside: Mapping[str, bytes]
) -> JudgedNotebook:
    cells = notebook.cells(dict(found.node))
    with_tests = found.name == setup.assignment and notebook.calls_hidden_tests(cells)
    tests = setup.tests if with_tests else None
    if found.problem:
        why = f"{found.name} is undecided: {found.problem}"
        return JudgedNotebook(found.name, exercises=_unrun(tests, Verdict.IE, why) if tests else ())
    run = grade_cells(
        cells,
        tests,
        template=setup.template,
        limits=setup.limits,
        files=hand_in.files,
        seed=hmac.digest(setup.secret, hand_in.assignment.encode(), "sha256"),
        catalogue=setup.catalogue,
        all_cells=setup.all_cells or tests is None,  # another notebook may need what is written behind its last test
        budget=budget,
        beside=beside,
        doubts=found.doubts,
        undrawn=found.undrawn,
    )
    return replace(run, name=found.name)


def _notebooks(hand_in: HandIn) -> dict[str, bytes]:
    """Return the files of a submission's notebooks, by their names."""
    return {f"{each.name}.ipynb": _as_handed_in(each) for each in hand_in.notebooks if not each.problem}


def _as_handed_in(found: HandedNotebook) -> bytes:
    """Return a notebook's file for cells that read it: without what stands in graded cells and in tasks."""
    closed = {cell.index for cell in notebook.cells(dict(found.node)) if cell.role in (Role.TEST, Role.TASK)}
    shown = [{**cell, "source": ""} if index in closed else cell for index, cell in enumerate(found.node["cells"])]
    return json.dumps({**found.node, "cells": shown}).encode()  # in ASCII: a text may hold half a pair


def _unrun(tests: Assignment, verdict: Verdict, said: str) -> tuple[ExerciseResult, ...]:
    """Return the exercises of a notebook that could not be run: undecided, or lost where none was handed in."""
    score = None if verdict is Verdict.IE else 0.0
    return tuple(
        ExerciseResult(
            exercise.name,
            exercise.points,
            score,
            tuple(
                TestResult(test.name, test.sentence, test.weight, verdict, said)
                for test in tests.tested[exercise.name].tests
            ),
            graded=exercise.graded,
        )
        for exercise in tests.exercises
        if exercise.name in tests.tested
    )


def versions() -> dict[str, str]:
    """Return the versions that a score may depend on."""
    found = {name: importlib.metadata.version(name) for name in ("numpy", "IPython", "nbgrader")}
    return {"gradekit": __version__, "python": platform.python_version(), **found}


def own_code() -> str:
    """Return the hash of our own code that a score depends on."""
    return files.digest([PACKAGE / name for name in JUDGES])


# --- in a process apart ----------------------------------------------------------------------------------------------


def ready(setup: Setup, item: None) -> None:
    """Answer once a process is open."""


def judge_there(setup: Setup, item: tuple[str, bytes]) -> bytes | str:
    """Judge in a job process, a student's packed submission; return what that has brought, or what went wrong of ours.

    A process without a template, or without memory, its own or the machine's, ends: whoever comes next gets a new one.
    """

    def judged() -> bytes:
        """Judge, or end this process."""
        try:
            return pack_judged(judge(setup, unpack_hand_in(item[1])))
        except (MemoryError, NoMemoryLeft):
            sys.exit(AGAIN)
        except HostError:
            if setup.template.ended:
                sys.exit(AGAIN)
            raise

    return tried(judged)


def tried(work: Callable[..., T], *args: Any, **words: Any) -> T | str:
    """Return what was made, or what went wrong on our side: the other submissions go on."""
    try:
        return work(*args, **words)
    except HostError:
        raise
    except GradekitError as error:
        return str(error)
    except Exception:  # noqa: BLE001  (one submission that we fail on must not stop the class)
        return traceback.format_exc(limit=-3).strip()
