"""Rows that stand apart in the old system and belong together: a result, its dossier, whose dossier that is.

A map links a column to the key of another table, and then names that table's columns behind it: `RE_IDDOS/DO_IDPAT`.
Every row has a fate, also in tables that are only looked up, and in those that the map does not read at all.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from aliquot.legacy import map as maps
from aliquot.legacy.fates import Account, Bin
from aliquot.legacy.lookups import Lookup, Row
from aliquot.legacy.map import Link, Map
from aliquot.legacy.reading import Reading
from aliquot.legacy.source import Chunk, Spoiled
from aliquot.terms.mandates import Scope, Table

Widen = Callable[[Row], Row]


class _Referred:
    """The rows of a table that is looked up, and which of them others refer to."""

    def __init__(self) -> None:
        self.numbers = array("Q")
        self.spoiled: list[Spoiled] = []
        self.used = bytearray()
        self.again: set[int] = set()


class Joined:
    """A source under a mandate, its tables as a map reads them: with what stands elsewhere behind their own cells."""

    def __init__(self, reading: Reading, drawn: Map, scope: Scope, account: Account) -> None:
        self._reading, self._map, self._scope, self._account = reading, drawn, scope, account
        self._lookups: dict[tuple[Link, tuple[str, ...]], Lookup] = {}
        self._referred: dict[str, _Referred] = {}

    def rows(self, table: Table) -> Iterator[Chunk]:
        """The rows in scope of a table that is as wide as the map reads it (`maps.widened`)."""
        own = self._scope.table(table.name).columns
        chunks = self._reading.rows(table.name)
        paths = table.columns[len(own) :]
        if not paths:
            return chunks
        widen = self._widener(table.name, paths)
        return (replace(chunk, rows=[(*row, *widen(row)) for row in chunk.rows]) for chunk in chunks)

    def settle(self) -> None:
        """Book the rows that are nobody's and no result's: those that were read with others, and those that were not.

        To be called when all tables of people and of results have been read.
        """
        for table in self._scope.tables:
            if table.name in self._map.tables:
                continue
            referred = self._referred.get(table.name)
            if referred is None:
                self._leave(table.name)
            else:
                self._book(table.name, referred)
            dropped(self._account, self._reading, table)

    def _leave(self, table: str) -> None:
        for chunk in self._reading.rows(table):
            self._came(table, len(chunk.rows), chunk.spoiled)
            for number in chunk.numbers:
                self._account.fate(table, Bin.PARKED, number, "table-not-mapped")

    def _book(self, table: str, referred: _Referred) -> None:
        self._came(table, len(referred.numbers), referred.spoiled)
        self._account.fates(table, Bin.MERGED, sum(referred.used), "read-with-others")
        for place, (number, used) in enumerate(zip(referred.numbers, referred.used, strict=True)):
            if not used:
                reason = "key-again" if place in referred.again else "nothing-refers-to-it"
                self._account.fate(table, Bin.PARKED, number, reason)

    def _came(self, table: str, rows: int, spoiled: Sequence[Spoiled]) -> None:
        self._account.came(table, rows + len(spoiled))
        for each in spoiled:
            self._account.fate(table, Bin.REFUSED, each.row, each.reason)

    def _widener(self, table: str, paths: Sequence[str]) -> Widen:
        own, links = self._scope.table(table).columns, self._map.links[table]
        looks = []
        for column, group in groupby(paths, lambda path: maps.linking(links, path)):
            wanted = tuple(path.removeprefix(column + maps.BEHIND) for path in group)
            looks.append((own.index(column), self._look(links[column], wanted)))
        return lambda row: tuple(cell for at, look in looks for cell in look(row[at] or ""))

    def _look(self, link: Link, wanted: tuple[str, ...]) -> Callable[[str], Row]:
        lookup = self._lookups.get((link, wanted))
        if lookup is None:
            lookup = self._lookups[link, wanted] = self._filled(link, wanted)
        referred, nothing = self._referred[link.table], (None,) * len(wanted)
        last: tuple[str, Row] = "", nothing

        def look(key: str) -> Row:
            nonlocal last
            if key != last[0]:
                last = key, (_sure(lookup.found(key), referred) if key else None) or nothing
            return last[1]

        return look

    def _filled(self, link: Link, wanted: tuple[str, ...]) -> Lookup:
        own = self._scope.table(link.table).columns
        behind = [column for column in wanted if column not in own]
        widen = self._widener(link.table, behind) if behind else lambda _: ()
        places = [(*own, *behind).index(column) for column in wanted]
        key, lookup, referred = own.index(link.of), Lookup(), _Referred()
        for chunk in self._reading.rows(link.table):
            for row in chunk.rows:
                whole = (*row, *widen(row))
                lookup.add(row[key] or "", tuple(whole[at] for at in places))
            referred.numbers.extend(chunk.numbers)
            referred.spoiled += chunk.spoiled
        lookup.settle()
        referred.used = bytearray(len(referred.numbers))
        self._referred.setdefault(link.table, referred)
        return lookup


def dropped(account: Account, reading: Reading, table: Table) -> None:
    """Book the rows that the reader dropped, because the mandate does not name them."""
    outside = reading.counts(table.name).outside
    account.came(table.name, sum(outside.values()))
    for reason, rows in outside.items():
        account.fates(table.name, Bin.OUT_OF_SCOPE, rows, reason)


def _sure(found: Sequence[tuple[int, Row]], referred: _Referred) -> Row | None:
    """The row that is meant; none where two have its key."""
    if len(found) > 1:
        referred.again.update(place for place, _ in found)
        return None
    for place, cells in found:
        referred.used[place] = 1
        return cells
    return None
