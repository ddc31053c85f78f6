"""What a caller may begin: each act decided on facts, written down, and one act for each id."""

import json
import threading

import pytest

from aliquot.cli.scratch import World
from aliquot.custody import holdings, subjects
from aliquot.custody.denial import CustodyGone, Denial
from aliquot.custody.protocol import Denied, Done, Granted, SignOut
from aliquot.terms.ids import Id
from tests.custody.speaker import Speaker, identity, leaves, notices, observation, other, person, worker
from tests.plan import NORD, SUD


@pytest.fixture
def secretary(small_lab: World) -> Speaker:
    return person(small_lab, "secretary@nord")


def test_the_same_act_sent_again_is_one_act_with_one_entry(small_lab: World, secretary: Speaker) -> None:
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    secretary.granted(act)
    before = leaves(small_lab, NORD)
    secretary.granted(act)
    assert leaves(small_lab, NORD) == before


def test_an_act_that_was_kept_answers_its_outcome_and_grants_nothing(secretary: Speaker) -> None:
    patient = secretary.id()
    act = secretary.act("RegisterPatient", patient, "PATADMIN")
    secretary.prepare(secretary.granted(act).grant, identity(secretary.id()))
    secretary.end(act.id)
    again = secretary.granted(act)
    assert (again.done, again.grant) == ("kept", b"")


def test_an_act_begun_on_another_day_is_written_down_again(small_lab: World, secretary: Speaker) -> None:
    patient, _ = secretary.register()
    act = secretary.act("PlaceOrder", patient, "TREAT", secretary.id())
    secretary.granted(act)
    small_lab.clock.pass_(small_lab.clock.at.replace(hour=23, minute=59, second=59) - small_lab.clock.at)
    again = person(small_lab, "secretary@nord")
    before = leaves(small_lab, NORD)
    again.granted(act)
    assert leaves(small_lab, NORD) > before


@pytest.mark.parametrize(
    "changed",
    [
        {"digest": b"other"},
        {"purpose": "TREAT"},
        {"reason": "another reason"},
        {"name": "OpenIdentity"},
        {"subject": NORD + b"another patnt"[:12]},
    ],
)
def test_an_act_id_with_other_content_is_refused(secretary: Speaker, changed: dict[str, object]) -> None:
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    secretary.granted(act)
    assert secretary.denied(other(act, **changed)) == "act-reused"


def test_an_act_id_of_somebody_else_is_refused(small_lab: World, secretary: Speaker) -> None:
    patient, _ = secretary.register()
    act = secretary.act("OpenIdentity", patient, "PATADMIN")
    secretary.granted(act)
    assert person(small_lab, "biologist@nord").denied(act) == "act-reused"


def test_an_act_id_is_refused_for_other_content_after_a_restart_too(small_lab: World, secretary: Speaker) -> None:
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    secretary.granted(act)
    small_lab.custodian.stop()
    small_lab.custodian.start()
    with pytest.raises(CustodyGone):
        secretary.denied(act)
    assert secretary.denied(other(act, digest=b"other")) == "act-reused"


def test_an_act_id_of_another_organization_is_refused(small_lab: World, secretary: Speaker) -> None:
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    assert secretary.denied(other(act, id=SUD + act.id[4:])) == "other-organization"


@pytest.mark.parametrize("org", [SUD, b"\0\0\0\0", b"\xff\xff\xff\xff"])
def test_a_subject_of_another_organization_is_refused_to_people_and_to_the_worker(
    small_lab: World, secretary: Speaker, org: bytes
) -> None:
    subject = org + bytes(11) + b"\1"
    assert secretary.denied(secretary.act("OpenIdentity", subject)) == "other-organization"
    filing = worker(small_lab, NORD)
    assert filing.denied(filing.act("RecordResults", subject)) == "other-organization"


@pytest.mark.parametrize("name", ["OpenIdentity", "PlaceOrder", "RegisterPatient"])
def test_the_organization_is_nobodys_patient(secretary: Speaker, name: str) -> None:
    act = secretary.act(name, holdings.organization(NORD), "PATADMIN", secretary.id())
    assert secretary.denied(act) == "malformed"


def test_a_patient_is_no_organization(secretary: Speaker) -> None:
    patient, _ = secretary.register()
    assert secretary.denied(secretary.act("FindPatient", patient, "PATADMIN")) == "malformed"


def test_a_patient_is_registered_once(secretary: Speaker) -> None:
    patient, _ = secretary.register()
    assert secretary.denied(secretary.act("RegisterPatient", patient, "PATADMIN")) == "act-reused"


def test_a_registration_that_came_to_nothing_is_done_again_by_one_act(small_lab: World, secretary: Speaker) -> None:
    patient = secretary.id()
    act = secretary.act("RegisterPatient", patient, "PATADMIN")
    secretary.prepare(secretary.granted(act).grant, identity(patient))
    assert secretary.denied(secretary.act("RegisterPatient", patient, "PATADMIN")) == "act-reused"
    worker(small_lab, NORD).end(act.id, "lost")
    again = secretary.act("RegisterPatient", patient, "PATADMIN")
    granted = secretary.granted(again).grant
    assert secretary.denied(secretary.act("RegisterPatient", patient, "PATADMIN")) == "act-reused"
    secretary.prepare(granted, identity(patient))
    secretary.end(again.id)
    assert secretary.denied(secretary.act("RegisterPatient", patient, "PATADMIN")) == "act-reused"


