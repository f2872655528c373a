"""A graded cell's asserts → the lines of a hidden test, by their syntax alone; what cannot be turned soundly is left.

Sound means: what the assert accepts is accepted, and what it rejects is rejected, for every answer that travels. Names
that a solution cell defines are the learner's, and are asked for over the line; all else runs on the trusted side.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gradekit.adopt.names import Names, Unsound, bound_by, bound_inside, dotted
from gradekit.adopt.raising import wanted_error
from gradekit.adopt.rewrite import Rewriter, attribute, call_of, demand, parts_of, raises_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ALLCLOSE = {"np.allclose": ("1e-05", "1e-08"), "numpy.allclose": ("1e-05", "1e-08")}
ASSERTING = {  # functions that raise where arrays differ: their tolerances; None where any difference counts
    "assert_allclose": ("1e-07", "0"),
    "assert_array_equal": ("0", "0"),
}
FRAMES = ("assert_frame_equal", "assert_series_equal")
PLAIN = {"assert_equal": 2, "assertEqual": 2, "assert_true": 1, "assertTrue": 1}  # and how many values each takes
SEEDS = ("np.random.seed", "numpy.random.seed")
Node = TypeVar("Node", bound=ast.AST)
RIGHT = "is not as it should be"


@dataclass(frozen=True)
class Left:
    """A statement that was not turned: its first line in the cell, its text, why, and what to do."""

    line: int
    text: str
    why: str
    advice: str


@dataclass(frozen=True)
class Turned:
    """What became of one statement: the lines of the test, or why it is left."""

    line: int
    lines: tuple[str, ...] = ()
    left: Left | None = None


def turn(source: str, names: Names, *, refused: Mapping[int, tuple[str, str]] | None = None) -> list[Turned]:
    """Turn each statement of a graded cell.

    Parameters
    ----------
    source : str
        Python; what IPython alone understands is refused before.
    refused : mapping of int to pair
        Line of a statement → why it is left all the same, and what to do: trying the solution has shown it.
    """
    scope = _Scope(names)
    turned = []
    for node in ast.parse(source).body:
        text = ast.get_source_segment(source, node) or ast.unparse(node)
        try:
            if refused and node.lineno in refused:
                raise Unsound(*refused[node.lineno])  # noqa: TRY301  (one way for all reasons)
            scope.look_for_replaced(node)
            lines = tuple(line for made in scope.statement(node) for line in ast.unparse(made).splitlines())
            scope.bind(node)
            turned.append(Turned(node.lineno, lines))
        except Unsound as error:
            scope.lose(node)
            turned.append(Turned(node.lineno, left=Left(node.lineno, text, error.why, error.advice)))
    return turned


def _parts(node: ast.Assign | ast.AugAssign | ast.AnnAssign) -> int:
    """Return into how many parts an assignment takes a call's answer; 0 where it does not."""
    if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and len(node.targets) == 1):
        return 0
    (target,) = node.targets
    parts = target.elts if isinstance(target, ast.Tuple | ast.List) else []
    return 0 if any(isinstance(part, ast.Starred) for part in parts) else len(parts)


