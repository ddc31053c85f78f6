"""Workbooks: each sheet is a table, read row by row.

A workbook is packed text; what it would unpack to is looked at before anything is unpacked.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook.workbook import Workbook as Book

from aliquot.legacy.description import Description, Workbook
from aliquot.legacy.source import Chunk, Header
from aliquot.legacy.sources import delimited, places, values
from aliquot.terms.errors import Refused

LARGEST = 4 << 30
"""The most that the parts of a workbook may unpack to: a million rows of sixty columns are less."""
LARGEST_STRINGS = 96 << 20
"""The list of all texts is held in memory while a workbook is read."""
_STEEPEST = 200
_LIST = "[Content_Types].xml"
_TYPE = rb"ContentType=\"[^\"]*sharedStrings\+xml\""
_STRINGS = re.compile(rb"PartName=\"([^\"]*)\"\s+%b|%b\s+PartName=\"([^\"]*)\"" % (_TYPE, _TYPE))
_SMALL = 16 << 20


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
        try:
            for row in sheet.iter_rows(min_row=self._first + 1, values_only=True):
                cells = [cell if cell is None else values.as_text(cell) for cell in row[:width]]
                if any(cells):
                    yield (*cells, *(None,) * (width - len(cells)))
        except (ParseError, zipfile.BadZipFile, ValueError, KeyError, EOFError):
            raise Refused(
                f"{self._file.name}: {sheet.title}: the sheet is damaged and cannot be read further"
            ) from None


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
    strings = {(before or after).lstrip(b"/") for before, after in _STRINGS.findall(listed)}
    for part in parts:
        if part.file_size > _SMALL and part.file_size > _STEEPEST * max(part.compress_size, 1):
            raise Refused(f"{file.name}: {part.filename} is packed too tightly to be a sheet")
        if part.filename.encode() in strings and part.file_size > LARGEST_STRINGS:
            raise Refused(f"{file.name}: its texts do not fit in memory; save its sheets as text")


def _opened(file: Path) -> Book:
    try:
        return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except (InvalidFileException, ParseError, zipfile.BadZipFile, ValueError, KeyError, TypeError, OSError):
        raise Refused(f"{file.name}: this is not a workbook that can be read (.xlsx)") from None
