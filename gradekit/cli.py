"""The command line: parse words, call one function, print, exit code. Nothing else happens here.

Heavy imports stand inside the commands, so that ``gradekit --help`` and a usage error answer at once.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

import gradekit
import gradekit.alone  # a command's process is ours alone
from gradekit.errors import GradekitError, HostError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradekit.adopt.changes import Adoption
    from gradekit.course.course import Course
    from gradekit.demo import Demo
    from gradekit.grade.classroom import Graded
    from gradekit.verify.findings import Proof, ProofFinding


app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

# What stands in brackets in a help text is markup to rich: a default that is no value is said by `show_default`.
Assignment = Annotated[str, typer.Argument(help="The assignment's name: its folder below source/.")]
CourseDir = Annotated[
    Path | None,
    typer.Option(help="The course's folder.", show_default="nbgrader's setting, else the working folder"),
]
Solutions = Annotated[bool, typer.Option(help="Run the source notebook, and write the worked solutions too.")]
To = Annotated[
    Path | None, typer.Option(help="The new folder to make the demo's course in.", show_default="a temporary folder")
]
ExportTo = Annotated[
    Path | None,
    typer.Option("--to", help="The new folder to write the export to.", show_default="<assignment>-<grader>"),
]
Students = Annotated[
    list[str] | None,
    typer.Option(
        help="The student whose submission to grade; may be given several times.", show_default="all who handed in"
    ),
]
Learners = Annotated[
    list[str] | None,
    typer.Option(
        "--student",
        help="The student whose page to write; may be given several times.",
        show_default="all in the gradebook",
    ),
]
Jobs = Annotated[
    int | None, typer.Option(min=1, help="The number of processes that work at once.", show_default="one a core")
]
Force = Annotated[bool, typer.Option("--force", help="Grade unchanged submissions again too.")]
AllCells = Annotated[bool, typer.Option("--all-cells", help="Run the cells after the last graded cell too.")]
Isolation = Annotated[
    str, typer.Option(help="The sandbox: 'landlock'; or 'none', which runs learners' code with your own rights.")
]
Db = Annotated[
    str, typer.Option(help="The gradebook's address in SQLAlchemy's form.", show_default="nbgrader's setting")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for programs.")]
T = TypeVar("T")


def _say_version(asked: bool) -> None:  # noqa: FBT001  (the command-line library's signature)
    if asked:
        typer.echo(f"gradekit {gradekit.__version__}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", callback=_say_version, is_eager=True, help="Print gradekit's version and exit."),
]


@app.callback(help=gradekit.__doc__)
def gradekit_itself(*, version: Version = False) -> None:
    """Take the options that stand before a command."""


def open_course(folder: Path | None, db: str = "") -> Course:
    """Open the course that a command is about; nbgrader's settings are read with nbgrader itself."""
    from gradekit.gradebook import settings  # noqa: PLC0415

    return settings.open_course(folder, db=db)


@app.command()
def release(assignment: Assignment, *, db: Db = "", course_dir: CourseDir = None, solutions: Solutions = True) -> None:
    """Make the student version and the worked solutions from the source notebook."""
    from gradekit.release.make import release as make  # noqa: PLC0415

    course = open_course(course_dir, db)
    for folder in make(course, assignment, solutions=solutions):
        typer.echo(f"wrote {folder}")
    if solutions and _solution_loses(course, assignment):
        raise typer.Exit(1)


def _solution_loses(course: Course, assignment: str) -> bool:
    """Try the source's own solution in the sandbox, where this host has one; say what it loses."""
    from gradekit.grade.judge import Grading  # noqa: PLC0415
    from gradekit.grade.solution import lost_alone  # noqa: PLC0415

    try:
        lines = lost_alone(Grading(course, assignment))
    except HostError as error:
        typer.echo(f"The solution was not tried in the sandbox: {error}", err=True)
        return False
    for line in lines:
        typer.echo(f"warning: {line}", err=True)
    return bool(lines)


ExerciseToMove = Annotated[
    str,
    typer.Option(
        "--exercise",
        help="The grade_id of a graded cell whose asserts become a hidden test.",
        show_default="none: asserts stay where they are",
    ),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Write nothing; print what would change in notebooks and hidden tests, as a diff."),
]


