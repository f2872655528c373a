"""The documentation's code runs: every block of every page, from top to bottom, in a folder of the page's own.

A block of kind ``console`` holds commands, each behind a ``$``, and what they print: ``...`` stands for what varies,
and on a line of its own for any lines. One of kind ``python`` runs; a ``text`` behind it is what it prints. A comment
before a block says where that is otherwise:

``<!-- cell NAME of NOTEBOOK -->``, ``<!-- file PATH -->``, ``<!-- end of PATH -->``
    It is the text of that cell, of that file, or comes behind what the file holds.
``<!-- slow -->``
    It runs in the long run, ``make test-all``.
``<!-- without output -->``
    Its commands run, and what they print is not shown.
``<!-- part of PATH -->``
    It stands in that file of the repository.
``<!-- held by FILE::TEST -->``
    That test holds it.
``<!-- not run: REASON -->``
    It cannot run, and why.

A page that says ``<!-- begins with: OTHER.md -->`` goes on where another one ends; with ``; slow`` all of it is for the
long run.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gradekit import checks, cli
from gradekit.course import notebook
from gradekit.grade.notebook import UNDRAWN

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if "_build" not in path.relative_to(DOCS).parts
)
BLOCK = re.compile(r"(?:<!-- ([^>]*) -->\n)?^```([\w{}-]*)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BEGINS = re.compile(r"<!-- begins with: ([^\s;]+)(; slow)? -->")
HELD = re.compile(r"held by (\S+)::(\w+)")
SHELL = set("|;&<>$`*")  # a command with one of these is the shell's
HOME = "/home/you"  # what the page's folder is called in it


@dataclass(frozen=True)
class Block:
    """One fenced block of a page: its mark, its kind, its text, and the line that it begins in."""

    mark: str
    kind: str
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    """Return a page's fenced blocks, in order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [
        Block(found[1] or "", found[2], found[3], text[: found.start(2)].count("\n") + 1)
        for found in BLOCK.finditer(text)
    ]


@dataclass
class Reader:
    """Somebody who types what a page says: where they are, what Python knows, what was said and how it ended."""

    home: Path
    page: str
    here: Path = field(init=False)
    names: dict[str, Any] = field(default_factory=dict)
    said: str = ""
    code: int = 0

    def __post_init__(self) -> None:
        self.here = self.home

    def read(self, *, slow: bool = False) -> None:
        """Do what every block of the page says."""
        for block in blocks(self.page):
            kind = block.mark.partition(" ")[0].rstrip(":")
            if kind in ("not", "held") or (kind == "slow" and not slow) or block.kind.startswith("{"):
                continue
            if kind == "part":
                assert block.text in (ROOT / block.mark.split()[2]).read_text(encoding="utf-8"), (self.page, block.line)
                continue
            with contextlib.chdir(self.here):
                if kind in ("cell", "file", "end"):
                    _put(block.mark, block.text)
                elif block.kind == "console":
                    self.type(block)
                else:
                    self.run(block)

    def type(self, block: Block) -> None:
        """Type a session's commands, one after the other, and compare what they print with what is shown."""
        for entry in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, shown = entry.partition("\n")
            with contextlib.chdir(self.here):
                said = self.answer(command)
            if block.mark != "without output":
                assert re.fullmatch(pattern(shown), said), (
                    f"{self.page}:{block.line}: $ {command}\n{said}\nis not\n{shown}"
                )

    def answer(self, command: str) -> str:
        """Run one command; return what it prints, without the progress bar."""
        words = shlex.split(command, comments=True)
        if words[0] == "cd":
            self.here = (self.here / words[1]).resolve()
            return ""
        if words[0] == "gradekit" and not SHELL & set(command.partition(" #")[0]):
            self.code, said = _gradekit(words)
        else:
            typed = f"(exit {self.code}); {command}"
            done = subprocess.run(["bash", "-c", typed], text=True, check=False, stdout=-1, stderr=subprocess.STDOUT)
            self.code, said = done.returncode, done.stdout
        lines = (line.rstrip() for line in said.replace(str(self.home), HOME).replace("\ufeff", "").splitlines())
        return "".join(f"{line}\n" for line in lines if "━" not in line)

    def run(self, block: Block) -> None:
        """Run a block of Python, or compare one that shows what the last of these has printed."""
        where = f"{self.page}:{block.line}"
        if block.kind == "text":
            assert re.fullmatch(pattern(block.text), self.said), f"{where}:\n{self.said}"
            return
        assert block.kind == "python", f"{where}: nobody knows how to run {block.kind or 'this'}; say why not"
        with contextlib.redirect_stdout(io.StringIO()) as said:
            exec(compile(block.text, where, "exec"), self.names)
        self.said = said.getvalue().replace(str(self.home), HOME)


def pattern(shown: str) -> str:
    """Return the regular expression of what is shown: ``...`` stands for anything in a line, or for any lines."""
    lines = (re.escape(line.rstrip()).replace(r"\.\.\.", "[^\n]*") + "\n" for line in shown.splitlines())
    return "".join("(?:[^\n]*\n)*?" if line == "[^\n]*\n" else line for line in lines)


