"""Tests of gradekit.intake: hostile folders and hostile notebooks."""

from __future__ import annotations

import copy
import json
import os
import socket
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbgrader.nbgraderformat import MetadataValidator

from gradekit import intake
from gradekit.intake import Unreadable


def cell(kind: str, name: str, source: str, **flags: Any) -> dict[str, Any]:
    """Return a cell of a released notebook; with flags, nbgrader's."""
    made: dict[str, Any] = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    if flags:
        meta = {"schema_version": 3, "grade_id": name, "grade": False, "solution": False, "locked": True, "task": False}
        made["metadata"]["nbgrader"] = meta | flags
    return made


TEST = "check(f)\n### BEGIN HIDDEN TESTS\nassert f(2) == 4\n### END HIDDEN TESTS"
SOURCE = [
    cell("markdown", "title", "# Title", locked=True),
    cell("code", "imports", "import numpy as np", locked=True),
    cell("code", "f", "def f(x):\n    raise NotImplementedError", solution=True, locked=False),
    cell("code", "f-test", TEST, grade=True, points=2),
    cell("markdown", "essay", "YOUR ANSWER HERE", solution=True, grade=True, locked=False, points=3),
    cell("markdown", "task", "Do something.", task=True, points=1),
    cell("code", "g", "def g(x):\n    raise NotImplementedError", solution=True, locked=False),
    cell("code", "g-test", "assert g(1) == 1", grade=True, points=1),
]
NAMES = [item["id"] for item in SOURCE]
ANSWER = "def f(x):\n    return 2 * x"


def handed_in(**sources: str) -> dict[str, Any]:
    """Return an honest submission; some cells with another text."""
    cells = copy.deepcopy(SOURCE)
    for item in cells:
        item["source"] = sources.get(item["id"], item["source"])
        if item["id"] == "f-test":
            item["source"] = "check(f)"
    cells.insert(3, cell("code", "try", "f(3)"))
    cells.append(cell("markdown", "thanks", "Thanks."))
    kernel = {"name": "python3", "display_name": "Python 3"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}


