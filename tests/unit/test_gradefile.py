"""Grade files of Canvas and Moodle: scores are put in, every other byte stays, who cannot be told apart is named."""

from __future__ import annotations

import csv
import io
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradekit import cli
from gradekit.course.course import Course
from gradekit.errors import CourseError, UsageError
from gradekit.gradebook.assignment import open_gradebook
from gradekit.gradebook.settings import course_at, read_settings
from gradekit.semester.gradefile import CANVAS, MOODLE, OTHER, fill
from gradekit.semester.table import _best, read_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CANVAS_FILE = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Reading (17),Small (4711),Small 2 (4712),Final Score\r\n"
    '"    Points Possible",,,,,10,2.5,5,(read only)\r\n'
    '"Lovelace, Ada",901,M-1,ada,"B, ""late""",9.5,,4,77.10\r\n'
    '"Turing, Alan",902,M-2,alan@example.edu,A,,1.00,,\r\n'
    '"Noether, Emmy",903,M-3,emmy,A,3,2.5,,\r\n'
    '"Curie, Marie",904,M-4,marie,A,,,,\r\n'
    '"Hopper, Grace",905,M-5,grace,A,,2,,\r\n'
    '"Student, Test",999,,f00dcafe,A,,,,\r\n'
)
MOODLE_FILE = (
    "ID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,Bewertung kann geändert werden,"
    "Zuletzt geändert (Abgabe),Feedback als Kommentar\n"
    'Teilnehmer/in11,Ada Lovelace,ADA@example.edu,"Zur Bewertung abgegeben",,"2,50",Ja,'
    '"Mittwoch, 3. Dezember 2025, 23:10","<p>gut, ""sehr""</p>"\n'
    'Teilnehmer/in12,Alan Turing,alan@example.edu,Entwurf,"1,00","2,50",Ja,-,\n'
    'Teilnehmer/in13,Unbekannte Person,who@example.edu,-,,"2,50",Ja,-,\n'
)


@pytest.fixture(scope="session")
def class_once(once: Callable[..., Path], released_once: Course, enrol: Callable[..., None]) -> Course:
    """A class of which Ada has 2.333…, Alan 2, Emmy 2.5; Marie handed in nothing, Grace waits; only to be copied."""

    def make(folder: Path) -> None:
        _enter_all(Course(shutil.copytree(released_once.root, folder / "course", symlinks=True)), enrol)

    return Course(once("class-of-six", make) / "course")


@pytest.fixture
def course(class_once: Course, tmp_path: Path) -> Course:
    """A copy of that class."""
    return course_at(shutil.copytree(class_once.root, tmp_path / "course", symlinks=True))


def _enter_all(course: Course, enrol: Callable[..., None]) -> None:
    people: dict[str, dict[str, Any]] = {
        "ada": {"email": "ada@example.edu"},
        "alan": {"email": "alan@example.edu"},
        "emmy": {"lms_user_id": "903"},
        "grace": {},
    }
    scores: dict[str, dict[str, float | None]] = {
        "ada": {"double": 1 / 3},
        "alan": {"double": 0.0},
        "emmy": {},
        "grace": {"quadruple": None},
    }
    for name, person in people.items():
        enrol(course, "small", name, scores[name], person=person)
    with open_gradebook(read_settings(course)) as gradebook:
        for name in ("marie", "only_here"):
            gradebook.update_or_create_student(name)


def written(folder: Path, text: str, *, mark: bytes = b"") -> Path:
    """Write a grade file."""
    path = folder / "grades.csv"
    path.write_bytes(mark + text.encode())
    return path


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no mark", "a byte order mark"])
def test_canvas_gets_its_own_file_back(course: Course, tmp_path: Path, mark: bytes) -> None:
    """Two cells are new; quotes, line ends, the points row and every other column are what they were."""
    made = fill(course, "small", written(tmp_path, CANVAS_FILE, mark=mark))
    assert made.path == tmp_path / "grades-filled.csv"
    wanted = CANVAS_FILE.replace('"B, ""late""",9.5,,4', '"B, ""late""",9.5,2.33,4').replace("A,,1.00,,", "A,,2,,")
    assert made.path.read_bytes() == mark + wanted.encode()
    assert (made.kind, made.column, made.warning) == (CANVAS, "Small (4711)", "")
    assert (made.wrote, made.same) == (("ada", "alan"), ("emmy",))
    assert made.left == {"marie": "nothing was handed in", "grace": "a person must look at it first"}
    assert (made.only_file, made.only_course, made.unclear) == ((), ("only_here",), ())
    assert made.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no mark", "a byte order mark"])
