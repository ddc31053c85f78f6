"""At the cut-over everything of the old system ends, and what lives afterwards is exactly what two people declared."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.access import acts, door, governing, migrating, people
from aliquot.access.acts import Administer, ReadMigration, StepMigration
from aliquot.access.grant import Grant
from aliquot.cli.scratch import PASSWORD, World
from aliquot.custody import cutting, forms
from aliquot.custody.answers import Credential, Cutting, NewWork
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import SignIn
from aliquot.custody.roles import Role
from aliquot.terms import ids
from tests.custody import moving, speaker
from tests.custody.moving import ROAD, Move, govern, refusal
from tests.plan import NORD

OLD = {
    "device": ("OLD-ANALYSER", "nord"),
    "listener": ("old-listener", ""),
    "service": ("old-connector", ""),
    "person": ("integrator@nord", ""),
}
KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()


@pytest.fixture
def move(small_lab: World) -> Move:
    """Reconciled, the way back rehearsed, and things of the old system about."""
    until = small_lab.clock() + timedelta(days=60)
    old = (
        forms.EnrolDevice("OLD-ANALYSER", "nord"),
        forms.EnrolListener("old-listener", PUBLIC),
        forms.EnrolService("old-connector", Role.WORKER, PUBLIC, until),
    )
    for form in old:
        proposed = govern(small_lab, "administrator@nord", form, Administer)
        if not isinstance(form, forms.EnrolDevice):
            approval = forms.Approve(proposed.hex(), forms.digest(form).hex())
            govern(small_lab, "director@nord", approval, acts.SignMandate)
    return moving.declared(small_lab).until("way-back")


def credential(kind: str) -> Credential:
    return msgspec.convert({"kind": kind, "name": OLD[kind][0]}, Credential)


def declared(move: Move, cut: forms.CutOver) -> forms.StepMigration:
    return msgspec.structs.replace(move.form("cut-over"), cut=cut)


def cut_over(move: Move, *kinds: str) -> Cutting:
    """Two people cut over, and end these; the answer is what lived before."""
    told = move.cutting()
    form = declared(move, move.cut(*map(credential, kinds)))
    proposed = move.govern("privacy@nord", form)
    move.govern("director@nord", forms.Approve(proposed.hex(), forms.digest(form).hex()))
    assert move.state() == "cut-over"
    return told


def reason(move: Move, cut: forms.CutOver) -> str:
    with pytest.raises(Denial) as refused:
        move.govern("director@nord", declared(move, cut))
    assert refused.value.code == "credentials"
    return refused.value.reason


def code(do: Callable[[], object]) -> str:
    """The code with which something is refused, or nothing."""
    try:
        do()
    except Denial as denial:
        return denial.code
    return ""


def test_what_two_people_end_comes_in_no_more_and_the_rest_does(move: Move) -> None:
    lab = move.lab
    line = lab.service("old-connector", KEY)
    ticket, seat = line.session().ticket, lab.sign_in("integrator@nord")
    meant = door.intent(door.Actor(line, ticket, NORD), lab.clock(), "HOPERAT")
    cut_over(move, *OLD)
    told = move.cutting()
    names = {one.name for one in told.living}
    assert names.isdisjoint({name for name, _ in OLD.values()} | {moving.LOADER})
    assert code(lambda: lab.service("old-connector", KEY).session()) == "service"
    assert code(lambda: enter(replace(door.Actor(line, ticket, NORD)), meant)) == "signed-out"
    assert code(lambda: people.who(seat.line, seat.ticket)) == "signed-out"
    again = SignIn("integrator@nord", PASSWORD, lab.code("integrator@nord"), "test")
    assert code(lambda: people.sign_in(lab.line(), again)) == "sign-in"
    assert lab.sign_in("technician@nord").org == NORD
    assert code(lambda: lab.worker().session()) == ""


def enter(actor: door.Actor, meant: door.Intent) -> None:
    with door.enter(actor, acts.ReadCatalogue(acts.organization(NORD)), meant):
        pass


def test_the_loader_ends_without_being_named_also_for_what_it_had_open(move: Move) -> None:
    form = move.form("cut-over")
    approval = forms.Approve(move.govern("privacy@nord", form).hex(), forms.digest(form).hex())
    director = move.lab.sign_in("director@nord")
    with move.run() as grant:
        meant = replace(door.intent(director, move.lab.clock(), "HSYSADMIN"), factor=move.lab.factor("director@nord"))
        governing.change(director, approval, meant, desk=StepMigration)
        assert code(lambda: migrating.brought(grant)) == "grant-over"
        assert code(lambda: people.who(move.loader.line, move.loader.ticket)) == "signed-out"
    assert code(lambda: move.run().__enter__()) == "service"


@pytest.mark.parametrize("last", ["abort", "cut-over", "lapse"])
def test_a_loader_that_another_migration_names_is_declared_and_ends_with_the_last_of_them(
    move: Move, last: str
) -> None:
    other = moving.declared(move.lab, move.loader)
    told, cut = move.cutting(), move.cut()
    assert told.loader in cut.stays
    kept = msgspec.structs.replace(cut, stays=tuple(one for one in cut.stays if one != told.loader))
    assert reason(move, kept) == f"it lives and is not declared: service {moving.LOADER}"
    with move.run() as grant:
        cut_over(move)
        assert code(lambda: migrating.brought(grant)) == "grant-over"
    # Nothing is left of what this mandate allowed, and all of what the other does.
    assert [under(move, one) for one in ("RunMigration", "ReadMigration", "RegisterPatient")] == ["mandate"] * 3
    assert other.step("profile") == "profiled"
    if last == "lapse":
        other.let_pass(hours=73)
    elif last == "abort":
        other.step("abort")
    else:
        for step in ROAD[1:-1]:
            other.step(step)
    assert code(lambda: other.run().__enter__()) == "service"
    assert moving.LOADER not in {one.name for one in told_now(other)}


def test_a_loader_that_is_named_for_other_bulk_work_ends_with_that(move: Move) -> None:
    form = forms.SignMandate("more", moving.LOADER, 5, move.lab.clock() + timedelta(days=20))
    proposed = govern(move.lab, "administrator@nord", form, Administer)
    govern(move.lab, "director@nord", forms.Approve(proposed.hex(), forms.digest(form).hex()), acts.SignMandate)
    cut_over(move)
    move.let_pass(minutes=2)
    assert code(lambda: move.run().__enter__()) == "mandate"
    govern(move.lab, "administrator@nord", forms.EndMandate(proposed.hex()), Administer)
    move.let_pass(minutes=2)
    assert code(lambda: move.run().__enter__()) == "service"


def test_a_loader_that_is_named_elsewhere_ends_at_once_if_two_people_say_so(move: Move) -> None:
    other = moving.declared(move.lab, move.loader)
    form = declared(move, move.cut(move.cutting().loader))
    proposed = move.govern("privacy@nord", form)
    move.govern("director@nord", forms.Approve(proposed.hex(), forms.digest(form).hex()))
    assert code(lambda: other.run().__enter__()) == "service"


def under(move: Move, name: str) -> str:
    """The code with which an act of the loader's is refused under a mandate."""
    subject = ids.new(NORD, move.lab.clock()) if name == "RegisterPatient" else acts.organization(NORD)
    loader = move.speaker()
    return loader.denied(speaker.other(loader.act(name, subject, "HOPERAT"), mandate=move.mandate))


