from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aliquot.access import acts, door, rows
from aliquot.access.acts import (
    ConfirmOrder,
    FindTube,
    ListBench,
    ReceiveSpecimen,
    RecordResults,
    RejectSpecimen,
    ReleaseReport,
    TypeResult,
)
from aliquot.access.grant import Draft
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Factor, Tokens, TokensMade
from aliquot.lab import content, numbers, orders, records, specimens
from aliquot.lab.orders import Placed
from aliquot.lab.records import Kept
from aliquot.lab.specimens import Refusal
from aliquot.lab.statuses import Role
from aliquot.record import models
from aliquot.terms import states
from aliquot.terms.errors import Refused, Unclear
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.quantities import Absent
from tests.lab import desk
from tests.lab.desk import GOOD, Desk
from tests.plan import NORD, SUD
from tests.world import World


def reception(lab: World, *tests: str) -> tuple[Desk, Desk, Id, Placed]:
    """A secretary, a technician, and a patient with a request."""
    secretary, technician = desk.desk(lab, "secretary@nord"), desk.desk(lab, "technician@nord")
    patient = secretary.register()
    return secretary, technician, patient, secretary.place(patient, desk.wanted(*tests))


def bench(technician: Desk, patient: Id, placed: Placed) -> list[Kept[content.Specimen]]:
    """The tubes of a requisition as the bench sees them."""
    with door.enter(technician.actor, ListBench(patient, placed.requisition), technician.meant()) as grant:
        opened = grant.read(rows.of_work((placed.requisition,), (Kind.SPECIMEN,)))
    return records.of(opened, Kind.SPECIMEN, content.Specimen)


def hints(placed: Placed) -> tuple[str, list[str]]:
    """What the requisition and its tubes wait for."""
    tubes = models.Specimen.objects.filter(requisition=placed.requisition)
    return models.Requisition.objects.get(id=placed.requisition).awaits, sorted(tube.awaits for tube in tubes)


def refusal(placed: Placed, *, again: int | None = None, reason: str = "RH") -> Refusal:
    """The first tube of a request cannot be used."""
    return Refusal(placed.tubes[0].specimen, reason, Role.TECHNICIAN, "nord", again)


def test_a_tube_is_found_by_its_barcode_and_accepted_in_one_look(lab: World) -> None:
    _, technician, patient, placed = reception(lab, "NA")
    found = specimens.by_accession(technician.actor, placed.tubes[0].need.accession, lab.clock())
    assert (found.specimen, found.requisition, found.subject) == (
        placed.tubes[0].specimen,
        placed.requisition,
        patient,
    )
    assert hints(placed) == ("specimen", ["arrival"])
    assert technician.receive(patient, placed, desk.arrival(placed)).state is states.Specimen.ACCEPTED
    (tube,) = bench(technician, patient, placed)
    assert (tube.version, tube.state, tube.content.received_at) == (2, "accepted", lab.clock())
    assert hints(placed) == ("results", ["results"])


def test_the_secretary_takes_in_and_the_technician_accepts(lab: World) -> None:
    secretary, technician, patient, placed = reception(lab, "NA")
    taken = lab.clock() - timedelta(minutes=20)
    came = msgspec.structs.replace(desk.arrival(placed, role=Role.SECRETARY, checks=None), collected_at=taken)
    assert secretary.receive(patient, placed, came).state is states.Specimen.RECEIVED
    assert hints(placed) == ("specimen", ["arrival"])
    received_at = lab.clock()
    lab.clock.pass_(timedelta(minutes=5))
    assert technician.receive(patient, placed, desk.arrival(placed)).state is states.Specimen.ACCEPTED
    (tube,) = bench(technician, patient, placed)
    assert (tube.version, tube.content.collected_at, tube.content.received_at) == (3, taken, received_at)


def test_a_secretary_accepts_no_tube(small_lab: World) -> None:
    secretary, _, patient, placed = reception(small_lab, "NA")
    with pytest.raises(Refused, match="P3: not for this role"):
        secretary.receive(patient, placed, desk.arrival(placed, role=Role.SECRETARY))


