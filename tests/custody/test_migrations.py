"""A mandate is signed by a director and a privacy officer, and a migration goes the road that was decided."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from aliquot.access import acts, door, governing, migrating
from aliquot.access.acts import Administer, ReadMigration, SignMandate, StepMigration
from aliquot.cli.scratch import World
from aliquot.custody import forms
from aliquot.custody.denial import Denial
from aliquot.custody.roles import Role
from aliquot.custody.steps import OVER, State, Step
from aliquot.ledger import entry
from aliquot.terms.mandates import Scope, Table
from aliquot.vault import mandate
from tests.custody import moving
from tests.custody.moving import ANNEX, PEOPLE, ROAD, SCOPE, Move, evidence, mandate_form, refusal
from tests.plan import NORD


@pytest.fixture
def move(small_lab: World) -> Move:
    return moving.declared(small_lab)


def leaves(lab: World) -> list[entry.Entry]:
    rows = lab.custodian.custodian.store.db.execute("SELECT entry FROM leaf WHERE org = ? ORDER BY seq", (NORD,))
    return [entry.decode(row[0]) for row in rows]


def test_a_mandate_that_two_people_signed_is_a_declared_migration(move: Move) -> None:
    told = move.told()
    assert (told.state, told.allowed, told.used) == ("declared", 100, 0)
    assert told.next == ("profile", "abort", "extend")
    assert [one.step for one in told.steps] == ["declare"]
    assert told.steps[0].people == ("Director Nord", "Privacy Nord")


def test_the_signed_document_says_what_was_signed_and_by_whom(move: Move) -> None:
    document = move.document()
    people = move.row("SELECT proposed_by, decided_by FROM change WHERE id = ?", move.mandate)
    assert document.id == move.mandate.hex()
    assert (document.organization, document.annex, document.scope) == (NORD.hex(), ANNEX, SCOPE)
    assert document.signers == tuple(bytes(one).hex() for one in people)  # type: ignore[call-overload]  # ids are bytes
    assert len(bytes.fromhex(document.staging)) == 1216


def test_the_export_key_is_made_once_and_enrolled_in_the_history(small_lab: World) -> None:
    first = moving.declared(small_lab)
    second = moving.declared(small_lab, first.loader)
    keys = {mandate.key_of(one.told().document.encode()) for one in (first, second)}
    enrolled = [leaf.root for leaf in leaves(small_lab) if leaf.act == "export-key"]
    assert [bytes.fromhex(key) for key in enrolled] == [*keys]


def test_the_staging_key_lies_nowhere_in_clear_and_each_mandate_has_its_own(small_lab: World) -> None:
    first = moving.declared(small_lab)
    second = moving.declared(small_lab, first.loader)
    assert first.document().staging != second.document().staging
    (secrets,) = first.row("SELECT secrets FROM migration WHERE mandate = ?", first.mandate)
    assert isinstance(secrets, bytes)
    assert first.document().staging.encode() not in secrets


@pytest.mark.parametrize("who", ["administrator@nord", "biologist@nord", "secretary@nord"])
def test_nobody_else_proposes_a_migration(small_lab: World, who: str) -> None:
    moving.loader(small_lab)
    assert refusal(small_lab, who, mandate_form(small_lab)) in {"not-yours", "forbidden"}


def test_the_director_does_not_approve_what_the_director_proposed(small_lab: World) -> None:
    moving.loader(small_lab)
    form = mandate_form(small_lab)
    proposed = moving.govern(small_lab, "director@nord", form, SignMandate)
    approval = forms.Approve(proposed.hex(), forms.digest(form).hex())
    assert refusal(small_lab, "director@nord", approval) == "second-person"
    assert refusal(small_lab, "administrator@nord", approval, Administer) == "not-yours"
    assert refusal(small_lab, "privacy@nord", approval) == ""


def test_a_second_director_is_not_a_privacy_officer(small_lab: World) -> None:
    moving.loader(small_lab)
    make_director(small_lab, "second@nord")
    form = mandate_form(small_lab)
    proposed = moving.govern(small_lab, "director@nord", form, SignMandate)
    approval = forms.Approve(proposed.hex(), forms.digest(form).hex())
    assert refusal(small_lab, "second@nord", approval) == "second-person"


def test_the_privacy_officer_may_propose_and_the_director_approve(small_lab: World) -> None:
    moving.loader(small_lab)
    form = mandate_form(small_lab)
    proposed = moving.govern(small_lab, "privacy@nord", form, SignMandate)
    assert refusal(small_lab, "director@nord", forms.Approve(proposed.hex(), forms.digest(form).hex())) == ""


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"scope": Scope((Table("PATIENT", ("NUM", "MOT_DE_PASSE")),), SCOPE.since, SCOPE.until)}, "scope"),
        ({"scope": Scope(SCOPE.tables, SCOPE.until, SCOPE.since, SCOPE.sites)}, "scope"),
        ({"service": "nobody"}, "no-such-service"),
        ({"annex": "00"}, "form"),
        ({"sender": "00"}, "form"),
    ],
)
def test_a_mandate_that_makes_no_sense_is_not_signed(small_lab: World, changed: dict[str, object], code: str) -> None:
    moving.loader(small_lab)
    assert refusal(small_lab, "director@nord", mandate_form(small_lab, **changed)) == code


def test_a_mandate_lasts_at_most_thirty_days(small_lab: World) -> None:
    moving.loader(small_lab)
    late = small_lab.clock() + timedelta(days=31)
    assert refusal(small_lab, "director@nord", mandate_form(small_lab, until=late)) == "term"


def test_a_migration_that_goes_well_goes_the_whole_road(move: Move) -> None:
    states = [move.step(step) for step in ROAD]
    assert states == [
        *("profiled", "mapped", "rehearsed", "loading", "loaded", "reconciled", "reconciled", "cut-over", "closed"),
    ]
    told = [leaf for leaf in leaves(move.lab) if leaf.act.startswith("migration.")]
    assert [leaf.act for leaf in told] == ["migration.declare", *(f"migration.{step}" for step in ROAD)]
    assert {leaf.id for leaf in told} == {move.mandate.hex()}
    assert [leaf.root for leaf in told[1:4]] == [evidence(step).hex() for step in ("profile", "map", "rehearse")]
    assert told[0].root == ANNEX


def test_a_new_map_leads_back_and_the_old_one_no_longer_counts(move: Move) -> None:
    move.until("rehearse")
    assert move.step("map", brought="a better map") == "mapped"
    with pytest.raises(Denial) as refused:
        move.step("rehearse", rests="map")
    assert refused.value.code == "evidence"
    assert move.step("rehearse", rests="a better map") == "rehearsed"


@pytest.mark.parametrize("step", ["rehearse", "load", "finish", "reconcile", "way-back", "cut-over", "close"])
def test_a_step_names_what_it_rests_on(move: Move, step: str) -> None:
    move.until(ROAD[ROAD.index(step) - 1])
    with pytest.raises(Denial) as refused:
        move.step(step, rests="something else")
    assert refused.value.code == "evidence"


@pytest.mark.parametrize(("step", "given"), [("map", ""), ("load", "ab" * 32), ("abort", "ab" * 32)])
def test_evidence_comes_exactly_where_it_belongs(move: Move, step: str, given: str) -> None:
    move.until({"map": "profile", "load": "rehearse", "abort": "profile"}[step])
    form = msgspec.structs.replace(move.form(step), evidence=given)
    assert refusal(move.lab, PEOPLE[step][0], form, StepMigration) == "evidence"


def test_every_step_that_does_not_follow_is_refused_in_every_state(move: Move) -> None:
    """One migration walks the road; at each station every step that the table does not have is tried."""
    for taken in ("", *ROAD):
        if taken:
            move.step(taken)
        told = move.told()
        for step in Step:
            if step not in told.next:
                assert tried(move, step) in {"step", "migration-over", "service"}, (told.state, step)
        assert move.state() == told.state


def test_every_step_is_refused_to_every_role_that_does_not_take_it(move: Move) -> None:
    cast = ("secretary", "technician", "biologist", "director", "privacy", "administrator", "integrator", "quality")
    allowed = {"map": {"biologist"}, "load": {"director", "privacy"}, "abort": {"director", "privacy"}}
    both, three = {"director", "privacy"}, {"biologist", "director", "privacy"}
    allowed |= {"extend": both, "cut-over": both, "close": both, "reconcile": three}
    station = {"map": "profile", "load": "rehearse", "reconcile": "finish", "cut-over": "reconcile"}
    for step in ("map", "load", "reconcile", "cut-over", "close", "extend", "abort"):
        before = station.get(step, "cut-over")
        if move.state() not in {"cut-over"}:
            for missing in ROAD[: ROAD.index(before) + 1]:
                if missing in move.told().next:
                    move.step(missing)
        for role in cast:
            if role not in allowed[step]:
                code = refusal(move.lab, f"{role}@nord", move.form(step), StepMigration)
                assert code in {"not-yours", "forbidden"}, (step, role)


def test_what_two_people_take_one_person_does_not(move: Move) -> None:
    move.until("finish")
    form = move.form("reconcile")
    proposed = move.govern("biologist@nord", form)
    assert move.state() == "loaded"
    approval = forms.Approve(proposed.hex(), forms.digest(form).hex())
    assert refusal(move.lab, "biologist@nord", approval, StepMigration) == "second-person"
    assert move.state() == "loaded"
    assert refusal(move.lab, "second@nord", approval, StepMigration) == ""
    assert move.state() == "reconciled"


def test_a_reconciliation_without_a_biologist_is_none(move: Move) -> None:
    make_director(move.lab, "technician@nord")
    move.until("finish")
    form = move.form("reconcile")
    proposed = move.govern("director@nord", form)
    approval = forms.Approve(proposed.hex(), forms.digest(form).hex())
    assert refusal(move.lab, "technician@nord", approval, StepMigration) == "second-person"


def test_a_step_that_waited_is_looked_at_again_when_it_is_approved(move: Move) -> None:
    move.until("finish")
    form = move.form("reconcile")
    proposed = move.govern("biologist@nord", form)
    move.step("map", brought="a better map")
    approval = forms.Approve(proposed.hex(), forms.digest(form).hex())
    assert refusal(move.lab, "director@nord", approval, StepMigration) == "step"


def test_a_step_needs_a_fresh_factor(move: Move) -> None:
    move.step("profile")
    biologist = move.lab.sign_in("biologist@nord")
    meant = door.intent(biologist, move.lab.clock(), "HSYSADMIN")
    with pytest.raises(Denial) as refused:
        governing.change(biologist, move.form("map"), meant)
    assert refused.value.code == "forbidden"
    assert move.state() == "profiled"


def test_the_step_desk_changes_nothing_but_steps(move: Move) -> None:
    form = forms.SignMandate("a past", moving.LOADER, 10, move.lab.clock() + timedelta(days=1))
    assert refusal(move.lab, "director@nord", form, StepMigration) == "not-of-this-act"
    assert refusal(move.lab, "director@nord", move.form("abort"), SignMandate) == "not-of-this-act"


def test_a_loader_takes_no_step_that_a_person_answers_for(move: Move) -> None:
    move.step("profile")
    with move.run() as grant, pytest.raises(Denial) as refused:
        migrating.step(grant, Step.MAP, evidence("map"))
    assert refused.value.code == "step"


def test_another_laboratory_sees_no_migration_of_this_one(move: Move) -> None:
    other = move.lab.sign_in("director@sud")
    meant = door.intent(other, move.lab.clock(), "HSYSADMIN")
    with door.enter(other, ReadMigration(acts.organization(other.org)), meant) as grant:
        assert migrating.state(grant, move.mandate) == ()
        assert migrating.state(grant) == ()
    assert refusal(move.lab, "director@sud", move.form("abort"), StepMigration) == "no-such-mandate"


def test_a_loader_sees_its_own_migration_only(small_lab: World) -> None:
    first = moving.declared(small_lab)
    moving.declared(small_lab, first.loader)
    meant = replace(door.intent(first.loader, small_lab.clock(), "HSYSADMIN"), mandate=first.mandate)
    with door.enter(first.loader, ReadMigration(acts.organization(NORD)), meant) as grant:
        (seen,) = migrating.state(grant)
    assert seen.id == first.mandate.hex()


def test_a_migration_is_aborted_and_not_ended_as_another_mandate(move: Move) -> None:
    ended = forms.EndMandate(move.mandate.hex())
    assert refusal(move.lab, "director@nord", ended, SignMandate) == "no-such-mandate"
    assert move.step("abort") == State.ABORTED
    assert State.ABORTED in OVER


def tried(move: Move, step: Step) -> str:
    """The code with which a step is refused, whoever takes it."""
    if step in PEOPLE:
        return refusal(move.lab, PEOPLE[step][0], move.form(step), StepMigration)
    try:
        with move.run() as grant:
            migrating.step(grant, step, evidence(step))
    except Denial as denial:
        return denial.code
    return ""


def make_director(lab: World, who: str) -> None:
    """Somebody of the cast is made a director too."""
    actor = lab.sign_in("administrator@nord")
    with door.enter(
        actor, acts.ReadStaff(acts.organization(NORD)), door.intent(actor, lab.clock(), "HSYSADMIN")
    ) as grant:
        (person,) = [one.person for one in governing.people(grant).accounts if one.login == who]
    form = forms.GrantRole(person, Role.DIRECTOR, "nord")
    proposed = moving.govern(lab, "administrator@nord", form, Administer)
    moving.govern(lab, "privacy@nord", forms.Approve(proposed.hex(), forms.digest(form).hex()), SignMandate)
