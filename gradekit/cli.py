"""The command line: parse words, call one function, print, exit code. Nothing else happens here.

Heavy imports stand inside the commands, so that ``gradekit --help`` and a usage error answer at once.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import gradekit
import gradekit.alone  # a command's process is ours alone
from gradekit import cli_semester
from gradekit.errors import GradekitError, HostError, UsageError
from gradekit.options import AsJson, Assignment, CourseDir, Db, open_course
from gradekit.terminal import print_adoption, print_demo, print_grades, print_json, print_proof, steps, track

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradekit.cluster.connect import Workers
    from gradekit.course.course import Course
    from gradekit.model import Figures
    from gradekit.verify.findings import ProofFinding


app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

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
FiguresOf = Annotated[
    str,
    typer.Option(
        "--figures",
        help="The cells whose figures are drawn: 'changed', which the learner wrote or changed or a person grades; "
        "'all'; 'none'.",
        show_default="c.Gradekit.figures, else changed",
    ),
]
Isolation = Annotated[
    str, typer.Option(help="The sandbox: 'landlock'; or 'none', which runs learners' code with your own rights.")
]

SchedulerOf = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help="The address of a Dask scheduler whose workers judge submissions, as tls://HOST:PORT; or 'local'.",
        show_default="c.Gradekit.scheduler, else local",
    ),
]
InsecureCluster = Annotated[
    bool,
    typer.Option(
        "--insecure-cluster",
        help="Let hidden tests and submissions travel to a scheduler that is neither TLS nor on this machine.",
    ),
]


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


Folder = Annotated[Path, typer.Argument(help="The folder to make the course in; it is new, or empty.")]
With = Annotated[
    str,
    typer.Option(
        "--with",
        help="The assignments to begin with, commas between them; or 'all', or 'none', for a course of one's own.",
    ),
]


@app.command("init")
def begin_course(folder: Folder, *, assignments: With = "rnn_from_scratch") -> None:
    """Begin a course in a new folder: settings, and assignments with their hidden tests, ready to be released."""
    from gradekit.new.course import init  # noqa: PLC0415

    with steps("making the course, and its reference values"):
        begun = init(folder, assignments=assignments)
    typer.echo(f"wrote {begun.course.root}")
    for name in begun.assignments:
        typer.echo(f"  {begun.course.source(name).relative_to(begun.course.root)}")
    first = begun.assignments[0] if begun.assignments else "ASSIGNMENT"
    typer.echo(f"Next: cd {folder}")
    typer.echo(f"      gradekit {'demo' if begun.assignments else 'new assignment'} {first}")
    if begun.assignments:
        typer.echo(f"      gradekit release {first}")


news = typer.Typer(no_args_is_help=True, help="Begin an assignment or an exercise of one's own.")
app.add_typer(news, name="new")
NewName = Annotated[str, typer.Argument(help="The new assignment's name: letters, digits, _ and -.")]
ExerciseName = Annotated[
    str,
    typer.Argument(help="The new exercise's name: that of the function or class that students write."),
]
Points = Annotated[
    float, typer.Option(help="The points of the exercise; they stand in its graded cell's metadata alone.")
]


@news.command("assignment")
def new_assignment(assignment: NewName, *, course_dir: CourseDir = None) -> None:
    """Begin an assignment: a notebook without exercises, and files for its hidden tests."""
    from gradekit.new.assignment import new_assignment as make  # noqa: PLC0415

    for path in make(open_course(course_dir), assignment):
        typer.echo(f"wrote {path}")
    typer.echo(f"Next: gradekit new exercise {assignment} EXERCISE --points 1")


@news.command("exercise")
def new_exercise(
    assignment: Assignment, exercise: ExerciseName, *, points: Points, course_dir: CourseDir = None
) -> None:
    """Add an exercise: five cells, a hidden test, a wrong answer and a right one, to be filled with your own."""
    from gradekit.new.exercise import new_exercise as make  # noqa: PLC0415

    made = make(open_course(course_dir), assignment, exercise, points=points)
    typer.echo(f"wrote {made.notebook}: cells {', '.join(made.cells)}")
    for path in made.hidden:
        typer.echo(f"wrote {path}")
    typer.echo(f"It can be released as it is. Write your own in each place; then: gradekit freeze {assignment}")


@app.command()
def release(assignment: Assignment, *, db: Db = "", course_dir: CourseDir = None, solutions: Solutions = True) -> None:
    """Make the student version and the worked solutions from the source notebook."""
    from gradekit.new.template import unwritten  # noqa: PLC0415
    from gradekit.release.make import release as make  # noqa: PLC0415

    course = open_course(course_dir, db)
    with steps("making the student version") as say:
        folders = make(course, assignment, solutions=solutions, say=say)
    for folder in folders:
        typer.echo(f"wrote {folder}")
    for name in unwritten(course, assignment):
        typer.echo(f"warning: cell '{name}' still says what to write there.", err=True)
    if solutions and _solution_loses(course, assignment):
        raise typer.Exit(1)


def _solution_loses(course: Course, assignment: str) -> bool:
    """Try the source's own solution in the sandbox, where this host has one; say what it loses."""
    from gradekit.grade.judge import Grading  # noqa: PLC0415
    from gradekit.grade.solution import lost_alone  # noqa: PLC0415

    try:
        with steps("trying the solution in the sandbox"):
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
    print_adoption(found, written)


