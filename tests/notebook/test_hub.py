"""The trip of an assignment where settings are elsewhere and folders have other names; and before the first release."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gradekit import cli, demo
from gradekit.course import notebook
from gradekit.course.course import CONFIG, Course
from gradekit.export import bundle
from gradekit.grade.judge import Grading
from gradekit.grade.unchanged import hashes
from gradekit.gradebook.assignment import open_gradebook
from gradekit.gradebook.settings import open_course, read_settings
from gradekit.release.inspection import find_secrets
from gradekit.verify.exposure import feedback_leaks, release_leaks

NAMES = {"source": "own", "release": "given_out", "submitted": "handed_in", "autograded": "marked", "feedback": "told"}


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run the command line in this process."""
    monkeypatch.setattr(sys, "argv", ["gradekit", *words])
    return cli.main()


@pytest.fixture
def hub(small: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """The small course with other folders and another gradebook, all of it said in the user's own settings."""
    (small.root / CONFIG).unlink()
    small.root.joinpath("source").rename(small.root / "own")
    lines = [f"c.CourseDirectory.{step}_directory = {name!r}" for step, name in NAMES.items()]
    lines += [f"c.CourseDirectory.root = {str(small.root)!r}", "c.CourseDirectory.course_id = 'rnn101'"]
    lines += [f"c.CourseDirectory.db_url = 'sqlite:///{tmp_path}/jupyter/grades.db'"]
    (tmp_path / "jupyter").mkdir()
    (tmp_path / "jupyter" / CONFIG).write_text("\n".join(lines))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    return open_course()


@pytest.mark.slow
def test_every_command_goes_by_the_settings(hub: Course, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Release, grade, feedback, report, leak search, export and demo find and leave everything where nbgrader does."""
    root = hub.root
    assert run(monkeypatch, "release", "small") == 0
    assert (root / "given_out" / "small" / "small.ipynb").is_file()
    assert (root / "solution" / "small" / "small.ipynb").is_file()
    demo.hand_in(hub, "small", [demo.Submission("ann", {"double": "def double(x):\n    return x * x"})])
    assert (root / "handed_in" / "ann" / "small").is_dir()
    for command in ("grade", "feedback", "report"):
        assert run(monkeypatch, command, "small") == 0
    assert (root / "marked" / "ann" / "small" / "small.ipynb").is_file()
    assert (root / "told" / "ann" / "small" / "small.html").is_file()
    assert "../../told/ann/small/small.html" in (root / "reports" / "small" / "report.html").read_text()
    assert not {"release", "submitted", "autograded", "feedback", "gradebook.db"} & {
        path.name for path in root.iterdir()
    }

    before = hashes(Grading(hub, "small"))
    solution = hub.source("small").read_text(encoding="utf-8")
    (root / "given_out" / "small" / "small.ipynb").write_text(solution, encoding="utf-8")
    (root / "told" / "ann" / "small" / "more.html").write_text("<b>doubled_value</b> = x + x")
    secrets = find_secrets(hub, "small")
    assert any(leak.place == "given_out/small/small.ipynb" for leak in release_leaks(hub, "small", secrets=secrets))
    assert feedback_leaks(hub, "small", secrets=secrets)
    assert hashes(Grading(hub, "small")) != before

    made = (
        bundle.released_course(hub, "small", tmp_path / "export"),
        demo.make_course(hub, "small", tmp_path / "demo"),
    )
    for copy in made:
        assert copy.folder("release", "small") == copy.root / "given_out" / "small"
        assert notebook.read(copy.folder("release", "small") / "small.ipynb")
        assert (copy.root / "gradebook.db").is_file()
    with closing(sqlite3.connect(tmp_path / "jupyter" / "grades.db")) as database:
        assert database.execute("select course_id from assignment").fetchall() == [("rnn101",)]
        assert database.execute("select id from student").fetchall() == [("ann",)]  # an export forgets its copy's alone


@pytest.mark.parametrize("command", ["grade", "feedback", "report"])
@pytest.mark.parametrize("db", ["", "elsewhere.db"], ids=["settings", "--db"])
def test_a_question_makes_no_gradebook(
    small: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, db: str
) -> None:
    """Asked before the first release, each command says what comes first and leaves nothing behind."""
    monkeypatch.chdir(small.root)
    before = sorted(small.root.rglob("*"))
    assert run(monkeypatch, command, "small", *(["--db", f"sqlite:///{small.root}/{db}"] if db else [])) == 2
    said = capsys.readouterr().err
    assert f"There is no gradebook {small.root}/{db or 'gradebook.db'} yet." in said
    assert "Release it first: gradekit release small" in said
    assert sorted(small.root.rglob("*")) == before


def test_an_empty_file_is_no_gradebook(
    small: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a tool has opened and left without tables is not filled by a question either."""
    monkeypatch.chdir(small.root)
    (small.root / "gradebook.db").touch()
    assert run(monkeypatch, "report", "small") == 2
    assert "There is no gradebook" in capsys.readouterr().err
    assert not (small.root / "gradebook.db").stat().st_size


def test_an_address_that_is_none(
    small: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A word that is no address is one sentence."""
    monkeypatch.chdir(small.root)
    assert run(monkeypatch, "report", "small", "--db", "grades") == 2
    assert "'grades' is no address of a gradebook." in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["grade"],
        ["feedback"],
        ["report"],
        ["verify"],
        ["release"],
        ["freeze"],
        ["export", "otter"],
        ["export", "gradescope"],
    ],
    ids="-".join,
)
@pytest.mark.parametrize("state", ["small", "released"])
def test_a_wrong_name_has_one_answer(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    state: str,
) -> None:
    """Every command answers a misspelt assignment with the nearest name, in the same words, released or not."""
    course: Course = request.getfixturevalue(state)
    monkeypatch.chdir(course.root)
    before = sorted(course.root.rglob("*"))
    assert run(monkeypatch, *words, "smal") == 2
    assert (
        capsys.readouterr().err == f"error: There is no assignment 'smal' in {course.root}.\n  Did you mean 'small'?\n"
    )
    assert sorted(course.root.rglob("*")) == before


def test_release_writes_the_gradebook_that_is_named(small: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """``release --db`` enters the assignment where ``grade --db`` will look for it."""
    monkeypatch.chdir(small.root)
    address = f"sqlite:///{small.root}/mine.db"
    assert run(monkeypatch, "release", "small", "--no-solutions", "--db", address) == 0
    assert not (small.root / "gradebook.db").exists()
    with open_gradebook(read_settings(open_course(db=address))) as gradebook:
        assert [found.name for found in gradebook.assignments] == ["small"]
