"""What stands on a page: the gradebook's score, a report only where it belongs to it, and nothing of a hidden test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gradekit.feedback import advice, handed_in
from gradekit.feedback.parts import CHANGED, FOLLOWED, INLINE, VERDICTS, WAITS, WAITS_AGAIN, WORDLESS, Part, make_parts
from gradekit.gradebook.scores import Mark, NotebookMarks
from gradekit.model import Diagnosis, ExerciseResult, GradeReport, InlineResult, Picture, TestResult, Verdict

SECRET = "secret_value = 41.5"
DIAGNOSIS = Diagnosis("squares", "Squared", "What is 3 doubled?", "x * x for x + x, says the instructor")
PICTURE = Picture("error", "double(x)", (1, 2), ((1.0, -0.5),))


def cell(kind: str, name: str, source: str, **flags: Any) -> dict[str, Any]:
    """Return a cell of an autograded notebook; with flags, nbgrader's."""
    made: dict[str, Any] = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    if kind == "code":
        made |= {"outputs": flags.pop("outputs", []), "execution_count": None}
    if flags:
        meta = {
            "schema_version": 3,
            "grade_id": name,
            "grade": False,
            "solution": False,
            "locked": False,
            "task": False,
        }
        made["metadata"]["nbgrader"] = meta | flags
    return made


def error(kind: str, text: str) -> list[dict[str, Any]]:
    """Return the output of a cell that raised; its traceback shows the test."""
    return [{"output_type": "error", "ename": kind, "evalue": text, "traceback": [SECRET]}]


BLOCK = f"### BEGIN HIDDEN TESTS\n{SECRET}\n### END HIDDEN TESTS"
AREA = "assert area(2) == 4"
CELLS = [
    cell("markdown", "title", "# A small notebook", locked=True),
    cell("markdown", "double-text", "## 1 Double (0.5 points)\n\nText", locked=True),
    cell("code", "double", "def double(x):\n    return x * x", solution=True),
    cell(
        "code",
        "double-grade",
        f"# Graded\n### BEGIN HIDDEN TESTS\n{SECRET}\n### END HIDDEN TESTS",
        grade=True,
        points=0.5,
    ),
    cell("markdown", "more", "## 2 Others", locked=True),
    cell("code", "area", "def area(x): return x", solution=True, outputs=error("SyntaxError", "bad")),
    cell("code", "area-test", f"{AREA}\n{BLOCK}", grade=True, points=2, outputs=error("AssertionError", SECRET)),
    cell("code", "visible", AREA, grade=True, points=1, outputs=error("AssertionError", "4 is wanted")),
    cell("markdown", "essay", "Because $x_t$ <script>", grade=True, solution=True, points=4),
]


def written(tmp_path: Path, cells: list[dict[str, Any]] = CELLS) -> handed_in.NotebookAnswers:
    """Read an autograded notebook."""
    path = tmp_path / "small.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    return handed_in.read(path)


def report(score: float | None, *tests: TestResult, **fields: Any) -> GradeReport:
    """Return a report with one exercise."""
    inline = (InlineResult("area-test", 2, 0.0),)
    return GradeReport("small", "ada", "none", (ExerciseResult("double", 0.5, score, tests, **fields),), inline)


def test_result(verdict: Verdict, message: str = "", **fields: Any) -> TestResult:
    """Return one test's result."""
    return TestResult("values", fields.pop("sentence", "It doubles."), 1, verdict, message, **fields)


test_result.__test__ = False  # a value, in spite of its name
WRONG = test_result(Verdict.WA, "double(x) is off.", line="return x * x", picture=PICTURE)
BLANK = test_result(Verdict.RTE, error="NotImplementedError", line="raise NotImplementedError()")
STUB = "def double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
GIVEN_OUT = [cell("code", name, STUB, solution=True) for name in ("double", "area", "visible")]
RIGHT = test_result(Verdict.AC, sentence="It has the right shape.")


def part(tmp_path: Path, mark: Mark, found: GradeReport | None = None, **comments: str) -> Part:
    """Return the one part of a page with one mark."""
    marks = NotebookMarks("small", (mark,), comments)
    (made,) = make_parts(marks, written(tmp_path), found)
    return made


def test_a_lost_exercise_says_why(tmp_path: Path) -> None:
    """Title, what failed with its picture, the diagnosis, a hint, what holds, and the learner's cell with the line."""
    made = part(tmp_path, Mark("double-grade", 0.5, auto=0.0), report(0.0, WRONG, RIGHT, diagnosis=DIAGNOSIS))
    assert (made.heading, made.state, made.score) == ("1 Double", "lost", 0.0)
    assert made.diagnosis == DIAGNOSIS
    assert made.findings[0].sentences == ("It doubles.",)
    assert "<svg" in made.findings[0].pictures[0]
    assert made.held == ("It has the right shape.",)
    assert made.hint
    assert 'class="hll"' in made.cell


def test_full_marks_have_no_diagnosis_and_no_hint(tmp_path: Path) -> None:
    """Where nothing was lost, nothing is advised, even where a report says otherwise."""
    made = part(tmp_path, Mark("double-grade", 0.5, auto=0.5), report(0.5, RIGHT, diagnosis=DIAGNOSIS))
    assert (made.state, made.diagnosis, made.hint, made.findings) == ("good", None, "", ())


