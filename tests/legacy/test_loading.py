"""The load brings in what the rehearsal announced: through the door, once, whatever happens on the way."""

from datetime import date
from pathlib import Path

import msgspec
import pytest

from aliquot.access import door, migrating, saving, settlement
from aliquot.access.acts import RegisterPatient
from aliquot.cli.scratch import World
from aliquot.custody.denial import Denial
from aliquot.lab import patients
from aliquot.lab.patients import Registration
from aliquot.legacy import asking, loading, portions, progress
from aliquot.legacy.entrance import Leave
from aliquot.legacy.fates import Bin, Sums
from aliquot.legacy.map import Column, Link
from aliquot.legacy.meanings import Meaning
from aliquot.legacy.progress import Progress
from aliquot.legacy.rehearsal import Trial
from aliquot.record import models
from aliquot.terms import identifiers, ids
from aliquot.terms.errors import Refused
from aliquot.terms.identity import Demography, Sex
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from tests.custody import moving
from tests.legacy import move, old
from tests.legacy.move import SCOPED, Mover, Old
from tests.legacy.old import CATALOGUE, TODAY, person, result
from tests.plan import NORD

_BORN = (date(1951, 11, 3), Sex.FEMALE)
NIR = identifiers.nir("2511135238001" + identifiers.nir_key("2511135238001"))


@pytest.fixture
def source(tmp_path: Path) -> Old:
    folder = tmp_path / "old"
    folder.mkdir()
    return Old(
        folder,
        [person(NIR=NIR), person("18", NOM="MARTIN", NAI="01/02/1980", SEXE="M"), person("19", NAI="")],
        [
            result(),
            result(COD="GLY", UNI="g/l", VAL="0,95", COM="à jeun"),
            result(COD="TSH"),
            result("18", "901", ST=""),
            result("19", "902"),
        ],
    )


def counted(sums: Sums, table: str) -> dict[Bin, int]:
    return {bin_: rows for bin_, rows in sums.bins(table).items() if rows}


def test_people_and_results_come_in_and_every_row_is_accounted_for(lab: World, source: Old) -> None:
    told = move.mover(lab).load(source)
    assert counted(told, "P") == {Bin.IMPORTED: 2, Bin.PARKED: 1}
    assert counted(told, "R") == {Bin.IMPORTED: 3, Bin.PARKED: 2}
    assert (move.kept(Kind.DEMOGRAPHY), move.kept(Kind.REQUISITION)) == (2, 2)
    assert (move.kept(Kind.OBSERVATION), move.kept(Kind.IMPORT)) == (3, 2)


def test_what_comes_in_of_a_patient_stands_together(lab: World, source: Old) -> None:
    move.mover(lab).load(source)
    stems: dict[bytes, set[bytes]] = {}
    for subject, resource in models.Version.objects.exclude(kind=Kind.CATALOGUE).values_list("subject", "resource"):
        stems.setdefault(bytes(subject), set()).add(ids.stem_of(Id(bytes(resource))))
    assert len(stems) == 2
    assert all(found == {ids.stem_of(Id(subject))} for subject, found in stems.items())


def test_a_load_does_what_its_rehearsal_said(small_lab: World, source: Old) -> None:
    mover = move.mover(small_lab)
    with source.reading() as reading:
        told = Trial(mover.drawn, SCOPED, CATALOGUE, TODAY).run(reading)
    assert mover.load(source) == told.sums


@pytest.mark.parametrize("forgets", [False, True])
def test_loading_again_doubles_nothing_and_counts_the_same(lab: World, source: Old, *, forgets: bool) -> None:
    mover = move.mover(lab)
    first = mover.load(source)
    if forgets:
        mover.forget()
    assert mover.load(source) == first
    assert (move.kept(Kind.DEMOGRAPHY), move.kept(Kind.OBSERVATION), move.kept(Kind.IMPORT)) == (2, 3, 2)


def test_rows_in_another_order_are_the_same_rows(small_lab: World, source: Old) -> None:
    mover = move.mover(small_lab)
    mover.load(source)
    mover.forget()
    source.results = [*source.results[3:], *source.results[:3]]
    mover.load(source)
    assert move.kept(Kind.OBSERVATION) == 3


def test_a_better_map_brings_what_was_parked_and_nothing_twice(small_lab: World, source: Old) -> None:
    mover = move.mover(small_lab)
    mover.load(source)
    better = old.drawn(old.TOML + '\n[[tests]]\ncode = "TSH"\ntest = "NA"\n')
    mover.drawn = msgspec.structs.replace(mover.drawn, tests=better.tests)
    mover.forget()
    assert counted(mover.load(source), "R") == {Bin.IMPORTED: 4, Bin.PARKED: 1}
    assert move.kept(Kind.OBSERVATION) == 4


def test_the_last_difference_is_loaded_by_loading_again(small_lab: World, source: Old) -> None:
    mover = move.mover(small_lab)
    mover.load(source)
    source.results = [*source.results, result("18", "903", VAL="139")]
    mover.load(source)
    assert (move.kept(Kind.OBSERVATION), move.kept(Kind.REQUISITION)) == (4, 3)


