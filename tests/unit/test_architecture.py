"""The house: which room may import which, read from every file of the package, and by effect."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "gradekit"

# A top file may import those that stand before it in its line, and no room, but for the three that stand above all.
TOP = ("errors", "model", "score", "text", "database", "files", "bounds", "jobs", "checks")
PARTS = frozenset({"worker.wire", "worker.sandbox"})  # of the worker's room: frames and rights concern both sides
BASE = (
    frozenset({"adopt", "course", "judging", "diagnosis", "isolation", "gradebook", "handin", "grade", "release"})
    | PARTS
)
ROOMS: dict[str, frozenset[str]] = {  # room → the rooms, or modules of a room, that it may import beside the top files
    "worker": frozenset(),
    "course": frozenset(),
    "pages": frozenset(),
    "judging": frozenset({"course"}),
    "diagnosis": frozenset({"judging"}),
    "isolation": PARTS | {"judging.line"},
    "gradebook": frozenset({"course"}),
    "handin": frozenset({"course", "gradebook", "worker.sandbox"}),
    "grade": frozenset({"course", "judging", "diagnosis", "isolation", "gradebook", "handin", "worker.sandbox"}),
    "cluster": frozenset({"course", "handin", "grade", "worker.sandbox", "alone"}),
    "adopt": frozenset({"course", "judging", "gradebook"}),
    "release": frozenset({"course", "judging", "gradebook"}),
    "new": frozenset({"course", "judging", "gradebook", "release"}),
    "feedback": frozenset({"course", "gradebook", "handin", "pages"}),
    "report": frozenset({"course", "gradebook", "handin", "pages"}),
    "semester": frozenset({"course", "gradebook", "report"}),
    "verify": BASE | {"worker.definitions"},
    "export": BASE | {"alone"},
    "plugin": frozenset({"grade", "gradebook", "handin", "course", "pages", "release", "feedback"}),
    "hidden": frozenset({"judging"}),
    "demo": BASE | {"feedback", "report", "new"},
    "options": frozenset({"course", "gradebook"}),
    "cli_semester": frozenset({"options", "semester"}),
    "terminal": BASE | {"verify", "demo"},
    "alone": frozenset(),
    "cli": BASE
    | {
        "feedback",
        "report",
        "verify",
        "export",
        "new",
        "semester",
        "demo",
        "alone",
        "terminal",
        "options",
        "cli_semester",
        "cluster",
    },
    "__init__": frozenset({"plugin"}),
}
NBGRADER = frozenset({"adopt", "gradebook", "plugin"})  # the only rooms that import it
LEARNERS = {
    "numpy",
    "msgpack",
    "IPython",
    "traitlets",
    "pyseccomp",
    "matplotlib",
    "matplotlib_inline",
    "pygments",
    "stack_data",  # IPython has it
}  # what the learner's process has beside ours
MOST = 12  # modules in a room
STUDENT_SIDE = {"numpy"}  # what a student's machine has
UNSAFE = {"pickle", "dill", "marshal", "shelve", "cloudpickle"}

FILES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """Return a module's name below gradekit, as ``judging.line``; of a room's ``__init__`` the room's."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


MODULES = {name_of(path) for path in FILES}


def imports(source: str) -> set[str]:
    """Return the names below gradekit of the modules that a module imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gradekit":
            below = (node.module or "").removeprefix("gradekit").removeprefix(".")
            inner = {f"{below}.{alias.name}".removeprefix(".") for alias in node.names}
            found |= (inner & MODULES) | ({below} if inner - MODULES and below else set())
        elif isinstance(node, ast.Import):
            found |= {
                alias.name.removeprefix("gradekit.") for alias in node.names if alias.name.startswith("gradekit.")
            }
    return found


def libraries(source: str) -> set[str]:
    """Return the top names of everything else that a module imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found - {"gradekit", "__future__"}


