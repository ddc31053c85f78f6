"""A reception at work: people of the cast do what they do all day, each thing one act."""

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from aliquot.access import acts, door, rows
from aliquot.access.acts import (
    ListBench,
    OpenIdentity,
    PlaceOrder,
    PrintLabels,
    PublishCatalogue,
    ReceiveSpecimen,
    RegisterPatient,
    RejectSpecimen,
)
from aliquot.access.door import Actor, Intent
from aliquot.custody.protocol import Factor
from aliquot.lab import catalogue, catalogues, content, numbers, orders, patients, records, rejections, specimens
from aliquot.lab.catalogue import Catalogue
from aliquot.lab.content import Laboratory, Observation
from aliquot.lab.orders import Placed, Wanted
from aliquot.lab.patients import Identity, Registration
from aliquot.lab.records import Kept
from aliquot.lab.rejections import Refusal, Rejected
from aliquot.lab.setting import Setting
from aliquot.lab.specimens import Arrival, Checks, Received
from aliquot.lab.statuses import Role
from aliquot.record import models
from aliquot.terms import canonical, ids
from aliquot.terms.identity import Demography, Sex
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose
from aliquot.terms.quantities import Quantity
from tests.world import World

SMALL = """
version = 1

[[tests]]
code = "NA"
loinc = "2951-2"
names = { en = "Sodium", fr = "Sodium" }
section = "biochemistry"
specimen_type = "SER"
tube = "yellow"
method = "ion-selective electrode"
ucum = "mmol/L"

[[tests]]
code = "K"
loinc = "2823-3"
names = { en = "Potassium", fr = "Potassium" }
section = "biochemistry"
specimen_type = "SER"
tube = "yellow"
method = "ion-selective electrode"
ucum = "mmol/L"
decimals = 1

[[tests]]
code = "HB"
loinc = "718-7"
names = { en = "Haemoglobin", fr = "Hémoglobine" }
section = "haematology"
specimen_type = "WB"
tube = "purple"
method = "photometry"
ucum = "g/dL"
decimals = 1

[[tests]]
code = "HIV"
loinc = "56888-1"
names = { en = "HIV", fr = "VIH" }
section = "serology"
specimen_type = "SER"
tube = "yellow"
method = "chemiluminescence"
harm = 2
answers = [{ system = "s", code = "neg", names = { en = "negative", fr = "négatif" }, flag = "N" }]

[[tests]]
code = "URINE"
loinc = "2955-3"
names = { en = "Sodium in urine", fr = "Sodium urinaire" }
section = "biochemistry"
specimen_type = "UR"
tube = "urine"
method = "ion-selective electrode"
ucum = "mmol/L"

[[tests]]
code = "OLD"
loinc = "1-8"
names = { en = "Withdrawn", fr = "Retiré" }
section = "serology"
specimen_type = "SER"
tube = "yellow"
method = "none"
ucum = "mmol/L"
orderable = false

[[panels]]
code = "IONS"
names = { en = "Electrolytes", fr = "Ionogramme" }
tests = ["NA", "K"]
"""
CATALOGUE = catalogue.parse(SMALL)
SETTING = Setting(CATALOGUE, Laboratory("Nord", ("1 rue de l'Exemple",), "", "Dr Exemple", "", "Europe/Paris", "fr"))
JEANNE = Demography("Zélande", ("Jeanne", "Odile"), date(1961, 4, 1), Sex.FEMALE)
SODIUM = Observation(
    test="NA",
    loinc="2951-2",
    name="Sodium",
    value=Quantity(Decimal("141"), "mmol/L"),
    reference=None,
    flag="",
    holds=(),
    method="",
    device="",
    instrument_flags=(),
    collected_at=None,
    measured_at=None,
    run="",
    rules="",
    specimen_type="SER",
)
GOOD = Checks("yellow", readable=True, identity_agrees=True, enough=True)


