"""The folder autograded/: the page in it is all that git has of it, and confuses neither nbgrader nor this package."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from gradekit.course.course import Course
from gradekit.demo import Submission, hand_in
from gradekit.gradebook.settings import read_settings

from .test_hub import run

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
ROOT = Path(__file__).parents[2]
STUDENTS = "submitted/ann/small/small.ipynb autograded/ann/small/small.ipynb feedback/ann/small/small.html"
OURS = "gradebook.db .gradekit/secret .gradekit/small/ann.json reports/small/students.csv autograded/notes.md"


def git(*words: str) -> subprocess.CompletedProcess[str]:
    """Ask git about this repository."""
    return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_nothing_of_a_students_is_committed() -> None:
    """Of what grading makes git leaves out everything; of autograded/ it keeps the page that explains it."""
    if git("rev-parse", "--is-inside-work-tree").returncode:
        pytest.skip("this copy is no git repository")
    made = [*STUDENTS.split(), *OURS.split()]
    assert git("check-ignore", "--no-index", *made).stdout.split() == made
    assert git("check-ignore", "--no-index", "autograded/README.md").returncode == 1
    folders = ["submitted", "autograded", "feedback", "reports", ".gradekit"]
    assert set(git("ls-files", *folders).stdout.split()) <= {"autograded/README.md"}


def test_the_page_confuses_nobody(
    released: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With it in the folder grading, feedback, report and nbgrader's lists know the two students and no other."""
    page = released.root / "autograded" / "README.md"
    page.parent.mkdir()
    shutil.copy(ROOT / "autograded" / "README.md", page)
    hand_in(released, "small", [Submission("ann", {}), Submission("bob", {"double": "def double(x): return x * x"})])
    for words in (["grade"], ["grade"], ["feedback"], ["report"]):  # the second run finds nothing to do
        assert run(monkeypatch, *words, "small", "--course-dir", str(released.root), "--json") == 0
        said = capsys.readouterr().out
        if words == ["feedback"]:
            assert sorted(json.loads(said)["pages"]) == ["ann", "bob"]
    rows = (released.root / "reports" / "small" / "students.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == 3
    config = read_settings(released)
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    assert api.get_autograded_students("small") == {"ann", "bob"}
    assert {row["id"] for row in api.get_students()} == {"ann", "bob"}
    assert api.get_assignment("small")["num_submissions"] == 2
    assert page.read_bytes() == (ROOT / "autograded" / "README.md").read_bytes()
    assert sorted(path.name for path in page.parent.iterdir()) == ["README.md", "ann", "bob"]