def test_moodle_gets_its_own_file_back(course: Course, tmp_path: Path, mark: bytes) -> None:
    """A worksheet in German: the decimal comma is kept, its row of a stranger stays empty and is named."""
    made = fill(course, "small", written(tmp_path, MOODLE_FILE, mark=mark))
    wanted = MOODLE_FILE.replace('abgegeben",,"2,50"', 'abgegeben","2,33","2,50"').replace('"1,00"', '"2"')
    assert made.path.read_bytes() == mark + wanted.encode()
    assert (made.kind, made.column) == (MOODLE, "Bewertung")
    assert made.wrote == ("ada", "alan")
    assert made.only_file == ("Unbekannte Person",)
    assert made.only_course == ("emmy", "grace", "marie", "only_here")


def test_nobody_is_guessed_by_a_name(course: Course, tmp_path: Path) -> None:
    """A row whose names are like a student's id, and whose ids are not, is a stranger's."""
    text = "First name,Surname,Email address,Grade\nada,emmy,other@example.edu,\nAlan,Turing,alan@example.edu,\n"
    made = fill(course, "small", written(tmp_path, text))
    assert made.wrote == ("alan",)
    assert made.only_file == ("emmy",)


def test_who_cannot_be_told_apart_is_left(course: Course, tmp_path: Path) -> None:
    """A row that two students could be, and two rows of one student, are named and not filled."""
    text = (
        "Student,ID,SIS Login ID,Small (1)\n"
        '"One, A",903,ada,\n"Two, B",2,alan,\n"Three, C",3,alan@example.edu,\n"Four, D",4,grace,\n'
    )
    made = fill(course, "small", written(tmp_path, text))
    assert made.path.read_bytes() == text.encode()
    assert made.unclear == ("One, A (could be ada, emmy)", "Two, B, Three, C (several rows for alan)")
    assert made.only_course == ("marie", "only_here")


def test_other_maximum_is_said(course: Course, tmp_path: Path) -> None:
    """Scores are not scaled where the file's maximum is another one; that is said."""
    made = fill(course, "small", written(tmp_path, CANVAS_FILE.replace("10,2.5,5", "10,100,5")))
    assert "maximum is 100, and the assignment carries 2.5" in made.warning
    made = fill(course, "small", written(tmp_path, MOODLE_FILE.replace("2,50", "10,00")))
    assert "maximum is 10, and" in made.warning


@pytest.mark.parametrize(
    ("text", "column", "wrong"),
    [
        (CANVAS_FILE.replace("Small (4711)", "Large (1)"), "", (UsageError, "has no column with the title 'small'")),
        (CANVAS_FILE.replace("Reading (17)", "small (17)"), "", (UsageError, "has several columns")),
        (CANVAS_FILE, "Small", (UsageError, "has no column 'Small'")),
        ("a,b\n1,2\n", "", (UsageError, "no column for a grade that is known")),
        ("Email address,Grade\nx@example.edu,\n", "", (CourseError, "No row of")),
        ("one column\n1\n", "", (CourseError, "is no table")),
        ("", "", (CourseError, "is no table")),
    ],
)
def test_a_file_that_cannot_be_filled(
    course: Course, tmp_path: Path, text: str, column: str, wrong: tuple[type[Exception], str]
) -> None:
    """What is wrong is one sentence, and nothing is written."""
    with pytest.raises(wrong[0], match=wrong[1]):
        fill(course, "small", written(tmp_path, text), column=column)
    assert not (tmp_path / "grades-filled.csv").exists()


