"""A row of a result, as the map reads it: the value as it was, and the words of the old system kept beside it.

Nothing is judged again: no flag from today's ranges, no conversion of a unit (I5).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from operator import itemgetter
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from aliquot.lab.catalogue import Catalogue, Test
from aliquot.lab.content import Original, Reference
from aliquot.legacy import cells
from aliquot.legacy import map as maps
from aliquot.legacy.cells import Moments
from aliquot.legacy.fates import Bin, Stays
from aliquot.legacy.map import Map, Rule, Status
from aliquot.legacy.meanings import Meaning
from aliquot.legacy.memory import Memory
from aliquot.legacy.people import Remarks, places
from aliquot.legacy.source import Cell
from aliquot.legacy.uses import Unread, Use, Uses
from aliquot.terms.errors import Unclear
from aliquot.terms.mandates import Table
from aliquot.terms.quantities import Value

T = TypeVar("T")

_WORDS: Final[Mapping[str, Meaning]] = {
    "test": Meaning.RESULT_TEST,
    "test_name": Meaning.RESULT_TEST_NAME,
    "value": Meaning.RESULT_VALUE,
    "unit": Meaning.RESULT_UNIT,
    "low": Meaning.RESULT_LOW,
    "high": Meaning.RESULT_HIGH,
    "range": Meaning.RESULT_RANGE,
    "flag": Meaning.RESULT_FLAG,
    "status": Meaning.RESULT_STATUS,
    "validated_by": Meaning.RESULT_VALIDATED_BY,
    "validated_at": Meaning.RESULT_VALIDATED_AT,
}
_RANGE: Final = (Meaning.RESULT_LOW, Meaning.RESULT_HIGH, Meaning.RESULT_RANGE)
_VISIT: Final = (
    Meaning.PATIENT_NUMBER,
    Meaning.DOSSIER_NUMBER,
    Meaning.DOSSIER_COLLECTED_ON,
    Meaning.DOSSIER_COLLECTED_AT,
    Meaning.DOSSIER_COLLECTED_TIME,
    Meaning.DOSSIER_SITE,
    Meaning.DOSSIER_PRESCRIBER,
)


class Visit(msgspec.Struct, frozen=True):
    """What the results of one dossier share. `collected_at` is None where the day is known and the hour is not."""

    patient: str
    dossier: str
    collected_on: date
    collected_at: datetime | None
    site: str
    prescriber: str


class Line(msgspec.Struct, frozen=True):
    """One result of the old system. `cells` are the row's, from which `Reader.original` takes the words.

    The first `own` of them stand in its own table, the others the map reads behind them.
    """

    visit: Visit
    test: Test
    loinc: str
    value: Value
    flag: str
    status: Status
    same_method: bool
    cells: tuple[Cell, ...]
    own: int


class _Judged(msgspec.Struct, frozen=True):
    status: Status
    flag: str
    odd: str


class Reader:
    """Reads the rows of one table of results, which have the columns of the mandate in its order."""

    def __init__(self, drawn: Map, table: Table, catalogue: Catalogue) -> None:
        """The map must have passed `map.check`."""
        self._titles = table.columns
        links = drawn.links.get(table.name, {})
        self._own = sum(not maps.linking(links, title) for title in table.columns)
        self._map = drawn
        self._zone = ZoneInfo(drawn.zone)
        stand = places(drawn.tables[table.name], table)
        self._at = {meaning: found[0] for meaning, found in stand.items()}
        self._comments = stand.get(Meaning.RESULT_COMMENT, ())
        self._words = tuple((name, self._at[meaning]) for name, meaning in _WORDS.items() if meaning in self._at)
        self._moments = {
            column.means: Moments(column.forms, column.latest)
            for column in drawn.tables[table.name].values()
            if column.forms
        }
        self._uses = Uses(drawn, catalogue)
        self._visit = self._remembered(_VISIT, self._read_visit)
        self._test = self._remembered((Meaning.RESULT_TEST, Meaning.RESULT_UNIT), self._read_test)
        judging = (Meaning.RESULT_STATUS, Meaning.RESULT_FLAG, Meaning.ROW_DELETED)
        self._judged = self._remembered(judging, self._read_judged)
        self._range = self._remembered(_RANGE, self._read_range)
        self._value = _together(stand[Meaning.RESULT_VALUE])

    def line(self, row: tuple[Cell, ...], remark: Remarks) -> Line:
        """What a row says.

        Raises:
            Stays: it was crossed out, or something in it is not mapped or cannot be read.
        """
        judged = self._judged(row)
        visit = self._visit(row)
        use = self._use(self._test(row), visit.collected_on)
        try:
            read = use.value(self._value(row))
        except Unread as unread:
            raise self._stays(Meaning.RESULT_UNIT if unread.unit else Meaning.RESULT_VALUE, unread.reason) from None
        if read.odd:
            remark(read.odd, self._title(Meaning.RESULT_VALUE))
        if judged.odd:
            remark(judged.odd, self._title(Meaning.RESULT_FLAG))
        judgement = judged.flag, judged.status
        return Line(visit, use.test, use.loinc, read.value, *judgement, use.same_method, row, self._own)

    def original(self, row: Sequence[Cell]) -> Original:
        """The old system's words for one result."""
        words = {name: row[at] or "" for name, at in self._words} | {"value": self._value(row) or ""}
        return Original(comment="\n".join(filter(None, (row[at] for at in self._comments))), **words)

    def reference(self, row: Sequence[Cell]) -> Reference | None:
        """The range as the old system applied it: bounds that are numbers, and its own words for the rest."""
        return self._range(row)

    def tube(self, row: Sequence[Cell]) -> str:
        """The old number of the tube; empty where there is none."""
        return self._said(row, Meaning.SPECIMEN_NUMBER)

    def _use(self, uses: tuple[Use | Rule, ...], on: date) -> Use:
        for use in uses:
            if (use.since or date.min) <= on <= (use.until or date.max):
                if isinstance(use, Rule):
                    raise self._stays(Meaning.RESULT_TEST, "test-left-behind")
                return use
        raise self._stays(Meaning.RESULT_TEST, "test-not-mapped")

    def _read_judged(self, row: Sequence[Cell]) -> _Judged:
        if self._said(row, Meaning.ROW_DELETED) in self._map.erased:
            raise self._stays(Meaning.ROW_DELETED, "deleted", Bin.REFUSED)
        written = self._said(row, Meaning.RESULT_FLAG)
        flag = self._map.flags.get(written)
        odd = "flag-not-mapped" if written and flag is None else ""
        return _Judged(self._status(row), flag.value if flag else "", odd)

    def _status(self, row: Sequence[Cell]) -> Status:
        if Meaning.RESULT_STATUS not in self._at:
            return "unknown"
        status = self._map.statuses.get(self._said(row, Meaning.RESULT_STATUS))
        if status is None:
            raise self._stays(Meaning.RESULT_STATUS, "status-not-mapped")
        if status == "deleted":
            raise self._stays(Meaning.RESULT_STATUS, "deleted", Bin.REFUSED)
        return status

    def _read_range(self, row: Sequence[Cell]) -> Reference | None:
        low, high, words = (self._said(row, each) for each in _RANGE)
        if not (low or high or words):
            return None
        bounds = [cells.decimal(each, self._map.mark) for each in (low, high)]
        unread = " ".join(said for said, bound in zip((low, high), bounds, strict=True) if said and not bound)
        return Reference(bounds[0], bounds[1], " ".join(filter(None, (unread, words))))

    def _read_visit(self, row: Sequence[Cell]) -> Visit:
        on, at = self._collected(row)
        site = self._map.sites.get(self._said(row, Meaning.DOSSIER_SITE))
        if site is None:
            raise self._stays(Meaning.DOSSIER_SITE, "site-not-mapped")
        return Visit(
            patient=self._needed(row, Meaning.PATIENT_NUMBER, "number-missing"),
            dossier=self._said(row, Meaning.DOSSIER_NUMBER) or on.isoformat(),
            collected_on=on,
            collected_at=at,
            site=site,
            prescriber=self._said(row, Meaning.DOSSIER_PRESCRIBER),
        )

    def _collected(self, row: Sequence[Cell]) -> tuple[date, datetime | None]:
        whole = Meaning.DOSSIER_COLLECTED_AT in self._at
        means = Meaning.DOSSIER_COLLECTED_AT if whole else Meaning.DOSSIER_COLLECTED_ON
        written = self._needed(row, means, "date-missing")
        try:
            on = self._moments[means].day(written)
            if whole:
                return on, self._moments[means].moment(written, self._zone)
            hour = self._hour(row)
        except Unclear:
            raise self._stays(means, "date-unclear") from None
        return on, None if hour is None else cells.instant(on, hour, self._zone)

    def _hour(self, row: Sequence[Cell]) -> time | None:
        written = self._said(row, Meaning.DOSSIER_COLLECTED_TIME)
        return cells.hour(written) if written else None

    def _read_test(self, row: Sequence[Cell]) -> tuple[Use | Rule, ...]:
        code = self._needed(row, Meaning.RESULT_TEST, "test-missing")
        return self._uses.of(code, self._said(row, Meaning.RESULT_UNIT))

    def _remembered(self, meanings: Iterable[Meaning], read: Callable[[Sequence[Cell]], T]) -> Memory[T]:
        return Memory([self._at[meaning] for meaning in meanings if meaning in self._at], read)

    def _needed(self, row: Sequence[Cell], meaning: Meaning, reason: str) -> str:
        said = self._said(row, meaning)
        if not said:
            raise self._stays(meaning, reason)
        return said

    def _said(self, row: Sequence[Cell], meaning: Meaning) -> str:
        at = self._at.get(meaning)
        return "" if at is None else (row[at] or "").strip()

    def _stays(self, meaning: Meaning, reason: str, bin_: Bin = Bin.PARKED) -> Stays:
        return Stays(bin_, reason, self._title(meaning))

    def _title(self, meaning: Meaning) -> str:
        at = self._at.get(meaning)
        return "" if at is None else self._titles[at]


def _together(at: Sequence[int]) -> Callable[[Sequence[Cell]], Cell]:
    """What stands in some places of a row as one text: a comparator and its number, or whichever of them is filled."""
    if len(at) == 1:
        return itemgetter(at[0])
    return lambda row: "".join(cell for place in at if (cell := row[place]))
