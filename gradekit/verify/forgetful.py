"""Answers with a short memory: the solution, but what its loops carry from step to step is lost after a few of them.

Whatever a loop over time is written as, it carries something: a variable that one pass sets and the next one reads, a
row of an array that one pass writes and the next one reads, the end of a list to which each pass adds. Such a read
gives zeros where the step is one to forget at. Sums that grow, such as a gradient's, are left alone.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


STEP = "step_of_the_loop"
# The text is put before the cell; only arrays of floats are a state. Whether one came by stands in `carried.felt`.
HELPER = """
import numpy as np


def carried(value, step):
    array = np.asarray(value)
    if not array.ndim or array.dtype.kind != "f":
        return value
    carried.felt = True
    return np.zeros_like(array) if {when} else value


carried.felt = False


"""


def forgetful(source: str, steps: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Yield a label and a cell's text for each way to forget; nothing where no loop carries a state."""
    changed = _through_carried(source)
    if not changed:
        return
    for number in steps:
        yield f"state forgotten every {number} steps", HELPER.format(when=f"step and step % {number} == 0") + changed
        yield f"state forgotten from step {number} on", HELPER.format(when=f"step >= {number}") + changed


def watched(source: str) -> str:
    """Return a cell's text that forgets nothing, and notes whether a loop carries an array of floats: `carries`."""
    changed = _through_carried(source)
    return HELPER.format(when="False") + changed if changed else source


def carries(names: Mapping[str, Any]) -> bool:
    """Tell whether a watched cell's loops have carried a state: a number that a loop counts up is none."""
    return bool(getattr(names.get("carried"), "felt", False))


def _through_carried(source: str) -> str:
    """Return a cell's text whose loops read through ``carried`` what they carry; empty where they carry nothing."""
    loops = _Loops()
    changed = ast.unparse(ast.fix_missing_locations(loops.visit(ast.parse(source))))
    return changed if loops.carries else ""


class _Loops(ast.NodeTransformer):
    """Counts the passes of each loop, and lets what it carries go through ``carried``."""

    def __init__(self) -> None:
        self.carries = False

    def visit_For(self, node: ast.For) -> ast.For:
        """Change a loop that carries something; see :class:`ast.NodeTransformer`."""
        self.generic_visit(node)
        reads = _Reads(node)
        body = [reads.changed(statement) for statement in node.body]
        if not reads.found:
            return node
        self.carries = True
        counted = ast.Tuple([ast.Name(STEP, ast.Store()), node.target], ast.Store())
        every = ast.Call(ast.Name("enumerate", ast.Load()), [node.iter], [])
        return ast.For(counted, every, body, node.orelse)


class _Reads(ast.NodeTransformer):
    """Wraps the reads of what an earlier pass of a loop has left."""

    def __init__(self, loop: ast.For) -> None:
        self.found = False
        own = set(_names(loop.target))
        stored = [node for statement in loop.body for node in ast.walk(statement) if isinstance(node, ast.Assign)]
        targets = [target for node in stored for target in _targets(node)]
        assigned = {target.id for target in targets if isinstance(target, ast.Name)} - own
        self._names = {name for name in assigned if _first_is_read(loop.body, name)}
        self._rows = dict(_row(target) for target in targets if isinstance(target, ast.Subscript) and _moves(target))
        self._lists = set(_appended(loop))

    def changed(self, statement: ast.stmt) -> ast.stmt:
        """Return a statement of the body, the next one; what it sets is of this pass from there on."""
        stored = {
            node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        made: ast.stmt = self.visit(statement)
        self._names -= stored
        return made

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Wrap a variable's read; see :class:`ast.NodeTransformer`."""
        return self._carried(node) if isinstance(node.ctx, ast.Load) and node.id in self._names else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """Wrap the read of a row; see :class:`ast.NodeTransformer`."""
        of, text = ast.unparse(node.value), ast.unparse(node)
        is_read = isinstance(node.ctx, ast.Load)
        if is_read and (of in self._lists or (of in self._rows and self._rows[of] != text)):
            return self._carried(node)
        self.generic_visit(node)
        return node

    def _carried(self, node: ast.expr) -> ast.expr:
        self.found = True
        return ast.Call(ast.Name("carried", ast.Load()), [node, ast.Name(STEP, ast.Load())], [])


def _targets(node: ast.Assign) -> Iterator[ast.expr]:
    for target in node.targets:
        yield from target.elts if isinstance(target, ast.Tuple | ast.List) else [target]


def _names(node: ast.AST) -> Iterator[str]:
    return (inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name))


def _row(target: ast.Subscript) -> tuple[str, str]:
    return ast.unparse(target.value), ast.unparse(target)


def _moves(target: ast.Subscript) -> bool:
    """Tell whether a place in an array is another one in each pass, not a key."""
    return any(_names(target.slice))


def _appended(loop: ast.For) -> Iterator[str]:
    for node in ast.walk(loop):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            yield ast.unparse(node.func.value)


def _first_is_read(body: Sequence[ast.stmt], name: str) -> bool:
    """Tell whether a variable is read in a loop's body before it is set there."""
    for statement in body:
        nodes = [node for node in ast.walk(statement) if isinstance(node, ast.Name) and node.id == name]
        if any(isinstance(node.ctx, ast.Load) for node in nodes):
            return True
        if nodes:
            return False
    return False
