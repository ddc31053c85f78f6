"""Fixed-width text: every column at its place in the line, counted in characters or in bytes."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from aliquot.legacy.description import MIXED, Description, Fixed, FixedTable, Span
from aliquot.legacy.source import Chunk, Header
from aliquot.legacy.sources import lines, places
from aliquot.terms.errors import Refused

_BYTES = "latin-1"
"""One character for each byte: lines are cut in bytes and their cells decoded after that."""


class Tables:
    """The tables of a description of fixed-width text."""

    def __init__(self, description: Description, form: Fixed) -> None:
        self._form = form
        self._reach = lines.Reach()
        self._files = {name: description.files(table.path) for name, table in form.tables.items()}
        self._headers = {name: tuple(span.name for span in table.spans) for name, table in form.tables.items()}
        for name, header in self._headers.items():
            if len(set(header)) != len(header):
                raise Refused(f"source.toml: table {name}: a column is named twice")
        self._decoded = _decoder(lines.known(form.charset)) if form.counted == "bytes" else None

    def tables(self) -> tuple[Header, ...]:
        """The tables, with the names of their columns."""
        return tuple(Header(name, columns) for name, columns in self._headers.items())

    def rows(self, table: str, columns: Sequence[str], after: int = 0) -> Iterator[Chunk]:
        """The rows of all files of a table, as if they were one."""
        wanted = places.of(self._headers, table, columns)
        described = self._form.tables[table]
        spans = [described.spans[place] for place in wanted]
        self._reach.done, self._reach.total = 0, sum(file.stat().st_size for file in self._files[table])
        yield from places.chunks(self._reads(table, described, spans), after, sum(span.width for span in spans))

    def reached(self) -> tuple[int, int]:
        """Bytes of the files of the table that is being read."""
        return self._reach.done, self._reach.total

    def close(self) -> None:
        """Files are closed as soon as they were read."""

    def _reads(self, table: str, described: FixedTable, spans: Sequence[Span]) -> Iterator[places.Read]:
        cuts = [slice(span.start - 1, span.start - 1 + span.width) for span in spans]
        longest = described.length
        for line in chain.from_iterable(map(self._lines, self._files[table])):
            bare = line.rstrip("\r\n\x1a")
            if not bare.strip():
                continue
            if longest and len(bare) > longest:
                yield f"{len(bare)} places instead of {longest}"
            elif self._decoded:
                yield tuple(self._decoded(bare[cut]).strip() for cut in cuts)
            else:
                yield tuple([bare[cut].strip() for cut in cuts])

    def _lines(self, file: Path) -> Iterator[str]:
        charset = _BYTES if self._decoded else self._form.charset
        text = iter(lines.Text(file, charset, self._reach))
        if self._form.names_in_first_line:
            next(text, None)
        return text


def _decoder(charset: str) -> Callable[[str], str]:
    if charset == MIXED:
        return lambda cell: lines.either(cell.encode(_BYTES))
    return lambda cell: cell.encode(_BYTES).decode(charset, "replace")
