"""`gradekit init`: what a new course holds, what is refused, and the one file that release keeps fresh."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradekit import checks, cli
from gradekit.course.course import Course
from gradekit.errors import CourseError, UsageError
from gradekit.gradebook.settings import open_course, read_settings
from gradekit.new import shipped
from gradekit.new.course import init
from gradekit.release.beside import put_checks

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_course_begins_with_its_settings_alone(tmp_path: Path) -> None:
    """`--with none` writes settings that nbgrader can read, and a course_id from the folder's name."""
    begun = init(tmp_path / "Deep Learning 2026", assignments="none")
    assert begun.assignments == begun.course.assignments() == ()
    assert sorted(path.name for path in begun.course.root.iterdir()) == [".gitignore", "nbgrader_config.py", "source"]
    config = read_settings(open_course(begun.course.root))
    assert config.CourseDirectory.course_id == "Deep-Learning-2026"
    assert config.CourseDirectory.solution_directory == "solutions"
    assert begun.course.root.stat().st_mode & 0o007 == 0, "hidden tests are open to every user"


def test_a_course_begins_with_what_travels(tmp_path: Path) -> None:
    """Source, hidden tests, frozen cases and a checks.py of its own: no link, and nothing left beside."""
    begun = init(tmp_path / "course", assignments="next_token")
    assert begun.course.assignments() == ("next_token",)
    assert {path.name for path in begun.course.hidden("next_token").iterdir()} >= {"tests.py", "reference.npz"}
    assert (begun.course.source_folder("next_token") / "checks.py").read_text() == source_of_checks()
    assert [path.name for path in tmp_path.iterdir()] == ["course"]
    assert not [path for path in begun.course.root.rglob("*") if path.is_symlink()]


def source_of_checks() -> str:
    """Return the text of the file that students get."""
    return Path(checks.__file__).read_text(encoding="utf-8")


def test_a_new_repository_is_as_good_as_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who stands in an empty folder, or in what `git init` has made, stays in it."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    assert init(tmp_path, assignments="none").course.root == tmp_path
    assert (tmp_path / "nbgrader_config.py").is_file()


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        ("rnn_from_scrach", CourseError, "Did you mean 'rnn_from_scratch'?"),
        ("", UsageError, "names nothing"),
        (" , ", UsageError, "names nothing"),
    ],
)
def test_a_wrong_name_leaves_nothing(tmp_path: Path, words: str, error: type[Exception], said: str) -> None:
    """What --with cannot find is said, and no folder is made."""
    with pytest.raises(error, match=said.replace("?", r"\?")):
        init(tmp_path / "course", assignments=words)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    """A course is begun in a new folder alone."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(CourseError, match="is not empty"):
        init(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_every_assignment_is_known_by_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`--with all` begins with every assignment that travels."""
    copied: list[str] = []
    monkeypatch.setattr("gradekit.new.course._copy", lambda name, _: copied.append(name))
    assert init(tmp_path / "course", assignments="all").assignments == shipped.shipped().assignments()
    assert tuple(copied) == shipped.shipped().assignments()


def test_an_installation_without_assignments_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A wheel that an export has made holds none: a course can begin all the same, with none."""
    monkeypatch.setattr("gradekit.__file__", str(tmp_path / "lib" / "gradekit" / "__init__.py"))
    monkeypatch.setattr("importlib.metadata.files", lambda _: None)
    with pytest.raises(CourseError, match="--with none"):
        init(tmp_path / "course")
    assert init(tmp_path / "course", assignments="none").assignments == ()


def test_the_command_says_what_comes_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The command names the folder and the next command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["gradekit", "init", "mine", "--with", "none"])
    assert cli.main() == 0
    said = capsys.readouterr().out
    assert f"wrote {tmp_path / 'mine'}" in said
    assert "gradekit new assignment" in said


def _no_change(_: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("spoil", "fresh"),
    [
        (lambda path: path.unlink(), True),
        (
            lambda path: path.write_text(source_of_checks().splitlines()[0] + "\nolder = True\n"),
            True,
        ),
        (lambda path: (path.unlink(), path.symlink_to("../../nowhere/checks.py")), True),
        (lambda path: path.write_text('"""My own checks."""\n'), False),
        (_no_change, False),
    ],
    ids=["missing", "older", "a link that leads nowhere", "the course's own", "the same"],
)
def test_release_keeps_checks_fresh(small: Course, spoil: Callable[[Path], object], *, fresh: bool) -> None:
    """A copy of ours is brought up to date; a file of the course's own stays as it is."""
    path = small.source_folder("small") / "checks.py"
    path.unlink()
    shutil.copy(checks.__file__, path)
    spoil(path)
    before = path.read_text() if path.exists() else ""
    assert put_checks(path.parent) is fresh
    assert (path.read_text() == source_of_checks()) if fresh else (path.read_text() == before)
    assert not path.is_symlink()


def test_a_link_is_an_arrangement_of_its_own(small: Course) -> None:
    """In the repository every checks.py is a link to the package's: it stays one."""
    assert not put_checks(small.source_folder("small"))
    assert (small.source_folder("small") / "checks.py").is_symlink()
