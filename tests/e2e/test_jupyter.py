"""The released notebooks in JupyterLab and Notebook 7, in a real browser: solved, validated, and answered wrongly.

A script types the answers in, as a student would, and presses nbgrader's own Validate button.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gradekit import checks
from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.judging.assignment import load_assignment
from gradekit.judging.catalogue import load_misconceptions
from gradekit.model import Role

ROOT = Path(__file__).parents[2]
COURSE = Course(ROOT)
ASSIGNMENTS = COURSE.assignments()
ARTEFACTS = Path(__file__).parent / "artefacts"
FRONTS = {"lab": "lab/tree/{path}?reset", "notebook": "notebooks/{path}"}
QUICK = ("rnn_from_scratch", "lab")
START = "CheckFailed: "
LEGIBLE = 40  # characters of a sentence that stand in one line everywhere
WAIT_MS = 90_000  # for what takes a few seconds on a quiet machine
# The application lets itself be spoken to by the page's scripts where it is asked to.
EXPOSED = ("--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True")
NO_NEWS = {"fetchNews": "false", "checkForUpdates": False}
READY = """() => {
  const panel = window.jupyterapp?.shell.currentWidget;
  return panel?.context?.isReady && panel.sessionContext?.session?.kernel?.status === 'idle';
}"""
PUT = """(answers) => {
  for (const cell of window.jupyterapp.shell.currentWidget.context.model.cells)
    if (cell.id in answers) cell.sharedModel.setSource(answers[cell.id]);
}"""
RUN_ALL = "async () => { await window.jupyterapp.commands.execute('notebook:run-all-cells'); }"
CELLS = """() => [...window.jupyterapp.shell.currentWidget.context.model.cells].map((cell) => cell.toJSON())"""
SHOW = """async (id) => {
  const panel = window.jupyterapp.shell.currentWidget;
  const index = [...panel.context.model.cells].findIndex((cell) => cell.id === id);
  panel.content.activeCellIndex = index;
  await panel.content.scrollToItem(index, 'start');
}"""


@dataclass(frozen=True)
class Wrong:
    """A wrong answer that a visible check rejects, and what the check says of it."""

    exercise: str
    source: str
    sentence: str


def wrong_answer(name: str, monkeypatch: pytest.MonkeyPatch) -> Wrong:
    """Return the first wrong answer of an assignment's catalogue that the exercise's own visible checks reject."""
    monkeypatch.setitem(sys.modules, "checks", checks)
    loaded = load_assignment(COURSE, name)
    known = load_misconceptions(COURSE, name, loaded.exercises, loaded.solution)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    monkeypatch.chdir(COURSE.source_folder(name))
    for cell in notebook.cells(notebook.read(COURSE.source(name))):
        if cell.kind == "code" and cell.role in (Role.SOLUTION, Role.LOCKED):
            exec(cell.source, namespace)
        exercise = cell.grade_id.removesuffix("-tests")
        if cell.role is Role.TEST and exercise != cell.grade_id:
            for item in (one for one in known if one.exercise == exercise):
                tried = dict(namespace)
                exec(item.source, tried)
                try:
                    exec(cell.source, tried)
                except checks.CheckFailed as error:
                    return Wrong(exercise, item.source, str(error).splitlines()[0])
                except Exception:  # noqa: BLE001  (another wrong answer, which the check does not survive)
                    continue
    raise AssertionError(f"no visible check of {name} rejects a known wrong answer")


def answers(name: str) -> Mapping[str, str]:
    """Return what goes into every cell that a student fills in, by cell id: the solution, or a few words."""
    cells = notebook.cells(notebook.read(COURSE.source(name)))
    written = {cell.id: "The data are drawn by lot." for cell in cells if cell.role is Role.MANUAL}
    return written | {cell.id: cell.source for cell in cells if cell.role is Role.SOLUTION}


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, serve: Callable[..., AbstractContextManager[str]]
) -> Iterator[tuple[str, Path]]:
    """A server's address and the folder that it serves; JupyterLab's pages and Notebook 7's."""
    state = tmp_path_factory.mktemp("jupyter")
    settings = state / "jupyter" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(NO_NEWS), encoding="utf-8")
    folder = state / "student"
    folder.mkdir()
    with serve("lab", folder, state, *EXPOSED) as address:
        yield address, folder


