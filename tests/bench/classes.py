"""Classes for the benches: as released, without figures, mostly blank, and one of a course of other making."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from gradekit import demo
from gradekit.course import notebook
from gradekit.course.course import CONFIG, Course
from gradekit.demo import Submission
from gradekit.gradebook import convert
from gradekit.gradebook.settings import course_at

ROOT = Path(__file__).parents[2]
ASSIGNMENT, OTHER = "rnn_from_scratch", "measurements"

# Stock nbgrader: without gradekit.install(), which would put our engine in the place of its Autograde.
STOCK_CONFIG = """
c = get_config()
c.CourseDirectory.solution_directory = "solutions"
c.Execute.extra_arguments = ["--HistoryManager.hist_file=:memory:", "--IPKernelApp.log_level=ERROR"]
"""


def as_released(folder: Path, count: int) -> Course:
    """Make the demo's class, again and again until it is large enough."""
    return _demo_class(folder, count, lambda _: True)


def without_figures(folder: Path, count: int) -> Course:
    """Make the same without the free cells that draw: drawing takes whoever does it the same time."""
    return _demo_class(folder, count, lambda _: True, figures=False)


def blank_heavy(folder: Path, count: int) -> Course:
    """Make a class of which most have written little: blank and half done, where nearly every cell ends in an error."""
    return _demo_class(folder, count, lambda one: one.student in ("blank", "half_done", "exception"))


def _demo_class(folder: Path, count: int, among: Callable[[Submission], bool], *, figures: bool = True) -> Course:
    course = demo.make_course(_cut_course(folder / "cut", figures=figures), ASSIGNMENT, folder / "class")
    some = filter(among, demo.synthetic_class(course, ASSIGNMENT))
    # None lies in the future, since gradekit says a line about each that does.
    named = (
        replace(one, student=f"{number:03d}_{one.student}", handed_in=one.handed_in.replace(year=2020))
        for number, one in enumerate(islice(cycle(some), count))
    )
    demo.hand_in(course, ASSIGNMENT, named)
    return course


def _cut_course(folder: Path, *, figures: bool) -> Course:
    """Make a course whose source notebook ends with the last graded cell, ready for otter too."""
    course, ours = Course(folder), Course(ROOT)
    shutil.copytree(ours.source_folder(ASSIGNMENT), course.source_folder(ASSIGNMENT))
    shutil.copytree(ours.hidden(ASSIGNMENT), course.hidden(ASSIGNMENT), ignore=shutil.ignore_patterns("__pycache__"))
    (course.root / CONFIG).write_text(STOCK_CONFIG, encoding="utf-8")
    node = notebook.read(course.source(ASSIGNMENT))
    last = max(cell.index for cell in notebook.cells(node) if cell.points)
    node["cells"] = [cell for cell in node["cells"][: last + 1] if figures or not _draws(cell)]
    for before, cell in zip(node["cells"], notebook.cells(node)[1:], strict=False):
        if cell.points:
            before["metadata"]["otter"] = {"tests": [cell.grade_id.removesuffix(notebook.GRADE_SUFFIX)]}
            node["cells"][cell.index]["metadata"]["tags"] = ["otter_ignore"]
    course.source(ASSIGNMENT).write_text(json.dumps(node, indent=1), encoding="utf-8")
    return course


def _draws(cell: dict[str, Any]) -> bool:
    """Tell whether a free cell shows a figure."""
    return "plt.show()" in "".join(cell["source"]) and "nbgrader" not in cell["metadata"]


# --- a course of other making ----------------------------------------------------------------------------------------

