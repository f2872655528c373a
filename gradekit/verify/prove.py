"""Prove the hidden tests of an assignment: what they must accept, what they must reject, what must stay secret.

In mutmut's order: the solution earns all, an empty answer earns none, and only then is anything believed of
misconceptions, alternatives and mutants. Then it is looked for what nobody has written down: answers whose values are
all wrong, answers spoilt in general ways, verdicts that depend on the secret, mistakes that get another's name.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gradekit.course import notebook
from gradekit.errors import HiddenTestError, UsageError
from gradekit.grade.judge import Grading, refuse_readable
from gradekit.gradebook.settings import read_limits, read_settings
from gradekit.judging import catalogue
from gradekit.judging.assignment import load_assignment
from gradekit.judging.declare import TestedExercise
from gradekit.judging.reference import solution_cells
from gradekit.model import Verdict
from gradekit.release.inspection import find_secrets
from gradekit.verify import exposure, here
from gradekit.verify.empties import EMPTY, emptied
from gradekit.verify.findings import (
    LOOKED_AT,
    NAMES,
    SECRETS,
    SOUGHT,
    SPOILT,
    TRAINING,
    TRIED,
    WRONG_VALUES,
    Proof,
    ProofFinding,
)
from gradekit.verify.mutants import load_equivalents, mutants
from gradekit.verify.spoilt import WORTHLESS
from gradekit.verify.trials import Trial, grade_under_two_hash_seeds, load_training, lost, try_answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gradekit.course.course import Course
    from gradekit.judging.assignment import Assignment
    from gradekit.judging.catalogue import Alternative, Misconception
    from gradekit.judging.declare import HiddenTest
    from gradekit.model import ExerciseResult, Limits
    from gradekit.release.inspection import Leak, Secret
    from gradekit.verify.mutants import Equivalent, Mutant
    from gradekit.verify.trials import TrialResult


EQUIVALENT_SHARE = 0.05  # of the mutants; one is always allowed
UNNAMED_SHARE = 0.05  # of the known mistakes, one always: some show in an error alone, or in draws alone
RESULTS = "the results"  # what equivalents.toml says `was` of answers that are spoilt without a look at the solution
SHOWN = 3  # of the messages in which a fault shows


@dataclass(frozen=True)
class Plan:
    """What is to be proved of an assignment."""

    course: Course
    assignment: Assignment
    limits: Limits
    misconceptions: tuple[Misconception, ...]
    alternatives: tuple[Alternative, ...]
    mutants: tuple[Mutant, ...]
    equivalents: tuple[Equivalent, ...]
    secrets: tuple[Secret, ...]
    sought: tuple[Trial, ...]
    only: tuple[str, ...] = ()  # exercises; empty for all

    def tries(self, exercise: str) -> bool:
        """Tell whether answers to an exercise are tried."""
        return not self.only or exercise in self.only

    @property
    def size(self) -> int:
        """How many findings there will be, where nothing is wrong early."""
        forced = sum(map(self.tries, (exercise.name for exercise in self.assignment.exercises)))
        tried = len(self.assignment.exercises) + forced * len(EMPTY)
        return (
            tried
            + len(self.misconceptions)
            + len(self.alternatives)
            + len(self.mutants)
            + len(self.sought)
            + len(LOOKED_AT)
        )

    @property
    def lacks(self) -> tuple[str, ...]:
        """What the assignment's catalogue lacks, one line each; the rest is proved all the same."""
        hidden = self.course.hidden(self.assignment.name)
        known = {"misconception": self.misconceptions, "alternative": self.alternatives}
        return tuple(
            f"Exercise '{exercise.name}' has no {kind}: write one in {hidden / f'{kind}s.py'}."
            for kind, found in known.items()
            for exercise in self.assignment.exercises
            if self.tries(exercise.name) and all(item.exercise != exercise.name for item in found)
        )


