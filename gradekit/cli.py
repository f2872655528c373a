"""The command line: parse words, call one function, print, exit code. Nothing else happens here.

Heavy imports stand inside the commands, so that ``gradekit --help`` and a usage error answer at once.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

import gradekit
from gradekit.course import open_course
from gradekit.errors import GradekitError

if TYPE_CHECKING:
    from gradekit.demo import Demo

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=gradekit.__doc__)

Assignment = Annotated[str, typer.Argument(help="The assignment's name: its folder below source/.")]
CourseDir = Annotated[Path, typer.Option(help="The course's folder.")]
Solutions = Annotated[bool, typer.Option(help="Run the source and write solutions/ too.")]
To = Annotated[Path | None, typer.Option(help="A new folder for the demo's course.  [default: a temporary one]")]
HERE = Path()


@app.command()
def release(assignment: Assignment, *, course_dir: CourseDir = HERE, solutions: Solutions = True) -> None:
    """Make the student version and the worked solutions from the source notebook."""
    from gradekit.release import release as make  # noqa: PLC0415

    for folder in make(open_course(course_dir), assignment, solutions=solutions):
        typer.echo(f"wrote {folder}")


@app.command()
def freeze(assignment: Assignment, *, course_dir: CourseDir = HERE) -> None:
    """Compute the hidden tests' reference values anew from the source's solution."""
    from gradekit.freeze import freeze as make  # noqa: PLC0415

    typer.echo(f"wrote {make(open_course(course_dir), assignment)}")


@app.command()
def demo(assignment: Assignment = "rnn_from_scratch", *, course_dir: CourseDir = HERE, to: To = None) -> None:
    """Release an assignment, let a synthetic class hand in, grade it, and say where the results are."""
    from gradekit import demo as trip  # noqa: PLC0415

    folder = to or Path(tempfile.mkdtemp(prefix="gradekit-demo-"))
    course = trip.make_course(open_course(course_dir), assignment, folder)
    submissions = trip.synthetic_class(course, assignment)
    trip.hand_in(course, assignment, submissions)
    typer.echo(
        f"{len(submissions)} students handed in {assignment}.\n"
        "Grading with nbgrader, in the learners' process (not secure):"
    )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("grading", total=len(submissions))
        for _ in trip.grade_class(course, assignment, submissions):
            progress.advance(task)
    _print_demo(trip.results(course, assignment, submissions))


def _print_demo(found: Demo) -> None:
    table = Table(box=None, header_style="bold")
    table.add_column("student")
    for name, points in found.points.items():
        table.add_column(f"{name}\n{points:g}", justify="right")
    table.add_column(f"score\n{sum(found.points.values()):g}", justify="right")
    for row in found.rows:
        late = f" ({row.late_s / 3600:.0f} h late)" if row.late_s else ""
        scores = [f"{row.scores[name]:.4g}" for name in found.points]
        table.add_row(row.student + late, *scores, f"{row.total:.4g}")
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    typer.echo(f"gradebook: {found.gradebook}")
    typer.echo(f"feedback:  {found.feedback}/<student>/<assignment>/*.html")


def main() -> int:
    """Run the command line; return its exit code. A fault of our own says so and shows where it happened."""
    try:
        return int(app(standalone_mode=False) or 0)
    except GradekitError as error:
        typer.echo(f"error: {error.message}", err=True)
        if error.help:
            typer.echo(f"  {error.help}", err=True)
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("stopped", err=True)
        return 130
    except Exception as error:  # the top of the command line
        if hasattr(error, "exit_code") and hasattr(error, "show"):  # a usage error of the command-line library
            error.show()
            return int(error.exit_code)
        import traceback  # noqa: PLC0415

        traceback.print_exc()
        typer.echo("error: this is a fault of gradekit itself; please report the lines above.", err=True)
        return 3


if __name__ == "__main__":
    sys.exit(main())
