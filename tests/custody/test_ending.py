"""How acts end: kept, abandoned by the session that holds them, or lost; once, and across a restart."""

import pytest

from aliquot.access.door import Actor
from aliquot.cli.scratch import World
from aliquot.custody.denial import CustodyGone, Denial
from aliquot.custody.protocol import Done, End, Ending, SignOut, Unsettled, UnsettledActs
from aliquot.terms.ids import Id
from tests.custody.speaker import BORN, Outcome, Speaker, identity, notices, person, worker
from tests.plan import NORD, SUD


@pytest.fixture
def secretary(small_lab: World) -> Speaker:
    return person(small_lab, "secretary@nord")


@pytest.fixture
def prepared(secretary: Speaker) -> Id:
    """An act that has prepared and has not ended: somebody is being registered."""
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    secretary.prepare(secretary.granted(act).grant, identity(secretary.id()))
    return Id(act.id)


def refused(speaker: Speaker, act: bytes, outcome: Outcome) -> str:
    with pytest.raises(Denial) as denial:
        speaker.end(act, outcome)
    return denial.value.code


def known(lab: World) -> int:
    """How many patients search knows."""
    return len(lab.custodian.custodian.held.index(NORD))


def test_identity_is_found_from_the_end_and_not_before(small_lab: World, secretary: Speaker, prepared: Id) -> None:
    assert known(small_lab) == 0
    secretary.end(prepared)
    assert known(small_lab) == 1
    found = small_lab.custodian.custodian.held.index(NORD).find(BORN, "ZEL", "")
    assert len(found.hits) == 1


@pytest.mark.parametrize(("first", "second"), [("kept", "abandoned"), ("abandoned", "kept")])
def test_an_act_has_one_outcome_which_may_be_told_again(
    small_lab: World, secretary: Speaker, prepared: Id, first: Outcome, second: Outcome
) -> None:
    for _ in range(2):
        secretary.end(prepared, first)
    assert refused(secretary, prepared, second) == "already-ended"
    assert known(small_lab) == (first == "kept")


@pytest.mark.parametrize("outcomes", [("kept", "abandoned"), ("abandoned", "kept"), ("kept", "kept")])
def test_an_act_does_not_end_twice_in_one_request(
    small_lab: World, secretary: Speaker, prepared: Id, outcomes: tuple[Outcome, Outcome]
) -> None:
    endings = tuple(Ending(prepared, outcome) for outcome in outcomes)
    with pytest.raises(Denial) as denial:
        secretary.line.ask(End(secretary.ticket, endings), Done)
    assert denial.value.code == "malformed"
    assert known(small_lab) == 0


def test_one_ending_that_is_refused_leaves_the_others_undone(
    small_lab: World, secretary: Speaker, prepared: Id
) -> None:
    endings = (Ending(prepared, "kept"), Ending(secretary.id(), "kept"))
    with pytest.raises(Denial) as denial:
        secretary.line.ask(End(secretary.ticket, endings), Done)
    assert denial.value.code == "unknown-act"
    assert known(small_lab) == 0


def test_somebody_else_ends_nothing(small_lab: World, prepared: Id) -> None:
    for who in ("second@nord", "secretary@sud"):
        stranger = person(small_lab, who)
        outcomes: tuple[Outcome, ...] = ("kept", "abandoned", "lost")
        assert [refused(stranger, prepared, outcome) for outcome in outcomes] == ["forbidden"] * 3


def test_only_the_session_that_holds_an_act_abandons_it_and_any_of_the_person_keeps_it(
    small_lab: World, secretary: Speaker, prepared: Id
) -> None:
    again = person(small_lab, "secretary@nord")
    assert refused(again, prepared, "abandoned") == "forbidden"
    assert refused(worker(small_lab, NORD), prepared, "abandoned") == "forbidden"
    again.end(prepared)
    assert known(small_lab) == 1


def test_only_settlement_finds_an_act_lost_and_it_rings(small_lab: World, secretary: Speaker, prepared: Id) -> None:
    assert refused(secretary, prepared, "lost") == "forbidden"
    settling = worker(small_lab, NORD)
    settling.end(prepared, "lost")
    assert notices(small_lab) == ["act-lost"]
    assert refused(secretary, prepared, "kept") == "already-ended"


def test_a_worker_of_one_laboratory_settles_no_other(small_lab: World, prepared: Id) -> None:
    settling = worker(small_lab, NORD)
    db = small_lab.custodian.custodian.store.db
    db.execute("UPDATE service SET org = ?", (SUD,))
    assert refused(settling, prepared, "lost") == "forbidden"
    assert settling.line.ask(Unsettled(settling.ticket, 0), UnsettledActs).acts == ()
    db.execute("UPDATE service SET org = ?", (NORD,))
    (act,) = settling.line.ask(Unsettled(settling.ticket, 0), UnsettledActs).acts
    assert act.act == prepared


def test_people_do_not_ask_what_is_unsettled(secretary: Speaker, prepared: Id) -> None:
    with pytest.raises(Denial) as denial:
        secretary.line.ask(Unsettled(secretary.ticket, 0), UnsettledActs)
    assert denial.value.code == "forbidden"


def test_who_has_signed_out_ends_nothing(small_lab: World, secretary: Speaker, prepared: Id) -> None:
    secretary.line.ask(SignOut(secretary.ticket), Done)
    assert refused(secretary, prepared, "kept") == "signed-out"
    worker(small_lab, NORD).end(prepared)
    assert known(small_lab) == 1


def test_an_act_ends_after_a_restart_of_custody(small_lab: World, secretary: Speaker, prepared: Id) -> None:
    small_lab.custodian.stop()
    small_lab.custodian.start()
    with pytest.raises(CustodyGone):
        secretary.end(prepared)
    secretary.end(prepared)
    assert known(small_lab) == 1
    small_lab.custodian.stop()
    small_lab.custodian.start()
    assert known(small_lab) == 1


def test_an_act_that_prepared_nothing_has_nothing_to_end(secretary: Speaker) -> None:
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    secretary.granted(act)
    assert refused(secretary, act.id, "kept") == "already-ended"


def test_an_actor_is_not_more_than_its_ticket(small_lab: World, prepared: Id) -> None:
    actor = Actor(small_lab.line(), b"no ticket", NORD)
    assert refused(Speaker(small_lab, actor.line, actor.ticket, NORD), prepared, "kept") == "signed-out"
