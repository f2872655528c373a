"""What every submission of this folder gains, loses and leaves behind; conftest.py says how a case is written."""

from __future__ import annotations

import ast
import os
import stat
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from gradekit.model import Verdict

if TYPE_CHECKING:
    from pathlib import Path

POINTS = {"double": 0.5, "quadruple": 2.0}
UNDECIDED = "undecided"
WAITING = "This counts once"  # the message of a test that only waits for another
EXPECTED = {"double", "quadruple", "note"}
MEMORY_BYTES = 2 * 2**30  # of grader or worker, whatever is handed in
PAGE_CHARACTERS = 5_000_000
TRUSTED_BYTES = 600 * 10**6  # of a process that holds no learner's code


def test_case_is_sound(case: Any) -> None:
    """The case says what it does in one sentence, expects known things, and its code is Python as IPython reads it."""
    assert case.says.endswith(".")
    assert set(case.expect) <= EXPECTED
    for name in POINTS:
        wanted = case.expect.get(name, {})
        assert set(wanted) <= {"score", "scores", "verdicts"}
        assert set(wanted.get("verdicts", ())) <= set(Verdict.__members__)
    if case.compiles:
        for name, source in case.sources().items():
            python = TransformerManager().transform_cell(source)
            compile(python, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def test_scores_and_verdicts(case: Any, judged: Any) -> None:
    """The attacker gains nothing, the rest of the notebook is judged, and every lost point comes with a reason."""
    agrees(case, judged.report(case.student))


def test_sandbox_holds(attack: Any, attacked: Any) -> None:
    """An attack on the sandbox gains nothing on an old kernel either, nor where workers have the grader's own user."""
    if attack.skipped:
        pytest.skip(attack.skipped)
    agrees(attack, attacked.report(attack.student))
    assert attacked.arrived == []
    assert attacked.after == attacked.before


def agrees(case: Any, report: dict[str, Any]) -> None:
    """Demand of a report what the case expects."""
    assert (report["schema"], report["assignment"], report["student"]) == (2, "small", case.student)
    assert [found["exercise"] for found in report["exercises"]] == list(POINTS)
    for found in report["exercises"]:
        points, wanted = POINTS[found["exercise"]], case.expect.get(found["exercise"], {})
        said = f"{case.says} {found}"
        score = UNDECIDED if found["score"] is None else found["score"]
        full = wanted.get("score", points)
        assert found["points"] == points
        assert score in wanted.get("scores", [full]), said
        verdicts = {test["verdict"] for test in found["tests"] if not test["message"].startswith(WAITING)}
        allowed = wanted.get("verdicts") or (
            ["AC"] if set(wanted) <= {"score"} and full == points else Verdict.__members__
        )
        assert verdicts <= {*allowed, "AC"} if score == points else verdicts <= set(allowed), said
        assert all(test["message"] for test in found["tests"] if test["verdict"] != "AC"), said


def test_gradebook_agrees(case: Any, judged: Any) -> None:
    """The gradebook holds what the report says; what is undecided needs a person."""
    rows = judged.rows(case.student)
    for found in judged.report(case.student)["exercises"]:
        score, needs_a_person = rows[found["exercise"]]
        assert needs_a_person == (found["score"] is None)
        assert score == found["score"] or found["score"] is None


def test_instructor_can_read_why(case: Any, judged: Any) -> None:
    """Terminal and notes are plain lines, without a traceback, and hold what the case asks for."""
    notes = [note["text"] for note in judged.report(case.student)["notes"]]
    assert all(isinstance(note, str) and note.isprintable() for note in notes), notes
    name = case.student.encode("unicode_escape").decode()
    lines = [line for line in judged.terminal.splitlines() if case.student in line or name in line]
    wanted = case.expect.get("note", "")
    assert wanted.lower() in "\n".join([*notes, *lines]).lower(), (notes, lines)


def test_nothing_secret_comes_out(case: Any, judged: Any) -> None:
    """What a student will get holds no word of hidden tests, solution, gradebook, environment or other students."""
    for path in published(judged.root, case.student):
        assert judged.token.encode() not in path.read_bytes(), path


def test_only_plain_files_come_out(case: Any, judged: Any) -> None:
    """No link, pipe or device, no page and no trace of a breach is copied back, and nothing without a bound."""
    size = number = 0
    for top in ("autograded", "feedback"):
        for folder, folders, files in os.walk(os.fsencode(judged.root / top / case.student)):
            for name in (*folders, *files):
                info = os.lstat(os.path.join(folder, name))  # noqa: PTH118  (names that are no text)
                assert stat.S_ISDIR(info.st_mode) or (stat.S_ISREG(info.st_mode) and info.st_nlink == 1), name
                assert b"BREACH" not in name
                assert not name.endswith(b".html") or (top == "feedback" and name == b"small.html"), name
                size, number = size + info.st_blocks * 512, number + 1
    assert size < 300 * 2**20
    assert number < 3000


def test_own_check(case: Any, judged: Any) -> None:
    """What the case's own make.py asserts holds."""
    case.make()["check"](judged.root, judged.root / "submitted" / case.student / "small", {"terminal": judged.terminal})


def published(root: Path, student: str) -> list[Path]:
    """Return the files that a student gets, or an instructor shows."""
    report = root / ".gradekit" / "small" / f"{student}.json"
    folders = [root / "autograded" / student, root / "feedback" / student]
    return [report, *(path for folder in folders for path in folder.rglob("*") if path.is_file())]


@pytest.mark.parametrize("name", ["alice", "m_alice", "zoe_alice"])
def test_bystanders_keep_full_marks(whole: Any, name: str) -> None:
    """An honest student in the same class gets full marks, in the report and in the gradebook."""
    assert whole.rows(name) == {exercise: (points, False) for exercise, points in POINTS.items()}
    report = whole.report(name)
    assert [found["score"] for found in report["exercises"]] == list(POINTS.values())
    assert report["notes"] == []


def test_exit_code_says_whether_a_person_must_look(whole: Any) -> None:
    """The exit code is 1 exactly where something is undecided, and never says that the fault is ours."""
    reports = [whole.report(path.stem) for path in (whole.root / ".gradekit" / "small").glob("*.json")]
    undecided = any(found["score"] is None for report in reports for found in report["exercises"])
    assert whole.code == int(undecided), whole.terminal[-3000:]


def test_terminal_is_plain_text(whole: Any) -> None:
    """What is printed holds no control character, no traceback, and nobody's canary."""
    unseen = {c for c in whole.terminal if unicodedata.category(c) in ("Cc", "Cf", "Cs")} - set("\n\r")
    assert not unseen, whole.terminal[-3000:]
    assert "Traceback" not in whole.terminal
    assert whole.token not in whole.terminal


def test_nothing_arrived_and_nothing_was_left(whole: Any) -> None:
    """No message, signal or key press reached anybody; no process and no file was left outside."""
    assert whole.arrived == []


def test_instructors_files_are_as_they_were(whole: Any) -> None:
    """Source, hidden tests, settings and everything handed in have their contents, modes, owners and times."""
    assert whole.after == whole.before


def test_pages_are_written_for_everybody(whole: Any) -> None:
    """Whatever was handed in, each learner has a page, the instructor has one, and what is said of them is plain."""
    students = {path.stem for path in (whole.root / ".gradekit" / "small").glob("*.json")}
    assert {path.name for path in (whole.root / "feedback").iterdir()} == students
    for command, (code, said) in whole.pages.items():
        assert (command, code, "Traceback" in said) == (command, 0, False), said[-3000:]
        assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in said if c not in "\n\r"), said[-3000:]
        assert whole.token not in said
    pages = [*(whole.root / "feedback").rglob("*.html"), *(whole.root / "reports").rglob("*.html")]
    assert len(pages) > len(students)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert len(text) < PAGE_CHARACTERS, page
        assert whole.token not in text, page


def test_memory_is_bounded(whole: Any) -> None:
    """Neither the grader nor a worker ever took more than its bound of resident memory."""
    assert whole.peak_bytes < MEMORY_BYTES


def test_nobodys_memory_is_taken(whole: Any) -> None:
    """The processes that all share, the grader and those that judge, stay small whatever one submission holds."""
    assert 0 < whole.trusted_bytes < TRUSTED_BYTES
