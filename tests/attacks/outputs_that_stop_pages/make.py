"""Changes nothing; makes the page that formgrader and nbgrader's feedback make."""

import json
from pathlib import Path

import nbformat
from nbconvert.exporters import HTMLExporter
from traitlets.config import Config

from gradekit.plugin import safehtml


def check(course: Path, submission: Path, outside: dict) -> None:
    """Only outputs of known kinds are there, and a page can be made of them, in which nothing of theirs runs."""
    path = course / "autograded" / "outputs_that_stop_pages" / "small" / "small.ipynb"
    node = json.loads(path.read_text(encoding="utf-8"))
    kinds = {kind for cell in node["cells"] for output in cell.get("outputs", ()) for kind in output.get("data", ())}
    assert kinds == {"text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml"}
    config = Config()
    safehtml.close(config)
    html, _ = HTMLExporter(config=config).from_notebook_node(nbformat.read(path, as_version=4))
    assert "<script>alert(1)" not in html
    assert "text/vnd.mermaid, which is not shown" in html
