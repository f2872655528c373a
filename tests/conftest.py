"""Fixtures that more than one folder of tests uses: a course small enough to be made anew for every test.

What takes seconds to make is made once in all of pytest's processes, and copied.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import json
import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import nbgrader.api
import pytest

from gradekit.course.course import Course
from gradekit.gradebook.settings import course_at
from gradekit.judging.freeze import freeze

# The settings and the gradebook of whoever runs the tests are nobody's business here.
os.environ["JUPYTER_CONFIG_DIR"] = tempfile.mkdtemp(prefix="gradekit-tests-")
atexit.register(shutil.rmtree, os.environ["JUPYTER_CONFIG_DIR"], ignore_errors=True)

# A run in the background ignores Ctrl-C, and whatever it starts would as well.
with contextlib.suppress(ValueError):  # not in the main thread
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Half of what it takes to import nbgrader, in every program that the tests start, goes into grammars that jsonschema's
# optional check of addresses builds of a package. Nobody checks addresses here; without the package it does without.
_LEFT_OUT = str(Path(__file__).parent / "left_out")
if _LEFT_OUT not in (_paths := os.environ.get("PYTHONPATH", "").split(os.pathsep)):
    os.environ["PYTHONPATH"] = os.pathsep.join([_LEFT_OUT, *filter(None, _paths)])

# For every new gradebook nbgrader starts a program, which takes seconds, to ask for the version of its own tables.
nbgrader.api.get_alembic_version = functools.cache(nbgrader.api.get_alembic_version)

# Nothing is timed: a busy machine decides about no test.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

ROOT = Path(__file__).parents[1]
NAMES = Course(ROOT).assignments()

# What tries one answer after the other tries of the first assignment's every one, or every third one, in every run,
# and of another assignment's one in so many; what grades a whole class does so for these in every run. The long run,
# `make test-all`, tries all.
FIRST, SAMPLED = "rnn_from_scratch", {"test_catalogue": 30, "test_diagnose": 24}
SAMPLED |= {f"test_{name}_{what}": 12 for name in NAMES if name != FIRST for what in ("grades", "oracles")}
OF_FIRST = {"test_catalogue": 3}
WHOLE, IN_EVERY_RUN = {"test_parity", "test_nbgrader", "test_jupyter", "test_exports"}, {FIRST}
# What runs a whole solution leaves these out, which train for long.
SOLVED, LONG = {"test_release", "test_figures"}, {*NAMES} - {FIRST}
# What takes longest, of which no process should begin at the end, when the others have nothing left to do.
LONGEST = ("test_attacks", "test_resume", "test_exports", "test_jupyter", "test_nbgrader_pages", "test_demo_pages")

TESTS = '''
"""Hidden tests of the small course."""
from gradekit.hidden import exercise

double = exercise("double")


@double.frozen
def double_cases(rng, reference):
    return [{"x": x, "y": reference.double(x)} for x in (rng.normal(size=(2, 3)), rng.normal(size=(1, 1)))]


@double.test(weight=2, kills=["squares"])
def values(student, reference, expect):
    """double(x) has the right values."""
    for case in reference.cases("double_cases"):
        expect.close(student.double(case["x"]), case["y"], name="double(x)")
    x = reference.draw((3, 2))
    expect.close(student.double(x), reference.double(x), name="double(x)")


@double.test(kills=["changes_x"], requires="values")
def argument_is_left_alone(student, reference, expect):
    """double(x) does not change x."""
    expect.unchanged(student.double, reference.draw((3,)))


quadruple = exercise("quadruple")


@quadruple.test()
def four_times(student, reference, expect):
    """quadruple(x) is four times x."""
    x = reference.draw((4, 2))
    expect.close(student.quadruple(x), reference.quadruple(x), name="quadruple(x)")
'''

MISCONCEPTIONS = '''
"""Wrong answers of the small course."""
from gradekit.hidden import __name__ as _  # the file may import what it likes
from gradekit.hidden import misconception


@misconception("double", title="Squared", message="What is 3 doubled?", justification="x * x for x + x")
def squares(x):
    return x * x


@misconception("double", title="In place", message="Whose array is x?", justification="x *= 2")
def changes_x(x):
    x *= 2
    return x
'''


def _cell(kind: str, name: str, source: str, meta: dict[str, Any] | None = None) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    if kind == "code":
        cell |= {"outputs": [], "execution_count": None}
    if meta is not None:
        flags = {
            "schema_version": 3,
            "grade_id": name,
            "grade": False,
            "solution": False,
            "locked": True,
            "task": False,
        }
        cell["metadata"]["nbgrader"] = flags | meta
    return cell


def _exercise(name: str, points: float, stub: str, check: str) -> list[dict[str, Any]]:
    graded = (
        f"# Graded with hidden tests: {points:g} points.\n### BEGIN HIDDEN TESTS\n"
        f'from gradekit.hidden import grade\ngrade("small", "{name}", globals())\n### END HIDDEN TESTS'
    )
    return [
        _cell("markdown", f"{name}-text", f"## {name} ({points:g} points)", {}),
        _cell("code", name, stub, {"solution": True, "locked": False}),
        _cell("code", f"{name}-try", f"print({name}(np.ones(2)))"),
        _cell("code", f"{name}-tests", f"# Checks: {name}\n{check}", {"grade": True, "points": 0}),
        _cell("code", f"{name}-grade", graded, {"grade": True, "points": points}),
    ]


def small_notebook() -> dict[str, Any]:
    """Return the small course's source notebook: two exercises, the second built on the first."""
    double = (
        "def double(x):\n    ### BEGIN SOLUTION\n    doubled_value = x + x\n"
        "    return doubled_value\n    ### END SOLUTION"
    )
    quadruple = "def quadruple(x):\n    ### BEGIN SOLUTION\n    return double(double(x))\n    ### END SOLUTION"
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            _cell("markdown", "title", "# A small notebook\n\n2.5 points", {}),
            _cell("code", "imports", "import numpy as np\n\nimport checks", {}),
            *_exercise("double", 0.5, double, 'checks.close(double(np.ones(2)), [2.0, 2.0], name="double(1)")'),
            *_exercise(
                "quadruple", 2, quadruple, 'checks.close(quadruple(np.ones(2)), [4.0, 4.0], name="quadruple(1)")'
            ),
        ],
    }


