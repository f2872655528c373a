"""Mathematics that is read without a network: LaTeX to MathML, which browsers draw and screen readers speak.

MathML needs no fonts, no script and no style sheet, so a formula costs some 300 bytes of a page. What comes out of the
converter is read again as XML and passes an allow-list, since the formula may be a learner's.
"""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET

from markupsafe import Markup, escape
from math_core import LatexError, LatexToMathML

MAX_LATEX = 2_000  # characters; the longest formula of our notebooks has 500
NAMESPACE = "http://www.w3.org/1998/Math/MathML"
TAGS = re.compile(
    r"math|menclose|mfrac|mi|mmultiscripts|mn|mo|mover|mpadded|mphantom|mprescripts|mroot|mrow|mspace|msqrt|mstyle|"
    r"msub|msubsup|msup|mtable|mtd|mtext|mtr|munder|munderover"
)
ATTRIBUTES = re.compile(
    r"accent|accentunder|display|displaystyle|fence|form|largeop|linethickness|lspace|mathvariant|maxsize|minsize|"
    r"movablelimits|notation|rspace|scriptlevel|separator|stretchy|symmetric|width"
)
ALIGNMENT = re.compile(r"text-align:\s*(left|right)")
ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|apos|#\w+);)\w+;")  # HTML knows it, XML does not


def to_mathml(latex: str, *, block: bool = False) -> Markup:
    """Return a formula as MathML; one that cannot be read, as the code that it was written in.

    Parameters
    ----------
    block : bool
        On lines of its own.
    """
    if len(latex) > MAX_LATEX:
        return Markup("<code>{}</code>").format(latex[:MAX_LATEX] + " …")
    try:
        made = LatexToMathML(xml_namespace=True).convert_with_local_state(latex, displaystyle=block)
        # Without a DTD, since the converter escapes what it is given.
        return _written(ET.fromstring(ENTITY.sub(lambda match: html.unescape(match[0]), made)))  # noqa: S314
    except (LatexError, ET.ParseError, RecursionError, UnicodeError):
        return Markup("<code>{}</code>").format(latex)


def _written(node: ET.Element) -> Markup:
    """Write an element of the allow-list, and of any other its text."""
    tag = node.tag.removeprefix(f"{{{NAMESPACE}}}")
    inner = escape(node.text or "")
    for child in node:
        inner += _written(child) + escape(child.tail or "")
    if not TAGS.fullmatch(tag):
        return inner
    # A style attribute is refused by the page's policy; a column's side is all that is needed of it.
    side = ALIGNMENT.search(node.get("style", ""))
    kept = {name: value for name, value in node.attrib.items() if ATTRIBUTES.fullmatch(name)}
    kept |= {"class": side[1]} if side else {}
    words = Markup("").join(Markup(' {}="{}"').format(name, value) for name, value in kept.items())
    return Markup(f"<{tag}{words}>{inner}</{tag}>")  # noqa: S704  (tag and words are of the allow-lists, inner is escaped)