def test_nobody_works_on_a_patient_who_is_not_kept_yet(secretary: Speaker) -> None:
    patient = secretary.id()
    secretary.granted(secretary.act("RegisterPatient", patient, "PATADMIN"))
    assert secretary.denied(secretary.act("PlaceOrder", patient, "TREAT", secretary.id())) == "unknown-subject"


def test_an_order_is_placed_once_and_only_for_its_own_patient(secretary: Speaker) -> None:
    patient, _ = secretary.register()
    another, _ = secretary.register()
    work, _ = secretary.order(patient)
    for whose in (patient, another):
        assert secretary.denied(secretary.act("PlaceOrder", whose, "TREAT", work)) == "unknown-work"
    assert secretary.denied(secretary.act("PrintLabels", another, "TREAT", work)) == "unknown-work"
    assert secretary.denied(secretary.act("PlaceOrder", patient, "TREAT")) == "unknown-work"


def test_a_person_confirms_no_order_by_naming_a_letter(small_lab: World, secretary: Speaker) -> None:
    patient, _ = secretary.register()
    work, _ = secretary.order(patient)
    small_lab.custodian.custodian.store.db.execute("INSERT INTO letter VALUES (1, x'01', ?)", (NORD,))
    typing = person(small_lab, "technician@nord")
    act = other(typing.act("TypeResult", patient, "TREAT", work), letter=1)
    assert typing.denied(act) == "unknown-letter"


def test_one_refused_act_leaves_its_neighbours_and_is_in_the_history(small_lab: World, secretary: Speaker) -> None:
    good = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    bad = secretary.act("ReleaseReport", secretary.id())
    before = leaves(small_lab, NORD)
    outcomes = secretary.enter(bad, good, bad)
    assert [type(outcome) for outcome in outcomes] == [Denied, Granted, Denied]
    assert leaves(small_lab, NORD) == before + 3


def test_one_act_entered_over_two_lines_at_once_is_entered_once(small_lab: World, secretary: Speaker) -> None:
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    both = secretary.enter(act, act)
    assert all(isinstance(outcome, Granted) for outcome in both)
    before = leaves(small_lab, NORD)
    told: list[bytes] = []

    def ask() -> None:
        line = small_lab.line()
        told.append(Speaker(small_lab, line, secretary.ticket, NORD).granted(act).grant)
        line.hang_up()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(told)) == 4
    assert leaves(small_lab, NORD) == before


def test_a_grant_dies_with_its_session(secretary: Speaker) -> None:
    patient, kept = secretary.register()
    grant = secretary.granted(secretary.act("OpenIdentity", patient, "PATADMIN")).grant
    assert secretary.state(grant, kept) == "open"
    secretary.line.ask(SignOut(secretary.ticket), Done)
    with pytest.raises(Denial) as refused:
        secretary.state(grant, kept)
    assert refused.value.code == "signed-out"


def test_a_reason_reaches_the_privacy_desk_and_is_nowhere_in_clear(small_lab: World, secretary: Speaker) -> None:
    patient, _ = secretary.register()
    biologist = person(small_lab, "biologist@nord")
    act = other(biologist.act("OpenDossier", patient, "BTG"), reason="canary of a reason", factor=_factor(small_lab))
    biologist.granted(act)
    assert "break-glass" in notices(small_lab)
    custodian = small_lab.custodian.custodian
    with custodian.store.turn(small_lab.clock()) as turn:
        subject = custodian.held.subject(turn, patient)
        (sealed,) = turn.db.execute("SELECT sealed FROM notice WHERE kind = 'break-glass'").fetchone()
    assert subject is not None
    typed = bytes.fromhex(json.loads(custodian.held.unlocked.box(NORD).open("notice", sealed))["typed"])
    assert subjects.unseal(custodian.held.unlocked, subject, "notice", typed) == b"canary of a reason"
    files = b"".join(path.read_bytes() for path in small_lab.installation.custody.database.parent.glob("*sqlite3*"))
    assert b"canary of a reason" not in files


def _factor(lab: World) -> object:
    return lab.factor("biologist@nord")


def test_more_acts_than_a_request_may_hold_are_malformed(secretary: Speaker) -> None:
    acts = tuple(secretary.act("RegisterPatient", secretary.id(), "PATADMIN") for _ in range(1001))
    with pytest.raises(Denial) as refused:
        secretary.enter(*acts)
    assert refused.value.code == "malformed"


def test_a_technician_typing_needs_open_work(small_lab: World, secretary: Speaker) -> None:
    patient, _ = secretary.register()
    technician = person(small_lab, "technician@nord")
    assert technician.denied(technician.act("TypeResult", patient)) == "no-work"
    work, _ = secretary.order(patient)
    technician.result(patient, work, observation(Id(technician.id()), work))
