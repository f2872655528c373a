"""A table in a text file of another system's, of which some cells are written and every other byte stays as it was.

Python's `csv` reads a table, but forgets how it was written: which cells stood in quotes, how lines ended. The system
that made the file takes back what looks as it did.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradekit.errors import CourseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

DELIMITERS = (",", ";", "\t")
MOST_BYTES = 50 * 2**20  # a class of tens of thousands, with comments
COMMA_NUMBER, POINT_NUMBER = re.compile(r"-?\d+,\d{1,2}"), re.compile(r"-?\d+\.\d+")


@dataclass(frozen=True)
class TableCell:
    """One cell: its value, and where its text begins and ends in the file's."""

    value: str
    begin: int
    end: int


@dataclass(frozen=True)
class Table:
    """A table as a file has it.

    Attributes
    ----------
    text : str
        Without a byte order mark.
    mark : bytes
        The byte order mark that the file begins with, or nothing.
    rows : tuple of tuple of TableCell
        Without empty lines; the first is the header.
    """

    text: str
    rows: tuple[tuple[TableCell, ...], ...]
    delimiter: str
    mark: bytes = b""

    @property
    def header(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(cell.value.strip() for cell in self.rows[0])

    def value(self, row: int, column: int) -> str:
        """Return a cell's value without blanks around it; '' where the row is too short."""
        cells = self.rows[row]
        return cells[column].value.strip() if column < len(cells) else ""

    def decimal_comma(self, columns: Iterable[int]) -> bool:
        """Tell whether these columns write numbers with a comma, as many languages do, and none with a point."""
        values = [self.value(row, column) for column in columns for row in range(1, len(self.rows))]
        return any(map(COMMA_NUMBER.fullmatch, values)) and not any(map(POINT_NUMBER.fullmatch, values))

    def written(self, values: Mapping[tuple[int, int], str]) -> bytes:
        """Return the file's bytes with these cells, by row and column, in the place of what stood there."""
        parts, at = [], 0
        for (row, column), value in sorted(values.items()):
            cell = self.rows[row][column]
            parts += [self.text[at : cell.begin], self._as_before(cell, value)]
            at = cell.end
        return self.mark + "".join([*parts, self.text[at:]]).encode()

    def _as_before(self, cell: TableCell, value: str) -> str:
        """Return a value as the cell had its own: in quotes where it stood in quotes, or where it must."""
        quoted = self.text[cell.begin : cell.begin + 1] == '"' or any(
            sign in value for sign in f'{self.delimiter}"\r\n'
        )
        return '"' + value.replace('"', '""') + '"' if quoted else value


def read_table(path: Path) -> Table:
    """Read a table: UTF-8, with or without a byte order mark; commas, semicolons or tabs between the cells.

    Raises
    ------
    CourseError
        If it cannot be read as one.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > MOST_BYTES:
        raise CourseError(f"{path} is larger than {MOST_BYTES // 2**20} MB.")
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    try:
        text = data.removeprefix(mark).decode()
    except UnicodeDecodeError as error:
        raise CourseError(
            f"{path} is not UTF-8 (byte {error.start}).",
            help="Take the file as your system gives it; a spreadsheet that has saved it since may have changed it.",
        ) from None
    return Table(text, *_best(path, text), mark)


def _best(path: Path, text: str) -> tuple[tuple[tuple[TableCell, ...], ...], str]:
    tried = [(_rows(text, delimiter), delimiter) for delimiter in DELIMITERS]
    rows, delimiter = max(tried, key=lambda item: len(item[0][0]) if item[0] else 0)
    if not rows or len(rows[0]) < 2:
        raise CourseError(f"{path} is no table: its first line names no columns.")
    return rows, delimiter


def _rows(text: str, delimiter: str) -> tuple[tuple[TableCell, ...], ...]:
    """Cut a text into rows of cells; what stands in quotes may hold delimiters and line ends."""
    rows: list[tuple[TableCell, ...]] = []
    row: list[TableCell] = []
    at = 0
    while at < len(text):
        cell, at = _cell(text, at, delimiter)
        row.append(cell)
        if at < len(text) and text[at] == delimiter:
            at += 1
            if at == len(text):  # a last empty cell
                row.append(TableCell("", at, at))
            continue
        at += 2 if text.startswith("\r\n", at) else 1
        if len(row) > 1 or row[0].value:
            rows.append(tuple(row))
        row = []
    if row:
        rows.append(tuple(row))
    return tuple(rows)


def _cell(text: str, begin: int, delimiter: str) -> tuple[TableCell, int]:
    """Return the cell that begins here, and where it ends: at a delimiter, a line's end or the text's."""
    plain = re.compile(rf"[^{re.escape(delimiter)}\r\n]*")
    quoted = re.compile(r'"((?:[^"]|"")*)"').match(text, begin)
    if quoted:
        end = plain.match(text, quoted.end()).end()  # type: ignore[union-attr]  # it matches nothing, too
        return TableCell(quoted[1].replace('""', '"') + text[quoted.end() : end], begin, end), end
    end = plain.match(text, begin).end()  # type: ignore[union-attr]
    return TableCell(text[begin:end], begin, end), end


def column_of(header: Sequence[str], names: Sequence[str]) -> int | None:
    """Return which column has one of these names, whatever their case; the first name that is there counts."""
    known = {name.strip().casefold(): at for at, name in reversed(list(enumerate(header)))}
    return next((known[name.casefold()] for name in names if name.casefold() in known), None)
