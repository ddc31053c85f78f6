"""A registration that was begun under a mandate that is over: it is begun again once, and one person is one patient."""

import pytest

from aliquot.access import migrating
from aliquot.cli.scratch import World
from aliquot.custody.protocol import Act, Denied, Granted
from tests.custody import moving
from tests.custody.moving import Move
from tests.custody.speaker import Speaker, identity, other, person
from tests.custody.test_matching import one


@pytest.fixture
def first(small_lab: World) -> Move:
    """The row's registration was begun, and the mandate is over."""
    move = moving.declared(small_lab).until("load")
    loader, act = registering(move, one(move).row)
    loader.granted(act)
    move.step("abort")
    return move


def registering(move: Move, patient: bytes) -> tuple[Speaker, Act]:
    loader = move.speaker()
    return loader, other(loader.act("RegisterPatient", patient, "PATADMIN"), mandate=move.mandate)


def named(move: Move) -> bytes:
    with move.run() as grant:
        return migrating.names(grant, "patient", ["1"])[0]


def again(first: Move, source: str = "ancien") -> Move:
    """The next mandate, as far as loading."""
    return moving.declared(first.lab, first.loader, source=source).until("load")


def test_it_is_begun_by_one_act_under_the_next_mandate_also_in_one_request(first: Move) -> None:
    second = again(first)
    loader, act = registering(second, named(second))
    twin = other(act, id=loader.id())
    began, refused = loader.enter(act, twin)
    assert isinstance(began, Granted)
    assert isinstance(refused, Denied)
    assert loader.denied(twin) == refused.code == "act-reused"
    # What was begun is gone on with, and who came in is not registered again.
    loader.prepare(loader.granted(act).grant, identity(loader.id()))
    assert loader.denied(other(twin, id=loader.id())) == "act-reused"
    loader.end(act.id)
    assert loader.denied(other(twin, id=loader.id())) == "act-reused"


def test_a_mandate_that_only_found_them_meanwhile_and_ended_frees_nobody(first: Move) -> None:
    second = again(first)
    loader, act = registering(second, named(second))
    loader.granted(act)
    beside = again(first)
    assert one(beside).patient == act.subject
    beside.step("abort")
    loader, act = registering(second, act.subject)
    assert loader.denied(act) == "act-reused"
    # Once the second is over as well, a third one begins.
    second.step("abort")
    third = again(first)
    loader, act = registering(third, act.subject)
    loader.granted(act)


def test_nobody_begins_it_again_without_a_mandate_over_that_source(first: Move) -> None:
    second = again(first)
    row = named(second)
    secretary = person(first.lab, "secretary@nord")
    assert secretary.denied(secretary.act("RegisterPatient", row, "PATADMIN")) == "act-reused"
    stranger = again(first, source="autre")
    loader, act = registering(stranger, row)
    assert loader.denied(act) == "act-reused"
    # Who was begun at reception, too, is begun.
    db = first.lab.custodian.custodian.store.db
    db.execute("UPDATE subject SET state = 'lost' WHERE id = ?", (row,))
    secretary.granted(secretary.act("RegisterPatient", row, "PATADMIN"))
    loader, act = registering(second, row)
    assert loader.denied(act) == "act-reused"
