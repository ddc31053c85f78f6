"""How old systems write days: the readings that a cell allows, and the order of day and month that a column settles.

`03/04/2019` is a day in April or in March. A column says which by its other cells, or the integrator says it; else a
cell that allows two days is unclear. Formats are named as in a map: `dd/mm/yyyy hh:mi`, `yyyy-mm-dd`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, time, timedelta, timezone
from enum import StrEnum

SHORT = ("yymmdd", "ddmmyy")
"""Six digits are a day only where somebody says so: most of them are numbers."""
LONGEST = 100
"""More signs than any day has; a cell with more is not remembered."""
FIRST_YEAR = 1850
LAST_YEAR = 2150

_TIME = (
    r"(?:(?P<t>[T ]|, )(?P<h>\d{1,2}):(?P<m>[0-5]\d)(?P<s>:[0-5]\d)?(?P<f>[.,]\d{1,9})?)?"
    r"(?P<z> ?(?:Z|UTC|[+-]\d\d:?\d\d))?"
)
_PARTED = re.compile(rf"(\d{{1,4}})([-/. ])(\d{{1,2}})\2(\d{{1,4}}){_TIME}", re.ASCII)
_COMPACT = re.compile(r"(\d{8})(?:T?(?P<h>\d\d)(?P<m>\d\d)(?P<s>\d\d)?(?P<f>\.\d{1,6})?)?(?P<z>Z|[+-]\d{4})?", re.ASCII)
_SHORT = re.compile(r"\d{6}", re.ASCII)
_SHORT_HOUR = re.compile(r"(\d{6})(?:(?P<h>\d\d)(?P<m>\d\d)(?P<s>)(?P<z>))?", re.ASCII)
_NAMED = re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th|er)?([-/. ]?)([^\W\d]{{3,9}})\.?,?[-/. ]?(\d{{4}}|\d\d){_TIME}")
_NAME_FIRST = re.compile(rf"([^\W\d]{{3,9}})\.? (\d{{1,2}}),? (\d{{4}}){_TIME}")
_TIMED = (_PARTED, _COMPACT, _SHORT_HOUR, _NAMED, _NAME_FIRST)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january janv janvier",
            "feb february fev fevr février fév févr fevrier",
            "mar march mars",
            "apr april avr avril",
            "may mai",
            "jun june juin",
            "jul july juil juillet",
            "aug august aou aout août aoû",
            "sep sept september septembre",
            "oct october octobre",
            "nov november novembre",
            "dec december déc décembre decembre",
        ),
        1,
    )
    for name in names.split()
}


class Order(StrEnum):
    """Which of day and month comes first where both are numbers and the year comes last."""

    DAY_FIRST = "dd"
    MONTH_FIRST = "mm"


def readings(text: str, latest: int) -> dict[str, date]:
    """The days that a cell can mean, by the format in which it means them; none where it is not a day.

    A year of two digits is the last such year up to `latest`. Times and zones are named in the format; the day is the
    one that was written, on the clock of whoever wrote it.
    """
    text = text.strip()
    if not 6 <= len(text) <= 40:
        return {}
    if found := _PARTED.fullmatch(text):
        return dict(_parted(found, latest))
    if found := _COMPACT.fullmatch(text):
        return dict(_compact(found))
    if _SHORT.fullmatch(text):
        return dict(_short(text, latest))
    return dict(_worded(text, latest))


def clock(text: str) -> tuple[time, timezone | None]:
    """The hour that a cell with a day names, midnight where it names none, and its zone where it names that.

    Raises:
        ValueError: no hour of the clock.
    """
    text = text.strip()
    found = next((found for form in _TIMED if (found := form.fullmatch(text))), None)
    if found is None or not found["h"]:
        return time(), None
    return time(int(found["h"]), int(found["m"]), int((found["s"] or "0").lstrip(":"))), _offset(found["z"])


def day_of(form: str) -> str:
    """The part of a format that is the day: hours and zones are read wherever they stand behind it."""
    return form.removesuffix("+zz").split(" ")[0].split("T")[0].split("hh")[0]


def settle(cells: Iterable[tuple[str, int]], latest: int) -> Order | None:
    """The order of day and month in a column, from its distinct cells and how often each occurs.

    None where no cell settles it, or where cells contradict one another in more than one of a hundred.
    """
    votes: Counter[str] = Counter()
    for cell, times in cells:
        found = readings(cell, latest)
        orders = {name[:2] for name in found if name[:2] in tuple(Order) and name not in SHORT}
        if len(orders) == 1:
            votes[orders.pop()] += times
    return decide(votes)


def decide(votes: Counter[str]) -> Order | None:
    """The order for which cells speak that allow no other; one contradiction in a hundred is taken for a slip."""
    if not votes:
        return None
    ((first, most), *_) = votes.most_common()
    return Order(first) if most >= 0.99 * votes.total() else None


class Days(dict[str, date | None]):
    """The days of one column's cells, remembered, because a column repeats its days.

    `formats`, where the integrator declares them, are the only ones; else every format whose order of day and month
    is not the other one.
    """

    _MOST = 50_000

    def __init__(self, latest: int, order: Order | None = None, formats: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._latest = latest
        self._order = order
        self._formats = formats

    def __missing__(self, text: str) -> date | None:
        if len(text) > LONGEST:
            bare = text.strip()
            return self[bare] if len(bare) <= LONGEST else None
        if len(self) >= self._MOST:
            self.clear()
        readings_ = readings(text, self._latest) | (short(text, self._latest) if self._formats else {})
        days = {day for name, day in readings_.items() if self._holds(name)}
        self[text] = found = days.pop() if len(days) == 1 else None
        return found

    def _holds(self, name: str) -> bool:
        if self._formats:
            return name in self._formats or day_of(name) in self._formats
        if name in SHORT:
            return False
        return self._order is None or name[:2] not in tuple(Order) or name.startswith(self._order)


def short(text: str, latest: int) -> dict[str, date]:
    """The days that six digits can mean, with an hour behind them or not, where somebody has declared that they do."""
    found = _SHORT_HOUR.fullmatch(text.strip())
    if found is None:
        return {}
    first, second, last = found[1][:2], found[1][2:4], found[1][4:]
    return dict(
        [
            *_named("ddmmyy", f"{_century(int(last), latest)}", second, first),
            *_named("yymmdd", f"{_century(int(first), latest)}", second, last),
        ]
    )


def _parted(found: re.Match[str], latest: int) -> Iterator[tuple[str, date]]:
    first, sign, second, last = found[1], found[2], found[3], found[4]
    rest = _rest(found)
    if len(first) == 4 and len(last) <= 2:
        yield from _named(f"yyyy{sign}mm{sign}dd{rest}", first, second, last)
    elif len(first) <= 2 and len(last) in (2, 4):
        year = last if len(last) == 4 else f"{_century(int(last), latest)}"
        tail = "y" * len(last)
        yield from _named(f"dd{sign}mm{sign}{tail}{rest}", year, second, first)
        yield from _named(f"mm{sign}dd{sign}{tail}{rest}", year, first, second)


def _compact(found: re.Match[str]) -> Iterator[tuple[str, date]]:
    digits, rest = found[1], _clock(found)
    yield from _named(f"yyyymmdd{rest}", digits[:4], digits[4:6], digits[6:])
    yield from _named(f"ddmmyyyy{rest}", digits[4:], digits[2:4], digits[:2])


def _short(digits: str, latest: int) -> Iterator[tuple[str, date]]:
    parts = digits[:2], digits[2:4], digits[4:]
    yield from _named("yymmdd", f"{_century(int(parts[0]), latest)}", parts[1], parts[2])
    yield from _named("ddmmyy", f"{_century(int(parts[2]), latest)}", parts[1], parts[0])


def _worded(text: str, latest: int) -> Iterator[tuple[str, date]]:
    if found := _NAMED.fullmatch(text):
        day, sign, month, year = found[1], found[2], found[3], found[4]
        whole = year if len(year) == 4 else f"{_century(int(year), latest)}"
        form = f"d{sign}month{sign}{'y' * len(year)}{_rest(found)}"
    elif found := _NAME_FIRST.fullmatch(text):
        month, day, whole = found[1], found[2], found[3]
        form = f"month d, yyyy{_rest(found)}"
    else:
        return
    number = _MONTHS.get(month.lower())
    if number:
        yield from _named(form, whole, f"{number}", day)


def _named(form: str, year: str, month: str, day: str) -> Iterator[tuple[str, date]]:
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        return
    try:
        yield form, date(int(year), int(month), int(day))
    except ValueError:
        return


def _rest(found: re.Match[str]) -> str:
    between = "T" if found["t"] == "T" else " "
    return f"{between}{_hours(found)}" if found["t"] else _zone(found)


def _clock(found: re.Match[str]) -> str:
    return _hours(found).replace(":", "") if found["h"] else _zone(found)


def _hours(found: re.Match[str]) -> str:
    return f"hh:mi{':ss' if found['s'] else ''}{'.f' if found['f'] else ''}{_zone(found)}"


def _zone(found: re.Match[str]) -> str:
    return "+zz" if found["z"] else ""


def _century(two: int, latest: int) -> int:
    year = latest - latest % 100 + two
    return year if year <= latest else year - 100


def _offset(zone: str | None) -> timezone | None:
    digits = (zone or "").strip().replace(":", "")
    if not digits:
        return None
    if digits in ("Z", "UTC"):
        return UTC
    away = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:]))
    return timezone(-away if digits[0] == "-" else away)
