"""What hidden tests compare with: the source's own solution, seeded cases kept in ``reference.npz``, fresh draws."""

from __future__ import annotations

import hashlib
import runpy
import sys
import zipfile
from contextlib import chdir, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit import checks
from gradekit.course import notebook
from gradekit.errors import BadReference, GradekitError, HiddenTestError, SourceError
from gradekit.model import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from gradekit.course.course import Course
    from gradekit.model import Cell


Case = dict[str, Any]


class Reference:
    """The trusted side's answers, as a hidden test sees them.

    ``reference.softmax(x)`` calls the source's solution; every public name of it is an attribute.

    Parameters
    ----------
    solution : mapping
        What the source's locked and solution cells define.
    cases : mapping of str to list of dict
        The frozen cases by name; empty while they are being made.
    seed : bytes
        What the fresh draws follow from.
    """

    def __init__(self, solution: Mapping[str, Any], cases: Mapping[str, Sequence[Case]], seed: bytes) -> None:
        self._solution = solution
        self._cases = cases
        self.rng = generator(seed)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._solution:
            raise AttributeError(f"the source's solution defines no {name}")
        return self._solution[name]

    def cases(self, name: str) -> Sequence[Case]:
        """Return the frozen cases of that name, in order.

        Raises
        ------
        BadReference
            If there is none: the tests are newer than ``reference.npz``.
        """
        if not self._cases.get(name):
            raise BadReference(f"reference.npz holds no cases '{name}'.", help="Run: gradekit freeze ASSIGNMENT")
        return self._cases[name]

    def draw(self, shape: tuple[int, ...], *, scale: float = 1.0) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Draw normal numbers of that standard deviation, new for every seed."""
        return scale * self.rng.standard_normal(shape)

    def seed(self, seed: int) -> None:
        """Seed numpy's global generator on this side, as ``student.seed`` does on the other."""
        np.random.seed(seed)  # noqa: NPY002  (the exercises draw from the global generator)


def generator(seed: bytes) -> np.random.Generator:
    """Return numpy's generator seeded by the SHA-256 of `seed`, the same on every machine."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(seed).digest()))


def solution_cells(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Return the cells that define the solution: locked code cells (imports, what is given) and solution cells.

    A free cell is one of them where it only defines: others leave their imports unlocked. Lines that IPython alone
    understands are left out.
    """
    found = [cell for cell in cells if cell.kind == "code" and _is_solution(cell)]
    return tuple(replace(cell, source=notebook.without_magics(cell.source)) for cell in found)


def _is_solution(cell: Cell) -> bool:
    if cell.role is Role.FREE:
        return notebook.only_defines(cell.source)
    return cell.role in (Role.LOCKED, Role.SOLUTION)


def load_solution(course: Course, assignment: str) -> dict[str, Any]:
    """Run the source's own definitions and return what they define. Trusted code only.

    Raises
    ------
    SourceError
        If a cell fails: the notebook's author has to mend it.
    """
    namespace: dict[str, Any] = {}
    cells = solution_cells(notebook.cells(notebook.read(course.source(assignment))))
    with chdir(course.source_folder(assignment)):  # where its data lie
        for _ in defining(assignment, cells, namespace):
            pass
    return namespace


def defining(assignment: str, cells: Iterable[Cell], namespace: dict[str, Any]) -> Iterator[Cell]:
    """Run the solution's cells in a namespace, and yield each when what it defines is there. Trusted code only.

    Raises
    ------
    SourceError
        If a cell fails: the notebook's author has to mend it.
    """
    namespace["__name__"] = f"solution_of_{assignment}"
    for cell in cells:
        with _checks_importable():
            try:
                exec(compile(cell.source, f"{assignment}.ipynb:{cell.id}", "exec"), namespace)  # noqa: S102  (our own)
            except Exception as error:
                raise SourceError(f"{assignment}: the solution in cell '{cell.id}' fails: {error!r}.") from error
        yield cell


def run_file(path: Path, names: Mapping[str, Any]) -> dict[str, Any]:
    """Run a file of the hidden tests, in which these names are known, and return what it defines. Trusted code only.

    Raises
    ------
    HiddenTestError
        If it fails; what it raises of ours is raised as it is.
    """
    try:
        return runpy.run_path(str(path), init_globals=dict(names))
    except GradekitError:
        raise
    except Exception as error:
        raise HiddenTestError(f"{path} cannot be run: {error!r}.") from error


@contextmanager
def _checks_importable() -> Iterator[None]:
    """Let ``import checks`` find the file that students get, without touching sys.path."""
    absent = object()
    before: Any = sys.modules.get("checks", absent)
    sys.modules["checks"] = checks
    try:
        yield
    finally:
        if before is absent:
            del sys.modules["checks"]
        else:
            sys.modules["checks"] = before


def read_cases(path: Path) -> dict[str, list[Case]]:
    """Read ``reference.npz``.

    Raises
    ------
    BadReference
        If it is missing, damaged, or holds what no case may hold.
    """
    again = "Make it again: gradekit freeze ASSIGNMENT"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            flat = {key: archive[key] for key in archive.files}
    except FileNotFoundError:
        raise BadReference(f"There is no {path}.", help=again) from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise BadReference(f"{path} is damaged: {error}.", help=again) from None
    for key, array in flat.items():
        if not is_storable(array):
            raise BadReference(f"{path} is damaged: {key} holds something else than {STORED}.", help=again)
    return _unflatten(flat)


STORED = "finite numbers, arrays of them, or a text"


def is_storable(array: np.ndarray[Any, Any]) -> bool:
    """Tell whether a value of a case, as numpy has it, can stand in ``reference.npz`` and comes back as it was."""
    if array.dtype.kind == "U":  # a list of texts would come back as an array, which no learner's code is given
        return array.ndim == 0 and not array.item().endswith("\0")  # numpy forgets those at its end
    return array.dtype.kind in "fiu" and bool(np.isfinite(array).all())


def flatten(cases: Mapping[str, Sequence[Case]]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the cases as ``name/index/key[/key]`` → array, the form in which they are stored."""
    flat: dict[str, np.ndarray[Any, Any]] = {}

    def put(key: str, value: Any) -> None:
        """Store a value, or each value in it, under its path."""
        if isinstance(value, dict):
            for part, inner in value.items():
                put(f"{key}/{part}", inner)
        else:
            flat[key] = np.asarray(value)

    for name, sequence in cases.items():
        for index, case in enumerate(sequence):
            put(f"{name}/{index:03d}", case)
    return flat


def _unflatten(flat: Mapping[str, np.ndarray[Any, Any]]) -> dict[str, list[Case]]:
    trees: dict[str, dict[str, Case]] = {}
    for key, array in flat.items():
        name, index, *parts, last = key.split("/")
        node = trees.setdefault(name, {}).setdefault(index, {})
        for part in parts:
            node = node.setdefault(part, {})
        node[last] = array if array.ndim else array.item()
    return {name: [cases[index] for index in sorted(cases)] for name, cases in trees.items()}