def by_id(node: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the one cell of that id."""
    (found,) = [item for item in node["cells"] if item["id"] == name]
    return found


def ids(node: dict[str, Any]) -> list[str]:
    """Return the ids of the cells, in order."""
    return [item["id"] for item in node["cells"]]


def sound(node: dict[str, Any]) -> None:
    """Hold a repaired notebook to its promise: valid, writable, every source cell once, in order, with its text."""
    nbformat.validate(nbformat.from_dict(node))
    json.dumps(node, ensure_ascii=False).encode()
    MetadataValidator().validate_nb(nbformat.from_dict(node))
    named = {item["metadata"]["nbgrader"]["grade_id"]: item for item in node["cells"] if item["metadata"]}
    assert list(named) == NAMES
    assert len(set(ids(node))) == len(node["cells"])
    for source in SOURCE:
        found = named[source["id"]]
        assert found["cell_type"] == source["cell_type"]
        assert found["metadata"] == source["metadata"]
        if not source["metadata"]["nbgrader"]["solution"]:
            assert found["source"] == source["source"]
    assert all(not item.get("outputs") for item in node["cells"])


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
        assert intake.collect(folder, tmp_path / "out") == ()
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
            notes = intake.collect(folder, tmp_path / "out")
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
        notes = intake.collect(folder, target, merge=True)
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
        assert intake.collect(folder, target, merge=True) == ("data is refused: its name is taken",)
        assert list(outside.iterdir()) == []

    @pytest.mark.parametrize("kind", ["missing", "link", "file"])
    def test_no_folder_at_all(self, tmp_path: Path, kind: str) -> None:
        """Where the submission's own folder is none, that is one line."""
        folder = tmp_path / "in"
        if kind == "link":
            folder.symlink_to("/etc")
        elif kind == "file":
            folder.write_text("x")
        (note,) = intake.collect(folder, tmp_path / "out")
        assert note.startswith("the folder in cannot be opened: ")
        assert list((tmp_path / "out").iterdir()) == []

    def test_number_is_bounded_and_the_notebook_comes_first(self, tmp_path: Path) -> None:
        """Too many files are one line, and the notebook is among those kept."""
        folder = tmp_path / "in"
        folder.mkdir()
        for number in range(30):
            (folder / f"{number}.txt").write_text("x")
        (folder / "z.ipynb").write_text("{}")
        assert intake.collect(folder, tmp_path / "out", max_files=5) == (
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
        monkeypatch.setattr(intake, "MAX_ENTRIES", 10)
        copying = intake._Copying(5, 5, entries=10)
        source, target = (os.open(path, intake.OPEN_FOLDER) for path in (folder, tmp_path))
        copying.folder(source, target, "", 0)
        os.close(source)
        os.close(target)
        assert copying.report() == ("there are more than 10 files and folders: the others are left out",)

    def test_size_is_bounded(self, tmp_path: Path) -> None:
        """A file that is too large is refused, sparse or not; smaller ones after it are kept."""
        folder = tmp_path / "in"
        folder.mkdir()
        with (folder / "big").open("wb") as file:
            file.truncate(10**12)
        (folder / "small").write_text("x")
        (note,) = intake.collect(folder, tmp_path / "out")
        assert note == "big is refused: it is too large (1,000,000,000,000 bytes)"
        assert (tmp_path / "out" / "small").read_text() == "x"

    def test_depth_and_number_of_notes_are_bounded(self, tmp_path: Path) -> None:
        """What lies too deep is refused; many refusals are a few lines and a count."""
        deep = tmp_path.joinpath("in", *"abcdefghijkl")
        deep.mkdir(parents=True)
        (deep / "x").write_text("x")
        assert intake.collect(tmp_path / "in", tmp_path / "out") == (
            "a/b/c/d/e/f/g/h/i/j/k is refused: it lies more than 10 folders deep",
        )
        for number in range(50):
            (tmp_path / "in" / f"{number:02}").symlink_to("/")
        notes = intake.collect(tmp_path / "in", tmp_path / "again")
        assert len(notes) == intake.MAX_NOTES + 1
        assert notes[-1] == "and 31 more refused"

    def test_odd_names_are_shown_escaped_and_kept_tame(self, tmp_path: Path) -> None:
        """Control characters and bytes that are no text are neither printed nor written; a clash is refused."""
        folder = tmp_path / "in"
        folder.mkdir()
        (folder / "a\n\x1b[31m.txt").write_text("x")
        (folder / "a__[31m.txt").write_text("y")
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff.ipynb")).write_text("z")
        notes = intake.collect(folder, tmp_path / "out")
        assert notes == (
            "\\udcff.ipynb is kept as _.ipynb",
            "a\\n\\x1b[31m.txt is kept as a__[31m.txt",
            "a__[31m.txt is refused: its name is taken",
        )
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["_.ipynb", "a__[31m.txt"]

    def test_shown_is_bounded(self) -> None:
        """A name of any length and any characters is one short line."""
        assert intake.shown("é\u202e\x00" + "x" * 500) == "é\\u202e\\x00" + "x" * 76 + "…"


class TestRead:
    """Notebooks that are none: one sentence each, never a crash."""

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "not JSON (line 1)"),
            (b'{"cells": [}', "not JSON (line 1)"),
            (b"\xff\xfe", "not UTF-8 (byte 0)"),
            (b'{"a": "\xc3"}', "not UTF-8 (byte 7)"),
            (b"[" * 100_000, "nested too deeply"),
            (b'{"a":' * 100_000, "nested too deeply"),
            (b"1" * 5000, "number that is too long"),
            (b"[" + b"1," * 2_000_000 + b"1]", "millions of parts"),
            (b"[]", "no notebook"),
            (b'"x"', "no notebook"),
            (b"{}", "format unknown"),
            (b'{"nbformat": 3, "worksheets": []}', "format 3"),
            (b'{"nbformat": 5, "cells": []}', "format 5"),
            (b'{"nbformat": 1e999, "cells": []}', "format unknown"),
            (b'{"nbformat": true, "cells": []}', "format unknown"),
            (b'{"nbformat": 4}', "no list of cells"),
            (b'{"nbformat": 4, "cells": {}}', "no list of cells"),
            (b'{"nbformat": 4, "cells": [1]}', "no list of cells"),
            (b'{"nbformat": 4, "cells": [' + b"{}," * 20_000 + b"{}]}", "20,001 cells"),
        ],
    )
    def test_unreadable(self, tmp_path: Path, content: bytes, said: str) -> None:
        """What cannot be read says why, in one sentence."""
        (tmp_path / "a.ipynb").write_bytes(content)
        found = intake.read(tmp_path / "a.ipynb")
        assert isinstance(found, Unreadable)
        assert said in found.reason
        assert "\n" not in found.reason

    def test_too_large(self, tmp_path: Path) -> None:
        """A file of 100 MB is not even read."""
        with (tmp_path / "a.ipynb").open("wb") as file:
            file.truncate(100 * 2**20)
        found = intake.read(tmp_path / "a.ipynb")
        assert isinstance(found, Unreadable)
        assert "too large: 104,857,600 bytes" in found.reason

    def test_missing(self, tmp_path: Path) -> None:
        """A file that is not there is unreadable."""
        assert isinstance(intake.read(tmp_path / "a.ipynb"), Unreadable)

    @pytest.mark.parametrize("minor", [0, 4, 5, 6])
    def test_any_minor_version(self, tmp_path: Path, minor: int) -> None:
        """Format 4 is read whatever its minor version; a byte order mark does no harm."""
        text = json.dumps({"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": []})
        (tmp_path / "a.ipynb").write_text(text, encoding="utf-8-sig")
        assert intake.read(tmp_path / "a.ipynb") == json.loads(text)


