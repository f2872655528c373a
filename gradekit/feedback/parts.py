"""What stands on a feedback page, exercise by exercise: the gradebook's score, the tests' words, the learner's cell.

Three sources meet here. The gradebook has the last word on every score; a report's tests are shown only where they gave
the automatic score that the gradebook has, since otherwise they tell of another grading; the cells are those of the
autograded notebook. Nothing of a graded cell but its score is shown: hidden tests stand in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from markupsafe import Markup

from gradekit.course.notebook import GRADE_SUFFIX, HIDDEN_TESTS
from gradekit.feedback import advice
from gradekit.feedback.handed_in import MAX_SHOWN, NotebookAnswers
from gradekit.feedback.pictures import draw
from gradekit.model import Role, Verdict
from gradekit.pages import learner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gradekit.gradebook.scores import Mark, NotebookMarks
    from gradekit.model import Cell, Diagnosis, ExerciseResult, GradeReport, TestResult


MAX_MESSAGE = 1_500  # characters of one message
MAX_PICTURES = 2_000_000  # bytes of the pictures on one page
NOTHING = Markup()


@dataclass(frozen=True)
class FailedTests:
    """Tests that failed in the same way: what was asked, and what happened."""

    sentences: tuple[str, ...]
    verdict: str
    message: str
    pictures: tuple[Markup, ...] = ()


@dataclass(frozen=True)
class Part:
    """One exercise or question on the page.

    Attributes
    ----------
    anchor : str
        Its id in the page.
    state : str
        ``good``, ``lost`` or ``wait``; `said` is the same in words.
    notes : tuple of str
        What to know of the score, a sentence each.
    held : tuple of str
        What was asked and holds.
    later : tuple of str
        What has not been looked at yet, since something else must hold first.
    shown : Markup
        What the cell showed, where a person grades it.
    written : str
        ``code`` or ``text``: what the learner's cell is.
    blank : bool
        Whether its tests met nothing but the line that the cell was given out with.
    unfold : bool
        Whether the cell is shown at once.
    """

    anchor: str
    heading: str
    points: float
    score: float | None
    state: str
    said: str
    notes: tuple[str, ...] = ()
    diagnosis: Diagnosis | None = None
    findings: tuple[FailedTests, ...] = ()
    held: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    hint: str = ""
    comment: str = ""
    cell: Markup = NOTHING
    shown: Markup = NOTHING
    written: str = "code"
    blank: bool = False
    unfold: bool = True


def make_parts(marks: NotebookMarks, written: NotebookAnswers, report: GradeReport | None) -> tuple[Part, ...]:
    """Put a notebook's page together, in the notebook's order."""
    place = {name: index for index, name in enumerate(written.cells)}
    ordered = sorted(marks.marks, key=lambda mark: (place.get(mark.grade_id, len(place)), mark.grade_id))
    said = {result.graded or result.exercise + GRADE_SUFFIX: result for result in report.exercises} if report else {}
    inline = {result.grade_id for result in report.inline} if report else set()
    room = _Room()
    titles = _titles(ordered, written)
    parts = []
    for number, mark in enumerate(ordered, start=1):
        maker = _Maker(f"part-{number}", titles[mark.grade_id], mark, marks, written, room)
        result = said.get(mark.grade_id)
        current = result is not None and _same(result.score, mark.auto)
        parts.append(maker.tested(result) if result and current else maker.other(inline=mark.grade_id in inline))
    return (*_said_once(parts), *_remarks(marks, written, parts, ordered))


def unread_parts(marks: NotebookMarks) -> tuple[Part, ...]:
    """Return what a person has said of a notebook that could not be read: there is nothing else to say of its parts."""
    known = {mark.grade_id for mark in marks.marks if mark.given is not None}
    given = replace(marks, marks=tuple(mark for mark in marks.marks if mark.grade_id in known))
    return make_parts(given, NotebookAnswers(), None)


def _said_once(parts: Sequence[Part]) -> Iterator[Part]:
    """Give the advice for a cell that was not begun, in full at the first of them."""
    hint = advice.BLANK
    for part in parts:
        if part.blank and part.state == "lost":
            yield replace(part, hint=hint)
            hint = advice.BLANK_TOO
        else:
            yield part


def _same(one: float | None, other: float | None) -> bool:
    return one == other if one is None or other is None else math.isclose(one, other, abs_tol=1e-9)


def _titles(marks: Sequence[Mark], written: NotebookAnswers) -> dict[str, str]:
    """Name each part by the heading that it stands under, and by its own name where several stand under one."""
    found = {mark.grade_id: written.headings.get(mark.grade_id, "") for mark in marks}
    titles = list(found.values())
    plain = {name: name.removesuffix(GRADE_SUFFIX) for name in found}
    return {
        name: plain[name] if not title else f"{title}: {plain[name]}" if titles.count(title) > 1 else title
        for name, title in found.items()
    }


class _Room:
    """How much of a page the pictures may still take."""

    def __init__(self) -> None:
        self.left = MAX_PICTURES

    def take(self, found: Iterable[Markup | None]) -> tuple[Markup, ...]:
        """Return the pictures that there is room for."""
        taken = []
        for made in found:
            if made and len(made) <= self.left:
                self.left -= len(made)
                taken.append(made)
        return tuple(taken)


@dataclass(frozen=True)
class _Maker:
    """What one part is made from."""

    anchor: str
    heading: str
    mark: Mark
    marks: NotebookMarks
    written: NotebookAnswers
    room: _Room

    def tested(self, result: ExerciseResult) -> Part:
        """Make the part of an exercise that hidden tests have judged."""
        held, failed, waiting = _sorted(result.tests)
        cell = self.written.answer_of(self.mark.grade_id)
        blank = cell is not None and not advice.begun(result.tests, cell.source)
        part = self._part(marked=[test.line for test in failed if test.line], blank=blank)
        if blank:
            part = replace(part, unfold=False)
            failed, waiting = (), (*failed, *waiting)
        if part.state == "lost":
            part = replace(part, diagnosis=result.diagnosis, hint="" if blank else advice.hint(result.tests))
        return replace(
            part,
            notes=(FOLLOWED, *part.notes) if result.follow_through else part.notes,
            findings=_findings(failed, self.anchor, self.room),
            held=_sentences(held),
            later=_sentences(waiting),
        )

    def other(self, *, inline: bool) -> Part:
        """Make the part of a cell that a person grades, or tests of another making do."""
        part = self._part()
        graded = self.written.cells.get(self.mark.grade_id)
        if graded is None or graded.role in (Role.MANUAL, Role.TASK):
            return part
        lost = part.state == "lost" and not self.mark.waits
        findings = _inline_findings(graded, self.written) if lost else ()
        notes = (INLINE, *part.notes) if inline else part.notes
        return replace(part, notes=(*notes, WORDLESS) if lost and not findings else notes, findings=findings)

    def _part(self, *, marked: Sequence[str] = (), blank: bool = False) -> Part:
        """Make what every part has: the score, the comment, the learner's cell."""
        cell = self.written.answer_of(self.mark.grade_id)
        name = cell.grade_id if cell else self.mark.grade_id
        state, said = _state(self.mark, blank=blank or name in self.marks.unchanged)
        open_ended = cell is not None and cell.role in (Role.MANUAL, Role.TASK)
        return Part(
            anchor=self.anchor,
            heading=self.heading,
            points=self.mark.points,
            score=self.mark.score,
            state=state,
            said=said,
            notes=self._notes(),
            comment=self.marks.comments.get(name, ""),
            cell=_cell(cell, self.written, marked),
            shown=_shown(name, self.written, self.room) if open_ended or state == "lost" else NOTHING,
            written="code" if cell is None or cell.kind == "code" else "text",
            blank=blank,
            unfold=state != "good" or open_ended or name in self.marks.comments,
        )

    def _notes(self) -> tuple[str, ...]:
        """Return what to know of the score beside the tests."""
        mark, notes = self.mark, []
        if mark.waits:
            notes.append(WAITS if mark.score is None else WAITS_AGAIN if mark.manual is None else CHANGED)
        elif mark.manual is not None:
            notes.append("A person has looked at this and given the score.")
        if mark.extra:
            notes.append(f"The score includes {mark.extra:.6g} of extra credit.")
        return tuple(notes)


