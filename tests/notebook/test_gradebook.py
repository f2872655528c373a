"""Tests of gradekit.gradebook: row for row what stock nbgrader writes, and none of what it should not write."""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import sqlite3
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import nbformat
import nbgrader.converters.autograde
import pytest
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute
from traitlets.config import Config

from gradekit.course.course import Course
from gradekit.demo import DUE, Submission, hand_in
from gradekit.errors import CourseError
from gradekit.files import open_stage
from gradekit.gradebook import assignment as books
from gradekit.gradebook import convert, record
from gradekit.gradebook.assignment import ReleasedAssignment
from gradekit.gradebook.rows import Executed, all_undecided
from gradekit.gradebook.settings import read_settings
from gradekit.gradebook.staged import StagedAutograde
from gradekit.handin.submission import take_in
from gradekit.model import GradeReport, Note
from gradekit.plugin.autograde import EngineAutograde

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

Executor = Callable[..., Executed]  # runs a notebook: (nb, name, folder)
IN_TIME, LATE = "2030-01-31 09:00:00 UTC", "2030-01-31 17:00:00 UTC"
RIGHT = {"double": "def double(x):\n    return x + x", "quadruple": "def quadruple(x):\n    return 4 * x"}


def kernel_executor(config: Config) -> Executor:
    """Run notebooks as stock nbgrader does: in a kernel, with nothing between it and the machine."""

    def execute(nb: Any, name: str, folder: Path) -> Executed:
        Execute(config=config).preprocess(nb, {"metadata": {"name": name, "path": str(folder)}})
        return Executed(by_outputs=True)

    return execute


def nothing_run(*_: Any) -> Executed:
    """Run nothing, and give both exercises of the small course a quarter of a point."""
    return Executed(scores={"double-grade": 0.25, "quadruple-grade": 0.25})


def never(*_: Any) -> Executed:
    """Be an executor that must not be called."""
    raise AssertionError("called")


# --- two courses -----------------------------------------------------------------------------------------------------


def cell(kind: str, name: str, source: str, **flags: Any) -> dict[str, Any]:
    """Return a cell of a source notebook; with flags, nbgrader's."""
    made: dict[str, Any] = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    if flags:
        meta = {"schema_version": 3, "grade_id": name, "grade": False, "solution": False, "locked": True, "task": False}
        made["metadata"]["nbgrader"] = meta | flags
    return made


def inline_notebook() -> dict[str, Any]:
    """Return a notebook of another course: asserts in its cells, partial credit, an essay, a task."""
    hidden = "\n### BEGIN HIDDEN TESTS\nassert area(3) == 9\n### END HIDDEN TESTS"
    area = "### BEGIN SOLUTION\ndef area(x):\n    return x * x\n### END SOLUTION"
    program = "### BEGIN SOLUTION\n1\n### END SOLUTION"
    manual = {"grade": True, "solution": True, "locked": False}
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            cell("markdown", "intro", "# Squares", locked=True),
            cell("code", "given", "import sys\nside = 2", locked=True),
            cell("code", "area", area, solution=True, locked=False),
            cell("code", "play", "area(side)"),
            cell("code", "area-test", "assert area(2) == 4" + hidden, grade=True, points=2),
            cell("code", "partial", "1.5 if area(4) == 16 else 0.5", grade=True, points=2),
            cell("code", "warns", 'print("careful", file=sys.stderr)', grade=True, points=1),
            cell("code", "program", program, points=3, **manual),
            cell("markdown", "essay", "YOUR ANSWER HERE", points=4, **manual),
            cell("markdown", "task", "Draw a square.", task=True, points=5),
            cell("markdown", "drawing", "(here)"),
        ],
    }


def inline_course(root: Path, *names: str) -> Course:
    """Make and release the other course, with a data file; no hidden tests of gradekit's anywhere."""
    course = Course(root)
    folder = course.source_folder("squares")
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "sides.csv").write_text("1,2\n")
    for name in names:
        (folder / f"{name}.ipynb").write_text(json.dumps(inline_notebook()))
    words = "c = get_config()\nc.Execute.extra_arguments = ['--IPKernelApp.log_level=ERROR']\n"
    (root / "nbgrader_config.py").write_text(words)
    config = read_settings(course)
    with convert.gradebook(config) as book:
        book.update_or_create_assignment("squares", duedate=DUE.replace(tzinfo=None))
    convert.run(GenerateAssignment, config, "squares")
    return course


