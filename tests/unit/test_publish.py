"""What of a graded submission is published, what is kept aside and under which names; places of ours beside theirs."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import pytest

from gradekit import files
from gradekit.course import reports
from gradekit.gradebook import publish


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    """An empty folder that will be published."""
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def write(folder: Path, name: str, text: str = "x") -> None:
    """Write a file and the folders above it."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def sweep(outbox: Path, *, ours: tuple[str, ...] = (), unwritten: tuple[str, ...] = ()) -> tuple[list[str], list[str]]:
    """Sweep a folder; beside it lies what was given out, and will lie what is kept aside."""
    return publish.sweep(outbox, ours, unwritten, given=outbox.parent / "given", aside=outbox.parent / "aside")


def names(folder: Path) -> set[str]:
    """Return the paths of the files below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["a.csv", "A.PNG", "deep/a.npz", "a.svg.txt", "timestamp.txt", "a b\u00e9.webp"])
def test_data_texts_and_pictures_stay(outbox: Path, name: str) -> None:
    """The kind is read from the end of the name, in capitals too."""
    write(outbox, name)
    assert sweep(outbox) == ([], [])
    assert names(outbox) == {name}


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.txt", "a.npz"])
@pytest.mark.parametrize(("size", "stays"), [(4_000, True), (60_000, False)])
def test_a_picture_of_too_many_pixels_is_kept_aside(outbox: Path, name: str, size: int, *, stays: bool) -> None:
    """Whatever its name says: a browser goes by what is in the file."""
    begins = {
        "a.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", size, size),
        "a.txt": b"GIF89a" + struct.pack("<HH", size, size),
        "a.npz": b"\xff\xd8\xff\xe0\0\x04\0\0\xff\xc0\0\x11\x08" + struct.pack(">HH", size, size),
        "a.bmp": b"BM" + bytes(12) + b"\x28\0\0\0" + struct.pack("<ii", size, -size),
    }
    (outbox / name).write_bytes(begins[name] + bytes(50))
    assert sweep(outbox) == ([], [] if stays else [name])


def test_a_picture_of_which_no_size_is_read_is_kept_aside(outbox: Path) -> None:
    """A browser shows AVIF whatever the name says; a video, which begins alike, stays."""
    (outbox / "a.png").write_bytes(b"\0\0\0 ftypavif" + bytes(50))
    (outbox / "b.mp4").write_bytes(b"\0\0\0 ftypisom" + bytes(50))
    assert sweep(outbox) == ([], ["a.png"])


def test_a_photo_whose_size_is_hidden_is_kept_aside(outbox: Path) -> None:
    """Megabytes of remarks before the size are no camera's."""
    remark = b"\xff\xe1\xff\xff" + bytes(65_533)
    (outbox / "a.jpg").write_bytes(b"\xff\xd8" + remark * 80 + b"\xff\xc0\0\x11\x08" + struct.pack(">HH", 10, 10))
    (outbox / "b.jpg").write_bytes(b"\xff\xd8" + remark * 20 + b"\xff\xc0\0\x11\x08" + struct.pack(">HH", 10, 10))
    assert sweep(outbox) == ([], ["a.jpg"])


@pytest.mark.parametrize(
    "name",
    ["a.svg", "a.html", "a.csv.html", "a.py", "a.json", "a", "csv", ".csv", ".a.csv", ".git/a.csv", "a.txt ", "a.txt."],
)
def test_everything_else_is_kept_aside(outbox: Path, name: str) -> None:
    """What is on no list, or in a hidden folder, is moved, and its folder with it."""
    write(outbox, name)
    assert sweep(outbox) == ([], [name])
    assert list(outbox.iterdir()) == []
    (kept,) = names(outbox.parent / "aside")
    assert kept.endswith(".txt")
    assert not any(part.startswith(".") for part in Path(kept).parts)


def test_files_of_the_course_stay(outbox: Path) -> None:
    """The source's files stay whatever they are, those of the release as long as nobody has changed them."""
    for name in ("checks.py", "environment.yml", "changed.yml"):
        write(outbox, name, "theirs")
    write(outbox.parent / "given", "environment.yml", "theirs")
    write(outbox.parent / "given", "changed.yml", "others")
    assert sweep(outbox, ours=("checks.py",)) == ([], ["changed.yml"])
    assert names(outbox) == {"checks.py", "environment.yml"}


def test_what_will_be_written_is_removed(outbox: Path) -> None:
    """Where a notebook will be written nothing may stand, and nothing of it is kept."""
    write(outbox, "small.ipynb")
    assert sweep(outbox, ours=("small.ipynb",), unwritten=("small.ipynb",)) == ([], [])
    assert names(outbox) == set()


def test_names_that_meet_are_told_apart(outbox: Path) -> None:
    """Names that become the same, or too long, are kept all the same; a link is not."""
    for name in (".git/config", "_git/config", "\u00e9" * 127, "a.svg"):
        write(outbox, name, name)
    (outbox / "link.txt").symlink_to("/etc/passwd")
    notes, kept = sweep(outbox)
    assert len(notes) == 1
    assert len(kept) == 4
    assert {path.read_text() for path in (outbox.parent / "aside").rglob("*.txt")} == set(kept)


def test_one_line_for_all_of_them() -> None:
    """However many files there are, one note names the first and counts the others."""
    assert publish.note(["a.py"], "there").startswith("a.py is kept aside in there")
    assert "a, b, c and 2 more are kept aside" in publish.note(["a", "b", "c", "d", "e"], "there")


def test_what_an_earlier_grading_kept_aside_is_replaced(tmp_path: Path) -> None:
    """Graded again, only the files of the last time lie there; none where there are none."""
    write(tmp_path, "made/new.txt")
    write(tmp_path, "kept/ann/old.txt")
    publish.put_aside(tmp_path / "made", tmp_path / "kept" / "ann")
    assert names(tmp_path / "kept") == {"ann/new.txt"}
    publish.put_aside(tmp_path / "made", tmp_path / "kept" / "ann")
    assert names(tmp_path / "kept") == set()


def test_no_assignment_has_a_name_of_ours(tmp_path: Path) -> None:
    """An assignment may be called as ours once was; a course's secret of before is kept, and is the same for ever."""
    (tmp_path / ".gradekit").mkdir()
    (tmp_path / ".gradekit" / "secret").write_bytes(b"of before")
    assert reports.secret(tmp_path) == b"of before"
    reports.folder(tmp_path, "secret").mkdir()
    assert reports.secret(tmp_path) == b"of before"
    with files.open_stage(tmp_path) as stage:
        assert stage.name.startswith("+")
    assert "+" in reports.aside(tmp_path, "small", "ann").parts[-3]


def test_stages_of_the_dead_are_swept(tmp_path: Path) -> None:
    """Stages whose process is no more go; those of the living, of other machines and of students stay."""
    host = socket.gethostname()
    stay = [f"+stage-{host}-{os.getpid()}-x", "+stage-elsewhere.example-1-x", f"stage-{host}-4194305-x"]
    for name in [*stay, f"+stage-{host}-4194305-x"]:
        (tmp_path / name / "inner").mkdir(parents=True)
    files.clear_stages(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(stay)
