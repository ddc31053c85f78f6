"""A second mandate over the same source doubles nothing: what came in under the first is recognised and left alone."""

from pathlib import Path

import msgspec
import pytest

from aliquot.access import door, migrating, saving
from aliquot.access.acts import CompareHistory, RegisterPatient
from aliquot.cli.scratch import World
from aliquot.custody.denial import Denial
from aliquot.legacy import asking, loading
from aliquot.legacy.comparing import Fault
from aliquot.legacy.entrance import Leave
from aliquot.legacy.fates import ELSEWHERE, Bin, Sums
from aliquot.record import models
from aliquot.terms.identity import Demography
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from tests.custody import moving
from tests.custody.moving import sampled
from tests.custody.test_erasure import shred, together
from tests.legacy import move
from tests.legacy.move import SCOPED, WHERE, Mover, Old
from tests.legacy.old import person, result
from tests.legacy.test_loading import _BORN as BORN
from tests.legacy.test_loading import NIR, _killed, _settle
from tests.legacy.test_loading import _registered as registered
from tests.legacy.test_reconciling import faults as differing
from tests.legacy.test_reconciling import reconcile

MARTIN = person("18", NOM="MARTIN", NAI="01/02/1980", SEXE="M")
HALF = [result(), result(COD="GLY", UNI="g/l", VAL="0,95")]
REST = [result(COD="GLY", UNI="g/l", VAL="1,15"), result("18", "901", VAL="139", JOUR="31122019")]


@pytest.fixture
def source(tmp_path: Path) -> Old:
    """An old system of which half was brought before."""
    (tmp_path / "old").mkdir()
    return Old(tmp_path / "old", [person()], HALF)


def whole(source: Old) -> None:
    source.people, source.results = [person(), MARTIN], [*HALF, *REST]


def fates(sums: Sums) -> dict[tuple[str, Bin, str], int]:
    return {(one.table, one.bin, one.reason): one.rows for one in sums.counted}


def another(first: Mover, **changed: object) -> Mover:
    """Two people have signed another mandate for the same loader."""
    return move.mover(first.lab, first.migration.loader, **changed)


def again(first: Mover, **changed: object) -> Mover:
    """The first mandate is aborted, and two people have signed another one."""
    first.migration.step("abort")
    return another(first, **changed)


ALL = {
    ("P", Bin.IMPORTED, ""): 1,
    ("P", Bin.MERGED, ELSEWHERE): 1,
    ("R", Bin.IMPORTED, ""): 2,
    ("R", Bin.DUPLICATE, ELSEWHERE): 2,
}


def test_each_result_is_here_once_and_the_bins_and_the_reconciliation_agree(lab: World, source: Old) -> None:
    first = move.mover(lab)
    first.load(source)
    second = again(first)
    whole(source)
    loaded = second.load(source)
    assert fates(loaded) == ALL
    assert (move.kept(Kind.DEMOGRAPHY), move.kept(Kind.OBSERVATION), move.kept(Kind.REQUISITION)) == (2, 4, 3)
    assert models.Version.objects.filter(kind=Kind.OBSERVATION).values("resource").distinct().count() == 4
    # Each counts once under the mandate that brings their results, whoever registered them.
    assert second.migration.row("SELECT used FROM mandate WHERE id = ?", second.migration.mandate) == (2,)
    assert second.load(source) == loaded
    second.forget()
    assert second.load(source) == loaded
    second.migration.step("finish")
    told = reconcile(second, source)
    assert told.agrees(), told.discrepancies
    assert told.sums == loaded
    assert sum(one.results for one in told.here) == 2
    assert move.kept(Kind.OBSERVATION) == 4


def test_who_is_called_otherwise_than_the_first_brought_them_is_named(small_lab: World, source: Old) -> None:
    first = move.mover(small_lab)
    first.load(source)
    second = again(first)
    second.drawn = msgspec.structs.replace(second.drawn, system="urn:of:the:second")
    second.load(source)
    second.migration.step("finish")
    assert reconcile(second, source).agrees()
    source.people = [person(NOM="DURAND")]
    told = reconcile(second, source)
    assert differing(told) == [("P", 1, Fault.DIFFERENT, "person")]
    assert fates(told.sums)["P", Bin.MERGED, ELSEWHERE] == 1


