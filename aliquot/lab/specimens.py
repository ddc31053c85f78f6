"""Tubes at reception: expected, found by their barcode, taken in, accepted. What cannot be used: `rejections`."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db.models import Count

from aliquot.access import rows
from aliquot.access.acts import PlaceOrder, ReceiveSpecimen, RejectSpecimen
from aliquot.access.door import Actor
from aliquot.access.grant import Draft, Grant
from aliquot.access.rows import Stored
from aliquot.lab import content, lookup, progress, records, repetition, routing, statuses
from aliquot.lab.catalogue import Test
from aliquot.lab.records import Kept
from aliquot.lab.statuses import Role
from aliquot.record import models
from aliquot.terms import identifiers, ids, states
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id, Org
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose

_OURS = 12
_LONGEST = 64


class Need(msgspec.Struct, frozen=True):
    """One tube that has to be filled, and the tests that are measured on it."""

    accession: str
    specimen_type: str
    tube: str
    tests: tuple[str, ...]
    bench: str


class Place(msgspec.Struct, frozen=True):
    """Where a tube is expected: the requisition that it belongs to, and the site."""

    requisition: Id
    site: str


class Found(msgspec.Struct, frozen=True):
    """Which tube a barcode names, and whose it is: ids only."""

    specimen: Id
    requisition: Id
    subject: Id


class Checks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a technician looked at before accepting a tube (P3). `tube` is the kind of tube that is there."""

    tube: str
    readable: bool
    identity_agrees: bool
    enough: bool


