"""Addresses of gradebooks: what they are read as, what of them is shown, which driver opens them."""

from __future__ import annotations

import importlib.util
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.dialects import registry

from gradekit import database
from gradekit.errors import CourseError

SHOWN = {
    "sqlite:////srv/a@b@c/gradebook.db": "/srv/a@b@c/gradebook.db",
    "sqlite:///gradebook.db": "gradebook.db",
    "sqlite+pysqlite:///gradebook.db": "gradebook.db",
    "postgresql://grader@host/course": "postgresql://grader@host/course",
    "postgresql://grader:sesame@host/course": "postgresql://grader:***@host/course",
    "postgresql://host/course?user=grader&password=sesame": "postgresql://host/course?user=grader",
}
UNREADABLE = {
    "grades": "'grades' is",
    "": "'' is",
    "postgresql//grader:sesame@host/course": "'***@host/course' is",
    "postgresql://grader:sesame@host:port/course": "'postgresql://***@host:port/course' is",
    "postgresql://grader:open@sesame@host/course": "'postgresql://***@host/course' is",
    "postgresql://grader:open@sesame/1@host/course": "'postgresql://***@host/course' is",
    "postgresql//host/course?password=sesame": "'postgresql//host/course' is",
    "postgresql://grader:sesame/course": "'postgresql://grader:***' is",
}


@pytest.mark.parametrize(("address", "shown"), SHOWN.items())
def test_what_is_shown_of_an_address(address: str, shown: str) -> None:
    """A file is its path; an address has no password."""
    assert database.named(address) == shown


@pytest.mark.parametrize(("address", "said"), UNREADABLE.items())
def test_what_is_no_address(address: str, said: str) -> None:
    """Whatever cannot be read is refused, without what may be a password."""
    with pytest.raises(CourseError) as refusal:
        database.parse(address)
    assert refusal.value.message.startswith(f"{said} no address of a gradebook")
    assert "sesame" not in str(refusal.value)


@pytest.fixture
def dialects() -> Iterator[None]:
    """SQLAlchemy's own choice of drivers, again after the test."""
    before = dict(registry.impls)
    yield
    registry.impls.clear()
    registry.impls.update(before)


@pytest.mark.usefixtures("dialects")
@pytest.mark.parametrize("only", database.DRIVERS)
def test_the_driver_that_is_there(only: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that names no driver means the one that is installed."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name == only else None)
    database.choose_driver()
    assert make_url("postgresql://host/course").get_driver_name() == only


@pytest.mark.usefixtures("dialects")
def test_of_two_drivers_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where both are installed, or neither is, SQLAlchemy's own choice stands."""
    registry.impls.pop("postgresql", None)
    own = make_url("postgresql://host/course").get_driver_name()
    for both in (True, False):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name, both=both: name if both else None)
        database.choose_driver()
        assert make_url("postgresql://host/course").get_driver_name() == own


@pytest.mark.parametrize(
    ("fault", "help_"),
    [("no such table", "nbgrader db upgrade"), ("is locked", "try again"), ("unable to open", "open to you")],
)
def test_what_to_do_about_a_file(tmp_path: Path, fault: str, help_: str) -> None:
    """A file that another program holds, or that cannot be read, needs no upgrade of its tables."""
    path = tmp_path / ("no folder" if fault == "unable to open" else ".") / "gradebook.db"
    engine = create_engine(f"sqlite:///{path}?timeout=0")
    with closing(sqlite3.connect(tmp_path / "gradebook.db")) as holder:
        holder.execute("begin exclusive" if fault == "is locked" else "pragma user_version = 1")
        with pytest.raises(CourseError, match=fault) as refusal, database.using(str(engine.url)):
            engine.connect().execute(text("select lms_user_id from student"))
    assert help_ in (refusal.value.help or "")