class TestFindNotebook:
    """Which file is meant."""

    def write(self, folder: Path, *names: str) -> None:
        """Hand in the notebook under these names."""
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(json.dumps(handed_in()))

    def test_by_name(self, tmp_path: Path) -> None:
        """The wanted name wins, whatever else lies there."""
        self.write(tmp_path, "hw.ipynb", "hw copy.ipynb")
        assert intake.find_notebook(tmp_path, "hw", NAMES) == intake.Found(tmp_path / "hw.ipynb")

    @pytest.mark.parametrize("name", ["hw (1).ipynb", "Hw.ipynb", "hẅ.ipynb", "inner/hw.ipynb", "final FINAL.ipynb"])
    def test_renamed(self, tmp_path: Path, name: str) -> None:
        """The one notebook with the source's cells is taken, and said so."""
        self.write(tmp_path, name)
        (tmp_path / "scratch.ipynb").write_text("{}")
        found = intake.find_notebook(tmp_path, "hw", NAMES)
        assert found.path == tmp_path / name
        assert found.notes == (f"the notebook hw.ipynb was handed in as {name}",)
        assert not found.undecided

    def test_two_are_undecided(self, tmp_path: Path) -> None:
        """Of two candidates neither is taken, and a person must look."""
        self.write(tmp_path, "hw (1).ipynb", "hw (2).ipynb")
        found = intake.find_notebook(tmp_path, "hw", NAMES)
        assert found.path is None
        assert "hw (1).ipynb, hw (2).ipynb" in found.undecided

    def test_another_assignment_is_none(self, tmp_path: Path) -> None:
        """A notebook without the source's cells, or another of the same assignment, is not taken."""
        self.write(tmp_path, "part2.ipynb")
        assert intake.find_notebook(tmp_path, "hw", ["other", "cells"]).path is None
        found = intake.find_notebook(tmp_path, "hw", NAMES, others=["part2"])
        assert found == intake.Found(None, ("no notebook hw.ipynb was handed in",))


