"""What running a notebook has brought → nbgrader's rows of scores and comments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbgrader import utils
from nbgrader.preprocessors import SaveAutoGrades

from gradekit.course.notebook import GRADE_SUFFIX
from gradekit.score import within
from gradekit.text import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from nbformat import NotebookNode


@dataclass(frozen=True)
class Executed:
    """What running a notebook has brought, beside the outputs in its cells.

    Attributes
    ----------
    scores : mapping of str to float
        By grade_id; cut to [0, points].
    undecided : mapping of str to str
        By grade_id: why a person must look. Goes before a score.
    unchanged : collection of str
        The graded cells and tasks whose answers are those of the grading before.
    said_once : bool
        Whether all that is undecided is so for one reason, which need not be said cell by cell.
    waiting : mapping of str to str
        By grade_id of a manually graded cell: why a person grades what seems to be no answer.
    by_outputs : bool
        Whether nbgrader scores all other test cells from their outputs, where no output is full marks. Otherwise a test
        cell with points that is in neither mapping is undecided.
    """

    scores: Mapping[str, float] = field(default_factory=dict)
    undecided: Mapping[str, str] = field(default_factory=dict)
    unchanged: Collection[str] = ()
    said_once: bool = False
    waiting: Mapping[str, str] = field(default_factory=dict)
    by_outputs: bool = False


def all_undecided(nb: NotebookNode, reason: str) -> Executed:
    """Return that nothing could be told; a cell without points asks for nobody."""
    metas = [cell.metadata.nbgrader for cell in nb.cells if utils.is_grade(cell) or utils.is_task(cell)]
    return Executed(undecided={meta.grade_id: reason for meta in metas if meta.points}, said_once=True)


class SaveScores(SaveAutoGrades):  # type: ignore[misc]
    """nbgrader's SaveAutoGrades, told what is known beside the cells' outputs."""

    def __init__(self, executed: Executed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.executed = executed
        self.reasons = dict(executed.undecided)
        self.stands: set[str] = set()  # whose score a person gave for this very answer
        self.changed: dict[str, float] = {}  # whose score a person gave for another answer: that score

    def preprocess(self, nb: NotebookNode, resources: Any) -> Any:
        """Save scores, then say what is undecided in the comment of the solution cell that it belongs to."""
        nb, resources = super().preprocess(nb, resources)
        solution, solutions, said = "", set(), False
        for cell in nb.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if utils.is_solution(cell) or utils.is_task(cell):
                solution = name
                solutions.add(name)
            if name in self.executed.waiting and name not in self.reasons:
                self._say(name, self.executed.waiting[name], asks=True)
            if name in self.reasons and not (self.executed.said_once and said):
                said = True
                own = name.removesuffix(GRADE_SUFFIX)
                self._say(own if own in solutions else solution, self.reasons[name], asks=name not in self.stands)
        self.gradebook.write()  # the database computes the sums that come next
        return nb, resources

    def _say(self, cell: str, reason: str, *, asks: bool) -> None:
        if cell:
            comment = self.gradebook.find_comment(cell, self.notebook_id, self.assignment_id, self.student_id)
            person = "a person will look at it" if asks else "a person has given the score"
            comment.auto_comment = f"Not graded automatically, {person}: {shown(reason, 500)}"

    def _find(self, name: str) -> Any:
        return self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)

    def _ask(self, name: str, *, asked: bool) -> None:
        """Let a person's score stand where the answer is the same, and ask for the person again where it is not.

        Parameters
        ----------
        asked : bool
            Whether a person was to look before this grading.
        """
        grade = self._find(name)
        if grade.manual_score is None:
            return
        grade.needs_manual_grade = asked or name not in self.executed.unchanged
        if grade.needs_manual_grade:
            self.changed[name] = float(grade.manual_score)
        else:
            self.stands.add(name)

    def _add_score(self, cell: NotebookNode, resources: Any) -> None:
        name = cell.metadata.nbgrader["grade_id"]
        asked = bool(self._find(name).needs_manual_grade)
        self._add_auto_score(cell, resources)
        self._ask(name, asked=asked)

    def _add_auto_score(self, cell: NotebookNode, resources: Any) -> None:
        """Save one score; what nobody judged, or is no score to nbgrader, is undecided and not the full points."""
        name = cell.metadata.nbgrader["grade_id"]
        points = float(cell.metadata.nbgrader["points"])
        scores = self.executed.scores if points or utils.is_solution(cell) else {name: 0.0}
        if name in self.executed.waiting:
            self._set(name, None)
        elif name in self.reasons or name in scores:
            self._set(name, None if name in self.reasons else within(float(scores[name]), points))
        elif not (utils.is_solution(cell) or self.executed.by_outputs):
            self.reasons[name] = "it was not judged"
            self._set(name, None)
        else:
            self._add_score_by_outputs(cell, resources)

    def _add_score_by_outputs(self, cell: NotebookNode, resources: Any) -> None:
        """Let nbgrader score; where it would give up the submission, one exercise is undecided."""
        name = cell.metadata.nbgrader["grade_id"]
        try:
            super()._add_score(cell, resources)
        except (ValueError, KeyError, TypeError) as error:
            self.reasons[name] = f"the graded cell's result is no score: {error}"
            self._set(name, None)

    def _set(self, name: str, score: float | None) -> None:
        grade = self._find(name)
        grade.auto_score = score
        grade.needs_manual_grade = score is None or grade.manual_score is not None
        self.gradebook.db.commit()

    def _add_comment(self, cell: NotebookNode, resources: Any) -> None:
        super()._add_comment(cell, resources)
        if utils.is_task(cell):
            name = cell.metadata.nbgrader["grade_id"]
            asked = bool(self._find(name).needs_manual_grade)
            self._open_task(name)
            self._ask(name, asked=asked)

    def _open_task(self, name: str) -> None:
        """Let a task be graded: nbgrader leaves the 0 of an earlier submission that lacked this notebook."""
        if self._find(name).auto_score is not None or name in self.reasons:
            self._set(name, None)
