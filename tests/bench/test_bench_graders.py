"""Four classes, five graders: nbgrader, otter-grader, gradekit with one and two processes, and the bare limit.

Run with ``make bench``. Every contestant grades the same notebooks, cut after the last graded cell. Times are figures
to read, of one run on one machine, so only their ratios travel; what is asserted is that all contestants give the same
scores. The quick contestants run once before and once after nbgrader, so that a change of the machine's mood hits both.

*CPU* counts the contestant's process and every child that it has waited for. The **bare limit** is what no grader can
beat: the same cells in the same IPython shell and the same tests in-process, in a fork of a warm process, and nothing
else: no line, no sandbox, no gradebook, no notebook written; starting up is not counted for it. It runs twice: with all
figures drawn, as nbgrader and otter draw them, and with none.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gradekit.course.course import Course
from gradekit.course.notebook import GRADE_SUFFIX
from gradekit.gradebook import convert
from gradekit.gradebook.settings import read_settings
from gradekit.judging.assignment import load_assignment

from .classes import ASSIGNMENT, OTHER, as_released, blank_heavy, of_other_making, without_figures

STUDENTS = int(os.environ.get("GRADEKIT_BENCH_STUDENTS", "40"))

# One otter test file an exercise: a case for each hidden test, all from one judging of the notebook's globals.
OTTER_TEST = """
import numpy as np
from pathlib import Path
from otter.test_files import test_case
from gradekit.course.course import find_course
from gradekit.judging.assignment import load_assignment
from gradekit.judging.inprocess import judge_in_process

OK_FORMAT = False
name = "{name}"
points = {points}
judged = {{}}


def accepted(env, test):
    if not judged:
        before = np.random.get_state()
        loaded = load_assignment(find_course(Path.cwd()), "{assignment}")
        result = judge_in_process(loaded, name, env)
        judged.update((item.test, item.verdict.name == "AC") for item in result.tests)
        np.random.set_state(before)
    assert judged[test]

{cases}
"""
OTTER_CASE = """
@test_case(points=None, hidden=True)
def {test}(env):
    accepted(env, "{test}")
"""

# Makes otter's zip; arguments: the folder of the tests, the zip. otter takes files from below the working folder alone.
OTTER_ZIP = """
import sys
from otter.generate import main

words = {"no_config": True, "no_requirements": True, "no_environment": True}
main(tests_dir=sys.argv[1], output_path=sys.argv[2], files=["checks.py"], **words)
"""

# Grades a class with otter in one process; argument: the class's folder. Prints the scores as JSON.
OTTER_DRIVER = """
import json, sys
from pathlib import Path
from otter.api import grade_submission

found, root, assignment = {}, Path(sys.argv[1]), sys.argv[2]
for folder in sorted((root / "submitted").iterdir()):
    path = folder / assignment / f"{assignment}.ipynb"
    results = grade_submission(str(path), str(root / "autograder.zip"), quiet=True)
    found[folder.name] = {name: result.score for name, result in results.results.items()}
print("SCORES" + json.dumps(found))
"""

# The bare limit; arguments: the class's folder, the assignment, "drawn" or "undrawn".
# Prints CPU and wall of all forks, and the scores, as JSON.
BARE_DRIVER = """
import json, os, resource, sys, time
from pathlib import Path

import numpy.random
from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.judging.assignment import load_assignment
from gradekit.judging.inprocess import judge_in_process
from gradekit.worker import shell as shells

course, assignment = Course(Path(sys.argv[1])), sys.argv[2]
undrawn = "not drawn" if sys.argv[3] == "undrawn" else ""
exercises, loaded = {}, None
if course.hidden(assignment).is_dir():
    loaded = load_assignment(course, assignment)
    exercises = {item.name + notebook.GRADE_SUFFIX: item.name for item in loaded.exercises}
answer = sys.stdout
outputs = shells.Outputs()
shell = shells.make_shell(outputs)


