"""Workbooks: each sheet is a table, read row by row.

A workbook is packed text; what it would unpack to is looked at before anything is unpacked.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook.workbook import Workbook as Book
from openpyxl.worksheet._reader import WorkSheetParser

from aliquot.legacy.description import Description, Workbook
from aliquot.legacy.source import Cell, Chunk, Header
from aliquot.legacy.sources import delimited, places, values
from aliquot.terms.errors import Refused

LARGEST = 4 << 30
"""The most that the parts of a workbook may unpack to: a million rows of sixty columns are less."""
LARGEST_STRINGS = 96 << 20
"""The list of all texts is held in memory while a workbook is read."""
_STEEPEST = 200
_LIST = "[Content_Types].xml"
_SMALL = 16 << 20
_STRINGS = "sharedStrings+xml"
_READ_WHOLE = ("main+xml", "styles+xml", "theme+xml", "properties+xml")
LONGEST_ROW = 64 << 20
_ROW = re.compile(rb"</?(?:\w+:)?row\b")
_TAG_BYTES = 64


class Tables:
    """The sheets of a workbook."""

    def __init__(self, description: Description, form: Workbook) -> None:
        (self._file,) = description.files(form.path)[:1]
        self._first = form.names
        _measured(self._file)
        self._book = _opened(self._file)
        self._headers = {sheet.title: self._header(sheet) for sheet in self._sheets()}
        self._headers = {title: header for title, header in self._headers.items() if header}
        if not self._headers:
            raise Refused(f"{self._file.name}: no sheet has a row of names")

    def tables(self) -> tuple[Header, ...]:
        """The sheets that have a row of names."""
        return tuple(Header(title, columns) for title, columns in self._headers.items())

    def rows(self, table: str, columns: Sequence[str], after: int = 0) -> Iterator[Chunk]:
        """The rows of a sheet; rows without any value are not rows."""
        take = places.taker(places.of(self._headers, table, columns))
        width = len(self._headers[table])
        sheet = next(sheet for sheet in self._sheets() if sheet.title == table)
        yield from places.chunks((take(row) for row in self._rows(sheet, width)), after)

    def reached(self) -> tuple[int, int]:
        """Nobody can tell how far a packed sheet is read."""
        return 0, 0

    def close(self) -> None:
        """Let go of the file."""
        self._book.close()

    def _sheets(self) -> list[Any]:  # read-only sheets, whose methods are typed as another class's
        return list(self._book.worksheets)

    def _header(self, sheet: Any) -> tuple[str, ...]:
        # The size that a sheet claims is often wrong, and cells beyond it would be left out.
        sheet.reset_dimensions()
        cells = next(sheet.iter_rows(min_row=self._first, max_row=self._first, values_only=True), ())
        names = ["" if cell is None else values.as_text(cell) for cell in cells]
        return delimited.names(names, f"{self._file.name}: {sheet.title}") if any(names) else ()

    def _rows(self, sheet: Any, width: int) -> Iterator[places.Row]:
        begun = False
        try:
            for number, row in self._written(sheet):
                # The library's own way over the rows leaves out one that stands too late, and fills every gap.
                begun = begun or number > self._first
                if not begun:
                    continue
                cells: list[Cell] = [None] * width
                for cell in row:
                    if cell["column"] <= width and cell["value"] is not None:
                        cells[cell["column"] - 1] = values.as_text(cell["value"])
                if any(cells):
                    yield tuple(cells)
        except (ParseError, zipfile.BadZipFile, ValueError, KeyError, EOFError):
            raise Refused(
                f"{self._file.name}: {sheet.title}: the sheet is damaged and cannot be read further"
            ) from None

    def _written(self, sheet: Any) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """The rows with their numbers, as they stand in the sheet."""
        with sheet._get_source() as raw:
            yield from WorkSheetParser(
                _Rows(raw),
                sheet._shared_strings,
                data_only=True,
                epoch=sheet.parent.epoch,
                date_formats=sheet.parent._date_formats,
                timedelta_formats=sheet.parent._timedelta_formats,
            ).parse()


class _Rows:
    """A sheet as it is unpacked: a row is held in memory whole, so none may be endless."""

    def __init__(self, raw: Any) -> None:  # a part of a packed file
        self._raw, self._since, self._end = raw, 0, b""

    def read(self, size: int = -1) -> bytes:
        """Some more of it; a ValueError for a row that is none."""
        block: bytes = self._raw.read(size)
        found = [tag.end() for tag in _ROW.finditer(self._end + block)]
        self._since = len(block) + len(self._end) - found[-1] if found else self._since + len(block)
        if self._since > LONGEST_ROW:
            raise ValueError("a row without an end")
        self._end = (self._end + block)[-_TAG_BYTES:]
        return block


def _measured(file: Path) -> None:
    try:
        with zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
            listed = packed.open(_LIST).read(_SMALL) if _LIST in packed.namelist() else b""
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError):
        raise Refused(f"{file.name}: this is not a workbook (.xlsx)") from None
    # A part cannot unpack to more than it declares: the reader of packed files stops there.
    if sum(part.file_size for part in parts) > LARGEST:
        raise Refused(f"{file.name}: it would unpack to more than {LARGEST >> 30} GB; save its sheets as text")
    kinds = _kinds(file, listed)
    for part in parts:
        kind = kinds.get(part.filename, "")
        if part.file_size > _SMALL and part.file_size > _STEEPEST * max(part.compress_size, 1):
            raise Refused(f"{file.name}: {part.filename} is packed too tightly to be a sheet")
        whole = part.filename.endswith(".rels") or any(each in kind for each in _READ_WHOLE)
        if (_STRINGS in kind and part.file_size > LARGEST_STRINGS) or (whole and part.file_size > _SMALL):
            raise Refused(f"{file.name}: its texts do not fit in memory; save its sheets as text")


def _kinds(file: Path, listed: bytes) -> dict[str, str]:
    """What each part is said to be; of one that is said to be two things, both."""
    kinds: dict[str, str] = {}
    try:
        for one in ElementTree.fromstring(listed) if listed else ():  # noqa: S314  # at most 16 MB, by a parser that bounds entities
            name = one.get("PartName", "").lstrip("/")
            kinds[name] = f"{kinds.get(name, '')} {one.get('ContentType', '')}"
    except ParseError:
        raise Refused(f"{file.name}: this is not a workbook (.xlsx)") from None
    return kinds


def _opened(file: Path) -> Book:
    try:
        return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except (InvalidFileException, ParseError, zipfile.BadZipFile, ValueError, KeyError, TypeError, OSError):
        raise Refused(f"{file.name}: this is not a workbook that can be read (.xlsx)") from None