def test_a_report_of_another_grading_is_not_believed(tmp_path: Path) -> None:
    """Where the gradebook's automatic score is another, the tests' words belong to another submission."""
    made = part(tmp_path, Mark("double-grade", 0.5, auto=0.5), report(0.0, WRONG))
    assert (made.state, made.findings, made.held) == ("good", (), ())


def test_a_loss_without_words_says_where_to_ask(tmp_path: Path) -> None:
    """Where only a score is known, the page says so; where all points were given, there is nothing to say."""
    assert WORDLESS in part(tmp_path, Mark("double-grade", 0.5, auto=0.25)).notes
    assert part(tmp_path, Mark("double-grade", 0.5, auto=0.5)).notes == ()


def test_a_manual_score_goes_before_the_tests(tmp_path: Path) -> None:
    """The score is the person's, the tests' words stay, and the page says who gave the score."""
    made = part(tmp_path, Mark("double-grade", 0.5, auto=0.0, manual=0.5), report(0.0, WRONG, diagnosis=DIAGNOSIS))
    assert (made.score, made.state, made.diagnosis) == (0.5, "good", None)
    assert any("person" in note for note in made.notes)


def test_undecided_is_said_kindly(tmp_path: Path) -> None:
    """What our tests could not judge waits for a person, and advises nothing."""
    ours = test_result(Verdict.IE, "This could not be judged.")
    made = part(tmp_path, Mark("double-grade", 0.5, waits=True), report(None, ours))
    assert (made.state, made.score, made.hint) == ("wait", None, "")
    assert made.notes == (WAITS,)
    assert made.findings[0].verdict == VERDICTS[Verdict.IE]


def test_a_score_that_may_change_says_so(tmp_path: Path) -> None:
    """Graded by a person, and answered anew since: one sentence, not two that contradict each other."""
    assert part(tmp_path, Mark("double-grade", 0.5, auto=0.0, manual=0.25, waits=True)).notes == (CHANGED,)
    assert part(tmp_path, Mark("double-grade", 0.5, auto=0.0, waits=True)).notes == (WAITS_AGAIN,)


def test_follow_through_is_said_first(tmp_path: Path) -> None:
    """The learner reads that an earlier mistake costs once."""
    made = part(tmp_path, Mark("double-grade", 0.5, auto=0.5), report(0.5, RIGHT, follow_through=True))
    assert made.notes[0] == FOLLOWED


def test_tests_that_fail_alike_are_said_once(tmp_path: Path) -> None:
    """One message for several sentences; those that wait for another stand apart."""
    again = test_result(Verdict.WA, WRONG.message, sentence="It doubles again.")
    later = test_result(Verdict.WA, "Not now.", sentence="Later.", waits_for="values")
    made = part(tmp_path, Mark("double-grade", 0.5, auto=0.0), report(0.0, WRONG, again, later))
    assert [finding.sentences for finding in made.findings] == [("It doubles.", "It doubles again.")]
    assert made.later == ("Later.",)


def test_the_sizes_of_a_case_are_shown_once(tmp_path: Path) -> None:
    """Tests that fail in the same way in the same case stand together, with its sizes; those of another stand apart."""
    where = "IndexError: tuple index out of range, at your line `return x * x` (for N = 1; right for N = 3)."
    fields = {"error": "IndexError", "line": "return x * x"}
    tests = [test_result(Verdict.RTE, where, sentence=f"Sentence {n}.", **fields) for n in range(3)]
    tests.append(test_result(Verdict.RTE, where.replace("N = 1", "T = 1"), sentence="Another.", **fields))
    made = part(tmp_path, Mark("double-grade", 0.5, auto=0.0), report(0.0, *tests))
    assert [finding.sentences for finding in made.findings] == [
        ("Sentence 0.", "Sentence 1.", "Sentence 2."),
        ("Another.",),
    ]
    assert made.findings[0].message == where
    assert 'class="hll"' in made.cell


def test_what_was_not_begun_is_folded(tmp_path: Path) -> None:
    """A cell as it was given out: no list of failures, but how to begin."""
    marks = NotebookMarks("small", (Mark("double-grade", 0.5, auto=0.0),), {})
    (made,) = make_parts(marks, written(tmp_path, GIVEN_OUT), report(0.0, BLANK))
    assert (made.said, made.findings, made.later, made.unfold) == ("not begun yet", (), ("It doubles.",), False)
    assert made.hint == advice.BLANK


def test_what_stops_in_an_earlier_cell_was_begun(tmp_path: Path) -> None:
    """A cell that meets the line which an earlier one was given out with is shown with what happened."""
    made = part(tmp_path, Mark("double-grade", 0.5, auto=0.0), report(0.0, BLANK))
    assert made.said == "not there yet"
    assert made.unfold
    assert made.findings
    assert "NotImplementedError" not in made.hint