# By name: a solution, a free cell that uses it, a graded cell's asserts. The last is pandas' where that is installed.
EXERCISES = {
    "mean": (
        "def mean(x):\n    return sum(x) / len(x)",
        "mean([1, 2, 4])",
        "assert mean([1, 2]) == 1.5\nassert abs(mean(range(7)) - 3) < 1e-9",
    ),
    "spread": (
        "def spread(x):\n    return float(np.sqrt(np.mean((np.asarray(x) - mean(x)) ** 2)))",
        "noise = np.random.default_rng(0).normal(size=400)\nplt.hist(noise, bins=30)\nplt.title('noise')\nplt.show()",
        "assert abs(spread([1, 3]) - 1) < 1e-9\nassert spread([2, 2]) == 0",
    ),
    "line": (
        (
            "def line(x, y):\n    slope = np.cov(x, y, bias=True)[0, 1] / spread(x) ** 2\n"
            "    return slope, mean(y) - slope * mean(x)"
        ),
        (
            "x = np.linspace(0, 1, 50)\ny = 2 * x + 1 + np.sin(30 * x) / 5\nslope, start = line(x, y)\n"
            "plt.scatter(x, y)\nplt.plot(x, slope * x + start)\nplt.xlabel('x')\nplt.show()"
        ),
        "assert np.allclose(line([0, 1, 2], [1, 3, 5]), (2, 1))",
    ),
    "table": (
        (
            "def by_kind(rows):\n    kinds = {}\n    for kind, value in rows:\n"
            "        kinds.setdefault(kind, []).append(value)\n"
            "    return {kind: mean(values) for kind, values in kinds.items()}"
        ),
        "by_kind([('a', 1), ('b', 2), ('a', 3)])",
        "assert by_kind([('a', 1), ('b', 2), ('a', 3)]) == {'a': 2, 'b': 2}",
    ),
}
PANDAS = (
    (
        "def by_kind(rows):\n    table = pd.DataFrame(rows, columns=['kind', 'value'])\n"
        "    return table.groupby('kind')['value'].mean().to_dict()"
    ),
    "pd.DataFrame({'kind': list('abab'), 'value': range(4)}).describe()",
    EXERCISES["table"][2],
)
ANSWERS: tuple[dict[str, str], ...] = (
    {},
    {"spread": "def spread(x):\n    return float(np.std(x, ddof=1))"},
    {"line": "raise NotImplementedError", "table": "raise NotImplementedError"},
    {"mean": "def mean(x):\n    return max(x)", "table-try": "by_kind([('mine', 1)])"},
)


def of_other_making(folder: Path, count: int) -> Course:
    """Make and release a course with asserts in its graded cells, by nbgrader; hand in four kinds of answers."""
    course = course_at(folder / "class") if (folder / "class").exists() else Course(folder / "class")
    course.source_folder(OTHER).mkdir(parents=True)
    (course.root / CONFIG).write_text(STOCK_CONFIG, encoding="utf-8")
    course.source(OTHER).write_text(json.dumps(_other_notebook()), encoding="utf-8")
    convert.enter(course, OTHER, course.root / "release")
    source = notebook.read(course.source(OTHER))
    for number, answers in enumerate(islice(cycle(ANSWERS), count)):
        cells = [{**cell, "source": answers.get(cell["id"], cell["source"])} for cell in source["cells"]]
        target = course.folder("submitted", OTHER, f"{number:03d}_student") / f"{OTHER}.ipynb"
        target.parent.mkdir(parents=True)
        target.write_text(json.dumps({**source, "cells": cells}), encoding="utf-8")
    return course


def _other_notebook() -> dict[str, Any]:
    pandas = importlib.util.find_spec("pandas") is not None
    imports = "import matplotlib.pyplot as plt\nimport numpy as np" + "\nimport pandas as pd" * pandas
    cells = [_cell("imports", imports, locked=True)]
    for name, made in {**EXERCISES, **({"table": PANDAS} if pandas else {})}.items():
        solution, tried, tests = made
        cells += [
            _cell(name, f"### BEGIN SOLUTION\n{solution}\n### END SOLUTION", solution=True),
            _cell(f"{name}-try", tried),
            _cell(f"{name}-test", tests, grade=True, locked=True, points=2),
        ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}


def _cell(name: str, source: str, **flags: Any) -> dict[str, Any]:
    made = {"cell_type": "code", "id": name, "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    if flags:
        words = dict.fromkeys(("grade", "solution", "locked", "task"), False)
        made["metadata"] = {"nbgrader": {"schema_version": 3, "grade_id": name, **words, **flags}}
    return made
