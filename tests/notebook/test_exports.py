"""The same assignment in otter-grader and on Gradescope: equal scores, odd hand-ins, what students get, bad input."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from gradekit import demo
from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.demo import Submission
from gradekit.errors import BadReference, CourseError, HostError
from gradekit.export import bundle, gradescope, gradescope_run, otter
from gradekit.grade.judge import LANDLOCK, USER, Grading, refuse_readable
from gradekit.model import ExerciseResult, GradeReport, Note, TestResult, Verdict
from gradekit.worker import sandbox

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
# Grades notebooks with otter, in a process that can be given up; prints the scores as JSON, by notebook.
OTTER_DRIVER = """
import json, os, sys
from otter.api import grade_submission

found = {}
for path in sys.argv[2:]:
    os.chdir(os.path.dirname(path))
    results = grade_submission(path, sys.argv[1], quiet=True)
    found[path] = {name: result.score for name, result in results.results.items()}
print("SCORES" + json.dumps(found))
"""
RIGHT = {"double": "def double(x):\n    return x + x", "quadruple": "def quadruple(x):\n    return double(double(x))"}
FULL = {"double": 0.5, "quadruple": 2.0}
ANSWERS: dict[str, tuple[dict[str, str], dict[str, float]]] = {
    "right": (RIGHT, FULL),
    "blank": ({}, {"double": 0.0, "quadruple": 0.0}),
    "partial": (
        RIGHT | {"double": "def double(x):\n    x *= 2\n    return x"},
        {"double": 0.5 * 2 / 3, "quadruple": 2.0},
    ),
    "exits": (RIGHT | {"double": "def double(x):\n    raise SystemExit"}, {"double": 0.0, "quadruple": 2.0}),
}
NAMES = ("with a space.ipynb", "étude.ipynb")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no course be found but the one that travels in the zip."""
    monkeypatch.delenv("GRADEKIT_COURSE", raising=False)


def hand_in(course: Course, folder: Path, cells: dict[str, str], *, name: str = "small.ipynb") -> Path:
    """Write a student's notebook, made of the released one."""
    node = notebook.read(course.root / "release" / "small" / "small.ipynb")
    for cell in node["cells"]:
        cell["source"] = cells.get(cell["id"], cell["source"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(node), encoding="utf-8")
    return folder / name


def lay_out(made: Path, root: Path) -> Path:
    """Lay a zip out as Gradescope does; return the folder for the submission."""
    for part in ("source", "submission", "results"):
        (root / part).mkdir(parents=True)
    with zipfile.ZipFile(made) as file:
        file.extractall(root / "source")
    shutil.copy(root / "source" / "run_autograder", root / "run_autograder")
    return root / "submission"


def run_script(root: Path) -> dict[str, Any]:
    """Run the script that Gradescope runs; return results.json."""
    environment = {**os.environ, "AUTOGRADER_ROOT": str(root), "AUTOGRADER_PYTHON": sys.executable}
    subprocess.run(["bash", str(root / "run_autograder")], env=environment, check=False, timeout=300)
    return json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))


def run_autograder(root: Path, name: str = "small") -> dict[str, Any]:
    """Do what that script does, in this process; return results.json."""
    gradescope_run.main(root, name)
    return json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))


def scores(results: dict[str, Any]) -> dict[str, float]:
    """Return the scores that students see, by exercise."""
    return {test["name"]: test["score"] for test in results["tests"] if "score" in test}


def otter_scores(made: Path, *submissions: Path) -> list[dict[str, float]]:
    """Grade notebooks with otter, in a process without a course to be found."""
    command = [sys.executable, "-W", "ignore", "-c", OTTER_DRIVER, str(made), *map(str, submissions)]
    environment = {name: value for name, value in os.environ.items() if name != "GRADEKIT_COURSE"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, cwd=made.parent, env=environment
    )
    assert "SCORES" in done.stdout, done.stderr[-2000:]
    return list(json.loads(done.stdout.rsplit("SCORES", 1)[1]).values())