def test_nothing_of_what_another_mandate_brought_opens(small_lab: World, source: Old) -> None:
    first = move.mover(small_lab)
    first.load(source)
    second = again(first)
    second.load(source)
    seen = models.Version.objects.filter(kind=Kind.OBSERVATION)
    ((subject, work),) = {(bytes(whose), bytes(of)) for whose, of in seen.values_list("subject", "requisition")}
    leave = Leave(second.migration.loader, second.migration.mandate, WHERE, small_lab.clock)
    with (
        pytest.raises(Denial, match="was not sealed under the mandate"),
        door.enter(leave.actor, CompareHistory(Id(subject), Id(work)), leave.meant()),
    ):
        pass


def test_a_last_difference_and_the_close_go_well_under_a_second_mandate(lab: World, source: Old) -> None:
    first = move.mover(lab)
    first.load(source)
    second = again(first)
    whole(source)
    second.load(source)
    second.migration.step("finish")
    second.migration.step("reconcile")
    second.migration.step("load")
    source.results = [*source.results, result("18", "903", VAL="141")]
    assert fates(second.load(source)) == ALL | {("R", Bin.IMPORTED, ""): 3}
    second.migration.step("finish")
    assert reconcile(second, source).agrees()
    for step in ("reconcile", "way-back", "cut-over", "close"):
        second.migration.step(step)
    assert move.kept(Kind.OBSERVATION) == 5
    third = move.mover(lab, moving.loader(lab, "third"), service="third", source="ANCIEN")
    assert fates(third.load(source)) == {("P", Bin.MERGED, ELSEWHERE): 2, ("R", Bin.DUPLICATE, ELSEWHERE): 5}
    third.migration.step("finish")
    assert reconcile(third, source).agrees()
    assert move.kept(Kind.OBSERVATION) == 5


def test_when_the_count_of_the_first_is_used_up_the_second_brings_the_rest(small_lab: World, source: Old) -> None:
    first = move.mover(small_lab, allowed=1)
    first.load(source)
    whole(source)
    with pytest.raises(Denial, match="used up"):
        first.load(source)
    short = another(first, allowed=1)
    with pytest.raises(Denial, match="used up"):
        short.load(source)
    second = another(first, allowed=2)
    second.load(source)
    assert (move.kept(Kind.DEMOGRAPHY), move.kept(Kind.OBSERVATION)) == (2, 4)


def test_two_sources_with_the_same_numbers_stay_apart(small_lab: World, source: Old) -> None:
    first = move.mover(small_lab)
    first.load(source)
    other = again(first, source="autre")
    other.drawn = msgspec.structs.replace(other.drawn, system="urn:autre:patients")
    source.people = [person(NOM="DURAND", NAI="02/02/1962")]
    told = other.load(source)
    assert fates(told) == {("P", Bin.IMPORTED, ""): 1, ("R", Bin.IMPORTED, ""): 2}
    assert (move.kept(Kind.DEMOGRAPHY), move.kept(Kind.OBSERVATION)) == (2, 4)


def test_what_a_wrong_map_brought_under_the_first_is_found_under_the_second(small_lab: World, source: Old) -> None:
    first = move.mover(small_lab)
    right = first.drawn
    first.drawn = msgspec.structs.replace(right, units={**right.units, "g/l": "mmol/L"})
    first.forget()
    first.load(source)
    first.drawn = right
    second = again(first)
    assert fates(second.load(source))["R", Bin.DUPLICATE, ELSEWHERE] == 2
    second.migration.step("finish")
    assert differing(reconcile(second, source)) == [("R", 2, Fault.DIFFERENT, "content")]
    # Whose dossier is drawn does not hang on the mandate under which it came.
    assert {one.work for one in sampled(small_lab, second.migration.mandate)} == works()


def test_what_two_people_have_reconciled_is_not_compared_again(small_lab: World, source: Old) -> None:
    first = move.mover(small_lab)
    first.load(source)
    for step in ("finish", "reconcile"):
        first.migration.step(step)
    second = again(first)
    # A later map, or a later catalogue, has other words for the same.
    second.drawn = msgspec.structs.replace(second.drawn, units={**second.drawn.units, "g/l": "mmol/L"})
    second.forget()
    source.people = [person(COM="B")]
    second.load(source)
    second.migration.step("finish")
    assert reconcile(second, source).agrees()


