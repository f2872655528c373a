"""Judged → rows of the gradebook, ``autograded/``, and last of all the report: one writer, one transaction.

Rows and notebooks are written by nbgrader's own classes. Killed at any moment, a submission is recorded whole, or is
graded again by the next run because ``autograded/`` or its report lacks it.

Not for threads: while a submission is recorded, the working directory and the name `Gradebook` in nbgrader's modules
are lent.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbgrader import utils

from gradekit.course import reports
from gradekit.course.notebook import GRADE_SUFFIX
from gradekit.database import turn
from gradekit.files import put
from gradekit.gradebook import answers, publish
from gradekit.gradebook.convert import quiet, using
from gradekit.gradebook.lend import transaction
from gradekit.gradebook.outputs import showable
from gradekit.gradebook.rows import Executed, all_undecided
from gradekit.gradebook.staged import staged
from gradekit.model import MAX_NOTES, GradeReport, Note
from gradekit.text import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from nbformat import NotebookNode

    from gradekit.gradebook.assignment import ReleasedAssignment
    from gradekit.gradebook.rows import SaveScores
    from gradekit.model import HandedNotebook, HandIn, Judged, JudgedNotebook

NOT_JUDGED = "our tests could not judge this"


@dataclass(frozen=True)
class Entered:
    """What became of the graded cells whose automatic score is not all.

    Attributes
    ----------
    stands : tuple of str
        Those whose score a person gave before, for the same answer.
    open : tuple of str
        Those that could not be judged, and wait for a person.
    due : str
        Until when the student may hand in.
    """

    stands: tuple[str, ...]
    open: tuple[str, ...]
    due: str


def record(
    book: ReleasedAssignment, hand_in: HandIn, judged: Judged, *, stage: Path, hashes: Mapping[str, str]
) -> GradeReport:
    """Record a judged submission; where anything raises, nothing has changed.

    Parameters
    ----------
    stage : Path
        The folder in which it was taken in.
    hashes : mapping of str to str
        Of our side: what the scores depend on beside what was handed in.

    Raises
    ------
    CourseError
        If ``.gradekit/``, ``autograded/`` or the gradebook cannot be written.
    """
    with using(book.directory.db_url), turn(book.gradebook.engine, book.gradebook.db, hand_in.student):
        return _record(book, hand_in, judged, stage=stage, hashes=hashes)


def _record(
    book: ReleasedAssignment, hand_in: HandIn, judged: Judged, *, stage: Path, hashes: Mapping[str, str]
) -> GradeReport:
    by_name = {run.name: run for run in judged.notebooks}
    runs = {found.name: _executed(found, by_name.get(found.name)) for found in hand_in.notebooks}
    same = _same_answers(book, hand_in)
    runs = {name: (nb, replace(executed, unchanged=same[name])) for name, (nb, executed) in runs.items()}
    notes, entered = enter(book, hand_in, runs, stage=stage)
    report = GradeReport(
        assignment=hand_in.assignment,
        student=hand_in.student,
        isolation=judged.isolation,
        allowed=judged.allowed,
        judged_by=judged.judged_by,
        line=judged.line,
        exercises=tuple(result for run in judged.notebooks for result in run.exercises),
        inline=tuple(result for run in judged.notebooks for result in run.inline),
        missing=hand_in.missing,
        notes=(*(note for run in judged.notebooks for note in run.notes), *notes),
        unread={found.name: found.problem for found in hand_in.notebooks if found.stand_in},
        unjudged=entered.open,
        by_person=entered.stands,
        times={name: round(seconds, 4) for name, seconds in judged.times.items()},
        versions=judged.versions,
        hashes={**hashes, "submission": hand_in.digest, "due": entered.due},
    )
    reports.save(Path(book.directory.root), report)
    return report


def enter(
    book: ReleasedAssignment, hand_in: HandIn, runs: Mapping[str, tuple[NotebookNode, Executed]], *, stage: Path
) -> tuple[tuple[Note, ...], Entered]:
    """Write the rows and put the autograded folder in its place; return the submission's notes, urgent ones last."""
    submitted = book.folder(book.directory.submitted_directory, hand_in.student)
    aside = reports.aside(Path(book.directory.root), hand_in.assignment, hand_in.student)
    notes = list(hand_in.notes)
    with quiet(), contextlib.chdir(book.directory.root):
        converter = staged(book, hand_in.student, stage)
        notes += _sweep(book, hand_in, runs, stage)
        with transaction(book.gradebook) as commit:
            saved, due = converter.enter(runs)
            notes += _sweep(book, hand_in, (), stage)
            put(hand_in.files, book.folder(book.directory.autograded_directory, hand_in.student), stage, commit)
        publish.put_aside(stage / "aside", aside)
        converter.share()
        converter.notebooks = [str(submitted / f"{name}.ipynb") for name in runs]
        converter.run_post_convert_hook()
    lost = {found.name: found.problem for found in hand_in.notebooks if found.problem}
    notes += [note for name, saving in saved.items() for note in _open(name, saving, lost.get(name, ""))]
    stands = tuple(cell for saving in saved.values() for cell in sorted(saving.stands))
    open_ = tuple(cell for saving in saved.values() for cell in sorted(saving.reasons.keys() - saving.stands))
    return tuple(sorted(dict.fromkeys(notes), key=lambda note: note.urgent)), Entered(stands, open_, due)


