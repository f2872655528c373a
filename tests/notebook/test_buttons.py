"""nbgrader's commands and formgrader's buttons with gradekit installed, and one story of a submission everywhere.

Formgrader's buttons call nbgrader's own `NbGraderAPI`, and so do these tests; one presses them in a real server.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory

from gradekit import cli
from gradekit.course import reports
from gradekit.course.course import Course
from gradekit.demo import Submission, hand_in
from gradekit.feedback.parts import CHANGED, WAITS_AGAIN
from gradekit.feedback.write import NEWER, UNJUDGED, UNREAD
from gradekit.grade.classroom import due
from gradekit.grade.judge import Grading
from gradekit.gradebook import convert
from gradekit.gradebook.settings import course_at, read_settings
from gradekit.plugin.feedback import EngineGenerateFeedback
from gradekit.plugin.generate import EngineGenerateAssignment
from gradekit.release.make import release
from gradekit.report.write import make_report

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

WRONG = {"double": "def double(x):\n    return x * x"}
ENDS = '''

@quadruple.test()
def ends(student, reference, expect):
    """Ends the process that judges, where the answer says so."""
    import os
    expect.true(True, "")
    if student.double(0) == 13:
        os._exit(7)
'''
NEVER = """

@double.test()
def never(student, reference, expect):
    '''Is never right.'''
    expect.true(False, "It is not.")
"""
ENDING = {"double": "def double(x):\n    return 13 if np.ndim(x) == 0 else x + x"}
Pressed = dict[str, dict[str, Any]]


def buttons(course: Course) -> NbGraderAPI:
    """Return what formgrader's buttons call, with the course's settings."""
    config = read_settings(course)
    return NbGraderAPI(coursedir=CourseDirectory(config=config), config=config)


def files(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def pressed(released_once: Course, once: Callable[..., Path]) -> tuple[Course, Pressed]:
    """The small course with a class of four, autograded as by formgrader's button, and what it said."""

    def make(folder: Path) -> None:
        course = Course(shutil.copytree(released_once.root, folder / "course", symlinks=True))
        tests = course.hidden("small") / "tests.py"
        tests.write_text(tests.read_text(encoding="utf-8") + ENDS, encoding="utf-8")
        hand_in(course, "small", [Submission("ann", WRONG), Submission("bad", ENDING), Submission("torn", {})])
        hand_in(course, "small", [Submission("zoe", {})])
        path = course.root / "submitted" / "torn" / "small" / "small.ipynb"
        path.write_text(path.read_text(encoding="utf-8")[:-200], encoding="utf-8")
        for path in (course.root / "submitted").iterdir():
            (path / "small" / "submission_secret.txt").write_text("0123456789abcdef" * 8)
        said = {name: buttons(course).autograde("small", name) for name in ("bad", "[atz]*")}
        (folder / "said.json").write_text(json.dumps(said), encoding="utf-8")

    folder = once("buttons", make)
    return Course(folder / "course"), json.loads((folder / "said.json").read_text(encoding="utf-8"))


@pytest.fixture
def course(pressed: tuple[Course, Pressed], tmp_path: Path) -> Course:
    """A copy of that course."""
    return course_at(shutil.copytree(pressed[0].root, tmp_path / "course", symlinks=True))


def gradekit(monkeypatch: pytest.MonkeyPatch, course: Course, *words: str) -> int:
    """Run one of our commands in a course."""
    monkeypatch.setattr("sys.argv", ["gradekit", *words, "--course-dir", str(course.root)])
    return cli.main()


def states(course: Course) -> dict[str, str]:
    """Write the class report and return each student's state from its table."""
    table = make_report(course, "small").students
    with table.open(encoding="utf-8-sig", newline="") as rows:
        return {row["student"]: row["status"] for row in csv.DictReader(rows)}


def page(course: Course, student: str) -> str:
    """Return a feedback page, white space made single."""
    path = course.root / "feedback" / student / "small" / "small.html"
    return " ".join(path.read_text(encoding="utf-8").split())


def give(course: Course, student: str, cell: str, score: float) -> None:
    """Give a score by hand, as formgrader saves it."""
    with convert.gradebook(read_settings(course)) as gradebook:
        grade = gradebook.find_grade(cell, "small", "small", student)
        grade.manual_score, grade.needs_manual_grade = score, False
        gradebook.db.commit()


