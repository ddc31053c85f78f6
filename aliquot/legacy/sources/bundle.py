"""A source that came sealed: the parts of a bundle, opened by custody one after the other, while they are read."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import final

from aliquot.legacy import carried
from aliquot.legacy.carried import Ended, Label
from aliquot.legacy.source import Chunk, Header, Limits
from aliquot.legacy.sources.sealed import Parts
from aliquot.terms.errors import Refused
from aliquot.terms.mandates import Scope


@final
class Bundle:
    """A bundle that arrived whole. What its far side left behind, it says by reason."""

    def __init__(self, parts: Parts, scope: Scope) -> None:
        """Raises Refused: a part does not say where it belongs."""
        self._parts, self._scope = parts, scope
        self._of: dict[str, list[tuple[int, Label]]] = defaultdict(list)
        for number, trailer in parts.all.items():
            label = carried.read_label(trailer.label)
            self._of[label.table].append((number, label))
        self._rows = 0

    def tables(self) -> tuple[Header, ...]:
        """What the mandate names, which is all that a bundle holds."""
        return tuple(Header(table.name, table.columns) for table in self._scope.tables)

    def rows(self, table: str, columns: Sequence[str], after: int = 0) -> Iterator[Chunk]:
        """The rows of a table after a place.

        Raises:
            Refused: the bundle does not hold the table whole, or columns other than the mandate's are asked for.
            Forged: a part is not the one that arrived.
            Denial: custody does not open it.
        """
        at = [self._scope.table(table).columns.index(column) for column in columns]
        for number, label in self._whole(table):
            if label.ends or label.upto <= after:
                continue
            for piece in self._opened(number):
                if piece.rows is not None:
                    self._rows += len(piece.rows.rows)
                    yield _asked(carried.chunk_of(piece.rows), at, after)

    def narrow(self, table: str, limits: Limits) -> dict[str, int]:
        """How many rows the far side left behind, by reason: it read under the same mandate."""
        return self.ended(table).outside

    def ended(self, table: str) -> Ended:
        """What the far side said at the end of a table.

        Raises:
            Refused: the bundle does not hold the table whole.
            Denial: custody does not open it.
        """
        *_, (number, _) = self._whole(table)
        (piece,) = self._opened(number)
        if piece.ended is None:
            raise Refused(f"bundle: the table {table} does not say how it ends")
        return piece.ended

    def reached(self) -> tuple[int, int]:
        """Rows of all rows."""
        return self._rows, self._parts.manifest.rows

    def close(self) -> None:
        """Nothing is held open."""

    def _whole(self, table: str) -> list[tuple[int, Label]]:
        parts = self._of[table]
        if not parts or not parts[-1][1].ends:
            raise Refused(f"bundle: the table {table} is not in it, or not to its end")
        return parts

    def _opened(self, number: int) -> Iterator[carried.Piece]:
        return carried.pieces(self._parts.plain(number))


def _asked(chunk: Chunk, at: Sequence[int], after: int) -> Chunk:
    """Only these cells, only after this place."""
    kept = [(row, number) for row, number in zip(chunk.rows, chunk.numbers, strict=True) if number > after]
    rows = [tuple(row[place] for place in at) for row, _ in kept]
    spoiled = tuple(each for each in chunk.spoiled if each.row > after)
    return Chunk(rows, [number for _, number in kept], spoiled, chunk.foreign)
