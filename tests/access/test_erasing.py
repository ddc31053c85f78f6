"""What found an erased patient is gone from the record database, and nobody else's is."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from aliquot.access import door, erasing
from aliquot.access.acts import RegisterPatient
from aliquot.access.erasing import Sweep
from aliquot.custody.denial import Denial
from aliquot.lab import patients
from aliquot.lab.patients import Registration
from aliquot.record.models import Requisition, Subject, Token, Version
from aliquot.terms import identifiers, ids
from aliquot.terms.identity import Demography
from aliquot.terms.ids import Id
from tests.access.test_statecheck import registered
from tests.custody.speaker import JEANNE
from tests.custody.test_erasure import shred, together
from tests.plan import NORD, SUD
from tests.world import World

NIR = identifiers.nir("2610435238001" + identifiers.nir_key("2610435238001"))
FILE = identifiers.file_number(12345678)


def patient_of(record: Id) -> Id:
    return Id(bytes(Version.objects.get(resource=record).subject_id))


def token(lab: World, resource: bytes, number: int) -> None:
    fresh = ids.new(NORD, lab.clock())
    Token.objects.create(org=NORD, field="file", token=number, resource=resource, act=fresh)


def tube(lab: World, record: Id) -> Id:
    """A tube of the patient whose record it is."""
    work, made = ids.new(NORD, lab.clock()), ids.new(NORD, lab.clock())
    row = Version.objects.get(resource=record)
    Requisition.objects.create(
        id=work, subject_id=row.subject_id, site="nord", priority="R", awaits="released", opened_at=lab.clock()
    )
    row.pk, row.resource, row.requisition_id = None, made, work
    row.save(force_insert=True)
    return made


def numbers() -> list[int]:
    return sorted(Token.objects.values_list("token", flat=True))


def numbered(lab: World, called: Demography = JEANNE) -> Id:
    """Somebody is registered at reception with their numbers."""
    secretary, patient = lab.sign_in("secretary@nord"), ids.new(NORD, lab.clock())
    meant = door.intent(secretary, lab.clock(), "PATADMIN")
    with door.enter(secretary, RegisterPatient(patient), meant) as grant:
        patients.register(grant, Registration(called, FILE, lab.clock(), nir=NIR), at=lab.clock())
    return patient


def test_the_tokens_of_an_erased_patient_and_of_their_tubes_go_and_no_others(lab: World) -> None:
    lab.custodian.tick()
    secretary = lab.sign_in("secretary@nord")
    records = registered(lab, secretary), registered(lab, secretary)
    victim, other = map(patient_of, records)
    for number, resource in enumerate((victim, tube(lab, records[0]), other, tube(lab, records[1])), start=1):
        token(lab, resource, number)
    assert erasing.forget(lab.work(), lab.clock()) == 0
    together(lab, shred(victim))
    assert numbers() == [3, 4]
    assert Subject.objects.filter(id=victim).exists()
    assert erasing.forget(lab.work(), lab.clock()) == 0


def test_who_was_erased_is_registered_again_with_their_numbers_at_once(lab: World) -> None:
    lab.custodian.tick()
    known = numbered(lab)
    with pytest.raises(Denial, match="already registered under this identifier"):
        numbered(lab)
    together(lab, shred(known))
    assert numbered(lab) != known


def _killed(_: bytes) -> None:
    raise KeyboardInterrupt


def test_when_the_power_goes_after_the_key_the_worker_finishes_it(lab: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.custodian.tick()
    known = numbered(lab)
    with monkeypatch.context() as dying:
        dying.setattr(erasing, "signed", _killed)
        with pytest.raises(KeyboardInterrupt):
            together(lab, shred(known))
    lab.hang_up()
    with pytest.raises(Denial, match="already registered under this identifier"):
        numbered(lab)
    assert Sweep((NORD,)).step(lab.worker(), lab.clock()) == 2
    assert numbered(lab) != known


def test_who_erased_is_told_so_although_the_record_database_is_away(small_lab: World) -> None:
    def refuse(execute: Callable[..., object], sql: str, *rest: object) -> object:  # as Django calls it
        if sql.strip().startswith("DELETE FROM token"):
            raise OperationalError
        return execute(sql, *rest)

    small_lab.custodian.tick()
    known = numbered(small_lab)
    with connection.execute_wrapper(refuse):
        assert together(small_lab, shred(known)).state == "in-force"
    assert len(numbers()) == 2
    assert Sweep((NORD,)).step(small_lab.worker(), small_lab.clock()) == 2


def test_the_worker_sweeps_once_a_day(small_lab: World) -> None:
    small_lab.custodian.tick()
    victim = patient_of(registered(small_lab, small_lab.sign_in("secretary@nord")))
    together(small_lab, shred(victim))
    token(small_lab, victim, 1)
    sweep, line = Sweep((NORD, SUD)), small_lab.worker()
    assert sweep.step(line, small_lab.clock()) == 1
    token(small_lab, victim, 2)
    assert sweep.step(line, small_lab.clock() + timedelta(days=2)) == 0
    assert numbers() == [2]
    assert Sweep((NORD,)).step(line, small_lab.clock()) == 1
