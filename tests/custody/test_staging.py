"""What was staged dies with its migration: when it is closed, aborted or left, and by trusted time alone."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aliquot.access import acts, door, migrating
from aliquot.access.acts import LoadHistory, RegisterPatient, StepMigration
from aliquot.cli.scratch import World
from aliquot.custody import forms, staging
from aliquot.custody.denial import Denial
from aliquot.custody.steps import Step
from aliquot.terms import canonical, ids
from tests.custody import moving
from tests.custody.moving import PAUL, ROAD, Move, evidence, refusal
from tests.custody.speaker import identity, notices, other, person
from tests.custody.test_erasure import restore
from tests.plan import NORD


@pytest.fixture
def move(small_lab: World) -> Move:
    return moving.declared(small_lab)


def destroyed(move: Move) -> bool:
    """Whether nothing is left with which anything staged could be opened, and the mandate is barred."""
    (secrets,) = move.row("SELECT secrets FROM migration WHERE mandate = ?", move.mandate)
    subject = move.row("SELECT count(*) FROM subject WHERE id = ?", move.mandate)
    (mandate,) = move.row("SELECT state FROM mandate WHERE id = ?", move.mandate)
    return (secrets, subject, mandate) == (None, (0,), "ended")


def denied(move: Move) -> str:
    """The code with which the loader's own act is refused, or nothing."""
    try:
        with move.run():
            return ""
    except Denial as denial:
        return denial.code


def test_closing_destroys_what_was_staged_and_bars_the_mandate(move: Move) -> None:
    move.until("cut-over")
    assert not destroyed(move)
    move.step("close")
    assert destroyed(move)


@pytest.mark.parametrize("station", ["", *ROAD[:-1]])
def test_aborted_at_any_station_it_leaves_nothing(move: Move, station: str) -> None:
    if station:
        move.until(station)
    assert move.step("abort") == "aborted"
    assert destroyed(move)
    assert denied(move) == ("service" if station == "cut-over" else "mandate")


@pytest.mark.parametrize("station", ["", *ROAD[:-1]])
def test_left_at_any_station_it_destroys_itself_after_72_hours(move: Move, station: str) -> None:
    if station:
        move.until(station)
    move.let_pass(hours=71)
    assert not destroyed(move)
    move.let_pass(hours=1, minutes=1)
    assert move.state() == "lapsed"
    assert destroyed(move)
    assert "migration-lapsed" in notices(move.lab)
    assert move.told().steps[-1].step == "lapsed"


def test_a_step_of_the_loaders_is_no_signature_and_prolongs_nothing(move: Move) -> None:
    move.let_pass(hours=71)
    move.step("profile")
    move.let_pass(hours=2)
    assert move.state() == "lapsed"


def test_a_signature_begins_the_72_hours_anew(move: Move) -> None:
    move.step("profile")
    move.let_pass(hours=71)
    move.step("map")
    move.let_pass(hours=71)
    assert move.state() == "mapped"


def test_two_people_extend_it_and_never_past_the_end_of_the_mandate(small_lab: World) -> None:
    move = moving.declared(small_lab, until=small_lab.clock() + timedelta(days=4))
    move.let_pass(hours=70)
    assert move.step("extend") == "declared"
    told = move.told()
    assert told.deadline == told.until
    # Trusted time is an hour behind the wall's in this world, and decides.
    move.let_pass(hours=26, minutes=5)
    assert move.state() == "declared"
    assert refusal(move.lab, "director@nord", move.form("abort"), StepMigration) == "migration-over"
    move.let_pass(hours=1)
    assert move.state() == "lapsed"


def test_one_person_does_not_extend(move: Move) -> None:
    before = move.told().deadline
    move.let_pass(hours=1)
    proposed = move.govern("director@nord", form := move.form("extend"))
    approval = forms.Approve(proposed.hex(), forms.digest(form).hex())
    assert refusal(move.lab, "director@nord", approval, StepMigration) == "second-person"
    assert move.told().deadline == before


