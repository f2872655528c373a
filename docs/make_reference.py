"""The reference's tables, made from the code: commands from the command line itself, all else from docstrings.

``python docs/make_reference.py --write`` puts them up to date; ``make docs`` does so too. A block of a page stands
between ``<!-- made: NAME -->`` and ``<!-- made: end -->``; what stands around it is written by hand.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import textwrap
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from gradekit import checks, errors, hidden, model
from gradekit.cli import app
from gradekit.course.reports import SCHEMA
from gradekit.judging import catalogue, declare, line, reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
BLOCK = re.compile(r"(<!-- made: (?!end)([\w ]+) -->\n)(.*?)(<!-- made: end -->)", re.DOTALL)
REMAKE = "Run: python docs/make_reference.py --write"


class Field(NamedTuple):
    """One entry of a docstring's section: a parameter, an attribute, an exception."""

    name: str
    kind: str
    text: str


# --- docstrings -------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Return a docstring's text as Markdown: roles and double backquotes become code."""
    text = re.sub(r":\w+:`~?([^`]+)`", lambda found: f"`{found[1].removeprefix('gradekit.')}`", text)
    return text.replace("``", "`")


def sections(thing: object) -> tuple[str, dict[str, list[Field]]]:
    """Return what a docstring says before its first section, and the entries of each section."""
    first, *parts = re.split(r"^(\w+)\n-{3,}\n", inspect.getdoc(thing) or "", flags=re.MULTILINE)
    found = {title: list(_fields(body)) for title, body in zip(parts[::2], parts[1::2], strict=True)}
    return plain(first.strip()), found


def _fields(body: str) -> Iterator[Field]:
    for entry in re.split(r"\n(?=\S)", body.strip("\n")):
        head, _, rest = entry.partition("\n")
        names, _, kind = head.partition(" : ")
        text = plain(" ".join(textwrap.dedent(rest).split()))
        for name in names.split(", "):
            yield Field(name, kind, text)


# --- commands ---------------------------------------------------------------------------------------------------------


VALUES = {Path: "PATH", int: "NUMBER", float: "NUMBER"}


