"""The rehearsal: what a load would do, over all rows, without writing anything.

Hundreds of rehearsals are normal. Each gives an account of every row; two can be compared.
"""

import hashlib
from datetime import date
from decimal import Decimal

import msgspec

from aliquot.lab.catalogue import Catalogue
from aliquot.legacy import joining
from aliquot.legacy import map as maps
from aliquot.legacy.fates import Account, Bin, Sums
from aliquot.legacy.joining import Joined
from aliquot.legacy.map import Map
from aliquot.legacy.reading import Reading
from aliquot.legacy.sorting import Dossier, Sorter
from aliquot.terms import canonical
from aliquot.terms.errors import Broken
from aliquot.terms.mandates import Scope, Table
from aliquot.terms.quantities import Quantity, Value


class Months(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers of one test in one unit and month: what both sides must agree on (I7). A month is `2019-07`."""

    test: str
    ucum: str
    month: str
    results: int
    numbers: int
    sum: Decimal
    low: Decimal | None
    high: Decimal | None


class Rehearsal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The account of one rehearsal: under which mandate and map, the fate of every row, and the sums of the results."""

    mandate: str
    map: str
    sums: Sums
    months: tuple[Months, ...]
    people: int
    dossiers: int


class Trial:
    """One rehearsal; its account fills while it runs.

    It does not know who is here already: whom the load merges or finds doubtful is for custody to say.
    """

    def __init__(self, drawn: Map, scope: Scope, catalogue: Catalogue, today: date) -> None:
        """Raises Refused: the map does not fit the mandate or the catalogue."""
        maps.check(drawn, scope, catalogue)
        self.account = Account()
        self._map = drawn
        self._scope = scope
        self._sorter = Sorter(drawn, catalogue, self.account, today)

    def run(self, reading: Reading) -> Rehearsal:
        """Read all rows that the mandate names, and say what a load would make of each.

        Raises:
            Refused: the source cannot be read to its end.
            Broken: a row has no fate or two.
        """
        drawn, account, totals = self._map, self.account, Totals()
        people = dossiers = 0
        joined = Joined(reading, drawn, self._scope, account)
        for table in of_people(drawn, self._scope):
            for found in self._sorter.people(table, joined.rows(table)):
                account.fate(table.name, Bin.IMPORTED, found.row)
                people += 1
            joining.dropped(account, reading, table)
        for table in of_results(drawn, self._scope):
            for dossier in self._sorter.results(table, joined.rows(table)):
                account.fates(table.name, Bin.IMPORTED, len(dossier.rows))
                totals.add(dossier)
                dossiers += 1
            joining.dropped(account, reading, table)
        joined.settle()
        return Rehearsal(drawn.mandate, maps.digest(drawn), closed(account), totals.months(), people, dossiers)


def digest(rehearsal: Rehearsal) -> str:
    """What stands in history for a rehearsal: SHA-256 over its canonical form, in hexadecimal."""
    return hashlib.sha256(canonical.encode(rehearsal)).hexdigest()


def of_people(drawn: Map, scope: Scope) -> tuple[Table, ...]:
    """The tables of people that the map reads, in the mandate's order."""
    found = (table for table in scope.tables if _mapped(drawn, table) and not _of_results(drawn, table))
    return tuple(maps.widened(drawn, table) for table in found)


def of_results(drawn: Map, scope: Scope) -> tuple[Table, ...]:
    """The tables of results that the map reads."""
    found = (table for table in scope.tables if _mapped(drawn, table) and _of_results(drawn, table))
    return tuple(maps.widened(drawn, table) for table in found)


def closed(account: Account) -> Sums:
    """The account, if every row has exactly one fate.

    Raises:
        Broken: it has not.
    """
    sums = account.sums()
    if sums.open():
        raise Broken(f"migration: the bins of {', '.join(sums.open())} do not sum to the rows")
    return sums


class Totals:
    """Counts, sums and extremes of results by test, unit and month: bounded by the catalogue and the years."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str, str], _Total] = {}

    def add(self, dossier: Dossier) -> None:
        """Count the results of a dossier."""
        for line in dossier.lines:
            self.add_one(line.test.code, line.value, dossier.lines[0].visit.collected_on)

    def add_one(self, test: str, value: Value, on: date) -> None:
        """Count one result, collected on this day at the laboratory's place."""
        ucum = value.ucum if isinstance(value, Quantity) else ""
        key = (test, ucum, on.isoformat()[:7])
        total = self._of.get(key)
        if total is None:
            total = self._of[key] = _Total()
        total.results += 1
        if isinstance(value, Quantity) and not value.comparator:
            total.add(value.number)

    def months(self) -> tuple[Months, ...]:
        """The account by test, unit and month."""
        return tuple(
            Months(*key, total.results, total.numbers, total.sum, total.low, total.high)
            for key, total in sorted(self._of.items())
        )


class _Total:
    __slots__ = ("high", "low", "numbers", "results", "sum")

    def __init__(self) -> None:
        self.results = self.numbers = 0
        self.sum = Decimal(0)
        self.low: Decimal | None = None
        self.high: Decimal | None = None

    def add(self, number: Decimal) -> None:
        self.numbers += 1
        self.sum += number
        if self.low is None or number < self.low:
            self.low = number
        if self.high is None or number > self.high:
            self.high = number


def _mapped(drawn: Map, table: Table) -> bool:
    return table.name in drawn.tables


def _of_results(drawn: Map, table: Table) -> bool:
    return maps.holds_results(drawn.tables[table.name])