def test_a_clock_that_is_set_forward_destroys_nothing(move: Move) -> None:
    move.lab.clock.jump(timedelta(hours=80))
    move.lab.custodian.tick()
    assert move.state() == "declared"
    assert not destroyed(move)


def test_a_clock_that_is_set_back_prolongs_nothing(move: Move) -> None:
    move.let_pass(hours=60)
    move.lab.clock.jump(timedelta(hours=-50))
    move.lab.custodian.tick()
    move.let_pass(hours=13)
    assert move.state() == "lapsed"


def test_what_is_over_is_refused_before_the_sweep_has_come(move: Move) -> None:
    move.lab.clock.pass_(timedelta(hours=73))
    assert refusal(move.lab, "director@nord", forms.StepMigration(move.mandate.hex(), Step.ABORT), StepMigration) == (
        "migration-over"
    )


def test_two_migrations_do_not_disturb_each_other(small_lab: World) -> None:
    first = moving.declared(small_lab)
    second = moving.declared(small_lab, first.loader)
    first.step("abort")
    assert destroyed(first)
    assert not destroyed(second)
    assert second.step("profile") == "profiled"


def test_loading_acts_are_granted_in_loading_and_at_no_other_station(move: Move) -> None:
    found: dict[str, list[str]] = {}
    for station in ("", *ROAD):
        if station:
            move.step(station)
        found[move.state()] = [loading(move, "RegisterPatient"), loading(move, "LookUpIdentifier")]
    assert found.pop("loading") == ["", "mandate"]
    # With the cut-over the loader's session ended, and nothing more is asked of its mandate.
    assert [found.pop(state) for state in ("cut-over", "closed")] == [["signed-out"] * 2] * 2
    assert set(map(tuple, found.values())) == {("mandate", "mandate")}
    assert "mandate" in notices(move.lab)


def loading(move: Move, name: str) -> str:
    """The code with which the loader is refused an act under the mandate, or nothing."""
    new = name == "RegisterPatient"
    subject = ids.new(NORD, move.lab.clock()) if new else acts.organization(NORD)
    meant = replace(door.intent(move.loader, move.lab.clock(), "HOPERAT"), mandate=move.mandate)
    act = RegisterPatient(subject) if new else acts.LookUpIdentifier(subject)
    try:
        with door.enter(move.loader, act, meant):
            return ""
    except Denial as denial:
        return denial.code


def test_nobody_who_was_not_brought_under_the_mandate_gets_a_past(move: Move) -> None:
    secretary = person(move.lab, "secretary@nord")
    patient, _ = secretary.register(PAUL)
    move.until("load")
    meant = replace(door.intent(move.loader, move.lab.clock(), "HOPERAT"), mandate=move.mandate)
    with pytest.raises(Denial) as refused, door.enter(move.loader, LoadHistory(patient, secretary.id()), meant):
        pass
    assert refused.value.code == "mandate"


def test_the_mandates_own_acts_count_no_patient(move: Move) -> None:
    move.until("load")
    assert move.told().used == 0
    speaker = move.speaker()
    act = other(speaker.act("RegisterPatient", speaker.id(), "HOPERAT"), mandate=move.mandate)
    speaker.prepare(speaker.granted(act).grant, identity(speaker.id(), PAUL))
    speaker.end(act.id)
    assert move.told().used == 1


def test_an_old_mandate_for_bulk_work_is_no_migration(move: Move) -> None:
    form = forms.SignMandate("a past", moving.LOADER, 10, move.lab.clock() + timedelta(days=1))
    proposed = moving.govern(move.lab, "director@nord", form, acts.SignMandate)
    moving.govern(move.lab, "privacy@nord", forms.Approve(proposed.hex(), forms.digest(form).hex()), acts.SignMandate)
    plain = replace(move, mandate=ids.Id(proposed))
    assert loading(plain, "RegisterPatient") == ""
    with plain.run() as grant, pytest.raises(Denial) as refused:
        migrating.step(grant, Step.PROFILE, evidence("profile"))
    assert refused.value.code == "no-such-mandate"
    assert refusal(move.lab, "director@nord", forms.EndMandate(proposed.hex())) == ""


