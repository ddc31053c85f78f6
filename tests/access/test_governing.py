"""Who may do what is changed with a fresh factor over the very form, and history answers who opened whom."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aliquot.access import acts, door, governing, rows
from aliquot.access.acts import OpenIdentity, ReadHistory, SignMandate
from aliquot.access.door import Actor, Intent
from aliquot.custody import forms
from aliquot.custody.denial import Denial
from aliquot.custody.roles import Role
from tests.access.test_door import register
from tests.world import World


def test_a_device_is_enrolled_with_a_fresh_factor_and_not_without(small_lab: World) -> None:
    administrator = small_lab.sign_in("administrator@nord")
    meant = door.intent(administrator, small_lab.clock(), "HSYSADMIN")
    with pytest.raises(Denial) as refused:
        governing.change(administrator, forms.EnrolDevice("ANALYSER-1", "nord"), meant)
    assert refused.value.code == "forbidden"
    small_lab.enrol_device()


def test_a_role_that_validates_waits_for_a_second_person(small_lab: World) -> None:
    administrator = small_lab.sign_in("administrator@nord")
    technician = governing_people(small_lab)["technician@nord"]
    change = forms.GrantRole(technician, Role.BIOLOGIST, "nord")
    meant = replace(
        door.intent(administrator, small_lab.clock(), "HSYSADMIN"), factor=small_lab.factor("administrator@nord")
    )
    assert governing.change(administrator, change, meant).state == "waiting"


def test_a_mandate_that_the_director_wants_is_approved_by_the_privacy_officer(small_lab: World) -> None:
    wanted = forms.SignMandate("a past", "work", 10, small_lab.clock() + timedelta(days=1))
    director, meant = signed(small_lab, "director@nord")
    waiting = governing.change(director, wanted, meant)
    assert waiting.state == "waiting"
    approval = forms.Approve(waiting.id.hex(), forms.digest(wanted).hex())
    officer, meant = signed(small_lab, "privacy@nord")
    with pytest.raises(Denial):
        governing.change(officer, approval, meant)
    officer, meant = signed(small_lab, "privacy@nord")
    assert governing.change(officer, approval, meant, desk=SignMandate).state == "in-force"


def test_the_privacy_desk_sees_who_opened_a_patient(small_lab: World) -> None:
    secretary = small_lab.sign_in("secretary@nord")
    patient = register(small_lab, secretary)
    with door.enter(secretary, OpenIdentity(patient), door.intent(secretary, small_lab.clock(), "PATADMIN")) as grant:
        grant.read(rows.of_subject(patient))
    officer = small_lab.sign_in("privacy@nord")
    desk = ReadHistory(acts.organization(officer.org))
    with door.enter(officer, desk, door.intent(officer, small_lab.clock(), "HLEGAL")) as asked:
        openings = governing.who_opened(asked, patient).openings
    assert [(opening.name, opening.act) for opening in openings] == [
        ("Secretary Nord", "OpenIdentity"),
        ("Secretary Nord", "RegisterPatient"),
        ("Secretary Nord", "RegisterPatient"),
    ]


def test_whoever_approves_sees_who_works_here_without_a_factor_and_a_bench_does_not(small_lab: World) -> None:
    for who in ("administrator@nord", "director@nord", "privacy@nord"):
        assert "technician@nord" in governing_people(small_lab, who)
    with pytest.raises(Denial) as refused:
        governing_people(small_lab, "technician@nord")
    assert refused.value.code == "forbidden"


def governing_people(lab: World, who: str = "administrator@nord") -> dict[str, str]:
    """Everybody of the first laboratory: login to id."""
    actor = lab.sign_in(who)
    meant = door.intent(actor, lab.clock(), "HSYSADMIN")
    with door.enter(actor, acts.ReadStaff(acts.organization(actor.org)), meant) as grant:
        return {account.login: account.person for account in governing.people(grant).accounts}


def signed(lab: World, who: str) -> tuple[Actor, Intent]:
    """Somebody who is signed in, with a fresh factor."""
    actor = lab.sign_in(who)
    factor = lab.factor(who)
    return actor, replace(door.intent(actor, lab.clock(), "HSYSADMIN"), factor=factor)
