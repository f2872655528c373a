"""The loop of a course in formgrader: released, collected, graded, told, by its buttons in a real browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gradekit.course import notebook
from gradekit.course.course import CONFIG, Course
from gradekit.new.course import init

NAME = "rnn_from_scratch"
FORMGRADER = "--ServerApp.jpserver_extensions=nbgrader.server_extensions.formgrader=True"
ARTEFACTS = Path(__file__).parent / "artefacts"
# formgrader loads MathJax from the network, which is none of ours: its formulas stay as they were typed.
MATHJAX = re.compile("MathJax|ERR_NAME_NOT_RESOLVED|ERR_INTERNET_DISCONNECTED")
WAIT_MS = 120_000  # for what takes a few seconds on a quiet machine


@dataclass
class Formgrader:
    """formgrader in a browser, and what its pages said of faults."""

    page: Any
    address: str
    said: list[str] = field(default_factory=list)

    def open(self, where: str) -> None:
        """Open one of its pages, and wait until it has asked for all that it shows."""
        self.page.goto(f"{self.address}formgrader/{where}", wait_until="networkidle")

    def press(self, column: str, shot: str) -> str:
        """Press the button in a column of the only row; return what the dialog says afterwards, and close it."""
        self.page.locator(f"td.{column} a").click()
        dialog = self.page.locator(".modal.in", has=self.page.locator(".modal-title"))
        dialog.wait_for(timeout=WAIT_MS)
        self.page.wait_for_load_state("networkidle")
        said = str(dialog.inner_text())
        self.photograph(shot)
        dialog.locator("button", has_text="OK").or_(dialog.locator(".close")).first.click()
        dialog.wait_for(state="hidden")
        return said

    def photograph(self, name: str) -> None:
        """Keep a picture of the whole page."""
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"formgrader-{name}.png", full_page=True)


@pytest.fixture
def formgrader(browser: Any, tmp_path: Path, serve: Callable[..., AbstractContextManager[str]]) -> Iterator[Formgrader]:
    """formgrader, served in a course that `gradekit init` has made, with an exchange of its own."""
    init(tmp_path / "course")
    (tmp_path / "jupyter").mkdir()
    (tmp_path / "exchange").mkdir(mode=0o777)
    (tmp_path / "exchange").chmod(0o777)
    lines = ["c = get_config()", f"c.Exchange.root = {str(tmp_path / 'exchange')!r}"]
    lines.append(f"c.Exchange.cache = {str(tmp_path / 'cache')!r}")
    (tmp_path / "jupyter" / CONFIG).write_text("\n".join(lines))
    with serve("server", tmp_path / "course", tmp_path, FORMGRADER) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        found = Formgrader(page, address)
        page.on("console", lambda said: found.said.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: found.said.append(str(error)))
        page.on("response", lambda got: found.said.append(f"{got.status} {got.url}") if got.status >= 400 else None)
        yield found
        page.close()


def student(folder: Path, *words: str) -> None:
    """Run one of nbgrader's commands as a student does, in a folder of the student's."""
    environment = os.environ | {"JUPYTER_CONFIG_DIR": str(folder.parent / "jupyter")}
    command = [sys.executable, "-W", "ignore", "-m", "nbgrader", *words, "--course", "course"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr


def answer(course: Course, path: Path, wrong: dict[str, str]) -> None:
    """Solve a notebook that was fetched, but for a few exercises."""
    solved = {cell.id: cell.source for cell in notebook.cells(notebook.read(course.source(NAME)))}
    names = {one.name for one in notebook.exercises(notebook.cells(notebook.read(course.source(NAME))))}
    node = json.loads(path.read_text(encoding="utf-8"))
    for cell in node["cells"]:
        if cell["id"] in names:
            cell["source"] = wrong.get(cell["id"], solved[cell["id"]])
    path.write_text(json.dumps(node), encoding="utf-8")


@pytest.mark.slow
def test_from_release_to_feedback(formgrader: Formgrader, tmp_path: Path) -> None:
    """Generate, release, collect, autograde, a score by hand, feedback: a button each, and each does its work."""
    course = Course(tmp_path / "course")
    formgrader.open("")
    formgrader.page.locator("td.assign a").wait_for()
    formgrader.photograph("begin")
    assert "Successfully created the student version" in formgrader.press("assign", "generated")
    assert (course.root / "solutions" / NAME / f"{NAME}.ipynb").is_file()
    assert "Successfully released" in formgrader.press("release", "released")

    desk = tmp_path / "desk"
    desk.mkdir()
    student(desk, "fetch_assignment", NAME)
    answer(course, desk / NAME / f"{NAME}.ipynb", {"tanh": "def tanh(x):\n    return x"})
    student(desk, "submit", NAME)

    formgrader.open("")
    assert "Successfully collected" in formgrader.press("collect", "collected")
    formgrader.page.locator("td.num-submissions a").click()
    formgrader.page.wait_for_load_state("networkidle")
    said = formgrader.press("autograde", "autograded")
    assert "Successfully autograded" in said
    assert "not recognized" not in said
    formgrader.photograph("submissions")
    assert "10.5 / 11" in formgrader.page.locator("#main-table").inner_text()

    by_hand(formgrader)
    formgrader.open(f"manage_submissions/{NAME}")
    assert "10.75 / 11" in formgrader.page.locator("#main-table").inner_text()
    assert "Successfully autograded" in formgrader.press("autograde", "autograded-again")
    assert "10.75 / 11" in formgrader.page.locator("#main-table").inner_text()
    assert "Successfully generated feedback" in formgrader.press("generate-feedback", "feedback")
    (told,) = (course.root / "feedback").glob(f"*/{NAME}/{NAME}.html")
    page = told.read_text(encoding="utf-8")
    assert "10.75" in page
    assert "A straight line" in page

    assert "Successfully released feedback" in formgrader.press("release-feedback", "feedback-released")
    student(desk, "fetch_feedback", NAME)
    (fetched,) = desk.rglob("feedback/**/*.html")
    assert fetched.read_text(encoding="utf-8") == page
    assert [said for said in formgrader.said if not MATHJAX.search(said)] == []


def by_hand(formgrader: Formgrader) -> None:
    """Give half of an exercise's points and a comment on the page of the only submission, as a person would."""
    formgrader.open(f"gradebook/{NAME}/{NAME}")
    formgrader.photograph("gradebook")
    formgrader.page.get_by_text("Submission #1").click()
    formgrader.page.wait_for_load_state("networkidle")
    formgrader.photograph("grading")
    for place, words, asked in (
        ("tanh-grade", "0.25", "api/grade/"),
        ("tanh-comment", "A straight line?", "api/comment/"),
    ):
        with formgrader.page.expect_response(lambda got, asked=asked: asked in got.url and got.request.method == "PUT"):
            formgrader.page.locator(f"#{place}").fill(words)
            formgrader.page.locator(f"#{place}").blur()
    formgrader.page.locator("#tanh-grade").scroll_into_view_if_needed()
    formgrader.page.screenshot(path=ARTEFACTS / "formgrader-by-hand.png")
