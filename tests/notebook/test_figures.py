"""Figures that everybody can read: texts apart, enough contrast, nothing told by colour alone, each said in words."""

from __future__ import annotations

import itertools
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import Collection, PathCollection, QuadMesh
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.text import Text

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.feedback import pictures
from gradekit.model import Picture, Role
from gradekit.pages import svg
from gradekit.report import charts

ROOT = Path(__file__).parents[2]
COURSE = Course(ROOT)
ASSIGNMENTS = COURSE.assignments()
SOLUTIONS = ROOT / "solutions"
# WCAG 2.2, success criteria 1.4.3 and 1.4.11, level AA.
TEXT, MARK = 4.5, 3.0
SHARE = 0.15  # of the ground below a text: what covers less, such as a thin line, leaves it legible
SLACK = 1.0  # pixels by which boxes may touch: letters do not fill theirs
MARKER = "*Figure:*"  # begins the sentence that says in words what a figure shows
SHORTEST = 60  # characters of such a sentence


# --- contrast -------------------------------------------------------------------------------------------------------


def luminance(colour: Any) -> float:
    """Return the relative luminance of a colour, as WCAG defines it."""
    channels = np.asarray(to_rgba(colour)[:3])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(one: Any, other: Any) -> float:
    """Return the contrast ratio of two opaque colours, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def over(colour: Any, ground: Any, alpha: float | None = None) -> tuple[float, ...]:
    """Return how a colour looks upon a ground, where it lets some of it through."""
    *top, own = to_rgba(colour, alpha)
    return tuple(own * np.array(top) + (1 - own) * np.array(to_rgba(ground)[:3]))


def seen(colours: list[Any], ground: Any) -> float:
    """Return the contrast of a mark with a ground: of its face or its edge, whichever stands out."""
    return max((contrast(over(colour, ground), ground) for colour in colours), default=21.0)


# --- texts ----------------------------------------------------------------------------------------------------------


def drawn_texts(figure: Figure) -> list[tuple[Text, Any]]:
    """Draw a figure; return each text that was drawn, with its box in pixels."""
    found: dict[int, tuple[Text, Any]] = {}
    draw = Text.draw
    if not isinstance(figure.canvas, FigureCanvasAgg):
        FigureCanvasAgg(figure)  # it takes its place

    def noted(text: Text, renderer: Any, *args: Any, **words: Any) -> None:
        if text.get_visible() and text.get_text().strip():
            found[id(text)] = text, Text.get_window_extent(text, renderer)
        draw(text, renderer, *args, **words)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", noted)
        figure.canvas.draw()
    return list(found.values())


def overlaps(texts: list[tuple[Text, Any]]) -> Iterator[str]:
    """Yield each two texts that stand on one another."""
    for (one, a), (other, b) in itertools.combinations(texts, 2):
        width, height = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        if width > SLACK and height > SLACK:
            yield f"texts overlap: {one.get_text()!r} and {other.get_text()!r}"


def faint_texts(figure: Figure, texts: list[tuple[Text, Any]]) -> Iterator[str]:
    """Yield each text that has too little contrast with what is drawn below it."""
    alphas = [text.get_alpha() for text, _ in texts]
    for text, _ in texts:
        text.set_alpha(0.0)  # not invisible: the layout counts invisible texts out
    figure.canvas.draw()
    picture = np.asarray(figure.canvas.buffer_rgba())[::-1, :, :3] / 255
    for (text, box), alpha in zip(texts, alphas, strict=True):
        text.set_alpha(alpha)
        rows, columns = (slice(max(int(low), 0), int(high) + 1) for low, high in ((box.y0, box.y1), (box.x0, box.x1)))
        pixels = picture[rows, columns].reshape(-1, 3)
        grounds, counts = np.unique(pixels, axis=0, return_counts=True)
        for ground in grounds[counts >= SHARE * len(pixels)]:
            ratio = contrast(over(text.get_color(), ground, alpha), ground)
            if ratio < TEXT:
                yield f"text {text.get_text()!r} has contrast {ratio:.1f}"


# --- marks ----------------------------------------------------------------------------------------------------------


def line_colours(line: Any) -> list[Any]:
    """Return the colours that make a line or its markers seen; none where nothing is drawn."""
    if not line.get_visible() or not len(line.get_xdata()):
        return []
    stroke = line.get_linestyle() not in ("None", "none", " ", "") and line.get_linewidth() > 0
    if stroke:
        return [to_rgba(line.get_color(), line.get_alpha())]
    drawn = [line.get_markerfacecolor(), line.get_markeredgecolor()]
    has_marker = line.get_marker() not in ("None", "none", None, " ", "")
    return [to_rgba(one, line.get_alpha()) for one in drawn if has_marker and to_rgba(one)[3] > 0]


def patch_colours(patch: Any) -> list[Any]:
    """Return the colours of a bar or another shape."""
    edge = [patch.get_edgecolor()] if patch.get_linewidth() > 0 and to_rgba(patch.get_edgecolor())[3] > 0 else []
    return [patch.get_facecolor(), *edge] if patch.get_fill() else edge


def series(axes: Any) -> Iterator[tuple[str, list[Any], Any, Any]]:
    """Yield what tells something in these axes: its name, its colours, its kind, what beside colour tells it apart."""
    for line in axes.lines:
        filled = to_hex(line.get_markerfacecolor()) == to_hex(line.get_markeredgecolor())
        dashes = str(line._unscaled_dash_pattern)  # `get_linestyle` calls every pattern of one's own "--"
        style = line.get_linestyle(), dashes, str(line.get_marker()), filled, line.get_drawstyle()
        yield f"line {line.get_label()!r}", line_colours(line), "line", style
    for patch in axes.patches:
        if patch.get_data_transform() == axes.transData:  # not so a span: a ground for what stands upon it
            yield f"bar or shape {patch.get_label()!r}", patch_colours(patch), type(patch), patch.get_hatch()
    for text in axes.texts:
        arrow = getattr(text, "arrow_patch", None)
        if arrow is not None:
            yield (
                f"arrow {text.get_text()!r}",
                [arrow.get_edgecolor()],
                "arrow",
                (arrow.get_linestyle(), arrow.get_linewidth()),
            )
    for item in axes.collections:
        if not isinstance(item, QuadMesh) and item.get_visible():
            yield from _collection(item)


def _collection(item: Collection) -> Iterator[tuple[str, list[Any], Any, Any]]:
    faces, edges = item.get_facecolor(), item.get_edgecolor()
    marker = tuple(map(repr, item.get_paths()[:1])) if isinstance(item, PathCollection) else ""
    style = marker, item.get_hatch(), str(item.get_linestyle())
    for index in range(max(len(faces), len(edges))):
        colours = [group[index % len(group)] for group in (faces, edges) if len(group)]
        yield f"points or area {item.get_label()!r}", [one for one in colours if one[3] > 0], "collection", style


def grounds(axes: Any) -> list[Any]:
    """Return what marks in these axes are seen against: the axes' own colour, and every colour of an image."""
    plain = axes.get_facecolor() if axes.axison and axes.patch.get_visible() else axes.figure.get_facecolor()
    found = [over(plain, "white")]
    for image in axes.images:
        colours = image.to_rgba(image.get_array()).reshape(-1, 4)
        found += [over(colour, found[0]) for colour in np.unique(colours.round(2), axis=0)]
    return found


