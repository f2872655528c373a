"""References: the solution's namespace, frozen cases, fresh draws."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradekit.course.course import Course
from gradekit.errors import BadReference, HiddenTestError, SourceError
from gradekit.judging.freeze import freeze, frozen_cases
from gradekit.judging.reference import Reference, flatten, load_solution, read_cases


def _write(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_damaged_files(tmp_path: Path) -> None:
    """A reference that is missing, cut short, no archive, or holds objects or NaN is refused by name."""
    whole = _write(tmp_path / "whole.npz", **{"a/000/x": np.ones(3)}).read_bytes()
    broken = {
        "cut.npz": whole[: len(whole) // 2],
        "empty.npz": b"",
        "text.npz": b"no archive",
    }
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadReference, match="damaged"):
            read_cases(tmp_path / name)
    with pytest.raises(BadReference, match="There is no"):
        read_cases(tmp_path / "none.npz")
    for bad in (np.array([np.nan]), np.array(["text"]), np.array("a", dtype="S"), np.array([object()], dtype=object)):
        with pytest.raises(BadReference, match="damaged"):
            read_cases(_write(tmp_path / "bad.npz", **{"a/000/x": bad}))


def test_cases_survive_the_file(tmp_path: Path) -> None:
    """Nested cases come back as they were, scalars as numbers and texts as texts, in their order."""
    cases = {
        "a": [{"x": np.arange(3.0) + i, "inner": {"W": np.ones((2, 1)) * i}, "n": i, "t": f"é {i}"} for i in range(12)]
    }
    found = read_cases(_write(tmp_path / "a.npz", **flatten(cases)))
    assert [case["n"] for case in found["a"]] == list(range(12))
    assert [case["t"] for case in found["a"]] == [f"é {i}" for i in range(12)]
    assert found["a"][3]["inner"]["W"].tolist() == [[3.0], [3.0]]


def test_unknown_names() -> None:
    """A name that the solution or the cases do not hold is our fault and says so."""
    reference = Reference({"f": abs}, {}, b"")
    with pytest.raises(AttributeError, match="defines no g"):
        _ = reference.g
    with pytest.raises(BadReference, match="gradekit freeze"):
        reference.cases("g_cases")
    assert reference.f(-2) == 2


def test_draws_follow_from_the_seed() -> None:
    """The same seed draws the same, another seed something else."""
    first, again, other = (Reference({}, {}, seed).draw((2, 3), scale=2.0) for seed in (b"a", b"a", b"b"))
    assert (first == again).all()
    assert not (first == other).any()


def test_solution_that_fails_names_its_cell(small: Course, edit: Callable[[Any], None]) -> None:
    """A solution that does not run is the author's to mend, cell by name."""
    edit(lambda cells: cells["double"].update(source="### BEGIN SOLUTION\n1 / 0\n### END SOLUTION"))
    with pytest.raises(SourceError, match="cell 'double' fails: ZeroDivisionError"):
        load_solution(small, "small")


def test_solution_leaves_no_module_behind(small: Course) -> None:
    """The notebook's `import checks` is served and then forgotten."""
    assert load_solution(small, "small")["double"](2) == 4
    assert "checks" not in sys.modules


def test_freezing_twice_gives_the_same_bytes(small: Course) -> None:
    """Frozen cases depend on the source alone."""
    first = freeze(small, "small").read_bytes()
    assert freeze(small, "small").read_bytes() == first
    assert set(frozen_cases(small, "small")) == {"double_cases"}


def test_failed_freeze_leaves_the_old_file(small: Course) -> None:
    """Cases that cannot be made, or are not finite, leave reference.npz as it was."""
    path = small.hidden("small") / "reference.npz"
    before = path.read_bytes()
    tests = small.hidden("small") / "tests.py"
    text = tests.read_text()
    tests.write_text(text.replace("reference.double(x)}", "reference.treble(x)}"))
    with pytest.raises(HiddenTestError, match="'double_cases' of 'small' cannot be made"):
        freeze(small, "small")
    tests.write_text(text.replace("reference.double(x)}", "x / 0.0 * 0}"))
    with np.errstate(all="ignore"), pytest.raises(BadReference, match="is infinite or NaN") as stopped:
        freeze(small, "small")
    assert "such as -1" in (stopped.value.help or "")
    tests.write_text(text.replace("reference.double(x)}", "[None]}"))
    with pytest.raises(BadReference, match="something else than"):
        freeze(small, "small")
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.glob("*.npz")] == ["reference.npz"]