def asks(course: Course, student: str) -> bool:
    """Tell whether formgrader says that the submission needs a person."""
    with convert.gradebook(read_settings(course)) as gradebook:
        return bool(gradebook.find_submission("small", student).needs_manual_grade)


def answer(course: Course, student: str, source: str) -> None:
    """Hand in another answer to double."""
    path = course.root / "submitted" / student / "small" / "small.ipynb"
    node = json.loads(path.read_text(encoding="utf-8"))
    next(cell for cell in node["cells"] if cell["id"] == "double")["source"] = source
    path.write_text(json.dumps(node), encoding="utf-8")


class TestAutograde:
    """What the button says, and that a hostile hand-in harms nobody else, nor the server."""

    def test_everybody_is_graded(self, pressed: tuple[Course, Pressed]) -> None:
        """A death of the judging process is that submission's own; nobody's button shows a fault."""
        course, said = pressed
        found = {name: reports.load(course.root, "small", name) for name in ("ann", "bad", "torn", "zoe")}
        assert all(answer["success"] for answer in said.values()), said
        scores = {name: [result.score for result in report.exercises] for name, report in found.items() if report}
        none = [None, None]
        assert scores == {"ann": [0.0, 2.0], "bad": none, "torn": none, "zoe": [0.5, 2.0]}

    def test_what_is_undecided_is_said_in_words(self, pressed: tuple[Course, Pressed]) -> None:
        """It was recorded, which exercises a person must look at, and what to do; no traceback."""
        said = pressed[1]["bad"]
        assert "error" not in said
        assert "Traceback" not in said["log"]
        assert "small is undecided: it ended the grader" in said["log"]
        assert "bad was graded and recorded. A person must look at double, quadruple. Give a score" in said["log"]
        rest = pressed[1]["[atz]*"]["log"]
        assert "torn was graded and recorded. A person must look at double, quadruple" in rest
        assert "zoe" not in rest

    def test_what_would_cost_the_class_is_said_first(
        self, course: Course, edit: Callable[[Callable[[dict[str, Any]], Any]], None]
    ) -> None:
        """What the source's own solution loses, and that it is not what was released, as by `gradekit grade`."""
        tests = course.hidden("small") / "tests.py"
        tests.write_text(tests.read_text(encoding="utf-8") + NEVER, encoding="utf-8")
        edit(lambda cells: cells["title"].update(source="# Another title"))
        said = buttons(course).autograde("small", "ann")
        assert said["success"]
        lines = [line for line in said["log"].splitlines() if "the source" in line]
        assert len(lines) == 2
        assert "the source differs from what was released (title)" in lines[0]
        assert "the source's own solution earns" in lines[1]
        assert "It is not." in lines[1]

    def test_what_could_not_be_graded_is_a_fault(self, course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where we fail, the button shows an error, and the old score stays."""
        monkeypatch.setattr("gradekit.plugin.autograde.grade_each", lambda *_: iter([("zoe", "the disk is full")]))
        said = buttons(course).autograde("small", "zoe")
        assert not said["success"]
        assert "zoe could not be graded, and nothing was recorded:\n    the disk is full" in said["log"]
        assert states(course)["zoe"] == "graded"


class TestGenerate:
    """Formgrader's Generate, and `nbgrader generate_assignment`."""

    def test_it_does_what_release_does(self, course: Course) -> None:
        """The same files, also the worked solutions; and nobody is graded again for it."""
        release(course, "small")
        expected = [files(course.root / name) for name in ("release", "solutions")]
        kept = due(Grading(course, "small"))[1]
        for name in ("release", "solutions"):
            shutil.rmtree(course.root / name)
        said = buttons(course).generate_assignment("small")
        assert said["success"], said
        assert [files(course.root / name) for name in ("release", "solutions")] == expected
        assert due(Grading(course, "small"))[1] == kept
        assert set(kept) >= {"ann", "zoe"}

    def test_a_leak_is_refused(self, course: Course, edit: Callable[[Callable[[dict[str, Any]], Any]], None]) -> None:
        """What gradekit refuses to release is refused with its sentence, and nothing has changed."""
        edit(lambda cells: cells["double-try"].update(source="doubled_value = x + x\nreturn doubled_value"))
        before = files(course.root / "release")
        said = buttons(course).generate_assignment("small")
        assert not said["success"]
        assert "Traceback" not in said["log"]
        assert "'doubled_value = x + x' of cell 'double'" in said["log"]
        assert files(course.root / "release") == before

    def test_nbgraders_own_words_hold(self, course: Course) -> None:
        """Without --force a release that is there stays; without a gradebook nothing is released."""
        before = files(course.root / "release")
        (course.root / "release" / "small" / "more.txt").write_text("mine")
        config = read_settings(course)
        generate = EngineGenerateAssignment(
            coursedir=CourseDirectory(config=config, assignment_id="small"), config=config
        )
        generate.start()
        assert files(course.root / "release").keys() - before.keys() == {"small/more.txt"}
        generate.force = generate.no_database = True
        with pytest.raises(NbGraderException, match="leave --no-db out"):
            generate.start()


class TestFeedback:
    """Formgrader's Generate Feedback, and `nbgrader generate_feedback`."""

    def test_both_write_our_page(self, course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
        """After the button, and after the command, the folder is what `gradekit feedback` has written."""
        assert gradekit(monkeypatch, course, "feedback", "small") == 0
        expected = files(course.root / "feedback")
        shutil.rmtree(course.root / "feedback" / "ann")
        assert buttons(course).generate_feedback("small")["success"]
        convert.run(EngineGenerateFeedback, read_settings(course), "small", student="a*")
        assert files(course.root / "feedback") == expected
        assert "grade(" not in page(course, "ann")

    def test_one_student_and_nobody(self, course: Course) -> None:
        """A student's button writes that page alone; of a student who is unknown it says so in a sentence."""
        api = buttons(course)
        assert api.generate_feedback("small", "ann")["success"]
        assert [path.name for path in (course.root / "feedback").iterdir()] == ["ann"]
        said = api.generate_feedback("small", "nobody")
        assert not said["success"]
        assert "no submission of 'small' by nobody" in said["log"]
        assert api.generate_feedback("small", "ann", force=False)["log"].count("Skipping existing assignment") == 1

    def test_what_cannot_be_read_is_said_once(self, course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
        """A notebook that is cut off: the page says so once, what to do, and shows nothing as the learner's own."""
        assert gradekit(monkeypatch, course, "feedback", "small", "--student", "torn") == 0
        text = page(course, "torn")
        assert text.count(UNREAD) == 1
        assert text.count("is not JSON") == 1
        assert "hand it in again" in text
        assert not [
            word for word in ("Your cell", "NotImplementedError", "Nothing to mend", "undecided") if word in text
        ]
        with convert.gradebook(read_settings(course)) as gradebook:
            found = gradebook.find_submission_notebook("small", "small", "torn")
            assert len([comment for comment in found.comments if "JSON" in (comment.auto_comment or "")]) == 1

    def test_what_could_not_be_judged_is_said_once(self, course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
        """A hand-in that ended its judge: the page says so once, without our words for it, and shows the own cells."""
        assert gradekit(monkeypatch, course, "feedback", "small", "--student", "bad") == 0
        text = page(course, "bad")
        assert text.count(UNJUDGED) == 1
        assert "ended the grader" not in text
        assert text.count("Your cell</summary>") == 2


class TestOneStory:
    """Terminal, report, table, page and formgrader say the same of a submission."""

    def test_each_state_has_its_word(self, course: Course) -> None:
        """Graded, undecided; and what was handed in only."""
        hand_in(course, "small", [Submission("new", {})])
        expected = {"ann": "graded", "bad": "undecided", "new": "not graded", "torn": "undecided", "zoe": "graded"}
        assert states(course) == expected
        assert {name for name in ("ann", "bad", "torn", "zoe") if asks(course, name)} == {"bad", "torn"}

    def test_handed_in_again(
        self, course: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Who hands in again after being graded is named by page, terminal, table and report, until graded again."""
        answer(course, "ann", "def double(x):\n    return x + x")
        assert gradekit(monkeypatch, course, "feedback", "small") == 0
        said = [line for line in capsys.readouterr().out.splitlines() if "handed in again" in line]
        assert [line.partition(":")[0] for line in said] == ["ann"]
        assert "handed in again after this was graded" in said[0]
        assert NEWER in page(course, "ann")
        assert NEWER not in page(course, "zoe")
        assert (states(course)["ann"], states(course)["zoe"]) == ("handed in again", "graded")
        assert "Handed in again" in make_report(course, "small").page.read_text(encoding="utf-8")
        assert buttons(course).autograde("small", "ann")["success"]
        assert states(course)["ann"] == "graded"

    def test_a_persons_score_stands(
        self, course: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Of an answer that has not changed it is final everywhere, also where our tests are still undecided."""
        give(course, "ann", "double-grade", 0.25)
        for name in ("double-grade", "quadruple-grade"):
            give(course, "torn", name, 0.5)
        assert gradekit(monkeypatch, course, "grade", "small", "--student", "ann", "--student", "torn", "--force") == 0
        said = capsys.readouterr().out
        assert "0 undecided" in said
        assert "the score that a person gave stands" in said
        assert "a person must look" not in said
        assert gradekit(monkeypatch, course, "feedback", "small") == 0
        assert (states(course)["ann"], states(course)["torn"]) == ("graded", "graded")
        for name, score in {"ann": "2.25", "torn": "1"}.items():
            assert not asks(course, name)
            assert f"<strong>{score}</strong> of 2.5 points</p>" in page(course, name)
            assert "A person has looked at this and given the score." in page(course, name)
            assert not [word for word in ("so far", CHANGED, WAITS_AGAIN) if word in page(course, name)]

    def test_a_changed_answer_says_so(
        self, course: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A person's score for another answer is to be looked at again, by every page; a new score settles it."""
        give(course, "ann", "double-grade", 0.25)
        give(course, "ann", "quadruple-grade", 1.5)
        answer(course, "ann", "def double(x):\n    return x ** 2")
        assert gradekit(monkeypatch, course, "grade", "small", "--student", "ann") == 1
        said = capsys.readouterr().out
        assert "double-grade: a person gave 0.25 for another answer; does the score still hold?" in said
        assert "ann: a person must look at double" in said
        assert "quadruple" not in said
        assert gradekit(monkeypatch, course, "feedback", "small") == 0
        assert CHANGED in page(course, "ann")
        assert "so far" in page(course, "ann")
        assert states(course)["ann"] == "a person must look"
        assert asks(course, "ann")
        give(course, "ann", "double-grade", 0.0)
        assert gradekit(monkeypatch, course, "feedback", "small") == 0
        assert CHANGED not in page(course, "ann")
        assert "so far" not in page(course, "ann")
        assert states(course)["ann"] == "graded"


def test_an_assignment_without_hidden_tests_is_nbgraders_own(small: Course) -> None:
    """Generate and Generate Feedback are nbgrader's own work there, autograding ours; all from formgrader's buttons."""
    node = json.loads(small.source("small").read_text(encoding="utf-8"))
    for cell in node["cells"]:
        if cell["id"].endswith("-grade"):
            cell["source"] = f"assert {cell['id'].removesuffix('-grade')}(0) == 0"
    shutil.rmtree(small.hidden("small"))
    small.source("small").write_text(json.dumps(node), encoding="utf-8")
    api = buttons(small)
    assert api.generate_assignment("small")["success"]
    assert not (small.root / "solutions").exists()
    hand_in(small, "small", [Submission("ann", WRONG)])
    assert api.autograde("small", "ann")["success"]
    assert api.generate_feedback("small")["success"]
    made = files(small.root / "feedback" / "ann" / "small")["small.html"]
    convert.run(GenerateFeedback, read_settings(small), "small")
    assert files(small.root / "feedback" / "ann" / "small")["small.html"] == made
    hand_in(small, "small", [Submission("torn", {})])
    path = small.root / "submitted" / "torn" / "small" / "small.ipynb"
    path.write_text(path.read_text(encoding="utf-8")[:-200], encoding="utf-8")
    assert api.autograde("small", "torn")["success"]
    assert states(small) == {"ann": "graded", "torn": "undecided"}


@pytest.mark.slow
def test_all_three_in_a_real_server(released: Course, edit: Callable[[Callable[[dict[str, Any]], Any]], None]) -> None:
    """Generate, Autograde and Generate Feedback, pressed one after the other in a server with its own event loop."""
    edit(lambda cells: cells["title"].update(source="# A new title\n\n2.5 points"))
    hand_in(released, "small", [Submission("ann", WRONG)])
    presses = [sys.executable, "-W", "ignore", str(Path(__file__).parents[1] / "presses_buttons.py")]
    buttons_ = ["assignment/small/assign", "submission/small/ann/autograde", "assignment/small/generate_feedback"]
    done = subprocess.run([*presses, *buttons_], cwd=released.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for folder in ("release", "solutions"):
        assert "A new title" in (released.root / folder / "small" / "small.ipynb").read_text(encoding="utf-8")
    assert "What is 3 doubled?" in page(released, "ann")
    assert states(released) == {"ann": "graded"}
    assert due(Grading(released, "small"))[1] == ["ann"]
