"""Changes nothing; makes the page that formgrader and nbgrader's feedback make."""

from pathlib import Path

import nbformat
from nbconvert.exporters import HTMLExporter
from traitlets.config import Config

from gradekit.plugin import safehtml


def check(course: Path, submission: Path, outside: dict) -> None:
    """A page can be made, and nothing of theirs is in it that runs or grows."""
    path = course / "autograded" / submission.parent.name / "small" / "small.ipynb"
    config = Config()
    safehtml.close(config)
    node = nbformat.read(path, as_version=4)
    for cell in node.cells:
        cell.source = ""  # what is left is what cells have shown
    html, _ = HTMLExporter(config=config).from_notebook_node(node)
    assert len(html) < 10 * 2**20
    assert 'src="data:' not in html
    assert "image/svg+xml, which is not shown" in html
    assert "a picture" in html
    assert {file.name for file in path.parent.iterdir() if file.name.startswith("plot")} == set()
