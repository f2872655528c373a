"""Due dates and more time, the rule for late work, the roster: in nbgrader's own fields, read back from them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from traitlets import TraitError

from gradekit import cli
from gradekit.errors import CourseError, UsageError
from gradekit.gradebook.assignment import open_gradebook
from gradekit.gradebook.settings import read_settings
from gradekit.plugin.late import LatePolicy
from gradekit.semester.due import moment, read_due, set_due
from gradekit.semester.roster import enter_roster

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gradekit.course.course import Course

DUE = dt.datetime(2026, 12, 1, 22, 59, tzinfo=dt.UTC)


def run(monkeypatch: pytest.MonkeyPatch, course: Course, *words: str) -> int:
    """Run the command line in the course's folder."""
    monkeypatch.chdir(course.root)
    monkeypatch.setattr("sys.argv", ["gradekit", *words])
    return cli.main()


# --- due -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("2026-12-01 23:59", "Europe/Berlin"),
        ("2026-12-01 23:59+01:00", ""),
        ("2026-12-01T22:59Z", "America/New_York"),
        ("2026-12-01 17:59", "America/New_York"),
    ],
)
def test_a_time_is_read_where_its_clock_hangs(words: str, zone: str) -> None:
    """A time zone or an offset says when it is; the offset counts more."""
    assert moment(words, zone) == DUE


def test_a_time_without_a_zone_is_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an instructor types is what the clock on the wall shows."""
    import time

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert moment("2026-12-01 23:59") == DUE
        assert moment("2026-07-01 23:59") == dt.datetime(2026, 7, 1, 21, 59, tzinfo=dt.UTC), "summer time"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("words", ["tomorrow", "2026-12-01", "2026-13-01 10:00", "1.12.2026 10:00"])
def test_what_is_no_time_is_refused(words: str) -> None:
    """A day without a time, and another country's order, are asked for again."""
    with pytest.raises(UsageError):
        moment(words)


def test_a_due_date_is_nbgraders(released: Course) -> None:
    """It stands in the gradebook's own field, in UTC; none takes it away."""
    assert read_due(released, "small").due is None
    assert set_due(released, "small", DUE).due == DUE
    with open_gradebook(read_settings(released)) as gradebook:
        assert gradebook.find_assignment("small").duedate == DUE.replace(tzinfo=None)
    assert set_due(released, "small", None).due is None
    assert read_due(released, "small").due is None


def test_more_time_is_nbgraders(released: Course, enrol: Callable[..., None]) -> None:
    """A student's own date is an extension in the gradebook; who has handed in nothing may have one too."""
    enrol(released, "small", "ann", {}, timestamp="2026-12-02 10:00:00 UTC")
    with open_gradebook(read_settings(released)) as gradebook:
        gradebook.update_or_create_student("bob")
    set_due(released, "small", DUE)
    later = DUE + dt.timedelta(days=2)
    assert set_due(released, "small", later, only=["ann", "bob"]).extended == {"ann": later, "bob": later}
    with open_gradebook(read_settings(released)) as gradebook:
        assert gradebook.find_submission("small", "ann").extension == dt.timedelta(days=2)
        assert gradebook.find_submission("small", "ann").total_seconds_late == 0
    assert set_due(released, "small", None, only=["ann"]).extended == {"bob": later}
    with open_gradebook(read_settings(released)) as gradebook:
        assert gradebook.find_submission("small", "ann").total_seconds_late == 39660


def test_more_time_that_cannot_be(released: Course, enrol: Callable[..., None]) -> None:
    """Nobody gets more time without a date, less time than all, or a name that nobody has."""
    enrol(released, "small", "ann", {})
    with pytest.raises(CourseError, match="has no due date"):
        set_due(released, "small", DUE, only=["ann"])
    set_due(released, "small", DUE)
    with pytest.raises(UsageError, match="before everybody's date"):
        set_due(released, "small", DUE - dt.timedelta(hours=1), only=["ann"])
    with pytest.raises(CourseError, match="Did you mean 'ann'"):
        set_due(released, "small", DUE + dt.timedelta(hours=1), only=["anne"])
    assert read_due(released, "small").extended == {}