@pytest.fixture(scope="session")
def exported(once: Callable[..., Path], released_once: Course) -> Course:
    """The small course, released, with limits that a test can wait for; not to be changed."""

    def export(folder: Path) -> None:
        course = Course(Path(shutil.copytree(released_once.root, folder / "course")))
        with (course.root / "nbgrader_config.py").open("a", encoding="utf-8") as config:
            config.write("\nc.Gradekit.call_s = 1\nc.Gradekit.exercise_s = 3\nc.Gradekit.cell_s = 2\n")
        otter.export(course, "small", course.root / "otter")
        gradescope.export(course, "small", course.root / "gradescope")

    return Course(once("exported", export) / "course")


@pytest.fixture(scope="session")
def in_otter(once: Callable[..., Path], exported: Course) -> dict[str, dict[str, float]]:
    """What otter gives for every answer, and for the right one under every name; it takes seconds to start."""

    def grade(folder: Path) -> None:
        paths = {name: hand_in(exported, folder / name, cells) for name, (cells, _) in ANSWERS.items()}
        paths |= {name: hand_in(exported, folder / "named", RIGHT, name=name) for name in NAMES}
        found = otter_scores(exported.root / "otter" / "autograder.zip", *paths.values())
        (folder / "scores.json").write_text(json.dumps(dict(zip(paths, found, strict=True))), encoding="utf-8")

    return json.loads((once("in-otter", grade) / "scores.json").read_text(encoding="utf-8"))


# --- equal scores ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "run"), [("right", run_script), *((answer, run_autograder) for answer in ANSWERS if answer != "right")]
)
@pytest.mark.usefixtures("elsewhere")
def test_otter_and_gradescope_agree(
    exported: Course,
    in_otter: dict[str, dict[str, float]],
    tmp_path: Path,
    answer: str,
    run: Callable[[Path], dict[str, Any]],
) -> None:
    """The file that a student hands in to nbgrader scores the same in otter and on Gradescope, exercise by exercise."""
    cells, expected = ANSWERS[answer]
    assert in_otter[answer] == pytest.approx(expected, abs=1e-12)
    hand_in(exported, lay_out(exported.root / "gradescope" / "autograder.zip", tmp_path / "root"), cells)
    found = run(tmp_path / "root")
    assert scores(found) == pytest.approx(expected, abs=1e-12)
    assert found["score"] == pytest.approx(sum(expected.values()), abs=1e-12)


def _class_scores(course: Course, name: str, submissions: Sequence[Submission]) -> dict[str, dict[str, float]]:
    return {row.student: dict(row.scores) for row in demo.results(course, name, submissions).rows}


@pytest.mark.parametrize(
    ("name", "students"),
    [
        ("dinosaur_names", ("half_done",)),
        *(pytest.param(name, (), marks=pytest.mark.slow, id=f"{name}-all") for name in Course(ROOT).assignments()),
    ],
)
@pytest.mark.usefixtures("elsewhere")
def test_a_class_scores_the_same_in_all_four(tmp_path: Path, name: str, students: tuple[str, ...]) -> None:
    """`gradekit grade`, nbgrader, otter and Gradescope's path give a class equal scores in every exercise."""
    course = demo.make_course(Course(ROOT), name, tmp_path / "class")
    members = demo.synthetic_class(course, name)
    submissions = tuple(item for item in members if item.student in students) or members
    demo.hand_in(course, name, submissions)
    plain = Course(Path(shutil.copytree(course.root, tmp_path / "plain")))
    config = (plain.root / "nbgrader_config.py").read_text(encoding="utf-8").replace("gradekit.install(c)", "")
    (plain.root / "nbgrader_config.py").write_text(config, encoding="utf-8")
    command = [sys.executable, "-m", "nbgrader", "autograde", name]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(
        command, cwd=plain.root, env=environment, check=True, capture_output=True, timeout=7200
    )  # trains for each
    assert all(item.failure == "" for item in demo.grade_class(course, name, jobs=2))
    ours = _class_scores(course, name, submissions)
    assert _class_scores(plain, name, submissions) == ours
    made = otter.export(course, name, tmp_path / "otter")
    exported = gradescope.export(course, name, tmp_path / "gradescope")
    for submission in submissions:
        path = course.root / "submitted" / submission.student / name / f"{name}.ipynb"
        (found,) = otter_scores(made.zip, path)
        assert found == pytest.approx(ours[submission.student], abs=1e-9), submission.student
        root = tmp_path / f"root-{submission.student}"
        shutil.copy(path, lay_out(exported, root))
        assert scores(run_autograder(root, name)) == ours[submission.student], submission.student


