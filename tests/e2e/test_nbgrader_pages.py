"""nbgrader's own pages, in a real browser: a submission's scripts run in none of them once gradekit is installed."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from nbgrader.converters import Autograde, GenerateFeedback

from gradekit.course.course import Course
from gradekit.demo import Submission, hand_in
from gradekit.gradebook import convert
from gradekit.gradebook.settings import read_settings

PWN = "window.pwned = (window.pwned || '') + '{place} '"
HANDLER = f'<img src="nowhere" onerror="{PWN}">'
MARKDOWN = "\n\n".join(
    [
        "# A heading and $x_t < 3$",
        f"<script>{PWN.format(place='markdown-script')}</script>",
        HANDLER.format(place="markdown-handler"),
        f'<svg onload="{PWN.format(place="markdown-svg")}"></svg>',
        f'<iframe srcdoc="<script>parent.{PWN.format(place="markdown-frame")}</script>"></iframe>',
    ]
)
CODE = f"""
from IPython.display import HTML, SVG, Javascript, Markdown, display, publish_display_data
display(HTML('''<script>{PWN.format(place="html-script")}</script>{HANDLER.format(place="html-handler")}'''))
display(Javascript('''{PWN.format(place="javascript")}'''))
display(SVG(data='''<svg xmlns="http://www.w3.org/2000/svg"><script>{PWN.format(place="svg-script")}</script></svg>'''))
display(Markdown('''{HANDLER.format(place="markdown-output")}'''))
publish_display_data({{"text/vnd.mermaid": '''graph <script>{PWN.format(place="diagram")}</script>'''}})
publish_display_data({{"application/vnd.jupyter.widget-view+json": "x", "text/plain": "a widget"}})
display(HTML("<table><tr><td>" * 3000))
print('''<script>{PWN.format(place="printed")}</script>''')
raise ValueError('''<img src=nowhere onerror="{PWN.format(place="exception")}">''')
"""


@pytest.fixture(scope="module")
def autograded(released_once: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The small course with one submission that tries to run scripts wherever it can, autograded; only to be copied."""
    small = Course(shutil.copytree(released_once.root, tmp_path_factory.mktemp("hostile") / "course", symlinks=True))
    hand_in(small, "small", [Submission("mallory", {})])
    path = small.root / "submitted" / "mallory" / "small" / "small.ipynb"
    node = json.loads(path.read_text())
    node["cells"].insert(2, {"cell_type": "markdown", "id": "free-text", "metadata": {}, "source": MARKDOWN})
    code = {
        "cell_type": "code",
        "id": "free-code",
        "metadata": {},
        "source": CODE,
        "outputs": [],
        "execution_count": None,
    }
    node["cells"].insert(3, code)
    path.write_text(json.dumps(node))
    convert.run(Autograde, read_settings(small), "small")
    return small


@pytest.fixture
def hostile(autograded: Course, tmp_path: Path) -> Course:
    """A copy of that course."""
    return Course(shutil.copytree(autograded.root, tmp_path / "course", symlinks=True))


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of Debian's chromium."""
    page = browser.new_page()
    yield page
    page.close()


def ran(page: Any, address: str) -> str:
    """Open an address, wait until it has loaded, and return which scripts of the submission ran."""
    page.goto(address, wait_until="load")
    page.wait_for_selector("text=A heading and")
    return str(page.evaluate("window.pwned || ''"))


def feedback(course: Course) -> str:
    """Make nbgrader's feedback and return its address."""
    convert.run(GenerateFeedback, read_settings(course), "small")
    return (course.root / "feedback" / "mallory" / "small" / "small.html").as_uri()


def test_without_gradekit_scripts_run_in_feedback(hostile: Course, page: Any) -> None:
    """The test can fail: with nbgrader's own settings the submission's scripts run in its feedback page."""
    config = hostile.root / "nbgrader_config.py"
    config.write_text(config.read_text().replace("gradekit.install(c)", ""))
    assert "markdown-svg" in ran(page, feedback(hostile))


def test_no_script_runs_in_feedback(hostile: Course, page: Any) -> None:
    """With gradekit installed no script runs in nbgrader's feedback page; heading and math are there."""
    assert ran(page, feedback(hostile)) == ""
    assert "x_t" in page.content()


