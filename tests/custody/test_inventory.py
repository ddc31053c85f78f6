"""Who approves sees the laboratory as custody has it: people with their terms, what is enrolled, what waits."""

from dataclasses import replace

from aliquot.access import acts, door, governing
from aliquot.access.acts import ReadStaff
from aliquot.custody import answers, forms
from aliquot.custody.roles import Role
from aliquot.terms.purposes import Purpose
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
