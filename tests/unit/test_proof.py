"""What findings come to: counts, exit codes, plain values."""

from __future__ import annotations

import json

import pytest

from gradekit.verify.findings import Proof, ProofFinding

GOOD = ProofFinding("mutants", "softmax", "x → y")
LISTED = ProofFinding("mutants", "softmax", "x → z", reason="the same")
BAD = ProofFinding("mutants", "softmax", "x → w", "it survives", "Write a test.")
BROKEN = ProofFinding("clean run", "softmax", "the solution", "it loses points", "Mend the test.")


def proof(*findings: ProofFinding, lacks: tuple[str, ...] = ()) -> Proof:
    """Return a proof of an assignment with one exercise."""
    return Proof("small", findings, lacks, 1.23, ("softmax",))


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (proof(), 0),
        (proof(GOOD, LISTED), 0),
        (proof(GOOD, lacks=("no alternative",)), 2),
        (proof(GOOD, BAD), 1),
        (proof(BAD, lacks=("no alternative",)), 1),
    ],
)
def test_exit_code(found: Proof, code: int) -> None:
    """A problem is 1, also where something lacks besides; a lack alone is 2; all well is 0."""
    assert found.exit_code == code


def test_counts() -> None:
    """What was tried, what is well, and what of that is listed as equivalent."""
    assert proof(GOOD, LISTED, BAD).count("mutants", "softmax") == (3, 2, 1)
    assert proof(GOOD).count("leaks") == (0, 0, 0)


def test_stopped() -> None:
    """Only a problem of the clean run stops the rest."""
    assert proof(GOOD, BROKEN).stopped
    assert not proof(GOOD, BAD).stopped


def test_plain() -> None:
    """The plain values go through JSON, and hold every problem and every reason."""
    plain = proof(GOOD, LISTED, BAD).plain()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["sections"]["mutants"]["softmax"] == {"tried": 3, "good": 2, "equivalent": 1}
    assert [item["label"] for item in plain["problems"]] == ["x → w"]
    assert [item["reason"] for item in plain["equivalent"]] == ["the same"]
