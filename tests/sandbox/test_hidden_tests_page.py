"""docs/howto/hidden_tests.md: its blocks are a whole assignment, which proves itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.gradebook.settings import course_at
from gradekit.judging.freeze import freeze
from gradekit.new.assignment import new_assignment
from gradekit.new.course import init
from gradekit.new.exercise import new_exercise
from gradekit.release.make import release
from gradekit.verify.prove import verify

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "hidden_tests.md").read_text(encoding="utf-8")
BLOCKS = {
    match[1].split("\n", 1)[0].removeprefix("# "): match[1].split("\n", 1)[1]
    for match in re.finditer(r"```python\n(.*?)```", PAGE, re.DOTALL)
}
CHECKS = {
    "spread": "checks.close(spread(np.array([[1.0, 3.0, 2.0]]))[0], [1.0], name='the lowest')",
    "Scaler": "checks.close(Scaler().fit(np.array([[1.0], [3.0]])).mean, [2.0], name='the mean')",
}


def build(root: Path) -> Course:
    """Write the page's assignment as its reader would: begun by commands, then filled."""
    course = init(root, assignments="none").course
    new_assignment(course, "tables")
    for name in ("spread", "Scaler"):
        new_exercise(course, "tables", name, points=1)
    node = notebook.read(course.source("tables"))
    for cell in node["cells"]:
        name, _, kind = cell["id"].partition("-")
        if f"cell {cell['id']}" in BLOCKS:
            cell["source"] = BLOCKS[f"cell {cell['id']}"].rstrip()
        elif name in CHECKS and kind in ("tests", "try"):
            cell["source"] = f"# Checks: {name}\n{CHECKS[name]}" if kind == "tests" else f"print({name})"
    course.source("tables").write_text(json.dumps(node))
    for kind in ("tests", "misconceptions", "alternatives"):
        (course.hidden("tables") / f"{kind}.py").write_text(BLOCKS[f"file {kind}.py"])
    freeze(course, "tables")
    return course_at(course.root)


def test_the_page_proves_itself(tmp_path: Path) -> None:
    """What the page shows is released, and verified without a problem."""
    course = build(tmp_path / "course")
    release(course, "tables", solutions=False)
    proof = verify(course, "tables", jobs=1)
    assert [f"{item.where}: {item.problem}" for item in proof.problems] == []
    assert list(proof.lacks) == []
