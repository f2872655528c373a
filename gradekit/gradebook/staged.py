"""nbgrader's Autograde for one submission in its stage: sanitise without a write, and later enter all of it."""

from __future__ import annotations

import contextlib
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbconvert.writers import FilesWriter
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata, Execute, SaveAutoGrades
from traitlets import Unicode
from traitlets.utils.importstring import import_item

from gradekit.gradebook.lend import Reading, Writing, lent
from gradekit.gradebook.rows import SaveScores

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from nbformat import NotebookNode

    from gradekit.gradebook.assignment import ReleasedAssignment
    from gradekit.gradebook.rows import Executed


IN, OUT = "in", "out"  # of a stage: what was handed in, and what will be put in its place
LOG = logging.getLogger(__name__)
LOG.addHandler(logging.NullHandler())


class _Staged(CourseDirectory):  # type: ignore[misc]  # nbgrader is untyped
    """The course's folders, but for one submission and its autograded copy: these lie in a stage."""

    stage = Unicode()

    def format_path(self, nbgrader_step: str, student_id: str, assignment_id: str, escape: bool = False) -> str:  # noqa: FBT001, FBT002  (nbgrader's signature)
        """Return the folder of a step; with `escape` a pattern, which is the same for all stages."""
        inner = {self.submitted_directory: IN, self.autograded_directory: OUT}.get(nbgrader_step)
        if inner is None:
            return str(super().format_path(nbgrader_step, student_id, assignment_id, escape=escape))
        return str(Path(inner, student_id, assignment_id) if escape else Path(self.stage, inner))


