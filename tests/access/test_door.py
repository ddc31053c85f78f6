"""The protocol of an act, on both engines, against a real custodian."""

from datetime import date

import msgspec
import pytest

from aliquot.access import door, rows
from aliquot.access.acts import OpenIdentity, PlaceOrder, RegisterPatient
from aliquot.access.door import Actor, Intent
from aliquot.access.grant import Draft
from aliquot.access.routing import Routing, Statement
from aliquot.custody.denial import Denial
from aliquot.record.models import Subject, Version
from aliquot.terms import ids, purposes
from aliquot.terms.identity import Contact, Demography, Identifier, Identifiers, Sex
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from tests.world import World

JEANNE = Demography("Zélande", ("Jeanne",), date(1961, 4, 1), Sex.FEMALE)


def register(lab: World, actor: Actor, number: str = "P1", given: str = "Jeanne") -> Id:
    """One patient, through the door."""
    patient = ids.new(actor.org, lab.clock())
    meant = Intent(purposes.Purpose.PATADMIN, ids.new(actor.org, lab.clock()))
    with door.enter(actor, RegisterPatient(patient), meant) as grant:
        grant.route(Routing(Statement("INSERT INTO subject (id) VALUES (%s)"), (patient,)))
        person = Demography(JEANNE.family, (given,), JEANNE.born_on, JEANNE.sex)
        grant.write(Draft(Kind.DEMOGRAPHY, ids.new(actor.org, lab.clock()), 1, "known", (), person))
        known = Identifiers((Identifier("urn:file", number),))
        grant.write(
            Draft(Kind.IDENTIFIERS, ids.new(actor.org, lab.clock()), 1, "known", (), known, tokens=(("file", number),))
        )
    return patient


def test_what_was_registered_can_be_opened_and_says_the_same(lab: World) -> None:
    secretary = lab.sign_in("secretary@nord")
    patient = register(lab, secretary)
    with door.enter(secretary, OpenIdentity(patient), door.intent(secretary, lab.clock(), "PATADMIN")) as grant:
        opened = grant.read(rows.of_subject(patient), whole=True)
    assert [record.kind for record in opened] == [Kind.DEMOGRAPHY, Kind.IDENTIFIERS]
    assert "Zélande" in opened[0].body.decode()
    assert grant.missing == 0


def test_nothing_of_a_patient_is_in_clear_in_the_record(lab: World) -> None:
    register(lab, lab.sign_in("secretary@nord"))
    for version in Version.objects.all():
        assert b"Jeanne" not in version.sealed
        assert b"1961" not in version.sealed


def test_a_second_patient_of_the_same_number_is_refused_and_leaves_nothing(lab: World) -> None:
    secretary = lab.sign_in("secretary@nord")
    register(lab, secretary)
    with pytest.raises(Denial) as refused:
        register(lab, secretary, given="Other")
    assert refused.value.code == "identifier-taken"
    assert Subject.objects.count() == 1
    assert Version.objects.count() == 2


def test_a_deleted_row_shows_when_the_dossier_is_opened(lab: World) -> None:
    secretary = lab.sign_in("secretary@nord")
    patient = register(lab, secretary)
    Version.objects.filter(kind=Kind.IDENTIFIERS).delete()
    with door.enter(secretary, OpenIdentity(patient), door.intent(secretary, lab.clock(), "PATADMIN")) as grant:
        grant.read(rows.of_subject(patient), whole=True)
    assert grant.missing == 1


def test_an_order_of_another_laboratory_is_refused(lab: World) -> None:
    patient = register(lab, lab.sign_in("secretary@nord"))
    stranger = lab.sign_in("secretary@sud")
    with pytest.raises(Denial) as refused:
        door.note(stranger, PlaceOrder(patient), door.intent(stranger, lab.clock()))
    assert refused.value.code == "other-organization"


def test_an_address_of_ten_megabytes_is_kept_and_read_back(small_lab: World) -> None:
    secretary = small_lab.sign_in("secretary@nord")
    patient = ids.new(secretary.org, small_lab.clock())
    contact = Contact(("x" * 10_000_000,), "99000", "Nord", "", "")
    with door.enter(
        secretary, RegisterPatient(patient), door.intent(secretary, small_lab.clock(), "PATADMIN")
    ) as grant:
        grant.route(Routing(Statement("INSERT INTO subject (id) VALUES (%s)"), (patient,)))
        grant.write(Draft(Kind.DEMOGRAPHY, ids.new(secretary.org, small_lab.clock()), 1, "known", (), JEANNE))
        grant.write(Draft(Kind.CONTACT, ids.new(secretary.org, small_lab.clock()), 1, "known", (), contact))
    with door.enter(secretary, OpenIdentity(patient), door.intent(secretary, small_lab.clock(), "PATADMIN")) as grant:
        opened = grant.read(rows.of_subject(patient))
    assert msgspec.json.decode(opened[1].body, type=Contact) == contact
