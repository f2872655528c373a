"""Debian's chromium with the network off, axe-core, and a Jupyter server, for every test of this folder.

Screenshots lie in ``tests/e2e/artefacts/`` afterwards, one for each page, width and colour scheme.
"""

from __future__ import annotations

import contextlib
import importlib.resources
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
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


@contextlib.contextmanager
def serving(app: str, folder: Path, state: Path, *words: str) -> Iterator[str]:
    """Serve a folder with one of Jupyter's applications while the block runs; yield its address, ending in a slash.

    Parameters
    ----------
    app : str
        ``server`` or ``lab``, which has Notebook 7's pages as well.
    state : Path
        Where the server keeps what it writes of its own.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "JUPYTER_CONFIG_DIR": str(state / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(state / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    options = ["--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token=", *words]
    command = [sys.executable, "-W", "ignore", "-m", "jupyter", app, *options]
    address = f"http://127.0.0.1:{port}/"
    with (state / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(f"{address}api", server)
            yield address
        finally:
            server.terminate()
            server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Ask until the server answers; each refused connection is one more try, for a minute at most."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(address, timeout=5).close()
            return
    raise AssertionError("the server did not answer")


@pytest.fixture(scope="session")
def serve() -> Callable[..., contextlib.AbstractContextManager[str]]:
    """Start a Jupyter server: ``with serve("lab", folder, state) as address``."""
    return serving
