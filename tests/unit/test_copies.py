"""Answers that are improbably alike: what is listed, what never is, and what hostile text does, which is nothing."""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gradekit import cli
from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.demo import synthetic_class
from gradekit.report import copies
from gradekit.report.answers import CATALOGUE, MAX_TEXT, Place, answers, entries, known
from gradekit.report.copies import FIXED, Pair, find_copies, pairs
from gradekit.report.write import make_report

ROOT = Path(__file__).parents[2]
COURSE = Course(ROOT)
ASSIGNMENTS = sorted(path.name for path in (ROOT / "source").iterdir())
Enrol = Callable[..., None]

OWN = """def double(x):
    # I add the numbers one by one
    flat = np.asarray(x, dtype=float).reshape(-1)
    result = np.zeros(flat.size)
    seen = 0
    for position in range(flat.size):
        result[position] = flat[position] * 3.0 - flat[position] ** 1
        seen += len(str(position)) // 2 if position % 7 == 3 else 0
    return result.reshape(np.shape(x))
"""
OTHER = """def double(x):
    total = []
    while len(total) < len(x):
        total.append(sum([x[len(total)], x[len(total)]]))
    if isinstance(x, list):
        return total
    return np.array(total, dtype=x.dtype).copy()
"""


def disguised(text: str, seed: int = 0) -> str:
    """Return a copy as people disguise them: names changed, comments changed, independent lines in another order."""
    rng = random.Random(seed)
    chosen = {name for name in re.findall(r"(?<![.\w\"'])([a-z]\w*)\b(?!\s*\()", text) if name not in FIXED | {"np"}}
    for name in sorted(chosen):
        text = re.sub(rf"(?<![.\w\"']){name}\b", f"my_{name}", text)
    lines = [re.sub(r"#.*", "# mine", line) for line in text.split("\n")]
    for at in range(len(lines) - 1):
        one, other = lines[at : at + 2]
        if all(re.match(r" +\w+ = ", line) for line in (one, other)) and _indent(one) == _indent(other):
            lines[at : at + 2] = [other, one]
    lines.insert(rng.randrange(1, len(lines)), "# all my own work\n")
    return "\n".join(lines)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def names(found: list[Pair]) -> list[tuple[str, str]]:
    """Return whose answers were found alike."""
    return [pair.students for pair in found]


# --- what is listed --------------------------------------------------------------------------------------------------


def test_a_copy_is_found_and_whoever_wrote_something_else_is_not() -> None:
    """Renamed variables, other comments, lines in another order: alike; another answer to the same cell: not."""
    texts = {"ann": OWN, "bob": OTHER, "eve": disguised(OWN)}
    (pair,) = pairs(texts, (), least=0.8)
    assert pair.students == ("ann", "eve")
    assert pair.alike > 0.9


def test_half_of_an_answer_in_a_longer_one_is_found() -> None:
    """The share is one of the smaller answer: what a copyist adds to it changes nothing."""
    assert names(pairs({"ann": OWN, "bob": disguised(OWN) + OTHER}, (), least=0.8)) == [("ann", "bob")]


@pytest.mark.parametrize("text", ["", "def double(x):\n    return x + x\n", "# nothing but words\n" * 50, "x\n" * 400])
def test_what_is_short_is_no_lead(text: str) -> None:
    """Below a number of pieces there are few ways to write: two identical short answers say nothing."""
    assert not pairs({"ann": text, "bob": text}, (), least=0.1)


def test_what_was_given_out_is_no_lead() -> None:
    """Two blank releases, or an answer that the catalogue knows, have nothing of their own."""
    assert not pairs({"ann": OWN, "bob": disguised(OWN)}, (OWN,), least=0.1)


def test_what_many_wrote_is_no_lead() -> None:
    """Where four of five have the same answer, it is what everybody writes; where three have it, it is a lead."""
    assert not pairs({f"student_{number}": OWN for number in range(4)} | {"bob": OTHER}, (), least=0.8)
    assert len(pairs({f"student_{number}": OWN for number in range(3)} | {"bob": OTHER}, (), least=0.8)) == 3


@pytest.mark.parametrize(
    "assignment",
    [pytest.param(name, marks=() if name == "rnn_from_scratch" else pytest.mark.slow) for name in ASSIGNMENTS],
)
def test_the_catalogue_is_no_lead_and_its_copies_are(assignment: str) -> None:
    """Known right and wrong answers are not alike, even where the right ones are not known; disguised copies are."""
    wrong, right = (list(entries(COURSE.hidden(assignment) / name)) for name in CATALOGUE)
    found = 0
    for place, expected in known(COURSE, assignment).items():
        mine = [text for exercise, text in right if exercise == place.grade_id]
        texts = {f"{at}": text for at, (exercise, text) in enumerate([*wrong, *right]) if exercise == place.grade_id}
        assert not pairs(texts, expected, least=0.5)
        unknown = "\n".join(text for text in expected if text not in mine)
        assert not pairs({f"{at}": text for at, text in enumerate(mine)}, [unknown], least=0.5)
        for at, text in enumerate(mine):
            copy = {"original": text, "copy": disguised(text, at)}
            shares = [pair.alike for pair in pairs(copy, [unknown], least=0.01)]
            assert all(share >= 0.9 for share in shares)
            found += len(shares)
    assert found >= 15  # the shorter ones have too little of their own


