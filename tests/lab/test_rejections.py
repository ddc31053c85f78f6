from dataclasses import replace
from datetime import timedelta

import pytest

from aliquot.access import door, rows
from aliquot.access.acts import (
    ConfirmOrder,
    ReceiveSpecimen,
    RecordResults,
    RejectSpecimen,
    ReleaseReport,
    TypeResult,
    ValidateMedically,
)
from aliquot.access.grant import Draft
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Factor
from aliquot.lab import content, numbers, records, rejections, specimens
from aliquot.lab.orders import Placed
from aliquot.lab.records import Kept
from aliquot.lab.rejections import Refusal
from aliquot.lab.statuses import Role
from aliquot.terms import states
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.quantities import Absent
from tests.lab import desk
from tests.lab.desk import GOOD, Desk
from tests.world import World


def refusal(placed: Placed, *, again: int | None = None, reason: str = "RH") -> Refusal:
    """The first tube of a request cannot be used."""
    return Refusal(placed.tubes[0].specimen, reason, Role.TECHNICIAN, "nord", again)


def test_a_rejected_tube_cancels_its_analyses_with_the_reason(lab: World) -> None:
    _, technician, patient, placed = desk.reception(lab, "NA", "HIV")
    technician.receive(patient, placed, desk.arrival(placed))
    lab.clock.pass_(timedelta(minutes=1))
    assert technician.reject(patient, placed, refusal(placed)).again is None
    (tube,) = desk.bench(technician, patient, placed)
    assert (tube.state, tube.content.reason) == ("rejected", "RH")
    cancelled = _cancelled(lab, patient, placed)
    assert {each.content.test: each.parents for each in cancelled} == {
        code: (placed.requisition, placed.orders[code], tube.id) for code in ("NA", "HIV")
    }
    assert {(each.state, each.content.value, each.content.reason) for each in cancelled} == {
        ("cancelled", Absent("not-performed"), "RH")
    }
    assert desk.hints(placed) == ("release", ["nothing"])


def _cancelled(lab: World, patient: Id, placed: Placed) -> list[Kept[content.Observation]]:
    """What the worker sees, which may see what is restricted."""
    worker = Desk(lab, lab.work())
    with door.enter(worker.actor, RecordResults(patient, placed.requisition), worker.meant()) as grant:
        opened = grant.read(rows.of_work((placed.requisition,), (Kind.OBSERVATION,)))
    return records.of(opened, Kind.OBSERVATION, content.Observation)


def test_a_tube_that_is_taken_again_is_expected_with_all_that_was_open(lab: World) -> None:
    secretary, technician, patient, placed = desk.reception(lab, "NA", "K")
    technician.receive(patient, placed, desk.arrival(placed))
    lab.clock.pass_(timedelta(minutes=1))
    number = numbers.draw()
    rejected = technician.reject(patient, placed, refusal(placed, again=number))
    assert rejected.again == numbers.accession(number, 0)
    first, second = desk.bench(technician, patient, placed)
    assert (first.state, second.state) == ("rejected", "expected")
    assert (second.content.accession, second.content.tests) == (rejected.again, ("NA", "K"))
    assert _cancelled(lab, patient, placed) == []
    assert desk.hints(placed) == ("specimen", ["arrival", "nothing"])
    assert specimens.by_accession(technician.actor, rejected.again, lab.clock()).specimen == second.id
    assert [label.accession for label in secretary.labels(patient, placed)] == [rejected.again]


@pytest.mark.parametrize("state", [states.Analysis.MEASURED, states.Analysis.CANCELLED])
def test_what_was_measured_on_a_rejected_tube_is_cancelled_once(small_lab: World, state: states.Analysis) -> None:
    _, technician, patient, placed = desk.reception(small_lab, "NA", "K")
    technician.receive(patient, placed, desk.arrival(placed))
    _measured(technician, patient, placed, state)
    number = numbers.draw()
    technician.reject(patient, placed, refusal(placed, again=number))
    still_open = ("NA", "K") if state is states.Analysis.MEASURED else ("K",)
    assert desk.bench(technician, patient, placed)[1].content.tests == still_open
    (cancelled,) = _cancelled(small_lab, patient, placed)
    version = 2 if state is states.Analysis.MEASURED else 1
    assert (cancelled.state, cancelled.version) == ("cancelled", version)


def _measured(technician: Desk, patient: Id, placed: Placed, state: states.Analysis) -> None:
    act = TypeResult(patient, placed.requisition)
    parents = (placed.requisition, placed.orders["NA"], placed.tubes[0].specimen)
    with door.enter(technician.actor, act, technician.meant()) as grant:
        grant.write(Draft(Kind.OBSERVATION, technician.id(), 1, state, parents, desk.SODIUM))


