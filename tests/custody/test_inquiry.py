"""The history of one patient as the privacy desk is told it: the gravest explanation of a day, and what was typed."""

import hashlib

from aliquot.access import acts, door, governing
from aliquot.access.acts import OpenDossier, ReadHistory
from aliquot.access.door import Intent
from aliquot.custody import answers, openings
from aliquot.custody.explanation import Why
from aliquot.terms import ids
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose
from tests.access.test_door import register
from tests.world import World

REASON = "emergency: unconscious at the door"


def told(lab: World, patient: Id) -> tuple[answers.Opening, ...]:
    officer = lab.sign_in("privacy@nord")
    desk = ReadHistory(acts.organization(officer.org))
    with door.enter(officer, desk, door.intent(officer, lab.clock(), Purpose.HLEGAL)) as grant:
        return governing.who_opened(grant, patient).openings


def test_a_broken_glass_is_told_with_the_reason_that_was_typed(small_lab: World) -> None:
    patient = register(small_lab, small_lab.sign_in("secretary@nord"))
    biologist = small_lab.sign_in("biologist@nord")
    meant = Intent(
        Purpose.BTG,
        ids.new(biologist.org, small_lab.clock()),
        hashlib.sha256(b"glass").digest(),
        reason=REASON,
        factor=small_lab.factor("biologist@nord"),
    )
    door.note(biologist, OpenDossier(patient), meant)
    opened = next(one for one in told(small_lab, patient) if one.act == "OpenDossier")
    assert (opened.name, opened.explained, opened.reason) == ("Biologist Nord", "break-glass", REASON)
    assert [one.reason for one in told(small_lab, patient) if one.act != "OpenDossier"] == ["", "", ""]


def test_an_act_that_shows_nobody_explains_itself_and_an_opening_without_work_does_not(small_lab: World) -> None:
    secretary = small_lab.sign_in("secretary@nord")
    patient = register(small_lab, secretary)
    door.note(secretary, acts.OpenIdentity(patient), door.intent(secretary, small_lab.clock(), Purpose.PATADMIN))
    explained = {one.act: one.explained for one in told(small_lab, patient)}
    assert explained == {"RegisterPatient": "own", "OpenIdentity": "provisional"}


def test_an_explanation_that_is_no_longer_kept_is_not_called_harmless(small_lab: World) -> None:
    secretary = small_lab.sign_in("secretary@nord")
    patient = register(small_lab, secretary)
    door.note(secretary, acts.OpenIdentity(patient), door.intent(secretary, small_lab.clock(), Purpose.PATADMIN))
    with small_lab.custodian.custodian.store.turn(small_lab.clock()) as turn:
        turn.db.execute("DELETE FROM opening")
    (opened,) = (one for one in told(small_lab, patient) if one.act == "OpenIdentity")
    assert opened.explained == answers.FORGOTTEN


def test_every_word_that_an_opening_is_recorded_with_has_its_gravity() -> None:
    recorded = set(Why) - {Why.OWN, Why.NONE} | openings.COUNTED | {"beside", "again", "blind", "unexplained"}
    assert recorded <= set(answers.GRAVEST_FIRST)