@pytest.mark.parametrize(
    ("checks", "place"),
    [
        ({"tube": "purple"}, r"receive\.tube"),
        ({"identity_agrees": False}, r"receive\.identity"),
        ({"readable": False}, r"receive\.label"),
        ({"enough": False}, r"receive\.volume"),
    ],
)
def test_a_tube_that_fails_a_check_is_not_accepted(small_lab: World, checks: dict[str, object], place: str) -> None:
    _, technician, patient, placed = reception(small_lab, "NA")
    failed = msgspec.structs.replace(GOOD, **checks)
    with pytest.raises(Refused, match=place):
        technician.receive(patient, placed, desk.arrival(placed, checks=failed))
    assert bench(technician, patient, placed)[0].version == 1


def test_the_barcode_of_another_tube_is_refused(small_lab: World) -> None:
    _, technician, patient, placed = reception(small_lab, "NA", "HB")
    other = msgspec.structs.replace(desk.arrival(placed), accession=placed.tubes[1].need.accession)
    with pytest.raises(Refused, match=r"receive\.accession"):
        technician.receive(patient, placed, other)


def test_a_tube_is_not_taken_after_it_came(small_lab: World) -> None:
    _, technician, patient, placed = reception(small_lab, "NA")
    late = msgspec.structs.replace(desk.arrival(placed), collected_at=small_lab.clock() + timedelta(seconds=1))
    with pytest.raises(Refused, match=r"receive\.collected"):
        technician.receive(patient, placed, late)
    at_once = msgspec.structs.replace(late, collected_at=small_lab.clock())
    assert technician.receive(patient, placed, at_once).state is states.Specimen.ACCEPTED


def test_a_wrong_check_character_and_an_unknown_tube_find_nothing(small_lab: World) -> None:
    technician = desk.desk(small_lab, "technician@nord")
    with pytest.raises(Unclear, match="check character"):
        specimens.by_accession(technician.actor, "00000000000A", small_lab.clock())
    with pytest.raises(Refused, match="no such tube"):
        specimens.by_accession(technician.actor, numbers.accession(7, 0), small_lab.clock())


def test_a_barcode_of_one_laboratory_names_nothing_in_another(lab: World) -> None:
    _, _, _, placed = reception(lab, "NA")
    with pytest.raises(Refused, match="no such tube"):
        specimens.by_accession(desk.desk(lab, "technician@sud").actor, placed.tubes[0].need.accession, lab.clock())
    assert specimens.waiting(SUD, "nord") == ()


def test_the_leave_to_find_tubes_finds_nobody(small_lab: World) -> None:
    technician = desk.desk(small_lab, "technician@nord")
    act = FindTube(acts.organization(NORD))
    with door.enter(technician.actor, act, technician.meant()) as grant, pytest.raises(Denial) as refused:
        technician.actor.line.ask(Tokens(grant.token, "nir", ("269054958815780",)), TokensMade)
    assert refused.value.code == "not-of-this-act"


def test_a_rejected_tube_cancels_its_analyses_with_the_reason(lab: World) -> None:
    _, technician, patient, placed = reception(lab, "NA", "HIV")
    technician.receive(patient, placed, desk.arrival(placed))
    lab.clock.pass_(timedelta(minutes=1))
    assert technician.reject(patient, placed, refusal(placed)).again is None
    (tube,) = bench(technician, patient, placed)
    assert (tube.state, tube.content.reason) == ("rejected", "RH")
    cancelled = _cancelled(lab, patient, placed)
    assert {each.content.test: each.parents for each in cancelled} == {
        code: (placed.requisition, placed.orders[code], tube.id) for code in ("NA", "HIV")
    }
    assert {(each.state, each.content.value, each.content.reason) for each in cancelled} == {
        ("cancelled", Absent("not-performed"), "RH")
    }
    assert hints(placed) == ("release", ["nothing"])


def _cancelled(lab: World, patient: Id, placed: Placed) -> list[Kept[content.Observation]]:
    """What the worker sees, which may see what is restricted."""
    worker = Desk(lab, lab.work())
    with door.enter(worker.actor, RecordResults(patient, placed.requisition), worker.meant()) as grant:
        opened = grant.read(rows.of_work((placed.requisition,), (Kind.OBSERVATION,)))
    return records.of(opened, Kind.OBSERVATION, content.Observation)


