"""Messages that wait for a person: kept whole and sealed, shown in masks, repaired or refused, and tried again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec
from django.db import connection
from django.db.models import QuerySet

from aliquot.access import rows
from aliquot.access.acts import InspectQuarantined, KeepQuarantined, RepairQuarantined, RetryQuarantined
from aliquot.access.grant import Draft, Grant, Record
from aliquot.access.routing import Routing, Statement
from aliquot.access.rows import Stored
from aliquot.intake.fates import Fate, Reason
from aliquot.record.models import Message
from aliquot.terms.errors import Broken, Refused
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Harm, Kind
from aliquot.terms.letters import Masked, Quarantined, Repair

LEASE: Final = timedelta(minutes=1)
"""How long a repaired message is the worker's that took it; one that could not be settled is tried again then."""

WAITING, REPAIRED, REFUSED, FILED = "waiting", "repaired", Fate.REFUSED, Fate.FILED


_REPAIR, _KEPT_NOW = 2, 3
"""Schemas of the record: a repair, and a message with the tests open on its tube; 1 is one without them."""
_MOST_BYTES: Final = 16 * 1024 * 1024

_KEPT = Statement("INSERT INTO message (id, subject, state, since, tries) VALUES (%s, %s, %s, %s, 0)")
_SETTLED = Statement("UPDATE message SET state = %s, tries = tries + 1, leased_until = NULL WHERE id = %s")
_DUE = (
    "UPDATE message SET leased_until = %s WHERE id IN ("
    "SELECT id FROM message WHERE subject = %s AND state = %s AND (leased_until IS NULL OR leased_until < %s)"
    " ORDER BY since, id LIMIT %s{locking}) RETURNING id"
)


@dataclass(frozen=True)
class Shown:
    """One waiting message, as the integrator may see it."""

    id: Id
    version: int
    state: str
    message: Masked


@dataclass(frozen=True)
class Standing:
    """How far one message has come, by routing columns only; `tries` counts repairs and tries."""

    id: Id
    state: str
    since: datetime
    tries: int


@dataclass(frozen=True)
class Waiting:
    """One message that the worker took from quarantine, with the repair that a person asked for."""

    id: Id
    version: int
    kept: Quarantined
    repair: Repair | None


def keep(grant: Grant[KeepQuarantined], message: Id, kept: Quarantined) -> None:
    """Keep a message that could not be filed."""
    grant.write(Draft(Kind.QUARANTINE, message, 1, WAITING, (), kept, Harm.RESTRICTED, schema=_KEPT_NOW))
    grant.route(Routing(_KEPT, (message, grant.act.subject, WAITING, kept.received_at)))


def reasons(found: Sequence[Reason]) -> tuple[str, str]:
    """Reasons as a quarantined message carries them: the causes, and the places in the same order."""
    return " ".join(reason.cause for reason in found), " ".join(reason.place for reason in found)


