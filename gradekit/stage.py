"""The folder in which a submission is graded before anything of it is published, and the step that publishes it.

Killed at any moment, a submission is in ``autograded/`` whole, or is missing there and graded again by the next run.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gradekit.errors import CourseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STAGE = "grade-"


@contextmanager
def open_stage(root: Path) -> Iterator[Path]:
    """Make a folder for one submission, on the course's disk; gone afterwards."""
    ours = root / ".gradekit"
    try:
        ours.mkdir(exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f"{STAGE}{socket.gethostname()}-{os.getpid()}-", dir=ours))
    except OSError as error:
        raise _cannot_write(ours, error) from None
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def clear_stages(folder: Path) -> None:
    """Remove the stages of processes of this machine that are no more."""
    for stage in folder.glob(f"{STAGE}{socket.gethostname()}-*-*"):
        pid = stage.name.split("-")[-2]
        if pid.isdecimal() and not Path("/proc", pid).exists():
            shutil.rmtree(stage, ignore_errors=True)


def put(made: Path, target: Path, stage: Path, commit: Callable[[], None]) -> None:
    """Commit, and rename a finished folder into its place.

    The old folder goes first: where we are killed in between, the folder is missing, and so the submission is graded
    again. Where anything fails, the old folder comes back.
    """
    old = stage / "old"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.parent.stat().st_dev != stage.stat().st_dev:  # autograded/ is a link to another disk
            beside = Path(tempfile.mkdtemp(prefix=".gradekit-", dir=target.parent))
            made, old = shutil.copytree(made, beside / "new"), beside / "old"
        if os.path.lexists(target):
            target.rename(old)
        commit()
        made.rename(target)
    except OSError as error:
        raise _cannot_write(target, error) from None
    finally:
        if os.path.lexists(old) and not os.path.lexists(target):
            old.rename(target)
        if old.parent != stage:
            shutil.rmtree(old.parent)


def _cannot_write(path: Path, error: OSError) -> CourseError:
    return CourseError(
        f"{path} cannot be written: {error.strerror}.", help="Give yourself the right to write in the course's folder."
    )
