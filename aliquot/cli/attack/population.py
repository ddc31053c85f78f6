"""Patients and a day's work for a scratch laboratory, through the door and under a mandate like any bulk work."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.access import door, governing
from aliquot.access.acts import Act, Administer, PlaceOrder, RecordResults, RegisterPatient, SignMandate
from aliquot.access.door import Actor, Intent
from aliquot.access.governing import Desk
from aliquot.access.grant import Draft, Grant
from aliquot.cli.attack import plan
from aliquot.cli.demo import people
from aliquot.cli.demo.people import Person
from aliquot.cli.scratch import World
from aliquot.custody import forms
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Governed, Letter, LettersOpened, OpenLetters
from aliquot.custody.roles import Role
from aliquot.intake import seat
from aliquot.intake.seat import Seat
from aliquot.lab import content, routing
from aliquot.lab.content import OrderItem, Requisition
from aliquot.terms import ids, states
from aliquot.terms.errors import Broken
from aliquot.terms.identifiers import NIR_SYSTEM
from aliquot.terms.identity import Identifier, Sex
from aliquot.terms.ids import Id, Org
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose
from aliquot.terms.quantities import Text
from aliquot.vault import letterbox
from aliquot.vault.letterbox import Envelope

BATCH = 250
_SEED = 2021
_TERM = timedelta(days=20)

T = TypeVar("T")
A = TypeVar("A", bound=Act)
Told = Callable[[int], None]


@dataclass(frozen=True)
class Work:
    """One requisition that is open and confirmed: whose it is, its order and its tube."""

    patient: Id
    requisition: Id
    order: Id
    specimen: Id


@dataclass(frozen=True)
class House:
    """One laboratory: its patients with what they said at the desk, and the work in hand."""

    org: Org
    site: str
    patients: tuple[Id, ...]
    people: tuple[Person, ...]
    works: tuple[Work, ...]

    @property
    def idle(self) -> tuple[Id, ...]:
        """Patients without any work in hand."""
        busy = {work.patient for work in self.works}
        return tuple(patient for patient in self.patients if patient not in busy)


def settle(world: World, org: Org, size: int, works: int, told: Told) -> House:
    """Fill a laboratory; `told` hears how many patients came."""
    loader, mandate = _loader(world, org, f"loader-{plan.SITES[org]}", size)
    persons = list(_persons(org, size, world))
    patients = tuple(_register(world, loader, mandate, persons, told))
    world.enrol_device(f"{plan.DEVICE}-{plan.SITES[org]}", plan.SITES[org])
    ordered = tuple(_order(world, loader, mandate, patients[:works]))
    _confirm(world, org, ordered)
    return House(org, plan.SITES[org], patients, tuple(persons), ordered)


def bring(world: World, org: Org, name: str, persons: Sequence[Person]) -> tuple[Id, ...]:
    """More patients of a laboratory, brought by a loader of this name."""
    loader, mandate = _loader(world, org, name, len(persons))
    return tuple(_register(world, loader, mandate, persons, lambda _: None))


def govern(world: World, who: str, form: forms.Form, desk: type[Desk]) -> Governed:
    """Somebody changes who may do what, with a fresh factor over the form."""
    actor = world.sign_in(who)
    meant = replace(door.intent(actor, world.clock(), Purpose.HSYSADMIN), factor=world.factor(who))
    return governing.change(actor, form, meant, desk=desk)


def _loader(world: World, org: Org, name: str, size: int) -> tuple[Actor, bytes]:
    """A service of the laboratory, and its mandate: each wanted by two people."""
    site, key, until = plan.SITES[org], Ed25519PrivateKey.generate(), world.clock() + _TERM
    service = forms.EnrolService(name, Role.LOADER, key.public_key().public_bytes_raw(), until)
    together(world, (f"administrator@{site}", f"director@{site}"), service, Administer)
    signed = forms.SignMandate("a scratch population", name, size, until)
    mandate = together(world, (f"director@{site}", f"privacy@{site}"), signed, SignMandate)
    line = world.service(name, key)
    return Actor(line, line.session().ticket, org), mandate


def together(world: World, who: tuple[str, str], form: forms.Change, desk: type[Desk]) -> bytes:
    """Two people change who may do what: the first proposes, the second approves."""
    proposed = govern(world, who[0], form, desk)
    govern(world, who[1], forms.Approve(proposed.id.hex(), forms.digest(form).hex()), SignMandate)
    return proposed.id


def _persons(org: Org, size: int, world: World) -> Iterator[Person]:
    """Invented people with distinct national numbers."""
    seen: set[str] = set()
    seed = _SEED + int.from_bytes(org, "big")
    for person in people.people(seed, size + size // 50 + 10, world.clock().date()):
        if person.national_number not in seen and len(seen) < size:
            seen.add(person.national_number)
            yield person


def _register(world: World, loader: Actor, mandate: bytes, persons: Sequence[Person], told: Told) -> Iterator[Id]:
    for some in batches(persons, BATCH):
        patients = [ids.new(loader.org, world.clock()) for _ in some]
        asked = [(RegisterPatient(patient), _meant(world, loader, mandate)) for patient in patients]
        with door.enter_many(loader, asked) as outcomes:
            for grant, person in zip(granted(outcomes), some, strict=True):
                _identify(world, grant, person)
        told(len(patients))
        yield from patients


def _identify(world: World, grant: Grant[RegisterPatient], person: Person) -> None:
    grant.route(routing.known(grant.act.subject))
    for kind, said in (
        (Kind.DEMOGRAPHY, person.demography),
        (Kind.TRAITS, person.traits),
        (Kind.IDENTIFIERS, person.identifiers),
        (Kind.CONTACT, person.contact),
    ):
        tokens = tuple(map(_token, person.identifiers.identifiers)) if kind is Kind.IDENTIFIERS else ()
        resource = ids.new(ids.org_of(grant.act.subject), world.clock())
        grant.write(Draft(kind, resource, 1, "known", (), said, tokens=tokens))


def _token(identifier: Identifier) -> tuple[str, str]:
    return ("nir" if identifier.system == NIR_SYSTEM else "file", identifier.value)


def _order(world: World, loader: Actor, mandate: bytes, patients: Sequence[Id]) -> Iterator[Work]:
    for some in batches(patients, BATCH):
        works = [Work(patient, *(ids.new(loader.org, world.clock()) for _ in range(3))) for patient in some]
        asked = [(PlaceOrder(work.patient, work.requisition), _meant(world, loader, mandate)) for work in works]
        with door.enter_many(loader, asked) as outcomes:
            for grant, work in zip(granted(outcomes), works, strict=True):
                _ask(world, grant, work)
        yield from works


def _ask(world: World, grant: Grant[PlaceOrder], work: Work) -> None:
    at, site = world.clock(), plan.SITES[ids.org_of(work.patient)]
    asked = Requisition("1", "Dr Exemple", "", at, 1, Sex.UNKNOWN, "40 y", "routine")
    tube = content.Specimen(os.urandom(5).hex(), "SER", "serum", ("GLU",))
    grant.route(routing.asked(work.requisition, work.patient, site, "routine", at))
    grant.write(Draft(Kind.REQUISITION, work.requisition, 1, "open", (), asked, site=site))
    grant.write(
        Draft(Kind.ORDER, work.order, 1, states.Order.ACTIVE, (work.requisition,), OrderItem("GLU", "", "routine"))
    )
    grant.write(Draft(Kind.SPECIMEN, work.specimen, 1, states.Specimen.EXPECTED, (work.requisition,), tube))


def _confirm(world: World, org: Org, works: Sequence[Work]) -> None:
    """The analyser of the house speaks of every tube, in one letter that the listener has signed."""
    worker = world.work(org)
    number = _letter(world, worker, plan.SITES[org])
    for some in batches(works, BATCH):
        asked = [
            (
                RecordResults(work.patient, work.requisition),
                replace(door.intent(worker, world.clock()), letter=number),
            )
            for work in some
        ]
        with door.enter_many(worker, asked) as outcomes:
            for grant, work in zip(granted(outcomes), some, strict=True):
                parents = (work.requisition, work.order, work.specimen)
                resource = ids.new(org, world.clock())
                grant.write(Draft(Kind.OBSERVATION, resource, 1, states.Analysis.MEASURED, parents, measured()))


def measured() -> content.Observation:
    """A result that an analyser told."""
    return content.Observation(
        test="GLU",
        loinc="14749-6",
        name="Glucose",
        value=Text("5.4"),
        reference=None,
        flag="",
        holds=(),
        method="",
        device=plan.DEVICE,
        instrument_flags=(),
        collected_at=None,
        measured_at=None,
        run="",
        rules="",
        specimen_type="SER",
    )


def _letter(world: World, worker: Actor, site: str) -> int:
    own = seat.read(world.installation.listen)
    number = list(plan.SITES.values()).index(site) + 1
    error = heard(worker, own, letterbox.Envelope(own.listener, number, world.clock(), f"{plan.DEVICE}-{site}"))
    if error:
        raise Broken(f"a letter of the scratch analyser does not open: {error}")
    return number


def heard(worker: Actor, listener: Seat, envelope: Envelope) -> str:
    """The worker opens a letter that a listener signed; the answer is why it was not opened, or empty."""
    signed = letterbox.sign(listener.key, envelope, letterbox.seal(listener.slot, envelope, b"a scratch message"))
    said = (envelope.listener, envelope.number, envelope.received_at, envelope.peer)
    told = Letter(*said, signed.sealed, signed.signature)
    return worker.line.ask(OpenLetters(worker.ticket, (told,)), LettersOpened).letters[0].error


def _meant(world: World, actor: Actor, mandate: bytes) -> Intent:
    return replace(door.intent(actor, world.clock(), Purpose.PATADMIN), mandate=mandate)


def granted(outcomes: Sequence[Grant[A] | Denial]) -> list[Grant[A]]:
    """The grants of acts that nothing may refuse.

    Raises:
        Denial: one was refused.
    """
    for outcome in outcomes:
        if isinstance(outcome, Denial):
            raise outcome
    return [outcome for outcome in outcomes if isinstance(outcome, Grant)]


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items, some at a time."""
    source = iter(items)
    while some := list(islice(source, size)):
        yield some
