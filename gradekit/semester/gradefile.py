"""`gradekit export grades`: a school's own grade file, as Canvas and Moodle give it, with an assignment's scores in it.

The file says who is asked for. No row is added, no other cell is touched, and who cannot be told apart is named.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradekit.errors import CourseError, UsageError
from gradekit.files import write_whole
from gradekit.semester.roster import CANVAS_IDS, FIELDS, TEST_STUDENT
from gradekit.semester.standing import standings
from gradekit.semester.table import column_of, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from gradekit.course.course import Course
    from gradekit.semester.standing import Standing
    from gradekit.semester.table import Table

CANVAS, MOODLE, OTHER = "Canvas", "Moodle", "a table"
TITLED = re.compile(r"(.+) \((\d+)\)")  # Canvas's name of a column: the assignment's title and its number
# Moodle's word for the column, as its language packs have it.
MOODLE_GRADE = (
    *("Grade", "Bewertung", "Note", "Calificación", "Valutazione", "Nota", "Cijfer", "Beoordeling", "Ocena", "Betyg"),
    *("Karakter", "Arvosana", "Hodnocení", "Hodnotenie", "Osztályzat", "Оценка", "Оцінка", "成绩", "評定", "성적"),
)
MOODLE_MOST = (
    "Maximum grade",
    "Bestwertung",
    "Note maximale",
    "Calificación máxima",
    "Punteggio massimo",
    "Nota máxima",
)
IDS = frozenset(name.casefold() for kind in ("id", "email", "lms_user_id") for name in FIELDS[kind]) | {"identifier"}
THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
OWNER = 0o600  # grades are nobody else's business


@dataclass(frozen=True)
class Filled:
    """What became of a grade file; students and rows are named by their words in it.

    Attributes
    ----------
    wrote, same : tuple of str
        Whose grade was put in, and whose stood there already.
    left : mapping of str to str
        Student → why the cell was left as it was.
    only_file, only_course : tuple of str
        Who is in one of the two alone.
    unclear : tuple of str
        Rows that could be several students', or of whom several are one's.
    warning : str
        Where the file's maximum is not the assignment's points.
    """

    path: Path
    kind: str
    column: str
    wrote: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    left: Mapping[str, str] = field(default_factory=dict)
    only_file: tuple[str, ...] = ()
    only_course: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    warning: str = ""


@dataclass(frozen=True)
class Layout:
    """What a grade file's columns hold: whose row it is, the grade, what can be earned, the words for a person."""

    kind: str
    grade: int
    ids: tuple[int, ...]
    label: int
    most: float | None
    numbers: tuple[int, ...] = ()  # the columns that hold numbers


def fill(course: Course, assignment: str, file: Path, *, to: Path | None = None, column: str = "") -> Filled:
    """Write a copy of a grade file with the assignment's final scores in it.

    Parameters
    ----------
    to : Path or None
        The new file; None for one beside the other, ``…-filled``.
    column : str
        The header of the grade's column, where it is not known by the assignment's name.

    Raises
    ------
    CourseError, UsageError
        Nothing has been written then.
    """
    target = to or file.with_name(f"{file.stem}-filled{file.suffix}")
    if target.resolve() == file.resolve():
        raise UsageError(f"{file} would be written over.", help="Name another file with --to.")
    found = {item.student: item for item in standings(course, assignment)}
    table = read_table(file)
    layout = layout_of(table, assignment, column, file)
    rows = match_rows(table, layout, found.values())
    if not rows.mine:
        raise CourseError(
            f"No row of {file} is a student's of this course.",
            help="Enter their e-mail addresses, or their ids there: gradekit roster FILE",
        )
    values: dict[tuple[int, int], str] = {}
    wrote, same, left = [], [], {}
    for row, student in rows.mine.items():
        item = found[student]
        if reason := _open(item, table, layout, row):
            left[student] = reason
        elif _equal(table.value(row, layout.grade), item.score):
            same.append(student)
        else:
            values[row, layout.grade] = _number(item.score or 0.0, comma=table.decimal_comma(layout.numbers))
            wrote.append(student)
    _write(target, table.written(values))
    points = next(iter(found.values())).points
    return Filled(
        path=target,
        kind=layout.kind,
        column=table.header[layout.grade],
        wrote=tuple(wrote),
        same=tuple(same),
        left=left,
        only_file=rows.only_file,
        only_course=tuple(sorted(found.keys() - rows.named)),
        unclear=rows.unclear,
        warning=_other_maximum(layout.most, points),
    )


def _write(target: Path, data: bytes) -> None:
    try:
        write_whole(target, data)
        target.chmod(OWNER)
    except OSError as error:
        raise CourseError(f"{target} cannot be written: {error.strerror}.") from None


def _other_maximum(most: float | None, points: float) -> str:
    if most is None or abs(most - points) < 1e-9:
        return ""
    return f"the file's maximum is {most:g}, and the assignment carries {points:g} points; scores were not scaled"


def _open(item: Standing, table: Table, layout: Layout, row: int) -> str:
    """Say why a cell is left as it was; '' where the score is final."""
    if item.score is None:
        return "nothing was handed in" if item.state == "missing" else item.state
    if not item.decided:
        return "a person must look at it first"
    return "" if layout.grade < len(table.rows[row]) else "its row is too short"


# --- which columns, and whose rows -----------------------------------------------------------------------------------