class _CheckOnce(CheckCellMetadata):  # type: ignore[misc]
    """nbgrader's check of cell metadata, left out where they are the source's own, which were checked on release."""

    def __init__(self, source_cells: Sequence[Mapping[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.known = [cell["metadata"]["nbgrader"] for cell in source_cells]

    def preprocess(self, nb: NotebookNode, resources: Any) -> Any:
        """Check what is not the source's."""
        found = [cell.metadata.nbgrader for cell in nb.cells if "nbgrader" in cell.metadata]
        return (nb, resources) if found == self.known else super().preprocess(nb, resources)


def staged(book: ReleasedAssignment, student: str, stage: Path) -> StagedAutograde:
    """Return the converter of a class, turned to one submission and its stage."""
    if "converter" not in book.made:
        book.made["converter"] = StagedAutograde(book)
    found: StagedAutograde = book.made["converter"]
    found.turn_to(student, stage)
    return found


class StagedAutograde(Autograde):  # type: ignore[misc]
    """nbgrader's Autograde for one submission in a stage, in two halves: before the notebooks are run, and after.

    As in nbgrader itself, one converter serves a whole class.
    """

    def __init__(self, book: ReleasedAssignment) -> None:
        folders = {name: getattr(book.directory, name) for name in book.directory.trait_names(config=True)}
        super().__init__(
            coursedir=_Staged(**{**folders, "assignment_id": book.assignment}), config=book.config, log=LOG
        )
        for name, value in book.traits.items():
            setattr(self, name, value)
        self.book = book
        self.writer = FilesWriter(parent=self, config=self.config)
        self.exporter = self.exporter_class(parent=self, config=self.config)
        self.exporter.optimistic_validation = True  # once after all preprocessors, not after each
        self.known_steps: dict[tuple[str, type], Any] = {}

    def turn_to(self, student: str, stage: Path) -> None:
        """Go on with a submission."""
        self.student = self.coursedir.student_id = student
        self.coursedir.stage = str(stage)
        self.inbox, self.outbox = stage / IN, stage / OUT

    def sanitise(self, names: Iterable[str]) -> dict[str, NotebookNode]:
        """Copy the source's files over the submission's and take notebooks through nbgrader's steps before the run.

        The database is only read.
        """
        self.notebooks = [str(self.inbox / f"{name}.ipynb") for name in self.book.sources]
        before, _ = self._steps()
        try:
            with lent(Reading(self.book)):
                self.init_assignment(self.book.assignment, self.student)
                return {name: self._convert(name, [*self.sanitize_preprocessors, *before]) for name in names}
        finally:
            self.book.gradebook.db.rollback()  # nothing was written; this ends the reading

    def enter(self, runs: Mapping[str, tuple[NotebookNode, Executed]]) -> tuple[dict[str, SaveScores], str]:
        """Write rows and notebooks.

        Returns
        -------
        dict, str
            By notebook what has written the rows, which knows what is open; until when the student may hand in.
        """
        self.notebooks = [str(self.inbox / f"{name}.ipynb") for name in self.book.sources]
        _, after = self._steps()
        saved: dict[str, SaveScores] = {}
        rows = Writing(self.book, self.student)
        with lent(rows):
            with self._copying_nothing():
                self.init_assignment(self.book.assignment, self.student)
            due = rows.due
            for name, (nb, executed) in runs.items():
                saving = SaveScores(executed, parent=self.exporter)
                resources = self._resources(name)
                self._register(name, [saving if step is SaveAutoGrades else step for step in after])
                self.write_single_notebook(*self._exported(nb, resources))
                saved[name] = saving
        rows.write()
        self.set_permissions(self.book.assignment, self.student)
        return saved, due

    @contextlib.contextmanager
    def _copying_nothing(self) -> Iterator[None]:
        """Let nbgrader copy no file a second time."""
        before, self.coursedir.ignore = self.coursedir.ignore, ["*"]
        try:
            yield
        finally:
            self.coursedir.ignore = before

    def share(self) -> None:
        """Give the folder of all autograded submissions the group's rights, where the settings say so."""
        directory = self.book.directory
        folder = Path(directory.format_path(directory.autograded_directory, ".", "."))
        with contextlib.suppress(PermissionError):
            if directory.groupshared:
                folder.chmod((folder.stat().st_mode | 0o2770) & 0o2777)

    def _steps(self) -> tuple[list[type], list[type]]:
        """Return nbgrader's steps before and after the running of the notebook."""
        kinds = [import_item(kind) if isinstance(kind, str) else kind for kind in self.autograde_preprocessors]
        at = next((index for index, kind in enumerate(kinds) if issubclass(kind, Execute)), len(kinds))
        return kinds[:at], kinds[at + 1 :]

    def _convert(self, name: str, steps: Sequence[Any]) -> NotebookNode:
        """Take a repaired notebook through nbgrader's steps; it is ours and valid, so nothing is checked or copied."""
        nb = nbformat.from_dict(json.loads((self.inbox / f"{name}.ipynb").read_text(encoding="utf-8")))
        self._register(name, steps)
        return self._stepped(nb, self._resources(name))[0]

    def _stepped(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        for step in self.exporter._preprocessors:  # noqa: SLF001  (as nbgrader itself does)
            nb, resources = step(nb, resources)
        return nb, resources

    def _exported(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Do what nbconvert's exporter of notebooks does, without its three copies: the notebook is ours.

        Raises
        ------
        ValidationError
            If one of the steps has made no notebook of it.
        """
        known = ResourcesDict(None, resources, output_extension=".ipynb")  # what lacks is '' to a step
        nb, resources = self._stepped(nb, known)
        nbformat.validate(nb, relax_add_props=True)
        return nbformat.v4.writes(nb).rstrip("\n") + "\n", resources

    def _register(self, name: str, steps: Sequence[Any]) -> None:
        self.exporter._preprocessors = []  # noqa: SLF001  (as nbgrader itself does)
        for step in steps:
            self.exporter.register_preprocessor(self._step(name, step))

    def _step(self, name: str, step: Any) -> Any:
        """Return a step of a notebook's: one for the class where it is nbgrader's, which keeps nothing of a student."""
        if not (isinstance(step, type) and step.__module__.startswith(("nbgrader.", "nbconvert."))):
            return step
        if (name, step) not in self.known_steps:
            check = step is CheckCellMetadata
            made = _CheckOnce(self.book.sources[name], parent=self.exporter) if check else step(parent=self.exporter)
            self.known_steps[name, step] = made
        return self.known_steps[name, step]

    def _resources(self, name: str) -> dict[str, Any]:
        # nbgrader reads the student from the path, by a pattern that ends with the line: a folder's name may have two.
        path = Path(IN, "_", self.book.assignment, f"{name}.ipynb")
        resources: dict[str, Any] = self.init_single_notebook_resources(str(path))
        resources["nbgrader"]["student"] = self.student
        return resources | {"metadata": {"name": name, "path": str(self.outbox)}}