def works() -> set[str]:
    kept = models.Version.objects.filter(kind=Kind.REQUISITION).values_list("resource", flat=True)
    return {bytes(one).hex() for one in kept}


@pytest.mark.parametrize("gone", [{"VAL": "1,04"}, None], ids=["corrected", "taken away"])
def test_what_the_first_brought_and_no_row_says_any_more_is_surplus(
    small_lab: World, source: Old, gone: dict[str, str] | None
) -> None:
    first = move.mover(small_lab)
    first.load(source)
    second = again(first)
    source.results = [HALF[0], *([] if gone is None else [result(COD="GLY", UNI="g/l", **gone)])]
    second.load(source)
    second.migration.step("finish")
    told = reconcile(second, source)
    assert told.faults == {Fault.SURPLUS: 1}
    source.results = []
    # Requisitions to which no row leads are told whole: that of the first mandate, and that of the second.
    assert reconcile(second, source).faults[Fault.SURPLUS] == (1 if gone is None else 2)


def test_what_is_said_otherwise_of_whom_the_first_brought_is_found_unless_it_was_reconciled(
    small_lab: World, source: Old
) -> None:
    first = move.mover(small_lab)
    first.load(source)
    second = again(first)
    source.people = [person(VILLE="PARIS")]
    second.load(source)
    second.migration.step("finish")
    assert differing(reconcile(second, source)) == [("P", 1, Fault.DIFFERENT, "contact")]


def test_a_second_mandate_names_every_table_that_was_moved(small_lab: World, source: Old) -> None:
    first = move.mover(small_lab)
    first.load(source)
    first.migration.step("abort")
    renamed = msgspec.structs.replace(SCOPED.tables[1], name="R2", columns=SCOPED.tables[1].columns[:-1])
    with pytest.raises(Denial, match="with the table R: name it, too"):
        moving.declared(
            small_lab, first.migration.loader, scope=msgspec.structs.replace(SCOPED, tables=(SCOPED.tables[0], renamed))
        )


OTHER = [person(NOM="DURAND", PRE="Zoé", NAI="02/02/2001")], [result(dossier="5555", VAL="161", JOUR="01122019")]
"""Another system of the same product, in which the number 17 is somebody else's."""


# Reception says that they are two, and nobody else can have the number under this source; or that she is called so now.
@pytest.mark.parametrize(
    ("same", "then"),
    [
        (False, {("P", Bin.PARKED, "number-taken"): 1, ("R", Bin.PARKED, "patient-parked"): 1}),
        (True, {("P", Bin.MERGED, ELSEWHERE): 1, ("R", Bin.IMPORTED, ""): 1}),
    ],
)
def test_of_a_number_that_is_somebody_elses_in_another_system_nothing_is_laid_on_the_first(
    small_lab: World, source: Old, same: bool, then: dict[tuple[str, Bin, str], int]
) -> None:
    first = move.mover(small_lab)
    first.load(source)
    with Leave(first.migration.loader, first.migration.mandate, WHERE, small_lab.clock).running() as naming:
        (lefevre,) = asking.names(naming, "patient", ["17"])
    second = again(first)
    source.people, source.results = OTHER
    waiting = {("P", Bin.PARKED, "may-be-known-here"): 1, ("R", Bin.PARKED, "patient-parked"): 1}
    assert fates(second.load(source)) == waiting
    decided(second, lefevre, lefevre, same=same)
    assert fates(second.load(source)) == then


def decided(mover: Mover, row: Id, patient: Id, *, same: bool) -> None:
    """Somebody at reception says who is whom."""
    secretary = mover.lab.sign_in("secretary@nord")
    decision = migrating.Decision(mover.migration.mandate, row, patient, same=same)
    migrating.decide(secretary, decision, door.intent(secretary, mover.lab.clock(), "PATADMIN"))


