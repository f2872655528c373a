"""Pictures: what is drawn stands in a page under its policy, says in words what it shows, and is bounded."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from gradekit.feedback import pictures
from gradekit.model import Picture


def errors(*shape: int) -> Picture:
    """A heat map of that shape."""
    values = np.random.default_rng(1).uniform(-1, 1, (int(np.prod(shape[:-1])), shape[-1]))
    return Picture("error", "dWx", shape, tuple(map(tuple, values.tolist())))


SCATTER = Picture("scatter", "dWh", (2, 2), ((1.0, -1.0), (0.5, 0.4), (0.0, 0.1), (-0.5, -0.6)))
DRAWN = [errors(3, 4), errors(1, 1), errors(2, 3, 4), SCATTER]


def svg(picture: Picture, name: str = "p") -> ET.Element:
    """Draw a picture and read its SVG."""
    made = pictures.draw(picture, name=name)
    return ET.fromstring(re.search(r"<svg.*</svg>", made, re.DOTALL)[0])


@pytest.mark.parametrize("picture", DRAWN, ids=lambda picture: f"{picture.kind} {picture.shape}")
def test_a_picture_says_what_it_shows(picture: Picture) -> None:
    """Its title and its description are named by the picture itself, and the latter is more than the former."""
    drawn = svg(picture)
    named = {node.get("id"): node.text for node in drawn if node.tag.endswith(("title", "desc"))}
    assert drawn.get("role") == "img"
    assert named[drawn.get("aria-labelledby")] == pictures.title(picture)
    assert named[drawn.get("aria-describedby")] == pictures.describe(picture)
    assert picture.name in pictures.title(picture)


@pytest.mark.parametrize("picture", DRAWN, ids=lambda picture: f"{picture.kind} {picture.shape}")
def test_a_picture_obeys_the_pages_policy(picture: Picture) -> None:
    """It has no style attribute, no style element and no address but of itself and of data in it."""
    for node in svg(picture).iter():
        assert "style" not in node.attrib
        assert not node.tag.endswith(("style", "script", "metadata"))
        assert all(value.startswith(("#", "data:image/png")) for key, value in node.attrib.items() if "href" in key)


def test_text_and_lines_have_the_pages_ink() -> None:
    """Nothing is left of the colour that stands for ink, so that a dark page's picture is light on dark."""
    made = pictures.draw(errors(3, 4), name="p")
    assert pictures.INK not in made
    assert "currentColor" in made


def test_colours_are_colours() -> None:
    """Every colour left in a picture is one that a browser knows, and both signs of an error are there."""
    drawn = svg(SCATTER)
    colours = {node.get(key) for node in drawn.iter() for key in ("fill", "stroke") if node.get(key)}
    assert all(re.fullmatch(r"none|currentColor|#[0-9a-f]{6}", colour) for colour in colours)
    assert len(colours) > 2


def test_two_pictures_of_a_page_share_no_id() -> None:
    """Every id begins with the picture's name, and every reference is to an id of the same picture."""
    first, second = svg(errors(3, 4), "one"), svg(errors(3, 4), "two")
    ids = [{node.get("id") for node in drawn.iter() if node.get("id")} for drawn in (first, second)]
    assert not ids[0] & ids[1]
    text = ET.tostring(first, encoding="unicode")
    wanted = set(re.findall(r"url\(#([\w.-]+)\)", text)) | set(re.findall(r'href="#([\w.-]+)"', text))
    assert wanted <= ids[0]


def test_a_picture_is_the_same_when_drawn_again() -> None:
    """Nothing in it depends on chance or time."""
    assert pictures.draw(errors(3, 4), name="p") == pictures.draw(errors(3, 4), name="p")


@pytest.mark.parametrize("picture", [errors(2000, 300), Picture("scatter", "W", (9,), SCATTER.values * 20_000)])
def test_a_large_picture_is_bounded(picture: Picture) -> None:
    """However many entries an array has, the picture stays below 100 kB."""
    assert len(pictures.draw(picture, name="p")) < 100_000


@pytest.mark.parametrize(
    "values", [(), ((),), ((1.0,), (1.0, 2.0))], ids=["nothing", "an empty row", "rows of two lengths"]
)
@pytest.mark.parametrize("kind", ["error", "scatter"])
def test_nothing_to_draw_is_no_picture(kind: str, values: tuple[tuple[float, ...], ...]) -> None:
    """Where there are no numbers that make a table, nothing is drawn."""
    assert pictures.draw(Picture(kind, "W", (0,), values), name="p") == ""


def test_what_is_no_number_is_drawn_and_counted() -> None:
    """A NaN among the errors stops nothing, and words count signs right."""
    picture = Picture("error", "W", (2, 2), ((float("nan"), 1.0), (-0.5, 0.0)))
    assert pictures.draw(picture, name="p")
    assert "Too large: 1 of 4; too small: 1 of 4; right: 1 of 4" in pictures.describe(picture)
    assert "row 0, column 1" in pictures.describe(picture)


def test_a_name_with_dollars_is_no_formula() -> None:
    """What is drawn is named as it is."""
    assert "$W$" in pictures.draw(Picture("scatter", "$W$", (1,), ((1.0, 1.0),)), name="p")


def test_every_wrong_cell_is_marked() -> None:
    """Beside the largest error the faintest has its sign and its colour too, and a right entry has none."""
    values = ((1.0, 0.3, -0.3), (0.0, 0.0, 0.001))
    made = pictures.draw(Picture("error", "W", (2, 3), values), name="p")
    assert made.count("<use") >= 4
    words = pictures.describe(Picture("error", "W", (2, 3), values))
    assert "Too large: 3 of 6; too small: 1 of 6; right: 2 of 6" in words


@pytest.mark.parametrize(
    ("shape", "at", "drawn", "words"),
    [
        ((3, 5), 7, (3, 5), "in row 1, column 2"),
        ((5,), 3, (1, 5), "in row 0, column 3"),
        ((2, 3, 4), 17, (6, 4), "at index [1, 1, 1]"),
        ((130, 3), 4, (64, 3), "in rows 3 to 5, column 1"),
        ((2, 100), 10, (2, 64), "in row 0, columns 20 to 21"),
    ],
)
def test_the_place_of_the_largest_error_is_the_arrays_own(
    shape: tuple[int, ...], at: int, drawn: tuple[int, int], words: str
) -> None:
    """Also where a drawn cell stands for several entries, or rows for several axes, a learner is led to the entry."""
    values = np.zeros(drawn)
    values.flat[at] = 1.0
    said = pictures.describe(Picture("error", "W", shape, tuple(map(tuple, values.tolist()))))
    assert words in said
    assert ("Each cell stands for several entries" in said) == (np.prod(shape) != values.size)
