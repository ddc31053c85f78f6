"""What is asked for: tests and panels become orders, the tubes that they need, and one requisition."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from aliquot.access import rows
from aliquot.access.acts import PlaceOrder, PrintLabels
from aliquot.access.grant import Draft, Grant
from aliquot.access.rows import Stored
from aliquot.lab import catalogue as catalogues
from aliquot.lab import content, numbers, records, reference, repetition, routing, specimens
from aliquot.lab.catalogue import Catalogue, Test
from aliquot.lab.setting import Setting
from aliquot.lab.specimens import Need, Place
from aliquot.terms import ids, states
from aliquot.terms.errors import Refused
from aliquot.terms.identity import Demography, Note, Sex
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind

Priority = Literal["routine", "urgent", "asap", "stat"]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request as it came in. `number` is drawn by `numbers.draw` when the form is rendered.

    `borne` are numbers of tubes that came labelled by somebody else, in the order in which `tubes` names them.
    """

    site: str
    number: int
    tests: tuple[str, ...] = ()
    panels: tuple[str, ...] = ()
    priority: Priority = "routine"
    prescriber: str = ""
    prescriber_id: str = ""
    clinical_note: str = ""
    borne: tuple[str, ...] = ()


class Asked(msgspec.Struct, frozen=True):
    """One test asked for, and the panel that it came in, if any."""

    test: Test
    panel: str = ""


class Tube(msgspec.Struct, frozen=True):
    """One expected tube of a requisition."""

    specimen: Id
    need: Need


class Placed(msgspec.Struct, frozen=True):
    """What came of a request. `orders` gives for each test code the id of its order."""

    requisition: Id
    number: str
    tubes: tuple[Tube, ...]
    orders: dict[str, Id]


class Label(msgspec.Struct, frozen=True):
    """What a tube's label says before it is typeset; `given_initial` is a letter or nothing.

    Where custody shows no identity, the label has none: somebody writes it by hand, beside the patient.
    """

    specimen: Id
    accession: str
    family: str
    given_initial: str
    born_on: date | None
    tube: str
    specimen_type: str
    tests: tuple[str, ...]
    priority: str


def place(grant: Grant[PlaceOrder], wanted: Wanted, where: Setting, *, at: datetime) -> Placed:
    """Ask for tests (O1, O2): one requisition, one order for each test, one tube for each kind that is needed.

    Raises:
        Refused: nothing is asked for, a test or panel is not in the catalogue or cannot be asked for, a test is asked
            for twice, or the patient was born after this day.
        Denial: `identifier-taken`, when the `with` ends: another number has to be drawn.
    """
    requisition, patient = Id(grant.act.work), grant.act.subject
    if repetition.is_done(grant):
        return _placed(requisition, wanted, where.catalogue)
    asked = expand(wanted, where.catalogue)
    said = _requisition(wanted, _who(grant), where, at)
    grant.route(routing.asked(requisition, patient, wanted.site, wanted.priority, at))
    grant.write(Draft(Kind.REQUISITION, requisition, 1, "open", (), said, site=wanted.site))
    orders = {each.test.code: _order(grant, each, wanted, at) for each in asked}
    if wanted.clinical_note:
        _note(grant, wanted.clinical_note, at)
    place_ = Place(requisition, wanted.site)
    expected = tuple(
        Tube(specimens.expect(grant, place_, need, at=at), need) for need in tubes(asked, wanted.number, wanted.borne)
    )
    return Placed(requisition, said.number, expected, orders)


def expand(wanted: Wanted, catalogue: Catalogue) -> tuple[Asked, ...]:
    """The single tests of a request, in the order in which they were asked for.

    Raises:
        Refused: as `place`.
    """
    alone = [Asked(catalogues.test(catalogue, code)) for code in wanted.tests]
    within = [
        Asked(catalogues.test(catalogue, code), panel)
        for panel in wanted.panels
        for code in catalogues.panel(catalogue, panel).tests
    ]
    asked = (*alone, *within)
    if not asked:
        raise Refused("order.tests: nothing is asked for")
    if not all(each.test.orderable for each in asked):
        raise Refused("order.tests: one of them cannot be asked for")
    if len({each.test.code for each in asked}) != len(asked):
        raise Refused("order.tests: one of them is asked for twice, alone or in a panel")
    return asked