@app.command()
def freeze(assignment: Assignment, *, course_dir: CourseDir = None) -> None:
    """Compute the hidden tests' reference values anew from the source's solution."""
    from gradekit.judging.freeze import freeze as make  # noqa: PLC0415

    with steps("computing the reference values"):
        path = make(open_course(course_dir), assignment)
    typer.echo(f"wrote {path}")


GradeDryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Grade in a copy of the course, write nothing, and say whose score would change."),
]


@app.command()
def grade(  # noqa: PLR0913  (one option each)
    assignment: Assignment,
    *,
    student: Students = None,
    jobs: Jobs = None,
    force: Force = False,
    all_cells: AllCells = False,
    figures: FiguresOf = "",
    isolation: Isolation = "landlock",
    scheduler: SchedulerOf = None,
    insecure_cluster: InsecureCluster = False,
    dry_run: GradeDryRun = False,
    db: Db = "",
    course_dir: CourseDir = None,
    as_json: AsJson = False,
) -> None:
    """Grade what students handed in, in a sandbox: scores to the gradebook, notebooks to autograded/."""
    from gradekit.grade.judge import Grading, started_early  # noqa: PLC0415

    kind, drawn = _isolation(isolation), _figures(figures)
    early = started_early() if scheduler in (None, "", "local") else nullcontext()
    with early as first:  # warms up while nbgrader is imported
        from gradekit.grade.apart import open_judges  # noqa: PLC0415
        from gradekit.grade.classroom import changed_in_source, due, grade_class  # noqa: PLC0415
        from gradekit.semester import rehearse, standing  # noqa: PLC0415

        grading = Grading(open_course(course_dir, db), assignment, kind, all_cells=all_cells, figures=drawn)
        workers = _workers(grading.course, scheduler, insecure=insecure_cluster)
        if workers and first:
            first.end()  # the settings name a cluster: nothing is judged here
        names, kept = due(grading, only=student or (), force=force)
        if stale := changed_in_source(grading):
            typer.echo(stale, err=True)
        losses: list[str] = []

        def warn(line: str) -> None:
            """Say what the source's own solution loses, before anybody is graded."""
            losses.append(line)
            typer.echo(f"warning: {line}", err=True)

        copied = rehearse.rehearsal(grading.course, assignment, only=names) if dry_run else nullcontext(grading.course)
        with copied as course:
            there = replace(grading, course=course)
            here = partial(open_judges, jobs=min(jobs or available_cores(), max(1, len(names))), first=first)
            running = grade_class(there, names, warn=warn, judges_of=workers.open if workers else here)
            by = workers.words if workers else None
            done = track(running, len(names), quiet=as_json, by=by)
            found = sorted((item if as_json else item.shortened() for item in done), key=lambda item: item.student)
            # Of whom is not graded now the copy knows less than the course does.
            now = {item.student: item for item in standing.standings(grading.course, assignment)} if as_json else {}
            again = standing.standings(course, assignment) if as_json else ()
            now |= {item.student: item for item in again if item.student in names}
            scores = standing.plain(tuple(now.values()))
    if as_json:
        print_json(found, kept, losses, scores)
    else:
        print_grades(found, kept, dry_run=dry_run)
    raise typer.Exit(0 if all(item.settled for item in found) and not losses else 1)


