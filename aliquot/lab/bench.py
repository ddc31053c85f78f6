"""The lists of the bench and of the biologists: tubes by code, sex and age, and requisitions by number.

However long a list is, it costs the same number of queries and of exchanges with custody, and no patient's name.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from django.db.models import Case, Count, QuerySet, Value, When

from aliquot.access import door, rows
from aliquot.access.acts import Act, ListBench, ListValidation
from aliquot.access.door import Actor
from aliquot.access.grant import open_rows
from aliquot.access.rows import Stored
from aliquot.lab import dossier, holds
from aliquot.lab.content import Observation, OrderItem
from aliquot.lab.dossier import Dossier
from aliquot.lab.records import Kept
from aliquot.record.models import Requisition, Specimen
from aliquot.terms import states
from aliquot.terms.errors import Refused
from aliquot.terms.identity import Sex
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind

PAGE = 200
"""How many rows a list shows at most; what is most urgent and oldest comes first."""

_BENCH = ("results", "rules", "validation")
_OFFICE = ("technical", "medical", "release")
_URGENT_FIRST = ("stat", "asap", "urgent")


class BenchTest(msgspec.Struct, frozen=True):
    """One test on a tube: how far it is, its flag, and which holds stand in the way. `said` is its result so far."""

    test: str
    state: str
    flag: str
    holds: tuple[str, ...]
    order: Id
    observation: Id | None
    version: int
    said: Observation | None


class BenchRow(msgspec.Struct, frozen=True):
    """One tube at the bench. `withheld` counts tests that this list does not show."""

    specimen: Id
    requisition: Id
    subject: Id
    accession: str
    sex: Sex
    age: str
    priority: str
    awaits: str
    since: datetime
    tests: tuple[BenchTest, ...]
    withheld: int


class OfficeRow(msgspec.Struct, frozen=True):
    """One requisition that waits for a biologist. `withheld` counts results that are opened one at a time."""

    requisition: Id
    subject: Id
    number: str
    sex: Sex
    age: str
    priority: str
    awaits: str
    since: datetime
    states: dict[str, int]
    holds: tuple[str, ...]
    withheld: int


def waiting(actor: Actor, site: str, at: datetime, *, bench: str = "", awaits: str = "") -> tuple[BenchRow, ...]:
    """The tubes in hand at a site, or of one bench or one step of them, the most urgent first."""
    tubes = _tubes(actor, site)
    if bench:
        tubes = tubes.filter(bench=bench)
    if awaits:
        tubes = tubes.filter(awaits=awaits)
    chosen = _urgent_first(tubes, "requisition__priority", "since").values_list(
        "id", "requisition_id", "requisition__subject_id", "awaits", "since"
    )
    found = [
        (_id(tube), _id(work), _id(subject), awaits, since) for tube, work, subject, awaits, since in chosen[:PAGE]
    ]
    opened = _open(actor, [ListBench(subject, work) for work, subject in {row[1]: row[2] for row in found}.items()], at)
    return tuple(
        _bench_row(opened[work][0], (tube, subject), awaits, since)
        for tube, work, subject, awaits, since in found
        if work in opened
    )


def in_hand(actor: Actor, site: str) -> Counter[tuple[str, str]]:
    """How many tubes are in hand at a site, by bench and by what they wait for."""
    return Counter(dict(_counted(_tubes(actor, site).values_list("bench", "awaits").annotate(number=Count("id")))))


def whose(actor: Actor, requisition: Id) -> Id:
    """The patient of a requisition, as routing has it; custody refuses an act in which the two do not belong together.

    Raises:
        Refused: this laboratory has no such requisition.
    """
    found = Requisition.objects.filter(id=requisition, id__range=_own(actor)).values_list("subject_id", flat=True)
    for subject in found:
        return _id(subject)
    raise Refused("requisition: this laboratory has none like it")


def to_validate(actor: Actor, site: str, at: datetime) -> tuple[OfficeRow, ...]:
    """The requisitions of a site with results that are not released, the most urgent first."""
    works = Requisition.objects.filter(id__range=_own(actor), site=site, awaits__in=_OFFICE)
    chosen = _urgent_first(works, "priority", "opened_at").values_list("id", "subject_id", "awaits", "opened_at")
    found = [(_id(work), _id(subject), awaits, since) for work, subject, awaits, since in chosen[:PAGE]]
    opened = _open(actor, [ListValidation(subject, work) for work, subject, _, _ in found], at)
    return tuple(
        _office_row(opened[work], subject, awaits, since) for work, subject, awaits, since in found if work in opened
    )


_Opened = dict[Id, tuple[Dossier, int]]
"""Each requisition as far as the list may show it, and how many of its orders it may not."""

_M = TypeVar("_M", Requisition, Specimen)


def _tubes(actor: Actor, site: str) -> QuerySet[Specimen]:
    return Specimen.objects.filter(id__range=_own(actor), site=site, awaits__in=_BENCH)


def _counted(rows: Iterable[tuple[str, str, int]]) -> Iterable[tuple[tuple[str, str], int]]:
    return (((bench, awaits), number) for bench, awaits, number in rows)


def _id(value: bytes | memoryview) -> Id:
    return Id(bytes(value))


def _own(actor: Actor) -> tuple[bytes, bytes]:
    return actor.org + bytes(12), actor.org + b"\xff" * 12


def _urgent_first(waiting: QuerySet[_M], priority: str, since: str) -> QuerySet[_M]:
    ranks = [When(**{priority: word}, then=Value(rank)) for rank, word in enumerate(_URGENT_FIRST)]
    return waiting.order_by(Case(*ranks, default=Value(len(ranks))), since, "id")


def _open(actor: Actor, acts: Sequence[Act], at: datetime) -> _Opened:
    grants = door.survey(actor, [(act, door.intent(actor, at)) for act in acts])
    stored: dict[bytes, list[Stored]] = {each.act.work: [] for each in grants}
    for one in rows.latest(rows.of_work([Id(work) for work in stored], dossier.KINDS)):
        stored[one.row.id if one.row.kind == Kind.REQUISITION else one.row.parents[0]].append(one)
    opened = open_rows(actor.line, [(each, stored[each.act.work]) for each in grants]) if grants else []
    return {
        Id(each.act.work): (found := dossier.of(records), _orders(stored[each.act.work]) - len(found.orders))
        for each, records in zip(grants, opened, strict=True)
    }


def _orders(stored: Sequence[Stored]) -> int:
    return sum(one.row.kind == Kind.ORDER for one in stored)


def _bench_row(found: Dossier, of: tuple[Id, Id], awaits: str, since: datetime) -> BenchRow:
    tube, said = found.specimen(of[0]), found.requisition.content
    orders = [order for order in found.orders if order.content.test in tube.content.tests]
    return BenchRow(
        specimen=tube.id,
        requisition=found.requisition.id,
        subject=of[1],
        accession=tube.content.accession,
        sex=said.sex,
        age=said.age,
        priority=said.priority,
        awaits=awaits,
        since=since,
        tests=tuple(_bench_test(found, order, tube.id) for order in orders),
        withheld=len(tube.content.tests) - len(orders),
    )


def _bench_test(found: Dossier, order: Kept[OrderItem], tube: Id) -> BenchTest:
    result = found.on(order.id, tube)
    state = states.Analysis(result.state) if result else found.state(order)
    return BenchTest(
        test=order.content.test,
        state=state.value if state else order.state,
        flag=result.content.flag if result else "",
        holds=_blocking(result),
        order=order.id,
        observation=result.id if result else None,
        version=result.version if result else 0,
        said=result.content if result else None,
    )


def _office_row(opened: tuple[Dossier, int], subject: Id, awaits: str, since: datetime) -> OfficeRow:
    found, withheld = opened
    said = found.requisition.content
    reached = [state.value for order in found.orders if (state := found.state(order)) is not None]
    return OfficeRow(
        requisition=found.requisition.id,
        subject=subject,
        number=said.number,
        sex=said.sex,
        age=said.age,
        priority=said.priority,
        awaits=awaits,
        since=since,
        states=dict(Counter(reached)),
        holds=tuple(sorted({hold for result in found.observations for hold in _blocking(result)})),
        withheld=withheld,
    )


def _blocking(result: Kept[Observation] | None) -> tuple[str, ...]:
    return tuple(each.hold for each in holds.blocking(result.content.holds)) if result else ()