# The learner's notebook has the graded cells as released: without hidden lines.
released = {
    cell.grade_id: cell.source
    for cell in notebook.cells(notebook.read(course.source(assignment)))
    if cell.points and cell.grade_id not in exercises
}


def learner(folder, pipe):
    os.chdir(folder)
    sys.path.append(str(folder))
    scores = {}
    for cell in notebook.cells(notebook.read(folder / f"{assignment}.ipynb")):
        if cell.grade_id in exercises:
            name = exercises[cell.grade_id]
            before = numpy.random.get_state()
            scores[cell.grade_id] = judge_in_process(loaded, name, shell.user_ns).score
            numpy.random.set_state(before)
        elif cell.kind == "code":
            outputs.begin(keep=True, undrawn=undrawn)
            done = shell.run_cell(released.get(cell.grade_id, cell.source), store_history=True)
            if cell.grade_id in released:  # asserts: all or nothing
                scores[cell.grade_id] = cell.points * done.success
    os.write(pipe, json.dumps(scores).encode())
    os._exit(0)


found = {}
before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
for folder in sorted((course.root / "submitted").iterdir()):
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        learner(folder / assignment, theirs)
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        found[folder.name] = json.loads(pipe.read() or "{}")
    os.waitpid(pid, 0)
wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print("SCORES" + json.dumps({"cpu": cpu, "wall": wall, "scores": found}), file=answer)
"""

Scores = dict[str, dict[str, float]]


@dataclass
class Contestant:
    """One grader: what it took in each of its runs, in seconds for the whole class, and the scores that it gave."""

    name: str
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    scores: Scores = field(default_factory=dict)

    def add(self, wall: float, cpu: float, scores: Scores) -> None:
        """Add a run; the scores must be the same in all."""
        assert not self.scores or self.scores == scores
        self.wall.append(wall)
        self.cpu.append(cpu)
        self.scores = scores

    def each(self, seconds: list[float]) -> float:
        """Return the mean of the runs, for one submission."""
        return sum(seconds) / len(seconds) / STUDENTS


def environment(course: Course) -> dict[str, str]:
    """Return what every contestant runs in: one thread a process, this environment's tools and kernel first."""
    one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    ours = {
        "PATH": path,
        "JUPYTER_PREFER_ENV_PATH": "1",
        "GRADEKIT_COURSE": str(course.root),
        "PYTHONWARNINGS": "ignore",
    }
    return {**os.environ, **one, **ours}


def measured(course: Course, *command: str, allowed: Iterable[int] = (0,)) -> tuple[float, float, str]:
    """Run a command in the course's folder; return wall and CPU seconds, children included, and its output."""
    with (course.root / "out.txt").open("w+", encoding="utf-8") as out:
        begin = time.perf_counter()
        process = subprocess.Popen(command, cwd=course.root, env=environment(course), stdout=out, stderr=out)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read()
    assert process.returncode in allowed, said[-3000:]
    return wall, usage.ru_utime + usage.ru_stime, said


def answered(said: str) -> dict:
    """Return what a driver has printed."""
    return json.loads(said.rsplit("SCORES", 1)[1])


# --- the class -------------------------------------------------------------------------------------------------------


def copied(course: Course, name: str) -> Course:
    """Copy the class for one contestant."""
    return Course(Path(shutil.copytree(course.root, course.root.parent / name)))


def with_checks(course: Course) -> Course:
    """Put checks.py beside every notebook, as nbgrader and gradekit do when they grade."""
    for folder in (course.root / "submitted").iterdir():
        shutil.copyfile(course.source_folder(ASSIGNMENT) / "checks.py", folder / ASSIGNMENT / "checks.py")
    return course


# --- the contestants -------------------------------------------------------------------------------------------------


def gradebook_scores(course: Course, assignment: str) -> Scores:
    """Read what a contestant has written into its gradebook, by student and graded cell."""
    with convert.gradebook(read_settings(course)) as gradebook:
        return {
            one.student_id: {
                row.name: row.auto_score for book in one.notebooks for row in book.grades if row.cell.max_score
            }
            for one in gradebook.assignment_submissions(assignment)
        }


