"""Ten dossiers are drawn by custody, two people open each beside the old words, and without that nobody signs."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from aliquot.access import acts, door, migrating
from aliquot.access.acts import CompareDossier
from aliquot.access.migrating import Judgement
from aliquot.cli.scratch import World
from aliquot.custody import answers, forms, limits, migrations, samples, staging
from aliquot.custody.denial import Denial
from aliquot.custody.migration_protocol import JudgeCompared
from aliquot.custody.protocol import Done
from aliquot.custody.steps import State
from aliquot.terms import ids
from aliquot.terms.ids import Id
from aliquot.terms.papers import Reason
from tests.custody import moving
from tests.custody.moving import Move, compare, sampled
from tests.custody.speaker import other, person
from tests.custody.test_matching import history, opened
from tests.legacy import move as moves
from tests.legacy.move import Old
from tests.legacy.old import person as somebody
from tests.legacy.old import result

FIRST, SECOND = "biologist@nord", "director@nord"


def loaded(lab: World, folder: Path, dossiers: int) -> Move:
    """A migration whose loading has ended, with so many dossiers of two people."""
    folder.mkdir()
    results = [result(("17", "18")[number % 2], f"9{number:02}") for number in range(dossiers)]
    old = Old(folder, [somebody(), somebody("18", NOM="MARTIN", NAI="01/02/1980", SEXE="M")], results)
    mover = moves.mover(lab)
    mover.load(old)
    mover.migration.step("finish")
    return mover.migration


@pytest.fixture
def move(small_lab: World, tmp_path: Path) -> Move:
    return loaded(small_lab, tmp_path / "old", 3)


def where(one: answers.Sampled) -> tuple[Id, Id]:
    return ids.parse(one.patient), ids.parse(one.work)


def look(move: Move, who: str, one: answers.Sampled) -> None:
    actor = move.lab.sign_in(who)
    with door.enter(actor, CompareDossier(*where(one)), door.intent(actor, move.lab.clock(), "HOPERAT")):
        pass


def judge(move: Move, who: str, one: answers.Sampled, reason: Reason = Reason.NONE) -> None:
    actor = move.lab.sign_in(who)
    migrating.judge(actor, Judgement(*where(one), reason), door.intent(actor, move.lab.clock(), "HOPERAT"))


def refused_to_judge(move: Move, who: str, one: answers.Sampled) -> str:
    with pytest.raises(Denial) as denied:
        judge(move, who, one)
    return denied.value.code


def refused_to_look(move: Move, who: str, one: answers.Sampled) -> str:
    with pytest.raises(Denial) as denied:
        look(move, who, one)
    return denied.value.code


def propose(move: Move, who: str) -> forms.Approve:
    form = move.form("reconcile")
    return forms.Approve(move.govern(who, form).hex(), forms.digest(form).hex())


def refusal(move: Move, who: str, form: forms.Form) -> str:
    return moving.refusal(move.lab, who, form, acts.StepMigration)


def test_nothing_is_drawn_before_the_loading_has_ended(small_lab: World, tmp_path: Path) -> None:
    assert sampled(small_lab, moving.declared(small_lab).until("load").mandate) == ()


def test_of_a_few_dossiers_all_are_drawn_and_of_many_so_many_each_once(small_lab: World, tmp_path: Path) -> None:
    few = loaded(small_lab, tmp_path / "few", limits.SAMPLED)
    assert len({one.work for one in sampled(small_lab, few.mandate)}) == limits.SAMPLED


def test_the_draw_is_the_same_for_the_same_evidence_and_another_for_another(small_lab: World, tmp_path: Path) -> None:
    move = loaded(small_lab, tmp_path / "many", limits.SAMPLED + 6)
    custodian = small_lab.custodian.custodian
    drawn: list[tuple[bytes, ...]] = []
    for evidence in (b"one", b"one", b"two"):
        with custodian.store.turn(small_lab.clock()) as turn:
            found = migrations.find(turn, move.mandate)
            assert found is not None
            naming = staging.opened(turn, custodian.held, found).naming
            samples.draw(turn, found, naming, hashlib.sha256(evidence).digest())
            rows = turn.db.execute("SELECT work FROM sampled WHERE mandate = ? ORDER BY n", (move.mandate,)).fetchall()
            drawn.append(tuple(work for (work,) in rows))
    assert drawn[0] == drawn[1]
    assert set(drawn[0]) != set(drawn[2])
    assert [len(set(each)) for each in drawn] == [limits.SAMPLED] * 3


def test_without_the_migrations_secret_nobody_can_tell_which_are_drawn(small_lab: World, tmp_path: Path) -> None:
    """A loader that knows all ids and chooses the evidence draws others than custody does."""
    move = loaded(small_lab, tmp_path / "many", limits.SAMPLED + 6)
    custodian, evidence = small_lab.custodian.custodian, move.in_force("finish")
    with custodian.store.turn(small_lab.clock()) as turn:
        found = migrations.find(turn, move.mandate)
        assert found is not None
        naming = staging.opened(turn, custodian.held, found).naming
        real = set(samples._drawn(turn, (move.mandate,), naming, evidence))
        guessed = set(samples._drawn(turn, (move.mandate,), b"", evidence))
    assert {ids.parse(one.work) for one in sampled(small_lab, move.mandate)} == {work for work, _ in real}
    assert real != guessed


def test_two_people_who_compared_every_dossier_sign(move: Move) -> None:
    for who in (FIRST, SECOND):
        compare(move.lab, move.mandate, who)
    approval = propose(move, FIRST)
    move.govern(SECOND, approval)
    assert move.state() is State.RECONCILED


@pytest.mark.parametrize("lazy", [FIRST, SECOND])
def test_who_has_not_compared_every_dossier_does_not_sign(move: Move, lazy: str) -> None:
    eager = SECOND if lazy == FIRST else FIRST
    compare(move.lab, move.mandate, eager)
    *most, last = sampled(move.lab, move.mandate)
    for one in most:
        look(move, lazy, one)
        judge(move, lazy, one)
    look(move, lazy, last)
    assert refusal(move, lazy, move.form("reconcile")) == "sample"
    assert refusal(move, lazy, propose(move, eager)) == "sample"
    assert move.state() is State.LOADED
    judge(move, lazy, last)
    move.govern(lazy, propose(move, eager))
    assert move.state() is State.RECONCILED


def test_a_verdict_needs_a_look(move: Move) -> None:
    one, *_ = sampled(move.lab, move.mandate)
    look(move, SECOND, one)
    assert refused_to_judge(move, FIRST, one) == "not-looked"
    look(move, FIRST, one)
    judge(move, FIRST, one, Reason.VALUE)
    judge(move, FIRST, one, Reason.UNIT)
    told, *_ = sampled(move.lab, move.mandate)
    assert [(said.name, said.agrees, said.reason) for said in told.judged] == [("Biologist Nord", False, Reason.UNIT)]


def test_what_was_said_stands_in_history_under_the_patients_pseudonym(move: Move) -> None:
    one, *_ = sampled(move.lab, move.mandate)
    look(move, FIRST, one)
    judge(move, FIRST, one)
    judge(move, FIRST, one, Reason.DATE)
    found = [leaf for leaf in history(move.lab) if leaf.act in {"migration.agrees", "migration.differs"}]
    assert [(leaf.act, leaf.id) for leaf in found] == [
        ("migration.agrees", move.mandate.hex()),
        ("migration.differs", move.mandate.hex()),
    ]
    assert len({leaf.pat for leaf in found} - {""}) == 1
    how = {one_.act: one_.explained for one_ in opened(move.lab, ids.parse(one.patient))}
    assert how["CompareDossier"] == "sample"


def test_looking_takes_nothing_from_the_small_buckets_and_counts_among_all_patients(move: Move) -> None:
    for one in sampled(move.lab, move.mandate):
        look(move, FIRST, one)
        look(move, FIRST, one)
    rows = move.lab.custodian.custodian.store.db.execute("SELECT key, level FROM bucket").fetchall()
    assert {key.partition(":")[0] for key, level in rows if level > 0} == {"all"}
    how = move.lab.custodian.custodian.store.db.execute("SELECT DISTINCT how FROM opening WHERE act = 'CompareDossier'")
    assert how.fetchall() == [("sample",)]


@pytest.mark.parametrize("who", ["privacy@nord", "technician@nord", "secretary@nord", "administrator@nord"])
def test_nobody_else_compares(move: Move, who: str) -> None:
    one, *_ = sampled(move.lab, move.mandate)
    assert refused_to_look(move, who, one) == "forbidden"
    assert refused_to_judge(move, who, one) == "forbidden"


def test_no_dossier_that_was_not_drawn_is_opened_so(small_lab: World, tmp_path: Path) -> None:
    move = loaded(small_lab, tmp_path / "many", limits.SAMPLED + 3)
    drawn = {one.work for one in sampled(small_lab, move.mandate)}
    rows = small_lab.custodian.custodian.store.db.execute("SELECT id, subject FROM work").fetchall()
    others = [answers.Sampled(subject.hex(), work.hex(), ()) for work, subject in rows if work.hex() not in drawn]
    assert len(others) == 3
    assert {refused_to_look(move, FIRST, one) for one in others} == {"not-sampled"}
    assert {refused_to_judge(move, FIRST, one) for one in others} == {"not-sampled"}


def test_a_dossier_is_named_with_its_own_patient(move: Move) -> None:
    first, second, *_ = sorted(sampled(move.lab, move.mandate), key=lambda one: one.patient)[::2]
    assert first.patient != second.patient
    assert refused_to_look(move, FIRST, replace_patient(first, second)) == "unknown-work"


def replace_patient(one: answers.Sampled, of: answers.Sampled) -> answers.Sampled:
    return answers.Sampled(of.patient, one.work, ())


def test_a_verdict_that_was_not_the_one_confirmed_is_refused(move: Move) -> None:
    one, *_ = sampled(move.lab, move.mandate)
    look(move, FIRST, one)
    biologist = person(move.lab, FIRST)
    patient, work = where(one)
    act = other(biologist.act("JudgeDossier", patient, "HOPERAT", work), digest=samples.digest(work, Reason.NONE))
    asked = JudgeCompared(biologist.granted(act).grant, Reason.VALUE)
    with pytest.raises(Denial) as denied:
        biologist.line.ask(asked, Done)
    assert denied.value.code == "not-of-this-act"


def test_a_new_end_of_the_loading_draws_anew_and_forgets_what_was_said(move: Move) -> None:
    for who in (FIRST, SECOND):
        compare(move.lab, move.mandate, who)
    move.step("load")
    one, *_ = sampled(move.lab, move.mandate)
    assert refused_to_look(move, FIRST, one) == "not-sampled"
    assert refused_to_judge(move, FIRST, one) == "migration-state"
    move.step("finish", brought="the last difference")
    assert {one.judged for one in sampled(move.lab, move.mandate)} == {()}
    assert refusal(move, FIRST, move.form("reconcile")) == "sample"
    # What somebody saw before it was drawn again is not what stands there now.
    again = sampled(move.lab, move.mandate)
    assert {refused_to_judge(move, FIRST, one) for one in again} == {"not-looked"}
    for who in (FIRST, SECOND):
        compare(move.lab, move.mandate, who)
    assert refusal(move, FIRST, move.form("reconcile")) == ""


def test_when_it_is_signed_the_dossiers_are_closed_again(move: Move) -> None:
    move.step("reconcile")
    one, *_ = sampled(move.lab, move.mandate)
    assert [said.agrees for said in one.judged] == [True, True]
    assert refused_to_judge(move, FIRST, one) == "migration-state"


def test_the_loader_is_not_told_which_are_drawn(move: Move) -> None:
    actor = move.loader
    meant = replace(door.intent(actor, move.lab.clock(), "HOPERAT"), mandate=move.mandate)
    with door.enter(actor, acts.ReadMigration(acts.organization(actor.org)), meant) as grant:
        assert migrating.sample(grant, move.mandate).dossiers == ()


def test_another_laboratory_sees_none(move: Move) -> None:
    one, *_ = sampled(move.lab, move.mandate)
    assert refused_to_look(move, "biologist@sud", one) == "other-organization"
    stranger = move.lab.sign_in("biologist@sud")
    desk = acts.ReadMigration(acts.organization(stranger.org))
    with door.enter(stranger, desk, door.intent(stranger, move.lab.clock(), "HOPERAT")) as grant:
        assert migrating.sample(grant, move.mandate).dossiers == ()