def _small(root: Path) -> Course:
    course = Course(root)
    source = course.source("small")
    source.parent.mkdir(parents=True)
    source.write_text(json.dumps(small_notebook(), indent=1), encoding="utf-8")
    (source.parent / "checks.py").symlink_to(ROOT / "gradekit" / "checks.py")
    course.hidden("small").mkdir(parents=True)
    (course.hidden("small") / "tests.py").write_text(TESTS, encoding="utf-8")
    (course.hidden("small") / "misconceptions.py").write_text(MISCONCEPTIONS, encoding="utf-8")
    shutil.copy(ROOT / "nbgrader_config.py", course.root)
    freeze(course, "small")
    return course_at(course.root)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Leave to the long run what repeats itself; once the order is shuffled, let each process begin with long tests."""
    _leave_to_the_long_run(items)
    yield
    _begin_with_the_longest(items, shares=int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def _begin_with_the_longest(items: list[pytest.Item], *, shares: int) -> None:
    """Put the longest files first in each of the equal shares that --dist worksteal begins with."""
    rest = [item for item in items if item.path.stem not in LONGEST]
    ordered: list[pytest.Item] = []
    for share in range(shares if shares > 1 else 0):
        own = [item for name in LONGEST[share::shares] for item in items if item.path.stem == name]
        more = max(0, (share + 1) * len(items) // shares - len(ordered) - len(own))
        ordered += own + rest[:more]
        del rest[:more]
    items[:] = [*ordered, *rest] if ordered else items


def _leave_to_the_long_run(items: list[pytest.Item]) -> None:
    """Leave most of what repeats itself, with another assignment, to the long run."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for item in items:
        name, module = _assignment(item), item.path.stem
        if not name or item.get_closest_marker("slow"):
            continue
        key = module, name, item.originalname if isinstance(item, pytest.Function) else item.name
        left_out = seen[key] % (OF_FIRST if name == FIRST else SAMPLED).get(module, 1) != 0
        seen[key] += 1
        left_out |= module in WHOLE and name not in IN_EVERY_RUN
        if left_out or (module in SOLVED and name in LONG):
            item.add_marker(pytest.mark.slow)


def _assignment(item: pytest.Item) -> str:
    """Return the assignment that a test's parameters name, or its file; empty where they name none."""
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return ""
    said = [value for value in item.callspec.params.values() if isinstance(value, str)]
    named = (name for name in NAMES if any(value == name or value.startswith(f"{name}-") for value in said))
    of_file = (name for name in NAMES if item.path.stem.startswith(f"test_{name}_"))
    return next(named, next(of_file, ""))


@pytest.fixture
def small(tmp_path: Path) -> Course:
    """A course with one small assignment, ready to be released."""
    return _small(tmp_path / "course")


Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Make a folder once in all of pytest's processes: ``once("name", make)``; the others wait for it, and only read.

    Every process asks with the same name for the same contents. What `make` raises, each process sees for itself.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    @functools.cache
    def folder(name: str, make: Callable[[Path], object]) -> Path:
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = shared / f"{name}.done"
            if not done.exists():
                shutil.rmtree(shared / name, ignore_errors=True)  # what one that failed has left
                (shared / name).mkdir()
                make(shared / name)
                done.touch()
        return shared / name

    return folder


def _release_small(folder: Path) -> None:
    from gradekit.release.make import release

    release(_small(folder / "course"), "small", solutions=False)


@pytest.fixture(scope="session")
def released_once(once: Once) -> Course:
    """The small course, released, for tests that only copy it."""
    return Course(once("released", _release_small) / "course")


