"""How a person stands in the old laboratory's file of patients: the sixty columns, and what went wrong in them."""

import unicodedata
from random import Random
from typing import Final

import msgspec

from aliquot.cli.simulate import comments, days, rates, staff
from aliquot.cli.simulate.people import pick
from aliquot.cli.simulate.rates import Mess
from aliquot.cli.simulate.records import NOTHING, Columns, Person, Written
from aliquot.cli.simulate.vocabulary import WORDS

_UPPER: Final = 0.7
_NIR_BODY: Final = 13


class Visits(msgspec.Struct, frozen=True):
    """The first and the last day on which a row was used, as ordinals, and the site that made it."""

    first: int
    last: int
    site: str


class _Parts(msgspec.Struct, frozen=True, gc=False):
    """What was typed of somebody, with its slips."""

    family: str
    birth_family: str
    names: tuple[str, ...]
    born: Written
    nir: str
    key: str
    comments: tuple[str, str]
    login: str
    password: str
    clerk: str


def row(person: Person, number: str, visits: Visits, rng: Random) -> tuple[Columns, tuple[str, ...]]:
    """A row for a person as it was first typed, and its kinds of mess."""
    kinds: list[str] = []
    first, second, found = comments.patient(rng)
    kinds += found
    parts = _Parts(
        *_names(person, rng, kinds),
        _born(person, rng, kinds),
        *_national_number(person, rng, kinds),
        (first, second),
        *_portal(person, rng, kinds),
        staff.users()[-1 - (rng.random() < 0.5)].login,
    )
    if person.died:
        kinds.append(Mess.DECEASED)
    if visits.site != "01":
        kinds.append(Mess.SECOND_SITE)
    return _columns(person, number, visits, parts, rng), tuple(kinds)


def _columns(person: Person, number: str, visits: Visits, parts: _Parts, rng: Random) -> Columns:
    doctor, sender = pick(rng, staff.prescribers()), pick(rng, staff.prescribers())
    group, rhesus = pick(rng, WORDS.groups) if rng.random() < 0.3 else ("", "")
    insured = bool(person.insured_nir)
    return Columns(
        numpat=number,
        titre=person.title,
        nom=parts.family,
        nomjf=parts.birth_family,
        prenom=parts.names[0],
        prenom2=parts.names[1] if len(parts.names) > 1 else "",
        sexe=person.sex,
        datnai=parts.born,
        lieunai=person.department + "999",
        nir=parts.nir,
        clenir=parts.key,
        rangcpam="2" if insured else "1",
        caisse=person.department + "1",
        regime=pick(rng, WORDS.regimes),
        adr1=person.street,
        adr2="Rés. du Témoin" if rng.random() < 0.05 else "",
        cp=person.department + "999",
        ville=person.town.upper() if rng.random() < _UPPER else person.town,
        pays="FRANCE" if rng.random() < 0.1 else "",
        tel=_telephone("02 61 91", rng) if rng.random() < rates.WITH_LANDLINE else "",
        portable=_telephone("06 39 98", rng) if rng.random() < rates.WITH_MOBILE else "",
        mail=_email(person) if rng.random() < rates.WITH_EMAIL else "",
        grpsang=group,
        rhesus=rhesus,
        medtrait=_spelt(doctor, rng),
        medcp=doctor.postcode,
        medmail=doctor.email,
        mutuelle=pick(rng, WORDS.insurers) if rng.random() < 0.7 else "",
        numadh=f"{int(rng.random() * 10**8):08d}",
        nomass=person.birth_family.upper() if insured else "",
        nirass=person.insured_nir,
        lienass="ENFANT" if insured else "",
        conjoint=f"M. {person.family.upper()}" if person.family != person.birth_family and rng.random() < 0.3 else "",
        datdern=days.written(visits.last),
        datcrea=days.written(visits.first),
        site=visits.site,
        preleveur=pick(rng, staff.users()).name,
        prescripteur=_spelt(sender, rng),
        prescp=sender.postcode,
        presmail=sender.email,
        comment1=parts.comments[0],
        comment2=parts.comments[1],
        login=parts.login,
        mdp=parts.password,
        datmdp=days.written(visits.last) if parts.password else NOTHING,
        envoi=pick(rng, "CCCP"),
        confid="O" if rng.random() < 0.01 else "N",
        decede="O" if person.died else "N",
        datdec=days.written(person.died),
        utilcrea=parts.clerk,
        utilmod=parts.clerk,
        datmod=days.written(visits.last),
    )


