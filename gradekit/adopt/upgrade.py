"""What nbgrader says of a notebook of other making: its metadata in schema 3; and which delimiters settings name."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import nbformat
from nbgrader.nbgraderformat import SCHEMA_VERSION, MetadataValidator, SchemaTooNewError, ValidationError
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

from gradekit.gradebook.settings import read_settings

if TYPE_CHECKING:
    from gradekit.course.course import Course

UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
)  # what nbgrader's converter raises at what it never wrote


@dataclass(frozen=True)
class Delimiters:
    """What a course writes around solutions and hidden tests, as begin and end."""

    solution: tuple[str, str]
    tests: tuple[str, str]


def delimiters(course: Course) -> Delimiters:
    """Read from a course's settings what begins and ends a region."""
    config = read_settings(course)
    solution, tests = ClearSolutions(config=config), ClearHiddenTests(config=config)
    return Delimiters(
        (str(solution.begin_solution_delimeter), str(solution.end_solution_delimeter)),
        (str(tests.begin_test_delimeter), str(tests.end_test_delimeter)),
    )


def upgrade_cell(cell: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return a cell with its metadata in schema 3, and what is wrong with them; '' where nothing is.

    The converter is nbgrader's own, as ``nbgrader update`` runs it.
    """
    validator = MetadataValidator()
    validator.log = logging.Logger("upgrade")  # noqa: LOG001  (heard by nobody: what it warns of is in the result)
    validator.log.addHandler(logging.NullHandler())
    validator.v1.log = validator.v2.log = validator.v2.v1.log = validator.log
    node = nbformat.from_dict(cell)
    try:
        node = validator.upgrade_cell_metadata(node)
        validator.validate_cell(node)
    except SchemaTooNewError as error:
        return cell, f"its nbgrader metadata have schema {error.actual_version}, and {SCHEMA_VERSION} is known"
    except ValidationError as error:
        return cell, f"nbgrader says of its metadata: {error.message.splitlines()[0][:200]}"
    except UNREADABLE as error:
        return cell, f"nbgrader cannot read its metadata: {error!r}"[:300]
    return _plain(node), ""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
