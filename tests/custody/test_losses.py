"""Work that was lost: one list, two officers, and nothing of it is ever opened."""

from dataclasses import replace

import msgspec
import pytest

from aliquot.access import door, governing
from aliquot.access.acts import SignMandate
from aliquot.cli.scratch import World
from aliquot.custody import forms
from aliquot.custody.answers import Losses, Lost, LostAct
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Answered, Ask, Governed, Write
from aliquot.ledger import entry
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose
from tests.custody.speaker import EMPTY, Speaker, identity, person, row, worker
from tests.plan import NORD


@pytest.fixture
def lost(small_lab: World) -> Id:
    """A registration that its process never stored; settlement has found that out."""
    secretary = person(small_lab, "secretary@nord")
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    writes = (identity(secretary.id()), Write(Kind.NOTE, secretary.id(), 1, 1, "known", (), 0, EMPTY))
    secretary.prepare(secretary.granted(act).grant, *writes)
    worker(small_lab, NORD).end(act.id, "lost")
    return Id(act.id)


def listed(lab: World, who: str = "privacy@nord") -> tuple[LostAct, ...]:
    """What waits, as an officer is told it."""
    officer = person(lab, who)
    grant = officer.granted(officer.act("ReviewNotice", NORD + bytes(12), "HLEGAL"))
    body = officer.line.ask(Ask(grant.grant, "lost", b"{}"), Answered).body
    return msgspec.json.decode(body, type=Lost).acts


def signed(lab: World, who: str, form: forms.Form) -> Governed:
    """An officer signs a form with a fresh factor."""
    actor = lab.sign_in(who)
    meant = replace(door.intent(actor, lab.clock(), Purpose.HSYSADMIN), factor=lab.factor(who))
    return governing.change(actor, form, meant, desk=SignMandate)


def refused(lab: World, who: str, form: forms.Form) -> str:
    """The code with which an officer's form is refused."""
    with pytest.raises(Denial) as denial:
        signed(lab, who, form)
    return denial.value.code


def approving(proposed: Governed, form: forms.AcknowledgeLost) -> forms.Approve:
    """What the second officer signs."""
    return forms.Approve(proposed.id.hex(), forms.digest(form).hex())


def events(lab: World) -> list[str]:
    """What the history says that people changed."""
    leaves = lab.custodian.custodian.store.db.execute("SELECT entry FROM leaf WHERE org = ? ORDER BY seq", (NORD,))
    acts = [entry.decode(raw).act for (raw,) in leaves]
    return [act for act in acts if act.startswith("change.")]


def test_the_list_says_what_was_lost_and_about_whom_only_by_pseudonym(small_lab: World, lost: Id) -> None:
    (act,) = listed(small_lab)
    assert (act.id, act.act, act.who) == (lost.hex(), "RegisterPatient", "Secretary Nord")
    assert act.portion == ("demography", "note")
    leaf = small_lab.custodian.custodian.store.db.execute("SELECT subject FROM act WHERE id = ?", (lost,)).fetchone()
    assert act.patient
    assert act.patient != leaf[0].hex()
    assert listed(small_lab, "director@nord") == (act,)


def test_two_officers_acknowledge_one_list_and_both_stand_in_the_history(small_lab: World, lost: Id) -> None:
    form = forms.AcknowledgeLost(listed(small_lab))
    proposed = signed(small_lab, "privacy@nord", form)
    assert proposed.state == "waiting"
    assert listed(small_lab) == form.acts
    assert refused(small_lab, "privacy@nord", approving(proposed, form)) == "second-person"
    assert signed(small_lab, "director@nord", approving(proposed, form)).state == "in-force"
    assert listed(small_lab) == ()
    assert events(small_lab) == ["change.AcknowledgeLost", "change.Approve"]


@pytest.mark.parametrize("who", ["administrator@nord", "biologist@nord"])
def test_nobody_but_officers_acknowledges(small_lab: World, lost: Id, who: str) -> None:
    form = forms.AcknowledgeLost(listed(small_lab))
    assert refused(small_lab, who, form) == "forbidden"
    assert listed(small_lab) == form.acts


def test_a_list_that_says_something_else_is_refused(small_lab: World, lost: Id) -> None:
    (act,) = listed(small_lab)
    other = msgspec.structs.replace(act, id=person(small_lab, "director@nord").id().hex())
    for acts in (
        (msgspec.structs.replace(act, act="OpenIdentity"),),
        (msgspec.structs.replace(act, portion=()),),
        (act, act),
        (act, other),
    ):
        assert refused(small_lab, "director@nord", forms.AcknowledgeLost(acts)) == "lost-list"
    assert refused(small_lab, "director@nord", forms.AcknowledgeLost(())) == "form"


def test_what_two_lists_name_is_acknowledged_once(small_lab: World, lost: Id) -> None:
    form = forms.AcknowledgeLost(listed(small_lab))
    first, second = (signed(small_lab, who, form) for who in ("privacy@nord", "director@nord"))
    signed(small_lab, "director@nord", approving(first, form))
    assert refused(small_lab, "privacy@nord", approving(second, form)) == "lost-list"


def test_what_is_acknowledged_is_never_opened_and_never_ends_otherwise(small_lab: World) -> None:
    secretary = person(small_lab, "secretary@nord")
    patient, _ = secretary.register()
    work = secretary.id()
    act = secretary.act("PlaceOrder", patient, "TREAT", work)
    write = Write(Kind.REQUISITION, work, 1, 1, "open", (), 0, EMPTY, site="nord")
    (sealed,) = secretary.prepare(secretary.granted(act).grant, write)
    worker(small_lab, NORD).end(act.id, "lost")
    form = forms.AcknowledgeLost(listed(small_lab))
    proposed = signed(small_lab, "privacy@nord", form)
    signed(small_lab, "director@nord", approving(proposed, form))
    assert _ends(secretary, act.id) == "already-ended"
    another, _ = secretary.order(patient)
    grant = secretary.granted(secretary.act("PrintLabels", patient, "TREAT", another)).grant
    assert secretary.state(grant, row(write, sealed)) not in {"open", "masked"}


def _ends(speaker: Speaker, act: bytes) -> str:
    with pytest.raises(Denial) as denial:
        speaker.end(act, "kept")
    return denial.value.code


def test_every_process_may_ask_how_much_waits_and_no_more(small_lab: World, lost: Id) -> None:
    line = small_lab.line("cli")
    body = line.ask(Ask(b"", "losses", b"{}"), Answered).body
    told = msgspec.json.decode(body, type=Losses)
    assert told.count == 1
    assert told.since is not None
    with pytest.raises(Denial):
        line.ask(Ask(b"", "lost", b"{}"), Answered)
