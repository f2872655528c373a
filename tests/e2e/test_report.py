"""The class report in a real browser with the network off: nothing asked for, nothing run, and a table that works.

Screenshots lie in ``tests/e2e/artefacts/`` afterwards, one for each width and colour scheme.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.gradebook.assignment import open_gradebook
from gradekit.gradebook.settings import read_settings
from gradekit.model import Diagnosis, Note
from gradekit.report.write import make_report

LOST = Note("double-grade is undecided: why", undecided="double-grade", urgent=True)
PWN = "<img src=nowhere onerror=\"window.pwned='yes'\"><script>window.pwned='yes'</script>"
MISCONCEPTIONS = (
    Diagnosis("squares", "Squared", "What is 3 doubled?", "`x * x` for $2x$"),
    Diagnosis("changes_x", "In place", "Whose array is x?", "x *= 2"),
)
NAMES = ("Ann Adler", "Émile Dubois", "ليلى الزهراء", "Grzegorz Łuk", "Zoë Özil")


@pytest.fixture(scope="module")
def course(released_once: Course, enrol: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class of 24 with all that the report has to say, one of them hostile."""
    made = Course(shutil.copytree(released_once.root, tmp_path_factory.mktemp("class") / "course", symlinks=True))
    due = dt.datetime(2025, 1, 31, 12, 0)  # noqa: DTZ001  (nbgrader's are naive)
    with open_gradebook(read_settings(made)) as gradebook:
        gradebook.update_or_create_assignment("small", duedate=due)
        gradebook.add_student("z-absent")
    draw = random.Random(4)
    for at in range(22):
        lost = draw.random() < 0.5
        scores = {"double": draw.choice([0.0, 0.25])} if lost else {}
        scores |= {"quadruple": draw.choice([0.0, 1.0, 1.5])} if draw.random() < (0.7 if lost else 0.2) else {}
        found = {"double": MISCONCEPTIONS[at % 2]} if lost and at % 5 else {}
        late = {"timestamp": due + dt.timedelta(hours=at), "penalty": 0.5} if at % 9 == 4 else {}
        person = dict(zip(("first_name", "last_name"), NAMES[at % 5].split(" "), strict=True))
        followed = ["quadruple"] if lost and "quadruple" not in scores else []
        enrol(made, "small", f"s{at}", scores, diagnoses=found, person=person, followed=followed, **late)
    enrol(made, "small", "s99", {"double": None}, notes=(LOST,), isolation="none")
    person = {"first_name": PWN, "last_name": "=1+1"}
    enrol(
        made,
        "small",
        "mallory" + PWN.replace("/", "_"),
        {},
        person=person,
        notes=(Note(PWN), Note(PWN + "!", urgent=True)),
    )
    feedback = made.root / "feedback" / "s1" / "small" / "small.html"
    feedback.parent.mkdir(parents=True)
    feedback.write_text("<title>the feedback</title>")
    for student in ("s1", "s2"):  # two answers that are alike, and long
        node = notebook.read(made.folder("release", "small") / "small.ipynb")
        for cell in node["cells"]:
            if cell["id"] == "double":
                lines = "\n".join(f"    total = total * {at} + x[{at}] ** {at} - {at} % 7" for at in range(70))
                cell["source"] = f"def double(x):\n    # {PWN}\n    total = 0{' + 1' * 80}\n{lines}\n    return total"
        path = made.folder("autograded", "small", student) / "small.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(node), encoding="utf-8")
    made_report = make_report(made, "small")
    assert len(made_report.copies.leads) == 1
    return made


@pytest.fixture
def visit(course: Course, opened: Callable[..., Any]) -> Callable[..., Any]:
    """Open the report: ``visit("dark", "phone")``; with `edit`, an edited copy of it."""

    def visited(scheme: str = "light", size: str = "desk", *, edit: Callable[[str], str] = str) -> Any:
        path = course.root / "reports" / "small" / "report.html"
        if edit is not str:
            path = Path(shutil.copy(path, path.with_name("edited.html")))
            path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")
        return opened(path, scheme, size)

    return visited


def names(page: Any) -> list[str]:
    """Return the students that the table shows, in its order."""
    rows = page.eval_on_selector_all(
        "table.class tbody tr:not([hidden])", "rows => rows.map(row => row.cells[0].querySelector('bdi').textContent)"
    )
    return [str(row) for row in rows]


def column(page: Any, at: int) -> list[str]:
    """Return what stands in a column, from top to bottom."""
    selector = "table.class tbody tr:not([hidden])"
    script = f"rows => rows.map(row => row.cells[{at}].textContent)"
    return [str(text) for text in page.eval_on_selector_all(selector, script)]


