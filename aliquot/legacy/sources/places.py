"""Which columns of a table are asked for, and where they stand."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter

from aliquot.legacy.source import AT_ONCE, Cell, Chunk, Spoiled
from aliquot.terms.errors import Refused

Row = tuple[Cell, ...]
Read = Row | str
"""A row, or why it is none."""


def of(headers: Mapping[str, tuple[str, ...]], table: str, columns: Sequence[str]) -> list[int]:
    """The places of columns in a table.

    Raises:
        Refused: there is no such table or column.
    """
    if table not in headers:
        raise Refused(f"source: there is no table {table}")
    header = headers[table]
    for column in columns:
        if column not in header:
            raise Refused(f"source: the table {table} has no column {column}")
    return [header.index(column) for column in columns]


def taker(places: Sequence[int]) -> Callable[[Sequence[Cell]], Row]:
    """Takes these places out of a row."""
    if len(places) == 1:
        return lambda row: (row[places[0]],)
    return itemgetter(*places) if places else lambda row: ()


def chunks(reads: Iterator[Read], after: int) -> Iterator[Chunk]:
    """Rows as they come, gathered and numbered from 1; those up to place `after` are left out."""
    gathered = _Gathered()
    for number, read in enumerate(reads, 1):
        if number <= after:
            continue
        if isinstance(read, str):
            gathered.spoiled.append(Spoiled(number, read))
        else:
            gathered.rows.append(read)
            gathered.numbers.append(number)
        if gathered.full():
            yield gathered.chunk()
            gathered = _Gathered()
    if gathered.rows or gathered.spoiled:
        yield gathered.chunk()


class _Gathered:
    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.numbers: list[int] = []
        self.spoiled: list[Spoiled] = []

    def full(self) -> bool:
        return len(self.rows) + len(self.spoiled) >= AT_ONCE

    def chunk(self) -> Chunk:
        return Chunk(self.rows, self.numbers, tuple(self.spoiled))
