"""An analyser's letter becomes results that the rules have looked at; what is unclear waits, a resend does nothing."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from aliquot.access import acts, door, rows
from aliquot.access.acts import InspectQuarantined, RepairQuarantined, TypeResult
from aliquot.intake import quarantine, seat
from aliquot.intake.fates import Cause, Fate
from aliquot.intake.letterbox import Arrival, Slot
from aliquot.intake.worker import Worker
from aliquot.lab import catalogue, dossier, orders
from aliquot.lab.dossier import Dossier
from aliquot.lab.orders import Placed
from aliquot.lab.specimens import Checks
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.letters import Repair
from aliquot.terms.quantities import Quantity
from aliquot.wire.hl7v2 import drafts
from tests.lab import desk
from tests.plan import NORD
from tests.world import World

DEMO = Path(catalogue.__file__).parents[1] / "cli" / "demo" / "catalogue.toml"


class Bench:
    """A laboratory with its analyser: one patient, one requisition, one tube received."""

    def __init__(self, lab: World) -> None:
        self.lab = lab
        lab.enrol_device()
        desk.publish(lab, catalogue.parse(DEMO.read_text()))
        self.secretary = desk.desk(lab, "secretary@nord")
        self.technician = desk.desk(lab, "technician@nord")
        self.worker = Worker(lab.installation, lab.worker(), lab.clock)
        self.slot = Slot(lab.installation.listen.letterbox, seat.read(lab.installation.listen))

    def order(self, *tests: str, hour: bool = True) -> tuple[Id, Placed]:
        """A patient with a received tube; `hour` says whether anybody knows when it was taken."""
        patient = self.secretary.register()
        meant = desk.wanted(*tests)
        with door.enter(
            self.secretary.actor, acts.PlaceOrder(patient, self.secretary.id()), self.secretary.meant()
        ) as grant:
            placed = orders.place(
                grant, meant, self.worker.setting(self.lab.work(), self.lab.clock()), at=self.lab.clock()
            )
        checks = Checks(placed.tubes[0].need.tube, readable=True, identity_agrees=True, enough=True)
        taken = self.lab.clock() - timedelta(minutes=40)
        arrived = msgspec.structs.replace(desk.arrival(placed, checks=checks), collected_at=taken if hour else None)
        self.technician.receive(patient, placed, arrived)
        return patient, placed

    def post(self, message: bytes) -> None:
        """The listener has stored a letter."""
        self.slot.drop([Arrival("ANALYSER-1", self.lab.clock(), message)])

    def dossier(self, patient: Id, placed: Placed) -> Dossier:
        """The requisition as the technician sees it."""
        act = TypeResult(patient, placed.requisition)
        with door.enter(self.technician.actor, act, self.technician.meant()) as grant:
            return dossier.read(grant)


@pytest.fixture
def bench(lab: World) -> Iterator[Bench]:
    """A bench on each engine."""
    made = Bench(lab)
    yield made
    made.slot.close()
    made.worker.close()


def oru(bench: Bench, accession: str, *results: tuple[str, str, str], control: str = "1") -> bytes:
    """What the analyser says now: code, value, unit."""
    return spoken(bench.lab.clock(), accession, *results, control=control)


def spoken(now: datetime, accession: str, *results: tuple[str, str, str], control: str = "1") -> bytes:
    """What an analyser says of a tube at a moment: code, value, unit."""
    at = now.strftime("%Y%m%d%H%M%S") + "+0000"
    header: dict[int, drafts.Field] = {
        3: "ANA",
        4: "LAB",
        7: at,
        9: ("ORU", "R01", "ORU_R01"),
        10: control,
        11: "P",
        12: "2.5.1",
    }
    lines: list[tuple[str, dict[int, drafts.Field]]] = [("MSH", header), ("OBR", {1: "1", 3: accession})]
    for number, (code, value, unit) in enumerate(results, start=1):
        lines.append(("OBX", {1: str(number), 2: "NM", 3: (code, code, "L"), 5: value, 6: unit, 11: "F", 19: at}))
    return drafts.message(lines)


def test_a_letter_becomes_a_result_that_the_rules_have_looked_at(bench: Bench) -> None:
    patient, placed = bench.order("NA", "K")
    bench.post(oru(bench, placed.tubes[0].need.accession, ("NA2", "141", "mmol/L"), ("K2", "6.9", "mmol/L")))
    step = bench.worker.step()
    assert [outcome.fate for outcome in step.letters.values()] == [Fate.FILED]
    assert step.judged == 1
    found = {each.content.test: each for each in bench.dossier(patient, placed).observations}
    assert found["NA"].content.value == Quantity(number=Decimal("141"), ucum="mmol/L")
    assert found["NA"].content.flag == "N"
    assert found["K"].content.flag == "HH"
    assert found["K"].version == 2
    assert "CRITICAL" in [hold.hold for hold in found["K"].content.holds]
    assert bench.worker.step().idle


def test_a_tube_of_an_unknown_hour_is_held_and_still_meets_the_limits_of_the_patients_age(bench: Bench) -> None:
    patient, placed = bench.order("K", hour=False)
    bench.post(oru(bench, placed.tubes[0].need.accession, ("K2", "6.9", "mmol/L")))
    bench.worker.step()
    (found,) = bench.dossier(patient, placed).observations
    assert (found.content.flag, {hold.hold for hold in found.content.holds}) == ("HH", {"SPECIMEN", "CRITICAL"})


def test_a_resend_is_recognised_and_changes_nothing(bench: Bench) -> None:
    patient, placed = bench.order("NA")
    said = oru(bench, placed.tubes[0].need.accession, ("NA2", "141", "mmol/L"))
    for copies in (1, 2):
        for _ in range(copies):
            bench.post(said)
        fates = [outcome.fate for outcome in bench.worker.letters().values()]
        assert fates == ([Fate.FILED] if copies == 1 else [Fate.DUPLICATE, Fate.DUPLICATE])
    bench.worker.judge()
    (observation,) = bench.dossier(patient, placed).observations
    assert observation.version == 2


def test_two_messages_about_one_tube_in_one_batch_are_filed_one_after_the_other(bench: Bench) -> None:
    patient, placed = bench.order("NA", "K")
    accession = placed.tubes[0].need.accession
    bench.post(oru(bench, accession, ("NA2", "141", "mmol/L"), control="1"))
    bench.post(oru(bench, accession, ("K2", "4.1", "mmol/L"), control="2"))
    assert [outcome.fate for outcome in bench.worker.letters().values()] == [Fate.FILED, Fate.FILED]
    assert len(bench.dossier(patient, placed).observations) == 2


def test_an_unknown_tube_and_an_unknown_test_wait_in_quarantine_with_a_reason_and_a_place(bench: Bench) -> None:
    _, placed = bench.order("NA")
    bench.post(oru(bench, "999999999999", ("NA2", "141", "mmol/L")))
    bench.post(oru(bench, placed.tubes[0].need.accession, ("NA2", "141", "mmol/L"), ("XX", "1", "mmol/L")))
    outcomes = list(bench.worker.letters().values())
    assert [outcome.fate for outcome in outcomes] == [Fate.QUARANTINED, Fate.QUARANTINED]
    assert [outcome.reasons[0].cause for outcome in outcomes] == [Cause.UNKNOWN_SPECIMEN, Cause.UNKNOWN_TEST]
    integrator = desk.desk(bench.lab, "integrator@nord")
    org = acts.organization(NORD)
    with door.enter(integrator.actor, InspectQuarantined(org), integrator.meant()) as grant:
        shown = quarantine.inspect(grant, quarantine.waiting(org, quarantine.WAITING, 10))
    assert sorted(each.message.reason for each in shown) == ["UNKNOWN_SPECIMEN", "UNKNOWN_TEST"]
    assert all("141" not in cell for each in shown for row in each.message.segments for cell in row)


def test_whoever_repairs_learns_which_tests_are_open_and_of_none_that_is_protected(bench: Bench) -> None:
    _, placed = bench.order("NA", "K", "HIV")
    accession = placed.tubes[0].need.accession
    assert "HIV" in placed.tubes[0].need.tests
    bench.post(oru(bench, accession, ("K2", "4.1", "mmol/L")))
    bench.post(oru(bench, accession, ("XX", "1", "mmol/L"), control="2"))
    bench.worker.step()
    integrator, org = desk.desk(bench.lab, "integrator@nord"), acts.organization(NORD)
    (message,) = quarantine.waiting(org, quarantine.WAITING, 10)
    with door.enter(integrator.actor, InspectQuarantined(org), integrator.meant()) as grant:
        (shown,) = quarantine.inspect(grant, [message])
    assert shown.message.open == ("K", "NA")
    with door.enter(integrator.actor, RepairQuarantined(org), integrator.meant()) as grant:
        quarantine.repair(grant, message, 1, Repair((), "looked at"))
    bench.worker.step()
    with door.enter(integrator.actor, InspectQuarantined(org), integrator.meant()) as grant:
        (again,) = quarantine.inspect(grant, [message])
    assert again.message.open == ("K", "NA")


def test_a_repaired_message_is_tried_again_and_filed(bench: Bench) -> None:
    patient, placed = bench.order("NA")
    bench.post(oru(bench, placed.tubes[0].need.accession, ("XX", "141", "mmol/L")))
    bench.worker.step()
    integrator = desk.desk(bench.lab, "integrator@nord")
    org = acts.organization(NORD)
    (message,) = quarantine.waiting(org, quarantine.WAITING, 10)
    with door.enter(integrator.actor, RepairQuarantined(org), integrator.meant()) as grant:
        quarantine.repair(grant, message, 1, Repair((("OBX-3", "NA2^Sodium^L"),), "code of the old firmware"))
    step = bench.worker.step()
    assert (step.retried, quarantine.waiting(org, quarantine.FILED, 10)) == (1, [message])
    (observation,) = bench.dossier(patient, placed).observations
    assert observation.content.test == "NA"


def test_the_raw_message_stays_sealed_under_the_patient_and_leaves_the_letterbox(bench: Bench) -> None:
    patient, placed = bench.order("NA")
    bench.post(oru(bench, placed.tubes[0].need.accession, ("NA2", "141", "mmol/L")))
    bench.worker.step()
    kept = [stored for stored in rows.of_subject(patient) if stored.row.kind == Kind.MESSAGE]
    assert len(kept) == 1
    assert b"NA2" not in kept[0].row.sealed
    assert bench.worker.letters() == {}
