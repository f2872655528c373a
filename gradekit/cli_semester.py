"""The command line's words for the weeks of a course: who takes part, due dates, grades for the school's own system."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradekit.options import AsJson, Assignment, CourseDir, Db, open_course

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradekit.semester.due import Deadline
    from gradekit.semester.gradefile import Filled

When = Annotated[
    str,
    typer.Argument(
        help='The due date of the assignment, as "2026-12-01 23:59"; or none.', show_default="say what it is"
    ),
]
LateStudents = Annotated[
    list[str] | None,
    typer.Option(
        "--student",
        help="The student who has until then; may be given several times.",
        show_default="everybody",
    ),
]
Timezone = Annotated[
    str,
    typer.Option(
        help="The time zone of the date in the course, as Europe/Berlin.",
        show_default="this machine's, or the date's own offset",
    ),
]
RosterFile = Annotated[Path, typer.Argument(help="The table with a student in each row: CSV, UTF-8.")]
IdColumn = Annotated[
    str,
    typer.Option(
        "--id",
        help="The column with the names under which each student hands in.",
        show_default="the one that is known",
    ),
]
GradeFile = Annotated[Path, typer.Option("--fill", help="The grade file of the course, as Canvas or Moodle gives it.")]
FilledTo = Annotated[
    Path | None,
    typer.Option("--to", help="The new file to write, for the course's system.", show_default="<file>-filled.csv"),
]
GradeColumn = Annotated[
    str,
    typer.Option(
        "--column", help="The column of the assignment's grades.", show_default="the one with the assignment's title"
    ),
]


def due(  # noqa: PLR0913  (one option each)
    assignment: Assignment,
    when: When = "",
    *,
    student: LateStudents = None,
    timezone: Timezone = "",
    db: Db = "",
    course_dir: CourseDir = None,
) -> None:
    """Say or set until when an assignment may be handed in, by everybody or by one student."""
    from gradekit.semester.due import moment, read_due, set_due, zone  # noqa: PLC0415

    there = zone(timezone)
    course = open_course(course_dir, db)
    if when:
        found = set_due(course, assignment, moment(when, timezone), only=student or ())
    else:
        found = read_due(course, assignment)
    _print_due(found, there)
    if when:
        typer.echo(f"Who is graded already is graded again by: gradekit grade {assignment}")


def _print_due(found: Deadline, zone: object) -> None:
    if found.due is None:
        typer.echo("no due date: it may be handed in at any time")
        return
    for who, when in (("everybody", found.due), *found.extended.items()):
        local = when.astimezone(zone)  # type: ignore[arg-type]
        also = f" ({when:%Y-%m-%d %H:%M} UTC)" if local.utcoffset() else ""
        typer.echo(f"{who}: {local:%Y-%m-%d %H:%M %Z}{also}")


TimesFile = Annotated[
    Path, typer.Argument(help="The table of the course with a time in each row: CSV, as Moodle's grading worksheet.")
]
TimesColumn = Annotated[
    str,
    typer.Option(
        "--column",
        help="The column that says when each submission was handed in.",
        show_default="the one that is known",
    ),
]


def handed_in(  # noqa: PLR0913  (one option each)
    assignment: Assignment,
    file: TimesFile,
    *,
    column: TimesColumn = "",
    timezone: Timezone = "",
    db: Db = "",
    course_dir: CourseDir = None,
) -> None:
    """Write down when each submission was handed in, from a table of the school's own system."""
    from gradekit.semester.handedin import enter_times  # noqa: PLC0415
    from gradekit.text import plural  # noqa: PLC0415

    found = enter_times(open_course(course_dir, db), assignment, file, column=column, timezone=timezone)
    count = plural(len(found.wrote), "time")
    typer.echo(f"{count} written, {len(found.same)} stood there already (column '{found.column}')")
    _print_names("without a time in the table: the one in timestamp.txt still counts", found.kept)
    _print_names("handed in, and without a time: counts as in time", found.without)
    _print_names("in the file only", found.only_file)
    _print_names("NOT read", found.unclear)
    lost = bool(found.without and found.only_file)  # a row may be that of who is without a time
    if lost:
        typer.echo("Ids and e-mail addresses that the gradebook lacks are entered by: gradekit roster FILE")
    raise typer.Exit(1 if found.unclear or lost else 0)