class Arrival(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tube that is there: what was scanned, by whom, when it was taken if that is known.

    With `checks` it is accepted; without, it is only taken in and waits for a technician.
    """

    specimen: Id
    accession: str
    role: Role
    collected_at: datetime | None = None
    checks: Checks | None = None


class Received(msgspec.Struct, frozen=True):
    """What became of a tube that came in."""

    specimen: Id
    state: states.Specimen


class AtReception(msgspec.Struct, frozen=True):
    """How many tubes a site waits for, and how many came in and wait for somebody to look at and accept them."""

    coming: int
    to_accept: int


def expect(grant: Grant[PlaceOrder | RejectSpecimen], place: Place, need: Need, *, at: datetime) -> Id:
    """A tube has to be filled, and its barcode names it from now on."""
    specimen = ids.new(ids.org_of(place.requisition), at)
    said = content.Specimen(need.accession, need.specimen_type, need.tube, need.tests)
    grant.route(routing.expected(specimen, place.requisition, place.site, need.bench, at))
    grant.write(
        Draft(
            Kind.SPECIMEN,
            specimen,
            1,
            states.Specimen.EXPECTED,
            (place.requisition,),
            said,
            tokens=(("accession", need.accession),),
        )
    )
    return specimen


def by_accession(actor: Actor, accession: str, at: datetime) -> Found:
    """The tube that a barcode names.

    Raises:
        Refused: its check character is wrong, or this laboratory has no such tube.
    """
    named = lookup.resolve(actor, lookup.Sought("accession", _scanned(accession)), Purpose.TREAT, at)
    found = None if named is None else _whose(named)
    if found is None:
        raise Refused("accession: this laboratory knows no such tube")
    return found


def at_reception(org: Org, sites: Sequence[str]) -> dict[str, AtReception]:
    """What waits at the reception of each site."""
    counted = (
        models.Specimen.objects.filter(
            id__range=(org + bytes(12), org + b"\xff" * 12), site__in=sites, awaits__in=("arrival", "acceptance")
        )
        .values_list("site", "awaits")
        .annotate(number=Count("id"))
    )
    numbers = {(site, awaits): number for site, awaits, number in counted}
    return {
        site: AtReception(numbers.get((site, "arrival"), 0), numbers.get((site, "acceptance"), 0)) for site in sites
    }


def receive(grant: Grant[ReceiveSpecimen], arrival: Arrival, *, at: datetime) -> Received:
    """Take a tube in (P1, P2) and, with its checks, accept it (P3).

    A tube that comes from outside was taken by somebody: that step is the sampler's, at a time given or unknown.

    Raises:
        Refused: the barcode is not this tube's, the step is not listed for this role, it was taken after it came, or
            a check failed: then it is taken in without checks, and rejected with its reason.
    """
    known = rows.of_work((Id(grant.act.work),), (Kind.SPECIMEN,))
    if repetition.is_done(grant):
        return _outcome(arrival.specimen, known)
    tube = one(grant, known, arrival.specimen)
    if tube.content.accession != arrival.accession:
        raise Refused("receive.accession: this barcode is another tube's")
    state = _step(states.Specimen(tube.state), arrival)
    said = _arrived(tube.content, arrival, at)
    grant.write(Draft(Kind.SPECIMEN, tube.id, tube.version + 1, state, tube.parents, said))
    grant.route(routing.moved(tube.id, "acceptance" if arrival.checks is None else "results", at))
    if arrival.checks is not None:
        _check(arrival.checks, tube.content)
        progress.after(grant, ())
    return Received(tube.id, state)


def one(
    grant: Grant[ReceiveSpecimen | RejectSpecimen], stored: Sequence[Stored], specimen: Id
) -> Kept[content.Specimen]:
    """One tube, from the rows of its requisition."""
    opened = grant.read([one for one in stored if one.row.id == specimen and one.row.kind == Kind.SPECIMEN])
    return records.one(opened, Kind.SPECIMEN, content.Specimen)


def bench(tests: Sequence[Test]) -> str:
    """Where a tube goes first: the bench that measures all of its tests, or several."""
    sections = {test.section for test in tests}
    return sections.pop() if len(sections) == 1 else routing.SEVERAL_BENCHES


def _scanned(barcode: str) -> str:
    """A barcode as it was scanned: one of ours is checked, one that the tube already bore is taken as it is."""
    text = barcode.strip()
    if len(text) == _OURS and text[:-1].isdecimal():
        return identifiers.read_accession(text)
    if not 0 < len(text) <= _LONGEST:
        raise Refused("accession: not a tube's number")
    return text


def _step(before: states.Specimen, arrival: Arrival) -> states.Specimen:
    """Where the listed steps lead from here: never past one that this role may not take."""
    state = before
    if state is states.Specimen.EXPECTED:
        state = statuses.may(statuses.SPECIMEN, state, states.Specimen.COLLECTED, Role.SAMPLER).after
    if state is not states.Specimen.RECEIVED or arrival.checks is None:
        state = statuses.may(statuses.SPECIMEN, state, states.Specimen.RECEIVED, arrival.role).after
    if arrival.checks is not None:
        state = statuses.may(statuses.SPECIMEN, state, states.Specimen.ACCEPTED, arrival.role).after
    return state


def _arrived(tube: content.Specimen, arrival: Arrival, at: datetime) -> content.Specimen:
    collected_at = arrival.collected_at or tube.collected_at
    received_at = tube.received_at or at
    if collected_at is not None and collected_at > received_at:
        raise Refused("receive.collected: it was taken after it came in")
    return msgspec.structs.replace(tube, collected_at=collected_at, received_at=received_at)


def _check(checks: Checks, tube: content.Specimen) -> None:
    if checks.tube != tube.tube:
        raise Refused("receive.tube: not the kind of tube that its tests need; take it in and reject it")
    if not checks.identity_agrees:
        raise Refused("receive.identity: it is not the patient's of the request; take it in and reject it (RI)")
    if not checks.readable:
        raise Refused("receive.label: it cannot be read; take it in and reject it (RM)")
    if not checks.enough:
        raise Refused("receive.volume: there is too little; take it in and reject it (QS)")


def _outcome(specimen: Id, stored: Sequence[Stored]) -> Received:
    (state,) = [one.row.state for one in rows.latest(stored) if one.row.id == specimen]
    return Received(specimen, states.Specimen(state))


def _whose(specimen: Id) -> Found | None:
    tube = models.Specimen.objects.filter(id=specimen).values_list("id", "requisition_id", "requisition__subject_id")
    return next((Found(Id(bytes(one)), Id(bytes(work)), Id(bytes(subject))) for one, work, subject in tube), None)