def test_how_to_begin_is_said_once(tmp_path: Path) -> None:
    """Of several cells that were not begun the first has the advice; one that earned its points has none."""
    names = ("double", "area", "visible")
    results = tuple(ExerciseResult(name, 1.0, float(name == "area"), (BLANK,)) for name in names)
    marks = NotebookMarks("small", tuple(Mark(f"{item.exercise}-grade", 1.0, auto=item.score) for item in results), {})
    parts = make_parts(marks, written(tmp_path, GIVEN_OUT), GradeReport("small", "a", "none", results))
    assert {part.heading: part.hint for part in parts} == {
        "double": advice.BLANK,
        "area": "",
        "visible": advice.BLANK_TOO,
    }


def test_a_line_is_marked_by_the_field(tmp_path: Path) -> None:
    """The line that is marked is the field's; what a message quotes marks nothing."""
    quoting = test_result(Verdict.RTE, "ValueError: at your line `return x * x`.", error="ValueError")
    made = part(tmp_path, Mark("double-grade", 0.5, auto=0.0), report(0.0, quoting))
    assert 'class="hll"' not in made.cell


def test_an_inline_cell_hides_its_tests(tmp_path: Path) -> None:
    """Of a graded cell with hidden lines the exception's kind is said; with none, its text; never its source."""
    hidden = part(tmp_path, Mark("area-test", 2, auto=0.0), report(0.0, WRONG))
    assert INLINE in hidden.notes
    assert hidden.findings[0].message == "AssertionError."
    assert part(tmp_path, Mark("visible", 1, auto=0.0)).findings[0].message == "AssertionError: 4 is wanted"
    assert SECRET not in repr(hidden)


def test_a_cell_that_stopped_says_how(tmp_path: Path) -> None:
    """The exception of the learner's own cell is shown beside it."""
    assert "SyntaxError: bad" in part(tmp_path, Mark("area-test", 2, auto=0.0)).shown


def test_a_manually_graded_answer_is_shown_with_its_comment(tmp_path: Path) -> None:
    """Answer, score and the person's comment."""
    made = part(tmp_path, Mark("essay", 4, manual=3.0), essay="Well said.")
    assert (made.written, made.score, made.comment, made.unfold) == ("text", 3.0, "Well said.", True)
    assert "<math>" in made.cell
    assert "<script>" not in made.cell


def test_cells_under_one_heading_are_told_apart(tmp_path: Path) -> None:
    """Two graded cells under one heading have headings of their own."""
    marks = NotebookMarks("small", (Mark("area-test", 2), Mark("visible", 1), Mark("double-grade", 0.5)), {})
    headings = [made.heading for made in make_parts(marks, written(tmp_path), None)]
    assert headings == ["1 Double", "2 Others: area-test", "2 Others: visible"]


def test_a_comment_on_a_cell_without_points_is_shown(tmp_path: Path) -> None:
    """What a person wrote is never lost, though the cell carries no points and no test speaks of it."""
    marks = NotebookMarks("small", (Mark("double-grade", 0.5, auto=0.5),), {"area": "See me."})
    remark = make_parts(marks, written(tmp_path), None)[-1]
    assert (remark.state, remark.comment) == ("note", "See me.")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"nbformat": 3}', '{"nbformat": 4, "cells": [1]}', "9" * 9000])
def test_a_notebook_that_cannot_be_read_leaves_the_scores(tmp_path: Path, text: str) -> None:
    """Scores and comments are there, and the page says why the cells are not."""
    path = tmp_path / "small.ipynb"
    path.write_text(text)
    found = handed_in.read(path)
    (made,) = make_parts(NotebookMarks("small", (Mark("double-grade", 0.5, auto=0.25),), {}), found, None)
    assert found.problem
    assert (made.heading, made.score, made.cell) == ("double", 0.25, "")


def test_damaged_cells_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    """Outputs, attachments and sources of wrong types stop no page."""
    odd = [
        {
            "cell_type": "code",
            "source": 7,
            "outputs": "no",
            "metadata": {"nbgrader": {"grade_id": "double", "solution": 1}},
        },
        {
            "cell_type": "code",
            "source": [1, "x"],
            "outputs": [1, {"data": 3}],
            "metadata": {"nbgrader": {"grade_id": "b"}},
        },
        {"attachments": {"a": 1}, "metadata": {"nbgrader": {"grade_id": "c"}}},
    ]
    found = written(tmp_path, odd)
    for name in ("double", "b", "c", "missing"):
        assert found.shown(name).text == ""
        assert found.attachments(name) == {}


def test_output_is_bounded(tmp_path: Path) -> None:
    """A cell that printed 20 MB and drew fifty figures shows some of it."""
    loud = [{"output_type": "stream", "name": "stdout", "text": "x" * 400_000}] * 50
    loud += [{"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo="}}] * 50
    cells = [cell("code", "program", "1", grade=True, solution=True, points=1, outputs=loud)]
    marks = NotebookMarks("small", (Mark("program", 1.0, waits=True),), {})
    (made,) = make_parts(marks, written(tmp_path, cells), None)
    assert "more characters" in made.shown
    assert made.shown.count("<img") <= handed_in.MAX_FIGURES
    assert len(made.shown) < 2 * handed_in.MAX_SHOWN