def test_students_file_is_otters_too(exported: Course) -> None:
    """The released notebook itself says which cell is followed by which test and which one otter leaves out."""
    node = notebook.read(exported.root / "release" / "small" / "small.ipynb")
    cells = {cell["id"]: cell for cell in node["cells"]}
    assert cells["double-tests"]["metadata"]["otter"] == {"tests": ["double"]}
    assert cells["double-grade"]["metadata"]["tags"] == [notebook.OTTER_IGNORE]
    assert [cell["id"] for cell in node["cells"] if "otter" in cell["metadata"]] == ["double-tests", "quadruple-tests"]


# --- odd hand-ins on Gradescope --------------------------------------------------------------------------------------


def _ends(root: Path) -> None:
    (root / "source" / "course" / "tests" / "hidden" / "small" / "tests.py").write_text("import os; os._exit(3)")


LOSSES: dict[str, tuple[dict[str, str], dict[str, float], str]] = {
    "ends the process in a call": (
        RIGHT | {"double": "import os\ndef double(x):\n    os._exit(0)"},
        {"double": 0.0, "quadruple": 2.0},
        "your code ended the process",
    ),
    "ends the process in a cell": (
        RIGHT | {"quadruple-try": "import os\nos._exit(0)"},
        FULL,
        "",
    ),
    "never ends": (
        RIGHT | {"double": "def double(x):\n    while True:\n        pass"},
        {"double": 0.0, "quadruple": 2.0},
        "longer than",
    ),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name == "never ends" else []) for name in LOSSES]
)
def test_what_otter_loses_gets_a_score_and_a_reason(exported: Course, tmp_path: Path, name: str) -> None:
    """A dead kernel and an endless loop cost their own exercise, and the page says what happened."""
    cells, expected, said = LOSSES[name]
    folder = lay_out(exported.root / "gradescope" / "autograder.zip", tmp_path / "root")
    hand_in(exported, folder, cells)
    found = run_autograder(tmp_path / "root")
    assert scores(found) == expected
    shown = next(test["output"] for test in found["tests"] if test["name"] == "double")
    assert said in shown.replace("\\", "")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("elsewhere")
def test_renamed_notebooks_are_graded(
    exported: Course, in_otter: dict[str, dict[str, float]], tmp_path: Path, name: str
) -> None:
    """A notebook of another name is the notebook, in otter and on Gradescope; staff read under which name it came."""
    assert in_otter[name] == FULL
    folder = lay_out(exported.root / "gradescope" / "autograder.zip", tmp_path / "root")
    hand_in(exported, folder, RIGHT, name=name)
    found = run_autograder(tmp_path / "root")
    assert scores(found) == FULL
    assert f"handed in as {name}" in _staff(found)


def test_two_notebooks_and_none(exported: Course, tmp_path: Path) -> None:
    """Where it is not clear what is meant a person must look; where nothing came the page says so."""
    made = exported.root / "gradescope" / "autograder.zip"
    folder = lay_out(made, tmp_path / "two")
    hand_in(exported, folder, RIGHT, name="one.ipynb")
    hand_in(exported, folder, {}, name="other.ipynb")
    found = run_autograder(tmp_path / "two")
    assert found["score"] == 0
    assert "A person will look" in found["output"].replace("\\", "")
    assert "one.ipynb, other.ipynb" in _staff(found)
    lay_out(made, tmp_path / "none")
    found = run_autograder(tmp_path / "none")
    assert scores(found) == {"double": 0.0, "quadruple": 0.0}
    assert "No notebook was handed in." in found["output"].replace("\\", "")