@app.command()
def adopt(  # noqa: PLR0913  (one option each)
    assignment: Assignment,
    *,
    exercise: ExerciseToMove = "",
    dry_run: DryRun = False,
    db: Db = "",
    course_dir: CourseDir = None,
    as_json: AsJson = False,
) -> None:
    """Bring an nbgrader assignment of other making to the form that release takes; no grade_id changes."""
    from gradekit.adopt.make import diff, plan, write  # noqa: PLC0415

    course = open_course(course_dir, db)
    found = plan(course, assignment, exercise=exercise)
    changed = diff(found, course.root) if dry_run else ""
    written = () if dry_run else write(course, found)
    if as_json:
        typer.echo(json.dumps(found.plain(course.root)))
        return
    typer.echo(changed, nl=False)
    _print_adoption(found, written)


def _print_adoption(found: Adoption, written: tuple[Path, ...]) -> None:
    """Print what was changed, where what stays has its place, and what a person still has to type."""
    table = Table(box=None, header_style="bold")
    for name in ("notebook", "cell", "what"):
        table.add_column(name, overflow="fold")
    rows = [*((change, "") for change in found.changes), *((change, "stays: ") for change in found.stays)]
    for change, before in rows:
        table.add_row(escape(change.notebook), escape(change.cell), escape(before + change.what))
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    for path in written:
        typer.echo(f"wrote {path}" if path.is_file() else f"what stood there before: {path}")
    if not found.files:
        typer.echo("nothing to change")
    needed = [item for item in found.to_type if item.needed]
    typer.echo(f"to be typed by a person: {len(needed) or 'nothing'}")
    for item in found.to_type:
        typer.echo(f"  {'' if item.needed else '(if you like) '}{item.where}: {item.what}")


@app.command()
def freeze(assignment: Assignment, *, course_dir: CourseDir = None) -> None:
    """Compute the hidden tests' reference values anew from the source's solution."""
    from gradekit.judging.freeze import freeze as make  # noqa: PLC0415

    typer.echo(f"wrote {make(open_course(course_dir), assignment)}")


@app.command()
def grade(  # noqa: PLR0913  (one option each)
    assignment: Assignment,
    *,
    student: Students = None,
    jobs: Jobs = None,
    force: Force = False,
    all_cells: AllCells = False,
    isolation: Isolation = "landlock",
    db: Db = "",
    course_dir: CourseDir = None,
    as_json: AsJson = False,
) -> None:
    """Grade what students handed in, in a sandbox: scores to the gradebook, notebooks to autograded/."""
    from gradekit.grade.classroom import changed_in_source, due, grade_class  # noqa: PLC0415
    from gradekit.grade.judge import LANDLOCK, NONE, Grading  # noqa: PLC0415

    if isolation not in ("landlock", "none"):
        raise UsageError(f"--isolation {isolation}: there are 'landlock' and 'none'.")
    kind = NONE if isolation == "none" else LANDLOCK
    grading = Grading(open_course(course_dir, db), assignment, kind, all_cells=all_cells)
    if kind == NONE:
        typer.echo(
            "warning: --isolation none: learners' code runs with your own rights, and every report says so.", err=True
        )
    names, kept = due(grading, only=student or (), force=force)
    if stale := changed_in_source(grading):
        typer.echo(stale, err=True)
    losses: list[str] = []

    def warn(line: str) -> None:
        """Say what the source's own solution loses, before anybody is graded."""
        losses.append(line)
        typer.echo(f"warning: {line}", err=True)

    running = grade_class(grading, names, jobs=jobs or available_cores(), warn=warn)
    found = sorted(track(running, len(names)), key=lambda item: item.student)
    if as_json:
        _print_json(found, kept, losses)
    else:
        _print_grades(found, kept)
    raise typer.Exit(0 if all(item.settled for item in found) and not losses else 1)


def _print_grades(found: list[Graded], kept: list[str]) -> None:
    """Print what the instructor must know: what is undecided, what changed, one line for each note."""
    from gradekit.grade.inline import said_of_class  # noqa: PLC0415
    from gradekit.text import shown  # noqa: PLC0415

    for item in found:
        name = shown(item.student)
        if item.report is None:
            typer.echo(f"{name}: NOT GRADED, a fault of ours: {shown(item.failure, 2000)}")
            continue
        for note in item.report.notes:
            typer.echo(f"{name}: {shown(note.text, 300)}")
        if item.changed:
            typer.echo(f"{name}: score changed from {_score(item.score_before)} to {_score(item.score)}")
    for line in said_of_class([item.report for item in found if item.report]):
        typer.echo(line)
    undecided = [item for item in found if not item.settled]
    typer.echo(f"{len(found)} graded, {len(kept)} unchanged, {len(undecided)} undecided")
    for item in undecided:
        what = ", ".join(shown(name, 300) for name in item.asks)
        typer.echo(f"  {shown(item.student)}: a person must look at {what}")


