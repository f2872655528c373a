"""The whole trip with nbgrader's own commands: autograde, generate_feedback, and what is wrong beforehand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbgrader.converters.base import NbGraderException

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.demo import Submission, grade_class, hand_in, results, synthetic_class
from gradekit.errors import CourseError
from gradekit.gradebook import convert
from gradekit.gradebook.settings import read_settings
from gradekit.plugin.autograde import EngineAutograde

ROOT = Path(__file__).parents[2]
COURSE = Course(ROOT)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def nbgrader(course: Course, *words: str) -> subprocess.CompletedProcess[str]:
    """Run an nbgrader command in a course, as an instructor types it."""
    command = [sys.executable, "-W", "ignore", "-m", "nbgrader", *words]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path}
    return subprocess.run(command, cwd=course.root, env=environment, capture_output=True, text=True, check=False)


def scores(course: Course, assignment: str, student: str) -> dict[str, float]:
    """Read a student's scores by graded cell from the gradebook."""
    with convert.gradebook(read_settings(course)) as gradebook:
        found: Any = gradebook.find_submission(assignment, student)
        return {grade.name: grade.auto_score for book in found.notebooks for grade in book.grades}


@pytest.fixture(scope="session", params=COURSE.assignments())
def graded(
    request: pytest.FixtureRequest, once: Callable[..., Path], course_of: Callable[[str, Path], Course]
) -> tuple[str, Course]:
    """The worked solution and the untouched student version of an assignment, graded by `nbgrader autograde`."""
    name = request.param

    def grade(folder: Path) -> None:
        course = course_of(name, folder / "course")
        blank = notebook.cells(notebook.read(course.root / "release" / name / f"{name}.ipynb"))
        untouched = Submission("untouched", {cell.id: cell.source for cell in blank})
        hand_in(course, name, [Submission("solution", {}), untouched])
        for command in ("autograde", "generate_feedback"):
            run = nbgrader(course, command, name)
            assert run.returncode == 0, run.stderr

    return name, Course(once(f"nbgrader-{name}", grade) / "course")


class TestAutograde:
    """Plain `nbgrader autograde` with our hidden tests."""

    def test_full_marks_and_none(self, graded: tuple[str, Course]) -> None:
        """The solution scores all points, the released notebook none, to the last bit."""
        name, course = graded
        exercises = notebook.exercises(notebook.cells(notebook.read(course.source(name))))
        solved, untouched = (scores(course, name, student) for student in ("solution", "untouched"))
        assert {e.name: solved[f"{e.name}-grade"] for e in exercises} == {e.name: e.points for e in exercises}
        assert set(untouched.values()) == {0.0}

    def test_feedback_is_made_and_tells_the_reason(self, graded: tuple[str, Course]) -> None:
        """`nbgrader generate_feedback` writes our page; it holds the tests' sentences and no line of theirs."""
        name, course = graded
        page = (course.root / "feedback" / "untouched" / name / f"{name}.html").read_text()
        assert "not begun yet" in page
        assert "NotImplementedError" in page
        assert "What will be tested" in page
        for line in (course.hidden(name) / "tests.py").read_text().splitlines():
            if "expect." in line and len(line.strip()) > 30:
                assert line.strip() not in page

    def test_solution_prints_nothing_to_stderr(self, graded: tuple[str, Course]) -> None:
        """No graded cell of the solution has an error or a warning, which nbgrader would score 0."""
        name, course = graded
        node = json.loads((course.root / "autograded" / "solution" / name / f"{name}.ipynb").read_text())
        for cell in node["cells"]:
            for output in cell.get("outputs", ()):
                assert output["output_type"] != "error", cell["id"]
                assert output.get("name") != "stderr", cell["id"]


