"""How large a picture of a learner's grows where it is shown: its pixels, and the parts that a drawing draws again.

A kilobyte of PNG can say that it has a hundred gigapixels, and a kilobyte of SVG can draw ten copies of ten copies of a
part, and so on: whoever opens the page waits for it, or loses the tab.
"""

from __future__ import annotations

import base64
import re
import struct
import xml.etree.ElementTree as ET
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from pathlib import Path

MAX_PIXELS = 50_000_000  # a figure of 40 by 30 cm at 400 dpi has half of that
MAX_ELEMENTS = 200_000  # drawn in all; a scatter plot of 10,000 points has 20,000
MAX_CHAIN = 6  # of parts that refer to parts; matplotlib's letters make two
NO_SIZE = frozenset({0x01, *range(0xD0, 0xD9)})  # JPEG's marks that no length follows
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # those with a picture's size
NAME = re.compile(r"[\w.:-]{1,200}")  # of a part; another could be spelled in many ways where it is referred to
LINK = re.compile(r"#([\w.:-]{1,200})")
INLINE = re.compile(r"data:(image/(?:png|jpeg));base64,")
# What a picture begins with. A browser goes by that, not by the kind that somebody states.
BEGINS = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
    "image/bmp": b"BM",
}
UNKNOWN = frozenset({b"ftypavif", b"ftypavis", b"ftypheic", b"ftypmif1"})  # AVIF and its kin: no size is read of these
HEAD_BYTES = 4 * 2**20  # of a file, within which its size is looked for: cameras put less before it


def is_small(kind: str, raw: bytes) -> bool:
    """Tell whether a picture of that kind has no more pixels than a figure may have."""
    width, height = _SIZES[kind](raw) if kind in _SIZES else (0, 0)
    return width * height <= MAX_PIXELS


def kind_of(raw: bytes) -> str:
    """Return the kind of picture that a file is, whatever its name says; empty where it is none that is known here."""
    return next((kind for kind, begin in BEGINS.items() if raw.startswith(begin)), "")


def is_small_file(path: Path) -> bool:
    """Tell whether a file is no picture or a small one, by its beginning: a picture that hides its size is not."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        whole = not file.read(1)
    kind = kind_of(head)
    hides = kind == "image/jpeg" and not whole and _jpeg(head) == (0, 0)
    return is_small(kind, head) and not hides and head[4:12] not in UNKNOWN


def is_small_data(uri: str) -> bool:
    """Tell whether an address that holds a picture itself, in base64, holds a small one of a kind known here."""
    head, _, body = uri.partition(",")
    if not head.lower().rstrip().endswith(";base64"):
        return False  # a picture is no text
    try:
        raw = base64.b64decode("".join(unquote(body).split()))
    except ValueError:
        return False
    return bool(kind := kind_of(raw)) and is_small(kind, raw)


def _png(raw: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", raw[16:24].ljust(8, b"\0"))
    return width, height


def _gif(raw: bytes) -> tuple[int, int]:
    width, height = struct.unpack("<HH", raw[6:10].ljust(4, b"\0"))
    return width, height


def _jpeg(raw: bytes) -> tuple[int, int]:
    """Return the size that the first frame states; between two marks a reader skips whatever there is."""
    at = 2
    while (at := raw.find(b"\xff", at)) >= 0:
        mark = raw[at + 1 : at + 2]
        if mark in (b"\xff", b"\0"):
            at += 1
        elif mark and mark[0] in FRAMES:
            height, width = struct.unpack(">HH", raw[at + 5 : at + 9].ljust(4, b"\0"))
            return width, height
        elif mark and mark[0] in NO_SIZE:
            at += 2
        else:
            at += 2 + int.from_bytes(raw[at + 2 : at + 4], "big")
    return 0, 0


def _webp(raw: bytes) -> tuple[int, int]:
    kind, body = raw[12:16], raw[20:30].ljust(10, b"\0")
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", body[6:10])
    return width & 0x3FFF, height & 0x3FFF


def _bmp(raw: bytes) -> tuple[int, int]:
    if raw[14:15] == b"\x0c":  # the oldest form
        width, height = struct.unpack("<HH", raw[18:22].ljust(4, b"\0"))
    else:
        width, height = struct.unpack("<ii", raw[18:26].ljust(8, b"\0"))
    return abs(width), abs(height)


_SIZES = {"image/png": _png, "image/gif": _gif, "image/jpeg": _jpeg, "image/webp": _webp, "image/bmp": _bmp}


def draws_little(svg: str) -> bool:
    """Tell whether a drawing draws no more parts than a figure may have, each counted as often as it is drawn."""
    if "<!ENTITY" in svg:
        return False
    try:
        elements = list(islice(ET.fromstring(svg).iter(), MAX_ELEMENTS + 1))  # noqa: S314  (entities are refused)
    except (ET.ParseError, ValueError):
        return True  # a browser does not read it either
    if len(elements) > MAX_ELEMENTS or not all(map(_is_plain, elements)):
        return False
    return _grows_to_an_end(elements)


def _is_plain(element: ET.Element) -> bool:
    """Tell whether an element refers to parts by their plain names alone, and to no large picture."""
    style = "".join(element.itertext()) if element.tag.rpartition("}")[2] == "style" else ""
    if not NAME.fullmatch(element.get("id", "x")) or "url(" in style or "@import" in style:
        return False
    return all(_may_be_referred_to(value) for value in element.attrib.values() if "#" in value or ":" in value)


def _may_be_referred_to(value: str) -> bool:
    if "#" in value and ("%" in value or "\\" in value):
        return False
    if "data:" not in value.lower():
        return True
    inline = INLINE.match(value)
    try:
        return bool(inline) and is_small(str(inline and inline[1]), base64.b64decode(value.partition(",")[2]))
    except ValueError:
        return False


def _grows_to_an_end(elements: list[ET.Element]) -> bool:
    links = {element: LINK.findall(" ".join(element.attrib.values())) for element in elements}
    named = {name: element for element in elements if (name := element.get("id"))}
    drawn = dict.fromkeys(named, 0)
    for _ in range(MAX_CHAIN):
        sizes: dict[ET.Element, int] = {}
        for element in reversed(elements):  # those within an element stand behind it
            inner = sum(sizes[child] for child in element)
            sizes[element] = 1 + inner + sum(drawn.get(name, 0) for name in links[element])
        if sizes[elements[0]] > MAX_ELEMENTS:
            return False
        before, drawn = drawn, {name: sizes[element] for name, element in named.items()}
        if drawn == before:
            return True
    return False
