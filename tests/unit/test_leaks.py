"""Where students could read what they must not: each leak is seen, and what they typed themselves is none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.model import Cell, Exercise, Role
from gradekit.release.inspection import Leak, Secret, find_secrets
from gradekit.verify.exposure import feedback_leaks, message_leaks, release_leaks, stub_dangers

SOLUTION = "    doubled_value = x + x"


@pytest.fixture
def secrets(small: Course) -> list[Secret]:
    """The small course's secret texts."""
    return find_secrets(small, "small")


def put(folder: Path, name: str, text: str) -> None:
    """Write a file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def test_nothing_was_released(small: Course, secrets: list[Secret]) -> None:
    """Without released files and feedback there is nothing to read."""
    assert release_leaks(small, "small", secrets=secrets) == []
    assert feedback_leaks(small, "small", secrets=secrets) == []


@pytest.mark.parametrize(
    "text", [SOLUTION, 'expect.close(student.double(case["x"]), case["y"], name="double(x)")'], ids=["solution", "test"]
)
def test_line_in_the_release(small: Course, secrets: list[Secret], text: str) -> None:
    """A line of the solution or of a hidden test in any released file is a leak."""
    put(small.root / "release" / "small", "hints.txt", f"Try this:\n{text}\n")
    (leak,) = release_leaks(small, "small", secrets=secrets)
    assert leak.place == "release/small/hints.txt"


def test_line_in_a_file_beside_the_source(small: Course, secrets: list[Secret]) -> None:
    """What lies beside the source notebook will be released with it; the source itself is not."""
    put(small.source_folder("small"), "more.py", SOLUTION)
    (leak,) = release_leaks(small, "small", secrets=secrets)
    assert leak.place == "source/small/more.py"


def test_line_in_a_released_notebook(small: Course, secrets: list[Secret]) -> None:
    """The source notebook in the students' folder gives its solutions away."""
    put(small.root / "release" / "small", "small.ipynb", small.source("small").read_text(encoding="utf-8"))
    assert any("doubled_value" in leak.line for leak in release_leaks(small, "small", secrets=secrets))


@pytest.mark.parametrize("name", ["reference.npz", "data.npz"])
def test_reference_values_in_the_release(small: Course, secrets: list[Secret], name: str) -> None:
    """The reference values are a leak under their own and under any other name."""
    folder = small.root / "release" / "small"
    folder.mkdir(parents=True)
    shutil.copy(small.hidden("small") / "reference.npz", folder / name)
    (leak,) = release_leaks(small, "small", secrets=secrets)
    assert leak == Leak(f"release/small/{name}", "reference.npz")
    assert str(leak) == f"release/small/{name}: it is the hidden tests' reference.npz"


def test_line_in_feedback(small: Course, secrets: list[Secret]) -> None:
    """A feedback page that shows the solution leaks, also where its markup cuts the line in pieces."""
    put(small.root / "feedback" / "ada" / "small", "small.html", "<b>doubled_value</b> = <i>x</i> + x")
    (leak,) = feedback_leaks(small, "small", secrets=secrets)
    assert leak.place == "feedback/ada/small.html"
    put(small.root / "feedback" / "ada" / "small", "small.html", "<p>Your columns sum to one.</p>")
    assert feedback_leaks(small, "small", secrets=secrets) == []


def test_learners_own_line_in_feedback(small: Course, secrets: list[Secret]) -> None:
    """Who typed the solution's line may read it in their own feedback, and nobody else in theirs."""
    for student in ("ada", "bob"):
        put(small.root / "feedback" / student / "small", "small.html", f"<pre>{SOLUTION}</pre>")
    put(small.root / "submitted" / "ada" / "small", "small.ipynb", small.source("small").read_text(encoding="utf-8"))
    leaks = feedback_leaks(small, "small", secrets=secrets)
    assert [leak.place.split("/")[1] for leak in leaks] == ["bob"]


def test_line_in_a_message(secrets: list[Secret]) -> None:
    """A message with a line of the solution is a leak, unless the learner typed that line."""
    told = {"what values says": f"Write {SOLUTION}."}
    assert len(message_leaks(told, secrets=secrets, own="")) == 1
    assert message_leaks(told, secrets=secrets, own=SOLUTION) == []


def test_a_place_may_have_any_name(secrets: list[Secret]) -> None:
    """What the learner typed is told by the line and its origin, whatever the place is called."""
    told = {"a: b: 'c' of d": f"Write {SOLUTION}."}
    (leak,) = message_leaks(told, secrets=secrets, own="")
    assert (leak.place, leak.origin, leak.line) == ("a: b: 'c' of d", "cell 'double'", SOLUTION.strip())
    assert str(leak) == f"a: b: 'c' of d: '{SOLUTION.strip()}' of cell 'double'"
    assert message_leaks(told, secrets=secrets, own=SOLUTION) == []


def test_graded_cells_are_no_secret_of_feedback(small: Course) -> None:
    """nbgrader's own pages show the call of the hidden tests; it tells nothing, and by the cell's name it is known."""
    shown = "secret_call = grade_softly(double)"
    put(small.root / "feedback" / "ada" / "small", "small.html", shown)
    assert feedback_leaks(small, "small", secrets=[Secret(shown, cell="double-grade")]) == []
    (leak,) = feedback_leaks(small, "small", secrets=[Secret(shown, cell="double")])
    assert leak == Leak("feedback/ada/small.html", "cell 'double'", shown)


def dangers(source: str) -> list[str]:
    """Return the dangers of a notebook with one exercise `f` and a locked cell before it."""
    stub = Cell(1, "f", "code", source, Role.SOLUTION, "f")
    given = Cell(
        0, "given", "code", "def read(p):\n    return open(p).read()\n\ndef twice(x):\n    return 2 * x", Role.LOCKED
    )
    return stub_dangers([given, stub], [Exercise("f", 1.0, stub, notebook.definitions(source))])


@pytest.mark.parametrize(
    ("source", "danger"),
    [
        ("def f(p):\n    return open(p)", "`open`"),
        ("def f(p):\n    return np.load(p)", "`np.load`"),
        ("def f(p):\n    return read(p)", "read uses `open`"),
        ("def f(t):\n    return eval(t)", "`eval`"),
        ("def f(p):\n    return os.listdir(p)", "`os`"),
        ("def f():\n    import subprocess", "`import subprocess`"),
        ("class f:\n    def save(self, p):\n        self.a.tofile(p)", "`self.a.tofile`"),
        ("def f(p):\n    return helper(p)\n\ndef helper(p):\n    return p.read_text()", "helper uses `p.read_text`"),
    ],
)
def test_stub_that_is_dangerous(source: str, danger: str) -> None:
    """A reference function that opens files or runs text, however far down, is refused as a stub."""
    found = dangers(source)
    assert any(danger in line for line in found), found


def test_stub_that_is_harmless() -> None:
    """Arithmetic, a helper that does arithmetic and an argument called input are no danger."""
    assert dangers("def f(input):\n    return twice(input) + np.tanh(input)") == []


def test_solution_of_the_small_course_is_harmless(small: Course) -> None:
    """The small course's reference may be called by learners."""
    cells = notebook.cells(json.loads(small.source("small").read_text(encoding="utf-8")))
    code = [cell for cell in cells if cell.kind == "code"]
    assert stub_dangers(code, notebook.exercises(cells)) == []