@pytest.fixture(scope="module")
def squares_template(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The other course, released; to be copied."""
    return inline_course(tmp_path_factory.mktemp("squares") / "course", "one", "two")


@pytest.fixture
def squares(squares_template: Course, tmp_path: Path) -> Course:
    """A copy of the other course, with two notebooks."""
    shutil.copytree(squares_template.root, tmp_path / "squares")
    return Course(tmp_path / "squares")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to keep what is slow to make."""
    return tmp_path_factory.mktemp("shelf")


@pytest.fixture
def course(shelf: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Course:
    """The small course, released, with a due date."""
    if not (shelf / "course").exists():
        released: Course = request.getfixturevalue("released")
        with convert.gradebook(read_settings(released)) as book:
            book.update_or_create_assignment("small", duedate=DUE.replace(tzinfo=None))
        released.root.rename(shelf / "course")
    shutil.copytree(shelf / "course", tmp_path / "copy", symlinks=True)
    return Course(tmp_path / "copy")


def released(course: Course, assignment: str, name: str) -> dict[str, Any]:
    """Return a released notebook."""
    path = course.root / "release" / assignment / f"{name}.ipynb"
    node: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return node


def submit(course: Course, assignment: str, student: str, name: str, node: Any = None, **answers: str) -> Path:
    """Hand in a released notebook with these answers; returns its folder."""
    node = copy.deepcopy(node or released(course, assignment, name))
    for item in node["cells"]:
        item["source"] = answers.get(item["id"], item["source"])
    folder = course.root / "submitted" / student / assignment
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.ipynb").write_text(json.dumps(node), encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Recorded:
    """What was said of a submission that was recorded."""

    student: str
    notes: tuple[str, ...]
    alarms: tuple[str, ...]
    late_s: float


def graded(course: Course, assignment: str, student: str, execute: Executor, notebooks: str = "*") -> Recorded:
    """Take in one submission, run it, and enter it in the gradebook, opening all that is needed."""
    config = read_settings(course)
    with books.open_gradebook(config) as opened:
        return entered(books.open_assignment(config, opened, assignment), student, execute, notebooks)


def entered(book: ReleasedAssignment, student: str, execute: Executor, notebooks: str = "*") -> Recorded:
    """Take in one submission, run it, and enter it."""
    with open_stage(Path(book.directory.root)) as stage:
        taken = take_in(book, student, stage, notebooks=notebooks)
        runs = {}
        for found in taken.notebooks:
            nb = nbformat.from_dict(found.node)
            done = all_undecided(nb, found.problem) if found.problem else execute(nb, found.name, taken.files)
            runs[found.name] = (nb, done)
        notes, _ = record.enter(book, taken, runs, stage=stage)
    late_s = float(book.gradebook.find_submission(book.assignment, student).total_seconds_late)
    alarms = tuple(note.text for note in notes if note.urgent)
    return Recorded(student, tuple(note.text for note in notes), alarms, late_s)


def tables(course: Course) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of the gradebook that autograding writes, without the random ids."""
    of = """join submitted_notebook sn on sn.id = x.notebook_id join notebook n on n.id = sn.notebook_id
            join submitted_assignment sa on sa.id = sn.assignment_id join base_cell b on b.id = x.cell_id"""
    asked = {
        "grade": f"select sa.student_id, n.name, b.name, auto_score, manual_score, extra_credit, needs_manual_grade"
        f" from grade x {of}",
        "comment": f"select sa.student_id, n.name, b.name, auto_comment, manual_comment from comment x {of}",
        "submitted_assignment": "select student_id, a.name, timestamp, extension from submitted_assignment"
        " join assignment a on a.id = assignment_id",
        "submitted_notebook": "select sa.student_id, n.name, late_submission_penalty, flagged from submitted_notebook"
        " join submitted_assignment sa on sa.id = submitted_notebook.assignment_id"
        " join notebook n on n.id = notebook_id",
        "student": "select id from student",
    }
    db = sqlite3.connect(course.root / "gradebook.db")
    try:
        return {name: sorted(db.execute(words).fetchall(), key=repr) for name, words in asked.items()}
    finally:
        db.close()


def folder_of(course: Course, student: str, assignment: str) -> dict[str, tuple[str, Any]]:
    """Return an autograded folder: each file's permissions and content, a notebook's without times and ids."""
    root = course.root / "autograded" / student / assignment
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_file():
            content: Any = path.read_bytes()
            if path.suffix == ".ipynb":
                node = nbformat.reads(content.decode(), as_version=4)
                for item in node.cells:
                    item.metadata.pop("execution", None)
                    for output in item.get("outputs", []):
                        output.pop("traceback", None)
                content = node
            found[path.relative_to(root).as_posix()] = (oct(stat.S_IMODE(path.stat().st_mode)), content)
    return found


# --- the same as nbgrader --------------------------------------------------------------------------------------------


def both(course: Course, tmp_path: Path, assignment: str, students: list[str]) -> tuple[Course, Course]:
    """Grade these submissions with stock nbgrader in one copy of the course, and with ours in another."""
    stock, ours = Course(tmp_path / "stock"), Course(tmp_path / "ours")
    for copied in (stock, ours):
        if copied.root.exists():
            shutil.copytree(course.root / "submitted", copied.root / "submitted", dirs_exist_ok=True)
        else:
            shutil.copytree(course.root, copied.root, symlinks=True)
    for student in students:
        convert.run(Autograde, read_settings(stock), assignment, student=student)
        found = graded(ours, assignment, student, kernel_executor(read_settings(ours)))
        assert found.student == student
    return stock, ours


def same(stock: Course, ours: Course, assignment: str, students: list[str]) -> None:
    """Hold every row and every file of ours to those of stock nbgrader."""
    assert tables(ours) == tables(stock)
    for student in students:
        assert folder_of(ours, student, assignment) == folder_of(stock, student, assignment)


@pytest.mark.slow
class TestParity:
    """With nbgrader's own Execute as executor, nothing differs from what stock nbgrader writes."""

    def test_small_course(self, course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Right, blank, half done and late submissions of the small course; then a resubmission."""
        monkeypatch.setenv("GRADEKIT_COURSE", str(course.root))
        blank = {item["id"]: item["source"] for item in released(course, "small", "small")["cells"]}
        untouched = {name: blank[name] for name in RIGHT}
        late = Submission("late", {}, handed_in=DUE.replace(hour=18))
        half = Submission("half", {"quadruple": untouched["quadruple"]})
        hand_in(course, "small", [Submission("right", {}), Submission("blank", untouched), half, late])
        students = ["right", "blank", "half", "late"]
        same(*both(course, tmp_path, "small", students), "small", students)
        shutil.rmtree(course.root / "submitted" / "blank")
        hand_in(course, "small", [Submission("blank", {})])
        stock, ours = both(course, tmp_path, "small", ["blank"])
        same(stock, ours, "small", students)
        assert tables(ours)["grade"] != []

    def test_other_course(self, squares: Course, tmp_path: Path) -> None:
        """Inline asserts, partial credit, a warning, an essay, a task, data files, a missing notebook, being late."""
        answers = {"area": "def area(x):\n    return x * x", "essay": "Because.", "program": "2"}
        for name in ("one", "two"):
            folder = submit(squares, "squares", "good", name, **answers)
        (folder / "data").mkdir()
        (folder / "data" / "sides.csv").write_text("changed")
        (folder / "own.txt").write_text("own")
        (folder / "timestamp.txt").write_text(IN_TIME)
        submit(squares, "squares", "blank", "one")
        submit(squares, "squares", "blank", "two")
        folder = submit(squares, "squares", "missing", "two", area="def area(x):\n    return 4 if x == 2 else 0")
        (folder / "timestamp.txt").write_text(LATE)
        students = ["good", "blank", "missing"]
        stock, ours = both(squares, tmp_path, "squares", students)
        same(stock, ours, "squares", students)
        rows = {row[2]: row[3] for row in tables(ours)["grade"] if row[:2] == ("good", "one")}
        assert rows == {"area-test": 2, "partial": 1.5, "warns": 0, "program": None, "essay": None, "task": None}
        assert ("missing", "one", "essay", 0.0, None, None, 0) in tables(ours)["grade"]

    def test_penalties_settings_and_hooks(self, squares: Course, tmp_path: Path) -> None:
        """A late penalty, shared groups, kept files, cut output and hooks: as the settings say."""
        words = """
c.LateSubmissionPlugin.penalty_method = "zero"
c.CourseDirectory.groupshared = True
c.Autograde.exclude_overwriting = {"squares": ["data/sides.csv"]}
c.LimitOutput.max_lines = 3
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = "careful"
c.ClearMetadataPreprocessor.enabled = True
def note(assignment, student, notebooks):
    with open("hooked.txt", "a") as file:
        file.write(f"{assignment} {len(notebooks)}\\n")
c.Autograde.pre_convert_hook = note
c.Autograde.post_convert_hook = note
"""
        with (squares.root / "nbgrader_config.py").open("a") as file:
            file.write(words)
        for name in ("one", "two"):
            folder = submit(
                squares, "squares", "ann", name, play="for i in range(10):\n    print(i)", area="area = abs"
            )
        (folder / "data").mkdir()
        (folder / "data" / "sides.csv").write_text("mine")
        (folder / "timestamp.txt").write_text(LATE)
        stock, ours = both(squares, tmp_path, "squares", ["ann"])
        same(stock, ours, "squares", ["ann"])
        assert (ours.root / "hooked.txt").read_text() == (stock.root / "hooked.txt").read_text() == "squares 2\n" * 2
        assert (ours.root / "autograded" / "ann" / "squares" / "data" / "sides.csv").read_text() == "mine"
        modes = [
            oct((kept.root / "autograded" / inner).stat().st_mode)
            for inner in (".", "ann/squares", "ann/squares/data")
            for kept in (stock, ours)
        ]
        assert modes[::2] == modes[1::2]


def test_a_notebook_of_another_language_is_refused(squares: Course) -> None:
    """A source whose kernel is not Python's is refused in one sentence: run as Python, everybody would score 0."""
    path = squares.source_folder("squares") / "two.ipynb"
    node = json.loads(path.read_text())
    node["metadata"]["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    path.write_text(json.dumps(node))
    config = read_settings(squares)
    config.ClearSolutions.code_stub = {"python": "raise NotImplementedError", "R": "stop()"}
    convert.run(GenerateAssignment, config, "squares")
    submit(squares, "squares", "eve", "one")
    with pytest.raises(CourseError, match=r"two\.ipynb of 'squares' is for the kernel 'ir' \(R\)"):
        graded(squares, "squares", "eve", never)


# --- what nbgrader should not do -------------------------------------------------------------------------------------


def scores(course: Course, student: str) -> dict[str, tuple[Any, ...]]:
    """Return a student's automatic scores and whether a person is needed, by graded cell."""
    return {row[2]: (row[3], bool(row[6])) for row in tables(course)["grade"] if row[0] == student}


def comments(course: Course, student: str) -> dict[str, str]:
    """Return a student's automatic comments, by cell."""
    return {row[2]: row[3] for row in tables(course)["comment"] if row[0] == student and row[3]}


def outcome(course: Course, student: str, assignment: str = "small") -> set[str]:
    """Return the names of the files that came out."""
    root = course.root / "autograded" / student / assignment
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_symlink() or not path.is_dir()}


class TestFiles:
    """Only regular files come out, and no page of a student's own."""

    def test_planted_files(self, course: Course) -> None:
        """Links, pages, a report and what shadows the course's files stay behind; each is one line."""
        folder = submit(course, "small", "eve", "small", **RIGHT)
        (folder / "x.html").symlink_to(course.root / "gradebook.db")
        (folder / "data").mkdir()
        for name in ("page.HTML", "data/page.htm", "report.json", "own.csv", "data/own.csv"):
            (folder / name).write_text("<script>")
        for name in ("checks.py", "timestamp.txt"):
            (folder / name).mkdir()
            (folder / name / "x").write_text("x")
        os.mkfifo(folder / "pipe")
        found = graded(course, "small", "eve", nothing_run)
        assert outcome(course, "eve") == {"small.ipynb", "checks.py", "own.csv", "data/own.csv"}
        assert "import numpy" in (course.root / "autograded" / "eve" / "small" / "checks.py").read_text()
        assert len(found.notes) == 5  # one for all that is kept aside
        assert found.alarms == ()
        assert scores(course, "eve")["double-grade"] == (0.25, False)

    def test_a_file_where_a_folder_belongs(self, squares: Course) -> None:
        """A file named as a folder of the source's, and a folder named as the notebook, lose nobody a submission."""
        folder = submit(squares, "squares", "eve", "two")
        (folder / "data").write_text("x")
        (folder / "one.ipynb").mkdir()
        (folder / "one.ipynb" / "x").write_text("x")
        found = graded(squares, "squares", "eve", nothing_run)
        assert outcome(squares, "eve", "squares") == {"one.ipynb", "two.ipynb", "data/sides.csv"}
        assert found.alarms[0] == "one is undecided: one.ipynb was refused"

    def test_what_running_leaves_behind(self, course: Course) -> None:
        """A page, a link, and a link in the notebook's place made while running come to nothing."""
        secret = course.root / "secret.txt"
        secret.write_text("secret")

        def evil(_: Any, name: str, folder: Path) -> Executed:
            (folder / "inner").mkdir()
            (folder / "inner" / "page.html").write_text("<script>")
            (folder / "link").symlink_to("/")
            (folder / f"{name}.ipynb").symlink_to(secret)
            (folder / "kept.txt").write_text("kept")
            return Executed(by_outputs=True)

        submit(course, "small", "eve", "small")
        found = graded(course, "small", "eve", evil)
        assert outcome(course, "eve") == {"small.ipynb", "checks.py", "kept.txt"}
        assert secret.read_text() == "secret"
        assert len(found.notes) == 3

    def test_odd_names_of_course_and_student(self, course: Course, tmp_path: Path) -> None:
        """Brackets and braces in a student's name and in the course's path do no harm."""
        other = Course(tmp_path / "c[1] (a+b)")
        shutil.copytree(course.root, other.root, symlinks=True)
        folder = submit(other, "small", "a[1]*é", "small")
        (folder / "page.html").write_text("<script>")
        graded(other, "small", "a[1]*é", nothing_run)
        assert outcome(other, "a[1]*é") == {"small.ipynb", "checks.py"}
        assert books.students(read_settings(other), "small") == ("a[1]*é",)

    def test_autograded_on_another_disk(self, course: Course) -> None:
        """Where autograded/ is a link to another disk, the folder is copied there first."""
        if not os.access("/dev/shm", os.W_OK) or Path("/dev/shm").stat().st_dev == course.root.stat().st_dev:
            pytest.skip("no other disk here")
        with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
            (course.root / "autograded").symlink_to(other)
            submit(course, "small", "ann", "small")
            for _ in range(2):
                graded(course, "small", "ann", nothing_run)
            assert outcome(course, "ann") == {"small.ipynb", "checks.py"}
            assert [path.name for path in (course.root / "autograded" / "ann").iterdir()] == ["small"]


class TestNotebook:
    """A notebook that is damaged, renamed or missing."""

    LOST: ClassVar = {
        "double-tests": (0.0, False),
        "double-grade": (None, True),
        "quadruple-tests": (0.0, False),
        "quadruple-grade": (None, True),
    }

    def test_unreadable(self, course: Course) -> None:
        """Every exercise is undecided, loudly, with a notebook to put a score on; nothing is run."""
        submit(course, "small", "ann", "small", **RIGHT)
        graded(course, "small", "ann", nothing_run)
        (course.root / "submitted" / "ann" / "small" / "small.ipynb").write_text("{")
        found = graded(course, "small", "ann", never)
        assert found.alarms == found.notes == ("small is undecided: The notebook is not JSON (line 1).",)
        assert scores(course, "ann") == self.LOST
        assert set(comments(course, "ann")) == {"double", "quadruple"}
        assert "not JSON" in comments(course, "ann")["double"]
        node = json.loads((course.root / "autograded" / "ann" / "small" / "small.ipynb").read_text())
        assert "could not be graded" in "".join(node["cells"][0]["source"])

    def test_renamed(self, course: Course) -> None:
        """A renamed notebook is graded under its own name."""
        folder = submit(course, "small", "ann", "small", **RIGHT)
        (folder / "small.ipynb").rename(folder / "small (1).ipynb")
        found = graded(course, "small", "ann", nothing_run)
        assert found.notes == ("the notebook small.ipynb was handed in as small (1).ipynb",)
        assert outcome(course, "ann") == {"small.ipynb", "checks.py"}
        assert scores(course, "ann")["double-grade"] == (0.25, False)

    @pytest.mark.parametrize("how", ["two", "link", "alien"])
    def test_it_is_not_clear_which(self, course: Course, how: str) -> None:
        """Two candidates, a refused one, or only another notebook: undecided, and not zero."""
        folder = submit(course, "small", "ann", "small", **RIGHT)
        if how == "alien":
            (folder / "small.ipynb").write_text(json.dumps({"nbformat": 4, "cells": []}))
        (folder / "small.ipynb").rename(folder / "a.ipynb")
        if how == "two":
            shutil.copy(folder / "a.ipynb", folder / "b.ipynb")
        elif how == "link":
            (folder / "a.ipynb").rename(course.root / "a.ipynb")
            (folder / "small.ipynb").symlink_to(course.root / "a.ipynb")
        assert len(graded(course, "small", "ann", never).alarms) == 1
        assert scores(course, "ann") == self.LOST

    def test_nothing_handed_in(self, course: Course) -> None:
        """A folder without a notebook scores 0, as with nbgrader's missing notebooks."""
        (course.root / "submitted" / "ann" / "small").mkdir(parents=True)
        found = graded(course, "small", "ann", never)
        assert found.notes == ("no notebook small.ipynb was handed in",)
        assert set(scores(course, "ann").values()) == {(0.0, False)}

    def test_a_copied_cell(self, course: Course) -> None:
        """A copied solution cell, which aborts nbgrader, costs nothing."""
        node = released(course, "small", "small")
        node["cells"].append(copy.deepcopy(node["cells"][3]))
        submit(course, "small", "ann", "small", node)
        found = graded(course, "small", "ann", nothing_run)
        assert found.notes == ("cell double is there 2 times: the last one counts",)
        assert scores(course, "ann")["double-grade"] == (0.25, False)

    def test_some_notebooks_only(self, squares: Course) -> None:
        """With one notebook named, the other's rows and file stay as they are."""
        for name in ("one", "two"):
            submit(squares, "squares", "ann", name)
        graded(squares, "squares", "ann", lambda *_: Executed(scores={"partial": 1.0}))
        before = (squares.root / "autograded" / "ann" / "squares" / "one.ipynb").read_bytes()
        (squares.root / "submitted" / "ann" / "squares" / "one.ipynb").write_text("{")
        graded(squares, "squares", "ann", lambda *_: Executed(scores={"partial": 2.0}), notebooks="t*")
        rows = {row[1]: row[3] for row in tables(squares)["grade"] if row[2] == "partial"}
        assert rows == {"one": 1.0, "two": 2.0}
        assert (squares.root / "autograded" / "ann" / "squares" / "one.ipynb").read_bytes() == before
        assert outcome(squares, "ann", "squares") == {"one.ipynb", "two.ipynb", "data/sides.csv"}


class TestTimestamp:
    """When it was handed in, as far as can be told."""

    @pytest.mark.parametrize(
        ("content", "alarms", "note", "time"),
        [
            (b"But I want to be a timestamp string :(", 1, "holds no time", None),
            (b"\xff\xfe", 1, "holds no time", None),
            (b"9" * 10**6, 1, "holds no time", None),
            (b"2030-01-01 00:00 /etc/passwd", 1, "holds no time", None),
            (b"2030-01-01 00:00 ../../etc/passwd", 1, "holds no time", None),
            (b"9999-12-31 23:59:59 -1200", 1, "holds no time", None),
            (b"", 0, "is empty", None),
            (b"2999-01-01 00:00:00 UTC", 0, "lies in the future", "2999-01-01 00:00:00.000000"),
            (b"2015-02-02 14:58:23.948203 America/Los_Angeles", 0, "", "2015-02-02 22:58:23.948203"),
        ],
        ids=["words", "bytes", "long", "path", "dots", "overflow", "empty", "future", "zone"],
    )
    def test_timestamp(self, course: Course, content: bytes, alarms: int, note: str, time: str | None) -> None:
        """What is no time is an alarm and counts as none; an empty or a future one is a line."""
        folder = submit(course, "small", "ann", "small")
        (folder / "timestamp.txt").write_bytes(content)
        found = graded(course, "small", "ann", nothing_run)
        assert len(found.alarms) == alarms
        assert [line for line in found.notes if note in line] == list(found.notes)
        assert tables(course)["submitted_assignment"] == [("ann", "small", time, None)]
        assert (found.late_s > 0) == (time is not None and time > "2030")
        assert ("timestamp.txt" in outcome(course, "ann")) == (not alarms)


class TestUndecided:
    """What could not be judged is loud, and an old score is not kept in silence."""

    def test_a_reason_goes_to_the_solution_cell(self, course: Course) -> None:
        """An undecided exercise has no score, needs a person, and says why beside the learner's code."""
        submit(course, "small", "ann", "small", **RIGHT)
        graded(course, "small", "ann", nothing_run)
        with convert.gradebook(read_settings(course)) as book:
            grade = book.find_grade("quadruple-grade", "small", "small", "ann")
            grade.manual_score, grade.extra_credit = 1.75, 0.5
            book.db.commit()
        undecided = {"double-grade": "the worker was lost\x1b[31m", "quadruple-grade": "the tests failed"}
        found = graded(course, "small", "ann", lambda *_: Executed({"double-grade": 0.5}, undecided))
        assert found.alarms[1] == "quadruple-grade is undecided: the tests failed"
        rows = {row[2]: row[3:] for row in tables(course)["grade"] if row[2].endswith("-grade")}
        assert rows == {"double-grade": (None, None, None, 1), "quadruple-grade": (None, 1.75, 0.5, 1)}
        begin = "Not graded automatically, a person will look at it: "
        said = {"double": begin + "the worker was lost\\x1b[31m", "quadruple": begin + "the tests failed"}
        assert comments(course, "ann") == said
        graded(course, "small", "ann", nothing_run)
        assert comments(course, "ann") == {}
        assert scores(course, "ann")["double-grade"] == (0.25, False)

    def test_what_nobody_judged(self, course: Course) -> None:
        """A graded cell that the executor forgot is undecided, where nbgrader gives full marks; so is a wrong name."""
        submit(course, "small", "ann", "small", **RIGHT)
        found = graded(course, "small", "ann", lambda *_: Executed({"double-grade": 0.5}, {"quadruple": "lost"}))
        assert scores(course, "ann")["quadruple-grade"] == (None, True)
        assert scores(course, "ann")["quadruple-tests"] == (0.0, False)
        said = ("quadruple is undecided: lost", "quadruple-grade is undecided: it was not judged")
        assert found.alarms == said

    def test_scores_are_bounded(self, course: Course) -> None:
        """A score outside of [0, points] is cut."""
        submit(course, "small", "ann", "small", **RIGHT)
        graded(course, "small", "ann", lambda *_: Executed(scores={"double-grade": 9.0, "quadruple-grade": -1.0}))
        assert scores(course, "ann")["double-grade"] == (0.5, False)
        assert scores(course, "ann")["quadruple-grade"] == (0.0, False)

    def test_a_result_above_the_points(self, course: Course) -> None:
        """A result that nbgrader gives the whole submission up for leaves one exercise undecided."""

        def above(nb: Any, *_: Any) -> Executed:
            (graded_cell,) = [item for item in nb.cells if item.id == "quadruple-grade"]
            data = {"text/plain": "2.0000000000000004"}
            graded_cell.outputs = [nbformat.v4.new_output("execute_result", data=data)]
            return Executed({"double-grade": 0.5}, by_outputs=True)

        submit(course, "small", "ann", "small", **RIGHT)
        found = graded(course, "small", "ann", above)
        assert scores(course, "ann")["quadruple-grade"] == (None, True)
        assert scores(course, "ann")["double-grade"] == (0.5, False)
        assert "quadruple-grade is undecided: the graded cell's result is no score" in found.alarms[0]

    def test_a_task_is_open_again(self, squares: Course) -> None:
        """A task that scored 0 because its notebook was missing needs a person once it is there."""
        submit(squares, "squares", "ann", "one")
        graded(squares, "squares", "ann", lambda *_: Executed())
        tasks = [row[1:] for row in tables(squares)["grade"] if row[2] == "task"]
        assert tasks == [("one", "task", None, None, None, 1), ("two", "task", 0.0, None, None, 0)]
        submit(squares, "squares", "ann", "two")
        graded(squares, "squares", "ann", lambda *_: Executed())
        assert {row[3] for row in tables(squares)["grade"] if row[2] == "task"} == {None}


class TestAllOrNothing:
    """A submission is recorded whole, or not at all."""

    def state(self, course: Course) -> tuple[Any, ...]:
        """Return all that a failing submission must leave alone."""
        return tables(course), folder_of(course, "ann", "small"), list((course.root / ".gradekit").glob("+stage*"))

    @pytest.fixture
    def before(self, course: Course) -> tuple[Any, ...]:
        """A submission that is graded, and handed in again."""
        submit(course, "small", "ann", "small")
        graded(course, "small", "ann", nothing_run)
        submit(course, "small", "ann", "small", **RIGHT)
        return self.state(course)

    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
    def test_a_failing_executor(self, course: Course, before: tuple[Any, ...], error: type[BaseException]) -> None:
        """What raises while running changes nothing, and nbgrader has its own gradebook again."""

        def failing(*_: Any) -> Executed:
            raise error

        with pytest.raises(error):
            graded(course, "small", "ann", failing)
        assert self.state(course) == before
        assert nbgrader.converters.autograde.Gradebook is Gradebook

    @pytest.mark.parametrize("name", ["set_permissions", "write_single_notebook"])
    def test_a_failing_write(
        self, course: Course, before: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        """What raises after rows were written is rolled back."""

        def failing(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(StagedAutograde, name, failing)
        with pytest.raises(OSError, match="No space"):
            graded(course, "small", "ann", lambda *_: Executed({"double-grade": 0.5}))
        assert self.state(course) == before

    def test_a_failing_commit(self, course: Course, before: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the database cannot commit, the old folder stands."""
        put = record.put

        def failing(*_: Any) -> None:
            raise OSError(5, "disk")

        monkeypatch.setattr(record, "put", lambda made, target, stage, _: put(made, target, stage, failing))
        with pytest.raises(CourseError, match="cannot be written: disk"):
            graded(course, "small", "ann", lambda *_: Executed({"double-grade": 0.5}))
        assert self.state(course) == before

    @pytest.mark.parametrize("when", ["running", "before the commit", "after the commit"])
    def test_killed(self, course: Course, before: tuple[Any, ...], when: str) -> None:
        """Killed at any moment, the submission is graded again to the same end, and no stage is left."""
        assert before
        better: Executor = lambda *_: Executed({"double-grade": 0.5})  # noqa: E731
        if not (pid := os.fork()):
            self.die(course, when, better)
        os.waitpid(pid, 0)
        graded(course, "small", "ann", better)
        killed = self.state(course)
        graded(course, "small", "ann", better)
        assert self.state(course) == killed
        assert scores(course, "ann")["double-grade"] == (0.5, False)
        assert [path.name for path in killed[2]] == []

    def die(self, course: Course, when: str, execute: Executor) -> None:
        """Record until the moment, and be killed."""
        put = record.put

        def end(*_: Any) -> Executed:
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError("alive")

        def dying(made: Path, target: Path, stage: Path, commit: Callable[[], None]) -> None:
            def interrupted() -> None:
                if when == "after the commit":
                    commit()
                end()

            put(made, target, stage, interrupted)

        record.put = dying
        try:
            graded(course, "small", "ann", end if when == "running" else execute)
        finally:
            os._exit(1)

    def test_no_lock_while_running(self, course: Course) -> None:
        """While a notebook runs, anyone may write to the gradebook."""

        def writing(*_: Any) -> Executed:
            db = sqlite3.connect(course.root / "gradebook.db", timeout=0)
            db.execute("update assignment set duedate = '2040-01-01 00:00:00.000000'")
            db.commit()
            db.close()
            return Executed()

        folder = submit(course, "small", "ann", "small")
        (folder / "timestamp.txt").write_text(LATE)
        assert graded(course, "small", "ann", writing).late_s == 0

    def test_a_student_who_is_not_to_be_created(self, course: Course) -> None:
        """With `create_student = False` an unknown student is refused before anything is run."""
        with (course.root / "nbgrader_config.py").open("a") as file:
            file.write("c.Autograde.create_student = False\n")
        submit(course, "small", "ann", "small")
        with pytest.raises(NbGraderException, match="No student with ID 'ann'"):
            graded(course, "small", "ann", never)
        assert tables(course)["student"] == []


class TestOpening:
    """The gradebook, the assignment, the students."""

    def test_unknown_assignment(self, course: Course) -> None:
        """An assignment that was not released is one sentence."""
        with pytest.raises(CourseError, match="does not know the assignment 'other'"):
            graded(course, "other", "ann", never)

    def test_stage_that_cannot_be_made(self, course: Course) -> None:
        """Where .gradekit cannot be a folder, that is said."""
        shutil.rmtree(course.root / ".gradekit")
        (course.root / ".gradekit").write_text("x")
        with pytest.raises(CourseError, match="cannot be written"):
            graded(course, "small", "ann", never)

    def test_source_cells_without_a_file(self, course: Course) -> None:
        """Order and ids come from the released notebook, else the source, else the gradebook; the text never does."""
        config = read_settings(course)
        found = []
        for gone in (None, course.root / "release" / "small", course.source("small")):
            if gone is not None:
                shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
            with books.open_gradebook(config) as opened:
                found.append(books.open_assignment(config, opened, "small").sources["small"])
        names = [[item["id"] for item in cells] for cells in found]
        assert names[0] == names[1] == names[2] == [name for name in names[0] if not name.endswith("-try")]
        assert [[item["source"] for item in cells] for cells in found[1:]] == [
            [item["source"] for item in found[0]]
        ] * 2

    def test_students(self, course: Course) -> None:
        """Who handed in: folders only, no links, without those that the settings exclude."""
        for name in ("ann", "bob", "Éve", "not this"):
            submit(course, "small", name, "small")
        (course.root / "submitted" / "link").symlink_to("ann")
        (course.root / "submitted" / "cai").mkdir()
        (course.root / "submitted" / "cai" / "small").symlink_to("../ann/small")
        (course.root / "submitted" / "file").write_text("x")
        config = read_settings(course, student_id_exclude="not this,nobody")
        assert books.students(config, "small") == ("ann", "bob", "link", "Éve")
        assert books.students(config, "other") == ()
        config.CourseDirectory.directory_structure = "{nbgrader_step}/x_{student_id}_y/{assignment_id}"
        assert books.students(config, "small") == ()
        (course.root / "submitted" / "x_ann_y" / "small").mkdir(parents=True)
        assert books.students(config, "small") == ("ann",)


class Staged(EngineAutograde):
    """nbgrader's Autograde, with a grading of ours that fails one student and is undecided of another."""

    def start(self) -> None:
        """Grade without a template."""

        def one(book: ReleasedAssignment, student: str) -> GradeReport | str:
            def execute(*_: Any) -> Executed:
                undecided = {"quadruple-grade": "why"} if student == "asks" else {}
                return Executed({"double-grade": 0.5, "quadruple-grade": 2.0}, undecided)

            if student == "fails":
                return "our fault"
            found = entered(book, student, execute, self.coursedir.notebook_id)
            notes = tuple(Note(text, urgent=text in found.alarms) for text in found.notes)
            return GradeReport(book.assignment, student, "none", notes=notes)

        self.grade_all(lambda book, names: ((name, one(book, name)) for name in names))


class TestEngineAutograde:
    """Driven as nbgrader drives its own."""

    def start(self, course: Course, **traits: Any) -> None:
        """Start it on the small assignment."""
        config = read_settings(course)
        force = traits.pop("force", False)
        directory = CourseDirectory(config=config, assignment_id="small", **traits)
        staged = Staged(coursedir=directory, config=config)
        staged.force = force
        staged.start()

    def test_one_failing_or_asking_does_not_stop_the_class(self, course: Course) -> None:
        """All others are graded, and the end is an error."""
        for name in ("ann", "asks", "fails", "zoe"):
            submit(course, "small", name, "small", **RIGHT)
        with pytest.raises(NbGraderException, match="1 submissions could not be graded, 1 submissions need a person"):
            self.start(course)
        assert {path.name for path in (course.root / "autograded").iterdir()} == {"ann", "asks", "zoe"}
        assert set(scores(course, "zoe").values()) >= {(0.5, False)}
        assert scores(course, "fails") == {}

    def test_what_is_due(self, course: Course) -> None:
        """A graded one is left alone, unless handed in later or forced; an excluded student always."""
        folder = submit(course, "small", "ann", "small", **RIGHT)
        (folder / "timestamp.txt").write_text(IN_TIME)
        self.start(course, student_id_exclude="ann")
        assert not (course.root / "autograded").exists()
        target = course.root / "autograded" / "ann" / "small"

        def graded_again(**traits: Any) -> bool:
            old = target.stat().st_ino if target.exists() else 0
            self.start(course, **traits)
            return target.stat().st_ino != old

        assert graded_again()
        assert not graded_again()
        assert graded_again(force=True)
        (folder / "timestamp.txt").write_text(LATE)
        assert graded_again(student_id="a*")
        (folder / "timestamp.txt").unlink()
        os.mkfifo(folder / "timestamp.txt")
        assert not graded_again()
        (target / "small.ipynb").unlink()
        assert not graded_again()
        assert graded_again(notebook_id="small")
