"""Whose a file in a zip of Moodle's or Canvas's is: for ``nbgrader zip_collect``, which copies it to its student.

Switched on in ``nbgrader_config.py``::

    c.ZipCollectApp.collector_plugin = "gradekit.plugin.lmsnames.LmsNames"

Canvas writes its own number of a student into each file's name, which is the gradebook's ``lms_user_id``; Moodle writes
the full name, which must be one student's alone. Neither says when: the dates in a zip are those of its packing.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePath
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.plugins import FileNameCollectorPlugin

MOODLE = re.compile(r"(?P<name>[^/_]+)_\d+_assignsubmission_file_?(?P<rest>.*)")
CANVAS = re.compile(r"[^/_]+_(?P<late>LATE_)?(?P<number>\d+)_\d+_(?P<rest>.+)")
AGAIN = re.compile(r"-\d+\Z")  # what Canvas puts behind the name of a file that was handed in again
SUFFIX = ".ipynb"


class LmsNames(FileNameCollectorPlugin):  # type: ignore[misc]  # nbgrader is untyped
    """nbgrader's collector for the names that Moodle and Canvas give; where ``named_regexp`` is set, that counts."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._given: dict[tuple[str, str], str] = {}

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        """Return whose a file is and which notebook; None where that is not clear, which nbgrader says in its log."""
        if self.named_regexp:
            found: dict[str, str] | None = super().collect(submitted_file)
            return found
        path = self._inside(submitted_file)
        owners = [match for part in path.parts if (match := MOODLE.fullmatch(part) or CANVAS.fullmatch(part))]
        if not owners or path.suffix != SUFFIX:
            return None
        if len(owners) > 1:  # the outermost name is the system's, any other one a student's choice
            self.log.warning("%s: it has the form of two students' names, and is nobody's", path)
            return None
        rest = owners[0]["rest"]
        own = rest.removesuffix(SUFFIX) if rest.endswith(SUFFIX) else path.stem
        name = self._notebook(own)
        if name != own and Path(submitted_file.removesuffix(own + SUFFIX) + name + SUFFIX).exists():
            name = own  # the notebook itself lies beside it
        return self._placed(path, owners[0].groupdict(), name)

    def _inside(self, file: str) -> PurePath:
        """Return a file's path below the folder that nbgrader has unpacked everything into."""
        path, below = PurePath(file), self.parent.extracted_directory
        parts = path.parts
        return PurePath(*parts[parts.index(below) + 1 :]) if below in parts else path

    def _placed(self, path: PurePath, facts: dict[str, str], name: str) -> dict[str, str] | None:
        students = self._students(facts)
        if len(students) != 1:
            said = f"could be {', '.join(sorted(students))}" if students else "is nobody's in the gradebook"
            self.log.warning("%s: %s; enter names and ids with: gradekit roster FILE", path, said)
            return None
        (student,) = students
        first = self._given.setdefault((student, name), str(path))
        if first != str(path):  # nbgrader would stop, and collect nobody
            self.log.warning("%s: %s has handed in %s for the same notebook; that one is taken", path, student, first)
            return None
        if facts.get("late"):
            self.log.warning("%s: Canvas says that it was late, and not how late: gradekit handed-in", path)
        return {"student_id": student, "file_id": name}

    def _students(self, facts: dict[str, str]) -> set[str]:
        directory = self.parent.coursedir
        with Gradebook(directory.db_url, directory.course_id) as gradebook:
            people = gradebook.students
            if "number" in facts:
                return {person.id for person in people if (person.lms_user_id or "").strip() == facts["number"]}
            wanted = _bare(facts["name"])
            return {person.id for person in people if wanted in _names(person)}

    def _notebook(self, name: str) -> str:
        """Return a notebook's name as it was given out, without what was put behind it."""
        directory = self.parent.coursedir
        folder = Path(directory.format_path(directory.release_directory, ".", directory.assignment_id))
        given = {path.stem for path in folder.glob(f"*{SUFFIX}")}
        first = AGAIN.sub("", name)
        return first if name not in given and first in given else name


def _names(person: Any) -> set[str]:
    """Return a person's full name in both orders: which one Moodle shows is a site's choice."""
    first, last = _bare(person.first_name or ""), _bare(person.last_name or "")
    return {f"{first} {last}", f"{last} {first}"} if first and last else set()


def _bare(name: str) -> str:
    return " ".join(name.casefold().split())
