"""The class report in a real browser with the network off: nothing asked for, nothing run, and a table that works.

Screenshots lie in ``tests/e2e/artefacts/`` afterwards, one for each width and colour scheme.
"""

from __future__ import annotations

import datetime as dt
import importlib.resources
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gradekit import converters
from gradekit.book import open_gradebook
from gradekit.course import Course
from gradekit.model import Diagnosis
from gradekit.report import make_report

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="Debian's chromium is not installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]

ARTEFACTS = Path(__file__).parent / "artefacts"
PWN = "<img src=nowhere onerror=\"window.pwned='yes'\"><script>window.pwned='yes'</script>"
MISCONCEPTIONS = (
    Diagnosis("squares", "Squared", "What is 3 doubled?", "`x * x` for $2x$"),
    Diagnosis("changes_x", "In place", "Whose array is x?", "x *= 2"),
)
NAMES = ("Ann Adler", "Émile Dubois", "ليلى الزهراء", "Grzegorz Łuk", "Zoë Özil")
SIZES = {"desk": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def course(released_once: Course, enrol: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class of 24 with all that the report has to say, one of them hostile."""
    made = Course(shutil.copytree(released_once.root, tmp_path_factory.mktemp("class") / "course", symlinks=True))
    due = dt.datetime(2025, 1, 31, 12, 0)  # noqa: DTZ001  (nbgrader's are naive)
    with open_gradebook(converters.settings(made)) as gradebook:
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
    enrol(made, "small", "s99", {"double": None}, alarms=("double-grade is undecided: why",), isolation="none")
    person = {"first_name": PWN, "last_name": "=1+1"}
    enrol(made, "small", "mallory" + PWN.replace("/", "_"), {}, person=person, notes=(PWN,), alarms=(PWN + "!",))
    feedback = made.root / "feedback" / "s1" / "small" / "small.html"
    feedback.parent.mkdir(parents=True)
    feedback.write_text("<title>the feedback</title>")
    make_report(made, "small")
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's chromium."""
    with playwright.sync_playwright() as running:
        found = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@dataclass
class Visit:
    """A page, opened offline, and what went on while it was."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def visit(course: Course, browser: Any) -> Iterator[Callable[..., Visit]]:
    """Open the report: ``visit("dark", "phone")``."""
    contexts = []

    def opened(scheme: str = "light", size: str = "desk", *, edit: Callable[[str], str] = str) -> Visit:
        width, height = SIZES[size]
        path = course.root / "reports" / "small" / "report.html"
        if edit is not str:
            path = Path(shutil.copy(path, path.with_name("edited.html")))
            path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, offline=True)
        contexts.append(context)
        seen = Visit(context.new_page())
        seen.page.on("console", lambda message: seen.said.append(message.text))
        seen.page.on("pageerror", lambda error: seen.said.append(str(error)))
        seen.page.on("request", lambda request: seen.asked.append(request.url))
        seen.page.goto(path.as_uri(), wait_until="load")
        seen.asked = [url for url in seen.asked if url != path.as_uri() and not url.startswith("data:")]
        return seen

    yield opened
    for context in contexts:
        context.close()


def axe(page: Any) -> list[str]:
    """Return what axe-core finds."""
    source = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(f"() => {{{source}\n}}")
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [f"{item['id']}: {node['html'][:200]}" for item in found["violations"] for node in item["nodes"]]


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


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_asks_for_nothing_and_pleases_axe(visit: Callable[..., Visit], scheme: str, size: str) -> None:
    """No request, no console message, no script of a student's, nothing that axe-core finds, no sideways scrolling."""
    seen = visit(scheme, size)
    ARTEFACTS.mkdir(exist_ok=True)
    seen.page.screenshot(path=ARTEFACTS / f"report-{scheme}-{size}.png", full_page=True)
    assert (seen.said, seen.asked) == ([], [])
    assert seen.page.evaluate("window.pwned") is None
    assert axe(seen.page) == []
    seen.page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
    assert axe(seen.page) == []
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_tests_can_fail(visit: Callable[..., Visit]) -> None:
    """axe-core finds a table without heads; a script that came in another way is refused, and that is heard."""
    seen = visit(edit=lambda text: text.replace("<th ", "<td ").replace("</main>", f"{PWN}<img src=x></main>"))
    assert axe(seen.page)
    assert seen.page.evaluate("window.pwned") is None
    assert any("Content Security Policy" in said for said in seen.said)


def test_sorting(visit: Callable[..., Visit]) -> None:
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


def test_sorting_by_keyboard(visit: Callable[..., Visit]) -> None:
    """Tab reaches the heads of the columns, Enter and the space bar sort, and the focus stays."""
    page = visit().page
    page.focus("table.class thead button:has-text('student')")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.get_attribute("table.class th:nth-child(2)", "aria-sort") == "ascending"
    page.keyboard.press("Space")
    assert page.get_attribute("table.class th:nth-child(2)", "aria-sort") == "descending"
    assert page.evaluate("document.activeElement.textContent") == "final"


def test_finding(visit: Callable[..., Visit]) -> None:
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


def test_choosing_a_group(visit: Callable[..., Visit], course: Course) -> None:
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
    page.screenshot(path=ARTEFACTS / "report-filtered.png")


def test_links(visit: Callable[..., Visit]) -> None:
    """A name leads to the feedback page; a name in a list leads to its row, also where the row was filtered out."""
    page = visit().page
    page.fill("#find", "s1")
    page.click("#waiting a:has-text('s99') >> nth=0")
    page.wait_for_function("document.querySelector('tr:target') && !document.querySelector('tr:target').hidden")
    assert page.inner_text("tr:target th") == "s99"
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


def test_on_paper(visit: Callable[..., Visit]) -> None:
    """Printed, every row is there and no control is."""
    page = visit().page
    page.emulate_media(media="print")
    assert not page.locator("#find").is_visible()
    page.set_viewport_size({"width": 1040, "height": 700})  # a landscape sheet between its margins
    fits = "e => e.scrollHeight <= e.clientHeight && e.scrollWidth <= e.clientWidth"
    assert page.eval_on_selector("#class", fits)
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
