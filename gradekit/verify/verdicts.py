"""What is wrong where an answer was judged otherwise than it must be, and where an assignment's lists do not fit it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradekit.model import Verdict
from gradekit.verify import exposure, here
from gradekit.verify.findings import SPOILT, ProofFinding
from gradekit.verify.trials import lost

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradekit.judging.declare import HiddenTest
    from gradekit.model import ExerciseResult
    from gradekit.release.inspection import Leak
    from gradekit.verify.plan import Plan
    from gradekit.verify.trials import Trial, TrialResult


EQUIVALENT_SHARE = 0.05  # of the mutants; one is always allowed
SURVIVES = (
    "Write a hidden test that rejects it. Where none can, list it in equivalents.toml, beside tests.py: "
    "[[equivalent]], with exercise, was, now and a reason."
)
RESULTS = "the results"  # what equivalents.toml says `was` of answers that are spoilt without a look at the solution
SHOWN = 3  # of the messages in which a fault shows


def listed_shortly(lines: Sequence[str | Leak]) -> str:
    """Return the first few of what was found, and how many more there are."""
    more = f"; and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return "; ".join(map(str, lines[:SHOWN])) + more


def clean(found: Plan, tried: TrialResult) -> Iterator[ProofFinding]:
    """Yield what is wrong where the solution itself was judged, for each exercise."""
    for result in tried.results:
        problem = _broken(found, result) or _not_full(result, "the solution")
        yield ProofFinding.of("clean run", result.exercise, "the solution", problem)


def _broken(found: Plan, result: ExerciseResult) -> tuple[str, str] | None:
    """Say which error of its own a hidden test ends in on the solution, and where; None where there is none."""
    test = next((test.test for test in result.tests if test.broke), None)
    said = here.cause(found.assignment, result.exercise, test) if test else ""
    if not said:
        return None
    return f"{test} fails on the solution: {said}", "Mend that line, or what it is given: gradekit freeze."


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


def judged(found: Plan, tried: TrialResult) -> ProofFinding:
    """Return what came of an answer that was tried on the hidden tests."""
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
        return (
            f"a learner would be told a secret: {listed_shortly(given)}",
            "Say it in other words in that hidden test.",
        )
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
    return "this mutant of the solution survives", SURVIVES


def _listed(found: Plan, trial: Trial, problem: tuple[str, str] | None) -> tuple[tuple[str, str] | None, str]:
    """Return what is wrong with a mutant, given the list of equivalent ones, and the reason that is listed."""
    (mutant,) = [item for item in found.mutants if item.source == trial.source and item.exercise == trial.exercise]
    return with_reason(found, (mutant.exercise, mutant.was, mutant.now), problem)


def with_reason(
    found: Plan, key: tuple[str, str, str], problem: tuple[str, str] | None
) -> tuple[tuple[str, str] | None, str]:
    """Return what is wrong, given the list of what nothing can tell apart, and the reason that is listed."""
    reason = _reasons(found).get(key, "")
    if reason and problem is None:
        return ("equivalents.toml lists it, but a hidden test kills it", "Take it out of equivalents.toml."), ""
    return (None, reason) if reason else (problem, "")


def _reasons(found: Plan) -> dict[tuple[str, str, str], str]:
    return {(item.exercise, item.was, item.now): item.reason for item in found.equivalents}


def unfit(found: Plan) -> Iterator[ProofFinding]:
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
