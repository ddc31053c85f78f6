"""Both sides are read again: what agrees is signed, and whatever differs is found, with its place."""

import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from aliquot.access import door, migrating
from aliquot.cli.scratch import World
from aliquot.custody.denial import Denial
from aliquot.legacy import asking, reconciling
from aliquot.legacy.comparing import Fault
from aliquot.legacy.entrance import Leave
from aliquot.legacy.fates import Account, Bin
from aliquot.legacy.map import Column
from aliquot.legacy.meanings import Meaning
from aliquot.legacy.reconciling import Reconciler, Reconciliation
from aliquot.legacy.sorting import Sorter
from aliquot.record import models
from aliquot.terms.identity import Demography
from aliquot.terms.kinds import Kind
from tests.access.test_door import register
from tests.custody import test_erasure
from tests.legacy import move, old
from tests.legacy.move import SCOPED, WHERE, Mover, Old
from tests.legacy.old import CATALOGUE, PEOPLE, RESULTS, TODAY, chunk, person, result
from tests.legacy.test_loading import _BORN as BORN
from tests.legacy.test_loading import NIR
from tests.legacy.test_loading import _registered as registered


@pytest.fixture
def source(tmp_path: Path) -> Old:
    folder = tmp_path / "old"
    folder.mkdir()
    return Old(
        folder,
        [person(), person("18", NOM="MARTIN", NAI="01/02/1980", SEXE="M"), person("19", NAI="")],
        [
            result(),
            result(COD="GLY", UNI="g/l", VAL="0,95"),
            result(COD="TSH"),
            result("18", "901", VAL="139", JOUR="31122019", HEURE=""),
            result("19", "902"),
        ],
    )


def reconcile(mover: Mover, source: Old) -> Reconciliation:
    leave = Leave(mover.migration.loader, mover.migration.mandate, WHERE, mover.lab.clock)
    with source.reading() as reading:
        return Reconciler(leave, mover.drawn, SCOPED).run(reading)


def faults(told: Reconciliation) -> list[tuple[str, int, Fault, str]]:
    return [(one.table, one.row, one.fault, one.what) for one in told.discrepancies]


def test_what_was_loaded_agrees_with_its_source(lab: World, source: Old) -> None:
    mover = move.mover(lab)
    loaded = mover.load(source)
    told = reconcile(mover, source)
    assert told.agrees()
    assert told.sums == loaded
    assert [(one.test, one.month, one.results) for one in told.here] == [
        ("GLU", "2019-07", 1),
        ("NA", "2019-07", 1),
        ("NA", "2019-12", 1),
    ]


@pytest.mark.parametrize(
    ("said", "what"),
    [({"NOM": "DURAND"}, "person"), ({"VILLE": "PARIS"}, "contact"), ({"ADR1": ""}, "contact"), ({"COM": "B"}, "note")],
)
def test_whatever_is_said_otherwise_of_a_person_is_found(
    small_lab: World, source: Old, said: dict[str, str], what: str
) -> None:
    mover = move.mover(small_lab)
    mover.load(source)
    mover.migration.step("finish")
    source.people = [person(**said), *source.people[1:]]
    assert faults(reconcile(mover, source)) == [("P", 1, Fault.DIFFERENT, what)]


def test_a_requisition_that_says_something_else_than_its_first_row_is_found(small_lab: World, source: Old) -> None:
    mover = move.mover(small_lab)
    prescribed = {**mover.drawn.tables["R"], "VALIDE": Column(Meaning.DOSSIER_PRESCRIBER)}
    drawn = msgspec.structs.replace(mover.drawn, tables={**mover.drawn.tables, "R": prescribed})
    mover.drawn = drawn
    mover.forget()
    mover.load(source)
    assert reconcile(mover, source).agrees()
    mover.drawn = msgspec.structs.replace(drawn, tables={**drawn.tables, "R": old.drawn().tables["R"]})
    assert faults(reconcile(mover, source)) == [
        ("R", 1, Fault.DIFFERENT, "prescriber"),
        ("R", 4, Fault.DIFFERENT, "prescriber"),
    ]