def _score(score: float | None) -> str:
    return "undecided" if score is None else f"{score:.6g}"


def _print_json(found: list[Graded], kept: list[str], losses: list[str]) -> None:
    from gradekit.course.reports import plain  # noqa: PLC0415

    graded = [plain(item.report) for item in found if item.report]
    failed = {item.student: item.failure for item in found if item.report is None}
    undecided = {item.student: list(item.asks) for item in found if not item.settled}
    answer = {"graded": graded, "unchanged": kept, "failed": failed, "undecided": undecided}
    typer.echo(json.dumps({**answer, "solution": losses}))


def track(items: Iterable[T], number: int, doing: str = "grading") -> Iterable[T]:
    """Show a progress bar with an estimate on a terminal, while items pass through."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(doing, total=number)
        for item in items:
            progress.advance(task)
            yield item


@app.command()
def feedback(
    assignment: Assignment,
    *,
    student: Learners = None,
    db: Db = "",
    course_dir: CourseDir = None,
    as_json: AsJson = False,
) -> None:
    """Write each learner's page: score, what was tested, what went wrong and what to try next."""
    from gradekit.feedback.write import students, write_feedback  # noqa: PLC0415
    from gradekit.text import shown  # noqa: PLC0415

    course = open_course(course_dir, db)
    names = students(course, assignment, only=student or ())
    found = list(track(write_feedback(course, assignment, names), len(names), "writing"))
    if as_json:
        pages = {item.student: [str(path) for path in item.pages] for item in found}
        typer.echo(json.dumps({"pages": pages, "notes": {item.student: list(item.notes) for item in found}}))
        return
    for item in found:
        for note in item.notes:
            typer.echo(f"{shown(item.student)}: {shown(note, 300)}")
    count = sum(len(item.pages) for item in found)
    everybody = f"{course.folder('feedback', assignment, '<student>')}/"
    where = everybody if len(found) > 1 else str(found[0].pages[0].parent)
    typer.echo(f"{count} page{'s' * (count != 1)} in {where}")


def available_cores() -> int:
    """Return on how many cores this process may run."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


exports = typer.Typer(no_args_is_help=True, help="Make the same assignment for another grader.")
app.add_typer(exports, name="export")


@exports.command("otter")
def export_otter(assignment: Assignment, *, course_dir: CourseDir = None, to: ExportTo = None) -> None:
    """Make autograder.zip and a folder for students, for otter-grader."""
    from gradekit.export.otter import export  # noqa: PLC0415

    made = export(open_course(course_dir), assignment, to or Path(f"{assignment}-otter"))
    typer.echo(f"wrote {made.zip}\nwrote {made.student}")
    typer.echo("Otter runs learners' code in the process that holds the hidden tests: not secure.")


@exports.command("gradescope")
def export_gradescope(assignment: Assignment, *, course_dir: CourseDir = None, to: ExportTo = None) -> None:
    """Make autograder.zip for Gradescope, graded there by this engine."""
    from gradekit.export.gradescope import export  # noqa: PLC0415

    typer.echo(f"wrote {export(open_course(course_dir), assignment, to or Path(f'{assignment}-gradescope'))}")
    typer.echo("Choose a base image of Ubuntu 22.04 or newer.")


@app.command()
def verify(assignment: Assignment, *, jobs: Jobs = None, course_dir: CourseDir = None, as_json: AsJson = False) -> None:
    """Prove an assignment's hidden tests: on right answers, wrong ones, mutants of the solution; look for leaks."""
    from gradekit.verify.prove import verify as prove  # noqa: PLC0415

    def watch(findings: Iterable[ProofFinding], number: int) -> Iterable[ProofFinding]:
        return track(findings, number, "verifying")

    proof = prove(open_course(course_dir), assignment, jobs=jobs or available_cores(), watch=watch)
    if as_json:
        typer.echo(json.dumps(proof.plain()))
    else:
        _print_proof(proof)
    raise typer.Exit(proof.exit_code)


