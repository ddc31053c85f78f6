"""What becomes of each row of a source: exactly one bin, with a reason and the place (I4, INV-30)."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from aliquot.terms.errors import Refused

SHOWN = 20
"""How many places of one reason are listed; the others are counted."""


ELSEWHERE = "here-under-another-mandate"
"""Why a row that came in under another mandate over the same source is left alone: nothing of it opens under this one.
"""


class Bin(StrEnum):
    """Where a row ends."""

    IMPORTED = "imported"
    MERGED = "merged"
    DUPLICATE = "duplicate"
    PARKED = "parked"
    OUT_OF_SCOPE = "out-of-scope"
    REFUSED = "refused"


class Stays(Refused):
    """A row does not come over: the bin, the reason as a stable word, and the column that decides. Never the value."""

    def __init__(self, bin_: Bin, reason: str, column: str = "") -> None:
        super().__init__(f"{column}: {reason}" if column else reason)
        self.bin = bin_
        self.reason = reason
        self.column = column


class Counted(msgspec.Struct, frozen=True):
    """One reason in one table: its bin, how many rows, and the first places (rows as a person counts them)."""

    table: str
    bin: Bin
    reason: str
    column: str
    rows: int
    places: tuple[int, ...]


class Remark(msgspec.Struct, frozen=True):
    """Something about rows that came over all the same: a number whose key is wrong, a word without a code."""

    table: str
    reason: str
    column: str
    rows: int
    places: tuple[int, ...]


class Sums(msgspec.Struct, frozen=True):
    """The account of one run: for each table its rows, and what became of them."""

    rows: dict[str, int]
    counted: tuple[Counted, ...]
    remarks: tuple[Remark, ...]

    def bins(self, table: str) -> dict[Bin, int]:
        """How many rows of a table are in each bin."""
        return {each: sum(one.rows for one in self.counted if one.table == table and one.bin is each) for each in Bin}

    def open(self) -> tuple[str, ...]:
        """The tables whose bins do not sum to their rows: none, or the run is wrong."""
        return tuple(table for table, rows in self.rows.items() if sum(self.bins(table).values()) != rows)


_Why = tuple[str, Bin, str, str]


class Account:
    """Counts as a run goes; memory is bounded by the number of reasons, not of rows."""

    def __init__(self) -> None:
        self._rows: Counter[str] = Counter()
        self._counted: Counter[_Why] = Counter()
        self._remarked: Counter[tuple[str, str, str]] = Counter()
        self._places: dict[tuple[str, ...], list[int]] = {}

    def came(self, table: str, rows: int) -> None:
        """So many rows were read, and must be accounted for."""
        self._rows[table] += rows

    def fate(self, table: str, bin_: Bin, row: int, reason: str = "", column: str = "") -> None:
        """One row ends here."""
        why = (table, bin_, reason, column)
        self._counted[why] += 1
        if bin_ is not Bin.IMPORTED:
            self._place(why, row)

    def fates(self, table: str, bin_: Bin, rows: int, reason: str = "", column: str = "") -> None:
        """Several rows end here, without a place: those that the reader dropped."""
        if rows:
            self._counted[(table, bin_, reason, column)] += rows

    def remark(self, table: str, row: int, reason: str, column: str = "") -> None:
        """One row has something to be said about, and comes over."""
        why = (table, reason, column)
        self._remarked[why] += 1
        self._place(("remark", *why), row)

    def sums(self) -> Sums:
        """The account as it stands."""
        return Sums(
            dict(sorted(self._rows.items())),
            tuple(Counted(*why, rows, tuple(self._places.get(why, ()))) for why, rows in sorted(self._counted.items())),
            tuple(
                Remark(*why, rows, tuple(self._places[("remark", *why)]))
                for why, rows in sorted(self._remarked.items())
            ),
        )

    def _place(self, why: tuple[str, ...], row: int) -> None:
        places = self._places.setdefault(why, [])
        if len(places) < SHOWN:
            places.append(row)


def changed(before: Sums, after: Sums) -> Iterable[tuple[str, Bin, str, int, int]]:
    """What another run counts differently: table, bin, reason, rows before, rows now."""
    then, now = _by_reason(before), _by_reason(after)
    for why in sorted(then.keys() | now.keys()):
        if then[why] != now[why]:
            table, bin_, reason, _ = why
            yield table, Bin(bin_), reason, then[why], now[why]


def _by_reason(sums: Sums) -> Counter[_Why]:
    return Counter({(one.table, one.bin, one.reason, one.column): one.rows for one in sums.counted})