def retyped(columns: Columns, person: Person, number: str, rng: Random) -> tuple[Columns, tuple[str, ...]]:
    """The same person typed a second time by somebody who did not find the first row."""
    kinds: list[str] = []
    nir, key = columns.nir, columns.clenir
    if nir and rng.random() < rates.OTHER_NATIONAL_NUMBER:
        nir = key = ""
        kinds.append(Mess.NO_NATIONAL_NUMBER)
    elif not nir:
        kinds.append(Mess.NO_NATIONAL_NUMBER)
    elif person.insured_nir:
        kinds.append(Mess.INSURED_NUMBER)
    if nir and key != (person.insured_nir or person.nir)[_NIR_BODY:]:
        kinds.append(Mess.WRONG_KEY)
    family, birth_family, given = person.family.upper(), columns.nomjf, _plain(person.given[0]).upper()
    if rng.random() < rates.MISSPELT_GIVEN:
        given = misspelt(given, rng)
    if rng.random() < rates.MISSPELT_FAMILY:
        family = misspelt(family, rng)
    elif person.family != person.birth_family and rng.random() < 0.5:
        family, birth_family = person.birth_family.upper(), ""
    again = msgspec.structs.replace(
        columns,
        numpat=number,
        nom=_plain(family),
        nomjf=birth_family,
        prenom=given,
        prenom2="",
        datnai=days.written(person.born),
        nir=nir,
        clenir=key if nir else "",
        mail="",
        comment1="",
        comment2="",
        login="",
        mdp="",
        datmdp=NOTHING,
        statut="A",
    )
    if person.died:
        kinds.append(Mess.DECEASED)
    if again.site != "01":
        kinds.append(Mess.SECOND_SITE)
    return again, tuple(kinds)


def misspelt(name: str, rng: Random) -> str:
    """A name with one slip of the hand: two letters swapped, one lost, one doubled."""
    if len(name) < 3:
        return name + name[-1:]
    at = 1 + int(rng.random() * (len(name) - 2))
    slip = int(rng.random() * 3)
    if slip == 0 and name[at] != name[at + 1]:
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    return name[:at] + name[at + 1 :] if slip == 1 else name[: at + 1] + name[at:]


def _names(person: Person, rng: Random, kinds: list[str]) -> tuple[str, str, tuple[str, ...]]:
    family, birth_family, names = person.family, person.birth_family, person.given
    if rng.random() < _UPPER:
        family, birth_family = _plain(family).upper(), _plain(birth_family).upper()
        names = tuple(_plain(name).upper() for name in names)
    elif rng.random() < rates.MOJIBAKE / (1 - _UPPER) * 3:
        # Two thirds of the names have no accent to lose.
        broken = _mojibake(names[0])
        if broken != names[0]:
            names = (broken, *names[1:])
            kinds.append(Mess.MOJIBAKE)
    if rng.random() >= rates.WITH_SURNAME:
        kinds.append(Mess.NO_SURNAME)
        family = ""
    return family, birth_family if person.family != person.birth_family or not family else "", names


def _mojibake(text: str) -> str:
    return text.encode("utf-8").decode("cp1252", "ignore")


def _born(person: Person, rng: Random, kinds: list[str]) -> Written:
    full = days.written(person.born)
    chance = rng.random()
    if chance < rates.TWO_DIGIT_BIRTH:
        kinds.append(Mess.TWO_DIGIT_YEAR)
        return days.shortened(full)
    if chance < rates.TWO_DIGIT_BIRTH + rates.IMPOSSIBLE_BIRTH:
        kinds.append(Mess.IMPOSSIBLE_DATE)
        return days.impossible(full, rng)
    return full


def _national_number(person: Person, rng: Random, kinds: list[str]) -> tuple[str, str]:
    whole = person.insured_nir or person.nir
    if rng.random() >= rates.WITH_NATIONAL_NUMBER:
        kinds.append(Mess.NO_NATIONAL_NUMBER)
        return "", ""
    if person.insured_nir:
        kinds.append(Mess.INSURED_NUMBER)
    body, key = whole[:_NIR_BODY], whole[_NIR_BODY:]
    if rng.random() < rates.WRONG_KEY:
        kinds.append(Mess.WRONG_KEY)
        key = f"{int(key) % 97 + 1:02d}"
    return body, key


def _portal(person: Person, rng: Random, kinds: list[str]) -> tuple[str, str]:
    if rng.random() >= rates.WITH_PASSWORD:
        return "", ""
    kinds.append(Mess.PASSWORD)
    name = _plain(person.given[0]).lower()
    return f"{name}{person.number}", f"{name}{days.written(person.born).slashed[-2:]}"


def _spelt(prescriber: staff.Prescriber, rng: Random) -> str:
    return pick(rng, prescriber.spellings) if rng.random() < rates.PRESCRIBER_SPELLING else prescriber.name


def _email(person: Person) -> str:
    return f"{_plain(person.given[0])}.{_plain(person.family)}{person.number}@example.org".lower()


def _telephone(block: str, rng: Random) -> str:
    number = f"{block} {int(rng.random() * 100):02d} {int(rng.random() * 100):02d}"
    return number.replace(" ", pick(rng, (" ", ".", "", "")))


def _plain(name: str) -> str:
    if name.isascii():
        return name
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
