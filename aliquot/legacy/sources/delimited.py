"""Delimited text: rows of cells with a separator between, read by Python's own reader of such files.

A quotation mark that is never closed swallows what follows it. Such a record is taken apart again: its first line is
spoiled, and reading goes on with the second.
"""

import csv
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from sys import getsizeof

from aliquot.legacy.description import Delimited, Description, TextTable
from aliquot.legacy.source import AT_ONCE, ENOUGH, Cell, Chunk, Header, Spoiled
from aliquot.legacy.sources import lines, places
from aliquot.legacy.sources.lines import Reach, Text
from aliquot.terms.errors import Refused

Take = Callable[[list[str]], tuple[Cell, ...]]

_MOST_COLUMNS = 4096
_ENOUGH = ENOUGH // 2
"""Of text: its cells take about as much again, and very short ones more."""
_LONGEST = lines.LONGEST
"""The longest record of several lines that is still one row."""
_OBJECTIONS = {
    "expected after": "a quotation mark inside a quoted cell",
    "unexpected end of data": "a quotation mark is not closed",
    "field larger": "a cell is longer than 128 KB",
}


class Tables:
    """The tables of a description of delimited text."""

    def __init__(self, description: Description, form: Delimited) -> None:
        self._form = form
        self._reach = Reach()
        self._files = {name: description.files(table.path) for name, table in form.tables.items()}
        self._settings = dict(form.tables)
        if form.folder:
            for file in description.files(str(Path(form.folder, form.pattern))):
                self._files.setdefault(file.stem, [file])
                self._settings.setdefault(file.stem, TextTable(path=file.name))
        if not self._files:
            raise Refused("source.toml: neither a folder nor a table is named")
        self._headers = {name: self._header(name) for name in self._files}

    def tables(self) -> tuple[Header, ...]:
        """The tables, with the names of their columns."""
        return tuple(Header(name, columns) for name, columns in self._headers.items())

    def rows(self, table: str, columns: Sequence[str], after: int = 0) -> Iterator[Chunk]:
        """The rows of all files of a table, as if they were one."""
        take = self._take(places.of(self._headers, table, columns))
        header = self._headers[table]
        files = self._files[table]
        self._reach.done, self._reach.total = 0, sum(file.stat().st_size for file in files)
        number = 0
        for file in files:
            records = self._records(table, self._text(table, file), number)
            if not self._settings[table].columns and names(records.first(file.name), file.name) != header:
                raise Refused(f"{file.name}: its columns are not those of {files[0].name}")
            yield from records.chunks(take, len(header), after)
            number = records.number

    def reached(self) -> tuple[int, int]:
        """Bytes of the files of the table that is being read."""
        return self._reach.done, self._reach.total

    def close(self) -> None:
        """Files are closed as soon as they were read."""

    def _text(self, table: str, file: Path) -> Text:
        return Text(file, self._settings[table].charset or self._form.charset, self._reach)

    def _records(self, table: str, text: Text, number: int = 0) -> "_Records":
        setting, form = self._settings[table], self._form
        quote = form.quote if setting.quote is None else setting.quote
        dialect = _dialect(setting.separator or form.separator, quote, form)
        return _Records(text, dialect, number)

    def _header(self, table: str) -> tuple[str, ...]:
        if columns := self._settings[table].columns:
            return columns
        file = self._files[table][0]
        first = self._records(table, self._text(table, file)).first(file.name)
        return names(first, file.name)

    def _take(self, wanted: list[int]) -> Take:
        absent = self._form.absent
        if absent:
            return lambda row: tuple(None if row[place] == absent else row[place] for place in wanted)
        return places.taker(wanted)


