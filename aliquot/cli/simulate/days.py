"""The twenty years of the old laboratory, day by day, in every way in which it wrote a date."""

from datetime import date, datetime, time
from functools import cache
from random import Random
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from aliquot.cli.simulate.records import Written

OPENED: Final = date(2001, 1, 2).toordinal()
LAST: Final = date(2020, 10, 30).toordinal()
"""The incident's latest samples are of October 2020 (CONTROLS 1.1)."""
SECOND_SITE_BOUGHT: Final = date(2013, 1, 1).toordinal()
COMMAS_UNTIL: Final = date(2005, 1, 1).toordinal()
SHORT_YEARS_UNTIL: Final = date(2003, 1, 1).toordinal()

_ZONE: Final = ZoneInfo("Europe/Paris")
_LATER: Final = 5
_OUTSIDE: Final = (
    Written("01/01/1900", "19000101"),
    Written("31/12/2099", "20991231"),
    Written("12/07/2041", "20410712"),
)


class Day(NamedTuple):
    """A day of work: as written with four and with two digits of the year, as ISO 8601, and its offset from UTC."""

    full: Written
    short: Written
    iso: str
    offset: str
    number: str


@cache
def calendar() -> tuple[Day, ...]:
    """Every day from the opening to a little after the last."""
    return tuple(_day(ordinal) for ordinal in range(OPENED, LAST + _LATER))


def day(ordinal: int) -> Day:
    """A day of the laboratory's life."""
    return calendar()[ordinal - OPENED]


@cache
def hours() -> tuple[Written, ...]:
    """The minutes of a day from 7 to 17 h."""
    return tuple(
        Written(f"{hour:02d}:{minute:02d}", f"{hour:02d}{minute:02d}") for hour in range(7, 17) for minute in range(60)
    )


def written(ordinal: int) -> Written:
    """Any day with four digits of the year; nothing for 0."""
    if not ordinal:
        return Written("", "")
    on = date.fromordinal(ordinal)
    return Written(f"{on.day:02d}/{on.month:02d}/{on.year}", f"{on.year}{on.month:02d}{on.day:02d}")


def shortened(full: Written) -> Written:
    """The same with two digits of the year."""
    return Written(full.slashed[:6] + full.slashed[8:], full.compact[2:])


def impossible(full: Written, rng: Random) -> Written:
    """A day that no calendar has, in the year and month of a real one where that is enough."""
    kind = rng.randrange(4)
    if kind == 0:
        return Written("00/00/" + full.slashed[6:], full.compact[:4] + "0000")
    if kind == 1:
        return Written("99/99/9999", "99999999")
    if kind == 2:
        return Written("31/02/" + full.slashed[6:], full.compact[:4] + "0231")
    return Written("32" + full.slashed[2:], full.compact[:6] + "32")


def outside(rng: Random) -> Written:
    """A day on which the laboratory cannot have worked."""
    return rng.choice(_OUTSIDE)


def _day(ordinal: int) -> Day:
    full = written(ordinal)
    on = date.fromordinal(ordinal)
    offset = datetime.combine(on, time(12), _ZONE).strftime("%z")
    return Day(full, shortened(full), on.isoformat(), f"{offset[:3]}:{offset[3:]}", full.compact[2:])
