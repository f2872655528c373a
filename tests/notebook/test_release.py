"""Source → release and solutions: what is committed is what the code makes; what students get gives nothing away."""

from __future__ import annotations

import io
import json
import math
import re
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbgrader.validator import Validator

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.errors import CourseError, GradekitError, HiddenTestError, LeakError, SourceError
from gradekit.judging.freeze import frozen_cases
from gradekit.judging.reference import flatten, read_cases
from gradekit.model import Role
from gradekit.release.inspection import check_source
from gradekit.release.make import release

ROOT = Path(__file__).parents[2]
COURSE = Course(ROOT)
ASSIGNMENTS = COURSE.assignments()
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
PADDED = re.compile(f" *{NUMBER.pattern}")  # numpy makes room for the sign of -0., which another processor rounds to 0.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def files(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="session", params=ASSIGNMENTS)
def made(
    request: pytest.FixtureRequest, once: Callable[..., Path], course_of: Callable[[str, Path], Course]
) -> tuple[str, Course]:
    """Each assignment, released in a course of its own, and again with its solutions."""
    name = request.param

    def release_again(folder: Path) -> None:
        course = course_of(name, folder / "course")
        shutil.copytree(course.root / "release", folder / "before")
        release(course, name)

    return name, Course(once(f"solutions-of-{name}", release_again) / "course")


class TestCommitted:
    """release/ and solutions/ are what the code makes of source/ today."""

    def test_release_is_committed_to_the_byte(self, made: tuple[str, Course]) -> None:
        """The student version in the repository equals the one made now."""
        name, course = made
        assert files(course.root / "release" / name) == files(ROOT / "release" / name)

    def test_solutions_give_the_committed_outputs(self, made: tuple[str, Course]) -> None:
        """Executed again, text is equal, numbers agree to 1e-4, and every picture is there."""
        name, course = made
        fresh, kept = (
            json.loads((root / "solutions" / name / f"{name}.ipynb").read_text()) for root in (course.root, ROOT)
        )
        assert [cell["id"] for cell in fresh["cells"]] == [cell["id"] for cell in kept["cells"]]
        pictures = 0
        for new, old in zip(fresh["cells"], kept["cells"], strict=True):
            assert new["source"] == old["source"]
            for left, right in zip(new.get("outputs", ()), old.get("outputs", ()), strict=True):
                pictures += _same_output(left, right, where=new["id"])
        assert pictures >= 5

    @pytest.mark.parametrize("name", ASSIGNMENTS)
    def test_reference_is_what_the_source_gives(self, name: str) -> None:
        """reference.npz, recomputed from the source's solution, agrees to 1e-12; what differences give, to 1e-9."""
        fresh, kept = flatten(frozen_cases(COURSE, name)), flatten(read_cases(COURSE.hidden(name) / "reference.npz"))
        assert set(fresh) == set(kept)
        for key, array in fresh.items():
            # A difference divides the last digit, which is not the same in every numpy, by a step of 1e-5.
            close = 1e-9 if "numeric" in key.split("/") else 1e-12
            assert abs(array - kept[key]).max(initial=0) <= close * max(1.0, abs(array).max(initial=0)), key

    def test_released_twice_to_the_byte(self, made: tuple[str, Course]) -> None:
        """Releasing again, with or without solutions, changes no byte of the student version."""
        _, course = made
        assert files(course.root / "release") == files(course.root.parent / "before")

    # The committed outputs hold each notebook to its numbers, the small course the machinery to the byte.
    @pytest.mark.slow
    def test_solutions_made_twice_to_the_byte(self, made: tuple[str, Course], tmp_path: Path) -> None:
        """Running an assignment's solution again changes no byte of the solutions."""
        name, course = made
        again = Course(shutil.copytree(course.root, tmp_path / "course", symlinks=True))
        release(again, name)
        assert files(again.root / "solutions") == files(course.root / "solutions")


