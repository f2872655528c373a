"""Figures of matplotlib's as elements of a page: in the page's colours and font, described in words.

matplotlib writes ``style`` attributes and its own colours. A page's policy refuses the former, and a dark page needs
other colours of line and text, so what it writes is read again: styles become plain attributes, colours the page's.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure


SVG = "http://www.w3.org/2000/svg"
HREF = "{http://www.w3.org/1999/xlink}href"
SETTINGS: dict[Any, Any] = {  # to draw with
    "svg.fonttype": "none",  # text stays text: searchable, and set in the page's font
    "svg.hashsalt": "gradekit",  # the same page for the same figures
}


def element(  # noqa: PLR0913  (what a figure has in a page)
    figure: Figure, name: str, *, title: str, words: str, colours: Mapping[str, str], chart: bool = False
) -> Markup:
    """Return a figure as an element of a page, without anything in it that could run or be fetched.

    Parameters
    ----------
    name : str
        Of this figure in its page, for ids that occur once.
    title, words : str
        What it is, in a few words, and what it shows, for who does not see it.
    colours : mapping of str to str
        A colour that it was drawn with → what stands for it in the page.
    chart : bool
        It is of the class ``chart`` and as wide as its place; else it has a size of its own.
    """
    drawn = ET.fromstring(_written(figure))  # noqa: S314  (matplotlib wrote it)
    for parent in list(drawn.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for node in drawn.iter():
        _style_to_attributes(node)
        _make_own(node, name, colours)
    for side in ("width", "height"):
        drawn.set(side, str(math.ceil(float(drawn.get(side, "0").removesuffix("pt")))))
    for unused in ("version", *(("width", "height") if chart else ())):
        drawn.attrib.pop(unused, None)
    labels = {"title": f"{name}-title", "desc": f"{name}-words"}
    drawn.attrib |= {"role": "img", "aria-labelledby": labels["title"], "aria-describedby": labels["desc"]}
    drawn.attrib |= {"class": "chart"} if chart else {}
    for place, (tag, said) in enumerate((("title", title), ("desc", words))):
        node = ET.Element(f"{{{SVG}}}{tag}", {"id": labels[tag]})
        node.text = said
        drawn.insert(place, node)
    ET.register_namespace("", SVG)
    return Markup(ET.tostring(drawn, encoding="unicode"))  # noqa: S704  (of matplotlib's elements, text is escaped)


def _written(figure: Figure) -> str:
    text = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # the browser has the font, not matplotlib
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return text.getvalue()


def _style_to_attributes(node: ET.Element) -> None:
    for item in node.attrib.pop("style", "").split(";"):
        key, _, value = (part.strip() for part in item.partition(":"))
        if key == "font":  # older matplotlibs' shorthand: the size; the rest is the page's
            node.set("font-size", next(word for word in value.split() if word.endswith("px")))
        elif key and key != "font-family":
            node.set(key, value)


def _make_own(node: ET.Element, name: str, colours: Mapping[str, str]) -> None:
    """Give an element the page's colours, and ids that are this figure's own."""
    node.text, node.tail = (node.text or "").strip() or None, None
    if HREF in node.attrib:
        node.set("href", node.attrib.pop(HREF))
    for key, value in node.attrib.items():
        if key == "id":
            node.set(key, f"{name}-{value}")
        elif key == "href":
            node.set(key, re.sub("^#", f"#{name}-", value))  # else it is data
        else:
            node.set(key, colours.get(value, value.replace("url(#", f"url(#{name}-")))
