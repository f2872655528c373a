"""Whose a name in a graded cell is, and what a piece of Python binds, mentions and ends in."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True)
class Names:
    """Whose a name is.

    Attributes
    ----------
    calls : frozenset of str
        The learner's functions and classes.
    values : frozenset of str
        The learner's variables.
    given : frozenset of str
        What the source gives, and the solution's namespace has.
    imports : mapping of str to str
        Name → the import statement that gives it.
    absent : frozenset of str
        Modules that the trusted side cannot import, such as those beside the notebook.
    """

    calls: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    imports: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()

    @property
    def learners(self) -> frozenset[str]:
        """All that a learner's code has to define."""
        return self.calls | self.values


class Unsound(Exception):
    """A statement cannot be turned: why, and what a person would write."""

    def __init__(self, why: str, advice: str) -> None:
        super().__init__(why)
        self.why, self.advice = why, advice


def used(source: str, names: Names) -> frozenset[str]:
    """Return the learner's names that a cell mentions."""
    return frozenset(node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)) & names.learners


def ends_in_a_value(source: str) -> bool:
    """Tell whether a cell's last statement is an expression whose value nbgrader would take for the score."""
    body = ast.parse(source).body
    last = body[-1] if body else None
    if not isinstance(last, ast.Expr):
        return False
    if isinstance(last.value, ast.Constant) and isinstance(last.value.value, str | None):  # a remark
        return False
    name = dotted(last.value.func) if isinstance(last.value, ast.Call) else ""
    return not (name == "print" or name.split(".")[-1].startswith("assert"))


def needed_imports(lines: Sequence[str], names: Names) -> list[str]:
    """Return the import statements that a test's lines need and do not hold."""
    tree = ast.parse("\n".join(lines))
    mentioned = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    bound = {
        alias.asname or alias.name.split(".")[0]
        for node in ast.walk(tree)
        for alias in getattr(node, "names", ())
        if isinstance(alias, ast.alias)
    }
    return list(dict.fromkeys(names.imports[name] for name in sorted(mentioned - bound) if name in names.imports))


def dotted(node: ast.expr) -> str:
    """Return a name with its attributes, as ``np.testing.assert_allclose``; '' where it is anything else."""
    if isinstance(node, ast.Name):
        return node.id
    inner = dotted(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{inner}.{node.attr}" if inner and isinstance(node, ast.Attribute) else ""


def bound_by(node: ast.AST) -> set[str]:
    """Return the names that a statement binds for those after it."""
    return set(_bindings(node))


def _bindings(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    if isinstance(node, ast.alias):
        yield node.asname or node.name.split(".")[0]
    for child in ast.iter_child_nodes(node):
        yield from _bindings(child)


def bound_inside(node: ast.AST) -> set[str]:
    """Return the names that comprehensions, lambdas and functions inside bind for themselves."""
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.arg):
            found.add(inner.arg)
        elif isinstance(inner, ast.comprehension):
            found |= {name.id for name in ast.walk(inner.target) if isinstance(name, ast.Name)}
        elif isinstance(inner, ast.FunctionDef):
            found |= bound_by(inner) | {name for line in inner.body for name in bound_by(line)}
    return found
