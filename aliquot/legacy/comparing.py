"""What stands here for the results of some dossiers, beside what the old system says.

Only requisitions that were brought in under the mandate can be looked at, each as an act of its own. What else came in
under it custody tells by its ids.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from aliquot.access import door, rows
from aliquot.access.acts import CompareHistory
from aliquot.access.grant import Record, open_rows
from aliquot.access.rows import Stored
from aliquot.custody.denial import Denial
from aliquot.lab import records
from aliquot.lab.content import Observation, Requisition
from aliquot.lab.records import Kept
from aliquot.legacy.entrance import Leave
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind

AT_ONCE = 300
"""Requisitions in one exchange with custody."""
PERSON, REQUISITION, CONTENT = "person", "requisition", "content"
_OF_REQUISITIONS = tuple(name for name in Requisition.__struct_fields__ if name != "catalogue_version")


class Fault(StrEnum):
    """What can be wrong with what came over, or should have."""

    MISSING = "missing"
    """The source has it and the record does not."""
    DIFFERENT = "different"
    """What stands here says something else."""
    ANOTHER = "another-patient"
    """It stands here with another patient: who is whom was decided otherwise since it came. It is found, not moved."""
    SURPLUS = "surplus"
    """The record has it under this mandate, and no row of the source leads to it."""


class Discrepancy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that does not agree.

    `row` is its place in the source, 0 if no row has it. `what` is `PERSON`, `REQUISITION`, the first thing of a person
    or the first field of a result that differs (`CONTENT`, where it is not opened), or nothing for a whole result.
    `id` is that of what stands here and no row leads to.
    """

    table: str
    row: int
    fault: Fault
    what: str = ""
    id: str = ""


class Here(msgspec.Struct, frozen=True):
    """One result as it stands here: whose it is, in which requisition, and the day of its collection there."""

    subject: Id
    work: Id
    requisition: Requisition
    kept: Kept[Observation]
    on: date


def found(leave: Leave, results: Sequence[Id], zone: ZoneInfo) -> dict[Id, Here]:
    """The results that stand here under these ids, and the others of their requisitions.

    Raises:
        Denial: one of them was not brought in under the mandate, or the migration does not stand.
        Broken: a record is not what was kept there.
    """
    works = {Id(one.row.parents[0]) for one in rows.of_resources(results)}
    return {name: one for those in of_works(leave, sorted(works), zone).values() for name, one in those.items()}


def of_works(leave: Leave, works: Sequence[Id], zone: ZoneInfo) -> dict[Id, dict[Id, Here]]:
    """The results of those of these requisitions that stand here, by requisition; perhaps it has none.

    Raises:
        Denial, Broken: as `found`.
    """
    stored = _by_work(rows.of_work(works, (Kind.REQUISITION, Kind.OBSERVATION)))
    asked = [(work, some[0].subject) for work, some in stored.items()]
    here: dict[Id, dict[Id, Here]] = {}
    for start in range(0, len(asked), AT_ONCE):
        some = asked[start : start + AT_ONCE]
        for (work, subject), opened in zip(some, _opened(leave, some, stored), strict=True):
            requisition = records.one(opened, Kind.REQUISITION, Requisition).content
            on = requisition.ordered_at.astimezone(zone).date()
            results = records.of(opened, Kind.OBSERVATION, Observation)
            here[work] = {kept.id: Here(subject, work, requisition, kept, on) for kept in results}
    return here


def different(expected: Observation, state: str, here: Here) -> str:
    """What a result says differently here than the source would have it: the name of the first field, or nothing."""
    if here.kept.state != state:
        return "state"
    return _unlike(expected, here.kept.content, Observation.__struct_fields__)


def asked_differently(expected: Requisition, here: Here) -> str:
    """As `different`, of the requisition in which a result stands; its catalogue may be a later one by now."""
    return _unlike(expected, here.requisition, _OF_REQUISITIONS)


def _unlike(expected: msgspec.Struct, said: msgspec.Struct, fields: Iterable[str]) -> str:
    return next((name for name in fields if getattr(said, name) != getattr(expected, name)), "")


def _opened(leave: Leave, some: Sequence[tuple[Id, Id]], stored: Mapping[Id, list[Stored]]) -> list[list[Record]]:
    acts = [(CompareHistory(subject, work), leave.meant()) for work, subject in some]
    with door.enter_many(leave.actor, acts) as outcomes:
        readings = []
        for outcome in outcomes:
            if isinstance(outcome, Denial):
                raise outcome
            readings.append((outcome, stored[Id(outcome.act.work)]))
        return open_rows(leave.actor.line, readings)


def _by_work(stored: Iterable[Stored]) -> dict[Id, list[Stored]]:
    by_work: dict[Id, list[Stored]] = {}
    for one in stored:
        work = one.row.id if one.row.kind == Kind.REQUISITION else one.row.parents[0]
        by_work.setdefault(Id(work), []).append(one)
    return by_work
