"""What to try next, by what went wrong: advice that holds for any exercise, and gives no exercise away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradekit.model import IN_PLACE, UNCOMPARABLE, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradekit.model import TestResult


NOT_BEGUN = "NotImplementedError"  # what the line raises that a cell is given out with
BLANK = (
    "This cell still stops at `raise NotImplementedError()`. Read the text above it once more, write down the shape of "
    "everything that goes in and comes out, and start with the line that you are surest of."
)
BLANK_TOO = "This cell, too, still stops at `raise NotImplementedError()`. It comes after the ones above."
BY_VERDICT = {
    Verdict.WA: (
        "Take the smallest case that can go wrong: one sample, one step, two or three numbers. Work it out by hand, "
        "print what your code has after each line, and look for the first place where the two part."
    ),
    Verdict.RTE: (
        "Run your function in the cell below it with a small array. Read the last line of the error first, then go to "
        "the line of yours that it names and print the shape of everything in it."
    ),
    Verdict.TLE: (
        "Something takes very long or never ends. Look at the condition of each `while`, and at loops over single "
        "entries where numpy could take the whole array at once."
    ),
    Verdict.MLE: (
        "Your code needs more memory than there is. Print the shapes along the way: one axis too many makes an array "
        "far larger than it should be."
    ),
    Verdict.OLE: "Your code returns or prints far more than was asked for. Print the shape of what you return.",
}
SHAPES = (
    "Write the shape beside each line of your code as a comment. Look closely at the first line whose shape you cannot "
    "explain."
)
BY_KIND = {  # of a wrong answer; other kinds have the advice of their verdict
    IN_PLACE: "Look for `+=`, `-=` and `out=`, and for what is done to an argument before it is copied.",
    "not_finite": (
        "Print the largest number just before each `exp`, `log` and division: which of them leaves its range?"
    ),
    "factor": (
        "A constant factor is a sum where a mean should be, or the other way round. What do you divide by, and where?"
    ),
    UNCOMPARABLE: "Print the type and the shape of what you return, and its largest number.",
    "shape": SHAPES,
    "transposed": SHAPES,
}


def begun(tests: Sequence[TestResult], source: str) -> bool:
    """Say whether anything was written: some test met more than the line that the cell was given out with.

    Parameters
    ----------
    source : str
        The learner's cell. Such a line of an earlier cell, which this one calls, says nothing of this one.
    """
    lines = {line.strip() for line in source.splitlines()}
    run = [test for test in tests if not test.waits_for]
    return not run or any(test.error != NOT_BEGUN or test.line not in lines for test in run)


def hint(tests: Sequence[TestResult]) -> str:
    """Return what to try after these tests of a cell that was begun; empty where there is nothing to mend."""
    failed = [test for test in tests if test.verdict not in (Verdict.AC, Verdict.IE) and not test.waits_for]
    if not failed:
        return ""
    return BY_KIND.get(failed[0].kind, BY_VERDICT[failed[0].verdict])