def faint_marks(axes: Any) -> Iterator[str]:
    """Yield each line, point, bar or arrow that has too little contrast with its ground."""
    for name, colours, _, _ in series(axes):
        ratio = min(seen(colours, ground) for ground in grounds(axes))
        if ratio < MARK:
            yield f"{name} has contrast {ratio:.1f}"


def told_by_colour(axes: Any, texts: list[tuple[Text, Any]]) -> Iterator[str]:
    """Yield what differs from another in its colour alone, with no label in its own colour beside it."""
    labels = {to_hex(text.get_color()) for text, _ in texts if text in axes.texts}
    found = [(name, tuple(map(to_hex, colours)), kind, style) for name, colours, kind, style in series(axes)]
    for one, other in itertools.combinations([item for item in found if item[1]], 2):
        alike = one[2:] == other[2:] and one[1] != other[1]
        if alike and not (set(one[1]) & labels and set(other[1]) & labels):
            yield f"{one[0]} and {other[0]} differ by colour alone"
    for image in axes.images:
        if np.ptp(np.atleast_1d(1.0 if image.get_alpha() is None else image.get_alpha())) > 0:
            yield "parts of an image differ by paleness alone"


def faults(figure: Figure) -> list[str]:
    """Return what in a figure some readers could not read."""
    texts = drawn_texts(figure)
    found = [*overlaps(texts), *faint_texts(figure, texts)]
    for axes in figure.axes:
        if not hasattr(axes, "_colorbar"):  # a key to an image, drawn of meshes
            found += [*faint_marks(axes), *told_by_colour(axes, texts)]
    return list(dict.fromkeys(found))


# --- the notebooks --------------------------------------------------------------------------------------------------


def look_at_figures(name: str, look: Callable[[str, Figure], None]) -> None:
    """Run an assignment's solution in this process, and show each figure where the notebook would show it."""
    cells = notebook.cells(notebook.read(SOLUTIONS / name / f"{name}.ipynb"))
    namespace: dict[str, Any] = {"__name__": "__main__", "display": print}  # as IPython has it
    now = ""

    def show(*_: Any, **__: Any) -> None:
        for number in plt.get_fignums():
            look(now, plt.figure(number))
        plt.close("all")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plt, "show", show)
        for cell in cells:
            if cell.kind == "code" and cell.role is not Role.TEST:
                now = cell.id
                exec(compile(cell.source, f"<{cell.id}>", "exec"), namespace)
                show()