class TestRepair:
    """The structure is the source's, the answers are the learner's."""

    def test_honest_submission(self) -> None:
        """Nothing is said of an honest submission, and its cells stay where they are."""
        node = handed_in(f=ANSWER, essay="Because.")
        mended = intake.repair(node, SOURCE)
        sound(mended.node)
        assert mended.notes == ()
        assert ids(mended.node) == ids(node)
        assert by_id(mended.node, "f")["source"] == ANSWER
        assert by_id(mended.node, "essay")["source"] == "Because."
        assert by_id(mended.node, "try")["source"] == "f(3)"
        assert mended.node["metadata"] == node["metadata"]

    def test_colab(self) -> None:
        """A round trip through Colab, which drops ids and splits texts, changes nothing that counts."""
        node = handed_in(f=ANSWER)
        node["nbformat_minor"] = 0
        for item in node["cells"]:
            del item["id"]
            item["source"] = item["source"].splitlines(keepends=True)
        mended = intake.repair(node, SOURCE)
        sound(mended.node)
        assert mended.notes == ()
        assert by_id(mended.node, "f")["source"] == ANSWER
        assert ids(mended.node)[3] == "free-3"

    def test_locked_cells_are_the_sources(self) -> None:
        """Locked cells and tests that were edited or emptied have their text again."""
        mended = intake.repair(handed_in(**{"imports": "", "g-test": "pass", "task": "Do nothing."}), SOURCE)
        sound(mended.node)
        again = "was changed, though it is locked: it has its released text again"
        assert mended.notes == tuple(f"cell {name} {again}" for name in ("imports", "task", "g-test"))

    @pytest.mark.parametrize("name", NAMES)
    def test_a_deleted_cell_comes_back(self, name: str) -> None:
        """Each cell that was deleted is back in its place, as it was released."""
        node = handed_in(f=ANSWER)
        node["cells"].remove(by_id(node, name))
        mended = intake.repair(node, SOURCE)
        sound(mended.node)
        assert mended.notes == (f"cell {name} was missing: it is put back as it was released",)
        (source,) = [item["source"] for item in SOURCE if item["id"] == name]
        assert by_id(mended.node, name)["source"] == source

    def test_a_stub_comes_before_and_a_test_after_what_the_learner_added(self) -> None:
        """A function of the learner's own outlives a stub that came back, and a test that came back sees it."""
        node = handed_in()
        node["cells"] = [item for item in node["cells"] if item["id"] not in ("f", "f-test")]
        by_id(node, "try")["source"] = "f = lambda x: 2 * x"
        mended = intake.repair(node, SOURCE)
        sound(mended.node)
        assert ids(mended.node)[2:5] == ["f", "try", "f-test"]

    def test_nothing_left(self) -> None:
        """An empty notebook becomes the released one."""
        mended = intake.repair({"cells": []}, SOURCE)
        sound(mended.node)
        assert ids(mended.node) == NAMES

    def test_the_last_copy_counts(self) -> None:
        """Of a copied solution cell the last one counts, as with nbgrader; the other is a free cell that still runs."""
        node = handed_in(f="first")
        second = copy.deepcopy(by_id(node, "f")) | {"id": "copied", "source": "second"}
        node["cells"].insert(4, second)
        mended = intake.repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == "second"
        assert [item["source"] for item in mended.node["cells"] if item["cell_type"] == "code"][1:4] == [
            "first",
            "f(3)",
            "second",
        ]
        assert mended.notes == ("cell f is there 2 times: the last one counts",)

    def test_a_copy_turned_into_text_does_not_count(self) -> None:
        """The last copy that runs counts."""
        node = handed_in(f=ANSWER)
        node["cells"].insert(
            4, copy.deepcopy(by_id(node, "f")) | {"id": "c", "cell_type": "markdown", "source": "was: ..."}
        )
        mended = intake.repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == ANSWER

    def test_a_test_copied_or_moved_changes_nothing(self) -> None:
        """A test cell is run once with the source's text, in the source's place."""
        node = handed_in(f=ANSWER)
        node["cells"].insert(0, copy.deepcopy(by_id(node, "f-test")))
        node["cells"].append(node["cells"].pop(ids(node).index("g-test")))
        mended = intake.repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == ANSWER

    def test_a_moved_solution(self) -> None:
        """A solution moved behind its test is run before it; free cells stay with their neighbours."""
        node = handed_in(f=ANSWER)
        node["cells"].append(node["cells"].pop(ids(node).index("f")))
        mended = intake.repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == ANSWER
        order = ids(mended.node)
        assert order.index("imports") < order.index("try") < order.index("f-test")

    def test_lost_metadata(self) -> None:
        """A cell that lost its nbgrader metadata is known by its id."""
        node = handed_in(f=ANSWER)
        by_id(node, "f")["metadata"] = {}
        del by_id(node, "g-test")["metadata"]
        mended = intake.repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == ANSWER
        assert ids(mended.node) == ids(node)
        assert mended.notes == (
            "cell f had lost or changed its nbgrader metadata",
            "cell g-test had lost or changed its nbgrader metadata",
        )

    def test_lost_metadata_and_id(self) -> None:
        """A solution pasted into a new cell is known by what it defines."""
        node = handed_in()
        found = by_id(node, "f")
        found |= {"id": "new", "metadata": {}, "source": ANSWER}
        mended = intake.repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == ANSWER
        assert mended.notes == ("cell f was missing: the cell that defines f stands for it",)

    def test_repointed(self) -> None:
        """A cell whose metadata name another cell is known by its id; the other cell keeps its own."""
        node = handed_in(f=ANSWER, g="def g(x):\n    return x")
        by_id(node, "f")["metadata"]["nbgrader"]["grade_id"] = "g"
        mended = intake.repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == ANSWER
        assert by_id(mended.node, "g")["source"].endswith("return x")

    def test_retagged_and_retyped(self) -> None:
        """Tags that steer execution are dropped, and a code cell that was made text is code again."""
        node = handed_in(f=ANSWER)
        by_id(node, "f-test")["metadata"]["tags"] = ["skip-execution"]
        by_id(node, "try")["metadata"]["tags"] = ["raises-exception", 1]
        by_id(node, "f")["cell_type"] = "markdown"
        mended = intake.repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "try")["metadata"] == {}
        assert mended.notes == (
            "cell f had become another type of cell: it is code again",
            "tags that steer execution are ignored (cells: 2)",
        )

    def test_unknown_grade_ids_are_free(self) -> None:
        """A cell with nbgrader metadata of its own invention is a free cell."""
        node = handed_in()
        extra = cell("code", "mine", "1", grade=True, points=100)
        node["cells"].append(extra)
        mended = intake.repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "mine")["metadata"] == {}

    def test_pictures_stay(self) -> None:
        """A picture pasted into an answer stays; what is no picture does not."""
        node = handed_in()
        by_id(node, "essay")["attachments"] = {"a.png": {"image/png": "aGk="}, "b": 3, "c": {"x": []}}
        by_id(node, "thanks")["attachments"] = []
        mended = intake.repair(node, SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "essay")["attachments"] == {"a.png": {"image/png": "aGk="}}

    def test_half_a_character(self) -> None:
        """Half a surrogate pair, which JSON can spell, becomes something that can be written."""
        mended = intake.repair(json.loads(json.dumps(handed_in(f="x = '\ud83d'"))), SOURCE)
        sound(mended.node)
        assert by_id(mended.node, "f")["source"] == "x = '\N{REPLACEMENT CHARACTER}'"

    def test_outputs_are_kept_where_asked(self) -> None:
        """With `outputs`, valid outputs stay and invalid ones go."""
        node = handed_in()
        good = {"output_type": "stream", "name": "stdout", "text": "hi \ud83d"}
        by_id(node, "try")["outputs"] = [good, {"output_type": "stream"}, 3, None, {"output_type": "evil", "data": {}}]
        by_id(node, "f-test")["outputs"] = "none"
        mended = intake.repair(node, SOURCE, outputs=True)
        nbformat.validate(nbformat.from_dict(mended.node))
        assert by_id(mended.node, "try")["outputs"] == [good | {"text": "hi \N{REPLACEMENT CHARACTER}"}]

    def test_notes_are_bounded(self) -> None:
        """A thousand things mended are a few lines."""
        source = [cell("code", f"c{number}", "x", locked=True) for number in range(1000)]
        notes = intake.repair({"cells": []}, source).notes
        assert len(notes) == intake.MAX_NOTES + 1
        assert notes[-1] == "and 980 more cells mended"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*NAMES, "code", "markdown"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