def test_small_solutions_made_twice_to_the_byte(released: Course) -> None:
    """Running the small course's solution again changes no byte of student version and solutions."""
    kept = []
    for _ in range(2):
        release(released, "small")
        kept.append({folder: files(released.root / folder) for folder in ("release", "solutions")})
    assert kept[0] == kept[1]
    assert kept[0]["solutions"]


def _same_output(left: dict[str, Any], right: dict[str, Any], *, where: str) -> int:
    assert left["output_type"] == right["output_type"], where
    if left["output_type"] == "stream":
        _same_text("".join(left["text"]), "".join(right["text"]), where=where)
        return 0
    assert set(left["data"]) == set(right["data"]), where
    return "image/png" in left["data"]


def _same_text(left: str, right: str, *, where: str) -> None:
    assert PADDED.sub("#", left) == PADDED.sub("#", right), where
    for new, old in zip(NUMBER.findall(left), NUMBER.findall(right), strict=True):
        assert math.isclose(float(new), float(old), rel_tol=1e-4, abs_tol=1e-4), where


class TestStudentVersion:
    """What a student gets."""

    @pytest.mark.parametrize("name", ASSIGNMENTS)
    def test_no_line_of_a_solution_and_no_mark(self, name: str) -> None:
        """No marker and no line of a solution region stands in the released cells."""
        text = (ROOT / "release" / name / f"{name}.ipynb").read_text()
        assert not re.search(r"(BEGIN|END) (SOLUTION|HIDDEN)", text)
        public = [re.sub(r"\s", "", cell.source) for cell in notebook.cells(json.loads(text))]
        for cell in notebook.cells(notebook.read(COURSE.source(name))):
            for line in notebook.region_lines(cell.source, notebook.SOLUTION):
                bare = re.sub(r"\s", "", line)
                assert len(bare) < 12 or not any(bare in source for source in public), line

    @pytest.mark.parametrize("name", ASSIGNMENTS)
    def test_metadata_are_nbgraders_own(self, name: str) -> None:
        """Cells carry nbgrader's keys and no others, and a checksum."""
        node = nbformat.read(ROOT / "release" / name / f"{name}.ipynb", as_version=4)
        keys = {"schema_version", "grade_id", "grade", "solution", "locked", "task", "points", "checksum", "cell_type"}
        for cell in node.cells:
            if "nbgrader" in cell.metadata:
                assert set(cell.metadata.nbgrader) <= keys
                assert cell.metadata.nbgrader.schema_version == 3
                assert "checksum" in cell.metadata.nbgrader

    @pytest.mark.parametrize("name", ASSIGNMENTS)
    def test_run_untouched(self, name: str, tmp_path: Path) -> None:
        """Run with errors allowed, it raises NotImplementedError or a check's message that names the exercise."""
        node = _run(name, tmp_path, with_checks=True)
        graded = [exercise.name for exercise in notebook.exercises(notebook.cells(notebook.read(COURSE.source(name))))]
        raised = {cell.id: error for cell in node.cells for error in _errors(cell)}
        assert {f"{exercise}-tests" for exercise in graded} <= set(raised)
        for cell, error in raised.items():
            named = [exercise for exercise in graded if exercise in error.evalue]
            assert error.ename == "NotImplementedError" or (error.ename == "CheckFailed" and named), (
                cell,
                error.evalue,
            )

    @pytest.mark.parametrize("name", ASSIGNMENTS)
    def test_without_checks_the_import_cell_says_what_to_put_where(self, name: str, tmp_path: Path) -> None:
        """With checks.py absent, as in Colab, the first error names the file and the place."""
        with pytest.raises(CellExecutionError) as first:
            _run(name, tmp_path, with_checks=False)
        assert first.value.ename == "ModuleNotFoundError"
        assert "checks.py" in first.value.evalue
        assert "beside the notebook" in first.value.evalue


