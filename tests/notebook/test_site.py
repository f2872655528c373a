"""The documentation as a site: it builds without a warning and without a network, and every link leads somewhere."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
NEEDED = ("sphinx", "myst_parser", "pydata_sphinx_theme")
LOADS = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src")}  # without a click


class Links(HTMLParser):
    """Gathers what a page is called from within, where it leads, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element's id and address."""
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            if (tag, name) == ("a", "href") and value:
                self.links.append(value)
            if (tag, name) in LOADS and value:
                self.loads.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Links]:
    """The site's pages, built once."""
    lacking = [name for name in NEEDED if find_spec(name) is None]
    if lacking:
        pytest.skip(f"the extra docs is not installed: {', '.join(lacking)}")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "-b", "html", "-d"]
    done = subprocess.run(
        [*command, str(folder / "doctrees"), str(DOCS), str(folder / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pages = sorted((folder / "html").rglob("*.html"))
    return {path.relative_to(folder / "html"): Links(path.read_text(encoding="utf-8")) for path in pages}


def test_it_builds_without_a_warning(site: dict[Path, Links]) -> None:
    """Sphinx has nothing to say, and each page of the folder is a page of the site."""
    pages = {path.relative_to(DOCS).with_suffix(".html") for path in DOCS.rglob("*.md")}
    assert pages <= set(site)


def test_every_link_leads_somewhere(site: dict[Path, Links]) -> None:
    """A link within the site leads to a page that there is, and to a place that there is in it."""
    lost = []
    for page, found in site.items():
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = Path(re.sub(r"[^/]+/\.\./", "", str(page.parent / unquote(parts.path)))) if parts.path else page
            named = not parts.fragment or (target in site and unquote(parts.fragment) in site[target].ids)
            if target.suffix == ".html" and not (target in site and named):
                lost.append((str(page), link))
    assert not lost


def test_nothing_is_loaded_from_elsewhere(site: dict[Path, Links]) -> None:
    """A page is whole without a network."""
    assert not [(page, link) for page, found in site.items() for link in found.loads if urlsplit(link).netloc]


def lead_within(folder: str, text: str) -> str:
    """Lead a text's links as the site's own settings do."""
    settings: dict[str, Any] = runpy.run_path(str(DOCS / "conf.py"))
    led: str = settings["lead_within"](folder, text)
    return led


@pytest.mark.parametrize(
    ("folder", "text", "led"),
    [
        ("howto", "[a](adopt.md)", "[a](/howto/adopt.md)"),
        ("howto", "[a](../students.md#open-it)", "[a](/students.md#open-it)"),
        ("howto", "[a](../../CONTRIBUTING.md#a-map)", "[a](/project/contributing.md#a-map)"),
        ("..", "[a](docs/students.md)", "[a](/students.md)"),
        ("reference", "[a](../../source/a/a.ipynb)", "a"),
        ("", "[a](https://example.org), [b](#here), ![c](d.png)", "[a](https://example.org), [b](#here), ![c](d.png)"),
    ],
)
def test_where_links_lead(folder: str, text: str, led: str) -> None:
    """What reads well in the repository leads to the same page on the site; what is no page there keeps its name."""
    assert lead_within(folder, text) == led
