"""What `make demo` ends with, in a real browser with the network off: feedback pages and the class report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradekit.course.course import Course
from gradekit.demo import grade_class, hand_in, synthetic_class

NAME = "rnn_from_scratch"
STUDENTS = ("perfect", "blank", "late", "syntax_error", "backward_not_averaged", "initialize_without_root")


@pytest.fixture(scope="session")
def demo(once: Callable[..., Path], course_of: Callable[[str, Path], Course]) -> Path:
    """The folder that `gradekit demo` leaves behind, with those of its class who are looked at."""

    def make(folder: Path) -> None:
        course = course_of(NAME, folder / "course")
        found = [item for item in synthetic_class(course, NAME) if item.student in STUDENTS]
        assert len(found) == len(STUDENTS)
        hand_in(course, NAME, found)
        assert [item.failure for item in grade_class(course, NAME)] == [""] * len(STUDENTS)

    return once("demo", make) / "course"


def page_of(demo: Path, student: str) -> Path:
    """Return a student's feedback page."""
    return demo / "feedback" / student / "rnn_from_scratch" / "rnn_from_scratch.html"


@pytest.mark.parametrize(("scheme", "size"), [("light", "desk"), ("dark", "phone")])
def test_every_kind_of_page_is_quiet_and_pleases_axe(
    demo: Path, opened: Callable[..., Any], scheme: str, size: str
) -> None:
    """Offline: no request, no console message, nothing that axe-core finds, no sideways scrolling."""
    pages = {student: page_of(demo, student) for student in STUDENTS}
    pages["report"] = demo / "reports" / "rnn_from_scratch" / "report.html"
    for name, path in pages.items():
        seen = opened(path, scheme, size)
        seen.photograph(f"demo-{name}-{scheme}-{size}")
        assert (seen.said, seen.asked) == ([], []), name
        assert seen.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, name
        assert seen.axe() == [], name


def test_the_mistake_is_named_and_drawn(demo: Path, opened: Callable[..., Any]) -> None:
    """The page of a typical mistake shows its name and a picture; a perfect one shows neither."""
    wrong, right = (opened(page_of(demo, name)).page for name in ("backward_not_averaged", "perfect"))
    assert "Not averaged" in wrong.inner_text("main")
    assert wrong.locator("figure svg").count() >= 1
    assert "Not averaged" not in right.inner_text("main")
    assert right.locator("figure svg").count() == 0


def test_the_report_names_the_class(demo: Path, opened: Callable[..., Any]) -> None:
    """The report lists every submission once, finds one by its name, and leads to its feedback."""
    page = opened(demo / "reports" / "rnn_from_scratch" / "report.html").page
    rows = page.locator("#students tbody tr")
    assert rows.count() == len(list((demo / "submitted").iterdir()))
    links = page.locator("#students tbody a").evaluate_all("found => found.map(link => link.href)")
    assert page_of(demo, "blank").as_uri() in links