def test_the_key_of_a_migration_is_no_patients_key(move: Move) -> None:
    biologist = person(move.lab, "biologist@nord")
    assert biologist.denied(biologist.act("OpenDossier", move.mandate)) == "unknown-subject"
    assert canonical.encode(move.told()).count(b"staging") == 1, "the public half, in the document"


def test_a_migration_that_is_extended_outlives_the_weekly_keys(move: Move) -> None:
    before = move.row("SELECT epoch FROM subject WHERE id = ?", move.mandate)
    for _ in range(6):
        move.let_pass(hours=70)
        move.lab.custodian.tick()
        move.step("extend")
    assert move.row("SELECT epoch FROM subject WHERE id = ?", move.mandate) > before
    move.until("load")
    with move.run() as grant:
        assert len(migrating.names(grant, "patient", ["1"])) == 1


def test_what_was_destroyed_stands_nowhere_in_custodys_files(move: Move) -> None:
    (secrets,) = move.row("SELECT secrets FROM migration WHERE mandate = ?", move.mandate)
    (key,) = move.row("SELECT key FROM subject WHERE id = ?", move.mandate)
    assert isinstance(secrets, bytes)
    assert isinstance(key, bytes)
    assert all(each in _written(move) for each in (secrets[-32:], key[-32:]))
    move.signed("abort", ("privacy@nord",))
    assert not any(each in _written(move) for each in (secrets[-32:], key[-32:]))


def test_an_older_database_does_not_bring_an_ended_migration_back(move: Move, tmp_path: Path) -> None:
    move.until("load")
    backup = tmp_path / "backup"
    with closing(sqlite3.connect(backup)) as into:
        move.lab.custodian.custodian.store.db.backup(into)
    move.step("abort")
    restore(move.lab, backup)
    assert (move.state(), destroyed(move)) == ("lapsed", True)
    assert move.told().steps[-1].step == "lapsed"
    assert notices(move.lab).count("migration-restored") == 1
    assert "shredded-restored" not in notices(move.lab)
    assert denied(move) == "mandate"


def test_an_older_database_leaves_a_migration_alone_that_stands(move: Move, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    with closing(sqlite3.connect(backup)) as into:
        move.lab.custodian.custodian.store.db.backup(into)
    restore(move.lab, backup)
    assert move.step("profile") == "profiled"
    assert "migration-restored" not in notices(move.lab)


def _written(move: Move) -> bytes:
    """Every byte of custody's database and of its write-ahead log."""
    database = move.lab.installation.custody.database
    return b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))


@pytest.mark.parametrize("step", ["finish", "abort", ""])
def test_what_a_load_was_allowed_a_moment_ago_ends_with_the_state_that_allowed_it(move: Move, step: str) -> None:
    move.until("load")
    loader = move.speaker()
    act = other(loader.act("RegisterPatient", loader.id(), "PATADMIN"), mandate=move.mandate)
    grant = loader.granted(act).grant
    if step:
        move.step(step)
    else:
        move.lab.clock.pass_(timedelta(seconds=1))
        move.lab.custodian.custodian.store.db.execute("UPDATE migration SET deadline = 0")
        with move.lab.custodian.custodian._turn() as turn:
            staging.lapse(turn, move.lab.custodian.custodian.held)
    with pytest.raises(Denial) as over:
        loader.prepare(grant, identity(loader.id(), PAUL))
    assert over.value.code == "grant-over"


def test_a_load_does_not_end_before_what_it_brought_in_is_settled(move: Move) -> None:
    """What became kept afterwards would stand in no account of the load, and in no sample."""
    move.until("load")
    loader = move.speaker()
    act = other(loader.act("RegisterPatient", loader.id(), "PATADMIN"), mandate=move.mandate)
    loader.prepare(loader.granted(act).grant, identity(loader.id(), PAUL))
    with pytest.raises(Denial) as unsettled:
        move.step("finish")
    assert (unsettled.value.code, move.state()) == ("act-unsettled", "loading")
    loader.end(act.id)
    assert move.step("finish") == "loaded"
