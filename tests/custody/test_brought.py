"""A loader hears what came in under its own mandate, as ids: what is kept, and nobody who was known before."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from aliquot.access import migrating
from aliquot.cli.scratch import World
from aliquot.custody import frames
from aliquot.custody.denial import Denial
from aliquot.custody.migration_protocol import BroughtRead
from aliquot.custody.protocol import Write
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.mandates import Scope
from tests.custody import moving, test_matching
from tests.custody.moving import PAUL, ROAD, Move
from tests.custody.speaker import EMPTY, Speaker, identity, other, person
from tests.custody.test_erasure import shred, together
from tests.custody.test_matching import ANNE


def narrower(scope: Scope) -> Scope:
    """As much, but for one day."""
    return msgspec.structs.replace(scope, since=scope.since + timedelta(days=1))


MANY = 2 * frames.AT_ONCE


@pytest.fixture
def move(small_lab: World) -> Move:
    return moving.declared(small_lab).until("load")


def brought(move: Move, after: bytes = b"", under: bytes = b"") -> BroughtRead:
    with move.run() as grant:
        return migrating.brought(grant, after, under)


def registered(move: Move, by: Speaker | None = None) -> Id:
    """Somebody whom a row made; in the speaker's own session, if one is named."""
    return test_matching.register(by or move.speaker(), PAUL, (), move.mandate)


def loaded(move: Move, patient: Id, outcome: str = "kept") -> Id:
    """A past of one requisition."""
    loader = move.speaker()
    act = other(loader.act("LoadHistory", patient, "HOPERAT", loader.id()), mandate=move.mandate)
    work = Write(Kind.REQUISITION, act.work, 1, 1, "closed", (), 0, EMPTY, site="nord")
    loader.prepare(loader.granted(act).grant, work)
    if outcome == "kept":
        loader.end(act.id)
    return Id(act.work)


def test_people_and_requisitions_that_came_under_the_mandate_are_told(move: Move) -> None:
    patient = registered(move)
    works = sorted(loaded(move, patient) for _ in range(3))
    assert brought(move) == BroughtRead((patient,), tuple(works), b"")


def test_whoever_was_known_before_was_not_brought_in_and_what_was_laid_upon_them_was(move: Move) -> None:
    patient = test_matching.known(move.lab)
    assert test_matching.one(move).patient == patient
    work = loaded(move, patient)
    assert brought(move) == BroughtRead((), (work,), b"")


def test_what_another_mandate_over_the_source_brought_is_told_apart(move: Move) -> None:
    patient = registered(move)
    first = loaded(move, patient)
    later = moving.declared(move.lab, move.loader).until("load")
    within = (move.mandate,)
    assert brought(later) == BroughtRead((), (), b"", within)
    assert brought(later, under=move.mandate) == BroughtRead((patient,), (first,), b"", within)
    # Whoever came under the first is known to the second.
    assert test_matching.one(later, numbers=()).says == "doubtful"
    test_matching.decide(later, test_matching.one(later, numbers=()), patient, same=True)
    assert test_matching.one(later, numbers=()).patient == patient
    work = loaded(later, patient)
    assert brought(later) == BroughtRead((), (work,), b"", within)


@pytest.mark.parametrize("changed", [{"source": "autre"}, {"scope": narrower(moving.SCOPE)}], ids=["source", "days"])
def test_what_another_mandate_brought_that_permitted_more_is_not_told(move: Move, changed: dict[str, Any]) -> None:
    registered(move)
    later = moving.declared(move.lab, move.loader, **changed).until("load")
    assert brought(later).within == ()
    with pytest.raises(Denial, match="permitted no more"):
        brought(later, under=move.mandate)


def test_what_was_begun_and_is_not_kept_does_not_stand_here(move: Move) -> None:
    loader = move.speaker()
    begun = loader.id()
    act = other(loader.act("RegisterPatient", begun, "PATADMIN"), mandate=move.mandate)
    loader.prepare(loader.granted(act).grant, identity(loader.id(), ANNE))
    patient = registered(move)
    loaded(move, patient, outcome="none yet")
    assert brought(move) == BroughtRead((patient,), (), b"")


def test_a_registration_that_came_to_nothing_before_hides_nobody(move: Move) -> None:
    """Somebody at a desk begins to register an id and gives up; the loader then registers it."""
    secretary = person(move.lab, "secretary@nord")
    patient = secretary.id()
    act = secretary.act("RegisterPatient", patient, "PATADMIN")
    secretary.prepare(secretary.granted(act).grant, identity(secretary.id(), ANNE))
    secretary.end(act.id, "abandoned")
    test_matching.register(move.speaker(), PAUL, (), move.mandate, patient)
    assert brought(move).people == (patient,)


def test_nothing_is_told_of_whom_two_people_erased(move: Move) -> None:
    patient, other_ = registered(move), test_matching.register(move.speaker(), ANNE, (), move.mandate)
    loaded(move, patient)
    work = loaded(move, other_)
    together(move.lab, shred(patient))
    assert brought(move) == BroughtRead((other_,), (work,), b"")


def test_many_are_told_in_pages_each_once(move: Move) -> None:
    patient = registered(move)
    works = {loaded(move, patient)}
    db = move.lab.custodian.custodian.store.db
    more = [move.mandate[:6] + number.to_bytes(10, "big") for number in range(MANY - len(works) - 1)]
    with db:
        for one in more:
            db.execute("INSERT INTO mandated VALUES (?, ?)", (move.mandate, one))
            db.execute(
                "INSERT INTO work SELECT ?, org, subject, site, opened_by, opened, confirmed, closed, lapsed FROM work"
                " WHERE id = ?",
                (one, *works),
            )
    pages, after = [brought(move)], b""
    while after := pages[-1].last:
        pages.append(brought(move, after))
    assert [len(page.people) + len(page.works) for page in pages] == [frames.AT_ONCE, frames.AT_ONCE, 0]
    assert sorted(work for page in pages for work in page.works) == sorted({*more, *works})
    assert [who for page in pages for who in page.people] == [patient]


def refused(move: Move) -> str:
    try:
        brought(move)
    except Denial as denial:
        return denial.code
    return ""


def test_it_is_told_where_rows_are_named_and_nowhere_else(small_lab: World) -> None:
    move, said = moving.declared(small_lab), dict[str, str]()
    for station in ("", *ROAD[: ROAD.index("way-back")], "abort"):
        if station:
            move.step(station)
        said[move.state()] = refused(move)
    assert [state for state, code in said.items() if not code] == ["loading", "loaded"]
    assert {*said.values()} == {"", "migration-state", "mandate"}


def test_an_id_that_is_none_is_refused(move: Move) -> None:
    with pytest.raises((Denial, msgspec.ValidationError)) as refused:
        brought(move, b"0" * 17)
    assert getattr(refused.value, "code", "malformed") == "malformed"
