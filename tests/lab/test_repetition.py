import pytest

from aliquot.access import door
from aliquot.access.acts import RegisterPatient
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Prepare, Prepared, Writing
from aliquot.lab import patients, repetition
from aliquot.record.models import Subject
from tests.lab import desk
from tests.world import World


def test_what_was_sent_and_may_still_be_kept_is_not_done_again(small_lab: World) -> None:
    secretary = desk.desk(small_lab, "secretary@nord")
    act, meant, person = RegisterPatient(secretary.id()), secretary.meant(), secretary.person()
    with door.enter(secretary.actor, act, meant) as grant:
        patients.register(grant, person, at=small_lab.clock())
        # The process dies here, between custody's leaf and the record's transaction.
        writing = Writing(grant.token, tuple(draft.write() for draft in grant.drafts))
        secretary.actor.line.ask(Prepare((writing,)), Prepared)
        grant.drafts.clear()
    with door.enter(secretary.actor, act, meant) as grant, pytest.raises(Denial) as refused:
        repetition.is_done(grant)
    assert refused.value.code == "act-unsettled"
    assert Subject.objects.count() == 0
