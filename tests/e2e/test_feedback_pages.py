"""Feedback pages in a real browser with the network off: nothing asked for, nothing run, nothing that axe-core finds.

Screenshots lie in ``tests/e2e/artefacts/`` afterwards, one for each page, width and colour scheme.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradekit.course import notebook
from gradekit.course import reports as course_reports
from gradekit.course.course import Course
from gradekit.demo import DUE, Submission, hand_in
from gradekit.feedback.write import students, write_feedback
from gradekit.files import open_stage
from gradekit.grade.classroom import grade_class
from gradekit.grade.judge import Grading
from gradekit.gradebook import convert
from gradekit.gradebook.assignment import open_assignment, open_gradebook
from gradekit.gradebook.record import record
from gradekit.gradebook.settings import read_settings
from gradekit.handin.submission import take_in
from gradekit.judging.reference import read_cases
from gradekit.model import Diagnosis, ExerciseResult, GradeReport, Judged, JudgedNotebook, Picture, TestResult, Verdict
from gradekit.release.make import release

ARABIC = "\u0639\u0644\u064a \u0627\u0644\u062d\u0633\u0646"

VALUES = "double(x) has the right values."
PWN = "window.pwned = (window.pwned || '') + '{place} '"
HOSTILE_MARKUP = (
    "<script>{run}</script>"
    '<img src="nowhere" onerror="{run}">'
    '<svg onload="{run}"></svg>'
    '<iframe srcdoc="<script>parent.{run}</script>"></iframe>'
    '<a href="javascript:{run}">press</a>'
    '<details ontoggle="{run}" open><summary>x</summary></details>'
    '<link rel="stylesheet" href="http://192.0.2.1/x.css"><style>* {{ display: none }}</style>'
    '<meta http-equiv="refresh" content="0;url=http://192.0.2.1/">'
    "</code></pre></section></main></body><script>{run}</script>"
)


def hostile(place: str) -> str:
    """Return markup that tries to run a script and to load something, in every way we know."""
    return HOSTILE_MARKUP.format(run=PWN.format(place=place))


LONG_LINE = (
    "def double(x):\n    # squares, in a line that is much too long to be shown whole on a telephone's narrow screen"
    "\n    return x * x"
)
ANSWER = (
    "# My answer\n\nSince $x_t$ counts:\n\n$$\\begin{aligned} a &= b \\\\ &= c \\end{aligned}$$\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |"
)
HOSTILE_CODE = f"'''{hostile('code')}'''\n# {hostile('comment')}"
HOSTILE_ANSWER = (
    f"{hostile('answer')}\n\n$${hostile('formula')}$$\n\n# {hostile('heading')}\n\n"
    f"[{hostile('link')}](javascript:{PWN.format(place='target')})"
)

# --- pages to look at ------------------------------------------------------------------------------------------------


def question() -> list[dict[str, Any]]:
    """Return a manually graded question for the source notebook, and its text."""
    made = []
    for name, source, points in (("why-text", "## Why? (2 points)", 0), ("why", "YOUR ANSWER HERE", 2)):
        flags = {"grade": bool(points), "solution": bool(points), "locked": not points, "task": False}
        meta = {"schema_version": 3, "grade_id": name, **flags} | ({"points": points} if points else {})
        made.append({"cell_type": "markdown", "id": name, "metadata": {"nbgrader": meta}, "source": source})
    return made


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to keep the pages, which several tests look at."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture
def course(shelf: Path, request: pytest.FixtureRequest) -> Course:
    """A course with the pages of a class: one of each kind, mallory's hostile in every place that a learner reaches."""
    if not (shelf / "course").exists():
        small: Course = request.getfixturevalue("small")
        node = json.loads(small.source("small").read_text())
        node["cells"][0]["source"] = "# A small notebook\n\n4.5 points"
        node["cells"] += question()
        small.source("small").write_text(json.dumps(node))
        release(small, "small", solutions=False)
        make_class(small)
        small.root.rename(shelf / "course")
    return Course(shelf / "course")