def told_now(move: Move) -> frozenset[Credential]:
    custodian = move.lab.custodian.custodian
    with custodian.store.turn(move.lab.clock()) as turn:
        return cutting.living(turn, custodian.held.unlocked, NORD)


def test_whatever_lives_and_is_not_declared_is_named(move: Move) -> None:
    cut = move.cut(credential("device"))
    said = reason(move, msgspec.structs.replace(cut, ends=()))
    assert said == "it lives and is not declared: device OLD-ANALYSER"
    kept = msgspec.structs.replace(cut, stays=tuple(one for one in cut.stays if one.name != "old-connector"))
    assert reason(move, kept) == "it lives and is not declared: service old-connector"


def test_whatever_is_declared_and_will_not_live_is_named(move: Move) -> None:
    cut, told = move.cut(), move.cutting()
    both = msgspec.structs.replace(cut, stays=(*cut.stays, told.loader))
    assert reason(move, both) == f"it is declared and will not live: service {moving.LOADER}"
    ended = msgspec.structs.replace(cut, ends=(credential("listener"),))
    assert reason(move, ended) == "it is declared and will not live: listener old-listener"


def test_what_serves_other_laboratories_too_and_what_is_not_there_is_not_ended(move: Move) -> None:
    worker = Credential("service", move.lab.installation.work.name)
    nobody = Credential("person", "nobody@nord")
    said = reason(move, move.cut(worker, nobody))
    assert said == f"not of this laboratory, or ended already: person nobody@nord, service {worker.name}"
    assert "secretary@sud" in reason(move, move.cut(Credential("person", "secretary@sud")))


def test_nobody_without_whom_nothing_is_governed_is_ended(move: Move) -> None:
    said = reason(move, move.cut(Credential("person", "administrator@nord")))
    assert said == "nobody would be left in the role administrator"


