"""Where things lie in a course: every folder, and how a course is found around a notebook."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gradekit.errors import CourseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONFIG = "nbgrader_config.py"
CONFIGS = (CONFIG, "nbgrader_config.json")  # in the order in which nbgrader reads them: the second has the last word
BUNDLE = ".gradekit-course"  # where an otter zip puts its copy of the course: in the folder of the submission
MARK = "\N{WHITE SQUARE}"  # nobody's name: stands for one in a path
NAMED = re.compile(r"""\b(source|submitted|autograded|feedback)_directory["']?\s*[=:]\s*["']([^"']+)["']""")
MAX_CONFIG = 1_000_000  # characters of a settings file that is read without being run

STUDENTS = ("submitted", "autograded", "feedback")  # the steps that hold students' files
OURS = ".gradekit"  # holds some of them too

Step = Literal["source", "release", "submitted", "autograded", "feedback", "solution"]


@dataclass(frozen=True)
class Folders:
    """What the folders of nbgrader's steps are called in a course, and how they lie in it.

    Attributes
    ----------
    structure : str
        nbgrader's ``directory_structure``: the path of a student's folder of a step, below the course.
    """

    source: str = "source"
    release: str = "release"
    submitted: str = "submitted"
    autograded: str = "autograded"
    feedback: str = "feedback"
    solution: str = "solution"
    structure: str = "{nbgrader_step}/{student_id}/{assignment_id}"


@dataclass(frozen=True)
class Course:
    """A course is a folder; every path in it follows from its root, its settings and an assignment's name.

    ``gradekit.gradebook.settings.open_course`` reads the settings; ``Course(root)`` has nbgrader's own names.

    Attributes
    ----------
    db : str
        The gradebook's address where somebody has named one; empty for that of the settings.
    beside : Path or None
        A folder whose settings count too, before the course's own: where the command was given.
    """

    root: Path
    folders: Folders = field(default_factory=Folders)
    db: str = ""
    beside: Path | None = None

    def folder(self, step: Step, assignment: str, student: str = ".") -> Path:
        """Return the folder of one of nbgrader's steps, as its ``CourseDirectory.format_path`` does."""
        words = {"nbgrader_step": getattr(self.folders, step), "student_id": student, "assignment_id": assignment}
        return self.root / self.folders.structure.format(**words)

    def students(self, step: Step, assignment: str) -> tuple[str, ...]:
        """Return who has a folder of a step, sorted."""
        return folders_at(str(self.folder(step, assignment, MARK)))

    def assignments(self) -> tuple[str, ...]:
        """Return the names of the assignments that have a source notebook, sorted."""
        names = folders_at(str(self.folder("source", MARK)))
        return tuple(name for name in names if any(self.source_folder(name).glob("*.ipynb")))

    def check_assignment(self, assignment: str) -> None:
        """Refuse a name that is no assignment of this course.

        Raises
        ------
        CourseError
            With the nearest name, or all names.
        """
        known = self.assignments()
        if assignment in known:
            return
        near = difflib.get_close_matches(assignment, known, n=1)
        if near:
            advice = f"Did you mean '{near[0]}'?"
        elif known:
            advice = f"This course has: {', '.join(known)}."
        else:
            name = self.folders.source
            advice = f"Its folder {name}/ has no assignment yet: put one at {name}/<name>/<name>.ipynb."
        raise CourseError(f"There is no assignment '{assignment}' in {self.root}.", help=advice)

    def source_folder(self, assignment: str) -> Path:
        """Return the folder of the instructor's notebook and its data."""
        return self.folder("source", assignment)

    def source(self, assignment: str) -> Path:
        """Return the instructor's notebook."""
        return self.source_folder(assignment) / f"{assignment}.ipynb"

    def notebooks(self, assignment: str) -> tuple[Path, ...]:
        """Return all notebooks of the instructor's, sorted; hidden tests concern the one named for the assignment."""
        return tuple(sorted(self.source_folder(assignment).glob("*.ipynb")))

    def hidden(self, assignment: str) -> Path:
        """Return the folder of the hidden tests."""
        return self.root / "tests" / "hidden" / assignment


def folders_at(path: str) -> tuple[str, ...]:
    """Return what `MARK` stands for in the paths of folders that are there, sorted; a link is none."""
    before, _, after = path.partition(MARK)
    parent, begin = os.path.split(before)
    end, slash, rest = after.partition(os.sep)
    found = set()
    for entry in os.scandir(parent) if Path(parent).is_dir() else ():
        name = entry.name
        folder = Path(f"{parent}{os.sep}{name}{slash}{rest}")
        if name.startswith(begin) and name.endswith(end) and folder.is_dir() and not folder.is_symlink():
            found.add(name[len(begin) : len(name) - len(end)])
    return tuple(sorted(found))


def named_folders(folder: Path) -> dict[str, str]:
    """Return step → name as the settings files in a folder give them, read as text: nothing is run."""
    found: dict[str, str] = {}
    for name in CONFIGS:
        try:
            with (folder / name).open(encoding="utf-8", errors="replace") as file:
                lines = file.read(MAX_CONFIG).splitlines()
        except OSError:  # none there, or none that we may read
            continue
        for line in lines:
            found |= dict(NAMED.findall(line.split("#", 1)[0]))
    return found


def is_students(folder: Path, *, also: Iterable[Mapping[str, str]] = ()) -> bool:
    """Tell whether a folder lies below one that students' files are brought to, under any name that we can know of.

    Parameters
    ----------
    also : iterable of mapping of str to str
        Step → name, as settings beside those of the folders above give them.
    """
    above = folder.resolve().parents
    known = {OURS, *(getattr(Folders(), step) for step in STUDENTS)}
    for names in (*also, *map(named_folders, above)):
        known |= {Path(names[step]).name for step in STUDENTS if step in names}
    return any(parent.name in known for parent in above)


def find_course(start: Path) -> Course:
    """Find the course around a notebook that is being graded in its own process.

    ``GRADEKIT_COURSE`` where it is set, else the nearest parent folder with ``tests/hidden``, else the copy in an otter
    zip. Its settings are not run here. A folder among students' files is none: it would be the student's own.

    Raises
    ------
    CourseError
        If there is neither.
    """
    named = os.environ.get("GRADEKIT_COURSE")
    candidates = [Path(named)] if named else [start, *start.parents, start / BUNDLE]
    for folder in candidates:
        if (folder / "tests" / "hidden").is_dir() and (named or folder.name == BUNDLE or not is_students(folder)):
            return Course(folder.resolve(), Folders(source=named_folders(folder).get("source", "source")))
    raise CourseError(
        f"No course around {start}: no folder above it holds tests/hidden.",
        help="Run the grader inside the course, or set GRADEKIT_COURSE to the course's folder.",
    )
