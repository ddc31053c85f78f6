"""Whether somebody stands here as the source has them is told as kinds of record, and nothing of them is opened."""

from pathlib import Path

import msgspec
import pytest

from aliquot.access import migrating, rows
from aliquot.cli.scratch import World
from aliquot.custody.frames import Row
from aliquot.custody.migration_protocol import Registered
from aliquot.lab import patients
from aliquot.legacy import asking, drafts
from aliquot.legacy.entrance import Leave
from aliquot.legacy.people import Reader
from aliquot.terms import canonical
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from tests.custody.speaker import altered, notices
from tests.legacy import move
from tests.legacy.move import WHERE, Mover, Old
from tests.legacy.old import PEOPLE, TODAY, person
from tests.legacy.test_loading import _registered as registered

ALL = (Kind.DEMOGRAPHY, Kind.TRAITS, Kind.IDENTIFIERS, Kind.CONTACT)
MARTIN = person("18", NOM="MARTIN", NAI="01/02/1980", SEXE="M")


@pytest.fixture
def mover(small_lab: World, tmp_path: Path) -> Mover:
    """A load of two people."""
    (tmp_path / "old").mkdir()
    mover = move.mover(small_lab)
    mover.load(Old(tmp_path / "old", [person(), MARTIN]))
    return mover


def running(mover: Mover) -> Leave:
    return Leave(mover.migration.loader, mover.migration.mandate, WHERE, mover.lab.clock)


def patient(mover: Mover, number: str) -> Id:
    with running(mover).running() as grant:
        return asking.names(grant, "patient", [number])[0]


def said(mover: Mover, row: tuple[str | None, ...]) -> tuple[tuple[int, bytes], ...]:
    """What the source says of somebody."""
    read = Reader(mover.drawn, PEOPLE, TODAY).person(row, lambda *_: None)
    told = patients.contents(drafts.registration(read, mover.drawn, mover.lab.clock()))
    return tuple((int(kind), canonical.encode(one)) for kind, one in told)


def stored(whose: Id) -> tuple[Row, ...]:
    return tuple(one.row for one in rows.of_subject(whose))


def compare(mover: Mover, *some: Registered) -> tuple[tuple[Kind, ...], ...]:
    with running(mover).running() as grant:
        return migrating.compare(grant, some)


def test_whoever_came_as_the_source_says_differs_in_nothing(mover: Mover) -> None:
    some = [(patient(mover, "17"), person()), (patient(mover, "18"), MARTIN)]
    assert compare(mover, *(Registered(who, said(mover, row), stored(who)) for who, row in some)) == ((), ())


def test_what_is_said_otherwise_and_what_is_missing_on_either_side_is_named(mover: Mover) -> None:
    who = patient(mover, "17")
    other = Registered(who, said(mover, person(VILLE="PARIS", COM="B")), stored(who))
    less = Registered(who, said(mover, person()), stored(who)[1:])
    more = Registered(who, said(mover, person(ADR1="", CP="", VILLE="")), stored(who))
    assert compare(mover, other, less, more) == (
        (Kind.CONTACT, Kind.NOTE),
        (Kind(stored(who)[0].kind),),
        (Kind.CONTACT,),
    )
    assert "record-altered" not in notices(mover.lab)


def test_whom_the_mandate_did_not_register_is_compared_in_nothing(mover: Mover) -> None:
    """A loader cannot try what stands here of anybody else: the right words get the same answer as wrong ones."""
    read = Reader(mover.drawn, PEOPLE, TODAY).person(person("19"), lambda *_: None)
    known = registered(mover.lab, read.demography, "")
    opened = said(mover, person("19"))
    assert compare(mover, Registered(known, opened, stored(known)))[0] == ALL
    assert compare(mover, Registered(known, opened[:1], stored(known)))[0] == ALL[:1]


def test_rows_of_somebody_else_are_none_of_theirs(mover: Mover) -> None:
    one, other = patient(mover, "17"), patient(mover, "18")
    assert compare(mover, Registered(one, said(mover, MARTIN), stored(other))) == (ALL,)
    assert "record-altered" not in notices(mover.lab)


def test_what_was_changed_since_differs_whatever_is_said_of_it(mover: Mover) -> None:
    who = patient(mover, "17")
    change = "UPDATE resource SET version = 2 WHERE subject = ? AND kind = ?"
    mover.lab.custodian.custodian.store.db.execute(change, (who, Kind.CONTACT))
    now = tuple(altered(row, version=2) if row.kind == Kind.CONTACT else row for row in stored(who))
    for known in (now, stored(who)):
        assert compare(mover, Registered(who, said(mover, person()), known)) == ((Kind.CONTACT,),)
    assert "record-altered" not in notices(mover.lab)


@pytest.mark.parametrize("changed", [{"sealed": bytes(200)}, {"schema": 2**40}, {"state": "gone"}])
def test_a_row_that_was_altered_differs_and_rings(mover: Mover, changed: dict[str, object]) -> None:
    who = patient(mover, "17")
    first, *rest = stored(who)
    spoiled = (msgspec.structs.replace(first, **changed), *rest)
    assert compare(mover, Registered(who, said(mover, person()), spoiled)) == ((Kind(first.kind),),)
    assert notices(mover.lab).count("record-altered") == 1