def plan(course: Course, assignment: str) -> Plan:
    """Load what an assignment's proof needs.

    Raises
    ------
    CourseError, SourceError, HiddenTestError, HostError
        If there is nothing that could be proved.
    """
    course.check_assignment(assignment)
    refuse_readable(Grading(course, assignment))
    loaded = load_assignment(course, assignment)
    none = TestedExercise("")
    untested = [item.name for item in loaded.exercises if not loaded.tested.get(item.name, none).tests]
    if untested or not loaded.exercises:
        what = f"exercise {', '.join(untested)} of '{assignment}'" if untested else f"'{assignment}', for it has none"
        raise HiddenTestError(
            f"There is no hidden test for {what}.", help=f"Write one in {course.hidden(assignment) / 'tests.py'}."
        )
    wrong = catalogue.load_misconceptions(course, assignment, loaded.exercises, loaded.solution)
    right = catalogue.load_alternatives(course, assignment, loaded.exercises, loaded.solution)
    return Plan(
        course=course,
        assignment=loaded,
        limits=read_limits(read_settings(course)),
        misconceptions=wrong,
        alternatives=right,
        sought=tuple(_sought(loaded, wrong, right, trains=load_training(course, assignment) is not None)),
        mutants=tuple(mutant for exercise in loaded.exercises for mutant in mutants(exercise)),
        equivalents=load_equivalents(course.hidden(assignment) / "equivalents.toml"),
        secrets=tuple(find_secrets(course, assignment)),
    )


def narrowed(found: Plan, only: Sequence[str]) -> Plan:
    """Return what is to be proved of some exercises; of all where none is named.

    Raises
    ------
    UsageError
        If one of them is no exercise of the assignment.
    """
    known = [exercise.name for exercise in found.assignment.exercises]
    for name in only:
        if name not in known:
            raise UsageError(
                f"'{found.assignment.name}' has no exercise '{name}'.", help=f"It has: {', '.join(known)}."
            )
    if not only:
        return found
    return replace(
        found,
        only=tuple(only),
        misconceptions=tuple(item for item in found.misconceptions if item.exercise in only),
        alternatives=tuple(item for item in found.alternatives if item.exercise in only),
        mutants=tuple(item for item in found.mutants if item.exercise in only),
        equivalents=tuple(item for item in found.equivalents if item.exercise in only),
        sought=tuple(item for item in found.sought if item.exercise in only),
    )


def prove(found: Plan, *, jobs: int) -> Iterator[ProofFinding]:
    """Look at everything, in order, and yield each finding; stop where nothing further could be believed."""
    yield _finding("leaks", "", "", _leaks(found))
    yield _finding("stubs", "", "", _stubs(found))
    yield from _unfit(found)
    with try_answers(found.course, found.assignment.name, found.limits, jobs=jobs) as run:
        clean = [finding for tried in run([Trial("clean run")]) for finding in _clean(tried)]
        yield from clean
        if any(finding.problem for finding in clean):
            return
        failed = set()
        for tried in run(_forced(found)):
            finding = _judged(found, tried)
            if finding.problem:
                failed.add(finding.exercise)
            yield finding
        for tried in run([trial for trial in _trials(found) if trial.exercise not in failed]):
            yield _judged(found, tried)
        yield from _looked_for(found, run([trial for trial in found.sought if trial.exercise not in failed]))
    yield _finding("determinism", "", "", _determinism(found))


def _finding(section: str, exercise: str, label: str, problem: tuple[str, str] | None) -> ProofFinding:
    return ProofFinding(section, exercise, label, *(problem or ()))


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
    return f"students could read: {_shown(given)}", "Say it in other words, or take the file away; then release again."


def _stubs(found: Plan) -> tuple[str, str] | None:
    cells = solution_cells(notebook.cells(notebook.read(found.course.source(found.assignment.name))))
    dangers = exposure.stub_dangers(cells, found.assignment.exercises)
    if not dangers:
        return None
    advice = "Learners' code may call these functions on the trusted side: take out what reads files or runs text."
    return f"the solution is not safe to be called by learners: {_shown(dangers)}", advice


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


def _shown(lines: Sequence[str | Leak]) -> str:
    more = f"; and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return "; ".join(map(str, lines[:SHOWN])) + more


# --- exercise by exercise --------------------------------------------------------------------------------------------


def _forced(found: Plan) -> list[Trial]:
    return [
        Trial("forced failure", exercise.name, kind, emptied(exercise, kind))
        for exercise in found.assignment.exercises
        if found.tries(exercise.name)
        for kind in EMPTY
    ]


def _trials(found: Plan) -> list[Trial]:
    """Return what is tried once the tests can be believed; the long ones first, so that no core waits at the end."""
    known = {"misconceptions": found.misconceptions, "alternatives": found.alternatives}
    whole = [
        Trial(section, item.exercise, item.label, item.source) for section, items in known.items() for item in items
    ]
    brief = [
        Trial("mutants", item.exercise, f"{item.was} → {item.now or '(taken out)'}", item.source, brief=True)
        for item in found.mutants
    ]
    return whole + brief


