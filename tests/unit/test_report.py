"""The class report over a small course: what is on the page, in the tables, and in which place."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradekit import cli
from gradekit.course import reports
from gradekit.course.course import Course
from gradekit.errors import CourseError
from gradekit.gradebook.assignment import open_gradebook
from gradekit.gradebook.settings import read_settings
from gradekit.model import Diagnosis, InlineResult, Note
from gradekit.report.tables import safe
from gradekit.report.write import Report, make_report

SQUARED = Diagnosis("squares", "Squared", "What is 3 doubled?", "x * x for x + x")
ARABIC = "ليلى الزهراء"
Enrol = Callable[..., None]


def text(made: Report) -> str:
    """Return the page; there is never a NaN in it."""
    page = made.page.read_text(encoding="utf-8")
    assert not re.search(r"\b(nan|inf)\b|\bNone[<;,]", page)
    return page


def table(path: Path) -> list[dict[str, str]]:
    """Return a table's rows."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def groups(made: Report) -> dict[str, list[str]]:
    """Return who is in which group."""
    return {group.key: [line.student for line in group.lines] for group in made.overview.groups}


# --- bad input -------------------------------------------------------------------------------------------------------


def test_an_assignment_that_was_never_released_is_one_sentence_and_exit_code_2(
    released: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says what to do, and writes nothing."""
    shutil.copytree(released.source_folder("small"), released.source_folder("other"))
    monkeypatch.chdir(released.root)
    monkeypatch.setattr(sys, "argv", ["gradekit", "report", "other"])
    assert cli.main() == 2
    said = capsys.readouterr().err
    assert "Release it first: gradekit release other" in said
    assert "Traceback" not in said
    assert not (released.root / "reports").exists()


def test_an_empty_class(released: Course) -> None:
    """Nobody enrolled, nobody handed in: a page that says so, and tables with their heads."""
    made = make_report(released, "small")
    page = text(made)
    assert "nobody has handed in yet" in page
    assert table(made.students) == []
    assert [row["exercise"] for row in table(made.exercises)] == ["double", "quadruple"]


def test_a_class_that_has_not_handed_in(released: Course) -> None:
    """Everybody is enrolled, nobody has handed in."""
    with open_gradebook(read_settings(released)) as gradebook:
        gradebook.add_student("ann")
    made = make_report(released, "small")
    assert "Nothing has been graded yet" in text(made)
    assert groups(made) == {"missing": ["ann"]}


def test_a_class_of_one(released: Course, enrol: Enrol) -> None:
    """One submission has a mean, and no spread and no correlation."""
    enrol(released, "small", "ann", {"double": 0.25})
    made = make_report(released, "small")
    assert "cannot be computed: it takes two submissions" in text(made)
    assert made.overview.distribution.mean.value == 2.25


def test_every_score_equal(released: Course, enrol: Enrol) -> None:
    """Where everybody has the same score, the page says that nothing can be computed, and why."""
    for student in ("ann", "bob", "eve"):
        enrol(released, "small", student, {})
    page = text(make_report(released, "small"))
    assert "Cannot be computed, every score is equal: double, quadruple." in page


def test_without_a_catalogue(released: Course, enrol: Enrol) -> None:
    """An assignment without misconceptions.py has none, and the losses are counted as not recognised."""
    (released.hidden("small") / "misconceptions.py").unlink()
    enrol(released, "small", "ann", {"double": 0.0})
    made = make_report(released, "small")
    assert "None was recognised" in text(made)
    assert made.overview.rows[0].unnamed == 1


def test_a_submission_without_a_report_counts(released: Course, enrol: Enrol) -> None:
    """What plain nbgrader has graded is in the scores, and its tests are not."""
    enrol(released, "small", "ann", {"double": 0.0}, report=False)
    enrol(released, "small", "bob", {})
    made = make_report(released, "small")
    text(made)
    assert groups(made)["no-report"] == ["ann"]
    assert (made.overview.distribution.count, made.overview.tally.reports) == (2, 1)


def test_a_damaged_report_is_no_report(released: Course, enrol: Enrol) -> None:
    """A report that cannot be read does not stop the page."""
    enrol(released, "small", "ann", {})
    (reports.folder(released.root, "small") / "ann.json").write_text("{")
    assert groups(make_report(released, "small"))["no-report"] == ["ann"]


def test_a_folder_that_cannot_be_written_is_one_sentence(released: Course) -> None:
    """A file where the folder belongs is said, with its path."""
    (released.root / "reports").write_text("")
    with pytest.raises(CourseError, match="cannot be written"):
        make_report(released, "small")


@pytest.mark.parametrize(
    "name", [ARABIC, '"><img src=x onerror=alert(1)>', "=cmd|' /C calc'!A0", "line\nbreak", "a#b?c%d"]
)
def test_any_name_is_shown_and_nothing_else_happens(released: Course, enrol: Enrol, name: str) -> None:
    """A student's id and name are text on the page and in the table, and a link to the feedback works."""
    enrol(released, "small", "ann", {}, person={"first_name": name, "last_name": "<script>alert(1)</script>"})
    feedback = released.root / "feedback" / name.replace("/", "_") / "small" / "small.html"
    enrol(released, "small", feedback.parts[-3], {"double": 0.25}, report=False)
    feedback.parent.mkdir(parents=True)
    feedback.write_text("a page")
    made = make_report(released, "small")
    page = text(made)
    assert "<img" not in page
    assert page.count("<script>") == 1  # ours
    rows = table(made.students)
    assert not any(value.lstrip(" ").startswith(("=", "+", "-", "@")) for row in rows for value in row.values())
    assert {row["student"].removeprefix("'") for row in rows} == {"ann", feedback.parts[-3]}


# --- what it says ----------------------------------------------------------------------------------------------------


def test_scores_are_the_gradebooks_final_ones(released: Course, enrol: Enrol) -> None:
    """Manual score, extra credit and late penalty are in it, and it equals what nbgrader exports."""
    with open_gradebook(read_settings(released)) as gradebook:
        due = dt.datetime(2025, 1, 31, 12, 0)  # noqa: DTZ001  (nbgrader's are naive)
        gradebook.update_or_create_assignment("small", duedate=due)
    late = due + dt.timedelta(hours=3)
    enrol(
        released,
        "small",
        "ann",
        {"quadruple": 0.0},
        manual={"quadruple": 1.5},
        extra={"double": 0.25},
        penalty=1.0,
        timestamp=late,
    )
    enrol(released, "small", "bob", {"double": 0.0, "quadruple": 0.0}, penalty=1.0)
    made = make_report(released, "small")
    finals = {entry.student: entry.final for entry in made.overview.results.entries}
    assert finals == {"ann": 1.25, "bob": 0.0}
    with open_gradebook(read_settings(released)) as gradebook:
        for student, final in finals.items():
            row = gradebook.find_submission("small", student)
            assert max(0.0, row.score - row.late_submission_penalty) == pytest.approx(final)
    ann, bob = table(made.students)
    assert (ann["final_score"], ann["raw_score"], ann["extra_credit"], ann["late_penalty"]) == (
        "1.25",
        "2.25",
        "0.25",
        "1",
    )
    assert (ann["late_s"], bob["late_s"]) == ("10800", "0")
    assert groups(made)["late"] == ["ann"]
    assert made.overview.rows[1].item.difficulty.value == pytest.approx((1.5 / 2 + 0) / 2)


def test_what_is_undecided_is_loud_and_in_no_figure(released: Course, enrol: Enrol) -> None:
    """An undecided exercise needs a person; until then the submission is not in the distribution."""
    lost = Note("double-grade is undecided: our tests could not judge this", undecided="double-grade", urgent=True)
    said = (lost, Note("timestamp.txt holds no time", urgent=True))
    enrol(released, "small", "ann", {"double": None}, notes=said)
    enrol(released, "small", "bob", {})
    made = make_report(released, "small")
    found = {group.key: group.lines for group in made.overview.groups}
    assert found["undecided"][0].says == ("double",)
    assert found["alarm"][0].says == ("timestamp.txt holds no time",)
    assert "note" not in found
    assert made.overview.distribution.count == 1
    assert table(made.students)[0]["open"] == "double"


def test_what_waits_for_a_person_is_not_undecided(released: Course, enrol: Enrol) -> None:
    """A cell that a person must grade waits; it is no fault of ours."""
    enrol(released, "small", "ann", {"double": None}, report=False)
    assert groups(make_report(released, "small"))["by-hand"] == ["ann"]


def test_misconceptions_are_counted_with_their_justification(released: Course, enrol: Enrol) -> None:
    """The instructor's text is on the page, the learner's is not."""
    for student in ("ann", "bob"):
        enrol(released, "small", student, {"double": 0.0}, diagnoses={"double": SQUARED}, followed=["quadruple"])
    made = make_report(released, "small")
    page = text(made)
    assert "x * x for x + x" in page
    assert "What is 3 doubled?" not in page
    assert made.overview.tally.misconceptions[0].students == ("ann", "bob")
    assert made.overview.rows[1].followed == 2
    assert table(made.students)[0]["double: misconception"] == "squares"


def test_tests_that_never_and_always_fail(released: Course, enrol: Enrol) -> None:
    """A test that rejects nobody and one that rejects everybody are named."""
    enrol(released, "small", "ann", {"double": 0.0})
    enrol(released, "small", "bob", {"double": 0.25})
    found = make_report(released, "small").overview
    assert [test.test for test in found.always] == ["double_values"]
    assert [test.test for test in found.never] == ["double_exists", "quadruple_values", "quadruple_exists"]


def test_what_else_an_instructor_must_know(released: Course, enrol: Enrol) -> None:
    """Inline scores, no isolation, an open line, another grader's scores, versions, notes: each has its group."""
    inline = (InlineResult("old-grade", 1.0, 1.0),)
    enrol(
        released,
        "small",
        "ann",
        {},
        inline=inline,
        notes=(Note("the file numpy.py is refused"),),
        hashes={"tests": "a"},
    )
    enrol(released, "small", "bob", {"double": 0.0}, isolation="none", line="insecure", hashes={"tests": "b"})
    with open_gradebook(read_settings(released)) as gradebook:
        grade = gradebook.find_grade("double-grade", "small", "small", "bob")
        grade.auto_score, grade.needs_manual_grade = 0.5, True
        gradebook.db.commit()
    made = make_report(released, "small")
    found = groups(made)
    assert (found["inline"], found["note"], found["unsafe"]) == (["ann"], ["ann"], ["bob"])
    assert (found["differs"], found["again"]) == (["bob"], ["bob"])
    assert found["open-line"] == ["bob"]
    assert len(found["versions"]) == 2
    text(made)


def test_more_time_for_somebody_is_no_submission(released: Course) -> None:
    """nbgrader makes rows where an extension is granted; nothing was handed in."""
    with open_gradebook(read_settings(released)) as gradebook:
        gradebook.update_or_create_submission("small", gradebook.add_student("ann").id)
        gradebook.grant_extension("small", "ann", hours=2)
    (released.root / "submitted" / "bob" / "small").mkdir(parents=True)
    assert groups(make_report(released, "small")) == {"missing": ["ann"], "not-graded": ["bob"]}


def test_a_page_leads_to_the_feedback(released: Course, enrol: Enrol) -> None:
    """The link is relative, so that the course can be moved; where there is no page there is no link."""
    enrol(released, "small", "ann", {})
    enrol(released, "small", "bob", {})
    feedback = released.root / "feedback" / "ann" / "small" / "small.html"
    feedback.parent.mkdir(parents=True)
    feedback.write_text("a page")
    made = make_report(released, "small")
    links = re.findall(r'href="([^"#]+\.html)"', text(made))
    assert links == ["../../feedback/ann/small/small.html"]
    assert (made.page.parent / links[0]).resolve() == feedback


# --- where it lies ---------------------------------------------------------------------------------------------------


def test_nobody_else_may_read_it(released: Course, enrol: Enrol) -> None:
    """Scores are for the owner, and for the group only where nbgrader's settings share the course."""
    enrol(released, "small", "ann", {})
    made = make_report(released, "small")
    for path in (made.page, made.students, made.exercises):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    config = released.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.CourseDirectory.groupshared = True\n")
    assert stat.S_IMODE(make_report(released, "small").page.stat().st_mode) == 0o660


def test_it_asks_for_nothing_and_the_same_class_gives_the_same_tables(released: Course, enrol: Enrol) -> None:
    """No address out of the page but the feedback and the tables; no style attribute; the tables do not change."""
    enrol(released, "small", "ann", {"double": 0.25})
    enrol(released, "small", "bob", {})
    made = make_report(released, "small")
    page, tables = text(made), made.students.read_bytes() + made.exercises.read_bytes()
    assert " style=" not in page
    assert not re.search(r'(?:src|href)="(?!#|data:,|students\.csv|exercises\.csv|alike\.csv)', page)
    again = make_report(released, "small")
    assert tables == again.students.read_bytes() + again.exercises.read_bytes()


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        (" =1", "' =1"),
        ("＝1", "'＝1"),  # noqa: RUF001  (the wide sign is what is tested)
        ("ann", "ann"),
        ("", ""),
        (None, ""),
        (-0.5, "-0.5"),
        (3, "3"),
    ],
)
def test_no_cell_is_a_formula(value: Any, cell: str) -> None:
    """Text that a spreadsheet would compute gets an apostrophe; numbers stay numbers."""
    assert safe(value) == cell


def test_the_command_prints_paths_and_json(
    released: Course, enrol: Enrol, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """gradekit report names its four files; --json has the figures."""
    import json

    enrol(released, "small", "ann", {"double": 0.25})
    monkeypatch.chdir(released.root)
    monkeypatch.setattr(sys, "argv", ["gradekit", "report", "small"])
    assert cli.main() == 0
    assert capsys.readouterr().out.count("wrote ") == 4
    monkeypatch.setattr(sys, "argv", ["gradekit", "report", "small", "--json"])
    assert cli.main() == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["distribution"]["mean"]["value"] == 2.25
    assert answer["exercises"]["double"]["difficulty"]["value"] == 0.5
