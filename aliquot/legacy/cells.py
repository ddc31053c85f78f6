"""What one cell of an old system says: a day, an hour, a number, a list answer, words.

Nothing is guessed. What a map does not say how to read is not read, and what can be read in two ways neither.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from aliquot.terms.errors import Refused, Unclear
from aliquot.terms.quantities import Comparator, Quantity

Mark = Literal[",", ".", "either"]
"""What stands before the fraction of a number. `either`: the source mixes them, and has no thousands."""

_TOKENS: Final = {
    "yyyy": r"(?P<year>\d{4})",
    "yy": r"(?P<short>\d{2})",
    "mm": r"(?P<month>\d{1,2})",
    "dd": r"(?P<day>\d{1,2})",
    "hh": r"(?P<hour>\d{1,2})",
    "mi": r"(?P<minute>\d{2})",
    "ss": r"(?P<second>\d{2})",
}
_TOKEN: Final = re.compile("|".join(_TOKENS))
_NUMBER: Final = re.compile(
    r"(?P<comparator><=|>=|<|>|\u2264|\u2265)?\s*(?P<sign>[+-]?)(?P<whole>\d{1,18})(?:(?P<mark>[.,])(?P<part>\d{1,18}))?",
    re.ASCII,
)
_COMPARATORS: Final[Mapping[str, Comparator]] = {
    "": "",
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
    "\u2264": "<=",
    "\u2265": ">=",
}
_REMEMBERED: Final = 20_000

T = TypeVar("T")


class Moments:
    """Reads days and hours in one written form: `dd/mm/yyyy`, `ddmmyy`, `yyyy-mm-dd hh:mi`.

    `pivot` is the last two-digit year that is of this century; a form with two digits needs it, for 19 may be 1919.
    """

    def __init__(self, form: str, pivot: int | None = None) -> None:
        """Raises Refused: the form names no day, or a two-digit year without a pivot."""
        tokens = _TOKEN.findall(form)
        if len(set(tokens)) != len(tokens) or not {"mm", "dd"} <= set(tokens) or len({"yy", "yyyy"} & set(tokens)) != 1:
            raise Refused(f"map: {form} is no form of a date; one is dd/mm/yyyy")
        if "yy" in tokens and pivot is None:
            raise Refused(f"map: {form} has two digits for the year and needs a pivot")
        self._pivot = -1 if pivot is None else pivot
        self._pattern = _pattern(form)
        self.day = _remembering(self._day)

    def _day(self, text: str) -> date:
        found = self._found(text)
        try:
            return date(self._year(found), int(found["month"]), int(found["day"]))
        except ValueError:
            raise Unclear("date", "no day of the calendar") from None

    def moment(self, text: str, zone: ZoneInfo) -> datetime:
        """The instant that a cell with day and hour names at the laboratory's place; without an hour, midnight.

        Raises:
            Unclear: not in this form, no day of the calendar, or an hour that the clock did not show.
        """
        found, parts = self._found(text), self._pattern.groupindex
        hour, minute, second = (int(found[part]) if part in parts else 0 for part in ("hour", "minute", "second"))
        return instant(self.day(text), _time(hour, minute, second), zone)

    def _found(self, text: str) -> re.Match[str]:
        found = self._pattern.fullmatch(text.strip())
        if found is None:
            raise Unclear("date", "not in the form that the map says")
        return found

    def _year(self, found: re.Match[str]) -> int:
        if "year" in self._pattern.groupindex:
            return int(found["year"])
        short = int(found["short"])
        return short + (2000 if short <= self._pivot else 1900)


def instant(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """The instant of a day and an hour at the laboratory's place.

    Of an hour that the clocks showed twice, the first.
    """
    return datetime.combine(day, hour, zone).astimezone(UTC)


def hour(text: str) -> time:
    """An hour as old programs write it: `07:50`, `7h50`, `0750`, `075000`.

    Raises:
        Unclear: none of these.
    """
    found = re.fullmatch(r"(\d{1,2})[:hH.]?(\d{2})(?:[:.]?(\d{2}))?", text.strip(), re.ASCII)
    if found is None:
        raise Unclear("hour", "not in a form that is read")
    return _time(int(found[1]), int(found[2]), int(found[3] or 0))


def number(text: str, ucum: str, mark: Mark) -> Quantity | None:
    """The number that a cell consists of, digits kept, with its comparator; none if it is more or less than that.

    Raises:
        Unclear: it has a fraction behind the mark that this source does not use: `1,234` may be twelve hundred.
    """
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    if found["mark"] and mark not in (found["mark"], "either"):
        raise Unclear("number", "a fraction behind a mark that this source does not use")
    digits = found["sign"] + found["whole"] + (f".{found['part']}" if found["part"] else "")
    return Quantity(Decimal(digits), ucum, _COMPARATORS[found["comparator"] or ""])


def decimal(text: str, mark: Mark) -> str:
    """A bound of a range as a decimal with a point; empty if it is not simply a number."""
    try:
        said = number(text, "", mark)
    except Unclear:
        return ""
    return "" if said is None or said.comparator else str(said.number)


def _pattern(form: str) -> re.Pattern[str]:
    written = "".join(
        _TOKENS[part] if part in _TOKENS else re.escape(part) for part in re.split(f"({_TOKEN.pattern})", form)
    )
    if re.fullmatch(f"({_TOKEN.pattern})+", form):
        # Without separators every part has all its digits, or 1112 could be two days.
        written = written.replace("{1,2}", "{2}")
    return re.compile(written, re.ASCII)


def _time(hour: int, minute: int, second: int) -> time:
    try:
        return time(hour, minute, second)
    except ValueError:
        raise Unclear("hour", "no hour of the clock") from None


def _remembering(read: Callable[[str], T]) -> Callable[[str], T]:
    """A source of twenty years says the same days over and over."""
    return lru_cache(_REMEMBERED)(read)
