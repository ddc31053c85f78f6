"""The history that leaves: what the mandate is for and no more, and nobody of the staff by name or reference."""

from datetime import timedelta

import pytest

from aliquot.access import exporting
from aliquot.access.exporting import Leave
from aliquot.cli.scratch import World
from aliquot.custody.answers import Access
from aliquot.custody.denial import Denial
from aliquot.terms.ids import Id
from tests.custody import departing
from tests.custody.speaker import JEANNE, Speaker, observation, person


def told(under: Leave, patient: Id) -> tuple[Access, ...]:
    """The history of one patient, as the exporter is told it."""
    with under.opening(patient) as grant:
        return exporting.histories([grant])[0]


@pytest.fixture
def staff(small_lab: World) -> tuple[Speaker, Speaker]:
    return person(small_lab, "secretary@nord"), person(small_lab, "technician@nord")


def test_a_mandate_that_does_not_name_it_tells_nobody_who_opened_a_patient(
    small_lab: World, staff: tuple[Speaker, Speaker]
) -> None:
    patient, _ = staff[0].register(JEANNE)
    staff[0].order(patient)
    to, porter = departing.receiving(small_lab), departing.exporter(small_lab)
    plain = departing.signed(small_lab, departing.export_form(small_lab, to))
    with pytest.raises(Denial, match="does not name the history"):
        told(departing.leave(small_lab, porter, plain), patient)
    named = departing.signed(small_lab, departing.export_form(small_lab, to, history=True))
    assert told(departing.leave(small_lab, porter, named), patient)


def test_only_entries_of_the_days_and_of_requisitions_in_scope_leave(
    small_lab: World, staff: tuple[Speaker, Speaker]
) -> None:
    secretary, technician = staff
    patient, _ = secretary.register(JEANNE)
    work, _ = secretary.order(patient)
    other, _ = secretary.order(patient)
    technician.result(patient, work, observation(technician.id(), work))
    technician.result(patient, other, observation(technician.id(), other))
    small_lab.custodian.custodian.store.db.execute("UPDATE work SET site = 'annexe' WHERE id = ?", (other,))
    today = small_lab.clock().date()
    to, porter = departing.receiving(small_lab), departing.exporter(small_lab)
    form = departing.export_form(small_lab, to, first_on=today, last_on=today, history=True)
    mandate = departing.signed(small_lab, form)
    today_told = told(departing.leave(small_lab, porter, mandate), patient)
    about = "SELECT count(*) FROM act WHERE subject = ? AND work = ?"
    db = small_lab.custodian.custodian.store.db
    assert db.execute(about, (patient, work)).fetchone() == db.execute(about, (patient, other)).fetchone() != (0,)
    results = [one for one in today_told if one.act == "TypeResult" and one.step == "enter"]
    assert len(results) == 1
    small_lab.clock.pass_(timedelta(days=1))
    tomorrow_told = told(departing.leave(small_lab, porter, mandate), patient)
    assert tomorrow_told == today_told
    assert {one.at.date() for one in tomorrow_told} == {today}
    person(small_lab, "secretary@nord").order(patient)
    tomorrow = small_lab.clock().date()
    form = departing.export_form(small_lab, to, first_on=tomorrow, last_on=tomorrow, history=True)
    later = told(departing.leave(small_lab, porter, departing.signed(small_lab, form)), patient)
    assert {one.at.date() for one in later} == {tomorrow}


def test_the_staff_are_roles_and_pseudonyms_of_one_export(small_lab: World, staff: tuple[Speaker, Speaker]) -> None:
    secretary, technician = staff
    patient, _ = secretary.register(JEANNE)
    work, _ = secretary.order(patient)
    technician.result(patient, work, observation(technician.id(), work))
    to, porter = departing.receiving(small_lab), departing.exporter(small_lab)
    form = departing.export_form(small_lab, to, history=True)
    first, second = (
        told(departing.leave(small_lab, porter, departing.signed(small_lab, form)), patient) for _ in range(2)
    )
    by_role = {role: {one.person for one in first if role in one.roles} for role in ("secretary", "technician")}
    assert [len(people) for people in by_role.values()] == [1, 1]
    assert by_role["secretary"] != by_role["technician"]
    known = {one.hex() for (one,) in small_lab.custodian.custodian.store.db.execute("SELECT id FROM person")}
    assert not known & {one.person for one in (*first, *second)}
    assert not {one.person for one in first} & {one.person for one in second}
