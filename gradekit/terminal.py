"""Tables, lines and progress in a terminal: what commands have to say, in the form in which people read it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from rich.progress import Task

    from gradekit.adopt.changes import Adoption
    from gradekit.demo import Demo
    from gradekit.grade.classroom import Graded
    from gradekit.verify.findings import Proof

T = TypeVar("T")


class _By(ProgressColumn):
    """Who works, and how many items a second are done."""

    def __init__(self, who: Callable[[], str]) -> None:
        super().__init__()
        self._who = who

    def render(self, task: Task) -> Text:
        """Return both in words."""
        rate = f"{task.completed / task.elapsed:.1f}/s" if task.elapsed and task.completed else ""
        return Text("  ".join(filter(None, (self._who(), rate))))


def track(
    items: Iterable[T],
    number: int,
    doing: str = "grading",
    *,
    quiet: bool = False,
    by: Callable[[], str] | None = None,
) -> Iterable[T]:
    """Show a progress bar with an estimate on a terminal, while items pass through.

    Parameters
    ----------
    quiet : bool
        Whether nobody wants to see it; where the stream of errors is no terminal nobody can.
    by : callable, optional
        Says who works; the rate stands beside it.
    """
    own = (_By(by),) if by else ()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), *own)
    off = quiet or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), disable=off) as progress:
        task = progress.add_task(doing, total=number)
        for item in items:
            progress.advance(task)
            yield item


@contextmanager
def steps(first: str, *, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """Say on a terminal what is being done, and for how long by now; nothing of it stays there.

    Parameters
    ----------
    first : str
        The first step, in a few words; what is yielded takes the words of the next one.
    quiet : bool
        As `track` has it.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    off = quiet or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=off) as progress:
        task = progress.add_task(first, total=None)
        yield lambda words: progress.update(task, description=words)


def print_adoption(found: Adoption, written: tuple[Path, ...]) -> None:
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


def print_grades(found: list[Graded], kept: list[str], *, dry_run: bool = False) -> None:
    """Print what the instructor must know: what is undecided, what changed, one line for each note."""
    from gradekit.grade.inline import said_of_class  # noqa: PLC0415
    from gradekit.text import listed, shown  # noqa: PLC0415

    for item in found:
        name = shown(item.student)
        if item.report is None:
            typer.echo(f"{name}: NOT GRADED, a fault of ours: {shown(item.failure, 2000)}")
            continue
        for note in item.report.notes:
            typer.echo(f"{name}: {shown(note.text, 300)}")
        if item.changed:
            change = "would change" if dry_run else "changed"
            typer.echo(f"{name}: score {change} from {_score(item.score_before)} to {_score(item.score)}")
        elif dry_run and item.first:
            typer.echo(f"{name}: would be graded for the first time, {_score(item.score)}")
    reports = [item.report for item in found if item.report]
    for line in said_of_class(reports):
        typer.echo(line)
    by = Counter(shown(report.judged_by) for report in reports if report.judged_by)
    if by:
        typer.echo(f"judged by {listed([f'{name} ({number})' for name, number in by.most_common()])}")
    undecided = [item for item in found if not item.settled]
    if dry_run:
        changed = sum(item.changed for item in found)
        typer.echo(f"{len(found)} would be graded, the score of {changed} would change; nothing was written")
    else:
        typer.echo(f"{len(found)} graded, {len(kept)} unchanged, {len(undecided)} undecided")
    for item in undecided:
        what = ", ".join(shown(name, 300) for name in item.asks)
        typer.echo(f"  {shown(item.student)}: a person must look at {what}")


def _score(score: float | None) -> str:
    return "undecided" if score is None else f"{score:.6g}"


def print_json(found: list[Graded], kept: list[str], losses: list[str], scores: dict[str, dict[str, Any]]) -> None:
    """Print what was graded, and how everybody stands, for programs."""
    from gradekit.course.reports import plain  # noqa: PLC0415

    answer = {
        "scores": scores,
        "changed": {item.student: [item.score_before, item.score] for item in found if item.changed},
        "graded": [plain(item.report) for item in found if item.report],
        "unchanged": kept,
        "failed": {item.student: item.failure for item in found if item.report is None},
        "undecided": {item.student: list(item.asks) for item in found if not item.settled},
        "solution": losses,
    }
    typer.echo(json.dumps(answer))


def print_proof(proof: Proof) -> None:
    """Print how many of what was tried is well, exercise by exercise, and one line for each thing that is not."""
    from gradekit.verify.findings import LOOKED_AT, NAMES, SOUGHT, TRAINING, TRIED  # noqa: PLC0415

    trains = any(proof.count(TRAINING, exercise)[0] for exercise in proof.exercises)
    for sections in (TRIED, [section for section in SOUGHT if trains or section != TRAINING]):
        words = ["unnamed" if section == NAMES else "equivalent" for section in sections]
        _print_counts(proof, sections, words)
    if not trains:
        typer.echo(
            "training: not declared. Where the notebook trains a model, write training(names) in tests.py; "
            "else there is nothing to do"
        )
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


def print_demo(found: Demo) -> None:
    """Print the demo's table, and where its results lie."""
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