def test_the_same_two_sides_give_the_same_digest(small_lab: World, source: Old) -> None:
    mover = move.mover(small_lab)
    mover.load(source)
    assert reconciling.digest(reconcile(mover, source)) == reconciling.digest(reconcile(mover, source))


@pytest.mark.parametrize("known", [True, False])
def test_who_was_erased_is_not_brought_in_again_by_the_last_difference(
    small_lab: World, source: Old, *, known: bool
) -> None:
    """Neither a patient who was known here before the load, nor one whom the load registered."""
    source.people, source.results = [person(NIR=NIR)], source.results[:2]
    who = Demography("Lefevre", ("Anne", "Marie"), *BORN)
    victim = registered(small_lab, who, NIR) if known else None
    mover = move.mover(small_lab)
    assert mover.load(source).bins("P")[Bin.MERGED if known else Bin.IMPORTED] == 1
    with mover.migration.run() as grant:
        victim = victim or migrating.names(grant, "patient", ["17"])[0]
    mover.migration.step("finish")
    test_erasure.together(small_lab, test_erasure.shred(victim))
    mover.migration.step("load")
    mover.forget()
    before = move.kept(Kind.DEMOGRAPHY), move.kept(Kind.OBSERVATION)
    loaded = mover.load(source)
    assert (move.kept(Kind.DEMOGRAPHY), move.kept(Kind.OBSERVATION)) == before
    assert [(one.table, one.reason, one.rows) for one in loaded.counted] == [
        ("P", "erased-here", 1),
        ("R", "patient-parked", 2),
    ]
    told = reconcile(mover, source)
    assert told.agrees()
    assert told.sums == loaded


def test_a_result_that_never_came_is_missing(small_lab: World, source: Old) -> None:
    mover = move.mover(small_lab)
    mover.load(source)
    source.results = [*source.results, result("18", "903")]
    told = reconcile(mover, source)
    assert not told.agrees()
    assert faults(told) == [("R", 6, Fault.MISSING, "")]


def test_a_person_who_never_came_is_missing(small_lab: World, source: Old) -> None:
    mover = move.mover(small_lab)
    mover.load(source)
    source.people = [*source.people, person("20", NOM="DURAND", NAI="01/01/1970")]
    assert faults(reconcile(mover, source)) == [("P", 4, Fault.MISSING, "person")]


def test_a_row_that_changed_meanwhile_is_missing_and_its_result_is_surplus(small_lab: World, source: Old) -> None:
    mover = move.mover(small_lab)
    mover.load(source)
    source.results = [source.results[0], result(COD="GLY", UNI="g/l", VAL="0,96"), *source.results[2:]]
    assert faults(reconcile(mover, source)) == [("R", 2, Fault.MISSING, ""), ("R", 0, Fault.SURPLUS, "")]


@pytest.mark.parametrize(
    ("planted", "what"),
    [
        (lambda drawn: msgspec.structs.replace(drawn, mark="."), "number"),
        (lambda drawn: msgspec.structs.replace(drawn, statuses={**drawn.statuses, "V": "unknown"}), "state"),
        (lambda drawn: msgspec.structs.replace(drawn, units={**drawn.units, "mmol/l": "umol/L"}), "value"),
    ],
)
def test_what_a_wrong_map_made_is_different_from_what_the_right_one_makes(
    small_lab: World, source: Old, planted: Callable[[object], object], what: str
) -> None:
    mover = move.mover(small_lab)
    right = mover.drawn
    mover.drawn = planted(right)  # type: ignore[assignment]  # the parameters replace fields of the map
    mover.load(source)
    mover.drawn = right
    told = reconcile(mover, source)
    assert not told.agrees()
    if what != "number":
        assert {one.what for one in told.discrepancies} == {what}