def _sought(
    assignment: Assignment, wrong: Sequence[Misconception], right: Sequence[Alternative], *, trains: bool
) -> Iterator[Trial]:
    """Yield what is tried to find what nobody has written down."""
    for exercise in assignment.exercises:
        for kind, source in here.kinds(assignment, exercise):
            yield Trial(WRONG_VALUES if kind in WORTHLESS else SPOILT, exercise.name, kind, source)
        if here.draws_inputs(assignment, exercise.name):
            mine = (item for item in (*wrong, *right) if item.exercise == exercise.name)
            yield from (Trial(SECRETS, item.exercise, item.label) for item in mine)
    for section in (NAMES, *([TRAINING] if trains else [])):
        yield from (Trial(section, item.exercise, item.label) for item in wrong)


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
            problem, reason = _with_reason(found, (trial.exercise, RESULTS, trial.label), problem)
        yield ProofFinding(trial.section, trial.exercise, trial.label, *(problem or ("", "")), reason=reason)
    for tried in unnamed:
        few = len(unnamed) <= max(1, UNNAMED_SHARE * len(found.misconceptions))
        advice = "" if few else "Ask more in a test that rejects it: two answers at least that say something."
        said = (NAMES, tried.trial.exercise, tried.trial.label)
        yield ProofFinding(*said, "" if few else tried.unnamed, advice, reason=tried.unnamed if few else "")


def _clean(tried: TrialResult) -> Iterator[ProofFinding]:
    for result in tried.results:
        yield _finding("clean run", result.exercise, "the solution", _not_full(result, "the solution"))


def _not_full(result: ExerciseResult, who: str) -> tuple[str, str] | None:
    """Say why a right answer did not earn all points at the first judging."""
    bad = next((test for test in result.tests if test.verdict is not Verdict.AC), None)
    if bad is None and not result.follow_through:
        return None
    if bad is None:
        return (
            f"{who} earns the points of {result.exercise} only by follow-through",
            "A test asks more of an earlier function than that function's own exercise does.",
        )
    if bad.broke:
        return _undecided(who, bad.test, bad.message)
    return (
        f'{who} loses points in {result.exercise}: {bad.test} says "{bad.message}"',
        "Mend that hidden test, or what it compares with: gradekit freeze.",
    )


def _undecided(who: str, test: str, message: str) -> tuple[str, str]:
    return f"{test} fails on {who}: {message}", "Let that hidden test demand the answer's form before it uses it."


def _judged(found: Plan, tried: TrialResult) -> ProofFinding:
    trial = tried.trial
    own = tried.results[0]
    judge = {
        "forced failure": _forced_problem,
        "misconceptions": _misconception_problem,
        "alternatives": _alternative_problem,
        "mutants": _mutant_problem,
    }[trial.section]
    bad = next((test for test in own.tests if test.broke), None)
    problem = judge(found, tried) if bad is None else _undecided(f"`{trial.label}`", bad.test, bad.message)
    reason = ""
    if trial.section == "mutants":
        problem, reason = _listed(found, trial, problem)
    return ProofFinding(trial.section, trial.exercise, trial.label, *(problem or ("", "")), reason=reason)


def _elsewhere(tried: TrialResult) -> tuple[str, str] | None:
    """Say where an answer costs points in another exercise than its own."""
    others = [result.exercise for result in lost(tried.results[1:])]
    if not others:
        return None
    return (
        f"it also loses points in {', '.join(others)}",
        "A mistake must cost once: let the tests there need only what the earlier exercises promise.",
    )


def _forced_problem(_: Plan, tried: TrialResult) -> tuple[str, str] | None:
    own = tried.results[0]
    if own.score:
        passed = ", ".join(test.test for test in own.tests if test.verdict is Verdict.AC)
        return (
            f"an answer that {tried.trial.label} earns {own.score:g} of {own.points:g} points ({passed})",
            "Such a test proves nothing alone: give it requires= with the test of the values.",
        )
    return _elsewhere(tried)


