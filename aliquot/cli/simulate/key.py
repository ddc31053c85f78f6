"""The answer key of the mapping: what each code, unit, status, user, prescriber and site of the old system means."""

from datetime import date
from functools import cache
from typing import Final

import msgspec

from aliquot.cli.simulate import catalogue, staff
from aliquot.cli.simulate.catalogue import Entry

STATUSES: Final = {
    "VB": "final",
    "VT": "preliminary",
    "P": "registered",
    "A": "cancelled",
    "R": "corrected",
    "D": "entered-in-error",
    "": "unknown",
}
"""Old status to FHIR's Observation.status: validated, technically validated, in hand, cancelled, corrected, deleted."""

HL7_STATUSES: Final = {"VB": "F", "VT": "P", "P": "I", "A": "X", "R": "C", "D": "D", "": ""}
"""The same in OBX-11 (HL7 table 0085)."""


class Code(msgspec.Struct, frozen=True):
    """What a code of the old catalogue means in [since, until) at these sites.

    A value in `ucum` divided by `factor` is one in `catalogue_ucum`: the unit of the demonstration's catalogue or,
    where `test` is empty, the old laboratory's last.
    """

    code: str
    label: str
    since: date
    until: date
    sites: tuple[str, ...]
    units: tuple[str, ...]
    test: str
    loinc: str
    ucum: str
    factor: float
    catalogue_ucum: str
    kinds: tuple[str, ...]


class Key(msgspec.Struct, frozen=True):
    """All answers. A spelling may mean several: `UI/l` is the unit of enzymes and of a hormone."""

    codes: tuple[Code, ...]
    units: dict[str, tuple[str, ...]]
    statuses: dict[str, str]
    hl7_statuses: dict[str, str]
    users: dict[str, tuple[str, ...]]
    prescribers: dict[str, tuple[str, ...]]
    sites: dict[str, str]


@cache
def key() -> Key:
    """The key; it is the same for every invented laboratory."""
    codes = tuple(_code(line.entry, line.mess) for line in catalogue.lines())
    return Key(
        codes=codes,
        units=_units(codes),
        statuses=STATUSES,
        hl7_statuses={short: STATUSES[status] for status, short in HL7_STATUSES.items()},
        users=_meant(staff.users()),
        prescribers=_meant(staff.prescribers()),
        sites={number: name for number, name, _ in staff.SITES},
    )


def _code(entry: Entry, kinds: tuple[str, ...]) -> Code:
    plain = [other.ucum for other in catalogue.entries() if other.analyte == entry.analyte and other.factor == 1]
    return Code(
        code=entry.code,
        label=entry.label,
        since=entry.since,
        until=entry.until,
        sites=entry.sites,
        units=(entry.unit, *entry.spellings),
        test=catalogue.analyte(entry).test,
        loinc=entry.loinc,
        ucum=entry.ucum,
        factor=entry.factor,
        catalogue_ucum=plain[0],
        kinds=kinds,
    )


def _units(codes: tuple[Code, ...]) -> dict[str, tuple[str, ...]]:
    pairs = sorted({(unit, code.ucum) for code in codes for unit in code.units if unit})
    return {unit: tuple(ucum for other, ucum in pairs if other == unit) for unit, _ in pairs}


def _meant(people: tuple[staff.Person, ...]) -> dict[str, tuple[str, ...]]:
    meant: dict[str, tuple[str, ...]] = {}
    for person in people:
        for spelling in dict.fromkeys((person.name, *person.spellings)):
            meant[spelling] = (*meant.get(spelling, ()), person.name)
    return meant
