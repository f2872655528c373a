"""What otter-grader's generated test files call: an exercise's hidden tests as cases, all from one judging.

It runs in the learner's process: convenient, **not secure**.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradekit.judging.inprocess import judge_here
from gradekit.model import Verdict

if TYPE_CHECKING:
    from gradekit.model import ExerciseResult, TestResult


class Cases:
    """The hidden tests of one exercise, judged when the first case is asked for.

    Parameters
    ----------
    namespace : dict
        The notebook's ``globals()``.
    """

    def __init__(self, assignment: str, exercise: str, namespace: dict[str, Any]) -> None:
        self._assignment, self._exercise, self._namespace = assignment, exercise, namespace

    @cached_property
    def result(self) -> ExerciseResult:
        """The exercise, judged."""
        return judge_here(self._assignment, self._exercise, self._namespace)

    def demand(self, test: str) -> None:
        """Fail unless that hidden test was accepted; the reason is one that a learner may read.

        Raises
        ------
        AssertionError
        """
        (found,) = [item for item in self.result.tests if item.test == test]
        if found.verdict is not Verdict.AC:
            raise AssertionError(_said(found))


def _said(found: TestResult) -> str:
    return f"{found.verdict.value}: {found.sentence} {found.message}".rstrip()
