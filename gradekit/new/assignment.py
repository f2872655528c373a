"""`gradekit new assignment`: a notebook without exercises, and the files that its hidden tests will stand in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gradekit.errors import CourseError, UsageError
from gradekit.judging.freeze import freeze
from gradekit.new.template import template
from gradekit.new.write import writing
from gradekit.release.beside import put_checks

if TYPE_CHECKING:
    from pathlib import Path

    from gradekit.course.course import Course

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")  # of a folder, a file in a zip, a part of a web address
KINDS = ("tests", "misconceptions", "alternatives")


def new_assignment(course: Course, name: str) -> tuple[Path, ...]:
    """Begin an assignment; return the files written.

    Raises
    ------
    UsageError, CourseError
        If the name cannot be one, or is taken.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"'{name}' cannot be an assignment's name.", help="Letters, digits, _ and - alone, at most 100."
        )
    for place in (course.source_folder(name), course.hidden(name)):
        if place.exists():
            raise CourseError(f"{place} exists already.", help="Choose another name, or go on: gradekit new exercise")
    texts = {course.source(name): template("assignment.ipynb", assignment=name)}
    texts |= {course.hidden(name) / f"{kind}.py": template(f"{kind}_head.txt", assignment=name) for kind in KINDS}
    with writing(texts, folders=(course.source_folder(name), course.hidden(name))):
        put_checks(course.source_folder(name))
        freeze(course, name)
    return tuple(texts)
