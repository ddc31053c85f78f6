import hashlib
from datetime import date, timedelta

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aliquot.access import door, rows
from aliquot.access.acts import ListBench, PlaceOrder, RejectSpecimen
from aliquot.access.door import Intent
from aliquot.access.grant import Record
from aliquot.custody.denial import Denial
from aliquot.lab import content, orders, records
from aliquot.lab.orders import Placed, Wanted
from aliquot.lab.statuses import Role
from aliquot.record.models import Requisition, Specimen, Version
from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.terms.identity import Demography, Sex
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Harm, Kind
from aliquot.terms.purposes import Purpose
from tests.lab import desk
from tests.lab.desk import CATALOGUE, JEANNE, SETTING, Desk
from tests.world import World


def again(at: Desk, act: PlaceOrder, meant: Intent, wanted: Wanted) -> Placed:
    """The same form, sent."""
    with door.enter(at.actor, act, meant) as grant:
        return orders.place(grant, wanted, SETTING, at=at.lab.clock())


def test_a_panel_and_a_test_become_orders_and_the_tubes_they_need(lab: World) -> None:
    secretary = desk.desk(lab, "secretary@nord")
    patient = secretary.register()
    placed = secretary.place(patient, desk.wanted("HB", "HIV", panels=("IONS",)))
    assert list(placed.orders) == ["HB", "HIV", "NA", "K"]
    assert [(tube.need.tests, tube.need.bench) for tube in placed.tubes] == [
        (("HB",), "haematology"),
        (("HIV", "NA", "K"), "several"),
    ]
    labels = secretary.labels(patient, placed)
    assert [label.accession for label in labels] == [tube.need.accession for tube in placed.tubes]
    assert {(label.family, label.given_initial, label.born_on) for label in labels} == {
        ("Zélande", "J", JEANNE.born_on)
    }


def test_the_bench_reads_sex_age_and_the_tests_but_neither_name_nor_what_is_restricted(lab: World) -> None:
    secretary, technician = desk.desk(lab, "secretary@nord"), desk.desk(lab, "technician@nord")
    patient = secretary.register()
    placed = secretary.place(patient, desk.wanted("HIV", "NA"))
    with door.enter(technician.actor, ListBench(patient, placed.requisition), technician.meant()) as grant:
        opened = grant.read(rows.of_subject(patient))
    requisition = records.one(opened, Kind.REQUISITION, content.Requisition).content
    assert (requisition.sex, requisition.age, requisition.number[0]) == (Sex.FEMALE, "65 y", "R")
    assert [order.content.test for order in records.of(opened, Kind.ORDER, content.OrderItem)] == ["NA"]
    assert {record.kind for record in opened} == {Kind.REQUISITION, Kind.ORDER, Kind.SPECIMEN}
    assert not [record for record in opened if "Zélande".encode() in record.body]


def test_an_order_of_a_restricted_test_is_sealed_as_such(small_lab: World) -> None:
    secretary, technician = desk.desk(small_lab, "secretary@nord"), desk.desk(small_lab, "technician@nord")
    patient = secretary.register()
    placed = secretary.place(patient, desk.wanted("HIV", panels=("IONS",)))
    secretary.receive(patient, placed, desk.arrival(placed, role=Role.SECRETARY, checks=None))
    with door.enter(technician.actor, RejectSpecimen(patient, placed.requisition), technician.meant()) as grant:
        opened = grant.read(rows.of_work((placed.requisition,), (Kind.ORDER,)))
    found = {order.content.test: (order.harm, order.content.panel) for order in _orders(opened)}
    assert found == {"HIV": (Harm.RESTRICTED, ""), "NA": (Harm.NORMAL, "IONS"), "K": (Harm.NORMAL, "IONS")}