KEYS = st.sampled_from(["cell_type", "id", "metadata", "source", "outputs", "attachments", "execution_count", "x"])


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a released notebook to which anything may have been done that leaves a list of objects."""
    node = handed_in(f=ANSWER)
    cells = node["cells"]
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, max(len(cells) - 1, 0)))
        to = draw(st.integers(0, len(cells)))
        what = draw(st.sampled_from(["delete", "copy", "move", "set", "nbgrader", "grade_id", "metadata", "clear"]))
        if what == "clear":
            cells.clear()
        elif not cells:
            cells.append({})
        elif what == "delete":
            cells.pop(at)
        elif what == "copy":
            cells.insert(to, copy.deepcopy(cells[at]))
        elif what == "move":
            cells.insert(to, cells.pop(at))
        elif what == "set":
            cells[at][draw(KEYS)] = draw(JSON)
        elif what == "nbgrader":
            cells[at]["metadata"] = {"nbgrader": draw(JSON)}
        elif what == "grade_id":
            cells[at]["metadata"] = {"nbgrader": {"grade_id": draw(st.sampled_from(NAMES))}, "tags": draw(JSON)}
        else:
            node["metadata"] = draw(JSON)
    return node


class TestAnyDamage:
    """Whatever was done to the notebook, the result keeps its promise."""

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(damaged())
    def test_repair_keeps_its_promise(self, node: dict[str, Any]) -> None:
        """Valid, writable, every source cell once, in order, with its text and metadata; and repaired once for all."""
        mended = intake.repair(node, SOURCE)
        sound(mended.node)
        again = intake.repair(mended.node, SOURCE)
        assert again.node == mended.node

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(damaged())
    def test_no_cell_is_lost(self, node: dict[str, Any]) -> None:
        """Every cell handed in is there again, and with outputs kept the notebook is valid too."""
        mended = intake.repair(node, SOURCE, outputs=True)
        nbformat.validate(nbformat.from_dict(mended.node))
        assert len(mended.node["cells"]) >= max(len(NAMES), len(node["cells"]))

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
    def test_read_never_raises(self, tmp_path: Path, content: bytes) -> None:
        """Any bytes are a notebook or a sentence."""
        (tmp_path / "a.ipynb").write_bytes(content)
        found = intake.read(tmp_path / "a.ipynb")
        assert isinstance(found, dict | Unreadable)

    @settings(max_examples=100, deadline=None)
    @given(st.permutations(NAMES))
    def test_any_order_is_mended(self, order: list[str]) -> None:
        """Cells in any order come out in the source's, each with the text that the learner gave it."""
        node = handed_in(f=ANSWER, essay="Because.")
        named = {item["id"]: item for item in node["cells"]}
        node["cells"] = [named[name] for name in order]
        mended = intake.repair(node, SOURCE)
        sound(mended.node)
        assert ids(mended.node) == NAMES
        assert by_id(mended.node, "f")["source"] == ANSWER
        assert by_id(mended.node, "essay")["source"] == "Because."
