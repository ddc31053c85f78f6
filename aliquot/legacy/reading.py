"""The only place that opens an old system: what leaves it is what a mandate names, row by row.

Columns that are not named are not taken from the source, rows out of range are dropped and counted here, in memory.
Nothing of it is written anywhere.
"""

import collections
import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import compress, islice
from operator import itemgetter
from types import TracebackType
from typing import Final

import msgspec

from aliquot.legacy import dates
from aliquot.legacy.description import Description
from aliquot.legacy.keys import Keys
from aliquot.legacy.source import Cell, Chunk, Header, Limits, Narrowing, Source
from aliquot.legacy.sources import opening
from aliquot.terms import mandates
from aliquot.terms.errors import Refused
from aliquot.terms.mandates import Scope, Table
from aliquot.vault import bundle

IN: Final = ""
DATE: Final = "date"
SITE: Final = "site"
FOLLOWS: Final = "follows"
UNCLEAR_DATE: Final = "unclear date"
UNCLEAR_SITE: Final = "unclear site"

Progress = Callable[[str, int, int, int], None]
"""The table, its rows so far, and how many bytes of how many were read (0 of 0 where nobody can tell)."""

_SAMPLE = 20
_SELDOM = 50_000
"""New objects between two searches for circles while a source is open."""


class Counts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of the rows of one table: those read are in scope, or out of it for a reason, or spoiled.

    Reasons are `date`, `site`, `follows`, and `unclear date` and `unclear site`, where the deciding cell says nothing
    that can be read.
    """

    read: int
    in_scope: int
    outside: dict[str, int]
    spoiled: int
    foreign: int = 0


def columns(description: Description, ask: opening.Ask = opening.no_password) -> tuple[Header, ...]:
    """The tables of an old system with the names of their columns, and no value: what a mandate is written from.

    Raises:
        Refused: it is not what the description says it is.
    """
    source = opening.opened(description, ask)
    try:
        return source.tables()
    finally:
        source.close()


class Settled(msgspec.Struct, frozen=True):
    """How the deciding column of a table writes its days: which of day and month comes first, or declared forms."""

    order: str = ""
    forms: tuple[str, ...] = ()


class Reading:
    """An old system, opened under a mandate. `came` is the header of the bundle that it came in, if it was carried."""

    came: bundle.Header | None = None

    def __init__(
        self,
        scope: Scope,
        source: Description | Source,
        ask: opening.Ask = opening.no_password,
        progress: Progress | None = None,
        settled: Mapping[str, Settled] | None = None,
    ) -> None:
        """`source` is a description, or what came sealed and was opened by custody; then `settled` says how its far
        side read days.

        Raises:
            Refused: the mandate names what never travels, or the source is not what the description says.
        """
        mandates.check(scope)
        for table in scope.tables:
            _never(table)
        self._scope = scope
        self._settled_as = dict(settled or {})
        self._declared = source.form.dates if isinstance(source, Description) else {}
        self._progress = progress
        self._counts: dict[str, Counts] = {}
        self._keys: dict[tuple[str, str], Keys] = {}
        self._days: dict[str, dates.Days] = {}
        self._source: Source = opening.opened(source, ask) if isinstance(source, Description) else source

    def __enter__(self) -> "Reading":
        # Rows come by the thousand and none refers to another: to look for circles among them, as often as the
        # interpreter does by itself, takes a seventh of a rehearsal.
        self._usual = gc.get_threshold()
        gc.set_threshold(_SELDOM, *self._usual[1:])
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        gc.set_threshold(*self._usual)
        self.close()

    def close(self) -> None:
        """Let go of the source."""
        self._source.close()

    def tables(self) -> tuple[Header, ...]:
        """What the mandate names, which is all that there is."""
        return tuple(Header(table.name, table.columns) for table in self._scope.tables)

    def counts(self, table: str) -> Counts:
        """What became of the rows of a table the last time it was read to its end.

        Raises:
            Refused: it was not read to its end.
        """
        if table not in self._counts:
            raise Refused(f"source: the table {table} was not read to its end")
        return self._counts[table]

    def settled(self, table: str) -> Settled:
        """How the deciding column of a table that was read writes its days; empty where none decides."""
        return self._settled_as.get(table, Settled())

    def rows(self, table: str, after: int = 0) -> Iterator[Chunk]:
        """The rows in scope of a table after a place, with the mandate's columns in the mandate's order.

        Raises:
            Refused: the mandate does not name the table, or the source cannot be read.
        """
        named = self._scope.table(table)
        tally = _Tally(self._narrowed(named))
        judge = self._judge(named)
        followed = {} if after else self._to_gather(table)
        for chunk in self._source.rows(table, named.columns, after):
            verdicts = judge(chunk) if judge else None
            tally.add(chunk, verdicts)
            if self._progress:
                self._progress(table, tally.rows, *self._source.reached())
            kept = chunk if verdicts is None else _kept(chunk, verdicts)
            for column, keys in followed.items():
                keys.add(set(filter(None, map(itemgetter(named.columns.index(column)), kept.rows))))
            if kept.rows or kept.spoiled:
                yield kept
        self._counts[table] = tally.counts()
        for column, keys in followed.items():
            keys.settle()
            self._keys[table, column] = keys

    def _narrowed(self, table: Table) -> dict[str, int]:
        if not isinstance(self._source, Narrowing):
            return {}
        scope = self._scope
        sites = scope.sites if table.sited else ()
        return self._source.narrow(table.name, Limits(scope.since, scope.until, table.dated, table.sited, sites))

    def _judge(self, table: Table) -> Callable[[Chunk], list[str]] | None:
        judges: list[tuple[int, Callable[[Cell], str]]] = []
        if table.dated:
            judges.append((table.columns.index(table.dated), _Remembered(self._date(table)).__getitem__))
        if table.sited:
            judges.append((table.columns.index(table.sited), _Remembered(_site(self._scope.sites)).__getitem__))
        if table.follows:
            keys = self._followed(table, (table.name,))
            judges.append((table.columns.index(table.follows.column), _follows(keys)))
        if not judges:
            return None
        return lambda chunk: _judged(chunk, judges)

    def _date(self, table: Table) -> Callable[[Cell], str]:
        days = self._days.get(table.name) or self._settled(table)
        self._days[table.name] = days
        since, until = self._scope.since, self._scope.until

        def judged(cell: Cell) -> str:
            day = days[cell] if cell else None
            if day is None:
                return UNCLEAR_DATE
            return IN if since <= day <= until else DATE

        return judged

    def _settled(self, table: Table) -> dates.Days:
        """How the deciding column of a table writes its days: as declared, or as its first cells settle it."""
        latest = self._scope.until.year + 1
        known = self._settled_as.get(table.name)
        declared = self._declared.get(f"{table.name}.{table.dated}")
        if known is None:
            known = Settled(forms=declared) if declared else self._order(table, latest)
            self._settled_as[table.name] = known
        return dates.Days(latest, dates.Order(known.order) if known.order else None, known.forms)

    def _order(self, table: Table, latest: int) -> Settled:
        cells: Counter[str] = Counter()
        for chunk in islice(self._source.rows(table.name, [table.dated]), _SAMPLE):
            cells.update(cell.strip()[: dates.LONGEST] for (cell,) in chunk.rows if cell)
        order = dates.settle(cells.items(), latest)
        days = dates.Days(latest, order)
        unsettled = sum(times for cell, times in cells.items() if days[cell] is None and dates.readings(cell, latest))
        if order is None and unsettled > cells.total() // 10:
            raise Refused(
                f"source: table {table.name}: whether {table.dated} has the day or the month first is not clear; "
                f'say it in source.toml: [dates] "{table.name}.{table.dated}" = ["dd/mm/yyyy"]'
            )
        return Settled(order or "")

    def _followed(self, table: Table, way: tuple[str, ...]) -> Keys:
        """The keys of the rows in scope of the table that this one follows."""
        follows = table.follows
        if follows is None:
            return Keys()
        if follows.table in way:
            raise Refused(f"mandate: the tables {', '.join(way)} follow one another in a circle")
        place = (follows.table, follows.of)
        if place not in self._keys:
            followed = self._scope.table(follows.table)
            if followed.follows:
                self._followed(followed, (*way, followed.name))
            if follows.of not in followed.columns:
                raise Refused(f"mandate: table {followed.name}: {follows.of}, which others follow, is not named")
            collections.deque(self.rows(followed.name), maxlen=0)
        return self._keys[place]

    def _to_gather(self, table: str) -> dict[str, Keys]:
        """Columns of a table that others follow and whose keys are not known yet, with room for them."""
        follows = [each.follows for each in self._scope.tables if each.follows and each.follows.table == table]
        columns = self._scope.table(table).columns
        return {one.of: Keys() for one in follows if one.of in columns and (table, one.of) not in self._keys}


class _Tally:
    def __init__(self, outside: dict[str, int]) -> None:
        self.rows = sum(outside.values())
        self._outside = Counter(outside)
        self._spoiled = self._foreign = self._in_scope = 0

    def add(self, chunk: Chunk, verdicts: list[str] | None) -> None:
        self.rows += len(chunk.rows) + len(chunk.spoiled)
        self._spoiled += len(chunk.spoiled)
        self._foreign += chunk.foreign
        found = Counter(verdicts) if verdicts is not None else Counter({IN: len(chunk.rows)})
        self._in_scope += found.pop(IN, 0)
        self._outside.update(found)

    def counts(self) -> Counts:
        outside = {reason: number for reason, number in sorted(self._outside.items()) if number}
        return Counts(self.rows, self._in_scope, outside, self._spoiled, self._foreign)


def _never(table: Table) -> None:
    for column in mandates.never(table.name, table.columns):
        raise Refused(f"source: table {table.name}: the column {column} proves who somebody is and is never read")


def _judged(chunk: Chunk, judges: Sequence[tuple[int, Callable[[Cell], str]]]) -> list[str]:
    """For each row the first reason for which it is outside: column after column, for a row has a million others."""
    verdicts: list[str] | None = None
    for place, judge in judges:
        found = list(map(judge, map(itemgetter(place), chunk.rows)))
        verdicts = (
            found if verdicts is None else [first or second for first, second in zip(verdicts, found, strict=True)]
        )
    return verdicts or []


def _kept(chunk: Chunk, verdicts: list[str]) -> Chunk:
    if not any(verdicts):
        return chunk
    within = [verdict == IN for verdict in verdicts]
    rows, numbers = list(compress(chunk.rows, within)), list(compress(chunk.numbers, within))
    return Chunk(rows, numbers, chunk.spoiled, chunk.foreign)


def _site(sites: tuple[str, ...]) -> Callable[[Cell], str]:
    def judged(cell: Cell) -> str:
        site = (cell or "").strip()
        return (IN if site in sites else SITE) if site else UNCLEAR_SITE

    return judged


def _follows(keys: Keys) -> Callable[[Cell], str]:
    return lambda cell: IN if cell and cell in keys else FOLLOWS


class _Remembered(dict[Cell, str]):
    """What a judge said of each cell, remembered, because a column repeats its days and sites."""

    _MOST = 50_000
    _LONGEST = 200

    def __init__(self, judge: Callable[[Cell], str]) -> None:
        super().__init__()
        self._judge = judge

    def __missing__(self, cell: Cell) -> str:
        if cell and len(cell) > self._LONGEST:
            return self._judge(cell)
        if len(self) >= self._MOST:
            self.clear()
        self[cell] = verdict = self._judge(cell)
        return verdict
