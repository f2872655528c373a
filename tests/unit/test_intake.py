"""Tests of gradekit.handin.find: hostile notebooks, and which file is one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradekit.handin import find
from gradekit.handin.find import Unreadable

IDS = ["title", "f", "f-test", "essay"]


def handed_in() -> dict[str, Any]:
    """Return a notebook with half of the source's cells and more."""
    cells = [
        {"cell_type": "markdown", "id": name, "metadata": {"nbgrader": {"grade_id": name}}, "source": name}
        for name in (*IDS, "free")
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*IDS, "code", "markdown"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


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
        found = find.read(tmp_path / "a.ipynb")
        assert isinstance(found, Unreadable)
        assert said in found.reason
        assert "\n" not in found.reason

    def test_too_large(self, tmp_path: Path) -> None:
        """A file of 100 MB is not even read."""
        with (tmp_path / "a.ipynb").open("wb") as file:
            file.truncate(100 * 2**20)
        found = find.read(tmp_path / "a.ipynb")
        assert isinstance(found, Unreadable)
        assert "too large: 104,857,600 bytes" in found.reason

    def test_missing(self, tmp_path: Path) -> None:
        """A file that is not there is unreadable."""
        assert isinstance(find.read(tmp_path / "a.ipynb"), Unreadable)

    @pytest.mark.parametrize("minor", [0, 4, 5, 6])
    def test_any_minor_version(self, tmp_path: Path, minor: int) -> None:
        """Format 4 is read whatever its minor version; a byte order mark does no harm."""
        text = json.dumps({"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": []})
        (tmp_path / "a.ipynb").write_text(text, encoding="utf-8-sig")
        assert find.read(tmp_path / "a.ipynb") == json.loads(text)


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
        assert find.find_notebook(tmp_path, "hw", IDS) == find.Found(tmp_path / "hw.ipynb")

    @pytest.mark.parametrize("name", ["hw (1).ipynb", "Hw.ipynb", "hẅ.ipynb", "inner/hw.ipynb", "final FINAL.ipynb"])
    def test_renamed(self, tmp_path: Path, name: str) -> None:
        """The one notebook with the source's cells is taken, and said so."""
        self.write(tmp_path, name)
        (tmp_path / "scratch.ipynb").write_text("{}")
        found = find.find_notebook(tmp_path, "hw", IDS)
        assert found.path == tmp_path / name
        assert found.notes == (f"the notebook hw.ipynb was handed in as {name}",)
        assert not found.undecided

    def test_two_are_undecided(self, tmp_path: Path) -> None:
        """Of two candidates neither is taken, and a person must look."""
        self.write(tmp_path, "hw (1).ipynb", "hw (2).ipynb")
        found = find.find_notebook(tmp_path, "hw", IDS)
        assert found.path is None
        assert "hw (1).ipynb, hw (2).ipynb" in found.undecided

    def test_another_assignment_is_none(self, tmp_path: Path) -> None:
        """A notebook without the source's cells, or another of the same assignment, is not taken."""
        self.write(tmp_path, "part2.ipynb")
        assert find.find_notebook(tmp_path, "hw", ["other", "cells"]).path is None
        found = find.find_notebook(tmp_path, "hw", IDS, others=["part2"])
        assert found == find.Found(None, ("no notebook hw.ipynb was handed in",))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_read_never_raises(tmp_path: Path, content: bytes) -> None:
    """Any bytes are a notebook or a sentence."""
    (tmp_path / "a.ipynb").write_bytes(content)
    found = find.read(tmp_path / "a.ipynb")
    assert isinstance(found, dict | Unreadable)
