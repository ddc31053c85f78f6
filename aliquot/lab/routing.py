"""The routing columns that reception sets: where a tube is expected and what it waits for. No rule rests on them.

What a requisition waits for once tubes have come in is counted by `progress`.

The words of `awaits`: a requisition waits for "specimen", "results", "technical", "medical", "release" or "nothing";
a tube for "arrival", "acceptance", "results", "rules", "validation" or "nothing".
"""

from datetime import UTC, datetime, timedelta

from django.db import connection

from aliquot.access.routing import Routing, Statement
from aliquot.terms.ids import Id

SEVERAL_BENCHES = "several"


Values = tuple[bytes | str | datetime | None, ...]

_KNOWN = Statement("INSERT INTO subject (id) VALUES (%s) ON CONFLICT (id) DO NOTHING")
_ASKED = Statement(
    "INSERT INTO requisition (id, subject, site, priority, awaits, opened_at) VALUES (%s, %s, %s, %s, 'specimen', %s)"
)
_PAST = Statement(
    "INSERT INTO requisition (id, subject, site, priority, awaits, opened_at) VALUES (%s, %s, %s, %s, 'nothing', %s)"
)
_EXPECTED = Statement(
    "INSERT INTO specimen (id, requisition, site, bench, awaits, since, tries)"
    " VALUES (%s, %s, %s, %s, 'arrival', %s, 0)"
)
_MOVED = Statement("UPDATE specimen SET awaits = %s, since = %s WHERE id = %s")


def known(subject: Id) -> Routing[Values]:
    """Somebody, or the organization itself, owns sealed records from now on."""
    return Routing(_KNOWN, (subject,))


def asked(requisition: Id, subject: Id, site: str, priority: str, at: datetime) -> Routing[Values]:
    """A requisition waits for its tubes."""
    return Routing(_ASKED, (requisition, subject, site, priority, moment(at)))


def past(requisition: Id, subject: Id, site: str, priority: str, at: datetime) -> Routing[Values]:
    """A requisition that was closed long ago waits for nothing, and shows its week and nothing finer."""
    return Routing(_PAST, (requisition, subject, site, priority, moment(week(at))))


def expected(specimen: Id, requisition: Id, site: str, bench: str, at: datetime) -> Routing[Values]:
    """A tube is expected at a site."""
    return Routing(_EXPECTED, (specimen, requisition, site, bench, moment(at)))


def moved(specimen: Id, awaits: str, at: datetime) -> Routing[Values]:
    """A tube waits for something else from now on."""
    return Routing(_MOVED, (awaits, moment(at), specimen))


def week(at: datetime) -> datetime:
    """The week of an instant, which is all that closed work shows."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def moment(at: datetime) -> datetime | str | None:
    """An instant as the engine stores it, for statements that Django does not write."""
    adapted: datetime | str | None = connection.ops.adapt_datetimefield_value(at)
    return adapted
