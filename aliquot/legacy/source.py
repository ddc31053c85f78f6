"""A source: an old system's tables as rows of text, in the order in which they stand there.

Only `legacy.reading` opens one, under a mandate. What a source says is text; an absent value is None, an empty one "".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Protocol, runtime_checkable

Cell = str | None
AT_ONCE = 2000
"""About how many rows make a chunk, unless they are wide."""
ENOUGH = 8 << 20
"""About how many bytes of cells make a chunk: rows of megabytes come by few, and one that is more comes alone."""
CELL = 64
"""About what a cell takes beside its own bytes."""


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

    There are about `AT_ONCE` of them at most, and about `ENOUGH` bytes of cells. A spoiled row has its number in
    `spoiled` and no cells. `foreign` counts the lines that were not in the character set of the rest and were read in
    the second one; a character that is in neither stands in its cell as U+FFFD.
    """

    rows: Sequence[tuple[Cell, ...]] = field(repr=False)
    numbers: Sequence[int] = field(repr=False)
    spoiled: tuple[Spoiled, ...] = ()
    foreign: int = 0


@dataclass(frozen=True)
class Limits:
    """Which rows a mandate lets out of one table, as far as a query can say it."""

    since: date
    until: date
    dated: str = ""
    sited: str = ""
    sites: tuple[str, ...] = ()


def weight(rows: Sequence[tuple[Cell, ...]]) -> int:
    """About how many bytes rows of one table take in memory."""
    # Joined, and not summed up: that is three times as fast.
    signs = len("".join(filter(None, chain.from_iterable(rows))))
    return signs + CELL * len(rows) * len(rows[0]) if rows else 0


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

    def reached(self) -> tuple[int, int]:
        """How far the reading is, and how far it goes: bytes of files, 0 of 0 where nobody can tell."""

    def close(self) -> None:
        """Let go of files and connections."""


@runtime_checkable
class Narrowing(Protocol):
    """A source that can leave rows out by itself, so that they never leave the old system."""

    def narrow(self, table: str, limits: Limits) -> dict[str, int]:
        """From now on rows of this table that are certainly outside are not fetched; how many, by reason.

        Rows about which it cannot be certain come as before, and the reader judges them. The places of rows are those
        among the rows that come.
        """
