"""A learner's notebook in another process, as hidden tests and the cell runner see it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit.isolation.exchange import Exchange, Late
from gradekit.isolation.stubs import Stubs
from gradekit.isolation.values import TrustedValues
from gradekit.judging.line import DEPTH_LIMIT, LearnerError, first_changed
from gradekit.model import RIGHTS, CellRun, Verdict
from gradekit.worker.wire import FRAME_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gradekit.isolation.template import Worker
    from gradekit.judging.line import Target
    from gradekit.model import Limits


SOURCE_BYTES = FRAME_BYTES // 2  # of a cell, and of all cells of which the definitions are run


class Stopped(LearnerError):
    """A cell's time was up and it was stopped; its number, and what it had shown until then, are kept."""

    def __init__(self, late: LearnerError, run: CellRun) -> None:
        super().__init__(late.kind, late.text, late.line, verdict=late.verdict)
        self.shown = [output for output in run.outputs if output.get("output_type") != "error"]
        self.count = run.count


class Session:
    """A notebook in a worker. Implements :class:`gradekit.judging.line.Line`.

    Parameters
    ----------
    deadline : float
        When the submission's time is up, in seconds of ``time.monotonic()``.
    """

    def __init__(self, worker: Worker, limits: Limits, deadline: float) -> None:
        self.limits = limits
        self.stubs = Stubs()
        self.line = Exchange(worker, limits, deadline=deadline, serve=self._serve)
        self._values = TrustedValues(self, self.stubs, self.line.violated)

    @property
    def alive(self) -> bool:
        """Whether the notebook can still be asked."""
        return self.line.alive

    def end(self) -> None:
        """End its process."""
        self.line.end()

    def _serve(self, frame: dict[str, Any], deadline: float) -> dict[str, Any]:
        return self.stubs.answer(frame, deadline, values=self._values)

    # --- what a line does --------------------------------------------------------------------------------------------

    def call(
        self, target: Target, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, watch: bool = False
    ) -> tuple[Any, str | None]:
        """Call over there; the arguments that come back are compared here."""
        own = [self._values.inward(arg) for arg in args]
        named = {key: self._values.inward(value) for key, value in kwargs.items()}
        frame = {"do": "call", "target": list(target), "args": own, "kwargs": named, "watch": watch}
        answer = self.line.ask(frame, self.limits.call_s)
        if type(answer) is not dict or "answer" not in answer:
            self.line.violated("a malformed answer")
        value = self._values.outward(answer["answer"])
        if not watch:
            return value, None
        after = answer.get("args")
        if type(after) is not list or len(after) != len(args):
            self.line.violated("a malformed answer")
        return value, first_changed(args, [self._values.outward(arg) for arg in after])

    def get(self, target: Target) -> Any:
        """Read an attribute over there."""
        return self._values.outward(self.line.ask({"do": "get", "target": list(target)}, self.limits.call_s))

    def seed(self, seed: int) -> None:
        """Seed numpy's global generator over there, and here for the stubs that draw from it."""
        np.random.seed(seed)  # noqa: NPY002  (the exercises draw from the global generator)
        self.line.ask({"do": "seed", "seed": seed}, self.limits.call_s)

    def library(self, module: str) -> Any:
        """Import a module over there; what the worker makes of the name is the learner's as all else there."""
        return self._values.outward(self.line.ask({"do": "library", "module": module}, self.limits.call_s))

    # --- what a notebook does ----------------------------------------------------------------------------------------

    def run_cell(self, source: str, *, keep: bool = True, undrawn: str = "") -> CellRun:
        """Run a cell; an interrupted one ends in an error output, as the stop button's does.

        Parameters
        ----------
        keep : bool
            Whether to keep what it shows.
        undrawn : str
            The line that stands for a figure's picture; figures are drawn where it is empty.

        Raises
        ------
        Stopped
            If its time was up.
        LearnerError
            If it could not be run, or ended its process.
        """
        if len(source.encode()) > SOURCE_BYTES:  # what else does not travel is a fault of ours
            raise LearnerError("OutputLimit", "this is too long to be run", verdict=Verdict.OLE)
        try:
            frame = {"do": "cell", "source": source, "keep": keep, "undrawn": undrawn}
            found = self.line.ask(frame, self.limits.cell_s)
        except Late as late:
            if late.value is None:
                raise
            raise Stopped(late, self._run(late.value)) from None
        self.line.look_at_use()
        return self._run(found)

    def _run(self, found: Any) -> CellRun:
        if type(found) is not dict or not _are_outputs(found.get("outputs")):
            self.line.violated("a malformed answer")
        count = found.get("count")
        tried, felt = (
            tuple(kind for kind in RIGHTS if type(found.get(word)) is list and kind in found[word])
            for word in ("tried", "felt")
        )
        return CellRun(found.get("ok") is True, found["outputs"], count if type(count) is int else None, tried, felt)

    def define(self, sources: list[str], *, without: tuple[str, ...]) -> None:
        """Run imports and definitions of cells, but for some names; those of cells that are too long are left out."""
        kept, left = [], SOURCE_BYTES
        for source in sources:
            size = len(source.encode())
            if size <= left:
                kept.append(source)
                left -= size
        self.line.ask({"do": "define", "sources": kept, "without": list(without)}, self.limits.cell_s)

    def bind(self, names: Mapping[str, Any]) -> None:
        """Put stubs of trusted functions and objects into the notebook."""
        refs = {name: self.stubs.add(value, name, earlier=True) for name, value in names.items()}
        self.line.ask({"do": "bind", "names": refs}, self.limits.call_s)

    @contextmanager
    def exercise(self) -> Iterator[None]:
        """Bound the time of an exercise's tests, put the global generator back, and let its stubs die."""
        outer = self.line.deadline
        self.line.deadline = min(outer, time.monotonic() + self.limits.exercise_s)
        with self.stubs.exercise():
            try:
                _keep_generator(self, keep=True)
                yield
            finally:
                self.line.deadline = outer
            _keep_generator(self, keep=False)


def _keep_generator(session: Session, *, keep: bool) -> None:
    """Keep the state of numpy's global generator over there, or put it back."""
    try:
        if session.alive:
            session.line.ask({"do": "seed", "keep": keep}, session.limits.call_s)
    except LearnerError:
        return  # the learner's own doing; what is judged next says so


def _are_outputs(value: Any) -> bool:
    return type(value) is list and all(type(output) is dict and _is_json(output) for output in value)


def _is_json(value: Any, depth: int = 0) -> bool:
    if type(value) is dict:
        return depth < DEPTH_LIMIT and all(
            type(key) is str and _is_json(inner, depth + 1) for key, inner in value.items()
        )
    if type(value) is list:
        return depth < DEPTH_LIMIT and all(_is_json(inner, depth + 1) for inner in value)
    return value is None or type(value) in (bool, int, float, str)
