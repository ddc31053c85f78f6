"""Which columns of a table are asked for, and where they stand."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter

from aliquot.legacy.source import AT_ONCE, CELL, ENOUGH, Cell, Chunk, Spoiled
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


def chunks(reads: Iterator[Read], after: int, widest: int = 0) -> Iterator[Chunk]:
    """Rows as they come, gathered and numbered from 1; those up to place `after` are left out.

    `widest` is how many signs the cells of a row have at most, where that is known: then rows are not weighed.
    """
    rows: list[Row] = []
    numbers: list[int] = []
    spoiled: list[Spoiled] = []
    weight = 0
    for number, read in enumerate(reads, 1):
        if number <= after:
            continue
        if isinstance(read, str):
            spoiled.append(Spoiled(number, read))
        else:
            rows.append(read)
            numbers.append(number)
            weight += CELL * len(read) + (widest or len("".join(filter(None, read))))
        if weight >= ENOUGH or len(rows) + len(spoiled) >= AT_ONCE:
            yield Chunk(rows, numbers, tuple(spoiled))
            rows, numbers, spoiled, weight = [], [], [], 0
    if rows or spoiled:
        yield Chunk(rows, numbers, tuple(spoiled))
