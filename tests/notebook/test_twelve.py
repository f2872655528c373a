"""Twelve assignments in the style of other people's, three hand-ins each: stock nbgrader and us, side by side.

Everything is compared: every row of both gradebooks, and of every autograded notebook each cell's text, metadata and
outputs. What differs on purpose stands here by name, and in docs/reference/nbgrader.md.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback

from gradekit.course.course import Course
from gradekit.feedback.write import students, write_feedback
from gradekit.grade.classroom import due, grade_class
from gradekit.grade.judge import Grading
from gradekit.gradebook import convert
from gradekit.gradebook.settings import course_at, read_settings
from gradekit.model import Figures

from .elsewhere.assignments import TWELVE
from .elsewhere.build import Elsewhere, hand_in, write_source
from .test_nbgrader import nbgrader

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
DUE = datetime(2030, 1, 31, 12, tzinfo=UTC)
BY_NAME = {item.name: item for item in TWELVE}
IN_EVERY_RUN = {"lab_two_parts"}
DOCS = Path(__file__).parents[2] / "docs" / "reference" / "nbgrader.md"

# Grades that differ: assignment, student, cell → nbgrader's score, ours, why.
SCORES: dict[tuple[str, str, str], tuple[float, float, str]] = {
    ("linear", "wrong", "norm-numpy"): (2.0, 1.0, "`np.float64(1.0)`, numpy's way to print 1.0, is a number"),
    **{
        ("partial_credit", student, "square-warns"): (0.0, 1.0, "a warning is no wrong answer")
        for student in ("right", "wrong", "odd")
    },
}
Outputs = list[tuple[str, ...]]

# Every row that autograding writes or may touch, by the names of things instead of their random ids.
_CELL = """join base_cell b on b.id = x.id join notebook n on n.id = b.notebook_id
           join assignment a on a.id = n.assignment_id"""
_OF = """join submitted_notebook sn on sn.id = x.notebook_id join notebook n on n.id = sn.notebook_id
         join submitted_assignment sa on sa.id = sn.assignment_id join base_cell b on b.id = x.cell_id"""
TABLES = {
    "assignment": "select name, duedate, course_id from assignment",
    "notebook": "select a.name, n.name, kernelspec from notebook n join assignment a on a.id = n.assignment_id",
    "grade_cell": f"select a.name, n.name, b.name, max_score, cell_type from grade_cells x {_CELL}",
    "solution_cell": f"select a.name, n.name, b.name from solution_cells x {_CELL}",
    "task_cell": f"select a.name, n.name, b.name, max_score, cell_type from task_cells x {_CELL}",
    "source_cell": """select a.name, n.name, x.name, cell_type, locked, source, checksum from source_cell x
                      join notebook n on n.id = notebook_id join assignment a on a.id = n.assignment_id""",
    "grade": f"""select sa.student_id, n.name, b.name, auto_score, manual_score, extra_credit, needs_manual_grade
                 from grade x {_OF}""",
    "comment": f"select sa.student_id, n.name, b.name, auto_comment, manual_comment from comment x {_OF}",
    "submitted_assignment": """select student_id, a.name, timestamp, extension from submitted_assignment
                               join assignment a on a.id = assignment_id""",
    "submitted_notebook": """select sa.student_id, n.name, late_submission_penalty, flagged from submitted_notebook
                             join submitted_assignment sa on sa.id = submitted_notebook.assignment_id
                             join notebook n on n.id = notebook_id""",
    "student": "select id, first_name, last_name, email, lms_user_id from student",
}


def rows(course: Course) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of the gradebook, without random ids."""
    with closing(sqlite3.connect(course.root / "gradebook.db")) as db:
        return {name: sorted(db.execute(words).fetchall(), key=repr) for name, words in TABLES.items()}


