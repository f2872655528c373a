"""Changes what is handed in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import HTMLExporter
from traitlets.config import Config

from gradekit.plugin import safehtml

UNITS = (
    "[",
    "![",
    "[a](",
    "**a",
    "`",
    "$",
    "$a$ ",
    "> ",
    "- ",
    "<a ",
    "<!--",
    "&#",
    "|a",
    "a\n=",
    "\\begin{a}",
    "# a" + " " * 99,
    "[a]: b\n",
)


def hand_in(folder: Path, node: dict[str, Any], _: Path) -> None:
    """Each cell repeats what opens something."""
    for number, unit in enumerate(UNITS):
        text = unit * (200_000 // len(unit))
        node["cells"].append({"cell_type": "markdown", "id": f"m{number}", "metadata": {}, "source": text})
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")


def check(course: Path, submission: Path, _: dict[str, str]) -> None:
    """A page can be made, on which they stand as they were typed."""
    path = course / "autograded" / submission.parent.name / "small" / "small.ipynb"
    config = Config()
    safehtml.close(config)
    html, _ = HTMLExporter(config=config).from_notebook_node(nbformat.read(path, as_version=4))
    assert html.count("<pre>") >= len(UNITS)
