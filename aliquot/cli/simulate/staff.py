"""Who worked at the old laboratory and who sent patients to it, and the ways in which their names were typed."""

from functools import cache
from random import Random
from typing import Final

import msgspec

from aliquot.cli.simulate.people import pick
from aliquot.cli.simulate.vocabulary import NAMES, WORDS

_PRESCRIBERS: Final = 420
PRESCRIBER_EMAILS: Final = 337
"""Doctors' e-mail addresses in the published file (CONTROLS 1.1)."""

SITES: Final = (("01", "LABO DU TITRAGE", "Port-Titrage"), ("02", "LABO 2 EX PIPETTES", "Cuvette-sur-Loire"))


class Person(msgspec.Struct, frozen=True):
    """Somebody by the one right spelling, and the wrong ones."""

    number: int
    name: str
    spellings: tuple[str, ...]


class User(Person, frozen=True):
    """Somebody who signs in. The password is in clear, as old systems had it, and invented."""

    login: str
    family: str
    given: str
    profile: str
    password: str


class Prescriber(Person, frozen=True):
    """A doctor who does not exist."""

    family: str
    given: str
    postcode: str
    town: str
    email: str


@cache
def users() -> tuple[User, ...]:
    """Everybody with a login; those of profile B validate."""
    return tuple(_user(number, *each) for number, each in enumerate(WORDS.people.users, start=1))


@cache
def validators() -> tuple[User, ...]:
    """Who validates results."""
    return tuple(user for user in users() if user.profile == "B")


@cache
def prescribers() -> tuple[Prescriber, ...]:
    """The doctors of the region, always the same."""
    rng = Random("prescribers")
    found: dict[str, Prescriber] = {}
    while len(found) < _PRESCRIBERS:
        prescriber = _prescriber(rng, len(found) + 1)
        found.setdefault(prescriber.name, prescriber)
    return tuple(found.values())


def _user(number: int, given: str, family: str, profile: str) -> User:
    initials = given[0] + "".join(part[0] for part in family.split())
    return User(
        number=number,
        name=initials,
        spellings=(
            initials.lower(),
            family,
            f"{given} {family.title()}",
            f"Dr {family.title()}",
            family.replace(" ", ""),
        ),
        login=(given[0] + family).lower().replace(" ", "").replace("é", "e"),
        family=family,
        given=given,
        profile=profile,
        password=f"{family[:4].lower().strip()}{number:02d}",
    )


def _prescriber(rng: Random, number: int) -> Prescriber:
    family = pick(rng, WORDS.people.prescriber_starts) + pick(rng, WORDS.people.prescriber_ends)
    given = pick(rng, NAMES.female + NAMES.male)
    department, town, _ = pick(rng, WORDS.towns)
    upper = family.upper()
    return Prescriber(
        number=number,
        name=f"Dr {upper} {given}",
        spellings=(
            f"DR {upper} {given[0]}.",
            f"{upper} {given.upper()}",
            f"Docteur {family}",
            f"{given[0]}.{upper}",
            upper,
        ),
        family=upper,
        given=given,
        postcode=f"{department}999",
        town=town,
        email=f"cabinet{number}@example.org" if number <= PRESCRIBER_EMAILS else "",
    )
