"""The pages about the course: every topic stands where the table says, and every notebook shows the same six."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gradekit.course import notebook
from gradekit.course.course import Course

ROOT = Path(__file__).parents[2]
COURSE = Course(ROOT)
CELL = re.compile(r"`([a-z_]+):([\w-]+)`")
ROW = re.compile(r"^\| \[(\w+)\]\([^)]+\) \| (.*) \| (.*) \|$", re.MULTILINE)


def taught() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the rows of the table of topics: each topic with the assignments and cells that teach it."""
    lines = (ROOT / "docs" / "reference" / "topics.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ", 1) for line in lines if line.startswith("|") and not line.startswith("|--")]
    return [(topic, CELL.findall(cells)) for topic, cells in rows if topic != "topic"]


def test_every_topic_is_taught_somewhere() -> None:
    """Each row names a cell at least, and each cell that it names is in the notebook."""
    known = {name: {cell.id for cell in notebook.cells(notebook.read(COURSE.source(name)))} for name in all_of_them()}
    for topic, cells in taught():
        assert cells, topic
        for assignment, cell in cells:
            assert cell in known[assignment], (topic, assignment, cell)


def test_no_topic_stands_twice() -> None:
    """A topic has one row."""
    topics = [topic for topic, _ in taught()]
    assert len(topics) == len(set(topics)) >= 50


def all_of_them() -> list[str]:
    """Return the course's notebooks in the order of the page."""
    return [name for name, _, _ in ROW.findall((ROOT / "docs" / "reference" / "course.md").read_text(encoding="utf-8"))]


def test_the_page_shows_every_notebook() -> None:
    """The page about the course has a row for each assignment, and for nothing else."""
    assert sorted(all_of_them()) == sorted(COURSE.assignments())


@pytest.mark.parametrize("assignment", COURSE.assignments())
def test_a_first_cell_shows_the_course(assignment: str) -> None:
    """Each notebook's second cell shows the six with what each needs and adds, in the words of the page."""
    page = (ROOT / "docs" / "reference" / "course.md").read_text(encoding="utf-8")
    cell = notebook.cells(notebook.read(COURSE.source(assignment)))[1]
    assert cell.id == "course"
    for name, needs, adds in ROW.findall(page):
        shown = f"**{name}**, this one" if name == assignment else f"[{name}](../{name}/{name}.ipynb)"
        assert f"| {shown} | {needs} | {adds} |" in cell.source