def run_nbgrader(course: Course, assignment: str) -> tuple[float, float, Scores]:
    """Run stock ``nbgrader autograde`` once over the class."""
    wall, cpu, _ = measured(course, sys.executable, "-m", "nbgrader", "autograde", assignment, "--force")
    return wall, cpu, gradebook_scores(course, assignment)


def make_otter_zip(course: Course) -> None:
    """Write tests/<exercise>.py from the hidden tests, and let otter make its zip."""
    loaded = load_assignment(course, ASSIGNMENT)
    tests = course.root / "otter"
    tests.mkdir()
    for exercise in loaded.exercises:
        hidden = loaded.tested[exercise.name].tests
        whole = sum(test.weight for test in hidden)
        text = OTTER_TEST.format(
            assignment=ASSIGNMENT,
            name=exercise.name,
            points=[exercise.points * test.weight / whole for test in hidden],
            cases="\n".join(OTTER_CASE.format(test=test.name) for test in hidden),
        )
        (tests / f"{exercise.name}.py").write_text(text, encoding="utf-8")
    shutil.copyfile(course.source_folder(ASSIGNMENT) / "checks.py", course.root / "checks.py")
    measured(course, sys.executable, "-c", OTTER_ZIP, str(tests), str(course.root / "autograder.zip"))


def run_otter(course: Course) -> tuple[float, float, Scores]:
    """Run ``otter.api.grade_submission`` over the class in one process."""
    wall, cpu, said = measured(course, sys.executable, "-c", OTTER_DRIVER, str(course.root), ASSIGNMENT)
    found = {
        student: {f"{name}{GRADE_SUFFIX}": score for name, score in scores.items()}
        for student, scores in answered(said).items()
    }
    return wall, cpu, found


def run_gradekit(course: Course, assignment: str, jobs: int, only: Iterable[str] = ()) -> tuple[float, float, Scores]:
    """Run ``gradekit grade`` once over the class, or over some."""
    words = [word for name in only for word in ("--student", name)]
    command = ("-m", "gradekit.cli", "grade", assignment, "--course-dir", str(course.root), "--jobs", str(jobs))
    wall, cpu, _ = measured(course, sys.executable, *command, "--force", *words)
    return wall, cpu, {} if words else gradebook_scores(course, assignment)


def run_bare(course: Course, assignment: str, figures: str) -> tuple[float, float, Scores]:
    """Run the bare limit over the class; its own start is not counted."""
    found = answered(measured(course, sys.executable, "-c", BARE_DRIVER, str(course.root), assignment, figures)[2])
    return found["wall"], found["cpu"], found["scores"]


# --- what is reported ------------------------------------------------------------------------------------------------


def print_table(contestants: list[Contestant], undrawn: Contestant) -> None:
    """Print wall and CPU per submission, and how they compare with nbgrader and with the undrawn bare limit."""
    nbgrader = contestants[0]
    print(f"\n{'per submission':24}{'wall s':>9}{'CPU s':>9}{'throughput':>12}{'less CPU':>10}{'CPU of undrawn':>16}")
    for one in contestants:
        wall, cpu = one.each(one.wall), one.each(one.cpu)
        faster, less = nbgrader.each(nbgrader.wall) / wall, nbgrader.each(nbgrader.cpu) / cpu
        of_bare = cpu / undrawn.each(undrawn.cpu)
        print(f"{one.name:24}{wall:9.3f}{cpu:9.3f}{faster:11.1f}x{less:9.1f}x{of_bare:15.2f}x")


def print_break_down(course: Course, assignment: str, ours: Contestant) -> None:
    """Print where gradekit's time goes, from the reports of its last run."""
    folder = course.root / ".gradekit" / assignment
    times = [json.loads(path.read_text(encoding="utf-8"))["times"] for path in folder.glob("*.json")]
    assert len(times) == STUDENTS
    names = ("cells", "tests", "follow_through", "diagnosis")
    parts = {name: sum(one.get(name, 0.0) for one in times) / STUDENTS for name in names}
    inside = sum(one["wall"] for one in times) / STUDENTS
    whole = ours.wall[-1] / STUDENTS
    parts |= {"else in judging": inside - sum(parts.values()), "start, rows, files": whole - inside, "in all": whole}
    print("\ngradekit --jobs 1, wall s per submission, its last run:")
    for name, seconds in parts.items():
        print(f"  {name:22}{seconds:9.3f}")


