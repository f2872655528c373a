"""Prove the hidden tests of an assignment: what they must accept, what they must reject, what must stay secret.

In mutmut's order: the solution earns all, an empty answer earns none, and only then is anything believed of
misconceptions, alternatives and mutants. Then it is looked for what nobody has written down: answers whose values are
all wrong, answers spoilt in general ways, verdicts that depend on the secret, mistakes that get another's name.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gradekit.course import notebook
from gradekit.judging.reference import solution_cells
from gradekit.verify import exposure, verdicts
from gradekit.verify.findings import (
    LOOKED_AT,
    NAMES,
    SOUGHT,
    SPOILT,
    TRIED,
    Proof,
    ProofFinding,
)
from gradekit.verify.plan import forced, narrowed, plan, trials
from gradekit.verify.trials import Trial, grade_under_two_hash_seeds, try_answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gradekit.course.course import Course
    from gradekit.verify.plan import Plan
    from gradekit.verify.trials import TrialResult


UNNAMED_SHARE = 0.05  # of the known mistakes, one always: some show in an error alone, or in draws alone


def prove(found: Plan, *, jobs: int) -> Iterator[ProofFinding]:
    """Look at everything, in order, and yield each finding; stop where nothing further could be believed."""
    yield ProofFinding.of("leaks", "", "", _leaks(found))
    yield ProofFinding.of("stubs", "", "", _stubs(found))
    yield from verdicts.unfit(found)
    with try_answers(found.course, found.assignment.name, found.limits, jobs=jobs) as run:
        first = [finding for tried in run([Trial("clean run")]) for finding in verdicts.clean(found, tried)]
        yield from first
        if any(finding.problem for finding in first):
            return
        failed = set()
        for tried in run(forced(found)):
            finding = verdicts.judged(found, tried)
            if finding.problem:
                failed.add(finding.exercise)
            yield finding
        for tried in run([trial for trial in trials(found) if trial.exercise not in failed]):
            yield verdicts.judged(found, tried)
        yield from _looked_for(found, run([trial for trial in found.sought if trial.exercise not in failed]))
    yield ProofFinding.of("determinism", "", "", _determinism(found))


# --- of the assignment as a whole ------------------------------------------------------------------------------------


def _leaks(found: Plan) -> tuple[str, str] | None:
    course, name = found.course, found.assignment.name
    texts = {f"the message of '{item.label}'": f"{item.title}\n{item.message}" for item in found.misconceptions}
    texts |= {
        f"the sentence of {test.name}": test.sentence
        for tested in found.assignment.tested.values()
        for test in tested.tests
    }
    given = [
        *exposure.release_leaks(course, name, secrets=found.secrets),
        *exposure.feedback_leaks(course, name, secrets=found.secrets),
        *exposure.message_leaks(texts, secrets=found.secrets, own=""),
    ]
    if not given:
        return None
    advice = "Say it in other words, or take the file away; then release again."
    return f"students could read: {verdicts.listed_shortly(given)}", advice


def _stubs(found: Plan) -> tuple[str, str] | None:
    cells = solution_cells(notebook.cells(notebook.read(found.course.source(found.assignment.name))))
    dangers = exposure.stub_dangers(cells, found.assignment.exercises)
    if not dangers:
        return None
    advice = "Learners' code may call these functions on the trusted side: take out what reads files or runs text."
    return f"the solution is not safe to be called by learners: {verdicts.listed_shortly(dangers)}", advice


def _determinism(found: Plan) -> tuple[str, str] | None:
    """Compare gradings of the solution, and of notebooks in which every exercise holds a misconception."""
    wrong: list[dict[str, str]] = [{}, {}, {}]  # the solution, everybody's first misconception, everybody's last
    for item in found.misconceptions:
        wrong[1].setdefault(item.exercise, item.source)
        wrong[2][item.exercise] = item.source
    for gradings in grade_under_two_hash_seeds(found.course, found.assignment.name, found.limits, wrong):
        for again in gradings[1:]:
            differ = [one.exercise for one, other in zip(gradings[0], again, strict=True) if one != other]
            if differ:
                advice = "Look in their tests for sets that are listed, for times of day, for draws without a seed."
                return f"graded twice, {', '.join(differ)} got different results", advice
    return None


# --- exercise by exercise --------------------------------------------------------------------------------------------


def _looked_for(found: Plan, results: Iterable[TrialResult]) -> Iterator[ProofFinding]:
    """Yield what came of it; of known mistakes without a name a few are borne."""
    unnamed: list[TrialResult] = []
    for tried in results:
        trial = tried.trial
        if tried.unnamed:
            unnamed.append(tried)
            continue
        problem, reason = tried.problem, ""
        if trial.section == SPOILT:
            problem, reason = verdicts.with_reason(found, (trial.exercise, verdicts.RESULTS, trial.label), problem)
        yield ProofFinding(trial.section, trial.exercise, trial.label, *(problem or ("", "")), reason=reason)
    for tried in unnamed:
        few = len(unnamed) <= max(1, UNNAMED_SHARE * len(found.misconceptions))
        advice = "" if few else "Ask more in a test that rejects it: two answers at least that say something."
        said = (NAMES, tried.trial.exercise, tried.trial.label)
        yield ProofFinding(*said, "" if few else tried.unnamed, advice, reason=tried.unnamed if few else "")


def verify(
    course: Course,
    assignment: str,
    *,
    jobs: int = 1,
    only: Sequence[str] = (),
    watch: Callable[[Iterable[ProofFinding], int], Iterable[ProofFinding]] = lambda findings, _: findings,
) -> Proof:
    """Prove the hidden tests of an assignment; see the module.

    Parameters
    ----------
    jobs : int
        Processes that try answers at once.
    only : sequence of str
        Exercises whose answers are tried; all where it is empty. The solution is graded whole.
    watch : callable
        Gets the findings and how many there will be, and gives them back one by one: a progress bar.

    Raises
    ------
    CourseError, SourceError, HiddenTestError, HostError
        If there is nothing that could be proved.
    """
    begin = time.perf_counter()
    found = narrowed(plan(course, assignment), only)
    findings = list(watch(prove(found, jobs=jobs), found.size))
    order = {exercise.name: place for place, exercise in enumerate(found.assignment.exercises)}
    sections = (*LOOKED_AT, *TRIED, *SOUGHT)
    ranked = sorted(findings, key=lambda item: (sections.index(item.section), order.get(item.exercise, -1), item.label))
    return Proof(found.assignment.name, tuple(ranked), found.lacks, time.perf_counter() - begin, tuple(order))
