"""Pairs of answers that are improbably alike: a lead for a person, never a verdict, and never shown to a student.

An answer is taken as its lines, and a line as pieces of five tokens. Names that a learner chooses count as one word,
texts too; comments, blanks and line breaks in brackets do not count, nor does the order of lines. Known pieces are left
out: those of what was given out, of the source's solution, of the catalogue's right and wrong answers; and so are those
that many of the class wrote. Of what is left in the smaller answer, a copy shares nearly all.
"""

from __future__ import annotations

import builtins
import keyword
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit.report.answers import Place, answers, known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gradekit.course.course import Course

Array = np.ndarray[Any, Any]

PIECE = 5  # tokens. Shorter runs are in everybody's code; longer ones are torn by every token that is changed
LEAST = 12  # pieces that two answers must share: a line or two of some length; below it there are few ways to write
FEW, FEW_OF = 3, 0.05  # what more people than 3, and more than a twentieth of the class, wrote is nobody's own
MOST_LEADS = 100  # that are listed, the most alike first: nobody looks at more
SHOWN_LINES, SHOWN_WIDTH = 60, 200  # of each answer of a pair

PAD, END = "\0", "\1"  # fills a line up to one piece; stands between lines
FIRST_FREE = 2
MISSING = "Answers were not compared: copydetect is not installed. Run: pip install 'copydetect>=0.5,<0.6'"

# Linear on any text: every repetition is possessive, and what begins as a string or a number is one to its end.
TOKEN = re.compile(
    r"(?P<skip>[ \t\r\f]++|\\\r?\n|#[^\n]*+)"
    r"|(?P<text>(?:[rbuRBUfF]{1,2}+(?=['\"]))?+(?:"
    r"'''(?:[^'\\]|\\.|'(?!''))*+(?:''')?+|\"\"\"(?:[^\"\\]|\\.|\"(?!\"\"))*+(?:\"\"\")?+"
    r"|'(?:[^'\\\n]|\\.)*+'?+|\"(?:[^\"\\\n]|\\.)*+\"?+))"
    r"|(?P<number>\d[\w.]*+)|(?P<call>\w++(?=[ \t]*+\())|(?P<name>\w++)|(?P<end>\n)|(?P<sign>.)",
    re.DOTALL,
)
FIXED = frozenset(keyword.kwlist) | frozenset(dir(builtins))  # names that a learner does not choose
OWN_NAME, TEXT = "name", "text"


@dataclass(frozen=True)
class Side:
    """One answer of a pair: its first lines, each with whether it has a part in what is shared; and what is left."""

    student: str
    lines: tuple[tuple[str, bool], ...]
    left: int = 0


@dataclass(frozen=True)
class Lead:
    """Two answers to one cell that are improbably alike.

    Attributes
    ----------
    alike : float
        The share of the smaller answer's own pieces that the other has too.
    pieces : int
        How many these are.
    """

    notebook: str
    cell: str
    alike: float
    pieces: int
    sides: tuple[Side, Side]

    @property
    def students(self) -> tuple[str, str]:
        """Whose answers they are."""
        return self.sides[0].student, self.sides[1].student


@dataclass(frozen=True)
class Copies:
    """The pairs of a class, the most alike first.

    Attributes
    ----------
    least : float
        The share from which pairs are listed; 0 where nothing was compared, since nobody asked.
    more : int
        How many pairs are not listed.
    problem : str
        Why nothing could be compared, in one sentence.
    """

    least: float = 0.0
    leads: tuple[Lead, ...] = ()
    more: int = 0
    problem: str = ""


def find_copies(course: Course, assignment: str, students: Iterable[str], *, least: float) -> Copies:
    """Compare the answers of a class, cell by cell.

    Parameters
    ----------
    least : float
        The share, above 0 and at most 1, from which a pair is listed; 0 compares nothing.
    """
    if not least:
        return Copies()
    try:
        import copydetect.utils  # noqa: F401, PLC0415  (it imports pyplot: half a second, only where answers are compared)
    except ImportError:
        return Copies(least, problem=MISSING)
    written, expected = answers(course, assignment, students), known(course, assignment)
    found = [
        (-pair.alike, -pair.pieces, at, pair)
        for at, (place, texts) in enumerate(written.items())
        for pair in pairs(texts, expected[place], least=least)
    ]
    found.sort()
    places = list(written)
    leads = tuple(_lead(places[at], written[places[at]], pair) for *_, at, pair in found[:MOST_LEADS])
    return Copies(least, leads, more=max(0, len(found) - MOST_LEADS))


# --- the measure -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Pair:
    """Two students whose answers are alike, and the hashes of the pieces that both have as their own."""

    students: tuple[str, str]
    alike: float
    pieces: int
    shared: tuple[int, ...]


def pairs(texts: Mapping[str, str], expected: Iterable[str], *, least: float) -> list[Pair]:
    """Return the pairs of answers to one cell that are alike, by the names of the students."""
    people = sorted(texts)
    by_text = {text: _pieces(text) for text in {*texts.values()}}
    common = np.unique(np.concatenate([*(_pieces(text) for text in expected), np.empty(0, np.int64)]))
    own = _own([np.setdiff1d(by_text[texts[name]], common, assume_unique=True) for name in people])
    found = []
    for one, other, count in _meetings(own):
        alike = count / min(len(own[one]), len(own[other]))
        if alike >= least:
            shared = np.intersect1d(own[one], own[other], assume_unique=True)
            found.append(Pair((people[one], people[other]), alike, count, tuple(shared.tolist())))
    return found


