"""What a learner wrote, made harmless before it is HTML: for nbgrader's feedback pages and formgrader's.

Without it, scripts in a submission's Markdown cells and HTML outputs run in the instructor's browser, with the
instructor's cookies.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import nh3
from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from gradekit.course.growth import is_small_data

if TYPE_CHECKING:
    from jinja2.runtime import Context
    from traitlets.config import Config


TAGS = nh3.ALLOWED_TAGS | {"section", "input"}  # input: the boxes of a Markdown list of tasks
ATTRIBUTES = {
    **{tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()},
    "*": {"class", "align", "title", "lang"},
    "input": {"type", "checked", "disabled"},
}
# Without widgets, whose place in a page stops it where they are none, and without scripts and diagrams, which nbconvert
# puts into the page as they are: a notebook in autograded/ may be older than gradekit.
KINDS = ("text/html", "text/markdown", "image/svg+xml", "text/latex", "image/png", "image/jpeg", "text/plain")
# Of a cell in Markdown that is set; mistune's and nbconvert's time grows with the square of what opens something. An
# hour of formgrader's one process was to be had for a cell of a megabyte; with these, a twentieth of a second.
MAX_MARKDOWN = 20_000  # characters, as on our own pages
OPENERS = {"\\begin": 100, "[": 1_000, "|": 1_500}
PICTURES = ("data:image/png", "data:image/jpeg", "data:image/gif")


def clean(text: str) -> str:
    """Return HTML without scripts, event handlers, styles, forms and foreign schemes; pictures and math stay."""
    return nh3.clean(
        text,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="noopener noreferrer nofollow",
    )


def clean_html(element: object) -> str:
    """Return a cell's HTML output made harmless, in a time that grows with its length: nbconvert's own does not."""
    return clean(element.decode("utf-8", "replace") if isinstance(element, bytes) else str(element))


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Let data through for pictures alone, small ones, and of an input only a box that nobody can tick."""
    begin = value[:40].strip().lower()
    if begin.startswith("data:"):
        picture = (tag, name) == ("img", "src") and begin.startswith(PICTURES)
        return value if picture and is_small_data(value) else None
    if (tag, name) == ("input", "type"):
        return "checkbox"
    return value


@pass_context
def markdown2html(context: Context, source: str) -> str:
    """Turn a cell's Markdown into HTML as nbconvert does, made harmless; what is too much stays as it was typed."""
    if len(source) > MAX_MARKDOWN or any(source.count(opener) > most for opener, most in OPENERS.items()):
        return f"<pre>{html.escape(source)}</pre>"
    cell: Any = context.get("cell", {})
    renderer = IPythonRenderer(escape=False, attachments=cell.get("attachments", {}))
    return clean(MarkdownWithMath(renderer=renderer).render(source))


def as_it_is(text: str) -> str:
    """Return a text: nbconvert looks for a prefix of 2013, for a time that grows with the square of the brackets."""
    return text


def close(config: Config) -> None:
    """Close formgrader and nbgrader's feedback to scripts. No setting alone leaves no way in."""
    # Of the two that choose a kind, not of their base, which nbgrader's steps have too: each would warn of it.
    config.DataTypeFilter.display_data_priority = list(KINDS)
    config.WidgetsDataTypeFilter.display_data_priority = list(KINDS)
    config.HTMLExporter.filters = {
        "markdown2html": markdown2html,
        "clean_html": clean_html,
        "strip_files_prefix": as_it_is,
    }
    config.HTMLExporter.sanitize_html = True
