"""Feedback pages where nbgrader looks for them: final scores, companions, damage, and what no page may tell."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeReleaseFeedback

from gradekit import cli
from gradekit.course import notebook, reports
from gradekit.course.course import Course
from gradekit.demo import DUE, Submission, hand_in
from gradekit.errors import CourseError
from gradekit.feedback.write import Delivered, students, write_feedback
from gradekit.files import open_stage
from gradekit.gradebook import convert
from gradekit.gradebook.assignment import open_assignment, open_gradebook
from gradekit.gradebook.record import record
from gradekit.gradebook.settings import read_settings
from gradekit.handin.submission import take_in
from gradekit.model import Diagnosis, ExerciseResult, GradeReport, Judged, JudgedNotebook, TestResult, Verdict
from gradekit.release.make import release

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

SECRET = "0123456789abcdef" * 8
ARABIC = "\u0639\u0644\u064a \u0627\u0644\u062d\u0633\u0646"
WRONG = {"double": "def double(x):\n    return x * x"}
DIAGNOSIS = Diagnosis("squares", "Squared", "What is 3 doubled?", "x * x for x + x")
Write = Callable[..., Delivered]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to keep what is slow to make."""
    return tmp_path_factory.mktemp("shelf")


@pytest.fixture
def course(shelf: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Course:
    """The small course, released, in which ada and bob handed in; nothing is graded."""
    if not (shelf / "course").exists():
        released: Course = request.getfixturevalue("released")
        with convert.gradebook(read_settings(released)) as gradebook:
            gradebook.update_or_create_assignment("small", duedate=DUE.replace(tzinfo=None))
        hand_in(released, "small", [Submission("ada", WRONG), Submission("bob", {})])
        released.root.rename(shelf / "course")
    shutil.copytree(shelf / "course", tmp_path / "graded", symlinks=True)
    return Course(tmp_path / "graded")


def report(student: str, score: float = 0.0) -> GradeReport:
    """Return a report in which double is wrong and quadruple was judged with a right double."""
    verdict = Verdict.AC if score else Verdict.WA
    said = {} if score else {"message": "double(x) is off.", "line": "return x * x"}
    tests = (TestResult("values", "double(x) has the right values.", 2, verdict, **said),)
    double = ExerciseResult("double", 0.5, score, tests, diagnosis=None if score else DIAGNOSIS)
    four = (TestResult("four_times", "quadruple(x) is four times x.", 1, Verdict.AC),)
    return GradeReport(
        "small", student, "none", (double, ExerciseResult("quadruple", 2, 2.0, four, follow_through=True))
    )


def grade(course: Course, student: str, *, made: GradeReport | None) -> None:
    """Record a submission as graded, with double lost or not as its report has it, and save the report."""
    config = read_settings(course)
    exercises = made.exercises if made else ()
    with open_gradebook(config) as gradebook, open_stage(course.root) as stage:
        book = open_assignment(config, gradebook, "small")
        taken = take_in(book, student, stage)
        runs = tuple(JudgedNotebook(found.name, exercises=exercises) for found in taken.notebooks)
        record(book, taken, Judged(runs, "none", {}), stage=stage, hashes={})
    if made:
        reports.save(course.root, made)
    else:
        (reports.folder(course.root, "small") / f"{student}.json").unlink()


def write(course: Course, *names: str) -> list[Delivered]:
    """Write the pages of these students, or of all."""
    return list(write_feedback(course, "small", students(course, "small", only=names)))


def page(course: Course, student: str, name: str = "small") -> str:
    """Return a page, white space made single."""
    path = course.root / "feedback" / student / "small" / f"{name}.html"
    return " ".join(path.read_text(encoding="utf-8").split())


def change(course: Course, edit: Callable[[Gradebook], Any]) -> None:
    """Change something in the gradebook, as a person does in formgrader."""
    with open_gradebook(read_settings(course)) as gradebook:
        edit(gradebook)
        gradebook.db.commit()


def test_a_page_says_what_was_lost_and_why(course: Course) -> None:
    """Score, diagnosis, what failed, follow-through, and the learner's own line, marked."""
    grade(course, "ada", made=report("ada"))
    (done,) = write(course)
    text = page(course, "ada")
    assert done.pages == (course.root / "feedback" / "ada" / "small" / "small.html",)
    assert "<strong>2</strong> of 2.5 points" in text
    for said in (
        "Squared",
        "What is 3 doubled?",
        "double(x) has the right values.",
        "A mistake costs once",
        'class="hll"',
    ):
        assert said in text


def test_the_score_is_the_final_one(course: Course) -> None:
    """Manual score and comment, extra credit and late penalty are the gradebook's, and each is said."""

    def edit(gradebook: Gradebook) -> None:
        where = ("small", "small", "ada")
        mark = gradebook.find_grade("double-grade", *where)
        mark.manual_score, mark.extra_credit, mark.needs_manual_grade = 0.25, 0.5, False
        gradebook.find_comment("double", *where).manual_comment = "Nearly. See $x + x$ and `double`."
        gradebook.find_submission_notebook(*where).late_submission_penalty = 1.0
        found = gradebook.find_submission("small", "ada")
        found.timestamp = DUE.replace(tzinfo=None, hour=15)

    grade(course, "ada", made=report("ada"))
    change(course, edit)
    write(course)
    text = page(course, "ada")
    assert "<strong>1.75</strong> of 2.5 points" in text
    assert "You earned 2.75; 1 came off for handing in 3 hours late." in text
    assert "0.5 of it is extra credit." in text
    assert "Nearly. See <math>" in text
    assert "A person has looked at this" in text


def test_no_page_tells_a_solution_a_test_or_a_reference(course: Course) -> None:
    """No line of the hidden tests and of the source's solution stands on a page; nor what only the instructor reads."""
    grade(course, "ada", made=report("ada"))
    write(course)
    text = page(course, "ada")
    hidden = (course.hidden("small") / "tests.py").read_text()
    code = [line.strip() for line in hidden.splitlines() if re.match(r"\s+(\w+\.\w+\(|for |x = |return )", line)]
    cells = notebook.cells(notebook.read(course.source("small")))
    lines = [line.strip() for cell in cells for line in notebook.region_lines(cell.source, notebook.HIDDEN_TESTS)]
    source = next(cell.source for cell in cells if cell.grade_id == "double")
    lines += [line.strip() for line in notebook.region_lines(source, notebook.SOLUTION)]
    assert len(code) > 5
    assert "doubled_value = x + x" in lines
    for line in (*code, *lines, DIAGNOSIS.justification, "BEGIN HIDDEN TESTS", "from gradekit.hidden"):
        assert line not in text


def test_a_page_without_a_report_shows_scores_and_cells(course: Course) -> None:
    """Graded by plain nbgrader, or before a report was kept: the page says what it knows."""
    grade(course, "ada", made=None)
    where = ("double-grade", "small", "small", "ada")
    change(course, lambda book: setattr(book.find_grade(*where), "auto_score", 0.25))
    (done,) = write(course, "ada")
    assert "no report" in done.notes[0]
    text = page(course, "ada")
    assert "0.25</strong> of 0.5 points" in text
    assert 'class="nf">double</span>' in text
    assert "A person will look at this" in text


def test_plain_nbgraders_submission_has_a_page(course: Course) -> None:
    """Autograded by stock nbgrader in a kernel: no report, and a whole page."""
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text().replace("gradekit.install(c)", ""))
    convert.run(Autograde, read_settings(course), "small", student="ada")
    write(course, "ada")
    text = page(course, "ada")
    assert "<strong>2</strong> of 2.5 points" in text
    assert "BEGIN HIDDEN TESTS" not in text


