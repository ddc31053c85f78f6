import pytest

from aliquot.lab import numbers
from aliquot.lab.rejections import Refusal
from aliquot.lab.statuses import Role
from aliquot.record.models import Requisition
from aliquot.terms import states
from tests.lab import office
from tests.lab.desk import Desk
from tests.lab.office import Case, Office, number
from tests.world import World


@pytest.fixture
def small(small_lab: World) -> Office:
    return office.open_(small_lab)


def state(small: Office, case: Case, test: str) -> states.Analysis | None:
    found = small.found(case)
    return found.state(found.order(case.order(test)))


def reject(small: Office, case: Case, recollect: int | None) -> None:
    Desk(small.lab, small.bench).reject(
        case.patient, case.placed, Refusal(case.tube, "RH", Role.TECHNICIAN, "nord", recollect)
    )


def test_an_analysis_is_ready_once_its_tube_is_accepted(small: Office) -> None:
    case = small.ask(small.register(), "NA", "K")
    small.record(case, {"NA": number("140")})
    assert (state(small, case, "NA"), state(small, case, "K")) == (states.Analysis.MEASURED, states.Analysis.READY)


def test_what_is_collected_again_is_asked_for_again(small: Office) -> None:
    case = small.ask(small.register(), "NA")
    small.record(case, {"NA": number("140")})
    reject(small, case, numbers.draw())
    assert state(small, case, "NA") is states.Analysis.REQUESTED
    found = small.found(case)
    assert found.current(found.order(case.order("NA"))) is None


def test_what_is_rejected_for_good_is_cancelled_and_reported_so(small: Office) -> None:
    case = small.ask(small.register(), "NA")
    small.record(case, {"NA": number("140")})
    reject(small, case, None)
    assert state(small, case, "NA") is states.Analysis.CANCELLED
    report = small.release(case)
    assert (report.status, report.results[0].state) == ("cancelled", "cancelled")
    assert Requisition.objects.get().awaits == "nothing"
