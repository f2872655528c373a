"""Pages of a class graded with each setting of figures: a picture where one was drawn, elsewhere a line says how."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from gradekit import cli
from gradekit.course.course import Course
from gradekit.demo import Submission, hand_in
from gradekit.grade.notebook import UNDRAWN
from gradekit.gradebook.assignment import open_gradebook
from gradekit.gradebook.settings import read_settings
from gradekit.release.make import release

FORMGRADER = "--ServerApp.jpserver_extensions=nbgrader.server_extensions.formgrader=True"
# formgrader loads MathJax from the network, which is none of ours.
MATHJAX = re.compile("MathJax|ERR_NAME_NOT_RESOLVED|ERR_INTERNET_DISCONNECTED")
WHOLE = """line => {
  const box = line.closest('pre').parentElement.getBoundingClientRect();
  return line.getBoundingClientRect().right <= box.right;
}"""  # nothing of it is cut
ARTEFACTS = Path(__file__).parent / "artefacts"
OWN = {"schema_version": 3, "grade_id": "plot", "grade": True, "solution": True, "locked": False, "task": False}
TITLE = OWN | {"grade_id": "plot-text", "grade": False, "solution": False, "locked": True}
DRAW = "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.title('{title}')\nplt.show()"
# setting → pictures in formgrader's page, lines about others there; the same in ours, which has the graded cell alone
SEEN = {"none": (0, 2, 0, 1), "changed": (1, 1, 1, 0), "all": (2, 0, 1, 0)}


def cell(name: str, source: str, **nbgrader: Any) -> dict[str, Any]:
    """Return a code cell."""
    meta = {"nbgrader": nbgrader} if nbgrader else {}
    return {
        "cell_type": "code",
        "id": name,
        "metadata": meta,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


@pytest.fixture
def course(small: Course) -> Course:
    """The small course with a cell that draws as it was given out, and one in which each student draws for a person."""
    node = json.loads(small.source("small").read_text(encoding="utf-8"))
    node["cells"][0]["source"] = "# A small notebook\n\n3.5 points"
    node["cells"].insert(2, cell("given", DRAW.format(title="given out")))
    node["cells"].append(
        {"cell_type": "markdown", "id": "plot-text", "metadata": {"nbgrader": TITLE}, "source": "## Draw (1 point)"}
    )
    node["cells"].append(cell("plot", "plt.bar(range(3), [number**2 for number in (1, 2, 3)])", **OWN, points=1))
    small.source("small").write_text(json.dumps(node), encoding="utf-8")
    release(small, "small", solutions=False)
    hand_in(small, "small", [Submission("ann", {})])
    path = small.folder("submitted", "small", "ann") / "small.ipynb"
    node = json.loads(path.read_text(encoding="utf-8"))
    next(found for found in node["cells"] if found["id"] == "plot")["source"] = DRAW.format(title="by Ann")
    path.write_text(json.dumps(node), encoding="utf-8")
    return small


@pytest.mark.slow
def test_each_setting_of_figures(
    course: Course,
    browser: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    serve: Callable[..., AbstractContextManager[str]],
) -> None:
    """Graded with none, changed and all, both pages load without an error and have as many pictures as were drawn."""
    monkeypatch.chdir(course.root)
    found = {}
    with serve("server", course.root, tmp_path, FORMGRADER) as address:
        for setting in SEEN:
            for words in (["grade", "small", "--figures", setting, "--jobs", "1"], ["feedback", "small"]):
                monkeypatch.setattr(sys, "argv", ["gradekit", *words])
                assert cli.main() in (0, 1)  # a person has a cell to look at
            with open_gradebook(read_settings(course)) as gradebook:
                number = gradebook.find_submission_notebook("small", "small", "ann").id
            theirs = look(browser, f"{address}formgrader/submissions/{number}/", f"formgrader-{setting}")
            told = course.root / "feedback" / "ann" / "small" / "small.html"
            found[setting] = (*theirs, *look(browser, told.as_uri(), f"feedback-{setting}"))
    assert found == SEEN


def look(browser: Any, address: str, name: str) -> tuple[int, int]:
    """Open a page and keep a picture of it; return how many figures it shows, and how many lines about one it lacks."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    said: list[str] = []
    page.on("console", lambda words: said.append(words.text) if words.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address, wait_until="networkidle")
    pictures = page.locator("img[src^='data:image/png']")
    shown = [pictures.nth(at).evaluate("image => image.naturalWidth") for at in range(pictures.count())]
    assert all(width > 100 for width in shown)
    lines = page.get_by_text(UNDRAWN)
    assert all(lines.nth(at).evaluate(WHOLE) for at in range(lines.count()))
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"figures-{name}.png", full_page=True)
    assert [words for words in said if not MATHJAX.search(words)] == []
    found = len(shown), lines.count()
    page.close()
    return found