def layout_of(table: Table, assignment: str, column: str, file: Path) -> Layout:
    """Find out what a grade file's columns hold.

    Raises
    ------
    UsageError
        If the column with the grades is not known.
    """
    header = table.header
    canvas = column_of(header, ["Student"]) is not None and column_of(header, CANVAS_IDS) is not None
    if canvas:
        grade = _named_column(header, column, file) if column else _titled_column(header, assignment, file)
        words = {name.casefold() for name in CANVAS_IDS}
        ids = tuple(at for at, name in enumerate(header) if name.casefold() in words)
        student = column_of(header, ["Student"]) or 0
        titled = tuple(at for at, name in enumerate(header) if TITLED.fullmatch(name) or at == grade)
        return Layout(CANVAS, grade, ids, student, _points_possible(table, ids, grade), titled)
    found = column_of(header, MOODLE_GRADE)
    if not column and found is None:
        raise UsageError(f"{file} has no column for a grade that is known.", help=_columns(header))
    grade = _named_column(header, column, file) if column else found or 0
    most = column_of(header, MOODLE_MOST)
    maximum = _as_number(table.value(1, most)) if most is not None and len(table.rows) > 1 else None
    named = min(1, len(header) - 1)  # Moodle's first column is a number, its second the full name
    ids = tuple(at for at, name in enumerate(header) if name.casefold() in IDS)
    numbers = (grade,) if most is None else (grade, most)
    return Layout(MOODLE if found is not None else OTHER, grade, ids, named, maximum, numbers)


def _titled_column(header: Sequence[str], assignment: str, file: Path) -> int:
    """Return Canvas's column whose title is the assignment's name, whatever its case and its blanks."""
    titles = {at: match[1] for at, name in enumerate(header) if (match := TITLED.fullmatch(name))}
    found = [at for at, title in titles.items() if _bare(title) == _bare(assignment)]
    if len(found) != 1:
        count = "several columns" if found else "no column"
        raise UsageError(
            f"{file} has {count} with the title '{assignment}'.", help=_columns([header[at] for at in titles])
        )
    return found[0]


def _named_column(header: Sequence[str], column: str, file: Path) -> int:
    at = column_of(header, [column])
    if at is None:
        raise UsageError(f"{file} has no column '{column}'.", help=_columns(header))
    return at


def _columns(names: Sequence[str]) -> str:
    return f"Name one with --column: {', '.join(map(repr, names)) or 'the file has none with a number in brackets'}."


def _bare(title: str) -> str:
    return "".join(sign for sign in title.casefold() if sign.isalnum())


def _points_possible(table: Table, ids: Sequence[int], grade: int) -> float | None:
    """Return what Canvas's second line says can be earned: it is the row that is nobody's."""
    for row in range(1, len(table.rows)):
        if not any(table.value(row, at) for at in ids):
            found = _as_number(table.value(row, grade))
            if found is not None:
                return found
    return None


@dataclass(frozen=True)
class Rows:
    """Whose row each is, the rows that are nobody's for sure, those of strangers; and all students that rows name."""

    mine: Mapping[int, str]
    unclear: tuple[str, ...]
    only_file: tuple[str, ...]
    named: frozenset[str]


def match_rows(table: Table, layout: Layout, people: Iterable[Standing]) -> Rows:
    """Find each row's student, by what is one person's alone: an id, an e-mail address. A name is several people's."""
    known = _known(people)
    places: dict[str, list[int]] = defaultdict(list)
    unclear, only_file = [], []
    named: set[str] = set()
    for row in range(1, len(table.rows)):
        words = _words(table, layout, row)
        who = set().union(*(known[word] for word in words if word in known))
        named |= who
        label = table.value(row, layout.label)
        if len(who) > 1:
            unclear.append(f"{label} (could be {', '.join(sorted(who))})")
        elif who:
            places[who.pop()].append(row)
        elif words and label != TEST_STUDENT:
            only_file.append(label or words[0])
    for student, rows in places.items():
        if len(rows) > 1:
            unclear.append(f"{', '.join(table.value(row, layout.label) for row in rows)} (several rows for {student})")
    mine = {rows[0]: student for student, rows in places.items() if len(rows) == 1}
    return Rows(dict(sorted(mine.items())), tuple(unclear), tuple(only_file), frozenset(named))


def _known(people: Iterable[Standing]) -> dict[str, set[str]]:
    """Return whose each id and each e-mail address is."""
    known: dict[str, set[str]] = defaultdict(set)
    for item in people:
        for word in (item.student, item.email, item.lms_id):
            if word.strip():
                known[word.strip().casefold()].add(item.student)
    return known


def _words(table: Table, layout: Layout, row: int) -> list[str]:
    """Return the ids in a row: what columns for ids hold, and e-mail addresses before the grade."""
    places = sorted({*layout.ids, *range(layout.grade)} - {layout.grade})
    words = [(at in layout.ids, table.value(row, at).casefold()) for at in places]
    return [word for is_id, word in words if word and (is_id or "@" in word)]


# --- numbers ---------------------------------------------------------------------------------------------------------


def _number(score: float, *, comma: bool) -> str:
    """Return a score with at most two decimals, as the file writes numbers."""
    found = f"{round(score, 2):.10g}"
    return found.replace(".", ",") if comma else found


def _as_number(text: str) -> float | None:
    plain = text.replace(",", "") if THOUSANDS.fullmatch(text) else text.replace(",", ".")
    try:
        return float(plain)
    except ValueError:
        return None


def _equal(text: str, score: float | None) -> bool:
    there = _as_number(text)
    return there is not None and score is not None and abs(there - round(score, 2)) < 1e-9
