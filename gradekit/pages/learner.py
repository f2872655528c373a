"""What a learner wrote, as HTML for our pages: code with its words coloured, answers in Markdown, pictures.

All of it is bounded and hostile until shown otherwise. In an answer no element survives that the page's reader could
mistake for the page: a heading becomes a bold line, a link says where it leads, and HTML is shown as it was typed.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from typing import TYPE_CHECKING, Any

import nh3
from markupsafe import Markup, escape
from mistune import HTMLRenderer
from nbconvert.filters.markdown_mistune import MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from gradekit.pages.mathml import to_mathml

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


MAX_TEXT = 20_000  # characters of one cell: some 400 lines of code, ten times the longest solution
MAX_PICTURE = 400_000  # bytes; a figure of matplotlib's has 20,000 to 60,000
PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}  # by what the file begins with
TAGS = {"p", "br", "em", "strong", "del", "code", "pre", "ul", "ol", "li", "blockquote", "hr"}
TABLE = {"table", "thead", "tbody", "tr", "th", "td"}


def code(source: str, *, marked: Collection[str] = ()) -> Markup:
    """Return Python with its words coloured.

    Parameters
    ----------
    marked : collection of str
        Lines to mark, stripped: where an error happened.
    """
    text, left = cut(source)
    lines = [
        number for number, line in enumerate(text.splitlines(), start=1) if line.strip() and line.strip() in marked
    ]
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    made = highlight(text, lexer, HtmlFormatter(nowrap=True, hl_lines=lines)).removesuffix("\n")
    return Markup(made) + _more(left)  # noqa: S704  (pygments escapes what it colours)


def plain(text: str, *, most: int = MAX_TEXT) -> Markup:
    """Return text as it is, bounded."""
    shown, left = cut(text, most)
    return escape(shown) + _more(left)


def cut(text: str, most: int = MAX_TEXT) -> tuple[str, int]:
    """Return what is shown of a text, as UTF-8 can hold it, and how many characters are not."""
    return text[:most].encode("utf-8", "replace").decode(), max(0, len(text) - most)


def _more(left: int) -> Markup:
    if not left:
        return Markup()
    return Markup('\n<span class="cut">… and {} more characters, which are not shown here.</span>').format(f"{left:,}")


def markdown(source: str, *, attachments: Mapping[str, Mapping[str, str]] | None = None) -> Markup:
    """Return an answer in Markdown as harmless HTML with its formulas drawn."""
    text, left = cut(source)
    renderer = _Answer(attachments or {})
    try:
        made = MarkdownWithMath(renderer=renderer).render(text)
    except RecursionError:  # thousands of lists in lists
        return Markup('<pre class="asis">{}</pre>').format(plain(source))
    clean = nh3.clean(made, tags=TAGS | TABLE, attributes={"p": {"class"}}, link_rel=None)
    whole = renderer.place.sub(lambda match: str(renderer.kept[int(match[1])]), clean)
    return Markup(whole) + _more(left)  # noqa: S704  (sanitised, then filled with what is ours)


class _Answer(HTMLRenderer):
    """Renders Markdown; formulas and pictures are kept apart, so that the sanitiser need not let them through."""

    def __init__(self, attachments: Mapping[str, Mapping[str, str]]) -> None:
        super().__init__(escape=True)
        self.attachments = attachments
        self.kept: list[Markup] = []
        self._mark = secrets.token_hex(16)  # what the learner cannot have written
        self.place = re.compile(rf"{self._mark}:(\d+);")

    def _keep(self, made: Markup) -> str:
        self.kept.append(made)
        return f"{self._mark}:{len(self.kept) - 1};"

    def block_math(self, body: str) -> str:
        """Keep a formula that stands on lines of its own."""
        return self._keep(to_mathml(body.strip(), block=True))

    def inline_math(self, body: str) -> str:
        """Keep a formula in a line."""
        return self._keep(to_mathml(body.strip()))

    def latex_environment(self, name: str, body: str) -> str:
        """Keep a formula that brings its own surroundings."""
        return self._keep(to_mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", block=True))

    def heading(self, text: str, level: int, **attrs: Any) -> str:  # noqa: ARG002  (mistune's signature)
        """Make a bold line of a heading: the page's headings are ours."""
        return f'<p class="heading">{text}</p>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002  (mistune's signature)
        """Say where a link leads."""
        return text if text == url else f"{text} ({escape(url)})"

    def image(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002  (mistune's signature)
        """Keep a picture that was handed in with the cell; of any other, its words."""
        data = self.attachments.get(url.removeprefix("attachment:"), {}) if url.startswith("attachment:") else {}
        made = next((found for kind in data.values() if (found := picture(kind, words=text))), None)
        return self._keep(made) if made else f"[picture: {escape(text)}]"


def picture(data: str, *, words: str) -> Markup | None:
    """Return a picture from the base64 text of a notebook; None where it is none, or too large.

    Parameters
    ----------
    words : str
        What is in it, for who does not see it.
    """
    if len(data) > MAX_PICTURE * 4 / 3:
        return None
    try:
        raw = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    kind = next((name for begin, name in PICTURES.items() if raw.startswith(begin)), None)
    if kind is None:
        return None
    address = f"data:{kind};base64,{base64.b64encode(raw).decode()}"
    return Markup('<img src="{}" alt="{}">').format(address, words or "picture")
