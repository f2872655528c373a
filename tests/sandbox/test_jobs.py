"""The pool of job processes: what it opens, what it yields, what becomes of a process that ends. All real processes."""

from __future__ import annotations

import gc
import json
import operator
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

import pytest

from gradekit import demo, terminal
from gradekit.course.course import Course
from gradekit.errors import CourseError, GradekitError
from gradekit.grade import judge
from gradekit.grade.classroom import due, grade_class
from gradekit.grade.judge import Grading
from gradekit.jobs import Broken, pool, start
from gradekit.model import Limits
from gradekit.verify.trials import open_grader


@contextmanager
def lister(_function: object, made: str = "nothing") -> Iterator[Callable[[str], str]]:
    """Open what answers with what was made ready."""
    yield lambda _item: made


EVAL = (eval,)  # what the processes of these tests open: a function that does what the item says


@pytest.mark.parametrize("jobs", [0, 1, 3])
def test_every_item_is_done(jobs: int) -> None:
    """Each item comes back once with its result, whoever did it, and the pool can be used again."""
    with pool(nullcontext, EVAL, jobs=jobs, begin=gc.collect) as doing:
        for items in ([f"{number} * 2" for number in range(7)], ["3 * 2"], []):
            assert sorted(doing.run(operator.call, items)) == sorted((item, eval(item)) for item in items)


def test_what_a_process_opened_is_closed_at_its_end(tmp_path: Path) -> None:
    """A process opens once, keeps it for all its items, and closes it when the pool ends."""
    with pool(tempfile.TemporaryDirectory, (None, None, str(tmp_path)), jobs=1) as doing:
        first, second = (Path(path).parent for _, path in doing.run(os.path.join, ["a", "b"]))
        assert first == second
        assert first.is_dir()
    assert not any(tmp_path.iterdir())


def test_the_work_is_done_elsewhere() -> None:
    """With job processes nothing is done in this one, whose children they are."""
    own, parent = "__import__('os').getpid()", "__import__('os').getppid()"
    with pool(nullcontext, EVAL, jobs=2) as doing:
        found = dict(doing.run(operator.call, [own, parent]))
    assert found[parent] == os.getpid() != found[own]


def test_a_process_that_ends_breaks_one_task() -> None:
    """The task at which a process ended is reported with its exit code; the others are done by a new one."""
    kill = "__import__('os')._exit(7)"
    shoot = "__import__('os').kill(__import__('os').getpid(), 9)"
    with pool(nullcontext, EVAL, jobs=1) as doing:
        found = dict(doing.run(operator.call, [kill, "1", shoot, "2"]))
        assert found == {kill: Broken(7), "1": 1, shoot: Broken(-9), "2": 2}
        assert dict(doing.run(operator.call, ["3"])) == {"3": 3}


def test_an_error_of_a_task_is_raised_and_the_pool_goes_on() -> None:
    """An exception that is none of ours comes as text with its traceback; the next run gets its own results alone."""
    with pool(nullcontext, EVAL, jobs=2) as doing:
        with pytest.raises(GradekitError, match="ZeroDivisionError"):
            list(doing.run(operator.call, ["1 / 0", "1", "2", "3"]))
        assert sorted(doing.run(operator.call, ["4", "5", "6"])) == [("4", 4), ("5", 5), ("6", 6)]


def test_an_error_of_opening_is_raised_as_it_is(released: Course) -> None:
    """What keeps a process from opening is said in its own words and class."""
    (released.hidden("small") / "tests.py").unlink()
    with (
        pytest.raises(GradekitError) as here,
        pool(open_grader, (released, "small", Limits()), jobs=0),
    ):
        pass
    with (
        pytest.raises(type(here.value)) as there,
        pool(open_grader, (released, "small", Limits()), jobs=1) as doing,
    ):
        list(doing.run(operator.call, [()]))
    assert str(there.value) == str(here.value)
    assert there.value.help == here.value.help