def test_who_comes_between_the_two_signatures_is_not_let_in_by_them(move: Move) -> None:
    form = move.form("cut-over")
    proposed = move.govern("director@nord", form)
    move.lab.enrol_device("LATE", "nord")
    approval = forms.Approve(proposed.hex(), forms.digest(form).hex())
    assert refusal(move.lab, "privacy@nord", approval, StepMigration) == "credentials"
    assert move.state() == "reconciled"


def test_only_a_cut_over_declares_and_it_always_does(move: Move) -> None:
    bare = msgspec.structs.replace(move.form("cut-over"), cut=msgspec.UNSET)
    assert refusal(move.lab, "director@nord", bare, StepMigration) == "credentials"
    other = msgspec.structs.replace(move.form("abort"), cut=move.cut())
    assert refusal(move.lab, "director@nord", other, StepMigration) == "credentials"


def test_the_way_back_is_rehearsed_after_each_reconciliation(move: Move) -> None:
    other = msgspec.structs.replace(move.cut(), back=moving.evidence("another").hex())
    assert refusal(move.lab, "director@nord", declared(move, other), StepMigration) == "way-back"
    old = move.cut()
    for step in ("load", "finish", "reconcile"):
        move.step(step)
    assert refusal(move.lab, "director@nord", declared(move, old), StepMigration) == "way-back"
    assert move.cutting().back == ""
    move.step("way-back")
    assert refusal(move.lab, "director@nord", declared(move, old), StepMigration) == ""


def test_what_was_done_beside_the_migration_is_counted_by_act_and_the_migration_is_not(move: Move) -> None:
    with read(move, move.loader) as grant:
        before = {one.act: one.n for one in migrating.new_work(grant).acts}
    move.lab.enrol_device("LATE", "nord")
    with read(move, move.loader) as grant:
        after = migrating.new_work(grant)
    assert after.since is not None
    assert "RunMigration" not in before
    assert {one.act: one.n for one in after.acts} == before


def test_the_work_beside_a_migration_is_counted_once_a_minute_however_often_it_is_asked(move: Move) -> None:
    # Each count reads the whole table of acts, and everybody else waits for it.
    assert counts(move, times=5) == 1
    move.let_pass(seconds=59)
    assert counts(move) == 0
    move.let_pass(seconds=2)
    assert counts(move) == 1


def counts(move: Move, times: int = 1) -> int:
    """How often custody counts when somebody asks so often."""
    db, counted = move.lab.custodian.custodian.store.db, []
    with read(move, move.loader) as grant:
        db.set_trace_callback(lambda sql: counted.append(sql) if "count(*) FROM act " in sql else None)
        told = {migrating.new_work(grant) for _ in range(times)}
        db.set_trace_callback(None)
    assert len(told) == 1
    return len(counted)


def test_the_work_beside_a_migration_is_counted_for_nobody_else(move: Move) -> None:
    with read(move, move.lab.sign_in("biologist@nord"), b"") as grant:
        assert code(lambda: governing.ask(grant, "new-work", {"mandate": move.mandate.hex()}, NewWork)) == "not-yours"


def test_who_cuts_over_may_see_the_work_beside_a_migration(move: Move) -> None:
    with read(move, move.lab.sign_in("privacy@nord"), b"") as grant:
        assert governing.ask(grant, "new-work", {"mandate": move.mandate.hex()}, NewWork).since is not None


def read(move: Move, actor: door.Actor, mandate: bytes | None = None) -> AbstractContextManager[Grant[ReadMigration]]:
    under = move.mandate if mandate is None else mandate
    meant = replace(door.intent(actor, move.lab.clock(), "HOPERAT"), mandate=under)
    return door.enter(actor, ReadMigration(acts.organization(NORD)), meant)


def test_the_credentials_are_told_to_those_who_cut_over_and_to_nobody_else(move: Move) -> None:
    biologist = move.lab.sign_in("biologist@nord")
    meant = door.intent(biologist, move.lab.clock(), "HSYSADMIN")
    with door.enter(biologist, ReadMigration(acts.organization(NORD)), meant) as grant:
        assert code(lambda: migrating.cutting(grant, move.mandate)) == "not-yours"
    assert {one.kind for one in move.cutting().living} == {"device", "listener", "person", "service"}


def test_the_worker_reads_a_migration_once_it_is_cut_over_and_no_other(move: Move) -> None:
    assert seen_by_worker(move) == ([], [])
    cut_over(move)
    assert seen_by_worker(move) == (["cut-over"], [])


def seen_by_worker(move: Move) -> tuple[list[str], list[str]]:
    """The states of the migration when it is named, and of all when none is."""
    worker = move.lab.work()
    meant = door.intent(worker, move.lab.clock(), "HOPERAT")
    with door.enter(worker, ReadMigration(acts.organization(NORD)), meant) as grant:
        named, every = migrating.state(grant, move.mandate), migrating.state(grant)
    return [one.state for one in named], [one.state for one in every]