def make_class(course: Course) -> None:
    """Hand in, enter scores and reports, have a person grade, and write the pages."""
    reports = {"perfect": right(), ARABIC: lost(), "mallory": attacked()}
    hand_in(course, "small", [Submission(name, {}) for name in reports])
    give(course, ARABIC, {"double": LONG_LINE, "why": ANSWER})
    give(course, "mallory", {"double": HOSTILE_CODE, "why": HOSTILE_ANSWER})
    config = read_settings(course)
    with open_gradebook(config) as gradebook:
        book = open_assignment(config, gradebook, "small")
        for name, made in reports.items():
            judged = Judged((JudgedNotebook("small", exercises=made.exercises),), "none", {})
            with open_stage(course.root) as stage:
                record(book, take_in(book, name, stage), judged, stage=stage, hashes={})
            course_reports.save(course.root, made)
            if name != "mallory":
                mark = gradebook.find_grade("why", "small", "small", name)
                mark.manual_score, mark.extra_credit, mark.needs_manual_grade = 1.5, 0.25, False
                gradebook.find_comment("why", "small", "small", name).manual_comment = "Good. See $b = c$ and `x`."
                gradebook.find_submission_notebook("small", "small", name).late_submission_penalty = 0.5
                gradebook.db.commit()
    list(write_feedback(course, "small", students(course, "small")))


def give(course: Course, student: str, cells: dict[str, str]) -> None:
    """Change cells of what a student handed in."""
    path = course.root / "submitted" / student / "small" / "small.ipynb"
    node = json.loads(path.read_text())
    for cell in node["cells"]:
        cell["source"] = cells.get(cell["id"], cell["source"])
    path.write_text(json.dumps(node))


def one(
    verdict: Verdict, message: str = "", sentence: str = "double(x) has the right values.", **more: Any
) -> TestResult:
    """Return one test's result."""
    return TestResult(sentence, sentence, 1, verdict, message, **more)


def right() -> GradeReport:
    """Return the report of a submission in which all is right."""
    tests = (one(Verdict.AC), one(Verdict.AC, sentence="double(x) does not change x."))
    exercises = (ExerciseResult("double", 0.5, 0.5, tests), ExerciseResult("quadruple", 2, 2.0, tests))
    return GradeReport("small", "perfect", "none", exercises)


def lost() -> GradeReport:
    """Return a report with everything that a page can show: pictures, a diagnosis, every verdict, follow-through."""
    heat = Picture("error", "double(x)", (2, 3), ((1.0, -0.5, 0.0), (0.25, -1.0, 0.1)))
    dots = Picture("scatter", "dWx", (2, 2), ((1.0, -1.0), (0.5, -0.4), (0.0, 0.1), (-0.5, 0.6)))
    tests = [
        one(Verdict.WA, "double(x) is off. Is $x + x$ meant?", line="return x * x", picture=heat),
        one(Verdict.WA, "The gradient has the wrong sign.", "The gradient is right.", picture=dots),
        *(one(verdict, f"This ended with {verdict}.", f"No {verdict}.") for verdict in Verdict if verdict.name != "IE"),
        one(Verdict.WA, "This counts once the following holds: it doubles.", "It doubles again.", waits_for="values"),
    ]
    found = Diagnosis("squares", "Squared, not doubled", "What is 3 doubled, and what is $3^2$?", "x * x")
    double = ExerciseResult("double", 0.5, 0.1, tuple(tests), diagnosis=found)
    quadruple = ExerciseResult("quadruple", 2, 1.0, tuple(tests), follow_through=True)
    return GradeReport("small", ARABIC, "none", (double, quadruple))


