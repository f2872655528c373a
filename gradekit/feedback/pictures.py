"""Pictures of what is wrong, as SVG to stand in a page: drawn by matplotlib, described in words, right in the dark.

matplotlib writes ``style`` attributes and its own colours. A page's policy refuses the former, and a dark page needs
other colours of line and text, so what it writes is read again: styles become plain attributes, ink becomes the page's.
"""

from __future__ import annotations

import io
import math
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from gradekit.model import Picture


INK = "#010203"  # stands for the page's colour of text
MORE, LESS = (0.80, 0.38, 0.10), (0.24, 0.50, 0.79)  # contrast above 3 on white and on the dark page's panel alike
MAX_SIDE = 64  # rows or columns that are drawn one by one; of more, evenly chosen ones are
MAX_SIGNED = 160  # cells that also carry a sign, for who does not see the colours
MAX_POINTS = 400
WIDTH_IN = 4.4  # inches at 72 to the inch: the text in it comes out at the size of the page's small print
SVG = "http://www.w3.org/2000/svg"
HREF = "{http://www.w3.org/1999/xlink}href"
LOCAL = re.compile(r"^(url\(#|#)")  # a reference to an element of the same picture, where it is no colour


def draw(picture: Picture, *, name: str) -> Markup:
    """Return a figure with its legend; empty where there is nothing in it to be drawn.

    Parameters
    ----------
    name : str
        Of this picture in its page, for ids that occur once.
    """
    values = _values(picture)
    if values is None:
        return Markup()
    from matplotlib import rc_context  # noqa: PLC0415  (a third of a second that most pages do without)

    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "gradekit", "font.size": 9, "axes.linewidth": 0.6}):
        figure = _error(picture, values) if picture.kind == "error" else _scatter(picture, values)
        made = io.StringIO()
        figure.savefig(made, format="svg", transparent=True, metadata={"Date": None})
    drawn = _inlined(made.getvalue(), name, title=title(picture), words=describe(picture))
    return Markup("<figure>{}<figcaption>{}</figcaption></figure>").format(drawn, legend(picture))


def title(picture: Picture) -> str:
    """Return what a picture shows, in a few words."""
    if picture.kind == "error":
        return f"Where {picture.name} is off"
    return f"{picture.name}: yours against the right one"


def legend(picture: Picture) -> str:
    """Return how a picture is to be read."""
    if picture.kind == "error":
        return (
            f"{title(picture)}. Orange with +: yours is too large. Blue with \N{MINUS SIGN}: too small. "
            "The stronger the colour, the further off."
        )
    return (
        f"{title(picture)}, each side without its scale. Dots on the dashed line: right but for one factor. "
        "A dot in the upper left or lower right: the wrong sign."
    )


def describe(picture: Picture) -> str:
    """Say in words what a picture shows; without a value, which the learner is to find."""
    values = _values(picture)
    if values is None:
        return "There is nothing to be drawn."
    if picture.kind != "error":
        right, yours = values.T
        same = np.sign(right) == np.sign(yours)
        return (
            f"{len(values)} entries, each side over its own largest magnitude. On the line, yours would be the right "
            f"one but for a factor. {_share(same)} have the right sign."
        )
    more, less = values > 0, values < 0
    shape = " by ".join(map(str, picture.shape)) or "a single number"
    worst = np.unravel_index(np.nanargmax(np.abs(np.nan_to_num(values))), values.shape)
    return (
        f"Your array is {shape}. Too large: {_share(more)}; too small: {_share(less)}; "
        f"right or nearly so: {_share(np.abs(values) < 0.005)}. "
        f"The largest error stands in row {worst[0]}, column {worst[1]}, counted from 0."
    )


def _share(chosen: NDArray[np.bool_]) -> str:
    return f"{int(chosen.sum())} of {chosen.size}"


def _values(picture: Picture) -> NDArray[np.float64] | None:
    """Return a picture's numbers as an array of two axes; None where they are none."""
    rows = [row for row in picture.values if row]
    wanted = 2 if picture.kind == "scatter" else len(rows[0]) if rows else 0
    if not rows or any(len(row) != wanted for row in rows):
        return None
    return np.clip(np.array(rows, dtype=np.float64), -1.0, 1.0)


def _few(count: int, most: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.intp))


