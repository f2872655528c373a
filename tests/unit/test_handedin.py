"""When work was handed in, from a table: which forms are read, whose they are, what is said of the rest."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gradekit import cli
from gradekit.course.course import Course
from gradekit.errors import UsageError
from gradekit.semester.handedin import enter_times, read_time

BERLIN = ZoneInfo("Europe/Berlin")
Enrol = Callable[..., None]


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2025-12-03T10:15:00Z", "2025-12-03T10:15:00"),
        ("2025-12-03 10:15", "2025-12-03T09:15:00"),
        ("2025-07-03 10:15:30", "2025-07-03T08:15:30"),
        ("2025-12-03T10:15:00-08:00", "2025-12-03T18:15:00"),
        ("Wednesday, 3 December 2025, 10:15 AM", "2025-12-03T09:15:00"),
        ("Wednesday, 3 December 2025, 10:15\u202fPM", "2025-12-03T21:15:00"),
        ("Wednesday, December 3, 2025, 10:15 PM", "2025-12-03T21:15:00"),
        ("Wednesday, 3 December 2025, 22:15", "2025-12-03T21:15:00"),
        ("3 December 2025, 10:15 AM", "2025-12-03T09:15:00"),
    ],
)
def test_forms_of_a_time(written: str, utc: str) -> None:
    """ISO's, and Moodle's in English; the clock hangs where the instructor says, unless an offset stands there."""
    found = read_time(written, BERLIN)
    assert found is not None
    assert found.isoformat() == f"{utc}+00:00"


@pytest.mark.parametrize(
    "written", ["yesterday", "2025-12-03", "Mittwoch, 3. Dezember 2025, 10:15", "0001-01-01 00:00", "10:15", "1" * 9999]
)
def test_what_is_no_time(written: str) -> None:
    """A day alone, another language, a time outside of all calendars: not read, and never guessed."""
    assert read_time(written, BERLIN) is None


def test_the_machines_own_clock() -> None:
    """Without a zone the clock is this machine's."""
    assert read_time("2025-12-03 10:15", None) == dt.datetime(2025, 12, 3, 10, 15).astimezone()


@pytest.fixture
def course(released: Course, enrol: Enrol) -> Course:
    """Return a course in which four have handed in."""
    for student in ("ann", "bob", "eve", "zoe"):
        enrol(released, "small", student, {}, person={"email": f"{student}@example.com"})
        released.folder("submitted", "small", student).mkdir(parents=True)
    enrol(released, "small", "absent", {}, person={"lms_user_id": "9"})
    return released


def test_times_are_written_beside_submissions(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each to its own, once; who has none, and what cannot be read, is named; nobody else gets a folder."""
    table = tmp_path / "times.csv"
    rows = [
        "ann@example.com,2025-12-03T10:15:00Z",
        "bob@example.com,soon",
        "eve@example.com,-",
        "x@y.z,2025-12-03 1:00",
    ]
    table.write_text("\n".join(["Email address,submitted_at", *rows, "9,2025-12-03T10:15:00Z"]))
    (course.folder("submitted", "small", "zoe") / "timestamp.txt").symlink_to(tmp_path / "elsewhere")
    monkeypatch.chdir(course.root)
    monkeypatch.setattr(sys, "argv", ["gradekit", "handed-in", "small", str(table)])
    assert cli.main() == 1
    said = capsys.readouterr().out
    assert "1 time written, 0 stood there already (column 'submitted_at')" in said
    assert "bob: 'soon' is no date that is known" in said
    assert "in the file only:\n  x@y.z\n" in said
    assert "gradekit roster FILE" in said
    stamp = course.folder("submitted", "small", "ann") / "timestamp.txt"
    assert stamp.read_text() == "2025-12-03 10:15:00 UTC\n"
    found = enter_times(course, "small", table)
    assert (found.wrote, found.same, found.without) == ((), ("ann",), ("bob", "eve", "zoe"))
    assert not course.folder("submitted", "small", "absent").exists()


def test_a_time_that_stands_there_already_is_said_to_count(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who is not in the table, and has a time from before, or of the own making, is not said to be in time."""
    stamp = course.folder("submitted", "small", "bob") / "timestamp.txt"
    stamp.write_text("2025-12-03 10:15:00 UTC\n")
    (tmp_path / "times.csv").write_text("id,timestamp\nann,2025-12-03T10:15:00Z\nbob,-\n")
    monkeypatch.chdir(course.root)
    monkeypatch.setattr(sys, "argv", ["gradekit", "handed-in", "small", str(tmp_path / "times.csv")])
    assert cli.main() == 0
    before, _, after = capsys.readouterr().out.partition("handed in, and without a time: counts as in time:\n")
    assert before.endswith("without a time in the table: the one in timestamp.txt still counts:\n  bob\n")
    assert after == "  eve\n  zoe\n"
    assert stamp.read_text() == "2025-12-03 10:15:00 UTC\n"


def test_rows_that_may_be_of_who_has_no_time(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Strangers' rows are named; where somebody is without a time, one may be theirs, and a person must look."""
    table = tmp_path / "times.csv"
    monkeypatch.chdir(course.root)
    monkeypatch.setattr(sys, "argv", ["gradekit", "handed-in", "small", str(table)])
    everybody = [f"{student}@example.com,2025-12-03T10:15:00Z" for student in ("ann", "bob", "eve", "zoe")]
    for rows, code in (([*everybody, "x@y.z,-"], 0), ([*everybody[1:], "x@y.z,2025-12-03T10:15:00Z"], 1)):
        table.write_text("\n".join(["Email address,submitted_at", *rows]))
        (course.folder("submitted", "small", "ann") / "timestamp.txt").unlink(missing_ok=True)
        assert cli.main() == code
        said = capsys.readouterr().out
        assert "in the file only:\n  x@y.z\n" in said
        assert ("gradekit roster FILE" in said) is bool(code)


def test_a_link_in_the_place_is_replaced(course: Course, tmp_path: Path) -> None:
    """What a link leads to stays as it was."""
    (tmp_path / "elsewhere").write_text("mine")
    stamp = course.folder("submitted", "small", "ann") / "timestamp.txt"
    stamp.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "times.csv").write_text("id,when\nann,2025-12-03T10:15:00Z\n")
    assert enter_times(course, "small", tmp_path / "times.csv", column="when").wrote == ("ann",)
    assert (stamp.is_symlink(), (tmp_path / "elsewhere").read_text()) == (False, "mine")


def test_an_unknown_column_is_one_sentence(course: Course, tmp_path: Path) -> None:
    """The columns that there are stand beside it."""
    (tmp_path / "times.csv").write_text("id,when\nann,now\n")
    with pytest.raises(UsageError, match="no column that is known for times"):
        enter_times(course, "small", tmp_path / "times.csv")
    with pytest.raises(UsageError, match="no column 'then'"):
        enter_times(course, "small", tmp_path / "times.csv", column="then")
