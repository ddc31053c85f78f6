"""How many patients may be opened, by whom, before custody says no or rings: every figure with its source.

All figures count distinct patients. A bucket holds one day's worth and drains linearly over a day of trusted time.
"""

from collections.abc import Iterable

from aliquot.custody.roles import Role
from aliquot.terms.ids import Org

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE

INSTALLATION = Org(b"\0\0\0\0")
BREAK_GLASS_PURPOSE = "BTG"

# Unexplained and all patients, per person and day. Source: measured on 1,500 users and 140 days, FORENSICS 7.3.
_UNEXPLAINED = {Role.SECRETARY: 12, Role.TECHNICIAN: 10, Role.BIOLOGIST: 32}
_UNEXPLAINED_OTHERS = 10
_ALL = {Role.SECRETARY: 299, Role.TECHNICIAN: 382, Role.BIOLOGIST: 544}
_ALL_OTHERS = 97

# Unexplained, for everyone together. Source: HOUSE 3.
LABORATORY_FLOOR = 40
_LABORATORY_PART = 100
INSTALLATION_FLOOR = 100
_INSTALLATION_PART = 200

# What web-made work explains, and for how long. Source: HOUSE 3.
UNCONFIRMED_FLOOR = 100
UNCONFIRMED_LASTS = DAY
MEAN_DAYS = 28
CLOSED_EXPLAINS = 14 * DAY
GRACE_LASTS = 60 * MINUTE
CHOICE_LASTS = 15 * MINUTE
STAGING_LASTS = 72 * 60 * MINUTE
"""After the last signature of two people or one: what nobody closes destroys itself (CONTROLS D4)."""
DISCOUNTED_SEARCHES = 10
HITS = 5
REFILL_BY_FACTOR = 4
"""A fresh factor refills the bucket of all patients by one part in so many."""

# When the alarm rings. The paces are set so that a loop rings before 40 patients even across two windows (HOUSE 1:
# "within the first dozens"); an ordinary peak hour is a quarter of a day, far below a window's pace.
PACE = 10 * MINUTE
PACE_FLOOR = 20
ORDERS_OF_PERSON = 15
LABORATORY_DAY = 30
BREAK_GLASS_LOOP = 10
LAPSED_DAY = 30
VALUES_OF_SERVICE = 1000
MATCHED_A_DAY = 20
"""Times the mandate's count: so many rehearsals of everybody fit into a day before the alarm rings."""
MATCHED_AT_MOST = 2 * MATCHED_A_DAY
"""And so many before nobody more is compared until the next day: a comparison tells who is a patient here."""
SAMPLED = 10
"""Dossiers of a migration that two people compare side by side (DOMAIN I7): a quarter of an hour for each of the two,
and the most patients that a stolen session can see by it."""
DOUBTS_A_DAY = 40
"""People of an old system whom one person sees in a day to decide who they are: as many as a laboratory's floor, and
more than the day's patients beside whom they are laid. Two desks, taken over, would read half a million in 17 years."""
DOUBTS_ALARM = 3 * DOUBTS_A_DAY // 4
KEEP_OPENINGS = 90 * DAY


def unexplained(roles: Iterable[str]) -> int:
    """Patients a day that a person may open without a reason that custody knows: the roomiest of the roles decides."""
    return max((_UNEXPLAINED.get(Role(role), _UNEXPLAINED_OTHERS) for role in roles), default=_UNEXPLAINED_OTHERS)


def everyone(roles: Iterable[str]) -> int:
    """Patients a day that a person may open at all, before a fresh factor is asked for."""
    return max((_ALL.get(Role(role), _ALL_OTHERS) for role in roles), default=_ALL_OTHERS)


def unexplained_alarm(roles: Iterable[str]) -> int:
    """How many unexplained patients of one person in one day ring: three quarters of the bucket, rounded up."""
    return -(-3 * unexplained(roles) // 4)


def laboratory(patients: int) -> int:
    """Unexplained patients a day for a whole laboratory."""
    return max(LABORATORY_FLOOR, patients // _LABORATORY_PART)


def installation(patients: int) -> int:
    """Unexplained patients a day for all laboratories together."""
    return max(INSTALLATION_FLOOR, patients // _INSTALLATION_PART)


def unconfirmed(confirmed: int, days: int) -> int:
    """How many unconfirmed orders may explain something, given the orders confirmed on so many active days."""
    return max(UNCONFIRMED_FLOOR, 3 * confirmed // (2 * days) if days else 0)


def unexplained_pace(a_day: int) -> int:
    """Unexplained patients within one window that ring, given the bucket of a day: an hour's share, at least 20."""
    return max(PACE_FLOOR, a_day // 24)


def order_pace(confirmed: int, days: int) -> int:
    """Orders of a laboratory within one window that ring, given the orders confirmed on so many active days."""
    return max(PACE_FLOOR, confirmed // (16 * days) if days else 0)


def thief(buckets: Iterable[int], days: int, unconfirmed_orders: int) -> int:
    """The most patients without confirmed work that live sessions with these buckets can show in so many days.

    One full bucket at the start, one more a day, and one day's unconfirmed orders, whatever the process that speaks
    for the sessions says. Not counted: break-glass (fingers) and work closed within 14 days (all patients).
    """
    return sum(buckets) * (1 + days) + unconfirmed_orders