class TestDemo:
    """The synthetic class, with the small course."""

    def test_class_is_graded_and_read_back(self, released: Course) -> None:
        """Each kind of submission earns what it should; a late one is seen to be late; feedback lies there."""
        course = released
        submissions = synthetic_class(course, "small")
        hand_in(course, "small", submissions)
        graded = {item.student: item.report for item in grade_class(course, "small")}
        assert set(graded) == {item.student for item in submissions}
        assert all(report is not None and not report.undecided for report in graded.values())
        found = results(course, "small", submissions)
        totals = {row.student: row.total for row in found.rows}
        assert totals == {
            "perfect": 2.5,
            "blank": 0.0,
            "late": 2.5,
            "half_done": 0.5,
            "syntax_error": 0.5,
            "exception": 2.0,
            "renamed_variable": 0.5,
            "renamed_function": 0.5,
            "double_squares": 2.0,
        }
        assert {row.student for row in found.rows if row.late_s} == {"late"}
        for item in submissions:
            assert (found.feedback / item.student / "small" / "small.html").is_file()


class TestBadInput:
    """What is wrong beforehand is one clear sentence and nbgrader's exit code 1, and nothing is written."""

    def files(self, course: Course) -> list[str]:
        """Return what lies in a course."""
        return sorted(str(path) for path in course.root.rglob("*") if "__pycache__" not in str(path))

    def refused(self, course: Course, said: str, *words: str) -> None:
        """Run `nbgrader autograde` and hold it to a sentence, exit code 1, no traceback, no file."""
        before = self.files(course)
        run = nbgrader(course, "autograde", *words)
        assert run.returncode == 1, run.stderr
        assert said in run.stderr
        assert "Traceback" not in run.stderr
        assert self.files(course) == before

    def test_before_the_first_release(self, small: Course) -> None:
        """Autograding before the first release says which command comes first."""
        self.refused(small, "Release it first: gradekit release small", "small")

    def test_not_in_the_gradebook(self, released: Course) -> None:
        """A gradebook of another assignment does not help."""
        other = released.root / "source" / "other"
        shutil.copytree(released.source_folder("small"), other, symlinks=True)
        (other / "small.ipynb").rename(other / "other.ipynb")
        self.refused(released, "does not know the assignment 'other'", "other")

    def test_unknown_assignment(self, small: Course) -> None:
        """A misspelt assignment is answered with the nearest name."""
        self.refused(small, "Did you mean 'small'?", "smal")

    @pytest.mark.parametrize(
        ("spoil", "said"),
        [
            (lambda course: (course.hidden("small") / "reference.npz").write_bytes(b"PK"), "is damaged"),
            (lambda course: (course.hidden("small") / "reference.npz").unlink(), "gradekit freeze"),
            (lambda course: (course.hidden("small") / "tests.py").unlink(), "has no hidden tests"),
            (lambda course: (course.hidden("small") / "tests.py").write_text("1 / 0"), "cannot be run"),
            (lambda course: shutil.rmtree(course.hidden("small")), "has no hidden tests"),
            (lambda course: course.source("small").write_text("{"), "is not JSON"),
        ],
        ids=["corrupt reference", "no reference", "no tests", "failing tests", "no folder", "broken source"],
    )
    def test_spoilt_course(self, released: Course, spoil: Callable[[Course], Any], said: str) -> None:
        """A fault on our side is found before the first submission is touched: nobody is scored 0 for it."""
        hand_in(released, "small", [Submission("someone", {})])
        spoil(released)
        before = self.files(released)
        with pytest.raises(CourseError, match=said) as refused:
            convert.run(EngineAutograde, read_settings(released), "small")
        assert isinstance(refused.value.__cause__, NbGraderException)  # for which the command exits with 1
        assert self.files(released) == before

    def test_spoilt_course_by_the_command(self, released: Course) -> None:
        """Such a fault ends the command as it should."""
        hand_in(released, "small", [Submission("someone", {})])
        (released.hidden("small") / "tests.py").write_text("1 / 0")
        self.refused(released, "cannot be run", "small")
