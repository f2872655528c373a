"""What is imported is declared, in the right extra; what is declared is imported, bounded, and pinned for our runs."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
KNOWN = packages_distributions()  # the name that is imported → those that are installed
TESTS = ("unit", "property", "sandbox", "notebook", "e2e", "bench")
# Which of our modules may ask for more than the extra `grader`.
SPECIAL = {
    "gradekit/verify/mutants.py": "verify",
    "gradekit/export/otter.py": "otter",
    "gradekit/cluster/connect.py": "cluster",
    "gradekit/cluster/gateway.py": "gateway",
    "gradekit/cluster/judges.py": "cluster",
    "gradekit/cluster/worker.py": "cluster",
}
BARE = ("gradekit/checks.py", "gradekit/hidden.py", "gradekit/__init__.py", "gradekit/judging/")  # a student's side
NO_IMPORT = {  # declared, and used in another way than by an import statement
    "psycopg": "SQLAlchemy opens a server's gradebook with it",
    "otter-grader": "its folder is named otter",
    "torch": "the tests import it by name, where it is",
    "axe-playwright-python": "for a file in it",
    "playwright": "the tests import it by name, where it is",
    "jupyterlab": "the browser tests start it",
    "notebook": "the browser tests open its pages",
    "sphinx": "make docs runs it, and a test",
    "myst-parser": "docs/conf.py names it",
    "pydata-sphinx-theme": "docs/conf.py names it",
}
PROGRAMS = {
    "coverage",
    "mypy",
    "nbstripout",
    "pre-commit",
    "pytest-randomly",
    "pytest-xdist",
    "ruff",
    "setuptools",
}  # tools of those who develop


def names(requirements: list[str]) -> set[str]:
    """Return the canonical names of requirements, our own left out."""
    return {canonicalize_name(Requirement(text).name) for text in requirements} - {"gradekit"}


DECLARED = {"": names(PROJECT["dependencies"])} | {extra: names(found) for extra, found in EXTRAS.items()}


def imported(path: Path) -> set[str]:
    """Return the distributions that a file imports from anywhere in it; the standard library and ours left out."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
    theirs = found - set(sys.stdlib_module_names) - {"gradekit", "nbgrader_suite_plugin"}
    return {canonicalize_name(KNOWN.get(name, [name])[0]) for name in theirs}


def ours() -> list[Path]:
    """Return every module of the package."""
    return sorted((ROOT / "gradekit").rglob("*.py"))


def test_what_the_package_imports_is_declared() -> None:
    """Each import of the package stands in the base or in the right extra: numpy alone on a student's side."""
    assert DECLARED[""] == {"numpy"}
    missing = {}
    for path in ours():
        place = path.relative_to(ROOT).as_posix()
        allowed = DECLARED[""] if place.startswith(BARE) else DECLARED[""] | DECLARED["grader"]
        allowed = allowed | DECLARED.get(SPECIAL.get(place, ""), set())
        if more := imported(path) - allowed:
            missing[place] = sorted(more)
    assert not missing


def test_what_the_tests_import_is_declared() -> None:
    """Each import of the project's own tests stands in the base, or in an extra that `dev` includes."""
    allowed = set().union(*(found for extra, found in DECLARED.items() if extra != "oracle"))
    files = [path for folder in TESTS for path in (ROOT / "tests" / folder).rglob("*.py")]
    files += [ROOT / "tests" / "conftest.py", *(ROOT / "tests" / "attacks").glob("*.py")]
    assert len(files) > 50
    assert not {path.name: more for path in files if (more := imported(path) - allowed)}


def test_nothing_is_declared_for_nobody() -> None:
    """A module of the package imports what an extra declares; of what `dev` adds, a test does, or people type it."""
    package = set().union(*map(imported, ours()))
    tests = set().union(
        *map(imported, (ROOT / "tests").rglob("test_*.py")), *map(imported, (ROOT / "tests").rglob("conftest.py"))
    )
    for extra, found in DECLARED.items():
        used = package | set(NO_IMPORT) | (tests | PROGRAMS if extra == "dev" else set())
        assert found <= used, extra


@pytest.mark.parametrize("extra", sorted(EXTRAS))
def test_bounds_are_said_and_pinned(extra: str) -> None:
    """Each requirement has a lower bound, and constraints.txt pins a version inside of its bounds."""
    pinned = pins()
    for text in [*PROJECT["dependencies"], *EXTRAS[extra]]:
        wanted = Requirement(text)
        if wanted.name == "gradekit":
            continue
        assert {">=", "==", "~="} & {one.operator for one in wanted.specifier}, f"{text}: from which version on?"
        assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)]), text


def pins() -> dict[str, str]:
    """Return what constraints.txt pins, by canonical name."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def test_undocumented_parts_are_bounded_above() -> None:
    """What we call past its public interface cannot be replaced by a version that nobody tried."""
    for name in ("ipython", "mistune", "mutmut", "nbconvert", "nbgrader", "otter-grader"):
        (wanted,) = {
            text for found in EXTRAS.values() for text in found if canonicalize_name(Requirement(text).name) == name
        }
        assert not Requirement(wanted).specifier.contains("999"), wanted


def test_messages_ask_no_index_for_us() -> None:
    """No text asks an index for a package of the name gradekit: it is not ours to promise there."""
    texts = [*ours(), *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests" / "notebook").glob("*.py")]
    asks = re.compile(r"pip install[^\n`]*\s['\"]?gradekit\b(?!-)")
    assert not [path.name for path in texts if asks.search(path.read_text(encoding="utf-8"))]


def test_verify_names_its_extra() -> None:
    """Who lacks what `gradekit verify` needs reads the extra's own packages with their bounds."""
    source = (ROOT / "gradekit" / "verify" / "mutants.py").read_text(encoding="utf-8")
    for wanted in EXTRAS["verify"]:
        assert f"'{wanted}'" in source


def test_a_gradebook_on_a_server_names_its_driver() -> None:
    """Who lacks the driver reads what to install, as the extra has it."""
    assert f"'{EXTRAS['postgres'][0]}'" in (ROOT / "gradekit" / "database.py").read_text(encoding="utf-8")
