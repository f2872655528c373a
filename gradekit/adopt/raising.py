"""A statement of a graded cell that wants an error: which one, and of which call. By its syntax alone."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass

from gradekit.adopt.names import dotted

ANY = ("Exception", "BaseException", "AssertionError")  # what else a statement catches, such as its own complaint
FUNCTIONS = ("assert_raises", "assertRaises")
MANAGERS = ("pytest.raises", *FUNCTIONS)


@dataclass(frozen=True)
class Wanted:
    """An error that a call must end in; `others` are its subclasses, which an ``except`` catches, too."""

    error: str
    others: tuple[str, ...]
    function: ast.expr
    args: tuple[ast.expr, ...]


def wanted_error(node: ast.stmt) -> Wanted | None:
    """Return the error that a statement wants; None where it is another statement, or wants more than one error.

    Known are ``try: f(x)`` with one ``except`` that passes and a complaint where nothing was raised; ``with
    pytest.raises(E): f(x)``; ``assert_raises(E, f, x)``.
    """
    if isinstance(node, ast.Try):
        return _tried(node)
    if isinstance(node, ast.With) and len(node.items) == 1 and node.items[0].optional_vars is None:
        call = node.items[0].context_expr
        if isinstance(call, ast.Call) and _is_any(call, MANAGERS) and len(call.args) == 1 and not call.keywords:
            return _of(call.args[0], node.body)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _is_any(node.value, FUNCTIONS):
        call = node.value
        if len(call.args) > 1:
            inner = ast.Call(call.args[1], call.args[2:], call.keywords)
            return _of(call.args[0], [ast.Expr(inner)])
    return None


def _is_any(call: ast.Call, names: tuple[str, ...]) -> bool:
    name = dotted(call.func)
    return name in names or name.split(".")[-1] in FUNCTIONS


def _tried(node: ast.Try) -> Wanted | None:
    if len(node.handlers) != 1 or node.finalbody or node.handlers[0].type is None:
        return None
    if not all(_is_idle(line) for line in node.handlers[0].body):
        return None
    complaint = node.orelse or node.body[1:]
    if len(complaint) != 1 or not _complains(complaint[0]) or len(node.body) + len(node.orelse) != 2:
        return None
    return _of(node.handlers[0].type, node.body[:1])


def _is_idle(line: ast.stmt) -> bool:
    """Tell whether a line does nothing that counts."""
    if isinstance(line, ast.Expr) and isinstance(line.value, ast.Call):
        return dotted(line.value.func) == "print" and all(isinstance(arg, ast.Constant) for arg in line.value.args)
    return isinstance(line, ast.Pass) or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))


def _complains(line: ast.stmt) -> bool:
    """Tell whether a line always raises, and no error that was wanted."""
    if isinstance(line, ast.Assert):
        return isinstance(line.test, ast.Constant) and not line.test.value
    if not isinstance(line, ast.Raise) or line.exc is None:
        return False
    raised = line.exc.func if isinstance(line.exc, ast.Call) else line.exc
    return dotted(raised) == "AssertionError"


def _of(error: ast.expr, body: list[ast.stmt]) -> Wanted | None:
    name = dotted(error)
    kind = getattr(builtins, name, None)
    line = body[0] if len(body) == 1 else None
    call = line.value if isinstance(line, ast.Expr) else None
    if not isinstance(call, ast.Call) or call.keywords or any(isinstance(arg, ast.Starred) for arg in call.args):
        return None
    if name in ANY or not (isinstance(kind, type) and issubclass(kind, Exception)):
        return None
    below = [item for item in vars(builtins).values() if isinstance(item, type) and issubclass(item, kind)]
    others = tuple(sorted({item.__name__ for item in below} - {kind.__name__}))
    return Wanted(kind.__name__, others, call.func, tuple(call.args))
