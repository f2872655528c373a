"""A pytest plugin: nbgrader's own suite with `StagedAutograde` in place of its Autograde, nbgrader's Execute inside.

``PYTHONPATH=tests/notebook pytest -p nbgrader_suite_plugin --pyargs nbgrader.tests.apps.test_nbgrader_autograde``
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbgrader.apps.api
import nbgrader.apps.autogradeapp
from nbgrader.preprocessors import Execute

from gradekit.gradebook import Executed, Executor, StagedAutograde


class Autograde(StagedAutograde):
    """The staged converter with nbgrader's own Execute."""

    def executor(self) -> Executor:
        """Run notebooks in a kernel."""

        def execute(nb: Any, name: str, folder: Path) -> Executed:
            Execute(parent=self).preprocess(nb, {"metadata": {"name": name, "path": str(folder)}})
            return Executed(by_outputs=True)

        return execute


nbgrader.apps.autogradeapp.Autograde = Autograde
nbgrader.apps.api.Autograde = Autograde
