"""What goes wrong with one letter, requisition or repair stops nothing else, loses nothing and doubles nothing."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

import msgspec
import pytest
from django.db import connection

from aliquot.access import acts, door, settlement
from aliquot.access.acts import RepairQuarantined
from aliquot.access.custodian import Line
from aliquot.cli import layout
from aliquot.custody.denial import CustodyGone
from aliquot.custody.protocol import Answer, End, Prepare, Request
from aliquot.intake import quarantine
from aliquot.intake.fates import Cause, Fate
from aliquot.intake.letterbox import Tray
from aliquot.intake.worker import Worker
from aliquot.lab import catalogue, queue
from aliquot.terms import installation
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.letters import Repair
from aliquot.terms.quantities import Quantity
from tests.intake.test_worker import DEMO, Bench, oru
from tests.lab import desk
from tests.plan import NORD
from tests.world import World

A = TypeVar("A", bound=Answer)
ORG = acts.organization(NORD)
AGES = timedelta(minutes=2)


class CutLine(Line):
    """A line to custody that is cut once, around the n-th request of a kind: the process behind it is then no more."""

    def __init__(self, lab: World, request: type[Request], nth: int = 1, *, heard: bool = True) -> None:
        work = lab.installation.work
        super().__init__(lab.installation.custody.socket, "work", (work.name, layout.key(work.key)))
        self._request, self._left, self._heard = request, nth, heard

    def ask(self, request: Request, kind: type[A]) -> A:
        """Ask; the chosen request is heard or not heard, and its answer never comes back."""
        if isinstance(request, self._request):
            self._left -= 1
            if self._left == 0:
                if self._heard:
                    super().ask(request, kind)
                self.hang_up()
                raise CustodyGone("cut")
        return super().ask(request, kind)


@pytest.fixture
def bench(lab: World) -> Iterator[Bench]:
    """A bench on each engine."""
    made = Bench(lab)
    yield made
    made.slot.close()
    made.worker.close()


@pytest.fixture
def small_bench(small_lab: World) -> Iterator[Bench]:
    """A bench on the embedded engine, for what does not touch the record database's own ways."""
    made = Bench(small_lab)
    yield made
    made.slot.close()
    made.worker.close()


def cut(bench: Bench, request: type[Request], nth: int = 1, *, heard: bool = True) -> None:
    """A round of a worker that dies in the middle of it."""
    line = CutLine(bench.lab, request, nth, heard=heard)
    dying = Worker(bench.lab.installation, line, bench.lab.clock)
    with pytest.raises(CustodyGone):
        dying.step()
    dying.close()
    line.hang_up()


def left(bench: Bench) -> int:
    """How many letters still wait."""
    tray = Tray(bench.lab.installation.listen.letterbox)
    try:
        return tray.pending_count()
    finally:
        tray.close()


def repair(bench: Bench, message: Id, changes: tuple[tuple[str, str], ...], version: int = 1) -> None:
    """The integrator asks for a change."""
    integrator = desk.desk(bench.lab, "integrator@nord")
    with door.enter(integrator.actor, RepairQuarantined(ORG), integrator.meant()) as grant:
        quarantine.repair(grant, message, version, Repair(changes, "as agreed on the telephone"))


