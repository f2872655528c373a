"""An export is tried on the source's own solution before its zip is written, and carries what its settings import."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from gradekit import cli
from gradekit.errors import CourseError
from gradekit.export import gradescope, otter
from gradekit.gradebook.settings import course_at

if TYPE_CHECKING:
    from pathlib import Path

    from gradekit.course.course import Course

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
RULE = """
from nbgrader.plugins import BasePlugin


class HouseRule(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return 1.0
"""
SETTING = "\nfrom house_rules_of_ours import HouseRule\n\nc.AssignLatePenalties.plugin_class = HouseRule\n"


def with_rule(course: Course, rule: str = RULE) -> Course:
    """Give the course a rule for lateness of its own, in a module beside its settings."""
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + SETTING)
    (course.root / "house_rules_of_ours.py").write_text(rule)
    return course_at(course.root)


NOBODY = [
    "\n\n@quadruple.test()",
    "def nobody(student, reference, expect):",
    '    """Nobody passes."""',
    '    expect.true(False, "No.")\n',
]


def reject_everything(course: Course) -> None:
    """Let a hidden test reject even the solution."""
    path = course.hidden("small") / "tests.py"
    path.write_text(path.read_text() + "\n".join(NOBODY))


@pytest.mark.slow
def test_what_the_settings_import_travels(small: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module beside the settings is in the zip, and the grader finds it there; the target may be a relative one."""
    course = with_rule(small)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr("sys.argv", ["gradekit", "export", "gradescope", "small", "--course-dir", str(course.root)])
    assert cli.main() == 0
    with zipfile.ZipFile(tmp_path / "elsewhere" / "small-gradescope" / "autograder.zip") as file:
        assert "course/house_rules_of_ours.py" in file.namelist()


def test_a_gradescope_export_that_nobody_passes_is_not_written(small: Course, tmp_path: Path) -> None:
    """Where the solution loses points in the container, the exercise is named and no folder is left."""
    reject_everything(small)
    with pytest.raises(CourseError, match="does not earn everything with Gradescope: quadruple"):
        gradescope.export(small, "small", tmp_path / "made")
    assert not (tmp_path / "made").exists()
    assert not list(tmp_path.glob(".gradekit-stage*"))


@pytest.mark.slow
def test_an_otter_export_that_nobody_passes_is_not_written(small: Course, tmp_path: Path) -> None:
    """Otter's own grading of the solution decides."""
    reject_everything(small)
    with pytest.raises(CourseError, match=r"otter-grader: quadruple: 1 of 2 points"):
        otter.export(small, "small", tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_an_export_whose_grader_fails_is_not_written(
    small: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours there is said with the end of what went wrong."""
    monkeypatch.setattr("gradekit.export.trial._run", lambda *_: "Traceback …\nImportError: nothing of that name")
    with pytest.raises(CourseError, match="ImportError: nothing of that name"):
        gradescope.export(small, "small", tmp_path / "made")


@pytest.mark.slow
def test_where_nothing_can_be_isolated_that_is_said(
    small: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On such a machine the zip is written untried, and the command warns."""
    monkeypatch.setattr("gradekit.export.trial.can_isolate", lambda: False)
    words = ["export", "gradescope", "small", "--course-dir", str(small.root), "--to", str(tmp_path / "made")]
    monkeypatch.setattr("sys.argv", ["gradekit", *words])
    assert cli.main() == 0
    assert "warning: it was not tried" in capsys.readouterr().err
    assert (tmp_path / "made" / "autograder.zip").is_file()
