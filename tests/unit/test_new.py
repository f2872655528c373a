"""`gradekit new`: an assignment and its exercises, released and proved as they are written; points in one place."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from gradekit import cli
from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.course.points import with_points
from gradekit.errors import CourseError, HiddenTestError, SourceError, UsageError
from gradekit.gradebook.assignment import changed_in_source, open_assignment, open_released
from gradekit.gradebook.settings import course_at, read_settings
from gradekit.judging.assignment import load_assignment
from gradekit.judging.catalogue import load_alternatives, load_misconceptions
from gradekit.new.assignment import new_assignment
from gradekit.new.course import init
from gradekit.new.exercise import new_exercise
from gradekit.new.write import writing
from gradekit.release.inspection import check_source
from gradekit.release.make import release

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course of one's own with an assignment and one exercise of 2.5 points."""
    made = init(tmp_path / "course", assignments="none").course
    new_assignment(made, "linreg")
    new_exercise(made, "linreg", "slope", points=2.5)
    return course_at(made.root)


def state(folder: Path) -> dict[str, bytes]:
    """Return what every file below a folder holds."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def cells_of(path: Path) -> dict[str, str]:
    """Return a notebook's texts by cell id."""
    return {cell.id: cell.source for cell in notebook.cells(notebook.read(path))}


def test_a_new_exercise_is_released_as_it_is(course: Course) -> None:
    """Five cells, whose points stand in the metadata alone; students read them in heading and graded cell."""
    release(course, "linreg")
    source, given = (cells_of(folder / "linreg.ipynb") for folder in folders(course))
    assert source["slope-text"].startswith("## slope\n")
    assert "points" not in source["slope-grade"]
    assert given["slope-text"].startswith("## slope (2.5 points)\n")
    assert given["slope-grade"] == "# Graded with hidden tests: 2.5 points."
    assert "raise NotImplementedError()" in given["slope"]
    solved = cells_of(course.folder("solution", "linreg") / "linreg.ipynb")
    assert solved["slope-text"].startswith("## slope (2.5 points)\n")


def folders(course: Course) -> tuple[Path, Path]:
    """Return where the source and the student version lie."""
    return course.source_folder("linreg"), course.folder("release", "linreg")


def test_what_is_put_in_is_no_change_of_the_source(course: Course) -> None:
    """After a release the gradebook's text and the source's are the same, though one of them states the points."""
    release(course, "linreg", solutions=False)
    config = read_settings(course)
    with open_released(course, config, "linreg") as gradebook:
        assert changed_in_source(open_assignment(config, gradebook, "linreg")) == ()


def test_a_second_exercise_stands_behind_the_first(course: Course) -> None:
    """Exercises follow one another, in the notebook and in every file of the hidden tests."""
    made = new_exercise(course, "linreg", "fit", points=1)
    assert made.cells == ("fit-text", "fit", "fit-try", "fit-tests", "fit-grade")
    loaded = load_assignment(course, "linreg")
    assert [(item.name, item.points) for item in loaded.exercises] == [("slope", 2.5), ("fit", 1.0)]
    for load in (load_misconceptions, load_alternatives):
        found = load(course, "linreg", loaded.exercises, loaded.solution)
        assert [item.exercise for item in found] == ["slope", "fit"]
    raw = json.loads(course.source("linreg").read_text())["cells"][-1]["metadata"]["nbgrader"]["points"]
    assert isinstance(raw, int), "whole points are whole numbers in the notebook"


def test_what_stands_behind_the_exercises_stays_there(course: Course) -> None:
    """A training below the last graded cell is still below it afterwards."""
    node = notebook.read(course.source("linreg"))
    node["cells"].append({"cell_type": "markdown", "id": "end", "metadata": {}, "source": "That is all."})
    course.source("linreg").write_text(json.dumps(node))
    new_exercise(course, "linreg", "fit", points=1)
    assert list(cells_of(course.source("linreg")))[-2:] == ["fit-grade", "end"]


def test_every_place_says_what_to_write(course: Course) -> None:
    """Text, misconceptions and alternatives ask for one's own."""
    assert "Write here" in cells_of(course.source("linreg"))["slope-text"]
    for kind in ("misconceptions", "alternatives"):
        assert "write here" in (course.hidden("linreg") / f"{kind}.py").read_text()