def alter(patient: Id, kind: Kind) -> None:
    """Somebody at the database changes a sealed row of a patient."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE version SET sealed = %s WHERE subject = %s AND kind = %s", (b"\x01" * 120, patient, int(kind))
        )


def test_a_message_whose_way_into_quarantine_was_cut_off_is_not_lost(bench: Bench) -> None:
    bench.post(oru(bench, "999999999999", ("NA2", "141", "mmol/L")))
    cut(bench, Prepare)
    bench.lab.clock.pass_(AGES)
    bench.worker.letters()
    assert left(bench) == 1, "nobody knows yet whether it was kept"
    assert [settled.outcome for settled in settlement.settle(bench.lab.worker())] == ["lost"]
    bench.lab.clock.pass_(AGES)
    assert [outcome.fate for outcome in bench.worker.letters().values()] == [Fate.QUARANTINED]
    assert (left(bench), len(quarantine.waiting(ORG, quarantine.WAITING, 10))) == (0, 1)


@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize("request_", [Prepare, End])
def test_a_worker_that_dies_at_any_step_of_filing_neither_loses_nor_doubles(
    bench: Bench, request_: type[Request], *, heard: bool
) -> None:
    patient, placed = bench.order("NA")
    bench.post(oru(bench, placed.tubes[0].need.accession, ("NA2", "141", "mmol/L")))
    cut(bench, request_, heard=heard)
    for _ in range(3):
        bench.lab.clock.pass_(AGES)
        list(settlement.settle(bench.lab.worker()))
        bench.worker.step()
    (observation,) = bench.dossier(patient, placed).observations
    assert (left(bench), observation.version) == (0, 2)
    assert quarantine.waiting(ORG, quarantine.WAITING, 10) == []


def test_a_result_of_a_tube_whose_first_result_is_being_saved_waits_and_is_its_next_version(bench: Bench) -> None:
    patient, placed = bench.order("NA")
    accession = placed.tubes[0].need.accession
    bench.post(oru(bench, accession, ("NA2", "141", "mmol/L"), control="1"))
    cut(bench, End, heard=False)
    bench.post(oru(bench, accession, ("NA2", "142", "mmol/L"), control="2"))
    assert bench.worker.letters() == {}
    bench.lab.clock.pass_(AGES)
    assert [settled.outcome for settled in settlement.settle(bench.lab.worker())] == ["kept"]
    fates = [outcome.fate for outcome in bench.worker.letters().values()]
    assert fates == [Fate.DUPLICATE, Fate.FILED]
    (observation,) = bench.dossier(patient, placed).observations
    assert (observation.version, observation.content.value) == (2, Quantity(Decimal(142), "mmol/L"))


@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize(("request_", "nth"), [(Prepare, 1), (End, 1), (Prepare, 2), (End, 2)])
def test_a_worker_that_dies_at_any_step_of_a_retry_neither_loses_nor_doubles(
    bench: Bench, request_: type[Request], nth: int, *, heard: bool
) -> None:
    patient, placed = bench.order("NA")
    bench.post(oru(bench, placed.tubes[0].need.accession, ("XX", "141", "mmol/L")))
    bench.worker.step()
    (message,) = quarantine.waiting(ORG, quarantine.WAITING, 10)
    repair(bench, message, (("OBX-3", "NA2^Sodium^L"),))
    cut(bench, request_, nth, heard=heard)
    for _ in range(3):
        bench.lab.clock.pass_(AGES)
        list(settlement.settle(bench.lab.worker()))
        bench.worker.step()
    (observation,) = bench.dossier(patient, placed).observations
    assert observation.version == 2
    assert quarantine.waiting(ORG, quarantine.FILED, 10) == [message]


@pytest.mark.parametrize(
    "changes",
    [
        (("SPM-2", "123456"),),
        (("MSH-18", "8859/1"), ("OBX-3", "NA2^Ω^L")),
        (("MSH-18", "no such set"), ("OBX-3", "NA2")),
    ],
    ids=["segment that is not there", "character outside the message's set", "character set that is not known"],
)
def test_a_repair_that_cannot_be_made_goes_back_to_people_and_stops_no_other(
    bench: Bench, changes: tuple[tuple[str, str], ...]
) -> None:
    _, placed = bench.order("NA", "K")
    bench.post(oru(bench, placed.tubes[0].need.accession, ("XX", "141", "mmol/L"), control="1"))
    bench.worker.step()
    (poisoned,) = quarantine.waiting(ORG, quarantine.WAITING, 10)
    bench.lab.clock.pass_(AGES)
    bench.post(oru(bench, placed.tubes[0].need.accession, ("YY", "4.1", "mmol/L"), control="2"))
    bench.worker.step()
    (sound,) = set(quarantine.waiting(ORG, quarantine.WAITING, 10)) - {poisoned}
    repair(bench, poisoned, changes)
    repair(bench, sound, (("OBX-3", "K2^Potassium^L"),))
    bench.worker.step()
    assert quarantine.waiting(ORG, quarantine.WAITING, 10) == [poisoned]
    assert quarantine.waiting(ORG, quarantine.FILED, 10) == [sound]
    assert bench.worker.retry() == 0


def test_an_altered_row_holds_up_its_own_letters_and_nobody_elses(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    altered, its = bench.order("NA")
    patient, placed = bench.order("NA")
    alter(altered, Kind.SPECIMEN)
    bench.post(oru(bench, its.tubes[0].need.accession, ("NA2", "139", "mmol/L"), control="1"))
    bench.post(oru(bench, placed.tubes[0].need.accession, ("NA2", "141", "mmol/L"), control="2"))
    assert [outcome.fate for outcome in bench.worker.letters().values()] == [Fate.FILED]
    assert left(bench) == 1
    assert len(bench.dossier(patient, placed).observations) == 1
    assert '"error":"Broken"' in capfd.readouterr().err


def test_a_letter_that_cannot_be_filed_is_tried_at_growing_distances_and_never_given_up(bench: Bench) -> None:
    altered, its = bench.order("NA")
    alter(altered, Kind.SPECIMEN)
    bench.post(oru(bench, its.tubes[0].need.accession, ("NA2", "139", "mmol/L")))
    tries = []
    for minute in range(200):
        tray = Tray(bench.lab.installation.listen.letterbox)
        before = tray._db.execute("SELECT coalesce(sum(tries), 0) FROM lease").fetchone()[0]
        bench.worker.letters()
        if tray._db.execute("SELECT sum(tries) FROM lease").fetchone()[0] > before:
            tries.append(minute)
        tray.close()
        bench.lab.clock.pass_(timedelta(minutes=1))
    gaps = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert gaps == sorted(gaps)
    assert (gaps[0], gaps[-1]) == (1, 60)


def test_an_altered_row_keeps_the_rules_from_its_own_requisition_only(bench: Bench) -> None:
    altered, its = bench.order("NA")
    patient, placed = bench.order("NA")
    bench.post(oru(bench, its.tubes[0].need.accession, ("NA2", "139", "mmol/L"), control="1"))
    bench.post(oru(bench, placed.tubes[0].need.accession, ("NA2", "141", "mmol/L"), control="2"))
    bench.worker.letters()
    alter(altered, Kind.DEMOGRAPHY)
    assert bench.worker.judge() == 1
    (observation,) = bench.dossier(patient, placed).observations
    assert observation.content.flag == "N"
    assert queue.take(10, bench.lab.clock()) == []


def test_two_workers_never_try_the_same_repair_at_once(bench: Bench) -> None:
    bench.post(oru(bench, "999999999999", ("NA2", "141", "mmol/L")))
    bench.worker.step()
    (message,) = quarantine.waiting(ORG, quarantine.WAITING, 10)
    repair(bench, message, ())
    at = bench.lab.clock()
    assert quarantine.due(ORG, 10, at) == [message]
    assert quarantine.due(ORG, 10, at) == []
    assert quarantine.due(ORG, 10, at + AGES) == [message]


def test_a_message_that_is_filed_under_one_tube_is_not_moved_by_a_repair(bench: Bench) -> None:
    _, first = bench.order("NA")
    other, second = bench.order("NA")
    bench.post(oru(bench, first.tubes[0].need.accession, ("XX", "141", "mmol/L")))
    bench.worker.step()
    (message,) = quarantine.waiting(ORG, quarantine.WAITING, 10)
    repair(bench, message, (("OBX-3", "NA2^Sodium^L"), ("OBR-3", second.tubes[0].need.accession)))
    bench.worker.step()
    assert quarantine.waiting(ORG, quarantine.WAITING, 10) == [message]
    assert bench.dossier(other, second).observations == ()
    assert Cause.UNCLEAR in shown(bench, message)


def shown(bench: Bench, message: Id) -> str:
    """Why a message waits, as the integrator reads it."""
    integrator = desk.desk(bench.lab, "integrator@nord")
    with door.enter(integrator.actor, acts.InspectQuarantined(ORG), integrator.meant()) as grant:
        (found,) = quarantine.inspect(grant, [message])
    return found.message.reason


@pytest.mark.parametrize("pid", [b"PID|1||||||19620401|F\r", b"PID|1||||||19610401|M\r", b"PID|1||||||1961O4O1|F\r"])
def test_a_message_about_somebody_of_another_age_or_sex_waits_and_no_repair_files_it(bench: Bench, pid: bytes) -> None:
    patient, placed = bench.order("NA")
    said = oru(bench, "", ("NA2", "141", "mmol/L"))
    bench.post(said.replace(b"OBR|", pid + b"OBR|"))
    bench.worker.step()
    (message,) = quarantine.waiting(ORG, quarantine.WAITING, 10)
    repair(bench, message, (("OBR-3", placed.tubes[0].need.accession),))
    bench.worker.step()
    assert bench.dossier(patient, placed).observations == ()
    assert Cause.PATIENT_MISMATCH in shown(bench, message)


def test_a_message_about_somebody_of_the_same_age_and_sex_is_filed(bench: Bench) -> None:
    patient, placed = bench.order("NA")
    said = oru(bench, placed.tubes[0].need.accession, ("NA2", "141", "mmol/L"))
    bench.post(said.replace(b"OBR|", b"PID|1||||||19610401|F\rOBR|"))
    bench.worker.step()
    assert len(bench.dossier(patient, placed).observations) == 1


def long(bench: Bench, accession: str, size: int, control: str) -> bytes:
    """A message of exactly this size: most of it is a remark."""
    said = oru(bench, accession, ("NA2", "141", "mmol/L"), control=control) + b"NTE|1||"
    return said + b"x" * (size - len(said) - 1) + b"\r"


@pytest.mark.parametrize("accession", ["known", "999999999999"])
def test_the_longest_message_that_is_acknowledged_can_be_kept(bench: Bench, accession: str) -> None:
    _, placed = bench.order("NA")
    number = placed.tubes[0].need.accession if accession == "known" else accession
    bench.post(long(bench, number, installation.LONGEST_MESSAGE, "1"))
    assert len(bench.worker.letters()) == 1
    assert left(bench) == 0


def test_more_letters_than_one_request_carries_are_filed_in_several(small_bench: Bench) -> None:
    bench = small_bench
    many = 6
    for control in range(many):
        bench.post(b"MSH|^~\\&|\xff%d" % control + b"x" * 12_000_000)
    filed = 0
    while step := bench.worker.letters():
        filed += len(step)
    assert (filed, left(bench)) == (many, 0)
    waiting = quarantine.waiting(ORG, quarantine.WAITING, many)
    integrator = desk.desk(bench.lab, "integrator@nord")
    with door.enter(integrator.actor, acts.InspectQuarantined(ORG), integrator.meant()) as grant:
        assert len(quarantine.inspect(grant, waiting)) == many


@pytest.mark.parametrize(("value", "state", "versions"), [("141", "duplicate", 2), ("137", "filed", 3)])
def test_what_was_sent_again_while_it_waited_is_one_measurement_and_another_value_is_another_run(
    bench: Bench, value: str, state: str, versions: int
) -> None:
    patient, placed = bench.order("NA")
    accession = placed.tubes[0].need.accession
    bench.post(oru(bench, accession, ("XX", value, "mmol/L"), control="1"))
    bench.worker.step()
    (first,) = quarantine.waiting(ORG, quarantine.WAITING, 10)
    resent = oru(bench, accession, ("XX", "141", "mmol/L"), control="2")
    bench.lab.clock.pass_(timedelta(minutes=5))
    published = catalogue.parse(DEMO.read_text())
    known = next(each for each in published.mappings if each.code == "NA2")
    mended = (*published.mappings, msgspec.structs.replace(known, code="XX"))
    desk.publish(bench.lab, msgspec.structs.replace(published, version=2, mappings=mended))
    bench.post(resent)
    assert [outcome.fate for outcome in bench.worker.step().letters.values()] == [Fate.FILED]
    repair(bench, first, ())
    assert bench.worker.step().retried == 1
    assert quarantine.stands(ORG, first).state == state
    (observation,) = bench.dossier(patient, placed).observations
    assert (observation.version, observation.content.value) == (versions, Quantity(Decimal(value), "mmol/L"))
