"""`gradekit init`: a course in a new folder, which releases, grades and demos at once."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradekit.course.course import CONFIG, Course
from gradekit.errors import CourseError, UsageError
from gradekit.files import make_stage_beside
from gradekit.gradebook.settings import course_at
from gradekit.judging.freeze import freeze
from gradekit.new.shipped import shipped
from gradekit.new.template import template
from gradekit.release.beside import put_checks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


ALL, NONE = "all", "none"
JUNK = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "reference.npz")  # which is made anew here
PRIVATE = 0o750  # solutions and hidden tests are no other user's business


@dataclass(frozen=True)
class Begun:
    """A new course, and the assignments that it begins with."""

    course: Course
    assignments: tuple[str, ...]


def init(folder: Path, *, assignments: str = "rnn_from_scratch") -> Begun:
    """Write a course of one's own into a new folder: settings, assignments, their hidden tests.

    Parameters
    ----------
    assignments : str
        Names of those that travel with gradekit, with commas between; or ``all``, or ``none``.

    Raises
    ------
    CourseError, UsageError
        Nothing is left behind then.
    """
    target = folder.resolve()
    if target.exists() and not (target.is_dir() and all(path.name == ".git" for path in target.iterdir())):
        raise CourseError(f"{folder} is not empty.", help="Name a folder that does not exist yet.")
    names = _chosen(assignments)
    with _aside(target) as stage:
        _settings(stage, name=target.name)
        for name in names:
            _copy(name, Course(stage))
    return Begun(course_at(target), names)


def _chosen(words: str) -> tuple[str, ...]:
    asked = [word.strip() for word in words.split(",") if word.strip()]
    if not asked:
        raise UsageError("--with names nothing.", help="Name assignments with commas between, or 'all', or 'none'.")
    if asked == [NONE]:
        return ()
    if asked == [ALL]:
        return shipped().assignments()
    for name in asked:
        shipped().check_assignment(name)
    return tuple(dict.fromkeys(asked))


def _settings(root: Path, *, name: str) -> None:
    # nbgrader's exchange and a shared gradebook tell courses apart by it; a path's odd signs would not go through.
    known = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "course"
    text = template("nbgrader_config.txt", course=known)
    (root / CONFIG).write_text(text, encoding="utf-8")
    (root / ".gitignore").write_text(template("gitignore.txt"), encoding="utf-8")
    (root / "source").mkdir()


def _copy(name: str, new: Course) -> None:
    """Copy an assignment that travels with gradekit; what it compares with is computed on this machine."""
    old = shipped()
    shutil.copytree(old.source_folder(name), new.source_folder(name), ignore=JUNK)
    shutil.copytree(old.hidden(name), new.hidden(name), ignore=JUNK)
    put_checks(new.source_folder(name))
    freeze(new, name)


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """Make a folder beside the target, and move what is in it to the target once it is complete."""
    stage = make_stage_beside(target)
    try:
        yield stage
        if not target.exists():
            stage.chmod(PRIVATE)
            stage.rename(target)
            return
        for path in sorted(stage.iterdir()):  # the folder stays the one that somebody stands in
            path.rename(target / path.name)
    except OSError as error:
        raise CourseError(f"{error.filename} cannot be written: {error.strerror}.") from None
    finally:
        shutil.rmtree(stage, ignore_errors=True)
