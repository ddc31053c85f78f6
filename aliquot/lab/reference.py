"""Which range applies to this person, and what flag a result then gets.

Source: the range rules of ISO 15189:2022, 7.3.5 and 7.4.1; flags are codes of HL7 v3-ObservationInterpretation.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

import msgspec

from aliquot.lab import content
from aliquot.terms.errors import Refused
from aliquot.terms.identity import Sex
from aliquot.terms.quantities import Quantity


class Flag(StrEnum):
    """How a result compares. `NONE` says that nothing is known; it never means normal."""

    NONE = ""
    LOW_CRITICAL = "LL"
    LOW = "L"
    NORMAL = "N"
    HIGH = "H"
    HIGH_CRITICAL = "HH"
    ABNORMAL = "A"
    CRITICAL = "AA"


class Band(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits with the conditions under which they hold; what is not stated is no condition.

    Age is half-open, `[min, max)`, in days for infants and calendar years otherwise. As a reference range the bounds
    are inclusive: a value on one is normal. As critical limits they are inclusive too: a value on one is critical.
    """

    low: Decimal | None = None
    high: Decimal | None = None
    sex: Sex | None = None
    min_days: int | None = None
    min_years: int | None = None
    max_days: int | None = None
    max_years: int | None = None
    pregnant: bool = False
    text: str = ""


class Person(msgspec.Struct, frozen=True):
    """What the choice of a range may know. `collected_on` is the day at the place of collection; None is unknown."""

    sex: Sex
    born_on: date
    collected_on: date | None
    pregnant: bool | None = None


class Ambiguous(Refused):
    """Two ranges fit equally well: the result is held (CONFIG) until the catalogue decides."""


def age_years(born_on: date, on: date) -> int:
    """Completed calendar years. Born on 29 February, one is a year older on 1 March of a common year."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def select(bands: Sequence[Band], person: Person) -> Band | None:
    """The band with the highest rank among those whose every condition is known to be true; None if there is none.

    Raises:
        Ambiguous: two bands of the highest rank hold.
    """
    fitting = sorted((band for band in bands if _holds(band, person)), key=_rank, reverse=True)
    if not fitting:
        return None
    if len(fitting) > 1 and _rank(fitting[0]) == _rank(fitting[1]):
        raise Ambiguous("ranges: two of equal rank hold")
    return fitting[0]


def applied(band: Band) -> content.Reference:
    """The band as it is copied into the result, so that a later catalogue changes no past flag."""
    return content.Reference(low=_text(band.low), high=_text(band.high), text=band.text)


def flag(quantity: Quantity, normal: Band | None, critical: Band | None) -> Flag:
    """The flag that is certain: with a comparator, every value that it allows must deserve it.

    A critical limit that is crossed flags without a range too; without a range nothing else does.
    """
    if critical is not None and critical.low is not None and _surely_at_most(quantity, critical.low):
        return Flag.LOW_CRITICAL
    if critical is not None and critical.high is not None and _surely_at_least(quantity, critical.high):
        return Flag.HIGH_CRITICAL
    if normal is None or (normal.low is None and normal.high is None):
        return Flag.NONE
    if normal.low is not None and _surely_below(quantity, normal.low):
        return Flag.LOW
    if normal.high is not None and _surely_above(quantity, normal.high):
        return Flag.HIGH
    return Flag.NORMAL if within(quantity, normal.low, normal.high) else Flag.NONE


def within(quantity: Quantity, low: Decimal | None, high: Decimal | None) -> bool:
    """Whether the value is surely inside the limits, bounds included; an absent limit limits nothing."""
    return (low is None or _surely_at_least(quantity, low)) and (high is None or _surely_at_most(quantity, high))


def surely_not_critical(quantity: Quantity, critical: Band) -> bool:
    """Whether no value that the comparator allows reaches a critical limit."""
    above = critical.low is None or _surely_above(quantity, critical.low)
    return above and (critical.high is None or _surely_below(quantity, critical.high))


def check(band: Band) -> None:
    """Accept a band whose age conditions make sense.

    Raises:
        Refused: one end of the age is given twice, or the band is empty.
    """
    if None not in (band.min_days, band.min_years) or None not in (band.max_days, band.max_years):
        raise Refused("ranges: one end of an age is given in days and in years")
    if _stops_before(band, band):
        raise Refused("ranges: an age band is empty")


def overlap(one: Band, other: Band) -> bool:
    """Whether one person could meet both bands and they have the same rank."""
    if _rank(one) != _rank(other) or one.sex is not other.sex:
        return False
    return not (_stops_before(one, other) or _stops_before(other, one))


def _rank(band: Band) -> tuple[bool, bool, bool]:
    return band.pregnant, _has_age(band), band.sex is not None


def _has_age(band: Band) -> bool:
    return any(limit is not None for limit in (band.min_days, band.min_years, band.max_days, band.max_years))


def _holds(band: Band, person: Person) -> bool:
    if band.sex is not None and band.sex is not person.sex:
        return False
    if band.pregnant and person.pregnant is not True:
        return False
    return not _has_age(band) or (person.collected_on is not None and _age_holds(band, person, person.collected_on))


def _age_holds(band: Band, person: Person, on: date) -> bool:
    days, years = (on - person.born_on).days, age_years(person.born_on, on)
    old_enough = days >= (band.min_days or 0) and years >= (band.min_years or 0)
    young_enough = (band.max_days is None or days < band.max_days) and (
        band.max_years is None or years < band.max_years
    )
    return old_enough and young_enough


def _stops_before(one: Band, other: Band) -> bool:
    """Whether everybody has left the first age band before anybody enters the second."""
    if one.max_days is not None:
        return one.max_days <= (_days_to(other.min_years)[0] if other.min_years is not None else other.min_days or 0)
    if one.max_years is not None:
        if other.min_days is not None:
            return _days_to(one.max_years)[1] <= other.min_days
        return one.max_years <= (other.min_years or 0)
    return False


def _days_to(years: int) -> tuple[int, int]:
    """The fewest and the most days in which anybody reaches this age (centuries that skip a leap day left aside)."""
    starts = [date(2000, 2, 28) + timedelta(days=step) for step in (0, 1, 2, 366, 731, 1096)]
    days = [(_birthday(start, years) - start).days for start in starts]
    return min(days), max(days)


def _birthday(born_on: date, years: int) -> date:
    if (born_on.month, born_on.day) == (2, 29):
        return date(born_on.year + years, 2, 28) + timedelta(days=1)
    return born_on.replace(year=born_on.year + years)


def _text(limit: Decimal | None) -> str:
    return "" if limit is None else str(limit)


def _surely_at_most(quantity: Quantity, limit: Decimal) -> bool:
    return quantity.comparator in ("", "<", "<=") and quantity.number <= limit


def _surely_at_least(quantity: Quantity, limit: Decimal) -> bool:
    return quantity.comparator in ("", ">", ">=") and quantity.number >= limit


def _surely_below(quantity: Quantity, limit: Decimal) -> bool:
    if quantity.comparator == "<":
        return quantity.number <= limit
    return quantity.comparator in ("", "<=") and quantity.number < limit


def _surely_above(quantity: Quantity, limit: Decimal) -> bool:
    if quantity.comparator == ">":
        return quantity.number >= limit
    return quantity.comparator in ("", ">=") and quantity.number > limit
