"""Self-contained pages: one HTML file that asks for nothing, in which nothing runs that is not ours.

A template extends ``base.html``. Style sheets and scripts are put into the page, and its policy names them by their
hash, so that a style or script which came in another way is refused by the browser. There are therefore no ``style=``
attributes in our pages.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from gradekit.pages.mathml import to_mathml
from gradekit.text import number as number  # noqa: PLC0414  (for callers that ask for it here)

if TYPE_CHECKING:
    from collections.abc import Sequence


# A formula begins and ends with a letter, so that "$5 and $6" is none.
MARKED = re.compile(r"`(?P<code>[^`\n]+)`|(?<![\\$\w])\$(?P<math>[^\s$](?:[^$\n]*[^\s$])?)\$(?![\w$])")


@cache
def environment() -> Environment:
    """Return the templates, escaping whatever is put into them."""
    made = Environment(
        loader=PackageLoader("gradekit.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"prose": prose, "number": number}
    return made


def render(template: str, *, styles: Sequence[str] = (), scripts: Sequence[str] = (), **context: Any) -> str:
    """Fill a template.

    Parameters
    ----------
    template : str
        A file of ``gradekit/pages/templates`` that extends ``base.html``.
    styles, scripts : sequence of str
        Files of that folder to put into the page, after ``base.css``.
    """
    sheets = [_text(name) for name in ("base.css", *styles)]
    programs = [_text(name) for name in scripts]
    found = environment().get_template(template)
    page = found.render(policy=policy(sheets, programs), styles=sheets, scripts=programs, **context)
    return page.encode("utf-8", "replace").decode()  # half a surrogate pair, as a learner may print, is no UTF-8


def _text(name: str) -> Markup:
    loader = environment().loader
    assert loader is not None
    return Markup(loader.get_source(environment(), name)[0])  # noqa: S704  (a file of the package)


def policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """Return the Content-Security-Policy of a page that holds these style sheets and scripts and nothing else."""
    parts = {"default-src": "'none'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'"}
    parts |= {"style-src": " ".join(map(_hash, styles)) or "'none'"}
    parts |= {"script-src": " ".join(map(_hash, scripts)) or "'none'"}
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def prose(text: str) -> Markup:
    """Return a sentence of plain text with ```code``` and ``$mathematics$`` in it as HTML."""
    made, at = Markup(), 0
    for match in MARKED.finditer(text):
        made += escape(text[at : match.start()])
        made += Markup("<code>{}</code>").format(match["code"]) if match["code"] else to_mathml(match["math"])
        at = match.end()
    return made + escape(text[at:])
