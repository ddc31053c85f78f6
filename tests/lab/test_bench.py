from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aliquot.access.custodian import A, Line
from aliquot.access.door import Actor
from aliquot.custody.protocol import Request
from aliquot.lab import bench
from aliquot.record.models import Requisition
from aliquot.terms.errors import Refused
from aliquot.terms.identity import Sex
from tests.lab import office
from tests.lab.office import NEGATIVE, Office, number
from tests.world import World


class Counting(Line):
    """A line that counts what was asked over it."""

    def __init__(self, socket: Path) -> None:
        super().__init__(socket, "web")
        self.asked = 0

    def ask(self, request: Request, kind: type[A]) -> A:
        """Ask, and count."""
        self.asked += 1
        return super().ask(request, kind)


@pytest.fixture
def at_work(lab: World) -> Office:
    return office.open_(lab)


def test_a_tube_is_listed_by_code_sex_and_age_with_what_is_on_it(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA", "K")
    at_work.record(case, {"K": number("6.9")}, "ODD")
    at_work.verify(case)
    (row,) = bench.waiting(at_work.who("technician"), "nord", at_work.lab.clock())
    assert (row.accession, row.sex, row.age) == (case.placed.tubes[0].need.accession, Sex.FEMALE, "65 y")
    assert (row.specimen, row.requisition, row.subject) == (case.tube, case.work, case.patient)
    assert (row.priority, row.awaits, row.withheld) == ("routine", "validation", 0)
    sodium, potassium = row.tests
    assert (sodium.test, sodium.state, sodium.flag, sodium.version) == ("NA", "ready", "", 0)
    assert (potassium.test, potassium.state, potassium.flag) == ("K", "measured", "HH")
    assert potassium.holds == ("INSTRUMENT_FLAG",)
    assert "Zélande" not in repr(row)


def test_what_is_restricted_is_counted_and_not_shown(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA", "HIV")
    at_work.record(case, {"NA": number("140"), "HIV": NEGATIVE})
    at_work.verify(case)
    (row,) = bench.waiting(at_work.who("technician"), "nord", at_work.lab.clock())
    assert ([each.test for each in row.tests], row.withheld) == (["NA"], 1)
    (listed,) = bench.to_validate(at_work.who("biologist"), "nord", at_work.lab.clock())
    assert (listed.states, listed.withheld) == ({"tech-validated": 1}, 1)
    for shown in (row, listed):
        assert "HIV" not in repr(shown)
        assert "neg" not in repr(shown)


def test_a_requisition_is_listed_for_the_biologist_until_it_is_released(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA", "K")
    biologist = at_work.who("biologist")
    assert bench.to_validate(biologist, "nord", at_work.lab.clock()) == ()
    at_work.record(case, {"NA": number("140"), "K": number("4.0")})
    at_work.verify(case, quality={"NA": "ok"})
    (row,) = bench.to_validate(biologist, "nord", at_work.lab.clock())
    assert (row.states, row.holds, row.awaits) == ({"tech-validated": 1, "measured": 1}, ("QC_UNKNOWN",), "technical")
    assert (row.requisition, row.number, row.age) == (case.work, case.placed.number, "65 y")
    assert bench.to_validate(biologist, "sud", at_work.lab.clock()) == ()
    at_work.medically(case, at_work.choice(case, "NA"))
    at_work.cancel(case, "K", version=2)
    (row,) = bench.to_validate(biologist, "nord", at_work.lab.clock())
    assert row.awaits == "release"
    at_work.release(case)
    assert bench.to_validate(biologist, "nord", at_work.lab.clock()) == ()
    assert bench.waiting(at_work.who("technician"), "nord", at_work.lab.clock()) == ()


def test_lists_cost_the_same_with_one_and_with_three_rows(at_work: Office) -> None:
    costs = []
    for _ in range(2):
        case = at_work.ask(at_work.register(), "NA")
        at_work.record(case, {"NA": number("140")})
        at_work.verify(case, office.BY_HAND)
        costs.append([cost(at_work, "technician"), cost(at_work, "biologist")])
        at_work.ask(at_work.register(), "K")
        at_work.record(case, {"NA": number("141")})
        at_work.verify(case, office.BY_HAND)
    three = at_work.ask(at_work.register(), "NA")
    at_work.record(three, {"NA": number("140")})
    at_work.verify(three, office.BY_HAND)
    costs.append([cost(at_work, "technician"), cost(at_work, "biologist")])
    assert [(tubes, requisitions) for (tubes, *_), (requisitions, *_) in costs] == [(1, 1), (3, 2), (5, 3)]
    assert {(queries, asked) for both in costs for _, queries, asked in both} == {(2, 2)}


def cost(at_work: Office, who: str) -> tuple[int, int, int]:
    """How many rows a list shows, and at how many queries and exchanges with custody."""
    line = Counting(at_work.lab.installation.custody.socket)
    actor = Actor(line, at_work.who(who).ticket, at_work.who(who).org)
    listed = bench.waiting if who == "technician" else bench.to_validate
    with CaptureQueriesContext(connection) as queries:
        shown = listed(actor, "nord", at_work.lab.clock())
    line.hang_up()
    return len(shown), len(queries), line.asked


def test_the_most_urgent_comes_first_and_then_the_oldest(at_work: Office) -> None:
    cases = []
    for _ in range(3):
        cases.append(at_work.ask(at_work.register(), "NA"))
        at_work.lab.clock.pass_(timedelta(seconds=40))
    Requisition.objects.filter(id=cases[2].work).update(priority="stat")
    shown = bench.waiting(at_work.who("technician"), "nord", at_work.lab.clock())
    assert [row.requisition for row in shown] == [cases[2].work, cases[0].work, cases[1].work]


def test_another_laboratory_sees_nothing_of_it(at_work: Office) -> None:
    at_work.ask(at_work.register(), "NA")
    stranger = at_work.lab.sign_in("technician@sud")
    assert bench.waiting(stranger, "nord", at_work.lab.clock()) == ()


def test_a_bench_and_a_step_of_the_work_are_listed_by_themselves_and_counted(at_work: Office) -> None:
    technician, at = at_work.who("technician"), at_work.lab.clock()
    case = at_work.ask(at_work.register(), "NA")
    at_work.ask(at_work.register(), "NA", "RPR")
    at_work.record(case, {"NA": number("140")})
    at_work.verify(case, office.BY_HAND)
    listed = bench.waiting(technician, "nord", at, bench="biochemistry", awaits="validation")
    assert [row.requisition for row in listed] == [case.work]
    assert listed[0].tests[0].said is not None
    assert listed[0].tests[0].said.value == number("140")
    assert bench.waiting(technician, "nord", at, bench="haematology") == ()
    assert bench.in_hand(technician, "nord") == {("biochemistry", "validation"): 1, ("several", "results"): 1}
    assert bench.in_hand(technician, "sud") == {}


def test_a_requisition_is_found_with_its_patient_in_its_own_laboratory_only(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA")
    assert bench.whose(at_work.who("technician"), case.work) == case.patient
    with pytest.raises(Refused, match="none like it"):
        bench.whose(at_work.lab.sign_in("technician@sud"), case.work)