def roster(file: RosterFile, *, id_column: IdColumn = "", db: Db = "", course_dir: CourseDir = None) -> None:
    """Enter students in the gradebook: ids, names, e-mail addresses, ids in the school's own system."""
    from gradekit.semester.roster import enter_roster  # noqa: PLC0415
    from gradekit.text import listed  # noqa: PLC0415

    found = enter_roster(open_course(course_dir, db), file, id_column=id_column)
    for name, column in found.columns.items():
        typer.echo(f"{name} is read from '{column}'")
    typer.echo(f"{len(found.added)} added, {len(found.changed)} changed, {len(found.same)} as they were")
    if found.absent:
        typer.echo(f"in the gradebook only, and left there: {listed(found.absent)}")


def export_grades(  # noqa: PLR0913  (one option each)
    assignment: Assignment,
    *,
    fill: GradeFile,
    to: FilledTo = None,
    column: GradeColumn = "",
    db: Db = "",
    course_dir: CourseDir = None,
    as_json: AsJson = False,
) -> None:
    """Put final scores into a copy of the grade file of the school's own system; nothing else in it changes."""
    from gradekit.semester import gradefile  # noqa: PLC0415

    found = gradefile.fill(open_course(course_dir, db), assignment, fill, to=to, column=column)
    if as_json:
        typer.echo(json.dumps({**dataclasses.asdict(found), "path": str(found.path)}))
    else:
        _print_filled(found)
    raise typer.Exit(1 if found.unclear else 0)


def _print_filled(found: Filled) -> None:
    typer.echo(f"wrote {found.path} ({found.kind}, column '{found.column}')")
    typer.echo(f"{len(found.wrote)} scores put in, {len(found.same)} stood there already")
    if found.warning:
        typer.echo(f"warning: {found.warning}", err=True)
    _print_names("left as they were", [f"{student} ({why})" for student, why in found.left.items()])
    _print_names("in the file only", found.only_file)
    _print_names("in the course only", found.only_course)
    _print_names("NOT put in, since it is not clear whose row it is", found.unclear)


def _print_names(said: str, names: Sequence[str]) -> None:
    """Print all of them: whoever is not named is taken for done."""
    from gradekit.text import shown  # noqa: PLC0415

    if names:
        typer.echo(f"{said}:")
    for name in names:
        typer.echo(f"  {shown(name, 200)}")


TotalTo = Annotated[
    Path | None,
    typer.Option("--to", help="The new table of the course.", show_default="reports/total.csv in the course"),
]
Weights = Annotated[
    list[str] | None,
    typer.Option(
        "--weight",
        help="An assignment and how much of the total it is, as hw1=40; may be given several times.",
        show_default="all that were released, by their points",
    ),
]


def export_total(*, weight: Weights = None, to: TotalTo = None, db: Db = "", course_dir: CourseDir = None) -> None:
    """Write one table of several assignments, their weights and what they come to."""
    from gradekit.semester.total import read_weights, write_total  # noqa: PLC0415

    weights = read_weights(weight or ())
    course = open_course(course_dir, db)
    target = to or course.root / "reports" / "total.csv"
    names = write_total(course, target, weights=weights)
    typer.echo(f"wrote {target}: {', '.join(names)}")


Worksheet = Annotated[
    Path, typer.Option("--worksheet", help="Moodle's grading worksheet of the assignment: CSV, as Moodle gives it.")
]
ZipTo = Annotated[
    Path | None,
    typer.Option("--to", help="The new zip of the pages.", show_default="<assignment>-feedback.zip beside it"),
]


def export_feedback(
    assignment: Assignment, *, worksheet: Worksheet, to: ZipTo = None, db: Db = "", course_dir: CourseDir = None
) -> None:
    """Zip the learners' pages so that Moodle gives each to its student."""
    from gradekit.semester.feedbackzip import zip_feedback  # noqa: PLC0415
    from gradekit.text import plural  # noqa: PLC0415

    found = zip_feedback(open_course(course_dir, db), assignment, worksheet, to=to)
    typer.echo(f"wrote {found.path}: pages of {plural(len(found.students), 'student')}")
    _print_names("without a page", found.without)
    _print_names("in the file only", found.only_file)
    _print_names("in the course only", found.only_course)
    _print_names("unclear", found.unclear)
    raise typer.Exit(1 if found.unclear else 0)


def declare(app: typer.Typer, exports: typer.Typer) -> None:
    """Add these commands to the command line, and one to its exports."""
    app.command()(due)
    app.command("handed-in")(handed_in)
    app.command()(roster)
    exports.command("grades")(export_grades)
    exports.command("total")(export_total)
    exports.command("feedback")(export_feedback)