@pytest.mark.parametrize("size", ["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_asks_for_nothing_and_pleases_axe(visit: Callable[..., Any], scheme: str, size: str) -> None:
    """No request, no console message, no script of a student's, nothing that axe-core finds, no sideways scrolling."""
    seen = visit(scheme, size)
    seen.photograph(f"report-{scheme}-{size}")
    assert (seen.said, seen.asked) == ([], [])
    assert seen.page.evaluate("window.pwned") is None
    assert seen.axe() == []
    seen.page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
    assert seen.axe() == []
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_tests_can_fail(visit: Callable[..., Any]) -> None:
    """axe-core finds a table without heads; a script that came in another way is refused, and that is heard."""
    seen = visit(edit=lambda text: text.replace("<th ", "<td ").replace("</main>", f"{PWN}<img src=x></main>"))
    assert seen.axe()
    assert seen.page.evaluate("window.pwned") is None
    assert any("Content Security Policy" in said for said in seen.said)


def test_sorting(visit: Callable[..., Any]) -> None:
    """A click sorts by a column, another the other way round; numbers as numbers, and who has none comes last."""
    page = visit().page
    assert names(page)[-1] == "z-absent"
    page.click("table.class thead button:has-text('final')")
    assert page.get_attribute("table.class th:nth-child(2)", "aria-sort") == "ascending"
    assert page.locator("table.class [aria-sort]").count() == 1
    finals = [float(text.rstrip("?")) for text in column(page, 1)[:-1]]
    assert finals == sorted(finals)
    page.click("table.class thead button:has-text('final')")
    assert page.get_attribute("table.class th:nth-child(2)", "aria-sort") == "descending"
    assert [float(text.rstrip("?")) for text in column(page, 1)[:-1]] == sorted(finals, reverse=True)
    assert names(page)[-1] == "z-absent"
    page.click("table.class thead button:has-text('student')")
    found = [name for name in names(page) if name.startswith("s")]
    assert found == [f"s{at}" for at in (*range(22), 99)]  # s2 before s10


def test_sorting_by_keyboard(visit: Callable[..., Any]) -> None:
    """Tab reaches the heads of the columns, Enter and the space bar sort, and the focus stays."""
    page = visit().page
    page.focus("table.class thead button:has-text('student')")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.get_attribute("table.class th:nth-child(2)", "aria-sort") == "ascending"
    page.keyboard.press("Space")
    assert page.get_attribute("table.class th:nth-child(2)", "aria-sort") == "descending"
    assert page.evaluate("document.activeElement.textContent") == "final"


def test_finding(visit: Callable[..., Any]) -> None:
    """What is typed is looked for in ids, names and misconceptions, whatever its case or script; the count is told."""
    page = visit().page
    page.fill("#find", "ÉMILE")
    assert names(page) == ["s1", "s11", "s16", "s21", "s6"]
    assert page.inner_text("#shown") == "5 of 25 students"
    page.fill("#find", "ليلى")
    assert names(page) == ["s12", "s17", "s2", "s7"]
    page.fill("#find", "in place")
    assert len(names(page)) > 1
    page.fill("#find", "<img")
    assert len(names(page)) == 1
    page.fill("#find", "nobody at all")
    assert names(page) == []
    page.keyboard.press("Enter")  # a form that is not sent
    page.fill("#find", "")
    assert len(names(page)) == 25


def test_choosing_a_group(visit: Callable[..., Any], course: Course) -> None:
    """The list of groups and a misconception's count both choose who is shown."""
    page = visit().page
    page.select_option("#show", "undecided")
    assert names(page) == ["s99"]
    page.select_option("#show", "missing")
    assert names(page) == ["z-absent"]
    page.select_option("#show", "late")
    assert names(page) == ["s13", "s4"]
    most = make_report(course, "small").overview.tally.misconceptions[0]
    page.click("#misconceptions button >> nth=0")
    assert sorted(names(page)) == sorted(most.students)


def test_links(visit: Callable[..., Any]) -> None:
    """A name leads to the feedback page; a name in a list leads to its row, also where the row was filtered out."""
    page = visit().page
    page.fill("#find", "s1")
    page.click("#waiting a:has-text('s99') >> nth=0")
    page.wait_for_function("document.querySelector('tr:target') && !document.querySelector('tr:target').hidden")
    assert page.inner_text("tr:target th").split() == ["s99", "undecided"]
    page.fill("#find", "s1")
    page.click("table.class a >> bdi:text-is('s1')")
    assert page.title() == "the feedback"


def test_without_scripts(course: Course, browser: Any) -> None:
    """Where scripts are off the whole table is there, and no control that does nothing."""
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto((course.root / "reports" / "small" / "report.html").as_uri())
    assert page.locator("table.class tbody tr").count() == 25
    assert not page.locator("#find").is_visible()
    context.close()


def test_on_paper(visit: Callable[..., Any]) -> None:
    """Printed, every row is there and no control is."""
    page = visit().page
    page.emulate_media(media="print")
    assert not page.locator("#find").is_visible()
    page.set_viewport_size({"width": 1040, "height": 700})  # a landscape sheet between its margins
    fits = "e => e.scrollHeight <= e.clientHeight && e.scrollWidth <= e.clientWidth"
    assert page.eval_on_selector("#class", fits)
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