def _staff(found: dict[str, Any]) -> str:
    (test,) = [test for test in found["tests"] if test["name"] == "For staff"]
    assert test["visibility"] == "hidden"
    return test["output"].replace("\\", "")


@pytest.mark.parametrize(
    ("break_it", "run"),
    [
        (_ends, run_script),
        (lambda root: shutil.rmtree(root / "source" / "course" / "tests"), run_autograder),
        (lambda root: (root / "submission" / "small.ipynb").write_bytes(b"\xff{"), run_autograder),
        (lambda root: os.mkfifo(root / "submission" / "small.ipynb"), run_autograder),
    ],
    ids=["our process dies", "no tests", "no notebook at all", "a pipe"],
)
def test_there_is_always_a_result(
    exported: Course, tmp_path: Path, break_it: Callable[[Path], Any], run: Callable[[Path], dict[str, Any]]
) -> None:
    """Whatever breaks, results.json is there, says that a person must look, and keeps the reason to staff."""
    lay_out(exported.root / "gradescope" / "autograder.zip", tmp_path / "root")
    break_it(tmp_path / "root")
    found = run(tmp_path / "root")
    assert found["score"] == 0
    assert "person will look" in found["output"].replace("\\", "")
    assert _staff(found)


def test_late_work_costs_what_the_course_says(exported: Course, tmp_path: Path) -> None:
    """Gradescope's dates, the course's rule: the score less the penalty, a line for the student and one for staff."""
    root = tmp_path / "root"
    folder = lay_out(exported.root / "gradescope" / "autograder.zip", root)
    hand_in(exported, folder, RIGHT)
    (folder / "timestamp.txt").write_text("2001-01-01 00:00:00 UTC")
    with (root / "source" / "course" / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write(
            '\nc.AssignLatePenalties.plugin_class = "gradekit.plugin.late.LatePolicy"\nc.LatePolicy.per_day = "20%"\n'
        )
    said = {"created_at": "2025-12-03T08:00:00-08:00", "assignment": {"due_date": "2025-12-01T23:59:00-08:00"}}
    (root / "submission_metadata.json").write_text(json.dumps({**said, "users": [{"id": 1}]}))
    found = run_autograder(root)
    assert scores(found) == FULL
    assert found["score"] == 1.5
    assert "1 day after the due date: 1 point is taken off; 1.5 counts." in found["output"].replace("\\", "")
    assert "due 2025-12-02 07:59 UTC; gradekit.plugin.late.LatePolicy takes 1 off" in _staff(found)


def test_a_container_without_landlock_is_told_to_staff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the container forbids Landlock another user is what is left, and only staff read of it."""
    assert gradescope_run.isolation() == LANDLOCK
    monkeypatch.setattr(sandbox, "landlock_abi", lambda: 0)
    assert gradescope_run.isolation() == USER
    exercise = notebook.exercises(notebook.cells(_node()))[0]
    found = gradescope.results(GradeReport("small", "x", USER), [exercise])
    assert f"isolation: {USER}" in _staff(found)
    assert USER not in json.dumps([test for test in found["tests"] if test["visibility"] == "visible"])


def test_a_course_that_is_open_to_all_is_refused_without_landlock(
    small: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Landlock the modes of the course's folder keep it closed, or nothing is graded."""
    small.root.chmod(0o700)
    refuse_readable(Grading(small, "small", USER))
    monkeypatch.setattr(sandbox, "others_can_read", lambda _: True)
    with pytest.raises(HostError, match="open to other users"):
        refuse_readable(Grading(small, "small", USER))


# --- what is on the page ---------------------------------------------------------------------------------------------


def test_a_learners_text_stays_text() -> None:
    """Markdown and HTML in an exception's text are shown letter by letter, and no hidden name is on the page."""
    wrong = TestResult("values", "It doubles.", 2, Verdict.RTE, "ValueError: <b>*[x](javascript:y)*</b> $z$")
    exercise = notebook.exercises(notebook.cells(_node()))[0]
    result = ExerciseResult(exercise.name, 0.5, 0.0, (wrong,))
    found = gradescope.results(GradeReport("small", "x", "none", (result,)), [exercise])
    output = found["tests"][0]["output"]
    assert "\\<b\\>\\*\\[x\\]\\(javascript\\:y\\)" in output
    assert "\\$z\\$" in output
    assert found["tests"][0]["status"] == "failed"
    assert "none" in _staff(found)


def _node() -> dict[str, Any]:
    return notebook.read(ROOT / "source" / "rnn_from_scratch" / "rnn_from_scratch.ipynb")


def test_undecided_is_said_and_is_no_grade() -> None:
    """An exercise that our side could not judge says so, and staff see why."""
    exercise = notebook.exercises(notebook.cells(_node()))[0]
    result = ExerciseResult(exercise.name, 0.5, None, (TestResult("t", "It doubles.", 1),))
    report = GradeReport(
        *("small", "x", "landlock+seccomp", (result,)),
        notes=(Note("tanh is undecided", undecided="tanh", urgent=True),),
        allowed=("processes",),
    )
    found = gradescope.results(report, [exercise])
    assert "Undecided" in found["tests"][0]["output"]
    assert "tanh is undecided" in _staff(found)
    assert "allowed: processes" in _staff(found)
    assert found["extra_data"]["allowed"] == ["processes"]


# --- what students get from otter ------------------------------------------------------------------------------------


def _run(folder: Path, cells: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Run the student's notebook of a folder in a real kernel; return the outputs by cell id."""
    path = folder / "small.ipynb"
    node = nbformat.read(path, as_version=4)
    for cell in node.cells:
        cell.source = cells.get(cell.id, cell.source)
    arguments = ["--HistoryManager.hist_file=:memory:", "--IPKernelApp.log_level=ERROR"]
    client = NotebookClient(node, allow_errors=True, resources={"metadata": {"path": str(folder)}}, timeout=120)
    client.create_kernel_manager().extra_arguments = arguments
    client.km.kernel_cmd = None
    client.execute()
    return {cell.id: cell.get("outputs", []) for cell in node.cells}


def _text(outputs: list[dict[str, Any]]) -> str:
    return "".join(str(output.get("data", {}).get("text/plain", "")) + output.get("text", "") for output in outputs)


@pytest.mark.parametrize(("cells", "passes"), [(RIGHT, True), ({}, False)], ids=["solution", "released"])
def test_checks_work_in_a_kernel(exported: Course, tmp_path: Path, cells: dict[str, str], *, passes: bool) -> None:
    """In the students' folder grader.check passes on the solution, and on the released notebook says what to do."""
    student = Path(shutil.copytree(exported.root / "otter" / "student", tmp_path / "student"))
    outputs = _run(student, cells)
    for name in FULL:
        said = _text(outputs[f"{name}-check"])
        assert ("passed" in said) is passes, said
        assert passes or "NotImplementedError" in said, said


def test_students_get_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line of a solution or of a hidden test is in any file or any cell's metadata of the students' folder."""
    monkeypatch.setattr(otter, "try_otter", lambda *_, **__: None)  # which grades a whole notebook, and writes nothing
    course = Course(ROOT)
    made = otter.export(course, "rnn_from_scratch", tmp_path / "otter")
    hidden = (course.hidden("rnn_from_scratch") / "tests.py").read_text(encoding="utf-8")
    telling = [line.strip() for line in hidden.splitlines() if "student." in line or "reference." in line]
    solution = [
        line.strip()
        for cell in notebook.cells(_node())
        for line in notebook.region_lines(cell.source, notebook.SOLUTION)
        if len(line.strip()) > 20
    ]
    names = [path.name for path in made.student.rglob("*")]
    assert not {"reference.npz", "misconceptions.py", ".gradekit-course"} & set(names)
    for path in made.student.rglob("*"):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        assert not [line for line in (*telling, *solution) if json.dumps(line)[1:-1] in text or line in text], path
        assert "gradekit.hidden" not in text


def test_zips_ask_for_no_browser_and_pin_everything(exported: Course) -> None:
    """setup.sh installs pinned packages and our wheel; no LaTeX, no PDF, no browser; hidden tests are hidden."""
    made = exported.root / "otter" / "autograder.zip"
    for path in (made, exported.root / "gradescope" / "autograder.zip"):
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
            setup = file.read("setup.sh").decode().lower()
            pinned = file.read("requirements.txt").decode().splitlines()
            assert file.getinfo("run_autograder").external_attr >> 16 & 0o111
        assert len([name for name in names if name.endswith(".whl")]) == 1
        assert all("==" in line for line in pinned)
        assert not [word for word in ("latex", "texlive", "chromium", "playwright install", "wget") if word in setup]
    with zipfile.ZipFile(made) as file:
        assert json.loads(file.read("otter_config.json"))["show_hidden"] is False
        assert b"hidden=True" in file.read("tests/double.py")


def test_the_wheel_can_be_installed(tmp_path: Path) -> None:
    """The wheel that travels holds the package and what pip needs to install it."""
    path = bundle.make_wheel(tmp_path)
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target"]
    subprocess.run([*command, str(tmp_path / "site"), str(path)], check=True, timeout=120)
    code = "import gradekit.checks; print(gradekit.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert str(tmp_path / "site") in done.stdout


def test_the_wheel_says_what_it_holds(tmp_path: Path) -> None:
    """Its record names every file with the hash and size that it has, templates too, and the command's entry point."""
    with zipfile.ZipFile(bundle.make_wheel(tmp_path)) as file:
        (record,) = (name for name in file.namelist() if name.endswith(".dist-info/RECORD"))
        listed = {name: (digest, size) for name, digest, size in csv.reader(file.read(record).decode().splitlines())}
        assert listed.keys() == set(file.namelist())
        for name in listed.keys() - {record}:
            data = file.read(name)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            assert listed[name] == (f"sha256={digest}", str(len(data)))
        assert listed[record] == ("", "")
        assert "gradekit/pages/templates/base.html" in listed
        assert b"gradekit = gradekit.cli:main" in file.read(record.replace("RECORD", "entry_points.txt"))


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("export", [otter.export, gradescope.export])
def test_bad_input_is_one_sentence_and_leaves_nothing(
    small: Course, tmp_path: Path, export: Callable[[Course, str, Path], Any]
) -> None:
    """A taken folder, an odd name, a missing assignment and tests that were never frozen are refused before writing."""
    (tmp_path / "taken").mkdir()
    with pytest.raises(CourseError, match="exists already"):
        export(small, "small", tmp_path / "taken")
    with pytest.raises(CourseError, match="There is no assignment 'smal'"):
        export(small, "smal", tmp_path / "made")
    odd = small.root / "source" / "week 1: start"
    shutil.copytree(small.source_folder("small"), odd)
    (odd / "small.ipynb").rename(odd / "week 1: start.ipynb")
    with pytest.raises(CourseError, match="cannot be exported"):
        export(small, "week 1: start", tmp_path / "made")
    (small.hidden("small") / "reference.npz").unlink()
    with pytest.raises(BadReference, match="There is no"):
        export(small, "small", tmp_path / "made")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["course", "taken"]


def test_a_name_without_a_folder_is_one_where_one_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An export to a relative path, as the command's own default is, is made of whole paths."""
    monkeypatch.chdir(tmp_path)
    with bundle.new_folder(Path("made")) as stage:
        assert stage.is_absolute()
    assert (tmp_path / "made").is_dir()


def test_without_otter_it_is_said_how_to_get_it(small: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has not installed otter-grader is told what to type."""
    monkeypatch.setitem(sys.modules, "otter.generate", None)
    with pytest.raises(HostError, match="not installed") as refused:
        otter.export(small, "small", tmp_path / "made")
    assert "pip install" in str(refused.value)


def test_pins_know_what_is_missing() -> None:
    """A package that is not installed cannot be pinned, and its name is said; what is pinned is what is installed."""
    with pytest.raises(HostError, match="no_such_package"):
        bundle.pins("no_such_package")
    found = dict(line.split("==") for line in bundle.pins("gradekit[grader]"))
    assert {"numpy", "nbgrader", "ipython", "msgpack"} <= found.keys()
    assert "gradekit" not in found
