"""What no row of the source leads to is found, wherever it stands; and nothing is, that a row leads to."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from aliquot.access import door
from aliquot.access.acts import LoadHistory, RegisterPatient
from aliquot.cli.scratch import World
from aliquot.lab import pasts, patients
from aliquot.legacy import drafts, reconciling, surplus
from aliquot.legacy import map as maps
from aliquot.legacy.comparing import Discrepancy, Fault
from aliquot.legacy.entrance import Leave
from aliquot.legacy.fates import Account, Bin
from aliquot.legacy.progress import Progress
from aliquot.legacy.reconciling import Reconciliation
from aliquot.legacy.sorting import Sorter
from aliquot.record import models
from aliquot.terms import ids
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from tests.custody import moving
from tests.legacy import move, old, test_drafts
from tests.legacy.move import SCOPED, WHERE, Mover, Old
from tests.legacy.old import TODAY, person, result
from tests.legacy.test_loading import NIR
from tests.legacy.test_reconciling import reconcile
from tests.plan import NORD

MARTIN = person("18", NOM="MARTIN", NAI="01/02/1980", SEXE="M")


@pytest.fixture
def source(tmp_path: Path) -> Old:
    (tmp_path / "old").mkdir()
    return Old(
        tmp_path / "old",
        [person(), MARTIN],
        [result(), result(COD="GLY", UNI="g/l", VAL="0,95"), result("18", "901", VAL="139", JOUR="31122019")],
    )


def told(found: Reconciliation) -> list[tuple[str, str]]:
    """What stands here too much; each with an id, and without a row."""
    assert {one.row for one in found.discrepancies if one.fault is Fault.SURPLUS} <= {0}
    assert all(ids.parse(one.id) for one in found.discrepancies if one.fault is Fault.SURPLUS)
    return [(one.table, one.what) for one in found.discrepancies if one.fault is Fault.SURPLUS]


def standing(kind: Kind, *, beside: frozenset[str] = frozenset()) -> frozenset[str]:
    """The ids of all records of a kind, but some."""
    found = models.Version.objects.filter(kind=kind).values_list("resource", flat=True)
    return frozenset(bytes(each).hex() for each in found) - beside


def test_a_dossier_that_no_row_leads_to_any_more_is_surplus_with_its_sums(lab: World, source: Old) -> None:
    whole, mover = source.results, move.mover(lab)
    source.results = whole[:-1]
    mover.load(source)
    before = standing(Kind.REQUISITION)
    source.results = whole
    mover.load(source)
    source.results = whole[:-1]
    found = reconcile(mover, source)
    (added,) = standing(Kind.REQUISITION, beside=before)
    assert found.faults == {Fault.SURPLUS: 1}
    assert found.discrepancies == (Discrepancy("", 0, Fault.SURPLUS, "requisition", added),)
    assert [one.month for one in found.there] == ["2019-07", "2019-07"]
    assert [one.month for one in found.here] == ["2019-07", "2019-07", "2019-12"]
    assert not found.agrees()
    source.results = whole
    assert reconcile(mover, source).agrees()


def test_a_result_that_no_row_says_is_named_by_its_id(small_lab: World, source: Old) -> None:
    mover = move.mover(small_lab)
    mover.load(source)
    source.results = [*source.results[:1], *source.results[2:]]
    (found,) = reconcile(mover, source).discrepancies
    assert (found.table, found.row, found.fault, found.what) == ("R", 0, Fault.SURPLUS, "")
    assert found.id in standing(Kind.OBSERVATION)


def test_a_person_and_all_that_came_with_them_is_surplus_when_their_row_is_gone(small_lab: World, source: Old) -> None:
    mover = move.mover(small_lab)
    mover.load(source)
    source.people, source.results = source.people[:1], source.results[:-1]
    found = reconcile(mover, source)
    assert told(found) == [("", "person"), ("", "requisition")]
    assert found.discrepancies[0].id in {bytes(one).hex() for one in of_people()}


def test_a_dossier_that_was_put_under_another_number_comes_again_and_stays_where_it_came(
    small_lab: World, source: Old
) -> None:
    mover = move.mover(small_lab)
    mover.load(source)
    moved = result("17", "901", VAL="139", JOUR="31122019")
    source.results = [*source.results[:-1], moved]
    assert reconcile(mover, source).faults == {Fault.MISSING: 1, Fault.SURPLUS: 1}
    mover.forget()
    mover.load(source)
    found = reconcile(mover, source)
    assert told(found) == [("", "requisition")]
    work = bytes.fromhex(found.discrepancies[0].id)
    stays = {bytes(one) for one in models.Version.objects.filter(resource=work).values_list("subject", flat=True)}
    ours = models.Version.objects.filter(kind=Kind.OBSERVATION, subject__in=stays)
    assert (len(stays), ours.count()) == (1, 1)


def test_a_person_to_whom_another_row_leads_is_no_surplus(small_lab: World, source: Old) -> None:
    """The old system had somebody twice, and has since taken away the number under which they came here."""
    twice = person("21", NIR=NIR)
    source.people, source.results = [person(NIR=NIR), twice], [result("21", "905")]
    mover = move.mover(small_lab)
    assert mover.load(source).bins("P")[Bin.MERGED] == 1
    source.people = [twice]
    assert reconcile(mover, source).faults == {}


def test_what_came_under_a_map_that_was_signed_before_is_surplus(small_lab: World, source: Old) -> None:
    """The better map parks what the earlier one had let in: it stands here, and nobody loads it again."""
    mover = move.mover(small_lab)
    mover.load(source)
    better = msgspec.structs.replace(mover.drawn, tests=tuple(one for one in mover.drawn.tests if one.code != "NAT"))
    mover.drawn = better
    mover.forget()
    mover.load(source)
    assert told(reconcile(mover, source)) == [("R", ""), ("", "requisition")]


def test_what_the_loaders_key_was_misused_for_is_surplus(small_lab: World, source: Old) -> None:
    """Somebody who has the key brings in a person of their own, and pasts of theirs and of another patient."""
    mover = move.mover(small_lab)
    mover.load(source)
    (known, *_) = of_people()
    stranger = misused(mover)
    for whose in (stranger, Id(known)):
        slipped(mover, whose)
    found = reconcile(mover, source)
    assert found.faults == {Fault.SURPLUS: 3}
    assert sorted(told(found)) == [("", "person"), ("", "requisition"), ("", "requisition")]
    assert stranger.hex() in {one.id for one in found.discrepancies}
    assert sum(one.results for one in found.here) == sum(one.results for one in found.there) + 2


def test_what_an_earlier_mandate_brought_and_no_row_leads_to_is_surplus_under_a_later_one_too(
    small_lab: World, source: Old
) -> None:
    first = move.mover(small_lab)
    first.load(source)
    slipped(first, Id(next(iter(of_people()))))
    later = moving.declared(small_lab, first.migration.loader, scope=SCOPED).until("load")
    drawn = msgspec.structs.replace(first.drawn, mandate=later.mandate.hex())
    second = Mover(small_lab, later, drawn, Progress(drawn.mandate, maps.digest(drawn)))
    second.load(source)
    assert reconcile(second, source).faults == {Fault.SURPLUS: 1}
    assert reconcile(first, source).faults == {Fault.SURPLUS: 1}


def test_the_last_difference_and_rows_that_moved_raise_no_false_alarm(
    small_lab: World, source: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of one requisition may be compared in several portions: it counts once, and nothing in it is too much."""
    mover = move.mover(small_lab)
    mover.load(source)
    mover.migration.step("finish")
    mover.migration.step("load")
    first, second, third = source.results
    source.people = [*source.people, person("20", NOM="DURAND", NAI="01/01/1970")]
    source.results = [second, result("20", "902"), third, first]
    mover.forget()
    mover.load(source)
    monkeypatch.setattr(reconciling, "RESULTS_AT_ONCE", 1)
    found = reconcile(mover, source)
    assert (found.discrepancies, found.there) == ((), found.here)
    assert found.agrees()