def test_a_stale_report_is_not_shown(course: Course) -> None:
    """A report of another grading than the gradebook's says nothing."""
    grade(course, "ada", made=report("ada"))
    reports.save(course.root, report("ada", 0.5))
    write(course)
    assert "double(x) has the right values." not in page(course, "ada")


def test_an_unknown_student_is_one_sentence(course: Course, monkeypatch: Any, capsys: Any) -> None:
    """A student without a graded submission, a wrong name and a wrong assignment: exit code 2, nothing written."""
    grade(course, "ada", made=report("ada"))
    monkeypatch.chdir(course.root)
    cases = (
        (["small", "--student", "bob"], "no submission of 'small' by bob"),
        (["small", "--student", "nobody\x1b[31m"], "no submission of 'small' by nobody"),
        (["smal"], "Did you mean 'small'?"),
    )
    for words, sentence in cases:
        monkeypatch.setattr("sys.argv", ["gradekit", "feedback", *words])
        assert cli.main() == 2
        said = capsys.readouterr().err
        assert sentence in said
        assert "\x1b" not in said
        assert "Traceback" not in said
    assert not (course.root / "feedback").exists()


def test_no_gradebook_is_one_sentence_and_makes_none(small: Course) -> None:
    """Asked before anything was released: a sentence, and no empty gradebook left behind."""
    with pytest.raises(CourseError, match="no gradebook"):
        students(small, "small")
    assert not (small.root / "gradebook.db").exists()


def test_nothing_graded_is_one_sentence(course: Course) -> None:
    """Released, handed in, not graded."""
    with pytest.raises(CourseError, match="no submission of 'small' by anybody"):
        students(course, "small")