def test_a_process_may_be_started_before_it_is_known_what_for(tmp_path: Path) -> None:
    """It makes ready at once, hands that to what it opens, and is the pool's first."""
    first = start(prepare=partial(tempfile.TemporaryDirectory, dir=tmp_path))
    with pool(lister, EVAL, jobs=1, first=first) as doing:
        ((_, made),) = doing.run(operator.call, ["1"])
        assert Path(made).parent == tmp_path
    assert not first.process.is_alive()
    assert not any(tmp_path.iterdir())


def test_what_could_not_be_made_ready_is_made_when_it_is_needed(capfd: pytest.CaptureFixture[str]) -> None:
    """The process goes on, and nothing is printed: what keeps it from its work says so when that is asked for."""
    first = start(prepare=partial(tempfile.TemporaryDirectory, dir="/no/such/folder"))
    with pool(lister, EVAL, jobs=1, first=first) as doing:
        found = [result for _, result in doing.run(operator.call, ["1", "2"])]
    assert found == ["nothing", "nothing"]
    assert capfd.readouterr().err == ""


def test_an_interrupt_ends_a_process_that_begins_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C reaches it while it still imports: it is held until the process can end by it."""
    job = start(prepare=nullcontext)
    os.kill(job.process.pid or 0, signal.SIGINT)
    job.process.join()
    assert job.end() == 0
    assert capfd.readouterr().err == ""


def test_a_process_that_is_not_needed_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing was to be graded: the process, its template and the folder of that are gone."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with judge.started_early() as first:
        assert first.process.is_alive()
    assert not first.process.is_alive()
    assert not list(tmp_path.glob("gradekit*"))


def test_two_pools_work_side_by_side() -> None:
    """A run begins before its first result is asked for: two that wait for each other both come to an end."""
    order = "__import__('pathlib').Path({!r}).{}"
    with tempfile.TemporaryDirectory() as folder:
        for end in ("to", "fro"):
            os.mkfifo(f"{folder}/{end}")
        to, fro = f"{folder}/to", f"{folder}/fro"
        with pool(nullcontext, EVAL, jobs=1) as one, pool(nullcontext, EVAL, jobs=1) as other:
            writes = one.run(operator.call, [order.format(to, "write_text('a')"), order.format(fro, "read_text()")])
            reads = other.run(operator.call, [order.format(to, "read_text()"), order.format(fro, "write_text('b')")])
            found = [(first[1], second[1]) for first, second in zip(writes, reads, strict=True)]
    assert found == [(1, "a"), ("b", 1)]


# --- a class whose job processes end ---------------------------------------------------------------------------------

ENDS = '''

@quadruple.test()
def ends(student, reference, expect):
    """Ends the process that judges, where the answer says so: every time, or once."""
    import os
    import pathlib
    answer = student.double(0)
    expect.true(True, "")
    if answer == 13:
        os._exit(7)
    seen = pathlib.Path(__file__).with_name("seen")
    if answer == 14 and not seen.exists():
        seen.touch()
        os._exit(7)
'''
STARVES = '''

import gradekit.grade.judge as judging
from gradekit.errors import NoMemoryLeft

run = judging.grade_cells


def starve(cells, *args, **words):
    """Stand for what takes all memory, outside of any test: of this process, or of the machine."""
    if any("starve" in cell.source for cell in cells):
        raise NoMemoryLeft("") if any("machine" in cell.source for cell in cells) else MemoryError
    return run(cells, *args, **words)


judging.grade_cells = starve
'''


def hand_in(course: Course, name: str, double: str) -> None:
    """Let a student hand in that answer, and the right one to the other exercise."""
    folder = course.root / "submitted" / name / "small"
    folder.mkdir(parents=True)
    node = json.loads((course.root / "release" / "small" / "small.ipynb").read_text(encoding="utf-8"))
    cells = {cell["id"]: cell for cell in node["cells"]}
    cells["double"]["source"] = double
    cells["quadruple"]["source"] = "def quadruple(x):\n    return double(double(x))"
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")


@pytest.mark.parametrize(("name", "whose"), [("alone", "process"), ("beside", "process"), ("beside", "machine")])
def test_a_grader_without_memory_is_left_undecided(
    released: Course, name: str, whose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where judging one submission takes too much memory it is undecided, with others around it or without."""
    monkeypatch.setattr(judge, "grade_cells", judge.grade_cells)  # put back at the end
    path = released.hidden("small") / "tests.py"
    path.write_text(path.read_text(encoding="utf-8") + STARVES, encoding="utf-8")
    hand_in(released, "bad", f"starve = '{whose}'\ndef double(x):\n    return x + x")
    if name == "beside":
        hand_in(released, "ann", "def double(x):\n    return x + x")
    grading = Grading(released, "small")
    done = {item.student: item.score for item in grade_class(grading, due(grading)[0])}
    assert done.pop("bad") is None
    assert set(done.values()) <= {2.5}


