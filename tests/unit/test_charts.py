"""Plots: nothing in them that a strict page would refuse, and words for who cannot see them."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from gradekit.pages.svg import SVG
from gradekit.report import charts

CHARTS = {
    "histogram": lambda: charts.histogram([0.0, 3.5, 11.0, 11.5], 11.0),
    "one score": lambda: charts.histogram([2.5], 2.5),
    "no points": lambda: charts.histogram([0.0, 0.0], 0.0),
    "exercises": lambda: charts.exercises(["a $x$ b", "كلمة", "<script>"], [0.5, None, 1.0], [-0.4, None, 0.2]),
}


@pytest.mark.parametrize("draw", CHARTS.values(), ids=CHARTS)
def test_plots_hold_nothing_but_shapes_and_text(draw: object) -> None:
    """No style, no script, no colour and no address of their own, no id twice; a title and a description."""
    text = draw()  # type: ignore[operator]
    root = ET.fromstring(text)
    elements = list(root.iter())
    tags = {element.tag.removeprefix(f"{{{SVG}}}") for element in elements}
    assert tags <= {"svg", "g", "path", "text", "tspan", "defs", "use", "clipPath", "rect", "title", "desc"}
    assert not any(name == "style" or name.startswith("on") for element in elements for name in element.attrib)
    assert not re.search(r"#[0-9a-f]{6}", text)
    assert all(
        value.startswith("#") for element in elements for name, value in element.attrib.items() if "href" in name
    )
    ids = [element.get("id") for element in elements if element.get("id")]
    assert len(ids) == len(set(ids))
    assert {root.get("aria-labelledby"), root.get("aria-describedby")} <= set(ids)
    assert "nan" not in text.lower()


def test_two_plots_share_no_id() -> None:
    """Both stand in one page."""
    ids = [set(re.findall(r' id="([^"]+)"', CHARTS[name]())) for name in ("histogram", "exercises")]
    assert not ids[0] & ids[1]


def test_every_submission_stands_in_one_column() -> None:
    """The counts in the description add up to the class, sums that rounding has moved included."""
    scores = [0.1 + 0.2, 0.3, 2.5, 2.5, 0.0, 1.7]
    description = ET.fromstring(charts.histogram(scores, 2.5)).findtext(f"{{{SVG}}}desc") or ""
    assert sum(map(int, re.findall(r": (\d+)", description))) == len(scores)


def test_the_same_class_gives_the_same_plot() -> None:
    """Nothing in a plot depends on when it was drawn."""
    assert CHARTS["exercises"]() == CHARTS["exercises"]()
