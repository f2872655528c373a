"""An expression of a graded cell as a hidden test has it: whose a name is stands before it."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Protocol

from gradekit.adopt.names import Names, Unsound

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from gradekit.adopt.raising import Wanted

ELSEWHERE = ("globals", "locals", "vars", "eval", "exec", "get_ipython", "input", "open")


class Scope(Protocol):
    """What is known of names where an expression stands."""

    names: Names
    local: set[str]
    lost: set[str]

    def asks(self, node: ast.AST) -> bool:
        """Tell whether the learner's code has a part in this."""


class Rewriter(ast.NodeTransformer):
    """Puts ``student.`` and ``reference.`` before names that are not the test's own."""

    def __init__(self, scope: Scope, inner: AbstractSet[str]) -> None:
        self.scope, self.inner = scope, inner

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Call a learner's function over the line."""
        if isinstance(node.func, ast.Name) and self._is(node.func, self.scope.names.calls):
            node.func = attribute("student", node.func.id)
        else:
            node.func = self.visit(node.func)
        node.args = [self.visit(arg) for arg in node.args]
        node.keywords = [self.visit(word) for word in node.keywords]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Refuse what is private to an answer: it does not come over the line."""
        if node.attr.startswith("_") and self.scope.asks(node.value):
            raise Unsound(f"{node.attr} of the learner's is private", "ask for what the text asks for")
        node.value = self.visit(node.value)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Tell whose a name is: the test's, the learner's, the source's, Python's; or nobody's."""
        names = self.scope.names
        if node.id in self.inner or not isinstance(node.ctx, ast.Load):
            return node
        if node.id in self.scope.lost:
            raise Unsound(f"'{node.id}' comes from a line that is left", "turn that line first")
        if node.id in self.scope.local:
            return node
        if node.id in names.values:
            return ast.Subscript(ast.Name("student", ast.Load()), ast.Constant(node.id), ast.Load())
        if node.id in names.calls:
            raise Unsound(
                f"'{node.id}' is handed on, and a function stays on the learner's side",
                f"call it here: student.{node.id}(...)",
            )
        if node.id in names.given:
            return attribute("reference", node.id)
        if node.id in names.imports or hasattr(builtins, node.id):
            return self._known(node)
        raise Unsound(
            f"nobody knows here what '{node.id}' is: a free cell makes it, or no cell does",
            "make it in the test, or lock the cell that makes it",
        )

    def _known(self, node: ast.Name) -> ast.AST:
        if node.id in ELSEWHERE:
            raise Unsound(
                f"{node.id} means something else outside of the learner's notebook", "write what it is to find"
            )
        if node.id in self.scope.names.absent:
            raise Unsound(
                f"the module '{node.id}' is not to be had for hidden tests", "write what it does into tests.py"
            )
        return node

    def _is(self, node: ast.Name, names: frozenset[str]) -> bool:
        return node.id in names and node.id not in {*self.inner, *self.scope.local, *self.scope.lost}


def attribute(owner: str, name: str) -> ast.Attribute:
    """Return ``owner.name``."""
    return ast.Attribute(ast.Name(owner, ast.Load()), name, ast.Load())


def call_of(name: str, *args: ast.expr) -> ast.Expr:
    """Return a statement that calls something by its name."""
    made = ast.Expr(ast.Call(ast.parse(name, mode="eval").body, list(args), []))
    return ast.fix_missing_locations(made)


def demand(kind: str, *args: ast.expr, name: str = "") -> ast.Expr:
    """Return a demand: ``expect.kind(…)``."""
    words = [ast.keyword("name", ast.Constant(name))] if name else []
    made = ast.Expr(ast.Call(attribute("expect", kind), list(args), words))
    return ast.fix_missing_locations(made)


def raises_of(wanted: Wanted, function: ast.expr, args: list[ast.expr]) -> ast.Expr:
    """Return a demand for an error: ``expect.raises("ValueError", student.f, x)``."""
    others = [ast.keyword("or_", ast.Tuple([ast.Constant(name) for name in wanted.others], ast.Load()))]
    made = ast.Call(
        attribute("expect", "raises"), [ast.Constant(wanted.error), function, *args], others * bool(wanted.others)
    )
    return ast.fix_missing_locations(ast.Expr(made))


def parts_of(value: ast.expr, count: int, *, name: str) -> ast.expr:
    """Return a call that takes an answer apart, or rejects it: ``expect.parts(value, count, name=…)``."""
    made = ast.Call(
        attribute("expect", "parts"), [value, ast.Constant(count)], [ast.keyword("name", ast.Constant(name))]
    )
    return ast.fix_missing_locations(made)
