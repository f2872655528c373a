"""How Sphinx builds the documentation: offline, and every warning is an error (``make docs``)."""

from __future__ import annotations

import os.path
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "gradekit"
author = "the authors of gradekit"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "pydata_sphinx_theme"
html_title = "gradekit"
html_show_copyright = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": False, "show_toc_level": 2, "secondary_sidebar_items": ["page-toc"]}
myst_heading_anchors = 4
html_copy_source = False
html_sidebars = {"tutorial/*": [], "students": []}  # pages without neighbours
nitpicky = True

# Pages of the repository's top level that the site shows too, by the page that includes them.
INCLUDED = {"CONTRIBUTING.md": "project/contributing.md", "SECURITY.md": "project/security.md"}
INCLUDED |= {"CHANGELOG.md": "project/changelog.md"}
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")


def lead_within(folder: str, text: str) -> str:
    """Return a page's text with its links led to pages of the site; the name stays of what is in the repository alone.

    Parameters
    ----------
    folder : str
        Where the page's links begin, from the folder of the documentation: ``..`` for the repository.
    """

    def led(found: re.Match[str]) -> str:
        target = os.path.normpath(os.path.join(folder, found[2])).replace(os.sep, "/")
        inside = target.removeprefix("../")
        if inside == target or inside.startswith("docs/"):
            return f"[{found[1]}](/{inside.removeprefix('docs/')}{found[3] or ''})"
        return f"[{found[1]}](/{INCLUDED[inside]}{found[3] or ''})" if inside in INCLUDED else found[1]

    return LINK.sub(led, text)


def _on_page(app: Sphinx, name: str, content: list[str]) -> None:  # noqa: ARG001  (the event's signature)
    content[0] = lead_within(os.path.dirname(name), content[0])


def _on_included(app: Sphinx, path: object, name: str, content: list[str]) -> None:  # noqa: ARG001  (as above)
    content[0] = lead_within("..", content[0])


def setup(app: Sphinx) -> None:
    """Lead links before a page, or a page included in it, is read."""
    app.connect("source-read", _on_page)
    app.connect("include-read", _on_included)