def test_somebody_who_is_known_here_is_merged_and_their_results_come_to_them(lab: World, source: Old) -> None:
    known = _registered(lab, Demography("Lefevre", ("Anne", "Marie"), *_BORN), NIR)
    told = move.mover(lab).load(source)
    assert counted(told, "P") == {Bin.IMPORTED: 1, Bin.MERGED: 1, Bin.PARKED: 1}
    assert move.kept(Kind.DEMOGRAPHY) == 2
    assert move.of(known, Kind.OBSERVATION) == 2


def test_somebody_who_may_be_known_here_waits_with_their_results(small_lab: World, source: Old) -> None:
    _registered(small_lab, Demography("Lefevre", ("Anne",), *_BORN), "")
    told = move.mover(small_lab).load(source)
    assert counted(told, "P") == {Bin.IMPORTED: 1, Bin.PARKED: 2}
    reasons = {one.reason for one in told.counted if one.bin is Bin.PARKED}
    assert {"may-be-known-here", "patient-parked"} <= reasons


def test_who_was_decided_upon_between_two_runs_gets_the_results_that_waited(lab: World, source: Old) -> None:
    known = _registered(lab, Demography("Lefevre", ("Anne",), *_BORN), "")
    mover = move.mover(lab)
    mover.load(source)
    assert move.of(known, Kind.OBSERVATION) == 0
    with mover.migration.run() as grant:
        (row,) = migrating.names(grant, "patient", ("17",))
    secretary = lab.sign_in("secretary@nord")
    decision = migrating.Decision(mover.migration.mandate, row, known, same=True)
    migrating.decide(secretary, decision, door.intent(secretary, lab.clock(), "PATADMIN"))
    told = mover.load(source)
    assert counted(told, "P")[Bin.MERGED] == 1
    assert move.of(known, Kind.OBSERVATION) == counted(told, "R")[Bin.IMPORTED] - 1 == 2


def test_a_twin_of_the_same_batch_waits_for_a_person(small_lab: World, source: Old) -> None:
    source.people = [person("1", PRE="Jean", SEXE="M"), person("2", PRE="Marie", SEXE="F")]
    source.results = []
    told = move.mover(small_lab).load(source)
    assert counted(told, "P") == {Bin.IMPORTED: 1, Bin.PARKED: 1}


def test_a_mandate_that_is_used_up_lets_nothing_more_in(small_lab: World, source: Old) -> None:
    mover = move.mover(small_lab, allowed=1)
    with pytest.raises(Denial) as refused:
        mover.load(source)
    assert refused.value.code == "mandate"
    assert move.kept(Kind.DEMOGRAPHY) <= 1


def test_nothing_is_loaded_before_the_step_of_loading_is_signed(small_lab: World, source: Old) -> None:
    migration = moving.declared(small_lab, scope=SCOPED).until("rehearse")
    drawn = msgspec.structs.replace(old.drawn(), mandate=migration.mandate.hex())
    mover = Mover(small_lab, migration, drawn, Progress(drawn.mandate, ""))
    with pytest.raises(Denial):
        mover.load(source)
    assert move.kept(Kind.DEMOGRAPHY) == 0


def test_small_batches_come_to_the_same(small_lab: World, source: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "PEOPLE", 1)
    monkeypatch.setattr(loading, "RESULTS_AT_ONCE", 1)
    marks: list[int] = []
    mover = move.mover(small_lab)
    mover.settled = lambda known: marks.append(known.table("R").mark)
    assert counted(mover.load(source), "R") == {Bin.IMPORTED: 3, Bin.PARKED: 2}
    assert marks == [0, 0, 2, 4]


@pytest.mark.parametrize("much", [1, 40])
def test_what_is_asked_about_a_portion_is_one_act_however_much_is_in_it(
    small_lab: World, source: Old, much: int
) -> None:
    mover = move.mover(small_lab)
    source.results = [result("17", f"{number}") for number in range(much)]
    asked = "SELECT count(*) FROM act WHERE name = 'RunMigration'"
    (before,) = mover.migration.row(asked)
    mover.load(source)
    people, registrations, results = 1, 1, 1
    assert mover.migration.row(asked) == (int(str(before)) + people + registrations + results,)
    assert move.kept(Kind.OBSERVATION) == much


def test_how_far_it_is_survives_and_a_broken_file_is_said_to_be_one(tmp_path: Path) -> None:
    file = tmp_path / "progress.json"
    known = progress.read(file, Progress("00", "11", "22"))
    known.table("R").mark = 7
    progress.write(file, known)
    assert file.stat().st_mode & 0o777 == 0o600
    assert progress.read(file, Progress("00", "11", "22")).table("R").mark == 7
    assert progress.read(file, Progress("00", "12", "22")).table("R").mark == 0
    assert progress.read(file, Progress("00", "11", "23")).table("R").mark == 0
    file.write_text("{")
    with pytest.raises(Refused, match="delete it"):
        progress.read(file, Progress("00", "11", "22"))