@pytest.fixture
def as_in_a_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Go where an assignment's files are, with matplotlib as it starts; leave no trace: ``as_in_a_kernel(name)``."""
    state = np.random.get_state()
    before = np.get_printoptions()

    def go(name: str) -> None:
        folder = shutil.copytree(SOLUTIONS / name, tmp_path / name)
        monkeypatch.chdir(folder)
        monkeypatch.syspath_prepend(str(folder))
        for module in {path.stem for path in folder.glob("*.py")} & set(sys.modules):
            monkeypatch.delitem(sys.modules, module)

    names = set(sys.modules)
    with mpl.rc_context():
        mpl.rcdefaults()
        plt.switch_backend("agg")
        yield go
    plt.close("all")
    for module in set(sys.modules) - names:
        if str(getattr(sys.modules[module], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[module]
    np.set_printoptions(**before)
    np.random.set_state(state)


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_figures_can_be_read(name: str, as_in_a_kernel: Callable[[str], None]) -> None:
    """No texts on one another, contrast of 4.5 for texts and 3 for marks, nothing told apart by colour alone."""
    found: dict[str, list[str]] = {}
    count = 0

    def look(cell: str, figure: Figure) -> None:
        nonlocal count
        count += 1
        if wrong := faults(figure):
            found.setdefault(cell, []).extend(wrong)

    as_in_a_kernel(name)
    look_at_figures(name, look)
    assert not found
    raw = notebook.read(SOLUTIONS / name / f"{name}.ipynb")["cells"]
    assert count == sum(map(shown, raw)) > 0


def shown(raw: dict[str, Any]) -> int:
    """Return how many pictures a cell of the solution shows."""
    return sum("image/png" in output.get("data", ()) for output in raw.get("outputs", ()))


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_figures_are_said_in_words(name: str) -> None:
    """The text cell before or after a figure's cell has a sentence for each figure that says what it shows."""
    raw = notebook.read(SOLUTIONS / name / f"{name}.ipynb")["cells"]
    texts = [("".join(cell["source"]) if cell["cell_type"] == "markdown" else None) for cell in raw]
    sentences = {place: said(text) for place, text in enumerate(texts) if text is not None}
    assert sum(map(len, sentences.values())) == sum(map(shown, raw))
    for place, cell in enumerate(raw):
        before = max((at for at in sentences if at < place), default=-1)
        after = min((at for at in sentences if at > place), default=-1)
        near = [*sentences.get(before, []), *sentences.get(after, [])]
        assert len(near) >= shown(cell), cell["id"]
        assert all(len(sentence) >= SHORTEST for sentence in near), near


def said(text: str) -> list[str]:
    """Return the sentences of a text cell that describe figures, each to the end of its paragraph."""
    return [part.split("\n\n")[0] for part in text.split(MARKER)[1:]]


# --- the faults themselves ------------------------------------------------------------------------------------------


def stacked(axes: Any) -> None:
    """Two labels at one place."""
    axes.text(0.5, 0.5, "one label")
    axes.text(0.5, 0.52, "another label")


def faint_text(axes: Any) -> None:
    """A grey label on a grey field."""
    axes.axvspan(0.2, 0.8, color="0.9")
    axes.text(0.5, 0.5, "a label", color="0.5", ha="center")


def faint_line(axes: Any) -> None:
    """A pale line."""
    axes.plot([0, 1], color="0.8")


def faint_points(axes: Any) -> None:
    """Yellow points, without an edge."""
    axes.scatter([0, 1], [0, 1], color="yellow")


def faint_on_image(axes: Any) -> None:
    """Black crosses on an image that has a dark side."""
    axes.imshow([[0.0, 1.0]], cmap="viridis")
    axes.plot([0, 1], [0, 0], "x", color="black")


def two_colours(axes: Any) -> None:
    """Two lines, alike but for their colours."""
    axes.plot([0, 1], color="#0072B2", label="yours")
    axes.plot([1, 0], color="#B34700", label="mine")
    axes.legend()


def coloured_bars(axes: Any) -> None:
    """One bar in another colour."""
    axes.bar([1, 2, 3], [1, 2, 3], color=["#0072B2", "#0072B2", "#B34700"])


def pale_where_wrong(axes: Any) -> None:
    """An image that is paler where something is wrong."""
    axes.imshow([[0.0, 1.0]], alpha=np.array([[1.0, 0.2]]))


WRONG = {
    stacked: "texts overlap: 'one label' and 'another label'",
    faint_text: "text 'a label' has contrast 3.2",
    faint_line: "line '_child0' has contrast 1.6",
    faint_points: "points or area '_child0' has contrast 1.1",
    faint_on_image: "line '_child1' has contrast 1.4",
    two_colours: "line 'yours' and line 'mine' differ by colour alone",
    coloured_bars: "differ by colour alone",
    pale_where_wrong: "parts of an image differ by paleness alone",
}


@pytest.mark.parametrize("draw", WRONG, ids=lambda draw: draw.__name__)
def test_a_fault_is_seen(draw: Callable[[Any], None]) -> None:
    """Each kind of fault is found where there is one, and nothing else with it."""
    figure = Figure(layout="constrained")
    draw(figure.subplots())
    found = faults(figure)
    assert found
    assert all(WRONG[draw] in fault for fault in found), found


def test_what_is_well_is_left_alone() -> None:
    """Other styles, hatches, labels in a line's own colour, marks with a light face and a dark edge: no fault."""
    figure = Figure(figsize=(7, 7), layout="constrained")
    lines, bars, labelled, image = figure.subplots(2, 2).ravel()
    lines.plot([0, 1], color="#0072B2", label="one")
    lines.plot([1, 0], "--", color="#B34700", label="other")
    lines.legend()
    bars.bar([1, 2], [1, 2], color="#0072B2")
    bars.bar([3], [2], color="#B34700", hatch="//")
    for colour, height, name in (("#0072B2", 0.2, "low"), ("#B34700", 0.8, "high")):
        labelled.axhline(height, color=colour)
        labelled.text(0.5, height + 0.02, name, color=colour)
    image.imshow([[0.0, 0.5, 1.0]], cmap="viridis")
    image.plot([0, 1, 2], [0, 0, 0], "X", color="white", markeredgecolor="black")
    assert not faults(figure)


# --- the pages ------------------------------------------------------------------------------------------------------

MAP = Picture("error", "dWx", (3, 4), ((0.3, -1.0, 0.0, 0.5), (-0.3, 0.0, 1.0, -0.6), (0.0, 0.0, 0.4, -0.9)))
POINTS = Picture("scatter", "dWx", (3,), ((0.1, 0.2), (-0.5, 0.9), (1.0, 1.0)))
NAMES = [f"exercise_{number}" for number in range(9)]
DRAWN = {
    "heat map": lambda: pictures.draw(MAP, name="one"),
    "scatter": lambda: pictures.draw(POINTS, name="two"),
    "histogram": lambda: charts.histogram([0.0, 1.5, 3.5, 7.0, 7.0, 10.5, 11.0], 11.0),
    "items": lambda: charts.exercises(NAMES, [0.1 * at for at in range(9)], [None, *(0.1 * at for at in range(8))]),
}
CSS = (ROOT / "gradekit" / "pages" / "templates" / "base.css").read_text(encoding="utf-8")
SCHEMES = [dict(re.findall(r"--([\w-]+): (#\w{3,6});", block)) for block in re.findall(r":root \{([^}]*)\}", CSS)]
# What only leads the eye to the dots at its ends, which the page's numbers repeat.
DECORATION = {charts.LINE, charts.SOFT}


def caught(draw: Callable[[], object]) -> Figure:
    """Return the figure that is drawn for a page."""
    found: list[Figure] = []

    def element(figure: Figure, *_: Any, **__: Any) -> str:
        found.append(figure)
        return ""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(svg, "element", element)
        draw()
    return found[0]


@pytest.mark.parametrize("scheme", SCHEMES, ids=["light", "dark", "print"])
@pytest.mark.parametrize("what", DRAWN)
def test_pages_figures_can_be_read(what: str, scheme: dict[str, str]) -> None:
    """In the light page, the dark one and on paper: no texts on one another, contrast, nothing by colour alone."""
    page = {stands: scheme[name[6:-1]] for stands, name in charts.PAGE.items()} | {pictures.INK: scheme["ink"]}
    figure, ground = caught(DRAWN[what]), scheme["panel"]
    texts = drawn_texts(figure)
    assert not list(overlaps(texts))
    for text, _ in texts:
        assert contrast(page.get(to_hex(text.get_color()), text.get_color()), ground) >= TEXT, text
    for axes in figure.axes:
        assert not list(told_by_colour(axes, texts))
        for name, colours, kind, _ in series(axes):
            used = [one for one in colours if to_hex(one) not in DECORATION]
            in_page = [(*to_rgba(page.get(to_hex(one), one))[:3], to_rgba(one)[3]) for one in used]
            helper = kind == "line" and colours and to_rgba(colours[0])[3] == 0.5  # the axes through zero
            assert helper or seen(in_page, ground) >= MARK, name
