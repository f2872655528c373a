"""A course that needs subprocesses: undecided without the right, full points with it, and every report says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradekit.course import reports
from gradekit.course.course import CONFIG, Course
from gradekit.grade.judge import Grading
from gradekit.grade.unchanged import hashes

from .test_buttons import buttons
from .test_foreign import CELLS, NAME, hand_in, odd_course, rows
from .test_hub import run
from .test_nbgrader import nbgrader

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
ALLOW = "c.Gradekit.allow = ['processes']"
POOL = """from multiprocessing import Pool
def square(x):
    return x * x
with Pool(2) as pool:
    got = pool.map(square, range(4))"""
NEEDS = {
    "script": (
        "import subprocess, sys\nsaid = subprocess.run([sys.executable, '-c', 'print(6 * 7)'], capture_output=True)",
        "assert int(said.stdout) == 42",
    ),
    "command": (
        "said = !echo hi\n!echo there > note.txt",
        "assert said == ['hi'] and open('note.txt').read() == 'there\\n'",
    ),
    "pool": (POOL, "assert got == [0, 1, 4, 9]"),
}


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """An assignment of other making whose solution starts programs, handed in once whole and once with faults."""
    for name in list(CELLS):
        monkeypatch.delitem(CELLS, name)
    for name, cells in NEEDS.items():
        monkeypatch.setitem(CELLS, name, cells)
    made = odd_course(tmp_path / "course")
    hand_in(made, "ann", {})
    hand_in(made, "bob", {"script": "said = None", "command": "said = ['ho']"})
    return made


def test_the_right_is_all_that_was_missing(
    course: Course, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it a person is asked, and told how to allow it; with it all is graded again, as nbgrader grades it."""
    words = ("grade", NAME, "--course-dir", str(course.root), "--jobs", "1")
    before = hashes(Grading(course, NAME))
    assert run(monkeypatch, *words) == 1
    assert rows(course, "ann")["script"] == (None, True)
    assert rows(course, "bob")["pool"] == (None, True)
    assert f"to allow it in this course: {ALLOW}" in capsys.readouterr().out.replace('"', "'")

    config = course.root / CONFIG
    config.write_text(config.read_text(encoding="utf-8") + ALLOW + "\n", encoding="utf-8")
    assert hashes(Grading(course, NAME)) != before
    assert hashes(Grading(course, NAME), ())["isolation"] == before["isolation"]
    assert run(monkeypatch, *words) == 0
    said = capsys.readouterr()
    assert "2 graded, 0 unchanged, 0 undecided" in said.out
    assert "allowed by c.Gradekit.allow: processes" in said.out
    assert "warning" not in said.err
    ours = {student: rows(course, student) for student in ("ann", "bob")}
    assert set(ours["ann"].values()) == {(2.0, False)}
    report = reports.load(course.root, NAME, "ann")
    assert report is not None
    assert report.allowed == ("processes",)
    assert run(monkeypatch, "report", NAME, "--course-dir", str(course.root)) == 0
    page = (course.root / "reports" / NAME / "report.html").read_text(encoding="utf-8")
    assert "Graded with a right allowed" in page

    stock_settings = config.read_text(encoding="utf-8")
    config.write_text(f"import gradekit\n{stock_settings}gradekit.install(c)\n", encoding="utf-8")
    answer = buttons(course).autograde(NAME, "bob")
    assert answer["success"]
    assert "allowed by c.Gradekit.allow: processes" in answer["log"]
    config.write_text(stock_settings, encoding="utf-8")
    stock = nbgrader(course, "autograde", NAME, "--force")
    assert stock.returncode == 0, stock.stderr
    assert {student: rows(course, student) for student in ("ann", "bob")} == ours


@pytest.mark.parametrize(("word", "said"), [("sockets", "unknown name"), ("network", "no course can allow")])
def test_no_other_right_is_given(
    released: Course, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, word: str, said: str
) -> None:
    """A name that does not exist, or may not be allowed, is one sentence and a usage error."""
    config = released.root / CONFIG
    config.write_text(config.read_text(encoding="utf-8") + f"c.Gradekit.allow = ['{word}']\n", encoding="utf-8")
    assert run(monkeypatch, "grade", "small", "--course-dir", str(released.root)) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "There is: 'processes'." in err
