"""What a process that is ours alone does for a quick start, and that no other process of anybody's is touched."""

from __future__ import annotations

import subprocess
import sys

import pytest

NOTEBOOK_SERVER = """
import sys, nbgrader.server_extensions
from traitlets.config import Config
import gradekit
gradekit.install(Config())
import gradekit.hidden, gradekit.grade.classroom, gradekit.gradebook.scores, gradekit.worker.serve
"""


def absent(code: str) -> bool:
    """Run code in a process of its own; say whether rfc3987_syntax cannot be imported there afterwards."""
    code += "\nprint('rfc3987_syntax' in sys.modules and sys.modules['rfc3987_syntax'] is None)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return found.split()[-1] == "True"


def test_nobody_elses_process_is_touched() -> None:
    """A notebook server that reads nbgrader_config.py can still import what it likes."""
    assert not absent(NOTEBOOK_SERVER)


@pytest.mark.parametrize("module", ["gradekit.cli", "gradekit.export.gradescope_run"])
def test_our_own_processes_start_quickly(module: str) -> None:
    """The command line, and what runs in Gradescope's container, hide it before nbformat is imported."""
    assert absent(f"import sys, {module}")
