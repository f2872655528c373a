"""The door: what students get opens anywhere, says one sentence where something lacks, and shows their own line."""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from packaging.requirements import Requirement
from packaging.version import Version

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.demo import Submission, hand_in
from gradekit.export import otter
from gradekit.grade.classroom import grade_class
from gradekit.grade.judge import Grading
from gradekit.grade.unchanged import hashes
from gradekit.release import door
from gradekit.release.make import release

ROOT = Path(__file__).parents[2]
COURSE = Course(ROOT)
ASSIGNMENTS = COURSE.assignments()
ANSI = re.compile(r"\x1b\[[0-9;]*m")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def required(folder: Path) -> dict[str, Requirement]:
    """Return what pip would be asked for, by name."""
    lines = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {item.name: item for item in found}


def conda_list(folder: Path) -> list[str]:
    """Return the lines of environment.yml's list of dependencies."""
    text = (folder / "environment.yml").read_text(encoding="utf-8")
    return text.split("dependencies:\n")[1].splitlines()


# --- the three files ------------------------------------------------------------------------------------------------


class TestFiles:
    """requirements.txt, environment.yml and runtime.txt lie beside every released notebook."""

    @pytest.mark.parametrize("name", ASSIGNMENTS)
    def test_every_student_gets_them(self, name: str) -> None:
        """Both lists name the same packages, from one version on; the two Pythons are one, not below the floor."""
        folder = COURSE.folder("release", name)
        listed = required(folder)
        assert {"numpy", "matplotlib", "jupyterlab", "ipykernel"} <= set(listed)
        for tool, bound in door.TOOLS.items():
            assert listed[tool].specifier.contains(bound)
            assert not listed[tool].specifier.contains("0.1")
            assert f"  - {tool}>={bound}" in conda_list(folder)
        (python,) = [line.removeprefix("  - python=") for line in conda_list(folder) if "- python=" in line]
        assert (folder / "runtime.txt").read_text(encoding="utf-8") == f"python-{python}\n"
        assert Version(python) >= Version(door.FLOOR)

    @pytest.mark.parametrize("name", ASSIGNMENTS)
    def test_the_first_cells_say_which_python(self, name: str) -> None:
        """Before the first code cell the notebook names the oldest Python, and the file that lists the rest."""
        cells = notebook.cells(notebook.read(COURSE.source(name)))
        first = next(cell.index for cell in cells if cell.kind == "code")
        said = " ".join(cell.source for cell in cells[:first])
        assert f"Python {door.FLOOR} or newer" in said
        assert "requirements.txt" in said

    def test_checks_are_written_for_the_oldest_python(self) -> None:
        """The one file beside the notebook has no newer grammar, and imports what that Python has."""
        tree = ast.parse((ROOT / "gradekit" / "checks.py").read_text(encoding="utf-8"), feature_version=(3, 10))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        assert not names & {"Self", "assert_never", "StrEnum", "override", "batched"}

    def test_the_instructors_own_file_wins(self, released: Course) -> None:
        """A file of that name in source/<assignment>/ is given out as it is; the others are made."""
        own = "numpy==2.0.0  # as in our computer room\n"
        (released.source_folder("small") / "requirements.txt").write_text(own, encoding="utf-8")
        release(released, "small", solutions=False)
        folder = released.folder("release", "small")
        assert (folder / "requirements.txt").read_text(encoding="utf-8") == own
        assert "  - numpy>=1.26" in conda_list(folder)

    def test_a_notebook_that_imports_more(self, released: Course, edit: Callable[..., None]) -> None:
        """What the notebook or a module beside it imports is listed; what is not installed here is not guessed at."""
        helper = "from packaging.version import Version\nimport numpy, json, checks, no_such_module\n"
        (released.source_folder("small") / "helper.py").write_text(helper, encoding="utf-8")
        more = "import numpy as np\nimport checks\nimport helper\nfrom IPython.display import Markdown\nimport nbformat"
        edit(lambda cells: cells["imports"].update(source=more))
        release(released, "small", solutions=False)
        folder = released.folder("release", "small")
        assert set(required(folder)) == {*door.TOOLS, "packaging", "nbformat"}
        assert conda_list(folder)[-4:] == ["  - pip", "  - pip:", "    - nbformat", "    - packaging"]

    def test_otters_students_need_otter_too(
        self, released: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The students' folder for otter lists otter as well; a file of the instructor's own stays."""
        monkeypatch.setattr(otter, "try_otter", lambda *_, **__: None)  # a grading, which writes nothing that they get
        (released.source_folder("small") / "runtime.txt").write_text("python-3.13\n", encoding="utf-8")
        student = otter.export(released, "small", tmp_path / "otter").student
        assert required(student)["otter-grader"].specifier == Requirement(otter.OTTER).specifier
        assert conda_list(student)[-1] == f"    - {required(student)['otter-grader']}"
        assert (student / "runtime.txt").read_text(encoding="utf-8") == "python-3.13\n"

    def test_they_decide_no_score(self, released: Course) -> None:
        """Other files for the same notebook mean no grading again."""
        grading = Grading(released, "small")
        before = hashes(grading)
        for name in door.NAMES:
            (released.folder("release", "small") / name).write_text("other\n", encoding="utf-8")
        assert hashes(grading) == before
        path = released.folder("release", "small") / "small.ipynb"
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        assert hashes(grading) != before

    def test_a_whole_folder_handed_in(self, released: Course) -> None:
        """A student who hands in all that was given out gets full marks, and nobody has a word to say of it."""
        hand_in(released, "small", [Submission("ann", {})])
        for name in (*door.NAMES, "checks.py"):
            shutil.copy(released.folder("release", "small") / name, released.folder("submitted", "small", "ann"))
        (done,) = grade_class(Grading(released, "small"), ["ann"])
        assert sum(result.score or 0.0 for result in done.report.exercises) == 2.5
        assert not done.report.notes
        assert not done.report.alarms


# --- in a kernel ----------------------------------------------------------------------------------------------------

PREPARED = """import numpy as np
import checks
from functools import partial


def broken(x, flag=0):
    y = x + 1
    return y["a line of my own"]
"""
MY_LINE = '----> 8     return y["a line of my own"]'
OWN_ERRORS = {
    "unchanged": "checks.unchanged(broken, np.ones(2))",
    "partial": "checks.unchanged(partial(broken, flag=1), np.ones(2), name='f')",
    "numeric": "checks.numeric_gradient(lambda: broken(np.ones(2)), np.ones(2))",
    "gradients": "checks.gradients(lambda v: broken(v['W']), {'W': np.ones(2)}, {'dW': np.ones(2)})",
    "argument": "checks.close(broken(np.ones(2)), 1.0, name='x')",
}
IN_WORDS = {
    "checks.unchanged(broken, 1, 2, 3)": "broken cannot be called with 3 arguments: broken() takes from 1 to 2",
    "checks.unchanged(None, 1)": "cannot be called with 1 argument: 'NoneType' object is not callable",
    "checks.gradients(broken, None, {})": "parameters is None",
    "checks.gradients(lambda: 1.0, {'W': np.ones(2)}, {'dW': np.ones(2)})": "the cost cannot be called with 1 argument",
    "checks.gradients(broken, {'W': 'abc'}, {'dW': 1})": "parameters['W'] is of type str",
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a real kernel shows for each of these cells, by its source."""
    folder = tmp_path_factory.mktemp("shown")
    shutil.copy(ROOT / "gradekit" / "checks.py", folder)
    cells = [new_code_cell(source) for source in (PREPARED, *OWN_ERRORS.values(), *IN_WORDS)]
    node = new_notebook(cells=cells)
    NotebookClient(node, allow_errors=True, resources={"metadata": {"path": str(folder)}}).execute()
    return {cell.source: cell.outputs[0] for cell in node.cells[1:]}


def traceback(output: Any) -> str:
    """Return a traceback as it is read: without colours."""
    return ANSI.sub("", "\n".join(output.traceback))


class TestErrors:
    """What a student sees where something fails below a check."""

    @pytest.mark.parametrize("how", OWN_ERRORS)
    def test_own_error_shows_the_own_line(self, shown: dict[str, Any], how: str) -> None:
        """An exception of the student's own points at the student's line, and at none of checks.py."""
        said = traceback(shown[OWN_ERRORS[how]])
        assert MY_LINE in said
        assert "checks.py" not in said

    @pytest.mark.parametrize("source", IN_WORDS)
    def test_where_no_own_line_was_reached(self, shown: dict[str, Any], source: str) -> None:
        """A function that cannot be called, or what is no dictionary, is said in words, without a traceback."""
        said = traceback(shown[source])
        assert said.startswith("CheckFailed: ")
        assert IN_WORDS[source] in " ".join(said.split())
        assert "Traceback" not in said

    @pytest.mark.parametrize("name", ASSIGNMENTS)
    def test_without_checks_one_message_alone(self, name: str, tmp_path: Path) -> None:
        """With checks.py absent the import cell's own sentence is all there is: no second traceback above it."""
        cells = notebook.cells(notebook.read(COURSE.folder("release", name) / f"{name}.ipynb"))
        (source,) = [cell.source for cell in cells if "import checks" in cell.source]
        node = new_notebook(cells=[new_code_cell(source)])
        NotebookClient(node, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}).execute()
        (output,) = [one for one in node.cells[0].outputs if one.output_type == "error"]
        said = traceback(output)
        assert said.count("Traceback") == 1
        assert "exception" not in said.replace("exceptions", "")
        assert "No module named" not in said
        assert json.dumps(output.evalue).startswith('"checks.py is missing.')