def _print_proof(proof: Proof) -> None:
    """Print how many of what was tried is well, exercise by exercise, and one line for each thing that is not."""
    from gradekit.verify.findings import LOOKED_AT, NAMES, SOUGHT, TRAINING, TRIED  # noqa: PLC0415

    trains = any(proof.count(TRAINING, exercise)[0] for exercise in proof.exercises)
    for sections in (TRIED, [section for section in SOUGHT if trains or section != TRAINING]):
        words = ["unnamed" if section == NAMES else "equivalent" for section in sections]
        _print_counts(proof, sections, words)
    if not trains:
        typer.echo("training: not declared, so what a mistake costs is not weighed: write training(names) in tests.py")
    said = {(1, 1, 0): "ok", (1, 0, 0): "NO"}
    typer.echo("  ".join(f"{section}: {said.get(proof.count(section), 'not tried')}" for section in LOOKED_AT))
    for finding in proof.problems:
        typer.echo(f"NO  {finding.where}: {finding.problem}\n    {finding.advice}")
    typer.echo(f"{len(proof.findings)} findings in {proof.seconds:.0f} s, {len(proof.problems)} of them problems")
    if proof.stopped:
        typer.echo("    Nothing else was tried: what tests say is believed once they accept the solution.")
    for lack in proof.lacks:
        typer.echo(lack)


def _print_counts(proof: Proof, sections: Iterable[str], words: Iterable[str]) -> None:
    table = Table(box=None, header_style="bold")
    table.add_column("exercise")
    columns = list(zip(sections, words, strict=True))
    for section, _ in columns:
        table.add_column(section, justify="right")
    for exercise in proof.exercises:
        table.add_row(exercise, *(_of(*proof.count(section, exercise), word) for section, word in columns))
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def _of(tried: int, good: int, listed: int, word: str) -> str:
    beside = f", {listed} {word}" if listed else ""
    return f"{good - listed} of {tried}{beside}" if tried else ""


@app.command()
def report(assignment: Assignment, *, db: Db = "", course_dir: CourseDir = None, as_json: AsJson = False) -> None:
    """Write one page about a class, for the instructor: scores, item analysis, misconceptions; tables beside it."""
    from gradekit.report.write import make_report, summary  # noqa: PLC0415

    made = make_report(open_course(course_dir, db), assignment)
    if as_json:
        typer.echo(json.dumps(summary(made)))
        return
    for path in (made.page, made.students, made.exercises):
        typer.echo(f"wrote {path}")


Attack = Annotated[
    bool, typer.Option("--attack", help="Try from inside the sandbox what must be refused, a line each.")
]


@app.command()
def doctor(*, attack: Attack = False) -> None:
    """Say which layers of isolation this host gives, what is missing, and what learners' code may read."""
    from gradekit.isolation.doctor import examine  # noqa: PLC0415
    from gradekit.isolation.readable import readable  # noqa: PLC0415

    found = examine()
    for item in found:
        typer.echo(f"{'ok ' if item.ok else 'NO '} {item.layer}: {item.says}")
        if item.help:
            typer.echo(f"     {item.help}")
    typer.echo("Learners' code may read, beside its own folder and its process's own numbers:")
    for path in readable():
        typer.echo(f"     {path}")
    good = all(item.ok or not item.needed for item in found)
    typer.echo("gradekit grade can isolate learners' code here." if good else "gradekit grade refuses to run here.")
    if good and attack and not _attack():
        raise typer.Exit(1)
    raise typer.Exit(0 if good else 2)


def _attack() -> bool:
    """Print what was refused to a learner's code and what was not; return whether everything was."""
    from gradekit.isolation import probes  # noqa: PLC0415

    refused = []
    for item in probes.attack():
        typer.echo(f"{'ok ' if item.refused else 'NO '} {item.what}: {item.how or 'went through'}")
        refused.append(item.refused)
    typer.echo(f"{sum(refused)} of {len(refused)} attempts were refused.")
    return all(refused)


@app.command()
def demo(assignment: Assignment = "rnn_from_scratch", *, course_dir: CourseDir = None, to: To = None) -> None:
    """Release an assignment, let a synthetic class hand in, grade it, and say where the results are."""
    from gradekit import demo as trip  # noqa: PLC0415

    folder = to or Path(tempfile.mkdtemp(prefix="gradekit-demo-"))
    course = trip.make_course(open_course(course_dir), assignment, folder)
    submissions = trip.synthetic_class(course, assignment)
    trip.hand_in(course, assignment, submissions)
    typer.echo(f"{len(submissions)} students handed in {assignment}. Each is graded in a sandbox of its own:")
    graded = list(track(trip.grade_class(course, assignment, jobs=available_cores()), len(submissions)))
    _print_demo(trip.results(course, assignment, submissions))
    raise typer.Exit(1 if any(item.report is None for item in graded) else 0)


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
    typer.echo(f"gradebook:     {found.gradebook}")
    typer.echo(f"feedback:      {found.feedback}/<student>/<assignment>/*.html")
    typer.echo(f"class report:  {found.report}")
    typer.echo(f"in JSON:       {found.course.root}/.gradekit/<assignment>/<student>.json")


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