def cells(course: Course, name: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the cells of every autograded notebook, by student and notebook."""
    return {
        (path.parts[-3], path.stem): json.loads(path.read_text(encoding="utf-8"))["cells"]
        for path in sorted((course.root / "autograded").glob(f"*/{name}/*.ipynb"))
    }


# --- what differs on purpose in what cells show: by name, and how both come to the same ------------------------------


def _named_alike(found: Outputs) -> Outputs:
    """Call a cell's file by one name: a kernel's has its process's number in it."""
    names = re.compile(r"(/tmp/ipykernel_\d+/\d+\.py|<ipython-input-[\w-]+>|\b\d+\.py(?=, line))")
    return [tuple(names.sub("CELL", text) for text in output) for output in found]


def _placed_alike(found: Outputs) -> Outputs:
    """Leave out where an object lies in memory."""
    return [tuple(re.sub(r"\b0x[0-9a-f]{6,}", "0x", text) for text in output) for output in found]


def _in_one_order(found: Outputs) -> Outputs:
    """Put neighbouring streams in the order of their names: a kernel sends them one after the other."""
    made: Outputs = []
    for which, outputs in itertools.groupby(found, key=lambda output: output[0] == "stream"):
        some = list(outputs)
        made += sorted(some, reverse=True) if which else some
    return made


def _without_returns(found: Outputs) -> Outputs:
    """End lines of commands as everywhere: Jupyter's stand in a terminal that nobody sees."""
    return [tuple(text.replace("\r\n", "\n") for text in output) for output in found]


def _stopped_alike(found: Outputs) -> Outputs:
    """Call it by one name where a cell's time was up."""
    ends = [("error", "KeyboardInterrupt", ""), ("error", "CellTimeoutError", "")]
    if found[-2:] == ends:
        return [*found[:-2], ("error", "TimeLimit", "")]
    return [("error", "TimeLimit", "") if output[:2] == ("error", "TimeLimit") else output for output in found]


def _without_programs(found: Outputs) -> Outputs:
    """Leave out kinds of data that are no text and no picture, or that a browser would run."""
    return [tuple(text for text in output if text not in PROGRAMS) for output in found]


PROGRAMS = ("application/javascript", "application/json")
SHOWN = {
    "file names of cells": _named_alike,
    "addresses of objects": _placed_alike,
    "order of streams": _in_one_order,
    "line ends of commands": _without_returns,
    "a cell that its time limit stops": _stopped_alike,
    "displays of JavaScript and JSON": _without_programs,
}
MORE = ("ids of cells", "metadata of old schemas", "metadata of free cells")  # by `same_cells`


def shown(cell: dict[str, Any]) -> Outputs:
    """Return what a cell shows as text: streams in one piece each, results' texts and kinds, exceptions' texts."""
    found: Outputs = []
    for output in cell.get("outputs", ()):
        kind = output["output_type"]
        if kind == "stream":
            text = "".join(output["text"])
            if found and found[-1][:2] == (kind, output["name"]):
                text = found.pop()[2] + text
            found.append((kind, output["name"], text))
        elif kind == "error":
            found.append((kind, output["ename"], output["evalue"]))
        else:
            found.append((kind, "".join(output["data"].get("text/plain", "")), *sorted(output["data"])))
    return found


def alike(found: Outputs) -> Outputs:
    """Return outputs without what differs on purpose."""
    for change in SHOWN.values():
        found = change(found)
    return found


def same_cells(stock: list[dict[str, Any]], ours: list[dict[str, Any]]) -> None:
    """Hold every cell of one of our notebooks to that of nbgrader's."""
    assert [cell["source"] for cell in ours] == [cell["source"] for cell in stock]
    for one, other in zip(stock, ours, strict=True):
        assert other["cell_type"] == one["cell_type"]
        if "id" in one:  # a notebook that had none gets some
            assert other["id"] == one["id"]
        mark = one["metadata"].get("nbgrader")
        assert other["metadata"].get("nbgrader") == (mark and {"task": False} | mark)
        assert alike(shown(other)) == alike(shown(one)), one["source"]
        assert other.get("execution_count") == one.get("execution_count")


# --- both graders ----------------------------------------------------------------------------------------------------


def make(item: Elsewhere, root: Path) -> Course:
    """Make, release and hand in an assignment, with nbgrader's own commands."""
    write_source(item, root)
    course = course_at(root)
    if item.old:
        assert nbgrader(course, "update", "source").returncode == 0
    settings = read_settings(course)
    with convert.gradebook(settings) as book:
        book.update_or_create_assignment(item.name, duedate=DUE.replace(tzinfo=None))
    convert.run(GenerateAssignment, settings, item.name)
    hand_in(item, root)
    return course


def grade(course: Course, name: str) -> None:
    """Grade a class with our engine."""
    grading = Grading(course, name, figures=Figures.ALL)
    names, kept = due(grading)
    assert not kept
    for graded in grade_class(grading, names, jobs=2):
        assert graded.report is not None, graded.failure


def both(item: Elsewhere, folder: Path) -> tuple[Course, Course]:
    """Grade one copy of an assignment's course with stock nbgrader, and another with us."""
    stock = make(item, folder / "stock")
    shutil.copytree(stock.root, folder / "ours")
    convert.run(Autograde, read_settings(stock), item.name)
    ours = course_at(folder / "ours")
    grade(ours, item.name)
    return stock, ours


def expected(stock: Course, name: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return nbgrader's rows, with the scores that differ on purpose."""
    found = rows(stock)
    grades = []
    for row in found["grade"]:
        theirs, ours, _ = SCORES.get((name, row[0], row[2]), (row[3], row[3], ""))
        assert row[3] == theirs
        grades.append((*row[:3], ours, *row[4:]))
    return {**found, "grade": grades}


PARAMETERS = [
    pytest.param(item.name, marks=() if item.name in IN_EVERY_RUN else pytest.mark.slow, id=item.name)
    for item in TWELVE
]


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_row_and_every_cell(name: str, tmp_path: Path) -> None:
    """The two gradebooks have the same rows, and the autograded notebooks the same cells, outputs included."""
    item = BY_NAME[name]
    lacking = [module for module in item.needs if importlib.util.find_spec(module) is None]
    if lacking:
        pytest.skip(f"without {', '.join(lacking)}")
    stock, ours = both(item, tmp_path)
    assert rows(ours) == expected(stock, name)
    found, known = cells(ours, name), cells(stock, name)
    assert found.keys() == known.keys()
    for which, there in known.items():
        same_cells(there, found[which])
    assert feedback(ours, name) == feedback_of_nbgrader(ours, name) == {(student, book) for student, book in found}


def feedback(course: Course, name: str) -> set[tuple[str, str]]:
    """Write our feedback; return its pages, by student and notebook."""
    made = write_feedback(course, name, students(course, name))
    return {(item.student, page.stem) for item in made for page in item.pages}


def feedback_of_nbgrader(course: Course, name: str) -> set[tuple[str, str]]:
    """Let stock nbgrader write feedback for what we have graded, in a folder of its own."""
    config = read_settings(course, feedback_directory="told")
    convert.run(GenerateFeedback, config, name)
    return {(path.parts[-3], path.stem) for path in (course.root / "told").glob(f"*/{name}/*.html")}


@pytest.mark.slow
def test_a_hand_in_of_older_metadata(tmp_path: Path) -> None:
    """What was fetched before the course was updated is graded as it is after `nbgrader update`."""
    item = BY_NAME["from_2016"]
    stock = make(item, tmp_path / "stock")
    for path in (stock.root / "submitted").rglob("*.ipynb"):
        node = json.loads(path.read_text(encoding="utf-8"))
        for cell in node["cells"]:
            mark = cell["metadata"].get("nbgrader", {})
            if mark:
                mark["schema_version"] = 1
                mark.pop("cell_type", None)
                mark.pop("task", None)
        path.write_text(json.dumps(node), encoding="utf-8")
    shutil.copytree(stock.root, tmp_path / "ours")
    assert nbgrader(stock, "update", "submitted").returncode == 0
    convert.run(Autograde, read_settings(stock), item.name)
    ours = course_at(tmp_path / "ours")
    grade(ours, item.name)
    assert rows(ours) == rows(stock)


def test_the_docs_name_every_difference() -> None:
    """What differs on purpose is told to whoever comes from nbgrader."""
    page = " ".join(DOCS.read_text(encoding="utf-8").split())
    for name in (*SHOWN, *MORE, *(why for *_, why in SCORES.values())):
        assert name in page, name
