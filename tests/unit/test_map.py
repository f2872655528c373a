"""CONTRIBUTING.md's map of the house: made from the docstrings, so that it names what is there and nothing else.

``python tests/unit/test_map.py --write`` puts it up to date: after a module was added, renamed, split or given another
first line.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "gradekit"
PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- the map begins: made by tests/unit/test_map.py -->", "<!-- the map ends -->"
REMAKE = "Run: python tests/unit/test_map.py --write"
# A submission's way first, then what else is made of it, then what all of these stand on. Others follow by name.
ORDER = (
    *("handin", "grade", "isolation", "worker", "judging", "gradebook", "feedback", "report", "pages"),
    *("release", "new", "semester", "verify", "export", "plugin", "course"),
)
MADE = {"tests/e2e/artefacts/"}  # not in the repository
OF_THE_TUTORIAL = re.compile(r"(source|tests/hidden)/averages/")  # the course that its reader makes
PATH = re.compile(r"`((?:gradekit|tests|docs|source|release|solutions|autograded)/[\w./-]*)`")


def duty(path: Path) -> str:
    """Return the first line of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


def rooms() -> list[Path]:
    """Return the folders of the package that are packages, in the map's order."""
    found = sorted(path.parent for path in PACKAGE.glob("*/__init__.py"))
    known = {name: at for at, name in enumerate(ORDER)}
    return sorted(found, key=lambda room: known.get(room.name, len(ORDER)))


def the_map() -> str:
    """Return the map: a table with a line for the package, each module beside the rooms, each room and its modules."""
    lines = ["| where | duty |", "|---|---|", f"| **`gradekit/`** | **{_cell(PACKAGE / '__init__.py')}** |"]
    for folder in (PACKAGE, *rooms()):
        if folder != PACKAGE:
            lines.append(f"| **`{folder.name}/`** | **{_cell(folder / '__init__.py')}** |")
        modules = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
        lines += [f"| `{path.relative_to(PACKAGE).as_posix()}` | {_cell(path)} |" for path in modules]
    return "\n".join(lines)


def _cell(path: Path) -> str:
    """Return a module's duty as a cell of a table, without the full stop; ``code`` as Markdown has it."""
    return duty(path).removesuffix(".").replace("``", "`").replace("|", r"\|")


def written(page: str) -> str:
    """Return the page with the map in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{the_map()}\n\n{END}{after}"


def test_the_map_is_the_house() -> None:
    """Every room and module stands in CONTRIBUTING.md once, with its duty, and nothing does that is gone."""
    page = PAGE.read_text(encoding="utf-8")
    assert page.count(BEGIN) == page.count(END) == 1
    assert written(page) == page, REMAKE
    named = re.findall(r"^\| \**`([\w./]+)`", the_map(), flags=re.MULTILINE)
    there = [path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")]
    assert sorted(named) == sorted(
        "gradekit/" if name == "__init__.py" else name.removesuffix("__init__.py") for name in there
    )


def test_every_duty_is_said() -> None:
    """Each module and room has a docstring whose first line is a sentence, and no two have the same."""
    duties = {path: duty(path) for path in PACKAGE.rglob("*.py")}
    assert not [path for path, text in duties.items() if not text.endswith(".")]
    assert len(set(duties.values())) == len(duties)


def pages() -> list[Path]:
    """Return every page of text that a reader of the repository meets, but for the tests' own."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("autograded/README.md")]
    return sorted(found)


@pytest.mark.parametrize("page", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_pages_name_what_is_there(page: Path) -> None:
    """Every path, module, test and link in a page leads somewhere."""
    text = page.read_text(encoding="utf-8")
    paths = set(PATH.findall(text)) - MADE
    paths = {path for path in paths if not OF_THE_TUTORIAL.match(path)}
    assert not [path for path in paths if not ((ROOT / path).exists() or (PACKAGE / path).exists())]
    modules = set(re.findall(r"\bgradekit(?:\.[a-z_]+)+", text))
    modules |= {f"{where}.{name}" for where, name in re.findall(r"from (gradekit[\w.]*) import (\w+)", text)}
    assert not [name for name in modules if not is_there(name)]
    tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert not [name for path, name in tests if f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8")]
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)
    assert not [link for link in links if not (page.parent / link).exists()]


def is_there(dotted: str) -> bool:
    """Tell whether a dotted name is a module of ours, or a word of the module that it names."""
    path = PACKAGE.joinpath(*dotted.split(".")[1:])
    if path.is_dir() or path.with_suffix(".py").exists():
        return True
    above = path.parent / "__init__.py" if path.parent.is_dir() else path.parent.with_suffix(".py")
    return above.exists() and re.search(rf"\b{path.name}\b", above.read_text(encoding="utf-8")) is not None


def test_a_name_that_is_gone_is_seen() -> None:
    """What stands in the package is told from what does not: modules, their words, the package's own."""
    assert all(map(is_there, ("gradekit.install", "gradekit.worker", "gradekit.hidden.misconception")))
    assert not any(map(is_there, ("gradekit.forkserver", "gradekit.worker.forkserver", "gradekit.hidden.gone.word")))


if __name__ == "__main__":
    made = written(PAGE.read_text(encoding="utf-8"))
    if "--write" in sys.argv[1:]:
        PAGE.write_text(made, encoding="utf-8")
    else:
        sys.stdout.write(f"{the_map()}\n")
