"""The routing columns that reception sets: where a tube is expected and what it waits for. No rule rests on them.

What a requisition waits for once tubes have come in is counted by `progress`.

The words of `awaits`: a requisition waits for "specimen", "results", "technical", "medical", "release" or "nothing";
a tube for "arrival", "acceptance", "results", "rules", "validation" or "nothing".
"""

from datetime import datetime

from django.db import connection

from aliquot.access.grant import Routing
from aliquot.terms.ids import Id

SEVERAL_BENCHES = "several"


def known(subject: Id) -> Routing:
    """Somebody, or the organization itself, owns sealed records from now on."""
    return _once("INSERT INTO subject (id) VALUES (%s) ON CONFLICT (id) DO NOTHING", subject)


def asked(requisition: Id, subject: Id, site: str, priority: str, at: datetime) -> Routing:
    """A requisition waits for its tubes."""
    return _once(
        "INSERT INTO requisition (id, subject, site, priority, awaits, opened_at)"
        " VALUES (%s, %s, %s, %s, 'specimen', %s)",
        *(requisition, subject, site, priority, moment(at)),
    )


def expected(specimen: Id, requisition: Id, site: str, bench: str, at: datetime) -> Routing:
    """A tube is expected at a site."""
    return _once(
        "INSERT INTO specimen (id, requisition, site, bench, awaits, since, tries)"
        " VALUES (%s, %s, %s, %s, 'arrival', %s, 0)",
        *(specimen, requisition, site, bench, moment(at)),
    )


def moved(specimen: Id, awaits: str, at: datetime) -> Routing:
    """A tube waits for something else from now on."""
    return _once("UPDATE specimen SET awaits = %s, since = %s WHERE id = %s", awaits, moment(at), specimen)


def moment(at: datetime) -> datetime | str | None:
    """An instant as the engine stores it, for statements that Django does not write."""
    adapted: datetime | str | None = connection.ops.adapt_datetimefield_value(at)
    return adapted


def _once(statement: str, *values: bytes | str | datetime | None) -> Routing:
    return lambda cursor: cursor.execute(statement, values)
