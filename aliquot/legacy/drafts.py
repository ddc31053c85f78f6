"""What a person and a dossier of the old system become here. Pure.

Nothing is added: a tube has its old number or none, a range is the one that was applied, and a result whose method was
not mapped names none, so that the delta check leaves it alone (I6).
"""

from collections.abc import Callable
from datetime import datetime, time
from zoneinfo import ZoneInfo

from aliquot.lab import content, orders, setting
from aliquot.lab.pasts import Origin, Past, PastResult
from aliquot.lab.patients import Registration
from aliquot.lab.setting import Setting
from aliquot.legacy import cells
from aliquot.legacy.lines import Line, Reader, Visit
from aliquot.legacy.map import Map
from aliquot.legacy.people import Person
from aliquot.legacy.sorting import Dossier
from aliquot.terms import states
from aliquot.terms.identity import Identifier
from aliquot.terms.ids import Id

STATES = {"final": states.Analysis.RELEASED, "unknown": states.Analysis.UNKNOWN}
"""What the old status becomes: final only if the old system said that it was validated (I5)."""


def registration(person: Person, drawn: Map, at: datetime) -> Registration:
    """A person as reception registers somebody; they keep the number that they had."""
    return Registration(
        demography=person.demography,
        file_number="",
        searched_at=at,
        birth_family=person.birth_family,
        birthplace_insee=person.birthplace_insee,
        nir=person.nir,
        elsewhere=(Identifier(drawn.system, person.number),),
        contact=person.contact,
        note=person.note,
    )


def identifiers(person: Person, drawn: Map) -> tuple[tuple[str, str], ...]:
    """The numbers by which somebody may be known here already, as they are looked up."""
    own = ("extid", f"{drawn.system}|{person.number}")
    return (own, ("nir", person.nir)) if person.nir else (own,)


def past(dossier: Dossier, reader: Reader, drawn: Map, where: Setting, name: Callable[[Line], Id | None]) -> Past:
    """A dossier as a closed requisition with its results. `name` gives each result the id of its row."""
    return Past(
        site=dossier.lines[0].visit.site,
        requisition=requisition(dossier, dossier.lines[0].visit, ZoneInfo(drawn.zone), where),
        tubes=_tubes(dossier, reader),
        results=tuple(
            PastResult(line.test.code, observation(line, reader, where), STATES[line.status], name(line))
            for line in dossier.lines
        ),
        origin=Origin(
            drawn.mandate,
            dossier.patient,
            dossier.number,
            tuple(reader.original(line.cells) for line in dossier.lines),
        ),
    )


def requisition(dossier: Dossier, visit: Visit, zone: ZoneInfo, where: Setting) -> content.Requisition:
    """What was asked for, as far as the old system says: the visit is that of the first result in it."""
    return content.Requisition(
        number=dossier.number,
        prescriber=visit.prescriber,
        prescriber_id="",
        ordered_at=visit.collected_at or cells.instant(visit.collected_on, time.min, zone),
        catalogue_version=where.catalogue.version,
        sex=dossier.bearer.sex,
        age=orders.age(dossier.bearer.born_on, visit.collected_on),
        priority="routine",
    )


def observation(line: Line, reader: Reader, where: Setting) -> content.Observation:
    """A result as it was."""
    test = line.test
    return content.Observation(
        test=test.code,
        loinc=line.loinc,
        name=setting.name(where, test),
        value=line.value,
        reference=reader.reference(line.cells),
        flag=line.flag,
        holds=(),
        method=test.method if line.same_method else "",
        device="",
        instrument_flags=(),
        collected_at=line.visit.collected_at,
        measured_at=None,
        run="",
        rules="",
        specimen_type=test.specimen_type,
    )


def _tubes(dossier: Dossier, reader: Reader) -> tuple[content.Specimen, ...]:
    """One tube for each kind that the tests need, with the old number of the first result measured on it."""
    shared: dict[tuple[str, str], list[Line]] = {}
    for line in dossier.lines:
        shared.setdefault((line.test.specimen_type, line.test.tube), []).append(line)
    return tuple(
        content.Specimen(
            accession=reader.tube(of_tube[0].cells),
            specimen_type=specimen_type,
            tube=tube,
            tests=tuple(dict.fromkeys(line.test.code for line in of_tube)),
            collected_at=of_tube[0].visit.collected_at,
        )
        for (specimen_type, tube), of_tube in shared.items()
    )