def waiting(org: Id, state: str, limit: int) -> list[Id]:
    """The messages of one organization in a state, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM message WHERE subject = %s AND state = %s ORDER BY since, id LIMIT %s", (org, state, limit)
        )
        return [Id(bytes(identifier)) for (identifier,) in cursor.fetchall()]


def due(org: Id, limit: int, at: datetime) -> list[Id]:
    """Repaired messages to try again; nobody else gets them for the time of `LEASE`."""
    locking = " FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(_DUE.format(locking=locking), (at + LEASE, org, REPAIRED, at, limit))
        return [Id(bytes(identifier)) for (identifier,) in cursor.fetchall()]


def standing(org: Id, state: str, limit: int) -> list[Standing]:
    """The messages of one organization in a state, the longest waiting first."""
    return [_standing(row) for row in _rows(org).filter(state=state).order_by("since", "id")[:limit]]


def stands(org: Id, message: Id) -> Standing:
    """How far one message has come.

    Raises:
        Refused: the organization has no such message.
    """
    row = _rows(org).filter(id=message).first()
    if row is None:
        raise Refused("message: none of this laboratory's")
    return _standing(row)


def inspect(grant: Grant[InspectQuarantined], messages: Sequence[Id]) -> list[Shown]:
    """Those of these messages that wait, in masks: structure and codes in clear, identity and values as shapes."""
    stored = [one for one in rows.latest(rows.of_resources(tuple(messages))) if one.row.state == WAITING]
    return [_shown(record) for some in _carried(stored) for record in grant.read(some)]


def repair(grant: Grant[RepairQuarantined], message: Id, version: int, asked: Repair) -> None:
    """Ask for a change of codes or structure, to be made when the worker tries again."""
    grant.write(Draft(Kind.QUARANTINE, message, version + 1, REPAIRED, (), asked, Harm.RESTRICTED, schema=_REPAIR))
    grant.route(_routing(message, REPAIRED))


def refuse(grant: Grant[RepairQuarantined], message: Id, version: int, why: Repair) -> None:
    """Say that a message will not be filed, with a reason. It stays, and nothing more happens to it."""
    if not why.comment.strip():
        raise Refused("say why this message is not to be filed")
    grant.write(Draft(Kind.QUARANTINE, message, version + 1, REFUSED, (), why, Harm.RESTRICTED, schema=_REPAIR))
    grant.route(_routing(message, REFUSED))


def take(grant: Grant[RetryQuarantined], messages: Sequence[Id]) -> list[Waiting]:
    """Messages to try again, each with the latest repair that was asked for."""
    by_message: dict[Id, list[Record]] = {}
    for record in grant.read(rows.of_resources(tuple(messages)), history=True):
        by_message.setdefault(record.id, []).append(record)
    return [_waiting(message, by_message[message]) for message in messages if message in by_message]


def settle(
    grant: Grant[RetryQuarantined], taken: Waiting, state: str, found: Sequence[Reason], open_tests: tuple[str, ...]
) -> None:
    """What became of a second try: filed, or waiting again with its new reasons."""
    causes, places = reasons(found)
    again = msgspec.structs.replace(taken.kept, reason=causes, place=places, open=open_tests)
    grant.write(
        Draft(Kind.QUARANTINE, taken.id, taken.version + 1, state, (), again, Harm.RESTRICTED, schema=_KEPT_NOW)
    )
    grant.route(_routing(taken.id, state))


def _carried(stored: Sequence[Stored]) -> list[list[Stored]]:
    """The rows in parts that one request to the custodian carries, and its answer."""
    parts: list[list[Stored]] = []
    size = 0
    for one in stored:
        size += len(one.row.sealed)
        if not parts or size > _MOST_BYTES:
            parts.append([])
            size = len(one.row.sealed)
        parts[-1].append(one)
    return parts


def _rows(org: Id) -> QuerySet[Message]:
    return Message.objects.filter(subject=org)


def _standing(row: Message) -> Standing:
    return Standing(Id(bytes(row.id)), row.state, row.since, row.tries)


def _routing(message: Id, state: str) -> Routing[tuple[str, Id]]:
    return Routing(_SETTLED, (state, message))


def _shown(record: Record) -> Shown:
    if record.broken:
        raise Broken("QUARANTINE: this record is not what was kept here; the alarm was raised")
    return Shown(record.id, record.version, record.state, msgspec.json.decode(record.body, type=Masked))


def _waiting(message: Id, records: Sequence[Record]) -> Waiting:
    versions = sorted(records, key=lambda record: record.version)
    if any(record.broken for record in versions):
        raise Broken("QUARANTINE: this record is not what was kept here; the alarm was raised")
    kept = next(record for record in reversed(versions) if record.schema != _REPAIR)
    repairs = [record for record in versions if record.schema == _REPAIR and record.version > kept.version]
    asked = msgspec.json.decode(repairs[-1].body, type=Repair) if repairs else None
    return Waiting(message, versions[-1].version, msgspec.json.decode(kept.body, type=Quarantined), asked)
