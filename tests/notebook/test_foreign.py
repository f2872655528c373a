"""A course of another making, graded by stock nbgrader and by us: the same rows, or better."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from nbgrader.converters import GenerateAssignment

from gradekit.course import reports
from gradekit.course.course import Course
from gradekit.grade import judge
from gradekit.gradebook import convert
from gradekit.gradebook.settings import read_settings
from gradekit.model import HandedNotebook

from .test_gradebook import cell
from .test_hub import run
from .test_nbgrader import nbgrader

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
NAME = "odd"
# Cells as courses have them; after the first word of each what stands in the graded cell behind it.
CELLS = {
    "command": ("!pip install seaborn\nv = 3\nfiles = !ls", "assert v == 3"),
    "threads": (
        "from multiprocessing.dummy import Pool\nwith Pool(2) as pool:\n    found = pool.map(abs, [-1, 2])",
        "assert found == [1, 2]",
    ),
    "helper": ("import imaginary_colours\nmine = imaginary_colours.name", "assert mine == 'ours'"),
    "wave": ("import wave\nown = getattr(wave, 'name', '')", "assert own == 'ours'"),
    "table": (
        "import pandas as pd\nwide = pd.DataFrame([[1] * 15], columns=[f'a_long_name_{n}' for n in range(15)])\nwide",
        "assert '...' not in repr(wide)",
    ),
    "itself": (
        "import json, pathlib\nown = json.loads(pathlib.Path('odd.ipynb').read_text(encoding='utf-8'))",
        "assert any('read_text' in ''.join(cell['source']) for cell in own['cells'])",
    ),
    "magics": ("%%writefile note.txt\nhello", "%cd -q .\nassert open('note.txt').read().strip() == 'hello'"),
    "stored": ("q = 5\n%store q", "%store -r q\nassert q == 5"),
    "named": ("import os, pwd\nwho = pwd.getpwuid(os.getuid()).pw_name", "assert who"),
}
WRONG = {"command": "v = 4", "threads": "found = []", "named": "who = ''"}


def odd_course(root: Path) -> Course:
    """Make and release it as nbgrader does, with two helper modules beside the notebook."""
    cells = [cell("markdown", "intro", "# Odd cells", locked=True)]
    for name, (answer, tests) in CELLS.items():
        cells.append(cell("code", name, answer, solution=True, locked=False))
        cells.append(cell("code", f"{name}-test", tests, grade=True, points=2))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    node = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}
    course = Course(root)
    folder = course.source_folder(NAME)
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_text(json.dumps(node), encoding="utf-8")
    for helper in ("imaginary_colours", "wave"):
        (folder / f"{helper}.py").write_text("name = 'ours'\n", encoding="utf-8")
    (root / "nbgrader_config.py").write_text("c = get_config()\n", encoding="utf-8")
    convert.run(GenerateAssignment, read_settings(course), NAME)
    return course


def hand_in(course: Course, student: str, answers: dict[str, str]) -> None:
    """Hand in the solution but for these cells."""
    source = json.loads(course.source(NAME).read_text(encoding="utf-8"))
    for item in source["cells"]:
        item["source"] = answers.get(item["id"], item["source"])
    folder = course.folder("submitted", NAME, student)
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_text(json.dumps(source), encoding="utf-8")


def rows(course: Course, student: str) -> dict[str, tuple[Any, bool]]:
    """Return score and whether a person is asked, by graded cell."""
    with convert.gradebook(read_settings(course)) as gradebook:
        found: Any = gradebook.find_submission(NAME, student)
        return {
            grade.name.removesuffix("-test"): (grade.auto_score, bool(grade.needs_manual_grade))
            for book in found.notebooks
            for grade in book.grades
        }


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Course]:
    """The class, graded by both."""
    folder = tmp_path_factory.mktemp("foreign")
    stock = odd_course(folder / "stock")
    hand_in(stock, "ann", {})
    hand_in(stock, "bob", WRONG)
    shutil.copytree(stock.root, folder / "ours")
    done = nbgrader(stock, "autograde", NAME)
    assert done.returncode == 0, done.stderr
    ours = Course(folder / "ours")
    with pytest.MonkeyPatch.context() as patch:
        assert run(patch, "grade", NAME, "--course-dir", str(ours.root), "--jobs", "1") == 0
    return stock, ours


@pytest.mark.parametrize("name", CELLS)
def test_a_right_answer_earns_as_much(graded: tuple[Course, Course], name: str) -> None:
    """What earns its points under stock nbgrader earns them here."""
    stock, ours = (rows(course, "ann")[name] for course in graded)
    assert ours == (2.0, False)
    assert stock in ((2.0, False), (0.0, False))  # its kernel has another working folder for some


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_earns_as_little(graded: tuple[Course, Course], name: str) -> None:
    """A wrong answer is wrong: a command that was answered with a line makes nothing undecided."""
    assert [rows(course, "bob")[name] for course in graded] == [(0.0, False)] * 2


def test_what_was_refused_is_no_silent_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graded cell that failed where a right was refused is undecided; the class is told once."""
    course = odd_course(tmp_path / "course")
    programs = "import subprocess\nv = int(subprocess.run(['echo', '3'], capture_output=True).stdout)"
    hand_in(course, "ann", {"command": programs})
    hand_in(course, "bob", {"command": programs, "threads": "found = undefined_name", "named": "who = ''"})
    assert run(monkeypatch, "grade", NAME, "--course-dir", str(course.root), "--jobs", "1") == 1
    assert rows(course, "ann")["command"] == (None, True)
    assert rows(course, "bob")["named"] == (0.0, False)
    said = capsys.readouterr().out
    line = "2 submissions asked for starting a program or process, which learners' code has not here; undecided for"
    assert said.count(line) == 1
    assert said.count("inline: not secure") == 1
    report = reports.load(course.root, NAME, "ann")
    assert report is not None
    (refused,) = [result for result in report.inline if result.refused]
    assert (refused.grade_id, refused.refused, refused.score) == ("command-test", "programs", None)


def test_a_notebook_that_reads_itself_reads_no_test_and_no_mark_scheme() -> None:
    """What lies beside the cells holds the learner's own and what was given out; half a character pair is no fault."""
    kinds = {"own": {"solution": True, "locked": False}, "hidden": {"grade": True, "points": 1}}
    cells = [cell("code", name, f"# {name} \ud800", **flags) for name, flags in kinds.items()]
    cells.append(cell("markdown", "scheme", "# scheme", task=True, points=1))
    node = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    file = judge._as_handed_in(HandedNotebook("odd", node))
    assert [item["source"] for item in json.loads(file)["cells"]] == ["# own \ud800", "", ""]