def test_the_same_row_in_two_places_is_one_result_and_a_duplicate(small_lab: World, source: Old) -> None:
    source.results = [result(), result(dossier="901"), result()]
    mover = move.mover(small_lab)
    loaded = mover.load(source)
    assert {bin_: rows for bin_, rows in loaded.bins("R").items() if rows} == {Bin.IMPORTED: 2, Bin.DUPLICATE: 1}
    told = reconcile(mover, source)
    assert (told.agrees(), told.sums) == (True, loaded)


def test_no_two_rows_that_come_over_are_one_result() -> None:
    """However a source repeats itself: in one dossier, in another place, in another table."""
    sorter = Sorter(old.drawn(), CATALOGUE, Account(), TODAY)
    list(sorter.people(PEOPLE, [chunk([person(), person("18", NOM="MARTIN")])]))
    dealt = random.Random(7)
    cells = [result(who, f"90{at % 4}", VAL=str(at % 6)) for at in range(9) for who in ("17", "18")]
    tables = [[dealt.choice(cells) for _ in range(300)] for _ in range(2)]
    named = [
        asking.key(dossier, line)
        for rows in tables
        for dossier in sorter.results(RESULTS, [chunk(rows[:100]), chunk(rows[100:], first=101)])
        for line in dossier.lines
    ]
    assert len(named) == len({*named}) == len({row for rows in tables for row in rows}) > 10


def test_a_row_that_was_taken_from_the_record_is_missing(lab: World, source: Old) -> None:
    mover = move.mover(lab)
    mover.load(source)
    models.Version.objects.filter(kind=Kind.OBSERVATION).order_by("id").first().delete()  # type: ignore[union-attr]
    told = reconcile(mover, source)
    assert told.faults == {"missing": 1}
    assert told.sums.bins("R")[Bin.IMPORTED] == 3


def test_results_that_came_to_another_patient_are_found(lab: World, source: Old) -> None:
    """Two people were taken for one, the results came, and the decision was taken back."""
    secretary = lab.sign_in("secretary@nord")
    known = register(lab, secretary)
    source.people = [person(NOM="ZELANDE", PRE="Jeanne", NAI="01/04/1961"), *source.people[1:]]
    mover = move.mover(lab)
    with mover.migration.run() as grant:
        (row,) = migrating.names(grant, "patient", ("17",))
    mover.load(source)
    for same in (True, False):
        decision = migrating.Decision(mover.migration.mandate, row, known, same)
        migrating.decide(secretary, decision, door.intent(secretary, lab.clock(), "PATADMIN"))
        mover.load(source)
        told = reconcile(mover, source)
        assert told.agrees() == same
    assert faults(told) == [("R", 1, Fault.ANOTHER, ""), ("R", 2, Fault.ANOTHER, "")]
    # Somebody came in by this row since: it is found, and nobody takes them for one again.
    decision = migrating.Decision(mover.migration.mandate, row, known, same=True)
    with pytest.raises(Denial, match="in the meantime"):
        migrating.decide(secretary, decision, door.intent(secretary, lab.clock(), "PATADMIN"))


def test_nobody_looks_again_after_the_migration_is_over(small_lab: World, source: Old) -> None:
    mover = move.mover(small_lab)
    mover.load(source)
    mover.migration.signed("abort", ("privacy@nord",))
    with pytest.raises(Denial):
        reconcile(mover, source)


@pytest.mark.parametrize(
    "changed",
    [{"NOM": "AUTRE"}, {"NAI": "04/11/1951"}, {"SEXE": "M"}, {"PRE": "Anne"}, {"NIR": NIR}],
    ids=["family", "birth", "sex", "given", "number"],
)
def test_a_person_who_is_called_otherwise_here_than_there_is_found(
    small_lab: World, source: Old, changed: dict[str, str]
) -> None:
    mover = move.mover(small_lab)
    mover.load(source)
    mover.migration.step("finish")
    assert reconcile(mover, source).agrees()
    source.people = [person(**changed), *source.people[1:]]
    # A requisition says the sex, for ranges hang on it.
    there = [("R", 1, Fault.DIFFERENT, "sex")] if "SEXE" in changed else []
    assert faults(reconcile(mover, source)) == [("P", 1, Fault.DIFFERENT, "person"), *there]