class _Records:
    """The records of one file; `number` is the place of the last one that was read."""

    def __init__(self, text: Text, dialect: type[csv.Dialect], number: int) -> None:
        self.number = number
        self._text = text
        self._dialect = dialect
        self._again: deque[str] = deque()
        self._window: list[str] = []
        self._blocks = text.blocks()
        self._lines: Iterator[str] = iter(())
        self._taken = 0
        self._begin()

    def first(self, name: str) -> list[str]:
        """The row of names."""
        try:
            return next(filter(None, self._reader), [])
        except csv.Error as error:
            raise Refused(f"{name}: the row of names cannot be read: {_reason(error)}") from None

    def chunks(self, take: Take, width: int, after: int) -> Iterator[Chunk]:
        """The rows; those up to place `after` are read and left out."""
        foreign = 0
        while True:
            self._window.clear()
            self._taken = 0
            self._begin()
            rows: list[list[str]] = []
            sound = True
            try:
                # What was read before the error stays in the list.
                rows.extend(islice(self._reader, AT_ONCE))
            except csv.Error:
                sound = False
            if sound and not rows:
                return
            if sound and all(map(width.__eq__, map(len, rows))):
                numbers = range(self.number + 1, self.number + len(rows) + 1)
                self.number += len(rows)
                chunk = Chunk(list(map(take, rows)), numbers, (), self._text.foreign - foreign)
            elif sound and len(rows) == len(self._window):
                chunk = self._line_by_line(rows, take, width, foreign)
            else:
                chunk = self._careful(take, width, foreign)
            foreign = self._text.foreign
            if self.number > after:
                yield _after(chunk, after) if after else chunk

    def _line_by_line(self, rows: Sequence[list[str]], take: Take, width: int, foreign: int) -> Chunk:
        """Records of one line each, some of which are no rows; an empty line is nothing."""
        good: list[tuple[Cell, ...]] = []
        numbers: list[int] = []
        spoiled: list[Spoiled] = []
        for row in rows:
            self.number += bool(row)
            if len(row) == width:
                numbers.append(self.number)
                good.append(take(row))
            elif row:
                kept = _trimmed(row, width)
                if kept is None:
                    spoiled.append(Spoiled(self.number, _wide(row, width)))
                else:
                    numbers.append(self.number)
                    good.append(take(kept))
        return Chunk(good, numbers, tuple(spoiled), self._text.foreign - foreign)

    def _careful(self, take: Take, width: int, foreign: int) -> Chunk:
        """The same lines once more, record by record, and what is wrong with those that are not rows."""
        self._again.extendleft(reversed(self._window))
        good: list[tuple[Cell, ...]] = []
        numbers: list[int] = []
        spoiled: list[Spoiled] = []
        held = len(self._window)
        self._window.clear()
        self._begin(alone=True)
        while len(self._window) < held:
            row, reason = self._record(width)
            if row is None and not reason:
                continue
            self.number += 1
            if row is None:
                spoiled.append(Spoiled(self.number, reason))
            else:
                numbers.append(self.number)
                good.append(take(row))
        return Chunk(good, numbers, tuple(spoiled), self._text.foreign - foreign)

    def _record(self, width: int) -> tuple[list[str] | None, str]:
        """One record, or why it is none; neither for an empty line.

        Raises:
            Refused: it does not end.
        """
        begun = len(self._window)
        self._taken = 0
        try:
            row, reason = next(self._reader, []), ""
        except csv.Error as error:
            row, reason = [], _reason(error)
        kept = _trimmed(row, width)
        if kept is not None:
            return kept, ""
        taken = self._window[begun:]
        if not row and not "".join(taken).strip():
            return None, ""
        if len(taken) > 1:
            del self._window[begun + 1 :]
            self._again.extendleft(reversed(taken[1:]))
            self._begin(alone=True)
            reason = "it goes on over several lines and does not become a row: a quotation mark is not closed"
        return None, reason or _wide(row, width)

    def _begin(self, *, alone: bool = False) -> None:
        """Read on, first with the lines that are to be read again; what was begun and has ended reads nothing more."""
        self._reader = csv.reader(self._fed(alone), self._dialect)

    def _fed(self, alone: bool) -> Iterator[str]:
        """The lines, until they are enough for a chunk. Where records are read alone, one of as many is none."""
        again, window = self._again, self._window
        while again:
            window.append(again.popleft())
            yield window[-1]
        while True:
            for line in self._lines:
                window.append(line)
                yield line
            if alone and self._taken > _LONGEST:
                raise Refused(f"{self._text.name}: a row of more than {_LONGEST >> 20} MB: this is no row of a table")
            # A record that this cuts is an error to the reader, and is read again alone.
            if not alone and self._taken > _ENOUGH:
                return
            block = next(self._blocks, None)
            if block is None:
                return
            self._taken += getsizeof(block)
            self._lines = lines.cut(block)


def names(first: Sequence[str], place: str) -> tuple[str, ...]:
    """The names of columns from a row of them: what has no name is numbered, what is named twice is told apart.

    Raises:
        Refused: there is no such row, or it is wider than any table.
    """
    if not any(cell.strip() for cell in first):
        raise Refused(f"{place}: it is empty: there is no row of names")
    if len(first) > _MOST_COLUMNS:
        raise Refused(f"{place}: more than {_MOST_COLUMNS} columns")
    found: dict[str, None] = {}
    for number, cell in enumerate(first, 1):
        name = cell.strip().lstrip("\ufeff")[:200] or f"column {number}"
        found[name if name not in found else f"{name} ({number})"] = None
    return tuple(found)


def _trimmed(row: list[str], width: int) -> list[str] | None:
    """The cells of a row without empty ones behind its end, if it has as many as it should."""
    return None if len(row) < width or any(row[width:]) else row[:width]


def _wide(row: Sequence[str], width: int) -> str:
    return f"{len(row)} cells instead of {width}"


def _reason(error: csv.Error) -> str:
    """What Python's reader objects to, in words that say where to look. Its own never quote a cell."""
    said = str(error)
    return next((words for part, words in _OBJECTIONS.items() if part in said), said)


def _after(chunk: Chunk, after: int) -> Chunk:
    kept = [at for at, number in enumerate(chunk.numbers) if number > after]
    rows, numbers = [chunk.rows[at] for at in kept], [chunk.numbers[at] for at in kept]
    return Chunk(rows, numbers, tuple(one for one in chunk.spoiled if one.row > after), chunk.foreign)


def _dialect(separator: str, quote: str, form: Delimited) -> type[csv.Dialect]:
    class Written(csv.Dialect):
        delimiter = separator
        quotechar = quote or None
        quoting = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
        escapechar = form.escape or None
        doublequote = True
        skipinitialspace = form.trim
        lineterminator = "\n"
        strict = True

    return Written