def _workers(course: Course, scheduler: str | None, *, insecure: bool) -> Workers | None:
    """Return the workers of a cluster that are to judge; None for processes of this machine."""
    from gradekit.gradebook.settings import read_scheduler, read_settings  # noqa: PLC0415

    address = read_scheduler(read_settings(course)) if scheduler is None else scheduler
    if address in ("", "local"):
        if insecure:
            raise UsageError("--insecure-cluster is for a cluster, and none is named.", help="Name it: --scheduler")
        return None
    from gradekit.cluster.connect import Workers  # noqa: PLC0415

    if insecure:
        typer.echo(
            "warning: --insecure-cluster: hidden tests and students' work may travel open to all, and every report "
            "says so.",
            err=True,
        )
    return Workers(address, insecure, lambda line: typer.echo(line, err=True))


def _isolation(word: str) -> str:
    """Return the kind of isolation that a word of the command line names; say aloud that there is none."""
    from gradekit.grade.judge import LANDLOCK, NONE  # noqa: PLC0415

    if word not in ("landlock", "none"):
        raise UsageError(f"--isolation {word}: there are 'landlock' and 'none'.")
    if word == "landlock":
        return LANDLOCK
    typer.echo(
        "warning: --isolation none: learners' code runs with your own rights, and every report says so.", err=True
    )
    return NONE


def _figures(word: str) -> Figures | None:
    """Return whose figures are drawn by a word of the command line; None where the settings say it."""
    from gradekit.model import Figures  # noqa: PLC0415

    if word not in ("", *Figures):
        raise UsageError(f"--figures {word}: there are {', '.join(map(repr, map(str, Figures)))}.")
    return Figures(word) if word else None


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
    found = list(track(write_feedback(course, assignment, names), len(names), "writing", quiet=as_json))
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


EXPORTING = "writing the export, and trying it on the solution"
exports = typer.Typer(no_args_is_help=True, help="Make the same assignment for another grader.")
app.add_typer(exports, name="export")


@exports.command("otter")
def export_otter(assignment: Assignment, *, course_dir: CourseDir = None, to: ExportTo = None) -> None:
    """Make autograder.zip and a folder for students, for otter-grader."""
    from gradekit.export.otter import export  # noqa: PLC0415

    with steps(EXPORTING):
        made = export(open_course(course_dir), assignment, to or Path(f"{assignment}-otter"))
    typer.echo(f"wrote {made.zip}\nwrote {made.student}")
    typer.echo("Tried: it gives the source's own solution all points.")
    typer.echo("Otter runs learners' code in the process that holds the hidden tests: not secure.")


@exports.command("gradescope")
def export_gradescope(assignment: Assignment, *, course_dir: CourseDir = None, to: ExportTo = None) -> None:
    """Make autograder.zip for Gradescope, graded there by this engine."""
    from gradekit.export.gradescope import export  # noqa: PLC0415
    from gradekit.export.trial import can_isolate  # noqa: PLC0415

    tried = can_isolate()
    with steps(EXPORTING):
        made = export(open_course(course_dir), assignment, to or Path(f"{assignment}-gradescope"), tried=tried)
    typer.echo(f"wrote {made}")
    typer.echo(
        "Tried: it gives the source's own solution all points."
        if tried
        else "warning: it was not tried, since this machine cannot isolate learners' code: gradekit doctor",
        err=not tried,
    )
    typer.echo("Choose a base image of Ubuntu 22.04 or newer.")


