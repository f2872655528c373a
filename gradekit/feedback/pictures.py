"""Pictures of what is wrong, as SVG to stand in a page: drawn by matplotlib, described in words, right in the dark."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from gradekit.pages import svg

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

    with rc_context({**svg.SETTINGS, "font.size": 9, "axes.linewidth": 0.6}):
        figure = _error(picture, values) if picture.kind == "error" else _scatter(picture, values)
        what, words = title(picture), describe(picture)
        drawn = svg.element(figure, name, title=what, words=words, colours={INK: "currentColor"})
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
            "No colour: right. The stronger the colour, the further off, on a logarithmic scale."
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
    whole = values.size == np.prod(picture.shape)
    coarse = "" if whole else "Each cell stands for several entries, by the one that is furthest off. "
    return (
        f"Your array is {shape}. {coarse}Too large: {_share(more)}; too small: {_share(less)}; "
        f"right: {_share(values == 0)}. "
        f"The largest error stands {_place(picture, values)}, counted from 0."
    )


def _place(picture: Picture, values: NDArray[np.float64]) -> str:
    """Say where in the learner's array the largest error is, as near as the picture tells."""
    worst = int(np.nanargmax(np.abs(np.nan_to_num(values))))
    if len(picture.shape) > 2 and values.size == np.prod(picture.shape):
        return f"at index {[int(at) for at in np.unravel_index(worst, picture.shape)]}"
    at = np.unravel_index(worst, values.shape)
    spans = [_span(*each) for each in zip(("row", "column"), at, _starts(picture, values), strict=True)]
    return f"in {', '.join(spans)}"


def _starts(picture: Picture, values: NDArray[np.float64]) -> list[list[int]]:
    """Return the array's first row that each drawn one stands for, and the first behind all; then its columns."""
    counts = math.prod(picture.shape[:-1]), math.prod(picture.shape[-1:])
    blocks = [np.array_split(range(max(pair)), pair[1]) for pair in zip(counts, values.shape, strict=True)]
    return [[*(int(block[0]) for block in parts), int(parts[-1][-1]) + 1] for parts in blocks]


def _span(what: str, at: np.intp, starts: list[int]) -> str:
    """Name the array's row that a drawn one stands for; of more than are drawn, its rows."""
    first, last = starts[at], starts[at + 1] - 1
    return f"{what} {first}" if first == last else f"{what}s {first} to {last}"


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
    """Draw each entry that is wrong: its error's sign as a colour and, where there is room, as a sign; how far off."""
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
        for marker, chosen in (("+", shown > 0), ("_", shown < 0), ("x", np.isnan(shown))):
            y, x = np.nonzero(chosen)
            axes.plot(x, y, linestyle="none", marker=marker, markersize=5, color=INK, markeredgewidth=0.8)
    flat = len(picture.shape) > 2
    axes.set_xlabel("last axis" if flat else "column")
    axes.set_ylabel("all other axes, one after the other" if flat else "row")
    down, across = _starts(picture, values)
    for axis, indices, starts in ((axes.xaxis, columns, across), (axes.yaxis, rows, down)):
        few = _few(len(indices), 7)
        axis.set_ticks(few, [str(starts[indices[index]]) for index in few])
    return figure


def _scatter(picture: Picture, values: NDArray[np.float64]) -> Figure:
    """Draw pairs of right and wrong, without their scales, and the line on which they would agree."""
    shown = values[_few(len(values), MAX_POINTS)]
    figure, axes = _axes(WIDTH_IN * 0.8, WIDTH_IN * 0.8)
    axes.axhline(0, color=INK, linewidth=0.4, alpha=0.5)
    axes.axvline(0, color=INK, linewidth=0.4, alpha=0.5)
    axes.plot([-1, 1], [-1, 1], color=INK, linewidth=0.8, linestyle=(0, (5, 4)))
    axes.plot(*shown.T, linestyle="none", marker="o", markersize=6, color=LESS, markeredgewidth=0, alpha=0.85)
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
