"""The assignments that travel with gradekit, as a course: in the repository, or beside what pip has installed.

They are no part of the package. pip puts them into ``share/gradekit`` of its prefix: nothing there can be imported,
and no worker may read it, while every worker may read the folder that the package itself lies in.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import gradekit
from gradekit.course.course import Course
from gradekit.errors import CourseError

PLACE = ("share", "gradekit")  # below pip's prefix: see [tool.setuptools.data-files] in pyproject.toml


def shipped() -> Course:
    """Return the course that travels with gradekit; it is only read.

    Raises
    ------
    CourseError
        If this gradekit was installed without it.
    """
    repository = Path(gradekit.__file__).resolve().parents[1]
    for root in (*([repository] if (repository / "pyproject.toml").is_file() else []), *_installed()):
        if (root / "source").is_dir() and (root / "tests" / "hidden").is_dir():
            return Course(root)
    raise CourseError(
        "The assignments that travel with gradekit are not beside it.",
        help="Install it with pip from its wheel or its folder, or begin without: gradekit init FOLDER --with none",
    )


def _installed() -> list[Path]:
    """Return the folder that pip's own list of gradekit's files names; none where it names none."""
    try:
        listed = importlib.metadata.files("gradekit") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    places = (Path(str(entry.locate())).resolve() for entry in listed if entry.suffix == ".ipynb")
    found = (path.parents[2] for path in places if path.parents[2].parts[-2:] == PLACE)  # source/<name>/<name>.ipynb
    return list(dict.fromkeys(found))
