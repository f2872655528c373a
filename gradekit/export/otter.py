"""The same source for otter-grader: an autograder.zip with hidden tests, and a folder for students.

Written through ``otter.generate`` of otter-grader 7.0; what is undocumented there is pinned with it. Otter grades in
the learner's process: convenient, **not secure**.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import zipfile
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from gradekit.course import notebook
from gradekit.course.course import BUNDLE
from gradekit.errors import HostError
from gradekit.export import bundle
from gradekit.export.trial import try_otter
from gradekit.release import door
from gradekit.release.inspection import check_release, find_secrets

if TYPE_CHECKING:
    from pathlib import Path

    from gradekit.course.course import Course
    from gradekit.judging.assignment import Assignment
    from gradekit.model import Cell, Exercise


OTTER = "otter-grader[grading]==7.0.*"

HIDDEN = '''"""Hidden tests of {name}, made by gradekit for otter-grader."""

from otter.test_files import test_case

from gradekit.export.otter_cases import Cases

OK_FORMAT = False
name = "{name}"
points = {points}
judged = []


def case(env, test):
    """All cases share one judging."""
    if not judged:
        judged.append(Cases("{assignment}", "{name}", env))
    judged[0].demand(test)
'''
CASE = """

@test_case(hidden=True)
def {test}(env):
    case(env, "{test}")
"""
VISIBLE = '''"""Visible checks of {name}, made by gradekit for otter-grader."""

from otter.test_files import test_case

OK_FORMAT = False
name = "{name}"
points = None
CHECKS = {checks!r}


@test_case(success_message={praise!r})
def visible_checks(env):
    try:
        exec(compile(CHECKS, "<checks of {name}>", "exec"), dict(env))
    except Exception as error:
        raise type("Check", (AssertionError,), {{}})(f"{{type(error).__name__}}: {{error}}") from None
'''
PRAISE = "The visible checks pass. Hidden tests look at more than these."
INIT = "# Otter's checks: grader.check(...) below each exercise.\nfrom otter import Notebook\n\ngrader = Notebook()"


@dataclass(frozen=True)
class Exported:
    """Where an export lies."""

    zip: Path
    student: Path


def export(course: Course, assignment: str, target: Path, *, tried: bool = True) -> Exported:
    """Write ``autograder.zip`` and ``student/`` into a new folder.

    Parameters
    ----------
    tried : bool
        Whether otter grades the source's own solution first.

    Raises
    ------
    CourseError, BadReference, HiddenTestError, HostError
        Nothing is left behind.
    """
    try:
        from otter.generate import main as generate  # noqa: PLC0415  (only who exports needs otter)
    except ImportError:
        raise HostError("otter-grader is not installed.", help=f"pip install '{OTTER}'") from None
    loaded = bundle.load(course, assignment)
    pinned = bundle.pins(OTTER, "gradekit", "matplotlib")
    with bundle.new_folder(target) as stage:
        parts = stage / ".parts"
        released = bundle.released_course(course, assignment, parts / "course")
        _student_folder(loaded, released, stage / "student")
        files = _files(loaded, released, parts / "files")
        _hidden_tests(loaded, parts / "tests")
        (parts / "otter_config.json").write_text(json.dumps({"show_hidden": False, "pdf": False}), encoding="utf-8")
        with contextlib.chdir(parts / "files"):  # otter takes files from below the working folder alone
            words: dict[str, Any] = {"no_requirements": True, "no_environment": True}
            generate(
                tests_dir=str(parts / "tests"),
                output_path=str(parts / "otter.zip"),
                config=str(parts / "otter_config.json"),
                files=files,
                **words,
            )
        wheel = bundle.make_wheel(parts)
        _finish(parts / "otter.zip", stage / "autograder.zip", wheel=wheel, pinned=pinned)
        if tried:
            points = {exercise.name: exercise.points for exercise in loaded.exercises}
            try_otter(released, assignment, stage / "autograder.zip", points=points)
        shutil.rmtree(parts)
    return Exported(target / "autograder.zip", target / "student")


def _hidden_tests(loaded: Assignment, folder: Path) -> None:
    folder.mkdir()
    for exercise in loaded.exercises:
        tests = loaded.tested[exercise.name].tests
        whole = sum(test.weight for test in tests)
        points = [float(Fraction(exercise.points) * test.weight / whole) for test in tests]
        text = HIDDEN.format(assignment=loaded.name, name=exercise.name, points=points)
        text += "".join(CASE.format(test=test.name) for test in tests)
        (folder / f"{exercise.name}.py").write_text(text, encoding="utf-8")


def _files(loaded: Assignment, released: Course, folder: Path) -> list[str]:
    """Lay out what otter puts beside a submission: the notebook's data, and the course that grades it."""
    source = released.source_folder(loaded.name)
    shutil.copytree(source, folder, ignore=lambda _, names: [name for name in names if name.endswith(".ipynb")])
    bundle.copy_course(released, loaded.name, folder / BUNDLE)
    return [str(folder / path.name) for path in sorted(folder.iterdir())]


def _student_folder(loaded: Assignment, released: Course, folder: Path) -> None:
    """Write the released files, with a cell that starts otter and a check below each exercise's own."""
    shutil.copytree(released.folder("release", loaded.name), folder)
    path = folder / f"{loaded.name}.ipynb"
    node = notebook.read(path)
    cells = notebook.cells(node)
    checks = {cell.grade_id: cell for cell in cells}
    (folder / "tests").mkdir()
    made: list[dict[str, Any]] = [node["cells"][0], _code_cell("otter-start", INIT), *node["cells"][1:]]
    for exercise in loaded.exercises:
        visible = checks.get(f"{exercise.name}-tests")
        if visible is not None:
            (folder / "tests" / f"{exercise.name}.py").write_text(_visible(exercise, visible), encoding="utf-8")
            at = next(index for index, cell in enumerate(made) if cell is node["cells"][visible.index])
            made.insert(at + 1, _code_cell(f"{exercise.name}-check", f'grader.check("{exercise.name}")'))
    node["cells"] = made
    path.write_text(json.dumps(node, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    own = {path.name for path in released.source_folder(loaded.name).iterdir()}
    door.furnish(folder, name=loaded.name, also=[OTTER.replace("[grading]", "")], kept=own)
    check_release(folder, secrets=find_secrets(released, loaded.name))


def _visible(exercise: Exercise, cell: Cell) -> str:
    return VISIBLE.format(name=exercise.name, checks=cell.source, praise=PRAISE)


def _code_cell(name: str, source: str) -> dict[str, Any]:
    metadata = {"tags": [notebook.OTTER_IGNORE]}
    return {"cell_type": "code", "id": name, "metadata": metadata, "source": source, "outputs": []} | {
        "execution_count": None
    }


def _finish(made: Path, target: Path, *, wheel: Path, pinned: tuple[str, ...]) -> None:
    """Copy otter's zip, with a setup of ours in the place of its own, which fetches a browser and a conda."""
    ours = bundle.scripts(pinned, command='"$root/source/run_otter.py"')
    with zipfile.ZipFile(made) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for item in before.infolist():
            if item.filename not in {*ours, "environment.yml"}:
                after.writestr(item, before.read(item))
        for name, text in ours.items():
            after.writestr(bundle.entry(name, mode=0o755), text)
        after.write(wheel, wheel.name)
