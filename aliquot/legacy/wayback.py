"""The way back: whether the old system could go on tomorrow, and what would then be left behind here.

Nothing is ever written to the old system, so nothing has to be undone there. What is proved before the cut-over is that
it still opens and has every row that was loaded, and none that was not; and what is counted is the work that was done
here meanwhile, which somebody would have to do again there. Source: docs/decisions/0017-what-a-cut-over-ends.md.
"""

import hashlib
from datetime import datetime

import msgspec

from aliquot.custody.answers import NewWork
from aliquot.legacy.fates import Bin, Sums
from aliquot.legacy.reading import Reading
from aliquot.terms import canonical


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table under the mandate: how many of its rows were loaded from, and how many the old system has now."""

    table: str
    loaded: int
    now: int


class WayBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The way back as it was rehearsed: what two people name when they cut over.

    `new` is what was kept here beside the migration since `since`, when the loading first began: acts by their names.
    """

    mandate: str
    reconciliation: str
    tables: tuple[Rows, ...]
    since: datetime | None
    new: dict[str, int]

    @property
    def holds(self) -> bool:
        """Whether the old system could go on, and nothing came there that is not here."""
        return all(rows.loaded == rows.now for rows in self.tables)

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical form, in hexadecimal: the evidence of the step."""
        return hashlib.sha256(canonical.encode(self)).hexdigest()


def compared(reading: Reading, sums: Sums) -> tuple[Rows, ...]:
    """Read the old system to its end once more, and count beside the load."""
    return tuple(_table(reading, sums, table.table) for table in reading.tables())


def rehearsed(mandate: str, reconciliation: str, tables: tuple[Rows, ...], work: NewWork) -> WayBack:
    """The account of a rehearsal. Pure."""
    return WayBack(mandate, reconciliation, tables, work.since, {one.act: one.n for one in work.acts})


def _table(reading: Reading, sums: Sums, table: str) -> Rows:
    for _ in reading.rows(table):
        pass
    counts = reading.counts(table)
    loaded = sums.rows.get(table, 0) - sums.bins(table)[Bin.OUT_OF_SCOPE]
    return Rows(table, loaded, counts.in_scope + counts.spoiled)
