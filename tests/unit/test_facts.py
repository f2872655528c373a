"""No fact is read back out of an English sentence: what decides something is a field.

Read from the source, by names: a value that is called a message, a note or a reason may be shown, cut, joined and
counted, and asked whether it is there at all. Nothing may be looked for in it and nothing may be compared with it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "gradekit"

# What texts for people are called in this package.
SENTENCES = frozenset(
    {
        "advice",
        "alarm",
        "comment",
        "detail",
        "failure",
        "help",
        "hint",
        "justification",
        "leak",
        "message",
        "note",
        "problem",
        "reason",
        "remark",
        "said",
        "sentence",
        "warning",
        "why",
        "NOTHING",
    }
)
MANY = frozenset(f"{name}s" for name in SENTENCES)
TEXTS = SENTENCES | MANY | {"text"}  # as an attribute: ``note.text``
# What reads something out of a text.
ASKS = frozenset(
    {
        "startswith",
        "endswith",
        "find",
        "rfind",
        "index",
        "rindex",
        "count",
        "partition",
        "rpartition",
        "removeprefix",
        "removesuffix",
        "split",
        "rsplit",
        "match",
        "fullmatch",
        "search",
        "findall",
        "finditer",
        "fnmatch",
        "fnmatchcase",
    }
)

# Where a sentence is read all the same: module and function → why.
KNOWN = {
    (
        "diagnosis/likeness.py",
        "_same_error",
    ): "what a learner's code raised is its answer, and two answers are compared",
    ("semester/table.py", "_as_before"): "a quote before a cell is the table's form, and no sentence",
}


class Reader:
    """Finds in one function what is decided by the words of a sentence."""

    def __init__(self, function: ast.AST) -> None:
        nodes = list(ast.walk(function))
        self.errors = {node.name for node in nodes if isinstance(node, ast.ExceptHandler)}
        self.bound: set[str] = set()  # names that are given a sentence
        for node in nodes * 2:  # a name of a name
            if isinstance(node, ast.For | ast.comprehension) and self.is_sentence(node.iter):
                self._bind(node.target, pairs=_calls(node.iter, "items"))
            elif isinstance(node, ast.Assign | ast.NamedExpr) and self.is_sentence(node.value):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    self._bind(target)
        self.found = [ast.unparse(node) for node in nodes if self._reads(node)]

    def _bind(self, target: ast.AST, *, pairs: bool = False) -> None:
        if pairs and isinstance(target, ast.Tuple):
            target = target.elts[1]  # what a mapping holds, not by what
        self.bound |= {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}

    def is_sentence(self, node: ast.AST) -> bool:
        """Say whether an expression is a text for people, or several: by its name, as part of it, or made from it."""
        if isinstance(node, ast.Name):
            return node.id in SENTENCES | MANY | self.bound
        if isinstance(node, ast.Attribute):
            return node.attr in TEXTS or (node.attr == "args" and _name(node.value) in self.errors)
        if isinstance(node, ast.Subscript):
            return self.is_sentence(node.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):  # note.strip(), record.getMessage()
            return node.func.attr == "getMessage" or self.is_sentence(node.func.value)
        if _name(getattr(node, "func", None)) in ("str", "repr"):
            return any(_name(argument) in self.errors or self.is_sentence(argument) for argument in node.args)
        inner = (ast.BoolOp, ast.IfExp, ast.Tuple, ast.List, ast.Set, ast.JoinedStr, ast.FormattedValue)
        return isinstance(node, inner) and any(map(self.is_sentence, ast.iter_child_nodes(node)))

    def _reads(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Match):
            return self.is_sentence(node.subject)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            given = [getattr(node.func, "value", None), *node.args]
            return (_name(node.func) in ASKS) and any(self.is_sentence(item) for item in given if item)
        if not isinstance(node, ast.Compare):
            return False
        sides = [node.left, *node.comparators]
        return any(self._compares(*item) for item in zip(node.ops, sides, sides[1:], strict=False))

    def _compares(self, operator: ast.cmpop, left: ast.AST, right: ast.AST) -> bool:
        if isinstance(operator, ast.Eq | ast.NotEq):
            return self.is_sentence(left) or self.is_sentence(right)
        if not isinstance(operator, ast.In | ast.NotIn):
            return False  # sizes, and whether there is any
        mapping = _name(right) in MANY and not isinstance(left, ast.Constant | ast.JoinedStr)  # by names, as `reasons`
        return self.is_sentence(left) or (self.is_sentence(right) and not mapping)


def _calls(node: ast.AST, method: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method


def _name(node: ast.AST | None) -> str:
    return getattr(node, "attr", "") or getattr(node, "id", "")


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Yield the functions of a module, those of its classes too; what stands outside of any is ``<module>``."""
    for node in tree.body:
        for part in node.body if isinstance(node, ast.ClassDef) else [node]:
            yield getattr(part, "name", "<module>"), part


def read_sentences(source: str) -> list[tuple[str, str]]:
    """Return what reads a sentence in a module: the function, and the expression."""
    return [(name, said) for name, part in functions(ast.parse(source)) for said in Reader(part).found]


def test_no_fact_is_read_out_of_a_sentence() -> None:
    """No module looks for anything in a text for people, but where the reason stands here."""
    files = sorted(PACKAGE.rglob("*.py"))
    found = {
        (str(path.relative_to(PACKAGE)), name): said
        for path in files
        for name, said in read_sentences(path.read_text(encoding="utf-8"))
    }
    assert len(files) > 90
    assert {place: said for place, said in found.items() if place not in KNOWN} == {}
    assert [place for place in KNOWN if place not in found] == []  # no longer: take it out of KNOWN


@pytest.mark.parametrize(
    "line",
    [
        'test.message.startswith("This counts once")',
        "NOT_BEGUN in run[0].message",
        're.findall("at your line", test.message)',
        "LINE.findall(test.message)",
        "result.message == theirs.message",
        "[note for note in recorded.alarms if note.endswith(name)]",
        "any(line.startswith(name) for line in report.notes)",
        "[line for line in report.notes if line not in report.alarms]",
        '"undecided" in report.notes',
        'leak[leak.index(": "):]',
        "part.hint == advice.BLANK",
        "note.text.strip() == NOTHING",
        "fnmatch(problem, '*late*')",
        "record.getMessage().startswith('Traceback')",
        "[said for words, said in BY.items() if words in said]",
    ],
)
def test_a_reading_is_seen(line: str) -> None:
    """The test can fail: each way in which a sentence was read, or could be, is found."""
    assert read_sentences(f"def decides(test):\n    return {line}")


def test_a_reading_of_an_exception_is_seen() -> None:
    """An exception's own words are a sentence too, under whatever name they go on."""
    body = (
        "    try:\n        pass\n    except OSError as late:\n        words = str(late)\n        return 'disk' in words"
    )
    assert read_sentences(f"def decides():\n{body}")


@pytest.mark.parametrize(
    "line",
    [
        "not test.message",
        "len(notes) > 1",
        "note[:300].splitlines()",
        '"; ".join(notes)',
        "cell in self.reasons",
        "test.kind == 'shape'",
        "[name for name, reason in reasons.items() if name in known]",
        "message is None",
    ],
)
def test_what_decides_nothing_by_words_is_left_alone(line: str) -> None:
    """To show a sentence, to cut it, and to ask whether there is one, is no reading."""
    assert read_sentences(f"def shows(test):\n    return {line}") == []
