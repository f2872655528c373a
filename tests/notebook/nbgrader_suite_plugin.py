"""A pytest plugin: nbgrader's own suite with our engine in place of its Autograde.

``PYTHONPATH=tests/notebook pytest -p nbgrader_suite_plugin --pyargs nbgrader.tests.apps.test_nbgrader_autograde``
"""

from __future__ import annotations

from gradekit.plugin import autograde

autograde.install()