def _own(pieces: Sequence[Array]) -> list[Array]:
    """Leave of each answer's pieces those that few have; nothing where these are too few to say anything."""
    values, counts = np.unique(np.concatenate([*pieces, np.empty(0, np.int64)]), return_counts=True)
    answered = sum(len(found) > 0 for found in pieces)
    rare = values[counts <= max(FEW, FEW_OF * answered)]
    own = [np.intersect1d(found, rare, assume_unique=True) for found in pieces]
    return [found if len(found) >= LEAST else found[:0] for found in own]


def _meetings(own: Sequence[Array]) -> Iterator[tuple[int, int, int]]:
    """Yield every two answers that share enough pieces, and how many: through an index of pieces, not by all pairs."""
    owners: dict[int, list[int]] = {}
    for at, found in enumerate(own):
        for piece in found.tolist():
            owners.setdefault(piece, []).append(at)
    index = {piece: np.array(those) for piece, those in owners.items() if len(those) > 1}
    for at, found in enumerate(own):
        met = [index[piece] for piece in found.tolist() if piece in index]
        if len(met) >= LEAST:
            counts = np.bincount(np.concatenate(met), minlength=at + 1)
            for other in (np.flatnonzero(counts[at + 1 :] >= LEAST) + at + 1).tolist():
                yield at, other, int(counts[other])


def _pieces(text: str) -> Array:
    """Return the hashes of a text's pieces, each once, sorted."""
    line, _ = tokens(text)
    hashes, whole = _hashes(line)
    return np.unique(hashes[whole])


def _hashes(line: str) -> tuple[Array, Array]:
    """Return the hash of every run of tokens, and which of these are pieces: those within one line.

    All are kept: winnowing would choose by the hashes, and Python's differ from one process to the next.
    """
    from copydetect.utils import hashed_kgrams  # noqa: PLC0415

    hashes = hashed_kgrams(line, PIECE).astype(np.int64)
    ends = np.concatenate([[0], np.cumsum([sign == END for sign in line])])
    return hashes, ends[PIECE : PIECE + len(hashes)] == ends[: len(hashes)]


def tokens(text: str) -> tuple[str, list[int]]:
    """Return a text with one character for each token, and on which line of the text each stands, from 0 on.

    A line in brackets goes on to where they are closed. One that is shorter than a piece is filled up to one.
    """
    made: list[str] = []
    at: list[int] = []
    line, depth, begun, before = 0, 0, 0, ""
    for match in TOKEN.finditer(text):
        kind, word = match.lastgroup, match[0]
        if kind == "end" and depth == 0 and len(made) > begun:
            filling = max(0, PIECE - (len(made) - begun))
            made += [PAD] * filling + [END]
            at += [line] * (filling + 1)
            begun, before = len(made), ""
        elif kind not in ("end", "skip"):
            depth = max(0, depth + (word in "([{") - (word in ")]}")) if kind == "sign" else depth
            made.append(_character(_meaning(str(kind), word, method=before == ".")))
            at.append(line)
            before = word
        line += word.count("\n") if kind in ("end", "skip", "text") else 0
    filling = max(0, PIECE - (len(made) - begun)) if len(made) > begun else 0
    return "".join([*made, *[PAD] * filling]), [*at, *[line] * filling]


def _meaning(kind: str, word: str, *, method: bool) -> str:
    """Return what a token counts as: all texts are one, and all names but Python's own and those of methods called.

    What an object's own fields are called is a learner's choice, and so is the name `self`.
    """
    if kind == "text":
        return TEXT
    chosen = kind == "name" or (kind == "call" and not method)
    return OWN_NAME if chosen and word not in FIXED else word


def _character(word: str) -> str:
    """Return one character for a token, in every process the same; two tokens share one by a chance in a million."""
    return chr(FIRST_FREE + zlib.crc32(word.encode("utf-8", "replace")) % (0x10FFFF - FIRST_FREE))


# --- what is shown of a pair -----------------------------------------------------------------------------------------


def _lead(place: Place, texts: Mapping[str, str], pair: Pair) -> Lead:
    one, other = (_side(name, texts[name], pair.shared) for name in pair.students)
    return Lead(place.notebook, place.grade_id, pair.alike, pair.pieces, (one, other))


def _side(student: str, text: str, shared: Sequence[int]) -> Side:
    """Mark the lines of an answer that have a part in what is shared, and cut it."""
    from copydetect.utils import get_copied_slices  # noqa: PLC0415

    line, places = tokens(text)
    hashes, whole = _hashes(line)
    begins, ends = get_copied_slices(np.flatnonzero(whole & np.isin(hashes, shared)), PIECE).astype(int)
    marked = {places[at] for begin, end in zip(begins, ends, strict=True) for at in range(begin, end)}
    lines = text.split("\n")
    shown = tuple((words[:SHOWN_WIDTH], at in marked) for at, words in enumerate(lines[:SHOWN_LINES]))
    return Side(student, shown, left=max(0, len(lines) - SHOWN_LINES))
