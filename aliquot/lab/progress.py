"""The routing columns after results moved: what a requisition and its tubes wait for. No rule rests on them.

They are counted anew from the clear states of the rows, inside the transaction of the act, so that two acts about one
requisition leave what both of them did.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from aliquot.access import rows
from aliquot.access.acts import Act
from aliquot.access.grant import Draft, Grant
from aliquot.access.routing import Routing
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

_MANY = 400
_VERSIONS = (
    "SELECT requisition, resource, kind, state, parents FROM version"
    " WHERE requisition IN ({marks}) AND kind IN (%s, %s, %s, %s) ORDER BY version"
)
# In one order, so that no two transactions wait for each other.
_LOCKED = "SELECT id FROM requisition WHERE id IN ({marks}) ORDER BY id FOR UPDATE"
_REQUISITION = "UPDATE requisition SET awaits = %s WHERE id IN ({marks})"
_TUBE = "UPDATE specimen SET awaits = %s, leased_until = NULL WHERE id IN ({marks})"
_FOR_RULES = "UPDATE specimen SET awaits = 'rules', since = %s, leased_until = NULL, tries = 0 WHERE id IN ({marks})"


class Row(msgspec.Struct, frozen=True, gc=False):
    """The latest version of one resource, in clear: what it is, how far it is, what it belongs to."""

    kind: int
    state: str
    parents: tuple[bytes, ...]


Rows = dict[bytes, Row]


class _Moved(msgspec.Struct, frozen=True):
    """The work of one act, tubes that it touched, what it is about to add, and when it measured, if it did."""

    work: Id
    tubes: Sequence[Kept[content.Specimen]]
    drafts: Sequence[Draft]
    measured_at: datetime | None = None


def after(grant: Grant[Act], tubes: Sequence[Kept[content.Specimen]]) -> None:
    """Count anew what the act's requisition and these tubes wait for, when its writes are inserted."""
    grant.route(Routing(_count, _Moved(Id(grant.act.work), tubes, grant.drafts)))


def again(work: Id, tubes: Sequence[Kept[content.Specimen]]) -> None:
    """Count anew where an act had nothing to write, so that nobody is sent to these tubes again."""
    with transaction.atomic(), connection.cursor() as cursor:
        _count(cursor, (_Moved(work, tubes, ()),))


def measured(grant: Grant[Act], tubes: Sequence[Kept[content.Specimen]], at: datetime) -> None:
    """Count anew what the act's requisition waits for; these tubes wait for the rules to look at their results."""
    grant.route(Routing(_count, _Moved(Id(grant.act.work), tubes, grant.drafts, at)))


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


def _count(cursor: CursorWrapper, moved: Sequence[_Moved]) -> None:
    for start in range(0, len(moved), _MANY):
        some = moved[start : start + _MANY]
        latest = _latest(cursor, some)
        steps = {each.work: awaits(latest[each.work]) for each in some}
        _set(cursor, _REQUISITION, [(step, work) for work, step in steps.items()])
        _set(cursor, _TUBE, [waits for each in some if each.measured_at is None for waits in _waits(each, latest)])
        at = [(routing.moment(each.measured_at), tube.id) for each in some if each.measured_at for tube in each.tubes]
        _set(cursor, _FOR_RULES, at)
        for work, step in steps.items():
            if step == "nothing":
                _coarsen(work)


def _waits(moved: _Moved, latest: dict[Id, Rows]) -> list[tuple[str, Id]]:
    return [
        (tube_awaits(latest[moved.work], tube.id, len(tube.content.tests)), tube.id)
        for tube in moved.tubes
        if tube.state in _USABLE
    ]


def _set(cursor: CursorWrapper, statement: str, wanted: Sequence[tuple[str | datetime | None, Id]]) -> None:
    """Give rows what they are to show: of a batch most are given the same, in one statement."""
    given: dict[str | datetime | None, list[Id]] = {}
    for value, identifier in wanted:
        given.setdefault(value, []).append(identifier)
    for value, identifiers in given.items():
        cursor.execute(statement.format(marks=_marks(identifiers)), (value, *identifiers))


def _marks(values: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(values))


def _latest(cursor: CursorWrapper, moved: Sequence[_Moved]) -> dict[Id, Rows]:
    works = tuple(dict.fromkeys(each.work for each in moved))
    marks = _marks(works)
    if connection.vendor == "postgresql":
        # Whoever comes second waits here, and then counts what the first one left. SQLite has one writer anyway.
        cursor.execute(_LOCKED.format(marks=marks), works)
    latest: dict[Id, Rows] = {work: {} for work in works}
    cursor.execute(_VERSIONS.format(marks=marks), (*works, *_COUNTED))
    for work, resource, kind, state, parents in cursor.fetchall():
        latest[Id(bytes(work))][bytes(resource)] = Row(kind, state, rows.split(bytes(parents)))
    for each in moved:
        for draft in each.drafts:
            if draft.kind in _COUNTED:
                latest[each.work][draft.id] = Row(draft.kind, draft.state, draft.parents)
    return latest


def _coarsen(work: Id) -> None:
    """A closed requisition shows its week and nothing finer."""
    for (opened_at,) in Requisition.objects.filter(id=work).values_list("opened_at"):
        Requisition.objects.filter(id=work).update(opened_at=routing.week(opened_at))
    for identifier, since in Specimen.objects.filter(requisition=work).values_list("id", "since"):
        Specimen.objects.filter(id=identifier).update(awaits="nothing", since=routing.week(since), leased_until=None)
