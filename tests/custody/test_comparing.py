"""Whether a record says what the source says is told as yes or no, of what came in under a mandate over that source."""

from pathlib import Path

import msgspec
import pytest

from aliquot.access import migrating, rows
from aliquot.cli.scratch import World
from aliquot.custody.migration_protocol import Beside
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


def beside(mover: Mover, whose: Id, row: tuple[str | None, ...]) -> dict[Kind, Beside]:
    """What stands here of somebody, and what the source says in its place."""
    read = Reader(mover.drawn, PEOPLE, TODAY).person(row, lambda *_: None)
    said = dict(patients.contents(drafts.registration(read, mover.drawn, mover.lab.clock())))
    stored = {Kind(one.row.kind): one.row for one in rows.of_subject(whose)}
    return {kind: Beside(whose, stored[kind], canonical.encode(said[kind])) for kind in stored.keys() & said.keys()}


def compare(mover: Mover, *some: Beside) -> tuple[bool, ...]:
    with running(mover).running() as grant:
        return migrating.compare(grant, some)


def rang(mover: Mover) -> int:
    return notices(mover.lab).count("record-altered")


def test_whatever_came_as_the_source_says_agrees_and_nothing_else_does(mover: Mover) -> None:
    one, other = patient(mover, "17"), patient(mover, "18")
    same = [*beside(mover, one, person()).values(), *beside(mover, other, MARTIN).values()]
    assert compare(mover, *same) == (True,) * 8
    moved = beside(mover, one, person(VILLE="PARIS"))
    assert compare(mover, moved[Kind.CONTACT], moved[Kind.TRAITS]) == (False, True)
    assert rang(mover) == 0


def test_what_the_mandate_did_not_bring_agrees_with_nothing(mover: Mover) -> None:
    """A loader cannot try what stands here of anybody else: the right words get the same answer as wrong ones."""
    read = Reader(mover.drawn, PEOPLE, TODAY).person(person("19"), lambda *_: None)
    known = registered(mover.lab, read.demography, "")
    assert compare(mover, beside(mover, known, person("19"))[Kind.DEMOGRAPHY]) == (False,)
    assert rang(mover) == 0


def test_a_record_of_somebody_else_is_none_of_theirs(mover: Mover) -> None:
    one, other = patient(mover, "17"), patient(mover, "18")
    theirs = beside(mover, other, MARTIN)[Kind.DEMOGRAPHY]
    assert compare(mover, msgspec.structs.replace(theirs, patient=one)) == (False,)
    assert rang(mover) == 0


def test_what_was_changed_since_never_agrees(mover: Mover) -> None:
    who = patient(mover, "17")
    change = "UPDATE resource SET version = 2 WHERE subject = ? AND kind = ?"
    mover.lab.custodian.custodian.store.db.execute(change, (who, Kind.CONTACT))
    before = beside(mover, who, person())[Kind.CONTACT]
    now = msgspec.structs.replace(before, row=altered(before.row, version=2))
    assert compare(mover, before, now) == (False, False)
    assert rang(mover) == 0


@pytest.mark.parametrize("changed", [{"sealed": bytes(200)}, {"schema": 2**40}, {"state": "gone"}])
def test_a_record_that_was_altered_differs_and_rings(mover: Mover, changed: dict[str, object]) -> None:
    first, *rest = beside(mover, patient(mover, "17"), person()).values()
    spoiled = msgspec.structs.replace(first, row=msgspec.structs.replace(first.row, **changed))
    assert compare(mover, spoiled, *rest) == (False, True, True, True)
    assert rang(mover) == 1