def _error(picture: Picture, values: NDArray[np.float64]) -> Figure:
    """Draw each entry's error: its sign as a colour and, where there is room, as a sign; its magnitude as strength."""
    rows, columns = _few(values.shape[0], MAX_SIDE), _few(values.shape[1], MAX_SIDE)
    shown = values[np.ix_(rows, columns)]
    height, width = shown.shape
    ratio = min(max(height / width, 0.08), 1.4)
    figure, axes = _axes(WIDTH_IN, 0.75 + (WIDTH_IN - 0.75) * ratio)
    known = np.nan_to_num(shown)
    colours = np.where(known[..., None] > 0, MORE, LESS)
    strength = np.where(known == 0, 0.0, 0.12 + 0.88 * np.abs(known))
    axes.imshow(np.dstack([colours, strength]), aspect="auto", interpolation="none")
    if shown.size <= MAX_SIGNED:
        for marker, chosen in (("+", shown > 0.005), ("_", shown < -0.005), ("x", np.isnan(shown))):
            down, across = np.nonzero(chosen)
            axes.plot(across, down, linestyle="none", marker=marker, markersize=5, color=INK, markeredgewidth=0.8)
    flat = len(picture.shape) > 2
    axes.set_xlabel("last axis" if flat else "column")
    axes.set_ylabel("all other axes, one after the other" if flat else "row")
    for axis, indices in ((axes.xaxis, columns), (axes.yaxis, rows)):
        few = _few(len(indices), 7)
        axis.set_ticks(few, [str(indices[index]) for index in few])
    return figure


def _scatter(picture: Picture, values: NDArray[np.float64]) -> Figure:
    """Draw pairs of right and wrong, without their scales, and the line on which they would agree."""
    shown = values[_few(len(values), MAX_POINTS)]
    figure, axes = _axes(WIDTH_IN * 0.8, WIDTH_IN * 0.8)
    axes.axhline(0, color=INK, linewidth=0.4, alpha=0.5)
    axes.axvline(0, color=INK, linewidth=0.4, alpha=0.5)
    axes.plot([-1, 1], [-1, 1], color=INK, linewidth=0.8, linestyle=(0, (5, 4)))
    axes.plot(*shown.T, linestyle="none", marker="o", markersize=6, color=LESS, markeredgewidth=0, alpha=0.75)
    axes.set(xlim=(-1.08, 1.08), ylim=(-1.08, 1.08), aspect="equal", xticks=[0], yticks=[0])
    axes.set_xlabel(f"right {picture.name}", parse_math=False)
    axes.set_ylabel(f"your {picture.name}", parse_math=False)
    return figure


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure  # noqa: PLC0415  (see draw)

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.tick_params(colors=INK, length=2, width=0.6)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    for spine in axes.spines.values():
        spine.set_color(INK)
        spine.set_alpha(0.4)
    return figure, axes


# --- from matplotlib's SVG to the page's -----------------------------------------------------------------------------


def _inlined(text: str, name: str, *, title: str, words: str) -> Markup:
    """Turn a file of matplotlib's into an element of a page."""
    drawn = ET.fromstring(text)  # noqa: S314  (matplotlib wrote it)
    for parent in list(drawn.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for node in drawn.iter():
        _plain(node, name)
    size = {side: str(math.ceil(float(drawn.get(side, "0").removesuffix("pt")))) for side in ("width", "height")}
    drawn.attrib.pop("version", None)
    labels = {"role": "img", "aria-labelledby": f"{name}-title", "aria-describedby": f"{name}-words"}
    drawn.attrib.update({**size, **labels})
    for tag, said in (("desc", words), ("title", title)):
        node = ET.Element(f"{{{SVG}}}{tag}", {"id": f"{name}-{'words' if tag == 'desc' else 'title'}"})
        node.text = said
        drawn.insert(0, node)
    ET.register_namespace("", SVG)
    return Markup(ET.tostring(drawn, encoding="unicode"))  # noqa: S704  (of matplotlib's elements, text is escaped)


def _plain(node: ET.Element, name: str) -> None:
    """Give an element plain attributes, ids of this picture, and the page's ink."""
    styles = (item.partition(":") for item in node.attrib.pop("style", "").split(";") if ":" in item)
    for key, _, value in styles:
        node.set(*_attribute(key.strip(), value.strip()))
    node.attrib.pop("font-family", None)
    node.text, node.tail = (node.text or "").strip() or None, None
    if HREF in node.attrib:
        node.set("href", node.attrib.pop(HREF))
    for key, value in node.attrib.items():
        if key == "id":
            node.set(key, f"{name}-{value}")
        elif value == INK:
            node.set(key, "currentColor")
        elif key not in ("fill", "stroke"):
            node.set(key, LOCAL.sub(lambda match: f"{match[1]}{name}-", value))


def _attribute(key: str, value: str) -> tuple[str, str]:
    """Return a style as an attribute; matplotlib's shorthand of a font is its size, the rest is the page's."""
    if key != "font":
        return key, value
    size = re.search(r"[\d.]+(?=px)", value)
    return "font-size", size[0] if size else "9"
