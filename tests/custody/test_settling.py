"""About whom a person may decide: rows of the source that wait, and nobody who is here already."""

from datetime import date

import pytest

from aliquot.access import acts
from aliquot.cli.scratch import World
from aliquot.custody import doubts, migrations
from aliquot.custody.denial import Denial
from aliquot.custody.migration_protocol import Candidate, Incoming, Verdict
from aliquot.terms.identity import Demography, Sex
from aliquot.terms.ids import Id
from tests.custody import moving
from tests.custody.moving import PAUL, Move
from tests.custody.speaker import person
from tests.custody.test_erasure import shred, together
from tests.custody.test_matching import ANNE, OTHER_NIR, decide, known, one, register
from tests.plan import NORD


@pytest.fixture
def move(small_lab: World) -> Move:
    return moving.declared(small_lab)


def refused(move: Move, row: bytes, patient: bytes) -> str:
    """The code with which a decision about this row is refused."""
    with pytest.raises(Denial) as denied:
        decide(move, Verdict(row, "doubtful"), patient, same=True)
    return denied.value.code


def test_nobody_is_decided_upon_as_a_row_but_one_that_waits(move: Move) -> None:
    lure, other_ = known(move.lab), known(move.lab, ANNE, (("nir", OTHER_NIR),))
    move.until("load")
    for somebody in (other_, lure, acts.organization(NORD), move.mandate):
        assert refused(move, somebody, lure) == "row-registered"
    nobody = one(move, Demography("Durand", ("Luc",), date(1999, 9, 9), Sex.MALE), (), key="2")
    assert nobody.says == "nobody"
    for row in (nobody.row, person(move.lab, "secretary@nord").id()):
        assert refused(move, row, lure) == "no-such-doubt"


def test_who_came_in_by_a_row_meanwhile_is_not_decided_upon_any_more(move: Move) -> None:
    patient = known(move.lab)
    move.until("load")
    doubt = one(move, numbers=())
    decide(move, doubt, patient, same=False)
    register(move.speaker(), PAUL, (), move.mandate, Id(doubt.row))
    assert refused(move, doubt.row, patient) == "row-registered"
    assert one(move, numbers=()).patient == doubt.row


def test_whom_a_row_made_is_decided_upon_while_custody_itself_asks_whether_it_means_them(move: Move) -> None:
    patient = known(move.lab)
    move.until("load")
    row = one(move, ANNE, ()).row
    register(move.speaker(), ANNE, (), move.mandate, Id(row))
    custodian = move.lab.custodian.custodian
    with custodian.store.turn(move.lab.clock()) as turn:
        found = migrations.find(turn, move.mandate)
        assert found is not None
        asks = Verdict(row, "doubtful", candidates=(Candidate(row, 0.0, ()), Candidate(patient, 0.5, ())))
        doubts.renew(turn, custodian.held, found, [(Incoming("1", PAUL, ()), asks)])
    decide(move, asks, patient, same=True)
    assert one(move, numbers=()).patient == patient


def test_who_has_a_key_here_is_never_erased_as_the_row_of_somebody_else(move: Move) -> None:
    lure, victim = known(move.lab), known(move.lab, ANNE, (("nir", OTHER_NIR),))
    move.until("load")
    db = move.lab.custodian.custodian.store.db
    for somebody in (victim, acts.organization(NORD), one(move, numbers=(), key="2").row):
        db.execute("INSERT INTO matched VALUES (?, ?, ?, 1, x'', 0)", (move.mandate, somebody, lure))
        db.execute("INSERT INTO merged VALUES (?, ?, ?)", (move.mandate, somebody, lure))
    together(move.lab, shred(lure))
    # The third is a row of the source and nobody here: it does not come in.
    assert move.row("SELECT count(*) FROM shredded WHERE subject != ?", lure) == (1,)
    move.lab.custodian.tick()
    move.lab.custodian.stop()
    move.lab.custodian.start()
    secretary = person(move.lab, "secretary@nord")
    assert secretary.granted(secretary.act("OpenIdentity", victim, "PATADMIN")).grant
