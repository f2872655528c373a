"""What to try next, by what went wrong: advice that holds for any exercise, and gives no exercise away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradekit.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradekit.model import TestResult


NOT_BEGUN = "NotImplementedError"
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
BY_WORDS = {  # in what our comparison says; the first that fits
    "in place": "Look for `+=`, `-=` and `out=`, and for what is done to an argument before it is copied.",
    "NaN": "Print the largest number just before each `exp`, `log` and division: which of them leaves its range?",
    "times too": (
        "A constant factor is a sum where a mean should be, or the other way round. What do you divide by, and where?"
    ),
    "shape": (
        "Write the shape beside each line of your code as a comment. Look closely at the first line whose shape you "
        "cannot explain."
    ),
}
WAITS = "This counts once"  # how a test begins that waits for another


def waits(test: TestResult) -> bool:
    """Say whether a test was not run, since it counts only once another holds."""
    return test.message.startswith(WAITS)


def begun(tests: Sequence[TestResult]) -> bool:
    """Say whether anything was written: some test met more than the line that the cell was given out with."""
    run = [test for test in tests if not waits(test)]
    return not run or any(not test.message.startswith(NOT_BEGUN) for test in run)


def hint(tests: Sequence[TestResult]) -> str:
    """Return what to try after these tests; empty where there is nothing to mend."""
    failed = [test for test in tests if test.verdict not in (Verdict.AC, Verdict.IE) and not waits(test)]
    if not failed:
        return ""
    if not begun(tests):
        return BLANK
    if failed[0].verdict is Verdict.WA:
        return next((said for words, said in BY_WORDS.items() if words in failed[0].message), BY_VERDICT[Verdict.WA])
    return BY_VERDICT[failed[0].verdict]
