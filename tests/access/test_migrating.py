"""A laboratory is moved through the door: signed, stepped, named, compared, decided, and told."""

from dataclasses import replace

import pytest

from aliquot.access import acts, door, governing, migrating
from aliquot.access.acts import ReadMigration
from aliquot.access.migrating import Decision
from aliquot.cli.scratch import World
from aliquot.custody import forms
from aliquot.custody.denial import Denial
from aliquot.custody.migration_protocol import Incoming
from aliquot.custody.steps import State, Step
from tests.access.test_door import JEANNE, register
from tests.custody import moving
from tests.custody.moving import evidence
from tests.plan import NORD


def test_the_form_says_at_which_desk_it_is_signed(small_lab: World) -> None:
    moving.loader(small_lab)
    form = moving.mandate_form(small_lab)
    signed = [governing.change(*told(small_lab, "director@nord", form))]
    approval = forms.Approve(signed[0].id.hex(), forms.digest(form).hex())
    officer, _, meant = told(small_lab, "privacy@nord", approval)
    signed.append(governing.change(officer, approval, meant, desk=acts.SignMandate))
    assert [one.state for one in signed] == ["waiting", "in-force"]
    step = forms.StepMigration(signed[0].id.hex(), Step.ABORT)
    assert governing.change(*told(small_lab, "privacy@nord", step)).state == "in-force"


def test_a_loader_reports_its_step_and_reads_how_far_it_is(small_lab: World) -> None:
    move = moving.declared(small_lab)
    with move.run() as grant:
        assert migrating.step(grant, Step.PROFILE, evidence("profile")) is State.PROFILED
    meant = replace(door.intent(move.loader, small_lab.clock(), "HSYSADMIN"), mandate=move.mandate)
    with door.enter(move.loader, ReadMigration(acts.organization(NORD)), meant) as grant:
        (told_,) = migrating.state(grant)
    assert [(step.step, step.people) for step in told_.steps] == [
        ("declare", ("Director Nord", "Privacy Nord")),
        ("profile", (moving.LOADER,)),
    ]
    assert told_.steps[1].evidence == evidence("profile").hex()


def test_what_a_person_decides_is_what_the_loader_hears(lab: World) -> None:
    move = moving.declared(lab).until("load")
    secretary = lab.sign_in("secretary@nord")
    patient = register(lab, secretary)
    with move.run() as grant:
        (doubt,) = migrating.match(grant, [Incoming("1", JEANNE)])
        assert migrating.names(grant, "patient", ["1"]) == (doubt.row,)
    decision = Decision(move.mandate, doubt.row, patient, same=True)
    migrating.decide(secretary, decision, door.intent(secretary, lab.clock(), "PATADMIN"))
    with move.run() as grant:
        (same,) = migrating.match(grant, [Incoming("1", JEANNE)])
    assert (same.says, same.patient) == ("same", patient)


def test_more_than_a_thousand_at_once_are_refused(small_lab: World) -> None:
    move = moving.declared(small_lab).until("load")
    with move.run() as grant, pytest.raises(Denial) as refused:
        migrating.names(grant, "patient", [str(number) for number in range(1001)])
    assert refused.value.code == "malformed"
    with move.run() as grant:
        assert len({*migrating.names(grant, "patient", [str(number) for number in range(1000)])}) == 1000


def told(lab: World, who: str, form: forms.Form) -> tuple[door.Actor, forms.Form, door.Intent]:
    """Somebody, a form, and a fresh factor."""
    actor = lab.sign_in(who)
    return actor, form, replace(door.intent(actor, lab.clock(), "HSYSADMIN"), factor=lab.factor(who))