def faults(module: str, source: str) -> list[str]:
    """Return which rules of the table a module breaks, in words."""
    room = module.split(".", maxsplit=1)[0]
    found = []
    for name in sorted(imports(source)):
        if room in TOP:
            allowed = name in TOP[: TOP.index(room)]
            rule = f"the top file {room} may import {', '.join(TOP[: TOP.index(room)]) or 'nothing of ours'}"
        else:
            other = name.split(".")[0]
            within = other == room or (other in TOP and room != "worker")
            allowed = within or name in ROOMS[room] or other in ROOMS[room]
            rule = f"{room}/ may import {', '.join(sorted(ROOMS[room])) or 'itself alone'}"
        if not allowed:
            found.append(f"gradekit.{module} imports gradekit.{name}: {rule}")
    if "nbgrader" in libraries(source) and room not in NBGRADER:
        found.append(f"gradekit.{module} imports nbgrader: only {', '.join(sorted(NBGRADER))} may")
    strange = libraries(source) - LEARNERS - set(sys.stdlib_module_names) if room == "worker" else set()
    if strange:
        found.append(f"gradekit.{module} imports {', '.join(strange)}: the learner's process has {', '.join(LEARNERS)}")
    if libraries(source) & UNSAFE:
        found.append(f"gradekit.{module} imports {', '.join(libraries(source) & UNSAFE)}: nothing of ours is unpickled")
    return found


def test_a_wrong_import_is_seen() -> None:
    """The rules themselves: upward, sideways, into the worker, out of it, of nbgrader, of pickle."""
    wrong = {
        "judging.judge": ("from gradekit.grade import notebook", "judging/ may import course"),
        "release.make": ("from gradekit.verify.findings import Proof", "release/ may import"),
        "grade.notebook": ("import gradekit.worker.serve", "grade/ may import"),
        "worker.serve": ("from gradekit.text import shown", "worker/ may import itself alone"),
        "text": ("def f():\n    from gradekit import checks", "the top file text may import errors, model, score"),
        "report.results": ("from nbgrader.api import Grade", "only adopt, gradebook, plugin may"),
        "course.reports": ("import pickle", "nothing of ours is unpickled"),
    }
    for module, (source, rule) in wrong.items():
        (found,) = faults(module, source)
        assert rule in found
    assert not faults(
        "grade.notebook", "from gradekit.judging.line import Handle\nfrom gradekit import text\nimport ast"
    )


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_rooms_are_kept(path: Path) -> None:
    """Every module imports only from the rooms below its own."""
    assert not faults(name_of(path), path.read_text(encoding="utf-8"))


def test_the_table_is_the_house() -> None:
    """Each room and top file stands in the table, the table names no other, and no room is crowded."""
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    tops = {path.stem for path in PACKAGE.glob("*.py")}
    assert rooms | tops == set(ROOMS) | set(TOP)
    assert len(FILES) > 80
    for room in rooms:
        crowd = [path for path in FILES if path.parent.name == room and path.stem != "__init__"]
        assert 0 < len(crowd) <= MOST, f"{room}/ holds {len(crowd)} modules: split it"


def loaded_by(module: str) -> set[str]:
    """Return what a bare interpreter has in memory after importing a module, beside what it had before."""
    code = (
        f"import sys; before = set(sys.modules); import {module}; "
        "print(*(name for name in set(sys.modules) - before if sys.modules[name]))"
    )
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_the_learners_process_holds_the_worker_alone() -> None:
    """By effect: after importing what answers in it, nothing of ours is in memory but gradekit.worker."""
    ours = {name for name in loaded_by("gradekit.worker.serve") if name.split(".")[0] == "gradekit"}
    assert "gradekit.worker.serve" in ours
    assert {name for name in ours if not name.startswith("gradekit.worker")} == {"gradekit"}


def test_judging_needs_no_gradebook() -> None:
    """By effect: what judges a submission, and what it comes and goes by, has no database in memory."""
    loaded = {name.split(".")[0] for name in loaded_by("gradekit.grade.judge") | loaded_by("gradekit.grade.travel")}
    assert "numpy" in loaded
    assert not loaded & {"nbgrader", "sqlalchemy", "sqlite3"}


@pytest.mark.parametrize("module", ["gradekit", "gradekit.checks", "gradekit.hidden", "gradekit.export.otter_cases"])
def test_the_students_side_needs_numpy_only(module: str) -> None:
    """What a graded cell imports asks for numpy and the standard library and nothing else."""
    loaded = {name.split(".")[0] for name in loaded_by(module) if "cython" not in name}  # numpy 1.26 brings its own
    assert loaded - set(sys.stdlib_module_names) <= STUDENT_SIDE | {"gradekit"}


def test_checks_imports_numpy_and_the_standard_library_only() -> None:
    """The file that students get stands alone."""
    source = (PACKAGE / "checks.py").read_text(encoding="utf-8")
    assert libraries(source) <= set(sys.stdlib_module_names) | STUDENT_SIDE
    assert not imports(source)