FOLLOWED = (
    "Something earlier in your notebook is not right yet, so this was judged with right earlier functions in place of "
    "yours. A mistake costs once."
)
INLINE = "This was graded by tests in the notebook itself."
WORDLESS = "Only the score is known here. The visible checks in the notebook say more; so does your instructor."
WAITS = "A person will look at this. Until then it counts nothing, and nothing is lost."
CHANGED = (
    "A person gave this score, and your answer has changed since. A person will look at it again, so the score may "
    "still change."
)
WAITS_AGAIN = "A person will look at this again, so the score may still change."


def _state(mark: Mark, *, blank: bool) -> tuple[str, str]:
    if mark.score is None:
        return "wait", "a person will look"
    if mark.score >= mark.points:
        return "good", "all points"
    if mark.score > 0:
        return "lost", "partly there"
    return "lost", "not begun yet" if blank else "not there yet"


def _sorted(tests: Sequence[TestResult]) -> tuple[tuple[TestResult, ...], ...]:
    """Return the tests that hold, those that failed, and those that wait for another."""
    waiting = tuple(test for test in tests if test.waits_for)
    held = tuple(test for test in tests if test.verdict is Verdict.AC)
    return held, tuple(test for test in tests if test not in held + waiting), waiting


def _sentences(tests: Iterable[TestResult]) -> tuple[str, ...]:
    return tuple(test.sentence for test in tests)


