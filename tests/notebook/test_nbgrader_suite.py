"""nbgrader's own tests of `nbgrader autograde`, run with our engine in its place."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SUITE = "nbgrader.tests.apps.test_nbgrader_autograde"
# What fails with our engine on purpose, and why; docs/reference/nbgrader.md says more.
DELIBERATE = {
    "test_handle_failure": "a cell that the gradebook does not know is free, and loses nobody the submission",
    "test_handle_failure_single_notebook": "the same, with one notebook graded at a time",
    "test_missing_source_kernelspec": "where the source names no kernel, the learner's word for one decides nothing",
}
QUICK = ("test_side_effects", "test_handle_failure")
NUMBER = 42  # tests of nbgrader 0.9.6, of which it skips 2 itself


def outcomes(folder: Path, *names: str) -> dict[str, set[str]]:
    """Run tests of the suite, all without names; return what passed, failed and was skipped, by their outcome."""
    (folder / "pytest.ini").write_text("[pytest]\n")  # not our own settings, where .venv lies in this repository
    chosen = [f"{SUITE}::TestNbGraderAutograde::{name}" for name in names] or [SUITE]
    words = ["-c", "pytest.ini", "-p", "nbgrader_suite_plugin", "-p", "no:randomly", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *words, "--junitxml", "found.xml", "--pyargs", *chosen]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    paths = os.pathsep.join([str(HERE), os.environ["PYTHONPATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": paths}
    environment.pop("PYTEST_ADDOPTS", None)
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert (folder / "found.xml").exists(), run.stdout + run.stderr
    found: dict[str, set[str]] = {"passed": set(), "failure": set(), "error": set(), "skipped": set()}
    for case in ET.parse(folder / "found.xml").getroot().iter("testcase"):
        kinds = [kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None]
        found[kinds[0] if kinds else "passed"].add(case.attrib["name"])
    return found


def test_quick_part(tmp_path: Path) -> None:
    """Files that cells write are where nbgrader has them; a cell that the gradebook does not know is our own matter."""
    found = outcomes(tmp_path, *QUICK)
    assert found["failure"] == set(QUICK) & DELIBERATE.keys()
    assert found["passed"] == set(QUICK) - DELIBERATE.keys()


@pytest.mark.slow
def test_whole_suite(tmp_path: Path) -> None:
    """All pass but those that fail on purpose, and each of these does fail."""
    found = outcomes(tmp_path)
    assert found["failure"] == DELIBERATE.keys()
    assert found["error"] == set()
    assert found["skipped"] == {"test_many_students", "test_infinite_loop_with_output"}
    assert sum(map(len, found.values())) == NUMBER


def test_every_deliberate_failure_is_documented() -> None:
    """The page about nbgrader names each of them, and no other test of the suite as failing."""
    page = (HERE.parents[1] / "docs" / "reference" / "nbgrader.md").read_text(encoding="utf-8")
    table = page.partition("## nbgrader's own tests")[2].partition("\n## ")[0]
    named = [line.split("|")[1].strip().strip("`") for line in table.splitlines() if line.startswith("| `test_")]
    assert sorted(named) == sorted(DELIBERATE)
