"""Reports on disk: what is read equals what was saved; what cannot be read is no report; hashes see every change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gradekit import files
from gradekit.course import reports
from gradekit.model import Diagnosis, ExerciseResult, GradeReport, InlineResult, Note, Picture, TestResult, Verdict

PICTURE = Picture("error", "dWx", (2, 2), ((1.0, -0.5), (0.0, 0.25)))
DIAGNOSIS = Diagnosis("no_mean", "Summed, not averaged", "Yours is 14 times too large.", "lacks 1/N")
REPORT = GradeReport(
    assignment="small",
    student="\u0639\u0644\u064a",  # a name in Arabic
    isolation="landlock+seccomp",
    exercises=(
        ExerciseResult(
            "double",
            0.5,
            None,
            (
                TestResult("values", "It doubles.", 2, Verdict.WA, "No.", PICTURE, kind="factor"),
                TestResult("stops", "It ends.", 1, Verdict.RTE, "No.", error="ValueError", line="return x \ud800"),
                TestResult("keeps", "It keeps.", 1, waits_for="values"),
            ),
            follow_through=True,
            diagnosis=DIAGNOSIS,
        ),
    ),
    inline=(InlineResult("other", 1.0, None, "no score"),),
    missing=("other",),
    notes=(Note("a note \ud800"), Note("double is undecided", undecided="double", urgent=True)),
    times={"wall": 0.5},
    allowed=("processes",),
)


def test_a_report_is_read_as_it_was_saved(tmp_path: Path) -> None:
    """Every field comes back: verdicts, pictures, and text that UTF-8 cannot hold."""
    path = reports.save(tmp_path, REPORT)
    found = reports.load(tmp_path, "small", REPORT.student)
    assert found is not None
    assert found.exercises == REPORT.exercises
    assert (found.inline, found.times, found.student) == (REPORT.inline, dict(REPORT.times), REPORT.student)
    assert (found.notes, found.missing, found.alarms) == (REPORT.notes, ("other",), REPORT.notes[1:])
    assert found.allowed == ("processes",)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": 99}', '{"schema": 2, "exercises": [{}]}', "\xff"])
def test_a_report_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    """A damaged report, or one of another version, is made anew rather than believed."""
    path = reports.save(tmp_path, REPORT)
    path.write_bytes(text.encode("latin-1"))
    assert reports.load(tmp_path, "small", REPORT.student) is None


def test_a_report_of_an_older_schema_is_none(tmp_path: Path) -> None:
    """What was saved before a test had all its fields is not read with gaps in them; it is made anew."""
    path = reports.save(tmp_path, REPORT)
    text = path.read_text(encoding="utf-8")
    old = f'"schema": {reports.SCHEMA - 1},'
    path.write_text(text.replace(f'"schema": {reports.SCHEMA},', old), encoding="utf-8")
    assert old in path.read_text(encoding="utf-8")
    assert reports.load(tmp_path, "small", REPORT.student) is None


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full in the middle of a write costs nothing that was there."""
    target = tmp_path / "file"
    files.write_whole(target, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write_whole(target, b"new")
    assert target.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_the_secret_is_the_courses_own_and_stays(tmp_path: Path) -> None:
    """Fresh inputs follow from it: the same when graded again, others in another course."""
    one = reports.secret(tmp_path)
    assert len(one) == 32
    assert reports.secret(tmp_path) == one
    (tmp_path / "other").mkdir()
    assert reports.secret(tmp_path / "other") != one


def test_digest_sees_names_contents_and_links(tmp_path: Path) -> None:
    """A changed file, a renamed one and a new link change the hash; a link is not followed."""
    folder = tmp_path / "in"
    folder.mkdir()
    seen = {files.digest([folder])}
    (folder / "a").write_text("1", encoding="ascii")
    seen.add(files.digest([folder]))
    (folder / "a").write_text("2", encoding="ascii")
    seen.add(files.digest([folder]))
    (folder / "a").rename(folder / "b")
    seen.add(files.digest([folder]))
    (folder / "c").symlink_to(tmp_path / "elsewhere")
    linked = files.digest([folder])
    (tmp_path / "elsewhere").write_text("3", encoding="ascii")
    assert files.digest([folder]) == linked
    assert len(seen | {linked}) == 5


def test_digest_does_not_read_a_hole_of_a_terabyte(tmp_path: Path) -> None:
    """Of files too large to read, size and time count; the files after them are still read."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "b").write_text("1", encoding="ascii")
    seen = set()
    for size in (2**40, 2**40 + 1):
        with (folder / "a").open("wb") as file:
            file.truncate(size)
        os.utime(folder / "a", (0, 0))
        seen.add(files.digest([folder]))
    os.utime(folder / "a", (0, 1))
    seen.add(files.digest([folder]))
    (folder / "b").write_text("2", encoding="ascii")
    seen.add(files.digest([folder]))
    assert len(seen) == 4


def test_digest_of_folders_deeper_than_python_calls(tmp_path: Path) -> None:
    """A hand-in of more folders in folders than Python goes down by calling has a hash, as far as paths go."""
    folder = tmp_path / "in"
    folder.mkdir()
    here = os.open(folder, os.O_RDONLY)
    for _ in range(2500):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    (folder / "d" / "a").write_text("1", encoding="ascii")
    one = files.digest([folder])
    (folder / "d" / "a").write_text("2", encoding="ascii")
    assert files.digest([folder]) != one
    files.remove_tree(folder)
    assert not folder.exists()
