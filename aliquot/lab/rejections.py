"""Tubes that cannot be used: rejected with a coded reason, their analyses cancelled or expected on another tube."""

from datetime import datetime

import msgspec

from aliquot.access import rows
from aliquot.access.acts import RejectSpecimen
from aliquot.access.grant import Draft, Grant
from aliquot.access.rows import Stored
from aliquot.custody.frames import Row
from aliquot.lab import content, numbers, progress, records, repetition, routing, setting, specimens, statuses
from aliquot.lab.catalogue import Test
from aliquot.lab.records import Kept
from aliquot.lab.reference import Flag
from aliquot.lab.setting import Setting
from aliquot.lab.specimens import Need, Place
from aliquot.lab.statuses import Role
from aliquot.terms import ids, states
from aliquot.terms.errors import Refused
from aliquot.terms.identifiers import Accession
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.quantities import Absent

REASONS = ("EX", "QS", "RA", "RB", "RC", "RD", "RE", "RH", "RI", "RM", "RN", "RP", "RR", "RS")
"""Why a tube may be rejected: the codes of HL7 table 0490."""

_ISSUED = frozenset({states.Analysis.RELEASED, states.Analysis.WITHDRAWN})


class Refusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a tube cannot be used. With `recollect`, the number (of `numbers.draw`) that the next tube gets."""

    specimen: Id
    reason: str
    role: Role
    site: str
    recollect: int | None = None


class Rejected(msgspec.Struct, frozen=True):
    """A tube that was rejected, and the accession of the one that is expected in its place, or nothing."""

    specimen: Id
    again: Accession | None


def reject(grant: Grant[RejectSpecimen], refusal: Refusal, where: Setting, *, at: datetime) -> Rejected:
    """Refuse a tube (P5): its analyses are cancelled (A12), or asked for again on a new tube (A13).

    What was measured on it and not released is cancelled either way, with the reason.

    Raises:
        Refused: the reason is not in HL7 table 0490, the step is not listed for this role (never after a rejection:
            P11), something measured on it was released (that is withdrawn by a biologist), or another tube is asked
            for and nothing is open.
        Denial: `identifier-taken`, when the `with` ends: another number has to be drawn.
    """
    again = None if refusal.recollect is None else numbers.accession(refusal.recollect, 0)
    if repetition.is_done(grant):
        return Rejected(refusal.specimen, again)
    if refusal.reason not in REASONS:
        raise Refused("reject.reason: not a code of HL7 table 0490")
    work = Id(grant.act.work)
    stored = rows.of_work((work,), (Kind.ORDER, Kind.SPECIMEN, Kind.OBSERVATION))
    tube = specimens.one(grant, stored, refusal.specimen)
    step = statuses.may(statuses.SPECIMEN, states.Specimen(tube.state), states.Specimen.REJECTED, refusal.role)
    said = msgspec.structs.replace(tube.content, reason=refusal.reason)
    grant.write(Draft(Kind.SPECIMEN, tube.id, tube.version + 1, step.after, tube.parents, said))
    grant.route(routing.moved(tube.id, "nothing", at))
    progress.after(grant, ())
    open_tests = _cancel(grant, _Lost(tube, stored, refusal, where), at)
    if again is not None:
        if not open_tests:
            raise Refused("reject.recollect: nothing is open on this tube any more")
        tests = [setting.test(where, code) for code in open_tests]
        need = Need(again, said.specimen_type, said.tube, tuple(open_tests), specimens.bench(tests))
        specimens.expect(grant, Place(work, refusal.site), need, at=at)
    return Rejected(tube.id, again)


class _Lost(msgspec.Struct, frozen=True):
    """A rejected tube with everything of its requisition."""

    tube: Kept[content.Specimen]
    stored: list[Stored]
    refusal: Refusal
    where: Setting


def _cancel(grant: Grant[RejectSpecimen], lost: _Lost, at: datetime) -> list[str]:
    """Cancel what the tube's analyses have come to; the answer is the tests that were still open on it."""
    orders = {
        order.content.test: order.id
        for order in records.of(
            grant.read([one for one in lost.stored if one.row.kind == Kind.ORDER]), Kind.ORDER, content.OrderItem
        )
    }
    measured = {
        one.row.parents[1]: one.row
        for one in rows.latest(one for one in lost.stored if one.row.kind == Kind.OBSERVATION)
        if one.row.parents[2] == lost.tube.id
    }
    still_open: list[str] = []
    for code in lost.tube.content.tests:
        row = measured.get(orders[code])
        if row is not None and row.state in _ISSUED:
            raise Refused("reject: a result of this tube was released; a biologist withdraws it")
        if row is not None and row.state == states.Analysis.CANCELLED:
            continue
        still_open.append(code)
        if row is not None or lost.refusal.recollect is None:
            grant.write(_cancelled(lost, setting.test(lost.where, code), orders[code], row, at))
    return still_open


def _cancelled(lost: _Lost, test: Test, order: Id, row: Row | None, at: datetime) -> Draft:
    said = content.Observation(
        test=test.code,
        loinc=test.loinc,
        name=setting.name(lost.where, test),
        value=Absent("not-performed"),
        reference=None,
        flag=Flag.NONE,
        holds=(),
        method=test.method,
        device="",
        instrument_flags=(),
        collected_at=lost.tube.content.collected_at,
        measured_at=None,
        run="",
        rules="",
        specimen_type=lost.tube.content.specimen_type,
        reason=lost.refusal.reason,
    )
    work = lost.tube.parents[0]
    identity, version = (Id(row.id), row.version + 1) if row else (ids.new(ids.org_of(order), at), 1)
    parents = (work, order, lost.tube.id)
    return Draft(Kind.OBSERVATION, identity, version, states.Analysis.CANCELLED, parents, said, harm=test.harm)