def test_the_command_ends_with_where_the_pages_lie(course: Course, monkeypatch: Any, capsys: Any) -> None:
    """In words for a person, as JSON for a program."""
    for name in ("ada", "bob"):
        grade(course, name, made=report(name))
    monkeypatch.chdir(course.root)
    monkeypatch.setattr("sys.argv", ["gradekit", "feedback", "small"])
    assert cli.main() == 0
    assert f"2 pages in {course.root}/feedback/<student>/small/" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["gradekit", "feedback", "small", "--student", "bob", "--json"])
    assert cli.main() == 0
    made = json.loads(capsys.readouterr().out)
    assert made["pages"] == {"bob": [str(course.root / "feedback" / "bob" / "small" / "small.html")]}


# --- companions and files --------------------------------------------------------------------------------------------


def test_only_what_nbgrader_asks_for_lies_beside_a_page(course: Course) -> None:
    """nbgrader's own page is overwritten; what a student handed in, planted pages too, is gone; all can be read."""
    submitted = course.root / "submitted" / "ada" / "small"
    (submitted / "submission_secret.txt").write_text(SECRET)
    (submitted / "notes.txt").write_text("mine")
    grade(course, "ada", made=report("ada"))
    convert.run(GenerateFeedback, read_settings(course), "small", student="ada")
    folder = course.root / "feedback" / "ada" / "small"
    (folder / "planted.html").write_text("full marks")
    (folder / "data").mkdir()
    (folder / "link.html").symlink_to(course.root / "gradebook.db")
    assert "Content-Security-Policy" not in (folder / "small.html").read_text()
    write(course)
    assert sorted(path.name for path in folder.iterdir()) == ["small.html", "submission_secret.txt", "timestamp.txt"]
    assert "Content-Security-Policy" in page(course, "ada")
    assert (folder / "submission_secret.txt").read_text() == SECRET
    assert (folder / "timestamp.txt").read_text() == (submitted / "timestamp.txt").read_text()
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o644}


@pytest.mark.parametrize("spoil", ["missing", "a folder", "a link", "not text", "long"])
def test_release_feedback_works_whatever_the_companions_are(course: Course, tmp_path: Path, spoil: str) -> None:
    """nbgrader's release_feedback publishes the page where time stamp and secret are missing or spoilt."""
    grade(course, "ada", made=report("ada"))
    bad = {"not text": b"\xff\xfe", "long": b"x" * 5000}
    for step in ("submitted", "autograded"):
        for name in ("timestamp.txt", "submission_secret.txt"):
            path = course.root / step / "ada" / "small" / name
            path.unlink(missing_ok=True)
            if spoil == "a folder":
                path.mkdir()
            elif spoil == "a link":
                path.symlink_to(course.root / "gradebook.db")
            elif spoil in bad:
                path.write_bytes(bad[spoil])
    (done,) = write(course)
    assert any("submission_secret.txt" in note for note in done.notes)
    assert len(released(course, tmp_path)) == 1


def released(course: Course, tmp_path: Path) -> list[Path]:
    """Run nbgrader's release_feedback; return what it published."""
    config = read_settings(course)
    config.CourseDirectory.course_id = "course"
    config.Exchange.root = str(tmp_path / "exchange")
    Path(config.Exchange.root).mkdir(mode=0o777, exist_ok=True)
    Path(config.Exchange.root).chmod(0o777)
    directory = CourseDirectory(config=config, assignment_id="small", student_id="*")
    ExchangeReleaseFeedback(coursedir=directory, config=config).start()
    return sorted((tmp_path / "exchange" / "course" / "feedback").iterdir())


def test_release_feedback_publishes_for_the_secret_that_was_handed_in(course: Course, tmp_path: Path) -> None:
    """The published name follows from the submission's secret, as nbgrader's fetch_feedback expects."""
    from nbgrader.utils import notebook_hash

    (course.root / "submitted" / "ada" / "small" / "submission_secret.txt").write_text(SECRET)
    grade(course, "ada", made=report("ada"))
    write(course)
    (path,) = released(course, tmp_path)
    assert path.stem == notebook_hash(secret=SECRET, notebook_id="small")


def test_a_made_up_secret_is_kept(course: Course) -> None:
    """Written again, a page without a secret of its own keeps the one that was made up, and no two are alike."""
    secrets = []
    for name in ("ada", "ada", "bob"):
        grade(course, name, made=report(name))
        write(course, name)
        secrets.append((course.root / "feedback" / name / "small" / "submission_secret.txt").read_text())
    assert secrets[0] == secrets[1] != secrets[2]