class _Scope:
    """What is known of names while a cell's statements are turned, one after the other."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.local: set[str] = set()  # bound by the cell itself
        self.lost: set[str] = set()  # bound by a statement that was left
        self.answers: set[str] = set()  # locals that hold what the learner's code answered
        self.passed: set[str] = set()  # locals that were arguments of the learner's code
        self.sources: dict[str, str] = {}  # name → the cell's own import of it
        self.replaced = ""  # a function of the learner's that the cell binds anew, or deletes

    # --- statements --------------------------------------------------------------------------------------------------

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        """Return what stands for a statement, which may be nothing."""
        if self.replaced and self.asks(node):
            raise Unsound(
                f"it stands behind a line that replaces the learner's '{self.replaced}'",
                "write what it is to find, or judge each function by its own answers",
            )
        if isinstance(node, ast.Pass):
            return []
        if isinstance(node, ast.Assert):
            return [self._assert(node)]
        return self._other(node)

    def _other(self, node: ast.stmt) -> list[ast.stmt]:
        wanted = wanted_error(node)
        if wanted is not None and isinstance(wanted.function, ast.Name) and self._is_learners(wanted.function.id):
            function = attribute("student", wanted.function.id)
            return [raises_of(wanted, function, [self.rewritten(arg) for arg in wanted.args])]
        if isinstance(node, ast.Import | ast.ImportFrom):
            return self._import(node)
        if isinstance(node, ast.Expr):
            return self._bare(node)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            return [self._assign(node)]
        if isinstance(node, ast.For | ast.If):
            return [self._block(node)]
        if self.asks(node):
            raise Unsound(
                f"a '{type(node).__name__.lower()}' statement around the learner's code means something else here",
                'demand an error with expect.raises("ValueError", student.f, x), anything else with expect.true',
            )
        return [self.rewritten(node)]

    def bind(self, node: ast.stmt) -> None:
        """Note what a statement that was turned binds, and what it handed to the learner's code."""
        bound = bound_by(node)
        self.local |= bound
        self.lost -= bound
        self.answers = self.answers | bound if self.asks(node) else self.answers - bound
        self.passed = (self.passed - bound) | self._arguments(node)

    def lose(self, node: ast.stmt) -> None:
        """Note what a statement that is left would have bound."""
        self.lost |= bound_by(node)
        self.local -= bound_by(node)
        self.passed |= self._arguments(node)

    def _is_learners(self, name: str) -> bool:
        return name in self.names.calls and name not in self.local | self.lost

    def look_for_replaced(self, node: ast.stmt) -> None:
        """Refuse a statement that puts something in the place of the learner's function: others would call that."""
        stored = [
            inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load)
        ]
        own = sorted(self.names.calls & {*stored, *bound_by(node)})
        if own:
            self.replaced = own[0]
            raise Unsound(
                f"it replaces the learner's '{own[0]}', which cannot be done from here",
                "judge each function by its own answers: a mistake costs once by itself",
            )

    def asks(self, node: ast.AST) -> bool:
        """Tell whether the learner's code has a part in this."""
        mentioned = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        return bool(mentioned & ((self.names.learners - self.local) | self.answers))

    def _arguments(self, node: ast.AST) -> set[str]:
        """Return the locals that are handed to the learner's code, by name."""
        calls = [inner for inner in ast.walk(node) if isinstance(inner, ast.Call) and self.asks(inner.func)]
        parts = [part for call in calls for part in (*call.args, *(word.value for word in call.keywords))]
        return {inner.id for part in parts for inner in ast.walk(part) if isinstance(inner, ast.Name)} & self.local

    def _import(self, node: ast.Import | ast.ImportFrom) -> list[ast.stmt]:
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        for module in modules:
            if module.split(".")[0] in self.names.absent:
                raise Unsound(
                    f"the module {module} lies beside the notebook or is not installed, so hidden tests cannot have it",
                    "write what it does into tests.py",
                )
        for alias in node.names:
            self.sources[alias.asname or alias.name.split(".")[0]] = ast.unparse(node)
        return [] if modules[0].split(".")[0] == "nose" else [node]

    def _bare(self, node: ast.Expr) -> list[ast.stmt]:
        if isinstance(node.value, ast.Constant):
            return []
        name = dotted(node.value.func) if isinstance(node.value, ast.Call) else ""
        if isinstance(node.value, ast.Call):
            if name == "print":
                return [ast.Expr(self.rewritten(part)) for part in node.value.args if self.asks(part)]
            if name in SEEDS and len(node.value.args) == 1 and not self.asks(node):
                return [call_of("student.seed", self.rewritten(node.value.args[0]))]
            if name.split(".")[0] == "random" and name.endswith("seed"):
                raise Unsound(
                    "Python's own generator is seeded, here and not on the learner's side",
                    'write student.library("random", "seed")(1)',
                )
            plain = self._as_assert(node.value, name)
            if plain is not None:
                return [self._assert(plain)]
            if name.split(".")[-1] in (*ASSERTING, *FRAMES):
                return [self._asserting(node.value, name.split(".")[-1])]
            if name.split(".")[-1].startswith("assert"):
                raise Unsound(f"{name} is no demand that is known", "write expect.close(...) or expect.true(...)")
        return [self.rewritten(node)]

    def _as_assert(self, call: ast.Call, name: str) -> ast.Assert | None:
        """Return the assert that nose's or unittest's function stands for; numpy's of that name is another."""
        where = self.sources.get(
            name.split(".", maxsplit=1)[0], self.names.imports.get(name.split(".", maxsplit=1)[0], "")
        )
        if not where.startswith(("from nose", "from unittest", "import nose")) or call.keywords:
            return None
        count = PLAIN.get(name.rsplit(".", maxsplit=1)[-1], 0)
        if not count or not count <= len(call.args) <= count + 1:
            return None
        test = ast.Compare(call.args[0], [ast.Eq()], [call.args[1]]) if count > 1 else call.args[0]
        return ast.Assert(test, call.args[count] if len(call.args) > count else None)

    def _assign(self, node: ast.Assign | ast.AugAssign | ast.AnnAssign) -> ast.stmt:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if any(
                self.asks(inner) for inner in ast.walk(target) if not isinstance(getattr(inner, "ctx", None), ast.Store)
            ):
                raise Unsound("the cell writes into what is the learner's", "write a call that gives the value back")
            if isinstance(target, ast.Name) and target.id in self.names.learners and isinstance(node, ast.AugAssign):
                raise Unsound("the cell writes into what is the learner's", "write a call that gives the value back")
        made = copy.deepcopy(node)
        if node.value is not None:
            made.value = self.rewritten(node.value)
            count = _parts(node)
            if count and self.asks(node.value):
                made.value = parts_of(made.value, count, name=self._called(node.value))
        return made

    def _block(self, node: ast.For | ast.If) -> ast.stmt:
        inner = copy.copy(self)
        inner.local, inner.lost = set(self.local), set(self.lost)
        inner.answers, inner.passed = set(self.answers), set(self.passed)
        made = copy.copy(node)
        if isinstance(node, ast.For) and isinstance(made, ast.For):
            made.iter = inner.rewritten(node.iter)
            inner.local |= bound_by(node.target)
            if self.asks(node.iter):
                inner.answers |= bound_by(node.target)
        elif isinstance(node, ast.If) and isinstance(made, ast.If):
            made.test = inner.rewritten(node.test)
        for part in ("body", "orelse"):
            lines: list[ast.stmt] = []
            for statement in getattr(node, part):
                lines += inner.statement(statement)
                inner.bind(statement)
            setattr(made, part, lines or ([ast.Pass()] if part == "body" else []))
        return made

    # --- demands -----------------------------------------------------------------------------------------------------

    def _assert(self, node: ast.Assert) -> ast.stmt:
        test = node.test
        if not self.asks(test):
            mentioned = {inner.id for inner in ast.walk(test) if isinstance(inner, ast.Name)}
            if mentioned & self.passed:
                raise Unsound(
                    "it looks whether an argument was changed, and what a call changes over there does not come back",
                    "write expect.unchanged(student.f, x), or let the function return what it makes",
                )
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
            left, right = test.left, test.comparators[0]
            if self.asks(left) != self.asks(right):
                answer, wanted = (left, right) if self.asks(left) else (right, left)
                return demand("equal", self.rewritten(answer), self.rewritten(wanted), name=self._called(answer))
        name = dotted(test.func) if isinstance(test, ast.Call) else ""
        if isinstance(test, ast.Call) and name in ALLCLOSE and self._is_plain_close(test):
            return self._close(test, *ALLCLOSE[name])
        return demand("true", self.rewritten(test), ast.Constant(self._message(node)))

    def _is_plain_close(self, call: ast.Call) -> bool:
        """Tell whether a call compares the learner's answer, which comes first, with a value, and no more than that."""
        words = {word.arg for word in call.keywords}
        first = 2 <= len(call.args) <= 4 and self.asks(call.args[0]) and not self.asks(call.args[1])
        return first and words <= {"rtol", "atol", "err_msg", "verbose"}

    def _close(self, call: ast.Call, rtol: str, atol: str) -> ast.stmt:
        chosen: dict[str, ast.expr] = {
            "rtol": ast.parse(rtol, mode="eval").body,
            "atol": ast.parse(atol, mode="eval").body,
        }
        chosen |= dict(zip(("rtol", "atol"), map(self.rewritten, call.args[2:]), strict=False))
        chosen |= {word.arg: self.rewritten(word.value) for word in call.keywords if word.arg in chosen}
        answer, wanted = call.args[:2]
        made = demand("close", self.rewritten(answer), self.rewritten(wanted), name=self._called(answer))
        words = [
            *(ast.keyword(name, value) for name, value in chosen.items()),
            ast.keyword("broadcast", ast.Constant(value=True)),
        ]
        made.value.keywords += words  # type: ignore[attr-defined]
        return made

    def _asserting(self, call: ast.Call, name: str) -> ast.stmt:
        if not self._is_plain_close(call):
            raise Unsound(f"{name} has options, or the learner's answer does not come first", "write expect.close(...)")
        if name in FRAMES and not call.keywords:
            answer, wanted = call.args[:2]
            return demand("close", self.rewritten(answer), self.rewritten(wanted), name=self._called(answer))
        if name in FRAMES:
            raise Unsound(f"{name} has options", "write expect.close(...), which compares columns, index and values")
        return self._close(call, *ASSERTING[name])

    def _message(self, node: ast.Assert) -> str:
        if isinstance(node.msg, ast.Constant) and isinstance(node.msg.value, str):
            return node.msg.value
        return f"{self._called(node.test)} {RIGHT}."

    def _called(self, node: ast.AST) -> str:
        """Name the learner's function or variable that an expression asks first; no argument is told."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id in self.names.calls:
                return f"{inner.func.id}(…)"
        mentioned = [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)]
        own = [name for name in mentioned if name in self.answers or name in self.names.values]
        return own[0] if own else "the answer"

    # --- expressions -------------------------------------------------------------------------------------------------

    def rewritten(self, node: Node) -> Node:
        """Return a piece of the cell as the hidden test has it."""
        rewriter = Rewriter(self, bound_inside(node))
        made: Node = rewriter.visit(copy.deepcopy(node))
        return ast.fix_missing_locations(made)
