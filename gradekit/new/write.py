"""Several files of a course written together: all of them, or what stood there before."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gradekit.errors import CourseError
from gradekit.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


@contextmanager
def writing(texts: Mapping[Path, str], *, folders: Sequence[Path] = ()) -> Iterator[None]:
    """Write files, and go on with what needs them; where that fails, put back what was there before.

    Parameters
    ----------
    folders : sequence of Path
        Those that are new: made first, and gone where anything fails.

    Raises
    ------
    CourseError
        If a file cannot be written.
    """
    before: dict[Path, tuple[bytes, int] | None] = {}
    try:
        for folder in folders:
            folder.mkdir(parents=True)
        for path, text in texts.items():
            path = path.resolve()  # noqa: PLW2901  (a link stays one)
            before[path] = (path.read_bytes(), path.stat().st_mode & 0o777) if path.exists() else None
            _write(path, text.encode(), (before[path] or (b"", 0o644))[1])
        yield
    except BaseException as error:
        _put_back(before)
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise CourseError(f"{error.filename} cannot be written: {error.strerror}.") from None
        raise


def _put_back(before: Mapping[Path, tuple[bytes, int] | None]) -> None:
    for path, there in before.items():
        if there is None:
            path.unlink(missing_ok=True)
        else:
            _write(path, *there)


def _write(path: Path, data: bytes, mode: int) -> None:
    write_whole(path, data)
    path.chmod(mode)
