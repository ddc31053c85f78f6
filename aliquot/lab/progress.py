"""The routing columns after results moved: what a requisition and its tubes wait for. No rule rests on them.

They are counted anew from the clear states of the rows, inside the transaction of the act, so that two acts about one
requisition leave what both of them did.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.backends.utils import CursorWrapper

from aliquot.access import rows
from aliquot.access.acts import Act
from aliquot.access.grant import Draft, Grant
from aliquot.lab import content
from aliquot.lab.records import Kept
from aliquot.record.models import Requisition, Specimen, Version
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


@dataclass(frozen=True)
class Row:
    """The latest version of one resource, in clear: what it is, how far it is, what it belongs to."""

    kind: int
    state: str
    parents: tuple[bytes, ...]


Rows = dict[bytes, Row]


def after(grant: Grant[Act], tubes: Sequence[Kept[content.Specimen]]) -> None:
    """Count anew what the act's requisition and these tubes wait for, when its writes are inserted."""

    def route(_: CursorWrapper) -> None:
        _count(Id(grant.act.work), tubes, grant.drafts)

    grant.route(route)


def again(work: Id, tubes: Sequence[Kept[content.Specimen]]) -> None:
    """Count anew where an act had nothing to write, so that nobody is sent to these tubes again."""
    with transaction.atomic():
        _count(work, tubes, ())


def rules(grant: Grant[Act], specimen: Id, at: datetime) -> None:
    """A tube waits for the rules to look at its results."""

    def route(_: CursorWrapper) -> None:
        Specimen.objects.filter(id=specimen).update(awaits="rules", since=at, leased_until=None, tries=0)

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


def _count(work: Id, tubes: Sequence[Kept[content.Specimen]], drafts: Sequence[Draft]) -> None:
    # Whoever comes second waits here, and then counts what the first one left.
    Requisition.objects.filter(id=work).update(awaits="results")
    latest = _latest(work, drafts)
    step = awaits(latest)
    Requisition.objects.filter(id=work).update(awaits=step)
    for tube in tubes:
        if tube.state in _USABLE:
            waits = tube_awaits(latest, tube.id, len(tube.content.tests))
            Specimen.objects.filter(id=tube.id).update(awaits=waits, leased_until=None)
    if step == "nothing":
        _coarsen(work)


def _latest(work: Id, drafts: Sequence[Draft]) -> Rows:
    kinds = (Kind.REQUISITION, Kind.ORDER, Kind.SPECIMEN, Kind.OBSERVATION)
    found = Version.objects.filter(requisition=work, kind__in=kinds).order_by("version")
    latest = {
        bytes(resource): Row(kind, state, rows.split(bytes(parents)))
        for resource, kind, state, parents in found.values_list("resource", "kind", "state", "parents")
    }
    return latest | {draft.id: Row(draft.kind, draft.state, draft.parents) for draft in drafts if draft.kind in kinds}


def _coarsen(work: Id) -> None:
    """A closed requisition shows its week and nothing finer."""
    for (opened_at,) in Requisition.objects.filter(id=work).values_list("opened_at"):
        Requisition.objects.filter(id=work).update(opened_at=_week(opened_at))
    for identifier, since in Specimen.objects.filter(requisition=work).values_list("id", "since"):
        Specimen.objects.filter(id=identifier).update(awaits="nothing", since=_week(since), leased_until=None)


def _week(at: datetime) -> datetime:
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())
