"""When: HL7's date and time (DTM, before 2.6 TS), which is as exact as the number of its digits.

Format: YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ] (HL7 v2 chapter 2A).
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from enum import IntEnum
from typing import Final

import msgspec

from aliquot.terms.errors import Unclear

_SHAPE: Final = re.compile(
    r"(?P<digits>\d{4}(?:\d\d){0,5})(?:(?<=\d{14})\.(?P<fraction>\d{1,6}))?(?:(?P<sign>[+-])(?P<hours>\d\d)(?P<minutes>\d\d))?",
    re.ASCII,
)
_PLAIN: Final = str.maketrans("", "", "-T:")
_ZONE_AT: Final = len("2026-11-23T17:30:00")
_FIRST: Final = (1, 1, 0, 0, 0)
_FARTHEST_MINUTES: Final = 14 * 60


class Precision(IntEnum):
    """How exactly a time was given, by the number of digits that say so."""

    YEAR = 4
    MONTH = 6
    DAY = 8
    HOUR = 10
    MINUTE = 12
    SECOND = 14
    FRACTION = 15


class Time(msgspec.Struct, frozen=True, gc=False):
    """A time as it was written: the first moment that it can mean, on the sender's clock.

    `offset` is minutes east of UTC; None: the sender named no zone.
    """

    local: datetime
    precision: Precision
    offset: int | None


def parse(text: str, place: str) -> Time:
    """A time with its precision.

    Raises:
        Unclear: not the standard's format, or a date, hour or zone that does not exist.
    """
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise Unclear(place, "not a time")
    digits = shape["digits"]
    pairs = [int(digits[at : at + 2]) for at in range(4, len(digits), 2)]
    month, day_of_month, hour, minute, second = [*pairs, *_FIRST[len(pairs) :]]
    fraction = int((shape["fraction"] or "0").ljust(6, "0"))
    try:
        local = datetime(int(digits[:4]), month, day_of_month, hour, minute, second, fraction)  # noqa: DTZ001 - their clock
    except ValueError:
        raise Unclear(place, "a date or an hour that does not exist") from None
    return Time(local, Precision(len(digits) + bool(shape["fraction"])), _offset(shape, place))


def day(text: str, place: str) -> date:
    """A calendar day, as of a birth.

    Raises:
        Unclear: not a time, or not as exact as a day.
    """
    time = parse(text, place)
    if time.precision < Precision.DAY:
        raise Unclear(place, "not exact to the day")
    return time.local.date()


def instant(text: str, place: str, zone: tzinfo | None = None) -> datetime:
    """One moment, in UTC. `zone` is the sender's, where the message names none.

    Raises:
        Unclear: not exact to the minute, no zone, or an hour that the change of clocks repeats or leaves out.
    """
    return moment(parse(text, place), place, zone)


def moment(time: Time, place: str, zone: tzinfo | None = None) -> datetime:
    """The moment of a time that was read already; otherwise as `instant`."""
    if time.precision < Precision.MINUTE:
        raise Unclear(place, "not exact to the minute")
    if time.offset is not None:
        return _in_utc(time.local.replace(tzinfo=timezone(timedelta(minutes=time.offset))), place)
    if zone is None:
        raise Unclear(place, "no time zone")
    local = time.local.replace(tzinfo=zone)
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise Unclear(place, "an hour that the change of clocks repeats or leaves out")
    return _in_utc(local, place)


def write(at: datetime) -> str:
    """An aware moment to the second, with its zone, as MSH-7 wants it."""
    written = at.isoformat(timespec="seconds")
    return written[:_ZONE_AT].translate(_PLAIN) + written[_ZONE_AT:].replace(":", "")


def _offset(shape: re.Match[str], place: str) -> int | None:
    if shape["sign"] is None:
        return None
    hours, minutes = int(shape["hours"]), int(shape["minutes"])
    if minutes > 59 or hours * 60 + minutes > _FARTHEST_MINUTES:
        raise Unclear(place, "a time zone that does not exist")
    return (hours * 60 + minutes) * (-1 if shape["sign"] == "-" else 1)


def _in_utc(local: datetime, place: str) -> datetime:
    try:
        return local.astimezone(UTC)
    except OverflowError:
        raise Unclear(place, "a date outside the calendar") from None
