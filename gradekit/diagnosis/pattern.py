"""What answers are without any catalogue: right ones in another shape, or times a factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradekit.diagnosis.case import ENOUGH, is_right
from gradekit.diagnosis.likeness import RTOL, ratio, says_something, shape_alone
from gradekit.model import Diagnosis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradekit.diagnosis.case import Case


LABELS = frozenset({"sign", "constant_factor", "other_logarithm", "shape_alone"})
LOGARITHMS = (1 / np.log(2), 1 / np.log(10), np.log(2), np.log(10))


def right_in_another_shape(case: Case) -> Diagnosis | None:
    """Recognise answers whose values are right, in another shape."""
    wrong = [(given, right) for given, right in case.steps() if not is_right(given, right)]
    if not wrong or not all(shape_alone(given.answer, right.answer) and not given.changed for given, right in wrong):
        return None
    if sum(says_something(given.answer) for given, _ in case.steps()) < ENOUGH:
        return None
    return Diagnosis(
        "shape_alone",
        "Right but for the shape",
        "Every value is right; only the shape is another than the text asks for. Print it beside the one wanted: which "
        "axis is too many, or missing?",
        "the right values in another shape",
    )


def right_but_for_a_factor(case: Case) -> Diagnosis | None:
    """Recognise answers that are right but for a factor, one in each answer."""
    found = _factors(case)
    if not found or any(abs(k - 1) <= RTOL for k in found):
        return None  # nothing to tell by, or an answer that is simply right: then no factor is the whole of it
    if np.allclose(found, -1):
        asked = "Your values are right, but every sign is the other one. Where does a minus come in, or get lost?"
        return Diagnosis("sign", "Right but for the sign", asked, "the right values times -1")
    if any(np.allclose(np.abs(found), k, rtol=RTOL, atol=0) for k in LOGARITHMS):
        asked = "Your values are all off by the one factor that lies between two logarithms. Which one is asked for?"
        return Diagnosis("other_logarithm", "Another logarithm", asked, f"right times {found[0]:.6g} in every answer")
    return Diagnosis(
        "constant_factor",
        "Right but for a constant factor",
        f"Your values are all {_off(found)} by one and the same factor. Which step multiplies or divides everything?",
        f"right times {found[0]:.6g} in the first wrong answer",
    )


def _off(found: Sequence[float]) -> str:
    """Say in which direction values are off by these factors."""
    if all(abs(k) > 1 for k in found):
        return "too large"
    return "too small" if all(abs(k) < 1 for k in found) else "off"


def _factors(case: Case) -> list[float]:
    """Return the factor of each answer that has one; nothing where an answer is wrong in another way.

    One or two numbers always have one, or may by chance: such factors count where they are the same in every answer.
    """
    found: list[float] = []
    single: list[float] = []
    for given, right in case.steps():
        k, one = ratio(given.answer, right.answer), ratio(given.answer, right.answer, of=1)
        if given.changed != right.changed or (one is None and not is_right(given, right)):
            return []
        if one is not None:
            (single if k is None else found).append(one)
    if single and not np.allclose(single, single[0], rtol=RTOL, atol=0):
        return []
    return found + single if found or len(single) >= ENOUGH else []
