"""Mutants: the solution's text, spoilt on purpose, each wrong in one place.

They are those of mutmut's operators [1]_ and of the ones below, which know what mutmut does not: numpy. Only
what stands in a solution region is changed; the rest of the cell is given to learners.

References
----------
.. [1] mutmut, `mutmut.mutation.mutators`: numbers, strings, operators, arguments, assignments, conditions.
"""

from __future__ import annotations

import ast
import difflib
import tomllib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradekit.course import notebook
from gradekit.errors import HiddenTestError, HostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import libcst as cst

    from gradekit.model import Exercise


MORE = 1.01  # a float is 1 % more: a hidden test whose tolerance lets that pass is too loose
TINY = 1e-3  # a float below it is a guard against 0: ten times as much breaks what a text promises of it
SWAPS = (
    ("sum", "mean"),
    ("max", "min"),
    ("maximum", "minimum"),
    ("argmax", "argmin"),
    ("zeros", "ones"),
    ("zeros_like", "ones_like"),
    ("randn", "rand"),
    ("standard_normal", "random"),
    ("exp", "expm1"),
    ("log", "log1p"),
    ("sqrt", "square"),
    ("tanh", "sin"),
    ("floor", "ceil"),
    ("hstack", "vstack"),
    ("append", "extend"),
    ("reversed", "list"),
)
OTHERS = {name: other for pair in SWAPS for name, other in (pair, pair[::-1])}


@dataclass(frozen=True)
class Mutant:
    """A solution cell that is wrong in one place.

    Attributes
    ----------
    was, now : str
        The changed lines, blanks at both ends left out; `now` is empty where a statement was taken out.
    source : str
        The whole cell.
    """

    exercise: str
    was: str
    now: str
    source: str


@dataclass(frozen=True)
class Equivalent:
    """A mutant that no test can kill, and why: it gives the same answers."""

    exercise: str
    was: str
    now: str
    reason: str


def mutants(exercise: Exercise) -> tuple[Mutant, ...]:
    """Return the mutants of an exercise's solution, each once, in the order of the text.

    Raises
    ------
    HostError
        If mutmut is not installed.
    """
    try:
        import libcst  # noqa: PLC0415  (it and mutmut are for those who write hidden tests)
        from mutmut.mutation.file_mutation import MutationVisitor  # noqa: PLC0415
        from mutmut.mutation.mutators import mutation_operators  # noqa: PLC0415
        from mutmut.mutation.pragma_handling import IgnoredCode  # noqa: PLC0415
    except ImportError as error:
        raise HostError(
            f"The mutants of a solution are made by mutmut, which is not installed here: {error}.",
            help="Install the packages of the extra verify: pip install 'libcst>=1.9' 'mutmut==3.8.*'",
        ) from None
    source = exercise.stub.source
    operators = [*mutation_operators, *numpy_operators(), (libcst.Name, _another_variable(source))]
    visitor = MutationVisitor(operators, IgnoredCode(set(), set(), set()), _lines(source))
    wrapper = libcst.MetadataWrapper(libcst.parse_module(source))
    wrapper.visit(visitor)
    seen = {_meaning(source)}
    found = []
    for mutation in visitor.mutations:
        changed = wrapper.module.deep_replace(mutation.original_node, mutation.mutated_node)
        text = libcst.ensure_type(changed, libcst.Module).code
        meaning = _meaning(text)
        if meaning and meaning not in seen:
            seen.add(meaning)
            found.append(Mutant(exercise.name, *_difference(source, text), text))
    return tuple(found)


def _lines(source: str) -> set[int]:
    """Return the numbers of the lines inside the cell's solution regions."""
    numbers, inside = set(), False
    for number, line in enumerate(source.splitlines(), start=1):
        if f"BEGIN {notebook.SOLUTION}" in line:
            inside = True
        elif f"END {notebook.SOLUTION}" in line:
            inside = False
        elif inside:
            numbers.add(number)
    return numbers