def attacked() -> GradeReport:
    """Return a report whose messages, which quote a learner's exception, are hostile; one exercise is undecided."""
    said = f"ValueError: {hostile('message')}, at your line `{hostile('line')}`."
    stopped = one(Verdict.RTE, said, error="ValueError", line=hostile("line"))
    unsure = one(Verdict.IE, "This could not be judged.")
    exercises = (
        ExerciseResult("double", 0.5, 0.0, (stopped,)),
        ExerciseResult("quadruple", 2, None, (unsure, stopped)),
    )
    return GradeReport("small", "mallory", "none", exercises)


def address(course: Course, student: str) -> str:
    """Return the address of a student's page."""
    return (course.root / "feedback" / student / "small" / "small.html").as_uri()


@pytest.mark.parametrize("student", ["perfect", ARABIC, "mallory"], ids=["perfect", "arabic", "mallory"])
@pytest.mark.parametrize("size", ["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_asks_for_nothing_and_pleases_axe(
    course: Course, opened: Callable[..., Any], student: str, size: str, scheme: str
) -> None:
    """Offline: no request, no console message, nothing that axe-core finds, and no sideways scrolling."""
    visit = opened(address(course, student), scheme, size)
    name = "arabic" if student == ARABIC else student
    visit.photograph(f"feedback-{name}-{scheme}-{size}")
    assert (course.root / "feedback" / student / "small" / "small.html").stat().st_size < 100_000
    assert visit.said == []
    assert visit.asked == []
    assert visit.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert visit.axe() == []


def test_axe_can_find_something(course: Course, opened: Callable[..., Any]) -> None:
    """The test can fail: pale text without contrast is found."""
    visit = opened(address(course, "perfect"))
    visit.page.evaluate("document.querySelector('h1').attributeStyleMap.set('color', '#eee')")
    assert any(found.startswith("color-contrast") for found in visit.axe())


def test_unfolded_pages_please_axe_too(course: Course, opened: Callable[..., Any]) -> None:
    """Nothing is found in what is folded either."""
    for student in ("perfect", ARABIC, "mallory"):
        visit = opened(address(course, student))
        visit.page.evaluate("document.querySelectorAll('details').forEach(item => { item.open = true })")
        assert visit.axe() == []


def test_nothing_of_a_submission_runs(course: Course, opened: Callable[..., Any]) -> None:
    """Markup in code, comments, answers, formulas, links and exception texts runs nothing and moves nothing."""
    visit = opened(address(course, "mallory"))
    visit.page.evaluate("document.querySelectorAll('details').forEach(item => { item.open = true })")
    text = visit.page.inner_text("main")
    for place in ("code", "comment", "answer", "heading", "message"):
        assert f"'{place} '" in text, place  # it is there, as text
    assert visit.page.evaluate("window.pwned || ''") == ""
    assert visit.page.locator("main script, main iframe, main a[href^=javascript], main [onerror]").count() == 0
    assert visit.page.locator("main").count() == 1


def test_the_policy_alone_stops_scripts(course: Course, opened: Callable[..., Any], tmp_path: Path) -> None:
    """Even where markup came through, the policy would run none of it: a page with that markup put in by hand.

    But for a refresh, which no policy stops.
    """
    page = (course.root / "feedback" / "perfect" / "small" / "small.html").read_text(encoding="utf-8")
    markup = re.sub("<meta[^>]*>", "", hostile("inside"))
    spoilt = tmp_path / "spoilt.html"
    spoilt.write_text(page.replace("</main>", markup + "</main>"), encoding="utf-8")
    visit = opened(spoilt.as_uri())
    assert visit.page.evaluate("window.pwned || ''") == ""
    assert any("Content Security Policy" in said for said in visit.said)


def test_headings_and_landmarks_are_in_order(course: Course, opened: Callable[..., Any]) -> None:
    """A screen reader's way through: language, one h1, no level skipped, main, header, footer, a named nav."""
    visit = opened(address(course, ARABIC))
    levels = visit.page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(node => +node.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert visit.page.locator("html[lang=en]").count() == 1
    assert visit.page.get_by_text("Good. See").locator("math").count() == 1
    assert visit.page.locator(".total").inner_text() == "2.35 of 4.5 points"
    for role in ("banner", "main", "contentinfo", "navigation"):
        assert visit.page.get_by_role(role).count() == 1
    assert visit.page.get_by_role("img", name="Where double(x) is off").count() == 2


def test_a_page_is_used_with_the_keyboard(course: Course, opened: Callable[..., Any]) -> None:
    """The first tab reaches the skip link, which leads to the content; details open and close; focus can be seen."""
    page = opened(address(course, "perfect")).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    first = page.locator("summary").first
    assert first.evaluate("node => node.parentElement.open") is False
    first.focus()
    page.keyboard.press("Enter")
    assert first.evaluate("node => node.parentElement.open") is True
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_a_link_of_the_overview_leads_to_its_exercise(course: Course, opened: Callable[..., Any]) -> None:
    """Every link of the page leads to a place in the page."""
    page = opened(address(course, ARABIC)).page
    targets = page.evaluate("[...document.querySelectorAll('a')].map(node => node.getAttribute('href'))")
    assert len(targets) > 3
    assert all(target.startswith("#") and page.locator(target).count() == 1 for target in targets)


def test_a_printed_page_unfolds(course: Course, opened: Callable[..., Any]) -> None:
    """On paper everything is there: what is folded on the screen has a height, and the skip link is gone."""
    page = opened(address(course, "perfect")).page
    code = page.locator("pre.code").first
    assert not code.is_visible()
    page.emulate_media(media="print")
    assert code.is_visible()
    assert not page.locator(".skip").is_visible()
    assert page.pdf().startswith(b"%PDF")


def test_a_graded_submission_becomes_a_page(released: Course, opened: Callable[..., Any]) -> None:
    """The whole trip: handed in, graded in the sandbox, written, opened; the learner's mistake is on the page."""
    with convert.gradebook(read_settings(released)) as gradebook:
        gradebook.update_or_create_assignment("small", duedate=DUE.replace(tzinfo=None))
    hand_in(released, "small", [Submission("ada", {"double": "def double(x):\n    return x * x"})])
    (done,) = grade_class(Grading(released, "small"), ["ada"])
    assert done.failure == ""
    (written,) = write_feedback(released, "small", students(released, "small"))
    assert written.notes[0].startswith("no submission_secret.txt")
    visit = opened(address(released, "ada"))
    assert visit.page.locator(".total").inner_text() == "2 of 2.5 points"
    assert "double(x) has the right values." in visit.page.inner_text(".part.lost")
    assert "A mistake costs once." in visit.page.inner_text(".part.good")
    assert (visit.said, visit.asked, visit.axe()) == ([], [], [])
    assert told(released, written.pages[0].read_text(encoding="utf-8")) == []


def told(course: Course, page: str) -> list[str]:
    """Return what a page tells of the hidden tests' code, of the solution and of the reference's numbers."""
    cells = notebook.cells(notebook.read(course.source("small")))
    hidden = [line for cell in cells for line in notebook.region_lines(cell.source, notebook.HIDDEN_TESTS)]
    solution = notebook.region_lines(next(cell.source for cell in cells if cell.id == "double"), notebook.SOLUTION)
    tests = (course.hidden("small") / "tests.py").read_text()
    code = [line for line in tests.splitlines() if "expect." in line or "reference." in line]
    arrays = [
        case[name] for case in read_cases(course.hidden("small") / "reference.npz")["double_cases"] for name in "xy"
    ]
    numbers = [f"{abs(value):.{digits}f}" for array in arrays for value in array.ravel() for digits in (3, 4, 6)]
    assert len(hidden) > 3
    assert len(code) > 5
    assert len(numbers) > 20
    return [line for line in (*hidden, *solution, *code, *numbers) if line.strip() in page]
