"""Which figures are drawn in graded notebooks of another making, under each setting; scores stay the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from nbgrader.converters import GenerateAssignment

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.grade.notebook import UNDRAWN
from gradekit.gradebook import convert
from gradekit.gradebook.settings import read_settings

from .test_gradebook import cell
from .test_hub import run
from .test_nbgrader import nbgrader

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
NAME, STOCK = "plots", "c = get_config()\n"
FIGURE = "<Figure size 640x480 with 1 Axes>"
SHOW = "plt.plot(line(3))\nplt.show()"
SOLUTION = "### BEGIN SOLUTION\n{}\n### END SOLUTION"
ANSWER = {"solution": True, "locked": False}
CELLS = [
    cell("markdown", "intro", "# Figures", locked=True),
    cell("code", "imports", "import matplotlib.pyplot as plt", locked=True),
    cell("code", "line", SOLUTION.format("def line(n):\n    return list(range(n))"), **ANSWER),
    cell("code", "line-test", "assert line(2) == [0, 1]", grade=True, points=1),
    cell("code", "given", SHOW),
    cell("code", "silent", "plt.plot([1, 2])\nNone"),
    cell("code", "own", SHOW),
    cell("code", "draw", SOLUTION.format(SHOW), **ANSWER),
    cell("code", "draw-test", "plt.plot(line(2))\nplt.show()\nassert plt.get_fignums() == []", grade=True, points=2),
    cell("code", "broken-test", "plt.title('$\\\\frac{$')\nplt.show()", grade=True, points=2),
    cell("code", "asked", SHOW),
    cell("markdown", "why", "Write here.", grade=True, points=1, **ANSWER),
]
HANDED_IN = {"own": f"plt.figure()\n{SHOW}", "why": "It grows."}
ALWAYS = {"draw-test"}  # graded, with tests of its own
DRAWN = {
    "all": {"given", "silent", "own", "draw", "asked"} | ALWAYS,
    "changed": {"own", "draw", "asked"} | ALWAYS,
    "none": ALWAYS,
}


def plots(root: Path) -> Course:
    """Make the course, release it by nbgrader, and hand in the solution with an answer and a changed cell."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    node = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": CELLS}
    course = Course(root)
    course.source(NAME).parent.mkdir(parents=True)
    course.source(NAME).write_text(json.dumps(node), encoding="utf-8")
    (root / "nbgrader_config.py").write_text(STOCK, encoding="utf-8")
    convert.run(GenerateAssignment, read_settings(course), NAME)
    node["cells"] = [{**one, "source": HANDED_IN.get(one["id"], one["source"])} for one in CELLS]
    folder = course.folder("submitted", NAME, "ann")
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_text(json.dumps(node), encoding="utf-8")
    return course


def outputs(course: Course) -> dict[str, list[dict[str, Any]]]:
    """Return what each cell of the autograded notebook shows."""
    node = notebook.read(course.folder("autograded", NAME, "ann") / f"{NAME}.ipynb")
    return {raw["id"]: raw.get("outputs", []) for raw in node["cells"]}


def drawn(course: Course) -> set[str]:
    """Return the cells that hold a picture."""
    return {name for name, found in outputs(course).items() if any("image/png" in one.get("data", ()) for one in found)}


def scores(course: Course) -> dict[str, Any]:
    """Return the automatic scores of the gradebook."""
    with convert.gradebook(read_settings(course)) as gradebook:
        return {row.name: row.auto_score for row in gradebook.find_submission(NAME, "ann").notebooks[0].grades}


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The course, graded by stock nbgrader."""
    course = plots(tmp_path_factory.mktemp("plots") / "stock")
    done = nbgrader(course, "autograde", NAME)
    assert done.returncode == 0, done.stderr
    return course


@pytest.fixture
def ours(stock: Course, tmp_path: Path) -> Course:
    """The same course, for us to grade."""
    course = Course(Path(shutil.copytree(stock.root, tmp_path / "ours")))
    shutil.rmtree(course.folder("autograded", NAME, "ann"))
    return course


@pytest.mark.parametrize("figures", DRAWN)
def test_each_setting(stock: Course, ours: Course, figures: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those figures are drawn that somebody looks at; scores and all other outputs are stock nbgrader's."""
    run(monkeypatch, "grade", NAME, "--course-dir", str(ours.root), "--jobs", "1", "--figures", figures)
    assert drawn(ours) == DRAWN[figures]
    assert scores(ours) == scores(stock) == {"line-test": 1, "draw-test": 2, "broken-test": 0, "why": None}
    left = drawn(stock) - drawn(ours)
    assert drawn(stock) == DRAWN["all"]
    for name, found in outputs(ours).items():
        if name in left:
            (data,) = [one["data"] for one in found]
            assert {kind: "".join(text) for kind, text in data.items()} == {"text/plain": f"{FIGURE}\n{UNDRAWN}"}
        else:
            kinds = [(one["output_type"], set(one.get("data", ()))) for one in outputs(stock)[name]]
            assert [(one["output_type"], set(one.get("data", ()))) for one in found] == kinds


@pytest.mark.slow
def test_graded_again_where_a_figure_is_wanted(
    ours: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Asked for more figures, unchanged work is graded again; asked for fewer, it stays, with those that it has."""
    said = []
    for words in ([], [], ["--figures", "all"], [], ["--figures", "none"]):
        run(monkeypatch, "grade", NAME, "--course-dir", str(ours.root), "--jobs", "1", *words)
        (line,) = [line for line in capsys.readouterr().out.splitlines() if "graded, " in line]
        said.append(line.split(" unchanged")[0])
    assert said == ["1 graded, 0", "0 graded, 1", "1 graded, 0", "0 graded, 1", "0 graded, 1"]
    assert drawn(ours) == DRAWN["all"]


@pytest.mark.slow
def test_nbgraders_own_command_has_the_same_setting(ours: Course) -> None:
    """``nbgrader autograde`` with our engine draws by the settings, and by the words of its command line."""
    config = f"import gradekit\n{STOCK}c.Gradekit.figures = 'none'\ngradekit.install(c)\n"
    (ours.root / "nbgrader_config.py").write_text(config, encoding="utf-8")
    nbgrader(ours, "autograde", NAME)
    assert drawn(ours) == DRAWN["none"]
    nbgrader(ours, "autograde", NAME, "--force", "--Gradekit.figures=changed")
    assert drawn(ours) == DRAWN["changed"]