def _run(name: str, folder: Path, *, with_checks: bool) -> Any:
    """Run the student version: to its end with checks.py beside it, else to the first error."""
    node = nbformat.read(ROOT / "release" / name / f"{name}.ipynb", as_version=4)
    for path in (ROOT / "release" / name).iterdir():
        if path.suffix != ".ipynb" and (with_checks or path.name != "checks.py"):
            shutil.copy(path, folder)
    client = NotebookClient(node, allow_errors=with_checks, timeout=120, resources={"metadata": {"path": str(folder)}})
    return client.execute(env={**__import__("os").environ, "PYTHONPATH": ""})


def _errors(cell: Any) -> list[Any]:
    return [output for output in cell.get("outputs", ()) if output.output_type == "error"]


class TestRefusals:
    """What is refused leaves everything as it was."""

    @pytest.fixture
    def small(self, released: Course) -> Course:
        """The small course, released before."""
        return released

    @pytest.mark.parametrize(
        ("change", "kind", "said"),
        [
            (lambda c: c["double-try"].update(source="doubled_value = x + x"), LeakError, "doubled_value = x \\+ x"),
            (
                lambda c: c["title"].update(
                    source="grade('small', 'double')\n`grade(\"small\", \"double\", globals())`"
                ),
                LeakError,
                "globals",
            ),
            (lambda c: c["double"].update(source="def double(x):\n    ### BEGIN SOLUTION"), SourceError, "no END"),
            (lambda c: c["quadruple-grade"]["metadata"]["nbgrader"].update(points=3), SourceError, "carries 3"),
            (lambda c: c["double-try"].update(metadata=[]), GradekitError, "small"),
        ],
        ids=["solution", "hidden test", "no end", "points", "invalid"],
    )
    def test_refused_and_nothing_written(
        self, small: Course, edit: Any, change: Callable[[Any], Any], kind: type[GradekitError], said: str
    ) -> None:
        """A refused release changes neither release/ nor the gradebook, and leaves no stage behind."""
        before = files(small.root / "release"), (small.root / "gradebook.db").read_bytes()
        edit(change)
        with pytest.raises(kind, match=said):
            release(small, "small", solutions=False)
        assert (files(small.root / "release"), (small.root / "gradebook.db").read_bytes()) == before
        assert [path.name for path in (small.root / ".gradekit").iterdir()] == ["+releases"]

    def test_result_in_a_visible_test_cell(self, small: Course, edit: Any) -> None:
        """A visible test cell that ends in a value is refused: nbgrader would take it for a score."""
        edit(lambda c: c["double-tests"].update(source="# Checks: double\ndouble(4)"))
        with pytest.raises(SourceError, match="'double-tests' ends in a value"):
            release(small, "small")

    def test_model_answer_in_words(self, small: Course, edit: Any) -> None:
        """The model answer of a manually graded question is cleared, and refused where it can be read elsewhere."""
        answer = "It doubles whatever it is given."
        flags = {
            "schema_version": 3,
            "grade_id": "why",
            "grade": True,
            "solution": True,
            "locked": False,
            "task": False,
        }
        cell = {"cell_type": "markdown", "id": "why", "metadata": {"nbgrader": flags | {"points": 1}}, "source": answer}
        edit(lambda c: [c[""]["cells"].append(cell), c["title"].update(source="# Small\n\n3.5 points")])
        release(small, "small", solutions=False)
        assert answer not in (small.root / "release" / "small" / "small.ipynb").read_text()
        edit(lambda c: c["double-text"].update(source=f"## double (0.5 points)\n{answer}"))
        with pytest.raises(LeakError, match="It doubles"):
            release(small, "small", solutions=False)

    def test_solution_that_fails_its_own_checks(self, small: Course, edit: Any) -> None:
        """A solution that the visible checks reject is not released."""
        edit(lambda c: c["double-tests"].update(source='# Checks: double\nchecks.close(double(1.0), 3.0, name="d")'))
        with pytest.raises(SourceError, match="'double-tests' fails: CheckFailed"):
            release(small, "small")

    def test_exercise_without_hidden_test(self, small: Course) -> None:
        """A graded exercise without a hidden test is named, and so is a test without an exercise."""
        path = small.hidden("small") / "tests.py"
        text = path.read_text()
        path.write_text(text.replace('exercise("quadruple")', 'exercise("treble")'))
        with pytest.raises(HiddenTestError, match="no hidden test for quadruple"):
            release(small, "small")
        path.write_text(text + '\n\nextra = exercise("extra")\n')
        with pytest.raises(HiddenTestError, match="name no graded exercise: extra"):
            release(small, "small")

    def test_cases_that_were_never_frozen(self, small: Course) -> None:
        """Cases that the tests declare and reference.npz lacks are named with the command that makes them."""
        path = small.hidden("small") / "tests.py"
        path.write_text(path.read_text().replace("def double_cases", "def other_cases"))
        with pytest.raises(HiddenTestError, match=r"lacks the cases other_cases.*gradekit freeze small"):
            release(small, "small")

    def test_course_that_cannot_be_written(self, small: Course) -> None:
        """A course without room for the stage is refused with the path."""
        shutil.rmtree(small.root / ".gradekit")
        (small.root / ".gradekit").write_text("a file in the way")
        with pytest.raises(CourseError, match=r"\.gradekit cannot be written"):
            release(small, "small")

    def test_stage_of_a_killed_release(self, small: Course) -> None:
        """What a killed release has left is gone after the next one."""
        left = small.root / ".gradekit" / f"+stage-{socket.gethostname()}-4194305-x"  # no process has so high a number
        (left / "release").mkdir(parents=True)
        release(small, "small", solutions=False)
        assert not list((small.root / ".gradekit").glob("+stage*"))

    def test_config_that_cannot_be_run(self, small: Course) -> None:
        """A broken nbgrader_config.py is named."""
        (small.root / "nbgrader_config.py").write_text("1 / 0")
        with pytest.raises(CourseError, match=r"nbgrader_config.py cannot be run: ZeroDivisionError"):
            release(small, "small")


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_source_is_in_order(name: str) -> None:
    """Every source notebook stands the inspection, and its graded cells read as prescribed."""
    path = COURSE.source(name)
    check_source(path, notebook.read(path))
    cells = notebook.cells(notebook.read(path))
    for exercise in notebook.exercises(cells):
        (cell,) = [cell for cell in cells if cell.grade_id == f"{exercise.name}-grade"]
        unit = "point" if exercise.points == 1 else "points"
        assert cell.source.splitlines() == [
            f"# Graded with hidden tests: {exercise.points:g} {unit}.",
            "### BEGIN HIDDEN TESTS",
            "from gradekit.hidden import grade",
            f'grade("{name}", "{exercise.name}", globals())',
            "### END HIDDEN TESTS",
        ]


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_visible_test_cells_name_their_exercise(name: str) -> None:
    """nbgrader's Validate prints a failing cell's source, so its first line names the exercise."""
    for cell in notebook.cells(notebook.read(COURSE.source(name))):
        if cell.role is Role.TEST and cell.grade_id.endswith("-tests"):
            assert cell.source.splitlines()[0] == f"# Checks: {cell.grade_id.removesuffix('-tests')}"


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links")
@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_checks_is_one_file(name: str) -> None:
    """source/<assignment>/checks.py is a link to the package's file, and the repository keeps it as one."""
    link = COURSE.source_folder(name) / "checks.py"
    assert link.is_symlink()
    assert link.resolve() == ROOT / "gradekit" / "checks.py"


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_validate_names_the_open_exercises(name: str, tmp_path: Path) -> None:
    """`nbgrader validate` on the untouched student version shows, for each exercise, the cell that names it."""
    shutil.copytree(ROOT / "release" / name, tmp_path / name)
    validator, said = Validator(), io.StringIO()
    validator.stream = said  # the command's only other word is which files
    validator.validate_and_print(str(tmp_path / name / f"{name}.ipynb"))
    for exercise in notebook.exercises(notebook.cells(notebook.read(COURSE.source(name)))):
        assert f"# Checks: {exercise.name}" in said.getvalue()