def _misconception_problem(found: Plan, tried: TrialResult) -> tuple[str, str] | None:
    own = tried.results[0]
    if not lost([own]):
        return (
            "it keeps all its points",
            "Write a hidden test that rejects it, or sharpen the one that kills= it.",
        )
    wrongly_claimed = _kills_problem(found.assignment.tested[own.exercise].tests, own, tried.trial.label)
    if wrongly_claimed:
        return wrongly_claimed
    told = {f"what {result.test} says": result.message for result in own.tests}
    given = exposure.message_leaks(told, secrets=found.secrets, own=tried.trial.source)
    if given:
        return f"a learner would be told a secret: {_shown(given)}", "Say it in other words in that hidden test."
    return _elsewhere(tried)


def _kills_problem(tests: Sequence[HiddenTest], own: ExerciseResult, label: str) -> tuple[str, str] | None:
    """Say where what the tests claim to kill is not what they have rejected."""
    claimed = [test for test in tests if label in test.kills]
    accepted = {result.test for result in own.tests if result.verdict is Verdict.AC}
    if not claimed:
        rejecting = ", ".join(test.name for test in tests if test.name not in accepted)
        return "no test's kills= names it", f"Add '{label}' to the kills= of one that rejects it: {rejecting}."
    for test in claimed:
        if test.name in accepted or not set(test.requires) <= accepted:
            how = "accepts it" if test.name in accepted else "never runs on it, for a test that it requires= fails"
            return f"kills= of {test.name} names it, but the test {how}", "Improve the test, or take the label out."
    return None


def _alternative_problem(_: Plan, tried: TrialResult) -> tuple[str, str] | None:
    return _not_full(tried.results[0], "it") or _elsewhere(tried)


def _mutant_problem(_: Plan, tried: TrialResult) -> tuple[str, str] | None:
    if lost(tried.results):
        return None
    return (
        "this mutant of the solution survives",
        "Write a hidden test that rejects it; where none can, list it in equivalents.toml with a reason.",
    )


def _listed(found: Plan, trial: Trial, problem: tuple[str, str] | None) -> tuple[tuple[str, str] | None, str]:
    """Return what is wrong with a mutant, given the list of equivalent ones, and the reason that is listed."""
    (mutant,) = [item for item in found.mutants if item.source == trial.source and item.exercise == trial.exercise]
    return _with_reason(found, (mutant.exercise, mutant.was, mutant.now), problem)


def _with_reason(
    found: Plan, key: tuple[str, str, str], problem: tuple[str, str] | None
) -> tuple[tuple[str, str] | None, str]:
    reason = _reasons(found).get(key, "")
    if reason and problem is None:
        return ("equivalents.toml lists it, but a hidden test kills it", "Take it out of equivalents.toml."), ""
    return (None, reason) if reason else (problem, "")


def _reasons(found: Plan) -> dict[tuple[str, str, str], str]:
    return {(item.exercise, item.was, item.now): item.reason for item in found.equivalents}


def _unfit(found: Plan) -> Iterator[ProofFinding]:
    """Yield what is wrong with the lists themselves: with kills=, and with the equivalent mutants."""
    yield from _unfit_kills(found)
    yield from _unfit_equivalents(found)


def _unfit_kills(found: Plan) -> Iterator[ProofFinding]:
    known = {(item.exercise, item.label) for item in found.misconceptions}
    for name, tested in found.assignment.tested.items():
        if not found.tries(name):
            continue
        for label in sorted({label for test in tested.tests for label in test.kills} if known else ()):
            if (name, label) not in known:
                problem = "a test's kills= names it, but misconceptions.py has no such one for this exercise"
                yield ProofFinding("misconceptions", name, label, problem, "Write the misconception, or mend the name.")


def _unfit_equivalents(found: Plan) -> Iterator[ProofFinding]:
    made = {(mutant.exercise, mutant.was, mutant.now) for mutant in found.mutants}
    made |= {(trial.exercise, RESULTS, trial.label) for trial in found.sought if trial.section == SPOILT}
    for exercise, was, now in _reasons(found).keys() - made:
        problem = "equivalents.toml lists it, but there is no such mutant"
        yield ProofFinding(
            "mutants", exercise, f"{was} → {now}", problem, "Take it out, or write the lines as they stand."
        )
    most = max(1, int(EQUIVALENT_SHARE * len(found.mutants)))
    listed = sum(item.was != RESULTS for item in found.equivalents)
    if listed > most:
        problem = f"{listed} of {len(found.mutants)} mutants are listed as equivalent; {most} may be"
        advice = "Most of them can be killed by a sharper hidden test."
        yield ProofFinding("mutants", "", "equivalents.toml", problem, advice)


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
