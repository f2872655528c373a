"""A learner's notebook in a worker, built again in a fresh one where its process was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradekit.handin.collect import collect
from gradekit.isolation.exchange import Lost
from gradekit.isolation.session import Session, Stopped
from gradekit.isolation.template import scratch_use
from gradekit.judging.line import LearnerError
from gradekit.model import CellRun

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gradekit.grade.budget import Budget
    from gradekit.isolation.template import Template
    from gradekit.model import Limits

REPLAYS = 2  # a notebook that ends its process a third time is judged no further


class Exhausted(LearnerError):
    """The notebook has ended its process too often to be built again."""


class LiveNotebook:
    """A learner's notebook in a worker, built again in a fresh one where its process was lost.

    Parameters
    ----------
    files : Path
        What lies in its folder; what its code writes there is added.
    beside : mapping of str to bytes
        What lies there too and is not looked at again: the notebook's own file.
    """

    def __init__(
        self, template: Template, limits: Limits, *, files: Path, beside: Mapping[str, bytes], budget: Budget
    ) -> None:
        self._template, self._limits, self._files, self._beside = template, limits, files, beside
        self.budget = budget
        self._ran: list[str] = []
        self._session: Session | None = None
        self._lost = 0

    def session(self) -> Session:
        """Return the live session; replay the cells in a fresh worker where there is none.

        Raises
        ------
        Exhausted
            If the process was lost more than twice.
        """
        while self._session is None or not self._session.alive:
            if self._session is not None:
                self._lost += 1
            if self._lost > REPLAYS:
                raise Exhausted(
                    "Ended", "your notebook ended its process again and again, so the rest could not be run"
                )
            self._session = Session(self.fork(), self._limits, self.budget.deadline)
            self._replay(self._session)
        return self._session

    @property
    def current(self) -> Session | None:
        """The session that is alive, if one is."""
        return self._session if self._session is not None and self._session.alive else None

    def fork(self) -> Any:
        """Fork a fresh worker with the submission's files."""
        worker = self._template.fork(self._limits)
        worker.put(self._files, self._beside)
        return worker

    def _replay(self, session: Session) -> None:
        for source in list(self._ran):
            try:
                session.run_cell(source, keep=False)
            except Lost:
                self._ran.remove(source)  # it went through the first time, and is the culprit now
                return
            except LearnerError:
                continue

    def run(self, source: str, *, undrawn: str = "") -> CellRun:
        """Run one cell; one that was stopped or ended the process is not replayed.

        Parameters
        ----------
        undrawn : str
            The line that stands for a figure's picture; figures are drawn where it is empty.

        Raises
        ------
        LearnerError
            If it was stopped or could not be run, for a reason that is its text.
        """
        done = self.session().run_cell(source, undrawn=undrawn)
        self._ran.append(source)
        return done

    def bring_back(self) -> tuple[str, ...]:
        """End the worker, then add the files that its code has made to the submission's; return what was refused.

        The process is gone before its folder is looked at: nothing changes meanwhile. Where it was lost, so are they.
        """
        if self._session is None or not self._session.alive:
            return ()
        self._session.line.worker.stop()
        most = self._limits.scratch_files
        size, number = scratch_use(self._files, most=most)
        room = {"max_files": max(most - number, 0), "max_bytes": max(self._limits.scratch_bytes - size, 0)}
        return collect(self._session.line.worker.scratch, self._files, merge=True, **room)

    def end(self) -> None:
        """End the worker."""
        if self._session is not None:
            self._session.end()


def error_run(error: LearnerError) -> CellRun:
    """Return the run of a cell that could not be finished: what it had shown, and why it ended."""
    text = f"{error.kind}: {error.text}"
    ended = {"output_type": "error", "ename": error.kind, "evalue": error.text, "traceback": [text]}
    shown, count = (error.shown, error.count) if isinstance(error, Stopped) else ([], None)
    return CellRun(ok=False, outputs=[*shown, ended], count=count)