RUN = """
document.documentElement.setAttribute("ran", "1");
fetch("/api/contents").then(got => got.text()).then(text => document.documentElement.setAttribute("read", text.length));
"""
XHTML = f'<html xmlns="http://www.w3.org/1999/xhtml"><body>seen<script><![CDATA[{RUN}]]></script></body></html>'
FILES = {  # name → what a student has handed in, or written, that a browser would run
    "page.html": f"<!doctype html><body>seen<script>{RUN}</script></body>",
    "page.htm": f"<!doctype html><body>seen<script>{RUN}</script></body>",
    "page.shtml": f"<!doctype html><body>seen<script>{RUN}</script></body>",
    "plot.svg": f'<svg xmlns="http://www.w3.org/2000/svg"><text y="20">seen</text><script>{RUN}</script></svg>',
    "page.xht": XHTML,
    "page.xhtml": XHTML,
    "page.xml": XHTML,
    "values.csv": f"<!doctype html><body>seen<script>{RUN}</script></body>",
    "no_kind": f"<!doctype html><body>seen<script>{RUN}</script></body>",
}
FORMGRADER = "--ServerApp.jpserver_extensions=nbgrader.server_extensions.formgrader=True"
BROWSERS_RUN = {"page.html", "page.htm", "plot.svg", "page.xht", "page.xhtml", "page.xml"}  # of these at the least


def number_of(course: Course) -> str:
    """Return formgrader's name for mallory's notebook."""
    with convert.gradebook(read_settings(course)) as gradebook:
        return str(gradebook.find_submission_notebook("small", "small", "mallory").id)


def run_files(course: Course, page: Any, address: str) -> dict[str, str]:
    """Open each file of a student's through formgrader; return those that ran, and what they read of Jupyter."""
    number, ran = number_of(course), {}
    for name in FILES:
        page.goto(f"{address}formgrader/submissions/{number}/", wait_until="load")
        with contextlib.suppress(Exception):  # the browser saves a file of a kind that it cannot show
            page.goto(f"{address}formgrader/submissions/{number}/{name}", wait_until="networkidle")
        if page.evaluate("document.documentElement.getAttribute('ran')"):
            ran[name] = page.evaluate("document.documentElement.getAttribute('read')")
    return ran


def with_files(course: Course) -> Course:
    """Put files into ``autograded/`` that gradekit would not have published: of an older grading."""
    for name, text in FILES.items():
        (course.root / "autograded" / "mallory" / "small" / name).write_text(text, encoding="utf-8")
    return course


@pytest.fixture(scope="module")
def formgrader(
    autograded: Course, tmp_path_factory: pytest.TempPathFactory, serve: Callable[..., AbstractContextManager[str]]
) -> Iterator[tuple[Course, str]]:
    """The hostile course with such files, and the address where formgrader shows it."""
    folder = tmp_path_factory.mktemp("formgrader")
    course = with_files(Course(shutil.copytree(autograded.root, folder / "course", symlinks=True)))
    with serve("server", course.root, folder, FORMGRADER) as address:
        yield course, address


@pytest.mark.slow
def test_without_gradekit_files_run_in_formgrader(
    hostile: Course, page: Any, serve: Callable[..., AbstractContextManager[str]]
) -> None:
    """The test can fail: with nbgrader's own settings pages and pictures run, and read what Jupyter has."""
    config = with_files(hostile).root / "nbgrader_config.py"
    config.write_text(config.read_text().replace("gradekit.install(c)", "c.HTMLExporter.sanitize_html = True"))
    node_path = hostile.root / "autograded" / "mallory" / "small" / "small.ipynb"
    node = json.loads(node_path.read_text())
    for cell in node["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = []
    node_path.write_text(json.dumps(node))  # its widget stops the page
    with serve("server", hostile.root, hostile.root.parent, FORMGRADER) as address:
        ran = run_files(hostile, page, address)
    assert ran.keys() >= BROWSERS_RUN
    assert all(ran[name] for name in BROWSERS_RUN)


def test_no_script_runs_in_formgrader(formgrader: tuple[Course, str], page: Any) -> None:
    """With gradekit installed no script of the submission runs in formgrader's page of it."""
    course, address = formgrader
    assert ran(page, f"{address}formgrader/submissions/{number_of(course)}/") == ""


def test_no_file_of_a_student_runs_in_formgrader(formgrader: tuple[Course, str], page: Any) -> None:
    """With gradekit installed no file of a student's runs at Jupyter's address, of whatever kind; pages are texts."""
    course, address = formgrader
    assert run_files(course, page, address) == {}
    got = page.request.get(page.url)
    assert "sandbox" in got.headers["content-security-policy"]
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-type"].startswith("text/plain")