@pytest.fixture
def released(released_once: Course, tmp_path: Path) -> Course:
    """The small course, released, where `small` would be: a copy, since a release takes seconds."""
    return course_at(shutil.copytree(released_once.root, tmp_path / "course", symlinks=True))


@pytest.fixture(scope="session")
def course_of(once: Once) -> Callable[[str, Path], Course]:
    """A released course of one of the repository's assignments: ``course_of(name, folder)`` puts a copy there."""
    from gradekit.demo import make_course

    def copied(name: str, folder: Path) -> Course:
        made = once(f"course-of-{name}", lambda place: make_course(Course(ROOT), name, place / "course"))
        return course_at(shutil.copytree(made / "course", folder, symlinks=True))

    return copied


@pytest.fixture
def edit(tmp_path: Path) -> Callable[[Callable[[dict[str, Any]], Any]], None]:
    """Change the small course's source notebook, released or not: ``edit(lambda cells: ...)`` gets its cells by id."""
    source = Course(tmp_path / "course").source("small")

    def change(mend: Callable[[dict[str, Any]], Any]) -> None:
        node = json.loads(source.read_text(encoding="utf-8"))
        mend({cell["id"]: cell for cell in node["cells"]} | {"": node})
        source.write_text(json.dumps(node, indent=1), encoding="utf-8")

    return change


@pytest.fixture
def learner(small: Course) -> Callable[..., dict[str, Any]]:
    """Run the small notebook's cells as IPython would, some replaced: ``learner(double="def double ...")``."""

    def run(**cells: str) -> dict[str, Any]:
        import numpy as np

        namespace: dict[str, Any] = {"__name__": "__main__", "np": np, "In": []}
        for name in ("double", "quadruple"):
            nodes = json.loads(small.source("small").read_text(encoding="utf-8"))["cells"]
            source = cells.get(name, next(cell["source"] for cell in nodes if cell["id"] == name))
            namespace["In"].append(source)
            try:
                exec(compile(source, f"<{name}>", "exec"), namespace)
            except Exception:  # noqa: BLE001  (a cell that fails leaves the notebook going, as in Jupyter)
                continue
        return namespace

    return run


@pytest.fixture(scope="session")
def enrol() -> Callable[..., None]:
    """Put a graded submission into a released course's gradebook and reports, without running anything.

    ``enrol(course, "small", "ann", {"double": 0.5})``: scores by exercise, None where undecided; what is not named
    earned its points. `manual` and `extra` are a person's, by exercise; the rest are fields of the report.
    """

    def put(course: Course, assignment: str, student: str, scores: dict[str, float | None], **more: Any) -> None:
        from gradekit.course import reports
        from gradekit.gradebook.assignment import open_gradebook
        from gradekit.gradebook.settings import read_settings

        handed_in = more.pop("timestamp", None)
        with open_gradebook(read_settings(course)) as gradebook:
            gradebook.update_or_create_student(student, **more.pop("person", {}))
            row = gradebook.update_or_create_submission(assignment, student, timestamp=handed_in)
            manual, extra = more.pop("manual", {}), more.pop("extra", {})
            for notebook in row.notebooks:
                notebook.late_submission_penalty = more.pop("penalty", None)
                for grade in notebook.grades:
                    name = grade.name.removesuffix("-grade")
                    grade.auto_score = scores.get(name, grade.max_score)
                    grade.manual_score, grade.extra_credit = manual.get(name), extra.get(name)
                    grade.needs_manual_grade = grade.auto_score is None and grade.manual_score is None
            points = {grade.name: grade.max_score for notebook in row.notebooks for grade in notebook.grades}
            gradebook.db.commit()
        if more.pop("report", True):
            reports.save(course.root, _report(assignment, student, scores, points, **more))

    return put


def _report(assignment: str, student: str, scores: Any, points: dict[str, float], **more: Any) -> Any:
    from gradekit.model import ExerciseResult, GradeReport, TestResult, Verdict

    diagnoses, followed = more.pop("diagnoses", {}), more.pop("followed", ())
    results = []
    for name, most in points.items():
        exercise = name.removesuffix("-grade")
        if name == exercise or not most:
            continue
        score = scores.get(exercise, most)
        verdict = Verdict.IE if score is None else Verdict.AC if score == most else Verdict.WA
        tests = (
            TestResult(f"{exercise}_values", f"{exercise}(x) is right.", 2, verdict),
            TestResult(f"{exercise}_exists", f"There is a function {exercise}.", 1, Verdict.AC),
        )
        results.append(ExerciseResult(exercise, most, score, tests, exercise in followed, diagnoses.get(exercise)))
    fields: dict[str, Any] = {"isolation": "landlock+seccomp", "times": {"wall": 1.5, "cells": 1.0, "tests": 0.25}}
    return GradeReport(assignment, student, exercises=tuple(results), **(fields | more))
