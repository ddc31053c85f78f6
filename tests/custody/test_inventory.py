"""Who approves sees the laboratory as custody has it: people with their terms, what is enrolled, what waits."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from aliquot.access import acts, door, governing, migrating
from aliquot.access.acts import ReadMigration, ReadStaff
from aliquot.custody import answers, forms
from aliquot.custody.denial import Denial
from aliquot.custody.roles import Role
from aliquot.terms.purposes import Purpose
from tests.custody import moving
from tests.plan import NORD
from tests.world import START, World


def told(lab: World, who: str) -> answers.Accounts:
    actor = lab.sign_in(who)
    desk = ReadStaff(acts.organization(actor.org))
    with door.enter(actor, desk, door.intent(actor, lab.clock(), Purpose.HSYSADMIN)) as grant:
        return governing.people(grant)


def test_people_devices_and_services_of_the_own_laboratory_are_told(small_lab: World) -> None:
    small_lab.enrol_device("ANALYSER-1", "nord")
    small_lab.enrol_device("ANALYSER-2", "sud")
    accounts = told(small_lab, "director@nord")
    technician = next(one for one in accounts.accounts if one.login == "technician@nord")
    assert (technician.roles, technician.state) == (("technician@nord",), "active")
    assert technician.until > START
    assert [one for one in accounts.equipment if one.kind == "device"] == [
        answers.Equipment("device", "ANALYSER-1", "nord")
    ]
    assert "worker" in {one.place for one in accounts.equipment if one.kind == "service"}


KEY = b"k" * 32


def enrol(lab: World, site: str, form: forms.Change) -> bytes:
    """An administrator and a director of a laboratory enrol something."""
    proposed = moving.govern(lab, f"administrator@{site}", form, acts.Administer)
    approval = forms.Approve(proposed.hex(), forms.digest(form).hex())
    return moving.govern(lab, f"director@{site}", approval, acts.SignMandate)


def test_a_laboratory_hears_of_its_own_and_of_what_serves_all_and_of_nothing_of_anothers(small_lab: World) -> None:
    until = small_lab.clock() + timedelta(days=20)
    move = moving.declared(small_lab)
    for role in (Role.LOADER, Role.EXPORTER, Role.WORKER):
        enrol(small_lab, "sud", forms.EnrolService(f"sud-{role}", role, KEY, until))
    enrol(small_lab, "sud", forms.EnrolListener("sud-listener", KEY))
    enrol(small_lab, "sud", forms.SignMandate("of sud", "sud-loader", 5, until))
    small_lab.enrol_device("ANALYSER-sud", "sud")
    moving.govern(
        small_lab, "administrator@sud", forms.EnrolService("sud-later", Role.LOADER, KEY, until), acts.Administer
    )
    theirs, ours = told(small_lab, "director@sud"), told(small_lab, "director@nord")
    assert {f"sud-{role}" for role in ("loader", "exporter", "worker", "listener")} <= names(theirs)
    assert [len(one) for one in (theirs.mandates, theirs.waiting)] == [1, 1]
    assert names(ours) == names(theirs) - {one for one in names(theirs) if "sud" in one} | {moving.LOADER}
    assert small_lab.installation.work.name in names(ours)
    for heard in (ours, move.cutting()):
        assert b"sud" not in msgspec.json.encode(heard)
    # Names are each taken once in an installation: that one is, is all that is told of it.
    for form in (forms.EnrolService("sud-loader", Role.LOADER, KEY, until), forms.EnrolListener("sud-listener", KEY)):
        with pytest.raises(Denial, match=r"^there is a (service|listener) of this name$"):
            moving.govern(small_lab, "administrator@nord", form, acts.Administer)


def names(accounts: answers.Accounts) -> set[str]:
    return {one.name for one in accounts.equipment}


def test_a_waiting_change_is_told_with_its_form_and_who_asked(small_lab: World) -> None:
    administrator = small_lab.sign_in("administrator@nord")
    people = {one.login: one.person for one in told(small_lab, "administrator@nord").accounts}
    form = forms.GrantRole(people["technician@nord"], Role.BIOLOGIST, "nord")
    meant = door.intent(administrator, small_lab.clock(), Purpose.HSYSADMIN)
    governing.change(administrator, form, replace(meant, factor=small_lab.factor("administrator@nord")))
    (waiting,) = told(small_lab, "privacy@nord").waiting
    assert forms.change(waiting.form.encode()) == form
    assert waiting.digest == forms.digest(form).hex()
    assert (waiting.proposer, waiting.proposed_by) == (people["administrator@nord"], "Administrator Nord")
    assert told(small_lab, "privacy@sud").waiting == ()


def test_who_signs_a_step_second_reads_it_without_the_desk_of_people(small_lab: World) -> None:
    move = moving.declared(small_lab).until("finish")
    form = move.form("reconcile")
    proposed = move.govern("director@nord", form)
    other = forms.GrantRole(person(small_lab), Role.BIOLOGIST, "nord")
    administrator = small_lab.sign_in("administrator@nord")
    meant = door.intent(administrator, small_lab.clock(), Purpose.HSYSADMIN)
    governing.change(administrator, other, replace(meant, factor=small_lab.factor("administrator@nord")))
    biologist = small_lab.sign_in("biologist@nord")
    with door.enter(
        biologist, ReadMigration(acts.organization(NORD)), door.intent(biologist, small_lab.clock(), Purpose.HSYSADMIN)
    ) as grant:
        (waiting,) = migrating.signatures(grant)
    assert (waiting.id, waiting.proposed_by) == (proposed.hex(), "Director Nord")
    assert forms.change(waiting.form.encode()) == form
    meant = replace(door.intent(move.loader, small_lab.clock(), Purpose.HSYSADMIN), mandate=move.mandate)
    with door.enter(move.loader, ReadMigration(acts.organization(NORD)), meant) as own:
        assert migrating.signatures(own) == ()


def person(lab: World) -> str:
    return next(one.person for one in told(lab, "administrator@nord").accounts if one.login == "technician@nord")


def test_who_could_sign_second_may_also_reject_and_nobody_else(small_lab: World) -> None:
    move = moving.declared(small_lab).until("finish")
    proposed = forms.Reject(move.govern("director@nord", move.form("reconcile")).hex())
    assert moving.refusal(small_lab, "administrator@nord", proposed, acts.Administer) == ""
    proposed = forms.Reject(move.govern("director@nord", move.form("reconcile")).hex())
    assert moving.refusal(small_lab, "second@nord", proposed, acts.StepMigration) == ""
    assert move.state() == "loaded"