def _gradekit(words: list[str]) -> tuple[int, str]:
    before, sys.argv = sys.argv, words
    try:
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(said):
            return cli.main(), said.getvalue()
    finally:
        sys.argv = before


def _put(mark: str, text: str) -> None:
    """Put a block where its mark says: into a cell of a notebook, into a file, or at its end."""
    path = Path(mark.rpartition(" ")[2])
    if mark.startswith("cell "):
        node = notebook.read(path)
        (cell,) = [cell for cell in node["cells"] if cell["id"] == mark.split()[1]]
        cell["source"] = text.rstrip("\n")
        path.write_text(json.dumps(node, indent=1), encoding="utf-8")
    elif mark.startswith("end of "):
        path.write_text(f"{path.read_text(encoding='utf-8')}\n\n{text}", encoding="utf-8")
    else:
        path.write_text(text, encoding="utf-8")


def runs(page: str) -> bool:
    """Tell whether a page has something to run."""
    return any(not (block.mark.startswith(("not run", "held by")) or block.kind[:1] == "{") for block in blocks(page))


def is_long(page: str) -> bool:
    """Tell whether all of a page is for the long run."""
    found = BEGINS.search((DOCS / page).read_text(encoding="utf-8"))
    return found is not None and found[2] is not None


def has_more(page: str) -> bool:
    """Tell whether a page has something for the long run."""
    return is_long(page) or any(block.mark == "slow" for block in blocks(page))


Once = Callable[[str, Callable[[Path], object]], Path]


def begun(page: str, folder: Path, once: Once) -> Reader:
    """Return a reader where the page begins: in an empty folder, or where the page before it has ended."""
    found = BEGINS.search((DOCS / page).read_text(encoding="utf-8"))
    home = folder / "you"
    if found is None:
        home.mkdir()
        return Reader(home, page)
    before = once(f"docs-{found[1].replace('/', '-')}", lambda place: read_first(found[1], place))
    shutil.copytree(before / "you", home, symlinks=True)
    reader = Reader(home, page)
    reader.here = home / (before / "here").read_text(encoding="utf-8")
    return reader


def read_first(page: str, folder: Path) -> None:
    """Read a page that others begin with, and keep where its reader is at the end."""
    (folder / "you").mkdir()
    reader = Reader(folder / "you", page)
    reader.read()
    (folder / "here").write_text(reader.here.relative_to(reader.home).as_posix(), encoding="utf-8")


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The commands of this environment are the first that a shell finds; modules of a page's course are forgotten."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = {*sys.modules}
    yield
    for name in {*sys.modules} - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").parent.parent.name == "you":
            del sys.modules[name]


FIRST = {found[1] for page in PAGES for found in BEGINS.finditer((DOCS / page).read_text(encoding="utf-8"))}


@pytest.mark.parametrize("page", [page for page in PAGES if runs(page) and not is_long(page)])
def test_every_block_runs(page: str, tmp_path: Path, once: Once) -> None:
    """What a page says happens, from its first block to its last."""
    if page in FIRST:
        once(f"docs-{page.replace('/', '-')}", lambda place: read_first(page, place))
        return
    begun(page, tmp_path, once).read()


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if has_more(page)])
def test_every_long_block_runs(page: str, tmp_path: Path, once: Once) -> None:
    """What a page says happens, also what takes its time."""
    begun(page, tmp_path, once).read(slow=True)


@pytest.mark.parametrize("page", PAGES)
def test_what_does_not_run_says_why(page: str) -> None:
    """A block that does not run has a reason in words, or names a test that there is."""
    for block in blocks(page):
        assert not block.mark.startswith("not run") or len(block.mark) > len("not run: so"), (page, block.line)
        if block.mark.startswith("held by"):
            found = HELD.fullmatch(block.mark)
            assert found, (page, block.line)
            assert f"def {found[2]}(" in (ROOT / found[1]).read_text(encoding="utf-8"), (page, block.line)


def test_nothing_else_looks_like_a_block() -> None:
    """Every fence belongs to a block that is seen here, and is not indented."""
    for page in PAGES:
        text = (DOCS / page).read_text(encoding="utf-8")
        assert len(re.findall(r"^\s*```", text, re.MULTILINE)) == 2 * len(blocks(page)), page


def test_what_students_read() -> None:
    """The page for students quotes a check's words."""
    with pytest.raises(checks.CheckFailed) as failed:
        checks.close(4.15888308, 1.386294, name="compute_cost(y, yhats)", sizes={"batch": 2, "sequence_length": 3})
    assert f"CheckFailed: {failed.value}\n" in (DOCS / "students.md").read_text(encoding="utf-8")


def test_a_figure_that_is_not_drawn() -> None:
    """The page about nbgrader quotes the line that stands in place of a figure."""
    assert f"\n{UNDRAWN}\n" in (DOCS / "reference" / "nbgrader.md").read_text(encoding="utf-8")
