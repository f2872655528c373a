"""Debian's chromium with the network off, and axe-core, for every test of this folder.

Screenshots lie in ``tests/e2e/artefacts/`` afterwards, one for each page, width and colour scheme.
"""

from __future__ import annotations

import importlib.resources
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARTEFACTS = Path(__file__).parent / "artefacts"
SIZES = {"desk": (1280, 900), "phone": (390, 844)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser where there is none, and let Playwright's own warnings pass."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.skipif(not CHROMIUM, reason="Debian's chromium is not installed"))
            item.add_marker(pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        found = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@dataclass
class Visit:
    """A page, opened offline, and what went on while it was.

    Attributes
    ----------
    asked : list of str
        Requests for anything but the page itself and data in it.
    """

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def axe(self) -> list[str]:
        """Return what axe-core finds."""
        source = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
        self.page.evaluate(f"() => {{{source}\n}}")
        found = self.page.evaluate("axe.run({resultTypes: ['violations']})")
        return [f"{item['id']}: {node['html'][:200]}" for item in found["violations"] for node in item["nodes"]]

    def photograph(self, name: str) -> None:
        """Keep a picture of the whole page."""
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Visit]]:
    """Open a file or an address with the network off: ``opened(path, "dark", "phone")``."""
    contexts = []

    def open_it(place: Path | str, scheme: str = "light", size: str = "desk") -> Visit:
        address = place if isinstance(place, str) else place.as_uri()
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, offline=True)
        contexts.append(context)
        seen = Visit(context.new_page())
        seen.page.on("console", lambda message: seen.said.append(message.text))
        seen.page.on("pageerror", lambda error: seen.said.append(str(error)))
        seen.page.on("request", lambda request: seen.asked.append(request.url))
        seen.page.goto(address, wait_until="load")
        seen.asked = [url for url in seen.asked if url != address and not url.startswith("data:")]
        return seen

    yield open_it
    for context in contexts:
        context.close()
