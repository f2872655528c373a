"""What learners wrote, on a page: coloured, drawn, bounded, and never more than text."""

from __future__ import annotations

import base64
import re

import pytest

from gradekit.pages import learner

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 40).decode()
HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "<svg onload=alert(1)><style>*{display:none}</style></svg>",
    "[a link](javascript:alert(1)) <javascript:alert(1)> [b](data:text/html,<script>)",
    "![a picture](http://elsewhere/x.png) ![b](data:image/svg+xml;base64,AAAA)",
    "<h1>Full marks</h1><main></main><nav></nav><form><input></form>",
    "# Full marks\n\nSetext\n======\n\n###### Six",
    "$$</math><script>alert(1)</script>$$ and $\\text{<img src=x onerror=alert(1)>}$",
    "\\begin{aligned}<script>alert(1)</script>\\end{aligned}",
    '<p class="score" style="position:fixed" id="main" onclick="alert(1)">x</p>',
    "| <script> | b |\n|---|---|\n| <img src=x onerror=alert(1)> | [x](javascript:alert(1)) |",
    "```html\n<script>alert(1)</script>\n```",
    '``` " onmouseover=alert(1) x="\ncode\n```',
    "\ud800 \x00 \x1b[31m",
]
ALLOWED = {"p", "br", "em", "strong", "del", "code", "pre", "ul", "ol", "li", "blockquote", "hr", "math", "span"} | {
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}


def tags(html: str) -> set[str]:
    """Return the elements in some HTML."""
    return set(re.findall(r"<([a-zA-Z][^\s/>]*)", html))


@pytest.mark.parametrize("text", HOSTILE)
def test_an_answer_brings_no_element_of_its_own(text: str) -> None:
    """No script, picture, heading, landmark or form of a learner's comes through, in text or in table or formula."""
    made = str(learner.markdown(text))
    assert all(tag in ALLOWED or re.fullmatch(r"m[a-z]+", tag) for tag in tags(made)), made
    assert not re.search(r"<[^>]*\s(on\w+|style|id|href|src)\s*=", made), made


@pytest.mark.parametrize("text", HOSTILE)
def test_code_brings_no_element_of_its_own(text: str) -> None:
    """Code is coloured text, whatever stands in it."""
    assert tags(learner.code(text)) <= {"span"}


def test_an_answer_is_drawn() -> None:
    """Emphasis, code, lists, tables and formulas of both kinds are there; a heading is a bold line."""
    made = learner.markdown("# Why\n\nBecause *of* `x`: $x_t$\n\n$$\\sum_j x_j$$\n\n- a\n\n| a |\n|---|\n| b |\n")
    assert '<p class="heading">Why</p>' in made
    assert {"em", "code", "ul", "li", "table", "math", "munder"} <= tags(made)
    assert '<math display="block">' in made


def test_a_link_says_where_it_leads() -> None:
    """A link is words and an address to read."""
    assert "notes (https://example.org/a?b&amp;c)" in learner.markdown("[notes](https://example.org/a?b&c)")


def test_a_picture_handed_in_with_the_cell_is_shown() -> None:
    """An attachment that is a picture stands in the answer with its words; one that is none does not."""
    made = learner.markdown("![my sketch](attachment:a.png)", attachments={"a.png": {"image/png": PNG}})
    assert f'<img src="data:image/png;base64,{PNG}" alt="my sketch">' in made
    bad = {"a.png": {"image/png": base64.b64encode(b"<svg onload=alert(1)>").decode()}}
    assert "<img" not in learner.markdown("![my sketch](attachment:a.png)", attachments=bad)


def test_places_of_formulas_cannot_be_forged() -> None:
    """Text that looks like the place of a formula is text."""
    made = learner.markdown("$x$ and 00000000000000000000000000000000:0; and :0;")
    assert made.count("<math>") == 1


@pytest.mark.parametrize(
    "text",
    ["x" * 50_000_000, "[" * 100_000, "> " * 20_000, "*a " * 10_000, "$a$ " * 10_000, "`" * 30_000, "|a" * 9_000],
    ids=["long", "brackets", "quotes", "stars", "formulas", "ticks", "bars"],
)
def test_a_long_answer_is_cut(text: str) -> None:
    """However long or deep an answer or a cell, its HTML is bounded, and the page says that something is left out."""
    for made in (learner.markdown(text), learner.code(text)):
        assert len(made) < 1_500_000
        assert (len(text) > learner.MAX_TEXT) == ("more characters" in made)


def test_the_line_of_an_error_is_marked() -> None:
    """The line that an error names is marked, whatever its indentation; an empty line never is."""
    made = learner.code("def f(x):\n    y = x + 1\n\n    return y", marked=["return y", ""])
    assert made.count('class="hll"') == 1
    assert re.search(r'class="hll">.*return', made)


@pytest.mark.parametrize(
    "data", ["", "!!!", PNG[:-4] + "!!!!", base64.b64encode(b"GIF89a").decode(), "A" * 2_000_000, "\ud800"]
)
def test_what_is_no_picture_is_none(data: str) -> None:
    """Data that is no base64, no known picture or too large is left out."""
    assert learner.picture(data, words="a figure") is None
