"""The folder that a submission's feedback lies in: its pages, and the two files that nbgrader asks for beside them."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from typing import TYPE_CHECKING

from gradekit.files import write_whole
from gradekit.handin import collect
from gradekit.handin.stamp import TIMESTAMP
from gradekit.handin.submission import SEAL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_FILE = 1_000  # bytes of a time stamp or of a secret, which has 128
STAMP = re.compile(r"[A-Za-z0-9_+:., /-]*")
TOKEN = re.compile(r"[A-Za-z0-9_+-]{16,}")


def companions(graded: Path, handed_in: Path, target: Path) -> tuple[str, str, tuple[str, ...]]:
    """Return the time of handing in, the submission's secret, and what is to be said of them.

    `nbgrader release_feedback` stops the whole class where either file is missing. An empty time does no harm. A secret
    is made up where there is none: the name under which a page is published follows from it and must not be guessed.
    """
    stamp = _small(graded / TIMESTAMP, STAMP) or _small(handed_in / TIMESTAMP, STAMP)
    places = (graded / SEAL, handed_in / SEAL)
    secret = next((found for path in places if (found := _small(path, TOKEN))), "")
    if secret:
        return stamp, secret, ()
    note = f"no {SEAL}: release_feedback will not reach the student, since nbgrader's submit did not bring this"
    return stamp, _small(target / SEAL, TOKEN) or secrets.token_hex(64), (note,)


def _small(path: Path, pattern: re.Pattern[str]) -> str:
    """Read a small file that a student may have put there; empty where it is not what it should be."""
    try:
        handle = os.open(path, collect.OPEN_FILE)
        try:
            text = os.read(handle, MAX_FILE + 1).decode().strip()
        finally:
            os.close(handle)
    except (OSError, UnicodeDecodeError):  # none, a link, a folder, or no text
        return ""
    return text if len(text) <= MAX_FILE and pattern.fullmatch(text) else ""


def fill(folder: Path, files: Mapping[str, str], mode: int) -> None:
    """Write files, each whole or not at all, and remove what else is there.

    Another tool has left it: copies of a student's files, which release_feedback might publish.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name not in files:
            path.unlink()
    for name, text in files.items():
        write_whole(folder / name, text.encode())
        (folder / name).chmod(mode)
