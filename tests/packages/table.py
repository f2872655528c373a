"""The packages that courses use most, in real calls, in the sandbox and without: docs/reference/packages.md's table.

``make packages`` makes an environment of their own and runs ``python tests/packages/table.py --write`` in it. Without
``--write`` the table is printed. A cell that works without the sandbox and not in it, where no refusal is expected, is
an error, and so is a refusal that does not come.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import io
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradekit.isolation.session import Session
from gradekit.isolation.template import Template, template
from gradekit.judging.line import LearnerError
from gradekit.model import CellRun, Limits

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "reference" / "packages.md"
LIMITS = Limits(call_s=60, cell_s=120, submission_s=300, memory_bytes=4 * 2**30)
CLEARED = "\x1b[2K\n"  # what a terminal gets where a notebook's output is cleared
BEGIN, END = "<!-- table -->", "<!-- end -->"


@dataclass(frozen=True)
class Row:
    """What became of one call: in the sandbox, and without it."""

    name: str
    version: str
    expected: bool
    inside: bool
    outside: bool
    said: str

    @property
    def fits(self) -> bool:
        """Whether it is as it should be."""
        return self.inside if self.expected else not self.inside

    @property
    def line(self) -> str:
        """The row of the table."""
        state = "works" if self.inside else "refused" if not self.expected else "fails"
        return f"| {self.name} | {self.version} | {state} | {self.said or 'the same as outside'} |"


def rows(chosen: list[str]) -> Iterator[Row]:
    """Run every cell; say so on the way."""
    cells = tomllib.loads((HERE / "cells.toml").read_text(encoding="utf-8"))
    with template() as running:
        for name, words in cells.items():
            if chosen and name not in chosen:
                continue
            package = words.get("package", name)
            version = importlib.metadata.version(package) if package else f"Python {sys.version.split()[0]}"
            inside, printed, said = in_a_worker(running, words["cell"])
            outside, elsewhere = without(words["cell"])
            expected = not words.get("refused", False)
            alike = printed == elsewhere if expected and inside and outside else True
            sys.stderr.write(f"{name}: {inside} {outside} {said}\n{'' if alike else f'{printed!r} {elsewhere!r}'}")
            yield Row(name, version, expected, inside and alike, outside, said)


def in_a_worker(running: Template, source: str) -> tuple[bool, str, str]:
    """Return whether a cell goes through in a worker, what it prints, and the error in one line."""
    session = Session(running.fork(LIMITS), LIMITS, time.monotonic() + LIMITS.submission_s)
    try:
        done = session.run_cell(source)
    except LearnerError as error:
        return False, "", str(error)
    finally:
        session.end()
    errors = [output for output in done.outputs if output["output_type"] == "error"]
    return done.ok, _printed(done), f"`{errors[0]['ename']}: {_last_line(errors[0])}`" if errors else ""


def _printed(done: CellRun) -> str:
    return "".join(output["text"] for output in done.outputs if output.get("name") == "stdout")


def _last_line(error: dict[str, Any]) -> str:
    text = (error["evalue"].strip().splitlines() or [""])[-1].replace("|", "/").replace("`", "'")
    return text if len(text) <= 160 else f"{text[:120]} … {text[-40:]}"


def without(source: str) -> tuple[bool, str]:
    """Return whether a cell goes through in a plain shell, and what it prints."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(Path(__file__).resolve()), "--cell"]
        environment = {**os.environ, "MPLBACKEND": "agg"}
        done = subprocess.run(
            command, input=source, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode == 0, done.stdout.replace(CLEARED, "")


def run_plainly() -> int:
    """Run the cell that stands on standard input in IPython's shell; print what it prints."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.display_pub.publish = lambda *_, **__: None
    shell.displayhook.write_output_prompt = shell.displayhook.write_format_data = lambda *_, **__: None
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        done = shell.run_cell(sys.stdin.read())
    sys.stdout.write(said.getvalue())
    return 0 if done.success else 1


def main() -> int:
    """Make the table; see the module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--cell", action="store_true")
    asked = parser.parse_args()
    if asked.cell:
        return run_plainly()
    found = list(rows(asked.names))
    head = ["| package | version | in the sandbox | what it says |", "|---|---|---|---|"]
    table = "\n".join([*head, *(row.line for row in found)])
    if asked.write:
        text = PAGE.read_text(encoding="utf-8")
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
    else:
        sys.stdout.write(table + "\n")
    wrong = [row.name for row in found if not row.fits]
    if wrong:
        sys.stderr.write(f"not as it should be: {', '.join(wrong)}\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
