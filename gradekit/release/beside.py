"""checks.py beside a source notebook: a copy of gradekit's own, which release keeps fresh, so that nobody has to."""

from __future__ import annotations

from pathlib import Path

from gradekit import checks
from gradekit.errors import CourseError
from gradekit.files import write_whole

NAME = "checks.py"


def put_checks(folder: Path) -> bool:
    """Put gradekit's checks.py into a folder of a source notebook; tell whether anything was written.

    A file that begins with another first line than ours is the course's own, and stays; so does a link, unless it leads
    nowhere: that is what a folder's copy has left of one.

    Raises
    ------
    CourseError
        If it cannot be written.
    """
    path, ours = folder / NAME, Path(checks.__file__).read_bytes()
    try:
        there = path.read_bytes() if path.exists() else None
        own = there is not None and there.splitlines()[:1] != ours.splitlines()[:1]
        if there == ours or own or (path.is_symlink() and there is not None):
            return False
        write_whole(path, ours)
        path.chmod(0o644)
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from None
    return True
