"""People at reception: searched for first, registered once, known by what they showed."""

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, timezone

import msgspec

from aliquot.access import acts, door, rows
from aliquot.access.acts import FindPatient, OpenIdentity, RegisterPatient, ShowCandidate
from aliquot.access.door import Actor
from aliquot.access.grant import Draft, Grant, open_rows
from aliquot.custody.protocol import Find, Found
from aliquot.lab import lookup, records, repetition, routing
from aliquot.terms import identifiers, ids
from aliquot.terms.errors import Refused
from aliquot.terms.identifiers import FILE_NUMBER_SYSTEM, NIR_SYSTEM
from aliquot.terms.identity import Contact, Demography, Identifier, Identifiers, Note, Traits, Trust
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose

SEARCHED_FOR = timedelta(seconds=60)
"""How old the search may be after which somebody is registered (DOMAIN 4, Create)."""

_SHOWN = (Kind.DEMOGRAPHY, Kind.TRAITS, Kind.IDENTIFIERS, Kind.CONTACT)
# A child born after midnight is registered before that day has come in UTC.
_EASTERNMOST = timezone(timedelta(hours=14))


class Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person as they came to the desk.

    `file_number` is drawn by `numbers.draw_file_number` when the form is rendered; somebody who comes with a number of
    an old system keeps that and gets none. `searched_at` is when the person was looked for and the desk saw who was
    found. Empty is unknown, except that a person has a family name.
    """

    demography: Demography
    file_number: str
    searched_at: datetime
    birth_family: str = ""
    birth_given: tuple[str, ...] = ()
    birthplace_insee: str = ""
    nir: str = ""
    elsewhere: tuple[Identifier, ...] = ()
    contact: Contact | None = None
    note: str = ""


class Identity(msgspec.Struct, frozen=True):
    """Who a patient is and how to reach them. `missing` counts rows that the database lost: a reason for alarm."""

    demography: Demography
    traits: Traits
    identifiers: tuple[Identifier, ...]
    contact: Contact | None
    missing: int


class Candidate(msgspec.Struct, frozen=True):
    """Somebody who may be meant, shown so that the desk can choose."""

    patient: Id
    demography: Demography
    score: float


class Letters(msgspec.Struct, frozen=True):
    """What is asked of a search: the birth date, and at most three letters of each name."""

    born_on: date
    family: str = ""
    given: str = ""


def register(grant: Grant[RegisterPatient], person: Registration, *, at: datetime) -> Id:
    """Make a person known, always with provisional trust: nothing that was said is established by typing it.

    Raises:
        Refused: nobody was looked for within the last minute, no family name, born after today, or a number whose
            check character or key is wrong.
        Denial: `identifier-taken`, when the `with` ends: `by_identifier` finds who is registered under it.
    """
    patient = grant.act.subject
    if repetition.is_done(grant):
        return patient
    _check(person, at)
    tokens = tuple(map(_token, _identifiers(person)))
    grant.route(routing.known(patient))
    for kind, said in contents(person):
        known = tokens if kind is Kind.IDENTIFIERS else ()
        grant.write(Draft(kind, ids.beside(patient, at), 1, "known", (), said, tokens=known))
    return patient


def identity(grant: Grant[OpenIdentity]) -> Identity:
    """Who a patient is, as it was kept last."""
    opened = grant.read(rows.of_subject(grant.act.subject, _SHOWN), whole=True)
    contacts = records.of(opened, Kind.CONTACT, Contact)
    return Identity(
        records.one(opened, Kind.DEMOGRAPHY, Demography).content,
        records.one(opened, Kind.TRAITS, Traits).content,
        records.one(opened, Kind.IDENTIFIERS, Identifiers).content.identifiers,
        contacts[0].content if contacts else None,
        grant.missing,
    )


def find(actor: Actor, letters: Letters, at: datetime) -> Found:
    """At most five patients born on a day, by id; of more, none: then more letters are needed.

    Raises:
        Denial: the act is not permitted, or too many letters.
    """
    act = FindPatient(acts.organization(actor.org))
    with door.enter(actor, act, door.intent(actor, at, Purpose.PATADMIN)) as grant:
        return actor.line.ask(Find(grant.token, letters.born_on, letters.family, letters.given), Found)


def candidates(actor: Actor, found: Found, at: datetime) -> tuple[Candidate, ...]:
    """Those whom a search found, by name and birth date, best first."""
    scores = {Id(hit.patient): hit.score for hit in found.hits}
    asked = [(ShowCandidate(patient), door.intent(actor, at, Purpose.PATADMIN)) for patient in scores]
    granted = door.survey(actor, asked)
    stored = rows.of_subjects(tuple(scores), (Kind.DEMOGRAPHY,))
    readings = [(grant, [one for one in stored if one.subject == grant.act.subject]) for grant in granted]
    opened = open_rows(actor.line, readings)
    return tuple(
        Candidate(grant.act.subject, records.one(said, Kind.DEMOGRAPHY, Demography).content, scores[grant.act.subject])
        for grant, said in zip(granted, opened, strict=True)
    )


def by_identifier(actor: Actor, identifier: Identifier, at: datetime) -> Id | None:
    """Who is registered under an identifier, or nobody: a file number, a national number, or one from elsewhere.

    Raises:
        Refused: its check character or key is wrong.
        Denial: the act is not permitted.
    """
    field, value = _token(identifier)
    return lookup.resolve(actor, lookup.Sought(field, value), Purpose.PATADMIN, at)


def contents(person: Registration) -> Iterator[tuple[Kind, msgspec.Struct]]:
    """What is kept of a person who is registered, kind by kind, in one spelling."""
    said = person.demography
    family, given = _plain(said.family), _names(said.given)
    yield Kind.DEMOGRAPHY, Demography(family, given, said.born_on, said.sex)
    yield (
        Kind.TRAITS,
        Traits(_plain(person.birth_family), _names(person.birth_given), person.birthplace_insee, Trust.PROVISIONAL),
    )
    yield Kind.IDENTIFIERS, Identifiers(_identifiers(person))
    if person.contact is not None:
        yield Kind.CONTACT, person.contact
    if person.note.strip():
        yield Kind.NOTE, Note(person.note.strip())


def _check(person: Registration, at: datetime) -> None:
    if not timedelta(0) <= at - person.searched_at <= SEARCHED_FOR:
        raise Refused("registration: look for the patient first; a search counts for a minute")
    if not _plain(person.demography.family):
        raise Refused("registration.family: a family name is needed")
    if person.demography.born_on > at.astimezone(_EASTERNMOST).date():
        raise Refused("registration.born_on: after today")
    if person.birthplace_insee and not identifiers.is_insee(person.birthplace_insee):
        raise Refused("registration.birthplace: not an INSEE code")


def _identifiers(person: Registration) -> tuple[Identifier, ...]:
    national = (Identifier(NIR_SYSTEM, identifiers.nir(person.nir)),) if person.nir else ()
    if not person.file_number and person.elsewhere:
        return (*national, *person.elsewhere)
    own = Identifier(FILE_NUMBER_SYSTEM, identifiers.read_file_number(person.file_number))
    return (own, *national, *person.elsewhere)


def _token(identifier: Identifier) -> tuple[lookup.Field, str]:
    """Under what an identifier is looked up."""
    if not identifier.system or not identifier.value.strip():
        raise Refused("identifier: its system and its value are needed")
    if identifier.system == FILE_NUMBER_SYSTEM:
        return "file", identifiers.read_file_number(identifier.value)
    if identifier.system == NIR_SYSTEM:
        return "nir", identifiers.nir(identifier.value)
    return "extid", f"{identifier.system}|{identifier.value}"


def _names(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(filter(None, map(_plain, names)))


def _plain(name: str) -> str:
    """One spelling of a name: composed letters, single spaces."""
    return " ".join(unicodedata.normalize("NFC", name).split())
