"""What of a graded submission is published: data, texts and pictures; the rest is kept aside for a person.

What a browser, a shell, an editor or Python would run in a teacher's hands is an open set, so the list says what may
stay: kinds that nothing runs, below names that no tool looks for. Files of the source, and of the release as they were
given out, are the instructor's own and stay whatever they are.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from gradekit.course.growth import is_small_file
from gradekit.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# No JSON, YAML, TOML and INI: the settings of editors, servers and of nbgrader itself. No SVG: it holds scripts.
KINDS = frozenset(
    {
        *("txt", "md", "log", "csv", "tsv", "dat"),
        *("npy", "npz", "mat", "h5", "hdf5", "parquet", "feather"),
        *("png", "jpg", "jpeg", "gif", "webp", "bmp"),
        *("wav", "mp3", "ogg", "flac", "mp4", "webm"),
    }
)
NAMED = 3  # files of a submission that its note names
STEM_BYTES = 200  # of a name that is kept aside: what is added to it still fits


def sweep(
    outbox: Path, ours: Iterable[str], unwritten: Iterable[str], *, given: Path, aside: Path
) -> tuple[list[str], list[str]]:
    """Remove what may not be published, and whatever stands where a file will be written.

    Parameters
    ----------
    ours, unwritten : iterable of str
        Paths below `outbox`: of files that are ours, and of files that will be written.
    given : Path
        The released assignment: what a student has brought back unchanged stays.
    aside : Path
        Where files go that are not published, under names that nothing runs; made where one is there.

    Returns
    -------
    notes, kept : list of str
        A line for each thing that is no file; names of the files that were kept aside.
    """
    stays, places = ({outbox / name for name in names} for names in (ours, unwritten))
    notes, kept = [], []
    found = sorted(Path(root, name) for root, *both in os.walk(outbox) for names in both for name in names)
    for path in found:
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            path.unlink()
            notes.append(f"{shown(path.name)} is left out: it is no regular file")
        elif path in places:
            path.unlink()
        elif path.is_file() and path not in stays and not may_be_published(path, outbox, given):
            _keep(path, outbox, aside)
            kept.append(path.relative_to(outbox).as_posix())
    for folder in reversed(found):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return notes, kept


def may_be_published(path: Path, outbox: Path, given: Path) -> bool:
    """Tell whether a student's file is data, text or a picture by its name, or just what was given out.

    A picture is one that a browser can show: a kilobyte may say that it has a hundred gigapixels.
    """
    name = path.relative_to(outbox)
    named = path.suffix.lower().removeprefix(".") in KINDS and not any(part.startswith(".") for part in name.parts)
    if named and is_small_file(path):
        return True
    return (given / name).is_file() and filecmp.cmp(given / name, path, shallow=False)


def note(kept: Sequence[str], place: str) -> str:
    """Say in one line which files were kept aside, and where a person finds them."""
    names = ", ".join(shown(name, 60) for name in kept[:NAMED])
    more = f" and {len(kept) - NAMED} more" if len(kept) > NAMED else ""
    verb = "is" if len(kept) == 1 else "are"
    return f"{names}{more} {verb} kept aside in {place}: only data, texts and pictures are published"


def _keep(path: Path, outbox: Path, aside: Path) -> None:
    """Move a file aside, as a text and out of every hidden folder: a version control's hooks run where one walks in."""
    *folders, name = path.relative_to(outbox).parts
    folder = aside.joinpath(*(f"_{part[1:]}" if part.startswith(".") else part for part in folders))
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"_{name[1:]}" if name.startswith(".") else name
    stem = stem.encode()[:STEM_BYTES].decode("utf-8", "ignore")
    target, number = folder / f"{stem}.txt", 1
    while target.exists():
        number += 1
        target = folder / f"{stem}.{number}.txt"
    shutil.move(path, target)


def put_aside(made: Path, target: Path) -> None:
    """Put what was kept aside into its place, over what an earlier grading has kept there."""
    shutil.rmtree(target, ignore_errors=True)
    if made.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        made.rename(target)