def test_a_tube_that_is_taken_again_is_expected_with_all_that_was_open(lab: World) -> None:
    secretary, technician, patient, placed = reception(lab, "NA", "K")
    technician.receive(patient, placed, desk.arrival(placed))
    lab.clock.pass_(timedelta(minutes=1))
    number = numbers.draw()
    rejected = technician.reject(patient, placed, refusal(placed, again=number))
    assert rejected.again == numbers.accession(number, 0)
    first, second = bench(technician, patient, placed)
    assert (first.state, second.state) == ("rejected", "expected")
    assert (second.content.accession, second.content.tests) == (rejected.again, ("NA", "K"))
    assert _cancelled(lab, patient, placed) == []
    assert hints(placed) == ("specimen", ["arrival", "nothing"])
    assert specimens.by_accession(technician.actor, rejected.again, lab.clock()).specimen == second.id
    assert [label.accession for label in secretary.labels(patient, placed)] == [rejected.again]


@pytest.mark.parametrize("state", [states.Analysis.MEASURED, states.Analysis.CANCELLED])
def test_what_was_measured_on_a_rejected_tube_is_cancelled_once(small_lab: World, state: states.Analysis) -> None:
    _, technician, patient, placed = reception(small_lab, "NA", "K")
    technician.receive(patient, placed, desk.arrival(placed))
    _measured(technician, patient, placed, state)
    number = numbers.draw()
    technician.reject(patient, placed, refusal(placed, again=number))
    still_open = ("NA", "K") if state is states.Analysis.MEASURED else ("K",)
    assert bench(technician, patient, placed)[1].content.tests == still_open
    (cancelled,) = _cancelled(small_lab, patient, placed)
    version = 2 if state is states.Analysis.MEASURED else 1
    assert (cancelled.state, cancelled.version) == ("cancelled", version)


def _measured(technician: Desk, patient: Id, placed: Placed, state: states.Analysis) -> None:
    act = TypeResult(patient, placed.requisition)
    parents = (placed.requisition, placed.orders["NA"], placed.tubes[0].specimen)
    with door.enter(technician.actor, act, technician.meant()) as grant:
        grant.write(Draft(Kind.OBSERVATION, technician.id(), 1, state, parents, desk.SODIUM))


def test_a_tube_with_a_released_result_is_not_rejected(small_lab: World) -> None:
    _, technician, patient, placed = reception(small_lab, "NA")
    technician.receive(patient, placed, desk.arrival(placed))
    _released(small_lab, patient, placed)
    with pytest.raises(Refused, match="a biologist withdraws it"):
        technician.reject(patient, placed, refusal(placed))


def _released(lab: World, patient: Id, placed: Placed) -> None:
    biologist = desk.desk(lab, "biologist@nord")
    confirmed = replace(biologist.meant(), factor=Factor(code=lab.code("biologist@nord")))
    door.note(biologist.actor, ConfirmOrder(patient, placed.requisition), confirmed)
    parents = (placed.requisition, placed.orders["NA"], placed.tubes[0].specimen)
    with door.enter(biologist.actor, ReleaseReport(patient, placed.requisition), biologist.meant()) as grant:
        grant.write(Draft(Kind.OBSERVATION, biologist.id(), 1, states.Analysis.RELEASED, parents, desk.SODIUM))


def test_a_rejected_tube_is_never_accepted_nor_rejected_again(small_lab: World) -> None:
    _, technician, patient, placed = reception(small_lab, "NA")
    technician.receive(patient, placed, desk.arrival(placed, checks=None))
    technician.reject(patient, placed, refusal(placed))
    for checks in (None, GOOD):
        with pytest.raises(Refused, match="not listed"):
            technician.receive(patient, placed, desk.arrival(placed, checks=checks))
    with pytest.raises(Refused, match="not listed"):
        technician.reject(patient, placed, refusal(placed))


