"""The catalogue of an assignment: wrong answers that learners give, and right answers that look different.

``misconceptions.py`` and ``alternatives.py`` hold one decorated function or class for each answer. Its name is the
label; its text, in place of the definition that it answers, is what a learner would have typed; its free names are the
notebook's. Where an exercise asks for several functions, the others are the solution's.
"""

from __future__ import annotations

import ast
import difflib
import functools
import itertools
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from gradekit.errors import HiddenTestError
from gradekit.judging.reference import run_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from gradekit.course.course import Course
    from gradekit.model import Exercise


@dataclass(frozen=True)
class Variant:
    """An answer other than the source's solution.

    Attributes
    ----------
    label : str
        Stable name.
    exercise : str
        Which exercise it answers, by its name.
    source : str
        The text of a cell that gives this answer, under the names that the exercise defines.
    function : str
        Which of the exercise's definitions it takes the place of; empty for the first.
    """

    label: str
    exercise: str
    source: str = ""
    function: str = ""


@dataclass(frozen=True)
class Misconception(Variant):
    """A wrong answer that learners give, and what to tell them.

    Attributes
    ----------
    title : str
        What it is, in a few words.
    message : str
        For the learner: what is seen, what to look at; never the line that mends it.
    justification : str
        For the instructor: what the answer does wrong.
    random : bool
        Whether it draws numbers that no seed reaches, so that it never gives the same twice.
    like : str
        The label of another that gives the same answers, by which a learner's answer is named.
    """

    title: str = ""
    message: str = ""
    justification: str = ""
    random: bool = False
    like: str = ""


@dataclass(frozen=True)
class Alternative(Variant):
    """A right answer that looks different.

    Attributes
    ----------
    why : str
        What is different.
    """

    why: str = ""


def misconception(  # noqa: PLR0913  (the words of a Misconception)
    exercise: str,
    *,
    title: str,
    message: str,
    justification: str,
    function: str = "",
    random: bool = False,
    like: str = "",
) -> Callable[[Any], Misconception]:
    """Declare the decorated function or class as a wrong answer to the exercise, or to one function of it."""
    return lambda thing: Misconception(
        label=thing.__name__,
        exercise=exercise,
        function=function,
        title=title,
        message=message,
        justification=justification,
        random=random,
        like=like,
    )


def alternative(exercise: str, *, why: str, function: str = "") -> Callable[[Any], Alternative]:
    """Declare the decorated thing as a right answer that looks different, to the exercise or to one function of it."""
    return lambda thing: Alternative(label=thing.__name__, exercise=exercise, function=function, why=why)


def load_misconceptions(
    course: Course, assignment: str, exercises: tuple[Exercise, ...], names: Mapping[str, Any]
) -> tuple[Misconception, ...]:
    """Read ``misconceptions.py``; `names` is the solution's namespace. An assignment without the file has none."""
    found = _load(course.hidden(assignment) / "misconceptions.py", exercises, names)
    known = {item.label: item for item in found if isinstance(item, Misconception)}
    for item in known.values():
        if item.like and (
            item.like not in known or known[item.like].like or known[item.like].exercise != item.exercise
        ):
            raise HiddenTestError(
                f"Misconception '{item.label}' is like '{item.like}', which is no other of its exercise."
            )
    return tuple(known.values())


def load_alternatives(
    course: Course, assignment: str, exercises: tuple[Exercise, ...], names: Mapping[str, Any]
) -> tuple[Alternative, ...]:
    """Read ``alternatives.py``; `names` is the solution's namespace. An assignment without the file has none."""
    found = _load(course.hidden(assignment) / "alternatives.py", exercises, names)
    return tuple(item for item in found if isinstance(item, Alternative))


def _load(path: Path, exercises: tuple[Exercise, ...], names: Mapping[str, Any]) -> list[Variant]:
    if not path.is_file():
        return []
    module = run_file(path, names)
    sources = _sources(path.read_text(encoding="utf-8"))
    answered = {exercise.name: exercise for exercise in exercises if exercise.defines}
    found = []
    for name, item in module.items():
        if not isinstance(item, Variant):
            continue
        if item.exercise not in answered or name != item.label or item.label not in sources:
            raise HiddenTestError(f"{path}: '{item.label}' names no exercise with a solution cell: '{item.exercise}'.")
        whole = _with_source(path, item, sources[name], answered[item.exercise])
        try:
            exec(compile(whole.source, f"{path.name}:{name}", "exec"), dict(names))  # noqa: S102  (our own catalogue)
        except Exception as error:
            raise HiddenTestError(f"{path}: '{name}' cannot be run in the notebook: {error!r}.") from error
        found.append(whole)
    return found


def _with_source(path: Path, item: Variant, typed: str, exercise: Exercise) -> Variant:
    """Return an answer with the text of the cell that gives it, and the function whose place it takes."""
    function = item.function or exercise.defines[0]
    if function not in exercise.defines:
        raise HiddenTestError(f"{path}: '{item.label}' names no function of '{item.exercise}': '{function}'.")
    source = _put(_renamed(typed, item.label, function), function, exercise.stub.source)
    return replace(item, function=function, source=source)


def _sources(text: str) -> dict[str, str]:
    """Return the text of each top-level function and class without its decorators."""
    lines = text.splitlines()
    return {node.name: "\n".join(lines[node.lineno - 1 : node.end_lineno]) + "\n" for node in _definitions(text)}