def _open(name: str, saving: SaveScores, lost: str) -> Iterator[Note]:
    """Say what of a notebook is undecided, and where a person's score was for another answer.

    Parameters
    ----------
    lost : str
        Why nothing in it could be judged; empty where something could.
    """
    asking = saving.reasons.keys() - saving.stands
    undecided = {name: (lost, bool(asking))} if lost else {}
    undecided |= {} if lost else {cell: (why, cell in asking) for cell, why in saving.reasons.items()}
    for what, (why, urgent) in undecided.items():
        end = "" if urgent else "; the score that a person gave stands"
        yield Note(f"{what} is undecided: {why}{end}", undecided=what, urgent=urgent)
    for cell, score in saving.changed.items():
        said = f"{cell}: a person gave {number(score)} for another answer; does the score still hold?"
        yield Note(said, urgent=True, changed=cell)


def _same_answers(book: ReleasedAssignment, hand_in: HandIn) -> dict[str, frozenset[str]]:
    """Return by notebook the graded cells whose answers are those of the grading before.

    A stand-in for what cannot be read is the same where the whole hand-in is.
    """
    folder = book.folder(book.directory.autograded_directory, hand_in.student)
    before = reports.load(Path(book.directory.root), hand_in.assignment, hand_in.student)
    same = before is not None and before.hashes.get("submission") == hand_in.digest
    found = {}
    for one in hand_in.notebooks:
        path = folder / f"{one.name}.ipynb"
        if same and path.is_file():
            found[one.name] = answers.graded(one.node)
        else:
            found[one.name] = frozenset() if one.stand_in else answers.unchanged(path, one.node)
    return found


def _sweep(book: ReleasedAssignment, hand_in: HandIn, unwritten: Iterable[str], stage: Path) -> Iterator[Note]:
    """Leave only what may be published; say what is not, and where it is."""
    notes, kept = publish.sweep(
        hand_in.files,
        [*book.source_files, *(f"{name}.ipynb" for name in book.sources)],
        [f"{name}.ipynb" for name in unwritten],
        given=Path(book.folder(book.directory.release_directory, ".")),
        aside=stage / "aside",
    )
    yield from map(Note, notes[:MAX_NOTES])
    if kept:
        yield Note(publish.note(kept, str(reports.aside(Path(), hand_in.assignment, hand_in.student))))


def _executed(found: HandedNotebook, run: JudgedNotebook | None) -> tuple[NotebookNode, Executed]:
    """Return a notebook with a run's outputs in its cells, and which scores are known and which are not."""
    nb = nbformat.from_dict(dict(found.node))
    if found.problem:
        return nb, all_undecided(nb, found.problem)
    manual = {cell.metadata.nbgrader.grade_id for cell in nb.cells if utils.is_grade(cell) and utils.is_solution(cell)}
    waiting = {name: why for name, why in found.doubts.items() if name in manual}
    if run is None:  # the settings did not want it run
        _show_handed_in(nb)
        return nb, Executed(waiting=waiting, by_outputs=True)
    _show(nb, run)
    scores = {result.graded or result.exercise + GRADE_SUFFIX: result.score for result in run.exercises}
    scores |= {result.grade_id: result.score for result in run.inline}
    why = {f"{name}{GRADE_SUFFIX}": said for name, said in found.doubts.items()}
    why |= {result.grade_id: result.message for result in run.inline}
    undecided = {name: why.get(name) or NOT_JUDGED for name, score in scores.items() if score is None}
    known = {name: score for name, score in scores.items() if score is not None}
    return nb, Executed(known, undecided, waiting=waiting)


def _show_handed_in(nb: NotebookNode) -> None:
    """Leave of the outputs that were handed in what can be shown."""
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs = [showable(output) for output in cell.outputs]


def _show(nb: NotebookNode, run: JudgedNotebook) -> None:
    """Put a run's outputs into the notebook's cells."""
    for index, done in run.outputs.items():
        nb.cells[index].outputs = [showable(output) for output in done.outputs]
        nb.cells[index].execution_count = done.count