@dataclass(frozen=True)
class Desk:
    """One person at work in one laboratory."""

    lab: World
    actor: Actor

    def id(self) -> Id:
        """A fresh id of this laboratory."""
        return ids.new(self.actor.org, self.lab.clock())

    def meant(self, wanted: bytes = b"", purpose: Purpose = Purpose.TREAT) -> Intent:
        """An intent as a form makes it."""
        return Intent(purpose, self.id(), hashlib.sha256(wanted).digest())

    def person(self, demography: Demography = JEANNE, nir: str = "") -> Registration:
        """A registration after a search."""
        return Registration(demography, numbers.draw_file_number(), self.lab.clock(), nir=nir)

    def register(self, person: Registration | None = None) -> Id:
        """Make somebody known."""
        with door.enter(self.actor, RegisterPatient(self.id()), self.meant()) as grant:
            return patients.register(grant, person or self.person(), at=self.lab.clock())

    def shown(self, patient: Id) -> Identity:
        """Who a patient is."""
        with door.enter(self.actor, OpenIdentity(patient), self.meant()) as grant:
            return patients.identity(grant)

    def place(self, patient: Id, wanted: Wanted) -> Placed:
        """Ask for tests."""
        with door.enter(self.actor, PlaceOrder(patient, self.id()), self.meant(canonical.encode(wanted))) as grant:
            return orders.place(grant, wanted, SETTING, at=self.lab.clock())

    def labels(self, patient: Id, placed: Placed) -> tuple[orders.Label, ...]:
        """Print the labels."""
        with door.enter(self.actor, PrintLabels(patient, placed.requisition), self.meant()) as grant:
            return orders.labels(grant)

    def receive(self, patient: Id, placed: Placed, arrival: Arrival) -> Received:
        """Take a tube in."""
        with door.enter(self.actor, ReceiveSpecimen(patient, placed.requisition), self.meant()) as grant:
            return specimens.receive(grant, arrival, at=self.lab.clock())

    def reject(self, patient: Id, placed: Placed, refusal: Refusal) -> Rejected:
        """Refuse a tube."""
        with door.enter(self.actor, RejectSpecimen(patient, placed.requisition), self.meant()) as grant:
            return rejections.reject(grant, refusal, SETTING, at=self.lab.clock())


def desk(lab: World, who: str) -> Desk:
    """Somebody of the cast at work: `secretary@nord`."""
    return Desk(lab, lab.sign_in(who))


def publish(lab: World, version: Catalogue = CATALOGUE, who: str = "director@nord") -> None:
    """The director puts a catalogue in force."""
    actor = lab.sign_in(who)
    factor = Factor(code=lab.code(who))
    meant = Intent(
        Purpose.HOPERAT,
        ids.new(actor.org, lab.clock()),
        hashlib.sha256(canonical.encode(version)).digest(),
        factor=factor,
    )
    with door.enter(actor, PublishCatalogue(acts.organization(actor.org)), meant) as grant:
        catalogues.publish(grant, version)


def wanted(*tests: str, panels: tuple[str, ...] = ()) -> Wanted:
    """A request at the site of the north."""
    return Wanted("nord", numbers.draw(), tests=tests, panels=panels, prescriber="Dr Exemple")


def arrival(placed: Placed, tube: int = 0, role: Role = Role.TECHNICIAN, checks: Checks | None = GOOD) -> Arrival:
    """A tube of a requisition, as it stands in the rack."""
    expected = placed.tubes[tube]
    return Arrival(expected.specimen, expected.need.accession, role, checks=checks)


def reception(lab: World, *tests: str) -> tuple[Desk, Desk, Id, Placed]:
    """A secretary, a technician, and a patient with a request."""
    secretary, technician = desk(lab, "secretary@nord"), desk(lab, "technician@nord")
    patient = secretary.register()
    return secretary, technician, patient, secretary.place(patient, wanted(*tests))


def bench(technician: Desk, patient: Id, placed: Placed) -> list[Kept[content.Specimen]]:
    """The tubes of a requisition as the bench sees them."""
    with door.enter(technician.actor, ListBench(patient, placed.requisition), technician.meant()) as grant:
        opened = grant.read(rows.of_work((placed.requisition,), (Kind.SPECIMEN,)))
    return records.of(opened, Kind.SPECIMEN, content.Specimen)


def hints(placed: Placed) -> tuple[str, list[str]]:
    """What the requisition and its tubes wait for."""
    tubes = models.Specimen.objects.filter(requisition=placed.requisition)
    return models.Requisition.objects.get(id=placed.requisition).awaits, sorted(tube.awaits for tube in tubes)
