"""What found an erased patient is gone from the record database, and nobody else's is."""

from datetime import timedelta

from aliquot.access import erasing
from aliquot.access.erasing import Sweep
from aliquot.record.models import Requisition, Specimen, Subject, Token, Version
from aliquot.terms import ids
from aliquot.terms.ids import Id
from tests.access.test_statecheck import registered
from tests.custody.test_erasure import shred, together
from tests.plan import NORD, SUD
from tests.world import World


def patient_of(record: Id) -> Id:
    return Id(bytes(Version.objects.get(resource=record).subject_id))


def token(lab: World, resource: bytes, number: int) -> None:
    fresh = ids.new(NORD, lab.clock())
    Token.objects.create(org=NORD, field="file", token=number, resource=resource, act=fresh)


def tube(lab: World, patient: Id) -> Id:
    """A tube of the patient, as routing knows it."""
    work, made = ids.new(NORD, lab.clock()), ids.new(NORD, lab.clock())
    Requisition.objects.create(
        id=work, subject_id=patient, site="nord", priority="R", awaits="released", opened_at=lab.clock()
    )
    Specimen.objects.create(
        id=made, requisition_id=work, site="nord", bench="x", awaits="done", since=lab.clock(), tries=0
    )
    return made


def numbers() -> list[int]:
    return sorted(Token.objects.values_list("token", flat=True))


def test_the_tokens_of_an_erased_patient_and_of_their_tubes_go_and_no_others(lab: World) -> None:
    lab.custodian.tick()
    secretary = lab.sign_in("secretary@nord")
    victim, other = patient_of(registered(lab, secretary)), patient_of(registered(lab, secretary))
    for number, resource in enumerate((victim, tube(lab, victim), other, tube(lab, other)), start=1):
        token(lab, resource, number)
    assert erasing.forget(lab.work(), lab.clock()) == 0
    together(lab, shred(victim))
    assert erasing.forget(lab.work(), lab.clock()) == 2
    assert numbers() == [3, 4]
    assert Subject.objects.filter(id=victim).exists()
    assert erasing.forget(lab.work(), lab.clock()) == 0


def test_the_worker_sweeps_once_a_day(small_lab: World) -> None:
    small_lab.custodian.tick()
    victim = patient_of(registered(small_lab, small_lab.sign_in("secretary@nord")))
    token(small_lab, victim, 1)
    together(small_lab, shred(victim))
    sweep, line = Sweep((NORD, SUD)), small_lab.worker()
    assert sweep.step(line, small_lab.clock()) == 1
    token(small_lab, victim, 2)
    assert sweep.step(line, small_lab.clock() + timedelta(days=2)) == 0
    assert numbers() == [2]
    assert Sweep((NORD,)).step(line, small_lab.clock()) == 1
