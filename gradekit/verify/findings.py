"""What was found of an assignment's hidden tests: findings, their counts, what they come to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

TRIED = ("clean run", "forced failure", "misconceptions", "alternatives", "mutants")  # by exercise
WRONG_VALUES, SPOILT, SECRETS, NAMES, TRAINING = "wrong values", "spoilt results", "secrets", "names", "training"
SOUGHT = (WRONG_VALUES, SPOILT, SECRETS, NAMES, TRAINING)  # by exercise too: what nobody has written down, looked for
LOOKED_AT = ("leaks", "stubs", "determinism")  # of the assignment as a whole


@dataclass(frozen=True)
class ProofFinding:
    """One thing that was looked at.

    Attributes
    ----------
    section : str
        One of `TRIED`, `SOUGHT` or `LOOKED_AT`.
    exercise : str
        Empty where it concerns the assignment.
    label : str
        What was tried, as the misconception's label.
    problem : str
        What is wrong; empty where nothing is.
    advice : str
        What to do about it.
    reason : str
        Of a mutant that survives and is listed: why it is equivalent. Of a known mistake without a name: why.
    """

    section: str
    exercise: str
    label: str
    problem: str = ""
    advice: str = ""
    reason: str = ""

    @classmethod
    def of(cls, section: str, exercise: str, label: str, problem: tuple[str, str] | None) -> ProofFinding:
        """Return a finding of what is wrong and what to do about it; None where nothing is."""
        return cls(section, exercise, label, *(problem or ()))

    @property
    def where(self) -> str:
        """What it concerns: the exercise, the section, the label."""
        place = ", ".join(part for part in (self.exercise, self.section) if part)
        return f"{place} `{self.label}`" if self.label else place


@dataclass(frozen=True)
class Proof:
    """What was found of an assignment."""

    assignment: str
    findings: tuple[ProofFinding, ...]
    lacks: tuple[str, ...]
    seconds: float
    exercises: tuple[str, ...]

    @property
    def problems(self) -> tuple[ProofFinding, ...]:
        """The findings with a problem."""
        return tuple(finding for finding in self.findings if finding.problem)

    @property
    def stopped(self) -> bool:
        """Whether the clean run failed, so that nothing that follows it was tried."""
        return any(finding.section == TRIED[0] for finding in self.problems)

    @property
    def exit_code(self) -> int:
        """1 where something is wrong, else 2 where the catalogue lacks something, else 0."""
        return 1 if self.problems else 2 if self.lacks else 0

    def count(self, section: str, exercise: str = "") -> tuple[int, int, int]:
        """Return how many of a section were tried, how many are well, and how many of these are equivalent."""
        chosen = [item for item in self.findings if (item.section, item.exercise) == (section, exercise)]
        return len(chosen), sum(not item.problem for item in chosen), sum(bool(item.reason) for item in chosen)

    def plain(self) -> dict[str, Any]:
        """Return the proof as plain values, for programs."""
        keys = ("tried", "good", "equivalent")
        return {
            "assignment": self.assignment,
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 1),
            "sections": {
                section: {
                    exercise: dict(zip(keys, self.count(section, exercise), strict=True)) for exercise in self.exercises
                }
                for section in (*TRIED, *SOUGHT)
            }
            | {section: dict(zip(keys, self.count(section), strict=True)) for section in LOOKED_AT},
            "problems": [asdict(item) for item in self.problems],
            "equivalent": [asdict(item) for item in self.findings if item.reason and item.section != NAMES],
            "unnamed": [asdict(item) for item in self.findings if item.reason and item.section == NAMES],
            "lacks": list(self.lacks),
        }
