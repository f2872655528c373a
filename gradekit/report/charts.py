"""Plots of a class as SVG: drawn by matplotlib, coloured by the page, described in words, with nothing to execute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from gradekit.pages import svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes


INK, MUTED, ACCENT, LINE, SOFT, PAPER = (f"#{number:06x}" for number in range(0x010101, 0x010107))
PAGE = {
    INK: "var(--ink)",
    MUTED: "var(--quiet)",
    ACCENT: "var(--accent)",
    LINE: "var(--line)",
    SOFT: "var(--sunken)",
    PAPER: "var(--panel)",
}
SETTINGS: dict[Any, Any] = {
    **svg.SETTINGS,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": LINE,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}
WIDTH = 5.6  # inches, at 72 points an inch: on a phone the text is a little smaller than set, on a desk larger
BINS = 20  # at most, so that each is wide enough to be seen on a phone


def histogram(scores: Sequence[float], points: float) -> str:
    """Draw how scores are spread over ``[0, points]``, or up to the best one; mean and median are marked."""
    top = max([points, *scores]) or 1.0  # an assignment without points has an axis too
    width = _bin(top)
    edges = np.arange(0, int(np.ceil(top / width - 1e-9)) + 1) * width
    counts, _ = np.histogram(np.clip(np.asarray(scores) + 1e-9, 0, edges[-1]), edges)  # 0.3 may be 0.1 + 0.2
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(WIDTH, 2.1), layout="constrained")
        axes = figure.subplots()
        axes.bar(edges[:-1] + width / 2, counts, width * 0.92, color=ACCENT)
        for at, count in zip(edges, counts, strict=False):
            if count:
                axes.annotate(str(count), (at + width / 2, count), (0, 2), textcoords="offset points", ha="center")
        for at, what, face in ((np.mean(scores), "mean", INK), (np.median(scores), "median", PAPER)):
            style: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": INK, "markersize": 7, "clip_on": False}
            axes.plot([at], [0], "^", zorder=3, linestyle="", label=f"{what} {at:.4g}", **style)
        axes.set(xlim=(0, edges[-1]), xlabel="final score", yticks=[])
        axes.spines["left"].set_visible(False)
        if np.ptp(scores):
            axes.legend(frameon=False, loc="upper left", handlelength=1.4)
        said = ", ".join(
            f"{low:g} to {low + width:g}: {count}" for low, count in zip(edges, counts, strict=False) if count
        )
        return _svg(figure, "scores", "How the final scores are spread", f"Submissions by score: {said}.")


def _bin(top: float) -> float:
    """Return a round width of at most 20 columns."""
    steps = [base * 10.0**power for power in range(-3, 7) for base in (1.0, 2.0, 2.5, 5.0)]
    return next(step for step in steps if top / step <= BINS)


def exercises(names: Sequence[str], shares: Sequence[float | None], separates: Sequence[float | None]) -> str:
    """Draw each exercise's mean share of points and its discrimination, side by side; None leaves a gap."""
    rows = range(len(names))
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(WIDTH, 0.75 + 0.24 * len(names)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        _dots(left, shares, "difficulty p", (0.0, 1.0))
        low = min([0.0, *(value for value in separates if value is not None)])
        _dots(right, separates, "discrimination r", (low, 1.0))
        right.axvspan(low, 0.2, color=SOFT, linewidth=0)
        left.set_yticks(rows, names, parse_math=False)
        left.set_ylim(len(names) - 0.5, -0.5)
        said = "; ".join(
            f"{name}: p {_said(share)}, r {_said(other)}"
            for name, share, other in zip(names, shares, separates, strict=True)
        )
        return _svg(figure, "items", "Difficulty and discrimination of each exercise", f"{said}.")


def _dots(axes: Axes, values: Sequence[float | None], label: str, limits: tuple[float, float]) -> None:
    known = [(row, value) for row, value in enumerate(values) if value is not None]
    axes.hlines([row for row, _ in known], 0, [value for _, value in known], color=LINE, linewidth=1.5)
    axes.plot([value for _, value in known], [row for row, _ in known], "o", color=ACCENT, markersize=6)
    axes.set(xlim=(limits[0] - 0.03, limits[1] + 0.04), xlabel=label)
    axes.set_xticks([tick for tick in (-1, -0.5, 0, 0.5, 1) if limits[0] <= tick], minor=False)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _said(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _svg(figure: Figure, name: str, title: str, words: str) -> str:
    return svg.element(figure, name, title=title, words=words, colours=PAGE, chart=True)
