from datetime import timedelta

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aliquot.access import acts, door
from aliquot.access.acts import (
    FindTube,
    ReceiveSpecimen,
)
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Tokens, TokensMade
from aliquot.lab import numbers, specimens
from aliquot.lab.specimens import AtReception
from aliquot.lab.statuses import Role
from aliquot.terms import states
from aliquot.terms.errors import Refused, Unclear
from tests.lab import desk
from tests.lab.desk import GOOD
from tests.plan import NORD, SUD
from tests.world import World


def test_a_tube_is_found_by_its_barcode_and_accepted_in_one_look(lab: World) -> None:
    _, technician, patient, placed = desk.reception(lab, "NA")
    found = specimens.by_accession(technician.actor, placed.tubes[0].need.accession, lab.clock())
    assert (found.specimen, found.requisition, found.subject) == (
        placed.tubes[0].specimen,
        placed.requisition,
        patient,
    )
    assert desk.hints(placed) == ("specimen", ["arrival"])
    assert technician.receive(patient, placed, desk.arrival(placed)).state is states.Specimen.ACCEPTED
    (tube,) = desk.bench(technician, patient, placed)
    assert (tube.version, tube.state, tube.content.received_at) == (2, "accepted", lab.clock())
    assert desk.hints(placed) == ("results", ["results"])


def test_the_secretary_takes_in_and_the_technician_accepts(lab: World) -> None:
    secretary, technician, patient, placed = desk.reception(lab, "NA")
    taken = lab.clock() - timedelta(minutes=20)
    came = msgspec.structs.replace(desk.arrival(placed, role=Role.SECRETARY, checks=None), collected_at=taken)
    assert secretary.receive(patient, placed, came).state is states.Specimen.RECEIVED
    assert desk.hints(placed) == ("specimen", ["acceptance"])
    received_at = lab.clock()
    lab.clock.pass_(timedelta(minutes=5))
    assert technician.receive(patient, placed, desk.arrival(placed)).state is states.Specimen.ACCEPTED
    (tube,) = desk.bench(technician, patient, placed)
    assert (tube.version, tube.content.collected_at, tube.content.received_at) == (3, taken, received_at)


def test_a_secretary_accepts_no_tube(small_lab: World) -> None:
    secretary, _, patient, placed = desk.reception(small_lab, "NA")
    with pytest.raises(Refused, match="P3: not for this role"):
        secretary.receive(patient, placed, desk.arrival(placed, role=Role.SECRETARY))


@pytest.mark.parametrize(
    ("checks", "place"),
    [
        ({"tube": "purple"}, r"receive\.tube"),
        ({"identity_agrees": False}, r"receive\.identity"),
        ({"readable": False}, r"receive\.label"),
        ({"enough": False}, r"receive\.volume"),
    ],
)
def test_a_tube_that_fails_a_check_is_not_accepted(small_lab: World, checks: dict[str, object], place: str) -> None:
    _, technician, patient, placed = desk.reception(small_lab, "NA")
    failed = msgspec.structs.replace(GOOD, **checks)
    with pytest.raises(Refused, match=place):
        technician.receive(patient, placed, desk.arrival(placed, checks=failed))
    assert desk.bench(technician, patient, placed)[0].version == 1


def test_the_barcode_of_another_tube_is_refused(small_lab: World) -> None:
    _, technician, patient, placed = desk.reception(small_lab, "NA", "HB")
    other = msgspec.structs.replace(desk.arrival(placed), accession=placed.tubes[1].need.accession)
    with pytest.raises(Refused, match=r"receive\.accession"):
        technician.receive(patient, placed, other)


def test_a_tube_is_not_taken_after_it_came(small_lab: World) -> None:
    _, technician, patient, placed = desk.reception(small_lab, "NA")
    late = msgspec.structs.replace(desk.arrival(placed), collected_at=small_lab.clock() + timedelta(seconds=1))
    with pytest.raises(Refused, match=r"receive\.collected"):
        technician.receive(patient, placed, late)
    at_once = msgspec.structs.replace(late, collected_at=small_lab.clock())
    assert technician.receive(patient, placed, at_once).state is states.Specimen.ACCEPTED


def test_a_wrong_check_character_and_an_unknown_tube_find_nothing(small_lab: World) -> None:
    technician = desk.desk(small_lab, "technician@nord")
    with pytest.raises(Unclear, match="check character"):
        specimens.by_accession(technician.actor, "00000000000A", small_lab.clock())
    with pytest.raises(Refused, match="no such tube"):
        specimens.by_accession(technician.actor, numbers.accession(7, 0), small_lab.clock())


def test_a_barcode_of_one_laboratory_names_nothing_in_another(lab: World) -> None:
    _, _, _, placed = desk.reception(lab, "NA")
    with pytest.raises(Refused, match="no such tube"):
        specimens.by_accession(desk.desk(lab, "technician@sud").actor, placed.tubes[0].need.accession, lab.clock())
    assert specimens.at_reception(SUD, ["nord"]) == {"nord": AtReception(coming=0, to_accept=0)}


def test_the_leave_to_find_tubes_finds_nobody(small_lab: World) -> None:
    technician = desk.desk(small_lab, "technician@nord")
    act = FindTube(acts.organization(NORD))
    with door.enter(technician.actor, act, technician.meant()) as grant, pytest.raises(Denial) as refused:
        technician.actor.line.ask(Tokens(grant.token, "nir", ("269054958815780",)), TokensMade)
    assert refused.value.code == "not-of-this-act"


def test_a_double_click_takes_a_tube_in_once(lab: World) -> None:
    _, technician, patient, placed = desk.reception(lab, "NA")
    act, meant, came = ReceiveSpecimen(patient, placed.requisition), technician.meant(), desk.arrival(placed)
    for _ in range(2):
        with door.enter(technician.actor, act, meant) as grant:
            received = specimens.receive(grant, came, at=lab.clock())
        assert received.state is states.Specimen.ACCEPTED
    assert desk.bench(technician, patient, placed)[0].version == 2


def test_reception_counts_what_comes_and_what_waits_to_be_accepted_in_one_query(lab: World) -> None:
    secretary, technician, patient, placed = desk.reception(lab, "NA", "HB", "URINE")
    with CaptureQueriesContext(connection) as asked:
        waiting = specimens.at_reception(NORD, ["nord", "sud"])
    assert (len(asked), waiting["nord"]) == (1, AtReception(coming=3, to_accept=0))
    technician.receive(patient, placed, desk.arrival(placed))
    secretary.receive(patient, placed, desk.arrival(placed, 1, Role.SECRETARY, None))
    assert specimens.at_reception(NORD, ["nord", "sud"]) == {
        "nord": AtReception(coming=1, to_accept=1),
        "sud": AtReception(coming=0, to_accept=0),
    }
    purple = msgspec.structs.replace(GOOD, tube="purple")
    technician.receive(patient, placed, desk.arrival(placed, 1, checks=purple))
    assert specimens.at_reception(NORD, ["nord"]) == {"nord": AtReception(coming=1, to_accept=0)}


def test_taking_in_a_tube_of_three_takes_as_many_queries_as_the_only_one(small_lab: World) -> None:
    secretary, technician, patient, one = desk.reception(small_lab, "NA")
    three = secretary.place(patient, desk.wanted("NA", "HB", "URINE"))
    counts = []
    for placed in (one, three):
        with CaptureQueriesContext(connection) as asked:
            technician.receive(patient, placed, desk.arrival(placed))
        counts.append(len(asked))
    assert counts[0] == counts[1]
