"""Outputs of known kinds and shapes: what is kept, what becomes a line, and that nbgrader's pages can show it all."""

from __future__ import annotations

import base64
import io
from typing import Any

import nbformat
import pytest
from matplotlib import pyplot as plt
from nbconvert.exporters import HTMLExporter
from traitlets.config import Config

from gradekit.gradebook.outputs import showable
from gradekit.plugin import safehtml

PNG = base64.encodebytes(b"\x89PNG\r\n\x1a\n" + bytes(60)).decode()
SCRIPT = "<script>pwned()</script>"
KEPT = {
    "text/plain": f"\x1b[38;5;999m{SCRIPT}",
    "text/html": f"<b>bold</b>{SCRIPT}",
    "text/markdown": f"*x*{SCRIPT}",
    "text/latex": f"$x${SCRIPT}",
    "image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg'>{SCRIPT}</svg>",
    "image/png": PNG,
    "image/jpeg": base64.b64encode(b"\xff\xd8\xff\xe0").decode(),
}
DROPPED: list[tuple[object, object]] = [
    ("application/vnd.jupyter.widget-view+json", "x"),
    ("application/vnd.jupyter.widget-view+json", {"model_id": 1}),
    ("application/javascript", "pwned()"),
    ("text/vnd.mermaid", f"graph {SCRIPT}"),
    ("application/json", "{"),
    ("application/pdf", "x"),
    ("image/png", f'">{SCRIPT}'),
    ("image/png", PNG + "!"),
    ("image/png", base64.b64encode(b"GIF89a").decode()),
    ("image/jpeg", ""),
    ("text/plain", {"a": 1}),
    ("text/plain", None),
    ("", "x"),
    (3, "x"),
    ("x/\x1b[2J" + "y" * 500, "x"),
]


def page(*outputs: Any) -> str:
    """Return the page that nbconvert makes of a cell with these outputs, with gradekit's settings."""
    config = Config()
    safehtml.close(config)
    cell = nbformat.v4.new_code_cell("1", outputs=list(outputs))
    html: str = HTMLExporter(config=config).from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))[0]
    return html


@pytest.mark.parametrize("kind", KEPT)
def test_what_can_be_shown_is_kept_as_it_is(kind: str) -> None:
    """Texts and pictures stay, letter for letter; the page that shows them runs nothing."""
    made = showable({"output_type": "display_data", "data": {kind: KEPT[kind]}, "metadata": {"a": 1}})
    assert (made.data, made.metadata) == ({kind: KEPT[kind]}, {})
    assert SCRIPT not in page(made)


@pytest.mark.parametrize(("kind", "value"), DROPPED)
def test_what_cannot_be_shown_becomes_a_line(kind: object, value: object) -> None:
    """Another kind, or a known one of the wrong shape, is said in one bounded line; beside others it is left out."""
    made = showable({"output_type": "display_data", "data": {kind: value}})
    assert list(made.data) == ["text/plain"]
    assert made.data["text/plain"].isprintable()
    assert len(made.data["text/plain"]) < 150
    assert SCRIPT not in page(made)
    if kind != "text/plain":
        both = showable({"output_type": "display_data", "data": {kind: value, "text/plain": "seen"}})
        assert both.data == {"text/plain": "seen"}


def test_a_picture_that_pages_cannot_show_is_said() -> None:
    """A GIF stays for JupyterLab, and pages say that it is there."""
    gif = base64.b64encode(b"GIF89a").decode()
    made = showable({"output_type": "display_data", "data": {"image/gif": gif}})
    assert made.data["image/gif"] == gif
    assert "image/gif, which is not shown" in page(made)


@pytest.mark.parametrize("data", [{}, None, [], "x"])
def test_data_of_no_shape_is_no_data(data: object) -> None:
    """An output without data, as a widget's view is on its way from the worker, is said in a line as well."""
    made = showable({"output_type": "execute_result", "data": data, "execution_count": True})
    assert (list(made.data), made.execution_count) == (["text/plain"], None)
    assert "not shown" in page(made)


@pytest.mark.filterwarnings("ignore:Your element with mimetype")
@pytest.mark.parametrize(("kind", "value"), [item for item in DROPPED if all(isinstance(part, str) for part in item)])
def test_a_notebook_graded_without_gradekit_makes_a_page(kind: str, value: str) -> None:
    """What an older notebook holds stops no page, and nothing of it runs there."""
    output = nbformat.from_dict(
        {"output_type": "display_data", "metadata": {}, "data": {kind: value, "text/plain": "seen"}}
    )
    assert SCRIPT not in page(output)


@pytest.mark.parametrize("unit", ["<div>", "<table><tr><td>", "<b>", "<svg><title>", "<a><b>", "</p>"])
def test_html_of_any_depth_makes_a_page(unit: str) -> None:
    """HTML nested thousands deep neither stops the page nor takes it long."""
    assert "jp-OutputArea" in page(showable({"output_type": "display_data", "data": {"text/html": unit * 3000}}))


@pytest.mark.parametrize("unit", ["> ", "- ", "[", "*a ", "<div>", "$", "`", "!["])
def test_markdown_of_any_depth_makes_a_page(unit: str) -> None:
    """Markdown nested thousands deep does not either."""
    made = showable({"output_type": "display_data", "data": {"text/markdown": unit * 3000 + "x"}})
    assert "jp-OutputArea" in page(made)


def drawing(inner: str) -> str:
    """Return an SVG with these elements."""
    return (
        "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'>"
        f"<defs><path id='a0' d='M0 0'/>{inner}</defs><use xlink:href='#a0' fill='#ff0000'/></svg>"
    )


