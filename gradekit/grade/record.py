"""nbgrader's database and autograded notebooks, written by nbgrader's own classes.

A submission is staged in ``.gradekit/``, sanitised and run there without a single write to the database, and then
entered in one transaction. Killed at any moment, a submission is recorded whole, or is graded again by the next run
because ``autograded/`` lacks it.

Not for threads: while a submission is recorded, the working directory and the name `Gradebook` in nbgrader's modules
are lent.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nbgrader.api import Grade

from gradekit.files import open_stage, put
from gradekit.gradebook.convert import quiet
from gradekit.gradebook.lend import transaction
from gradekit.gradebook.staged import Recorder
from gradekit.handin.submission import sweep, take_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradekit.gradebook.assignment import Book
    from gradekit.gradebook.rows import Executor


@dataclass(frozen=True)
class Row:
    """One graded cell as the gradebook has it; `score` is the autograder's, None where a person must give one.

    Attributes
    ----------
    undecided : str
        Why the autograder could not tell; empty where it could, or never should (a manually graded cell).
    """

    notebook: str
    grade_id: str
    points: float
    score: float | None
    undecided: str = ""


@dataclass(frozen=True)
class Recorded:
    """One submission in the gradebook.

    Attributes
    ----------
    notes : tuple of str
        What the instructor should know, one line each.
    alarms : tuple of str
        Those that need a person: what is undecided, a time of handing in that cannot be read.
    """

    student: str
    rows: tuple[Row, ...]
    late_s: float
    notes: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()


def record(book: Book, student: str, *, execute: Executor, notebooks: str = "*") -> Recorded:
    """Take in a submission, run it, and put scores, comments, penalties and the autograded notebooks in their places.

    Parameters
    ----------
    execute : Executor
        Called without any lock on the database held.
    notebooks : str
        Which of the assignment's notebooks, as a file glob; what else lies in ``autograded/`` stays.

    Returns
    -------
    Recorded
        Where anything raises instead, nothing has changed.

    Raises
    ------
    CourseError
        If ``.gradekit/`` or ``autograded/`` cannot be written.
    """
    submitted = book.folder(book.directory.submitted_directory, student)
    with quiet(), open_stage(Path(book.directory.root)) as stage, contextlib.chdir(book.directory.root):
        converter = Recorder(book, student, stage)
        converter.notebooks = [str(submitted / f"{name}.ipynb") for name in book.sources]
        converter.run_pre_convert_hook()
        taken = take_in(book, student, stage, notebooks)
        runs = converter.run(taken, execute)
        notes = sweep(converter.outbox, book.source_files(), taken.notebooks)
        with transaction(book.gradebook) as commit:
            reasons = converter.enter(runs)
            notes += sweep(converter.outbox, book.source_files(), {})
            rows, late_s = _rows(book, student, reasons)
            put(converter.outbox, book.folder(book.directory.autograded_directory, student), stage, commit)
        converter.share()
        converter.notebooks = [str(submitted / f"{name}.ipynb") for name in taken.notebooks]
        converter.run_post_convert_hook()
    lost = [f"{name} is undecided: {reason}" for name, reason in taken.notebooks.items() if reason]
    asked = [f"{cell} is undecided: {why}" for (name, cell), why in reasons.items() if not taken.notebooks[name]]
    alarms = (*taken.alarms, *lost, *asked)
    return Recorded(student, rows, late_s, tuple(dict.fromkeys([*taken.notes, *notes, *alarms])), alarms)


def _rows(book: Book, student: str, reasons: Mapping[tuple[str, str], str]) -> tuple[tuple[Row, ...], float]:
    submission = book.gradebook.find_submission(book.assignment, student)
    rows = []
    for name, cells in book.sources.items():
        found = book.gradebook.find_submission_notebook(name, book.assignment, student)
        known = book.cells[name]
        query = book.gradebook.db.query(Grade.cell_id, Grade.auto_score)
        query = query.filter(Grade.cell_id.in_(known), Grade.notebook_id == found.id)
        scores = {known[cell_id]: score for cell_id, score in query}
        metas = (cell["metadata"]["nbgrader"] for cell in cells)
        rows += [
            Row(name, cell, meta["points"], scores[cell], reasons.get((name, cell), ""))
            for meta in metas
            if (cell := meta["grade_id"]) in scores
        ]
    return tuple(rows), float(submission.total_seconds_late)
