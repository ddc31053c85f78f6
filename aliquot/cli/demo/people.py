"""Synthetic people who look French, the same from the same seed, and none of whom can exist.

National numbers have a valid key and the commune code 999: communes are numbered from 001 and 990 stands for an unknown
one, so nobody was ever given such a number. E-mail is at example.org (RFC 2606); telephone numbers are from the blocks
that ARCEP keeps for fiction (01 99 00 and 06 39 98); towns and streets are invented.
"""

import tomllib
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta
from importlib import resources
from random import Random

import msgspec

from aliquot.terms import identifiers
from aliquot.terms.identifiers import FileNumber, Nir
from aliquot.terms.identity import Contact, Demography, Identifier, Identifiers, Sex, Traits, Trust

_NOBODYS_COMMUNE = "999"
_OLDEST_YEARS = 98
_MARRIED_NAME_FROM_YEARS = 25


class Person(msgspec.Struct, frozen=True):
    """One synthetic person, in the kinds in which identity is kept."""

    demography: Demography
    traits: Traits
    identifiers: Identifiers
    contact: Contact
    file_number: FileNumber
    national_number: Nir


class _Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    female: list[str]
    male: list[str]
    family_starts: list[str]
    family_ends: list[str]
    streets: list[str]
    towns: list[tuple[str, str]]


_NAMES = msgspec.convert(tomllib.loads(resources.files(__package__).joinpath("names.toml").read_text("utf-8")), _Names)


def people(seed: int, n: int, on: date) -> Iterator[Person]:
    """`n` people as they would stand in a laboratory's file on a day; one more does not change those before."""
    for number in range(n):
        yield _person(Random(f"{seed}/{number}"), number, on)  # noqa: S311 - invented people, not secrets


def _person(rng: Random, number: int, on: date) -> Person:
    sex = rng.choice((Sex.FEMALE, Sex.FEMALE, Sex.MALE))
    born_on = on - timedelta(days=_age_days(rng))
    family = _family(rng)
    given = tuple(rng.sample(_NAMES.female if sex is Sex.FEMALE else _NAMES.male, rng.choice((1, 1, 2, 3))))
    married = sex is Sex.FEMALE and (on - born_on).days > 365 * _MARRIED_NAME_FROM_YEARS and rng.random() < 0.5
    used = _family(rng) if married else family
    department, town = rng.choice(_NAMES.towns)
    national_number = _national_number(rng, sex, born_on, department)
    file_number = identifiers.file_number(number + 1)
    return Person(
        demography=Demography(family=used, given=given[:1], born_on=born_on, sex=sex),
        traits=Traits(
            birth_family=family,
            birth_given=given,
            birthplace_insee=department + _NOBODYS_COMMUNE,
            trust=rng.choices(tuple(Trust), weights=(15, 10, 15, 60))[0],
        ),
        identifiers=Identifiers(
            (
                Identifier(identifiers.NIR_SYSTEM, national_number),
                Identifier(identifiers.FILE_NUMBER_SYSTEM, file_number),
            )
        ),
        contact=_contact(rng, given[0], used, department, town),
        file_number=file_number,
        national_number=national_number,
    )


def _age_days(rng: Random) -> int:
    """Laboratories see the old more than the young; one in fifty is an infant."""
    if rng.random() < 0.02:
        return rng.randrange(0, 365)
    return int(rng.betavariate(2.0, 1.4) * _OLDEST_YEARS * 365.25)


def _family(rng: Random) -> str:
    return rng.choice(_NAMES.family_starts) + rng.choice(_NAMES.family_ends)


def _national_number(rng: Random, sex: Sex, born_on: date, department: str) -> Nir:
    digit = "2" if sex is Sex.FEMALE else "1"
    body = f"{digit}{born_on:%y%m}{department}{_NOBODYS_COMMUNE}{rng.randrange(1, 1000):03d}"
    return identifiers.nir(body + identifiers.nir_key(body))


def _contact(rng: Random, given: str, family: str, department: str, town: str) -> Contact:
    block = rng.choice(("01 99 00", "06 39 98"))
    return Contact(
        lines=(f"{rng.randrange(1, 120)} {rng.choice(_NAMES.streets)}",),
        postcode=f"{department.replace('2A', '20')}999",
        city=town,
        phone=f"{block} {rng.randrange(100):02d} {rng.randrange(100):02d}",
        email=f"{_ascii(given)}.{_ascii(family)}@example.org",
    )


def _ascii(name: str) -> str:
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
