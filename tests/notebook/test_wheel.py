"""The wheel holds all of the package, and works where nobody sees the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from gradekit.course.course import Course
from gradekit.export import bundle

ROOT = Path(__file__).parents[2]
IMPORT_ALL = """
import importlib, json, os, pkgutil, sys
import gradekit

names = [found.name for found in pkgutil.walk_packages(gradekit.__path__, "gradekit.")]
files = {name: importlib.import_module(name).__file__ for name in names}
print(json.dumps({"files": files, "path": [os.path.realpath(folder) for folder in sys.path]}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that pip builds, of a copy: setuptools leaves folders beside what it builds, and reads old ones."""
    tree, made = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("made")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    for name in ("gradekit", "source", "tests/hidden"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    pip("wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(made), str(tree))
    (path,) = made.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a new environment with the wheel in it; everything else is lent by the one that runs the tests."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    found = folder / "bin" / "python"
    pip("--python", str(found), "install", "--no-deps", "--no-index", str(wheel))
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
    lent = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    (site / "lent.pth").write_text("\n".join(lent), encoding="utf-8")  # a folder's own .pth files are not read there
    return found


def pip(*words: str) -> None:
    """Run pip, which asks nobody."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def files(wheel: Path) -> dict[str, bytes]:
    """Return what a wheel holds of the package, and its commands."""
    with zipfile.ZipFile(wheel) as file:
        names = [name for name in file.namelist() if name.startswith("gradekit/") or name.endswith("entry_points.txt")]
        return {name: file.read(name).strip() for name in names}


def test_every_file_of_the_package_is_in_it(wheel: Path) -> None:
    """Modules of every room, templates and py.typed are in the wheel, and nothing else is."""
    package = [path for path in (ROOT / "gradekit").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {"gradekit/py.typed", "gradekit/worker/__main__.py"} <= set(files(wheel))
    held = {name for name in files(wheel) if name.startswith("gradekit/")}
    assert held == {path.relative_to(ROOT).as_posix() for path in package}


def test_the_assignments_travel_beside_the_package(wheel: Path) -> None:
    """Sources, data and hidden tests of every assignment lie below share/, where nothing is imported; nothing else."""
    with zipfile.ZipFile(wheel) as file:
        held = {name.partition("/data/share/gradekit/")[2] for name in file.namelist() if "/data/" in name}
    folders = [folder for name in Course(ROOT).assignments() for folder in (f"source/{name}", f"tests/hidden/{name}")]
    files = [path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).iterdir() if path.is_file()]
    made = {"checks.py", "reference.npz"}  # of the package, and made anew where a course begins
    assert held == {path.as_posix() for path in files if path.name not in made}


def test_what_travels_to_another_grader_holds_no_assignment(tmp_path: Path) -> None:
    """An export carries its own assignment's hidden tests, and no other's."""
    with zipfile.ZipFile(bundle.make_wheel(tmp_path)) as file:
        names = [name for name in file.namelist() if not name.startswith("gradekit/new/templates/")]
    assert not [name for name in names if "share/" in name or name.endswith((".ipynb", "tests.py"))]


def test_the_wheel_that_travels_is_the_same(wheel: Path, tmp_path: Path) -> None:
    """What an export carries to another grader holds what pip's wheel holds, to the byte, and the same commands."""
    assert files(bundle.make_wheel(tmp_path)) == files(wheel)


def test_every_room_can_be_imported(python: Path, tmp_path: Path) -> None:
    """Every module comes from the wheel, in a Python that does not see the repository."""
    done = run([str(python), "-W", "ignore", "-c", IMPORT_ALL], tmp_path)
    found = json.loads(done.stdout.splitlines()[-1])
    assert str(ROOT.resolve()) not in found["path"]
    assert all(Path(file).is_relative_to(python.parents[1]) for file in found["files"].values())
    modules = {path for path in (ROOT / "gradekit").rglob("*.py") if path.name != "__init__.py"}
    assert len(found["files"]) == len(modules) + len(list((ROOT / "gradekit").glob("*/__init__.py")))


@pytest.mark.slow
def test_the_demo_runs_from_it(python: Path, small: Course, tmp_path: Path) -> None:
    """Release, sandbox, gradebook, feedback and class report work from the wheel alone, for a whole class."""
    command = [str(python.with_name("gradekit")), "demo", "small", "--course-dir", str(small.root)]
    done = run([*command, "--to", str(tmp_path / "demo")], tmp_path)
    scores = {words[0]: words[-1] for words in map(str.split, done.stdout.splitlines()) if words}
    assert {name: scores[name] for name in ("perfect", "blank", "double_squares")} == {
        "perfect": "2.5",
        "blank": "0",
        "double_squares": "2",
    }
    assert (tmp_path / "demo" / "feedback" / "perfect" / "small" / "small.html").is_file()
    report = tmp_path / "demo" / "reports" / "small" / "report.html"
    assert f"class report:  {report}" in done.stdout
    assert report.is_file()


def test_a_course_begins_from_it(python: Path, tmp_path: Path) -> None:
    """`gradekit init` finds the assignments that pip has put beside the package; workers may read none of them."""
    gradekit = str(python.with_name("gradekit"))
    done = run([gradekit, "init", "course", "--with", "rnn_from_scratch,next_token"], tmp_path)
    assert f"wrote {tmp_path / 'course'}" in done.stdout
    for name in ("rnn_from_scratch", "next_token"):
        made = {path.name for path in (tmp_path / "course" / "tests" / "hidden" / name).iterdir()}
        assert {"tests.py", "misconceptions.py", "alternatives.py", "reference.npz"} <= made
        assert (tmp_path / "course" / "source" / name / "checks.py").is_file()
    run([gradekit, "release", "rnn_from_scratch", "--no-solutions"], tmp_path / "course")
    assert (tmp_path / "course" / "release" / "rnn_from_scratch" / "checks.py").is_file()
    shared = python.parents[1] / "share" / "gradekit"
    assert (shared / "source" / "rnn_from_scratch" / "rnn_from_scratch.ipynb").is_file()
    read = run([gradekit, "doctor"], tmp_path).stdout.split()
    assert not [path for path in map(Path, read) if path.is_absolute() and shared.is_relative_to(path)]


@pytest.mark.slow
def test_the_demo_runs_anywhere(python: Path, tmp_path: Path) -> None:
    """`gradekit demo` with no course around makes one, and the perfect student earns everything."""
    done = run([str(python.with_name("gradekit")), "demo", "--to", str(tmp_path / "demo")], tmp_path)
    scores = {words[0]: words[-1] for words in map(str.split, done.stdout.splitlines()) if words}
    assert (scores["perfect"], scores["blank"]) == ("11", "0")
    assert (tmp_path / "demo" / "nbgrader_config.py").is_file()


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the new environment; nothing in ours leads it to the repository."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done