OnlyExercises = Annotated[
    list[str] | None,
    typer.Option(
        "--exercise",
        help="The exercise of the notebook to try answers to; may be given several times.",
        show_default="all of the notebook",
    ),
]


cli_semester.declare(app, exports)


@app.command()
def verify(
    assignment: Assignment,
    *,
    exercise: OnlyExercises = None,
    jobs: Jobs = None,
    course_dir: CourseDir = None,
    as_json: AsJson = False,
) -> None:
    """Prove an assignment's hidden tests: on right answers, wrong ones, mutants of the solution; look for leaks."""
    from gradekit.verify.prove import verify as prove  # noqa: PLC0415

    def watch(findings: Iterable[ProofFinding], number: int) -> Iterable[ProofFinding]:
        return track(findings, number, "verifying", quiet=as_json)

    course = open_course(course_dir)
    proof = prove(course, assignment, jobs=jobs or available_cores(), only=exercise or (), watch=watch)
    if as_json:
        typer.echo(json.dumps(proof.plain()))
    else:
        print_proof(proof)
    raise typer.Exit(proof.exit_code)


CopiesFrom = Annotated[
    float | None,
    typer.Option(
        "--copies",
        min=0.0,
        max=1.0,
        help="The share from which the page lists two answers as improbably alike; 0 compares none.",
        show_default="c.Gradekit.copies, else 0.8",
    ),
]


@app.command()
def report(
    assignment: Assignment,
    *,
    copies: CopiesFrom = None,
    db: Db = "",
    course_dir: CourseDir = None,
    as_json: AsJson = False,
) -> None:
    """Write one page about a class, for the instructor: scores, item analysis, misconceptions; tables beside it."""
    from gradekit.report.write import make_report, summary  # noqa: PLC0415

    with steps("reading the class, and comparing answers", quiet=as_json):
        made = make_report(open_course(course_dir, db), assignment, copies=copies)
    if as_json:
        typer.echo(json.dumps(summary(made)))
        return
    for path in made.files:
        typer.echo(f"wrote {path}")
    if made.copies.problem:
        typer.echo(made.copies.problem, err=True)


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


def _has(assignment: str) -> bool:
    """Tell whether there is a course around that has this assignment; where there is none, a new one is made."""
    from gradekit.course.course import CONFIGS  # noqa: PLC0415
    from gradekit.errors import CourseError  # noqa: PLC0415
    from gradekit.new.shipped import shipped  # noqa: PLC0415

    try:
        known = open_course(None).assignments()
    except CourseError:
        if any(
            Path(name).exists() for name in (*CONFIGS, "source")
        ):  # there is a course, and something is wrong with it
            raise
        return False
    return assignment in known or assignment not in shipped().assignments()


@app.command()
def demo(assignment: Assignment = "rnn_from_scratch", *, course_dir: CourseDir = None, to: To = None) -> None:
    """Release an assignment, let a synthetic class hand in, grade it, and say where the results are."""
    from gradekit import demo as trip  # noqa: PLC0415

    folder = to or Path(tempfile.mkdtemp(prefix="gradekit-demo-"))
    around = open_course(course_dir) if course_dir or _has(assignment) else None
    with steps(f"releasing {assignment}"):
        course = trip.make_course(around, assignment, folder) if around else trip.own_course(assignment, folder)
    submissions = trip.synthetic_class(course, assignment)
    trip.hand_in(course, assignment, submissions)
    typer.echo(f"{len(submissions)} students handed in {assignment}. Each is graded in a sandbox of its own:")
    graded = list(track(trip.grade_class(course, assignment, jobs=available_cores()), len(submissions)))
    print_demo(trip.results(course, assignment, submissions))
    raise typer.Exit(1 if any(item.report is None for item in graded) else 0)


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
