"""What an adoption changes, what stays and where, what a person still has to type: facts for the command's table."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Change:
    """One thing that is changed, or one thing that stays and has a stated place.

    Attributes
    ----------
    notebook : str
        The file's name.
    cell : str
        The cell's id as it will be; empty where it concerns the whole notebook.
    """

    notebook: str
    cell: str
    what: str


@dataclass(frozen=True)
class ToType:
    """One thing that is left for a person: where, and what.

    Attributes
    ----------
    needed : bool
        Whether an exercise stays undecided until it is done.
    """

    where: str
    what: str
    needed: bool = True


@dataclass(frozen=True)
class AdoptedNotebook:
    """One notebook, brought to the form that release takes."""

    node: dict[str, Any]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Adoption:
    """What an adoption would write: nothing is written yet.

    Attributes
    ----------
    files : mapping of Path to bytes
        New contents, of those files alone that differ from what is there.
    stays : tuple of Change
        What has a stated place and is not changed, such as visible asserts that carry points.
    """

    assignment: str
    files: Mapping[Path, bytes] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    stays: tuple[Change, ...] = ()
    to_type: tuple[ToType, ...] = ()

    def plain(self, root: Path) -> dict[str, Any]:
        """Return it as JSON has it, without the files' contents; paths relative to the course."""
        lists = {name: [asdict(item) for item in getattr(self, name)] for name in ("changes", "stays", "to_type")}
        return {"assignment": self.assignment, "files": [str(path.relative_to(root)) for path in self.files], **lists}
