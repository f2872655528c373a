"""Emptied cells for the forced failure: the solution's text with nothing in its functions that could earn a point."""

from __future__ import annotations

import ast
import functools
import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradekit.model import Exercise


EMPTY = ("raises", "returns None", "returns zeros", "returns its argument")


def emptied(exercise: Exercise, kind: str) -> str:
    """Return the exercise's solution cell with nothing in its functions and methods but one of the four empties.

    Zeros of the right shape are the solution's own answers, with a zero for each number; what a method keeps in its
    object is zeros too.
    """
    source = exercise.stub.source
    tree = ast.parse(source)
    found = list(functions(tree))
    if kind == "returns zeros":
        names = [f"{owner}.{function.name}" if owner else function.name for owner, function in found]
        return "\n".join([source, "", _zeroed_text(), *(f"{name} = zeroed({name})" for name in names), ""])
    for owner, function in found:
        given = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        first = (given[1:] if owner else given)[:1]
        text = {"raises": "raise NotImplementedError", "returns None": "return None"}.get(kind)
        function.body = ast.parse(text or f"return {first[0] if first else None}").body
    return ast.unparse(tree)


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield the functions at the top level and the methods, each with its class's name; constructors stay."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield "", node
        elif isinstance(node, ast.ClassDef):
            yield from (
                (node.name, inner)
                for inner in node.body
                if isinstance(inner, ast.FunctionDef) and inner.name != "__init__" and not inner.decorator_list
            )


def _zeroed_text() -> str:
    """Return the text of :func:`zeroed` without its types, whose names a notebook does not know."""
    tree = ast.parse("\n".join(map(inspect.getsource, (zeros_for, copy_of, zeroed))))
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    return "import functools\nimport numpy as np\n" + ast.unparse(tree)


# The text of these three becomes part of a learner's cell, where no name of this module is known.


def zeros_for(value: Any) -> Any:
    """Return zeros of the value's shape; no text for a text."""
    if isinstance(value, dict):
        return {key: zeros_for(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return (list if isinstance(value, list) else tuple)(zeros_for(inner) for inner in value)
    if isinstance(value, np.ndarray | np.generic | int | float | complex):
        return np.zeros_like(value)[()]
    return "" if isinstance(value, str) else value


def copy_of(value: Any) -> Any:
    """Return an argument that the solution may change without the caller's noticing."""
    if isinstance(value, dict):
        return {key: copy_of(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [copy_of(inner) for inner in value]
    return value.copy() if isinstance(value, np.ndarray) else value


def zeroed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose answers are zeros of the right shape, as is all that it keeps in its object."""

    @functools.wraps(function)
    def empty(*args: Any, **kwargs: Any) -> Any:
        """Call, and keep and return zeros for numbers."""
        kept = vars(args[0]) if args and hasattr(args[0], "__dict__") else {}
        before = dict(kept)
        answer = function(*map(copy_of, args), **{key: copy_of(value) for key, value in kwargs.items()})
        lazy = hasattr(answer, "__next__")
        empty_answer = zeros_for(list(answer) if lazy else answer)
        kept.update({key: zeros_for(value) for key, value in kept.items() if before.get(key) is not value})
        return iter(empty_answer) if lazy else empty_answer

    return empty
