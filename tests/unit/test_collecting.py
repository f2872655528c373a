"""Tests of gradekit.handin.collect: hostile folders."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from gradekit.handin import collect
from gradekit.handin.find import MAX_NOTES
from gradekit.text import shown


class TestCollect:
    """Files: what is regular and bounded comes through, the rest is one line."""

    def test_honest_files_come_through(self, tmp_path: Path) -> None:
        """Notebook, time stamp and data in folders are copied; checkpoints and caches are not, without a word."""
        folder = tmp_path / "in"
        for name in ("a.ipynb", "timestamp.txt", "data/x.csv", "data/deep/y.csv", "__pycache__/a.pyc"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
        (folder / ".ipynb_checkpoints").mkdir()
        (folder / ".ipynb_checkpoints" / "a.ipynb").write_text("old")
        assert collect.collect(folder, tmp_path / "out") == ()
        found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*")}
        assert found == {"a.ipynb", "timestamp.txt", "data", "data/x.csv", "data/deep", "data/deep/y.csv"}
        assert (tmp_path / "out" / "data" / "deep" / "y.csv").read_text() == "data/deep/y.csv"

    def test_what_is_not_a_regular_file_is_refused(self, tmp_path: Path) -> None:
        """Links to files and folders, FIFOs, sockets and hard links are named and left; the rest is copied."""
        secret = tmp_path / "gradebook.db"
        secret.write_text("grades")
        folder = tmp_path / "in"
        folder.mkdir()
        (folder / "x.html").symlink_to(secret)
        (folder / "up").symlink_to(tmp_path)
        os.mkfifo(folder / "pipe")
        (folder / "hard").hardlink_to(secret)
        (folder / "fine.txt").write_text("fine")
        with socket.socket(socket.AF_UNIX) as server:
            here = Path.cwd()
            os.chdir(folder)  # a socket's path is limited to 108 bytes
            server.bind("socket")
            os.chdir(here)
            notes = collect.collect(folder, tmp_path / "out")
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["fine.txt"]
        assert sorted(notes) == [
            "hard is refused: it is a hard link",
            "pipe is refused: it is a FIFO",
            "socket is refused: it is a socket",
            "up is refused: it is a link",
            "x.html is refused: it is a link",
        ]

    def test_what_code_wrote_is_added(self, tmp_path: Path) -> None:
        """What is there already stays as it is, without a word; links and files of nbgrader's own kinds stay out."""
        folder, target = tmp_path / "in", tmp_path / "out"
        for name in ("old.txt", "new.txt", "data/old.csv", "data/new.csv", "file", "folder/inner.txt"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("new")
        for name in ("p1.ipynb", "TIMESTAMP.txt", "submission_secret.txt", ".home", "a\n.ipynb"):
            (folder / name).mkdir()
            (folder / name / "x").write_text("new")
        (folder / "link").symlink_to("/etc")
        (target / "data").mkdir(parents=True)
        (target / "file").mkdir()
        for name in ("old.txt", "data/old.csv", "folder"):
            (target / name).write_text("old")
        notes = collect.collect(folder, target, merge=True)
        assert set(notes) == {"link is refused: it is a link", "folder is refused: its name is taken"}
        found = {path.relative_to(target).as_posix(): path.read_text() for path in target.rglob("*") if path.is_file()}
        old = {"old.txt": "old", "data/old.csv": "old", "folder": "old"}
        assert found == old | {"new.txt": "new", "data/new.csv": "new"}

    def test_a_link_in_the_targets_place_is_not_followed(self, tmp_path: Path) -> None:
        """Where a link stands in the target, nothing is written through it, neither a file nor into a folder."""
        folder, target, outside = tmp_path / "in", tmp_path / "out", tmp_path / "outside"
        for made in (folder / "data", target, outside):
            made.mkdir(parents=True)
        for name in ("data/x", "x"):
            (folder / name).write_text("new")
        (target / "data").symlink_to(outside)
        (target / "x").symlink_to(outside / "y")
        assert collect.collect(folder, target, merge=True) == ("data is refused: its name is taken",)
        assert list(outside.iterdir()) == []

    @pytest.mark.parametrize("kind", ["missing", "link", "file"])
    def test_no_folder_at_all(self, tmp_path: Path, kind: str) -> None:
        """Where the submission's own folder is none, that is one line."""
        folder = tmp_path / "in"
        if kind == "link":
            folder.symlink_to("/etc")
        elif kind == "file":
            folder.write_text("x")
        (note,) = collect.collect(folder, tmp_path / "out")
        assert note.startswith("the folder in cannot be opened: ")
        assert list((tmp_path / "out").iterdir()) == []

    def test_number_is_bounded_and_the_notebook_comes_first(self, tmp_path: Path) -> None:
        """Too many files are one line, and the notebook is among those kept."""
        folder = tmp_path / "in"
        folder.mkdir()
        for number in range(30):
            (folder / f"{number}.txt").write_text("x")
        (folder / "z.ipynb").write_text("{}")
        assert collect.collect(folder, tmp_path / "out", max_files=5) == (
            "there are too many files: the others are left out",
        )
        assert len(found := [path.name for path in (tmp_path / "out").iterdir()]) == 5
        assert "z.ipynb" in found

    def test_names_looked_at_are_bounded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A folder of endless names is not read to its end."""
        folder = tmp_path / "in"
        folder.mkdir()
        for number in range(30):
            (folder / f"{number}").mkdir()
        monkeypatch.setattr(collect, "MAX_ENTRIES", 10)
        copying = collect._Copying(5, 5, entries=10)
        source, target = (os.open(path, collect.OPEN_FOLDER) for path in (folder, tmp_path))
        copying.folder(source, target, "", 0)
        os.close(source)
        os.close(target)
        assert copying.notes.report() == ("there are more than 10 files and folders: the others are left out",)

    def test_size_is_bounded(self, tmp_path: Path) -> None:
        """A file that is too large is refused, sparse or not; smaller ones after it are kept."""
        folder = tmp_path / "in"
        folder.mkdir()
        with (folder / "big").open("wb") as file:
            file.truncate(10**12)
        (folder / "small").write_text("x")
        (note,) = collect.collect(folder, tmp_path / "out")
        assert note == "big is refused: it is too large (1,000,000,000,000 bytes)"
        assert (tmp_path / "out" / "small").read_text() == "x"

    def test_depth_and_number_of_notes_are_bounded(self, tmp_path: Path) -> None:
        """What lies too deep is refused; many refusals are a few lines and a count."""
        deep = tmp_path.joinpath("in", *"abcdefghijkl")
        deep.mkdir(parents=True)
        (deep / "x").write_text("x")
        assert collect.collect(tmp_path / "in", tmp_path / "out") == (
            "a/b/c/d/e/f/g/h/i/j/k is refused: it lies more than 10 folders deep",
        )
        for number in range(50):
            (tmp_path / "in" / f"{number:02}").symlink_to("/")
        notes = collect.collect(tmp_path / "in", tmp_path / "again")
        assert len(notes) == MAX_NOTES + 1
        assert notes[-1] == "and 31 more refused"

    def test_odd_names_are_shown_escaped_and_kept_tame(self, tmp_path: Path) -> None:
        """Control characters and bytes that are no text are neither printed nor written; a clash is refused."""
        folder = tmp_path / "in"
        folder.mkdir()
        (folder / "a\n\x1b[31m.txt").write_text("x")
        (folder / "a__[31m.txt").write_text("y")
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff.ipynb")).write_text("z")
        notes = collect.collect(folder, tmp_path / "out")
        assert notes == (
            "\\udcff.ipynb is kept as _.ipynb",
            "a\\n\\x1b[31m.txt is kept as a__[31m.txt",
            "a__[31m.txt is refused: its name is taken",
        )
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["_.ipynb", "a__[31m.txt"]

    def test_shown_is_bounded(self) -> None:
        """A name of any length and any characters is one short line."""
        assert shown("é\u202e\x00" + "x" * 500) == "é\\u202e\\x00" + "x" * 76 + "…"