def test_a_death_is_one_submissions_own(released: Course, capsys: pytest.CaptureFixture[str]) -> None:
    """Who ends the grader is tried again, alone and last, then undecided and named; all others get their scores."""
    path = released.hidden("small") / "tests.py"
    path.write_text(path.read_text(encoding="utf-8") + ENDS, encoding="utf-8")
    for name, value in {"ann": 0, "bad": 13, "bob": 0, "once": 14, "zoe": 0}.items():
        hand_in(released, name, f"def double(x):\n    return {value or 'x + x'} if np.ndim(x) == 0 else x + x")
    grading = Grading(released, "small")
    done = {item.student: item for item in grade_class(grading, due(grading)[0], jobs=2)}
    assert set(list(done)[-2:]) == {"bad", "once"}
    assert {name: item.score for name, item in done.items()} == {**dict.fromkeys(done, 2.5), "bad": None}
    report = done["bad"].report
    assert report is not None
    assert report.undecided == ("double", "quadruple")
    assert "it ended the grader" in report.alarms[0].text
    terminal.print_grades(list(done.values()), [])
    said = capsys.readouterr().out
    assert "5 graded, 0 unchanged, 1 undecided" in said
    assert "bad: a person must look at double, quadruple" in said


@pytest.mark.parametrize(("size", "number", "said"), [(230, 1, "scratch_bytes"), (0, 2001, "scratch_files")])
def test_data_of_ours_that_are_too_large_are_nobodys_zero(released: Course, size: int, number: int, said: str) -> None:
    """What learners' code could have no room beside is refused before anything is graded, by its name and its size."""
    folder = released.source("small").parent
    for one in range(number):
        with (folder / f"data{one}.bin").open("wb") as stream:
            stream.truncate(size * 10**6)
    hand_in(released, "ann", "def double(x):\n    return x + x")
    grading = Grading(released, "small")
    for refused in (lambda: due(grading), lambda: list(grade_class(grading, ["ann"]))):
        with pytest.raises(CourseError) as found:
            refused()
        assert said in str(found.value)
        assert "230 MB, the largest is data0.bin" in str(found.value) or "2,002 files" in str(found.value)
    assert not (released.root / "autograded" / "ann").exists()


def test_a_process_that_never_answers_is_ended() -> None:
    """What is at a task for too long is ended, in the middle of a step that nothing else would end; others go on."""
    endless = "max(iter(int, 1))"
    with pool(nullcontext, EVAL, jobs=1) as doing:
        assert dict(doing.run(operator.call, ["1"])) == {"1": 1}
        assert dict(doing.run(operator.call, [endless], seconds=0.5)) == {endless: Broken(-9)}
        assert dict(doing.run(operator.call, ["2", "3"], seconds=100)) == {"2": 2, "3": 3}


def test_what_is_held_of_a_class_is_short(released: Course) -> None:
    """Without what tests said everything is left that is said of a class at its end."""
    demo.hand_in(released, "small", [demo.Submission("ann", {"double": "def double(x): return x * x"})])
    grading = Grading(released, "small")
    (whole,) = grade_class(grading, ["ann"])
    short = whole.shortened()
    assert whole.report is not None
    assert short.report is not None
    assert any(result.tests for result in whole.report.exercises)
    assert not any(result.tests or result.diagnosis for result in short.report.exercises)
    for name in ("score", "settled", "asks", "changed", "first", "score_before"):
        assert getattr(short, name) == getattr(whole, name)
    assert whole.first
    (again,) = grade_class(grading, ["ann"])
    assert (again.first, again.score_before, again.changed) == (False, whole.score, False)
