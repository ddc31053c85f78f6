"""The routing columns after results moved: what a requisition and its tubes wait for. No rule rests on them.

They are counted anew from the clear states of the rows, inside the transaction of the act, so that two acts about one
requisition leave what both of them did.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from aliquot.access import rows
from aliquot.access.acts import Act
from aliquot.access.grant import Draft, Grant
from aliquot.lab import content, routing
from aliquot.lab.records import Kept
from aliquot.record.models import Requisition, Specimen
from aliquot.terms import states
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind

OPEN, CLOSED = "open", "closed"

_IN_HAND = (
    (states.Analysis.MEASURED, "technical"),
    (states.Analysis.TECH_VALIDATED, "medical"),
    (states.Analysis.MED_VALIDATED, "release"),
)
_UNREADY = frozenset({states.Specimen.EXPECTED, states.Specimen.COLLECTED, states.Specimen.RECEIVED})
_USABLE = frozenset({states.Specimen.ACCEPTED, states.Specimen.ACCEPTED_WITH_RESERVE})
_COUNTED = (Kind.REQUISITION, Kind.ORDER, Kind.SPECIMEN, Kind.OBSERVATION)

# Hundreds of acts of a batch count in one transaction, so these are not left to be put together each time.
_VERSIONS = (
    "SELECT resource, kind, state, parents FROM version"
    " WHERE requisition = %s AND kind IN (%s, %s, %s, %s) ORDER BY version"
)
_REQUISITION = "UPDATE requisition SET awaits = %s WHERE id = %s"
_TUBE = "UPDATE specimen SET awaits = %s, leased_until = NULL WHERE id = %s"
_FOR_RULES = "UPDATE specimen SET awaits = 'rules', since = %s, leased_until = NULL, tries = 0 WHERE id = %s"


class Row(msgspec.Struct, frozen=True, gc=False):
    """The latest version of one resource, in clear: what it is, how far it is, what it belongs to."""

    kind: int
    state: str
    parents: tuple[bytes, ...]


Rows = dict[bytes, Row]


def after(grant: Grant[Act], tubes: Sequence[Kept[content.Specimen]]) -> None:
    """Count anew what the act's requisition and these tubes wait for, when its writes are inserted."""

    def route(cursor: CursorWrapper) -> None:
        _count(cursor, Id(grant.act.work), tubes, grant.drafts)

    grant.route(route)


def again(work: Id, tubes: Sequence[Kept[content.Specimen]]) -> None:
    """Count anew where an act had nothing to write, so that nobody is sent to these tubes again."""
    with transaction.atomic(), connection.cursor() as cursor:
        _count(cursor, work, tubes, ())


def rules(grant: Grant[Act], specimen: Id, at: datetime) -> None:
    """A tube waits for the rules to look at its results."""

    def route(cursor: CursorWrapper) -> None:
        cursor.execute(_FOR_RULES, (routing.moment(at), specimen))

    grant.route(route)


def closed(grant: Grant[Act]) -> None:
    """The act's requisition waits for nothing, and shows its week and nothing finer."""
    work = Id(grant.act.work)

    def route(_: CursorWrapper) -> None:
        Requisition.objects.filter(id=work).update(awaits="nothing")
        _coarsen(work)

    grant.route(route)


def awaits(latest: Rows) -> str:
    """What a requisition waits for: the least advanced step of the results in hand, else what is still to come."""
    results = [row for row in latest.values() if row.kind == Kind.OBSERVATION]
    for state, step in _IN_HAND:
        if any(row.state == state for row in results):
            return step
    if outstanding(latest):
        tubes = {row.state for row in latest.values() if row.kind == Kind.SPECIMEN}
        return "results" if tubes & _USABLE else "specimen"
    closed = any(row.kind == Kind.REQUISITION and row.state == CLOSED for row in latest.values())
    return "nothing" if closed else "release"


def outstanding(latest: Rows) -> bool:
    """Whether some order has no result yet; one whose results are all cancelled counts while a tube is on its way."""
    results = [row for row in latest.values() if row.kind == Kind.OBSERVATION]
    coming = any(row.kind == Kind.SPECIMEN and row.state in _UNREADY for row in latest.values())
    for identifier, row in latest.items():
        if row.kind == Kind.ORDER and row.state == states.Order.ACTIVE:
            of_order = {result.state for result in results if result.parents[1] == identifier}
            if not of_order or states.Analysis.READY in of_order:
                return True
            if of_order == {states.Analysis.CANCELLED} and coming:
                return True
    return False


def tube_awaits(latest: Rows, specimen: bytes, tests: int) -> str:
    """What a tube waits for, given how many tests are measured on it."""
    on_tube = [row.state for row in latest.values() if row.kind == Kind.OBSERVATION and row.parents[2] == specimen]
    if states.Analysis.MEASURED in on_tube:
        return "validation"
    return "results" if states.Analysis.READY in on_tube or len(on_tube) < tests else "nothing"


def _count(cursor: CursorWrapper, work: Id, tubes: Sequence[Kept[content.Specimen]], drafts: Sequence[Draft]) -> None:
    # Whoever comes second waits here, and then counts what the first one left.
    cursor.execute(_REQUISITION, ("results", work))
    latest = _latest(cursor, work, drafts)
    step = awaits(latest)
    cursor.execute(_REQUISITION, (step, work))
    for tube in tubes:
        if tube.state in _USABLE:
            waits = tube_awaits(latest, tube.id, len(tube.content.tests))
            cursor.execute(_TUBE, (waits, tube.id))
    if step == "nothing":
        _coarsen(work)


def _latest(cursor: CursorWrapper, work: Id, drafts: Sequence[Draft]) -> Rows:
    cursor.execute(_VERSIONS, (work, *_COUNTED))
    latest = {
        bytes(resource): Row(kind, state, rows.split(bytes(parents)))
        for resource, kind, state, parents in cursor.fetchall()
    }
    return latest | {
        draft.id: Row(draft.kind, draft.state, draft.parents) for draft in drafts if draft.kind in _COUNTED
    }


def _coarsen(work: Id) -> None:
    """A closed requisition shows its week and nothing finer."""
    for (opened_at,) in Requisition.objects.filter(id=work).values_list("opened_at"):
        Requisition.objects.filter(id=work).update(opened_at=_week(opened_at))
    for identifier, since in Specimen.objects.filter(requisition=work).values_list("id", "since"):
        Specimen.objects.filter(id=identifier).update(awaits="nothing", since=_week(since), leased_until=None)


def _week(at: datetime) -> datetime:
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())