def _orders(opened: list[Record]) -> list[records.Kept[content.OrderItem]]:
    return records.of(opened, Kind.ORDER, content.OrderItem)


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        (desk.wanted(), "nothing is asked for"),
        (desk.wanted("XYZ"), "no test with this code"),
        (desk.wanted(panels=("XYZ",)), "no panel with this code"),
        (desk.wanted("OLD"), "cannot be asked for"),
        (desk.wanted("NA", panels=("IONS",)), "asked for twice"),
        (desk.wanted("NA", "NA"), "asked for twice"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_its_reason(wanted: Wanted, place: str) -> None:
    with pytest.raises(Refused, match=place):
        orders.expand(wanted, CATALOGUE)


def test_a_refused_request_leaves_nothing(small_lab: World) -> None:
    secretary = desk.desk(small_lab, "secretary@nord")
    patient = secretary.register()
    kept = Version.objects.count()
    with pytest.raises(Refused):
        secretary.place(patient, desk.wanted("NA", "NA"))
    assert (Version.objects.count(), Requisition.objects.count(), Specimen.objects.count()) == (kept, 0, 0)


@pytest.mark.parametrize(
    ("born_on", "told"),
    [
        (date(2026, 11, 23), "0 d"),
        (date(2025, 11, 24), "364 d"),
        (date(2025, 11, 23), "1 y"),
        (date(1961, 11, 24), "64 y"),
    ],
)
def test_an_age_is_told_in_days_and_then_in_years(born_on: date, told: str) -> None:
    assert orders.age(born_on, date(2026, 11, 23)) == told


def test_nobody_is_asked_for_before_their_birth() -> None:
    with pytest.raises(Refused, match="born after this day"):
        orders.age(date(2026, 11, 24), date(2026, 11, 23))


def test_a_child_born_after_midnight_has_its_age_by_the_clock_of_the_place(small_lab: World) -> None:
    small_lab.clock.pass_(timedelta(hours=14, minutes=30))
    assert (small_lab.clock().day, small_lab.clock().hour) == (23, 23)
    secretary = desk.desk(small_lab, "secretary@nord")
    child = Demography("Zélande", (), date(2026, 11, 24), Sex.UNKNOWN)
    patient = secretary.register(secretary.person(child))
    placed = secretary.place(patient, desk.wanted("NA"))
    assert [label.given_initial for label in secretary.labels(patient, placed)] == [""]


def test_the_same_form_sent_twice_is_one_request_with_one_outcome(lab: World) -> None:
    secretary = desk.desk(lab, "secretary@nord")
    patient, wanted = secretary.register(), desk.wanted("HB", panels=("IONS",))
    act, meant = PlaceOrder(patient, secretary.id()), secretary.meant(canonical.encode(wanted))
    first = again(secretary, act, meant, wanted)
    kept = Version.objects.count()
    assert again(secretary, act, meant, wanted) == first
    assert (Version.objects.count(), Requisition.objects.count()) == (kept, 1)


def test_the_same_form_with_other_content_is_refused(small_lab: World) -> None:
    secretary = desk.desk(small_lab, "secretary@nord")
    patient, wanted = secretary.register(), desk.wanted("HB")
    act, meant = PlaceOrder(patient, secretary.id()), secretary.meant(canonical.encode(wanted))
    again(secretary, act, meant, wanted)
    changed = msgspec.structs.replace(wanted, tests=("HIV",))
    resent = Intent(Purpose.TREAT, meant.id, hashlib.sha256(canonical.encode(changed)).digest())
    with pytest.raises(Denial) as refused:
        again(secretary, act, resent, changed)
    assert refused.value.code == "act-reused"
    assert Requisition.objects.count() == 1


def test_a_number_that_is_taken_is_refused_and_the_form_is_not_sent_again(lab: World) -> None:
    secretary = desk.desk(lab, "secretary@nord")
    patient, wanted = secretary.register(), desk.wanted("HB")
    secretary.place(patient, wanted)
    act, meant = PlaceOrder(patient, secretary.id()), secretary.meant(canonical.encode(wanted))
    for code in ("identifier-taken", "act-over"):
        with pytest.raises(Denial) as refused:
            again(secretary, act, meant, wanted)
        assert refused.value.code == code
    assert (Requisition.objects.count(), Specimen.objects.count()) == (1, 1)


def test_labels_take_as_many_queries_for_three_tubes_as_for_one(small_lab: World) -> None:
    secretary = desk.desk(small_lab, "secretary@nord")
    patient = secretary.register()
    asked = [_queries(secretary, patient, desk.wanted(*tests)) for tests in (("NA",), ("NA", "HB", "URINE"))]
    assert asked[0] == asked[1]


def _queries(secretary: Desk, patient: Id, wanted: Wanted) -> int:
    placed = secretary.place(patient, wanted)
    assert len(secretary.labels(patient, placed)) == len(wanted.tests)
    with CaptureQueriesContext(connection) as asked:
        secretary.labels(patient, placed)
    return len(asked)


def test_tubes_count_on_from_the_number_that_was_drawn() -> None:
    needs = orders.tubes(orders.expand(desk.wanted("NA", "HB", "URINE"), CATALOGUE), 99_999_999_999)
    assert [need.accession[:11] for need in needs] == ["99999999999", "00000000000", "00000000001"]
