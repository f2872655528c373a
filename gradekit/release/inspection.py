"""What must be right in a source notebook before it is released, and what must not be in what students get."""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradekit.course import notebook
from gradekit.errors import LeakError, SourceError
from gradekit.model import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from gradekit.course.course import Course
    from gradekit.model import Cell


GRADE_ID = re.compile(r"[A-Za-z0-9_-]+\Z")
CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")  # the notebook format's; a grade_id may be longer
SUFFIXES = ("-text", "", "-try", "-tests", "-grade")  # of an exercise's cells, in their order
TEXT_STUB = "YOUR ANSWER HERE"  # what nbgrader puts into a cell to be answered in words
TELLING = 12  # characters: a shorter line of code, blanks left out, is everybody's (`return grads`)


def check_source(path: Path, node: dict[str, Any]) -> None:
    """Refuse a source notebook that could not be released, naming every fault that is found.

    Raises
    ------
    SourceError
        With one line a fault: the cell's id, what is wrong.
    """
    cells = notebook.cells(node)
    faults = [*_format_faults(node), *_cell_faults(cells), *_name_faults(cells)]
    for later in (_exercise_faults, _point_faults):  # each takes for granted what the one before has looked at
        faults = faults or list(later(cells))
    if faults:
        raise SourceError(f"{path} cannot be released:\n" + "\n".join(f"  - {fault}" for fault in faults))


def _format_faults(node: dict[str, Any]) -> Iterator[str]:
    if node.get("nbformat_minor", 0) < 5:
        yield f"it is in format 4.{node.get('nbformat_minor', 0)}, which has no cell ids; format 4.5 is needed"
    for raw in node["cells"]:
        if raw.get("outputs") or raw.get("execution_count"):
            yield f"cell '{raw.get('id', '?')}': it holds an output; clear all outputs (nbstripout --keep-id)"


def _cell_faults(cells: Iterable[Cell]) -> Iterator[str]:
    for cell in cells:
        for region in (notebook.SOLUTION, notebook.HIDDEN_TESTS):
            problem = notebook.region_problem(cell.source, region)
            if problem:
                yield f"cell '{cell.id}': {problem}"
        lines = cell.source.splitlines()
        if notebook.region_lines(cell.source, notebook.SOLUTION) and cell.role not in (Role.SOLUTION, Role.MANUAL):
            yield f"cell '{cell.id}': it holds a solution but is no solution cell, so nothing would be cleared"
        if cell.role is Role.SOLUTION and cell.kind == "code" and not any("BEGIN SOLUTION" in line for line in lines):
            yield f"cell '{cell.id}': it is a solution cell without a solution region, so all of it would be cleared"


def _name_faults(cells: Iterable[Cell]) -> Iterator[str]:
    seen: set[str] = set()
    for cell in cells:
        if not cell.id:
            yield f"cell {cell.index + 1}: it has no id"
        if cell.role is Role.FREE:
            continue
        if not GRADE_ID.match(cell.grade_id):
            yield f"cell '{cell.id}': the grade_id '{cell.grade_id}' must be letters, digits, '-' and '_'"
        elif cell.grade_id in seen:
            yield f"cell '{cell.id}': the grade_id '{cell.grade_id}' stands twice"
        elif cell.grade_id != cell.id and CELL_ID.match(cell.grade_id):
            yield f"cell '{cell.id}': its grade_id is '{cell.grade_id}'; the two must be equal"
        seen.add(cell.grade_id)


def _exercise_faults(cells: tuple[Cell, ...]) -> Iterator[str]:
    where = {name: cell.index for cell in cells for name in (cell.id, cell.grade_id)}
    for exercise in notebook.exercises(cells):
        if not exercise.defines:
            yield f"exercise '{exercise.name}': its solution cell defines no function and no class"
        if exercise.adopted:  # its other cells are what their author has made of them
            if exercise.stub.index > where[exercise.graded]:
                yield f"exercise '{exercise.name}': its solution cell must stand before '{exercise.graded}'"
            continue
        wanted = [exercise.name + suffix for suffix in SUFFIXES]
        missing = [name for name in wanted if name not in where and not name.endswith("-try")]
        if missing:
            yield f"exercise '{exercise.name}': it has no cell {', '.join(map(repr, missing))}"
        order = [where[name] for name in wanted if name in where]
        if order != sorted(order):
            yield f"exercise '{exercise.name}': its cells must stand in the order {', '.join(wanted)}"


def _point_faults(cells: tuple[Cell, ...]) -> Iterator[str]:
    text = {name: cell.source for cell in cells for name in (cell.id, cell.grade_id)}
    exercises = notebook.exercises(cells)
    for exercise in exercises:
        grade, heading = exercise.graded, f"{exercise.name}-text"
        places = [(grade, notebook.stated_points(text[grade]))]
        if not exercise.adopted:
            places.insert(0, (heading, notebook.stated_points(text[heading].split("\n", 1)[0])))
        for place, stated in places:
            if stated is not None and stated != exercise.points:  # where none are stated, release puts them in
                yield f"cell '{place}': it states {stated:g} points, but '{grade}' carries {exercise.points:g}"
    if all(exercise.adopted for exercise in exercises):  # the first cell may speak of anything's points
        return
    total = sum(cell.points for cell in cells)
    stated = notebook.stated_points(cells[0].source) if cells else None
    if stated is not None and stated != total:
        yield f"cell '{cells[0].id}': it states {stated:g} points, but the cells' points add up to {total:g}"