def tubes(asked: Iterable[Asked], number: int, borne: Sequence[str] = ()) -> tuple[Need, ...]:
    """The tubes that some tests need: those of one specimen type and one kind of tube share one.

    A tube that bears a number already keeps it; the others get one of ours.
    """
    shared: dict[tuple[str, str], list[Test]] = {}
    for each in asked:
        shared.setdefault((each.test.specimen_type, each.test.tube), []).append(each.test)
    return tuple(
        Need(
            borne[position] if position < len(borne) else numbers.accession(number, position),
            specimen_type,
            tube,
            tuple(test.code for test in tests),
            specimens.bench(tests),
        )
        for position, ((specimen_type, tube), tests) in enumerate(shared.items())
    )


def age(born_on: date, on: date) -> str:
    """A patient's age as the bench reads it: days in the first year (`12 d`), then years (`34 y`).

    Raises:
        Refused: born after that day.
    """
    days = (on - born_on).days
    if days < 0:
        raise Refused("order: the patient was born after this day")
    years = reference.age_years(born_on, on)
    return f"{years} y" if years else f"{days} d"


def labels(grant: Grant[PrintLabels]) -> tuple[Label, ...]:
    """The labels of a requisition's tubes that are still to be filled."""
    opened = grant.read(rows.of_work((Id(grant.act.work),), (Kind.REQUISITION, Kind.SPECIMEN)))
    demography = _who(grant)
    requisition = records.one(opened, Kind.REQUISITION, content.Requisition).content
    return tuple(
        Label(
            specimen=specimen.id,
            accession=specimen.content.accession,
            family=demography.family if demography else "",
            given_initial=demography.given[0][:1] if demography and demography.given else "",
            born_on=demography.born_on if demography else None,
            tube=specimen.content.tube,
            specimen_type=specimen.content.specimen_type,
            tests=specimen.content.tests,
            priority=requisition.priority,
        )
        for specimen in records.of(opened, Kind.SPECIMEN, content.Specimen)
        if specimen.state in {states.Specimen.EXPECTED, states.Specimen.COLLECTED}
    )


def _who(grant: Grant[PlaceOrder | PrintLabels]) -> Demography | None:
    """Who it is for. Nobody, where custody withholds it: an order is taken and its tubes are labelled all the same."""
    stored = rows.of_subject(grant.act.subject, (Kind.DEMOGRAPHY,))
    opened = grant.read(stored)
    return None if stored and not opened else records.one(opened, Kind.DEMOGRAPHY, Demography).content


def _requisition(wanted: Wanted, demography: Demography | None, where: Setting, at: datetime) -> content.Requisition:
    today = at.astimezone(ZoneInfo(where.laboratory.time_zone)).date()
    return content.Requisition(
        number=numbers.requisition(wanted.number),
        prescriber=wanted.prescriber,
        prescriber_id=wanted.prescriber_id,
        ordered_at=at,
        catalogue_version=where.catalogue.version,
        sex=demography.sex if demography else Sex.UNKNOWN,
        age=age(demography.born_on, today) if demography else "",
        priority=wanted.priority,
    )


def _order(grant: Grant[PlaceOrder], asked: Asked, wanted: Wanted, at: datetime) -> Id:
    requisition = Id(grant.act.work)
    order = ids.new(ids.org_of(requisition), at)
    item = content.OrderItem(test=asked.test.code, panel=asked.panel, priority=wanted.priority)
    grant.write(Draft(Kind.ORDER, order, 1, states.Order.ACTIVE, (requisition,), item, harm=asked.test.harm))
    return order


def _note(grant: Grant[PlaceOrder], text: str, at: datetime) -> None:
    requisition = Id(grant.act.work)
    note = ids.new(ids.org_of(requisition), at)
    grant.write(Draft(Kind.CLINICAL_NOTE, note, 1, "known", (requisition,), Note(text)))


def _placed(requisition: Id, wanted: Wanted, catalogue: Catalogue) -> Placed:
    """What the same form came to before: rows stand in the order in which they were written."""
    asked = expand(wanted, catalogue)
    stored = rows.latest(rows.of_work((requisition,), (Kind.ORDER, Kind.SPECIMEN)))
    return Placed(
        requisition,
        numbers.requisition(wanted.number),
        # Tubes that were asked for again came later, and are not of this outcome.
        tuple(map(Tube, _of(stored, Kind.SPECIMEN), tubes(asked, wanted.number, wanted.borne))),
        dict(zip((each.test.code for each in asked), _of(stored, Kind.ORDER), strict=False)),
    )


def _of(stored: Iterable[Stored], kind: Kind) -> list[Id]:
    return [Id(one.row.id) for one in stored if one.row.kind == kind]