def test_who_was_known_here_is_found_again_and_gets_nothing_twice(small_lab: World, source: Old) -> None:
    known = registered(small_lab, Demography("Lefevre", ("Anne", "Marie"), *BORN), NIR)
    source.people = [person(NIR=NIR)]
    first = move.mover(small_lab)
    first.load(source)
    source.results = [*HALF, REST[0]]
    told = again(first).load(source)
    assert fates(told) == {
        ("P", Bin.MERGED, "known-here"): 1,
        ("R", Bin.IMPORTED, ""): 1,
        ("R", Bin.DUPLICATE, ELSEWHERE): 2,
    }
    assert move.of(known, Kind.OBSERVATION) == 3


def test_who_was_decided_upon_under_the_first_is_so_under_the_second(small_lab: World, source: Old) -> None:
    known = registered(small_lab, Demography("Lefevre", ("Anne",), *BORN), "")
    first = move.mover(small_lab)
    first.load(source)
    with first.migration.run() as grant:
        (row,) = migrating.names(grant, "patient", ("17",))
    secretary = small_lab.sign_in("secretary@nord")
    decision = migrating.Decision(first.migration.mandate, row, known, same=True)
    migrating.decide(secretary, decision, door.intent(secretary, small_lab.clock(), "PATADMIN"))
    second = again(first)
    assert fates(second.load(source))["P", Bin.MERGED, "known-here"] == 1
    assert move.of(known, Kind.OBSERVATION) == 2
    # Who was erased after the first was over is not brought in as somebody else by the third.
    second.migration.step("abort")
    together(small_lab, shred(known))
    third = another(first)
    assert fates(third.load(source))["P", Bin.PARKED, "erased-here"] == 1


def test_who_was_brought_by_the_first_and_erased_since_is_not_brought_again(small_lab: World, source: Old) -> None:
    first = move.mover(small_lab)
    first.load(source)
    ((patient,),) = models.Version.objects.filter(kind=Kind.DEMOGRAPHY).values_list("subject")
    first.migration.step("abort")
    together(small_lab, shred(Id(bytes(patient))))
    second = another(first)
    whole(source)
    told = fates(second.load(source))
    assert told["P", Bin.PARKED, "erased-here"] == 1
    assert told["R", Bin.PARKED, "patient-parked"] == 3


def test_who_was_begun_under_the_first_and_never_kept_is_registered_under_the_second(
    small_lab: World, source: Old
) -> None:
    first = move.mover(small_lab)
    leave = Leave(first.migration.loader, first.migration.mandate, WHERE, small_lab.clock)
    with leave.running() as naming:
        (patient,) = asking.names(naming, "patient", ["17"])
        (act,) = asking.registrations(naming, leave.mandate, ["17"])
    (meant,) = leave.together([act])
    with door.enter(leave.actor, RegisterPatient(patient), meant):
        pass  # Killed here: custody has a key for the patient, and nobody has written one.
    beside = another(first)
    # The first one stands yet, and may still register them.
    assert fates(beside.load(source))["P", Bin.PARKED, "act-reused"] == 1
    beside.migration.step("abort")
    second = again(first)
    assert fates(second.load(source)) == {("P", Bin.IMPORTED, ""): 1, ("R", Bin.IMPORTED, ""): 2}
    assert (move.of(patient, Kind.DEMOGRAPHY), move.of(patient, Kind.OBSERVATION)) == (1, 2)
    second.migration.step("finish")
    assert reconcile(second, source).agrees()


def test_what_was_being_saved_when_the_first_ended_comes_in_once(
    small_lab: World, source: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_PAUSE_S", 0)
    first = move.mover(small_lab)
    results, source.results = source.results, []
    first.load(source)
    source.results = results
    with monkeypatch.context() as dying:
        # Stored, and custody never heard of it.
        dying.setattr(saving, "_end", _killed)
        with pytest.raises(KeyboardInterrupt):
            first.load(source)
    second = again(first)
    second.load(source)
    assert move.kept(Kind.OBSERVATION) == 2
    _settle(small_lab)
    assert fates(second.load(source))["R", Bin.DUPLICATE, ELSEWHERE] == 2
    second.migration.step("finish")
    assert reconcile(second, source).agrees()
    assert move.kept(Kind.OBSERVATION) == 2