def test_few_results_wait_for_a_row_that_may_come_yet(
    small_lab: World, source: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    mover = move.mover(small_lab)
    mover.load(source)
    first, second, third = source.results
    source.results = [second, third, first]
    monkeypatch.setattr(reconciling, "RESULTS_AT_ONCE", 1)
    monkeypatch.setattr(surplus, "WAITING", 0)
    assert told(reconcile(mover, source)) == [("R", "")]


def test_many_of_one_kind_hide_none_of_another(small_lab: World, source: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    mover = move.mover(small_lab)
    mover.load(source)
    monkeypatch.setattr(reconciling, "SHOWN", 1)
    source.results = [result(dossier=str(910 + number)) for number in range(3)]
    found = reconcile(mover, source)
    assert found.faults == {Fault.MISSING: 3, Fault.SURPLUS: 2}
    assert [one.fault for one in found.discrepancies] == [Fault.MISSING, Fault.SURPLUS]


def test_what_is_gone_from_the_record_too_is_not_said_to_stand_here(small_lab: World, source: Old) -> None:
    """Whether the record lost something is not asked of the old system: the check of the history says it."""
    mover = move.mover(small_lab)
    mover.load(source)
    source.people, source.results = source.people[:1], source.results[:-1]
    found = reconcile(mover, source)
    assert len(told(found)) == 2
    lost = [bytes.fromhex(one.id) for one in found.discrepancies]
    models.Version.objects.filter(subject=lost[0]).delete()
    assert reconcile(mover, source).faults == {}


def of_people() -> Sequence[bytes]:
    """The patients here, by id."""
    found = models.Version.objects.filter(kind=Kind.DEMOGRAPHY).values_list("subject", flat=True)
    return sorted(bytes(each) for each in found)


def misused(mover: Mover) -> Id:
    """Somebody whom no row says is registered with the loader's key."""
    at, stranger = mover.lab.clock(), ids.new(NORD, mover.lab.clock())
    sorter = Sorter(mover.drawn, WHERE.catalogue, Account(), TODAY)
    (found,) = sorter.people(old.PEOPLE, [old.chunk([person("99", NOM="INCONNU", NAI="05/05/1955")])])
    leave = leave_of(mover)
    with door.enter(leave.actor, RegisterPatient(stranger), leave.meant()) as grant:
        patients.register(grant, drafts.registration(found.person, mover.drawn, at), at=at)
    return stranger


def slipped(mover: Mover, patient: Id) -> None:
    """A past that no row says is laid upon a patient with the loader's key."""
    made = test_drafts.past(result(dossier="999"))
    made = msgspec.structs.replace(made, results=tuple(msgspec.structs.replace(each, id=None) for each in made.results))
    leave, work = leave_of(mover), ids.new(NORD, mover.lab.clock())
    with door.enter(leave.actor, LoadHistory(patient, work), leave.meant()) as grant:
        pasts.load(grant, made, WHERE, at=mover.lab.clock())


def leave_of(mover: Mover) -> Leave:
    """The leave that whoever has the loader's key has."""
    return Leave(mover.migration.loader, mover.migration.mandate, WHERE, mover.lab.clock)