def test_any_table_with_a_named_column(course: Course, tmp_path: Path) -> None:
    """A file of another system is filled by the header that is given."""
    made = fill(
        course,
        "small",
        written(tmp_path, "username;Assignment: small (Real)\nada;\n"),
        column="Assignment: small (Real)",
    )
    assert (made.kind, made.path.read_text()) == (OTHER, "username;Assignment: small (Real)\nada;2.33\n")


@pytest.mark.parametrize(
    "text",
    [
        'Student,ID,SIS Login ID,Section,Other (1),Small (2)\n"Lovelace, Ada",1,ada,"1,2",7.5,\n',
        'username,Maximum grade,Grade,Feedback comments\nada,"2,500",,"2,5"\n',
        'username,Maximum grade,Grade\nada,2.50,"1,2"\n',
    ],
)
def test_a_comma_elsewhere_is_no_decimal_comma(course: Course, tmp_path: Path, text: str) -> None:
    """What a section, a comment or thousands are written with says nothing of how grades are; a point does."""
    made = fill(course, "small", written(tmp_path, text))
    assert "2.33" in made.path.read_text()
    assert made.wrote == ("ada",)


def test_ids_are_found_wherever_they_stand_and_however_they_are_spelled(course: Course, tmp_path: Path) -> None:
    """A column for ids behind the grade, and Canvas's headers in small letters."""
    made = fill(course, "small", written(tmp_path, "name,score,username\nA,,ada\n"), column="score")
    assert made.path.read_text() == "name,score,username\nA,2.33,ada\n"
    made = fill(course, "small", written(tmp_path, "student,id,sis login id,Small (1)\nA,1,ada,1\n"))
    assert (made.wrote, made.warning) == (("ada",), "")


def test_the_file_itself_is_never_written_over(course: Course, tmp_path: Path) -> None:
    """The school's own file is read only; what is no UTF-8, and what is missing, is said."""
    path = written(tmp_path, CANVAS_FILE)
    with pytest.raises(UsageError, match="would be written over"):
        fill(course, "small", path, to=tmp_path / "." / "grades.csv")
    path.write_bytes("Student,ID\nMüller,1\n".encode("latin-1"))
    with pytest.raises(CourseError, match="is not UTF-8"):
        fill(course, "small", path)
    with pytest.raises(CourseError, match="cannot be read"):
        fill(course, "small", tmp_path / "none.csv")


CELLS = st.text(alphabet='ab,;"\n ä.5', max_size=6)  # no lone \\r, which csv forgets to put in quotes


@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=5),
    quoting=st.sampled_from([0, 1]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_a_table_is_read_as_csv_reads_it(rows: list[list[str]], quoting: int, end: str) -> None:
    """Whatever Python's csv writes is read cell by cell, and written back byte by byte."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=quoting, lineterminator=end).writerows([["one", "two", "three"], *rows])
    found, delimiter = _best(None, text.getvalue())  # type: ignore[arg-type]
    assert delimiter == ","
    assert [[cell.value for cell in row] for row in found] == [["one", "two", "three"], *rows]


@given(value=CELLS)
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    """A value with any sign in it comes back as it was, and its neighbours too."""
    path = tmp_path_factory.getbasetemp() / "again.csv"
    path.write_bytes(b'one,two\r\n"a, b",c\r\nd,')
    path.write_bytes(read_table(path).written({(1, 1): value}))
    again = read_table(path)
    assert [[cell.value for cell in row] for row in again.rows] == [["one", "two"], ["a, b", value], ["d", ""]]


def test_the_command_names_everybody(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says who was left and why, and who is in one list only; programs get the same."""
    path = written(tmp_path, CANVAS_FILE)
    monkeypatch.chdir(course.root)
    monkeypatch.setattr("sys.argv", ["gradekit", "export", "grades", "small", "--fill", str(path)])
    assert cli.main() == 0
    said = capsys.readouterr().out
    for line in ("2 scores put in, 1 stood there already", "  grace (a person must look at it first)", "  only_here"):
        assert line in said
    monkeypatch.setattr("sys.argv", [*cli.sys.argv, "--json"])
    assert cli.main() == 0
    assert json.loads(capsys.readouterr().out)["only_course"] == ["only_here"]