def copies(most: int) -> str:
    """Return parts that draw the one before them ten times each."""
    tens = {n: f"<use href='#a{n - 1}'/>" * 10 for n in range(1, most)}
    return "".join(f"<g id='a{n}'>{ten}</g>" for n, ten in tens.items())


GROWS = [
    drawing(copies(12)),
    drawing(copies(12).replace("href=", "fill=").replace("#a", "url(#a")),
    drawing("<g id='b'><use href='#b'/></g>"),
    drawing("".join(f"<g id='a{n}'><use href='#a{n - 1}'/></g>" for n in range(1, 30))),
    drawing("<g id='a b'/>"),
    drawing("<use href='#%61'/>"),
    drawing("<style>* {fill: url(#a0)}</style>"),
    drawing("<image href='data:image/svg+xml,x'/>"),
    drawing("<g/>" * 300_000),
    "<!DOCTYPE svg [<!ENTITY a 'x'>]>" + drawing(""),
]
STAYS = [
    drawing(""),
    drawing(copies(3)),
    drawing("<g clip-path='url(#a0)' style='stroke: #00ff00'/>" * 1000),
    drawing(f"<image href='data:image/png;base64,{''.join(PNG.split())}'/>"),
    "<svg",
]


@pytest.mark.parametrize("svg", GROWS, ids=range(len(GROWS)))
def test_a_drawing_that_grows_becomes_a_line(svg: str) -> None:
    """What draws a part again and again, or could, is said in a line instead."""
    made = showable({"output_type": "display_data", "data": {"image/svg+xml": svg}})
    assert "image/svg+xml, which is not shown" in made.data["text/plain"]


@pytest.mark.parametrize("svg", STAYS, ids=range(len(STAYS)))
def test_a_drawing_that_does_not_grow_stays(svg: str) -> None:
    """What an honest drawing does, letters drawn again and parts clipped, changes nothing."""
    assert showable({"output_type": "display_data", "data": {"image/svg+xml": svg}}).data == {"image/svg+xml": svg}


def test_a_drawing_of_matplotlibs_stays() -> None:
    """A plot with letters, points, a picture and a legend is shown as it is."""
    figure, axes = plt.subplots()
    axes.scatter(range(100), range(100), label="$x_t$")
    axes.imshow([[1, 2], [3, 4]])
    axes.legend()
    stream = io.StringIO()
    figure.savefig(stream, format="svg")
    plt.close(figure)
    svg = stream.getvalue()
    assert showable({"output_type": "display_data", "data": {"image/svg+xml": svg}}).data == {"image/svg+xml": svg}


def headers(width: int, height: int) -> dict[str, bytes]:
    """Return the beginning of a picture of that size, by kind; several for JPEG and WebP."""
    frame = b"\xff\xc2\0\x11\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big")
    small = (width - 1) | (height - 1) << 14
    riff = b"RIFF\0\0\0\0WEBP"
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    lossy = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    return {
        "image/png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big"),
        "image/gif": b"GIF89a" + width.to_bytes(2, "little") + height.to_bytes(2, "little"),
        "image/jpeg": b"\xff\xd8\xff\xe0\0\x04JF" + frame,
        "image/jpeg garbage": b"\xff\xd8\xff\xe0\0\x04JFgarbage\xff\0\xff\xd0\xff" + frame,
        "image/webp": riff + b"VP8X\0\0\0\0\0\0\0\0" + sizes,
        "image/webp lossless": riff + b"VP8L\0\0\0\0/" + small.to_bytes(4, "little"),
        "image/webp lossy": riff + b"VP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + lossy,
    }


@pytest.mark.parametrize("kind", headers(1, 1))
def test_a_picture_of_too_many_pixels_becomes_a_line(kind: str) -> None:
    """A picture says how large it is where it begins; one that no screen could hold is not shown."""
    shown = kind.partition(" ")[0]
    for size, stays in ((4000, True), (12_000, False)):
        data = {shown: base64.b64encode(headers(size, size)[kind]).decode()}
        made = showable({"output_type": "display_data", "data": data})
        assert (shown in made.data) == stays


@pytest.mark.parametrize("opener", ["[", "![", "|a", "\\begin{a}", "words and "])
def test_markdown_that_would_take_minutes_stays_as_it_was_typed(opener: str) -> None:
    """Text that opens without end, or has no end, is on the page, and no reader of Markdown has had it."""
    for count, typed in ((5, False), (20_000 if len(opener) == 1 else 18_000 // len(opener), len(opener) < 10)):
        cell = nbformat.v4.new_markdown_cell(opener * count + "**bold**")
        config = Config()
        safehtml.close(config)
        html = HTMLExporter(config=config).from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))[0]
        assert ("<strong>bold</strong>" in html) != typed


@pytest.mark.parametrize("kind", headers(1, 1))
def test_a_picture_in_html_of_too_many_pixels_is_left_out(kind: str) -> None:
    """So is one that states another kind, or spells its address in another way; small ones stay."""
    for size, stays in ((4000, True), (12_000, False)):
        inside = base64.b64encode(headers(size, size)[kind]).decode()
        for said in ("image/png;base64", "IMAGE/GIF;charset=x;BASE64", "image/jpeg;base64"):
            for body in (inside, f" {inside[:8]}\n{inside[8:]}", inside.replace("=", "%3D")):
                made = safehtml.clean(f'<img src="data:{said},{body}">')
                assert ("src=" in made) == stays, (said, body)
    assert "src=" not in safehtml.clean('<img src="data:image/png,\x89PNG">')
    unknown = base64.b64encode(b"\0\0\0 ftypavif" + bytes(50)).decode()
    assert "src=" not in safehtml.clean(f'<img src="data:image/png;base64,{unknown}">')
