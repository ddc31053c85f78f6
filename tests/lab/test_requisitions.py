import pytest

from aliquot.lab import requisitions
from aliquot.terms.errors import Refused
from tests.lab import desk
from tests.plan import NORD, SUD
from tests.world import World


def test_what_a_patient_waits_for_is_listed_and_what_others_wait_for_is_not(lab: World) -> None:
    secretary = desk.desk(lab, "secretary@nord")
    patient, other = secretary.register(), secretary.register()
    placed = secretary.place(patient, desk.wanted("NA"))
    secretary.place(other, desk.wanted("K"))
    (open_,) = requisitions.of_patient(patient)
    assert (open_.requisition, open_.site, open_.awaits) == (placed.requisition, "nord", "specimen")


def test_a_tube_leads_to_its_request_and_only_in_its_own_laboratory(lab: World) -> None:
    secretary = desk.desk(lab, "secretary@nord")
    patient = secretary.register()
    placed = secretary.place(patient, desk.wanted("NA"))
    tube = placed.tubes[0].specimen
    standing = requisitions.of_tube(NORD, tube)
    assert (standing.found.requisition, standing.found.subject, standing.site) == (placed.requisition, patient, "nord")
    with pytest.raises(Refused, match="no such tube"):
        requisitions.of_tube(SUD, tube)
