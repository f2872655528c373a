"""Which statements of a cell define something, and how they run, each for itself."""

from __future__ import annotations

import ast
from typing import Any


def run_definitions(source: str, namespace: dict[str, Any], *, without: frozenset[str]) -> None:
    """Run the definitions of a cell, each for itself, but for those named.

    What fails is left out: the cell's other definitions may be all that is needed.
    """
    for node in definitions(source, without=without):
        try:
            exec(compile(ast.Module([node], []), "<an earlier cell>", "exec"), namespace)  # noqa: S102
        except Exception:  # noqa: BLE001, S112  (the edge of the learner's code)
            continue


def definitions(source: str, *, without: frozenset[str]) -> list[ast.stmt]:
    """Return the imports, functions, classes and constants of a cell, but for those named."""
    kept = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [
        node
        for node in statements
        if (isinstance(node, kept) or (isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)))
        and getattr(node, "name", None) not in without
    ]