def leaves(command: Any, path: tuple[str, ...] = ("gradekit",)) -> Iterator[tuple[str, Any]]:
    """Return every command that does something, with the words that call it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(path), command
        return
    for name, part in inner.items():
        yield from leaves(part, (*path, name))


def commands() -> str:
    """Return a section for each command: what it does, its arguments and options with their defaults."""
    return "\n\n".join(_command(words, command) for words, command in leaves(typer.main.get_command(app)))


def _command(words: str, command: Any) -> str:
    rows = [_parameter(item) for item in command.params if not item.hidden]
    needed = [row[0] for row in rows if row[2] == "needed"]
    usage = " ".join([words, *(name.strip("`") for name in needed), "[options]"])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    said = " ".join(plain(command.help).split())
    head = "| word | what it says | where it is left out |\n|---|---|---|"
    return f"## {words}\n\n{said}\n\nUsage: `{usage}`\n\n{head}\n{table}"


def _parameter(item: Any) -> tuple[str, str, str]:
    """Return an argument's or option's name, help and default, as a table has them."""
    names = [*item.opts, *item.secondary_opts]
    argument = not names[0].startswith("-")
    name = names[0].upper() if argument else ", ".join(names)
    if not (argument or item.is_flag):
        kind = item.type_descriptor.annotation
        name = f"{name} {VALUES.get((typing.get_args(kind) or (kind,))[0], 'TEXT')}"
    return f"`{name}`", _cell(item.help or ""), _default(item)


def _default(item: Any) -> str:
    if item.required:
        return "needed"
    if isinstance(item.show_default, str):
        return _cell(item.show_default)
    if getattr(item, "is_flag", False):
        return f"`{item.opts[0]}`" if item.default else "not done"
    return f"`{item.default}`" if item.default not in (None, "") else "nothing"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|").replace("<", r"\<")


# --- exit codes -------------------------------------------------------------------------------------------------------


def exit_codes() -> str:
    """Return the errors that end a command, with their exit codes."""
    rows = []
    for error in _tree(errors.GradekitError):
        said, _ = sections(error)
        rows.append((error.exit_code, f"| {error.exit_code} | `{error.__name__}` | {_cell(said)} |"))
    ordered = [row for _, row in sorted(rows, key=lambda item: item[0])]
    return "\n".join(["| code | error | what it means |", "|---|---|---|", *ordered])


def _tree(error: type[errors.GradekitError]) -> Iterator[type[errors.GradekitError]]:
    yield error
    for inner in error.__subclasses__():
        yield from _tree(inner)


# --- the report -------------------------------------------------------------------------------------------------------

PARTS = (
    ("A report", model.GradeReport),
    ("An exercise", model.ExerciseResult),
    ("A hidden test", model.TestResult),
    ("A diagnosis", model.Diagnosis),
    ("A picture", model.Picture),
    ("A graded cell of other making", model.InlineResult),
    ("A note", model.Note),
)


def report() -> str:
    """Return the fields of a report and of its parts, as its JSON has them."""
    made = [_part(title, kind) for title, kind in PARTS]
    rows = "\n".join(f"| `{verdict.name}` | {verdict.value} |" for verdict in model.Verdict)
    return f"Schema {SCHEMA}.\n\n" + "\n\n".join([*made, f"## Verdicts\n\n| letters | meaning |\n|---|---|\n{rows}"])


def _part(title: str, kind: Any) -> str:
    said, found = sections(kind)
    told = {item.name: item.text for item in found.get("Attributes", ())}
    fields = [("schema", "number", f"{SCHEMA}")] if kind is model.GradeReport else []
    fields += [(item.name, _json(str(item.type)), told.get(item.name, "")) for item in dataclasses.fields(kind)]
    rows = "\n".join(f"| `{name}` | {kind} | {_cell(text)} |" for name, kind, text in fields)
    return f"## {title}\n\n{said}\n\n| field | in JSON | what it is |\n|---|---|---|\n{rows}"


def _json(kind: str) -> str:
    """Return what a type of Python is called in JSON."""
    kind, *others = kind.split(" | ")
    inner = re.fullmatch(r"tuple\[(.+), \.\.\.\]", kind)
    names = {"str": "text", "float": "number", "int": "number", "bool": "true or false", "Verdict": "letters"}
    names |= {kind.__name__: title.partition(" ")[2] for title, kind in PARTS}
    name = f"list of {_json(inner[1])}" if inner else "object" if kind.startswith("Mapping") else names[kind]
    return f"{name} or null" if others else name


# --- the hidden tests' words ------------------------------------------------------------------------------------------


def members(kind: type) -> list[tuple[str, Any]]:
    """Return the public methods of a class, in the order in which they are written."""
    return [(name, thing) for name, thing in vars(kind).items() if inspect.isfunction(thing) and name[0] != "_"]


def described(name: str, thing: Any, *makes: type) -> str:
    """Return a section about one function: how it is called, what it does, its parameters and errors.

    Parameters
    ----------
    *makes : type
        What it makes of its parameters, whose attributes say what these are where it does not.
    """
    said, found = sections(thing)
    if makes:
        told = {item.name: item for kind in makes for item in sections(kind)[1].get("Attributes", ())}
        found["Parameters"] = [told[item] for item in inspect.signature(thing).parameters if item in told]
    parts = [f"### {name}\n\n`{name}{_signature(thing)}`\n\n{said}"]
    for title in ("Parameters", "Raises"):
        rows = [
            f"- {'' if title == 'Parameters' else 'raises '}`{item.name}`{_kind(item)}: {item.text}"
            for item in found.get(title, ())
        ]
        parts += ["\n".join(rows)] if rows else []
    return "\n\n".join(parts)


def _kind(item: Field) -> str:
    return f" ({plain(item.kind)})" if item.kind else ""


def _signature(thing: Any) -> str:
    signature = inspect.signature(thing)
    kept = [item.replace(annotation=item.empty) for name, item in signature.parameters.items() if name != "self"]
    return str(signature.replace(parameters=kept, return_annotation=signature.empty))


def words_of(before: str, kind: type) -> str:
    """Return a section for each public method of a class, called by the name that it has in a hidden test."""
    return "\n\n".join(described(f"{before}.{name}", thing) for name, thing in members(kind))


def visible_checks() -> str:
    """Return a section for each check that a notebook can call."""
    found = [(name, thing) for name, thing in vars(checks).items() if inspect.isfunction(thing) and name[0] != "_"]
    own = [(name, thing) for name, thing in found if thing.__module__ == checks.__name__]
    return "\n\n".join(described(f"checks.{name}", thing) for name, thing in own if name in VISIBLE)


# What students' notebooks call; the others are what these, and the hidden tests, are made of.
VISIBLE = ("close", "shape", "finite", "rows_sum_to_one", "keys", "unchanged", "raises", "different", "gradients")

MADE: dict[str, Callable[[], str]] = {
    "commands": commands,
    "exit codes": exit_codes,
    "report": report,
    "exercise": lambda: "\n\n".join(
        [described("exercise", hidden.exercise), words_of("exercise", declare.TestedExercise)]
    ),
    "expect": lambda: words_of("expect", declare.Expect),
    "reference": lambda: words_of("reference", reference.Reference),
    "student": lambda: words_of("student", line.Student),
    "catalogue": lambda: "\n\n".join(
        described(thing.__name__, thing, catalogue.Variant, kind)
        for thing, kind in (
            (hidden.misconception, catalogue.Misconception),
            (hidden.alternative, catalogue.Alternative),
        )
    ),
    "grade": lambda: described("grade", hidden.grade),
    "checks": visible_checks,
}


def written(text: str) -> str:
    """Return a page with every block made anew."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{MADE[found[2]]()}\n\n{found[4]}", text)


def pages() -> list[Path]:
    """Return the pages that have such blocks."""
    return sorted(path for path in HERE.rglob("*.md") if BLOCK.search(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(REMAKE)
    for path in pages():
        path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")