def test_a_tube_is_rejected_once_it_is_there_and_for_a_listed_reason(small_lab: World) -> None:
    _, technician, patient, placed = reception(small_lab, "NA")
    with pytest.raises(Refused, match="not listed"):
        technician.reject(patient, placed, refusal(placed))
    technician.receive(patient, placed, desk.arrival(placed))
    with pytest.raises(Refused, match="table 0490"):
        technician.reject(patient, placed, refusal(placed, reason="ZZ"))


def test_a_secretary_rejects_no_tube(small_lab: World) -> None:
    secretary, _, patient, placed = reception(small_lab, "NA")
    with pytest.raises(Denial) as refused:
        secretary.reject(patient, placed, refusal(placed))
    assert refused.value.code == "forbidden"


def test_rejecting_opens_no_result_and_the_secretary_none_either(small_lab: World) -> None:
    secretary, technician, patient, placed = reception(small_lab, "NA")
    technician.receive(patient, placed, desk.arrival(placed))
    _measured(technician, patient, placed, states.Analysis.MEASURED)
    for at, act in (
        (technician, RejectSpecimen(patient, placed.requisition)),
        (secretary, ReceiveSpecimen(patient, placed.requisition)),
    ):
        with door.enter(at.actor, act, at.meant()) as grant:
            opened = grant.read(rows.of_subject(patient))
        assert {record.kind for record in opened} == {Kind.REQUISITION, Kind.ORDER, Kind.SPECIMEN}


def test_a_double_click_takes_a_tube_in_once(lab: World) -> None:
    _, technician, patient, placed = reception(lab, "NA")
    act, meant, came = ReceiveSpecimen(patient, placed.requisition), technician.meant(), desk.arrival(placed)
    for _ in range(2):
        with door.enter(technician.actor, act, meant) as grant:
            received = specimens.receive(grant, came, at=lab.clock())
        assert received.state is states.Specimen.ACCEPTED
    assert bench(technician, patient, placed)[0].version == 2


def test_a_double_click_rejects_a_tube_once(lab: World) -> None:
    _, technician, patient, placed = reception(lab, "NA")
    technician.receive(patient, placed, desk.arrival(placed))
    act, meant = RejectSpecimen(patient, placed.requisition), technician.meant()
    refused = refusal(placed, again=numbers.draw())
    outcomes = []
    for _ in range(2):
        with door.enter(technician.actor, act, meant) as grant:
            outcomes.append(specimens.reject(grant, refused, desk.SETTING, at=lab.clock()))
    assert outcomes[0] == outcomes[1]
    assert len(bench(technician, patient, placed)) == 2


def test_reception_waits_for_the_tubes_of_its_site_in_one_query(lab: World) -> None:
    secretary, technician, patient, placed = reception(lab, "NA", "HB", "URINE")
    with CaptureQueriesContext(connection) as asked:
        waiting = specimens.waiting(NORD, "nord")
    assert (len(asked), {found.specimen for found in waiting}) == (1, {tube.specimen for tube in placed.tubes})
    assert {(found.requisition, found.subject) for found in waiting} == {(placed.requisition, patient)}
    technician.receive(patient, placed, desk.arrival(placed))
    secretary.receive(patient, placed, desk.arrival(placed, 1, Role.SECRETARY, None))
    assert {found.specimen for found in specimens.waiting(NORD, "nord")} == {tube.specimen for tube in placed.tubes[1:]}
    assert specimens.waiting(NORD, "sud") == ()


def test_taking_in_a_tube_of_three_takes_as_many_queries_as_the_only_one(small_lab: World) -> None:
    secretary, technician, patient, one = reception(small_lab, "NA")
    three = secretary.place(patient, desk.wanted("NA", "HB", "URINE"))
    counts = []
    for placed in (one, three):
        with CaptureQueriesContext(connection) as asked:
            technician.receive(patient, placed, desk.arrival(placed))
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_every_barcode_fits_its_label() -> None:
    needs = orders.tubes(orders.expand(desk.wanted("NA", "HB", "URINE"), desk.CATALOGUE), 99_999_999_999)
    assert [need.accession[:11] for need in needs] == ["99999999999", "00000000000", "00000000001"]
