"""What one cell of an old system says: a day, an hour, a number, a list answer, words.

Nothing is guessed. What a map does not say how to read is not read, and what can be read in two ways neither.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final, Literal
from zoneinfo import ZoneInfo

from aliquot.legacy import dates
from aliquot.terms.errors import Refused, Unclear
from aliquot.terms.quantities import Comparator, Quantity

Mark = Literal[",", ".", "either"]
"""What stands before the fraction of a number. `either`: the source mixes them, and has no thousands."""

_FORM: Final = re.compile(r"(dd|mm|yyyy|yy)([-/. ]?)(dd|mm)\2(dd|yyyy|yy)", re.ASCII)
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


class Moments:
    """Reads days in the written forms that a map names (`dd/mm/yyyy`, `ddmmyy`), and the hours that stand behind."""

    def __init__(self, forms: Sequence[str], latest: int | None = None) -> None:
        """`latest` is the last year that two digits can mean: without one, 19 is not read, for it may be 1919.

        Raises:
            Refused: there is no form, one names no day, or two digits for the year come without a latest.
        """
        if not forms:
            raise Refused("map: a day needs its form, such as dd/mm/yyyy")
        for form in forms:
            found = _FORM.fullmatch(form)
            parts = sorted(found.group(1, 3, 4)) if found else []
            if parts not in (["dd", "mm", "yy"], ["dd", "mm", "yyyy"]):
                raise Refused(f"map: {form} is no form of a date; one is dd/mm/yyyy")
            if "yy" in parts and latest is None:
                raise Refused(f"map: {form} has two digits for the year and needs a latest year")
        self._days = dates.Days(latest or dates.LAST_YEAR, None, tuple(forms))

    def day(self, text: str) -> date:
        """The day that a cell names, in one of the forms.

        Raises:
            Unclear: none, or two.
        """
        found = self._days[text.strip()]
        if found is None:
            raise Unclear("date", "not a day in a form that the map names")
        return found

    def moment(self, text: str, zone: ZoneInfo) -> datetime:
        """The instant that a cell with day and hour names, at the laboratory's place unless it names its zone.

        Raises:
            Unclear: as `day`, or an hour that the clock does not show.
        """
        day = self.day(text)
        try:
            hour, offset = dates.clock(text)
        except ValueError:
            raise Unclear("hour", "no hour of the clock") from None
        return datetime.combine(day, hour, offset or zone).astimezone(UTC)


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


def _time(hour: int, minute: int, second: int) -> time:
    try:
        return time(hour, minute, second)
    except ValueError:
        raise Unclear("hour", "no hour of the clock") from None
