"""Two people at one requisition in the same instant: whatever both were allowed to keep is safe to stand together."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from aliquot.access import door
from aliquot.access.acts import RecordResults, ValidateMedically
from aliquot.lab import results, validation
from aliquot.lab.holds import Override
from aliquot.lab.rejections import Refusal
from aliquot.lab.results import Measured, Message
from aliquot.lab.statuses import Role
from aliquot.terms import states
from aliquot.terms.errors import Refused
from tests.lab import desk, office
from tests.lab.desk import Desk
from tests.lab.office import BY_HAND, WHERE, Case, Office, number
from tests.world import World

RESERVE = Override(states.Hold.SPECIMEN, "no other tube can be had")


@pytest.fixture
def here(lab: World) -> Office:
    """Everybody at work, on each engine."""
    desk.publish(lab, office.CATALOGUE)
    return office.open_(lab)


@contextmanager
def filing(here: Office, case: Case) -> Iterator[None]:
    """A result is being filed: the worker has read the requisition, and keeps the result when the block ends."""
    at = here.lab.clock()
    runs = (Measured(case.order("NA"), number("141"), "run-1", "ANALYSER-1", at),)
    with door.enter(here.worker, RecordResults(case.patient, case.work), here.meant(here.worker)) as grant:
        message = Message(case.tube, runs, "ANALYSER-1", b"MSH|raw")
        results.record(grant, results.known(grant), message, WHERE, at=at)
        yield


def rejected(here: Office, case: Case) -> None:
    """The technician rejects the tube."""
    refusal = Refusal(case.tube, "RH", Role.TECHNICIAN, "nord", 4711)
    Desk(here.lab, here.bench).reject(case.patient, case.placed, refusal)


def test_no_result_of_a_rejected_tube_is_validated_even_if_it_was_filed_meanwhile(here: Office) -> None:
    case = here.ask(here.register(), "NA")
    with filing(here, case):
        rejected(here, case)
    here.verify(case, BY_HAND)
    choice = here.choice(case, "NA", RESERVE)
    with pytest.raises(Refused, match="rejected"):
        here.technically(case, choice, who="biologist")
    with pytest.raises(Refused, match="rejected"):
        here.medically(case, choice)
    here.cancel(case, "NA", version=choice.version)


def test_a_result_that_changed_while_it_was_signed_is_a_conflict(here: Office) -> None:
    case = here.ask(here.register(), "NA")
    here.record(case, {"NA": number("141")})
    here.verify(case, BY_HAND)
    with pytest.raises(Refused, match="meantime"):
        signed_too_late(here, case)


def signed_too_late(here: Office, case: Case) -> None:
    """The biologist signs what was measured anew before the signature was kept."""
    choice, biologist = here.choice(case, "NA"), here.who("biologist")
    act = ValidateMedically(case.patient, case.work)
    with door.enter(biologist, act, here.meant(biologist)) as grant:
        validation.medically(grant, [choice], "", here.signer("biologist"), at=here.lab.clock())
        here.record(case, {"NA": number("99")})