def test_a_half_written_page_is_never_left(course: Course, monkeypatch: Any) -> None:
    """A disk that is full in the middle of a page leaves the page that was there, and no part of the new one."""
    grade(course, "ada", made=report("ada"))
    write(course)
    before = page(course, "ada")
    grade(course, "ada", made=report("ada", 0.5))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CourseError, match="cannot be written: No space left"):
        write(course)
    folder = course.root / "feedback" / "ada" / "small"
    assert page(course, "ada") == before
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_what_a_killed_run_left_is_removed(course: Course) -> None:
    """A part of a page left by a killed run is gone after the next; a folder in a page's place makes room."""
    grade(course, "ada", made=report("ada"))
    folder = course.root / "feedback" / "ada" / "small"
    (folder / "small.html").mkdir(parents=True)
    (folder / ".part-killed").write_text("<h1>half")
    write(course)
    assert "Squared" in page(course, "ada")
    assert len(list(folder.iterdir())) == 3


# --- submissions of every kind ---------------------------------------------------------------------------------------


def test_a_name_in_arabic(course: Course) -> None:
    """The gradebook's name stands on the page, in its own direction."""
    grade(course, "ada", made=report("ada"))
    first, last = ARABIC.split()
    change(course, lambda book: book.update_or_create_student("ada", first_name=first, last_name=last))
    write(course)
    assert f"<bdi>{ARABIC}</bdi>" in page(course, "ada")


def test_a_student_folder_in_arabic(course: Course) -> None:
    """A student whose very folder is named in Arabic has a page."""
    hand_in(course, "small", [Submission(ARABIC, {})])
    grade(course, ARABIC, made=report(ARABIC))
    write(course)
    assert f"<bdi>{ARABIC}</bdi>" in page(course, ARABIC)


@pytest.mark.parametrize("name", ['<img src=x onerror="alert(1)">', "{{ 7 * 7 }}", "a & b"])
def test_a_name_with_markup_is_text(course: Course, name: str) -> None:
    """A name is escaped, and no template is read from it."""
    hand_in(course, "small", [Submission(name, {})])
    grade(course, name, made=report(name))
    write(course)
    text = page(course, name)
    assert "<img" not in text
    assert "49" not in re.search(r"<bdi>(.*?)</bdi>", text)[1]


def test_a_large_output_makes_no_large_page(course: Course) -> None:
    """An autograded notebook of 50 MB has a page with the scores, and says why the cells are missing."""
    grade(course, "ada", made=report("ada"))
    path = course.root / "autograded" / "ada" / "small" / "small.ipynb"
    node = json.loads(path.read_text())
    cell = next(cell for cell in node["cells"] if cell["cell_type"] == "code")
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 50_000_000}]
    path.chmod(0o644)
    path.write_text(json.dumps(node))
    write(course)
    text = page(course, "ada")
    assert "too large" in text
    assert "<strong>2</strong> of 2.5 points" in text
    assert len(text) < 100_000


def test_a_missing_notebook_is_said(course: Course) -> None:
    """The gradebook has the submission, autograded/ no notebook: the page says so and has the scores."""
    grade(course, "ada", made=report("ada"))
    shutil.rmtree(course.root / "autograded" / "ada")
    write(course)
    assert "This notebook was not handed in." in page(course, "ada")


def test_several_notebooks_have_a_page_each(course: Course) -> None:
    """Each notebook handed in has a page with its own score, and all of them the sum; one not handed in has none."""
    for name in ("extra", "more"):
        inline = course.source("small").read_text().replace("gradekit.hidden", "elsewhere")  # hidden tests are small's
        (course.source_folder("small") / f"{name}.ipynb").write_text(inline)
    release(course, "small", solutions=False)
    folder = course.root / "submitted" / "ada" / "small"
    shutil.copy(folder / "small.ipynb", folder / "extra.ipynb")
    grade(course, "ada", made=report("ada"))
    (done,) = write(course)
    assert [path.name for path in done.pages] == ["extra.html", "small.html"]
    for name in ("extra", "small"):
        assert "<strong>2</strong> of 2.5 points" in page(course, "ada", name)
        assert "All 3 notebooks of this assignment together: 4 of 7.5 points." in page(course, "ada", name)
    assert "Squared" in page(course, "ada", "small")
    assert "Squared" not in page(course, "ada", "extra")  # the report is that of the notebook with hidden tests


def test_an_assignment_without_a_catalogue_has_pages(course: Course) -> None:
    """No misconceptions and no hidden tests on disk: pages are made from reports and gradebook alone."""
    shutil.rmtree(course.hidden("small"))
    grade(course, "ada", made=report("ada", 0.5))
    write(course)
    assert "Nothing to mend." in page(course, "ada")