def test_no_other_tube_is_asked_for_when_nothing_is_open(small_lab: World) -> None:
    _, technician, patient, placed = desk.reception(small_lab, "NA")
    technician.receive(patient, placed, desk.arrival(placed))
    _measured(technician, patient, placed, states.Analysis.CANCELLED)
    with pytest.raises(Refused, match=r"reject\.recollect"):
        technician.reject(patient, placed, refusal(placed, again=numbers.draw()))
    assert technician.reject(patient, placed, refusal(placed)).again is None


def test_a_tube_with_a_released_result_is_not_rejected(small_lab: World) -> None:
    _, technician, patient, placed = desk.reception(small_lab, "NA")
    technician.receive(patient, placed, desk.arrival(placed))
    _released(small_lab, patient, placed)
    with pytest.raises(Refused, match="a biologist withdraws it"):
        technician.reject(patient, placed, refusal(placed))


def _released(lab: World, patient: Id, placed: Placed) -> None:
    biologist = desk.desk(lab, "biologist@nord")
    confirmed = replace(biologist.meant(), factor=Factor(code=lab.code("biologist@nord")))
    door.note(biologist.actor, ConfirmOrder(patient, placed.requisition), confirmed)
    parents = (placed.requisition, placed.orders["NA"], placed.tubes[0].specimen)
    steps: tuple[tuple[type[TypeResult | ValidateMedically | ReleaseReport], states.Analysis], ...] = (
        (TypeResult, states.Analysis.MEASURED),
        (ValidateMedically, states.Analysis.MED_VALIDATED),
        (ReleaseReport, states.Analysis.RELEASED),
    )
    result = biologist.id()
    for version, (act, state) in enumerate(steps, 1):
        with door.enter(biologist.actor, act(patient, placed.requisition), biologist.meant()) as grant:
            grant.write(Draft(Kind.OBSERVATION, result, version, state, parents, desk.SODIUM))


def test_a_rejected_tube_is_never_accepted_nor_rejected_again(small_lab: World) -> None:
    _, technician, patient, placed = desk.reception(small_lab, "NA")
    technician.receive(patient, placed, desk.arrival(placed, checks=None))
    technician.reject(patient, placed, refusal(placed))
    for checks in (None, GOOD):
        with pytest.raises(Refused, match="not listed"):
            technician.receive(patient, placed, desk.arrival(placed, checks=checks))
    with pytest.raises(Refused, match="not listed"):
        technician.reject(patient, placed, refusal(placed))


def test_a_tube_is_rejected_once_it_is_there_and_for_a_listed_reason(small_lab: World) -> None:
    _, technician, patient, placed = desk.reception(small_lab, "NA")
    with pytest.raises(Refused, match="not listed"):
        technician.reject(patient, placed, refusal(placed))
    technician.receive(patient, placed, desk.arrival(placed))
    with pytest.raises(Refused, match="table 0490"):
        technician.reject(patient, placed, refusal(placed, reason="ZZ"))


def test_a_secretary_rejects_no_tube(small_lab: World) -> None:
    secretary, _, patient, placed = desk.reception(small_lab, "NA")
    with pytest.raises(Denial) as refused:
        secretary.reject(patient, placed, refusal(placed))
    assert refused.value.code == "forbidden"


def test_rejecting_opens_no_result_and_the_secretary_none_either(small_lab: World) -> None:
    secretary, technician, patient, placed = desk.reception(small_lab, "NA")
    technician.receive(patient, placed, desk.arrival(placed))
    _measured(technician, patient, placed, states.Analysis.MEASURED)
    for at, act in (
        (technician, RejectSpecimen(patient, placed.requisition)),
        (secretary, ReceiveSpecimen(patient, placed.requisition)),
    ):
        with door.enter(at.actor, act, at.meant()) as grant:
            opened = grant.read(rows.of_subject(patient))
        assert {record.kind for record in opened} == {Kind.REQUISITION, Kind.ORDER, Kind.SPECIMEN}


def test_a_double_click_rejects_a_tube_once(lab: World) -> None:
    _, technician, patient, placed = desk.reception(lab, "NA")
    technician.receive(patient, placed, desk.arrival(placed))
    act, meant = RejectSpecimen(patient, placed.requisition), technician.meant()
    refused = refusal(placed, again=numbers.draw())
    outcomes = []
    for _ in range(2):
        with door.enter(technician.actor, act, meant) as grant:
            outcomes.append(rejections.reject(grant, refused, desk.SETTING, at=lab.clock()))
    assert outcomes[0] == outcomes[1]
    assert len(desk.bench(technician, patient, placed)) == 2