def print_start(course: Course, assignment: str, ours: Contestant) -> None:
    """Print the CPU seconds of a run over one submission, and what each further one adds."""
    first, *_ = sorted(path.name for path in (course.root / "submitted").iterdir())
    run_gradekit(course, assignment, 1, only=[first])  # tries the source's own solution, once
    wall, cpu, _ = run_gradekit(course, assignment, 1, only=[first])
    more = (ours.cpu[-1] - cpu) / max(1, STUDENTS - 1)
    print(f"  one submission alone: {wall:.2f} s, CPU {cpu:.2f} s; each further one CPU {more:.3f} s")


def check_scores(contestants: list[Contestant]) -> None:
    """Demand that every submission has the same scores with all contestants."""
    first, *others = contestants
    assert len(first.scores) == STUDENTS
    for other in others:
        for student, scores in first.scores.items():
            given = other.scores[student]
            assert given == pytest.approx(scores, abs=1e-9), f"{student}: {first.name} and {other.name} differ"


CLASSES = {
    "of other making": of_other_making,
    "blank-heavy": blank_heavy,
    "without figures": without_figures,
    "as released": as_released,
}


@pytest.mark.parametrize("how", CLASSES)
def test_graders(tmp_path: Path, how: str) -> None:
    """All contestants give the same scores; print what each of them took."""
    course, assignment = CLASSES[how](tmp_path, STUDENTS), OTHER if how == "of other making" else ASSIGNMENT
    print(f"\n{STUDENTS} submissions of {assignment}, {how}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    nbgrader, otter = Contestant("nbgrader autograde"), Contestant("otter grade_submission")
    one, two = Contestant("gradekit --jobs 1"), Contestant("gradekit --jobs 2")
    drawn, undrawn = Contestant("bare limit"), Contestant("bare limit, undrawn")
    alone, pair, forked = copied(course, "one"), copied(course, "two"), copied(course, "bare")
    if assignment == ASSIGNMENT:
        with_checks(forked)
    quick: list[tuple[Contestant, Callable[[], tuple[float, float, Scores]]]] = [
        (drawn, lambda: run_bare(forked, assignment, "drawn")),
        (undrawn, lambda: run_bare(forked, assignment, "undrawn")),
        (one, lambda: run_gradekit(alone, assignment, 1)),
        (two, lambda: run_gradekit(pair, assignment, 2)),
    ]
    for contestant, run in quick:
        contestant.add(*run())
    nbgrader.add(*run_nbgrader(copied(course, "nbgrader"), assignment))
    for contestant, run in reversed(quick):
        contestant.add(*run())
    contestants = [nbgrader, one, two, drawn, undrawn]
    if how == "as released" and importlib.util.find_spec("otter"):
        graded = with_checks(copied(course, "otter"))
        make_otter_zip(graded)
        otter.add(*run_otter(graded))
        contestants.insert(1, otter)
    elif how == "as released":
        print("otter-grader is not installed, so it does not take part: pip install 'otter-grader==7.0.*'")
    print_table(contestants, undrawn)
    print_break_down(alone, assignment, one)
    print_start(alone, assignment, one)
    check_scores(contestants)
    faster = [nbgrader.each(nbgrader.wall) / ours.each(ours.wall) for ours in (two, one)]
    of_bare = one.each(one.cpu) / undrawn.each(undrawn.cpu)
    print(f"at the end: load {os.getloadavg()[0]:.1f}")
    print(
        f"{how}: {faster[0]:.1f} x nbgrader (--jobs 2), {faster[1]:.1f} x (--jobs 1), CPU {of_bare:.2f} of bare undrawn"
    )
