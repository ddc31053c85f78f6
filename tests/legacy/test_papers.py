"""What the people of a migration sign lies in the record: a loader puts it down, and who signs it reads it there."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import msgspec
import pytest

from aliquot.access import acts, door, rows
from aliquot.access.acts import ReadMigration
from aliquot.access.grant import Draft, Grant
from aliquot.cli.scratch import World
from aliquot.custody import forms
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Open, Opened, Reading
from aliquot.custody.steps import Step
from aliquot.legacy import map as maps
from aliquot.legacy import papers, reconciling
from aliquot.legacy.comparing import Fault
from aliquot.legacy.fates import Sums
from aliquot.legacy.map import Map
from aliquot.legacy.papers import Loaded, Reconciled, Rehearsed, Side, Unreadable
from aliquot.legacy.reconciling import Reconciliation
from aliquot.legacy.rehearsal import Months
from aliquot.record import models
from aliquot.terms import papers as names
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.papers import Paper
from tests.custody import moving
from tests.custody.moving import Move
from tests.legacy import old
from tests.plan import NORD

SUMS = Sums({"P": 1}, (), ())


@pytest.fixture
def move(small_lab: World) -> Move:
    return moving.declared(small_lab)


def drawn(move: Move, **changed: object) -> Map:
    return msgspec.structs.replace(old.drawn(), mandate=move.mandate.hex(), **changed)


def put(move: Move, form: papers.Form[papers.T], content: papers.T) -> None:
    with move.run() as grant:
        papers.put(grant, move.mandate, form, content)


@contextmanager
def reader(move: Move, who: str = "biologist@nord") -> Iterator[Grant[ReadMigration]]:
    actor = move.lab.sign_in(who)
    meant = door.intent(actor, move.lab.clock(), "HOPERAT")
    with door.enter(actor, ReadMigration(acts.organization(actor.org)), meant) as grant:
        yield grant


def newest(move: Move, form: papers.Form[papers.T], who: str = "biologist@nord") -> papers.Read[papers.T] | None:
    told = move.told()
    with reader(move, who) as grant:
        return papers.newest(grant, told, form)


def in_force(move: Move, form: papers.Form[papers.T]) -> papers.Read[papers.T] | None:
    told = move.told()
    with reader(move) as grant:
        return papers.in_force(grant, told, form)


def versions(move: Move, paper: Paper) -> list[int]:
    return [one.row.version for one in rows.of_resource(names.identity(move.mandate, paper))]


@pytest.mark.parametrize("who", ["biologist@nord", "director@nord", "privacy@nord"])
def test_who_signs_reads_what_the_loader_put_down(lab: World, who: str) -> None:
    move = moving.declared(lab)
    put(move, papers.MAP, drawn(move))
    found = newest(move, papers.MAP, who)
    assert found == papers.Read(drawn(move), maps.digest(drawn(move)), in_force=False)


def test_what_was_signed_is_found_again_behind_what_came_after_it(move: Move) -> None:
    move.step("profile")
    made = [drawn(move, system=f"urn:oid:1.{number}") for number in range(14)]
    put(move, papers.MAP, made[0])
    move.govern("biologist@nord", forms.StepMigration(move.mandate.hex(), Step.MAP, maps.digest(made[0])))
    for later in made[1:]:
        put(move, papers.MAP, later)
    signed, last = in_force(move, papers.MAP), newest(move, papers.MAP)
    assert signed == papers.Read(made[0], maps.digest(made[0]), in_force=True)
    assert last == papers.Read(made[-1], maps.digest(made[-1]), in_force=False)


def test_a_paper_that_no_step_names_is_not_in_force(move: Move) -> None:
    put(move, papers.MAP, drawn(move))
    assert in_force(move, papers.MAP) is None
    move.until("map")
    assert in_force(move, papers.MAP) is None, "another map was signed than the one that lies here"
    assert newest(move, papers.REHEARSAL) is None


def test_the_same_again_is_no_new_version(move: Move) -> None:
    for _ in range(2):
        put(move, papers.MAP, drawn(move))
    put(move, papers.MAP, drawn(move, system="urn:oid:9.9"))
    assert versions(move, Paper.MAP) == [1, 2]


def test_each_migration_has_papers_of_its_own_and_a_loader_sees_no_others(small_lab: World) -> None:
    first = moving.declared(small_lab)
    second = moving.declared(small_lab, first.loader)
    put(first, papers.MAP, drawn(first))
    assert newest(second, papers.MAP) is None
    (stored,) = rows.of_resource(names.identity(first.mandate, Paper.MAP))
    with first.run() as own, second.run() as other:
        asked = Open((Reading(own.token, (stored.row,)), Reading(other.token, (stored.row,))))
        states = [told.contents[0].state for told in own.line.ask(asked, Opened).readings]
    assert states == ["open", "withheld"]


def test_a_loader_puts_down_no_paper_of_another_migration_and_nothing_else_under_that_name(small_lab: World) -> None:
    first = moving.declared(small_lab)
    second = moving.declared(small_lab, first.loader)
    for identity in (names.identity(first.mandate, Paper.MAP), Id(NORD + bytes(12))):
        with pytest.raises(Denial) as refused, second.run() as grant:
            grant.write(Draft(Kind.PAPER, identity, 1, "known", (), drawn(first)))
        assert refused.value.code == "not-of-this-act"
    assert not models.Version.objects.filter(kind=Kind.PAPER).exists()


def test_when_it_is_over_its_papers_are_read_and_no_more_are_put_down(move: Move) -> None:
    put(move, papers.MAP, drawn(move))
    move.step("abort")
    with pytest.raises(Denial):
        put(move, papers.MAP, drawn(move, system="urn:oid:9.9"))
    assert newest(move, papers.MAP) is not None


@pytest.mark.parametrize("who", ["technician@nord", "secretary@nord", "administrator@nord"])
def test_who_signs_nothing_of_a_migration_reads_none(move: Move, who: str) -> None:
    put(move, papers.MAP, drawn(move))
    with pytest.raises(Denial) as refused:
        newest(move, papers.MAP, who)
    assert refused.value.code == "forbidden"


def test_a_paper_that_was_altered_in_the_record_is_not_shown(move: Move) -> None:
    put(move, papers.MAP, drawn(move))
    put(move, papers.MAP, drawn(move, system="urn:oid:9.9"))
    kept = models.Version.objects.filter(kind=Kind.PAPER).order_by("version")
    kept.filter(version=2).update(sealed=kept[0].sealed)
    with pytest.raises(Broken):
        newest(move, papers.MAP)


def test_a_version_that_was_taken_away_does_not_make_the_one_before_it_the_last(move: Move) -> None:
    put(move, papers.MAP, drawn(move))
    put(move, papers.MAP, drawn(move, system="urn:oid:9.9"))
    models.Version.objects.filter(kind=Kind.PAPER, version=2).delete()
    with pytest.raises(Broken):
        newest(move, papers.MAP)


def test_a_reconciliation_that_names_a_fault_that_is_none_is_not_read(move: Move) -> None:
    """Each fault is told in words, with its next step: nobody signs on one that has none."""
    found = Reconciled.of(Reconciliation(move.mandate.hex(), "1" * 64, SUMS, (), (), {Fault.MISSING: 1}, ()))
    put(move, papers.RECONCILIATION, found)
    read = newest(move, papers.RECONCILIATION)
    assert read is not None
    assert read.content == found
    put(move, papers.RECONCILIATION, msgspec.structs.replace(found, faults={"twice": 1}))
    with pytest.raises(Unreadable):
        newest(move, papers.RECONCILIATION)


def test_the_digest_of_a_paper_is_the_evidence_of_its_step(move: Move) -> None:
    loaded = Loaded(move.mandate.hex(), "0" * 64, SUMS)
    rehearsed = Rehearsed(move.mandate.hex(), "0" * 64, "1" * 64, 3, 4, SUMS)
    put(move, papers.LOADED, loaded)
    put(move, papers.REHEARSAL, rehearsed)
    assert newest(move, papers.LOADED) == papers.Read(loaded, loaded.digest, in_force=False)
    assert newest(move, papers.REHEARSAL) == papers.Read(rehearsed, rehearsed.digest, in_force=False)


def month(name: str, results: int, total: str, test: str = "NA") -> Months:
    return Months(test, "mmol/L", name, results, results, Decimal(total), Decimal("130"), Decimal("150"))


def reconciliation(there: tuple[Months, ...], here: tuple[Months, ...]) -> Reconciliation:
    return Reconciliation("0" * 32, "1" * 64, SUMS, there, here, {}, ())


def test_both_sides_are_told_by_test_and_by_the_months_that_differ() -> None:
    there = (month("2019-01", 20, "2800"), month("2019-02", 30, "4200"))
    here = (month("2019-01", 20, "2800"), month("2019-02", 29, "4060"))
    whole = reconciliation(there, here)
    told = Reconciled.of(whole)
    ends = (Decimal("130"), Decimal("150"))
    (test,), (apart,) = told.tests, told.months
    assert (test.months, test.apart) == (2, 1)
    assert (test.there, test.here) == (Side(50, 50, Decimal("7000"), *ends), Side(49, 49, Decimal("6860"), *ends))
    assert (apart.month, apart.there, apart.here) == (
        "2019-02",
        Side(30, 30, Decimal("4200"), *ends),
        Side(29, 29, Decimal("4060"), *ends),
    )
    assert (told.compared, told.apart, told.whole) == (2, 1, reconciling.digest(whole))


def test_a_few_results_are_not_told_for_their_sum_would_say_their_values() -> None:
    canary = "137.31"
    told = Reconciled.of(reconciliation((month("2019-01", 1, canary),), (month("2019-01", 9, canary, "K"),)))
    assert [(one.there, one.here) for one in told.tests] == [
        (Side(0, 0, Decimal(0), None, None), None),
        (None, Side(0, 0, Decimal(0), None, None)),
    ]
    assert canary not in repr(told)
