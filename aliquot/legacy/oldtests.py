"""What each test code of an old system was: its names, its units over the years, and how its values lie.

It is what a biologist needs to see that the old glucose in g/L is not the new one in mmol/L. Words that stand where a
number is expected are shown only where they are few, short and common.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date

import msgspec

from aliquot.legacy import dates
from aliquot.legacy.dates import Order
from aliquot.legacy.sketches import Spread
from aliquot.legacy.source import Cell

MOST = 5000
"""More codes than any catalogue has; what comes after is counted together."""

_AT_ONCE = 30_000
_FEW, _SHORT, _COMMON = 12, 24, 5
_MOST_WORDS = 60
_NAMES = 5
# Ten digits behind a nought are a telephone, and more than twelve a national number.
_NUMBER = re.compile(r"[<>]?=? ?([-+]?(?!0\d{9}$)\d{1,12}(?:[.,]\d+)?)")


class Counted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something, and how many cells have it."""

    what: str
    cells: int


class Unit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One test in one unit: from the first to the last month, its numbers and where they lie, and its words.

    Ends are exact; the quantiles lie within about three hundredths of their rank. All are empty without numbers.
    """

    unit: str
    cells: int
    first: str
    last: str
    numbers: int
    words: int
    blank: int
    least: str
    p5: str
    median: str
    p95: str
    most: str
    answers: tuple[Counted, ...]


class OldTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One old code with its names and units."""

    code: str
    names: tuple[Counted, ...]
    units: tuple[Unit, ...]


class Places(msgspec.Struct, frozen=True):
    """Where in a row the code, the value and, where there are any, the unit, the name and the date stand."""

    test: int
    value: int
    unit: int | None
    name: int | None
    date: int | None


class _OfUnit:
    def __init__(self) -> None:
        self.spread = Spread()
        self.words: Counter[str] | None = Counter()
        self.told = self.blank = 0
        self.first, self.last = "9999-99", ""


class OldTests:
    """Gathers them while rows pass."""

    def __init__(self, places: Places, latest: int, order: Order | None) -> None:
        self._places = places
        self._months = _Months(latest, order)
        self._values: Counter[tuple[Cell, Cell, Cell]] = Counter()
        self._known: dict[tuple[str, str], _OfUnit] = {}
        self._names: dict[str, Counter[str]] = {}

    def add(self, columns: Sequence[Sequence[Cell]]) -> None:
        """The cells of some rows, column by column."""
        at = self._places
        tests, values = columns[at.test], columns[at.value]
        units: Sequence[Cell] = columns[at.unit] if at.unit is not None else ("",) * len(tests)
        self._values.update(zip(tests, units, values, strict=True))
        if at.date is not None:
            self._dated(Counter(zip(tests, units, map(self._months.__getitem__, columns[at.date]), strict=True)))
        if at.name is not None:
            for code, name in set(zip(tests, columns[at.name], strict=True)):
                if name and len(names := self._names.setdefault(code or "", Counter())) < _MOST_WORDS:
                    names[name] += 1
        if len(self._values) > _AT_ONCE:
            self._fold()

    def tests(self) -> tuple[OldTest, ...]:
        """What was gathered, by code."""
        self._fold()
        codes: dict[str, list[tuple[str, _OfUnit]]] = {}
        for (code, unit), found in sorted(self._known.items(), key=lambda item: item[0]):
            codes.setdefault(code, []).append((unit, found))
        return tuple(
            OldTest(code, counted(self._names.get(code, Counter()), _NAMES), tuple(_unit(*one) for one in units))
            for code, units in codes.items()
        )

    def _dated(self, months: Counter[tuple[Cell, Cell, str]]) -> None:
        for code, unit, month in months:
            if month:
                found = self._of(code, unit)
                found.first, found.last = min(found.first, month), max(found.last, month)

    def _fold(self) -> None:
        for (code, unit, value), times in self._values.items():
            found = self._of(code, unit)
            text = (value or "").strip()
            number = _NUMBER.fullmatch(text)
            if number:
                found.spread.add(float(number[1].replace(",", ".")), times)
            elif not text:
                found.blank += times
            else:
                found.told += times
                _word(found, text, times)
        self._values.clear()

    def _of(self, code: Cell, unit: Cell) -> _OfUnit:
        key = (code or "").strip(), (unit or "").strip()
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MOST:
                key = "...", ""
            found = self._known.setdefault(key, _OfUnit())
        return found


class _Months(dict[Cell, str]):
    """The month of a day, remembered."""

    _MOST = 50_000

    def __init__(self, latest: int, order: Order | None) -> None:
        super().__init__()
        self._days = dates.Days(latest, order)

    def __missing__(self, cell: Cell) -> str:
        if len(self) >= self._MOST:
            self.clear()
        day: date | None = self._days[cell] if cell else None
        self[cell] = month = f"{day:%Y-%m}" if day else ""
        return month


def counted(found: Counter[str], most: int) -> tuple[Counted, ...]:
    """The commonest, in an order that is always the same."""
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Counted(what, cells) for what, cells in ranked[:most])


def written(number: float) -> str:
    """A number of a profile, with the digits that matter."""
    return "" if number in (float("inf"), float("-inf")) else f"{number:.6g}"


def _word(found: _OfUnit, text: str, times: int) -> None:
    if found.words is None:
        return
    found.words[text] += times
    if len(text) > _SHORT or len(found.words) > _MOST_WORDS:
        found.words = None


def _unit(unit: str, found: _OfUnit) -> Unit:
    spread = found.spread
    words = found.words if found.words is not None and len(found.words) <= _FEW else Counter[str]()
    quantiles = [written(spread.at(share)) if spread.count else "" for share in (0.05, 0.5, 0.95)]
    return Unit(
        unit=unit,
        cells=spread.count + found.told + found.blank,
        first=found.first if found.last else "",
        last=found.last,
        numbers=spread.count,
        words=found.told,
        blank=found.blank,
        least=written(spread.least),
        p5=quantiles[0],
        median=quantiles[1],
        p95=quantiles[2],
        most=written(spread.most),
        answers=counted(Counter({word: times for word, times in words.items() if times >= _COMMON}), _FEW),
    )