@dataclass(frozen=True)
class Secret:
    """A text that students must not read.

    Attributes
    ----------
    cell : str
        The id of the source's cell that holds it; empty for a file's.
    file : str
        The name of the file that holds it; empty for a cell's.
    """

    text: str
    cell: str = ""
    file: str = ""

    @property
    def origin(self) -> str:
        """Where it stands, in words."""
        return f"cell '{self.cell}'" if self.cell else self.file


@dataclass(frozen=True)
class Leak:
    """Something that students could read.

    Attributes
    ----------
    place : str
        Where they could: a file, or what is said to them.
    origin : str
        Where it stands: see :class:`Secret`; of a whole file its name.
    line : str
        The line; empty where it is a whole file of the hidden tests.
    """

    place: str
    origin: str
    line: str = ""

    def __str__(self) -> str:
        what = f"'{self.line}' of {self.origin}" if self.line else f"it is the hidden tests' {self.origin}"
        return f"{self.place}: {what}"


def check_release(folder: Path, *, secrets: Iterable[Secret]) -> None:
    """Refuse a folder for students in which a telling line of a solution or a hidden test can be read.

    Parameters
    ----------
    folder : Path
        What students would get; every file in it is read.
    secrets : iterable of Secret
        What nothing of may stand in it.

    Raises
    ------
    LeakError
        With one line a leak: the file, the line's origin, the line.
    """
    published = {path.name: published_text(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    leaks = find_leaks(published, secrets=secrets)
    if leaks:
        raise LeakError(
            "The student version would give these lines away:\n" + "\n".join(f"  - {leak}" for leak in leaks),
            help="Take them out of the cells that students get, or write the solution in another way.",
        )


def find_leaks(texts: Mapping[str, str], *, secrets: Iterable[Secret]) -> list[Leak]:
    """Return each telling line of a secret that can be read in a text; `texts` go by their names."""
    lines = {normal: (item.origin, line) for item in secrets for line, normal in _telling_lines(item.text)}
    return [
        Leak(name, origin, line.strip())
        for name, public in ((name, _blanks_out(text)) for name, text in texts.items())
        for normal, (origin, line) in lines.items()
        if normal in public
    ]


def find_secrets(course: Course, assignment: str) -> list[Secret]:
    """Return the secret texts of an assignment: solutions, hidden regions, demands."""
    cells = [cell for path in course.notebooks(assignment) for cell in notebook.cells(notebook.read(path))]
    regions = [
        Secret("\n".join(notebook.region_lines(cell.source, region)), cell=cell.id)
        for cell in cells
        for region in (notebook.SOLUTION, notebook.HIDDEN_TESTS)
    ]
    # Of a cell that is answered in words all is the answer, unless it marks a region: nbgrader clears all of it.
    manual = [cell for cell in cells if cell.role is Role.MANUAL and "BEGIN SOLUTION" not in cell.source]
    manual = [cell for cell in manual if cell.source.strip() != TEXT_STUB]
    regions += [Secret(cell.source, cell=cell.id) for cell in manual]
    path = course.hidden(assignment) / "tests.py"
    tests = path.read_text(encoding="utf-8") if path.exists() else ""
    demands = "\n".join(line for line in tests.splitlines() if re.search(r"\b(student|reference|expect)\.", line))
    return [*regions, Secret(demands, file="tests.py")]


def published_text(path: Path) -> str:
    """Return what can be read in a file: as it stands and, of a notebook, cell by cell."""
    texts = [path.read_text(encoding="utf-8", errors="replace")]
    if path.suffix == ".ipynb":  # in the file itself, quotes and line ends are escaped
        texts += [cell.source for cell in notebook.cells(notebook.read(path))]
    return "\n".join(texts)


def _telling_lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield the lines of code that tell something, each with the form in which it is looked for."""
    for line in text.splitlines():
        normal = _blanks_out(_without_comment(line))
        names = set(re.findall(r"[A-Za-z_]\w*", line)) - set(keyword.kwlist)
        if (
            len(normal) >= TELLING
            and len(names) > 1
            and not normal.startswith(("import", "from", "def", "class", "@", '"""'))
        ):
            yield line, normal


def _without_comment(line: str) -> str:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(line.strip()).readline))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return line
    return "".join(token.string for token in tokens if token.type != tokenize.COMMENT)


def _blanks_out(text: str) -> str:
    return re.sub(r"[ \t]+", "", text)


def check_solutions(path: Path) -> None:
    """Refuse executed solutions in which a cell failed or a visible test cell shows a result.

    nbgrader takes the result of a test cell for its score, and aborts the submission where it exceeds the points.

    Raises
    ------
    SourceError
        With one line a cell.
    """
    node = notebook.read(path)
    faults = []
    for cell, raw in zip(notebook.cells(node), node["cells"], strict=True):
        for output in raw.get("outputs", ()):
            if output["output_type"] == "error":
                faults.append(f"cell '{cell.id}' fails: {output['ename']}: {output['evalue']}")
            elif output.get("name") == "stderr":
                faults.append(f"cell '{cell.id}' writes to stderr: {''.join(output['text']).strip()}")
            elif output["output_type"] == "execute_result" and cell.role is Role.TEST and not cell.points:
                faults.append(f"cell '{cell.id}' ends in a value, which nbgrader takes for its score")
    if faults:
        raise SourceError(f"The solution of {path.name} does not run clean:\n" + "\n".join(f"  - {f}" for f in faults))
