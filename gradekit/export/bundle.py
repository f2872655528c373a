"""What an exported grader carries with it: the course, gradekit's own wheel, the pinned names of everything else.

Nothing is fetched: the wheel is made of the package as it is installed here, the pins are the versions that are.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.metadata
import io
import re
import shutil
import stat
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import gradekit
from gradekit.errors import CourseError, HostError
from gradekit.files import make_stage_beside
from gradekit.gradebook import convert
from gradekit.gradebook.settings import copy_settings, read_settings
from gradekit.judging.assignment import load_assignment
from gradekit.release.make import release

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gradekit.course.course import Course
    from gradekit.judging.assignment import Assignment


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
WHEEL = "Wheel-Version: 1.0\nGenerator: gradekit\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
JUNK = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")

SETUP = """#!/usr/bin/env bash
# Made by gradekit for Gradescope's Ubuntu base images (22.04 or newer). Nothing is typeset, and no browser is needed.
set -euo pipefail
root="${{AUTOGRADER_ROOT:-/autograder}}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq libseccomp2
python=""
for version in {versions}; do
  if apt-get install -y -qq "python$version" "python$version-venv"; then python="python$version"; break; fi
done
test -n "$python" || {{ echo "No Python of {versions} can be installed here: choose a newer base image." >&2; exit 1; }}
"$python" -m venv "$root/venv"
"$root/venv/bin/python" -m pip install --no-cache-dir -r "$root/source/requirements.txt" "$root"/source/gradekit-*.whl
"""
RUN = """#!/usr/bin/env bash
root="${{AUTOGRADER_ROOT:-/autograder}}"
cd "$root"
exec "${{AUTOGRADER_PYTHON:-$root/venv/bin/python}}" {command}
"""
PYTHONS = "3.13 3.12 3.11"
INSTALL = "In gradekit's folder: pip install '.[grader]'"


def load(course: Course, assignment: str) -> Assignment:
    """Load an assignment that is to be exported.

    Raises
    ------
    CourseError
        If there is none of that name, or the name is none that otter and Gradescope can take.
    BadReference, HiddenTestError
        If its tests were never frozen, or cannot be loaded.
    """
    course.check_assignment(assignment)
    if not NAME.fullmatch(assignment):
        raise CourseError(
            f"'{assignment}' cannot be exported: its name becomes that of files in a zip and of Python modules.",
            help="Rename it: letters, digits, _ and - alone, at most 100.",
        )
    return load_assignment(course, assignment)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Make a folder aside, and rename it into its place once it is complete. Its path is whole, wherever one works.

    Raises
    ------
    CourseError
        If the place is taken, or cannot be written.
    """
    target = target.resolve()  # what is relative would change its meaning where a grader needs another working folder
    if target.exists():
        raise CourseError(f"{target} exists already.", help="Remove it, or name another folder with --to.")
    stage = make_stage_beside(target)
    try:
        yield stage
        stage.chmod(0o755)
        stage.rename(target)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def copy_course(course: Course, assignment: str, folder: Path) -> Course:
    """Copy what grading one assignment needs of a course: source, hidden tests, catalogue, settings."""
    folder.mkdir(parents=True)
    new = copy_settings(course, folder)
    shutil.copytree(course.source_folder(assignment), new.source_folder(assignment), ignore=JUNK)
    shutil.copytree(course.hidden(assignment), new.hidden(assignment), ignore=JUNK)
    return new


def released_course(course: Course, assignment: str, folder: Path) -> Course:
    """Copy a course and release the assignment there, so that the copy has a gradebook of its own, without anybody."""
    new = copy_course(course, assignment, folder)
    release(new, assignment, solutions=False)
    with convert.gradebook(read_settings(new)) as gradebook:
        for student in gradebook.students:
            gradebook.remove_student(student.id)
    shutil.rmtree(folder / ".gradekit", ignore_errors=True)
    return new


def make_wheel(folder: Path) -> Path:
    """Write gradekit, as it is installed here, as a wheel (PEP 427); return its path."""
    found = importlib.metadata.distribution("gradekit")
    about = found.read_text("METADATA") or found.read_text("PKG-INFO")  # of a folder that pip or setuptools made
    if not about:
        raise HostError("gradekit is not installed in this Python.", help=INSTALL)
    package, stem = Path(gradekit.__file__).parent, f"gradekit-{found.version}"
    held = {
        item.relative_to(package.parent).as_posix(): item.read_bytes()
        for item in sorted(package.rglob("*"))
        if item.is_file() and "__pycache__" not in item.parts
    }
    texts = {"METADATA": about, "entry_points.txt": found.read_text("entry_points.txt") or "", "WHEEL": WHEEL}
    held |= {f"{stem}.dist-info/{name}": text.encode() for name, text in texts.items()}
    record = f"{stem}.dist-info/RECORD"
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        for name, data in {**held, record: _record(held, record)}.items():
            file.writestr(entry(name, mode=0o644), data, zipfile.ZIP_DEFLATED)
    return path


def _record(held: Mapping[str, bytes], own: str) -> bytes:
    """Return a wheel's list of its files, each with its hash and size; its own name has neither."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    for name, data in held.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow((name, f"sha256={digest}", len(data)))
    rows.writerow((own, "", ""))
    return text.getvalue().encode()


def pins(*roots: str) -> tuple[str, ...]:
    """Return ``name==version`` for packages and all that they need, as installed here, sorted.

    Parameters
    ----------
    roots : str
        Requirements, as ``gradekit[grader]``; gradekit itself travels as a wheel and is left out.

    Raises
    ------
    HostError
        If one of the roots is not installed.
    """
    versions: dict[str, str] = {}
    waiting = [Requirement(root) for root in roots]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if (name, frozenset(wanted.extras)) in seen:
            continue
        seen.add((name, frozenset(wanted.extras)))
        try:
            found = importlib.metadata.distribution(wanted.name)
        except importlib.metadata.PackageNotFoundError:
            if wanted.name in {Requirement(root).name for root in roots}:
                advice = INSTALL if name == "gradekit" else f"pip install '{wanted}'"
                raise HostError(f"{wanted.name} is not installed.", help=advice) from None
            continue  # asked for on another platform, or by an extra that nobody installed
        versions[name] = found.version
        waiting += _needs(found, wanted.extras)
    versions.pop("gradekit", None)
    return tuple(f"{name}=={version}" for name, version in sorted(versions.items()))


def _needs(found: importlib.metadata.Distribution, extras: set[str]) -> list[Requirement]:
    needed = [Requirement(text) for text in found.requires or ()]
    words = [{"extra": extra} for extra in (*extras, "")]
    return [item for item in needed if item.marker is None or any(item.marker.evaluate(word) for word in words)]


def scripts(pinned: tuple[str, ...], *, command: str) -> dict[str, str]:
    """Return the texts of ``setup.sh``, ``run_autograder`` and ``requirements.txt``.

    Parameters
    ----------
    command : str
        What Python runs for a submission; ``$root`` is the grader's folder.
    """
    return {
        "setup.sh": SETUP.format(versions=PYTHONS),
        "run_autograder": RUN.format(command=command),
        "requirements.txt": "\n".join(pinned) + "\n",
    }


def entry(name: str, *, mode: int) -> zipfile.ZipInfo:
    """Return a zip's entry of a file with these rights."""
    info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))  # the same bytes on every day
    info.external_attr = (stat.S_IFREG | mode) << 16
    return info
