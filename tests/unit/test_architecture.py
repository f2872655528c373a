"""Imports only go down: the floors of the package, read from its source."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "gradekit"

FLOORS = {
    "cli": 5,
    "container": 4,
    "demo": 4,
    "feedback": 4,
    "gradescope": 4,
    "otter": 4,
    "overview": 4,
    "parts": 4,
    "report": 4,
    "sheets": 4,
    "verify": 4,
    "answers": 3,
    "autograde": 3,
    "bundle": 3,
    "cases": 3,
    "classroom": 3,
    "doctor": 3,
    "freeze": 3,
    "grade": 3,
    "gradebook": 3,
    "leaks": 3,
    "recorder": 3,
    "release": 3,
    "results": 3,
    "trials": 3,
    "book": 2,
    "catalogue": 2,
    "charts": 2,
    "collecting": 2,
    "converters": 2,
    "diagnose": 2,
    "exchange": 2,
    "forkserver": 2,
    "gradesheet": 2,
    "hidden": 2,
    "inspection": 2,
    "intake": 2,
    "items": 2,
    "lending": 2,
    "mutants": 2,
    "pages": 2,
    "reference": 2,
    "remote": 2,
    "rendering": 2,
    "repair": 2,
    "scoring": 2,
    "stubs": 2,
    "submission": 2,
    "tally": 2,
    "template": 2,
    "timestamps": 2,
    "bounds": 1,
    "course": 1,
    "evidence": 1,
    "hints": 1,
    "likeness": 1,
    "mathematics": 1,
    "notebook": 1,
    "pictures": 1,
    "proof": 1,
    "rawcell": 1,
    "safehtml": 1,
    "sandbox": 1,
    "shell": 1,
    "stage": 1,
    "store": 1,
    "student": 1,
    "transcript": 1,
    "values": 1,
    "wire": 1,
    "worker": 1,
    "checks": 0,
    "errors": 0,
    "model": 0,
}
SIDEWAYS = {
    ("autograde", "classroom"),
    ("autograde", "gradebook"),
    ("book", "converters"),
    ("bundle", "release"),
    ("classroom", "grade"),
    ("classroom", "gradebook"),
    ("collecting", "intake"),
    ("container", "gradescope"),
    ("demo", "feedback"),
    ("demo", "report"),
    ("diagnose", "catalogue"),
    ("diagnose", "hidden"),
    ("diagnose", "reference"),
    ("exchange", "forkserver"),
    ("feedback", "parts"),
    ("gradebook", "recorder"),
    ("hidden", "reference"),
    ("lending", "book"),
    ("likeness", "student"),
    ("remote", "exchange"),
    ("remote", "forkserver"),
    ("remote", "stubs"),
    ("repair", "intake"),
    ("report", "overview"),
    ("report", "sheets"),
    ("scoring", "intake"),
    ("sheets", "overview"),
    ("stubs", "exchange"),
    ("submission", "book"),
    ("submission", "collecting"),
    ("submission", "intake"),
    ("submission", "repair"),
    ("submission", "timestamps"),
    ("timestamps", "collecting"),
    ("transcript", "student"),
    ("trials", "grade"),
    ("values", "shell"),
    ("values", "wire"),
    ("worker", "shell"),
    ("worker", "values"),
    ("worker", "wire"),
}
UNTRUSTED = {"worker", "values", "shell", "wire", "sandbox", "template"}  # what a learner's process has in its memory
LAZY = {"__init__": {"autograde", "safehtml"}}  # gradekit.install: nbgrader is imported only where it is asked for
STUDENT_SIDE = {"numpy"}  # what a student's machine has


def imports(path: Path) -> set[str]:
    """Return the names of the package's modules that a module imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "gradekit":
            found |= {alias.name for alias in node.names if not alias.name.startswith("__")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gradekit."):
            found.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("gradekit.")}
    return found


def upward(module: str, imported: set[str]) -> list[str]:
    """Return the imports that do not go down and are not allowed sideways."""
    return [name for name in sorted(imported) if FLOORS[name] >= FLOORS[module] and (module, name) not in SIDEWAYS]


def test_upward_import_is_seen() -> None:
    """The rule itself: from a lower floor to a higher one, or sideways without leave, is a fault."""
    assert upward("notebook", {"hidden", "errors"}) == ["hidden"]
    assert upward("freeze", {"release"}) == ["release"]


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_imports_go_down(path: Path) -> None:
    """Every module has a floor and imports only from floors below it."""
    if path.stem == "__init__":
        assert imports(path) <= LAZY["__init__"]
    else:
        assert path.stem in FLOORS, "give the new module a floor"
        assert not upward(path.stem, imports(path))


def test_the_untrusted_side_knows_nothing() -> None:
    """What is loaded into the process that forks workers imports nothing that knows a course."""
    for module in UNTRUSTED:
        assert imports(PACKAGE / f"{module}.py") <= UNTRUSTED


def test_every_floor_has_its_module() -> None:
    """The table of floors names no module that is gone."""
    assert {path.stem for path in PACKAGE.glob("*.py")} == set(FLOORS) | {"__init__"}


@pytest.mark.parametrize("module", ["gradekit", "gradekit.checks", "gradekit.hidden"])
def test_the_students_side_needs_numpy_only(module: str) -> None:
    """What a graded cell imports asks for numpy and the standard library and nothing else."""
    code = (
        f"import sys; before = set(sys.modules); import {module}; "
        "print(*{name.split('.')[0] for name in set(sys.modules) - before if sys.modules[name]})"
    )
    loaded = set(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    )
    assert loaded - set(sys.stdlib_module_names) <= STUDENT_SIDE | {"gradekit"}


def test_checks_imports_numpy_and_the_standard_library_only() -> None:
    """The file that students get stands alone."""
    names = set()
    for node in ast.walk(ast.parse((PACKAGE / "checks.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    assert names <= set(sys.stdlib_module_names) | {"numpy"}


def test_no_unsafe_deserialisation() -> None:
    """No module imports pickle, dill, marshal or shelve."""
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None) or ""}
                assert not names & {"pickle", "dill", "marshal", "shelve", "cloudpickle"}, path
