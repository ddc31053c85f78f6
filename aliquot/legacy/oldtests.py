"""What each test code of an old system was: its names, its units over the years, and how its values lie.

It is what a biologist needs to see that the old glucose in g/L is not the new one in mmol/L. Nothing is shown that
fewer than `FEWEST` cells say, no code, no unit, no name, no quantile: what is rare may be somebody. Words that stand
where a number is expected are shown only where they are also few and short. Source: CRYPTO.md 7.2, the minimum cell.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from aliquot.legacy import dates
from aliquot.legacy.dates import Order
from aliquot.legacy.sketches import Spread
from aliquot.legacy.source import Cell

MOST = 5000
"""More codes than any catalogue has; what comes after is counted together."""
FEWEST = 10
"""What fewer cells say is counted and not shown."""

_AT_ONCE = 30_000
_FEW, _SHORT = 12, 24
_MOST_WORDS = 60
_NAMES = 5
_LONGEST = 500
"""So many signs of a code, a unit or a name are looked at; one with more is none."""
# Ten digits behind a nought are a telephone, and more than twelve a national number.
_NUMBER = re.compile(r"[<>]?=? ?([-+]?(?!0\d{9}$)\d{1,12}(?:[.,]\d+)?)")


class Counted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something, and how many cells have it."""

    what: str
    cells: int


class Unit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One test in one unit: from the first to the last month, its numbers and where they lie, and its words.

    Ends are those of single results, so they are told with two digits; the quantiles lie within about three hundredths
    of their rank. All are empty where there are fewer than `FEWEST` numbers.
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
    """One old code with its names and units. `rare` cells have a unit that hardly any other has: it is not shown."""

    code: str
    names: tuple[Counted, ...]
    units: tuple[Unit, ...]
    rare: int


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
            for (code, name), times in Counter(zip(tests, columns[at.name], strict=True)).items():
                names = self._names.setdefault((code or "").strip()[:_LONGEST], Counter())
                if name and (name in names or (len(names) < _MOST_WORDS and len(name) <= _LONGEST)):
                    names[name] += times
        if len(self._values) > _AT_ONCE:
            self.settle()

    def settle(self) -> None:
        """Look at the values that wait."""
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

    def tests(self) -> tuple[OldTest, ...]:
        """What was gathered, by code; not of the codes that are rare."""
        return tuple(self._test(code, units) for code, units in self._codes() if _cells(units) >= FEWEST)

    def rare(self) -> int:
        """How many cells have a code that is not shown."""
        return sum(cells for _, units in self._codes() if (cells := _cells(units)) < FEWEST)

    def _codes(self) -> list[tuple[str, list[Unit]]]:
        self.settle()
        codes: dict[str, list[Unit]] = {}
        for (code, unit), found in sorted(self._known.items(), key=lambda item: item[0]):
            codes.setdefault(code, []).append(_unit(unit, found))
        return list(codes.items())

    def _test(self, code: str, units: list[Unit]) -> OldTest:
        shown = tuple(unit for unit in units if unit.cells >= FEWEST)
        names = counted(self._names.get(code, Counter()), _NAMES, FEWEST)
        return OldTest(code, names, shown, _cells(units) - _cells(shown))

    def _dated(self, months: Counter[tuple[Cell, Cell, str]]) -> None:
        for code, unit, month in months:
            if month:
                found = self._of(code, unit)
                found.first, found.last = min(found.first, month), max(found.last, month)

    def _of(self, code: Cell, unit: Cell) -> _OfUnit:
        key = (code or "").strip()[:_LONGEST], (unit or "").strip()[:_LONGEST]
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
        day: date | None = self._days[cell] if cell else None
        month = f"{day:%Y-%m}" if day else ""
        if len(self) >= self._MOST:
            self.clear()
        if len(cell or "") <= dates.LONGEST:
            self[cell] = month
        return month


def counted(found: Counter[str], most: int, fewest: int = 1) -> tuple[Counted, ...]:
    """The commonest, in an order that is always the same."""
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Counted(what, cells) for what, cells in ranked[:most] if cells >= fewest)


def end(number: float) -> str:
    """The least or the most of many numbers: it is one person's, and two digits of it say what a column holds."""
    return "" if number in (float("inf"), float("-inf")) else f"{float(f'{number:.2g}'):g}"


def _cells(units: Iterable[Unit]) -> int:
    return sum(unit.cells for unit in units)


def _word(found: _OfUnit, text: str, times: int) -> None:
    if found.words is None:
        return
    found.words[text] += times
    if len(text) > _SHORT or len(found.words) > _MOST_WORDS:
        found.words = None


def _unit(unit: str, found: _OfUnit) -> Unit:
    spread = found.spread
    words = found.words if found.words is not None and len(found.words) <= _FEW else Counter[str]()
    many = spread.count >= FEWEST
    quantiles = [f"{spread.at(share):.6g}" if many else "" for share in (0.05, 0.5, 0.95)]
    return Unit(
        unit=unit,
        cells=spread.count + found.told + found.blank,
        first=found.first if found.last else "",
        last=found.last,
        numbers=spread.count,
        words=found.told,
        blank=found.blank,
        least=end(spread.least) if many else "",
        p5=quantiles[0],
        median=quantiles[1],
        p95=quantiles[2],
        most=end(spread.most) if many else "",
        answers=counted(words, _FEW, FEWEST),
    )