def test_the_demo_class_gives_no_lead() -> None:
    """Perfect, blank, late and half done, and a typical mistake each: nobody has copied."""
    solved = {cell.id: cell.source for cell in notebook.cells(notebook.read(COURSE.source("rnn_from_scratch")))}
    people = synthetic_class(COURSE, "rnn_from_scratch")
    assert len(people) == 16
    for place, expected in known(COURSE, "rnn_from_scratch").items():
        texts = {item.student: item.cells.get(place.grade_id, solved[place.grade_id]) for item in people}
        assert not pairs(texts, expected, least=0.3)


# --- hostile text ----------------------------------------------------------------------------------------------------


ODD = (
    *("(" * MAX_TEXT, "#" * MAX_TEXT, "\n" * MAX_TEXT, '"' * MAX_TEXT, "\ud800" * MAX_TEXT, "٣" * MAX_TEXT),
    *("'''" * 3333, "\\\n" * 5000, "rb" * 5000, "\0\1" * 5000, "'\\" * 5000, ")]}\n" * 2500, "1_a." * 2500),
    *("def f(:\n\t\x0c" * 800, "a \t" * 3333),
)


@pytest.mark.parametrize("text", ODD, ids=[f"odd{at}" for at in range(len(ODD))])
def test_hostile_text_is_text(text: str) -> None:
    """Brackets without end, strings without end, signs of no language: nothing is raised, and others are compared."""
    found = pairs({"ann": OWN, "bob": disguised(OWN), "eve": text, "mallory": text}, (), least=0.8)
    assert ("ann", "bob") in names(found)


# --- a course --------------------------------------------------------------------------------------------------------


def hand_in(course: Course, student: str, double: str, quadruple: str = "") -> None:
    """Put a notebook into ``autograded/``, as it lies there once it is graded."""
    node = notebook.read(course.folder("release", "small") / "small.ipynb")
    for cell in node["cells"]:
        cell["source"] = {"double": double, "quadruple": quadruple}.get(cell["id"]) or cell["source"]
    path = course.folder("autograded", "small", student) / "small.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(node), encoding="utf-8")


@pytest.fixture
def copied(released: Course, enrol: Enrol) -> Course:
    """Return a course in which bob has copied from ann, and two have handed in what they were given."""
    evil = OWN.replace("# I add", "# <script>alert(1)</script></pre>\ud800 I add")
    for student, text in {"ann": evil, "bob": disguised(OWN), "dan": "", "eve": ""}.items():
        enrol(released, "small", student, {})
        hand_in(released, student, text)
    return released


def test_the_report_lists_the_pair(copied: Course) -> None:
    """Page, table and JSON name both, the cell and the share; a learner's text is text; rights are those of scores."""
    made = make_report(copied, "small")
    (lead,) = made.copies.leads
    assert (lead.cell, lead.students) == ("double", ("ann", "bob"))
    page = made.page.read_text(encoding="utf-8")
    assert "A lead, not a finding." in page
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&lt;/pre&gt;" in page
    assert "<mark>    seen = 0</mark>" in page
    rows = made.alike.read_text(encoding="utf-8-sig").splitlines()
    assert rows[0] == "notebook,cell,student,other_student,alike,pieces_shared"
    assert rows[1].startswith("small,double,ann,bob,")
    assert made.alike.stat().st_mode & 0o777 == 0o600


def test_it_can_be_switched_off(
    copied: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--copies 0`` compares nothing and says nothing; the setting does too, and the option has the last word."""
    monkeypatch.chdir(copied.root)
    monkeypatch.setattr(sys, "argv", ["gradekit", "report", "small", "--json", "--copies", "0"])
    assert cli.main() == 0
    assert json.loads(capsys.readouterr().out)["alike"] == []
    with (copied.root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write("\nc.Gradekit.copies = 0\n")
    made = make_report(copied, "small")
    assert made.copies.least == 0
    assert 'id="alike"' not in made.page.read_text(encoding="utf-8")
    assert len(make_report(copied, "small", copies=0.9).copies.leads) == 1


def test_without_the_library_one_sentence_says_so(copied: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report is written all the same."""
    monkeypatch.setitem(sys.modules, "copydetect.utils", None)
    made = make_report(copied, "small")
    assert not made.copies.leads
    assert "copydetect is not installed" in made.page.read_text(encoding="utf-8")


def test_what_cannot_be_read_is_left_out(copied: Course) -> None:
    """A link, a broken notebook, cells of odd types: the others are compared; long answers are cut."""
    elsewhere = copied.folder("autograded", "small", "ann") / "small.ipynb"
    (copied.folder("autograded", "small", "dan") / "small.ipynb").unlink()
    (copied.folder("autograded", "small", "dan") / "small.ipynb").symlink_to(elsewhere)
    (copied.folder("autograded", "small", "eve") / "small.ipynb").write_text("{")
    hand_in(copied, "zoe", "x = 1\n" * MAX_TEXT)
    found = answers(copied, "small", ["ann", "bob", "dan", "eve", "zoe", "nobody"])
    assert set(found[Place("small", "double")]) == {"ann", "bob", "zoe"}
    assert len(found[Place("small", "double")]["zoe"]) == MAX_TEXT
    assert len(find_copies(copied, "small", ["ann", "bob", "zoe"], least=0.8).leads) == 1


def test_long_lists_are_cut(copied: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page shows so many pairs at most, and says how many more there are."""
    monkeypatch.setattr(copies, "MOST_LEADS", 0)
    found = find_copies(copied, "small", ["ann", "bob"], least=0.8)
    assert (found.leads, found.more) == ((), 1)
