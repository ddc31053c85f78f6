"""The register of copies: what leaves is entered in the same act, sealed with the patient."""

import pytest

from aliquot.access import door
from aliquot.access.acts import ReadReport
from aliquot.disclosure import register
from aliquot.disclosure.register import Copy, Giver
from aliquot.lab.content import Disclosure
from aliquot.terms.errors import Refused
from tests.lab import office
from tests.lab.office import Case, Office, number
from tests.world import World

GIVER = Giver("ab" * 16, "Secretary Nord")


@pytest.fixture
def at_work(lab: World) -> Office:
    return office.open_(lab)


def disclose(here: Office, case: Case, copy: Copy) -> bytes:
    actor = here.who("secretary")
    with door.enter(actor, ReadReport(case.patient, case.work), here.meant(actor)) as grant:
        return register.disclose(grant, copy, GIVER, at=here.lab.clock())


def entries(here: Office, case: Case) -> tuple[Disclosure, ...]:
    actor = here.who("secretary")
    with door.enter(actor, ReadReport(case.patient, case.work), here.meant(actor)) as grant:
        return register.entries(grant)


def test_a_copy_is_given_out_and_entered_at_once(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA")
    report = at_work.finish(case, {"NA": number("140")})
    assert entries(at_work, case) == ()
    assert disclose(at_work, case, Copy(1, "pdf", "patient", "handed over")) == b"%PDF\x01"
    assert disclose(at_work, case, Copy(1, "fhir", "prescriber", "downloaded")) == b"{}"
    found = {(each.form, each.recipient, each.channel, each.version) for each in entries(at_work, case)}
    assert found == {("pdf", "patient", "handed over", 1), ("fhir", "prescriber", "downloaded", 1)}
    assert {(each.report, each.name) for each in entries(at_work, case)} == {(report.report, "Secretary Nord")}


@pytest.mark.parametrize("copy", [Copy(2, "pdf", "patient", "handed over"), Copy(1, "pdf", " ", "handed over")])
def test_what_was_not_issued_or_is_for_nobody_does_not_leave(at_work: Office, copy: Copy) -> None:
    case = at_work.ask(at_work.register(), "NA")
    at_work.finish(case, {"NA": number("140")})
    with pytest.raises(Refused, match="disclosure"):
        disclose(at_work, case, copy)
    assert entries(at_work, case) == ()
