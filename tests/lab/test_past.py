import pytest

from aliquot.access import door
from aliquot.access.acts import OpenDossier
from aliquot.lab import past
from aliquot.lab.holds import Override
from aliquot.terms import states
from aliquot.terms.ids import Id
from aliquot.terms.quantities import Value
from tests.lab import office
from tests.lab.office import NEGATIVE, Case, Office, number
from tests.world import World


@pytest.fixture
def at_work(lab: World) -> Office:
    return office.open_(lab)


def shown(at_work: Office, patient: Id, case: Case) -> list[tuple[str, Value]]:
    biologist = at_work.who("biologist")
    with door.enter(biologist, OpenDossier(patient, case.work), at_work.meant(biologist)) as grant:
        return [(each.content.test, each.content.value) for each in past.shown(grant)]


def test_the_biologist_sees_what_was_released_before_and_nothing_else(at_work: Office) -> None:
    patient = at_work.register()
    earlier = at_work.ask(patient, "NA", "K", "HIV")
    at_work.record(earlier, {"NA": number("138"), "K": number("4.0"), "HIV": NEGATIVE})
    at_work.verify(earlier)
    at_work.medically(earlier, at_work.choice(earlier, "NA"))
    at_work.medically(earlier, at_work.choice(earlier, "HIV", Override(states.Hold.SENSITIVE, "seen")))
    case = at_work.ask(patient, "NA")
    at_work.record(case, {"NA": number("141")})
    assert shown(at_work, patient, case) == []
    at_work.release(earlier)
    # The other result was not validated, and what is restricted is opened for a purpose of its own.
    assert shown(at_work, patient, case) == [("NA", number("138"))]
    at_work.correct(earlier, at_work.choice(earlier, "NA"), number("150"))
    assert shown(at_work, patient, case) == [("NA", number("138"))]
    assert shown(at_work, patient, earlier) == []
