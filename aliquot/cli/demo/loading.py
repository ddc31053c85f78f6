"""Patients and their past are loaded as anyone's are: by a service with a key of its own, under a signed mandate.

The service's key never leaves this process, and the service ends with its work.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.access import door, governing
from aliquot.access import people as sessions
from aliquot.access.acts import Act, LoadHistory, RegisterPatient, SignMandate
from aliquot.access.custodian import Line
from aliquot.access.door import Actor, Intent
from aliquot.access.grant import Grant
from aliquot.cli.demo import histories
from aliquot.cli.demo.people import Person
from aliquot.cli.demo.staff import Laboratory
from aliquot.cli.scratch import World
from aliquot.custody import forms
from aliquot.custody.denial import Denial
from aliquot.custody.roles import Role
from aliquot.lab import numbers, pasts, patients
from aliquot.lab.setting import Setting
from aliquot.terms import ids
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose

AT_ONCE = 150
"""Acts in one exchange with custody."""

_T = TypeVar("_T")
A = TypeVar("A", bound=Act)
_LASTS = timedelta(hours=6)


@dataclass(frozen=True)
class Loader:
    """The service at work in one laboratory, under its mandate."""

    lab: World
    laboratory: Laboratory
    actor: Actor
    mandate: bytes
    where: Setting

    def meant(self) -> Intent:
        """An intent of one act under the mandate."""
        return replace(door.intent(self.actor, self.lab.clock(), Purpose.HOPERAT), mandate=self.mandate)


@contextmanager
def mandated(lab: World, laboratory: Laboratory, where: Setting, patients_allowed: int) -> Iterator[Loader]:
    """Enrol a loader and sign its mandate: two people for each. At the end the administrator ends the service."""
    administrator, director, officer = map(laboratory.who, (Role.ADMINISTRATOR, Role.DIRECTOR, Role.PRIVACY_OFFICER))
    name = f"loader-{laboratory.site}"
    key = Ed25519PrivateKey.generate()
    until = lab.clock() + _LASTS
    service = forms.EnrolService(name, Role.LOADER, key.public_key().public_bytes_raw(), until)
    agree(lab, (administrator, director), service)
    mandate = agree(lab, (director, officer), forms.SignMandate("demonstration", name, patients_allowed, until))
    line = Line(lab.installation.custody.socket, "work", (name, key))
    yield Loader(lab, laboratory, Actor(line, line.session().ticket, laboratory.id), mandate, where)
    line.hang_up()
    decide(lab, administrator, forms.EndService(name))


def register(loader: Loader, persons: Iterable[Person]) -> list[tuple[Id, Person]]:
    """Make people known to the laboratory."""
    at = loader.lab.clock()
    known = [(ids.new(loader.actor.org, at), person) for person in persons]
    for some in _batches(known):
        acts = [(RegisterPatient(patient), loader.meant()) for patient, _ in some]
        with door.enter_many(loader.actor, acts) as outcomes:
            for outcome, (_, person) in zip(outcomes, some, strict=True):
                patients.register(granted(outcome), _registration(loader, person), at=at)
    return known


def load_pasts(loader: Loader, known: Sequence[tuple[Id, Person]]) -> int:
    """Bring in everyone's closed requisitions; how many they were."""
    at = loader.lab.clock()
    rng = Random(loader.laboratory.seed)  # noqa: S311 - invented results, not secrets
    brought = [
        (patient, past)
        for patient, person in known
        for past in histories.of(person, loader.where, loader.laboratory.site, rng, at.date())
    ]
    for some in _batches(brought):
        acts = [(LoadHistory(patient, ids.new(loader.actor.org, at)), loader.meant()) for patient, _ in some]
        with door.enter_many(loader.actor, acts) as outcomes:
            for outcome, (_, past) in zip(outcomes, some, strict=True):
                pasts.load(granted(outcome), past, loader.where, at=at)
    return len(brought)


def granted(outcome: Grant[A] | Denial) -> Grant[A]:
    """The grant of one act of a batch.

    Raises:
        Denial: custody said no to it.
    """
    if isinstance(outcome, Denial):
        raise outcome
    return outcome


def decide(lab: World, who: str, form: forms.Form, desk: type[governing.Desk] | None = None) -> bytes:
    """Somebody signs in, decides with a fresh factor, and signs out; the answer is the change's id."""
    actor = lab.sign_in(who)
    factor = lab.factor(who)
    meant = replace(door.intent(actor, lab.clock(), Purpose.HSYSADMIN), factor=factor)
    decided = governing.change(actor, form, meant, desk=desk).id
    sessions.sign_out(actor)
    return decided


def agree(lab: World, two: tuple[str, str], form: forms.Change) -> bytes:
    """One person proposes and another approves; the answer is the change's id."""
    first, second = two
    proposed = decide(lab, first, form)
    decide(lab, second, forms.Approve(proposed.hex(), forms.digest(form).hex()), SignMandate)
    return proposed


def _registration(loader: Loader, person: Person) -> patients.Registration:
    return patients.Registration(
        demography=person.demography,
        file_number=numbers.draw_file_number(),
        searched_at=loader.lab.clock(),
        birth_family=person.traits.birth_family,
        birth_given=person.traits.birth_given,
        birthplace_insee=person.traits.birthplace_insee,
        nir=person.national_number,
        contact=person.contact,
    )


def _batches(items: Sequence[tuple[Id, _T]]) -> Iterator[Sequence[tuple[Id, _T]]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))