@dataclass
class Desk:
    """A released notebook, open in a front end."""

    page: Any
    name: str
    front: str

    def put(self, given: Mapping[str, str]) -> None:
        """Type answers into their cells."""
        self.page.evaluate(PUT, dict(given))

    def run_all(self) -> dict[str, Any]:
        """Run from top to bottom, and to the first error; return the cells by id."""
        self.page.evaluate(RUN_ALL)
        return {cell["id"]: cell for cell in self.page.evaluate(CELLS)}

    def show(self, cell: str, what: str, shot: str) -> None:
        """Bring a cell into view, wait until something in it is seen, and keep a picture."""
        self.page.evaluate(SHOW, cell)
        self.page.locator(".jp-Cell.jp-mod-active").locator(what).first.wait_for(timeout=WAIT_MS)
        self.photograph(shot)

    def validate(self, shot: str) -> str:
        """Press nbgrader's button; return what its dialog says."""
        self.page.locator(".validate-button").get_by_text("Validate").click()
        dialog = self.page.locator(".jp-Dialog", has_text="Validation Results")
        dialog.wait_for(timeout=WAIT_MS)
        said = str(dialog.inner_text())
        self.photograph(shot)
        dialog.get_by_role("button", name="OK").click()
        dialog.wait_for(state="detached")
        return said

    def photograph(self, shot: str) -> None:
        """Keep a picture of what is seen."""
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{self.front}-{self.name}-{shot}.png")


@pytest.fixture
def sit_down(browser: Any, served: tuple[str, Path]) -> Iterator[Callable[[str, str], Desk]]:
    """Open a fresh copy of what students get: ``sit_down("next_token", "lab")``."""
    address, folder = served
    contexts = []

    def opened(name: str, front: str) -> Desk:
        place = f"{front}-{name}-{len(list(folder.iterdir()))}"
        shutil.copytree(COURSE.folder("release", name), folder / place)
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        contexts.append(context)
        page = context.new_page()
        page.goto(address + FRONTS[front].format(path=f"{place}/{name}.ipynb"))
        page.wait_for_function(READY, timeout=WAIT_MS)
        page.locator(".validate-button").wait_for(timeout=WAIT_MS)
        return Desk(page, name, front)

    yield opened
    for context in contexts:
        context.close()


def errors(cells: Mapping[str, Any]) -> dict[str, str]:
    """Return what went wrong, by cell id."""
    found = {}
    for name, cell in cells.items():
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error":
                found[name] = f"{output['ename']}: {output['evalue']}"
    return found


def unrun(cells: Mapping[str, Any]) -> list[str]:
    """Return the cells of code that did not run."""
    return [name for name, cell in cells.items() if cell["cell_type"] == "code" and not cell["execution_count"]]


def test_solved_and_answered_wrongly(sit_down: Callable[[str, str], Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    """In JupyterLab: solved, a notebook runs to its end; a wrong answer stops it at the check's own sentence."""
    work_through(sit_down(*QUICK), wrong_answer(QUICK[0], monkeypatch), validates=False)


@pytest.mark.slow
@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_notebook_in_both(
    sit_down: Callable[[str, str], Desk], monkeypatch: pytest.MonkeyPatch, name: str, front: str
) -> None:
    """Solved, each notebook runs to its end and Validate says success; of a wrong answer both show the sentence."""
    work_through(sit_down(name, front), wrong_answer(name, monkeypatch), validates=True)


def work_through(desk: Desk, wrong: Wrong, *, validates: bool) -> None:
    """Solve a notebook and run it; then answer one exercise wrongly, and run it again."""
    desk.photograph("opened")
    solved = answers(desk.name)
    desk.put(solved)
    cells = desk.run_all()
    assert not errors(cells)
    assert not unrun(cells)
    outputs = [(name, output) for name, cell in cells.items() for output in cell.get("outputs", ())]
    pictures = [name for name, output in outputs if "image/png" in output.get("data", ())]
    assert len(pictures) >= 5
    desk.show(pictures[-1], "img", "solved")
    if validates:
        assert "Success! Your notebook passes all the tests." in desk.validate("validated")
    desk.put({wrong.exercise: wrong.source})
    found = errors(desk.run_all())
    assert found == {f"{wrong.exercise}-tests": found[f"{wrong.exercise}-tests"]}
    assert found[f"{wrong.exercise}-tests"].startswith(f"{START}{wrong.sentence}")
    desk.show(f"{wrong.exercise}-tests", f"text={START}{wrong.sentence[:LEGIBLE]}", "wrong")
    if validates:
        said = desk.validate("not-validated")
        assert f"# Checks: {wrong.exercise}" in said
        assert wrong.sentence[:LEGIBLE] in " ".join(said.split())