def _meaning(text: str) -> str:
    """Return what distinguishes a program from another; empty where it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as calling None: a mutant, all the same
            compile(text, "<mutant>", "exec")
            return ast.dump(ast.parse(text))
    except (SyntaxError, ValueError):
        return ""


def _difference(was: str, now: str) -> tuple[str, str]:
    lines = list(difflib.ndiff(was.splitlines(), now.splitlines()))
    gone, come = ([line[2:].strip() for line in lines if line.startswith(sign)] for sign in ("- ", "+ "))
    return "\n".join(gone), "\n".join(line for line in come if line != "pass")


# --- what mutmut does not know ---------------------------------------------------------------------------------------


def numpy_operators() -> list[tuple[type, Callable[[Any], Iterator[cst.CSTNode]]]]:
    """Return the operators that mutmut lacks, in its form: a kind of node, and what becomes of such a node."""
    import libcst  # noqa: PLC0415

    return [
        (libcst.SimpleStatementLine, _without_statement),
        (libcst.BinaryOperation, _without_operand),
        (libcst.BinaryOperation, _product_of_another_kind),
        (libcst.Attribute, _without_transposition),
        (libcst.Attribute, _another_function),
        (libcst.Name, _another_builtin),
        (libcst.Call, _arguments_swapped),
        (libcst.Tuple, _elements_swapped),
        (libcst.Subscript, _axes_swapped),
        (libcst.Integer, _one_less),
        (libcst.Float, _one_percent_more),
        (libcst.Float, _ten_times_a_guard),
    ]


def _without_statement(node: cst.SimpleStatementLine) -> Iterator[cst.CSTNode]:
    """Take a statement out."""
    import libcst  # noqa: PLC0415

    first = node.body[0]
    says_nothing = isinstance(first, libcst.Pass) or (
        isinstance(first, libcst.Expr) and isinstance(first.value, libcst.BaseString)
    )
    if not says_nothing:
        yield node.with_changes(body=[libcst.Pass()])


def _without_operand(node: cst.BinaryOperation) -> Iterator[cst.CSTNode]:
    """Forget one side of a sum, a product or a quotient."""
    yield node.left
    yield node.right


def _product_of_another_kind(node: cst.BinaryOperation) -> Iterator[cst.CSTNode]:
    """Multiply entry by entry for the matrix product and the other way round, or in the other order."""
    import libcst  # noqa: PLC0415

    if isinstance(node.operator, libcst.MatrixMultiply):
        yield node.with_changes(operator=libcst.Multiply())
        yield node.with_changes(left=node.right, right=node.left)
    elif isinstance(node.operator, libcst.Multiply):
        yield node.with_changes(operator=libcst.MatrixMultiply())
    elif isinstance(node.operator, libcst.Subtract | libcst.Divide):
        yield node.with_changes(left=node.right, right=node.left)


def _without_transposition(node: cst.Attribute) -> Iterator[cst.CSTNode]:
    if node.attr.value == "T":
        yield node.value


def _another_function(node: cst.Attribute) -> Iterator[cst.CSTNode]:
    """Call the function that is taken for this one by mistake."""
    if node.attr.value in OTHERS:
        yield node.with_changes(attr=node.attr.with_changes(value=OTHERS[node.attr.value]))


def _another_variable(source: str) -> Callable[[cst.Name], Iterator[cst.CSTNode]]:
    """Return the operator that reads, or sets, the variable which comes next in the cell in place of this one."""
    names = list(
        dict.fromkeys(
            node.arg if isinstance(node, ast.arg) else node.id
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.arg) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
        )
    )
    following = dict(zip(names, [*names[1:], *names[:1]], strict=True))

    def replace(node: cst.Name) -> Iterator[cst.CSTNode]:
        """Put the next variable in this one's place."""
        if following.get(node.value, node.value) != node.value:
            yield node.with_changes(value=following[node.value])

    return replace


def _another_builtin(node: cst.Name) -> Iterator[cst.CSTNode]:
    if node.value in ("reversed", "max", "min", "sum"):
        yield node.with_changes(value={**OTHERS, "sum": "max"}[node.value])


def _arguments_swapped(node: cst.Call) -> Iterator[cst.CSTNode]:
    plain = [index for index, argument in enumerate(node.args) if argument.keyword is None and not argument.star]
    for first in plain[:-1]:
        yield node.with_changes(args=_swapped(node.args, first))


def _elements_swapped(node: cst.Tuple) -> Iterator[cst.CSTNode]:
    for first in range(len(node.elements) - 1):
        yield node.with_changes(elements=_swapped(node.elements, first))


def _axes_swapped(node: cst.Subscript) -> Iterator[cst.CSTNode]:
    """Index another axis."""
    import libcst  # noqa: PLC0415

    for first in range(len(node.slice) - 1):
        one, other = node.slice[first].slice, node.slice[first + 1].slice
        swapped = [element.with_changes(comma=libcst.MaybeSentinel.DEFAULT) for element in node.slice]
        swapped[first], swapped[first + 1] = (
            swapped[first].with_changes(slice=other),
            swapped[first + 1].with_changes(slice=one),
        )
        yield node.with_changes(slice=swapped)


def _swapped(sequence: Any, first: int) -> list[Any]:
    """Return call arguments or tuple elements with two neighbours' values in each other's place."""
    changed = list(sequence)
    changed[first] = sequence[first].with_changes(value=sequence[first + 1].value)
    changed[first + 1] = sequence[first + 1].with_changes(value=sequence[first].value)
    return changed


def _one_less(node: cst.Integer) -> Iterator[cst.CSTNode]:
    import libcst  # noqa: PLC0415

    less = node.evaluated_value - 1
    yield libcst.Integer(str(less)) if less >= 0 else libcst.parse_expression(f"({less})")


def _one_percent_more(node: cst.Float) -> Iterator[cst.CSTNode]:
    yield node.with_changes(value=repr(node.evaluated_value * MORE))


def _ten_times_a_guard(node: cst.Float) -> Iterator[cst.CSTNode]:
    if 0 < node.evaluated_value < TINY:
        yield node.with_changes(value=f"{node.evaluated_value * 10:.3g}")


# --- mutants that no test can kill -----------------------------------------------------------------------------------


def load_equivalents(path: Path) -> tuple[Equivalent, ...]:
    """Read ``equivalents.toml``: tables ``[[equivalent]]`` with exercise, was, now and reason. No file is none.

    Raises
    ------
    HiddenTestError
        If it cannot be read, or an entry lacks something.
    """
    if not path.is_file():
        return ()
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", [])
        found = tuple(Equivalent(**{key: str(value).strip() for key, value in entry.items()}) for entry in entries)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise HiddenTestError(
            f"{path} cannot be used: {error}.",
            help="Each [[equivalent]] needs exercise, was, now and reason, all of them texts.",
        ) from None
    for item in found:
        if not item.reason:
            raise HiddenTestError(f"{path}: the mutant `{item.now}` of '{item.exercise}' has no reason.")
    return found
