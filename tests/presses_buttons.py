"""Serve the course in the working folder with formgrader, and press its buttons: their addresses below formgrader/api.

Without any, Autograde for everybody who handed in to the assignment small. What the buttons' answers say is printed,
and the exit code is 1 where one of them is an error.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote

START_S = 60.0
FORMGRADER = "--ServerApp.jpserver_extensions=nbgrader.server_extensions.formgrader=True"


def answer(opener: urllib.request.OpenerDirector, address: str, server: subprocess.Popen[bytes]) -> bytes:
    """Ask until the server answers; each refused connection is one more try."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            return opener.open(address, timeout=5).read()
        except (URLError, ConnectionError, TimeoutError):
            continue
    raise SystemExit("the server did not answer")


def everybody() -> list[str]:
    """Return the Autograde buttons of all who handed in."""
    names = sorted(path.name for path in Path("submitted").iterdir() if (path / "small").exists())
    return [f"submission/small/{quote(name)}/autograde" for name in names]


def main() -> int:
    """Press one button after the other."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token=", FORMGRADER]
    command = [sys.executable, "-W", "ignore", "-m", "jupyter", "server", *words]
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    address, fine = f"http://127.0.0.1:{port}/formgrader", True
    environment = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        answer(opener, f"{address}/", server)
        token = next(cookie.value for cookie in jar if cookie.name == "_xsrf") or ""
        for button in sys.argv[1:] or everybody():
            asked = urllib.request.Request(
                f"{address}/api/{button}", data=b"", headers={"X-XSRFToken": token}, method="POST"
            )
            said = json.loads(opener.open(asked).read())
            fine = fine and said["success"]
            sys.stdout.write(said.get("log", "") + said.get("error", ""))
    finally:
        server.terminate()
        server.wait()
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
