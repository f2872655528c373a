"""Students' files as formgrader serves them: at Jupyter's own address, so nothing in them may run.

Without it a page or an SVG that a Markdown cell links to reads Jupyter's API with the instructor's cookies. What is in
``autograded/`` may be older than gradekit, or put there by hand: so this does not rest on what is published.
"""

from __future__ import annotations

import mimetypes
import sys
from typing import Any

HANDLERS = "nbgrader.server_extensions.formgrader.handlers"
# `sandbox` alone gives a document an origin of its own, without scripts, forms, windows and plug-ins.
POLICY = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'"
SHOWN = ("image/", "audio/", "video/")  # by the browser as what they are; all else is a text


def set_extra_headers(handler: Any, path: str) -> None:  # noqa: ARG001  (tornado's signature)
    """Let the browser run nothing, guess nothing, and tell no other site."""
    handler.set_header("Content-Security-Policy", POLICY)
    handler.set_header("X-Content-Type-Options", "nosniff")
    handler.set_header("Referrer-Policy", "no-referrer")
    handler.set_header("Cross-Origin-Resource-Policy", "same-origin")


def get_content_type(handler: Any) -> str:
    """Return the kind of a picture, a sound or a film by its name; a page or a program is a text to read."""
    kind, packed = mimetypes.guess_type(handler.absolute_path)
    return kind if kind and not packed and kind.startswith(SHOWN) else "text/plain; charset=utf-8"


def close() -> None:
    """Put both into formgrader's handler of students' files, in the server that has formgrader.

    Formgrader reads its settings after it has been imported, so there is nothing to close in any other process.
    """
    handlers = sys.modules.get(HANDLERS)
    if handlers is not None:
        handlers.SubmissionFilesHandler.set_extra_headers = set_extra_headers
        handlers.SubmissionFilesHandler.get_content_type = get_content_type
