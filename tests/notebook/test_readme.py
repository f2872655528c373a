"""The figures of README and of the page about the proof, from what the tests hold and what `gradekit verify` prints.

So none grows old: ``python tests/notebook/test_readme.py --write`` puts them up to date, in two minutes, after an
assignment's hidden tests, its catalogue or its notebook were changed.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gradekit import terminal
from gradekit.course.course import Course
from gradekit.demo import DUE, Demo, Outcome, synthetic_class
from gradekit.judging.assignment import load_assignment
from gradekit.judging.catalogue import load_alternatives, load_misconceptions

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "README.md"
PROVEN = ROOT / "docs" / "explanation" / "proof.md"
COURSE = Course(ROOT)
SHOWN = "rnn_from_scratch"
KEPT = Path(__file__).parent / "verdicts" / f"{SHOWN}.json"
REMAKE = "Run: python tests/notebook/test_readme.py --write"
PROOF = f"$ gradekit verify {SHOWN}"
COUNTED = re.compile(r"\d+ wrong answers of the kinds that learners give [\s\S]*?each earn all points")
SECONDS = re.compile(r"in \d+ s, ")


def demo_table() -> str:
    """Return the demo's table as the command prints it, from the verdicts that a test holds the grading to."""
    kept, loaded = json.loads(KEPT.read_text(encoding="utf-8")), load_assignment(COURSE, SHOWN)
    rows = []
    for submission in synthetic_class(COURSE, SHOWN):
        scores = {name: result[0] for name, result in kept[submission.student].items()}
        late = (submission.handed_in - DUE).total_seconds() if submission.handed_in else 0.0
        rows.append(Outcome(submission.student, scores, sum(scores.values()), late_s=max(late, 0.0)))
    points = {exercise.name: exercise.points for exercise in loaded.exercises}
    found = Demo(COURSE, Path("-"), Path("-"), Path("-"), points, tuple(rows))
    with contextlib.redirect_stdout(io.StringIO()) as said:
        terminal.print_demo(found)
    return _trimmed(said.getvalue().partition("gradebook:")[0])


def counted() -> str:
    """Return the sentence that counts what the catalogues hold."""
    wrong, right = [], []
    for name in COURSE.assignments():
        loaded = load_assignment(COURSE, name)
        wrong.append(len(load_misconceptions(COURSE, name, loaded.exercises, loaded.solution)))
        right.append(len(load_alternatives(COURSE, name, loaded.exercises, loaded.solution)))
    *most, last = map(str, wrong)
    each = f"{', '.join(most)} and {last} in the {len(wrong)} notebooks"
    return (
        f"{sum(wrong)} wrong answers of the kinds that learners give ({each}) each lose points in their own exercise\n"
        f"  and in no other; {sum(right)} right answers that look different each earn all points"
    )


def proof() -> str:
    """Return what `gradekit verify` prints, without the progress bar."""
    command = [str(Path(sys.executable).with_name("gradekit")), "verify", SHOWN, "--course-dir", str(ROOT)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    said = subprocess.run(command, capture_output=True, text=True, check=False, env=environment).stdout
    return _trimmed("\n".join(line for line in said.splitlines() if not line.startswith("verifying")))


def block(page: str, command: str) -> tuple[int, int]:
    """Return where a command's output stands in the page: from the line after it up to the fence."""
    begin = page.index(f"{command}\n") + len(command) + 1
    return begin, page.index("```", begin)


def table_of(page: str) -> str:
    """Return the demo's table as the page shows it."""
    begin, end = block(page, "$ make demo")
    return "\n".join(line for line in page[begin:end].splitlines()[1:] if not re.match(r"[\w ]+: +/", line))


def written(page: str) -> str:
    """Return README with every figure made anew."""
    return page.replace(table_of(page), demo_table())


def proof_written(page: str) -> str:
    """Return the page about the proof with every figure made anew."""
    page = COUNTED.sub(lambda _: counted(), page)
    begin, end = block(page, PROOF)
    return page[:begin] + proof() + "\n" + page[end:]


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def test_the_demos_table() -> None:
    """README shows the scores that the demo's class is graded with."""
    assert table_of(PAGE.read_text(encoding="utf-8")) == demo_table(), REMAKE


def test_what_is_counted() -> None:
    """The page about the proof counts the wrong and the right answers that there are."""
    found = COUNTED.search(PROVEN.read_text(encoding="utf-8"))
    assert found is not None
    assert found[0] == counted(), REMAKE


def test_the_proofs_counts_of_answers() -> None:
    """The proof that is shown tried as many wrong and right answers as there are today, and found all well."""
    page = PROVEN.read_text(encoding="utf-8")
    begin, end = block(page, PROOF)
    loaded = load_assignment(COURSE, SHOWN)
    wrong = load_misconceptions(COURSE, SHOWN, loaded.exercises, loaded.solution)
    right = load_alternatives(COURSE, SHOWN, loaded.exercises, loaded.solution)
    lines = page[begin:end].splitlines()
    for exercise in loaded.exercises:
        (line,) = [line for line in lines[: len(loaded.exercises) + 1] if line.split()[0] == exercise.name]
        counts = re.findall(r"(\d+) of (\d+)", line)
        assert counts[2:4] == [
            (str(count), str(count))
            for count in (sum(item.exercise == exercise.name for item in items) for items in (wrong, right))
        ], REMAKE
    assert lines[-1].endswith(", 0 of them problems")


def test_readme_is_short() -> None:
    """README has at most 100 lines, and its first screen shows the two commands."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 100
    assert lines.index("$ make demo") < 12
    assert lines.index("$ make test") < 50


@pytest.mark.slow
def test_the_proof() -> None:
    """The page about the proof shows what `gradekit verify` prints, but for the seconds that it takes."""
    page = PROVEN.read_text(encoding="utf-8")
    begin, end = block(page, PROOF)
    assert SECONDS.sub("", page[begin:end].rstrip()) == SECONDS.sub("", proof()), REMAKE


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        PROVEN.write_text(proof_written(PROVEN.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.exit(REMAKE)
