"""A grant at the door: its own subject, its own process, and nothing of its content when printed."""

import os

import pytest

from aliquot.access import door, rows
from aliquot.access.acts import OpenIdentity, RegisterPatient
from aliquot.access.door import Actor, Intent
from aliquot.access.grant import Draft, Grant
from aliquot.cli.scratch import World
from aliquot.custody.denial import Denial
from aliquot.record.models import Version
from aliquot.terms import ids
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from tests.access.test_door import JEANNE, register


def opening(lab: World, actor: Actor, patient: Id) -> tuple[OpenIdentity, Intent]:
    return OpenIdentity(patient), door.intent(actor, lab.clock(), "PATADMIN")


def test_rows_of_another_subject_are_not_even_sent(lab: World) -> None:
    secretary = lab.sign_in("secretary@nord")
    patients = [register(lab, secretary, number=f"P{n}") for n in range(2)]
    with (
        door.enter(secretary, *opening(lab, secretary, patients[0])) as grant,
        pytest.raises(Broken, match="its own subject"),
    ):
        grant.read(rows.of_subject(patients[1]))


def test_a_grant_is_over_when_its_block_has_ended(lab: World) -> None:
    secretary = lab.sign_in("secretary@nord")
    patient = register(lab, secretary)
    with door.enter(secretary, *opening(lab, secretary, patient)) as grant:
        assert len(grant.read(rows.of_subject(patient))) == 2
    with pytest.raises(Denial) as refused:
        grant.read(rows.of_subject(patient))
    assert refused.value.code == "grant-over"


def test_what_was_altered_is_said_to_be_broken_and_has_no_body(lab: World) -> None:
    secretary = lab.sign_in("secretary@nord")
    patient = register(lab, secretary)
    Version.objects.filter(kind=Kind.DEMOGRAPHY).update(state="forged")
    with door.enter(secretary, *opening(lab, secretary, patient)) as grant:
        found = {record.kind: record for record in grant.read(rows.of_subject(patient))}
    assert found[Kind.DEMOGRAPHY].broken
    assert found[Kind.DEMOGRAPHY].body == b""
    assert not found[Kind.IDENTIFIERS].broken


def test_nothing_of_a_patient_shows_when_a_grant_draft_or_record_is_printed(lab: World) -> None:
    secretary = lab.sign_in("secretary@nord")
    patient, meant = ids.new(secretary.org, lab.clock()), Intent("PATADMIN", ids.new(secretary.org, lab.clock()))
    with door.enter(secretary, RegisterPatient(patient), meant) as grant:
        grant.write(Draft(Kind.DEMOGRAPHY, ids.new(secretary.org, lab.clock()), 1, "known", (), JEANNE))
        printed = repr(grant) + repr(grant.drafts)
        grant.drafts.clear()
        assert repr(grant.token) not in printed
    known = register(lab, secretary)
    with door.enter(secretary, *opening(lab, secretary, known)) as reading:
        printed += repr(reading.read(rows.of_subject(known)))
    for canary in ("Jeanne", "Zélande", "1961"):
        assert canary not in printed


def test_after_a_fork_the_child_has_a_line_of_its_own(small_lab: World) -> None:
    secretary = small_lab.sign_in("secretary@nord")
    patient = register(small_lab, secretary)
    before = secretary.line._client()
    before.process_id = os.getpid() + 1
    with door.enter(secretary, *opening(small_lab, secretary, patient)) as grant:
        assert isinstance(grant, Grant)
        assert len(grant.read(rows.of_subject(patient))) == 2
    assert secretary.line._client() is not before