def test_the_command_says_both_clocks(
    released: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The date is printed as it was meant and in UTC; without words it is only said."""
    assert run(monkeypatch, released, "due", "small") == 0
    assert "no due date" in capsys.readouterr().out
    assert run(monkeypatch, released, "due", "small", "2026-12-01 23:59", "--timezone", "Europe/Berlin") == 0
    said = capsys.readouterr().out
    assert "everybody: 2026-12-01 23:59 CET (2026-12-01 22:59 UTC)" in said
    assert "gradekit grade small" in said
    assert run(monkeypatch, released, "due", "small", "--timezone", "Mars/Olympus") == 2
    assert "There is no time zone" in capsys.readouterr().err


# --- late work -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "late_s", "penalty"),
    [
        ({}, 1, 0.8),
        ({}, 86_400, 0.8),
        ({}, 86_401, 1.6),
        ({}, 86_400 * 30, 8.0),
        ({"per_day": "0.5"}, 86_401, 1.0),
        ({"per_day": "0.5", "most": "25%"}, 86_400 * 9, 2.0),
        ({"per_day": "10%", "most": "1.5"}, 86_400 * 9, 1.5),
        ({"per_day": "3"}, 86_400 * 9, 8.0),
        ({"grace_minutes": 15}, 900, None),
        ({"grace_minutes": 15}, 901, 0.8),
        ({"whole_days": False}, 43_200, 0.4),
    ],
)
def test_what_lateness_costs(settings: dict[str, str | float], late_s: float, penalty: float | None) -> None:
    """A share of what was earned, or points, for each day that has begun; bounded; nothing within the grace."""
    found = LatePolicy(**settings).late_submission_penalty("ann", 8.0, late_s)
    assert found == (None if penalty is None else pytest.approx(penalty))


@pytest.mark.parametrize("words", ["ten", "10 %%", "-1", "", "10pt"])
def test_what_is_no_amount_is_refused(words: str) -> None:
    """A setting that is neither a share nor points is said when it is read."""
    with pytest.raises(TraitError, match="share as '10%' or points"):
        LatePolicy(per_day=words)


# --- roster ----------------------------------------------------------------------------------------------------------

NBGRADERS = "id,first_name,last_name,email,lms_user_id\nann,Ann,Lee,ann@example.edu,7\nbob,,,,\n"
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Small (1)\n    Points Possible,,,,,10\n"
    '"Lovelace, Ada",901,M-1,ada,A,\n"Student, Test",999,,,A,\n'
)
MOODLE = "Vorname,Nachname,Anmeldename,ID-Nummer,E-Mail-Adresse\nAda,Lovelace,ada,M-1,ada@example.edu\n"


def people(course: Course) -> dict[str, tuple[str | None, ...]]:
    """Return what the gradebook has of everybody."""
    with open_gradebook(read_settings(course)) as gradebook:
        return {
            person.id: (person.first_name, person.last_name, person.email, person.lms_user_id)
            for person in gradebook.students
        }


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (NBGRADERS, {"ann": ("Ann", "Lee", "ann@example.edu", "7"), "bob": (None, None, None, None)}),
        (CANVAS, {"ada": ("Ada", "Lovelace", None, "901")}),
        (MOODLE, {"ada": ("Ada", "Lovelace", "ada@example.edu", "M-1")}),
        (
            "\N{ZERO WIDTH NO-BREAK SPACE}" + MOODLE.replace(",", ";"),
            {"ada": ("Ada", "Lovelace", "ada@example.edu", "M-1")},
        ),
    ],
    ids=["nbgrader", "Canvas", "Moodle", "semicolons and a byte order mark"],
)
def test_a_roster_is_entered(released: Course, tmp_path: Path, text: str, wanted: dict[str, tuple[str | None]]) -> None:
    """Tables as nbgrader, Canvas and Moodle give them are understood by their headers."""
    path = tmp_path / "roster.csv"
    path.write_text(text, encoding="utf-8")
    assert enter_roster(released, path).added == tuple(wanted)
    assert people(released) == wanted


def test_a_roster_is_entered_again(released: Course, tmp_path: Path) -> None:
    """A second table changes what differs, leaves what is empty in it, and removes nobody."""
    path = tmp_path / "roster.csv"
    path.write_text(NBGRADERS)
    enter_roster(released, path)
    path.write_text("id,last_name\nann,Li\n")
    found = enter_roster(released, path)
    assert (found.added, found.changed, found.same, found.absent) == ((), ("ann",), (), ("bob",))
    assert people(released)["ann"] == ("Ann", "Li", "ann@example.edu", "7")
    assert enter_roster(released, path).same == ("ann",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,mail\nAnn,a@b\n", "no column that is known"),
        ("id,email\n../up,a@b\n", "row 2: '../up' cannot be"),
        ("id,email\nann,\n,x@y\n", "row 3: '' cannot be"),
        ("id,email\nann,\nann,\n", "'ann' stands twice"),
        (f"id,email\nann,{'a' * 200}\n", "row 2: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…' is longer than the 128"),
        ("id,email\n", "names nobody"),
        (
            'Student,ID,SIS User ID,SIS Login ID,Section\n"Li, Ann",1,M1,ann,A\n"Ray, Bob",902,M2,,A\n',
            "row 3: '' cannot",
        ),
    ],
)
def test_a_spoilt_roster_enters_nobody(released: Course, tmp_path: Path, text: str, said: str) -> None:
    """One bad row and nobody is entered; the row is named."""
    path = tmp_path / "roster.csv"
    path.write_text(text)
    with pytest.raises((CourseError, UsageError), match=said):
        enter_roster(released, path)
    assert people(released) == {}


def test_the_column_of_the_ids_can_be_named(
    released: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where students hand in under their e-mail address, that column is named; the command says what it read."""
    path = tmp_path / "roster.csv"
    path.write_text(MOODLE)
    assert run(monkeypatch, released, "roster", str(path), "--id", "E-Mail-Adresse") == 0
    assert list(people(released)) == ["ada@example.edu"]
    assert "id is read from 'E-Mail-Adresse'\n" in capsys.readouterr().out
    assert run(monkeypatch, released, "roster", str(path), "--id", "none") == 2
    assert "has no column 'none'" in capsys.readouterr().err
