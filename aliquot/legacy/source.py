"""A source: an old system's tables as rows of text, in the order in which they stand there.

Only `legacy.reading` opens one, under a mandate. What a source says is text; an absent value is None, an empty one "".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Cell = str | None
AT_ONCE = 2000
"""About how many rows make a chunk."""


@dataclass(frozen=True)
class Header:
    """A table as the source calls it, with its columns: structure, which tells nothing of anybody."""

    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Spoiled:
    """A row that could not be read: where it stands (from 1, as a person counts rows) and why; never what it says."""

    row: int
    reason: str


@dataclass(frozen=True)
class Chunk:
    """Some consecutive rows of one table. `numbers` are the places of `rows`, which have a cell for each column asked.

    A spoiled row has its number in `spoiled` and no cells.
    """

    rows: tuple[tuple[Cell, ...], ...] = field(repr=False)
    numbers: Sequence[int] = field(repr=False)
    spoiled: tuple[Spoiled, ...] = ()


class Source(Protocol):
    """An old system, opened to read."""

    def tables(self) -> tuple[Header, ...]:
        """What there is.

        Raises:
            Refused: this is not what the description says it is; the message names the place.
        """

    def rows(self, table: str, columns: Sequence[str], after: int = 0) -> Iterator[Chunk]:
        """The rows of a table after a place, only these columns, in this order, in bounded memory.

        Raises:
            Refused: no such table or column, or the source cannot be read any further.
        """
