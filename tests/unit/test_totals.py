"""Several assignments in one table, and the learners' pages in a zip as Moodle takes it."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from gradekit import cli
from gradekit.errors import CourseError, UsageError
from gradekit.gradebook.assignment import open_gradebook
from gradekit.gradebook.settings import read_settings
from gradekit.new.assignment import new_assignment
from gradekit.new.exercise import new_exercise
from gradekit.release.make import release
from gradekit.semester.feedbackzip import zip_feedback
from gradekit.semester.total import read_weights, write_total

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gradekit.course.course import Course


@pytest.fixture
def course(released: Course, enrol: Callable[..., None]) -> Course:
    """Two assignments: `small` with 2.5 points, `second` with 10. Bob handed in one, Cy waits for a person."""
    new_assignment(released, "second")
    new_exercise(released, "second", "slope", points=10)
    release(released, "second", solutions=False)
    enrol(released, "small", "ann", {"double": 0.0}, person={"first_name": "Ann", "email": "ann@example.edu"})
    enrol(released, "second", "ann", {"slope": 5.0})
    enrol(released, "small", "bob", {})
    enrol(released, "small", "cy", {"double": None})
    enrol(released, "second", "cy", {})
    return released


def table(path: Path) -> dict[str, dict[str, str]]:
    """Return a table's rows by student."""
    text = path.read_text(encoding="utf-8-sig")
    return {row["student"]: row for row in csv.DictReader(io.StringIO(text))}


def test_a_total_by_weights(course: Course, tmp_path: Path) -> None:
    """A share of each assignment by its weight; who handed in nothing has 0 in it; what is open has no total."""
    target = tmp_path / "total.csv"
    assert write_total(course, target, weights={"small": 40, "second": 60}) == ("small", "second")
    rows = table(target)
    assert rows["ann"]["total_percent"] == f"{40 * 2 / 2.5 + 60 * 5 / 10:g}"
    assert (rows["ann"]["name"], rows["ann"]["email"]) == ("Ann", "ann@example.edu")
    assert (rows["bob"]["second: score"], rows["bob"]["second: state"], rows["bob"]["total_percent"]) == (
        "0",
        "missing",
        "40",
    )
    assert (rows["cy"]["total_percent"], rows["cy"]["open"]) == ("", "small")
    assert target.stat().st_mode & 0o077 == 0


def test_a_total_by_points(course: Course, tmp_path: Path) -> None:
    """Without weights all that were released count, each as much as its points."""
    target = tmp_path / "total.csv"
    assert write_total(course, target, weights={}) == ("second", "small")
    assert table(target)["ann"]["total_percent"] == f"{100 * (2 + 5) / 12.5:g}"


@pytest.mark.parametrize("words", [["hw1"], ["hw1=x"], ["hw1=0"], ["hw1=-3"], ["hw1=nan"], ["=3"], ["a=1", "a=2"]])
def test_what_is_no_weight(words: list[str]) -> None:
    """A weight is a name and a number above 0, once."""
    with pytest.raises(UsageError):
        read_weights(words)


def test_a_total_of_what_is_not_there(course: Course, tmp_path: Path) -> None:
    """A wrong name is said, with the near one."""
    with pytest.raises(CourseError, match="Did you mean 'second'"):
        write_total(course, tmp_path / "total.csv", weights={"secnd": 1})
    assert not (tmp_path / "total.csv").exists()


WORKSHEET = (
    "ID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung\n"
    "Teilnehmer/in11,Ann_Maria Lee/Li,ann@example.edu,-,,\n"
    "Teilnehmer/in12,Bob Ray,bob@example.edu,-,,\n"
    "Teilnehmer/in13,Who,who@example.edu,-,,\n"
)


def page_of(course: Course, student: str, text: str) -> None:
    """Put a feedback page where `gradekit feedback` does."""
    folder = course.folder("feedback", "small", student)
    folder.mkdir(parents=True)
    (folder / "small.html").write_text(text)
    (folder / "submission_secret.txt").write_text("not for a zip")


def test_moodle_gets_pages_by_its_own_numbers(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each page has Moodle's number of its student; nothing else of the folder is in the zip."""
    with open_gradebook(read_settings(course)) as gradebook:
        gradebook.update_or_create_student("bob", email="BOB@example.edu")
    path = tmp_path / "worksheet.csv"
    path.write_text(WORKSHEET, encoding="utf-8")
    with pytest.raises(CourseError, match="Run: gradekit feedback small"):
        zip_feedback(course, "small", path)
    page_of(course, "ann", "for Ann")
    monkeypatch.chdir(course.root)
    monkeypatch.setattr("sys.argv", ["gradekit", "export", "feedback", "small", "--worksheet", str(path)])
    assert cli.main() == 0
    said = capsys.readouterr().out
    assert "pages of 1 student\n" in said
    assert "without a page:\n  bob\nin the file only:\n  Who\n" in said
    with zipfile.ZipFile(tmp_path / "small-feedback.zip") as file:
        assert {name: file.read(name) for name in file.namelist()} == {
            "Ann Maria Lee Li_11_assignsubmission_file_small.html": b"for Ann"
        }


def test_another_file_is_no_worksheet(course: Course, tmp_path: Path) -> None:
    """A table without Moodle's numbers is refused, with the way to the right one."""
    path = tmp_path / "worksheet.csv"
    path.write_text("Name,Email address,Grade\nAnn,ann@example.edu,\n")
    with pytest.raises(CourseError, match="Download grading worksheet"):
        zip_feedback(course, "small", path)


def test_the_worksheet_is_not_written_over_and_nobody_is_passed_over(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two rows of one student are named, with exit code 1; so is who stands in the course alone."""
    path = tmp_path / "worksheet.csv"
    path.write_text(WORKSHEET + "Teilnehmer/in14,Again,ann@example.edu,-,,\n", encoding="utf-8")
    with open_gradebook(read_settings(course)) as gradebook:
        gradebook.update_or_create_student("bob", email="bob@example.edu")
        gradebook.update_or_create_student("carl")
    page_of(course, "bob", "for Bob")
    with pytest.raises(UsageError, match="would be written over"):
        zip_feedback(course, "small", path, to=path)
    monkeypatch.chdir(course.root)
    monkeypatch.setattr("sys.argv", ["gradekit", "export", "feedback", "small", "--worksheet", str(path)])
    assert cli.main() == 1
    said = capsys.readouterr().out
    assert "several rows for ann" in said
    assert "in the course only:\n  carl\n" in said
    assert (tmp_path / "small-feedback.zip").stat().st_mode & 0o077 == 0
