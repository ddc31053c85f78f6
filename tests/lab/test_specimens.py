from aliquot.lab import specimens
from aliquot.terms import states
from tests.lab import desk
from tests.world import World


def test_a_tube_is_found_by_its_barcode_and_taken_in(lab: World) -> None:
    secretary, technician = desk.desk(lab, "secretary@nord"), desk.desk(lab, "technician@nord")
    patient = secretary.register()
    placed = secretary.place(patient, desk.wanted("NA"))
    found = specimens.by_accession(technician.actor, placed.tubes[0].need.accession, lab.clock())
    assert (found.specimen, found.requisition, found.subject) == (
        placed.tubes[0].specimen,
        placed.requisition,
        patient,
    )
    received = technician.receive(patient, placed, desk.arrival(placed))
    assert received.state is states.Specimen.ACCEPTED
