"""Words that several commands take, and what each of them does first: open the course."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gradekit.course.course import Course

# What stands in brackets in a help text is markup to rich: a default that is no value is said by `show_default`.
Assignment = Annotated[str, typer.Argument(help="The assignment's name: its folder below source/.")]
CourseDir = Annotated[
    Path | None,
    typer.Option(help="The course's folder.", show_default="nbgrader's setting, else the working folder"),
]
Db = Annotated[
    str, typer.Option(help="The gradebook's address in SQLAlchemy's form.", show_default="nbgrader's setting")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for programs.")]


def open_course(folder: Path | None, db: str = "") -> Course:
    """Open the course that a command is about; nbgrader's settings are read with nbgrader itself."""
    from gradekit.gradebook import settings  # noqa: PLC0415

    return settings.open_course(folder, db=db)