@pytest.mark.parametrize(
    ("exercise", "points", "error", "said"),
    [
        ("slope", 1, CourseError, "has 'slope-text' already"),
        ("2d", 1, UsageError, "cannot be an exercise's name"),
        ("for", 1, UsageError, "cannot be an exercise's name"),
        ("a-b", 1, UsageError, "cannot be an exercise's name"),
        ("_own", 1, UsageError, "cannot be an exercise's name"),
        ("größe", 1, UsageError, "cannot be an exercise's name"),
        ("fit", 0, UsageError, "worth more than nothing"),
        ("fit", -1, UsageError, "worth more than nothing"),
        ("fit", float("nan"), UsageError, "worth more than nothing"),
        ("fit", float("inf"), UsageError, "worth more than nothing"),
        ("exercise", 1, UsageError, "stands for something else"),
        ("np", 1, UsageError, "stands for something else"),
    ],
)
def test_a_wrong_exercise_leaves_everything(
    course: Course, exercise: str, points: float, error: type[Exception], said: str
) -> None:
    """What cannot be added is said in one sentence, and no file has changed."""
    before = state(course.root)
    with pytest.raises(error, match=said):
        new_exercise(course, "linreg", exercise, points=points)
    assert state(course.root) == before


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (
            lambda course: (course.hidden("linreg") / "tests.py").write_text("import math\n"),
            HiddenTestError,
            "exercise",
        ),
        (lambda course: (course.hidden("linreg") / "tests.py").write_text("def f(:\n"), HiddenTestError, "line 1"),
        (lambda course: (course.hidden("linreg") / "alternatives.py").write_text("\n"), HiddenTestError, "alternative"),
        (
            lambda course: change(course, lambda node: node.update(nbformat_minor=4)),
            SourceError,
            "format 4.5 is needed",
        ),
        (
            lambda course: change(course, lambda node: node["cells"][2].update(source="import nothing_of_that_name")),
            SourceError,
            "the solution in cell 'imports' fails",
        ),
    ],
    ids=["no import", "no Python", "no import of alternatives", "format 4.4", "cases cannot be made"],
)
def test_a_spoilt_assignment_is_left_as_it_was(
    course: Course, spoil: Callable[[Course], object], error: type[Exception], said: str
) -> None:
    """Where a file cannot take the new part, or the cases cannot be made, every file is what it was."""
    spoil(course)
    before = state(course.root)
    with pytest.raises(error, match=said):
        new_exercise(course, "linreg", "fit", points=1)
    assert state(course.root) == before


def change(course: Course, mend: Callable[[dict[str, object]], object]) -> None:
    """Change the assignment's source."""
    node = notebook.read(course.source("linreg"))
    mend(node)
    course.source("linreg").write_text(json.dumps(node))


@pytest.mark.parametrize("name", ["", "a b", "../up", "a+b", "-x", "größe", "x" * 101])
def test_an_assignments_name_travels(course: Course, name: str) -> None:
    """A name that a folder, a zip or an address cannot bear is refused."""
    before = state(course.root)
    with pytest.raises(UsageError, match="cannot be an assignment's name"):
        new_assignment(course, name)
    assert state(course.root) == before


def test_an_assignment_begins_once(course: Course) -> None:
    """What is there is never begun anew."""
    before = state(course.root)
    with pytest.raises(CourseError, match="exists already"):
        new_assignment(course, "linreg")
    assert state(course.root) == before


def test_points_that_are_stated_must_agree(course: Course) -> None:
    """A heading may leave the points out; one that states others than the cell carries is refused."""
    path = course.source("linreg")
    path.write_text(path.read_text().replace("## slope", "## slope (2 points)"))
    with pytest.raises(SourceError, match=r"states 2 points, but 'slope-grade' carries 2\.5"):
        check_source(path, notebook.read(path))


def test_a_notebook_that_states_its_points_is_not_touched(small: Course) -> None:
    """Where nothing is left out, the very notebook comes back."""
    node = notebook.read(small.source("small"))
    assert with_points(node) is node


def test_the_commands_lead_from_one_to_the_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`new assignment` and `new exercise` say what they wrote and what comes next."""
    init(tmp_path / "course", assignments="none")
    monkeypatch.chdir(tmp_path / "course")
    for words, said in (
        (("new", "assignment", "linreg"), "gradekit new exercise linreg EXERCISE --points 1"),
        (("new", "exercise", "linreg", "fit", "--points", "2"), "fit-text, fit, fit-try, fit-tests, fit-grade"),
        (("release", "linreg", "--no-solutions"), "release/linreg"),
    ):
        monkeypatch.setattr("sys.argv", ["gradekit", *words])
        assert cli.main() == 0
        found = capsys.readouterr()
        assert said in found.out
        assert ("cell 'fit-text' still says what to write there" in found.err) == (words[0] == "release")


def test_what_fails_leaves_modes_and_links_as_they_were(tmp_path: Path) -> None:
    """A file that others may write stays one, a link stays a link, and both hold what they held."""
    real, link = tmp_path / "real.py", tmp_path / "link.py"
    real.write_text("before")
    real.chmod(0o664)
    link.symlink_to(real)
    for fails in (True, False):
        with suppress(HiddenTestError), writing({link: "after"}):
            if fails:
                raise HiddenTestError("no")
        assert (real.stat().st_mode & 0o777, link.is_symlink()) == (0o664, True)
        assert real.read_text() == ("before" if fails else "after")
