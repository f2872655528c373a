"""The reference misses nothing: each command, option, setting, field and word has its place, as the code has it."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import sys
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from traitlets.config import Config, Configurable

from gradekit import errors, hidden
from gradekit.cli import app
from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.errors import CourseError
from gradekit.gradebook.settings import (
    COPIES,
    FIGURES,
    SCHEDULER,
    read_copies,
    read_figures,
    read_limits,
    read_scheduler,
)
from gradekit.judging import declare
from gradekit.judging.line import Student
from gradekit.judging.reference import Reference

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def _maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


MAKER = _maker()


def page(name: str) -> str:
    """Return a page of the reference."""
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", MAKER.pages(), ids=lambda path: path.name)
def test_what_is_made_is_up_to_date(path: Path) -> None:
    """Each block that is made from the code is as the code would make it."""
    text = path.read_text(encoding="utf-8")
    assert MAKER.written(text) == text, MAKER.REMAKE


def test_every_block_has_its_page() -> None:
    """Everything that can be made stands in a page, once."""
    found = [name for path in MAKER.pages() for _, name, *_ in MAKER.BLOCK.findall(path.read_text(encoding="utf-8"))]
    assert sorted(found) == sorted(MAKER.MADE)


def every_command(command: Any, words: str = "gradekit") -> dict[str, list[str]]:
    """Return each command's words with those of its options."""
    if not hasattr(command, "commands"):
        return {words: [word for item in command.params for word in (*item.opts, *item.secondary_opts)]}
    return {
        key: found
        for name, inner in command.commands.items()
        for key, found in every_command(inner, f"{words} {name}").items()
    }


@pytest.mark.parametrize(("words", "options"), every_command(typer.main.get_command(app)).items())
def test_every_command_has_a_section(words: str, options: list[str]) -> None:
    """A command's section says what it does, and has a row with a text for each of its words."""
    section = page("commands").partition(f"\n## {words}\n")[2].partition("\n## ")[0]
    assert section.strip()
    for option in options:
        (row,) = [
            line
            for line in section.splitlines()
            if re.match(rf"\| `[^`]*(?<![\w-]){option}(?![\w-])", line, re.IGNORECASE)
        ]
        assert all(cell.strip() for cell in row.strip("|").split("|")), row


def settings_shown() -> dict[str, object]:
    """Return each setting that the page has a row for, with its default."""
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \| .+ \|$", page("settings"), re.MULTILINE)
    return {name: eval(compile(ast.parse(value, mode="eval"), name, "eval"), {}) for name, value in rows}


def test_every_setting_has_a_row() -> None:
    """The page has the settings that there are, with their defaults, and no other."""
    with pytest.raises(CourseError) as refused:
        read_limits(Config({"Gradekit": {"nothing_of_that_name": 1}}))
    there = re.findall(r"\w+", refused.value.help.removeprefix("There are: "))
    shown = settings_shown()
    assert sorted(shown) == sorted(there)
    limits = read_limits(Config())
    defaults = {item.name: getattr(limits, item.name) for item in fields(limits)} | {
        FIGURES: str(read_figures(Config())),
        COPIES: read_copies(Config()),
        SCHEDULER: read_scheduler(Config()),
    }
    assert shown == defaults


def test_every_setting_of_a_plugin_is_explained() -> None:
    """What a class of ours lets nbgrader's settings set stands in a page, as ``c.LatePolicy.per_day``."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    found = []
    for path in (ROOT / "gradekit" / "plugin").glob("[!_]*.py"):
        module = importlib.import_module(f"gradekit.plugin.{path.stem}")
        kinds = [
            kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__
        ]
        for kind in kinds:
            own = kind.class_own_traits(config=True) if issubclass(kind, Configurable) else {}
            found += [f"c.{kind.__name__}.{name}" for name in own]
    assert found
    assert not [name for name in found if f"`{name}`" not in text]


def test_every_error_has_an_exit_code() -> None:
    """The page names each error of the tree with its code, and each code once in the table above."""
    text = page("exit_codes")
    found = dict(re.findall(r"^\| \d \| `(\w+)` \| (.+) \|$", text, re.MULTILINE))
    tree = {
        name for name, thing in vars(errors).items() if isinstance(thing, type) and thing.__module__ == errors.__name__
    }
    assert set(found) == tree
    assert re.findall(r"^\| (\d+) \| [^`]", text, re.MULTILINE) == ["0", "1", "2", "3", "130"]


def test_every_field_of_a_report_is_explained() -> None:
    """No field of a report, or of what it is made of, is without a text."""
    rows = re.findall(r"^\| `\w+` \|(.*)\|$", page("report"), re.MULTILINE)
    assert len(rows) > 40
    assert all(cell.strip() for row in rows for cell in re.split(r"(?<!\\)\|", row))


def test_every_public_word_is_explained() -> None:
    """All that course authors import stands on the page, and so does each method of what a hidden test is given."""
    text = page("hidden_tests")
    assert not [name for name in hidden.__all__ if f"`{name}" not in text]
    makes = {"expect": declare.Expect, "reference": Reference, "student": Student, "exercise": declare.TestedExercise}
    for word, kind in makes.items():
        assert not [name for name, _ in MAKER.members(kind) if f"\n### {word}.{name}\n" not in text]
    shown = text.partition("## An example with every word")[2].partition("\n## ")[0]
    assert not [name for name, _ in MAKER.members(declare.Expect) if f"expect.{name}(" not in shown]


def test_the_visible_checks_that_notebooks_call_are_explained() -> None:
    """Each function of checks.py that a notebook of the course calls has a section."""
    course = Course(ROOT)
    text = "\n".join(
        cell.source for name in course.assignments() for cell in notebook.cells(notebook.read(course.source(name)))
    )
    called = set(re.findall(r"\bchecks\.([a-z_]+)\(", text))
    assert called
    assert called <= set(MAKER.VISIBLE)


def test_the_courses_points_are_those_of_the_notebooks() -> None:
    """The table of the course gives each assignment the points that its notebook's cells carry."""
    course = Course(ROOT)
    for name in course.assignments():
        cells = notebook.cells(notebook.read(course.source(name)))
        points = sum(exercise.points for exercise in notebook.exercises(cells))
        assert re.search(rf"^\| `{name}` \| {points:g}[ ,]", page("course"), re.MULTILINE), (name, points)
