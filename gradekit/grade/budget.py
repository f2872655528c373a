"""What one submission may use in all, over all of its notebooks: one clock, and a bound on the outputs kept."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradekit.model import CellRun, Limits

OUTPUT_BYTES = 20 * 2**20  # as JSON; a notebook of a hundred figures has 5 MB
OUTPUT_PARTS = 100_000  # values in them; as objects of the notebook's they take up to 2 kB each
GONE = "... more output than is kept of one submission: that of this cell is gone\n"


class Budget:
    """One submission's clock, and what may still be kept of its outputs.

    Attributes
    ----------
    deadline : float
        When its time is up, in seconds of ``time.monotonic()``: for cells, tests, follow-through and diagnosis.
    """

    def __init__(self, limits: Limits) -> None:
        self.deadline = time.monotonic() + limits.submission_s
        self._bytes, self._parts = OUTPUT_BYTES, OUTPUT_PARTS

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self.deadline

    def kept(self, done: CellRun) -> CellRun:
        """Return a cell's run with its outputs, or with one line in their place where they are too much."""
        size, parts = len(json.dumps(done.outputs)), _parts(done.outputs)
        if size > self._bytes or parts > self._parts:
            return replace(done, outputs=[{"output_type": "stream", "name": "stdout", "text": GONE}])
        self._bytes -= size
        self._parts -= parts
        return done


def _parts(value: Any) -> int:
    """Return how many values there are in a value of JSON."""
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + sum(map(_parts, value)) if isinstance(value, list) else 1
