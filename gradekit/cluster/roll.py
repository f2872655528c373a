"""Which workers of a cluster judge, and which do not: as they tell of themselves, or the scheduler of who has left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradekit.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SHOWN = 5  # workers that a line names


@dataclass(frozen=True)
class Ready:
    """A worker that judges: how many submissions at once, and where."""

    name: str
    host: str
    slots: int
    isolation: str


@dataclass
class Roll:
    """Which workers judge, and which do not, as they tell of themselves.

    Attributes
    ----------
    say : callable
        Is told in a line each who is not used, and who has left.
    ready : dict of str to Ready
        By address: the workers that judge.
    unused : dict of str to str
        By address: the workers that do not, each with its name and why.
    """

    say: Callable[[str], object]
    ready: dict[str, Ready] = field(default_factory=dict)
    unused: dict[str, str] = field(default_factory=dict)

    @property
    def slots(self) -> int:
        """How many submissions can be judged at once."""
        return sum(worker.slots for worker in self.ready.values())

    def words(self) -> str:
        """Return how many workers there are, for a line."""
        return f"{len(self.ready)} worker{'s' * (len(self.ready) != 1)}"

    def drop(self, worker: str, why: str) -> None:
        """Use a worker no more; whoever is not used already is not named again."""
        if worker in self.ready:
            found = self.ready[worker]
            self.learn({"worker": worker, "name": found.name, "host": found.host, "problem": why})

    def learn(self, told: Mapping[str, Any]) -> None:
        """Take note of what a worker tells of itself, or the scheduler of one that has left."""
        worker, who = told["worker"], f"{shown(told.get('name', ''))} on {shown(told.get('host', ''))}"
        before = self.ready.pop(worker, None)
        if "problem" in told and self.unused.get(worker) is None:
            why = shown(told["problem"], 300)
            self.unused[worker] = f"{who} ({why})"
            self.say(f"worker {who} is not used: {why}")
        elif "slots" in told:
            self.ready[worker] = Ready(told["name"], told["host"], told["slots"], told["isolation"])
            self.unused.pop(worker, None)
        elif before is not None:
            self.say(f"worker {shown(before.name)} on {shown(before.host)} has left: its submissions go elsewhere")
        else:
            self.unused.setdefault(worker, f"{worker} (it has left)")
