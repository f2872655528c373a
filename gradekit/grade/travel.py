"""HandIn and Judged as bytes, and back: how a submission reaches another process and comes home.

A msgpack frame of plain values, never pickle. What is read back is held to its form and its bounds, since what a
learner has written is in it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgpack

from gradekit.course import reports
from gradekit.errors import GradekitError
from gradekit.model import CellRun, HandedNotebook, HandIn, Judged, JudgedNotebook, Note

FRAME_BYTES = 2**30  # a notebook has at most 32 MiB when it is handed in; its outputs have bounds of their own
_TEXT = "surrogatepass"  # what a learner has printed may hold half a pair


def pack_hand_in(hand_in: HandIn) -> bytes:
    """Return a submission as bytes; its files stay where they are, and their folder is named."""
    notebooks = [
        [found.name, json.dumps(found.node), found.problem, found.runs, dict(found.doubts), sorted(found.undrawn)]
        for found in hand_in.notebooks
    ]
    kept = [hand_in.assignment, hand_in.student, list(hand_in.missing), str(hand_in.files), hand_in.digest]
    return pack([notebooks, kept, _plain_notes(hand_in.notes), dict(hand_in.points)])


def unpack_hand_in(data: bytes) -> HandIn:
    """Return the submission that the bytes hold.

    Raises
    ------
    GradekitError
        If they are damaged.
    """
    try:
        notebooks, (assignment, student, missing, files, digest), notes, points = unpack(data)
        found = tuple(
            HandedNotebook(
                _str(name), json.loads(node), _str(problem), bool(runs), doubts=_words(doubts), undrawn=_places(undrawn)
            )
            for name, node, problem, runs, doubts, undrawn in notebooks
        )
        return HandIn(
            assignment=_str(assignment),
            student=_str(student),
            notebooks=found,
            missing=tuple(map(_str, missing)),
            files=Path(files),
            digest=_str(digest),
            notes=_notes(notes),
            points={_str(name): float(worth) for name, worth in points.items()},
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise GradekitError(f"A submission on its way between two processes was damaged: {error}.") from None


def files_of(data: bytes) -> Path:
    """Return the folder that a packed submission names for its files."""
    _, (_, _, _, files, _), _, _ = unpack(data)
    return Path(files)


def with_files(data: bytes, folder: Path) -> bytes:
    """Return a packed submission whose files lie in another folder."""
    notebooks, (assignment, student, missing, _, digest), *rest = unpack(data)
    return pack([notebooks, [assignment, student, missing, str(folder), digest], *rest])


def pack_judged(judged: Judged) -> bytes:
    """Return what judging has brought as bytes."""
    runs = [
        [
            run.name,
            json.dumps([[index, done.ok, done.outputs, done.count] for index, done in run.outputs.items()]),
            [reports.plain(result) for result in run.exercises],
            [reports.plain(result) for result in run.inline],
            _plain_notes(run.notes),
            dict(run.times),
        ]
        for run in judged.notebooks
    ]
    where = [judged.judged_by, judged.line]
    return pack([runs, judged.isolation, dict(judged.versions), judged.wall_s, judged.allowed, where])


def unpack_judged(data: bytes) -> Judged:
    """Return what the bytes hold.

    Raises
    ------
    GradekitError
        If they are damaged.
    """
    try:
        runs, isolation, versions, wall_s, allowed, where = unpack(data)
        words, (judged_by, line) = tuple(map(_str, allowed)), map(_str, where)
        found = tuple(map(_run, runs))
        return Judged(found, _str(isolation), dict(versions), float(wall_s), words, judged_by, line)
    except (TypeError, ValueError, KeyError) as error:
        raise GradekitError(f"A submission on its way between two processes was damaged: {error}.") from None


def _run(found: Any) -> JudgedNotebook:
    name, outputs, exercises, inline, notes, times = found
    return JudgedNotebook(
        _str(name),
        {int(index): CellRun(ok is True, shown, count) for index, ok, shown, count in json.loads(outputs)},
        tuple(reports.exercise(item) for item in exercises),
        tuple(reports.inline(item) for item in inline),
        _notes(notes),
        {_str(part): float(seconds) for part, seconds in times.items()},
    )


def _plain_notes(notes: tuple[Note, ...]) -> list[list[Any]]:
    return [[note.text, note.undecided, note.urgent] for note in notes]


def _notes(found: Any) -> tuple[Note, ...]:
    return tuple(Note(_str(text), _str(undecided), urgent is True) for text, undecided, urgent in found)


def _words(found: Any) -> dict[str, str]:
    return {_str(name): _str(said) for name, said in found.items()}


def _places(found: Any) -> frozenset[int]:
    return frozenset(map(int, found))


def _str(value: Any) -> str:
    if type(value) is not str:
        raise TypeError(f"a {type(value).__name__} for a text")
    return value


def pack(value: Any) -> bytes:
    """Return plain values as bytes."""
    data: bytes = msgpack.packb(value, unicode_errors=_TEXT)
    return data


def unpack(data: bytes) -> Any:
    """Return the plain values that bytes hold.

    Raises
    ------
    ValueError
        If they are damaged, or too many.
    """
    if len(data) > FRAME_BYTES:
        raise ValueError(f"{len(data)} bytes, where {FRAME_BYTES} are allowed")
    try:
        return msgpack.unpackb(data, unicode_errors=_TEXT)
    except (msgpack.UnpackException, msgpack.ExtraData) as error:
        raise ValueError(f"no frame: {error}") from None
