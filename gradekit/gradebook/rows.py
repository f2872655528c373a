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
    from collections.abc import Mapping

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
    waiting : mapping of str to str
        By grade_id of a manually graded cell: why a person grades what seems to be no answer.
    by_outputs : bool
        Whether nbgrader scores all other test cells from their outputs, where no output is full marks. Otherwise a test
        cell with points that is in neither mapping is undecided.
    """

    scores: Mapping[str, float] = field(default_factory=dict)
    undecided: Mapping[str, str] = field(default_factory=dict)
    waiting: Mapping[str, str] = field(default_factory=dict)
    by_outputs: bool = False


def all_undecided(nb: NotebookNode, reason: str) -> Executed:
    """Return that nothing could be told; a cell without points asks for nobody."""
    metas = [cell.metadata.nbgrader for cell in nb.cells if utils.is_grade(cell) or utils.is_task(cell)]
    return Executed(undecided={meta.grade_id: reason for meta in metas if meta.points})


class SaveScores(SaveAutoGrades):  # type: ignore[misc]
    """nbgrader's SaveAutoGrades, told what is known beside the cells' outputs."""

    def __init__(self, executed: Executed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.executed = executed
        self.reasons = dict(executed.undecided)
        self._said: dict[str, str] = {}

    def preprocess(self, nb: NotebookNode, resources: Any) -> Any:
        """Save scores, then say what is undecided in the comment of the solution cell that it belongs to."""
        nb, resources = super().preprocess(nb, resources)
        solution, solutions = "", set()
        for cell in nb.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if utils.is_solution(cell) or utils.is_task(cell):
                solution = name
                solutions.add(name)
            if name in self.executed.waiting and name not in self.reasons:
                self._say(name, self.executed.waiting[name])
            if name in self.reasons:
                own = name.removesuffix(GRADE_SUFFIX)
                self._say(own if own in solutions else solution, self.reasons[name])
        self.gradebook.gradebook.db.flush()
        self.gradebook.gradebook.db.expire_all()  # as a commit does: the database computes the sums that come next
        return nb, resources

    def _say(self, cell: str, reason: str) -> None:
        if cell:
            comment = self.gradebook.find_comment(cell, self.notebook_id, self.assignment_id, self.student_id)
            comment.auto_comment = f"Not graded automatically, a person will look at it: {shown(reason, 500)}"

    def _add_score(self, cell: NotebookNode, resources: Any) -> None:
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
        grade = self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)
        grade.auto_score = score
        grade.needs_manual_grade = score is None or grade.manual_score is not None
        self.gradebook.db.commit()

    def _add_comment(self, cell: NotebookNode, resources: Any) -> None:
        super()._add_comment(cell, resources)
        if utils.is_task(cell):
            self._open_task(cell.metadata.nbgrader["grade_id"])

    def _open_task(self, name: str) -> None:
        """Let a task be graded: nbgrader leaves the 0 of an earlier submission that lacked this notebook."""
        grade = self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)
        if grade.auto_score is not None or name in self.reasons:
            self._set(name, None)