def _registered(lab: World, who: Demography, nir: str) -> ids.Id:
    secretary = lab.sign_in("secretary@nord")
    patient = ids.new(NORD, lab.clock())
    said = Registration(who, identifiers.file_number(12345678), lab.clock(), nir=nir)
    with door.enter(secretary, RegisterPatient(patient), door.intent(secretary, lab.clock(), "PATADMIN")) as grant:
        patients.register(grant, said, at=lab.clock())
    return patient


def test_a_map_that_reads_more_behind_a_row_names_it_as_before(small_lab: World, source: Old) -> None:
    mover = move.mover(small_lab)
    first = mover.load(source)
    kept = move.kept(Kind.OBSERVATION), move.kept(Kind.REQUISITION)
    wider = {**mover.drawn.tables["R"], "NUM/VILLE": Column(Meaning.DOSSIER_PRESCRIBER)}
    mover.drawn = msgspec.structs.replace(
        mover.drawn, tables={**mover.drawn.tables, "R": wider}, links={"R": {"NUM": Link("P", "NUM")}}
    )
    mover.forget()
    assert mover.load(source) == first
    assert (move.kept(Kind.OBSERVATION), move.kept(Kind.REQUISITION)) == kept


def test_who_was_begun_and_never_kept_is_registered_by_the_next_load(small_lab: World, source: Old) -> None:
    mover = move.mover(small_lab)
    leave = Leave(mover.migration.loader, mover.migration.mandate, move.WHERE, small_lab.clock)
    with leave.running() as naming:
        (patient,) = asking.names(naming, "patient", ["17"])
        (act,) = asking.registrations(naming, leave.mandate, ["17"])
    (meant,) = leave.together([act])
    with door.enter(leave.actor, RegisterPatient(patient), meant):
        pass  # The loader is killed here: custody has counted the patient, and nobody has written one.
    told = mover.load(source)
    assert counted(told, "P") == {Bin.IMPORTED: 2, Bin.PARKED: 1}, told.counted
    assert move.of(patient, Kind.DEMOGRAPHY) == 1


@pytest.mark.parametrize("settles", [True, False])
def test_what_a_killed_load_was_saving_is_waited_for_and_the_mark_stays_before_it(
    small_lab: World, source: Old, monkeypatch: pytest.MonkeyPatch, *, settles: bool
) -> None:
    monkeypatch.setattr(loading, "_PAUSE_S", 0)
    mover = move.mover(small_lab)
    results, source.results = source.results, []
    mover.load(source)
    source.results = results
    with monkeypatch.context() as dying:
        # Prepared, and never ended: nothing is told to custody, and no row is there.
        dying.setattr(saving, "_insert_all", _killed)
        dying.setattr(saving, "_end", lambda *told: None)
        with pytest.raises(KeyboardInterrupt):
            mover.load(source)
    assert mover.migration.row("SELECT count(*) FROM act WHERE state = 'prepared'") == (2,)
    batches: list[Progress] = []

    def settled(reached: Progress) -> None:
        batches.append(reached)
        # People, then results: only then does the worker come by.
        if settles and len(batches) > 1:
            _settle(small_lab)

    mover.settled = settled
    told = counted(mover.load(source), "R")
    assert told == ({Bin.IMPORTED: 3, Bin.PARKED: 2} if settles else {Bin.PARKED: 5})
    assert mover.progress.table("R").mark == 0
    assert move.kept(Kind.OBSERVATION) == (3 if settles else 0)


@pytest.mark.parametrize("settles", [True, False])
def test_people_whom_a_killed_load_was_registering_are_waited_for_and_registered_once(
    small_lab: World, source: Old, monkeypatch: pytest.MonkeyPatch, *, settles: bool
) -> None:
    monkeypatch.setattr(loading, "_PAUSE_S", 0)
    mover = move.mover(small_lab)
    for _ in range(2 if settles else 1):
        with monkeypatch.context() as dying:
            dying.setattr(saving, "_insert_all", _killed)
            dying.setattr(saving, "_end", lambda *told: None)
            with pytest.raises(KeyboardInterrupt):
                mover.load(source)
        if settles:
            # The first registration is lost; the second load does it again, and is killed as well.
            _settle(small_lab)
    mover.settled = lambda _: _settle(small_lab) if settles else None
    told = mover.load(source)
    assert counted(told, "P") == ({Bin.IMPORTED: 2, Bin.PARKED: 1} if settles else {Bin.PARKED: 3}), told.counted
    assert move.kept(Kind.DEMOGRAPHY) == (2 if settles else 0)
    assert counted(told, "R") == ({Bin.IMPORTED: 3, Bin.PARKED: 2} if settles else {Bin.PARKED: 5})


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def _settle(lab: World) -> None:
    for _ in settlement.settle(lab.worker(), 0):
        pass
