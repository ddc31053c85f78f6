"""What waits for the rules: tubes whose results were filed and not looked at, taken by one worker at a time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from aliquot.terms.ids import Id

LEASE = timedelta(minutes=1)
TRIES = 5
"""After so many tries a tube waits for a person at the bench, and no longer for the rules."""

_TAKE = (
    "UPDATE specimen SET leased_until = %s, tries = tries + 1 WHERE id IN ("
    "SELECT id FROM specimen WHERE awaits = 'rules' AND tries < %s AND (leased_until IS NULL OR leased_until < %s)"
    " ORDER BY since LIMIT %s{locking}) RETURNING id, requisition"
)
_OWNERS = "SELECT id, subject FROM requisition WHERE id IN ({marks})"


@dataclass(frozen=True)
class Waiting:
    """One requisition whose results wait for the rules."""

    requisition: Id
    subject: Id


def take(limit: int, at: datetime) -> list[Waiting]:
    """Requisitions to look at; nobody else gets their tubes for the time of `LEASE`."""
    locking = " FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE.format(locking=locking), (at + LEASE, TRIES, at, limit))
        works = list(dict.fromkeys(bytes(work) for _, work in cursor.fetchall()))
        if not works:
            return []
        cursor.execute(_OWNERS.format(marks=", ".join(["%s"] * len(works))), works)
        return [Waiting(Id(bytes(work)), Id(bytes(subject))) for work, subject in cursor.fetchall()]