def _definitions(text: str) -> list[ast.FunctionDef | ast.ClassDef]:
    return [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def _renamed(source: str, label: str, name: str) -> str:
    return re.sub(rf"\b{re.escape(label)}\b", name, source)


def _put(typed: str, function: str, cell: str) -> str:
    """Return the solution's cell with one definition replaced, and without the marks of its regions."""
    (node,) = [node for node in _definitions(cell) if node.name == function]
    lines = cell.splitlines()
    lines[node.lineno - 1 : node.end_lineno] = typed.splitlines()
    kept = (line for line in lines if not line.strip().startswith(("### BEGIN", "### END")))
    return "\n".join(kept) + "\n"


# --- two mistakes in one cell -----------------------------------------------------------------------------------------
# A cell is looked at as its statements, a line each: what is done counts, not how it is laid out.

Lines = tuple[str, ...]


class Edit(NamedTuple):
    """Lines that take the place of others; these are counted from 0, the last one left out."""

    first: int
    last: int
    lines: Lines


@dataclass(frozen=True)
class Pair:
    """Two wrong answers to one exercise, and the text of a cell that gives both."""

    one: Misconception
    other: Misconception
    source: str


def pairs(catalogue: Sequence[Misconception], exercise: Exercise) -> tuple[Pair, ...]:
    """Return the pairs of an exercise's misconceptions that can be in one cell: those that change different lines."""
    known = tuple(item for item in catalogue if item.exercise == exercise.name and not (item.random or item.like))
    return _pairs(known, exercise.stub.source)


@functools.lru_cache(maxsize=64)  # once for a class
def _pairs(known: tuple[Misconception, ...], solution: str) -> tuple[Pair, ...]:
    groups: dict[str, list[Misconception]] = {}
    for item in known:
        groups.setdefault(item.function, []).append(item)
    alone = statements(solution)
    bases = {name: consensus([statements(item.source) for item in items]) for name, items in groups.items()}
    found = []
    for one, other in itertools.combinations(known, 2):
        base = bases[one.function] if one.function == other.function else alone
        source = _both(base, statements(one.source), statements(other.source))
        if source:
            found.append(Pair(one, other, source))
    return tuple(found)


@functools.lru_cache(maxsize=1024)
def statements(text: str) -> Lines:
    """Return a cell as lines, without docstrings and comments; assignments to several names stand one by one."""
    tree = _OneByOne().visit(ast.parse(text))
    return tuple(line for line in ast.unparse(ast.fix_missing_locations(tree)).splitlines() if line)


class _OneByOne(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) else node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.Assign]:
        target = node.targets[0]
        if not isinstance(target, ast.Tuple) or not isinstance(node.value, ast.Tuple) or len(node.targets) > 1:
            return node
        names = {inner.id for inner in ast.walk(target) if isinstance(inner, ast.Name)}
        read = {inner.id for inner in ast.walk(node.value) if isinstance(inner, ast.Name)}
        plain = all(isinstance(inner, ast.Name) for inner in target.elts)
        if not plain or names & read or len(target.elts) != len(node.value.elts):
            return node  # a swap, or something that must be taken apart as it stands
        return [ast.Assign([one], value) for one, value in zip(target.elts, node.value.elts, strict=True)]


def consensus(cells: Sequence[Lines]) -> Lines:
    """Return what the cells have in common: each is wrong in one place, so that together they are right.

    The one that has most lines in common with the others, with every change that most of the others agree in.
    """
    known = Counter(line for lines in cells for line in set(lines))
    middle = max(cells, key=lambda lines: (sum(known[line] for line in lines) / len(lines), lines))
    changes = Counter(edit for lines in cells for edit in _edits(middle, lines))
    return _applied(middle, sorted(edit for edit, number in changes.items() if 2 * number > len(cells)))


def _both(base: Lines, one: Lines, other: Lines) -> str | None:
    """Return a cell with what two others change in `base`; None where they change the same lines."""
    edits = sorted({edit for lines in (one, other) for edit in _edits(base, lines) if not _unused(edit, base, lines)})
    apart = all(edit.last <= after.first and edit[:2] != after[:2] for edit, after in itertools.pairwise(edits))
    if not apart or _applied(base, edits) in (one, other):
        return None
    text = "\n".join(_applied(base, edits)) + "\n"
    return text if _is_text(text) else None


def _edits(base: Lines, lines: Lines) -> list[Edit]:
    """Return what makes a cell of another; as many lines for as many are taken one for one."""
    found = []
    for kind, first, last, begin, end in difflib.SequenceMatcher(None, base, lines, autojunk=False).get_opcodes():
        if kind == "replace" and last - first == end - begin:
            found += [Edit(first + k, first + k + 1, lines[begin + k : begin + k + 1]) for k in range(last - first)]
        elif kind != "equal":
            found.append(Edit(first, last, lines[begin:end]))
    return found


def _applied(base: Lines, edits: Sequence[Edit]) -> Lines:
    made = list(base)
    for edit in reversed(edits):
        made[edit.first : edit.last] = edit.lines
    return tuple(made)


def _unused(edit: Edit, base: Lines, lines: Lines) -> bool:
    """Tell whether a change does nothing but leave out a variable that is not needed then."""
    names = [line.split("=")[0].strip() for line in base[edit.first : edit.last]]
    text = "\n".join(lines)
    return not edit.lines and all(name.isidentifier() and not re.search(rf"\b{name}\b", text) for name in names)


def _is_text(text: str) -> bool:
    try:
        compile(text, "<pair>", "exec")
    except (SyntaxError, ValueError):
        return False
    return True
