"""Every assignment's hidden tests are proved: what `gradekit verify` says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradekit.course.course import Course
from gradekit.judging.assignment import load_assignment
from gradekit.judging.catalogue import load_alternatives, load_misconceptions
from gradekit.verify import here
from gradekit.verify.findings import LOOKED_AT, SPOILT, TRIED, WRONG_VALUES
from gradekit.verify.prove import verify
from gradekit.verify.verdicts import EQUIVALENT_SHARE

SECRETS = 50
COURSE = Course(Path(__file__).parents[2])


@pytest.mark.slow
@pytest.mark.parametrize("assignment", COURSE.assignments())
def test_hidden_tests_are_proved(assignment: str) -> None:
    """All right answers earn all, all wrong ones lose, every mutant dies or is listed, nothing leaks."""
    proof = verify(COURSE, assignment)  # one job: the tests beside this one use the other cores
    assert [(item.section, item.exercise, item.label, item.problem) for item in proof.problems] == []
    assert proof.lacks == ()
    for exercise in proof.exercises:
        for section in (*TRIED, WRONG_VALUES, SPOILT):
            assert proof.count(section, exercise)[0] > 0, (section, exercise)
    assert [proof.count(section)[0] for section in LOOKED_AT] == [1, 1, 1]
    made, _, equivalent = map(sum, zip(*(proof.count("mutants", name) for name in proof.exercises), strict=True))
    assert made >= 10 * len(proof.exercises)
    assert equivalent <= EQUIVALENT_SHARE * made


@pytest.mark.slow
@pytest.mark.parametrize("assignment", COURSE.assignments())
def test_no_verdict_depends_on_the_secret(assignment: str) -> None:
    """Every known answer, wrong or right, gets the same verdicts under fifty secrets."""
    loaded = load_assignment(COURSE, assignment)
    drawn = [exercise.name for exercise in loaded.exercises if here.draws_inputs(loaded, exercise.name)]
    wrong = load_misconceptions(COURSE, assignment, loaded.exercises, loaded.solution)
    right = load_alternatives(COURSE, assignment, loaded.exercises, loaded.solution)
    found = {
        item.label: here.secret_problem(loaded, item, SECRETS) for item in (*wrong, *right) if item.exercise in drawn
    }
    assert {label: problem for label, problem in found.items() if problem} == {}
