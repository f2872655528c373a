"""Name the mistake: which known wrong answer gives the learner's answers, or what else they are.

While the hidden tests ran, every answer was kept; here the same tests, on the same inputs, ask each known wrong answer
of the catalogue, on the trusted side, until it answers otherwise. A test ends at the first wrong answer: so that enough
is compared, the learner's code is asked what the test would have asked further, once every verdict is fixed.

A wrong name is worse than none, so one is given only where every answer agrees, two of them at least say something,
and nothing else in the catalogue explains as much. Where no known mistake does, two of them at once may.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gradekit.bounds import can_bound_time
from gradekit.diagnosis.case import Case, TooLong, answers_at_all, explains
from gradekit.diagnosis.likeness import How
from gradekit.diagnosis.pattern import right_but_for_a_factor, right_in_another_shape
from gradekit.judging.catalogue import pairs
from gradekit.model import Diagnosis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradekit.diagnosis.case import Attempt
    from gradekit.judging.assignment import Assignment
    from gradekit.judging.catalogue import Misconception


PAIRS_S = 2.0  # for pairs; there are hundreds, most of them ended by their first answer


def diagnose(
    assignment: Assignment,
    catalogue: Sequence[Misconception],
    attempts: Sequence[Attempt],
    *,
    seed: bytes,
    deadline: float = float("inf"),
) -> Diagnosis | None:
    """Name the mistake in an exercise that lost points; None where it is not known.

    Parameters
    ----------
    attempts : sequence of Attempt
        Those that tell of this exercise alone: the earlier functions were right, the learner's own or the reference's.
    seed : bytes
        The one that the exercise was judged with.
    deadline : float
        When the submission's time is up, in seconds of ``time.monotonic()``; then nothing is named.
    """
    if not can_bound_time():
        return None  # a wrong answer that never ends would hold this thread for ever
    before = np.random.get_state()  # noqa: NPY002  (the exercises draw from the global generator)
    try:
        said = [attempt for attempt in attempts if answers_at_all(assignment, attempt)]
        known = [Case(assignment, attempt, seed, deadline) for attempt in said]
        # A name may stand for something else in the end of a notebook: then what was judged is all there is.
        short = [replace(case.attempt, further={}) for case in known if not case.goes_on]
        known += [Case(assignment, attempt, seed, deadline) for attempt in short]
        looks = (
            lambda case: _whole(case, catalogue),
            right_in_another_shape,
            right_but_for_a_factor,
            lambda case: _two(case, catalogue),
        )
        found = (look(case) for look in looks for case in known)
        return next((item for item in found if item is not None), None)
    except TooLong:
        return None
    finally:
        np.random.set_state(before)  # noqa: NPY002


def _whole(case: Case, catalogue: Sequence[Misconception]) -> Diagnosis | None:
    """Name the one misconception whose answers agree with the learner's in every test."""
    mine = [item for item in catalogue if item.exercise == case.name]
    drawn = [item for item in mine if item.random]
    fixed = [item for item in mine if not item.random] if case.evidence else []
    # Numbers that agree say more than a pattern of right and wrong.
    for items, how in ((fixed, How.EXACTLY), (fixed, How.ROUGHLY), (drawn, How.LOOSELY)):
        found = [item for item in items if explains(case, item.label, item.source, how)]
        if found:
            return _only(found, mine)
    return None


def _only(found: Sequence[Misconception], catalogue: Sequence[Misconception]) -> Diagnosis | None:
    """Name what was found where it is one thing: those that are declared to be like another count as that one."""
    labels = {item.like or item.label for item in found}
    if len(labels) > 1:
        return None
    (item,) = [item for item in catalogue if item.label in labels]
    return Diagnosis(item.label, item.title, item.message, item.justification)


def _two(case: Case, catalogue: Sequence[Misconception]) -> Diagnosis | None:
    """Name two misconceptions that give the learner's answers together; one, where it is in all the pairs that do."""
    if not case.evidence:
        return None
    case.deadline = min(case.deadline, time.monotonic() + PAIRS_S)
    exercise = case.assignment.exercise(case.name)
    found = [
        pair
        for pair in pairs(catalogue, exercise)
        if explains(case, f"{pair.one.label}+{pair.other.label}", pair.source, How.EXACTLY)
    ]
    if not found:
        return None
    if len(found) == 1:
        return _beside(found[0].one, found[0].other)
    shared = set.intersection(*({pair.one.label, pair.other.label} for pair in found))
    items = {item.label: item for pair in found for item in (pair.one, pair.other)}
    return _with_more(items[shared.pop()]) if shared else None


def _beside(one: Misconception, other: Misconception) -> Diagnosis:
    return Diagnosis(
        f"{one.label}+{other.label}",
        f"Two things at once. First: {one.title}. Second: {other.title}",
        f"First: {one.message} Second: {other.message}",
        f"{one.justification}; {other.justification}",
    )


def _with_more(item: Misconception) -> Diagnosis:
    said = f"{item.message} There is one more mistake beside this one; mend this first."
    return Diagnosis(item.label, item.title, said, f"{item.justification}; beside another mistake")
