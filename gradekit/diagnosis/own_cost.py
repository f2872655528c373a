"""Whether gradients are those of the cost that a learner's own earlier functions compute."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gradekit.judging.declare import HiddenTest
from gradekit.judging.judge import try_test
from gradekit.model import Diagnosis, Verdict

if TYPE_CHECKING:
    from gradekit.judging.assignment import Assignment
    from gradekit.judging.declare import Expect, GradientTest
    from gradekit.judging.line import Line, Student
    from gradekit.judging.reference import Reference


DIRECTIONS = 2  # for each parameter; one that agrees by chance is as good as impossible
STEP = 1e-5  # near the cube root of the machine precision, where rounding and truncation balance
FLAT = 1e-4  # slopes below it are a cost that does not move


def is_own_gradient(assignment: Assignment, name: str, line: Line, *, seed: bytes) -> bool:
    """Tell whether an exercise's answers are the gradients of a cost that the learner's own functions compute.

    As ``tests.py`` declares by :meth:`gradekit.hidden.TestedExercise.gradient`. Asked over the learner's line.
    """
    return any(
        try_test(assignment, name, _slopes(declared), line, seed=seed).verdict is Verdict.AC
        for declared in assignment.tested[name].gradients
    )


def of_own_cost(found: Diagnosis | None) -> Diagnosis:
    """Say that the gradients are right for the learner's own cost, beside what was found, if anything."""
    said = (
        "Your gradients are exactly those of the cost that your own earlier functions compute. "
        "Mend those first; what has changed in the cost changes here too."
    )
    if found is not None:
        return replace(found, message=f"{found.message} {said}")
    return Diagnosis(
        "gradient_of_own_cost", "The right gradient of another cost", said, "exact for the learner's own cost"
    )


def _slopes(declared: GradientTest) -> HiddenTest:
    """Return a test that compares gradients with differences of the learner's own cost, in random directions."""

    def test(student: Student, reference: Reference, expect: Expect) -> None:
        cost, parameters, gradients = declared(student, reference, expect)
        steepest = 0.0
        for name, value in parameters.items():
            gradient = np.asarray(gradients.get(name))
            expect.true(gradient.dtype.kind in "iuf" and gradient.shape == value.shape, "")
            for direction in (reference.draw(value.shape) for _ in range(DIRECTIONS)):
                above, below = (cost({**parameters, name: value + step * direction}) for step in (STEP, -STEP))
                expect.true(isinstance(above, float) and isinstance(below, float), "")
                slope = (above - below) / (2 * STEP)
                scale = float(np.linalg.norm(gradient) * np.linalg.norm(direction))
                # Rounding comes to 2e-16 * cost / STEP, for costs up to about 20.
                expect.true(abs(np.sum(gradient * direction) - slope) <= 1e-6 * scale + 1e-8, "")
                steepest = max(steepest, abs(slope))
        expect.true(steepest > FLAT, "")

    return HiddenTest("own_gradient", "The gradients are those of the learner's own cost.", test)
