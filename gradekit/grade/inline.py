"""Graded cells with tests of their own written in them: what their end says of their score, **not secure**.

In nbgrader's meaning, but fail-closed; and never a silent 0 for a right that learners' code has not here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gradekit.model import GRANTS, InlineResult
from gradekit.score import within
from gradekit.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradekit.model import Cell, CellRun, GradeReport

MAX_NUMBER = 60  # characters of a score; a numpy scalar's longest has 40
NUMBER = re.compile(r"(?:np\.float\d+\()?([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\)?")
WITHOUT = {
    "programs": "starting a program or process",
    "network": "the network",
    "files": "a file outside",
    "started": "what a program that it started may not do",
}
ALLOWED_BY = {right: name for name, right in GRANTS.items()}
# What a cell ends in for what an earlier cell could not fetch, install or read; and for a name that it could not make.
LACKS = frozenset({"ModuleNotFoundError", "ImportError", "FileNotFoundError"})
UNMADE = LACKS | {"NameError"}


def inline_score(cell: Cell, done: CellRun) -> InlineResult:
    """Read the score of a graded cell.

    An error is 0. A result that is a plain number is the score, cut to [0, points]. No result is full marks. Any other
    result is no score, so a person must look. A warning costs nothing.
    """
    points = cell.points
    if _errors(done) or not done.ok:
        return InlineResult(cell.grade_id, points, 0.0)
    for output in done.outputs:
        if output.get("output_type") == "execute_result":
            data = output.get("data")
            text = (str(data.get("text/plain", "")) if isinstance(data, dict) else "").strip()
            match = NUMBER.fullmatch(text) if len(text) <= MAX_NUMBER else None
            if match is None:
                said = f"the cell ends in {text[:60]!r}, which is no score"
                return InlineResult(cell.grade_id, points, None, said)
            return InlineResult(cell.grade_id, points, within(float(match.group(1)), points))
    return InlineResult(cell.grade_id, points, points)


@dataclass
class Refused:
    """The rights that a notebook's cells were refused so far: what a graded cell may lack for.

    Attributes
    ----------
    answered, ended : list of str
        Kinds of rights: those for which a command was answered with a line, or a cell ended.
    """

    answered: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def note(self, done: CellRun) -> None:
        """Take in what a cell was refused."""
        noted = self.answered if done.ok else self.ended
        noted += [kind for kind in done.felt if kind not in noted]

    def judged(self, result: InlineResult, done: CellRun) -> InlineResult:
        """Return a graded cell's result: undecided where it failed and a right that we refused may be why.

        That is so where the cell itself asked for one, and where it lacks what an earlier cell may have failed to get.
        """
        if not _errors(done):
            return result
        kinds = list(done.tried)
        names = {str(output.get("ename")) for output in _errors(done)}
        kinds += self.answered if names & LACKS else []
        kinds += self.ended if names & UNMADE else []
        if not kinds:
            return result
        said = f"it may lack a right that learners' code has not here: {WITHOUT[kinds[0]]}"
        return replace(result, score=None, message=said, refused=kinds[0])


def said_of_class(reports: Sequence[GradeReport]) -> Iterator[str]:
    """Yield once a class what holds for it: rights that were allowed, scores that are not secure, rights refused."""
    allowed = dict.fromkeys(name for report in reports for name in report.allowed)
    if allowed:
        yield f"allowed by c.Gradekit.allow: {', '.join(allowed)}"
    cells = dict.fromkeys(result.grade_id for report in reports for result in report.inline)
    if cells:
        yield f"inline: not secure: the scores of {len(cells)} cells were said by learners' own processes"
    for kind, right in WITHOUT.items():
        lacking = [[result.grade_id for result in report.inline if result.refused == kind] for report in reports]
        names = dict.fromkeys(name for found in lacking for name in found)
        if names:
            yield (
                f"{sum(map(bool, lacking))} submissions asked for {right}, which learners' code has not here; "
                f"undecided for that: {listed(list(names))}"
            )
            if kind in ALLOWED_BY:
                yield f"  to allow it in this course: c.Gradekit.allow = [{ALLOWED_BY[kind]!r}] in nbgrader_config.py"


def _errors(done: CellRun) -> list[dict[str, object]]:
    return [output for output in done.outputs if output.get("output_type") == "error"]
