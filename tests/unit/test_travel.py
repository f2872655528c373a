"""Tests of gradekit.grade.travel: a submission and its judging come through as they were, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradekit.errors import GradekitError
from gradekit.grade import travel
from gradekit.grade.travel import pack_hand_in, pack_judged, unpack_hand_in, unpack_judged
from gradekit.model import (
    CellRun,
    Diagnosis,
    ExerciseResult,
    HandedNotebook,
    HandIn,
    InlineResult,
    Judged,
    JudgedNotebook,
    Note,
    Picture,
    TestResult,
    Verdict,
)

NODE = {"nbformat": 4, "cells": [{"cell_type": "code", "source": "x\ud800", "metadata": {"big": 10**400}}]}
NOTES = (Note("a line"), Note("two is undecided: why", undecided="two", urgent=True))
HAND_IN = HandIn(
    "small",
    "Éve\udcff",
    (HandedNotebook("one", NODE), HandedNotebook("two", NODE, "why", runs=False, undrawn=frozenset({0}))),
    ("three",),
    Path("/course/.gradekit/grade-1/out"),
    "0abc",
    NOTES,
)
SHOWN = {"output_type": "stream", "name": "stdout", "text": "half a pair \ud800 \x00"}
TESTED = ExerciseResult(
    "double",
    0.5,
    0.25,
    (
        TestResult(
            "values", "It doubles.", 2, Verdict.WA, "No.", picture=Picture("error", "y", (1, 2), ((0.5, -1.0),))
        ),
        TestResult("keeps", "It keeps.", 1, Verdict.AC),
    ),
    follow_through=True,
    diagnosis=Diagnosis("squares", "Squared", "What is 3 doubled?", "x * x"),
)
JUDGED = Judged(
    (
        JudgedNotebook(
            "one",
            {0: CellRun(ok=True, outputs=[SHOWN], count=1), 7: CellRun(ok=False, outputs=[], count=None)},
            (TESTED,),
            (InlineResult("other", 1.0, None, "no score"),),
            NOTES,
            {"cells": 0.5, "tests": 0.25},
        ),
    ),
    "landlock+seccomp",
    {"numpy": "2.4"},
    1.25,
    ("processes",),
)


def test_a_submission_comes_through() -> None:
    """Every field of a submission is what it was, text that UTF-8 cannot hold and numbers without end included."""
    assert unpack_hand_in(pack_hand_in(HAND_IN)) == HAND_IN


def test_a_judging_comes_through() -> None:
    """Every field of a judging is what it was."""
    assert unpack_judged(pack_judged(JUDGED)) == JUDGED


@given(st.text(), st.text(), st.lists(st.text()))
def test_any_text_comes_through(text: str, name: str, names: list[str]) -> None:
    """Whatever a learner has typed, printed or called a file."""
    taken = HandIn(
        text, name, (HandedNotebook(name, {"cells": [text]}, text),), tuple(names), Path("x"), "", (Note(text),)
    )
    assert unpack_hand_in(pack_hand_in(taken)) == taken


@given(st.binary(max_size=200))
def test_noise_is_refused_in_one_sentence(data: bytes) -> None:
    """Bytes that are no submission raise what the command line says in one sentence, and nothing else."""
    for unpack in (unpack_hand_in, unpack_judged):
        with pytest.raises(GradekitError, match="was damaged"):
            unpack(data)


@pytest.mark.parametrize(
    "forged",
    [
        [[["one", "{}", 3, True]], ["a", "b", [], "f", "d"], []],
        [[["one", "not JSON", "", True]], ["a", "b", [], "f", "d"], []],
        [[], ["a", "b", [], "f"], []],
        [[], ["a", "b", [], "f", "d"], [["text"]]],
        [[], ["a", "b", [], "f", b"d"], []],
    ],
    ids=["a number for a text", "no JSON", "a field is missing", "half a note", "bytes for a text"],
)
def test_another_form_is_refused(forged: Any) -> None:
    """A frame whose parts are of other types than they should be is damaged."""
    with pytest.raises(GradekitError, match="was damaged"):
        unpack_hand_in(msgpack.packb(forged))


def test_no_score_is_made_up() -> None:
    """A judging whose verdict is no verdict is refused, and is no accepted test."""
    frame = msgpack.unpackb(pack_judged(JUDGED), unicode_errors="surrogatepass")
    frame[0][0][2][0]["tests"][0]["verdict"] = "accepted"
    with pytest.raises(GradekitError, match="was damaged"):
        unpack_judged(msgpack.packb(frame, unicode_errors="surrogatepass"))


def test_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame above the bound is not even decoded."""
    monkeypatch.setattr(travel, "FRAME_BYTES", 10)
    with pytest.raises(GradekitError, match="10 are allowed"):
        unpack_hand_in(pack_hand_in(HAND_IN))