def _findings(failed: Sequence[TestResult], anchor: str, room: _Room) -> tuple[FailedTests, ...]:
    """Put tests that failed in the same way together, in their order."""
    groups: dict[tuple[Verdict, str], list[TestResult]] = {}
    for test in failed:
        groups.setdefault((test.verdict, test.message), []).append(test)
    found = []
    for number, ((verdict, message), tests) in enumerate(groups.items(), start=1):
        given = [test.picture for test in tests if test.picture is not None][:1]
        drawn = (draw(item, name=f"{anchor}-picture-{number}") for item in given)
        sentences = tuple(test.sentence for test in tests)
        found.append(FailedTests(sentences, VERDICTS[verdict], message[:MAX_MESSAGE], room.take(drawn)))
    return tuple(found)


VERDICTS: Mapping[Verdict, str] = {
    Verdict.WA: "Not yet",
    Verdict.RTE: "Stopped with an error",
    Verdict.TLE: "Took too long",
    Verdict.MLE: "Needed too much memory",
    Verdict.OLE: "Returned too much",
    Verdict.IE: "Undecided",
}


def _inline_findings(graded: Cell, written: NotebookAnswers) -> tuple[FailedTests, ...]:
    """Say how a graded cell of another making ended; its text only where nothing hidden stands in the cell."""
    error = written.shown(graded.grade_id).error
    if error is None:
        return ()
    kind, text = error
    secret = f"BEGIN {HIDDEN_TESTS}" in graded.source or not text.strip()
    return (FailedTests(("The tests of this cell pass.",), "Not yet", f"{kind}." if secret else f"{kind}: {text}"),)


def _cell(cell: Cell | None, written: NotebookAnswers, marked: Sequence[str]) -> Markup:
    if cell is None:
        return Markup()
    if cell.kind == "code":
        return learner.code(cell.source, marked=marked)
    return learner.markdown(cell.source, attachments=written.attachments(cell.grade_id))


def _shown(name: str, written: NotebookAnswers, room: _Room) -> Markup:
    """Return what a cell printed and drew, where a person grades it, and how it stopped, where it did."""
    shown = written.shown(name)
    drawn = room.take(learner.picture(data, words="a figure that your cell drew") for data in shown.figures)
    made = Markup().join(drawn)
    if shown.text.strip():
        made = Markup("<pre><samp>{}</samp></pre>").format(learner.plain(shown.text, most=MAX_SHOWN)) + made
    if shown.error:
        kind, text = shown.error
        made += Markup("<p>The cell stopped: <code>{}</code></p>").format(f"{kind}: {text}" if text else kind)
    return made


def _remarks(
    marks: NotebookMarks, written: NotebookAnswers, parts: Sequence[Part], ordered: Sequence[Mark]
) -> tuple[Part, ...]:
    """Return the comments on cells that carry no points of their own."""
    known = {cell.grade_id for mark in ordered if (cell := written.answer_of(mark.grade_id))}
    known |= {mark.grade_id for mark in ordered}
    rest = [(name, text) for name, text in marks.comments.items() if name not in known]
    return tuple(
        Part(f"part-{number}", written.headings.get(name) or name, 0.0, None, "note", "a comment", comment=text)
        for number, (name, text) in enumerate(rest, start=len(parts) + 1)
    )
