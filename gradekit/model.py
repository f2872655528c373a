"""What gradekit talks about: verdicts, test results, exercise results, cells. Frozen data, no behaviour to speak of."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# What learners' code asks for and has not; "started": what a program asked for that it was allowed to start.
RIGHTS = ("programs", "network", "files", "started")
PROCESSES = "processes"
GRANTS = {PROCESSES: "programs"}  # what a course may allow, ``c.Gradekit.allow``, by the right that it gives
MAX_NOTES = 20  # of one kind, about one submission


class Verdict(StrEnum):
    """What became of one hidden test; the letters are those of the programming judges."""

    AC = "accepted"
    WA = "wrong answer"
    RTE = "runtime error"
    TLE = "time limit exceeded"
    MLE = "memory limit exceeded"
    OLE = "output limit exceeded"
    IE = "internal error"


@dataclass(frozen=True)
class Picture:
    """How a wrong answer differs from the right one, for the learner to look at; the right values are not in it.

    Attributes
    ----------
    kind : str
        ``error``: a heat map of sign and magnitude. ``scatter``: wrong against right, each without its scale.
    name : str
        What is drawn, as ``dWx``.
    shape : tuple of int
        Of the learner's answer.
    values : tuple of tuple of float
        ``error``: rows of numbers in [-1, 1], 0 where an entry is right, else the error's sign and, by its logarithm,
        its size: 1 for the largest. ``scatter``: pairs ``(right, yours)``, each over the largest magnitude of its side.
    """

    kind: str
    name: str
    shape: tuple[int, ...]
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Diagnosis:
    """Why an exercise lost points, where the wrong answer is one that is known.

    Attributes
    ----------
    label : str
        The misconception's stable name, or the name of what was recognised without the catalogue.
    title, message : str
        For the learner.
    justification : str
        For the instructor.
    """

    label: str
    title: str
    message: str
    justification: str = ""


PROPERTY = "property"  # something that must hold and does not; the hidden test names no kind of its own
IN_PLACE = "in_place"  # an argument was changed
UNCOMPARABLE = "uncomparable"  # the hidden test itself failed on the answer, as it does not on the solution's


@dataclass(frozen=True)
class TestResult:
    """One hidden test of one exercise, judged.

    Attributes
    ----------
    test : str
        The test's name, stable between releases.
    sentence : str
        What is asked, in words a student may read.
    weight : int
        Its share of the exercise's points, relative to the other tests.
    verdict : Verdict
        IE until the trusted side has seen a reason for anything else.
    message : str
        What went wrong, for the student; empty where accepted.
    picture : Picture or None
        Where an array was compared and a picture helps.
    waits_for : str
        The test that must hold first, since this one counts only then; empty where this one was run.
    error : str
        The type's name of the exception that the learner's code raised, or the hidden test itself; else empty.
    line : str
        The learner's own line where that happened; empty where it is not known.
    kind : str
        What kind of fault a wrong answer has: a label of :class:`gradekit.checks.Finding`, such as ``shape``, else
        `IN_PLACE`, `PROPERTY`, `UNCOMPARABLE`, or a kind that the hidden test names. Empty where nothing was wrong, or
        nothing was run.
    """

    __test__ = False  # pytest: not a test class, in spite of its name

    test: str
    sentence: str
    weight: int
    verdict: Verdict = Verdict.IE
    message: str = ""
    picture: Picture | None = None
    waits_for: str = ""
    error: str = ""
    line: str = ""
    kind: str = ""

    @property
    def broke(self) -> bool:
        """Whether the hidden test itself failed: its author must mend it, whoever pays for it here."""
        return self.verdict is Verdict.IE or self.kind == UNCOMPARABLE


@dataclass(frozen=True)
class ExerciseResult:
    """One exercise, judged.

    Attributes
    ----------
    exercise : str
        Its name.
    points : float
        The exercise's maximum.
    score : float or None
        Between 0 and `points`; None where the exercise is undecided and a person must look.
    tests : tuple of TestResult
        In the order of their declaration.
    follow_through : bool
        Whether score and reasons are those of the judging with right earlier functions in place of the learner's own.
    diagnosis : Diagnosis or None
        What the wrong answer was recognised as.
    graded : str
        The grade_id of the cell that carries the points.
    """

    exercise: str
    points: float
    score: float | None
    tests: tuple[TestResult, ...]
    follow_through: bool = False
    diagnosis: Diagnosis | None = None
    graded: str = ""


@dataclass(frozen=True)
class Limits:
    """What a submission may use; times in seconds of the wall clock. Settings of these names: ``c.Gradekit.call_s``.

    Attributes
    ----------
    allow : tuple of str
        Rights that learners' code has in this course beside the usual ones: names of `GRANTS`.
    """

    call_s: float = 10.0
    exercise_s: float = 60.0
    cell_s: float = 30.0
    submission_s: float = 300.0
    memory_bytes: int = 2**30
    scratch_bytes: int = 200 * 2**20
    scratch_files: int = 2000
    allow: tuple[str, ...] = ()


class Figures(StrEnum):
    """Of which cells the figures are drawn, the fewest first. The setting ``c.Gradekit.figures``."""

    NONE = "none"
    CHANGED = "changed"  # those that the learner wrote or changed, and those that a person grades
    ALL = "all"


class Role(StrEnum):
    """What nbgrader's cell metadata make of a cell."""

    FREE = "free"
    SOLUTION = "solution"
    TEST = "test"
    LOCKED = "locked"
    MANUAL = "manually graded"
    TASK = "task"


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook.

    Attributes
    ----------
    index : int
        Its position, from 0.
    id : str
        The notebook format's cell id; empty in a notebook older than format 4.5.
    kind : str
        ``code``, ``markdown`` or ``raw``.
    grade_id : str
        nbgrader's name of the cell; empty for a free cell.
    points : float
        0 where the cell carries none.
    """

    index: int
    id: str
    kind: str
    source: str
    role: Role
    grade_id: str = ""
    points: float = 0.0


@dataclass(frozen=True)
class Exercise:
    """One gradable part of a notebook: its name, points, stub cell and what the stub defines.

    Attributes
    ----------
    defines : tuple of str
        The functions and classes at the top level of the stub cell, in order.
    graded : str
        The grade_id of the cell that carries the points.
    adopted : bool
        Whether the graded cell names its solution cell: both keep the names that they had in a course of other making.
    """

    name: str
    points: float
    stub: Cell
    defines: tuple[str, ...]
    graded: str = ""
    adopted: bool = False


@dataclass(frozen=True)
class InlineResult:
    """A graded cell with tests of its own written in it: its score was said by the learner's process, **not secure**.

    Attributes
    ----------
    grade_id : str
        The cell's.
    points : float
        The cell's maximum.
    score : float or None
        None where the cell ended in something that is no score, or failed for want of a right that learners' code has
        not, so that a person must look.
    message : str
        What went wrong; empty where nothing did.
    refused : str
        That right, of `RIGHTS`; else empty.
    """

    grade_id: str
    points: float
    score: float | None
    message: str = ""
    refused: str = ""


@dataclass(frozen=True)
class Note:
    """One thing that the instructor should know of a submission, in a line.

    Attributes
    ----------
    text : str
        The line.
    undecided : str
        The cell or the notebook that it says is undecided; empty where it says something else.
    urgent : bool
        Whether it asks for a person.
    changed : str
        The graded cell that it says was answered anew, after a person gave it a score; else empty.
    """

    text: str
    undecided: str = ""
    urgent: bool = False
    changed: str = ""


# --- what one step hands to the next ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class CellRun:
    """What became of a cell: its outputs in the notebook's form, whether it went through, its number.

    Attributes
    ----------
    tried, felt : tuple of str
        The `RIGHTS` that it asked for and was refused; those of them that it had no other way for.
    """

    ok: bool
    outputs: list[dict[str, Any]]
    count: int | None
    tried: tuple[str, ...] = ()
    felt: tuple[str, ...] = ()


@dataclass(frozen=True)
class HandedNotebook:
    """One notebook of a submission, sound: the source's cells in their places, the learner's answers in theirs.

    Attributes
    ----------
    node : mapping
        In the notebook format.
    problem : str
        Why nothing in it can be judged, so that it is undecided as a whole; empty where it can.
    runs : bool
        Whether the settings want it run.
    stand_in : bool
        Whether the cells are the release's alone, since what was handed in cannot be read.
    doubts : mapping of str to str
        By grade_id of a solution cell: why a person must look, unless the answer earns everything all the same.
    undrawn : frozenset of int
        The positions of the cells whose figures nobody will look at.
    """

    name: str
    node: Mapping[str, Any]
    problem: str = ""
    runs: bool = True
    stand_in: bool = False
    doubts: Mapping[str, str] = field(default_factory=dict)
    undrawn: frozenset[int] = frozenset()


@dataclass(frozen=True)
class HandIn:
    """A submission, taken in: what is judged, and nothing else of the course.

    Attributes
    ----------
    notebooks : tuple of HandedNotebook
        Those that are to be graded and were handed in.
    missing : tuple of str
        Those that were to be graded and were not.
    files : Path
        A folder of ours with the submission's other files, bounded, and the source's; what cells write is added to it.
    digest : str
        The hash of what was handed in.
    points : mapping of str to float
        By grade_id of a graded cell of the assignment's own notebook: its points in the release.
    """

    assignment: str
    student: str
    notebooks: tuple[HandedNotebook, ...]
    missing: tuple[str, ...]
    files: Path
    digest: str
    notes: tuple[Note, ...] = ()
    points: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class JudgedNotebook:
    """What running and judging one notebook has brought.

    Attributes
    ----------
    outputs : mapping of int to CellRun
        By the cell's position; a cell that is not in it was not run.
    times : mapping of str to float
        Seconds, by part of the work.
    """

    name: str
    outputs: Mapping[int, CellRun] = field(default_factory=dict)
    exercises: tuple[ExerciseResult, ...] = ()
    inline: tuple[InlineResult, ...] = ()
    notes: tuple[Note, ...] = ()
    times: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Judged:
    """A submission, judged.

    Attributes
    ----------
    isolation : str
        How the learner's code was kept apart.
    allowed : tuple of str
        The rights that it had beside the usual ones.
    versions : mapping of str to str
        What judged it.
    wall_s : float
    judged_by : str
        The Dask worker that did, as ``name on host``; empty for this machine.
    line : str
        How the way to it was kept from others: ``tls``, ``loopback``, ``insecure``; empty for this machine.
    """

    notebooks: tuple[JudgedNotebook, ...]
    isolation: str
    versions: Mapping[str, str]
    wall_s: float = 0.0
    allowed: tuple[str, ...] = ()
    judged_by: str = ""
    line: str = ""

    @property
    def times(self) -> dict[str, float]:
        """The seconds of all of it, as ``wall``, and of that by part of the work."""
        times = {"wall": self.wall_s}
        for run in self.notebooks:
            for name, seconds in run.times.items():
                times[name] = times.get(name, 0.0) + seconds
        return times


@dataclass(frozen=True)
class GradeReport:
    """One submission, graded.

    Attributes
    ----------
    assignment, student : str
        Whose submission it is, by the names of its folders.
    isolation : str
        ``landlock+seccomp``, or ``none`` where it was switched off.
    allowed : tuple of str
        The rights that learners' code had beside the usual ones, by ``c.Gradekit.allow``.
    exercises : tuple of ExerciseResult
        Judged by hidden tests, outside of the learner's process.
    inline : tuple of InlineResult
        Graded cells of another making.
    missing : tuple of str
        Notebooks that were not handed in.
    notes : tuple of Note
        What the instructor should know of this submission.
    unread : mapping of str to str
        Notebook → why it could not be read, so that what lies in ``autograded/`` is no work of the learner's.
    unjudged : tuple of str
        The graded cells that should have been judged and could not, and wait for a person.
    by_person : tuple of str
        The graded cells whose score a person gave before, and stands, since the answer is the same.
    times : mapping of str to float
        Seconds: ``wall``, and of it ``cells``, ``tests``, ``follow_through``, ``diagnosis``.
    versions : mapping of str to str
        What judged it.
    hashes : mapping of str to str
        Of all that the scores depend on, and which figures were drawn: by them a change is seen.
    judged_by : str
        The Dask worker that judged it, as ``name on host``; empty where that was the gradebook's own machine.
    line : str
        How the way to that worker was kept from others: ``tls``; ``loopback``, on one machine; ``insecure``, not at
        all, by ``--insecure-cluster``. Empty where there was none.
    """

    assignment: str
    student: str
    isolation: str
    exercises: tuple[ExerciseResult, ...] = ()
    inline: tuple[InlineResult, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    unjudged: tuple[str, ...] = ()
    by_person: tuple[str, ...] = ()
    times: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()
    judged_by: str = ""
    line: str = ""

    @property
    def alarms(self) -> tuple[Note, ...]:
        """The notes that need a person."""
        return tuple(note for note in self.notes if note.urgent)

    @property
    def undecided(self) -> tuple[str, ...]:
        """The exercises and cells that a person must look at."""
        judged = [result.exercise for result in self.exercises if result.score is None]
        judged += [result.grade_id for result in self.inline if result.score is None]
        return tuple(name for name in judged if not {name, f"{name}-grade"} & set(self.by_person))
