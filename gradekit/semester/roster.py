"""`gradekit roster`: who takes part, from a table of the school's: ids, names, e-mail addresses, ids over there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradekit.errors import CourseError, UsageError
from gradekit.gradebook import convert
from gradekit.gradebook.settings import read_settings, step_folders
from gradekit.semester.table import column_of, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from gradekit.course.course import Course
    from gradekit.semester.table import Table

# nbgrader's field → what its column is called: nbgrader's own name first, then those of Canvas and of Moodle's packs.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "id": ("student_id", "username", "SIS Login ID", "login", "Anmeldename", "Nutzername", "Nom d'utilisateur", "id"),
    "first_name": ("first_name", "First name", "Vorname", "Prénom", "Nombre", "Nome", "Voornaam"),
    "last_name": ("last_name", "Last name", "Surname", "Nachname", "Nom", "Nom de famille", "Apellido(s)", "Cognome"),
    "email": ("email", "E-mail", "Email address", "E-Mail-Adresse", "Adresse de courriel", "Dirección de correo"),
    "lms_user_id": ("lms_user_id", "SIS User ID", "ID number", "ID-Nummer", "Numéro d'identification", "Número de ID"),
}
CANVAS_IDS = ("ID", "SIS User ID", "SIS Login ID", "Integration ID")
TEST_STUDENT = "Student, Test"  # Canvas's own, in every course
NAME = re.compile(r"[^/\\+\x00-\x1f\x7f]{1,200}")  # of a folder; nbgrader refuses a plus
MOST = 128  # characters of a value in nbgrader's table of students: SQLite does not look


@dataclass(frozen=True)
class Roster:
    """What entering a table has changed.

    Attributes
    ----------
    columns : mapping of str to str
        nbgrader's field → the column that it was read from.
    absent : tuple of str
        Who is in the gradebook and not in the table; they stay.
    """

    columns: Mapping[str, str]
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    people: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)


def enter_roster(course: Course, file: Path, *, id_column: str = "") -> Roster:
    """Enter the students of a table in the gradebook; an empty cell changes nothing, and nobody is removed.

    Parameters
    ----------
    id_column : str
        The column with the names under which students hand in; empty for the one that is known.

    Raises
    ------
    CourseError, UsageError
        Nobody has been entered then.
    """
    read = _read(file, id_column)
    added, changed, same = [], [], []
    config = read_settings(course)
    with convert.quiet(), convert.gradebook(config) as gradebook, convert.using(step_folders(config).db_url):
        known = {person.id: person for person in gradebook.students}
        for student, facts in read.people.items():
            before = known.get(student)
            if before is None:
                added.append(student)
            elif any((getattr(before, name) or "") != value for name, value in facts.items()):
                changed.append(student)
            else:
                same.append(student)
                continue
            gradebook.update_or_create_student(student, **facts)
    absent = tuple(sorted(known.keys() - read.people.keys()))
    return Roster(read.columns, tuple(added), tuple(changed), tuple(same), absent)


def _read(file: Path, id_column: str) -> Roster:
    table = read_table(file)
    at = _columns(table, file, id_column)
    people: dict[str, dict[str, str]] = {}
    for row in range(1, len(table.rows)):
        facts = {name: table.value(row, column) for name, column in at.items()}
        student = facts.pop("id")
        if not student and _is_nobodys(table, row):
            continue
        where = f"{file}, row {row + 1}"
        if not NAME.fullmatch(student) or student in (".", ".."):
            raise CourseError(f"{where}: '{student}' cannot be a student's id: it is the name of a folder.")
        if student in people:
            raise CourseError(f"{where}: '{student}' stands twice.", help="Name the column with --id.")
        people[student] = {name: value for name, value in facts.items() if value}
        people[student] |= _names(table, row) if not {"first_name", "last_name"} & at.keys() else {}
        _refuse_long(where, [student, *people[student].values()])
    if not people:
        raise CourseError(f"{file} names nobody.")
    return Roster({name: table.header[column] for name, column in at.items()}, people=people)


def _refuse_long(where: str, values: Iterable[str]) -> None:
    """Refuse what nbgrader's tables have no room for: a server would stop in the middle of the table."""
    for value in values:
        if len(value) > MOST:
            raise CourseError(f"{where}: '{value[:40]}…' is longer than the {MOST} characters that a gradebook holds.")


def _columns(table: Table, file: Path, id_column: str) -> dict[str, int]:
    header = table.header
    names = {**FIELDS, **({"id": (id_column,)} if id_column else {})}
    found = {name: column_of(header, words) for name, words in names.items()}
    if _is_canvas(header):
        found["lms_user_id"] = column_of(header, ["ID"])
    if found["id"] is None:
        missing = f"no column '{id_column}'" if id_column else "no column that is known for the students' ids"
        raise UsageError(f"{file} has {missing}.", help=f"Name one with --id: {', '.join(map(repr, header))}.")
    return {name: column for name, column in found.items() if column is not None}


def _is_canvas(header: Sequence[str]) -> bool:
    return column_of(header, ["Student"]) is not None and column_of(header, ["SIS Login ID"]) is not None


def _is_nobodys(table: Table, row: int) -> bool:
    """Tell whether a row is none of a student's: Canvas's points, its test student, an empty line."""
    if not _is_canvas(table.header):
        return not any(table.value(row, at) for at in range(len(table.header)))
    ids = [column_of(table.header, [name]) for name in CANVAS_IDS]
    label = column_of(table.header, ["Student"]) or 0
    return table.value(row, label) == TEST_STUDENT or not any(table.value(row, at) for at in ids if at is not None)


def _names(table: Table, row: int) -> dict[str, str]:
    """Return both names as Canvas has them in one cell: ``Lovelace, Ada``."""
    at = column_of(table.header, ["Student"])
    last, comma, first = table.value(row, at).partition(",") if at is not None else ("", "", "")
    return {"last_name": last.strip(), "first_name": first.strip()} if comma else {}
