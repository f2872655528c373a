"""What a score depends on: whose change means that a submission is graded again."""

from __future__ import annotations

import importlib.metadata
import platform
from pathlib import Path
from typing import TYPE_CHECKING

import gradekit
from gradekit import __version__, files
from gradekit.gradebook.settings import settings_files

if TYPE_CHECKING:
    from gradekit.grade.submission import Order
    from gradekit.gradebook.assignment import Book

PACKAGE = Path(gradekit.__file__).parent
# Our own code that a score depends on: rooms and top files; no page, no report, no template.
ROOMS = ("worker", "course", "judging", "isolation", "gradebook", "handin", "grade")
JUDGES = (*ROOMS, *(f"{name}.py" for name in ("errors", "model", "score", "text", "files", "bounds", "checks")))


def versions() -> dict[str, str]:
    """Return the versions that a score may depend on."""
    found = {name: importlib.metadata.version(name) for name in ("numpy", "IPython", "nbgrader")}
    return {"gradekit": __version__, "python": platform.python_version(), **found}


def submission_hash(book: Book, student: str) -> str:
    """Return the hash of what a student handed in."""
    return files.digest([book.folder(book.directory.submitted_directory, student)])


def hashes(order: Order) -> dict[str, str]:
    """Return the hashes of our side: whose change means that a submission is graded again."""
    hidden = order.course.hidden(order.assignment)
    config = [*settings_files(order.course), order.course.folder("release", order.assignment)]
    return {
        "source": files.digest([order.course.source_folder(order.assignment), *config]),
        "tests": files.digest([hidden / "tests.py", hidden / "misconceptions.py"]),
        "reference": files.digest([hidden / "reference.npz"]),
        "gradekit": files.digest([PACKAGE / name for name in JUDGES]),
        "isolation": order.isolation + (", all cells" if order.all_cells else ""),
    }
