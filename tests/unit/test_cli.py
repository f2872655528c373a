"""The command line: words in, one function called, one sentence and an exit code out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

import gradekit
from gradekit import cli, errors
from gradekit.course.course import CONFIG, Course


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run the command line in this process."""
    monkeypatch.setattr(sys, "argv", ["gradekit", *words])
    return cli.main()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["release"], "Missing argument"),
        (["relese", "small"], "No such command 'relese'"),
        (["release", "small", "--colour"], "No such option"),
        (["release", "small", "--course-dir", "nowhere"], "There is no folder"),
        (["release", "smal"], "Did you mean 'small'?"),
        (["freeze", "smal"], "Did you mean 'small'?"),
        (["demo", "small", "--to", "."], "is not empty"),
        (["verify", "smal"], "Did you mean 'small'?"),
        (["verify", "small", "--jobs", "0"], "Invalid value"),
    ],
)
def test_bad_words_are_one_sentence_and_exit_code_2(
    small: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """A usage error, a wrong folder and a wrong name exit with 2 and say what to do."""
    monkeypatch.chdir(small.root)
    assert run(monkeypatch, *words) == 2
    said_to_user = capsys.readouterr()
    assert said in said_to_user.err
    assert "Traceback" not in said_to_user.err


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda course: course.source("small").write_text("{"), "is not JSON"),
        (lambda course: course.source("small").write_text('{"nbformat": 3, "worksheets": []}'), "notebook format 3"),
        (lambda course: shutil.rmtree(course.hidden("small")), "has no hidden tests"),
        (lambda course: (course.hidden("small") / "reference.npz").write_bytes(b"PK"), "is damaged"),
        (
            lambda course: [course.source_folder(".").rename(course.root / "x"), (course.root / CONFIG).unlink()],
            "is no course",
        ),
    ],
    ids=["broken JSON", "format 3", "no hidden tests", "corrupt reference", "no config, no source"],
)
def test_spoilt_course_is_one_sentence_and_exit_code_2(
    small: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], spoil: object, said: str
) -> None:
    """What is wrong with a course is said in a sentence, and nothing is written."""
    monkeypatch.chdir(small.root)
    spoil(small)  # type: ignore[operator]
    before = sorted(map(str, small.root.rglob("*")))
    assert run(monkeypatch, "release", "small") == 2
    found = capsys.readouterr().err
    assert found.startswith("error: ")
    assert said in found
    assert sorted(map(str, small.root.rglob("*"))) == before


def test_our_own_fault_is_exit_code_3(
    small: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An exception that nobody foresaw is called ours and shows where it happened."""
    monkeypatch.chdir(small.root)
    monkeypatch.setattr("gradekit.judging.freeze.freeze", lambda *_: 1 / 0)
    assert run(monkeypatch, "freeze", "small") == 3
    found = capsys.readouterr().err
    assert "ZeroDivisionError" in found
    assert "a fault of gradekit itself" in found


def test_commands_write_and_say_what(
    small: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A good command exits with 0 and names what it wrote."""
    monkeypatch.chdir(small.root)
    assert run(monkeypatch, "freeze", "small") == 0
    assert "reference.npz" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "words", "said"),
    [
        ("", ["demo", "nothing"], "This course has: "),
        ("", ["demo", "next_tokn"], "Did you mean 'next_token'?"),
        ("nbgrader_config.py", ["demo"], "nbgrader_config.py cannot be run"),
    ],
    ids=["no course", "no course, near", "a broken one"],
)
def test_demo_where_no_course_is(  # noqa: PLR0913  (one fixture each)
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    file: str,
    words: list[str],
    said: str,
) -> None:
    """The assignments that travel are known everywhere; a course that is there and broken is not passed over."""
    if file:
        (tmp_path / file).write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, *words, "--to", str(tmp_path / "new")) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def commands(found: Any = None, *words: str) -> list[tuple[tuple[str, ...], Any]]:
    """Return every command with the words that call it; the command line itself is the first, groups are in it."""
    found = found or typer.main.get_command(cli.app)
    below = getattr(found, "commands", {})
    return [(words, found), *(item for name in below for item in commands(below[name], *words, name))]


NOUNS = r"(assignment|student|submission|page|folder|course|notebook|process|cell|sandbox|gradebook|result|version)"


@pytest.mark.parametrize(
    ("words", "command"), commands(), ids=[" ".join(("gradekit", *words)) for words, _ in commands()]
)
def test_help_of_every_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], command: Any
) -> None:
    """Each option of each command has a sentence about a thing, and shows it and its default whole."""
    monkeypatch.setenv("COLUMNS", "160")
    run(monkeypatch, *words, "--help")
    shown = " ".join(re.sub("[│╭╮╰╯─]", " ", capsys.readouterr().out).split())
    for option in command.params:
        assert option.help in shown, option.name
        assert re.fullmatch(r"[A-Z][^\[]*\.", option.help), option.name
        assert re.search(NOUNS, option.help), option.name
        default = option.show_default if isinstance(option.show_default, str) else option.default
        if option.required:
            assert "[required]" in shown
        elif not getattr(option, "is_flag", False):
            assert default, f"{option.name}: say by show_default what is done without it"
            assert re.search(rf"\[default: \(?{re.escape(str(default))}\)?\]", shown), option.name


def test_version_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`gradekit --version` prints the package's version."""
    assert run(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"gradekit {gradekit.__version__}\n"


def test_help_answers_without_the_heavy_imports() -> None:
    """`gradekit --help` loads neither nbgrader nor numpy."""
    code = (
        "import sys; from gradekit import cli; sys.argv = ['gradekit', '--help']; cli.main(); "
        "print(sorted({'nbgrader', 'nbformat', 'numpy'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip().endswith("[]")
    for command in ("release", "freeze", "verify", "demo", "init"):
        assert command in found


def test_exit_codes_of_the_error_tree() -> None:
    """The number in the tree's docstring is the number of the class."""
    for line in (errors.__doc__ or "").splitlines():
        words = line.replace("│", "").replace("├──", "").replace("└──", "").split()
        if len(words) > 2 and words[1].isdigit():
            assert getattr(errors, words[0]).exit_code == int(words[1])


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root without util-linux's setpriv")
def test_course_without_the_right_to_write(small: Course) -> None:
    """Who may not write in the course is told so, with exit code 2, and nothing is left behind."""
    before = sorted(map(str, small.root.rglob("*")))
    for path in (small.root, *small.root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o555 if path.is_dir() else 0o444)
    # Root may write everywhere by a capability; without it, root is like any owner.
    powerless = ["setpriv", "--bounding-set", "-all"] if os.geteuid() == 0 else []
    command = [*powerless, sys.executable, "-m", "gradekit.cli", "release", "small", "--course-dir", str(small.root)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    for path in (small.root, *small.root.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    assert found.returncode == 2, found.stderr
    assert "cannot be written" in found.stderr
    assert sorted(map(str, small.root.rglob("*"))) == before
