"""The routing columns that reception sets: where a tube is expected and what it waits for. No rule rests on them.

The words of `awaits`: a requisition waits for "specimen", "results", "technical", "medical", "release" or "nothing";
a tube for "arrival", "results", "rules", "validation" or "nothing".
"""

from datetime import datetime

from django.db import connection
from django.db.backends.utils import CursorWrapper

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


def accepted(specimen: Id, requisition: Id, at: datetime) -> Routing:
    """A tube waits for its results; its requisition too when no other tube is expected."""

    def route(cursor: CursorWrapper) -> None:
        cursor.execute("UPDATE specimen SET awaits = 'results', since = %s WHERE id = %s", (moment(at), specimen))
        cursor.execute(
            "UPDATE requisition SET awaits = 'results' WHERE id = %s AND awaits = 'specimen' AND NOT EXISTS"
            " (SELECT 1 FROM specimen WHERE requisition = %s AND awaits = 'arrival')",
            (requisition, requisition),
        )

    return route


def rejected(specimen: Id, requisition: Id, at: datetime, *, recollected: bool) -> Routing:
    """A tube waits for nothing more; its requisition waits for the next tube, or for the report that says so."""

    def route(cursor: CursorWrapper) -> None:
        cursor.execute("UPDATE specimen SET awaits = 'nothing', since = %s WHERE id = %s", (moment(at), specimen))
        if recollected:
            cursor.execute("UPDATE requisition SET awaits = 'specimen' WHERE id = %s", (requisition,))
            return
        cursor.execute(
            "UPDATE requisition SET awaits = 'release' WHERE id = %s AND NOT EXISTS"
            " (SELECT 1 FROM specimen WHERE requisition = %s AND awaits <> 'nothing')",
            (requisition, requisition),
        )

    return route


def moment(at: datetime) -> datetime | str | None:
    """An instant as the engine stores it, for statements that Django does not write."""
    adapted: datetime | str | None = connection.ops.adapt_datetimefield_value(at)
    return adapted


def _once(statement: str, *values: bytes | str | datetime | None) -> Routing:
    return lambda cursor: cursor.execute(statement, values)
