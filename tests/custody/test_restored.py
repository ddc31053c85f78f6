"""An older database is restored: who was shredded since does not come back with it (INV-31)."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aliquot.access import acts as doors
from aliquot.access import door, governing
from aliquot.cli.scratch import World
from aliquot.custody import forms
from aliquot.custody.protocol import Unsettled, UnsettledActs
from aliquot.terms.ids import Id
from tests.custody.speaker import Speaker, identity, notices, person, worker
from tests.custody.test_erasure import VICTIM, acts, decide, restore, shred, together
from tests.plan import NORD


@pytest.fixture
def secretary(small_lab: World) -> Speaker:
    small_lab.custodian.tick()
    return person(small_lab, "secretary@nord")


@pytest.fixture
def patient(secretary: Speaker) -> Id:
    return secretary.register(VICTIM)[0]


def test_an_older_database_does_not_bring_the_patient_back(small_lab: World, patient: Id, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    with closing(sqlite3.connect(backup)) as into:
        small_lab.custodian.custodian.store.db.backup(into)
    together(small_lab, shred(patient))
    restore(small_lab, backup)
    assert notices(small_lab).count("shredded-restored") == 1
    assert [leaf.act for leaf in acts(small_lab)] == ["shred"]
    secretary = person(small_lab, "secretary@nord")
    assert secretary.denied(secretary.act("OpenIdentity", patient, "PATADMIN")) == "shredded"
    assert len(small_lab.custodian.custodian.held.index(NORD)) == 0


def test_on_whom_a_hold_stands_in_the_older_database_is_erased_again_once_it_is_lifted(
    small_lab: World, patient: Id, tmp_path: Path
) -> None:
    decide(small_lab, "director@nord", forms.PlaceHold(patient.hex(), "litigation"))
    backup = tmp_path / "backup"
    with closing(sqlite3.connect(backup)) as into:
        small_lab.custodian.custodian.store.db.backup(into)
    together(small_lab, forms.LiftHold(patient.hex()))
    together(small_lab, shred(patient))
    restore(small_lab, backup)
    assert "shredded-held" in notices(small_lab)
    assert "shred" not in [leaf.act for leaf in acts(small_lab)]
    secretary = person(small_lab, "secretary@nord")
    assert secretary.granted(secretary.act("OpenIdentity", patient, "PATADMIN")).grant
    together(small_lab, forms.LiftHold(patient.hex()))
    small_lab.custodian.stop()
    small_lab.custodian.start()
    assert "shredded-restored" in notices(small_lab)
    secretary = person(small_lab, "secretary@nord")
    assert secretary.denied(secretary.act("OpenIdentity", patient, "PATADMIN")) == "shredded"


def test_the_laboratory_itself_is_never_erased_again(small_lab: World, patient: Id) -> None:
    small_lab.custodian.custodian.held.unlocked.epochs.shred({Id(NORD + bytes(12)): 1})
    small_lab.custodian.stop()
    small_lab.custodian.start()
    assert "shredded-laboratory" in notices(small_lab)
    assert together(small_lab, shred(patient)).state == "in-force"


def test_work_that_an_older_database_brings_back_with_the_patient_holds_nothing_up(
    small_lab: World, secretary: Speaker, patient: Id, tmp_path: Path
) -> None:
    """The backup was made while something was being saved, and something else was lost."""
    backup = tmp_path / "backup"
    begun = [secretary.act("RegisterPatient", secretary.id(), "PATADMIN") for _ in range(2)]
    for act in begun:
        secretary.prepare(secretary.granted(act).grant, identity(secretary.id()))
    with closing(sqlite3.connect(backup)) as into:
        small_lab.custodian.custodian.store.db.backup(into)
        into.execute("UPDATE act SET subject = ? WHERE state = 'prepared'", (patient,))
        into.execute("UPDATE pending SET subject = ?", (patient,))
        into.execute(
            "UPDATE leaf_subject SET subject = ? WHERE subject IN (?, ?)", (patient, *(a.subject for a in begun))
        )
        into.execute("UPDATE act SET state = 'lost' WHERE id = ?", (begun[1].id,))
        into.commit()
    for act in begun:
        secretary.end(act.id, "abandoned")
    together(small_lab, shred(patient))
    restore(small_lab, backup)
    settles = worker(small_lab, NORD)
    assert settles.line.ask(Unsettled(settles.ticket, 0), UnsettledActs).acts == ()
    officer = small_lab.sign_in("privacy@nord")
    desk = doors.ReviewNotice(doors.organization(officer.org))
    with door.enter(officer, desk, door.intent(officer, small_lab.clock(), "HLEGAL")) as grant:
        assert governing.lost(grant).acts == ()
    db = small_lab.custodian.custodian.store.db
    assert db.execute("SELECT count(*) FROM pending WHERE subject = ?", (patient,)).fetchone() == (0,)
