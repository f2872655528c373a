"""When a submission was handed in, as a file of the student's says it."""

from __future__ import annotations

import contextlib
import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gradekit.gradebook.convert import parse_time
from gradekit.handin.collect import OPEN_FILE
from gradekit.model import Note

if TYPE_CHECKING:
    from pathlib import Path


TIMESTAMP = "timestamp.txt"  # nbgrader puts it beside a submission
MAX_TIMESTAMP = 100  # characters; nbgrader writes 30
# A zone may be a file's name for dateutil, so nothing that looks like a path.
TIMESTAMP_LETTERS = re.compile(r"[A-Za-z0-9_+:., -]+(?:/[A-Za-z0-9_+-]+){0,2}")


def examine_timestamp(path: Path) -> tuple[Note, ...]:
    """Look at the time of handing in. One that cannot be read is removed, as if there were none.

    nbgrader's own reading of a bad time ends in an AttributeError.
    """
    try:
        written = _written(path)
        if not written:
            return (Note(f"{TIMESTAMP} is empty: the submission counts as in time"),)
        late = _time(written) > datetime.now(UTC).replace(tzinfo=None)
    except FileNotFoundError:
        return ()
    except ValueError:
        path.unlink()
        return (Note(f"{TIMESTAMP} holds no time: whether the submission is late is undecided", urgent=True),)
    return (Note(f"{TIMESTAMP} lies in the future: {written}"),) if late else ()


def time_of(path: Path) -> datetime | None:
    """Return the time in a timestamp file; None where there is none that can be read."""
    with contextlib.suppress(OSError, ValueError):
        return _time(_written(path))
    return None


def _written(path: Path) -> str:
    """Read a timestamp file, in a submission that nothing has looked at yet."""
    handle = os.open(path, OPEN_FILE)
    try:
        return os.read(handle, MAX_TIMESTAMP + 1).decode().strip()
    finally:
        os.close(handle)


def _time(written: str) -> datetime:
    """Read a time as nbgrader does.

    Raises
    ------
    ValueError
    """
    if len(written) > MAX_TIMESTAMP or not TIMESTAMP_LETTERS.fullmatch(written):
        raise ValueError(written)
    return parse_time(written)
