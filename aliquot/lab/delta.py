"""How far a result is from the same patient's previous one, and how far it may be.

Source of the reference change value: Fraser, Biological Variation; the logarithmic form for skewed analytes.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from aliquot.lab.catalogue import Delta
from aliquot.terms.errors import Refused
from aliquot.terms.quantities import Coded, Quantity, Value
from aliquot.terms.states import Analysis

_HUNDRED = Decimal(100)
_DAY_SECONDS = Decimal(86400)
_SHORTEST_DAYS = Decimal(1) / 24
_SWAP_ANALYTES = 3
_SWAP_CAP = Decimal(3)
_SWAP_MEAN = Decimal("1.5")


class Taken(msgspec.Struct, frozen=True):
    """A value with what makes it comparable: its tube's type, its collection time, how far its version has come."""

    value: Value
    specimen_type: str
    collected_at: datetime | None
    state: Analysis


class NotComparable(Refused):
    """The two values cannot be compared; the reason names the rule."""


def exceeds(rule: Delta, now: Taken, before: Taken) -> bool:
    """Whether the change since the previous result is surely more than the rule allows.

    Raises:
        NotComparable: the previous value is not released, not earlier, too old, of another unit or specimen type,
            or a comparator leaves the answer open.
    """
    if rule.kind == "coded":
        _days_between(rule, now, before)
        return _codes(now.value, before.value) in rule.changes
    return ratio(rule, now, before) > 1


def ratio(rule: Delta, now: Taken, before: Taken) -> Decimal:
    """The change since the previous result as a part of the change allowed: 1 is just allowed. For numbers only.

    With a comparator, the least that it can be.

    Raises:
        NotComparable: as in `exceeds`.
    """
    days = _days_between(rule, now, before)
    x, p, certain = _nearest(now.value, before.value)
    found = _part(rule, x, p, days)
    if found <= 1 and not certain:
        raise NotComparable("a comparator leaves it open")
    return found


def rcv_percent(cv_a: Decimal, cv_i: Decimal, z: Decimal) -> Decimal:
    """The reference change value in percent, from variations in percent."""
    return (Decimal(2) * (cv_a**2 + cv_i**2)).sqrt() * z


def log_rcv_percent(cv_a: Decimal, cv_i: Decimal, z: Decimal) -> tuple[Decimal, Decimal]:
    """The fall (negative) and the rise allowed, in percent, for an analyte whose values are skewed."""
    spread = sum((1 + (cv / _HUNDRED) ** 2).ln() for cv in (cv_a, cv_i))
    reach = z * (2 * Decimal(spread)).sqrt()
    return _HUNDRED * ((-reach).exp() - 1), _HUNDRED * (reach.exp() - 1)


def swap_suspected(ratios: Sequence[Decimal]) -> bool:
    """Whether one specimen's changes, each as a part of its limit, look like another person's blood.

    Needs at least three analytes; a heuristic of our own, which holds the whole specimen (IDENTITY).
    """
    if len(ratios) < _SWAP_ANALYTES:
        return False
    return sum((min(abs(ratio), _SWAP_CAP) for ratio in ratios), Decimal(0)) / len(ratios) > _SWAP_MEAN


def _days_between(rule: Delta, now: Taken, before: Taken) -> Decimal:
    if before.state is not Analysis.RELEASED:
        raise NotComparable("the previous value is not released")
    if before.specimen_type != now.specimen_type:
        raise NotComparable("the specimen types differ")
    if now.collected_at is None or before.collected_at is None:
        raise NotComparable("a collection time is unknown")
    days = Decimal(int((now.collected_at - before.collected_at).total_seconds())) / _DAY_SECONDS
    if not 0 < days <= rule.max_days:
        raise NotComparable("the previous value is not earlier, or too old")
    return days


def _codes(now: Value, before: Value) -> tuple[str, str]:
    if not isinstance(now, Coded) or not isinstance(before, Coded) or now.system != before.system:
        raise NotComparable("not two codes of one system")
    return before.code, now.code


def _nearest(now: Value, before: Value) -> tuple[Decimal, Decimal, bool]:
    """The two values, or the nearest two that comparators allow; whether these are the only ones.

    Measured quantities are never negative, so that the nearest two also have the least relative difference.
    """
    if not isinstance(now, Quantity) or not isinstance(before, Quantity):
        raise NotComparable("not two numbers")
    if now.ucum != before.ucum:
        raise NotComparable("the units differ")
    apart = (
        (_upwards(now) and _downwards(before)) if now.number > before.number else (_downwards(now) and _upwards(before))
    )
    if not apart:
        raise NotComparable("a comparator leaves it open")
    return now.number, before.number, now.comparator == before.comparator == ""


def _upwards(quantity: Quantity) -> bool:
    return quantity.comparator in ("", ">", ">=")


def _downwards(quantity: Quantity) -> bool:
    return quantity.comparator in ("", "<", "<=")


def _part(rule: Delta, x: Decimal, p: Decimal, days: Decimal) -> Decimal:
    match rule.kind:
        case "absolute":
            return abs(x - p) / _stated(rule.absolute)
        case "rate":
            return abs(x - p) / max(days, _SHORTEST_DAYS) / _stated(rule.rate)
        case "rcv":
            return abs(_change_percent(x, p)) / rcv_percent(_stated(rule.cv_a), _stated(rule.cv_i), rule.z)
        case "log-rcv":
            fall, rise = log_rcv_percent(_stated(rule.cv_a), _stated(rule.cv_i), rule.z)
            return _change_percent(x, p) / (rise if x > p else fall)
        case _:
            return _part_of_amount_and_percent(rule, x, p)


def _part_of_amount_and_percent(rule: Delta, x: Decimal, p: Decimal) -> Decimal:
    """`percent`, `both` and `either`; from zero there is no percentage, and the absolute limit stands alone."""
    if p == 0 and rule.absolute is not None:
        return abs(x - p) / rule.absolute
    of_percent = abs(_change_percent(x, p)) / _stated(rule.percent)
    if rule.kind == "percent":
        return of_percent
    of_amount = abs(x - p) / _stated(rule.absolute)
    return min(of_amount, of_percent) if rule.kind == "both" else max(of_amount, of_percent)


def _change_percent(x: Decimal, p: Decimal) -> Decimal:
    if p == 0:
        raise NotComparable("the previous value is zero")
    return _HUNDRED * (x - p) / abs(p)


def _stated(limit: Decimal | None) -> Decimal:
    if limit is None:
        raise Refused("catalogue: a delta rule without its limit")
    return limit
